"""Lesson 04: what a decoder reads and is to write, and sums that leave padding out."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when

BOS, EOS = 2, 3


def _shift_target(target: list[int], bos: int, eos: int) -> tuple[list[int], list[int]]:
    return [bos, *target], [*target, eos]


SHIFT_TARGET = Exercise(
    id="04.shift_target",
    title="What the decoder reads, and what it is to write",
    reference=_shift_target,
    cases=lambda: [([7], BOS, EOS), ([7, 4, 9], BOS, EOS), ([5, 5, 6, 8], 0, 1), ([], BOS, EOS)],
    properties=[
        holds(
            "Are both as long as each other, so that every symbol read has one to be written?",
            lambda pair, target, bos, eos: (
                len(pair[0]) == len(pair[1]) or f"you read {len(pair[0])} symbols and write {len(pair[1])}."
            ),
        ),
        holds(
            "Does the decoder read <bos> first, before it has written anything?",
            lambda pair, target, bos, eos: pair[0][0] == bos or f"the first symbol read is {pair[0][0]}.",
            cases=[0, 1, 2],
        ),
        holds(
            "Does it learn to stop: is <eos> the last symbol to be written?",
            lambda pair, target, bos, eos: (
                pair[1][-1] == eos or f"the last symbol to be written is {pair[1][-1]}."
            ),
            cases=[0, 1, 2],
        ),
        matches_reference("With one symbol: is it read [<bos>, 7], write [7, <eos>]?", cases=0),
        matches_reference("And for any target, even an empty one?"),
    ],
    hints=[
        "At every step the decoder has read all that stands before the symbol to be written. And before the first?",
        "Read: <bos> and the target. Write: the target and <eos>. So each is one symbol longer than the target.",
        "return [bos, *target], [*target, eos]",
    ],
    mistakes=[
        Mistake(
            "not shifted",
            lambda target, bos, eos: ([*target, eos], [*target, eos]),
            "You let the decoder read the very symbol that it is to write: it learns to copy its input, the loss falls "
            "to 0, and it can write nothing by itself.",
        ),
        Mistake(
            "shifted twice",
            lambda target, bos, eos: ([bos, *target], [*target[1:], eos, eos]),
            "You shifted twice: after <bos> the first symbol is due, not the second.",
        ),
        Mistake(
            "no eos",
            lambda target, bos, eos: ([bos, *target[:-1]], [*target]),
            "You left <eos> out: such a decoder never learns to stop.",
        ),
        Mistake(
            "no bos",
            lambda target, bos, eos: ([*target], [*target[1:], eos]),
            "You left <bos> out: nothing asks for the first symbol, and it is never learnt.",
        ),
        Mistake(
            "both sides around both",
            lambda target, bos, eos: ([bos, *target, eos], [bos, *target, eos]),
            "You put <bos> and <eos> on both sides and did not shift: the decoder reads what it is to write.",
        ),
        Mistake(
            "eos read",
            lambda target, bos, eos: ([bos, *target, eos], [*target, eos]),
            "You let the decoder read <eos>, too; nothing is to be written after it, so it is never read.",
        ),
        Mistake(
            "eos not written",
            lambda target, bos, eos: ([bos, *target], [*target]),
            "What is to be written after the last symbol? <eos> is missing there, and with it the stop.",
        ),
        Mistake(
            "bos for eos",
            lambda target, bos, eos: ([bos, *target], [*target, bos]),
            "You ended with <bos>; the last symbol to be written is <eos>.",
        ),
        Mistake(
            "swapped",
            lambda target, bos, eos: ([*target, eos], [bos, *target]),
            "You swapped the two: the decoder reads <bos> …, and writes … <eos>.",
        ),
    ],
)


def _masked_loss(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")  # (batch, target_len)
    real = targets != pad_id
    return losses[real].mean()


def _mean_over_all(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    return F.cross_entropy(logits.transpose(1, 2), targets)


def _masked_sum_over_all(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return (losses * (targets != pad_id)).mean()


def _mean_of_rows(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    real = targets != pad_id
    return ((losses * real).sum(1) / real.sum(1)).mean()


def _sum(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return losses[targets != pad_id].sum()


def _always_zero(logits: Tensor, targets: Tensor, pad_id: int) -> Tensor:
    return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=0)


def _loss_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(0)

    def case(lengths: list[int], pad_id: int) -> tuple:
        time = max(lengths)
        targets = torch.randint(1, 5, (len(lengths), time), generator=generator)
        targets[targets == pad_id] = 0
        for row, length in enumerate(lengths):
            targets[row, length:] = pad_id
        return 2 * torch.randn(len(lengths), time, 5, generator=generator), targets, pad_id

    return [case([3], 0), case([1, 3], 0), case([4, 2, 1], 0), case([4, 2, 1], 4)]


def _more_padding(logits: Tensor, targets: Tensor, pad_id: int) -> tuple:
    more = torch.full((len(targets), 3), pad_id)
    return (
        torch.cat([logits, 5 * torch.ones(len(logits), 3, 5).cumsum(2)], 1),
        torch.cat([targets, more], 1),
        pad_id,
    )


MASKED_LOSS = Exercise(
    id="04.masked_loss",
    title="A loss that leaves padding out",
    reference=_masked_loss,
    cases=_loss_cases,
    properties=[
        matches_reference("Without any padding, is it the mean cross-entropy in nats?", cases=0),
        unchanged_when("Does it stay the same when three columns of padding are added?", _more_padding),
        matches_reference(
            "With a row of 1 and a row of 3 real symbols: is it the sum over the 4, divided by 4?", cases=1
        ),
        matches_reference("Three rows of 4, 2 and 1?", cases=2),
        matches_reference("And where another id than 0 stands for padding?", cases=3),
    ],
    hints=[
        "Which positions count? Make a boolean tensor of them: the sum of the losses there, divided by their number.",
        'F.cross_entropy(…, reduction="none") gives one loss a position; it wants the classes in dimension 1: '
        "logits.transpose(1, 2). Or let its option ignore_index do the work.",
        "return F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad_id)",
    ],
    mistakes=[
        Mistake(
            "padding counted",
            _mean_over_all,
            "You counted the padding: the loss then depends on the neighbours in the batch. (Masking after the mean "
            "does not help: mask the losses one by one.)",
        ),
        Mistake(
            "divided by all positions",
            _masked_sum_over_all,
            "You left the padding out of the sum, and divided by all positions all the same; divide by the real ones.",
        ),
        Mistake(
            "mean of the rows' means",
            _mean_of_rows,
            "You took the mean of each row, and then of the rows: a symbol of a short row counts more than one of a "
            "long row. Every real symbol counts the same.",
        ),
        Mistake("sum", _sum, "You added up the losses; divide by the number of real symbols."),
        Mistake(
            "always ignores 0",
            _always_zero,
            "You always leave out class 0; here the argument pad_id says which id is padding.",
        ),
    ],
)


def _last_state(states: Tensor, lengths: Tensor) -> Tensor:
    return states[torch.arange(len(states)), lengths - 1]


def _state_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(1)

    def case(lengths: list[int], hidden_size: int) -> tuple:
        return torch.randn(len(lengths), max(lengths), hidden_size, generator=generator), torch.tensor(
            lengths
        )

    return [case([1], 2), case([3, 3], 1), case([1, 3], 1), case([4, 2, 1, 3], 5)]


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
        has_shape("Is it one state a row, (batch, hidden_size)?"),
        matches_reference("Where nothing is padded, is it the last state of each row?", cases=[0, 1]),
        matches_reference("With lengths 1 and 3: the first state of row 0, the third of row 1?", cases=2),
        unchanged_when("Does it stay the same whatever stands in the padding?", _other_padding),
        matches_reference("And for four rows of all lengths?", cases=3),
    ],
    hints=[
        "The last real symbol of a row of length 3 is number 2. Every row has its own number.",
        "Index with two tensors: one counts the rows, 0 … batch − 1; the other says which time step of that row.",
        "return states[torch.arange(len(states)), lengths - 1]",
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
            "You are one step late: index `lengths` is the first padding, or outside; a row of length n ends at "
            "index n − 1.",
        ),
        Mistake(
            "one step too far, cut off",
            lambda states, lengths: states[torch.arange(len(states)), lengths.clamp(max=states.shape[1] - 1)],
            "You are one step late: index `lengths` is the first padding; a row of length n ends at index n − 1.",
        ),
        Mistake(
            "mean over time",
            lambda states, lengths: states.mean(1),
            "You took the mean over all steps, padding included; asked for is one state: after the last real symbol.",
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
    ],
)
