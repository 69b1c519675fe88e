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
# # 08 · GPT: guess the next word, and nothing else
#
# **How much of language is in guessing the next word?** Lesson 07's Transformer needed pairs: a sentence and its translation. Text without a partner is far easier to find. Keep one half of the
# Transformer, let it guess what comes next, everywhere, in anything people wrote, and see what it has to learn for that.
#
# You will be able to:
#
# * **turn** any text into training examples, and count the parameters of the model that reads them,
# * **choose** the next word: greedily, by temperature, top-k, top-p,
# * **judge** a language model, and say when two perplexities may not be compared,
# * **write** attention with a key/value cache, and say what it saves, and
# * **find** the heads that copy, by a score.
#
# Time: 100 minutes; the cells run for less than two minutes on one idle CPU core. It builds on lessons 06 and 07: causal attention, heads, pre-norm layers.

# %% tags=["setup", "nbval-ignore-output"]
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

import course_lib
from course_lib import plots
from course_lib.data import load, village
from course_lib.decoding import generate, next_distribution
from course_lib.device import Stopwatch, setup
from course_lib.explore import SliderFigure
from course_lib.metrics import bits_per_character, perplexity
from course_lib.models.attention import record_attention
from course_lib.models.size import n_parameters
from course_lib.models.transformer import GPT, language_model_loss, windows_loss
from course_lib.practice import check, hint
from course_lib.text.characters import CharVocabulary
from course_lib.training import fit

device = setup(seed=0)

# %% [markdown]
# ## 1 · Every text is its own answer sheet
#
# The chain rule of lesson 01 still holds: $P(w_1 \dots w_n) = \prod_i P(w_i \mid w_{<i})$. An RNN computed these factors one after the other. A **decoder-only** Transformer, a GPT, computes all of them **at once**: each token looks back at everything
# before it, through the causal mask, and at each place the model says what comes next. One sentence of seven tokens is six examples, and the answers stand in the text itself, one place to the right:

# %%
sentence = "the cat sat on the mat .".split()
for i in range(1, len(sentence)):
    print(f"{' '.join(sentence[:i]):20} → {sentence[i]}")

# %% [markdown]
# ### Exercise 1 · Inputs and targets (3 minutes)
#
# Write `inputs_and_targets(ids)`: `ids (batch, time + 1)` → two tensors `(batch, time)`: what the model reads, and what it is to answer at each of these places. Done when the check shows ✓.


# %% tags=["exercise"]
def inputs_and_targets(ids):
    """ids (batch, time + 1) → inputs (batch, time), targets (batch, time)."""
    ### BEGIN SOLUTION
    return ids[:, :-1], ids[:, 1:]
    ### END SOLUTION


# %% tags=["check"]
check("08.targets", inputs_and_targets)

# %% [markdown]
# ## 2 · A distribution, and how to choose from it
#
# Before any training: what would a *perfect* model answer? For real English nobody knows. For our **village**, the small world of lesson 03, it is known exactly, because a grammar of ours writes its sentences: every word has a true probability.
#
# > **Predict.** *The cat sat on the …* What comes next in a village, and how sure can anyone be?

# %%
words = village.VOCABULARY
word_id = {word: number for number, word in enumerate(words)}


def truth(beginning):
    """The exact P(next word | beginning), (vocab_size,)."""
    probabilities = torch.zeros(len(words))
    for word, probability in village.SENTENCES.next_word_distribution(beginning).items():
        probabilities[word_id[word]] = probability
    return probabilities


_ = plots.next_symbol_bars(truth("the cat sat on the"), words, title="The cat sat on the …: five words are possible, and none is certain", top=5)

# %% [markdown]
# The perfect model is not certain: it gives the cat's seats their true shares. To *write*, one word must be chosen. **Greedy** takes the likeliest, always. **Sampling** draws by the probabilities. Three knobs change the draw (the first you know from lesson 01):
#
# * **temperature** $T$: divide the logits by $T$ before the softmax: $p_i \propto e^{z_i / T}$. Below 1 the likely become likelier; at 0 it is greedy.
# * **top-k**: keep the $k$ likeliest words, drop the rest, divide by what is left.
# * **top-p** (the *nucleus*): keep the fewest likeliest words whose probabilities together reach $p$. Few words where the model is sure, many where it is not.
#
# Turn the first:


# %% tags=["nbval-ignore-output"]
def draw_temperature(temperature):
    probabilities = next_distribution(truth("anna").log(), temperature=temperature)
    kept = int((probabilities > 0).sum())
    return plots.next_symbol_bars(probabilities, words, title=f"anna …, at temperature {temperature:g}", top=min(9, kept))


SliderFigure(
    draw_temperature,
    values=[0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0],
    start=1.0,
    label="temperature",
    alt="The distribution of the word after anna, as bars, for one temperature.",
)

# %% [markdown]
# Note what no temperature can do: a word with probability 0 stays at 0. In a *trained* model nothing is ever exactly 0; there the tail of unlikely words, each rare but many together, is what spoils a text. Top-k and top-p cut it off.


# %% tags=["nbval-ignore-output"]
def draw_nucleus(p):
    probabilities = next_distribution(truth("anna").log(), top_p=p)
    kept = int((probabilities > 0).sum())
    return plots.next_symbol_bars(probabilities, words, title=f"anna …, top-p = {p:g}: {kept} words stay", top=min(9, kept))


SliderFigure(
    draw_nucleus,
    values=[0.1, 0.3, 0.5, 0.7, 0.9, 1.0],
    start=0.5,
    label="top-p",
    alt="The distribution of the word after anna, as bars, cut off at one top-p.",
)

# %% [markdown]
# ### Exercise 2 · The nucleus (8 minutes)
#
# Write `top_p(probabilities, p)`: `probabilities (vocab_size,)`, in the vocabulary's order, not sorted. Keep the fewest likeliest symbols whose sum reaches `p`, set all others to 0, and make the rest sum to 1. Done when the check shows ✓.


# %% tags=["exercise"]
def top_p(probabilities, p):
    """probabilities (vocab_size,), sum 1; 0 < p ≤ 1 → (vocab_size,), sum 1."""
    ### BEGIN SOLUTION
    sorted_p, order = probabilities.sort(descending=True)
    before = sorted_p.cumsum(dim=0) - sorted_p  # the sum of the likelier ones
    kept = torch.zeros_like(probabilities).scatter(0, order, sorted_p * (before < p))
    return kept / kept.sum()
    ### END SOLUTION


# %% tags=["check"]
check("08.top_p", top_p)

# %% [markdown]
# ## 3 · The model
#
# From tokens to logits, all parts known from lessons 06 and 07:
#
# $$x = E[\text{ids}] + P, \qquad x \leftarrow x + \text{Attention}(\text{norm}(x)), \quad x \leftarrow x + \text{FFN}(\text{norm}(x)) \quad (\text{each layer}), \qquad \text{logits} = \text{norm}(x)\, E^\top$$
#
# Two things are new. The attention is **causal** everywhere, and there is no encoder. And the last projection is the embedding matrix $E$ once more: **weight tying**. A word is proposed where the final vector points the way its embedding points. By hand, part by part, against the library:

# %%
_ = torch.manual_seed(0)
small = GPT(vocab_size=10, max_len=8, d_model=16, n_heads=2, num_layers=2)
ids = torch.randint(10, (1, 6))  # (batch, time)

x = small.token_embedding.weight[ids] + small.position_embedding.weight[:6]  # (batch, time, d_model)
for layer in small.blocks.layers:
    x = x + layer.self_attn(layer.norm1(x), causal=True)
    x = x + layer.linear2(F.gelu(layer.linear1(layer.norm2(x)), approximate="tanh"))
logits = small.blocks.norm(x) @ small.token_embedding.weight.T  # (batch, time, vocab_size)

torch.testing.assert_close(logits, small(ids))
print("by hand = library:", True)
print("logits:", tuple(logits.shape), "one distribution for each place")

# %% [markdown]
# (Filled with the numbers of a GPT-2, the same class gives its logits; the course's tests compare it with Hugging Face's.)
#
# How many numbers are learned? $V$ symbols, $T$ positions, width $d$, feed-forward width $4d$:
#
# | part | parameters |
# |---|---|
# | embedding $E$, also the last projection | $V d$ |
# | learned positions | $T d$ |
# | a layer's attention: $W_Q, W_K, W_V, W_O$ and their biases | $4d^2 + 4d$ |
# | a layer's feed-forward network and its biases | $8d^2 + 5d$ |
# | a layer's two norms, scale and shift | $4d$ |
# | the last norm | $2d$ |
#
# ### Exercise 3 · The size of a GPT (5 minutes)
#
# Write `gpt_parameters(vocab_size, max_len, d_model, num_layers)`, a whole number. Done when the check shows ✓.


# %% tags=["exercise"]
def gpt_parameters(vocab_size, max_len, d_model, num_layers):
    """→ how many numbers such a GPT learns."""
    ### BEGIN SOLUTION
    a_layer = 12 * d_model**2 + 13 * d_model
    return (vocab_size + max_len) * d_model + num_layers * a_layer + 2 * d_model
    ### END SOLUTION


# %% tags=["check"]
check("08.n_parameters", gpt_parameters)

# %%
print(f"the small one above: {n_parameters(small):,}")
d, layers = 768, 12  # GPT-2, the smallest of four
with torch.device("meta"):  # shapes only, no numbers: it would be half a gigabyte
    gpt_2 = GPT(50_257, max_len=1024, d_model=d, n_heads=12, num_layers=layers)
print(f"GPT-2: {n_parameters(gpt_2):,}, of which {50_257 * d:,} are the embedding")

# %% [markdown]
# ## 4 · The village, learned
#
# 20,000 sentences, one after the other in one long text. A row of a batch begins with a full stop, the end of some sentence, and runs on over sentence ends: the model has to find out itself that what stands before the last full stop does not matter.
#
# GPT-2 draws its weights with standard deviation 0.02, made for widths of 768 and more; a narrow model is slow to get going from there. We draw with $1/\sqrt{d}$. Positions are rotary (lesson 06).


# %%
def encode(sentence):
    return torch.tensor([word_id[word] for word in sentence])


def village_rows(sentences, batch=24, length=32, seed=0):
    """Endless batches (batch, length + 1) from one long text; every row begins with a full stop."""
    text = torch.cat([encode(sentence) for sentence in sentences])
    stops = (text[: -length - 1] == word_id["."]).nonzero()[:, 0]
    generator = torch.Generator().manual_seed(seed)
    while True:
        chosen = stops[torch.randint(len(stops), (batch, 1), generator=generator)]  # (batch, 1)
        yield text[chosen + torch.arange(length + 1)]  # (batch, length + 1)


def small_gpt(model_class, vocab_size, d_model, num_layers=2, **options):
    """A GPT with rotary positions, started with standard deviation 1/√d_model."""
    _ = torch.manual_seed(0)
    model = model_class(vocab_size, max_len=1024, d_model=d_model, num_layers=num_layers, rotary=True, **options)
    with torch.no_grad():
        for matrix in model.parameters():
            if matrix.dim() == 2:
                matrix *= d_model**-0.5 / 0.02
    return model.to(device)


train = [sentence.words for sentence in village.sample(20_000, seed=0)]
test = [sentence.words for sentence in village.sample(2_000, seed=1_000_000)]
# The exact probability of each test sentence: no model can know more.
floor = -sum(village.SENTENCES.log_prob(sentence) for sentence in test) / sum(map(len, test))
print(f"{len(words)} words; the floor on the test sentences is {floor:.2f} nats a word (the language's entropy: {village.SENTENCES.entropy().nats_per_token:.2f})")


# %% [markdown]
# > **Predict.** The floor is about 1.5 nats: perplexity 4. What would a loss of 1.0 on new sentences mean?


# %% tags=["nbval-ignore-output"]
def village_loss(model):
    """Mean loss in nats a word over the test sentences, each read from its beginning."""
    ids = torch.full((len(test), max(map(len, test)) + 1), -100)  # -100: cross_entropy leaves these out
    ids[:, 0] = word_id["."]
    for row, sentence in zip(ids, test, strict=True):
        row[1 : len(sentence) + 1] = encode(sentence)
    ids = ids.to(device)
    with torch.no_grad():
        logits = model(ids[:, :-1].clamp(min=0))  # (sentences, time, vocab_size)
        return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).item()


villager = small_gpt(GPT, len(words), d_model=64, n_heads=2)
history = fit(villager, village_rows(train), language_model_loss, steps=350, lr=5e-3, warm_up=20)
reached = village_loss(villager)
print(f"new sentences: {reached:.3f} nats a word, floor {floor:.3f}, {history.seconds:.0f} s")

# %%
_ = plots.learning_curve(history, floor=floor, title="From a guess among 167 words nearly down to the floor", ylim=(1.2, 5.2), smooth=15)

# %%
print("within 0.2 nats of the best possible:", reached - floor < 0.2)
print("and not below it:", reached > floor)

# %% [markdown]
# (So a loss of 1.0 on new sentences would prove a mistake of ours: nobody can know more than the grammar gives away.)
#
# What did it learn about the cat? Truth on the left, model on the right:


# %%
def answer(model, beginning):
    """The model's distribution of the next word, (vocab_size,)."""
    with torch.no_grad():
        logits = model(encode([".", *beginning.split()])[None].to(device))  # (1, time, vocab_size)
    return logits[0, -1].softmax(dim=-1).cpu()


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True)
possible = truth("the cat sat on the").topk(5).indices.tolist()
_ = plots.next_symbol_bars(truth("the cat sat on the"), words, title="The cat sat on the …: truth", shown=possible, ax=left)
_ = plots.next_symbol_bars(answer(villager, "the cat sat on the"), words, title="… and the model's answer", shown=possible, ax=right)

# %%
guess, exact = answer(villager, "the cat sat on the"), truth("the cat sat on the")
print("its five likeliest words are the five that are possible:", set(guess.topk(5).indices.tolist()) == set(exact.topk(5).indices.tolist()))
print("at least 0.9 of its probability is on them:", bool(guess[exact > 0].sum() >= 0.9))
read = sum(sentence[:5] == ("the", "cat", "sat", "on", "the") for sentence in train)
print(f"sentences that began so, among {len(train):,}: {read}")


# %% [markdown]
# It knows *which* words can come, and their shares roughly: it has not met this beginning often. And it writes. Of the sentences it makes up, the grammar can say which are possible:


# %%
def written(model, n=300, seed=0, **options):
    """What the model makes up after n full stops, as lists of words; what has no end within 24 words is left out."""
    prompt = torch.full((n, 1), word_id["."])
    ids = generate(model, prompt, 24, generator=torch.Generator().manual_seed(seed), **options)
    texts = [[words[number] for number in row] for row in ids[:, 1:].tolist()]
    return [text[: text.index(".") + 1] for text in texts if "." in text]


def possible(sentences):
    """The share of sentences that the village could say."""
    return sum(village.SENTENCES.log_prob(sentence) > -float("inf") for sentence in sentences) / len(sentences)


knobs = {"as it is": {}, "top-k 5": {"top_k": 5}, "top-p 0.9": {"top_p": 0.9}, "temperature 0.5": {"temperature": 0.5}, "temperature 2": {"temperature": 2.0}}
texts = {name: written(villager, **options) for name, options in knobs.items()}

# %% tags=["nbval-ignore-output"]
for name, sentences in texts.items():
    print(f"{name:16} possible: {possible(sentences):4.0%}   different: {len(set(map(tuple, sentences)))} of {len(sentences)}   “{' '.join(sentences[0])}”")

# %%
print("as it is, more than a third are possible sentences:", possible(texts["as it is"]) > 1 / 3)
print("cutting the tail (top-p 0.9) makes more of them possible:", possible(texts["top-p 0.9"]) > possible(texts["as it is"]))
print("at temperature 2, fewer than 2 in 10:", possible(texts["temperature 2"]) < 0.2)

# %% [markdown]
# How can a model a tenth of a nat from perfect write so much that is impossible? A tenth of a nat *a word* is a little chance of a slip at every word, a sentence has some nine of them, and one slip is enough.
#
# Cutting the tail and cooling buy correctness with variety. Heating loses correctness and brings hardly any variety more. None adds knowledge.
#
# ### Spot the bug
#
# Somebody writes their own GPT. It learns faster than yours, and the loss is a fraction of yours.


# %% tags=["nbval-ignore-output"]
class TheirGPT(GPT):
    def forward(self, ids, caches=None, *, last_only=False):
        x = self.token_embedding(ids)  # (batch, time, d_model)
        x = self.blocks(x)
        return x @ self.token_embedding.weight.T  # (batch, time, vocab_size)


theirs = small_gpt(TheirGPT, len(words), d_model=32, n_heads=2)
_ = fit(theirs, village_rows(train), language_model_loss, steps=150, lr=8e-3, warm_up=20)
their_sentences = written(theirs, n=100, use_cache=False)
print(f"their loss on new sentences {village_loss(theirs):.2f}, yours {reached:.2f}")
print("they write:", " ".join(" ".join(sentence) for sentence in their_sentences[:6]))

# %% [markdown]
# > **Predict.** Where is the bug? Which number alone proves that there is one? And which test finds it in a model that has not been trained at all?


# %%
def knows_the_future(model):
    """Does another word at place 4 move the logits at places 0 to 3?"""
    ids = encode(". the cat sat on the mat".split())[None].to(device)  # (1, time)
    changed = ids.clone()
    changed[:, 4:] = word_id["dog"]
    with torch.no_grad():
        return not torch.allclose(model(ids)[:, :4], model(changed)[:, :4], atol=1e-5)


print("their loss is below the entropy of the language:", village_loss(theirs) < floor)
print("places 0 to 3 know what comes after them: theirs", knows_the_future(theirs), "· yours", knows_the_future(villager))
print("of what they write, fewer than 1 in 10 are possible sentences:", possible(their_sentences or [["."]]) < 0.1)

# %% [markdown]
# There is no causal mask: `self.blocks(x)` without `causal=True`. In training each place simply reads its answer one place to the right; when it writes, there is nothing to the right to read. pytorch/tutorials#2662 is this bug, in a tutorial. On new text the mean loss of an honest model cannot
# be below the entropy, so there it is always a leak; but for real text nobody knows the entropy. The test that changes the future and looks at the past needs no training and no entropy. (Close relatives: targets that are not shifted, or shifted twice, exercise 1. And no bug at all: that no positions are added. They are rotary, inside the attention; the last norm is inside `blocks`, too.)
#
# ## 5 · More text, more width
#
# Two things can be made larger: the model, and what it reads. On the village we can say how far each is from perfect.
#
# > **Predict.** Three widths on the same 20,000 sentences (each with a learning rate that suits it: narrow models like larger ones); then width 32 on 200, 2,000 and 20,000 sentences, always the same 350 steps. What does the *training* loss of the model with 200 sentences do?


# %% tags=["nbval-ignore-output"]
def trained(d_model, n_sentences, lr):
    model = small_gpt(GPT, len(words), d_model, n_heads=2)
    history = fit(model, village_rows(train[:n_sentences]), language_model_loss, steps=350, lr=lr, warm_up=20, progress=False)
    return village_loss(model), sum(history.losses[-50:]) / 50


by_width = {64: reached}
for width, lr in ((8, 1.5e-2), (32, 8e-3)):
    by_width[width], on_its_own = trained(width, 20_000, lr)
    print(f"width {width}: loss on its own text {on_its_own:.2f}, on new sentences {by_width[width]:.2f}")
by_text = {20_000: by_width[32]}
for n_sentences in (200, 2_000):
    by_text[n_sentences], on_its_own = trained(32, n_sentences, 8e-3)
    print(f"{n_sentences:,} sentences: loss on its own text {on_its_own:.2f}, on new sentences {by_text[n_sentences]:.2f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.0))
for ax, values, title, label in (
    (left, by_width, "Wider, with 20,000 sentences", "width d_model"),
    (right, by_text, "More sentences, at width 32", "sentences to learn from"),
):
    _ = plots.by_size({"loss on new sentences": values}, title=title, xlabel=label, ylabel="nats a word", ax=ax)
    _ = ax.set_ylim(bottom=1.3)
    _ = ax.axhline(floor, color="black", linestyle="--", linewidth=1.2, label="best possible")
    _ = ax.legend()
_ = right.set_ylabel("")

# %%
print("each step in width helps:", by_width[8] > by_width[32] > by_width[64])
print("each step in text helps:", by_text[200] > by_text[2_000] > by_text[20_000])
print("200 sentences: worse than width 8 with 20,000:", by_text[200] > by_width[8])

# %% [markdown]
# With 200 sentences the loss on its own text falls *below the entropy*: not insight, but memory, as lesson 01's 7-gram had it; on new sentences it loses to a model a quarter as wide that has read more. Measured over many powers of ten, the loss
# falls as a power of parameters, of text and of computing time (Kaplan et al. 2020), towards a floor that can be fitted as well; for a given computing time model and text should grow together (Hoffmann et al. 2022). Our three points do not prove a law, and real text keeps its floor to itself.
#
# ## 6 · Real text: Shakespeare, and Python
#
# Characters now. First the plays of lesson 01; then Python, as it stands on your disk: the source code of this very course (without the exercises, which are mostly English), every tenth file held back. The model is of one kind for both: two layers, 96 wide, with queries and keys brought to one length before they meet (Henry et al. 2020) and ReLU squared in the feed-forward network (So et al. 2021); `benchmarks/RESULTS.md` shows what they bring. It reads windows of 128 characters.

# %%
plays = load("tiny-shakespeare")
files = [file for file in sorted(Path(course_lib.__file__).parent.rglob("*.py")) if file.parent.name != "lessons"]
sources = [file.read_text(encoding="utf-8") for file in files]
code_train = "\n".join(source for i, source in enumerate(sources) if i % 10)
code_test = "\n".join(source for i, source in enumerate(sources) if i % 10 == 0)

alphabets = {"Shakespeare": CharVocabulary.from_text(plays.train), "Python": CharVocabulary.from_text(code_train + code_test)}
train_ids = {"Shakespeare": alphabets["Shakespeare"].encode(plays.train), "Python": alphabets["Python"].encode(code_train)}
test_ids = {"Shakespeare": alphabets["Shakespeare"].encode(plays.validation[:20_000]), "Python": alphabets["Python"].encode(code_test[:20_000])}


def windows(ids, length=128, batch=6, seed=0):
    """Endless batches (batch, length + 1), cut anywhere from the text."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield ids[torch.randint(len(ids) - length, (batch, 1), generator=generator) + torch.arange(length + 1)]


# %% tags=["nbval-ignore-output"]
writers, losses = {}, {}
for name, steps in (("Shakespeare", 450), ("Python", 210)):
    writers[name] = small_gpt(
        GPT, len(alphabets[name]), 96, n_heads=4, query_key_norm=True, activation="relu_squared", bias=False
    )
    print(f"{name}: {len(train_ids[name]):,} characters, {len(alphabets[name])} symbols, {n_parameters(writers[name]):,} parameters")
    history = fit(writers[name], windows(train_ids[name]), language_model_loss, steps=steps, lr=6e-3, warm_up=30)
    losses[name] = windows_loss(writers[name], test_ids[name], time=128)
    print(f"{name}: {losses[name]:.2f} nats a character on text it has not seen, {history.seconds:.0f} s\n")


# %% tags=["nbval-ignore-output"]
def go_on(name, prompt, n_new=115, **options):
    ids = alphabets[name].encode(prompt)[None]  # (1, time)
    generator = torch.Generator().manual_seed(0)
    return alphabets[name].decode(generate(writers[name], ids, n_new, generator=generator, **options)[0])


print(go_on("Shakespeare", "ROMEO:\n", temperature=0.7))
print("\n" + "-" * 60 + "\n")
print(go_on("Python", "\n    def ", temperature=0.7))

# %% [markdown]
# Neither makes sense, and you would not mistake one for the other. Nobody told the model what a line, a name or a bracket is.
#
# Now with all three knobs in your hand: move one and see what may come next, then press *write*. Find a setting that writes words, and one that says the same again and again.

# %% tags=["nbval-ignore-output"]
from course_lib.explore import SamplingPanel

SamplingPanel(
    writers["Shakespeare"],
    alphabets["Shakespeare"].encode,
    alphabets["Shakespeare"].decode,
    "ROMEO:\n",
    n_new=115,
    temperature=0.7,
    top_p=0.9,
)

# %% [markdown]
# The samples are short for a reason. With rotary positions the model *accepts* longer texts, but distances beyond 128 it has never met. (Where positions are learned, there is no row for them at all.)
#
# > **Predict.** Three perplexities: the village model's per word, Shakespeare's and Python's per character. May you rank the models by them?

# %% tags=["nbval-ignore-output"]
letters = sum(len(word) + 1 for sentence in test for word in sentence) / sum(map(len, test))  # characters a word, with its space
print(f"{'':12} {'perplexity':>12}  bits per character")
print(f"{'village':12} {perplexity(reached):6.1f} a word  {bits_per_character(reached / letters):.2f}   (perplexity {perplexity(reached / letters):.1f} a character)")
for name, loss in losses.items():
    print(f"{name:12} {perplexity(loss):6.1f} a char  {bits_per_character(loss):.2f}")

# %%
print("Shakespeare, at most 2.2 nats a character:", losses["Shakespeare"] <= 2.2)
print("Python, at most 2.5 nats a character:", losses["Python"] <= 2.5)
longer = windows_loss(writers["Shakespeare"], test_ids["Shakespeare"], time=512)
print("four times the text before it, and worse for it:", longer > losses["Shakespeare"])
print("the village model, perplexity of its text: per word above 4, per character below 1.6:", perplexity(reached) > 4, perplexity(reached / letters) < 1.6)

# %% [markdown]
# The last line is about *one model on one text*: a perplexity of about 5 and one of about 1.4. Perplexity is per symbol, so it depends on what a symbol is: compare it only where text **and** symbols are the same. Bits per character need only the same text. And even so our three figures rank no models: they are three texts, and a
# village is easier to guess than Shakespeare.
#
# Honestly: in about as many seconds lesson 01's RNN came to about 1.6 nats on Shakespeare, and its tables of counts to 1.7: both well ahead of this GPT. (Lesson 01 measured on the whole validation text and with the past carried along; that is a few hundredths, not the difference.) An RNN's step is cheap, so it had read eight times as much text. At this size and these
# minutes the older methods win; `benchmarks/RESULTS.md` shows how far a GPT comes with more steps and a better recipe. The Transformer's gains come with length, width, data, and hardware that likes large matrices.
#
# ## 7 · What the past need not do again
#
# To write 200 characters the model runs 200 times, each time over all that is there. What does the new symbol change about the old ones? The causal mask answers: **nothing**. No old token sees it, so in every layer every old token's vector is what it was, and with it its key and its value.
#
# $$y_t = \text{softmax}\!\left(\frac{q_t\,[k_1 \dots k_t]^\top}{\sqrt{d_{head}}}\right)[v_1 \dots v_t]$$
#
# For the next symbol we need $q_t$ of the *newest* token only, and all keys and values, of which all but the newest were there before. So keep them: the **key/value cache**. (Old queries are never asked for again. With rotary positions, keys are kept already turned.)

# %%
ids = encode(". the cat sat on the mat".split())[None].to(device)  # (1, time)
with torch.no_grad():
    caches = villager.start_caches(16)
    _ = villager(ids[:, :4], caches)  # reads four words
    step_by_step = [villager(ids[:, t : t + 1], caches) for t in range(4, 7)]  # then one at a time
    torch.testing.assert_close(torch.cat(step_by_step, dim=1), villager(ids)[:, 4:])
print("one word at a time, with the cache = all at once: True")
print("words in the cache of each layer:", [cache.length for cache in caches])

# %% [markdown]
# ### Exercise 4 · One step with a cache (6 minutes)
#
# One head, one sentence. `q`, `k`, `v` `(d_head,)` belong to the newest token; `keys` and `values` `(time, d_head)` to those before it. Return the head's output for the newest token `(d_head,)`, and the keys and values for the next step, each `(time + 1, d_head)`. Do not change what you are given.
# Done when the check shows ✓.


# %% tags=["exercise"]
def cached_step(q, k, v, keys, values):
    """q, k, v (d_head,); keys, values (time, d_head) → y (d_head,), keys and values (time + 1, d_head)."""
    ### BEGIN SOLUTION
    keys, values = torch.cat([keys, k[None]]), torch.cat([values, v[None]])  # (time + 1, d_head)
    weights = (keys @ q / len(q) ** 0.5).softmax(dim=0)  # (time + 1,)
    return weights @ values, keys, values
    ### END SOLUTION


# %% tags=["check"]
check("08.cached_step", cached_step)

# %% [markdown]
# Count multiplications. A layer that reads $t$ tokens multiplies $12 d^2 t$ times with its matrices (4 in the attention, 8 in the feed-forward network) and $2 t^2 d$ times for scores and mixtures. With a cache, one new token costs $12 d^2 + 2 t d$. Sum over all symbols of a text:


# %%
def multiplications(length, d_model, num_layers, cache):
    """To write a text of this length, symbol after symbol."""
    if cache:
        steps = (12 * d_model**2 + 2 * t * d_model for t in range(1, length + 1))
    else:
        steps = (12 * d_model**2 * t + 2 * t**2 * d_model for t in range(1, length + 1))
    return num_layers * sum(steps)


lengths = [16, 64, 256, 1024]
counts = {
    "reading all again": {n: multiplications(n, 96, 2, cache=False) for n in lengths},
    "with the cache": {n: multiplications(n, 96, 2, cache=True) for n in lengths},
}
_ = plots.by_size(
    counts,
    title="The longer the text, the more of the work is repetition",
    xlabel="characters written",
    ylabel="multiplications",
    log_y=True,
)

# %%
for length in lengths:
    ratio = counts["reading all again"][length] / counts["with the cache"][length]
    print(f"{length:5} characters: {ratio:5.0f} times fewer multiplications")

# %% [markdown]
# > **Predict.** 64 characters: how many times *faster* is it in seconds, and is it more or less than the count says?

# %% tags=["nbval-ignore-output"]
prompt = alphabets["Shakespeare"].encode("ROMEO:\n")[None]
texts_with, texts_without = {}, {}
for n_new in (57, 249):
    seconds = {}
    for use_cache, kept in ((True, texts_with), (False, texts_without)):
        times = []
        for _ in range(3):  # the best of three: the first call warms up
            with Stopwatch(device) as watch:
                kept[n_new] = generate(writers["Shakespeare"], prompt, n_new, temperature=0, use_cache=use_cache)
            times.append(watch.seconds)
        seconds[use_cache] = min(times)
    print(f"{n_new + 7:4} characters: {seconds[True]:.2f} s with the cache, {seconds[False]:.2f} s without: {seconds[False] / seconds[True]:.1f} times")

# %%
print("the same text with and without:", all(torch.equal(texts_with[n], texts_without[n]) for n in texts_with))
numbers = 2 * 2 * 96  # keys and values, 2 layers, 96 features
print(f"the price: {numbers} numbers kept for each character; in GPT-2, {2 * 12 * 768:,} for each token")

# %% [markdown]
# In seconds it is far less than in multiplications, and on a short text not much: such a small model spends its time on calls, not on products, and a few large products are cheaper than many thin ones. The saving in work is real and shows the more, the longer the text and the larger the model. The price is memory, and in large models that serve many readers the caches are what fills it.
#
# ## 8 · Heads that copy
#
# What is in there? A test that needs no language: random symbols, then the *same* symbols again. In the first round there is little to know. In the second everything is known to who finds out that it is a repetition.
#
# We train a fresh model on such rows, each repeated with a period of its own (6 to 16), so that counting a fixed number of places back does not help. (Within a period no symbol comes twice: that little can be known in the first round.) And a second model beside it, with one layer in place of two.
#
# > **Predict.** The rule to find: *find where the symbol I just read stood before, and say what came after it.* Attention compares keys with a query. Can **one** layer do that?


# %% tags=["nbval-ignore-output"]
N_SYMBOLS = 24


def repeated(batch, length, generator, period=None):
    """Random symbols, no two alike within a period, over and over: (batch, length)."""
    periods = torch.randint(6, 17, (batch, 1), generator=generator) if period is None else period
    symbols = torch.rand(batch, N_SYMBOLS, generator=generator).argsort(dim=1)  # (batch, N_SYMBOLS)
    return symbols.gather(1, (torch.arange(length) % periods).expand(batch, length))


def repeated_rows(seed=0):
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield repeated(24, 41, generator)


copiers = {n: small_gpt(GPT, N_SYMBOLS, 64, num_layers=n, n_heads=2, d_ff=128) for n in (1, 2)}
histories = {
    n: fit(model, repeated_rows(), language_model_loss, steps=450, lr=3e-3, warm_up=30) for n, model in copiers.items()
}
copier = copiers[2]

# %%
period = 16
probes = repeated(200, 2 * period, torch.Generator().manual_seed(1_000_000), period).to(device)


def loss_by_place(model):
    with torch.no_grad():
        logits = model(probes)  # (batch, time, vocab_size)
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), probes[:, 1:], reduction="none").mean(dim=0).cpu()  # (time - 1,)


at_place = {n: loss_by_place(model) for n, model in copiers.items()}
figure, ax = plt.subplots(figsize=(7, 2.8))
for n, losses_there in at_place.items():
    _ = ax.plot(range(1, 2 * period), losses_there, "o-", label=f"{n} layer{'s' * (n > 1)}")
_ = ax.legend()
_ = ax.axvline(period, color="black", linestyle="--", linewidth=1.2)
_ = ax.annotate("from here on, all again", (period + 0.4, 1.2), fontsize=9)
_ = ax.set(xlabel="place in the sequence", ylabel="loss (nats per symbol)", title="The second time, two layers know", ylim=(0, None))

# %%
# Place 16, where the repetition begins, counts for neither.
first, second = (at_place[2][: period - 1].mean(), at_place[2][period:].mean())
print("first round: no better than an even guess among all 24 (3.18 nats), or hardly:", bool(first >= 3.0))
print("second round: at most 0.5 nats:", bool(second <= 0.5))
print("one layer, second round: at least 1.5 nats:", bool(at_place[1][period:].mean() >= 1.5))

# %% [markdown]
# (Place 16 is still a surprise. It need not be: no training row had a period above 16, so whoever can count knows that it must begin again. This model does not count. As the places before it pass, it bets more and more on the symbols it has seen, waits for the repetition, and does worse than a guess.) No weight has changed between the first round and the second. The model learned **in its context**: from one example, by looking.
#
# Now find the heads. Where a symbol is repeated, two places are of interest:
#
# * a **previous-token head** looks one back: score = mean of $A_{t,\,t-1}$.
# * an **induction head** looks at what came *after* the same symbol's last place: score = mean of $A_{t,\,t - \text{period} + 1}$ over the queries $t \ge \text{period}$.
#
# ### Exercise 5 · Induction score (5 minutes)
#
# Write `induction_score(A, period)`: `A (time, time)`, a head's weights on a sequence that repeats itself every `period` places. Done when the check shows ✓.


# %% tags=["exercise"]
def induction_score(A, period):
    """A (time, time), rows are queries → a tensor without dimensions, from 0 to 1."""
    ### BEGIN SOLUTION
    return torch.stack([A[t, t - period + 1] for t in range(period, len(A))]).mean()
    ### END SOLUTION


# %% tags=["check"]
check("08.induction_score", induction_score)


# %%
def head_scores(maps, period):
    """(layer, head) → (previous-token score, induction score), means over the batch."""
    scores = {}
    for layer, weights in enumerate(maps.values()):
        for head, A in enumerate(weights.mean(dim=0).cpu()):  # (heads, time, time)
            previous = A.diagonal(-1).mean().item()
            induction = A.diagonal(1 - period)[1:].mean().item()  # A[t, t − period + 1], from t = period on
            scores[layer, head] = previous, induction
    return scores


with torch.no_grad(), record_attention(copier) as maps:
    _ = copier(probes)
scores = head_scores(maps, period)
even = torch.ones(2 * period, 2 * period).tril()
even = head_scores({"even": (even / even.sum(dim=1, keepdim=True))[None, None]}, period)[0, 0]
previous_head = max(scores, key=lambda head: scores[head][0])
induction_head = max(scores, key=lambda head: scores[head][1])

# %% tags=["nbval-ignore-output"]
print("layer head  previous  induction")
for (layer, head), (previous, induction) in scores.items():
    print(f"{layer:5} {head:4} {previous:9.2f} {induction:10.2f}")
print(f" an even look {even[0]:7.2f} {even[1]:10.2f}")

# %%
print("best previous-token head: in layer 0, score at least 0.25:", previous_head[0] == 0 and scores[previous_head][0] >= 0.25)
print("best induction head: in layer 1, score at least 0.4:", induction_head[0] == 1 and scores[induction_head][1] >= 0.4)

# %%
_ = plots.attention_grid(
    torch.cat([weights[0] for weights in maps.values()]),  # the first row of the batch: (layers * heads, time, time)
    "Layer 0 looks back a little; layer 1 looks one period back, and one on",
    names=[f"layer {layer}, head {head}: previous {p:.2f}, induction {i:.2f}" for (layer, head), (p, i) in scores.items()],
    mask=torch.ones(2 * period, 2 * period, dtype=torch.bool).tril(),
    n_columns=2,
)

# %% [markdown]
# Two layers, one circuit (Elhage et al. 2021; Olsson et al. 2022). In layer 0 a head writes into each token *who stood before it*. In layer 1 a query "*b* has just been read" meets keys that say "before me stood *b*": it lands one place **after** the old *b*, and hands over what stands there. One
# layer cannot do it, and the picture above shows that it did not: a key there knows its own symbol only, not its predecessor. (All it can learn is which symbols are around.) The picture is tidier in these sentences than in the maps: the work is shared, and a head does several things. Look at the learning curve, too:

# %% tags=["nbval-ignore-output"]
_ = plots.learning_curve(histories[2], title="Slowly, then a fall: the two layers must find each other", ylim=(0, 3.8), smooth=15)

# %% [markdown]
# Does it happen in a model of text? The same score for the Shakespeare model, on random letters said twice, which it has never seen in its life:

# %% tags=["nbval-ignore-output"]
letters_only = alphabets["Shakespeare"].encode("abcdefghijklmnopqrstuvwxyz")
shuffled = torch.rand(100, 26, generator=torch.Generator().manual_seed(0)).argsort(dim=1)[:, :period]
twice = letters_only[shuffled].repeat(1, 2).to(device)  # (batch, 2 * period)
with torch.no_grad(), record_attention(writers["Shakespeare"]) as found:
    _ = writers["Shakespeare"](twice)
for (layer, head), (previous, induction) in head_scores(found, period).items():
    print(f"layer {layer}, head {head}: previous {previous:.2f}, induction {induction:.2f}")
print(f"an even look: previous {even[0]:.2f}, induction {even[1]:.2f}")

# %% [markdown]
# After so short a training some heads lean towards the previous letter, which every text rewards; beside an even look there is no induction head yet. In larger models they appear early in training, at about the time when the models begin to profit from long contexts.
#
# ## Recap
#
# | | formula | costs | use it when |
# |---|---|---|---|
# | decoder-only model | causal layers, $\text{norm}(x) E^\top$ | $12 d^2$ parameters a layer | text without a partner |
# | targets | the text, one place on | nothing | always; shift exactly once |
# | temperature, top-k, top-p | $z/T$; the $k$ likeliest; the fewest that reach $p$ | variety | writing, never measuring |
# | perplexity, bits per character | $e^{\text{loss}}$, loss per character $/ \ln 2$ | nothing | same text and symbols; same text |
# | key/value cache | keep $k_1 \dots k_t,\; v_1 \dots v_t$ | $2 d$ numbers a token and layer | writing |
# | induction head | match the predecessor, copy | two layers | whatever repeats itself |
#
# **What is not true.** *"It only guesses the next word, so it knows nothing about the rest."* To guess *were* and not *was* it must find the subject (lesson 10 measures that). *"It understands what it writes."* Its sentences follow a grammar, more or less; none is about anything that happened. *"A lower perplexity is a better model."* Of the same text, in the same symbols. *"The cache is an
# approximation."* It is exact, as long as nothing looks ahead. *"Larger is better."* Not without text: width 32 on 200 sentences lost to width 8 on 20,000.
#
# **Still open.** Words miss what they have never seen, and characters make texts long and contexts short. Is there something between the two? → `09`, subword tokens
#
# ## References
#
# * A. Radford et al. 2018, *Improving language understanding by generative pre-training*, section 3.1; A. Radford et al. 2019, *Language models are unsupervised multitask learners*, section 2.
# * O. Press, L. Wolf 2017, *Using the output embedding to improve language models* (weight tying).
# * A. Fan et al. 2018, *Hierarchical neural story generation* (top-k), section 5.4; A. Holtzman et al. 2020, *The curious case of neural text degeneration* (top-p), section 3.1.
# * A. Henry et al. 2020, *Query-key normalization for Transformers*; D. So et al. 2021, *Primer: searching for efficient Transformers for language modeling*.
# * J. Kaplan et al. 2020, *Scaling laws for neural language models*; J. Hoffmann et al. 2022, *Training compute-optimal large language models*.
# * N. Elhage et al. 2021, *A mathematical framework for transformer circuits*; C. Olsson et al. 2022, *In-context learning and induction heads*.
# * A. Karpathy, *nanoGPT*: the recipe that `benchmarks/gpt.py` starts from. pytorch/tutorials#2662: the bug of section 4.
