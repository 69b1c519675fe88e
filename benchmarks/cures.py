"""What cures overfitting on few labels: every cure of lesson 11 on five draws of 150 labelled sentences, stored."""

from benchmarks.registry import benchmark
from benchmarks.timing import table
from course_lib import stored
from course_lib.device import Stopwatch
from course_lib.recipes import cures

DRAWS = (1, 2, 3, 4, 5)


@benchmark(
    "cures",
    "cures of overfitting on five draws of labelled sentences; store the scores",
    minutes=10,
    long=True,
)
def compare_cures() -> None:
    watch, found = Stopwatch(), {name: [] for name in cures.CURES}
    for number in DRAWS:
        with watch:
            labelled, unseen = cures.draw(number)
        for name, cure in cures.CURES.items():
            with watch:
                scores = cures.scores(labelled, unseen, **cure)
            found[name].append({key: round(value, 4) for key, value in scores._asdict().items()})
            print(f"draw {number}, {name}: " + ", ".join(f"{value:.3f}" for value in scores), flush=True)
    stored.store_measurement(
        cures.NAME,
        {
            "command": f"python -m benchmarks {cures.NAME}",
            "configuration": cures.CONFIGURATION,
            "data": f"{cures.N_LABELS} labelled sentences of the village in {cures.N_FOLDS} folds, "
            f"{cures.N_UNSEEN} unseen ones; draws {DRAWS}",
            "scores": found,
            "seconds": round(watch.seconds),
        },
    )
    rows = [
        (name, *(f"{row['known']:.2f} {row['held_out']:.2f} {row['unseen']:.2f}" for row in rows))
        for name, rows in found.items()
    ]
    print(f"\nlearned from, held out, unseen; {watch.seconds:.0f} CPU-seconds\n")
    print(table(("", *(f"draw {number}" for number in DRAWS)), rows))
