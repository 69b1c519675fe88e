"""Fresh cases, from a seed that the teacher keeps, for the exercises whose own cases are written out by hand.

Where a lesson draws its cases at random, `course_lib.practice.cases.varied` draws others; these are the rest.
"""

import dataclasses
import random
from collections.abc import Callable

import torch

from course_lib.practice import Exercise
from course_lib.practice.cases import variant
from course_lib.practice.lessons.lesson04_language import Language

N_CASES = 6
Draw = random.Random


def exercise_with_fresh_cases(exercise: Exercise) -> Exercise:
    """The exercise with hidden cases behind its own, inside `varied`; unchanged outside."""
    draw = _DRAWN.get(exercise.id)
    if draw is None or not variant():
        return exercise

    def cases() -> list[tuple]:
        rng = random.Random(f"{variant()} {exercise.id}")
        return [*exercise.cases(), *(draw(rng) for _ in range(N_CASES))]

    return dataclasses.replace(exercise, cases=cases)


def _letters(rng: Draw, low: int, high: int, alphabet: str = "abc") -> list[str]:
    return [rng.choice(alphabet) for _ in range(rng.randint(low, high))]


def _counted_words(rng: Draw) -> dict[tuple[str, ...], int]:
    return {tuple(_letters(rng, 1, 6)): rng.randint(1, 9) for _ in range(rng.randint(2, 6))}


def _merges(rng: Draw) -> tuple[str, list[tuple[str, str]]]:
    parts, merges = list("abc"), []
    for _ in range(rng.randint(1, 5)):
        pair = (rng.choice(parts), rng.choice(parts))
        if pair not in merges:
            merges.append(pair)
            parts.append("".join(pair))
    return "".join(_letters(rng, 1, 9)), merges


def _pieces(rng: Draw) -> tuple[str, list[str]]:
    word = "".join(_letters(rng, 3, 7))
    vocabulary = [*"abc", *(f"##{letter}" for letter in "abc")]
    for _ in range(4):
        start = rng.randrange(len(word))
        part = word[start : start + rng.randint(1, 4)]
        vocabulary.append(part if start == 0 else f"##{part}")
    return word, list(dict.fromkeys(vocabulary))


def _tags(rng: Draw) -> list[str]:
    tags = []
    for _ in range(rng.randint(3, 8)):
        kind, new = rng.choice(["PER", "LOC"]), rng.random() < 0.5
        goes_on = bool(tags) and tags[-1] != "O"
        tags.append(
            rng.choice(["O", f"B-{kind}", f"B-{kind}" if new or not goes_on else f"I-{tags[-1][2:]}"])
        )
    return tags


def _piece_labels(rng: Draw) -> tuple[list[int], list[int]]:
    n_words = rng.randint(1, 4)
    words = (
        [-1] + [word for word in range(n_words) for _ in range(rng.randint(1, 3))] + [-1] * rng.randint(1, 3)
    )
    return words, [rng.randint(0, 8) for _ in range(n_words)]


def _by_table(rng: Draw) -> tuple[Callable, int, int, int, int]:
    """A step for greedy search: scores from a table by symbol and number of steps."""
    seed, vocab_size = rng.random(), rng.randint(5, 9)

    def step(symbol, state):
        own = random.Random(f"{seed} {symbol} {state}")
        return [own.gauss(0.0, 1.0) for _ in range(vocab_size)], state + 1

    bos, eos = rng.sample(range(vocab_size), 2)
    return step, 0, bos, eos, rng.randint(1, 12)


def _search(rng: Draw) -> tuple:
    language = Language({}, vocab_size=rng.randint(4, 6), eos=1, seed=rng.randrange(10**9))
    return language, (), 0, 1, rng.randint(1, 4), rng.randint(3, 6), rng.choice([0.0, 0.5, 1.0])


def _targets(rng: Draw) -> tuple[torch.Tensor, int, float]:
    vocab_size = rng.randint(3, 9)
    ids = torch.tensor([rng.randrange(vocab_size) for _ in range(rng.randint(1, 5))])
    return ids, vocab_size, rng.choice([0.05, 0.1, 0.25, 0.4])


def _heads(rng: Draw) -> tuple[torch.Tensor, int]:
    """Numbers that tell batch, token and feature, as the exercise's properties read them."""
    batch, time, n_heads = rng.randint(1, 3), rng.randint(1, 5), rng.randint(1, 3)
    features = torch.arange(n_heads * rng.randint(1, 3), dtype=torch.float32)
    tokens = 10.0 * torch.arange(time)[:, None] + features  # (time, features)
    return 100.0 * torch.arange(batch)[:, None, None] + tokens, n_heads  # (batch, time, features)


def _sentences(rng: Draw) -> tuple[list[str], list[str], int]:
    return _letters(rng, 1, 8), _letters(rng, 1, 8), rng.randint(1, 3)


def _sequences(rng: Draw, n: int) -> list[list[int]]:
    return [[rng.randint(5, 60) for _ in range(rng.randint(1, 6))] for _ in range(n)]


def _loss(rng: Draw) -> tuple[float, int, int]:
    n_tokens = rng.randint(50, 5000)
    return rng.uniform(0.5, 6.0), n_tokens, n_tokens * rng.randint(1, 5) + rng.randint(0, 40)


def _folds(rng: Draw) -> tuple[int, int]:
    k = rng.randint(2, 6)
    return rng.randint(k, 30), k


_DRAWN: dict[str, Callable[[Draw], tuple]] = {
    "00.steps_to_half": lambda rng: (round(rng.uniform(0.3, 0.995), 3),),
    "02.forget_bias": lambda rng: (rng.randint(2, 200), round(rng.uniform(0.05, 0.95), 2)),
    "02.n_parameters": lambda rng: (rng.randint(1, 99), rng.randint(1, 99), rng.randint(1, 4)),
    "04.beam_search": _search,
    "04.clipped_precision": _sentences,
    "04.greedy_decode": _by_table,
    "04.shift_target": lambda rng: (*_sequences(rng, 1), rng.randint(0, 2), rng.randint(3, 4)),
    "06.causal_mask": lambda rng: (rng.randint(1, 40),),
    "06.sinusoid": lambda rng: (rng.randint(0, 500), 2 * rng.randint(1, 16)),
    "06.split_heads": _heads,
    "07.smooth_targets": _targets,
    "08.n_parameters": lambda rng: (
        rng.randint(1, 500),
        rng.randint(1, 99),
        4 * rng.randint(1, 16),
        rng.randint(1, 8),
    ),
    "09.bits_per_character": _loss,
    "09.count_pairs": lambda rng: (_counted_words(rng),),
    "09.cut_by_merges": _merges,
    "09.longest_first": _pieces,
    "09.merge_pair": lambda rng: (_letters(rng, 1, 9), (rng.choice("abc"), rng.choice("abc"))),
    "09.pair_input": lambda rng: (*_sequences(rng, 2), rng.randint(1, 2), rng.randint(3, 4)),
    "09.train_bpe": lambda rng: (_counted_words(rng), rng.randint(1, 12)),
    "11.entities": lambda rng: (_tags(rng),),
    "11.folds": _folds,
    "11.piece_labels": _piece_labels,
}
