"""Lesson 03: comparing vectors: the cosine, and the association with two groups."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference, unchanged_when


def _vector_pairs() -> list[tuple]:
    generator = seeded(0)
    u, v = torch.randn(2, 5, generator=generator)
    return [
        (torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0])),
        (torch.tensor([2.0, 1.0]), torch.tensor([4.0, 2.0])),
        (torch.tensor([1.0, 2.0, 2.0]), torch.tensor([-2.0, -4.0, -4.0])),
        (u, v),
    ]


COSINE = Exercise(
    id="03.cosine",
    title="Cosine",
    points=1,
    reference=lambda u, v: (u @ v) / (u.norm() * v.norm()),
    cases=_vector_pairs,
    properties=[
        has_shape("Is the result one number, a tensor of shape ()?"),
        matches_reference("Vectors at a right angle: is it 0?", cases=0),
        matches_reference("The same direction, a different length: is it 1?", cases=1),
        unchanged_when(
            "Does it stay the same when one vector is made three times as long?",
            lambda u, v: (3 * u, v),
            cases=[2, 3],
        ),
        matches_reference("Is it right for vectors of other lengths and directions?"),
    ],
    hints=[
        "What in the dot product depends on the lengths of the vectors?",
        "cos = u · v / (‖u‖ ‖v‖), where ‖u‖ is the root of the sum of squares.",
        "`u @ v` is the dot product, and `u.norm()` is the length of u. What do you divide by?",
    ],
    mistakes=[
        Mistake("dot product", lambda u, v: u @ v, "That is the dot product. Divide it by both lengths."),
        Mistake(
            "squared lengths",
            lambda u, v: (u @ v) / (u.square().sum() * v.square().sum()),
            "You divided by the squared lengths; the length is the root of the sum of squares.",
        ),
        Mistake(
            "one length",
            lambda u, v: (u @ v) / u.norm(),
            "You divided by the length of u only; v's length counts as well.",
        ),
        Mistake(
            "other length",
            lambda u, v: (u @ v) / v.norm(),
            "You divided by the length of v only; u's length counts as well.",
        ),
        Mistake(
            "sum of the lengths",
            lambda u, v: (u @ v) / (u.norm() + v.norm()),
            "You divided by the sum of the lengths; divide by their product.",
        ),
        Mistake(
            "distance",
            lambda u, v: 1 - (u @ v) / (u.norm() * v.norm()),
            "That is the cosine distance, 1 − cos.",
        ),
        Mistake(
            "no sum",
            lambda u, v: (u * v) / (u.norm() * v.norm()),
            "u * v multiplies number by number. The dot product adds these up: u @ v.",
        ),
        Mistake(
            "brackets missing",
            lambda u, v: u @ v / u.norm() * v.norm(),
            "You divide by the length of u and multiply by that of v. Put brackets around the product of the lengths.",
        ),
        Mistake(
            "sum of absolute values",
            lambda u, v: (u @ v) / (u.abs().sum() * v.abs().sum()),
            "You added up absolute values. The length is the root of the sum of squares: u.norm().",
        ),
        Mistake(
            "number of features",
            lambda u, v: (u @ v) / (len(u) * len(v)),
            "len(u) is how many numbers u has. How long it is as an arrow says u.norm().",
        ),
        Mistake(
            "angle",
            lambda u, v: ((u @ v) / (u.norm() * v.norm())).acos(),
            "That is the angle itself. Its cosine is asked for: leave acos out.",
        ),
        Mistake(
            "absolute value",
            lambda u, v: (u @ v).abs() / (u.norm() * v.norm()),
            "You took the absolute value. Opposite directions have the cosine −1.",
        ),
        Mistake(
            "from 0 to 1",
            lambda u, v: (1 + (u @ v) / (u.norm() * v.norm())) / 2,
            "You mapped the cosine to 0 … 1. It goes from −1, for opposite directions, to 1: return it as it is.",
        ),
        Mistake(
            "mean of the squared lengths",
            lambda u, v: 2 * (u @ v) / (u @ u + v @ v),
            "You divided by the mean of the two squared lengths. Divide by the product of the lengths.",
        ),
        Mistake(
            "correlation",
            lambda u, v: ((u - u.mean()) @ (v - v.mean())) / ((u - u.mean()).norm() * (v - v.mean()).norm()),
            "You subtracted the means first. That is the correlation; the cosine takes the vectors as they are.",
        ),
        Mistake(
            "length of the products",
            lambda u, v: (u @ v) / (u * v).norm(),
            "You divided by the length of u * v. Take the length of each vector, and multiply the two lengths.",
        ),
        Mistake(
            "two features",
            lambda u, v: (u[:2] @ v[:2]) / (u[:2].norm() * v[:2].norm()),
            "You used the first two numbers of each vector only. A vector may have any number of them.",
        ),
        Mistake(
            "a dimension left",
            lambda u, v: (u[None] @ v) / (u.norm() * v.norm()),
            "Your result has one dimension, of length 1. F.cosine_similarity(u, v, dim=0) and u @ v leave none.",
        ),
    ],
)


def _unit(rows: Tensor) -> Tensor:
    return rows / rows.norm(dim=-1, keepdim=True)


def _association(w: Tensor, A: Tensor, B: Tensor) -> Tensor:
    w, A, B = _unit(w), _unit(A), _unit(B)
    return (A @ w).mean() - (B @ w).mean()


def _groups() -> list[tuple]:
    generator = seeded(3)

    def draw(d_model: int, n_A: int, n_B: int) -> tuple:
        w = torch.randn(d_model, generator=generator)
        lengths = [torch.rand(n, 1, generator=generator) * 4 + 0.2 for n in (n_A, n_B)]
        return w, *(torch.randn(len(r), d_model, generator=generator) * r for r in lengths)

    e = torch.eye(3)
    return [
        (e[0], e[:1], e[1:2]),
        (2 * e[0], torch.tensor([[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), -e[:1]),
        draw(4, 3, 3),
        draw(5, 2, 4),
        (e[0], e[1:2], e[:1]),
    ]


ASSOCIATION = Exercise(
    id="03.association",
    title="Association with two groups",
    points=1,
    reference=_association,
    cases=_groups,
    properties=[
        has_shape("Is the result one number, a tensor of shape ()?"),
        matches_reference("A word equal to A's only word, and at a right angle to B's: is it 1?", cases=0),
        matches_reference("A word equal to B's only word, and at a right angle to A's: is it −1?", cases=4),
        matches_reference("Cosines 1 and 0 with A, and −1 with B: is it 0.5 − (−1)?", cases=1),
        unchanged_when(
            "Does it stay the same when the word's vector is made five times as long?",
            lambda w, A, B: (5 * w, A, B),
            cases=2,
        ),
        matches_reference("Is it right for groups whose vectors have different lengths?", cases=2),
        matches_reference("Is it right for groups of different sizes?", cases=3),
    ],
    hints=[
        "How many cosines do you need, and what happens to those of one group?",
        "The mean cosine of w with the words of A, minus the mean cosine of w with the words of B.",
        "Scale w and every row of A and B to length 1. Then `A @ w` holds the cosines of one group.",
    ],
    mistakes=[
        Mistake(
            "dot products",
            lambda w, A, B: (A @ w).mean() - (B @ w).mean(),
            "You used dot products, which grow with the vectors' lengths. Take cosines.",
        ),
        Mistake(
            "sums",
            lambda w, A, B: (_unit(A) @ _unit(w)).sum() - (_unit(B) @ _unit(w)).sum(),
            "You took sums, so the larger group counts more. Take the mean of each group.",
        ),
        Mistake(
            "the other way round",
            lambda w, A, B: -_association(w, A, B),
            "You subtracted A's mean from B's. A word near A has a positive association.",
        ),
        Mistake(
            "cosine with the mean vector",
            lambda w, A, B: _unit(A.mean(dim=0)) @ _unit(w) - _unit(B.mean(dim=0)) @ _unit(w),
            "You averaged the vectors of a group and took one cosine. Take the cosine with each word, then the mean.",
        ),
        Mistake(
            "A alone",
            lambda w, A, B: (_unit(A) @ _unit(w)).mean(),
            "That is the mean cosine with A alone. It says little without the comparison with B.",
        ),
        Mistake(
            "the word not scaled",
            lambda w, A, B: (_unit(A) @ w).mean() - (_unit(B) @ w).mean(),
            "You scaled the rows of A and B but not w. A cosine divides by both lengths.",
        ),
        Mistake(
            "columns scaled",
            lambda w, A, B: ((A / A.norm(dim=0)) @ _unit(w)).mean() - ((B / B.norm(dim=0)) @ _unit(w)).mean(),
            "You scaled the columns. A word is a row: norm(dim=1, keepdim=True).",
        ),
        Mistake(
            "columns normalised",
            lambda w, A, B: (
                (F.normalize(A, dim=0) @ _unit(w)).mean() - (F.normalize(B, dim=0) @ _unit(w)).mean()
            ),
            "You scaled the columns. A word is a row: dim=1.",
        ),
        Mistake(
            "groups not scaled",
            lambda w, A, B: (A @ _unit(w)).mean() - (B @ _unit(w)).mean(),
            "You scaled w but not the rows of A and B, so that long vectors count more. Scale all of them.",
        ),
        Mistake(
            "one norm for a group",
            lambda w, A, B: (A / A.norm() @ _unit(w)).mean() - (B / B.norm() @ _unit(w)).mean(),
            "A.norm() is one number for the whole table. Every row has a length of its own: norm(dim=1, keepdim=True).",
        ),
        Mistake(
            "cosine with the mean of unit vectors",
            lambda w, A, B: _unit(_unit(A).mean(dim=0)) @ _unit(w) - _unit(_unit(B).mean(dim=0)) @ _unit(w),
            "You scaled a group's mean once more. The mean of unit vectors is shorter than 1, and that belongs to the "
            "mean of the cosines.",
        ),
        Mistake(
            "absolute difference",
            lambda w, A, B: _association(w, A, B).abs(),
            "You took the absolute value. The sign says which of the two groups the word is nearer to.",
        ),
        Mistake(
            "added",
            lambda w, A, B: (_unit(A) @ _unit(w)).mean() + (_unit(B) @ _unit(w)).mean(),
            "You added the two means. The association is their difference.",
        ),
        Mistake(
            "in standard deviations",
            lambda w, A, B: _association(w, A, B) / (_unit(torch.cat([A, B])) @ _unit(w)).std(),
            "You divided by a standard deviation. That comes later, for the effect. Return the difference.",
        ),
        Mistake(
            "largest cosines",
            lambda w, A, B: (_unit(A) @ _unit(w)).max() - (_unit(B) @ _unit(w)).max(),
            "You compared the nearest word of each group. Take the mean over all of its words.",
        ),
        Mistake(
            "medians",
            lambda w, A, B: (_unit(A) @ _unit(w)).median() - (_unit(B) @ _unit(w)).median(),
            "You took the median of each group. Take the mean.",
        ),
        Mistake(
            "distances",
            lambda w, A, B: (B - w).norm(dim=1).mean() - (A - w).norm(dim=1).mean(),
            "You compared distances, which grow with the vectors' lengths. Take cosines.",
        ),
        Mistake(
            "divided by both groups",
            lambda w, A, B: ((_unit(A) @ _unit(w)).sum() - (_unit(B) @ _unit(w)).sum()) / (len(A) + len(B)),
            "You divided by the size of both groups together. Divide each sum by the size of its own group.",
        ),
        Mistake(
            "mean product by mean length",
            lambda w, A, B: (A @ w).sum() / (A.norm(dim=1).sum() * w.norm())
            - (B @ w).sum() / (B.norm(dim=1).sum() * w.norm()),
            "You divided a group's sum of products by its sum of lengths, so long vectors count more. Divide each "
            "product by its own lengths, then take the mean.",
        ),
        Mistake(
            "one cosine",
            lambda w, A, B: _unit(A.mean(dim=0) - B.mean(dim=0)) @ _unit(w),
            "You took one cosine, with the difference of the groups' mean vectors. Take the cosine with each word, the "
            "mean in each group, and then the difference.",
        ),
        Mistake(
            "two means",
            lambda w, A, B: ((_unit(A) @ _unit(w)).mean(), (_unit(B) @ _unit(w)).mean()),
            "You returned the two means. Return their difference.",
        ),
        Mistake(
            "no mean",
            lambda w, A, B: _unit(A) @ _unit(w) - _unit(B) @ _unit(w),
            "You subtracted row from row. Take the mean of each group first: the groups may have different sizes.",
        ),
        Mistake(
            "divided by the larger group",
            lambda w, A, B: ((_unit(A) @ _unit(w)).sum() - (_unit(B) @ _unit(w)).sum()) / max(len(A), len(B)),
            "You divided both sums by the same number. Each group has a size of its own.",
        ),
    ],
)
