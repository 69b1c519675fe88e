"""Labelled tasks of the village and the cures of overfitting: nothing leaks, each cure acts."""

import pytest
import torch
from torch import nn

from course_lib import stored
from course_lib.data import village
from course_lib.metrics import accuracy
from course_lib.models.transformer import BertForClassification
from course_lib.recipes import cures, village_bert
from course_lib.recipes.village_tasks import batches, bert, encoded, labels_of, logits_of


def words_of(data):
    return {tuple(words) for words, _ in data}


# ---------------------------------------------------------------- tasks with labels


def test_encoded_puts_sentences_and_pairs_side_by_side():
    ids, segments, lengths = encoded([["it", "ran", "."], (["it"], ["ran", "."])])
    assert lengths.tolist() == [5, 6] and segments.tolist() == [[0] * 6, [0, 0, 0, 1, 1, 1]]
    assert ids[0, 5] == village_bert.PAD_ID and ids[1].tolist().count(village_bert.SEP_ID) == 2


def test_batches_show_each_sentence_once_a_round_and_change_it_anew():
    data = [([word], number % 2) for number, word in enumerate(["it", "she", "he", "they", "the"])]
    stream = batches(data, 2, seed=0)
    for _ in range(3):
        (one, a), (two, b), (three, c) = next(stream), next(stream), next(stream)
        seen = {
            (row[1].item(), label.item())
            for part, labels in ((one, a), (two, b), (three, c))
            for row, label in zip(part.ids, labels, strict=True)
        }
        assert seen == {(village_bert.SYMBOLS.index(word), label) for (word,), label in data}
    changed = batches([(["anna"], 0)], 1, seed=0, change=cures.augmented)
    assert len({next(changed)[0].ids[0, 1].item() for _ in range(40)}) == 8  # all eight names


def test_bert_is_the_stored_one_or_a_fresh_one_of_the_same_shape():
    old, again, fresh, other = bert(0), bert(1), bert(0, pre_trained=False), bert(1, pre_trained=False)
    for key, value in old.state_dict().items():
        assert torch.equal(value, again.state_dict()[key])
    assert not torch.equal(old.token_embedding.weight, fresh.token_embedding.weight)
    assert not torch.equal(other.token_embedding.weight, fresh.token_embedding.weight)


def test_logits_are_those_of_evaluation_mode():
    data = [(["it", "ran", "."], 0), (["she"], 1)]
    model = BertForClassification(bert(0), 2, dropout=0.9).train()
    logits = logits_of(model, data)
    assert model.training and logits.shape == (2, 2) and not logits.requires_grad
    torch.testing.assert_close(logits_of(model, data[1:]), logits[1:])  # padding changes nothing
    assert labels_of(data).tolist() == [0, 1]


# ---------------------------------------------------------------- cures


@pytest.mark.parametrize("number", [1, 2, 3])
def test_no_unseen_sentence_has_a_label_and_no_label_is_given_twice(number):
    labelled, unseen = cures.draw(number)
    assert len(labelled) == len(words_of(labelled)) == cures.N_LABELS and len(unseen) == cures.N_UNSEEN
    assert not words_of(labelled) & words_of(unseen)
    for data in (labelled, unseen):
        share = sum(label for _, label in data) / len(data)
        assert 0.35 < share < 0.65
        assert all(village.JUDGING_WORDS.keys() & set(words) for words, _ in data)


def test_augmentation_keeps_what_judges():
    generator = torch.Generator().manual_seed(0)
    judging = set(village.JUDGING_WORDS) | {"not", "very", "never"}
    assert not judging & set(cures.ALIKE)
    for words, _ in cures.draw(1)[0]:
        other = cures.augmented(words, generator)
        assert len(other) == len(words)
        for old, new in zip(words, other, strict=True):
            assert new in cures.ALIKE.get(old, [old])
    assert set(cures.ALIKE) <= set(village.VOCABULARY)


def test_folds_hold_out_each_example_once():
    folds = cures.folds(7, 3)
    assert sorted(x for _, held_out in folds for x in held_out) == list(range(7))
    assert all(sorted(train + held_out) == list(range(7)) for train, held_out in folds)
    assert folds[1] == ([0, 2, 3, 5, 6], [1, 4])


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(cures, "CONFIGURATION", {**cures.CONFIGURATION, "steps": 12, "look_every": 2})


def test_each_cure_acts(short, monkeypatch):
    data = cures.draw(1)[0][:32]
    plain = cures.learn(data, 0)
    assert len(plain.bert.encoder.layers) == 2
    assert {part.p for part in plain.modules() if isinstance(part, nn.Dropout)} == {0.0}
    for cure in (dict(dropout=0.1), dict(weight_decay=3.0), dict(augment=True), dict(pre_trained=False)):
        assert not torch.equal(logits_of(cures.learn(data, 0, **cure), data), logits_of(plain, data)), cure
    assert torch.equal(logits_of(cures.learn(data, 0), data), logits_of(plain, data))
    noisy = cures.learn(data, 0, dropout=0.1)
    assert {part.p for part in noisy.modules() if isinstance(part, nn.Dropout)} == {0.1}
    with monkeypatch.context() as untrained:
        untrained.setattr(cures, "fit", lambda *_, **__: None)
        (kept,) = cures.learn(data, 0, layers=1).bert.encoder.layers
    for key, value in bert(0).encoder.layers[0].state_dict().items():  # the lower one, not the upper
        assert torch.equal(value, kept.state_dict()[key])

    trained_on, held_back = [], []
    original, original_fit = cures.batches, cures.fit
    monkeypatch.setattr(
        cures, "batches", lambda data, *rest: trained_on.extend(data) or original(data, *rest)
    )

    def spy(*args, validate, **options):
        monkeypatch.setattr(
            cures, "logits_of", lambda model, kept: held_back.extend(kept) or logits_of(model, kept)
        )
        return original_fit(*args, validate=validate, **options)

    monkeypatch.setattr(cures, "fit", spy)
    cures.learn(data, 0, patience=1)
    assert len(trained_on) == 24 and not words_of(trained_on) & words_of(held_back)
    assert words_of(held_back) == words_of(data[:8])


def test_early_stopping_judges_by_loss_or_by_accuracy(short, monkeypatch):
    # Three looks at four held-back sentences: the loss is best at the second, the accuracy at the third.
    sure, unsure = torch.tensor([9.0, 0.0]), torch.tensor([0.1, 0.0])
    looks = [
        torch.stack([unsure, unsure.flip(0), unsure.flip(0), unsure.flip(0)]),
        torch.stack([unsure, unsure, unsure.flip(0), unsure.flip(0)]),
        torch.stack([sure, sure, sure, sure.flip(0)]),
    ]
    data, right = [(words, 0) for words, _ in cures.draw(1)[0][:16]], torch.zeros(4, dtype=torch.int64)
    losses = [torch.nn.functional.cross_entropy(logits, right).item() for logits in looks]
    assert losses[1] < losses[0] < losses[2] and losses[2] > 1
    seen, original = {}, cures.fit

    def spy(model, *args, validate, **options):
        queue = iter(looks)
        monkeypatch.setattr(cures, "logits_of", lambda model, kept: next(queue))
        seen[judge] = [validate(model) for _ in looks]
        return original(model, *args, **options | {"patience": None, "validate": None})

    monkeypatch.setattr(cures, "fit", spy)
    for judge in ("loss", "accuracy"):
        cures.learn(data, 0, patience=2, judge=judge)
    assert seen == {"loss": pytest.approx(losses), "accuracy": pytest.approx([0.75, 0.5, 0.25])}
    with pytest.raises(ValueError, match=r"judge is 'taste'; expected \"loss\" or \"accuracy\""):
        judge = "taste"
        cures.learn(data, 0, patience=2, judge=judge)


def test_scores_hold_out_what_was_not_learned(short, monkeypatch):
    labelled, unseen = cures.draw(2)
    labelled, seen, learn = labelled[:30], [], cures.learn
    monkeypatch.setattr(
        cures, "learn", lambda data, *rest, **cure: seen.append(data) or learn(data, *rest, **cure)
    )
    scores = cures.scores(labelled, unseen[:20], layers=1)
    assert [len(data) for data in seen] == [20, 20, 20]
    by_hand = []
    for seed, data in enumerate(seen):
        model = learn(data, seed, layers=1)
        rest = [labelled[i] for i in range(seed, 30, 3)]
        by_hand.append(
            [accuracy(logits_of(model, asked), labels_of(asked)) for asked in (data, rest, unseen[:20])]
        )
    assert tuple(scores) == pytest.approx(torch.tensor(by_hand).mean(dim=0).tolist())


def test_the_stored_scores_are_of_these_cures():
    card = stored.measurement(cures.NAME)
    assert card["configuration"] == cures.CONFIGURATION and list(card["scores"]) == sorted(cures.CURES)
    assert {len(draws) for draws in card["scores"].values()} == {5}
    assert {frozenset(draw) for draws in card["scores"].values() for draw in draws} == {
        frozenset(cures.Scores._fields)
    }
    # The comparison is of models that know their labels; only early stopping may stop before that.
    for name, draws in card["scores"].items():
        if not name.startswith("early stopping"):
            assert min(draw["known"] for draw in draws) >= 0.97, name


@pytest.mark.slow
def test_a_training_gives_its_stored_scores():
    found = cures.scores(*cures.draw(1), **cures.CURES["one layer"])
    told = stored.measurement(cures.NAME)["scores"]["one layer"][0]
    assert found.known >= 0.97
    assert found.unseen == pytest.approx(told["unseen"], abs=0.08)
    assert found.held_out == pytest.approx(told["held_out"], abs=0.08)
