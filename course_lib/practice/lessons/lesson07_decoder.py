"""Lesson 07: how a decoder looks into the source, and what it is told to aim at."""

import math

import torch
import torch.nn.functional as F

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _cross(
    asking: str = "x",
    found: str = "memory",
    given: str = "memory",
    scale: str = "d_k",
    dim: int = -1,
    causal: bool = False,
):
    """Cross-attention of one head; the options are the ways to get it wrong."""

    def attend(x, memory, W_Q, W_K, W_V):
        sides = {"x": x, "memory": memory}
        Q, K, V = sides[asking] @ W_Q, sides[found] @ W_K, sides[given] @ W_V
        scores = Q @ K.T / math.sqrt({"d_k": K.shape[-1], "d_model": x.shape[-1], "none": 1}[scale])
        if causal:
            ahead = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
            scores = scores.masked_fill(ahead, -math.inf)
        return scores.softmax(dim) @ V

    return attend


def _cross_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(3)

    def case(target_len: int, source_len: int, d_model: int, d_k: int, d_v: int) -> tuple:
        shapes = (target_len, d_model), (source_len, d_model), (d_model, d_k), (d_model, d_k), (d_model, d_v)
        return tuple(torch.randn(*shape, generator=generator) for shape in shapes)

    return [case(1, 3, 2, 1, 2), case(2, 4, 3, 4, 2), case(4, 4, 3, 4, 3)]


def _shuffled(x, memory, W_Q, W_K, W_V):
    return x, memory.flip(0), W_Q, W_K, W_V


CROSS_ATTENTION = Exercise(
    id="07.cross_attention",
    title="Cross-attention",
    reference=_cross(),
    cases=_cross_cases,
    properties=[
        has_shape("Is there one output for each token of x, (target_len, d_v)?"),
        matches_reference(
            "One token that asks, d_k = 1: are the memory's values mixed by softmax(Q Kᵀ / √d_k)?", cases=0
        ),
        matches_reference("With two tokens, four in the memory, d_k = 4?", cases=1),
        matches_reference(
            "And where x and memory are equally long, so that every mix-up has a shape?", cases=2
        ),
        unchanged_when("If the memory's tokens are shuffled, does the output stay?", _shuffled),
    ],
    hints=[
        "Who asks? Who is found, and what is handed over? Only one of Q, K, V comes from x.",
        "Q = x W_Q, K = memory W_K, V = memory W_V; then scaled dot-product attention as in lesson 06.",
        "(x @ W_Q @ (memory @ W_K).T / math.sqrt(W_K.shape[1])).softmax(dim=-1) @ (memory @ W_V)",
    ],
    mistakes=[
        Mistake(
            "queries from the memory",
            _cross(asking="memory", found="x", given="x"),
            "You let the memory ask and x answer. The one that writes asks: Q from x, K and V from the memory.",
        ),
        Mistake(
            "only the queries from the memory",
            _cross(asking="memory"),
            "You took the queries from the memory, too: that is the source looking at itself. Q comes from x.",
        ),
        Mistake(
            "self-attention",
            _cross(found="x", given="x"),
            "You never looked at the memory: with keys and values from x it is self-attention.",
        ),
        Mistake(
            "values from x",
            _cross(given="x"),
            "You took the values from x: what is handed over must come from where it was found, the memory.",
        ),
        Mistake(
            "keys from x",
            _cross(found="x"),
            "You took the keys from x, the values from the memory: keys and values belong together, one pair a token.",
        ),
        Mistake("no scale", _cross(scale="none"), "You did not divide by √d_k."),
        Mistake(
            "scale of the model",
            _cross(scale="d_model"),
            "You divided by √d_model; the scores are sums over the d_k features of a key: √d_k.",
        ),
        Mistake(
            "causal",
            _cross(causal=True),
            "You hid the memory's later tokens. Nothing in the source is ahead of the one that writes: no causal mask.",
        ),
        Mistake(
            "softmax over the queries",
            _cross(dim=0),
            "You took the softmax over the queries (dim=0); each query shares out its own 1 among the memory's tokens.",
        ),
    ],
)


def _smooth(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size


def _filled(true, others):
    """Targets whose true symbol has one probability and whose others have another."""

    def smooth(targets, vocab_size, epsilon):
        result = torch.full((len(targets), vocab_size), float(others(vocab_size, epsilon)))
        result[torch.arange(len(targets)), targets] = float(true(vocab_size, epsilon))
        return result

    return smooth


def _rows_sum_to_one(result, *_) -> bool | str:
    sums = result.sum(dim=-1)
    t = int((sums - 1).abs().argmax())
    return bool((sums - 1).abs().max() < 1e-4) or f"your row {t} sums to {sums[t]:.3f}, not to 1."


SMOOTH_TARGETS = Exercise(
    id="07.smooth_targets",
    title="Smoothed targets",
    reference=_smooth,
    cases=lambda: [
        (torch.tensor([1]), 4, 0.0),
        (torch.tensor([1]), 4, 0.2),
        (torch.tensor([0, 2, 2]), 3, 0.3),
        (torch.tensor([5, 0, 9]), 10, 0.1),
    ],
    properties=[
        has_shape("Is there a row for each target, a column for each symbol: (n, vocab_size)?"),
        matches_reference("With epsilon 0: is it 1 at the true symbol, 0 elsewhere?", cases=0),
        holds("Does every row sum to 1?", _rows_sum_to_one),
        matches_reference("With epsilon 0.2 and four symbols: who gets how much?", cases=1),
        matches_reference("And for several targets?", cases=(2, 3)),
    ],
    hints=[
        "Take epsilon away from the true symbol, and share it out among all vocab_size symbols, the true one included.",
        "Everybody gets epsilon / vocab_size; the true symbol 1 − epsilon on top of that.",
        "(1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size",
    ],
    mistakes=[
        Mistake(
            "shared among the others",
            _filled(lambda V, e: 1 - e, lambda V, e: e / (V - 1)),
            "You shared epsilon out among the V − 1 *other* symbols. The paper's formula, and F.cross_entropy, share "
            "it among all V: the true symbol keeps 1 − ε + ε/V.",
        ),
        Mistake(
            "the true symbol's share forgotten",
            _filled(lambda V, e: 1 - e, lambda V, e: e / V),
            "Your rows sum to less than 1: the true symbol gets its share ε/V, too, on top of 1 − ε.",
        ),
        Mistake(
            "not taken away",
            _filled(lambda V, e: 1 + e / V, lambda V, e: e / V),
            "You gave everybody ε/V without taking ε from the true symbol: rows sum to 1 + ε.",
        ),
        Mistake(
            "not smoothed",
            _filled(lambda V, e: 1, lambda V, e: 0),
            "That is one-hot, whatever epsilon is.",
        ),
        Mistake(
            "epsilon for each",
            _filled(lambda V, e: 1 - e, lambda V, e: e),
            "You gave epsilon to each of the others; all of them together get it: divide by vocab_size.",
        ),
        Mistake(
            "turned over",
            _filled(lambda V, e: e + (1 - e) / V, lambda V, e: (1 - e) / V),
            "You exchanged ε and 1 − ε: the true symbol should keep most of it.",
        ),
    ],
)
