"""What the reference gives is kept for each input, handed out as a copy, and never mixed up."""

import dataclasses

import pytest
import torch

from course_lib.practice import reference as module
from course_lib.practice import registry
from course_lib.practice.reference import Reference, reference_of

COUNTED = registry.get("00.centred")


def counting(function):
    """An exercise whose reference is the function, and the list of what it was called with."""
    calls = []

    def reference(*arguments):
        calls.append(arguments)
        return function(*arguments)

    return Reference(dataclasses.replace(COUNTED, reference=reference)), calls


def test_an_input_is_asked_once_and_another_again():
    reference, calls = counting(lambda x: 2 * x)
    for x in (torch.tensor([1.0]), torch.tensor([1.0]), torch.tensor([2.0])):
        assert reference((x,)) == (2 * x, 2 * x)
    assert len(calls) == 2


def test_an_input_that_was_changed_is_another_input():
    reference, calls = counting(lambda x: 2 * x)
    x = torch.tensor([1.0])
    reference((x,))
    x += 1
    assert reference((x,))[0].item() == 4 and len(calls) == 2


def test_what_is_handed_out_is_the_asker_s_own():
    reference, calls = counting(lambda x: [x, 1])
    x = torch.tensor([1.0])
    first, _ = reference((x,))
    first[0] += 5
    first.append(3)
    again, judged = reference((x,))
    assert again == judged == [torch.tensor([1.0]), 1] and len(calls) == 1


def test_the_reference_cannot_change_the_asker_s_arguments():
    reference, _ = counting(lambda x: x.add_(1))
    x = torch.tensor([1.0])
    reference((x,))
    assert x.item() == 1


def test_a_graph_is_computed_each_time():
    reference, calls = counting(lambda x: 2 * x)
    x = torch.tensor([1.0], requires_grad=True)
    for _ in range(2):
        reference((x,))[0].sum().backward()
    assert len(calls) == 2


def test_what_is_judged_is_what_it_leaves_behind():
    def fill(items):
        items.append(1)

    exercise = dataclasses.replace(COUNTED, reference=fill, outcome=lambda result, items: items)
    assert Reference(exercise)(([],)) == (None, [1])


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(module, "_MOST", 3)
    reference, calls = counting(lambda x: x)
    for number in range(5):
        reference((number,))
    assert len(reference._kept) <= 3
    reference((4,))
    assert len(calls) == 5


@pytest.mark.parametrize("id", ["05.wrong_zeros", "08.layers_needed"])
def test_a_value_is_its_own_reference(id):
    exercise = registry.get(id)
    assert reference_of(exercise)(()) == (exercise.reference, exercise.reference)
    assert reference_of(exercise) is reference_of(exercise)
