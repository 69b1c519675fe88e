"""Llama: equal to Hugging Face's with its weights, and true to what a decoder-only model promises."""

import contextlib

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.decoding import generate
from course_lib.models.attention import MultiHeadAttention, record_attention
from course_lib.models.pretrained import llama_weights
from course_lib.models.transformer import Llama, language_model_loss
from course_lib.training import fit
from in_double import InDouble

EXACT = {"rtol": 1e-10, "atol": 1e-12}
VOCAB, HEADS = 19, 6
SIZES = {"max_len": 40, "d_model": 24, "n_heads": HEADS, "num_layers": 3, "d_ff": 20, "rotary_base": 500.0}
# heads of keys and values, and whether the last projection is the embedding's
KINDS = {"one": (1, True), "groups": (3, False), "groups, tied": (2, True), "all": (HEADS, False)}
kinds = pytest.mark.parametrize("kind", KINDS)


def some_ids(batch=2, time=9, device="cpu"):
    return torch.randint(0, VOCAB, (batch, time), generator=torch.Generator().manual_seed(0)).to(device)


def small(kind="groups", device="cpu", seed=0):
    n_kv_heads, tied = KINDS[kind]
    torch.manual_seed(seed)
    model = Llama(VOCAB, n_kv_heads=n_kv_heads, tied=tied, **SIZES).to(device, torch.float64).eval()
    for parameter in model.parameters():  # as drawn, all logits would be nearly equal
        nn.init.normal_(parameter, std=0.3)
    return model


# ---------------------------------------------------------------- against Hugging Face


@pytest.fixture
def pair(request, monkeypatch):
    """Theirs, with random weights, and ours with the same. Their norms, angles and softmax in double precision, too."""
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.loss import loss_utils
    from transformers.models.llama import modeling_llama

    monkeypatch.setattr(modeling_llama, "torch", InDouble())
    monkeypatch.setattr(modeling_llama.nn.functional, "softmax", softmax_in_its_own_precision)
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    monkeypatch.setattr(loss_utils, "torch", InDouble())
    n_kv_heads, tied = KINDS[getattr(request, "param", "groups")]
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCAB,
        hidden_size=24,
        intermediate_size=20,
        num_hidden_layers=3,
        num_attention_heads=HEADS,
        num_key_value_heads=n_kv_heads,
        max_position_embeddings=40,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        tie_word_embeddings=tied,
        attn_implementation="eager",
    )
    theirs = LlamaForCausalLM(config).double().eval()
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.3)
    ours = Llama(VOCAB, n_kv_heads=n_kv_heads, tied=tied, **SIZES).double().eval()
    ours.load_state_dict(llama_weights(theirs.state_dict()))
    return ours, theirs


def softmax_in_its_own_precision(scores, dim, dtype=None, softmax=F.softmax):
    return softmax(scores, dim=dim)


all_pairs = pytest.mark.parametrize("pair", KINDS, indirect=True)


@all_pairs
def test_logits_loss_and_gradients_are_those_of_llama(pair):
    ours, theirs = pair
    ids = some_ids()
    mine, other = ours(ids), theirs(ids).logits
    torch.testing.assert_close(mine, other, **EXACT)
    loss, their_loss = language_model_loss(ours, ids), theirs(ids, labels=ids).loss
    torch.testing.assert_close(loss, their_loss, **EXACT)
    names = [name for name, _ in ours.named_parameters()]
    gradients = dict(zip(names, torch.autograd.grad(loss, list(ours.parameters())), strict=True))
    their_loss.backward()
    expected = llama_weights({name: parameter.grad for name, parameter in theirs.named_parameters()})
    assert set(gradients) == set(expected)
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-10, atol=1e-12, msg=name)


@all_pairs
def test_attention_is_that_of_llama(pair):
    ours, theirs = pair
    with record_attention(ours) as maps:
        ours(some_ids())
    attentions = theirs(some_ids(), output_attentions=True).attentions
    for number, weights in enumerate(attentions):
        torch.testing.assert_close(maps[f"blocks.layers.{number}.self_attn"], weights.detach(), **EXACT)


@all_pairs
@pytest.mark.parametrize("use_cache", [True, False])
def test_greedy_text_is_that_of_llama(pair, use_cache):
    ours, theirs = pair
    ids = some_ids()
    written = theirs.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=20,
        do_sample=False,
        use_cache=use_cache,
        pad_token_id=0,
        eos_token_id=None,
    )
    assert torch.equal(generate(ours, ids, 20, temperature=0, use_cache=use_cache), written)


@all_pairs
@pytest.mark.parametrize("side", ["right", "left"])
def test_a_padded_batch_is_llama_s(pair, side):
    ours, theirs = pair
    ids, real = padded("cpu", side)
    positions = (real.cumsum(1) - 1).clamp(min=0)
    expected = theirs(ids, attention_mask=real.long(), position_ids=positions).logits
    torch.testing.assert_close(ours(ids, mask=real)[real], expected[real], **EXACT)


def test_weights_of_another_model_are_refused():
    with pytest.raises(ValueError, match="'encoder.layer.0.weight' is no weight of a Llama"):
        llama_weights({"encoder.layer.0.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="but not .*k_weight"):
        llama_weights({"model.layers.0.self_attn.q_proj.weight": torch.zeros(1, 1)})


def test_it_starts_as_llama_does(pair):
    from transformers import LlamaForCausalLM

    torch.manual_seed(0)
    fresh = llama_weights(LlamaForCausalLM(pair[1].config).state_dict())
    for name, value in Llama(VOCAB, n_kv_heads=3, tied=False, **SIZES).state_dict().items():
        assert value.std().item() == pytest.approx(fresh[name].std().item(), rel=0.2, abs=1e-6), name


# ---------------------------------------------------------------- what a decoder-only model promises


@kinds
def test_no_logit_knows_a_later_symbol(device, kind):
    model, ids = small(kind, device), some_ids(device=device)
    changed = ids.clone()
    changed[:, 5:] = (changed[:, 5:] + 1) % VOCAB
    torch.testing.assert_close(model(changed)[:, :5], model(ids)[:, :5], **EXACT)
    assert not torch.allclose(model(changed)[:, 5:], model(ids)[:, 5:])


@kinds
@pytest.mark.parametrize("pieces", [[1] * 9, [4, 1, 4]])
def test_with_caches_piece_by_piece_is_all_at_once(device, kind, pieces):
    model, ids = small(kind, device), some_ids(device=device)
    caches = model.start_caches(9)
    parts = [model(part, caches) for part in ids.split(pieces, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), **EXACT)
    torch.testing.assert_close(model(ids, last_only=True), model(ids)[:, -1:], **EXACT)
    assert caches[0].tensors()[0].shape == (2, KINDS[kind][0], 9, 4)  # as many heads as there are keys for


LENGTHS = [4, 9, 1, 6]


def padded(device, side):
    """Ids (4, 9) with noise for padding, and which are real (4, 9)."""
    real = torch.arange(9, device=device) < torch.tensor(LENGTHS, device=device)[:, None]
    return some_ids(4, 9, device), real.flip(1) if side == "left" else real


@kinds
@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("recorded", [False, True])
def test_each_row_of_a_padded_batch_is_as_it_is_alone(device, kind, side, recorded):
    model, (ids, real) = small(kind, device), padded(device, side)
    with record_attention(model) if recorded else contextlib.nullcontext() as maps:
        logits = model(ids, mask=real)
    for row, keep in enumerate(real):
        torch.testing.assert_close(logits[row][keep], model(ids[row][keep][None])[0], **EXACT)
    if recorded:
        for weights in maps.values():  # (batch, heads, time, time)
            assert (weights.permute(0, 3, 1, 2)[~real] == 0).all()  # keys that are padding
            torch.testing.assert_close(weights.sum(-1)[:, 0][real], torch.ones_like(weights[:, 0, :, 0])[real])


@kinds
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_unequal_prompts_are_continued_as_each_alone(device, kind, dtype):
    model, ids = small(kind, device).to(dtype), some_ids(4, 9)
    together = generate(model, ids, 12, lengths=torch.tensor(LENGTHS), temperature=0)
    for row, length in enumerate(LENGTHS):
        for use_cache in (True, False):
            alone = generate(model, ids[row : row + 1, :length], 12, temperature=0, use_cache=use_cache)
            assert torch.equal(together[row, : length + 12], alone[0])


def test_a_model_in_bfloat16_keeps_its_angles(any_device):
    """Rounded to eight bits, cosines and sines would move distant tokens."""
    module = MultiHeadAttention(64, 1, rotary=True, rotary_base=100_000.0)
    x = torch.randn(1, 1, 1, 64).to(any_device, torch.bfloat16)
    turned = module.rotary(x, 4000)
    exact = module.rotary(x.float(), 4000)
    assert turned.dtype == torch.bfloat16
    torch.testing.assert_close(turned, exact.to(torch.bfloat16), rtol=0, atol=0)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
def test_grouped_attention_is_attention_with_repeated_heads(device, n_kv_heads):
    torch.manual_seed(0)
    grouped = MultiHeadAttention(16, 4, n_kv_heads=n_kv_heads).to(device, torch.float64)
    full = MultiHeadAttention(16, 4).to(device, torch.float64)
    state = grouped.state_dict()
    for name in ("in_proj_weight", "in_proj_bias"):
        query, *others = state[name].split([16, 4 * n_kv_heads, 4 * n_kv_heads])
        heads = [part.unflatten(0, (n_kv_heads, 4)).repeat_interleave(4 // n_kv_heads, 0) for part in others]
        state[name] = torch.cat([query, *(part.flatten(0, 1) for part in heads)])
    full.load_state_dict(state)
    x, memory = torch.randn(2, 2, 5, 16, dtype=torch.float64, device=device)
    torch.testing.assert_close(grouped(x, causal=True), full(x, causal=True), **EXACT)
    torch.testing.assert_close(grouped(x, memory), full(x, memory), **EXACT)


def test_it_overfits_one_batch(any_device):
    torch.manual_seed(0)
    sizes = {"max_len": 20, "d_model": 32, "n_heads": 4, "num_layers": 2, "d_ff": 64, "n_kv_heads": 2}
    model, ids = Llama(VOCAB, **sizes).to(any_device), some_ids(8, 12)
    fit(model, iter([ids] * 150), language_model_loss, steps=150, lr=5e-3, progress=False)
    with torch.no_grad():
        # The first symbol tells which row it is, or shares it with another: most of the rest must be known.
        logits = model(ids[:, :-1].to(any_device)).transpose(1, 2)
        losses = F.cross_entropy(logits, ids[:, 1:].to(any_device), reduction="none")
    assert losses[:, 2:].mean().item() < 0.05


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: small()(torch.zeros(1, 41).long()), "41 symbols; .* max_len = 40"),
        (lambda: Llama(9, **{**SIZES, "n_kv_heads": 4}), "n_kv_heads is 4; it must divide n_heads = 6"),
        (lambda: Llama(9, **{**SIZES, "n_kv_heads": 0}), "n_kv_heads is 0"),
        (lambda: Llama(9, **{**SIZES, "n_heads": 8}), "d_head is 3"),
        (lambda: Llama(9, **{**SIZES, "d_ff": 2.5}), "d_ff is 2.5"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
