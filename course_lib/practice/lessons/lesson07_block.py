"""Lesson 07: what stands between two looks: feed-forward network and layer normalisation."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _feed_forward(inside: Callable = F.relu, outside: Callable = lambda y: y, biases: bool = True):
    """The position-wise network; the options are the ways to get it wrong."""

    def apply(x, W_1, b_1, W_2, b_2):
        hidden = inside(x @ W_1 + (b_1 if biases else 0))
        return outside(hidden @ W_2 + (b_2 if biases else 0))

    return apply


def _feed_forward_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(0)

    def case(time: int, d_model: int, d_ff: int, biases: bool = True, positive: bool = False) -> tuple:
        x, W_1, b_1, W_2, b_2 = (
            torch.randn(*shape, generator=generator)
            for shape in ((time, d_model), (d_model, d_ff), (d_ff,), (d_ff, d_model), (d_model,))
        )
        if positive:
            # No hidden unit is below zero: ReLU does nothing.
            x, W_1, b_1 = x.abs(), W_1.abs(), b_1.abs()
        return x, W_1, b_1 if biases else 0 * b_1, W_2, b_2 if biases else 0 * b_2

    return [
        case(1, 2, 3, biases=False, positive=True),
        case(1, 2, 3, positive=True),
        case(1, 2, 6),
        case(4, 3, 8),
    ]


FEED_FORWARD = Exercise(
    id="07.feed_forward",
    title="The feed-forward network",
    reference=_feed_forward(),
    cases=_feed_forward_cases,
    properties=[
        has_shape("Does every token come out as large as it went in, (time, d_model)?"),
        matches_reference(
            "Where nothing is below zero and the biases are 0: is it x W_1 W_2?",
            cases=0,
        ),
        matches_reference("And with biases: is b_1 added inside, b_2 at the end?", cases=1),
        matches_reference("Is what is below zero cut off inside, and nowhere else?", cases=2),
        matches_reference("And for four tokens?", cases=3),
    ],
    hints=[
        "Wide, cut, narrow again. Where does ReLU stand: before or after W_2?",
        "hidden = relu(x W_1 + b_1) is (time, d_ff); the output hidden W_2 + b_2 is (time, d_model).",
        "torch.relu(x @ W_1 + b_1) @ W_2 + b_2",
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
            "Your ReLU stands after W_2; it belongs between the two, on the wide hidden layer.",
        ),
        Mistake(
            "activation twice",
            _feed_forward(outside=F.relu),
            "You cut off the output, too: what comes out must be able to be negative.",
        ),
        Mistake(
            "GELU",
            _feed_forward(inside=F.gelu),
            "That is GELU; ReLU, max(0, x), is asked for.",
        ),
        Mistake(
            "no biases",
            _feed_forward(biases=False),
            "You left out the biases b_1 and b_2.",
        ),
        Mistake(
            "sigmoid",
            _feed_forward(inside=torch.sigmoid),
            "You put a sigmoid inside; here it is ReLU, which passes what is above zero as it is.",
        ),
    ],
)


def _layer_norm(
    dim: int | tuple = -1,
    unbiased: bool = False,
    eps_inside: bool = True,
    root: bool = True,
    centre: bool = True,
    scaled: bool = True,
    shifted: bool = True,
):
    """Layer normalisation; the options are the ways to get it wrong."""

    def normalise(x, gamma, beta, eps):
        mean = x.mean(dim, keepdim=True)
        variance = x.var(dim, unbiased=unbiased, keepdim=True)
        below = (variance + eps).sqrt() if eps_inside else variance.sqrt() + eps
        below = below if root else variance + eps
        y = (x - mean if centre else x) / below
        return (y * gamma if scaled else y) + (beta if shifted else 0)

    return normalise


def _layer_norm_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(1)

    def case(rows: list[list[float]], eps: float, plain: bool = False) -> tuple:
        x = torch.tensor(rows)
        d_model = x.shape[-1]
        gamma = torch.ones(d_model) if plain else 1 + 0.5 * torch.randn(d_model, generator=generator)
        beta = torch.zeros(d_model) if plain else torch.randn(d_model, generator=generator)
        return x, gamma, beta, eps

    three = [[4.0, -2.0, 0.5, 1.0], [30.0, 10.0, 20.0, 20.0], [0.1, 0.4, 0.2, 0.9]]
    return [
        case([[1.0, 2.0, 3.0, 6.0]], 0.0, plain=True),
        case(three, 0.0, plain=True),
        case([[1.0, 2.0, 3.0, 6.0]], 0.5, plain=True),
        case(three, 1e-5),
    ]


def _centred(y: Tensor, *_) -> bool | str:
    means = y.mean(dim=-1)
    t = int(means.abs().argmax())
    return (
        bool(means.abs().max() < 1e-4) or f"your token {t} has mean {means[t]:.3f} over its features, not 0."
    )


LAYER_NORM = Exercise(
    id="07.layer_norm",
    title="Layer normalisation",
    reference=_layer_norm(),
    cases=_layer_norm_cases,
    properties=[
        has_shape("Is the shape unchanged, (time, d_model)?"),
        holds(
            "Has one token mean 0 over its features afterwards, where gamma is 1 and beta 0?",
            _centred,
            cases=0,
        ),
        matches_reference("Is it divided by the standard deviation over all d_model features?", cases=0),
        matches_reference("With three tokens: has each its own mean and deviation?", cases=1),
        matches_reference("Is eps added to the variance, inside the root?", cases=2),
        matches_reference(
            "With gamma and beta: multiplied and added at the end, feature by feature?", cases=3
        ),
    ],
    hints=[
        "Each token is normalised by itself: mean and variance run over the last dimension, with keepdim=True.",
        "(x − mean) / √(variance + eps) · gamma + beta; the variance divides by d_model, not by d_model − 1.",
        "mean = x.mean(-1, keepdim=True); variance = ((x - mean) ** 2).mean(-1, keepdim=True); then the formula.",
    ],
    mistakes=[
        Mistake(
            "unbiased deviation",
            _layer_norm(unbiased=True),
            "You divided the sum of squares by d_model − 1, as torch.std does if nobody tells it otherwise; layer norm "
            "divides by d_model.",
        ),
        Mistake(
            "eps outside the root",
            _layer_norm(eps_inside=False),
            "You added eps to the standard deviation; it is added to the variance, before the root.",
        ),
        Mistake(
            "unbiased, eps outside",
            _layer_norm(unbiased=True, eps_inside=False),
            "You took torch.std, which divides by d_model − 1, and added eps to it. The variance divides by d_model, "
            "and eps is added to it before the root.",
        ),
        Mistake(
            "over the tokens",
            lambda x, gamma, beta, eps: (
                (x - x.mean(0)) / (x.var(0, unbiased=False) + eps).sqrt() * gamma + beta
            ),
            "You took mean and variance over the tokens (dim 0), as batch normalisation does: then one token's output "
            "depends on the others. Take dim −1.",
        ),
        Mistake(
            "over everything",
            _layer_norm(dim=(-2, -1)),
            "You took one mean and one variance for all tokens together; each token has its own.",
        ),
        Mistake(
            "variance for deviation",
            _layer_norm(root=False),
            "You divided by the variance; divide by its root.",
        ),
        Mistake(
            "not centred",
            _layer_norm(centre=False),
            "You did not subtract the mean.",
        ),
        Mistake(
            "no gamma, no beta",
            _layer_norm(scaled=False, shifted=False),
            "You left out gamma and beta, which let the network undo the norm where it needs to.",
        ),
        Mistake("no gamma", _layer_norm(scaled=False), "You left out gamma, the factor of each feature."),
        Mistake("no beta", _layer_norm(shifted=False), "You left out beta, which is added to each feature."),
    ],
)
