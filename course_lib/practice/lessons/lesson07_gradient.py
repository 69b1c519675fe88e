"""Lesson 07: whether a gradient reaches every argument of an answer."""

from collections.abc import Callable

from torch import Tensor

from course_lib.practice.properties import holds


def _can_learn(names: tuple[str, ...]) -> Callable:
    """A predicate: the result depends on each of the arguments that ask for a gradient."""

    def predicate(result: Tensor, *arguments) -> bool | str:
        lacking = [
            name
            for name, argument in zip(names, arguments, strict=True)
            if isinstance(argument, Tensor) and argument.requires_grad
        ]
        return result.requires_grad or (
            f"your output does not depend on {lacking[0]} for the gradient, so it could never be trained: no "
            ".detach(), .item() or .data."
        )

    return predicate


def one_at_a_time(arguments: tuple) -> list[tuple]:
    """The same arguments once for each floating-point tensor, with that one asking for its gradient."""
    return [
        tuple(other.clone().requires_grad_() if place == n else other for n, other in enumerate(arguments))
        for place, argument in enumerate(arguments)
        if isinstance(argument, Tensor) and argument.is_floating_point()
    ]


def can_learn(question: str, names: tuple[str, ...], arguments: Callable[[], tuple]):
    """Property: a gradient reaches each floating-point argument."""
    return holds(question, _can_learn(names), cases=lambda: one_at_a_time(arguments()))
