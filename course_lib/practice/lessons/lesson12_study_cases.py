"""Lesson 12: the study of a head, the ways to get it wrong, and sentences on which they differ."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded


def _mean_scores(examples: list[tuple], slip: str = "") -> Tensor:
    """(layers, heads): the mean weight of the pairs in each sentence, then the mean over the sentences."""
    scores = []
    for A, pairs in examples:
        if slip == "first pair":
            pairs = pairs[:1]
        if slip == "every combination":
            pairs = [(q, k) for q, _ in pairs for _, k in pairs]
        queries, keys = (list(places) for places in zip(*pairs, strict=True))
        weights = A[:, :, keys, queries] if slip == "exchanged" else A[:, :, queries, keys]
        scores.append(weights)  # (layers, heads, pairs)
    if slip == "pooled":
        return torch.cat(scores, dim=-1).mean(dim=-1)
    over_pairs = {"summed": torch.sum, "strongest pair": torch.amax}.get(slip, torch.mean)
    return torch.stack([over_pairs(weights, dim=-1) for weights in scores]).mean(dim=0)


def _chosen(grid: Tensor, slip: str) -> tuple[int, int]:
    n_layers, n_heads = grid.shape
    if slip == "last layer":
        return n_layers - 1, int(grid[-1].argmax())
    flat = int(grid.argmin() if slip == "smallest" else grid.argmax())
    layer, head = divmod(flat, n_layers if slip == "divided by layers" else n_heads)
    return layer % n_layers, head % n_heads


def _without_others(movement, layer: int, head: int, n_layers: int, n_heads: int, slip: str) -> float:
    """How far queries move with another head ablated, averaged over the others."""
    row = [(layer, other) for other in range(n_heads) if other != head]
    every = [(n, h) for n in range(n_layers) for h in range(n_heads) if (n, h) != (layer, head)]
    if slip == "others together":
        return movement(row)
    ablated = {
        "itself too": [[(layer, h)] for h in range(n_heads)],
        "every layer": [[place] for place in every],
        "both": [[(layer, head), place] for place in row],
        "same number": [[(n, head)] for n in range(n_layers) if n != layer],
        "neighbour": [[(layer, (head + 1) % n_heads)]],
    }.get(slip, [[place] for place in row])
    return sum(map(movement, ablated)) / (n_heads if slip == "divided by all" else len(ablated))


def study(slip: str = "") -> Callable[..., dict]:
    """The whole study; slip is a way to get it wrong."""

    def studied(choosing, judging, control, movement):
        grid = _mean_scores(judging if slip == "chosen on judging" else choosing, slip)
        if slip == "minus control":
            grid = grid - _mean_scores(control)
        layer, head = _chosen(grid, slip)
        on_judging = _mean_scores(choosing if slip == "judged on choosing" else judging, slip)
        own_best = slip == "each list's best"
        score = float(on_judging.max() if own_best or slip == "judging's best" else on_judging[layer, head])
        on_control = _mean_scores(control, slip)
        controlled = float(on_control.max() if own_best or slip == "control's best" else on_control[layer, head])
        intact = movement([])
        kept = movement((layer, head) if slip == "no list" else [(layer, head)]) / intact
        another = _without_others(movement, layer, head, *grid.shape, slip) / intact
        if slip == "raw":
            kept, another = kept * intact, another * intact
        if slip == "difference":
            kept, another = intact * (kept - 1), intact * (another - 1)
        if slip == "lost":
            kept, another = 1 - kept, 1 - another
        if slip == "inverse":
            kept, another = 1 / kept, 1 / another
        if slip == "relative":
            another = another / kept
        named = {"head first": (head, layer), "flat": layer * grid.shape[1] + head}
        return {
            "head": named.get(slip, (layer, head)),
            "score": score - controlled if slip == "control subtracted" else score,
            "control": controlled / score if slip == "control's share" else controlled,
            "kept": float(kept),
            "kept without another": float(another),
        }

    return studied


def _movement(effects: Tensor, intact: float) -> Callable[[list], float]:
    """movement(heads): how far vectors move with these heads ablated; each takes a share, effects (layers, heads)."""

    def movement(heads):
        if not all(isinstance(place, tuple | list) for place in heads):
            raise TypeError("movement takes a list of (layer, head) pairs, such as [(0, 1)]")
        moved = intact
        for layer, head in heads:
            moved = moved * (1 - float(effects[layer, head]))
        return moved

    return movement


def _examples(n: int, n_layers: int, n_heads: int, strong: tuple, generator: torch.Generator) -> list[tuple]:
    """Sentences of different lengths with one to three pairs; the head `strong` gives these pairs more weight."""
    examples = []
    for number in range(n):
        time = 4 + (3 * number) % 5
        scores = torch.randn(n_layers, n_heads, time, time, generator=generator)
        pairs = []
        for _ in range(1 + number % 3):
            query, key = torch.randperm(time, generator=generator)[:2].tolist()
            pairs.append((query, key))
            if strong:
                scores[(*strong, query, key)] += 2.0
        examples.append((scores.softmax(dim=-1), pairs))
    return examples


def _two_pairs(*weights: tuple[float, float]) -> list[tuple]:
    """One sentence of three tokens for two layers of two heads, whose weights on its two pairs are given."""
    rows = [[[1.0, 0, 0], [one, 0, 1 - one], [1 - other, other, 0]] for one, other in weights]
    return [(torch.tensor(rows).view(2, 2, 3, 3), [(1, 0), (2, 1)])]


def study_cases() -> list[tuple]:
    generator = seeded(6)

    def case(n_layers: int, n_heads: int, strong: tuple, stronger: tuple, n: int, intact: float) -> tuple:
        """`strong` wins where heads are chosen, `stronger` where they are judged, so that a leak shows."""
        sizes = (n_layers, n_heads)
        return (
            _examples(n, *sizes, strong, generator),
            _examples(n + 1, *sizes, stronger, generator),
            _examples(n - 1, *sizes, stronger, generator),
            _movement(torch.rand(*sizes, generator=generator) * 0.6, intact),
        )

    heads = [
        [[0.9, 0.1], [0.5, 0.5]],
        [[0.8, 0.2], [0.3, 0.7]],
        [[0.8, 0.2], [0.2, 0.8]],
        [[0.6, 0.4], [0.4, 0.6]],
    ]
    one_pair = torch.tensor(heads).view(2, 2, 2, 2)  # (layers, heads, time, time)
    small = [(one_pair, [(1, 0)])]
    return [
        (small, small, small, _movement(torch.tensor([[0.5, 0.25], [0.125, 0.375]]), 1.0)),
        case(3, 4, (1, 2), (2, 0), 5, 1.0),
        case(2, 5, (1, 3), (0, 1), 4, 4.0),
        case(5, 3, (3, 1), (1, 2), 5, 0.25),
        (  # one head has the strongest pair, one the largest mean, one the largest difference from its control
            _two_pairs((0.9, 0.0), (0.5, 0.5), (0.4, 0.4), (0.1, 0.2)),
            _two_pairs((0.7, 0.1), (0.2, 0.4), (0.5, 0.6), (0.1, 0.1)),
            _two_pairs((0.4, 0.3), (0.5, 0.3), (0.0, 0.1), (0.2, 0.1)),
            _movement(torch.tensor([[0.125, 0.25], [0.5, 0.375]]), 2.0),
        ),
    ]
