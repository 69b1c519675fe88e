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
# # 08 · GPT
#
# **How much of a language can a model learn by predicting the next word?** Lesson 07's Transformer needed pairs, a sentence and its translation. Text without a
# translation is far easier to find. So keep only the decoder, train it to predict the next token of any text, and see what it has to learn.
#
# You will be able to:
#
# * **turn** any text into training examples, and count a GPT's parameters (exercises 1 and 2),
# * **sample** with temperature, top-k and top-p (exercise 3),
# * **build** a GPT that writes with a key/value cache and your own sampling (exercise 4),
# * **find** induction heads by a score, and test what they need (exercises 5 and 6).
#
# Time: 90 minutes; the cells run for about a minute on one CPU core. You need lessons 06 and 07: causal attention, heads, pre-norm layers.

# %% tags=["setup", "nbval-ignore-output"]
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from course_lib import drawings, plots
from course_lib.data import load, village
from course_lib.decoding import generate
from course_lib.device import Stopwatch, setup
from course_lib.explore import SamplingPanel, SliderFigure
from course_lib.metrics import bits_per_character, perplexity
from course_lib.models import GPT
from course_lib.models.attention import record_attention
from course_lib.models.size import n_parameters
from course_lib.models.transformer import language_model_loss, windows_loss
from course_lib.practice import check, hint, yours
from course_lib.report import measured
from course_lib.text.characters import CharVocabulary
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · Training examples from any text
#
# A language model factors the probability of a text by the chain rule of lesson 01:
#
# $$P(w_1 \dots w_n) = \prod_{t=1}^{n} P(w_t \mid w_1 \dots w_{t-1})$$
#
# An RNN computes these factors one after the other. A **decoder-only Transformer**, such as a GPT, computes all of them in one pass: the causal mask lets each token attend to itself and to
# earlier tokens only, and at every position the model predicts the token that follows. A sentence of seven tokens holds six examples, and nobody has to label them:

# %%
sentence = "the cat sat on the mat .".split()
for i in range(1, len(sentence)):
    print(f"{' '.join(sentence[:i]):20} → {sentence[i]}")

# %% [markdown]
# ### Exercise 1 · Inputs and targets (warm-up, 3 minutes)
#
# Write `inputs_and_targets(ids)`. From `ids`, `(batch, time + 1)`, return two tensors `(batch, time)`: the tokens that the model reads, and the token that it has to predict at each of these positions.


# %% tags=["exercise"]
def inputs_and_targets(ids):
    """ids (batch, time + 1) → inputs (batch, time), targets (batch, time)."""
    ### BEGIN SOLUTION
    return ids[:, :-1], ids[:, 1:]
    ### END SOLUTION


# %% tags=["check"]
check("08.targets", inputs_and_targets)

# %% tags=["hint"]
hint("08.targets")

# %% [markdown] tags=["solution"]
# The last token is never an input, because nothing follows it; the first is never a target. Shift exactly once: a loss that shifts as well would train the model to predict the next token but one.

# %% [markdown]
# ## 2 · The architecture of GPT
#
# Every part is known from lessons 06 and 07. Only the arrangement is new: no encoder, no cross-attention, and a causal mask in every layer.

# %%
drawings.gpt()

# %% [markdown]
# The layers are pre-norm, as in GPT-2 (Radford et al. 2019, section 2.3). $E$ is the embedding matrix, one row per symbol of the vocabulary, and $P$ a table of learned positions:
#
# $$x = E[\text{ids}] + P, \qquad x \leftarrow x + \text{Attention}(\text{norm}(x)), \quad x \leftarrow x + \text{FFN}(\text{norm}(x)) \;\text{ in each layer}, \qquad \text{logits} = \text{norm}(x)\, E^\top$$
#
# The output layer is the embedding matrix once more: **weight tying** (Press and Wolf 2017). The logit of a word is the dot product of the final vector with that word's embedding. Here is the whole model, line by line, next to the library's:

# %%
_ = torch.manual_seed(0)
small = GPT(vocab_size=10, max_len=8, d_model=16, n_heads=2, num_layers=2)
ids = torch.randint(10, (1, 6))  # (batch, time)

x = small.token_embedding(ids) + small.position_embedding.weight[:6]  # (batch, time, d_model)
for layer in small.blocks.layers:
    x = x + layer.self_attn(layer.norm1(x), causal=True)  # W_Q, W_K, W_V, W_O, each with a bias
    x = x + layer.linear2(F.gelu(layer.linear1(layer.norm2(x)), approximate="tanh"))  # d_model → 4 · d_model → d_model
logits = small.blocks.norm(x) @ small.token_embedding.weight.T  # (batch, time, vocab_size)

measured("by hand, largest difference from the library", (logits - small(ids)).detach().abs().max(), at_most=1e-5)
print("logits:", tuple(logits.shape), "one distribution for each position")

# %% [markdown]
# ### Exercise 2 · The size of a GPT (core, 8 minutes)
#
# Write `gpt_parameters(vocab_size, max_len, d_model, num_layers)`: how many parameters does such a model have? Count the weights that the cell above uses. The feed-forward network is four times as wide as the model, every linear layer inside the layers has a bias, and a norm has a scale and a shift.


# %% tags=["exercise"]
def gpt_parameters(vocab_size, max_len, d_model, num_layers):
    """→ how many numbers such a GPT learns."""
    ### BEGIN SOLUTION
    attention = 4 * d_model**2 + 4 * d_model  # W_Q, W_K, W_V, W_O and their biases
    feed_forward = 8 * d_model**2 + 5 * d_model
    norms = 2 * 2 * d_model
    embeddings = (vocab_size + max_len) * d_model  # tied: the output layer adds nothing
    return embeddings + num_layers * (attention + feed_forward + norms) + 2 * d_model
    ### END SOLUTION


# %% tags=["check"]
check("08.n_parameters", gpt_parameters)

# %% tags=["hint"]
hint("08.n_parameters")

# %% [markdown] tags=["solution"]
# A layer has $12 d^2 + 13 d$ parameters, two thirds of them in the feed-forward network. The number of heads does not appear: heads divide the same matrices.

# %%
count = yours("08.n_parameters")
with torch.device("meta"):  # shapes only: the numbers would take half a gigabyte
    gpt_2 = GPT(50_257, max_len=1024, d_model=768, n_heads=12, num_layers=12)
print(f"the small model: {count(10, 8, 16, 2):,} by your function, {n_parameters(small):,} in the library")
print(f"the smallest GPT-2: {count(50_257, 1024, 768, 12):,} and {n_parameters(gpt_2):,}, of which {50_257 * 768:,} are the embedding")

# %% [markdown]
# ## 3 · Training on a language whose entropy is known
#
# How good can a language model be? For English, nobody knows. For our **village**, the small world of lesson 03, it is known exactly: a grammar generates its sentences and gives the exact probability of each. The mean of $-\ln P$ per word, over all that the village says, is the **entropy** of
# the language. On average no model can have a lower loss (Gibbs' inequality).

# %%
words = village.VOCABULARY
word_id = {word: number for number, word in enumerate(words)}
train = [sentence.words for sentence in village.sample(20_000, seed=0)]
test = [sentence.words for sentence in village.sample(2_000, seed=1_000_000)]

lengths = torch.tensor([len(sentence) for sentence in test])
costs = torch.tensor([-village.SENTENCES.log_prob(sentence) for sentence in test])  # nats for each test sentence
floor = (costs.sum() / lengths.sum()).item()
error = (costs - floor * lengths).std().item() / len(test) ** 0.5 / lengths.float().mean().item()
print(f"{len(words)} words; entropy {village.SENTENCES.entropy().nats_per_token:.2f} nats a word")
print(f"the grammar's own loss on the test sentences, the floor: {floor:.2f} ± {error:.2f} nats a word")

# %% [markdown]
# The training text is 20,000 sentences, one after the other. Each row of a batch is 32 words long and begins with the full stop of some sentence; it may run on over several sentences. The weights start with standard deviation $1/\sqrt{d}$.
#
# > **Predict.** The floor is a perplexity of about 4. What would a loss of 1.0 on new sentences mean?


# %%
def encode(sentence):
    return torch.tensor([word_id[word] for word in sentence])


def village_rows(batch=24, length=32, seed=0):
    """Endless batches (batch, length + 1) from one long text; every row begins with a full stop."""
    text = torch.cat([encode(sentence) for sentence in train])
    stops = (text[: -length - 1] == word_id["."]).nonzero()[:, 0]
    generator = torch.Generator().manual_seed(seed)
    while True:
        chosen = stops[torch.randint(len(stops), (batch, 1), generator=generator)]  # (batch, 1)
        yield text[chosen + torch.arange(length + 1)]  # (batch, length + 1)


def small_gpt(vocab_size, d_model, model_class=GPT, seed=0, **options):
    """A GPT whose matrices start with standard deviation 1/√d_model."""
    _ = torch.manual_seed(seed)
    model = model_class(vocab_size, d_model=d_model, **{"num_layers": 2, **options})
    with torch.no_grad():
        for matrix in model.parameters():
            if matrix.dim() == 2:
                matrix *= d_model**-0.5 / 0.02  # the library starts as GPT-2 does, with 0.02
    return model.to(device)


def gpt_loss(model, batch):
    inputs, targets = yours("08.targets")(batch)  # each (batch, time)
    return F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())


def village_loss(model):
    """Mean loss in nats a word over the test sentences, each read from its beginning."""
    ids = torch.full((len(test), max(map(len, test)) + 1), -100)  # cross_entropy ignores -100
    ids[:, 0] = word_id["."]
    for row, sentence in zip(ids, test, strict=True):
        row[1 : len(sentence) + 1] = encode(sentence)
    ids = ids.to(device)
    with torch.no_grad():
        logits = model(ids[:, :-1].clamp(min=0))  # (sentences, time, vocab_size)
        return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).item()


# %% tags=["nbval-ignore-output"]
villager = small_gpt(len(words), d_model=64, max_len=32, n_heads=2)
history = fit(villager, village_rows(), gpt_loss, steps=500, lr=5e-3, warm_up=20)
_ = plots.learning_curve(history, floor=floor, title="500 steps bring the loss close to the floor", ylim=(1.2, 5.8), smooth=15)

# %%
measured("loss on a fresh sample, above the floor", village_loss(villager) - floor, between=(0.03, 0.16), unit="nats a word")

# %% [markdown]
# A loss of 1.0 would have meant a bug: on average no model can beat the grammar itself. Yours comes within about a tenth of a nat of it. What did it learn on the way there? Compare its distribution with the true one:


# %%
def truth(beginning):
    """The exact P(next word | beginning), (vocab_size,)."""
    probabilities = torch.zeros(len(words))
    for word, probability in village.SENTENCES.next_word_distribution(beginning).items():
        probabilities[word_id[word]] = probability
    return probabilities


def next_logits(beginning, model=villager):
    """The model's logits of the next word, (vocab_size,)."""
    with torch.no_grad():
        return model(encode([".", *beginning.split()])[None].to(device))[0, -1].cpu()


guess, exact = next_logits("the cat sat on the").softmax(dim=-1), truth("the cat sat on the")
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True)
shown = exact.topk(5).indices.tolist()
_ = plots.next_symbol_bars(exact, words, title="The cat sat on the …: truth", shown=shown, ax=left)
_ = plots.next_symbol_bars(guess, words, title="… and the model's prediction", shown=shown, ax=right)
_ = left.set_ylim(0, 0.6)  # for both
measured("the model's probability of the five possible words", guess[exact > 0].sum(), at_least=0.8)

# %% [markdown]
# Nearly all of its probability is on the five words that are possible. But a good guess after *on the* needs little grammar. A better test is **agreement**: *the dogs near the cat* … *was* or *were*? The verb must agree with *dogs*, not with the nearer *cat*. Linzen et al. (2016)
# test language models on such sentences, Marvin and Linzen (2018) with **minimal pairs**: two sentences, one of them wrong, that differ in one word. Is the correct word more probable than the wrong one?


# %%
def pair_accuracy(model, pairs):
    """How often the correct word is more probable than the wrong one, given the words before it."""
    ids = torch.full((len(pairs), max(len(pair.good) for pair in pairs) + 1), word_id["."])
    for row, pair in zip(ids, pairs, strict=True):
        row[1 : len(pair.good) + 1] = encode(pair.good)
    with torch.no_grad():
        logits = model(ids.to(device)).cpu()  # (pairs, time, vocab_size)
    right = [
        logits[row, pair.position, word_id[pair.good[pair.position]]] > logits[row, pair.position, word_id[pair.bad[pair.position]]]
        for row, pair in enumerate(pairs)
    ]
    return sum(map(bool, right)) / len(right)


untrained = small_gpt(len(words), d_model=64, max_len=32, n_heads=2)
pairs = village.minimal_pairs("agreement", 500, seed=2_000_000, misleading=True)  # the nearest noun has the other number
for pair in pairs[:3]:
    print(f"“{' '.join(pair.good[: pair.position])} …”: {pair.good[pair.position]}, not {pair.bad[pair.position]}")
measured("trained: the correct verb is more probable", pair_accuracy(villager, pairs), at_least=0.95)
measured("untrained", pair_accuracy(untrained, pairs), between=(0.3, 0.7))
beginnings = {tuple(sentence[:i]) for sentence in train for i in range(1, len(sentence))}
unseen = [pair for pair in pairs if tuple(pair.good[: pair.position]) not in beginnings]
print(f"the subject is the second word in {sum(pair.antecedents == (1,) for pair in pairs)} of the {len(pairs)} pairs")
print(f"the beginnings of {len(unseen)} of the {len(pairs)} pairs do not occur in the training text")
measured("trained, on these alone", pair_accuracy(villager, unseen), at_least=0.9)

# %% [markdown]
# A model that simply agrees with the nearest noun scores 0 here. (One that agrees with the *first* noun scores 1: in these pairs that is always the subject.) Nor has the model memorised the answers: it is nearly as good on beginnings that it has never seen. Nobody told it which noun a verb agrees with. Predicting the next word well requires finding that noun, and 500 training steps on this small language were enough. That is the answer to the lesson's question in miniature: structure that helps prediction is learned by predicting, as far as model, data and training time allow.
#
# ### Spot the bug
#
# A colleague writes a GPT. After 150 steps its loss is a fraction of yours.


# %% tags=["nbval-ignore-output"]
class ColleaguesGPT(GPT):
    def forward(self, ids, caches=None, *, last_only=False):
        x = self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]  # (batch, time, d_model)
        x = self.blocks(x)  # all layers and the last norm
        return x @ self.token_embedding.weight.T  # (batch, time, vocab_size)


colleagues = small_gpt(len(words), 32, ColleaguesGPT, max_len=32, n_heads=2)
_ = fit(colleagues, village_rows(), gpt_loss, steps=150, lr=8e-3, warm_up=20)
prompt = torch.full((6, 1), word_id["."])
written = generate(colleagues, prompt, 8, generator=torch.Generator().manual_seed(0), use_cache=False)
print(f"loss on new sentences: {village_loss(colleagues):.2f}; the model writes:")
for row in written[:, 1:].tolist():
    print("  ", " ".join(words[number] for number in row))

# %% [markdown]
# > **Predict.** Where is the bug? Which number alone proves that there is one? Which test would find it before any training?


# %%
def leak_from_the_future(model):
    """How far other words from position 4 on move the logits at positions 0 to 3."""
    ids = encode(". the cat sat on the mat".split())[None].to(device)  # (1, time)
    changed = ids.clone()
    changed[:, 4:] = word_id["dog"]
    with torch.no_grad():
        return (model(ids)[:, :4] - model(changed)[:, :4]).abs().max().item()


measured("colleague's loss minus the floor, in standard errors of the floor", (village_loss(colleagues) - floor) / error, at_most=-20)
measured("colleague: later words move earlier logits by", leak_from_the_future(colleagues), at_least=0.1)
measured("yours: later words move earlier logits by", leak_from_the_future(villager), at_most=1e-5)

# %% [markdown]
# `self.blocks(x)` lacks `causal=True`. During training each position simply reads its target one position to the right. When the model writes, there is nothing to the right. This happened in a PyTorch tutorial (pytorch/tutorials#2478, fixed in #2662).
#
# A loss far below the entropy is proof of a leak, but for real text nobody knows the entropy. Changing the future and comparing the past needs neither training nor entropy: put that test next to every causal model that you write.
#
# ## 4 · Sampling: temperature, top-k, top-p
#
# To *write*, one word must be chosen from each distribution. **Greedy decoding** takes the most probable one. **Sampling** draws from the probabilities. Three settings change the draw:
#
# * **Temperature** $T$ divides the logits $z$ before the softmax: $p_i \propto e^{z_i/T}$. Below 1, the most probable words gain and the others lose; above 1, the distribution becomes flatter. The limit $T \to 0$ is greedy decoding.
# * **Top-k** keeps the $k$ most probable words (Fan et al. 2018, section 5.4).
# * **Top-p**, or *nucleus sampling*, keeps the smallest set of most probable words whose probabilities sum to at least $p$ (Holtzman et al. 2020, section 3.1).
#
# After a cut-off, the remaining probabilities are divided by their sum. A small example by hand, with logits $\ln 5, \ln 3, \ln 2$:

# %%
logits = torch.tensor([5.0, 3.0, 2.0]).log()
for T in (1.0, 0.5, 2.0):
    print(f"temperature {T}: ", "  ".join(f"{p:.2f}" for p in (logits / T).softmax(dim=0).tolist()))

# %% [markdown]
# At temperature 1, top-k with $k = 2$ keeps 0.5 and 0.3 and divides both by 0.8. So does top-p with $p = 0.6$: 0.5 is not enough, and 0.5 + 0.3 is. With $p = 0.5$ the first word alone reaches $p$, and only it stays.
#
# ### Exercise 3 · Temperature, top-k, top-p (core, 15 minutes)
#
# Write `next_probabilities(logits, temperature, top_k, top_p)`, `(batch, vocab_size)` → `(batch, vocab_size)`, the distributions to draw from. Apply the temperature first, then top-k, then top-p to the distribution that top-k has left. `top_k` and `top_p` may be None: no cut-off.
# Temperature 0 puts all probability on the largest logit.


# %% tags=["exercise"]
def next_probabilities(logits, temperature, top_k, top_p):
    """logits (batch, vocab_size), temperature ≥ 0, top_k and top_p None or a number → (batch, vocab_size), rows sum to 1."""
    ### BEGIN SOLUTION
    if temperature == 0:
        return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).float()
    logits = logits / temperature
    if top_k is not None:
        kth = logits.topk(top_k, dim=-1).values[:, -1:]  # (batch, 1)
        logits = logits.masked_fill(logits < kth, -math.inf)
    probabilities = logits.softmax(dim=-1)
    if top_p is not None:
        sorted_p, places = probabilities.sort(dim=-1, descending=True)
        before = sorted_p.cumsum(dim=-1) - sorted_p  # the sum of the likelier ones
        probabilities = torch.zeros_like(probabilities).scatter(-1, places, sorted_p * (before < top_p))
        probabilities = probabilities / probabilities.sum(dim=-1, keepdim=True)
    return probabilities
    ### END SOLUTION


# %% tags=["check"]
check("08.next_probabilities", next_probabilities)

# %% tags=["hint"]
hint("08.next_probabilities")

# %% [markdown] tags=["solution"]
# Top-p looks at the sum *before* each symbol, so the one with which $p$ is reached stays, and the first one stays without a special case. `scatter` undoes the sort: it writes the k-th sorted probability to the position where it came from.

# %% [markdown]
# Your function at work on the trained model's prediction after *anna*. The grey bar holds all other words that can still be drawn:


# %% tags=["nbval-ignore-output"]
def draw_temperature(temperature):
    probabilities = yours("08.next_probabilities")(next_logits("anna")[None], temperature, None, None)[0]
    return plots.next_symbol_bars(probabilities, words, title=f"anna …, at temperature {temperature:g}", top=9)


SliderFigure(
    draw_temperature,
    values=[0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0],
    start=1.0,
    label="temperature",
    alt="The model's distribution of the word after anna, as bars, for one temperature.",
)


# %% tags=["nbval-ignore-output"]
def draw_nucleus(p):
    probabilities = yours("08.next_probabilities")(next_logits("anna")[None], 1.0, None, p)[0]
    kept = int((probabilities > 0).sum())
    return plots.next_symbol_bars(probabilities, words, title=f"anna …, top-p = {p:g}: {kept} of {len(words)} words stay", top=min(9, kept))


SliderFigure(
    draw_nucleus,
    values=[0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99],
    start=0.9,
    label="top-p",
    alt="The model's distribution of the word after anna, as bars, cut off at one top-p.",
)

# %% [markdown]
# A trained model gives every word some probability, also the impossible ones. Each of these is rare. How much are they together?


# %%
def impossible_probability(model, sentences):
    """Mean probability, over all words of these sentences, that the model gives to words that cannot come next."""
    total, n_words = 0.0, 0
    for sentence in sentences:
        with torch.no_grad():
            probabilities = model(encode([".", *sentence[:-1]])[None].to(device))[0].softmax(dim=-1).cpu()  # (time, vocab_size)
        for t in range(len(sentence)):
            possible = [word_id[word] for word in village.SENTENCES.next_word_distribution(sentence[:t])]
            total += 1 - probabilities[t, possible].sum().item()
        n_words += len(sentence)
    return total / n_words


tail = impossible_probability(villager, test[:150])
measured("probability of all impossible words together, per word", tail, between=(0.02, 0.09))
print(f"a sentence has {lengths.float().mean():.1f} words on average")

# %% [markdown]
# About one word in twenty would be impossible. A sentence has seven or eight, and one slip spoils it.
#
# > **Predict.** What proportion of the sentences that this model writes will be possible sentences of the village? You will measure it in section 6.
#
# ## 5 · The key/value cache
#
# To write 200 tokens, the model runs 200 times, each time over everything written so far. What does a new token change about the earlier ones? **Nothing**: the causal mask keeps every earlier token from attending to it. In every layer the earlier tokens keep their vectors, and with them their keys and values.
#
# So the newest token $t$ needs only its own query, and the keys and values of all tokens up to itself:
#
# $$y_t = \text{softmax}\!\left(\frac{q_t\,[k_1 \dots k_t]^\top}{\sqrt{d_{\text{head}}}}\right)[v_1 \dots v_t]$$
#
# All but $k_t$ and $v_t$ were computed before. Keep them: this is the **key/value cache**. Earlier queries are never needed again.

# %%
drawings.cache_growing()

# %% [markdown]
# One head on five tokens: first all at once with a causal mask, then token by token with a cache.

# %%
_ = torch.manual_seed(0)
Q, K, V = torch.randn(3, 5, 4)  # each (time, d_head)
at_once = F.scaled_dot_product_attention(Q[None], K[None], V[None], is_causal=True)[0]  # (time, d_head)

keys, values, steps = torch.empty(0, 4), torch.empty(0, 4), []
for q, k, v in zip(Q, K, V, strict=True):
    keys, values = torch.cat([keys, k[None]]), torch.cat([values, v[None]])  # (tokens so far, d_head)
    weights = (keys @ q / math.sqrt(4)).softmax(dim=0)  # (tokens so far,)
    steps.append(weights @ values)
measured("token by token with the cache, largest difference", (torch.stack(steps) - at_once).abs().max(), at_most=1e-6)

# %% [markdown]
# No mask is needed for a single new token: everything in the cache is in its past. A mask *is* needed while the prompt is read, because there several new tokens come at once.
#
# ### Exercise 4 · A GPT that writes (build, 35 minutes)
#
# Write `write(model, prompt, n_new, temperature, top_k, top_p)`: continue `prompt`, `(batch, time)`, by `n_new` tokens, and return all ids, `(batch, time + n_new)`. `model` is a GPT as in section 2.
#
# * Write the pass through the layers yourself; calling `model(…)` does not count. The two helpers in the cell are given: what comes before attention in a layer, and what comes after it.
# * Keep a cache for each layer. The prompt is read in one pass; after that, each pass reads only the newest token.
# * Use your `next_probabilities`, and draw with `torch.multinomial(probabilities, 1)`, which returns `(batch, 1)` ids.
#
# The check compares greedy writing token for token with a model that has no cache, counts how many tokens your layers read, and compares the frequencies of what you sample with their probabilities.


# %% tags=["exercise"]
def queries_keys_values(layer, x):
    """x (batch, time, d_model) → three tensors (batch, n_heads, time, d_head)."""
    attention = layer.self_attn
    joined = F.linear(layer.norm1(x), attention.in_proj_weight, attention.in_proj_bias)  # (batch, time, 3 * d_model)
    return [part.unflatten(-1, (attention.n_heads, -1)).transpose(1, 2) for part in joined.chunk(3, dim=-1)]


def rest_of_layer(layer, x, heads):
    """x (batch, time, d_model), heads (batch, n_heads, time, d_head) → the layer's output (batch, time, d_model)."""
    x = x + layer.self_attn.out_proj(heads.transpose(1, 2).flatten(2))
    return x + layer.linear2(F.gelu(layer.linear1(layer.norm2(x)), approximate="tanh"))


@torch.no_grad()
def write(model, prompt, n_new, temperature, top_k, top_p):
    """prompt (batch, time) → (batch, time + n_new)."""
    ### BEGIN SOLUTION
    ids = new = prompt
    caches = [None] * len(model.blocks.layers)
    for _ in range(n_new):
        start, length = ids.shape[1] - new.shape[1], ids.shape[1]  # the new tokens' positions: start to length − 1
        x = model.token_embedding(new) + model.position_embedding.weight[start:length]  # (batch, new tokens, d_model)
        positions = torch.arange(length, device=ids.device)
        mask = positions <= positions[start:, None]  # (new tokens, all tokens): key position ≤ query position
        for number, layer in enumerate(model.blocks.layers):
            q, k, v = queries_keys_values(layer, x)
            if caches[number] is not None:
                k, v = torch.cat([caches[number][0], k], dim=2), torch.cat([caches[number][1], v], dim=2)
            caches[number] = k, v  # each (batch, n_heads, length, d_head)
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (batch, n_heads, new tokens, length)
            weights = scores.masked_fill(~mask, -math.inf).softmax(dim=-1)
            x = rest_of_layer(layer, x, weights @ v)
        logits = model.blocks.norm(x[:, -1]) @ model.token_embedding.weight.T  # (batch, vocab_size)
        new = torch.multinomial(next_probabilities(logits, temperature, top_k, top_p), 1)  # (batch, 1)
        ids = torch.cat([ids, new], dim=1)
    return ids
    ### END SOLUTION


# %% tags=["check"]
check("08.write", write)

# %% tags=["hint"]
hint("08.write")

# %% [markdown] tags=["solution"]
# Three details matter. The position of a new token is the number of tokens before it in the *whole* text, not in this pass. The mask compares positions, so one line serves the prompt (a triangle) and a single token (a full row). And only the last position's logits are needed.

# %% [markdown]
# What does it save? Reading $t$ tokens costs a layer $12 d^2 t + 2 t^2 d$ multiplications: four matrices in the attention and eight in the feed-forward network, then scores and weighted means. With a cache, one more token costs $12 d^2 + 2 t d$.
#
# > **Predict.** How does the time for *one* more token grow with the tokens before it: without a cache, and with one?

# %% tags=["nbval-ignore-output"]
_ = torch.manual_seed(0)
timed = GPT(vocab_size=65, max_len=2048 + 8, d_model=128, n_heads=4, num_layers=4).to(device)
long_text = torch.randint(65, (1, 2048), device=device)


@torch.no_grad()
def milliseconds(length, use_cache, repeats=4):
    """The best of several tries to read one more token after `length` tokens."""
    caches = timed.start_caches(length + repeats)
    _ = timed(long_text[:, :length], caches, last_only=True)
    seconds = []
    for _ in range(repeats):
        with Stopwatch(device) as watch:
            if use_cache:
                timed(long_text[:, :1], caches, last_only=True)
            else:
                timed(long_text[:, :length], last_only=True)
        seconds.append(watch.seconds)
    return 1000 * min(seconds)


text_lengths = [64, 128, 256, 512, 1024, 2048]
took = {
    "reading everything again": {n: milliseconds(n, use_cache=False) for n in text_lengths},
    "with the cache": {n: milliseconds(n, use_cache=True) for n in text_lengths},
}
_ = plots.by_size(
    took,
    title="The cache removes nearly all of the growth",
    xlabel="tokens written before",
    ylabel="milliseconds for one more token",
    log_y=True,
)

# %%
if device.type == "cpu":  # a GPU reads short texts as fast as a single token
    for name, (low, high) in {"reading everything again": (6, 1000), "with the cache": (0, 5)}.items():
        measured(f"{name}, 2,048 tokens over 128: times as long", took[name][2048] / took[name][128], between=(low, high))

# %% [markdown]
# The cache is exact, and it is not free. It costs memory: two vectors of width $d$ for each token and layer.

# %%
per_token = 2 * 12 * 768 * 2  # keys and values, 12 layers, width 768, 2 bytes for a 16-bit number
print(f"GPT-2: {per_token:,} bytes a token, {per_token * 1024 / 1e6:.0f} MB for 1,024 tokens; its weights: {2 * n_parameters(gpt_2) / 1e6:.0f} MB")

# %% [markdown]
# The caches of seven full texts need more memory than the model itself, so serving many users at once is largely a matter of managing caches (Kwon et al. 2023, section 1).
#
# ## 6 · Generating text
#
# With your `write`, the model generates 500 sentences for each setting. The grammar decides which are possible; the number of distinct sentences measures variety.


# %%
def village_sentences(model, n=500, **knobs):
    """What the model writes after n full stops, as tuples of words; what has no end within 24 words is left out."""
    settings = {"temperature": 1.0, "top_k": None, "top_p": None, **knobs}
    _ = torch.manual_seed(0)
    prompt = torch.full((n, 1), word_id["."], device=device)
    rows = yours("08.write")(model, prompt, 24, *settings.values())[:, 1:].tolist()
    texts = [tuple(words[number] for number in row) for row in rows]
    return [text[: text.index(".") + 1] for text in texts if "." in text]


def possible(sentences):
    """The proportion of sentences that the village could say."""
    return sum(village.SENTENCES.log_prob(sentence) > -math.inf for sentence in sentences) / max(1, len(sentences))


settings = {
    "temperature 1": {},
    "top-k 5": {"top_k": 5},
    "top-p 0.9": {"top_p": 0.9},
    "temperature 0.5": {"temperature": 0.5},
    "temperature 2": {"temperature": 2.0},
    "greedy": {"temperature": 0.0},
}
texts = {name: village_sentences(villager, **knobs) for name, knobs in settings.items()}

# %% tags=["nbval-ignore-output"]
for name, sentences in texts.items():
    print(f"{name:16} possible: {possible(sentences):4.0%}   different: {len(set(sentences)):3} of {len(sentences)}   “{' '.join(next(iter(sentences), ()))}”")
true_sentences = [sentence.words for sentence in village.sample(500, seed=5)]
print(f"{'the village':16} possible: {possible(true_sentences):4.0%}   different: {len(set(map(tuple, true_sentences))):3} of 500")

# %%
share = {name: possible(sentences) for name, sentences in texts.items()}
distinct = {name: len(set(sentences)) for name, sentences in texts.items()}
measured("temperature 1: possible sentences", share["temperature 1"], between=(0.5, 0.7))
measured("   expected from the impossible words: (1 − their probability) to the power of the mean length", (1 - tail) ** lengths.float().mean(), between=(0.55, 0.8))
measured("top-p 0.9: more possible sentences by", share["top-p 0.9"] - share["temperature 1"], at_least=0.04)
measured("temperature 2: possible sentences", share["temperature 2"], at_most=0.2)
measured("different sentences: top-p 0.9 over temperature 0.5", distinct["top-p 0.9"] / distinct["temperature 0.5"], at_least=1.02)
print(f"greedy: different sentences = {distinct['greedy']}")

# %% [markdown]
# The loss is within about a tenth of a nat of the entropy, and yet more than three sentences in ten are impossible. Most of that is expected: one slip in twenty words adds up. Top-p cuts off part of the tail and keeps nearly all variety. A low temperature also sharpens the choice among words that are all correct, so it costs more
# variety. Greedy decoding writes one sentence 500 times. Which setting is best depends on what you want; none of them improves the model.
#
# ### Real text
#
# Now characters, from the plays of lesson 01. The model has two layers, is 96 wide, and reads windows of 128 characters.

# %% tags=["nbval-ignore-output"]
plays = load("tiny-shakespeare")
alphabet = CharVocabulary.from_text(plays.train)
train_ids, test_ids = alphabet.encode(plays.train), alphabet.encode(plays.validation[:20_000])


def windows(ids, length=128, batch=8, seed=0):
    """Endless batches (batch, length + 1), cut anywhere from the text."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield ids[torch.randint(len(ids) - length, (batch, 1), generator=generator) + torch.arange(length + 1)]


poet = small_gpt(len(alphabet), 96, max_len=128, n_heads=4)
print(f"{len(train_ids):,} characters, {len(alphabet)} symbols, {n_parameters(poet):,} parameters")
_ = fit(poet, windows(train_ids), gpt_loss, steps=600, lr=5e-3, warm_up=30)

# %% tags=["nbval-ignore-output"]
_ = torch.manual_seed(1)
prompt = alphabet.encode("ROMEO:\n")[None].to(device)  # (1, time)
print(alphabet.decode(yours("08.write")(poet, prompt, 120, 0.7, None, None)[0].tolist()))

# %% [markdown]
# It makes no sense, but it comes in lines that begin with capitals, and most of its words are pronounceable.
#
# Try all three settings together. Move one and see what may come next, then press *write*. Find a setting that writes words, and one that repeats itself.

# %% tags=["nbval-ignore-output"]
SamplingPanel(poet, alphabet.encode, alphabet.decode, "ROMEO:\n", n_new=115, temperature=0.7, top_p=0.9)

# %% [markdown]
# ### Comparing perplexities
#
# > **Predict.** The villager's perplexity is per word, the poet's per character. Can you rank the two models by them?

# %%
village_nats, poet_nats = village_loss(villager), windows_loss(poet, test_ids, time=128)
letters = sum(len(word) + 1 for sentence in test for word in sentence) / lengths.sum().item()  # characters a word, with its space
measured("villager, perplexity per word", perplexity(village_nats), between=(4, 6))
measured("villager, perplexity per character of the same text", perplexity(village_nats / letters), at_most=1.6)
measured("poet, perplexity per character", perplexity(poet_nats), at_most=9.5)
measured("villager, bits per character", bits_per_character(village_nats / letters), at_most=0.7)
measured("poet, bits per character", bits_per_character(poet_nats), at_most=3.3)

# %% [markdown]
# The first two lines are *one model on one text*. Perplexity is per symbol, so it can only be compared where text **and** symbols are the same. Bits per character need the same text only. Even these two numbers rank no models, because the texts differ: a village is easier to predict than Shakespeare.
#
# Is a GPT better than an LSTM on the same text? At this size, not by itself. After 1.5 million characters `benchmarks/RESULTS.md` records 1.91 nats per character for nanoGPT's recipe, 1.71 with a tuned learning rate and newer layers, 1.59 with a different optimiser (Muon) as well, and 1.58 for an LSTM of the same size. (The LSTM carries its state from window to window; the GPT starts each window of 64 afresh.) What favours the
# Transformer is scale: with more parameters and longer contexts it pulls ahead of LSTMs (Kaplan et al. 2020, section 3.2.1). In the same study its loss falls as a power law in parameters, text and compute, as long as none of the three is the bottleneck. As compute grows, model and text should grow in equal proportion (Hoffmann et al. 2022).
#
# ## 7 · Induction heads: learning in context
#
# A model trained only on prediction can also learn from its *prompt*, with no change of its weights. The simplest case needs no language: random symbols, then the same symbols again. In the first round there is little to know. In the second, everything can be copied.
#
# The rule is: *find where the token I just read was before, and predict what came after it.* We train on rows that repeat with a period of their own, from 6 to 16, so that counting back a fixed number of positions does not help. Positions are rotary here (lesson 06), because the rule is about distances.
#
# > **Predict.** Attention compares a query with keys. Can **one** layer apply this rule? Can two?


# %% tags=["nbval-ignore-output"]
N_SYMBOLS, PERIOD = 24, 16


def repeated(batch, length, generator, period=None):
    """Random symbols, no two alike within a period, over and over: (batch, length)."""
    periods = torch.randint(6, 17, (batch, 1), generator=generator) if period is None else period
    symbols = torch.rand(batch, N_SYMBOLS, generator=generator).argsort(dim=1)  # (batch, N_SYMBOLS)
    return symbols.gather(1, (torch.arange(length) % periods).expand(batch, length))


def repeated_rows(period, seed):
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield repeated(24, 41, generator, period)


def loss_by_position(model, period=PERIOD):
    """Mean loss at each position of 200 new rows, (time − 1,), and the accuracy in the second round."""
    rows = repeated(200, 2 * period, torch.Generator().manual_seed(1_000_000), period).to(device)
    with torch.no_grad():
        logits = model(rows)[:, :-1]  # (batch, time − 1, vocab_size)
    losses = F.cross_entropy(logits.transpose(1, 2), rows[:, 1:], reduction="none").mean(dim=0).cpu()
    return losses, (logits.argmax(dim=-1) == rows[:, 1:])[:, period:].float().mean().item()


def copy_task(num_layers, period=None, seed=0, steps=450, **options):
    """A trained model, and its accuracy in the second round; period None: a different one for each row."""
    model = small_gpt(N_SYMBOLS, 64, seed=seed, max_len=64, num_layers=num_layers, n_heads=2, d_ff=128, rotary=True)
    _ = fit(model, repeated_rows(period, seed), gpt_loss, steps=steps, lr=3e-3, warm_up=30, progress=False, **options)
    return model, loss_by_position(model, period or PERIOD)[1]


# %% [markdown]
# Two kinds of heads can do it together (Elhage et al. 2021). Where a row repeats, they can be recognised by their weights $A$:
#
# * a **previous-token head** attends one token back: score = mean of $A_{t,\,t-1}$;
# * an **induction head** attends to the token that followed the previous occurrence of the current token: the mean of that weight over the repeated tokens, $t \ge \text{period}$.
#
# ### Exercise 5 · Induction score (core, 6 minutes)
#
# Write `induction_score(A, period)` for one head's weights `A`, `(time, time)`, rows = queries, on a sequence that repeats itself every `period` tokens.


# %% tags=["exercise"]
def induction_score(A, period):
    """A (time, time), rows are queries → a tensor without dimensions, from 0 to 1."""
    ### BEGIN SOLUTION
    return torch.stack([A[t, t - period + 1] for t in range(period, len(A))]).mean()
    ### END SOLUTION


# %% tags=["check"]
check("08.induction_score", induction_score)

# %% tags=["hint"]
hint("08.induction_score")

# %% [markdown] tags=["solution"]
# The token at $t$ was last at $t - \text{period}$, and the token after that is at $t - \text{period} + 1$: one step to the right of the same token. A head with weight 1 on $t - \text{period}$ would be a duplicate-token head, which knows *that* something repeats, but not what comes next.

# %% [markdown]
# Train a model with one layer and one with two. Every 30 steps, record the scores of the two-layer model's heads:


# %% tags=["nbval-ignore-output"]
def head_scores(model):
    """{(layer, head): (previous-token score, induction score)}, means over new rows, and the maps of the first row."""
    rows = repeated(100, 2 * PERIOD, torch.Generator().manual_seed(2_000_000), PERIOD).to(device)
    with torch.no_grad(), record_attention(model) as maps:
        _ = model(rows)
    scores = {
        (layer, head): (A.diagonal(-1).mean().item(), yours("08.induction_score")(A, PERIOD).item())
        for layer, weights in enumerate(maps.values())
        for head, A in enumerate(weights.mean(dim=0).cpu())
    }
    return scores, torch.stack([weights[0].cpu() for weights in maps.values()])  # (layers, heads, time, time)


log = []


def record(model):
    scores, _ = head_scores(model)
    losses, accuracy = loss_by_position(model)
    log.append((accuracy, max(scores[0, head][0] for head in (0, 1)), max(scores[1, head][1] for head in (0, 1))))
    return losses[PERIOD:].mean().item()


one_layer, one_accuracy = copy_task(num_layers=1)
two_layers, two_accuracy = copy_task(num_layers=2, validate=record, validate_every=30)

# %%
at_position = {"1 layer": loss_by_position(one_layer)[0], "2 layers": loss_by_position(two_layers)[0]}
figure, ax = plt.subplots(figsize=(7, 2.8))
for name, losses in at_position.items():
    _ = ax.plot(range(1, 2 * PERIOD), losses, "o-", label=name)
_ = ax.axvline(PERIOD, color="black", linestyle="--", linewidth=1.2)
_ = ax.annotate("the repetition begins", (PERIOD + 0.4, 4.2), fontsize=9)
_ = ax.axhline(math.log(N_SYMBOLS), color="grey", linestyle=":", linewidth=1.2, label="uniform guess")
_ = ax.legend(loc="lower left")
_ = ax.set(xlabel="position in the sequence", ylabel="loss (nats per token)", title="In the second round, two layers know what comes next", ylim=(0, None))

# %%
measured("one layer: accuracy in the second round", one_accuracy, at_most=0.5)
measured("two layers: accuracy in the second round", two_accuracy, at_least=0.95)
rows = repeated(200, PERIOD, torch.Generator().manual_seed(1_000_000), PERIOD).to(device)
for name, model in (("one layer", one_layer), ("two layers", two_layers)):
    with torch.no_grad():
        last = model(rows[:, :-1])[:, -1].softmax(dim=-1)  # (batch, vocab_size), at the end of the first round
    seen = last.gather(1, rows[:, :-1]).sum(dim=1).mean()
    measured(f"{name}, last token of the first round: probability of tokens already seen", seen, above=("a uniform guess", (PERIOD - 1) / N_SYMBOLS))

# %% [markdown]
# No weight changes between the first round and the second. The two-layer model learns the row from one reading: **in-context learning**. The one-layer model knows little more than which tokens the row contains: choosing among 16 at random costs $\ln 16 \approx 2.8$ nats.
#
# Towards the end of the first round both are worse than a uniform guess. Most training rows have begun to repeat by then, so both bet on
# tokens that they have already seen, as the last two lines show. In these rows of period 16 none of those can come yet.
#
# Here are the two heads with the highest scores, on one row:

# %%
scores, maps = head_scores(two_layers)
previous_head = max(((0, 0), (0, 1)), key=lambda head: scores[head][0])
induction_head = max(((1, 0), (1, 1)), key=lambda head: scores[head][1])
_ = plots.attention_grid(
    torch.stack([maps[previous_head], maps[induction_head]]),
    "Layer 0 attends to itself and the previous token, layer 1 to what followed the same token",
    names=[f"layer 0: previous-token score {scores[previous_head][0]:.2f}", f"layer 1: induction score {scores[induction_head][1]:.2f}"],
    mask=torch.ones(2 * PERIOD, 2 * PERIOD, dtype=torch.bool).tril(),
    n_columns=2,
    scale="linear",
)

# %%
causal = torch.ones(2 * PERIOD, 2 * PERIOD).tril()
uniform = causal / causal.sum(dim=1, keepdim=True)  # every allowed token gets the same weight
measured("best previous-token score in layer 0", scores[previous_head][0], at_least=0.25)
measured("   the same for uniform weights", uniform.diagonal(-1).mean(), at_most=0.12)
measured("best induction score in layer 1", scores[induction_head][1], at_least=0.4)
measured("   the same for uniform weights", yours("08.induction_score")(uniform, PERIOD), at_most=0.06)

# %% [markdown]
# The explanation is a circuit of two layers. In layer 0 the previous-token head writes into each token *which token came before it*. In layer 1 a query "I am *b*" meets keys that say "*b* came before me". So it attends one token **after** the old *b*, and copies that token.
#
# But weights alone do not prove an explanation. So intervene: prevent layer 0 from attending one token back, and change nothing else. If the circuit is right, the induction in layer 1 must break down, although layer 1 itself is untouched. As a control, forbid a different distance instead.
#
# > **Predict.** What happens to the accuracy in the second round if layer 0 may not attend *two* tokens back?


# %%
def with_distance_forbidden(model, distance):
    """Accuracy in the second round, and the best induction score of layer 1, if layer 0 may not attend so many tokens back."""
    rows = repeated(200, 2 * PERIOD, torch.Generator().manual_seed(1_000_000), PERIOD).to(device)
    place = torch.arange(2 * PERIOD, device=device)
    back = place[:, None] - place  # (time, time): how far behind its query a key is
    with torch.no_grad(), record_attention(model) as maps:
        x = model.token_embedding(rows)
        for number, layer in enumerate(model.blocks.layers):
            mask = (back >= 0) & ((back != distance) | (number > 0))  # (time, time), True = may attend
            x = x + layer.self_attn(layer.norm1(x), mask=mask[None])
            x = x + layer.linear2(F.gelu(layer.linear1(layer.norm2(x)), approximate="tanh"))
        logits = (model.blocks.norm(x) @ model.token_embedding.weight.T)[:, :-1]
    heads = list(maps.values())[1].mean(dim=0).cpu()  # layer 1: (heads, time, time)
    score = max(yours("08.induction_score")(A, PERIOD).item() for A in heads)
    return (logits.argmax(dim=-1) == rows[:, 1:])[:, PERIOD:].float().mean().item(), score


for distance, bounds, score_bounds in (
    (1, {"at_most": 0.3}, {"at_most": 0.2}),
    (2, {"at_least": 0.8}, {"at_least": 0.35}),
    (3, {"at_least": 0.8}, {"at_least": 0.35}),
):
    accuracy, score = with_distance_forbidden(two_layers, distance)
    measured(f"layer 0 may not attend {distance} back: accuracy in the second round", accuracy, **bounds)
    measured("   best induction score in layer 1", score, **score_bounds)

# %% [markdown]
# Without the previous token, layer 1 finds nothing to copy. With a different distance forbidden, little changes. The pattern suggested the circuit; the intervention supports it.
#
# When does the circuit appear? The scores that we recorded during training:

# %% tags=["nbval-ignore-output"]
figure, ax = plt.subplots(figsize=(7, 2.8))
for values, name in zip(zip(*log, strict=True), ("accuracy in the second round", "previous-token score, layer 0", "induction score, layer 1"), strict=True):
    _ = ax.plot(range(30, 30 * len(log) + 1, 30), values, "o-", markersize=3, label=name)
_ = ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
_ = ax.set(xlabel="training steps", ylabel="score, accuracy", title="Both scores rise together, and the accuracy with them", ylim=(0, 1.02))

# %% [markdown]
# For more than a hundred steps nothing seems to happen. Then the scores and the accuracy rise together, within about a hundred steps. Olsson et al. (2022, argument 1) find induction heads in language models of many sizes. There they appear early in training, at the same time as a sudden improvement on late tokens of long contexts.
#
# Why can one layer not do it? In a single layer a key knows its own token and its position, but not its predecessor. Sanford et al. (2024) prove that a one-layer Transformer would have to be exponentially larger than a two-layer one.
#
# ### Exercise 6 · One period for all rows (core, 8 minutes, experiment)
#
# Change one thing: let **every** row have period 10. *Predict* the accuracy of one layer and of two layers. Then run `copy_task(num_layers=n, period=10)[1]` for both in a cell of your own; a run takes a few seconds. Set `layers_needed` to the smallest number of layers
# whose accuracy is at least 0.95.

# %% tags=["exercise"]
layers_needed = ...
### BEGIN SOLUTION
layers_needed = 1
### END SOLUTION

# %% tags=["check"]
check("08.layers_needed", layers_needed)

# %% tags=["hint"]
hint("08.layers_needed")

# %% [markdown] tags=["solution"]
# One layer is enough. With one period for all rows, the answer is always nine tokens back, and rotary positions can express a fixed distance in one layer. The model has learned something other than induction. A probing task must exclude the shortcut, or you measure the shortcut.

# %% tags=["nbval-ignore-output"]
counter, counter_accuracy = copy_task(num_layers=yours("08.layers_needed"), period=10)

# %%
measured("period 10 in training and test, your number of layers: accuracy", counter_accuracy, at_least=0.95)
measured("the same model on rows of period 12: accuracy", loss_by_position(counter, period=12)[1], at_most=0.2)

# %% [markdown]
# Perfect on its own period, useless on another. The model counts back; it does not compare.
#
# ## Recap
#
# | | formula | cost | when to use it |
# |---|---|---|---|
# | decoder-only model | causal layers, $\text{norm}(x) E^\top$ | $12 d^2 + 13 d$ parameters a layer | text without labels |
# | temperature, top-k, top-p | $z/T$; the $k$ likeliest; the fewest that reach $p$ | variety | writing, never measuring |
# | perplexity | $e^{\text{loss}}$ | none | same text **and** symbols (bits per character: same text) |
# | key/value cache | keep $k_1 \dots k_t,\; v_1 \dots v_t$ | $2d$ numbers a token and layer | writing token by token |
# | induction head | match the predecessor, copy | two layers | whatever repeats in a context |
#
# **What is not true.** *"It only predicts the next word, so it knows nothing about grammar."* The villager finds the subject of a verb across another noun. *"It understands what it writes."* Its sentences follow a grammar, mostly; none is about anything that happened. *"A lower perplexity is a better model."* On the same text, in the same symbols. *"The cache is an
# approximation."* It is exact. *"An attention pattern shows what a head does."* It suggests it; an ablation tests it.
#
# **Still open.** A vocabulary of words cannot read new words, and characters make texts long. Is there something in between? → `09_subword_tokens.ipynb`
#
# ## References
#
# * A. Radford et al. 2018, *Improving language understanding by generative pre-training*, section 3.1; A. Radford et al. 2019, *Language models are unsupervised multitask learners*, section 2.
# * O. Press, L. Wolf 2017, *Using the output embedding to improve language models*: weight tying.
# * T. Linzen, E. Dupoux, Y. Goldberg 2016, *Assessing the ability of LSTMs to learn syntax-sensitive dependencies*; R. Marvin, T. Linzen 2018, *Targeted syntactic evaluation of language models*: minimal pairs.
# * A. Fan, M. Lewis, Y. Dauphin 2018, *Hierarchical neural story generation*, section 5.4: top-k; A. Holtzman et al. 2020, *The curious case of neural text degeneration*, section 3.1: top-p.
# * W. Kwon et al. 2023, *Efficient memory management for large language model serving with PagedAttention*.
# * J. Kaplan et al. 2020, *Scaling laws for neural language models*; J. Hoffmann et al. 2022, *Training compute-optimal large language models*.
# * N. Elhage et al. 2021, *A mathematical framework for transformer circuits*; C. Olsson et al. 2022, *In-context learning and induction heads*; C. Sanford, D. Hsu, M. Telgarsky 2024, *One-layer transformers fail to solve the induction heads task*.
# * pytorch/tutorials#2662: the bug of section 3. A. Karpathy, *nanoGPT*: the small recipe of `benchmarks/RESULTS.md`.
