"""02.lstm_layer, answered from the prompt alone."""

import torch

from answers import right, wrong
from course_lib.practice import yours

ID = "02.lstm_layer"
KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def step(x, h, c, W_ih, W_hh, b):
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@right(ID)
def time_outside_and_layers_inside(x, weights, state=None):
    n_layers = sum(name.startswith("weight_ih") for name in weights)
    hidden_size = weights["weight_hh_l0"].shape[1]
    if state is None:
        zeros = torch.zeros(n_layers, x.shape[0], hidden_size, dtype=x.dtype, device=x.device)
        state = zeros, zeros
    hs, cs = list(state[0]), list(state[1])
    top = []
    for t in range(x.shape[1]):
        below = x[:, t]
        for k in range(n_layers):
            bias = weights[f"bias_ih_l{k}"] + weights[f"bias_hh_l{k}"]
            hs[k], cs[k] = yours("02.lstm_step")(
                below, hs[k], cs[k], weights[f"weight_ih_l{k}"], weights[f"weight_hh_l{k}"], bias
            )
            below = hs[k]
        top.append(below)
    return torch.stack(top, 1), (torch.stack(hs), torch.stack(cs))


@right(ID)
def time_first_and_preallocated(x, weights, state=None):
    n_layers = 1 + max(int(name.rsplit("_l", 1)[1]) for name in weights)
    size = weights["weight_hh_l0"].size(1)
    inputs = x.transpose(0, 1)
    h_0, c_0 = state or (x.new_zeros(n_layers, x.size(0), size), x.new_zeros(n_layers, x.size(0), size))
    h_n, c_n = [], []
    for k in range(n_layers):
        h, c = h_0[k], c_0[k]
        outputs = inputs.new_zeros(*inputs.shape[:2], size)
        for t in range(len(inputs)):
            h, c = step(
                inputs[t], h, c, weights[f"weight_ih_l{k}"], weights[f"weight_hh_l{k}"],
                weights[f"bias_ih_l{k}"] + weights[f"bias_hh_l{k}"],
            )  # fmt: skip
            outputs[t] = h
        inputs = outputs
        h_n.append(h)
        c_n.append(c)
    return inputs.transpose(0, 1), (torch.stack(h_n, 0), torch.stack(c_n, 0))


@right(ID)
def layers_until_a_name_is_missing(x, weights, state=None):
    k, finals = 0, []
    while f"weight_ih_l{k}" in weights:
        W, U = weights[f"weight_ih_l{k}"], weights[f"weight_hh_l{k}"]
        bias = weights[f"bias_ih_l{k}"] + weights[f"bias_hh_l{k}"]
        pair = (state[0][k], state[1][k]) if state is not None else (torch.zeros(len(x), U.shape[1]),) * 2
        sequence = []
        for t in range(x.size(1)):
            pair = yours("02.lstm_step")(x[:, t, :], *pair, W, U, bias)
            sequence.append(pair[0].unsqueeze(1))
        x = torch.cat(sequence, dim=1)
        finals.append(pair)
        k += 1
    hs, cs = zip(*finals, strict=True)
    return x, (torch.stack(hs), torch.stack(cs))


@right(ID)
def recursive_over_layers(x, weights, state=None, k=0):
    U = weights[f"weight_hh_l{k}"]
    h, c = (x.new_zeros(len(x), len(U) // 4),) * 2 if state is None else (state[0][k], state[1][k])
    outputs = []
    for x_t in x.unbind(1):
        h, c = step(
            x_t, h, c, weights[f"weight_ih_l{k}"], U, weights[f"bias_ih_l{k}"] + weights[f"bias_hh_l{k}"]
        )
        outputs += [h]
    output = torch.stack(outputs, 1)
    if f"weight_hh_l{k + 1}" not in weights:
        return output, (h[None], c[None])
    output, (hs, cs) = recursive_over_layers(output, weights, state, k + 1)
    return output, (torch.cat([h[None], hs]), torch.cat([c[None], cs]))


@right(ID)
def whole_input_product_first(x, weights, state=None):
    last_h, last_c = [], []
    for k in range(len(weights) // 4):
        W, U, b, d = (weights[f"{n}_l{k}"] for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        sums = torch.einsum("bti,gi->btg", x, W) + b + d
        h = torch.zeros(x.shape[0], U.shape[1]) if state is None else state[0][k]
        c = torch.zeros(x.shape[0], U.shape[1]) if state is None else state[1][k]
        outputs = []
        for t in range(x.shape[1]):
            i, f, g, o = (sums[:, t] + h @ U.T).split(U.shape[1], dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        x = torch.stack(outputs).transpose(0, 1)
        last_h.append(h)
        last_c.append(c)
    return [x, [torch.stack(last_h), torch.stack(last_c)]]


@right(ID)
def weights_read_in_their_order(x, weights, state=None):
    values = list(weights.values())
    layers = [values[start : start + 4] for start in range(0, len(values), 4)]
    h_n, c_n = [], []
    for k, (W, U, b, d) in enumerate(layers):
        h = state[0][k] if state is not None else torch.zeros(x.size(0), U.size(1))
        c = state[1][k] if state is not None else torch.zeros_like(h)
        outputs = torch.empty(x.size(0), 0, U.size(1))
        for x_t in torch.unbind(x, dim=1):
            h, c = step(x_t, h, c, W, U, b + d)
            outputs = torch.cat([outputs, h[:, None]], dim=1)
        x, h_n, c_n = outputs, [*h_n, h], [*c_n, c]
    return x, (torch.stack(h_n), torch.stack(c_n))


class Layers:
    def __call__(self, x, weights, state=None):
        finals = []
        for k in range(len(weights) // 4):
            parts = {
                name.removesuffix(f"_l{k}"): value
                for name, value in weights.items()
                if name.endswith(f"_l{k}")
            }
            start = None if state is None else (state[0][k], state[1][k])
            x, final = self.one(x, parts, start)
            finals.append(torch.stack(final))
        h_n, c_n = torch.stack(finals, dim=1)
        return x, (h_n, c_n)

    def one(self, x, parts, pair):
        pair = pair or tuple(torch.zeros(2, len(x), parts["weight_hh"].shape[1]))
        bias = parts["bias_ih"] + parts["bias_hh"]
        history = [pair]
        for t in range(x.shape[1]):
            history.append(step(x[:, t], *history[-1], parts["weight_ih"], parts["weight_hh"], bias))
        return torch.stack([h for h, _ in history[1:]], dim=1), history[-1]


right(ID, "an object with __call__")(Layers())


@right(ID)
def torch_lstm(x, weights, state=None):
    n = len(weights) // 4
    if state is None:
        state = (torch.zeros(n, len(x), weights["weight_hh_l0"].shape[1]),) * 2
    flat = [
        weights[f"{name}_l{k}"] for k in range(n) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ]
    output, h_n, c_n = torch.lstm(x, state, flat, True, n, 0.0, False, False, True)
    return output, (h_n, c_n)


@right(ID)
def functional_call_of_an_nn_module(x, weights, state=None):
    rows, input_size = weights["weight_ih_l0"].shape
    module = torch.nn.LSTM(input_size, rows // 4, len(weights) // 4, batch_first=True)
    return torch.func.functional_call(module, weights, (x,) if state is None else (x, state))


@right(ID)
def one_nn_cell_a_layer(x, weights, state=None):
    last = []
    for k in range(len(weights) // 4):
        own = {
            name.removesuffix(f"_l{k}"): value for name, value in weights.items() if name.endswith(f"_l{k}")
        }
        cell = torch.nn.LSTMCell(own["weight_ih"].shape[1], own["weight_hh"].shape[1])
        pair = None if state is None else (state[0][k], state[1][k])
        outputs = []
        for x_t in x.transpose(0, 1):
            pair = torch.func.functional_call(cell, own, (x_t, pair))
            outputs.append(pair[0])
        x = torch.stack(outputs, dim=1)
        last.append(pair)
    return x, tuple(torch.stack(part) for part in zip(*last, strict=True))


def layers(mistake):
    """The stack with one switchable mistake."""

    def lstm_layer(x, weights, state=None):
        last_h, last_c, h = [], [], None
        for k in range(1 if mistake == "one layer" else len(weights) // 4):
            of = 0 if mistake == "first layer's matrix again" else k
            W, U = weights[f"weight_ih_l{k}"], weights[f"weight_hh_l{of}"]
            b = weights[f"bias_ih_l{k}"] + (0 if mistake == "one bias" else weights[f"bias_hh_l{k}"])
            if state is not None and mistake != "state ignored":
                part = 0 if mistake == "state of the first layer for all" else k
                h, c = state[0][part], state[1][part]
                if mistake == "state taken as (c, h)":
                    h, c = c, h
            elif h is None or mistake != "state carried up":
                h = c = x.new_zeros(len(x), U.shape[1])
            outputs = []
            for x_t in x.unbind(1):
                if mistake == "collected before the step":
                    outputs.append(h)
                if mistake == "detached":
                    h, c = h.detach(), c.detach()
                if mistake == "state not handed on":
                    h = c = x.new_zeros(len(x), U.shape[1])
                h, c = step(x_t, h, c, W, U, b)
                if mistake != "collected before the step":
                    outputs.append(c if mistake == "cell states put out" else h)
            x = torch.stack(outputs, dim=0 if mistake == "output with time first" else 1)
            if mistake == "output with time first":
                last_h.append(h)
                last_c.append(c)
                x = x if k == len(weights) // 4 - 1 else x.transpose(0, 1)
                continue
            last_h.append(h)
            last_c.append(c)
        dim = 1 if mistake == "h_n with batch first" else 0
        join = torch.cat if mistake == "states joined with cat" else torch.stack
        h_n, c_n = join(last_h, dim=dim), join(last_c, dim=dim)
        if mistake == "output alone":
            return x
        if mistake == "only the last output":
            return x[:, -1], (h_n, c_n)
        if mistake == "state of the top layer only":
            return x, (h_n[-1], c_n[-1])
        if mistake == "h_n and c_n swapped":
            return x, (c_n, h_n)
        return (x, h_n, c_n) if mistake == "three values" else (x, (h_n, c_n))

    return lstm_layer


for words, name in {
    "detached": "state detached at every step",
    "one bias": "one bias",
    "one layer": "one layer",
    "state ignored": "state ignored",
    "state carried up": "upper layer starts from the lower one's end, without a given state",
    "state of the first layer for all": "state of the first layer",
    "state taken as (c, h)": "state taken as (c_0, h_0)",
    "state not handed on": "every step from zeros",
    "cell states put out": "cell state as output",
    "output with time first": "time first",
    "h_n with batch first": "states with batch first",
    "state of the top layer only": "states without a layer dimension",
    "h_n and c_n swapped": "states swapped",
    "three values": "three values",
    "collected before the step": "states put out too early",
    "states joined with cat": "layers joined along the batch",
    "output alone": "output alone",
    "only the last output": "last output only",
    "first layer's matrix again": "recurrent weights of the bottom layer",
}.items():
    wrong(ID, words, named=name)(layers(words))


@wrong(ID, named="rows for time, no state")
def loop_over_the_batch(x, weights, state=None):
    """Takes rows for steps: with zeros as the first state every row is read on from the row above."""
    last_h, last_c = [], []
    for k in range(len(weights) // 4):
        W, U = weights[f"weight_ih_l{k}"], weights[f"weight_hh_l{k}"]
        b = weights[f"bias_ih_l{k}"] + weights[f"bias_hh_l{k}"]
        h = c = x.new_zeros(x.shape[1], U.shape[1])
        outputs = []
        for x_t in x:
            h, c = step(x_t, h, c, W, U, b)
            outputs.append(h)
        x = torch.stack(outputs)
        last_h.append(h)
        last_c.append(c)
    return x, (torch.stack(last_h), torch.stack(last_c))


@wrong(ID, named="no gradient")
def without_gradient(x, weights, state=None):
    with torch.no_grad():
        return layers("")(x, weights, state)


@wrong(ID, named="upper layer a step late")
def all_layers_at_once_from_the_old_h(x, weights, state=None):
    n_layers, hidden_size = len(weights) // 4, weights["weight_hh_l0"].shape[1]
    zeros = [x.new_zeros(len(x), hidden_size)] * n_layers
    hs, cs = map(list, state or (zeros, zeros))
    top = []
    for x_t in x.unbind(1):
        inputs, new = [x_t, *hs], []
        for k in range(n_layers):
            W_ih, W_hh, b, b_hh = (weights[f"{kind}_l{k}"] for kind in KINDS)
            new.append(step(inputs[k], hs[k], cs[k], W_ih, W_hh, b + b_hh))
        hs, cs = map(list, zip(*new, strict=True))
        top.append(hs[-1])
    return torch.stack(top, 1), (torch.stack(hs), torch.stack(cs))


@wrong(ID, named="h_0 for both states")
def one_state_for_h_and_c(x, weights, state=None):
    return layers("nothing")(x, weights, state and (state[0], state[0]))


@wrong(ID, named="layers counted by the last digit")
def number_of_layers_from_the_last_character(x, weights, state=None):
    n_layers = 1 + max(int(name[-1]) for name in weights)
    kept = {f"{kind}_l{k}": weights[f"{kind}_l{k}"] for kind in KINDS for k in range(n_layers)}
    return layers("nothing")(x, kept, state and tuple(part[:n_layers] for part in state))
