"""The house around the course: its lists of packages agree, its floors hold, no machine leaks into it."""

import ast
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import course_lib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = SpecifierSet(PROJECT["project"]["requires-python"])
REPOSITORY = PROJECT["project"]["urls"]["Repository"]
REQUIREMENTS = [
    Requirement(line)
    for line in PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]
]

# From the ground up; each floor imports only from those before it. None of them may be skipped by a new file.
FLOORS = """whole_file device roofline report course doctor sandbox data text models losses metrics decoding checkpoint
    stored optimizers training recipes plots drawings practice explore""".split()
LIBRARY = sorted((ROOT / "course_lib").rglob("*.py"))
CODE = LIBRARY + sorted(
    path for folder in ("tools", "benchmarks", "notebooks/source") for path in (ROOT / folder).rglob("*.py")
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def tracked_texts() -> dict[str, str]:
    """Every text file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a git checkout, to know which files belong to the repository")
    texts = {}
    for name in filter(None, listed.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode("utf-8")
    return texts


# ---------------------------------------------------------------- packages


def test_each_package_is_listed_once():
    names = [canonicalize_name(requirement.name) for requirement in REQUIREMENTS]
    assert sorted(names) == sorted(set(names))


def pins() -> dict[str, Version]:
    found: dict[str, Version] = {}
    for line in read("constraints.txt").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (pin,) = requirement.specifier
            name = canonicalize_name(requirement.name)
            assert pin.operator == "==" and "*" not in pin.version, f"{line} is not one exact version"
            assert requirement.marker is None, f"{line}: one pin for every machine"
            assert Version(pin.version).local is None, f"{line} names one build, not a version"
            assert name not in found, f"{name} is pinned twice"
            found[name] = Version(pin.version)
    return found


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_each_package_has_one_pin_that_satisfies_it(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


def test_torch_is_the_version_of_the_stored_outputs():
    assert pins()["torch"] == Version("2.13.0")


def test_environment_is_python_make_and_the_two_lists():
    environment = yaml.safe_load(read("environment.yml"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *packages, payload = environment["dependencies"]
    python, *others = packages
    assert others == ["pip", "make"]
    assert payload == {"pip": ["-c constraints.txt", "-e .[dev]"]}
    name, _, version = python.partition("=")
    assert name == "python" and f"{version}.0" in PYTHONS


def test_workflow_and_container_run_pythons_that_the_course_supports():
    matrix = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest"]
    assert matrix["python"] == ["3.11", "3.13"]
    image = json.loads(read(".devcontainer/devcontainer.json"))["image"]
    for version in [*matrix["python"], image.rpartition(":")[2]]:
        assert f"{version}.0" in PYTHONS


def test_makefile_looks_for_the_same_pythons():
    bounds = dict(re.findall(r"^(OLDEST|TOO_NEW) := (\S+)$", read("Makefile"), flags=re.MULTILINE))
    assert SpecifierSet(f">={bounds['OLDEST']},<{bounds['TOO_NEW']}") == PYTHONS


def test_an_installed_copy_is_whole():
    """`pip install git+https://…`, as on Colab, brings packages and the files named as their data."""
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    for path in (ROOT / "course_lib").rglob("*"):
        if path.suffix == ".py":
            assert (path.parent / "__init__.py").exists(), f"{path.parent.name} is no package: no __init__.py"
        elif path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            assert any(path.match(pattern) for pattern in patterns), f"{path.name} would not be installed"


# ---------------------------------------------------------------- commands and names


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_help_lists_every_target():
    targets = set(re.search(r"^\.PHONY: (.*)$", read("Makefile"), flags=re.MULTILINE)[1].split()) - {"FORCE"}
    command = {"args": ["make", "help"], "cwd": ROOT, "stdin": subprocess.DEVNULL}
    told = subprocess.run(**command, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make (\w+) ", told, flags=re.MULTILINE)) == targets
    assert {"lab", "test", "notebooks", "bench", "help"} <= targets


def test_citation_agrees_with_the_project():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == course_lib.__version__
    assert citation["repository-code"] == REPOSITORY
    assert citation["license"] == ["MIT", "CC-BY-4.0"]
    assert citation["authors"] == PROJECT["project"]["authors"]


def test_every_mention_of_the_repository_is_the_same():
    owner, name = REPOSITORY.removeprefix("https://github.com/").split("/")
    # The repository itself, git+https, raw files, and what Colab and Binder are told to open.
    sites = r"github(?:usercontent)?\.com|/github|/v2/gh|codespaces\.new"
    mention = re.compile(rf"(?:{sites})/([\w.-]+)/({re.escape(name)})\b")
    opened = re.compile(r"(?:colab\.research\.google\.com/github|mybinder\.org/v2/gh)/([\w.-]+)/([\w.-]+)")
    for file, text in tracked_texts().items():
        for found in [*mention.findall(text), *opened.findall(text)]:
            assert found == (owner, name), (
                f"{file} names {'/'.join(found)}; pyproject.toml says {owner}/{name}"
            )


MACHINE = {
    "a folder of one machine": r"(?<![\w/+.-])/(?:work|root|home/(?!jovyan)\w+|Users/\w+)/",
    "a package index": r"(?:pypi|pythonhosted|npmjs)\.(?:org|com)\b|--(?:extra-)?index-url|--find-links",
    "a local version": r"^[\w-]+==[\w.]+\+cpu",
}


@pytest.mark.parametrize("what", MACHINE)
def test_nothing_of_one_machine_stands_in_a_file(what):
    pattern = re.compile(MACHINE[what], flags=re.MULTILINE)
    found = [
        f"{file}: {match[0]!r}"
        for file, text in tracked_texts().items()
        if file != "tests/test_setup.py"
        for match in pattern.finditer(text)
    ]
    assert found == []


# ---------------------------------------------------------------- the floors of course_lib


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path) -> set[str]:
    """Full names of the course_lib modules that a file imports, at the top or inside a function."""
    package = module_name(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *filter(None, [node.module])])
            names |= {f"{source}.{alias.name}" for alias in node.names}
    return {name for name in names if name.startswith("course_lib.")}


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_imports_go_down(path):
    parts = module_name(path).split(".")
    if len(parts) == 1:
        assert imported_modules(path) == set(), (
            "course_lib itself imports nothing: a lesson names what it needs"
        )
        return
    floor = parts[1]
    assert floor in FLOORS, f"course_lib.{floor} stands on no floor: add it to FLOORS where it belongs"
    allowed = FLOORS[: FLOORS.index(floor) + 1]
    # `from course_lib import __version__` is no floor.
    used = {name.split(".")[1] for name in imported_modules(path)} - {"__version__"}
    assert used <= set(allowed), f"{module_name(path)} imports upwards: {sorted(used - set(allowed))}"


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_a_file_holds_one_idea(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 330


@pytest.mark.parametrize("path", LIBRARY, ids=module_name)
def test_transformers_is_imported_only_where_it_is_used(path):
    at_top = [node for node in tree(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in at_top for alias in node.names}
    names |= {node.module or "" for node in at_top if isinstance(node, ast.ImportFrom)}
    assert "transformers" not in {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_device_is_taken_for_granted_and_nothing_unpickled(path):
    for node in ast.walk(tree(path)):
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not {"pickle", "cPickle", "dill", "joblib"} & {name.split(".")[0] for name in names}, where
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            arguments = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert node.func.attr != "cuda", f"{where}: the device is an argument, not .cuda()"
            assert "allow_pickle" not in arguments or arguments["allow_pickle"] == "False", where
            if ast.unparse(node.func) == "torch.load":
                assert arguments.get("weights_only") == "True", (
                    f"{where}: torch.load without weights_only=True"
                )
