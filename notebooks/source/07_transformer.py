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
# # 07 · The Transformer
#
# **What keeps a deep stack of attention layers trainable?** Lesson 06 built one layer of attention, which retrieves information once. To process what it found, and to attend again, you stack layers, and in a bare stack the
# gradient vanishes. Three simple parts are missing: a feed-forward network, residual connections and layer normalisation. In this lesson you write
# all three, and then the whole Transformer.
#
# You will be able to:
#
# * **write** the feed-forward network, layer normalisation and a block (exercises 1, 2 and 3),
# * **measure** what residual connections, norms and warm-up do for training (exercise 4),
# * **build** a whole Transformer from your own parts and train it (exercises 5 and 6),
# * **smooth** the targets of a translator, and judge it by BLEU, beam search and cost (exercise 7).
#
# Time: 90 minutes; the cells run for about a minute on one CPU core. You need lesson 06 (attention, masks, positions) and lesson 05's translators.

# %% tags=["setup", "nbval-ignore-output"]
import math
import string
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from course_lib import drawings, plots
from course_lib.decoding import beam_search, greedy
from course_lib.device import setup
from course_lib.explore import Heads, SliderFigure, TypedFigure, attention_explorer
from course_lib.metrics import bleu
from course_lib.models.attention import (
    MultiHeadAttention,
    causal_mask,
    padding_mask,
    record_attention,
    sinusoidal_positions,
)
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.models.size import n_parameters
from course_lib.models.transformer import EncoderLayer, Transformer, TransformerEncoder
from course_lib.practice import check, hint, yours
from course_lib.recipes import multi30k, multi30k_transformer
from course_lib.report import measured
from course_lib.stored import load_stored
from course_lib.text.padding import pad, pair_batches
from course_lib.text.words import WordVocabulary, tokenize
from course_lib.training import fit
from course_lib.training.schedule import learning_rate

device = setup(seed=0)

# %% [markdown]
# ## 1 · The architecture
#
# The Transformer (Vaswani et al. 2017) is an encoder and a decoder, as in lessons 04 and 05, without recurrence. The encoder reads the source, and its output is called the **memory**: one vector per source token. The decoder writes the target, one token after the other.

# %%
drawings.transformer()

# %% [markdown]
# It has three kinds of attention. The encoder's tokens attend to one another (1), the decoder's tokens attend to what is already written (2), and the decoder attends to the memory (3). You know the first two from lesson 06 and the third from lesson 05. Embeddings, positions and masks
# you know as well. Two things are new: the feed-forward network, and the line at the top left, *residual + layer norm*. We take them in this order.
#
# ## 2 · The position-wise feed-forward network
#
# Attention moves information. Each output is a weighted mean of values, and a value $x W_V$ is a linear function of its token. The softmax decides how much of each value arrives, but no nonlinear function is applied to what has arrived. Take the smallest question that no linear function can answer: do two features of a token **differ**?
#
# A small network at every token can. It widens the token's vector, sets negative numbers to zero (**ReLU**, rectified linear unit), and narrows it again:
#
# $$\text{FFN}(x) = \max(0,\; x W_1 + b_1)\, W_2 + b_2$$
#
# By hand, with two features and two hidden units: $W_1$ takes the difference in both directions, ReLU keeps the positive one, and $W_2$ adds them up.

# %%
W_1 = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])  # (d_model, d_ff)
W_2 = torch.tensor([[1.0, 0.0], [1.0, 0.0]])  # (d_ff, d_model)

for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
    x = torch.tensor([float(a), float(b)])  # (d_model,)
    hidden = (x @ W_1).relu()  # (d_ff,)
    print(f"features {a}, {b}: hidden {hidden.tolist()}, differ: {(hidden @ W_2)[0]:.0f}")

# %% [markdown]
# The same network, with the same weights, is applied to every token separately, hence **position-wise**. Attention works *between* tokens, the feed-forward network *within* each. In the paper its hidden layer is four times as wide as the token's vector, $d_{ff} = 4\, d_{model}$. Then it has $8\,d_{model}^2$ weights, and
# attention with its four projections has $4\,d_{model}^2$: two thirds of an encoder layer's weights belong to the feed-forward network.
#
# ### Exercise 1 · The feed-forward network (warm-up, 5 minutes)
#
# Write `feed_forward(x, W_1, b_1, W_2, b_2)` with ReLU: `x (…, d_model)`, `W_1 (d_model, d_ff)`, `b_1 (d_ff,)`, `W_2 (d_ff, d_model)`, `b_2 (d_model,)`. The dots stand for any leading dimensions, such as batch and time.


# %% tags=["exercise"]
def feed_forward(x, W_1, b_1, W_2, b_2):
    """x (…, d_model), W_1 (d_model, d_ff), W_2 (d_ff, d_model) → (…, d_model)."""
    ### BEGIN SOLUTION
    return torch.relu(x @ W_1 + b_1) @ W_2 + b_2
    ### END SOLUTION


# %% tags=["check"]
check("07.feed_forward", feed_forward)

# %% tags=["hint"]
hint("07.feed_forward")

# %% [markdown] tags=["solution"]
# `@` works on the last dimension of `x` and leaves all dimensions in front alone, so every token of every sentence goes through the same weights without a loop.

# %% [markdown]
# Below zero ReLU's slope is 0, and a unit that is below zero for every token stops learning. GPT and BERT use **GELU** (Hendrycks and Gimpel 2016), a smooth variant: $x \cdot \Phi(x)$, where $\Phi(x)$ is the probability that a standard normal number is below $x$.


# %%
def gelu(x):
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


grid = torch.linspace(-4, 4, 81)
measured("by hand, largest difference from F.gelu", (gelu(grid) - F.gelu(grid)).abs().max(), at_most=1e-5)
ax = plots.functions({"ReLU": torch.relu, "GELU": gelu}, title="GELU is smooth and has a slope below zero")
_ = ax.set(xlabel="x", ylabel="activation of x")

# %% [markdown]
# ## 3 · Residual connections
#
# Now stack: attention, feed-forward network, attention, feed-forward network, … Each is a **sublayer**, and there are two ways to put it on top of what is there:
#
# $$\text{bare:}\quad x \leftarrow \text{sublayer}(x) \qquad\qquad \text{with a residual connection:}\quad x \leftarrow x + \text{sublayer}(x)$$
#
# The second (He et al. 2016) costs one addition. Its derivative is $I + J$ instead of $J$: whatever the Jacobian $J$ of a sublayer does, the gradient also has a direct path around it.
#
# We measure it in eight layers before any training: the gradient of some loss at the input of each layer, relative to the last layer's. One more thing varies: every weight matrix is multiplied by the same factor, and 1 is the library's default initialisation.
#
# > **Predict.** At the first of eight layers, how large is the gradient compared with the last one's: bare, and with residual connections? What happens with weights that are twice as large?


# %%
def bare_block(x, attention, feed_forward, norm_1, norm_2):
    return feed_forward(attention(x))


def residual_block(x, attention, feed_forward, norm_1, norm_2):
    x = x + attention(x)
    return x + feed_forward(x)


def norm_block(x, attention, feed_forward, norm_1, norm_2):
    """Norms without residual connections: for later."""
    return norm_2(feed_forward(norm_1(attention(x))))


def your_ffn(layer):
    return lambda y: yours("07.feed_forward")(y, layer.linear1.weight.T, layer.linear1.bias, layer.linear2.weight.T, layer.linear2.bias)


def run_stack(block, scale=1.0, depth=8, seed=0):
    """Gradient at the input of each layer, relative to the last layer's, and the output (batch, time, d_model)."""
    _ = torch.manual_seed(seed)
    layers = [EncoderLayer(64, 4, 256) for _ in range(depth)]
    x, direction = torch.randn(2, 4, 16, 64)  # each (batch, time, d_model)
    x.requires_grad_()
    inputs = []
    for layer in layers:
        with torch.no_grad():
            for weight in layer.parameters():
                weight.mul_(scale if weight.dim() == 2 else 1.0)
        inputs.append(x)
        x = block(x, layer.self_attn, your_ffn(layer), layer.norm1, layer.norm2)
    norms = torch.stack([gradient.norm() for gradient in torch.autograd.grad((x * direction).mean(), inputs)])  # (depth,)
    return (norms / norms[-1]).tolist(), x.detach()


# %% tags=["nbval-ignore-output"]
def draw_gradient(scale):
    curves = {name: run_stack(block, scale)[0] for name, block in (("bare", bare_block), ("residual", residual_block))}
    return plots.by_layer(
        curves,
        title=f"Gradient through eight layers, weights × {scale:g}",
        ylabel="gradient at the layer's input\n(1 = at the last layer's)",
        ylim=(1e-17, 1e7),
    )


SliderFigure(
    draw_gradient,
    values=[0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0],
    start=1.0,
    label="weights ×",
    alt="Gradient at each of eight layers, logarithmic. Bare, it falls by seven powers of ten; with residual connections it stays level.",
)

# %%
first_gradient = {
    (name, scale): run_stack(block, scale)[0][0]
    for name, block in (("bare", bare_block), ("residual", residual_block))
    for scale in (1.0, 1.5, 2.0)
}
measured("bare, weights × 1: gradient at the first layer", first_gradient["bare", 1.0], at_most=1e-5)
measured("bare, weights × 1.5", first_gradient["bare", 1.5], at_most=0.1)
measured("bare, weights × 2", first_gradient["bare", 2.0], at_least=5)
measured("residual, weights × 1", first_gradient["residual", 1.0], between=(0.5, 3))
measured("residual, weights × 1.5", first_gradient["residual", 1.5], at_least=20)
measured("residual, weights × 2", first_gradient["residual", 2.0], at_least=1000)

# %% [markdown]
# A bare stack multiplies eight Jacobians, which is lesson 01's problem again, in depth instead of time. At the usual initialisation the gradient vanishes. At twice that scale it grows, and the range in between is narrow. Residual connections remove the vanishing. They do not
# prevent explosion: with larger weights, $I + J$ multiplied eight times grows even faster than $J$.
#
# Would it be enough to normalise after each sublayer, without residual connections? Section 4 defines this *norm*; for now, it brings each token's vector to a standard size. Look at how similar the 16 tokens of a sentence are at the top of the stack:


# %%
def similarity(x):
    """Mean cosine between different tokens of a sentence: x (batch, time, d_model)."""
    unit = F.normalize(x, dim=-1)
    cosines = unit @ unit.transpose(1, 2)  # (batch, time, time)
    time = x.shape[1]
    return ((cosines.sum(dim=(1, 2)) - time) / (time * (time - 1))).mean().item()


gradients, output = run_stack(norm_block)
measured("norms, no residual connections: gradient at the first layer", gradients[0], at_least=0.5)
measured("norms, no residual connections: mean cosine between tokens", similarity(output), at_least=0.99)
measured("residual connections: mean cosine between tokens", similarity(run_stack(residual_block)[1]), at_most=0.6)

# %% [markdown]
# The gradient arrives, but there is nothing left to learn from. Each attention takes means, and means of means become more and more alike, until all tokens are the same vector. Dong et al. 2021 prove this **rank collapse** for attention alone. A residual connection keeps
# what each token was, and adds to it. It helps to read the network this way: a **residual stream** runs from bottom to top, and every sublayer reads from it and adds to it.
#
# ## 4 · Layer normalisation
#
# A stream to which every sublayer adds can grow, and then later layers read larger numbers. **Layer normalisation** (Ba et al. 2016) brings each token to a standard size: mean 0 and variance 1 **over the features of this one token**. Then come a scale $\gamma$ and a shift $\beta$ for
# each feature, which are learned.
#
# $$\mu = \frac1d \sum_i x_i, \qquad \sigma^2 = \frac1d \sum_i (x_i - \mu)^2, \qquad \text{LayerNorm}(x) = \gamma \odot \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta$$
#
# On paper: the token (1, 2, 3, 6) has mean 3. The squared distances are 4, 1, 0 and 9, so $\sigma^2 = 14/4 = 3.5$.

# %%
x = torch.tensor([[1.0, 2.0, 3.0, 6.0]])  # (time, d_model)
by_hand = torch.tensor([[-2.0, -1.0, 0.0, 3.0]]) / math.sqrt(3.5)
measured("by hand, largest difference from F.layer_norm", (by_hand - F.layer_norm(x, (4,))).abs().max(), at_most=1e-4)
print(f"normalised:       {[round(value, 2) for value in by_hand[0].tolist()]}")

theirs = (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6)
print(f"with torch.std:   {[round(value, 2) for value in theirs[0].tolist()]}")

# %% [markdown]
# The last line is what a famous tutorial computes (harvardnlp/annotated-transformer): `torch.std` divides by $d - 1$, and $\epsilon$ is added outside the root. It trains, but it is a different function. Weights trained with the standard one would give different answers.
#
# ### Exercise 2 · Layer normalisation (core, 8 minutes)
#
# Write `layer_norm(x, gamma, beta, eps)` with `x (…, d_model)`, `gamma (d_model,)` and `beta (d_model,)`, without `F.layer_norm` or `nn.LayerNorm`. It must stay accurate for features around 1,000.


# %% tags=["exercise"]
def layer_norm(x, gamma, beta, eps):
    """x (…, d_model), gamma and beta (d_model,) → (…, d_model)."""
    ### BEGIN SOLUTION
    mean = x.mean(dim=-1, keepdim=True)  # (…, 1)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)  # (…, 1)
    return gamma * (x - mean) / (variance + eps).sqrt() + beta
    ### END SOLUTION


# %% tags=["check"]
check("07.layer_norm", layer_norm)

# %% tags=["hint"]
hint("07.layer_norm")

# %% [markdown] tags=["solution"]
# `keepdim=True` keeps the reduced dimension as a 1, so that mean and variance broadcast back over the features. $\epsilon$ only matters for a token whose features are nearly equal.

# %% [markdown]
# Layer norm never sees other tokens or other sentences, so padding cannot disturb it, and a batch of one works like any other. Batch normalisation averages over the batch, where both would matter.
#
# ## 5 · The Transformer block
#
# Where does the norm go? There are two conventions:
#
# $$\textbf{post-norm:}\;\; x \leftarrow \text{norm}(x + \text{sublayer}(x)) \qquad\qquad \textbf{pre-norm:}\;\; x \leftarrow x + \text{sublayer}(\text{norm}(x))$$

# %%
drawings.transformer_block()

# %% [markdown]
# Post-norm is the paper's: it normalises the stream itself, again and again. Pre-norm leaves the stream alone and normalises only what a sublayer *reads*. Because the stream may have grown, a pre-norm stack ends with one more norm. Do it for both sublayers, and the **block** is complete. In training, dropout is applied to each sublayer's output before it is added (Vaswani et al. 2017, section 5.4). We leave it out until section 9.
#
# ### Exercise 3 · A pre-norm block (core, 7 minutes)
#
# Write `pre_norm_block(x, attention, feed_forward, norm_1, norm_2)`. All but `x (…, d_model)` are functions of one argument. Attention comes first, with `norm_1`; then the feed-forward network, with `norm_2`.


# %% tags=["exercise"]
def pre_norm_block(x, attention, feed_forward, norm_1, norm_2):
    """x (…, d_model); the others are functions (…, d_model) → (…, d_model)."""
    ### BEGIN SOLUTION
    x = x + attention(norm_1(x))
    return x + feed_forward(norm_2(x))
    ### END SOLUTION


# %% tags=["check"]
check("07.pre_norm_block", pre_norm_block)

# %% tags=["hint"]
hint("07.pre_norm_block")

# %% [markdown] tags=["solution"]
# The second line starts from the *new* `x`, which already contains what attention found. Note what is missing: a norm on `x` itself. From the block's input to its output there are only additions.

# %% [markdown]
# First test: your block, on the weights of `torch.nn.TransformerEncoderLayer`. Second: section 3's measurement once more.

# %%
_ = torch.manual_seed(0)
theirs = nn.TransformerEncoderLayer(8, 2, 32, dropout=0.0, norm_first=True, batch_first=True)
library = EncoderLayer(8, 2, 32, norm_first=True)
_ = library.load_state_dict(theirs.state_dict())
x = torch.randn(2, 6, 8)  # (batch, time, d_model)


def your_norm(norm):
    return lambda y: yours("07.layer_norm")(y, norm.weight, norm.bias, norm.eps)


with torch.no_grad():
    by_you = yours("07.pre_norm_block")(x, library.self_attn, your_ffn(library), your_norm(library.norm1), your_norm(library.norm2))
    measured("your block, largest difference from torch.nn.TransformerEncoderLayer", (by_you - theirs(x)).abs().max(), at_most=1e-5)
for scale in (1.0, 1.5, 2.0):
    gradients, output = run_stack(yours("07.pre_norm_block"), scale)
    measured(f"your pre-norm block, weights × {scale:g}: gradient at the first layer", gradients[0], between=(0.5, 20))

# %% [markdown]
# At scales at which the other stacks change by many orders of magnitude, the pre-norm stack stays within a factor of 20. Residual connection and norm need each other.
#
# ### Spot the bug
#
# Three published mistakes, rewritten with our names. All shapes are right, and no error is raised. (Masks: True = may attend, as everywhere in this course.)
#
# > **Predict.** What is wrong with each? Think of two tests: one in which both sublayers return zeros, and one in which only later tokens change.


# %%
def block_a(x, attention, ffn, norm_1, norm_2):  # meant as post-norm
    x = attention(x)
    x = norm_1(x + x)
    y = ffn(x)
    return norm_2(y + y)


def block_b(x, attention, ffn, norm_1, norm_2):  # meant as pre-norm
    x = norm_1(x)
    x = x + attention(x)
    x = norm_2(x)
    return x + ffn(x)


def block_c(x, attention, ffn, norm_1, norm_2):  # pre-norm; attention gets the mask torch.triu(…, diagonal=1)
    x = x + attention(norm_1(x))
    return x + ffn(norm_2(x))


_ = torch.manual_seed(0)
layer, ffn = MultiHeadAttention(8, 2), nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 8))
norms = nn.LayerNorm(8), nn.LayerNorm(8)
allowed, upside_down = causal_mask(6), torch.ones(6, 6, dtype=torch.bool).triu(diagonal=1)
x = 3 * torch.randn(1, 6, 8)  # (batch, time, d_model)
future = x.clone()
future[:, 4:] = 0.0  # a different future for tokens 0 to 3
print("      sublayers return 0: output minus expected     later tokens changed: change of tokens 0 to 3")
for name, block, mask in (("a", block_a, allowed), ("b", block_b, allowed), ("c", block_c, upside_down)):
    attend = partial(layer, mask=mask[None])
    expected = norms[1](norms[0](x)) if name == "a" else x  # what a correct block of its kind returns
    with torch.no_grad():
        silent = (block(x, torch.zeros_like, torch.zeros_like, *norms) - expected).abs().max()
        moved = (block(x, attend, ffn, *norms) - block(future, attend, ffn, *norms))[:, :4].abs().max()
    print(f"{name}:  {silent:27.1f} {moved:46.1f}")

# %% [markdown]
# Both numbers should be 0. **a** adds the sublayer's output to itself, so the input is lost (kyegomez/BitNet#32 had this). **b** overwrites the stream with its norm before the sum (compare pytorch/pytorch#61165): the direct path is gone. **c** has the mask upside down, lesson 06's trap
# (rasbt/LLMs-from-scratch#1061): each token sees only its future. Each of the two tests takes three lines; put them into your own projects.
#
# ## 6 · Learning-rate warm-up
#
# The paper trains with a schedule that starts near 0, rises for a number of *warm-up* steps, and then falls with the inverse square root of the step:
#
# $$\text{lr}(step) = d_{model}^{-0.5} \cdot \min(step^{-0.5},\; step \cdot warmup^{-1.5})$$
#
# Is the **warm-up** needed? We test it with eight layers, 32 wide, on a task that attention alone can solve: at each position, predict the symbol at the mirrored position. The schedule is the paper's formula with 100 warm-up steps. Its rival starts at the peak rate and stays there.
#
# > **Predict.** Four runs: post-norm and pre-norm, each with the paper's schedule and with the constant rate. Which one will fail?


# %% tags=["nbval-ignore-output"]
class Mirror(nn.Module):
    """At each of 10 tokens: logits of the symbol at the mirrored position."""

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


def train_mirror(norm_first, lr, warm_up=0, schedule="constant", seed=0):
    """The mean loss of the last 25 of 150 steps, and the history."""
    _ = torch.manual_seed(seed)
    model = Mirror(norm_first).to(device)
    options = {"lr": lr, "warm_up": warm_up, "schedule": schedule, "minimum": 0.0, "progress": False}
    history = fit(model, rows(seed), mirror_loss, steps=150, **options)
    return sum(history.losses[-25:]) / 25, history


def paper_rate(step, d_model=32, warm_up=100):
    return d_model**-0.5 * min(step**-0.5, step * warm_up**-1.5)


peak = paper_rate(100)
ends, histories = {}, {}
for norm, norm_first in (("post-norm", False), ("pre-norm", True)):
    ends[norm, "constant"], histories[f"{norm}, constant rate"] = train_mirror(norm_first, peak)
    ends[norm, "paper"], histories[f"{norm}, paper's schedule"] = train_mirror(norm_first, peak, 100, "inverse_sqrt")

ax = plots.learning_curve(
    histories,
    baselines={"guessing": math.log(16)},
    title="Post-norm at the full rate from the first step learns nothing",
    ylim=(0, 3.4),
    smooth=10,
)
lines, names = ax.get_legend_handles_labels()
_ = ax.legend(lines, [name.removesuffix(" training") for name in names], loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)

# %%
print(f"peak rate: {peak:.4f}")
differences = [abs(learning_rate(step - 1, 150, peak, 100, "inverse_sqrt", 0.0) - paper_rate(step)) for step in range(1, 151)]
measured("fit's inverse_sqrt schedule, largest difference from the paper's formula", max(differences), at_most=1e-8)
measured("post-norm, constant rate: loss at the end", ends["post-norm", "constant"], at_least=2.5, unit="nats")
measured("post-norm, paper's schedule", ends["post-norm", "paper"], at_most=1, unit="nats")
measured("pre-norm, constant rate", ends["pre-norm", "constant"], at_most=0.5, unit="nats")
measured("pre-norm, paper's schedule", ends["pre-norm", "paper"], at_most=0.5, unit="nats")

# %% [markdown]
# At this rate post-norm needs the warm-up, and pre-norm does not. Xiong et al. 2020 (section 3) give the reason: at initialisation, a post-norm stack has large gradients in its last layers, so the first full steps do damage. Is it then post-norm that fails, or only this rate?
#
# ### Exercise 4 · Post-norm without warm-up (core, 8 minutes, experiment)
#
# *Predict* first: can post-norm do without warm-up at some lower rate? Then run `train_mirror(norm_first=False, lr=rate)[0]` in a cell of your own, for the rates 0.01, 0.003 and 0.0003. Set `post_norm_rate` to the one whose loss ends below 2 nats.

# %% tags=["exercise"]
post_norm_rate = ...
### BEGIN SOLUTION
post_norm_rate = 0.003
### END SOLUTION

# %% tags=["check"]
check("07.post_norm_rate", post_norm_rate)

# %% tags=["hint"]
hint("07.post_norm_rate")

# %% [markdown] tags=["solution"]
# At 0.01 nothing is learned, at 0.0003 too little within 150 steps, and 0.003 works. So warm-up is not a must for post-norm: it makes high rates usable. Pre-norm tolerates them from the start, and ends lower here than post-norm at any of these rates.

# %% tags=["nbval-ignore-output"]
at_your_rate, _ = train_mirror(norm_first=False, lr=yours("07.post_norm_rate"))

# %%
measured("post-norm, constant rate of your choice: loss at the end", at_your_rate, at_most=2, unit="nats")

# %% [markdown]
# This does *not* say that post-norm is useless: the paper and BERT trained it, with warm-up. And this is one small model on one task; three seeds agreed (`benchmarks/RESULTS.md`). GPT-2 and most large models after it are pre-norm, and so are ours from here on. They are usually warmed up all the same.
#
# ## 7 · Cross-attention
#
# A decoder block has **three** sublayers: masked self-attention over what is written, **cross-attention** to the memory, and the feed-forward network. In cross-attention the queries come from the decoder's tokens $X$, the keys and values from the memory $M$:
#
# $$Q = X W_Q, \qquad K = M W_K, \qquad V = M W_V, \qquad \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d_k}}\right) V$$
#
# Its map is not square: one row for each target token, one column for each source token. The source is known as a whole, so no causal mask is needed, and only padding is hidden. Self-attention is the special case $M = X$, which means that one function will do for all three attentions.
#
# ### Exercise 5 · Cross-attention (core, 8 minutes)
#
# Write `cross_attention(x, memory, W_Q, W_K, W_V, mask)` with one head: `x (batch, target_len, d_model)`, `memory (batch, source_len, d_model)`, `W_Q` and `W_K (d_model, d_k)`, `W_V (d_model, d_v)`. `mask` is None, or booleans (True = may attend) that broadcast to `(batch, target_len, source_len)`. Return `(batch, target_len, d_v)`.


# %% tags=["exercise"]
def cross_attention(x, memory, W_Q, W_K, W_V, mask):
    """x (batch, target_len, d_model) attends to memory (batch, source_len, d_model) → (batch, target_len, d_v)."""
    ### BEGIN SOLUTION
    Q, K, V = x @ W_Q, memory @ W_K, memory @ W_V
    scores = Q @ K.transpose(-2, -1) / math.sqrt(K.shape[-1])  # (batch, target_len, source_len)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1) @ V
    ### END SOLUTION


# %% tags=["check"]
check("07.cross_attention", cross_attention)

# %% tags=["hint"]
hint("07.cross_attention")

# %% [markdown] tags=["solution"]
# Only `Q` is made from `x`. Keys and values belong together, one pair for each token of the memory, so both come from there.

# %% [markdown]
# ## 8 · A Transformer from your own parts
#
# You have all the parts. The task: read a word and write it backwards, *abcde* → *edcba*. The simplest solution is known: to write letter $t$, counted from 0, the decoder attends to letter $n - 1 - t$ of the source. It isn't the only one, since the encoder can move letters to other positions
# as well. Which one will training find?
#
# ### Exercise 6 · A Transformer (build, 30 minutes)
#
# Write `my_transformer(source, source_mask, target_in, p)`: one pre-norm block on each side, after the drawing of section 1.
#
# * `source (batch, source_len)` and `target_in (batch, target_len)` are ids; `target_in` begins with `<bos>`. `source_mask (batch, 1, source_len)` is True for real symbols.
# * `p` holds the weights: `p["source_embedding"]`, `p["target_embedding"]` and `p["positions"]` are tables with one row per symbol or position. `p["encoder_attention"]`, `p["decoder_self_attention"]`, `p["decoder_cross_attention"]` are $(W_Q, W_K, W_V)$, shaped as in exercise 5.
#   `p["encoder_feed_forward"]` and `p["decoder_feed_forward"]` are $(W_1, b_1, W_2, b_2)$. `p["encoder_norm_1"]`, `…_norm_2`, and in the decoder also `…_norm_3`, are $(\gamma, \beta)$. `p["encoder_norm"]` and `p["decoder_norm"]` come last in each stack. Use $\epsilon = 10^{-5}$.
# * Embeddings are multiplied by $\sqrt{d_{model}}$ before positions are added (Vaswani et al. 2017, section 3.4). They are initialised at a size of about $1/\sqrt{d_{model}}$, much smaller than the positions. The last projection is the target embedding, transposed. Return logits, `(batch, target_len, target_size)`.
#
# The first lines fetch your solved parts, or the library's. `causal_mask(time, device)` is imported.

# %% tags=["exercise"]
feed_forward, layer_norm = yours("07.feed_forward"), yours("07.layer_norm")
pre_norm_block, cross_attention = yours("07.pre_norm_block"), yours("07.cross_attention")


def my_transformer(source, source_mask, target_in, p):
    """source (batch, source_len), source_mask (batch, 1, source_len), target_in (batch, target_len) → logits."""
    ### BEGIN SOLUTION
    def embed(table, ids):
        return table[ids] * math.sqrt(table.shape[1]) + p["positions"][: ids.shape[1]]

    def norm(name):
        return lambda y: layer_norm(y, *p[name], 1e-5)

    x = embed(p["source_embedding"], source)  # (batch, source_len, d_model)
    x = pre_norm_block(
        x,
        lambda y: cross_attention(y, y, *p["encoder_attention"], source_mask),
        lambda y: feed_forward(y, *p["encoder_feed_forward"]),
        norm("encoder_norm_1"),
        norm("encoder_norm_2"),
    )
    memory = norm("encoder_norm")(x)

    causal = causal_mask(target_in.shape[1], target_in.device)[None]
    y = embed(p["target_embedding"], target_in)  # (batch, target_len, d_model)
    read = norm("decoder_norm_1")(y)
    y = y + cross_attention(read, read, *p["decoder_self_attention"], causal)
    y = y + cross_attention(norm("decoder_norm_2")(y), memory, *p["decoder_cross_attention"], source_mask)
    y = y + feed_forward(norm("decoder_norm_3")(y), *p["decoder_feed_forward"])
    return norm("decoder_norm")(y) @ p["target_embedding"].T
    ### END SOLUTION


# %% tags=["check"]
check("07.transformer", my_transformer)

# %% tags=["hint"]
hint("07.transformer")

# %% [markdown] tags=["solution"]
# The encoder is one call of your block. The decoder has one more sublayer, so its three lines are written out; each reads through its own norm and adds to the stream. All positions are computed at once: under teacher forcing there is no loop over time on either side.

# %% [markdown]
# A module holds the weights and calls your function:


# %%
class MyTransformer(nn.Module):
    """Weights for exercise 6, and padding masks from lengths."""

    def __init__(self, n_symbols, d_model=64, d_ff=128, max_len=32):
        super().__init__()

        def matrix(rows, columns, std):
            return nn.Parameter(std * torch.randn(rows, columns))

        def zeros(n):
            return nn.Parameter(torch.zeros(n))

        self.source_embedding, self.target_embedding = (matrix(n_symbols, d_model, d_model**-0.5) for _ in range(2))
        self.register_buffer("positions", sinusoidal_positions(max_len, d_model))
        self.parts = nn.ModuleDict()
        for name in ("encoder_attention", "decoder_self_attention", "decoder_cross_attention"):
            self.parts[name] = nn.ParameterList(matrix(d_model, d_model, d_model**-0.5) for _ in range(3))
        for name in ("encoder_feed_forward", "decoder_feed_forward"):
            wide, narrow = matrix(d_model, d_ff, d_model**-0.5), matrix(d_ff, d_model, d_ff**-0.5)
            self.parts[name] = nn.ParameterList([wide, zeros(d_ff), narrow, zeros(d_model)])
        for side, numbers in (("encoder", ("_1", "_2", "")), ("decoder", ("_1", "_2", "_3", ""))):
            for number in numbers:
                self.parts[f"{side}_norm{number}"] = nn.ParameterList([nn.Parameter(torch.ones(d_model)), zeros(d_model)])

    def forward(self, source, lengths, target_in):
        p = {name: tuple(weights) for name, weights in self.parts.items()}
        p |= {"source_embedding": self.source_embedding, "target_embedding": self.target_embedding, "positions": self.positions}
        mask = padding_mask(lengths.to(source.device), source.shape[1])[:, None]  # (batch, 1, source_len)
        return yours("07.transformer")(source, mask, target_in, p)


# %% [markdown]
# Now train it, on 20,000 random words of three to eight letters. The loss is lesson 04's, cross-entropy under teacher forcing.
#
# > **Predict.** What will the map of the cross-attention look like? And will the model reverse a word of twelve letters?

# %% tags=["nbval-ignore-output"]
letters = WordVocabulary(string.ascii_lowercase)
symbols = {"bos_id": letters.bos_id, "eos_id": letters.eos_id}


def random_words(n, seed):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(3, 9, (n,), generator=generator).tolist()
    return ["".join(string.ascii_lowercase[i] for i in torch.randint(26, (k,), generator=generator)) for k in lengths]


training_words = random_words(20_000, seed=0)
pairs = [(letters.encode(word), letters.encode(word[::-1])) for word in training_words]
_ = torch.manual_seed(0)
reverser = MyTransformer(len(letters)).to(device)
batches = pair_batches(pairs, 64, generator=torch.Generator().manual_seed(0), epochs=None, **symbols)
history = fit(reverser, batches, teacher_forced_loss, steps=1200, lr=6e-3, warm_up=100)
print(f"{n_parameters(reverser):,} parameters, {history.seconds:.0f} s")


# %% [markdown]
# Writing is greedy: append the most probable letter and run the model again, until `<eos>`. (The library's decoding avoids the recomputation with a cache, which lesson 08 builds.)


# %%
def write(words, max_len=12):
    """What the model writes, greedily."""
    source, lengths = (part.to(device) for part in pad([letters.encode(word) for word in words]))
    written = torch.full((len(words), 1), letters.bos_id, device=device)  # (batch, 1)
    with torch.no_grad():
        for _ in range(max_len):
            newest = reverser(source, lengths, written)[:, -1].argmax(dim=-1, keepdim=True)  # (batch, 1)
            written = torch.cat([written, newest], dim=1)
    answers = []
    for row in written[:, 1:].tolist():
        end = row.index(letters.eos_id) if letters.eos_id in row else len(row)
        answers.append("".join(letters.decode(row[:end])))
    return answers


def exact_match(words, max_len=12):
    return sum(answer == word[::-1] for answer, word in zip(write(words, max_len), words, strict=True)) / len(words)


known = set(training_words)
test_words = [word for word in random_words(1100, seed=1_000_000) if word not in known][:1000]
longer = [string.ascii_lowercase[k : k + 12] for k in range(14)]
measured("exact match on 1,000 new words", exact_match(test_words), at_least=0.95)
measured("exact match on 14 words of 12 letters, longer than any in training", exact_match(longer, max_len=20), at_most=0.2)

# %% [markdown]
# Your Transformer works, and it has learned to reverse words of three to eight letters, not to reverse in general: positions beyond the eighth letter never occurred in training. Now its cross-attention. The library's `Transformer` is the same function with one head per attention, so it can take over your weights
# and record its maps.


# %%
def as_library(model):
    """The library's Transformer with these weights."""
    d_model, d_ff = model.positions.shape[1], model.parts["encoder_feed_forward"][1].shape[0]
    sizes = {"d_model": d_model, "n_heads": 1, "d_ff": d_ff, "num_layers": 1, "max_len": len(model.positions)}
    twin = Transformer(len(letters), len(letters), norm_first=True, **sizes)
    state = {"source_embedding.weight": model.source_embedding, "target_embedding.weight": model.target_embedding}
    names = {
        "encoder_attention": "encoder.layers.0.self_attn",
        "decoder_self_attention": "decoder.layers.0.self_attn",
        "decoder_cross_attention": "decoder.layers.0.multihead_attn",
    }
    for name, theirs in names.items():
        state[f"{theirs}.in_proj_weight"] = torch.cat([W.T for W in model.parts[name]])
        state[f"{theirs}.in_proj_bias"] = torch.zeros(3 * d_model)
        state[f"{theirs}.out_proj.weight"], state[f"{theirs}.out_proj.bias"] = torch.eye(d_model), torch.zeros(d_model)
    for side in ("encoder", "decoder"):
        W_1, b_1, W_2, b_2 = model.parts[f"{side}_feed_forward"]
        layer = f"{side}.layers.0"
        state |= {f"{layer}.linear1.weight": W_1.T, f"{layer}.linear1.bias": b_1}
        state |= {f"{layer}.linear2.weight": W_2.T, f"{layer}.linear2.bias": b_2}
        for number in ("1", "2", "3") if side == "decoder" else ("1", "2"):
            state[f"{layer}.norm{number}.weight"], state[f"{layer}.norm{number}.bias"] = model.parts[f"{side}_norm_{number}"]
        state[f"{side}.norm.weight"], state[f"{side}.norm.bias"] = model.parts[f"{side}_norm"]
    _ = twin.load_state_dict(state)
    return twin.to(device)


twin = as_library(reverser)


def inputs(words, answers):
    """source, lengths and target_in of these words and of what is written for them."""
    source, lengths = pad([letters.encode(word) for word in words])
    target_in, _ = pad([[letters.bos_id, *letters.encode(answer)] for answer in answers])
    return source.to(device), lengths.to(device), target_in.to(device)


def cross_maps(words, answers):
    """Cross-attention as these answers are written: (batch, target_len, source_len)."""
    with torch.no_grad(), record_attention(twin) as maps:
        twin(*inputs(words, answers))
    return maps["decoder.layers.0.multihead_attn"][:, 0].cpu()


def share_on_truth(words):
    """How often the largest weight is on the letter that has to be copied."""
    maps, n = cross_maps(words, [word[::-1] for word in words]), torch.tensor([len(word) for word in words])[:, None]
    t = torch.arange(maps.shape[1])  # (target_len,)
    return (maps.argmax(dim=-1) == n - 1 - t)[t < n].double().mean().item()  # the step that writes <eos> copies nothing


batch = inputs(test_words[:50], [word[::-1] for word in test_words[:50]])
with torch.no_grad():
    measured("your Transformer, largest difference from the library's logits", (reverser(*batch) - twin(*batch)).abs().max(), at_most=1e-3)
measured("largest cross-attention weight on the letter to be copied", share_on_truth(test_words), at_least=0.9)

# %% tags=["nbval-ignore-output"]
def draw_reversed(text):
    word = text.strip().lower()
    if not (2 <= len(word) <= 16 and set(word) <= set(string.ascii_lowercase)):
        raise ValueError(f"{text!r}: type 2 to 16 letters from a to z.")
    answer = write([word], max_len=20)[0]
    weights = cross_maps([word], [answer])[0]  # (target_len, source_len)
    verdict = "correct" if answer == word[::-1] else f"it should be {word[::-1]}"
    title = f"{word} → {answer}: {verdict}"
    return plots.attention_heatmap(weights, [*answer, "<eos>"], list(word), title, query_title="the letter being written")


TypedFigure(
    draw_reversed,
    start="stream",
    label="a word",
    alt="The cross-attention as the typed word is written backwards: large weights on the diagonal from lower left to upper right.",
)

# %% [markdown]
# The anti-diagonal: training found the simplest solution. A row is named after the letter *written* there; when its query is computed, the newest letter that the decoder has read is the one before it. All maps of decoders are labelled like this. Type *transformer*, and see where a word that is too long goes wrong.
#
# ## 9 · German → English
#
# Lesson 05's captions again, now with a Transformer: three pre-norm blocks on each side, 128 wide, four heads, trained beforehand. One thing is new in its training: the target.
#
# **Label smoothing** (Szegedy et al. 2016). A translation is rarely the only correct one, but cross-entropy pushes the probability of the reference's word ever closer to 1. Label smoothing spreads a share $\epsilon$ of the target probability evenly over all $V$ words, the true one included:
#
# $$p_{\text{target}}(w) = (1 - \epsilon)\,[w = \text{true}] + \frac{\epsilon}{V}$$
#
# Here $[w = \text{true}]$ is 1 for the true word and 0 for all others.
#
# ### Exercise 7 · Smoothed targets (warm-up, 5 minutes)
#
# Write `smooth_targets(targets, vocab_size, epsilon)`: `targets (n,)` ids → `(n, vocab_size)` probabilities, in float32.


# %% tags=["exercise"]
def smooth_targets(targets, vocab_size, epsilon):
    """targets (n,) ids → target probabilities (n, vocab_size)."""
    ### BEGIN SOLUTION
    return (1 - epsilon) * F.one_hot(targets, vocab_size) + epsilon / vocab_size
    ### END SOLUTION


# %% tags=["check"]
check("07.smooth_targets", smooth_targets)

# %% tags=["hint"]
hint("07.smooth_targets")

# %% [markdown] tags=["solution"]
# The one-hot rows are scaled to $1 - \epsilon$, and adding $\epsilon / V$ everywhere brings each row back to 1.

# %%
targets, V, epsilon = torch.tensor([2, 0]), 5, 0.1
target = yours("07.smooth_targets")(targets, V, epsilon)  # (n, V)
logits = torch.randn(2, V, generator=torch.Generator().manual_seed(0))
loss = -(target * logits.log_softmax(dim=-1)).sum(dim=-1).mean()
difference = (loss - F.cross_entropy(logits, targets, label_smoothing=epsilon)).abs()
measured("loss with your targets, difference from F.cross_entropy(…, label_smoothing=0.1)", difference, at_most=1e-5)
measured("the lowest possible loss", -(target * target.log()).sum(dim=-1).mean(), at_least=0.1, unit="nats")

# %% [markdown]
# A smoothed loss cannot fall below the entropy of its targets; remember that when you compare losses. Now the three translators.
#
# > **Predict.** Which one has the most parameters? Which took the longest to train? Which translates best?

# %%
corpus = multi30k.Corpus()
translators = {name: multi30k.build(name, corpus).to(device) for name in multi30k.MODELS}
translators[multi30k_transformer.NAME] = multi30k_transformer.build(corpus).to(device)
cards = {name: load_stored(name, model) for name, model in translators.items()}

print("                      parameters  steps  CPU-seconds  BLEU greedy  BLEU beam 5   (1,000 test sentences)")
for name, card in cards.items():
    facts = f"{name:<21} {card['parameters']:11,} {card['steps']:6,} {card['seconds']:12,}"
    print(f"{facts} {card['bleu']['greedy']:12.1f} {card['bleu']['beam 5']:12.1f}")

translator = translators["multi30k-transformer"].eval()
tied = translator.target_embedding.weight.numel()
in_encoder_blocks = tied / n_parameters(translator.encoder.layers[0])
measured("saved by sharing the target embedding with the last projection, in encoder blocks", in_encoder_blocks, between=(3.0, 3.2))
measured("the same in decoder blocks", tied / n_parameters(translator.decoder.layers[0]), between=(2.2, 2.4))

# %% [markdown]
# The Transformer is the best by far. It is also the smallest, but only because its last projection is the target embedding once more. That saves as much as three encoder blocks have; without it, the three would be about equal. And the comparison isn't quite fair: the Transformer was trained for
# more steps and for longer, with smoothed targets, less dropout and a longer warm-up. How much each of these contributes was not measured here.
#
# Every fifth test sentence, translated now and scored by sacreBLEU:

# %% tags=["nbval-ignore-output"]
german, english = zip(*corpus.sentences["test"][::5], strict=True)
scores_here = {name: bleu(multi30k.translate(model, corpus, german), english).score for name, model in translators.items()}

# %%
for name, score in scores_here.items():
    measured(f"{name}: BLEU on 200 sentences, difference from its stored score", abs(score - cards[name]["bleu"]["greedy"]), at_most=3)
lead = scores_here["multi30k-transformer"] - scores_here["multi30k-attention"]
measured("the Transformer's lead over the LSTM with attention", lead, at_least=5, unit="BLEU")

# %% [markdown]
# **Beam search** works as in lesson 04, for every model with `start`, `step` and `select`. A sentence on which it helps:

# %% tags=["nbval-ignore-output"]
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
print("reference:", corpus.sentences["test"][16][1])
for name, found in candidates(16)[1]:
    print(f"{name:6} log p {found.log_prob:6.2f}  ", " ".join(spell(found)))

# %% [markdown]
# *Händchen halten* means to hold hands. After *A man is holding*, greedy search took *a*, the most probable next word, and could not go back. The beam kept *hands* as well and found a more probable sentence. Its five are ranked with lesson 04's length penalty, not by log p alone. (*Blondine* is not in the vocabulary.) Over the whole test set the beam gains less for this model than for the LSTM
# with attention, as the table shows.
#
# ## 10 · What the heads attend to
#
# Three layers of four heads, three times: 36 maps. Rather than all of them, take one head of each kind, chosen by what it does. On *validation* pairs we measure three things for every head: in the encoder, its mean weight on the previous word; in the decoder's self-attention, on the two newest words; and in
# cross-attention, how often it aligns a word with its translation. For that, we need pairs that are known to belong together. Some words are the same in both languages, such as *Bar*, *Baseball* or *Person*. Where such a word occurs once on both sides, writing the one should mean attending to the other. The chosen heads are then judged on *test* pairs. Layers and heads are counted from 0.


# %%
def recorded(pairs):
    """All maps of a teacher-forced run, by name, (n, heads, target_len, source_len); the lengths of both sides."""
    source, source_lengths = pad([german for german, _ in pairs])
    target_in, target_lengths = pad([[english_words.bos_id, *english] for _, english in pairs])
    with torch.inference_mode(), record_attention(translator) as maps:
        translator(source.to(device), source_lengths.to(device), target_in.to(device))
    return {name: weights.cpu() for name, weights in maps.items()}, source_lengths, target_lengths


def on_offset(weights, lengths, back):
    """For each head, the mean weight on the token so many positions back: weights (n, heads, time, time) → (heads,)."""
    diagonal = weights.diagonal(offset=-back, dim1=2, dim2=3)  # (n, heads, time − back)
    real = torch.arange(diagonal.shape[-1]) + back < lengths[:, None]  # (n, time − back)
    return (diagonal * real[:, None]).sum(dim=(0, 2)) / real.sum()


def same_words(split):
    """Sentence pairs with a word of four letters or more that occurs once on each side: (pairs of ids, places)."""
    chosen, places = [], []
    for (german, english), ids in zip(corpus.sentences[split], corpus.ids(split), strict=True):
        sides = [[word.lower() for word in tokenize(text)] for text in (german, english)]
        for word in sorted(set(sides[0]) & set(sides[1])):
            if len(word) >= 4 and sides[0].count(word) == sides[1].count(word) == 1:
                chosen.append(ids)
                places.append((sides[1].index(word), sides[0].index(word)))  # (target, source)
    return chosen, torch.tensor(places)


def all_layers(maps, kind):
    """The maps of all layers of one kind of attention: a list of (n, heads, target_len, source_len)."""
    return [maps[f"{kind.split()[0]}.layers.{layer}.{kind.split()[1]}"] for layer in range(3)]


def scores_of(split):
    """Three scores for each of the 12 heads of a kind: previous word, two newest words, alignment."""
    maps, source_lengths, target_lengths = recorded(corpus.ids(split)[:300])
    previous = torch.cat([on_offset(w, source_lengths, 1) for w in all_layers(maps, "encoder self_attn")])
    newest = torch.cat([on_offset(w, target_lengths, 0) + on_offset(w, target_lengths, 1) for w in all_layers(maps, "decoder self_attn")])
    pairs, places = same_words(split)
    each = torch.arange(len(pairs))
    rows = [w[each, :, places[:, 0]] for w in all_layers(recorded(pairs)[0], "decoder multihead_attn")]  # (n, heads, source_len)
    aligned = (torch.cat(rows, dim=1).argmax(dim=-1) == places[:, 1:]).double().mean(dim=0)
    return previous, newest, aligned


head_previous, head_newest, head_aligned = (int(scores.argmax()) for scores in scores_of("validation"))
previous, newest, aligned = scores_of("test")
measured("encoder head: mean weight on the previous word", previous[head_previous], at_least=0.4)
measured("the mean of all 12 encoder heads", previous.mean(), at_most=0.3)
measured("decoder head: mean weight on the two newest words", newest[head_newest], at_least=0.55)
measured("the mean of all 12 decoder heads", newest.mean(), below=("that head", newest[head_newest]))
measured("cross-attention head: largest weight on the same word", aligned[head_aligned], at_least=0.7)
places = same_words("test")[1]
measured("always the same position in the sentence, for comparison", (places[:, 0] == places[:, 1]).double().mean(), at_most=0.5)

# %% tags=["nbval-ignore-output"]
source_words, found = candidates(88)
translation = found[1][1]  # the best of the beam
maps, _, _ = recorded([(corpus.source_vocabulary.encode(source_words), translation.ids)])
read = ["<bos>", *spell(translation)]  # the tokens that the decoder has read
written = [*read[1:], "<eos>"]  # what it writes at each of them


def heads(kind):
    return torch.cat(all_layers(maps, kind))  # (layers, heads, target_len, source_len)


def caption(head, what):
    return f"layer {head // 4}, head {head % 4}: {what}"


encoder_map = heads("encoder self_attn").flatten(0, 1)[head_previous]
_ = plots.attention_heatmap(encoder_map, source_words, source_words, title="Encoder, " + caption(head_previous, "mostly the word before"))

# %% tags=["nbval-ignore-output"]
decoder_map = heads("decoder self_attn").flatten(0, 1)[head_newest]
_ = plots.attention_heatmap(
    decoder_map,
    written,
    read,
    title="Decoder, " + caption(head_newest, "mostly the two newest words"),
    mask=causal_mask(len(read)),
    mark_uniform=False,
    query_title="the word being written",
)

# %% tags=["nbval-ignore-output"]
cross_map = heads("decoder multihead_attn").flatten(0, 1)[head_aligned]
_ = plots.attention_heatmap(
    cross_map,
    written,
    source_words,
    title="Cross-attention, " + caption(head_aligned, "mostly the word to translate"),
    query_title="the word being written",
)

# %% [markdown]
# *schenkt … ein* is one verb in two places (*einschenken*, to pour). In the last map, *pouring* attends to *schenkt* alone; *ein* may have been passed on by the encoder, since a column is not a word but the memory's vector at that word. And *A* attends to *blonde* rather than *Eine*: alignment is a tendency. A map shows where a head attends, not why (lesson 05), and twelve heads share the work.
#
# The decoder's head is less special than it looks: on average, the twelve heads already put half of their weight on the two newest words. The others are less tidy. Choose one by its small map or with the arrow keys, and move over the large one to choose a query:

# %% tags=["nbval-ignore-output"]
attention_explorer(
    {
        "encoder": Heads(heads("encoder self_attn"), source_words),
        "decoder, self-attention": Heads(heads("decoder self_attn"), query_tokens=written, key_tokens=read, mask=causal_mask(len(read))),
        "decoder, cross-attention": Heads(heads("decoder multihead_attn"), query_tokens=written, key_tokens=source_words),
    },
    title="The translator's three kinds of heads",
)

# %% [markdown]
# ## Recap
#
# | | formula | cost | when to use it |
# |---|---|---|---|
# | feed-forward network | $\max(0, xW_1 + b_1) W_2 + b_2$ | $2\, d\, d_{ff}$ per token, two thirds of an encoder layer's weights | after every attention, which only averages |
# | GELU | $x\,\Phi(x)$ | a little more than ReLU | GPT, BERT |
# | residual connection | $x + \text{sublayer}(x)$ | an addition | in every stack, around each sublayer |
# | layer norm | $\gamma \odot (x - \mu)/\sqrt{\sigma^2 + \epsilon} + \beta$ | a few operations per feature | always; over features, variance divided by $d$ |
# | post-norm | $\text{norm}(x + \text{sublayer}(x))$ | warm-up, or a lower rate | the paper, BERT |
# | pre-norm | $x + \text{sublayer}(\text{norm}(x))$ | one last norm | GPT-2 and most since |
# | cross-attention | $Q$ from the decoder, $K, V$ from the memory | target_len × source_len scores | one sequence is written from another |
# | label smoothing | $(1-\epsilon)[w = \text{true}] + \epsilon/V$ | the loss has a floor | more than one answer is right |
#
# **What is not true.** *"The encoder squeezes the sentence into one vector."* That was lesson 04's LSTM. Here the memory has a vector for each token. *"Transformers always beat RNNs."* On these captions one did, with more steps. On lesson 02's Shakespeare, at 0.8 million parameters, the two are about level
# (`benchmarks/RESULTS.md`): LSTM 1.58 to 1.59 nats, nanoGPT's recipe 1.91, and a well-tuned GPT 1.59 to 1.60. Even that comparison is loose, because the LSTM carries its state on while the GPT sees 64 characters. *"Residual connections are only there for the gradient."* Norms
# kept the gradient alive as well, and all tokens became the same vector. *"Warm-up is always needed."* It depends on where the norm is and on the learning rate.
#
# **Still open.** A translator needs pairs of sentences, which are scarce. The decoder without its source needs only text, which is plentiful. What does it learn if it does nothing but continue texts? → `08_gpt.ipynb`
#
# ## References
#
# * A. Vaswani et al. 2017, *Attention is all you need*, sections 3.1 (blocks), 3.3 (feed-forward), 5.3 (schedule), 5.4 (label smoothing).
# * K. He et al. 2016, *Deep residual learning for image recognition*; J. Ba, J. Kiros, G. Hinton 2016, *Layer normalization*, section 3.
# * R. Xiong et al. 2020, *On layer normalization in the Transformer architecture*, sections 3 and 4.
# * Y. Dong, J.-B. Cordonnier, A. Loukas 2021, *Attention is not all you need: pure attention loses rank doubly exponentially with depth*.
# * D. Hendrycks, K. Gimpel 2016, *Gaussian error linear units*; C. Szegedy et al. 2016, *Rethinking the Inception architecture*, section 7.
# * O. Press, L. Wolf 2017, *Using the output embedding to improve language models*: the shared last projection.
# * harvardnlp/annotated-transformer, kyegomez/BitNet#32, pytorch/pytorch#61165, rasbt/LLMs-from-scratch#1061: the bugs of sections 4 and 5.
