"""Train the translators of lessons 04, 05 and 07, measure them, and store them with their cards."""

import time
from dataclasses import asdict
from functools import partial

import torch
from torch import nn

from benchmarks.registry import benchmark
from course_lib import stored
from course_lib.device import setup
from course_lib.metrics import bleu
from course_lib.models.size import n_parameters
from course_lib.recipes import multi30k, multi30k_transformer

SEED, EVERY = 0, 10  # the card keeps the mean training loss of every ten steps
# name → (how to train it, its configuration)
RECIPES = {
    **{name: (partial(multi30k.train, name), multi30k.CONFIGURATION) for name in multi30k.MODELS},
    multi30k_transformer.NAME: (multi30k_transformer.train, multi30k_transformer.SMALL),
}


def run(name: str) -> None:
    train, configuration = RECIPES[name]
    corpus, looking = multi30k.Corpus(), 0.0

    def validate(model) -> float:
        nonlocal looking
        start = time.process_time()
        loss = multi30k.validation_loss(model, corpus)
        looking += time.process_time() - start
        print(f"validation loss {loss:.4f}", flush=True)
        return loss

    start = time.process_time()
    every = configuration.steps // 10
    model, history = train(corpus, seed=SEED, validate=validate, validate_every=every, progress=False)
    seconds = time.process_time() - start - looking
    stored.round_trip_half(model)
    scores, signature = test_scores(name, model, corpus)
    losses = torch.tensor(history.losses)
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
        "training_loss": [
            round(x, 4) for x in losses[: len(losses) // EVERY * EVERY].view(-1, EVERY).mean(1).tolist()
        ],
        "training_loss_every": EVERY,
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
        begin = time.process_time()
        score = bleu(multi30k.translate(model, corpus, german, beam=beam), english)
        scores[way] = round(score.score, 2)
        print(
            f"{name}, {way}: BLEU {score.score:.2f} ({time.process_time() - begin:.0f} CPU-seconds)",
            flush=True,
        )
    return scores, score.signature


@benchmark(
    "multi30k-gpu",
    "the Transformer of pytorch-seq2seq's sizes, for a GPU (not stored)",
    minutes=10,
    long=True,
)
def run_full() -> None:
    device = setup(seed=SEED)
    if device.type == "cpu":
        raise SystemExit(
            "This recipe needs a GPU: on a CPU it takes some hours, and torch sees no accelerator here."
        )
    corpus = multi30k.Corpus(multi30k_transformer.FULL)
    start = time.perf_counter()
    model, history = multi30k_transformer.train(
        corpus, seed=SEED, device=device, configuration=multi30k_transformer.FULL
    )
    seconds = time.perf_counter() - start
    loss = multi30k.validation_loss(model, corpus)
    scores, _ = test_scores("multi30k-gpu", model, corpus)
    print(
        f"{n_parameters(model):,} parameters, {history.steps:,} steps, {seconds:.0f} s on {device}, validation loss "
        f"{loss:.3f}, BLEU {scores}"
    )


for _name in RECIPES:
    benchmark(_name, f"train and store {_name} (German → English)", minutes=30, long=True)(
        lambda name=_name: run(name)
    )
