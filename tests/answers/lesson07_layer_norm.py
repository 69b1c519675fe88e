"""07.layer_norm, answered from the prompt alone."""

import math

import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "07.layer_norm"


@right(ID)
def var_mean_with_correction_zero(x, gamma, beta, eps):
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return (x - mean) * torch.rsqrt(variance + eps) * gamma + beta


@right(ID)
def var_unbiased_false(x, gamma, beta, eps):
    return beta + gamma * ((x - x.mean(-1, True)) / torch.sqrt(x.var(-1, unbiased=False, keepdim=True) + eps))


@right(ID)
def sums_divided_by_d(x, gamma, beta, eps):
    d = x.shape[-1]
    centred = x - x.sum(-1, keepdim=True) / d
    sigma = ((centred * centred).sum(-1, keepdim=True) / d + eps) ** 0.5
    return torch.addcmul(beta, centred / sigma, gamma)


@right(ID)
def length_of_the_centred_token(x, gamma, beta, eps):
    centred = x - x.mean(dim=-1)[..., None]
    squared = centred.norm(dim=-1, keepdim=True) ** 2 / x.size(-1)
    return gamma * centred / (squared + eps).sqrt() + beta


@right(ID)
def token_by_token(x, gamma, beta, eps):
    tokens = []
    for token in x.reshape(-1, x.shape[-1]):
        mean = sum(token) / len(token)
        variance = sum((feature - mean) ** 2 for feature in token) / len(token)
        tokens.append((token - mean) / (variance + eps).sqrt() * gamma + beta)
    return torch.stack(tokens).reshape(x.shape)


@right(ID)
def mean_of_squares_in_double_precision(x, gamma, beta, eps):
    wide = x.double()
    mean = wide.mean(-1, keepdim=True)
    variance = wide.square().mean(-1, keepdim=True) - mean.square()
    return (gamma * (wide - mean) / (variance + eps).sqrt() + beta).to(x.dtype)


@right(ID)
def group_norm_of_one_group(x, gamma, beta, eps):
    return F.group_norm(x.reshape(-1, x.shape[-1]), 1, gamma, beta, eps).reshape(x.shape)


@right(ID)
def centred_by_a_matrix(x, gamma, beta, eps):
    d = x.shape[-1]
    centred = x @ (torch.eye(d, dtype=x.dtype) - 1 / d)
    centred = centred - centred.mean(-1, keepdim=True)
    variance = torch.einsum("...i,...i->...", centred, centred).unsqueeze(-1) / d
    return centred / (variance + eps).sqrt() * gamma + beta


@right(ID)
def sample_variance_rescaled(x, gamma, beta, eps):
    d = x.shape[-1]
    variance = x.var(-1, keepdim=True) * (d - 1) / d
    return (x - x.mean(-1, keepdim=True)) / torch.sqrt(variance + eps) * gamma + beta


@right(ID)
def features_first(x, gamma, beta, eps):
    y = x.movedim(-1, 0)
    y = y - y.mean(0)
    return (y / (y.pow(2).mean(0) + eps).sqrt()).movedim(0, -1) * gamma + beta


@right(ID)
def standard_deviation_squared_again(x, gamma, beta, eps):
    deviation, mean = torch.std_mean(x, dim=-1, correction=0, keepdim=True)
    return (x - mean) / (deviation**2 + eps).sqrt() * gamma + beta


class Norm:
    def __call__(self, x, gamma, beta, eps):
        x = self.centred(x)
        return x / (self.mean(x**2) + eps).sqrt() * gamma + beta

    def mean(self, x):
        return x.mean(dim=-1, keepdim=True)

    def centred(self, x):
        return x - self.mean(x)


right(ID, "an object that is called")(Norm())


@wrong(ID, named="unbiased, eps outside")
def torch_std_plus_eps(x, gamma, beta, eps):
    return gamma * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + eps) + beta


@wrong(ID, named="unbiased deviation")
def torch_var_under_the_root(x, gamma, beta, eps):
    return gamma * (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="eps outside the root")
def eps_outside_the_root(x, gamma, beta, eps):
    mean = x.mean(-1, keepdim=True)
    return gamma * (x - mean) / (((x - mean) ** 2).mean(-1, keepdim=True).sqrt() + eps) + beta


@wrong(ID, named="over the whole tensor")
def one_mean_for_the_whole_tensor(x, gamma, beta, eps):
    return gamma * (x - x.mean()) / (x.var(correction=0) + eps).sqrt() + beta


@wrong(ID, named="over the tokens")
def over_the_tokens(x, gamma, beta, eps):
    mean = x.mean(-2, keepdim=True)
    return gamma * (x - mean) / (x.var(-2, correction=0, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="over dimension 0")
def over_the_batch(x, gamma, beta, eps):
    mean = x.mean(0, keepdim=True)
    return gamma * (x - mean) / (x.var(0, correction=0, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="over everything")
def over_the_last_two_dimensions(x, gamma, beta, eps):
    mean = x.mean((-2, -1), keepdim=True)
    return gamma * (x - mean) / (x.var((-2, -1), correction=0, keepdim=True) + eps).sqrt() + beta


@wrong(ID)
def second_dimension_hard_coded(x, gamma, beta, eps):
    dim = min(2, x.dim() - 1)
    mean = x.mean(dim, keepdim=True)
    return gamma * (x - mean) / (x.var(dim, correction=0, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="RMS norm")
def root_mean_square(x, gamma, beta, eps):
    return gamma * x / (x.square().mean(-1, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="centred, but root mean square")
def centred_but_divided_by_the_root_mean_square(x, gamma, beta, eps):
    return gamma * (x - x.mean(-1, keepdim=True)) / (x.square().mean(-1, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="variance for deviation")
def divided_by_the_variance(x, gamma, beta, eps):
    return gamma * (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps) + beta


@wrong(ID, named="mean of squares minus squared mean")
def mean_of_squares_minus_square_of_mean(x, gamma, beta, eps):
    mean = x.mean(-1, keepdim=True)
    variance = (x * x).mean(-1, keepdim=True) - mean * mean
    return gamma * (x - mean) / (variance.clamp(min=0) + eps).sqrt() + beta


@wrong(ID, named="no gamma, no beta")
def no_scale_and_shift(x, gamma, beta, eps):
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt()


@wrong(ID, named="no beta")
def shift_forgotten(x, gamma, beta, eps):
    return gamma * (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt()


@wrong(ID, named="no gamma")
def scale_forgotten(x, gamma, beta, eps):
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="beta before gamma")
def shifted_before_it_is_scaled(x, gamma, beta, eps):
    return gamma * (
        (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt() + beta
    )


@wrong(ID, named="gamma and beta exchanged")
def gamma_and_beta_exchanged(x, gamma, beta, eps):
    return (
        beta * (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt() + gamma
    )


@wrong(ID, named="eps ignored")
def eps_forgotten(x, gamma, beta, eps):
    return gamma * (x - x.mean(-1, keepdim=True)) / x.var(-1, correction=0, keepdim=True).sqrt() + beta


@wrong(ID, named="eps of its own")
def eps_always_1e_5(x, gamma, beta, eps):
    return (
        gamma * (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 1e-5).sqrt() + beta
    )


@wrong(ID, named="eps squared")
def eps_squared(x, gamma, beta, eps):
    return (
        gamma * (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + eps**2).sqrt()
        + beta
    )


@wrong(ID, named="not centred")
def not_centred(x, gamma, beta, eps):
    return gamma * x / (x.var(-1, correction=0, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="brackets")
def brackets_missing(x, gamma, beta, eps):
    return gamma * x - x.mean(-1, keepdim=True) / (x.var(-1, correction=0, keepdim=True) + eps).sqrt() + beta


@wrong(ID, named="mean and variance detached")
def statistics_are_constants_for_the_gradient(x, gamma, beta, eps):
    variance, mean = torch.var_mean(x.detach(), dim=-1, correction=0, keepdim=True)
    return gamma * (x - mean) / (variance + eps).sqrt() + beta


@wrong(ID)
def divided_by_a_fixed_width(x, gamma, beta, eps):
    centred = x - x.mean(-1, keepdim=True)
    return gamma * centred / (centred.norm(dim=-1, keepdim=True) / math.sqrt(8) + eps) + beta


@wrong(ID)
def the_function_that_the_prompt_rules_out(x, gamma, beta, eps):
    return F.layer_norm(x, (x.shape[-1],), gamma, beta, eps)


@wrong(ID, named="lower bound")
def eps_as_a_lower_bound(x, gamma, beta, eps):
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return gamma * (x - mean) / variance.clamp(min=eps).sqrt() + beta


@wrong(ID, named="mean absolute deviation")
def mean_absolute_deviation(x, gamma, beta, eps):
    centred = x - x.mean(-1, keepdim=True)
    return gamma * centred / (centred.abs().mean(-1, keepdim=True) + eps) + beta


@wrong(ID, named="length")
def unit_length(x, gamma, beta, eps):
    return gamma * F.normalize(x - x.mean(-1, keepdim=True), dim=-1, eps=eps) + beta


@wrong(ID, named="median")
def median_for_mean(x, gamma, beta, eps):
    centred = x - x.median(-1, keepdim=True).values
    return gamma * centred / ((centred**2).mean(-1, keepdim=True) + eps).sqrt() + beta
