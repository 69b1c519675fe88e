"""12.ablate, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "12.ablate"


@right(ID)
def clone_and_slice(y, head, n_heads):
    d_head = y.size(2) // n_heads
    y = y.clone()
    y[:, :, d_head * head : d_head * head + d_head] = 0.0
    return y


@right(ID)
def reshaped_to_heads(y, head, n_heads):
    batch, time, d_model = y.shape
    split = y.reshape(batch, time, n_heads, d_model // n_heads).clone()
    split[:, :, head] = 0
    return split.reshape(batch, time, d_model)


@right(ID)
def multiplied_by_a_mask(y, head, n_heads):
    keep = torch.ones(n_heads)
    keep[head] = 0
    return y * keep.repeat_interleave(y.shape[-1] // n_heads)


@right(ID)
def chunks_joined_again(y, head, n_heads):
    parts = list(y.chunk(n_heads, dim=-1))
    parts[head] = torch.zeros_like(parts[head])
    return torch.cat(parts, dim=-1)


@right(ID)
def comprehension_over_chunks(y, head, n_heads):
    return torch.cat([0 * part if h == head else part for h, part in enumerate(y.chunk(n_heads, -1))], -1)


@right(ID)
def masked_fill_by_owner(y, head, n_heads):
    owner = torch.arange(y.shape[-1]) // (y.shape[-1] // n_heads)
    return y.masked_fill(owner == head, 0.0)


@right(ID)
def where_by_owner(y, head, n_heads):
    owner = torch.arange(n_heads).repeat_interleave(y.shape[-1] // n_heads)
    return torch.where(owner == head, torch.zeros_like(y), y)


@right(ID)
def numpy_inside(y, head, n_heads):
    a = np.array(y.detach().cpu())
    width = a.shape[-1] // n_heads
    a[..., head * width : (head + 1) * width] = 0
    return torch.from_numpy(a)


@right(ID)
def einsum_with_a_selector(y, head, n_heads):
    keep = 1 - torch.eye(n_heads)[head]
    return torch.einsum("bthd,h->bthd", y.unflatten(-1, (n_heads, -1)), keep).flatten(2)


@right(ID)
def feature_by_feature(y, head, n_heads):
    out, width = torch.empty_like(y), y.shape[-1] // n_heads
    for i in range(y.shape[-1]):
        out[..., i] = 0 if i // width == head else y[..., i]
    return out


@right(ID)
def index_fill_at_the_features(y, head, n_heads):
    width = y.shape[-1] // n_heads
    return y.index_fill(-1, torch.arange(head * width, (head + 1) * width), 0)


@wrong(ID)
def written_into_the_argument(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    y[..., head * d_head : (head + 1) * d_head] = 0
    return y


@wrong(ID, named="every n-th feature")
def every_nth_feature(y, head, n_heads):
    out = y.clone()
    out[..., head::n_heads] = 0
    return out


@wrong(ID, named="heads counted from 1")
def counted_from_one(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    out = y.clone()
    out[..., (head - 1) * d_head : head * d_head] = 0
    return out


@wrong(ID, named="all but this one")
def others_zeroed(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    out = torch.zeros_like(y)
    out[..., head * d_head : (head + 1) * d_head] = y[..., head * d_head : (head + 1) * d_head]
    return out


@wrong(ID, named="one feature")
def one_feature_only(y, head, n_heads):
    out = y.clone()
    out[..., head] = 0
    return out


@wrong(ID, named="features taken out")
def features_taken_out(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    return torch.cat([y[..., : head * d_head], y[..., (head + 1) * d_head :]], dim=-1)


@wrong(ID, named="n_heads wide")
def width_is_the_number_of_heads(y, head, n_heads):
    out = y.clone()
    out[..., head * n_heads : (head + 1) * n_heads] = 0
    return out


@wrong(ID, named="one feature too few")
def last_feature_left_over(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    out = y.clone()
    out[..., head * d_head : (head + 1) * d_head - 1] = 0
    return out


@wrong(ID, named="the token")
def batch_entry_or_time_step_zeroed(y, head, n_heads):
    out = y.clone()
    out[:, head] = 0
    return out


@wrong(ID, named="mean ablation")
def averaged_not_zeroed(y, head, n_heads):
    d_head = y.shape[-1] // n_heads
    out = y.clone()
    part = out[..., head * d_head : (head + 1) * d_head]
    out[..., head * d_head : (head + 1) * d_head] = part.mean(dim=(0, 1))
    return out


@wrong(ID, named="the others scaled up")
def rest_scaled_up_as_dropout_does(y, head, n_heads):
    keep = torch.ones(n_heads)
    keep[head] = 0
    return y * (keep * n_heads / (n_heads - 1)).repeat_interleave(y.shape[-1] // n_heads)


@wrong(ID, named="minus infinity")
def minus_infinity_as_in_a_mask(y, head, n_heads):
    owner = torch.arange(n_heads).repeat_interleave(y.shape[-1] // n_heads)
    return y.masked_fill(owner == head, float("-inf"))


@wrong(ID, named="from this head on")
def end_of_the_slice_left_out(y, head, n_heads):
    out = y.clone()
    out[..., head * (y.shape[-1] // n_heads) :] = 0
    return out


@wrong(ID, named="heads counted from the end")
def counted_from_the_end(y, head, n_heads):
    parts = list(y.chunk(n_heads, dim=-1))
    parts[-head - 1] = torch.zeros_like(parts[head])
    return torch.cat(parts, dim=-1)


@wrong(ID, named="a view with heads before time")
def viewed_as_heads_before_time(y, head, n_heads):
    batch, time, d_model = y.shape
    heads = y.clone().view(batch, n_heads, time, d_model // n_heads)
    heads[:, head] = 0
    return heads.view(batch, time, d_model)


@wrong(ID, named="32 features")
def width_of_the_lessons_model(y, head, n_heads):
    y = y.clone()
    y[..., head * 32 : (head + 1) * 32] = 0
    return y
