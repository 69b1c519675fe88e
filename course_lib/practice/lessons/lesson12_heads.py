"""Lesson 12: how much of its weight a head puts on the previous token, and a head ablated."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _weights(n_heads: int, time: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(n_heads, time, time, generator=generator).softmax(dim=-1)


def _previous_token_cases() -> list[tuple]:
    generator = seeded(0)
    always_back = torch.eye(4).roll(-1, dims=1)  # row t: all on token t − 1 …
    always_back[0] = torch.tensor([1.0, 0, 0, 0])  # … and the first has none before it
    three_tokens = torch.tensor(
        [
            [[0.5, 0.5, 0.0], [0.25, 0.75, 0.0], [0.25, 0.5, 0.25]],
            [[0.5, 0.5, 0.0], [0.75, 0.25, 0.0], [0.25, 0.5, 0.25]],
        ]
    )
    return [
        (always_back[None],),
        (three_tokens,),
        (_weights(3, 5, generator),),
        (_weights(12, 9, generator),),
    ]


PREVIOUS_TOKEN_SCORE = Exercise(
    id="12.previous_token_score",
    title="A score for the previous token",
    points=1,
    reference=lambda A: A.diagonal(offset=-1, dim1=1, dim2=2).mean(dim=-1),
    cases=_previous_token_cases,
    properties=[
        has_shape("Is there one number for each head, (n_heads,)?"),
        matches_reference("Does a head that always attends to the previous token score 1?", cases=0),
        matches_reference(
            "With three tokens whose weights on the one before are 0.25 and 0.5, is the score 0.375?",
            cases=1,
        ),
        matches_reference("With three heads and five tokens?", cases=2),
        matches_reference("With twelve heads?", cases=3),
    ],
    hints=[
        "Row t is the query, column t − 1 the token before it. The first token has none before it.",
        "The mean of A[:, t, t − 1] over t = 1 … time − 1: there are time − 1 of them.",
        "A.diagonal(offset=-1, dim1=1, dim2=2).mean(dim=-1), or torch.stack([A[:, t, t - 1] for t in range(1, time)])",
    ],
    mistakes=[
        Mistake(
            "the next token",
            lambda A: A.diagonal(offset=1, dim1=1, dim2=2).mean(dim=-1),
            "That is the weight on the *next* token. Rows are queries: the previous token's weight is A[:, t, t − 1], "
            "below the diagonal.",
        ),
        Mistake(
            "the first token counted",
            lambda A: A.diagonal(offset=-1, dim1=1, dim2=2).sum(dim=-1) / A.shape[-1],
            "You divided by time, but only time − 1 tokens have one before them.",
        ),
        Mistake(
            "the token itself",
            lambda A: A.diagonal(dim1=1, dim2=2).mean(dim=-1),
            "That is the weight of each token on itself, the diagonal; one to its left is asked for.",
        ),
        Mistake(
            "the last wraps around",
            lambda A: torch.stack([A[:, t, t - 1] for t in range(A.shape[-1])]).mean(dim=0),
            "At t = 0 your column is t − 1 = −1, which Python takes for the *last* token. Begin at t = 1.",
        ),
        Mistake(
            "over the heads",
            lambda A: A.diagonal(offset=-1, dim1=1, dim2=2).mean(dim=0),
            "You averaged over the heads and kept the tokens; average over the tokens, one score for each head.",
        ),
        Mistake(
            "the diagonal of heads and queries",
            lambda A: A.diagonal(offset=-1).mean(dim=-1),
            "Without dim1 and dim2, diagonal takes the first two dimensions, heads and queries. Give dim1=1, dim2=2.",
        ),
        Mistake(
            "how often it is the largest",
            lambda A: (A[:, 1:].argmax(dim=-1) == torch.arange(A.shape[-1] - 1)).to(A.dtype).mean(dim=-1),
            "You counted how often the previous token gets the most weight; the mean weight itself is asked for.",
        ),
        Mistake(
            "one number for all heads",
            lambda A: A.diagonal(offset=-1, dim1=1, dim2=2).mean(),
            "You averaged over the heads as well. Average over the tokens only, so that each head has a score.",
        ),
        Mistake(
            "the second token left out",
            lambda A: A.diagonal(offset=-1, dim1=1, dim2=2)[:, 1:].mean(dim=-1),
            "You left out the second token: its previous token is [CLS], and that counts. Begin at t = 1.",
        ),
        Mistake(
            "the last token left out",
            lambda A: A.diagonal(offset=-1, dim1=1, dim2=2)[:, :-1].mean(dim=-1),
            "You left out the last token, [SEP]. It has a token before it, so it counts: t runs up to time − 1.",
        ),
        Mistake(
            "[CLS] taken out",
            lambda A: (
                (words := A * (torch.arange(A.shape[-1]) > 0)) / words.sum(dim=-1, keepdim=True).clamp_min(1e-9)
            )
            .diagonal(offset=-1, dim1=1, dim2=2)
            .mean(dim=-1),
            "You took the weight on [CLS] out and rescaled the rows. Use the weights as they are.",
        ),
        Mistake(
            "all earlier tokens",
            lambda A: A.tril(-1).sum(dim=-1)[:, 1:].mean(dim=-1),
            "You added the weights on all earlier tokens. Only the one just before the query counts.",
        ),
        Mistake(
            "a second softmax",
            lambda A: A.softmax(dim=-1).diagonal(offset=-1, dim1=1, dim2=2).mean(dim=-1),
            "You took a softmax of A, but A already holds weights: each row sums to 1.",
        ),
        Mistake(
            "two tokens before",
            lambda A: A.diagonal(offset=-2, dim1=1, dim2=2).mean(dim=-1),
            "That is the token two places before. The one just before is one below the diagonal, offset=-1.",
        ),
        Mistake(
            "the median",
            lambda A: A.diagonal(offset=-1, dim1=1, dim2=2).median(dim=-1).values,
            "That is the median of the weights; the mean is asked for.",
        ),
        Mistake(
            "the whole triangle",
            lambda A: A.tril(-1).mean(dim=(1, 2)),
            "You averaged over every pair of positions. Only A[:, t, t − 1] counts, one entry for each t from 1 on.",
        ),
        Mistake(
            "sum over the tokens",
            lambda A: A.diagonal(offset=-1, dim1=1, dim2=2).sum(dim=-1),
            "You summed over the tokens: longer sentences get larger scores. Divide by time − 1.",
        ),
    ],
)


def _ablated(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    out = y.clone()
    out[..., head * d_head : (head + 1) * d_head] = 0
    return out


def _ablated_cases() -> list[tuple]:
    generator = seeded(1)
    return [
        (torch.ones(1, 1, 4), 0, 2),
        (torch.ones(1, 2, 6), 1, 3),
        (torch.randn(2, 3, 12, generator=generator), 2, 4),
    ]


def _interleaved(y, head, n_heads):
    out = y.clone()
    out[..., head::n_heads] = 0
    return out


def _one_feature(y, head, n_heads):
    out = y.clone()
    out[..., head] = 0
    return out


def _n_heads_wide(y, head, n_heads):
    out = y.clone()
    out[..., head * n_heads : (head + 1) * n_heads] = 0
    return out


def _wrong_axis(y, head, n_heads):
    out = y.clone()
    out[:, head : head + 1] = 0
    return out


def _cut_out(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    return torch.cat([y[..., : head * d_head], y[..., (head + 1) * d_head :]], dim=-1)


def _one_too_few(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    out = y.clone()
    out[..., head * d_head : (head + 1) * d_head - 1] = 0
    return out


def _heads_before_time(y, head, n_heads):
    batch, time, features = y.shape
    out = y.clone().view(batch, n_heads, time, features // n_heads)
    out[:, head] = 0
    return out.view(batch, time, features)


def _averaged(y, head, n_heads):
    return torch.where(_ablated(torch.ones_like(y), head, n_heads) == 0, y.mean(dim=(0, 1), keepdim=True), y)


def _rest_untouched(result, y, head, n_heads) -> bool | str:
    d_head = y.shape[-1] // n_heads
    others = torch.ones(y.shape[-1], dtype=torch.bool)
    others[head * d_head : (head + 1) * d_head] = False
    same = torch.equal(result[..., others], y[..., others])
    return same or "features of other heads have changed, too."


ABLATE = Exercise(
    id="12.ablate",
    title="Ablate a head",
    points=1,
    reference=_ablated,
    cases=_ablated_cases,
    properties=[
        has_shape("Is the shape unchanged, (batch, time, n_heads · d_head)?"),
        matches_reference("Two heads of two features, the first ablated: are its two 0?", cases=0),
        holds("Are the other heads' features as they were?", _rest_untouched, cases=(0, 1)),
        matches_reference("The second of three heads?", cases=1),
        matches_reference("For several sentences, tokens and heads?", cases=2),
    ],
    hints=[
        "The heads' outputs lie side by side: first all features of head 0, then all of head 1, …",
        "d_head = features / n_heads; head h owns features h · d_head up to (h + 1) · d_head. Work on a copy.",
        "out = y.clone(); out[..., head * d_head : (head + 1) * d_head] = 0",
    ],
    mistakes=[
        Mistake(
            "every n-th feature",
            _interleaved,
            "You set every n_heads-th feature to 0. A head's features lie together: h · d_head up to (h + 1) · d_head.",
        ),
        Mistake(
            "one feature",
            _one_feature,
            "You set a single feature to 0; a head has d_head = features / n_heads of them.",
        ),
        Mistake(
            "n_heads wide",
            _n_heads_wide,
            "Your slice is n_heads wide; a head is d_head = features / n_heads wide.",
        ),
        Mistake(
            "a view with heads before time",
            _heads_before_time,
            "Your view puts heads before time, which mixes features of several tokens. Split the last dimension: "
            "(batch, time, n_heads, d_head).",
        ),
        Mistake(
            "32 features",
            lambda y, head, n_heads: torch.cat(
                [y[..., : 32 * head], 0 * y[..., 32 * head :][..., :32], y[..., 32 * (head + 1) :]], dim=-1
            ),
            "Your heads are 32 wide, as in this model. Compute d_head from y's last dimension and n_heads.",
        ),
        Mistake(
            "the token",
            _wrong_axis,
            "You zeroed the token number `head`; heads are slices of the last dimension.",
        ),
        Mistake(
            "heads counted from 1",
            lambda y, head, n_heads: _ablated(y, head - 1, n_heads) if head else y.clone(),
            "You counted heads from 1. Head 0 owns the first d_head features: h · d_head up to (h + 1) · d_head.",
        ),
        Mistake(
            "all but this one",
            lambda y, head, n_heads: y - _ablated(y, head, n_heads),
            "You kept this head and ablated all others. Ablate this one and keep the others.",
        ),
        Mistake(
            "features taken out",
            _cut_out,
            "You removed the head's features, but W_O expects all n_heads · d_head of them. Keep them, as 0.",
        ),
        Mistake(
            "one feature too few",
            _one_too_few,
            "Your slice ends one feature too early: a Python slice stops before its end, so no − 1 is needed.",
        ),
        Mistake(
            "the others scaled up",
            lambda y, head, n_heads: _ablated(y, head, n_heads) * n_heads / (n_heads - 1),
            "You scaled the other heads up, as dropout does. They stay as they are.",
        ),
        Mistake(
            "minus infinity",
            lambda y, head, n_heads: y.masked_fill(
                _ablated(torch.ones_like(y), head, n_heads) == 0, -torch.inf
            ),
            "You wrote −∞. That masks scores before a softmax; here no softmax follows, so write 0.",
        ),
        Mistake(
            "from this head on",
            lambda y, head, n_heads: torch.cat(
                [y[..., : (d := head * (y.shape[-1] // n_heads))], 0 * y[..., d:]], dim=-1
            ),
            "You set everything from this head on to 0. The slice ends at (head + 1) · d_head.",
        ),
        Mistake(
            "heads counted from the end",
            lambda y, head, n_heads: _ablated(y, n_heads - 1 - head, n_heads),
            "You counted heads from the end. Head 0 owns the first d_head features.",
        ),
        Mistake(
            "mean ablation",
            _averaged,
            "You replaced the features with their mean, which is called mean ablation. Here they become 0.",
        ),
    ],
)
