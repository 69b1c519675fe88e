"""13.cache_bytes, answered from the prompt alone."""

import math
from fractions import Fraction

import numpy as np
import torch

from answers import right, wrong

ID = "13.cache_bytes"


@right(ID)
def keys_plus_values(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    keys = n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number
    values = keys
    return keys + values


@right(ID)
def product_of_all(*sizes):
    return 2 * math.prod(sizes)


@right(ID)
def product_of_numpy(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return np.prod([2, n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number], dtype=np.int64)


@right(ID)
def tensor_without_memory(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    layer = torch.empty(2, n_kv_heads, n_tokens, d_head, device="meta")
    return n_layers * layer.numel() * bytes_per_number


@right(ID)
def layer_by_layer(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    total = 0
    for _ in range(n_layers):
        for _ in ("k", "v"):
            for _ in range(n_kv_heads):
                total += n_tokens * d_head * bytes_per_number
    return total


@right(ID)
def bytes_of_one_token_first(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    of_one_token = 2 * n_kv_heads * d_head * n_layers * bytes_per_number
    return of_one_token * n_tokens


@right(ID)
def doubled_by_a_shift(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number << 1


@right(ID)
def a_whole_float(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2.0 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number


@right(ID)
def bits_divided_by_eight(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    bits = 2 * n_tokens * n_layers * n_kv_heads * d_head * 8 * bytes_per_number
    return bits // 8


@right(ID)
def a_tensor_of_one_number(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * torch.tensor([n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number]).prod()


@right(ID)
def from_the_width_of_keys_and_values(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    width = n_kv_heads * d_head + n_kv_heads * d_head
    return sum(width * bytes_per_number for _ in range(n_layers)) * n_tokens


@right(ID)
def a_fraction_made_whole(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return int(Fraction(n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number) / Fraction(1, 2))


@wrong(ID, named="half")
def keys_only(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number


@wrong(ID, named="queries too")
def queries_too(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 3 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number


@wrong(ID, named="one layer")
def one_layer(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_kv_heads * d_head * bytes_per_number


@wrong(ID, named="one token")
def one_token(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_layers * n_kv_heads * d_head * bytes_per_number


@wrong(ID, named="one head")
def one_head(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * d_head * bytes_per_number


@wrong(ID, named="one number a head")
def one_number_a_head(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * bytes_per_number


@wrong(ID, named="numbers")
def numbers_not_bytes(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head


@wrong(ID, named="bits")
def bits(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 8 * 2 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number


@wrong(ID, named="megabytes")
def megabytes(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number / 1e6


@wrong(ID, named="mebibytes")
def mebibytes(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number / 1024**2


@wrong(ID, named="kibibytes")
def kibibytes(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number / 1024


@wrong(ID, named="always 2 bytes")
def always_half_precision(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head * 2


@wrong(ID, named="always 4 bytes")
def always_single_precision(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head * 4


@wrong(ID, named="taken for bits")
def the_argument_taken_for_bits(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number // 8


@wrong(ID, named="heads plus features")
def heads_plus_features(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * (n_kv_heads + d_head) * bytes_per_number


@wrong(ID, named="d_head for d_model")
def d_head_taken_for_d_model(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * (d_head // n_kv_heads) * bytes_per_number


@wrong(ID, named="attention maps")
def attention_maps(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return n_tokens**2 * n_layers * n_kv_heads * bytes_per_number


@wrong(ID, named="squared in the tokens")
def squared_in_the_tokens(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens**2 * n_layers * n_kv_heads * d_head * bytes_per_number


@wrong(ID, named="projection matrices")
def projection_matrices(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_layers * (n_kv_heads * d_head) ** 2 * bytes_per_number


@wrong(ID, named="one token less")
def the_last_token_not_stored(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * (n_tokens - 1) * n_layers * n_kv_heads * d_head * bytes_per_number


@wrong(ID, named="doubled twice")
def doubled_twice(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 4 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number


@wrong(ID, named="text")
def text_with_a_unit(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return f"{2 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number / 1e6:.1f} MB"


@wrong(ID, named="keys and values apart")
def keys_and_values_apart(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    one = n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number
    return one, one


@wrong(ID)
def raised_to_the_bytes(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return (n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number) ** 2


@wrong(ID, named="gigabytes")
def gigabytes(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number / 1e9


@wrong(ID, named="gibibytes")
def gibibytes(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_tokens * n_layers * n_kv_heads * d_head * bytes_per_number / 2**30


@wrong(ID, named="every step's cache added up")
def caches_of_all_steps(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return sum(2 * n * n_layers * n_kv_heads * d_head * bytes_per_number for n in range(1, n_tokens + 1))
