"""Lesson 07: cross-attention, and the targets of label smoothing."""

import math

import torch
import torch.nn.functional as F

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson07_gradient import can_learn
from course_lib.practice.properties import has_shape, holds, matches_reference

ARGUMENTS = ("x", "memory", "W_Q", "W_K", "W_V", "mask")


def _cross(
    *, asking="x", found="memory", given="memory", scale="d_k", dim=-1, causal=False, masking="right", cut=False,
    lowest=-math.inf, no_maximum=False,
):  # fmt: skip
    """Cross-attention of one head; the options are the ways to get it wrong."""

    def attend(x, memory, W_Q, W_K, W_V, mask):
        sides = {"x": x, "memory": memory.detach() if cut else memory}
        Q, K, V = sides[asking] @ W_Q, sides[found] @ W_K, sides[given] @ W_V
        sizes = {"d_k": K.shape[-1], "d_v": V.shape[-1], "d_model": x.shape[-1], "none": 1}
        scores = Q @ K.transpose(-2, -1) / (K.shape[-1] if scale == "square" else math.sqrt(sizes[scale]))
        if causal:
            ahead = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(diagonal=1)
            scores = scores.masked_fill(ahead, -math.inf)
        if mask is not None and masking in ("right", "inverted"):
            scores = scores.masked_fill(~mask if masking == "right" else mask, lowest)
        weights = scores.exp() / scores.exp().sum(dim, keepdim=True) if no_maximum else scores.softmax(dim)
        if mask is not None and masking == "late":
            weights = weights * mask
        return weights @ V

    return attend


def _cross_cases() -> list[tuple]:
    generator = seeded(3)

    def case(batch, target_len, source_len, d_model, d_k, d_v, mask=None, size=1.0) -> tuple:
        shapes = (
            (batch, target_len, d_model),
            (batch, source_len, d_model),
            (d_model, d_k),
            (d_model, d_k),
            (d_model, d_v),
        )
        x, memory, *weights = (torch.randn(*shape, generator=generator) for shape in shapes)
        return size * x, memory, *weights, mask

    padded = torch.tensor([[[True, True, True, False]], [[True, True, False, False]]])
    causal = torch.ones(1, 4, 4, dtype=torch.bool).tril()
    return [
        case(1, 1, 3, 2, 1, 2),
        case(1, 2, 4, 3, 4, 2),
        case(1, 4, 4, 3, 4, 2),
        case(3, 2, 5, 4, 2, 3),
        case(2, 4, 4, 4, 2, 4, mask=padded),
        case(2, 4, 4, 3, 5, 3, mask=causal),
        case(1, 3, 4, 3, 2, 3, size=1000.0),
        case(2, 4, 4, 3, 2, 3, mask=padded, size=1000.0),
    ]


CROSS_ATTENTION = Exercise(
    id="07.cross_attention",
    title="Cross-attention",
    reference=_cross(),
    cases=_cross_cases,
    properties=[
        has_shape("Is there one output for each token of x, (batch, target_len, d_v)?"),
        matches_reference(
            "With one query and d_k = 1, are the memory's values averaged by softmax(Q Kᵀ / √d_k)?", cases=0
        ),
        matches_reference("With two queries, four memory tokens and d_k = 4, is the scale right?", cases=1),
        matches_reference("Where x and memory are equally long, is each used in its place?", cases=2),
        matches_reference("With a batch of three, is every example treated by itself?", cases=3),
        matches_reference("With a padding mask, are the padded tokens of each source hidden?", cases=4),
        matches_reference(
            "With a causal mask, one for the whole batch, is it applied to every example?", cases=5
        ),
        matches_reference(
            "Are scores of many thousands safe, although their exponential is infinite?", cases=6
        ),
        matches_reference("Are padded tokens hidden where the other scores are far below −100?", cases=7),
        can_learn("Can x, the memory and all weights be trained?", ARGUMENTS, lambda: _cross_cases()[4]),
    ],
    hints=[
        "Which side asks, and which side is searched? Only one of Q, K, V comes from x.",
        "Q = x W_Q, K = memory W_K, V = memory W_V. Then lesson 06's scaled dot-product attention, with −∞ where the "
        "mask is False.",
        "`scores = Q @ K.transpose(-2, -1) / math.sqrt(K.shape[-1])` has shape (batch, target_len, source_len). The "
        "mask broadcasts to it: `scores.masked_fill(~mask, -math.inf)`.",
    ],
    mistakes=[
        Mistake(
            "queries from the memory",
            _cross(asking="memory", found="x", given="x"),
            "You exchanged the sides. The decoder asks: Q from x, K and V from the memory.",
        ),
        Mistake(
            "only the queries from the memory",
            _cross(asking="memory"),
            "You took the queries from the memory as well, which is the source's self-attention. Q comes from x.",
        ),
        Mistake(
            "self-attention",
            _cross(found="x", given="x"),
            "You never used the memory: with keys and values from x it is self-attention.",
        ),
        Mistake(
            "values from x",
            _cross(given="x"),
            "You took the values from x. A key and its value belong to the same token of the memory.",
        ),
        Mistake(
            "keys from x",
            _cross(found="x"),
            "You took the keys from x. A key and its value belong to the same token of the memory.",
        ),
        Mistake("no scale", _cross(scale="none"), "You did not divide by √d_k."),
        Mistake(
            "scale by d_model",
            _cross(scale="d_model"),
            "You divided by √d_model; the scores are sums over the d_k features of a key, so divide by √d_k.",
        ),
        Mistake(
            "scale by d_v",
            _cross(scale="d_v"),
            "You divided by √d_v, the size of a value. The scores are sums over the d_k features of a key.",
        ),
        Mistake(
            "divided by d_k", _cross(scale="square"), "You divided by d_k; the scale is its square root."
        ),
        Mistake(
            "causal",
            _cross(causal=True),
            "You hid later tokens of the memory yourself. Hide only what the mask says.",
        ),
        Mistake(
            "softmax over the queries",
            _cross(dim=-2),
            "You took the softmax over the queries; each query's weights over the memory sum to 1 (dim=-1).",
        ),
        Mistake("mask ignored", _cross(masking="ignored"), "You did not use the mask."),
        Mistake(
            "mask inverted",
            _cross(masking="inverted"),
            "Your mask is inverted: True = may attend. Set the score to −∞ where it is False.",
        ),
        Mistake(
            "masked after the softmax",
            _cross(masking="late"),
            "You masked the weights after the softmax, so rows no longer sum to 1. Set scores to −∞ before it.",
        ),
        Mistake(
            "masked by 0",
            _cross(lowest=0.0),
            "You set masked scores to 0, which the softmax still gives weight: e⁰ = 1. Set them to −∞.",
        ),
        Mistake(
            "masked by −100",
            _cross(lowest=-100.0),
            "You set masked scores to −100. The other scores may be lower still; set them to −∞.",
        ),
        Mistake(
            "exponentials without the maximum",
            _cross(no_maximum=True),
            "Your own softmax overflows: subtract the row's maximum first, or call scores.softmax(dim=-1).",
        ),
        Mistake(
            "memory detached",
            _cross(cut=True),
            "All numbers are right, but you detached something on the way to them, and what lies before it could never "
            "be trained.",
        ),
    ],
)


def _smooth(targets, vocab_size, epsilon):
    return (1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size


def _filled(true, others):
    """Targets with one probability for the true symbol and one for every other."""

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
        matches_reference("With epsilon 0, is it 1 at the true symbol and 0 elsewhere?", cases=0),
        holds("Does every row sum to 1?", _rows_sum_to_one),
        matches_reference("With epsilon 0.2 and four symbols, does each get its part?", cases=1),
        matches_reference("With several targets, does each row have its own true symbol?", cases=(2, 3)),
    ],
    hints=[
        "If epsilon is spread evenly over *all* symbols, how much does the true one end up with?",
        "Every symbol gets epsilon / vocab_size, and the true one 1 − epsilon on top of that.",
        "`F.one_hot(targets, vocab_size)` is 1 at the true symbols and 0 elsewhere: scale it, then add the rest.",
    ],
    mistakes=[
        Mistake(
            "shared among the others",
            _filled(lambda V, e: 1 - e, lambda V, e: e / (V - 1)),
            "You spread epsilon over the V − 1 *other* symbols. The formula, and F.cross_entropy, spread "
            "it over all V: the true symbol keeps 1 − ε + ε/V.",
        ),
        Mistake(
            "the true symbol's part forgotten",
            _filled(lambda V, e: 1 - e, lambda V, e: e / V),
            "Your rows sum to less than 1: the true symbol gets ε/V as well, on top of 1 − ε.",
        ),
        Mistake(
            "not taken away",
            _filled(lambda V, e: 1 + e / V, lambda V, e: e / V),
            "You added ε/V everywhere without taking ε from the true symbol: rows sum to 1 + ε.",
        ),
        Mistake(
            "not smoothed",
            _filled(lambda V, e: 1, lambda V, e: 0),
            "That is one-hot, whatever epsilon is.",
        ),
        Mistake(
            "epsilon for each",
            _filled(lambda V, e: 1 - e, lambda V, e: e),
            "You gave epsilon to each of the other symbols; all together get it: divide by vocab_size.",
        ),
        Mistake(
            "exchanged",
            _filled(lambda V, e: e + (1 - e) / V, lambda V, e: (1 - e) / V),
            "You exchanged ε and 1 − ε: the true symbol keeps most of the probability.",
        ),
    ],
)
