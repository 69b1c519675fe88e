"""Several tasks in one T5 of the village: each is a text with a prefix, and its answer is a text.

`python -m benchmarks village-t5-tasks` teaches the pre-trained model all of them at once, and stores it.

    sentiment: the soup was not good .                              →  negative
    acceptable: the keys near the cabinet is old .                  →  unacceptable
    correct: the keys near the cabinet is old .                     →  the keys near the cabinet are old .
    question: who lost the books ? context: maria lost the books .  →  maria
    translate: the keys were lost by tom in oslo .                  →  lost ( tom , the keys , in oslo )
    summarize: (a story of five sentences)                          →  tom found the keys and anna was happy .

What is right as it is stands among the sentences to correct as well: half of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.data import village
from course_lib.metrics import Rouge, rouge
from course_lib.models.transformer import T5
from course_lib.optimizers import Muon
from course_lib.recipes import village_t5
from course_lib.recipes.village_t5 import EOS_ID, PAD_ID, Words
from course_lib.stored import load_stored
from course_lib.text.padding import PairBatch, pair_batches
from course_lib.training import History, fit

NAME = "village-t5-tasks"


# How many examples of each task are mixed: more of those that take longest to learn.
MIXTURE = {
    "sentiment": 2048,
    "acceptable": 10_240,
    "correct": 8192,
    "question": 10_240,
    "translate": 8192,
    "summarize": 4096,
}


@dataclass(frozen=True)
class Configuration:
    """How the pre-trained model learns all tasks at once.

    Seed 0, 150 CPU-seconds, exact answers: sentiment 1.000, acceptable 0.998, correct 0.944, question 0.862, translate
    0.928, summarize 0.734. The last four copy from their source, and have not converged.
    """

    examples: dict[str, int] = field(default_factory=MIXTURE.copy)
    batch: int = 64
    steps: int = 1900
    lr: float = 0.01
    adamw_lr: float = 0.01
    warm_up: int = 20


CONFIGURATION = Configuration()


class Example(NamedTuple):
    """What the model reads, prefix included, and the answer, as words."""

    source: Words
    target: Words


def _sentiment(n: int, generator: torch.Generator) -> list[Example]:
    found = village.opinions(n, generator)
    return [Example(("sentiment:", *sentence.words), (sentence.sentiment,)) for sentence in found]


def _acceptable(n: int, generator: torch.Generator) -> list[Example]:
    found = village.acceptability(n, generator)
    return [Example(("acceptable:", *words), ("acceptable" if good else "unacceptable",)) for words, good in found]


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


def _translate(n: int, generator: torch.Generator) -> list[Example]:
    """Sentences that tell one event, in any of its wordings; the notation has one order for all of them."""
    found: list[Example] = []
    while len(found) < n:
        for sentence in village.tales(n - len(found) + 20, generator):
            told = village.events_of(sentence)
            if len(told) == 1 and len(found) < n:
                wordings = told[0].wordings()
                chosen = wordings[int(torch.randint(len(wordings), (1,), generator=generator))]
                found.append(Example(("translate:", *chosen), in_notation(told[0])))
    return found


def in_notation(event: village.Event) -> Words:
    """What was done, then in brackets who did it, what to, and as far as it is told to whom and where.

    Every wording of an event has one and the same notation: tom lost the keys in oslo, the keys were lost by tom …
    """
    parts = [event.agent, event.theme]
    parts += [("to", *event.recipient)] if event.recipient else []
    parts += [("in", *event.place)] if event.place else []
    inside = [word for part in parts for word in (",", *part)][1:]
    return (*event.act, "(", *inside, ")")


def _summarize(n: int, generator: torch.Generator) -> list[Example]:
    found = village.stories(n, generator)
    return [Example(("summarize:", *story.words), story.summary) for story in found]


TASKS: dict[str, Callable[[int, torch.Generator], list[Example]]] = {
    "sentiment": _sentiment,
    "acceptable": _acceptable,
    "correct": _correct,
    "question": _question,
    "translate": _translate,
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


def mixed(mixture: Mapping[str, int] = MIXTURE, seed: int | torch.Generator = 0) -> list[Example]:
    """Fresh examples, so many of each task, task after task."""
    generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
    return [example for task, n in mixture.items() for example in examples(task, n, generator)]


def loss_by_example(model: T5, batch: PairBatch) -> Tensor:
    """The loss of pre-training, in nats, with every example worth the same, however long its answer is.

    The mean over all tokens would make a translation of ten words worth ten answers of one.
    """
    logits = model(batch.source, batch.source_lengths, batch.target_in)  # (batch, target_len, vocab_size)
    asked = batch.target_out != PAD_ID
    # cross_entropy wants the classes second: (batch, target_len, vocab_size) → (batch, vocab_size, target_len)
    losses = F.cross_entropy(logits.transpose(1, 2), batch.target_out, reduction="none") * asked
    return (losses.sum(1) / asked.sum(1)).mean()


def fine_tune(
    model: T5,
    data: Sequence[Example],
    *,
    steps: int,
    seed: int = 0,
    batch: int = CONFIGURATION.batch,
    lr: float = CONFIGURATION.lr,
    adamw_lr: float = CONFIGURATION.adamw_lr,
    warm_up: int = CONFIGURATION.warm_up,
    **options,
) -> History:
    """Go on training with examples, of one task or of several mixed, by `loss_by_example`.

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
        loss_by_example,
        steps=steps,
        warm_up=warm_up,
        make_optimizer=make_optimizer,
        **options,
    )


def train(
    *,
    seed: int = 0,
    device="cpu",
    model: T5 | None = None,
    configuration: Configuration = CONFIGURATION,
    **options,
) -> tuple[T5, History]:
    """One model for all tasks, mixed; the same again for the same seed.

    Args:
        model: where to begin, which is changed; None: the stored pre-trained one.
        options: as in `village_t5.train`.
    """
    model = (village_t5.load(seed) if model is None else model).to(device)
    settings = asdict(configuration)
    data = mixed(settings.pop("examples"), seed)
    return model, fine_tune(model, data, seed=seed, **settings, **options)


def load() -> T5:
    """The stored model that does all tasks, in training mode."""
    model = village_t5.load(pre_trained=False)
    load_stored(NAME, model)
    return model


def scores(model: T5, n: int = 500, seed: int = 1_000_003) -> dict[str, float]:
    """On n fresh examples of each task: the share of exact answers; for summaries ROUGE-L as well, and lead-1's."""
    found = {}
    for task in TASKS:
        data = examples(task, n, seed)
        written = answers(model, data)
        found[task] = exact_share(written, data)
        if task == "summarize":
            found["ROUGE-L"] = summary_scores(written, data).rougeL
            found["ROUGE-L of lead-1"] = summary_scores([first_sentence(one) for one in data], data).rougeL
    return found


def first_sentence(story: Example) -> Words:
    """Lead-1: the first sentence of an example's story."""
    return story.source[1 : story.source.index(".") + 1]


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
