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
# # 01 · RNN: a network that reads from left to right
#
# **How much of a text must you remember to guess what comes next?** A table of counts remembers a few characters exactly. A
# recurrent network carries a memory along as far as it likes. We let them compete, and find out why the network forgets.
#
# You will be able to:
#
# * **score** a language model: cross-entropy, perplexity, bits per character,
# * **write** one step of an RNN, and let it read a text,
# * **measure** how a gradient fades or explodes on its way back through time, and clip it,
# * **carry** a memory from one piece of text to the next, and see when you must not,
# * **sample** text at any temperature.
#
# Time: 100 minutes; the cells run for about a minute and a half on one idle CPU core. It builds on lesson 00 and on what a PyTorch module,
# a gradient and a softmax are.

# %% tags=["setup", "nbval-ignore-output"]
import math
from collections import Counter

import matplotlib.pyplot as plt
import torch

from course_lib import plots
from course_lib.data import load, memory
from course_lib.decoding import next_distribution, sample
from course_lib.device import setup
from course_lib.explore import SliderFigure
from course_lib.losses import CarriedLoss, next_symbol_loss, text_loss
from course_lib.metrics import accuracy, bits_per_character, perplexity
from course_lib.models.recurrent import RNN, RecurrentLM, RNNCell
from course_lib.models.size import n_parameters
from course_lib.models.words import NGram
from course_lib.practice import check, hint
from course_lib.text.batching import stream_windows
from course_lib.text.characters import CharVocabulary
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · What a language model promises
#
# A **language model** gives a probability to every text $w_1 w_2 \dots w_n$. It does so one symbol at a time, which loses nothing:
#
# $$P(w_1 \dots w_n) = \prod_{i=1}^{n} P(w_i \mid w_{<i})$$
#
# This is the *chain rule* of probability, and it is exact. All the art is in the factors: guess $w_i$ from what stands before it,
# $w_{<i}$. In this lesson a symbol is a character.

# %%
text = load("tiny-shakespeare")
vocabulary = CharVocabulary.from_text(text.train)
train_ids, validation_ids = vocabulary.encode(text.train), vocabulary.encode(text.validation)
print(text.train[:75])
print(f"\n{len(train_ids):,} characters to learn from, {len(validation_ids):,} to be judged on, {len(vocabulary)} symbols")

# %% [markdown]
# How good is a model? Let it read a text it has never seen, and note which probability it gave to each character that really came. A
# product of a hundred thousand probabilities is no number a computer can hold, so we take logarithms, and the mean, and turn the
# sign. That is the **cross-entropy**, the loss of this whole course, in *nats*:
#
# $$\text{loss} = -\frac{1}{n}\sum_{i=1}^{n} \ln P(w_i \mid w_{<i}), \qquad
# \text{perplexity} = e^{\text{loss}}, \qquad \text{bits per character} = \frac{\text{loss}}{\ln 2}$$
#
# By hand: three characters came, and the model had given them $\frac12$, $\frac14$ and $\frac18$.

# %%
probabilities = torch.tensor([1 / 2, 1 / 4, 1 / 8])
loss = -probabilities.log().mean()
print(f"loss {loss:.3f} nats, perplexity {perplexity(loss):.1f}, {bits_per_character(loss):.1f} bits per character")

# %% [markdown]
# Two bits: on average as hard as guessing how two coins fell, or as choosing among **four** equally likely characters. That is what perplexity
# says. A model that knows nothing chooses among all symbols.

# %%
know_nothing = math.log(len(vocabulary))
print(f"uniform guess: {know_nothing:.2f} nats, perplexity {perplexity(know_nothing):.0f}")

# %% [markdown]
# ### Exercise 1 · Perplexity (4 minutes)
#
# Write `perplexity_of(log_probs)`: `log_probs`, of shape `(n,)`, holds $\ln P(w_i \mid w_{<i})$ for the n characters that came. Return the
# perplexity, a tensor without dimensions. Done when the check shows ✓.


# %% tags=["exercise"]
def perplexity_of(log_probs):
    """log_probs: (n,) natural logarithms of probabilities → perplexity, a tensor without dimensions."""
    ### BEGIN SOLUTION
    return torch.exp(-log_probs.mean())
    ### END SOLUTION


# %% tags=["check"]
check("01.perplexity", perplexity_of)

# %% [markdown]
# ## 2 · The baseline to beat: counting
#
# The simplest memory is a table. An **n-gram** looks up the last n − 1 characters and answers with what followed them in the training
# text. After `th` came `e` so many times, `a` so many times. Long contexts are rare, so a good table blends what it saw after the
# whole context $h$ with what it knows about the shorter one, $h'$ ($h$ without its first character). Witten and Bell's blend:
#
# $$P(w \mid h) = \frac{c(h, w) + T(h)\, P(w \mid h')}{c(h) + T(h)}$$
#
# $c$ counts; $T(h)$ is how many *different* characters followed $h$. A context that surprised often trusts itself less. The shortest
# context, none at all, falls back to a uniform guess.
#
# > **Predict.** We count with n from 1 to 7. On the validation text, does the loss fall all the way? And on the text that was counted?

# %%
ngram = NGram(order=7, vocab_size=len(vocabulary)).fit(train_ids)
orders = range(1, 8)
counted = {n: ngram.cross_entropy(train_ids[:100_000], order=n) for n in orders}  # a part of what it counted
unseen = {n: ngram.cross_entropy(validation_ids, order=n) for n in orders}
_ = plots.loss_by_order(counted, unseen, title="A longer memory stops helping when its contexts become rare")

# %%
best = min(unseen, key=unseen.get)
entries = {n: sum(ngram.entries_by_order[:n]) for n in orders}
print(f"best order on unseen text: {best}, {unseen[best]:.3f} nats = {bits_per_character(unseen[best]):.2f} bits per character")
print(f"table entries: {entries[4]:,} for the 4-gram, {entries[5]:,} for the 5-gram, {entries[7]:,} for the 7-gram")
print(f"loss of the 7-gram on the text it counted: {counted[7]:.2f} nats")

# %% [markdown]
# On its own text the table gets better with every character: it has learnt it by heart. On new text it turns round at n = 5.
# Why? Sort the characters of the validation text by how often the table had met the six characters before them.

# %%
seen = Counter(text.train[i : i + 6] for i in range(len(text.train) - 6))
times_met = torch.tensor([seen[text.validation[i - 6 : i]] for i in range(6, len(text.validation))])
by_order = {n: -ngram.log_probs(validation_ids, order=n)[5:] for n in (5, 7)}  # (n - 6,) each, in nats
print("context of 6 met     share   loss of the 5-gram   of the 7-gram")
for low, high, words in ((0, 0, "never"), (1, 3, "1 to 3 times"), (4, 9, "4 to 9 times"), (10, 10**6, "more often")):
    chosen = (times_met >= low) & (times_met <= high)
    five, seven = (losses[chosen].mean().item() for losses in by_order.values())
    print(f"{words:<18} {chosen.float().mean():6.0%} {five:15.2f} {seven:17.2f}")

# %% [markdown]
# What was met once or twice does the harm: the long memory takes a chance event for a rule. Where a context was met often, the longer memory
# is no better either; there is little left to know. And a fifth of the contexts the table has never met at all.
#
# A table cannot see that *my noble lord* and *my gentle lord* are alike: each context is a row of its own. We want a memory that has a fixed size however far back it reaches, and that **generalises** from one context to a similar
# one.
#
# ## 3 · The hidden state, by hand
#
# A **recurrent neural network** (RNN, Elman 1990) reads one symbol at a time and keeps one vector, the **hidden state** $h$:
#
# $$h_t = \tanh(W_{ih}\, x_t + W_{hh}\, h_{t-1} + b)$$
#
# $x_t$ is the symbol read at step t, as a vector; $h_{t-1}$ is the memory before, and $h_0 = 0$. The same three parameters, $W_{ih}$,
# $W_{hh}$ and the bias $b$, serve at every step.
#
# Take two symbols, `a` = (1, 0) and `z` = (0, 1), and two hidden units with weights that fit on paper:

# %%
W_ih = torch.tensor([[1.0, -1.0], [2.0, 0.0]])  # (hidden_size, input_size)
W_hh = torch.tensor([[0.0, 0.0], [0.0, 1.5]])  # (hidden_size, hidden_size)
b = torch.zeros(2)  # (hidden_size,)

# Unit 0 and unit 1 while reading "azz":
after_a = (math.tanh(1), math.tanh(2))
after_az = (math.tanh(-1), math.tanh(1.5 * after_a[1]))
after_azz = (math.tanh(-1), math.tanh(1.5 * after_az[1]))
for read, (unit_0, unit_1) in zip(("a", "az", "azz"), (after_a, after_az, after_azz), strict=True):
    print(f"after {read:<3}: h = ({unit_0:5.2f}, {unit_1:5.2f})")

# %% [markdown]
# Unit 0 has no memory of its own: it says which symbol was read **last**. Unit 1 feeds itself; what it says you will see in a moment.
#
# Now the same with matrices and a loop, and then with the library's layer, which takes its weights under the names that
# `torch.nn.RNN` uses. (PyTorch keeps two biases and adds them; ours are zero here.)


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
output, h_n = toy(one_hot("azz")[None])  # (batch = 1, time, hidden_size), (num_layers, batch, hidden_size)

torch.testing.assert_close(read_by_loop("azz")[-1], torch.tensor(after_azz))
torch.testing.assert_close(output[0], read_by_loop("azz"))
print("by hand = loop = layer: True")

# %% [markdown]
# > **Predict.** The two texts below differ in their first character only. In which unit, and for how many steps, can you still see it?

# %% tags=["nbval-ignore-output"]
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.0))
for ax, string in ((left, "azzzzz"), (right, "zzzzzz")):
    plots.hidden_states(read_by_loop(string), string, title=f"Reading {string}", ax=ax)

# %% [markdown]
# Unit 1 says whether there was **ever** an `a`. After five steps it still knows; it fades a little and then stays, because
# $\tanh(1.5\,h) = h$ has a solution near 0.86. A memory of arbitrary length in a single number. So an RNN *can* remember. The question of
# this lesson is whether it can **learn** to.
#
# ### Exercise 2 · One step (6 minutes)
#
# Write `rnn_step(x, h, W_ih, W_hh, b)` for a whole batch: `x` is `(batch, input_size)`, `h` is `(batch, hidden_size)`; each **row**
# is one example. (The loop above had one column, `W_ih @ x_t`; with rows, the product turns round.) Return the new state
# `(batch, hidden_size)`. Done when the check shows ✓.


# %% tags=["exercise"]
def rnn_step(x, h, W_ih, W_hh, b):
    """x (batch, input_size), h (batch, hidden_size) → the next h (batch, hidden_size)."""
    ### BEGIN SOLUTION
    return torch.tanh(x @ W_ih.T + h @ W_hh.T + b)
    ### END SOLUTION


# %% tags=["check"]
check("01.rnn_step", rnn_step)

# %% [markdown]
# ## 4 · Back through time
#
# Training asks: how should $W_{hh}$ change so that the loss *at the end* falls? The loop, unrolled, is an ordinary deep network with
# one layer a step, so the ordinary chain rule answers. It is called **back-propagation through time**. From the last state to an
# earlier one it multiplies one factor a step:
#
# $$\frac{\partial h_T}{\partial h_t} = \prod_{k=t+1}^{T} \operatorname{diag}(1 - h_k^2)\; W_{hh}$$
#
# ($1 - h^2$ is the derivative of tanh; the latest factor stands leftmost.) A claim is worth a check: two steps in the toy network, by the formula and by autograd.

# %%
states = read_by_loop("azz")
by_formula = torch.diag(1 - states[2] ** 2) @ W_hh @ torch.diag(1 - states[1] ** 2) @ W_hh
by_autograd = torch.autograd.functional.jacobian(
    lambda h: torch.tanh(W_ih @ one_hot("z")[0] + W_hh @ torch.tanh(W_ih @ one_hot("z")[0] + W_hh @ h)), states[0]
)
torch.testing.assert_close(by_formula, by_autograd)
print(f"effect of unit 1 on itself, two steps later: {by_formula[1, 1]:.3f}")

# %% [markdown]
# Two steps, and a tenth of the effect is left, in the very unit that remembers. That is no accident: its state returns to 0.86 *because*
# small changes die out. What makes a memory firm starves its gradient.
#
# The lesson before showed where repeated multiplication leads. Let us measure it in a network of 64 units at its start, before any
# training.


# %%
def gradient_norms(cell, longest=60):
    """Norm of the gradient that reaches h_{T - lag} from the last state h_T, for lag = 0 … longest."""
    generator = torch.Generator().manual_seed(0)
    h = torch.zeros(16, cell.hidden_size, requires_grad=True)
    states = []
    for _ in range(20 + longest + 1):  # 20 steps first, to get away from h = 0
        x_t = torch.randn(16, cell.input_size, generator=generator)  # (batch, input_size)
        h = cell(x_t, h)  # (batch, hidden_size)
        states.append(h)
    direction = torch.randn(16, cell.hidden_size, generator=generator)
    gradients = torch.autograd.grad((h * direction).sum(), states[20:])
    return [gradient.norm().item() for gradient in reversed(gradients)]


def fresh_cell(rotation_gain=None):
    """64 units as PyTorch starts them, or with W_hh a rotation (or mirror) times a gain; inputs weak for both."""
    _ = torch.manual_seed(0)
    cell = RNNCell(8, 64)
    with torch.no_grad():
        cell.weight_ih *= 0.4  # weak inputs keep tanh near its middle, where it takes least from the gradient
    if rotation_gain is not None:
        torch.nn.init.orthogonal_(cell.weight_hh, gain=rotation_gain)
    return cell


# %% [markdown]
# > **Predict.** PyTorch starts $W_{hh}$ with numbers drawn evenly between $-1/\sqrt{H}$ and $1/\sqrt{H}$ ($H$ = hidden size). How much of the
# > gradient is left 50 steps back: a tenth, a thousandth, or a millionth? And if $W_{hh}$ is a rotation, which changes no vector's length?

# %% tags=["readme-figure"]
norms = {
    "PyTorch's start": gradient_norms(fresh_cell()),
    "rotation, gain 1": gradient_norms(fresh_cell(rotation_gain=1.0)),
    "rotation, gain 1.5": gradient_norms(fresh_cell(rotation_gain=1.5)),
}
ax = plots.gradient_by_lag(norms, title="With PyTorch's start, nothing from 50 steps back reaches the weights")
_ = ax.plot([0.577**lag for lag in range(61)], ":", color="black", label="0.577 to the power of lag")
_ = ax.legend()

# %%
relative = {name: values[50] / values[0] for name, values in norms.items()}
for name, share in relative.items():
    print(f"{name}: {share:.0e} of the gradient left 50 steps back")
print("PyTorch's start: less than a millionth left after 50 steps:", relative["PyTorch's start"] < 1e-6)
print("rotation, gain 1: more than a thousandth left:", relative["rotation, gain 1"] > 1e-3)
print("rotation, gain 1.5: grown:", relative["rotation, gain 1.5"] > 1)

# %% [markdown]
# A millionth is not even close. You can say beforehand how fast it falls: numbers drawn evenly between $\pm 1/\sqrt H$ have variance $1/(3H)$,
# and a random matrix with that variance shrinks a typical vector by $\sqrt{1/3} \approx 0.577$ at each step: the dotted line. (A single matrix
# of 64 units is not the average one, so the measured line runs beside it.) This is the **vanishing gradient** (Hochreiter 1991; Bengio
# et al. 1994). A rotation shrinks nothing; what is lost on its curve is lost to tanh. With a gain of 1.5 the gradient **explodes**.
#
# Move the gain yourself. Where is the edge?


# %% tags=["nbval-ignore-output"]
def draw_gain(gain):
    return plots.gradient_by_lag(
        {f"rotation, gain {gain:.2f}": gradient_norms(fresh_cell(gain))},
        title=f"Gain {gain:.2f}: what reaches back",
        ylim=(1e-12, 1e4),
    )


SliderFigure(
    draw_gain,
    values=[0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 2.0],
    start=1.0,
    label="gain of W_hh",
    alt="Norm of the gradient against lag, for one gain of the recurrent weights.",
)

# %% [markdown]
# The edge lies between 1.1 and 1.3 here, not at 1, since tanh takes something away at each step. No setting is safe for long: below the
# edge the past is silent, above it the past shouts.
#
# ## 5 · What it cannot learn
#
# Does a vanished gradient matter? The **recall** task asks for nothing but memory: a symbol, then `lag` − 1 distractors, then the question
# *what was the first?*

# %%
generator = torch.Generator().manual_seed(0)
inputs, target = memory.recall(batch=3, lag=6, generator=generator)
for row, answer in zip(inputs.tolist(), target.tolist(), strict=True):
    print("reads", row, "→ should answer", answer)

# %% [markdown]
# Symbols are 0 to 7, distractors 8 to 15, the question is 16. A blind guess is right in 1 of 8 cases; perfect memory is always right, and
# our toy unit above has shown that an RNN *can* hold one thing for ever.
#
# To turn the network into a model that answers, three parts are enough, and `RecurrentLM` is nothing else. Each symbol gets a learnt vector,
# its **embedding**, which is $x_t$. The recurrent layer turns the $x_t$ into states $h_t$. A linear layer turns each $h_t$ into one score per
# possible answer, the **logits**; softmax makes probabilities of them, $P(w \mid w_{<t})$. `fit` is the training loop: it draws a batch,
# computes the loss, and lets AdamW take a step, as often as you say. We train one network per lag, 300 steps each.
#
# > **Predict.** Up to which lag will PyTorch's start learn it? Up to which the rotation?


# %%
def recall_batches(lag):
    generator = torch.Generator().manual_seed(lag)
    while True:
        yield memory.recall(batch=32, lag=lag, generator=generator)


def answer_loss(model, batch):
    inputs, target = batch
    logits, _ = model(inputs)
    return torch.nn.functional.cross_entropy(logits[:, -1], target)  # only the last step answers


def share_recalled(lag, rotation):
    """Train a fresh RNN on one lag; the share of 1,000 new sequences that it answers rightly."""
    _ = torch.manual_seed(0)
    recurrent = RNN(16, 64).orthogonal_() if rotation else RNN(16, 64)
    model = RecurrentLM(memory.recall_vocab_size(), d_embed=16, recurrent=recurrent).to(device)
    fit(model, recall_batches(lag), answer_loss, steps=300, lr=3e-3, progress=False)
    inputs, target = memory.recall(batch=1000, lag=lag, generator=torch.Generator().manual_seed(1_000_000))
    with torch.no_grad():
        logits, _ = model(inputs.to(device))
    return accuracy(logits[:, -1].cpu(), target)


lags = (5, 10, 20, 40, 80)
recalled = {
    "PyTorch's start": {lag: share_recalled(lag, rotation=False) for lag in lags},
    "rotation": {lag: share_recalled(lag, rotation=True) for lag in lags},
}
_ = plots.recall_by_lag(recalled, memory.recall_chance(), title="PyTorch's start fails at ten steps, the rotation at twenty")

# %%
for name, shares in recalled.items():
    print(f"{name}: lag 5 learnt (≥ 0.99): {shares[5] >= 0.99}; lag 80 no better than a guess (≤ 0.20): {shares[80] <= 0.20}")
print("lag 10, learnt by the rotation (≥ 0.90):", recalled["rotation"][10] >= 0.9)

# %% [markdown]
# The network that *can* remember does not *learn* to. With PyTorch's start the answer's error never arrives at the symbol that matters:
# there is no slope to go down. With the rotation a few per cent of it arrive, buried under what nineteen distractors say, and 300 steps do not
# dig it out. A better start moves the wall; it does not remove it. Lesson 02 does.
#
# ## 6 · When gradients explode: clipping
#
# The smallest RNN is a single number: $h_t = w\,h_{t-1}$, $h_0 = 1$. After 50 steps $h = w^{50}$; we want 0.5, and the loss is
# $(h - 0.5)^2 / 2$. At $w = 1.05$ that loss is a cliff:

# %%
w, learning_rate = 1.05, 0.01
h = w**50
slope = (h - 0.5) * 50 * w**49  # derivative of (h - 0.5)² / 2
print(f"h = {h:.1f}, slope = {slope:,.0f}")
print(f"plain step:     w = {w - learning_rate * slope:.1f}, and h becomes {(w - learning_rate * slope) ** 50:.0e}")
print(f"slope cut to 1: w = {w - learning_rate * 1.0:.2f}, and h becomes {(w - learning_rate * 1.0) ** 50:.1f}")

# %% [markdown]
# The slope is right about the *direction* and absurd about the *distance*. **Clipping** keeps the direction: if the norm of the
# gradient (all parameters taken as one long vector) exceeds a bound, the whole of it is scaled down to that bound (Pascanu et al. 2013).
# It cures explosion. It does nothing at all for vanishing: a zero cannot be scaled up.
#
# ### Exercise 3 · Clip by the norm (8 minutes)
#
# Write `clip_gradients(gradients, max_norm)`: `gradients` is a list of tensors. Return a **new** list, scaled by one common factor so that
# their joint norm is at most `max_norm`; leave them as they are if it already is. Done when the check shows ✓.


# %% tags=["exercise"]
def clip_gradients(gradients, max_norm):
    """A list of tensors → a new list in the same direction, of joint norm at most max_norm."""
    ### BEGIN SOLUTION
    norm = sum((gradient**2).sum() for gradient in gradients).sqrt()
    scale = max_norm / max(norm.item(), max_norm)  # 1 where the norm is small enough
    return [gradient * scale for gradient in gradients]
    ### END SOLUTION


# %% tags=["check"]
check("01.clip_gradients", clip_gradients)

# %% [markdown]
# ## 7 · The real run: Shakespeare, a character at a time
#
# A million characters are too long to unroll. So the text is cut into **windows** of 64 characters. The *values* of the state flow from
# each window into the next; the *gradient* stops at the border: **truncated** back-propagation through time. That is
# `state.detach()`, and the loss over windows is a few lines:
#
# ```python
# def window_loss(model, window, carried):
#     start = None if window.is_start else carried            # a new text starts from zeros
#     logits, state = model(window.inputs, start)             # (batch, time, vocab_size)
#     loss = cross_entropy(logits, window.targets)            # targets: the inputs, one character later
#     return loss, state.detach()                             # values go on, gradients do not
# ```
#
# `CarriedLoss` is these lines with a place to keep `carried` in. The 32 rows of a batch are 32 far-apart places of the text, and row r of the
# next window goes on where row r of this one ended:

# %%
windows = stream_windows(train_ids, batch=32, time=8)
first, second = next(windows), next(windows)
for row in (0, 1):
    for number, window in enumerate((first, second), start=1):
        reads, predicts = vocabulary.decode(window.inputs[row]), vocabulary.decode(window.targets[row])
        print(f"row {row}, window {number}: reads {reads!r}, predicts {predicts!r}")

# %% [markdown]
# > **Predict.** The model below has about 100,000 parameters; the 5-gram has nearly 200,000 table entries, the 4-gram 60,000. It reads the
# > training text not even three times. Will it pass the 4-gram? The 5-gram?
#
# (About half a minute on an idle CPU core. You may interrupt it: what it has learnt stays. `warm_up` lets the step size grow over the first
# 50 steps; `clip_norm` is section 6.)

# %% tags=["nbval-ignore-output"]
_ = torch.manual_seed(0)
model = RecurrentLM(len(vocabulary), d_embed=64, recurrent=RNN(64, 256).orthogonal_()).to(device)
history = fit(
    model,
    stream_windows(train_ids, batch=32, time=64),
    CarriedLoss(),
    steps=1400,
    lr=8e-3,
    warm_up=50,
    clip_norm=1.0,
    validate=lambda model: text_loss(model, validation_ids),
    validate_every=200,
)

# %% tags=["nbval-ignore-output"]
_ = plots.learning_curve(
    history,
    baselines={"4-gram": unseen[4], "5-gram": unseen[5]},
    ylim=(1.4, 2.6),
    title="The RNN passes the 4-gram first, then the 5-gram",
)

# %% [markdown]
# The training loss lies below the validation loss: the text it is tested on is new. Later figures of the course draw the best possible loss as a
# line; here nobody knows it. (Shannon, with people as guessers and 27 symbols, put English between 0.6 and 1.3 bits per character.)
#
# Now the judgement, on the **whole** validation text, each character predicted once.

# %% tags=["nbval-ignore-output"]
rnn_loss = text_loss(model, validation_ids)
print(f"RNN:    {rnn_loss:.3f} nats, {bits_per_character(rnn_loss):.2f} bits per character, {n_parameters(model):,} parameters")
for n in (4, 5, 6):
    print(f"{n}-gram: {unseen[n]:.3f} nats, {bits_per_character(unseen[n]):.2f} bits per character, {entries[n]:,} table entries")

# %%
print(f"RNN, parameters: {n_parameters(model):,}; 5-gram, table entries: {entries[5]:,}")
print("better than the 4-gram by at least 0.05 nats:", rnn_loss <= unseen[4] - 0.05)
print("no worse than the 5-gram:", rnn_loss <= unseen[5])

# %% tags=["nbval-ignore-output"]
sizes = {f"{n}-gram": (entries[n], unseen[n]) for n in (3, 4, 5, 6)}
sizes["RNN"] = (n_parameters(model), rnn_loss)
_ = plots.loss_by_size(sizes, title="Half the 5-gram's numbers, a slightly lower loss")

# %% [markdown]
# So the network wins. But look closer before you cheer. The validation text holds two plays: the rest of *The Taming of the Shrew*, whose
# beginning was in the training text, and then *The Tempest*, of which neither model has read a line.
#
# > **Predict.** In which play does the network win, and in which the table?

# %% tags=["nbval-ignore-output"]
tempest = text.validation.index("Master:\nBoatswain!")
for play, ids in (("The Shrew, begun in training", validation_ids[:tempest]), ("The Tempest, new", validation_ids[tempest:])):
    print(f"{play:<29} RNN {text_loss(model, ids):.2f} nats, 5-gram {ngram.cross_entropy(ids, order=5):.2f} nats")

# %%
gain = ngram.cross_entropy(validation_ids[tempest:], order=5) - text_loss(model, validation_ids[tempest:])
print("in the new play the RNN is better by at least 0.10 nats:", gain >= 0.10)

# %% [markdown]
# In the play that the table knows already, it holds its own: the same people say the same phrases. In the new play, with new names and
# new things to say, the network is far ahead. *That* is what generalising means, and it is better evidence than any single number.
#
# And be fair to the table: it was counted in half a second, the network took half a minute. On the other hand reading the same text again makes
# the network better, and the table not at all.
#
# What does the network remember? Its hidden state over a few lines, for the eight units that differ most between lines in capitals (the
# speakers' names) and the rest:

# %% tags=["nbval-ignore-output"]
snippet = "KING RICHARD:\nWhat says he?\n\nNORTHUMBERLAND:\nNay, nothing; all is said."
with torch.no_grad():
    states, _ = model.recurrent(model.embedding(vocabulary.encode(snippet)[None].to(device)))  # (1, time, hidden_size)
states = states[0].cpu()  # (time, hidden_size)
in_name = torch.tensor([line.isupper() for line in snippet.splitlines(keepends=True) for _ in line])
difference = states[in_name].mean(dim=0) - states[~in_name].mean(dim=0)  # (hidden_size,)
units = difference.abs().topk(8).indices.tolist()
_ = plots.hidden_states(states[:, units], snippet, title="Some units switch while capitals are read", units=units)

# %% [markdown]
# Nobody told it what a speaker's name looks like. (We picked these eight out of 256 *after* looking, which makes them look cleverer than they are:
# with so many units, some will fit any pattern. Lesson 12 shows how to test such a claim.)
#
# ## 8 · Letting it write
#
# Give it a beginning, draw the next character from its distribution, feed it back, repeat. The **temperature** T sets how boldly
# it draws: $P = \operatorname{softmax}(\text{logits} / T)$. Small T sharpens, large T flattens.
#
# > **Predict.** At T = 0.3, will it rather repeat itself or misspell? And at T = 1.5?

# %% tags=["nbval-ignore-output"]
prompt = vocabulary.encode("ROMEO:\n")[None]  # (batch = 1, time)
for temperature in (0.3, 0.8, 1.5):
    ids = sample(model, prompt, 160, temperature=temperature, generator=torch.Generator().manual_seed(1))
    print(f"----- temperature {temperature}\n{vocabulary.decode(ids[0])}\n")

# %% [markdown]
# Cold: safe, and it goes round in circles. Hot: bold, and it spells badly. In between: English-looking lines, a play's layout, and no
# thought that lasts longer than half a line. One reason is the one you measured in section 4; a small model and three readings are others.
#
# What it draws from, at one place. Move the temperature.


# %% tags=["nbval-ignore-output"]
beginning = "ROMEO:\nI w"
with torch.no_grad():
    next_logits = model(vocabulary.encode(beginning)[None].to(device))[0][0, -1].cpu()  # (vocab_size,)


def draw_temperature(temperature):
    return plots.next_symbol_bars(
        next_distribution(next_logits, temperature),
        vocabulary.symbols,
        title=f"After “ROMEO: I w”, at temperature {temperature}",
    )


SliderFigure(
    draw_temperature,
    values=[0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 4.0],
    start=1.0,
    label="temperature",
    alt="Bars: probability of the likeliest next characters at one temperature.",
)

# %% [markdown]
# ### Exercise 4 · Temperature (3 minutes)
#
# First in your head: two symbols have odds of 1 : 4. What are their odds at T = ½? Then write `probabilities_at(logits, temperature)`: `logits` has shape `(vocab_size,)`, `temperature` is positive. Return the probabilities to
# draw from, of the same shape. Done when the check shows ✓.


# %% tags=["exercise"]
def probabilities_at(logits, temperature):
    """logits (vocab_size,) → probabilities (vocab_size,) at this temperature."""
    ### BEGIN SOLUTION
    return torch.softmax(logits / temperature, dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("01.temperature", probabilities_at)

# %% [markdown]
# ## 9 · Spot the bug
#
# "Shuffled windows are better for the gradient," says a colleague, and takes a random place of the text for every row of every window. The rest is
# the code you know.
#
# > **Predict.** Read it. What is wrong? Which test would show it?


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
colleagues_loss = ColleaguesLoss()
_ = fit(colleagues_model, shuffled_windows(train_ids, 32, 16, seed=0), colleagues_loss, steps=200)

# %% [markdown]
# It runs. The loss falls. Nothing looks wrong. So test a *property* instead of looking: **the loss of a text must not depend on which
# unrelated text was read before it.**

# %%
unrelated = shuffled_windows(validation_ids, 32, 16, seed=1)
window, one_text, another_text = next(unrelated), next(unrelated), next(unrelated)
losses = []
with torch.no_grad():
    for read_before in (one_text, another_text):
        colleagues_loss(colleagues_model, [part.to(device) for part in read_before])
        losses.append(colleagues_loss(colleagues_model, [part.to(device) for part in window]).item())
print("same text, same weights, same loss:", losses[0] == losses[1])

# %% [markdown]
# There it is. The state of one window is carried into an *unrelated* text: the network starts it with a memory of something that never
# happened. The damage is small, a few thousandths of a nat in such short runs, and that is why nobody notices; with texts that have
# something to remember it is not small. The windows must follow each other (as in section 7), or each must start from zeros. One or the
# other; the colleague mixed both.
#
# The Keras example for stateful LSTMs once did just this, keeping the state while the batches were shuffled
# ([keras-team/keras#1820](https://github.com/keras-team/keras/issues/1820)), and char-rnn carried the state from the end of the text
# back to its beginning ([karpathy/char-rnn#78](https://github.com/karpathy/char-rnn/issues/78)): a small bug, once an epoch, but the same.
#
# ### Exercise 5 · The state between windows (8 minutes)
#
# Rows of a batch may end at different times. Write `next_state(state, is_start)`: `state`, `(num_layers, batch, hidden_size)`, is what the last window
# ended with; `is_start`, `(batch,)` booleans, is True where the next window begins a **new** text. Return what the next window starts from:
# no gradient may flow back through it, and rows with a new text start from zeros. Done when the check shows ✓.


# %% tags=["exercise"]
def next_state(state, is_start):
    """state (num_layers, batch, hidden_size), is_start (batch,) booleans → the state to start the next window from."""
    ### BEGIN SOLUTION
    keep = (~is_start)[None, :, None]  # (1, batch, 1)
    return state.detach() * keep
    ### END SOLUTION


# %% tags=["check"]
check("01.next_state", next_state)

# %% [markdown]
# ## Recap
#
# | | formula | costs | use it when |
# |---|---|---|---|
# | cross-entropy | $-\frac1n\sum \ln P(w_i \mid w_{<i})$ | one pass over the text | between models with the same symbols |
# | perplexity, bits per character | $e^{\text{loss}}$, $\text{loss}/\ln 2$ | nothing more | bits per character also between models with different symbols |
# | n-gram, Witten–Bell | $\frac{c(h,w) + T(h)P(w \mid h')}{c(h) + T(h)}$ | a table that grows with the text | first, as the number to beat |
# | RNN | $h_t = \tanh(W_{ih}x_t + W_{hh}h_{t-1} + b)$ | one step after another, nothing in parallel | memory of about ten steps is enough |
# | gradient back through time | $\prod \operatorname{diag}(1 - h_k^2)\,W_{hh}$ | as much as the forward pass, twice | truncate it to windows for long texts |
# | clipping | $g \cdot \min(1, c/\lVert g\rVert)$ | nothing | whenever a network is recurrent |
# | temperature | $\operatorname{softmax}(\text{logits}/T)$ | nothing | writing; never when you score |
#
# **What is not true.** *"RNNs cannot remember."* One unit of two did, on paper; it is the *learning* that fails. *"Clipping solves
# the gradient problem."* Half of it. *"Neural beats counting."* Where the text is new; in the play it had begun
# to count, the table held its own.
#
# **Still open.** The gradient fades because each step multiplies it by one more factor. What if the memory were a quantity that is *added to*, and a
# learnt gate decided what may enter and what may leave? → `02_lstm_gru.ipynb`
#
# ## References
#
# * J. L. Elman 1990, *Finding structure in time*, Cognitive Science 14: the network of section 3 (with logistic units where we have tanh).
# * S. Hochreiter 1991, diploma thesis, TU Munich; Y. Bengio, P. Simard, P. Frasconi 1994, *Learning long-term dependencies with
#   gradient descent is difficult*: vanishing gradients.
# * R. Pascanu, T. Mikolov, Y. Bengio 2013, *On the difficulty of training recurrent neural networks*, sections 2 and 3.2: both problems, and clipping.
# * I. H. Witten, T. C. Bell 1991, *The zero-frequency problem*, method C; S. F. Chen, J. Goodman 1998, section 2.5: the blend of section 2.
# * R. J. Williams, J. Peng 1990: truncated back-propagation through time.
# * A. M. Saxe, J. L. McClelland, S. Ganguli 2014, section 3: orthogonal starts.
# * C. E. Shannon 1951, *Prediction and entropy of printed English*: people as language models.
# * The text: A. Karpathy's tiny Shakespeare (2015), first 90 % to train, last 10 % to judge, as in nanoGPT.
