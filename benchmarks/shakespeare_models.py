"""Train the two character models of lesson 02, measure them, and store them with their cards."""

from dataclasses import asdict

import torch

from benchmarks.cards import training_curve
from benchmarks.registry import benchmark
from course_lib import stored
from course_lib.device import Stopwatch
from course_lib.losses import text_loss
from course_lib.models.size import n_parameters
from course_lib.recipes import shakespeare

SEED, EVERY = 0, 20  # the card keeps the mean training loss of every twenty steps


def run(name: str, seed: int = SEED, keep: bool = True) -> None:
    """Train one model; store it if `keep`, else only print what it is worth."""
    configuration = shakespeare.CONFIGURATIONS[name]
    corpus, looking, watch = shakespeare.Corpus(), Stopwatch(), Stopwatch()

    def validate(model) -> float:
        with looking:
            loss = text_loss(model, corpus.ids["validation"])
        print(f"validation loss {loss:.4f}", flush=True)
        return loss

    every = configuration.steps // 10
    with watch:
        model, history = shakespeare.train(
            name, corpus, seed=seed, validate=validate, validate_every=every, progress=False
        )
    seconds = watch.seconds - looking.seconds
    stored.round_trip_half(model)
    losses = shakespeare.losses(model, corpus)
    sizes = ", ".join(f"{len(corpus.texts[split]):,} {split}" for split in ("train", "validation", "test"))
    facts = {
        "command": f"python -m benchmarks {name}",
        "configuration": asdict(configuration),
        "data": f"tiny-shakespeare, characters: {sizes}",
        "loss": {split: round(loss, 4) for split, loss in losses.items()},
        "parameters": n_parameters(model),
        "seconds": round(seconds),
        "seconds_of": "CPU time of one thread, validation not counted",
        "seed": seed,
        "steps": history.steps,
        "torch": torch.__version__,
        **training_curve(history, EVERY),
        "validation_loss": [[step, round(loss, 4)] for step, loss in history.validation],
    }
    if keep:
        stored.store(name, model, facts)
    print(
        f"{name}, seed {seed}: {facts['parameters']:,} parameters, {losses}, {seconds:.0f} CPU-seconds.",
        flush=True,
    )


for _name in shakespeare.CONFIGURATIONS:
    benchmark(_name, f"train and store {_name} (characters of Shakespeare)", minutes=12, long=True)(
        lambda name=_name: run(name)
    )
