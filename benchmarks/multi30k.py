"""Train the translators of lessons 04, 05 and 07, measure them, and store them with their cards."""

from dataclasses import asdict
from functools import partial

import torch
from torch import nn

from benchmarks.cards import training_curve
from benchmarks.gpu import Row, part
from benchmarks.registry import benchmark
from course_lib import stored
from course_lib.device import Stopwatch
from course_lib.metrics import bleu
from course_lib.models.size import n_parameters
from course_lib.recipes import multi30k, multi30k_transformer

SEED, EVERY = 0, 10  # the card keeps the mean training loss of every ten steps
# name → (how to train it, its configuration)
RECIPES = {
    **{name: (partial(multi30k.train, name), multi30k.CONFIGURATIONS[name]) for name in multi30k.MODELS},
    multi30k_transformer.NAME: (multi30k_transformer.train, multi30k_transformer.SMALL),
}


def run(name: str) -> None:
    train, configuration = RECIPES[name]
    corpus, looking, watch = multi30k.Corpus(), Stopwatch(), Stopwatch()

    def validate(model) -> float:
        with looking:
            loss = multi30k.validation_loss(model, corpus)
        print(f"validation loss {loss:.4f}", flush=True)
        return loss

    every = configuration.steps // 10
    with watch:
        model, history = train(corpus, seed=SEED, validate=validate, validate_every=every, progress=False)
    seconds = watch.seconds - looking.seconds
    stored.round_trip_half(model)
    scores, signature = test_scores(name, model, corpus)
    facts = {
        "bleu": scores,
        "bleu_signature": signature,
        "command": f"python -m benchmarks {name}",
        "configuration": asdict(configuration),
        "data": f"multi30k-de-en, {len(corpus.sentences['train']):,} training pairs; "
        f"BLEU on the {len(corpus.sentences['test']):,} of the 2016 test",
        "parameters": n_parameters(model),
        "seconds": round(seconds),
        "seconds_of": "CPU time of one thread, validation not counted",
        "seed": SEED,
        "steps": history.steps,
        "torch": torch.__version__,
        **training_curve(history, EVERY),
        "validation_loss": [[step, round(loss, 4)] for step, loss in history.validation],
        "vocabulary": [len(corpus.source_vocabulary), len(corpus.target_vocabulary)],
    }
    stored.store(name, model, facts)
    print(f"{name}: {facts['parameters']:,} parameters, {seconds:.0f} CPU-seconds, stored.")


def test_scores(name: str, model: nn.Module, corpus: multi30k.Corpus) -> tuple[dict[str, float], str]:
    """BLEU on the test split by greedy and by beam search, and what sacrebleu calls this way to measure it."""
    german, english = zip(*corpus.sentences["test"], strict=True)
    scores = {}
    for way, beam in (("greedy", 1), ("beam 5", 5)):
        with Stopwatch(next(model.parameters()).device) as watch:
            translated = multi30k.translate(model, corpus, german, beam=beam)
        score = bleu(translated, english)
        scores[way] = round(score.score, 2)
        print(
            f"{name}, {way}: BLEU {score.score:.2f} ({watch.seconds:.0f} {watch.unit})",
            flush=True,
        )
    return scores, score.signature


@part("multi30k-gpu", "the Transformer of pytorch-seq2seq's sizes (not stored)", minutes=4)
def full_rows(
    device: torch.device, *, configuration: multi30k_transformer.Configuration = multi30k_transformer.FULL
) -> list[Row]:
    corpus = multi30k.Corpus(configuration)
    with Stopwatch(device) as watch:
        model, history = multi30k_transformer.train(
            corpus, seed=SEED, device=device, configuration=configuration, progress=False
        )
    loss = multi30k.validation_loss(model, corpus)
    scores, _ = test_scores("multi30k-gpu", model, corpus)
    what = f"multi30k, {n_parameters(model):,} parameters, {history.steps:,} steps"
    return [
        Row(f"{what}, training", f"{watch.seconds:.0f} s"),
        Row(f"{what}, validation loss", f"{loss:.3f} nats"),
        *(Row(f"{what}, BLEU, {way}", f"{score:.2f}") for way, score in scores.items()),
    ]


for _name in RECIPES:
    benchmark(_name, f"train and store {_name} (German → English)", minutes=30, long=True)(
        lambda name=_name: run(name)
    )
