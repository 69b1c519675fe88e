"""Lesson 02: how far a forget gate reaches, and how many parameters a gated layer has."""

import math

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import holds, matches_reference


def _forget_bias(lag: int, share: float) -> float:
    return _logit(share ** (1 / lag))


def _logit(keep: float) -> float:
    return math.log(keep / (1 - keep))


def _left(bias: float, lag: int) -> float:
    """What an undisturbed cell keeps; a bias far below 0 keeps nothing."""
    return (1 / (1 + math.exp(-max(bias, -500.0)))) ** lag


FORGET_BIAS = Exercise(
    id="02.forget_bias",
    title="The forget bias for a lag",
    reference=_forget_bias,
    cases=lambda: [(1, 0.5), (1, 0.9), (2, 0.25), (40, 0.5), (100, 0.1), (7, 0.001)],
    properties=[
        matches_reference("To keep one half over one step: is the bias 0, since σ(0) = 1/2?", cases=0),
        matches_reference("To keep 0.9 over one step, is it ln 9?", cases=1),
        matches_reference("To keep 1/4 over two steps, is it 0 again, since 1/2 · 1/2 = 1/4?", cases=2),
        holds(
            "Does σ(bias), to the power of the lag, leave the share asked for?",
            lambda bias, lag, share: (
                abs(_left(bias, lag) - share) < 1e-3
                or f"σ(bias) to the power of {lag} leaves {_left(bias, lag):.3g}, not {share:g}."
            ),
        ),
        matches_reference("For other lags and shares, is it right too?"),
    ],
    hints=[
        "How much must the gate keep at each single step, so that the share is left after all of them?",
        "keep^lag = share, so keep is the lag-th root of the share. Then invert the sigmoid: which b has σ(b) = keep?",
        "`keep = share ** (1 / lag)`. Solve keep = 1 / (1 + e^(−b)) for b; the odds keep / (1 − keep) appear on the "
        "way.",
    ],
    mistakes=[
        Mistake(
            "the gate, not the bias",
            lambda lag, share: share ** (1 / lag),
            "That is how much the gate keeps at each step, σ(b). The bias is b: invert the sigmoid.",
        ),
        Mistake(
            "share divided by lag",
            lambda lag, share: math.log((share / lag) / (1 - share / lag)),
            "You divided the share by the lag. The factors are multiplied, so take the root: share ** (1 / lag).",
        ),
        Mistake(
            "loss divided by lag",
            lambda lag, share: _logit(1 - (1 - share) / lag),
            "You divided the loss evenly among the steps. The factors are multiplied, so take the root: "
            "share ** (1 / lag).",
        ),
        Mistake(
            "bias divided by lag",
            lambda lag, share: _logit(share) / lag,
            "You inverted the sigmoid at the share and divided by the lag. Take the root first, share ** (1 / lag), "
            "and invert the sigmoid there.",
        ),
        Mistake(
            "approximation for long lags",
            lambda lag, share: -math.log(-math.log(share) / lag),
            "That is an approximation which holds for long lags. The exact bias is ln(keep / (1 − keep)) with "
            "keep = share ** (1 / lag).",
        ),
        Mistake(
            "power for root",
            lambda lag, share: (
                math.log(share**lag / (1 - share**lag)) if share**lag > 0 else -lag * abs(math.log(share))
            ),
            "You raised the share to the power of lag. The gate of one step is its root, share ** (1 / lag).",
        ),
        Mistake(
            "odds inverted",
            lambda lag, share: -_forget_bias(lag, share),
            "You inverted the odds: that bias forgets as much as it should keep. Take ln(keep / (1 − keep)).",
        ),
        Mistake(
            "logarithm of the lag",
            lambda lag, share: math.log(lag),
            "ln(lag) is the rule of thumb, which keeps about 1/e. Here the share is given: solve for the bias.",
        ),
        Mistake(
            "logarithm of the gate",
            lambda lag, share: math.log(share) / lag,
            "You took the logarithm of the gate. The inverse of the sigmoid is the logarithm of the odds, "
            "ln(keep / (1 − keep)).",
        ),
        Mistake(
            "no root",
            lambda lag, share: math.log(share / (1 - share)),
            "You inverted the sigmoid at the share itself, as if the lag were 1. First take the root, what a single "
            "step must keep: share ** (1 / lag).",
        ),
        Mistake(
            "logarithm to base ten",
            lambda lag, share: _forget_bias(lag, share) / math.log(10),
            "You took the logarithm to base ten. The sigmoid has e in it: use math.log.",
        ),
        Mistake(
            "odds without logarithm",
            lambda lag, share: math.exp(_forget_bias(lag, share)),
            "Those are the odds keep / (1 − keep). The bias is their logarithm.",
        ),
        Mistake(
            "share that is lost",
            lambda lag, share: _forget_bias(lag, 1 - share),
            "You solved for 1 − share, which would be lost. The share is what is left.",
        ),
        Mistake(
            "sigmoid of the gate",
            lambda lag, share: 1 / (1 + math.exp(-(share ** (1 / lag)))),
            "You applied the sigmoid to the gate. The gate is σ(b) already: apply the inverse of the sigmoid.",
        ),
    ],
)

SMALLEST_BIAS = Exercise(
    id="02.smallest_bias",
    title="The smallest bias that keeps a tenth of the gradient",
    reference=2,
    tolerance=5e-3,  # for the formula's bias, handed in as 3.05
    properties=[
        holds(
            "Is it one of the biases to try: 0, 1, 2, 3, 4 or 5?",
            lambda bias: bias in range(6) or f"you have {bias:.3g}.",
        ),
        matches_reference("Is it the smallest bias with which at least a tenth arrives?"),
    ],
    hints=[
        "Exercise 5 knows one path of the gradient, from cell to cell. Is it the only one?",
        "Measure instead of computing: the measurement contains every path, so it may differ from your formula.",
        "Print `share_left(b)` for b from 0 to 5, and take the smallest b for which it is at least 0.1.",
    ],
    mistakes=[
        Mistake("0", 0, "With a bias of 0 less than a billionth of the gradient arrives."),
        Mistake("1", 1, "With a bias of 1 less than a thousandth of the gradient arrives."),
        Mistake(
            "3",
            3,
            "With a bias of 3 far more than a tenth arrives. Your formula gives about 3, since it knows only the "
            "cell. Measure with smaller biases too.",
        ),
        Mistake(
            "4",
            4,
            "4 is what the formula says: the bias must be above 3.05 if the cell alone carries the gradient. The "
            "measurement finds more, because a second path leads through h and the gates.",
        ),
        Mistake(
            "5", 5, "With a bias of 5 far more than a tenth arrives. Hand in the smallest that is enough."
        ),
        Mistake(
            "the formula's bias",
            _forget_bias(50, 0.1),
            "That is the prediction of your formula. Now measure: try the biases 0 to 5 with share_left.",
        ),
        Mistake(
            "ln 50",
            math.log(50),
            "ln 50 is the rule of thumb for keeping about 1/e in the cell. Try the biases 0 to 5 with share_left.",
        ),
        Mistake("a tenth", 0.1, "0.1 is the share that should arrive. Hand in the bias with which it does."),
    ],
)

N_PARAMETERS = Exercise(
    id="02.n_parameters",
    title="The parameters of a gated layer",
    points=1,
    reference=lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + hidden_size + 2),
    cases=lambda: [(1, 1, 1), (3, 5, 1), (3, 5, 3), (64, 256, 4)],
    properties=[
        matches_reference(
            "One input, one unit, one block (an RNN): are there two weights and two biases, 4?", cases=0
        ),
        matches_reference("With 3 inputs and 5 units, an RNN: is it 5·3 + 5·5 + 5 + 5 = 50?", cases=1),
        matches_reference("A GRU of that size has three such blocks: is it 150?", cases=2),
        matches_reference("Is it right for an LSTM of 256 units on 64 features?", cases=3),
    ],
    hints=[
        "What is in one block? Compare it with the RNN of lesson 01.",
        "Every block has the two matrices and the two biases of an RNN.",
        "The matrices of one block hold hidden_size · input_size and hidden_size · hidden_size numbers; each bias "
        "holds hidden_size.",
    ],
    mistakes=[
        Mistake(
            "one bias",
            lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + hidden_size + 1),
            "You counted one bias. PyTorch keeps two, bias_ih and bias_hh, although one would do.",
        ),
        Mistake(
            "no bias",
            lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + hidden_size),
            "You left out the biases: two vectors of gates · hidden_size.",
        ),
        Mistake(
            "one block",
            lambda input_size, hidden_size, gates: hidden_size * (input_size + hidden_size + 2),
            "You counted one block. Every gate has matrices and biases of its own.",
        ),
        Mistake(
            "always four blocks",
            lambda input_size, hidden_size, gates: 4 * hidden_size * (input_size + hidden_size + 2),
            "You counted four blocks whatever the layer is. The argument gates says how many: RNN 1, GRU 3, LSTM 4.",
        ),
        Mistake(
            "one block more",
            lambda input_size, hidden_size, gates: (gates + 1) * hidden_size * (input_size + hidden_size + 2),
            "You added a block for the candidate. It is counted in gates already: RNN 1, GRU 3, LSTM 4.",
        ),
        Mistake(
            "one block less",
            lambda input_size, hidden_size, gates: (gates - 1) * hidden_size * (input_size + hidden_size + 2),
            "You left out the candidate's block, which has weights and biases too. It is counted in gates.",
        ),
        Mistake(
            "recurrent matrix once",
            lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + 2) + hidden_size**2,
            "You counted W_hh once. Every gate multiplies h by a matrix of its own.",
        ),
        Mistake(
            "W_hh and biases once",
            lambda input_size, hidden_size, gates: hidden_size * (gates * input_size + hidden_size + 2),
            "You counted W_ih for every gate, W_hh and the biases only once. Every gate has all four.",
        ),
        Mistake(
            "biases once",
            lambda input_size, hidden_size, gates: hidden_size * (gates * (input_size + hidden_size) + 2),
            "You counted the two biases of a single block. Every gate has two biases of its own.",
        ),
        Mistake(
            "a bias is one number",
            lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + hidden_size) + 2,
            "You counted a bias as one number. It is a vector with a number for every unit of every gate.",
        ),
        Mistake(
            "a bias is one number in each block",
            lambda input_size, hidden_size, gates: gates * (hidden_size * (input_size + hidden_size) + 2),
            "You counted a bias as one number a block. It is a vector of hidden_size numbers.",
        ),
        Mistake(
            "input_size rows",
            lambda input_size, hidden_size, gates: gates * input_size * (input_size + hidden_size + 2),
            "You gave each block input_size rows. It has one row for each unit: hidden_size.",
        ),
        Mistake(
            "no W_hh",
            lambda input_size, hidden_size, gates: gates * hidden_size * (input_size + 2),
            "You left out W_hh, the matrix that multiplies the old hidden state.",
        ),
        Mistake(
            "W_hh square in all blocks",
            lambda input_size, hidden_size, gates: (
                gates * hidden_size * (input_size + gates * hidden_size + 2)
            ),
            "You made W_hh a square matrix of gates · hidden_size. It has that many rows, but hidden_size columns: "
            "more gates do not make h longer.",
        ),
    ],
)
