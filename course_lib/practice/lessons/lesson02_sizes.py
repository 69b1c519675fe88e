"""Lesson 02: how far a forget gate reaches, and how many parameters a gated layer has."""

import math

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import holds, matches_reference


def _forget_bias(lag: int, share: float) -> float:
    keep = share ** (1 / lag)
    return math.log(keep / (1 - keep))


FORGET_BIAS = Exercise(
    id="02.forget_bias",
    title="The forget bias for a lag",
    reference=_forget_bias,
    cases=lambda: [(1, 0.5), (1, 0.9), (2, 0.25), (40, 0.5), (100, 0.1)],
    properties=[
        matches_reference("To keep one half over one step: is the bias 0, since σ(0) = 1/2?", cases=0),
        matches_reference("To keep 0.9 over one step, is it ln 9?", cases=1),
        matches_reference("To keep 1/4 over two steps, is it 0 again, since 1/2 · 1/2 = 1/4?", cases=2),
        holds(
            "Does σ(bias), multiplied `lag` times by itself, leave the share?",
            lambda bias, lag, share: (
                abs((1 / (1 + math.exp(-bias))) ** lag - share) < 1e-3
                or f"σ(bias) to the power of {lag} leaves {(1 / (1 + math.exp(-bias))) ** lag:.3f}, not {share:g}."
            ),
        ),
        matches_reference("Is it right for other lags and shares?"),
    ],
    hints=[
        "Two steps: first, how much must the gate keep at each single step? Then, at which bias does σ give that?",
        "keep^lag = share, so keep = share^(1/lag); and σ(b) = keep turned round is b = ln(keep / (1 − keep)).",
        "keep = share ** (1 / lag); return math.log(keep / (1 - keep))",
    ],
    mistakes=[
        Mistake(
            "the gate, not the bias",
            lambda lag, share: share ** (1 / lag),
            "That is how much the gate must keep at each step, σ(b); the bias is b: turn the sigmoid round.",
        ),
        Mistake(
            "share divided by lag",
            lambda lag, share: math.log((share / lag) / (1 - share / lag)),
            "You divided the share by the lag; keeping multiplies, so take the root: share ** (1 / lag).",
        ),
        Mistake(
            "power for root",
            lambda lag, share: math.log(share**lag / (1 - share**lag)),
            "You raised the share to the power of lag; the gate at one step is its root, share ** (1 / lag).",
        ),
        Mistake(
            "odds turned over",
            lambda lag, share: -_forget_bias(lag, share),
            "You turned the odds over: that is the bias which forgets so much; ln(keep / (1 − keep)) keeps it.",
        ),
        Mistake(
            "logarithm of the lag",
            lambda lag, share: math.log(lag),
            "ln(lag) is the rule of thumb that keeps about 1/e; here the share is given: solve for it.",
        ),
    ],
)

N_PARAMETERS = Exercise(
    id="02.n_parameters",
    title="Counting the parameters of a gated layer",
    reference=lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + hidden_size + 2),
    cases=lambda: [(1, 1, 1), (3, 5, 1), (3, 5, 3), (64, 256, 4)],
    properties=[
        matches_reference("One input, one unit, one block (an RNN): two weights and two biases, 4?", cases=0),
        matches_reference("With 3 inputs and 5 units, an RNN: is it 5·3 + 5·5 + 5 + 5 = 50?", cases=1),
        matches_reference("A GRU of that size has three such blocks: is it 150?", cases=2),
        matches_reference("Is it right for an LSTM of 256 units on 64 features?", cases=3),
    ],
    hints=[
        "Every block is an RNN of its own: two matrices and, as PyTorch counts, two biases.",
        "weight_ih (gates · H, I), weight_hh (gates · H, H), bias_ih and bias_hh (gates · H,) each.",
        "gates * (hidden_size * input_size + hidden_size * hidden_size + 2 * hidden_size)",
    ],
    mistakes=[
        Mistake(
            "one bias",
            lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + hidden_size + 1),
            "You counted one bias; PyTorch keeps two, bias_ih and bias_hh (one would do).",
        ),
        Mistake(
            "no bias",
            lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + hidden_size),
            "You left the biases out: two vectors of gates · hidden_size.",
        ),
        Mistake(
            "one block",
            lambda input_size, hidden_size, gates: hidden_size * (input_size + hidden_size + 2),
            "You counted one block; every gate has matrices and biases of its own.",
        ),
        Mistake(
            "recurrent matrix once",
            lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + 2) + hidden_size**2,
            "You counted W_hh once; every gate looks at h through a matrix of its own.",
        ),
    ],
)
