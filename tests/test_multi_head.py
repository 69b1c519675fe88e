"""Scaled dot-product and multi-head attention: equal to PyTorch's, and true to what attention promises."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.models.attention import (
    KeyValueCache,
    MultiHeadAttention,
    Rotary,
    causal_mask,
    memory_bytes,
    padding_mask,
    record_attention,
    scaled_dot_product_attention,
    sinusoidal_positions,
)

BATCH, TARGET, SOURCE, D_MODEL, HEADS = 3, 5, 7, 16, 4
EXACT = {"rtol": 1e-10, "atol": 1e-12}


def tensors(*shapes, device="cpu", seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(s, generator=generator, dtype=torch.float64).to(device).requires_grad_() for s in shapes
    ]


def random_mask(*shape, device="cpu"):
    mask = torch.rand(*shape, generator=torch.Generator().manual_seed(1)) < 0.6
    mask[..., 0] = True
    return mask.to(device)


def attention(device="cpu", seed=0, **options):
    torch.manual_seed(seed)
    module = MultiHeadAttention(D_MODEL, HEADS, **options).to(device, torch.float64)
    for parameter in module.parameters():  # biases start at zero: a wrong one would not show
        nn.init.normal_(parameter, std=0.5)
    return module


# ---------------------------------------------------------------- against PyTorch


@pytest.mark.parametrize("masked", [False, True])
def test_scaled_dot_product_attention_is_torch_s(device, masked):
    q, k, v = tensors((2, 3, 5, 8), (2, 3, 7, 8), (2, 3, 7, 6), device=device)
    mask = random_mask(2, 1, 5, 7, device=device) if masked else None
    ours, weights = scaled_dot_product_attention(q, k, v, mask)
    theirs = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(ours, theirs, **EXACT)
    torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]), **EXACT)
    up = torch.randn_like(ours)
    for one, other in zip(*(torch.autograd.grad(y, (q, k, v), up) for y in (ours, theirs)), strict=True):
        torch.testing.assert_close(one, other, **EXACT)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["self", "causal", "padded", "cross"])
@pytest.mark.parametrize("recording", [False, True])
def test_multi_head_attention_is_torch_s(device, bias, kind, recording):
    ours = attention(device, bias=bias)
    theirs = nn.MultiheadAttention(
        D_MODEL, HEADS, bias=bias, batch_first=True, device=device, dtype=torch.float64
    )
    theirs.load_state_dict(ours.state_dict())
    x, memory = tensors((BATCH, TARGET, D_MODEL), (BATCH, SOURCE, D_MODEL), device=device)
    options, key = {}, memory if kind == "cross" else x
    their_options = {"need_weights": True, "average_attn_weights": False}
    if kind == "causal":
        options["causal"] = True
        their_options["attn_mask"] = ~causal_mask(TARGET, device)  # True = forbidden there
    if kind in ("padded", "cross"):
        real = padding_mask(torch.tensor([3, 5, 1], device=device), key.shape[1])
        options["mask"] = real[:, None]
        their_options["key_padding_mask"] = ~real
    theirs_y, theirs_weights = theirs(x, key, key, **their_options)
    if recording:
        with record_attention(ours) as maps:
            ours_y = ours(x, memory if kind == "cross" else None, **options)
        torch.testing.assert_close(maps["MultiHeadAttention"], theirs_weights.detach(), **EXACT)
    else:
        ours_y = ours(x, memory if kind == "cross" else None, **options)
    torch.testing.assert_close(ours_y, theirs_y, **EXACT)
    up, wanted = torch.randn_like(ours_y), [x, memory] if kind == "cross" else [x]
    ours_g = torch.autograd.grad(ours_y, [*wanted, *ours.parameters()], up)
    named = dict(theirs.named_parameters())
    theirs_g = torch.autograd.grad(theirs_y, [*wanted, *(named[n] for n, _ in ours.named_parameters())], up)
    for one, other in zip(ours_g, theirs_g, strict=True):
        torch.testing.assert_close(one, other, **EXACT)


def test_it_starts_as_torch_does():
    torch.manual_seed(3)
    ours = MultiHeadAttention(D_MODEL, HEADS)
    torch.manual_seed(3)
    theirs = nn.MultiheadAttention(D_MODEL, HEADS, batch_first=True)
    assert {n: tuple(p.shape) for n, p in ours.named_parameters()} == {
        n: tuple(p.shape) for n, p in theirs.named_parameters()
    }
    for name, parameter in theirs.named_parameters():
        assert ours.get_parameter(name).std().item() == pytest.approx(parameter.std().item(), rel=0.25)


# ---------------------------------------------------------------- what attention promises


@pytest.mark.parametrize("options", [{}, {"rotary": True}, {"query_key_norm": True}])
@pytest.mark.parametrize("recording", [False, True])
def test_no_output_depends_on_what_comes_later(device, options, recording):
    module = attention(device, **options)
    x, other = tensors((1, 6, D_MODEL), (1, 6, D_MODEL), device=device)
    changed = torch.cat([x[:, :4], other[:, 4:]], dim=1)

    def run(y):
        if recording:
            with record_attention(module):
                return module(y, causal=True)
        return module(y, causal=True)

    torch.testing.assert_close(run(changed)[:, :4], run(x)[:, :4], **EXACT)
    assert not torch.allclose(run(changed)[:, 4:], run(x)[:, 4:])


def test_a_padded_key_has_weight_0_and_changes_nothing(device):
    module = attention(device)
    x, other = tensors((2, 5, D_MODEL), (2, 5, D_MODEL), device=device)
    real = padding_mask(torch.tensor([3, 5], device=device))
    changed = torch.where(real[..., None], x, 100 * other)
    with record_attention(module) as maps:
        before = module(x, mask=real[:, None])
    assert (maps["MultiHeadAttention"][0, :, :, 3:] == 0).all()
    after = module(changed, mask=real[:, None])
    torch.testing.assert_close(after[real], before[real], **EXACT)


@pytest.mark.parametrize("recording", [False, True])
def test_a_query_with_nothing_to_look_at_gives_zeros_not_nan(device, recording):
    module = attention(device, bias=False)
    (x,) = tensors((2, 4, D_MODEL), device=device)
    mask = torch.ones(2, 4, 4, dtype=torch.bool, device=device)
    mask[1, 2] = False
    if recording:
        with record_attention(module) as maps:
            y = module(x, mask=mask)
        assert (maps["MultiHeadAttention"][1, :, 2] == 0).all()
    else:
        y = module(x, mask=mask)
    assert (y[1, 2] == 0).all() and y[0].abs().min() > 0
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.isfinite(gradient).all()


def test_without_positions_the_order_of_the_tokens_is_unknown(device):
    (x,) = tensors((1, 6, D_MODEL), device=device)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(0)).to(device)
    plain, turned = attention(device), attention(device, rotary=True)
    torch.testing.assert_close(plain(x[:, order]), plain(x)[:, order], **EXACT)
    assert not torch.allclose(turned(x[:, order]), turned(x)[:, order])


def test_recording_changes_no_output_and_dropout_acts_in_training_only(device):
    module = attention(device, dropout=0.5)
    (x,) = tensors((2, 5, D_MODEL), device=device)
    module.eval()
    plain = module(x, causal=True)
    with record_attention(module) as maps:
        recorded = module(x, causal=True)
    torch.testing.assert_close(recorded, plain, **EXACT)
    assert maps["MultiHeadAttention"].shape == (2, HEADS, 5, 5)
    module.train()
    assert not torch.allclose(module(x), module(x))


def test_normed_queries_and_keys_have_one_length():
    module = attention(query_key_norm=True)
    (x,) = tensors((1, 4, D_MODEL))
    torch.testing.assert_close(module(x), _by_hand(module, x), **EXACT)


def _by_hand(module, x):
    outputs = []
    q, k, v = (x[0] @ module.in_proj_weight.T + module.in_proj_bias).chunk(3, dim=-1)
    for head in range(HEADS):
        part = slice(head * module.d_head, (head + 1) * module.d_head)
        a, b = (m[:, part] / m[:, part].square().mean(-1, keepdim=True).sqrt() for m in (q, k))
        outputs.append(((a @ b.T) / module.d_head**0.5).softmax(-1) @ v[:, part])
    return module.out_proj(torch.cat(outputs, dim=-1))[None]


# ---------------------------------------------------------------- the cache


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("pieces", [[1] * 6, [4, 1, 1], [2, 3, 1], [6]])
def test_with_a_cache_piece_by_piece_is_all_at_once(device, rotary, pieces):
    module = attention(device, rotary=rotary)
    (x,) = tensors((2, 6, D_MODEL), device=device)
    cache = KeyValueCache(8)
    parts = [module(part, causal=True, cache=cache) for part in x.split(pieces, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), module(x, causal=True), **EXACT)
    assert cache.length == 6


def test_a_memory_is_projected_once(device):
    module = attention(device)
    x, memory = tensors((2, 3, D_MODEL), (2, 4, D_MODEL), device=device)
    cache = KeyValueCache(1)
    first = module(x, memory, cache=cache)
    torch.testing.assert_close(first, module(x, memory), **EXACT)
    torch.testing.assert_close(module(x, torch.zeros_like(memory), cache=cache), first, **EXACT)


def test_rows_of_a_cache():
    module = attention()
    (x,) = tensors((2, 5, D_MODEL))
    cache = KeyValueCache(5)
    module(x[:, :4], causal=True, cache=cache)
    rows = torch.tensor([1, 0, 1])
    y = module(x[rows, 4:], causal=True, cache=cache.select(rows))
    torch.testing.assert_close(y, module(x, causal=True)[rows, 4:], **EXACT)
    assert cache.length == 4


def test_a_full_cache_says_so_and_its_size_is_known():
    cache = KeyValueCache(3)
    key = torch.zeros(1, 2, 2, 4)
    cache.append(key, key)
    with pytest.raises(ValueError, match="4 positions, but the cache has room for max_len = 3"):
        cache.append(key, key)
    assert memory_bytes(12, 12, 64, 1024) == 2 * 12 * 12 * 64 * 1024 * 4
    with pytest.raises(ValueError, match="max_len is 0"):
        KeyValueCache(0)


# ---------------------------------------------------------------- positions


def test_sinusoids_by_hand():
    table = sinusoidal_positions(4, 6, dtype=torch.float64)
    for pos in range(4):
        for i in range(3):
            angle = torch.tensor(pos / 10_000 ** (2 * i / 6), dtype=torch.float64)
            assert table[pos, 2 * i].item() == pytest.approx(angle.sin().item(), abs=1e-12)
            assert table[pos, 2 * i + 1].item() == pytest.approx(angle.cos().item(), abs=1e-12)


def test_rotary_scores_depend_on_the_distance_only(device):
    q, k = tensors((1, 1, 1, 8), (1, 1, 1, 8), device=device)
    rotary = Rotary(8)
    scores = [(rotary(q, m) * rotary(k, m - 3)).sum().item() for m in (3, 10, 500)]
    assert scores == pytest.approx([scores[0]] * 3, rel=1e-9)
    assert (rotary(q, 4) * rotary(k, 3)).sum().item() != pytest.approx(scores[0], rel=1e-3)
    torch.testing.assert_close(rotary(q, 77).norm(), q.norm(), **EXACT)
    torch.testing.assert_close(rotary(q, 0), q, **EXACT)


def test_rotary_pairs_feature_i_with_feature_i_plus_half():
    x = torch.zeros(1, 1, 2, 4, dtype=torch.float64)
    x[..., 0] = 1.0
    turned = Rotary(4)(x)
    torch.testing.assert_close(
        turned[0, 0, 1],
        torch.tensor([1.0, 0.0, 1.0, 0.0]).double().mul(torch.tensor([0.5403023, 0, 0.8414710, 0])),
        rtol=1e-6,
        atol=1e-9,
    )


# ---------------------------------------------------------------- what is refused


X = torch.zeros(2, 3, 12)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: MultiHeadAttention(10, 3), ValueError, "d_model = 10 cannot be divided among n_heads = 3"),
        (lambda: MultiHeadAttention(12, 3, dropout=1.0), ValueError, "dropout is 1.0"),
        (lambda: MultiHeadAttention(9, 3, rotary=True), ValueError, "d_head is 3"),
        (lambda: MultiHeadAttention(12, 3)(X[0]), ValueError, r"x has shape \(3, 12\)"),
        (lambda: MultiHeadAttention(12, 3)(X, X[..., :4]), ValueError, r"memory has shape \(2, 3, 4\)"),
        (lambda: MultiHeadAttention(12, 3)(X, X, causal=True), ValueError, "causal = True with a memory"),
        (lambda: MultiHeadAttention(12, 2, rotary=True)(X, X), ValueError, "rotary positions with a memory"),
        (lambda: MultiHeadAttention(12, 3)(X, mask=torch.ones(2, 3, 3)), TypeError, "torch.bool"),
        (lambda: MultiHeadAttention(12, 3)(X, mask=causal_mask(3)), ValueError, r"mask\[None\]"),
        (
            lambda: MultiHeadAttention(12, 3)(X, X[:1]),
            ValueError,
            r"memory has shape \(1, 3, 12\); expected \(2,",
        ),
        (
            lambda: MultiHeadAttention(12, 3)(X, mask=torch.ones(2, 3, 1, dtype=torch.bool)),
            ValueError,
            r"mask has shape \(2, 3, 1\); expected \(2 or 1, 3 or 1, 3\)",
        ),
        (
            lambda: MultiHeadAttention(12, 3)(X, X[:, :2], torch.ones(2, 1, 3, dtype=torch.bool)),
            ValueError,
            r"mask has shape \(2, 1, 3\); expected \(2 or 1, 3 or 1, 2\)",
        ),
        (
            lambda: MultiHeadAttention(12, 3)(X, mask=torch.ones(3, 3, 3, dtype=torch.bool)),
            ValueError,
            r"mask has shape \(3, 3, 3\); expected \(2 or 1, ",
        ),
        (lambda: scaled_dot_product_attention(X, X[..., :4], X), ValueError, "d_k, must be equal"),
        (lambda: scaled_dot_product_attention(X, X, X[:, :2]), ValueError, "3 keys but 2 values"),
        (lambda: sinusoidal_positions(3, 5), ValueError, "d_model even"),
        (lambda: Rotary(8)(torch.zeros(1, 1, 2, 6)), ValueError, "d_head = 8"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
