"""What this machine has, and what to do where something is missing."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil
import torch

from course_lib.device import best_device, describe

MIN_PYTHON = (3, 11)
MIN_MEMORY_GB = 4.0
MIN_DISK_GB = 2.0
CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `needed`: the course cannot do without it; `advice` is empty where all is fine."""

    name: str
    found: str
    advice: str = ""
    needed: bool = False

    @property
    def mark(self) -> str:
        if not self.advice:
            return "✓"
        return "✗" if self.needed else "!"


def tested_versions(path: Path = CONSTRAINTS) -> dict[str, str]:
    """Package → the version the stored outputs were made with; empty where constraints.txt did not come along."""
    if not path.is_file():
        return {}
    pins = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(pin.split("==") for pin in pins if "==" in pin)


def examine() -> Iterator[Finding]:
    """Look at Python, torch, device, memory, disk and package versions."""
    yield _python(sys.version_info[:2])
    yield Finding("torch", torch.__version__)
    device = best_device()
    yield Finding(
        "device",
        describe(device),
        "" if device.type != "cpu" else "fine: lessons are made for one CPU core",
    )
    yield Finding("cores", f"{os.cpu_count()} ({torch.get_num_threads()} used by torch)")
    yield _memory(psutil.virtual_memory().total / 2**30)
    yield _disk(shutil.disk_usage(Path.home()).free / 2**30)
    yield _packages(tested_versions())


def _python(version: tuple[int, int]) -> Finding:
    found = f"{platform.python_version()} ({platform.system()} {platform.machine()})"
    if version >= MIN_PYTHON:
        return Finding("Python", found)
    return Finding(
        "Python", found, "install Python 3.11 or newer, delete the folder .venv, run make lab again", True
    )


def _memory(gigabytes: float) -> Finding:
    found = f"{gigabytes:.0f} GB"
    if gigabytes >= MIN_MEMORY_GB:
        return Finding("memory", found)
    return Finding(
        "memory", found, "close other programs; shut down each lesson's kernel before you open the next"
    )


def _disk(gigabytes: float) -> Finding:
    found = f"{gigabytes:.0f} GB free"
    if gigabytes >= MIN_DISK_GB:
        return Finding("disk", found)
    return Finding("disk", found, f"free some space: data and models want about {MIN_DISK_GB:.0f} GB")


def _packages(tested: dict[str, str]) -> Finding:
    if not tested:
        return Finding(
            "packages", "no constraints.txt here", "fine; your versions may differ from the tested ones"
        )
    missing, different = [], []
    for name in sorted(tested):
        try:
            version = metadata.version(name).split("+")[0]
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if version != tested[name]:
            different.append(f"{name} {version} (tested: {tested[name]})")
    found = f"{len(tested) - len(missing) - len(different)} of {len(tested) - len(missing)} as tested"
    if not different:
        return Finding("packages", found)
    return Finding("packages", found, "digits may differ a little: " + ", ".join(different))


def report(findings: list[Finding] | None = None) -> str:
    """The findings as a small table: ✓ fine, ! good to know, ✗ has to be fixed."""
    findings = list(examine()) if findings is None else findings
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.mark} {finding.name:<{width}}  {finding.found}")
        if finding.advice:
            lines.append(f"  {'':<{width}}  → {finding.advice}")
    return "\n".join(lines)


def needed_but_missing() -> list[Finding]:
    """What has to be fixed before lesson 01."""
    return [finding for finding in examine() if finding.mark == "✗"]
