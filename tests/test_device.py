"""setup: one line, one seed, and an error that says what there is."""

import random

import numpy as np
import pytest
import torch

from course_lib.device import best_device, random_state, set_random_state, setup


@pytest.fixture(autouse=True)
def same_threads_after():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_one_line_and_repeatable_random_numbers(capsys):
    device = setup(seed=3)
    first = draw()
    assert device == best_device()
    setup(seed=3)
    assert draw() == first
    setup(seed=4)
    assert all(a != b for a, b in zip(draw(), first, strict=True))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert device.type in lines[0] and "seed 3" in lines[0] and "torch 2." in lines[0]


def test_threads_come_from_the_argument_then_the_environment_then_one(monkeypatch, capsys):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    setup()
    assert torch.get_num_threads() == 2
    setup(threads=1)
    assert torch.get_num_threads() == 1
    setup(threads=2)
    monkeypatch.delenv("OMP_NUM_THREADS")
    setup(device="cpu")
    assert torch.get_num_threads() == 1
    assert "cpu (1 thread)" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "0", True])
def test_a_bad_seed_is_named(seed):
    with pytest.raises(ValueError, match="seed is"):
        setup(seed=seed)


def test_a_device_that_is_not_here_is_named_with_those_that_are():
    missing = "mps" if not torch.backends.mps.is_available() else "xpu"
    with pytest.raises(ValueError, match=f"{missing}.*it can use: cpu"):
        setup(device=missing)
    with pytest.raises(ValueError, match="threads is 0"):
        setup(threads=0)


def test_float32_is_float32_in_cudnn_s_kernels_too(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    setup(seed=0, device="cpu")
    assert torch.backends.cudnn.allow_tf32 is False
    assert torch.backends.cudnn.rnn.fp32_precision in ("ieee", "none")


@pytest.mark.parametrize(("name", "kind"), [("cuda:1", "cuda"), ("mps", "mps")])
def test_an_accelerator_s_own_random_numbers_are_kept_and_set_back(name, kind, monkeypatch):
    """Which generator is asked, on a machine without one: the one of the very device that is named."""
    device, set_back = torch.device(name), []
    own = torch.arange(4, dtype=torch.uint8)
    asked = [device] if kind == "cuda" else []

    def get(*arguments):
        assert list(arguments) == asked
        return own

    module = getattr(torch, kind)
    monkeypatch.setattr(module, "get_rng_state", get)
    monkeypatch.setattr(module, "set_rng_state", lambda state, *rest: set_back.append((state, list(rest))))
    state = random_state(device)
    assert state.keys() == {"cpu", kind} and state[kind] is own
    expected = torch.rand(3)
    set_random_state(state, device)
    assert set_back == [(own, asked)] and torch.equal(torch.rand(3), expected)
    set_random_state({"cpu": state["cpu"]}, device)  # written on a machine without an accelerator
    assert len(set_back) == 1 and torch.equal(torch.rand(3), expected)
    assert random_state(torch.device("cpu")).keys() == {"cpu"}
