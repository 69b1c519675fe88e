"""Lesson 06: scaled dot-product attention by hand."""

import math

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _attention(
    divide=math.sqrt,
    dim=-1,
    late=False,
    weights_only=False,
    size=lambda Q, K, V: Q.shape[-1],
    mean=False,
    transpose=lambda K: K.transpose(-2, -1),
    softmax=torch.softmax,
    cut=False,
    average=lambda K, V: V,
    both=False,
):
    """Scaled dot-product attention; the options are the ways to get it wrong."""

    def attend(Q, K, V):
        scale = divide(size(Q, K, V))
        scores = Q @ transpose(K.detach() if cut else K)
        weights = softmax(scores if late else scores / scale, dim)
        if late:
            weights = weights / scale
        if weights_only:
            return weights
        Y = weights @ average(K, V)
        Y = Y / V.shape[-2] if mean else Y
        return (Y, weights) if both else Y

    return attend


def _plain_softmax(scores, dim):
    return scores.exp() / scores.exp().sum(dim, keepdim=True)


def _one_softmax(Q, K, V):
    """All examples of a batch in one: every query attends to the keys of all of them."""
    parts = (part.reshape(-1, part.shape[-1]) for part in (Q, K, V))
    return _attention()(*parts).reshape(*Q.shape[:-1], V.shape[-1])


def _squeezed(Q, K, V):
    return _attention()(Q, K, V).squeeze()


def _each_example(Q, K, V):
    """A loop over the first dimension, whether or not it is a batch."""
    attend = _attention(transpose=lambda K: K.T)
    return torch.stack([attend(q, k, v) for q, k, v in zip(Q, K, V, strict=False)])


def _only_three_dimensions(Q, K, V):
    scores = torch.bmm(Q, K.transpose(1, 2)) / math.sqrt(Q.shape[-1])
    return torch.bmm(scores.softmax(dim=-1), V)


def _cosines(Q, K, V):
    return _attention(divide=lambda d: 1.0)(*(part / part.norm(dim=-1, keepdim=True) for part in (Q, K)), V)


def _causal(Q, K, V):
    return torch.nn.functional.scaled_dot_product_attention(Q, K, V, is_causal=True)


def _best_only(Q, K, V):
    best = (Q @ K.transpose(-2, -1)).argmax(dim=-1, keepdim=True)
    return V.gather(-2, best.expand(*best.shape[:-1], V.shape[-1]))


def _query_added(Q, K, V):
    y = _attention()(Q, K, V)
    return y + Q if y.shape == Q.shape else y


def _attention_cases() -> list[tuple]:
    generator = seeded(6)

    def case(target_len: int, source_len: int, d_k: int, d_v: int, same: bool = False, batch=()) -> tuple:
        Q = torch.randn(*batch, target_len, d_k, generator=generator)
        K = torch.randn(*batch, source_len, d_k, generator=generator)
        # Equal keys give equal weights, whatever the scale: then only V matters.
        K = K[:1].expand(source_len, d_k).clone() if same else K
        return 2 * Q, 2 * K, torch.randn(*batch, source_len, d_v, generator=generator)

    large = case(3, 4, 4, 2)
    return [
        case(1, 3, 4, 2, same=True),
        case(1, 3, 1, 2),
        case(1, 5, 16, 3),
        case(4, 7, 9, 2),
        case(6, 6, 16, 16),
        case(3, 5, 4, 2, batch=(2,)),
        case(4, 4, 4, 3, batch=(2, 4)),
        (100 * large[0], 100 * large[1], large[2]),
        case(3, 6, 7, 2),  # a root that is no whole number
    ]


def _permute(Q, K, V):
    order = torch.randperm(len(K), generator=seeded(1))
    return Q, K[order], V[order]


def _one_that_learns() -> list[tuple]:
    """Cases in which a single argument asks for its gradient."""
    case = _attention_cases()[3]
    return [tuple(part.clone().requires_grad_(n == m) for n, part in enumerate(case)) for m in range(3)]


SCALED_ATTENTION = Exercise(
    id="06.scaled_attention",
    title="Scaled dot-product attention",
    reference=_attention(),
    cases=_attention_cases,
    properties=[
        has_shape("Is there one output for each query, (target_len, d_v)?", cases=range(5)),
        matches_reference("Where all keys are equal, is the output the plain mean of the values?", cases=0),
        matches_reference(
            "With d_k = 1, where nothing is scaled, are the weights a softmax over the keys?", cases=1
        ),
        matches_reference("With d_k = 16, are the scores divided before the softmax, and by √16?", cases=2),
        matches_reference("With four queries, seven keys and d_k = 9, is every output right?", cases=3),
        unchanged_when("If keys and values are permuted together, does the output stay?", _permute, cases=3),
        matches_reference("With d_k = 7, whose root is no whole number, is every output right?", cases=8),
        matches_reference("With as many queries as keys and features, is every output right?", cases=4),
        matches_reference("With a batch dimension in front, is each example treated by itself?", cases=5),
        matches_reference("With batch and heads in front, is each head treated by itself?", cases=6),
        matches_reference(
            "Are scores of many thousands safe, although their exponential is infinite?", cases=7
        ),
        holds(
            "Can a gradient flow back to queries, keys and values?",
            lambda output, *_: (
                output.requires_grad
                or "your result is cut off from one of them (by detach, item or a new tensor), so it could not learn."
            ),
            cases=_one_that_learns,
        ),
    ],
    hints=[
        "Three lines: scores, weights, output. Which dimension of the scores runs over the keys?",
        "scores = QKᵀ / √d_k, (…, target_len, source_len); the softmax runs along the last dimension; then times V.",
        "`K.transpose(-2, -1)` exchanges the last two dimensions, whatever comes before them. `Q.shape[-1]` is d_k.",
    ],
    mistakes=[
        Mistake(
            "divided by d_k",
            _attention(divide=float),
            "You divided by d_k; the scale is √d_k: the standard deviation of a dot product, not its variance.",
        ),
        Mistake("no scale", _attention(divide=lambda d: 1.0), "You did not divide by √d_k."),
        Mistake(
            "a power without brackets",
            _attention(divide=lambda d: d**1 / 2),
            "You divided by d_k / 2: in d_k ** 1 / 2 the power comes first. Write d_k ** 0.5 or math.sqrt(d_k).",
        ),
        Mistake(
            "root rounded down",
            _attention(divide=math.isqrt),
            "You rounded √d_k down to a whole number. math.sqrt(d_k) or d_k ** 0.5 keeps the fraction.",
        ),
        Mistake(
            "multiplied",
            _attention(divide=lambda d: 1 / math.sqrt(d)),
            "You multiplied by √d_k; divide, so that the scores keep a standard deviation of about 1.",
        ),
        Mistake(
            "scale of the values",
            _attention(size=lambda Q, K, V: V.shape[-1]),
            "You divided by the root of the values' size, d_v. Queries and keys are multiplied, so their size, d_k, "
            "counts.",
        ),
        Mistake(
            "softmax over the queries",
            _attention(dim=-2),
            "You took the softmax over the queries: each column sums to 1, not each row.",
        ),
        Mistake(
            "softmax over the first dimension",
            _attention(dim=0),
            "You took the softmax over dimension 0. The keys run along the last dimension, dim=-1.",
        ),
        Mistake(
            "softmax over dimension 1",
            _attention(dim=1),
            "You took the softmax over dimension 1. Those are the keys of one matrix, but not with a batch in front: "
            "use dim=-1.",
        ),
        Mistake(
            "all dimensions transposed",
            _attention(transpose=lambda K: K.T),
            "You exchanged the wrong dimensions once there is a batch: K.T reverses all of them, K.transpose(0, 1) "
            "takes the first two. K.transpose(-2, -1) exchanges the last two only.",
        ),
        Mistake(
            "a batch expected",
            _attention(transpose=lambda K: K.transpose(1, 2)),
            "You exchanged dimensions 1 and 2 of K. They are the last two only with one dimension in front. With "
            "none, or with batch and heads, they are not: K.transpose(-2, -1).",
        ),
        Mistake(
            "three dimensions only",
            _only_three_dimensions,
            "torch.bmm takes exactly one dimension in front. There may be none, or batch and heads: use @.",
        ),
        Mistake(
            "a loop over the first dimension",
            _each_example,
            "You went through the first dimension one by one, but without a batch that runs over the queries. @ and "
            "softmax(dim=-1) need no loop: they leave the dimensions in front alone.",
        ),
        Mistake(
            "squeezed",
            _squeezed,
            "You squeezed the result: with a single query, that loses the dimension of the queries.",
        ),
        Mistake(
            "causal",
            _causal,
            "You hid later keys (is_causal=True). No mask is asked for here: every query attends to every key.",
        ),
        Mistake(
            "cosines",
            _cosines,
            "You divided queries and keys by their lengths. Their dot product as it is, over √d_k, is the score.",
        ),
        Mistake(
            "the best value only",
            _best_only,
            "You took the value of the best key alone. The softmax weighs all of them, and a choice has no gradient.",
        ),
        Mistake(
            "logarithms for weights",
            _attention(softmax=torch.log_softmax),
            "You used log_softmax, whose numbers are negative. The weights themselves, softmax, average the values.",
        ),
        Mistake(
            "scaled after the softmax",
            _attention(late=True),
            "You divided the weights; divide the scores, before the softmax. Rows must still sum to 1.",
        ),
        Mistake(
            "scale of the length",
            _attention(size=lambda Q, K, V: K.shape[-2]),
            "You divided by the root of the number of keys; d_k is the number of features of a key, K.shape[-1].",
        ),
        Mistake(
            "the weights",
            _attention(weights_only=True),
            "You returned the weights A; the output is A @ V.",
        ),
        Mistake(
            "the weights as well",
            _attention(both=True),
            "You returned the weights as well. Return the outputs alone.",
        ),
        Mistake(
            "keys for values",
            _attention(average=lambda K, V: K),
            "You averaged the keys. Keys are what a token is found by; what the weights average are the values, A @ V.",
        ),
        Mistake(
            "weights not normalised",
            _attention(softmax=lambda scores, dim: scores.exp()),
            "You took exp of the scores and stopped there. Weights must sum to 1: divide each row by its sum.",
        ),
        Mistake(
            "query added",
            _query_added,
            "You added the query to the output. Attention returns the weighted mean of the values alone.",
        ),
        Mistake(
            "all weights equal",
            lambda Q, K, V: V.mean(dim=-2, keepdim=True).expand(*Q.shape[:-1], V.shape[-1]),
            "Every key has the same weight, whatever the query. The weights are the softmax of the scores.",
        ),
        Mistake(
            "no softmax",
            _attention(softmax=lambda scores, dim: scores),
            "You multiplied the values by the scores themselves. Scores can be negative and sum to anything: the "
            "softmax makes weights of them.",
        ),
        Mistake(
            "one softmax for the whole batch",
            _one_softmax,
            "You joined the examples of a batch into one long matrix, so that each query attends to the keys of all of "
            "them. Leave the dimensions in front as they are: @ and softmax treat each example by itself.",
        ),
        Mistake(
            "mean of the weighted values",
            _attention(mean=True),
            "You divided by the number of keys; the weights sum to 1 already, so A @ V is a mean as it is.",
        ),
        Mistake(
            "exponentials of large numbers",
            _attention(softmax=_plain_softmax),
            "The formula is right, but exp overflows for large scores. Subtract the largest first, or use softmax.",
        ),
        Mistake(
            "gradient cut off",
            _attention(cut=True),
            "The keys are cut off, by detach() or NumPy: the outputs are right, but the keys could never learn.",
        ),
    ],
)
