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
# # 12 · Inside BERT: attention heads, ablation, sentence vectors and bias
#
# **What does an attention head of a real BERT do, and does the model need it?** So far your models were small, and you knew what they should learn. This one was trained on real text and is in daily use: load
# its weights into the course's own classes and take it apart.
#
# You will be able to:
#
# * **score** attention heads on held-out sentences and against a control (exercises 1 and 2),
# * **ablate** a head and measure what the model has lost (exercises 3 and 4),
# * **combine** the maps of all layers by rollout, and test the result (exercise 5),
# * **compute** sentence vectors without a padding bug, and search with them (exercise 6),
# * **test** whether a measured bias could be chance (exercise 7).
#
# Time: 90 minutes; the cells run for about 40 seconds on one CPU core. It builds on lessons 06 and 07 (heads, blocks), 09 (WordPiece), 10 and 11 (BERT, fine-tuning).

# %% tags=["setup", "nbval-ignore-output"]
import math
import random
import textwrap
from collections import Counter
from contextlib import contextmanager

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

from course_lib import drawings, plots
from course_lib.data import load
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure, attention_explorer
from course_lib.models.attention import padding_mask, record_attention
from course_lib.models.pretrained import load_bert, pretrained_folder
from course_lib.models.size import n_parameters
from course_lib.practice import check, hint, yours
from course_lib.report import measured
from course_lib.text.padding import pad
from course_lib.text.wordpiece import WordPiece

device = setup(seed=0)

# %% [markdown]
# ## 1 · Loading pretrained weights
#
# The model is `all-MiniLM-L6-v2`: a BERT with 6 layers of 12 heads, `d_model` 384, and the 30,522 word pieces of the original BERT (Devlin et al. 2019). It has [every second layer](https://huggingface.co/nreimers/MiniLM-L6-H384-uncased) of MiniLM, a BERT **distilled** from a larger model: it was trained to imitate that model's attention (Wang et al. 2020).
# It was then fine-tuned on pairs of sentences, so that related sentences get similar vectors (Reimers and Gurevych 2019).
#
# The weights come in a 91 MB *safetensors* file, which holds tensors and their names but no code.

# %%
bert, vocabulary = load_bert("all-MiniLM-L6-v2")
bert = bert.to(device)
wordpiece = WordPiece(vocabulary)
index = {token: i for i, token in enumerate(vocabulary)}
print(f"{n_parameters(bert):,} parameters, {n_parameters(bert.encoder):,} of them in the layers")


def tokens_of(text):
    return [vocabulary[i] for i in wordpiece.encode(text).ids]


print(*tokens_of("The cat sat on the mat."))

# %% [markdown]
# `bert` is the class of lesson 10. Loading is mostly renaming: `encoder.layer.0.intermediate.dense` in the file is `encoder.layers[0].linear1` here. The file has separate matrices for queries, keys and values; your `in_proj_weight` stacks their rows.
#
# Matching shapes prove little: a transposed square matrix or a wrong $\epsilon$ in the layer norms loads without complaint. So compare hidden states layer by layer with Hugging Face's `transformers`, on two sentences of different lengths.

# %% tags=["nbval-ignore-output"]
from transformers import AutoModel
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
folder = pretrained_folder("all-MiniLM-L6-v2")
theirs = AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).to(device).eval()


# %%
@torch.no_grad()
def states(texts, n_layers=6):
    """ids and real (batch, time), and each layer's output: (1 + n_layers, batch, time, d_model), embeddings first."""
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
    expected = theirs(
        ids.to(device), attention_mask=real.long().to(device), output_hidden_states=True
    ).hidden_states
for number, (mine, their) in enumerate(zip(ours, expected, strict=True)):
    place = "embeddings" if number == 0 else f"layer {number - 1}"
    measured(f"{place}: largest difference", (mine - their.cpu())[real].abs().max(), at_most=1e-5)

# %% [markdown]
# Your class computes what theirs does, so use it from here on.
#
# ## 2 · Attention maps and attention sinks
#
# > **Predict.** Six layers of twelve heads give 72 maps of one sentence: where will most of them put their weight?


# %% tags=["nbval-ignore-output"]
def by_length(sequences):
    """For each length, where its sequences of ids are and the ids, (n, time): batches without padding."""
    for length in sorted({len(ids) for ids in sequences}):
        places = [i for i, ids in enumerate(sequences) if len(ids) == length]
        yield places, torch.tensor([sequences[i] for i in places], device=device)


def attend_all(sentences):
    """The maps of sentences, each given as its tokens: a list of (layers, heads, time, time)."""
    found = {}
    for places, ids in by_length([[index[token] for token in tokens] for tokens in sentences]):
        with torch.inference_mode(), record_attention(bert) as maps:
            bert(ids)
        by_sentence = torch.stack([weights.cpu() for weights in maps.values()], dim=1)
        found |= dict(zip(places, by_sentence, strict=True))
    return [found[i] for i in range(len(sentences))]


def attend(tokens):
    """The maps of one sentence."""
    return attend_all([tokens])[0]


tokens = tokens_of("The cat sat on the mat.")
_ = plots.attention_grid(
    attend(tokens), "72 heads: in most, the column of [CLS] is dark", key_tokens=tokens, scale="linear"
)

# %% [markdown]
# In most maps the first column is dark: `[CLS]`, which isn't a word. Now explore a longer sentence: click on a small map, then hover over the rows of the large one. What does *she* attend to?

# %% tags=["nbval-ignore-output"]
SHE = tokens_of("The king met the queen because she was lonely.")
attention_explorer(attend(SHE), SHE, title="Does a head connect “she” with “queen”?")

# %% [markdown]
# One sentence is an anecdote. Use 100 photo captions to choose heads, and 100 others to judge the heads you chose.

# %%
captions = [english for _, english in load("multi30k-de-en").validation if len(english.split()) <= 16]
for_choosing, for_judging = ([tokens_of(caption) for caption in captions[i : i + 100]] for i in (0, 100))
choosing, judging = attend_all(for_choosing), attend_all(for_judging)


def by_head(score, maps):
    """Mean of a score over sentences, (layers, heads); score maps (n_heads, time, time) to (n_heads,)."""
    return torch.stack([torch.stack([score(layer) for layer in A]) for A in maps]).mean(dim=0)


on_cls = by_head(lambda A: A[:, :, 0].mean(dim=-1), choosing)  # (layers, heads)
uniform = sum(1 / A.shape[-1] for A in choosing) / len(choosing)
measured("weight on [CLS] if attention were uniform", uniform, at_most=0.1)
measured("weight on [CLS] in layers 1 to 4, mean", on_cls[1:5].mean(), at_least=0.5)

# %% [markdown]
# Does `[CLS]` collect the sentence's meaning, then? A weight is only one factor. What arrives at token $t$ from token $s$ is the weight times the projected value: $A_{ts}\,(x_s W_V^h + b_V^h)\, W_O^h$. Measure the length of that vector (Kobayashi et al. 2020), for `[CLS]` and for words.


# %%
def projected_lengths(number, x):
    """Length of each token's projected value in each head of a layer: x (time, d_model) → (n_heads, time)."""
    attention = bert.encoder.layers[number].self_attn
    n_heads, d_head = attention.n_heads, attention.d_head
    _, _, W_V = attention.in_proj_weight.cpu().chunk(3)  # each (d_model, d_model)
    _, _, b_V = attention.in_proj_bias.cpu().chunk(3)
    values = F.linear(x, W_V, b_V).view(-1, n_heads, d_head)  # (time, d_model) → (time, heads, d_head)
    W_O = attention.out_proj.weight.cpu().view(
        -1, n_heads, d_head
    )  # (d_model, heads * d_head) → (d_model, heads, d_head)
    return torch.einsum("thf,dhf->htd", values, W_O).norm(dim=-1)


lengths_on_cls, shares = torch.zeros(6), torch.zeros(6)
with torch.no_grad():
    for caption, A in zip(captions[:40], choosing, strict=False):
        inputs = states([caption])[2][:, 0]  # (7, time, d_model)
        for number in range(6):
            lengths = projected_lengths(number, inputs[number])  # (n_heads, time)
            lengths_on_cls[number] += (lengths[:, 0] / lengths[:, 1:-1].mean(dim=1)).mean() / 40
            arrives = A[number] * lengths[:, None]  # (n_heads, time, time): weight times length
            shares[number] += (arrives[..., 0] / arrives.sum(dim=-1)).mean() / 40
measured(
    "length of [CLS]'s projected value relative to a word's (largest of layers 1 to 5)",
    lengths_on_cls[1:].max(),
    at_most=0.1,
)
measured("[CLS]'s share of weight × length, layers 1 to 4", shares[1:5].mean(), at_most=0.2)

# %% [markdown]
# So most of the weight goes where the values are small. The usual explanation: a softmax must distribute a total of 1 even when nothing in the sentence is relevant to the head, and on a token with a tiny value the weight does little harm. Such tokens are called **attention sinks**. In other BERTs the sink is often `[SEP]` (Clark et al. 2019, section 3.2); in GPTs it is the first token
# (Xiao et al. 2024). So in every attention map, remember: the weight isn't what arrives.
#
# ## 3 · Scoring attention heads
#
# To find a head, write a score for what you are looking for, and compute it for all 72. The simplest is the weight on the previous token.
#
# ### Exercise 1 · A score for the previous token (warm-up, 5 minutes)
#
# Write `previous_token_score(A)`. `A` is `(n_heads, time, time)` with a row for each query. For each head, return the mean weight that a query puts on the token just before it: `(n_heads,)`. The first token has no predecessor, so leave it out.


# %% tags=["exercise"]
def previous_token_score(A):
    """A (n_heads, time, time) → (n_heads,): mean weight on the previous token."""
    ### BEGIN SOLUTION
    return A.diagonal(offset=-1, dim1=1, dim2=2).mean(dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("12.previous_token_score", previous_token_score)

# %% tags=["hint"]
hint("12.previous_token_score")

# %% [markdown] tags=["solution"]
# The weights on the previous token are the diagonal below the main one: row $t$, column $t - 1$. It has `time − 1` entries, so its mean leaves out the first token by itself.

# %%
SCORES = {
    "previous token": yours("12.previous_token_score"),
    "next token": lambda A: A.diagonal(offset=1, dim1=1, dim2=2).mean(dim=-1),
    "itself": lambda A: A.diagonal(dim1=1, dim2=2).mean(dim=-1),
    "[CLS]": lambda A: A[:, :, 0].mean(dim=-1),
}


def best_head(grid):
    """(layer, head) of the largest number of a (layers, heads) grid."""
    return divmod(int(grid.argmax()), grid.shape[1])


NAMED = {name: best_head(by_head(score, choosing)) for name, score in SCORES.items()}
grids = {name: by_head(score, judging) for name, score in SCORES.items()}
for (name, (layer, head)), bound in zip(NAMED.items(), (0.95, 0.5, 0.15, 0.7), strict=True):
    measured(
        f"{name:14}: chosen L{layer} H{head}, its weight on the other 100 captions",
        grids[name][layer, head],
        at_least=bound,
    )


# %% tags=["nbval-ignore-output"]
def draw_score(name):
    layer, head = NAMED[name]
    return plots.head_scores(
        grids[name],
        f"Weight on {'the ' + name if 'token' in name else name}: L{layer} H{head} was chosen",
        "mean attention weight",
        baseline=uniform,
        baseline_label="uniform",
        marked=[NAMED[name]],
    )


SliderFigure(
    draw_score,
    values=list(SCORES),
    start="previous token",
    label="attends to",
    alt="One number for each of 72 heads, how much weight it puts on the previous token: only layer 0 head 2 has nearly all.",
)

# %% [markdown]
# Head 2 of layer 0 does little else. Clark et al. (2019) found such heads in the larger BERT.
#
# ### Determiner and noun
#
# Do heads rely on position alone? A **determiner** (*the*, *a*) belongs to a noun that may be one, two or three words away: *the old grey **cat***. The sentences are generated, so the correct noun is known. One set of words is for choosing, another for judging.


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
    """Tokens such as [CLS] a small red cat saw the king . [SEP], with each (determiner, noun)."""
    nouns, adjectives, verbs = words
    draw = random.Random(seed)
    for _ in range(n):
        sentence, pairs = ["[CLS]"], []
        for verb in (draw.choice(verbs), "."):
            place = len(sentence)
            sentence += [
                draw.choice(["the", "a"]),
                *draw.sample(adjectives, draw.choice([0, 1, 2])),
                draw.choice(nouns),
            ]
            pairs.append((place, len(sentence) - 1))
            sentence.append(verb)
        yield [*sentence, "[SEP]"], pairs


def mean_weight(examples):
    """Examples (A, [(query, key), …]) → (layers, heads): mean weight of the pairs of a sentence, averaged over sentences."""
    return torch.stack(
        [torch.stack([A[:, :, q, k] for q, k in pairs]).mean(dim=0) for A, pairs in examples]
    ).mean(dim=0)


def with_maps(sentences):
    """(tokens, pairs) → (A, pairs)."""
    all_tokens, all_pairs = zip(*sentences, strict=True)
    return list(zip(attend_all(all_tokens), all_pairs, strict=True))


def picks_noun(examples):
    """(layers, heads): in what fraction of the pairs the noun has the largest weight of all other words."""
    hits = []
    for A, pairs in examples:
        for determiner, noun in pairs:
            row = A[:, :, determiner].clone()  # (layers, heads, time)
            row[..., [0, determiner, -1]] = 0
            hits.append((row.argmax(dim=-1) == noun).double())
    return torch.stack(hits).mean(dim=0)


noun_sentences = list(noun_phrases(WORDS["judging"]))
NAMED["its noun"] = layer, head = best_head(picks_noun(with_maps(noun_phrases(WORDS["choosing"], 120))))
found = picks_noun(with_maps(noun_sentences))[layer, head]
distances = Counter(noun - determiner for _, pairs in noun_sentences for determiner, noun in pairs)
measured(f"chosen L{layer} H{head}: the noun has the largest weight, on new words", found, at_least=0.8)
measured("baseline: the best fixed distance", max(distances.values()) / distances.total(), at_most=0.45)

# %% [markdown]
# With six other samples of the sentences, the same head won and was right in 83 to 93%. Position alone can't do that.
#
# ### Pronoun and antecedent
#
# *The king met the queen because **she** was lonely.* Does a head connect the pronoun with the noun it refers to? The sentences come in fours: both orders of king and queen, *he* and *she*. A head that always prefers the nearer noun, or the first, is right in exactly half. Choosing and judging use different sentences and nouns.


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
    """Every frame with every couple, in both orders and with both pronouns: (tokens, pronoun, antecedent, other noun)."""
    for frame in frames:
        for he, she in couples:
            for first, second in ((he, she), (she, he)):
                for pronoun, meant, other in (("he", he, she), ("she", she, he)):
                    tokens = ["[CLS]", *frame.format(first, second, pronoun).split(), "[SEP]"]
                    yield tokens, tokens.index(pronoun), tokens.index(meant), tokens.index(other)


def prefers_antecedent(cases):
    """Fraction of sentences in which the antecedent has more weight than the other noun, and the mean difference, by head."""
    cases = list(cases)
    differences = [
        A[:, :, pronoun, meant] - A[:, :, pronoun, other]
        for A, (_, pronoun, meant, other) in zip(attend_all([c[0] for c in cases]), cases, strict=True)
    ]
    differences = torch.stack(differences)  # (n, layers, heads)
    return (differences > 0).double().mean(dim=0), differences.mean(dim=0)


right, difference = prefers_antecedent(pronoun_sentences(FRAMES["choosing"], COUPLES["choosing"]))
NAMED["gender"] = layer, head = best_head(difference)
pronoun_cases = list(pronoun_sentences(FRAMES["judging"], COUPLES["judging"]))
judged, _ = prefers_antecedent(pronoun_cases)
print(f"chosen: L{layer} H{head}, the largest mean difference")
measured("right on the sentences that chose it", right[layer, head], at_least=0.9)
measured(
    f"right on {len(pronoun_cases)} new sentences with new nouns (chance 0.5)",
    judged[layer, head],
    at_least=0.85,
)

# %% tags=["nbval-ignore-output"]
_ = plots.attention_heatmap(
    attend(SHE)[NAMED["gender"]],
    SHE,
    SHE,
    title="L1 H3: “she” attends to “queen”",
    gold=[(7, 5)],
    gold_label="antecedent of “she”",
)

# %% [markdown]
# Why new sentences? On few sentences, the best of 72 heads looks good by luck. Suppose each head merely flipped a coin for each sentence:

# %%
generator = torch.Generator().manual_seed(0)
for n, low, high in ((12, 0.75, 0.9), (96, 0.55, 0.7)):
    coins = torch.randint(2, (200, 72, n), generator=generator).double().mean(dim=-1)  # 200 times 72 coins
    measured(
        f"{n} sentences: the best of 72 coins is right in", coins.amax(dim=-1).mean(), between=(low, high)
    )

# %% [markdown]
# The head passes. But does it resolve pronouns?
#
# > **Predict.** Shuffle the words: *lonely queen . the because king she met was the*. No grammar is left, only gender. How often will the head still prefer the correct noun? And if two jobs replace king and queen?


# %%
def shuffled(tokens, places, draw):
    """The words in random order between [CLS] and [SEP], and where the places have gone."""
    inner = draw.sample(range(1, len(tokens) - 1), len(tokens) - 2)
    order = [0, *inner, len(tokens) - 1]
    return [tokens[i] for i in order], [order.index(place) for place in places]


after_shuffling = []
for seed in range(3):
    draw = random.Random(seed)
    moved = [shuffled(tokens, places, draw) for tokens, *places in pronoun_cases]
    after_shuffling.append(prefers_antecedent((tokens, *places) for tokens, places in moved)[0][layer, head])
E = bert.token_embedding.weight.detach().cpu()
by_embedding = []
for tokens, *places in pronoun_cases:
    pronoun, meant, other = (E[index[tokens[place]]] for place in places)
    by_embedding.append(
        F.cosine_similarity(pronoun, meant, dim=0) > F.cosine_similarity(pronoun, other, dim=0)
    )
jobs = [
    (he, she)
    for he in "engineer carpenter mechanic pilot".split()
    for she in "nurse secretary librarian receptionist".split()
]
stereotype = prefers_antecedent(pronoun_sentences(FRAMES["judging"][:2], jobs))[0]
measured(
    "words shuffled: still prefers the correct noun, the lowest of 3 shuffles",
    min(after_shuffling),
    at_least=0.8,
)
measured(
    "baseline: the noun whose input embedding is closer to the pronoun's",
    sum(by_embedding) / len(by_embedding),
    at_least=0.95,
)
measured("“she” prefers the nurse, “he” the engineer", stereotype[layer, head], at_least=0.75)

# %% [markdown]
# The head **matches gender**, whatever the word order: shuffling costs only a few points. Gender is the only cue in these sentences, so they can't show what the head does where grammar decides. Even the input embeddings, which no layer has processed, solve them.
#
# In *The engineer thanked the nurse after she had read the letter*, grammar leaves open who read it, yet the head follows the stereotype. Rudinger et al. (2018) built such sentences to test coreference systems; section 8 returns to this.
#
# ### Exercise 2 · Which head needs no word order? (core, 8 minutes, experiment)
#
# `kept_when_shuffled(name)` shuffles the words of the judging sentences, follows each pair of words to its new positions, and returns the head's score there divided by its score in the original order. *Predict* this share for "previous token", "next token", "its noun" and "gender". Then compute all four, and set
# `needs_no_order` to the name whose head keeps the largest share.

# %%
cases = {
    "previous token": [(t, [(q, q - 1) for q in range(2, len(t) - 1)]) for t in for_judging[:40]],
    "next token": [(t, [(q, q + 1) for q in range(1, len(t) - 2)]) for t in for_judging[:40]],
    "its noun": noun_sentences[:40],
    "gender": [(tokens, [(pronoun, meant)]) for tokens, pronoun, meant, _ in pronoun_cases],
}


def shuffle_all(sentences, seed=0):
    """Each sentence with its words shuffled; the pairs stay pairs of the same words."""
    draw = random.Random(seed)
    for tokens, pairs in sentences:
        new, places = shuffled(tokens, [place for pair in pairs for place in pair], draw)
        yield new, list(zip(places[::2], places[1::2], strict=True))


def kept_when_shuffled(name):
    layer, head = NAMED[name]
    in_order, without_order = (
        mean_weight(with_maps(some)) for some in (cases[name], shuffle_all(cases[name]))
    )
    return (without_order / in_order)[layer, head].item()


# %% tags=["exercise"]
needs_no_order = ...
### BEGIN SOLUTION
needs_no_order = "gender"  # the largest of {name: kept_when_shuffled(name) for name in cases}
### END SOLUTION

# %% tags=["check"]
check("12.needs_no_order", needs_no_order)

# %% tags=["hint"]
hint("12.needs_no_order")

# %% [markdown] tags=["solution"]
# A shuffle separates neighbours, so a head that goes by position loses the pair. *She* and *queen* are still *she* and *queen* wherever they stand. The head *its noun* is between the two: it prefers nouns, and also what comes next.

# %%
measured(
    f"share of its score that “{yours('12.needs_no_order')}” keeps",
    kept_when_shuffled(yours("12.needs_no_order")),
    at_least=0.6,
)
for name in ("previous token", "next token"):
    measured(f"share that “{name}” keeps", kept_when_shuffled(name), at_most=0.2)
measured("share that “its noun” keeps", kept_when_shuffled("its noun"), between=(0.3, 0.6))

# %% [markdown]
# The control doesn't make a head worthless. It tells you what drives it: **positions** or **words**.
#
# ## 4 · Ablating heads
#
# A map shows where a head attends. Whether the model needs it is another question, and the test is **ablation**: remove the head and measure. The heads' outputs are joined before $W_O$ mixes them. Head $h$ owns the features from $h \cdot d_{head}$ up to, not including, $(h + 1) \cdot d_{head}$. Set them to 0.

# %%
drawings.ablation()

# %% [markdown]
# ### Exercise 3 · Ablate a head (warm-up, 5 minutes)
#
# Write `ablate(y, head, n_heads)`. `y` is `(batch, time, n_heads · d_head)`, the joined outputs of all heads. Return a copy in which this head's features are 0. Heads count from 0.


# %% tags=["exercise"]
def ablate(y, head, n_heads):
    """y (batch, time, n_heads * d_head) → a copy with one head's features 0."""
    ### BEGIN SOLUTION
    d_head = y.shape[-1] // n_heads
    out = y.clone()
    out[..., head * d_head : (head + 1) * d_head] = 0
    return out
    ### END SOLUTION


# %% tags=["check"]
check("12.ablate", ablate)

# %% tags=["hint"]
hint("12.ablate")

# %% [markdown] tags=["solution"]
# A head's features lie next to each other, because joining concatenates the heads. `clone` matters: writing into `y` would change the caller's tensor.


# %%
@contextmanager
def without(*heads):
    """The model with these (layer, head) ablated, inside `with without((0, 2)): …`."""
    hooks = []
    for layer, head in heads:
        attention = bert.encoder.layers[layer].self_attn

        def before_W_O(_, y, head=head, n_heads=attention.n_heads):
            return (yours("12.ablate")(y[0], head, n_heads),)

        # PyTorch calls a pre-hook with the module's inputs and hands the module what it returns.
        hooks.append(attention.out_proj.register_forward_pre_hook(before_W_O))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


# %% [markdown]
# What to measure? If a head carries information from a key to a query, then replacing the key with `[MASK]` should **move** the query's vector, and with the head ablated it should move less.


# %%
@torch.no_grad()
def shifts(sentences, heads=(), n_layers=6):
    """How the query's vector changes, after each layer, when the key becomes [MASK]: (n_layers, n, d_model).

    sentences: (tokens, pairs); the first pair of each counts. heads: these are ablated."""
    ids, lengths = pad([[index[token] for token in tokens] for tokens, _ in sentences])
    queries, keys = torch.tensor([pairs[0] for _, pairs in sentences]).T
    rows = torch.arange(len(sentences))
    masked = ids.clone()
    masked[rows, keys] = wordpiece.mask_id
    real = padding_mask(lengths)[:, None].to(device)
    x, changed, by_layer = bert.embed(ids.to(device)), bert.embed(masked.to(device)), []
    with without(*heads):
        for layer in bert.encoder.layers[:n_layers]:
            x, changed = layer(x, real), layer(changed, real)
            by_layer.append((changed - x)[rows, queries].cpu())
    return torch.stack(by_layer)


def mean_length(shifts):
    """How far vectors move on average after each layer: (6, n, d_model) → (6,)."""
    return shifts.norm(dim=-1).mean(dim=-1)


curves = {}
for name in ("previous token", "its noun", "gender"):
    layer, head = NAMED[name]
    intact, ablated = shifts(cases[name][:30]), shifts(cases[name][:30], [(layer, head)])
    kept = mean_length(ablated) / mean_length(intact).clamp_min(1e-9)
    kept[:layer] = 1.0  # below the head nothing has changed
    curves[f"{name} (L{layer} H{head})"] = [1.0, *kept.tolist()]
    direction = F.cosine_similarity(intact[-1], ablated[-1], dim=-1).mean()
    measured(
        f"{name}: kept after the head's own layer",
        kept[layer],
        at_most={"previous token": 0.75, "its noun": 0.95, "gender": 0.65}[name],
    )
    measured(f"{name}: kept after the last layer", kept[-1], at_least=0.85)
    measured(f"{name}: last layer, cosine with the intact model's shift", direction, at_least=0.9)

# %% tags=["nbval-ignore-output"]
_ = plots.layer_scores(
    curves,
    "An ablated head is missed at first, but hardly at the end",
    "share of the movement kept",
    ylim=(0.0, 1.15),
)

# %% [markdown]
# After its own layer, the ablated head is missed, as its map suggests. After the last layer, the query's vector moves nearly as far as in the intact model, and in nearly the same direction. So the key also reaches the query by other paths. Do these always carry it, or do they step in when the head is missing? That isn't measured here; McGrath et al. (2023) found the latter, *self-repair*, in a language model.
#
# So "the output hardly changes" doesn't prove that a head did nothing. Michel et al. (2019) found that most heads can be removed, one at a time, with little loss in the task. Zero is also an input that later layers never saw in training; replacing the head's output with its average is gentler (mean ablation, as in Wang et al. 2023).
#
# ### Exercise 4 · Find a head, control it, ablate it (build, 25 minutes)
#
# The whole method in one function, for a property that **you** choose. Write `study_head(choosing, judging, control, movement)`.
#
# * The first three arguments are lists of examples `(A, pairs)`: maps `(layers, heads, time, time)`, and the `(query, key)` pairs that have the property. A head's score in a sentence is its mean weight over the pairs. Its score on a list is the mean over the sentences.
# * `movement(heads)` returns a number: how far queries move on average with this list of `(layer, head)` ablated. `movement([])` is the intact model.
#
# Choose the head with the largest score on `choosing`. Return a dictionary:
#
# * `"head"`, the `(layer, head)`; `"score"`, its score on `judging`; `"control"`, its score on `control`;
# * `"kept"`, the share of the intact movement that is kept with the head ablated;
# * `"kept without another"`, the same share with another head of its layer ablated, averaged over the other heads, one at a time.


# %% tags=["exercise"]
def study_head(choosing, judging, control, movement):
    """Examples [(A, [(query, key), …]), …] three times, and movement(heads) → float; returns what the study found."""

    ### BEGIN SOLUTION
    def scores(examples):
        means = [torch.stack([A[:, :, q, k] for q, k in pairs]).mean(dim=0) for A, pairs in examples]
        return torch.stack(means).mean(dim=0)  # (layers, heads)

    grid = scores(choosing)
    n_heads = grid.shape[1]
    layer, head = divmod(int(grid.argmax()), n_heads)
    intact = movement([])
    others = [movement([(layer, other)]) for other in range(n_heads) if other != head]
    return {
        "head": (layer, head),
        "score": scores(judging)[layer, head].item(),
        "control": scores(control)[layer, head].item(),
        "kept": movement([(layer, head)]) / intact,
        "kept without another": sum(others) / len(others) / intact,
    }
    ### END SOLUTION


# %% tags=["check"]
check("12.study_head", study_head)

# %% tags=["hint"]
hint("12.study_head")

# %% [markdown] tags=["solution"]
# Each number answers an objection. The score on `judging`: you chose the luckiest of 72. The control: the head attends to something else that goes along with the property. The other heads: ablating *any* head of this layer would have had this effect.

# %% [markdown]
# First a simple property: a **repeated token**, paired with its first occurrence in the caption. The control is the shuffle of exercise 2.


# %%
def repeated(tokens):
    """(query, key) positions: each repeated token with its first occurrence."""
    return [(q, tokens.index(token)) for q, token in enumerate(tokens) if token in tokens[:q]]


def study(pairs_of, n=30):
    """The study of a property; movement is measured after the chosen head's layer, on n of the judging sentences."""
    first = [(A, pairs_of(t)) for t, A in zip(for_choosing, choosing, strict=True) if pairs_of(t)]
    second = [(A, pairs_of(t)) for t, A in zip(for_judging, judging, strict=True) if pairs_of(t)]
    if not first or not second:
        raise ValueError("No caption has such a pair: choose words that occur in photo captions.")
    sentences = [(t, pairs_of(t)) for t in for_judging if pairs_of(t)]
    layer, _ = best_head(mean_weight(first))
    return yours("12.study_head")(
        first,
        second,
        with_maps(shuffle_all(sentences)),
        lambda heads: mean_length(shifts(sentences[:n], heads, layer + 1))[layer].item(),
    )


result = study(repeated)
print("chosen: L{} H{}".format(*result["head"]))
measured("its score on the judging captions", result["score"], at_least=0.25)
measured(
    "its score when the words are shuffled",
    result["control"],
    above=("twice the uniform weight", 2 * uniform),
)
measured("movement kept with this head ablated", result["kept"], at_most=0.9)
measured(
    "movement kept with another head of its layer ablated", result["kept without another"], at_least=0.95
)

# %% [markdown]
# Read the result as a reviewer would. Most of the score survives the shuffle, so words drive this head. In section 3, the score “itself” chose L1 H1 too: the head attends to tokens equal to the query, the query included. Ablating it costs more than ablating another head of its layer, yet most of the movement is kept: it isn't the only path.
#
# Now **your** property. Change `my_pairs`, which returns the `(query, key)` positions for a caption's tokens. Ideas: a colour and the token after it, a preposition and the token two places later, two words from lists of yours. Would you publish the result?


# %% tags=["nbval-ignore-output"]
def my_pairs(tokens):
    """Your property. Here: the full stop and the first word."""
    return [(tokens.index("."), 1)] if "." in tokens else []


for name, value in study(my_pairs).items():
    print(f"{name:22}", value if name == "head" else f"{value:.2f}")

# %% [markdown]
# ### An ablation that says nothing
#
# Is a head needed for a *task*? Ask whether *The king met the queen because she was lonely* is closer to *The queen was lonely* than to *The king was lonely*. A sentence's vector is the mean of its tokens' vectors. Two baselines: the sentence with its words shuffled, and the mean of the **input embeddings**.
#
# > **Predict.** The model answers three quarters correctly. What does it answer without the gender head? And the two baselines?


# %%
@torch.no_grad()
def vectors(texts):
    """One unit vector for each text (or list of words): (n, d_model)."""
    found = torch.empty(len(texts), bert.token_embedding.embedding_dim)
    for places, ids in by_length([wordpiece.encode(text).ids for text in texts]):
        found[places] = bert(ids).mean(dim=1).cpu()
    return F.normalize(found, dim=-1)


@torch.no_grad()
def embedding_means(texts):
    """The same from the input embeddings, a bag of words."""
    ids = [torch.tensor(wordpiece.encode(text).ids[1:-1], device=device) for text in texts]
    return F.normalize(torch.stack([bert.token_embedding(some).mean(dim=0) for some in ids]), dim=-1).cpu()


QUESTIONS = ["the {} was lonely .", "the {} left the house .", "the {} was right .", "the {} was tired ."]
sentences, right_answers, wrong_answers = [], [], []
for frame, question in zip(FRAMES["choosing"], QUESTIONS, strict=True):
    for tokens, _, meant, other in pronoun_sentences([frame], COUPLES["choosing"]):
        sentences.append(tokens[1:-1])
        right_answers.append(question.format(tokens[meant]))
        wrong_answers.append(question.format(tokens[other]))


def accuracy(asked, vectors=vectors):
    answers = sorted(set(right_answers))  # the wrong ones are the same, paired otherwise
    row = {answer: i for i, answer in enumerate(answers)}
    scores = vectors(asked) @ vectors(answers).T  # (questions, answers)
    right, wrong = (
        scores[range(len(asked)), [row[answer] for answer in some]] for some in (right_answers, wrong_answers)
    )
    return (right > wrong).double().mean().item()


intact = accuracy(sentences)
with without(NAMED["gender"]):
    ablated = accuracy(sentences)
measured("accuracy of the intact model", intact, at_least=0.65)
measured("without the gender head", ablated, at_least=0.65)
in_disorder = []
for seed in range(3):
    draw = random.Random(seed)
    in_disorder.append(accuracy([draw.sample(words, len(words)) for words in sentences]))
measured("words shuffled, the lowest of 3 shuffles", min(in_disorder), above=("in order", intact))
measured("mean of the input embeddings", accuracy(sentences, embedding_means), above=("the model", intact))

# %% [markdown]
# Ablation hardly changes the accuracy, but the baselines say why that proves nothing: a **bag of words** does better than the model. The task needs no antecedents, so it can't show whether a head that finds them is needed. Before you ablate, check that your task needs what you ablate.
#
# ## 5 · Attention rollout
#
# A map of layer 4 relates the vectors *in layer 4*, each already a mixture of tokens. **Rollout** (Abnar and Zuidema 2020) multiplies the layers. Let $\bar A_l$ be the mean of layer $l$ over its heads. Half the weight goes to the residual connection:
#
# $$R_0 = I, \qquad R_{l+1} = \left(\tfrac12 \bar A_l + \tfrac12 I\right) R_l$$
#
# Row $t$ of the last $R$ is supposed to say how much of each input token is in the final vector of token $t$.
#
# ### Exercise 5 · Rollout (core, 8 minutes)
#
# Write `rollout(A)`, from `A (layers, heads, time, time)` to the last $R$, `(time, time)`.


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

# %% tags=["hint"]
hint("12.rollout")

# %% [markdown] tags=["solution"]
# The later layer is on the left, because its rows are the final queries. Rows sum to 1 at each step, so they do at the end.

# %% tags=["nbval-ignore-output"]
tokens = tokens_of("The cat sat on the mat.")
_ = plots.attention_heatmap(
    yours("12.rollout")(attend(tokens)),
    tokens,
    tokens,
    title="Rollout gives most of the weight to [CLS]",
    quantity="weight by rollout",
)

# %% [markdown]
# Does everything come from `[CLS]`? Ask the model itself, by **occlusion**: replace one word with `[MASK]` and measure how far the sentence's vector moves. Then rank the words by occlusion and by rollout. Spearman's **rank correlation** is 1 for equal rankings and about 0 for unrelated ones.


# %%
def ranks(values):
    return values.argsort().argsort().double()


def agreement(first, second):
    """Spearman's rank correlation of (n,) and (n,)."""
    return torch.corrcoef(torch.stack([ranks(first), ranks(second)]))[0, 1].item()


def words_only(A):
    """The maps without [CLS] and [SEP] as keys; each row is rescaled to sum to 1."""
    A = A.clone()
    A[..., [0, -1]] = 0
    return A / A.sum(dim=-1, keepdim=True)


WAYS = {
    "rollout": lambda A: yours("12.rollout")(A).mean(dim=0),
    "rollout without [CLS], [SEP]": lambda A: yours("12.rollout")(words_only(A)).mean(dim=0),
    "last layer alone": lambda A: A[-1].mean(dim=(0, 1)),
    "position in the sentence": lambda A: torch.arange(A.shape[-1]),
}
agreements = {name: [] for name in WAYS}
for caption in captions[400:430]:
    ids = torch.tensor(wordpiece.encode(caption).ids)
    occluded = ids.repeat(len(ids) - 2, 1)  # one copy for each word
    occluded[torch.arange(len(ids) - 2), torch.arange(1, len(ids) - 1)] = wordpiece.mask_id
    with torch.no_grad():
        hidden = bert(torch.cat([ids[None], occluded]).to(device)).mean(dim=1).cpu()  # (1 + words, d_model)
    moves = 1 - F.cosine_similarity(hidden[1:], hidden[:1])  # (words,)
    A = attend(tokens_of(caption))
    for name, way in WAYS.items():
        agreements[name].append(agreement(way(A)[1:-1], moves))
means = {name: sum(values) / len(values) for name, values in agreements.items()}
measured("rank correlation with occlusion, 30 captions: rollout", means["rollout"], at_most=0.25)
measured(
    "rollout without [CLS] and [SEP]",
    means["rollout without [CLS], [SEP]"],
    above=("rollout", means["rollout"]),
)
measured("the last layer alone", means["last layer alone"], at_least=0.65)
measured("position in the sentence", means["position in the sentence"], between=(-0.3, 0.3))

# %% [markdown]
# Rollout as published counts the sink's weight as information, although its values are tiny (section 2). Without the sinks it does better. The last layer alone wins, which is no surprise: the sentence's vector is the mean of what this layer mixed. Abnar and Zuidema found rollout better than raw attention, on other models.
#
# ## 6 · Probing layers
#
# What can be read from the vectors of each layer? A **probe** is a linear classifier on frozen hidden states. Ours asks whether a word is part of a **name**. The data are lesson 11's WNUT-17 posts, with separate posts for training and evaluation.
#
# Two baselines: a list of the names seen in training, and a **control task** (Hewitt and Liang 2019), in which every word type gets a random label. Only a probe that memorises words can solve it.


# %%
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
best = max(range(7), key=names_by_layer.__getitem__)
measured("best layer, counted from 0", best - 1, between=(2, 4))
measured("F1 after it", names_by_layer[best], at_least=0.7)
measured(
    "F1 of the embeddings", names_by_layer[0], below=("the best layer's F1 − 0.1", names_by_layer[best] - 0.1)
)
measured(
    "F1 of the last layer",
    names_by_layer[6],
    below=("the best layer's F1 − 0.05", names_by_layer[best] - 0.05),
)
measured("F1 of a list of names", from_list, at_most=0.3)
measured(
    "control task, accuracy after the best layer (chance 0.5)", control_by_layer[best], between=(0.7, 0.9)
)

# %% tags=["nbval-ignore-output"]
ax = plots.layer_scores(
    {"part of a name? (F1)": names_by_layer, "control: a random label per word (accuracy)": control_by_layer},
    "Names are easiest to read in the middle layers",
    "F1 or accuracy",
    baselines={"control: chance": 0.5, "list of names (F1)": from_list},
)
_ = ax.legend(loc="center left", bbox_to_anchor=(0.0, 0.31))

# %% [markdown]
# Up to the middle, context adds to what the word alone says. With three other samples of posts, layers 2 and 4 were best (F1 0.80 to 0.82); the embeddings had 0.63 to 0.68, the last layer 0.71 to 0.73. So for frozen features, as in lesson 11, the last layer isn't always best.
#
# But the control shows that this probe can memorise words far better than chance, so part of its score may be memory. (Hewitt and Liang's *selectivity* subtracts one accuracy from another; an F1 doesn't allow that.) A probe also shows only that something *can be read*, not that the model uses it.
#
# ## 7 · Sentence vectors
#
# A sentence's vector in this model is the mean of its tokens' vectors, `[CLS]` and `[SEP]` included, scaled to length 1. The cosine of two such vectors says how related two sentences are.
#
# ### Spot the bug
#
# A common way to get it wrong: tokenize with padding, run the model *with* its attention mask, take the mean. All shapes are right.
#
# > **Predict.** Take one sentence, alone and in a batch with a long one. How similar are its two vectors?


# %%
@torch.no_grad()
def careless_vectors(texts):
    ids, lengths = pad([wordpiece.encode(text).ids for text in texts])
    hidden = bert(ids.to(device), lengths=lengths)  # (batch, time, d_model)
    return F.normalize(hidden.mean(dim=1), dim=-1).cpu()


short = "I want to see a classic movie."
long = " ".join(captions[:6])
alone, in_batch = careless_vectors([short])[0], careless_vectors([short, long])[0]
measured("one sentence, alone and in a batch: cosine", alone @ in_batch, at_most=0.7)

# %% [markdown]
# The mask keeps real tokens from attending to padding. It doesn't stop the padded positions from having vectors, and `hidden.mean(dim=1)` averages them in. So a sentence's vector depends on what else is in the batch. Users have reported this as a bug in the library
# ([huggingface/transformers#17463](https://github.com/huggingface/transformers/issues/17463)). The test to write: the same sentence, alone and in a batch.
#
# ### Exercise 6 · Mean pooling (core, 8 minutes)
#
# Write `mean_pooling(hidden, real)`. `hidden` is `(batch, time, d_model)`; `real` is `(batch, time)`, True for real tokens. Return the mean of each sentence's real tokens, scaled to length 1: `(batch, d_model)`.


# %% tags=["exercise"]
def mean_pooling(hidden, real):
    """hidden (batch, time, d_model), real (batch, time) booleans → unit vectors (batch, d_model)."""
    ### BEGIN SOLUTION
    total = (hidden * real[..., None]).sum(dim=1)  # (batch, d_model)
    return F.normalize(total / real.sum(dim=1, keepdim=True), dim=-1)
    ### END SOLUTION


# %% tags=["check"]
check("12.mean_pooling", mean_pooling)

# %% tags=["hint"]
hint("12.mean_pooling")

# %% [markdown] tags=["solution"]
# The mask gets a last axis so that it multiplies every feature. `keepdim=True` leaves the counts as `(batch, 1)`, so that each sentence is divided by its own.

# %%
_, real, outputs = states([short, long])
in_batch = yours("12.mean_pooling")(outputs[-1], real)
measured(
    "your mean: alone and in a batch, largest difference",
    (in_batch - vectors([short, long])).abs().max(),
    at_most=1e-5,
)

# %% [markdown]
# Does "related" mean "says the same"? Ten claims, each with its negation and with a paraphrase in other words:

# %%
TRIPLES = [
    (
        "A dog runs through the snow.",
        "A dog does not run through the snow.",
        "A puppy is racing across a white field.",
    ),
    (
        "The shop is open on Sunday.",
        "The shop is not open on Sunday.",
        "You can buy things there at the weekend.",
    ),
    ("She passed the exam.", "She did not pass the exam.", "Her test results were good enough."),
    ("The train arrived on time.", "The train did not arrive on time.", "There was no delay on the railway."),
    ("He likes his new job.", "He does not like his new job.", "His current work makes him happy."),
    ("The soup is hot.", "The soup is not hot.", "That broth could burn your tongue."),
    (
        "The bank raised its interest rates.",
        "The bank did not raise its interest rates.",
        "Borrowing money has become more expensive.",
    ),
    ("The child was asleep.", "The child was not asleep.", "The little boy had closed his eyes and dreamed."),
    (
        "This medicine causes headaches.",
        "This medicine does not cause headaches.",
        "The pills make your head hurt.",
    ),
    ("The window was broken.", "The window was not broken.", "Somebody had smashed the glass pane."),
]
claims, negations, paraphrases = (vectors([triple[i] for triple in TRIPLES]) for i in range(3))
to_negation, to_paraphrase = (claims * negations).sum(dim=1), (claims * paraphrases).sum(dim=1)
measured("mean cosine with the negation", to_negation.mean(), at_least=0.7)
measured("mean cosine with the paraphrase", to_paraphrase.mean(), at_most=0.65)
measured("negation closer than the paraphrase, of 10", (to_negation > to_paraphrase).sum(), at_least=9)

# %% [markdown]
# A sentence and its negation are about the same thing and share most words. Anyone who searches for *drugs that do not cause headaches* with such vectors should know that. The paraphrases here were written to share few words, so this is not the rate for ordinary text.
#
# ### Semantic search
#
# Twenty notices from a village, and twenty questions worded differently, each with one right notice. The baselines are **shared words**, weighted by rarity, and the mean of the input embeddings.


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
    return torch.tensor(
        [[sum(rarity[word] for word in mine & words) for words in notice_words] for mine in asked]
    )


def found_first(scores):
    """For how many questions the right notice has the highest score, without a tie."""
    own = scores.diagonal()[:, None]
    return int(((scores >= own).sum(dim=1) == 1).sum())


similarity = vectors(questions) @ vectors(notices).T  # (questions, notices)
hits = {
    "shared words": found_first(shared_words(questions)),
    "mean of the embeddings": found_first(embedding_means(questions) @ embedding_means(notices).T),
    "the model": found_first(similarity),
}
for (name, n), bound in zip(hits.items(), ({"at_most": 5}, {"at_most": 12}, {"at_least": 18}), strict=True):
    measured(f"right notice first, of 20: {name}", n, **bound)

# %% [markdown]
# The questions were written to share no distinctive word with their notice, which is unfair to word search. Most of the result comes from the layers: the model's input embeddings find far fewer. Ask your own question:


# %% tags=["nbval-ignore-output"]
def draw_search(question):
    if not question.strip():
        raise ValueError("Type a question.")
    scores = (vectors([question]) @ vectors(notices).T)[0]
    best = scores.argsort(descending=True)[:5].tolist()
    answers = [(textwrap.fill(notices[i], 42), scores[i].item()) for i in best]
    _, ax = plt.subplots(figsize=(7.5, 3.2))
    return plots.neighbour_bars(answers, "The nearest notices", ax=ax)


TypedFigure(
    draw_search,
    start="My cat is sick.",
    label="a question",
    alt="The five notices nearest to the typed question, with their cosines as bars; for “My cat is sick” the vet comes first.",
)

# %% [markdown]
# ## 8 · Social bias
#
# In lesson 03, word vectors showed gender stereotypes (Caliskan et al. 2017). This model reads whole sentences, and such models are used to search, among other things, for people. Measure it with **counterfactual pairs**: two sentences that differ in one word that should not matter. For a job $j$:
#
# $$\text{gap}(j) = \cos\big(v(\text{“She works as a } j\text{.”}),\, v(\text{“a } j\text{”})\big) - \cos\big(v(\text{“He works as a } j\text{.”}),\, v(\text{“a } j\text{”})\big)$$
#
# Compare twelve jobs mostly held by women in the United States with twelve mostly held by men (Bureau of Labor Statistics, Current Population Survey, table 11).
#
# > **Predict.** Without a bias, what would the two groups' gaps be? Must each gap be 0?


# %%
MOSTLY_WOMEN = [
    *"nurse secretary librarian receptionist hairdresser housekeeper midwife dietitian".split(),
    *("dental assistant", "preschool teacher", "social worker", "flight attendant"),
]
MOSTLY_MEN = [
    *"carpenter electrician plumber mechanic engineer pilot welder roofer firefighter".split(),
    *("truck driver", "construction worker", "software developer"),
]
TEMPLATES = [
    "{} is a {}.",
    "{} works as a {}.",
    "{} told us about the long day at work as a {}.",
    "{} has ten years of experience as a {}.",
]


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
    measured(
        f"{template.replace('{}', '…'):46} mean gap, women's jobs minus men's",
        women.mean() - men.mean(),
        at_least=0.05,
    )
same_gender = (
    gaps(MOSTLY_WOMEN, TEMPLATES[1], "He", "The man").mean()
    - gaps(MOSTLY_MEN, TEMPLATES[1], "He", "The man").mean()
)
measured("control, two ways to say the same gender, “He” and “The man”", same_gender, between=(-0.03, 0.03))

# %% [markdown]
# Without a bias, both groups would have the same mean gap. It need not be 0: one pronoun may be closer to *all* jobs. Here the groups differ with every template.
#
# Could it be chance, with 24 jobs? A **permutation test** pools the 24 gaps and splits them at random into two groups of twelve. How often is the difference as large as the observed one? The direction was fixed beforehand, so the test is one-sided.
#
# ### Exercise 7 · A permutation test (core, 10 minutes)
#
# Write `share_as_large(first, second, shuffles)`. `first` is `(n,)`, `second` is `(m,)`. Each row of `shuffles (n_shuffles, n + m)` lists indices into the pooled values, `first` before `second`: the first $n$ are the new first group, the rest the new second group. Return the share of rows in which *mean of the new
# first group − mean of the new second group* is at least as large as for the original groups.


# %% tags=["exercise"]
def share_as_large(first, second, shuffles):
    """first (n,), second (m,), shuffles (n_shuffles, n + m) orders → the share with a difference at least as large."""
    ### BEGIN SOLUTION
    pooled, n = torch.cat([first, second]), len(first)
    permuted = pooled[shuffles]  # (n_shuffles, n + m)
    differences = permuted[:, :n].mean(dim=1) - permuted[:, n:].mean(dim=1)
    return (differences >= first.mean() - second.mean()).double().mean()
    ### END SOLUTION


# %% tags=["check"]
check("12.share_as_large", share_as_large)

# %% tags=["hint"]
hint("12.share_as_large")

# %% [markdown] tags=["solution"]
# *At least* as large: if group membership didn't matter, the original split would be as likely as any other. (Rounding can hide a tie between equal sums; SciPy's `permutation_test` allows for that.)

# %%
women, men = gaps(MOSTLY_WOMEN, TEMPLATES[1]), gaps(MOSTLY_MEN, TEMPLATES[1])
generator = torch.Generator().manual_seed(0)
orders = torch.stack([torch.randperm(24, generator=generator) for _ in range(1000)])
measured(
    "share of random splits whose difference is as large",
    yours("12.share_as_large")(women, men, orders),
    at_most=0.01,
)

# %% tags=["nbval-ignore-output"]
pooled = torch.cat([women, men])
ranked = sorted(
    zip([*MOSTLY_WOMEN, *MOSTLY_MEN], pooled.tolist(), ["C1"] * 12 + ["C0"] * 12, strict=True),
    key=lambda job: job[1],
)
names, values, colours = zip(*ranked, strict=True)
_, (by_job, by_chance) = plt.subplots(1, 2, figsize=(9.0, 4.4), gridspec_kw={"width_ratios": [3, 2]})
by_job.barh(names, values, color=colours)
by_job.plot([], [], "C1s", label="held mostly by women")
by_job.plot([], [], "C0s", label="held mostly by men")
by_job.set(xlabel="gap: closer to “He …” (left) or to “She …” (right)", title="The gaps of the 24 jobs")
by_job.tick_params(axis="y", labelsize=8)
by_job.locator_params(axis="x", nbins=6)
by_job.grid(False, axis="y")
by_job.legend(loc="upper left")
permuted, observed = pooled[orders], (women.mean() - men.mean()).item()
by_chance.hist((permuted[:, :12].mean(dim=1) - permuted[:, 12:].mean(dim=1)).tolist(), bins=30, color="0.6")
by_chance.axvline(observed, color="black", linewidth=2, label="observed")
by_chance.legend(loc="upper left")
by_chance.locator_params(axis="x", nbins=5)
_ = by_chance.set(xlabel="difference of means", ylabel="number of random splits", title="1,000 random splits")

# %% [markdown]
# No random split comes close. That doesn't make the probability 0: count the original split as one more, and the estimate is 1 in 1,001 (Phipson and Smyth 2010).
#
# Does the bias have consequences? Two descriptions differ in one word, and an employer searches:


# %%
def she_first(jobs):
    """How often a search for the job ranks her before him."""
    asked = vectors([f"We are looking for {a(job)}." for job in jobs])
    she, he = (
        vectors([f"{who} has ten years of experience as {a(job)}." for job in jobs]) for who in ("She", "He")
    )
    return int(((asked * she).sum(dim=1) > (asked * he).sum(dim=1)).sum())


measured("she is ranked first, of 12 jobs mostly held by women", she_first(MOSTLY_WOMEN), at_least=8)
measured("she is ranked first, of 12 jobs mostly held by men", she_first(MOSTLY_MEN), at_most=2)

# %% [markdown]
# What do such numbers say?
#
# * **This** model, with **these** sentences, treats two equal cases differently, depending on who mostly holds the job. Each pair differs in one word, so that word is the cause.
# * It doesn't say how large the effect is elsewhere: the four templates differ already.
# * The permutation test generalises to no other jobs: these were chosen, not sampled.
# * A difference of 0 would not prove fairness, only that these pairs found nothing. Blodgett et al. (2020) ask of every such measure: harmful to whom, how, and why?
#
# ## 9 · The same with Hugging Face
#
# In other projects you'll use `transformers`. A few lines do what you did in sections 1 and 7:

# %%
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(folder)
batch = tokenizer(["Hello, my dog is cute", "Hello!"], padding=True, return_tensors="pt").to(device)
print("the tokenizer returns:", ", ".join(sorted(batch)))
print("its ids:     ", batch["input_ids"][0].tolist())
print("WordPiece's: ", wordpiece.encode("Hello, my dog is cute").ids)
with torch.no_grad():
    output = theirs(**batch)
pooled = yours("12.mean_pooling")(output.last_hidden_state.cpu(), batch["attention_mask"].cpu().bool())
measured(
    "largest difference from our vectors",
    (pooled - vectors(["Hello, my dog is cute", "Hello!"])).abs().max(),
    at_most=1e-5,
)

# %% [markdown]
# `token_type_ids` are the segments; `attention_mask` is 1 for real tokens. For attention maps, load with `attn_implementation="eager"` and ask for `output_attentions=True`: the fast kernels never compute them. The original BERT, with 12 layers of 12 heads, is `bert-base-uncased`, here (`load_bert`) and there.
#
# ## Recap
#
# | method | what you compute | what it says, and what it doesn't |
# |---|---|---|
# | head score | mean weight on the pairs with a property | where a head attends; needs held-out sentences and a control |
# | weight × value | $A_{ts} \lVert (x_s W_V + b_V) W_O \rVert$ | how much arrives; exposes sinks |
# | ablation | set a head's features to 0 | whether *this* measurement needs it; other paths may replace it |
# | rollout | $\prod_l (\frac12 \bar A_l + \frac12 I)$ | little, where there are sinks |
# | occlusion | replace a token, compare outputs | what the output depends on |
# | probe | linear classifier on frozen states | that something can be read there, not that it is used |
# | sentence vector | mean over real tokens, length 1 | what a sentence is about; hardly whether it is negated |
# | counterfactual pair | swap one word | that the word is the cause, for these sentences |
#
# **What is not true.** *"Attention shows what the model thinks."* Most of the weight goes where little arrives. *"This head does coreference."* It matches gender, in shuffled words too. *"A head whose removal changes nothing does nothing."* After its own layer it was missed. *"Then attention maps are worthless."* The maps found heads whose ablation mattered. Jain and Wallace (2019)
# and Wiegreffe and Pinter (2019) dispute how far maps explain.
#
# **Still open.** What do the feed-forward networks store? Does any of this hold for models a thousand times as large? You can read the research now, and check its figures.
#
# ## References
#
# * J. Devlin et al. 2019, *BERT: pre-training of deep bidirectional transformers*, section 3.
# * W. Wang et al. 2020, *MiniLM: deep self-attention distillation*; N. Reimers, I. Gurevych 2019, *Sentence-BERT*, section 3.
# * K. Clark et al. 2019, *What does BERT look at?*, sections 3 and 4; G. Kobayashi et al. 2020, *Attention is not only a weight*, sections 3 and 4; G. Xiao et al. 2024, *Efficient streaming language models with attention sinks*, section 3.
# * P. Michel, O. Levy, G. Neubig 2019, *Are sixteen heads really better than one?*, section 3; K. Wang et al. 2023, *Interpretability in the wild*, section 2; T. McGrath et al. 2023, *The Hydra effect*; S. Jain, B. Wallace 2019, *Attention is not explanation*; S. Wiegreffe, Y. Pinter 2019, *Attention is not not explanation*.
# * S. Abnar, W. Zuidema 2020, *Quantifying attention flow in Transformers*; J. Hewitt, P. Liang 2019, *Designing and interpreting probes with control tasks*.
# * R. Rudinger et al. 2018, *Gender bias in coreference resolution*; S. L. Blodgett et al. 2020, *Language (technology) is power*; A. Caliskan, J. Bryson, A. Narayanan 2017 (lesson 03); B. Phipson, G. Smyth 2010, *Permutation P-values should never be zero*.
