"""Lesson 07: layer normalisation."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson07_gradient import can_learn, one_at_a_time
from course_lib.practice.properties import gradient_matches, has_shape, holds, matches_reference


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
    exchanged: bool = False,
    brackets: bool = True,
    its_eps: Callable[[float], float] = lambda eps: eps,
    cut: bool = False,
):
    """Layer normalisation; the options are the ways to get it wrong."""

    def normalise(x, gamma, beta, eps):
        gamma, beta, eps = (beta, gamma, its_eps(eps)) if exchanged else (gamma, beta, its_eps(eps))
        mean = x.mean(dim, keepdim=True)
        variance = (x**2).mean(dim, keepdim=True) if rms else x.var(dim, unbiased=unbiased, keepdim=True)
        variance = (x**2).mean(dim, keepdim=True) - mean**2 if two_means else variance
        if cut:
            mean, variance = mean.detach(), variance.detach()
        below = (variance + eps).sqrt() if eps_inside else variance.sqrt() + eps
        below = below if root else variance + eps
        if not brackets:
            return gamma * x - mean / below + beta
        y = (x - mean if centre else x) / below
        if shift_first:
            return (y + beta) * gamma
        return (y * gamma if scaled else y) + (beta if shifted else 0)

    return normalise


def _over_the_tokens(x, gamma, beta, eps):
    y = (x - x.mean(-2, keepdim=True)) / (x.var(-2, unbiased=False, keepdim=True) + eps).sqrt()
    return y * gamma + beta


def _divided_by(size: Callable, shift: Callable = lambda x: x.mean(-1, keepdim=True)) -> Callable:
    """Features shifted, and divided by another measure of their size, which gets the shifted ones and eps."""

    def normalise(x, gamma, beta, eps):
        y = x - shift(x)
        return gamma * y / size(y, eps) + beta

    return normalise


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
        case([[1.0, 2.0, 3.0, 6.0], [0.1, 0.4, 0.2, 0.9]], 0.5, plain="both"),  # variance above and below eps
        case(three, 1e-5, plain="gamma"),
        case(torch.randn(4, 6, generator=generator), 1e-5),
        case(3 * torch.randn(2, 3, 5, generator=generator) + 1, 1e-5),
        case(torch.randn(2, 2, 3, 5, generator=generator), 1e-5),
        case([[1003.3, 1001.1, 999.6, 1004.7]], 1e-5, plain="both"),
    ]


def _centred(y: Tensor, *_) -> bool | str:
    means = y.mean(dim=-1)
    t = int(means.abs().argmax())
    return (
        bool(means.abs().max() < 1e-4) or f"your token {t} has mean {means[t]:.3f} over its features, not 0."
    )


def _for_a_gradient() -> list[tuple]:
    return one_at_a_time(_layer_norm_cases()[4])


def _written_out(y: Tensor, *_) -> bool | str:
    """No operation on the way to y is PyTorch's own layer norm."""
    waiting = [y.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None:
            continue
        if node.name().startswith("NativeLayerNorm"):
            return "your numbers come from PyTorch's own layer norm."
        waiting += [before for before, _ in node.next_functions]
    return True


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
        matches_reference(
            "With one more leading dimension, is it still the last one that is normalised?", cases=6
        ),
        matches_reference("Is it accurate for features around 1,000?", cases=7),
        can_learn(
            "Can x, gamma and beta be trained?",
            ("x", "gamma", "beta", "eps"),
            lambda: _layer_norm_cases()[4],
        ),
        gradient_matches(
            "Does the gradient take into account that mean and variance depend on x?",
            _for_a_gradient,
        ),
        holds(
            "Is it written out, without F.layer_norm and nn.LayerNorm?", _written_out, cases=_for_a_gradient
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
        Mistake(
            "over the whole tensor",
            _layer_norm(dim=None),
            "You took one mean and one variance for everything, all sentences together. Each token has its own: "
            "dim=-1.",
        ),
        Mistake(
            "over dimension 0",
            _layer_norm(dim=0),
            "You took dim=0, which is the batch: that is batch normalisation. Layer norm takes the features of "
            "one token, dim=-1.",
        ),
        Mistake(
            "centred, but root mean square",
            _layer_norm(rms=True),
            "You divided by the root mean square of x. The variance is the mean square of x − μ, after the mean "
            "is subtracted.",
        ),
        Mistake(
            "gamma and beta exchanged",
            _layer_norm(exchanged=True),
            "You exchanged gamma and beta: gamma is multiplied, beta is added.",
        ),
        Mistake(
            "eps ignored",
            _layer_norm(its_eps=lambda eps: 0.0),
            "You left out eps, which is added to the variance before the root.",
        ),
        Mistake(
            "eps of its own",
            _layer_norm(its_eps=lambda eps: 1e-5),
            "You wrote 1e-5 in place of the argument eps.",
        ),
        Mistake(
            "eps squared",
            _layer_norm(its_eps=lambda eps: eps**2),
            "You added eps² to the variance; it is eps itself.",
        ),
        Mistake(
            "brackets",
            _layer_norm(brackets=False),
            "Brackets are missing: only the mean is divided. Divide the difference, (x − mean) / …",
        ),
        Mistake(
            "lower bound",
            _divided_by(lambda y, eps: (y**2).mean(-1, keepdim=True).clamp(min=eps).sqrt()),
            "You used eps as a lower bound of the variance; it is added to it, for every token.",
        ),
        Mistake(
            "mean absolute deviation",
            _divided_by(lambda y, eps: y.abs().mean(-1, keepdim=True) + eps),
            "You divided by the mean absolute deviation; the standard deviation squares, averages and takes the root.",
        ),
        Mistake(
            "length",
            _divided_by(lambda y, eps: y.norm(dim=-1, keepdim=True).clamp(min=eps)),
            "You divided by the length of the vector, the root of the sum of squares; the variance is their mean.",
        ),
        Mistake(
            "median",
            _divided_by(
                lambda y, eps: ((y**2).mean(-1, keepdim=True) + eps).sqrt(),
                lambda x: x.median(-1, keepdim=True).values,
            ),
            "You subtracted the median; layer norm subtracts the mean.",
        ),
    ],
)
