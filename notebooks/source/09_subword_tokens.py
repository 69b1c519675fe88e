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
# # 09 · Subword tokens: text in pieces that a text has taught
#
# **How can a model read a word that it has never seen?** Lesson 08 read characters or words. Words are never complete, and characters make every text long. There is something between the two, found by nothing but counting, and nearly every large language model reads it.
#
# You will be able to:
#
# * **write** the two steps of byte-pair encoding, **follow** a training merge by merge, and say how ties are broken,
# * **cut** a new word: by merges, as GPT does, and by the longest piece, as BERT does,
# * **prepare** a pair of sentences for BERT,
# * **say** what a vocabulary's size costs and what it buys, and in which language, and
# * **compare** models whose tokens differ.
#
# Time: 80 minutes; the cells run for about half a minute on one idle CPU core. It builds on lesson 01 (cross-entropy, counted n-grams) and lesson 08 (perplexity, bits per character).

# %% tags=["setup", "nbval-ignore-output"]
import math
from collections import Counter

import matplotlib.pyplot as plt
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from course_lib import plots
from course_lib.data import load
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.metrics import perplexity
from course_lib.models.words import NGram
from course_lib.practice import check, hint
from course_lib.text.bpe import BPE
from course_lib.text.gpt2_words import gpt2_words, to_byte_symbols
from course_lib.text.merges import learn_merges, merge_pair
from course_lib.text.wordpiece import WordPiece
from course_lib.text.words import WordVocabulary, tokenize

device = setup(seed=0)

# %% [markdown]
# ## 1 · Neither words nor characters
#
# The text of this lesson: captions of photographs, each in English and in German (lesson 04 translated them), 29,000 to learn from and 1,000 kept for testing.

# %%
captions = load("multi30k-de-en")
train = {"German": [german for german, _ in captions.train], "English": [english for _, english in captions.train]}
test = {"German": [german for german, _ in captions.test], "English": [english for _, english in captions.test]}
print(train["English"][6], "|", train["German"][6])

# %% [markdown]
# > **Predict.** Take *every* word of the 29,000 English captions into the vocabulary. In how many of the 1,000 test captions is there a word that you do not have? And in German?

# %%
for language in train:
    counts = Counter(word for caption in train[language] for word in tokenize(caption))
    cut = [tokenize(caption) for caption in test[language]]
    new = [[word for word in caption if word not in counts] for caption in cut]
    print(f"{language}: {len(counts):,} words, {sum(n < 5 for n in counts.values()) / len(counts):.0%} of them seen fewer than five times")
    print(f"   test captions with a new word: {sum(map(bool, new)) / len(cut):.0%}, such as {', '.join(sorted(set(sum(new, [])), key=lambda word: (len(word), word))[-3:])}")
    print(f"   a caption is {sum(map(len, cut)) / len(cut):.1f} words, or {sum(map(len, test[language])) / len(cut):.1f} characters")

# %% [markdown]
# About one English caption in seven, and one German in four: German glues words together, and goes on doing so. Each new word becomes `<unk>`, whatever it says. And of the words that the vocabulary does have, most are so rare that a model will hardly learn their vectors. `walk`, `walks` and `walking` are as far apart as `walk` and `zebra`.
#
# Characters hardly know such gaps. But an English caption is nearly five times as long, a German one five and a half times, and attention pays for the square of the length (lesson 06): more than twenty times as much. And what is *one* letter to mean?
#
# So: common words whole, rare words in pieces. Which pieces? Let the text decide.
#
# ## 2 · Byte-pair encoding, by hand
#
# Begin with characters. Count all pairs of neighbours. Make the most frequent pair a new symbol. Repeat. That is all of **byte-pair encoding** (a compression trick of Gage 1994; for words Sennrich et al. 2016). Their example has four words, with how often each occurs (in the paper each ends in a sign of its own, `</w>`, which we leave out):

# %%
words = {tuple("low"): 5, tuple("lower"): 2, tuple("newest"): 6, tuple("widest"): 3}

# %% [markdown]
# By hand: `l o` stands in *low* (5 times) and in *lower* (2): 7. `e s` stands in *newest* (6) and *widest* (3): 9.
#
# ### Exercise 1 · Count the pairs (5 minutes)
#
# Write `count_pairs(words)`: `words` is a dictionary of words, each a tuple of symbols, with their counts. Return a dictionary: pair `(left, right)` → how often the text has it. Done when the check shows ✓. (Stuck? `hint("09.count_pairs")` helps, in three steps.)


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

# %% [markdown]
# ### Exercise 2 · Merge a pair (6 minutes)
#
# Write `merge(word, pair)`: `word` is a list of symbols. Return a new list in which each occurrence of `pair`, from the left, is one symbol: `["l", "o", "w"]` with `("l", "o")` is `["lo", "w"]`. Mind `["a", "a", "a"]`. Done when the check shows ✓.


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

# %% [markdown]
# Exercise 1, the most frequent pair, exercise 2, and again from the beginning: that is the whole training. The next cell is this loop, eight times round.
#
# > **Predict.** What will the first merges be? Which of the four words will be one symbol first?

# %%
symbols = sorted({symbol for word in words for symbol in word})
state, merges = words, []
print(f"{'merge':>10} {'count':>6}   the words after it")
for _ in range(8):
    # Exercise 1: count the pairs.
    counts = Counter()
    for word, count in state.items():
        for pair in zip(word, word[1:], strict=False):
            counts[pair] += count
    # The most frequent; of equally frequent ones, the pair whose left symbol came first into the vocabulary,
    # then whose right symbol did.
    pair = min(counts, key=lambda pair: (-counts[pair], symbols.index(pair[0]), symbols.index(pair[1])))
    merges.append(pair)
    symbols.append("".join(pair))
    # Exercise 2: merge the pair, in every word.
    state = {tuple(merge_pair(list(word), pair, "".join(pair))): count for word, count in state.items()}
    print(f"{' + '.join(pair):>10} {counts[pair]:6}   {'   '.join('·'.join(word) for word in state)}")

# %% [markdown]
# `est` and `low` were found, an ending and a word. Nobody said what an ending is: `est` is simply what pays.
#
# **Ties.** `e s` and `s t` both stand there nine times. Somebody has to win, and whoever wins changes what comes after. Our rule, that of Hugging Face's `tokenizers` for this algorithm, is in the comment above. Where no rule is fixed, two trainings on one text give two vocabularies: this has been reported for its WordPiece trainer, whose order of symbols comes from a hash table
# ([huggingface/tokenizers#1794](https://github.com/huggingface/tokenizers/issues/1794)). Keep the vocabulary with the model; you may not get it again.
#
# The loop above counts everything anew for each merge. The library's counts again only the words that hold the merged pair: some thousand merges on real text take a second or two. The same merges?

# %%
alphabet = sorted({symbol for word in words for symbol in word})
print("our loop = library:", merges == learn_merges(words, alphabet, len(alphabet) + 8).merges)

# %% [markdown]
# ## 3 · A new word
#
# *lowest* was not among the four words. To cut it, do to it what was done to the text: begin with letters, and apply the merges **in the order in which they were learnt**:
#
# $$\texttt{l·o·w·e·s·t} \;\xrightarrow{\;e+s\;}\; \texttt{l·o·w·es·t} \;\xrightarrow{\;es+t\;}\; \texttt{l·o·w·est} \;\xrightarrow{\;l+o\;}\; \texttt{lo·w·est} \;\xrightarrow{\;lo+w\;}\; \texttt{low·est}$$
#
# ### Exercise 3 · Cut a word (5 minutes)
#
# Write `cut_by_merges(word, merges)`: `word` is a str, `merges` a list of pairs in the order in which they were learnt. Return the list of pieces. `merge_pair(symbols, pair, merged)` from the library does what you wrote in exercise 2. Done when the check shows ✓.


# %% tags=["exercise"]
def cut_by_merges(word, merges):
    """word, merges [(left, right), …] → [piece, …]."""
    ### BEGIN SOLUTION
    symbols = list(word)
    for pair in merges:
        symbols = merge_pair(symbols, pair, pair[0] + pair[1])
    return symbols
    ### END SOLUTION


# %% tags=["check"]
check("09.cut_by_merges", cut_by_merges)

# %%
small = BPE(merges, alphabet, byte_level=False)
for word in ("lowest", "newer", "widow", "slowest"):
    print(f"{word:8} → {' · '.join(small.tokens(word))}")

# %% [markdown]
# *lowest* is read as `low` and `est`: what a model knows of the two helps it with a word that it has not met. *slowest* becomes `s`, `low`, `est`, which no grammar book would say; the text had no `slow`. Cutting knows nothing of meaning. And only a letter that no training word has would be unknown.
#
# ## 4 · Bytes: nothing is unknown
#
# An alphabet of characters has gaps, too: Unicode has some 150,000, and no text has them all. But a computer stores each as one to four **bytes** (UTF-8), and there are only 256 bytes. Begin with those, and there is no `<unk>`, ever, in any language (GPT-2, 2019):

# %%
for sign in ("a", "é", "我", "👍"):
    print(f"{sign} is", " ".join(f"{byte:02X}" for byte in sign.encode("utf-8")), "· in GPT-2's files:", to_byte_symbols(sign))
print("and a space before a word:", to_byte_symbols(" a"))

# %% [markdown]
# GPT-2 writes each byte as one visible character, so that a vocabulary can stand in a text file: `Ġ` is the space. You will meet it everywhere; in our drawings the same space is `␣`, and in printed lists of tokens simply a blank.
#
# Two more decisions. A merge must not glue words together (`of the` would be a fine pair), so the text is **split before** any merge: at spaces, which go with the word after them, and between letters, digits and signs. And the pieces must give back the text exactly:

# %%
print(gpt2_words("Two dogs, 3 cats  don't bark!"))
print("joined, it is the text:", "".join(gpt2_words("Two dogs, 3 cats  don't bark!")) == "Two dogs, 3 cats  don't bark!")

# %% [markdown]
# Now for real: the 29,000 English captions, up to 8,192 symbols.

# %%
bpe = BPE.train(train["English"], 8192)
print(bpe)
print("the first merges:", "  ".join(left + right for left, right in bpe.merges[:16]))
print("the last ones:   ", "  ".join(left + right for left, right in bpe.merges[-8:]))
everything = test["English"] + test["German"] + ["她喝了三杯咖啡。", "👍🏽 \t\x00 ﷽"]
print("every test caption, and worse, comes back:", all(bpe.decode(bpe.encode(text)) == text for text in everything))

# %% [markdown]
# First fragments, then words, then rare words. Move the slider, and watch a made-up caption grow together:

# %% tags=["nbval-ignore-output"]
shown = "Two unicyclists juggle flaming torches on a snowy mountainside."
sizes = [0, 50, 100, 250, 500, 1000, 2000, 4000, len(bpe.merges)]


def draw_cut(n_merges):
    pieces = bpe.with_merges(n_merges).readable(shown)
    return plots.token_boxes(pieces, title=f"{n_merges:,} merges: {len(pieces)} tokens")


SliderFigure(
    draw_cut,
    values=sizes,
    start=1000,
    label="merges",
    alt="A caption in coloured boxes, one for each token; the more merges, the fewer and longer the tokens.",
)

# %% [markdown]
# Type a text of your own; the numbers below are the ids, and they are all that a model gets to see. Try your name, with and without a space before it, in capitals, a number, another language, an emoji (a byte that is no whole character appears as its number, like ⟨F0⟩).


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
    alt="The typed text in coloured boxes, one for each token, with the token's id below.",
)

# %% [markdown]
# To you this is one word in four coats. To the model it is mostly unrelated numbers (only `board` stands there twice), and it has to learn from text what they have in common. Even the two capital *Skate* differ: the space belongs to the token, and in the captions a word with capital *Skate* stands only at the beginning of a line, where no space is. Merges lead to `Skate`, and none to `␣Skate`, which stays `␣S k ate`. That language models spell and count letters badly begins here.
#
# ## 5 · How many symbols?
#
# More merges make texts shorter and the embedding matrix taller: 8,192 symbols at width 768 are 6 million numbers; the 30,522 of BERT-base are 23 million, a fifth of the whole model.
#
# > **Predict.** From 256 symbols to 8,192: each doubling of the vocabulary, does it shorten the text by the same share? And German text, cut by *English* merges: shorter than its bytes at all?

# %%
german_bpe = BPE.train(train["German"], 8192)
curves = {"English, English merges": {}, "German, German merges": {}, "German, English merges": {}}
for size in (256, 512, 1024, 2048, 4096, 8192):
    for name, trained, language in zip(curves, (bpe, german_bpe, bpe), ("English", "German", "German"), strict=True):
        cutter = trained.with_merges(size - 256)
        curves[name][size] = sum(len(cutter.encode(caption)) for caption in test[language]) / len(test[language])
_ = plots.by_size(
    curves,
    title="The first merges pay most, and in their own language",
    xlabel="symbols in the vocabulary",
    ylabel="tokens a caption",
    ylim=(0, 75),
)

# %%
for name, curve in curves.items():
    print(f"{name:24}", "  ".join(f"{size}: {length:.1f}" for size, length in curve.items()))

# %% [markdown]
# The first 256 merges more than halve an English caption; the last 4,096 hardly shorten it. There is no best size. Small models with little text take a few thousand symbols; rare ones would never be seen often enough to learn their vectors. GPT-2 has 50,257; models for many languages have 100,000 and more.
#
# And the languages are not treated alike. *The same* captions cost more than twice as many tokens in German when an English text chose the merges. Whoever pays by the token pays more than double for the same message, and a context of so many tokens holds less than half of it (Petrov et al. 2023). Chinese, in section 6, fares worse.
#
# ## 6 · WordPiece: BERT's way
#
# BERT cuts otherwise, in two steps. First the text is **cleaned**: control characters go, capitals and accents too (in the *uncased* models), and it is cut at spaces, at **every** sign of punctuation, and around **every** Chinese character. There is no way back: from the tokens nobody can write the text down exactly as it was.

# %%
wordpiece = WordPiece.train(train["English"], 4000)
for text in ("Don't stop, Zoë!", "$3.50\t\x07at 8:30", "我爱BERT。"):
    print(f"{text!r:24} → {' | '.join(wordpiece.words(text))}")

# %% [markdown]
# (Korean is in for a surprise: taking accents off is done by taking letters apart, and a Korean syllable falls into its two or three letters.)
#
# Then each word is cut, and no merges are kept for it, only the vocabulary: take the **longest piece** that begins the word, then the longest that begins the rest, and so on. Pieces inside a word have `##` before them. Where nothing fits, the *whole word* becomes `[UNK]`. By hand, with the vocabulary `{un, una, ##aff, ##able, ##ffable, cat, ##s}`:
#
# * *cats*: `cats` no, `cat` yes; rest *s*: `##s` yes → `cat ##s`
# * *unaffable*: … `una` yes, longer ones no; rest *ffable*: `##ffable` yes → `una ##ffable`. (Longest first, not cleverest first; and what was taken is never given back.)
# * *dogs*: `dogs`, `dog`, `do`, `d`: no → `[UNK]`, though `##s` is there
#
# ### Exercise 4 · The longest piece first (8 minutes)
#
# Write `longest_first(word, vocabulary)`: `word` is a str, `vocabulary` a list of pieces (ask it with `in`). Return the list of pieces, or `["[UNK]"]`. Done when the check shows ✓.


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

# %%
bpe_4000 = bpe.with_merges(4000 - 256)  # as many symbols as the WordPiece vocabulary has
for text in (shown, "Skateboarding skateboarders, SKATEBOARDERS", "A café in Zürich 👍 我爱咖啡"):
    print(f"BPE:       {' · '.join(bpe_4000.readable(text)[:40])}")
    print(f"WordPiece: {' · '.join(wordpiece.tokens(text))}\n")

# %% [markdown]
# Both have 4,000 symbols, learnt from the same captions. WordPiece never goes back: without `##ffable` in the vocabulary of the example, *unaffable* would be `[UNK]`, since after `una` nothing fits, though `un ##aff ##able` would spell it. A dead end inside a word makes the whole word `[UNK]`. Real vocabularies rarely meet one, because each letter of the training text is in them, alone and with `##`.
#
# Capitals cost nothing here, since they are gone. A character that the training text never had makes its word `[UNK]`, and so a vocabulary of English captions is blind to Chinese. Give it Chinese to learn from:

# %%
tatoeba = load("tatoeba-eng-cmn")
both = WordPiece.train([side for pair in tatoeba.train for side in pair], 8000, max_alphabet=5000)
chinese = [sentence for _, sentence in tatoeba.test]
english = [sentence for sentence, _ in tatoeba.test]
print(tatoeba.test[400], "→", " · ".join(both.tokens(tatoeba.test[400][1])))


def tokens_each(cutter, sentences):
    return sum(len(cutter.tokens(sentence)) for sentence in sentences) / len(sentences)


tokens = [token for sentence in chinese for token in both.tokens(sentence)]
print(f"unknown: {tokens.count('[UNK]') / len(tokens):.1%} of the tokens in test sentences; symbols of one Chinese character: {sum(len(s) == 1 and '一' <= s <= '鿿' for s in both.symbols):,}")
print(f"tokens a sentence, WordPiece of both languages: English {tokens_each(both, english):.1f}, Chinese {tokens_each(both, chinese):.1f}")
print(f"tokens a sentence, BPE of English captions:     English {tokens_each(bpe, english):.1f}, Chinese {tokens_each(bpe, chinese):.1f}")

# %% [markdown]
# Each Chinese character is a token of its own, whatever the training text says: BERT's cleaning cuts it out before any counting. Bytes need no Chinese to spell Chinese, but pay three tokens a character until merges have learnt it.
#
# **How is the vocabulary trained?** The papers merge the pair that raises the likelihood of the text most; BERT's authors published the result, not the code. What `tokenizers` calls `WordPieceTrainer`, and `WordPiece.train` here, merges by plain counts, as section 2 did, with `##` before letters inside a word ([huggingface/tokenizers#570](https://github.com/huggingface/tokenizers/issues/570): a reader found both trainings give the same, and asked what he was missing. Nothing).
# So only the *cutting* is WordPiece's own.
#
# ## 7 · Is it right? Ask the library
#
# What you would use at work is Hugging Face's `tokenizers`, written in Rust. Give it our symbols and merges, and compare each token of each line; then let it train BPE on the same text. (`min_frequency=2`: a pair seen only once is not merged, in ours neither. Its WordPiece trainer is left out: as section 2 said, it need not give the same vocabulary twice.)

# %%
lines = [side for part in (captions.test, captions.validation, tatoeba.test, tatoeba.validation) for pair in part for side in pair]
lines += [line + extra for line in lines[:2000] for extra in (" 👩‍👩‍👧", "\u0301\t\x00—Ünïcode", " 3.5²x_y")]

their_bpe = Tokenizer(models.BPE({symbol: number for number, symbol in enumerate(bpe.symbols)}, bpe.merges))
their_bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
their_wordpiece = Tokenizer(models.WordPiece({symbol: number for number, symbol in enumerate(both.symbols)}, unk_token="[UNK]"))
their_wordpiece.normalizer = normalizers.BertNormalizer()
their_wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

print(f"{len(lines):,} lines")
print("BPE, equal token for token:      ", all(theirs.ids == bpe.encode(line) for line, theirs in zip(lines, their_bpe.encode_batch(lines), strict=True)))
print("WordPiece, equal token for token:", all(theirs.tokens == both.tokens(line) for line, theirs in zip(lines, their_wordpiece.encode_batch(lines), strict=True)))

their_bpe.train_from_iterator(
    train["English"],
    trainers.BpeTrainer(vocab_size=8192, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False),
)
print("BPE, trained anew, the same symbols with the same ids:", their_bpe.get_vocab() == {symbol: number for number, symbol in enumerate(bpe.symbols)})

# %% [markdown]
# (In one place we differ on purpose: `tokenizers` misses 256 rare Chinese characters by a slip in a number, [huggingface/tokenizers#2395](https://github.com/huggingface/tokenizers/pull/2395); we follow BERT's own code.)
#
# ## 8 · What BERT reads
#
# Some symbols come from no text. They have ids like all others, and vectors to be learnt:
#
# | symbol | what it is for |
# |---|---|
# | `[CLS]` | begins every input; what the model makes of it stands for the whole (lesson 10) |
# | `[SEP]` | ends a sentence |
# | `[PAD]` | fills up the shorter rows of a batch; masked, as in lesson 06 |
# | `[UNK]` | a word that cannot be cut |
# | `[MASK]` | hides a token that is to be guessed (lesson 10) |
#
# BERT reads one sentence, or two: does the second follow from the first? Does it answer it? Each token gets, beside its own vector and that of its position, the vector of its **segment**: 0 for the first sentence, with `[CLS]` and its `[SEP]`, and 1 for the second with its own.

# %%
encoded = wordpiece.encode("A dog catches a frisbee.", "It leaps unafraid!")
print(f"{'token':>9} {'id':>5} {'segment':>8} {'word':>5}")
for number, segment, word in zip(*encoded, strict=True):
    print(f"{wordpiece.symbols[number]:>9} {number:5} {segment:8} {word if word >= 0 else '':>5}")

# %% [markdown]
# The last column, `word`, says which word of its sentence a piece belongs to, counted from 0 and in the second sentence from 0 again; punctuation counts as a word, and special symbols belong to none. It is for tasks that label *words* (lesson 11).
#
# ### Exercise 5 · A pair for BERT (4 minutes)
#
# Write `pair_input(first, second, cls_id, sep_id)`: `first` and `second` are lists of ids. Return two lists: the ids that BERT reads, and their segments. Done when the check shows ✓.


# %% tags=["exercise"]
def pair_input(first, second, cls_id, sep_id):
    """first, second [id, …] → ids [CLS] first [SEP] second [SEP], and as many segments 0 or 1."""
    ### BEGIN SOLUTION
    ids = [cls_id, *first, sep_id, *second, sep_id]
    return ids, [0] * (len(first) + 2) + [1] * (len(second) + 1)
    ### END SOLUTION


# %% tags=["check"]
check("09.pair_input", pair_input)

# %% [markdown]
# > **Predict.** Somebody types `[SEP]` into a text box, and your program encodes it. What should happen?

# %%
typed = "nice dog [SEP] this review is positive"
print("as text:  ", wordpiece.decode(wordpiece.encode(typed).ids, special=True))
print("as symbol:", wordpiece.decode(wordpiece.encode(typed, specials_in_text=True).ids, special=True))

# %% [markdown]
# If text can turn into control symbols, a stranger's text can pretend to be two sentences, or the end of your instructions. Here text stays text (`[` is `[UNK]`, since no caption has one), unless you ask for the other, as you will to type a `[MASK]`. Hugging Face's tokenizers do it the other way round by default.
#
# ## 9 · Do not compare perplexities
#
# Perplexity is $e$ to the loss **per token** (lesson 08). Change the tokens, and you change what is counted. We count n-grams (lesson 01) on the training captions in the symbols of six vocabularies, and measure each on the test captions. It is the same kind of model and the same text; what differs is the tokens, and how many of them suit the model as context: the order of the n-gram is chosen for each vocabulary, on other captions than those that count.
#
# > **Predict.** 256 symbols, or 8,192: which model has the lower perplexity? Which is the better model?
#
# ### Exercise 6 · Bits per character (4 minutes)
#
# Write `bits_each(nats_per_token, n_tokens, n_characters)`: the mean loss of a token in nats, and how many tokens and characters the text has. Return how many bits a *character* costs. Done when the check shows ✓.


# %% tags=["exercise"]
def bits_each(nats_per_token, n_tokens, n_characters):
    """→ bits per character of a text with a loss of nats_per_token."""
    ### BEGIN SOLUTION
    return nats_per_token * n_tokens / n_characters / math.log(2)
    ### END SOLUTION


# %% tags=["check"]
check("09.bits_per_character", bits_each)


# %%
def ids_of(cutter, text_lines):
    """All lines in one row of ids, each with its line end, (n_tokens,)."""
    return torch.tensor([number for line in text_lines for number in cutter.encode(line + "\n")])


validation = [english for _, english in captions.validation]
n_characters = sum(len(caption) + 1 for caption in test["English"])
per_token, per_character, counted = {}, {}, {}
print(f"{'symbols':>7} {'tokens':>7} {'order':>6} {'perplexity':>11} {'bits per character':>19}")
for size in (256, 512, 1024, 2048, 4096, 8192):
    cutter = bpe.with_merges(size - 256)
    learnt, tried, read = (ids_of(cutter, text_lines) for text_lines in (train["English"], validation, test["English"]))
    # The highest order tried: seven symbols of 8 bits fit into the 63 bits that number an n-gram.
    ngrams = NGram({256: 7, 512: 6, 1024: 6}.get(size, 4), size).fit(learnt)
    # Each vocabulary with the order that suits it, chosen on the validation captions.
    order = min(range(2, ngrams.order + 1), key=lambda order: ngrams.cross_entropy(tried, order))
    loss = ngrams.cross_entropy(read, order)
    per_token[size], counted[size] = perplexity(loss), ngrams
    per_character[size] = loss * len(read) / n_characters / math.log(2)
    print(f"{size:7} {len(read):7,} {order:6} {per_token[size]:11.1f} {per_character[size]:19.3f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.0), gridspec_kw={"wspace": 0.1})
for ax, values, title, label in (
    (left, per_token, "By perplexity, bytes win", "perplexity per token"),
    (right, per_character, "By what the text costs, they lose", "bits a character (from 1.2)"),
):
    _ = plots.by_size({label: values}, title=title, xlabel="symbols in the vocabulary", ylabel=label, ax=ax)
    _ = ax.set_ylim(bottom=0 if ax is left else 1.2)
    ax.tick_params(axis="x", labelrotation=45)
    ax.get_legend().remove()

# %%
print("lowest perplexity at 256 symbols, highest at 8,192:", sorted(per_token, key=per_token.get) == list(per_token))
print("most bits per character at 256 symbols:", max(per_character, key=per_character.get) == 256)
flat = [bits for size, bits in per_character.items() if size >= 2048]
print(f"from 2,048 symbols on the bits are flat: they differ by {max(flat) - min(flat):.3f}")
print(f"perplexity at 8,192 symbols: {per_token[8192] / per_token[256]:.0f} times that at 256")

# %% [markdown]
# The ranking is nearly turned upside down: the winner by perplexity is the worst by far, and from 2,048 symbols on perplexity goes on rising, while the text costs practically the same. A byte is easy to guess, and there are many of them. Bits per character ask what the *text* costs, the same text for all, and so may be compared: between tokenizers, and between models.
#
# One kind of token cannot even be counted in bits per character. Keep the 100 most frequent words, and let `<unk>` be all the rest:

# %%
few_words = WordVocabulary.from_tokens(map(tokenize, train["English"]), max_size=104)
learnt = torch.tensor([number for caption in train["English"] for number in few_words.encode(tokenize(caption))])
read = torch.tensor([number for caption in test["English"] for number in few_words.encode(tokenize(caption))])
loss = NGram(3, len(few_words)).fit(learnt).cross_entropy(read)
print(f"perplexity {perplexity(loss):.1f}; {(read == few_words.unk_id).float().mean():.0%} of the words are <unk>")

# %% [markdown]
# A fine perplexity: `<unk>` is the most frequent word, and easily guessed. But which word was it? Nobody can write the text down from these tokens, so there are no bits per character. A perplexity with `<unk>` in it means something only beside another one with exactly the same `<unk>`s.
#
# ## 10 · Spot the bug
#
# A colleague writes the cutting anew, with one pass over the word: "Wherever two neighbours are a pair that I know, I merge them, until no such pair is left."


# %%
joined = {(left, right): left + right for left, right in bpe.merges}


def colleagues_cut(word):
    """A word in GPT-2's bytes → its pieces."""
    pieces, i = list(word), 0
    while i + 1 < len(pieces):
        if (pieces[i], pieces[i + 1]) in joined:
            pieces[i : i + 2] = [joined[pieces[i], pieces[i + 1]]]
            i = max(i - 1, 0)
        else:
            i += 1
    return pieces


class Theirs:
    def __init__(self):
        self.cut = {}  # word → ids, so that no word is cut twice

    def encode(self, text):
        ids = []
        for word in gpt2_words(text):
            if word not in self.cut:
                self.cut[word] = [bpe.id_of(piece) for piece in colleagues_cut(to_byte_symbols(word))]
            ids += self.cut[word]
        return ids


theirs = Theirs()
print("every caption comes back:", all(bpe.decode(theirs.encode(caption)) == caption for caption in test["English"]))
print(f"tokens a caption: {sum(len(theirs.encode(caption)) for caption in test['English']) / 1000:.1f}, of {sum(map(len, test['English'])) / 1000:.1f} characters")

# %% [markdown]
# > **Predict.** The text comes back, and it is much shorter than in characters. What is wrong? Who will notice?

# %%
distinct = {word for caption in test["English"] for word in gpt2_words(caption)}
different = sorted(word for word in distinct if bpe.tokens(word) != colleagues_cut(to_byte_symbols(word)))
print(f"{len(different) / len(distinct):.0%} of the different words in the test captions are cut otherwise, for example:")
for word in (" mountainside", " skateboarders", " conversation", " instruments"):
    print(f"   {' · '.join(bpe.readable(word)):28}  theirs: {' · '.join(colleagues_cut(to_byte_symbols(word))).replace('Ġ', ' ')}")

their_ngrams = NGram(4, 8192).fit(ids_of(theirs, train["English"]))
for how, ngrams, trained, cutter in (
    ("trained right, read right  ", counted[8192], bpe, bpe),
    ("trained right, read theirs ", counted[8192], bpe, theirs),
    ("trained theirs, read theirs", their_ngrams, theirs, theirs),
):
    # As before: the order that suits the model, on validation captions cut as in training.
    tried, read = ids_of(trained, validation), ids_of(cutter, test["English"])
    order = min(range(2, 5), key=lambda order: ngrams.cross_entropy(tried, order))
    bits = ngrams.cross_entropy(read, order) * len(read) / n_characters / math.log(2)
    print(f"{how} {len(read):7,} tokens, {bits:.2f} bits per character")

# %% [markdown]
# Merges have an order, and the order is part of what was learnt. The test "decode what you encoded" says nothing: **any** cut into known pieces spells the text. Whoever trains *and* reads with the colleague's code pays with longer texts. Whoever loads a model that was trained right, pays with the model: it meets pieces and neighbours it has hardly seen. What finds the bug is a comparison with a second implementation, token for token, as in section 7.
#
# It happens. A much-read book's from-scratch tokenizer cut *Hello,* into `He`, `llo` and a comma ([rasbt/LLMs-from-scratch#558](https://github.com/rasbt/LLMs-from-scratch/issues/558); its own comparison notebook showed it). An inference engine cut more than half of ordinary English words wrongly, GPT-2's vocabulary included
# ([ztxz16/fastllm#715](https://github.com/ztxz16/fastllm/pull/715)). A close relative is a tokenizer with another setting than in training: one server gave an uncased model its words with capitals, and *The capital of France is Paris.* was read as `[UNK] capital of [UNK] is [UNK] .` ([vllm-project/vllm#11184](https://github.com/vllm-project/vllm/issues/11184)).
#
# ## Recap
#
# | | how | costs | use it when |
# |---|---|---|---|
# | words | one symbol each | `<unk>`; a huge embedding for rare words | all words are known beforehand |
# | characters, bytes | one symbol each | about five times the length | the model is to see spelling |
# | BPE | merge the most frequent pair; cut by merges in their order | a vocabulary to keep with the model | the text must come back: GPT |
# | WordPiece | clean, then the longest piece first | spaces, capitals, accents; `[UNK]` | a text is to be read, not written: BERT |
# | segments | 0 for the first sentence, 1 for the second | one vector each | pairs |
# | bits per character | loss · tokens / characters / ln 2 | nothing | tokens differ |
#
# Two more ways, not taken here: the **unigram** model (Kudo 2018, in the library SentencePiece) begins with far too many pieces, drops those that the text misses least, and cuts by probability; **byte models** (ByT5, Xue et al. 2022) read bytes as they are, and pay with length.
#
# **What is not true.** *"Subwords are word parts that mean something."* `est` happens to; most are what pays. *"With bytes all languages are equal."* All can be written; the price differs. *"WordPiece merges by likelihood."* The paper's does; what is trained under its name today mostly counts. *"Bits per character are the model's true cost."* They are an upper bound: the
# model could have spelled the text with other pieces, too, and that probability is left out. *"A larger vocabulary is better."* Our n-gram thought so up to a point; a network also has to learn every row.
#
# **Still open.** We can now cut any text into pieces for BERT, and have said what `[CLS]`, `[SEP]` and `[MASK]` are called, not what they are *for*. GPT reads from left to right only. What would a model learn that may look both ways? → `10`, BERT pre-training
#
# ## References
#
# * P. Gage 1994, *A new algorithm for data compression*: byte-pair encoding.
# * R. Sennrich, B. Haddow, A. Birch 2016, *Neural machine translation of rare words with subword units*, section 3.2.
# * A. Radford et al. 2019, *Language models are unsupervised multitask learners*, section 2.2: bytes, and the split before the merges.
# * M. Schuster, K. Nakajima 2012, *Japanese and Korean voice search*; Y. Wu et al. 2016, *Google's neural machine translation system*, section 4.1: WordPiece.
# * T. Kudo 2018, *Subword regularization: improving neural network translation models with multiple subword candidates*; T. Kudo, J. Richardson 2018, *SentencePiece*: the unigram model.
# * L. Xue et al. 2022, *ByT5: towards a token-free future with pre-trained byte-to-byte models*.
# * J. Devlin et al. 2019, *BERT: pre-training of deep bidirectional transformers for language understanding*, section 3: special symbols, segments.
# * A. Petrov, E. La Malfa, P. Torr, A. Bibi 2023, *Language model tokenizers introduce unfairness between languages*.
# * The captions: D. Elliott et al. 2016, *Multi30K*. English and Chinese sentences: the contributors of Tatoeba.
