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
# **Does everything run, and are you ready to start?** This lesson answers both questions in twenty minutes. Along the way you will meet the
# parts that lessons are made of.
#
# You will be able to:
#
# * **predict** a number before you see it, and find it in a figure (exercise 2),
# * **solve** an exercise with the help of its checker and its hints (exercises 1 and 3),
# * **judge** whether you know enough PyTorch for lesson 01 (exercise 4).
#
# Time: 20 minutes. You should know Python and have worked with PyTorch tensors before.
#
# A notebook consists of *cells*. Click the next cell and press **Shift + Enter**: the cell runs, its output appears below it, and the cell after
# it is selected. Work through the notebook like this. *Run → Run All Cells* runs everything at once.

# %% tags=["setup", "nbval-ignore-output"]
from course_lib import plots
from course_lib.device import setup
from course_lib.doctor import needed_but_missing, report
from course_lib.explore import SliderFigure
from course_lib.practice import check, hint, yours
from course_lib.report import measured

device = setup(seed=0)

# %% [markdown]
# Every lesson begins with a cell like this one. `setup` picks a GPU if PyTorch can use one and the CPU otherwise, seeds the random number
# generators, and reports what it did. Lessons move their models and data to `device`, so the same notebook runs on a laptop and on a GPU.
#
# ## Your machine
#
# `✓` means that all is well, `!` marks something worth knowing, and `✗` something you have to fix; the arrow tells you how.

# %% tags=["nbval-ignore-output"]
print(report())

# %%
measured("things to fix before lesson 01", len(needed_but_missing()), at_most=0)

# %% [markdown]
# If something needs fixing, follow its arrow and then choose *Kernel → Restart Kernel and Run All Cells*. A package version other than the tested
# one is not an error, but your numbers may differ slightly from the ones stored here.
#
# Lessons report their measurements in lines like the last one. The number after `≈` was measured on your machine. The bound in parentheses should
# hold on every machine, and `✓` says that it holds on yours.
#
# ## The parts of a lesson
#
# **A prediction.** Before a lesson shows you a result, it asks you to predict it. Commit to an answer: say it aloud or write it down.
#
# > **Predict.** A memory starts at 1. At every step it is multiplied by 0.9. How much is left after 50 steps: about a half, about a tenth, or
# > less than a hundredth?

# %%
keep, steps = 0.9, 50
print(f"left after {steps} steps: {keep**steps:.4f}")

# %% [markdown]
# Only half a percent is left. Repeated multiplication by a number below 1 shrinks anything quickly, and lesson 01 shows what that does to a network.
#
# **A figure.** Its title states the main point. This figure compares two memories. The vertical axis is logarithmic, which turns repeated
# multiplication into a straight line. Where does the line for 0.90 cross one half?


# %%
def decay(keep, longest=60):
    """What is left of 1 after 0, 1, 2, … steps, each of which multiplies it by `keep`."""
    return [keep**step for step in range(longest + 1)]


def draw_decay(keeps, title, ylim=None):
    curves = {f"keep = {keep:.2f}": decay(keep) for keep in keeps}
    ax = plots.memory_by_lag(curves, title, ylabel="fraction left (1 = all)", ylim=ylim)
    ax.set_xlabel("steps")
    return ax


ax = draw_decay([0.90, 0.99], title="After 60 steps, 0.99 leaves more than half and 0.90 almost nothing")
_ = ax.axhline(0.5, color="black", linestyle=":", label="one half")
_ = ax.legend()

# %% [markdown]
# **A slider.** Drag it, or click it and use the arrow keys. Find the value of `keep` at which the memory neither shrinks nor grows, then go a little
# further.


# %% tags=["nbval-ignore-output"]
def draw(keep):
    title = f"50 steps that multiply by {keep:.2f} turn 1 into {keep**50:.2g}"
    return draw_decay([keep], title, ylim=(1e-6, 1e6))


SliderFigure(
    draw,
    values=[0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0, 1.02, 1.05, 1.1, 1.2],
    start=0.9,
    label="keep",
    alt="The fraction of a memory that is left after each step, on a logarithmic axis.",
)

# %% [markdown]
# At 1.00 the line is flat. At 0.50 a memory *vanishes* within a few steps, and at 1.20 it *explodes*. Lesson 01 measures both in a network that
# multiplies by the same matrix at every step.
#
# **Exercises.** Each heading names the kind of exercise and the time to allow. A *warm-up* takes a few minutes and a *core* exercise about ten.
# From lesson 01 on, each lesson also has one *build*, which puts its pieces together. An exercise is done when its check shows ✓.
#
# ### Exercise 1 · A mean of squares (warm-up, 3 minutes)
#
# Write `mean_of_squares(x)`. It takes a tensor `x` of shape `(time,)` and returns the mean of the squared values, as a tensor without
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
# `○` means *not attempted yet*, and `✓` means solved. After `✗` the checker says what is wrong with your result, and if it recognises the mistake
# behind it, it names that too. Try it: square the mean instead of averaging the squares, and run the check again.
#
# Below each check are three hints, each more specific than the one before, and a solution with an explanation. Open them when you need them.
#
# ### Exercise 2 · Half-life (warm-up, 4 minutes)
#
# A memory starts at 1 and is multiplied by `keep` at every step, with 0 < `keep` < 1. Write `steps_to_half(keep)`, which returns the smallest number
# of steps after which at most one half is left. For 0.9 the answer is 7: in the first figure, its line crosses one half between steps 6 and 7.


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
# Counting steps is the simplest way. The formula is $\lceil \ln 0.5 / \ln \text{keep} \rceil$. It rounds up, because after fewer steps more than
# a half is left.

# %% [markdown]
# **Your code runs the lesson.** Once your function passes its check, later cells use it; the cell below does. If you skip an exercise, they use the
# library's version, so nothing breaks.
#
# > **Predict.** 0.9 takes 7 steps to reach one half. How many does 0.99 take, which loses a tenth as much at each step: about 8, about 70, or about 700? The
# > first figure rules out one of these.

# %%
for keep in (0.9, 0.99, 0.999):
    print(f"keep = {keep}: at most one half is left after {yours('00.steps_to_half')(keep):.0f} steps")

# %% [markdown]
# Losing a tenth as much per step makes the memory last about ten times as long. To remember for hundreds of steps, a network therefore
# has to multiply by almost exactly 1. Lesson 02 builds one that can learn to.

# %% [markdown]
# ### Exercise 3 · Subtract each row's mean (warm-up, 4 minutes)
#
# Most code in this course handles many sequences at once: a tensor of shape `(batch, time)` has one row for each sequence. Write `centred(x)`, which
# subtracts from every number the mean of its row. The result has the shape of `x`: `[[1., 2., 6.]]` becomes `[[-2., -1., 3.]]`.


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
# The course explains recurrent networks, attention and Transformers from the beginning. It assumes that you have met gradients, the softmax, and PyTorch
# modules with their parameters. The next exercise asks one question about each; you need paper, but no computer. If a question is too hard, read up
# on its topic first:
#
# | Topic | Where to read |
# |---|---|
# | gradient, `backward` | PyTorch tutorials: [Automatic Differentiation with torch.autograd](https://docs.pytorch.org/tutorials/beginner/basics/autogradqs_tutorial.html) |
# | softmax, cross-entropy | *Dive into Deep Learning*: [section 4.1, Softmax Regression](https://d2l.ai/chapter_linear-classification/softmax-regression.html) |
# | module, parameters | PyTorch tutorials: [Build the Neural Network](https://docs.pytorch.org/tutorials/beginner/basics/buildmodel_tutorial.html) |
# | broadcasting (exercise 3) | PyTorch documentation: [Broadcasting semantics](https://docs.pytorch.org/docs/stable/notes/broadcasting.html) |
#
# ### Exercise 4 · Self-check (warm-up, 5 minutes)
#
# Replace each `...` with a number:
#
# * `gradient`: $y = x^2 + 2x$. What is $dy/dx$ at $x = 3$?
# * `probability`: a softmax is applied to the logits 0 and $\ln 3$. What is the probability of the second?
# * `parameters`: `nn.Linear(3, 2)` maps 3 features to 2. How many trainable numbers does it have?

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
# The derivative is $2x + 2 = 8$. The softmax exponentiates, $e^0 = 1$ and $e^{\ln 3} = 3$, and divides by the sum: $3/4$. The linear layer has a
# weight for each of the 2 × 3 connections and a bias for each of the 2 outputs. PyTorch agrees:
#
# ```python
# x = torch.tensor(3.0, requires_grad=True)
# (x**2 + 2 * x).backward()
# x.grad  # tensor(8.)
# torch.tensor([0.0, math.log(3)]).softmax(dim=0)  # tensor([0.2500, 0.7500])
# sum(parameter.numel() for parameter in torch.nn.Linear(3, 2).parameters())  # 8
# ```

# %% [markdown]
# ## The map
#
# Each lesson answers one question, and what it leaves open leads to the next. In the map, *your time* is for reading and exercises, and *CPU time* is how
# long the cells run on one core.

# %%
_ = plots.course_map()

# %% [markdown]
# ## When something goes wrong
#
# | What you see | What to do |
# |---|---|
# | a cell shows `[*]` for a long time | it is still running; to stop a training run early, press ■ *Interrupt the kernel* once: the model keeps what it has learned so far |
# | `NameError: name '…' is not defined` | a cell above has not been run: choose *Run → Run All Above Selected Cell* |
# | strange results after some experimenting | choose *Kernel → Restart Kernel and Run All Cells* |
# | `No module named 'course_lib'` | JupyterLab runs outside the course's environment: stop it and start it again with `make lab` |
# | a data set cannot be downloaded | the message offers two ways to supply the files yourself: a folder, or another machine that serves them |
# | a figure has lost its slider, or the slider does nothing | only the stored picture is shown: run the cell |
#
# Still stuck? Search the issues of the course's repository for your error message, or open a new issue that includes the output of
# `print(report())`.
#
# ## Still open
#
# You now know how a lesson works. Lesson 01 asks how much of a text a network has to remember to predict what comes next. Will its memory
# vanish, explode, or last? → `01_rnn.ipynb`
