"""The GRU of the course against torch.nn.GRU: values, final states and every gradient, in float64."""

import math

import pytest
import torch
from torch import nn

from course_lib.models.recurrent import GRU, GRUCell, record_gates
from recurrent_parity import (
    EXACT,
    LENGTHS,
    assert_equal_in_values_and_gradients,
    in_every_layout,
    make_pair,
)


@in_every_layout
def test_gru_equals_torch(layers, both_ways, bias, with_state, lengths, device):
    ours, reference = make_pair(GRU, layers, bias=bias, bidirectional=both_ways)
    assert_equal_in_values_and_gradients(ours, reference, with_state, lengths, device)


@pytest.mark.parametrize("bias", [True, False])
def test_cell_equals_torch(bias):
    reference = nn.GRUCell(3, 5, bias=bias, dtype=torch.float64)
    ours = GRUCell(3, 5, bias=bias).double()
    ours.load_state_dict(reference.state_dict())
    x, h = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    torch.testing.assert_close(ours(x, h), reference(x, h), **EXACT)
    torch.testing.assert_close(ours(x), reference(x), **EXACT)


def test_an_undisturbed_state_fades_at_the_rate_of_the_update_gate():
    gru = GRU(1, 4, 2, bidirectional=True)
    with torch.no_grad():
        for parameter in gru.parameters():
            parameter.zero_()
    gru.update_bias_(math.log(50))
    _, h_n = gru(torch.zeros(1, 50, 1), torch.ones(4, 1, 4))
    torch.testing.assert_close(h_n, torch.full((4, 1, 4), (50 / 51) ** 50))


def test_recorded_gates_are_those_of_the_cell():
    gru, _ = make_pair(GRU, 2, bidirectional=True)
    x = torch.randn(4, 7, 3, dtype=torch.float64)
    with record_gates(gru) as gates:
        output, _ = gru(x, lengths=LENGTHS)
    assert list(gates) == ["l0", "l0_reverse", "l1", "l1_reverse"]
    torch.testing.assert_close(torch.cat([gates["l1"].h, gates["l1_reverse"].h], dim=2).nan_to_num(), output)
    # The equation holds at every step, in the order of the text for one direction and against it for the other.
    for name, before in (("l0", -1), ("l0_reverse", 1)):
        r, z, n, h = gates[name]
        for row, length in enumerate(LENGTHS.tolist()):
            for t in range(length):
                earlier = h[row, t + before] if 0 <= t + before < length else torch.zeros(5).double()
                expected = (1 - z[row, t]) * n[row, t] + z[row, t] * earlier
                torch.testing.assert_close(h[row, t], expected, **EXACT)
                assert ((r[row, t] > 0) & (r[row, t] < 1)).all()
            assert h[row, length:].isnan().all()


def test_recorded_gates_follow_from_the_state_that_was_handed_in():
    gru, _ = make_pair(GRU)
    cell = GRUCell(3, 5).double()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in gru.state_dict().items()})
    x, h = torch.randn(4, 7, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    with record_gates(gru) as gates:
        gru(x, h[None])
    for t in range(7):
        from_input = x[:, t] @ cell.weight_ih.T + cell.bias_ih  # (batch, 3 * hidden_size)
        from_state = h @ cell.weight_hh.T + cell.bias_hh  # (batch, 3 * hidden_size)
        (x_r, x_z, x_n), (h_r, h_z, h_n) = from_input.chunk(3, dim=1), from_state.chunk(3, dim=1)
        r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
        torch.testing.assert_close(gates["l0"].r[:, t], r, **EXACT)
        torch.testing.assert_close(gates["l0"].z[:, t], z, **EXACT)
        torch.testing.assert_close(gates["l0"].n[:, t], (x_n + r * h_n).tanh(), **EXACT)
        h = cell(x[:, t], h)
        torch.testing.assert_close(gates["l0"].h[:, t], h, **EXACT)
