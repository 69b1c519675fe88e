"""Byte-pair encoding: merges by hand, against a loop that anybody can read, and against Hugging Face's tokenizers."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from course_lib.text.bpe import BPE
from course_lib.text.gpt2_words import BYTE_TO_SYMBOL, gpt2_words, to_byte_symbols
from course_lib.text.merges import join_pair, learn_merges, merge_pair
from course_lib.text.saving import TokenizerFileError
from tokenizer_lines import old_codes, real_lines, strange_lines

SENTENCES = ["the cat sat on the mat", "the hats of the bats", "that cat chats, doesn't it?", "  2 cats\n"]
# Sennrich, Haddow and Birch 2016, section 3.2, without the mark for a word's end.
WORDS = {tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3}


def their_bpe(bpe: BPE) -> Tokenizer:
    """Hugging Face's tokenizer with the same symbols and merges."""
    model = models.BPE({symbol: number for number, symbol in enumerate(bpe.symbols)}, bpe.merges)
    theirs = Tokenizer(model)
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.decoder = decoders.ByteLevel()
    return theirs


def their_training(texts: list[str], vocab_size: int, min_count: int = 2) -> tuple[list[str], list[tuple]]:
    """Symbols and merges as tokenizers learns them."""
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_count,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    theirs.train_from_iterator(texts, trainer)
    vocabulary = theirs.get_vocab()
    merges = json.loads(theirs.to_str())["model"]["merges"]
    return sorted(vocabulary, key=vocabulary.get), [tuple(pair) for pair in merges]


@pytest.fixture(scope="module")
def lines():
    return real_lines() + strange_lines()


@pytest.fixture(scope="module")
def trained(lines):
    return BPE.train(lines[::5], 3000)


# --- learning merges


def naive_merges(words, symbols, n):
    """All pairs counted anew for each merge; ties by the order of the vocabulary."""
    words, vocabulary, merges = dict(words), list(symbols), []
    for _ in range(n):
        counts = Counter()
        for word, count in words.items():
            for pair in pairwise(word):
                counts[pair] += count
        if not counts:
            break
        best = min(counts, key=lambda p: (-counts[p], vocabulary.index(p[0]), vocabulary.index(p[1])))
        merges.append(best)
        if "".join(best) not in vocabulary:
            vocabulary.append("".join(best))
        words = {tuple(merge_pair(list(word), best, "".join(best))): count for word, count in words.items()}
    return vocabulary, merges


def test_the_example_of_the_paper():
    symbols = sorted({symbol for word in WORDS for symbol in word})
    learnt = learn_merges(WORDS, symbols, len(symbols) + 4)
    # es: 9 times, st: 9 times; e came before s into the vocabulary.
    assert learnt.merges == [("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w")]
    assert learnt.symbols == [*symbols, "es", "est", "lo", "low"]


@settings(max_examples=200)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=9).map(tuple), st.integers(1, 4), max_size=8))
def test_merges_are_those_of_the_naive_loop(words):
    learnt = learn_merges(words, list("abc"), 14)
    vocabulary, merges = naive_merges(words, "abc", len(learnt.merges))
    assert (learnt.symbols, learnt.merges) == (vocabulary, merges)
    assert len(learnt.symbols) == 14 or naive_merges(words, "abc", len(merges) + 1)[1] == merges


def test_merging_goes_from_the_left_and_keeps_one_prefix():
    assert merge_pair(list("aaaba"), ("a", "a"), "aa") == ["aa", "a", "b", "a"]
    assert join_pair("##a", "##b", "##") == "##ab" and join_pair("a", "##b", "##") == "ab"


def test_rare_pairs_are_left_alone():
    assert learn_merges({("a", "b"): 1, ("c", "b"): 2}, "abc", 9, min_count=2).merges == [("c", "b")]


def test_learning_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="vocab_size = 2, min_count = 1; expected at least 3"):
        learn_merges({}, "abc", 2)
    with pytest.raises(ValueError, match="'a' is listed twice"):
        learn_merges({}, "aba", 9)
    with pytest.raises(ValueError, match="holds the symbol 'z'"):
        learn_merges({("z",): 1}, "ab", 9)


@pytest.mark.parametrize("min_count", [1, 2, 5])
def test_training_gives_the_merges_of_tokenizers(lines, min_count):
    ours = BPE.train(lines[::9], 1200, min_count=min_count)
    assert (list(ours.symbols), ours.merges) == their_training(lines[::9], 1200, min_count)


# --- encoding


def test_tokens_are_those_of_tokenizers_on_every_line(lines, trained):
    assert len(lines) >= 10_000
    theirs = their_bpe(trained).encode_batch(lines)
    for line, expected in zip(lines, theirs, strict=True):
        assert trained.encode(line) == expected.ids
        assert trained.decode(expected.ids) == line


def test_words_are_cut_as_by_gpt_2(lines):
    theirs = pre_tokenizers.ByteLevel(add_prefix_space=False)
    for line in [*SENTENCES, *strange_lines(), *lines[::10]]:
        assert [to_byte_symbols(word) for word in gpt2_words(line)] == [
            word for word, _ in theirs.pre_tokenize_str(line)
        ]
    assert gpt2_words("Don't  stop\t3x, IT'S") == [
        "Don",
        "'t",
        " ",
        " stop",
        "\t",
        "3",
        "x",
        ",",
        " IT",
        "'",
        "S",
    ]


def test_every_old_character_is_a_letter_a_number_or_a_sign_as_for_gpt_2():
    theirs = pre_tokenizers.ByteLevel(add_prefix_space=False)
    for code in old_codes():
        text = f"a{chr(code)}1 {chr(code)}!"
        expected = [word for word, _ in theirs.pre_tokenize_str(text)]
        assert [to_byte_symbols(word) for word in gpt2_words(text)] == expected, hex(code)


@given(st.text())
def test_every_text_comes_back(text):
    bpe = BPE.train(SENTENCES, 300)
    assert "".join(gpt2_words(text)) == text
    assert bpe.decode(bpe.encode(text)) == text


@given(st.text(alphabet="thecasm on", max_size=40))
def test_without_bytes_and_without_words_texts_come_back(text):
    bpe = BPE.train(SENTENCES, 60, byte_level=False, split=None, min_count=1)
    assert bpe.decode(bpe.encode(text)) == text


def test_the_merge_learnt_first_is_applied_first():
    # From the left, "ab" would be merged first and leave "c" alone.
    bpe = BPE([("b", "c"), ("a", "b")], "abc", byte_level=False)
    assert bpe.tokens("abc") == ["a", "bc"] and bpe.tokens("ab") == ["ab"]


def test_ids_and_symbols():
    assert len(BYTE_TO_SYMBOL) == 256 == len(set(BYTE_TO_SYMBOL.values()))
    assert to_byte_symbols(" é\n") == "ĠÃ©Ċ"
    bpe = BPE([("t", "h"), ("th", "e")], specials=["<|endoftext|>"])
    assert len(bpe) == 259 and bpe.id_of("<|endoftext|>") == 0 and bpe.symbols[-1] == "the"
    assert bpe.decode([0, *bpe.encode("the é")]) == "<|endoftext|>the é"
    assert bpe.decode(bpe.encode("é")[:1]) == "�"
    # A text cannot smuggle a special symbol in.
    assert 0 not in bpe.encode("<|endoftext|>") and "the" in bpe and "cat" not in bpe
    assert repr(bpe) == "BPE(259 symbols: bytes and 2 merges)"


def test_an_unknown_character_without_bytes():
    bpe = BPE.train(["abab"], 9, byte_level=False)
    assert bpe.symbols == ("<unk>", "a", "b", "ab") and bpe.tokens("abxab") == ["ab", "<unk>", "ab"]
    assert repr(bpe) == "BPE(4 symbols: 2 characters and 1 merges)"
    assert BPE([], "ab", byte_level=False, specials=["§"]).tokens("a§") == ["a", "<unk>"]


def test_fewer_merges_are_a_shorter_training():
    long, short = BPE.train(SENTENCES, 290, specials=["<s>"]), BPE.train(SENTENCES, 270, specials=["<s>"])
    cut = long.with_merges(len(short.merges))
    assert cut.symbols == short.symbols and cut.merges == short.merges
    assert [cut.encode(s) for s in SENTENCES] == [short.encode(s) for s in SENTENCES]
    with pytest.raises(ValueError, match=r"n is 99; this encoding has \d+ merges"):
        long.with_merges(99)


def test_bad_input_is_refused_by_name():
    with pytest.raises(TypeError, match=r"pass a list of texts: \[text\]"):
        BPE.train("one text", 300)
    with pytest.raises(ValueError, match="vocab_size is 200; special symbols and alphabet alone are 257"):
        BPE.train(SENTENCES, 200, specials=["<s>"])
    with pytest.raises(ValueError, match="'a' is listed twice"):
        BPE([], specials=["a"])
    with pytest.raises(ValueError, match="merge 'ab' \\+ 'c' uses a symbol that is not there"):
        BPE([("ab", "c")])
    with pytest.raises(ValueError, match="merge 't' \\+ 'o' makes a special symbol"):
        BPE([("t", "o")], specials=["to"])
    with pytest.raises(ValueError, match="an alphabet is needed"):
        BPE([], byte_level=False)
    bpe = BPE([])
    with pytest.raises(TypeError, match="must be a str, not list"):
        bpe.encode(["a"])
    with pytest.raises(ValueError, match=r"'\\ud83d' is half of a pair"):
        bpe.encode("a\ud83d")
    for bad in (256, -1):
        with pytest.raises(ValueError, match=f"Id {bad} is outside this vocabulary: 0 … 255"):
            bpe.decode([bad])
    with pytest.raises(KeyError, match="xyz"):
        bpe.id_of("xyz")


# --- special symbols in the text, batches, files

END, PAUSE = "<|endoftext|>", "<|end"


def test_special_symbols_are_text_until_the_caller_says_otherwise():
    bpe = BPE.train(SENTENCES, 280, specials=[END, PAUSE])
    text = f"the cat{END}{PAUSE} sat"
    assert bpe.decode(bpe.encode(text)) == text and bpe.id_of(END) not in bpe.encode(text)
    ids = bpe.encode(text, specials_in_text=True)
    assert bpe.decode(ids) == text
    assert [n for n in ids if n < 2] == [bpe.id_of(END), bpe.id_of(PAUSE)], "the longer one is found first"
    assert ids == bpe.encode("the cat") + [0, 1] + bpe.encode(" sat")
    assert BPE.train(SENTENCES, 280).encode(END, specials_in_text=True) == BPE.train(SENTENCES, 280).encode(
        END
    )
    characters = BPE.train(SENTENCES, 60, byte_level=False, specials=[END])
    assert characters.encode(f"cat{END}", specials_in_text=True)[-1] == 0
    assert len(characters.tokens("<unk>", specials_in_text=True)) == 5, "<unk> in a text is text"


def test_a_batch_is_padded_on_the_right():
    bpe = BPE.train(SENTENCES, 280)
    ids, lengths = bpe.encode_batch(["the cat", "sat", ""], pad_id=7)
    for row, text in enumerate(["the cat", "sat", ""]):
        expected = bpe.encode(text)
        assert lengths[row] == len(expected) and ids[row, : len(expected)].tolist() == expected
        assert (ids[row, len(expected) :] == 7).all()


@pytest.mark.parametrize("options", [{}, {"byte_level": False}, {"specials": [END]}, {"split": None}])
def test_what_was_saved_is_read_again(tmp_path, options):
    bpe = BPE.train(SENTENCES, 300, **options)
    bpe.save(tmp_path / "new" / "bpe.json")
    again = BPE.load(tmp_path / "new" / "bpe.json")
    assert again.symbols == bpe.symbols and again.merges == bpe.merges
    for text in [*SENTENCES, "Größe 我"]:
        assert again.encode(text) == bpe.encode(text)


def test_files_that_are_no_encoding_are_named(tmp_path):
    path = tmp_path / "other.json"
    with pytest.raises(TokenizerFileError, match="other.json could not be read"):
        BPE.load(path)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(TokenizerFileError, match="is not an encoding that BPE.save wrote"):
        BPE.load(path)
    with pytest.raises(TokenizerFileError, match="split is a function of your own"):
        BPE.train(SENTENCES, 280, split=str.split).save(path)
    assert path.read_text(encoding="utf-8") == "{}", "an error must leave the file as it was"
    with pytest.raises(TokenizerFileError, match="could not be written"):
        BPE.train(SENTENCES, 280).save(path / "below a file.json")


def test_gpt_2_s_files_give_gpt_2_s_ids(tmp_path, trained, lines):
    """Ids in another order than ours: GPT-2 numbers the bytes by how they look, and the special symbol last."""
    alphabet = list(BYTE_TO_SYMBOL.values())
    made = [join_pair(*pair) for pair in trained.merges]
    symbols = [*alphabet, *dict.fromkeys(made), END]
    (tmp_path / "vocab.json").write_text(json.dumps({s: n for n, s in enumerate(symbols)}), encoding="utf-8")
    merges = "\n".join(" ".join(pair) for pair in trained.merges)
    (tmp_path / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", encoding="utf-8")
    ours = BPE.from_gpt2(tmp_path)
    theirs = their_bpe(ours)
    assert ours.id_of("!") == 0 and ours.id_of(END) == len(symbols) - 1
    for line in lines[::41]:
        assert ours.encode(line) == theirs.encode(line).ids and ours.decode(ours.encode(line)) == line
    ours.save(tmp_path / "bpe.json")
    assert BPE.load(tmp_path / "bpe.json").symbols == ours.symbols
    (tmp_path / "merges.txt").write_text("a b c\n", encoding="utf-8")
    with pytest.raises(TokenizerFileError, match="holds no GPT-2 encoding"):
        BPE.from_gpt2(tmp_path)


def test_ids_must_fit_the_symbols():
    bpe = BPE.train(SENTENCES, 260)
    ids = {symbol: number for number, symbol in enumerate(bpe.symbols)}
    assert BPE(bpe.merges, ids=dict(reversed(ids.items()))).symbols == bpe.symbols
    with pytest.raises(ValueError, match="without an id .* not among the symbols"):
        BPE(bpe.merges, ids={("?" * 9 if s == bpe.symbols[-1] else s): n for s, n in ids.items()})


def test_ids_outside_the_vocabulary_are_named_wherever_they_stand():
    bpe = BPE.train(SENTENCES, 260)
    for wrong in (-1, len(bpe)):
        with pytest.raises(ValueError, match=f"Id {wrong} is outside this vocabulary"):
            bpe.decode([1, wrong, 2])
