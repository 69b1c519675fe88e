"""Several tasks in one T5 of the village: each is a text with a prefix, and its answer is a text.

    sentiment: the soup was not good .                              →  negative
    correct: the keys near the cabinet is old .                     →  the keys near the cabinet are old .
    question: who lost the books ? context: maria lost the books .  →  maria
    summarize: (a story of five sentences)                          →  tom found the keys and anna was happy .

What is right as it is stands among the sentences to correct as well: half of them.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch

from course_lib.data import village
from course_lib.metrics import Rouge, rouge
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.models.transformer import T5
from course_lib.optimizers import Muon
from course_lib.recipes import village_t5
from course_lib.recipes.village_t5 import EOS_ID, PAD_ID, Words
from course_lib.text.padding import pair_batches
from course_lib.training import History, fit


class Example(NamedTuple):
    """What the model reads, prefix included, and the answer, as words."""

    source: Words
    target: Words


def _sentiment(n: int, generator: torch.Generator) -> list[Example]:
    found = village.opinions(n, generator)
    return [Example(("sentiment:", *sentence.words), (sentence.sentiment,)) for sentence in found]


def _correct(n: int, generator: torch.Generator) -> list[Example]:
    found = village.minimal_pairs("agreement", n, generator)
    wrong = (torch.rand(n, generator=generator) < 0.5).tolist()
    return [
        Example(("correct:", *(pair.bad if bad else pair.good)), pair.good)
        for pair, bad in zip(found, wrong, strict=True)
    ]


def _question(n: int, generator: torch.Generator) -> list[Example]:
    found = village.questions(n, generator)
    return [Example(("question:", *one.question, "context:", *one.context), one.answer) for one in found]


def _summarize(n: int, generator: torch.Generator) -> list[Example]:
    found = village.stories(n, generator)
    return [Example(("summarize:", *story.words), story.summary) for story in found]


TASKS: dict[str, Callable[[int, torch.Generator], list[Example]]] = {
    "sentiment": _sentiment,
    "correct": _correct,
    "question": _question,
    "summarize": _summarize,
}


def examples(task: str, n: int, seed: int | torch.Generator = 0) -> list[Example]:
    """Fresh examples of one of TASKS.

    Raises:
        ValueError: a task that there is not.
    """
    if task not in TASKS:
        raise ValueError(f"task is {task!r}; it must be one of {', '.join(TASKS)}.")
    return TASKS[task](n, seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed))


def fine_tune(
    model: T5,
    data: Sequence[Example],
    *,
    steps: int,
    seed: int = 0,
    batch: int = 32,
    lr: float = 0.005,
    adamw_lr: float = 1e-3,
    **options,
) -> History:
    """Go on training with examples, of one task or of several mixed, by the loss of pre-training.

    Args:
        options: handed to `course_lib.training.fit`.
    """
    pairs = [(village_t5.encode(one.source), village_t5.encode(one.target)) for one in data]
    generator = torch.Generator().manual_seed(seed)
    endless = pair_batches(
        pairs, batch, bos_id=PAD_ID, eos_id=EOS_ID, pad_id=PAD_ID, generator=generator, epochs=None
    )
    make_optimizer = partial(Muon, lr=lr, adamw_lr=adamw_lr)
    return fit(
        model,
        endless,
        teacher_forced_loss,
        steps=steps,
        warm_up=min(20, steps // 5),
        make_optimizer=make_optimizer,
        **options,
    )


def answers(model: T5, data: Sequence[Example]) -> list[list[str]]:
    """What the model writes for each example, as words."""
    written = village_t5.write(model, [village_t5.encode(one.source) for one in data])
    return [village_t5.decode(ids) for ids in written]


def exact_share(written: Sequence[Words], data: Sequence[Example]) -> float:
    """The share of answers that are the true ones, word for word."""
    return sum(tuple(one) == tuple(example.target) for one, example in zip(written, data, strict=True)) / len(data)


def summary_scores(written: Sequence[Words], data: Sequence[Example]) -> Rouge:
    """ROUGE of answers against the true ones."""
    return rouge([" ".join(words) for words in written], [" ".join(one.target) for one in data])
