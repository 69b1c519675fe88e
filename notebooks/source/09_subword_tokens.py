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
# text long. Subword tokens lie in between. They are found by counting alone, and nearly every large language model reads them.
#
# You will be able to:
#
# * **train** byte-pair encoding from a text, including its rule for ties (exercises 1, 2 and 3),
# * **tokenize** a new word: by merges, as GPT does, and by the longest piece, as BERT does (exercises 4 and 5),
# * **prepare** a pair of sentences for BERT (exercise 6),
# * **compare** models whose tokens differ, and see why perplexity misleads there (exercise 7).
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
# The text of this lesson is a set of photograph captions in English and German: 29,000 for training and 1,000 for testing.

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
# One English caption in seven has an unknown word, and one German caption in four, because German joins words together. Each of them becomes `<unk>`, whatever it
# says. Most of the known words are too rare for a model to learn good vectors. And `walk`, `walks` and `walking` are as unrelated as `walk` and `zebra`.
#
# Characters leave hardly any gaps. But a caption has about five times as many characters as words, and the cost of attention grows with the square of the length (lesson 06).
#
# So keep frequent words whole and split rare words into pieces. Which pieces? Let the text decide.
#
# ## 2 · Byte-pair encoding
#
# **Byte-pair encoding** (BPE) started as a compression method (Gage 1994). Sennrich et al. (2016) used it for words. Start with characters. Count all pairs of neighbouring symbols. Make the most frequent pair a new
# symbol. Repeat. Their example has four words with their counts; in the paper each also ends in an end-of-word symbol, which we leave out.

# %%
words = {tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3}

# %% [markdown]
# By hand: the pair `l o` occurs in *low* (5 times) and in *lower* (2 times), which makes 7. The pair `e s` occurs in *newest* (6) and *widest* (3), which makes 9.
#
# ### Exercise 1 · Count the pairs (warm-up, 5 minutes)
#
# Write `count_pairs(words)`. `words` is a dictionary from words, each a tuple of symbols, to their counts. Return a dictionary from pairs `(left, right)` to how often
# they occur in the text.


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
# Write `train_bpe(words, n_merges)`: repeat exercises 1 and 2 and return the list of merges, each a pair, in the order in which they were learned.
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
        number.setdefault(best[0] + best[1], len(number))
        merged = {}
        for word, count in words.items():
            word = tuple(merge(list(word), best))
            merged[word] = merged.get(word, 0) + count
        words = merged
    return merges
    ### END SOLUTION


# %% tags=["check"]
check("09.train_bpe", train_bpe)

# %% tags=["hint"]
hint("09.train_bpe")

# %% [markdown] tags=["solution"]
# The counts must be taken again after every merge: `es` does not exist before `e + s` has created it. Two different words can become equal after a merge, which is why the
# counts are added up in a new dictionary.

# %% [markdown]
# > **Predict.** Which merges come first in the four words? Which of the words becomes a single symbol first?

# %%
merges = yours("09.train_bpe")(words, 8)
state = words
for pair in merges:
    state = {tuple(yours("09.merge_pair")(list(word), pair)): count for word, count in state.items()}
    print(f"{' + '.join(pair):>10}   {'   '.join('·'.join(word) for word in state)}")

# %% [markdown]
# Training found `est` and `low`, an ending and a word. Nobody told it what an ending is; `est` is simply what saves the most.
#
# **Ties matter.** `e s` and `s t` both occur nine times, and whichever wins changes what comes later. Your rule is that of Hugging Face's `tokenizers` for BPE. Without a
# fixed rule, two trainings on the same text give two vocabularies. That has been reported for its WordPiece trainer, which takes symbols in the order of a hash table
# ([huggingface/tokenizers#1794](https://github.com/huggingface/tokenizers/issues/1794)). So store the vocabulary with the model.
#
# Your loop counts everything again for each merge. The library's version only recounts the words that contain the merged pair, so thousands of merges take seconds. On the
# 2,000 most frequent words of the captions, both must learn the same:

# %%
counted = Counter(word for caption in train["English"] for word in tokenize(caption))
frequent = {tuple(word): count for word, count in counted.most_common(2000)}
alphabet = sorted({symbol for word in frequent for symbol in word})
by_loop = yours("09.train_bpe")(frequent, 40)
by_library = learn_merges(frequent, alphabet, len(alphabet) + 40).merges
measured("your merges that equal the library's, of 40", sum(a == b for a, b in zip(by_loop, by_library, strict=True)), at_least=40)
print("the first ten:", "  ".join(left + right for left, right in by_loop[:10]))

# %% [markdown]
# ## 3 · Tokenizing a new word
#
# *lowest* was not among the four words. To tokenize it, do what was done to the text: start with its characters and apply the merges **in the order in which they were learned**.

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
# *lowest* becomes `low` and `est`, so what a model has learned about these two carries over. *slowest* becomes `s`, `low`, `est`, a split that no grammar book would make.
# Tokenization knows nothing about meaning.
#
# ## 4 · Byte-level BPE
#
# Characters leave some gaps too: Unicode has about 150,000 of them, and no text contains all. But a computer stores each as one to four **bytes** in UTF-8, and there are
# only 256 bytes. Start from those, and nothing is ever unknown, in any language (GPT-2; Radford et al. 2019):

# %%
for sign in ("a", "é", "我", "👍"):
    print(f"{sign} is", " ".join(f"{byte:02X}" for byte in sign.encode("utf-8")), "· in GPT-2's files:", to_byte_symbols(sign))
print("and a space before a word:", to_byte_symbols(" a"))

# %% [markdown]
# GPT-2 writes each byte as one visible character, so that a vocabulary fits in a text file: `Ġ` is the space. In our figures the space is `␣`.
#
# Two more decisions follow. A merge must not join words, since `of the` would be a frequent pair. So the text is first split into words, before any merge (**pre-tokenization**): before spaces, and between letters, digits
# and punctuation. And nothing may get lost: joined together, the parts are the text.

# %%
print(gpt2_words("Two dogs, 3 cats  don't bark!"))

# %% [markdown]
# Now train on the 29,000 English captions, up to 8,192 symbols:

# %%
bpe = BPE.train(train["English"], 8192)
print(bpe)
print("first merges:", "  ".join(left + right for left, right in bpe.merges[:16]))
print("last merges: ", "  ".join(left + right for left, right in bpe.merges[-8:]))
everything = test["English"] + test["German"] + ["她喝了三杯咖啡。", "👍🏽 \t\x00 ﷽"]
changed = sum(bpe.decode(bpe.encode(text)) != text for text in everything)
measured(f"texts that encode and decode changes, of {len(everything):,}", changed, at_most=0)

# %% [markdown]
# Fragments come first, then words, then rare words. Move the slider and watch an invented caption grow together.

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
# Type a text of your own. The numbers below the boxes are the ids, and they are all that a model gets to see. Try your name with and without a space before it, capitals, a number, another
# language, an emoji. A byte that is not a whole character appears as its number, such as ⟨F0⟩.


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
# You see one word in four spellings. The model sees mostly unrelated numbers, and has to learn from text what they share. Even the two *Skate* differ, because a token includes the space before it. This is one reason why
# language models are bad at spelling and at counting letters.
#
# ## 5 · The size of the vocabulary
#
# More merges make the text shorter and the embedding matrix taller. At width 768, the 30,522 symbols of BERT-base take 23 million parameters, a fifth of the model.
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
    title="The first merges save most, and only in their own language",
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
# The first 256 merges more than halve an English caption; the last 4,096 hardly shorten it. GPT-2 has 50,257 symbols, and models for many languages have 100,000 and more.
#
# Languages are not treated alike. The *same* captions cost more than twice as many tokens when an English text has chosen the merges. If you pay per token, you pay more than double for the same message, and a context window
# holds less than half of it (Petrov et al. 2023).
#
# ## 6 · WordPiece
#
# BERT tokenizes differently, in two steps. First the text is **normalized**: control characters are dropped, and in the *uncased* models capitals and accents too. Then it is split (pre-tokenization) at spaces, at **every** punctuation
# mark, and around **every** Chinese character. There is no way back to the exact text.

# %%
wordpiece = WordPiece.train(train["English"], 4000)
for text in ("Don't stop, Zoë!", "$3.50\t\x07at 8:30", "我爱BERT。"):
    print(f"{text!r:24} → {' | '.join(wordpiece.words(text))}")

# %% [markdown]
# In the second step, each word is split without any merges, by the vocabulary alone. Take the **longest piece** that begins the word, then the longest that begins the rest, and so on. Pieces inside a
# word start with `##`. If nothing fits, the *whole word* becomes `[UNK]`. With the vocabulary `{un, una, ##aff, ##able, ##ffable, cat, ##s}`:
#
# * *cats* has the longest prefix `cat`, and the rest gives `##s`.
# * *unaffable* begins with `una`, and the rest gives `##ffable`. The longest piece wins, even if another split looks better, and it is never given back.
# * *dogs* becomes `[UNK]`, because no piece begins it, although `##s` is there.
#
# ### Exercise 5 · Longest match first (core, 8 minutes)
#
# Write `longest_first(word, vocabulary)`. `word` is a string and `vocabulary` a list of pieces, which you ask with `in`. Return the list of pieces, or `["[UNK]"]`.


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
# A character that never occurred in training makes its word `[UNK]`, so a vocabulary from English captions is blind to Chinese. With Chinese in the training text, every Chinese character becomes a token of
# its own, because normalization isolates it before anything is counted:

# %%
tatoeba = load("tatoeba-eng-cmn")
both = WordPiece.train([side for pair in tatoeba.train for side in pair], 8000, max_alphabet=5000)
chinese, english = [c for _, c in tatoeba.test], [e for e, _ in tatoeba.test]
print(tatoeba.test[400], "→", " · ".join(both.tokens(tatoeba.test[400][1])))


def tokens_per_sentence(tokenizer, sentences):
    return sum(len(tokenizer.tokens(sentence)) for sentence in sentences) / len(sentences)


print(f"WordPiece of both languages: English {tokens_per_sentence(both, english):.1f}, Chinese {tokens_per_sentence(both, chinese):.1f} tokens per sentence")
print(f"BPE of English captions:     English {tokens_per_sentence(bpe, english):.1f}, Chinese {tokens_per_sentence(bpe, chinese):.1f} tokens per sentence")

# %% [markdown]
# **How is the vocabulary trained?** The papers merge the pair that raises the likelihood of the text most (Schuster and Nakajima 2012). BERT's authors published the result, not the code. What `tokenizers` calls
# `WordPieceTrainer`, and `WordPiece.train` here, merges by plain counts as in section 2
# ([huggingface/tokenizers#570](https://github.com/huggingface/tokenizers/issues/570)). Only the *splitting* is WordPiece's own.
#
# ## 7 · Hugging Face's `tokenizers`
#
# In practice you would use Hugging Face's `tokenizers`, written in Rust. Give it our symbols and merges and compare every token of every line. Then let it train BPE on the same text.

# %%
lines = [side for part in (captions.test, captions.validation, tatoeba.test, tatoeba.validation) for pair in part for side in pair]
lines += [line + extra for line in lines[:2000] for extra in (" 👩‍👩‍👧", "\u0301\t\x00—Ünïcode", " 3.5²x_y")]

their_bpe = Tokenizer(models.BPE({symbol: number for number, symbol in enumerate(bpe.symbols)}, bpe.merges))
their_bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
their_wordpiece = Tokenizer(models.WordPiece({symbol: number for number, symbol in enumerate(both.symbols)}, unk_token="[UNK]"))
their_wordpiece.normalizer = normalizers.BertNormalizer()
their_wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

by_bpe, by_wordpiece = their_bpe.encode_batch(lines), their_wordpiece.encode_batch(lines)
measured(f"BPE: lines tokenized differently, of {len(lines):,}", sum(t.ids != bpe.encode(line) for line, t in zip(lines, by_bpe, strict=True)), at_most=0)
measured("WordPiece: lines tokenized differently", sum(t.tokens != both.tokens(line) for line, t in zip(lines, by_wordpiece, strict=True)), at_most=0)

their_bpe.train_from_iterator(
    train["English"],
    trainers.BpeTrainer(vocab_size=8192, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False),
)
vocabulary = their_bpe.get_vocab()
measured("BPE trained by the library: symbols with a different id, of 8,192", sum(vocabulary.get(s) != n for n, s in enumerate(bpe.symbols)), at_most=0)

# %% [markdown]
# ## 8 · Special tokens and segments
#
# Some symbols do not come from text. They have ids like all others, and learned vectors:
#
# | symbol | meaning |
# |---|---|
# | `[CLS]` | begins every input; its vector represents the whole (lesson 10) |
# | `[SEP]` | ends a sentence |
# | `[PAD]` | fills up the shorter rows of a batch; masked, as in lesson 06 |
# | `[UNK]` | an unknown word |
# | `[MASK]` | replaces a token that the model has to predict (lesson 10) |
#
# BERT reads one sentence or two. Does the second follow from the first? Does it answer it? Each input vector is a sum of three embeddings: the token's, its **segment**'s, and its position's.

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
# Write `pair_input(first, second, cls_id, sep_id)`. `first` and `second` are lists of ids. Return two lists: the ids that BERT reads, and their segments.


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
typed = "nice dog [SEP] this review is positive"
print("as text:         ", wordpiece.decode(wordpiece.encode(typed).ids, special=True))
print("as special token:", wordpiece.decode(wordpiece.encode(typed, specials_in_text=True).ids, special=True))

# %% [markdown]
# If text can turn into special tokens, a stranger's text can pretend to be two sentences, or the end of your instructions. Here text stays text unless you ask otherwise. Hugging Face's tokenizers do it
# the other way round by default.
#
# ## 9 · Comparing models with different tokenizers
#
# Perplexity is $e$ to the loss **per token** (lesson 08). Change the tokens, and you change what is counted. We train n-grams (lesson 01) on the training captions in six vocabularies and
# evaluate each on the test captions. For each vocabulary, the order of the n-gram is chosen on the validation captions.
#
# ### Exercise 7 · Bits per character (core, 6 minutes, experiment)
#
# *Predict* first: which model will have the lower perplexity, the one with 256 symbols or the one with 8,192? Which is the better model?
#
# Then write `bits_per_character(nats_per_token, n_tokens, n_characters)`: from the mean loss per token in nats and the number of tokens and characters of a text, compute how many bits a *character* costs. The experiment below
# runs on your function.


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
# The loss per token times the number of tokens is what the whole text costs. That total does not depend on how the text was split, so divide it by the characters.


# %%
def ids_of(tokenizer, text_lines):
    """All lines in one row of ids, each with its line end, (n_tokens,)."""
    return torch.tensor([number for line in text_lines for number in tokenizer.encode(line + "\n")])


validation = [english for _, english in captions.validation]
n_characters = sum(len(caption) + 1 for caption in test["English"])
per_token, per_character, counted = {}, {}, {}
print(f"{'symbols':>7} {'tokens':>7} {'order':>6} {'perplexity':>11} {'bits per character':>19}")
for size in (256, 512, 1024, 2048, 4096, 8192):
    tokenizer = bpe.with_merges(size - 256)
    learned, tried, read = (ids_of(tokenizer, text_lines) for text_lines in (train["English"], validation, test["English"]))
    # The highest order tried: seven symbols of 8 bits fit into the 63 bits that number an n-gram.
    ngrams = NGram({256: 7, 512: 6, 1024: 6}.get(size, 4), size).fit(learned)
    order = min(range(2, ngrams.order + 1), key=lambda order: ngrams.cross_entropy(tried, order))
    loss = ngrams.cross_entropy(read, order)
    per_token[size], counted[size] = perplexity(loss), ngrams
    per_character[size] = yours("09.bits_per_character")(loss, len(read), n_characters)
    print(f"{size:7} {len(read):7,} {order:6} {per_token[size]:11.1f} {per_character[size]:19.3f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.0), gridspec_kw={"wspace": 0.1})
for ax, values, title, label in (
    (left, per_token, "Perplexity ranks bytes first", "perplexity per token"),
    (right, per_character, "Bits per character rank them last", "bits per character (from 1.2)"),
):
    _ = plots.by_size({label: values}, title=title, xlabel="symbols in the vocabulary", ylabel=label, ax=ax)
    _ = ax.set_ylim(bottom=0 if ax is left else 1.2)
    ax.tick_params(axis="x", labelrotation=45)
    ax.get_legend().remove()

# %%
flat = [bits for size, bits in per_character.items() if size >= 2048]
measured("perplexity: 8,192 symbols over 256", per_token[8192] / per_token[256], at_least=5)
measured("bits per character: 256 symbols minus the best", per_character[256] - min(per_character.values()), at_least=0.1)
measured("bits per character: spread from 2,048 symbols on", max(flat) - min(flat), at_most=0.05)

# %% [markdown]
# The winner by perplexity, bytes, is the worst model by bits per character: a byte is easy to predict, and there are many of them. From 2,048 symbols on the models are almost equal. Bits per character measure what the same *text*
# costs, so on the same text they can be compared between tokenizers and between models.
#
# One kind of token cannot be measured in bits per character at all. Keep the 100 most frequent words and replace the rest by `<unk>`:

# %%
few_words = WordVocabulary.from_tokens(map(tokenize, train["English"]), max_size=104)
learned, read = (torch.tensor([number for caption in part for number in few_words.encode(tokenize(caption))]) for part in (train["English"], test["English"]))
loss = NGram(3, len(few_words)).fit(learned).cross_entropy(read)
print(f"perplexity {perplexity(loss):.1f}; {(read == few_words.unk_id).float().mean():.0%} of the words are <unk>")

# %% [markdown]
# An excellent perplexity: `<unk>` is the most frequent word, and easy to predict. But nobody can write the text down from these tokens. A perplexity with `<unk>` in it can only be compared with one that has exactly the same `<unk>`s.
#
# ## 10 · Spot the bug
#
# A colleague rewrites the tokenizer with a single pass over the word: "Wherever two neighbours form a pair I know, I merge them, until no such pair is left."


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
# Merges have an order, and the order is part of what was learned. The test "decode what you encoded" proves nothing, because *any* split into known pieces spells the text. What finds the bug is a comparison with a second implementation,
# token by token. What does the bug cost?

# %%
their_ngrams = NGram(4, 8192).fit(ids_of(theirs, train["English"]))
for how, ngrams, trained, tokenizer in (
    ("trained and read correctly       ", counted[8192], bpe, bpe),
    ("trained correctly, read with bug ", counted[8192], bpe, theirs),
    ("trained and read with the bug    ", their_ngrams, theirs, theirs),
):
    # As before: the order that suits the model, on validation captions tokenized as in training.
    tried, read = ids_of(trained, validation), ids_of(tokenizer, test["English"])
    order = min(range(2, 5), key=lambda order: ngrams.cross_entropy(tried, order))
    bits = yours("09.bits_per_character")(ngrams.cross_entropy(read, order), len(read), n_characters)
    print(f"{how} {len(read):7,} tokens, {bits:.2f} bits per character")

# %% [markdown]
# If you train *and* tokenize with the bug, you pay with longer texts. If you load a correctly trained model, you pay with the model itself, because it meets pieces it has hardly seen.
#
# It happens. A popular book's from-scratch tokenizer split *Hello,* into `He`, `llo` and a comma ([rasbt/LLMs-from-scratch#558](https://github.com/rasbt/LLMs-from-scratch/issues/558); its own comparison notebook exposed it). An inference engine split
# more than half of ordinary English words wrongly ([ztxz16/fastllm#715](https://github.com/ztxz16/fastllm/pull/715)). A close relative is a tokenizer with settings other than in training: one server fed an uncased model capitals, and read *The capital of
# France is Paris.* as `[UNK] capital of [UNK] is [UNK] .` ([vllm-project/vllm#11184](https://github.com/vllm-project/vllm/issues/11184)).
#
# ## Recap
#
# | | how | cost | when to use it |
# |---|---|---|---|
# | words | one symbol each | `<unk>`; a huge embedding for rare words | when all words are known in advance |
# | characters, bytes | one symbol each | about five times the length | when the model has to see spelling |
# | BPE | merge the most frequent pair; apply merges in their order | a vocabulary to store with the model | when the exact text must come back: GPT |
# | WordPiece | normalize, then longest match first | spaces, capitals, accents; `[UNK]` | when text is read, not written: BERT |
# | segments | 0 for the first sentence, 1 for the second | one vector each | for pairs of sentences |
# | bits per character | loss · tokens / characters / ln 2 | none | to compare models with different tokens |
#
# Two alternatives are not covered here. The **unigram** model (Kudo 2018; in the library SentencePiece) starts with too many pieces and drops those that the text needs least. **Byte models** (ByT5; Xue et al.
# 2022) read bytes directly and pay with length.
#
# **What is not true.** *"Subwords are meaningful parts of words."* `est` happens to be; most are just frequent. *"With bytes all languages are equal."* All can be written; the price differs. *"WordPiece merges by likelihood."* The paper's does; what is trained under that name
# today mostly counts. *"Bits per character are the model's true cost."* They are an upper bound, because the model could have spelled the text with other pieces too.
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
# * A. Petrov, E. La Malfa, P. Torr, A. Bibi 2023, *Language model tokenizers introduce unfairness between languages*.
# * The captions: D. Elliott et al. 2016, *Multi30K*. English and Chinese sentences: the contributors of Tatoeba.
