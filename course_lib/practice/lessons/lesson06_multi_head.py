"""Lesson 06: multi-head attention on the weights of torch.nn.MultiheadAttention; how many heads a task needs."""

import math

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference

NAMES = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")


def _multi_head(
    *, size="head", order=(0, 1, 2), split="right", join="right", mask_as="right", dim=-1, out=True,
    in_bias=True, out_bias=True, transposed=True, cut=False, one_head=False, low=-math.inf, fixed=False,
):  # fmt: skip
    """Multi-head attention; the options are the ways to get it wrong."""

    def attend(x, weights, n_heads, mask):
        W, b, W_O, b_O = (weights[name].detach() if cut else weights[name] for name in NAMES)
        batch, time, d_model = x.shape
        n_heads = 1 if one_head else n_heads
        d_head = d_model // n_heads
        if transposed:
            joined = x @ W.T  # (batch, time, 3 * d_model)
        else:
            joined = torch.cat([x @ part for part in W.chunk(3)], dim=-1)
        joined = joined + b if in_bias else joined
        parts = []
        for part in joined.chunk(3, dim=-1):
            if split == "view":
                parts.append(part.reshape(batch, n_heads, time, d_head))
            elif split == "in turn":
                parts.append(part.reshape(batch, time, d_head, n_heads).permute(0, 3, 1, 2))
            else:
                parts.append(part.reshape(batch, time, n_heads, d_head).transpose(1, 2))
        Q, K, V = (parts[place] for place in order)  # each (batch, heads, time, d_head)
        scale = {"head": math.sqrt(d_head), "model": math.sqrt(d_model), "none": 1.0, "square": d_head}[size]
        scores = Q @ K.transpose(-2, -1) / scale  # (batch, heads, time, time)
        if mask is not None and mask_as in ("right", "inverted", "no axis"):
            allowed = mask if mask_as == "no axis" else mask[:, None]
            scores = scores.masked_fill(allowed if mask_as == "inverted" else ~allowed, low)
        A = scores.softmax(dim=dim)
        A = A.detach() if fixed else A
        if mask is not None and mask_as == "late":
            A = A * mask[:, None]
        Y = A @ V  # (batch, heads, time, d_head)
        Y = (Y if join == "view" else Y.transpose(1, 2)).reshape(batch, time, d_model)
        Y = Y @ W_O.T if out else Y
        return Y + b_O if out_bias and out else Y

    return attend


def _weights(d_model: int, generator: torch.Generator) -> dict[str, Tensor]:
    shapes = ((3 * d_model, d_model), (3 * d_model,), (d_model, d_model), (d_model,))
    return {
        name: 0.7 * torch.randn(*shape, generator=generator)
        for name, shape in zip(NAMES, shapes, strict=True)
    }


def _multi_head_cases() -> list[tuple]:
    generator = seeded(8)

    def case(
        batch: int, time: int, d_model: int, n_heads: int, masked: bool = False, scale: float = 1.0
    ) -> tuple:
        x = scale * torch.randn(batch, time, d_model, generator=generator)
        mask = None
        if masked:
            mask = torch.rand(batch, time, time, generator=generator) < 0.5
            mask |= torch.eye(time, dtype=torch.bool)  # every query has something to attend to
        return x, _weights(d_model, generator), n_heads, mask

    causal = case(2, 5, 6, 3)
    return [
        case(2, 1, 4, 1),
        case(1, 4, 4, 1),
        case(1, 5, 6, 2),
        case(3, 4, 8, 4),
        (*causal[:3], torch.ones(1, 5, 5, dtype=torch.bool).tril()),
        case(3, 4, 6, 2, masked=True),
        case(2, 4, 6, 2, masked=True),
        case(1, 3, 4, 2, scale=100.0),
        case(2, 4, 6, 2, masked=True, scale=100.0),
    ]


def _one_that_learns() -> list[tuple]:
    """Cases in which x or a single one of the weights asks for its gradient."""
    x, weights, n_heads, mask = _multi_head_cases()[5]
    cases = [(x.clone().requires_grad_(), weights, n_heads, mask)]
    for name in NAMES:
        cases.append((x, {**weights, name: weights[name].clone().requires_grad_()}, n_heads, mask))
    return cases


def _queries_and_keys_learn(output: Tensor, *_) -> bool | str:
    """Only in_proj_weight asks for its gradient: it is the one leaf of the output's graph."""
    leaf, steps = None, [output.grad_fn]
    while steps and leaf is None:
        step = steps.pop()
        leaf = getattr(step, "variable", None)
        steps += [before for before, _ in getattr(step, "next_functions", ()) if before is not None]
    learns = False
    if leaf is not None:
        (gradient,) = torch.autograd.grad(output.square().sum(), leaf, retain_graph=True)
        learns = all(part.abs().max() > 0 for part in gradient.chunk(3)[:2])
    return learns or (
        "no gradient reaches W_Q or W_K (because of detach, .data or a new tensor): training would change only "
        "the values."
    )


MULTI_HEAD = Exercise(
    id="06.multi_head",
    title="Multi-head attention",
    reference=_multi_head(),
    cases=_multi_head_cases,
    properties=[
        has_shape("Does the output have the shape of x, (batch, time, d_model)?"),
        matches_reference(
            "With a single token, whose weight is 1, is the output its value, projected?", cases=0
        ),
        matches_reference("With one head and four tokens, is it scaled dot-product attention?", cases=1),
        matches_reference("With two heads, are the features split, scaled and joined correctly?", cases=2),
        matches_reference("With four heads and a batch of three, is every output right?", cases=3),
        matches_reference("With a causal mask, the same for the whole batch, is the future hidden?", cases=4),
        matches_reference(
            "With a different mask for each row of the batch, is each row's own used?", cases=5
        ),
        matches_reference(
            "With as many rows as heads, does each row's mask act on all of its heads?", cases=6
        ),
        matches_reference(
            "Are scores of many thousands safe, although their exponential is infinite?", cases=7
        ),
        matches_reference(
            "Is a masked key without weight even where the other scores are far below zero?", cases=8
        ),
        holds(
            "Can x and all four weights be trained?",
            lambda output, *_: (
                output.requires_grad
                or "no gradient reaches one of them (because of detach, .data or a new tensor): training would leave "
                "it as it is."
            ),
            cases=_one_that_learns,
        ),
        holds(
            "Do queries and keys learn, through the attention weights?",
            _queries_and_keys_learn,
            cases=lambda: _one_that_learns()[1:2],
        ),
    ],
    hints=[
        "Which of the lesson's pieces, in which order, turn x into the output? Trace the drawing from left to right.",
        "Project with in_proj, chunk into Q, K and V, split each into heads, mask the scores and take the softmax, "
        "multiply by V, undo the split, project with out_proj.",
        "`(x @ weights['in_proj_weight'].T + weights['in_proj_bias']).chunk(3, dim=-1)` gives Q, K and V, each "
        "(batch, time, d_model). The mask needs an axis for the heads: `mask[:, None]`.",
    ],
    mistakes=[
        Mistake(
            "scale of the model",
            _multi_head(size="model"),
            "You divided by √d_model. Each head multiplies queries and keys of d_head features: divide by √d_head.",
        ),
        Mistake("no scale", _multi_head(size="none"), "You did not divide the scores by √d_head."),
        Mistake(
            "divided by d_head",
            _multi_head(size="square"),
            "You divided by d_head; the scale is its square root.",
        ),
        Mistake(
            "split by view",
            _multi_head(split="view", join="view"),
            "You split into heads by view or reshape alone, which mixes tokens: first (batch, time, n_heads, d_head), "
            "then transpose.",
        ),
        Mistake(
            "joined without transpose",
            _multi_head(join="view"),
            "You joined the heads by reshape alone. First exchange heads and time again, then flatten the last two "
            "dimensions.",
        ),
        Mistake(
            "features in turn",
            _multi_head(split="in turn"),
            "You gave the features to the heads in turn. Head 0 takes the first d_head neighbours, head 1 the next.",
        ),
        Mistake(
            "one head",
            _multi_head(one_head=True),
            "You attend with a single head over all features. Split into n_heads first: each has weights of its own.",
        ),
        Mistake(
            "queries and keys exchanged",
            _multi_head(order=(1, 0, 2)),
            "You exchanged queries and keys: in_proj_weight holds W_Q first, then W_K, then W_V.",
        ),
        Mistake(
            "not transposed",
            _multi_head(transposed=False),
            "You multiplied x by W. PyTorch stores (out features, in features): use x @ W.T.",
        ),
        Mistake(
            "no output projection",
            _multi_head(out=False),
            "You left out the output projection: W_O mixes what the heads have found.",
        ),
        Mistake("no input bias", _multi_head(in_bias=False), "You left out in_proj_bias."),
        Mistake("no output bias", _multi_head(out_bias=False), "You left out out_proj.bias."),
        Mistake(
            "softmax over the queries",
            _multi_head(dim=-2),
            "You took the softmax over the queries: each row, over the keys, has to sum to 1 (dim=-1).",
        ),
        Mistake("mask ignored", _multi_head(mask_as="ignored"), "You did not use the mask."),
        Mistake(
            "mask inverted",
            _multi_head(mask_as="inverted"),
            "Your mask is inverted: True = may attend. Set the score to −∞ where it is False.",
        ),
        Mistake(
            "masked after the softmax",
            _multi_head(mask_as="late"),
            "You masked the weights after the softmax, so rows no longer sum to 1. Set scores to −∞ before it.",
        ),
        Mistake(
            "mask without an axis for the heads",
            _multi_head(mask_as="no axis"),
            "The mask is (batch, time, time) and the scores (batch, heads, time, time). Without a new axis, "
            "mask[:, None], rows of the batch are taken for heads.",
        ),
        Mistake(
            "a finite score for masked keys",
            _multi_head(low=-100.0),
            "You gave masked keys a score of about −100. Other scores can be lower still; use −math.inf.",
        ),
        Mistake(
            "attention weights detached",
            _multi_head(fixed=True),
            "You detached the attention weights. All numbers are right, but queries and keys cannot learn.",
        ),
        Mistake(
            "weights detached",
            _multi_head(cut=True),
            "You detached the weights. All numbers are right, and nothing can be learned.",
        ),
    ],
)

HEADS_FOR_THREE = Exercise(
    id="06.heads_for_three",
    title="Heads for three names",
    reference=3,
    properties=[
        holds(
            "Is it one of the numbers of heads that you tried, 1 to 4?",
            lambda heads: heads in (1, 2, 3, 4) or "expected 1, 2, 3 or 4.",
        ),
        matches_reference("Is it the smallest number of heads whose accuracy is at least 0.95?"),
    ],
    hints=[
        "How many weighted means of the values does a layer with two heads compute for the question?",
        "Each head has one softmax for the question. One weighted mean cannot say which digit belongs to which name.",
        "Run `ask(n_asked=3, n_heads=h)` for h from 1 to 4 and read off the accuracies.",
    ],
    mistakes=[
        Mistake(
            "one",
            1,
            "One head gives the question one weighted mean of all values; three digits cannot be read from it.",
        ),
        Mistake(
            "two",
            2,
            "Two heads find two of the three digits; the accuracy that counts all three answers stays low.",
        ),
        Mistake("four", 4, "Four heads do succeed, but a smaller number does as well."),
    ],
)
