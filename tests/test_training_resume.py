"""`fit` goes on from a checkpoint as if it had never stopped: random numbers, best weights, looks, options."""

import itertools

import pytest
import torch

from course_lib.checkpoint import CheckpointError, save_checkpoint
from course_lib.training import fit
from small_training import at_step, batches, press_stop, small_model, squared_error, weights

QUIET = {"progress": False}


# ---------------------------------------------------------------- the same numbers


def test_resume_goes_on_from_the_file_into_a_fresh_model(tmp_path):
    path = tmp_path / "deep" / "run.safetensors"
    options = {"validate": lambda m: float(weights(m).sum()), "validate_every": 10, "steps": 40, **QUIET}
    straight = fit(small_model(), batches(), squared_error, **options)
    fit(small_model(), batches(), at_step(19, press_stop), checkpoint=path, **options)
    fresh = small_model(seed=9)
    resumed = fit(fresh, batches(), squared_error, checkpoint=path, resume=True, **options)
    assert resumed.losses == straight.losses and resumed.gradient_norms == straight.gradient_norms
    assert resumed.validation == straight.validation
    assert [file.name for file in path.parent.iterdir()] == ["run.safetensors"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_random_numbers_are_restored_on_every_device(any_device, seed, tmp_path):
    """Dropout draws on the model's device, so its numbers must go on from where they were."""
    path, options = tmp_path / "run.safetensors", {"steps": 24, "lr": 0.02, **QUIET}
    whole = small_model(seed, dropout=0.4).to(any_device)
    expected = fit(whole, batches(seed), squared_error, **options)
    half = small_model(seed, dropout=0.4).to(any_device)
    fit(half, batches(seed), squared_error, checkpoint=path, stop_after=11, **options)
    again = small_model(seed + 1, dropout=0.4).to(any_device)
    torch.manual_seed(1234)
    resumed = fit(again, batches(seed), squared_error, checkpoint=path, resume=True, **options)
    assert resumed.losses[11:] == expected.losses[11:]
    assert torch.equal(weights(again), weights(whole))
    unlike = small_model(seed, dropout=0.4).to(any_device)
    torch.manual_seed(1234)
    assert fit(unlike, batches(seed), squared_error, **options).losses[11:] != expected.losses[11:]


def test_a_checkpoint_written_by_hand_can_be_resumed(tmp_path):
    """Without what `fit` adds: the file of a loop of one's own."""
    path, model = tmp_path / "run.safetensors", small_model()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=3e-3, betas=(0.9, 0.99), weight_decay=0.0, fused=True
    )
    save_checkpoint(path, model, optimizer, history={"losses": [1.0, 0.5], "gradient_norms": [1.0, 1.0]})
    history = fit(model, batches(), squared_error, steps=4, checkpoint=path, resume=True, **QUIET)
    assert history.steps == 4 and history.losses[:2] == [1.0, 0.5]


# ---------------------------------------------------------------- nothing left to do


def finished(path, steps=20, **options):
    model = small_model()
    return model, fit(model, batches(), squared_error, steps=steps, checkpoint=path, **QUIET, **options)


def test_a_finished_training_stays_as_it_is(tmp_path):
    path = tmp_path / "run.safetensors"
    model, history = finished(path)
    content, again = path.read_bytes(), small_model(3)
    # Not even the batches are asked for.
    same = fit(again, iter([]), squared_error, steps=20, checkpoint=path, resume=True, **QUIET)
    assert same.losses == history.losses and same.stopped == "finished"
    assert torch.equal(weights(again), weights(model)) and path.read_bytes() == content


def test_fewer_steps_than_are_done_are_an_error_that_changes_nothing(tmp_path):
    path = tmp_path / "run.safetensors"
    finished(path)
    content, again = path.read_bytes(), small_model(3)
    before = weights(again)
    with pytest.raises(
        ValueError, match=r"20 steps done, more than steps = 10\. Ask for steps = 20 or more, or delete"
    ):
        fit(again, batches(), squared_error, steps=10, checkpoint=path, resume=True, **QUIET)
    assert torch.equal(weights(again), before) and path.read_bytes() == content


def test_a_pause_that_is_already_past_changes_nothing(tmp_path):
    path = tmp_path / "run.safetensors"
    finished(path, steps=40, stop_after=20)
    content = path.read_bytes()
    history = fit(
        small_model(3),
        batches(),
        squared_error,
        steps=40,
        stop_after=10,
        checkpoint=path,
        resume=True,
        **QUIET,
    )
    assert (history.steps, history.stopped) == (20, "paused") and path.read_bytes() == content


def test_resume_needs_a_file_to_go_on_from():
    with pytest.raises(ValueError, match="resume=True needs checkpoint"):
        fit(small_model(), batches(), squared_error, steps=5, resume=True, **QUIET)


def test_a_run_that_fails_or_stops_before_its_first_step_keeps_the_file_of_the_one_before(tmp_path):
    path = tmp_path / "run.safetensors"
    finished(path)
    content = path.read_bytes()
    with pytest.raises(RuntimeError):
        fit(small_model(), [torch.zeros(2, 9)], lambda m, x: m(x).mean(), steps=5, checkpoint=path, **QUIET)

    def interrupted(model, batch):
        raise KeyboardInterrupt

    assert fit(small_model(), batches(), interrupted, steps=5, checkpoint=path, **QUIET).steps == 0
    assert path.read_bytes() == content


# ---------------------------------------------------------------- with patience

# Validation losses by look; with a patience of 3 the training stops after look number 6, and look number 3 was best.
SCRIPT = [5.0, 4.0, 2.0, 3.0, 2.0, 2.5, 1.0, 3.0, 3.0, 3.0, 3.0]


def run(path=None, *, model=None, looks_before=0, patience=3, steps=50, loss=squared_error, **options):
    """A training whose validation follows the script from look number `looks_before` on."""
    script = iter(SCRIPT[looks_before:])
    model = small_model() if model is None else model
    history = fit(
        model,
        batches(),
        loss,
        steps=steps,
        schedule="constant",
        validate=lambda model: next(script),
        validate_every=5,
        patience=patience,
        checkpoint=path,
        **QUIET,
        **options,
    )
    return model, history


def weights_after(steps):
    model = small_model()
    fit(model, batches(), squared_error, steps=steps, schedule="constant", **QUIET)
    return weights(model)


def test_rerunning_a_cell_that_had_stopped_early_leaves_it_as_it_was(tmp_path):
    path = tmp_path / "run.safetensors"
    model, history = run(path)
    assert (history.steps, history.stopped) == (30, "early")
    assert torch.equal(weights(model), weights_after(15))
    content = path.read_bytes()
    for again in (small_model(3), model):
        _, same = run(path, model=again, looks_before=6, resume=True)
        assert (same.steps, same.stopped, same.validation) == (30, "early", history.validation)
        assert torch.equal(weights(again), weights_after(15)) and path.read_bytes() == content


@pytest.mark.parametrize("stop", [14, 15, 17, 25, 29])
def test_an_interrupted_training_remembers_its_best_weights_and_the_looks_since(stop, tmp_path):
    path = tmp_path / "run.safetensors"
    model, history = run(path, loss=at_step(stop - 1, press_stop))
    assert (history.steps, history.stopped) == (stop, "interrupted")
    assert torch.equal(weights(model), weights_after(stop))  # it keeps what it has learnt
    _, resumed = run(path, model=(again := small_model(3)), looks_before=stop // 5, resume=True)
    assert (resumed.steps, resumed.stopped) == (30, "early")
    assert resumed.validation == [(5 * (i + 1), loss) for i, loss in enumerate(SCRIPT[:6])]
    assert torch.equal(weights(again), weights_after(15))


def test_more_patience_goes_on_from_the_last_step_and_not_from_the_best_one(tmp_path):
    path = tmp_path / "run.safetensors"
    run(path)
    model, history = run(path, model=small_model(3), looks_before=6, patience=4, resume=True)
    straight, expected = run(patience=4)
    assert history.losses == expected.losses and history.validation == expected.validation
    assert (history.steps, history.stopped) == (50, "finished")
    assert torch.equal(weights(model), weights(straight)) and torch.equal(weights(model), weights_after(35))


def test_more_steps_go_on_from_the_last_step_and_the_best_weights_are_still_known(tmp_path):
    path = tmp_path / "run.safetensors"
    model, history = run(path, steps=25)
    assert history.stopped == "finished" and torch.equal(weights(model), weights_after(15))
    _, resumed = run(path, model=(again := small_model(3)), looks_before=5, resume=True)
    assert (resumed.steps, resumed.stopped) == (30, "early")
    assert torch.equal(weights(again), weights_after(15))


def test_less_patience_stops_at_once_with_the_best_weights(tmp_path):
    path = tmp_path / "run.safetensors"
    run(path, stop_after=25)
    _, history = run(path, model=(again := small_model(3)), looks_before=5, patience=2, resume=True)
    assert (history.steps, history.stopped) == (25, "early")
    assert torch.equal(weights(again), weights_after(15))


def test_patience_that_comes_later_counts_from_there(tmp_path):
    path = tmp_path / "run.safetensors"
    run(path, patience=None, stop_after=15)
    _, history = run(path, model=(again := small_model(3)), looks_before=3, resume=True)
    # 3.0, 2.0 (the best one since), 2.5, 1.0 (the best one), 3.0, 3.0, 3.0
    assert (history.steps, history.stopped) == (50, "early")
    assert torch.equal(weights(again), weights_after(35))


# ---------------------------------------------------------------- the optimiser's options


def sgd(momentum):
    return lambda model: torch.optim.SGD(model.parameters(), lr=0.05, momentum=momentum)


def test_an_option_changed_in_the_call_is_taken_and_one_changed_on_the_way_is_kept(tmp_path):
    made = []

    def keep(make):
        return lambda model: made.append(make(model)) or made[-1]

    options = {"steps": 20, "schedule": "constant", **QUIET}

    def softer():
        made[-1].param_groups[0]["momentum"] = 0.5

    whole = small_model()
    expected = fit(whole, batches(), at_step(8, softer), make_optimizer=keep(sgd(0.9)), **options)
    path, model = tmp_path / "run.safetensors", small_model()
    fit(
        model,
        batches(),
        at_step(8, softer),
        make_optimizer=keep(sgd(0.9)),
        checkpoint=path,
        stop_after=12,
        **options,
    )
    again = {"checkpoint": path, "resume": True, **options}
    resumed = fit(
        small_model(3), batches(), squared_error, make_optimizer=keep(sgd(0.9)), **again, stop_after=13
    )
    assert made[-1].param_groups[0]["momentum"] == 0.5
    resumed = fit(small_model(3), batches(), squared_error, make_optimizer=keep(sgd(0.9)), **again)
    assert resumed.losses == expected.losses
    fit(small_model(3), batches(), squared_error, make_optimizer=keep(sgd(0.1)), **again | {"steps": 21})
    assert made[-1].param_groups[0]["momentum"] == 0.1


@pytest.mark.parametrize(("name", "value"), [("weight_decay", 0.7), ("betas", (0.5, 0.6))])
def test_lr_weight_decay_and_betas_of_the_call_count(name, value, tmp_path, monkeypatch):
    path, made = tmp_path / "run.safetensors", []
    real = torch.optim.AdamW
    monkeypatch.setattr(torch.optim, "AdamW", lambda *a, **k: made.append(real(*a, **k)) or made[-1])
    options = {"steps": 20, "schedule": "constant", "checkpoint": path, **QUIET}
    fit(small_model(), batches(), squared_error, stop_after=10, **options)
    fit(small_model(), batches(), squared_error, resume=True, lr=0.5, **{name: value}, **options)
    group = made[-1].param_groups[0]
    assert group[name] == value and type(group[name]) is type(value) and group["lr"] == 0.5


def test_another_optimiser_than_the_file_s_is_named(tmp_path):
    path = tmp_path / "run.safetensors"
    finished(path)
    with pytest.raises(CheckpointError, match="written with AdamW, not with SGD"):
        fit(
            small_model(),
            batches(),
            squared_error,
            steps=30,
            make_optimizer=sgd(0.9),
            checkpoint=path,
            resume=True,
            **QUIET,
        )


# ---------------------------------------------------------------- errors lose nothing


@pytest.mark.parametrize("where", ["loss", "validation", "batches"])
def test_an_error_keeps_history_model_and_checkpoint(where, tmp_path):
    def fail(*_):
        raise KeyError("mine")

    def ten_then_fail():
        yield from itertools.islice(batches(), 10)
        fail()

    path, model = tmp_path / "run.safetensors", small_model()
    options = {"steps": 40, **QUIET}
    with pytest.raises(KeyError, match="mine") as caught:
        fit(
            model,
            ten_then_fail() if where == "batches" else batches(),
            at_step(10, fail) if where == "loss" else squared_error,
            validate=fail if where == "validation" else None,
            validate_every=10,
            checkpoint=path,
            checkpoint_every=30,
            **options,
        )
    history = caught.value.history
    assert (history.steps, history.stopped, len(history.gradient_norms)) == (10, "failed", 10)
    straight = small_model()
    fit(straight, batches(), squared_error, stop_after=10, **options)
    assert torch.equal(weights(model), weights(straight)) and model.training
    resumed = fit(small_model(4), batches(), squared_error, checkpoint=path, resume=True, **options)
    assert resumed.losses == fit(small_model(), batches(), squared_error, **options).losses


@pytest.mark.parametrize(
    ("first_nan", "every"), [(17, 10), (12, 7)]
)  # found at step 20, and at the second saving
def test_a_loss_that_blows_up_does_not_overwrite_the_last_good_checkpoint(first_nan, every, tmp_path):
    path = tmp_path / "run.safetensors"
    calls = itertools.count()

    def loss(model, batch):
        return squared_error(model, batch) * (float("nan") if next(calls) >= first_nan else 1.0)

    with pytest.raises(FloatingPointError) as caught:
        fit(small_model(), batches(), loss, steps=40, checkpoint=path, checkpoint_every=every, **QUIET)
    assert caught.value.history.steps == 2 * every
    resumed = fit(small_model(4), batches(), squared_error, steps=40, checkpoint=path, resume=True, **QUIET)
    assert resumed.losses == fit(small_model(), batches(), squared_error, steps=40, **QUIET).losses
