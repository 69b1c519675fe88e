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
# # 01 · Recurrent neural networks
#
# **How much of a text do you have to remember to predict its next character?** A table of counts remembers the last few characters
# exactly and knows nothing else. A recurrent network can carry a memory as far as it needs to, at least in principle. In this
# lesson the two compete, and you find out what the network remembers, what it forgets, and why.
#
# You will be able to:
#
# * **score** a language model with cross-entropy, perplexity and bits per character (exercise 1),
# * **write** one step of a recurrent network and run it over a text (exercise 2),
# * **predict** from the recurrent weights how fast a gradient vanishes or explodes (exercise 3),
# * **train** a recurrent network with gradient clipping and a loop of your own (exercises 4 and 5),
# * **carry** the hidden state from one window of text to the next, and sample from the model (exercises 6 and 7).
#
# Time: 90 minutes; the cells run for about a minute and a half on one CPU core. You need Python, lesson 00, and a first idea of PyTorch
# modules, gradients and the softmax.

# %% tags=["setup", "nbval-ignore-output"]
import math
from collections import Counter

import matplotlib.pyplot as plt
import torch
from torch import nn

from course_lib import drawings, plots
from course_lib.data import load, memory
from course_lib.decoding import next_distribution, sample
from course_lib.device import setup
from course_lib.explore import SliderFigure
from course_lib.losses import CarriedLoss, next_symbol_loss, text_loss
from course_lib.metrics import accuracy, bits_per_character, perplexity
from course_lib.models import RNN, NGram, RecurrentLM, RNNCell, n_parameters
from course_lib.practice import check, hint, yours
from course_lib.report import measured
from course_lib.text.batching import stream_windows
from course_lib.text.characters import CharVocabulary
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · Language models
#
# A **language model** assigns a probability to every text $w_1 w_2 \dots w_n$. The chain rule of probability splits that into one
# prediction per symbol, without any approximation:
#
# $$P(w_1 \dots w_n) = \prod_{i=1}^{n} P(w_i \mid w_{<i})$$
#
# So all a model has to do is predict the next symbol, $w_i$, from the symbols before it, $w_{<i}$. In this lesson a symbol is a character.

# %%
text = load("tiny-shakespeare")
vocabulary = CharVocabulary.from_text(text.train)
train_ids = vocabulary.encode(text.train)
print(text.train[:75])
print(f"\n{len(train_ids):,} characters to train on, {len(vocabulary)} different symbols")

# %% [markdown]
# How good is a model? Let it read a text it has never seen, and note the probability it gave to each character that actually came next.
# Multiplied together, a hundred thousand probabilities underflow to zero, so take logarithms, average them, and flip the sign.
# That is the **cross-entropy** in *nats*, the loss you will meet in every lesson. Perplexity and bits express the same quantity differently:
#
# $$\text{loss} = -\frac{1}{n}\sum_{i=1}^{n} \ln P(w_i \mid w_{<i}), \qquad
# \text{perplexity} = e^{\text{loss}}, \qquad \text{bits per character} = \frac{\text{loss}}{\ln 2}$$
#
# A worked example: the model gave the next three characters the probabilities $\frac12$, $\frac14$ and $\frac18$.

# %%
probabilities = torch.tensor([1 / 2, 1 / 4, 1 / 8])
loss = -probabilities.log().mean()
print(f"loss {loss:.3f} nats, perplexity {perplexity(loss):.1f}, {bits_per_character(loss):.1f} bits per character")

# %% [markdown]
# A perplexity of 4 means that on average the model was as unsure as if it had to choose among **four** equally likely characters. A model that
# knows nothing chooses among all 65.

# %%
uniform = math.log(len(vocabulary))
print(f"uniform model: {uniform:.2f} nats, perplexity {perplexity(uniform):.0f}")

# %% [markdown]
# ### Exercise 1 · Perplexity (warm-up, 4 minutes)
#
# Write `perplexity_of(log_probs)`. `log_probs` has shape `(n,)` and holds $\ln P(w_i \mid w_{<i})$ for the n characters of a text. Return the
# perplexity as a tensor without dimensions.


# %% tags=["exercise"]
def perplexity_of(log_probs):
    """log_probs: (n,) natural logarithms of probabilities → perplexity, a tensor without dimensions."""
    ### BEGIN SOLUTION
    return torch.exp(-log_probs.mean())
    ### END SOLUTION


# %% tags=["check"]
check("01.perplexity", perplexity_of)

# %% tags=["hint"]
hint("01.perplexity")

# %% [markdown] tags=["solution"]
# The mean of the logarithms comes first, then the exponential. Averaging the probabilities themselves would let one
# easy character hide many hard ones.

# %% [markdown]
# ## 2 · The baseline: n-grams
#
# The simplest memory is a table. An **n-gram** model looks up the last n − 1 characters and predicts whatever followed them in the
# training text. Long contexts are rare, so a good table blends the counts after the whole context $h$ with the prediction for the shorter
# context $h'$, which is $h$ without its first character. This is the Witten–Bell blend:
#
# $$P(w \mid h) = \frac{c(h, w) + T(h)\, P(w \mid h')}{c(h) + T(h)}$$
#
# Here $c$ counts occurrences, and $T(h)$ is the number of *different* characters seen after $h$. The more varied a context's
# continuations, the more weight goes to the shorter context. The empty context falls back on the uniform distribution.
#
# The data set ends with two plays, and they differ in one way that matters. *The Taming of the Shrew* begins in the training text and
# continues in the validation text. *The Tempest* comes after it; no model sees a line of it during training, and nothing in this
# lesson is chosen by looking at it. It is our **test** text.

# %%
border = text.validation.index("Master:\nBoatswain!")
validation_ids = vocabulary.encode(text.validation[:border])  # the rest of The Taming of the Shrew
test_ids = vocabulary.encode(text.validation[border:])  # The Tempest
print(f"{len(validation_ids):,} characters for validation, {len(test_ids):,} for the test")

# %% [markdown]
# > **Predict.** Let n run from 1 to 7. Does the loss on the test text keep falling? And on the training text?

# %%
ngram = NGram(order=7, vocab_size=len(vocabulary)).fit(train_ids)
orders = range(1, 8)
seen = {n: ngram.cross_entropy(train_ids[:100_000], order=n) for n in orders}
unseen = {n: ngram.cross_entropy(test_ids, order=n) for n in orders}
_ = plots.loss_by_order(seen, unseen, title="Longer contexts stop helping once they become rare")

# %%
on_validation = {n: ngram.cross_entropy(validation_ids, order=n) for n in orders}
best = min(on_validation, key=on_validation.get)
print(f"best order on the validation text: {best}; on the test text it has {unseen[best]:.3f} nats")
print(f"7-gram: {seen[7]:.2f} nats on its training text, {unseen[7]:.2f} on the test text")
print(f"table entries: {sum(ngram.entries_by_order[:5]):,} for the 5-gram, {sum(ngram.entries_by_order):,} for the 7-gram")


def rarely_seen(string, length):
    """The share of a string's contexts of this length that occur at most once in the training text."""
    counts = Counter(text.train[i : i + length] for i in range(len(text.train) - length + 1))
    contexts = [string[i : i + length] for i in range(len(string) - length + 1)]
    return sum(counts[context] <= 1 for context in contexts) / len(contexts)


for n in (5, 7):
    shares = [rarely_seen(play, n - 1) for play in (text.validation[:border], text.validation[border:])]
    print(f"{n}-gram, contexts seen at most once: {shares[0]:.0%} in The Taming of the Shrew, {shares[1]:.0%} in The Tempest")

# %% [markdown]
# On its training text the table improves with every character of context, because it **overfits**: it memorises. On a new play it gets worse after
# n = 5. More than a third of the six-character contexts there were seen at most once in training, and one observation is a poor estimate.
#
# A table also cannot tell that *my noble lord* and *my gentle lord* are similar, because each context is a separate row. What we want is a
# memory of fixed size that reaches back as far as needed, and that treats similar contexts alike.
#
# ## 3 · The recurrent network
#
# A **recurrent neural network** (RNN; Elman 1990) reads one symbol at a time and keeps a vector, the **hidden state** $h$. At each step it
# combines the new input $x_t$ with the previous state:
#
# $$h_t = \tanh(W_{ih}\, x_t + W_{hh}\, h_{t-1} + b), \qquad h_0 = 0$$
#
# Drawn step by step, or **unrolled**, the network looks like a deep one with one layer per symbol. The crucial point is that every layer uses
# the *same* weights.

# %%
drawings.unrolled_rnn()

# %% [markdown]
# Weights that fit on paper show what such a state can hold. Take two symbols, `a` = (1, 0) and `z` = (0, 1), and two hidden units:

# %%
W_ih = torch.tensor([[1.0, -1.0], [2.0, 0.0]])  # (hidden_size, input_size)
W_hh = torch.tensor([[0.0, 0.0], [0.0, 1.5]])  # (hidden_size, hidden_size)
b = torch.zeros(2)  # (hidden_size,)

# Units 0 and 1 while the network reads "azz", computed by hand:
after_a = (math.tanh(1), math.tanh(2))
after_az = (math.tanh(-1), math.tanh(1.5 * after_a[1]))
after_azz = (math.tanh(-1), math.tanh(1.5 * after_az[1]))
for read, (unit_0, unit_1) in zip(("a", "az", "azz"), (after_a, after_az, after_azz), strict=True):
    print(f"after {read:<3}: h = ({unit_0:5.2f}, {unit_1:5.2f})")

# %% [markdown]
# Unit 0 has no recurrent weight: it only shows which symbol came **last**. Unit 1 feeds itself. Here is the same computation as a loop over
# time, and then with the library's layer, whose parameters have the names of `torch.nn.RNN`. (PyTorch keeps two bias vectors and adds them.)


# %%
def one_hot(string):
    """'azz' → (time, 2): one row per character."""
    return torch.tensor([[1.0, 0.0] if character == "a" else [0.0, 1.0] for character in string])


def read_by_loop(string):
    """The hidden state after every character: (time, hidden_size)."""
    h, states = torch.zeros(2), []
    for x_t in one_hot(string):
        h = torch.tanh(W_ih @ x_t + W_hh @ h + b)  # (hidden_size,)
        states.append(h)
    return torch.stack(states)


toy = RNN(input_size=2, hidden_size=2)
toy.load_state_dict({"weight_ih_l0": W_ih, "weight_hh_l0": W_hh, "bias_ih_l0": b, "bias_hh_l0": b})
with torch.no_grad():
    output, h_n = toy(one_hot("azz")[None])  # (batch = 1, time, hidden_size), (num_layers, batch, hidden_size)
measured("loop, largest difference from the values by hand", (read_by_loop("azz")[-1] - torch.tensor(after_azz)).abs().max(), at_most=1e-6)
measured("library's layer, largest difference from the loop", (output[0] - read_by_loop("azz")).abs().max(), at_most=1e-6)

# %% [markdown]
# > **Predict.** These two texts differ only in their first character. In which unit can you still see the difference, and for how many steps?

# %% tags=["nbval-ignore-output"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.0))
for ax, string in ((left, "azzzzz"), (right, "zzzzzz")):
    plots.hidden_states(read_by_loop(string), string, title=f"Hidden state while reading {string}", ax=ax)

# %% [markdown]
# Unit 1 records whether there was **ever** an `a`. Its value shrinks a little and then stays, because $\tanh(1.5\,h) = h$ has a solution
# near 0.86. One number can remember one fact for any length of time. So an RNN *can* remember; the question is whether it can
# **learn** to.
#
# ### Exercise 2 · One step of an RNN (core, 8 minutes)
#
# Write `rnn_step(x, h, W_ih, W_hh, b)` for a whole batch: `x` has shape `(batch, input_size)` and `h` has shape `(batch, hidden_size)`, so each
# **row** is one example. Return the new state, `(batch, hidden_size)`. The network that you train in section 6 runs on your function.


# %% tags=["exercise"]
def rnn_step(x, h, W_ih, W_hh, b):
    """x (batch, input_size), h (batch, hidden_size) → the next h, (batch, hidden_size)."""
    ### BEGIN SOLUTION
    return torch.tanh(x @ W_ih.T + h @ W_hh.T + b)
    ### END SOLUTION


# %% tags=["check"]
check("01.rnn_step", rnn_step)

# %% tags=["hint"]
hint("01.rnn_step")

# %% [markdown] tags=["solution"]
# The formula $W x$ treats $x$ as a column. With one example per row the product becomes `x @ W.T`. $W_{hh}$ is square, so forgetting its
# transpose raises no error; only a test of the values finds it.

# %% [markdown]
# ## 4 · Back-propagation through time
#
# To train the network we need $\partial L / \partial W_{hh}$ for a loss $L$ at the last step $T$. $W_{hh}$ is used once per step, so its
# gradient is a **sum over the steps**. For each term, the gradient travels back from the loss through all the states in between:
#
# $$\frac{\partial L}{\partial W_{hh}} = \sum_{t=1}^{T} \underbrace{\frac{\partial L}{\partial h_T}\,
# \frac{\partial h_T}{\partial h_t}}_{\text{what reaches step } t}\,\frac{\partial^{+} h_t}{\partial W_{hh}},
# \qquad
# \frac{\partial h_T}{\partial h_t} = \prod_{k=t+1}^{T} \operatorname{diag}(1 - h_k^2)\; W_{hh}$$
#
# The symbol $\partial^{+}$ denotes the direct effect at step t alone, with $h_{t-1}$ held fixed; $1 - h^2$ is the derivative of tanh; the
# factor of the latest step, $k = T$, stands on the left. This is
# **back-propagation through time** (BPTT):

# %%
drawings.backpropagation_through_time()

# %% [markdown]
# First check the product on two steps of the toy network, by the formula and by autograd:

# %%
states = read_by_loop("azz")
by_formula = torch.diag(1 - states[2] ** 2) @ W_hh @ torch.diag(1 - states[1] ** 2) @ W_hh


def two_steps_of_z(h):
    z = one_hot("z")[0]
    return torch.tanh(W_ih @ z + W_hh @ torch.tanh(W_ih @ z + W_hh @ h))


by_autograd = torch.autograd.functional.jacobian(two_steps_of_z, states[0])
measured("formula, largest difference from autograd", (by_formula - by_autograd).abs().max(), at_most=1e-6)
print(f"effect of unit 1 on itself two steps later: {by_formula[1, 1]:.3f}")

# %% [markdown]
# After two steps only a tenth of the effect is left, even in the very unit that remembers. The unit is a
# reliable memory *because* small changes to it die out, and a gradient is nothing but the effect of a small change.
#
# How fast does it die out in general? An *eigenvector* of $W$ is only stretched by $W$; the factor, which may be complex, is its
# *eigenvalue*. One number of $W_{hh}$ predicts the outcome: its **spectral radius** $\rho$, the largest absolute value of its eigenvalues.
# Multiply almost any vector by the same matrix again and again, and in the long run its length changes by a factor of $\rho$ per
# multiplication. Since tanh has a slope of at most 1, a gradient that passes through a typical random matrix of radius below 1 **vanishes**
# exponentially. A guarantee for *every* matrix needs more: its largest singular value must be below 1 (Pascanu et al. 2013).
#
# To test this, take 64 units and measure what reaches each step.


# %%
def what_reaches_back(cell, longest=60):
    """Norm of ∂L/∂h_t for t = T, T − 1, …, T − longest, where L is a random linear function of h_T."""
    generator = torch.Generator().manual_seed(0)
    h = torch.zeros(16, cell.hidden_size, requires_grad=True)
    states = []
    for _ in range(20 + longest + 1):  # 20 steps first, to get away from h = 0
        x_t = torch.randn(16, cell.input_size, generator=generator)  # (batch, input_size)
        h = cell(x_t, h)  # (batch, hidden_size)
        states.append(h)
    loss = (h * torch.randn(16, cell.hidden_size, generator=generator)).sum()
    gradients = torch.autograd.grad(loss, states[20:])
    return [gradient.norm().item() for gradient in reversed(gradients)]


def new_cell(scale=1.0, seed=0):
    """64 units as PyTorch initialises them, with W_hh times a scale; weak inputs keep tanh in its steep middle."""
    _ = torch.manual_seed(seed)
    cell = RNNCell(8, 64)
    with torch.no_grad():
        cell.weight_ih *= 0.4
        cell.weight_hh *= scale
    return cell


def spectral_radius(W):
    """The largest absolute value among the eigenvalues of W."""
    return torch.linalg.eigvals(W.detach()).abs().max().item()


def share_left(cell, lag=50):
    """How much of the gradient is left that many steps back."""
    norms = what_reaches_back(cell)
    return norms[lag] / norms[0]


# %% [markdown]
# > **Predict.** PyTorch draws $W_{hh}$ uniformly between $-1/\sqrt{H}$ and $1/\sqrt{H}$, where $H$ is the hidden size. How much of the gradient
# > is left 50 steps back: a tenth, a thousandth, a millionth, or less?

# %% tags=["readme-figure"]
radius = spectral_radius(new_cell().weight_hh)
norms = {
    f"default initialisation, ρ = {radius:.2f}": what_reaches_back(new_cell()),
    "scaled to ρ = 1": what_reaches_back(new_cell(1 / radius)),
    "scaled to ρ = 2": what_reaches_back(new_cell(2 / radius)),
}
ax = plots.gradient_by_lag(norms, title="The spectral radius decides whether the gradient vanishes or explodes")
_ = ax.plot([radius**lag for lag in range(61)], ":", color="black", label=f"{radius:.2f} to the power of the lag")
_ = ax.legend()

# %%
default, one, two = norms.values()
rate = (default[50] / default[10]) ** (1 / 40)
measured("default initialisation: share of the gradient left after 50 steps", default[50] / default[0], at_most=1e-6)
measured("factor per step between lags 10 and 50", rate, between=(radius - 0.08, radius + 0.01))
measured("ρ = 1: share left after 50 steps", one[50] / one[0], between=(1e-3, 0.5))
measured("ρ = 2: share left after 50 steps", two[50] / two[0], at_least=1)
measured("ρ = 2: factor per step", (two[50] / two[0]) ** (1 / 50), between=(1.0, 1.5))

# %% [markdown]
# With the default initialisation practically nothing arrives. The measured rate is the spectral radius, minus the little that tanh takes at
# each step. Even the radius is predictable: a random matrix with entries of variance $\sigma^2$ has a radius of about $\sigma\sqrt{H}$, and
# the uniform distribution above has $\sigma = 1/\sqrt{3H}$. That makes $\sqrt{1/3} \approx 0.58$; twelve draws of 64 units gave 0.57 to 0.65.
#
# With $\rho = 2$ the gradient grows, but by far less than a factor of 2 per step. The states grow too, and where a state is near ±1 the slope
# of tanh, $1 - h^2$, is near 0. The draw of the weights matters as well: in twelve draws the gradient grew by a factor of 10 to 5,000 over 50 steps.
#
# What does this do to the sum? Give every step its own copy of $W_{hh}$, and autograd returns the terms one by one:


# %%
def terms_of_the_sum(cell, time=40):
    """The gradient of W_hh step by step, (time, hidden_size, hidden_size), and their sum as autograd gives it."""
    generator = torch.Generator().manual_seed(0)
    copies = [cell.weight_hh.detach().clone().requires_grad_() for _ in range(time)]
    inputs = torch.randn(time, 16, cell.input_size, generator=generator)
    direction = torch.randn(16, cell.hidden_size, generator=generator)

    def last_state(matrices):
        h = torch.zeros(16, cell.hidden_size)
        for x_t, W in zip(inputs, matrices, strict=True):
            h = torch.tanh(x_t @ cell.weight_ih.T + h @ W.T + cell.bias_ih + cell.bias_hh)
        return h

    terms = torch.autograd.grad((last_state(copies) * direction).sum(), copies)
    shared = cell.weight_hh.detach().clone().requires_grad_()
    (total,) = torch.autograd.grad((last_state([shared] * time) * direction).sum(), shared)
    return torch.stack(terms), total


terms, total = terms_of_the_sum(new_cell())
measured("sum of the 40 terms, relative difference from ∂L/∂W", (terms.sum(0) - total).norm() / total.norm(), at_most=1e-4)
measured("the last 10 terms alone, relative difference from ∂L/∂W", (terms[-10:].sum(0) - total).norm() / total.norm(), at_most=0.05)

# %% [markdown]
# Ten of the forty terms make up practically the whole gradient: whatever the text said more than ten steps before the end
# hardly affects how the weights change. Move the spectral radius and watch.


# %% tags=["nbval-ignore-output"]
def draw_radius(rho):
    return plots.gradient_by_lag(
        {f"ρ = {rho:.2f}": what_reaches_back(new_cell(rho / radius))},
        title=f"Spectral radius {rho:.2f}: share of the gradient by lag",
        ylim=(1e-12, 1e4),
    )


SliderFigure(
    draw_radius,
    values=[0.4, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0, 3.0],
    start=0.8,
    label="spectral radius of W_hh",
    alt="Norm of the gradient against lag, for one spectral radius of the recurrent weights.",
)

# %% [markdown]
# ### Exercise 3 · Set the spectral radius (core, 10 minutes, experiment)
#
# *Predict* two things on paper first; the cell after the exercise measures both.
#
# * From $\rho$ alone: at $\rho = 0.6$, after how many steps is less than a millionth of the gradient left?
# * An **orthogonal** matrix $Q$ changes no vector's length: $\lVert Qx \rVert = \lVert x \rVert$. What is its spectral radius? Will the gradient vanish
#   faster or more slowly than with a random matrix of the same radius?
#
# Now write `with_radius(W, rho)`: return a copy of the square matrix `W`, `(hidden_size, hidden_size)`, multiplied by one factor so that its spectral
# radius is `rho`. The eigenvalues may be complex numbers.


# %% tags=["exercise"]
def with_radius(W, rho):
    """W (hidden_size, hidden_size), rho a positive number → W times a factor, with spectral radius rho."""
    ### BEGIN SOLUTION
    return W * (rho / torch.linalg.eigvals(W).abs().max())
    ### END SOLUTION


# %% tags=["check"]
check("01.with_radius", with_radius)

# %% tags=["hint"]
hint("01.with_radius")

# %% [markdown] tags=["solution"]
# Scaling a matrix scales all of its eigenvalues by the same factor, so one division is enough. `eigvals` returns complex numbers, and `abs` gives
# their distance from zero. The real part alone would miss a pair such as ±0.9i, which rotates a vector instead of stretching it.
#
# On paper: $0.6^n < 10^{-6}$ from $n = 28$ on. Every eigenvalue of an orthogonal matrix has absolute value 1, because an eigenvector keeps its length.

# %% [markdown]
# Your function at work, on the two predictions:


# %%
def random_cell(rho, seed=0):
    cell = new_cell(seed=seed)
    with torch.no_grad():
        cell.weight_hh.copy_(yours("01.with_radius")(cell.weight_hh.detach(), rho))
    return cell


def orthogonal_cell(seed=0):
    cell = new_cell(seed=seed)
    _ = nn.init.orthogonal_(cell.weight_hh)
    return cell


norms = what_reaches_back(random_cell(0.6))
steps = next(lag for lag, norm in enumerate(norms) if norm < 1e-6 * norms[0])
measured("ρ = 0.6: steps until less than a millionth is left (28 from ρ alone)", steps, between=(20, 28))
for name, make in (("random, scaled to ρ = 1", lambda seed: random_cell(1.0, seed)), ("orthogonal", orthogonal_cell)):
    print(f"{name}: spectral radius {spectral_radius(make(0).weight_hh):.2f}")
    shares = [share_left(make(seed)) for seed in range(6)]
    measured(f"{name}: share left after 50 steps, smallest of six draws", min(shares), at_least=1e-4)
    measured(f"{name}: share left after 50 steps, largest of six draws", max(shares), at_most=0.5)

# %% [markdown]
# The prediction from $\rho$ is a few steps too generous, because tanh takes its share too. At radius 1, random and orthogonal matrices both
# keep a usable gradient. Which of the two keeps more depends on the draw. Orthogonal initialisation is popular because it gives radius 1 in
# one call, and because no direction is shrunk from the start (Saxe et al. 2014).
#
# ## 5 · Exploding gradients and clipping
#
# With a radius well above 1 the gradient **explodes**. The smallest example is an RNN that is a single number: $h_t = w\,h_{t-1}$ with
# $h_0 = 1$. After 50 steps $h = w^{50}$. We want $h = 0.5$, so the loss is $(h - 0.5)^2 / 2$, and at $w = 1.05$ it is a cliff:

# %%
w, learning_rate = 1.05, 0.01
h = w**50
slope = (h - 0.5) * 50 * w**49  # derivative of (h − 0.5)² / 2
print(f"h = {h:.1f}, slope = {slope:,.0f}")
print(f"plain step:         w = {w - learning_rate * slope:.1f}, then h = {(w - learning_rate * slope) ** 50:.0e}")
print(f"slope clipped to 1: w = {w - learning_rate * 1.0:.2f}, then h = {(w - learning_rate * 1.0) ** 50:.1f}")

# %% [markdown]
# The slope has the right *direction* and an absurd *length*. **Gradient clipping** keeps the direction: take all parameters' gradients as
# one long vector $g$, and if its norm exceeds a bound $c$, scale the whole of it by $c / \lVert g \rVert$ (Pascanu et al. 2013, section 3.2).
# Clipping tames explosion. It cannot help against vanishing, because it only ever makes a gradient shorter.
#
# ### Exercise 4 · Clip by the norm (core, 8 minutes)
#
# Write `clip_gradients(gradients, max_norm)`: `gradients` is a list of tensors. Return a **new** list, scaled by one common factor so that
# the joint norm is at most `max_norm`. Gradients that are already short enough stay as they are. Your training loop will use it.


# %% tags=["exercise"]
def clip_gradients(gradients, max_norm):
    """A list of tensors → a new list with the same direction and a joint norm of at most max_norm."""
    ### BEGIN SOLUTION
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    scale = max_norm / max(norm.item(), max_norm)  # 1 where the norm is small enough
    return [gradient * scale for gradient in gradients]
    ### END SOLUTION


# %% tags=["check"]
check("01.clip_gradients", clip_gradients)

# %% tags=["hint"]
hint("01.clip_gradients")

# %% [markdown] tags=["solution"]
# One factor for all tensors keeps the direction of the whole gradient. Writing the scale as `max_norm / max(norm, max_norm)` avoids both the
# `if` and a division by zero.

# %% [markdown]
# ## 6 · The training loop
#
# The **recall** task tests memory and nothing else. The network reads one symbol (0 to 7), then `lag` − 1 distractors (8 to 15), then a
# question mark (16), and must name the first symbol.

# %%
generator = torch.Generator().manual_seed(0)
inputs, target = memory.recall(batch=3, lag=6, generator=generator)
for row, answer in zip(inputs.tolist(), target.tolist(), strict=True):
    print("reads", row, "→ target", answer)

# %% [markdown]
# A model needs two more parts. An **embedding** turns each symbol into a learned vector $x_t$. A linear layer, the **head**, turns the state $h_t$
# into one score per possible answer, the **logits**; the softmax turns the logits into probabilities. Your step runs between the two:


# %%
class MyRNN(nn.Module):
    """Embedding → your recurrent step, once per symbol → head."""

    def __init__(self, vocab_size, d_embed, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.W_ih = nn.Parameter(torch.randn(hidden_size, d_embed) / d_embed**0.5)
        self.W_hh = nn.Parameter(nn.init.orthogonal_(torch.empty(hidden_size, hidden_size)))
        self.b = nn.Parameter(torch.zeros(hidden_size))
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, ids):
        step = yours("01.rnn_step")
        h = self.W_hh.new_zeros(len(ids), len(self.b))  # (batch, hidden_size)
        logits = []
        for x_t in self.embedding(ids).unbind(1):  # one (batch, d_embed) per step
            h = step(x_t, h, self.W_ih, self.W_hh, self.b)
            logits.append(self.head(h))  # (batch, vocab_size)
        return torch.stack(logits, dim=1)  # (batch, time, vocab_size)


def recall_loss(model, batch):
    """Cross-entropy of the answer after the last symbol."""
    inputs, target = batch
    logits = model(inputs)  # (batch, time, vocab_size)
    logits = logits[0] if isinstance(logits, tuple) else logits  # the library's models return their state as well
    return nn.functional.cross_entropy(logits[:, -1], target)


def recall_batches(lag, steps):
    generator = torch.Generator().manual_seed(lag)
    return [memory.recall(batch=32, lag=lag, generator=generator) for _ in range(steps)]


# %% [markdown]
# ### Exercise 5 · Your own training loop (build, 25 minutes)
#
# Write `train(model, batches, loss, lr, max_norm)`. Take one step for each batch, in order:
#
# 1. compute `loss(model, batch)`;
# 2. compute the gradients of all parameters, starting from zero;
# 3. clip them to `max_norm`, as in exercise 4;
# 4. subtract `lr` times the gradient from each parameter, outside of autograd: **stochastic gradient descent**.
#
# Return the list of losses, one Python number per step. You may use `torch.optim.SGD` and `nn.utils.clip_grad_norm_`, or do it all by hand.


# %% tags=["exercise"]
def train(model, batches, loss, lr, max_norm):
    """Train model in place, one step of gradient descent per batch → list of losses (floats)."""
    ### BEGIN SOLUTION
    losses = []
    parameters = list(model.parameters())
    for batch in batches:
        value = loss(model, batch)
        gradients = torch.autograd.grad(value, parameters)
        gradients = clip_gradients(gradients, max_norm)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= lr * gradient
        losses.append(value.item())
    return losses
    ### END SOLUTION


# %% tags=["check"]
check("01.train", train)

# %% tags=["hint"]
hint("01.train")

# %% [markdown] tags=["solution"]
# `torch.autograd.grad` returns fresh gradients, so there is nothing to reset. With `value.backward()` you have to call `model.zero_grad()` first,
# because `backward` adds to what is there. `value.item()` matters too: a list of loss *tensors* would keep every step's graph in memory.

# %% [markdown]
# Your step, your clipping, your loop:

# %% tags=["nbval-ignore-output"]
_ = torch.manual_seed(0)
my_model = MyRNN(memory.recall_vocab_size(), d_embed=16, hidden_size=64)
losses = yours("01.train")(my_model, recall_batches(lag=5, steps=400), recall_loss, lr=0.3, max_norm=1.0)
print(f"loss: {losses[0]:.2f} at the first step, {sum(losses[-20:]) / 20:.3f} over the last 20")

# %%
inputs, target = memory.recall(batch=1000, lag=5, generator=torch.Generator().manual_seed(1_000_000))
with torch.no_grad():
    measured("recall over 5 steps, accuracy on 1,000 new sequences", accuracy(my_model(inputs)[:, -1], target), at_least=0.95)

# %% [markdown]
# From here on the library does the same work faster. `RecurrentLM` is your model, with all time steps in one
# compiled call, a *fused kernel*.
# `fit` is your loop with a better optimiser (AdamW), a learning-rate schedule and a progress bar.
#
# > **Predict.** We train one network per lag, 300 steps each. Up to which lag does the default initialisation succeed? And those with radius 1?


# %%
def recall_accuracy(lag, initialisation):
    """Train a new RNN on one lag; its accuracy on 1,000 new sequences."""
    _ = torch.manual_seed(0)
    recurrent = RNN(16, 64)
    if initialisation == "orthogonal":
        _ = recurrent.orthogonal_()
    elif initialisation == "random, scaled to ρ = 1":
        with torch.no_grad():
            recurrent.weight_hh_l0.copy_(yours("01.with_radius")(recurrent.weight_hh_l0.detach(), 1.0))
    model = RecurrentLM(memory.recall_vocab_size(), d_embed=16, recurrent=recurrent).to(device)
    fit(model, recall_batches(lag, steps=300), recall_loss, steps=300, lr=3e-3, progress=False)
    inputs, target = memory.recall(batch=1000, lag=lag, generator=torch.Generator().manual_seed(1_000_000))
    with torch.no_grad():
        logits, _ = model(inputs.to(device))
    return accuracy(logits[:, -1].cpu(), target)


lags = (5, 10, 20, 80)
recalled = {
    name: {lag: recall_accuracy(lag, name) for lag in lags}
    for name in ("default initialisation", "random, scaled to ρ = 1", "orthogonal")
}
_ = plots.recall_bars(recalled, memory.recall_chance(), title="After 300 steps, every initialisation fails at lag 20")

# %%
for name, accuracies in recalled.items():
    measured(f"{name}: accuracy at lag 5", accuracies[5], at_least=0.99)
    bounds = {"at_most": 0.2} if name == "default initialisation" else {"at_least": 0.9}
    measured(f"{name}: accuracy at lag 10", accuracies[10], **bounds)
    measured(f"{name}: accuracy at lag 20 (chance: {memory.recall_chance()})", accuracies[20], at_most=0.2)

# %% [markdown]
# The network that *can* remember does not *learn* to. With the default initialisation practically nothing of the error at the end reaches the
# symbol that caused it. With radius 1, random or orthogonal, more of the gradient arrives, and the network learns lag 10. (With four seeds
# the orthogonal initialisation always did, the random one three times.) At lag 20 that is no longer enough, not with 1,000 steps either, at
# this learning rate, a third or a tenth of it. A better initialisation moves the limit; lesson 02 changes the cell.
#
# ## 7 · Shakespeare, one character at a time
#
# A million characters are too many to unroll at once. So the text is cut into **windows** of 64 characters. The *values* of the state flow from
# each window into the next, and the *gradient* stops at the border: **truncated** back-propagation through time. In code, this is one
# `detach`:
#
# ```python
# def window_loss(model, window, carried):
#     start = None if window.is_start else carried            # a new text starts from zeros
#     logits, state = model(window.inputs, start)             # (batch, time, vocab_size)
#     loss = cross_entropy(logits, window.targets)            # targets: the inputs, one character later
#     return loss, state.detach()                             # values go on, gradients do not
# ```
#
# `CarriedLoss` wraps these lines and keeps `carried` between calls. The 32 rows of a batch read 32 distant parts of the text, and each row
# continues in the next window where it stopped in this one:

# %%
windows = stream_windows(train_ids, batch=32, time=8)
first, second = next(windows), next(windows)
for row in (0, 1):
    for number, window in enumerate((first, second), start=1):
        reads, predicts = vocabulary.decode(window.inputs[row]), vocabulary.decode(window.targets[row])
        print(f"row {row}, window {number}: reads {reads!r}, predicts {predicts!r}")

# %% [markdown]
# > **Predict.** The network has about 100,000 parameters and reads the training text less than three times. The 5-gram has nearly 200,000 table
# > entries. Which is better on *The Taming of the Shrew*, whose beginning both have read? And on *The Tempest*?

# %% tags=["nbval-ignore-output"]
_ = torch.manual_seed(0)
model = RecurrentLM(len(vocabulary), d_embed=64, recurrent=RNN(64, 256).orthogonal_()).to(device)
history = fit(
    model,
    stream_windows(train_ids, batch=32, time=64),
    CarriedLoss(),
    steps=1400,
    lr=8e-3,
    warm_up=50,  # the learning rate rises over the first 50 steps
    clip_norm=1.0,
    validate=lambda model: text_loss(model, validation_ids),
    validate_every=200,
)

# %% tags=["nbval-ignore-output"]
shrew_5gram = ngram.cross_entropy(validation_ids, order=5)
_ = plots.learning_curve(
    history,
    baselines={"5-gram": shrew_5gram},
    ylim=(1.3, 2.6),
    title="The Taming of the Shrew: the RNN comes close to the 5-gram",
)

# %%
rnn = {"validation": text_loss(model, validation_ids), "test": text_loss(model, test_ids)}
measured("validation (The Shrew): RNN minus 5-gram, nats", rnn["validation"] - shrew_5gram, between=(-0.05, 0.08))
measured("test (The Tempest): RNN minus 5-gram, nats", rnn["test"] - unseen[5], at_most=-0.10)
print(f"RNN: {n_parameters(model):,} parameters; 5-gram: {sum(ngram.entries_by_order[:5]):,} table entries")

# %% [markdown]
# On the play whose beginning both have read, the table holds its own: as section 2 showed, it has seen more of the contexts there. On a new play, with
# new names and new things to say, the network is far ahead. With three seeds, it was 0.02 nats behind on the first play and 0.17 to 0.19 ahead on the
# second. That is generalisation, and only a text that played no part in any choice could show it. In fairness to the table, counting takes seconds.
#
# ### What does the state contain?
#
# Look for something that the current character does not reveal: how far into a **word** are we? Among the 256 units, take the one that correlates best
# with the position in the word on training text, and test it on *The Tempest*. Two controls keep us honest: the best unit of an **untrained** network,
# and the best guess from the current letter alone.


# %%
def position_in_word(string):
    """For each character the number of letters since the word began; 0 outside of words."""
    positions, position = [], 0
    for character in string:
        position = position + 1 if character.isalpha() or character == "'" else 0
        positions.append(float(position))
    return torch.tensor(positions)


def lower_case(string):
    return torch.tensor([character.islower() for character in string])


@torch.no_grad()
def states_of(model, string):
    """The hidden state after each character of a string: (time, hidden_size)."""
    ids = vocabulary.encode(string)[None].to(device)  # (1, time)
    return model.recurrent(model.embedding(ids))[0][0].cpu()  # (time, hidden_size)


def correlation(values, target):
    """values (n, k), target (n,) → (k,) Pearson correlations."""
    values, target = values - values.mean(dim=0), target - target.mean()
    return (values * target[:, None]).mean(dim=0) / (values.std(dim=0) * target.std() + 1e-9)


choose_on, test_on = text.train[200_000:230_000], text.validation[border : border + 30_000]
chosen_letters, tested_letters = lower_case(choose_on), lower_case(test_on)
chosen_positions, tested_positions = position_in_word(choose_on)[chosen_letters], position_in_word(test_on)[tested_letters]


def best_unit(model):
    """The unit that tracks the position best on training text, and its correlation on the test text."""
    unit = correlation(states_of(model, choose_on)[chosen_letters], chosen_positions).abs().argmax().item()
    on_test = correlation(states_of(model, test_on)[tested_letters][:, [unit]], tested_positions)
    return unit, on_test.abs().item()


_ = torch.manual_seed(0)
untrained = RecurrentLM(len(vocabulary), d_embed=64, recurrent=RNN(64, 256).orthogonal_()).to(device)
letters = vocabulary.encode(choose_on)[chosen_letters]
mean_position = torch.stack(
    [chosen_positions[letters == k].mean() if (letters == k).any() else chosen_positions.mean() for k in range(len(vocabulary))]
)
by_letter = mean_position[vocabulary.encode(test_on)[tested_letters]]
unit, trained_correlation = best_unit(model)
measured("best unit of the trained network: |correlation| with the position in the word", trained_correlation, at_least=0.5)
measured("best unit of an untrained network", best_unit(untrained)[1], at_most=0.5)
measured("best guess from the current letter alone", correlation(by_letter[:, None], tested_positions).item(), at_most=0.4)

# %% tags=["nbval-ignore-output"]
curves = {}
for name, network in (("trained", model), ("untrained", untrained)):
    number, _ = best_unit(network)
    activation = states_of(network, test_on)[tested_letters][:, number]
    sign = correlation(activation[:, None], tested_positions).sign()  # a unit may just as well count downwards
    curves[f"{name} network, unit {number}"] = activation * sign
_ = plots.activation_by_position(curves, tested_positions, title="One trained unit tracks the position in the word")

# %% [markdown]
# Nobody told the network what a word is. With three seeds the trained network's best unit reached 0.57 to 0.64, the untrained one's 0.36 to
# 0.48. Correlation still does not show that the network *uses* the unit; lesson 12 tests such claims by switching parts off, by *ablation*.
#
# ## 8 · Sampling
#
# To write text, start from a prompt, draw the next character from the predicted distribution, feed it back, and repeat. The **temperature**
# $T$ controls how adventurous the draw is: $P = \operatorname{softmax}(\text{logits} / T)$. A small $T$ sharpens the distribution, a large
# one flattens it.
#
# > **Predict.** At T = 0.3, will the model repeat itself or misspell words? And at T = 1.5?

# %% tags=["nbval-ignore-output"]
prompt = vocabulary.encode("ROMEO:\n")[None]  # (batch = 1, time)
for temperature in (0.3, 0.8, 1.5):
    ids = sample(model, prompt, 160, temperature=temperature, generator=torch.Generator().manual_seed(1))
    print(f"----- temperature {temperature}\n{vocabulary.decode(ids[0])}\n")

# %% [markdown]
# At a low temperature the model plays safe and repeats itself; at a high one it is bold and misspells. In between you get English-looking lines in
# the layout of a play, but hardly a phrase that makes sense. Here is one distribution; move the temperature.


# %% tags=["nbval-ignore-output"]
beginning = "ROMEO:\nI w"
with torch.no_grad():
    next_logits = model(vocabulary.encode(beginning)[None].to(device))[0][0, -1].cpu()  # (vocab_size,)


def draw_temperature(temperature):
    return plots.next_symbol_bars(
        next_distribution(next_logits, temperature),
        vocabulary.symbols,
        title=f"Next character after “ROMEO: I w” at temperature {temperature}",
    )


SliderFigure(
    draw_temperature,
    values=[0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 4.0],
    start=1.0,
    label="temperature",
    alt="Bars: probability of the most likely next characters at one temperature.",
)

# %% [markdown]
# ### Exercise 6 · Temperature (warm-up, 4 minutes)
#
# First in your head: two symbols have odds of 1 : 4. What are their odds at T = ½? Then write `probabilities_at(logits, temperature)`:
# `logits` has shape `(vocab_size,)`, `temperature` is positive, and the result has the shape of the logits. It must also work for logits as
# large as 1000.


# %% tags=["exercise"]
def probabilities_at(logits, temperature):
    """logits (vocab_size,) → probabilities (vocab_size,) at this temperature."""
    ### BEGIN SOLUTION
    return torch.softmax(logits / temperature, dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("01.temperature", probabilities_at)

# %% tags=["hint"]
hint("01.temperature")

# %% [markdown] tags=["solution"]
# Dividing logits by $T$ raises the odds to the power $1/T$: at T = ½ the odds are squared, 1 : 16. `torch.softmax` subtracts the largest
# logit before it exponentiates; without that, `exp(1000)` is infinite and the result NaN.

# %% [markdown]
# ## 9 · Spot the bug
#
# "Shuffled windows give better gradients," says a colleague, and takes a random place of the text for every row of every window.
#
# > **Predict.** What is wrong? Which test would show it?


# %%
class ColleaguesLoss:
    def __init__(self):
        self.state = None

    def __call__(self, model, window):
        inputs, targets = window
        logits, state = model(inputs, self.state)
        self.state = state.detach()
        return next_symbol_loss(logits, targets)


def shuffled_windows(ids, batch, time, seed):
    generator = torch.Generator().manual_seed(seed)
    while True:
        starts = torch.randint(len(ids) - time, (batch, 1), generator=generator)  # (batch, 1)
        places = starts + torch.arange(time)  # (batch, time)
        yield ids[places], ids[places + 1]


# %% tags=["nbval-ignore-output"]
_ = torch.manual_seed(0)
colleagues_model = RecurrentLM(len(vocabulary), d_embed=16, recurrent=RNN(16, 64).orthogonal_()).to(device)
_ = fit(colleagues_model, shuffled_windows(train_ids, 32, 16, seed=0), ColleaguesLoss(), steps=200)

# %% [markdown]
# It runs, the loss falls, and nothing looks wrong. So test a *property*: **the loss of a text must not depend on which
# unrelated text was read before it.**


# %%
@torch.no_grad()
def change_by_what_came_before(loss):
    """The difference in the loss of one window after two different, unrelated windows."""
    unrelated = shuffled_windows(train_ids, 32, 16, seed=1)
    window, one_text, another_text = ([part.to(device) for part in next(unrelated)] for _ in range(3))
    values = []
    for read_before in (one_text, another_text):
        loss(colleagues_model, read_before)
        values.append(loss(colleagues_model, window).item())
    return abs(values[0] - values[1])


measured("colleague's loss: change of the same text's loss, nats", change_by_what_came_before(ColleaguesLoss()), at_least=1e-5)

# %% [markdown]
# The state of one window is carried into an *unrelated* text, so the network starts reading with a memory of something that never
# happened. The effect is small here, which is why nobody notices it. Either windows follow one another, as in section 7, or
# each starts from zeros. The Keras example for stateful LSTMs shuffled its batches and kept the state
# ([keras-team/keras#1820](https://github.com/keras-team/keras/issues/1820)), and so did TensorFlow's text-generation tutorial
# ([tensorflow/tensorflow#40067](https://github.com/tensorflow/tensorflow/issues/40067)).
#
# ### Exercise 7 · The state between windows (core, 8 minutes)
#
# In practice some rows of a batch begin a new text while others continue. Write `next_state(state, is_start)`. `state`, of shape
# `(num_layers, batch, hidden_size)`, is where the last window ended. `is_start`, of shape `(batch,)`, is True for rows whose next window
# begins a **new** text. Return the state from which the next window starts: no gradient may flow back through it, and rows with a new text
# start from zeros.


# %% tags=["exercise"]
def next_state(state, is_start):
    """state (num_layers, batch, hidden_size), is_start (batch,) booleans → the state for the next window."""
    ### BEGIN SOLUTION
    new_text = is_start[None, :, None]  # (1, batch, 1)
    return state.detach().masked_fill(new_text, 0.0)
    ### END SOLUTION


# %% tags=["check"]
check("01.next_state", next_state)

# %% tags=["hint"]
hint("01.next_state")

# %% [markdown] tags=["solution"]
# The mask of shape `(1, batch, 1)` broadcasts over layers and units. A product,
# `state.detach() * ~new_text`, passes the check as well but is less safe: zero times NaN is NaN, so a state that has blown up would survive it.

# %% [markdown]
# Your function repairs the colleague's loss. The same test, once more:


# %%
class RepairedLoss(ColleaguesLoss):
    def __call__(self, model, window):
        if self.state is not None:
            every_row_is_new = torch.ones(self.state.shape[1], dtype=torch.bool, device=self.state.device)
            self.state = yours("01.next_state")(self.state, every_row_is_new)
        return super().__call__(model, window)


measured("repaired loss: change of the same text's loss, nats", change_by_what_came_before(RepairedLoss()), at_most=1e-6)

# %% [markdown]
# ## Recap
#
# | | formula | cost | when to use it |
# |---|---|---|---|
# | cross-entropy | $-\frac1n\sum \ln P(w_i \mid w_{<i})$ | one pass over the text | to compare models with the same symbols |
# | bits per character | $\text{loss}/\ln 2$ | none | to compare models with different symbols |
# | n-gram, Witten–Bell | $\frac{c(h,w) + T(h)P(w \mid h')}{c(h) + T(h)}$ | a table that grows with the text | first, as the baseline |
# | RNN | $h_t = \tanh(W_{ih}x_t + W_{hh}h_{t-1} + b)$ | one step after another | when about ten steps of memory are enough |
# | BPTT | $\sum_t \frac{\partial L}{\partial h_T}\prod_k \operatorname{diag}(1 - h_k^2)\,W_{hh}\,\cdots$ | about twice the multiplications of a forward pass | truncated to windows for long texts |
# | clipping | $g \cdot \min(1, c/\lVert g\rVert)$ | negligible | with every recurrent network |
# | temperature | $\operatorname{softmax}(\text{logits}/T)$ | none | for sampling, never for scoring |
#
# **What is not true.** *"RNNs cannot remember."* A single unit did, on paper; it is the *learning* that fails. *"Clipping solves
# the gradient problem."* It solves half of it. *"Neural networks beat counting."* On new text they did; on a play whose beginning it had counted, the
# table held its own.
#
# **Still open.** The gradient vanishes because every step multiplies it by one more factor. What if the memory were something that is *added to*, and a
# learned gate decided what to write and what to keep? → `02_lstm_gru.ipynb`
#
# ## References
#
# * J. L. Elman 1990, *Finding structure in time*, Cognitive Science 14: the network of section 3 (with logistic units instead of tanh).
# * S. Hochreiter 1991, diploma thesis, TU Munich; Y. Bengio, P. Simard, P. Frasconi 1994, *Learning long-term dependencies with
#   gradient descent is difficult*: vanishing gradients.
# * R. Pascanu, T. Mikolov, Y. Bengio 2013, *On the difficulty of training recurrent neural networks*, sections 2 and 3.2: the sum over steps, the spectral radius, clipping.
# * I. H. Witten, T. C. Bell 1991, *The zero-frequency problem*, method C; S. F. Chen, J. Goodman 1998, section 2.5: the blend of section 2.
# * R. J. Williams, J. Peng 1990: truncated back-propagation through time.
# * A. M. Saxe, J. L. McClelland, S. Ganguli 2014, section 3: orthogonal initialisation.
# * V. L. Girko 1985, *Circular law*: the spectral radius of a random matrix.
# * The text: A. Karpathy's tiny Shakespeare (2015), split 90 : 10 as in nanoGPT.
