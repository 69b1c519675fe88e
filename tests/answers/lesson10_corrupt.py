"""10.corrupt, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "10.corrupt"


def chosen(ids, draw, special_ids, probability):
    return (draw < probability) & ~torch.isin(ids, torch.tensor(special_ids))


@right(ID)
def nested_where(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    shown = torch.where(fate < 0.8, torch.full_like(ids, mask_id), torch.where(fate < 0.9, others, ids))
    return torch.where(selected, shown, ids), selected


@right(ID)
def clone_and_assign(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = ids.clone()
    masked = selected & (fate < 0.8)
    replaced = selected & (fate < 0.9) & ~masked
    inputs[masked] = mask_id
    inputs[replaced] = others[replaced]
    return inputs, selected


@right(ID)
def random_words_first_then_masks_over_them(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = torch.where(selected & (fate < 0.9), others, ids)
    return inputs.masked_fill(selected & (fate < 0.8), mask_id), selected


@right(ID)
def loops_over_rows_and_places(ids, draw, fate, others, special_ids, mask_id, probability):
    inputs, selected = ids.clone(), torch.zeros(ids.shape, dtype=torch.bool)
    for row in range(ids.shape[0]):
        for place in range(ids.shape[1]):
            token = ids[row, place].item()
            if token in special_ids or draw[row, place] >= probability:
                continue
            selected[row, place] = True
            if fate[row, place] < 0.8:
                inputs[row, place] = mask_id
            elif fate[row, place] < 0.9:
                inputs[row, place] = others[row, place]
    return inputs, selected


@right(ID)
def lists_of_python_numbers(ids, draw, fate, others, special_ids, mask_id, probability):
    special, inputs, selected = set(special_ids), [], []
    for row in zip(ids.tolist(), draw.tolist(), fate.tolist(), others.tolist(), strict=True):
        cells = list(zip(*row, strict=True))
        asked = [d < probability and i not in special for i, d, _, _ in cells]
        shown = [mask_id if f < 0.8 else (o if f < 0.9 else i) for i, _, f, o in cells]
        inputs.append([s if a else c[0] for s, a, c in zip(shown, asked, cells, strict=True)])
        selected.append(asked)
    return torch.tensor(inputs), torch.tensor(selected)


@right(ID)
def numpy_inside(ids, draw, fate, others, special_ids, mask_id, probability):
    i, d, f, o = (part.numpy() for part in (ids, draw, fate, others))
    selected = (d < probability) & ~np.isin(i, special_ids)
    shown = np.select([f < 0.8, f < 0.9], [np.full_like(i, mask_id), o], default=i)
    return torch.from_numpy(np.where(selected, shown, i)), torch.from_numpy(selected)


@right(ID)
def special_by_comparing_with_each(ids, draw, fate, others, special_ids, mask_id, probability):
    special = (ids.unsqueeze(-1) == torch.tensor(special_ids)).any(dim=-1)
    selected = torch.logical_and(draw.lt(probability), special.logical_not())
    inputs = ids.masked_fill(selected & fate.lt(0.8), mask_id)
    return torch.where(selected & fate.ge(0.8) & fate.lt(0.9), others, inputs), selected


@right(ID)
def gathered_from_three_candidates(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    kind = torch.where(selected, (fate >= 0.8).long() + (fate >= 0.9).long(), 2)
    candidates = torch.stack([torch.full_like(ids, mask_id), others, ids])
    return candidates.gather(0, kind[None])[0], selected


@right(ID)
def arithmetic_with_zeros_and_ones(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = draw < probability
    for special in special_ids:
        selected = selected * (ids != special)
    masked, replaced = (selected & (fate < 0.8)).long(), (selected & (fate >= 0.8) & (fate < 0.9)).long()
    return masked * mask_id + replaced * others + (1 - masked - replaced) * ids, selected


@right(ID)
def lookup_table_of_special_ids_and_a_list_returned(
    ids, draw, fate, others, special_ids, mask_id, probability
):
    size = int(max(ids.max(), others.max(), mask_id, *special_ids)) + 1
    ordinary = torch.ones(size, dtype=torch.bool)
    ordinary[special_ids] = False
    selected = ordinary[ids] & (draw < probability)
    inputs = torch.clone(ids)
    where = selected.nonzero(as_tuple=True)
    inputs[where] = torch.where(
        fate[where] < 0.8, mask_id, torch.where(fate[where] < 0.9, others[where], ids[where])
    )
    return [inputs, selected]


@wrong(ID, named="special tokens selected")
def special_tokens_selected_too(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = draw < probability
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    return torch.where(selected & (fate >= 0.8) & (fate < 0.9), others, inputs), selected


@wrong(ID, named="unchanged tokens not selected")
def unchanged_ones_not_selected(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    inputs = torch.where(selected & (fate >= 0.8) & (fate < 0.9), others, inputs)
    return inputs, selected & (fate < 0.9)


@wrong(ID, named="only changed tokens selected")
def selected_where_the_input_differs(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    inputs = torch.where(selected & (fate >= 0.8) & (fate < 0.9), others, inputs)
    return inputs, inputs != ids


@wrong(ID, named="random words over the masks")
def random_words_over_the_masks(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    return torch.where(selected & (fate < 0.9), others, inputs), selected


@wrong(ID, named="nothing left as it is")
def every_fifth_replaced_none_unchanged(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    shown = torch.where(fate < 0.8, mask_id, others)
    return torch.where(selected, shown, ids), selected


@wrong(ID, named="all masked")
def all_selected_masked(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    return ids.masked_fill(selected, mask_id), selected


@wrong(ID, named="in place")
def writes_into_ids(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = ids
    inputs[selected & (fate < 0.8)] = mask_id
    replaced = selected & (fate >= 0.8) & (fate < 0.9)
    inputs[replaced] = others[replaced]
    return inputs, selected


@wrong(ID, named="all tokens corrupted")
def fate_alone_decides_what_is_shown(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    return torch.where(fate < 0.8, mask_id, torch.where(fate < 0.9, others, ids)), selected


@wrong(ID, named="random below a tenth")
def random_below_a_tenth(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = torch.where(selected & (fate < 0.1), others, ids)
    return torch.where(selected & (fate >= 0.1) & (fate < 0.8), mask_id, inputs), selected


@wrong(ID, named="returned in the other order")
def returned_in_the_other_order(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    return selected, torch.where(selected & (fate >= 0.8) & (fate < 0.9), others, inputs)


@wrong(ID, named="special ids the smallest")
def special_ids_taken_to_be_the_smallest(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = (draw < probability) & (ids >= len(special_ids))
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    return torch.where(selected & (fate >= 0.8) & (fate < 0.9), others, inputs), selected


@wrong(ID, named="one random number for both")
def fate_compared_with_draws_range(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = torch.where(selected & (draw < 0.8 * probability), mask_id, ids)
    return torch.where(
        selected & (draw >= 0.8 * probability) & (draw < 0.9 * probability), others, inputs
    ), selected


@wrong(ID, named="above the probability")
def selected_above_the_probability(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = (draw > probability) & ~torch.isin(ids, torch.tensor(special_ids))
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    return torch.where(selected & (fate >= 0.8) & (fate < 0.9), others, inputs), selected


@wrong(ID, named="random words from elsewhere")
def as_many_random_words_as_needed(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    inputs = ids.clone()
    inputs[selected & (fate < 0.8)] = mask_id
    replaced = selected & (fate >= 0.8) & (fate < 0.9)
    inputs[replaced] = others.flatten()[: int(replaced.sum())]
    return inputs, selected


@wrong(ID, named="a tenth of the rest")
def a_tenth_of_what_is_left(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, draw, special_ids, probability)
    shown = torch.where(fate < 0.8, mask_id, torch.where(fate < 0.8 + 0.2 * 0.1, others, ids))
    return torch.where(selected, shown, ids), selected


@wrong(ID, named="special ids up to the largest")
def words_come_after_the_special_ids(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = (ids > max(special_ids)) & (draw < probability)
    inputs = torch.where(selected & (fate < 0.8), mask_id, ids)
    return torch.where(selected & (fate >= 0.8) & (fate < 0.9), others, inputs), selected


@wrong(ID, named="draw and fate exchanged")
def fate_selects_and_draw_replaces(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = chosen(ids, fate, special_ids, probability)
    replaced = torch.where(draw < 0.8, mask_id, torch.where(draw < 0.9, others, ids))
    return torch.where(selected, replaced, ids), selected


@wrong(ID, named="equal random word left out")
def selected_put_together_from_what_changed(ids, draw, fate, others, special_ids, mask_id, probability):
    asked = chosen(ids, draw, special_ids, probability)
    shown = torch.where(fate < 0.8, mask_id, torch.where(fate < 0.9, others, ids))
    inputs = torch.where(asked, shown, ids)
    return inputs, (inputs != ids) | (asked & (fate >= 0.9))


@wrong(ID, named="a fixed number in each row")
def the_smallest_draws_of_each_row(ids, draw, fate, others, special_ids, mask_id, probability):
    selected = torch.zeros_like(ids, dtype=torch.bool)
    n = max(1, round(probability * ids.shape[1]))
    for row in range(len(ids)):
        words = [place for place in range(ids.shape[1]) if ids[row, place] not in special_ids]
        for place in sorted(words, key=lambda place: draw[row, place].item())[:n]:  # noqa: B023
            selected[row, place] = True
    shown = torch.where(fate < 0.8, mask_id, torch.where(fate < 0.9, others, ids))
    return torch.where(selected, shown, ids), selected
