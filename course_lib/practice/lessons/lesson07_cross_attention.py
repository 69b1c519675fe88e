"""Lesson 07: cross-attention."""

import math

import torch
import torch.nn.functional as F

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson07_gradient import can_learn
from course_lib.practice.properties import has_shape, matches_reference

ARGUMENTS = ("x", "memory", "W_Q", "W_K", "W_V", "mask")


def _cross(
    *, asking="x", found="memory", given="memory", scale="d_k", dim=-1, causal=False, masking="right", cut=False,
    lowest=-math.inf, no_maximum=False, projected=True, exchanged=False, out="values", softmax=True,
    squash=None, unit=False,
):  # fmt: skip
    """Cross-attention of one head; the options are the ways to get it wrong."""

    def attend(x, memory, W_Q, W_K, W_V, mask):
        W_Q, W_K = (W_K, W_Q) if exchanged else (W_Q, W_K)
        sides = {"x": x, "memory": memory.detach() if cut else memory}
        Q, K, V = sides[asking] @ W_Q, sides[found] @ W_K, sides[given] @ W_V if projected else sides[given]
        if unit:
            Q, K = F.normalize(Q, dim=-1), F.normalize(K, dim=-1)
        sizes = {
            "source_len": K.shape[1],
            "d_k": K.shape[-1],
            "d_v": V.shape[-1],
            "d_model": x.shape[-1],
            "none": 1,
        }
        below = {"square": K.shape[-1], "multiply": K.shape[-1] ** -0.5, "late": 1.0}
        scores = Q @ K.transpose(-2, -1) / (below.get(scale) or math.sqrt(sizes[scale]))
        if causal:
            ahead = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(diagonal=1)
            scores = scores.masked_fill(ahead, -math.inf)
        if masking == "None not expected":
            scores = scores.masked_fill(~mask, lowest)
        if mask is not None and masking in ("right", "inverted"):
            scores = scores.masked_fill(~mask if masking == "right" else mask, lowest)
        weights = scores.exp() / scores.exp().sum(dim, keepdim=True) if no_maximum else scores.softmax(dim)
        weights = squash(scores) if squash else weights if softmax else scores
        if mask is not None and masking in ("late", "renormalised"):
            weights = weights * mask
        if mask is not None and masking == "renormalised":
            weights = weights / weights.sum(dim=-1, keepdim=True)
        if out == "weights":
            return weights
        return weights @ V / (math.sqrt(K.shape[-1]) if scale == "late" else 1)

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
            "scale by source_len",
            _cross(scale="source_len"),
            "You divided by the root of the source's length. The scores are sums over the d_k features of a key, "
            "so divide by √d_k.",
        ),
        Mistake(
            "multiplied by √d_k",
            _cross(scale="multiply"),
            "You multiplied the scores by √d_k; divide by it.",
        ),
        Mistake(
            "scaled after the softmax",
            _cross(scale="late"),
            "You divided by √d_k after the softmax. Divide the scores, before it: the weights must sum to 1.",
        ),
        Mistake(
            "softmax over the batch",
            _cross(dim=0),
            "You took the softmax over the batch; each query's weights over the memory sum to 1 (dim=-1).",
        ),
        Mistake(
            "no softmax",
            _cross(softmax=False, lowest=0.0),
            "You left out the softmax: weights are the softmax of the scores over the memory.",
        ),
        Mistake(
            "weights returned",
            _cross(out="weights"),
            "You return the attention weights. Return the weighted mean of the values, weights @ V.",
        ),
        Mistake(
            "values not projected",
            _cross(projected=False),
            "Your values are the memory itself. Project it: V = memory W_V.",
        ),
        Mistake(
            "W_Q and W_K exchanged",
            _cross(exchanged=True),
            "You exchanged W_Q and W_K: W_Q makes queries from x, W_K makes keys from the memory.",
        ),
        Mistake(
            "None not expected",
            _cross(masking="None not expected"),
            "mask may be None, which means that everything may be attended to. Apply it only `if mask is not "
            "None`.",
        ),
        Mistake(
            "masked by +∞",
            _cross(lowest=math.inf),
            "You set masked scores to +∞. The softmax gives such a score all the weight; set it to −∞.",
        ),
        Mistake(
            "masked by a large number",
            _cross(lowest=1e9),
            "You set masked scores to a large positive number, which gets all the weight. Set them to −∞.",
        ),
        Mistake(
            "renormalised after the softmax",
            _cross(masking="renormalised"),
            "You masked the weights after the softmax and divided by what is left. Where padding takes all the "
            "weight, nothing is left: 0 / 0. Set the scores to −∞ before the softmax.",
        ),
        Mistake(
            "memory detached",
            _cross(cut=True),
            "All numbers are right, but you detached something on the way to them, and what lies before it could never "
            "be trained.",
        ),
        Mistake(
            "sigmoid",
            _cross(squash=torch.sigmoid),
            "You weighted each token with a sigmoid; the softmax makes the weights of a query share a sum of 1.",
        ),
        Mistake(
            "cosine",
            _cross(unit=True, scale="none"),
            "You compared Q and K by their cosine; the scores are the products Q Kᵀ / √d_k, lengths included.",
        ),
    ],
)
