"""GPT: equal to Hugging Face's GPT-2 with its weights, and the same text with and without a cache."""

import contextlib

import pytest
import torch
from torch import nn

from course_lib.decoding import generate
from course_lib.models.attention import record_attention
from course_lib.models.pretrained import gpt2_weights
from course_lib.models.transformer import GPT, language_model_loss, windows_loss
from course_lib.training import fit

EXACT = {"rtol": 1e-10, "atol": 1e-12}
SIZES = {"max_len": 40, "d_model": 16, "n_heads": 4, "num_layers": 3}


def small(device="cpu", seed=0, **options):
    torch.manual_seed(seed)
    model = GPT(19, **{**SIZES, **options}).to(device, torch.float64).eval()
    for parameter in model.parameters():  # as drawn, all logits would be nearly equal
        nn.init.normal_(parameter, std=0.3)
    return model


def some_ids(batch=2, time=9, device="cpu"):
    return torch.randint(0, 19, (batch, time), generator=torch.Generator().manual_seed(0)).to(device)


# ---------------------------------------------------------------- against Hugging Face


@pytest.fixture(scope="module")
def theirs():
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=19,
        n_positions=40,
        n_embd=16,
        n_layer=3,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    config._attn_implementation = "eager"
    model = GPT2LMHeadModel(config).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture
def ours(theirs):
    model = GPT(19, **SIZES).double().eval()
    model.load_state_dict(gpt2_weights(theirs.state_dict()))
    return model


def test_logits_and_gradients_are_those_of_gpt2(ours, theirs):
    ids = some_ids()
    mine, other = ours(ids), theirs(ids).logits
    torch.testing.assert_close(mine, other, **EXACT)
    up = torch.randn_like(mine)
    names = [name for name, _ in ours.named_parameters()]
    my_gradients = dict(zip(names, torch.autograd.grad(mine, list(ours.parameters()), up), strict=True))
    theirs.zero_grad()
    other.backward(up)
    their_gradients = gpt2_weights({name: parameter.grad for name, parameter in theirs.named_parameters()})
    assert set(my_gradients) == set(their_gradients)
    for name, gradient in my_gradients.items():
        torch.testing.assert_close(gradient, their_gradients[name], **EXACT)


def test_attention_is_that_of_gpt2(ours, theirs):
    ids = some_ids()
    with record_attention(ours) as maps:
        ours(ids)
    attentions = theirs(ids, output_attentions=True).attentions
    for number, weights in enumerate(attentions):
        torch.testing.assert_close(maps[f"blocks.layers.{number}.self_attn"], weights.detach(), **EXACT)


@pytest.mark.parametrize("use_cache", [True, False])
def test_greedy_text_is_that_of_gpt2(ours, theirs, use_cache):
    ids = some_ids()
    written = theirs.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=20,
        do_sample=False,
        use_cache=use_cache,
        pad_token_id=0,
    )
    assert torch.equal(generate(ours, ids, 20, temperature=0, use_cache=use_cache), written)


def test_loss_is_that_of_gpt2(ours, theirs):
    ids = some_ids()
    expected = theirs(ids, labels=ids).loss  # in single precision, whatever the model's
    assert language_model_loss(ours, ids).item() == pytest.approx(expected.item(), rel=1e-6)


def test_weights_of_another_model_are_refused():
    with pytest.raises(ValueError, match="'encoder.layer.0.weight' is no weight of a GPT-2"):
        gpt2_weights({"encoder.layer.0.weight": torch.zeros(1)})


def test_it_starts_as_gpt2_does(theirs):
    from transformers import GPT2LMHeadModel

    torch.manual_seed(0)
    fresh = gpt2_weights(GPT2LMHeadModel(theirs.config).state_dict())
    for name, value in GPT(19, **SIZES).state_dict().items():
        assert value.std().item() == pytest.approx(fresh[name].std().item(), rel=0.2, abs=1e-6), name


# ---------------------------------------------------------------- what a decoder-only model promises


VARIANTS = pytest.mark.parametrize(
    "options",
    [
        {},
        {"rotary": True},
        {"rotary": True, "query_key_norm": True, "activation": "relu_squared", "bias": False},
    ],
)


@VARIANTS
def test_no_logit_knows_a_later_symbol(device, options):
    model, ids = small(device, **options), some_ids(device=device)
    changed = ids.clone()
    changed[:, 5:] = (changed[:, 5:] + 1) % 19
    torch.testing.assert_close(model(changed)[:, :5], model(ids)[:, :5], **EXACT)
    assert not torch.allclose(model(changed)[:, 5:], model(ids)[:, 5:])


@VARIANTS
@pytest.mark.parametrize("pieces", [[1] * 9, [4, 1, 4]])
def test_with_caches_piece_by_piece_is_all_at_once(device, options, pieces):
    model, ids = small(device, **options), some_ids(device=device)
    caches = model.start_caches(9)
    parts = [model(part, caches) for part in ids.split(pieces, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), **EXACT)
    torch.testing.assert_close(model(ids, last_only=True), model(ids)[:, -1:], **EXACT)


@VARIANTS
def test_generated_text_is_the_same_with_and_without_cache_and_in_a_batch(device, options):
    model, ids = small(device, **options), some_ids(batch=3, device=device)

    def write(prompt, **how):
        return generate(model, prompt, 15, generator=torch.Generator().manual_seed(4), **how)

    for how in ({"temperature": 0}, {"temperature": 0.8, "top_k": 5}, {"top_p": 0.9}):
        assert torch.equal(write(ids, **how), write(ids, use_cache=False, **how))
    alone = torch.cat([write(row[None], temperature=0) for row in ids])
    assert torch.equal(alone, write(ids, temperature=0))
    assert torch.equal(write(ids)[:, :9], ids.cpu()) and write(ids).shape == (3, 24)


# ---------------------------------------------------------------- padding


LENGTHS = [4, 9, 1, 6]


def padded(device, side):
    """Ids (4, 9) with noise for padding, and which are real (4, 9)."""
    ids = some_ids(4, 9, device)
    columns = torch.arange(9, device=device)
    real = columns < torch.tensor(LENGTHS, device=device)[:, None]
    if side == "left":
        real = real.flip(1)
    if side == "scattered":
        real = torch.tensor([[t % 9 < length for t in range(0, 36, 4)] for length in LENGTHS], device=device)
    return ids, real


@VARIANTS
@pytest.mark.parametrize("side", ["right", "left", "scattered"])
@pytest.mark.parametrize("recorded", [False, True])
def test_each_row_of_a_padded_batch_is_as_it_is_alone(device, options, side, recorded):
    model, (ids, real) = small(device, **options), padded(device, side)
    up = torch.randn(9, 19, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(device)

    def gradients(logits):
        """Of a loss over real symbols only."""
        return torch.autograd.grad(sum((some * up[: len(some)]).sum() for some in logits), model.parameters())

    with record_attention(model) if recorded else contextlib.nullcontext() as maps:
        logits = model(ids, mask=real)
        last = model(ids, mask=real, last_only=True)
    together = [row[keep] for row, keep in zip(logits, real, strict=True)]
    alone = [model(row[keep][None])[0] for row, keep in zip(ids, real, strict=True)]
    for row, (one, other) in enumerate(zip(together, alone, strict=True)):
        assert len(one) == LENGTHS[row]
        torch.testing.assert_close(one, other, **EXACT)
        torch.testing.assert_close(last[row, 0], other[-1], **EXACT)
    for one, other in zip(gradients(together), gradients(alone), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)
    if recorded:
        for weights in maps.values():  # (batch, heads, 2 * time, time): of both passes
            assert (weights.permute(0, 3, 1, 2)[~real] == 0).all()  # keys that are padding
    if side == "right":
        torch.testing.assert_close(model(ids, lengths=torch.tensor(LENGTHS)), logits, **EXACT)


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_padded_batch_is_gpt2_s(ours, theirs, side):
    ids, real = padded("cpu", side)
    positions = (real.cumsum(1) - 1).clamp(min=0)
    expected = theirs(ids, attention_mask=real.long(), position_ids=positions).logits
    torch.testing.assert_close(ours(ids, mask=real)[real], expected[real], **EXACT)


@VARIANTS
def test_padding_stays_hidden_in_the_caches(device, options):
    model, (ids, real) = small(device, **options), padded(device, "left")
    newer = (ids[:, :3] + 1) % 19
    caches = model.start_caches(12)
    model(ids, caches, mask=real)
    logits = []
    for t in range(3):
        real = torch.cat([real, real.new_ones(4, 1)], dim=1)
        logits.append(model(newer[:, t : t + 1], caches, mask=real))
    whole = model(torch.cat([ids, newer], dim=1), mask=real)
    torch.testing.assert_close(torch.cat(logits, dim=1), whole[:, 9:], **EXACT)
    for row, keep in enumerate(real[:, :9]):
        alone = model(torch.cat([ids[row][keep], newer[row]])[None])[0, -3:]
        torch.testing.assert_close(whole[row, 9:], alone, **EXACT)


@VARIANTS
def test_positions_may_be_given(device, options):
    model, ids = small(device, **options), some_ids(device=device)
    positions = torch.arange(9, device=device).expand(2, -1)
    torch.testing.assert_close(model(ids, positions=positions), model(ids), **EXACT)
    order = torch.tensor([3, 0, 1, 2, 4, 5, 6, 7, 8], device=device)
    assert not torch.allclose(model(ids, positions=order.expand(2, -1)), model(ids))


def test_a_symbol_is_drawn_as_often_as_it_is_probable():
    model = small()
    prompt = some_ids(batch=1).expand(4000, -1)
    drawn = generate(model, prompt, 1, generator=torch.Generator().manual_seed(0))[:, -1]
    shares = torch.bincount(drawn, minlength=19) / len(drawn)
    torch.testing.assert_close(shares, model(prompt[:1])[0, -1].softmax(-1).float(), atol=0.02, rtol=0)


def test_windows_loss_predicts_each_symbol_from_its_window():
    model = small()
    ids = some_ids(1, 23)[0]
    logits = [model(ids[start : start + 5][None])[0] for start in (0, 5, 10, 15)]
    by_hand = nn.functional.cross_entropy(torch.cat(logits), ids[1:21])
    assert windows_loss(model, ids, time=5, batch=3) == pytest.approx(by_hand.item(), rel=1e-9)
    with pytest.raises(ValueError, match="time \\+ 1 = 31"):
        windows_loss(model, ids, time=30)


def test_it_overfits_one_batch(any_device):
    torch.manual_seed(0)
    model = GPT(19, max_len=20, d_model=32, n_heads=4, num_layers=2).to(any_device)
    ids = some_ids(8, 12)
    fit(model, iter([ids] * 150), language_model_loss, steps=150, lr=5e-3, progress=False)
    with torch.no_grad():
        # The first symbol tells which row it is, or shares it with another: most of the rest must be known.
        losses = nn.functional.cross_entropy(
            model(ids[:, :-1].to(any_device)).transpose(1, 2), ids[:, 1:].to(any_device), reduction="none"
        )
    assert losses[:, 2:].mean().item() < 0.05


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: small()(torch.zeros(3).long()), "ids has shape"),
        (lambda: small()(torch.zeros(1, 41).long()), "41 symbols; .* max_len = 40"),
        (
            lambda: small()(some_ids(), lengths=torch.tensor([3])),
            r"lengths has shape \(1,\); expected \(2,\)",
        ),
        (lambda: small()(some_ids(), lengths=torch.tensor([3, 10])), "lengths go from 3 to 10"),
        (lambda: small()(some_ids(), mask=torch.ones(2, 8).bool()), r"mask has shape \(2, 8\); .*\(2, 9\)"),
        (
            lambda: small()(some_ids(), lengths=torch.tensor([3, 4]), mask=some_ids() > 3),
            "Both lengths and mask",
        ),
        (lambda: generate(small(), torch.zeros(1, 0).long(), 3), "at least one symbol"),
        (lambda: generate(small(), torch.zeros(1, 30).long(), 11), "n_new is 11 .* max_len = 40"),
        (lambda: generate(small(), torch.zeros(1, 3).long(), 2, temperature=-1), "temperature is -1"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_mask_of_numbers_is_refused():
    with pytest.raises(TypeError, match="torch.int64; expected torch.bool, True for real tokens"):
        small()(some_ids(), mask=torch.ones(2, 9).long())
