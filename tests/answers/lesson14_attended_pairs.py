"""Lesson 14, exercise 6: who attends to whom."""

import torch

from answers import right, wrong

ID = "14.attended_pairs"


def gauss(n):
    return n * (n + 1) // 2


@right(ID)
def sums(source_len, target_len):
    return (
        source_len * source_len,
        sum(range(1, target_len + 1)),
        source_len * target_len,
        sum(range(1, source_len + target_len + 1)),
    )


@right(ID)
def counted_masks(source_len, target_len):
    def causal(n):
        return int(torch.ones(n, n).tril().sum())

    return source_len**2, causal(target_len), target_len * source_len, causal(source_len + target_len)


@right(ID)
def loops(source_len, target_len):
    n = source_len + target_len
    encoder = sum(1 for _ in range(source_len) for _ in range(source_len))
    decoder = sum(1 for q in range(target_len) for k in range(target_len) if k <= q)
    cross = sum(1 for _ in range(target_len) for _ in range(source_len))
    return encoder, decoder, cross, sum(q + 1 for q in range(n))


@right(ID)
def a_list(source_len, target_len):
    return [source_len**2, gauss(target_len), source_len * target_len, gauss(source_len + target_len)]


@right(ID)
def whole_floats(source_len, target_len):
    n = source_len + target_len
    return (
        source_len**2,
        int(target_len * (target_len + 1) / 2),
        source_len * target_len,
        int(n * (n + 1) / 2),
    )


@right(ID)
def half_of_the_square_and_the_diagonal(source_len, target_len):
    def causal(n):
        return (n * n - n) // 2 + n

    return source_len**2, causal(target_len), source_len * target_len, causal(source_len + target_len)


@right(ID)
def the_stack_from_its_parts(source_len, target_len):
    decoder, cross = gauss(target_len), source_len * target_len
    return source_len**2, decoder, cross, gauss(source_len) + decoder + cross


@right(ID)
def a_recursion(source_len, target_len):
    def causal(n):
        return n + causal(n - 1) if n else 0

    n = source_len + target_len
    return (
        source_len * source_len,
        gauss(target_len),
        target_len * source_len,
        gauss(n) if n > 50 else causal(n),
    )


@right(ID)
def triangles_of_indices(source_len, target_len):
    def causal(n):
        return torch.tril_indices(n, n).shape[1]

    return source_len**2, causal(target_len), source_len * target_len, causal(source_len + target_len)


@right(ID)
def masks_compared(source_len, target_len):
    at = torch.arange(source_len + target_len)
    stack = (at[None, :] <= at[:, None]).sum().item()
    own = torch.arange(target_len)
    return source_len**2, (own[None, :] <= own[:, None]).sum().item(), source_len * target_len, stack


@wrong(ID, named="encoder causal")
def causal_everywhere(source_len, target_len):
    return gauss(source_len), gauss(target_len), source_len * target_len, gauss(source_len + target_len)


@wrong(ID, named="decoder without a mask")
def the_decoder_sees_all(source_len, target_len):
    return source_len**2, target_len**2, source_len * target_len, gauss(source_len + target_len)


@wrong(ID, named="one stack in two parts")
def two_texts(source_len, target_len):
    return source_len**2, gauss(target_len), source_len * target_len, gauss(source_len) + gauss(target_len)


@wrong(ID, named="one stack with a free source")
def a_prefix_model(source_len, target_len):
    parts = source_len**2, gauss(target_len), source_len * target_len
    return *parts, sum(parts)


@wrong(ID, named="not to itself")
def without_the_diagonal(source_len, target_len):
    n = source_len + target_len
    return source_len**2, target_len * (target_len - 1) // 2, source_len * target_len, n * (n - 1) // 2
