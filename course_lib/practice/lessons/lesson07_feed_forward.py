"""Lesson 07: the feed-forward network."""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson07_gradient import can_learn
from course_lib.practice.properties import has_shape, matches_reference


def _feed_forward(
    inside: Callable = F.relu,
    outside: Callable = lambda y: y,
    first_bias: bool = True,
    second_bias: bool = True,
    late_bias: bool = False,
    residual: bool = False,
    before: Callable = lambda x: x,
    narrow: bool = True,
    cut: bool = False,
):
    """The position-wise network; the options are the ways to get it wrong."""

    def apply(x, W_1, b_1, W_2, b_2):
        if cut:
            W_1, b_1, W_2, b_2 = (weight.detach() for weight in (W_1, b_1, W_2, b_2))
        y = before(x)
        hidden = inside(y @ W_1) + b_1 if late_bias else inside(y @ W_1 + (b_1 if first_bias else 0))
        if not narrow:
            return hidden
        return outside(hidden @ W_2 + (b_2 if second_bias else 0)) + (x if residual else 0)

    return apply


def _feed_forward_cases() -> list[tuple]:
    generator = seeded(0)

    def case(shape: tuple, d_ff: int, biases: str = "both", positive: bool = False) -> tuple:
        d_model = shape[-1]
        x, W_1, b_1, W_2, b_2 = (
            torch.randn(*size, generator=generator)
            for size in (shape, (d_model, d_ff), (d_ff,), (d_ff, d_model), (d_model,))
        )
        if positive:
            # No hidden unit is below zero: ReLU does nothing.
            x, W_1, b_1 = x.abs(), W_1.abs(), b_1.abs()
        return x, W_1, b_1 if biases != "none" else 0 * b_1, W_2, b_2 if biases == "both" else 0 * b_2

    return [
        case((1, 2), 3, biases="none", positive=True),
        case((1, 2), 3, biases="first", positive=True),
        case((1, 3), 4, positive=True),
        case((1, 2), 6),
        case((4, 3), 8),
        case((2, 5, 4), 16),
    ]


FEED_FORWARD = Exercise(
    id="07.feed_forward",
    title="The feed-forward network",
    points=1,
    reference=_feed_forward(),
    cases=_feed_forward_cases,
    properties=[
        has_shape("Does every token come out as large as it went in, (…, d_model)?"),
        matches_reference("Where nothing is below zero and the biases are 0, is it x W_1 W_2?", cases=0),
        matches_reference("Is b_1 added to the hidden layer?", cases=1),
        matches_reference("Is b_2 added at the end?", cases=2),
        matches_reference("Is what is below zero cut off inside, and nowhere else?", cases=3),
        matches_reference("With four tokens, does each go through the same network?", cases=4),
        matches_reference("With a batch of two sentences, is every token right?", cases=5),
        can_learn(
            "Can x and all four weights be trained?",
            ("x", "W_1", "b_1", "W_2", "b_2"),
            lambda: _feed_forward_cases()[4],
        ),
    ],
    hints=[
        "Widen, cut off, narrow. On which side of W_2 does the ReLU belong?",
        "The hidden layer, relu(x W_1 + b_1), has d_ff features for every token. W_2 and b_2 bring it back to d_model.",
        "Compute `hidden = torch.relu(x @ W_1 + b_1)` first; what is left is one more linear map.",
    ],
    mistakes=[
        Mistake(
            "no activation",
            _feed_forward(inside=lambda h: h),
            "You left out the activation: two linear maps in a row are one linear map, and nothing is gained.",
        ),
        Mistake(
            "activation at the end",
            _feed_forward(inside=lambda h: h, outside=F.relu),
            "Your ReLU comes after W_2; it belongs before it, on the wide hidden layer.",
        ),
        Mistake(
            "activation twice",
            _feed_forward(outside=F.relu),
            "You applied ReLU to the output as well, which must be able to be negative.",
        ),
        Mistake("GELU", _feed_forward(inside=F.gelu), "That is GELU; the exercise asks for ReLU, max(0, x)."),
        Mistake(
            "no biases",
            _feed_forward(first_bias=False, second_bias=False),
            "You left out both biases, b_1 and b_2.",
        ),
        Mistake(
            "no first bias",
            _feed_forward(first_bias=False),
            "You left out b_1, which is added to the hidden layer before the ReLU.",
        ),
        Mistake(
            "first bias after the ReLU",
            _feed_forward(late_bias=True),
            "You added b_1 after the ReLU; it belongs inside, max(0, x W_1 + b_1).",
        ),
        Mistake(
            "residual connection included",
            _feed_forward(residual=True),
            "You added x at the end. The residual connection is not part of the network: the block adds it.",
        ),
        Mistake(
            "no second bias",
            _feed_forward(second_bias=False),
            "You left out b_2, which is added at the end.",
        ),
        Mistake(
            "sigmoid",
            _feed_forward(inside=torch.sigmoid),
            "You used a sigmoid inside; ReLU lets positive numbers through unchanged.",
        ),
        Mistake(
            "weights detached",
            _feed_forward(cut=True),
            "All numbers are right, but you detached something on the way to them, and it could never be trained.",
        ),
        Mistake(
            "tanh",
            _feed_forward(inside=torch.tanh),
            "You used tanh inside; ReLU lets positive numbers through unchanged.",
        ),
        Mistake(
            "absolute value",
            _feed_forward(inside=torch.abs),
            "You took the absolute value. ReLU sets negative numbers to 0 instead of turning their sign.",
        ),
        Mistake(
            "leaky ReLU",
            _feed_forward(inside=F.leaky_relu),
            "You let a small part of each negative number through, as leaky ReLU does. ReLU sets them to 0.",
        ),
        Mistake(
            "negative part",
            _feed_forward(inside=lambda h: h.clamp(max=0)),
            "You kept what is below zero, min(0, x). ReLU keeps what is above: max(0, x).",
        ),
        Mistake(
            "activation on x",
            _feed_forward(inside=lambda h: h, before=F.relu),
            "Your ReLU acts on x itself. It belongs on the wide hidden layer, after W_1 and b_1.",
        ),
        Mistake(
            "hidden layer returned",
            _feed_forward(narrow=False),
            "You return the hidden layer. W_2 and b_2 bring it back to d_model.",
        ),
        Mistake(
            "softmax",
            _feed_forward(inside=lambda h: h.softmax(dim=-1)),
            "Your hidden layer is a softmax, in which the units share a sum of 1. ReLU treats each unit by itself.",
        ),
        Mistake(
            "capped",
            _feed_forward(inside=F.relu6),
            "Your activation stops at 6, like ReLU6. ReLU, max(0, x), has no upper bound.",
        ),
        Mistake(
            "mean token",
            _feed_forward(before=lambda x: x.mean(-2, keepdim=True)),
            "You averaged the tokens first. The network is applied to each token by itself, with the same weights.",
        ),
    ],
)
