"""Lesson 07: a pre-norm block, put together from its sublayers."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _look(y: Tensor) -> Tensor:
    """Stands for self-attention: every token gets the mean of all, and a bit of its own."""
    return y.mean(dim=0, keepdim=True) + 0.5 * y.flip(1)


def _think(y: Tensor) -> Tensor:
    """Stands for the feed-forward network."""
    return torch.relu(2 * y - 0.3) - y.abs()


def _norm(y: Tensor) -> Tensor:
    return F.layer_norm(y, (y.shape[-1],))


def _scaled_norm(y: Tensor) -> Tensor:
    return 1.5 * F.layer_norm(y, (y.shape[-1],)) + 0.25


def _zero(y: Tensor) -> Tensor:
    return torch.zeros_like(y)


def _pre_norm(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_2(x))


def _post_norm(x, attention, feed_forward, norm_1, norm_2):
    x = norm_1(x + attention(x))
    return norm_2(x + feed_forward(x))


def _residual_after_norm(x, attention, feed_forward, norm_1, norm_2):
    x = norm_1(x)
    x = x + attention(x)
    x = norm_2(x)
    return x + feed_forward(x)


def _added_to_itself(x, attention, feed_forward, norm_1, norm_2):
    x = attention(norm_1(x))
    x = x + x
    y = feed_forward(norm_2(x))
    return y + y


def _no_residual(x, attention, feed_forward, norm_1, norm_2):
    return feed_forward(norm_2(attention(norm_1(x))))


def _side_by_side(x, attention, feed_forward, norm_1, norm_2):
    return x + attention(norm_1(x)) + feed_forward(norm_2(x))


def _norm_after_sublayer(x, attention, feed_forward, norm_1, norm_2):
    x = x + norm_1(attention(x))
    return x + norm_2(feed_forward(x))


def _first_input_again(x, attention, feed_forward, norm_1, norm_2):
    return x + feed_forward(norm_2(x + attention(norm_1(x))))


def _one_norm(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(x)


def _block_cases() -> list[tuple]:
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(2)) * 2 + 1
    return [
        (x, _zero, _zero, _norm, _norm),
        (x, _look, _zero, _norm, _norm),
        (x, _zero, _think, _norm, _scaled_norm),
        (x, _look, _think, _scaled_norm, _norm),
    ]


PRE_NORM_BLOCK = Exercise(
    id="07.pre_norm_block",
    title="A pre-norm block",
    reference=_pre_norm,
    cases=_block_cases,
    properties=[
        has_shape("Is the shape unchanged, (time, d_model)?"),
        matches_reference("If both sublayers answer 0, does x come through untouched?", cases=0),
        matches_reference("If only attention answers: is it x + attention(norm_1(x))?", cases=1),
        matches_reference(
            "If only the feed-forward network answers: is it x + feed_forward(norm_2(x))?", cases=2
        ),
        matches_reference("And both, one after the other?", cases=3),
    ],
    hints=[
        "Two lines, one a sublayer. In each: what goes into the sublayer, and what is its answer added to?",
        "A sublayer reads the normalised x, and its answer is added to the x that was not normalised.",
        "x = x + attention(norm_1(x)); return x + feed_forward(norm_2(x))",
    ],
    mistakes=[
        Mistake(
            "residual after the norm",
            _residual_after_norm,
            "You overwrote x by norm(x) before you added: then the *normalised* x goes on, and the free path from top "
            "to bottom is gone. Normalise only what the sublayer reads.",
        ),
        Mistake(
            "x + x",
            _added_to_itself,
            "You added the sublayer's answer to itself; the input is lost. Keep x until the sum.",
        ),
        Mistake(
            "post-norm",
            _post_norm,
            "That is a post-norm block: norm(x + sublayer(x)). Here the norm stands before the sublayer, and the sum "
            "is left alone.",
        ),
        Mistake(
            "no residual",
            _no_residual,
            "You left out both residuals: the answers of the sublayers replace x; they should be added to it.",
        ),
        Mistake(
            "side by side",
            _side_by_side,
            "Both sublayers read the x of the beginning; the feed-forward network should read what attention has "
            "already added to. (Side by side exists as well, but it is another block.)",
        ),
        Mistake(
            "norm after the sublayer",
            _norm_after_sublayer,
            "You normalised what the sublayer answers; normalise what it reads.",
        ),
        Mistake(
            "first input again",
            _first_input_again,
            "At the end you added the x of the beginning: what attention had added is missing. The second residual "
            "starts from the x after attention.",
        ),
        Mistake(
            "one norm",
            _one_norm,
            "The feed-forward network reads x without norm_2.",
        ),
    ],
)
