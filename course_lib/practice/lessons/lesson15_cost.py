"""Lesson 15: bytes, operations and seconds of one pass through a model's weights."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


def _answer_cost(n_weights, bits, rows, gigabytes, gigaflops):
    n_bytes = n_weights * bits / 8
    operations = 2.0 * n_weights * rows
    return n_bytes, operations, max(n_bytes / (gigabytes * 1e9), operations / (gigaflops * 1e9))


def _version(
    *,
    size=lambda n_weights, bits, rows: n_weights * bits / 8,
    work=lambda n_weights, bits, rows: 2 * n_weights * rows,
    join=max,
    giga=1e9,
):
    """The three numbers; the options are the ways to get them wrong."""

    def answer_cost(n_weights, bits, rows, gigabytes, gigaflops):
        n_bytes, operations = size(n_weights, bits, rows), work(n_weights, bits, rows)
        return n_bytes, operations, join(n_bytes / (gigabytes * giga), operations / (gigaflops * giga))

    return answer_cost


def _cases() -> list[tuple]:
    drawn = torch.randint(2, 200, (4,), generator=seeded(150)).tolist()
    return [
        (1_000_000_000, 32, 1, 10.0, 100.0),
        (1_000_000_000, 32, 1000, 10.0, 100.0),
        (1_000_000_000, 4, 1, 10.0, 100.0),
        (134_000_000, 5, 1, 16.0, 75.0),
        (134_000_000, 5, 8, 16.0, 75.0),
        (drawn[0] * 1_000_000, 8, drawn[1], 5.0 + drawn[2], 50.0 + drawn[3]),
    ]


ANSWER_COST = Exercise(
    id="15.answer_cost",
    title="What a pass costs",
    points=1,
    reference=_answer_cost,
    parts=("bytes", "operations", "seconds"),
    cases=_cases,
    properties=[
        has_shape("Are there three numbers?"),
        matches_reference("Is it right for one row, where the memory is the limit?", cases=0),
        matches_reference("Is it right for 1,000 rows, where the arithmetic is the limit?", cases=1),
        matches_reference("Is it right for weights of 4 and of 5 bits?", cases=[2, 3]),
        matches_reference("Is it right for other numbers?", cases=[4, 5]),
    ],
    hints=[
        "Take a weight of 32 bits. How many bytes is it, and what is done with it for one row?",
        "Every weight is read once, whatever the number of rows. For each row it is multiplied once and added once. "
        "The slower of the two, memory and arithmetic, decides.",
        "Bytes: n_weights * bits / 8. Operations: 2 * n_weights * rows. Seconds: the max() of bytes over 1e9 * "
        "gigabytes and operations over 1e9 * gigaflops.",
    ],
    mistakes=[
        Mistake(
            "bits for bytes",
            _version(size=lambda n, bits, rows: n * bits),
            "You counted bits. A byte has 8 of them.",
        ),
        Mistake(
            "always four bytes",
            _version(size=lambda n, bits, rows: n * 4),
            "You gave every weight 4 bytes. That is float32; a weight has bits / 8 bytes.",
        ),
        Mistake(
            "whole bytes",
            _version(size=lambda n, bits, rows: n * max(bits // 8, 1)),
            "You gave every weight whole bytes. Two weights of 4 bits share one byte: bits / 8, not bits // 8.",
        ),
        Mistake(
            "bytes for each row",
            _version(size=lambda n, bits, rows: n * bits / 8 * rows),
            "You read the weights once for each row. One pass reads them once, and all rows use them.",
        ),
        Mistake(
            "multiplications alone",
            _version(work=lambda n, bits, rows: n * rows),
            "You counted multiplications alone. Each product is also added to a sum: 2 operations.",
        ),
        Mistake(
            "one row's operations",
            _version(work=lambda n, bits, rows: 2 * n),
            "You counted the operations of one row. Each row is multiplied with all the weights.",
        ),
        Mistake(
            "both added",
            _version(join=lambda a, b: a + b),
            "You added the two times. Memory and arithmetic work at the same time: the slower one decides.",
        ),
        Mistake(
            "the faster one",
            _version(join=min),
            "You took the smaller of the two times. The slower one decides: max().",
        ),
        Mistake(
            "memory alone",
            _version(join=lambda a, b: a),
            "Your seconds are those of the memory alone. With many rows the arithmetic takes longer.",
        ),
        Mistake(
            "arithmetic alone",
            _version(join=lambda a, b: b),
            "Your seconds are those of the arithmetic alone. With one row the memory takes longer.",
        ),
        Mistake(
            "no giga",
            _version(giga=1),
            "You left out the factor 1e9: gigabytes and gigaflops are in thousands of millions a second.",
        ),
        Mistake(
            "giga in powers of two",
            _version(giga=2**30),
            "You took 2**30 for a giga; here it is 1e9.",
        ),
    ],
)
