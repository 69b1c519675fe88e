"""Who learns to remember? Recall over a lag, by the bias of the forget gate (of the update gate, in a GRU)."""

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.registry import benchmark
from benchmarks.timing import table
from course_lib.data import memory
from course_lib.device import Stopwatch
from course_lib.metrics import accuracy
from course_lib.models.recurrent import GRU, LSTM, RNN, RecurrentLayer, RecurrentLM
from course_lib.training import fit

BATCH, D_EMBED, HIDDEN, STEPS, PEAK_LR = 32, 16, 64, 300, 2e-3
LAGS, SEEDS = (40, 80), (0, 1, 2)
LOOK_EVERY, LEARNT = 25, 0.99

# name → a fresh layer for this lag; all start with rotations in W_hh
MODELS: dict[str, Callable[[int], RecurrentLayer]] = {
    "RNN": lambda lag: RNN(D_EMBED, HIDDEN).orthogonal_(),
    "GRU": lambda lag: GRU(D_EMBED, HIDDEN).orthogonal_(),
    "LSTM, forget bias 0": lambda lag: LSTM(D_EMBED, HIDDEN).orthogonal_().forget_bias_(0.0),
    "LSTM, forget bias 1": lambda lag: LSTM(D_EMBED, HIDDEN).orthogonal_().forget_bias_(1.0),
    "LSTM, forget bias ln(lag)": lambda lag: LSTM(D_EMBED, HIDDEN).orthogonal_().forget_bias_(math.log(lag)),
    "GRU, update bias ln(lag)": lambda lag: GRU(D_EMBED, HIDDEN).orthogonal_().update_bias_(math.log(lag)),
}


@benchmark("recall", "who learns to recall a symbol over 40 and 80 steps", minutes=6, long=True)
def run() -> None:
    rows = []
    for lag in LAGS:
        for name, make in MODELS.items():
            results = [train(make, lag, seed) for seed in SEEDS]
            shares, steps, seconds = zip(*results, strict=True)
            rows.append(
                (
                    name,
                    str(lag),
                    " / ".join(f"{share:.2f}" for share in shares),
                    " / ".join(str(step) if step else "never" for step in steps),
                    " / ".join(f"{s:.1f}" for s in seconds),
                )
            )
            print(" | ".join(rows[-1]), flush=True)
    print(
        f"\n{STEPS} steps of {BATCH} sequences, {HIDDEN} hidden units, learning rate {PEAK_LR}, three seeds each;"
    )
    print(f"a guess is right in {memory.recall_chance():.3f} of the cases.\n")
    print(table(("", "lag", "recalled", f"steps until {LEARNT}", "CPU-seconds"), rows))


def train(make: Callable[[int], RecurrentLayer], lag: int, seed: int) -> tuple[float, int | None, float]:
    """The share recalled after STEPS steps, the step at which it first reached LEARNT, CPU-seconds of training."""
    torch.manual_seed(seed)
    model = RecurrentLM(memory.recall_vocab_size(), D_EMBED, make(lag))
    inputs, target = memory.recall(500, lag, generator=torch.Generator().manual_seed(1_000_000))
    shares, looking, watch = [], Stopwatch(), Stopwatch()

    def look(model: nn.Module) -> float:
        with looking:
            logits, _ = model(inputs)
            shares.append(accuracy(logits[:, -1], target))
        return -shares[-1]

    with watch:
        fit(
            model,
            batches(lag, seed),
            answer_loss,
            steps=STEPS,
            lr=PEAK_LR,
            validate=look,
            validate_every=LOOK_EVERY,
            progress=False,
        )
    learnt = next((LOOK_EVERY * (n + 1) for n, share in enumerate(shares) if share >= LEARNT), None)
    return shares[-1], learnt, watch.seconds - looking.seconds


def batches(lag: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(1_000 * seed + lag)
    while True:
        yield memory.recall(BATCH, lag, generator=generator)


def answer_loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    inputs, target = batch
    logits, _ = model(inputs)  # (batch, time, vocab_size)
    return F.cross_entropy(logits[:, -1], target)  # only the last step answers
