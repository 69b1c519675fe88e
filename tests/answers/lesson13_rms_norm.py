"""13.rms_norm, answered from the prompt alone."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from answers import right, wrong

ID = "13.rms_norm"


@right(ID)
def reciprocal_root(x, weight, eps):
    return weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps))


@right(ID)
def function_of_pytorch(x, weight, eps):
    return F.rms_norm(x, weight.shape, weight, eps)


@right(ID)
def module_of_pytorch(x, weight, eps):
    layer = nn.RMSNorm(len(weight), eps=eps, dtype=x.dtype)
    layer.weight.data = weight.clone()
    return layer(x).detach()


@right(ID)
def length_of_the_vector(x, weight, eps):
    length = x.norm(dim=-1, keepdim=True)
    return x / torch.sqrt(length**2 / x.shape[-1] + eps) * weight


@right(ID)
def vector_by_vector(x, weight, eps):
    rows = []
    for vector in x.reshape(-1, x.shape[-1]):
        mean_square = sum(v * v for v in vector) / len(vector)
        rows.append(vector / (mean_square + eps) ** 0.5 * weight)
    return torch.stack(rows).reshape(x.shape)


@right(ID)
def einsum_of_squares(x, weight, eps):
    mean_square = torch.einsum("...d,...d->...", x, x)[..., None] / x.size(-1)
    return torch.einsum("...d,d->...d", x / (mean_square + eps).sqrt(), weight)


@right(ID)
def double_precision_inside(x, weight, eps):
    wide = x.to(torch.float64)
    wide = wide / torch.sqrt((wide**2).mean(dim=-1, keepdim=True) + eps)
    return (wide * weight.double()).to(x.dtype)


@right(ID)
def numpy_inside(x, weight, eps):
    values = x.numpy()
    rms = np.sqrt(np.mean(np.square(values), axis=-1, keepdims=True) + eps)
    return torch.from_numpy(values / rms * weight.numpy()).to(x.dtype)


@right(ID)
def in_place_on_a_copy(x, weight, eps):
    y = x.clone()
    y /= (y.square().mean(dim=-1, keepdim=True) + eps).sqrt_()
    y *= weight
    return y


@right(ID)
def python_floats(x, weight, eps):
    def row(values):
        rms = math.sqrt(sum(v**2 for v in values) / len(values) + eps)
        return [v / rms * w for v, w in zip(values, weight.tolist(), strict=True)]

    return torch.tensor([row(values) for values in x.reshape(-1, x.shape[-1]).tolist()]).view(x.shape)


@right(ID)
def layer_norm_of_x_and_minus_x(x, weight, eps):
    d = x.shape[-1]
    both = torch.cat([x, -x], dim=-1)  # its mean is 0
    return F.layer_norm(both, (2 * d,), eps=eps)[..., :d] * weight


@right(ID)
def root_of_d_times_unit_length(x, weight, eps):
    d = x.shape[-1]
    return math.sqrt(d) * x / (x.square().sum(-1, keepdim=True) + d * eps).sqrt() * weight


@right(ID)
def features_first(x, weight, eps):
    y = x.movedim(-1, 0)
    return (y / ((y * y).mean(0) + eps) ** 0.5).movedim(0, -1) * weight


@right(ID)
def unsqueezed_by_none(x, weight, eps):
    return x.div((x**2).mean(-1).add(eps).sqrt()[..., None]).mul(weight)


@wrong(ID, named="centred")
def layer_norm_without_beta(x, weight, eps):
    x = x - x.mean(-1, keepdim=True)
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * weight


@wrong(ID, named="variance for the mean of the squares")
def standard_deviation_for_the_root_mean_square(x, weight, eps):
    return x / (x.var(-1, unbiased=False, keepdim=True) + eps).sqrt() * weight


@wrong(ID, named="torch.std")
def divided_by_torch_std(x, weight, eps):
    return x / (x.std(-1, keepdim=True) + eps) * weight


@wrong(ID, named="eps outside the root")
def eps_outside_the_root(x, weight, eps):
    return x / (x.square().mean(-1, keepdim=True).sqrt() + eps) * weight


@wrong(ID, named="eps left out")
def eps_forgotten(x, weight, eps):
    return x / x.square().mean(-1, keepdim=True).sqrt() * weight


@wrong(ID, named="eps of its own: 1e-5")
def eps_of_llama(x, weight, eps):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * weight


@wrong(ID, named="eps of its own: PyTorch's")
def pytorch_with_its_own_eps(x, weight, eps):
    return F.rms_norm(x, (x.shape[-1],), weight)


@wrong(ID, named="eps as a lower bound")
def eps_as_a_lower_bound(x, weight, eps):
    return x / x.square().mean(-1, keepdim=True).clamp(min=eps).sqrt() * weight


@wrong(ID, named="eps added to x")
def eps_added_to_x(x, weight, eps):
    return x / (x + eps).square().mean(-1, keepdim=True).sqrt() * weight


@wrong(ID, named="sum of the squares")
def sum_of_the_squares(x, weight, eps):
    return x / (x.square().sum(-1, keepdim=True) + eps).sqrt() * weight


@wrong(ID, named="unit length")
def unit_length(x, weight, eps):
    return F.normalize(x, dim=-1, eps=eps) * weight


@wrong(ID, named="no root")
def no_root(x, weight, eps):
    return x / (x.square().mean(-1, keepdim=True) + eps) * weight


@wrong(ID, named="multiplied")
def multiplied_by_the_root_mean_square(x, weight, eps):
    return x * (x.square().mean(-1, keepdim=True) + eps).sqrt() * weight


@wrong(ID, named="no weight")
def weight_left_out(x, weight, eps):
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt()


@wrong(ID, named="one plus the weight")
def one_plus_the_weight(x, weight, eps):
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * (1 + weight)


@wrong(ID, named="weight added")
def weight_added(x, weight, eps):
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt() + weight


@wrong(ID, named="weighted first")
def weighted_before_it_is_normalised(x, weight, eps):
    x = x * weight
    return x / (x.square().mean(-1, keepdim=True) + eps).sqrt()


@wrong(ID, named="divided by the weight")
def divided_by_root_and_weight(x, weight, eps):
    return x / ((x.square().mean(-1, keepdim=True) + eps).sqrt() * weight)


@wrong(ID, named="over everything")
def one_number_for_everything(x, weight, eps):
    return x / (x.square().mean() + eps).sqrt() * weight


@wrong(ID, named="over the tokens")
def over_the_tokens(x, weight, eps):
    return x / (x.square().mean(dim=-2, keepdim=True) + eps).sqrt() * weight


@wrong(ID, named="over dimension 0")
def over_dimension_zero(x, weight, eps):
    return x / (x.square().mean(0) + eps).sqrt() * weight


@wrong(ID, named="over dimension 1")
def over_dimension_one(x, weight, eps):
    return x / (x.square().mean(dim=1, keepdim=True) + eps).sqrt() * weight


@wrong(ID, named="no keepdim")
def keepdim_forgotten(x, weight, eps):
    return x / (x.square().mean(dim=-1) + eps).sqrt() * weight


@wrong(ID, named="mean of the absolute values")
def mean_of_the_absolute_values(x, weight, eps):
    return x / (x.abs().mean(-1, keepdim=True) + eps) * weight


@wrong(ID, named="square of the mean")
def square_of_the_mean(x, weight, eps):
    return x / (x.mean(-1, keepdim=True) ** 2 + eps).sqrt() * weight


@wrong(ID, named="mean of the roots")
def mean_of_the_root_of_the_squares(x, weight, eps):
    return x / (x.square() + eps).sqrt().mean(-1, keepdim=True) * weight


@wrong(ID, named="brackets")
def brackets_around_the_sum_forgotten(x, weight, eps):
    return x / x.square().mean(-1, keepdim=True).sqrt() + eps * weight


@wrong(ID, named="in place")
def written_into_x(x, weight, eps):
    x /= (x.square().mean(-1, keepdim=True) + eps).sqrt()
    return x * weight


@wrong(ID, named="divided by d_model − 1")
def divided_by_one_less(x, weight, eps):
    return x / (x.square().sum(-1, keepdim=True) / (x.shape[-1] - 1) + eps).sqrt() * weight


@wrong(ID, named="divided by the number of vectors")
def divided_by_the_length_of_x(x, weight, eps):
    return x / ((x**2).sum(-1, keepdim=True) / len(x) + eps).sqrt() * weight


@wrong(ID, named="x added")
def residual_connection(x, weight, eps):
    return x + x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * weight


@wrong(ID, named="root mean square")
def the_root_mean_square_itself(x, weight, eps):
    return torch.sqrt(x.square().mean(-1, keepdim=True) + eps)


@wrong(ID, named="centred")
def layer_norm_of_pytorch(x, weight, eps):
    return F.layer_norm(x, weight.shape, weight, None, eps)


@wrong(ID, named="eps as a lower bound of the root")
def eps_as_a_lower_bound_of_the_root(x, weight, eps):
    return x / x.square().mean(-1, keepdim=True).sqrt().clamp(min=eps) * weight


@wrong(ID, named="over all dimensions but the first")
def over_all_dimensions_but_the_first(x, weight, eps):
    behind = list(range(x.dim()))[1:]
    return weight * x * torch.rsqrt((x**2).mean(dim=behind, keepdim=True) + eps)
