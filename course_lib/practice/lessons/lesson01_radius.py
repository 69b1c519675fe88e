"""Lesson 01: a matrix with a given spectral radius."""

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _radius(W: Tensor) -> Tensor:
    return torch.linalg.eigvals(W).abs().max()


def _radius_cases() -> list[tuple]:
    generator = seeded(5)
    return [
        (torch.tensor([[0.25, 0.0], [0.0, 0.5]]), 1.0),  # the largest eigenvalue is not the first
        (torch.tensor([[0.0, -0.9], [0.9, 0.0]]), 0.3),  # eigenvalues ±0.9i
        (torch.tensor([[0.2, 5.0], [0.0, 0.1]]), 1.0),  # a large norm and a small radius
        (torch.diag(torch.tensor([-2.0, 1.0])), 1.0),  # the largest eigenvalue is negative
        (torch.randn(7, 7, generator=generator), 1.5),
        (torch.tensor([[0.0, -2.0], [0.5, 0.0]]), 0.5),  # eigenvalues ±i; a vector grows and shrinks in turn
    ]


def _by_power_iteration(W: Tensor, rho: float) -> Tensor:
    vector = torch.ones(len(W))
    for _ in range(100):
        vector = W @ vector
        vector = vector / vector.norm()
    return W * (rho / (W @ vector).norm())


def _in_place(W: Tensor, rho: float) -> Tensor:
    return W.mul_(rho / _radius(W))


def _by_the_complex_one(W: Tensor, rho: float) -> Tensor:
    eigenvalues = torch.linalg.eigvals(W)
    return W * rho / eigenvalues[eigenvalues.abs().argmax()]


def _every_eigenvalue(W: Tensor, rho: float) -> Tensor:
    eigenvalues, vectors = torch.linalg.eig(W)
    return (vectors * (rho * eigenvalues / eigenvalues.abs()) @ torch.linalg.inv(vectors)).real


WITH_RADIUS = Exercise(
    id="01.with_radius",
    title="A matrix with a given spectral radius",
    reference=lambda W, rho: W * (rho / _radius(W)),
    cases=_radius_cases,
    properties=[
        has_shape("Is the result as large as W?"),
        matches_reference(
            "Is a diagonal matrix with the eigenvalues 0.25 and 0.5 doubled for rho = 1?", cases=0
        ),
        matches_reference("Does a negative eigenvalue count by its absolute value?", cases=3),
        matches_reference("Do complex eigenvalues, ±0.9i, count by their absolute value?", cases=1),
        matches_reference("And where a vector that follows W grows and shrinks in turn?", cases=5),
        matches_reference("Does the largest eigenvalue decide, not the size of the entries?", cases=2),
        holds(
            "Is the spectral radius of the result rho?",
            lambda scaled, W, rho: (
                abs(float(_radius(scaled)) - rho) < 1e-3 * rho
                or f"its spectral radius is {float(_radius(scaled)):.3f}."
            ),
        ),
        matches_reference("Is every entry multiplied by the same factor?"),
    ],
    hints=[
        "If you multiply a matrix by 2, what happens to its eigenvalues?",
        "All eigenvalues scale with the matrix. So the factor is rho divided by the present spectral radius.",
        "`torch.linalg.eigvals(W)` returns the eigenvalues, complex numbers; take `.abs()` and then the largest.",
    ],
    mistakes=[
        Mistake(
            "real part only",
            lambda W, rho: W * (rho / torch.linalg.eigvals(W).real.abs().max()),
            "You took the real part of the eigenvalues. A pair such as ±0.9i rotates a vector and has real part 0, "
            "but its absolute value is 0.9.",
        ),
        Mistake(
            "largest, not largest in absolute value",
            lambda W, rho: W * (rho / torch.linalg.eigvals(W).real.max()),
            "You took the largest real part. The spectral radius is the largest absolute value, so −2 beats 1.",
        ),
        Mistake(
            "first eigenvalue",
            lambda W, rho: W * (rho / torch.linalg.eigvals(W)[0].abs()),
            "You took the first eigenvalue; eigvals returns them in no particular order, so take the largest .abs().",
        ),
        Mistake(
            "spectral norm",
            lambda W, rho: W * (rho / torch.linalg.matrix_norm(W, 2)),
            "You divided by the spectral norm, the largest singular value: the most that one multiplication can "
            "stretch a vector. The radius is what happens per multiplication in the long run.",
        ),
        Mistake(
            "Frobenius norm",
            lambda W, rho: W * (rho / W.norm()),
            "You divided by the Frobenius norm, the root of the sum of all squared entries. It says nothing about "
            "eigenvalues.",
        ),
        Mistake(
            "multiplied by rho",
            lambda W, rho: W * rho,
            "You multiplied by rho without dividing by the radius that W has already.",
        ),
        Mistake(
            "upside down",
            lambda W, rho: W * (_radius(W) / rho),
            "Your factor is upside down: divide rho by the present radius.",
        ),
        Mistake(
            "radius 1",
            lambda W, rho: W / _radius(W),
            "You scaled to radius 1 and did not use rho.",
        ),
        Mistake(
            "as if symmetric",
            lambda W, rho: W * (rho / torch.linalg.eigvalsh(W).abs().max()),
            "eigvalsh is for symmetric matrices, and reads only half of W; take torch.linalg.eigvals.",
        ),
        Mistake(
            "largest entry",
            lambda W, rho: W * (rho / W.abs().max()),
            "You divided by the largest entry of W; the radius belongs to its eigenvalues.",
        ),
        Mistake(
            "diagonal",
            lambda W, rho: W * rho / W.diagonal().abs().max(),
            "You took the diagonal for the eigenvalues; that holds only where the entries on one side of it are 0.",
        ),
        Mistake(
            "mean eigenvalue",
            lambda W, rho: W * (rho / torch.linalg.eigvals(W).abs().mean()),
            "You divided by the mean of the absolute eigenvalues; the radius is the largest.",
        ),
        Mistake(
            "as for a random matrix",
            lambda W, rho: W * rho / (W.std() * len(W) ** 0.5),
            "std · √n is the radius that a large random matrix has on average; W has its own, from its eigenvalues.",
        ),
        Mistake(
            "only made smaller",
            lambda W, rho: W * min(1.0, rho / float(_radius(W))),
            "You only shrink a radius that is too large; one that is too small has to grow to rho as well.",
        ),
        Mistake(
            "squared",
            lambda W, rho: W * (rho / _radius(W)) ** 2,
            "Your factor is squared; eigenvalues scale exactly as the matrix does.",
        ),
        Mistake(
            "power iteration",
            _by_power_iteration,
            "You followed one vector; with complex eigenvalues its growth does not settle. Take torch.linalg.eigvals.",
        ),
        Mistake(
            "complex factor",
            _by_the_complex_one,
            "You divided by the complex eigenvalue itself; divide by its absolute value, .abs().",
        ),
        Mistake(
            "in place",
            _in_place,
            "The factor is right, but you changed the caller's W; return a new matrix, W * factor.",
        ),
        Mistake(
            "smallest eigenvalue",
            lambda W, rho: W * (rho / torch.linalg.eigvals(W).abs().min()),
            "You divided by the smallest absolute eigenvalue; the radius is the largest.",
        ),
        Mistake(
            "every eigenvalue",
            _every_eigenvalue,
            "You gave every eigenvalue the absolute value rho, which makes another matrix; multiply W by one factor.",
        ),
    ],
)
