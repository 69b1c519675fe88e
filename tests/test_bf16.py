"""Every model of the library trains under `fit(bf16=True)`, which is what a GPU does unless it is told otherwise."""

import itertools

import pytest
import torch
from torch import Tensor

from bf16_models import MODELS, WITH_MUON, WITHOUT_MATRIX_PRODUCTS, every_module_class, make, muon
from course_lib.training import fit
from course_lib.training.feed import to_device

# bfloat16 keeps eight bits: one rounding is off by at most 2⁻⁸ = 0.4 %. A few follow each other in a model.
TOLERANCE = 0.015

every_model = pytest.mark.parametrize("name", MODELS)
every_optimizer = pytest.mark.parametrize(
    ("name", "make_optimizer"),
    [(name, None) for name in MODELS] + [(name, muon) for name in MODELS if name in WITH_MUON],
    ids=[*MODELS, *(f"{name}, Muon" for name in MODELS if name in WITH_MUON)],
)


def train(name, device, bf16, make_optimizer=None, steps=3):
    model, batch, loss = make(name)
    model.to(device)
    lr = 0.1 if name in ("SkipGram", "SkipGram, shared noise", "GloVe") else 3e-3
    history = fit(
        model,
        itertools.repeat(batch),
        loss,
        steps=steps,
        lr=lr,
        schedule="constant",
        bf16=bf16,
        make_optimizer=make_optimizer,
        progress=False,
    )
    return model, history


@every_optimizer
def test_three_steps_in_bf16_train(name, make_optimizer, any_device):
    model, history = train(name, any_device, True, make_optimizer)
    assert history.losses[0] > history.losses[1] > history.losses[2]
    model_in_full, in_full = train(name, any_device, False, make_optimizer)
    assert history.losses == pytest.approx(in_full.losses, rel=TOLERANCE)
    assert history.gradient_norms[0] == pytest.approx(in_full.gradient_norms[0], rel=0.1)
    assert moved(model, name) == moved(model_in_full, name)
    for parameter in model.parameters():
        assert parameter.dtype == torch.float32 and torch.isfinite(parameter).all()


def moved(model, name) -> set[str]:
    """The parameters that training has changed: a gradient came to them."""
    before = make(name)[0].to(next(model.parameters()).device).state_dict()
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


@every_model
def test_bf16_is_not_ignored(name, any_device):
    _, history = train(name, any_device, True, steps=1)
    _, in_full = train(name, any_device, False, steps=1)
    assert (history.losses == in_full.losses) == (name in WITHOUT_MATRIX_PRODUCTS)


def floats(outputs) -> list[Tensor]:
    """The floating-point tensors in what a model gave, however they are nested."""
    if isinstance(outputs, Tensor):
        return [outputs] if outputs.is_floating_point() else []
    return [tensor for part in outputs or () for tensor in floats(part)] if isinstance(outputs, tuple) else []


@every_model
def test_values_are_those_of_float32_within_what_bf16_can_hold(name, any_device):
    outputs = []
    for enabled in (True, False):
        model, batch, loss = make(name)
        model.to(any_device).register_forward_hook(lambda *call: outputs.append(floats(call[-1])))
        with torch.no_grad(), torch.autocast(any_device.type, dtype=torch.bfloat16, enabled=enabled):
            loss(model, to_device(batch, any_device))
    half = len(outputs) // 2
    assert half > 0
    for rounded, exact in zip(
        itertools.chain(*outputs[:half]), itertools.chain(*outputs[half:]), strict=True
    ):
        assert exact.dtype == torch.float32
        scale = exact[exact > torch.finfo(torch.bfloat16).min].abs().max().item()  # the masked aside
        torch.testing.assert_close(rounded.float(), exact, rtol=TOLERANCE, atol=TOLERANCE * scale)


def test_no_model_is_forgotten():
    tested = {type(module) for name in MODELS for module in make(name)[0].modules()}
    missing = every_module_class() - tested
    assert not missing, f"give tests/bf16_models.py an example of {sorted(c.__name__ for c in missing)}"
    assert len(every_module_class()) > 20
