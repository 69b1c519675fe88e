"""Data sets come whole, pinned and from where the reader says, or with one sentence that says what to do."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from course_lib import data
from course_lib.data import DataError
from course_lib.data.__main__ import main as prefetch
from course_lib.data.fetch import REPOSITORY_ROOT, read_file
from course_lib.data.manifest import DataFile

CONTENT = bytes(range(256)) * 800  # 200 kB: more than the small disk below
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = DataFile("sample.bin", "all", "someone/something", "0" * 40, "folder/sample.bin", len(CONTENT), SHA256)


class Handler(BaseHTTPRequestHandler):
    """Answers each path in its own broken way."""

    def do_GET(self):
        self.server.paths.append(self.path)
        case = self.path.split("/")[1]
        if case.isdigit():
            self.send_error(int(case))
            return
        body = {"other": b"<html>Please log in</html>" * 9000, "short": CONTENT[:5000]}.get(case, CONTENT)
        self.send_response(200)
        announced = len(CONTENT) if case in ("cut", "slow") else len(body)
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        if case in ("cut", "slow"):
            self.wfile.write(CONTENT[:100_000])
            if case == "slow":
                self.server.released.wait(20)
        else:
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.paths, httpd.released, httpd.daemon_threads = [], threading.Event(), True
        threading.Thread(target=partial(httpd.serve_forever, poll_interval=0.02), daemon=True).start()
        httpd.url = f"http://127.0.0.1:{httpd.server_port}"
        yield httpd
        httpd.released.set()
        httpd.shutdown()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no data folder, and no proxy between the test and its server."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 64 kB at a folder of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("this machine has no mount command")
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def sentence(failure) -> str:
    """The message, after checking that it is one sentence and that no second traceback comes with it."""
    message = str(failure.value)
    assert message.endswith(".") and ". " not in message and "\n" not in message
    assert failure.value.__context__ is None or failure.value.__suppress_context__
    return message


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- the ways to the bytes -----------------------------------------------------------------------


def test_download_once_then_cache(server, cache, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", server.url + "/")
    assert read_file(FILE) == CONTENT
    assert read_file(FILE) == CONTENT
    assert server.paths == ["/sample.bin"]
    assert leftovers(cache) == ["sample.bin"]


def test_damaged_cache_is_downloaded_again(server, cache, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", server.url)
    cache.mkdir()
    (cache / "sample.bin").write_bytes(CONTENT[:-1])
    assert read_file(FILE) == CONTENT
    assert (cache / "sample.bin").read_bytes() == CONTENT


def test_without_variables_the_pinned_commit_is_asked_for(cache, monkeypatch):
    asked = []
    monkeypatch.setattr(pooch, "retrieve", lambda url, **options: asked.append((url, options)) or __file__)
    monkeypatch.delenv("COURSE_CACHE")
    read_file(FILE)
    ((url, options),) = asked
    assert url == f"https://raw.githubusercontent.com/someone/something/{'0' * 40}/folder/sample.bin"
    assert options["known_hash"] == f"sha256:{SHA256}"
    assert options["path"] == pooch.os_cache("rnn-to-bert") and options["fname"] == "sample.bin"


@pytest.mark.parametrize("base", ["working directory", "repository root"])
def test_course_data_folder_absolute_or_relative(cache, tmp_path, monkeypatch, base):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "sample.bin").write_bytes(CONTENT)
    monkeypatch.setenv("COURSE_DATA", str(folder))
    assert read_file(FILE) == CONTENT
    if base == "working directory":
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COURSE_DATA", "mine")
    else:
        monkeypatch.setenv("COURSE_DATA", os.path.relpath(folder, REPOSITORY_ROOT))
        monkeypatch.chdir("/")
    assert read_file(FILE) == CONTENT
    assert not cache.exists()


# --- what can go wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("other", "wrong sha256"),
        ("short", "cut short (5,000 of 204,800 bytes"),
        ("cut", "network failed"),
        ("404", "404 Not Found"),
        ("500", "500 Internal Server Error"),
    ],
)
def test_broken_download(server, cache, monkeypatch, case, words):
    monkeypatch.setenv("COURSE_MIRROR", f"{server.url}/{case}")
    with pytest.raises(DataError) as failure:
        read_file(FILE)
    message = sentence(failure)
    assert words in message and "COURSE_DATA" in message and "run this again" in message
    assert leftovers(cache) == []


def test_broken_update_keeps_no_half_file(server, cache, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", f"{server.url}/cut")
    cache.mkdir()
    (cache / "sample.bin").write_bytes(b"damaged")
    with pytest.raises(DataError):
        read_file(FILE)
    assert leftovers(cache) == ["sample.bin"]
    assert (cache / "sample.bin").read_bytes() == b"damaged"  # known to be damaged: asked for again next time


def test_no_network(server, cache, monkeypatch):
    server.shutdown()
    server.server_close()
    monkeypatch.setenv("COURSE_MIRROR", server.url)
    with pytest.raises(DataError) as failure:
        read_file(FILE)
    message = sentence(failure)
    assert "network" in message and "COURSE_DATA" in message and FILE.name in message
    assert leftovers(cache) == []


@pytest.mark.parametrize(
    "mirror", ["teacher:8000", "ftp://teacher", "http://", "http://teacher:99999", "http://a b"]
)
def test_mirror_that_is_no_address(cache, monkeypatch, mirror):
    monkeypatch.setenv("COURSE_MIRROR", mirror)
    with pytest.raises(DataError) as failure:
        read_file(FILE)
    assert f"COURSE_MIRROR is '{mirror}'" in sentence(failure)
    assert leftovers(cache) == []


def test_full_disk(server, small_disk, cache, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", server.url)
    monkeypatch.setenv("COURSE_CACHE", str(small_disk))
    with pytest.raises(DataError) as failure:
        read_file(FILE)
    message = sentence(failure)
    assert "disk is full" in message and str(small_disk) in message and "COURSE_CACHE" in message
    assert leftovers(small_disk) == []


def refused(folder: Path) -> None:
    with pytest.raises(DataError) as failure:
        read_file(FILE)
    message = sentence(failure)
    assert "read-only" in message and str(folder) in message and "COURSE_CACHE" in message


def test_read_only_disk(server, small_disk, cache, monkeypatch):
    small = DataFile("small.bin", "all", "a/b", "0" * 40, "c", 3, hashlib.sha256(b"abc").hexdigest())
    (small_disk / "small.bin").write_bytes(b"abc")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    monkeypatch.setenv("COURSE_MIRROR", server.url)
    monkeypatch.setenv("COURSE_CACHE", str(small_disk))
    refused(small_disk)
    assert read_file(small) == b"abc"  # what lies there can be read
    assert leftovers(small_disk) == ["small.bin"]


def test_read_only_folder(server, cache, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", server.url)
    cache.mkdir(mode=0o500)
    if os.access(cache, os.W_OK):
        pytest.skip("permissions do not bind this user; test_read_only_disk is the one that counts")
    refused(cache)
    assert leftovers(cache) == []


@pytest.mark.parametrize("below", ["", "deeper"])
def test_cache_is_a_file(server, cache, monkeypatch, below):
    cache.write_text("a file")
    monkeypatch.setenv("COURSE_MIRROR", server.url)
    monkeypatch.setenv("COURSE_CACHE", str(cache / below))
    with pytest.raises(DataError) as failure:
        read_file(FILE)
    assert "a file stands where the folder should be" in sentence(failure)
    assert cache.read_text() == "a file"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_interrupt_leaves_no_half_file(server, cache):
    program = (
        "from course_lib.data.fetch import read_file\nfrom course_lib.data.manifest import DataFile\n"
        f"read_file({FILE!r})"
    )
    env = {**os.environ, "COURSE_MIRROR": f"{server.url}/slow", "PYTHONPATH": str(REPOSITORY_ROOT)}
    child = subprocess.Popen([sys.executable, "-c", program], env=env, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not any(path.stat().st_size for path in cache.glob("*")):  # until half of it is on the disk
        assert time.monotonic() < deadline and child.poll() is None, "the download did not begin"
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    assert leftovers(cache) == []


@pytest.mark.parametrize("problem", ["no folder", "a file", "missing", "damaged"])
def test_course_data_folder_that_is_wrong(cache, tmp_path, monkeypatch, problem):
    folder = tmp_path / "mine"
    if problem == "a file":
        folder.write_text("not a folder")
    elif problem != "no folder":
        folder.mkdir()
    if problem == "damaged":
        (folder / "sample.bin").write_bytes(CONTENT[:-1] + b"!")
    monkeypatch.setenv("COURSE_DATA", str(folder))
    with pytest.raises(DataError) as failure:
        read_file(FILE)
    message = sentence(failure)
    assert str(folder) in message and "unset COURSE_DATA" in message
    words = {"missing": "sample.bin is not there", "damaged": "sample.bin is damaged"}
    assert words.get(problem, "no such folder") in message
    assert not cache.exists()


@pytest.mark.parametrize("name", ["nope", "Shakespeare", 7, None, ["tiny-shakespeare"]])
def test_unknown_data_set(cache, name):
    with pytest.raises(DataError) as failure:
        data.load(name)
    message = sentence(failure)
    assert repr(name) in message and all(known in message for known in data.loadable())
    assert ("did you mean 'tiny-shakespeare'" in message) == (name in ("Shakespeare", ["tiny-shakespeare"]))


def test_prefetch(cache, monkeypatch, capsys):
    assert prefetch(["nope"]) == 1
    assert "There is no data set 'nope'" in capsys.readouterr().err
    (cache.parent / "empty").mkdir()
    monkeypatch.setenv("COURSE_DATA", str(cache.parent / "empty"))
    assert prefetch([]) == 1
    assert "tiny-shakespeare.txt is not there" in capsys.readouterr().err
