"""The LSTM of the course against torch.nn.LSTM; its forget gate, its gates on record, and language models on it."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.decoding import sample
from course_lib.losses import CarriedLoss, next_symbol_loss, text_loss
from course_lib.models.recurrent import GRU, LSTM, RNN, LSTMCell, RecurrentLM, record_gates
from course_lib.text.batching import stream_windows
from course_lib.training import fit
from recurrent_parity import (
    EXACT,
    LENGTHS,
    assert_equal_in_values_and_gradients,
    in_every_layout,
    make_pair,
)


@in_every_layout
def test_lstm_equals_torch(layers, both_ways, bias, with_state, lengths, device):
    ours, reference = make_pair(LSTM, layers, bias=bias, bidirectional=both_ways)
    assert_equal_in_values_and_gradients(ours, reference, with_state, lengths, device)


@pytest.mark.parametrize("bias", [True, False])
def test_cell_equals_torch(bias):
    reference = nn.LSTMCell(3, 5, bias=bias, dtype=torch.float64)
    ours = LSTMCell(3, 5, bias=bias).double()
    ours.load_state_dict(reference.state_dict())
    x, h, c = (torch.randn(4, size, dtype=torch.float64) for size in (3, 5, 5))
    torch.testing.assert_close(ours(x, (h, c)), reference(x, (h, c)), **EXACT)
    torch.testing.assert_close(ours(x), reference(x), **EXACT)


def test_forget_bias_goes_into_the_forget_gate_alone():
    torch.manual_seed(0)
    before = LSTM(3, 5, 2, bidirectional=True)
    after = LSTM(3, 5, 2, bidirectional=True)
    after.load_state_dict(before.state_dict())
    assert after.forget_bias_(2.5) is after
    for name, value in after.named_parameters():
        expected = before.get_parameter(name).detach().clone()
        if name.startswith("bias"):
            expected[5:10] = 2.5 if name.startswith("bias_ih") else 0.0
        torch.testing.assert_close(value.detach(), expected, rtol=0, atol=0)
    for_each_unit = torch.arange(5.0)
    assert torch.equal(after.forget_bias_(for_each_unit).bias_ih_l1_reverse[5:10], for_each_unit)


def test_an_undisturbed_cell_fades_at_the_rate_of_the_forget_gate():
    lstm = LSTM(1, 4)
    with torch.no_grad():
        for parameter in lstm.parameters():
            parameter.zero_()
    left = {}
    for name, bias in (("0", 0.0), ("1", 1.0), ("ln(40)", math.log(40))):
        state = torch.zeros(1, 1, 4), torch.ones(1, 1, 4)
        _, (_, c_n) = lstm.forget_bias_(bias)(torch.zeros(1, 40, 1), state)
        left[name] = c_n[0, 0, 0].item()
    assert left["0"] == pytest.approx(0.5**40)
    assert left["1"] == pytest.approx(3.6e-6, rel=0.01)
    assert left["ln(40)"] == pytest.approx((40 / 41) ** 40, rel=1e-5)


def test_recorded_gates_are_those_of_the_cell():
    lstm, _ = make_pair(LSTM)
    cell = LSTMCell(3, 5).double()
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})
    x = torch.randn(4, 7, 3, dtype=torch.float64)
    first = torch.randn(1, 4, 5, dtype=torch.float64), torch.randn(1, 4, 5, dtype=torch.float64)
    with record_gates(lstm) as gates:
        output, (_, c_n) = lstm(x, first)
    i, f, g, o, c, h = gates["l0"]
    torch.testing.assert_close(h, output, rtol=0, atol=0)
    torch.testing.assert_close(c[:, -1], c_n[0], rtol=0, atol=0)
    state = first[0][0], first[1][0]  # not zeros: the first step's gates depend on what was handed in
    for t in range(7):
        sums = x[:, t] @ cell.weight_ih.T + cell.bias_ih + state[0] @ cell.weight_hh.T + cell.bias_hh
        by_hand = dict(zip("ifgo", sums.chunk(4, dim=1), strict=True))
        torch.testing.assert_close(i[:, t], by_hand["i"].sigmoid(), **EXACT)
        torch.testing.assert_close(f[:, t], by_hand["f"].sigmoid(), **EXACT)
        torch.testing.assert_close(g[:, t], by_hand["g"].tanh(), **EXACT)
        torch.testing.assert_close(o[:, t], by_hand["o"].sigmoid(), **EXACT)
        state = cell(x[:, t], state)
        torch.testing.assert_close(c[:, t], state[1], **EXACT)
    assert not any(part.requires_grad for part in gates["l0"])


def test_recorded_gates_follow_the_text_in_both_directions_and_skip_padding():
    lstm, _ = make_pair(LSTM, 2, bidirectional=True)
    x = torch.randn(4, 7, 3, dtype=torch.float64)
    with record_gates(lstm) as gates:
        output, _ = lstm(x, lengths=LENGTHS)
    assert list(gates) == ["l0", "l0_reverse", "l1", "l1_reverse"]
    torch.testing.assert_close(torch.cat([gates["l1"].h, gates["l1_reverse"].h], dim=2).nan_to_num(), output)
    for name, before in (("l0", -1), ("l0_reverse", 1)):
        i, f, g, o, c, h = gates[name]
        for row, length in enumerate(LENGTHS.tolist()):
            for t in range(length):
                earlier = c[row, t + before] if 0 <= t + before < length else torch.zeros(5).double()
                torch.testing.assert_close(f[row, t] * earlier + i[row, t] * g[row, t], c[row, t], **EXACT)
                torch.testing.assert_close(o[row, t] * c[row, t].tanh(), h[row, t], **EXACT)
            assert all(part[row, length:].isnan().all() for part in gates[name])


def test_recording_joins_passes_names_modules_and_ends():
    lm = RecurrentLM(6, 3, LSTM(3, 5, 2))
    ids = torch.randint(6, (2, 9))
    with record_gates(lm) as whole:
        lm(ids)
    with record_gates(lm) as joined:
        _, state = lm(ids[:, :4])
        with record_gates(lm) as inner:
            lm(ids[:, 4:5], state)
        lm(ids[:, 4:], state)
    assert list(whole) == ["recurrent.l0", "recurrent.l1"]
    assert inner["recurrent.l0"].f.shape == (2, 1, 5)
    torch.testing.assert_close(joined["recurrent.l1"].c, whole["recurrent.l1"].c)
    lm(ids)
    assert whole["recurrent.l0"].f.shape == joined["recurrent.l0"].f.shape == (2, 9, 5)


def test_recording_refuses_what_has_no_gates_and_passes_that_do_not_belong_together():
    with pytest.raises(ValueError, match="no LSTM or GRU"), record_gates(RecurrentLM(6, 3, RNN(3, 5))):
        pass
    lstm = LSTM(3, 5)
    with pytest.raises(ValueError, match="batch of 3 after one of 2"), record_gates(lstm):
        lstm(torch.randn(2, 4, 3))
        lstm(torch.randn(3, 4, 3))
    assert lstm.recorder is None


# Language models: the state is a pair with an LSTM, one tensor with a GRU.


@pytest.fixture(params=[LSTM, GRU])
def lm(request):
    torch.manual_seed(0)
    return RecurrentLM(5, 4, request.param(4, 12, 2)).double()


def test_carried_windows_give_the_loss_of_one_long_pass(lm):
    windows = list(stream_windows(torch.randint(5, (2 * 12 + 1,)), batch=2, time=4, epochs=1))
    loss = CarriedLoss()
    in_pieces = torch.stack([loss(lm, window) for window in windows]).mean()
    inputs = torch.cat([window.inputs for window in windows], dim=1)
    targets = torch.cat([window.targets for window in windows], dim=1)
    torch.testing.assert_close(in_pieces, next_symbol_loss(lm(inputs)[0], targets))


def test_the_state_restarts_with_the_text_and_with_another_batch(lm):
    ids = torch.randint(5, (2 * 8 + 1,))
    windows = list(itertools.islice(stream_windows(ids, batch=2, time=4), 4))
    loss = CarriedLoss()
    values = [loss(lm, window) for window in windows]
    state = (loss.state,) if isinstance(loss.state, torch.Tensor) else loss.state
    assert not any(part.requires_grad for part in state)
    torch.testing.assert_close(values[0], values[2], rtol=0, atol=0)
    assert values[1] != next_symbol_loss(lm(windows[1].inputs)[0], windows[1].targets)
    other_batch = windows[1]._replace(inputs=windows[1].inputs[:1], targets=windows[1].targets[:1])
    torch.testing.assert_close(
        loss(lm, other_batch), next_symbol_loss(lm(other_batch.inputs)[0], other_batch.targets)
    )


def test_text_loss_of_one_stream_is_exact(lm):
    ids = torch.randint(5, (700,), generator=torch.Generator().manual_seed(0))
    exact = F.cross_entropy(lm(ids[None, :-1])[0][0], ids[1:]).item()
    assert text_loss(lm, ids, streams=1, warm_up=0) == pytest.approx(exact, rel=1e-12)


def test_sampling_carries_the_state(lm):
    prompt = torch.randint(5, (3, 6))
    ids = sample(lm, prompt, 10, temperature=0).clone()  # out of inference mode
    for t in range(6, 16):  # each symbol is the likeliest after reading everything before it anew
        torch.testing.assert_close(ids[:, t], lm(ids[:, :t])[0][:, -1].argmax(dim=1))


@pytest.mark.parametrize("layer", [LSTM, GRU])
def test_it_overfits_one_batch(layer):
    torch.manual_seed(0)
    lm = RecurrentLM(5, 8, layer(8, 32))
    ids = torch.randint(5, (4, 9), generator=torch.Generator().manual_seed(0))
    ids[:, 0] = torch.arange(4)  # what comes next is never a matter of chance

    def loss(model, batch):
        return next_symbol_loss(model(batch[:, :-1])[0], batch[:, 1:])

    history = fit(lm, itertools.repeat(ids), loss, steps=100, lr=2e-2, progress=False)
    assert history.losses[0] > 1.4 and history.losses[-1] < 0.05


def test_a_language_model_that_reads_backwards_is_refused():
    with pytest.raises(ValueError, match="gives away"):
        RecurrentLM(5, 4, LSTM(4, 12, bidirectional=True))
