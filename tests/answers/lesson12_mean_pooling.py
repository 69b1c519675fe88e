"""12.mean_pooling, answered from the prompt alone."""

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "12.mean_pooling"


@right(ID)
def weights_that_sum_to_one(hidden, real):
    weights = real.float() / real.sum(dim=1, keepdim=True)
    pooled = torch.einsum("bt,btd->bd", weights, hidden)
    return pooled / pooled.norm(dim=-1, keepdim=True)


@right(ID)
def loop_over_the_sentences(hidden, real):
    return torch.stack([F.normalize(h[r].mean(dim=0), dim=0) for h, r in zip(hidden, real, strict=True)])


@right(ID)
def cut_to_the_length(hidden, real):
    pooled = []
    for i, n in enumerate(real.sum(dim=1).tolist()):
        mean = hidden[i, :n].mean(dim=0)
        pooled.append(mean / mean.square().sum().sqrt())
    return torch.stack(pooled)


@right(ID)
def sum_alone_as_the_length_cancels(hidden, real):
    return F.normalize((hidden * real.unsqueeze(-1)).sum(1), dim=1)


@right(ID)
def padding_filled_with_zero(hidden, real):
    total = hidden.masked_fill(~real[:, :, None], 0.0).sum(dim=1)
    return F.normalize(total / real.sum(1)[:, None], p=2, dim=1)


@right(ID)
def nanmean_of_the_padding_as_nan(hidden, real):
    return F.normalize(torch.where(real[..., None], hidden, float("nan")).nanmean(dim=1), dim=-1)


@right(ID)
def batched_matrix_product(hidden, real):
    total = torch.bmm(real[:, None].to(hidden.dtype), hidden)[:, 0]
    mean = total / real.sum(dim=-1, keepdim=True)
    return mean / torch.linalg.vector_norm(mean, dim=-1, keepdim=True)


@right(ID)
def numpy_inside(hidden, real):
    h, r = hidden.numpy(), real.numpy()
    mean = np.stack([h[i][r[i]].mean(axis=0) for i in range(len(h))])
    return torch.from_numpy(mean / np.linalg.norm(mean, axis=1, keepdims=True))


@right(ID)
def clamped_as_in_sentence_transformers(hidden, real):
    mask = real.unsqueeze(-1).expand(hidden.size()).float()
    mean = torch.sum(hidden * mask, 1) / torch.clamp(mask.sum(1), min=1e-9)
    return F.normalize(mean, p=2, dim=1)


@right(ID)
def time_first_and_double(hidden, real):
    h, r = hidden.double().transpose(0, 1), real.T[..., None]
    mean = (h * r).sum(0) / r.sum(0)
    return (mean / mean.norm(dim=1, keepdim=True)).to(hidden.dtype)


@right(ID)
def index_add_of_the_real_tokens(hidden, real):
    rows = real.nonzero()[:, 0]
    total = torch.zeros(hidden.shape[0], hidden.shape[2], dtype=hidden.dtype).index_add(0, rows, hidden[real])
    return F.normalize(total / torch.bincount(rows)[:, None], dim=-1)


@wrong(ID, named="padding counted")
def padding_averaged_in(hidden, real):
    return F.normalize(hidden.mean(dim=1), dim=-1)


@wrong(ID, named="not normalised")
def not_normalised(hidden, real):
    return (hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)


@wrong(ID, named="inverted mask, sum")
def mask_the_wrong_way_round(hidden, real):
    total = (hidden * ~real[..., None]).sum(dim=1)
    return F.normalize(total / (~real).sum(dim=1, keepdim=True).clamp_min(1), dim=-1)


@wrong(ID, named="the first token")
def cls_instead_of_mean(hidden, real):
    return F.normalize(hidden[:, 0], dim=-1)


@wrong(ID, named="each token normalised")
def tokens_normalised_before_the_mean(hidden, real):
    unit = F.normalize(hidden, dim=-1) * real[..., None]
    return unit.sum(dim=1) / real.sum(dim=1, keepdim=True)


@wrong(ID, named="tokens and mean normalised")
def tokens_normalised_before_and_after(hidden, real):
    unit = F.normalize(hidden, dim=-1) * real[..., None]
    return F.normalize(unit.sum(dim=1), dim=-1)


@wrong(ID, named="one mean for the batch")
def one_mean_for_the_whole_batch(hidden, real):
    return F.normalize(hidden[real].mean(dim=0), dim=-1).expand(len(hidden), -1)


@wrong(ID, named="normalised over the batch")
def normalised_over_the_batch(hidden, real):
    mean = (hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)
    return F.normalize(mean, dim=0)


@wrong(ID, named="[CLS] and [SEP] left out")
def special_tokens_left_out(hidden, real):
    words = real.clone()
    words[:, 0] = False
    words[torch.arange(len(real)), real.sum(dim=1) - 1] = False
    return F.normalize((hidden * words[..., None]).sum(dim=1), dim=-1)


@wrong(ID, named="the largest")
def maximum_instead_of_mean(hidden, real):
    return F.normalize(hidden.masked_fill(~real[..., None], -1e9).amax(dim=1), dim=-1)


@wrong(ID, named="absolute values sum to 1")
def absolute_values_sum_to_one(hidden, real):
    mean = (hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)
    return mean / mean.abs().sum(dim=-1, keepdim=True)


@wrong(ID, named="padding counted")
def padding_recognised_by_zeros(hidden, real):
    kept = (hidden != 0).any(dim=-1, keepdim=True)
    return F.normalize((hidden * kept).sum(dim=1) / kept.sum(dim=1), dim=-1)


@wrong(ID, named="softmax")
def softmax_instead_of_length_one(hidden, real):
    return ((hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)).softmax(dim=-1)


@wrong(ID, named="length from argmin")
def length_is_the_first_padded_position(hidden, real):
    lengths = real.int().argmin(dim=1).tolist()
    return F.normalize(torch.stack([h[:n].mean(dim=0) for h, n in zip(hidden, lengths, strict=True)]), dim=-1)


@wrong(ID, named="one length for the batch")
def divided_by_the_norm_of_everything(hidden, real):
    mean = (hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)
    return mean / mean.norm()


@wrong(ID, named="the squared length")
def root_forgotten(hidden, real):
    mean = (hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)
    return mean / (mean * mean).sum(dim=1, keepdim=True)


@wrong(ID, named="standardised")
def standardised_as_before_a_probe(hidden, real):
    mean = (hidden * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)
    return (mean - mean.mean(dim=1, keepdim=True)) / mean.std(dim=1, keepdim=True)


@wrong(ID, named="the last real token")
def last_real_token_as_in_a_decoder(hidden, real):
    return F.normalize(hidden[torch.arange(len(hidden)), real.sum(dim=1) - 1], dim=-1)


@wrong(ID, named="padding as minus infinity")
def padding_filled_with_minus_infinity(hidden, real):
    return F.normalize(hidden.masked_fill(~real[..., None], float("-inf")).mean(1), dim=-1)


@wrong(ID, named="divided by the sum")
def features_sum_to_one(hidden, real):
    mean = (hidden * real[..., None]).sum(1) / real.sum(1, keepdim=True)
    return mean / mean.sum(-1, keepdim=True)
