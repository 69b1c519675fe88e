"""Lesson 07: what a block has besides attention: the feed-forward network and layer normalisation."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson07_gradient import can_learn, one_at_a_time
from course_lib.practice.properties import gradient_matches, has_shape, holds, matches_reference


def _feed_forward(
    inside: Callable = F.relu,
    outside: Callable = lambda y: y,
    first_bias: bool = True,
    second_bias: bool = True,
    late_bias: bool = False,
    residual: bool = False,
    cut: bool = False,
):
    """The position-wise network; the options are the ways to get it wrong."""

    def apply(x, W_1, b_1, W_2, b_2):
        if cut:
            W_1, b_1, W_2, b_2 = (weight.detach() for weight in (W_1, b_1, W_2, b_2))
        hidden = inside(x @ W_1) + b_1 if late_bias else inside(x @ W_1 + (b_1 if first_bias else 0))
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
    ],
)


def _layer_norm(
    dim: int | tuple = -1,
    unbiased: bool = False,
    eps_inside: bool = True,
    root: bool = True,
    centre: bool = True,
    rms: bool = False,
    scaled: bool = True,
    shifted: bool = True,
    shift_first: bool = False,
    two_means: bool = False,
    cut: bool = False,
):
    """Layer normalisation; the options are the ways to get it wrong."""

    def normalise(x, gamma, beta, eps):
        mean = x.mean(dim, keepdim=True)
        variance = (x**2).mean(dim, keepdim=True) if rms else x.var(dim, unbiased=unbiased, keepdim=True)
        variance = (x**2).mean(dim, keepdim=True) - mean**2 if two_means else variance
        if cut:
            mean, variance = mean.detach(), variance.detach()
        below = (variance + eps).sqrt() if eps_inside else variance.sqrt() + eps
        below = below if root else variance + eps
        y = (x - mean if centre else x) / below
        if shift_first:
            return (y + beta) * gamma
        return (y * gamma if scaled else y) + (beta if shifted else 0)

    return normalise


def _over_the_tokens(x, gamma, beta, eps):
    y = (x - x.mean(-2, keepdim=True)) / (x.var(-2, unbiased=False, keepdim=True) + eps).sqrt()
    return y * gamma + beta


def _layer_norm_cases() -> list[tuple]:
    generator = seeded(1)

    def case(rows: list[list[float]] | Tensor, eps: float, plain: str = "") -> tuple:
        x = torch.as_tensor(rows)
        d_model = x.shape[-1]
        gamma = torch.ones(d_model) if plain else 1 + 0.5 * torch.randn(d_model, generator=generator)
        beta = torch.zeros(d_model) if plain == "both" else torch.randn(d_model, generator=generator)
        return x, gamma, beta, eps

    three = [[4.0, -2.0, 0.5, 1.0], [30.0, 10.0, 20.0, 20.0], [0.1, 0.4, 0.2, 0.9]]
    return [
        case([[1.0, 2.0, 3.0, 6.0]], 0.0, plain="both"),
        case(three, 0.0, plain="both"),
        case([[1.0, 2.0, 3.0, 6.0]], 0.5, plain="both"),
        case(three, 1e-5, plain="gamma"),
        case(torch.randn(4, 6, generator=generator), 1e-5),
        case(3 * torch.randn(2, 3, 5, generator=generator) + 1, 1e-5),
        case([[1003.3, 1001.1, 999.6, 1004.7]], 1e-5, plain="both"),
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
        has_shape("Is the shape unchanged, (…, d_model)?"),
        holds(
            "Does a token have mean 0 over its features afterwards, where gamma is 1 and beta 0?",
            _centred,
            cases=0,
        ),
        matches_reference("Is it divided by the standard deviation over all d_model features?", cases=0),
        matches_reference("With three tokens, does each have its own mean and deviation?", cases=1),
        matches_reference("Is eps added to the variance, inside the root?", cases=2),
        matches_reference("Is beta added at the end, feature by feature?", cases=3),
        matches_reference("Is gamma multiplied in before beta, feature by feature?", cases=4),
        matches_reference("With a batch of two sentences, is every token normalised by itself?", cases=5),
        matches_reference("Is it accurate for features around 1,000?", cases=6),
        can_learn(
            "Can x, gamma and beta be trained?",
            ("x", "gamma", "beta", "eps"),
            lambda: _layer_norm_cases()[4],
        ),
        gradient_matches(
            "Does the gradient take into account that mean and variance depend on x?",
            lambda: one_at_a_time(_layer_norm_cases()[4]),
        ),
    ],
    hints=[
        "Which numbers share a mean: the features of one token, or one feature of all tokens?",
        "Mean and variance run over the last dimension; keepdim=True keeps it for broadcasting. The variance divides "
        "by d_model, not by d_model − 1.",
        "Start with `mean = x.mean(-1, keepdim=True)` and `variance = ((x - mean) ** 2).mean(-1, keepdim=True)`.",
    ],
    mistakes=[
        Mistake(
            "unbiased deviation",
            _layer_norm(unbiased=True),
            "You divided the sum of squares by d_model − 1, the default of torch.std and torch.var. Layer norm divides "
            "by d_model.",
        ),
        Mistake(
            "eps outside the root",
            _layer_norm(eps_inside=False),
            "You added eps to the standard deviation; it is added to the variance, before the root.",
        ),
        Mistake(
            "unbiased, eps outside",
            _layer_norm(unbiased=True, eps_inside=False),
            "You used torch.std, which divides by d_model − 1, and added eps to it. The variance divides by d_model, "
            "and eps is added to it before the root.",
        ),
        Mistake(
            "over the tokens",
            _over_the_tokens,
            "You took mean and variance over the tokens, so that one token's output depends on the others. Take them "
            "over the features, dim=-1.",
        ),
        Mistake(
            "over everything",
            _layer_norm(dim=(-2, -1)),
            "You took one mean and one variance for all tokens together; each token has its own.",
        ),
        Mistake(
            "over dimension 1",
            _layer_norm(dim=1),
            "You took dim=1, which is the features only as long as there is no batch. Count from the end: dim=-1.",
        ),
        Mistake(
            "variance for deviation",
            _layer_norm(root=False),
            "You divided by the variance; divide by its root.",
        ),
        Mistake("not centred", _layer_norm(centre=False), "You did not subtract the mean."),
        Mistake(
            "RMS norm",
            _layer_norm(centre=False, rms=True),
            "That is RMS norm (Zhang and Sennrich 2019), which divides by the root mean square and never subtracts the "
            "mean. Layer norm does subtract it.",
        ),
        Mistake(
            "no gamma, no beta",
            _layer_norm(scaled=False, shifted=False),
            "You left out gamma and beta, the learned scale and shift of each feature.",
        ),
        Mistake("no gamma", _layer_norm(scaled=False), "You left out gamma, the scale of each feature."),
        Mistake("no beta", _layer_norm(shifted=False), "You left out beta, the shift of each feature."),
        Mistake(
            "beta before gamma",
            _layer_norm(shift_first=True),
            "You added beta before multiplying by gamma, so gamma scales the shift too. Scale first, then shift.",
        ),
        Mistake(
            "mean of squares minus squared mean",
            _layer_norm(two_means=True),
            "The mean of the squares minus the square of the mean is σ² on paper. In float32 two large numbers cancel "
            "and their digits are lost. Take the mean of (x − μ)².",
        ),
        Mistake(
            "mean and variance detached",
            _layer_norm(cut=True),
            "You detached mean or variance. The outputs are right, and the gradient at x is not.",
        ),
    ],
)
