"""Torch's kernel and the readable loop: which of them runs when, and what only one of them could do."""

import copy

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad

from course_lib.models.recurrent import GRU, LSTM, RNN, RecurrentLM, base, record_gates
from recurrent_parity import (
    BATCH,
    EXACT,
    HIDDEN_SIZE,
    INPUT_SIZE,
    LENGTHS,
    TIME,
    assert_equal_in_values_and_gradients,
    make_pair,
    only,
    parts,
)

every_layer = pytest.mark.parametrize("layer", [RNN, LSTM, GRU])
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
every_batch = pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["", "lengths"])
# Forward-mode differentiation loads parts of torch that use what torch itself has deprecated.
torch_s_own_warning = pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script.* is deprecated:DeprecationWarning"
)
close = {torch.float32: {"rtol": 1e-4, "atol": 1e-5}, torch.float64: EXACT}


def _watched(run, form, forms):
    def watched(*args):
        forms.append(form)
        return run(*args)

    return watched


@pytest.fixture
def ran(monkeypatch):
    """The forms in the order in which they ran."""
    forms = []
    for owner, name, form in (
        (base, "read_by_kernel", "fused"),
        (base.RecurrentLayer, "read_by_loop", "readable"),
    ):
        monkeypatch.setattr(owner, name, _watched(getattr(owner, name), form, forms))
    return forms


@torch_s_own_warning
@every_layer
def test_the_loop_runs_only_where_somebody_needs_to_see_inside(layer, ran):
    recurrent, x = layer(INPUT_SIZE, HIDDEN_SIZE, 2), torch.randn(BATCH, TIME, INPUT_SIZE)
    recurrent(x, lengths=LENGTHS)
    with torch.no_grad():
        recurrent.eval()(x)
    recurrent(x)[0].sum().backward()
    assert ran == ["fused"] * 3
    ran.clear()
    torch.func.grad(lambda x: recurrent(x)[0].sum())(x)
    with forward_ad.dual_level():
        recurrent(forward_ad.make_dual(x, x))
    assert ran == ["readable"] * 2
    ran.clear()
    recurrent(x)
    assert ran == ["fused"]


def test_only_the_layer_that_is_recorded_runs_its_loop(ran):
    both = nn.ModuleList([LSTM(INPUT_SIZE, HIDDEN_SIZE), LSTM(INPUT_SIZE, HIDDEN_SIZE)])
    x = torch.randn(BATCH, TIME, INPUT_SIZE)
    with record_gates(both[1]):
        both[0](x)
        both[1](x)
    assert ran == ["fused", "readable"]


def test_other_devices_than_the_tested_ones_run_the_loop(ran):
    RNN(INPUT_SIZE, HIDDEN_SIZE).to("meta")(torch.empty(BATCH, TIME, INPUT_SIZE, device="meta"))
    assert ran == ["readable"]


@every_layer
@every_batch
def test_recording_changes_no_number(layer, lengths):
    if layer is RNN:
        pytest.skip("an RNN has no gates to record")
    recurrent, _ = make_pair(layer, 2, bidirectional=True)
    x = torch.randn(BATCH, TIME, INPUT_SIZE, dtype=torch.float64)
    with only("fused"):
        output, state = recurrent(x, lengths=lengths)
    with record_gates(recurrent):
        recorded_output, recorded_state = recurrent(x, lengths=lengths)
    torch.testing.assert_close(recorded_output, output, **EXACT)
    torch.testing.assert_close(parts(recorded_state), parts(state), **EXACT)


@every_layer
@pytest.mark.parametrize("both_ways", [False, True])
def test_dropout_between_layers_does_not_part_the_forms(layer, both_ways, device):
    # In eval mode; the layers are then read one by one, in both forms.
    ours, reference = make_pair(layer, 3, bidirectional=both_ways, dropout=0.5)
    assert_equal_in_values_and_gradients(ours.eval(), reference.eval(), True, LENGTHS.to(device), device)


@every_layer
def test_gradients_in_eval_mode(layer, any_device):
    recurrent = layer(INPUT_SIZE, HIDDEN_SIZE).to(any_device)
    x = torch.randn(BATCH, TIME, INPUT_SIZE, device=any_device, requires_grad=True)
    recurrent(x)[0].sum().backward()
    expected, x.grad = x.grad, None
    recurrent.eval()(x)[0].sum().backward()
    assert expected.abs().max() > 0
    torch.testing.assert_close(x.grad, expected)


def make_function(layer, dtype, device="cpu", **options):
    """A function of the input, an initial state and a weight, and values for them; everything else is fixed."""
    torch.manual_seed(0)
    recurrent = layer(INPUT_SIZE, 3, 2, **options).to(device, dtype)
    x = torch.randn(BATCH, TIME, INPUT_SIZE).to(device, dtype)
    h_0, *others = (
        torch.randn(len(recurrent.weight_names), BATCH, 3).to(device, dtype) for _ in recurrent.state_names
    )

    def function(x, h_0, weight_hh, lengths=None):
        state = (h_0, *others) if others else h_0
        output, final = torch.func.functional_call(
            recurrent, {"weight_hh_l0": weight_hh}, (x, state, lengths)
        )
        return output, *parts(final)

    return function, (x, h_0, recurrent.weight_hh_l0.detach().clone())


@every_layer
@every_batch
@pytest.mark.parametrize("both_ways", [False, True])
def test_the_gradient_of_a_gradient_is_right(layer, lengths, both_ways, device, ran):
    function, inputs = make_function(layer, torch.float64, device, bidirectional=both_ways)
    inputs = tuple(part.requires_grad_() for part in inputs)
    function(*inputs, lengths)
    assert ran == ["fused"]
    assert torch.autograd.gradgradcheck(lambda *given: function(*given, lengths), inputs, fast_mode=True)


@every_layer
@every_dtype
@every_batch
def test_create_graph_gives_the_gradients_that_an_ordinary_backward_pass_gives(
    layer, dtype, lengths, device, ran
):
    function, inputs = make_function(layer, dtype, device)
    inputs = tuple(part.requires_grad_() for part in inputs)
    for which in range(2 if layer is not LSTM else 3):  # output, h_n, c_n: from each of them alone
        result = function(*inputs, lengths)[which].sin().sum()
        ordinary = torch.autograd.grad(result, inputs, retain_graph=True)
        assert ran == ["fused"]
        with_graph = torch.autograd.grad(result, inputs, create_graph=True)
        assert ran == ["fused", "readable"]
        torch.testing.assert_close(with_graph, ordinary, **close[dtype])
        assert all(part.requires_grad for part in with_graph)
        ran.clear()


@every_layer
@every_batch
def test_second_derivatives_in_float32_are_those_of_float64(layer, lengths, device):
    found = []
    for dtype in (torch.float32, torch.float64):
        function, inputs = make_function(layer, dtype, device)
        inputs = tuple(part.requires_grad_() for part in inputs)
        (first, *_) = torch.autograd.grad(
            function(*inputs, lengths)[0].sin().sum(), inputs, create_graph=True
        )
        found.append([part.double() for part in torch.autograd.grad((first**2).sum(), inputs)])
    for single, double in zip(*found, strict=True):
        torch.testing.assert_close(single, double, rtol=1e-3, atol=1e-4)


@torch_s_own_warning
@every_layer
@every_dtype
def test_torch_func_differentiates_it(layer, dtype, device):
    function, (x, h_0, weight) = make_function(layer, dtype, device, bidirectional=True)

    def loss(x, weight):
        return function(x, h_0, weight, LENGTHS.to(device))[0].sin().sum()

    leaves = [x.clone().requires_grad_(), weight.clone().requires_grad_()]
    expected = torch.autograd.grad(loss(*leaves), leaves, create_graph=True)
    found = torch.func.grad(loss, argnums=(0, 1))(x, weight)
    torch.testing.assert_close(found, tuple(part.detach() for part in expected), **close[dtype])
    # Forwards and backwards, once and twice.
    _, along = torch.func.jvp(lambda weight: loss(x, weight), (weight,), (weight,))
    torch.testing.assert_close(along, (expected[1] * weight).sum().detach(), **close[dtype])
    (twice,) = torch.autograd.grad((expected[1] * weight).sum(), leaves[1])
    hessian = torch.func.hessian(lambda weight: loss(x, weight))(weight)  # (rows, columns, rows, columns)
    torch.testing.assert_close(torch.einsum("ijkl,kl->ij", hessian, weight), twice, **close[dtype])


@every_layer
@every_dtype
def test_vmap_gives_every_row_its_gradient_and_every_model_its_output(layer, dtype, device):
    function, (x, h_0, weight) = make_function(layer, dtype, device)

    def loss(row, h_0, weight):  # row (time, input_size), h_0 (num_layers, hidden_size)
        return alone(row[None], h_0[:, None], weight)[0].sin().sum()

    recurrent = layer(INPUT_SIZE, 3, 2).to(device, dtype)

    def alone(x, h_0, weight):
        state = (h_0, h_0) if layer is LSTM else h_0
        output, final = torch.func.functional_call(recurrent, {"weight_hh_l0": weight}, (x, state))
        return output, *parts(final)

    per_row = torch.func.vmap(torch.func.grad(loss, argnums=2), in_dims=(0, 1, None))(x, h_0, weight)
    for row in range(BATCH):
        leaf = weight.clone().requires_grad_()
        (expected,) = torch.autograd.grad(loss(x[row], h_0[:, row], leaf), leaf)
        torch.testing.assert_close(per_row[row], expected, **close[dtype])
    weights = torch.stack([weight, 2 * weight])  # two models
    outputs = torch.func.vmap(lambda weight: alone(x, h_0, weight)[0])(weights)
    torch.testing.assert_close(outputs, torch.stack([alone(x, h_0, w)[0] for w in weights]), **close[dtype])


@torch_s_own_warning
@every_layer
@every_dtype
def test_jacobians_of_either_kind(layer, dtype, device):
    function, (x, h_0, weight) = make_function(layer, dtype, device)

    def last(h_0):
        return function(x, h_0, weight)[1]

    expected = torch.autograd.functional.jacobian(last, h_0)
    assert expected.abs().max() > 0.01
    for found in (
        torch.func.jacrev(last)(h_0),
        torch.func.jacfwd(last)(h_0),
        torch.autograd.functional.jacobian(last, h_0, vectorize=True),
    ):
        torch.testing.assert_close(found, expected, **close[dtype])


@every_layer
def test_a_copy_on_another_type_and_back_is_the_same_layer(layer, device):
    recurrent = layer(INPUT_SIZE, HIDDEN_SIZE, 2, bidirectional=True)
    before = copy.deepcopy(recurrent.state_dict())
    recurrent.to(device).double().float().cpu()
    assert list(recurrent.state_dict()) == list(before)
    for name, value in recurrent.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.gpu
@every_layer
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_cudnn_finds_the_weights_side_by_side(layer, dropout, device, recwarn):
    if device.type != "cuda":
        pytest.skip("cuDNN is on CUDA GPUs only")
    made_there = torch.device("cuda")
    with made_there:
        there = layer(INPUT_SIZE, HIDDEN_SIZE, 2, bidirectional=True, dropout=dropout)
    moved = layer(INPUT_SIZE, HIDDEN_SIZE, 2, bidirectional=True, dropout=dropout).to(device)
    moved.load_state_dict(there.state_dict())
    for recurrent in (there, moved, copy.deepcopy(moved), moved.double()):
        storages = {parameter.untyped_storage().data_ptr() for parameter in recurrent.parameters()}
        assert len(storages) == (2 if dropout else 1)
        x = torch.randn(BATCH, TIME, INPUT_SIZE, device=device, dtype=recurrent.weight_ih_l0.dtype)
        recurrent(x)[0].sum().backward()
    assert not recwarn.list  # cuDNN warns about weights that it has to copy


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # the compiler's own look
def test_a_compiler_leaves_the_kernel_whole():
    torch.manual_seed(0)
    model, ids = RecurrentLM(7, 4, LSTM(4, 8, 2)), torch.randint(7, (3, 20))
    n_operations = []

    def count(graph_module, _):
        n_operations.append(sum(node.op.startswith("call") for node in graph_module.graph.nodes))
        return graph_module.forward

    expected, _ = model(ids)
    torch._dynamo.reset()
    found, _ = torch.compile(model, backend=count)(ids)
    torch.testing.assert_close(found, expected)
    assert n_operations and sum(n_operations) < 40  # twenty steps of two layers would be hundreds
