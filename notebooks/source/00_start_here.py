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
# # 00 · Start here
#
# **Does everything run, and are you ready to start?** In twenty minutes you will know both, and you will have met every part that a
# lesson is made of.
#
# You will be able to:
#
# * **predict** before you look, and move what can be moved (exercise 2),
# * **solve** an exercise, open a hint, and understand what the checker tells you (exercises 1 and 3),
# * **judge** whether you know enough PyTorch for lesson 01 (exercise 4).
#
# Time: 20 minutes. You need Python, and you should have worked with a PyTorch tensor before.
#
# A notebook consists of *cells*. Click into the next one and press **Shift + Enter**: it runs, shows its output below, and the cursor moves
# on. Continue like that to the end. (*Run → Run All Cells* runs everything at once.)

# %% tags=["setup", "nbval-ignore-output"]
from course_lib import plots
from course_lib.device import setup
from course_lib.doctor import needed_but_missing, report
from course_lib.explore import SliderFigure
from course_lib.practice import check, hint
from course_lib.report import measured

device = setup(seed=0)

# %% [markdown]
# Every lesson begins with such a cell. `setup` picks the fastest device that PyTorch can use, seeds all random numbers, and reports both in
# one line. Models and data are moved to `device`, so the same notebook runs on a laptop and on a GPU.
#
# ## Your machine
#
# `✓` means fine, `!` is good to know, and `✗` has to be fixed; the arrow says how.

# %% tags=["nbval-ignore-output"]
print(report())

# %%
measured("things to fix before lesson 01", len(needed_but_missing()), at_most=0)

# %% [markdown]
# If there is anything to fix, follow the arrows, then choose *Kernel → Restart Kernel and Run All Cells*. A package that is not *as tested* is no
# error: only the last digits of a loss may differ.
#
# The line you just saw is how lessons report numbers. The number after `≈` is what your machine measured. The bound in parentheses is what has to
# hold on every machine, and `✓` says that it does.
#
# ## The parts of a lesson
#
# **A question first.** Lessons ask you to predict a result before they show it. That works best if you commit to an answer: say it aloud or
# write it down.
#
# > **Predict.** A memory keeps 90 % of itself at every step. How much is left after 50 steps: about a half, about a tenth, or less than
# > a hundredth?

# %%
keep, steps = 0.9, 50
print(f"left after {steps} steps: {keep**steps:.4f}")

# %% [markdown]
# Half a percent. Repeated multiplication shrinks things fast. Lesson 01 shows what that does to a network.
#
# **A figure.** Its title says what to see. This one compares two memories. The axis is logarithmic, so repeated multiplication becomes
# a straight line.


# %%
def decay(keep, longest=60):
    """What is left of 1 after each of `longest` steps, each multiplying by `keep`."""
    return [keep**lag for lag in range(longest + 1)]


_ = plots.memory_by_lag(
    {"keeps 0.90": decay(0.90), "keeps 0.99": decay(0.99)},
    title="0.99 per step keeps more than half, 0.90 almost nothing",
)

# %% [markdown]
# **Something to move.** Drag the slider, or click it and use the arrow keys. Find the value at which the memory neither decays nor
# grows, then go just past it.


# %% tags=["nbval-ignore-output"]
def draw(keep):
    return plots.memory_by_lag(
        {f"keeps {keep:.2f}": decay(keep)}, title=f"1 multiplied by {keep:.2f} at every step", ylim=(1e-6, 1e6)
    )


SliderFigure(
    draw,
    values=[0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0, 1.02, 1.05, 1.1, 1.2],
    start=0.9,
    label="kept per step",
    alt="What is left of a memory after each step, on a logarithmic axis.",
)

# %% [markdown]
# At 1.00 the line is flat; at 1.10, fifty steps multiply it by more than a hundred. A network that multiplies by the same matrix
# at every step faces both dangers.
#
# **Exercises.** The heading says what kind it is: a *warm-up* takes a few minutes, a *core* exercise about ten, and each later lesson has one *build*, in
# which its pieces come together. An exercise is done when its check shows ✓.
#
# ### Exercise 1 · A mean of squares (warm-up, 3 minutes)
#
# Write `mean_of_squares(x)`: for a tensor `x` of shape `(time,)`, return the mean of the squared values as a tensor without
# dimensions. For `[1., 2., 3.]` that is $(1 + 4 + 9) / 3 \approx 4.67$.
#
# Replace the line `raise NotImplementedError()` with your code, run the cell, then run the check.


# %% tags=["exercise"]
def mean_of_squares(x):
    """x: (time,) floats → the mean of x², a tensor without dimensions."""
    ### BEGIN SOLUTION
    return (x**2).mean()
    ### END SOLUTION


# %% tags=["check"]
check("00.mean_of_squares", mean_of_squares)

# %% tags=["hint"]
hint("00.mean_of_squares")

# %% [markdown] tags=["solution"]
# Each number is squared first; then the mean is taken. `x.mean() ** 2` is something else: for −1 and 1 it is 0.

# %% [markdown]
# `○` means *not attempted yet*, `✓` means done, and `✗` tells you which property fails. If your answer behaves like a mistake the checker
# knows, it names the mistake. Try it: square the mean instead of averaging the squares, and check again.
#
# Below the check are three hints, each a step further, and the solution with its reason. Open them when you need them. An exercise that you
# skip breaks nothing: later cells then use the library's version. Once yours passes, they use yours.
#
# ### Exercise 2 · Half-life (warm-up, 4 minutes)
#
# A memory holds 1 and keeps the fraction `keep` of itself at every step, with 0 < `keep` < 1. Write `steps_to_half(keep)`: the number of steps after which at most one half
# is left. For 0.9 it is 7.


# %% tags=["exercise"]
def steps_to_half(keep):
    """keep: a float between 0 and 1 → the first step after which at most 0.5 is left, a whole number."""
    ### BEGIN SOLUTION
    left, steps = 1.0, 0
    while left > 0.5:
        left, steps = left * keep, steps + 1
    return steps
    ### END SOLUTION


# %% tags=["check"]
check("00.steps_to_half", steps_to_half)

# %% tags=["hint"]
hint("00.steps_to_half")

# %% [markdown] tags=["solution"]
# Counting is the safest way. The formula is $\lceil \ln 0.5 / \ln \text{keep} \rceil$: rounded up, because after fewer steps more than a half is left.

# %% [markdown]
# ### Exercise 3 · Subtract each row's mean (warm-up, 4 minutes)
#
# Most code in this course handles many sequences at once: a tensor of shape `(batch, time)` has one row for each. Write `centred(x)`: subtract from every number the
# mean of its own row. The shape stays the same, and `[[1., 2., 6.]]` becomes `[[-2., -1., 3.]]`.


# %% tags=["exercise"]
def centred(x):
    """x: (batch, time) → (batch, time), every row with mean 0."""
    ### BEGIN SOLUTION
    return x - x.mean(dim=1, keepdim=True)
    ### END SOLUTION


# %% tags=["check"]
check("00.centred", centred)

# %% tags=["hint"]
hint("00.centred")

# %% [markdown] tags=["solution"]
# `x.mean(dim=1)` has shape `(batch,)`, and broadcasting would line it up with the *columns*. `keepdim=True` keeps the shape `(batch, 1)`, which lines up
# with the rows.

# %% [markdown]
# ## Are you ready for lesson 01?
#
# The course explains recurrent networks, attention and everything built on them. It assumes that you have met three ideas: a gradient, a softmax, and a
# PyTorch module with its parameters. The next exercise takes five minutes without a computer. If one of the three answers gives you trouble, this
# is where to read first:
#
# | idea | read |
# |---|---|
# | gradient, `backward` | PyTorch's tutorial *Automatic Differentiation with torch.autograd* (docs.pytorch.org, "Learn the Basics") |
# | softmax, cross-entropy | *Dive into Deep Learning*, section 4.1 (d2l.ai) |
# | module, parameters | PyTorch's tutorial *Build the Neural Network* (docs.pytorch.org, "Learn the Basics") |
#
# ### Exercise 4 · Self-check (warm-up, 5 minutes)
#
# Fill in three numbers:
#
# * `gradient`: $y = x^2 + 2x$. What is $dy/dx$ at $x = 3$?
# * `probability`: a softmax gets the logits 0 and $\ln 3$. What is the probability of the second?
# * `parameters`: how many numbers can training change in `nn.Linear(3, 2)`, which maps 3 features to 2?

# %% tags=["exercise"]
answers = {"gradient": ..., "probability": ..., "parameters": ...}
### BEGIN SOLUTION
answers = {"gradient": 8, "probability": 0.75, "parameters": 8}
### END SOLUTION

# %% tags=["check"]
check("00.self_check", answers)

# %% tags=["hint"]
hint("00.self_check")

# %% [markdown] tags=["solution"]
# The derivative is $2x + 2 = 8$. The softmax exponentiates, $e^0 = 1$ and $e^{\ln 3} = 3$, and divides by the sum: $3/4$. The linear layer has a weight for each of the 2 × 3
# connections, and 2 biases.

# %% [markdown]
# ## The map
#
# Each lesson begins with the problem that the previous one left open. Read the map from left to right. *You* is the time for reading and exercises, *CPU* the time that the cells take
# on one core.

# %%
_ = plots.course_map()

# %% [markdown]
# ## When something goes wrong
#
# | What you see | What to do |
# |---|---|
# | a cell shows `[*]` for minutes | training shows a progress bar; to stop it, press ■ *Interrupt the kernel* once: the model keeps what it has learned |
# | `NameError: name '…' is not defined` | a cell above was not run: *Run → Run All Above Selected Cell* |
# | strange results after some experimenting | *Kernel → Restart Kernel and Run All Cells* |
# | `ModuleNotFoundError: course_lib` | JupyterLab runs outside the course's environment: stop it and start it again with `make lab` |
# | a data set cannot be downloaded | the message names both ways out: a folder of files, or another machine that serves them |
# | a slider shows a picture but does not move | the notebook was opened without a kernel: run its cell |
#
# Still stuck? Search the issues of the course's repository for your message, or open a new one with the table that `report()`
# printed above.
#
# ## Still open
#
# You know how a lesson works. The first real question is the oldest one about language: *given the text so far, what comes
# next?* How much of it do you have to remember to answer well? → `01_rnn.ipynb`
