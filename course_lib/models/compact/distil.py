"""Distillation: a small model, the student, learns from a large one's outputs, which say more than labels do.

    L = w_soft · T² · KL(p_teacher(T) ‖ p_student(T)) + w_hard · CE(labels) + w_cosine · mean(1 − cos(h_s, h_t))

p(T) = softmax(logits / T): a temperature above 1 shows which wrong answers the teacher finds nearly right. Gradients
shrink by 1 / T² then, for which T² makes up.

Source: Hinton, Vinyals & Dean 2015, "Distilling the Knowledge in a Neural Network", section 2; all three terms, and
layers taken from the teacher: Sanh et al. 2019, "DistilBERT", section 2 and 3.
"""

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.models.transformer.bert import Bert


def soft_loss(student: Tensor, teacher: Tensor, temperature: float = 2.0) -> Tensor:
    """T² · KL(softmax(teacher / T) ‖ softmax(student / T)), in nats, the mean over the rows.

    Shapes: student, teacher (…, n_classes) logits → scalar; no gradient flows into the teacher's.

    Raises:
        ValueError: unequal shapes, or a temperature that is not above 0.
    """
    if student.shape != teacher.shape:
        raise ValueError(
            f"student has shape {tuple(student.shape)}, teacher {tuple(teacher.shape)}; expected one shape."
        )
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; it must be above 0.")
    ours, theirs = (logits.flatten(0, -2).log_softmax(dim=-1) for logits in _softened(student, teacher, temperature))
    return F.kl_div(ours, theirs, reduction="batchmean", log_target=True) * temperature**2


def cosine_loss(student: Tensor, teacher: Tensor, real: Tensor | None = None) -> Tensor:
    """1 − the cosine of each student's vector with the teacher's, the mean over the real tokens.

    Shapes: student, teacher (batch, time, d_model), real None or boolean (batch, time) → scalar
    """
    far = 1 - F.cosine_similarity(student, teacher.detach(), dim=-1)  # (batch, time)
    return far.mean() if real is None else far[real].mean()


def distillation_loss(
    student: Tensor,
    teacher: Tensor,
    labels: Tensor | None = None,
    *,
    temperature: float = 2.0,
    hidden: tuple[Tensor, Tensor] | None = None,
    real: Tensor | None = None,
    weights: tuple[float, float, float] = (5.0, 2.0, 1.0),
) -> Tensor:
    """The three terms together.

    Args:
        labels: whole numbers (…), for the hard loss; None leaves it out.
        hidden: the student's and the teacher's last hidden states, (batch, time, d_model) both; None leaves them out.
        real: boolean (batch, time), which tokens are no padding.
        weights: of the soft, the hard and the cosine loss; the defaults are those of DistilBERT's published code.

    Shapes: student, teacher (…, n_classes) logits → scalar
    """
    soft, hard, cosine = weights
    loss = soft * soft_loss(student, teacher, temperature)
    if labels is not None:
        loss = loss + hard * F.cross_entropy(student.flatten(0, -2), labels.flatten())
    if hidden is not None:
        loss = loss + cosine * cosine_loss(*hidden, real)
    return loss


def with_layers(teacher: Bert, layers: Sequence[int]) -> Bert:
    """A copy of a BERT with some of its encoder layers, in this order: a student that begins as its teacher's extract.

    Args:
        layers: their numbers, from 0; DistilBERT has one out of two.

    Raises:
        ValueError: none, or one that the teacher does not have.
    """
    n_layers = len(teacher.encoder.layers)
    if not layers or not all(0 <= number < n_layers for number in layers):
        raise ValueError(f"layers is {list(layers)}; expected some of 0 to {n_layers - 1}, the teacher's.")
    student = copy.deepcopy(teacher)
    student.encoder.layers = torch.nn.ModuleList(
        copy.deepcopy(teacher.encoder.layers[number]) for number in layers
    )
    return student


def _softened(student: Tensor, teacher: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    return student / temperature, teacher.detach() / temperature
