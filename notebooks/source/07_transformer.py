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
# # 07 · The Transformer: what stands between the looks
#
# **What must stand between the looks, so that attention can be stacked?** Lesson 06's head could look something up, once. To *do* something with what it found, and to look again, there must be layer upon layer; and attention alone,
# piled up, hardly lets a gradient through. Three plain parts make it train. With them you will build the network that translates, and in the next lesson the one that writes.
#
# You will be able to:
#
# * **write** the feed-forward network, layer normalisation, and a block of both with attention,
# * **measure** what a residual path does for the gradient, and what it does besides,
# * **decide** where the norm goes, and when a warm-up is needed,
# * **write** cross-attention, and **test** its map against a known truth,
# * **train and judge** a translator: smoothed targets, beam search, BLEU, cost.
#
# Time: 90 minutes; the cells run for less than two minutes on one idle CPU core. It builds on lesson 06 (heads, masks, positions) and on lesson 05's translators.

# %% tags=["setup", "nbval-ignore-output"]
import math
import string
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from course_lib import plots
from course_lib.decoding import beam_search, greedy
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.metrics import bleu
from course_lib.models.attention import (
    MultiHeadAttention,
    causal_mask,
    record_attention,
    scaled_dot_product_attention,
    sinusoidal_positions,
)
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.models.size import n_parameters
from course_lib.models.transformer import DecoderLayer, EncoderLayer, Transformer, TransformerEncoder
from course_lib.practice import check, hint
from course_lib.recipes import multi30k, multi30k_transformer
from course_lib.stored import load_stored
from course_lib.text.padding import pad, pair_batches
from course_lib.text.words import WordVocabulary, tokenize
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · A thought at every place
#
# Attention moves things: an output is a mean of values, and a value is $x W_V$. Nothing in it is *computed* from what was found, beyond mixing. And a mean is a linear thing. Four tokens of two features on paper, and the simplest question that nothing linear answers: do the two features **differ**?
#
# A small network at every token can. It makes the token's vector wide, cuts off what is below zero, and makes it narrow again:
#
# $$\text{FFN}(x) = \max(0,\; x W_1 + b_1)\, W_2 + b_2$$
#
# By hand, with two features and two hidden units: $W_1$ takes the difference, once in each direction; ReLU keeps the one that is positive; $W_2$ adds them up.

# %%
W_1 = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])  # (d_model, d_ff)
W_2 = torch.tensor([[1.0, 0.0], [1.0, 0.0]])  # (d_ff, d_model)

for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
    x = torch.tensor([float(a), float(b)])  # (d_model,)
    hidden = (x @ W_1).relu()  # (d_ff,)
    print(f"features {a}, {b}: hidden {hidden.tolist()}, differ: {(hidden @ W_2)[0]:.0f}")

# %% [markdown]
# No linear map of the two features gives 0, 1, 1, 0. Two layers and a bend in between do.
#
# The same network, with the same weights, works at every token alone: **position-wise**. Attention carries between tokens, the feed-forward network works within one. In the paper it is four times as wide as the token ($d_{ff} = 4\, d_{model}$), and holds two thirds of
# an encoder layer's weights.
#
# ### Exercise 1 · The feed-forward network (4 minutes)
#
# Write `feed_forward(x, W_1, b_1, W_2, b_2)` with ReLU: `x (time, d_model)`, `W_1 (d_model, d_ff)`, `W_2 (d_ff, d_model)`. Done when the check shows ✓.


# %% tags=["exercise"]
def feed_forward(x, W_1, b_1, W_2, b_2):
    """x (time, d_model), W_1 (d_model, d_ff), W_2 (d_ff, d_model) → (time, d_model)."""
    ### BEGIN SOLUTION
    return torch.relu(x @ W_1 + b_1) @ W_2 + b_2
    ### END SOLUTION


# %% tags=["check"]
check("07.feed_forward", feed_forward)

# %% [markdown]
# ReLU's bend is sharp: below zero its slope is 0, and a unit that is below zero for every token never learns again. **GELU** (Hendrycks and Gimpel 2016), used by GPT and BERT, is its soft sister: $x \cdot \Phi(x)$, with $\Phi(x)$ the probability that a standard normal number is below
# $x$.


# %%
def gelu(x):
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


torch.testing.assert_close(gelu(torch.linspace(-4, 4, 9)), F.gelu(torch.linspace(-4, 4, 9)))
_ = plots.functions({"ReLU": torch.relu, "GELU": gelu}, title="GELU bends where ReLU breaks")

# %% [markdown]
# ## 2 · A path that nothing blocks
#
# Now stack: attention, feed-forward, attention, feed-forward, … Each of these is a **sublayer**, and there are two ways to put one on top of what is there:
#
# $$\text{bare:}\quad x \leftarrow \text{sublayer}(x) \qquad\qquad \text{with a residual:}\quad x \leftarrow x + \text{sublayer}(x)$$
#
# The second one (He et al. 2016) costs one addition. Its derivative is $I + J$ in place of $J$: whatever the sublayers' Jacobians do, a 1 is always there.
#
# > **Predict.** The gradient of some loss on top, before any training, on its way down through eight layers: at the first layer, how large is it beside the last, in each of the two stacks?


# %%
def layer_stack(depth, seed=0):
    _ = torch.manual_seed(seed)
    return [EncoderLayer(64, 4, 256) for _ in range(depth)]


def ffn(layer, x):
    return layer.linear2(layer.linear1(x).relu())


def run(depth, apply, seed=0):
    """Gradient at the input of each layer (relative to the last layer's), and the output (batch, time, d_model)."""
    generator = torch.Generator().manual_seed(seed)
    x, aim = torch.randn(2, 4, 16, 64, generator=generator)  # each (batch, time, d_model)
    x.requires_grad_()
    inputs = []
    for layer in layer_stack(depth, seed):
        inputs.append(x)
        for norm, sublayer in ((layer.norm1, layer.self_attn), (layer.norm2, partial(ffn, layer))):
            x = apply(x, norm, sublayer)
    gradients = torch.autograd.grad((x * aim).mean(), inputs)
    norms = torch.stack([gradient.norm() for gradient in gradients])  # (depth,)
    return (norms / norms[-1]).tolist(), x.detach()


WAYS = {
    "bare": lambda x, norm, sublayer: sublayer(x),
    "residual": lambda x, norm, sublayer: x + sublayer(x),
}


def draw_depth(depth):
    curves = {name: run(depth, apply)[0] for name, apply in WAYS.items()}
    return plots.by_layer(
        curves,
        title=f"{depth} layers: the bare stack's first layer is "
        + ("out of reach" if curves["bare"][0] < 1e-3 else "hard to reach"),
        ylabel="gradient at the layer's input\n(1 = at the last layer's)",
        ylim=(1e-13, 100),
    )


# %% tags=["nbval-ignore-output"]
SliderFigure(
    draw_depth,
    values=[2, 4, 6, 8, 12],
    start=8,
    label="layers",
    alt="Size of the gradient at each layer of a stack, logarithmic: falling steeply without residuals, level with them.",
)

# %%
print("8 layers, bare: first layer's gradient below a hundred-thousandth:", run(8, WAYS["bare"])[0][0] < 1e-5)
print("8 layers, residual: between a half and three times:", 0.5 < run(8, WAYS["residual"])[0][0] < 3)

# %% [markdown]
# With every bare layer the gradient loses another power of ten: lesson 01's story again, in depth in place of time. With the residual the curve is nearly level: what is on top reaches the bottom at once. (That much is due to the small weights that PyTorch starts with. With weights twice as large the residual stack's gradient would grow by powers of ten, because $I + J$ is larger than $I$: there is work left for the next section.) Read the network the other way round now. There is one **stream** that runs through, and each sublayer
# reads from it and *adds* to it.
#
# But was it only the gradient? A normalisation after each sublayer (section 3) would keep numbers and gradients in size, too, without any residual. Try that, and look at something else: how alike the 16 tokens of a sentence are, when they come out on top.


# %%
def likeness(x):
    """Mean cosine between different tokens of a sentence: x (batch, time, d_model)."""
    unit = F.normalize(x, dim=-1)
    cosines = unit @ unit.transpose(1, 2)  # (batch, time, time)
    time = x.shape[1]
    return ((cosines.sum(dim=(1, 2)) - time) / (time * (time - 1))).mean().item()


normed_gradients, normed = run(8, lambda x, norm, sublayer: norm(sublayer(x)))
_, kept = run(8, lambda x, norm, sublayer: x + sublayer(norm(x)))
print("norms, no residual: gradient at the first layer at least the last one's:", normed_gradients[0] >= 1)
print("norms, no residual: tokens alike, mean cosine above 0.99:", likeness(normed) > 0.99)
print("norms and residual: mean cosine below 0.5:", likeness(kept) < 0.5)

# %% [markdown]
# The gradient arrives, and there is nothing left to learn from: each look is a mean, a mean of means is more of a mean, and after a few layers all tokens are the same (Dong et al. 2021 prove it for attention alone; here the biases, the same for all tokens, do their part). The residual keeps every token *itself*, and adds to it.
#
# ## 3 · Layer normalisation
#
# A stream that only adds can grow, and a layer that reads it would have to follow. **Layer normalisation** (Ba et al. 2016) hands each reader the token in standard size: mean 0 and variance 1 **over the features of this one token**, then a factor $\gamma$ and a shift $\beta$ for
# each feature, which are learned.
#
# $$\mu = \frac1d \sum_i x_i, \qquad \sigma^2 = \frac1d \sum_i (x_i - \mu)^2, \qquad \text{LayerNorm}(x) = \gamma \odot \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta$$
#
# On paper: the token (1, 2, 3, 6) has mean 3; the squares of the distances are 4, 1, 0 and 9, so $\sigma^2 = 14/4 = 3.5$.

# %%
x = torch.tensor([[1.0, 2.0, 3.0, 6.0]])  # (time, d_model)
by_hand = torch.tensor([[-2.0, -1.0, 0.0, 3.0]]) / math.sqrt(3.5)
torch.testing.assert_close(by_hand, F.layer_norm(x, (4,)), atol=1e-4, rtol=0)
print(f"normalised: {[round(value, 2) for value in by_hand[0].tolist()]}")

theirs = (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6)
print(f"with torch.std, eps added to it: {[round(value, 2) for value in theirs[0].tolist()]}")

# %% [markdown]
# The second line is what many tutorials write, a famous one among them (harvardnlp/annotated-transformer): `torch.std` divides by $d - 1$, and $\epsilon$ stands outside the root. It trains. It is another network, though: off by more than a tenth here, by less than a hundredth
# at 64 features, which is little, and still too much for weights from elsewhere to give the same answers.
#
# ### Exercise 2 · Layer normalisation (7 minutes)
#
# Write `layer_norm(x, gamma, beta, eps)`: `x (time, d_model)`, `gamma` and `beta (d_model,)`. No `F.layer_norm`, of course. Done when the check shows ✓.


# %% tags=["exercise"]
def layer_norm(x, gamma, beta, eps):
    """x (time, d_model), gamma and beta (d_model,) → (time, d_model)."""
    ### BEGIN SOLUTION
    mean = x.mean(dim=-1, keepdim=True)  # (time, 1)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)  # (time, 1)
    return gamma * (x - mean) / (variance + eps).sqrt() + beta
    ### END SOLUTION


# %% tags=["check"]
check("07.layer_norm", layer_norm)

# %% [markdown]
# Nothing here looks at other tokens or other sentences: padding cannot disturb it, and a batch of one is as good as any. (Batch normalisation averages over the batch, and both would matter.)
#
# ## 4 · The block
#
# Where does the norm go? There are two customs:
#
# $$\textbf{post-norm:}\;\; x \leftarrow \text{norm}(x + \text{sublayer}(x)) \qquad\qquad \textbf{pre-norm:}\;\; x \leftarrow x + \text{sublayer}(\text{norm}(x))$$
#
# Post-norm is the paper's (Vaswani et al. 2017). It normalises the stream itself, again and again. Pre-norm leaves the stream alone and normalises only what a sublayer *reads*; on top of the last block it needs one norm more, because the stream has grown. Twice a sublayer, and the **block** is done.
#
# ### Exercise 3 · A pre-norm block (5 minutes)
#
# Write `pre_norm_block(x, attention, feed_forward, norm_1, norm_2)`; all but `x (time, d_model)` are functions of one argument. First attention, then feed-forward. Done when the check shows ✓.


# %% tags=["exercise"]
def pre_norm_block(x, attention, feed_forward, norm_1, norm_2):
    """x (time, d_model); the others are functions (time, d_model) → (time, d_model)."""
    ### BEGIN SOLUTION
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_2(x))
    ### END SOLUTION


# %% tags=["check"]
check("07.pre_norm_block", pre_norm_block)

# %% [markdown]
# Put together by hand, the library's `EncoderLayer` and PyTorch's own are one and the same, in both orders:

# %%
_ = torch.manual_seed(0)
x = torch.randn(1, 6, 8)  # (batch, time, d_model)
for norm_first in (False, True):
    library = EncoderLayer(8, 2, 32, norm_first=norm_first)
    attention, norm_1, norm_2 = library.self_attn, library.norm1, library.norm2
    if norm_first:
        middle = x + attention(norm_1(x))
        by_hand = middle + ffn(library, norm_2(middle))
    else:
        middle = norm_1(x + attention(x))
        by_hand = norm_2(middle + ffn(library, middle))
    theirs = nn.TransformerEncoderLayer(8, 2, 32, dropout=0.0, norm_first=norm_first, batch_first=True)
    theirs.load_state_dict(library.state_dict())
    torch.testing.assert_close(by_hand, library(x))
    torch.testing.assert_close(by_hand, theirs(x))
    print(
        f"{'pre' if norm_first else 'post'}-norm: by hand = library = torch.nn.TransformerEncoderLayer: True"
    )

# %% [markdown]
# ### Spot the bug
#
# Three mistakes that were published, in our names. In all the shapes are right, and nothing complains. (Masks: True = may attend, as everywhere in this course.)
#
# > **Predict.** What is wrong with each? Think of two tests: one that switches the sublayers off, and one that changes the future.


# %%
def block_a(x, attend, think, norm_1, norm_2):  # post-norm
    x = attend(x)
    x = norm_1(x + x)
    y = think(x)
    return norm_2(y + y)


def block_b(x, attend, think, norm_1, norm_2):  # pre-norm
    x = norm_1(x)
    x = x + attend(x)
    x = norm_2(x)
    return x + think(x)


def block_c(x, attend, think, norm_1, norm_2):  # pre-norm; `attend` gets the mask torch.triu(…, diagonal=1)
    x = x + attend(norm_1(x))
    return x + think(norm_2(x))


_ = torch.manual_seed(0)
attention, think = MultiHeadAttention(8, 2), nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 8))
norms = nn.LayerNorm(8), nn.LayerNorm(8)
allowed, turned_over = causal_mask(6), torch.ones(6, 6, dtype=torch.bool).triu(diagonal=1)
x = 3 * torch.randn(1, 6, 8)  # (batch, time, d_model)
future = x.clone()
future[:, 4:] = 0.0  # another future for tokens 0 to 3
for name, block, mask in (("a", block_a, allowed), ("b", block_b, allowed), ("c", block_c, turned_over)):
    attend = partial(attention, mask=mask[None])
    switched_off = block(x, torch.zeros_like, torch.zeros_like, *norms)
    aim = norms[1](norms[0](x)) if name == "a" else x  # what a sound block of its kind lets through
    unmoved = torch.allclose(
        block(x, attend, think, *norms)[:, :4], block(future, attend, think, *norms)[:, :4]
    )
    through = torch.allclose(switched_off, aim, atol=1e-4)
    print(
        f"{name}: with silent sublayers the stream comes through: {through};  the future changes nothing: {unmoved}"
    )

# %% [markdown]
# **a** adds the answer of the sublayer to itself: the residual is gone, and the input with it (the same happened in kyegomez/BitNet#32). **b** overwrites the stream by its norm before the sum (see pytorch/pytorch#61165): a post-norm network that believes it is a pre-norm one.
# **c** has the mask the wrong way round, lesson 06's trap (rasbt/LLMs-from-scratch#1061): each token sees nothing but its future, and the last one nothing at all. A loss that falls would have told you of none of the three.
#
# ## 5 · Which one needs a warm-up?
#
# The paper's schedule starts with a learning rate near 0 and raises it over 4,000 steps before it lets it fall:
#
# $$\text{lr}(step) = d_{model}^{-0.5} \cdot \min(step^{-0.5},\; step \cdot warmup^{-1.5})$$
#
# Is such a **warm-up** a superstition? We try it: eight layers, 32 wide, and a task where nothing but looking is needed: at each place, name the symbol at the mirrored place. The same learning rate for all, a high one; with the warm-up it is raised over 100 steps, and then stays (the falling part is not the question here).
#
# > **Predict.** Four runs: post-norm and pre-norm, each without and with warm-up. Which one will fail?


# %% tags=["nbval-ignore-output"]
class Mirror(nn.Module):
    """At each of 10 tokens: logits of the symbol at the mirrored place."""

    def __init__(self, norm_first, d_model=32):
        super().__init__()
        self.embedding, self.head = nn.Embedding(16, d_model), nn.Linear(d_model, 16)
        self.register_buffer("positions", sinusoidal_positions(10, d_model))
        self.encoder = TransformerEncoder(8, d_model, 4, 2 * d_model, norm_first=norm_first)

    def forward(self, ids):
        return self.head(self.encoder(self.embedding(ids) + self.positions))  # (batch, time, 16)


def rows(seed=0):
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randint(16, (32, 10), generator=generator)


def mirror_loss(model, ids):
    return F.cross_entropy(model(ids).flatten(0, 1), ids.flip(1).flatten())


runs = {}
for name, norm_first, warm_up in (
    ("post-norm", False, 0),
    ("post-norm, warm-up", False, 100),
    ("pre-norm", True, 0),
    ("pre-norm, warm-up", True, 100),
):
    _ = torch.manual_seed(0)
    model = Mirror(norm_first).to(device)
    options = {"steps": 150, "lr": 1e-2, "warm_up": warm_up, "schedule": "constant", "progress": False}
    runs[name] = fit(model, rows(), mirror_loss, **options)

ax = plots.learning_curve(
    runs,
    baselines={"guessing": math.log(16)},
    title="Post-norm at full speed from the start never starts",
    ylim=(0, 3.2),
    smooth=10,
)
_ = ax.legend(loc="lower left")

# %%
end = {name: sum(history.losses[-25:]) / 25 for name, history in runs.items()}
print("post-norm without warm-up is still at guessing (above 2.0 nats):", end["post-norm"] > 2.0)
print(
    "the other three have learned it (below 1.0 nats):",
    max(loss for name, loss in end.items() if name != "post-norm") < 1,
)

# %% [markdown]
# No superstition: at this rate post-norm needs it, and pre-norm does not, and learns soonest without. Xiong et al. 2020 give the reason: in a post-norm stack the gradients of the last layers are large at the start, and the first full steps throw the weights where no gradient leads back
# from. Most large models since GPT-2 are pre-norm, and so are ours from here on.
#
# What this does *not* say: that post-norm cannot be trained (the paper did, BERT did, with warm-up), or that it always fails (at a third of this rate ours learned without; and this is one seed). And large pre-norm models are warmed up all the same, for Adam's sake: its averages know nothing yet in the first steps.
#
# ## 6 · The decoder: two looks in one block
#
# A translator writes, and while it writes it must look at two things: what it has written, and the source. So a decoder's block has **three** sublayers:
#
# 1. **self-attention** on what is written, with the causal mask,
# 2. **cross-attention** to the encoder's output, the **memory**: queries from the one that writes, keys and values from the memory,
# 3. the feed-forward network.
#
# The second is lesson 05's attention in lesson 06's dress: $Q = X W_Q, \; K = M W_K, \; V = M W_V$, and then $\text{softmax}(Q K^\top / \sqrt{d_k})\, V$ as ever. Its map is no square: a row for each token written, a column for each of the source. Nothing in the source is "ahead", so it needs no causal mask; only padding is hidden.
#
# ### Exercise 4 · Cross-attention (6 minutes)
#
# Write `cross_attention(x, memory, W_Q, W_K, W_V)` for one head: `x (target_len, d_model)`, `memory (source_len, d_model)`, `W_Q` and `W_K (d_model, d_k)`, `W_V (d_model, d_v)`. Return `(target_len, d_v)`. Done when the check shows ✓.


# %% tags=["exercise"]
def cross_attention(x, memory, W_Q, W_K, W_V):
    """x (target_len, d_model) looks at memory (source_len, d_model) → (target_len, d_v)."""
    ### BEGIN SOLUTION
    Q, K, V = x @ W_Q, memory @ W_K, memory @ W_V
    return (Q @ K.T / math.sqrt(K.shape[-1])).softmax(dim=-1) @ V
    ### END SOLUTION


# %% tags=["check"]
check("07.cross_attention", cross_attention)

# %%
_ = torch.manual_seed(0)
x = torch.randn(1, 4, 8)  # (batch, target_len, d_model)
memory = torch.randn(1, 6, 8)  # (batch, source_len, d_model)
library = DecoderLayer(8, 2, 32, norm_first=True)
theirs = nn.TransformerDecoderLayer(8, 2, 32, dropout=0.0, norm_first=True, batch_first=True)
theirs.load_state_dict(library.state_dict())

y = x + library.self_attn(library.norm1(x), mask=causal_mask(4)[None])
y = y + library.multihead_attn(library.norm2(y), memory)
y = y + ffn(library, library.norm3(y))
torch.testing.assert_close(y, library(x, memory))
torch.testing.assert_close(y, theirs(x, memory, tgt_mask=~causal_mask(4)))  # nn.…: True = forbidden
print("by hand = library = torch.nn.TransformerDecoderLayer: True")

# %% [markdown]
# That is everything. Source ids → embedding + positions → encoder blocks → memory. What is written, shifted by one → embedding + positions → decoder blocks → logits. Under teacher forcing all target positions are computed **at once**: no loop over time on either side, which is what made
# this network quick to train.
#
# ## 7 · Where the truth is known: writing backwards
#
# The smallest task that needs the whole machine: read a word, write it in reverse. *abcde* → *edcba*, three to eight random letters. Whoever writes letter $t$ of the answer must look at letter $n - 1 - t$ of the source: so the cross-attention has a true map.
#
# One block on each side is enough, two heads each, 64 features.
#
# > **Predict.** What will the picture of the cross-attention look like? And who tells the decoder how long the word is?

# %% tags=["nbval-ignore-output"]
letters = WordVocabulary(string.ascii_lowercase)
symbols = {"bos_id": letters.bos_id, "eos_id": letters.eos_id}


def random_words(n, seed):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(3, 9, (n,), generator=generator).tolist()
    return [
        "".join(string.ascii_lowercase[i] for i in torch.randint(26, (k,), generator=generator))
        for k in lengths
    ]


pairs = [(letters.encode(word), letters.encode(word[::-1])) for word in random_words(20_000, seed=0)]
_ = torch.manual_seed(0)
reverser = Transformer(
    len(letters), len(letters), d_model=64, n_heads=2, d_ff=128, num_layers=1, norm_first=True, max_len=32
).to(device)
batches = pair_batches(pairs, 64, generator=torch.Generator().manual_seed(0), epochs=None, **symbols)
history = fit(reverser, batches, teacher_forced_loss, steps=1500, lr=6e-3, warm_up=100)
print(f"{n_parameters(reverser):,} parameters, {history.seconds:.0f} s")


# %%
def write(words, max_len=12):
    """What the model writes, greedily."""
    source, lengths = pad([letters.encode(word) for word in words])
    return [
        "".join(letters.decode(found.ids))
        for found in greedy(reverser, source, lengths, max_len=max_len, **symbols)
    ]


def look(words, answers):
    """Maps of the cross-attention as these answers are written: (batch, heads, target_len, source_len)."""
    source, lengths = pad([letters.encode(word) for word in words])
    target_in, _ = pad([[letters.bos_id, *letters.encode(answer)] for answer in answers])
    with torch.inference_mode(), record_attention(reverser) as maps:
        reverser(source.to(device), lengths.to(device), target_in.to(device))
    return maps["decoder.layers.0.multihead_attn"].cpu()


known = set(random_words(20_000, seed=0))
test_words = [word for word in random_words(1100, seed=1_000_000) if word not in known][:1000]
exact = sum(found == word[::-1] for found, word in zip(write(test_words), test_words, strict=True)) / 1000
print("exact match on 1,000 new words, at least 0.99:", exact >= 0.99)


# %% [markdown]
# Which head to hold against the truth? There are two, and to pick the better one *on the words it is tested on* would be to flatter it. So the head is chosen on 500 words and judged on 1,000 others.


# %%
def share_on_truth(words):
    """For each head, the share of written letters whose largest weight lies on the letter being copied: (heads,)."""
    maps = look(words, [word[::-1] for word in words])  # (batch, heads, target_len, source_len)
    lengths = torch.tensor([len(word) for word in words])
    t = torch.arange(maps.shape[2])  # (target_len,)
    truth = (lengths[:, None] - 1 - t).clamp(min=0)  # (batch, target_len)
    hits = maps.argmax(dim=-1) == truth[:, None]  # (batch, heads, target_len)
    real = (t < lengths[:, None])[:, None].expand_as(hits)  # the step that writes <eos> copies nothing
    return torch.stack([hits[:, head][real[:, head]].double().mean() for head in range(maps.shape[1])])


best = int(share_on_truth(random_words(500, seed=2_000_000)).argmax())
print(
    "the chosen head looks at the true letter, at least 0.95:",
    share_on_truth(test_words)[best].item() >= 0.95,
)

# %% tags=["nbval-ignore-output"]
print(f"exact match {exact:.3f}; the heads on the true letter:", [round(share, 3) for share in share_on_truth(test_words).tolist()])
word = next(word for word in test_words if len(word) == 8 and len(set(word)) == 8)
answer = write([word])[0]
map_of_word = look([word], [answer])[0, best]  # (target_len, source_len)
_ = plots.attention_heatmap(
    map_of_word[: len(answer)],
    list(answer),
    list(word),
    gold=[(t, 7 - t) for t in range(8)],
    title="Writing backwards: the other diagonal",
)

# %% [markdown]
# The other diagonal, as it must be. (A row is named by the letter that is *written* there; the token that looks is the one before it, at first `<bos>`. So it is in all maps of a writer.) And the length? Nobody tells it. The first query must find the *last* letter, which stands now here, now there. The encoder's letters could have noticed that nothing stands behind them; or the query simply prefers the latest position that is no padding. The map
# does not say which. An experiment does: with an encoder whose letters cannot look at each other, the first letter still comes out right, so the second explanation suffices. Type a word:


# %% tags=["nbval-ignore-output"]
def draw_reversed(text):
    word = text.strip().lower()
    if not (2 <= len(word) <= 16 and set(word) <= set(string.ascii_lowercase)):
        raise ValueError(f"{text!r}: type 2 to 16 letters from a to z.")
    answer = write([word], max_len=20)[0]
    weights = look([word], [answer])[0, best]  # (target_len, source_len)
    verdict = "right" if answer == word[::-1] else f"it should be {word[::-1]}"
    title = f"{word} → {answer}: {verdict}"
    return plots.attention_heatmap(weights, [*answer, "<eos>"], list(word), title=title)


TypedFigure(
    draw_reversed,
    start="stream",
    label="a word",
    alt="The chosen cross-attention head as the typed word is written backwards: the other diagonal.",
)

# %%
longer = ["".join(reversed(string.ascii_lowercase[k : k + 12])) for k in range(14)]
right = sum(found == word[::-1] for found, word in zip(write(longer, 20), longer, strict=True))
print("words of 12 letters, longer than any in training: at most 2 of 14 right:", right <= 2)

# %% [markdown]
# Try *transformer*. It has learned to reverse words of three to eight letters, and not what "reverse" means: positions it has never met are as strange to it as to lesson 05's models.
#
# ## 8 · German → English
#
# Lesson 05's captions of photographs again, with a Transformer: three pre-norm blocks on each side, 128 wide, four heads. One thing is new in its training: what it is told to aim at.
#
# **Label smoothing** (Szegedy et al. 2016). A translation is rarely the only right one, but cross-entropy pulls the true word's probability to 1 and everything else to 0, without end. So a share $\epsilon$ of the aim is given away, evenly to all $V$ words, the true one included:
#
# $$p_{aim}(w) = (1 - \epsilon)\,[w = \text{true}] + \frac{\epsilon}{V}$$
#
# ### Exercise 5 · Smoothed targets (5 minutes)
#
# Write `smooth_targets(targets, vocab_size, epsilon)`: `targets (n,)` ids → `(n, vocab_size)` probabilities. Done when the check shows ✓.


# %% tags=["exercise"]
def smooth_targets(targets, vocab_size, epsilon):
    """targets (n,) ids → what to aim at: (n, vocab_size)."""
    ### BEGIN SOLUTION
    return (1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size
    ### END SOLUTION


# %% tags=["check"]
check("07.smooth_targets", smooth_targets)

# %%
targets, V, epsilon = torch.tensor([2, 0]), 5, 0.1
aim = torch.full((2, V), epsilon / V)
aim[torch.arange(2), targets] += 1 - epsilon
logits = torch.randn(2, V, generator=torch.Generator().manual_seed(0))
by_hand = -(aim * logits.log_softmax(dim=-1)).sum(dim=-1).mean()
torch.testing.assert_close(by_hand, F.cross_entropy(logits, targets, label_smoothing=epsilon))
print("by hand = F.cross_entropy(…, label_smoothing=…): True")
print(f"the best possible loss is no longer 0, but {-(aim * aim.log()).sum(dim=-1).mean():.2f} nats")

# %% [markdown]
# Keep that last line in mind when you compare losses: a smoothed loss has a floor.
#
# Now the three translators, each trained by one command of this repository and stored.
#
# > **Predict.** Which one has the most parameters? Which took the longest? Which translates best?

# %%
corpus = multi30k.Corpus()
translators = {name: multi30k.build(name, corpus).to(device) for name in multi30k.MODELS}
translators[multi30k_transformer.NAME] = multi30k_transformer.build(corpus).to(device)
cards = {name: load_stored(name, model) for name, model in translators.items()}

print("                      parameters  CPU-seconds  BLEU greedy  BLEU beam 5   (1,000 test sentences)")
for name, card in cards.items():
    facts = f"{name:<21} {card['parameters']:11,} {card['seconds']:12,}"
    print(f"{facts} {card['bleu']['greedy']:12.1f} {card['bleu']['beam 5']:12.1f}")

# %% [markdown]
# The smallest (its last projection is the target's embedding once more, which saves as many numbers as one of its six blocks has), the best by far, and the one that took longest. Is the comparison fair? Not quite: it was trained for 4,500 steps, the others for 3,400; its targets were smoothed; its dropout and its warm-up are other ones. What each of these is worth you can try: `python -m benchmarks NAME` trains each model anew.
#
# Every fifth test sentence, translated here and now, and scored by sacreBLEU:

# %% tags=["nbval-ignore-output"]
german, english = zip(*corpus.sentences["test"][::5], strict=True)
translations = {name: multi30k.translate(model, corpus, german) for name, model in translators.items()}
scores_here = {name: bleu(found, english).score for name, found in translations.items()}
print({name: round(score, 1) for name, score in scores_here.items()})

# %%
for name, score in scores_here.items():
    print(f"{name}: within 3 BLEU of its card:", abs(score - cards[name]["bleu"]["greedy"]) <= 3)
for other, least in (("multi30k-lstm", 15), ("multi30k-attention", 5)):
    gain = scores_here["multi30k-transformer"] - scores_here[other]
    print(f"the Transformer is at least {least} BLEU above {other}:", gain >= least)

# %% [markdown]
# Its first steps, live, with the same seed, on top of the stored training (of the smoothed loss: with $\epsilon = 0.1$ and 4,767 words its floor is about 1.2 nats):

# %% tags=["nbval-ignore-output"]
LIVE_STEPS = 40
_, history = multi30k_transformer.train(corpus, stop_after=LIVE_STEPS, device=device)
card = cards["multi30k-transformer"]
every = card["training_loss_every"]
live = torch.tensor(history.losses).view(-1, every).mean(dim=1)  # (LIVE_STEPS / every,)
_ = plots.stored_and_live(
    card["training_loss"], live, every, title="The first steps, here, lie on the stored training"
)

# %%
drift = (live - torch.tensor(card["training_loss"][: len(live)])).abs().max().item()
print("nowhere further from the stored curve than 0.1 nats:", drift <= 0.1)

# %% [markdown]
# **Beam search** works as in lesson 04: whatever has `start`, `step` and `select` can be searched. What it finds is likelier than what greedy search finds. Is it better?

# %% tags=["nbval-ignore-output"]
translator = translators["multi30k-transformer"].eval()
english_words = corpus.target_vocabulary
never = (english_words.pad_id, english_words.unk_id, english_words.bos_id)
options = dict(corpus.symbols, max_len=multi30k.MAX_LEN, forbidden=never)


def candidates(number):
    """Greedy search and the five of a beam for one test sentence: its words, and (name, hypothesis) pairs."""
    words = tokenize(corpus.sentences["test"][number][0])
    source, lengths = pad([corpus.source_vocabulary.encode(words)])
    found = [("greedy", greedy(translator, source, lengths, **options)[0])]
    beam = beam_search(translator, source, lengths, beam=5, alpha=0.6, **options)[0]
    return words, found + [("beam", hypothesis) for hypothesis in beam]


def spell(hypothesis):
    return [english_words.symbols[i] for i in hypothesis.ids]


print("source:   ", corpus.sentences["test"][16][0])
print("a person: ", corpus.sentences["test"][16][1])
for name, found in candidates(16)[1]:
    print(f"{name:6} log p {found.log_prob:6.2f}  ", " ".join(spell(found)))

# %% [markdown]
# (The beam's five are sorted by lesson 04's score, $\log p$ corrected for the length.) *Händchen halten* is to hold hands, and *Händchen* comes last. Greedy search has written "holding a man" before it gets to the hands, and must put them somewhere; the beam had kept "holding hands". (The *Blondine* is beyond both: the word occurs less than three times in training, so the model reads *unknown*.) Over the
# whole test set the beam is worth less here than for the LSTM with attention, as the table shows. Put other numbers in: 1 comes out worse with the beam, not better.
#
# ## 9 · Where it looked
#
# Three layers with four heads, three times: the encoder's looks, the decoder's at what it has written, and its looks at the source. The encoder first: every tile is one head on the German sentence.

# %% tags=["nbval-ignore-output"]
source_words, found = candidates(88)
translation = found[1][1]  # the best of the beam
source, lengths = pad([corpus.source_vocabulary.encode(source_words)])
target_in = torch.tensor([[english_words.bos_id, *translation.ids]])  # (1, target_len)
with torch.inference_mode(), record_attention(translator) as maps:
    translator(source.to(device), lengths.to(device), target_in.to(device))
read = ["<bos>", *spell(translation)]  # the decoder's queries, and its own keys
written = [*read[1:], "<eos>"]  # what it writes at each of them


def heads(part):
    """The maps of all layers of "encoder…self_attn" and the like: (layers, heads, target_len, source_len)."""
    where, kind = part.split(" ")
    return torch.stack([maps[f"{where}.layers.{layer}.{kind}"][0].cpu() for layer in range(3)])


_ = plots.attention_grid(
    heads("encoder self_attn"),
    "Encoder: every head another view; L1 H2 mostly looks one word back",
    query_tokens=source_words,
    key_tokens=source_words,
)

# %% [markdown]
# Now the decoder's self-attention. Grey is the future.

# %% tags=["nbval-ignore-output"]
_ = plots.attention_grid(
    heads("decoder self_attn"),
    "Decoder, at itself: never ahead",
    query_tokens=read,
    key_tokens=read,
    mask=causal_mask(len(read)),
)

# %% [markdown]
# And the cross-attention. The rows are named by the word that is *written* there.

# %% tags=["nbval-ignore-output"]
_ = plots.attention_grid(
    heads("decoder multihead_attn"),
    "Decoder, at the source: most heads align words",
    query_tokens=written,
    key_tokens=source_words,
)

# %% [markdown]
# *schenkt … ein* is one verb in two places (*einschenken*, to pour), and an LSTM would have to carry its first half across the sentence. In the row of *pouring* most tiles look at *schenkt* alone: hardly one at *ein*. The encoder has carried the news already, we may suppose: its tokens have looked at each other. Remember lesson 05: a map says where a head looked, not why; a column is a state that knows its neighbours; and twelve heads share the work, no one of them is *the* alignment.
#
# Thirty-six heads are too many for three pictures: choose one by its small map (or with the arrow keys), move over the large one to choose a query, and follow *ein* from look to look.

# %% tags=["nbval-ignore-output"]
from course_lib.explore import Heads, attention_explorer

attention_explorer(
    {
        "encoder": Heads(heads("encoder self_attn"), source_words),
        "decoder, at itself": Heads(heads("decoder self_attn"), read, mask=causal_mask(len(read))),
        "decoder, at the source": Heads(heads("decoder multihead_attn"), query_tokens=written, key_tokens=source_words),
    },
    title="The translator's three kinds of heads",
)

# %% [markdown]
# No truth is given here; but a small one can be had. Some words are the same in both languages: *Bar*, *Baseball*, *Person*, *Ball*. Where such a word stands once in a German test sentence and once in its English translation, the writer of the one should look at the other. Again the head is chosen
# on other sentences (the validation split) than it is judged on.


# %%
def same_words(split):
    """Sentence pairs with a word of four letters or more that stands once on each side: (pairs of ids, places)."""
    chosen, places = [], []
    for (german, english), ids in zip(corpus.sentences[split], corpus.ids(split), strict=True):
        sides = [[word.lower() for word in tokenize(text)] for text in (german, english)]
        for word in sorted(set(sides[0]) & set(sides[1])):
            if len(word) >= 4 and sides[0].count(word) == sides[1].count(word) == 1:
                chosen.append(ids)
                places.append((sides[1].index(word), sides[0].index(word)))  # (target, source)
    return chosen, torch.tensor(places)


def share_on_same_word(split):
    """For each cross-attention head, the share of such words written with the largest weight on the same word."""
    chosen, places = same_words(split)
    source, lengths = pad([german for german, _ in chosen])
    target_in, _ = pad([[english_words.bos_id, *english] for _, english in chosen])
    with torch.inference_mode(), record_attention(translator) as maps:
        translator(source.to(device), lengths.to(device), target_in.to(device))
    each = torch.arange(len(chosen))
    rows = [maps[f"decoder.layers.{layer}.multihead_attn"].cpu()[each, :, places[:, 0]] for layer in range(3)]
    looks = torch.cat(rows, dim=1).argmax(dim=-1)  # (n, layers * heads)
    return len(chosen), (looks == places[:, 1:]).double().mean(dim=0)


aligning = int(share_on_same_word("validation")[1].argmax())
n_words, shares = share_on_same_word("test")
print("words to judge by:", n_words)
print("the chosen head looks at the same word, at least 0.7:", shares[aligning].item() >= 0.7)
positions = same_words("test")[1]
same_position = (positions[:, 0] == positions[:, 1]).double().mean().item()
print("who only looked at the same position would be right in at most 0.5:", same_position <= 0.5)

# %% [markdown]
# ## Recap
#
# | | formula | costs | use it when |
# |---|---|---|---|
# | feed-forward | $\max(0, xW_1 + b_1) W_2 + b_2$ | $2\, d\, d_{ff}$ a token, most of the weights | after every look: attention only mixes |
# | GELU | $x\,\Phi(x)$ | a little more than ReLU | GPT, BERT |
# | residual | $x + \text{sublayer}(x)$ | an addition | always, in every stack |
# | layer norm | $\gamma \odot (x - \mu)/\sqrt{\sigma^2 + \epsilon} + \beta$ | $d$ a token | always; over features, biased variance |
# | post-norm | $\text{norm}(x + \text{sublayer}(x))$ | at high rates, warm-up | old weights (the paper's, BERT's) |
# | pre-norm | $x + \text{sublayer}(\text{norm}(x))$ | one last norm | new models |
# | cross-attention | $Q$ from the writer, $K, V$ from the memory | target_len × source_len | one sequence is written from another |
# | label smoothing | $(1-\epsilon)[w = \text{true}] + \epsilon/V$ | a floor under the loss | more than one answer is right |
#
# **What is not true.** *"The encoder squeezes the sentence into one vector."* That was lesson 04's LSTM; here the memory has a vector for each token, and the decoder looks at all of them at every step. *"Transformers always beat RNNs."* Here it did, clearly, with fewer parameters, but
# with more seconds, more steps and one trick more, which is why the table has all these columns. On lesson 02's Shakespeare a well-set LSTM beats a well-known GPT recipe of its size (`benchmarks/RESULTS.md`: 1.58 nats against 1.91). *"Residuals are only there for the gradient."* Norms kept the gradient alive, too, and all tokens became one. *"Warm-up is always needed."*
# It depends on where the norm stands, and on the rate.
#
# **Still open.** A translator needs pairs of sentences, which are few. Half of it, the decoder without its source, needs only text, of which there is no end. What does it learn if it does nothing but go on writing? → `08`, GPT
#
# ## References
#
# * A. Vaswani et al. 2017, *Attention is all you need*, sections 3.1 (blocks), 3.3 (feed-forward), 5.3 (schedule), 5.4 (label smoothing).
# * K. He et al. 2016, *Deep residual learning for image recognition*; J. Ba, J. Kiros, G. Hinton 2016, *Layer normalization*, section 3.
# * R. Xiong et al. 2020, *On layer normalization in the Transformer architecture*, sections 3 and 4.
# * Y. Dong, J.-B. Cordonnier, A. Loukas 2021, *Attention is not all you need: pure attention loses rank doubly exponentially with depth*.
# * D. Hendrycks, K. Gimpel 2016, *Gaussian error linear units*; C. Szegedy et al. 2016, *Rethinking the Inception architecture*, section 7.
# * harvardnlp/annotated-transformer, kyegomez/BitNet#32, pytorch/pytorch#61165, rasbt/LLMs-from-scratch#1061: the bugs of sections 3 and 4.
