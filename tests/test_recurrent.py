"""The RNN of the course against torch.nn.RNN: values, final states and every gradient, in float64."""

import itertools

import pytest
import torch
from torch import nn

from course_lib.models.recurrent import RNN, RNNCell

EXACT = {"rtol": 1e-10, "atol": 1e-12}


def make_pair(num_layers=1, nonlinearity="tanh", bias=True, input_size=3, hidden_size=5):
    torch.manual_seed(0)
    reference = nn.RNN(
        input_size, hidden_size, num_layers, nonlinearity, bias=bias, batch_first=True, dtype=torch.float64
    )
    ours = RNN(input_size, hidden_size, num_layers, nonlinearity, bias=bias).double()
    ours.load_state_dict(reference.state_dict())
    return ours, reference


@pytest.mark.parametrize(
    ("num_layers", "nonlinearity", "bias", "with_state"),
    list(itertools.product([1, 2], ["tanh", "relu"], [True, False], [True, False])),
)
def test_rnn_equals_torch_in_values_and_gradients(num_layers, nonlinearity, bias, with_state, device):
    ours, reference = make_pair(num_layers, nonlinearity, bias)
    ours, reference = ours.to(device), reference.to(device)
    batch, time = 4, 7
    generator = torch.Generator().manual_seed(1)

    def leaf(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(device).requires_grad_()

    x = leaf(batch, time, 3)
    h_0 = leaf(num_layers, batch, 5) if with_state else None
    # Different weights for every output, so that a swapped or dropped gradient cannot cancel.
    output_weight, state_weight = leaf(batch, time, 5).detach(), leaf(num_layers, batch, 5).detach()

    gradients = []
    for model in (ours, reference):
        inputs = [x] + ([h_0] if with_state else [])
        output, h_n = model(*inputs)
        loss = (output * output_weight).sum() + (h_n * state_weight).sum()
        gradients.append((output, h_n, torch.autograd.grad(loss, inputs + list(model.parameters()))))

    (output, h_n, grads), (expected_output, expected_h_n, expected_grads) = gradients
    torch.testing.assert_close(output, expected_output, **EXACT)
    torch.testing.assert_close(h_n, expected_h_n, **EXACT)
    assert len(grads) == len(expected_grads) > 0
    for ours_grad, reference_grad in zip(grads, expected_grads, strict=True):
        assert reference_grad.abs().max() > 0
        torch.testing.assert_close(ours_grad, reference_grad, **EXACT)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("bias", [True, False])
def test_cell_equals_torch(nonlinearity, bias):
    reference = nn.RNNCell(3, 5, bias=bias, nonlinearity=nonlinearity, dtype=torch.float64)
    ours = RNNCell(3, 5, nonlinearity, bias=bias).double()
    ours.load_state_dict(reference.state_dict())
    x, h = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    torch.testing.assert_close(ours(x, h), reference(x, h), **EXACT)
    torch.testing.assert_close(ours(x), reference(x), **EXACT)


def test_same_parameter_names_and_same_default_start_as_torch():
    torch.manual_seed(3)
    reference = nn.RNN(3, 5, 2, batch_first=True)
    torch.manual_seed(3)
    ours = RNN(3, 5, 2)
    assert list(ours.state_dict()) == list(reference.state_dict())
    for name, value in reference.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=0, atol=0)


def test_a_later_input_never_moves_an_earlier_output():
    ours, _ = make_pair(num_layers=2)
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    changed = x.clone()
    changed[:, 4:] += 1
    torch.testing.assert_close(ours(x)[0][:, :4], ours(changed)[0][:, :4], rtol=0, atol=0)
    assert not torch.allclose(ours(x)[0][:, 4:], ours(changed)[0][:, 4:])


def test_carrying_the_state_equals_one_long_pass():
    ours, _ = make_pair(num_layers=2)
    x = torch.randn(2, 9, 3, dtype=torch.float64)
    whole, h_whole = ours(x)
    first, h = ours(x[:, :4])
    second, h = ours(x[:, 4:], h)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, **EXACT)
    torch.testing.assert_close(h, h_whole, **EXACT)


def test_orthogonal_start_keeps_every_vector_s_length():
    rnn = RNN(4, 32, 2).orthogonal_(gain=1.5)
    for layer in range(2):
        weight_hh = getattr(rnn, f"weight_hh_l{layer}")
        torch.testing.assert_close(weight_hh @ weight_hh.T, 2.25 * torch.eye(32), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RNN(3, 5)(torch.randn(4, 7, 2)), ["(4, 7, 2)", "(batch, time, 3)"]),
        (lambda: RNN(3, 5)(torch.randn(7, 3)), ["(7, 3)", "(batch, time, 3)"]),
        (lambda: RNN(3, 5)(torch.randn(4, 0, 3)), ["(4, 0, 3)", "at least one"]),
        (lambda: RNN(3, 5, 2)(torch.randn(4, 7, 3), torch.randn(1, 4, 5)), ["(1, 4, 5)", "(2, 4, 5)"]),
        (lambda: RNNCell(3, 5)(torch.randn(4, 2)), ["(4, 2)", "(batch, 3)"]),
        (lambda: RNNCell(3, 5)(torch.randn(4, 3), torch.randn(3, 5)), ["(3, 5)", "(4, 5)"]),
        (lambda: RNN(3, 0), ["hidden_size", "0"]),
        (lambda: RNN(3, 5, nonlinearity="gelu"), ["gelu", "tanh", "relu"]),
    ],
)
def test_wrong_input_is_named_with_what_was_expected(call, words):
    with pytest.raises(ValueError) as error:
        call()
    for word in words:
        assert word in str(error.value)
