"""03.cosine, answered from the prompt alone."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "03.cosine"


@right(ID)
def function_of_pytorch(u, v):
    return F.cosine_similarity(u, v, dim=0)


@right(ID)
def both_scaled_to_length_one(u, v):
    return torch.dot(u / u.norm(), v / v.norm())


@right(ID)
def normalised_and_multiplied(u, v):
    return (F.normalize(u, dim=0) * F.normalize(v, dim=0)).sum()


@right(ID)
def einsum_and_roots(u, v):
    return torch.einsum("i,i->", u, v) / torch.sqrt((u**2).sum() * (v**2).sum())


@right(ID)
def a_loop_over_the_features(u, v):
    dot = uu = vv = torch.zeros(())
    for a, b in zip(u, v, strict=True):
        dot = dot + a * b
        uu = uu + a * a
        vv = vv + b * b
    return dot / (uu.sqrt() * vv.sqrt())


@right(ID)
def linalg_of_pytorch(u, v):
    return torch.inner(u, v) / torch.linalg.vector_norm(u) / torch.linalg.vector_norm(v)


@right(ID)
def double_precision_inside(u, v):
    a, b = u.double(), v.double()
    return (a.dot(b) / (a.pow(2).sum().sqrt() * b.pow(2).sum().sqrt())).to(u.dtype)


@right(ID)
def plain_numbers_in_a_new_tensor(u, v):
    dot = sum(a * b for a, b in zip(u.tolist(), v.tolist(), strict=True))
    return torch.tensor(dot / (math.hypot(*u.tolist()) * math.hypot(*v.tolist())))


@right(ID)
def law_of_cosines(u, v):
    a, b, c = u.norm(), v.norm(), (u - v).norm()
    return (a**2 + b**2 - c**2) / (2 * a * b)


@right(ID)
def matrix_of_dot_products(u, v):
    G = torch.stack([u, v]) @ torch.stack([u, v]).T
    return G[0, 1] / torch.sqrt(G[0, 0] * G[1, 1])


@right(ID)
def numpy_inside(u, v):
    a, b = u.detach().numpy(), v.detach().numpy()
    return torch.tensor(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


@right(ID)
def module_of_pytorch(u, v):
    return torch.nn.CosineSimilarity(dim=-1)(u[None], v[None]).squeeze()


@wrong(ID, named="dot product")
def dot_product_alone(u, v):
    return u @ v


@wrong(ID, named="one length")
def divided_by_one_length(u, v):
    return u @ v / u.norm()


@wrong(ID, named="brackets missing")
def brackets_forgotten(u, v):
    return u @ v / u.norm() * v.norm()


@wrong(ID, named="sum of the lengths")
def divided_by_the_sum_of_lengths(u, v):
    return u @ v / (u.norm() + v.norm())


@wrong(ID, named="squared lengths")
def squared_lengths(u, v):
    return u @ v / ((u**2).sum() * (v**2).sum())


@wrong(ID, named="sum of absolute values")
def absolute_values_as_length(u, v):
    return u @ v / (u.abs().sum() * v.abs().sum())


@wrong(ID, named="number of features")
def number_of_features_as_length(u, v):
    return u @ v / (len(u) * len(v))


@wrong(ID, named="distance")
def cosine_distance(u, v):
    return 1 - u @ v / (u.norm() * v.norm())


@wrong(ID, named="angle")
def angle_instead(u, v):
    return torch.acos(u @ v / (u.norm() * v.norm()))


@wrong(ID, named="no sum")
def products_not_summed(u, v):
    return u * v / (u.norm() * v.norm())


@wrong(ID)
def a_python_number(u, v):
    return (u @ v / (u.norm() * v.norm())).item()


@wrong(ID, named="absolute value")
def sign_lost(u, v):
    return (u @ v).abs() / (u.norm() * v.norm())


@wrong(ID, named="correlation")
def means_subtracted_first(u, v):
    u, v = u - u.mean(), v - v.mean()
    return u @ v / (u.norm() * v.norm())


@wrong(ID, named="a dimension left")
def keeps_a_dimension(u, v):
    return F.cosine_similarity(u[None], v[None])


@wrong(ID, named="from 0 to 1")
def mapped_to_a_share(u, v):
    return (F.cosine_similarity(u, v, dim=0) + 1) / 2


@wrong(ID, named="mean of the squared lengths")
def twice_the_product_over_both_squares(u, v):
    return 2 * torch.dot(u, v) / (u.square().sum() + v.square().sum())


@wrong(ID, named="length of the products")
def length_of_the_products(u, v):
    return (u @ v) / (u * v).norm()


@wrong(ID, named="two features")
def formula_for_two_features(u, v):
    return (u[0] * v[0] + u[1] * v[1]) / (torch.hypot(u[0], u[1]) * torch.hypot(v[0], v[1]))
