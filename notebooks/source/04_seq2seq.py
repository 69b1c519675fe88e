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
# # 04 · Sequence to sequence
#
# **How can a network turn one sequence into another of a different length?** `apr 5, 2012` should become `2012-04-05`, and a German sentence an English
# one. A language model continues a text. Here one text, the **source**, becomes another, the **target**, with a length and an order of its own. The answer of 2014 was two
# networks: one reads, the other writes.
#
# You will be able to:
#
# * **prepare** the inputs and targets of a decoder for teacher forcing (exercise 1),
# * **keep** padding out of a loss and out of a state (exercises 2 and 3),
# * **write** greedy search and build beam search (exercises 4 and 5),
# * **test** what a length penalty changes (exercise 6),
# * **score** a translation with BLEU (exercise 7).
#
# Time: 90 minutes; the cells run for about a minute on one CPU core. You need lesson 02 (the LSTM, its state $(h, c)$ and its forget bias)
# and the training loop of lesson 01.

# %% tags=["setup", "nbval-ignore-output"]
import copy
import math

import torch
import torch.nn.functional as F

from course_lib import decoding, drawings, plots
from course_lib.data import dates
from course_lib.device import setup
from course_lib.explore import SliderFigure, TypedFigure
from course_lib.metrics import bleu
from course_lib.models.recurrent import LSTM
from course_lib.models.seq2seq import Decoder, Encoder, Seq2Seq
from course_lib.models.size import n_parameters
from course_lib.practice import check, hint, yours
from course_lib.recipes import bottleneck, multi30k
from course_lib.report import measured
from course_lib.stored import load_stored
from course_lib.text.padding import PairBatch, pad, pair_batches
from course_lib.text.words import WordVocabulary, detokenize, tokenize
from course_lib.training import learning_rate

device = setup(seed=0)

# %% [markdown]
# ## 1 · Encoder and decoder
#
# The first task is dates. Each source has exactly one correct target, and no date of the test set occurs in training.

# %%
LANGUAGES = ("en", "de", "fr", "es")
train_dates = dates.sample(20_000, "train", seed=0, locales=LANGUAGES)
validation_dates = dates.sample(300, "validation", seed=2, locales=LANGUAGES)
test_dates = dates.sample(1_000, "test", seed=1, locales=LANGUAGES)
for example in train_dates[:5]:
    print(f"{example.source:>28} → {example.target}")

# %% [markdown]
# The **encoder** is an LSTM that reads the source $x_1 \dots x_S$ and predicts nothing. Only its final state is used: $v = (h_S, c_S)$, a vector of fixed size, however
# long the source was. The **decoder** is an LSTM language model, like that of lesson 01, with one difference. Its initial state is $v$ instead of zeros.

# %%
drawings.encoder_decoder()

# %% [markdown]
# So the probability of a target $y$ is a product over its symbols, each conditioned on those before it and on $v$ (Sutskever et al. 2014; Cho et al. 2014):
#
# $$p(y \mid x) = \prod_{t} p(y_t \mid y_1 \dots y_{t-1},\; v)$$
#
# Two special symbols mark the ends. The decoder reads `<bos>` (beginning of sequence) before anything is written, and it writes `<eos>` (end of sequence) when it is done.
# Here are both networks by hand, step by step, compared with the library's `Seq2Seq`:

# %%
_ = torch.manual_seed(0)
encoder = Encoder(vocab_size=7, d_embed=3, recurrent=LSTM(3, 4))
decoder = Decoder(vocab_size=6, d_embed=3, recurrent=LSTM(3, 4))
source = torch.tensor([[4, 6, 5]])  # (batch, source_len)
lengths = torch.tensor([3])  # of each source, (batch,); section 3 says what for
target_in = torch.tensor([[2, 4]])  # what the decoder reads, (batch, target_len)

state = None
for t in range(3):  # read: ignore the output, keep the state
    x_t = encoder.embedding(source[:, t])[:, None]  # (batch, 1, d_embed)
    _, state = encoder.recurrent(x_t, state)
v = state  # h and c

logits = []
for t in range(2):  # write: start from v
    y_t = decoder.embedding(target_in[:, t])[:, None]  # (batch, 1, d_embed)
    output, state = decoder.recurrent(y_t, state)
    logits.append(decoder.head(output))  # (batch, 1, vocab_size)

print(f"v holds {sum(part.numel() for part in v)} numbers: h and c of 4 units")
difference = torch.cat(logits, dim=1) - Seq2Seq(encoder, decoder)(source, lengths, target_in)
measured("by hand, largest difference from the library", difference.detach().abs().max(), at_most=1e-6)

# %% [markdown]
# ## 2 · Teacher forcing
#
# What should the decoder read during training? Its own output is useless at first. **Teacher forcing** (Williams and Zipser 1989) lets it read the *true* symbols instead. At
# each step the question is: everything before was correct; what comes next? Since the truth is known in advance, all steps run in one call.
#
# > **Predict.** The target is `1 9 <eos>`. What has the decoder read when it has to predict `9`? And when it has to predict `1`?
#
# | step | has read | has to predict |
# |---|---|---|
# | 1 | `<bos>` | `1` |
# | 2 | `<bos> 1` | `9` |
# | 3 | `<bos> 1 9` | `<eos>` |
#
# Inputs and targets are the same symbols, shifted against each other by one.
#
# ### Exercise 1 · Inputs and targets of a decoder (warm-up, 4 minutes)
#
# Write `shift_target(target, bos, eos)`. `target` is a list of ids without special symbols. Return a pair of lists: what the decoder reads, and what it has to predict.


# %% tags=["exercise"]
def shift_target(target, bos, eos):
    """target: list of ids → (what the decoder reads, what it has to predict), two lists of the same length."""
    ### BEGIN SOLUTION
    return [bos, *target], [*target, eos]
    ### END SOLUTION


# %% tags=["check"]
check("04.shift_target", shift_target)

# %% tags=["hint"]
hint("04.shift_target")

# %% [markdown] tags=["solution"]
# Without the shift the decoder would read the very symbol that it has to predict. The loss would fall to 0, and the decoder would have learned to copy its input.

# %% [markdown]
# Now the validation and test dates, prepared by your function:

# %%
source_vocabulary = WordVocabulary(dates.source_characters())
target_vocabulary = WordVocabulary(dates.TARGET_CHARACTERS)
BOS, EOS = target_vocabulary.bos_id, target_vocabulary.eos_id


def shifted(examples):
    """Dates → (what the decoder reads, what it has to predict), each (len(examples), 11)."""
    pairs = [yours("04.shift_target")(target_vocabulary.encode(d.target), BOS, EOS) for d in examples]
    return [torch.tensor(side).to(device) for side in zip(*pairs, strict=True)]


validation_in, validation_out = shifted(validation_dates)
test_in, test_out = shifted(test_dates)
for name, ids in (("reads", test_in[0]), ("predicts", test_out[0])):
    print(f"{name:>8}:", *(f"{target_vocabulary.symbols[number]:>5}" for number in ids))

# %% [markdown]
# ## 3 · Padding
#
# A batch is a rectangle, but sequences have different lengths. Short rows are filled up with `<pad>`, id 0. One rule keeps this harmless: **padding must not change any
# result.** A row must give the same state alone and next to a longer one.

# %%
padded, lengths = pad([[4, 6, 5, 3, 6], [5, 4]])  # (batch, time), (batch,)
print(padded.tolist(), "lengths", lengths.tolist())
with torch.no_grad():
    _, (h_alone, _) = encoder(torch.tensor([[5, 4]]), torch.tensor([2]))
    _, (h_batch, _) = encoder(padded, lengths)
    _, (h_careless, _) = encoder(padded, torch.tensor([5, 5]))  # padding treated as real symbols
measured(
    "h of the short row, with lengths: difference from h alone",
    (h_batch[0, 1] - h_alone[0, 0]).abs().max(),
    at_most=1e-6,
)
measured(
    "h of the short row, padding read as symbols: difference",
    (h_careless[0, 1] - h_alone[0, 0]).abs().max(),
    at_least=0.05,
)

# %% [markdown]
# In PyTorch you would *pack* the batch: `pack_padded_sequence` removes the padding before `nn.LSTM` sees it. The course's layers take `lengths` instead. The result is the same:

# %%
packer = torch.nn.LSTM(3, 4, batch_first=True)
packer.load_state_dict(encoder.recurrent.state_dict())
with torch.no_grad():
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        encoder.embedding(padded), lengths, batch_first=True, enforce_sorted=False
    )
    _, (h_packed, _) = packer(packed)
measured("with lengths, largest difference from packing", (h_batch - h_packed).abs().max(), at_most=1e-6)

# %% [markdown]
# On the decoder's side nothing has to be removed, because padding comes *after* `<eos>` and cannot affect anything before it. There the danger is the loss. A
# model quickly learns that only `<pad>` follows `<eos>`. If those positions count, the loss falls although nothing useful was learned. It happens in real
# projects ([lukas-blecher/LaTeX-OCR#305](https://github.com/lukas-blecher/LaTeX-OCR/issues/305)). The loss must be the mean over **real** symbols.
#
# ### Exercise 2 · A loss without padding (core, 8 minutes)
#
# Write `masked_loss(logits, targets, pad_id)` with `logits (batch, target_len, vocab_size)` and `targets (batch, target_len)`. Return the mean cross-entropy, in nats, over the
# positions whose target is not `pad_id`. All of these positions count equally. The model of section 4 trains with your function.


# %% tags=["exercise"]
def masked_loss(logits, targets, pad_id):
    """logits (batch, target_len, vocab_size), targets (batch, target_len) → mean loss of the real symbols."""
    ### BEGIN SOLUTION
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")  # (batch, target_len)
    return losses[targets != pad_id].mean()
    ### END SOLUTION


# %% tags=["check"]
check("04.masked_loss", masked_loss)

# %% tags=["hint"]
hint("04.masked_loss")

# %% [markdown] tags=["solution"]
# `F.cross_entropy` expects the classes in dimension 1, hence the transpose. `reduction="none"` keeps one loss per position, so that padding can be dropped *before* the mean. The option
# `ignore_index=pad_id` does the same in one call.

# %% [markdown]
# ### Exercise 3 · The last real state (warm-up, 5 minutes)
#
# A recurrent layer returns its states at all steps, padding included. Write `last_state(states, lengths)`: from `states (batch, time, hidden_size)` and `lengths (batch,)`, return the state after
# each row's last *real* symbol, `(batch, hidden_size)`.


# %% tags=["exercise"]
def last_state(states, lengths):
    """states (batch, time, hidden_size), lengths (batch,) → (batch, hidden_size)."""
    ### BEGIN SOLUTION
    return states[torch.arange(len(states)), lengths - 1]
    ### END SOLUTION


# %% tags=["check"]
check("04.last_state", last_state)

# %% tags=["hint"]
hint("04.last_state")

# %% [markdown] tags=["solution"]
# Two index tensors of the same length pick one entry per row: row $i$ at step `lengths[i] - 1`. For an LSTM that reads forward, this is what packing returns. One that reads backward must also
# *begin* at the last real symbol.

# %%
with torch.no_grad():
    states, _ = packer(encoder.embedding(padded))  # nn.LSTM without packing: it reads the padding, too
    yours_picked = yours("04.last_state")(states, lengths)
measured(
    "your states, largest difference from packing", (yours_picked - h_packed[0]).abs().max(), at_most=1e-6
)

# %% [markdown]
# ## 4 · Training on dates
#
# The encoder reads in both directions, with 64 units each, and a linear layer maps its two final states to the size of the decoder's. What was read at the beginning has to survive until it is
# written, about twenty steps later. Lesson 02 says how to initialise an LSTM for that: a forget bias of $\ln 20 \approx 3$, and orthogonal recurrent weights.
# Sutskever et al. (2014, section 3.3) shortened the path instead: they reversed the source, so that its first words are read last.

# %%
SYMBOLS = {"bos_id": BOS, "eos_id": EOS}


def lstm(*sizes, **options):
    return LSTM(*sizes, **options).orthogonal_().forget_bias_(math.log(20))


def date_model():
    _ = torch.manual_seed(0)
    encoder = Encoder(len(source_vocabulary), 32, lstm(32, 64, bidirectional=True))
    decoder = Decoder(len(target_vocabulary), 32, lstm(32, 128))
    return Seq2Seq(encoder, decoder).to(device)


def read(texts):
    """Texts → (source, lengths), as the encoder takes them."""
    return pad([source_vocabulary.encode(text) for text in texts])


def exact_match(answers, examples):
    """The share of answers, lists of ids, in which every symbol is correct."""
    written = ["".join(target_vocabulary.decode(ids)) for ids in answers]
    return sum(text == d.target for text, d in zip(written, examples, strict=True)) / len(examples)


def evaluate(model, examples):
    """Exact match when the model writes by itself, most likely symbol first."""
    source, lengths = read([d.source for d in examples])
    answers = decoding.greedy(model, source, lengths, max_len=12, **SYMBOLS)
    return exact_match([answer.ids for answer in answers], examples)


def forced_logits(model, examples, target_in):
    """The model's logits under teacher forcing, (len(examples), 11, vocab_size)."""
    source, lengths = read([d.source for d in examples])
    with torch.no_grad():
        return model(source.to(device), lengths.to(device), target_in)


# %% [markdown]
# The training loop is that of lesson 01 with three changes: the batch has a source, the decoder reads the shifted target, and the loss is yours. The learning rate rises for 100 steps and then falls, as in `fit`. `pair_batches` pads, shifts, and puts pairs of similar
# length into one batch, so that little of it is padding.
#
# > **Predict.** After 200 of 800 steps the model predicts about 85 of 100 *symbols* correctly, under teacher forcing. How many of 100 *whole* dates does it write correctly by itself?

# %% tags=["nbval-ignore-output"]
STEPS = 800
pairs = [(source_vocabulary.encode(d.source), target_vocabulary.encode(d.target)) for d in train_dates]
batches = pair_batches(pairs, 32, generator=torch.Generator().manual_seed(0), epochs=None, **SYMBOLS)
date_writer = date_model()
optimizer = torch.optim.AdamW(date_writer.parameters(), betas=(0.9, 0.99), weight_decay=0.0)
symbols, dates_exact, snapshots = {}, {}, {}  # step → accuracy, exact match, weights
print(f"{n_parameters(date_writer):,} parameters")

for step in range(STEPS):
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, STEPS, peak=1e-2, warm_up=100)
    batch = PairBatch(*(part.to(device) for part in next(batches)))
    logits = date_writer(
        batch.source, batch.source_lengths, batch.target_in
    )  # (batch, target_len, vocab_size)
    loss = yours("04.masked_loss")(logits, batch.target_out, 0)
    optimizer.zero_grad()
    loss.backward()
    _ = torch.nn.utils.clip_grad_norm_(date_writer.parameters(), 1.0)
    optimizer.step()
    if (step + 1) % 100 == 0:
        predicted = forced_logits(date_writer, validation_dates, validation_in).argmax(dim=-1)  # (300, 11)
        symbols[step + 1] = (predicted == validation_out).double().mean().item()
        dates_exact[step + 1] = evaluate(date_writer, validation_dates)
        snapshots[step + 1] = copy.deepcopy(date_writer.state_dict())
        print(f"step {step + 1}: loss {loss.item():.3f} nats, exact match {dates_exact[step + 1]:.2f}")

# %% tags=["nbval-ignore-output"]
_ = plots.accuracy_by_length(
    {"symbols,\nteacher forcing": symbols, "whole dates,\nno teacher": dates_exact},
    title="Most symbols are correct long before most dates are",
    xlabel="training step",
    ylabel="correct on unseen dates",
)

# %%
measured("after 200 steps: accuracy per symbol under teacher forcing", symbols[200], at_least=0.75)
measured("after 200 steps: exact match on 300 unseen dates", dates_exact[200], at_most=0.3)
measured("at the end: exact match on 1,000 unseen dates", evaluate(date_writer, test_dates), at_least=0.98)

# %% [markdown]
# A date is exact only if all eleven symbols are. If each were correct with probability 0.85, independently, only $0.85^{11} = 0.17$ of the dates would be.
#
# Type a date in English, German, French or Spanish. Inputs that are *not* dates are instructive: `31 february 2020`, or `april 2020`. The orange bars are second choices.


# %% tags=["nbval-ignore-output"]
def draw_written(text):
    unknown = sorted({character for character in text if character not in source_vocabulary})
    if unknown or not text:
        raise ValueError(f"not in its vocabulary: {' '.join(unknown)}" if unknown else "type a date")
    source, lengths = read([text])
    (answer,) = decoding.greedy(date_writer, source, lengths, max_len=12, **SYMBOLS)
    steps = len(answer.ids) + answer.finished
    logits = decoding.free_running_logits(date_writer, source, lengths, bos_id=BOS, steps=steps)
    return plots.written_symbols(
        logits[0].softmax(dim=-1), [*answer.ids, EOS][:steps], target_vocabulary.symbols, title=text
    )


TypedFigure(
    lambda text: draw_written(text.lower()),
    start="31 february 2020",
    label="date",
    alt="The symbols that the network writes for a typed date, each with its probability.",
)

# %% [markdown]
# It never refuses, because every source in its training had an answer.
#
# ## 5 · Greedy search
#
# How does a trained decoder write? The simplest way is **greedy search**. Take the most likely symbol, feed it back, and repeat until `<eos>`. All it needs is one step of the network: a symbol and a state go in, scores and a
# new state come out.
#
# ### Exercise 4 · Greedy search (core, 8 minutes)
#
# Write `greedy_decode(step, state, bos, eos, max_len)`. `step(symbol, state)` returns `(scores, state)`: a list with one score per symbol of the vocabulary, and the state for
# the next step. Return the list of ids written, without `bos` and `eos`, at most `max_len` of them.


# %% tags=["exercise"]
def greedy_decode(step, state, bos, eos, max_len):
    """step(symbol, state) → (list of scores, new state); returns the list of ids written."""
    ### BEGIN SOLUTION
    newest, written = bos, []
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = max(range(len(scores)), key=scores.__getitem__)
        if newest == eos:
            break
        written.append(newest)
    return written
    ### END SOLUTION


# %% tags=["check"]
check("04.greedy_decode", greedy_decode)

# %% tags=["hint"]
hint("04.greedy_decode")

# %% [markdown] tags=["solution"]
# `max(range(n), key=scores.__getitem__)` is the index of the largest score. Whether the scores are logits, probabilities or their logarithms does not matter here, since all three have the same order.

# %% [markdown]
# Your function needs a `step`. `start_writing` reads one source and returns the step of its decoder, which gives log-probabilities:


# %%
def start_writing(model, source_ids, never=(), offered=20):
    """Read one source → (step, state); step(symbol, state) → (log-probabilities, state).

    Ids in `never` cannot be written. All but the `offered` most likely ids get −∞, so that your searches stay fast;
    a beam of at most `offered` finds the same.
    """
    model.eval()

    @torch.no_grad()
    def step(symbol, state):
        logits, state = model.step(torch.tensor([symbol], device=device), state)  # (1, vocab_size)
        logits[:, list(never)] = -math.inf
        log_probs = logits[0].log_softmax(dim=-1)  # (vocab_size,)
        least = log_probs.topk(min(offered, len(log_probs))).values[-1]
        return log_probs.masked_fill(log_probs < least, -math.inf).tolist(), state

    source, lengths = pad([source_ids])
    with torch.no_grad():
        return step, model.start(source.to(device), lengths.to(device))


answers = []
for d in test_dates[:100]:
    step, state = start_writing(date_writer, source_vocabulary.encode(d.source))
    answers.append(yours("04.greedy_decode")(step, state, BOS, EOS, max_len=12))
measured(
    "your greedy search: exact match on 100 unseen dates",
    exact_match(answers, test_dates[:100]),
    at_least=0.95,
)

# %% [markdown]
# ## 6 · Exposure bias
#
# In training the decoder reads the truth; when it writes, it reads its own output (it is **free-running**). These give two different losses, and training minimises only the first. Take the
# model as it was after 200 steps, and compare both modes at each position of the date.
#
# > **Predict.** Which digit of `2012-04-05` suffers more without the teacher, the first or the last? Are more *whole* dates correct with the teacher, or without?

# %%
half_trained = date_model()
half_trained.load_state_dict(snapshots[200])

forced = forced_logits(half_trained, test_dates, test_in)  # (1000, 11, vocab_size)
source, lengths = read([d.source for d in test_dates])
free = decoding.free_running_logits(
    half_trained, source, lengths, bos_id=BOS, steps=11
)  # (1000, 11, vocab_size)

losses, correct = {}, {}
for name, logits in (("teacher forcing", forced), ("free-running", free)):
    losses[name] = yours("04.masked_loss")(logits, test_out, 0).item()
    correct[name] = logits.argmax(dim=-1) == test_out  # (1000, 11)

# %% tags=["nbval-ignore-output"]
for name, loss in losses.items():
    print(f"{name:>15}: {loss:.2f} nats per symbol")
ax = plots.accuracy_by_length(
    {name: dict(enumerate(hits.double().mean(dim=0).tolist(), start=1)) for name, hits in correct.items()},
    title="Without the teacher, the ends of year and day suffer most",
    xlabel="position in the date",
    ylabel="accuracy",
)
ax.set_xticks(range(1, 12), [*"YYYY-MM-DD", "<eos>"])
_ = ax.set_ylim(0, 1.06)

# %%
last_digit = {name: hits[:, 9].double().mean().item() for name, hits in correct.items()}
whole = {name: hits.all(dim=1) for name, hits in correct.items()}  # (1000,)
measured(
    "free-running loss minus teacher-forced loss",
    losses["free-running"] - losses["teacher forcing"],
    at_least=0.1,
    unit="nats",
)
measured(
    "last digit: accuracy lost without the teacher",
    last_digit["teacher forcing"] - last_digit["free-running"],
    at_least=0.1,
)
first_digit = {name: logits[:, 0].argmax(dim=-1) for name, logits in (("forced", forced), ("free", free))}
measured(
    "first digit: dates on which the modes differ",
    (first_digit["forced"] != first_digit["free"]).sum(),
    at_most=0,
)
measured(
    "dates that are correct as a whole in one mode only",
    (whole["teacher forcing"] != whole["free-running"]).sum(),
    at_most=0,
)

# %% [markdown]
# At the first digit both modes have read the same, so they agree. Later the free-running decoder reads its own mistakes. The month hardly suffers; the last digits of the year and the day do. Two effects are mixed here. The teacher gives information: a correct digit before rules out
# alternatives for the next one. And the decoder meets wrong prefixes, which training never showed it. That second effect is called **exposure bias** (Ranzato et al. 2016). This figure cannot separate the two.
# Scheduled sampling (Bengio et al. 2015) trains against it, with the decoder's own symbols in place of some true ones.
#
# The last line is no coincidence. As long as no symbol is wrong, both modes read exactly the same, so a date is correct in both modes or in neither. Teacher forcing hides only what happens *after* the first mistake.
#
# So never compare a teacher-forced loss with a free-running one. A well-known series of notebooks evaluates its recurrent models free-running and its later models teacher-forced (bentrevett/pytorch-seq2seq, notebooks 1 to 4, then 5 and 6),
# so part of the apparent progress comes from the evaluation mode. *Perplexity* is the exponential of the teacher-forced loss: only there do the factors multiply to the probability of the sentence.
#
# ## 7 · Beam search
#
# Greedy search never reconsiders a symbol. Here is a toy language of twelve sentences in which that is a mistake.

# %%
NEXT = {
    "<bos>": {"the": 0.6, "a": 0.4},
    "the": {"dog": 0.40, "man": 0.32, "cat": 0.28},
    "a": {"dog": 0.90, "man": 0.06, "cat": 0.04},
    "dog": {"sleeps": 0.47, "<eos>": 0.53},
    "man": {"sleeps": 0.80, "<eos>": 0.20},
    "cat": {"sleeps": 0.60, "<eos>": 0.40},
    "sleeps": {"<eos>": 1.0},
}
WORDS = ["<bos>", "<eos>", "the", "a", "dog", "man", "cat", "sleeps"]

# %% [markdown]
# Multiply along a sentence. Greedy search takes *the* (0.6), *dog* (0.4) and then the end (0.53), together 0.127.
#
# > **Predict.** Which of the twelve sentences is the most likely? How many unfinished sentences, or **prefixes**, must a search keep at once to find it?


# %% tags=["nbval-ignore-output"]
def next_word(symbol, state):
    """A step for your searches: the state is the sentence so far, a tuple of words."""
    following = NEXT[WORDS[symbol]]
    log_probs = [math.log(following[word]) if word in following else -math.inf for word in WORDS]
    return log_probs, (*state, WORDS[symbol])


def all_prefixes(words=()):
    """Every prefix, whole sentences included, with the probability of its last word."""
    found = {}
    for word, p in NEXT.get(words[-1] if words else "<bos>", {}).items():
        found |= {(*words, word): p, **all_prefixes((*words, word))}
    return found


greedy_ids = yours("04.greedy_decode")(next_word, (), 0, 1, max_len=5)
greedy_words = (*(WORDS[number] for number in greedy_ids), "<eos>")
_ = plots.search_tree(
    all_prefixes(),
    [],
    title="Greedy search (orange) finds a sentence of probability 0.127",
    found=greedy_words,
)

# %% [markdown]
# **Beam search** keeps several prefixes at once. Each round extends all of them by every symbol, and keeps only the best `beam` of all these continuations, by their log-probability $\log p(y_1 \dots y_t \mid x)$, which is the sum over the
# symbols. Continuations that end with `<eos>` are set aside as finished sentences; the others go on. With `beam = 1` this is greedy search. With a beam as wide as there are sentences it is exhaustive.
#
# One thing remains. Each further symbol lowers $\log p$, so the search favours short sentences. The usual remedy is to divide by a **length penalty** when finished sentences are compared (Wu et al. 2016, equation 14):
#
# $$\text{score}(y) = \frac{\log p(y \mid x)}{\big(\frac{5 + |y|}{6}\big)^{\alpha}}, \qquad |y| \text{ counts } \texttt{<eos>}$$
#
# At $\alpha = 0$ the score is $\log p$ itself.
#
# ### Exercise 5 · Beam search (build, 25 minutes)
#
# Write `beam_search(step, state, bos, eos, beam, max_len, alpha)`. `step` works as in exercise 4, and its scores are log-probabilities.
#
# * Start from one prefix: no symbol written, $\log p = 0$, and the given `state`.
# * In each of at most `max_len` rounds, step every prefix and collect *all* continuations. Drop those with $\log p = -\infty$, which are impossible, and keep the `beam` best by $\log p$. Those that end with `eos` are finished, and the others are the prefixes of the next round. Stop when there are none.
# * Return `(ids, score)` of the finished sentence with the best score, without `eos` in the ids. If nothing has finished, return the prefix with the best score; its $|y|$ is the number of its symbols.
#
# The next cells, and the translator in section 9, search with your function.


# %% tags=["exercise"]
def beam_search(step, state, bos, eos, beam, max_len, alpha):
    """step(symbol, state) → (list of log-probabilities, new state); returns (ids, score) of the best sentence."""
    ### BEGIN SOLUTION
    prefixes, finished = [([], 0.0, state)], []  # (ids, log p, state)
    for _ in range(max_len):
        continuations = []
        for ids, log_p, state in prefixes:
            log_probs, after = step(ids[-1] if ids else bos, state)
            continuations += [
                ([*ids, symbol], log_p + more, after)
                for symbol, more in enumerate(log_probs)
                if more > -math.inf
            ]
        best = sorted(continuations, key=lambda one: one[1], reverse=True)[:beam]
        finished += [one for one in best if one[0][-1] == eos]
        prefixes = [one for one in best if one[0][-1] != eos]
        if not prefixes:
            break

    def score(one):
        ids, log_p, _ = one
        return log_p / ((5 + len(ids)) / 6) ** alpha

    winner = max(finished or prefixes, key=score)
    return [symbol for symbol in winner[0] if symbol != eos], score(winner)
    ### END SOLUTION


# %% tags=["check"]
check("04.beam_search", beam_search)

# %% tags=["hint"]
hint("04.beam_search")

# %% [markdown] tags=["solution"]
# A prefix is three things: its ids, its log-probability and its *own* state. The cut is made once per round, over the continuations of all prefixes, and by $\log p$, since there all have the same length. The penalty is needed
# only at the end, where sentences of different lengths are compared.

# %% [markdown]
# Move the slider. Blue marks the prefixes that your search extends, orange the sentence that it returns.


# %% tags=["nbval-ignore-output"]
def search_with(beam, alpha=0.0):
    """Your beam search in the language of twelve sentences → (words, score, prefixes that it extended)."""
    visited = []

    def recorded(symbol, state):
        log_probs, state = next_word(symbol, state)
        visited.append(state[1:])  # without <bos>
        return log_probs, state

    ids, score = yours("04.beam_search")(recorded, (), 0, 1, beam, 5, alpha)
    return tuple(WORDS[number] for number in ids), score, [words for words in visited if words]


def draw_search(beam):
    words, score, visited = search_with(beam)
    title = f"Beam {beam} finds “{' '.join(words)}”, probability {math.exp(score):.3f}"
    return plots.search_tree(all_prefixes(), visited, title=title, found=(*words, "<eos>"))


SliderFigure(
    draw_search,
    values=[1, 2, 3, 4, 6, 12],
    start=2,
    label="beam",
    alt="A tree of twelve sentences; the prefixes that beam search extends are coloured.",
)

# %%
for beam in (1, 2, 12):
    words, score, visited = search_with(beam)
    print(
        f"beam {beam:>2}: {' '.join(words):<10} probability {math.exp(score):.3f}, extended {len(visited)} non-empty prefixes"
    )
measured(
    "beam 2, probability of its sentence minus that of exhaustive search",
    math.exp(search_with(2)[1]) - math.exp(search_with(12)[1]),
    between=(-1e-9, 1e-9),
)

# %% [markdown]
# A beam of 2 is enough here. In general, only a beam so wide that nothing is dropped is certain to find the best sentence. Implementations
# differ: yours gives a finished sentence one of the `beam` places of its round; the library's `decoding.beam_search`, which scored the translator of section 9, keeps all of them for unfinished prefixes.
#
# ### Exercise 6 · How strong a penalty? (core, 6 minutes, experiment)
#
# Exhaustive search returns *a dog* here. *Predict* what a length penalty does to that. Then run `search_with(12, alpha)` for $\alpha = 0, 0.1, 0.2, \dots, 1$ in a cell of your own, and set `penalty_needed` to the smallest of these
# values for which a sentence of three words wins.

# %% tags=["exercise"]
penalty_needed = ...
### BEGIN SOLUTION
penalty_needed = 0.6
### END SOLUTION

# %% tags=["check"]
check("04.penalty_needed", penalty_needed)

# %% tags=["hint"]
hint("04.penalty_needed")

# %% [markdown] tags=["solution"]
# *a dog* has $\log p = -1.66$ and three symbols with `<eos>`; *a dog sleeps* has $-1.78$ and four. The longer one wins once $(9/8)^\alpha > 1.78/1.66$, which is the case from $\alpha \approx 0.594$ on.

# %%
needed = yours("04.penalty_needed")
for alpha in (0.0, needed - 0.1, needed, 1.0):
    words, score, _ = search_with(12, alpha)
    print(f"α = {alpha:.1f}: {' '.join(words):<12} score {score:.3f}")

# %% [markdown]
# Does a beam help on dates? The finished model is nearly always confident, so greedy search is enough. Here is the half-trained one:

# %%
log_p, answers = {}, {}
for beam in (1, 5):
    found = []
    for d in test_dates[:100]:
        step, state = start_writing(half_trained, source_vocabulary.encode(d.source))
        found.append(yours("04.beam_search")(step, state, BOS, EOS, beam, 12, 0.0))
    answers[beam], log_p[beam] = [list(ids) for ids, _ in found], torch.tensor([score for _, score in found])
measured(
    "beam 5: mean log p of its answers, minus that of greedy search",
    (log_p[5] - log_p[1]).mean(),
    at_least=0.02,
    unit="nats",
)
measured(
    "beam 5: exact match gained over greedy search",
    exact_match(answers[5], test_dates[:100]) - exact_match(answers[1], test_dates[:100]),
    at_most=0.1,
)
truth = test_out[:100].cpu()  # (100, 11)
log_p_truth = forced[:100].cpu().log_softmax(dim=-1).gather(2, truth[..., None]).sum(dim=(1, 2))  # (100,)
is_wrong = torch.tensor([ids != row[:-1].tolist() for ids, row in zip(answers[5], truth, strict=True)])
measured(
    "beam 5: wrong answers that the model prefers to the truth, share",
    (log_p[5] > log_p_truth)[is_wrong].double().mean(),
    at_least=0.9,
)

# %% [markdown]
# The beam does what it promises: its answers are more likely. They are hardly more often correct, because the model prefers nearly every wrong one to the truth. Those are *model errors*; a beam corrects only *search errors*.
# In one translation model, the most likely output was the empty sentence in more than half of all cases (Stahlberg and Byrne 2019).
#
# ## 8 · The bottleneck
#
# Everything the decoder learns about the source has to fit through $v$. To measure how much fits, take a task in which nothing can be guessed: **copy a number** of 1 to 12 digits, each worth $\log_2 10 = 3.3$ bits. In one
# model $v$ has 128 entries ($h$ and $c$ of 64 units). In the other, a linear layer squeezes them into 8.
#
# > **Predict.** Both train on all lengths alike. Sketch the share of exact answers against the number of digits, for both.

# %% tags=["nbval-ignore-output"]
writers = {"v with 128 entries": bottleneck.build(), "v with 8 entries": bottleneck.build(vector_size=8)}
by_length = {}
for name, model in writers.items():
    bottleneck.train(model.to(device))
    by_length[name] = bottleneck.accuracy_by_length(model)
_ = plots.accuracy_by_length(
    by_length,
    title="The longer the number, the less often it is copied exactly",
    xlabel="digits in the source",
    ylabel="share of exact answers",
)

# %%
wide, narrow = by_length["v with 128 entries"], by_length["v with 8 entries"]
measured("3 digits, 128 entries: exact answers", wide[3], at_least=0.9)
measured("3 digits, 8 entries: exact answers", narrow[3], at_least=0.9)
measured("6 digits: exact answers lost by squeezing", wide[6] - narrow[6], at_least=0.2)
measured("12 digits, 128 entries: exact answers", wide[12], at_most=0.15)

# %% [markdown]
# This is the **bottleneck** of the fixed vector. The same $v$ has to carry 3 digits or 12; squeezing it moves the limit towards shorter sources. Be careful with the reason, though. On paper, even 8 numbers of 32 bits have ample room for the forty bits of twelve digits. The curves show what 500 training steps
# can *store* there and read out again; they do not prove that twelve digits cannot fit. Lesson 05 trains on the same numbers, for as many steps, and gets a different curve.
#
# ## 9 · Translation
#
# Real text: captions of photographs, 29,000 English ones with German translations (Multi30k, Elliott et al. 2016), which we translate from German to English. The model is that of section 4 with words instead of characters and twice as many units. It starts from a forget bias of 1 and orthogonal recurrent weights;
# `benchmarks/RESULTS.md` has PyTorch's default initialisation as well. Training takes more than ten minutes, so the repository stores the finished weights with a card that says how they were made. You train the first 40 steps and compare.

# %% tags=["nbval-ignore-output"]
corpus = multi30k.Corpus()
translator = multi30k.build("multi30k-lstm", corpus)
card = load_stored("multi30k-lstm", translator)
_ = translator.to(device).eval()
print(
    f"{card['parameters']:,} parameters, {card['steps']:,} steps, {card['seconds']} s; made by: {card['command']}"
)

LIVE_STEPS = 40
_, live_history = multi30k.train("multi30k-lstm", corpus, stop_after=LIVE_STEPS, device=device)
every = card["training_loss_every"]
live = torch.tensor(live_history.losses).view(-1, every).mean(dim=1)  # (LIVE_STEPS / every,)
_ = plots.stored_and_live(
    card["training_loss"], live, every, title="Your first steps lie on the stored curve"
)

# %%
apart = (live - torch.tensor(card["training_loss"][: len(live)])).abs().max()
measured("your first steps: largest distance from the stored curve", apart, at_most=0.3, unit="nats")

# %% [markdown]
# What does the finished model write? Every 125th sentence of the test set, with greedy search and with your beam search ($\alpha = 0.6$). Words that occur fewer than three times in training are *unknown*: the encoder reads all of them as `<unk>`.

# %% tags=["nbval-ignore-output"]
german, english = zip(*corpus.sentences["test"], strict=True)
vocabulary = corpus.target_vocabulary
never = (vocabulary.pad_id, vocabulary.unk_id, vocabulary.bos_id)
for number in range(0, 1000, 125):
    tokens = tokenize(german[number])
    unknown = ", ".join(token for token in tokens if token not in corpus.source_vocabulary)
    step, state = start_writing(translator, corpus.source_vocabulary.encode(tokens), never)
    by_greedy = yours("04.greedy_decode")(step, state, vocabulary.bos_id, vocabulary.eos_id, 40)
    by_beam, _ = yours("04.beam_search")(step, state, vocabulary.bos_id, vocabulary.eos_id, 5, 40, 0.6)
    print(f"German:    {german[number]}" + (f" (unknown: {unknown})" if unknown else ""))
    print(f"reference: {english[number]}")
    for way, ids in (("greedy", by_greedy), ("beam 5", by_beam)):
        print(f"{way}:    {detokenize([vocabulary.symbols[i] for i in ids])}")
    print()

# %% [markdown]
# This is English, or nearly. The subject often comes through: who, and how many. Colours, things and places often do not: an orange hat becomes a blue shirt, although the encoder knows both words. What the decoder does not find in $v$, it invents, and just as fluently: **fluent is not faithful.**
#
# ### How good is a translation?
#
# **BLEU** (Papineni et al. 2002) compares a translation, the *hypothesis*, with a reference. For $n = 1 \dots 4$, the precision $p_n$ is the share of the **n-grams** written (runs of $n$ words) that the reference has too. It is *clipped*: an n-gram counts at most as often as the reference
# has it. That alone favours short answers, so the result is multiplied by a **brevity penalty**:
#
# $$\text{BLEU} = 100 \cdot \underbrace{\min\big(1,\; e^{1 - r/c}\big)}_{\text{brevity}} \cdot \big(p_1\, p_2\, p_3\, p_4\big)^{1/4}, \qquad c \text{ words written}, \; r \text{ in the reference}$$
#
# For one sentence of nine words, by hand:
#
# * written: *a man is riding a horse on the beach*
# * reference: *a man is riding a brown horse on the beach*
#
# All 9 words match. Of the 8 pairs one does not (*a horse*), of the 7 triples two, and of the 6 runs of four three.
#
# ### Exercise 7 · Clipped precision (core, 8 minutes)
#
# Write `clipped_precision(hypothesis, reference, n)` for two lists of words: the share of the hypothesis's n-grams that are in the reference, each counted at most as often as the reference has it. Return a float, and 0.0 if the hypothesis is shorter than $n$.


# %% tags=["exercise"]
def clipped_precision(hypothesis, reference, n):
    """hypothesis, reference: lists of words → the share of the hypothesis's n-grams found, clipped."""
    ### BEGIN SOLUTION
    from collections import Counter

    written, wanted = (
        Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
        for words in (hypothesis, reference)
    )
    return (written & wanted).total() / max(1, written.total())
    ### END SOLUTION


# %% tags=["check"]
check("04.clipped_precision", clipped_precision)

# %% tags=["hint"]
hint("04.clipped_precision")

# %% [markdown] tags=["solution"]
# The intersection `&` of two counters keeps the smaller count of each n-gram, which is exactly the clipping. Tuples of words keep word borders; joined strings would not.

# %%
written = "a man is riding a horse on the beach"
reference = "a man is riding a brown horse on the beach"
precisions = [yours("04.clipped_precision")(written.split(), reference.split(), n) for n in (1, 2, 3, 4)]
brevity = min(1.0, math.exp(1 - 10 / 9))
by_formula = 100 * brevity * math.prod(precisions) ** (1 / 4)
print("precisions", *(f"{p:.3f}" for p in precisions), f"· brevity {brevity:.3f} · BLEU {by_formula:.2f}")
measured(
    "the formula, difference from sacrebleu",
    abs(by_formula - bleu([written], [reference]).score),
    at_most=0.01,
)

# %% [markdown]
# For a test set, the counts of all sentences are added before dividing. One question decides whether two BLEU scores can be compared: *what is a word?* Lower-casing and a tokeniser of your own change the score, by up to 1.8 points between common configurations (Post 2018). **sacrebleu**, by the same author, takes plain
# sentences, tokenises them by fixed rules and prints a signature, which belongs next to the score. The whole test set:

# %% tags=["nbval-ignore-output"]
translations = multi30k.translate(translator, corpus, german)
here = bleu(translations, english)
print(f"here, all 1,000 sentences, greedy: BLEU {here.score:.2f}, {here.signature}")
for way, score in card["bleu"].items():
    print(f"on the card, {way}: {score}")


def bleu_of(numbers):
    return bleu([translations[number] for number in numbers], [english[number] for number in numbers]).score


n_words = [len(sentence.split()) for sentence in german]
short = bleu_of([number for number, n in enumerate(n_words) if n <= 9])
long = bleu_of([number for number, n in enumerate(n_words) if n >= 14])

# %%
measured("greedy BLEU here, difference from the card", abs(here.score - card["bleu"]["greedy"]), at_most=0.5)
measured("a beam of 5 on the card: BLEU gained", card["bleu"]["beam 5"] - card["bleu"]["greedy"], at_most=2)
measured("BLEU of sources of 14 and more words", long, below=("that of up to 9 words", short))

# %% [markdown]
# That is a low score: on the same sentences, greedy search reaches 29.9 with the attention of lesson 05 and 38.3 with the Transformer of lesson 07 (`benchmarks/RESULTS.md`). A beam of 5 helps little, as with the dates. Long sources fare worse, as with the numbers (Cho et al. 2014b drew this curve). The comparison is rough, since long and short sources are different sentences.
#
# ## 10 · Spot the bug
#
# A friend evaluates your date model with code that runs the encoder over the padded batch and takes the last state. It works on every date that they try by hand. This does the same, with every length set to the padded length:


# %%
def their_exact_match(examples, batch):
    """Exact match in batches of this size."""
    answers = []
    for start in range(0, len(examples), batch):
        source, _ = read([d.source for d in examples[start : start + batch]])
        lengths = torch.full((len(source),), source.shape[1])
        answers += decoding.greedy(date_writer, source, lengths, max_len=12, **SYMBOLS)
    return exact_match([answer.ids for answer in answers], examples)


# %% [markdown]
# > **Predict.** What is the exact match in batches of 1, and in one batch of 200? Nothing but the batch size changes.

# %%
measured("in batches of 1: exact match on 200 dates", their_exact_match(test_dates[:200], 1), at_least=0.95)
measured("in one batch of 200: exact match", their_exact_match(test_dates[:200], 200), at_most=0.1)

# %% [markdown]
# The state is taken at the *padded* end. After the last real character the forward direction goes on reading padding, and the backward direction begins with it. Only the longest rows of a batch escape. A model that is *trained* with this bug can hide it, since it learns to read past the padding of its own batches. The
# encoders of the first notebooks of bentrevett/pytorch-seq2seq read padding; packing arrives in a later one.
#
# The test that exposes it belongs to every model that takes batches: **alone and in a batch, the same numbers.** Section 3 did just that, and your `last_state` is half of the fix.
#
# ## Recap
#
# | | formula | cost | when to use it |
# |---|---|---|---|
# | encoder and decoder | $p(y \mid x) = \prod_t p(y_t \mid y_{<t}, v)$ | two recurrent networks | source and target differ in length or order |
# | teacher forcing | read the true $y_{<t}$ | never meets its own mistakes | training and perplexity, never to judge what it writes |
# | masked loss, last real state | no result depends on padding | lengths and a mask | every batch |
# | greedy search | most likely next symbol | 1 step per symbol | the model is confident |
# | beam search | `beam` best prefixes, length penalty | `beam` times as much | the model is uncertain |
# | BLEU | clipped $p_1 \dots p_4$, brevity | a reference per sentence | compare systems on one test set, with the signature |
#
# **What is not true.** *"The wider the beam, the better the translation."* A wider beam finds more likely sentences, which is not the same. *"Perplexity fell, so it writes better."* Teacher-forced perplexity never sees the model's own mistakes. *"The vector is simply too
# small."* Its width is one limit; what training can store in it is another. *"A BLEU of 30 means 30 % correct."* It is a mean of four precisions, not a share of words or sentences.
#
# **Still open.** Why must a whole sentence fit through one vector? The encoder has a state at every word and throws away all but the last. What if the decoder could look back at all of them? → `05_attention.ipynb`
#
# ## References
#
# * I. Sutskever, O. Vinyals, Q. V. Le 2014, *Sequence to sequence learning with neural networks*, sections 2 and 3.
# * K. Cho et al. 2014, *Learning phrase representations using RNN encoder–decoder*; K. Cho et al. 2014b, *On the properties of neural machine translation: encoder–decoder approaches*, section 4: quality falls with length.
# * R. J. Williams, D. Zipser 1989, *A learning algorithm for continually running fully recurrent neural networks*: teacher forcing.
# * S. Bengio et al. 2015, *Scheduled sampling for sequence prediction with recurrent neural networks*.
# * M. Ranzato et al. 2016, *Sequence level training with recurrent neural networks*: exposure bias.
# * Y. Wu et al. 2016, *Google's neural machine translation system*, equation 14: the length penalty.
# * F. Stahlberg, B. Byrne 2019, *On NMT search errors and model errors: cat got your tongue?*
# * K. Papineni et al. 2002, *BLEU*; M. Post 2018, *A call for clarity in reporting BLEU scores*.
# * D. Elliott et al. 2016, *Multi30K: multilingual English-German image descriptions*.
