"""Lesson 06: multi-head attention on the weights of torch.nn.MultiheadAttention; how many heads a task needs."""

import torch
from torch import Tensor, nn

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson06_multi_head_mistakes import MISTAKES
from course_lib.practice.lessons.lesson06_multi_head_versions import NAMES, multi_head
from course_lib.practice.properties import has_shape, holds, matches_reference


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
    # In the second row the last two tokens are padding.
    padding = (torch.arange(4) < torch.tensor([[4], [2]]))[:, None].repeat(1, 4, 1)
    return [
        case(2, 1, 4, 1),
        case(1, 4, 4, 1),
        case(1, 5, 6, 2),
        case(3, 4, 8, 4),
        (*causal[:3], torch.ones(1, 5, 5, dtype=torch.bool).tril()),
        case(3, 4, 6, 2, masked=True),
        case(2, 4, 6, 2, masked=True),
        case(1, 3, 4, 2, scale=100.0),
        case(2, 4, 6, 2, masked=True, scale=1000.0),  # scores of millions: -1e4 in place of −∞ is too much
        (*case(2, 4, 6, 3)[:3], padding),
    ]


def _one_that_learns() -> list[tuple]:
    """Cases in which x or a single one of the weights asks for its gradient."""
    x, weights, n_heads, mask = _multi_head_cases()[5]
    cases = [(x.clone().requires_grad_(), weights, n_heads, mask)]
    for name in NAMES:
        cases.append((x, {**weights, name: weights[name].clone().requires_grad_()}, n_heads, mask))
    return cases


def _gradient(output: Tensor) -> Tensor | None:
    """The gradient at the one argument that asks for it, or None where it is cut off.

    Leaves that are parameters do not count: the arguments are plain tensors, so a parameter belongs to a module that
    the answer made itself.
    """
    steps, seen = [output.grad_fn], set()
    while steps:
        step = steps.pop()
        if step is None or step in seen:
            continue
        seen.add(step)
        steps += [before for before, _ in step.next_functions]
        leaf = getattr(step, "variable", None)
        if leaf is not None and not isinstance(leaf, nn.Parameter):
            return torch.autograd.grad(output.square().sum(), leaf, retain_graph=True, allow_unused=True)[0]
    return None


def _can_be_trained(output: Tensor, *_) -> bool | str:
    return _gradient(output) is not None or (
        "no gradient reaches one of them (because of detach, .data or a new tensor): training would leave it as it is."
    )


def _queries_and_keys_learn(output: Tensor, *_) -> bool | str:
    """Only in_proj_weight asks for its gradient."""
    gradient = _gradient(output)
    return (gradient is not None and all(part.abs().max() > 0 for part in gradient.chunk(3)[:2])) or (
        "no gradient reaches W_Q or W_K (because of detach, .data or a new tensor): training would change only "
        "the values."
    )


MULTI_HEAD = Exercise(
    id="06.multi_head",
    title="Multi-head attention",
    points=4,
    reference=multi_head(),
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
        matches_reference("With a mask for padding, is it hidden from every query?", cases=9),
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
            _can_be_trained,
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
    mistakes=MISTAKES,
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
        Mistake(
            "features of a head",
            16,
            "16 is the size of each of three heads, 48 / 3. The number of heads is asked for.",
        ),
        Mistake("all that suffice", [3, 4], "Both do succeed. Set heads_for_three to the smaller of them."),
    ],
)
