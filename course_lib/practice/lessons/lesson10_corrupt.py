"""Lesson 10: which tokens are selected, and what is shown in their place."""

from collections.abc import Callable

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import holds, matches_reference


def _corrupt(
    *, mask=0.8, swap=0.9, everywhere=False, special=True, upside_down=False, all_masked=False,
    at_most=False, selects_at_most=False, fixed_id=None, fixed_rate=None, hidden_only=False, pad_only=False,
    inverted=False, above=False, smallest=False, below_largest=False, one_draw=False, two_exchanged=False,
    per_row=False, unchanged_out=False, same_left_out=False, exchanged=False, over_masks=False, low_end=False,
) -> Callable:  # fmt: skip
    """80/10/10 with given random numbers; the options are the ways to get it wrong."""

    def corrupt(ids, draw, fate, others, special_ids, mask_id, probability):
        rate = probability if fixed_rate is None else fixed_rate
        draw, fate = (fate, draw) if two_exchanged else (draw, fate)
        selected = draw <= rate if selects_at_most else draw > rate if above else draw < rate
        if per_row:
            words_first = draw + torch.isin(ids, torch.tensor(special_ids))
            ranks = words_first.argsort(dim=1).argsort(dim=1)
            selected = ranks < max(1, round(rate * ids.shape[1]))
        if smallest:
            selected = selected & (ids >= len(special_ids))
        elif below_largest:
            selected = selected & (ids > max(special_ids))
        elif special:
            kept = special_ids[:1] if pad_only else special_ids
            selected = selected & ~torch.isin(ids, torch.tensor(kept))
        asked = torch.ones_like(selected) if everywhere else ~selected if inverted else selected
        mask_id = mask_id if fixed_id is None else fixed_id
        fate = 1 - fate if upside_down else draw / rate if one_draw else fate
        if all_masked:
            return torch.where(asked, mask_id, ids), selected
        is_masked = fate <= mask if at_most else fate < mask
        is_swapped = ~is_masked & (fate <= swap if at_most else fate < swap)
        if over_masks:
            is_swapped = fate < swap
        elif low_end:
            is_swapped = fate < 1 - swap
        inputs = torch.where(asked & is_masked, mask_id, ids)
        inputs = torch.where(asked & is_swapped, others, inputs)
        if hidden_only:
            selected = selected & (inputs != ids)
        if unchanged_out:
            selected = selected & (fate < swap)
        if same_left_out:
            selected = selected & ~(is_swapped & (others == ids))
        return (selected, inputs) if exchanged else (inputs, selected)

    return corrupt


def _in_place(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = (draw < probability) & ~torch.isin(ids, torch.tensor(special_ids))
    ids[selected & (fate < 0.8)] = mask_id
    swapped = selected & (fate >= 0.8) & (fate < 0.9)
    ids[swapped] = others[swapped]
    return ids, selected


def _first_others(ids, draw, fate, others, special_ids, mask_id, probability):
    inputs, selected = _corrupt(swap=0.0)(ids, draw, fate, others, special_ids, mask_id, probability)
    swapped = selected & (fate >= 0.8) & (fate < 0.9)
    inputs[swapped] = others.flatten()[: int(swapped.sum())]
    return inputs, selected


def _cases() -> list[tuple]:
    generator = seeded(10)

    def batch(rows: int, time: int, special_ids: list[int], mask_id: int, probability: float) -> tuple:
        ids, others = torch.randint(10, 60, (2, rows, time), generator=generator)
        draw, fate = torch.rand(2, rows, time, generator=generator)
        ids[:, 0], ids[:, time // 2], ids[0, -1] = special_ids[1], special_ids[2], special_ids[0]
        draw[:, 0] = draw[:, time // 2] = draw[0, -1] = 0.0  # special tokens would be selected
        draw[1, 1], fate[1, 1], others[1, 1] = 0.0, 0.85, ids[1, 1]  # the random word is the word itself
        return ids, draw, fate, others, special_ids, mask_id, probability

    row = torch.tensor([[17, 18, 19, 16]]), torch.tensor([[0.1, 0.1, 0.1, 0.9]])
    # In double precision 0.8 and 0.9 are what Python's 0.8 and 0.9 are, also where an answer compares lists of numbers.
    borders = torch.tensor([[17, 18, 19, 16]]), torch.tensor([[0.1, 0.1, 0.5, 0.1]]).double()
    fates = torch.tensor([[0.8, 0.9, 0.3, 0.799]], dtype=torch.float64)
    others = torch.tensor([[21, 22, 23, 24]])
    return [
        (*row, torch.tensor([[0.3, 0.85, 0.95, 0.1]]), others, [0, 1, 2], 4, 0.5),
        batch(2, 7, [0, 1, 2, 3, 4], 4, 0.5),
        batch(6, 20, [5, 3, 70, 7], 7, 0.15),  # special ids on both sides of the words'
        (*borders, fates, others, [0, 1, 2], 6, 0.5),
    ]


CORRUPT = Exercise(
    id="10.corrupt",
    title="Select and corrupt tokens",
    reference=_corrupt(),
    cases=_cases,
    properties=[
        holds(
            "Do you return inputs and selected, both of the shape of ids?",
            lambda result, ids, *_: (
                all(part.shape == ids.shape for part in result) or "one has a different shape."
            ),
            cases=0,
        ),
        holds(
            "Are inputs whole numbers and selected booleans?",
            lambda result, *_: result[0].dtype == torch.int64 and result[1].dtype == torch.bool,
            cases=0,
        ),
        holds(
            "Are tokens that were not selected shown as they are?",
            lambda result, ids, *_: (
                torch.equal(result[0][~result[1]], ids[~result[1]])
                or "a token that you did not select has changed."
            ),
        ),
        matches_reference("For fates 0.3, 0.85 and 0.95: [MASK], the random word, the word itself?", cases=0),
        matches_reference("Are special tokens left alone, although their draw is 0?", cases=1),
        matches_reference("Are mask_id, special_ids and probability used, whatever their values?", cases=2),
        matches_reference("Is a draw or a fate exactly on a border judged by < ?", cases=3),
    ],
    hints=[
        "Which two conditions must both hold for a token to be selected? And which of the selected ones change?",
        "`torch.isin(ids, torch.tensor(special_ids))` finds special tokens. `torch.where(condition, a, b)` takes a "
        "where the condition is True and makes a new tensor.",
        "After `selected`, two steps: [MASK] where `selected & (fate < 0.8)`, then on that result the random words "
        "where fate lies between 0.8 and 0.9.",
    ],
    mistakes=[
        Mistake(
            "all masked",
            _corrupt(all_masked=True),
            "You showed [MASK] for every selected token. 80 % are masked, 10 % replaced, 10 % left as they are.",
        ),
        Mistake(
            "all tokens corrupted",
            _corrupt(everywhere=True),
            "You corrupted tokens whether selected or not; only selected ones may change.",
        ),
        Mistake(
            "the others corrupted",
            _corrupt(inverted=True),
            "You corrupted the tokens that were not selected: the condition is the wrong way round.",
        ),
        Mistake(
            "special tokens selected",
            _corrupt(special=False),
            "You selected special tokens. [CLS], [SEP] and [PAD] are never masked or predicted.",
        ),
        Mistake(
            "only one special token spared",
            _corrupt(pad_only=True),
            "You spared only one of special_ids; all of them are never selected.",
        ),
        Mistake(
            "a tenth of the rest",
            _corrupt(swap=0.82),
            "Too few random words: fates from 0.8 to 0.9 are a tenth of the selected tokens, and half of those "
            "that are not masked.",
        ),
        Mistake(
            "nothing left as it is",
            _corrupt(swap=1.1),
            "You replaced all selected tokens that are not masked; a tenth of the selected ones stays as it is.",
        ),
        Mistake(
            "other end",
            _corrupt(upside_down=True),
            "You counted fates from the other end: a fate below 0.8 means [MASK].",
        ),
        Mistake(
            "borders",
            _corrupt(at_most=True),
            "You used <= where < is asked for: a fate of exactly 0.8 means a random word, 0.9 the word itself.",
        ),
        Mistake(
            "mask_id fixed",
            _corrupt(fixed_id=4),
            "You wrote an id for [MASK] into the code; every vocabulary has its own, so use mask_id.",
        ),
        Mistake(
            "probability fixed",
            _corrupt(fixed_rate=0.15),
            "You wrote 0.15 into the code; use probability.",
        ),
        Mistake(
            "only changed tokens selected",
            _corrupt(hidden_only=True),
            "Your selected leaves out tokens shown as they are. They are selected as well: the model is asked for "
            "them.",
        ),
        Mistake(
            "unchanged tokens not selected",
            _corrupt(unchanged_out=True),
            "Your selected leaves out fates from 0.9 on. Those tokens are selected as well: the model is asked for "
            "them.",
        ),
        Mistake(
            "random words over the masks",
            _corrupt(over_masks=True),
            "Your random words replace the [MASK]s: fates below 0.8 are below 0.9 as well. Ask for fates from 0.8 on.",
        ),
        Mistake(
            "random below a tenth",
            _corrupt(low_end=True),
            "You gave random words the fates below 0.1; theirs are from 0.8 to 0.9, and those below 0.8 mean [MASK].",
        ),
        Mistake(
            "random words from elsewhere",
            _first_others,
            "You took random words from the start of others, not from the token's own place: others[replaced].",
        ),
        Mistake(
            "one random number for both",
            _corrupt(one_draw=True),
            "You used draw twice. It decides which tokens are selected; what they are shown as is decided by fate.",
        ),
        Mistake(
            "above the probability",
            _corrupt(above=True),
            "You selected the tokens whose draw is above probability; select those below.",
        ),
        Mistake(
            "special ids the smallest",
            _corrupt(smallest=True),
            "You took the special tokens for the smallest ids. A vocabulary may have them anywhere: use special_ids.",
        ),
        Mistake(
            "special ids up to the largest",
            _corrupt(below_largest=True),
            "You took all ids up to the largest special one for special. Some of them may be words: use special_ids.",
        ),
        Mistake(
            "draw and fate exchanged",
            _corrupt(two_exchanged=True),
            "You exchanged draw and fate: draw decides which tokens are selected, fate what is shown in their place.",
        ),
        Mistake(
            "equal random word left out",
            _corrupt(same_left_out=True),
            "Your selected leaves out a token whose random word happens to be the word itself. It is selected all the "
            "same.",
        ),
        Mistake(
            "a fixed number in each row",
            _corrupt(per_row=True),
            "You selected the same number of tokens in each row. Each token's own draw decides, so the number varies.",
        ),
        Mistake(
            "returned in the other order",
            _corrupt(exchanged=True),
            "You returned selected first; the order is inputs, selected.",
        ),
        Mistake(
            "in place",
            _in_place,
            "You wrote into ids, so the targets are lost: the model is to predict the original tokens.",
        ),
    ],
)
