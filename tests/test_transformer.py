"""Layers, stacks and the whole translator: equal to PyTorch's, and one symbol at a time as all at once."""

import pytest
import torch
from torch import nn

from course_lib.decoding import beam_search, greedy
from course_lib.models.attention import (
    causal_mask,
    padding_mask,
    record_attention,
    sinusoidal_positions,
)
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.models.transformer import (
    DecoderLayer,
    EncoderLayer,
    Transformer,
    TransformerDecoder,
    TransformerEncoder,
)
from course_lib.text.padding import pair_batches
from course_lib.training import fit

BATCH, TIME, SOURCE, D_MODEL, HEADS, D_FF = 3, 5, 6, 16, 4, 24
EXACT = {"rtol": 1e-10, "atol": 1e-12}
STYLES = pytest.mark.parametrize("norm_first", [False, True], ids=["post-norm", "pre-norm"])


def tensors(*shapes, device="cpu"):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(s, generator=generator, dtype=torch.float64).to(device).requires_grad_() for s in shapes
    ]


def scattered(module, device="cpu"):
    """Weights without zeros and ones, so that every one of them matters."""
    torch.manual_seed(1)
    module = module.to(device, torch.float64).train(False)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.4)
    return module


def assert_same(ours, theirs, ours_y, theirs_y, inputs):
    torch.testing.assert_close(ours_y, theirs_y, **EXACT)
    up, named = torch.randn_like(ours_y), dict(theirs.named_parameters())
    mine = torch.autograd.grad(ours_y, [*inputs, *ours.parameters()], up)
    other = torch.autograd.grad(theirs_y, [*inputs, *(named[n] for n, _ in ours.named_parameters())], up)
    for one, two in zip(mine, other, strict=True):
        torch.testing.assert_close(one, two, **EXACT)


# ---------------------------------------------------------------- against PyTorch


@STYLES
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("mask", ["none", "causal", "padding", "both"])
def test_encoder_layer_is_torch_s(device, norm_first, activation, mask):
    ours = scattered(EncoderLayer(D_MODEL, HEADS, D_FF, norm_first=norm_first, activation=activation), device)
    theirs = nn.TransformerEncoderLayer(
        D_MODEL, HEADS, D_FF, 0.0, activation, batch_first=True, norm_first=norm_first, device=device
    ).double()
    theirs.load_state_dict(ours.state_dict())
    (x,) = tensors((BATCH, TIME, D_MODEL), device=device)
    real = padding_mask(torch.tensor([2, 5, 4], device=device))
    options, their_options = {}, {}
    if mask in ("causal", "both"):
        options["causal"] = True
        their_options["src_mask"] = ~causal_mask(TIME, device)
    if mask in ("padding", "both"):
        options["mask"] = real[:, None]
        their_options["src_key_padding_mask"] = ~real
    assert_same(ours, theirs, ours(x, **options), theirs(x, **their_options), [x])


@STYLES
def test_decoder_layer_is_torch_s(device, norm_first):
    ours = scattered(DecoderLayer(D_MODEL, HEADS, D_FF, norm_first=norm_first), device)
    theirs = nn.TransformerDecoderLayer(
        D_MODEL, HEADS, D_FF, 0.0, batch_first=True, norm_first=norm_first, device=device
    ).double()
    theirs.load_state_dict(ours.state_dict())
    x, memory = tensors((BATCH, TIME, D_MODEL), (BATCH, SOURCE, D_MODEL), device=device)
    real = padding_mask(torch.tensor([2, 6, 4], device=device))
    theirs_y = theirs(x, memory, tgt_mask=~causal_mask(TIME, device), memory_key_padding_mask=~real)
    assert_same(ours, theirs, ours(x, memory, real[:, None]), theirs_y, [x, memory])


@STYLES
def test_stacks_are_torch_s(device, norm_first):
    options = {"batch_first": True, "norm_first": norm_first, "dropout": 0.0, "device": device}
    norm = (lambda: nn.LayerNorm(D_MODEL, device=device)) if norm_first else (lambda: None)
    encoder = scattered(TransformerEncoder(3, D_MODEL, HEADS, D_FF, norm_first=norm_first), device)
    decoder = scattered(TransformerDecoder(2, D_MODEL, HEADS, D_FF, norm_first=norm_first), device)
    layer = nn.TransformerEncoderLayer(D_MODEL, HEADS, D_FF, **options)
    their_encoder = nn.TransformerEncoder(layer, 3, norm(), enable_nested_tensor=False).double()
    layer = nn.TransformerDecoderLayer(D_MODEL, HEADS, D_FF, **options)
    their_decoder = nn.TransformerDecoder(layer, 2, norm()).double()
    their_encoder.load_state_dict(encoder.state_dict())
    their_decoder.load_state_dict(decoder.state_dict())
    source, x = tensors((BATCH, SOURCE, D_MODEL), (BATCH, TIME, D_MODEL), device=device)
    assert_same(encoder, their_encoder, encoder(source), their_encoder(source), [source])
    theirs_y = their_decoder(x, source, tgt_mask=~causal_mask(TIME, device))
    assert_same(decoder, their_decoder, decoder(x, source), theirs_y, [x, source])


# ---------------------------------------------------------------- the translator


def translator(device="cpu", seed=0, **options):
    torch.manual_seed(seed)
    model = Transformer(11, 9, d_model=D_MODEL, n_heads=HEADS, d_ff=D_FF, max_len=20, **options)
    return model.to(device, torch.float64).eval()


def sources(device="cpu"):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.tensor([4, 6, 2])
    source = torch.randint(4, 11, (3, 6), generator=generator) * padding_mask(lengths)
    return source.to(device), lengths.to(device), torch.randint(4, 9, (3, 5), generator=generator).to(device)


@STYLES
def test_step_by_step_is_all_at_once(device, norm_first):
    model = translator(device, norm_first=norm_first)
    source, lengths, target = sources(device)
    whole = model(source, lengths, target)
    state, parts = model.start(source, lengths), []
    for ids in target.unbind(1):
        logits, state = model.step(ids, state)
        parts.append(logits)
    torch.testing.assert_close(torch.stack(parts, dim=1), whole, **EXACT)


def test_rows_of_the_state(device):
    model = translator(device)
    source, lengths, target = sources(device)
    rows = torch.tensor([2, 0, 2, 1], device=device)
    _, state = model.step(target[:, 0], model.start(source, lengths))
    logits, _ = model.step(target[rows, 1], model.select(state, rows))
    torch.testing.assert_close(logits, model(source, lengths, target)[rows, 1], **EXACT)


def test_padding_changes_nothing(device):
    model = translator(device)
    source, lengths, target = sources(device)
    whole = model(source, lengths, target)
    for row, length in enumerate(lengths.tolist()):
        alone = model(source[row : row + 1, :length], lengths[row : row + 1], target[row : row + 1])
        torch.testing.assert_close(alone[0], whole[row], **EXACT)
    longer = torch.cat([source, torch.full((3, 2), 7, device=device)], dim=1)
    torch.testing.assert_close(model(longer, lengths, target), whole, **EXACT)


def test_no_logit_knows_a_later_target(device):
    model = translator(device)
    source, lengths, target = sources(device)
    changed = target.clone()
    changed[:, 3:] = 4 + (changed[:, 3:] - 3) % 5
    before, after = model(source, lengths, target), model(source, lengths, changed)
    torch.testing.assert_close(after[:, :3], before[:, :3], **EXACT)
    assert not torch.allclose(after[:, 3:], before[:, 3:])


def test_every_attention_is_recorded_by_name(device):
    model = translator(device, num_layers=2)
    source, lengths, target = sources(device)
    with record_attention(model) as maps:
        recorded = model(source, lengths, target)
    torch.testing.assert_close(recorded, model(source, lengths, target), **EXACT)
    shapes = {name: tuple(weights.shape) for name, weights in maps.items()}
    assert shapes == {
        **{f"encoder.layers.{i}.self_attn": (3, HEADS, 6, 6) for i in range(2)},
        **{f"decoder.layers.{i}.self_attn": (3, HEADS, 5, 5) for i in range(2)},
        **{f"decoder.layers.{i}.multihead_attn": (3, HEADS, 5, 6) for i in range(2)},
    }
    for weights in maps.values():
        torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]), **EXACT)
    assert (maps["decoder.layers.0.multihead_attn"][2, :, :, 2:] == 0).all()


def test_the_last_projection_is_the_embedding():
    model = translator()
    names = dict(model.named_parameters())
    assert not any("head" in name for name in names if "multihead" not in name)
    assert names["target_embedding.weight"].shape == (9, D_MODEL)
    assert "positions" not in model.state_dict()


@STYLES
def test_it_overfits_one_batch_and_writes_it(any_device, norm_first):
    torch.manual_seed(0)
    model = Transformer(12, 12, d_model=32, n_heads=4, d_ff=64, norm_first=norm_first).to(any_device)
    generator = torch.Generator().manual_seed(0)
    ids = [torch.randint(4, 12, (n,), generator=generator).tolist() for n in (2, 3, 4, 5, 6, 4, 5, 3)]
    pairs = [(row, row[::-1]) for row in ids]
    batch = next(pair_batches(pairs, 8, bos_id=2, eos_id=3))
    fit(model, iter([batch] * 120), teacher_forced_loss, steps=120, lr=5e-3, warm_up=10, progress=False)
    assert teacher_forced_loss(model, type(batch)(*(part.to(any_device) for part in batch))).item() < 0.1
    options = {"bos_id": 2, "eos_id": 3, "max_len": 9}
    written = greedy(model, batch.source, batch.source_lengths, **options)
    searched = beam_search(model, batch.source, batch.source_lengths, beam=3, **options)
    expected = [pairs[row][1] for row in batch.rows.tolist()]
    assert [hypothesis.ids for hypothesis in written] == expected
    assert [found[0].ids for found in searched] == expected


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: EncoderLayer(16, 4, 0), "d_ff is 0"),
        (lambda: EncoderLayer(16, 4, 8, activation="swish"), "activation is 'swish'; it must be one of relu"),
        (lambda: TransformerEncoder(0, 16, 4, 8), "num_layers is 0"),
        (lambda: translator()(*sources()[:2], torch.zeros(3, 0).long()), "target_in has shape"),
        (lambda: translator()(*sources()[:2], torch.zeros(3, 21).long()), "21 symbols; .* max_len = 20"),
        (lambda: translator().start(torch.zeros(4).long(), torch.tensor([1])), "source has shape"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# ---------------------------------------------------------------- the whole


def test_the_translator_is_torch_s_between_scaled_embeddings_and_the_tied_projection():
    """Vaswani et al. 2017, section 3.4: embeddings times √d_model; the last projection is the embedding."""
    model = scattered(
        Transformer(11, 13, d_model=D_MODEL, n_heads=HEADS, d_ff=D_FF, num_layers=2, max_len=20)
    )
    theirs = nn.Transformer(D_MODEL, HEADS, 2, 2, D_FF, 0.0, batch_first=True).double().eval()
    theirs.encoder.norm, theirs.decoder.norm = None, None  # post-norm layers need no last norm
    for stack in ("encoder", "decoder"):
        getattr(theirs, stack).load_state_dict(getattr(model, stack).state_dict())
    source, target = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]]), torch.tensor([[2, 9, 10], [2, 12, 4]])
    lengths = torch.tensor([4, 2])
    hidden = theirs(
        model.source_embedding(source) * D_MODEL**0.5 + sinusoidal_positions(4, D_MODEL).double(),
        model.target_embedding(target) * D_MODEL**0.5 + sinusoidal_positions(3, D_MODEL).double(),
        tgt_mask=~causal_mask(3),
        src_key_padding_mask=~padding_mask(lengths),
        memory_key_padding_mask=~padding_mask(lengths),
    )
    expected = hidden @ model.target_embedding.weight.T
    torch.testing.assert_close(model(source, lengths, target), expected, **EXACT)
