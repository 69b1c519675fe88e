"""Stored models: small, half precision, worth what their cards say; nothing half-written or unfitting is taken."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from course_lib import stored
from course_lib.metrics import bleu
from course_lib.models.size import n_parameters
from course_lib.recipes import multi30k, shakespeare

CARD = dict.fromkeys(stored.CARD_KEYS, "?")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    return tmp_path


# ---------------------------------------------------------------- storing


def test_weights_come_back_rounded_to_half(folder):
    model, other = nn.Linear(5, 3), nn.Linear(5, 3)
    stored.store("small", model, {**CARD, "score": 0.5})
    assert stored.names() == ["small"] and stored.card("small")["score"] == 0.5
    assert stored.load_stored("small", other)["score"] == 0.5
    torch.testing.assert_close(other.weight, model.weight.half().float(), rtol=0, atol=0)
    stored.round_trip_half(model)
    torch.testing.assert_close(other.weight, model.weight, rtol=0, atol=0)
    assert sorted(path.name for path in folder.iterdir()) == ["small.json", "small.safetensors"]


def test_what_does_not_fit_is_refused(folder, monkeypatch):
    model = nn.Linear(5, 3)
    with pytest.raises(ValueError, match="does not say: command"):
        stored.store("small", model, {key: "?" for key in stored.CARD_KEYS if key != "command"})
    monkeypatch.setattr(stored, "MAX_BYTES", 30)
    with pytest.raises(ValueError, match="36 bytes; at most 30"):
        stored.store("small", model, CARD)
    assert list(folder.iterdir()) == []


def test_a_measurement_is_a_card_without_weights(folder):
    facts = {**dict.fromkeys(stored.MEASUREMENT_KEYS, "?"), "scores": {"größe": [0.5]}}
    stored.store_measurement("tried", facts)
    assert stored.measurement("tried") == facts and stored.names() == []
    assert [path.name for path in folder.iterdir()] == ["tried.json"]
    with pytest.raises(ValueError, match="'tried' does not say: command"):
        stored.store_measurement("tried", {key: "?" for key in facts if key != "command"})
    stored.store("small", nn.Linear(5, 3), CARD)
    with pytest.raises(ValueError, match="'small' is a stored model"):
        stored.store_measurement("small", facts)
    for name in ("small", "../tried", "else"):
        with pytest.raises(stored.StoredError, match="no stored measurement .* there is: tried"):
            stored.measurement(name)
    assert stored.measurement("tried") == facts


def test_a_measurement_that_does_not_fit_the_disk_leaves_what_stood_there(small_disk, monkeypatch):
    monkeypatch.setattr(stored, "FOLDER", small_disk)
    facts = dict.fromkeys(stored.MEASUREMENT_KEYS, "?")
    stored.store_measurement("tried", facts)
    with pytest.raises(stored.StoredError, match="what stood there is untouched"):
        stored.store_measurement("tried", {**facts, "scores": "0" * 1_000_000})
    assert stored.measurement("tried") == facts and len(list(small_disk.iterdir())) == 1


def test_unknown_damaged_and_foreign_weights_are_named(folder):
    with pytest.raises(stored.StoredError, match="no stored model 'small'; there is: none yet"):
        stored.load_stored("small", nn.Linear(5, 3))
    stored.store("small", nn.Linear(5, 3), {**CARD, "command": "python -m somewhere"})
    with pytest.raises(stored.StoredError, match="(?s)do not fit this model.*python -m somewhere"):
        stored.load_stored("small", nn.Linear(4, 3))
    path = folder / "small.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(stored.StoredError, match="'small' are damaged"):
        stored.load_stored("small", nn.Linear(5, 3))


def test_a_full_disk_leaves_what_stood_there(small_disk, monkeypatch):
    monkeypatch.setattr(stored, "FOLDER", small_disk)
    stored.store("small", nn.Linear(5, 3), CARD)
    before = {path.name: path.read_bytes() for path in small_disk.iterdir()}
    with pytest.raises(stored.StoredError, match="what stood there is untouched"):
        stored.store("small", nn.Linear(500, 300), CARD)
    assert {path.name: path.read_bytes() for path in small_disk.iterdir()} == before


# ---------------------------------------------------------------- what is stored


@pytest.mark.parametrize("name", stored.names())
def test_each_stored_model_is_small_half_and_has_a_card(name):
    path = stored.FOLDER / f"{name}.safetensors"
    assert path.stat().st_size <= 1.01 * stored.MAX_BYTES
    weights = load_file(path)
    assert {value.dtype for value in weights.values()} == {torch.float16}
    card = stored.card(name)
    assert set(stored.CARD_KEYS) <= set(card)
    assert card["parameters"] == sum(value.numel() for value in weights.values())
    assert 0 < card["seconds"] <= 1800, "more than half an hour of CPU time"


def test_all_stored_models_together_are_at_most_40_mb():
    assert sum(path.stat().st_size for path in stored.FOLDER.iterdir() if path.is_file()) <= 40_000_000


@pytest.fixture(scope="module")
def corpus():
    return multi30k.Corpus()


@pytest.mark.slow
@pytest.mark.parametrize("name", multi30k.MODELS)
def test_the_translators_are_worth_what_their_cards_say(name, corpus):
    model = multi30k.build(name, corpus)
    card = stored.load_stored(name, model)
    assert n_parameters(model) == card["parameters"]
    assert card["vocabulary"] == [len(corpus.source_vocabulary), len(corpus.target_vocabulary)]
    assert multi30k.validation_loss(model.eval(), corpus) == pytest.approx(
        card["validation_loss"][-1][1], abs=0.02
    )
    german, english = zip(*corpus.sentences["test"], strict=True)
    score = bleu(multi30k.translate(model, corpus, german), english)
    assert score.score == pytest.approx(card["bleu"]["greedy"], abs=0.3)
    assert score.signature == card["bleu_signature"]


@pytest.mark.slow
@pytest.mark.parametrize("name", shakespeare.CONFIGURATIONS)
def test_the_character_models_are_worth_what_their_cards_say(name):
    plays = shakespeare.Corpus()
    model = shakespeare.build(name, plays)
    card = stored.load_stored(name, model)
    assert n_parameters(model) == card["parameters"]
    assert shakespeare.losses(model, plays) == pytest.approx(card["loss"], abs=0.002)


def test_the_character_models_are_of_one_size_and_differ_as_lesson_02_says():
    lstm, rnn = (stored.card(name) for name in shakespeare.CONFIGURATIONS)
    assert rnn["parameters"] == pytest.approx(lstm["parameters"], rel=0.02)
    assert lstm["steps"] == rnn["steps"]
    for (step, own), (other_step, other) in zip(lstm["validation_loss"], rnn["validation_loss"], strict=True):
        assert step == other_step and own < other - 0.02, "the LSTM is ahead on the play that was begun …"
    assert lstm["loss"]["test"] > rnn["loss"]["test"] - 0.02, "… and not on the new one"


# ---------------------------------------------------------------- the recipe


def test_the_first_steps_are_the_beginning_of_the_whole_training(corpus):
    (_, three), (_, five) = (
        multi30k.train("multi30k-attention", corpus, stop_after=steps, progress=False) for steps in (3, 5)
    )
    assert three.steps == 3 and five.steps == 5
    assert three.losses == pytest.approx(five.losses[:3], abs=1e-5)
    _, other = multi30k.train("multi30k-attention", corpus, seed=1, stop_after=3, progress=False)
    assert other.losses != pytest.approx(three.losses, abs=1e-5)


def test_translations_keep_the_order_of_the_sentences(corpus):
    model = multi30k.build("multi30k-attention", corpus)
    stored.load_stored("multi30k-attention", model)
    german = [sentence for sentence, _ in corpus.sentences["test"][:6]]
    one_by_one = [multi30k.translate(model, corpus, [sentence])[0] for sentence in german]
    assert multi30k.translate(model, corpus, german) == one_by_one
    assert all("<" not in sentence for sentence in one_by_one)


def test_a_name_without_a_recipe(corpus):
    with pytest.raises(ValueError, match="no recipe 'gpt': choose one of multi30k-lstm"):
        multi30k.build("gpt", corpus)
    with pytest.raises(ValueError, match="no recipe 'gpt': choose one of shakespeare-lstm, shakespeare-rnn"):
        shakespeare.build("gpt", shakespeare.Corpus())
