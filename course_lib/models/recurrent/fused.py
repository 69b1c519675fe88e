"""The fused form of the recurrent layers: torch's own kernel (oneDNN, cuDNN) for all steps, layers and directions.

The readable form, `RecurrentLayer.read_by_loop`, computes the same numbers. `kernel_serves` is the one place that
decides which of the two runs.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.backends.cudnn.rnn import get_cudnn_mode
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from course_lib.models.recurrent.parameters import Weights
from course_lib.models.recurrent.rows import Rows

if TYPE_CHECKING:
    from course_lib.models.recurrent.base import RecurrentLayer

KERNELS = {
    "RNN_TANH": torch.rnn_tanh,
    "RNN_RELU": torch.rnn_relu,
    "GRU": torch.gru,
    "LSTM": torch.lstm,
}


def kernel_serves(layer: "RecurrentLayer", x: Tensor) -> bool:
    """Whether torch's kernel may stand in for the loop over time; True unless somebody needs to see inside it.

    The kernel shows no gates. `torch.func` (vmap, jvp, …) and forward-mode differentiation look into every operation,
    and the kernel is closed to them. On other devices than the two that are tested, the loop runs as well.
    """
    return layer.recorder is None and x.device.type in ("cpu", "cuda") and not _is_transformed()


def read_by_kernel(
    layer: "RecurrentLayer", x: Tensor, states: tuple[Tensor, ...], weights: dict[str, Weights], rows: Rows
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Some of the layers by torch's kernel; arguments and results are those of `RecurrentLayer.read_by_loop`."""
    if torch.compiler.is_compiling():
        # A compiler would take the kernel apart and unroll every step: minutes for one layer.
        return torch.compiler.disable(_read_by_kernel)(layer, x, states, weights, rows)
    return _read_by_kernel(layer, x, states, weights, rows)


def _read_by_kernel(layer, x, states, weights, rows):
    kernel, flat = KERNELS[layer.mode], [tensor for group in weights.values() for tensor in group.flat]
    # Dropout happens outside. To cuDNN "train" means that a backward pass may follow, whatever mode the module is in.
    options = (
        layer.bias,
        len(weights) // layer.num_directions,
        0.0,
        torch.is_grad_enabled(),
        layer.bidirectional,
    )
    given = tuple(state.contiguous() for state in states)
    if rows.lengths is None:
        output, *last = kernel(x, _join(given), flat, *options, False)  # time first
    else:
        packed = pack_padded_sequence(x, rows.lengths, enforce_sorted=False)
        given = tuple(state.index_select(1, packed.sorted_indices) for state in given)
        data, *last = kernel(packed.data, packed.batch_sizes, _join(given), flat, *options)
        # (time, batch, output_size), also where no row is as long as the padding
        output, _ = pad_packed_sequence(PackedSequence(data, *packed[1:]), total_length=rows.time)
        last = [state.index_select(1, packed.unsorted_indices) for state in last]
    if output.requires_grad:
        output, *last = DifferentiableTwice.apply(
            layer, list(weights), rows, len(states), output, *last, x, *states, *flat
        )
    return output, tuple(last)


class DifferentiableTwice(torch.autograd.Function):
    """Hands on what the kernel gave; where the gradient is itself to be differentiated, the loop computes it.

    cuDNN cannot give the gradient of a gradient, and whether one is wanted is known only in the backward pass. An
    ordinary backward pass goes on into the kernel's own. One with create_graph=True goes past it: the loop runs once
    more on the same inputs, and autograd differentiates that.
    """

    @staticmethod
    def forward(ctx, layer, names, rows, n_states, *tensors):
        results, inputs = tensors[: 1 + n_states], tensors[1 + n_states :]
        ctx.layer, ctx.names, ctx.rows, ctx.n_states = layer, names, rows, n_states
        ctx.save_for_backward(*inputs)
        ctx.set_materialize_grads(False)
        return tuple(result.detach() for result in results)

    @staticmethod
    def backward(ctx, *grads):
        inputs, create_graph = ctx.saved_tensors, torch.is_grad_enabled()
        options = (None,) * 4  # layer, names, rows, n_states have no gradient
        if not create_graph and not _is_transformed():
            return *options, *grads, *(None for _ in inputs)
        x, states, flat = inputs[0], inputs[1 : 1 + ctx.n_states], inputs[1 + ctx.n_states :]
        kinds = len(flat) // len(ctx.names)
        weights = {name: Weights(*flat[kinds * i : kinds * (i + 1)]) for i, name in enumerate(ctx.names)}
        is_wanted = ctx.needs_input_grad[-len(inputs) :]
        with torch.enable_grad():
            output, last = ctx.layer.read_by_loop(x, states, weights, ctx.rows)
            used = [pair for pair in zip((output, *last), grads, strict=True) if pair[1] is not None]
            found = torch.autograd.grad(
                [result for result, _ in used],
                [tensor for tensor, wanted in zip(inputs, is_wanted, strict=True) if wanted],
                [grad for _, grad in used],
                create_graph=create_graph,
                allow_unused=True,
            )
        found = iter(found)
        return *options, *(None for _ in grads), *(next(found) if wanted else None for wanted in is_wanted)


def flatten_for_cudnn(layer: "RecurrentLayer") -> None:
    """On a CUDA GPU: lay parameters that go into the kernel together side by side in memory.

    cuDNN wants them so, and would otherwise copy them at every call and warn. Values and names do not change.
    """
    for layers in layer.blocks:
        weights = layer.weights_of(layers)
        flat = [tensor for group in weights.values() for tensor in group.flat]
        if len({tensor.data_ptr() for tensor in flat}) < len(flat) or not all(
            isinstance(tensor, nn.Parameter) and tensor.is_cuda and torch.backends.cudnn.is_acceptable(tensor)
            for tensor in flat
        ):
            return  # tied or computed weights stay where they are
        with torch.no_grad(), torch.cuda.device_of(flat[0]):
            torch._cudnn_rnn_flatten_weight(
                flat,
                len(flat) // len(weights),
                flat[0].shape[1],  # features that the lowest of these layers reads
                get_cudnn_mode(layer.mode),
                layer.hidden_size,
                0,  # no projection
                len(layers),
                False,  # time first
                layer.bidirectional,
            )


def _is_transformed() -> bool:
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


def _join(states: tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    return states if len(states) > 1 else states[0]
