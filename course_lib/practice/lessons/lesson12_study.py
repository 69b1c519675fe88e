"""Lesson 12: choose a head, judge it on held-out sentences and a control, ablate it."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


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
    means = [w.sum(dim=-1) if slip == "summed" else w.mean(dim=-1) for w in scores]
    return torch.stack(means).mean(dim=0)


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
    return sum(map(movement, ablated)) / len(ablated)


def _study(slip: str = "") -> Callable[..., dict]:
    """The whole study; slip is a way to get it wrong."""

    def study(choosing, judging, control_examples, movement):
        grid = _mean_scores(judging if slip == "chosen on judging" else choosing, slip)
        layer, head = _chosen(grid, slip)
        on_control = _mean_scores(control_examples, slip)
        intact = movement([])
        kept = movement((layer, head) if slip == "no list" else [(layer, head)]) / intact
        another = _without_others(movement, layer, head, *grid.shape, slip) / intact
        if slip == "raw":
            kept, another = kept * intact, another * intact
        if slip == "lost":
            kept, another = 1 - kept, 1 - another
        if slip == "inverse":
            kept, another = 1 / kept, 1 / another
        if slip == "relative":
            another = another / kept
        return {
            "head": (head, layer) if slip == "head first" else (layer, head),
            "score": float(
                _mean_scores(choosing if slip == "judged on choosing" else judging, slip)[layer, head]
            ),
            "control": float(on_control.max() if slip == "control's best" else on_control[layer, head]),
            "kept": float(kept),
            "kept without another": float(another),
        }

    return study


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


def _study_cases() -> list[tuple]:
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
    ]


def _correct(name: str) -> Callable[..., bool | str]:
    """A test of one entry only, so that the others can be wrong."""

    def test(result, *arguments):
        expected = _study()(*arguments)
        if abs(result[name] - expected[name]) < 1e-4:
            return True
        return f'your "{name}" is {result[name]:.3f}, expected {expected[name]:.3f}.'

    return test


def _right_head(result, *arguments) -> bool | str:
    expected = _study()(*arguments)["head"]
    if tuple(int(number) for number in result["head"]) == expected:
        return True
    return f"you chose (layer, head) = {tuple(result['head'])}, expected {expected}."


STUDY_HEAD = Exercise(
    id="12.study_head",
    title="Find a head, control it, ablate it",
    points=4,
    reference=_study(),
    cases=_study_cases,
    properties=[
        has_shape(
            'Is it a dictionary of "head" (layer, head), "score", "control", "kept" and "kept without another"?'
        ),
        holds(
            "With two layers of two heads, is the head with the largest score chosen?", _right_head, cases=0
        ),
        holds(
            "With more layers and heads, is the head chosen on `choosing` alone, and named (layer, head)?",
            _right_head,
            cases=(1, 2, 3),
        ),
        holds("Is its score that of the same head on `judging`?", _correct("score")),
        holds("Is the control the score of the same head on the control's sentences?", _correct("control")),
        holds("How much of the movement is kept with this head ablated?", _correct("kept")),
        holds(
            "How much is kept with one other head of the layer ablated, on average?",
            _correct("kept without another"),
        ),
        matches_reference("Are all five entries right, for several numbers of layers and heads?"),
    ],
    hints=[
        "Which three sets of sentences are there, and which of them may decide on the head?",
        "A grid (layers, heads) for each set: the mean over a sentence's pairs of A[:, :, query, key], then the mean "
        "over sentences. Choose by the first grid; read the same place in the other two.",
        "`layer, head = divmod(int(grid.argmax()), grid.shape[1])`; `movement([(layer, head)]) / movement([])` is what "
        "is kept; average the same ratio over the other heads of that layer.",
    ],
    mistakes=[
        Mistake(
            "chosen on the judging sentences",
            _study("chosen on judging"),
            "You chose the head on the sentences that judge it, so its score is too good. Choose on `choosing`.",
        ),
        Mistake(
            "query and key exchanged",
            _study("exchanged"),
            "You exchanged query and key: a pair is (query, key), and rows are queries: A[:, :, query, key].",
        ),
        Mistake(
            "all pairs pooled",
            _study("pooled"),
            "You averaged over all pairs at once, so sentences with many pairs count more. Average in each "
            "sentence first.",
        ),
        Mistake(
            "the control's best head",
            _study("control's best"),
            "You took the best head of the control. The control asks what the *chosen* head does there.",
        ),
        Mistake(
            "divided by the layers",
            _study("divided by layers"),
            "You divided the flat index by the number of layers. A row has n_heads entries: divmod(index, n_heads).",
        ),
        Mistake(
            "the smallest score",
            _study("smallest"),
            "You chose the head with the smallest score.",
        ),
        Mistake(
            "others together",
            _study("others together"),
            "You ablated all other heads of the layer together. Ablate one at a time and average.",
        ),
        Mistake(
            "itself among the others",
            _study("itself too"),
            "The chosen head is among your others: leave it out of the comparison.",
        ),
        Mistake(
            "others of every layer",
            _study("every layer"),
            "You compared with the heads of all layers. Compare with the other heads of the same layer.",
        ),
        Mistake(
            "not divided by the intact model",
            _study("raw"),
            "You returned the movement itself. Divide by that of the intact model, `movement([])`.",
        ),
        Mistake(
            "what is lost",
            _study("lost"),
            "You returned what is lost; asked for is the share that is kept.",
        ),
        Mistake(
            "judged on the choosing sentences",
            _study("judged on choosing"),
            "Your score comes from the sentences that chose the head, so it is too good. Read it from `judging`.",
        ),
        Mistake(
            "head before layer", _study("head first"), "You returned (head, layer); the layer comes first."
        ),
        Mistake(
            "the last layer's best head",
            _study("last layer"),
            "You looked for the head in the last layer only. Choose among the heads of all layers.",
        ),
        Mistake(
            "sum over the pairs",
            _study("summed"),
            "You summed over a sentence's pairs; take their mean, or sentences with many pairs count more.",
        ),
        Mistake(
            "the first pair only",
            _study("first pair"),
            "You used the first pair of each sentence only; average over all its pairs.",
        ),
        Mistake(
            "queries crossed with keys",
            _study("every combination"),
            "You combined every query with every key. A pair is one query and its key: A[:, :, queries, keys] picks "
            "the pairs, and indexing one after the other picks every combination.",
        ),
        Mistake(
            "both ablated",
            _study("both"),
            "You ablated the chosen head together with each other one. For the comparison only the other is ablated.",
        ),
        Mistake(
            "the same number in other layers",
            _study("same number"),
            "You compared with the head of the same number in other layers. Compare with the others of its layer.",
        ),
        Mistake(
            "one neighbour",
            _study("neighbour"),
            "You compared with one other head. Ablate each other head of the layer in turn, and average.",
        ),
        Mistake(
            "intact divided by ablated",
            _study("inverse"),
            "You divided the intact movement by the ablated one; it is the other way round.",
        ),
        Mistake(
            "relative to the chosen head",
            _study("relative"),
            "You divided by the movement without the chosen head. Both shares are relative to `movement([])`.",
        ),
        Mistake(
            "no list",
            _study("no list"),
            "You passed one (layer, head). `movement` takes a list of them: movement([(layer, head)]).",
        ),
    ],
)
