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
# # 06 · Self-attention: a sentence that looks at itself
#
# **If every word may look at every other word, why read one after the other at all?** Lesson 05's decoder looked at the source through attention, but an LSTM still had
# to read both sides, step by step. Take the LSTM away. What is left is this lesson; what is missing then, you will have to find out.
#
# You will be able to:
#
# * **write** scaled dot-product attention from memory, and say why its scores are divided by $\sqrt{d_k}$,
# * **build** masks that hide padding and the future,
# * **cut** features into heads and join them again,
# * **prove** that attention does not know the order of words, and give it one, and
# * **read** what a trained head has learned.
#
# Time: 90 minutes; the cells run for about a minute on one idle CPU core. It builds on lesson 05: scores, softmax, weighted mean, attention maps.

# %% tags=["setup", "nbval-ignore-output"]
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import plots
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
from course_lib.practice import check, hint
from course_lib.report import measured
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · Three roles for every word
#
# *The cat sat on the mat.* In lesson 05 the queries came from the decoder and the keys from the encoder. Now both come from the **same** sentence: every word asks, every word
# can be found, and every word has something to hand over. Three roles, so three vectors for each word, made from its embedding $x$ by three matrices:
#
# $$q = x W_Q \;\text{ (what I look for)}, \qquad k = x W_K \;\text{ (what I can be found by)}, \qquad v = x W_V \;\text{ (what I hand over)}$$
#
# On paper, with embeddings of four features: *is it a determiner, a noun, a verb, a preposition?* We write the matrices by hand. $W_K$ and $W_V$ change nothing: a word is found by what it is.
# $W_Q$ says what each kind of word looks for: a determiner looks for nouns, a noun for determiners, a verb and a preposition for nouns.

# %%
words = ["The", "cat", "sat", "on", "the", "mat"]
kinds = [0, 1, 2, 3, 0, 1]  # determiner, noun, verb, preposition
X = F.one_hot(torch.tensor(kinds), 4).float()  # (time, d_model)

W_Q = 3 * torch.tensor([[0.0, 1, 0, 0], [1.0, 0, 0, 0], [0.0, 1, 0, 0], [0.0, 1, 0, 0]])  # row: my kind; column: the kind I look for
W_K = W_V = torch.eye(4)

Q, K, V = X @ W_Q, X @ W_K, X @ W_V  # each (time, 4)
S = Q @ K.T  # (time, time): row = the word that looks
print(f"{'':5}", *(f"{word:>4}" for word in words))
for word, row in zip(words, S.tolist(), strict=True):
    print(f"{word:5}", *(f"{score:4.0f}" for score in row))

# %% [markdown]
# Each row of scores becomes a row of weights by the softmax, and the weights mix the values. That is all of it: $A = \text{softmax}(S)$, $\;Y = A V$.
#
# First one query, *sat*, and then all six.
#
# > **Predict.** Where does *sat* look? And which rows of the whole map will be equal, number for number?

# %%
A = S.softmax(dim=-1)  # (time, time)
Y = A @ V  # (time, 4)
_ = plots.attention_bars(A[2], words, title="Where “sat” looks", query="sat")

# %%
_ = plots.attention_heatmap(A, words, words, title="A sentence looks at itself")

# %% [markdown]
# Four rows are equal, those of all who look for nouns, and so are the two of the nouns. *The* and *the* have the same row, though one belongs to the cat and the other to the mat; and *sat* cannot tell the cat that sits from the mat. A word here knows **what** the others are and not
# **where** they stand. Remember this; it is the hole that section 6 must mend.
#
# Move through the words:


# %% tags=["nbval-ignore-output"]
def draw_word(number, A=A):  # this A, whatever the name stands for further down
    return plots.attention_bars(
        A[number - 1], words, title=f"Word {number}, “{words[number - 1]}”, looks", query=words[number - 1]
    )


SliderFigure(
    draw_word,
    values=[1, 2, 3, 4, 5, 6],
    start=3,
    label="word that looks",
    alt="The weights of one word of The cat sat on the mat on all six words, as bars.",
)

# %% [markdown]
# ## 2 · Why divide by the root of d?
#
# In real networks features are not 0 and 1 but numbers around zero, and there are many. A dot product is a sum of $d_k$ products. If queries and keys have independent components of mean 0 and variance 1, each product
# has variance 1, and the variances add up:
#
# $$\operatorname{Var}(q^\top k) = d_k, \qquad \text{so scores are about } \pm\sqrt{d_k}$$

# %%
_ = torch.manual_seed(0)
for d_k in (4, 64, 1024):
    q, k = torch.randn(10_000, d_k), torch.randn(10_000, d_k)
    std = (q * k).sum(dim=1).std().item()
    print(f"d_k = {d_k:4}: √d_k = {math.sqrt(d_k):2.0f}, measured standard deviation of q·k: {std:2.0f}")

# %% [markdown]
# > **Predict.** With $d_k = 1024$ and twenty keys, scores are spread by about 32. What does the softmax make of them? And what gradient comes back through it?


# %%
def saturation(d_k, scale, n=400, n_keys=20):
    """Mean of the largest weight, and of the gradient that passes the softmax (1 = as much as ever passes)."""
    generator = torch.Generator().manual_seed(1)
    q, k = torch.randn(n, 1, d_k, generator=generator), torch.randn(n, n_keys, d_k, generator=generator)
    A = (q @ k.transpose(1, 2) * scale).softmax(dim=-1)[:, 0]  # (n, n_keys)
    # dA_i/dS_i = A_i (1 − A_i), at most 1/4: what the best key's own score can still change.
    largest = A.max(dim=-1).values
    return largest.mean().item(), (4 * largest * (1 - largest)).mean().item()


sizes = [4, 16, 64, 256, 1024]
passed = {
    "scores as they are": {d_k: saturation(d_k, 1.0)[1] for d_k in sizes},
    "scores / √d_k": {d_k: saturation(d_k, 1 / math.sqrt(d_k))[1] for d_k in sizes},
}
_ = plots.by_size(
    passed,
    title="Unscaled, the softmax lets less and less gradient through",
    xlabel="features of a key, d_k",
    ylabel="gradient at the largest weight\n(1 = the most a softmax passes)",
    ylim=(0, 1),
)

# %%
for name, scale in (("as they are", 1.0), ("/ √d_k", 1024**-0.5)):
    print(f"scores {name}, d_k = 1024: the largest of 20 weights is {saturation(1024, scale)[0]:.1f} on average")
print("gradient at d_k = 1024, scaled: more than twice the unscaled:", passed["scores / √d_k"][1024] > 2 * passed["scores as they are"][1024])

# %% [markdown]
# At $d_k = 4$ the unscaled scores pass even more: too soft a softmax passes little, too. What counts is the trend. Unscaled, one key wins before anything is learned, *which* one is chance, and the gradient that could change it hardly gets through. Divided by $\sqrt{d_k}$ the scores have standard deviation 1 at any size, and the softmax
# starts soft. Hence **scaled dot-product attention** (Vaswani et al. 2017, equation 1):
#
# $$\text{Attention}(Q, K, V) = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}}\right) V$$
#
# ### Exercise 1 · Scaled dot-product attention (6 minutes)
#
# Write `scaled_attention(Q, K, V)`: `Q (target_len, d_k)`, `K (source_len, d_k)`, `V (source_len, d_v)`. Return the outputs `(target_len, d_v)`. Done when the check shows ✓.


# %% tags=["exercise"]
def scaled_attention(Q, K, V):
    """Q (target_len, d_k), K (source_len, d_k), V (source_len, d_v) → (target_len, d_v)."""
    ### BEGIN SOLUTION
    weights = (Q @ K.T / math.sqrt(Q.shape[-1])).softmax(dim=-1)  # (target_len, source_len)
    return weights @ V
    ### END SOLUTION


# %% tags=["check"]
check("06.scaled_attention", scaled_attention)

# %% [markdown]
# The naive loop, the library and PyTorch's own function are one and the same:

# %%
_ = torch.manual_seed(0)
Q, K, V = torch.randn(6, 8), torch.randn(6, 8), torch.randn(6, 8)
rows = []
for q in Q:
    scores = torch.stack([q @ k / math.sqrt(8) for k in K])  # (source_len,)
    rows.append(sum(weight * v for weight, v in zip(scores.softmax(dim=0), V, strict=True)))
library, weights = scaled_dot_product_attention(Q, K, V)
torchs = F.scaled_dot_product_attention(*(part[None, None] for part in (Q, K, V)))[0, 0]  # (batch, heads, time, d_k)

for other in (library, torchs):
    torch.testing.assert_close(torch.stack(rows), other)
print("loop = library = torch: True")

# %% [markdown]
# ## 3 · Who may look where
#
# Some looks must be forbidden. Sentences in a batch are filled up with **padding**, which nobody should look at. And a model that learns to *write* must not see the word it is to guess: a token may look at itself and back, never **ahead**.
# Both are a **mask** of booleans, True = may attend. Where it is False the score becomes $-\infty$ before the softmax, so that the weight is exactly 0 and the others still sum to 1.
#
# ### Exercise 2 · The causal mask (4 minutes)
#
# Write `who_may_look(time)`: a boolean tensor `(time, time)`, True in row $t$, column $s$ where token $t$ may look at token $s$. Done when the check shows ✓.


# %% tags=["exercise"]
def who_may_look(time):
    """→ (time, time) booleans, True = may attend."""
    ### BEGIN SOLUTION
    return torch.ones(time, time, dtype=torch.bool).tril()
    ### END SOLUTION


# %% tags=["check"]
check("06.causal_mask", who_may_look)

# %%
padded = [*words[:4], "<pad>", "<pad>"]
X_padded = X.clone()
X_padded[4:] = 0.0  # padding is no word
real = padding_mask(torch.tensor([4]), time=6)  # (1, time)
mask = causal_mask(6) & real  # (time, time): both at once
_, A = scaled_dot_product_attention(X_padded @ W_Q, X_padded, X_padded, mask)
_ = plots.attention_heatmap(A, padded, padded, title="Nobody looks ahead or at padding", mask=mask)

# %% [markdown]
# (The numbers are softer than in section 1, because the scores are divided by $\sqrt 4$ now.) Grey with a × is *forbidden*, which is something else than a weight that happens to be about 0. The two
# rows of the padding do look, at everything alike; nobody reads what comes of it. A row that may look at *nothing* would be $0/0$; the library makes it zeros.
#
# The forbidden has no say at all: change it, and nothing changes.

# %%
before, _ = scaled_dot_product_attention(X_padded @ W_Q, X_padded, X_padded, mask)
for what, first_changed in (("padding", 4), ("the future of “cat”, and the padding", 2)):
    changed = X_padded.clone()
    changed[first_changed:] = 100.0
    after, _ = scaled_dot_product_attention(changed @ W_Q, changed, changed, mask)
    print(f"another {what}: the {first_changed} words before it unmoved:", torch.equal(before[:first_changed], after[:first_changed]))

# %% [markdown]
# Polarity is a trap. `F.scaled_dot_product_attention` and this course say True = may attend; `nn.MultiheadAttention` says True = **forbidden** (pytorch/pytorch#170415 had to put that into its documentation). A mask turned over raises no error: a well-known book's
# repository gave `triu`, the future, to a function that took it for what is allowed, and compared only speed and shapes (rasbt/LLMs-from-scratch#1061).
#
# ## 4 · Several heads
#
# One softmax has one focus. But *sat* may want its subject **and** its place. So let several **heads** look at once, each with its own $W_Q, W_K, W_V$ and a smaller $d_k$; put their outputs side by side and mix them with a last matrix:
#
# $$\text{head}_h = \text{Attention}(X W_Q^h,\, X W_K^h,\, X W_V^h), \qquad Y = [\text{head}_1; \dots; \text{head}_H]\, W_O$$
#
# With $d_{\text{head}} = d_{\text{model}} / H$ the products cost no more than those of one large head (there are $H$ maps to store instead of one). All matrices of all heads are stacked, so one product makes everything, and the result is **cut** into
# heads. The library stores them as PyTorch does: $W_Q, W_K, W_V$ on one another in `in_proj_weight`, transposed, and with biases.
#
# ### Exercise 3 · Cut into heads (6 minutes)
#
# Write `split_heads(x, n_heads)`: `x (batch, time, d_model)` → `(batch, n_heads, time, d_head)`. Head 0 gets the first `d_head` features of every token, head 1 the next, and so on. Done when the check shows ✓.


# %% tags=["exercise"]
def split_heads(x, n_heads):
    """x (batch, time, d_model) → (batch, n_heads, time, d_head)."""
    ### BEGIN SOLUTION
    batch, time, d_model = x.shape
    return x.view(batch, time, n_heads, d_model // n_heads).transpose(1, 2)
    ### END SOLUTION


# %% tags=["check"]
check("06.split_heads", split_heads)

# %%
_ = torch.manual_seed(0)
d_model, n_heads = 8, 2
x = torch.randn(1, 6, d_model)  # (batch, time, d_model)
library = MultiHeadAttention(d_model, n_heads)

q, k, v = (x @ library.in_proj_weight.T + library.in_proj_bias).chunk(3, dim=-1)  # each (batch, time, d_model)
heads = []
for h in range(n_heads):
    own = slice(h * 4, (h + 1) * 4)  # the features of head h
    heads.append(scaled_dot_product_attention(q[..., own], k[..., own], v[..., own])[0])  # (batch, time, d_head)
by_hand = library.out_proj(torch.cat(heads, dim=-1))  # (batch, time, d_model)

theirs = nn.MultiheadAttention(d_model, n_heads, batch_first=True)
theirs.load_state_dict(library.state_dict())
torch.testing.assert_close(by_hand, library(x))
torch.testing.assert_close(by_hand, theirs(x, x, x)[0])
print("head by head = library = torch.nn.MultiheadAttention: True")

# %% [markdown]
# ### Spot the bug
#
# Somebody cuts into heads in one line, and joins them in one line. The shapes are right, there is no error, and the output has the right size.
#
# > **Predict.** What does a "head" of theirs get to see? If token 0 changes, which outputs move: with the right cut, and with theirs?


# %%
def their_attention(x, n_heads):
    batch, time, d_model = x.shape
    heads = x.reshape(batch, n_heads, time, d_model // n_heads)
    y, _ = scaled_dot_product_attention(heads, heads, heads)
    return y.reshape(batch, time, d_model)


def right_attention(x, n_heads):
    heads = x.unflatten(2, (n_heads, -1)).transpose(1, 2)  # (batch, heads, time, d_head)
    y, _ = scaled_dot_product_attention(heads, heads, heads)
    return y.transpose(1, 2).flatten(2)  # (batch, time, d_model)


x = torch.randn(1, 6, 8, generator=torch.Generator().manual_seed(0))
other = x.clone()
other[:, 0] = 0.0  # another first token
for name, attend in (("right", right_attention), ("theirs", their_attention)):
    moved = (attend(x, 2) - attend(other, 2)).abs().amax(dim=-1)[0] > 1e-6  # (time,)
    print(f"{name:6}: shape {tuple(attend(x, 2).shape)}, token 0 moves the outputs {moved.nonzero().flatten().tolist()}")

# %% [markdown]
# `reshape` deals the numbers out as they lie in memory. Their first "head" gets *all* features of the first half of the sentence, cut into half-tokens that look at one another; the second half of the sentence is a world of its own. Any two tokens
# should be one step apart, and here they never meet. It happened in reczoo/FuxiCTR#30. Shapes cannot tell, and not even a test of the causal mask need notice. Two tests do: **change one token and see how far it
# reaches**, and compare numbers with `torch.nn.MultiheadAttention`, as above.
#
# ## 5 · A head that learns to look something up
#
# Now a task with a known truth. A list of pairs, a name and a digit, and then a name alone: *b3 a7 d1 a?* The answer is 7. A pair is one token, its embedding the sum of a name's and a digit's. Everything that is needed is one look: the query says *a*, the
# right key says *a*, the value says *7*. And we know where the model must look.
#
# Beside it an LSTM of the same width. It has to carry all the pairs in its state, because it does not know yet which will be asked for.
#
# > **Predict.** Twelve pairs, 600 steps of training for both. Which of the two answers, and what does $E\, W_Q W_K^\top E^\top$ look like, the score of every name for every other?


# %% tags=["nbval-ignore-output"]
class LookUp(nn.Module):
    """Pairs (name, digit) → what stands with the name asked for last."""

    def __init__(self, mixer, d_model=64):
        super().__init__()
        self.name, self.digit = nn.Embedding(26, d_model), nn.Embedding(11, d_model)
        self.mixer, self.head = mixer, nn.Linear(d_model, 10)

    def forward(self, names, digits):
        x = self.name(names) + self.digit(digits)  # (batch, time, d_model)
        y = self.mixer(x)
        y = y[0] if isinstance(y, tuple) else y  # an LSTM returns its state, too
        return self.head(y[:, -1])  # only the last token answers: (batch, 10)


def lookups(n_pairs=12, batch=64, seed=0):
    """Endless batches: names and contents (batch, n_pairs + 1), the target digit, and the place of the right pair."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield memory.lookup(batch, n_pairs, generator=generator)


def lookup_loss(model, batch):
    return F.cross_entropy(model(batch.names, batch.contents), batch.target)


test = memory.lookup(1000, 12, generator=torch.Generator().manual_seed(1_000_000))
answers, models = {}, {}
for name, make in {"one head": lambda: MultiHeadAttention(64, 1), "LSTM": lambda: LSTM(64, 64)}.items():
    _ = torch.manual_seed(0)
    models[name] = LookUp(make()).to(device)
    history = fit(models[name], lookups(), lookup_loss, steps=600, lr=5e-3)
    with torch.no_grad():
        answers[name] = accuracy(models[name](test.names.to(device), test.contents.to(device)).cpu(), test.target)
    print(f"{name}: right in {answers[name]:.3f} of 1,000 new lists, {history.seconds:.0f} s")

# %%
looker = models["one head"]
with torch.no_grad(), record_attention(looker) as maps:
    looker(test.names.to(device), test.contents.to(device))
last = maps["mixer"][:, 0, -1].cpu()  # (1000, time): where the question looked
print("one head answers (at least 0.98):", answers["one head"] >= 0.98)
print("LSTM of the same width, same steps: at most 0.60:", answers["LSTM"] <= 0.60)
print("the largest weight lies on the right pair (at least 0.98):", accuracy(last.argmax(dim=-1), test.place) >= 0.98)

# %%
tokens = [f"{chr(97 + name)}{'?' if digit == 10 else digit}" for name, digit in zip(test.names[0].tolist(), test.contents[0].tolist(), strict=True)]
_ = plots.attention_bars(
    last[0], tokens, title="The question looks at the pair with its own name", query=tokens[-1], gold=[int(test.place[0])], gold_label="the right pair"
)

# %% [markdown]
# (The LSTM is not stupid: with more units and far more steps it would get better. But it must keep twelve pairs apart in one state, and the head has nothing to keep.)
#
# Nobody told the head to compare names. Look at what it learned: let every name ask (*a?*, *b?*, …) in front of all 26 names with some digit (*a0*, *b0*, …).

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    W_q, W_k, _ = looker.mixer.in_proj_weight.chunk(3)  # each (d_model, d_model)
    b_q, b_k, _ = looker.mixer.in_proj_bias.chunk(3)
    asking = looker.name.weight + looker.digit.weight[10]  # (26, d_model): with the question mark
    asked = looker.name.weight + looker.digit.weight[0]  # (26, d_model): with the digit 0
    scores = (asking @ W_q.T + b_q) @ (asked @ W_k.T + b_k).T / math.sqrt(64)  # (26, 26)
letters = [chr(97 + i) for i in range(26)]
_, ax = plt.subplots(figsize=(6.2, 5.2), layout="compressed")
_ = plots.attention_heatmap(scores.softmax(dim=-1).cpu(), letters, letters, title="Learned: “the same name”", ax=ax)

# %%
print("every name's best match is itself:", torch.equal(scores.argmax(dim=-1).cpu(), torch.arange(26)))

# %% [markdown]
# The diagonal is the notion of *same*, learned from right and wrong answers alone. (The question carries its own name, too; it learned that a key with a question mark is none to look at.) And there is no state
# that must hold everything: keys and values stay where they are, and the path from any token to any other is one step long, however many lie between. Try your own list:


# %% tags=["nbval-ignore-output"]
def draw_lookup(text):
    pairs = text.lower().split()
    good = [len(pair) == 2 and pair[0] in letters and (pair[1].isdigit() or pair[1] == "?") for pair in pairs]
    if len(pairs) < 2 or not all(good) or pairs[-1][1] != "?" or "?" in "".join(pairs[:-1]):
        raise ValueError("Write pairs like b3 a7 d1, and a question like a? at the end, with spaces between.")
    names = torch.tensor([[ord(pair[0]) - 97 for pair in pairs]])  # (1, time)
    digits = torch.tensor([[10 if pair[1] == "?" else int(pair[1]) for pair in pairs]])
    with torch.no_grad(), record_attention(looker) as maps:
        answer = looker(names.to(device), digits.to(device)).argmax().item()
    row = maps["mixer"][0, 0, -1].cpu()  # (time,)
    return plots.attention_bars(row, pairs, title=f"{pairs[-1]} → {answer}", query=pairs[-1])


TypedFigure(
    draw_lookup,
    start="b3 a7 d1 k0 a?",
    label="pairs and a question",
    alt="Where the question looks among the typed pairs, as bars.",
)

# %% [markdown]
# Ask for a name that is not in your list: the weights still sum to 1, so it must look somewhere. See where it goes, and how sure the answer sounds.
#
# ## 6 · Where is everybody?
#
# Back to the hole of section 1. Take attention without a mask, and let $P$ be a matrix that shuffles rows. From $PX$ come the shuffled queries $PQ$, keys $PK$ and values $PV$; the scores $PQ(PK)^\top = P S P^\top$ are shuffled in both
# directions, and the softmax of each row with them:
#
# $$A(PX) = P\, A(X)\, P^\top, \qquad Y(PX) = P\, A(X)\, P^\top P V = P\, Y(X)$$
#
# because $P^\top P = I$. Shuffle the words, and the outputs are shuffled in the same way: every word gets *the same vector* as before. (This is called permutation equivariance.) *Dog bites man* is *man bites dog*.

# %%
_ = torch.manual_seed(0)
attention = MultiHeadAttention(16, 4)
x, order = torch.randn(1, 6, 16), torch.randperm(6)  # (batch, time, d_model)
same = torch.allclose(attention(x[:, order]), attention(x)[:, order], atol=1e-6)
print("shuffled words give the same outputs, shuffled:", same)

# %% [markdown]
# So the position must be put **into** the words. Three ways:
#
# **Learned.** A table with a vector for each position, added to the embedding. Simple; knows no position beyond its last row.
#
# **Sinusoids** (Vaswani et al. 2017, section 3.5). A fixed table, also added: each pair of features is a hand of a clock, and each clock runs slower than the one before.
#
# $$PE_{(pos,\, 2i)} = \sin\frac{pos}{10000^{2i/d}}, \qquad PE_{(pos,\, 2i+1)} = \cos\frac{pos}{10000^{2i/d}}$$

# %%
table = sinusoidal_positions(time=64, d_model=64)
_ = plots.positional_encoding(table, title="Seconds, minutes, hours: fast waves on the left, slow ones on the right")

# %% [markdown]
# Why clocks? To go $k$ positions on, every hand turns by a fixed angle, wherever it stands: **one matrix** leads from $PE_{pos}$ to $PE_{pos+k}$, the same for all positions. So one and the same $W_Q, W_K$ can ask for "three to my left" from
# everywhere. Let us find that matrix by least squares and see whether it fits all positions:

# %%
exact = sinusoidal_positions(time=64, d_model=64, dtype=torch.float64)
for k in (1, 3, 20):
    here, there = exact[:-k], exact[k:]  # (time − k, d_model)
    M = torch.linalg.lstsq(here, there, driver="gelsd").solution  # (d_model, d_model)
    print(f"{k:2} positions on: one matrix fits all positions: {bool((here @ M - there).abs().max() < 1e-6)}")

# %% [markdown]
# ### Exercise 4 · One position (6 minutes)
#
# Write `sinusoid(position, d_model)` after the formula above, where $i$ counts the *pairs*, from 0 to $d/2 - 1$: a list of `d_model` numbers, sine and cosine of each wavelength side by side. Done when the check shows ✓.


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

# %% [markdown]
# **Rotary** (Su et al. 2021), which most language models of today use. Nothing is added to the words. Instead each pair of features $(a, b)$ of a *query* and of a *key* is turned like the hand of a clock, by an angle $m\theta$ that grows with its position $m$:
#
# $$(a, b) \;\to\; (a\cos m\theta - b\sin m\theta,\;\; b\cos m\theta + a\sin m\theta)$$
#
# Turning a query and a key by the same angle changes no dot product, so only the *difference* of their positions counts; and the values stay clean. `rotary(q, m)` turns as at position $m$:

# %%
rotary = Rotary(d_head=8)
generator = torch.Generator().manual_seed(0)
q, k = torch.randn(1, 1, 1, 8, generator=generator), torch.randn(1, 1, 1, 8, generator=generator)  # (batch, heads, time, d_head)
pairs = [(3, 0), (10, 7), (103, 100)]  # always three apart
scores = [(rotary(q, m) * rotary(k, n)).sum() for m, n in pairs]
print("three apart, the same score anywhere:", all(torch.isclose(score, scores[0], atol=1e-4) for score in scores))
print("four apart, another one:", not torch.isclose((rotary(q, 4) * rotary(k, 0)).sum(), scores[0], atol=1e-2))

# %% [markdown]
# A task that is nothing but position: say at each token **which symbol stood before it**, in a row of random symbols.
#
# > **Predict.** One head, four ways: no positions, learned, sinusoids, rotary. Which can learn it? How good can the one without positions be: a twentieth (a guess among twenty symbols), or better?


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


ids = next(random_rows(seed=1_000_000)).to(device)
found, previous = {}, {}
for positions in ("none", "learned", "sinusoids", "rotary"):
    _ = torch.manual_seed(0)
    model = Previous(positions).to(device)
    _ = fit(model, random_rows(), previous_loss, steps=400, lr=5e-3, progress=False)
    with torch.no_grad(), record_attention(model) as maps:
        found[positions] = accuracy(model(ids)[:, 1:].cpu(), ids[:, :-1].cpu())
    previous[positions] = maps["attention"][0, 0].cpu()  # (time, time)
    print(f"{positions:9}: right in {found[positions]:.3f}")

# %%
_ = plots.attention_grid(
    torch.stack(list(previous.values())),
    "Without positions, the head looks everywhere; with them, one back",
    names=[f"{name}: {share:.0%} right" for name, share in found.items()],
    mask=causal_mask(24),
    n_columns=4,
    scale="linear",
)

# %%
print("with any kind of positions at least 0.98:", min(found[name] for name in ("learned", "sinusoids", "rotary")) >= 0.98)
print("without: more than a guess (0.05), less than half:", 0.05 < found["none"] < 0.5)

# %% [markdown]
# Without positions it is still better than a guess: the causal mask lets it see which symbols *have been*, and early in a row those are few. (So a mask tells a little of the order, and the proof above does not hold with one.) The sinusoids' diagonal is
# blurred, for neighbouring rows of the table are much alike; it is right all the same.
#
# ## 7 · What self-attention costs
#
# Self-attention has no recurrence: all tokens are processed at once, and any two of them are one step apart. The price is that every token attends to every other: $T$ tokens have $T^2$ scores. An LSTM has $T$ steps instead, and each
# has to wait for the one before. Count the multiplications of one layer of width $d$ (Vaswani et al. 2017, table 1, compares the same two):
#
# | | multiplications | steps that wait for one another |
# |---|---|---|
# | self-attention | $4\,T d^2$ (projections) $+\;2\,T^2 d$ (scores, weighted sum) | 1 |
# | LSTM | $8\,T d^2$ (four gates from input and state) | $T$ |
#
# Set the two equal: at $T = 2d$ they do the same amount of arithmetic. Beyond it attention does more, and the gap widens with every token.

# %%
width = 64
for length in (2 * width, 256, 1024, 4096):
    by_attention, by_lstm = 4 * length * width**2 + 2 * length**2 * width, 8 * length * width**2
    print(f"{length:5,} tokens: {by_attention:13,} multiplications by attention, {by_lstm:11,} by the LSTM: {by_attention / by_lstm:4.1f} times as many")

# %% [markdown]
# Seconds are a different matter: arithmetic that can run in parallel takes less time. Both layers below call PyTorch's own fused kernels, written in C++ (or CUDA), so neither pays for a Python loop. One more rule for fair timings: a GPU accepts its
# work and lets Python go on, so whoever reads the clock too early has timed the ordering. `Stopwatch` waits until the device has finished, and takes CPU-seconds on a CPU.
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
    print(f"{length:6,} tokens: " + ", ".join(f"{name} {times[length]:7.2f} ms" for name, times in took.items()))
_ = plots.by_size(
    took,
    title="Attention grows with the square of the length, the LSTM in proportion to it",
    xlabel="tokens",
    ylabel="milliseconds for one sequence",
    log_y=True,
)

# %%
few, many = lengths[-3], lengths[-1]
measured("self-attention, four times as many tokens, times as long", took["self-attention"][many] / took["self-attention"][few], at_least=8)
measured("LSTM, four times as many tokens, times as long", took["LSTM"][many] / took["LSTM"][few], at_most=6)

# %% [markdown]
# Where the quadratic term rules, four times as many tokens take towards sixteen times as long; the LSTM takes four times as long.
#
# So which one is quicker? Look at your own numbers: it depends on the machine. One CPU core does one thing after the other whatever the layer allows, so the count decides, and the LSTM is ahead from a few hundred tokens on at this width. A GPU does
# thousands of things at once: attention fills it with a few large products, while the LSTM keeps it waiting through $T$ dependent steps. What speaks for attention is therefore not less work. It is work that runs in parallel over a whole sequence (in training, above all), and
# one step between any two tokens instead of up to $T$. Memory grows as well: $T^2$ scores for each head have to be stored, unless a fused kernel computes them block by block and never stores them all, as `F.scaled_dot_product_attention` can (Dao et al. 2022).
#
# ## Recap
#
# | | formula | costs | use it when |
# |---|---|---|---|
# | query, key, value | $XW_Q,\; XW_K,\; XW_V$ | three products | every token asks, is found, hands over |
# | scaled dot-product attention | $\text{softmax}(QK^\top/\sqrt{d_k})\,V$ | $2\,T^2 d$ multiplications | always divide by $\sqrt{d_k}$ |
# | mask | score $-\infty$ where False | nothing | padding; the future, in a writer |
# | heads | cut features, attend, join, $W_O$ | as one large head, but $H$ maps | more than one focus |
# | learned / sinusoids / rotary | add a row / add waves / turn $q$ and $k$ | nothing to speak of | attention without a mask knows no order |
#
# **What is not true.** *"Attention understands the sentence."* It mixes vectors; what is mixed was learned elsewhere. *"Self-attention sees the order of the words."* It does not, until you tell it. *"Attention is cheaper than an
# RNN."* Beyond $2d$ tokens it does more arithmetic than an LSTM; what it saves is steps that wait for one another. *"More heads are more capacity."* They are cuts through the same width.
#
# **Still open.** One layer looks once, and mixes what it finds. To work with what was found, and to look again with that, layers must be stacked. What goes between the looks, so that a deep stack can be trained? → `07`, the Transformer
#
# ## References
#
# * A. Vaswani et al. 2017, *Attention is all you need*, sections 3.2 (attention, heads, masks), 3.5 (positions), 4 (cost, path length).
# * J. Su et al. 2021, *RoFormer: enhanced Transformer with rotary position embedding*, section 3.2.
# * D. Bahdanau, K. Cho, Y. Bengio 2015; T. Luong et al. 2015: attention between two sequences (lesson 05).
# * T. Dao et al. 2022, *FlashAttention*: the same result without ever storing $T^2$ scores.
# * reczoo/FuxiCTR#30, rasbt/LLMs-from-scratch#1061: the bugs of sections 4 and 3.
