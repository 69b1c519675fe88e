"""Fixtures that every test shares: the devices of this machine."""

import subprocess
import sys

import pytest
import torch


def _missing(name: str) -> str | None:
    if name == "cuda" and not torch.cuda.is_available():
        return "needs a CUDA GPU, and torch sees none here"
    if name == "mps" and not torch.backends.mps.is_available():
        return "needs an Apple GPU (mps), and torch sees none here"
    return None


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request) -> torch.device:
    """Every device that computes in float64: parity tests run on each one that is here."""
    if reason := _missing(request.param):
        pytest.skip(reason)
    return torch.device(request.param)


@pytest.fixture(
    params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu), pytest.param("mps", marks=pytest.mark.gpu)]
)
def any_device(request) -> torch.device:
    """Every device a lesson may run on, float32 only ones too."""
    if reason := _missing(request.param):
        pytest.skip(reason)
    return torch.device(request.param)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own with 128 KB in all, to be filled."""
    folder = tmp_path / "small_disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
