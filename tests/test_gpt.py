"""GPT: equal to Hugging Face's GPT-2 with its weights, and the same text with and without a cache."""

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
        (lambda: generate(small(), torch.zeros(1, 0).long(), 3), "at least one symbol"),
        (lambda: generate(small(), torch.zeros(1, 30).long(), 11), "n_new is 11 .* max_len = 40"),
        (lambda: generate(small(), torch.zeros(1, 3).long(), 2, temperature=-1), "temperature is -1"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
