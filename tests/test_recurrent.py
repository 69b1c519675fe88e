"""The RNN against torch.nn.RNN, and what RNN, LSTM and GRU promise alike: states, lengths, dropout, errors."""

import copy

import pytest
import torch
from torch import nn

from course_lib.models.recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from recurrent_parity import (
    BATCH,
    EXACT,
    HIDDEN_SIZE,
    INPUT_SIZE,
    LENGTHS,
    TIME,
    assert_equal_in_values_and_gradients,
    in_both_forms,
    in_every_layout,
    make_pair,
    only,
    parts,
)

LAYERS = [RNN, LSTM, GRU]


def random_input(seed=1, dtype=torch.float64):
    return torch.randn(BATCH, TIME, INPUT_SIZE, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@in_every_layout
def test_rnn_equals_torch(layers, both_ways, bias, with_state, lengths, nonlinearity, device):
    ours, reference = make_pair(RNN, layers, bias=bias, bidirectional=both_ways, nonlinearity=nonlinearity)
    assert_equal_in_values_and_gradients(ours, reference, with_state, lengths, device)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("bias", [True, False])
def test_rnn_cell_equals_torch(nonlinearity, bias):
    reference = nn.RNNCell(3, 5, bias=bias, nonlinearity=nonlinearity, dtype=torch.float64)
    ours = RNNCell(3, 5, nonlinearity, bias=bias).double()
    ours.load_state_dict(reference.state_dict())
    x, h = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    torch.testing.assert_close(ours(x, h), reference(x, h), **EXACT)
    torch.testing.assert_close(ours(x), reference(x), **EXACT)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("both_ways", [False, True])
def test_same_parameter_names_and_same_default_start_as_torch(layer, both_ways):
    torch.manual_seed(3)
    reference = getattr(nn, layer.__name__)(3, 5, 2, batch_first=True, bidirectional=both_ways)
    torch.manual_seed(3)
    ours = layer(3, 5, 2, bidirectional=both_ways)
    assert list(ours.state_dict()) == list(reference.state_dict())
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=0, atol=0)
    reference.load_state_dict(ours.state_dict())


@pytest.mark.parametrize("layer", LAYERS)
def test_a_later_input_never_moves_an_earlier_output(layer):
    ours, _ = make_pair(layer, 2)
    x = random_input()
    changed = x.clone()
    changed[:, 4:] += 1
    torch.testing.assert_close(ours(x)[0][:, :4], ours(changed)[0][:, :4], rtol=0, atol=0)
    assert not torch.allclose(ours(x)[0][:, 4:], ours(changed)[0][:, 4:])


@pytest.mark.parametrize("layer", LAYERS)
def test_carrying_the_state_equals_one_long_pass(layer):
    ours, _ = make_pair(layer, 2)
    x = random_input()
    whole, final = ours(x)
    first, state = ours(x[:, :4])
    second, state = ours(x[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, **EXACT)
    torch.testing.assert_close(parts(state), parts(final), **EXACT)


@in_both_forms
@pytest.mark.parametrize("lengths", [LENGTHS, LENGTHS.clamp(max=TIME - 2)], ids=["", "all-padded"])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("rubbish", [1e3, float("nan"), float("inf")])
def test_padding_never_changes_a_result_and_gets_no_gradient(layer, both_ways, rubbish, lengths, form):
    ours, _ = make_pair(layer, 2, bidirectional=both_ways)
    x = random_input()
    is_padding = torch.arange(TIME) >= lengths[:, None]  # (batch, time)
    padded = x.masked_fill(is_padding[..., None], rubbish).requires_grad_()
    x.requires_grad_()
    results = []
    for given in (x, padded):
        with only(form):
            output, state = ours(given, lengths=lengths)
        assert output.shape[:2] == (BATCH, TIME)
        loss = output.sin().sum() + sum(part.sum() for part in parts(state))
        results.append((output, *parts(state), *torch.autograd.grad(loss, [given, *ours.parameters()])))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)
    assert (results[1][0][is_padding] == 0).all()
    assert (results[1][-1 - len(list(ours.parameters()))][is_padding] == 0).all()


@in_both_forms
@pytest.mark.parametrize("layer", LAYERS)
def test_a_padded_row_gives_what_it_gives_alone(layer, form):
    ours, _ = make_pair(layer, 2, bidirectional=True)
    x = random_input()
    with only(form):
        output, state = ours(x, lengths=LENGTHS.to(torch.int32))
    for row, length in enumerate(LENGTHS.tolist()):
        alone, final = ours(x[row : row + 1, :length])
        torch.testing.assert_close(output[row, :length], alone[0], **EXACT)
        for part, expected in zip(parts(state), parts(final), strict=True):
            torch.testing.assert_close(part[:, row], expected[:, 0], **EXACT)


@in_both_forms
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("both_ways", [False, True])
def test_dropout_draws_as_torch_does_and_rests_in_eval(layer, both_ways, form):
    ours, reference = make_pair(layer, 3, bidirectional=both_ways, dropout=0.4)
    x = random_input()
    with only(form):
        torch.manual_seed(7)
        expected, _ = reference(x)
        torch.manual_seed(7)
        torch.testing.assert_close(ours(x)[0], expected, **EXACT)
        assert not torch.allclose(ours(x)[0], expected)  # other draws
        ours.eval(), reference.eval()
        torch.testing.assert_close(ours(x)[0], reference(x)[0], **EXACT)
        torch.testing.assert_close(ours(x)[0], ours(x)[0], rtol=0, atol=0)


@in_both_forms
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("padding", [0, 2])
def test_dropout_acts_between_layers_on_its_share_and_scales_the_rest_up(layer, form, padding):
    # W_hh = 0 and everything positive: each layer's input is seen, one feature at a time, in what it ends with.
    p, features, batch = 0.3, 400, 50
    ours = layer(1, features, 3, dropout=p)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.zero_()
        ours.weight_ih_l0.fill_(0.5)
        for upper in (ours.weight_ih_l1, ours.weight_ih_l2):
            upper.copy_(torch.eye(features).repeat(ours.gates, 1))
    x = torch.ones(batch, 1 + padding, 1)
    lengths = torch.ones(batch, dtype=torch.long) if padding else None

    def states_and_shares():
        with only(form):
            output, state = ours(x, lengths=lengths)
        h_n = parts(state)[0]  # (num_layers, batch, features)
        torch.testing.assert_close(output[:, 0], h_n[2], rtol=0, atol=0)  # nothing is dropped at the top
        return h_n, [(h != 0).double().mean().item() for h in h_n]

    h_n, shares = states_and_shares()
    # 20,000 draws: six standard deviations. The input has no dropout; the third layer's has been through two.
    assert shares == [1.0, pytest.approx(1 - p, abs=0.02), pytest.approx((1 - p) ** 2, abs=0.02)]
    kept = h_n[1][h_n[1] != 0]
    h_n, shares = ours.eval() and states_and_shares()
    assert shares == [1.0, 1.0, 1.0]
    # What is kept is divided by 1 − p: the second layer then reads as much, on average, as it does without dropout.
    with torch.no_grad():
        ours.weight_ih_l1 /= 1 - p
    h_n, _ = states_and_shares()
    torch.testing.assert_close(kept, h_n[1].flatten()[: len(kept)])


@pytest.mark.parametrize("layer", LAYERS)
def test_orthogonal_start_turns_each_gate_without_stretching(layer):
    ours = layer(4, 32, 2, bidirectional=True).orthogonal_(gain=1.5)
    blocks = [
        block
        for name, weight in ours.named_parameters()
        if name.startswith("weight_hh")
        for block in weight.chunk(ours.gates)
    ]
    assert len(blocks) == 4 * ours.gates
    for block in blocks:
        torch.testing.assert_close(block @ block.T, 2.25 * torch.eye(32), rtol=0, atol=1e-5)
    assert not any(torch.equal(block, blocks[0]) for block in blocks[1:])


@pytest.mark.parametrize("layer", LAYERS)
def test_sixteen_bit_training_keeps_the_loop_in_full_precision(layer, any_device):
    torch.manual_seed(0)
    ours = layer(INPUT_SIZE, HIDDEN_SIZE, 2).to(any_device)
    x = random_input(dtype=torch.float32).to(any_device)
    expected, _ = ours(x)
    with torch.autocast(any_device.type, dtype=torch.bfloat16):
        # bfloat16 comes in from a linear layer below.
        eye = torch.eye(INPUT_SIZE, device=any_device)
        below = nn.functional.linear(x, eye)
        output, state = ours(below, lengths=LENGTHS)
    assert below.dtype == torch.bfloat16 and output.dtype == torch.float32
    output.sum().backward()
    plain, _ = ours(below.float(), lengths=LENGTHS)
    torch.testing.assert_close(output, plain, rtol=0, atol=0)
    torch.testing.assert_close(output[1], expected[1], rtol=0, atol=0.02)  # row 1 is not padded
    assert all(parameter.grad.dtype == torch.float32 for parameter in ours.parameters())


@pytest.mark.parametrize("layer", LAYERS)
def test_a_copy_and_a_pass_without_gradients_give_the_same(layer):
    ours, _ = make_pair(layer, 2)
    x = random_input()
    expected, _ = ours(x)
    with torch.no_grad():
        torch.testing.assert_close(ours(x)[0], expected, rtol=0, atol=0)
    with torch.inference_mode():
        assert torch.equal(ours(x)[0], expected)
    assert torch.equal(copy.deepcopy(ours)(x)[0], expected)


def x(*shape):
    return torch.randn(*shape)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: RNN(3, 5)(x(4, 7, 2)), ValueError, ["(4, 7, 2)", "(batch, time, 3)"]),
        (lambda: LSTM(3, 5)(x(7, 3)), ValueError, ["(7, 3)", "(batch, time, 3)"]),
        (lambda: GRU(3, 5)(x(4, 0, 3)), ValueError, ["(4, 0, 3)", "at least one"]),
        (lambda: RNN(3, 5, 2)(x(4, 7, 3), x(1, 4, 5)), ValueError, ["h_0", "(1, 4, 5)", "(2, 4, 5)"]),
        (
            lambda: GRU(3, 5, 2, bidirectional=True)(x(4, 7, 3), x(2, 4, 5)),
            ValueError,
            ["(2, 4, 5)", "(4, 4, 5)", "num_layers * 2"],
        ),
        (
            lambda: LSTM(3, 5)(x(4, 7, 3), (x(1, 4, 5), x(1, 5, 4))),
            ValueError,
            ["c_0", "(1, 5, 4)", "(1, 4, 5)"],
        ),
        (lambda: LSTM(3, 5)(x(4, 7, 3), x(1, 4, 5)), TypeError, ["one tensor", "h_0, c_0"]),
        (lambda: GRU(3, 5)(x(4, 7, 3), (x(1, 4, 5), x(1, 4, 5))), TypeError, ["tuple", "one tensor: h_0"]),
        (lambda: LSTM(3, 5)(x(2, 7, 3), lengths=torch.tensor([7, 0])), ValueError, ["0 to 7", "1 to 7"]),
        (lambda: LSTM(3, 5)(x(2, 7, 3), lengths=torch.tensor([8, 3])), ValueError, ["3 to 8", "1 to 7"]),
        (lambda: LSTM(3, 5)(x(2, 7, 3), lengths=torch.tensor([7])), ValueError, ["lengths", "(1,)", "(2,)"]),
        (lambda: LSTM(3, 5)(x(2, 7, 3), lengths=torch.tensor([7.0, 3.0])), TypeError, ["float32", "whole"]),
        (lambda: LSTM(3, 5)(x(2, 7, 3), lengths=[7, 3]), TypeError, ["list", "tensor"]),
        (
            lambda: LSTM(3, 5)(x(2, 7, 3).double()),
            TypeError,
            ["x", "float64", "float32", "x.to(torch.float32)"],
        ),
        (lambda: GRU(3, 5)(x(2, 7, 3), x(1, 2, 5).double()), TypeError, ["h_0", "float64", "float32"]),
        (lambda: RNNCell(3, 5).double()(x(4, 3)), TypeError, ["x", "float32", "float64"]),
        (lambda: GRUCell(3, 5)(x(4, 3), x(4, 5).double()), TypeError, ["h", "float64", "float32"]),
        (lambda: RNNCell(3, 5)(x(4, 2)), ValueError, ["(4, 2)", "(batch, 3)"]),
        (lambda: GRUCell(3, 5)(x(4, 3), x(3, 5)), ValueError, ["h", "(3, 5)", "(4, 5)"]),
        (lambda: LSTMCell(3, 5)(x(4, 3), (x(4, 5), x(4, 6))), ValueError, ["c", "(4, 6)", "(4, 5)"]),
        (lambda: LSTMCell(3, 5)(x(4, 3), x(4, 5)), TypeError, ["one tensor", "h, c"]),
        (lambda: RNN(3, 0), ValueError, ["hidden_size", "0"]),
        (lambda: GRUCell(True, 5), ValueError, ["input_size", "True"]),
        (lambda: RNN(3, 5, nonlinearity="gelu"), ValueError, ["gelu", "tanh", "relu"]),
        (lambda: GRU(3, 5, 2, dropout=1.0), ValueError, ["dropout", "1.0", "below 1"]),
        (lambda: GRU(3, 5, dropout=0.1), ValueError, ["dropout", "0.1", "num_layers is 1"]),
        (lambda: LSTM(3, 5, bias=False).forget_bias_(1.0), ValueError, ["bias=False"]),
        (lambda: LSTM(3, 5).forget_bias_(torch.ones(4)), ValueError, ["(4,)", "(5,)"]),
    ],
)
def test_wrong_input_is_named_with_what_was_expected(call, error, words):
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("layer", LAYERS)
def test_batch_first_is_accepted_where_it_is_so_already(layer):
    torch.manual_seed(0)
    ours = layer(3, 5, batch_first=True)
    x = torch.randn(2, 4, 3)
    torch.manual_seed(0)
    assert torch.equal(ours(x)[0], layer(3, 5)(x)[0])
    with pytest.raises(ValueError, match="batch_first is False.*transpose"):
        layer(3, 5, batch_first=False)
