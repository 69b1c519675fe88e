"""Which accelerator, how many threads, which seed, which clock: the ground that every lesson stands on."""

import os
import random
import time
from collections.abc import Mapping

import numpy as np
import torch


def best_device() -> torch.device:
    """The fastest device that torch sees: cuda, then mps, then cpu."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def describe(device: torch.device) -> str:
    """The device in words, for the line that `setup` prints: "cuda (NVIDIA H100)", "cpu (1 thread)"."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    if device.type == "mps":
        return "mps (Apple GPU)"
    threads = torch.get_num_threads()
    return f"cpu ({threads} thread{'' if threads == 1 else 's'})"


def seed_everything(seed: int) -> None:
    """Start Python's, NumPy's and torch's random numbers (on every device) from `seed`."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed!r}; it must be a whole number from 0 to {2**32 - 1}.")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Where torch's random numbers are: "cpu", and the type of `device` ("cuda", "mps") where it has its own."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def set_random_state(state: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Go back to what `random_state` gave; a part that is missing (it was another kind of device) is left as it is."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])


def synchronize(device: str | torch.device) -> None:
    """Wait until `device` has done all that was asked of it; a CPU always has.

    A GPU takes its orders and lets Python go on: a clock read before it has finished times the ordering, not the work.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        torch.cuda.synchronize(device)
    elif kind == "mps":
        torch.mps.synchronize()


class Stopwatch:
    """Seconds of work on a device: `with Stopwatch(device) as watch: …`, then `watch.seconds`.

    The device finishes its work before each reading of the clock. Entered again, the watch goes on from where it was.

    Args:
        device: on a CPU it counts CPU-seconds of all threads, so that other programs' turns do not count; on an
            accelerator, which works while the CPU waits, wall-clock seconds.

    Attributes:
        seconds: of all finished `with` blocks.
        unit: "CPU-seconds" or "seconds".
    """

    def __init__(self, device: str | torch.device = "cpu"):
        self.device, self.seconds = torch.device(device), 0.0
        on_cpu = self.device.type == "cpu"
        self._clock = time.process_time if on_cpu else time.perf_counter
        self.unit = "CPU-seconds" if on_cpu else "seconds"

    def __enter__(self) -> "Stopwatch":
        synchronize(self.device)
        self._start = self._clock()
        return self

    def __exit__(self, *error: object) -> None:
        synchronize(self.device)
        self.seconds += self._clock() - self._start


def setup(
    seed: int = 0, device: str | torch.device | None = None, threads: int | None = None
) -> torch.device:
    """Make a lesson repeatable and say in one line what it runs on.

    Args:
        seed: where all random numbers start.
        device: "cpu", "cuda" or "mps"; None takes the best one there is.
        threads: CPU threads for torch. None: OMP_NUM_THREADS where it is set, else 1, because the
            course's models are so small that a second thread costs more than it brings.

    Returns:
        The device, to be handed to models and data: `model.to(device)`.

    Raises:
        ValueError: a seed, thread count or device that this machine cannot give.
    """
    seed_everything(seed)
    if threads is None:
        threads = int(os.environ.get("OMP_NUM_THREADS") or 1)
    if threads < 1:
        raise ValueError(f"threads is {threads}; it must be at least 1.")
    torch.set_num_threads(threads)
    # Vanishing gradients end in numbers too small for full precision, on which a CPU is many times slower.
    torch.set_flush_denormal(True)
    # float32 is float32: cuDNN would let recurrent kernels round to TensorFloat-32, which keeps ten bits.
    torch.backends.cudnn.allow_tf32 = False
    chosen = best_device() if device is None else torch.device(device)
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(chosen.type, False):
        here = ", ".join(name for name, found in available.items() if found)
        raise ValueError(f"device is {str(chosen)!r}, which torch cannot use here; it can use: {here}.")
    print(f"Device: {describe(chosen)} · torch {torch.__version__.split('+')[0]} · seed {seed}")
    return chosen
