"""03.analogy, answered from the prompt alone."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "03.analogy"


@right(ID)
def cosine_similarity_with_the_target(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = F.cosine_similarity(unit, (unit[b] - unit[a] + unit[c])[None], dim=1)
    scores[a] = scores[b] = scores[c] = -2.0
    return int(torch.argmax(scores))


@right(ID)
def best_of_a_comprehension(E, a, b, c):
    unit = E / E.norm(dim=1, keepdim=True)
    target = unit[b] - unit[a] + unit[c]
    return max((row for row in range(len(E)) if row not in (a, b, c)), key=lambda row: float(unit[row] @ target))


@right(ID)
def first_of_four_that_is_not_given(E, a, b, c):
    unit = torch.nn.functional.normalize(E, dim=-1)
    order = (unit @ (unit[b] - unit[a] + unit[c])).argsort(descending=True)
    return next(row for row in order.tolist() if row not in {a, b, c})


@right(ID)
def topk_of_four(E, a, b, c):
    unit = E / torch.linalg.vector_norm(E, dim=1)[:, None]
    best = torch.topk(unit @ (unit[c] + (unit[b] - unit[a])), min(4, len(E))).indices
    return [row for row in best.tolist() if row not in [a, b, c]][0]


@right(ID)
def numpy_inside(E, a, b, c):
    unit = E.detach().numpy()
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = -np.inf
    return int(np.argmax(scores))


@right(ID)
def a_numpy_number(E, a, b, c):
    unit = E.numpy() / np.sqrt((E.numpy() ** 2).sum(axis=1, keepdims=True))
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = scores.min() - 1
    return scores.argmax()


@right(ID)
def a_tensor_without_dimensions(E, a, b, c):
    unit = E / E.pow(2).sum(1, keepdim=True).sqrt()
    scores = torch.mv(unit, unit[b] - unit[a] + unit[c])
    scores = scores.index_fill(0, torch.tensor([a, b, c]), -math.inf)
    return scores.argmax()


@right(ID)
def three_columns_of_cosines_added(E, a, b, c):
    unit = F.normalize(E)
    cosines = unit @ unit.T
    scores = cosines[b] - cosines[a] + cosines[c]
    mask = torch.zeros(len(E), dtype=torch.bool)
    mask[[a, b, c]] = True
    return scores.masked_fill(mask, -math.inf).argmax().item()


@right(ID)
def nearest_by_distance_on_the_sphere(E, a, b, c):
    unit = F.normalize(E, dim=1)
    target = F.normalize(unit[b] - unit[a] + unit[c], dim=0)
    distances = torch.cdist(unit[None], target[None, None])[0, :, 0]
    distances[[a, b, c]] = math.inf
    return distances.argmin().item()


@right(ID)
def a_loop_that_keeps_the_best(E, a, b, c):
    unit = torch.stack([row / row.norm() for row in E])
    target = unit[b] - unit[a] + unit[c]
    best, best_score = None, None
    for row, vector in enumerate(unit):
        score = (vector * target).sum().item()
        if row not in (a, b, c) and (best is None or score > best_score):
            best, best_score = row, score
    return best


@right(ID)
def numbers_of_the_candidates_kept(E, a, b, c):
    unit = E / E.norm(dim=1, keepdim=True)
    candidates = torch.tensor([row for row in range(len(E)) if row not in (a, b, c)])
    return candidates[(unit[candidates] @ (unit[b] - unit[a] + unit[c])).argmax()].item()


@wrong(ID, named="given words allowed")
def given_words_allowed(E, a, b, c):
    unit = F.normalize(E, dim=1)
    return (unit @ (unit[b] - unit[a] + unit[c])).argmax().item()


@wrong(ID, named="only c excluded")
def only_c_excluded(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[c] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="a not excluded")
def only_b_and_c_excluded(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="given words at 0")
def scored_zero_instead_of_excluded(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = 0
    return scores.argmax().item()


@wrong(ID, named="not normalised")
def never_normalised(E, a, b, c):
    scores = E @ (E[b] - E[a] + E[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="target not normalised")
def target_of_raw_vectors(E, a, b, c):
    scores = F.normalize(E, dim=1) @ (E[b] - E[a] + E[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="rows not normalised")
def rows_of_raw_vectors(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = E @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="columns scaled")
def columns_normalised(E, a, b, c):
    unit = E / E.norm(dim=0, keepdim=True)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="not normalised")
def divided_by_the_norm_of_the_whole_table(E, a, b, c):
    unit = E / E.norm()
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="a − b + c")
def a_minus_b(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[a] - unit[b] + unit[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="b − a − c")
def c_subtracted(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[b] - unit[a] - unit[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="rows deleted")
def rows_deleted_so_that_numbers_shift(E, a, b, c):
    unit = F.normalize(E, dim=1)
    rest = torch.stack([unit[row] for row in range(len(E)) if row not in (a, b, c)])
    return (rest @ (unit[b] - unit[a] + unit[c])).argmax().item()


@wrong(ID, named="distance between raw vectors")
def euclidean_distance_from_the_target(E, a, b, c):
    distances = (E - (E[b] - E[a] + E[c])).norm(dim=1)
    distances[[a, b, c]] = math.inf
    return distances.argmin().item()


@wrong(ID, named="farthest")
def farthest(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = math.inf
    return scores.argmin().item()


@wrong(ID, named="the score")
def the_score_itself(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = -math.inf
    return scores.max().item()


@wrong(ID, named="the vector")
def the_vector_itself(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = -math.inf
    return unit[scores.argmax()]


@wrong(ID, named="neighbour of c")
def nearest_to_c_alone(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ unit[c]
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID)
def table_normalised_in_place(E, a, b, c):
    E /= E.norm(dim=1, keepdim=True)
    scores = E @ (E[b] - E[a] + E[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="products of cosines")
def multiplied_instead_of_added(E, a, b, c):
    unit = F.normalize(E, dim=1)
    near = [(unit @ unit[row] + 1) / 2 for row in (a, b, c)]
    scores = near[1] * near[2] / (near[0] + 0.001)
    scores[[a, b, c]] = -1
    return int(scores.argmax())


@wrong(ID, named="fourth best")
def the_fourth_best(E, a, b, c):
    unit = F.normalize(E, dim=1)
    return (unit @ (unit[b] - unit[a] + unit[c])).argsort(descending=True)[3].item()


@wrong(ID, named="means subtracted")
def rows_centred_first(E, a, b, c):
    unit = F.normalize(E - E.mean(dim=0), dim=1)
    scores = unit @ (unit[b] - unit[a] + unit[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="a + b − c")
def the_roles_mixed_up(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = unit @ (unit[a] + unit[b] - unit[c])
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="parallel step")
def step_from_c_most_parallel_to_the_step_from_a(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = F.normalize(unit - unit[c], dim=1) @ F.normalize(unit[b] - unit[a], dim=0)
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()


@wrong(ID, named="absolute score")
def largest_absolute_score(E, a, b, c):
    unit = F.normalize(E, dim=1)
    scores = (unit @ (unit[b] - unit[a] + unit[c])).abs()
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()
