"""Lesson 13: the bytes of a key/value cache."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference


def _cache_bytes(n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number):
    return 2 * n_layers * n_kv_heads * d_head * n_tokens * bytes_per_number


def _times(change):
    """change(bytes, n_tokens, n_layers, n_kv_heads, d_head, bytes_per_number) → the wrong answer."""

    def cache_bytes(*sizes):
        return change(_cache_bytes(*sizes), *sizes)

    return cache_bytes


def _cases() -> list[tuple]:
    drawn = torch.randint(2, 100, (5,), generator=seeded(13)).tolist()
    return [
        (1, 1, 1, 1, 1),
        (7, 1, 1, 1, 1),
        (1, 5, 1, 1, 1),
        (1, 1, 3, 1, 1),
        (1, 1, 3, 64, 1),
        (1, 1, 1, 1, 4),
        (1, 1, 1, 1, 2),
        (100, 30, 3, 64, 4),
        (8192, 30, 3, 64, 2),
        tuple(drawn),
    ]


CACHE_BYTES = Exercise(
    id="13.cache_bytes",
    title="The cache of grouped heads",
    points=1,
    reference=_cache_bytes,
    cases=_cases,
    properties=[
        matches_reference(
            "With one token, layer, head, feature and byte: is it 2, a key and a value?", cases=0
        ),
        matches_reference("With seven tokens, is it seven times as much?", cases=1),
        matches_reference("Does every layer keep keys and values of its own?", cases=2),
        matches_reference("Does every key/value head keep a key and a value of its own?", cases=3),
        matches_reference("Does each key and each value have d_head numbers?", cases=4),
        matches_reference("Does each number take bytes_per_number bytes?", cases=[5, 6]),
        matches_reference("Is it right for SmolLM2, at 100 tokens and at 8,192?", cases=[7, 8]),
        matches_reference("Is it right for five other numbers?", cases=9),
    ],
    hints=[
        "What does one layer keep of one token, so that it need not be computed again?",
        "One token leaves a key and a value of d_head numbers in each key/value head of each layer.",
        "One token takes `2 * n_layers * n_kv_heads * d_head` numbers. How many tokens are there, and how many bytes "
        "does a number take?",
    ],
    mistakes=[
        Mistake(
            "half",
            _times(lambda b, *sizes: b // 2),
            "You counted keys or values. The cache keeps both: twice as much.",
        ),
        Mistake(
            "queries too",
            _times(lambda b, *sizes: b // 2 * 3),
            "You counted three: query, key and value. No later token needs a query again; only keys and values stay.",
        ),
        Mistake(
            "doubled twice",
            _times(lambda b, *sizes: b * 2),
            "You doubled twice. One factor of 2 is for key and value; bytes_per_number already counts the bytes.",
        ),
        Mistake(
            "one layer",
            _times(lambda b, n, layers, *rest: b // layers),
            "That is the cache of a single layer; every layer keeps its own.",
        ),
        Mistake(
            "one token",
            _times(lambda b, n, *rest: b // n),
            "Those are the bytes of a single token; the conversation has n_tokens.",
        ),
        Mistake(
            "one head",
            _times(lambda b, n, layers, heads, *rest: b // heads),
            "That is one key/value head; each of the n_kv_heads keeps keys and values of its own.",
        ),
        Mistake(
            "one number a head",
            _times(lambda b, n, layers, heads, d, size: b // d),
            "You counted one number for each key and value; it has d_head of them.",
        ),
        Mistake(
            "numbers",
            _times(lambda b, n, layers, heads, d, size: b // size),
            "Those are numbers, not bytes: multiply by bytes_per_number.",
        ),
        Mistake(
            "bits",
            _times(lambda b, *sizes: b * 8),
            "You multiplied by 8, which gives bits; the answer is in bytes.",
        ),
        Mistake(
            "taken for bits",
            _times(lambda b, *sizes: b // 8),
            "You divided by 8, but bytes_per_number is in bytes already.",
        ),
        *(
            Mistake(
                name,
                _times(lambda b, *sizes, unit=unit: b / unit),
                f"You divided by {text}, which gives {name}; the answer is in bytes.",
            )
            for name, unit, text in (
                ("kilobytes", 1000, "1,000"),
                ("kibibytes", 1024, "1,024"),
                ("megabytes", 10**6, "1,000,000"),
                ("mebibytes", 1024**2, "1,024²"),
                ("gigabytes", 10**9, "1,000,000,000"),
                ("gibibytes", 1024**3, "1,024³"),
            )
        ),
        *(
            Mistake(
                f"always {size} bytes",
                _times(lambda b, n, layers, heads, d, given, size=size: b // given * size),
                f"You wrote {size} bytes a number; use bytes_per_number.",
            )
            for size in (2, 4)
        ),
        Mistake(
            "heads plus features",
            _times(lambda b, n, layers, heads, d, size: 2 * n * layers * (heads + d) * size),
            "You added n_kv_heads and d_head. Each head has d_head numbers: multiply.",
        ),
        Mistake(
            "d_head for d_model",
            _times(lambda b, n, layers, heads, d, size: 2 * n * layers * (d // heads) * size),
            "You divided d_head by the heads, as if it were d_model. It is the width of one head already: multiply.",
        ),
        Mistake(
            "attention maps",
            _times(lambda b, n, layers, heads, d, size: n**2 * layers * heads * size),
            "You counted attention weights, n_tokens² of them. The cache keeps keys and values, d_head numbers each.",
        ),
        Mistake(
            "squared in the tokens",
            _times(lambda b, n, *rest: b * n),
            "Your answer grows with the square of n_tokens. Attention's work does; the cache has one key and one value "
            "for each token, whatever attends to it.",
        ),
        Mistake(
            "projection matrices",
            _times(lambda b, n, layers, heads, d, size: 2 * layers * (heads * d) ** 2 * size),
            "You counted the weights of the projections. The cache keeps what they compute for each token.",
        ),
        Mistake(
            "every step's cache added up",
            _times(lambda b, n, *rest: b * (n + 1) // 2),
            "You added up the caches of all steps. There is one cache: each step adds one token to it, and in the end "
            "it holds n_tokens.",
        ),
        Mistake(
            "one token less",
            _times(lambda b, n, *rest: b // n * (n - 1)),
            "You counted one token less. All n_tokens have left their keys and values.",
        ),
        Mistake(
            "text",
            _times(lambda b, *sizes: f"{b / 1e6:.1f} MB"),
            "You returned a text with a unit; return the number of bytes.",
        ),
        Mistake(
            "keys and values apart",
            _times(lambda b, *sizes: (b // 2, b // 2)),
            "You returned keys and values apart; return their sum.",
        ),
    ],
)
