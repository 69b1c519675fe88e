"""01.with_radius, answered from the prompt alone."""

import math

import numpy as np
import torch

from answers import right, wrong

ID = "01.with_radius"


@right(ID)
def largest_absolute_value_as_a_number(W, rho):
    radius = max(abs(value) for value in torch.linalg.eigvals(W).tolist())
    return rho * W / radius


@right(ID)
def numpy_eigenvalues(W, rho):
    return W * float(rho / np.abs(np.linalg.eigvals(W.numpy())).max())


@right(ID)
def numpy_all_the_way(W, rho):
    array = W.numpy().astype(np.float64)
    return torch.from_numpy(array * rho / max(abs(np.linalg.eigvals(array)))).float()


@right(ID)
def eig_with_its_vectors(W, rho):
    values, _ = torch.linalg.eig(W)
    return W.div(values.abs().amax()).mul(rho)


@right(ID)
def real_and_imaginary_part(W, rho):
    values = torch.linalg.eigvals(W)
    lengths = (values.real**2 + values.imag**2).sqrt()
    return W / lengths.max() * rho


@right(ID)
def hypot_in_a_loop(W, rho):
    radius = 0.0
    for value in torch.linalg.eigvals(W):
        radius = max(radius, math.hypot(value.real.item(), value.imag.item()))
    return W * (rho / radius)


@right(ID)
def in_double_precision(W, rho):
    values = torch.linalg.eigvals(W.double())
    return (W.double() * rho / values.abs().max()).to(W.dtype)


@right(ID)
def a_copy_scaled_in_place(W, rho):
    out = W.clone()
    out *= rho / torch.linalg.eigvals(out).abs().max()
    return out


@right(ID)
def eigenvalues_put_together_again(W, rho):
    values, vectors = torch.linalg.eig(W.double())
    values = values * rho / values.abs().max()
    return (vectors @ torch.diag(values) @ torch.linalg.inv(vectors)).real.float()


@right(ID)
def eigenvalues_of_the_transpose(W, rho):
    return W * rho / torch.linalg.eigvals(W.T).abs().sort(descending=True).values[0]


@right(ID)
def growth_of_a_high_power(W, rho):
    power, log_scale, n = W.double(), 0.0, 1
    for _ in range(40):
        scale = power.norm()
        power = (power / scale) @ (power / scale)
        log_scale, n = 2 * (log_scale + math.log(scale)), 2 * n
    return W * (rho / math.exp((log_scale + math.log(power.norm())) / n))


@wrong(ID, named="spectral norm")
def largest_singular_value(W, rho):
    return W * rho / torch.linalg.svdvals(W).max()


@wrong(ID, named="Frobenius norm")
def length_of_the_whole_matrix(W, rho):
    return W * rho / W.norm()


@wrong(ID, named="largest, not largest in absolute value")
def real_part_only(W, rho):
    return W * rho / torch.linalg.eigvals(W).real.max()


@wrong(ID, named="real part only")
def absolute_real_part(W, rho):
    return W * rho / torch.linalg.eigvals(W).real.abs().max()


@wrong(ID, named="multiplied by rho")
def only_multiplied_by_rho(W, rho):
    return W * rho


@wrong(ID, named="upside down")
def divided_the_other_way(W, rho):
    return W * (torch.linalg.eigvals(W).abs().max() / rho)


@wrong(ID, named="as if symmetric")
def as_if_it_were_symmetric(W, rho):
    return W * rho / torch.linalg.eigvalsh(W).abs().max()


@wrong(ID, named="largest entry")
def largest_entry(W, rho):
    return W * rho / W.abs().max()


@wrong(ID, named="in place")
def matrix_of_the_caller_changed(W, rho):
    W *= rho / torch.linalg.eigvals(W).abs().max()
    return W


@wrong(ID, named="mean eigenvalue")
def mean_of_the_eigenvalues(W, rho):
    return W * rho / torch.linalg.eigvals(W).abs().mean()


@wrong(ID, named="as for a random matrix")
def scaled_by_n_as_for_a_random_matrix(W, rho):
    return W * rho / (W.std() * len(W) ** 0.5)


@wrong(ID, named="only made smaller")
def clipped_only_when_too_large(W, rho):
    radius = torch.linalg.eigvals(W).abs().max()
    return W * (rho / radius) if radius > rho else W


@wrong(ID, named="power iteration")
def power_iteration_from_ones(W, rho):
    v = torch.ones(len(W))
    for _ in range(100):
        v = W @ v
        v = v / v.norm()
    return W * rho / (W @ v).norm()


@wrong(ID, named="diagonal")
def diagonal_taken_for_the_eigenvalues(W, rho):
    return W * rho / W.diagonal().abs().max()


@wrong(ID, named="squared")
def factor_squared(W, rho):
    return W * (rho / torch.linalg.eigvals(W).abs().max()) ** 2


@wrong(ID, named="complex factor")
def complex_result(W, rho):
    values = torch.linalg.eigvals(W)
    return W * rho / values[values.abs().argmax()]


@wrong(ID, named="first eigenvalue")
def first_eigenvalue(W, rho):
    return W * rho / torch.linalg.eig(W).eigenvalues[0].abs()


@wrong(ID, named="every eigenvalue")
def every_eigenvalue_moved_to_rho(W, rho):
    values, vectors = torch.linalg.eig(W)
    return (vectors @ torch.diag(rho * values / values.abs()) @ torch.linalg.inv(vectors)).real


@wrong(ID, named="smallest eigenvalue")
def smallest_eigenvalue(W, rho):
    return W * rho / torch.linalg.eigvals(W).abs().min()
