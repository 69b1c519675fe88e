"""Lesson 05: from scores to weights under a padding mask."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when

NEVER = -float("inf")
OVER_QUERIES = (
    "You took the softmax over the queries (dim=0), so the columns sum to 1. Each query divides its own weight of 1 "
    "among the keys: dim=-1."
)
UNSAFE = (
    "Your exponential is infinite from scores of about 89 on, and infinity over infinity is NaN. Use torch.softmax, "
    "which subtracts each row's largest score first."
)
FINITE = "You gave padding a finite score. The other scores can be lower still; the score that never wins is −math.inf."
NO_GRADIENT = (
    "the result has no gradient, because of detach, item or a new tensor: nothing can be learned through it."
)


def _weights(scores, mask):
    return torch.softmax(scores.masked_fill(~mask, NEVER), dim=-1)


def _late(scores, mask):
    return torch.softmax(scores, dim=-1) * mask


def _only_the_first(scores, mask):
    weights, real = torch.zeros_like(scores), int(mask.sum())
    weights[:, :real] = torch.softmax(scores[:, :real], dim=-1)
    return weights


def _shared_out(scores, mask):
    weights = torch.softmax(scores, dim=-1)
    return _late(scores, mask) + (weights * ~mask).sum(dim=-1, keepdim=True) / mask.sum() * mask


def _weights_cases() -> list[tuple]:
    generator = seeded(0)

    def case(target_len: int, allowed: list[bool]) -> tuple:
        return 2 * torch.randn(target_len, len(allowed), generator=generator), torch.tensor(allowed)

    return [
        case(1, [True, True, True]),
        case(3, [True, True, True, True]),
        case(2, [True, True, True, False, False]),
        case(4, [True, False, True, True]),
        tuple(part if n else 100 * part for n, part in enumerate(case(3, [True, True, False, True, True]))),
        tuple(part if n else part - 30_000 for n, part in enumerate(case(2, [True, True, False, False]))),
    ]


def _rows_sum_to_one(weights, *_) -> bool | str:
    sums = weights.sum(dim=-1)
    t = int((sums - 1).abs().argmax())
    return bool((sums - 1).abs().max() < 1e-4) or f"your row {t} sums to {sums[t]:.3f}, not to 1."


def _scores_that_learn() -> list[tuple]:
    scores, mask = _weights_cases()[2]
    return [(scores.requires_grad_(), mask)]


def learns(result, *_) -> bool | str:
    return result.requires_grad or NO_GRADIENT


def _padding_gets_nothing(weights, scores, mask) -> bool | str:
    given = weights[:, ~mask].flatten()
    worst = float(given[given.abs().argmax()]) if len(given) else 0.0
    return abs(worst) < 1e-6 or f"a key where the mask is False gets {worst:.3f}."


ATTENTION_WEIGHTS = Exercise(
    id="05.attention_weights",
    title="From scores to weights, padding left out",
    points=1,
    reference=_weights,
    cases=_weights_cases,
    properties=[
        has_shape("Are there as many weights as scores, (target_len, source_len)?"),
        matches_reference(
            "For one query that may attend to every key: is it the softmax of its scores?", cases=0
        ),
        holds("Does every row sum to 1, one row for each query?", _rows_sum_to_one, cases=1),
        holds("Does a padded key, where the mask is False, get weight 0?", _padding_gets_nothing),
        holds(
            "Does every row still sum to 1 when some keys are padding?",
            _rows_sum_to_one,
            cases=(0, 1, 2, 3, 4),
        ),
        matches_reference("Are the weights right for every query and mask?", cases=(0, 1, 2, 3)),
        unchanged_when(
            "Do the weights stay the same, however large the score of a padded key is?",
            lambda scores, mask: (torch.where(mask, scores, scores + 1e6), mask),
            cases=(0, 1, 2, 3),
        ),
        matches_reference(
            "Are scores of a few hundred safe, although their exponential is infinite?", cases=4
        ),
        holds(
            "Is padding without weight even where all scores are far below zero?",
            _padding_gets_nothing,
            cases=5,
        ),
        holds("Does a gradient come back to the scores?", learns, cases=_scores_that_learn),
    ],
    hints=[
        "A weight after the softmax must be 0 where the mask is False. Which score has e^score = 0?",
        "Set the scores to −∞ where the mask is False, before the softmax. The softmax runs over the keys.",
        "`scores.masked_fill(~mask, -math.inf)` sets them, the same in every row. The keys are the last dimension.",
    ],
    mistakes=[
        Mistake(
            "softmax over the queries",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, NEVER), dim=0).nan_to_num(0.0),
            OVER_QUERIES,
        ),
        Mistake(
            "softmax over the queries, NaN at padding",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, NEVER), dim=0),
            OVER_QUERIES,
        ),
        Mistake(
            "softmax over the queries, shared padding",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, -1e9), dim=0),
            OVER_QUERIES,
        ),
        Mistake(
            "a finite score for padding",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, -100.0), dim=-1),
            FINITE,
        ),
        Mistake(
            "a finite amount subtracted",
            lambda scores, mask: torch.softmax(scores - 1000.0 * ~mask, dim=-1),
            "You lowered the scores of padding by a finite amount. They can be higher by more than that; set them to "
            "−math.inf instead.",
        ),
        Mistake(
            "the row's smallest score for padding",
            lambda scores, mask: torch.softmax(
                torch.where(mask, scores, scores.amin(dim=-1, keepdim=True)), dim=-1
            ),
            "You gave padding the smallest score of its row. That is a score like any other, and its exponential is "
            "not 0; use −math.inf.",
        ),
        Mistake(
            "infinity times 0",
            lambda scores, mask: torch.softmax(scores + NEVER * (~mask).float(), dim=-1),
            "−∞ · 0 is NaN, so every real key gets NaN. Choose instead of multiplying: masked_fill or torch.where.",
        ),
        Mistake(
            "no softmax",
            lambda scores, mask: scores.masked_fill(~mask, NEVER),
            "You masked the scores correctly, but returned them. The weights are their softmax over the keys.",
        ),
        Mistake(
            "columns dropped",
            lambda scores, mask: torch.softmax(scores[:, mask], dim=-1),
            "You cut the padded columns off. Return their weights as well, which are 0: the result has as many columns "
            "as the scores.",
        ),
        Mistake(
            "the first keys taken for the real ones",
            _only_the_first,
            "You counted the real keys and took as many from the left. Padding need not be on the right: use the mask "
            "itself.",
        ),
        Mistake(
            "one sum for all rows",
            lambda scores, mask: _late(scores, mask) / _late(scores, mask).sum(),
            "You divided by the sum of the whole matrix. Every row has a sum of its own: sum(dim=-1, keepdim=True).",
        ),
        Mistake(
            "padding's weight shared out",
            _shared_out,
            "You shared out the weight of the padding in equal parts. Each real key should grow in proportion to its "
            "own weight, which is what masking the scores before the softmax does.",
        ),
        Mistake(
            "divided by what padding left",
            lambda scores, mask: _late(scores, mask) / _late(scores, mask).sum(dim=-1, keepdim=True),
            "On paper your weights are right. But where padding has a large score, the softmax leaves the real keys "
            "nothing, and 0 / 0 is NaN. Mask the scores, before the softmax.",
        ),
        Mistake(
            "−∞ after the softmax",
            lambda scores, mask: torch.softmax(scores, dim=-1).masked_fill(~mask, NEVER),
            "You set weights to −∞, after the softmax. Set the scores to −∞ before it, and the weights come out as 0.",
        ),
        Mistake(
            "+∞ or NaN for padding",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask, -NEVER), dim=-1),
            "You set the scores of padding to +∞ or NaN, and either makes the whole row NaN. It is −∞: -math.inf.",
        ),
        Mistake(
            "logarithm of the weights",
            lambda scores, mask: torch.log_softmax(scores.masked_fill(~mask, NEVER), dim=-1),
            "You used log_softmax and returned the logarithms of the weights: softmax.",
        ),
        Mistake(
            "no mask",
            lambda scores, mask: torch.softmax(scores, dim=-1),
            "You did not use the mask: padding takes its share of the weight, and the result depends on how much of it "
            "a batch happens to have.",
        ),
        Mistake(
            "mask inverted",
            lambda scores, mask: torch.softmax(scores.masked_fill(mask, NEVER), dim=-1),
            "Your mask is inverted. In this course, as in scaled_dot_product_attention, True = may attend. (In "
            "nn.MultiheadAttention, True = masked.)",
        ),
        Mistake(
            "mask after the softmax",
            _late,
            "You set weights to 0 after the softmax: what padding had taken is missing now, and the rows sum to less "
            "than 1. Mask the scores, before the softmax.",
        ),
        Mistake(
            "mask added",
            lambda scores, mask: torch.softmax(scores + mask, dim=-1),
            "You added the mask to the scores: True counts as 1, so a real key is preferred a little and padding still "
            "gets weight. An additive mask holds 0 and −∞.",
        ),
        Mistake(
            "scores set to 0",
            lambda scores, mask: torch.softmax(scores * mask, dim=-1),
            "You set the scores of padding to 0; e^0 = 1 is a weight like any other. The score that gives 0 is −∞.",
        ),
        Mistake(
            "mask along the queries",
            lambda scores, mask: torch.softmax(scores.masked_fill(~mask[:, None], NEVER), dim=-1),
            "mask[:, None] applies the mask to the rows, the queries. It is about the keys, the last dimension: mask "
            "as it is, or mask[None, :].",
        ),
        Mistake(
            "no keepdim",
            lambda scores, mask: (scores.exp() * mask) / (scores.exp() * mask).sum(dim=-1),
            "Your sums are (target_len,) and get divided along the keys. With sum(dim=-1, keepdim=True) they are "
            "(target_len, 1), one for each row.",
        ),
        Mistake(
            "exponential without its maximum",
            lambda scores, mask: (scores.exp() * mask) / (scores.exp() * mask).sum(dim=-1, keepdim=True),
            UNSAFE,
        ),
        Mistake(
            "detached",
            lambda scores, mask: _weights(scores.detach(), mask),
            "Your numbers are right, but no gradient reaches the scores, so nothing can be learned. Stay with tensors: "
            "no detach, tolist, item or NumPy on the way.",
        ),
    ],
)
