"""12.study_head, answered from the prompt alone."""

from statistics import fmean

import numpy as np
import torch

from answers import right, wrong

ID = "12.study_head"


def scores(examples):
    return torch.stack(
        [torch.stack([A[:, :, q, k] for q, k in pairs]).mean(dim=0) for A, pairs in examples]
    ).mean(dim=0)


@right(ID)
def index_tensors_and_a_dictionary_built_up(choosing, judging, control, movement):
    def grid(examples):
        total = 0
        for A, pairs in examples:
            queries, keys = torch.tensor(pairs).T
            total = total + A[:, :, queries, keys].mean(dim=-1)
        return total / len(examples)

    chosen = grid(choosing)
    layer, head = (int(i) for i in torch.unravel_index(chosen.argmax(), chosen.shape))
    whole = movement([])
    result = {"head": (layer, head)}
    result["score"] = float(grid(judging)[layer, head])
    result["control"] = float(grid(control)[layer, head])
    result["kept"] = movement([(layer, head)]) / whole
    result["kept without another"] = fmean(
        movement([(layer, h)]) / whole for h in range(chosen.shape[1]) if h != head
    )
    return result


@right(ID)
def python_loops_over_every_head(choosing, judging, control, movement):
    n_layers, n_heads = choosing[0][0].shape[:2]

    def score(examples, layer, head):
        return fmean(fmean(A[layer, head, q, k].item() for q, k in pairs) for A, pairs in examples)

    places = [(layer, head) for layer in range(n_layers) for head in range(n_heads)]
    layer, head = max(places, key=lambda place: score(choosing, *place))
    others = [(layer, other) for other in range(n_heads) if other != head]
    return {
        "head": (layer, head),
        "score": score(judging, layer, head),
        "control": score(control, layer, head),
        "kept": movement([(layer, head)]) / movement([]),
        "kept without another": sum(movement([place]) for place in others) / (movement([]) * len(others)),
    }


@right(ID)
def numpy_inside(choosing, judging, control, movement):
    def grid(examples):
        return np.mean(
            [np.mean([A.numpy()[:, :, q, k] for q, k in pairs], axis=0) for A, pairs in examples], axis=0
        )

    chosen = grid(choosing)
    layer, head = np.unravel_index(np.argmax(chosen), chosen.shape)
    layer, head = int(layer), int(head)
    without = np.array([movement([(layer, h)]) for h in range(chosen.shape[1])]) / movement([])
    return {
        "head": (layer, head),
        "score": grid(judging)[layer, head],
        "control": grid(control)[layer, head],
        "kept": without[head],
        "kept without another": np.delete(without, head).mean(),
    }


@right(ID)
def weights_by_a_mask_of_the_pairs(choosing, judging, control, movement):
    def grid(examples):
        grids = []
        for A, pairs in examples:
            mask = torch.zeros(A.shape[-2:], dtype=A.dtype)
            for q, k in pairs:
                mask[q, k] += 1
            grids.append(torch.einsum("lhqk,qk->lh", A, mask) / mask.sum())
        return torch.stack(grids).mean(dim=0)

    first, second, third = map(grid, (choosing, judging, control))
    row_best, head_in_row = first.max(dim=1)
    layer = int(row_best.argmax())
    head = int(head_in_row[layer])
    base = movement([])
    relative = {h: movement([(layer, h)]) / base for h in range(first.shape[1])}
    kept = relative.pop(head)
    return dict(
        zip(
            ("head", "score", "control", "kept", "kept without another"),
            ((layer, head), second[layer, head], third[layer, head], kept, fmean(relative.values())),
            strict=True,
        )
    )


@right(ID)
def tensors_as_values(choosing, judging, control, movement):
    grid = scores(choosing)
    layer, head = divmod(grid.argmax().item(), grid.shape[1])
    ratios = torch.tensor([movement([(layer, h)]) for h in range(grid.shape[1])]) / movement([])
    return {
        "kept without another": (ratios.sum() - ratios[head]) / (grid.shape[1] - 1),
        "kept": ratios[head],
        "control": scores(control)[layer, head],
        "score": scores(judging)[layer, head],
        "head": (layer, head),
    }


@right(ID)
def running_best_and_a_list_for_the_head(choosing, judging, control, movement):
    grid, best = scores(choosing), None
    for layer in range(grid.shape[0]):
        for head in range(grid.shape[1]):
            if best is None or grid[layer, head] > grid[best[0], best[1]]:
                best = [layer, head]
    layer, head = best
    intact, total, n = movement([]), 0.0, 0
    for other in range(grid.shape[1]):
        if other == head:
            continue
        total, n = total + movement([[layer, other]]) / intact, n + 1
    return {
        "head": best,
        "score": scores(judging)[layer][head].item(),
        "control": scores(control)[layer][head].item(),
        "kept": movement([best]) / intact,
        "kept without another": total / n,
    }


def study(choosing, judging, control, movement, scores=scores, slip=None):
    """The study with one slip in it."""
    grid = scores(judging if slip == "judging chooses" else choosing)
    n_heads = grid.shape[1]
    layer, head = divmod(int(grid.argmax()), n_heads)
    if slip == "weakest head":
        layer, head = divmod(int(grid.argmin()), n_heads)
    if slip == "above its control":
        layer, head = divmod(int((grid - scores(control)).argmax()), n_heads)
    if slip == "last layer":
        layer, head = len(grid) - 1, int(grid[-1].argmax())
    intact = movement([])
    others = [movement([(layer, other)]) for other in range(n_heads) if other != head]
    if slip == "n_heads for the others":
        others.append(0.0)
    if slip == "head among the others":
        others.append(movement([(layer, head)]))
    if slip == "other layers":
        others = [
            movement([(number, other)])
            for number in range(len(grid))
            for other in range(n_heads)
            if (number, other) != (layer, head)
        ]
    if slip == "others together":
        others = [movement([(layer, other) for other in range(n_heads) if other != head])]
    if slip == "both ablated":
        others = [movement([(layer, head), (layer, other)]) for other in range(n_heads) if other != head]
    if slip == "same head of other layers":
        others = [movement([(number, head)]) for number in range(len(grid)) if number != layer]
    if slip == "one neighbour":
        others = [movement([(layer, (head + 1) % n_heads)])]
    kept, another = movement([(layer, head)]) / intact, sum(others) / len(others) / intact
    if slip == "lost":
        kept, another = 1 - kept, 1 - another
    if slip == "not divided":
        kept, another = kept * intact, another * intact
    if slip == "intact divided":
        kept, another = 1 / kept, 1 / another
    if slip == "another relative to this head":
        another = another / kept
    score = scores(choosing if slip == "score on choosing" else judging)[layer, head].item()
    if slip == "best of judging":
        score = scores(judging).max().item()
    on_control = (
        scores(control).max().item() if slip == "control's best head" else scores(control)[layer, head]
    )
    if slip == "score minus control":
        score = score - on_control
    if slip == "control over score":
        on_control = on_control / score
    names = {"head before layer": (head, layer), "flat index": layer * n_heads + head}
    return {
        "head": names.get(slip, (layer, head)),
        "score": score,
        "control": on_control,
        "kept": kept,
        "kept without another": another,
    }


def slipped(slip):
    def study_head(choosing, judging, control, movement):
        return study(choosing, judging, control, movement, slip=slip)

    return study_head


SLIPS = {
    "judging chooses": "chosen on the judging sentences",
    "score on choosing": "judged on the choosing sentences",
    "control's best head": "the control's best head",
    "head before layer": "head before layer",
    "weakest head": "the smallest score",
    "last layer": "the last layer's best head",
    "head among the others": "itself among the others",
    "other layers": "others of every layer",
    "others together": "others together",
    "both ablated": "both ablated",
    "same head of other layers": "the same number in other layers",
    "one neighbour": "one neighbour",
    "lost": "what is lost",
    "not divided": "not divided by the intact model",
    "intact divided": "intact divided by ablated",
    "another relative to this head": "relative to the chosen head",
    "above its control": "chosen by the difference from the control",
    "best of judging": "the best head of judging",
    "score minus control": "the control subtracted",
    "control over score": "the control as a share",
    "n_heads for the others": "divided by all heads",
    "flat index": "the flat index",
}
for SLIP, NAME in SLIPS.items():
    wrong(ID, SLIP, named=NAME)(slipped(SLIP))


@wrong(ID, named="all pairs pooled")
def pairs_of_all_sentences_pooled(choosing, judging, control, movement):
    def pooled(examples):
        return torch.stack([A[:, :, q, k] for A, pairs in examples for q, k in pairs]).mean(dim=0)

    return study(choosing, judging, control, movement, pooled)


@wrong(ID, named="query and key exchanged")
def query_and_key_exchanged(choosing, judging, control, movement):
    def exchanged(examples):
        return scores([(A.transpose(2, 3), pairs) for A, pairs in examples])

    return study(choosing, judging, control, movement, exchanged)


@wrong(ID, named="sum over the pairs")
def pairs_summed(choosing, judging, control, movement):
    def summed(examples):
        return torch.stack(
            [torch.stack([A[:, :, q, k] for q, k in pairs]).sum(dim=0) for A, pairs in examples]
        ).mean(0)

    return study(choosing, judging, control, movement, summed)


@wrong(ID, named="the first pair only")
def first_pair_only(choosing, judging, control, movement):
    return study(
        choosing,
        judging,
        control,
        movement,
        lambda examples: scores([(A, pairs[:1]) for A, pairs in examples]),
    )


@wrong(ID, named="queries crossed with keys")
def rows_and_columns_of_the_pairs_crossed(choosing, judging, control, movement):
    def crossed(examples):
        grids = []
        for A, pairs in examples:
            queries, keys = zip(*pairs, strict=True)
            grids.append(A[:, :, list(queries)][..., list(keys)].mean(dim=(2, 3)))
        return torch.stack(grids).mean(dim=0)

    return study(choosing, judging, control, movement, crossed)


@wrong(ID, named="no list")
def lone_head_passed_without_a_list(choosing, judging, control, movement):
    def one_at_a_time(heads):
        return movement(heads[0] if heads else [])

    return study(choosing, judging, control, one_at_a_time)


@wrong(ID, named="the strongest pair")
def strongest_pair_of_a_sentence(choosing, judging, control, movement):
    def strongest(examples):
        return torch.stack(
            [torch.stack([A[:, :, q, k] for q, k in pairs]).amax(dim=0) for A, pairs in examples]
        ).mean(0)

    return study(choosing, judging, control, movement, strongest)
