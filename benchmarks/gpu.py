"""What only a GPU shows: `python -m benchmarks gpu` measures every part and prints one table for RESULTS.md.

Each part is a benchmark of its own, too (`python -m benchmarks gpu-encoder`). A part is a function of the device and of
its sizes, so that the tests run it on the CPU: only the device and the sizes differ.
"""

import importlib.metadata
import shutil
import subprocess
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from benchmarks import encoder, generation, gpt, recurrent
from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib.data import load
from course_lib.device import Stopwatch, describe, seed_everything
from course_lib.models.recurrent import GRU, LSTM, RNN
from course_lib.models.size import n_parameters
from course_lib.models.transformer import GPT, language_model_loss, windows_loss
from course_lib.text.characters import CharVocabulary
from course_lib.training import fit

RECURRENT_BOUND, ENCODER_BOUND, GENERATION_BOUND = 1.2, 0.9, 3.0
# github.com/karpathy/nanoGPT, README and config/train_shakespeare_char.py, after 5,000 steps of these sizes.
NANOGPT = 1.4697


@dataclass(frozen=True)
class Row:
    """One line of the table: `at_most` or `at_least` bounds `value`, a ratio or a loss."""

    what: str
    ours: str
    theirs: str = ""
    value: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the bound is met; None where there is none."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return None if self.at_least is None else self.value >= self.at_least

    def cells(self) -> tuple[str, ...]:
        bound = f"≤ {self.at_most}" if self.at_most is not None else ""
        bound = f"≥ {self.at_least}" if self.at_least is not None else bound
        mark = "" if self.met is None else " ✓" if self.met else " ✗"
        return (
            self.what,
            self.ours,
            self.theirs,
            "" if self.value is None else f"{self.value:.2f}",
            bound + mark,
        )


HEADER = ("", "ours", "theirs", "ratio or loss", "bound")
PARTS: dict[str, Callable[..., list[Row]]] = {}  # in the order in which they run: the short ones first


def part(name: str, what: str, *, minutes: float):
    """Register rows(device, …) below as one part of `gpu`, and as a benchmark of its own."""

    def register(rows: Callable[..., list[Row]]) -> Callable[..., list[Row]]:
        PARTS[name] = rows
        benchmark(name, what, minutes=minutes, long=True, gpu=True)(lambda device: report(device, [name]))
        return rows

    return register


@benchmark("gpu", "every part below, as one table", minutes=7, long=True, gpu=True)
def report(device: torch.device, names: Sequence[str] = ()) -> None:
    """Measure the named parts (default: all), each even where another failed, and print the table.

    Raises:
        SystemExit: a part failed.
    """
    found, failed = [], []
    for name in names or PARTS:
        try:
            with Stopwatch(device) as watch:
                rows = PARTS[name](device)
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        print(f"{name}: {watch.seconds:.0f} {watch.unit}", flush=True)
        found += rows
    print(f"\n{versions(device)}; medians of interleaved, synchronised seconds.\n")
    print(table(HEADER, [row.cells() for row in found]), flush=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def versions(device: torch.device) -> str:
    """Card, driver, CUDA, cuDNN, and the packages that are timed, in one line."""
    words = [describe(device)]
    if device.type == "cuda":
        if shutil.which("nvidia-smi"):
            query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
            told = subprocess.run(query, capture_output=True, text=True).stdout.split()
            words += [f"driver {driver}" for driver in told[:1]]
        words += [f"CUDA {torch.version.cuda}", f"cuDNN {torch.backends.cudnn.version()}"]
    return ", ".join(
        [*words, *(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "transformers"))]
    )


@part("gpu-recurrent", "RNN, LSTM and GRU against torch.nn (cuDNN), forward and backward", minutes=0.5)
def recurrent_rows(
    device: torch.device,
    *,
    sizes: Sequence[tuple[int, int, int, int]] = ((32, 64, 128, 1), (64, 128, 256, 2)),
    rounds: int = 31,
) -> list[Row]:
    rows = []
    for size in sizes:
        for layer in (LSTM, GRU, RNN):
            seconds = interleaved(recurrent.pair(layer, size, device), rounds, device)
            batch, time, hidden_size, num_layers = size
            what = f"{layer.__name__}, {batch} × {time} × {hidden_size}, layers: {num_layers}"
            rows.append(
                _faster(f"{what}, against torch.nn", seconds["ours"], seconds["torch"], RECURRENT_BOUND)
            )
    return rows


@part(
    "gpu-encoder",
    "the Transformer encoder in bf16 against torch.nn and Hugging Face, also compiled",
    minutes=1.5,
)
def encoder_rows(
    device: torch.device,
    *,
    layers: int = 6,
    d_model: int = 768,
    n_heads: int = 12,
    batch: int = 32,
    time: int = 512,
    rounds: int = 15,
) -> list[Row]:
    rows = []
    x = torch.randn(batch, time, d_model, device=device, requires_grad=True)
    weight = torch.randn(batch, time, d_model, device=device)
    size = f"encoder, {layers} × {d_model}, {batch} × {time}, bf16"
    for dropout in (0.0, 0.1):
        found = {
            name: module.to(device)
            for name, module in encoder.encoders(d_model, dropout, layers, n_heads).items()
        }
        if dropout == 0:
            torch.testing.assert_close(found["ours"](x)[0], found["torch.nn"](x)[0], atol=1e-2, rtol=1e-2)
            found["compiled"] = torch.compile(found["ours"])
        passes = {
            name: recurrent.training_pass(module, x, weight, bf16=True) for name, module in found.items()
        }
        seconds = interleaved(passes, rounds, device)
        for name, (mine, _) in encoder.BOUNDS.items():
            what = f"{size}, dropout {dropout}, against {name}"
            rows.append(_faster(what, seconds[mine], seconds[name], ENCODER_BOUND))
        if "compiled" in seconds:
            what = f"{size}, dropout {dropout}, compiled, against the same not compiled"
            rows.append(_faster(what, seconds["compiled"], seconds["ours"]))
    return rows


@part(
    "gpu-generation", "writing with the cache against Hugging Face's generate, greedy and sampled", minutes=1
)
def generation_rows(
    device: torch.device,
    *,
    layers: int = 12,
    heads: int = 12,
    width: int = 768,
    vocab_size: int = 50_257,
    n_new: int = 128,
    rounds: int = 3,
) -> list[Row]:
    rows = []
    ours, theirs = (model.to(device) for model in generation.pair(vocab_size, layers, heads, width))
    for batch in (1, 8):
        prompt = torch.randint(
            0, vocab_size, (batch, generation.PROMPT), generator=torch.Generator().manual_seed(0)
        )
        prompt = prompt.to(device)
        for way in generation.WAYS:
            ways = generation.writing(ours, theirs, prompt, n_new, way)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about generation settings that are not used here
                if way == "greedy":
                    _same_work(*(write().cpu() for write in ways.values()))
                seconds = interleaved(ways, rounds, device)
            times = seconds["Hugging Face"] / seconds["ours"]
            a_token = (f"{1000 * seconds[name] / n_new:.2f} ms a token" for name in ways)
            what = f"generation, {layers} × {width}, {way}, batch {batch}, times as fast as Hugging Face"
            rows.append(Row(what, *a_token, times, at_least=GENERATION_BOUND))
    return rows


@part("gpu-shakespeare", "tiny Shakespeare at nanoGPT's GPU sizes, compiled, bf16", minutes=1.5)
def shakespeare_rows(
    device: torch.device,
    *,
    layers: int = 6,
    heads: int = 6,
    width: int = 384,
    time: int = 256,
    batch: int = 64,
    steps: int = 2_500,
    characters: int | None = None,
) -> list[Row]:
    """`characters`: of the training and of the validation text; None: all of them."""
    text = load("tiny-shakespeare")
    vocabulary = CharVocabulary.from_text(text.train)
    train_ids, validation_ids = (
        vocabulary.encode(part)[:characters] for part in (text.train, text.validation)
    )
    seed_everything(0)
    sizes = {"max_len": time, "d_model": width, "n_heads": heads, "num_layers": layers, "bias": False}
    model = GPT(len(vocabulary), **sizes, dropout=0.2).to(device)
    with Stopwatch(device) as watch:
        fit(
            model,
            gpt.windows(train_ids, seed=0, batch=batch, time=time),
            language_model_loss,
            steps=steps,
            warm_up=min(100, steps // 2),
            minimum=0.1,
            make_optimizer=partial(gpt.adamw, lr=1e-3),
            bf16=True,
            compiled=True,
            progress=False,
        )
    loss = windows_loss(model, validation_ids, time=time)
    what = (
        f"tiny Shakespeare, {n_parameters(model):,} parameters, {steps:,} steps of {batch} × {time}, compiled"
    )
    return [
        Row(f"{what}, training, compilation included", f"{watch.seconds:.0f} s"),
        Row(f"{what}, validation", f"{loss:.4f} nats", f"{NANOGPT} (nanoGPT)", loss, at_most=NANOGPT),
    ]


def _faster(what: str, ours: float, theirs: float, bound: float | None = None) -> Row:
    return Row(what, f"{1000 * ours:.2f} ms", f"{1000 * theirs:.2f} ms", ours / theirs, at_most=bound)


def _same_work(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    """Both wrote as much, and the same to begin with: rounding may tip a near tie between two symbols later on."""
    start = generation.PROMPT + 1
    if ours.shape != theirs.shape or not torch.equal(ours[:, :start], theirs[:, :start]):
        raise RuntimeError("The two models write different texts: what is timed is not the same work.")
