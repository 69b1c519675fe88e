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
# # 06 · Self-attention
#
# **If attention connects any two words directly, why read them one after the other at all?** In lesson 05 a decoder attended to a source
# sentence, but an LSTM still read both sides step by step. Now the LSTM goes. What is left is self-attention, the core of every
# Transformer. You will also find out what it lacks.
#
# You will be able to:
#
# * **write** scaled dot-product attention, and explain why its scores are divided by $\sqrt{d_k}$ (exercise 1),
# * **mask** the future and padding (exercise 2),
# * **build** multi-head attention that runs on the weights of `torch.nn.MultiheadAttention` (exercises 3 and 4),
# * **test** how many heads a task needs (exercise 5),
# * **encode** positions, and show that attention without them ignores word order (exercise 6).
#
# Time: 90 minutes; the cells run for about a minute on one CPU core. You need lesson 05: queries and keys, the softmax over scores, the
# weighted mean, attention maps.

# %% tags=["setup", "nbval-ignore-output"]
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import drawings, plots
from course_lib.data import memory
from course_lib.device import Stopwatch, setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.metrics import accuracy
from course_lib.models.attention import (
    MultiHeadAttention,
    Rotary,
    causal_mask,
    padding_mask,
    record_attention,
    scaled_dot_product_attention,
    sinusoidal_positions,
)
from course_lib.models.recurrent import LSTM
from course_lib.practice import check, hint, yours
from course_lib.report import measured
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · Queries, keys and values
#
# *The cat sat on the mat.* In lesson 05 the queries came from the decoder and the keys from the encoder. In **self-attention** both come from the
# same sentence. Each word plays three roles: it searches, it can be found, and it has something to pass on. So each word gets three
# vectors, made from its embedding $x$ by three matrices:
#
# $$q = x W_Q, \qquad k = x W_K, \qquad v = x W_V$$
#
# The **query** says what a word searches for, the **key** what it can be found by, and the **value** what it passes on.

# %%
drawings.self_attention()

# %% [markdown]
# Here is an example small enough for paper. Each embedding has four features, one each for *determiner*, *noun*, *verb* and *preposition*, and we write the matrices by
# hand. $W_K$ and $W_V$ are identity matrices, so a word's key is its part of speech. $W_Q$ says what each part of speech searches for: nouns search for determiners, and
# everything else searches for nouns. The factor 3 makes the softmax sharper.

# %%
words = ["The", "cat", "sat", "on", "the", "mat"]
parts_of_speech = [0, 1, 2, 3, 0, 1]  # determiner, noun, verb, preposition
X = F.one_hot(torch.tensor(parts_of_speech), 4).float()  # (time, d_model)

W_Q = 3 * torch.tensor(
    [[0.0, 1, 0, 0], [1.0, 0, 0, 0], [0.0, 1, 0, 0], [0.0, 1, 0, 0]]
)  # row: own part of speech; column: the one searched for
W_K = W_V = torch.eye(4)

Q, K, V = X @ W_Q, X @ W_K, X @ W_V  # each (time, 4)
S = Q @ K.T  # (time, time): one row of scores per query
print(f"{'':5}", *(f"{word:>4}" for word in words))
for word, row in zip(words, S.tolist(), strict=True):
    print(f"{word:5}", *(f"{score:4.0f}" for score in row))

# %% [markdown]
# The softmax turns each row of scores into weights, and the outputs are weighted means of the values: $A = \operatorname{softmax}(S)$ and $Y = A V$. That is all of self-attention.
#
# > **Predict.** Which words does *sat* attend to? Which rows of the whole map will be equal, number for number?

# %%
A = S.softmax(dim=-1)  # (time, time)
Y = A @ V  # (time, 4)
_ = plots.attention_heatmap(A, words, words, title="Words attend to a part of speech, wherever it is")

# %% [markdown]
# The four rows of the words that search for nouns are equal, and so are the two rows of the nouns. *The* and *the* have the same row, although one belongs to the cat and
# the other to the mat. For *sat*, the cat and the mat weigh the same. A word knows **what** the others are, but not **where** they are; section 6 returns to this.
#
# Step through the words with the slider:


# %% tags=["nbval-ignore-output"]
def draw_word(number, A=A):  # keeps these weights when a later cell assigns A again
    return plots.attention_bars(
        A[number - 1],
        words,
        title=f"Attention weights of word {number}, “{words[number - 1]}”",
        query=words[number - 1],
    )


SliderFigure(
    draw_word,
    values=[1, 2, 3, 4, 5, 6],
    start=3,
    label="query",
    alt="The attention weights of one word of The cat sat on the mat over all six words, as bars.",
)

# %% [markdown]
# ## 2 · Scaled dot-product attention
#
# In real networks the features are not 0 and 1 but numbers around zero, and there are many of them. A dot product is a sum of $d_k$ products. If the components of queries and
# keys are independent with mean 0 and variance 1, each product has variance 1, and the variances add up:
#
# $$\operatorname{Var}(q^\top k) = d_k, \qquad \text{so a typical score is } \pm\sqrt{d_k}$$

# %%
_ = torch.manual_seed(0)
for d_k in (4, 64, 1024):
    q, k = torch.randn(10_000, d_k), torch.randn(10_000, d_k)
    std = (q * k).sum(dim=1).std().item()
    measured(
        f"d_k = {d_k}: standard deviation of q·k, divided by √d_k", std / math.sqrt(d_k), between=(0.95, 1.05)
    )

# %% [markdown]
# > **Predict.** With $d_k = 1024$ the scores of twenty keys have a standard deviation of about 32. What does the softmax make of them? How much gradient comes back through it?


# %%
def saturation(d_k, scale, n=400, n_keys=20):
    """Mean of the largest weight, and of the gradient that passes the softmax there (1 = the most that can pass)."""
    generator = torch.Generator().manual_seed(1)
    q, k = torch.randn(n, 1, d_k, generator=generator), torch.randn(n, n_keys, d_k, generator=generator)
    A = (q @ k.transpose(1, 2) * scale).softmax(dim=-1)[:, 0]  # (n, n_keys)
    # dA_i/dS_i = A_i (1 − A_i), at most 1/4: how much the best key's own score can still change its weight.
    largest = A.max(dim=-1).values
    return largest.mean().item(), (4 * largest * (1 - largest)).mean().item()


sizes = [4, 16, 64, 256, 1024]
passed = {
    "unscaled scores": {d_k: saturation(d_k, 1.0)[1] for d_k in sizes},
    "scores / √d_k": {d_k: saturation(d_k, 1 / math.sqrt(d_k))[1] for d_k in sizes},
}
_ = plots.by_size(
    passed,
    title="Without scaling, the softmax passes less and less gradient",
    xlabel="features of a key, d_k",
    ylabel="gradient at the largest weight\n(1 = the most a softmax passes)",
    ylim=(0, 1),
)

# %%
measured(
    "unscaled, d_k = 1024: the largest of 20 weights, on average", saturation(1024, 1.0)[0], at_least=0.9
)
measured(
    "scaled, d_k = 1024: the largest of 20 weights, on average", saturation(1024, 1024**-0.5)[0], at_most=0.35
)
measured(
    "gradient at d_k = 1024, scaled over unscaled",
    passed["scores / √d_k"][1024] / passed["unscaled scores"][1024],
    at_least=2,
)

# %% [markdown]
# Up to $d_k = 16$ the unscaled scores pass more gradient, because a very flat softmax passes little as well. What counts is the trend. In a large unscaled layer one key wins before
# anything is learned, chance decides which, and little gradient is left to change that. Divided by $\sqrt{d_k}$, such scores have a standard deviation of 1 at any size.
# This is **scaled dot-product attention** (Vaswani et al. 2017, equation 1):
#
# $$\operatorname{Attention}(Q, K, V) = \operatorname{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}}\right) V$$
#
# ### Exercise 1 · Scaled dot-product attention (core, 8 minutes)
#
# Write `scaled_attention(Q, K, V)` with `Q (…, target_len, d_k)`, `K (…, source_len, d_k)` and `V (…, source_len, d_v)`. Return the outputs, `(…, target_len, d_v)`. The dots
# stand for any dimensions in front, such as a batch: treat each example by itself. `tensor.transpose(-2, -1)` swaps the last two dimensions.


# %% tags=["exercise"]
def scaled_attention(Q, K, V):
    """Q (…, target_len, d_k), K (…, source_len, d_k), V (…, source_len, d_v) → (…, target_len, d_v)."""
    ### BEGIN SOLUTION
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])  # (…, target_len, source_len)
    return scores.softmax(dim=-1) @ V
    ### END SOLUTION


# %% tags=["check"]
check("06.scaled_attention", scaled_attention)

# %% tags=["hint"]
hint("06.scaled_attention")

# %% [markdown] tags=["solution"]
# Counting dimensions from the end, −1 and −2, makes the same three operations work with and without a batch. `K.T` would reverse *all* dimensions, and `softmax(dim=1)` would mean
# the queries once there is a batch in front.

# %% [markdown]
# Compare your function with a plain loop over the queries, and with PyTorch's own:

# %%
_ = torch.manual_seed(0)
Q, K, V = torch.randn(6, 8), torch.randn(6, 8), torch.randn(6, 8)
rows = []
for q in Q:
    scores = torch.stack([q @ k / math.sqrt(8) for k in K])  # (source_len,)
    rows.append(sum(weight * v for weight, v in zip(scores.softmax(dim=0), V, strict=True)))
by_loop = torch.stack(rows)  # (target_len, d_v)
measured(
    "your function, largest difference from the loop",
    (yours("06.scaled_attention")(Q, K, V) - by_loop).abs().max(),
    at_most=1e-5,
)
measured(
    "PyTorch's, largest difference from the loop",
    (F.scaled_dot_product_attention(Q[None], K[None], V[None])[0] - by_loop).abs().max(),
    at_most=1e-5,
)

# %% [markdown]
# ## 3 · Masks
#
# A word must not attend to everything. Short sentences in a batch are filled up with **padding**, which carries no information. And a model that learns to predict the *next* word
# must not see that word: each token attends to itself and to earlier ones, never ahead. In both cases a **mask** of booleans says what is allowed: True means *may attend*. Where
# it is False, the score becomes $-\infty$ before the softmax. Then the weight is exactly 0, and the others still sum to 1.
#
# ### Exercise 2 · The causal mask (warm-up, 4 minutes)
#
# Write `my_causal_mask(time)`: a boolean tensor of shape `(time, time)`, True in row $t$, column $s$ where token $t$ may attend to token $s$.


# %% tags=["exercise"]
def my_causal_mask(time):
    """→ (time, time) booleans, True = may attend."""
    ### BEGIN SOLUTION
    return torch.ones(time, time, dtype=torch.bool).tril()
    ### END SOLUTION


# %% tags=["check"]
check("06.causal_mask", my_causal_mask)

# %% tags=["hint"]
hint("06.causal_mask")

# %% [markdown] tags=["solution"]
# The rows are queries and the columns are keys, so "not ahead" means column ≤ row: the lower triangle. The diagonal belongs to it, or the first token would have nothing to attend to.

# %% [markdown]
# Your mask at work, combined with one for padding:

# %%
padded = [*words[:4], "<pad>", "<pad>"]
X_padded = X.clone()
X_padded[4:] = 0.0  # padding has no features
real = padding_mask(torch.tensor([4]), time=6)  # (1, time)
mask = yours("06.causal_mask")(6) & real  # (time, time): both at once
_, A = scaled_dot_product_attention(X_padded @ W_Q, X_padded, X_padded, mask)
_ = plots.attention_heatmap(A, padded, padded, title="No weight on the future or on padding", mask=mask)

# %% [markdown]
# The weights are flatter than in section 1, because the scores are now divided by $\sqrt 4$. A grey cell with a × is masked, which is not the same as a small weight. The
# rows of the padding have weights too, but their outputs are never used.
#
# Masked positions contribute nothing. To test that, overwrite them with large numbers. The outputs before them must not change:

# %%
before, _ = scaled_dot_product_attention(X_padded @ W_Q, X_padded, X_padded, mask)
for what, first_changed in (("padding", 4), ("everything after “cat”", 2)):
    changed = X_padded.clone()
    changed[first_changed:] = 100.0
    after, _ = scaled_dot_product_attention(changed @ W_Q, changed, changed, mask)
    measured(
        f"{what} overwritten: change of the outputs before it",
        (before - after)[:first_changed].abs().max(),
        at_most=0,
    )

# %% [markdown]
# Watch the polarity. In `F.scaled_dot_product_attention` and in this course, True means *may attend*; in `nn.MultiheadAttention`, True means *masked* (pytorch/pytorch#170415). An
# inverted mask raises no error. The code of a well-known book once passed `triu` to the former, so that tokens attended to the future (rasbt/LLMs-from-scratch#1061). The
# measurement above finds such a bug.
#
# ## 4 · Multi-head attention
#
# One softmax gives each word one weighted mean. But *sat* may need to know who sat **and** where. So let several **heads** attend in parallel, each with its own $W_Q$, $W_K$, $W_V$ and a smaller $d_k$. Join their outputs
# and mix them with one more matrix:
#
# $$\text{head}_h = \operatorname{Attention}(X W_Q^h,\, X W_K^h,\, X W_V^h), \qquad Y = [\text{head}_1; \dots; \text{head}_H]\, W_O$$

# %%
drawings.multi_head()

# %% [markdown]
# With $d_{\text{head}} = d_{\text{model}} / H$, several heads cost no more multiplications than one large head; only the number of maps grows. The heads' matrices are stacked, so that
# a single product gives the queries of all heads, another all keys, another all values. Then each is split into heads. (The paper counts heads from 1, code from 0.)
#
# ### Exercise 3 · Split into heads (warm-up, 6 minutes)
#
# Write `split_heads(x, n_heads)`: `x (batch, time, d_model)` → `(batch, n_heads, time, d_head)`. Head 0 gets the first `d_head` features of every token, head 1 the next `d_head`, and so on.
# Exercise 4 builds on it, so gradients must flow through it.


# %% tags=["exercise"]
def split_heads(x, n_heads):
    """x (batch, time, d_model) → (batch, n_heads, time, d_head)."""
    ### BEGIN SOLUTION
    batch, time, d_model = x.shape
    return x.reshape(batch, time, n_heads, d_model // n_heads).transpose(1, 2)
    ### END SOLUTION


# %% tags=["check"]
check("06.split_heads", split_heads)

# %% tags=["hint"]
hint("06.split_heads")

# %% [markdown] tags=["solution"]
# `reshape` keeps the order of the numbers in memory, where the features of one token are neighbours. Splitting the last dimension respects that order. Only the transpose then moves the heads in front of
# the time.

# %% [markdown]
# ### Spot the bug
#
# Here is real code, shortened. It splits into heads with a single `reshape` and joins them with another. The shapes are right, and there is no error.
#
# > **Predict.** What does each "head" contain? If token 0 changes, which outputs change: with the correct split, and with theirs?


# %%
def their_attention(x, n_heads):
    batch, time, d_model = x.shape
    heads = x.reshape(batch, n_heads, time, d_model // n_heads)
    return yours("06.scaled_attention")(heads, heads, heads).reshape(batch, time, d_model)


def repaired_attention(x, n_heads):
    heads = yours("06.split_heads")(x, n_heads)  # (batch, heads, time, d_head)
    y = yours("06.scaled_attention")(heads, heads, heads)
    return y.transpose(1, 2).flatten(2)  # (batch, time, d_model)


x = torch.randn(1, 6, 8, generator=torch.Generator().manual_seed(0))
other = x.clone()
other[:, 0] = 0.0  # a different first token
for name, attend in (("theirs", their_attention), ("repaired", repaired_attention)):
    moved = (attend(x, 2) - attend(other, 2)).abs().amax(dim=-1)[0] > 1e-6  # (time,)
    print(
        f"{name:8}: shape {tuple(attend(x, 2).shape)}; token 0 changes the outputs {moved.nonzero().flatten().tolist()}"
    )

# %% [markdown]
# `reshape` fills its rows with the numbers as they lie in memory. So their first "head" holds *all* features of the first half of the sentence, and every token is cut into two rows. The second half of the sentence
# is in the other "head", and the two never meet. The bug was in [reczoo/FuxiCTR#30](https://github.com/reczoo/FuxiCTR/issues/30). A test of shapes cannot find it. Two other tests do: change one token and see
# which outputs change, as above, or compare numbers with `torch.nn.MultiheadAttention`, as you do next.
#
# ### Exercise 4 · Multi-head attention (build, 30 minutes)
#
# Write `multi_head(x, weights, n_heads, mask)` for self-attention, so that it runs on the weights of `torch.nn.MultiheadAttention`:
#
# * `x` is `(batch, time, d_model)`, and so is the result;
# * `weights` is a dictionary: `"in_proj_weight"` `(3 · d_model, d_model)` holds $W_Q$, $W_K$, $W_V$ on top of each other, each stored transposed as in `nn.Linear`; `"in_proj_bias"` `(3 · d_model,)`; `"out_proj.weight"` `(d_model, d_model)`; `"out_proj.bias"` `(d_model,)`;
# * `mask` is None, or booleans of shape `(batch or 1, time, time)`, True = may attend, the same for all heads. Every row has at least one True.
#
# Use matrix products, your functions and `masked_fill`, or any function of PyTorch. Section 5 trains what you write.


# %% tags=["exercise"]
def multi_head(x, weights, n_heads, mask):
    """x (batch, time, d_model), a dictionary of four weights, mask None or (batch or 1, time, time) → like x."""
    ### BEGIN SOLUTION
    joined = x @ weights["in_proj_weight"].T + weights["in_proj_bias"]  # (batch, time, 3 * d_model)
    Q, K, V = (
        split_heads(part, n_heads) for part in joined.chunk(3, dim=-1)
    )  # each (batch, heads, time, d_head)
    scores = Q @ K.transpose(-2, -1) / math.sqrt(Q.shape[-1])  # (batch, heads, time, time)
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None], -math.inf)  # the same mask for every head
    heads = scores.softmax(dim=-1) @ V  # (batch, heads, time, d_head)
    y = heads.transpose(1, 2).flatten(2)  # (batch, time, d_model)
    return y @ weights["out_proj.weight"].T + weights["out_proj.bias"]
    ### END SOLUTION


# %% tags=["check"]
check("06.multi_head", multi_head)

# %% tags=["hint"]
hint("06.multi_head")

# %% [markdown] tags=["solution"]
# Joining is splitting backwards: first exchange heads and time again, then flatten. The mask needs an axis of length 1 for the heads; without it, a batch as large as the number of heads
# would run and silently apply the mask of row $b$ to head $b$.

# %% [markdown]
# A module around your function, with parameters named as PyTorch names them, takes the weights of `nn.MultiheadAttention` as they are:


# %%
class MyMultiHead(nn.Module):
    """Your multi-head attention with the parameters of torch.nn.MultiheadAttention."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.in_proj_weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(3 * d_model, d_model)))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * d_model))
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(self, x, mask=None):
        return yours("06.multi_head")(x, dict(self.named_parameters()), self.n_heads, mask)


_ = torch.manual_seed(0)
theirs, mine, library = (
    nn.MultiheadAttention(8, 2, batch_first=True),
    MyMultiHead(8, 2),
    MultiHeadAttention(8, 2),
)
for layer in (mine, library):
    _ = layer.load_state_dict(theirs.state_dict())
x, causal = torch.randn(3, 6, 8), causal_mask(6)  # (batch, time, d_model), (time, time)
with torch.no_grad():
    reference, _ = theirs(x, x, x, attn_mask=~causal)  # their True means masked
    measured(
        "yours, largest difference from torch.nn.MultiheadAttention",
        (mine(x, causal[None]) - reference).abs().max(),
        at_most=1e-5,
    )
    measured(
        "the library's, largest difference from it",
        (library(x, causal=True) - reference).abs().max(),
        at_most=1e-5,
    )

# %% [markdown]
# ## 5 · What a head learns
#
# Now a task whose correct attention is known. A list of twelve pairs, each a name and a digit, is followed by a question: *b3 a7 d1 … a?* The answer is 7. Each pair is one token, whose embedding is the sum of a
# name's and a digit's; the question is the last token. So the query should ask for *a*, the key of the right pair should say *a*, and its value should pass on *7*.
#
# For comparison, train an LSTM of the same width. It reads the question last, so it has to keep all pairs in its state until then.
#
# > **Predict.** Both train for 600 steps. How many questions in ten does each of them answer correctly?


# %% tags=["nbval-ignore-output"]
class LookUp(nn.Module):
    """A list of pairs (name, digit) and a question for one or several names → their digits."""

    def __init__(self, mixer, n_asked=1, d_model=48):
        super().__init__()
        self.name, self.digit = nn.Embedding(26, d_model), nn.Embedding(10, d_model)
        self.asked = nn.ModuleList(
            nn.Embedding(26, d_model) for _ in range(n_asked)
        )  # first, second, … name asked for
        self.mixer, self.head = mixer, nn.Linear(d_model, n_asked * 10)

    def tokens(self, batch):
        pairs = self.name(batch.names) + self.digit(batch.contents)  # (batch, n_pairs, d_model)
        question = sum(table(batch.asked[:, n]) for n, table in enumerate(self.asked))  # (batch, d_model)
        return torch.cat([pairs, question[:, None]], dim=1)  # (batch, n_pairs + 1, d_model)

    def forward(self, batch):
        y = self.mixer(self.tokens(batch))
        y = y[0] if isinstance(y, tuple) else y  # an LSTM returns its state as well
        return self.head(y[:, -1]).unflatten(1, (-1, 10))  # only the question answers: (batch, n_asked, 10)


# %% tags=["nbval-ignore-output"]
def lookups(n_asked, n_pairs=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield memory.lookup(64, n_pairs, n_asked, generator=generator)


def lookup_loss(model, batch):
    return F.cross_entropy(model(batch).flatten(0, 1), batch.target.flatten())


def test_lists(n_asked, n_pairs=12):
    lists = memory.lookup(1000, n_pairs, n_asked, generator=torch.Generator().manual_seed(1_000_000))
    return memory.Lookup(*(part.to(device) for part in lists))


def train_lookup(mixer, n_asked=1, steps=600, seed=0, lr=5e-3):
    """A trained model, and how often it answers all names of a question correctly on 1,000 new lists."""
    _ = torch.manual_seed(seed)
    model = LookUp(mixer(), n_asked).to(device)
    _ = fit(model, lookups(n_asked, seed=seed), lookup_loss, steps=steps, lr=lr, warm_up=40, progress=False)
    lists = test_lists(n_asked)
    with torch.no_grad():
        right = (model(lists).argmax(dim=-1) == lists.target).all(dim=1)  # (1000,)
    return model, right.float().mean().item()


reader, by_attention = train_lookup(lambda: MyMultiHead(48, 1))
_, by_lstm = train_lookup(lambda: LSTM(48, 48), lr=0.03)  # its best of seven rates from 0.001 to 0.05


def attention_maps(model, lists):
    """The weights (batch, heads, time, time) of a trained model: the library's layer takes them over and records its maps."""
    layer = MultiHeadAttention(48, model.mixer.n_heads).to(device)
    _ = layer.load_state_dict(model.mixer.state_dict())
    with torch.no_grad(), record_attention(layer) as maps:
        layer(model.tokens(lists))
    (recorded,) = maps.values()  # one layer, one entry
    return recorded


# %%
lists = test_lists(1)
weights = attention_maps(reader, lists)[:, 0, -1].cpu()  # (1000, time): the question's row
measured("one head: accuracy on 1,000 new lists", by_attention, at_least=0.98)
measured("LSTM of the same width, after as many steps: accuracy", by_lstm, at_most=0.60)
measured(
    "questions whose largest weight is on the right pair",
    accuracy(weights.argmax(dim=-1), lists.place[:, 0].cpu()),
    at_least=0.98,
)

# %%
letters = [chr(97 + i) for i in range(26)]


def written(lists, row):
    """The tokens of one list as text: b3, a7, …, and the question a?"""
    pairs = [
        f"{letters[name]}{digit}"
        for name, digit in zip(lists.names[row].tolist(), lists.contents[row].tolist(), strict=True)
    ]
    return [*pairs, "".join(letters[name] for name in lists.asked[row].tolist()) + "?"]


tokens = written(lists, 0)
_ = plots.attention_bars(
    weights[0],
    tokens,
    title="The question attends to the pair with its own name",
    query=tokens[-1],
    gold=[int(lists.place[0, 0])],
    gold_label="the right pair",
)

# %% [markdown]
# The LSTM can learn more of the task: it had 48 units and only 600 steps. But it has to keep twelve pairs apart in one state, while attention leaves them where they are: the path between any two tokens is one step long.
#
# Nobody told the head to compare names. To see what it learned, compute the weights of all 26 questions (*a?*, *b?*, …) over all 26 names:

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    W_q, W_k, _ = reader.mixer.in_proj_weight.chunk(3)  # each (d_model, d_model)
    b_q, b_k, _ = reader.mixer.in_proj_bias.chunk(3)
    asking = reader.asked[0].weight @ W_q.T + b_q  # (26, d_model)
    found = (
        reader.name.weight + reader.digit.weight.mean(dim=0)
    ) @ W_k.T + b_k  # (26, d_model), with an average digit
    name_scores = (asking @ found.T / math.sqrt(48)).cpu()  # (26, 26)
_, ax = plt.subplots(figsize=(6.2, 5.2), layout="compressed")
_ = plots.attention_heatmap(
    name_scores.softmax(dim=-1),
    letters,
    letters,
    title="Learned from answers alone: attend to the same name",
    ax=ax,
)

# %%
measured(
    "names whose best match is the same name, of 26",
    (name_scores.argmax(dim=-1) == torch.arange(26)).sum(),
    at_least=25,
)

# %% [markdown]
# The dark diagonal means that each question attends to its own name. The head learned this from correct answers alone. Try a list of your own:


# %% tags=["nbval-ignore-output"]
def draw_lookup(text):
    pairs = text.lower().split()
    good = [len(pair) == 2 and pair[0] in letters and (pair[1].isdigit() or pair[1] == "?") for pair in pairs]
    if len(pairs) < 2 or not all(good) or pairs[-1][1] != "?" or "?" in "".join(pairs[:-1]):
        raise ValueError("Write pairs like b3 a7 d1, and a question like a? at the end, with spaces between.")
    names = torch.tensor([[ord(pair[0]) - 97 for pair in pairs]], device=device)  # (1, time)
    digits = torch.tensor([[int(pair[1]) for pair in pairs[:-1]]], device=device)  # (1, time − 1)
    typed = memory.Lookup(names[:, :-1], digits, names[:, -1:], None, None)
    with torch.no_grad():
        probabilities = reader(typed).softmax(dim=-1).flatten()  # (10,)
    row = attention_maps(reader, typed)[0, 0, -1].cpu()  # (time,)
    answer = f"{pairs[-1]} → {probabilities.argmax()} (probability {probabilities.max():.2f})"
    return plots.attention_bars(row, pairs, title=answer, query=pairs[-1])


TypedFigure(
    draw_lookup,
    start="b3 a7 d1 k0 a?",
    label="pairs and a question",
    alt="Attention weights of the question over the typed pairs, as bars.",
)

# %% [markdown]
# Ask for a name that is not in your list. The weights still sum to 1, so they have to go somewhere. Is the model any less certain of its answer? Measure it on 1,000 such lists:

# %%
absent = torch.rand(1000, 26, generator=torch.Generator().manual_seed(0)).to(device)
absent = absent.scatter(1, lists.names, 2.0).argmin(dim=1, keepdim=True)  # (1000, 1): a name not in the list
for what, asked in (("in the list", lists.asked), ("not in the list", absent)):
    with torch.no_grad():
        logits = reader(lists._replace(asked=asked))[:, 0]  # (1000, 10)
    certain = logits.softmax(dim=-1).max(dim=-1).values.mean()
    measured(f"name {what}: mean probability of the answer given", certain, at_least=0.7)

# %% [markdown]
# It answers almost as confidently, although no answer is right. Attention always returns some mean of the values, and this model was never trained to say *I don't know*.
#
# ### When one head is not enough
#
# You often hear that more heads mean more capacity. At a fixed width $d_{\text{model}}$ the number of parameters stays the same. What more heads add is more *weighted means*. So ask for **two** names at once, in
# order: *da?* wants the digit of *d* first, then that of *a*.
#
# > **Predict.** One head of 48 features, or two heads of 24: can one head answer both names?


# %% tags=["nbval-ignore-output"]
def ask(n_asked, n_heads, seed=0):
    """Accuracy, all names of a question correct, with this many heads in the same width; and the model."""
    model, right = train_lookup(lambda: MyMultiHead(48, n_heads), n_asked, steps=800, seed=seed)
    return right, model


one_head, single = ask(n_asked=2, n_heads=1)
two_heads, model = ask(n_asked=2, n_heads=2)

# %%
measured("two names, one head: both digits correct", one_head, at_most=0.40)
measured("two names, two heads: both digits correct", two_heads, at_least=0.95)
lists = test_lists(2)
with torch.no_grad():
    each_name = (
        (single(lists).argmax(dim=-1) == lists.target).double().mean(dim=0).tolist()
    )  # for the first and the second name
measured("one head, the name that it answers better", max(each_name), at_least=0.9)
measured("one head, the other name (guessing: 0.10)", min(each_name), at_most=0.3)

# %%
maps = attention_maps(model, lists)[0, :, -1].cpu()  # (heads, time): the question's rows
tokens = written(lists, 0)
figure, axes = plt.subplots(2, 1, figsize=(7, 4.6))
for head, ax in enumerate(axes):
    best = int(maps[head].argmax())
    _ = plots.attention_bars(
        maps[head],
        tokens,
        title=f"Head {head}: “{tokens[-1]}” attends to {tokens[best]}",
        query=tokens[-1],
        gold=lists.place[0].tolist(),
        gold_label="pairs asked for",
        ax=ax,
    )

# %% [markdown]
# Each head finds one of the names. The single head answers one name and guesses the other. (Two other seeds give the same numbers to within 0.01.) Could it not give one pair a weight of 0.7 and the other 0.3? Then the stronger digit could
# answer the first name. But the second answer has to be the *weaker* digit, and the layer that reads the answer is linear: whatever favours a digit that is present favours the stronger one more.
#
# What does the bug of section 4 do in training? Train the faulty split on a single name.
#
# > **Predict.** Will the loss fall? Which lists can this model answer?


# %% tags=["nbval-ignore-output"]
class Faulty(MyMultiHead):
    """The same layer with the single reshape from “Spot the bug”."""

    def forward(self, x):
        Q, K, V = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(
            3, dim=-1
        )  # each (batch, time, d_model)
        heads = (part.reshape(len(x), self.n_heads, x.shape[1], -1) for part in (Q, K, V))
        return self.out_proj(scaled_dot_product_attention(*heads)[0].reshape(x.shape))


lists = test_lists(1)
with torch.no_grad():
    loss_before = lookup_loss(LookUp(Faulty(48, 2)).to(device), lists).item()
faulty, _ = train_lookup(lambda: Faulty(48, 2))
with torch.no_grad():
    loss_after = lookup_loss(faulty, lists).item()
    answered = faulty(lists).argmax(dim=-1)[:, 0] == lists.target[:, 0]  # (1000,)

# %%
measured("faulty split: loss before training", loss_before, at_least=2.0)
measured("faulty split: loss after training", loss_after, at_most=1.6)
measured(
    "accuracy, the pair asked for is among the first six",
    answered[lists.place[:, 0] < 6].double().mean(),
    at_most=0.3,
)
measured("accuracy, it is among the last six", answered[lists.place[:, 0] >= 6].double().mean(), at_least=0.8)

# %% [markdown]
# The loss falls, and the model answers about half of the questions. The question is in the second half of the row, so it never meets the pairs of the first half. If you saw only the loss, you might try a smaller learning rate.
#
# ### Exercise 5 · How many heads for three names? (core, 10 minutes, experiment)
#
# Now a question asks for **three** names. *Predict* the accuracy of 1, 2, 3 and 4 heads. Then run `ask(n_asked=3, n_heads=h)[0]` for each, in a cell of your own; one run takes a few seconds. Set `heads_for_three` to the smallest number of
# heads whose accuracy is at least 0.95.

# %% tags=["exercise"]
heads_for_three = ...
### BEGIN SOLUTION
heads_for_three = 3
### END SOLUTION

# %% tags=["check"]
check("06.heads_for_three", heads_for_three)

# %% tags=["hint"]
hint("06.heads_for_three")

# %% [markdown] tags=["solution"]
# One head answers one name and guesses two, so it is right about once in a hundred times; two heads, about once in ten. Three heads find all three names, and the fourth adds nothing. The number of parameters is the same in all four. In a large model nobody knows
# beforehand how many relations are needed at once, so the number of heads is a hyperparameter.

# %% tags=["nbval-ignore-output"]
three_names, _ = ask(n_asked=3, n_heads=yours("06.heads_for_three"))
one_fewer, _ = ask(n_asked=3, n_heads=yours("06.heads_for_three") - 1)

# %%
measured("three names, your number of heads: all digits correct", three_names, at_least=0.95)
measured("three names, one head fewer: all digits correct", one_fewer, at_most=0.40)

# %% [markdown]
# ## 6 · Positional encodings
#
# Section 1 left a gap: words don't know where they are. Take attention without a mask, and let $P$ be a matrix that permutes rows. The input $PX$ gives permuted queries $PQ$, keys $PK$ and values $PV$. The scores become $PQ(PK)^\top = P S P^\top$,
# permuted in both directions, and the softmax of each row with them:
#
# $$A(PX) = P\, A(X)\, P^\top, \qquad Y(PX) = P\, A(X)\, P^\top P V = P\, Y(X)$$
#
# because $P^\top P = I$. Permute the words, and the outputs are permuted in the same way: every word gets the *same vector* as before. This is **permutation equivariance**, and it makes *dog bites man* and *man bites dog* the same to every word.

# %%
_ = torch.manual_seed(0)
attention = MultiHeadAttention(16, 4)
x, order = torch.randn(1, 6, 16), torch.randperm(6)  # (batch, time, d_model)
with torch.no_grad():
    measured(
        "permuted words: largest difference from the permuted outputs",
        (attention(x[:, order]) - attention(x)[:, order]).abs().max(),
        at_most=1e-5,
    )

# %% [markdown]
# So the position has to be part of the input. There are three common ways.
#
# **Learned positions.** A table with one trained vector per position, added to the embedding. It has no row for positions beyond the longest sequence in training.
#
# **Sinusoids** (Vaswani et al. 2017, section 3.5). A fixed table, also added. Each pair of features works like the hand of a clock, and each clock runs slower than the one before:
#
# $$PE_{(pos,\, 2i)} = \sin\frac{pos}{10000^{2i/d}}, \qquad PE_{(pos,\, 2i+1)} = \cos\frac{pos}{10000^{2i/d}}$$
#
# ### Exercise 6 · Encode one position (core, 8 minutes)
#
# Write `sinusoid(position, d_model)` after this formula. The index $i$ counts the *pairs*, from 0 to $d/2 - 1$. Return a list of `d_model` numbers, in which the sine and cosine of each pair are neighbours.


# %% tags=["exercise"]
def sinusoid(position, d_model):
    """position: a whole number; d_model: even → a list of d_model floats."""
    ### BEGIN SOLUTION
    features = []
    for i in range(d_model // 2):
        angle = position / 10_000 ** (2 * i / d_model)
        features += [math.sin(angle), math.cos(angle)]
    return features
    ### END SOLUTION


# %% tags=["check"]
check("06.sinusoid", sinusoid)

# %% tags=["hint"]
hint("06.sinusoid")

# %% [markdown] tags=["solution"]
# Each pair shares one angle, so the loop runs over pairs and adds two numbers at a time. The first pair turns by one radian per position; the wavelengths grow towards $10000 \cdot 2\pi$.

# %% [markdown]
# Your function fills a table of 256 positions with 64 features each:

# %%
table = torch.tensor(
    [yours("06.sinusoid")(position, 64) for position in range(256)], dtype=torch.float64
)  # (time, d_model)
_ = plots.positional_encoding(
    table[:64], title="Fast clocks on the left, slow ones on the right (64 of 256 positions)"
)

# %% [markdown]
# Why clocks? To move $k$ positions on, every hand turns by a fixed angle, wherever it is. So **one matrix** leads from $PE_{pos}$ to $PE_{pos+k}$ for all positions. Put into $W_Q$, it makes a query that matches the position $k$ away: "three to my left" takes the same
# weights everywhere. Check it by fitting that matrix by least squares on 256 positions, and do the same for a random table. We need more than 64 positions: with fewer, one matrix fits *any* table of 64 features.


# %%
def misfit(table, k):
    """Root mean square error of the best single matrix from each position to the one k further on, over the table's size."""
    here, there = table[:-k], table[k:]  # (time − k, d_model)
    M = torch.linalg.lstsq(here, there, driver="gelsd").solution  # (d_model, d_model)
    return ((here @ M - there).square().mean() / there.square().mean()).sqrt().item()


random_table = torch.randn(256, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
for k in (1, 3, 20):
    measured(f"{k} positions on, sinusoids: relative error of one matrix", misfit(table, k), at_most=1e-6)
    measured(
        f"{k} positions on, random table: relative error of one matrix", misfit(random_table, k), at_least=0.5
    )

# %% [markdown]
# **Rotary positions** (Su et al. 2021) are what LLaMA uses, for example (Touvron et al. 2023, section 2.2). Nothing is added to the embeddings. Instead each pair of features $(a, b)$ of a *query* and of a *key* is rotated by an angle $m\theta$ that grows
# with its position $m$:
#
# $$(a, b) \;\to\; (a\cos m\theta - b\sin m\theta,\;\; b\cos m\theta + a\sin m\theta)$$

# %%
drawings.rotary()

# %% [markdown]
# Rotating a query and a key by the same angle does not change their dot product. So only the *difference* of their positions counts. The values are not rotated. `rotary(q, m)` rotates by the angles of position $m$:

# %%
rotary = Rotary(d_head=8)
generator = torch.Generator().manual_seed(0)
q, k = (
    torch.randn(1, 1, 1, 8, generator=generator),
    torch.randn(1, 1, 1, 8, generator=generator),
)  # (batch, heads, time, d_head)
three_apart = [(rotary(q, m) * rotary(k, n)).sum() for m, n in [(3, 0), (10, 7), (103, 100)]]
four_apart = (rotary(q, 4) * rotary(k, 0)).sum()
measured(
    "three apart, in three places: spread of the score", max(three_apart) - min(three_apart), at_most=1e-4
)
measured("four apart: difference from that score", (four_apart - three_apart[0]).abs(), at_least=0.01)

# %% [markdown]
# Now a task that needs nothing but positions: in a row of random symbols, predict at each token **which symbol came before it**.
#
# > **Predict.** Train one head with no positions, with learned ones, with sinusoids and with rotary ones. Which of the four learn the task? Without positions, is the accuracy one in twenty, as by guessing, or better?


# %% tags=["nbval-ignore-output"]
class Previous(nn.Module):
    """At each token: logits of the symbol before it."""

    def __init__(self, positions, d_model=64, time=24, n_symbols=20):
        super().__init__()
        self.embedding = nn.Embedding(n_symbols, d_model)
        self.learned = nn.Embedding(time, d_model) if positions == "learned" else None
        self.table = sinusoidal_positions(time, d_model) if positions == "sinusoids" else None
        self.attention = MultiHeadAttention(d_model, 1, rotary=positions == "rotary")
        self.head = nn.Linear(d_model, n_symbols)

    def forward(self, ids):
        x = self.embedding(ids)  # (batch, time, d_model)
        if self.learned is not None:
            x = x + self.learned.weight
        if self.table is not None:
            x = x + self.table.to(x.device)
        return self.head(self.attention(x, causal=True))  # (batch, time, n_symbols)


def random_rows(seed=0):
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randint(20, (32, 24), generator=generator)


def previous_loss(model, ids):
    logits = model(ids)[:, 1:]  # the first token has no predecessor
    return F.cross_entropy(logits.flatten(0, 1), ids[:, :-1].flatten())


ids = torch.randint(20, (1000, 24), generator=torch.Generator().manual_seed(1_000_000)).to(device)
accuracies, at_place, maps_of = {}, {}, {}
for positions in ("none", "learned", "sinusoids", "rotary"):
    _ = torch.manual_seed(0)
    previous = Previous(positions).to(device)
    _ = fit(previous, random_rows(), previous_loss, steps=400, lr=5e-3, progress=False)
    with torch.no_grad(), record_attention(previous) as maps:
        right = previous(ids)[:, 1:].argmax(dim=-1) == ids[:, :-1]  # (batch, time − 1)
    accuracies[positions], at_place[positions] = (
        right.float().mean().item(),
        right.float().mean(dim=0).tolist(),
    )
    maps_of[positions] = maps["attention"][0, 0].cpu()  # (time, time)

# %% tags=["nbval-ignore-output"]
_ = plots.attention_grid(
    torch.stack(list(maps_of.values())),
    "With positions, the head attends to the token before",
    names=[f"{name}: accuracy {value:.2f}" for name, value in accuracies.items()],
    mask=causal_mask(24),
    n_columns=4,
    scale="linear",
)

# %%
for positions in ("learned", "sinusoids", "rotary"):
    measured(f"{positions}: accuracy", accuracies[positions], at_least=0.98)
measured("no positions: accuracy (guessing: 0.05)", accuracies["none"], between=(0.06, 0.5))
measured("no positions: accuracy at the third token", at_place["none"][1], between=(0.3, 0.8))
measured("no positions: accuracy at the last token", at_place["none"][-1], at_most=0.3)
similar = F.cosine_similarity(sinusoidal_positions(24, 64)[1:], sinusoidal_positions(24, 64)[:-1])
measured("cosine of neighbouring rows of the sinusoids, on average", similar.mean(), at_least=0.9)

# %% [markdown]
# Without positions the model is still better than guessing. The causal mask shows it which symbols came *so far*, and early in a row those are few: the third token has only two before it. So a mask does reveal some order, and the proof above
# holds only without one. The band of the sinusoids is blurred, because neighbouring rows of that table point in almost the same direction.
#
# ## 7 · The cost of self-attention
#
# Self-attention has no recurrence: all tokens are processed at once, and any two of them are one step apart. In return every token attends to every other, so $T$ tokens have $T^2$ scores. An LSTM has $T$ steps instead, and each
# has to wait for the one before. Count the multiplications of one layer of width $d$ (Vaswani et al. 2017, table 1, compares the same two):
#
# | | multiplications | steps that wait for one another |
# |---|---|---|
# | self-attention | $4\,T d^2$ (projections) $+\;2\,T^2 d$ (scores, weighted sum) | 1 |
# | LSTM | $8\,T d^2$ (four gates from input and state) | $T$ |
#
# Set the two equal: at $T = 2d$ they do the same amount of arithmetic. In longer sequences attention does more, and the ratio keeps growing:

# %%
width = 64
for length in (2 * width, 256, 1024, 4096):
    by_attention, by_lstm = 4 * length * width**2 + 2 * length**2 * width, 8 * length * width**2
    print(
        f"{length:5,} tokens: {by_attention:13,} multiplications by attention, {by_lstm:11,} by the LSTM: {by_attention / by_lstm:4.1f} times as many"
    )

# %% [markdown]
# Time is another matter, because arithmetic that runs in parallel takes less of it. Both layers below call PyTorch's compiled kernels, so neither pays for a Python loop. One more rule for fair timings: a GPU accepts its
# work and lets Python go on, so a clock read too early has timed only the launch. `Stopwatch` waits until the device has finished; on a CPU it counts CPU seconds.
#
# > **Predict.** Four times as many tokens: how many times as long does each of the two take?


# %% tags=["nbval-ignore-output"]
def milliseconds(layer, length, repeats=5):
    """The fastest of a few forward passes over one sequence."""
    x = torch.randn(1, length, width, device=device)  # (batch, time, features)
    seconds = []
    with torch.no_grad():
        for _ in range(repeats):
            with Stopwatch(device) as watch:
                layer(x)
            seconds.append(watch.seconds)
    return 1000 * min(seconds)


layers = {"self-attention": MultiHeadAttention(width, 4).to(device), "LSTM": LSTM(width, width).to(device)}
# Short sequences leave a large GPU idle: there, sixteen times as many tokens show how the work grows.
lengths = [length * (16 if device.type == "cuda" else 1) for length in (128, 256, 512, 1024, 2048, 4096)]
took = {name: {length: milliseconds(layer, length) for length in lengths} for name, layer in layers.items()}
for length in lengths:
    print(
        f"{length:6,} tokens: " + ", ".join(f"{name} {times[length]:7.2f} ms" for name, times in took.items())
    )
_ = plots.by_size(
    took,
    title="Attention’s time grows quadratically, the LSTM’s linearly",
    xlabel="tokens",
    ylabel="milliseconds for one sequence",
    log_y=True,
)

# %%
few, many = lengths[-3], lengths[-1]
measured(
    "self-attention, four times as many tokens, times as long",
    took["self-attention"][many] / took["self-attention"][few],
    at_least=8,
)
measured("LSTM, four times as many tokens, times as long", took["LSTM"][many] / took["LSTM"][few], at_most=6)

# %% [markdown]
# Once the quadratic term dominates, four times as many tokens take almost sixteen times as long; the LSTM takes about four times as long.
#
# So which one is faster? It depends on the machine: look at your own numbers. A single CPU core can't use much of the parallelism, so the amount of arithmetic decides, and on the core that made this page the LSTM wins from 512 tokens on. A GPU does
# thousands of operations at once. Attention gives it a few large products, while the LSTM makes it wait through $T$ dependent steps. So the case for attention is not that it does less work. Its work runs in parallel over the whole sequence, above all in training, and
# any two tokens are one step apart instead of up to $T$. Memory grows as well: $T^2$ scores for each head have to be stored, unless a fused kernel computes them block by block and never stores them all, as `F.scaled_dot_product_attention` can (Dao et al. 2022).
#
# ## Recap
#
# | | formula | cost | when to use it |
# |---|---|---|---|
# | query, key, value | $XW_Q,\; XW_K,\; XW_V$ | three products | every token searches, can be found, and passes something on |
# | scaled dot-product attention | $\operatorname{softmax}(QK^\top/\sqrt{d_k})\,V$ | $2\,T^2 d$ multiplications | always divide by $\sqrt{d_k}$ |
# | mask | score $-\infty$ where False | none | padding; the future, when predicting the next token |
# | heads | split the features, attend, join, $W_O$ | that of one large head, but $H$ maps | when a token needs several weighted means |
# | learned, sinusoids, rotary | add a trained row, add waves, rotate $q$ and $k$ | small | whenever order matters: attention without a mask ignores it |
#
# **What is not true.** *"Attention understands the sentence."* It averages vectors; what they mean was learned elsewhere. *"Self-attention sees the order of the words."* Only once
# positions are encoded. *"Attention is cheaper than an RNN."* Beyond $2d$ tokens it does more arithmetic than an LSTM; what it saves is waiting. *"More heads mean more capacity."* At a fixed width the number of parameters stays the same; you get more weighted means, and a task may need them.
#
# **Still open.** One layer attends once. To process what it found and attend again, you have to stack layers. What keeps a deep stack trainable? → `07_transformer.ipynb`
#
# ## References
#
# * A. Vaswani et al. 2017, *Attention is all you need*, sections 3.2 (attention, heads, masks), 3.5 (positions), 4 (cost, path length).
# * J. Su et al. 2021, *RoFormer: enhanced Transformer with rotary position embedding*, section 3.2.
# * D. Bahdanau, K. Cho, Y. Bengio 2015; T. Luong et al. 2015: attention between two sequences (lesson 05).
# * H. Touvron et al. 2023, *LLaMA: open and efficient foundation language models*.
# * T. Dao et al. 2022, *FlashAttention*: the same result without ever storing $T^2$ scores.
# * reczoo/FuxiCTR#30, rasbt/LLMs-from-scratch#1061: the bugs of sections 4 and 3.
