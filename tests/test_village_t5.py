"""The recipe of the village's T5, at a small size: what it reads, what is measured, and its tasks."""

import pytest
import torch

from course_lib import stored
from course_lib.data import village
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.recipes import village_t5, village_t5_tasks
from course_lib.recipes.village_t5 import EOS_ID, PAD_ID, SENTINELS, SYMBOLS, decode, encode
from course_lib.recipes.village_t5_tasks import Example, exact_share, examples, summary_scores
from course_lib.text.padding import pair_batches
from course_lib.text.spans import corrupt_spans, fill_spans

SMALL = village_t5.Configuration(d_model=16, n_heads=2, d_ff=16, num_layers=1, sentences=64, batch=16, steps=6)


def test_symbols_are_unlike_each_other_and_hold_the_village():
    assert len(set(SYMBOLS)) == len(SYMBOLS) and set(village.VOCABULARY) < set(SYMBOLS)
    assert decode([PAD_ID, EOS_ID]) == ["<pad>", "</s>"] and decode(SENTINELS[:2]) == ["<0>", "<1>"]
    assert decode(encode(("the", "cat", "zebra"))) == ["the", "cat", "<unk>"]


def test_every_sentence_has_sentinels_enough():
    c, longest = village_t5.CONFIGURATION, max(map(len, village.sample(5000, 0)))
    corrupt_spans(list(range(100, 100 + longest)), SENTINELS, noise=c.noise, mean_span=c.mean_span)


def test_batches_say_the_sentences_they_come_from():
    sentences = [sentence.words for sentence in village.sample(40, 0)]
    batch = next(village_t5.batches(sentences, SMALL, torch.Generator().manual_seed(0)))
    columns = (batch.source, batch.source_lengths, batch.target_out, batch.target_in, batch.rows)
    for source, length, target, begun, row in zip(*columns, strict=True):
        answer = target[: target.tolist().index(EOS_ID)].tolist()
        assert begun[0] == PAD_ID and torch.equal(begun[1 : len(answer) + 1], target[: len(answer)])
        whole = fill_spans(source[:length].tolist(), answer, SENTINELS)
        assert tuple(decode(whole)) == tuple(sentences[row])


def test_training_repeats_itself_and_begins_alike():
    (one, history), (two, again) = (village_t5.train(seed=1, configuration=SMALL, progress=False) for _ in range(2))
    assert history.losses == again.losses and len(history.losses) == 6
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    _, short = village_t5.train(seed=1, configuration=SMALL, stop_after=3, progress=False)
    assert short.losses == history.losses[:3]


def test_the_truth_is_grammatical_and_nonsense_is_not(monkeypatch):
    model = village_t5.build(SMALL)
    assert village_t5.grammatical_share(model, 50) < 0.5  # it has learnt nothing
    texts = {}

    def corrupted(words, configuration, generator, original=village_t5.corrupted):
        source, target = original(words, configuration, generator)
        texts[tuple(source)] = target
        return source, target

    monkeypatch.setattr(village_t5, "corrupted", corrupted)
    monkeypatch.setattr(village_t5, "write", lambda model, sources: [texts[tuple(ids)] for ids in sources])
    assert village_t5.grammatical_share(model, 50) == 1.0
    assert not village_t5.is_grammatical(["the", "<0>", "."]) and not village_t5.is_grammatical(["the", "cat"])


@pytest.mark.slow
def test_the_stored_one_fills_holes_grammatically():
    model = village_t5.load().eval()
    card = stored.card(village_t5.NAME)
    assert card["scores"]["grammatical infills"] >= 0.98 and card["seconds"] <= 150
    assert village_t5.grammatical_share(model, 500, seed=7) >= 0.97
    assert village_t5.grammatical_share(village_t5.load(pre_trained=False).eval(), 200) < 0.2


@pytest.mark.parametrize("task", village_t5_tasks.TASKS)
def test_examples_have_their_prefix_and_words_that_the_model_knows(task):
    data = examples(task, 200, seed=0)
    assert len(data) == 200 and data == examples(task, 200, torch.Generator().manual_seed(0))
    assert all(one.source[0] == f"{task}:" and one.target for one in data)
    assert {word for one in data for word in (*one.source, *one.target)} <= set(SYMBOLS)
    assert max(len(one.target) for one in data) < 40  # `write` has room for it


def test_what_is_to_be_answered_is_true():
    assert {one.target for one in examples("sentiment", 100)} == {("positive",), ("negative",)}
    corrected = examples("correct", 300)
    assert all(village.SENTENCES.log_prob(one.target) > -float("inf") for one in corrected)
    wrong = [one for one in corrected if one.source[1:] != one.target]
    assert 0.4 < len(wrong) / 300 < 0.6
    assert not any(village_t5.is_grammatical(one.source[1:]) for one in wrong)
    for one in examples("question", 100):
        context = " ".join(one.source[one.source.index("context:") :])
        assert " ".join(one.target) in context


def test_every_wording_of_an_event_has_one_notation():
    event = village.Event(("anna",), ("gave",), ("the", "keys"), ("tom",), ("the", "school"))
    told = " ".join(village_t5_tasks.in_notation(event))
    assert told == "gave ( anna , the keys , to tom , in the school )"
    found, ambiguous = examples("translate", 2000), {}
    for one in found:
        ambiguous.setdefault(one.source, set()).add(one.target)
        assert village_t5.is_grammatical(one.source[1:])
    assert all(len(targets) == 1 for targets in ambiguous.values())
    passive = [one for one in found if "by" in one.source]
    assert 0.2 < len(passive) / len(found) < 0.6


def test_every_example_is_worth_the_same_however_long_its_answer():
    torch.manual_seed(0)
    model = village_t5.build(SMALL)
    pairs = [([20], [15]), ([20, 21], [20, 21, 22, 23, 24])]
    both, *alone = (
        village_t5_tasks.loss_by_example(model, next(pair_batches(some, 2, bos_id=PAD_ID, eos_id=EOS_ID)))
        for some in (pairs, pairs[:1], pairs[1:])
    )
    torch.testing.assert_close(both, sum(alone) / 2)
    one = next(pair_batches(pairs[1:], 1, bos_id=PAD_ID, eos_id=EOS_ID))
    torch.testing.assert_close(alone[1], teacher_forced_loss(model, one))


def test_a_mixture_has_what_is_asked_for():
    data = village_t5_tasks.mixed({"sentiment": 3, "question": 2}, seed=0)
    assert [one.source[0] for one in data] == 3 * ["sentiment:"] + 2 * ["question:"]
    assert set(village_t5_tasks.MIXTURE) == set(village_t5_tasks.TASKS)


def test_training_the_tasks_begins_where_it_is_told_and_repeats_itself():
    configuration = village_t5_tasks.Configuration(dict.fromkeys(village_t5_tasks.TASKS, 4), batch=8, steps=3)

    def trained():
        torch.manual_seed(0)
        begun = village_t5.build(SMALL)
        model, history = village_t5_tasks.train(seed=1, model=begun, configuration=configuration, progress=False)
        assert model is begun
        return history.losses

    assert trained() == trained() and len(trained()) == 3


def test_scores_of_answers():
    data = [Example(("a",), ("tom", "ran")), Example(("b",), ("anna",))]
    assert exact_share([["tom", "ran"], ["tom"]], data) == 0.5
    assert summary_scores([["tom", "ran"], ["tom"]], data).rougeL == pytest.approx(50)


def test_fine_tuning_learns_and_answers_in_words():
    torch.manual_seed(0)
    model, data = village_t5.build(SMALL), examples("sentiment", 8)
    rates = {"lr": 0.02, "adamw_lr": 0.02, "warm_up": 8}
    history = village_t5_tasks.fine_tune(model, data, steps=40, batch=8, **rates, progress=False)
    assert history.losses[-1] < 0.7 * history.losses[0]
    assert {word for one in village_t5_tasks.answers(model, data) for word in one} <= set(SYMBOLS)


def test_a_task_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="task is 'sing'; it must be one of sentiment, acceptable, correct"):
        examples("sing", 3)
