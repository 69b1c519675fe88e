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
# # 03 · Word vectors
#
# **How can a machine find out that `king` is to `queen` as `man` is to `woman`, when nobody tells it?** And does it really? So far, vectors of symbols were a by-product of some task. Here they are the goal: one for every word, learned from nothing but the words that occur near it.
#
# You will be able to:
#
# * **compare** two words by the cosine of their vectors (exercise 1),
# * **measure** how much more often two words occur together than by chance (exercise 2),
# * **train** skip-gram with negative sampling, with a loss of your own (exercises 3 and 4),
# * **score** an analogy test against the baseline that it has to beat (exercises 5 and 6),
# * **test** word vectors for a social bias, and say what such a number does not show (exercise 7).
#
# Time: 90 minutes; the cells run for about half a minute on one CPU core. You need lesson 01: losses in nats, and a training loop.

# %% tags=["setup", "nbval-ignore-output"]
import math
import re

import torch
import torch.nn.functional as F

from course_lib import drawings, plots
from course_lib.data import load, village
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.models.words import (
    GloVe,
    SkipGram,
    WordVectors,
    count_batches,
    glove_6b,
    principal_axes,
    weat,
)
from course_lib.practice import check, hint, yours
from course_lib.report import measured
from course_lib.text.cooccurrence import cooccurrence, positive_pmi
from course_lib.text.pairs import keep_probability, noise_distribution, skipgram_batches
from course_lib.text.words import WordVocabulary
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · One-hot and dense vectors
#
# Number the words, and give each a vector with a single 1: a **one-hot** vector. It says which word it is and nothing else, because any two of them are orthogonal. A table of **dense** vectors can say more. Looking a word up in the table means multiplying its one-hot vector by it:

# %%
words = ["king", "queen", "dog", "cat"]
one_hot = torch.eye(4)  # (n_words, n_words)
table = torch.tensor(
    [[2.0, 1.0], [4.0, 2.0], [-1.0, 2.0], [-1.0, 1.0]]
)  # (n_words, d_model), made up by hand

assert torch.equal(one_hot[0] @ table, table[0])
print("king · queen, one-hot:", (one_hot[0] @ one_hot[1]).item())
print(
    "king's one-hot vector times the table:", (one_hot[0] @ table).tolist(), "= its row:", table[0].tolist()
)

# %% [markdown]
# In the dense table, words can be near each other. How near? The dot product alone will not do: it grows with the lengths of the vectors. Divide by the lengths, and what is left is the **cosine** of the angle:
#
# $$\cos(u, v) = \frac{u \cdot v}{\lVert u\rVert\,\lVert v\rVert}$$
#
# It is 1 for the same direction, 0 for a right angle and −1 for opposite directions. By hand: `king` is $(2, 1)$ and `queen` is $(4, 2)$. Their dot product is
# 10, the lengths are $\sqrt5$ and $\sqrt{20}$, and $10 / \sqrt{100} = 1$.
#
# ### Exercise 1 · Cosine (warm-up, 4 minutes)
#
# In your head first: what is the cosine of `king` and `dog`? Then write `cosine(u, v)`. Both have shape `(d_model,)`, and neither is zero. Return a tensor without dimensions.


# %% tags=["exercise"]
def cosine(u, v):
    """u and v (d_model,) → the cosine of their angle, a tensor without dimensions."""
    ### BEGIN SOLUTION
    return (u @ v) / (u.norm() * v.norm())
    ### END SOLUTION


# %% tags=["check"]
check("03.cosine", cosine)

# %% tags=["hint"]
hint("03.cosine")

# %% [markdown] tags=["solution"]
# `king` · `dog` is $-2 + 2 = 0$, a right angle. fastText's Python code once ranked neighbours by dot products ([facebookresearch/fastText#791](https://github.com/facebookresearch/fastText/issues/791)).

# %%
cosines = torch.stack(
    [torch.stack([yours("03.cosine")(u, v) for v in table]) for u in table]
)  # (n_words, n_words)
_ = plots.similarity_matrix(cosines, words, title="Cosines of four made-up words")

# %% [markdown]
# ## 2 · Co-occurrence counts and mutual information
#
# Where do the numbers come from? "You shall know a word by the company it keeps" (Firth 1957). Take four sentences, and count which words occur
# together within a **window** of two words to each side:

# %%
sentences = ["the king rules", "the queen rules", "the dog barks", "the cat barks"]
small = WordVocabulary.from_tokens([sentence.split() for sentence in sentences])
ids = [small.encode(sentence.split()) for sentence in sentences]
counts = cooccurrence(ids, len(small), window=2).to_dense()[4:, 4:]  # without the four control symbols
symbols = small.symbols[4:]
print("        " + " ".join(f"{word:>6}" for word in symbols))
for word, row in zip(symbols, counts.tolist(), strict=True):
    print(f"{word:>6}: " + " ".join(f"{count:6.0f}" for count in row))

# %% [markdown]
# `king` and `queen` never occur together, and yet their rows are equal: both occur with the same words. That similar words occur in similar contexts is the **distributional hypothesis**. Nobody had to say what a king is.
#
# But `the` occurs with everything, which makes it uninformative. How much more often do $w$ and $c$ occur together than two independent words would? That is their **pointwise mutual
# information** (Church and Hanks 1990):
#
# $$\text{PMI}(w, c) = \ln\frac{P(w, c)}{P(w)\,P(c)}$$
#
# By hand: the table sums to 24, so $P(\text{king}, \text{rules}) = \frac{1}{24}$, $P(\text{king}) = \frac{2}{24}$ and $P(\text{rules}) = \frac{4}{24}$. The ratio is
# $\frac{1}{24} \cdot \frac{24 \cdot 24}{2 \cdot 4} = 3$. For `king` and `the`, whose row sums to 8, it is only 1.5.
#
# ### Exercise 2 · Pointwise mutual information (core, 8 minutes)
#
# Write `pmi_of(counts)`. `counts` is a matrix `(n_words, n_contexts)` of positive counts. Return the matrix of PMI, in nats and of the same shape.


# %% tags=["exercise"]
def pmi_of(counts):
    """counts (n_words, n_contexts), all positive → PMI in nats, of the same shape."""
    ### BEGIN SOLUTION
    joint = counts / counts.sum()  # P(w, c)
    word = joint.sum(dim=1, keepdim=True)  # P(w), (n_words, 1)
    context = joint.sum(dim=0, keepdim=True)  # P(c), (1, n_contexts)
    return (joint / (word * context)).log()
    ### END SOLUTION


# %% tags=["check"]
check("03.pmi", pmi_of)

# %% tags=["hint"]
hint("03.pmi")

# %% [markdown] tags=["solution"]
# `keepdim=True` keeps the sums as a column and a row. Their product broadcasts to a whole matrix, the probabilities of independent words and contexts.

# %%
king, the, rules, barks = (symbols.index(word) for word in ("king", "the", "rules", "barks"))
table_pmi = yours("03.pmi")(counts)
print(f"PMI(king, rules) = ln 3   = {table_pmi[king, rules]:.3f}")
print(f"PMI(king, the)   = ln 1.5 = {table_pmi[king, the]:.3f}")
print(f"PMI(king, barks) = ln 0   = {table_pmi[king, barks]:.3f}")

# %% [markdown]
# A pair that never occurred gives −∞, which is of no use in a vector. **Positive PMI** (PPMI) replaces everything below 0 by 0. Its rows are word vectors already, one number per word of the vocabulary.
#
# ## 3 · Skip-gram with negative sampling
#
# **Skip-gram** (word2vec, Mikolov et al. 2013) learns short vectors that *predict* the neighbours. Each word gets two: $w$ for its role as the centre of a window, and $c$ for its role as a
# context word. The **score** of a pair is $w \cdot c$.

# %%
drawings.skipgram_window()

# %% [markdown]
# A softmax over all possible contexts would touch the whole vocabulary at every step. **Negative sampling** asks an easier question: did this pair really occur, or was its second word drawn at random? For each true pair, draw $k$ noise words $\tilde c$ and classify all $k + 1$ pairs:
#
# $$\text{loss} = -\ln \sigma(w \cdot c) - \sum_{i=1}^{k} \ln \sigma(-w \cdot \tilde c_i)$$
#
# Here $\sigma(x) = 1 / (1 + e^{-x})$ is the **sigmoid**, which turns a score into a probability.
#
# By hand: a true pair with score 2, two noise words with scores −1 and 0. The gradient with respect to a score is $\sigma(w \cdot c) - 1$ for the true pair and
# $\sigma(w \cdot \tilde c)$ for noise. A pair that is clearly classified correctly hardly changes the vectors.

# %%
scores = torch.tensor([2.0, -1.0, 0.0], requires_grad=True)  # the true pair, then two noise words
loss = -F.logsigmoid(scores[0]) - F.logsigmoid(-scores[1:]).sum()
loss.backward()
print(f"loss = −ln σ(2) − ln σ(1) − ln σ(0) = {loss.item():.3f}")
by_formula = torch.sigmoid(scores.detach()) - torch.tensor([1.0, 0.0, 0.0])
print("gradient by the formula:", [round(value, 3) for value in by_formula.tolist()])
measured("largest difference from autograd", (by_formula - scores.grad).abs().max(), at_most=1e-6)

# %% [markdown]
# ### Exercise 3 · The loss of one pair (core, 8 minutes)
#
# Write `pair_loss(w, c, noise)`. `w` and `c` have shape `(d_model,)`; `noise`, of shape `(k, d_model)`, holds the context vectors of $k$ noise words. Return the loss, a
# tensor without dimensions. It must stay finite for scores of −200, and let gradients through.


# %% tags=["exercise"]
def pair_loss(w, c, noise):
    """w, c (d_model,) of a true pair, noise (k, d_model) → their loss, a tensor without dimensions."""
    ### BEGIN SOLUTION
    return -F.logsigmoid(w @ c) - F.logsigmoid(-(noise @ w)).sum()
    ### END SOLUTION


# %% tags=["check"]
check("03.pair_loss", pair_loss)

# %% tags=["hint"]
hint("03.pair_loss")

# %% [markdown] tags=["solution"]
# `noise @ w` computes all $k$ scores at once. `torch.sigmoid(x).log()` is the same on paper, but in float32 $\sigma(-200)$ is 0, and its logarithm −∞. `F.logsigmoid` avoids that detour.

# %% [markdown]
# ## 4 · Training on a village
#
# Before real text, a world in which we know what *should* come out. A small grammar writes the sentences of the course's **village**, so we know which words are of one kind: `key`, `book` and `letter` occur in exactly the same places, and so do `girl` and `woman`.

# %%
told = [sentence.words for sentence in village.sample(40_000, seed=0)]
for sentence in told[:4]:
    print(" ".join(sentence))
vocabulary = WordVocabulary.from_tokens(told)
encoded = [vocabulary.encode(sentence) for sentence in told]
print(f"\n{sum(len(sentence) for sentence in told):,} words, {len(vocabulary) - 4} of them different")

# %%
kinds = {
    "girl": ["girl", "woman"], "boy": ["boy", "man"], "people": ["girls", "women", "boys", "men"],
    "animal": ["cat", "dog", "bird", "horse"], "animals": ["cats", "dogs", "birds", "horses"],
    "thing": ["key", "book", "letter"], "things": ["keys", "books", "letters"],
    "does": ["sleeps", "runs", "plays"], "do": ["sleep", "run", "play"],
}  # fmt: skip
kind_of = {word: kind for kind, members in kinds.items() for word in members}
listed = list(kind_of)


def share_of_own_kind(vectors):
    """How often the nearest of the listed words is of a word's own kind."""
    among = WordVectors(listed, vectors.matrix[vectors.ids(listed)])
    return sum(kind_of[among.neighbours(word, 1)[0][0]] == kind_of[word] for word in listed) / len(listed)


chance = sum((len(kinds[kind]) - 1) / (len(listed) - 1) for kind in kind_of.values()) / len(listed)
print(f"{len(listed)} words of {len(kinds)} kinds; by chance the nearest is of the same kind in {chance:.0%}")

# %% [markdown]
# The training data are triples: a centre word, a true neighbour within four words, and $k = 5$ noise words. Here a word is drawn as noise in proportion to its count. On real text, word2vec uses $\text{count}^{3/4}$, which favours rare words a little.

# %%
example = next(
    skipgram_batches(
        encoded[:100],
        len(vocabulary),
        batch=3,
        window=4,
        draw_window=False,
        threshold=None,
        power=1.0,
        seed=0,
    )
)
for word, neighbour, noise in zip(example.words, example.neighbours, example.noise, strict=True):
    names = [vocabulary.symbols[i] for i in (word, neighbour, *noise)]
    print(f"centre {names[0]:<8} true neighbour {names[1]:<8} noise {', '.join(names[2:])}")

# %% [markdown]
# ### Exercise 4 · Train skip-gram (build, 25 minutes)
#
# Write `train_skipgram(W, C, batches, lr)`. `W` and `C`, both `(vocab_size, d_model)`, are the tables of word vectors and of context vectors. They require gradients, and you train them **in place**. `batches` is a generator: take a step on each batch before you ask for the next. A batch is a triple of ids: `words` `(batch,)`, `neighbours` `(batch,)` and `noise` `(batch, k)`.
#
# 1. Compute all true scores and all noise scores of the batch at once, without a loop over its pairs.
# 2. The loss is the **mean** over the pairs of the loss from exercise 3.
# 3. Take one step of `torch.optim.Adam` with learning rate `lr`, one optimiser for both tables and all batches.
#
# Return the list of losses, one Python number per batch. The rest of the lesson runs on the vectors that your function trains, and section 6 scores their analogies.


# %% tags=["exercise"]
def train_skipgram(W, C, batches, lr):
    """Train W and C (vocab_size, d_model) in place, one step of Adam per batch → list of losses."""
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam([W, C], lr=lr)
    losses = []
    for words, neighbours, noise in batches:
        w = W[words]  # (batch, d_model)
        true_scores = (w * C[neighbours]).sum(dim=1)  # (batch,)
        noise_scores = (C[noise] * w[:, None]).sum(dim=2)  # (batch, k)
        loss = -(F.logsigmoid(true_scores) + F.logsigmoid(-noise_scores).sum(dim=1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
    ### END SOLUTION


# %% tags=["check"]
check("03.train", train_skipgram)

# %% tags=["hint"]
hint("03.train")

# %% [markdown] tags=["solution"]
# `w[:, None]` has shape `(batch, 1, d_model)` and broadcasts over the $k$ noise words. `W[words] @ C[neighbours].T` would score every word with every neighbour of the batch, and the loss would still fall.

# %% [markdown]
# Your function at work: 1,200 batches of 2,048 pairs, vectors of 32 numbers. As in word2vec, word vectors are initialised with small random numbers, context vectors with zeros. The generator keeps a copy of the vectors at a few steps.

# %% tags=["nbval-ignore-output"]
moments = (0, 50, 100, 200, 400)
snapshots = {}
W = (
    ((torch.rand(len(vocabulary), 32, generator=torch.Generator().manual_seed(0)) - 0.5) / 32)
    .to(device)
    .requires_grad_()
)
C = torch.zeros(len(vocabulary), 32, device=device, requires_grad=True)


def batches_of_the_village(steps):
    source = skipgram_batches(
        encoded,
        len(vocabulary),
        batch=2048,
        window=4,
        draw_window=False,
        n_noise=5,
        threshold=None,
        power=1.0,
        seed=0,
    )
    for step, batch in zip(range(steps), source, strict=False):
        if step in moments:
            snapshots[step] = W.detach().cpu().clone()
        yield tuple(ids.to(device) for ids in batch[:3])


losses = yours("03.train")(W, C, batches_of_the_village(1200), lr=0.01)
snapshots[1200] = W.detach().cpu().clone()
vectors = WordVectors(vocabulary.symbols[4:], snapshots[1200][4:])
print(f"loss: {losses[0]:.2f} at the first step, {sum(losses[-100:]) / 100:.2f} over the last 100")

# %% [markdown]
# Is that the loss of exercise 3? Compare on the three triples above:

# %%
triples = [ids.to(device) for ids in example[:3]]
(batch_loss,) = yours("03.train")(
    *(table.detach().clone().requires_grad_() for table in (W, C)), [triples], lr=0.01
)
one_by_one = [
    yours("03.pair_loss")(W[word], C[neighbour], C[noise]).item()
    for word, neighbour, noise in zip(*triples, strict=True)
]
measured(
    "loss of a batch, difference from the mean of its pairs' losses",
    abs(batch_loss - sum(one_by_one) / 3),
    at_most=1e-4,
)
measured("loss at the first step, in units of 6 ln 2", losses[0] / (6 * math.log(2)), between=(0.99, 1.01))

# %% [markdown]
# The first loss had to be $6 \ln 2$: with all scores at zero, each of the six classifications is a coin flip.
#
# > **Predict.** `kind` and `rude` are opposites. Will they be far apart?

# %% tags=["nbval-ignore-output"]
for word in ("key", "girl", "cats", "kind", "he"):
    print(f"{word:>5}: " + "  ".join(f"{near} {cos:.2f}" for near, cos in vectors.neighbours(word, 5)))

# %%
measured("nearest listed word is of the same kind", share_of_own_kind(vectors), at_least=0.8)
measured("cosine of kind and rude", vectors.similarity("kind", "rude"), at_least=0.8)

# %% [markdown]
# They are neighbours: both appear in the same places of the same sentences. *Near* means "occurs in the same contexts", not "has the same meaning".
#
# **Principal components** are the directions along which these vectors vary most; the map shows the first two. Move the slider to watch the training.

# %% tags=["nbval-ignore-output"]
groups = {
    "person": ["girl", "boy"], "people": ["girls", "boys"],
    "animal": ["cat", "dog", "horse"], "animals": ["cats", "dogs", "horses"],
    "thing": ["key", "book"], "things": ["keys", "books"],
    "verb": ["runs", "plays", "run", "play"],
}  # fmt: skip
on_map = [word for members in groups.values() for word in members]
shown = vocabulary.encode(on_map)
axes, _ = principal_axes(snapshots[1200][shown])


def draw_map(step):
    return plots.embedding_map(
        snapshots[step][shown], on_map, title=f"The village after {step:,} steps", groups=groups, axes=axes
    )


SliderFigure(
    draw_map,
    values=list(snapshots),
    start=1200,
    label="training steps",
    alt="A map of village words: persons, animals, things and verbs lie in different regions.",
)


# %%
def share_on_map(pairs):
    """The share of the squared distance between the two words of each pair that the map shows."""
    apart = torch.stack(
        [snapshots[1200][vocabulary.encode(pair)].diff(dim=0)[0] for pair in pairs]
    )  # (n, d_model)
    return (apart @ axes).square().sum() / apart.square().sum()


one_and_many = [
    pair
    for one, many in (("animal", "animals"), ("thing", "things"))
    for pair in zip(kinds[one], kinds[many], strict=True)
]
animals_and_things = [(animal, thing) for animal in kinds["animal"] for thing in kinds["thing"]]
measured(
    "animal to thing, share of the squared distance on the map",
    share_on_map(animals_and_things),
    at_least=0.5,
)
measured(
    "singular to plural, share of the squared distance on the map", share_on_map(one_and_many), at_most=0.1
)

# %% [markdown]
# Two directions out of 32 leave almost half of the variance out. The map shows most of what separates animals from things, and next to nothing of what separates `cat` from `cats`. Words that are apart on a map are apart; words that are close may not be. For that, compute cosines.
#
# ## 5 · A dot product is a shifted PMI
#
# What does a learned $w \cdot c$ say? Four steps lead to the answer.
#
# 1. **Count.** Among all training examples with the centre word $w$, let $c$ occur $a$ times as a true neighbour and $b$ times as noise.
# 2. **Add up.** The score $s = w \cdot c$ is the same in all of them. Together they cost $-a \ln \sigma(s) - b \ln \sigma(-s)$.
# 3. **Minimise.** The derivative is $-a\,(1 - \sigma(s)) + b\,\sigma(s)$, which is zero where $\sigma(s) = \frac{a}{a + b}$. The odds are then $e^s = \frac{a}{b}$.
#
# By hand: 30 times true, 10 times noise. The best score should be $\ln 3$:

# %%
candidates = torch.linspace(-3, 3, 6001)
cost = -30 * F.logsigmoid(candidates) - 10 * F.logsigmoid(-candidates)
measured(
    "score of lowest cost, difference from ln 3",
    abs(candidates[cost.argmin()].item() - math.log(3)),
    at_most=0.002,
)

# %% [markdown]
# 4. **Substitute the rates.** Let $P_n$ be the distribution of the noise words. In $n$ pairs with the centre word $w$, the context $c$ is a true neighbour $a = n\,P(c \mid w)$ times, and noise $b = n\,k\,P_n(c)$ times. Hence $s = \ln \frac{P(c \mid w)}{P_n(c)} - \ln k$.
#
# In the village, $P_n(c)$ is $P(c)$, except near the ends of sentences, where windows are cut off. $\frac{P(c \mid w)}{P(c)}$ is the ratio inside the PMI:
#
# $$w \cdot c = \text{PMI}(w, c) - \ln k$$
#
# Skip-gram with negative sampling learns **PMI, shifted by $\ln k$** (Levy and Goldberg 2014, section 3.1). The derivation lets every pair choose its own score. Thirty-two numbers per word do not allow that.
#
# > **Predict.** We compare all pairs that occurred at least ten times. How close is the match?

# %%
counts = cooccurrence(encoded, len(vocabulary), window=4).to_dense()[4:, 4:]  # (n_words, n_words)
dots = (W @ C.T).detach().cpu().double()[4:, 4:]  # (n_words, n_words)
shifted = yours("03.pmi")(counts) - math.log(5)
often = counts >= 10
_ = plots.one_against_other(
    shifted[often],
    dots[often],
    "PMI − ln k, counted",
    "w · c, learned",
    title="A dot product is a shifted PMI",
)

# %%
correlation = torch.corrcoef(torch.stack([shifted[often], dots[often]]))[0, 1]
measured("correlation of w · c with PMI − ln k", correlation, at_least=0.9)
measured("mean difference, nats", (dots[often] - shifted[often]).mean(), between=(-0.1, 0.1))

# %% [markdown]
# Close, but not exact. Skip-gram, which never counted a pair, has learned a PMI matrix, compressed into 32 numbers per row and per column. The classical way to compress a matrix is the **singular value decomposition** $M \approx U_d \Sigma_d V_d^\top$. If $M$ is the PPMI matrix, the rows of $U_d \sqrt{\Sigma_d}$ are word vectors too.
#
# **GloVe** (Pennington et al. 2014) is a third way. It fits $w \cdot c + b_w + b_c$ to $\ln x$, the logarithm of the count, by least squares. The biases $b_w$ and $b_c$ absorb how frequent each word is. A pair
# is weighted by $f(x) = \min(1, (x / 100)^{3/4})$, so that neither rare pairs nor `the` dominate.

# %% tags=["nbval-ignore-output"]
_ = torch.manual_seed(0)
glove_model = GloVe(len(vocabulary), d_model=32).to(device)
all_counts = cooccurrence(encoded, len(vocabulary), window=4)
_ = fit(
    glove_model,
    count_batches(all_counts, batch=2048),
    GloVe.loss,
    steps=600,
    lr=0.02,
    betas=(0.9, 0.999),
    progress=False,
)
U, S, _ = torch.linalg.svd(positive_pmi(counts))
three_ways = {
    "skip-gram": vectors,
    "PPMI + SVD": WordVectors(vectors.words, U[:, :32] * S[:32].sqrt()),
    "GloVe": WordVectors(vectors.words, glove_model.vectors()[4:]),
}
for name, found in three_ways.items():
    key, cats = ("  ".join(near for near, _ in found.neighbours(word, 3)) for word in ("key", "cats"))
    print(f"{name:<10} key: {key:<24} cats: {cats}")

# %%
for name, found in three_ways.items():
    measured(f"{name}: nearest listed word is of the same kind", share_of_own_kind(found), at_least=0.6)

# %% [markdown]
# *Don't count, predict!* was the title of a much-cited comparison (Baroni et al. 2014). But all three methods read the same counts. Much of the difference in quality comes from details such as window, shift and weighting, which carry over from one method to another (Levy et al. 2015).
#
# ## 6 · Analogies, and the baseline they have to beat
#
# The famous claim is `king` − `man` + `woman` ≈ `queen`. "$a$ is to $b$ as $c$ is to …" is answered by the word nearest to $b - a + c$, with all vectors scaled to length 1. The words $a$, $b$ and $c$ are **excluded as answers** (Mikolov, Yih and Zweig 2013).
#
# ### Exercise 5 · Analogy (core, 8 minutes)
#
# Write `analogy(E, a, b, c)`. `E` is a table `(n_words, d_model)`, not normalised; `a`, `b` and `c` are row numbers. Scale the rows to length 1, and return the number of the row whose direction is nearest to
# $b - a + c$, other than the three given ones.


# %% tags=["exercise"]
def analogy(E, a, b, c):
    """E (n_words, d_model), three row numbers → the row number that answers "a is to b as c is to …"."""
    ### BEGIN SOLUTION
    unit = E / E.norm(dim=1, keepdim=True)  # (n_words, d_model)
    scores = unit @ (unit[b] - unit[a] + unit[c])  # (n_words,)
    scores[[a, b, c]] = -math.inf
    return scores.argmax().item()
    ### END SOLUTION


# %% tags=["check"]
check("03.analogy", analogy)

# %% tags=["hint"]
hint("03.analogy")

# %% [markdown] tags=["solution"]
# The target's own length scales all scores alike. Deleting the three rows instead of scoring them −∞ would shift the numbers of the rows after them.

# %% [markdown]
# ### Exercise 6 · Score against a baseline (core, 12 minutes, experiment)
#
# Suppose that 80% of the answers are right. Is the arithmetic any good? Leave out $b - a$ to find out: the **baseline** answers with the nearest neighbour of $c$ alone, with $a$, $b$ and $c$ excluded as before.
#
# *Predict* for the village: in which of these relations does the arithmetic beat the baseline? `runs : run = is : …`, `he : she = him : …`, `cat : cats = key : …`, `girl : girls = key : …`
#
# Write `accuracies(E, questions)`. Each question is a tuple `(a, b, c, answers)` of three row numbers and a list of the rows that count as right. Return two numbers from 0 to 1: the accuracy of the
# arithmetic, then that of the baseline.


# %% tags=["exercise"]
def accuracies(E, questions):
    """E (n_words, d_model), questions [(a, b, c, answers)] → accuracies of arithmetic and baseline."""
    ### BEGIN SOLUTION
    unit = E / E.norm(dim=1, keepdim=True)
    arithmetic = baseline = 0
    for a, b, c, answers in questions:
        arithmetic += analogy(unit, a, b, c) in answers
        scores = unit @ unit[c]  # (n_words,)
        scores[[a, b, c]] = -math.inf
        baseline += scores.argmax().item() in answers
    return arithmetic / len(questions), baseline / len(questions)
    ### END SOLUTION


# %% tags=["check"]
check("03.accuracies", accuracies)

# %% tags=["hint"]
hint("03.accuracies")

# %% [markdown] tags=["solution"]
# Only what the arithmetic adds to the baseline is evidence for it. Without the same exclusions, one of them has a hidden advantage.

# %% [markdown]
# Now run it on the vectors that you trained. An answer of the right *kind* counts as right, since nothing in the village distinguishes `keys` from `letters`. The last column counts how often the word nearest to $b - a + c$, among *all* words, is one of the three given.

# %%
kinds |= {
    word: [word] for word in ("is", "are", "was", "were", "he", "she", "him", "her", "himself", "herself")
}
verbs = [("does", "do"), ("is", "are"), ("was", "were")]
pronouns = [("he", "she"), ("him", "her"), ("himself", "herself")]
noun_kinds = [("animal", "animals"), ("thing", "things")]
relations = {
    "verbs": (verbs, verbs),
    "pronouns": (pronouns, pronouns),
    "animals, things": (noun_kinds, noun_kinds),
    "people → nouns": ([("girl", "people"), ("boy", "people")], noun_kinds),
}


def village_questions(given, asked):
    """(a, b, c, right answers) as rows, for all words of these pairs of kinds."""
    rows = {kind: vectors.ids(words).tolist() for kind, words in kinds.items()}
    return [
        (a, b, c, rows[d_kind])
        for a_kind, b_kind in given
        for c_kind, d_kind in asked
        if c_kind != a_kind
        for a in rows[a_kind]
        for b in rows[b_kind]
        for c in rows[c_kind]
    ]


def given_is_nearest(E, questions):
    """How often the row nearest to b − a + c is a, b or c itself."""
    unit = F.normalize(E, dim=1)
    return sum(
        (unit @ (unit[b] - unit[a] + unit[c])).argmax().item() in (a, b, c) for a, b, c, _ in questions
    ) / len(questions)


results = {}
for name, (given, asked) in relations.items():
    questions = village_questions(given, asked)
    results[name] = (
        len(questions),
        *yours("03.accuracies")(vectors.matrix, questions),
        given_is_nearest(vectors.matrix, questions),
    )

# %% tags=["nbval-ignore-output"]
print(f"{'village':<16} questions   b − a + c   nearest to c   nearest of all is a given word")
for name, (n, arithmetic, baseline, given) in results.items():
    print(f"{name:<16} {n:9} {arithmetic:11.0%} {baseline:14.0%} {given:32.0%}")

# %%
measured("verbs, arithmetic", results["verbs"][1], at_least=0.85)
measured("verbs, arithmetic minus baseline", results["verbs"][1] - results["verbs"][2], at_least=0.1)
measured(
    "animals and things, arithmetic minus baseline",
    results["animals, things"][1] - results["animals, things"][2],
    at_least=0.4,
)
measured("animals and things, a given word is nearest", results["animals, things"][3], at_most=0.1)
measured(
    "people to nouns, below animals and things by",
    results["animals, things"][1] - results["people → nouns"][1],
    at_least=0.1,
)
measured(
    "pronouns, a given word is nearest",
    results["pronouns"][3],
    above=("animals and things", results["animals, things"][3]),
)

# %% [markdown]
# Verbs, animals and things pass: the arithmetic is right clearly more often than the baseline. For animals and things the exclusion plays no part: a given word is hardly ever the nearest. From people to other nouns, the arithmetic beats its baseline as well, but less reliably. The pronouns look good and prove little: there are only six questions, and the baseline answers most of them.
#
# Why do some relations work? Compare the *differences* $b - a$ with each other:

# %% tags=["nbval-ignore-output"]
steps = (
    "is→are was→were runs→run cat→cats key→keys book→books girl→girls he→she him→her himself→herself".split()
)
differences = torch.stack(
    [
        vectors.unit[vectors.id(b)] - vectors.unit[vectors.id(a)]
        for a, b in (step.split("→") for step in steps)
    ]
)
differences = F.normalize(differences, dim=1)  # (n, d_model), rows of length 1
cosines = differences @ differences.T  # (n, n)
_ = plots.similarity_matrix(cosines, steps, title="Some differences are parallel, others are not")


# %%
def mean_off_diagonal(block):
    """The mean of a square block's entries, without those on its diagonal."""
    return ((block.sum() - block.trace()) / (len(block) * (len(block) - 1))).item()


in_nouns, in_pronouns = mean_off_diagonal(cosines[3:6, 3:6]), mean_off_diagonal(cosines[7:, 7:])
measured("mean cosine of the nouns' differences", in_nouns, at_least=0.6)
measured(
    "mean cosine of the pronouns' differences, below the nouns' by", in_nouns - in_pronouns, at_least=0.3
)

# %%
counted = counts / counts.sum(dim=1, keepdim=True)  # (n_words, n_words), P(c | w)
seen = "was were a some she gave".split()
print("share of neighbours  " + "  ".join(f"{word:>4}" for word in seen))
for word in ("cat", "cats", "key", "keys", "girl", "girls"):
    print(f"{word:>19}  " + "  ".join(f"{share:4.1%}" for share in counted[vectors.id(word), vectors.ids(seen)]))

# %% [markdown]
# Where two pairs differ by *the same change of context*, their differences are parallel, and the arithmetic works. `cat → cats` and `key → keys` both exchange *was* for *were* and *a* for *some*. `girl → girls` does not exchange *a*, loses *she* and *gave*, and fits less well. The pronouns' differences are far from parallel.
#
# ## 7 · Real text: four hundred thousand words, and six billion
#
# Back to the king. The part of **WikiText-2**, a set of Wikipedia articles, that this course loads has about 400,000 words. We train with a window of five, 64 numbers per word, and one more technique of word2vec, **subsampling**. Each occurrence of a word is kept with probability $\sqrt{t / \text{share}}$, at most 1, so that frequent words do not fill all windows (Mikolov et al. 2013b, equation 5; here $t = 10^{-3}$).

# %%
text = load("wikitext-2")
lines = [
    [word for word in line.split() if word != "<unk>"]
    for line in (text.train + text.validation).lower().splitlines()
]
real = WordVocabulary.from_tokens(lines, min_count=10)
real_ids = [[number for number in real.encode(line) if number != real.unk_id] for line in lines]
occurs = torch.bincount(torch.tensor([number for line in real_ids for number in line]), minlength=len(real))
keep, noise = keep_probability(occurs, threshold=1e-3), noise_distribution(occurs)
print(f"{occurs.sum():,} words, {len(real) - 4:,} of them different")
for word in ("the", "war", "king", "queen"):
    number = real.encode([word])[0]
    times = noise[number] / (occurs[number] / occurs.sum())
    print(
        f"{word:>5}: occurs {occurs[number]:6,} times, kept {keep[number]:4.0%}, "
        f"drawn as noise {times:.1f} times as often"
    )

# %% tags=["nbval-ignore-output"]
_ = torch.manual_seed(0)
real_model = SkipGram(len(real), d_model=64).to(device)
real_batches = skipgram_batches(
    real_ids, len(real), batch=4096, window=5, n_noise=5, n_shared=64, seed=0
)  # 64 noise words shared by a batch
_ = fit(real_model, real_batches, SkipGram.loss, steps=1000, lr=0.05, warm_up=50, betas=(0.9, 0.999))
learned = WordVectors(real.symbols[4:], real_model.word.weight[4:])
for word in ("january", "three", "guitar", "king"):
    print(f"{word:>8}: " + "  ".join(near for near, _ in learned.neighbours(word, 6)))

# %% [markdown]
# Months, numbers and instruments come out well. `king` does not, and `queen` occurs only nineteen times. We need far more text, and somebody else's computer. The course ships with 20,000 of the published **GloVe** vectors: 50 numbers for each word, trained on Wikipedia and newswire
# of **six billion words** (Pennington et al. 2014).

# %%
glove = glove_6b()
print(glove)
for word in ("january", "guitar", "king"):
    print(f"{word:>8}: " + "  ".join(near for near, _ in glove.neighbours(word, 6)))

# %% [markdown]
# The test has four relations, chosen before any vector was tried.
#
# > **Predict.** Which relation will GloVe answer best *beyond the baseline*: capitals, plurals, past tenses, or male and female words?

# %%
analogies = {
    "capitals": "france:paris germany:berlin england:london italy:rome japan:tokyo russia:moscow "
    "ireland:dublin egypt:cairo spain:madrid",
    "plurals": "year:years song:songs game:games album:albums team:teams player:players member:members "
    "ship:ships film:films book:books day:days month:months week:weeks war:wars episode:episodes "
    "season:seasons goal:goals house:houses",
    "past tenses": "include:included play:played win:won make:made take:took become:became write:wrote "
    "give:gave call:called use:used",
    "male, female": "he:she him:her himself:herself man:woman men:women king:queen son:daughter "
    "brother:sister father:mother husband:wife boy:girl male:female",
}


def real_questions(vectors, pairs):
    known = [pair.split(":") for pair in pairs.split() if all(word in vectors for word in pair.split(":"))]
    return [(*vectors.ids([a, b, c]).tolist(), [vectors.id(d)]) for a, b in known for c, d in known if a != c]


on_text = {}
for name, found in (("WikiText-2", learned), ("GloVe", glove)):
    for relation, pairs in analogies.items():
        questions = real_questions(found, pairs)
        on_text[name, relation] = (
            len(questions),
            *yours("03.accuracies")(found.unit, questions),
            given_is_nearest(found.unit, questions),
        )

# %% tags=["nbval-ignore-output"]
print(f"{'':<11}{'':<13} questions   b − a + c   nearest to c   nearest of all is a given word")
for (name, relation), (n, arithmetic, baseline, given) in on_text.items():
    print(f"{name:<11}{relation:<13} {n:9} {arithmetic:11.0%} {baseline:14.0%} {given:32.0%}")

# %%
measured(
    "WikiText-2, best relation, arithmetic",
    max(on_text["WikiText-2", relation][1] for relation in analogies),
    at_most=0.3,
)
for relation in analogies:
    _, arithmetic, baseline, _ = on_text["GloVe", relation]
    measured(f"GloVe, {relation}: arithmetic minus baseline", arithmetic - baseline, at_least=0.2)
measured("WikiText-2, capitals: a given word is nearest", on_text["WikiText-2", "capitals"][3], at_least=0.7)
measured("GloVe, plurals: a given word is nearest", on_text["GloVe", "plurals"][3], at_least=0.4)
measured("GloVe, capitals: a given word is nearest", on_text["GloVe", "capitals"][3], at_most=0.2)

# %% [markdown]
# With far more text, the arithmetic beats its baseline in all four relations. Capitals are the cleanest case: the nearest neighbour of a country is never its capital, and yet $b - a + c$ mostly finds it. For plurals, most of the score comes for free.
#
# And the question of this lesson?

# %%
answer = yours("03.analogy")(glove.unit, *glove.ids(["man", "woman", "king"]).tolist())
print("man : woman = king :", glove.words[answer])
print(
    "nearest to woman − man + king, given words allowed:",
    [word for word, _ in glove.analogy("man", "woman", "king", 3, exclude_given=False)],
)
print("nearest to king alone:", [word for word, _ in glove.neighbours("king", 3)])

# %% [markdown]
# Yes: `queen`. But only because `king` itself is excluded. And `queen` was the second neighbour of `king` to begin with (Linzen 2016 found this pattern throughout). Try analogies of your own; Enter draws.


# %% tags=["nbval-ignore-output"]
def draw_analogy(typed):
    given = re.findall(r"[a-z]+", typed.lower())
    if len(given) != 3:
        raise ValueError(f"there are {len(given)} words; write three, like man : woman = king")
    a, b, c = glove.ids(given).tolist()
    nearest = glove.nearest(glove.unit[b] - glove.unit[a] + glove.unit[c], 8)
    bars = [(f"{word} (given)" if word in given else word, cos) for word, cos in nearest]
    answer = glove.words[yours("03.analogy")(glove.unit, a, b, c)]
    return plots.neighbour_bars(bars, title=f"{given[0]} : {given[1]} = {given[2]} : {answer}")


TypedFigure(
    draw_analogy,
    start="france : paris = japan",
    label="a : b = c",
    alt="The eight words nearest to b − a + c as bars of their cosines.",
)

# %% [markdown]
# ## 8 · Words that were never seen
#
# A table has no row for a word outside its vocabulary (*out-of-vocabulary*, OOV). **fastText** (Bojanowski et al. 2017) builds a word's vector from its parts: the character n-grams of three to six letters, with `<` and `>` at the word's ends. It trains the pieces' vectors with the skip-gram loss.
#
# A shortcut shows the idea without training. A piece's vector is the mean of the vectors of all words that contain it, and a word's vector is the sum over its pieces. To test it, hide 1,000 of GloVe's words and rebuild them from the other 19,000.


# %%
def pieces(word, shortest=3, longest=6):
    """All character n-grams of <word>."""
    marked = f"<{word}>"
    return [marked[i : i + n] for n in range(shortest, longest + 1) for i in range(len(marked) - n + 1)]


order = torch.randperm(len(glove), generator=torch.Generator().manual_seed(0)).tolist()
hidden, known = order[:1000], order[1000:]
middle = glove.unit[known].mean(dim=0)  # subtracted: the direction that all words share
number, place, owner = {}, [], []
for row in known:
    for piece in pieces(glove.words[row]):
        place.append(number.setdefault(piece, len(number)))
        owner.append(row)
place, owner = torch.tensor(place), torch.tensor(owner)
piece_vectors = torch.zeros(len(number), 50).index_add_(0, place, glove.unit[owner] - middle)
piece_vectors /= torch.bincount(place)[:, None]  # (n_pieces, d_model)


def from_pieces(word):
    """The sum of the vectors of a word's known pieces, (d_model,)."""
    return piece_vectors[[number[piece] for piece in pieces(word) if piece in number]].sum(dim=0)


print(pieces("king"))
centred = WordVectors(glove.words, glove.unit - middle)
rebuilt = torch.stack([from_pieces(glove.words[row]) for row in hidden])  # (1000, d_model)
best = (F.normalize(rebuilt, dim=1) @ centred.unit.T).topk(10).indices  # (1000, 10)
found = (best == torch.tensor(hidden)[:, None]).any(dim=1).float().mean()
measured("hidden words among the ten nearest to their pieces' sum", found, at_least=0.2)
print(f"by chance: {10 / len(glove):.2%}")

# %% tags=["nbval-ignore-output"]
for word in ("microbiologist", "bavarians", "goalkeeping", "photosynthesis"):
    print(
        f"{word + (' (in the table)' if word in glove else ''):>16}: "
        + "  ".join(near for near, _ in centred.nearest(from_pieces(word), 6))
    )

# %% [markdown]
# `microbiologist` has no row of its own and yet lands among scientists. `photosynthesis` lands between synthesis and photographs, far from plants: spelling is a hint, not the meaning.
#
# ## 9 · Social bias
#
# Vectors take in the contexts of a text, its prejudices included. To measure one, compare a word with two groups: its **association** is its mean cosine with group $A$ minus its mean cosine with group $B$ (Caliskan et al. 2017).
#
# ### Exercise 7 · Association (warm-up, 5 minutes)
#
# Write `association(w, A, B)`. `w` has shape `(d_model,)`, `A` and `B` hold one word per row, and no vector is normalised. Return a tensor without dimensions.


# %% tags=["exercise"]
def association(w, A, B):
    """w (d_model,), A (n_A, d_model), B (n_B, d_model) → mean cosine with A minus mean cosine with B."""
    ### BEGIN SOLUTION
    w, A, B = (rows / rows.norm(dim=-1, keepdim=True) for rows in (w, A, B))
    return (A @ w).mean() - (B @ w).mean()
    ### END SOLUTION


# %% tags=["check"]
check("03.association", association)

# %% tags=["hint"]
hint("03.association")

# %% [markdown] tags=["solution"]
# Every word counts once, whatever the length of its vector. Averaging the vectors first would let long ones dominate.

# %% [markdown]
# The **WEAT** (word embedding association test) compares two groups of *target* words, here male and female words. Its **effect** is the difference of their mean associations, in standard deviations over all target words. Its **p-value** is the
# share of all splits of these sixteen words into two halves whose difference is at least as large. The first pair of lists combines words of Caliskan et al.; the other four are controls, chosen in advance.

# %%
male, female = (
    "male man boy brother he him his son".split(),
    "female woman girl sister she her hers daughter".split(),
)
attributes = {
    "career, family": (
        "executive management professional corporation salary office business career",
        "home parents children family cousins marriage wedding relatives",
    ),
    "directions, colours": ("north south east west", "red green blue yellow"),
    "months, numbers": (
        "january february march april may june july august",
        "one two three four five six seven eight",
    ),
    "instruments, weapons": ("guitar piano violin flute drum", "gun rifle sword bomb missile"),
    "fruit, metals": ("apple banana orange lemon", "iron gold silver copper"),
}


def rows_of(words):
    return glove.matrix[glove.ids(words)]


tests = {name: weat(glove, male, female, A.split(), B.split()) for name, (A, B) in attributes.items()}
A, B = (rows_of(words.split()) for words in attributes["career, family"])
scores = torch.stack([yours("03.association")(w, A, B) for w in rows_of(male + female)])  # (16,)
effect = (scores[:8].mean() - scores[8:].mean()) / scores.std()
measured(
    "effect for career and family, your function against the library's: difference",
    abs(effect - tests["career, family"].effect),
    at_most=1e-4,
)

# %% tags=["nbval-ignore-output"]
for name, (effect, p_value, n_splits) in tests.items():
    print(f"{name:<21} effect {effect:+.2f}, p = {p_value:.3f} ({n_splits:,} splits)")

# %%
measured("career, family: effect", tests["career, family"].effect, at_least=0.8)
measured("career, family: p", tests["career, family"].p_value, at_most=0.05)
measured(
    "smallest p among the four controls",
    min(test.p_value for name, test in tests.items() if name != "career, family"),
    at_least=0.1,
)

# %% [markdown]
# In six billion words of encyclopedia and news, male words lean from family to career more than female words do, and few splits show as much. None of the controls does. But the test is one-sided: with instruments and weapons exchanged, $p$ would be about 0.05. Was that a neutral control? Choosing words is a judgement.
#
# Now single words, in the direction from female (−) to male (+):

# %% tags=["nbval-ignore-output"]
asked = [
    "nurse",
    "dancer",
    "librarian",
    "doctor",
    "engineer",
    "secretary",
    "himself",
    "herself",
    "the",
    "seven",
]
leans = {word: yours("03.association")(glove[word], rows_of(male), rows_of(female)).item() for word in asked}
print("  ".join(f"{word} {lean:+.2f}" for word, lean in leans.items()))
sample = torch.randperm(len(glove), generator=torch.Generator().manual_seed(0))[:500]
by_chance = torch.stack(
    [yours("03.association")(glove.matrix[row], rows_of(male), rows_of(female)) for row in sample]
)
print(f"500 random words: mean {by_chance.mean():+.2f}, standard deviation {by_chance.std():.2f}")

# %%
measured("`the` leans to the male words by", leans["the"], at_least=0.08)
measured("`secretary`", leans["secretary"], above=("`engineer`", leans["engineer"]))
print("man : woman = doctor :", glove.analogy("man", "woman", "doctor")[0][0])
print("given words allowed:   ", glove.analogy("man", "woman", "doctor", exclude_given=False)[0][0])
print("nearest to doctor:     ", glove.neighbours("doctor", 1)[0][0])

# %% [markdown]
# Read such numbers with care. `the`, which has no gender, leans to the male words as far as `himself` does. The mean of random words is not zero either, so a single association needs the spread of other words next to it. `secretary` is the most "male" occupation listed, probably because newswire writes of secretaries of *state*. And the notorious `man : woman = doctor : nurse` is weak evidence: `nurse` is the nearest neighbour of `doctor` anyway, and with the given words allowed the answer is `doctor` (Nissim et al. 2020).
#
# A significant WEAT describes a text and a choice of words. What a system with such vectors does to people has to be measured on that system.
#
# ## 10 · Spot the bug
#
# A colleague writes the loss for a batch: `true_scores (batch,)`, `noise_scores (batch, k)`. "One sum, one logarithm. Shorter."
#
# > **Predict.** What is wrong? Will the loss still fall?


# %%
def colleagues_loss(true_scores, noise_scores):
    return -(F.logsigmoid(true_scores) + F.logsigmoid(-noise_scores.sum(dim=1))).mean()


def correct_loss(true_scores, noise_scores):
    return -(F.logsigmoid(true_scores) + F.logsigmoid(-noise_scores).sum(dim=1)).mean()


def batch_loss_with(loss):
    return lambda model, batch: loss(
        model(batch.words, batch.neighbours[:, None])[:, 0], model(batch.words, batch.noise)
    )


shares = {}
for name, loss in (("colleague's", colleagues_loss), ("correct", correct_loss)):
    _ = torch.manual_seed(0)
    model = SkipGram(len(vocabulary), d_model=32).to(device)
    source = skipgram_batches(
        encoded, len(vocabulary), batch=2048, window=4, draw_window=False, n_noise=5, threshold=None, seed=0
    )
    history = fit(
        model, source, batch_loss_with(loss), steps=300, lr=0.02, betas=(0.9, 0.999), progress=False
    )
    shares[name] = share_of_own_kind(WordVectors(vectors.words, model.word.weight[4:]))
    measured(
        f"{name} loss: mean of the last 20 steps relative to the first",
        sum(history.losses[-20:]) / 20 / history.losses[0],
        at_most=0.85,
    )
    measured(f"{name} loss: nearest listed word is of the same kind", shares[name], at_least=0.6)

# %% [markdown]
# It trains, and its neighbours look fine. So test a property: a noise word with score 6 is a bad mistake, **whatever the other scores are**.

# %%
true_scores, noise_scores = torch.tensor([0.0]), torch.tensor([[6.0, -6.0]])  # (batch,), (batch, k)
worst = -F.logsigmoid(-noise_scores.max())
print(f"the noise word with score 6 alone must cost {worst:.3f}")
for name, loss in (("colleague's", colleagues_loss), ("correct", correct_loss)):
    print(f"{name + ' loss':<16} of the pair: {loss(true_scores, noise_scores):.3f}")

# %% [markdown]
# The scores are added *before* the logarithm, so one very low score makes up for a high one. In a world of 160 words the neighbours hardly suffer, so the bug survives: a PyTorch course was reported to have this very sum
# ([DSKSD/DeepNLP-models-Pytorch#15](https://github.com/DSKSD/DeepNLP-models-Pytorch/issues/15)). A falling loss and pleasing neighbours are no test. Two numbers by hand are.
#
# ## Recap
#
# | | formula | cost | when to use it |
# |---|---|---|---|
# | cosine | $u \cdot v / (\lVert u\rVert \lVert v\rVert)$ | three dot products | to compare words |
# | PMI | $\ln \frac{P(w, c)}{P(w)\, P(c)}$ | one pass, and a table of pairs | for small texts |
# | skip-gram, negative sampling | $-\ln \sigma(w \cdot c) - \sum \ln \sigma(-w \cdot \tilde c)$ | 1 + k dot products a pair | for large texts |
# | GloVe | $f(x)\,(w \cdot c + b_w + b_c - \ln x)^2$ | a table of pairs | as PMI; usually downloaded |
# | character n-grams | sum over a word's pieces | a vector per piece | for words without a row |
# | analogy | nearest to $b - a + c$, given words excluded | one score per word | always next to the nearest neighbour of $c$ |
# | WEAT | difference of mean cosines, p by random splits | every split | with words chosen in advance, and controls |
#
# **What is not true.** *"king − man + woman is queen."* The nearest word is `king`; `queen` comes after it. *"Near means the same."* It means the same contexts; opposites are neighbours. *"A WEAT of zero means no bias."* It is a number about some words in one text.
#
# **Still open.** A word has one vector here, whatever its sentence: the `bank` of a river is the `bank` with the money. Lessons 05 and 06 let the context decide. But first: can one network write what another has
# read? → `04_seq2seq.ipynb`
#
# ## References
#
# * J. R. Firth 1957, *A synopsis of linguistic theory*.
# * K. W. Church, P. Hanks 1990, *Word association norms, mutual information, and lexicography*.
# * T. Mikolov et al. 2013, *Efficient estimation of word representations in vector space*.
# * T. Mikolov et al. 2013b, *Distributed representations of words and phrases and their compositionality*, sections 2.2 and 2.3.
# * T. Mikolov, W. Yih, G. Zweig 2013, *Linguistic regularities in continuous space word representations*.
# * M. Baroni et al. 2014, *Don't count, predict!*
# * J. Pennington et al. 2014, *GloVe: Global vectors for word representation*, section 3; the vectors are `glove.6B.50d` (public domain, PDDL 1.0).
# * O. Levy, Y. Goldberg 2014, *Neural word embedding as implicit matrix factorization*, section 3.1; O. Levy et al. 2015, *Improving distributional similarity with lessons learned from word embeddings*.
# * T. Linzen 2016, *Issues in evaluating semantic spaces using word analogies*; M. Nissim et al. 2020, *Fair is better than sensational: man is to doctor as woman is to doctor*.
# * P. Bojanowski et al. 2017, *Enriching word vectors with subword information*, section 3.2.
# * A. Caliskan et al. 2017, *Semantics derived automatically from language corpora contain human-like biases*: WEAT.
# * S. Merity et al. 2016, *Pointer sentinel mixture models*: WikiText-2.
