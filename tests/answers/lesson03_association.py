"""03.association, answered from the prompt alone."""

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "03.association"


@right(ID)
def cosine_similarity_of_pytorch(w, A, B):
    return F.cosine_similarity(A, w[None], dim=1).mean() - F.cosine_similarity(B, w[None], dim=1).mean()


@right(ID)
def two_loops(w, A, B):
    def mean_cosine(rows):
        total = 0.0
        for row in rows:
            total = total + (w @ row) / (w.norm() * row.norm())
        return total / len(rows)

    return mean_cosine(A) - mean_cosine(B)


@right(ID)
def normalised_rows_averaged(w, A, B):
    return (F.normalize(A, dim=1).mean(dim=0) - F.normalize(B, dim=1).mean(dim=0)) @ F.normalize(w, dim=0)


@right(ID)
def products_divided_by_lengths(w, A, B):
    cos_A = A @ w / (torch.linalg.norm(A, dim=1) * torch.linalg.norm(w))
    cos_B = B @ w / (torch.linalg.norm(B, dim=1) * torch.linalg.norm(w))
    return torch.mean(cos_A) - torch.mean(cos_B)


@right(ID)
def einsum_over_both_groups(w, A, B):
    rows = torch.cat([A, B])
    cosines = torch.einsum("nd,d->n", rows, w) / (rows.square().sum(1) * w.square().sum()).sqrt()
    return cosines[: len(A)].mean() - cosines[len(A) :].mean()


@right(ID)
def weights_of_a_signed_mean(w, A, B):
    cosines = F.cosine_similarity(torch.cat([A, B]), w, dim=-1)
    weights = torch.cat([torch.full((len(A),), 1 / len(A)), torch.full((len(B),), -1 / len(B))])
    return cosines @ weights.to(cosines.dtype)


@right(ID)
def numpy_inside(w, A, B):
    w, A, B = w.numpy(), A.numpy(), B.numpy()

    def mean_cosine(rows):
        return np.mean(rows @ w / (np.linalg.norm(rows, axis=1) * np.linalg.norm(w)))

    return torch.tensor(mean_cosine(A) - mean_cosine(B))


@right(ID)
def stacked_comprehensions(w, A, B):
    first, second = (
        torch.stack([torch.dot(w, row) / w.norm() / row.norm() for row in rows]) for rows in (A, B)
    )
    return first.mean() - second.mean()


@right(ID)
def double_precision_inside(w, A, B):
    a, b = (torch.cosine_similarity(w.double(), rows.double(), dim=-1).mean() for rows in (A, B))
    return (a - b).to(w.dtype)


@right(ID)
def sums_over_numbers_of_rows(w, A, B):
    u = w / w.pow(2).sum().sqrt()
    return (A / A.norm(dim=1)[:, None] @ u).sum() / A.shape[0] - (B / B.norm(dim=1)[:, None] @ u).sum() / B.shape[0]


class Association:
    def __call__(self, w, A, B):
        return self.to(w, A) - self.to(w, B)

    def to(self, w, rows):
        return torch.nn.CosineSimilarity(dim=1)(rows, w.expand_as(rows)).mean()


right(ID, "an object that is called")(Association())


@wrong(ID, named="dot products")
def dot_products(w, A, B):
    return (A @ w).mean() - (B @ w).mean()


@wrong(ID, named="cosine with the mean vector")
def cosine_with_the_mean_vectors(w, A, B):
    return F.cosine_similarity(w, A.mean(0), dim=0) - F.cosine_similarity(w, B.mean(0), dim=0)


@wrong(ID, named="cosine with the mean of unit vectors")
def cosine_with_the_mean_of_unit_vectors(w, A, B):
    a, b = F.normalize(A, dim=1).mean(0), F.normalize(B, dim=1).mean(0)
    return F.cosine_similarity(w, a, dim=0) - F.cosine_similarity(w, b, dim=0)


@wrong(ID, named="sums")
def sums_instead_of_means(w, A, B):
    return F.cosine_similarity(A, w[None]).sum() - F.cosine_similarity(B, w[None]).sum()


@wrong(ID, named="the other way round")
def b_minus_a(w, A, B):
    return F.cosine_similarity(B, w[None]).mean() - F.cosine_similarity(A, w[None]).mean()


@wrong(ID, named="the word not scaled")
def w_left_as_it_is(w, A, B):
    return (F.normalize(A, dim=1) @ w).mean() - (F.normalize(B, dim=1) @ w).mean()


@wrong(ID, named="groups not scaled")
def groups_left_as_they_are(w, A, B):
    u = w / w.norm()
    return (A @ u).mean() - (B @ u).mean()


@wrong(ID, named="columns normalised")
def columns_normalised(w, A, B):
    u = w / w.norm()
    return (F.normalize(A, dim=0) @ u).mean() - (F.normalize(B, dim=0) @ u).mean()


@wrong(ID, named="one norm for a group")
def group_divided_by_its_whole_norm(w, A, B):
    return (A @ w / (A.norm() * w.norm())).mean() - (B @ w / (B.norm() * w.norm())).mean()


@wrong(ID, named="absolute difference")
def distance_of_the_cosines(w, A, B):
    return (F.cosine_similarity(A, w[None]).mean() - F.cosine_similarity(B, w[None]).mean()).abs()


@wrong(ID, named="added")
def sum_of_the_two_means(w, A, B):
    return F.cosine_similarity(A, w[None]).mean() + F.cosine_similarity(B, w[None]).mean()


@wrong(ID, named="A alone")
def group_a_only(w, A, B):
    return F.cosine_similarity(A, w[None]).mean()


@wrong(ID, named="in standard deviations")
def in_standard_deviations(w, A, B):
    a, b = F.cosine_similarity(A, w[None]), F.cosine_similarity(B, w[None])
    return (a.mean() - b.mean()) / torch.cat([a, b]).std()


@wrong(ID, named="largest cosines")
def largest_cosines(w, A, B):
    return F.cosine_similarity(A, w[None]).max() - F.cosine_similarity(B, w[None]).max()


@wrong(ID)
def a_python_number(w, A, B):
    return (F.cosine_similarity(A, w[None]).mean() - F.cosine_similarity(B, w[None]).mean()).item()


@wrong(ID, named="two means")
def a_pair_of_means(w, A, B):
    return F.cosine_similarity(A, w[None]).mean(), F.cosine_similarity(B, w[None]).mean()


@wrong(ID, named="no mean")
def differences_row_by_row(w, A, B):
    return F.cosine_similarity(A, w[None]) - F.cosine_similarity(B, w[None])


@wrong(ID, named="divided by the larger group")
def divided_by_the_larger_group(w, A, B):
    n = max(len(A), len(B))
    return F.cosine_similarity(A, w[None]).sum() / n - F.cosine_similarity(B, w[None]).sum() / n


@wrong(ID, named="medians")
def medians_of_the_cosines(w, A, B):
    return F.cosine_similarity(A, w[None]).median() - F.cosine_similarity(B, w[None]).median()


@wrong(ID, named="distances")
def nearer_by_distance(w, A, B):
    return torch.cdist(w[None], B).mean() - torch.cdist(w[None], A).mean()


@wrong(ID, named="divided by both groups")
def both_groups_pooled(w, A, B):
    signs = torch.cat([torch.ones(len(A)), -torch.ones(len(B))])
    return (F.cosine_similarity(torch.cat([A, B]), w[None]) * signs).mean()


@wrong(ID, named="mean product by mean length")
def mean_product_by_mean_length(w, A, B):
    return ((A @ w).mean() / A.norm(dim=1).mean() - (B @ w).mean() / B.norm(dim=1).mean()) / w.norm()


@wrong(ID, named="one cosine")
def cosine_with_the_difference_of_the_means(w, A, B):
    return F.cosine_similarity(w, A.mean(dim=0) - B.mean(dim=0), dim=0)
