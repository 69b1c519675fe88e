"""Lesson 02: a stack of LSTM layers and the ways to get it wrong."""

from collections.abc import Callable

import torch

from course_lib.practice.exercise import Mistake
from course_lib.practice.lessons.lesson02_cells import lstm_step

KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
RIGHT_STEP = lstm_step()


def lstm_stack(
    *, step=RIGHT_STEP, biases=2, state_as="given", carry="both", time="columns", upper="output", own_weights="all",
    layers="all", swap=False, shown="h", last="all", cut="", backwards=False, upper_state="given", form="right",
    early=False,
) -> Callable:  # fmt: skip
    """A stack of LSTM layers; the options are the ways to get it wrong."""

    def own(kind, k):
        return k if own_weights == "all" or (own_weights == "W_ih and biases" and kind != "weight_hh") else 0

    def first_state(x, state, k, hidden_size):
        if state is None or state_as == "ignored":
            zeros = x.new_zeros(x.shape[1 if time == "rows" else 0], hidden_size)
            return zeros, zeros
        h, c = (part[0 if state_as == "first layer's" else k] for part in state)
        return {"swapped": (c, h), "h twice": (h, h)}.get(state_as, (h, c))

    def read(x, weights, state=None):
        original, first_h, last_h, last_c = x, [], [], []
        n_last_digit = 1 + max(int(name[-1]) for name in weights)
        n_layers = {"all": len(weights) // 4, "last digit": n_last_digit, "first": 1}[layers]
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
            first_h.append(h)
            if k > 0 and upper == "a step late":
                columns = [first_h[k - 1], *columns[:-1]]
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
                before = h
                h, c = step(x_t, h, c, W_ih, W_hh, b)
                outputs.append(before if early else h if shown == "h" else c)
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
    if form == "output alone":
        return x
    if form == "states joined":
        return x, (torch.cat(last_h), torch.cat(last_c))
    if form == "last output":
        x = x[:, -1]
    h_n, c_n = (
        torch.stack(states, 1 if form == "states with batch first" else 0) for states in (last_h, last_c)
    )
    if form == "three values":
        return x, h_n, c_n
    return (x.transpose(0, 1) if form == "time first" else x), (h_n, c_n)


MISTAKES = [
    Mistake(
        "gates in the order i, f, o, g",
        lstm_stack(step=lstm_step(order=(0, 1, 3, 2))),
        "Your cell unpacks the blocks as i, f, o, g. nn.LSTM packs i, f, g, o.",
    ),
    Mistake(
        "one bias",
        lstm_stack(biases=1),
        "You used bias_ih alone. nn.LSTM keeps two biases and adds both.",
    ),
    Mistake(
        "state ignored",
        lstm_stack(state_as="ignored"),
        "You always start from zeros. Start from the given state where there is one.",
    ),
    Mistake(
        "every step from the beginning",
        lstm_stack(carry="none"),
        "Each of your steps starts from the initial state. Pass h and c on to the next step.",
    ),
    Mistake(
        "cell state lost",
        lstm_stack(carry="h"),
        "You pass on h, and c starts again at every step. The cell state is the memory: pass on both.",
    ),
    Mistake(
        "hidden state lost",
        lstm_stack(carry="c"),
        "You pass on c, and h starts again at every step. The gates need the last h: pass on both.",
    ),
    Mistake(
        "every step from zeros",
        lstm_stack(carry="zeros"),
        "You set h and c to zeros inside the loop over time. Set them before it, and pass both on from step to "
        "step.",
    ),
    Mistake(
        "rows for time",
        lstm_stack(time="rows"),
        "You loop over the rows of the batch. Time is the middle dimension of (batch, time, input_size).",
    ),
    Mistake(
        "rows for time, no state",
        lstm_stack(time="rows", state_as="ignored"),
        "You loop over the rows of the batch. Time is the middle dimension of (batch, time, input_size), so take "
        "x[:, t].",
    ),
    Mistake(
        "backwards",
        lstm_stack(backwards=True),
        "You read from the last step to the first.",
    ),
    Mistake(
        "cell state as output",
        lstm_stack(shown="c"),
        "You returned the cell states as the output. The output holds h; c stays inside.",
    ),
    Mistake(
        "states swapped",
        lstm_stack(swap=True),
        "You returned (c_n, h_n); the pair is (h_n, c_n).",
    ),
    Mistake(
        "weights of the bottom layer",
        lstm_stack(own_weights="none"),
        "You used the weights of layer 0 in every layer: layer k has its own, weight_ih_l{k} and so on.",
    ),
    Mistake(
        "upper layer reads x",
        lstm_stack(upper="x"),
        "Your upper layers read x again. Layer k reads the outputs of layer k − 1.",
    ),
    Mistake(
        "upper layer starts from the lower one's end",
        lstm_stack(upper_state="below"),
        "Your upper layers start from the last state of the layer below. Each layer starts from its own state.",
    ),
    Mistake(
        "last states of the top layer",
        lstm_stack(last="top"),
        "You returned the top layer's last state for every layer. Keep one pair for each layer.",
    ),
    Mistake(
        "upper layer starts from the lower one's end, without a given state",
        lstm_stack(upper_state="below without a state"),
        "You set h and c to zeros once, before the loop over layers, so the second layer starts from the last "
        "state of the first. Every layer starts from zeros of its own.",
    ),
    Mistake(
        "one layer",
        lstm_stack(layers="first"),
        "You read the first layer only. The state dict has four entries for each layer: loop over all layers.",
    ),
    Mistake(
        "recurrent weights of the bottom layer",
        lstm_stack(own_weights="W_ih and biases"),
        "You used weight_hh_l0 in every layer: layer k has its own, weight_hh_l{k}.",
    ),
    Mistake(
        "state of the first layer",
        lstm_stack(state_as="first layer's"),
        "Every layer of yours starts from h_0[0] and c_0[0]. Layer k starts from h_0[k] and c_0[k].",
    ),
    Mistake(
        "state taken as (c_0, h_0)",
        lstm_stack(state_as="swapped"),
        "You took the given state for (c_0, h_0). The pair is (h_0, c_0).",
    ),
    Mistake(
        "h_0 for both states",
        lstm_stack(state_as="h twice"),
        "You started the cell state from h_0 too. The given state is a pair: c starts from c_0.",
    ),
    Mistake(
        "upper layer a step late",
        lstm_stack(upper="a step late"),
        "Your upper layers read the h that the layer below had one step before. At each step they read its new h.",
    ),
    Mistake(
        "layers counted by the last digit",
        lstm_stack(layers="last digit"),
        "You read the number of layers from the last character of the names, which fails from the eleventh layer on.",
    ),
    Mistake(
        "time first",
        lstm_stack(form="time first"),
        "Your output has time in front: the h of all steps must be stacked along dimension 1.",
    ),
    Mistake(
        "states with batch first",
        lstm_stack(form="states with batch first"),
        "You stacked the layers' states along dimension 1. In h_n and c_n the layer comes first, then the batch, "
        "even with batch_first=True.",
    ),
    Mistake(
        "states without a layer dimension",
        lstm_stack(form="top states"),
        "You returned the last layer's h and c. h_n and c_n hold every layer's, (num_layers, batch, hidden_size).",
    ),
    Mistake(
        "three values",
        lstm_stack(form="three values"),
        "You returned three values, output, h_n and c_n. nn.LSTM returns two: output, and the pair (h_n, c_n).",
    ),
    Mistake(
        "lists of states",
        lstm_stack(form="lists"),
        "Your h_n and c_n are lists with one tensor a layer. Stack each of them into one tensor.",
    ),
    Mistake(
        "no gradient",
        lstm_stack(cut="everything"),
        "You compute under torch.no_grad, or detach the result. All outputs are right, and nothing can be learned.",
    ),
    Mistake(
        "state detached at every step",
        lstm_stack(cut="state"),
        "You detach the state at every step. All outputs are right, but no gradient crosses a step, so the layer "
        "cannot learn to remember.",
    ),
    Mistake(
        "weights detached",
        lstm_stack(cut="weights"),
        "You detached or copied the weights (`load_state_dict` copies). All outputs are right, and nothing can be "
        "learned.",
    ),
    Mistake(
        "states put out too early",
        lstm_stack(early=True),
        "You collect h before the step, so the output starts with the initial state. Collect the new h, after the "
        "step.",
    ),
    Mistake(
        "last output only",
        lstm_stack(form="last output"),
        "You returned the last step's output alone. output holds the top layer's h of every step, "
        "(batch, time, hidden_size).",
    ),
    Mistake(
        "output alone",
        lstm_stack(form="output alone"),
        "You returned the output alone. Return the last states with it: output, (h_n, c_n).",
    ),
    Mistake(
        "layers joined along the batch",
        lstm_stack(form="states joined"),
        "You joined the layers' states along the batch, as torch.cat does. torch.stack gives them a dimension of their "
        "own: (num_layers, batch, hidden_size).",
    ),
]
