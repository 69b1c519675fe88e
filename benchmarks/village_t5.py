"""Pre-train the village's T5 of lesson 14 and store it; teach it its tasks, mixed."""

from benchmarks.bert_pretraining import NEW, SEEDS, card
from benchmarks.registry import benchmark
from benchmarks.timing import table
from course_lib import stored
from course_lib.device import Stopwatch
from course_lib.recipes import village_t5, village_t5_tasks

HEADER = ("", *(f"seed {seed}" for seed in SEEDS))


@benchmark(
    village_t5.NAME, "pre-train a T5 of the village on three seeds, store the first", minutes=6, long=True
)
def pretrain() -> None:
    rows = []
    for seed in SEEDS:
        with Stopwatch() as watch:
            model, history = village_t5.train(seed=seed, progress=False)
        full = village_t5.grammatical_share(model.eval(), 2000, NEW)
        stored.round_trip_half(model)
        scores = {
            "grammatical infills": village_t5.grammatical_share(model, 2000, NEW),
            "… in single precision": full,
            "CPU-seconds": watch.seconds,
        }
        rows.append(scores)
        print(f"seed {seed}: " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items()), flush=True)
        if seed == SEEDS[0]:
            facts = card(
                village_t5.NAME,
                village_t5.CONFIGURATION,
                model,
                history,
                watch.seconds,
                data=f"{village_t5.CONFIGURATION.sentences:,} of the village's sentences",
                scores={key: round(value, 3) for key, value in scores.items()},
            )
            stored.store(village_t5.NAME, model, facts)
    print(table(HEADER, [(key, *(f"{row[key]:.3f}" for row in rows)) for key in rows[0]]))


@benchmark(
    village_t5_tasks.NAME, "teach it six tasks at once on three seeds, store the first", minutes=12, long=True
)
def learn_tasks() -> None:
    rows, c = [], village_t5_tasks.CONFIGURATION
    for seed in SEEDS:
        begun = village_t5.load() if seed == SEEDS[0] else village_t5.train(seed=seed, progress=False)[0]
        with Stopwatch() as watch:
            model, history = village_t5_tasks.train(seed=seed, model=begun, progress=False)
        stored.round_trip_half(model)
        scores = village_t5_tasks.scores(model.eval(), seed=NEW) | {"CPU-seconds": watch.seconds}
        rows.append(scores)
        print(f"seed {seed}: " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items()), flush=True)
        if seed == SEEDS[0]:
            facts = card(
                village_t5_tasks.NAME,
                c,
                model,
                history,
                watch.seconds,
                data=f"{sum(c.examples.values()):,} examples of {len(c.examples)} tasks of the village, mixed",
                scores={key: round(value, 3) for key, value in scores.items()},
            )
            stored.store(village_t5_tasks.NAME, model, facts)
    print(table(HEADER, [(key, *(f"{row[key]:.3f}" for row in rows)) for key in rows[0]]))
