"""Lesson 03: the negative-sampling loss of one pair."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import gradient_matches, has_shape, holds, matches_reference


def _pair_loss(w: Tensor, c: Tensor, noise: Tensor) -> Tensor:
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).sum()


def _pairs_with_noise() -> list[tuple]:
    generator = seeded(1)

    def draw(d_model: int, k: int) -> tuple:
        w, c = torch.randn(2, d_model, generator=generator)
        return w, c, torch.randn(k, d_model, generator=generator)

    e = torch.eye(2)
    return [
        (e[0], e[1], e[1:]),
        (e[0], 2 * e[0], e[1:]),
        (e[0], e[1], torch.tensor([[3.0, 0.0]])),
        (e[0], 2 * e[0], torch.tensor([[-1.0, 5.0], [0.0, 1.0], [2.0, 0.0]])),
        draw(5, 7),
        (100 * e[0], -2 * e[0], 2 * e),
    ]


def _one_that_learns() -> list[tuple]:
    """Cases in which a single one of the vectors asks for its gradient."""
    whole = _pairs_with_noise()[4]
    return [
        tuple(vector.clone().requires_grad_(n == place) for n, vector in enumerate(whole))
        for place in range(3)
    ]


def _learns(loss: Tensor, *_: Tensor) -> bool | str:
    return loss.requires_grad or (
        "the loss is cut off from it (by detach, item or a new tensor), so training could not change it."
    )


PAIR_LOSS = Exercise(
    id="03.pair_loss",
    title="Negative sampling, one pair",
    reference=_pair_loss,
    cases=_pairs_with_noise,
    properties=[
        has_shape("Is the loss one number, a tensor of shape ()?"),
        holds("Is the loss never negative?", lambda loss, *_: bool(loss >= 0), cases=[0, 1, 2, 3, 4]),
        matches_reference("All scores 0, one noise word: is the loss 2 ln 2?", cases=0),
        matches_reference("A true pair with score 2: is its part −ln σ(2)?", cases=1),
        matches_reference(
            "A noise word with score 3: is its part −ln σ(−3), so that a high score costs?", cases=2
        ),
        matches_reference("Three noise words: do their losses add up?", cases=3),
        matches_reference("Is it right for seven noise words and five numbers a vector?", cases=4),
        matches_reference("Is it still right for scores as far out as −200 and 200?", cases=5),
        holds("Can a gradient flow back to w?", _learns, cases=lambda: _one_that_learns()[:1]),
        holds(
            "Can a gradient flow back to c and to the noise words?",
            _learns,
            cases=lambda: _one_that_learns()[1:],
        ),
        gradient_matches("Is the gradient at w, at c and at the noise words complete?", _one_that_learns),
    ],
    hints=[
        "Which k + 1 scores does the loss need, and which of them should be high?",
        "Scores are dot products with w. The loss is −ln σ(w·c) minus the sum of ln σ(−w·c̃) over the noise words.",
        "`noise @ w` has shape (k,): all noise scores at once. F.logsigmoid computes ln σ without overflow.",
    ],
    mistakes=[
        Mistake(
            "squared error",
            lambda w, c, noise: (torch.sigmoid(w @ c) - 1) ** 2 + (torch.sigmoid(noise @ w) ** 2).sum(),
            "You squared the errors of the probabilities. The loss is the negative logarithm of each probability.",
        ),
        Mistake(
            "scaled scores",
            lambda w, c, noise: _pair_loss(w / len(w) ** 0.5, c, noise),
            "You divided the scores by √d_model. Here the score of a pair is the dot product itself.",
        ),
        Mistake(
            "noise rewarded",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(noise @ w).sum(),
            "The minus inside the noise words' sigmoid is missing, so you reward them for a high score.",
        ),
        Mistake(
            "mean over the noise",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).mean(),
            "You took the mean over the noise words. The loss sums over them.",
        ),
        Mistake(
            "logarithm of the sigmoid",
            lambda w, c, noise: -torch.sigmoid(w @ c).log() - torch.sigmoid(-(noise @ w)).log().sum(),
            "The formula is right, but at a score of −200 it leaves what float32 can hold: the sigmoid rounds to 0, or "
            "exp(200) to ∞. F.logsigmoid computes both steps in one.",
        ),
        Mistake(
            "gradient cut off",
            lambda w, c, noise: _pair_loss(w, c, noise).detach(),
            "You detached the result (item and torch.tensor do the same), so no gradient can flow back.",
        ),
        Mistake(
            "contexts cut off",
            lambda w, c, noise: _pair_loss(w, c.detach(), noise.detach()),
            "You detached c or noise. Context vectors are trained as well, those of the noise words included.",
        ),
        Mistake(
            "part of the gradient cut off",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w.detach())).sum(),
            "You detached w in the noise scores. The noise words should push w away, so w needs their gradient too.",
        ),
        Mistake(
            "no true pair",
            lambda w, c, noise: -F.logsigmoid(-(noise @ w)).sum(),
            "The true pair is missing. With noise alone, the vectors would only move apart.",
        ),
        Mistake(
            "sum before the sigmoid",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w).sum()),
            "You added up the noise scores before the sigmoid, so one very low score makes up for a high one.",
        ),
        Mistake(
            "sign of the loss",
            lambda w, c, noise: -_pair_loss(w, c, noise),
            "You returned the log-likelihood. The loss is its negative.",
        ),
        Mistake(
            "no logarithm",
            lambda w, c, noise: -torch.sigmoid(w @ c) - torch.sigmoid(-(noise @ w)).sum(),
            "The logarithm is missing: F.logsigmoid, not torch.sigmoid.",
        ),
        Mistake(
            "noise against c",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ c)).sum(),
            "You scored the noise words with c. They are scored with w, the centre word.",
        ),
        Mistake(
            "mean over all pairs",
            lambda w, c, noise: _pair_loss(w, c, noise) / (1 + len(noise)),
            "You divided by k + 1. The loss is a sum over the true pair and the noise words.",
        ),
        Mistake(
            "noise subtracted",
            lambda w, c, noise: -F.logsigmoid(w @ c) + F.logsigmoid(-(noise @ w)).sum(),
            "The noise words' part has the wrong sign: both parts have a minus in front of their logarithms.",
        ),
        Mistake(
            "not summed",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)),
            "You return one number for each noise word. Sum over them.",
        ),
        Mistake(
            "softmax",
            lambda w, c, noise: -(torch.cat([c[None], noise]) @ w).log_softmax(dim=0)[0],
            "You took a softmax over the true word and the noise. Negative sampling asks about each word by itself: a "
            "sigmoid each.",
        ),
        Mistake(
            "no noise",
            lambda w, c, noise: -F.logsigmoid(w @ c),
            "The noise words are missing. With true pairs alone, all vectors could point in the same direction.",
        ),
        Mistake(
            "true score minus noise scores",
            lambda w, c, noise: -F.logsigmoid(w @ c - noise @ w).sum(),
            "You put the difference of the true score and each noise score into the sigmoid. Every score has a sigmoid "
            "of its own.",
        ),
        Mistake(
            "one noise word",
            lambda w, c, noise: -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w).max()),
            "You kept the noise word with the highest score only. Add up the losses of all k.",
        ),
        Mistake(
            "cosines",
            lambda w, c, noise: (
                -F.logsigmoid(F.cosine_similarity(w, c, dim=0))
                - F.logsigmoid(-F.cosine_similarity(noise, w[None])).sum()
            ),
            "Your scores are cosines. Here the score of a pair is the dot product itself.",
        ),
    ],
)
