# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 · Subword tokenization
#
# **How can a model read a word it has never seen?** Lesson 08 read characters or whole words. A list of words is never complete, and characters make every
# text long. Subword tokens lie in between. They are found by counting, and nearly every large language model reads its text in them.
#
# You will be able to:
#
# * **train** byte-pair encoding from a text, including its rule for ties (exercises 1, 2 and 3),
# * **tokenize** a new word: by merges, as GPT does, and by the longest piece, as BERT does (exercises 4 and 5),
# * **prepare** a pair of sentences for BERT (exercise 6),
# * **compare** models with different tokenizers, and see why perplexity misleads there (exercise 7).
#
# Time: 85 minutes; the cells run for about half a minute on one CPU core. It builds on lesson 01 (cross-entropy, n-grams) and lesson 08 (perplexity, bits per character).

# %% tags=["setup", "nbval-ignore-output"]
import math
from collections import Counter

import matplotlib.pyplot as plt
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from course_lib import drawings, plots
from course_lib.data import load
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.metrics import perplexity
from course_lib.models import NGram
from course_lib.practice import check, hint, yours
from course_lib.report import measured
from course_lib.text.bpe import BPE
from course_lib.text.gpt2_words import gpt2_words, to_byte_symbols
from course_lib.text.merges import learn_merges
from course_lib.text.wordpiece import WordPiece
from course_lib.text.words import WordVocabulary, tokenize

device = setup(seed=0)

# %% [markdown]
# ## 1 · Words, characters, subwords
#
# The text of this lesson is Multi30k, a set of photo captions in English and German: 29,000 for training and 1,000 for testing.

# %%
captions = load("multi30k-de-en")
train = {"German": [german for german, _ in captions.train], "English": [english for _, english in captions.train]}
test = {"German": [german for german, _ in captions.test], "English": [english for _, english in captions.test]}
print(train["English"][6], "|", train["German"][6])

# %% [markdown]
# > **Predict.** Put *every* word of the 29,000 English captions into the vocabulary. What percentage of the 1,000 test captions contains a word that is missing?
# > And in German?

# %%
for language in train:
    counts = Counter(word for caption in train[language] for word in tokenize(caption))
    tokenized = [tokenize(caption) for caption in test[language]]
    unknown = [[word for word in caption if word not in counts] for caption in tokenized]
    examples = sorted(set(sum(unknown, [])), key=lambda word: (len(word), word))[-3:]
    print(f"{language}: {len(counts):,} words, {sum(n < 5 for n in counts.values()) / len(counts):.0%} of them seen fewer than five times")
    print(f"   test captions with an unknown word: {sum(map(bool, unknown)) / len(tokenized):.0%}, such as {', '.join(examples)}")
    print(f"   mean length: {sum(map(len, tokenized)) / len(tokenized):.1f} words, {sum(map(len, test[language])) / len(tokenized):.1f} characters")

# %% [markdown]
# One English caption in seven has an unknown word, and one German caption in four, because German joins words together. Each unknown word becomes `<unk>`, whatever it
# means. Most of the known words are rare, so a model sees few examples of them. And it sees `walk`, `walks` and `walking` as three ids, no more alike than `walk` and `zebra`.
#
# With characters almost nothing is unknown. But a caption has about five times as many characters as words, and the cost of attention grows with the square of the length (lesson 06).
#
# So keep frequent words whole and split rare words into pieces. Which pieces? Let the text decide.
#
# ## 2 · Byte-pair encoding
#
# **Byte-pair encoding** (BPE) started as a compression method (Gage 1994). Sennrich et al. (2016) applied it to words. Start with characters. Count all pairs of neighbouring symbols. Make the most frequent pair a new
# symbol. Repeat. Their example has four words with their counts; in the paper each also ends in an end-of-word symbol, which we leave out.

# %%
words = {tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3}

# %% [markdown]
# By hand: the pair `l o` occurs in *low* (5 times) and in *lower* (2 times), which makes 7. The pair `e s` occurs in *newest* (6) and *widest* (3), which makes 9.
#
# ### Exercise 1 · Count the pairs (warm-up, 5 minutes)
#
# Write `count_pairs(words)`. `words` is a dictionary from words, each a tuple of symbols, to their counts. Return a dictionary from pairs `(left, right)` to how often
# they occur in the text. In `a a a` the pair `a a` occurs twice.


# %% tags=["exercise"]
def count_pairs(words):
    """words {(symbol, …): count} → {(left, right): count}."""
    ### BEGIN SOLUTION
    pairs = {}
    for word, count in words.items():
        for pair in zip(word, word[1:], strict=False):
            pairs[pair] = pairs.get(pair, 0) + count
    return pairs
    ### END SOLUTION


# %% tags=["check"]
check("09.count_pairs", count_pairs)

# %% tags=["hint"]
hint("09.count_pairs")

# %% [markdown] tags=["solution"]
# Each word contributes its count to every pair in it, and to a pair that occurs in it twice, twice.

# %% [markdown]
# ### Exercise 2 · Merge a pair (warm-up, 6 minutes)
#
# Write `merge(word, pair)`. `word` is a list of symbols. Return a new list in which each occurrence of `pair`, from left to right, has become one symbol:
# `["l", "o", "w"]` with `("l", "o")` gives `["lo", "w"]`. Think about `["a", "a", "a"]` with `("a", "a")`.


# %% tags=["exercise"]
def merge(word, pair):
    """word [symbol, …], pair (left, right) → the word with each such pair as one symbol."""
    ### BEGIN SOLUTION
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            out.append(pair[0] + pair[1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out
    ### END SOLUTION


# %% tags=["check"]
check("09.merge_pair", merge)

# %% tags=["hint"]
hint("09.merge_pair")

# %% [markdown] tags=["solution"]
# A `while` loop, because the index moves by 2 after a merge. Symbols are compared as a pair: joining them first would confuse `("a", "bc")` with `("ab", "c")`.

# %% [markdown]
# ### Exercise 3 · Train byte-pair encoding (build, 20 minutes)
#
# Write `train_bpe(words, n_merges)`. Every word comes as a tuple of single characters. Repeat exercises 1 and 2 and return the list of merges, each a pair, in the order in
# which they were learned.
#
# * **Ties.** Number the symbols: first the characters in sorted order, then each new symbol as it is created. Among equally frequent pairs take the one whose left
#   symbol has the smallest number; if that ties too, the one whose right symbol does.
# * Stop early when no word has a pair left.


# %% tags=["exercise"]
def train_bpe(words, n_merges):
    """words {(symbol, …): count} → at most n_merges pairs, in the order learned."""
    ### BEGIN SOLUTION
    symbols = sorted({symbol for word in words for symbol in word})
    number = {symbol: i for i, symbol in enumerate(symbols)}
    merges = []
    while len(merges) < n_merges:
        pairs = count_pairs(words)
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], number[pair[0]], number[pair[1]]))
        merges.append(best)
        number[best[0] + best[1]] = len(number)
        words = {tuple(merge(list(word), best)): count for word, count in words.items()}
    return merges
    ### END SOLUTION


# %% tags=["check"]
check("09.train_bpe", train_bpe)

# %% tags=["hint"]
hint("09.train_bpe")

# %% [markdown] tags=["solution"]
# The counts must be taken again after every merge: `es` does not exist before `e + s` has created it. Two different words never become
# equal, because their symbols, joined, still spell them.

# %% [markdown]
# > **Predict.** Which merges come first in the four words? Which of the words becomes a single symbol first?

# %%
merges = yours("09.train_bpe")(words, 8)
state = words
for pair in merges:
    state = {tuple(yours("09.merge_pair")(list(word), pair)): count for word, count in state.items()}
    print(f"{' + '.join(pair):>10}   {'   '.join('·'.join(word) for word in state)}")

# %% [markdown]
# Training found `est` and `low`, an ending and a word. Nobody told it what an ending is; `est` is simply frequent.
#
# **Ties matter.** `e s` and `s t` both occur nine times. Had `s t` won, the *es* of *notes* would stay two symbols. Your rule is the one that Hugging Face's
# `tokenizers` uses for BPE. Without a fixed rule, two trainings on the same text can give two vocabularies. Users have seen this with its WordPiece trainer, which numbers some symbols in the order
# of a hash table ([huggingface/tokenizers#1794](https://github.com/huggingface/tokenizers/issues/1794)). So store the vocabulary with the model.
#
# Your loop counts everything again for each merge. The course's library only recounts the words that contain the merged pair, so thousands of merges take seconds. On the
# 2,000 most frequent words of the captions, both must learn the same:

# %%
word_counts = Counter(word for caption in train["English"] for word in tokenize(caption))
frequent = {tuple(word): count for word, count in word_counts.most_common(2000)}
alphabet = sorted({symbol for word in frequent for symbol in word})
by_loop = yours("09.train_bpe")(frequent, 40)
by_library = learn_merges(frequent, alphabet, len(alphabet) + 40).merges
measured("your merges that equal the library's, of 40", sum(a == b for a, b in zip(by_loop, by_library, strict=True)), at_least=40)
print("the first ten:", "  ".join(left + right for left, right in by_loop[:10]))

# %% [markdown]
# ## 3 · Tokenizing a new word
#
# *lowest* was not among the four words. To tokenize it, repeat what was done to the text: start with single characters and apply the merges **in the order in which they were learned**.

# %%
drawings.bpe_merges()

# %% [markdown]
# ### Exercise 4 · Apply the merges (core, 6 minutes)
#
# Write `apply_merges(word, merges)`. `word` is a string and `merges` is a list of pairs in the order in which they were learned. Return the list of pieces. You may call your `merge`.


# %% tags=["exercise"]
def apply_merges(word, merges):
    """word, merges [(left, right), …] → [piece, …]."""
    ### BEGIN SOLUTION
    symbols = list(word)
    for pair in merges:
        symbols = merge(symbols, pair)
    return symbols
    ### END SOLUTION


# %% tags=["check"]
check("09.cut_by_merges", apply_merges)

# %% tags=["hint"]
hint("09.cut_by_merges")

# %% [markdown] tags=["solution"]
# One pass over the merges is enough, because a merge can only be applied once its two parts exist, and the merges that create them came earlier. A fast implementation looks up, again and again, the
# earliest merge among the pairs that are present. The result is the same.

# %%
for word in ("lowest", "newer", "widow", "slowest"):
    print(f"{word:8} → {' · '.join(yours('09.cut_by_merges')(word, merges))}")

# %% [markdown]
# *lowest* becomes `low` and `est`, so what a model has learned about these two carries over. *slowest* becomes `s`, `low`, `est`, where a grammar book
# would split *slow* and *est*. Tokenization knows nothing about meaning.
#
# ## 4 · Byte-level BPE
#
# Characters have gaps too: Unicode has more than 150,000 of them, and no training text contains them all. But UTF-8 stores each as one to four **bytes**, and there are
# only 256 different bytes. Start from those, and nothing is ever unknown, in any language (GPT-2; Radford et al. 2019):

# %%
for character in ("a", "é", "我", "👍"):
    print(f"{character} is", " ".join(f"{byte:02X}" for byte in character.encode("utf-8")), "· in GPT-2's files:", to_byte_symbols(character))
print("and a space before a word:", to_byte_symbols(" a"))

# %% [markdown]
# GPT-2 writes each byte as one visible character, so that a vocabulary fits in a text file: `Ġ` is the space. Our figures show a space as `␣`.
#
# Two more decisions are needed. A merge must not join words: `of the` would be a frequent pair. So the text is split into words before any merge (**pre-tokenization**): before spaces, and between
# letters, digits and punctuation. And nothing may be lost: the parts, joined together, must give back the text.

# %%
print(gpt2_words("Two dogs, 3 cats  don't bark!"))

# %% [markdown]
# Each word keeps the space before it, so even two spaces in a row survive. Now train on the 29,000 English captions, up to 8,192 symbols:

# %%
bpe = BPE.train(train["English"], 8192)
print(bpe)
print("first merges:", "  ".join(left + right for left, right in bpe.merges[:16]))
print("last merges: ", "  ".join(left + right for left, right in bpe.merges[-8:]))
everything = test["English"] + test["German"] + ["她喝了三杯咖啡。", "👍🏽 \t\x00 ﷽"]
changed = sum(bpe.decode(bpe.encode(text)) != text for text in everything)
measured(f"texts that encode and decode changes, of {len(everything):,}", changed, at_most=0)

# %% [markdown]
# Fragments come first, then words, then rare words. Move the slider and watch the pieces of an invented caption merge.

# %% tags=["nbval-ignore-output"]
shown = "Two unicyclists juggle flaming torches on a snowy mountainside."


def draw_tokens(n_merges):
    pieces = bpe.with_merges(n_merges).readable(shown)
    return plots.token_boxes(pieces, title=f"{n_merges:,} merges: {len(pieces)} tokens")


SliderFigure(
    draw_tokens,
    values=[0, 50, 100, 250, 500, 1000, 2000, 4000, len(bpe.merges)],
    start=1000,
    label="merges",
    alt="A caption in coloured boxes, one per token; the more merges, the fewer and longer the tokens.",
)

# %% [markdown]
# Type a text of your own. The numbers below the boxes are the ids, all that a model ever sees. Try your name with and without a space before it, capitals, a number, another
# language, an emoji. Bytes that form no whole character appear as numbers, such as ⟨F0⟩.


# %% tags=["nbval-ignore-output"]
def draw_typed(typed):
    if not typed:
        return plots.token_boxes(["(nothing typed)"], title="Type something")
    ids = bpe.encode(typed)
    return plots.token_boxes(bpe.readable(typed), title=f"{len(typed)} characters, {len(ids)} tokens", ids=ids)


TypedFigure(
    draw_typed,
    start="Skateboarding skateboarders, SKATEBOARDERS and a Skateboard",
    label="text",
    alt="The typed text in coloured boxes, one per token, with the token's id below.",
)

# %% [markdown]
# In the text above you see the same stem four times. The model sees mostly unrelated ids, and has to learn from text what they share. Even *Skate* is split differently after a space.
# Most language models can spell their tokens, but they are poor at editing text letter by letter (Edman et al. 2024).
#
# ## 5 · The size of the vocabulary
#
# More merges make the text shorter and the embedding matrix taller. At width 768, the 30,522 symbols of BERT-base take 23 million parameters, a fifth of its 110 million (Devlin et al. 2019).
#
# > **Predict.** Double the vocabulary again and again, from 256 to 8,192 symbols. Does each doubling shorten the text by the same factor? And what do *English* merges do for German
# > text?

# %%
german_bpe = BPE.train(train["German"], 8192)
curves = {"English, English merges": {}, "German, German merges": {}, "German, English merges": {}}
for size in (256, 512, 1024, 2048, 4096, 8192):
    for name, trained, language in zip(curves, (bpe, german_bpe, bpe), ("English", "German", "German"), strict=True):
        tokenizer = trained.with_merges(size - 256)
        curves[name][size] = sum(len(tokenizer.encode(caption)) for caption in test[language]) / len(test[language])
_ = plots.by_size(
    curves,
    title="The first merges save most, and far more in their own language",
    xlabel="symbols in the vocabulary",
    ylabel="tokens per caption",
    ylim=(0, 75),
)

# %%
for name, curve in curves.items():
    print(f"{name:24}", "  ".join(f"{size}: {length:.1f}" for size, length in curve.items()))
own, foreign = curves["German, German merges"][8192], curves["German, English merges"][8192]
measured("German captions: tokens with English merges over tokens with German merges", foreign / own, at_least=1.8)

# %% [markdown]
# The first 256 merges more than halve the length of an English caption; the last 4,096 shorten it by less than 5%. GPT-2 has 50,257 symbols; XLM-R, a model for a hundred languages,
# has 250,000 (Conneau et al. 2020).
#
# Languages are not treated alike. With merges learned from English, the *same* German captions take 2.5 times as many tokens. If you pay per token, you pay 2.5 times as much for the same message, and a
# context window holds less than half of it. In published tokenizers, Petrov et al. (2023) found differences of up to 15 times between languages.
#
# ## 6 · WordPiece
#
# BERT tokenizes differently, in three steps. First it **normalizes** the text: control characters are dropped, and in the *uncased* models capitals and accents too. Then pre-tokenization splits
# it at spaces, at **every** punctuation mark, and around **every** Chinese character. The exact text cannot be recovered after that.

# %%
wordpiece = WordPiece.train(train["English"], 4000)
for text in ("Don't stop, Zoë!", "$3.50\t\x07at 8:30", "我爱BERT。"):
    print(f"{text!r:24} → {' | '.join(wordpiece.words(text))}")

# %% [markdown]
# In the third step, each word is split by the vocabulary alone, without any merges. Take the **longest piece** that begins the word, then the longest that begins the rest, and so on. Pieces that
# continue a word start with `##`. If at some point no piece fits, the *whole word* becomes `[UNK]`. Say the vocabulary is `{un, una, ##aff, ##able, ##ffable, cat, ##s}`:
#
# * *cats* begins with `cat`, and the rest is `##s`.
# * *dogs* becomes `[UNK]`, because no piece begins it, although `##s` is there.
# * *unaffable* begins with `una`, and the rest is `##ffable`. The longest piece wins, even where another split looks better, such as `un`, `##aff`, `##able`. WordPiece never goes back to try a
#   shorter piece.

# %%
drawings.longest_match()

# %% [markdown]
# ### Exercise 5 · Longest match first (core, 8 minutes)
#
# Write `longest_first(word, vocabulary)`. `word` is a string and `vocabulary` a list or a set of pieces; look pieces up with `in`. Return the list of pieces, or `["[UNK]"]`.


# %% tags=["exercise"]
def longest_first(word, vocabulary):
    """word, vocabulary [piece, …] → [piece, ##piece, …] or ["[UNK]"]."""
    ### BEGIN SOLUTION
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            if prefix + word[start:end] in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces
    ### END SOLUTION


# %% tags=["check"]
check("09.longest_first", longest_first)

# %% tags=["hint"]
hint("09.longest_first")

# %% [markdown] tags=["solution"]
# The inner loop tries ends from the far right to the left. Its `else` runs only if it never reached `break`: no piece fitted, so the word is unknown.

# %% [markdown]
# Your function and the library's WordPiece have to agree on every word of the test captions:

# %%
distinct = sorted({word for caption in test["English"] for word in wordpiece.words(caption)})
known = set(wordpiece.symbols)
different = sum(yours("09.longest_first")(word, known) != wordpiece.pieces(word) for word in distinct)
measured(f"words tokenized differently, of {len(distinct):,}", different, at_most=0)
bpe_4000 = bpe.with_merges(4000 - 256)  # as many symbols as the WordPiece vocabulary has
for text in (shown, "Skateboarding skateboarders, SKATEBOARDERS", "A café in Zürich 👍 我爱咖啡"):
    print(f"BPE:       {' · '.join(bpe_4000.readable(text)[:40])}")
    print(f"WordPiece: {' · '.join(wordpiece.tokens(text))}\n")

# %% [markdown]
# A character that never occurred in training makes its word `[UNK]`, so a vocabulary from English captions cannot represent Chinese. Add Chinese to the training text, and each of its characters becomes
# a token of its own, because it is split off before anything is counted:

# %%
tatoeba = load("tatoeba-eng-cmn")
both = WordPiece.train([side for pair in tatoeba.train for side in pair], 8000, max_alphabet=5000)
chinese, english = [c for _, c in tatoeba.test], [e for e, _ in tatoeba.test]
print(tatoeba.test[400], "→", " · ".join(both.tokens(tatoeba.test[400][1])))


def tokens_per_sentence(tokenizer, sentences):
    return sum(len(tokenizer.tokens(sentence)) for sentence in sentences) / len(sentences)


for name, tokenizer in (("WordPiece of both languages", both), ("BPE of English captions", bpe)):
    in_english, in_chinese = tokens_per_sentence(tokenizer, english), tokens_per_sentence(tokenizer, chinese)
    print(f"{name:27}: English {in_english:.1f}, Chinese {in_chinese:4.1f} tokens per sentence")

# %% [markdown]
# **How is the vocabulary trained?** In the original method, the next merge is the one that raises the likelihood of the text most (Schuster and Nakajima 2012). BERT's authors published the
# vocabulary, not the code that trained it. Hugging Face's `WordPieceTrainer`, like `WordPiece.train` here, merges by plain counts as in section 2
# ([huggingface/tokenizers#570](https://github.com/huggingface/tokenizers/issues/570)). Only the *splitting* differs from BPE.
#
# ## 7 · Hugging Face's `tokenizers`
#
# In practice you would use Hugging Face's `tokenizers`, written in Rust. It trains BPE in a few lines:

# %%
their_bpe = Tokenizer(models.BPE())
their_bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
their_bpe.train_from_iterator(
    train["English"],
    trainers.BpeTrainer(vocab_size=8192, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False),
)
print(their_bpe.encode("Two unicyclists juggle torches").tokens)

# %% [markdown]
# Is it the same as ours? Compare the two vocabularies, then every token of about 6,500 lines in three languages. WordPiece gets our vocabulary, since only its splitting is to be compared.

# %%
their_wordpiece = Tokenizer(models.WordPiece({symbol: number for number, symbol in enumerate(both.symbols)}, unk_token="[UNK]"))
their_wordpiece.normalizer = normalizers.BertNormalizer()
their_wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

lines = [side for part in (captions.test, captions.validation, tatoeba.test) for pair in part for side in pair]
lines += [line + " 👩‍👩‍👧\t\x00—U\u0308nïcode 3.5²x_y" for line in lines[:500]]
vocabulary = their_bpe.get_vocab()
measured("BPE: symbols with a different id, of 8,192", sum(vocabulary.get(symbol) != number for number, symbol in enumerate(bpe.symbols)), at_most=0)
by_bpe, by_wordpiece = their_bpe.encode_batch(lines), their_wordpiece.encode_batch(lines)
measured(f"BPE: lines tokenized differently, of {len(lines):,}", sum(t.ids != bpe.encode(line) for line, t in zip(lines, by_bpe, strict=True)), at_most=0)
measured("WordPiece: lines tokenized differently", sum(t.tokens != both.tokens(line) for line, t in zip(lines, by_wordpiece, strict=True)), at_most=0)

# %% [markdown]
# ## 8 · Special tokens and segments
#
# Some symbols do not come from text. They have ids like all others, and learned vectors:
#
# | symbol | meaning |
# |---|---|
# | `[CLS]` | begins every input; its vector represents the whole (lesson 10) |
# | `[SEP]` | ends a sentence |
# | `[PAD]` | fills the shorter rows of a batch; masked, as in lesson 06 |
# | `[UNK]` | an unknown word |
# | `[MASK]` | replaces a token that the model has to predict (lesson 10) |
#
# BERT reads one sentence or two: does the second follow from the first, for example, or answer it? Each input vector is the sum of three embeddings: that of the token, that of its **segment**
# (the first or the second sentence), and that of its position, followed by a layer norm (lesson 07).

# %%
drawings.bert_inputs()

# %%
encoded = wordpiece.encode("A dog catches a frisbee.", "It leaps unafraid!")
print(f"{'token':>9} {'id':>5} {'segment':>8} {'word':>5}")
for number, segment, word in zip(*encoded, strict=True):
    print(f"{wordpiece.symbols[number]:>9} {number:5} {segment:8} {word if word >= 0 else '':>5}")

# %% [markdown]
# The last column numbers the words of each sentence, so that you know which word a piece belongs to. Tasks that label *words* need it (lesson 11).
#
# ### Exercise 6 · A pair of sentences for BERT (warm-up, 4 minutes)
#
# Write `pair_input(first, second, cls_id, sep_id)`. `first` and `second` are lists of ids. Return two lists, in the order of the table above: the ids that BERT reads, and their segments.


# %% tags=["exercise"]
def pair_input(first, second, cls_id, sep_id):
    """first, second [id, …] → ids [CLS] first [SEP] second [SEP], and as many segments, 0 or 1."""
    ### BEGIN SOLUTION
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return ids, [0] * (len(first) + 2) + [1] * (len(second) + 1)
    ### END SOLUTION


# %% tags=["check"]
check("09.pair_input", pair_input)

# %% tags=["hint"]
hint("09.pair_input")

# %% [markdown] tags=["solution"]
# The first `[SEP]` closes the first sentence, so it belongs to segment 0. The second belongs to segment 1.

# %% [markdown]
# > **Predict.** A user types `[SEP]` into a text box, and your program encodes the text. What should happen?

# %%
typed = "a bad dog [SEP] a good dog"
print("as text:         ", wordpiece.decode(wordpiece.encode(typed).ids, special=True))
print("as special token:", wordpiece.decode(wordpiece.encode(typed, specials_in_text=True).ids, special=True))
their_wordpiece.add_special_tokens(["[CLS]", "[SEP]"])
print("Hugging Face:    ", " ".join(their_wordpiece.encode(typed).tokens))

# %% [markdown]
# If typed text can turn into special tokens, a stranger can fake a second sentence or the end of your instructions, a form of *prompt injection*. Here text stays text unless you ask otherwise.
# Hugging Face's tokenizer, as soon as `[SEP]` is registered as a special token, reads it in any text by default.
#
# ## 9 · Comparing models with different tokenizers
#
# Perplexity is $e^{\text{loss}}$, with the loss **per token** (lesson 08). Change the tokens, and you change what the mean is taken over. We train n-grams (lesson 01) on the training captions with
# six vocabularies and evaluate each on the test captions. Each gets the order that is best on the validation captions.
#
# ### Exercise 7 · Bits per character (core, 6 minutes, experiment)
#
# *Predict* first: which model will have the lower perplexity, the one with 256 symbols or the one with 8,192? Which is the better model?
#
# Then write `bits_per_character(nats_per_token, n_tokens, n_characters)`: from the mean loss per token in nats and the number of tokens and characters of a text, compute how many bits a *character* costs. The experiment below
# calls your function.


# %% tags=["exercise"]
def bits_per_character(nats_per_token, n_tokens, n_characters):
    """→ bits per character of a text with a loss of nats_per_token."""
    ### BEGIN SOLUTION
    return nats_per_token * n_tokens / n_characters / math.log(2)
    ### END SOLUTION


# %% tags=["check"]
check("09.bits_per_character", bits_per_character)

# %% tags=["hint"]
hint("09.bits_per_character")

# %% [markdown] tags=["solution"]
# The loss per token times the number of tokens is what the whole text costs. Divide that by the characters, of which the text has the same number for every tokenizer.


# %%
def ids_of(tokenizer, text_lines):
    """All lines in one row of ids, each with its line end, (n_tokens,)."""
    return torch.tensor([number for line in text_lines for number in tokenizer.encode(line + "\n")])


validation = [english for _, english in captions.validation]
n_characters = sum(len(caption) + 1 for caption in test["English"])
perplexities, bits, ngrams_with = {}, {}, {}
print(f"{'symbols':>7} {'tokens':>7} {'order':>6} {'perplexity':>11} {'bits per character':>19}")
for size in (256, 512, 1024, 2048, 4096, 8192):
    tokenizer = bpe.with_merges(size - 256)
    ids, n_symbols = [ids_of(tokenizer, part) for part in (train["English"], validation, test["English"])], size
    if size == 256:  # the captions use few of the bytes; renumbered, n-grams of up to eight can be counted
        used, renumbered = torch.cat(ids).unique(return_inverse=True)
        ids, n_symbols = renumbered.split([len(part) for part in ids]), len(used)
    train_ids, validation_ids, test_ids = ids
    ngrams = NGram({256: 8, 512: 5}.get(size, 4), n_symbols).fit(train_ids)
    order = min(range(2, ngrams.order + 1), key=lambda order: ngrams.cross_entropy(validation_ids, order))
    loss = ngrams.cross_entropy(test_ids, order)
    perplexities[size], ngrams_with[size] = perplexity(loss), ngrams
    bits[size] = yours("09.bits_per_character")(loss, len(test_ids), n_characters)
    print(f"{size:7} {len(test_ids):7,} {order:6} {perplexities[size]:11.1f} {bits[size]:19.3f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), gridspec_kw={"wspace": 0.15})
for ax, values, title, label in (
    (left, perplexities, "Perplexity ranks bytes first", "perplexity per token"),
    (right, bits, "Bits per character rank bytes last", "bits per character (from 1.2)"),
):
    _ = plots.by_size({label: values}, title=title, xlabel="symbols in the vocabulary", ylabel=label, ax=ax)
    _ = ax.set_ylim(bottom=0 if ax is left else 1.2)
    ax.tick_params(axis="x", labelrotation=45)
    ax.get_legend().remove()

# %% [markdown]
# In these n-grams bytes have the lowest perplexity and cost the most bits per character: a byte is easy to predict, but there are many of them. A longer context would not help, since order 8 was tried too, and 7 was
# better. From 2,048 symbols on the models are almost equal. Bits per character measure what the same *text* costs, so they can be compared between tokenizers and between models.
#
# One kind of token cannot be compared even in bits per character. Keep the 100 most frequent words and replace the rest by `<unk>`:

# %%
few_words = WordVocabulary.from_tokens(map(tokenize, train["English"]), max_size=104)
train_ids, test_ids = (
    torch.tensor([number for caption in part for number in few_words.encode(tokenize(caption))])
    for part in (train["English"], test["English"])
)
loss = NGram(3, len(few_words)).fit(train_ids).cross_entropy(test_ids)
print(f"perplexity {perplexity(loss):.1f}; {(test_ids == few_words.unk_id).float().mean():.0%} of the words are <unk>")

# %% [markdown]
# An excellent perplexity: `<unk>` is the most frequent token, and easy to predict. But the text cannot be recovered from these tokens. A perplexity that includes `<unk>` can only be compared with
# one that has exactly the same `<unk>`s.
#
# ## 10 · Spot the bug
#
# A colleague rewrites the tokenizer as one sweep from left to right: "Wherever two neighbours form a pair I know, I merge them, until no such pair is left."


# %%
joined = {(left, right): left + right for left, right in bpe.merges}


def colleagues_pieces(word):
    """A word in GPT-2's bytes → its pieces."""
    pieces, i = list(word), 0
    while i + 1 < len(pieces):
        if (pieces[i], pieces[i + 1]) in joined:
            pieces[i : i + 2] = [joined[pieces[i], pieces[i + 1]]]
            i = max(i - 1, 0)
        else:
            i += 1
    return pieces


class ColleaguesBPE:
    def __init__(self):
        self.seen = {}  # word → ids, so that no word is split twice

    def encode(self, text):
        ids = []
        for word in gpt2_words(text):
            if word not in self.seen:
                self.seen[word] = [bpe.id_of(piece) for piece in colleagues_pieces(to_byte_symbols(word))]
            ids += self.seen[word]
        return ids


theirs = ColleaguesBPE()
changed = sum(bpe.decode(theirs.encode(caption)) != caption for caption in test["English"])
measured("captions that the colleague's encode and decode changes", changed, at_most=0)
print(f"tokens per caption: {sum(len(theirs.encode(caption)) for caption in test['English']) / 1000:.1f}")

# %% [markdown]
# > **Predict.** Every caption survives, and it is much shorter than in characters. What is wrong? Who will notice?


# %%
def split_differently(words, split):
    """The words that are not tokenized as the library's BPE does."""
    return sorted(word for word in words if bpe.tokens(word) != split(to_byte_symbols(word)))


distinct = {word for caption in test["English"] for word in gpt2_words(caption)}
different = split_differently(distinct, colleagues_pieces)
measured("colleague: proportion of words split differently", len(different) / len(distinct), at_least=0.05)
for word in (" mountainside", " skateboarders", " conversation", " instruments"):
    print(f"   {' · '.join(bpe.readable(word)):28}  theirs: {' · '.join(colleagues_pieces(to_byte_symbols(word))).replace('Ġ', ' ')}")

still = split_differently(different[:50], lambda word: yours("09.cut_by_merges")(word, bpe.merges))
measured("merges in their order, your function: split differently, of 50 such words", len(still), at_most=0)

# %% [markdown]
# Merges have an order, and the order is part of what was learned. Checking that decoding undoes encoding proves nothing here, because *any* split into known pieces spells the text. What finds the
# bug is a token-by-token comparison with a second implementation. What does the bug cost?

# %%
their_ngrams = NGram(4, 8192).fit(ids_of(theirs, train["English"]))
for how, ngrams, trained, tokenizer in (
    ("trained and read correctly       ", ngrams_with[8192], bpe, bpe),
    ("trained correctly, read with bug ", ngrams_with[8192], bpe, theirs),
    ("trained and read with the bug    ", their_ngrams, theirs, theirs),
):
    # As before: the order that suits the model, on validation captions tokenized as in training.
    validation_ids, test_ids = ids_of(trained, validation), ids_of(tokenizer, test["English"])
    order = min(range(2, 5), key=lambda order: ngrams.cross_entropy(validation_ids, order))
    cost = yours("09.bits_per_character")(ngrams.cross_entropy(test_ids, order), len(test_ids), n_characters)
    print(f"{how} {len(test_ids):7,} tokens, {cost:.2f} bits per character")

# %% [markdown]
# If you train *and* tokenize with the bug, texts take almost twice as many tokens and cost a little more. If you give the tokens to a correctly trained model, its predictions are ruined, because it meets pieces that it has
# hardly ever seen.
#
# It happens in practice. The from-scratch tokenizer of a popular book split *Hello,* into `He`, `llo` and a comma ([rasbt/LLMs-from-scratch#558](https://github.com/rasbt/LLMs-from-scratch/issues/558); its own
# comparison notebook exposed it). An inference engine merged from left to right, as your colleague does, and split more than half of ordinary English words wrongly
# ([ztxz16/fastllm#715](https://github.com/ztxz16/fastllm/pull/715)). A related bug is to tokenize with settings other than those of training. One server fed capitals to an uncased model, and
# read *The capital of France is Paris.* as `[UNK] capital of [UNK] is [UNK] .` ([vllm-project/vllm#11184](https://github.com/vllm-project/vllm/issues/11184)).
#
# ## Recap
#
# | | how | cost | when to use it |
# |---|---|---|---|
# | words | one symbol each | `<unk>`; a huge embedding for rare words | when all words are known in advance |
# | characters, bytes | one symbol each | about five times the length | when spelling matters |
# | BPE | merge the most frequent pair; apply merges in their order | many tokens for rare words and other languages | when the exact text must come back: GPT |
# | WordPiece | normalize, then longest match first | spaces, capitals, accents; `[UNK]` | when text is read, not written: BERT |
# | segments | 0 for the first sentence, 1 for the second | one vector each | for pairs of sentences |
# | bits per character | loss · tokens / characters / ln 2 | none | to compare models with different tokens |
#
# Two alternatives are not covered here. The **unigram** model (Kudo 2018; in the library SentencePiece) starts with too many pieces and drops those that the text needs least. **Byte models** (ByT5; Xue et al.
# 2022) read bytes directly and pay with length.
#
# **What is not true.** *"Subwords are meaningful parts of words."* `est` happens to be; most are just frequent. *"With bytes all languages are equal."* All can be written; the price differs. *"WordPiece merges by likelihood."* The original did; Hugging
# Face's trainer of that name merges by counts. *"Bits per character are the model's true cost."* They are an upper bound: the model could have spelled the text with other pieces too
# (Cao and Rimell 2021).
#
# **Still open.** You can tokenize any text for BERT, and you know what `[CLS]`, `[SEP]` and `[MASK]` are called, but not what they are *for*. GPT only reads from left to right. What would a model learn that sees both sides? → `10_bert.ipynb`
#
# ## References
#
# * P. Gage 1994, *A new algorithm for data compression*: byte-pair encoding.
# * R. Sennrich, B. Haddow, A. Birch 2016, *Neural machine translation of rare words with subword units*, section 3.2.
# * A. Radford et al. 2019, *Language models are unsupervised multitask learners*, section 2.2: bytes, and the split before the merges.
# * M. Schuster, K. Nakajima 2012, *Japanese and Korean voice search*; Y. Wu et al. 2016, *Google's neural machine translation system*, section 4.1: WordPiece.
# * T. Kudo 2018, *Subword regularization*; T. Kudo, J. Richardson 2018, *SentencePiece*: the unigram model.
# * L. Xue et al. 2022, *ByT5: towards a token-free future with pre-trained byte-to-byte models*.
# * J. Devlin et al. 2019, *BERT*, section 3: special tokens, segments.
# * A. Conneau et al. 2020, *Unsupervised cross-lingual representation learning at scale*: XLM-R.
# * A. Petrov, E. La Malfa, P. Torr, A. Bibi 2023, *Language model tokenizers introduce unfairness between languages*.
# * L. Edman, H. Schmid, A. Fraser 2024, *CUTE: measuring LLMs' understanding of their tokens*.
# * K. Cao, L. Rimell 2021, *You should evaluate your language model on marginal likelihood over tokenisations*.
# * The captions: D. Elliott et al. 2016, *Multi30K*. English and Chinese sentences: the contributors of Tatoeba.
