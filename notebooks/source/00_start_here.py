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
# **Does everything run?** In twenty minutes you will know, and you will have met every part that a lesson is made of.
#
# You will be able to:
#
# * **check** your machine and mend what is missing,
# * **run** a lesson, read its figures and move what can be moved,
# * **solve** an exercise, ask for a hint, and understand what the checker tells you.
#
# Time: 20 minutes. It builds on Python and a little PyTorch: you know what a tensor is and have called `.mean()` on one.
#
# A notebook is made of *cells*. Click into the next one and press **Shift + Enter**: it runs, shows its output below, and
# the cursor moves on. Do that all the way down. (*Run → Run All Cells* does it at once.)

# %% tags=["setup", "nbval-ignore-output"]
from course_lib import plots
from course_lib.device import setup
from course_lib.doctor import all_needed_is_here, report
from course_lib.explore import SliderFigure
from course_lib.practice import check, hint

device = setup(seed=0)

# %% [markdown]
# Every lesson begins with such a cell. `setup` picks the fastest device that PyTorch can use, starts all random numbers from
# one seed, and says so in one line. Everything later goes to `device`, so the same notebook runs on a laptop and on a GPU.
#
# ## What your machine has
#
# `✓` is well, `!` is good to know, `✗` must be mended; the arrow says how.

# %% tags=["nbval-ignore-output"]
print(report())

# %%
print("All that the course needs is here:", all_needed_is_here())

# %% [markdown]
# `False`? Do what the arrows say, then *Kernel → Restart Kernel and Run All Cells*. A package that is not *as tested* is no
# error: lessons state facts that hold with other versions too, only the last digits of a loss may differ.
#
# ## A lesson's parts
#
# **A question first.** Lessons ask you to predict before they show. It works better if you commit to an answer: say it aloud or
# write it down.
#
# > **Predict.** A memory that keeps 90 % of itself at every step: how much of it is left after 50 steps? About a half, about
# > a tenth, or under a hundredth?

# %%
keep, steps = 0.9, 50
print(f"left after {steps} steps: {keep**steps:.4f}")

# %% [markdown]
# Half a percent. Repeated multiplication is merciless, and the whole of lesson 01 turns on it.
#
# **A figure.** Its title says what to see. Here it is for two kinds of memory; note the logarithmic axis, on which repeated
# multiplication is a straight line.


# %%
def fading(keep, longest=60):
    """What is left of 1 after each of `longest` steps, each multiplying by `keep`."""
    return [keep**lag for lag in range(longest + 1)]


_ = plots.memory_by_lag({"keeps 0.90": fading(0.90), "keeps 0.99": fading(0.99)}, title="0.99 keeps more than half where 0.90 keeps next to nothing")

# %% [markdown]
# **Something to move.** Drag the slider, or click it and use the arrow keys. Find the value at which the memory neither fades nor
# grows, then go just past it.


# %% tags=["nbval-ignore-output"]
def draw(keep):
    return plots.memory_by_lag(
        {f"keeps {keep:.2f}": fading(keep)}, title=f"1 multiplied by {keep:.2f} at every step", ylim=(1e-6, 1e6)
    )


SliderFigure(
    draw,
    values=[0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0, 1.02, 1.05, 1.1, 1.2],
    start=0.9,
    label="kept per step",
    alt="What is left of a memory after each step, on a logarithmic axis.",
)

# %% [markdown]
# At 1.00 the line is flat; at 1.10, fifty steps make it a hundred times as large. A network that multiplies by nearly
# the same matrix at every step has both dangers: lesson 01 shows them. (Below a millionth the line leaves the picture.)
#
# ## Exercises
#
# Every lesson has some, and they look like these three: what to write, what counts as done, how long it takes.
#
# ### Exercise 1 · A mean (3 minutes)
#
# Write `mean_of_squares(x)`: for a tensor `x` of shape `(time,)` it returns the mean of the squared values, as a
# tensor without dimensions. It is done when the check below shows ✓. For `[1., 2., 3.]` that is $(1 + 4 + 9) / 3 \approx 4.67$.
#
# Replace the line `raise NotImplementedError()` by your code, run it, then run the check.


# %% tags=["exercise"]
def mean_of_squares(x):
    """x: (time,) floats → the mean of x², a tensor without dimensions."""
    ### BEGIN SOLUTION
    return (x**2).mean()
    ### END SOLUTION


# %% tags=["check"]
check("00.mean_of_squares", mean_of_squares)

# %% [markdown]
# `○` means *not attempted yet*, `✓` done, `✗` something is off, and then the checker says which property fails; if your
# answer behaves like a mistake it knows, it names the mistake. Try it: square the mean instead of averaging the squares, and
# check again.
#
# Stuck? Open as many of the three hints as you need.

# %% tags=["hint"]
hint("00.mean_of_squares")

# %% [markdown]
# Leaving an exercise open breaks nothing: no later cell needs your answer.
#
# ### Exercise 2 · How long half of it lasts (4 minutes)
#
# Write `steps_to_half(keep)`: a memory holds 1 and keeps the share `keep` of itself at every step, 0 < `keep` < 1. After how many steps
# is at most a half left? A whole number; for 0.9 it is 7. Done when the check shows ✓.


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

# %% [markdown]
# ### Exercise 3 · Every row around 0 (4 minutes)
#
# Most code of this course handles many sequences at once: a tensor of shape `(batch, time)` has a row for each. Write `centred(x)`: subtract from
# every number the mean of its own row; the shape stays `(batch, time)`. `[[1., 2., 6.]]` becomes `[[-2., -1., 3.]]`. Without a
# loop it is one line (with one, `torch.stack` makes a tensor of a list of rows). Done when the check shows ✓.


# %% tags=["exercise"]
def centred(x):
    """x: (batch, time) → (batch, time), every row with mean 0."""
    ### BEGIN SOLUTION
    return x - x.mean(dim=1, keepdim=True)
    ### END SOLUTION


# %% tags=["check"]
check("00.centred", centred)

# %% [markdown]
# ## The road
#
# Each lesson begins with the problem that the one before left open. In the boxes: your time for reading and exercises, and how long the machine takes for all cells.

# %%
_ = plots.course_map()

# %% [markdown]
# ## When something goes wrong
#
# | What you see | What to do |
# |---|---|
# | a cell shows `[*]` for minutes | training shows a progress bar; to stop it press ■ *Interrupt the kernel* once: the model keeps what it has learnt |
# | `NameError: name '…' is not defined` | a cell above was not run: *Run → Run All Above Selected Cell* |
# | strange results after much trying around | *Kernel → Restart Kernel and Run All Cells* |
# | `ModuleNotFoundError: course_lib` | JupyterLab runs outside the course's environment: stop it, start it again with `make lab` |
# | a data set cannot be downloaded | the message names both ways out: a folder of files, or another machine that serves them (it shows the variable to set) |
# | a slider shows a picture but does not move | the notebook was opened without a kernel: run its cell |
#
# Still stuck? Look for your message among the issues of the course's repository, or open a new one with the table that `report()`
# printed above.
#
# ## What is still open
#
# You know how a lesson works. The first real question is the oldest one about language: *given what stands here so far, what comes
# next?* How much must one remember to answer it well? → `01_rnn.ipynb`
