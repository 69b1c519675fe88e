"""The BERT of the village to half its depth, on three seeds: what it keeps, and how much faster it reads."""

from functools import partial

import torch

from benchmarks.bert_pretraining import EVERY, NEW, SEEDS, card
from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib import stored
from course_lib.data import village
from course_lib.device import Stopwatch
from course_lib.models.transformer import BertForPreTraining
from course_lib.recipes import distil_village, village_bert, village_probes

BOUND = 1.7  # times as fast


@benchmark("village-distilled", "half the village's BERT from the whole, three seeds", minutes=7, long=True)
def run() -> None:
    teacher = distil_village.teacher()
    kinds = {
        "agreement": _strange(misleading=None),
        "… past a misleading noun": _strange(misleading=True),
        "pronoun": village.minimal_pairs("pronoun", 1000, NEW),
    }
    columns = {"teacher": _scores(teacher, kinds)}
    print(f"teacher: {columns['teacher']}", flush=True)
    for seed in SEEDS:
        with Stopwatch() as watch:
            student, history = distil_village.train(seed=seed, progress=False)
        stored.round_trip_half(student)
        scores = _scores(student, kinds) | {"times as fast": _speed(teacher, student), "CPU-seconds": watch.seconds}
        columns[f"seed {seed}"] = scores
        print(f"seed {seed}: {scores}", flush=True)
        if seed == SEEDS[0]:
            facts = card(
                distil_village.NAME,
                distil_village.CONFIGURATION,
                student,
                history,
                watch.seconds,
                data=f"{distil_village.CONFIGURATION.pairs:,} pairs of the village's sentences",
                scores={key: round(value, 3) for key, value in scores.items()},
            )
            stored.store(distil_village.NAME, student, facts)
    rows = [(key, *(f"{column.get(key, float('nan')):.3f}" for column in columns.values())) for key in scores]
    print(table(("", *columns), rows))
    slowest = min(column.get("times as fast", BOUND) for column in columns.values())
    print(f"times as fast ≥ {BOUND}: {'✓' if slowest >= BOUND else '✗'}; training losses are means of {EVERY} steps")


def _strange(misleading: bool | None) -> list[village.MinimalPair]:
    pairs = village.minimal_pairs("agreement", 1000, NEW, village.TEXTS, misleading)
    return village_probes.with_strangers(pairs, NEW)


def _scores(model: BertForPreTraining, kinds: dict[str, list[village.MinimalPair]]) -> dict[str, float]:
    masked = village_probes.masked_score(model, 1500, NEW)
    return {
        "masked accuracy": masked.accuracy,
        "nats above the floor": masked.loss - masked.floor,
        "next sentence": village_probes.next_sentence_accuracy(model, village.next_sentence_pairs(2000, NEW)),
        **{name: village_probes.accuracy(model, pairs) for name, pairs in kinds.items()},
    }


@torch.inference_mode()
def _speed(teacher: BertForPreTraining, student: BertForPreTraining) -> float:
    """How many times as fast the student reads a batch of 64 pairs."""
    pairs = village.next_sentence_pairs(2000, NEW)
    batch, _ = next(village_bert.sentence_batches(pairs, 64, torch.Generator().manual_seed(0)))
    models = {"teacher": teacher.bert, "student": student.bert.eval()}
    seconds = interleaved({name: partial(model, **batch.arguments()) for name, model in models.items()}, 31)
    return seconds["teacher"] / seconds["student"]
