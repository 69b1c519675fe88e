"""RNN, LSTM and GRU against `torch.nn`: seconds of one forward and backward pass."""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib.models.recurrent import GRU, LSTM, RNN

# batch, time, hidden_size (and as many input features), num_layers → rounds
SIZES = {(32, 64, 128, 1): 31, (32, 64, 128, 2): 21, (64, 128, 256, 1): 9, (64, 128, 256, 2): 9}
# What the course promises at every size: at most so many times the seconds of torch.nn.
BOUND = 1.05


@benchmark("recurrent", "RNN, LSTM and GRU against torch.nn, forward and backward", minutes=3)
def run() -> None:
    rows = []
    for size, rounds in SIZES.items():
        batch, time, hidden_size, num_layers = size
        for layer in (RNN, LSTM, GRU):
            seconds = interleaved(pair(layer, size, torch.device("cpu")), rounds)
            rows.append(
                (
                    layer.__name__,
                    f"{batch} × {time} × {hidden_size}",
                    str(num_layers),
                    f"{seconds['ours']:.4f}",
                    f"{seconds['torch']:.4f}",
                    f"{seconds['ours'] / seconds['torch']:.2f}",
                    f"≤ {BOUND}",
                )
            )
    print(table(("", "batch × time × hidden", "layers", "ours, s", "torch.nn, s", "ratio", "bound"), rows))


def pair(
    layer: type[nn.Module], size: tuple[int, int, int, int], device: torch.device
) -> dict[str, Callable[[], None]]:
    """A training pass of our layer and of torch.nn's with the same weights: "ours" and "torch"."""
    batch, time, hidden_size, num_layers = size
    ours = layer(hidden_size, hidden_size, num_layers).to(device)
    reference = getattr(nn, layer.__name__)(hidden_size, hidden_size, num_layers, batch_first=True).to(device)
    reference.load_state_dict(ours.state_dict())
    x = torch.randn(batch, time, hidden_size, device=device, requires_grad=True)
    weight = torch.randn(batch, time, hidden_size, device=device)
    # A GPU's recurrent kernels multiply with ten bits behind the point.
    tolerance = {} if device.type == "cpu" else {"atol": 5e-3, "rtol": 5e-3}
    torch.testing.assert_close(ours(x)[0], reference(x)[0], **tolerance)
    return {"ours": training_pass(ours, x, weight), "torch": training_pass(reference, x, weight)}


def training_pass(
    model: nn.Module, x: torch.Tensor, weight: torch.Tensor, *, bf16: bool = False
) -> Callable[[], None]:
    """A function that runs one forward and backward pass, gradients of parameters and inputs included."""

    def forward_and_backward() -> None:
        model.zero_grad()
        x.grad = None
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=bf16):
            y = model(x)[0]
        (y * weight).sum().backward()

    return forward_and_backward
