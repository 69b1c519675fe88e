"""Lesson 12: attention rollout, the product of the layers’ maps."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _rollout(own: float = 0.5, order: str = "last on the left", start: str = "identity", heads="mean"):
    """Rollout; the options are the ways to get it wrong."""

    def roll(A):
        time = A.shape[-1]
        eye = torch.eye(time, dtype=A.dtype)
        result = eye
        for layer in A:
            mixed = {"mean": layer.mean, "sum": layer.sum, "max": layer.amax}[heads](dim=0)
            step = (1 - own) * mixed + own * eye
            result = step @ result if order == "last on the left" else result @ step
        return result

    return roll


def _rollout_cases() -> list[tuple]:
    generator = seeded(2)

    def maps(layers: int, heads: int, time: int) -> tuple:
        return (torch.randn(layers, heads, time, time, generator=generator).mul(2).softmax(dim=-1),)

    first = torch.tensor([[1.0, 0.0], [1.0, 0.0]])  # both tokens attend to the first
    return [(first[None, None],), maps(1, 3, 3), maps(2, 1, 3), maps(4, 2, 5)]


def _rows_sum_to_one(result, *_) -> bool | str:
    sums = result.sum(dim=-1)
    t = int((sums - 1).abs().argmax())
    return bool((sums - 1).abs().max() < 1e-4) or f"your row {t} sums to {sums[t]:.3f}, not to 1."


def _sum_of_layers(A):
    eye = torch.eye(A.shape[-1], dtype=A.dtype)
    return torch.stack([0.5 * layer.mean(dim=0) + 0.5 * eye for layer in A]).mean(dim=0)


def _not_halved(A):
    eye = torch.eye(A.shape[-1], dtype=A.dtype)
    result = eye
    for layer in A:
        result = (layer.mean(dim=0) + eye) @ result
    return result


def _elementwise(A):
    eye = torch.eye(A.shape[-1], dtype=A.dtype)
    result = eye
    for layer in A:
        result = (0.5 * layer.mean(dim=0) + 0.5 * eye) * result
    return result


def _power_of_the_mean(A):
    step = 0.5 * A.mean(dim=(0, 1)) + 0.5 * torch.eye(A.shape[-1], dtype=A.dtype)
    return torch.linalg.matrix_power(step, len(A))


def _residual_once(A):
    return 0.5 * _rollout(own=0.0)(A) + 0.5 * torch.eye(A.shape[-1], dtype=A.dtype)


def _restarted(A):
    eye = torch.eye(A.shape[-1], dtype=A.dtype)
    result = eye
    for layer in A:
        result = 0.5 * layer.mean(dim=0) @ result + 0.5 * eye
    return result


def _ones(A):
    result = torch.eye(A.shape[-1], dtype=A.dtype)
    for layer in A:
        result = (0.5 * layer.mean(dim=0) + 0.5 * torch.ones_like(result)) @ result
    return result


def _first_layer_bare(A):
    eye = torch.eye(A.shape[-1], dtype=A.dtype)
    result = A[0].mean(dim=0)
    for layer in A[1:]:
        result = (0.5 * layer.mean(dim=0) + 0.5 * eye) @ result
    return result


def _largest_rescaled(A):
    largest = A.amax(dim=1, keepdim=True)  # (layers, 1, time, time)
    return _rollout()(largest / largest.sum(dim=-1, keepdim=True))


def _head_by_head(A):
    return torch.stack([_rollout()(A[:, h : h + 1]) for h in range(A.shape[1])]).mean(dim=0)


ROLLOUT = Exercise(
    id="12.rollout",
    title="Attention rollout",
    reference=_rollout(),
    cases=_rollout_cases,
    properties=[
        has_shape("Is it one map, (time, time)?"),
        matches_reference(
            "One layer, one head, both tokens attend to the first: does the second keep half of itself?",
            cases=0,
        ),
        holds("Does every row sum to 1?", _rows_sum_to_one),
        matches_reference("With three heads: is it their mean?", cases=1),
        matches_reference("With two layers: is the later one on the left?", cases=2),
        matches_reference("With four layers of two heads?", cases=3),
    ],
    hints=[
        "Each layer: the mean of its heads, half of it, and half of the identity (the residual path). Then multiply.",
        "R starts as the identity; for each layer, the first one first: R = (0.5 · mean + 0.5 · I) @ R.",
        "eye = torch.eye(A.shape[-1]); R = eye; for layer in A: R = (0.5 * layer.mean(dim=0) + 0.5 * eye) @ R",
    ],
    mistakes=[
        Mistake(
            "layers in reverse order",
            _rollout(order="last on the right"),
            "You multiplied in the wrong order. The last layer reads what the layers below have made, so its map is "
            "on the left: R = step @ R.",
        ),
        Mistake(
            "no residual",
            _rollout(own=0.0),
            "You left out the residual path: each token also keeps itself, half of the identity.",
        ),
        Mistake(
            "not halved",
            _not_halved,
            "You added the identity without halving: rows sum to 2, then 4, then 8. Take half of each.",
        ),
        Mistake(
            "element by element",
            _elementwise,
            "You multiplied element by element: only the diagonal is left. The layers' maps are matrices: step @ R.",
        ),
        Mistake(
            "sum of the heads",
            _rollout(heads="sum"),
            "You summed the heads; take their mean, so that rows still sum to 1.",
        ),
        Mistake(
            "mean of the layers",
            _sum_of_layers,
            "You averaged the layers. They act one after the other: multiply their maps.",
        ),
        Mistake(
            "the last layer only",
            lambda A: _rollout()(A[-1:]),
            "You used the last layer only; each layer passes on what the one below it made.",
        ),
        Mistake(
            "the first layer left out",
            lambda A: _rollout()(A[1:]),
            "You left out the first layer. R starts as the identity, and every layer of A is multiplied.",
        ),
        Mistake(
            "a power of the mean",
            _power_of_the_mean,
            "You averaged the layers and took a power of the mean. Each layer has its own map: multiply them in turn.",
        ),
        Mistake(
            "the residual path once",
            _residual_once,
            "You added the identity once, at the end. Each layer has a residual connection: add it in each.",
        ),
        Mistake(
            "the strongest head",
            _rollout(heads="max"),
            "You took the largest weight of any head; take the mean over the heads, so that rows still sum to 1.",
        ),
        Mistake(
            "the strongest head, rescaled",
            _largest_rescaled,
            "You took the largest weight of any head and rescaled the rows; take the mean over the heads.",
        ),
        Mistake(
            "the first layer without its residual",
            _first_layer_bare,
            "Your R starts as the first layer's map, without its residual path. Start with the identity and multiply "
            "every layer.",
        ),
        Mistake(
            "ones for the identity",
            _ones,
            "You added a matrix of ones. A token's residual path leads to itself only: torch.eye, not torch.ones.",
        ),
        Mistake(
            "the identity for R",
            _restarted,
            "Your residual path leads to the layer's input token, I, but it carries all of R: (½ mean + ½ I) @ R is "
            "½ mean @ R + ½ R.",
        ),
        Mistake(
            "transposed",
            lambda A: _rollout()(A).T,
            "Your map is transposed: row t is for the final vector of token t, and rows sum to 1.",
        ),
        Mistake(
            "averaged over the queries",
            lambda A: _rollout()(A).mean(dim=0),
            "You averaged over the rows. Return the whole last R, a row for each final token.",
        ),
        Mistake(
            "every step",
            lambda A: torch.stack([_rollout()(A[: n + 1]) for n in range(len(A))]),
            "You returned R after every layer. Return the last one only.",
        ),
        Mistake(
            "each head by itself",
            _head_by_head,
            "You multiplied each head's maps and averaged at the end. Average the heads in each layer, then multiply.",
        ),
    ],
)
