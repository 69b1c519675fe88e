"""Pre-train the small BERTs of lesson 10: store them, and go from BERT's recipe to ours step by step."""

from dataclasses import asdict

from benchmarks.cards import training_curve
from benchmarks.registry import benchmark
from benchmarks.timing import table
from course_lib import stored
from course_lib.data import village
from course_lib.device import Stopwatch
from course_lib.models.size import n_parameters
from course_lib.recipes import village_bert, village_probes, wikitext_bert

SEEDS = (0, 1, 2)
NEW = 1_000_003  # the seed of what is measured on: no training reaches it
EVERY = 10


def card(name: str, configuration, model, history, seconds: float, **facts) -> dict:
    return {
        "command": f"python -m benchmarks {name}",
        "configuration": asdict(configuration),
        "parameters": n_parameters(model),
        "seconds": round(seconds),
        "seconds_of": "CPU time of one thread",
        "seed": SEEDS[0],
        "steps": history.steps,
        **training_curve(history, EVERY),
        **facts,
    }


@benchmark(
    "village-bert", "pre-train a BERT of the village on three seeds, store the first", minutes=8, long=True
)
def pretrain_village() -> None:
    strange = village_probes.with_strangers
    kinds = {
        "agreement": strange(village.minimal_pairs("agreement", 1000, NEW, village.TEXTS), NEW),
        "… past a misleading noun": strange(
            village.minimal_pairs("agreement", 1000, NEW, village.TEXTS, True), NEW
        ),
        "reflexive": strange(village.minimal_pairs("reflexive", 1000, NEW, village.TEXTS), NEW),
        "pronoun": village.minimal_pairs("pronoun", 1000, NEW),
    }
    pairs, rows = village.next_sentence_pairs(2000, NEW), []
    for seed in SEEDS:
        with Stopwatch() as watch:
            model, history = village_bert.train(seed=seed, progress=False)
        stored.round_trip_half(model)
        scores = {name: village_probes.accuracy(model, found) for name, found in kinds.items()}
        scores["next sentence"] = village_probes.next_sentence_accuracy(model, pairs)
        masked = village_probes.masked_score(model, 1500, NEW)
        antecedents, distractors = village_probes.head_scores(model, kinds["… past a misleading noun"][:300])
        head = antecedents.argmax()
        scores["masked accuracy"] = masked.accuracy
        scores["nats above the floor"] = masked.loss - masked.floor
        scores["a head's weight on the noun"] = antecedents.flatten()[head].item()
        scores["… on the misleading one"] = distractors.flatten()[head].item()
        scores["CPU-seconds"] = watch.seconds
        rows.append(scores)
        print(f"seed {seed}: " + ", ".join(f"{key} {value:.3f}" for key, value in scores.items()), flush=True)
        if seed == SEEDS[0]:
            facts = card(
                village_bert.NAME,
                village_bert.CONFIGURATION,
                model,
                history,
                watch.seconds,
                data=f"{village_bert.CONFIGURATION.pairs:,} pairs of the village's sentences",
                scores={key: round(value, 3) for key, value in scores.items()},
            )
            stored.store(village_bert.NAME, model, facts)
    header = ("", *(f"seed {seed}" for seed in SEEDS))
    print(table(header, [(key, *(f"{row[key]:.3f}" for row in rows)) for key in rows[0]]))
    print(f"best possible masked accuracy {masked.best_accuracy:.3f}, unigram {masked.unigram_accuracy:.3f}")


@benchmark("wikitext-bert", "pre-train a small BERT on WikiText-2 and store it", minutes=5, long=True)
def pretrain_wikitext() -> None:
    corpus = wikitext_bert.Corpus()
    with Stopwatch() as watch:
        model, history = wikitext_bert.train(corpus, progress=False)
    stored.round_trip_half(model)
    loss, accuracy, unigram = wikitext_bert.held_out_score(model, corpus, wikitext_bert.CONFIGURATION.time)
    facts = card(
        wikitext_bert.NAME,
        wikitext_bert.CONFIGURATION,
        model,
        history,
        watch.seconds,
        data=f"wikitext-2, {len(corpus.train):,} word pieces; scores on {len(corpus.held_out):,} held back",
        held_out={"loss": round(loss, 3), "accuracy": round(accuracy, 3), "unigram": round(unigram, 3)},
        vocabulary=list(corpus.tokenizer.symbols),
    )
    stored.store(wikitext_bert.NAME, model, facts)
    print(
        f"{facts['parameters']:,} parameters, {watch.seconds:.0f} CPU-seconds: {loss:.3f} nats, "
        f"accuracy {accuracy:.3f} (commonest piece: {unigram:.3f}); stored"
    )


@benchmark("bert-recipes", "from BERT's recipe to ours on WikiText-2, step by step", minutes=13, long=True)
def compare_recipes() -> None:
    corpus, rows = wikitext_bert.Corpus(), []
    for name, configuration in wikitext_bert.RECIPES.items():
        with Stopwatch() as watch:
            model, _ = wikitext_bert.train(corpus, configuration=configuration, progress=False)
        loss, accuracy, unigram = wikitext_bert.held_out_score(model, corpus, configuration.time)
        rows.append((name, f"{loss:.3f}", f"{accuracy:.3f}", f"{watch.seconds:.0f}"))
        print(
            f"{name}: {loss:.3f} nats, accuracy {accuracy:.3f}, {watch.seconds:.0f} CPU-seconds", flush=True
        )
    print(
        f"\n{len(corpus.train):,} word pieces; the commonest piece is right in {unigram:.3f} of the cases\n"
    )
    print(table(("", "loss (nats)", "accuracy", "CPU-seconds"), rows))
