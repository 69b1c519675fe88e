"""Lesson 13: RMSNorm."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _rms_norm(x, weight, eps):
    """x (..., d_model), weight (d_model,) → the normalised and scaled vectors, (..., d_model)."""
    return x / (x.square().mean(dim=-1, keepdim=True) + eps).sqrt() * weight


def _version(
    *,
    dim=-1,
    keepdim=True,
    total="mean",
    eps="inside",
    its_eps=lambda eps: eps,
    root=True,
    times=False,
    centred="no",
    scale="after",
):
    """RMSNorm; the options are the ways to get it wrong."""

    def rms_norm(x, weight, eps_given):
        e = its_eps(eps_given)
        if centred == "yes":
            x = x - x.mean(dim=-1, keepdim=True)
        if scale == "before":
            x = x * weight
        squares = (x + e if eps == "x" else x).square()
        if centred == "below":
            squares = (x - x.mean(dim=-1, keepdim=True)).square()
        mean = squares.sum(dim, keepdim=keepdim) if total == "sum" else squares.mean(dim, keepdim=keepdim)
        if total in ("unbiased", "vectors"):
            mean = squares.sum(dim, keepdim=True) / (x.shape[-1] - 1 if total == "unbiased" else x.shape[0])
        if total == "of means":
            mean = x.mean(dim, keepdim=keepdim).square()
        if eps == "inside":
            mean = mean + e
        elif eps == "clamp":
            mean = mean.clamp(min=e)
        rms = mean.sqrt() if root else mean
        rms = rms.clamp(min=e) if eps == "clamp root" else rms
        if total == "absolute":
            rms = x.abs().mean(dim, keepdim=keepdim) + e
        if total == "roots":
            rms = (x.square() + e).sqrt().mean(dim, keepdim=keepdim)
        rms = rms + e if eps == "outside" else rms
        y = x * rms if times else x / rms
        return {
            "after": lambda: y * weight,
            "before": lambda: y,
            "none": lambda: y,
            "plus": lambda: y + weight,
            "x": lambda: x + y * weight,
            "rms": lambda: rms,
            "one more": lambda: y * (1 + weight),
            "divided": lambda: y / weight,
            "eps": lambda: y + e * weight,
        }[scale]()

    return rms_norm


def _unit_length(x, weight, eps):
    return F.normalize(x, dim=-1, eps=max(eps, 1e-12)) * weight


def _standard_deviation(x, weight, eps):
    return x / (x.std(dim=-1, keepdim=True) + eps) * weight


def _all_but_the_first(x, weight, eps):
    behind = tuple(range(1, x.dim()))
    return x / (x.square().mean(behind, keepdim=True) + eps).sqrt() * weight


def _in_place(x, weight, eps):
    x /= (x.square().mean(dim=-1, keepdim=True) + eps).sqrt()
    return x * weight


def _cases() -> list[tuple]:
    generator = seeded(131)

    def case(rows: list | Tensor, eps: float, weighted: bool = True) -> tuple:
        x = torch.as_tensor(rows)
        d_model = x.shape[-1]
        weight = 1.5 + 0.5 * torch.randn(d_model, generator=generator) if weighted else torch.ones(d_model)
        return x, weight, eps

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) + 0.5

    return [
        case([[3.0, 4.0]], 0.0, weighted=False),
        case([[1.0, 2.0, 2.0, 4.0], [30.0, 10.0, 20.0, 20.0], [0.1, -0.4, 0.2, 0.9]], 0.0, weighted=False),
        case([[1.0, 2.0, 2.0, 4.0]], 0.75, weighted=False),
        case([[1.0, -2.0, 2.0, 4.0]], 0.0),
        case(0.002 * randn(3, 6), 1e-5),
        case([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]], 1e-3),
        case(randn(4, 4), 1e-3),
        case(randn(2, 2, 3, 5), 1e-2),
        case(randn(2, 3, 5), 0.1),
    ]


_OWN_EPS = "You used an eps of your own, or PyTorch's default. Models differ in it: use the argument eps."

RMS_NORM = Exercise(
    id="13.rms_norm",
    title="RMSNorm",
    points=1,
    reference=_rms_norm,
    cases=_cases,
    properties=[
        has_shape("Is the shape unchanged, (…, d_model)?"),
        matches_reference(
            "With one vector, weights of 1 and eps = 0: is it divided by the root of the mean of its squares?",
            cases=0,
        ),
        matches_reference("With three vectors, does each have its own root mean square?", cases=1),
        matches_reference("Is eps added to the mean of the squares, before the root?", cases=2),
        matches_reference("Is each feature multiplied by its weight afterwards?", cases=3),
        matches_reference("With features near 0, does the eps that was given decide?", cases=4),
        matches_reference("Does a vector of zeros stay one, without NaN?", cases=5),
        matches_reference("With as many vectors as features, does each vector have its own?", cases=6),
        matches_reference("With a batch, and with heads too, is it still the last dimension?", cases=[8, 7]),
    ],
    hints=[
        "Root, mean, square: in which order are the three computed?",
        "Square every feature, take the mean over the last dimension, add eps, take the root. keepdim=True keeps the "
        "dimension for broadcasting. Nothing is subtracted.",
        "`mean_square = x.square().mean(dim=-1, keepdim=True)`, (..., 1). Divide x by the root of that plus eps.",
    ],
    mistakes=[
        Mistake(
            "centred",
            _version(centred="yes"),
            "You subtracted the mean, as layer normalisation does. RMSNorm leaves the mean in x.",
        ),
        Mistake(
            "variance for the mean of the squares",
            _version(centred="below"),
            "You divided by the standard deviation, from which the mean is subtracted. Take the mean of x² itself.",
        ),
        Mistake(
            "torch.std",
            _standard_deviation,
            "torch.std subtracts the mean and divides by d_model − 1. Take the root of the mean of x² itself.",
        ),
        Mistake(
            "eps outside the root",
            _version(eps="outside"),
            "You added eps to the root; it is added to the mean of the squares, before the root.",
        ),
        Mistake(
            "eps left out", _version(eps="never"), "You left out eps: a vector of zeros becomes 0/0, NaN."
        ),
        Mistake(
            "eps as a lower bound",
            _version(eps="clamp"),
            "You used eps as a lower bound. It is added to the mean of the squares, whatever that is.",
        ),
        Mistake(
            "eps as a lower bound of the root",
            _version(eps="clamp root"),
            "You used eps as a lower bound of the root. It is added to the mean of the squares, whatever that is.",
        ),
        Mistake(
            "eps added to x",
            _version(eps="x"),
            "You added eps to x. Square first, take the mean, then add eps.",
        ),
        *(
            Mistake(f"eps of its own: {name}", _version(its_eps=lambda eps, own=own: own), _OWN_EPS)
            for name, own in (("1e-5", 1e-5), ("1e-6", 1e-6), ("1e-8", 1e-8), ("PyTorch's", 1.1920929e-7))
        ),
        Mistake(
            "sum of the squares",
            _version(total="sum"),
            "You added the squares up; take their mean, which divides by d_model.",
        ),
        Mistake(
            "divided by d_model − 1",
            _version(total="unbiased"),
            "You divided the sum of the squares by d_model − 1; its mean divides by d_model.",
        ),
        Mistake(
            "divided by the number of vectors",
            _version(total="vectors"),
            "You divided the sum of the squares by x.shape[0], or len(x): the number of vectors, not of features.",
        ),
        Mistake(
            "x added",
            _version(scale="x"),
            "You added x. The residual connection is the block's; return the normalised vectors.",
        ),
        Mistake(
            "root mean square", _version(scale="rms"), "You returned the root mean square; divide x by it."
        ),
        Mistake(
            "unit length",
            _unit_length,
            "You gave each vector length 1. Its root mean square is to be 1, so its length √d_model: take the mean of "
            "the squares, not their sum.",
        ),
        Mistake(
            "mean of the absolute values",
            _version(total="absolute", eps="never"),
            "You divided by the mean of |x|. Square first, take the mean, then the root of that mean.",
        ),
        Mistake(
            "mean of the roots",
            _version(total="roots", eps="never"),
            "You took the root of each square and then the mean, which gives the mean of |x|. The root comes last.",
        ),
        Mistake(
            "square of the mean",
            _version(total="of means"),
            "You squared the mean. Square each feature first, then take the mean.",
        ),
        Mistake(
            "no root", _version(root=False), "You divided by the mean of the squares; divide by its root."
        ),
        Mistake("multiplied", _version(times=True), "You multiplied by the root mean square; divide by it."),
        Mistake(
            "no weight", _version(scale="none"), "You left out weight, the learned scale of each feature."
        ),
        Mistake(
            "weight added", _version(scale="plus"), "You added weight; multiply by it, feature by feature."
        ),
        Mistake(
            "one plus the weight",
            _version(scale="one more"),
            "You multiplied by 1 + weight, as Gemma does. SmolLM2 stores the scale itself: multiply by weight.",
        ),
        Mistake(
            "divided by the weight",
            _version(scale="divided"),
            "You divided by weight too: mind the brackets. Divide by the root, then multiply by weight.",
        ),
        Mistake(
            "weighted first",
            _version(scale="before"),
            "You multiplied by weight before normalising, so it changed the root mean square too. Normalise first.",
        ),
        Mistake(
            "brackets",
            _version(eps="never", scale="eps"),
            "Brackets are missing: the root was taken without eps, and eps · weight was added at the end. Write "
            "(mean + eps).sqrt().",
        ),
        Mistake(
            "over everything",
            _version(dim=None),
            "You took one root mean square of all vectors together. Each vector has its own: dim=-1, keepdim=True.",
        ),
        Mistake(
            "over the tokens",
            _version(dim=-2),
            "You took the mean over the tokens, so one token's output depends on the others. Take it over the "
            "features, dim=-1.",
        ),
        Mistake(
            "over dimension 0",
            _version(dim=0),
            "You took the mean over dimension 0, the batch. Take it over the features, dim=-1.",
        ),
        Mistake(
            "over dimension 1",
            _version(dim=1),
            "You took the mean over dimension 1. x may have any number of leading dimensions: the features are dim=-1.",
        ),
        Mistake(
            "over all dimensions but the first",
            _all_but_the_first,
            "You took one root mean square of all that is behind dimension 0. Each vector has its own: dim=-1.",
        ),
        Mistake(
            "no keepdim",
            _version(keepdim=False),
            "Without keepdim=True the mean has shape (…) and broadcasts along the features, so a vector is divided by "
            "its neighbours' numbers, or the shapes do not fit.",
        ),
        Mistake(
            "in place",
            _in_place,
            "Your numbers are right, but /= changed the caller's x, which the residual connection still needs.",
        ),
    ],
)
