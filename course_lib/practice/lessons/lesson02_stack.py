"""Lesson 02: a stack of LSTM layers and the ways to get it wrong."""

from collections.abc import Callable

import torch

from course_lib.practice.lessons.lesson02_cells import lstm_step

KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
RIGHT_STEP = lstm_step()


def lstm_stack(
    *, step=RIGHT_STEP, biases=2, state_as="given", carry="both", time="columns", upper="output", own_weights="all",
    layers="all", swap=False, shown="h", last="all", cut="", backwards=False, upper_state="given", form="right",
) -> Callable:  # fmt: skip
    """A stack of LSTM layers; the options are the ways to get it wrong."""

    def own(kind, k):
        return k if own_weights == "all" or (own_weights == "W_ih and biases" and kind != "weight_hh") else 0

    def first_state(x, state, k, hidden_size):
        if state is None or state_as == "ignored":
            zeros = x.new_zeros(x.shape[1 if time == "rows" else 0], hidden_size)
            return zeros, zeros
        h, c = (part[0 if state_as == "first layer's" else k] for part in state)
        return (c, h) if state_as == "swapped" else (h, c)

    def read(x, weights, state=None):
        original, last_h, last_c = x, [], []
        n_layers = len(weights) // 4 if layers == "all" else 1
        for k in range(n_layers):
            W_ih, W_hh, b, b_hh = (weights[f"{kind}_l{own(kind, k)}"] for kind in KINDS)
            b = b + b_hh if biases == 2 else b
            if cut == "weights":
                W_ih, W_hh, b = W_ih.detach(), W_hh.detach(), b.detach()
            h, c = first_state(x, state, k, W_hh.shape[1])
            if k > 0 and (
                upper_state == "below" or (upper_state == "below without a state" and state is None)
            ):
                h, c = last_h[-1], last_c[-1]
            start, outputs = (h, c), []
            below = original if upper == "x" else x
            columns = below.unbind(0 if time == "rows" else 1)
            for x_t in reversed(columns) if backwards else columns:
                if carry == "none":
                    h, c = start
                elif carry == "zeros":
                    h = c = torch.zeros_like(start[0])
                elif carry == "h":
                    c = start[1]
                elif carry == "c":
                    h = start[0]
                if cut == "state":
                    h, c = h.detach(), c.detach()
                h, c = step(x_t, h, c, W_ih, W_hh, b)
                outputs.append(h if shown == "h" else c)
            x = torch.stack(outputs[::-1] if backwards else outputs, dim=0 if time == "rows" else 1)
            last_h.append(h)
            last_c.append(c)
        if last == "top":
            last_h, last_c = last_h[-1:] * n_layers, last_c[-1:] * n_layers
        result = _returned(x, last_h, last_c, form)
        if cut == "everything":
            return result[0].detach(), tuple(part.detach() for part in result[1])
        return (result[0], result[1][::-1]) if swap else result

    return read


def _returned(x, last_h, last_c, form):
    """The result in its form, or in a wrong one."""
    if form == "top states":
        return x, (last_h[-1], last_c[-1])
    if form == "lists":
        return x, (last_h, last_c)
    h_n, c_n = (
        torch.stack(states, 1 if form == "states with batch first" else 0) for states in (last_h, last_c)
    )
    if form == "three values":
        return x, h_n, c_n
    return (x.transpose(0, 1) if form == "time first" else x), (h_n, c_n)
