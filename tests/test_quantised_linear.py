"""Linear layers in whole numbers: what they compute, what they keep, and that they stand where an nn.Linear stood."""

import copy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from course_lib.models.attention import MultiHeadAttention
from course_lib.models.compact import (
    Int4Linear,
    Int8Embedding,
    Int8Linear,
    add_lora,
    add_lora_to_attention,
    lora_parameters,
    merge_lora,
    q4_1_blocks,
    replace_linears,
    tensor_bytes,
)
from course_lib.models.compact.int8_linear import whole_product
from course_lib.models.pretrained.gguf_blocks import Q4_1
from course_lib.models.transformer import GPT, Llama

KINDS = pytest.mark.parametrize("kind", [Int8Linear, Int4Linear])


def linear(n_in=96, n_out=64, bias=True, seed=0):
    torch.manual_seed(seed)
    return nn.Linear(n_in, n_out, bias=bias)


def llama(**options):
    torch.manual_seed(0)
    sizes = {"max_len": 32, "d_model": 64, "n_heads": 4, "n_kv_heads": 2, "num_layers": 2, "d_ff": 96, **options}
    return Llama(50, **sizes).eval()


# ---------------------------------------------------------------- one layer


@KINDS
def test_the_matrix_is_the_nearest_and_the_layer_multiplies_by_it(kind, device):
    full = linear().to(device)
    layer = kind.from_linear(full)
    steps = {Int8Linear: 2 * 127, Int4Linear: 15}[kind]
    span = full.weight.detach().amax() - full.weight.detach().amin()
    assert (layer.weight - full.weight).abs().max() < 0.6 * span / steps
    x = torch.randn(3, 20, 96, device=device)
    exact = nn.functional.linear(x, layer.weight, full.bias)
    with torch.no_grad():
        assert layer(x).shape == (3, 20, 64) and layer(x).dtype == torch.float32
        assert (layer(x) - exact).norm() < 0.01 * exact.norm()
        assert_close(layer(x[0, 0]), layer(x)[0, 0], rtol=0.02, atol=0.02)  # by another way, perhaps


def test_int8_by_hand(device):
    layer = Int8Linear(3, 2, torch.tensor([0.0, 1.0])).to(device)
    layer.numbers = torch.tensor([[127, 0, -127], [1, 2, 3]], dtype=torch.int8, device=device)
    layer.scale = torch.tensor([0.5, 1.0], device=device)
    x = torch.tensor([[1.27, -0.01, 0.004], [0.0, 0.0, 0.0]], device=device)  # → 127, −1, 0 of 0.01 each
    expected = torch.tensor([[127 * 127 * 0.01 * 0.5, (127 - 2) * 0.01 + 1], [0.0, 1.0]], device=device)
    assert_close(layer(x), expected)


@pytest.mark.parametrize("shape", [(1, 5, 3), (1, 64, 48), (17, 1, 1), (40, 1536, 7), (2, 2048, 64)])
def test_whole_products_are_exact(shape, device):
    rows, n_in, n_out = shape
    generator = torch.Generator().manual_seed(0)
    x, weight = (torch.randint(-127, 128, (n, n_in), generator=generator).to(torch.int8) for n in (rows, n_out))
    x[0], weight[0] = 127, -127  # the largest sum there is
    sums = whole_product(x.to(device), weight.to(device)).cpu().long()
    assert torch.equal(sums, x.long() @ weight.long().T)


def test_int8_keeps_more_than_seven_bits():
    full, x = linear(512, 256), torch.randn(64, 512)
    layer = Int8Linear.from_linear(full)
    with torch.no_grad():
        assert (layer(x) - full(x)).norm() < 0.012 * full(x).norm()


@pytest.mark.parametrize("rows", [1, 2, 16, 17, 40])
def test_int4_is_the_file_s_matrix(rows):
    full, x = linear(), torch.randn(rows, 96)
    layer = Int4Linear.from_linear(full)
    assert torch.equal(layer.weight, Q4_1.unpack(q4_1_blocks(full.weight).flatten(0, 1)).view(64, 96))
    assert layer.has_kernel
    with torch.no_grad():
        exact = nn.functional.linear(x, layer.weight, full.bias)
        error = (layer(x) - exact).norm() / exact.norm()
    assert error == 0 if rows > 16 else 0 < error < 2**-8


def test_int4_without_a_kernel_is_exact():
    full, x = linear(64, 7), torch.randn(2, 64, dtype=torch.float64)
    layer = Int4Linear.from_linear(full)
    assert not layer.has_kernel
    exact = nn.functional.linear(x, layer.weight.double(), full.bias.double())
    assert_close(layer(x), exact, rtol=1e-7, atol=1e-7)


@KINDS
def test_gradients_go_through_to_x(kind):
    full, x = linear(), torch.randn(30, 96, requires_grad=True)
    layer = kind.from_linear(full)
    layer(x).square().sum().backward()
    with torch.no_grad():
        expected = 2 * layer(x) @ layer.weight
    assert_close(x.grad, expected, rtol=1e-4, atol=1e-4)
    assert_close(layer.bias.grad, 2 * layer(x).sum(0), rtol=1e-4, atol=1e-4)
    assert all(name.startswith("bias") for name, _ in layer.named_parameters())


@KINDS
def test_a_state_dict_carries_it(kind):
    layer, x = kind.from_linear(linear()), torch.randn(2, 96)
    other = kind(96, 64, torch.zeros(64))
    with torch.no_grad():
        before = other(x)
        other.load_state_dict(layer.state_dict())
        assert not torch.equal(other(x), before) and torch.equal(other(x), layer(x))
        assert torch.equal(copy.deepcopy(layer)(x), layer(x))
    shares = {Int8Linear: 0.27, Int4Linear: 0.17}
    assert tensor_bytes(layer) < shares[kind] * tensor_bytes(linear())


def test_a_table_in_8_bits(device):
    table = nn.Embedding(20, 48).to(device)
    table.weight.data[3] = 0
    small, ids = Int8Embedding.from_embedding(table), torch.tensor([[3, 7], [19, 7]], device=device)
    assert torch.equal(small(ids), small.weight[ids]) and (small(ids)[0, 0] == 0).all()
    assert (small.weight - table.weight).abs().max() <= 0.501 * table.weight.abs().max() / 127
    assert tensor_bytes(small) < 0.28 * tensor_bytes(table)
    other = Int8Embedding(20, 48).to(device)
    other.load_state_dict(small.state_dict())
    assert torch.equal(other(ids), small(ids))


# ---------------------------------------------------------------- in a model


@KINDS
def test_every_linear_layer_of_a_model_is_replaced(kind):
    model, ids = llama(tied=False), torch.randint(50, (2, 12), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = model(ids)
        names = replace_linears(model, kind.from_linear)
        logits = model(ids)
    assert len(names) == 4 * 2 + 1 and "blocks.layers.1.self_attn.in_proj" in names and "head" in names
    assert not any(type(part) is nn.Linear for part in model.modules())
    error = (logits - expected).norm() / expected.norm()
    assert error < {Int8Linear: 0.03, Int4Linear: 0.25}[kind]
    again = llama(tied=False)
    replace_linears(again, kind.from_linear)
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(again(ids), logits)


def test_only_what_is_wanted_is_replaced():
    model = llama()
    assert replace_linears(model, Int8Linear.from_linear, lambda name: "linear" in name) == [
        f"blocks.layers.{n}.linear{m}" for n in (0, 1) for m in (1, 2)
    ]
    assert model.blocks.layers[0].self_attn.in_proj is None


def test_a_projection_may_be_any_module():
    torch.manual_seed(0)
    for options in ({}, {"n_kv_heads": 2, "rotary": True, "bias": False}):
        attention = MultiHeadAttention(32, 4, **options).double()
        x, memory = torch.randn(2, 5, 32).double(), torch.randn(2, 7, 32).double()
        expected, crossed = attention(x, causal=True), None if options else attention(x, memory)
        attention.replace_in_proj(lambda linear: nn.Sequential(linear))
        assert attention.in_proj_weight is None and "in_proj.0.weight" in attention.state_dict()
        assert_close(attention(x, causal=True), expected, rtol=1e-12, atol=1e-12)
        if crossed is not None:
            assert_close(attention(x, memory), crossed, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- adapters on top


@KINDS
def test_an_adapter_of_a_quantised_layer_adds_its_product(kind):
    layer, x = kind.from_linear(linear()), torch.randn(5, 96)
    before = layer(x).detach()
    adapter = add_lora(layer, rank=2, alpha=6, rows=(10, 30))
    assert_close(layer(x), before, rtol=0, atol=0)
    nn.init.normal_(adapter.B)
    assert_close(layer(x)[:, 10:30], before[:, 10:30] + x @ adapter.update().T, rtol=1e-4, atol=1e-4)
    assert_close(layer(x)[:, 30:], before[:, 30:], rtol=0, atol=0)


@KINDS
def test_adapters_of_a_quantised_model_train_and_are_saved(kind):
    model, ids = llama(), torch.randint(50, (4, 13), generator=torch.Generator().manual_seed(0))
    replace_linears(model, kind.from_linear)
    frozen = {name: value.clone() for name, value in model.state_dict().items()}
    adapters = add_lora_to_attention(model, rank=4, parts=("query", "value", "output"))
    trained = list(lora_parameters(model))
    assert len(trained) == 2 * len(adapters) == 12
    optimizer = torch.optim.AdamW(trained, lr=0.02)
    losses = []
    for _ in range(30):
        loss = nn.functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.3
    after = model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in frozen.items())
    with pytest.raises(ValueError, match="An adapter of a quantised layer cannot be merged"):
        merge_lora(model)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Int4Linear(40, 8), "in_features is 40; 4-bit weights come in groups of 32"),
        (lambda: Int4Linear.from_blocks(torch.zeros(4, 2, 18, dtype=torch.uint8)), r"shape \(4, 2, 18\)"),
        (lambda: Int8Linear(8, 4)(torch.ones(2, 7)), r"shape \(2, 7\); its last dimension must be in_features = 8"),
        (lambda: replace_linears(nn.ReLU(), Int8Linear.from_linear), "ReLU has no nn.Linear that is wanted"),
        (lambda: replace_linears(GPT(9, max_len=4, d_model=8, n_heads=2, num_layers=1), nn.Sequential, lambda _: False),
         "GPT has no nn.Linear"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(call, words):
    with pytest.raises(ValueError, match=words):
        call()
