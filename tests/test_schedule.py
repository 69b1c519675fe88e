"""The learning rate: warm-up, four decays, a floor, and past the end; against Hugging Face and the papers."""

import math

import pytest
import torch
from transformers.optimization import (
    get_cosine_with_min_lr_schedule_with_warmup,
    get_linear_schedule_with_warmup,
)

from course_lib.training import learning_rate
from course_lib.training.schedule import SCHEDULES

DECAYING = [name for name in SCHEDULES if name != "constant"]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("warm_up", [1, 10])
def test_it_rises_in_a_straight_line_to_the_peak_and_never_again(schedule, warm_up):
    rates = [learning_rate(step, 100, 2.0, warm_up, schedule) for step in range(300)]
    assert rates[:warm_up] == pytest.approx([2.0 * (step + 1) / warm_up for step in range(warm_up)])
    assert max(rates) == 2.0
    assert rates[warm_up - 1 :] == sorted(rates[warm_up - 1 :], reverse=True)
    if schedule == "constant":
        assert set(rates[warm_up:]) == {2.0}
    else:
        assert rates[99] < rates[50] < 2.0


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize(("steps", "warm_up"), [(10, 0), (10, 3), (1, 0), (5, 5), (5, 9)])
def test_past_the_end_it_stays_where_it_ended(schedule, steps, warm_up):
    end = max(steps, warm_up + 1)
    for step in (end, end + 1, 2 * end, 100 * end):
        assert learning_rate(step, steps, 3.0, warm_up, schedule) == pytest.approx(0.06)
        assert learning_rate(step, steps, 3.0, warm_up, schedule, minimum=0.5) == pytest.approx(1.5)
        assert learning_rate(step, steps, 3.0, warm_up, schedule, minimum=0) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("minimum", [0.0, 0.02, 0.3, 1.0])
@pytest.mark.parametrize("schedule", DECAYING)
def test_after_the_warm_up_it_never_falls_below_its_minimum(schedule, minimum):
    rates = [learning_rate(step, 50, 1.0, 5, schedule, minimum) for step in range(5, 100_000, 7)]
    assert min(rates) >= minimum - 1e-12
    assert min(rates) == pytest.approx(minimum, abs=1e-2)


def test_the_default_minimum_is_two_per_cent_of_the_peak():
    assert learning_rate(100, 100, 5.0) == pytest.approx(0.1)


@pytest.mark.parametrize("warm_up", [0, 7])
@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_the_decay_is_that_of_hugging_face(schedule, warm_up):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    if schedule == "linear":
        theirs, minimum = get_linear_schedule_with_warmup(optimizer, warm_up, 40), 0.0
    else:
        minimum = 0.1
        theirs = get_cosine_with_min_lr_schedule_with_warmup(optimizer, warm_up, 40, min_lr_rate=minimum)
    for step in range(45):
        if step >= warm_up and (schedule == "linear" or step <= 40):  # past the end, theirs climbs again
            ours = learning_rate(step, 40, 0.3, warm_up, schedule, minimum)
            assert ours == pytest.approx(theirs.get_last_lr()[0], rel=1e-12, abs=1e-15), step
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize(("d_model", "warm_up"), [(512, 4000), (64, 10)])
def test_inverse_sqrt_is_equation_3_of_attention_is_all_you_need(d_model, warm_up):
    for step_num in (1, 2, warm_up - 1, warm_up, warm_up + 1, 7 * warm_up):
        paper = d_model**-0.5 * min(step_num**-0.5, step_num * warm_up**-1.5)
        peak = 1 / math.sqrt(d_model * warm_up)
        assert learning_rate(step_num - 1, 10**6, peak, warm_up, "inverse_sqrt") == pytest.approx(
            paper, rel=1e-12
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (5, 10, 1.0, 0, "triangle"),
            "schedule = 'triangle'; choose one of cosine, linear, inverse_sqrt, constant",
        ),
        ((-1, 10, 1.0), "step = -1"),
        ((0, 0, 1.0), "steps = 0"),
        ((0, 10, 1.0, -2), "warm_up = -2"),
        ((0, 10, 1.0, 0, "cosine", 1.5), "minimum = 1.5; .* share of the peak, from 0 to 1"),
        ((0, 10, 1.0, 0, "cosine", -0.1), "minimum = -0.1"),
        ((0, 10, 1.0, 0, "inverse_sqrt"), "needs warm_up of at least 1"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        learning_rate(*arguments)
