"""Tiny Shakespeare on the budget of nanoGPT's CPU recipe: an LSTM and an RNN of equal size.

The recipe (github.com/karpathy/nanoGPT, README, "I only have a macbook") trains a Transformer of 0.80 million
parameters on 2,000 batches of 12 windows of 64 characters: 1,536,000 characters, counted as often as they are read.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.registry import benchmark
from benchmarks.timing import table
from course_lib.data import load
from course_lib.device import Stopwatch, seed_everything
from course_lib.losses import CarriedLoss, text_loss
from course_lib.models.recurrent import LSTM, RNN, RecurrentLM
from course_lib.models.size import n_parameters
from course_lib.text.batching import Window, stream_windows
from course_lib.text.characters import CharVocabulary
from course_lib.training import fit

CHARACTERS = 2_000 * 12 * 64  # to train on, in all
BATCH, TIME = 16, 32
SEEDS = (0, 1, 2)


def make_lstm(d_embed: int) -> LSTM:
    return LSTM(d_embed, 400).orthogonal_().forget_bias_(1.0)


def make_rnn(d_embed: int) -> RNN:
    return RNN(d_embed, 820).orthogonal_()


# name → (how to make the recurrent layer, peak learning rate)
MODELS = {"LSTM 400": (make_lstm, 3e-3), "RNN 820": (make_rnn, 1e-3)}


@benchmark("shakespeare", "LSTM and RNN on tiny Shakespeare with nanoGPT's CPU budget", minutes=20, long=True)
def run() -> None:
    text = load("tiny-shakespeare")
    vocabulary = CharVocabulary.from_text(text.train)
    train_ids, validation_ids = vocabulary.encode(text.train), vocabulary.encode(text.validation)
    rows = []
    for name, (make, lr) in MODELS.items():
        for seed in SEEDS:
            seed_everything(seed)
            d_embed = 64
            model = RecurrentLM(len(vocabulary), d_embed, make(d_embed))
            seconds = train(model, train_ids, lr)
            whole, windows = text_loss(model, validation_ids), loss_from_nothing(model, validation_ids)
            rows.append(
                (
                    name,
                    f"{n_parameters(model):,}",
                    str(seed),
                    f"{whole:.3f}",
                    f"{windows:.3f}",
                    f"{seconds:.0f}",
                )
            )
            print(f"{name}, seed {seed}: {whole:.3f} nats after {seconds:.0f} CPU-seconds", flush=True)
    header = ("", "parameters", "seed", "loss, state carried", "loss, 64-character windows", "CPU-seconds")
    print(
        f"\nLoss in nats per character, on the whole validation text ({len(validation_ids):,} characters):\n"
    )
    print(table(header, rows))


def train(model: RecurrentLM, ids: Tensor, lr: float) -> float:
    """Train on exactly CHARACTERS characters; the CPU-seconds it took."""
    a_window = BATCH * TIME
    # A text of whole windows, so that each step reads as many characters as any other.
    ids = ids[: (len(ids) - 1) // a_window * a_window + 1]
    read = 0

    def counted(windows: Iterable[Window]) -> Iterator[Window]:
        nonlocal read
        for window in windows:
            read += window.targets.numel()
            yield window

    steps = CHARACTERS // a_window
    windows = counted(islice(stream_windows(ids, batch=BATCH, time=TIME), steps))
    with Stopwatch() as watch:
        fit(model, windows, CarriedLoss(), steps=steps, lr=lr, warm_up=steps // 20, progress=False)
    if read != CHARACTERS:
        raise RuntimeError(f"The budget is {CHARACTERS:,} characters, but {read:,} were read.")
    return watch.seconds


@torch.no_grad()
def loss_from_nothing(model: RecurrentLM, ids: Tensor, window: int = 64) -> float:
    """Mean loss in nats where every window begins with an empty memory, as nanoGPT's figure is taken."""
    model.eval()
    n_windows = (len(ids) - 1) // window
    inputs = ids[: n_windows * window].view(n_windows, window)
    targets = ids[1 : n_windows * window + 1].view(n_windows, window)
    total = 0.0
    for some_inputs, some_targets in zip(inputs.split(256), targets.split(256), strict=True):
        logits, _ = model(some_inputs)  # (windows, time, vocab_size)
        total += F.cross_entropy(logits.flatten(0, 1), some_targets.flatten(), reduction="sum").item()
    return total / targets.numel()
