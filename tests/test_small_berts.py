"""The recipes of the small BERTs: layout, determinism, and what their probes measure, on models with known answers."""

import math
import os

import pytest
import torch
from torch import nn

from course_lib import stored
from course_lib.data import village
from course_lib.models.transformer import IGNORED
from course_lib.recipes import village_bert, village_probes, wikitext_bert
from course_lib.recipes.village_bert import CLS_ID, MASK_ID, PAD_ID, SEP_ID, SYMBOLS, UNK_ID, collate, encode

SEED = 1_000_003


class Oracle(nn.Module):
    """Answers with given logits for the selected tokens, whatever it reads."""

    def __init__(self, logits):
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, ids, segments, lengths, selected=None):
        return self.logits, torch.zeros(len(ids), 2)


def test_a_pair_is_laid_out_as_bert_reads_it():
    ids, segments = encode(["it", "ran"], ["zzz", "."])
    assert ids == [
        CLS_ID,
        SYMBOLS.index("it"),
        SYMBOLS.index("ran"),
        SEP_ID,
        UNK_ID,
        SYMBOLS.index("."),
        SEP_ID,
    ]
    assert segments == [0, 0, 0, 0, 1, 1, 1]
    encoded = collate([encode(["it"]), (ids, segments)])
    assert encoded.lengths.tolist() == [3, 7] and encoded.ids[0, 3:].eq(PAD_ID).all()
    assert [village_probes.place(position, 2) for position in (0, 1, 2, 3)] == [1, 2, 4, 5]
    assert village_probes.place(2, None) == 3


def test_batches_ask_for_words_only_and_carry_the_truth():
    pairs = village.next_sentence_pairs(300, 0)
    batch = next(village_bert.batches(pairs, 64, 0.3, torch.Generator().manual_seed(0)))
    asked = batch.labels != IGNORED
    assert 0.2 < asked.sum() / (batch.inputs >= 5).sum() < 0.45
    assert (batch.labels[asked] >= 5).all(), "a special token was asked for"
    assert torch.equal(
        batch.inputs[~asked] == MASK_ID, torch.zeros_like(batch.inputs[~asked], dtype=torch.bool)
    )
    known = {tuple(encode(pair.first, pair.second)[0]): int(not pair.is_next) for pair in pairs}
    whole = torch.where(asked, batch.labels, batch.inputs)
    for row, length, label in zip(
        whole.tolist(), batch.lengths.tolist(), batch.not_next.tolist(), strict=True
    ):
        assert known[tuple(row[:length])] == label


def test_pretraining_repeats_itself_for_a_seed():
    runs = [
        village_bert.train(seed=seed, stop_after=3, progress=False, configuration=SMALL)[1].losses
        for seed in (0, 0, 1)
    ]
    assert runs[0] == runs[1] != runs[2]
    assert math.log(len(SYMBOLS)) < runs[0][0] < 3 * math.log(len(SYMBOLS))


SMALL = village_bert.Configuration(d_model=32, n_heads=2, num_layers=1, pairs=200, batch=8, steps=10)


def test_accuracy_counts_who_prefers_the_right_word():
    pairs = village.minimal_pairs("agreement", 40, SEED, village.TEXTS)
    logits = torch.zeros(40, len(SYMBOLS))
    for row, pair in enumerate(pairs):
        logits[row, SYMBOLS.index(pair.good[pair.position])] = 1.0 if row % 4 else -1.0
    assert village_probes.accuracy(Oracle(logits), pairs) == 0.75


def test_the_hidden_word_stands_where_the_probe_looks():
    for kind in ("agreement", "pronoun"):
        pairs = village.minimal_pairs(kind, 30, SEED, village.TEXTS)
        encoded, places = village_probes.masked_pairs(pairs)
        assert (encoded.ids[torch.arange(30), places] == MASK_ID).all()
        assert (encoded.ids == MASK_ID).sum() == 30
        for pair, row in zip(pairs, encoded.ids.tolist(), strict=True):
            for position in pair.antecedents:
                assert SYMBOLS[row[village_probes.place(position, pair.boundary)]] == pair.good[position]


def test_a_stranger_s_sentence_gives_nothing_away():
    pairs = village.minimal_pairs("agreement", 60, SEED, village.TEXTS, misleading=True)
    strange = village_probes.with_strangers(pairs, 5)
    assert len(strange) == 60 and strange == village_probes.with_strangers(pairs, 5)
    changed = 0
    for own, other in zip(pairs, strange, strict=True):
        assert own.good[: own.boundary] == other.good[: other.boundary] and own.position == other.position
        assert own.bad[own.position] == other.bad[other.position] != other.good[other.position]
        changed += own.good[own.boundary :] != other.good[other.boundary :]
    assert changed > 50


def test_the_floor_is_the_grammar_s_own_answer():
    torch.manual_seed(0)
    model = village_bert.build(SMALL)
    score = village_probes.masked_score(model, 40, SEED)
    assert score.loss > score.floor > 0 and score.accuracy < score.best_accuracy < 1
    assert 0.05 < score.unigram_accuracy < 0.3 and score.n_predicted > 40
    # Nothing tells it more than the words shown: a model that answers with the unigram distribution is worse.
    frequencies = village.PAIRS.word_frequencies()
    logits = torch.tensor([[math.log(frequencies.get(symbol, 1e-9)) for symbol in SYMBOLS]])
    unigram = village_probes.masked_score(Oracle(logits.expand(score.n_predicted, -1).clone()), 40, SEED)
    assert unigram.floor == score.floor and unigram.loss > score.floor + 1
    assert unigram.accuracy == score.unigram_accuracy


def test_head_scores_of_even_attention_are_shares_of_the_length():
    model = village_bert.build(SMALL)
    with torch.no_grad():
        for parameter in model.bert.encoder.layers[0].self_attn.parameters():
            parameter.zero_()
    pairs = village.minimal_pairs("agreement", 20, SEED, village.TEXTS, misleading=True)
    lengths = village_probes.masked_pairs(pairs)[0].lengths
    antecedents, distractors = village_probes.head_scores(model, pairs)
    expected = torch.tensor([len(pair.antecedents) for pair in pairs]) / lengths
    torch.testing.assert_close(antecedents, expected.mean().expand(1, 2))
    expected = torch.tensor([len(pair.distractors) for pair in pairs]) / lengths
    torch.testing.assert_close(distractors, expected.mean().expand(1, 2))
    with pytest.raises(ValueError, match="distractors"):
        village_probes.head_scores(
            model, [pair for pair in village.minimal_pairs("pronoun", 9, 1) if not pair.distractors]
        )


@pytest.mark.slow
def test_the_stored_one_knows_its_grammar():
    model = village_bert.build()
    card = stored.load_stored(village_bert.NAME, model)
    assert card["scores"]["agreement"] >= 0.97 and card["scores"]["pronoun"] >= 0.9
    pairs = village.minimal_pairs("agreement", 300, SEED + 1, village.TEXTS)
    assert village_probes.accuracy(model.eval(), pairs) >= 0.95
    misleading = [pair for pair in pairs if pair.misleading]
    assert village_probes.head_scores(model, misleading)[0].max() >= 0.5


@pytest.mark.skipif(not os.environ.get("COURSE_DATA"), reason="COURSE_DATA names no folder with the files")
def test_real_text_never_asks_for_unknown_words():
    corpus = wikitext_bert.Corpus(stored.card(wikitext_bert.NAME)["vocabulary"])
    assert (corpus.train == corpus.tokenizer.unk_id).any(), "the corpus's <unk> is no [UNK]"
    (inputs, selected), ids = next(
        wikitext_bert.batches(corpus, wikitext_bert.CONFIGURATION, torch.Generator().manual_seed(0))
    )
    assert (ids[:, 0] == corpus.tokenizer.cls_id).all() and (ids[selected] >= 5).all()
    assert selected.any() and (inputs[selected] == corpus.tokenizer.mask_id).double().mean() > 0.7
