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
# # 12 · Inside a real BERT: what do its heads do, and does it matter?
#
# **A model that others trained lies open before you: 72 heads, 23 million numbers. Does it do what its pictures seem to say?** So far the worlds were small and their truth was known. Now you take a BERT that is in use all over the world, run it in the very classes of this course, find heads with a meaning, and then do what most
# who show such heatmaps leave out: judge the heads on sentences they were not chosen on, take them away, and see whether anything is missing.
#
# You will be able to:
#
# * **load** published weights into your own class, and **prove** that it computes the same,
# * **find** heads by a score, with a baseline, and **judge** them on held-out sentences,
# * **silence** a head, and **measure** what the model has lost,
# * **read** a layer with a probe, and follow attention through all layers,
# * **compare** and **search** sentences as vectors, **measure** a social bias, and say what the number does not say,
# * do the same with the **Hugging Face** API.
#
# Time: 100 minutes; the cells run for about a minute on one idle CPU core. It builds on lessons 06 and 07 (heads, blocks), 09 (WordPiece), 10 and 11 (BERT, fine-tuning).

# %% tags=["setup", "nbval-ignore-output"]
import math
import random
from collections import Counter
from contextlib import contextmanager

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from course_lib import plots
from course_lib.data import load
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure, attention_explorer
from course_lib.models.attention import padding_mask, record_attention
from course_lib.models.pretrained import load_bert, pretrained_folder
from course_lib.models.size import n_parameters
from course_lib.practice import check, hint
from course_lib.text.padding import pad
from course_lib.text.wordpiece import WordPiece

device = setup(seed=0)

# %% [markdown]
# ## 1 · Weights that somebody else trained
#
# The model is `all-MiniLM-L6-v2`: a BERT with 6 layers of 12 heads, 384 wide, with the 30,522 word pieces of the first BERT (Devlin et al. 2019). It began as a smaller copy: trained to attend as a larger BERT does, **distilled** (Wang et al. 2020), and then left with every second layer. After that it learned from over a billion pairs of sentences to put
# what belongs together close together (the recipe is that of Reimers and Gurevych 2019). It has no head for guessing masked words any more; its output is the vectors themselves.
#
# The weights are 91 MB, in a *safetensors* file: numbers and names, nothing that could run. If the next cell stops with an error, it lists where it looked and what helps: a network, a package to install, or a folder that somebody copies for you.

# %%
bert, vocabulary = load_bert("all-MiniLM-L6-v2")
bert = bert.to(device)
wordpiece = WordPiece(vocabulary)
print(f"{n_parameters(bert):,} numbers, {n_parameters(bert.encoder):,} of them in the layers")

encoded = wordpiece.encode("The cat sat on the mat.")
print("tokens:  ", *(vocabulary[i] for i in encoded.ids))
print("ids:     ", *encoded.ids)
with torch.inference_mode():
    hidden = bert(torch.tensor([encoded.ids], device=device))  # (batch, time, d_model)
print("hidden:  ", tuple(hidden.shape))

# %% [markdown]
# `bert` is the class of lesson 10, and loading was renaming: `encoder.layer.0.intermediate.dense` in the file is `encoder.layers[0].linear1` here. One thing more than a name differs: the file has three matrices, for queries, keys and values; your `in_proj_weight` has their rows one below the other. The next cell shows it. That its shapes fit the weights proves little: a turned-over matrix or a wrong $\epsilon$ has the right shape, too. So compare, layer by layer, with the implementation that everybody uses, Hugging Face's `transformers`, on two sentences of different lengths.


# %% tags=["nbval-ignore-output"]
from transformers import AutoModel
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
folder = pretrained_folder("all-MiniLM-L6-v2")
theirs = AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).to(device).eval()
print(f"{type(theirs).__name__} with {n_parameters(theirs):,} numbers")

attention, names = bert.encoder.layers[0].self_attn, theirs.state_dict()
for name, rows in zip(("query", "key", "value"), attention.in_proj_weight.chunk(3), strict=True):
    same = torch.equal(rows, names[f"encoder.layer.0.attention.self.{name}.weight"])
    print(f"…attention.self.{name}.weight is this third of in_proj_weight, {tuple(rows.shape)}: {same}")
same = torch.equal(bert.encoder.layers[0].linear1.weight, names["encoder.layer.0.intermediate.dense.weight"])
print("…intermediate.dense.weight is linear1.weight:", same)

# %%
@torch.no_grad()
def states(texts, n_layers=6):
    """ids and real (batch, time), and what each layer hands on: (1 + n_layers, batch, time, d_model), embeddings first."""
    ids, lengths = pad([wordpiece.encode(text).ids for text in texts])
    real = padding_mask(lengths).to(device)  # (batch, time)
    x = bert.embed(ids.to(device))
    outputs = [x]
    for layer in bert.encoder.layers[:n_layers]:
        x = layer(x, real[:, None])
        outputs.append(x)
    return ids, real.cpu(), torch.stack(outputs).cpu()


texts = ["The cat sat on the mat.", "When the king saw the queen at the station, she smiled."]
ids, real, ours = states(texts)
with torch.no_grad():
    expected = theirs(ids.to(device), attention_mask=real.long().to(device), output_hidden_states=True).hidden_states
for number, (mine, their) in enumerate(zip(ours, expected, strict=True)):
    worst = (mine - their.cpu())[real].abs().max().item()
    print("embeddings" if number == 0 else f"layer {number - 1}   ", "equal to 0.00001:", worst < 1e-5)

# %% [markdown]
# From here on it is your code that runs.
#
# ## 2 · The cat sat on the mat
#
# Six layers, twelve heads: 72 maps of one sentence.
#
# > **Predict.** In lesson 06 a head by hand looked for nouns; in lesson 10 one looked for its subject. Where will most of these 72 look?


# %% tags=["nbval-ignore-output"]
def attend(text):
    """All maps of one sentence, (layers, heads, time, time), and its tokens. A list of words is taken as it is."""
    ids = wordpiece.encode(text).ids
    with torch.inference_mode(), record_attention(bert) as maps:
        bert(torch.tensor([ids], device=device))
    return torch.stack([weights[0].cpu() for weights in maps.values()]), [vocabulary[i] for i in ids]


A, tokens = attend("The cat sat on the mat.")
_ = plots.attention_grid(A, "72 heads, and most look at [CLS]", key_tokens=tokens)

# %% [markdown]
# Dark first columns: at `[CLS]`, which means nothing by itself. Look through the heads, now with a sentence in which somebody is meant: click on a small map, move over the rows of the large one. Where does *she* look?

# %% tags=["nbval-ignore-output"]
SHE = "the king met the queen because she was lonely ."
A, tokens = attend(SHE)
attention_explorer(A, tokens, title="Is there a head that knows who she is?")

# %% [markdown]
# Is that one sentence's whim? A hundred captions of photographs of at most 16 words (the English side of lesson 05's corpus) to look at, and a hundred more, which we leave untouched until something has been chosen on the first.

# %%
captions = [english for _, english in load("multi30k-de-en").validation if len(english.split()) <= 16]
choosing = [attend(caption)[0] for caption in captions[:100]]
judging = [attend(caption)[0] for caption in captions[100:200]]


def by_head(score, maps):
    """Mean of a score over sentences, (layers, heads); score(A) makes (n_heads,) of (n_heads, time, time)."""
    return torch.stack([torch.stack([score(layer) for layer in A]) for A in maps]).mean(dim=0)


on_cls = by_head(lambda A: A[:, :, 0].mean(dim=-1), choosing)  # (layers, heads)
print("uniform attention would give [CLS] less than 0.1:", sum(1 / A.shape[-1] for A in choosing) / len(choosing) < 0.1)
print("layers 1 to 4 give it more than half of all their weight:", on_cls[1:5].mean().item() > 0.5)

# %% [markdown]
# More than half of the weight falls on a token without content. Does [CLS] collect the sentence's meaning, then? Look at what it *hands over*. A weight is a share; what travels is the weight times a vector, the value after its part of $W_O$: $\;A_{ts}\, (x_s W_V^h)\, W_O^h$. Measure how long that vector is (Kobayashi et al. 2020), at [CLS] and elsewhere.


# %%
def handed_over(number, x):
    """Length of the vector that each head of a layer hands over for each token: x (time, d_model) → (n_heads, time)."""
    attention = bert.encoder.layers[number].self_attn
    n_heads, d_head = attention.n_heads, attention.d_head
    _, _, W_V = attention.in_proj_weight.cpu().chunk(3)  # each (d_model, d_model)
    _, _, b_V = attention.in_proj_bias.cpu().chunk(3)
    values = F.linear(x, W_V, b_V).view(-1, n_heads, d_head)  # (time, d_model) → (time, heads, d_head)
    W_O = attention.out_proj.weight.cpu().view(-1, n_heads, d_head)  # (d_model, heads * d_head) → (d_model, heads, d_head)
    return torch.einsum("thf,dhf->htd", values, W_O).norm(dim=-1)


shorter, shares = torch.zeros(6), torch.zeros(6)
with torch.no_grad():
    for caption, A in zip(captions[:40], choosing, strict=False):
        inputs = states([caption])[2][:, 0]  # (7, time, d_model)
        for number in range(6):
            lengths = handed_over(number, inputs[number])  # (n_heads, time)
            shorter[number] += (lengths[:, 0] / lengths[:, 1:-1].mean(dim=1)).mean() / 40
            moved = A[number] * lengths[:, None]  # (n_heads, time, time): weight times length
            shares[number] += (moved[..., 0] / moved.sum(dim=-1)).mean() / 40
print("layers 1 to 5: what [CLS] hands over is less than a tenth as long as a word's:", shorter[1:].max().item() < 0.1)
print("counted by weight times length, its share in layers 1 to 4 is below 0.2:", shares[1:5].mean().item() < 0.2)

# %% tags=["nbval-ignore-output"]
for number in range(6):
    print(
        f"layer {number}: [CLS] has {on_cls[number].mean():.0%} of the weight; what it hands over is {shorter[number]:.0%} as long "
        f"as a word's; share of weight times length {shares[number]:.0%}"
    )

# %% [markdown]
# So that is what the dark columns are: **a place to look at when there is nothing to look for**. A softmax must give away its whole 1; the model has learned to give it to a token that hands over next to nothing. Such **sinks** are in BERTs large and small (often it is [SEP]: Clark et al. 2019, section 3.2), and in GPTs, at the first token (Xiao et al. 2024). Hold this
# against every picture from now on: weight is not what travels.
#
# ## 3 · Heads with a meaning
#
# A look at 72 maps of one sentence finds stories. A **score** over many sentences finds heads. The simplest: how much weight goes to the token just before?
#
# ### Exercise 1 · A score for looking back (5 minutes)
#
# Write `previous_token_score(A)`: `A (n_heads, time, time)`, a row for each query. Return for each head the mean weight on the token just before the query, `(n_heads,)`; the first token has none before it and does not count. Done when the check shows ✓.


# %% tags=["exercise"]
def previous_token_score(A):
    """A (n_heads, time, time) → (n_heads,): mean weight on the token before."""
    ### BEGIN SOLUTION
    return A.diagonal(offset=-1, dim1=1, dim2=2).mean(dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("12.previous_token_score", previous_token_score)

# %%
SCORES = {
    "previous token": lambda A: A.diagonal(offset=-1, dim1=1, dim2=2).mean(dim=-1),
    "next token": lambda A: A.diagonal(offset=1, dim1=1, dim2=2).mean(dim=-1),
    "itself": lambda A: A.diagonal(dim1=1, dim2=2).mean(dim=-1),
    "[CLS]": lambda A: A[:, :, 0].mean(dim=-1),
}


def best_head(grid):
    """(layer, head) of the largest number of a (layers, heads) grid."""
    return divmod(int(grid.argmax()), grid.shape[1])


chosen = {name: best_head(by_head(score, choosing)) for name, score in SCORES.items()}
grids = {name: by_head(score, judging) for name, score in SCORES.items()}
uniform = sum(1 / A.shape[-1] for A in judging) / len(judging)
print(f"{'looks at':15} head    chosen on other sentences; here it has")
for name, (layer, head) in chosen.items():
    weight = grids[name][layer, head]
    print(f"{name:15} L{layer} H{head:<2}  {weight:.1f} of its weight; all heads {grids[name].mean():.2f}, uniform {uniform:.2f}")

# %% tags=["nbval-ignore-output"]
def draw_score(name):
    layer, head = chosen[name]
    return plots.head_scores(
        grids[name],
        f"Looking at {'the ' + name if 'token' in name else name}: L{layer} H{head} most",
        "mean attention weight",
        baseline=uniform,
        baseline_label="uniform",
        marked=[chosen[name]],
    )


SliderFigure(
    draw_score,
    values=list(SCORES),
    start="previous token",
    label="looks at",
    alt="One number for each of 72 heads, how much weight it puts on the previous token: only layer 0 head 2 has nearly all.",
)

# %% [markdown]
# One head of the first layer does nothing but look one token back: 1.00. Another one looks ahead, with six tenths of its weight. The larger BERT showed them (section 1), and nobody had told that one to: a model with learned positions has to build "the one before" for itself. Hardly any head looks at its own token: it need not, the residual carries it past.
#
# ### Words, not places
#
# *Previous* and *next* are places. Is there a head that knows what a **determiner** belongs to? *The old grey **cat***: the noun may be one, two or three words away. Here the truth comes from building the sentences ourselves; one set of words to choose the head on, another to judge it.

# %%
WORDS = {
    "choosing": (
        "cat dog king farmer teacher doctor child horse river garden".split(),
        "small old red quiet clever".split(),
        "saw found liked".split(),
    ),
    "judging": (
        "baker sailor bird window table soldier letter mountain bottle singer".split(),
        "large young green tired brave".split(),
        "heard painted followed".split(),
    ),
}


def noun_phrases(words, n=60, seed=0):
    """Sentences such as "a small red cat saw the king .", and the places of each (determiner, noun)."""
    nouns, adjectives, verbs = words
    draw = random.Random(seed)
    for _ in range(n):
        sentence, pairs = [], []
        for verb in (draw.choice(verbs), "."):
            place = len(sentence)
            sentence += [draw.choice(["the", "a"]), *draw.sample(adjectives, draw.choice([0, 1, 2])), draw.choice(nouns)]
            pairs.append((place, len(sentence) - 1))
            sentence.append(verb)
        yield sentence, pairs


def finds_noun(words):
    """The share of determiners whose noun gets most weight of all other words, (first or second in the sentence, layers,
    heads); and that of "the next word"."""
    hits, next_word, n = torch.zeros(2, 6, 12), 0, 0
    for sentence, pairs in noun_phrases(words):
        A, tokens = attend(sentence)
        assert len(tokens) == len(sentence) + 2  # each word is one token, between [CLS] and [SEP]
        for place, (determiner, noun) in enumerate(pairs):
            row = A[:, :, determiner + 1, 1:-1].clone()  # (layers, heads, words)
            row[..., determiner] = 0
            hits[place] += row.argmax(dim=-1) == noun
            next_word += (noun == determiner + 1) / 2
        n += 1
    return hits / n, next_word / n


noun_head = best_head(finds_noun(WORDS["choosing"])[0].mean(dim=0))
by_place, next_word = finds_noun(WORDS["judging"])
first, second = by_place[:, noun_head[0], noun_head[1]].tolist()
print(f"chosen: L{noun_head[0]} H{noun_head[1]}")
print("on new words it finds the noun in at least 0.8:", (first + second) / 2 >= 0.8)
print(f"by place: of the sentence's first determiner in {first:.1f}, of its second in {second:.1f}")
print("who always says “the next word” is right in at most 0.45:", next_word <= 0.45)

# %% [markdown]
# Not equally at both places: it errs more often at the second determiner, where another noun has gone before. "Its noun" is a name for what the head mostly does.
#
# ### Who is she?
#
# Now the classic. *The king met the queen because **she** was lonely.* A head that looks from the pronoun to the right noun would have understood something. Sentences come in fours, king and queen in both orders, *he* and *she*; whoever always takes the nearer noun, or the first, is right in exactly half. Again one set of
# sentences and nouns for choosing, another for judging.

# %%
COUPLES = {
    "choosing": "king queen, father mother, boy girl, uncle aunt, waiter waitress, prince princess",
    "judging": "actor actress, brother sister, grandfather grandmother, man woman, husband wife, son daughter, duke duchess",
}
COUPLES = {name: [tuple(couple.split()) for couple in text.split(", ")] for name, text in COUPLES.items()}
FRAMES = {
    "choosing": [
        "the {} met the {} in the garden because {} was lonely .",
        "the {} called the {} before {} left the house .",
        "the {} told the {} that {} was right .",
        "the {} waited for the {} until {} was tired .",
    ],
    "judging": [
        "when the {} saw the {} at the station , {} smiled .",
        "the {} thanked the {} after {} had read the letter .",
        "the {} wrote to the {} while {} lived in paris .",
    ],
}


def pronoun_sentences(frames, couples):
    """Every frame with every couple in both orders and both pronouns: (words, pronoun, whom it means, the other)."""
    for frame in frames:
        for he, she in couples:
            for first, second in ((he, she), (she, he)):
                for pronoun, meant, other in (("he", he, she), ("she", she, he)):
                    yield frame.format(first, second, pronoun).split(), pronoun, meant, other


def finds_meant(cases):
    """How often the pronoun gives more weight to whom it means than to the other, how much more (both by head), and n."""
    right, more, n = torch.zeros(6, 12), torch.zeros(6, 12), 0
    for words, pronoun, meant, other in cases:
        A, _ = attend(words)
        row = A[:, :, words.index(pronoun) + 1, 1:-1]  # (layers, heads, words)
        difference = row[..., words.index(meant)] - row[..., words.index(other)]
        right += difference > 0
        more += difference
        n += 1
    return right / n, more / n, n


right, more, n = finds_meant(pronoun_sentences(FRAMES["choosing"], COUPLES["choosing"]))
pronoun_head = best_head(more)
print(f"from {n} sentences, the head with most more weight on whom the pronoun means: L{pronoun_head[0]} H{pronoun_head[1]}")
print("right in more than nine tenths of them:", right[pronoun_head].item() > 0.9)

# %% tags=["nbval-ignore-output"]
A, tokens = attend(SHE)
_ = plots.attention_heatmap(
    A[pronoun_head], tokens, tokens, title="L1 H3: “she” looks at “queen”", gold=[(7, 5)], gold_label="whom “she” means"
)

# %%
judged, _, n = finds_meant(pronoun_sentences(FRAMES["judging"], COUPLES["judging"]))
print(f"{n} new sentences with new nouns; by balance, chance is 0.50")
print("the chosen head is right in at least 0.85 of them:", judged[pronoun_head].item() >= 0.85)

generator = torch.Generator().manual_seed(0)
print("and why new sentences: the best of 72 coins, one for each head, on the sentences it was chosen on (here 96):")
for n_chosen in (12, 96):
    coins = torch.randint(2, (200, 72, n_chosen), generator=generator).double().mean(dim=-1)  # 200 times 72 coins
    print(f"  {n_chosen} sentences: right in {coins.amax(dim=-1).mean():.0%}")

# %% [markdown]
# A head that finds antecedents, chosen on one set and confirmed on another. Many a paper's figure stops here.
#
# > **Predict.** Shuffle the words of each sentence: *lonely queen . the because king she met was the*. There is no sentence any more; only the gender is left as a cue. How often will L1 H3 still look at the noun that "is right"?

# %%
draw = random.Random(0)
cases = list(pronoun_sentences(FRAMES["judging"], COUPLES["judging"]))
shuffled, _, _ = finds_meant((draw.sample(words, len(words)), *rest) for words, *rest in cases)
print("words shuffled: still right in at least 0.8:", shuffled[pronoun_head].item() >= 0.8)

# %% [markdown]
# The head ignores the order of the words and goes by gender: *she* looks at what is female, wherever it stands. It **matches gender**. In our sentences that is enough, in order or not: we built them so that gender is the only cue to who is meant. What the head would do where grammar or sense decides, they can not show. And what does a gender-matcher do where nobody has one?

# %%
JOBS_SHE = "nurse secretary librarian receptionist".split()  # each of these is one word piece
JOBS_HE = "engineer carpenter mechanic pilot".split()
pairs = [(he, she) for he in JOBS_HE for she in JOBS_SHE]
prejudice, _, n = finds_meant(pronoun_sentences(FRAMES["judging"][:2], pairs))
print(f"{n} sentences with two jobs: “she” looks at the nurse, “he” at the engineer, in at least 0.75:", prejudice[pronoun_head].item() >= 0.75)

# %% [markdown]
# *The engineer thanked the nurse after she had read the letter.* Grammar leaves open who read it; the head does not. (Rudinger et al. 2018 built such sentences to test programs that find antecedents.) What it has learned about pronouns it learned from texts, and what it has learned about nurses, too. Section 8 comes back to that.
#
# Keep the method. A head gets a name by a score; the name is tested on held-out sentences **and** on sentences where the name and its rivals part. Your own sentence, through the heads of this section. (In the one that stands there, the head named *its noun* errs: the second *the* looks a little more at *king* than at *queen*.)


# %% tags=["nbval-ignore-output"]
NAMED = {"previous token": chosen["previous token"], "next token": chosen["next token"], "its noun": noun_head, "gender": pronoun_head}


def draw_named(text):
    A, tokens = attend(text)
    if not 3 <= len(tokens) <= 24:
        raise ValueError(f"That is {len(tokens)} word pieces with [CLS] and [SEP]; type a sentence of 1 to 22.")
    return plots.attention_grid(
        torch.stack([A[place] for place in NAMED.values()]),
        "Four heads by name",
        query_tokens=tokens,
        key_tokens=tokens,
        names=[f"L{layer} H{head}: {name}" for name, (layer, head) in NAMED.items()],
        n_columns=2,
    )


TypedFigure(
    draw_named,
    start="The old king told the young queen that she was right.",
    label="a sentence",
    alt="The maps of four heads for the typed sentence: one looks back, one ahead, one from determiner to noun, one from she to queen.",
)

# %% [markdown]
# ## 4 · Take it away
#
# A heatmap shows where a head looks, not whether anybody needs it. The test is to take the head away. Its output is a part of what goes into $W_O$: features $h \cdot d_{head}$ up to $(h + 1) \cdot d_{head}$. Set them to 0 and the head has nothing to say.
#
# ### Exercise 2 · A head without a voice (5 minutes)
#
# Write `silenced(y, head, n_heads)`: `y (batch, time, n_heads · d_head)`, the heads' outputs side by side; return a copy in which this head's are 0. Done when the check shows ✓.


# %% tags=["exercise"]
def silenced(y, head, n_heads):
    """y (batch, time, n_heads * d_head) → the same with one head's features 0."""
    ### BEGIN SOLUTION
    d_head = y.shape[-1] // n_heads
    quiet = y.clone()
    quiet[..., head * d_head : (head + 1) * d_head] = 0
    return quiet
    ### END SOLUTION


# %% tags=["check"]
check("12.silenced", silenced)


# %%
@contextmanager
def without(*heads):
    """The model without these (layer, head), inside `with without((0, 2)): …`."""
    hooks = []
    for layer, head in heads:
        attention = bert.encoder.layers[layer].self_attn
        keep = torch.ones(attention.n_heads * attention.d_head, device=device)
        keep[head * attention.d_head : (head + 1) * attention.d_head] = 0
        # What goes into W_O, times 1, and times 0 for this head's features.
        hooks.append(attention.out_proj.register_forward_pre_hook(lambda _, y, keep=keep: (y[0] * keep,)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


# %% [markdown]
# First L0 H2, which looks one token back with all its weight. What does it hand over? If it tells each token which token stands before it, then that should be *in* the token's vector afterwards. A **probe** can tell: a linear classifier, trained to read from the vector of a token which word stood before it (of the 20
# most frequent ones). Nothing in BERT is trained; the probe only reads.


# %% tags=["nbval-ignore-output"]
def probe(X, y, n_classes, weight_decay=1e-2):
    """Logistic regression on X (n, d_model) and classes y (n,); a function from (m, d_model) to classes (m,)."""
    mean, std = X.mean(dim=0), X.std(dim=0)

    def features(X):
        return F.pad((X - mean) / std, (0, 1), value=1.0)  # the 1 carries the bias

    W = torch.zeros(X.shape[1] + 1, n_classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([W], max_iter=60, line_search_fn="strong_wolfe")
    inputs = features(X)

    def loss():
        optimizer.zero_grad()
        value = F.cross_entropy(inputs @ W, y) + weight_decay * W.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return lambda X: (features(X) @ W.detach()).argmax(dim=-1)


frequent = Counter(i for caption in captions[:300] for i in wordpiece.encode(caption).ids[1:-1]).most_common(20)
class_of = {token: number for number, (token, _) in enumerate(frequent)}


def tokens_after(texts, n_layers=6):
    """Every token that follows one of the frequent words: states (1 + n_layers, n, d_model), and which word it was (n,)."""
    ids, real, outputs = states(texts, n_layers)
    before = torch.tensor([[class_of.get(i, -1) for i in row] for row in ids.tolist()]).roll(1, dims=1)  # (batch, time)
    counts = real & (before >= 0)
    counts[:, 0] = False  # nothing stands before the first
    return outputs[:, counts], before[counts]


X, y = tokens_after(captions[:300])
Z, z = tokens_after(captions[300:400])
previous_probes = [probe(layer, y, 20) for layer in X]  # one for the embeddings, and one for each layer
reads = [(read(layer) == z).double().mean().item() for read, layer in zip(previous_probes, Z, strict=True)]
looking_back = [divmod(int(i), 12) for i in (grids["previous token"] >= 0.25).flatten().nonzero()]
curves, trained_anew = {"as it is": reads}, {}
for name, heads in (("L0 H2 silenced", [chosen["previous token"]]), (f"{len(looking_back)} that look back silenced", looking_back)):
    with without(*heads):
        X_without, _ = tokens_after(captions[:300], n_layers=2)
        Z_without, _ = tokens_after(captions[300:400])
    curves[name] = [(read(layer) == z).double().mean().item() for read, layer in zip(previous_probes, Z_without, strict=True)]
    # After layers 0 and 1 also with a probe that was trained on the model without these heads.
    trained_anew[name] = [(probe(X_without[i], y, 20)(Z_without[i]) == z).double().mean().item() for i in (1, 2)]
majority = (z == y.mode().values).double().mean().item()
_ = plots.layer_scores(
    curves, "Without L0 H2 layer 0 tells less, layer 1 nearly as much", "the word before, read right", baselines={"always “a”": majority}
)
for name, values in curves.items():
    anew = f"; with probes trained anew {trained_anew[name][0]:.2f} and {trained_anew[name][1]:.2f}" if name in trained_anew else ""
    print(f"{name}: embeddings {values[0]:.2f}, after layer 0 {values[1]:.2f}, after layer 1 {values[2]:.2f}{anew}")

# %%
losses = []
for head in range(12):
    with without((0, head)):
        Z_without, _ = tokens_after(captions[300:400], n_layers=1)
    losses.append(reads[1] - (previous_probes[1](Z_without[1]) == z).double().mean().item())
print("after layer 0 the word before is read right in at least 0.8:", reads[1] >= 0.8)
one_silenced, all_silenced = list(curves)[1:]
print("without L0 H2 that falls by at least 0.12:", losses[2] >= 0.12)
print("with a probe trained anew without it, by at least 0.08:", reads[1] - trained_anew[one_silenced][0] >= 0.08)
print("but by less than with the old probe:", trained_anew[one_silenced][0] > curves[one_silenced][1])
print("without any other head of layer 0 it falls by less than 0.1:", max(losses[:2] + losses[3:]) < 0.1)
print("with L0 H2 silenced, after layer 1, within 0.05 of the whole model:", reads[2] - curves[one_silenced][2] <= 0.05)
print("with the four silenced that look back, at least 0.1 below it:", reads[2] - curves[all_silenced][2] >= 0.1)
print("but at least 0.1 more is read after layer 1 than after layer 0:", curves[all_silenced][2] - curves[all_silenced][1] >= 0.1)

# %% [markdown]
# In layer 0 weight, name and effect agree: the head that looks back brings most of the news, and no other head's cut costs as much. (Why so much before any layer? A word alone says a good deal about the word before it: before *man* stands *a*.) A caveat: a probe trained on the whole model is thrown off by a changed one: with four heads silenced it reads less
# after layer 0 than from the embeddings, although these are still in the residual. Probes **trained anew** on the cut model lose less: only what they do not find either is gone, as far as a linear probe can tell.
#
# But then look one layer on: without L0 H2 the news is there again. Other heads that look back, less strongly, bring it as well. With the four heads silenced that give the token before at least 0.25 of their weight, less comes back, yet some does: those with less than 0.25 still have their voice. The model has a spare.
#
# Now the head that seems to find antecedents. A task that seems to need them: is *The king met the queen because **she** was lonely* closer to *The **queen** was lonely* or to *The **king** was lonely*? A sentence's vector is the mean of its tokens' vectors (section 7). As at every task, two baselines: the sentence with its words shuffled, and the mean of the **input embeddings**, which no layer has read.
#
# > **Predict.** The model is right in three quarters. Without L1 H3? And the two baselines?

# %%
QUESTIONS = ["the {} was lonely .", "the {} left the house .", "the {} was right .", "the {} was tired ."]


@torch.no_grad()
def vectors(texts):
    """One unit vector for each text, one after the other: (n, d_model)."""
    ids = [torch.tensor([wordpiece.encode(text).ids], device=device) for text in texts]  # each (1, time)
    return F.normalize(torch.cat([bert(one).mean(dim=1) for one in ids]), dim=-1).cpu()


@torch.no_grad()
def embedding_means(texts):
    """The same from the input embeddings, which no layer has read: a bag of words."""
    ids = [torch.tensor(wordpiece.encode(text).ids[1:-1], device=device) for text in texts]
    return F.normalize(torch.stack([bert.token_embedding(some).mean(dim=0) for some in ids]), dim=-1).cpu()


sentences, right_answers, wrong_answers = [], [], []
for frame, question in zip(FRAMES["choosing"], QUESTIONS, strict=True):
    for words, _, meant, other in pronoun_sentences([frame], COUPLES["choosing"]):
        sentences.append(words)
        right_answers.append(question.format(meant))
        wrong_answers.append(question.format(other))


def answered_right(asked=None, vectors=vectors):
    asked, right, wrong = vectors(sentences if asked is None else asked), vectors(right_answers), vectors(wrong_answers)
    return ((asked * right).sum(dim=1) > (asked * wrong).sum(dim=1)).double().mean().item()


draw = random.Random(0)
whole = answered_right()
in_disorder = answered_right([draw.sample(words, len(words)) for words in sentences])
unread = answered_right(vectors=embedding_means)
with without(pronoun_head):
    one_less = answered_right()
with without(*(divmod(i, 12) for i in right.flatten().topk(4).indices.tolist())):
    four_less = answered_right()
print("right with all heads, at least 0.65:", whole >= 0.65)
print("without L1 H3, no worse than 0.05 less:", whole - one_less <= 0.05)
print("without the four heads that were right most often, no worse than 0.1 less:", whole - four_less <= 0.1)
print("with the words shuffled, no worse than in order:", in_disorder >= whole)
print("the mean of the input embeddings, no worse than the model:", unread >= whole)

# %% tags=["nbval-ignore-output"]
print(f"right of {len(sentences)}: the model {whole:.2f}, without L1 H3 {one_less:.2f}, without four heads {four_less:.2f}")
print(f"the model, words shuffled {in_disorder:.2f}; mean of the input embeddings, unread {unread:.2f}")

# %% [markdown]
# No worse without the head; but read the baselines before you call it useless. A **bag of words** does the task, better than the model: *she* lies closer to *queen* than to *king* before any layer has read a word. So the task does not need antecedents, and a cut there proves nothing, neither that L1 H3 is needed nor that it is not. What would be needed:
# a task that a bag of words can not solve (where the order of the words decides who is meant) and the whole model can; only there may a cut speak.
#
# That one head of many is missed little is still the rule: Michel et al. (2019) could remove most heads of a trained BERT and of a translator, one at a time, without harm to the tasks that these were made for. How much does *each* head move the vectors of the tokens, in 16 captions?

# %%
_, real, reads_here = states(captions[200:216])  # (7, batch, time, d_model): what each layer reads, and the output
moved = torch.zeros(6, 12)
with torch.no_grad():
    for layer in range(6):
        for head in range(12):
            x = reads_here[layer].to(device)  # the layers below have not changed
            with without((layer, head)):
                for later in bert.encoder.layers[layer:]:
                    x = later(x, real[:, None].to(device))
            moved[layer, head] = 1 - F.cosine_similarity(x.cpu()[real], reads_here[6][real]).mean()
print("no head moves the tokens' vectors by more than 0.1 (1 − cosine):", moved.max().item() <= 0.1)
print("three quarters of them by less than 0.02:", moved.flatten().quantile(0.75).item() < 0.02)
print("the ten that move them most are all in the last layer:", bool((moved.flatten().topk(10).indices >= 60).all()))

# %% tags=["nbval-ignore-output"]
_ = plots.head_scores(
    100 * moved,
    "A silenced head changes little, and mostly in the last layer",
    "100 · (1 − cosine)",
    limits=(0, math.ceil(100 * moved.max().item())),
    digits=1,
    marked=[pronoun_head, chosen["previous token"]],
)

# %% [markdown]
# A head of the last layer writes straight into the result. What is missing further down, the later layers can perhaps make up for; or it was little from the start: this measurement can not tell.
#
# ## 5 · All layers at once: rollout
#
# A map of layer 4 speaks of what stands at each place *in layer 4*, and that is a mixture already (lesson 07: "a column is a state that knows its neighbours"). **Rollout** (Abnar and Zuidema 2020) multiplies the layers. Take a layer's mean over the heads, $\bar A_l$; each token also keeps itself by the residual, so let half be that:
#
# $$R_0 = I, \qquad R_{l+1} = \left(\tfrac12 \bar A_l + \tfrac12 I\right) R_l$$
#
# Row $t$ of the last $R$ says how the place $t$ on top is made of the tokens at the bottom. $R$ is a product of maps: its rows sum to 1, too, but no head has these weights.
#
# ### Exercise 3 · Rollout (6 minutes)
#
# Write `rollout(A)`: `A (layers, heads, time, time)` → `(time, time)`. Done when the check shows ✓.


# %% tags=["exercise"]
def rollout(A):
    """A (layers, heads, time, time) → (time, time)."""
    ### BEGIN SOLUTION
    eye = torch.eye(A.shape[-1])
    R = eye
    for layer in A:
        R = (0.5 * layer.mean(dim=0) + 0.5 * eye) @ R
    return R
    ### END SOLUTION


# %% tags=["check"]
check("12.rollout", rollout)


# %% tags=["nbval-ignore-output"]
def rolled_out(A):
    """(layers, heads, time, time) → (time, time)."""
    eye = torch.eye(A.shape[-1])
    return torch.linalg.multi_dot([0.5 * layer.mean(dim=0) + 0.5 * eye for layer in A.flip(0)])


A, tokens = attend("The cat sat on the mat.")
_ = plots.attention_heatmap(
    rolled_out(A), tokens, tokens, title="Rollout, a product of maps: all seems to come from [CLS]", quantity="share by rollout"
)

# %% [markdown]
# Is that so? There is a way to ask the model itself: **occlusion**. Replace a token by [MASK], and see how far the sentence's vector moves. Then rank the tokens: by how far they move the vector, and by what rollout, or the last layer alone, gives them. Two rankings agree as far as their **rank correlation** says: 1 the same, 0 nothing in common.

# %%
def ranks(values):
    return values.argsort().argsort().double()


def agreement(first, second):
    """Spearman's rank correlation of (n,) and (n,)."""
    return torch.corrcoef(torch.stack([ranks(first), ranks(second)]))[0, 1].item()


def words_only(A):
    """The maps without [CLS] and [SEP] as keys; the rest of each row is brought to 1 again."""
    A = A.clone()
    A[..., [0, -1]] = 0
    return A / A.sum(dim=-1, keepdim=True)


WAYS = {
    "rollout": lambda A: rolled_out(A).mean(dim=0),
    "rollout without [CLS], [SEP]": lambda A: rolled_out(words_only(A)).mean(dim=0),
    "last layer alone": lambda A: A[-1].mean(dim=(0, 1)),
    "place in the sentence": lambda A: torch.arange(A.shape[-1]),
}
agreements = {name: [] for name in WAYS}
for caption in captions[400:430]:
    ids = torch.tensor(wordpiece.encode(caption).ids)
    occluded = ids.repeat(len(ids) - 2, 1)  # one copy for each word
    occluded[torch.arange(len(ids) - 2), torch.arange(1, len(ids) - 1)] = wordpiece.mask_id
    with torch.no_grad():
        hidden = bert(torch.cat([ids[None], occluded]).to(device)).mean(dim=1).cpu()  # (1 + words, d_model)
    moves = 1 - F.cosine_similarity(hidden[1:], hidden[:1])  # (words,)
    A, _ = attend(caption)
    for name, way in WAYS.items():
        agreements[name].append(agreement(way(A)[1:-1], moves))
means = {name: sum(values) / len(values) for name, values in agreements.items()}
print("rank correlation with occlusion, mean of 30 captions")
print("rollout as published, at most 0.25:", means["rollout"] <= 0.25)
print("rollout without [CLS] and [SEP], at least 0.15 more:", means["rollout without [CLS], [SEP]"] - means["rollout"] >= 0.15)
print("the last layer alone, at least 0.65:", means["last layer alone"] >= 0.65)
print("the place in the sentence, between −0.3 and 0.3:", abs(means["place in the sentence"]) <= 0.3)

# %% [markdown]
# The published recipe says nothing here, because it takes the sink's weight for a flow (section 2: nearly nothing travels there). Without the sinks it says something, and the plain last layer says more; no wonder in a model whose output is the mean of what the last layer mixed. Other models, other results; Abnar and Zuidema found rollout better than raw maps on theirs. The point is that it could be *measured*.
#
# ## 6 · What each layer knows
#
# Probes again, and a harder question: is this word part of a **name** (of a person, a place, a product, …)? Posts from the web with their named entities, lesson 11's WNUT-17; trained on one part, judged on another. One probe for each layer.
#
# Two baselines. A list of the names seen in training. And a **control task** (Hewitt and Liang 2019): each word type gets a label by coin, always the same. There is nothing to know about it but the word itself; a probe that is good at *that* only has a good memory.


# %% tags=["nbval-ignore-output"]
def named_words(sentences, n, seed):
    """States (7, n_words, d_model) of n posts with a name in them; whether each word is part of a name; the words."""
    fitting = [s for s in sentences if 5 <= len(s[0]) <= 22 and any(tag != "O" for tag in s[1])]
    posts = sorted(random.Random(seed).sample(fitting, n), key=lambda post: len(post[0]))
    X, is_name, words = [], [], []
    for start in range(0, n, 25):
        part = posts[start : start + 25]
        _, _, outputs = states([list(post) for post, _ in part])
        for row, (post, tags) in enumerate(part):
            owner = wordpiece.encode(list(post)).words  # for each token the number of its word
            first = [owner.index(number) for number in range(len(post)) if number in owner]
            X.append(outputs[:, row, first])
            numbers = [number for number in range(len(post)) if number in owner]
            is_name += [tags[number] != "O" for number in numbers]
            words += [post[number].lower() for number in numbers]
    return torch.cat(X, dim=1), torch.tensor(is_name), words


def f1(found, true):
    return (2 * (found & true).sum() / (found.sum() + true.sum())).item()


posts = load("wnut-17")
X, y, words = named_words(posts.train, 220, seed=0)
Z, z, new_words = named_words(posts.validation, 130, seed=1)
coin = random.Random(2)
label_of = {word: coin.random() < 0.5 for word in dict.fromkeys([*words, *new_words])}
seen = torch.tensor([word in set(words) for word in new_words])
control_y, control_z = (torch.tensor([label_of[word] for word in some]) for some in (words, new_words))
listed = {word for word, name in zip(words, y.tolist(), strict=True) if name}
from_list = f1(torch.tensor([word in listed for word in new_words]), z)
names_by_layer = [f1(probe(layer, y.long(), 2)(new).bool(), z) for layer, new in zip(X, Z, strict=True)]
control_by_layer = [
    (probe(layer, control_y.long(), 2)(new[seen]).bool() == control_z[seen]).double().mean().item()
    for layer, new in zip(X, Z, strict=True)
]
_ = plots.layer_scores(
    {"part of a name? (F1)": names_by_layer, "control: a coin for each word": control_by_layer},
    "Names are read best in the middle layers",
    "F1; of the control: share right",
    baselines={"list of names (F1)": from_list, "chance of the control": 0.5},
)
best = max(range(7), key=names_by_layer.__getitem__)
print(f"best after layer {best - 1}: F1 {names_by_layer[best]:.2f}, list of names {from_list:.2f}; control {control_by_layer[best]:.2f}, by chance 0.50")

# %%
print("best after layer 2, 3 or 4:", best in (3, 4, 5))
print("at least 0.1 better than the embeddings:", names_by_layer[best] - names_by_layer[0] >= 0.1)
print("and at least 0.05 better than the last layer:", names_by_layer[best] - names_by_layer[6] >= 0.05)
print("at least 0.4 better than a list of names:", names_by_layer[best] - from_list >= 0.4)
print("the control task: at least 0.03 worse there than from the embeddings:", control_by_layer[0] - control_by_layer[best] >= 0.03)
print("but far above chance, at least 0.7:", control_by_layer[best] >= 0.7)

# %% [markdown]
# Up to the middle each layer adds what the context says, and the word itself fades a little (the control task becomes harder). So the gain over the embeddings is hardly a gain in memory. But the probe can still learn coins by heart there, far better than chance: how much of its score is memory, these curves do not say. Hewitt and Liang subtract the control's accuracy from the task's (**selectivity**); here one curve is an F1, the other an accuracy, and their difference means nothing. Tenney et al. (2019) find, in larger BERTs, an order of layers from grammar to meaning. Towards the end this model turns to what it was trained for last, the sentence as a whole, and drops what it no longer needs. Two practical lessons: the last layer is not always the one to take, and freezing a model for features (lesson 11) is a choice of layer, too.
#
# ## 7 · A sentence as one vector
#
# This model's own business. A sentence's vector is the mean of its tokens' vectors, [CLS] and [SEP] included, brought to length 1. (Section 4 did one sentence after the other. In a batch it is faster, and there is padding.) The cosine of two such vectors says how much two sentences have to do with each other.
#
# ### Spot the bug
#
# From many a repository: tokenise with padding, run the model **with** its attention mask, take the mean. Every shape is right.
#
# > **Predict.** The same sentence, alone and beside a long one: how alike are its two vectors?


# %%
@torch.no_grad()
def their_vectors(texts):
    ids, lengths = pad([wordpiece.encode(text).ids for text in texts])
    hidden = bert(ids.to(device), lengths=lengths)  # (batch, time, d_model)
    return F.normalize(hidden.mean(dim=1), dim=-1).cpu()


short = "I want to see a classic movie."
long = " ".join(captions[:6])
alone, beside = their_vectors([short])[0], their_vectors([short, long])[0]
print("one sentence, alone and beside a long one: cosine below 0.7:", (alone @ beside).item() < 0.7)
print("alone, it is as it should be:", torch.allclose(alone, vectors([short])[0], atol=1e-5))

# %% [markdown]
# The mask keeps real tokens from looking at padding; it does not keep padding from looking, and from having vectors. `hidden.mean(dim=1)` averages them in. The vector of a sentence then depends on who else is in the batch (huggingface/transformers#17463 takes it for a fault of the library; HKUDS/LightRAG#3675, of 2026, takes the padding out of the mean). The test: **the same sentence alone and in a batch**.
#
# ### Exercise 4 · A sentence as one vector (6 minutes)
#
# Write `mean_pooling(hidden, real)`: `hidden (batch, time, d_model)`, `real (batch, time)` booleans, True for real tokens. Return unit vectors `(batch, d_model)`. Done when the check shows ✓.


# %% tags=["exercise"]
def mean_pooling(hidden, real):
    """hidden (batch, time, d_model), real (batch, time) booleans → unit vectors (batch, d_model)."""
    ### BEGIN SOLUTION
    total = (hidden * real[..., None]).sum(dim=1)  # (batch, d_model)
    return F.normalize(total / real.sum(dim=1, keepdim=True), dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("12.mean_pooling", mean_pooling)

# %% tags=["nbval-ignore-output"]
some = [
    "A dog runs through the snow.",
    "A puppy is playing in the white winter garden.",
    "A dog does not run through the snow.",
    "The bank raised its interest rates.",
    "Money in a savings account earns more now.",
]
cosines = vectors(some) @ vectors(some).T
short_names = ["dog runs", "puppy plays", "dog does NOT run", "bank rates", "savings"]
_ = plots.similarity_matrix(cosines, short_names, "Alike in topic; “not” hardly counts")

# %%
_, real, outputs = states([short, long])
total = (outputs[-1] * real[..., None]).sum(dim=1)  # (batch, d_model)
in_a_batch = F.normalize(total / real.sum(dim=1, keepdim=True), dim=-1)
print("the mean over real tokens, in a batch as one by one:", torch.allclose(in_a_batch, vectors([short, long]), atol=1e-5))
print("puppy in the garden: closer to the dog than to the bank:", cosines[1, 0].item() > cosines[1, 3].item())
print("savings and interest rates share no word, cosine at least 0.3:", cosines[3, 4].item() >= 0.3)
print("but the denial is closer to the claim than the paraphrase is:", cosines[0, 2].item() > cosines[0, 1].item())

# %% [markdown]
# "To do with each other", not "means the same": a sentence and its denial are about the same thing. Whoever searches for *drugs that do not cause headaches* with such vectors should know that.
#
# ### Search
#
# Twenty notices of a village, and twenty questions by people who use other words. Every question has one right notice. Against it: **shared words** (weighted by how rare they are), and the mean of the model's own input embeddings: the same vectors before any layer has read the sentence.

# %%
NOTICES = {
    "The bakery on the square opens at six in the morning.": "Where do I get fresh bread early in the day?",
    "Rubbish is collected every Tuesday; put the bins out the night before.": "When do they take away the garbage?",
    "The last bus to the city leaves at half past nine.": "How late can I still travel home by public transport?",
    "Dogs must be kept on a lead in the park.": "May my puppy run loose?",
    "Children under twelve swim free of charge.": "Do kids have to pay for the pool?",
    "The doctor's surgery is closed on Wednesday afternoons.": "I feel ill and want to see a physician midweek.",
    "Lost property can be picked up at the town hall.": "Somebody found my wallet. Who keeps it?",
    "The library lends up to ten books for four weeks.": "How many novels may I borrow?",
    "Swimming in the river is dangerous after heavy rain.": "Is it risky to bathe in the stream when it has poured?",
    "The church bells are being repaired until spring.": "Why is there no ringing from the steeple?",
    "Parking is allowed only behind the fire station.": "Where may I leave my car?",
    "The choir meets every Thursday evening and welcomes beginners.": "I would like to sing with others.",
    "Tap water is safe to drink everywhere in the village.": "Can I fill my bottle from the faucet?",
    "The school needs volunteers who read aloud to first graders.": "I have time to help pupils with stories.",
    "Fireworks are forbidden near thatched roofs.": "May we light rockets on New Year's Eve?",
    "A plumber can be reached day and night under 4711.": "My pipe burst on Sunday!",
    "The vet sees patients without an appointment on Mondays.": "My cat is sick.",
    "Snow must be cleared from the pavement before eight o'clock.": "Who shovels the sidewalk in winter?",
    "The cinema shows old films on the first Friday of the month.": "I want to see a classic movie.",
    "Wild mushrooms can be brought to the chemist for inspection.": "Is what I picked in the forest poisonous?",
}
notices, questions = list(NOTICES), list(NOTICES.values())


notice_words = [set(wordpiece.words(notice)) for notice in notices]
notices_with = Counter(word for words in notice_words for word in words)


def shared_words(questions):
    """Σ log(20 / notices with the word) over the words that question and notice share: (questions, notices)."""
    rarity = {word: math.log(len(notices) / n) for word, n in notices_with.items()}
    asked = [set(wordpiece.words(question)) for question in questions]
    return torch.tensor([[sum(rarity[word] for word in mine & words) for words in notice_words] for mine in asked])


def found_first(scores):
    """How many questions score highest at their own notice, and nowhere else as high."""
    own = scores.diagonal()[:, None]
    return int(((scores >= own).sum(dim=1) == 1).sum())


similarity = vectors(questions) @ vectors(notices).T  # (questions, notices)
hits = {
    "shared words": found_first(shared_words(questions)),
    "mean of the embeddings": found_first(embedding_means(questions) @ embedding_means(notices).T),
    "the model": found_first(similarity),
}
print("of 20 questions, the right notice comes first:")
print("  the model, at least 18:", hits["the model"] >= 18)
print("  mean of the embeddings, at most 12:", hits["mean of the embeddings"] <= 12)
print("  shared words, at most 5:", hits["shared words"] <= 5)

# %% [markdown]
# The questions were written so that they share no telling word with their notice: unfair to the word search, and made to show what vectors add. (Real search engines often combine the two.) The layers do much of the work: the same model's embeddings, unread, find at most 12 of 20. Ask your own:


# %% tags=["nbval-ignore-output"]
def draw_search(question):
    if not question.strip():
        raise ValueError("Type a question.")
    scores = (vectors([question]) @ vectors(notices).T)[0]
    best = scores.argsort(descending=True)[:5].tolist()
    answers = [(notices[i] if len(notices[i]) <= 46 else notices[i][:44] + "…", scores[i].item()) for i in best]
    _, ax = plt.subplots(figsize=(7.0, 2.4))
    return plots.neighbour_bars(answers, "The nearest notices", ax=ax)


TypedFigure(
    draw_search,
    start="My cat is sick.",
    label="a question",
    alt="The five notices nearest to the typed question, with their cosines as bars; for “My cat is sick” the vet comes first.",
)

# %% [markdown]
# ## 8 · What it thinks of nurses
#
# In lesson 03 word vectors had a prejudice (Caliskan et al. 2017). This model reads whole sentences and is in use for search, among other things for people. Measure it with **counterfactual pairs**: two sentences that differ in one word, which should not matter. For a job $j$:
#
# $$\text{gap}(j) = \cos\big(v(\text{“She works as a } j\text{.”}),\, v(\text{“a } j\text{”})\big) - \cos\big(v(\text{“He works as a } j\text{.”}),\, v(\text{“a } j\text{”})\big)$$
#
# Twelve jobs that in the United States mostly women do, and twelve that mostly men do (Bureau of Labor Statistics, Current Population Survey, table 11).
#
# > **Predict.** With no prejudice, what would the two groups' gaps be? Must each gap be 0?

# %%
MOSTLY_WOMEN = [
    *"nurse secretary librarian receptionist hairdresser housekeeper midwife dietitian".split(),
    *("dental assistant", "preschool teacher", "social worker", "flight attendant"),
]
MOSTLY_MEN = [
    *"carpenter electrician plumber mechanic engineer pilot welder roofer firefighter".split(),
    *("truck driver", "construction worker", "software developer"),
]
TEMPLATES = ["{} is a {}.", "{} works as a {}.", "{} told us about the long day at work as a {}.", "{} has ten years of experience as a {}."]


def a(job):
    return f"{'an' if job[0] in 'aeiou' else 'a'} {job}"


def gaps(jobs, template, first="She", second="He"):
    """How much closer each job is to the first sentence than to the second: (n_jobs,)."""
    template = template.replace("a {}", "{}")
    one, other = (vectors([template.format(who, a(job)) for job in jobs]) for who in (first, second))
    plain = vectors([a(job) for job in jobs])
    return ((one - other) * plain).sum(dim=1)


for template in TEMPLATES:
    women, men = gaps(MOSTLY_WOMEN, template), gaps(MOSTLY_MEN, template)
    print(f"{template:48} women's jobs {women.mean():+.2f}, men's jobs {men.mean():+.2f}: {women.mean() - men.mean():.2f} apart")

# %% [markdown]
# Without prejudice both groups would have the same gap. It need not be 0: one pronoun may be nearer to *all* jobs (here it is *he*; on average the gaps are negative). But the groups are apart, with every template. May it be chance, with 24 jobs? **Deal the jobs out anew**, into two groups of twelve, a thousand times; how often are those groups as far apart?
#
# ### Exercise 5 · May it be chance? (7 minutes)
#
# Write `share_as_large(first, second, shuffles)`: two groups of numbers `(n,)` and `(m,)`, and `shuffles (n_shuffles, n + m)`, each row an order of all $n + m$ numbers (those of `first` come before those of `second`). For each row: put all numbers into this order; the first $n$ are the new first group. Return the share of rows in which *mean of
# the new first group − mean of the new second group* is at least as large as for the groups as they are. Done when the check shows ✓.


# %% tags=["exercise"]
def share_as_large(first, second, shuffles):
    """first (n,), second (m,), shuffles (n_shuffles, n + m) orders → the share of orders that part them as far."""
    ### BEGIN SOLUTION
    every, n = torch.cat([first, second]), len(first)
    dealt = every[shuffles]  # (n_shuffles, n + m)
    parted = dealt[:, :n].mean(dim=1) - dealt[:, n:].mean(dim=1)
    return (parted >= first.mean() - second.mean()).float().mean()
    ### END SOLUTION


# %% tags=["check"]
check("12.share_as_large", share_as_large)

# %%
women, men = gaps(MOSTLY_WOMEN, TEMPLATES[1]), gaps(MOSTLY_MEN, TEMPLATES[1])
every = torch.cat([women, men])
generator = torch.Generator().manual_seed(0)
orders = torch.stack([torch.randperm(24, generator=generator) for _ in range(1000)])
dealt = every[orders]
parted = dealt[:, :12].mean(dim=1) - dealt[:, 12:].mean(dim=1)
as_large = (parted >= women.mean() - men.mean()).double().mean().item()
print("dealt out anew, the groups are as far apart in at most 1 of 100 shuffles:", as_large <= 0.01)

apart = [(gaps(MOSTLY_WOMEN, template).mean() - gaps(MOSTLY_MEN, template).mean()).item() for template in TEMPLATES]
print("every template puts them apart by at least 0.05:", min(apart) >= 0.05)
print("the largest of the four is at least 1.3 times the smallest:", max(apart) >= 1.3 * min(apart))
same = (gaps(MOSTLY_WOMEN, TEMPLATES[1], "He", "The man").mean() - gaps(MOSTLY_MEN, TEMPLATES[1], "He", "The man").mean()).item()
print("two ways to say the same gender, “He” and “The man”: less than 0.03 apart:", abs(same) < 0.03)

# %% tags=["nbval-ignore-output"]
ranked = sorted(zip([*MOSTLY_WOMEN, *MOSTLY_MEN], every.tolist(), strict=True), key=lambda pair: -pair[1])
for job, gap in [*ranked[:4], ("…", None), *ranked[-4:]]:
    print(f"{job:22}" + ("" if gap is None else f"{gap:+.2f}"))

# %% [markdown]
# And does it *do* anything? Two people who differ in one word; somebody searches.

# %%
def she_first(jobs):
    """How often a search for the job ranks her before him."""
    asked = vectors([f"We are looking for {a(job)}." for job in jobs])
    she, he = (vectors([f"{who} has ten years of experience as {a(job)}." for job in jobs]) for who in ("She", "He"))
    return int(((asked * she).sum(dim=1) > (asked * he).sum(dim=1)).sum())


print("the same experience; she comes first, of 12 jobs that mostly women do, at least 8:", she_first(MOSTLY_WOMEN) >= 8)
print("of 12 jobs that mostly men do, at most 2:", she_first(MOSTLY_MEN) <= 2)

# %% [markdown]
# Two applications, equal but for one pronoun, change places with the job. What such a number says, and what it does not:
#
# * It says that **this** model, with **these** sentences, treats two equal cases differently, and in step with who does the job today; that it is no matter of chance among these jobs; and, because pairs differ in one word, that the word is the cause.
# * It does **not** say how large the effect is elsewhere: the four templates differ already. Nor what happens in a given application, where other differences between applicants may weigh more, or where pronouns never appear, and first names do.
# * A gap of 0 would **not** prove fairness: only that these pairs did not find anything. Blodgett et al. (2020) ask of every such measure: harmful to whom, how, and why?
# * Two pronouns, English, jobs in one country: that is what was looked at, no more.
#
# ## 9 · The same with Hugging Face
#
# You have built all of this; in other people's projects you will meet it as `transformers`. A few lines of it do what you did in sections 1 and 7:

# %%
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(folder)
batch = tokenizer(["Hello, my dog is cute", "Hello!"], padding=True, return_tensors="pt").to(device)
print("what the tokenizer returns:", ", ".join(sorted(batch)))
print("ids:", batch["input_ids"].tolist())
print("the course's WordPiece gives the same:", batch["input_ids"][0].tolist() == wordpiece.encode("Hello, my dog is cute").ids)
with torch.no_grad():
    output = theirs(**batch)
print("last_hidden_state:", tuple(output.last_hidden_state.shape))
pooled = (output.last_hidden_state * batch["attention_mask"][..., None]).sum(dim=1) / batch["attention_mask"].sum(dim=1, keepdim=True)
print("vectors as ours, to 0.00001:", torch.allclose(F.normalize(pooled, dim=-1).cpu(), vectors(["Hello, my dog is cute", "Hello!"]), atol=1e-5))

# %% [markdown]
# `token_type_ids` are the segments, `attention_mask` is 1 for real tokens (yours are booleans). `AutoModelForSequenceClassification` puts a head on it, as your `BertForClassification` does; give it labels and it returns the loss, too.
#
# > **Predict.** Two classes, a head that nobody has trained. What will the loss be, about?

# %%
from transformers import AutoModelForSequenceClassification

_ = torch.manual_seed(0)
classifier = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2).to(device).eval()
one = tokenizer("Hello, my dog is cute", return_tensors="pt").to(device)
with torch.no_grad():
    output = classifier(**one, labels=torch.tensor([1], device=device))
probabilities = output.logits.softmax(dim=-1)[0]
print("logits:", tuple(output.logits.shape), "  prediction: class", int(probabilities.argmax()))
print("loss near ln 2, within 0.15:", abs(output.loss.item() - math.log(2)) < 0.15)
print("loss = −ln p(label):", math.isclose(output.loss.item(), -math.log(probabilities[1].item()), abs_tol=1e-4))

# %% [markdown]
# A coin: the "prediction" of an untrained head means nothing, and the library only *warns* (we switched its warnings off above, to keep the page short; leave them on in your own work). Fine-tune it as in lesson 11.
#
# One trap you know by now: for maps, load with `attn_implementation="eager"` and ask for `output_attentions=True`; the fast kernels never make them. `bert-base-uncased`, the BERT of the paper, comes by the same name in both worlds where there is a network: `AutoModel.from_pretrained("bert-base-uncased")`, `load_bert("bert-base-uncased")`: 12 layers of 12 heads, 110
# million numbers, 440 MB. Its heads are other ones; your scores will find them. Clark et al. (2019) did sections 2 and 3 there, with annotated text as truth: in one head determiners look at their noun in 94 %, in another mentions look at their antecedent in 65 %.
#
# ## Recap
#
# | | what | what it costs | what it says, and what not |
# |---|---|---|---|
# | parity | hidden states, layer by layer, against a known implementation | a forward pass | that your class *is* the model; shapes say nothing |
# | head score | mean weight where theory says it should go | attention of some 100 sentences | where a head looks; needs a baseline and held-out sentences |
# | weight × value | $A_{ts} \lVert x_s W_V W_O \rVert$ | a matrix product more | what travels; unmasks sinks |
# | ablation | set a head's features to 0 | a forward pass a head | whether *this* output needs it; others may step in; nothing, where a bag of words does the task |
# | probe | logistic regression on frozen states | seconds | that it can be read there, not that it is used; train it anew on a changed model |
# | rollout | $\prod_l (\frac12 \bar A_l + \frac12 I)$ | a few products | little, where there are sinks |
# | occlusion | replace a token, compare outputs | a pass a token | what the output depends on |
# | sentence vector | mean over real tokens, length 1 | a forward pass | what sentences are about; hardly denial |
# | counterfactual pair | one word exchanged | two passes | that the word is the cause, for these sentences |
#
# **What is not true.** *"Attention shows what the model thinks."* Most of the weight lay where nothing travels. *"This head does coreference."* It was right in at least 0.85 of the sentences, and in at least 0.8 of the same words in a heap. *"A head that looks right is needed"*, or *"it is not needed: cut it and nothing is lost."* A bag of words did our task; a cut there says nothing. *"Then attention maps are worthless."* The head that looks one token back brought
# most of the news to layer 0, as its map says. (Jain and Wallace 2019 and Wiegreffe and Pinter 2019 dispute how far maps explain.) *"The last layer knows most."* Not about names. *"A high cosine means the same meaning."* A denial is closer than a paraphrase.
#
# **Still open.** You have gone from a cell with one hidden state to the inside of a model in use. What you found here, you found with 72 heads and simple questions. Why the head in layer 0 is there, which circuit uses it, what the feed-forward networks store, whether all of this holds for models a thousand times as large: research. You can read those papers now, and
# check their figures.
#
# ## References
#
# * J. Devlin et al. 2019, *BERT: pre-training of deep bidirectional transformers for language understanding*, section 3.
# * W. Wang et al. 2020, *MiniLM: deep self-attention distillation*; N. Reimers, I. Gurevych 2019, *Sentence-BERT*, section 3.
# * K. Clark et al. 2019, *What does BERT look at? An analysis of BERT's attention*, sections 3 to 4; G. Kobayashi et al. 2020, *Attention is not only a weight*, sections 3 and 4; G. Xiao et al. 2024, *Efficient streaming language models with attention sinks*, section 3.
# * P. Michel, O. Levy, G. Neubig 2019, *Are sixteen heads really better than one?*, section 3; S. Jain, B. Wallace 2019, *Attention is not explanation*; S. Wiegreffe, Y. Pinter 2019, *Attention is not not explanation*.
# * S. Abnar, W. Zuidema 2020, *Quantifying attention flow in Transformers*; J. Hewitt, P. Liang 2019, *Designing and interpreting probes with control tasks*; I. Tenney, D. Das, E. Pavlick 2019, *BERT rediscovers the classical NLP pipeline*.
# * R. Rudinger et al. 2018, *Gender bias in coreference resolution*; S. L. Blodgett et al. 2020, *Language (technology) is power*; A. Caliskan, J. Bryson, A. Narayanan 2017 (lesson 03).
# * huggingface/transformers#17463, HKUDS/LightRAG#3675: padding in the mean.
