"""Lesson 13: the gated feed-forward network, SwiGLU."""

import torch
import torch.nn.functional as F

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _swiglu(x, W_gate, W_up, W_down):
    """x (..., d_model) → (..., d_model), through d_ff gated features."""
    gate = F.silu(x @ W_gate.T)  # (..., d_ff)
    return (gate * (x @ W_up.T)) @ W_down.T


def _gated(combine, after=lambda y, x, hidden: y):
    """combine(z, value) → the hidden features, from the gate's and the value's projections."""

    def swiglu(x, W_gate, W_up, W_down):
        hidden = combine(x @ W_gate.T, x @ W_up.T)
        return after(hidden @ W_down.T, x, hidden)

    return swiglu


def _with(activation):
    return _gated(lambda z, value: activation(z) * value)


def _down_first(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_gate.T) @ W_down.T) * (x @ W_up.T @ W_down.T)


def _not_transposed(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_gate) * (x @ W_up)) @ W_down


def _down_not_transposed(x, W_gate, W_up, W_down):
    return (F.silu(x @ W_gate.T) * (x @ W_up.T)) @ W_down


def _on_x(x, W_gate, W_up, W_down):
    return ((F.silu(x) @ W_gate.T) * (x @ W_up.T)) @ W_down.T


def _on_x_in_place(x, W_gate, W_up, W_down):
    x *= torch.sigmoid(x)
    return ((x @ W_gate.T) * (x @ W_up.T)) @ W_down.T


def _cases() -> list[tuple]:
    generator = seeded(132)

    def case(*shape: int, d_ff: int, scale: float = 1.0) -> tuple:
        d_model = shape[-1]
        sizes = ((d_ff, d_model), (d_ff, d_model), (d_model, d_ff))
        x = scale * torch.randn(*shape, generator=generator)
        return x, *(torch.randn(*size, generator=generator) for size in sizes)

    def numbers(*values: float) -> tuple:
        x, *matrices = (torch.tensor([[value]]) for value in values)
        return x, *matrices

    return [
        numbers(1.0, 2.0, 3.0, 1.0),
        numbers(1.0, -1.5, -2.0, 1.0),
        case(1, 3, d_ff=4),
        case(2, 3, d_ff=3),
        case(2, 3, d_ff=5, scale=300.0),
        case(2, 2, 3, 4, d_ff=6),
        case(2, 3, 5, d_ff=7),
    ]


SWIGLU = Exercise(
    id="13.swiglu",
    title="SwiGLU",
    reference=_swiglu,
    cases=_cases,
    properties=[
        has_shape("Is the output as wide as x, (…, d_model)?"),
        matches_reference(
            "With one feature each: is it SiLU of the gate times the value, times W_down?", cases=0
        ),
        matches_reference("Is a negative gate kept small, rather than cut off at 0?", cases=1),
        matches_reference("With one vector, is each of the d_ff features gated by its own gate?", cases=2),
        matches_reference(
            "With d_ff = d_model, where every product has a shape that fits, are the matrices transposed?",
            cases=3,
        ),
        matches_reference("Are gates of several hundred, up or down, safe?", cases=4),
        matches_reference("With a batch, and with one more dimension, is every vector right?", cases=[6, 5]),
    ],
    hints=[
        "Two projections of x have d_ff features. Which of the two goes through SiLU, and how do they meet?",
        "SiLU(x W_gateᵀ) and x W_upᵀ are multiplied feature by feature, (…, d_ff); W_down brings the product back to "
        "d_model.",
        "`gate = F.silu(x @ W_gate.T)`, (..., d_ff). The value is `x @ W_up.T`, with no activation.",
    ],
    mistakes=[
        Mistake(
            "exchanged",
            _gated(lambda z, value: F.silu(value) * z),
            "You sent the value through SiLU. The gate, x @ W_gate.T, goes through it; x @ W_up.T stays as it is.",
        ),
        Mistake(
            "SiLU of the product",
            _gated(lambda z, value: F.silu(z * value)),
            "You multiplied first and applied SiLU to the product. SiLU acts on the gate alone.",
        ),
        Mistake(
            "SiLU of both",
            _gated(lambda z, value: F.silu(z) * F.silu(value)),
            "You sent both through SiLU. The value, x @ W_up.T, has no activation.",
        ),
        Mistake(
            "sigmoid",
            _with(torch.sigmoid),
            "You used σ(z) as the gate, which is the original GLU. SiLU is z · σ(z).",
        ),
        Mistake("ReLU", _with(F.relu), "You used ReLU, which makes it ReGLU. SiLU(z) is z · σ(z)."),
        Mistake("GELU", _with(F.gelu), "You used GELU, which makes it GEGLU. SiLU(z) is z · σ(z)."),
        Mistake(
            "GELU with tanh",
            _with(lambda z: F.gelu(z, approximate="tanh")),
            "You used GELU in its tanh form, as Gemma does. SiLU(z) is z · σ(z).",
        ),
        Mistake(
            "quick GELU",
            _with(lambda z: z * torch.sigmoid(1.702 * z)),
            "You wrote σ(1.702 z), which approximates GELU. SiLU is z · σ(z), without a factor.",
        ),
        Mistake("tanh", _with(torch.tanh), "You used tanh as the gate. SiLU(z) is z · σ(z)."),
        Mistake(
            "softmax",
            _with(lambda z: z.softmax(dim=-1)),
            "You used a softmax, so the features compete. Each gate is SiLU of its own z: z · σ(z).",
        ),
        Mistake(
            "softplus",
            _with(F.softplus),
            "You used softplus, log(1 + eᶻ). SiLU is z · σ(z), also called swish.",
        ),
        Mistake(
            "sign in the sigmoid",
            _with(lambda z: z / (1 + torch.exp(z))),
            "You wrote 1 / (1 + eᶻ), which is σ(−z). The sigmoid is σ(z) = 1 / (1 + e⁻ᶻ).",
        ),
        Mistake(
            "exponentials that overflow",
            _with(lambda z: z * torch.exp(z) / (1 + torch.exp(z))),
            "eᶻ / (1 + eᶻ) is σ(z) on paper, but for a large z it is ∞/∞, NaN. Use torch.sigmoid or F.silu.",
        ),
        Mistake(
            "no activation",
            _gated(lambda z, value: z * value),
            "You left out SiLU: the gate is F.silu(x @ W_gate.T).",
        ),
        Mistake(
            "no gate",
            _gated(lambda z, value: F.silu(value)),
            "You left out the gate: that is an ordinary feed-forward network of W_up and W_down.",
        ),
        Mistake(
            "no value",
            _gated(lambda z, value: F.silu(z)),
            "You left out the value x @ W_up.T, which the gate is multiplied by.",
        ),
        Mistake(
            "added",
            _gated(lambda z, value: F.silu(z) + value),
            "You added gate and value; multiply them, feature by feature.",
        ),
        Mistake(
            "sigmoid of the value",
            _gated(lambda z, value: z * torch.sigmoid(value)),
            "You took the sigmoid of the value. Both factors of SiLU come from the gate: z · σ(z), z = x @ W_gate.T.",
        ),
        Mistake(
            "gated after W_down",
            _down_first,
            "You projected both down and multiplied afterwards. Multiply the d_ff features first, then project once.",
        ),
        Mistake(
            "no W_down",
            _gated(lambda z, value: F.silu(z) * value, lambda y, x, hidden: hidden),
            "You left out W_down, which brings the d_ff features back to d_model.",
        ),
        Mistake(
            "x added",
            _gated(lambda z, value: F.silu(z) * value, lambda y, x, hidden: x + y),
            "You added x. The residual connection is the block's; return the network's own output.",
        ),
        Mistake(
            "SiLU at the end",
            _gated(lambda z, value: z * value, lambda y, x, hidden: F.silu(y)),
            "You applied SiLU to the output. It acts on the gate, before gate and value are multiplied.",
        ),
        Mistake(
            "hidden features as well",
            _gated(lambda z, value: F.silu(z) * value, lambda y, x, hidden: (y, hidden)),
            "You returned the hidden features as well. Return the output alone, (…, d_model).",
        ),
        Mistake("SiLU of x", _on_x, "You applied SiLU to x, before W_gate. Project first, then apply SiLU."),
        Mistake(
            "SiLU written into x",
            _on_x_in_place,
            "You applied SiLU to x itself, and changed the caller's x. Project first: F.silu(x @ W_gate.T).",
        ),
        Mistake(
            "not transposed",
            _not_transposed,
            "You multiplied by the matrices as they are. nn.Linear stores (out features, in features): use .T.",
        ),
        Mistake(
            "W_down not transposed",
            _down_not_transposed,
            "You multiplied by W_down as it is. It is (d_model, d_ff), as nn.Linear stores it: use W_down.T.",
        ),
    ],
)
