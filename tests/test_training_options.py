"""`fit` against its loop written out by hand: every option reaches the place that it is for."""

import itertools
import math

import pytest
import torch
from torch import nn

from course_lib.training import fit
from small_training import at_step, batches, press_stop, small_model, squared_error, weights

QUIET = {"progress": False}
BASE = {"steps": 25, "lr": 0.02}


def rate(step, steps, lr, warm_up, schedule, minimum):
    if step < warm_up:
        return lr * (step + 1) / warm_up
    if schedule == "constant":
        return lr
    if schedule == "inverse_sqrt":
        return lr * max(minimum, (warm_up / (step + 1)) ** 0.5)
    left = 1 - (step - warm_up) / (steps - warm_up)
    left = left if schedule == "linear" else math.sin(left * math.pi / 2) ** 2
    return lr * minimum + lr * (1 - minimum) * left


def by_hand(
    model,
    data,
    *,
    steps,
    lr=3e-3,
    weight_decay=0.0,
    betas=(0.9, 0.99),
    warm_up=0,
    schedule="cosine",
    minimum=0.02,
    clip_norm=1.0,
):
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, betas=betas, weight_decay=weight_decay)
    losses, norms = [], []
    for step, batch in enumerate(itertools.islice(data, steps)):
        optimizer.param_groups[0]["lr"] = rate(step, steps, lr, warm_up, schedule, minimum)
        model.zero_grad()
        loss = squared_error(model, batch)
        loss.backward()
        norm = torch.stack([(p.grad**2).sum() for p in model.parameters()]).sum().sqrt()
        if clip_norm is not None and norm > clip_norm:
            for parameter in model.parameters():
                parameter.grad *= clip_norm / norm
        optimizer.step()
        losses.append(loss.item())
        norms.append(norm.item())
    return losses, norms


OPTIONS = {
    "the defaults": {},
    "lr": {"lr": 0.005},
    "weight_decay": {"weight_decay": 0.9},
    "first beta": {"betas": (0.5, 0.99)},
    "second beta": {"betas": (0.9, 0.6)},
    "warm_up": {"warm_up": 9},
    "linear": {"schedule": "linear"},
    "inverse_sqrt": {"schedule": "inverse_sqrt", "warm_up": 4},
    "constant": {"schedule": "constant"},
    "minimum": {"minimum": 0.5},
    "clip_norm": {"clip_norm": 15.0},
    "no clip_norm": {"clip_norm": None},
}


def double(seed):
    for x, y in batches(seed):
        yield x.double(), 5 * y.double()


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_acts_as_in_the_loop_by_hand(name, seed):
    ours, theirs, plain = (small_model(seed).double() for _ in range(3))
    history = fit(ours, double(seed), squared_error, **BASE | OPTIONS[name], **QUIET)
    losses, norms = by_hand(theirs, double(seed), **BASE | OPTIONS[name])
    assert history.losses == pytest.approx(losses, rel=1e-6)
    assert history.gradient_norms == pytest.approx(norms, rel=1e-5)
    torch.testing.assert_close(weights(ours), weights(theirs), rtol=1e-5, atol=1e-6)
    if name != "the defaults":  # and it makes a difference that the comparison above can see
        fit(plain, double(seed), squared_error, **BASE, **QUIET)
        assert (weights(ours) - weights(plain)).abs().max() > 1e-3


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("stop_after", [1, 7, 24])
def test_stop_after_is_the_beginning_of_exactly_the_same_training(stop_after, seed):
    options = {"warm_up": 3, "validate": lambda m: 1.0, "validate_every": 5, **BASE, **QUIET}
    whole = fit(small_model(seed), batches(seed), squared_error, **options)
    part = fit(small_model(seed), batches(seed), squared_error, stop_after=stop_after, **options)
    assert part.losses == whole.losses[:stop_after] and part.stopped == "paused"
    assert part.validation == [look for look in whole.validation if look[0] <= stop_after]
    assert fit(small_model(), batches(), squared_error, stop_after=99, **options).stopped == "finished"


def test_an_interrupt_in_the_last_step_is_no_interrupt():
    history = fit(small_model(), batches(), at_step(24, press_stop), validate=lambda m: 1.0, **BASE, **QUIET)
    assert (history.stopped, history.steps, history.validation[-1]) == ("finished", 25, (25, 1.0))


# ---------------------------------------------------------------- modes and random numbers


def test_after_a_look_the_model_trains_in_training_mode_again():
    seen = []

    def loss(model, batch):
        seen.append(model.training and model[2].training and torch.is_grad_enabled())
        return squared_error(model, batch)

    def validate(model):
        assert not model.training and not model[2].training and not torch.is_grad_enabled()
        return 1.0

    fit(small_model(dropout=0.5), batches(), loss, steps=9, validate=validate, validate_every=2, **QUIET)
    assert seen == [True] * 9


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_looking_changes_nothing_even_where_it_draws_random_numbers(any_device, seed):
    def validate(model):
        return float(torch.rand(3).sum() + torch.rand(3, device=any_device).sum())

    quiet, looked_at = (small_model(seed, dropout=0.5).to(any_device) for _ in range(2))
    torch.manual_seed(seed)
    expected = fit(quiet, batches(seed), squared_error, steps=12, **QUIET)
    torch.manual_seed(seed)
    found = fit(
        looked_at, batches(seed), squared_error, steps=12, validate=validate, validate_every=3, **QUIET
    )
    assert found.losses == expected.losses and torch.equal(weights(quiet), weights(looked_at))


@pytest.mark.parametrize("how", ["finished", "failed", "interrupted"])
def test_each_module_is_in_the_mode_that_it_was_in_before(how):
    def fail():
        if how != "finished":
            raise {"failed": KeyError, "interrupted": KeyboardInterrupt}[how]

    for modes in itertools.product([True, False], repeat=2):
        model = small_model(dropout=0.5)
        model.train(modes[0])
        model[2].train(modes[1])
        try:
            fit(model, batches(), at_step(3, fail), steps=5, validate=lambda m: 1.0, **QUIET)
        except KeyError:
            pass
        assert (model.training, model[0].training, model[2].training) == (modes[0], modes[0], modes[1])


# ---------------------------------------------------------------- bfloat16


def precision_seen(device, **options):
    """(autocast is on, type of what a linear layer gives) in each step, and whether it is on while looking."""
    steps, looks = [], []

    def loss(model, batch):
        value = squared_error(model, batch)
        steps.append((torch.is_autocast_enabled(device.type), model(batch[0]).dtype))
        return value

    def validate(model):
        looks.append(torch.is_autocast_enabled(device.type))
        return 1.0

    model = small_model().to(device)
    fit(model, batches(), loss, steps=3, validate=validate, validate_every=1, **QUIET, **options)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert {parameter.grad.dtype for parameter in model.parameters()} == {torch.float32}
    return set(steps), set(looks)


def test_bf16_runs_the_forward_pass_in_bfloat16_and_nothing_else(any_device):
    assert precision_seen(any_device, bf16=True) == ({(True, torch.bfloat16)}, {False})
    assert precision_seen(any_device, bf16=False) == ({(False, torch.float32)}, {False})


def test_bf16_is_the_default_on_cuda_only(any_device):
    on = any_device.type == "cuda"
    assert precision_seen(any_device)[0] == {(on, torch.bfloat16 if on else torch.float32)}


def test_bf16_learns_nearly_the_same(any_device):
    runs = [
        fit(
            small_model().to(any_device), batches(), squared_error, steps=40, lr=0.02, bf16=bf16, **QUIET
        ).losses
        for bf16 in (True, False)
    ]
    assert runs[0] != runs[1] and runs[0] == pytest.approx(runs[1], rel=0.1, abs=0.02)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps = 0; expected a whole number of at least 1"),
        ({"steps": 2.5}, r"steps = 2\.5"),
        ({"stop_after": 0}, "stop_after = 0"),
        ({"lr": -1.0}, "lr = -1.0; it must be positive"),
        ({"clip_norm": 0.0}, "clip_norm = 0.0"),
        ({"warm_up": -1}, "warm_up = -1; expected a whole number of at least 0"),
        ({"schedule": "triangle"}, "schedule = 'triangle'"),
        ({"minimum": 2}, "minimum = 2"),
        ({"validate_every": 0}, "validate_every = 0"),
        ({"checkpoint_every": -5}, "checkpoint_every = -5"),
        ({"patience": 2}, "patience = 2 needs validate"),
        ({"patience": 0, "validate": lambda m: 1.0}, "patience = 0"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"betas": (1.5, 0.9)}, "beta"),
    ],
)
def test_options_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        fit(small_model(), batches(), squared_error, **{"steps": 5, **options}, **QUIET)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (lambda loss: loss.item(), "a float"),
        (lambda loss: loss.detach(), r"a tensor of shape \(\) without a gradient"),
        (lambda loss: loss.expand(4), r"a tensor of shape \(4,\)"),
        (lambda loss: (loss, loss), "a tuple"),
    ],
)
def test_a_loss_that_is_none_is_named(value, found):
    with pytest.raises(TypeError, match=f"gave {found}; expected a scalar tensor"):
        fit(small_model(), batches(), lambda m, b: value(squared_error(m, b)), steps=2, **QUIET)


@pytest.mark.parametrize(
    "model", [nn.Tanh(), nn.Linear(3, 1).requires_grad_(False)], ids=["none", "all frozen"]
)
def test_a_model_with_nothing_to_train_is_named(model):
    with pytest.raises(ValueError, match="nothing to train"):
        fit(model, batches(), squared_error, steps=2, **QUIET)
