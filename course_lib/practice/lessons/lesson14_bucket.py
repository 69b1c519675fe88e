"""Lesson 14: the bucket of a distance, in both directions."""

import math

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference


def _version(
    *,
    after=lambda distance: distance > 0,
    halves=True,
    exact=2,
    whole=int,
    capped=True,
    cap=None,
    scale="log",
    offset="n_each",
    starts=True,
    signed=False,
):
    """The bucket; the options are the ways to get it wrong."""

    def bucket(distance, n_buckets, max_distance):
        n_each = n_buckets // 2 if halves else n_buckets
        n_exact = n_each // exact
        far = abs(distance) if not signed else max(-distance, 0)
        if far < n_exact:
            number = far
        else:
            share = {
                "log": lambda: math.log(far / n_exact) / math.log(max_distance / n_exact),
                "linear": lambda: (far - n_exact) / (max_distance - n_exact),
                "unscaled": lambda: math.log(far / n_exact),
                "not from exact": lambda: math.log(far) / math.log(max_distance),
                "far over max": lambda: math.log(far / n_exact) / math.log(max_distance),
                "quotient": lambda: far / max_distance,
            }[scale]()
            number = whole(share * (n_each - n_exact)) + (n_exact if starts else 0)
            if capped:
                number = min(number, cap(n_each, n_buckets) if cap else n_each - 1)
        if not halves:
            return number
        return number + (n_each if offset == "n_each" else n_exact if offset == "n_exact" else 0) * after(
            distance
        )

    return bucket


def _cases() -> list[tuple]:
    generator = seeded(141)

    def drawn(low: int, high: int, n_buckets: int, max_distance: int, n: int) -> list[tuple]:
        """Distances that are not on the border of a bucket, where rounding would decide."""
        found: list[tuple] = []
        n_each, n_exact = n_buckets // 2, n_buckets // 4
        while len(found) < n:
            far = int(torch.randint(low, high, (), generator=generator))
            place = math.log(far / n_exact) / math.log(max_distance / n_exact) * (n_each - n_exact)
            if abs(place - round(place)) > 0.02:
                sign = 1 if torch.rand((), generator=generator) < 0.5 else -1
                found += [(sign * far, n_buckets, max_distance)]
        return found

    return [
        (0, 32, 128),
        (-3, 32, 128),
        (3, 32, 128),
        (-7, 32, 128),
        (-8, 32, 128),
        (-9, 32, 128),
        (-13, 32, 128),
        (-50, 32, 128),
        (50, 32, 128),
        (-127, 32, 128),
        (-500, 32, 128),
        (500, 32, 128),
        (-5, 16, 32),
        (23, 16, 32),
        *drawn(9, 127, 32, 128, 6),
        *drawn(5, 40, 16, 32, 4),
        *drawn(17, 200, 64, 256, 4),
    ]


BUCKET = Exercise(
    id="14.bucket",
    title="The bucket of a distance",
    reference=_version(),
    cases=_cases,
    properties=[
        matches_reference("Is distance 0 in bucket 0?", cases=0),
        matches_reference("Is the third key before the query in bucket 3?", cases=1),
        matches_reference("Are keys after the query in the second half of the buckets?", cases=2),
        matches_reference("Do the distances below n_exact have a bucket each?", cases=3),
        matches_reference("Is n_exact itself in the first of the wider buckets?", cases=[4, 5]),
        matches_reference(
            "Do distances beyond n_exact share buckets that grow logarithmically?", cases=[6, 7, 8]
        ),
        matches_reference(
            "Are all distances from max_distance on in the last bucket of their half?", cases=[9, 10, 11]
        ),
        matches_reference(
            "Is it right for 16 buckets up to 32, and for other distances?", cases=range(12, 28)
        ),
    ],
    hints=[
        "Take −50 with 32 buckets. Which half is it in? How many buckets has that half, and how many of them "
        "are exact?",
        "n_each = n_buckets // 2 and n_exact = n_each // 2. Below n_exact the bucket is the distance itself; "
        "beyond it, the "
        "share log(far / n_exact) / log(max_distance / n_exact) of the remaining n_each − n_exact buckets is used up.",
        "`number = min(n_exact + int(share * (n_each - n_exact)), n_each - 1)` for far ones. Last, add "
        "n_each if distance > 0.",
    ],
    mistakes=[
        Mistake(
            "sides exchanged",
            _version(after=lambda distance: distance < 0),
            "You exchanged the sides. A distance is key − query: positive ones are after the query, and get "
            "the second half.",
        ),
        Mistake(
            "no sides",
            _version(offset="none"),
            "You did not tell the two sides apart. Keys after the query use the second half of the buckets.",
        ),
        Mistake(
            "zero after",
            _version(after=lambda distance: distance >= 0),
            "You put distance 0 into the second half; only distances above 0 are there.",
        ),
        Mistake(
            "not halved",
            _version(halves=False),
            "You gave both directions all the buckets. Each direction has n_buckets // 2 of them.",
        ),
        Mistake(
            "a causal bucket",
            _version(signed=True, offset="none"),
            "You put all keys after the query into bucket 0, as in a decoder. In an encoder they have the second half.",
        ),
        Mistake(
            "all exact",
            _version(exact=1, scale="linear"),
            "You gave every bucket one distance. Only the first half of a direction's buckets, n_each // 2, are exact.",
        ),
        Mistake(
            "offset of the exact ones",
            _version(offset="n_exact"),
            "You added n_exact for keys after the query; add n_each, the number of buckets of one direction.",
        ),
        Mistake(
            "linear",
            _version(scale="linear"),
            "You widened nothing: your far buckets have equal widths. Take the logarithm of far / n_exact.",
        ),
        Mistake(
            "linear from 0",
            _version(scale="quotient"),
            "You used the share far / max_distance. Use log(far / n_exact) / log(max_distance / n_exact).",
        ),
        Mistake(
            "unscaled logarithm",
            _version(scale="unscaled"),
            "You left out the division by log(max_distance / n_exact), so the share is not 1 at max_distance.",
        ),
        Mistake(
            "logarithm of the distance",
            _version(scale="not from exact"),
            "You used log(far) / log(max_distance). The logarithmic part begins at n_exact: divide both by "
            "n_exact first.",
        ),
        Mistake(
            "n_exact missing below",
            _version(scale="far over max"),
            "You divided by log(max_distance); it is log(max_distance / n_exact), so that the share is 1 at "
            "max_distance.",
        ),
        Mistake(
            "rounded",
            _version(whole=round),
            "You rounded to the nearest bucket; cut the decimals off with int().",
        ),
        Mistake(
            "rounded up",
            _version(whole=math.ceil),
            "You rounded up; cut the decimals off with int().",
        ),
        Mistake(
            "decimals",
            _version(whole=float),
            "You kept the decimals; a bucket is a whole number: cut them off with int().",
        ),
        Mistake(
            "no cap",
            _version(capped=False),
            "You set no upper limit: distances from max_distance on leave their half. Take min(…, n_each − 1).",
        ),
        Mistake(
            "capped at n_each",
            _version(cap=lambda n_each, n_buckets: n_each),
            "Your upper limit is n_each. Buckets are counted from 0, so the last of a direction is n_each − 1.",
        ),
        Mistake(
            "n_exact not added",
            _version(starts=False),
            "You did not add n_exact to the far buckets, so they collide with the exact ones.",
        ),
    ],
)
