"""10.accuracy_by_input, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "10.accuracy_by_input"


@right(ID)
def three_lines(predicted, ids, inputs, selected, mask_id):
    hit = (predicted == ids).float()
    masked = hit[selected & (inputs == mask_id)].mean()
    replaced = hit[selected & (inputs != mask_id) & (inputs != ids)].mean()
    unchanged = hit[selected & (inputs == ids)].mean()
    return masked, replaced, unchanged


@right(ID)
def counts_divided(predicted, ids, inputs, selected, mask_id):
    answer = []
    for group in (inputs == mask_id, (inputs != mask_id) & (inputs != ids), inputs == ids):
        group = group & selected
        answer.append(((predicted == ids) & group).sum().item() / group.sum().item())
    return answer


@right(ID)
def loop_with_counters(predicted, ids, inputs, selected, mask_id):
    hits, asked = [0, 0, 0], [0, 0, 0]
    for row in range(ids.shape[0]):
        for place in range(ids.shape[1]):
            if not selected[row, place]:
                continue
            shown, true = inputs[row, place].item(), ids[row, place].item()
            kind = 0 if shown == mask_id else 2 if shown == true else 1
            asked[kind] += 1
            hits[kind] += predicted[row, place].item() == true
    return tuple(hit / n for hit, n in zip(hits, asked, strict=True))


@right(ID)
def selected_first_then_flat(predicted, ids, inputs, selected, mask_id):
    p, t, x = predicted[selected], ids[selected], inputs[selected]
    groups = x == mask_id, (x != mask_id) & (x != t), x == t
    return tuple(torch.mean((p[g] == t[g]).double()) for g in groups)


@right(ID)
def numpy_inside(predicted, ids, inputs, selected, mask_id):
    p, t, x, s = (part.numpy() for part in (predicted, ids, inputs, selected))
    right_ones = p == t
    masked = s & (x == mask_id)
    unchanged = s & (x == t)
    return tuple(np.mean(right_ones[g]) for g in (masked, s & ~masked & ~unchanged, unchanged))


@right(ID)
def kinds_counted_with_bincount(predicted, ids, inputs, selected, mask_id):
    kind = torch.where(inputs == mask_id, 0, torch.where(inputs == ids, 2, 1))[selected]
    hit = (predicted == ids)[selected]
    return (torch.bincount(kind, hit.double(), minlength=3) / torch.bincount(kind, minlength=3)).tolist()


@right(ID)
def tensor_of_three_unbound(predicted, ids, inputs, selected, mask_id):
    masked, same = selected & inputs.eq(mask_id), selected & inputs.eq(ids)
    groups = torch.stack([masked, selected & ~(masked | same), same]).float()  # (3, batch, time)
    hits = torch.einsum("gbt,bt->g", groups, predicted.eq(ids).float())
    return torch.unbind(hits / groups.sum(dim=(1, 2)))


@right(ID)
def list_comprehensions(predicted, ids, inputs, selected, mask_id):
    flat = zip(*(part.flatten().tolist() for part in (predicted, ids, inputs, selected)), strict=True)
    asked = [(p == t, x, t) for p, t, x, s in flat if s]
    masked = [hit for hit, x, _ in asked if x == mask_id]
    replaced = [hit for hit, x, t in asked if x not in (mask_id, t)]
    unchanged = [hit for hit, x, t in asked if x == t]
    return [sum(group) / len(group) for group in (masked, replaced, unchanged)]


@right(ID)
def one_minus_the_errors(predicted, ids, inputs, selected, mask_id):
    def accuracy(group):
        return 1 - torch.count_nonzero((predicted - ids)[group]).item() / int(group.sum())

    masked = selected.logical_and(inputs == mask_id)
    changed = selected.logical_and(inputs != ids)
    return accuracy(masked), accuracy(changed & ~masked), accuracy(selected & ~changed)


class Groups:
    """A class instead of a function."""

    def __call__(self, predicted, ids, inputs, selected, mask_id):
        self.hit = predicted == ids
        return [self.mean(group) for group in self.split(ids, inputs, selected, mask_id)]

    def split(self, ids, inputs, selected, mask_id):
        yield selected * (inputs == mask_id)
        yield selected * (inputs != mask_id) * (inputs != ids)
        yield selected * (inputs == ids)

    def mean(self, group):
        return np.float64(self.hit.masked_select(group).float().mean())


right(ID, "an object that is called")(Groups())


@wrong(ID, named="all tokens")
def unselected_count_as_unchanged(predicted, ids, inputs, selected, mask_id):
    hit = (predicted == ids).double()
    masked, same = inputs == mask_id, inputs == ids
    return tuple(hit[g].mean().item() for g in (masked, ~masked & ~same, same))


@wrong(ID, named="replaced includes masked")
def replaced_includes_the_masked(predicted, ids, inputs, selected, mask_id):
    hit = (predicted == ids).double()
    groups = inputs == mask_id, inputs != ids, inputs == ids
    return tuple(hit[selected & g].mean().item() for g in groups)


@wrong(ID, named="replaced includes unchanged")
def replaced_includes_the_unchanged(predicted, ids, inputs, selected, mask_id):
    hit = (predicted == ids).double()
    groups = inputs == mask_id, inputs != mask_id, inputs == ids
    return tuple(hit[selected & g].mean().item() for g in groups)


@wrong(ID, named="other order")
def unchanged_before_replaced(predicted, ids, inputs, selected, mask_id):
    hit = (predicted == ids).double()
    masked, same = selected & (inputs == mask_id), selected & (inputs == ids)
    return tuple(hit[g].mean().item() for g in (masked, same, selected & ~masked & ~same))


@wrong(ID, named="divided by all selected")
def shares_of_all_selected(predicted, ids, inputs, selected, mask_id):
    hit = predicted == ids
    masked, same = selected & (inputs == mask_id), selected & (inputs == ids)
    groups = masked, selected & ~masked & ~same, same
    return tuple(((hit & g).sum() / selected.sum()).item() for g in groups)


@wrong(ID, named="copies")
def compared_with_what_was_shown(predicted, ids, inputs, selected, mask_id):
    hit = (predicted == inputs).double()
    masked, same = selected & (inputs == mask_id), selected & (inputs == ids)
    return tuple(hit[g].mean().item() for g in (masked, selected & ~masked & ~same, same))


@wrong(ID, named="sizes of the groups")
def sizes_of_the_groups(predicted, ids, inputs, selected, mask_id):
    masked, same = selected & (inputs == mask_id), selected & (inputs == ids)
    return tuple((g.sum() / selected.sum()).item() for g in (masked, selected & ~masked & ~same, same))


@wrong(ID, named="groups by the prediction")
def groups_by_the_prediction(predicted, ids, inputs, selected, mask_id):
    hit = (predicted == ids).double()
    masked, same = selected & (inputs == mask_id), selected & (inputs == predicted)
    return tuple(hit[g].mean().item() for g in (masked, selected & ~masked & ~same, same))


@wrong(ID, named="hits counted")
def numbers_of_hits(predicted, ids, inputs, selected, mask_id):
    hit = predicted == ids
    masked, same = selected & (inputs == mask_id), selected & (inputs == ids)
    return tuple((hit & g).sum().item() for g in (masked, selected & ~masked & ~same, same))


@wrong(ID, named="mean of the rows")
def mean_of_the_rows_accuracies(predicted, ids, inputs, selected, mask_id):
    hit = predicted == ids
    masked, same = selected & (inputs == mask_id), selected & (inputs == ids)
    answer = []
    for g in (masked, selected & ~masked & ~same, same):
        rows = [(h[m].double().mean().item()) for h, m in zip(hit, g, strict=True) if m.any()]
        answer.append(sum(rows) / len(rows))
    return tuple(answer)


@wrong(ID, named="errors")
def share_of_wrong_predictions(predicted, ids, inputs, selected, mask_id):
    miss = (predicted != ids).double()
    groups = inputs == mask_id, (inputs != mask_id) & (inputs != ids), inputs == ids
    return tuple(miss[selected & g].mean().item() for g in groups)


@wrong(ID, named="in per cent")
def in_per_cent(predicted, ids, inputs, selected, mask_id):
    hit = (predicted == ids).double()
    groups = inputs == mask_id, (inputs != mask_id) & (inputs != ids), inputs == ids
    return tuple(100 * hit[selected & g].mean().item() for g in groups)


@wrong(ID, named="replaced includes unselected")
def the_rest_of_all_tokens(predicted, ids, inputs, selected, mask_id):
    masked = selected & (inputs == mask_id)
    unchanged = selected & (inputs == ids)
    return tuple(
        (predicted[g] == ids[g]).double().mean().item() for g in (masked, ~(masked | unchanged), unchanged)
    )


@wrong(ID, named="divided by the right ones")
def where_the_right_ones_are(predicted, ids, inputs, selected, mask_id):
    shown = inputs[selected & (predicted == ids)]
    truth = ids[selected & (predicted == ids)]
    groups = shown == mask_id, (shown != mask_id) & (shown != truth), shown == truth
    return tuple(group.sum().item() / len(shown) for group in groups)
