"""What the tests of RNN, LSTM and GRU share: ours against torch.nn, in values, states and every gradient."""

import itertools
from contextlib import contextmanager
from unittest import mock

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from course_lib.models.recurrent import base

EXACT = {"rtol": 1e-10, "atol": 1e-12}
INPUT_SIZE, HIDDEN_SIZE, BATCH, TIME = 3, 5, 4, 7
LENGTHS = torch.tensor([3, TIME, 1, 5])  # one as short and one as long as can be, in no order


FORMS = ["fused", "readable"]
in_both_forms = pytest.mark.parametrize("form", FORMS)


def _must_not_run(*args, **kwargs):
    raise AssertionError("the other form ran")


@contextmanager
def only(form: str):
    """The recurrent layers run in this form inside, and fail where the other one would run."""
    if form == "fused":
        with mock.patch.object(base.RecurrentLayer, "read_by_loop", _must_not_run):
            yield
    else:
        with (
            mock.patch.object(base, "kernel_serves", lambda layer, x: False),
            mock.patch.object(base, "read_by_kernel", _must_not_run),
        ):
            yield


def make_pair(ours: type, num_layers=1, *, bias=True, bidirectional=False, dropout=0.0, **options):
    """Our layer and its namesake in torch.nn with the same weights, in float64."""
    torch.manual_seed(0)
    shared = {"bias": bias, "bidirectional": bidirectional, "dropout": dropout, **options}
    reference = getattr(nn, ours.__name__)(
        INPUT_SIZE, HIDDEN_SIZE, num_layers, batch_first=True, dtype=torch.float64, **shared
    )
    model = ours(INPUT_SIZE, HIDDEN_SIZE, num_layers, **shared).double()
    model.load_state_dict(reference.state_dict())
    return model, reference


def run_reference(reference: nn.Module, x: Tensor, state, lengths: Tensor | None):
    """torch.nn over padded rows: packed, run, unpacked."""
    if lengths is None:
        return reference(x, state)
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    output, state = reference(packed, state)
    return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], state


def parts(state) -> list[Tensor]:
    """A state as a list: one tensor of an RNN or a GRU, two of an LSTM."""
    return [state] if isinstance(state, Tensor) else list(state)


def assert_equal_in_values_and_gradients(ours, reference, with_state, lengths, device):
    """Outputs, final states, gradients of inputs, initial states and parameters: both forms against torch.nn."""
    ours, reference = ours.to(device), reference.to(device)
    generator = torch.Generator().manual_seed(1)

    def random(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(device)

    directions = 2 if reference.bidirectional else 1
    state_shape = (reference.num_layers * directions, BATCH, HIDDEN_SIZE)
    n_states = 2 if reference.mode == "LSTM" else 1
    x = random(BATCH, TIME, INPUT_SIZE).requires_grad_()
    initial = [random(*state_shape).requires_grad_() for _ in range(n_states)] if with_state else []
    state = None if not with_state else tuple(initial) if n_states == 2 else initial[0]
    # Other weights for every number that comes out, so that a swapped or dropped gradient cannot cancel.
    output_weight = random(BATCH, TIME, HIDDEN_SIZE * directions)
    state_weights = [random(*state_shape) for _ in range(n_states)]

    def outcome(model, output, final):
        loss = (output * output_weight).sum()
        loss = loss + sum((part * w).sum() for part, w in zip(parts(final), state_weights, strict=True))
        return output, parts(final), torch.autograd.grad(loss, [x, *initial, *model.parameters()])

    expected_output, expected_final, expected_gradients = outcome(
        reference, *run_reference(reference, x, state, lengths)
    )
    for form in FORMS:
        with only(form):
            output, final, gradients = outcome(ours, *ours(x, state, lengths))
        torch.testing.assert_close(output, expected_output, **EXACT)
        torch.testing.assert_close(final, expected_final, **EXACT)
        assert len(gradients) == len(expected_gradients) > 0
        for gradient, expected in zip(gradients, expected_gradients, strict=True):
            assert expected.abs().max() > 0
            torch.testing.assert_close(gradient, expected, **EXACT)


LAYOUTS = list(itertools.product([1, 2], [False, True], [True, False], [True, False], [None, LENGTHS]))
_names = [
    f"{layers}-layers{'-both-ways' * both}{'-bias' * bias}{'-state' * state}{'-lengths' * (lengths is not None)}"
    for layers, both, bias, state, lengths in LAYOUTS
]
# Every combination, for each kind of layer.
in_every_layout = pytest.mark.parametrize(
    ("layers", "both_ways", "bias", "with_state", "lengths"), LAYOUTS, ids=_names
)
