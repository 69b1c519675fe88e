"""Lesson 13: contextual calibration of few-shot answers."""

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _calibrated_label(log_p, log_p_neutral):
    return (log_p - log_p_neutral).argmax(dim=-1)


def _label(calibrate, choose=lambda q: q.argmax(dim=-1)):
    """choose(calibrate(log_p, log_p_neutral)), each of which may be wrong."""
    return lambda log_p, log_p_neutral: choose(calibrate(log_p, log_p_neutral))


def _minus(log_p, log_p_neutral):
    return log_p - log_p_neutral


def _forbidden(log_p, log_p_neutral):
    q = log_p.clone()
    q[:, log_p_neutral.argmax()] = -torch.inf
    return q


def _in_place(log_p, log_p_neutral):
    log_p -= log_p_neutral
    return log_p.argmax(dim=-1)


def _cases() -> list[tuple]:
    generator = seeded(136)

    def case(n: int, n_labels: int, bias: float = 1.5, low: float = 1.0) -> tuple:
        """The labels of n inputs lean the same way as those of the neutral one."""
        neutral = bias * torch.randn(n_labels, generator=generator)
        log_p = (neutral + 1.2 * torch.randn(n, n_labels, generator=generator)).log_softmax(-1) - low
        return log_p, neutral.log_softmax(-1) - low

    return [
        (torch.tensor([[0.6, 0.3]]).log(), torch.tensor([0.7, 0.2]).log()),
        (
            torch.tensor([[0.6, 0.16, 0.04], [0.45, 0.2, 0.15], [0.2, 0.35, 0.2], [0.3, 0.3, 0.02]]).log(),
            torch.tensor([0.5, 0.2, 0.1]).log(),
        ),
        case(1, 4),
        case(12, 12),
        case(40, 3),
        case(20, 3, low=120.0),
        case(60, 5),
    ]


def _is_calibrated(labels: Tensor, log_p: Tensor, log_p_neutral: Tensor) -> bool | str:
    label = int(labels[0])
    return label == 1 or (
        f"you chose label {label}. Label 0 has 0.6, less than the 0.7 of the neutral input; label 1 has 0.3, more than "
        "its 0.2."
    )


CALIBRATED_LABEL = Exercise(
    id="13.calibrated_label",
    title="Calibration of few-shot answers",
    reference=_calibrated_label,
    cases=_cases,
    properties=[
        has_shape("Is there one index for each input, (n,)?"),
        holds(
            "With p = 0.6 and 0.3, and 0.7 and 0.2 for the neutral input: is it label 1?",
            _is_calibrated,
            cases=0,
        ),
        matches_reference(
            "With four inputs, does each get the label whose quotient of probabilities is largest?", cases=1
        ),
        matches_reference("With a single input and four labels, is it right?", cases=2),
        matches_reference("With as many inputs as labels, is the neutral row used label by label?", cases=3),
        matches_reference("With forty inputs and three labels, are all right?", cases=4),
        matches_reference(
            "Is it right for labels of many tokens, whose log-probabilities are near −120?", cases=5
        ),
        matches_reference("With sixty inputs and five labels, are all right?", cases=6),
    ],
    hints=[
        "You have logarithms. What becomes of a division, if you take its logarithm?",
        "log(p / p_neutral) = log p − log p_neutral. The largest quotient has the largest logarithm.",
        "`log_p - log_p_neutral` broadcasts (n, n_labels) − (n_labels,). Which label is the largest of each row?",
    ],
    mistakes=[
        Mistake(
            "not calibrated",
            _label(lambda p, neutral: p),
            "You did not use log_p_neutral (or took the same number from every label, which changes no order).",
        ),
        Mistake(
            "added",
            _label(lambda p, neutral: p + neutral),
            "You added the logarithms, which multiplies the probabilities: the bias counts twice. Subtract.",
        ),
        Mistake(
            "multiplied",
            _label(lambda p, neutral: p.exp() * neutral.exp()),
            "You multiplied the probabilities, so the bias counts twice. Divide: subtract the logarithms.",
        ),
        Mistake(
            "difference of probabilities",
            _label(lambda p, neutral: p.exp() - neutral.exp()),
            "You subtracted probabilities. Calibration divides them; with logarithms that is log_p − log_p_neutral.",
        ),
        Mistake(
            "difference of normalised probabilities",
            _label(lambda p, neutral: p.softmax(dim=-1) - neutral.softmax(dim=-1)),
            "You subtracted probabilities. Calibration divides them; with logarithms that is log_p − log_p_neutral.",
        ),
        Mistake(
            "largest change",
            _label(lambda p, neutral: (p - neutral).abs()),
            "You took the label that changed most, up or down. The one that gained most is asked for, without abs.",
        ),
        Mistake(
            "probabilities that underflow",
            _label(lambda p, neutral: p.exp() / neutral.exp()),
            "You divided the probabilities, which is right on paper. e^−120 is 0 in float32, and 0/0 says nothing: "
            "subtract the logarithms instead.",
        ),
        Mistake(
            "logarithms divided",
            _label(lambda p, neutral: p / neutral),
            "You divided the logarithms. Dividing probabilities means subtracting their logarithms.",
        ),
        Mistake(
            "smallest quotient of logarithms",
            _label(lambda p, neutral: p / neutral, lambda q: q.argmin(dim=-1)),
            "You divided the logarithms. Dividing probabilities means subtracting their logarithms, and the largest "
            "difference wins.",
        ),
        Mistake(
            "logarithm less a probability",
            _label(lambda p, neutral: p - neutral.exp()),
            "You subtracted a probability from a logarithm: log_p_neutral is a logarithm already, without exp.",
        ),
        Mistake(
            "probability less a logarithm",
            _label(lambda p, neutral: p.exp() - neutral),
            "You subtracted a logarithm from a probability: subtract log_p_neutral from log_p itself.",
        ),
        Mistake(
            "probability by a logarithm",
            _label(lambda p, neutral: p.exp() / neutral),
            "You divided a probability by a logarithm. Subtract log_p_neutral from log_p.",
        ),
        Mistake(
            "argmin",
            _label(_minus, lambda q: q.argmin(dim=-1)),
            "You took the label that lost most by comparison with the neutral input: take the argmax, not the argmin, "
            "of log_p − log_p_neutral, not the other way round.",
        ),
        Mistake(
            "first two labels",
            _label(_minus, lambda q: (q[:, 1] > q[:, 0]).long()),
            "You compared labels 0 and 1 only. There are n_labels: take the argmax over the last dimension.",
        ),
        Mistake(
            "over the inputs",
            _label(_minus, lambda q: q.argmax(dim=0)),
            "You took the argmax over the inputs: one input for each label. The labels are the last dimension.",
        ),
        Mistake(
            "of everything",
            _label(_minus, lambda q: q.argmax()),
            "argmax without dim takes the whole table. Each input has a label: dim=-1.",
        ),
        Mistake(
            "scores",
            _label(_minus, lambda q: q),
            "Those are the calibrated scores; return the index of the largest.",
        ),
        Mistake(
            "probabilities",
            _label(_minus, lambda q: q.softmax(dim=-1)),
            "Those are calibrated probabilities; return the index of the largest.",
        ),
        Mistake(
            "largest value",
            _label(_minus, lambda q: q.amax(dim=-1)),
            "You returned the largest score of each input; return its index (argmax).",
        ),
        Mistake(
            "values and indices",
            _label(_minus, lambda q: tuple(q.max(dim=-1))),
            "max with a dim returns values and indices; return the indices alone, or use argmax.",
        ),
        Mistake(
            "centred by the inputs",
            _label(lambda p, neutral: p - p.mean(dim=0)),
            "You subtracted the mean over the inputs. What the model says of the neutral input is log_p_neutral.",
        ),
        Mistake(
            "softmax over the inputs",
            _label(lambda p, neutral: p.softmax(dim=0) / neutral.exp()),
            "You normalised over the inputs (dim=0), which are independent of one another. Subtract log_p_neutral from "
            "log_p as it is.",
        ),
        Mistake(
            "one number for each input",
            _label(lambda p, neutral: p - neutral[:, None]),
            "log_p_neutral[:, None] takes the same number from all labels of an input. It has one number for each "
            "label: log_p − log_p_neutral broadcasts as it is.",
        ),
        Mistake(
            "a column",
            _label(_minus, lambda q: q.argmax(dim=-1, keepdim=True)),
            "You kept the last dimension: without keepdim the shape is (n,).",
        ),
        Mistake(
            "a list",
            _label(_minus, lambda q: q.argmax(dim=-1).tolist()),
            "You returned a list; return the tensor, without .tolist().",
        ),
        Mistake(
            "one-hot",
            _label(_minus, lambda q: torch.nn.functional.one_hot(q.argmax(dim=-1), q.shape[-1])),
            "You returned one-hot rows; return the index of each label, (n,).",
        ),
        Mistake(
            "neutral label forbidden",
            _label(_forbidden),
            "You excluded the label that the neutral input got. It may still be right: it has to gain more than the "
            "others.",
        ),
        Mistake(
            "in place",
            _in_place,
            "Your labels are right, but -= changed the caller's log_p. Write log_p − log_p_neutral.",
        ),
    ],
)
