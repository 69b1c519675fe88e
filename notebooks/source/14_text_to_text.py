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
# # 14 · Text to text: T5
#
# **Can one model with one loss do every task, if every task is written as text?** In lesson 11 each task needed a head of its own: a classifier here, a tagger there. T5 (Raffel et al. 2020) has none. It reads a text and writes a text, whatever the task is. In this lesson you build its pre-training and its loss, and measure what one small model can do with it.
#
# You will be able to:
#
# * **compute** the relative position bucket that replaces T5's position embeddings (exercise 1),
# * **build** span corruption and the loss that trains all tasks alike (exercises 2 and 3),
# * **count** the answers of a text-to-text model that are no answers at all (exercise 4),
# * **score** summaries by ROUGE-L, next to baselines that know nothing (exercise 5),
# * **compare** who attends to whom in BERT, GPT and T5 (exercise 6).
#
# Time: 90 minutes; the cells run for about 75 seconds on one CPU core. You need lesson 07 (encoder–decoder), lesson 10 (masked language modelling) and lesson 13 (RMSNorm).

# %% tags=["setup", "nbval-ignore-output"]
import math
from functools import partial

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from course_lib import drawings, plots
from course_lib.data import village
from course_lib.device import seed_everything, setup
from course_lib.explore import SliderFigure
from course_lib.metrics import rouge
from course_lib.models.attention import record_attention, relative_position_bucket
from course_lib.models.pretrained import t5_weights
from course_lib.models.size import n_parameters
from course_lib.models.transformer import T5
from course_lib.optimizers import Muon
from course_lib.practice import check, hint, yours
from course_lib.recipes import village_t5, village_t5_tasks
from course_lib.recipes.village_t5 import EOS_ID, PAD_ID, SENTINELS, decode, encode
from course_lib.report import measured
from course_lib.text.padding import pad, pair_batches
from course_lib.text.spans import infill_spans, noise_spans
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · Every task as a text
#
# A task becomes text to text in two steps. A **prefix** says which task it is, and the answer is spelled out in words, even if it is a label:

# %%
drawings.text_to_text()

# %% [markdown]
# Then one model, one loss and one way to decode serve all tasks, and new tasks need no new parameters. Here are our six, from the village, where the true answers are known:

# %%
for task in village_t5_tasks.TASKS:
    for example in village_t5_tasks.examples(task, 1, seed=3):
        print(f"{' '.join(example.source)}\n    → {' '.join(example.target)}")

# %% [markdown]
# *translate* turns a sentence into a notation that is the same for every wording of an event. *summarize* says who found what and how its owner feels, a sentence that appears nowhere in the story.
#
# ## 2 · The model: an encoder–decoder with relative positions
#
# T5 is the Transformer of lesson 07 with an encoder and a decoder. It differs in details, some of which you know from lesson 13: RMSNorm before each sublayer, and no biases anywhere. The first version divides the output by $\sqrt{d_\text{model}}$ and multiplies by the embedding matrix; version 1.1, and ours, has an output matrix of its own.

# %%
model = village_t5.load().to(device).eval()  # trained in section 5
biases = [name for name, _ in model.named_parameters() if "bias" in name]
print(
    f"{n_parameters(model):,} parameters, {len(biases)} of them in biases; {len(model.encoder.layers)} encoder and "
    f"{len(model.decoder.layers)} decoder layers of {model.d_model} features; {model.vocab_size} symbols"
)

# %% [markdown]
# The new part is how it knows about order. Nothing is added to the embeddings. Instead, each head adds a learned number to its attention score, which depends on nothing but the distance from the query $i$ to the key $j$:
#
# $$S_{ij} = q_i^\top k_j + b_{\text{bucket}(j - i)}$$
#
# There is no $\sqrt{d_\text{head}}$ either; it is contained in the initialisation of the queries. All layers of a stack share one table $b$, with a row for each **bucket** and a column for each head. Small distances have a bucket each. Larger ones share buckets that grow logarithmically, since *40 or 41 words away* hardly matters.
#
# An encoder looks in both directions, so each direction gets half of the buckets, $n_\text{each}$. Of these, the first $n_\text{exact} = n_\text{each}/2$ hold one distance each. With $d = |j - i|$, the others are numbered
#
# $$n_\text{exact} + \left\lfloor \frac{\ln (d / n_\text{exact})}{\ln (d_\text{max} / n_\text{exact})}\,(n_\text{each} - n_\text{exact}) \right\rfloor, \qquad \text{at most } n_\text{each} - 1.$$
#
# Take 32 buckets and $d_\text{max} = 128$, so $n_\text{each} = 16$ and $n_\text{exact} = 8$. A key 3 tokens before the query is in bucket 3. One that is 20 before it is in bucket $8 + \lfloor 8 \ln 2.5 / \ln 16 \rfloor = 10$, and one that is 20 after it in bucket $16 + 10 = 26$.
#
# ### Exercise 1 · The bucket of a distance (core, 10 minutes)
#
# Write `bucket(distance, n_buckets, max_distance)` for the encoder. `distance` is $j - i$, a whole number. Keys before the query, and the query itself, use the first half of the buckets; keys after it use the second half.


# %% tags=["exercise"]
def bucket(distance, n_buckets, max_distance):
    """distance = key − query → its bucket, from 0 to n_buckets − 1."""
    ### BEGIN SOLUTION
    n_each = n_buckets // 2
    n_exact = n_each // 2
    far = abs(distance)
    if far < n_exact:
        number = far
    else:
        share = math.log(far / n_exact) / math.log(max_distance / n_exact)
        number = min(n_exact + int(share * (n_each - n_exact)), n_each - 1)
    return number + n_each if distance > 0 else number
    ### END SOLUTION


# %% tags=["check"]
check("14.bucket", bucket)

# %% tags=["hint"]
hint("14.bucket")

# %% [markdown] tags=["solution"]
# The share runs from 0 at `n_exact` to 1 at `max_distance`; `min` keeps everything beyond in the last bucket. A decoder has no keys after the query, so all its buckets look back.

# %%
distances = list(range(-40, 41))
library = relative_position_bucket(
    torch.tensor(distances), bidirectional=True, n_buckets=32, max_distance=128
)
ours = [yours("14.bucket")(distance, 32, 128) for distance in distances]
print(
    f"equal to the library's at {sum(a == b for a, b in zip(ours, library.tolist(), strict=True))} of {len(ours)} distances"
)
figure, ax = plt.subplots(figsize=(7.5, 2.4))
_ = ax.step(distances, ours, where="mid")
_ = ax.set(
    xlabel="distance: key − query", ylabel="bucket", title="Near distances have a bucket each, far ones share"
)

# %% [markdown]
# And these are the numbers that our model learned, as they are added to the scores of twelve tokens. Move the slider to see its four heads. In the decoder, keys after the query are masked.


# %% tags=["nbval-ignore-output"]
def draw_bias(head):
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), layout="constrained")
    for ax, positions, name in zip(
        axes, (model.encoder_positions, model.decoder_positions), ("encoder", "decoder"), strict=True
    ):
        with torch.no_grad():
            bias = positions(12, 12)[0, head].cpu()  # (target_len, source_len)
        if name == "decoder":
            bias = bias.masked_fill(torch.ones(12, 12, dtype=torch.bool).triu(1), math.nan)
        image = ax.imshow(bias, cmap=plt.get_cmap("RdBu_r").with_extremes(bad="#c9c9c9"), vmin=-1.5, vmax=1.5)
        ax.grid(False)
        ticks = range(0, 12, 2)
        _ = ax.set(
            xlabel="key position",
            ylabel="query position",
            title=f"{name}, head {head}",
            xticks=ticks,
            yticks=ticks,
        )
    figure.colorbar(image, ax=axes, label="bias added to the score")
    return axes[0]


SliderFigure(
    draw_bias,
    values=[0, 1, 2, 3],
    start=0,
    label="head",
    alt="Learned position biases of one head for twelve tokens, encoder and decoder: stripes along the diagonals, since the bias depends on the distance alone. Encoder heads prefer keys on one side of the query.",
)

# %% [markdown]
# Each diagonal has one colour: only the distance counts. A model that knows distances and no positions can, at least in form, read texts longer than any in its training.
#
# ## 3 · Span corruption
#
# What should such a model learn from plain text? BERT's masked tokens don't fit a model that writes. T5 takes out **spans** of tokens. Each span is replaced by a **sentinel**, a symbol of its own, and the target says what each sentinel stands for. BART (Lewis et al. 2020) uses the same holes with a different target:

# %%
drawings.span_corruption()

# %% [markdown]
# ### Exercise 2 · Span corruption (core, 12 minutes)
#
# Write `corrupt_spans(ids, spans, sentinels)`. `ids` is a list; `spans` is a list of pairs `(start, stop)` in order, never touching, each for `ids[start:stop]`. The first span gets the first sentinel, and so on. Return two lists:
#
# * the source: `ids` with each span replaced by its sentinel,
# * the target: each sentinel followed by its span, and at the end the next unused sentinel.


# %% tags=["exercise"]
def corrupt_spans(ids, spans, sentinels):
    """ids, spans [(start, stop), …], sentinels → source, target: two lists."""
    ### BEGIN SOLUTION
    source, target, at = [], [], 0
    for sentinel, (start, stop) in zip(sentinels, spans, strict=False):
        source += [*ids[at:start], sentinel]
        target += [sentinel, *ids[start:stop]]
        at = stop
    return source + ids[at:], [*target, sentinels[len(spans)]]
    ### END SOLUTION


# %% tags=["check"]
check("14.corrupt_spans", corrupt_spans)

# %% tags=["hint"]
hint("14.corrupt_spans")

# %% [markdown] tags=["solution"]
# Source and target together contain every token once, so nothing is lost. The last sentinel marks the end of the last span, which the model could otherwise continue for ever.

# %% [markdown]
# Which spans? T5 takes out 15 % of the tokens, in spans of 3 tokens on average; only their positions and individual lengths are random. Corrupt some sentences:

# %%
generator = torch.Generator().manual_seed(4)
for sentence in village.sample(4, seed=8):
    ids = encode(sentence.words)
    source, target = yours("14.corrupt_spans")(ids, noise_spans(len(ids), generator=generator), SENTINELS)
    print(f"{' '.join(decode(source)):45} → {' '.join(decode(target))}")

# %% [markdown]
# Village sentences are short, so most of them lose a single word. In a text of 500 tokens the objectives differ in cost. How many tokens does the decoder write for each?

# %%
text = list(range(100, 600))
t5_source, t5_target = yours("14.corrupt_spans")(
    text, noise_spans(500, generator=generator), range(1000, 1100)
)
bart_source, bart_target = infill_spans(text, 1, generator=generator)
for name, source, target in (("T5", t5_source, t5_target), ("BART", bart_source, bart_target)):
    print(f"{name:4}: reads {len(source)} tokens, writes {len(target)}")

# %% [markdown]
# T5 writes a fifth of what BART writes, and each training step is cheaper. Raffel et al. (2020, section 3.3) tried many objectives of this kind. They performed much alike, and so they chose by cost.
#
# ## 4 · One loss for everything
#
# Pre-training and all tasks share one loss, the one of lesson 04: teacher forcing. The decoder reads the target shifted to the right by one, and predicts the target. T5 starts the decoder with the symbol for padding:
#
# | position | 0 | 1 | 2 | 3 |
# |---|---|---|---|---|
# | the decoder reads | `<pad>` | anna | slept | `</s>` … |
# | it predicts | anna | slept | `</s>` | (padding: no loss) |
#
# $$L = -\frac{1}{N} \sum_{\text{rows}} \sum_{t} \log p(y_t \mid y_{<t}, \text{source})$$
#
# where $N$ is the number of symbols in all targets of the batch, `</s>` included and padding not.
#
# ### Exercise 3 · The T5 loss (build, 25 minutes)
#
# Write `t5_loss(model, source, source_lengths, targets, pad_id)`. `source (batch, source_len)` and `targets (batch, target_len)` are padded with `pad_id`, and each target ends with `</s>`. `model(source, source_lengths, target_in)` returns logits `(batch, target_len, vocab_size)`. Build what the decoder reads, and return the mean loss in nats, a tensor without dimensions. Below, your function trains the model.


# %% tags=["exercise"]
def t5_loss(model, source, source_lengths, targets, pad_id):
    """source (batch, source_len), source_lengths (batch,), targets (batch, target_len) → mean loss in nats."""
    ### BEGIN SOLUTION
    start = torch.full_like(targets[:, :1], pad_id)  # (batch, 1)
    target_in = torch.cat([start, targets[:, :-1]], dim=1)  # (batch, target_len)
    logits = model(source, source_lengths, target_in)  # (batch, target_len, vocab_size)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad_id)
    ### END SOLUTION


# %% tags=["check"]
check("14.t5_loss", t5_loss)

# %% tags=["hint"]
hint("14.t5_loss")

# %% [markdown] tags=["solution"]
# Without the shift the decoder would read the very symbol that it is to predict. `flatten(0, 1)` joins rows and positions, and `ignore_index` leaves padding out of the sum and of $N$. The causal mask is the model's business.

# %% [markdown]
# ### Spot the bug
#
# PyTorch ignores targets of −100, and T5 pads with 0. AllenNLP's T5 passed the padded targets on as they were (allenai/allennlp#5342), and its test against a reference passed. How does that affect the loss?

# %%
data = [
    (encode(one.source), encode(one.target))
    for task in ("sentiment", "summarize")
    for one in village_t5_tasks.examples(task, 40, seed=5)
]
source, lengths = (part.to(device) for part in pad([pair[0] for pair in data], PAD_ID))
targets = pad([[*pair[1], EOS_ID] for pair in data], PAD_ID)[0].to(device)


def with_padding(model, source, lengths, targets):
    target_in = torch.cat([torch.full_like(targets[:, :1], PAD_ID), targets[:, :-1]], dim=1)
    return F.cross_entropy(model(source, lengths, target_in).flatten(0, 1), targets.flatten())


shares = (targets == PAD_ID).double().mean()
one = slice(0, 1)
with torch.no_grad():
    single = targets[one, :2]
    alone = with_padding(model, source[one], lengths[one], single) - yours("14.t5_loss")(
        model, source[one], lengths[one], single, PAD_ID
    )
measured("a single example: difference of the two losses", alone.abs(), at_most=1e-6, unit="nats")
measured("share of the batch's target positions that are padding", shares, between=(0.3, 0.5))

# %% [markdown]
# With one example there is no padding, and the two losses agree: that is why the test passed. In this mixed batch, more than a third of the "symbols" are padding. A model learns within minutes to predict those, so the loss looks better than it is, and real symbols get less of the gradient. Test losses on targets of *different* lengths.
#
# ## 5 · Pre-training on the village
#
# Pre-train with your two functions, on exactly the data of the stored model: 60,000 sentences, new spans each time. The whole training has 1,200 steps and takes less than two minutes; you run the first tenth.
#
# > **Predict.** After the first tenth, which symbols of the targets can the model predict almost perfectly, and which not yet?

# %%
c = village_t5.CONFIGURATION
seed_everything(0)
learner = village_t5.build().to(device)
generator = torch.Generator().manual_seed(0)
sentences = [encode(sentence.words) for sentence in village.sample(c.sentences, generator)]


def batches():
    """Endless batches; each epoch takes out different spans."""
    while True:
        pairs = [
            yours("14.corrupt_spans")(
                ids,
                noise_spans(len(ids), noise=c.noise, mean_span=c.mean_span, generator=generator),
                SENTINELS,
            )
            for ids in sentences
        ]
        yield from pair_batches(pairs, c.batch, bos_id=PAD_ID, eos_id=EOS_ID, generator=generator)


def loss(model, batch):
    return yours("14.t5_loss")(model, batch.source, batch.source_lengths, batch.target_out, PAD_ID)


# %%
history = fit(
    learner, batches(), loss, steps=c.steps, stop_after=120, warm_up=c.warm_up,
    make_optimizer=partial(Muon, lr=c.lr, adamw_lr=c.adamw_lr), progress=False,
)  # fmt: skip
measured("loss of the first step", history.losses[0], at_least=4, unit="nats")
measured("mean loss of the last 20 steps", sum(history.losses[-20:]) / 20, at_most=1.5, unit="nats")

# %%
held_out = [encode(sentence.words) for sentence in village.sample(1000, seed=1_000_000)]
generator = torch.Generator().manual_seed(1)
pairs = [
    yours("14.corrupt_spans")(ids, noise_spans(len(ids), generator=generator), SENTINELS) for ids in held_out
]


@torch.no_grad()
def losses_by_kind(model):
    """Mean loss in nats on held-out sentences: of words, of sentinels and </s>."""
    source, lengths = (part.to(device) for part in pad([pair[0] for pair in pairs], PAD_ID))
    targets = pad([[*pair[1], EOS_ID] for pair in pairs], PAD_ID)[0].to(device)
    target_in = torch.cat([torch.full_like(targets[:, :1], PAD_ID), targets[:, :-1]], dim=1)
    nats = F.cross_entropy(model(source, lengths, target_in).transpose(1, 2), targets, reduction="none")
    special = (targets == EOS_ID) | torch.isin(targets, torch.tensor(SENTINELS, device=device))
    return nats[~special & (targets != PAD_ID)].mean(), nats[special].mean()


for name, one in (("after 120 steps", learner.eval()), ("stored, after 1,200", model)):
    words, special = losses_by_kind(one)
    bounds = (
        ({"at_least": 1.5}, {"at_most": 0.3}) if one is learner else ({"at_most": 1.2}, {"at_most": 0.05})
    )
    measured(f"{name}: loss of words", words, **bounds[0], unit="nats")
    measured(f"{name}: loss of sentinels and </s>", special, **bounds[1], unit="nats")

# %% [markdown]
# The form of the target is easy: it begins with the first sentinel, ends with the next, and the word between takes its time. So don't judge span corruption by its mean loss. Judge what fills the holes. The village has a grammar, which says of every filled sentence whether it is possible:

# %%
for filled_by, one, bound in (
    ("after 120 steps", learner, {"at_most": 0.9}),
    ("stored model", model, {"at_least": 0.98}),
):
    measured(f"grammatical infills, {filled_by}", village_t5.grammatical_share(one, 500, seed=7), **bound)
for source, filled in village_t5.infilled(
    model, [sentence.words for sentence in village.sample(4, seed=99)], seed=3
):
    print(f"{' '.join(source):40} → {' '.join(filled)}")

# %% [markdown]
# A filled sentence need not be the original one, only a possible one.
#
# ## 6 · Several tasks, one model
#
# Fine-tuning goes on with the same loss and the same weights: only the texts are different. Mix 4,096 opinions to judge and as many stories to summarise, and train on both for 400 steps.


# %%
def fine_tune(model, examples, steps):
    """Train on examples of one task or of several, by your loss."""
    pairs = [(encode(one.source), encode(one.target)) for one in examples]
    generator = torch.Generator().manual_seed(0)
    batches = pair_batches(pairs, 32, bos_id=PAD_ID, eos_id=EOS_ID, generator=generator, epochs=None)
    muon = partial(Muon, lr=0.01, adamw_lr=0.01)
    _ = fit(model, batches, loss, steps=steps, warm_up=20, make_optimizer=muon, progress=False)
    return model.eval()


both = [one for task in ("sentiment", "summarize") for one in village_t5_tasks.examples(task, 4096, seed=0)]
worker = fine_tune(village_t5.load().to(device), both, steps=400)

# %% [markdown]
# > **Predict.** One set of weights now writes labels and sentences. Which of the two tasks needs more training, and where will the errors be?

# %%
opinions, stories = (
    village_t5_tasks.examples(task, 300, seed=1_000_003) for task in ("sentiment", "summarize")
)
labels, summaries = (village_t5_tasks.answers(worker, test) for test in (opinions, stories))
measured("opinions: exact match", village_t5_tasks.exact_share(labels, opinions), at_least=0.95)
measured("summaries: exact match", village_t5_tasks.exact_share(summaries, stories), between=(0.3, 0.97))

# %% tags=["nbval-ignore-output"]
errors = [
    (summary, story)
    for summary, story in zip(summaries, stories, strict=True)
    if tuple(summary) != tuple(story.target)
]
for summary, story in errors[:3]:
    print(
        f"{' '.join(story.source)}\n    written: {' '.join(summary)}\n    true:    {' '.join(story.target)}"
    )

# %%
elsewhere = [  # all but the names: "anna found the key and maria was happy ."
    summary[1:-4] + summary[-3:] == list(story.target[1:-4] + story.target[-3:]) for summary, story in errors
]
measured("share of the errors in which only names are wrong", sum(elsewhere) / len(errors), at_least=0.8)

# %% [markdown]
# The summaries have the right form, and the thing and the feeling are mostly right too. The errors are names: the model doesn't yet know who found what. To copy *this* name from *that* place is new to it. Holes of one or two words could be filled with whatever is likely.
#
# What tells the model which task it is? The prefix, you might say. But a prefix is a word like any other, and a text-to-text model can write anything. Test both.
#
# ### Exercise 4 · Correct, wrong, or no answer (core, 8 minutes, experiment)
#
# *Predict* first: give the model opinions without any prefix, or with the prefix of a different task. What will it write?
#
# Write `answer_kinds(written, gold, allowed)`. `written` and `gold` are lists of texts of equal length, and `allowed` is the list of labels. Return three shares of all answers: *correct* ones equal the true label, *wrong* ones are a different label, *invalid* ones are no label at all. The experiment below uses your function.


# %% tags=["exercise"]
def answer_kinds(written, gold, allowed):
    """→ the shares of correct, wrong and invalid answers."""
    ### BEGIN SOLUTION
    correct = sum(one == true for one, true in zip(written, gold, strict=True)) / len(gold)
    invalid = sum(one not in allowed for one in written) / len(gold)
    return correct, 1 - correct - invalid, invalid
    ### END SOLUTION


# %% tags=["check"]
check("14.answer_kinds", answer_kinds)

# %% tags=["hint"]
hint("14.answer_kinds")

# %% [markdown] tags=["solution"]
# `one not in allowed` compares whole texts. A text that merely contains a label, such as *positive positive*, is invalid: a program that reads the answers would not know what to do with it.

# %% tags=["nbval-ignore-output"]
gold = [" ".join(one.target) for one in opinions]


def with_prefix(model, prefix):
    """What the model writes for the opinions if they begin with this prefix."""
    sources = [encode([*prefix, *one.source[1:]]) for one in opinions]
    return [" ".join(decode(ids)) for ids in village_t5.write(model, sources)]


def by_prefix(model, prefixes):
    """The kinds of answers with each prefix, printed with the first invalid answer."""
    kinds = {}
    for prefix in prefixes:
        found = with_prefix(model, [prefix] if prefix else [])
        kinds[prefix] = yours("14.answer_kinds")(found, gold, ["positive", "negative"])
        numbers = "correct {:.2f}, wrong {:.2f}, invalid {:.2f}".format(*map(abs, kinds[prefix]))
        others = [text for text in dict.fromkeys(found) if text not in ("positive", "negative")]
        print(f"{prefix or '(none)':11} {numbers}", *others[:1], sep="; ")
    return kinds


kinds = by_prefix(worker, ["sentiment:", "summarize:", "correct:", "soup", ""])

# %%
measured("with its own prefix: correct", kinds["sentiment:"][0], at_least=0.95)
measured("with none: correct", kinds[""][0], at_least=0.9)
measured("with *summarize:*: correct all the same", kinds["summarize:"][0], at_least=0.6)

# %% [markdown]
# This model hardly reads its prefix. Asked to summarise an opinion, it usually judges it, as it does with *soup* or without any prefix. Its training never needed the prefix: opinions and stories differ in their length and words, so the text alone says which task it is.
#
# The few invalid answers are summaries of stories that nobody told. A classifier with two outputs can be wrong, but it can't write such a thing. So count them.
#
# Now make the prefix necessary: train on the same opinions twice, once with *sentiment:* and the true label, once with *acceptable:* and the answer *acceptable*.

# %% tags=["nbval-ignore-output"]
twice = village_t5_tasks.examples("sentiment", 2000, seed=0)
twice += [village_t5_tasks.Example(("acceptable:", *one.source[1:]), ("acceptable",)) for one in twice]
kinds = by_prefix(
    fine_tune(village_t5.load().to(device), twice, steps=150), ["sentiment:", "acceptable:", "soup", ""]
)

# %%
measured("with *sentiment:*: correct", kinds["sentiment:"][0], at_least=0.95)
measured("with *acceptable:*: no label of sentiment", kinds["acceptable:"][2], at_least=0.95)

# %% [markdown]
# After 150 steps the prefix decides. **A prefix means what training made it mean, no more and no less**: with *soup*, the model does what one of its tasks asks for.
#
# ## 7 · Summaries, and how to score them
#
# For labels, exact match is fair. For summaries it is harsh: one word less and the score is 0. **ROUGE-L** (Lin 2004) gives partial credit. It takes the **longest common subsequence** of summary and reference: the most words that both have in the same order, gaps allowed. With its length $n$,
#
# $$P = \frac{n}{\text{words of the summary}}, \qquad R = \frac{n}{\text{words of the reference}}, \qquad F_1 = \frac{2PR}{P + R}.$$
#
# For *tom found keys* and the reference *tom found the old keys*, $n = 3$, $P = 1$ and $R = 0.6$, so $F_1 = 0.75$.
#
# ### Exercise 5 · ROUGE-L (core, 12 minutes)
#
# Write `rouge_l(summary, reference)` for two lists of words. Return $F_1$, a number from 0 to 1, and 0 if the two have nothing in common. For the subsequence, fill a table: $T_{ij}$ is its length for the first $i$ words of one text and the first $j$ of the other.


# %% tags=["exercise"]
def rouge_l(summary, reference):
    """Two lists of words → F1 of their longest common subsequence."""
    ### BEGIN SOLUTION
    T = [[0] * (len(reference) + 1) for _ in range(len(summary) + 1)]
    for i, word in enumerate(summary, 1):
        for j, other in enumerate(reference, 1):
            T[i][j] = T[i - 1][j - 1] + 1 if word == other else max(T[i - 1][j], T[i][j - 1])
    n = T[-1][-1]
    if n == 0:
        return 0.0
    precision, recall = n / len(summary), n / len(reference)
    return 2 * precision * recall / (precision + recall)
    ### END SOLUTION


# %% tags=["check"]
check("14.rouge_l", rouge_l)

# %% tags=["hint"]
hint("14.rouge_l")

# %% [markdown] tags=["solution"]
# If both texts end in the same word, that word belongs to a longest subsequence, and the rest is $T_{i-1,j-1}$. Otherwise one of the two last words is of no use, so take the better of the two shorter problems.

# %% [markdown]
# A summary needs a rival. On news, the first sentences of the article are hard to beat: **lead-1** and **lead-k**. The model has to beat both:


# %%
def sentences_of(example):
    """The sentences of a story, each with its full stop."""
    found, start = [], 1  # without the prefix
    for at, word in enumerate(example.source):
        if word == ".":
            found.append(list(example.source[start : at + 1]))
            start = at + 1
    return found


def mean_rouge(summaries):
    """ROUGE-L over all stories, of 100; marks are not counted."""
    scores = [
        yours("14.rouge_l")([w for w in summary if w != "."], [w for w in story.target if w != "."])
        for summary, story in zip(summaries, stories, strict=True)
    ]
    return 100 * sum(scores) / len(scores)


leads = {k: mean_rouge([sum(sentences_of(story)[:k], []) for story in stories]) for k in (1, 2, 3, 5)}
print("ROUGE-L: " + ", ".join(f"lead-{k} {score:.0f}" for k, score in leads.items()))
measured("ROUGE-L of the model", mean_rouge(summaries), above=("lead-1 plus 15", leads[1] + 15))
library = rouge([" ".join(one) for one in summaries], [" ".join(one.target) for one in stories]).rougeL
measured(
    "difference from rouge-score, Google's implementation", abs(mean_rouge(summaries) - library), at_most=0.01
)

# %% [markdown]
# > **Predict.** Take each true summary, and exchange *happy* and *sad*. Every summary is now false. What is its ROUGE-L?

# %%
turned = [[{"happy": "sad", "sad": "happy"}.get(word, word) for word in story.target] for story in stories]
measured("ROUGE-L of summaries that are all false", mean_rouge(turned), at_least=80)

# %% [markdown]
# ROUGE counts words, not truth: one wrong word leaves seven of eight. So the model's high score hides its false summaries. Where the true answer is unique, as here, exact match says more. On real texts it isn't unique, and false statements have to be counted by other means.
#
# What does the model attend to when it writes a summary? You might expect that it attends to each word that it copies. Below is cross-attention in the last decoder layer, averaged over its heads.


# %% tags=["nbval-ignore-output"]
def cross_attention(sources, targets):
    """Cross-attention of the last decoder layer, averaged over heads: (batch, target_len, source_len)."""
    source, lengths = pad([encode(words) for words in sources], PAD_ID)
    target_in = pad([[PAD_ID, *encode(words)] for words in targets], PAD_ID)[0]
    with torch.no_grad(), record_attention(worker) as maps:
        _ = worker(source.to(device), lengths.to(device), target_in.to(device))
    return maps["decoder.layers.1.multihead_attn"].mean(dim=1).cpu()


story = stories[0]
weights = cross_attention([story.source], [story.target])[0]
_ = plots.attention_heatmap(
    weights,
    [*story.target, "</s>"],
    story.source,
    "Attention is rarely on the word that is written",
    query_title="the word being written",
)

# %%
told = village.stories(200, seed=1_000_009)
on_plot, of_plot, on_name = [], [], []
attention = cross_attention(
    [("summarize:", *story.words) for story in told], [story.summary for story in told]
)
for story, weights in zip(told, attention, strict=True):
    lengths = [1, *(len(sentence) for sentence in story.sentences)]  # the prefix first
    owner = [
        number for number, length in enumerate(lengths) for _ in range(length)
    ]  # of each token, its sentence
    inside = torch.tensor([number - 1 in story.plot for number in owner])
    on_plot.append(weights[: len(story.summary) + 1, : len(owner)][:, inside].sum(dim=-1).mean())
    of_plot.append(inside.double().mean())
    name = torch.tensor([word == story.summary[0] for word in ("summarize:", *story.words)])
    on_name.append(weights[0, : len(owner)][name].sum())
measured(
    "attention on the three sentences that matter",
    torch.stack(on_plot).mean(),
    above=("their share of the tokens", torch.stack(of_plot).mean()),
)
measured("attention on the finder's name, when it is written", torch.stack(on_name).mean(), at_most=0.4)

# %% [markdown]
# The three sentences that matter get more than their share, and that is all one can see. The word being written is rarely where the weight is: after two encoder layers, each position carries information about its neighbours and about the whole story. As in lesson 05, a weight shows where information could come from, not that it is used.
#
# ## 8 · What pre-training is worth
#
# Was pre-training of any use? Train three models to tell acceptable sentences from unacceptable ones, for 150 steps each: the pre-trained one on 400 sentences, one with random weights on the same 400, and one with random weights on 1,600.

# %%
judged = village_t5_tasks.examples("acceptable", 500, seed=1_000_003)


def accuracy_after(n, pre_trained):
    """Exact match on new sentences after 150 steps on n examples."""
    one = village_t5.load(pre_trained=pre_trained).to(device)
    one = fine_tune(one, village_t5_tasks.examples("acceptable", n, seed=0), steps=150)
    return village_t5_tasks.exact_share(village_t5_tasks.answers(one, judged), judged)


random_400, trained_400 = accuracy_after(400, pre_trained=False), accuracy_after(400, pre_trained=True)
measured("pre-trained, 400 sentences", trained_400, above=("random weights, 400 sentences", random_400))
random_1600 = accuracy_after(1600, pre_trained=False)
measured("random weights, 1,600 sentences", random_1600, above=("pre-trained, 400", trained_400))

# %% [markdown]
# On the same 400 labels, pre-training is ahead. Four times the labels are worth more. With two other seeds it was 0.83 against 0.74, and 0.77 against 0.69. So the gain is real here, and small. This T5 has read short sentences of a tiny language, and random weights learn such a language quickly. For the published model the gap depends on the task: without pre-training, the average on GLUE falls from 83.3 to 66.2, and English–French translation, with its millions of examples, not at all (Raffel et al. 2020, table 1).
#
# ## 9 · BERT, GPT and T5
#
# Three ways to build a model of text, and three masks:

# %%
drawings.three_masks()

# %% [markdown]
# | | BERT (lesson 10) | GPT (lessons 08, 13) | T5 |
# |---|---|---|---|
# | stack | encoder | decoder | encoder and decoder |
# | a token attends to | all tokens | itself and those before | the source: all of it; the target: as GPT |
# | loss | masked tokens, each by itself | every next token | the tokens of the spans, one after the other |
# | tasks | a head for each task | a prompt that is continued | a prefix, and a text as the answer |
# | good at | labels, tags, vectors | open-ended text, dialogue | tasks with an input and an output |
#
# ### Exercise 6 · Who attends to whom (warm-up, 5 minutes)
#
# Write `attended_pairs(source_len, target_len)`. Count the pairs of a query and a key that may attend, in one head, for four cases: the encoder's self-attention on the source; the decoder's causal self-attention on the target; cross-attention; and a single causal stack, like GPT's, that reads source and target as one text. Return the four numbers.


# %% tags=["exercise"]
def attended_pairs(source_len, target_len):
    """→ pairs in the encoder, in the decoder, in cross-attention, and in one causal stack."""
    ### BEGIN SOLUTION
    n = source_len + target_len
    decoder = target_len * (target_len + 1) // 2
    return source_len**2, decoder, target_len * source_len, n * (n + 1) // 2
    ### END SOLUTION


# %% tags=["check"]
check("14.attended_pairs", attended_pairs)

# %% tags=["hint"]
hint("14.attended_pairs")

# %% [markdown] tags=["solution"]
# Encoder, decoder and cross-attention together have more pairs than the causal stack: the upper triangle of the source, the future that GPT may not see. That is what T5 gains when it reads.

# %%
encoder, decoder, cross, stack = yours("14.attended_pairs")(500, 100)
print(
    f"500 source and 100 target tokens: encoder {encoder:,}, decoder {decoder:,}, cross {cross:,}; one causal stack {stack:,}"
)
print(f"pairs that T5 has and GPT has not: {encoder + decoder + cross - stack:,}")

# %% [markdown]
# Most chat models of today are causal decoders all the same: one stack is simpler, its cache serves many turns, and every token of a text carries a loss. Encoder–decoders live on in translation, speech recognition (Radford et al. 2023, Whisper) and summarisation.
#
# ### The same through Hugging Face
#
# In other projects you'll use `transformers`. A tiny T5 with random weights has the same logits and the same loss there, if padding is set to −100:

# %% tags=["nbval-ignore-output"]
from transformers import T5Config, T5ForConditionalGeneration

# %%
_ = torch.manual_seed(0)
sizes = T5Config(
    vocab_size=50, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0
)
theirs = T5ForConditionalGeneration(sizes).eval()
same = T5(50, d_model=32, n_heads=4, d_ff=64, num_layers=2).eval()
_ = same.load_state_dict(t5_weights(theirs.state_dict()))
source, lengths = pad([[5, 6, 7, 8, 9], [10, 11, 12]], 0)
targets, _ = pad([[20, 21, 1], [22, 23, 24, 25, 1]], 0)
labels = targets.masked_fill(targets == 0, -100)
with torch.no_grad():
    answer = theirs(input_ids=source, attention_mask=(source != 0).long(), labels=labels)
    mine = yours("14.t5_loss")(same, source, lengths, targets, 0)
measured("largest difference of the loss", (answer.loss - mine).abs(), at_most=1e-5, unit="nats")

# %% [markdown]
# With a network, set `ONLINE` to load the published `t5-small` (60 million parameters, a download of 240 MB):

# %% tags=["nbval-ignore-output"]
ONLINE = False
if ONLINE:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("google-t5/t5-small")
    published = T5ForConditionalGeneration.from_pretrained("google-t5/t5-small").eval()
    for text in ("translate English to German: The house is wonderful.", "cola sentence: The keys is old."):
        ids = tokenizer(text, return_tensors="pt").input_ids
        print(
            text,
            "→",
            tokenizer.decode(published.generate(ids, max_new_tokens=20)[0], skip_special_tokens=True),
        )

# %% [markdown]
# ## Recap
#
# | | what | why |
# |---|---|---|
# | text to text | prefix and input → answer in words | one model, one loss, one way to decode |
# | relative position buckets | $S_{ij} = q_i^\top k_j + b_{\text{bucket}(j-i)}$ | only the distance counts; far distances share |
# | span corruption | a sentinel for each span; the target is what is missing | a short target, so cheap steps |
# | T5 loss | cross-entropy of the shifted target, padding ignored | the same for pre-training and all tasks |
# | ROUGE-L | $F_1$ of the longest common subsequence | partial credit for summaries; blind to truth |
#
# **What is not true.** *"The prefix is magic."* It's a word, and means what training made it mean. *"A text-to-text model always gives an answer."* It can write any text, so count the invalid ones. *"A high ROUGE means a good summary."* One wrong word can turn it around. *"Pre-training always helps."* It helps with what it teaches.
#
# **Still open.** Every model so far is as large as it was trained. What does it cost to run one, and how much of it can you take away? → lesson 15
#
# ## References
#
# * C. Raffel et al. 2020, *Exploring the limits of transfer learning with a unified text-to-text Transformer*, sections 2.1, 3.1.4 and 3.3; M. Lewis et al. 2020, *BART*, section 2.2.
# * P. Shaw, J. Uszkoreit, A. Vaswani 2018, *Self-attention with relative position representations*; C.-Y. Lin 2004, *ROUGE: a package for automatic evaluation of summaries*.
# * A. Radford et al. 2023, *Robust speech recognition via large-scale weak supervision* (Whisper).
# * allenai/allennlp#5342: padding in the T5 loss.
