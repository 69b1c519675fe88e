"""Recipes and the cards of what they trained: data, sizes, smoothing, optimiser, steps, schedule and seed agree."""

import inspect
from dataclasses import asdict
from functools import cache, partial

import pytest
import torch
from torch import nn

from course_lib import stored
from course_lib.models.recurrent import LSTM
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.models.size import n_parameters
from course_lib.recipes import (
    bottleneck,
    cures,
    distil_village,
    multi30k,
    multi30k_transformer,
    shakespeare,
    village_bert,
    village_t5,
    wikitext_bert,
)
from course_lib.training import History, fit, learning_rate


@cache
def captions():
    return multi30k.Corpus()


@cache
def articles():
    return wikitext_bert.Corpus(stored.card(wikitext_bert.NAME)["vocabulary"])


@cache
def plays():
    return shakespeare.Corpus()


# name → (the recipe's module, its configuration, its training, which options of `fit` its card speaks of)
TRANSLATOR = {"lr": "lr", "warm_up": "warm_up"}
RECIPES = {
    **{
        name: (
            multi30k,
            multi30k.CONFIGURATIONS[name],
            lambda name=name: partial(multi30k.train, name, captions()),
            TRANSLATOR,
        )
        for name in multi30k.MODELS
    },
    multi30k_transformer.NAME: (
        multi30k_transformer,
        multi30k_transformer.SMALL,
        lambda: partial(multi30k_transformer.train, captions()),
        {**TRANSLATOR, "weight_decay": "weight_decay"},
    ),
    village_bert.NAME: (
        village_bert,
        village_bert.CONFIGURATION,
        lambda: village_bert.train,
        {"warm_up": "warm_up"},
    ),
    distil_village.NAME: (
        distil_village,
        distil_village.CONFIGURATION,
        lambda: distil_village.train,
        {"warm_up": "warm_up"},
    ),
    village_t5.NAME: (
        village_t5,
        village_t5.CONFIGURATION,
        lambda: village_t5.train,
        {"warm_up": "warm_up"},
    ),
    wikitext_bert.NAME: (
        wikitext_bert,
        wikitext_bert.CONFIGURATION,
        lambda: partial(wikitext_bert.train, articles()),
        TRANSLATOR,
    ),
    **{
        name: (
            shakespeare,
            configuration,
            lambda name=name: partial(shakespeare.train, name, plays()),
            TRANSLATOR,
        )
        for name, configuration in shakespeare.CONFIGURATIONS.items()
    },
}
# lr is that of the matrices, adamw_lr that of all others.
BY_MUON = (village_bert.NAME, distil_village.NAME, village_t5.NAME)
# What the cards do not say, since each recipe has it; an option that is named neither here nor there is not passed.
ALSO = {wikitext_bert.NAME: {"weight_decay": 0.01}}


class Call:
    """What a recipe hands to `fit`, which does not run."""

    def __init__(self, module, train, monkeypatch, **options):
        monkeypatch.setattr(module, "fit", self)
        train(**options)

    def __call__(self, model, batches, loss, **options):
        self.model, self.batches, self.loss, self.options = model, batches, loss, options
        return History()


def test_every_stored_model_has_its_recipe_here():
    assert sorted(RECIPES) == stored.names()


@pytest.mark.parametrize("name", RECIPES)
def test_a_card_agrees_with_its_recipe(name, monkeypatch):
    module, configuration, train, told = RECIPES[name]
    card = stored.card(name)
    assert card["configuration"] == asdict(configuration)
    assert card["command"] == f"python -m benchmarks {name}"
    call = Call(module, train(), monkeypatch, seed=card["seed"])
    make_optimizer = call.options.pop("make_optimizer", None)
    expected = {option: card["configuration"][key] for option, key in told.items()}
    assert call.options == {"steps": card["steps"], **expected, **ALSO.get(name, {})}
    assert n_parameters(call.model) == card["parameters"]
    assert {part.p for part in call.model.modules() if isinstance(part, nn.Dropout)} <= {
        card["configuration"].get("dropout", 0.0)
    }
    batch = next(iter(call.batches))
    first = batch[0] if isinstance(batch[0], torch.Tensor) else batch[0][0]
    assert first.shape[0] == card["configuration"]["batch"]
    uses_muon = name in BY_MUON or card["configuration"].get("optimizer") == "muon"
    assert (make_optimizer is not None) == uses_muon
    if uses_muon:
        c = card["configuration"]
        groups = make_optimizer(call.model).param_groups
        rates = (c["lr"], c["adamw_lr"]) if name in BY_MUON else (c["muon_lr"], c["lr"])
        assert tuple(group["lr"] for group in groups) == rates
        assert [group["by"] for group in groups] == ["muon", "adamw"]


def test_what_no_card_says_is_the_default_of_fit():
    defaults = {name: value.default for name, value in inspect.signature(fit).parameters.items()}
    expected = {
        "schedule": "cosine",
        "minimum": 0.02,
        "clip_norm": 1.0,
        "betas": (0.9, 0.99),
        "weight_decay": 0.0,
    }
    assert {name: defaults[name] for name in expected} == expected
    assert learning_rate(3400, 3400, 1.0) == pytest.approx(0.02)


@pytest.mark.parametrize("name", multi30k.MODELS)
def test_a_translator_is_initialised_as_its_card_says(name):
    """With a forget bias: that bias, and each gate's recurrent weights a rotation; else as torch.nn.LSTM."""
    forget_bias = stored.card(name)["configuration"]["forget_bias"]
    assert forget_bias == (1.0 if name == "multi30k-lstm" else None)
    layers = [part for part in multi30k.build(name, captions()).modules() if isinstance(part, LSTM)]
    assert len(layers) == 2
    for layer in layers:
        for suffix in layer.weight_names:
            weights = layer.weights(suffix)
            if forget_bias is None:
                assert weights.hh.abs().max() <= layer.hidden_size**-0.5
                continue
            for block in weights.hh.chunk(4):
                torch.testing.assert_close(block @ block.T, torch.eye(layer.hidden_size), atol=1e-5, rtol=0)
            assert (weights.bias.chunk(4)[1] == forget_bias).all()


@pytest.mark.parametrize("name", RECIPES)
def test_the_first_steps_are_those_of_the_card(name):
    """Data, order, initialisation, dropout, loss and seed: one that differs shows in the losses."""
    card = stored.card(name)
    # A BERT's first loss is that of a guess, whatever it is asked; a translator's step takes a third of a second.
    every, points = card["training_loss_every"], 1 if name.startswith("multi30k") else 2
    _, history = RECIPES[name][2]()(seed=card["seed"], stop_after=points * every, progress=False)
    means = torch.tensor(history.losses).view(points, every).mean(dim=1).tolist()
    assert means == pytest.approx(card["training_loss"][:points], abs=0.005)


@pytest.mark.parametrize("name", [*multi30k.MODELS, multi30k_transformer.NAME])
def test_a_translator_s_card_tells_its_data(name):
    card, corpus = stored.card(name), captions()
    n_train, n_test = len(corpus.sentences["train"]), len(corpus.sentences["test"])
    assert (
        card["data"] == f"multi30k-de-en, {n_train:,} training pairs; BLEU on the {n_test:,} of the 2016 test"
    )
    assert card["vocabulary"] == [len(corpus.source_vocabulary), len(corpus.target_vocabulary)]


def test_a_bert_s_card_tells_its_data():
    corpus, card = articles(), stored.card(wikitext_bert.NAME)
    told = f"wikitext-2, {len(corpus.train):,} word pieces; scores on {len(corpus.held_out):,} held back"
    assert card["data"] == told and len(card["vocabulary"]) == wikitext_bert.CONFIGURATION.vocab_size
    card = stored.card(village_bert.NAME)
    assert card["data"] == f"{village_bert.CONFIGURATION.pairs:,} pairs of the village's sentences"


def test_a_t5_s_card_tells_its_data():
    card = stored.card(village_t5.NAME)
    assert card["data"] == f"{village_t5.CONFIGURATION.sentences:,} of the village's sentences"


@pytest.mark.parametrize("name", shakespeare.CONFIGURATIONS)
def test_a_character_model_s_card_tells_its_data(name):
    sizes = ", ".join(f"{len(text):,} {split}" for split, text in plays().texts.items())
    assert stored.card(name)["data"] == f"tiny-shakespeare, characters: {sizes}"
    assert plays().texts["test"].startswith("Master:\nBoatswain!")
    assert "PROSPERO" not in plays().texts["train"] + plays().texts["validation"]


@pytest.mark.parametrize("name", [*multi30k.MODELS, multi30k_transformer.NAME])
def test_a_translator_s_loss_is_smoothed_as_its_card_says(name, monkeypatch):
    module, _, train, _ = RECIPES[name]
    call = Call(module, train(), monkeypatch)
    smoothing = stored.card(name)["configuration"].get("label_smoothing", 0.0)
    batch = next(iter(call.batches))
    sure = 10.0 * nn.functional.one_hot(batch.target_out)  # certain of what is right: smoothing costs most
    found, told, plain = (
        loss(lambda *_: sure, batch).item()
        for loss in (
            call.loss,
            partial(teacher_forced_loss, label_smoothing=smoothing),
            partial(teacher_forced_loss, label_smoothing=0.05),
        )
    )
    assert found == told and abs(found - plain) > 0.05
    assert smoothing == (0.1 if name == multi30k_transformer.NAME else 0)


@pytest.mark.parametrize(
    "module", [multi30k_transformer, wikitext_bert, village_bert, village_t5, bottleneck, shakespeare]
)
def test_a_recipe_hands_on_what_it_is_asked(module, monkeypatch):
    train = {
        multi30k_transformer: lambda **options: multi30k_transformer.train(captions(), **options),
        wikitext_bert: lambda **options: wikitext_bert.train(articles(), **options),
        village_bert: village_bert.train,
        village_t5: village_t5.train,
        shakespeare: lambda **options: shakespeare.train("shakespeare-rnn", plays(), **options),
        bottleneck: lambda **options: bottleneck.train(bottleneck.build(), **options),
    }[module]
    asked = {"stop_after": 3, "validate_every": 2, "checkpoint": "a.safetensors", "progress": False}
    call = Call(module, train, monkeypatch, **asked)
    assert asked.items() <= call.options.items()


def test_the_bottleneck_is_trained_with_its_constants(monkeypatch):
    call = Call(bottleneck, partial(bottleneck.train, bottleneck.build()), monkeypatch)
    constants = {"steps": bottleneck.STEPS, "lr": bottleneck.LR, "warm_up": bottleneck.WARM_UP}
    assert call.options == {**constants, "bf16": False}, "in float32 on a GPU too"
    batch = next(iter(call.batches))
    assert batch.source.shape[0] == bottleneck.BATCH and call.loss is teacher_forced_loss
    assert torch.equal(batch.target_in[:, 1:], batch.source)  # write it again


@pytest.mark.parametrize("name", cures.CURES)
def test_a_cure_is_trained_as_the_stored_scores_say(name, monkeypatch):
    card, cure = stored.measurement(cures.NAME), cures.CURES[name]
    data = cures.draw(1)[0][:40]
    call = Call(cures, partial(cures.learn, data, 0, **cure), monkeypatch)
    c, options = card["configuration"], dict(call.options)
    validate = options.pop("validate", None)
    expected = {key: c[key] for key in ("steps", "lr", "warm_up")}
    expected |= {"weight_decay": cure.get("weight_decay", 0.0), "progress": False}
    if "patience" in cure:
        expected |= {"patience": cure["patience"], "validate_every": c["look_every"]}
    assert options == expected and (validate is not None) == ("patience" in cure)
    inputs, labels = next(iter(call.batches))
    assert inputs.ids.shape[0] == labels.shape[0] == c["batch"]
    assert (
        f"{cures.N_LABELS} labelled sentences" in card["data"] and f"{cures.N_UNSEEN} unseen" in card["data"]
    )
    assert f"{cures.N_FOLDS} folds" in card["data"]
