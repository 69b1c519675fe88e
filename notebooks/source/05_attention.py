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
# # 05 · Attention
#
# **Must everything that was read fit into one vector?** Lesson 04's encoder computed a state for every symbol of the source, and the decoder received only the last
# one. The longer the source, the worse it wrote. **Attention** keeps all the states and lets the decoder decide, for each symbol it writes, how much of each to use.
#
# You will be able to:
#
# * **write** dot-product attention for all queries at once, and mask padding (exercises 1 and 2),
# * **write** the additive score, and compare what three scores cost (exercise 3),
# * **build** one decoder step with attention, and train it on dates (exercise 4),
# * **test** an attention map against a known alignment (exercise 5),
# * **run** a control before you believe a claim about attention (exercise 6).
#
# Time: 90 minutes; the cells run for about a minute on one CPU core. You need lesson 04: encoder, decoder, teacher forcing, greedy search.

# %% tags=["setup", "nbval-ignore-output"]
import math
from typing import NamedTuple

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from course_lib import drawings, plots
from course_lib.data import dates
from course_lib.decoding import greedy
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.metrics import bleu
from course_lib.models.attention import (
    AdditiveAttention,
    DotProductAttention,
    GeneralAttention,
    padding_mask,
    record_attention,
)
from course_lib.models.recurrent import GRU
from course_lib.models.seq2seq import BahdanauDecoder, Encoder, LuongDecoder, Seq2Seq, teacher_forced_loss
from course_lib.models.size import n_parameters
from course_lib.practice import check, hint, yours
from course_lib.recipes import bottleneck, multi30k
from course_lib.report import measured
from course_lib.stored import load_stored
from course_lib.text.padding import pad, pair_batches
from course_lib.text.words import WordVocabulary, tokenize
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · Query, keys and values
#
# Here is where the lesson goes: one step of a decoder that attends to its encoder (Bahdanau et al. 2015). You will write it in section 5.

# %%
drawings.attention_over_encoder()

# %% [markdown]
# Begin with its left half. A translation model has read *der rote Hund* and is about to write *dog*. Its encoder has kept one state for each source word, and its decoder has a state of its own.
#
# * The decoder's state is the **query** $q$. It encodes what the decoder needs now.
# * Each source word has a **key** $k_i$, which is compared with the query, and a **value** $v_i$, which is what the decoder gets from that word. In this lesson both are the encoder's state at the word.
#
# Attention takes three operations. First, every key gets a **score**, here its dot product with the query. Then a softmax turns the scores into **weights** $\alpha_i$. Last, the mean of the
# values with these weights gives the **context**:
#
# $$e_i = q^\top k_i, \qquad \alpha_i = \frac{\exp e_i}{\sum_j \exp e_j}, \qquad c = \sum_i \alpha_i\, v_i$$
#
# > **Predict.** The scores below are 0, 1 and 2. Does *Hund*, with score 2, get twice the weight of *rote*, with score 1?

# %%
source_words = ["der", "rote", "Hund"]
keys = torch.tensor([[0.0, 2.0], [1.0, -1.0], [2.0, 0.0]])  # (source_len, features)
query = torch.tensor([1.0, 0.0])  # (features,)

scores = [sum(q * k for q, k in zip(query.tolist(), key.tolist(), strict=True)) for key in keys]
total = sum(math.exp(score) for score in scores)
weights_by_hand = [math.exp(score) / total for score in scores]
for word, score, weight in zip(source_words, scores, weights_by_hand, strict=True):
    print(f"{word:>4}: score {score:.0f}, exp(score) {math.exp(score):5.2f}, weight {weight:.3f}")

context_by_hand = [sum(weight * key[feature].item() for weight, key in zip(weights_by_hand, keys, strict=True)) for feature in range(2)]
print(f"context: {context_by_hand[0]:.3f}, {context_by_hand[1]:.3f}")

# %% [markdown]
# No. It gets $e \approx 2.7$ times as much. Adding 1 to a score always multiplies its weight, relative to the others, by $e$.
#
# Why a mean of all the values, and not simply the best one? Because it can be learned. The gradient of an arg-max is zero wherever it exists, while a weighted mean has a gradient for every score. And each $v_i$ enters $c$ with the factor $\alpha_i$: the
# gradient reaches *every* encoder state directly, however far back it was computed. Without attention it has to travel through all the time steps in between, where lesson 01 saw it vanish.
#
# The softmax lies between a plain mean and a hard choice. Divide the scores by a **temperature** to move between the two:


# %% tags=["nbval-ignore-output"]
def draw_temperature(temperature, scores=scores, source_words=source_words):
    kind = "nearly a hard choice" if temperature < 0.5 else "nearly a plain mean" if temperature > 4 else "a soft choice"
    return plots.attention_bars(
        torch.softmax(torch.tensor(scores) / temperature, dim=0), source_words, title=f"Temperature {temperature:g}: {kind}", query="dog"
    )


SliderFigure(
    draw_temperature,
    values=[0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 20.0],
    start=1.0,
    label="temperature",
    alt="Attention weights of three words as bars; a low temperature gives all the weight to the best, a high one spreads it evenly.",
)

# %% [markdown]
# ## 2 · All queries at once
#
# There is one query for each word that is written. Stack the queries as the rows of a matrix $Q$ (target_len, features), and the keys and values as $K$ and $V$ (source_len, features):
#
# $$A = \operatorname{softmax}(Q K^\top), \qquad C = A V$$
#
# The softmax runs along each row, over the keys. $A$ (target_len, source_len) is the **attention map**. A row belongs to one query, a column to one key.
#
# ### Exercise 1 · Dot-product attention (warm-up, 5 minutes)
#
# Write `dot_attention(queries, keys, values)` for one sentence without padding: `queries (target_len, d)`, `keys (source_len, d)`, `values (source_len, size)`. Return the contexts,
# `(target_len, size)`. You need no loop. Here and in the exercises up to 4, stay with tensors (no NumPy, no `.item()`), so that gradients flow through your code.


# %% tags=["exercise"]
def dot_attention(queries, keys, values):
    """queries (target_len, d), keys (source_len, d), values (source_len, size) → contexts (target_len, size)."""
    ### BEGIN SOLUTION
    weights = torch.softmax(queries @ keys.T, dim=-1)  # (target_len, source_len)
    return weights @ values
    ### END SOLUTION


# %% tags=["check"]
check("05.dot_attention", dot_attention)

# %% tags=["hint"]
hint("05.dot_attention")

# %% [markdown] tags=["solution"]
# Entry $(t, i)$ of $QK^\top$ is the dot product of query $t$ and key $i$. `dim=-1` is the dimension of the keys, so each query divides its own weight of 1 among them. `torch.softmax` subtracts each row's
# largest score before the exponential, so large scores do not overflow.

# %% [markdown]
# Three queries, for the three words of the translation. The last one is the query from above.

# %%
target_words = ["the", "red", "dog"]
queries = torch.tensor([[0.0, 1.0], [0.0, -1.0], [1.0, 0.0]])  # (target_len, features)

contexts = yours("05.dot_attention")(queries, keys, keys)  # (target_len, features)
library = DotProductAttention(2)(queries[None], keys[None], keys[None])[0]  # it wants a batch dimension
measured("context for “dog”, largest difference from the one by hand", (contexts[2] - torch.tensor(context_by_hand)).abs().max(), at_most=1e-5)
measured("all contexts, largest difference from the library's", (contexts - library).abs().max(), at_most=1e-5)

# %%
A = torch.softmax(queries @ keys.T, dim=-1)  # (target_len, source_len)
_ = plots.attention_heatmap(A, target_words, source_words, title="Each row is one query; its weights sum to 1", query_title="the word being written")

# %% [markdown]
# A decoder's row is named after the word *being written*, because that is what its query is for. The state behind the query has not read that word yet.
#
# ## 3 · Masking padding
#
# In a batch, short sentences are padded. A padded position has a key like any other and would get weight. So its score is set to $-\infty$ *before* the softmax: $e^{-\infty} = 0$, and the
# remaining weights still sum to 1. The mask is boolean, and in this course **True = may attend**.
#
# ### Exercise 2 · Weights under a mask (warm-up, 6 minutes)
#
# Write `attention_weights(scores, mask)`: `scores (target_len, source_len)`, `mask (source_len,)` boolean with at least one True. Return the weights. Each row sums to 1, and is 0 where the mask is False.


# %% tags=["exercise"]
def attention_weights(scores, mask):
    """scores (target_len, source_len), mask (source_len,) boolean → weights (target_len, source_len)."""
    ### BEGIN SOLUTION
    return torch.softmax(scores.masked_fill(~mask, -math.inf), dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("05.attention_weights", attention_weights)

# %% tags=["hint"]
hint("05.attention_weights")

# %% [markdown] tags=["solution"]
# The mask must act before the softmax. Setting weights to 0 afterwards would leave rows that sum to less than 1, and setting *scores* to 0 would leave $e^0 = 1$, a weight like any other.

# %% [markdown]
# A second sentence, *der Hund*, is padded to three positions. The padding vector is arbitrary, as it is in a real batch:

# %%
padded_keys = torch.stack([keys[0], keys[2], torch.tensor([0.5, 0.5])])  # der, Hund, <pad>
mask = padding_mask(torch.tensor([2]), time=3)[0]  # (source_len,)
scores = queries[[0, 2]] @ padded_keys.T  # (target_len, source_len): only “the” and “dog” are written
A = yours("05.attention_weights")(scores, mask)
measured("largest weight of the padding, without a mask", torch.softmax(scores, dim=-1)[:, ~mask].max(), at_least=0.1)
measured("largest weight of the padding, with the mask", A[:, ~mask].max(), at_most=0)
_ = plots.attention_heatmap(
    A, ["the", "dog"], ["der", "Hund", "<pad>"], mask=mask[None], title="A masked key gets no weight", query_title="the word being written"
)

# %% [markdown]
# ## 4 · Three score functions
#
# A dot product needs queries and keys of the same size, and compares them feature by feature. Two other scores learn how to compare:
#
# | name | score | parameters | work for each pair of query and key |
# |---|---|---|---|
# | **dot** (Luong et al. 2015) | $q^\top k$ | none | $d$ multiplications |
# | **general** (Luong et al. 2015) | $q^\top W k$ | $d_q\, d_k$ | $d_q$ multiplications; $W k$ is computed once for each key |
# | **additive** (Bahdanau et al. 2015) | $v^\top \tanh(W q + U k)$ | $a\,(d_q + d_k + 1)$ | $a$ times tanh and a multiplication |
#
# The additive score came first. It is a small network with one hidden layer of $a$ units, in which query and key meet; $v$ turns the layer into a number. The hidden layer has shape
# (target_len, source_len, $a$), while the other two scores are one matrix product.
#
# ### Exercise 3 · Additive scores (core, 8 minutes)
#
# Write `additive_scores(queries, keys, W, U, v)`: `queries (target_len, d_q)`, `keys (source_len, d_k)`, `W (a, d_q)`, `U (a, d_k)`, `v (a,)`. Return the scores `(target_len, source_len)`,
# before any softmax. In the formula a query is a column; in the matrix it is a row, so $Wq$ for all rows is `queries @ W.T`.


# %% tags=["exercise"]
def additive_scores(queries, keys, W, U, v):
    """queries (target_len, d_q), keys (source_len, d_k), W (a, d_q), U (a, d_k), v (a,) → (target_len, source_len)."""
    ### BEGIN SOLUTION
    hidden = torch.tanh((queries @ W.T)[:, None] + (keys @ U.T)[None])  # (target_len, source_len, a)
    return hidden @ v
    ### END SOLUTION


# %% tags=["check"]
check("05.additive_scores", additive_scores)

# %% tags=["hint"]
hint("05.additive_scores")

# %% [markdown] tags=["solution"]
# The two new dimensions of length 1 make every query meet every key: (target_len, 1, $a$) plus (1, source_len, $a$). Without the tanh, $v^\top W q$ would add the same number to every score of a row. The softmax ignores
# such a number, so the query would have no effect at all.

# %%
_ = torch.manual_seed(0)
additive = AdditiveAttention(query_size=2, key_size=2, attention_size=4)
with torch.no_grad():
    S = yours("05.additive_scores")(queries, keys, additive.W.weight, additive.U.weight, additive.v.weight[0])  # (target_len, source_len)
    by_library = additive(queries[None], keys[None], keys[None])[0]
by_you = S.softmax(dim=-1) @ keys
measured("softmax of your scores, weighted mean: largest difference from the library's", (by_you - by_library).abs().max(), at_most=1e-5)
for attention in (DotProductAttention(96), GeneralAttention(96, 96), AdditiveAttention(96, 96, 32)):
    print(f"{type(attention).__name__:<20} {n_parameters(attention):5,} parameters for queries and keys of 96 features")
print(f"50 queries meet 50 keys: {50 * 50:,} scores; the additive hidden layer of 32 units holds {50 * 50 * 32:,} numbers")

# %% [markdown]
# ## 5 · One decoder step with attention
#
# Now the right half of the drawing. *Which* state is the query, and where does the context go? In Bahdanau's decoder the query is the **previous** state $s_{t-1}$. The context is read together with the previous symbol:
#
# $$
# \begin{aligned}
# e_{ti} &= v^\top \tanh(W s_{t-1} + U h_i), \qquad \alpha_t = \operatorname{softmax}(e_t), \qquad c_t = \textstyle\sum_i \alpha_{ti}\, h_i \\
# s_t &= \operatorname{GRU}([y_{t-1};\, c_t],\; s_{t-1}) \\
# \text{logits}_t &= \operatorname{head}(\tanh(\operatorname{readout}([s_t;\, c_t;\, y_{t-1}])))
# \end{aligned}
# $$
#
# Here $h_i$ are the encoder's states, $y_{t-1}$ is the embedding of the symbol written last, and $[\,;\,]$ joins vectors. The readout is one more linear layer, before the head. Each query depends on the context of the step before, so the steps must run one after the other.
#
# ### Exercise 4 · One decoder step with attention (build, 25 minutes)
#
# Write `decoder_step(last, s, memory, mask, net)`, which computes these equations for a batch:
#
# * `last (batch,)`: the symbols written last, as ids; `s (batch, hidden_size)`: the state $s_{t-1}$;
# * `memory (batch, source_len, memory_size)`: the encoder's states; `mask (batch, source_len)`: True for real symbols;
# * `net` holds the layers: `net.embedding(last)`; `net.W`, `net.U` and `net.v`, which are linear layers without bias; `net.cell(x, s)`, the GRU's step; `net.readout` and `net.head`.
#
# Return three tensors: the logits `(batch, vocab_size)`, the new state `(batch, hidden_size)` and the weights `(batch, source_len)`. `torch.cat([…], dim=-1)` joins vectors in the order of the formulas. You train it below.


# %% tags=["exercise"]
def decoder_step(last, s, memory, mask, net):
    """last (batch,), s (batch, hidden_size), memory (batch, source_len, memory_size), mask → logits, new s, weights."""
    ### BEGIN SOLUTION
    y = net.embedding(last)  # (batch, d_embed)
    hidden = torch.tanh(net.W(s)[:, None] + net.U(memory))  # (batch, source_len, a)
    scores = net.v(hidden).squeeze(-1)  # (batch, source_len)
    weights = scores.masked_fill(~mask, -math.inf).softmax(dim=-1)
    c = (weights[:, :, None] * memory).sum(dim=1)  # (batch, memory_size)
    s = net.cell(torch.cat([y, c], dim=-1), s)
    logits = net.head(torch.tanh(net.readout(torch.cat([s, c, y], dim=-1))))
    return logits, s, weights
    ### END SOLUTION


# %% tags=["check"]
check("05.decoder_step", decoder_step)

# %% tags=["hint"]
hint("05.decoder_step")

# %% [markdown] tags=["solution"]
# One query per row of the batch, so `net.W(s)` needs a dimension for the keys, and the mask fits the scores as it is. The order inside `torch.cat` matters, because the columns of the next layer's weights
# belong to particular features; a wrong order raises no error. `net.U(memory)` is the same in every step, and a faster version computes it once per sentence.

# %% [markdown]
# ### The model around your step
#
# Back to lesson 04's task, *freitag, 26. april 1991* → *1991-04-26*, now in twelve languages. An encoder reads in both directions. A linear layer makes the decoder's first state from the encoder's last ones. Then your step
# runs once for each symbol that is written.

# %%
source_vocabulary = WordVocabulary(dates.source_characters())
target_vocabulary = WordVocabulary(dates.TARGET_CHARACTERS)
symbols = {"bos_id": target_vocabulary.bos_id, "eos_id": target_vocabulary.eos_id}


def new_encoder():
    return Encoder(len(source_vocabulary), d_embed=32, recurrent=GRU(32, 48, bidirectional=True))


class State(NamedTuple):
    """What the decoder keeps from step to step."""

    s: Tensor  # (batch, hidden_size)
    memory: Tensor  # (batch, source_len, memory_size)
    mask: Tensor  # (batch, source_len)


class DateWriter(nn.Module):
    """Encoder and decoder with attention; the decoder's step is yours."""

    def __init__(self, d_embed=32, hidden_size=96, memory_size=96, attention_size=32):
        super().__init__()
        self.encoder = new_encoder()
        self.first_state = nn.Linear(memory_size, hidden_size)
        self.embedding = nn.Embedding(len(target_vocabulary), d_embed)
        self.W = nn.Linear(hidden_size, attention_size, bias=False)
        self.U = nn.Linear(memory_size, attention_size, bias=False)
        self.v = nn.Linear(attention_size, 1, bias=False)
        self.cell = nn.GRUCell(d_embed + memory_size, hidden_size)
        self.readout = nn.Linear(hidden_size + memory_size + d_embed, hidden_size)
        self.head = nn.Linear(hidden_size, len(target_vocabulary))

    def start(self, source, lengths):
        memory, last = self.encoder(source, lengths)  # (batch, source_len, 96), (2 directions, batch, 48)
        s = torch.tanh(self.first_state(torch.cat([last[0], last[1]], dim=1)))  # (batch, hidden_size)
        return State(s, memory, padding_mask(lengths.to(source.device), source.shape[1]))

    def step(self, last, state):
        logits, s, self.weights = yours("05.decoder_step")(last, state.s, state.memory, state.mask, self)
        return logits, state._replace(s=s)

    def forward(self, source, lengths, target_in):
        """Teacher forcing: logits (batch, target_len, vocab_size). The attention maps are kept in self.maps."""
        state, logits, maps = self.start(source, lengths), [], []
        for last in target_in.unbind(dim=1):
            step_logits, state = self.step(last, state)
            logits.append(step_logits)
            maps.append(self.weights.detach())
        self.maps = torch.stack(maps, dim=1)  # (batch, target_len, source_len)
        return torch.stack(logits, dim=1)

    def select(self, state, rows):
        """The state of these rows of the batch, for searches that drop or copy rows."""
        return State(*(part[rows] for part in state))


# %% [markdown]
# Before training it, a test: the library's `BahdanauDecoder` takes over the weights of an untrained model. Both must give the same logits for a whole padded batch.

# %%
_ = torch.manual_seed(0)
mine = DateWriter().to(device)
theirs = BahdanauDecoder(len(target_vocabulary), 32, GRU(32 + 96, 96), AdditiveAttention(96, 96, 32)).to(device)
# The library's attention.W is your W, and its recurrent.weight_ih_l0 your cell.weight_ih.
renamed = {name: name.replace("attention.", "").replace("recurrent.", "cell.").replace("_l0", "") for name in theirs.state_dict()}
_ = theirs.load_state_dict({name: mine.state_dict()[own_name] for name, own_name in renamed.items()})

few = dates.sample(4, "train", seed=1)
source, lengths = pad([source_vocabulary.encode(x.source) for x in few])
target_in, _ = pad([[target_vocabulary.bos_id, *target_vocabulary.encode(x.target)] for x in few])
source, lengths, target_in = source.to(device), lengths.to(device), target_in.to(device)
with torch.no_grad():
    state = mine.start(source, lengths)
    expected, _ = theirs(target_in, theirs.begin(state.s[None], state.memory, state.mask))
    measured("logits, largest difference from the library's decoder", (mine(source, lengths, target_in) - expected).abs().max(), at_most=1e-4)

# %% [markdown]
# ### Luong's decoder: the other order
#
# Luong et al. (2015) use the **new** state as the query: $s_t = \operatorname{GRU}(y_{t-1}, s_{t-1})$ first, then attention, and the context goes straight to the readout, $\tanh(W_c [c_t; s_t])$. Under teacher forcing no step then
# depends on the attention of the step before. All queries are known at once, and the whole map is one matrix product. (The paper also has *input feeding*, which brings that dependence back. Our `LuongDecoder` leaves it out here.)
#
# We train both: yours with additive scores, and Luong's with dot products. Encoder, width and budget are the same.
#
# > **Predict.** Twelve languages, 400 steps of 64 examples, an encoder of 48 units in each direction. What share of unseen dates will each write without a mistake?

# %% tags=["nbval-ignore-output"]
train_pairs = [(source_vocabulary.encode(x.source), target_vocabulary.encode(x.target)) for x in dates.sample(20_000, "train", seed=0)]


def luong():
    decoder = LuongDecoder(len(target_vocabulary), d_embed=32, recurrent=GRU(32, 96), attention=DotProductAttention(96))
    return Seq2Seq(new_encoder(), decoder)


models, histories = {}, {}
for name, make in {"Bahdanau, additive": DateWriter, "Luong, dot": luong}.items():
    _ = torch.manual_seed(0)
    models[name] = make().to(device)
    batches = pair_batches(train_pairs, 64, generator=torch.Generator().manual_seed(0), epochs=None, **symbols)
    histories[name] = fit(models[name], batches, teacher_forced_loss, steps=400, lr=8e-3, warm_up=50, bf16=False)


# %%
def write(model, sources):
    """What the model writes, greedily: a list of strings."""
    source, lengths = pad([source_vocabulary.encode(text) for text in sources])
    found = greedy(model, source, lengths, max_len=12, **symbols)
    return ["".join(target_vocabulary.decode(hypothesis.ids)) for hypothesis in found]


test = dates.sample(1000, "test", seed=0)
test_sources, test_targets = [x.source for x in test], [x.target for x in test]
written = {name: write(model, test_sources) for name, model in models.items()}
exact = {name: sum(w == t for w, t in zip(written[name], test_targets, strict=True)) / 1000 for name in models}
for name, right in exact.items():
    measured(f"{name}: exact match on 1,000 unseen dates", right, at_least=0.97)

# %% [markdown]
# Nearly all. No digit has to survive in a single vector any more: the decoder can fetch it from the state at its position.
#
# ## 6 · Attention maps, and how to test them
#
# First one row: three digits of a year have been written, the fourth comes next. Your model kept its weights, and `record_attention` collects those of the library's modules.


# %% tags=["nbval-ignore-output"]
def attention_map(model, sources, answers):
    """The weights (batch, target_len, source_len) while it writes these answers; the last row is for <eos>."""
    source, lengths = pad([source_vocabulary.encode(text) for text in sources])
    target_in, _ = pad([[target_vocabulary.bos_id, *target_vocabulary.encode(text)] for text in answers])
    batch = source.to(device), lengths.to(device), target_in.to(device)
    with torch.inference_mode():
        if isinstance(model, DateWriter):
            model(*batch)
            return model.maps.cpu()
        with record_attention(model) as recorded:
            model(*batch)
        return recorded["decoder.attention"].cpu()


# A short date whose year has four different digits: no doubt which one is meant.
date = next(x for x in test if x.pattern == "EEE, MMM d, y" and len(x.source) <= 18 and len(set(x.target[:4])) == 4 and 8 in x.copied)
weights = attention_map(models["Bahdanau, additive"], [date.source], [date.target])[0]  # (target_len, source_len)
title = f"Writing the fourth digit of {date.target}"
_ = plots.attention_bars(weights[3], list(date.source), query=date.target[3], gold=date.alignment[3], title=title)

# %% tags=["nbval-ignore-output"]
_ = plots.attention_heatmap(
    weights[:10],
    list(date.target),
    list(date.source),
    gold=date.alignment_matrix(),
    title="To write a digit, attend to it",
    query_title="the symbol being written",
)

# %% [markdown]
# The outlines do not come from the model. The generator of the task knows which source characters determine which target character, the **gold alignment**. A digit of the year has exactly one source position, and
# all letters of a month's name determine its two digits. A hyphen has none, because it is the same in every date.
#
# So instead of admiring the picture, you can count.
#
# ### Exercise 5 · Arg-max on the true alignment (core, 8 minutes)
#
# Write `share_on_gold(weights, gold)`: `weights (target_len, source_len)`, and `gold` of the same shape, boolean, True where a source position determines a target position. Among the rows with at least one True, return the share
# whose largest weight lies on one, as a float.


# %% tags=["exercise"]
def share_on_gold(weights, gold):
    """weights, boolean gold, both (target_len, source_len) → share of the rows with gold whose arg-max lies on it."""
    ### BEGIN SOLUTION
    found = gold[torch.arange(len(gold)), weights.argmax(dim=1)]  # (target_len,)
    return found[gold.any(dim=1)].double().mean().item()
    ### END SOLUTION


# %% tags=["check"]
check("05.share_on_gold", share_on_gold)

# %% tags=["hint"]
hint("05.share_on_gold")

# %% [markdown] tags=["solution"]
# `gold[rows, columns]` with two index tensors reads one cell per row, namely the one with the largest weight. Rows without gold are left out of the mean: nobody could be right there.

# %% [markdown]
# Now all 1,000 test dates at once, and only the digits of year and day that are copied from the source. The decoder reads the true date here, as in training, because that is the one whose alignment is known.

# %%
maps = {name: attention_map(model, test_sources, test_targets) for name, model in models.items()}  # each (1000, 11, source_len)
gold = torch.zeros_like(maps["Luong, dot"], dtype=torch.bool)
copied = torch.zeros(1000, 11, dtype=torch.bool)
for n, x in enumerate(test):
    for t in set(x.copied) & {0, 1, 2, 3, 8, 9}:
        gold[n, t, x.alignment[t][0]] = copied[n, t] = True

on_gold = {name: yours("05.share_on_gold")(A.flatten(0, 1), gold.flatten(0, 1)) for name, A in maps.items()}
print(f"{'':18}  parameters  arg-max on the digit  mean weight on it")
for name, model in models.items():
    print(f"{name:18}  {n_parameters(model):10,}  {f'≈{on_gold[name]:.3f}':>20}  {f'≈{maps[name][gold].mean():.2f}':>17}")
measured("the smaller share of arg-maxes on the right digit", min(on_gold.values()), at_least=0.95)

# %% [markdown]
# Nobody told the models where to attend. They were trained on answers alone, and in these runs they learned to attend to the right digit. They need not have: the encoder reads in both directions, so the state at a *neighbour* of the digit
# knows it as well.
#
# The table covers only digits that are copied. Left out are hyphens, months (mostly names), and the `0` of `05` where the source has only a *5*. The dot product's weights are sharper here; both models write equally well.
#
# Other languages have other orders. Chinese begins with the year. Which rows miss their outlines, although every character written is right?

# %% tags=["nbval-ignore-output"]
french = next(x for x in test if x.locale == "fr" and len(x.source) <= 16 and 8 not in x.copied and "yy" not in x.pattern)
chinese = next(x for x in test if x.locale == "zh" and x.pattern == "full")
figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.9), width_ratios=[len(french.source), len(chinese.source)], layout="constrained")
for ax, x, title in zip(axes, (french, chinese), ("French: day, month, year", "Chinese: year, month, day"), strict=True):
    weights = attention_map(models["Luong, dot"], [x.source], [x.target])[0][:10]  # (target_len, source_len)
    _ = plots.attention_heatmap(
        weights,
        list(x.target),
        list(x.source),
        gold=x.alignment_matrix(),
        title=title,
        bar=x is chinese,
        mark_uniform=False,
        query_title="the symbol being written",
        ax=ax,
    )

# %% [markdown]
# In French, at least in our run, the month's two rows attend to a blank and to digits of the year, not to the name, and the row of the day's 0 misses the *4*. The answer is right all the same.
#
# Type a date in any of the twelve languages, with its parts in any order. The model has no way to say "this is not a date". Give it nonsense, or two dates, and see what it attends to.


# %% tags=["nbval-ignore-output"]
def draw_typed(text):
    text = text.lower().strip()
    unknown = sorted({character for character in text if character not in source_vocabulary})
    if unknown:
        raise ValueError(f"no date of the training data has the character {' '.join(unknown)}; try others")
    if not 1 <= len(text) <= 45:
        raise ValueError(f"your date has {len(text)} characters; type 1 to 45")
    answer = write(models["Bahdanau, additive"], [text])[0]
    return plots.attention_heatmap(
        attention_map(models["Bahdanau, additive"], [text], [answer])[0][: len(answer)],
        list(answer),
        list(text),
        title=f"The model wrote {answer}",
        query_title="the symbol being written",
    )


TypedFigure(
    draw_typed,
    start="freitag, 26. april 1991",
    label="a date",
    alt="An attention map: the ten characters of the written date as rows, the characters of a typed date as columns.",
)

# %% [markdown]
# ## 7 · Is attention an explanation?
#
# It is tempting to read a map as the model's *reasons*: it wrote this **because** it attended to that. You have two trained models, so you can test the idea.
#
# > **Predict.** Two models, the same data, the same answers. Will their largest weights be on the same characters: for copied digits, and for hyphens?

# %%
hyphens, zeros = torch.zeros_like(copied), torch.zeros_like(copied)  # (example, target position)
hyphens[:, [4, 7]] = True
zeros[:, 8] = torch.tensor([x.target[8] == "0" and 8 not in x.copied for x in test])
sorts = {"copied digits": copied, "hyphens": hyphens, "the 0 of 05, from a 5": zeros}

first, second = maps.values()
same_answer = sum(a == b for a, b in zip(*written.values(), strict=True)) / 1000
same_place = {sort: (first.argmax(dim=-1) == second.argmax(dim=-1))[rows].double().mean().item() for sort, rows in sorts.items()}
measured("the two models write the same date", same_answer, at_least=0.95)
measured("their arg-maxes agree, copied digits", same_place["copied digits"], at_least=0.9)
measured("their arg-maxes agree, hyphens", same_place["hyphens"], at_most=0.4)
measured("their arg-maxes agree, the 0 of 05", same_place["the 0 of 05, from a 5"], at_most=0.4)
measured("Luong, dot: mean largest weight, hyphens", second.max(dim=-1).values[hyphens].mean(), at_least=0.6)
measured("Bahdanau, additive: mean largest weight, hyphens", first.max(dim=-1).values[hyphens].mean(), at_most=0.6)

# %% [markdown]
# For a copied digit both attend to the same place. For a hyphen they do not, and one of them attends *sharply* all the same. A sharp weight, even on a plausible character, is not yet a reason.
#
# A stronger test is an **intervention**: replace the weights and see what changes. Luong's decoder makes this easy. Under teacher forcing you can hand it contexts from weights of your own choice.


# %%
def write_with(weights):
    """What the Luong model writes, (batch, target_len) ids, when weights (batch, target_len, source_len) replace its own."""
    model = models["Luong, dot"]
    source, lengths = pad([source_vocabulary.encode(text) for text in test_sources])
    target_in, _ = pad([[target_vocabulary.bos_id, *target_vocabulary.encode(text)] for text in test_targets])
    with torch.inference_mode():
        state, decoder = model.start(source.to(device), lengths.to(device)), model.decoder
        h, _ = decoder.recurrent(decoder.embedding(target_in.to(device)), state.recurrent)  # (batch, target_len, hidden_size)
        c = weights.to(device) @ state.memory  # (batch, target_len, memory_size): the contexts of your choice
        return decoder.head(torch.tanh(decoder.readout(torch.cat([c, h], dim=2)))).argmax(dim=-1).cpu()


# Put all the weight for the year's third and fourth digit onto a different digit of the source.
redirected, digit_there = maps["Luong, dot"].clone(), {}
for n, x in enumerate(test):
    for t in {2, 3} & set(x.copied):
        others = [place for place, character in enumerate(x.source) if character in "0123456789" and character != x.target[t]]
        place = others[n % len(others)]
        redirected[n, t] = 0.0
        redirected[n, t, place] = 1.0
        digit_there[n, t] = target_vocabulary.encode(x.source[place])[0]

own, after = write_with(maps["Luong, dot"]), write_with(redirected)
follows = sum(after[where].item() == digit for where, digit in digit_there.items()) / len(digit_there)
measured("weight moved to a different digit: the model writes that digit instead", follows, at_least=0.9)

# %% [markdown]
# So for these digits the attention *is* the mechanism. Move it, and the output follows. Now the opposite intervention, uniform weights, which tell the decoder nothing about where anything is:

# %%
lengths = torch.tensor([len(text) for text in test_sources])
uniform = (padding_mask(lengths) / lengths[:, None])[:, None].expand_as(maps["Luong, dot"])
blind = write_with(uniform)
kept = {sort: (own == blind)[rows].double().mean().item() for sort, rows in sorts.items()}
measured("unchanged under uniform weights, copied digits", kept["copied digits"], at_most=0.5)
measured("unchanged under uniform weights, hyphens", kept["hyphens"], at_least=0.95)
measured("unchanged under uniform weights, the 0 of 05", kept["the 0 of 05, from a 5"], at_least=0.85)

# %% tags=["nbval-ignore-output"]
_ = plots.kept_without_attention(
    {"uniform weights": kept}, title="Uniform weights lose the digits, not the hyphens", xlabel="share of symbols unchanged"
)

# %% [markdown]
# The digits needed their attention. The hyphens did not, however sharp their weights were. And the third bar? The `0` of `05` survives too. Is it, like the hyphen, known without attention?
#
# ### Exercise 6 · A control for the zero (core, 10 minutes, experiment)
#
# Before you conclude that, run a control. What does the model write under uniform weights for the days from 10 to 31, which do *not* begin with 0? *Predict*, then compute the share of those days for which the first digit of the day
# (position 8) comes out as a 0. The ids written under uniform weights are in `blind`, (1000, 11). Use a cell of your own, and set `wrong_zeros` to that share. These two will help:

# %%
two_digits = torch.tensor([target[8] != "0" for target in test_targets])  # (1000,): days from 10 to 31
zero = target_vocabulary.encode("0")[0]

# %% tags=["exercise"]
wrong_zeros = ...
### BEGIN SOLUTION
wrong_zeros = 1.0  # what (blind[two_digits, 8] == zero).double().mean().item() gives in our run
### END SOLUTION

# %% tags=["check"]
check("05.wrong_zeros", wrong_zeros)

# %% tags=["hint"]
hint("05.wrong_zeros")

# %% [markdown] tags=["solution"]
# Under uniform weights the model writes a 0 for nearly every day. It survived in `05` because 0 is what the model writes when it knows nothing. With its own weights it distinguishes the 5th from the 26th, so the 0 did need attention. The bar alone said the
# opposite.

# %%
measured("days from 10 to 31: a 0 written under uniform weights", (blind[two_digits, 8] == zero).double().mean(), at_least=0.85)
measured("days from 10 to 31: a 0 written with the model's own weights", (own[two_digits, 8] == zero).double().mean(), at_most=0.05)

# %% [markdown]
# A result that survives an intervention proves little until you know what the model writes when it knows nothing. Two more cautions. A column of the map is a state, not a symbol, and the state at a blank knows the digits next to it. And the model was never trained with uniform
# weights, so this intervention puts it where training never did. Jain and Wallace (2019, *Attention is not explanation*) and Wiegreffe and Pinter (2019, *Attention is not not explanation*) argue the two sides of this debate. What a map does say is **where the model attended**.
#
# ## 8 · The bottleneck, again
#
# Lesson 04's hardest test: repeat a number of 1 to 12 digits. The fixed vector failed as the numbers grew. Below, the same recurrent layers train on the same data for the same 500 steps, with and without attention.
#
# > **Predict.** What does the curve with attention look like: a little higher, falling later, or flat?

# %% tags=["nbval-ignore-output"]
curves = {}
for name, with_attention in {"fixed vector": False, "with attention": True}.items():
    model = bottleneck.build(attention=with_attention).to(device)
    print(f"{name}: {n_parameters(model):,} parameters")
    _ = bottleneck.train(model)
    curves[name] = bottleneck.accuracy_by_length(model)

_ = plots.accuracy_by_length(
    curves, title="The fixed vector fails on long numbers, attention does not", xlabel="digits in the source", ylabel="exact match"
)

# %%
measured("fixed vector, 12 digits: exact match", curves["fixed vector"][12], at_most=0.3)
measured("with attention, its worst length: exact match", min(curves["with attention"].values()), at_least=0.9)
measured("with attention, 20 digits, longer than in training: exact match", bottleneck.accuracy_by_length(model, [20])[20], at_most=0.3)

# %% [markdown]
# Flat. The number of states now grows with the input, so no single vector has to hold it all. That does *not* show that twelve digits cannot fit into one vector. The fixed vector's training loss, printed above, is still far from the other's, and the two models differ in size. It shows that with this
# budget one copy is learned and the other is not; half and twice the learning rate leave the fixed vector at 1 % or less, too (benchmarks/RESULTS.md). Being *able* to attend anywhere is not yet knowing where you are: beyond the trained lengths, the model with attention fails too.
#
# ## 9 · German to English
#
# Captions of photographs (Multi30k, 29,000 pairs), as in lesson 04. Two translators were trained by one command each and stored. They share the encoder's architecture, data, learning rate and number of steps. Each has the better of two initialisations, as its model card records. One decoder gets the last state; the other is Bahdanau's, with an LSTM as
# its cell.
#
# > **Predict.** Does attention win on short sentences too, where a fixed vector should be large enough?

# %%
corpus = multi30k.Corpus()
german, english = zip(*corpus.sentences["test"], strict=True)
translators, cards, translations = {}, {}, {}
for name in multi30k.MODELS:
    translators[name] = multi30k.build(name, corpus).to(device)
    cards[name] = load_stored(name, translators[name])
    translations[name] = multi30k.translate(translators[name], corpus, german)
    here = bleu(translations[name], english).score
    measured(f"{name}: BLEU on 1,000 test sentences, here and on its card, difference", abs(here - cards[name]["bleu"]["greedy"]), at_most=1)

# %%
words_of = [len(tokenize(sentence)) for sentence in german]
groups = {"all": (1, 99), "1–9": (1, 9), "10–12": (10, 12), "13–15": (13, 15), "16+": (16, 99)}
scores_of = {name: [] for name in translations}
for low, high in groups.values():
    rows = [n for n, count in enumerate(words_of) if low <= count <= high]
    for name, sentences in translations.items():
        scores_of[name].append(bleu([sentences[n] for n in rows], [english[n] for n in rows]).score)

print(f"{'BLEU, by words in the source':28}" + "".join(f"{group:>8}" for group in groups))
for name, row in scores_of.items():
    print(f"{name:28}" + "".join(f"{f'≈{score:.1f}':>8}" for score in row))
plain, attentive = scores_of["multi30k-lstm"], scores_of["multi30k-attention"]
measured("attention's BLEU over the plain translator's", attentive[0] / plain[0], at_least=1.3)
measured("attention's smallest lead in the four groups", min(a - p for a, p in zip(attentive[1:], plain[1:], strict=True)), at_least=3, unit="BLEU")

# %% [markdown]
# Attention leads in every group, short sentences included. Compare within a column only, because BLEU scores of different sentences say little about length. So the capacity of one vector is not the whole story. Within this budget, fetching a word from its position also seems *easier to learn* than
# packing all words together and unpacking them. The two decoders differ in a few sizes besides attention, and 29,000 captions are few for learning two languages.
#
# Now two maps. In a German subordinate clause the verb comes last, and English doesn't wait for it. We picked these sentences for that, before looking at any map.

# %% tags=["nbval-ignore-output"]
translator = translators["multi30k-attention"].eval()
english_words = corpus.target_vocabulary
never = (english_words.pad_id, english_words.unk_id, english_words.bos_id)  # an unknown word is no translation


def translate_with_maps(sentences):
    """For each sentence: its words, the words written, and the map (target_len, source_len)."""
    words = [tokenize(sentence) for sentence in sentences]
    source, lengths = pad([corpus.source_vocabulary.encode(row) for row in words])
    best = greedy(translator, source, lengths, max_len=multi30k.MAX_LEN, forbidden=never, **corpus.symbols)
    target_in, _ = pad([[english_words.bos_id, *hypothesis.ids] for hypothesis in best])
    with torch.inference_mode(), record_attention(translator) as found:
        translator(source.to(device), lengths.to(device), target_in.to(device))
    A = found["decoder.attention"].cpu()  # (batch, target_len, source_len)
    rows = [[*(english_words.symbols[i] for i in hypothesis.ids), "<eos>"] for hypothesis in best]
    return [(w, row, A[n, : len(row), : len(w)]) for n, (w, row) in enumerate(zip(words, rows, strict=True))]


titles = {167: "For “wearing”, attention jumps ahead to “trägt”", 12: "For “holding”, attention jumps ahead to “hält”"}
for number, title in titles.items():
    words, row, A = translate_with_maps([german[number]])[0]
    _ = plots.attention_heatmap(A, row, words, title=title, query_title="the word being written")
    plt.show()

# %% [markdown]
# Nobody has aligned these sentences, so there is no gold alignment to count against. But some words have an obvious partner. Take every translation in which both words of a pair occur exactly once, and look for the arg-max
# again.
#
# > **Predict.** *Mann* is by far the most frequent of these nouns. Will the arg-max be on it most often?

# %%
partners = {
    "Mann": "man", "Frau": "woman", "Hund": "dog", "Mädchen": "girl", "Junge": "boy", "Straße": "street", "Wasser": "water", "Strand": "beach",
    "trägt": "wearing", "hält": "holding", "sitzt": "sitting", "steht": "standing", "spielt": "playing",
}  # fmt: skip
hits = {pair: [] for pair in partners.items()}
for start in range(0, 1000, 100):
    for words, row, A in translate_with_maps(german[start : start + 100]):
        for pair in hits:
            if words.count(pair[0]) == row.count(pair[1]) == 1:
                hits[pair].append(A[row.index(pair[1])].argmax().item() - words.index(pair[0]))  # 0: on the partner

print(f"{'':20}  translations  arg-max on the partner  on the word after it")
for pair, found in hits.items():
    shares = [found.count(offset) / max(1, len(found)) for offset in (0, 1)]
    print(f"{' → '.join(pair):20}  {f'≈{len(found)}':>12}  {f'≈{shares[0]:.2f}':>22}  {f'≈{shares[1]:.2f}':>20}")
every = [offset == 0 for found in hits.values() for offset in found]
measured("arg-max on the partner, all pairs", sum(every) / len(every), at_least=0.5)

# %% [markdown]
# *Mann*, the most frequent, has by far the smallest share. Its rows are not random, though: most of the missing arg-maxes are on the word after it, whose state has just read *Mann*. The translation *was* written all the same, with the largest weight somewhere else.
# So here as well, the map says where the model attended, and not why it wrote what it wrote.
#
# ## 10 · Spot the bug
#
# Someone writes attention for a batch. It runs, it trains, and the loss falls.
#
# > **Predict.** Every weight lies between 0 and 1, and something sums to 1. What is wrong?


# %%
def their_attention(query, key, value):
    scores = query @ key.transpose(1, 2)  # (batch, target_len, source_len)
    weights = scores.softmax(dim=1)
    return weights @ value, weights


generator = torch.Generator().manual_seed(0)
q, k = torch.randn(2, 4, 8, generator=generator), torch.randn(2, 5, 8, generator=generator)  # (batch, len, features)
context, weights = their_attention(q, k, k)
print("shapes:", tuple(context.shape), tuple(weights.shape))

# %% [markdown]
# The shapes are as they should be. Two tests expose it. The rows of an attention map sum to 1. And a context depends on its own query alone, so one query at a time must give the same result as all at once.

# %%
measured("largest distance of a row's sum from 1", (weights.sum(dim=-1) - 1).abs().max(), at_least=0.1)
one_at_a_time = torch.cat([their_attention(q[:, t : t + 1], k, k)[0] for t in range(4)], dim=1)
measured("contexts one query at a time, largest difference from all at once", (one_at_a_time - context).abs().max(), at_least=0.1)
print("weights of a single query:", their_attention(q[:, :1], k, k)[1][0].tolist())
try:
    plots.attention_heatmap(weights[0], list("abcd"), list("vwxyz"), title="Their map")
except ValueError as error:
    print("the heatmap refuses:", error)

# %% [markdown]
# `dim=1` is the dimension of the queries. In training, all queries of a sentence compete for each key, including *later* ones. In decoding there is one query at a time. The softmax over a single number is 1, so every weight is 1: the model writes with a different network from the one that was trained.
#
# The bug is real. In labmlai/annotated_deep_learning_paper_implementations#146 the softmax ran over a wrong dimension, and a user who fixed it saw hardly any change in the score. Don't count on a score to find it. In PetrochukM/PyTorch-NLP#2 it was
# `Softmax(dim=0)` over batch × queries, so that weights depended on the *other sentences* of the batch.
#
# ## Recap
#
# | | formula | cost | when to use it |
# |---|---|---|---|
# | attention | $\alpha = \operatorname{softmax}(\text{scores})$, $c = \sum_i \alpha_i v_i$ | target_len × source_len scores | the source does not fit into one vector |
# | dot score | $q^\top k$ | no parameters | equal sizes |
# | general score | $q^\top W k$ | one matrix | different sizes |
# | additive score | $v^\top \tanh(W q + U k)$ | a hidden layer for each pair | different sizes, short sources |
# | mask | score $-\infty$ where False, before the softmax | none | always, with padding |
# | Bahdanau's decoder | query $s_{t-1}$, context into the cell | one step after the other | a step may depend on the attention before it |
# | Luong's decoder | query $s_t$, context into the readout | all attention in one product | fast training |
# | arg-max against gold | share of rows | none | a task with a known alignment |
#
# **What is not true.** *"The attention map explains the answer."* It says where the model attended; hyphens have sharp weights too. *"What survives without attention did not need it."* It may be the model's default. *"Attention replaced
# recurrence."* Not yet: both networks of this lesson still read and write step by step.
#
# **Still open.** The decoder can attend to any source position. Why does the *encoder* still read step by step? Let a sentence attend to itself, with queries, keys and values of its own. → `06_self_attention.ipynb`
#
# ## References
#
# * D. Bahdanau, K. Cho, Y. Bengio 2015, *Neural machine translation by jointly learning to align and translate*, section 3.1 (whose readout sees $s_t$, as ours does), appendix A.1.2 (additive score) and A.2.2 (decoder, with a maxout layer where ours has tanh).
# * M.-T. Luong, H. Pham, C. Manning 2015, *Effective approaches to attention-based neural machine translation*, section 3.1 (dot and general scores), 3.3 (input feeding).
# * S. Jain, B. Wallace 2019, *Attention is not explanation*; S. Wiegreffe, Y. Pinter 2019, *Attention is not not explanation*.
# * D. Elliott et al. 2016, *Multi30K: multilingual English–German image descriptions*.
