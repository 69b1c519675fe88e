"""02.lstm_step, answered from the prompt alone."""

import torch
from torch import nn
from torch.nn import functional as F

from answers import right, wrong

ID = "02.lstm_step"


@right(ID)
def four_separate_gates(x, h, c, W_ih, W_hh, b):
    n = h.shape[1]
    sums = []
    for k in range(4):
        rows = slice(k * n, (k + 1) * n)
        sums.append(x @ W_ih[rows].T + h @ W_hh[rows].T + b[rows])
    i, f, o = (torch.sigmoid(sums[k]) for k in (0, 1, 3))
    g = torch.tanh(sums[2])
    c_next = f * c + i * g
    return o * c_next.tanh(), c_next


@right(ID)
def one_product_of_x_and_h_side_by_side(x, h, c, W_ih, W_hh, b):
    sums = torch.cat([x, h], dim=1) @ torch.cat([W_ih, W_hh], dim=1).T + b
    i, f, g, o = torch.split(sums, h.shape[1], dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return [o.sigmoid() * c.tanh(), c]


@right(ID)
def einsum(x, h, c, W_ih, W_hh, b):
    sums = torch.einsum("bi,gi->bg", x, W_ih) + torch.einsum("bh,gh->bg", h, W_hh) + b
    i, f, g, o = sums.unflatten(1, (4, -1)).unbind(1)
    new = torch.addcmul(torch.sigmoid(f) * c, torch.sigmoid(i), torch.tanh(g))
    return torch.sigmoid(o) * torch.tanh(new), new


@right(ID)
def functional_linear(x, h, c, W_ih, W_hh, b):
    sums = F.linear(x, W_ih, b) + F.linear(h, W_hh)
    i, f, g, o = sums.chunk(4, -1)
    c = torch.sigmoid(f).mul(c).add(torch.sigmoid(i).mul(torch.tanh(g)))
    return torch.tanh(c).mul(torch.sigmoid(o)), c


@right(ID)
def torch_lstm_cell(x, h, c, W_ih, W_hh, b):
    return torch.lstm_cell(x, (h, c), W_ih, W_hh, b, torch.zeros_like(b))


@right(ID)
def row_by_row(x, h, c, W_ih, W_hh, b):
    hs, cs = [], []
    for x_row, h_row, c_row in zip(x, h, c, strict=True):
        i, f, g, o = (W_ih @ x_row + W_hh @ h_row + b).view(4, -1)
        c_row = torch.sigmoid(f) * c_row + torch.sigmoid(i) * torch.tanh(g)
        hs.append(torch.sigmoid(o) * torch.tanh(c_row))
        cs.append(c_row)
    return torch.stack(hs), torch.stack(cs)


@right(ID)
def features_first(x, h, c, W_ih, W_hh, b):
    sums = W_ih @ x.T + W_hh @ h.T + b[:, None]
    n = h.size(1)
    i, f, g, o = sums[:n], sums[n : 2 * n], sums[2 * n : 3 * n], sums[3 * n :]
    c = torch.sigmoid(f) * c.T + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return h.T, c.T


@right(ID)
def sigmoid_written_out(x, h, c, W_ih, W_hh, b):
    def sigma(a):
        return 1 / (1 + torch.exp(-a))

    def tanh(a):
        return 2 * sigma(2 * a) - 1

    i, f, g, o = torch.tensor_split(x.matmul(W_ih.t()) + h.matmul(W_hh.t()) + b, 4, dim=1)
    c = sigma(f) * c + sigma(i) * tanh(g)
    return sigma(o) * tanh(c), c


@right(ID)
def one_sigmoid_over_all_blocks(x, h, c, W_ih, W_hh, b):
    sums = (x @ W_ih.T + h @ W_hh.T + b).reshape(len(x), 4, h.shape[1])
    gates = torch.sigmoid(sums)
    c = gates[:, 1] * c + gates[:, 0] * torch.tanh(sums[:, 2])
    return gates[:, 3] * torch.tanh(c), c


class Step:
    def __call__(self, x, h, c, W_ih, W_hh, b):
        i, f, g, o = (torch.mm(x, W_ih.T) + torch.mm(h, W_hh.T) + b).chunk(4, dim=1)
        keep, write, show = nn.Sigmoid()(f), nn.Sigmoid()(i), nn.Sigmoid()(o)
        c = keep * c + write * nn.Tanh()(g)
        return show * nn.Tanh()(c), c


right(ID, "an object with __call__")(Step())


@right(ID)
def in_double_precision_and_back(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x.double() @ W_ih.double().T + h.double() @ W_hh.double().T + b.double()).chunk(4, dim=1)
    new = f.sigmoid() * c.double() + i.sigmoid() * g.tanh()
    return (o.sigmoid() * new.tanh()).to(x.dtype), new.to(x.dtype)


@wrong(ID, named="gates in the order i, f, o, g")
def blocks_in_the_order_i_f_o_g(x, h, c, W_ih, W_hh, b):
    i, f, o, g = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@wrong(ID, named="old cell state in h")
def old_cell_shown(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c_next


@wrong(ID, named="no tanh on the cell")
def no_tanh_on_the_cell(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * c, c


@wrong(ID, named="pair swapped")
def returned_as_c_and_h(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return c, torch.sigmoid(o) * torch.tanh(c)


@wrong(ID, named="candidate through a sigmoid")
def sigmoid_on_all_four(x, h, c, W_ih, W_hh, b):
    i, f, g, o = torch.sigmoid(x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = f * c + i * g
    return o * torch.tanh(c), c


@wrong(ID, named="gates without sigmoid")
def gates_without_sigmoid(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = f * c + i * torch.tanh(g)
    return o * torch.tanh(c), c


@wrong(ID, named="1 − f for i")
def written_share_is_one_minus_forget(x, h, c, W_ih, W_hh, b):
    _, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    f = torch.sigmoid(f)
    c = f * c + (1 - f) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@wrong(ID, named="1 − f kept")
def forget_gate_read_as_share_forgotten(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = (1 - torch.sigmoid(f)) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@wrong(ID, named="no bias")
def bias_forgotten(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@wrong(ID, named="cut along the batch")
def cut_along_the_batch(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@wrong(ID, named="h alone")
def only_h_returned(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c)


@wrong(ID, named="blocks interleaved")
def four_neighbouring_rows_for_each_unit(x, h, c, W_ih, W_hh, b):
    sums = x @ W_ih.T + h @ W_hh.T + b
    i, f, g, o = sums.reshape(len(x), -1, 4).unbind(-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@wrong(ID, named="tanh on the stored cell state")
def squashed_cell_passed_on(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = torch.tanh(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
    return torch.sigmoid(o) * c, c


@wrong(ID, named="tanh after the output gate")
def tanh_of_the_gated_cell(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.tanh(torch.sigmoid(o) * c), c


@wrong(ID, named="input and output gate swapped")
def written_by_o_and_shown_by_i(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(o) * torch.tanh(g)
    return torch.sigmoid(i) * torch.tanh(c), c


@wrong(ID)
def cell_changed_in_place(x, h, c, W_ih, W_hh, b):
    """Names no mistake: the check says that an input was changed."""
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c *= torch.sigmoid(f)
    c += torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@wrong(ID, named="sigmoid inverted")
def a_sigmoid_of_ones_own_without_the_minus(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    i, f, o = (1 / (1 + torch.exp(total)) for total in (i, f, o))
    c = f * c + i * torch.tanh(g)
    return o * torch.tanh(c), c
