"""Lesson 12: choose a head, judge it on held-out sentences and a control, ablate it; which needs no word order."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _mean_scores(examples: list[tuple], exchanged: bool = False, pooled: bool = False) -> Tensor:
    """(layers, heads): the mean weight of the pairs in each sentence, then the mean over the sentences."""
    scores = []
    for A, pairs in examples:
        rows = [A[:, :, k, q] if exchanged else A[:, :, q, k] for q, k in pairs]
        scores.append(torch.stack(rows))  # (pairs, layers, heads)
    if pooled:
        return torch.cat(scores).mean(dim=0)
    return torch.stack([score.mean(dim=0) for score in scores]).mean(dim=0)


def _study(
    *, choose="choosing", exchanged=False, pooled=False, control="this head", by="heads", largest=True,
    others="one at a time", with_itself=False, every_layer=False, kept="share",
):  # fmt: skip
    """The whole study; the options are the ways to get it wrong."""

    def study(choosing, judging, control_examples, movement):
        chosen_on = {"choosing": choosing, "judging": judging}[choose]
        grid = _mean_scores(chosen_on, exchanged, pooled)
        n_layers, n_heads = grid.shape
        flat = int(grid.argmax() if largest else grid.argmin())
        layer, head = divmod(flat, n_heads if by == "heads" else n_layers)
        layer, head = layer % n_layers, head % n_heads
        on_control = _mean_scores(control_examples, exchanged, pooled)
        intact, ablated = movement([]), movement([(layer, head)])
        layers = range(n_layers) if every_layer else [layer]
        rest = [(n, h) for n in layers for h in range(n_heads) if with_itself or (n, h) != (layer, head)]
        if others == "together":
            without_others = movement(rest)
        else:
            without_others = sum(movement([one]) for one in rest) / len(rest)
        unit = 1.0 if kept == "raw" else intact
        result = {
            "head": (layer, head),
            "score": float(_mean_scores(judging, exchanged, pooled)[layer, head]),
            "control": float(on_control.max() if control == "its best head" else on_control[layer, head]),
            "kept": float(ablated / unit),
            "kept without another": float(without_others / unit),
        }
        if kept == "lost":
            for name in ("kept", "kept without another"):
                result[name] = 1 - result[name]
        return result

    return study


def _movement(effects: Tensor, intact: float) -> Callable[[list], float]:
    """movement(heads): how far vectors move with these heads ablated; each takes a share, effects (layers, heads)."""

    def movement(heads):
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
    generator = torch.Generator().manual_seed(6)

    def case(n_layers: int, n_heads: int, strong: tuple, stronger: tuple, n: int, intact: float) -> tuple:
        """`strong` wins where heads are chosen, `stronger` where they are judged, so that a leak shows."""
        sizes = (n_layers, n_heads)
        return (
            _examples(n, *sizes, strong, generator),
            _examples(n + 1, *sizes, stronger, generator),
            _examples(n - 1, *sizes, stronger, generator),
            _movement(torch.rand(*sizes, generator=generator) * 0.6, intact),
        )

    one_pair = torch.tensor([[[[0.9, 0.1], [0.5, 0.5]], [[0.8, 0.2], [0.3, 0.7]]]])  # one layer of two heads
    small = [(one_pair, [(1, 0)])]
    return [
        (small, small, small, _movement(torch.tensor([[0.5, 0.25]]), 1.0)),
        case(3, 4, (1, 2), (2, 0), 5, 1.0),
        case(2, 5, (1, 3), (0, 1), 6, 4.0),
        case(5, 3, (3, 1), (1, 2), 7, 0.25),
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
    reference=_study(),
    cases=_study_cases,
    properties=[
        has_shape(
            'Is it a dictionary of "head" (layer, head), "score", "control", "kept" and "kept without another"?'
        ),
        holds("With one layer of two heads, is the head with the larger score chosen?", _right_head, cases=0),
        holds(
            "With several layers, is the head chosen on `choosing` alone, and named (layer, head)?",
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
            _study(choose="judging"),
            "You chose the head on the sentences that judge it, so its score is too good. Choose on `choosing`.",
        ),
        Mistake(
            "query and key exchanged",
            _study(exchanged=True),
            "You exchanged query and key: a pair is (query, key), and rows are queries: A[:, :, query, key].",
        ),
        Mistake(
            "all pairs pooled",
            _study(pooled=True),
            "You averaged over all pairs at once, so sentences with many pairs count more. Average in each "
            "sentence first.",
        ),
        Mistake(
            "the control's best head",
            _study(control="its best head"),
            "You took the best head of the control. The control asks what the *chosen* head does there.",
        ),
        Mistake(
            "divided by the layers",
            _study(by="layers"),
            "You divided the flat index by the number of layers. A row has n_heads entries: divmod(index, n_heads).",
        ),
        Mistake(
            "the smallest score",
            _study(largest=False),
            "You chose the head with the smallest score.",
        ),
        Mistake(
            "others together",
            _study(others="together"),
            "You ablated all other heads of the layer together. Ablate one at a time and average.",
        ),
        Mistake(
            "itself among the others",
            _study(with_itself=True),
            "The chosen head is among your others: leave it out of the comparison.",
        ),
        Mistake(
            "others of every layer",
            _study(every_layer=True),
            "You compared with the heads of all layers. Compare with the other heads of the same layer.",
        ),
        Mistake(
            "not divided by the intact model",
            _study(kept="raw"),
            "You returned the movement itself. Divide by that of the intact model, `movement([])`.",
        ),
        Mistake(
            "what is lost",
            _study(kept="lost"),
            "You returned what is lost; asked for is the share that is kept.",
        ),
    ],
)

NEEDS_NO_ORDER = Exercise(
    id="12.needs_no_order",
    title="Which head needs no word order?",
    reference="gender",
    properties=[
        holds(
            'Is it one of "previous token", "next token", "its noun" and "gender"?',
            lambda name: (
                name in ("previous token", "next token", "its noun", "gender")
                or "expected one of the four names."
            ),
        ),
        matches_reference(
            "Is it the head that keeps the largest share of its score when words are shuffled?"
        ),
    ],
    hints=[
        "What can each head know about a pair of words that were moved apart?",
        "After shuffling, the old neighbour is somewhere else. Which pair can still be recognised from the two words "
        "alone?",
        "Run `kept_when_shuffled(name)` for the four names and take the largest.",
    ],
    mistakes=[
        Mistake(
            "previous token",
            "previous token",
            "The pair is no longer adjacent after shuffling, and this head goes by position: its score collapses.",
        ),
        Mistake(
            "next token",
            "next token",
            "This head goes by position too: once the pair is separated, little of its score is left.",
        ),
        Mistake(
            "its noun",
            "its noun",
            "This head keeps part of its score, because it prefers nouns, but it loses more than another head does.",
        ),
    ],
)
