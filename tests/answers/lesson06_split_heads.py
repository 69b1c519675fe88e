"""06.split_heads, answered from the prompt alone."""

import numpy as np
import torch

from answers import right, wrong

ID = "06.split_heads"


@right(ID)
def chunks_stacked(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=1)


@right(ID)
def pieces_of_split_stacked(x, n_heads):
    return torch.stack(torch.split(x, x.shape[2] // n_heads, dim=2)).movedim(0, 1)


@right(ID)
def unflattened_and_permuted(x, n_heads):
    return x.unflatten(-1, (n_heads, -1)).permute(0, 2, 1, 3)


@right(ID)
def slices_written_into_zeros(x, n_heads):
    batch, time, d_model = x.size()
    d_head = d_model // n_heads
    heads = x.new_zeros(batch, n_heads, time, d_head)
    for h in range(n_heads):
        heads[:, h] = x[:, :, h * d_head : (h + 1) * d_head]
    return heads


@right(ID)
def every_number_in_four_loops(x, n_heads):
    batch, time, d_model = x.shape
    d_head = int(d_model / n_heads)
    heads = torch.empty(batch, n_heads, time, d_head, dtype=x.dtype)
    for b in range(batch):
        for h in range(n_heads):
            for t in range(time):
                for i in range(d_head):
                    heads[b, h, t, i] = x[b, t, h * d_head + i]
    return heads


@wrong(ID, named="gradient cut off")
def numpy_inside(x, n_heads):
    batch, time, d_model = x.shape
    return torch.from_numpy(
        np.swapaxes(x.detach().numpy().reshape(batch, time, n_heads, d_model // n_heads), 1, 2).copy()
    )


@right(ID)
def features_in_front_of_the_time(x, n_heads):
    batch, time, d_model = x.shape
    return x.transpose(1, 2).reshape(batch, n_heads, d_model // n_heads, time).transpose(2, 3)


@right(ID)
def windows_of_unfold(x, n_heads):
    d_head = x.shape[-1] // n_heads
    return x.unfold(2, d_head, d_head).transpose(2, 1).contiguous()


@right(ID)
def fancy_index(x, n_heads):
    features = torch.arange(x.shape[-1]).reshape(n_heads, 1, -1)
    return x[:, torch.arange(x.shape[1])[None, :, None], features]


@right(ID)
def einsum_exchanges_the_axes(x, n_heads):
    batch, time, _ = x.shape
    return torch.einsum("bthd->bhtd", x.view(batch, time, n_heads, -1))


@right(ID)
def a_comprehension_over_tokens(x, n_heads):
    return torch.stack([torch.stack([token.reshape(n_heads, -1) for token in row], dim=1) for row in x])


@right(ID)
def heads_selected_by_matrices(x, n_heads):
    d_head = x.shape[-1] // n_heads
    choose = torch.eye(x.shape[-1], dtype=x.dtype).unflatten(1, (n_heads, d_head))
    return torch.einsum("btm,mhd->bhtd", x, choose)


@wrong(ID, named="view without transpose")
def one_reshape(x, n_heads):
    batch, time, d_model = x.shape
    return x.reshape(batch, n_heads, time, d_model // n_heads)


@wrong(ID, named="not transposed")
def never_transposed(x, n_heads):
    batch, time, d_model = x.shape
    return x.view(batch, time, n_heads, d_model // n_heads)


@wrong(ID, named="every n-th feature")
def features_dealt_out_in_turn(x, n_heads):
    batch, time, d_model = x.shape
    return x.reshape(batch, time, d_model // n_heads, n_heads).permute(0, 3, 1, 2)


@wrong(ID, named="features in front of the heads")
def heads_behind(x, n_heads):
    batch, time, d_model = x.shape
    return x.reshape(batch, time, n_heads, d_model // n_heads).permute(0, 1, 3, 2)


@wrong(ID, named="transposed first")
def time_transposed_before_one_reshape(x, n_heads):
    batch, time, d_model = x.shape
    return x.transpose(1, 2).reshape(batch, n_heads, time, d_model // n_heads)


@wrong(ID, named="heads in front of the batch")
def heads_in_front_of_the_batch(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1))


@wrong(ID, named="a tuple of heads")
def a_tuple_of_heads(x, n_heads):
    return x.chunk(n_heads, dim=-1)


@wrong(ID, named="heads one after the other in time")
def joined_again(x, n_heads):
    return torch.cat(x.chunk(n_heads, dim=-1), dim=1)


@wrong(ID, named="n_heads for d_head")
def n_heads_taken_for_the_size(x, n_heads):
    return torch.stack(x.split(n_heads, dim=-1), dim=1)


@wrong(ID, named="heads joined with the batch")
def heads_merged_into_the_batch(x, n_heads):
    batch, time, d_model = x.shape
    heads = x.reshape(batch, time, n_heads, d_model // n_heads).transpose(1, 2)
    return heads.reshape(batch * n_heads, time, d_model // n_heads)


@wrong(ID, named="tokens divided")
def the_tokens_divided_instead(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=1), dim=1)


@wrong(ID, named="heads of several rows mixed")
def batch_and_heads_mixed(x, n_heads):
    batch, time, d_model = x.shape
    heads = torch.stack(x.chunk(n_heads, dim=-1))
    return heads.reshape(batch, n_heads, time, d_model // n_heads)


@wrong(ID, named="the same features for every head")
def every_head_gets_the_first_features(x, n_heads):
    d_head = x.shape[-1] // n_heads
    return x[..., :d_head].unsqueeze(1).repeat(1, n_heads, 1, 1)


@wrong(ID, named="last head first")
def last_head_first(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1)[::-1], dim=1)


@wrong(ID, named="gradient cut off")
def a_new_tensor_of_lists(x, n_heads):
    batch, time, d_model = x.shape
    return torch.tensor(x.tolist()).view(batch, time, n_heads, d_model // n_heads).transpose(1, 2)


@wrong(ID, named="features in front of the time")
def transposed_and_not_transposed_back(x, n_heads):
    batch, time, d_model = x.shape
    return x.transpose(1, 2).reshape(batch, n_heads, d_model // n_heads, time)


@wrong(ID, named="batch and heads exchanged")
def transpose_of_dimensions_zero_and_two(x, n_heads):
    batch, time, d_model = x.shape
    return x.view(batch, time, n_heads, d_model // n_heads).transpose(0, 2)


@wrong(ID, named="a feature lost")
def slices_one_number_short(x, n_heads):
    d_head = x.shape[-1] // n_heads
    return torch.stack([x[:, :, h * d_head : (h + 1) * d_head - 1] for h in range(n_heads)], dim=1)


@wrong(ID, named="view without transpose")
def a_second_reshape_for_the_transpose(x, n_heads):
    batch, time, d_model = x.shape
    return x.view(batch, time, n_heads, d_model // n_heads).reshape(batch, n_heads, time, d_model // n_heads)


@wrong(ID, named="not transposed")
def stacked_behind_the_time(x, n_heads):
    return torch.stack(x.chunk(n_heads, dim=-1), dim=-2)


@wrong(ID, named="n_heads for d_head")
def sizes_exchanged_in_the_view(x, n_heads):
    batch, time, d_model = x.shape
    return x.view(batch, time, d_model // n_heads, n_heads).transpose(1, 2)


@wrong(ID, named="first head only")
def a_slice_for_head_0(x, n_heads):
    return x[:, None, :, : x.shape[-1] // n_heads]


@wrong(ID, named="all features for every head")
def x_repeated_for_every_head(x, n_heads):
    return torch.stack([x] * n_heads, dim=1)
