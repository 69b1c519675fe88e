"""Whose file is whose: a folder of notebooks as a teacher collects it, or as Moodle and Canvas hand it over.

ann.ipynb is Ann's, and so are the notebooks in a folder ann/. Moodle names what it hands over
"Ann Smith_4711_assignsubmission_file_", Canvas "smithann_LATE_1234_56789_06_self_attention.ipynb".
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_file_?(?P<own>.*)")
CANVAS = re.compile(r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_\d+_(?P<own>.+)")


@dataclass(frozen=True)
class Handed:
    """What a learner handed in. id: the learner's number in Moodle or Canvas; prefix: what a file's name has to begin
    with there, so that it goes back to the learner; notes: what was odd, one sentence each."""

    learner: str
    path: Path
    id: str = ""
    prefix: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    path: Path
    own: str  # its name without what Moodle or Canvas put in front, and without .ipynb
    prefix: str = ""
    late: bool = False


def collected(folder: Path, number: str) -> list[Handed]:
    """One entry for each learner, by name. Of several notebooks one of this lesson counts, the last by name."""
    files: dict[tuple[str, str], list[_File]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        is_folder = path.is_dir() and not path.is_symlink()
        if path.name.startswith((".", "__MACOSX")) or not is_folder and path.suffix != ".ipynb":
            continue
        name = path.name if is_folder else path.stem
        found = MOODLE.fullmatch(name) or (None if is_folder else CANVAS.fullmatch(name))
        # A file that bears the learner's name says nothing of its lesson: it is taken for this one's.
        parts = found.groupdict() if found else {"name": name, "id": "", "own": f"{number}_"}
        prefix = name[: found.start("own")].rstrip("_") + "_" if found else ""
        late = bool(parts.get("late"))
        files[parts["name"], parts["id"]] += (
            [_File(one, one.stem, prefix, late) for one in _inside(path)]
            if is_folder
            else [_File(path, parts["own"], prefix, late)]
        )
    names = Counter(name for name, _ in files)
    return sorted(
        (
            _handed(name if names[name] == 1 else f"{name} ({id})" if id else name, id, found, number)
            for (name, id), found in files.items()
        ),
        key=lambda handed: handed.learner,
    )


def _inside(folder: Path) -> list[Path]:
    """The notebooks in a learner's folder, without Jupyter's hidden copies; a file that is not there if it has none."""
    found = [
        path
        for path in sorted(folder.rglob("*.ipynb"))
        if not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
    ]
    return found or [folder / "nothing.ipynb"]


def _handed(learner: str, id: str, files: list[_File], number: str) -> Handed:
    of_lesson = [file for file in files if file.own.startswith(f"{number}_")]
    candidates = of_lesson or files
    chosen = max(candidates, key=lambda file: _natural(file.own))
    notes = []
    if len(candidates) > 1:
        notes.append(
            f"{len(candidates)} notebooks were handed in; {chosen.path.name} is the one that counts."
        )
    if chosen.late:
        notes.append("Canvas has marked this submission as late.")
    return Handed(learner, chosen.path, id, chosen.prefix, tuple(notes))


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts "06_rnn" before "06_rnn (2)" before "06_rnn (10)"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
