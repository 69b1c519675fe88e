"""Get the bytes of one data file: from a folder, from the cache, or over the network; always the pinned
bytes.

Three environment variables steer it, all optional:

* ``COURSE_DATA``: a folder where the files lie under their manifest names; nothing is downloaded.
* ``COURSE_CACHE``: where downloads are kept (otherwise the user's cache folder, ``rnn-to-bert``).
* ``COURSE_MIRROR``: ``http://…`` address of a folder with the files under their manifest names, for example a
  teacher's machine that runs ``python -m http.server`` in it; the hashes are the same, so it need not be
  trusted.

pooch writes to a temporary file in the cache, compares the hash, and renames: a file in the cache is whole
or absent.
"""

import errno
import hashlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import pooch
from tqdm.auto import tqdm

from course_lib.data.manifest import DataFile

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
_WAYS_OUT = (
    "check the connection and run this again, or put {name} into a folder and set COURSE_DATA to it; "
    "nothing was saved."
)


class DataError(RuntimeError):
    """A data set could not be had; the message is one sentence that says why and what to do."""


def read_file(file: DataFile) -> bytes:
    """Return the content of a data file, after its sha256 was compared with the manifest's.

    Reads the ``COURSE_DATA`` folder if that is set; otherwise the cache, which it fills by a download first.
    Raises :class:`DataError`; whatever goes wrong, or is interrupted, no partial file is left.
    """
    folder = folder_in_use()
    if os.environ.get("COURSE_DATA"):
        return _read_from_folder(file, folder)
    try:
        # pooch compares the hash of a cached file too, and downloads a damaged one again.
        return Path(_download(file, folder)).read_bytes()
    except OSError as error:
        message = _disk_message(error, folder / file.name)
    raise DataError(message)


def folder_in_use() -> Path:
    """Where data files are read from: the ``COURSE_DATA`` folder if that is set, otherwise the cache."""
    named = os.environ.get("COURSE_DATA")
    if not named:
        return _cache_folder()
    # Notebooks run in notebooks/, tests in the root: a relative folder must mean the same in both.
    places = list(dict.fromkeys(base / Path(named).expanduser() for base in (Path.cwd(), REPOSITORY_ROOT)))
    for place in places:
        if place.is_dir():
            return place
    raise DataError(
        f"COURSE_DATA is '{named}', but there is no such folder (looked for "
        f"{' and '.join(str(place) for place in places)}): correct it, or unset COURSE_DATA so that files "
        f"are downloaded."
    )


def _cache_folder() -> Path:
    chosen = os.environ.get("COURSE_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else pooch.os_cache("rnn-to-bert")


def _read_from_folder(file: DataFile, folder: Path) -> bytes:
    try:
        content = (folder / file.name).read_bytes()
    except OSError as error:
        problem = (
            "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        )
    else:
        if hashlib.sha256(content).hexdigest() == file.sha256:
            return content
        problem = f"is damaged ({len(content):,} bytes, other content than the {file.bytes:,} bytes expected)"
    raise DataError(
        f"{file.name} {problem} in the COURSE_DATA folder '{folder}': copy the file there, "
        f"or unset COURSE_DATA so that it is downloaded."
    )


def _download(file: DataFile, folder: Path) -> str:
    """Return the path of ``file`` in ``folder``, downloaded if need be; network trouble: DataError."""
    from requests.exceptions import HTTPError, RequestException  # 0.1 s, and only a download needs it

    url = _address(file)
    host = urlsplit(url).netloc
    pooch.get_logger().setLevel("WARNING")  # its "Downloading data from …" would stand in every notebook
    try:
        return pooch.retrieve(
            url,
            known_hash=f"sha256:{file.sha256}",
            fname=file.name,
            path=folder,
            downloader=lambda address, output_file, _: _stream(file, address, output_file),
        )
    except HTTPError as error:
        status = f"{error.response.status_code} {error.response.reason}".strip()
        message = f"{host} answered '{status}' when asked for {url}"
    except RequestException as error:
        message = f"The network failed while {file.name} was fetched from {host} ({type(error).__name__})"
    except ValueError:  # pooch's word for a hash that does not match
        message = f"{file.name} arrived from {host} with other content than the course expects (wrong sha256)"
    raise DataError(f"{message}: {_WAYS_OUT.format(name=file.name)}")


def _address(file: DataFile) -> str:
    from requests import Request

    mirror = os.environ.get("COURSE_MIRROR")
    if not mirror:
        return file.url
    url = f"{mirror.rstrip('/')}/{file.name}"
    try:
        Request("GET", url).prepare()  # refuses hosts and ports that cannot be
        is_web_address = url.lower().startswith(("http://", "https://"))
    except ValueError:
        is_web_address = False
    if not is_web_address:
        raise DataError(
            f"COURSE_MIRROR is '{mirror}', which is not an address: write it like http://192.168.0.10:8000, "
            f"or unset COURSE_MIRROR to download from GitHub."
        )
    return url


def _stream(file: DataFile, url: str, output_file: str) -> None:
    """Write the bytes of ``url`` into pooch's temporary file, with a progress bar."""
    with tqdm(total=file.bytes, desc=file.name, unit="B", unit_scale=True, leave=False) as bar:
        # Uncompressed transfer: the bar counts the bytes that are written, and .gz files stay .gz files.
        fetch = pooch.HTTPDownloader(
            progressbar=bar, chunk_size=65536, headers={"Accept-Encoding": "identity"}
        )
        fetch(url, output_file, None)
    received = os.path.getsize(output_file)
    if received < file.bytes:
        raise DataError(
            f"{file.name} was cut short ({received:,} of {file.bytes:,} bytes arrived from "
            f"{urlsplit(url).netloc}): {_WAYS_OUT.format(name=file.name)}"
        )
    os.chmod(output_file, 0o644)  # temporary files are private; a cache may be shared by a class


def _disk_message(error: OSError, path: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        problem = "the disk is full"
    elif isinstance(error, PermissionError) or error.errno == errno.EROFS:  # pooch's own has no errno
        problem = "the folder is read-only for you"
    elif error.errno in (errno.ENOTDIR, errno.EEXIST):
        problem = "a file stands where the folder should be"
    else:
        problem = error.strerror or str(error)
    return (
        f"{path.name} could not be saved in the cache folder '{path.parent}' ({problem}): free or repair "
        f"that folder, or set COURSE_CACHE to a folder that you can write to; nothing was saved."
    )
