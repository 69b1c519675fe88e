"""Lesson 04: a loss that does not depend on padding."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import holds, matches_reference, unchanged_when


def _losses(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")  # (batch, target_len)


def _masked_loss(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    return _losses(logits, targets)[targets != pad_id].mean()


def _mean_over_all(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    return _losses(logits, targets).mean()


def _masked_sum_over_all(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    return (_losses(logits, targets) * (targets != pad_id)).mean()


def _mean_of_rows(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    real = targets != pad_id
    return ((_losses(logits, targets) * real).sum(1) / real.sum(1)).mean()


def _log_of_softmax(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    chosen = logits.softmax(-1).log().gather(2, targets[..., None])[..., 0]
    return -chosen[targets != pad_id].mean()


def _loss_cases() -> list[tuple]:
    generator = seeded(0)

    def case(lengths: list[int], vocab_size: int, pad_id: int, scale: float = 2.0) -> tuple:
        time = max(lengths)
        targets = torch.randint(vocab_size - 1, (len(lengths), time), generator=generator)
        targets += targets >= pad_id  # every id but padding's
        for row, length in enumerate(lengths):
            targets[row, length:] = pad_id
        return scale * torch.randn(len(lengths), time, vocab_size, generator=generator), targets, pad_id

    return [
        case([3], 5, 0),
        case([1, 3], 4, 0),
        case([4, 2, 1], 7, 0),
        case([4, 2, 1], 5, 4),
        case([2, 3], 6, 0, scale=200.0),
    ]


def _more_padding(logits: Tensor, targets: Tensor, pad_id: int) -> tuple:
    batch, _, vocab_size = logits.shape
    more = torch.full((batch, 3), pad_id)
    return (
        torch.cat([logits, 5 * torch.ones(batch, 3, vocab_size).cumsum(2)], 1),
        torch.cat([targets, more], 1),
        pad_id,
    )


def learning(cases: list[tuple], number: int) -> list[tuple]:
    """One of the cases, in which the first argument asks for its gradient."""
    first, *others = cases[number]
    return [(first.clone().requires_grad_(), *others)]


CUT = "no gradient comes back through your result (because of detach, .item() or a new tensor)."


MASKED_LOSS = Exercise(
    id="04.masked_loss",
    title="A loss without padding",
    reference=_masked_loss,
    cases=_loss_cases,
    properties=[
        matches_reference("Without any padding, is it the mean cross-entropy in nats?", cases=0),
        unchanged_when(
            "Does it stay the same when three columns of padding are added?",
            _more_padding,
            cases=[0, 1, 2, 3],
        ),
        matches_reference(
            "With a row of 1 and a row of 3 real symbols, is it the sum over the 4, divided by 4?", cases=1
        ),
        matches_reference("For three rows of 4, 2 and 1 symbols, is it right?", cases=2),
        matches_reference("Where padding has an id other than 0, is it right?", cases=3),
        matches_reference("Are logits of several hundred safe, where a probability rounds to 0?", cases=4),
        holds(
            "Can a network be trained with it?",
            lambda loss, *_: loss.requires_grad or CUT,
            cases=lambda: learning(_loss_cases(), 2),
        ),
    ],
    hints=[
        "Which positions count? Write down a boolean tensor that is True exactly there.",
        '`F.cross_entropy(…, reduction="none")` gives one loss per position; it expects the classes in dimension 1: '
        "`logits.transpose(1, 2)`. Average the losses where the target is real. Or use its option `ignore_index`.",
        "`losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction='none')`; then keep those where "
        "`targets != pad_id`.",
    ],
    mistakes=[
        Mistake(
            "padding counted",
            _mean_over_all,
            "You counted the padding: the loss then depends on the neighbours in the batch. Masking after the mean "
            "does not help; mask the losses one by one.",
        ),
        Mistake(
            "divided by all positions",
            _masked_sum_over_all,
            "You left padding out of the sum, but divided by all positions. Divide by the number of real ones.",
        ),
        Mistake(
            "mean of the rows' means",
            _mean_of_rows,
            "You took the mean of each row, and then the mean of these: a symbol of a short row counts more. Every "
            "real symbol counts the same.",
        ),
        Mistake(
            "sum",
            lambda logits, targets, pad_id: _losses(logits, targets)[targets != pad_id].sum(),
            "You added up the losses; divide by the number of real symbols.",
        ),
        Mistake(
            "always ignores 0",
            lambda logits, targets, pad_id: F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=0),
            "You always leave out class 0; here the argument pad_id says which id is padding.",
        ),
        Mistake(
            "mask inverted",
            lambda logits, targets, pad_id: _losses(logits, targets)[targets == pad_id].mean(),
            "Your mask is inverted: you averaged the losses of the padding. Keep `targets != pad_id`.",
        ),
        Mistake(
            "softmax before the cross-entropy",
            lambda logits, targets, pad_id: _masked_loss(logits.softmax(-1), targets, pad_id),
            "You applied a softmax before F.cross_entropy, which takes logits and applies its own.",
        ),
        Mistake(
            "log of the softmax",
            _log_of_softmax,
            "You took the softmax, then its logarithm: a probability that rounds to 0 gives an infinite loss. Use "
            "F.cross_entropy or log_softmax.",
        ),
        Mistake(
            "gradient cut",
            lambda logits, targets, pad_id: _masked_loss(logits.detach(), targets, pad_id),
            "Your number is right, but it is cut off from the logits, so nothing can be learned from it.",
        ),
        Mistake(
            "ids above padding's only",
            lambda logits, targets, pad_id: _losses(logits, targets)[targets > pad_id].mean(),
            "You kept the ids above pad_id. Padding may have any id, the highest too: compare with `!=`.",
        ),
        Mistake(
            "reshaped, not transposed",
            lambda logits, targets, pad_id: F.cross_entropy(
                logits.reshape(logits.shape[0], logits.shape[2], -1), targets, ignore_index=pad_id
            ),
            "You brought the classes to dimension 1 with view or reshape, which mixes positions and classes. "
            "Use transpose(1, 2).",
        ),
        Mistake(
            "divided by the rows",
            lambda logits, targets, pad_id: _losses(logits, targets)[targets != pad_id].sum() / len(targets),
            "You divided by the number of rows; divide by the number of real symbols.",
        ),
        Mistake(
            "a mean for each row",
            lambda logits, targets, pad_id: torch.stack(
                [
                    losses[row != pad_id].mean()
                    for losses, row in zip(_losses(logits, targets), targets, strict=True)
                ]
            ),
            "You returned one loss per row; return a single number, the mean over all real symbols.",
        ),
        Mistake(
            "mask from the prediction",
            lambda logits, targets, pad_id: _losses(logits, targets)[logits.argmax(-1) != pad_id].mean(),
            "You left out the positions where padding is *predicted*. The mask comes from the targets.",
        ),
        Mistake(
            "padding out of the softmax",
            lambda logits, targets, pad_id: _losses(
                logits.index_fill(2, torch.tensor([pad_id]), -torch.inf), targets
            )[targets != pad_id].mean(),
            "You removed padding from the classes as well, so that the other probabilities grew. Leave the logits "
            "as they are, and drop the positions.",
        ),
        Mistake(
            "in bits",
            lambda logits, targets, pad_id: _masked_loss(logits, targets, pad_id) / math.log(2),
            "Your loss is in bits; without the division by log 2 it is in nats.",
        ),
        Mistake(
            "shifted again",
            lambda logits, targets, pad_id: _masked_loss(logits[:, :-1], targets[:, 1:], pad_id),
            "You shifted the targets. They are shifted already: the logits at step t predict `targets[:, t]`.",
        ),
        Mistake(
            "cut to the shortest row",
            lambda logits, targets, pad_id: F.cross_entropy(
                logits[:, (targets != pad_id).all(0)].transpose(1, 2), targets[:, (targets != pad_id).all(0)]
            ),
            "You cut every row to the length of the shortest. All real symbols of every row count.",
        ),
        Mistake(
            "perplexity",
            lambda logits, targets, pad_id: _masked_loss(logits, targets, pad_id).exp(),
            "That is the perplexity, the exponential of the loss; return the loss itself.",
        ),
        Mistake(
            "log of the mean probability",
            lambda logits, targets, pad_id: (
                -(-_losses(logits, targets))[targets != pad_id].exp().mean().log()
            ),
            "You averaged probabilities and then took the logarithm. Take the logarithm of each, then the mean.",
        ),
        Mistake(
            "logits of padding set to 0",
            lambda logits, targets, pad_id: _losses(logits * (targets != pad_id)[..., None], targets).mean(),
            "Logits of 0 are a uniform prediction, whose loss is ln vocab_size and not 0. Drop the losses at padding, "
            "not the logits.",
        ),
        Mistake(
            "sign forgotten",
            lambda logits, targets, pad_id: -_masked_loss(logits, targets, pad_id),
            "The loss is *minus* the log-probability: yours has the wrong sign.",
        ),
    ],
)
