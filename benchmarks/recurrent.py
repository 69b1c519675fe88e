"""RNN, LSTM and GRU against `torch.nn`: seconds of one forward and backward pass."""

from collections.abc import Callable

import torch
from torch import nn

from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib.models.recurrent import GRU, LSTM, RNN

# batch, time, hidden_size (and as many input features), num_layers → rounds
SIZES = {(32, 64, 128, 1): 31, (32, 64, 128, 2): 21, (64, 128, 256, 1): 9, (64, 128, 256, 2): 9}
# What the course promises: at most so many times the seconds of torch.nn.
BOUNDS = {("LSTM", (32, 64, 128, 1)): 2.0, ("LSTM", (64, 128, 256, 2)): 1.15}


@benchmark("recurrent", "RNN, LSTM and GRU against torch.nn, forward and backward", minutes=3)
def run() -> None:
    rows = []
    for size, rounds in SIZES.items():
        batch, time, hidden_size, num_layers = size
        for layer in (RNN, LSTM, GRU):
            ours = layer(hidden_size, hidden_size, num_layers)
            reference = getattr(nn, layer.__name__)(hidden_size, hidden_size, num_layers, batch_first=True)
            reference.load_state_dict(ours.state_dict())
            x = torch.randn(batch, time, hidden_size, requires_grad=True)
            weight = torch.randn(batch, time, hidden_size)
            torch.testing.assert_close(ours(x)[0], reference(x)[0])
            passes = {"ours": training_pass(ours, x, weight), "torch": training_pass(reference, x, weight)}
            seconds = interleaved(passes, rounds)
            bound = BOUNDS.get((layer.__name__, size))
            rows.append(
                (
                    layer.__name__,
                    f"{batch} × {time} × {hidden_size}",
                    str(num_layers),
                    f"{seconds['ours']:.4f}",
                    f"{seconds['torch']:.4f}",
                    f"{seconds['ours'] / seconds['torch']:.2f}",
                    f"≤ {bound}" if bound else "",
                )
            )
    print(table(("", "batch × time × hidden", "layers", "ours, s", "torch.nn, s", "ratio", "bound"), rows))


def training_pass(model: nn.Module, x: torch.Tensor, weight: torch.Tensor) -> Callable[[], None]:
    """A function that runs one forward and backward pass, gradients of parameters and inputs included."""

    def forward_and_backward() -> None:
        model.zero_grad()
        x.grad = None
        (model(x)[0] * weight).sum().backward()

    return forward_and_backward
