"""12.previous_token_score, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "12.previous_token_score"


@right(ID)
def loop_over_the_queries(A):
    return torch.stack([A[:, t, t - 1] for t in range(1, A.shape[1])], dim=1).mean(dim=1)


@right(ID)
def running_sum(A):
    n_heads, time, _ = A.shape
    total = torch.zeros(n_heads)
    for t in range(1, time):
        total += A[:, t, t - 1]
    return total / (time - 1)


@right(ID)
def two_index_tensors(A):
    queries = torch.arange(1, A.shape[-1])
    return A[:, queries, queries - 1].mean(dim=-1)


@right(ID)
def gathered_along_the_keys(A):
    n_heads, time, _ = A.shape
    keys = torch.arange(time - 1).expand(n_heads, time - 1)[..., None]
    return A[:, 1:].gather(2, keys).squeeze(-1).mean(dim=1)


@right(ID)
def diagonal_of_the_cut_square(A):
    return torch.stack([torch.diag(head).mean() for head in A[:, 1:, :-1]])


@right(ID)
def einsum_over_the_cut_square(A):
    return torch.einsum("htt->h", A[:, 1:, :-1]) / (A.shape[1] - 1)


@right(ID)
def weighted_by_a_shifted_identity(A):
    shifted = torch.diag(torch.ones(A.shape[1] - 1), diagonal=-1)
    return (A * shifted).sum(dim=(1, 2)) / shifted.sum()


@right(ID)
def boolean_mask(A):
    time = A.shape[1]
    before = torch.arange(time)[:, None] - torch.arange(time)[None] == 1
    return A[:, before].mean(dim=1)


@right(ID)
def numpy_inside(A):
    a = A.detach().cpu().numpy()
    return torch.from_numpy(np.diagonal(a, offset=-1, axis1=1, axis2=2).mean(axis=-1))


@right(ID)
def python_floats_head_by_head(A):
    scores = []
    for head in A.tolist():
        weights = [row[t - 1] for t, row in enumerate(head) if t > 0]
        scores.append(sum(weights) / len(weights))
    return torch.tensor(scores)


@right(ID)
def transposed_with_the_offset_the_other_way(A):
    return A.transpose(1, 2).diagonal(offset=1, dim1=1, dim2=2).mean(-1)


@wrong(ID, named="the next token")
def next_token(A):
    return A.diagonal(offset=1, dim1=1, dim2=2).mean(dim=-1)


@wrong(ID, named="the last wraps around")
def first_token_reads_the_last_by_index_minus_one(A):
    time = A.shape[1]
    return torch.stack([A[:, t, t - 1] for t in range(time)]).mean(dim=0)


@wrong(ID, named="the first token counted")
def divided_by_every_token(A):
    return A.diagonal(offset=-1, dim1=1, dim2=2).sum(dim=-1) / A.shape[1]


@wrong(ID, named="one number for all heads")
def one_number_for_all_heads(A):
    return A.diagonal(offset=-1, dim1=1, dim2=2).mean()


@wrong(ID, named="the second token left out")
def cls_skipped_as_previous_token(A):
    return torch.stack([A[:, t, t - 1] for t in range(2, A.shape[1])]).mean(dim=0)


@wrong(ID, named="over the heads")
def mean_over_heads(A):
    return A.diagonal(offset=-1, dim1=1, dim2=2).mean(dim=0)


@wrong(ID, named="all earlier tokens")
def everything_before(A):
    return torch.stack([A[:, t, :t].sum(dim=-1) for t in range(1, A.shape[1])]).mean(dim=0)


@wrong(ID, named="sum over the tokens")
def sum_not_mean(A):
    return A.diagonal(offset=-1, dim1=1, dim2=2).sum(dim=-1)


@wrong(ID, named="how often it is the largest")
def share_of_queries_with_most_weight_there(A):
    time = A.shape[1]
    return (A[:, 1:].argmax(dim=-1) == torch.arange(time - 1)).float().mean(dim=-1)


@wrong(ID, named="a second softmax")
def softmax_taken_again(A):
    return A.softmax(dim=-1).diagonal(offset=-1, dim1=1, dim2=2).mean(dim=-1)


@wrong(ID, named="the median")
def median_not_mean(A):
    return torch.stack([torch.median(torch.diag(head[1:, :-1])) for head in A])


@wrong(ID, named="two tokens before")
def two_tokens_before(A):
    return torch.stack([A[:, t, t - 2] for t in range(2, A.shape[1])]).mean(dim=0)


@wrong(ID, named="the whole triangle")
def zeros_of_the_other_entries_averaged_in(A):
    return torch.tril(A, diagonal=-1).mean(dim=(-2, -1))


@wrong(ID, named="the last token left out")
def sep_left_out_as_a_query(A):
    return A.diagonal(-1, 1, 2)[:, :-1].mean(-1)


@wrong(ID, named="[CLS] taken out")
def rescaled_without_the_sink(A):
    words = A.clone()
    words[:, :, 0] = 0
    words /= words.sum(-1, keepdim=True).clamp_min(1e-9)
    return words.diagonal(-1, 1, 2).mean(-1)
