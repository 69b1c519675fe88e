"""12.study_head, answered from the prompt alone: four more ways to write it, and two wrong ones."""

from statistics import fmean

import numpy as np
import torch

from answers import right, wrong
from answers.lesson12_study_head import ID, scores, study


@right(ID)
def class_with_a_table(choosing, judging, control, movement):
    class Study:
        def __init__(self, examples):
            self.grid = sum(sum(A[..., q, k] for q, k in pairs) / len(pairs) for A, pairs in examples)
            self.grid = self.grid / len(examples)

        def at(self, place):
            return self.grid[place].item()

    first = Study(choosing)
    place = tuple(np.argwhere(first.grid.numpy() == first.grid.max().item())[0].tolist())
    moved = {head: movement([(place[0], head)]) for head in range(first.grid.shape[1])}
    kept = moved.pop(place[1]) / movement([])
    return {
        "head": place,
        "score": Study(judging).at(place),
        "control": Study(control).at(place),
        "kept": kept,
        "kept without another": fmean(moved.values()) / movement([]),
    }


@right(ID)
def topk_of_the_flat_grid(choosing, judging, control, movement):
    first, second, third = (scores(examples).flatten() for examples in (choosing, judging, control))
    n_heads, i = choosing[0][0].shape[1], first.topk(1).indices.item()
    layer, base = i // n_heads, movement([])
    shares = [movement([(layer, head)]) / base for head in range(n_heads)]
    kept = shares.pop(i % n_heads)
    return {
        "head": (layer, i % n_heads),
        "score": second[i].item(),
        "control": third[i].item(),
        "kept": kept,
        "kept without another": sum(shares) / len(shares),
    }


@right(ID)
def maps_flattened_in_double_precision(choosing, judging, control, movement):
    def grid(examples):
        rows = []
        for A, pairs in examples:
            places = [q * A.shape[-1] + k for q, k in pairs]
            rows.append(A.double().flatten(2)[..., places].mean(dim=-1))
        return torch.stack(rows).mean(dim=0)

    chosen = grid(choosing)
    layer = int(chosen.amax(dim=1).argmax())
    head = int(chosen[layer].argmax())
    ablated = np.array([movement([(layer, h)]) for h in range(chosen.shape[1])])
    return {
        "head": (layer, head),
        "score": grid(judging)[layer, head],
        "control": grid(control)[layer, head],
        "kept": ablated[head] / movement([]),
        "kept without another": (ablated.sum() - ablated[head]) / (len(ablated) - 1) / movement([]),
    }


@right(ID)
def sorted_table_of_places(choosing, judging, control, movement):
    table = {}
    for A, pairs in choosing:
        for layer, head in np.ndindex(*A.shape[:2]):
            table.setdefault((layer, head), []).append(np.mean([A[layer, head, q, k] for q, k in pairs]))
    place = sorted(table, key=lambda key: np.mean(table[key]))[-1]
    rest = [other for other in table if other[0] == place[0] and other != place]

    def at(examples):
        return float(np.mean([np.mean([A[place][q, k] for q, k in pairs]) for A, pairs in examples]))

    base = movement([])
    result = dict(head=place, score=at(judging), control=at(control), kept=movement([place]) / base)
    return result | {"kept without another": np.mean([movement([other]) for other in rest]) / base}


@wrong(ID, named="the best head of each list")
def each_list_has_its_own_best_head(choosing, judging, control, movement):
    found = study(choosing, judging, control, movement)
    return found | {"score": scores(judging).max().item(), "control": scores(control).max().item()}


@wrong(ID, named="a difference from the intact model")
def movement_less_the_intact_one(choosing, judging, control, movement):
    found, intact = study(choosing, judging, control, movement), movement([])
    return found | {name: intact * (found[name] - 1) for name in ("kept", "kept without another")}
