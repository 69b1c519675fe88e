"""Lesson 15, exercise 4: LoRA."""

import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "15.lora_linear"


@right(ID)
def merged_first(x, weight, A, B, alpha):
    merged = weight + (alpha / A.shape[0]) * (B @ A)
    return x @ merged.T, merged


@right(ID)
def with_linear(x, weight, A, B, alpha):
    scale = alpha / A.size(0)
    return F.linear(x, weight) + scale * F.linear(F.linear(x, A), B), weight + scale * B.mm(A)


@right(ID)
def rank_from_b(x, weight, A, B, alpha):
    r = B.shape[1]
    return x @ weight.t() + alpha * (x @ A.t() @ B.t()) / r, weight + alpha * B @ A / r


@right(ID)
def with_addmm(x, weight, A, B, alpha):
    merged = torch.addmm(weight, B, A, alpha=alpha / len(A))
    return F.linear(x, merged), merged


@right(ID)
def as_a_sum_of_outer_products(x, weight, A, B, alpha):
    merged = weight.clone()
    for i in range(len(A)):
        merged += alpha / len(A) * torch.outer(B[:, i], A[i])
    return x @ merged.T, merged


@right(ID)
def with_einsum(x, weight, A, B, alpha):
    update = torch.einsum("or,ri->oi", B, A) * alpha / len(A)
    return torch.einsum("bi,oi->bo", x, weight + update), weight + update


@right(ID)
def a_list(x, weight, A, B, alpha):
    return [*merged_first(x, weight, A, B, alpha)]


@right(ID)
def scaled_matrix(x, weight, A, B, alpha):
    B = B * alpha / len(A)
    return x @ weight.T + x @ A.T @ B.T, weight + B @ A


@right(ID)
def transposed_product(x, weight, A, B, alpha):
    update = (A.T @ B.T).T * (alpha / len(A))
    return (weight @ x.T + update @ x.T).T, weight + update


@right(ID)
def in_place_on_a_copy(x, weight, A, B, alpha):
    merged = weight.clone()
    merged.add_(B @ A, alpha=alpha / len(A))
    return x.matmul(merged.T), merged


@wrong(ID, named="not scaled")
def no_scale(x, weight, A, B, alpha):
    return x @ (weight + B @ A).T, weight + B @ A


@wrong(ID, named="alpha alone")
def only_alpha(x, weight, A, B, alpha):
    merged = weight + alpha * B @ A
    return x @ merged.T, merged


@wrong(ID, named="not merged")
def weight_as_it_was(x, weight, A, B, alpha):
    return merged_first(x, weight, A, B, alpha)[0], weight.clone()


@wrong(ID, named="W overwritten")
def adds_to_the_frozen(x, weight, A, B, alpha):
    weight += alpha / len(A) * B @ A
    return x @ weight.T, weight.clone()


@wrong(ID, named="merged without the scale")
def merged_plainly(x, weight, A, B, alpha):
    return merged_first(x, weight, A, B, alpha)[0], weight + B @ A


@wrong(ID, named="width for rank")
def divided_by_width(x, weight, A, B, alpha):
    merged = weight + alpha / x.shape[1] * B @ A
    return x @ merged.T, merged
