"""Comparing an answer with the reference: values, nested results, properties, and the words for them."""

import dataclasses

import numpy as np
import pytest
import torch

from course_lib.practice import (
    Mistake,
    Property,
    describe,
    has_shape,
    holds,
    matches_reference,
    unchanged_when,
)
from course_lib.practice.compare import difference
from course_lib.practice.sameness import key
from practice_examples import failure, function_exercise, scale, value_exercise, verdict


@pytest.mark.parametrize(
    ("right", "wrong", "also_right"),
    [
        (42, 40, [42.0, np.int64(42), torch.tensor(42)]),
        (1.5, 2.5, [1.50001, np.float32(1.5), torch.tensor(1.5)]),
        ("h", "x", []),
        (True, False, [np.bool_(True), torch.tensor(True)]),
        ([1, 2], [1, 3], [(1, 2), [1.0, 2]]),
        ({"loss": 1.0}, {"loss": 2.0}, [{"loss": 1}]),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), [torch.tensor([1.0, 2.0], requires_grad=True)]),
    ],
)
def test_value_exercises(right, wrong, also_right):
    exercise = value_exercise(right, wrong)
    for answer in [right, *also_right]:
        assert verdict(answer, exercise).status == "passed", answer
    found = verdict(wrong, exercise)
    assert found.status == "failed" and found.text.endswith("\n  → You forgot the bias.")


@pytest.mark.parametrize(
    ("right", "answer", "sentence"),
    [
        (42, 17, "Did you count everything? You have 17, which is too small."),
        (42, 42.4, "Did you count everything? You have 42.4, which is too large."),
        (42, float("nan"), "Did you count everything? You have NaN, which is not the value asked for."),
        ("h", "e", "Did you count everything? You have 'e', which is not the value asked for."),
        ([1, 2], [1, 5], "Did you count everything? In entry 1 you have 5, which is too large."),
        ([1, 2], [1], "Has it the right size? You have length 1, expected 2."),
        (42, "42", "Your answer is a string, expected a whole number."),
        (42, None, "Your answer is None."),
        (42, scale, "You passed a function, expected a whole number: pass what it returns."),
        ({"loss": 1.0}, {"los": 1.0}, "Under the key 'loss' you have nothing, expected a number."),
        (True, 1, "Your answer is a whole number, expected True or False."),
    ],
)
def test_value_exercises_do_not_give_the_value_away(right, answer, sentence):
    exercise = value_exercise(right, type(right)())
    assert failure(answer, exercise) == sentence


def test_nested_results_say_where():
    def pair(x):
        return x, [x.sum(), 1.0]

    exercise = function_exercise(
        reference=pair,
        cases=lambda: [(torch.eye(2),)],
        properties=[has_shape("Are there two results?"), matches_reference("Are both right?")],
        mistakes=[Mistake("first only", lambda x: x, "You returned only the first.")],
    )
    given = "For x = [[1, 0], [0, 1]], "
    assert verdict(lambda x: [x, (x.sum(), 1)], exercise).status == "passed"
    assert failure(lambda x: (x.flip(0), [x.sum(), 1.0]), exercise) == (
        f"Are both right? {given}in entry 0, at index (0, 0) you have 0, expected 1."
    )
    assert failure(lambda x: (x, [x.sum() + 1, 1.0]), exercise) == (
        f"Are both right? {given}in entry 1, in entry 0 you have 3, expected 2."
    )
    assert failure(lambda x: (x, [x.sum()]), exercise) == (
        f"Are there two results? {given}in entry 1 you have length 1, expected 2."
    )
    assert failure(lambda x: (x, ["2", 1.0]), exercise) == (
        f"{given}in entry 1, in entry 0 you have a string, expected a tensor."
    )
    named = dataclasses.replace(exercise, parts=("doubled", "sums"))
    assert failure(lambda x: (x, [x.sum() + 1, 1.0]), named) == (
        f"Are both right? {given}in sums, in entry 0 you have 3, expected 2."
    )
    assert failure(lambda x: (x, ["2", 1.0]), named) == (
        f"{given}in sums, in entry 0 you have a string, expected a tensor."
    )


def test_close_numbers_are_shown_with_enough_digits():
    text = failure(lambda x, factor: x * factor * 1.0004)
    assert text.endswith("at index 0 you have 2.0008, expected 2.")
    assert verdict(lambda x, factor: x * factor * 1.00004).status == "passed"


def test_large_arguments_are_named_by_their_shape():
    exercise = function_exercise(cases=lambda: [(torch.ones(20, 30), 2.0)], properties=[
        matches_reference("Is it multiplied?"), has_shape("Is the shape right?")])  # fmt: skip
    assert "For x of shape (20, 30), factor = 2, at index (0, 0) you have 1, expected 2." in failure(
        lambda x, factor: x, exercise
    )


def test_many_arguments_are_named_in_brief():
    def step(x, h, W_ih, W_hh, b_ih, b_hh, gradients, name, rate):
        return x @ W_ih.T

    arguments = [torch.ones(shape) for shape in [(2, 3), (2, 4), (4, 3), (4, 4), (4,), (4,)]]
    assert describe.call(step, (*arguments, [torch.ones(2, 3), torch.ones(4)], "a" * 50, 0.5)) == (
        "x (2, 3), h (2, 4), W_ih (4, 3), W_hh (4, 4), b_ih (4,), b_hh (4,), "
        "gradients [(2, 3), (4,)], name, rate = 0.5"
    )
    assert describe.call(max, (1, [2, 3])) == "argument 1 = 1, argument 2 = [2, 3]"


def test_unchanged_when():
    exercise = function_exercise(
        reference=lambda x: x.max(),
        cases=lambda: [(torch.tensor([3.0, 5.0]),)],
        properties=[
            unchanged_when("Is the order of no importance?", lambda x: (x.flip(0),)),
            matches_reference("Is it the largest?"),
        ],
        mistakes=[Mistake("last", lambda x: x[-1], "You took the last.")],
    )
    assert verdict(lambda x: x.sort().values[-1], exercise).status == "passed"
    assert failure(lambda x: x[-1], exercise) == (
        "Is the order of no importance? For x = [3, 5], you have 5; for x = [5, 3], you have 3.\n"
        "  → You took the last."
    )


def test_a_predicate_may_say_what_is_wrong():
    says = holds(
        "Is it positive?", lambda y, x, f: None if y.min() > 9 else "a number is below 9.", cases=[0]
    )
    exercise = function_exercise(properties=[says, has_shape("Is the shape right?")])
    assert failure(scale, exercise) == "Is it positive? For x = [1, 2], factor = 2, a number is below 9."


# ---------------------------------------------------------------- how near is near enough


def equal(actual, expected, tolerance=1e-4):
    return difference(actual, expected, tolerance) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("error", [1e-4, 1e-5, -1e-5])
def test_an_error_near_0_is_not_excused(dtype, error):
    expected = torch.tensor([0.0, 1.0, -0.5, 1e-5], dtype=dtype)
    for index in (0, 3):
        actual = expected.clone()
        actual[index] += error
        found = difference(actual, expected)
        assert found.sort == "value" and found.where == f"at index {index}"
    assert equal(expected + 0.9e-6 * (dtype == torch.float32), expected)


@pytest.mark.parametrize("size", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_another_order_of_the_same_sums_is_right(size, dtype):
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(64, 256, generator=generator, dtype=dtype) * size**0.5 for _ in range(2))
    expected = a @ b.T / 16
    expected -= expected.mean(dim=1, keepdim=True)
    # Backwards, in eight parts, the mean taken first: entries near 0 keep a rounding error of the others.
    parts = [(a.flip(1)[:, k::8] @ b.flip(1)[:, k::8].T) / 16 for k in range(8)]
    actual = sum(part - part.mean(dim=1, keepdim=True) for part in parts)
    assert not torch.equal(actual, expected) and equal(actual, expected)
    assert expected.abs().min() < 1e-3 * size, "no entry near 0: the test shows nothing"


def test_small_tensors_are_judged_by_their_own_size():
    gradients = torch.tensor([2e-5, -1e-5, 3e-5], dtype=torch.float64)
    assert not equal(torch.zeros(3, dtype=torch.float64), gradients)
    assert not equal(gradients + torch.tensor([0, 1e-8, 0]), gradients)
    assert equal(gradients * 1.00005, gradients)
    # In float32 what is exactly 0 on paper may come out as a few roundings of 1.
    assert equal(torch.tensor([3e-7, -2e-7]), torch.tensor([0.0, 1e-8]))
    assert not equal(torch.tensor([3e-6, 0.0]), torch.zeros(2))


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_mask_of_a_billion_does_not_excuse_the_rest(share):
    scores = torch.linspace(-1, 1, 10)
    scores[: int(10 * share)] = -1e9
    assert not equal(scores + torch.eye(10)[9] * 1.3e-3, scores)
    if share < 0.5:
        scores[5] = 0.0
        assert not equal(scores + torch.eye(10)[5] * 1e-5, scores)
    infinite = torch.tensor([-torch.inf, 0.0, 1.0])
    assert equal(infinite, infinite) and not equal(torch.tensor([-1e9, 0.0, 1.0]), infinite)


def test_half_precision_is_judged_by_its_own_roundings():
    expected = torch.tensor([1.0, 0.3, -2.0]).bfloat16()
    one_step = torch.tensor([1.0078125, 0.3, -2.0]).bfloat16()
    assert equal(one_step, expected) and not equal(expected * 1.1, expected)


def test_inputs_that_must_not_change_are_compared_exactly():
    assert not equal(torch.tensor([1.0, 1e-9]), torch.tensor([1.0, 0.0]), tolerance=0.0)


def test_whole_numbers_are_equal_or_not():
    assert not equal(torch.tensor([100_000_001]), torch.tensor([100_000_000]))
    assert not equal(100_000_001, 100_000_000) and equal(0.3 + 1e-6, 0.3) and not equal(1e-4, 0.0)


def test_inputs_are_the_same_only_where_no_answer_could_tell():
    def made(dropout=0.1, training=True, number=1.0, seed=0, grows=False, captured=(1,)):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout(dropout)).train(training)
        x = torch.tensor([number, float("nan")], requires_grad=grows)
        return model, x, {"a": [1, "b"]}, torch.Generator().manual_seed(seed), lambda: captured, None

    assert key(made()) == key(made())
    others = [
        made(dropout=0.2), made(training=False), made(number=1.5), made(seed=1), made(grows=True), made(captured=(2,)),
    ]  # fmt: skip
    assert len({key(one) for one in [made(), *others]}) == 7
    assert (
        key(1) != key(True) != key(1.0)
        and key([1]) != key((1,))
        and key(torch.ones(2)) != key(torch.ones(2, 1))
    )
    ring = []
    ring.append(ring)
    assert hash(key(ring)) is not None


def test_a_mistake_in_one_entry_is_named_whatever_the_others_are():
    def entry_matches(name):
        def test(attempt):
            return (
                None
                if attempt()[name] == attempt.exercise.reference[name]
                else f"You have {attempt()[name]}."
            )

        return Property(f"Is {name} right?", test)

    right = {"weights": 6, "biases": 2}
    slip = Mistake("biases forgotten", {**right, "biases": 0}, "A bias for each output.", entry="biases")
    exercise = dataclasses.replace(
        value_exercise(right, {**right, "weights": 5}),
        properties=[entry_matches("biases"), entry_matches("weights")],
        mistakes=[slip],
    )
    assert verdict({**right, "biases": 0}, exercise).mistake is slip
    assert verdict({"biases": 0, "weights": 99}, exercise).mistake is slip
    assert verdict({"biases": 3, "weights": 6}, exercise).mistake is None
    assert verdict({"biases": 2, "weights": 99}, exercise).mistake is None, "its entry is right"
    assert verdict([0], exercise).mistake is None, "no dict"
    for reference in (right, 8):
        with pytest.raises(ValueError, match="'bias', which the reference does not have"):
            dataclasses.replace(
                exercise,
                reference=reference,
                mistakes=[Mistake("m", right, "d", entry="bias")],
            )
