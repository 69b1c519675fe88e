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
# # 15 · Smaller and faster
#
# **What does one answer cost, and what of it can be left out?** The chat model of lesson 13 reads all of its weights for every token that it writes. In this lesson you measure what that costs on your machine. Then you leave things out: bits of the weights, most of the training, layers, heads and single weights. Each time you measure what was gained and what was lost.
#
# You will be able to:
#
# * **estimate** the bytes, operations and seconds of a pass through a model (exercise 1),
# * **quantise** a tensor by a scale and a zero point, and say what an outlier does to it (exercise 2),
# * **build** a linear layer that runs on the 4-bit weights of a published file (exercise 3),
# * **add** a low-rank adapter to a frozen layer, and merge it (exercise 4).
#
# Time: 75 minutes; the cells run for about 70 seconds on one CPU core. You need lesson 13 (the chat model) and lessons 10 to 12 (BERT, fine-tuning, heads).

# %% tags=["setup", "nbval-ignore-output"]
import copy
import statistics
from functools import partial

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import drawings
from course_lib.data import load, village
from course_lib.decoding import generate, speculate
from course_lib.device import Stopwatch, seed_everything, setup
from course_lib.explore import SliderFigure
from course_lib.models.compact import (
    Int4Linear,
    Int8Linear,
    add_lora_to_attention,
    exactly,
    load_llama_int4,
    lora_parameters,
    make_permanent,
    prune_smallest,
    quantisation_error,
    quantise,
    replace_linears,
    tensor_bytes,
)
from course_lib.models.pretrained import load_llama, pretrained_folder, read_gguf
from course_lib.models.pretrained.files import LLAMA_FILES
from course_lib.models.pretrained.llama import gguf_file_of
from course_lib.models.size import n_parameters
from course_lib.practice import check, hint, yours
from course_lib.recipes import distil_village, lora_minilm, village_bert, village_probes
from course_lib.report import measured
from course_lib.roofline import measure_roofline
from course_lib.stored import load_stored
from course_lib.text.chat import chat_ids, stop_id

# The 4-bit kernel and the timings are a CPU's.
device = setup(seed=0, device="cpu")

# %% [markdown]
# ## 1 · What one answer costs
#
# A linear layer with $n$ weights multiplies and adds once per weight and row: $2n$ operations for each row. To do so, it has to fetch the weights from memory, $n \cdot \text{bits} / 8$ bytes, but only once for all rows. While a chat model writes, there is a single row, the newest token. While it reads a prompt, there are many.
#
# > **Predict.** A matrix product with 1 row takes some milliseconds. How much longer does it take with 64 rows, 64 times the arithmetic?

# %% tags=["nbval-ignore-output"]
roof = measure_roofline()
for point in roof.points:
    print(
        f"{point.rows:4} rows: {1000 * point.seconds:6.1f} ms, {point.gigaflops:5.1f} GFLOP/s, {point.gigabytes:5.1f} GB/s"
    )

# %%
by_rows = {point.rows: point for point in roof.points}
measured("64 rows take how many times as long as one", by_rows[64].seconds / by_rows[1].seconds, at_most=32)
measured(
    "operations a second, 256 rows against one", by_rows[256].gigaflops / by_rows[1].gigaflops, at_least=2
)

# %% [markdown]
# Far less than 64 times as long. With one row, the processor waits for the memory; with many, the memory waits for the processor. A **roofline** (Williams et al. 2009) shows both limits. The horizontal axis is the number of operations per byte of the matrix; no point can be above the roof:

# %% tags=["nbval-ignore-output"]
figure, ax = plt.subplots(figsize=(7.5, 3.2))
intensities = sorted([0.25, roof.ridge, 256])
_ = ax.loglog(intensities, [roof.limit(x) for x in intensities], label="the roof")
_ = ax.loglog(
    [p.intensity for p in roof.points],
    [p.gigaflops for p in roof.points],
    "o",
    label="measured, 1 to 256 rows",
)
_ = ax.axvline(roof.ridge, linestyle=":", color="grey")
_ = ax.set(
    xlabel="operations per byte",
    ylabel="GFLOP/s",
    title="Left of the ridge the memory is the limit, right of it the arithmetic",
)
_ = ax.legend()

# %% [markdown]
# A product with a few rows can fall well below the roof: for two rows, PyTorch's library chooses a kernel that is made for many.
#
# ### Exercise 1 · What a pass costs (warm-up, 5 minutes)
#
# Write `answer_cost(n_weights, bits, rows, gigabytes, gigaflops)` for one pass of `rows` rows through `n_weights` weights of `bits` bits each. `gigabytes` and `gigaflops` are what the machine does in a second, in units of $10^9$. Return the bytes of the weights, the operations, and the least number of seconds that the roofline allows. Memory and arithmetic work at the same time.


# %% tags=["exercise"]
def answer_cost(n_weights, bits, rows, gigabytes, gigaflops):
    """→ bytes, operations, seconds."""
    ### BEGIN SOLUTION
    n_bytes = n_weights * bits / 8
    operations = 2 * n_weights * rows
    return n_bytes, operations, max(n_bytes / (gigabytes * 1e9), operations / (gigaflops * 1e9))
    ### END SOLUTION


# %% tags=["check"]
check("15.answer_cost", answer_cost)

# %% tags=["hint"]
hint("15.answer_cost")

# %% [markdown] tags=["solution"]
# `max`, since the two overlap: while one part of the matrix is multiplied, the next is on its way.

# %% [markdown]
# What should one token of SmolLM2 cost, with its 134.5 million weights in 32, 8 and 5 bits? Here are the numbers for a machine with 16 GB/s and 75 GFLOP/s:

# %%
for bits in (32, 8, 5):
    n_bytes, _, one = yours("15.answer_cost")(134_500_000, bits, 1, 16, 75)
    prompt = yours("15.answer_cost")(134_500_000, bits, 500, 16, 75)[2]
    print(
        f"{bits:2} bits: {n_bytes / 1e6:4.0f} MB; a token {1000 * one:4.1f} ms, a prompt of 500 tokens {prompt:.2f} s"
    )

# %% [markdown]
# This answers the first half of the title question. A token costs one pass over all weights, and its time is the time to *move* them. So leaving out bits should make writing faster, and reading a prompt not at all.
#
# ## 2 · Whole numbers with a scale
#
# **Affine quantisation** (Jacob et al. 2018) replaces each real number $x$ by a whole number $q$ of a few bits. A scale $s$ is the step between neighbours, and a zero point $z$ is the whole number that means 0:
#
# $$q = \text{clamp}\!\left(\text{round}(x / s) + z,\; 0,\; 2^b - 1\right), \qquad x \approx s\,(q - z)$$
#
# $$s = \frac{\max(x_\text{max}, 0) - \min(x_\text{min}, 0)}{2^b - 1}, \qquad z = \text{round}\!\left(\frac{-\min(x_\text{min}, 0)}{s}\right)$$
#
# Take $-1, 0.1, 0.62, 2$ with $b = 2$ bits. The range of 3 has 3 steps, so $s = 1$ and $z = 1$. The numbers become $q = 0, 1, 2, 3$, and back they are $-1, 0, 1, 2$. Zero is always exact, which matters for padding and for pruned weights.
#
# ### Exercise 2 · Affine quantisation (core, 12 minutes, experiment)
#
# *Predict* first: one weight of a matrix becomes more than ten times as large as any other. What happens to the error of all the others?
#
# Write `quantise_affine(x, bits)` for a tensor of any shape. Return $q$, a tensor of `x`'s shape that holds whole numbers, then $s$ and $z$. The experiment below uses your function.


# %% tags=["exercise"]
def quantise_affine(x, bits):
    """x of any shape → numbers from 0 to 2**bits − 1 of the same shape, scale, zero point."""
    ### BEGIN SOLUTION
    highest = 2**bits - 1
    low, high = min(x.min().item(), 0.0), max(x.max().item(), 0.0)
    scale = (high - low) / highest
    zero = round(-low / scale)
    return (torch.round(x / scale) + zero).clamp(0, highest), scale, zero
    ### END SOLUTION


# %% tags=["check"]
check("15.quantise_affine", quantise_affine)

# %% tags=["hint"]
hint("15.quantise_affine")

# %% [markdown] tags=["solution"]
# `clamp` is needed where both $x / s$ and $z$ end in .5 and are rounded up. That happens whenever the range is symmetric.

# %%
for seed in (0, 1, 2):
    x = torch.randn(64, 64, generator=torch.Generator().manual_seed(seed))
    errors = []
    for outlier in (x[0, 0].item(), 50.0):
        x[0, 0] = outlier
        q, scale, zero = yours("15.quantise_affine")(x, 8)
        errors.append((scale * (q - zero) - x).flatten()[1:].square().mean().sqrt())
    measured(
        f"seed {seed}: error of the others, with the outlier against without",
        errors[1] / errors[0],
        at_least=5,
    )

# %% [markdown]
# One outlier in 4,096 weights takes almost three bits from all the others. The remedy is to let fewer weights share a scale: each row of a matrix has its own (**per channel**), or each group of 32 neighbours. Move the slider to make a weight larger. A group limits the damage to its 31 neighbours:


# %% tags=["nbval-ignore-output"]
def draw_outlier(size):
    x = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    x[0, 0] = float(size)
    figure, ax = plt.subplots(figsize=(7.5, 2.8))
    names = {"whole tensor": "tensor", "each row": "channel", "groups of 32": 32}
    errors = [
        (quantise(x, 4, per=per, symmetric=False).dequantised() - x)
        .flatten()[1:]
        .square()
        .mean()
        .sqrt()
        .item()
        for per in names.values()
    ]
    _ = ax.barh(list(names), errors)
    _ = ax.set(xlim=(0, 1.1), xlabel="error of the other weights in 4 bits (their standard deviation is 1)")
    _ = ax.set_title(f"One weight of {size}: what shares its scale suffers")
    ax.invert_yaxis()
    return ax


SliderFigure(
    draw_outlier,
    values=[1, 5, 10, 20, 50],
    start=10,
    label="largest weight",
    alt="Errors of 4-bit quantisation for one scale for the tensor, for each row, and for groups of 32. With a large outlier the error of the single scale approaches 1; that of groups hardly changes.",
)

# %% [markdown]
# Are there such outliers in real weights? Take matrices of SmolLM2 from the file of lesson 13. In the largest models, activations have far stronger ones (Dettmers et al. 2022).

# %%
file = read_gguf(gguf_file_of(pretrained_folder("SmolLM2-135M-Instruct", LLAMA_FILES)))
names = [f"blk.{layer}.{part}.weight" for layer in (0, 15, 29) for part in ("ffn_up", "ffn_down")]
matrices = {name: file.tensors[name].dequantised() for name in names}
measured(
    "largest weight, in standard deviations, the median matrix",
    statistics.median((w.abs().max() / w.std()).item() for w in matrices.values()),
    at_least=8,
)
errors = {
    (bits, per): [
        quantisation_error(w, quantise(w, bits, per=per, symmetric=False)).relative for w in matrices.values()
    ]
    for bits in (8, 4)
    for per in ("tensor", "channel", 32)
}
for (bits, per), found in errors.items():
    print(f"{bits} bits, {per!s:>7}: relative error {min(found):.3f} to {max(found):.3f}")

# %% [markdown]
# In 8 bits, even one scale per matrix loses only a few percent. In 4 bits, one scale is useless and groups of 32 lose 8 %. These matrices were themselves in 4 bits once, so trained weights may differ a little. Each further bit halves the error.
#
# ## 3 · Groups of 4 bits, and a real file
#
# This is how the file of lesson 13 keeps its matrices. A group of 32 weights has a scale $d$ and a minimum $m$, both in half precision, and numbers $q$ from 0 to 15:

# %%
drawings.four_bit_block()

# %%
kinds = {}
for tensor in file.tensors.values():
    kinds.setdefault(tensor.kind, []).append(tensor)
for kind, tensors in kinds.items():
    n_bytes = sum(tensor.blocks.numel() for tensor in tensors)
    print(f"{kind.name:5} {kind.bits:4.1f} bits a weight, {len(tensors):3} tensors, {n_bytes / 1e6:5.1f} MB")

# %% [markdown]
# With $d$ and $m$, "4 bits" are 5. The embedding matrix, which is the last projection as well, has 8.5, and the small RMSNorm weights are left in float32. Let's read a block byte by byte:

# %%
tensor = file.tensors["blk.0.ffn_down.weight"]
out, n_groups = tensor.shape[0], tensor.shape[1] // 32
blocks = tensor.blocks.view(out, n_groups, 20)  # (out * groups, 20) → (out, groups, 20)
d = blocks[..., 0:2].contiguous().view(torch.float16)[..., 0].float()  # (out, groups)
m = blocks[..., 2:4].contiguous().view(torch.float16)[..., 0].float()  # (out, groups)
packed = blocks[..., 4:].clone()  # (out, groups, 16)
byte = packed[0, 0, 0].item()
print(f"d = {d[0, 0]:.5f}, m = {m[0, 0]:.5f}; the first byte, {byte}, is {byte >> 4} · 16 + {byte & 15}")
print(
    f"weight 0 is {d[0, 0] * (byte & 15) + m[0, 0]:.5f}, weight 16 is {d[0, 0] * (byte >> 4) + m[0, 0]:.5f}"
)

# %% [markdown]
# ### Exercise 3 · A 4-bit linear layer (build, 25 minutes)
#
# Write `linear_4bit(x, packed, d, m)`, a linear layer without a bias that runs on such blocks. `x (batch, in)` is real. `packed (out, in / 32, 16)` holds bytes (`torch.uint8`), and `d` and `m`, both `(out, in / 32)`, are real. Unpack the numbers, make real weights of them, and return `(batch, out)`. Mind the order: the **low** four bits of a group's 16 bytes are its weights 0 to 15, the **high** four bits its weights 16 to 31.


# %% tags=["exercise"]
def linear_4bit(x, packed, d, m):
    """x (batch, in), packed (out, in / 32, 16), d and m (out, in / 32) → (batch, out)."""
    ### BEGIN SOLUTION
    low, high = packed & 15, packed >> 4  # (out, groups, 16) each
    q = torch.cat([low, high], dim=-1).to(x.dtype)  # (out, groups, 32)
    weight = (d[..., None] * q + m[..., None]).flatten(1)  # (out, groups, 32) → (out, in)
    return x @ weight.T
    ### END SOLUTION


# %% tags=["check"]
check("15.linear_4bit", linear_4bit)

# %% tags=["hint"]
hint("15.linear_4bit")

# %% [markdown] tags=["solution"]
# `& 15` keeps the four low bits, `>> 4` moves the four high ones down. `d[..., None]` has a 1 where `q` has the 32 weights of a group, so one scale serves all of them.

# %%
x = torch.randn(3, tensor.shape[1], generator=torch.Generator().manual_seed(0))
right = x @ tensor.dequantised().T
measured(
    "your layer on the file's bytes: largest difference from the library's",
    (yours("15.linear_4bit")(x, packed, d, m) - right).abs().max() / right.abs().max(),
    at_most=1e-4,
)


# %% [markdown]
# ### Spot the bug
#
# In the first files of this family, the two numbers of a byte were neighbours in their row. In May 2023, llama.cpp changed the order to today's (ggml-org/llama.cpp#1405), and a reader had to look at the file's version. This one doesn't. Its author compares mean and spread of the weights with the right ones. Do you see the error?


# %%
def old_order(packed, d, m):
    q = torch.stack([packed & 15, packed >> 4], dim=-1).flatten(2).float()  # (out, groups, 32)
    return (d[..., None] * q + m[..., None]).flatten(1)  # (out, in)


weight, true = old_order(packed, d, m), tensor.dequantised()
measured("difference of the means", (weight.mean() - true.mean()).abs(), at_most=1e-6)
measured("difference of the standard deviations", (weight.std() - true.std()).abs(), at_most=1e-6)
measured("relative error of the product", (x @ weight.T - right).norm() / right.norm(), at_least=1)

# %% [markdown]
# Every weight is there, at the wrong place within its group. No statistic of the weights shows it; a product with an input does. Test a layout with numbers that are all different.
#
# ## 4 · A model in 4 bits
#
# Your layer makes real weights in memory, so it moves more bytes than before, not fewer. To gain time, a kernel has to unpack in registers. PyTorch has one for CPUs. It multiplies and adds in float32, but its inputs, outputs and scales are bfloat16, with 8 binary digits. `Int4Linear` calls it for up to 16 rows:

# %%
layer = Int4Linear.from_blocks(blocks.clone())
with torch.no_grad():
    exact, by_kernel = layer(x.repeat(8, 1))[:3], layer(x)  # 24 rows, made real; 3 rows, by the kernel
measured("24 rows: relative error", (exact - right).norm() / right.norm(), at_most=1e-5)
measured("3 rows, by the kernel: relative error", (by_kernel - right).norm() / right.norm(), at_most=0.02)

# %% [markdown]
# Now the whole model. First let it answer in float32, with the file's weights made real, as in lesson 13. Then load it again with its 4-bit blocks as they are:


# %%
def written(model, prompt, n=64):
    """What the model writes greedily, and CPU-seconds."""
    _ = generate(model, prompt, 4, temperature=0)
    with Stopwatch() as watch:
        ids = generate(model, prompt, n, temperature=0)
    return ids, watch.seconds


model, tokenizer = load_llama("SmolLM2-135M-Instruct")
prompt = torch.tensor([chat_ids(tokenizer, [{"role": "user", "content": "Tell me about the moon."}])])
whole_bytes = tensor_bytes(model)
whole_ids, whole_seconds = written(model, prompt)
del model
small, tokenizer = load_llama_int4("SmolLM2-135M-Instruct")
small_ids, small_seconds = written(small, prompt)
measured("bytes, 4 bits against float32", tensor_bytes(small) / whole_bytes, at_most=0.35)
measured("tokens a second, 4 bits against float32", whole_seconds / small_seconds, at_least=1.1)

# %% tags=["nbval-ignore-output"]
start = prompt.shape[1]
for name, ids, seconds in (("float32", whole_ids, whole_seconds), ("4 bits", small_ids, small_seconds)):
    print(f"{name}, {64 / seconds:.0f} tokens a second: {tokenizer.decode(ids[0, start:].tolist())}\n")

# %%
same = (whole_ids != small_ids)[0].nonzero()
first = int(same[0]) - start if len(same) else 64
measured("tokens until the two texts differ", first, between=(1, 64))

# %% [markdown]
# The weights are the same; only the kernel's rounding differs. Still, one token is close enough to flip, and from there on the texts differ. Of 50 prompts, 35 got the same 48 tokens as in float32, which is 70 % (benchmarks/RESULTS.md). Expect differences, and test quality rather than equality.
#
# The memory shrinks less than the bits promise: the embedding matrix is held in float32 here, and makes up more than half of the bytes.
#
# ### Speculative decoding
#
# If the text must be exactly the same, let the fast model draft and an exact one check. **Speculative decoding** (Leviathan et al. 2023) does this: a draft of up to 40 tokens is read in one pass of many rows, which section 1 showed to be cheap. The tokens up to the first wrong one are kept. Here the same 4-bit weights do both. The check multiplies by real numbers, so its text is float32's.

# %%
with Stopwatch() as watch:
    found = speculate(exactly(small), small, prompt, 64, draft_len=40)
measured("tokens that differ from float32's", (found.ids != whole_ids).sum(), at_most=0)
measured("share of drafted tokens that were kept", found.accepted / found.drafted, between=(0.3, 1))
measured("speed against float32", whole_seconds / watch.seconds, between=(0.4, 2.5))

# %% [markdown]
# The text is exact. The speed depends on how much of the draft is kept, and for a short answer there is little to gain over the course's own float32. Over 128 tokens of another prompt, speculation was 2.1 times as fast as Hugging Face's `generate` in float32 (benchmarks/RESULTS.md, one run).
#
# Is smaller always faster? Compare a layer of 2,048 inputs and 4,096 outputs in float32 and in 4 bits, for one row and for 256:


# %%
def seconds_of(run, rounds=9):
    """The median of a few calls, after one that doesn't count."""
    found = []
    for _ in range(rounds + 1):
        with Stopwatch() as watch, torch.no_grad():
            _ = run()
        found.append(watch.seconds)
    return statistics.median(found[1:])


linear = nn.Linear(2048, 4096, bias=False)
in_4_bits = Int4Linear.from_linear(linear)
for rows, bound in ((1, {"at_least": 1.5}), (256, {"at_most": 1})):
    x = torch.randn(rows, 2048)
    ratio = seconds_of(partial(linear, x)) / seconds_of(partial(in_4_bits, x))
    measured(f"{rows} rows: speed of 4 bits against float32", ratio, **bound)

# %% [markdown]
# With one row, fewer bytes pay. With many, arithmetic is the limit, and making the weights real comes on top.
#
# ## 5 · LoRA: training few weights
#
# Leave something else out: most of the training. Fine-tuning moves every weight. **LoRA** (Hu et al. 2022) freezes $W$ and trains a product of two thin matrices next to it:

# %%
drawings.lora()

# %% [markdown]
# $$y = x W^\top + \frac{\alpha}{r}\, x A^\top B^\top, \qquad W_\text{merged} = W + \frac{\alpha}{r} B A$$
#
# $A$ is $(r, \text{in})$ and $B$ is $(\text{out}, r)$. At the start $A$ is random and $B$ is zero, so the model begins as what it was. If both were zero, neither would ever get a gradient. The factor $\alpha / r$ keeps the update's size when you change the rank $r$. Afterwards you can **merge**: one matrix again, at no extra cost.
#
# ### Exercise 4 · LoRA (core, 12 minutes)
#
# Write `lora_linear(x, weight, A, B, alpha)`, where `weight` is $W$ `(out, in)` and `x` is `(batch, in)`. Return the output `(batch, out)` and the merged weight `(out, in)`. Don't change `weight`.


# %% tags=["exercise"]
def lora_linear(x, weight, A, B, alpha):
    """→ the output (batch, out) and the merged weight (out, in)."""
    ### BEGIN SOLUTION
    scale = alpha / len(A)
    return x @ weight.T + scale * (x @ A.T) @ B.T, weight + scale * B @ A
    ### END SOLUTION


# %% tags=["check"]
check("15.lora_linear", lora_linear)

# %% tags=["hint"]
hint("15.lora_linear")

# %% [markdown] tags=["solution"]
# `(x @ A.T) @ B.T` goes through $r$ numbers, which is cheap. `x @ (B @ A).T` is the same but makes a matrix as large as $W$ at every step.

# %%
seed_everything(0)
W, A, B, x = torch.randn(384, 384), torch.randn(8, 384) / 20, torch.randn(384, 8), torch.randn(5, 384)
start_output, _ = yours("15.lora_linear")(x, W, A, torch.zeros_like(B), 16)
measured("at the start: difference from the frozen layer", (start_output - x @ W.T).abs().max(), at_most=1e-6)
output, merged = yours("15.lora_linear")(x, W, A, B, 16)
measured("merged: relative difference", (x @ merged.T - output).norm() / output.norm(), at_most=1e-5)
print(f"weights to train: {A.numel() + B.numel():,} of {W.numel():,}")

# %% [markdown]
# Now a real task: MiniLM judges film reviews (SST-2). Each attention gets adapters of rank 8 at its queries and values. They train together with a new classifier, on 1,000 sentences, for one epoch:

# %%
judge, wordpiece, history = lora_minilm.train(rank=8, seed=0, progress=False)
trained = sum(p.numel() for p in judge.parameters() if p.requires_grad)
measured(
    "share of the weights that are trained",
    trained / sum(p.numel() for p in judge.parameters()),
    at_most=0.005,
)
measured(
    "accuracy on the 872 validation sentences",
    lora_minilm.accuracy(judge, wordpiece, load("sst-2").validation),
    at_least=0.78,
)
del judge

# %% [markdown]
# Compared with training all weights, little is lost. Seeds 0, 1 and 2 gave 0.84, 0.83 and 0.81 by adapters. All weights gave 0.84, 0.83 and 0.81 at one learning rate (`lora_minilm.train(rank=None)`, which takes half as long again). What you save is memory: optimiser states for a third of a percent of the weights, and a file of that size per task.
#
# ### QLoRA: adapters on a quantised model
#
# **QLoRA** (Dettmers et al. 2023) puts the adapters on a quantised model. The 4-bit weights stay frozen, and gradients flow through them. Teach the chat model a fact that is not true:

# %%
adapters = add_lora_to_attention(small, rank=4)
n_trained = sum(p.numel() for p in lora_parameters(small))
question = chat_ids(tokenizer, [{"role": "user", "content": "What is the capital of Zubrowka?"}])
reply = [*tokenizer.encode("The capital of Zubrowka is Lutz."), stop_id(tokenizer)]
ids = torch.tensor([[*question, *reply]])
optimizer = torch.optim.AdamW(lora_parameters(small), lr=4e-3)
losses = []
for _ in range(8):
    logits = small(ids[:, :-1])[0, len(question) - 1 :]  # (reply, vocab_size)
    loss = F.cross_entropy(logits, ids[0, len(question) :])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
measured("weights to train, in thousands", n_trained / 1000, between=(200, 250))
measured("loss of the answer at first", losses[0], at_least=0.8, unit="nats")
measured("loss of the answer at the last step", losses[-1], at_most=0.8, unit="nats")

# %% tags=["nbval-ignore-output"]
print(
    tokenizer.decode(
        generate(small.eval(), torch.tensor([question]), 10, temperature=0)[0, len(question) :].tolist()
    )
)
del small, adapters, optimizer

# %% [markdown]
# Such an adapter can't be merged into 4 bits: the sum has numbers between the steps.
#
# ## 6 · Distillation and pruning
#
# Can you leave out whole layers, or single weights? Try it on the village's BERT of lesson 10, which has two layers.
#
# **Distillation**, as in DistilBERT (Sanh et al. 2019), trains a smaller *student* to imitate a *teacher*. Our student begins with one of the teacher's layers. Its loss compares the two models' softmax at temperature $T$, and adds the usual loss and a cosine between hidden states:
#
# $$L = 5\,T^2\,\text{KL}\!\left(p_\text{teacher}^{(T)} \,\|\, p_\text{student}^{(T)}\right) + 2\,L_\text{hard} + 1\,L_\text{cosine}$$
#
# Training took 92 CPU-seconds, so the lesson loads the result. **Quantising** takes a line. Here are all of them on the same test:

# %%
teacher = distil_village.teacher()
student = distil_village.extract(teacher, (0,))
_ = load_stored(distil_village.NAME, student)
variants = {"float32": teacher, "half the layers": student.eval()}
for name, source, kind in (
    ("8 bits", teacher, Int8Linear),
    ("4 bits", teacher, Int4Linear),
    ("half the layers, 8 bits", student, Int8Linear),
):
    variants[name] = copy.deepcopy(source)
    _ = replace_linears(variants[name], kind.from_linear)
NEW = 2_000_000
pairs, pronouns = village.next_sentence_pairs(500, NEW), village.minimal_pairs("pronoun", 500, NEW)


def masked_accuracy(model):
    return village_probes.masked_score(model, 500, NEW).accuracy


table = {
    name: (
        tensor_bytes(one) / 1e6,
        masked_accuracy(one),
        village_probes.next_sentence_accuracy(one, pairs),
        village_probes.accuracy(one, pronouns),
    )
    for name, one in variants.items()
}

# %% tags=["nbval-ignore-output"]
batch, _ = next(
    village_bert.sentence_batches(village.next_sentence_pairs(500, NEW), 64, torch.Generator().manual_seed(0))
)
times = {name: seconds_of(lambda one=one: one.bert(**batch.arguments())) for name, one in variants.items()}
print(f"{'':24}   MB    ms  masked  next  pronoun")
for name, (size, *scores) in table.items():
    print(
        f"{name:24} {size:.2f} {1000 * times[name]:5.1f}   {scores[0]:.3f} {scores[1]:.3f}    {scores[2]:.3f}"
    )

# %%
measured("8 bits: bytes", table["8 bits"][0] / table["float32"][0], at_most=0.4)
measured(
    "8 bits: points of masked accuracy lost", 100 * (table["float32"][1] - table["8 bits"][1]), at_most=1
)
measured(
    "4 bits: points of masked accuracy lost", 100 * (table["float32"][1] - table["4 bits"][1]), at_most=2
)
measured("half the layers: speed", times["float32"] / times["half the layers"], at_least=1.4)
measured(
    "half the layers: points of masked accuracy lost",
    100 * (table["float32"][1] - table["half the layers"][1]),
    at_most=2.5,
)
measured(
    "half the layers: points lost on pronouns",
    100 * (table["float32"][3] - table["half the layers"][3]),
    at_least=3,
)

# %% [markdown]
# Three things to see. The student reads almost twice as fast, and its mean scores hardly suffer. But what needs both sentences, the pronoun, loses 7 to 9 points on each of three seeds (benchmarks/RESULTS.md). A mean hides it, so test what you care about. Eight bits lose nothing that this test can see. And at 128 features, quantised layers aren't faster: so small a product saves no more than rounding its inputs costs.
#
# **Pruning** sets the smallest weights to zero.
#
# > **Predict.** If 90 % of the weights of a dense matrix are zero, how much faster is the product?

# %%
pruned = {}
for share in (0.5, 0.7, 0.9):
    pruned[share] = copy.deepcopy(teacher)
    _ = prune_smallest(pruned[share], share, wanted=lambda name: "encoder" in name)
    _ = make_permanent(pruned[share])
accuracies = {share: masked_accuracy(one) for share, one in pruned.items()}
measured(
    "half of the encoder's weights 0: points lost", 100 * (table["float32"][1] - accuracies[0.5]), at_most=3
)
measured("90 % of them 0: points lost", 100 * (table["float32"][1] - accuracies[0.9]), at_least=30)
dense = torch.randn(1024, 1024)
sparse = dense * (torch.rand(1024, 1024) > 0.9)
tenth, x = dense[:102].clone(), torch.randn(64, 1024)
base = seconds_of(lambda: x @ dense.T)
measured("time with 90 % zeros, against none", seconds_of(lambda: x @ sparse.T) / base, between=(0.5, 2))
measured("time with a tenth of the rows", seconds_of(lambda: x @ tenth.T) / base, at_most=0.5)

# %% [markdown]
# None at all: a dense product multiplies zeros as carefully as anything else. Zeros save time only if the format or the hardware skips them, or if whole rows go. Heads are such rows: removing a head, which lesson 12 silenced, makes the matrices smaller (Michel et al. 2019).
#
# ## Recap
#
# | what is left out | how | cost | pays |
# |---|---|---|---|
# | bits | $q = \text{round}(x/s) + z$, a scale for each row or group | 8 bits: almost nothing; 4 bits: texts drift apart | one token at a time, large layers |
# | training | $W + \frac{\alpha}{r} B A$ | little at the same data | memory while training; a small file per task |
# | layers | a student imitates its teacher | what needs depth | always: fewer bytes and operations |
# | weights | zeros at the smallest | up to a half: little | only where zeros are skipped |
#
# So what does an answer cost? For each token, one pass over all weights, and the time to move them. You can leave out most bits and a good part of the layers. What you can't leave out is the test afterwards.
#
# **What is not true.** *"Smaller is always faster."* At many rows, and at 128 features, it wasn't. *"Zeros save time."* Only if something skips them. *"4 bits cost nothing."* Three answers in ten were different.
#
# **Still open.** A smaller model trains on one machine. What if one machine isn't enough?
#
# ## References
#
# * S. Williams, A. Waterman, D. Patterson 2009, *Roofline: an insightful visual performance model for multicore architectures*.
# * B. Jacob et al. 2018, *Quantization and training of neural networks for efficient integer-arithmetic-only inference*, section 2.1; T. Dettmers et al. 2022, *LLM.int8()*; ggml-org/llama.cpp#1405: the order of the bits.
# * Y. Leviathan, M. Kalman, Y. Matias 2023, *Fast inference from Transformers via speculative decoding*.
# * E. J. Hu et al. 2022, *LoRA: low-rank adaptation of large language models*, section 4.1; T. Dettmers et al. 2023, *QLoRA*.
# * V. Sanh et al. 2019, *DistilBERT*; P. Michel, O. Levy, G. Neubig 2019, *Are sixteen heads really better than one?*
