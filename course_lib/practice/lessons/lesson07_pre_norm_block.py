"""Lesson 07: a pre-norm block, put together from its sublayers."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import gradient_matches, has_shape, matches_reference


def _mix(y: Tensor) -> Tensor:
    """In place of self-attention: every token gets the mean of all, and a bit of its own."""
    return y.mean(dim=-2, keepdim=True) + 0.5 * y.flip(-1)


def _bend(y: Tensor) -> Tensor:
    """In place of the feed-forward network."""
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


def _norm_1_twice(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_1(x))


def _norm_2_first(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_2(x))
    return x + feed_forward(norm_1(x))


def _feed_forward_first(x, attention, feed_forward, norm_1, norm_2):
    x = x + feed_forward(norm_2(x))
    return x + attention(norm_1(x))


def _detached(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(norm_1(x)).detach()
    return x + feed_forward(norm_2(x)).detach()


def _composed(attention_half, feed_forward_half, swapped=False):
    """A block from two halves, each a function (x, sublayer, norm) → x."""

    def block(x, attention, feed_forward, norm_1, norm_2):
        halves = [(attention_half, attention, norm_1), (feed_forward_half, feed_forward, norm_2)]
        if swapped:
            halves = [(feed_forward_half, feed_forward, norm_1), (attention_half, attention, norm_2)]
        for half, sublayer, norm in halves:
            x = half(x, sublayer, norm)
        return x

    return block


def _right_half(x, sublayer, norm):
    return x + sublayer(norm(x))


def _replacing(x, sublayer, norm):
    return sublayer(norm(x))


def _unnormalised(x, sublayer, norm):
    return x + sublayer(x)


def _normalised_after(x, sublayer, norm):
    return norm(x + sublayer(x))


def _copy_goes_on(x, sublayer, norm):
    y = norm(x)
    return y + sublayer(y)


def _cut_off(x, sublayer, norm):
    return x.detach() + sublayer(norm(x))


def _one_residual(x, attention, feed_forward, norm_1, norm_2):
    return x + feed_forward(norm_2(attention(norm_1(x))))


def _attention_only(x, attention, feed_forward, norm_1, norm_2):
    return x + attention(norm_1(x))


def _block_cases() -> list[tuple]:
    generator = seeded(2)
    x = torch.randn(3, 4, generator=generator) * 2 + 1
    batch = torch.randn(2, 5, 6, generator=generator) * 2 + 1
    return [
        (x, _zero, _zero, _norm, _norm),
        (x, _mix, _zero, _norm, _norm),
        (x, _zero, _bend, _norm, _scaled_norm),
        (x, _mix, _bend, _scaled_norm, _norm),
        (batch, _mix, _bend, _norm, _scaled_norm),
    ]


def _sublayers_learn(attempt) -> str | None:
    """A weight inside each sublayer gets a gradient."""
    x = _block_cases()[0][0]
    for which, name in enumerate(("attention", "feed_forward")):
        weight = torch.ones(4, requires_grad=True)

        def trained(y, weight=weight):
            return weight * _bend(y)

        sublayers = [_mix, _bend]
        sublayers[which] = trained
        if not attempt(x, *sublayers, _norm, _norm).requires_grad:
            return f"No gradient reaches the weights inside {name}: your output must depend on them, without .detach()."
    return None


def _learning_case() -> tuple:
    x, *others = _block_cases()[4]
    return x.requires_grad_(), *others


PRE_NORM_BLOCK = Exercise(
    id="07.pre_norm_block",
    title="A pre-norm block",
    reference=_pre_norm,
    cases=_block_cases,
    properties=[
        has_shape("Is the shape unchanged, (…, d_model)?"),
        matches_reference("If both sublayers return 0, does x come through untouched?", cases=0),
        matches_reference("If only attention is active, is the result x + attention(norm_1(x))?", cases=1),
        matches_reference(
            "If only the feed-forward network is active, is the result x + feed_forward(norm_2(x))?", cases=2
        ),
        matches_reference("If both are active, does each read its own norm, one after the other?", cases=3),
        matches_reference("With a batch of two sentences, is every token right?", cases=4),
        Property("Do both sublayers receive a gradient?", _sublayers_learn),
        gradient_matches("Does the gradient at x take the direct path as well?", lambda: [_learning_case()]),
    ],
    hints=[
        "For each of the two sublayers: what does it read, and what is its output added to?",
        "A sublayer reads the normalised x. Its output is added to the x that was not normalised, and the sum goes on.",
        "The attention half is `x = x + attention(norm_1(x))`. The other half has the same form.",
    ],
    mistakes=[
        Mistake(
            "residual after the norm",
            _residual_after_norm,
            "You overwrote x by norm(x) before adding. Then the *normalised* x goes on, and the direct path from top "
            "to bottom is gone. Normalise only what the sublayer reads.",
        ),
        Mistake(
            "x + x",
            _added_to_itself,
            "You added the sublayer's output to itself, and the input is lost. Keep x until the sum.",
        ),
        Mistake(
            "post-norm",
            _post_norm,
            "That is a post-norm block, norm(x + sublayer(x)). Here the norm comes before the sublayer, and the sum "
            "is left as it is.",
        ),
        Mistake(
            "no residual",
            _no_residual,
            "You left out both residual connections: the outputs of the sublayers replace x instead of being added.",
        ),
        Mistake(
            "side by side",
            _side_by_side,
            "Both of your sublayers read the original x. The feed-forward network should read the sum after attention. "
            "(Parallel sublayers exist as well, in GPT-J for one, but that is a different block.)",
        ),
        Mistake(
            "norm after the sublayer",
            _norm_after_sublayer,
            "You normalised the output of the sublayer; normalise its input.",
        ),
        Mistake(
            "original input again",
            _first_input_again,
            "At the end you added the original x, so what attention had added is missing. The second residual "
            "connection starts from the x after attention.",
        ),
        Mistake("one norm", _one_norm, "Your feed-forward network reads x without norm_2."),
        Mistake(
            "norm_1 twice",
            _norm_1_twice,
            "You used norm_1 for both sublayers. Each has a norm of its own, with its own scale and shift.",
        ),
        Mistake(
            "norms exchanged",
            _norm_2_first,
            "You exchanged the norms: norm_1 is attention's, norm_2 the feed-forward network's.",
        ),
        Mistake(
            "feed-forward first",
            _feed_forward_first,
            "You applied the feed-forward network before attention; attention comes first.",
        ),
        Mistake(
            "only attention is added",
            _composed(_right_half, _replacing),
            "What the feed-forward network returns replaces x in your block. Add it, as you did with attention.",
        ),
        Mistake(
            "only the network is added",
            _composed(_replacing, _right_half),
            "What attention returns replaces x in your block. Add it, as you did with the feed-forward network.",
        ),
        Mistake(
            "one residual around both",
            _one_residual,
            "You added x once, around both sublayers together. Each sublayer has a residual connection of its "
            "own.",
        ),
        Mistake(
            "feed-forward first, norms in place",
            _composed(_right_half, _right_half, swapped=True),
            "You applied the feed-forward network before attention; attention comes first.",
        ),
        Mistake(
            "attention without norm",
            _composed(_unnormalised, _right_half),
            "Your attention reads x without norm_1.",
        ),
        Mistake(
            "no norms",
            _composed(_unnormalised, _unnormalised),
            "You left out both norms. Each sublayer reads a normalised x.",
        ),
        Mistake(
            "second half post-norm",
            _composed(_right_half, _normalised_after),
            "Your second half is post-norm, norm(x + sublayer(x)). Normalise what the sublayer reads and leave "
            "the sum alone.",
        ),
        Mistake(
            "second half overwritten",
            _composed(_right_half, _copy_goes_on),
            "You added the feed-forward network's output to norm_2(x). Add it to the x that was not normalised.",
        ),
        Mistake(
            "attention only",
            _attention_only,
            "Your block ends after attention. The feed-forward network is missing.",
        ),
        Mistake(
            "stream detached",
            _composed(_cut_off, _cut_off),
            "You detached x in the sum. All numbers are right, but the direct path for the gradient is gone.",
        ),
        Mistake(
            "sublayers detached",
            _detached,
            "You detached what the sublayers add. All numbers are right, and no sublayer could be trained.",
        ),
        Mistake(
            "normalised at the end",
            lambda x, attention, feed_forward, norm_1, norm_2: norm_2(
                _pre_norm(x, attention, feed_forward, norm_1, norm_2)
            ),
            "You normalised the sum at the end as well. A pre-norm block leaves the stream alone; the last norm comes "
            "once, after all blocks.",
        ),
    ],
)
