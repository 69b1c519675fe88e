"""Lesson 14, exercise 1: the bucket of a distance."""

import math

import numpy as np
import torch

from answers import right, wrong
from course_lib.models.attention import relative_position_bucket

ID = "14.bucket"


@right(ID)
def the_librarys(distance, n_buckets, max_distance):
    return int(
        relative_position_bucket(
            torch.tensor(distance), bidirectional=True, n_buckets=n_buckets, max_distance=max_distance
        )
    )


@right(ID)
def logarithms_to_base_two(distance, n_buckets, max_distance):
    half, exact, far = n_buckets // 2, n_buckets // 4, abs(distance)
    offset = half if distance > 0 else 0
    if far < exact:
        return offset + far
    steps = math.log2(far / exact) / math.log2(max_distance / exact) * (half - exact)
    return offset + min(exact + math.floor(steps), half - 1)


@right(ID)
def a_logarithm_with_a_base(distance, n_buckets, max_distance):
    half, exact, far = n_buckets // 2, n_buckets // 4, abs(distance)
    if far >= exact:
        far = exact + int((half - exact) * math.log(far / exact, max_distance / exact))
    return min(far, half - 1) + half * (distance > 0)


@right(ID)
def difference_of_logarithms(distance, n_buckets, max_distance):
    half, exact, far = n_buckets // 2, n_buckets // 4, abs(distance)
    number = far
    if far >= exact:
        share = (math.log(far) - math.log(exact)) / (math.log(max_distance) - math.log(exact))
        number = min(half - 1, int(exact + share * (half - exact)))
    if distance > 0:
        number += half
    return number


@right(ID)
def an_early_return_for_far_ones(distance, n_buckets, max_distance):
    half = n_buckets // 2
    start = half if distance > 0 else 0
    exact, far = half // 2, abs(distance)
    if far >= max_distance:
        return start + half - 1
    if far < exact:
        return start + far
    return start + exact + int(math.log(far / exact) / math.log(max_distance / exact) * (half - exact))


@right(ID)
def by_counting_borders(distance, n_buckets, max_distance):
    half, exact, far = n_buckets // 2, n_buckets // 4, abs(distance)
    if far < exact:
        number = far
    else:
        n = half - exact
        borders = [exact * (max_distance / exact) ** (k / n) for k in range(1, n)]
        number = exact + sum(far >= border for border in borders)
    return number + (half if distance > 0 else 0)


@right(ID)
def in_numpy(distance, n_buckets, max_distance):
    half, exact = n_buckets // 2, n_buckets // 4
    far = np.abs(distance)
    wide = exact + np.floor(np.log(max(far, 1) / exact) / np.log(max_distance / exact) * (half - exact))
    return int(np.where(far < exact, far, np.minimum(wide, half - 1)) + half * (distance > 0))


@right(ID)
def in_torch(distance, n_buckets, max_distance):
    half, exact = n_buckets // 2, n_buckets // 4
    far = torch.tensor(abs(distance), dtype=torch.float64)
    if far < exact:
        number = far.long()
    else:
        share = torch.log(far / exact) / math.log(max_distance / exact)
        number = (exact + (share * (half - exact)).long()).clamp(max=half - 1)
    return number.item() + half * int(distance > 0)


@right(ID)
def the_side_first(distance, n_buckets, max_distance):
    if distance > 0:
        return n_buckets // 2 + the_side_first(-distance, n_buckets, max_distance)
    n, d = n_buckets // 2, -distance
    e = n // 2
    return d if d < e else min(n - 1, e + int((n - e) * math.log(d / e) / math.log(max_distance / e)))


@right(ID)
def a_while_loop(distance, n_buckets, max_distance):
    half, exact, far = n_buckets // 2, n_buckets // 4, abs(distance)
    number = min(far, exact)
    factor, border = (max_distance / exact) ** (1 / (half - exact)), float(exact)
    while far >= exact and number < half - 1 and far >= border * factor:
        border *= factor
        number += 1
    return number + half if distance > 0 else number


def _of(far, half, exact, max_distance):
    return exact + int(math.log(far / exact) / math.log(max_distance / exact) * (half - exact))


@wrong(ID, named="sides exchanged")
def keys_before_in_the_second_half(distance, n_buckets, max_distance):
    return the_side_first(-distance, n_buckets, max_distance)


@wrong(ID, named="no sides")
def only_how_far(distance, n_buckets, max_distance):
    return the_side_first(-abs(distance), n_buckets, max_distance)


@wrong(ID, named="no cap")
def without_a_limit(distance, n_buckets, max_distance):
    half, exact, far = n_buckets // 2, n_buckets // 4, abs(distance)
    return (far if far < exact else _of(far, half, exact, max_distance)) + half * (distance > 0)


@wrong(ID, named="not halved")
def all_buckets_both_ways(distance, n_buckets, max_distance):
    far, exact = abs(distance), n_buckets // 2
    return far if far < exact else min(n_buckets - 1, _of(far, n_buckets, exact, max_distance))


@wrong(ID, named="rounded")
def to_the_nearest(distance, n_buckets, max_distance):
    half, exact, far = n_buckets // 2, n_buckets // 4, abs(distance)
    if far >= exact:
        far = min(
            half - 1, exact + round(math.log(far / exact) / math.log(max_distance / exact) * (half - exact))
        )
    return far + half * (distance > 0)


@wrong(ID, named="n_exact not added")
def wide_ones_from_zero(distance, n_buckets, max_distance):
    half, exact, far = n_buckets // 2, n_buckets // 4, abs(distance)
    if far >= exact:
        far = min(half - 1, _of(far, half, exact, max_distance) - exact)
    return far + half * (distance > 0)
