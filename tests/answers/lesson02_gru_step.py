"""02.gru_step, answered from the prompt alone."""

import torch
from torch import nn
from torch.nn import functional as F

from answers import right, wrong

ID = "02.gru_step"


@right(ID)
def sliced_by_hidden_size(x, h, W_ih, W_hh, b_ih, b_hh):
    n = h.shape[1]
    from_x, from_h = x @ W_ih.T + b_ih, h @ W_hh.T + b_hh
    r = torch.sigmoid(from_x[:, :n] + from_h[:, :n])
    z = torch.sigmoid(from_x[:, n : 2 * n] + from_h[:, n : 2 * n])
    new = torch.tanh(from_x[:, 2 * n :] + r * from_h[:, 2 * n :])
    return z * h + (1 - z) * new


@right(ID)
def step_from_candidate_towards_old(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = F.linear(x, W_ih, b_ih).chunk(3, -1)
    h_r, h_z, h_n = F.linear(h, W_hh, b_hh).chunk(3, -1)
    new = torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n)
    return new + torch.sigmoid(x_z + h_z) * (h - new)


@right(ID)
def lerp(x, h, W_ih, W_hh, b_ih, b_hh):
    gx = torch.einsum("bi,gi->bg", x, W_ih) + b_ih
    gh = torch.einsum("bj,gj->bg", h, W_hh) + b_hh
    gx, gh = gx.unflatten(1, (3, -1)), gh.unflatten(1, (3, -1))
    r, z = torch.sigmoid(gx[:, :2] + gh[:, :2]).unbind(1)
    return torch.lerp((gx[:, 2] + r * gh[:, 2]).tanh(), h, z)


@right(ID)
def three_separate_weights(x, h, W_ih, W_hh, b_ih, b_hh):
    W_r, W_z, W_n = W_ih.chunk(3)
    U_r, U_z, U_n = W_hh.chunk(3)
    b_r, b_z, b_n = b_ih.chunk(3)
    d_r, d_z, d_n = b_hh.chunk(3)
    r = torch.sigmoid(x @ W_r.T + b_r + h @ U_r.T + d_r)
    z = torch.sigmoid(x @ W_z.T + b_z + h @ U_z.T + d_z)
    n = torch.tanh(x @ W_n.T + b_n + r * (h @ U_n.T + d_n))
    return (1 - z) * n + z * h


@right(ID)
def torch_gru_cell(x, h, W_ih, W_hh, b_ih, b_hh):
    return torch.gru_cell(x, h, W_ih, W_hh, b_ih, b_hh)


@right(ID)
def gates_from_one_joint_product(x, h, W_ih, W_hh, b_ih, b_hh):
    k = 2 * h.shape[1]
    joint = torch.cat([x, h], dim=1) @ torch.cat([W_ih[:k], W_hh[:k]], dim=1).T + b_ih[:k] + b_hh[:k]
    r, z = joint.sigmoid().chunk(2, dim=1)
    n = torch.tanh(x @ W_ih[k:].T + b_ih[k:] + r * (h @ W_hh[k:].T + b_hh[k:]))
    return n - z * n + z * h


@right(ID)
def row_by_row(x, h, W_ih, W_hh, b_ih, b_hh):
    rows = []
    for x_row, h_row in zip(x, h, strict=True):
        a, d = (W_ih @ x_row + b_ih).reshape(3, -1), (W_hh @ h_row + b_hh).reshape(3, -1)
        r, z = torch.sigmoid(a[0] + d[0]), torch.sigmoid(a[1] + d[1])
        rows.append((1 - z) * torch.tanh(a[2] + r * d[2]) + z * h_row)
    return torch.stack(rows)


@right(ID)
def features_first(x, h, W_ih, W_hh, b_ih, b_hh):
    a = (W_ih @ x.T + b_ih.unsqueeze(1)).chunk(3)
    d = (W_hh @ h.T + b_hh.unsqueeze(1)).chunk(3)
    r, z = (a[0] + d[0]).sigmoid(), (a[1] + d[1]).sigmoid()
    n = (a[2] + r * d[2]).tanh()
    return ((1 - z) * n + z * h.T).T


@right(ID)
def write_gate_is_the_sigmoid_of_the_negative(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = torch.split(torch.addmm(b_ih, x, W_ih.T), h.shape[1], dim=1)
    h_r, h_z, h_n = torch.split(torch.addmm(b_hh, h, W_hh.T), h.shape[1], dim=1)
    write, keep = torch.sigmoid(-(x_z + h_z)), torch.sigmoid(x_z + h_z)
    r = 1 / (1 + torch.exp(-(x_r + h_r)))
    return write * torch.tanh(x_n + h_n * r) + keep * h


class Step(nn.Module):
    def forward(self, x, h, W_ih, W_hh, b_ih, b_hh):
        x_r, x_z, x_n = (x @ W_ih.T + b_ih).tensor_split(3, dim=1)
        h_r, h_z, h_n = (h @ W_hh.T + b_hh).tensor_split(3, dim=1)
        r, z = F.sigmoid(x_r + h_r), F.sigmoid(x_z + h_z)
        return (1 - z) * F.tanh(x_n + r * h_n) + z * h


right(ID, "an nn.Module")(Step())


@wrong(ID, named="update gate inverted")
def z_writes_and_one_minus_z_keeps(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return z * torch.tanh(x_n + r * h_n) + (1 - z) * h


@wrong(ID, named="reset before the product")
def reset_before_the_product(x, h, W_ih, W_hh, b_ih, b_hh):
    n = h.shape[1]
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, _ = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    new = torch.tanh(x_n + (r * h) @ W_hh[2 * n :].T + b_hh[2 * n :])
    return (1 - z) * new + z * h


@wrong(ID, named="bias outside the bracket")
def second_bias_outside_the_bracket(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih + b_hh).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * h


@wrong(ID, named="both biases inside the bracket")
def both_biases_inside_the_bracket(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T + b_ih + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * h


@wrong(ID, named="gates in the order z, r, n")
def blocks_in_the_order_z_r_n(x, h, W_ih, W_hh, b_ih, b_hh):
    x_z, x_r, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_z, h_r, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * h


@wrong(ID, named="no reset")
def sums_added_at_once_and_no_reset(x, h, W_ih, W_hh, b_ih, b_hh):
    _, z, n = (x @ W_ih.T + b_ih + h @ W_hh.T + b_hh).chunk(3, dim=1)
    z = torch.sigmoid(z)
    return (1 - z) * torch.tanh(n) + z * h


@wrong(ID, named="reset of the input as well")
def reset_scales_the_whole_candidate(x, h, W_ih, W_hh, b_ih, b_hh):
    r, z, n = (x @ W_ih.T + b_ih + h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(r), torch.sigmoid(z)
    return (1 - z) * torch.tanh(r * n) + z * h


@wrong(ID, named="candidate without tanh")
def candidate_without_tanh(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * (x_n + r * h_n) + z * h


@wrong(ID, named="candidate added in full")
def written_in_full(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return torch.tanh(x_n + r * h_n) + z * h


@wrong(ID, named="candidate through a sigmoid")
def candidate_through_a_sigmoid(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.sigmoid(x_n + r * h_n) + z * h


@wrong(ID, named="reset of the finished candidate")
def reset_outside_the_tanh(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * (r * torch.tanh(x_n + h_n)) + z * h


@wrong(ID, named="reset of the kept state")
def reset_before_everything_else(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * (r * h)


@wrong(ID, named="no b_hh")
def one_bias_as_in_the_lstm(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * h


@wrong(ID, named="1 − r for r")
def what_is_not_reset_is_kept(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + (1 - r) * h_n) + z * h


@wrong(ID, named="blocks interleaved")
def three_numbers_a_unit(x, h, W_ih, W_hh, b_ih, b_hh):
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).reshape(*h.shape, 3).unbind(2)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).reshape(*h.shape, 3).unbind(2)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * h
