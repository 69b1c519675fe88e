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
# # 02 · LSTM and GRU: a memory with gates
#
# **Why does a network forget, if it could remember?** Because each step multiplies its memory, and the error on its way back, by one
# more factor. What if the memory were something that is *added to*, and the factor were the network's own choice?
#
# You will be able to:
#
# * **write** one step of an LSTM and of a GRU,
# * **compute** how far a forget gate reaches, and set its bias for the lag you need,
# * **measure** the gradient along the cell state beside lesson 01's,
# * **read** a picture of gates, and
# * **count** what gates cost in parameters.
#
# Time: 90 minutes; the cells run for about a minute and a half on one idle CPU core. It builds on lesson 01: the RNN, its gradient, and
# the recall task that it failed.

# %% tags=["setup", "nbval-ignore-output"]
import math

import matplotlib.pyplot as plt
import torch

from course_lib import plots
from course_lib.data import load, memory
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.losses import CarriedLoss, text_loss
from course_lib.metrics import accuracy
from course_lib.models.recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RecurrentLM, RNNCell, record_gates
from course_lib.models.size import n_parameters
from course_lib.practice import check, hint
from course_lib.text.batching import stream_windows
from course_lib.text.characters import CharVocabulary
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · A memory that is added to
#
# Lesson 01's unit kept its memory by feeding it through $\tanh(w h)$ at every step. Here is another way to keep a number $c$, the **cell
# state**:
#
# $$c_t = f_t\, c_{t-1} + i_t\, g_t$$
#
# $g_t$ is what might be written, from −1 to 1. The **input gate** $i_t$, from 0 to 1, says how much of it is written; the **forget gate** $f_t$, from 0
# to 1, how much of the old is kept. (A misleading name: at $f = 1$ nothing is forgotten.) No tanh stands in the way of $c$.
#
# By hand: write 0.8 at the first step, then close the input gate. With the forget gate wide open, and with one that keeps 0.9:

# %%
for f in (1.0, 0.9):
    c = f * 0.0 + 1.0 * 0.8  # step 1: the input gate is open, i = 1, and g = 0.8
    for _ in range(50):
        c = f * c + 0.0 * 0.3  # 50 steps more: the input gate is shut, i = 0, whatever g says
    print(f"f = {f}: c = {c:.4f} after 50 steps more")

# %% [markdown]
# And the way back? As long as the gates do not depend on $c$, the derivative is as plain as can be:
#
# $$\frac{\partial c_T}{\partial c_t} = f_T\, f_{T-1} \cdots f_{t+1}$$
#
# No matrix, no derivative of tanh. It is still a product; but its factors are gates, which the network sets itself. It can hold
# them at 1 for as long as something must be remembered.
#
# ## 2 · The whole LSTM
#
# **Long short-term memory** (Hochreiter and Schmidhuber 1997; the forget gate is from Gers et al. 2000) makes a cell state for every unit, and lets
# each gate look at the input and at the last output $h$:
#
# $$i_t = \sigma(W_i x_t + U_i h_{t-1} + b_i), \quad f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f), \quad o_t = \sigma(W_o x_t + U_o h_{t-1} + b_o)$$
# $$g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g), \qquad c_t = f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh(c_t)$$
#
# $\sigma$ is the sigmoid, from 0 to 1; $\odot$ multiplies unit by unit. The **output gate** $o_t$ says how much of the cell is shown: a unit may keep
# something in mind and say nothing of it. So the state is a pair: $h$, what is said, and $c$, what is known.
#
# Four times the same product with other weights: the library, like PyTorch, stacks the four matrices on one another, in the order **i, f, g, o**,
# and cuts the result.

# %%
_ = torch.manual_seed(0)
cell = LSTMCell(input_size=2, hidden_size=3)
x, h, c = torch.randn(1, 2), torch.zeros(1, 3), torch.zeros(1, 3)  # (batch, features)

sums = x @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh  # (batch, 4 * hidden_size)
i, f, g, o = sums.chunk(4, dim=1)  # each (batch, hidden_size)
c_by_hand = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
h_by_hand = torch.sigmoid(o) * torch.tanh(c_by_hand)

torch.testing.assert_close((h_by_hand, c_by_hand), cell(x, (h, c)))
print("all weights of the cell, stacked:", tuple(cell.weight_ih.shape), "and", tuple(cell.weight_hh.shape))
print("by hand = library: True")

# %% [markdown]
# ### Exercise 1 · One step of the LSTM (8 minutes)
#
# Write `lstm_step(x, h, c, W_ih, W_hh, b)` for a batch: `x (batch, input_size)`, `h` and `c (batch, hidden_size)`, weights stacked in the order i, f, g, o, one
# bias `b (4 * hidden_size,)`. Return the new pair `(h, c)`. Done when the check shows ✓.


# %% tags=["exercise"]
def lstm_step(x, h, c, W_ih, W_hh, b):
    """x (batch, input_size), h and c (batch, hidden_size) → the next (h, c)."""
    ### BEGIN SOLUTION
    i, f, g, o = (x @ W_ih.T + h @ W_hh.T + b).chunk(4, dim=1)  # each (batch, hidden_size)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
    ### END SOLUTION


# %% tags=["check"]
check("02.lstm_step", lstm_step)

# %% [markdown]
# ## 3 · How far does a forget gate reach?
#
# A gate *can* stand at 1. Where does it stand before training? Its weights are small, so $f \approx \sigma(b_f)$, and an undisturbed cell fades by that
# factor at every step: after $t$ steps $\sigma(b_f)^t$ is left, of the memory and of the gradient alike.
#
# > **Predict.** PyTorch starts with $b_f$ near 0, so $f = 1/2$. Many programs set it to 1 instead. How much is left of 40 steps in each case? Which bias would
# > let a third survive?

# %%
biases = {"0": 0.0, "1": 1.0, "ln 40": math.log(40)}
for name, b_f in biases.items():
    gate = 1 / (1 + math.exp(-b_f))
    print(f"bias {name:<5}: gate {gate:.3f}, left after 40 steps: {gate**40:.0e}")

# %% [markdown]
# With a bias of 1, four millionths; with 0, about a trillionth. (This is the straight way, from cell to cell; another leads round through h and
# the gates, and section 4 measures both.) But $\sigma(\ln t) = t/(t+1)$, and $(1 - \frac{1}{t+1})^t \approx 1/e$: a bias of **ln(lag)** lets about
# a third survive that lag (Tallec and Ollivier 2018). "An LSTM remembers longer" is true of what it can do, not of how it is born.

# %% tags=["nbval-ignore-output"]
def draw_bias(b_f):
    gate = 1 / (1 + math.exp(-b_f))
    return plots.memory_by_lag(
        {f"gate {gate:.3f}": [gate**t for t in range(101)]},
        title=f"Forget bias {b_f:g}: an undisturbed cell fades",
        ylim=(1e-12, 2),
    )


SliderFigure(
    draw_bias,
    values=[-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    start=1.0,
    label="forget bias",
    alt="What is left of an undisturbed cell after each step, on a logarithmic axis.",
)

# %% [markdown]
# ### Exercise 2 · A bias for a lag (6 minutes)
#
# Write `forget_bias(lag, share)`: the bias $b$ with which an undisturbed cell keeps `share` of itself over `lag` steps, that is $\sigma(b)^{\text{lag}} = \text{share}$.
# Return a float. Done when the check shows ✓.


# %% tags=["exercise"]
def forget_bias(lag, share):
    """lag: steps; share: between 0 and 1 → the forget bias that keeps this share over that lag."""
    ### BEGIN SOLUTION
    keep = share ** (1 / lag)
    return math.log(keep / (1 - keep))
    ### END SOLUTION


# %% tags=["check"]
check("02.forget_bias", forget_bias)

# %% [markdown]
# ## 4 · The gradient, measured beside lesson 01's
#
# The same measurement as in lesson 01: 64 units before any training, and the norm of the gradient that comes back from the last state to the one `lag`
# steps before. For the LSTM we look at the cell state, which is where its memory is.


# %%
def gradient_norms(cell, longest=60):
    """Norm of the gradient that reaches the memory `lag` steps before the end, for lag = 0 … longest."""
    generator = torch.Generator().manual_seed(0)
    zeros = torch.zeros(16, cell.hidden_size, requires_grad=True)
    state = (zeros, zeros) if isinstance(cell, LSTMCell) else zeros
    memories = []
    for _ in range(20 + longest + 1):  # 20 steps first, to get away from zero
        x_t = torch.randn(16, cell.input_size, generator=generator)  # (batch, input_size)
        state = cell(x_t, state)
        memories.append(state[1] if isinstance(cell, LSTMCell) else state)
    direction = torch.randn(16, cell.hidden_size, generator=generator)
    gradients = torch.autograd.grad((memories[-1] * direction).sum(), memories[20:])
    return [gradient.norm().item() for gradient in reversed(gradients)]


def fresh_lstm(b_f):
    """64 units, forget gate starting at σ(b_f)."""
    _ = torch.manual_seed(0)
    cell = LSTMCell(8, 64)
    with torch.no_grad():
        # The second block is the forget gate. PyTorch keeps two biases and adds them: all of b_f in one, 0 in the other.
        cell.bias_ih[64:128], cell.bias_hh[64:128] = b_f, 0.0
    return cell


def fresh_rotation():
    """Lesson 01's best start: W_hh a rotation, weak inputs."""
    _ = torch.manual_seed(0)
    cell = RNNCell(8, 64)
    with torch.no_grad():
        cell.weight_ih *= 0.4
    torch.nn.init.orthogonal_(cell.weight_hh)
    return cell


# %% [markdown]
# > **Predict.** Order these five by what is left after 50 steps: RNN with PyTorch's start, RNN with a rotation, LSTM with forget bias 0, 1, and ln 50.

# %%
_ = torch.manual_seed(0)
norms = {
    "RNN, PyTorch's start": gradient_norms(RNNCell(8, 64)),
    "RNN, rotation": gradient_norms(fresh_rotation()),
    "LSTM, forget bias 0": gradient_norms(fresh_lstm(0.0)),
    "LSTM, forget bias 1": gradient_norms(fresh_lstm(1.0)),
    "LSTM, forget bias ln 50": gradient_norms(fresh_lstm(math.log(50))),
}
_ = plots.gradient_by_lag(norms, title="An LSTM keeps the gradient only if its forget gate is open")

# %%
left = {name: values[50] / values[0] for name, values in norms.items()}
print("LSTM, bias 0: as good as nothing left (below a millionth):", left["LSTM, forget bias 0"] < 1e-6)
print("LSTM, bias ln 50: more than a tenth left:", left["LSTM, forget bias ln 50"] > 0.1)
print("more than the rotation:", left["LSTM, forget bias ln 50"] > left["RNN, rotation"])

# %% [markdown]
# With bias ln 50 the curve does not fall to $1/e$, as the cell alone would: it even *grows*. The second way, round through $h$ and the gates, adds to the
# first. So an open gate does not save you from clipping.
#
# ## 5 · Recall, once more
#
# Lesson 01's task: a symbol, then distractors, then *what was the first?* The RNN failed at a lag of ten (PyTorch's start) or twenty (the rotation). Now up to 80, and four networks of 64
# units: LSTMs with forget biases 0, 1 and ln(lag), and a GRU (you will meet it in section 7: a relative with three blocks instead of four). Each matrix $U$ starts as a
# rotation, lesson 01's best start, so that nobody can blame it.
#
# > **Predict.** Which of the four will learn lag 10? Lag 40?


# %%
def recall_batches(lag):
    generator = torch.Generator().manual_seed(lag)
    while True:
        yield memory.recall(batch=32, lag=lag, generator=generator)


def answer_loss(model, batch):
    inputs, target = batch
    logits, _ = model(inputs)
    return torch.nn.functional.cross_entropy(logits[:, -1], target)  # only the last step answers


def share_recalled(recurrent, lag):
    """Train a fresh network on one lag; the share of 1,000 new sequences that it answers rightly."""
    model = RecurrentLM(memory.recall_vocab_size(), d_embed=16, recurrent=recurrent).to(device)
    fit(model, recall_batches(lag), answer_loss, steps=300, lr=2e-3, progress=False)
    inputs, target = memory.recall(batch=1000, lag=lag, generator=torch.Generator().manual_seed(1_000_000))
    with torch.no_grad():
        logits, _ = model(inputs.to(device))
    return accuracy(logits[:, -1].cpu(), target)


def lstm(b_f):
    return LSTM(16, 64).orthogonal_().forget_bias_(b_f)


_ = torch.manual_seed(0)
recalled = {
    "GRU": {lag: share_recalled(GRU(16, 64).orthogonal_(), lag) for lag in (10, 40)},
    "LSTM, bias 0": {lag: share_recalled(lstm(0.0), lag) for lag in (10, 40)},
    "LSTM, bias 1": {lag: share_recalled(lstm(1.0), lag) for lag in (10, 40)},
    "LSTM, bias ln(lag)": {lag: share_recalled(lstm(math.log(lag)), lag) for lag in (10, 40, 80)},
}
_ = plots.recall_by_lag(
    recalled, memory.recall_chance(), title="At lag 40 and 80 only the LSTM whose gate was opened for it remembers"
)

# %%
others = max(recalled[name][40] for name in ("GRU", "LSTM, bias 0", "LSTM, bias 1"))
print("lag 40: GRU and LSTMs with bias 0 and 1 fail (at most 0.40 recalled):", others <= 0.40)
print("lag 40 and 80: the LSTM with bias ln(lag) recalls (at least 0.95):", min(recalled["LSTM, bias ln(lag)"].values()) >= 0.95)

# %% [markdown]
# The same architecture, the same training; one number at the start decides. Lag 10 all four learn; at 40 only one does. With bias 0 almost no error arrives at
# the symbol. With bias 1 a little does, by the way round through h and the gates, but the trace in the *cell* has faded to four millionths, and the
# distractors lie over it: 300 steps do not find it.
#
# So the common sentence "LSTMs solve the vanishing gradient" needs two footnotes. They *can* keep a gradient, if the forget gate is
# open where it matters; and you may have to open it. And they do nothing about **exploding** gradients through $h$: clip, as before. (If you do
# not know the lag, spread the biases: $\ln$ of numbers drawn between 1 and the longest lag, one for each unit. Tallec and Ollivier, whose rule
# this is, also start the *input* gate at minus that bias, so that little is written over what is kept.)
#
# ## 6 · What the gates do in a real text
#
# On Shakespeare nobody asks for a symbol from 80 steps ago. We train an LSTM on it beside lesson 01's RNN, with
# about as many parameters, both for less than a third of the steps they had there.
#
# > **Predict.** Same text, about as many parameters, same number of steps. Which is ahead, and by how much: a tenth of a nat or
# > half a nat?

# %% tags=["nbval-ignore-output"]
text = load("tiny-shakespeare")
vocabulary = CharVocabulary.from_text(text.train)
train_ids, validation_ids = vocabulary.encode(text.train), vocabulary.encode(text.validation)

layers = {"RNN": (RNN, 256), "LSTM": (LSTM, 121)}  # hidden sizes for about as many parameters
models, histories = {}, {}
for name, (layer, hidden_size) in layers.items():
    _ = torch.manual_seed(0)
    models[name] = RecurrentLM(len(vocabulary), d_embed=64, recurrent=layer(64, hidden_size).orthogonal_()).to(device)
    print(f"{name}: {n_parameters(models[name]):,} parameters")
    histories[name] = fit(
        models[name],
        stream_windows(train_ids, batch=32, time=64),
        CarriedLoss(),
        steps=400,
        lr=8e-3,
        warm_up=50,
        validate=lambda model: text_loss(model, validation_ids),
        validate_every=100,
    )

# %% tags=["nbval-ignore-output"]
ax = plots.learning_curve(histories, ylim=(1.5, 2.6), title="On Shakespeare, trained briefly, gates decide little")
for name, history in histories.items():
    print(f"{name:<5} {history.validation[-1][1]:.3f} nats after {history.seconds:.0f} s")

# %%
losses = {name: history.validation[-1][1] for name, history in histories.items()}
print("within a quarter of a nat of each other:", abs(losses["LSTM"] - losses["RNN"]) <= 0.25)

# %% [markdown]
# About a tenth, and the LSTM is *not* in front: the next character needs a word or two of memory, an RNN with a good start has that, and a network with
# four blocks spends its parameters on fewer units. Gates pay where something must be kept. Do not believe a table in which the newer
# network wins everything, nor one that trains all for a minute, like this one.
#
# Now look inside. `record_gates` collects the gates of every step while the model reads.

# %% tags=["nbval-ignore-output"]
snippet = "KING RICHARD:\nWhat says he?\n\nNORTHUMBERLAND:\nNay, nothing; all is said."


def read_with_gates(string):
    """The gates of the trained LSTM at every character of the string."""
    with torch.no_grad(), record_gates(models["LSTM"]) as gates:
        models["LSTM"](vocabulary.encode(string)[None].to(device))
    return gates["recurrent.l0"]


gates = read_with_gates(snippet)
busiest = gates.f[0].std(dim=0).topk(8).indices.tolist()  # the units whose forget gate moves most
_ = plots.gates_over_time(
    {"forget gate f": gates.f[0, :, busiest], "input gate i": gates.i[0, :, busiest], "cell, tanh c": gates.c[0, :, busiest].tanh()},
    snippet,
    units=busiest,
    signed=["cell, tanh c"],
    title="Where a column of f turns light, these units let go of what they kept",
)

# %% [markdown]
# Read it by columns. Where the forget gate of a unit turns light, that unit drops what it kept; where its input gate is dark at the same place, it takes
# something new. Dark is 1, light is 0. Look at the names in capitals: in our run several units hold on all through a speaker's name, and let go at the colon. (We picked the eight whose forget gate moves most, out of 121; and a picture of a gate shows what a unit *does*, not what it *means*.)
#
# Type a line of your own. `\n` is a new line; use characters that occur in Shakespeare.


# %% tags=["nbval-ignore-output"]
def draw_gates(string):
    gates = read_with_gates(string)
    return plots.gates_over_time(
        {"forget gate f": gates.f[0, :, busiest], "cell, tanh c": gates.c[0, :, busiest].tanh()},
        string,
        units=busiest,
        signed=["cell, tanh c"],
        title="What eight units keep, and where they let go",
    )


TypedFigure(
    draw_gates,
    start="First Citizen:\nSpeak, speak!\n\nMENENIUS:\nThe gods be good to us.",
    label="text",
    alt="Forget gates and cell states of eight units over a typed text.",
)

# %% [markdown]
# ## 7 · The GRU: one gate less, one state less
#
# The **gated recurrent unit** (Cho et al. 2014) asks: why decide separately what to keep and what to write? One **update gate** $z$ splits the
# whole: $z$ of the old stays, $1 - z$ is written. And there is no separate cell: what is known is what is said.
#
# $$r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r), \qquad z_t = \sigma(W_z x_t + U_z h_{t-1} + b_z)$$
# $$n_t = \tanh\big(W_n x_t + b_n + r_t \odot (U_n h_{t-1} + b'_n)\big), \qquad h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}$$
#
# > **Predict.** Suppose $z_t = 1$ in every unit. What is $h_t$, and what does the input $x_t$ do to it?
#
# Then $h_t = h_{t-1}$, exactly: nothing is written, whatever $x_t$ says. The update gate is the GRU's forget and input gate in one, so its bias decides the
# reach as in section 3. Here too opening it helps: with $\ln 40$ as the bias of $z$, this GRU recalls about half of the
# symbols at lag 40 after the 300 steps of section 5, instead of a quarter or so: better, and not yet good (`python -m benchmarks recall` runs all of them
# on three seeds).
#
# The **reset gate** $r$ says how much of the memory the candidate $n$ may look at. (Cho et al. let $r$ act on $h_{t-1}$ *before* the product with $U_n$; PyTorch, and
# we, after it. The results differ: do not mix weights of both.) What it leaves out: the output gate, and the freedom to keep all *and*
# write much (an LSTM can count: $f = i = 1$). The stacking order is **r, z, n**.
#
# ### Exercise 3 · One step of the GRU (8 minutes)
#
# Write `gru_step(x, h, W_ih, W_hh, b_ih, b_hh)`: `x (batch, input_size)`, `h (batch, hidden_size)`, weights and **both** biases stacked in the order r, z, n (the second
# bias of n is the $b'_n$ inside the bracket). Return the new `h`. Done when the check shows ✓.


# %% tags=["exercise"]
def gru_step(x, h, W_ih, W_hh, b_ih, b_hh):
    """x (batch, input_size), h (batch, hidden_size) → the next h (batch, hidden_size)."""
    ### BEGIN SOLUTION
    x_r, x_z, x_n = (x @ W_ih.T + b_ih).chunk(3, dim=1)  # each (batch, hidden_size)
    h_r, h_z, h_n = (h @ W_hh.T + b_hh).chunk(3, dim=1)  # each (batch, hidden_size)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h
    ### END SOLUTION


# %% tags=["check"]
check("02.gru_step", gru_step)

# %% [markdown]
# ### Exercise 4 · What gates cost (4 minutes)
#
# Write `count_parameters(input_size, hidden_size, gates)`: the parameters of one layer with `gates` stacked blocks (RNN 1, GRU 3, LSTM 4), with two biases as
# PyTorch has them. Return a whole number. Done when the check shows ✓.


# %% tags=["exercise"]
def count_parameters(input_size, hidden_size, gates):
    """Whole numbers → how many parameters one recurrent layer has."""
    ### BEGIN SOLUTION
    return gates * hidden_size * (input_size + hidden_size + 2)
    ### END SOLUTION


# %% tags=["check"]
check("02.n_parameters", count_parameters)

# %% [markdown]
# ## 8 · Spot the bug
#
# Somebody writes an LSTM of their own and loads trained weights from PyTorch into it. All names fit, all shapes fit, no error.
#
# > **Predict.** What is wrong here? Would it be noticed if the network were trained from scratch instead?


# %%
def their_step(x, h, c, weights):
    sums = x @ weights.weight_ih.T + weights.bias_ih + h @ weights.weight_hh.T + weights.bias_hh
    i, f, o, g = sums.chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


_ = torch.manual_seed(0)
trained_elsewhere = torch.nn.LSTMCell(4, 6)
x, state = torch.randn(3, 4), (torch.randn(3, 6), torch.randn(3, 6))  # (batch, features)

h, c = their_step(x, *state, trained_elsewhere)
print("same shapes:", h.shape == state[0].shape, "· between −1 and 1:", bool((h.abs() < 1).all()))

# %% [markdown]
# The test that exposes it is the one behind every module of this course: load the same weights into the reference, and compare **numbers**.

# %%
with torch.no_grad():
    expected_h, _ = trained_elsewhere(x, state)
    library = LSTMCell(4, 6)
    library.load_state_dict(trained_elsewhere.state_dict())
    print("theirs equals PyTorch:", torch.allclose(h, expected_h, atol=1e-6))
    print("the course's equals PyTorch:", torch.allclose(library(x, state)[0], expected_h, atol=1e-6))

# %% [markdown]
# `i, f, o, g` for `i, f, g, o`. Trained from scratch, nothing is wrong with it: the blocks are symmetric, and each learns the part that it is given. It breaks
# with weights from elsewhere, and shapes cannot tell. Keras stacks as PyTorch does (transposed, and with one bias); the ONNX
# standard stacks i, o, f, g: whoever moves weights there must reorder the blocks. A test that asserts shapes tests nothing here.
#
# ## Recap
#
# | | formula | costs | use it when |
# |---|---|---|---|
# | cell state | $c_t = f_t c_{t-1} + i_t g_t$ | one more state | something must be kept |
# | reach of a forget gate | $\sigma(b)^{t}$; bias ln(lag) keeps about 1/e | nothing | before training, always ask: how far must it reach? |
# | LSTM | gates i, f, o, candidate g | 4 blocks, 4 H (I + H + 2) parameters | the safe choice among recurrent networks |
# | GRU | gates r, z, candidate n | 3 blocks | a little smaller; as good where nothing is counted |
# | clipping | as in lesson 01 | nothing | still: gates do not stop explosions |
#
# **What is not true.** *"An LSTM remembers longer."* At lag 40, where the plain RNN failed, it failed too with the usual start; with its gate opened it did not. *"LSTMs solve
# exploding gradients."* They do not. *"The GRU is better because it is newer"* (or the LSTM because it is older): measure.
#
# **Still open.** A character was a row in a table, and `king` had nothing in common with `queen`. What should stand for a *word*? → `03`, word vectors
#
# ## References
#
# * S. Hochreiter, J. Schmidhuber 1997, *Long short-term memory*, section 4: the cell and its gates.
# * F. A. Gers, J. Schmidhuber, F. Cummins 2000, *Learning to forget*: the forget gate, and a positive bias for it.
# * R. Jozefowicz, W. Zaremba, I. Sutskever 2015, *An empirical exploration of recurrent network architectures*: a bias of 1.
# * C. Tallec, Y. Ollivier 2018, *Can recurrent neural networks warp time?*: ln of the lag, and spread biases.
# * K. Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*, section 2.3: the GRU (r acts before the product there, after it in PyTorch).
