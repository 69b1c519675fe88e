"""fit: it learns, clips, stops early, and survives an interrupt."""

import itertools
import math
import shutil
import signal

import pytest
import torch
from torch import nn

from course_lib.models.recurrent import RNN, RecurrentLM
from course_lib.models.size import n_parameters
from course_lib.training import fit
from small_training import at_step, batches, press_stop, small_model, squared_error, weights


def test_recurrent_language_model_overfits_one_batch(any_device):
    torch.manual_seed(0)
    model = RecurrentLM(11, 8, RNN(8, 32).orthogonal_()).to(any_device)
    ids = torch.randint(11, (4, 9))
    history = fit(
        model,
        itertools.repeat(ids),
        lambda m, b: nn.functional.cross_entropy(m(b[:, :-1])[0].flatten(0, 1), b[:, 1:].flatten()),
        steps=200,
        lr=1e-2,
        progress=False,
    )
    assert history.losses[0] > math.log(11) * 0.8
    assert history.losses[-1] < 0.05
    assert history.steps == len(history.gradient_norms) == 200


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler on a CPU")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # of its own
def test_a_compiled_model_learns_the_same(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    compiled_models, real = [], torch.compile
    monkeypatch.setattr(torch, "compile", lambda model: compiled_models.append(model) or real(model))
    plain, compiled = small_model(), small_model()
    histories = [
        fit(model, batches(), squared_error, steps=20, compiled=model is compiled, progress=False)
        for model in (plain, compiled)
    ]
    assert compiled_models == [compiled]
    torch.testing.assert_close(torch.tensor(histories[1].losses), torch.tensor(histories[0].losses))
    torch.testing.assert_close(weights(compiled), weights(plain))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_two_runs_give_the_same_numbers_and_a_model_that_has_learnt(seed):
    before = squared_error(small_model(seed), next(batches(99))).item()
    runs = []
    for _ in range(2):
        model = small_model(seed)
        history = fit(model, batches(seed), squared_error, steps=60, lr=0.03, progress=False)
        runs.append((history.losses, history.gradient_norms, squared_error(model, next(batches(99))).item()))
    assert runs[0] == runs[1]
    assert runs[0][2] < 0.1 * before


def test_clipping_bounds_the_step_and_the_history_keeps_the_norm_before_it():
    model = small_model()
    history = fit(
        model, batches(), lambda m, b: 1000 * squared_error(m, b), steps=5, clip_norm=0.5, progress=False
    )
    last = nn.utils.get_total_norm([p.grad for p in model.parameters()]).item()
    assert history.gradient_norms[-1] > 0.5
    assert last == pytest.approx(0.5, rel=1e-4)


def test_without_clip_norm_nothing_is_clipped():
    model = small_model()
    history = fit(model, batches(), squared_error, steps=3, clip_norm=None, progress=False)
    last = nn.utils.get_total_norm([p.grad for p in model.parameters()]).item()
    assert last == pytest.approx(history.gradient_norms[-1], rel=1e-6)


def test_another_optimizer_is_used_and_each_group_keeps_its_own_peak():
    made = []

    def sgd(model):
        groups = [
            {"params": model[0].parameters(), "lr": 0.1},
            {"params": model[3].parameters(), "lr": 0.001},
        ]
        made.append(torch.optim.SGD(groups))
        return made[0]

    model = small_model()
    before = [parameter.clone() for parameter in model.parameters()]
    fit(
        model,
        batches(),
        squared_error,
        steps=1,
        warm_up=2,
        lr=7.0,
        make_optimizer=sgd,
        clip_norm=None,
        progress=False,
    )
    x, y = next(batches())
    fresh = small_model()
    squared_error(fresh, (x, y)).backward()
    for old, new, rate, gradient in zip(
        before, model.parameters(), [0.05, 0.05, 0.0005, 0.0005], fresh.parameters(), strict=True
    ):
        torch.testing.assert_close(new, old - rate * gradient.grad)
    assert [group["lr"] for group in made[0].param_groups] == [0.05, 0.0005]


def test_early_stopping_goes_back_to_the_best_weights():
    script = iter([3.0, 1.0, 2.0, 2.5, 9.0])
    seen = []

    def validate(model):
        assert not model.training and not torch.is_grad_enabled()
        seen.append(weights(model).clone())
        return next(script)

    model = small_model()
    history = fit(
        model,
        batches(),
        squared_error,
        steps=50,
        validate=validate,
        validate_every=5,
        patience=2,
        progress=False,
    )
    assert history.stopped == "early"
    assert history.validation == [(5, 3.0), (10, 1.0), (15, 2.0), (20, 2.5)]
    torch.testing.assert_close(weights(model), seen[1], rtol=0, atol=0)
    assert model.training


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_an_equal_validation_loss_is_no_better_one(patience):
    seen = []

    def validate(model):
        seen.append(weights(model).clone())
        return 1.0

    model = small_model()
    history = fit(
        model,
        batches(),
        squared_error,
        steps=100,
        validate=validate,
        validate_every=5,
        patience=patience,
        progress=False,
    )
    assert history.stopped == "early"
    assert history.steps == 5 * (patience + 1) and len(history.validation) == patience + 1
    torch.testing.assert_close(weights(model), seen[0], rtol=0, atol=0)


def raise_interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("how", "steps_kept"),
    [(press_stop, 13), (raise_interrupt, 12)],
    ids=["stop button: the step is finished", "raised inside the step: the step is dropped"],
)
def test_interrupt_returns_the_history_and_keeps_the_model(how, steps_kept, tmp_path):
    model, start = small_model(), weights(small_model())
    handler = signal.getsignal(signal.SIGINT)
    history = fit(
        model,
        batches(),
        at_step(12, how),
        steps=50,
        checkpoint=tmp_path / "run.safetensors",
        progress=False,
    )
    assert history.stopped == "interrupted"
    assert history.steps == steps_kept
    assert not torch.equal(weights(model), start)
    assert signal.getsignal(signal.SIGINT) is handler
    resumed = fit(
        model,
        batches(),
        squared_error,
        steps=50,
        checkpoint=tmp_path / "run.safetensors",
        resume=True,
        progress=False,
    )
    straight = fit(small_model(), batches(), squared_error, steps=50, progress=False)
    assert resumed.stopped == "finished"
    assert resumed.losses == straight.losses


def test_second_interrupt_stops_inside_the_step():
    def twice():
        press_stop()
        press_stop()

    history = fit(small_model(), batches(), at_step(3, twice), steps=50, progress=False)
    assert (history.stopped, history.steps) == ("interrupted", 3)


def test_a_loss_that_blows_up_is_named_with_its_step():
    calls = itertools.count()

    def loss(model, batch):
        return squared_error(model, batch) * (math.nan if next(calls) == 7 else 1.0)

    with pytest.raises(FloatingPointError, match="nan at step 7.*[Ll]ower lr"):
        fit(small_model(), batches(), loss, steps=30, progress=False)


def test_progress_ends_in_one_line_without_timings(capsys):
    history = fit(small_model(), batches(), squared_error, steps=20, validate=lambda m: 0.5)
    last_line = capsys.readouterr().out.split("\r")[-1].strip()
    assert last_line == history.summary()
    assert last_line.startswith("20 steps (finished) · training loss ")
    assert last_line.endswith("validation loss 0.500")


def test_n_parameters_counts_what_training_can_change():
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    assert n_parameters(model) == 6
