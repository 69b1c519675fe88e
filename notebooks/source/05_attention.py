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
# # 05 · Attention: look again while you write
#
# **Must everything that was read fit into one vector?** Lesson 04's encoder wrote down a state for every symbol it read, and handed over only the
# last. The decoder had to live on that, and the longer the input was, the worse it lived. The cure is nearly too simple: keep all the states, and let the
# decoder look.
#
# You will be able to:
#
# * **write** attention: scores, weights under a mask, weighted mean,
# * **tell apart** additive, general and dot-product scores, and what each costs,
# * **read** an attention map, and **test** it against a known alignment,
# * **say** what such a map does not tell, and show it.
#
# Time: 90 minutes; the cells run for less than two minutes on one idle CPU core. It builds on lesson 04: encoder, decoder, teacher forcing, greedy and beam search.

# %% tags=["setup", "nbval-ignore-output"]
import math

import matplotlib.pyplot as plt
import torch

from course_lib import plots
from course_lib.data import dates
from course_lib.decoding import greedy
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.metrics import bleu
from course_lib.models.attention import (
    AdditiveAttention,
    DotProductAttention,
    GeneralAttention,
    masked_softmax,
    padding_mask,
    record_attention,
)
from course_lib.models.recurrent import GRU
from course_lib.models.seq2seq import Encoder, LuongDecoder, Seq2Seq, teacher_forced_loss
from course_lib.models.size import n_parameters
from course_lib.practice import check, hint
from course_lib.recipes import bottleneck, multi30k
from course_lib.stored import load_stored
from course_lib.text.padding import pad, pair_batches
from course_lib.text.words import WordVocabulary, tokenize
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · One look, by hand
#
# A translator has read *der rote Hund* and is about to write the word *dog*. Its encoder has left a vector at each of the three words. Its decoder
# has a state that says what it is after now: the **query** $q$. Each source word offers a **key** $k_i$, by which it can be found, and a **value** $v_i$, which is what
# one gets there. (The query is the state *before* the word is written: it has read the word before. In this lesson key and value are one and the same: the encoder's state at that word.)
#
# Three steps: a **score** for every key, here the dot product; a softmax, which makes **weights** of the scores; and the mean of the values with these
# weights, the **context**.
#
# $$e_i = q^\top k_i, \qquad \alpha_i = \frac{\exp e_i}{\sum_j \exp e_j}, \qquad c = \sum_i \alpha_i\, v_i$$
#
# > **Predict.** Below the scores are 0, 1 and 2. Does *Hund*, with 2, get twice the weight of *rote*, with 1?

# %%
source_words = ["der", "rote", "Hund"]
keys = torch.tensor([[0.0, 2.0], [1.0, -1.0], [2.0, 0.0]])  # (source_len, features)
query = torch.tensor([1.0, 0.0])  # (features,)

scores = [sum(q * k for q, k in zip(query.tolist(), key.tolist(), strict=True)) for key in keys]
total = sum(math.exp(score) for score in scores)
shares = [math.exp(score) / total for score in scores]
for word, score, weight in zip(source_words, scores, shares, strict=True):
    print(f"{word:>4}: score {score:.0f}, e^score {math.exp(score):5.2f}, weight {weight:.3f}")

context = [sum(weight * key[feature].item() for weight, key in zip(shares, keys, strict=True)) for feature in range(2)]
print(f"context: {context[0]:.3f}, {context[1]:.3f}")

# %% [markdown]
# No: $e$ times as much, 2.7. One score more is always one factor $e$ more, whatever the other scores are.

# %%
_ = plots.attention_bars(shares, source_words, title="Three shares of one look, together 1", query="dog")

# %% [markdown]
# Why a mean of everything, and not simply the best word? Because one can learn it. An arg-max has no gradient; a weighted mean has one for every score. And
# through $c = \sum_i \alpha_i v_i$ the error reaches *every* encoder state in a single step, however far back it was read: the long way through the time steps, on which
# lessons 01 and 02 lost their gradients, has a short cut now.
#
# Between the mean and the best word there is only a factor. Divide the scores by a **temperature** and move it:


# %% tags=["nbval-ignore-output"]
def draw_temperature(temperature, scores=scores, source_words=source_words):
    return plots.attention_bars(
        torch.softmax(torch.tensor(scores) / temperature, dim=0),
        source_words,
        title=f"Temperature {temperature:g}: "
        + ("nearly a choice" if temperature < 0.5 else "nearly a plain mean" if temperature > 4 else "a soft choice"),
        query="dog",
    )


SliderFigure(
    draw_temperature,
    values=[0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 20.0],
    start=0.25,
    label="temperature",
    alt="Weights of three words as bars; a low temperature gives all to the best, a high one shares evenly.",
)

# %% [markdown]
# ## 2 · All queries at once
#
# A sentence has many queries, one for each word that is written. Put them into a matrix, row by row, and the loops are gone. With $Q$ (target_len, features), $K$ and $V$
# (source_len, features):
#
# $$A = \text{softmax}(Q K^\top), \qquad C = A V$$
#
# The softmax runs along each row, over the keys. $A$ (target_len, source_len) is the **attention map**: a row for each word that is written, a column for each
# word that is looked at. The row is named after the word *about to be* written, since that is what the look is for; the state that looks has not read it yet.

# %%
target_words = ["the", "red", "dog"]
queries = torch.tensor([[0.0, 1.0], [0.0, -1.0], [1.0, 0.0]])  # (target_len, features)

weights = torch.softmax(queries @ keys.T, dim=-1)  # (target_len, source_len)
contexts = weights @ keys  # (target_len, features)

torch.testing.assert_close(contexts[2], torch.tensor(context))
library = DotProductAttention(2)
torch.testing.assert_close(contexts[None], library(queries[None], keys[None], keys[None]))  # (1, target_len, features)
print("loop = matrix form = library: True")

# %%
_ = plots.attention_heatmap(weights, target_words, source_words, title="Each row is one look; its numbers sum to 1")

# %% [markdown]
# The last row is the bar chart from above. Read every map of this course in that direction: **the row looks at the columns**.
#
# ## 3 · Padding must not be looked at
#
# In a batch, short sentences are filled up. A filler has a vector like any other position, and would get its share. So its score is set to −∞ *before* the softmax:
# $e^{-\infty} = 0$, and the others share out the whole 1. The mask is boolean, and in this course **True = may attend**.

# %%
lengths = torch.tensor([3, 2])
mask = padding_mask(lengths)  # (batch, source_len)
filler = torch.tensor([0.5, 0.5])
keys_of_batch = torch.stack([keys, torch.stack([keys[0], keys[2], filler])])  # der rote Hund; der Hund <pad>
scores_of_batch = queries @ keys_of_batch.transpose(1, 2)  # (batch, target_len, source_len)
# mask[:, None, :] is (batch, 1, source_len): every query of a sentence has the same padding.
weights_of_batch = masked_softmax(scores_of_batch, mask[:, None, :])
print(mask)
unmasked = torch.softmax(scores_of_batch, dim=-1)[1, :, 2]
print("second sentence, without a mask its padding gets:", [round(share, 2) for share in unmasked.tolist()])
print("second sentence, its padding gets:", weights_of_batch[1, :, 2].tolist())

# %%
_ = plots.attention_heatmap(
    weights_of_batch[1],
    target_words,
    ["der", "Hund", "<pad>"],
    mask=mask[1:2],  # (1, source_len): one row for all queries
    title="A masked key gets no weight, the others share it",
)

# %% [markdown]
# ### Exercise 1 · Weights under a mask (6 minutes)
#
# Write `attention_weights(scores, mask)`: `scores (target_len, source_len)`, `mask (source_len,)` boolean, True = may attend. Return the weights: each row sums to 1, and is 0 where
# the mask is False. Done when the check shows ✓.


# %% tags=["exercise"]
def attention_weights(scores, mask):
    """scores (target_len, source_len), mask (source_len,) boolean → weights (target_len, source_len)."""
    ### BEGIN SOLUTION
    return torch.softmax(scores.masked_fill(~mask, -float("inf")), dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("05.attention_weights", attention_weights)

# %% [markdown]
# ### Exercise 2 · Attention (5 minutes)
#
# Write `dot_attention(queries, keys, values)` for one sentence without padding: `queries (target_len, d)`, `keys (source_len, d)`, `values (source_len, size)`. Return the contexts,
# `(target_len, size)`. It takes no loop. Done when the check shows ✓.


# %% tags=["exercise"]
def dot_attention(queries, keys, values):
    """queries (target_len, d), keys (source_len, d), values (source_len, size) → contexts (target_len, size)."""
    ### BEGIN SOLUTION
    weights = torch.softmax(queries @ keys.T, dim=-1)  # (target_len, source_len)
    return weights @ values
    ### END SOLUTION


# %% tags=["check"]
check("05.dot_attention", dot_attention)

# %% [markdown]
# ## 4 · Three ways to score
#
# The dot product asks that query and key have the same size and speak the same language. Two other scores do not. With $q$ the decoder's and $k$ the encoder's state:
#
# | name | score | parameters | for each pair of query and key |
# |---|---|---|---|
# | **dot** (Luong et al. 2015) | $q^\top k$ | none | $d$ multiplications |
# | **general** (Luong et al. 2015) | $q^\top W k$ | $d_q \times d_k$ | $d_q$ multiplications ($W k$ is computed once for each key) |
# | **additive** (Bahdanau et al. 2015) | $v^\top \tanh(W q + U k)$ | $a\,(d_q + d_k + 1)$ | $a$ times tanh and a multiplication |
#
# The additive score, the first there was, is a small network with one hidden layer of $a$ units: query and key meet in it, and $v$ reads off how well they
# fit. Every query meets every key, so the hidden layer is a block (target_len, source_len, $a$), while the other two are one matrix product.

# %%
_ = torch.manual_seed(0)
additive = AdditiveAttention(query_size=2, key_size=2, attention_size=4)
W, U, v = additive.W.weight, additive.U.weight, additive.v.weight[0]  # (4, 2), (4, 2), (4,)

e = torch.empty(3, 3)
for t in range(3):
    for i in range(3):
        e[t, i] = v @ torch.tanh(W @ queries[t] + U @ keys[i])
by_hand = torch.softmax(e, dim=-1) @ keys
torch.testing.assert_close(by_hand[None], additive(queries[None], keys[None], keys[None]))
print("loop = library: True")
for attention in (DotProductAttention(96), GeneralAttention(96, 96), AdditiveAttention(96, 96, 32)):
    print(f"{type(attention).__name__:<20} {sum(p.numel() for p in attention.parameters()):5,} parameters")

# %% [markdown]
# ### Exercise 3 · Additive scores (8 minutes)
#
# Write `additive_scores(queries, keys, W, U, v)`, best without a loop: `queries (target_len, d_q)`, `keys (source_len, d_k)`, `W (a, d_q)`, `U (a, d_k)`, `v (a,)`. Return the scores `(target_len, source_len)`,
# before any softmax. (In the formula a query is a column, in the matrix a row: $Wq$ for every row at once is `queries @ W.T`.) Done when the check shows ✓.


# %% tags=["exercise"]
def additive_scores(queries, keys, W, U, v):
    """queries (target_len, d_q), keys (source_len, d_k), W (a, d_q), U (a, d_k), v (a,) → (target_len, source_len)."""
    ### BEGIN SOLUTION
    hidden = torch.tanh((queries @ W.T)[:, None] + (keys @ U.T)[None])  # (target_len, source_len, a)
    return hidden @ v
    ### END SOLUTION


# %% tags=["check"]
check("05.additive_scores", additive_scores)

# %% [markdown]
# One question is left: *which* state of the decoder is the query, and where does the context go?
#
# * **Look, then read** (Bahdanau): the query is the last state $h_{t-1}$; the context goes into the recurrent unit, beside the last symbol. So each look can depend on what
#   the look before has brought.
# * **Read, then look** (Luong): the query is the new state $h_t$; the context goes past the recurrent unit, straight to the output:
#   $\tilde h_t = \tanh(W_c\,[c_t; h_t])$. Under teacher forcing the recurrent unit
#   still goes step by step, but through known symbols alone; then all queries are there, and all looks are one matrix product. (Luong's paper also has *input feeding*: $\tilde h_{t-1}$ is
#   read beside the next symbol. Then a query depends on the look before, and the looks need the loop again. Our `LuongDecoder` leaves it out here.)
#
# ## 5 · Dates, where the truth is known
#
# Back to lesson 04's task: *freitag, 26. april 1991* → *1991-04-26*. Now all twelve languages instead of four, and a decoder that looks (Luong's). Its state has 96 numbers, because
# the keys have 2 × 48, and a dot product needs equal sizes. We train it twice, with additive and with dot-product
# scores; all else is equal.
#
# > **Predict.** Lesson 04's model had 64 units each way, and a forget bias set by hand, so that the first symbol survives. This one has 48, no such care, three times the languages, and sees as many examples. What share of
# > unseen dates will it write without a mistake?

# %% tags=["nbval-ignore-output"]
source_vocabulary = WordVocabulary(dates.source_characters())
target_vocabulary = WordVocabulary(dates.TARGET_CHARACTERS)
symbols = {"bos_id": target_vocabulary.bos_id, "eos_id": target_vocabulary.eos_id}
train_pairs = [
    (source_vocabulary.encode(x.source), target_vocabulary.encode(x.target))
    for x in dates.sample(20_000, "train", seed=0)
]
test = dates.sample(1000, "test", seed=0)


def new_model(attention):
    encoder = Encoder(len(source_vocabulary), d_embed=32, recurrent=GRU(32, 48, bidirectional=True))
    return Seq2Seq(
        encoder, LuongDecoder(len(target_vocabulary), d_embed=32, recurrent=GRU(32, 96), attention=attention)
    )


models, histories = {}, {}
for name, make in {"additive": lambda: AdditiveAttention(96, 96, 32), "dot": lambda: DotProductAttention(96)}.items():
    _ = torch.manual_seed(0)
    models[name] = new_model(make()).to(device)
    batches = pair_batches(train_pairs, 64, generator=torch.Generator().manual_seed(0), epochs=None, **symbols)
    histories[name] = fit(models[name], batches, teacher_forced_loss, steps=400, lr=8e-3, warm_up=50, bf16=False)


# %%
def write(model, sources):
    """What the model writes, greedily: a list of strings."""
    source, lengths = pad([source_vocabulary.encode(text) for text in sources])
    found = greedy(model, source, lengths, max_len=12, **symbols)
    return ["".join(target_vocabulary.decode(hypothesis.ids)) for hypothesis in found]


def look(model, sources, answers):
    """Where it looks as it writes these answers: weights (batch, target_len, source_len), the last row for <eos>."""
    source, lengths = pad([source_vocabulary.encode(text) for text in sources])
    target_in, _ = pad([[target_vocabulary.bos_id, *target_vocabulary.encode(text)] for text in answers])
    with torch.inference_mode(), record_attention(model) as maps:
        model(source.to(device), lengths.to(device), target_in.to(device))
    return maps["decoder.attention"].cpu()


test_sources, test_targets = [x.source for x in test], [x.target for x in test]
written = {name: write(model, test_sources) for name, model in models.items()}
exact = {name: sum(w == t for w, t in zip(written[name], test_targets, strict=True)) / 1000 for name in models}
for name, share in exact.items():
    print(f"{name}: exact match on 1,000 unseen dates, at least 0.97:", share >= 0.97)

# %% tags=["nbval-ignore-output"]
print("measured:", ", ".join(f"{name} {share:.3f}" for name, share in exact.items()))

# %% [markdown]
# Nearly all: no digit has to survive in one vector now, it can be looked up.
#
# So to the picture that made attention famous. First one row of it: three digits of the year are written, and the fourth is to come; the decoder has just read the third. (We chose a short
# date with four different digits in its year, so that there is no doubt which one is meant.) `record_attention` collects the weights of a
# pass through the model.

# %% tags=["nbval-ignore-output"]
date = next(
    x
    for x in test
    if x.pattern == "EEE, MMM d, y" and len(x.source) <= 18 and len(set(x.target[:4])) == 4 and 8 in x.copied
)
weights = look(models["additive"], [date.source], [date.target])[0]  # (target_len, source_len)
_ = plots.attention_bars(
    weights[3],
    list(date.source),
    query=date.target[3],
    gold=date.alignment[3],
    title=f"Writing the fourth digit of {date.target}",
)

# %% tags=["nbval-ignore-output"]
_ = plots.attention_heatmap(
    weights[:10],
    list(date.target),
    list(date.source),
    gold=date.alignment_matrix(),
    title="To write a digit, look at it",
)

# %% [markdown]
# The outlines are not the model's: the task knows which source character tells which target character. A year's digit and a two-digit day have exactly one. A
# month that is written as a name is told by all its letters. A hyphen has no outline: it is the same in every date.
#
# So we need not admire the picture; we can count.
#
# ### Exercise 4 · Is the darkest cell the true one? (7 minutes)
#
# Write `share_on_gold(weights, gold)`: `weights (target_len, source_len)`, `gold (target_len, source_len)` boolean, True where a source position tells a target position. Among the rows that have a true position
# (or several), the share whose largest weight lies on one. Return a float. Done when the check shows ✓.


# %% tags=["exercise"]
def share_on_gold(weights, gold):
    """weights, boolean gold, both (target_len, source_len) → share of the rows with gold whose arg-max lies on it."""
    ### BEGIN SOLUTION
    found = gold[torch.arange(len(gold)), weights.argmax(dim=1)]  # (target_len,)
    return found[gold.any(dim=1)].double().mean().item()
    ### END SOLUTION


# %% tags=["check"]
check("05.share_on_gold", share_on_gold)

# %% [markdown]
# Now for the 1,000 test dates, and for the digits that only have to be copied: those of the year and of the day that stand in the source as they are. (The decoder reads the true date here, as in training,
# because it is the true date whose alignment is known.)

# %%
YEAR, DAY = (0, 1, 2, 3), (8, 9)
maps = {name: look(model, test_sources, test_targets) for name, model in models.items()}
copied = torch.zeros(1000, 11, dtype=torch.bool)  # (example, target position), the 11th is <eos>
place = torch.zeros(1000, 11, dtype=torch.long)  # where in the source it stands
for n, x in enumerate(test):
    for t in x.copied:
        if t in YEAR + DAY:
            copied[n, t], place[n, t] = True, x.alignment[t][0]


def on_gold(name, positions):
    """Share of arg-maxes on the true digit, and mean weight there, over these target positions."""
    chosen = copied.clone()
    chosen[:, [t for t in range(11) if t not in positions]] = False
    hit = (maps[name].argmax(dim=-1) == place)[chosen]
    mass = maps[name].gather(2, place[..., None])[..., 0][chosen]  # (example, position, source_len) → one weight each
    return hit.double().mean().item(), mass.mean().item()


for name in models:
    print(f"{name}: largest weight on the source's own digit, year, at least 0.95:", on_gold(name, YEAR)[0] >= 0.95)
    print(f"{name}: largest weight on the source's own digit, day,  at least 0.95:", on_gold(name, DAY)[0] >= 0.95)

# %% tags=["nbval-ignore-output"]
print("score      parameters  seconds  exact match   arg-max on the digit   weight on the digit")
for name, model in models.items():
    hit, mass = on_gold(name, YEAR + DAY)
    facts = f"{name:<9} {n_parameters(model):11,} {histories[name].seconds:8.0f} {exact[name]:12.3f}"
    print(f"{facts} {hit:22.3f} {mass:21.2f}")

# %% [markdown]
# Nobody ever told the model where to look. It was told the answers, and in these two runs looking at the right digit is what came of it. (That need not be: with another score or seed, a model may settle on a
# *neighbour* of the digit. Section 6 says why that works.)
#
# What we assert, and what not: copied digits of the year and the day. Not the month, mostly a name (*which* letters of *april* say 04?), not the century of a year written *'91*, not the hyphens, and not the `0` of `05` where the source has a bare *5*.
# The last two come back in the next section. The dot product has fewer parameters here, learns as well, and its looks are sharper; the additive one spreads them. Neither
# is the better in general.
#
# Other languages, other orders. Chinese begins with the year:

# %% tags=["nbval-ignore-output"]
french = next(
    x for x in test if x.locale == "fr" and len(x.source) <= 16 and 8 not in x.copied and "yy" not in x.pattern
)
chinese = next(x for x in test if x.locale == "zh" and x.pattern == "full")
figure, axes = plt.subplots(
    1, 2, figsize=(8.6, 3.9), width_ratios=[len(french.source), len(chinese.source)], layout="constrained"
)
for ax, x, title in zip(
    axes, (french, chinese), ("French: day, month, year", "Chinese: year, month, day"), strict=True
):
    weights = look(models["dot"], [x.source], [x.target])[0][:10]  # (target_len, source_len)
    plots.attention_heatmap(
        weights, list(x.target), list(x.source), gold=x.alignment_matrix(), title=title, bar=x is chinese, ax=ax
    )

# %% [markdown]
# Type a date, in any of the twelve languages and in your own order of its parts. It can only write dates: it has no way to say "this is none". So give it nonsense, or two dates, and see which parts it looks at.


# %% tags=["nbval-ignore-output"]
def draw_typed(text):
    text = text.lower().strip()
    unknown = sorted({character for character in text if character not in source_vocabulary})
    if unknown:
        raise ValueError(f"no date of the training data has the character {' '.join(unknown)}; try others")
    if not 1 <= len(text) <= 45:
        raise ValueError(f"your date has {len(text)} characters; type 1 to 45")
    answer = write(models["dot"], [text])[0]
    return plots.attention_heatmap(
        look(models["dot"], [text], [answer])[0][: len(answer)],
        list(answer),
        list(text),
        title=f"The model wrote {answer}",
    )


TypedFigure(
    draw_typed,
    start="freitag, 26. april 1991",
    label="a date",
    alt="An attention map: the ten characters of the written date as rows, the characters of a typed date as columns.",
)

# %% [markdown]
# ## 6 · Attention is not explanation
#
# It is tempting to read a map as the model's *reasons*: it wrote this **because** it looked there. We have a model and can try it.
#
# > **Predict.** Two models, the same data, the same answers. Do they look at the same places?

# %%
hyphens, zeros = torch.zeros_like(copied), torch.zeros_like(copied)  # (example, target position)
hyphens[:, [4, 7]] = True
zeros[:, 8] = torch.tensor([x.target[8] == "0" and 8 not in x.copied for x in test])
sorts = {"copied digits": copied, "hyphens": hyphens, "the 0 of 05, read from a 5": zeros}

same_answers = sum(a == b for a, b in zip(written["additive"], written["dot"], strict=True)) / 1000
same_place = maps["additive"].argmax(dim=-1) == maps["dot"].argmax(dim=-1)  # (example, target position)
agreement = {sort: same_place[rows].double().mean().item() for sort, rows in sorts.items()}
sharpness = maps["dot"].max(dim=-1).values[hyphens].mean().item()

print("the two models give the same answer (at least 0.95):", same_answers >= 0.95)
print("for copied digits they look at the same place (at least 0.9):", agreement["copied digits"] >= 0.9)
print("for hyphens often not (at most 0.7):", agreement["hyphens"] <= 0.7)
print("for the 0 of 05 hardly ever (at most 0.3):", agreement["the 0 of 05, read from a 5"] <= 0.3)
print("and yet the dot model's look for a hyphen is sharp (largest weight, mean at least 0.5):", sharpness >= 0.5)

# %% tags=["nbval-ignore-output"]
print(f"measured: same answer {same_answers:.3f};", ", ".join(f"{k} {v:.2f}" for k, v in agreement.items()))
for name, of_model in maps.items():
    largest = of_model.max(dim=-1).values  # (example, target position)
    print(f"{name:<9} largest weight, mean:", ", ".join(f"{k} {largest[v].mean():.2f}" for k, v in sorts.items()))

# %% [markdown]
# For a digit that must be copied, both point at the same place. For a hyphen they often do not: the dot model points sharply, the additive one less so. And what the dot model points at may look like a good reason:
# in the Chinese date above its two hyphens look at 年 and 月, which do separate year, month and day. But in the French one they look into the middle of the month's name. Which of the two tells us why a hyphen is written?
# A sharp row, even a plausible one, is not yet a reason. One test for a reason is to **take it away**: we write with weights of our own choice in place of the model's, the same for every key.


# %%
def write_with(model, weights):
    """What the model writes, (batch, target_len), with weights (batch, target_len, source_len) that are not its own."""
    source, lengths = pad([source_vocabulary.encode(text) for text in test_sources])
    target_in, _ = pad([[target_vocabulary.bos_id, *target_vocabulary.encode(text)] for text in test_targets])
    with torch.inference_mode():
        state, decoder = model.start(source.to(device), lengths.to(device)), model.decoder
        read = decoder.embedding(target_in.to(device))  # (batch, target_len, d_embed)
        h, _ = decoder.recurrent(read, state.recurrent)  # (batch, target_len, hidden_size)
        c = weights.to(device) @ state.memory  # (batch, target_len, features): the contexts of our choice
        return decoder.head(torch.tanh(decoder.readout(torch.cat([c, h], dim=2)))).argmax(dim=-1).cpu()


lengths = torch.tensor([len(text) for text in test_sources])
uniform = (padding_mask(lengths) / lengths[:, None])[:, None].expand_as(maps["dot"])
own, blind = write_with(models["dot"], maps["dot"]), write_with(models["dot"], uniform)
kept = {sort: (own == blind)[rows].double().mean().item() for sort, rows in sorts.items()}
print("hyphens: still written with uniform weights (at least 0.99):", kept["hyphens"] >= 0.99)
print("copied digits: most of them lost (at most half kept):", kept["copied digits"] <= 0.5)

# %% tags=["nbval-ignore-output"]
_ = plots.kept_without_attention(
    {"uniform weights": kept},
    title="Uniform weights cost the digits, not the hyphens",
    xlabel="share of symbols written as before",
)

# %% [markdown]
# The digits needed their look. The hyphens did not: a map in which the hyphen looks hard at some letter says nothing about why there is a hyphen. (Blind, the model guesses; at
# a hyphen's place it guesses a hyphen, and there that guess is always right.)
#
# And the third bar? The `0` of `05` survives too, and in the maps it looks now here, now there (in the Chinese one above, hard at the 月 beside the digit). Is it, then, like the hyphen: known
# without looking?
#
# > **Predict.** How would you find out? What should the blind model write for the *26th*?

# %%
two_digits = torch.tensor([x.target[8] != "0" for x in test])
zero = target_vocabulary.encode("0")[0]
wrong_zeros = (blind[two_digits, 8] == zero).double().mean().item()
print("days from 10 to 31: the blind model writes 0 as their first digit, too (at least 0.9):", wrong_zeros >= 0.9)

# %% tags=["nbval-ignore-output"]
print(f"measured: {wrong_zeros:.3f}; days that do begin with 0: {1 - two_digits.double().mean():.2f}")

# %% [markdown]
# Blind, it writes a 0 for nearly every day. The zero survived because 0 is its guess; for a hyphen the guess is always right, here in about three days of ten. With its eyes open the model tells the 5th from the 26th, blind it does not: so the 0
# did need a look, and the bar alone said the opposite. Without this control the experiment would have fooled us as nicely as the picture.
#
# Two more cautions. A column is not a symbol but a *state*, and the encoder reads in both directions: the state at a blank knows the digits beside it. So a model can look beside a digit
# and write it correctly. (Put `GeneralAttention(96, 96)` into section 5, change the seed, and look whether yours does.) And taking a look away is no perfect test either: the model was never
# trained to write blind. The debate is worth reading: Jain and Wallace 2019, *Attention is not explanation*; Wiegreffe and Pinter 2019, *Attention is not not explanation*.
# What a map does say is **where the model looked**.
#
# ## 7 · The bottleneck again
#
# Lesson 04's hardest test: write a number again, 1 to 12 digits. The fixed vector broke down as the numbers grew. Same data, same 500 steps, the same recurrent layers; one of the two
# decoders may look back, and has a score network and a readout layer for it.
#
# > **Predict.** The curve of the one that looks: better by a little, falling later, or flat?

# %% tags=["nbval-ignore-output"]
curves = {}
for name, looks in {"fixed vector": False, "with attention": True}.items():
    model = bottleneck.build(attention=looks).to(device)
    print(f"{name}: {n_parameters(model):,} parameters")
    _ = bottleneck.train(model)
    curves[name] = bottleneck.accuracy_by_length(model)

_ = plots.accuracy_by_length(
    curves, title="After 500 steps: one vector falls with length, looking back does not", xlabel="digits in the source"
)

# %%
print("fixed vector, 12 digits: at most 0.3 right:", curves["fixed vector"][12] <= 0.3)
print("with attention, at every length: at least 0.9 right:", min(curves["with attention"].values()) >= 0.9)
longer = bottleneck.accuracy_by_length(model, [20])  # the model trained last: the one with attention
print("with attention, 20 digits, longer than any in training: at most 0.3 right:", longer[20] <= 0.3)

# %% tags=["nbval-ignore-output"]
for name, curve in curves.items():
    print(f"measured, {name}: 12 digits {curve[12]:.2f}, worst length {min(curve.values()):.2f}")
print(f"measured, with attention: 20 digits {longer[20]:.2f}")

# %% [markdown]
# Flat. The number of vectors now grows with the input, and the question "how much fits into one?" is gone. What have we shown about the fixed vector? Not that twelve digits *cannot* fit: its loss is still far from the other's, and
# more steps would help it. (The two also differ in size; see the parameters above.) We have shown that within the same budget one way is learned and the other is not. And look at the last line: to be *able* to look anywhere is not to know where one is.
# The model with attention was never asked to count to 20, and cannot.
#
# ## 8 · German → English
#
# Captions of photographs (Multi30k, 29,000 pairs), as in lesson 04. Both translators have been trained for you by one command each; they have the same encoder and embeddings, the same steps and the same
# data. One hands over the last state; the other has a Bahdanau decoder: look, then read. (Its LSTM reads the context too, and its last layer gets 128 features instead of 256, which saves more parameters than looking costs.
# So the decoders differ in a little more than the look.)

# %%
corpus = multi30k.Corpus()
translators, cards = {}, {}
for name in multi30k.MODELS:
    translators[name] = multi30k.build(name, corpus).to(device)
    cards[name] = load_stored(name, translators[name])

print("                    parameters  CPU-seconds  BLEU greedy  BLEU beam 5   (1,000 test sentences)")
for name, card in cards.items():
    facts = f"{name:<19} {card['parameters']:11,} {card['seconds']:12,}"
    print(f"{facts} {card['bleu']['greedy']:12.1f} {card['bleu']['beam 5']:12.1f}")

# %% [markdown]
# Twice the BLEU, for a few parameters less and nearly two fifths more time. But a card can claim anything. So translate the test sentences here and now, and score them, short ones and long ones apart.
#
# > **Predict.** Is attention ahead for the short sentences too, where a fixed vector should be large enough?

# %%
german, english = zip(*corpus.sentences["test"], strict=True)
translations = {name: multi30k.translate(model, corpus, german) for name, model in translators.items()}
for name, sentences in translations.items():
    print(
        f"{name}: its card is right to 1 BLEU:",
        abs(bleu(sentences, english).score - cards[name]["bleu"]["greedy"]) <= 1,
    )

words_of = [len(tokenize(sentence)) for sentence in german]
by_words = {name: {} for name in translators}  # name → {words: BLEU}
for low, high in ((1, 9), (10, 12), (13, 15), (16, 99)):
    rows = [n for n, count in enumerate(words_of) if low <= count <= high]
    for name, sentences in translations.items():
        by_words[name][low] = bleu([sentences[n] for n in rows], [english[n] for n in rows]).score
gains = [by_words["multi30k-attention"][low] - by_words["multi30k-lstm"][low] for low in (1, 10, 13, 16)]
print("attention gains at least 10 BLEU, whatever the length:", min(gains) >= 10)

# %% tags=["nbval-ignore-output"]
print("BLEU, words in the source:   1–9  10–12  13–15    16+")
for name, scores_of in by_words.items():
    print(f"{name:<25}", "".join(f"{score:7.1f}" for score in scores_of.values()))

# %% [markdown]
# Attention is far ahead everywhere, for the short sentences too, by about as many points as for the long ones. (Compare along a column: BLEU of other sentences is another scale, so a row says little about length.) So the room in one vector is
# not the whole story: in these 3,400 steps looking things up was also *easier to learn* than packing and unpacking. (And 32 is a modest score: 29,000 captions are little to learn two languages from.)
#
# Does the stored training start as the code here does? Its first steps, live, with the same seed; then the stored loss behind them. Each dot is a mean over several steps, so the loss printed at the end of a run need not be
# the last dot. That checks the beginning only; for the end there is the BLEU that you have just measured.

# %% tags=["nbval-ignore-output"]
LIVE_STEPS = 90  # about half a minute's worth
_, history = multi30k.train("multi30k-attention", corpus, stop_after=LIVE_STEPS, device=device)
stored_losses, every = cards["multi30k-attention"]["training_loss"], cards["multi30k-attention"]["training_loss_every"]
live = torch.tensor(history.losses).view(-1, every).mean(dim=1)  # (LIVE_STEPS / every,)
_ = plots.stored_and_live(stored_losses, live, every, title="The first steps, here, lie on the stored training")

# %%
drift = (live - torch.tensor(stored_losses[: len(live)])).abs().max().item()
print("nowhere further from the stored curve than 0.3 nats:", drift <= 0.3)

# %% [markdown]
# Now look at real sentences. In a German *subordinate* clause the verb comes last; English does not wait for it.

# %% tags=["nbval-ignore-output"]
translator = translators["multi30k-attention"]
english_words = corpus.target_vocabulary
never = (english_words.pad_id, english_words.unk_id, english_words.bos_id)  # an unknown word is no translation


def translate_and_look(number):
    """A test sentence's words, the translation's, and where the translator looked: (target_len, source_len)."""
    words = tokenize(german[number])
    source, lengths = pad([corpus.source_vocabulary.encode(words)])
    best = greedy(translator, source, lengths, max_len=multi30k.MAX_LEN, forbidden=never, **corpus.symbols)[0]
    target_in = torch.tensor([[english_words.bos_id, *best.ids]])  # (1, target_len)
    with torch.inference_mode(), record_attention(translator.eval()) as found:
        translator(source.to(device), lengths.to(device), target_in.to(device))
    written = [*(english_words.symbols[i] for i in best.ids), "<eos>"]
    return words, written, found["decoder.attention"][0].cpu()


words, written_words, weights = translate_and_look(167)
_ = plots.attention_heatmap(weights, written_words, words, title="“wearing” looks ahead: “trägt” ends its clause")

# %% tags=["nbval-ignore-output"]
words, written_words, weights = translate_and_look(12)
_ = plots.attention_heatmap(
    weights, written_words, words, title="“holding” looks for the last word, “kitchen” goes back"
)

# %%
for number, word in ((167, "wearing"), (12, "holding"), (12, "kitchen")):
    words, written_words, weights = translate_and_look(number)
    print(f"{word} looks most at {words[weights[written_words.index(word)].argmax()]}")

# %% [markdown]
# These three find their partners across the sentence. Little words are less tidy: the first *A* looks at the noun, not at *Ein* or *Eine*, while the later *a*'s spread their look, and put most of it now on a verb, now on a noun that is
# not theirs. Why? The map does not say; section 6 has taught us not to read reasons off it. Nor does a tidy look make a right word: *Schale* is a bowl here, and the model looks at it and writes *cup*. Nobody has aligned
# these sentences for us, so here we can look, not count. (We fixed the two sentences beforehand, by their verbs at the end; not every map is so tidy.)
#
# ## 9 · Spot the bug
#
# Somebody writes attention for a batch. It runs, it trains, the loss falls.
#
# > **Predict.** Every weight is between 0 and 1, and something sums to 1. What is wrong?


# %%
def their_attention(query, key, value):
    scores = query @ key.transpose(1, 2)  # (batch, target_len, source_len)
    weights = scores.softmax(dim=1)
    return weights @ value, weights


generator = torch.Generator().manual_seed(0)
q, k = torch.randn(2, 4, 8, generator=generator), torch.randn(2, 5, 8, generator=generator)  # (batch, len, features)
context, weights = their_attention(q, k, k)
print("shapes as they should be:", context.shape == (2, 4, 8), weights.shape == (2, 4, 5))

# %% [markdown]
# Two tests expose it. The rows of an attention map sum to 1. And a query's context depends on that query alone: ask one at a time, and you must get the same.

# %%
print("every row sums to 1:", torch.allclose(weights.sum(dim=-1), torch.ones(2, 4)))
one_at_a_time = torch.cat([their_attention(q[:, t : t + 1], k, k)[0] for t in range(4)], dim=1)
print("one query at a time gives the same:", torch.allclose(one_at_a_time, context))
print("weights of a single query:", their_attention(q[:, :1], k, k)[1][0].tolist())
try:
    plots.attention_heatmap(weights[0], list("abcd"), list("vwxyz"), title="Their map")
except ValueError as error:
    print("the heatmap refuses:", error)

# %% [markdown]
# `dim=1` is the dimension of the queries. In training, the queries of one sentence compete for every key, those of the *future* included. In decoding there is one query at a time, a softmax over one number
# is 1, and every weight is 1: the model writes with another network than it was trained with. Both are reported from real code. In
# labmlai/annotated_deep_learning_paper_implementations#146 the softmax ran over a wrong dimension, and the score hardly moved when it was mended (with longer training it even got worse): do not count on a score to find it. In
# PetrochukM/PyTorch-NLP#2 it was `Softmax(dim=0)` over a matrix of batch × queries rows: each weight then also depends on the *other sentences* of the batch, and with one row alone all weights are 1.
# In this library `dim=-1` is always the keys, and the heatmap checks the rows.
#
# ## Recap
#
# | | formula | costs | use it when |
# |---|---|---|---|
# | attention | $\alpha = \text{softmax}(\text{scores})$, $c = \sum_i \alpha_i v_i$ | target_len × source_len scores | more than a fixed vector must come through |
# | dot score | $q^\top k$ | nothing to learn | sizes are equal: the usual choice |
# | general score | $q^\top W k$ | one matrix | sizes differ |
# | additive score | $v^\top \tanh(W q + U k)$ | a hidden layer for each pair | sizes differ, and sentences are short |
# | mask | score −∞, before the softmax | nothing | always, with padding |
# | map against gold | share of arg-maxes on the true key | a task with known alignment | before you believe a picture |
#
# **What is not true.** *"The attention map explains the answer."* It says where the model looked; hyphens look too. *"A sharp map is a good map."* The dot model's was sharp at the hyphens, too. *"Attention
# did away with recurrence."* Not yet: both networks of this lesson still read and write step by step.
#
# **Still open.** The decoder may look anywhere in the source. Why does the *encoder* still read step by step, if one may look anywhere? Let a sentence look at itself: its own queries, keys and values. → `06`, self-attention
#
# ## References
#
# * D. Bahdanau, K. Cho, Y. Bengio 2015, *Neural machine translation by jointly learning to align and translate*, section 3.1 and appendix A.1.2 (the additive score), figure 3 (the first maps).
# * M.-T. Luong, H. Pham, C. Manning 2015, *Effective approaches to attention-based neural machine translation*, section 3.1: dot and general scores; section 3.3: input feeding.
# * S. Jain, B. Wallace 2019, *Attention is not explanation*; S. Wiegreffe, Y. Pinter 2019, *Attention is not not explanation*.
# * D. Elliott et al. 2016, *Multi30K: multilingual English–German image descriptions*.
