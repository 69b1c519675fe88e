"""Lesson 04: a loss and a state that do not depend on padding."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


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
    generator = torch.Generator().manual_seed(0)

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


def _learning(cases: list[tuple], number: int) -> list[tuple]:
    """One of the cases, in which the first argument asks for its gradient."""
    first, *others = cases[number]
    return [(first.clone().requires_grad_(), *others)]


_CUT = "no gradient comes back through your result (because of detach, .item() or a new tensor)."


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
            lambda loss, *_: loss.requires_grad or _CUT,
            cases=lambda: _learning(_loss_cases(), 2),
        ),
    ],
    hints=[
        "Which positions count? Write down a boolean tensor that is True exactly there.",
        'F.cross_entropy(…, reduction="none") gives one loss per position; it expects the classes in dimension 1: '
        "logits.transpose(1, 2). Average the losses where the target is real. The option ignore_index does the same.",
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
    ],
)


def _last_state(states: Tensor, lengths: Tensor) -> Tensor:
    return states[torch.arange(len(states)), lengths - 1]


def _state_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(1)

    def case(lengths: list[int], hidden_size: int) -> tuple:
        states = torch.randn(len(lengths), max(lengths), hidden_size, generator=generator)
        return states, torch.tensor(lengths)

    return [case([1], 2), case([3, 3], 4), case([1, 3], 1), case([4, 2, 1, 3, 5], 3)]


def _other_padding(states: Tensor, lengths: Tensor) -> tuple:
    """Other numbers where a row is padded, and two columns more of them."""
    batch, time, hidden_size = states.shape
    wider = torch.full((batch, time + 2, hidden_size), 9.0)
    for row, length in enumerate(lengths.tolist()):
        wider[row, :length] = states[row, :length]
    return wider, lengths


LAST_STATE = Exercise(
    id="04.last_state",
    title="The state after the last real symbol",
    reference=_last_state,
    cases=_state_cases,
    properties=[
        has_shape("Is it one state per row, (batch, hidden_size)?"),
        matches_reference("Where nothing is padded, is it the last state of each row?", cases=[0, 1]),
        matches_reference(
            "With lengths 1 and 3, is it the state of step 0 in row 0 and of step 2 in row 1?", cases=2
        ),
        unchanged_when("Does it stay the same whatever the padding contains?", _other_padding),
        matches_reference("For five rows of all lengths, is it right?", cases=3),
        holds(
            "Can the encoder be trained through it?",
            lambda state, *_: state.requires_grad or _CUT,
            cases=lambda: _learning(_state_cases(), 3),
        ),
    ],
    hints=[
        "The last real symbol of a row of length 3 is at index 2. Every row has an index of its own.",
        "Index with two tensors: one counts the rows, 0 … batch − 1; the other says which time step of that row.",
        "`torch.arange(len(states))` counts the rows. What belongs next to it, between the same brackets?",
    ],
    mistakes=[
        Mistake(
            "the padded end",
            lambda states, lengths: states[:, -1],
            "You took the last column: for every row but the longest, that is a state after padding was read.",
        ),
        Mistake(
            "off by one",
            lambda states, lengths: states[torch.arange(len(states)), (lengths - 2).clamp(min=0)],
            "You are one step early: a row of length n ends at index n − 1.",
        ),
        Mistake(
            "one step too far",
            lambda states, lengths: states[torch.arange(len(states)), lengths],
            "You are one step late: index `lengths` is already padding, or outside; a row of length n ends at "
            "index n − 1.",
        ),
        Mistake(
            "one step too far, cut off",
            lambda states, lengths: states[torch.arange(len(states)), lengths.clamp(max=states.shape[1] - 1)],
            "You are one step late: index `lengths` is already padding; a row of length n ends at index n − 1.",
        ),
        Mistake(
            "mean over time",
            lambda states, lengths: states.mean(1),
            "You took the mean over all steps, padding included; return the state after the last real symbol.",
        ),
        Mistake(
            "every end of every row",
            lambda states, lengths: states[:, lengths - 1],
            "states[:, lengths − 1] takes *all* these steps from *every* row. Put torch.arange(batch) in place of the "
            "colon: then row i gets its own step.",
        ),
        Mistake(
            "the shortest row's end",
            lambda states, lengths: states[:, int(lengths.min()) - 1],
            "You cut every row at the length of the shortest; each row has its own end.",
        ),
        Mistake(
            "gradient cut",
            lambda states, lengths: _last_state(states.detach(), lengths),
            "Your numbers are right, but they are cut off from the states: the encoder could not learn.",
        ),
    ],
)
