"""Lesson 11: many token vectors to one."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference, unchanged_when


def _mean_pool(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]  # (batch, time)
    return (hidden * real[:, :, None]).sum(dim=1) / lengths[:, None]


def _divided_by_time(hidden, lengths):
    return _mean_pool(hidden, lengths) * lengths[:, None] / hidden.shape[1]


def _largest(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    return hidden.masked_fill(~real[:, :, None], -torch.inf).amax(dim=1)


def _masked_mean(keep, own_count=False):
    """The mean over the positions in keep(positions, lengths, hidden), divided by lengths or by how many these are."""

    def mean_pool(hidden, lengths):
        chosen = keep(torch.arange(hidden.shape[1]), lengths[:, None], hidden)  # (batch, time)
        count = chosen.sum(dim=1, keepdim=True) if own_count else lengths[:, None]
        return (hidden * chosen[:, :, None]).sum(dim=1) / count

    return mean_pool


def _up_to_lengths(positions, lengths, hidden):
    return positions <= lengths


def _inverted(positions, lengths, hidden):
    return positions >= lengths


def _not_zero(positions, lengths, hidden):
    return (hidden != 0).any(dim=2)


def _without_cls(positions, lengths, hidden):
    return (positions > 0) & (positions < lengths)


def _without_cls_and_sep(positions, lengths, hidden):
    return (positions > 0) & (positions < lengths - 1)


def _pool_cases() -> list[tuple]:
    generator = seeded(11)

    def case(lengths: list[int], d_model: int) -> tuple:
        return torch.randn(len(lengths), max(lengths) + 1, d_model, generator=generator), torch.tensor(
            lengths
        )

    whole = torch.tensor([[[1.0, 2.0], [3.0, 6.0]]]), torch.tensor([2])
    padded = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [9.0, 9.0]]]), torch.tensor([2])
    zeros = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [0.0, 0.0], [0.0, 0.0]]]), torch.tensor([3])
    return [whole, padded, case([3, 1, 5], 4), case([2, 4], 3), zeros]


def _one_for_the_batch(hidden, lengths):
    return hidden[torch.arange(hidden.shape[1]) < lengths[:, None]].mean(dim=0)


def _other_padding(hidden, lengths):
    real = torch.arange(hidden.shape[1]) < lengths[:, None]
    return torch.where(real[:, :, None], hidden, -5.0), lengths


MEAN_POOL = Exercise(
    id="11.mean_pool",
    title="The mean of the real tokens",
    points=1,
    reference=_mean_pool,
    cases=_pool_cases,
    properties=[
        has_shape("Is there one vector for each sentence, (batch, d_model)?"),
        matches_reference("Two tokens, no padding: is it their mean?", cases=0),
        matches_reference("With two tokens and one of padding, is it the mean of the two?", cases=1),
        unchanged_when(
            "With different numbers in the padding, is the result the same?", _other_padding, cases=(2, 3)
        ),
        matches_reference(
            "With sentences of several lengths in one batch, is each mean right?", cases=(2, 3)
        ),
        matches_reference("Is a real token counted even if its vector is zero?", cases=4),
    ],
    hints=[
        "Padding has vectors too, and they are not zero. They must neither be added nor counted.",
        "A mask, true where position < length, is (batch, time). Multiply by it, sum over time, divide.",
        "`real = torch.arange(time) < lengths[:, None]` is the mask. `real[:, :, None]` multiplies hidden, and "
        "`lengths[:, None]` divides the sums.",
    ],
    mistakes=[
        Mistake(
            "padding counted",
            lambda hidden, lengths: hidden.mean(dim=1),
            "You averaged over all positions, padding included: a sentence's vector would depend on its batch.",
        ),
        Mistake(
            "one too many",
            _masked_mean(_up_to_lengths),
            "You kept position `lengths`, too. Of a sentence of length 2, positions 0 and 1 are real: use <, not <=.",
        ),
        Mistake(
            "one too many, counted",
            _masked_mean(_up_to_lengths, own_count=True),
            "You kept position `lengths`, too. Of a sentence of length 2, positions 0 and 1 are real: use <, not <=.",
        ),
        Mistake(
            "mask inverted",
            _masked_mean(_inverted),
            "Your mask is inverted: you kept the padding and dropped the sentence. Keep positions < lengths.",
        ),
        Mistake(
            "mask inverted, counted",
            _masked_mean(_inverted, own_count=True),
            "Your mask is inverted: you kept the padding and dropped the sentence. Keep positions < lengths.",
        ),
        Mistake(
            "padding recognised by its zeros",
            _masked_mean(_not_zero, own_count=True),
            "You took vectors of zeros for padding. At padding a model's vectors are not zero, and a real token's "
            "may be: only `lengths` says what is real.",
        ),
        Mistake(
            "[CLS] left out",
            _masked_mean(_without_cls, own_count=True),
            "You left out position 0, [CLS]. All positions < lengths count as real here, [CLS] and [SEP] too.",
        ),
        Mistake(
            "[CLS] and [SEP] left out",
            _masked_mean(_without_cls_and_sep, own_count=True),
            "You left out the first and the last token. All positions < lengths count as real here, [CLS] and [SEP] "
            "too.",
        ),
        Mistake(
            "divided by time",
            _divided_by_time,
            "You left the padding out of the sum, but divided by all positions: divide by the sentence's own length.",
        ),
        Mistake(
            "cut to the longest",
            lambda hidden, lengths: hidden[:, : int(lengths.max())].mean(dim=1),
            "You cut the batch to its longest sentence and averaged. Shorter sentences still have padding in their "
            "means: each needs its own length.",
        ),
        Mistake(
            "the first sentence's length",
            lambda hidden, lengths: hidden[:, : int(lengths[0])].mean(dim=1),
            "You use lengths[0] for the whole batch. Each sentence has a length of its own.",
        ),
        Mistake(
            "one vector for the batch",
            _one_for_the_batch,
            "You average the tokens of all sentences together. Each sentence needs a vector of its own; hidden[mask] "
            "forgets which sentence a token came from.",
        ),
        Mistake(
            "divided by all tokens",
            lambda hidden, lengths: _mean_pool(hidden, lengths) * lengths[:, None] / lengths.sum(),
            "You divided by the number of tokens of the whole batch: divide each sum by its own sentence's length.",
        ),
        Mistake(
            "padding added",
            lambda hidden, lengths: hidden.sum(dim=1) / lengths[:, None],
            "You divided by the sentence's own length, but added its padding, too: set that to 0 first.",
        ),
        Mistake(
            "sum",
            lambda hidden, lengths: _mean_pool(hidden, lengths) * lengths[:, None],
            "That is the sum: long sentences get long vectors. Divide by lengths.",
        ),
        Mistake(
            "first token",
            lambda hidden, lengths: hidden[:, 0],
            "You took the vector of [CLS] alone; the exercise asks for the mean of all real tokens.",
        ),
        Mistake(
            "last position",
            lambda hidden, lengths: hidden[:, -1],
            "You took the last position, which is padding for most sentences; the exercise asks for a mean.",
        ),
        Mistake(
            "largest", _largest, "You took the largest entry of each feature (max pooling), not the mean."
        ),
    ],
)
