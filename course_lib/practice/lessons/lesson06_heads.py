"""Lesson 06: features split into heads."""

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _split(x, n_heads):
    batch, time, d_model = x.shape
    return x.view(batch, time, n_heads, d_model // n_heads).transpose(1, 2)


def _numbered(batch: int, time: int, d_model: int) -> torch.Tensor:
    # Every number says where it is from: hundreds the row, tens the token, ones the feature.
    places = torch.meshgrid(*(torch.arange(n) for n in (batch, time, d_model)), indexing="ij")
    return (100 * places[0] + 10 * places[1] + places[2]).float()


SPLIT_HEADS = Exercise(
    id="06.split_heads",
    title="Split into heads",
    points=1,
    reference=_split,
    cases=lambda: [
        (_numbered(1, 3, 4), 1),
        (_numbered(1, 1, 6), 3),
        (_numbered(1, 3, 4), 2),
        (_numbered(2, 4, 6), 2),
    ],
    properties=[
        has_shape("Is the shape (batch, n_heads, time, d_head)?"),
        matches_reference("With one head, does every token keep all of its features?", cases=0),
        matches_reference(
            "With one token: does each head get neighbouring features, the first head the first?", cases=1
        ),
        holds(
            "Does a row of a head hold features of one token only?",
            lambda heads, x, n_heads: (
                bool(((heads // 10) == (heads[..., :1] // 10)).all())
                or "some row of a head mixes features of several tokens."
            ),
        ),
        matches_reference("Does each token keep its position?", cases=2),
        matches_reference(
            "In a batch of two, with three features per head, is every number in its place?", cases=3
        ),
        holds(
            "Can a gradient flow back to x, so that exercise 4 can train what it splits?",
            lambda heads, *_: (
                heads.requires_grad
                or "your result is cut off from x (by detach, tolist, NumPy or a new tensor): nothing could be trained."
            ),
            cases=lambda: [(_numbered(2, 4, 6).requires_grad_(), 2)],
        ),
    ],
    hints=[
        "In which order do the numbers of x lie in memory, and what does view do to that order?",
        "view moves no number. Split the last dimension in two, (batch, time, n_heads, d_head), then exchange two "
        "dimensions.",
        "`x.view(batch, time, n_heads, d_model // n_heads)` is half of it. Which two dimensions have to change places?",
    ],
    mistakes=[
        Mistake(
            "view without transpose",
            lambda x, n_heads: x.reshape(x.shape[0], n_heads, x.shape[1], x.shape[2] // n_heads),
            "You went to (batch, n_heads, time, d_head) by view or reshape alone. The shape is right, but rows mix "
            "tokens: split the features first, (batch, time, n_heads, d_head), then transpose.",
        ),
        Mistake(
            "not transposed",
            lambda x, n_heads: x.reshape(x.shape[0], x.shape[1], n_heads, x.shape[2] // n_heads),
            "You stopped at (batch, time, n_heads, d_head): exchange time and heads, so that each head has a matrix "
            "(time, d_head) of its own.",
        ),
        Mistake(
            "every n-th feature",
            lambda x, n_heads: x.reshape(x.shape[0], x.shape[1], x.shape[2] // n_heads, n_heads).permute(
                0, 3, 1, 2
            ),
            "You gave the features to the heads in turn; a head takes neighbouring ones: (…, n_heads, d_head), "
            "not (…, d_head, n_heads). It would train as well, but weights from elsewhere would not fit.",
        ),
        Mistake(
            "features in front of the heads",
            lambda x, n_heads: x.unflatten(2, (n_heads, -1)).transpose(2, 3),
            "You exchanged the heads with their features. Exchange them with the time: dimensions 1 and 2.",
        ),
        Mistake(
            "transposed first",
            lambda x, n_heads: x.transpose(1, 2).reshape(len(x), n_heads, x.shape[1], -1),
            "You moved the features in front of the time and then reshaped, which fills the rows with one feature of "
            "several tokens. Split the features while they are last: (batch, time, n_heads, d_head), then transpose.",
        ),
        Mistake(
            "heads in front of the batch",
            lambda x, n_heads: torch.stack(x.chunk(n_heads, dim=-1)),
            "You stacked the heads in front of the batch; torch.stack(…, dim=1) puts them behind it.",
        ),
        Mistake(
            "a tuple of heads",
            lambda x, n_heads: x.chunk(n_heads, dim=-1),
            "You returned the heads one by one. One tensor is asked for, so that one product computes all of them: "
            "torch.stack(…, dim=1) makes it.",
        ),
        Mistake(
            "heads one after the other in time",
            lambda x, n_heads: torch.cat(x.chunk(n_heads, dim=-1), dim=1),
            "You joined the heads along the time. They need a dimension of their own: torch.stack(…, dim=1).",
        ),
        Mistake(
            "heads joined with the batch",
            lambda x, n_heads: _split(x, n_heads).flatten(0, 1),
            "You joined batch and heads into one dimension. Keep both: (batch, n_heads, time, d_head).",
        ),
        Mistake(
            "n_heads for d_head",
            lambda x, n_heads: torch.stack(x.split(n_heads, dim=-1), dim=1),
            "You made heads of n_heads features each. There are n_heads heads, of d_model // n_heads features each. "
            "(split takes the size of a piece, chunk their number.)",
        ),
        Mistake(
            "tokens divided",
            lambda x, n_heads: torch.stack(x.chunk(n_heads, dim=1), dim=1),
            "You gave each head some of the tokens. Every head has all tokens, and some features of each.",
        ),
        Mistake(
            "heads of several rows mixed",
            lambda x, n_heads: torch.stack(x.chunk(n_heads, dim=-1)).reshape(len(x), n_heads, x.shape[1], -1),
            "With a batch of one you are right. With more, reshape does not exchange batch and heads, it deals the "
            "numbers out anew: use torch.stack(…, dim=1) or a transpose.",
        ),
        Mistake(
            "the same features for every head",
            lambda x, n_heads: _split(x, n_heads)[:, :1].repeat(1, n_heads, 1, 1),
            "You gave the first d_head features to every head. Head 1 takes the next d_head, and so on.",
        ),
        Mistake(
            "last head first",
            lambda x, n_heads: _split(x, n_heads).flip(1),
            "Your heads are in reverse order: head 0 takes the first features.",
        ),
        Mistake(
            "features in front of the time",
            lambda x, n_heads: _split(x, n_heads).transpose(2, 3),
            "You ended at (batch, n_heads, d_head, time). Exchange the last two dimensions: a row is a token.",
        ),
        Mistake(
            "batch and heads exchanged",
            lambda x, n_heads: x.unflatten(2, (n_heads, -1)).transpose(0, 2),
            "You exchanged the heads with the batch, dimensions 0 and 2. Exchange them with the time: 1 and 2.",
        ),
        Mistake(
            "gradient cut off",
            lambda x, n_heads: _split(x.detach(), n_heads),
            "Every number is in its place, but the heads are cut off from x, by detach(), tolist() or NumPy. Use view "
            "and transpose, or slices, of x itself.",
        ),
        Mistake(
            "first head only",
            lambda x, n_heads: _split(x, n_heads)[:, :1],
            "You return head 0 alone. All heads are asked for, along dimension 1.",
        ),
        Mistake(
            "all features for every head",
            lambda x, n_heads: x[:, None].expand(-1, n_heads, -1, -1),
            "Every head gets all features. Head 0 gets the first d_head of them, head 1 the next, and so on.",
        ),
        Mistake(
            "a feature lost",
            lambda x, n_heads: _split(x, n_heads)[..., :-1],
            "Each head lacks its last feature: a slice ends before its second number.",
        ),
    ],
)
