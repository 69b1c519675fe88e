"""Seq2seq: one pass equals step by step, padding changes nothing, and every kind learns a small task."""

import pytest
import torch

from course_lib.models.attention import (
    AdditiveAttention,
    DotProductAttention,
    GeneralAttention,
    record_attention,
)
from course_lib.models.recurrent import GRU, LSTM, RNN
from course_lib.models.seq2seq import (
    BahdanauDecoder,
    Bridge,
    Decoder,
    Encoder,
    LuongDecoder,
    Seq2Seq,
    teacher_forced_loss,
)
from course_lib.text.padding import pair_batches
from course_lib.training import fit

SOURCE_SYMBOLS, TARGET_SYMBOLS, D_EMBED, HIDDEN = 11, 9, 5, 8


def build(style, kind=LSTM, *, bidirectional=True, num_layers=1, vector_size=None, dropout=0.0):
    torch.manual_seed(0)
    encoder = Encoder(
        SOURCE_SYMBOLS,
        D_EMBED,
        kind(D_EMBED, 6 if bidirectional else HIDDEN, num_layers, bidirectional=bidirectional),
        dropout=dropout,
    )
    attention = AdditiveAttention(HIDDEN, encoder.output_size, 7)
    options = {"dropout": dropout}
    if style == "fixed vector":
        decoder = Decoder(TARGET_SYMBOLS, D_EMBED, kind(D_EMBED, HIDDEN, num_layers), **options)
    elif style == "Bahdanau":
        recurrent = kind(D_EMBED + encoder.output_size, HIDDEN, num_layers)
        decoder = BahdanauDecoder(TARGET_SYMBOLS, D_EMBED, recurrent, attention, readout_size=4, **options)
    else:
        feeding = style == "Luong, input feeding"
        recurrent = kind(D_EMBED + 4 * feeding, HIDDEN, num_layers)
        decoder = LuongDecoder(
            TARGET_SYMBOLS, D_EMBED, recurrent, attention, input_feeding=feeding, readout_size=4, **options
        )
    return Seq2Seq(encoder, decoder, vector_size=vector_size).double()


STYLES = ["fixed vector", "Bahdanau", "Luong", "Luong, input feeding"]
FORMS = {
    "LSTM": {"kind": LSTM},
    "GRU": {"kind": GRU},
    "RNN": {"kind": RNN},
    "one direction": {"bidirectional": False},
    "two layers": {"num_layers": 2},
    "bottleneck": {"vector_size": 2},
}


@pytest.fixture(params=STYLES)
def style(request):
    return request.param


def example(device="cpu"):
    generator = torch.Generator().manual_seed(1)
    source = torch.randint(4, SOURCE_SYMBOLS, (3, 7), generator=generator)
    target_in = torch.randint(4, TARGET_SYMBOLS, (3, 5), generator=generator)
    return source.to(device), torch.tensor([7, 4, 1], device=device), target_in.to(device)


@pytest.mark.parametrize("form", FORMS)
def test_reading_a_whole_target_equals_step_by_step(style, form, device):
    model = build(style, **FORMS[form]).to(device)
    source, lengths, target_in = example(device)
    whole = model(source, lengths, target_in)
    assert whole.shape == (3, 5, TARGET_SYMBOLS)
    state = model.start(source, lengths)
    for t in range(5):
        logits, state = model.step(target_in[:, t], state)
        torch.testing.assert_close(logits, whole[:, t], rtol=1e-10, atol=1e-12)


def test_padding_changes_nothing(style):
    model = build(style)
    source, lengths, target_in = example()
    whole = model(source, lengths, target_in)
    source[1, 4:], source[2, 1:] = 9, 0
    torch.testing.assert_close(model(source, lengths, target_in), whole, rtol=0, atol=0)
    for row, length in enumerate(lengths.tolist()):
        alone = model(source[row : row + 1, :length], lengths[row : row + 1], target_in[row : row + 1])
        torch.testing.assert_close(alone[0], whole[row], rtol=1e-10, atol=1e-12)


def test_a_later_target_symbol_changes_no_earlier_logits(style):
    model = build(style)
    source, lengths, target_in = example()
    before = model(source, lengths, target_in)
    target_in[:, 3] = (target_in[:, 3] + 1) % TARGET_SYMBOLS
    after = model(source, lengths, target_in)
    assert torch.equal(before[:, :3], after[:, :3]) and (before[:, 3] != after[:, 3]).any()


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_selected_rows_go_on_as_they_would_have(style, kind):
    model = build(style, kind, num_layers=2)
    source, lengths, target_in = example()
    _, state = model.step(target_in[:, 0], model.start(source, lengths))
    expected, _ = model.step(target_in[:, 1], state)
    rows = torch.tensor([2, 0, 0, 1])
    got, _ = model.step(target_in[rows, 1], model.select(state, rows))
    torch.testing.assert_close(got, expected[rows], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("style", STYLES[1:])
def test_maps_of_one_pass_and_of_a_decoding_loop_agree(style):
    model = build(style)
    source, lengths, target_in = example()
    with record_attention(model) as maps:
        logits = model(source, lengths, target_in)
    assert torch.equal(logits, model(source, lengths, target_in))
    weights = maps["decoder.attention"]
    assert weights.shape == (3, 5, 7)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 5).double())
    assert (weights[1, :, 4:] == 0).all() and (weights[2, :, 0] == 1).all()
    with record_attention(model) as stepwise:
        state = model.start(source, lengths)
        for t in range(5):
            _, state = model.step(target_in[:, t], state)
    torch.testing.assert_close(stepwise["decoder.attention"], weights, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("attention", [DotProductAttention(12), GeneralAttention(12, 12)])
def test_every_kind_of_attention_fits(attention):
    encoder = Encoder(SOURCE_SYMBOLS, D_EMBED, GRU(D_EMBED, 6, bidirectional=True))
    model = Seq2Seq(encoder, LuongDecoder(TARGET_SYMBOLS, D_EMBED, GRU(D_EMBED, 12), attention))
    assert torch.isfinite(model(*example())).all()


def test_luong_equals_its_formulas():
    model = build("Luong")
    source, lengths, target_in = example()
    decoder, state = model.decoder, model.start(source, lengths)
    memory, _ = model.encoder(source, lengths)
    hidden, _ = decoder.recurrent(decoder.embedding(target_in), state.recurrent)
    expected = torch.zeros(3, 5, TARGET_SYMBOLS, dtype=torch.float64)
    for b, length in enumerate(lengths.tolist()):
        for t in range(5):
            h = hidden[b, t]
            keys = memory[b, :length]
            scores = (
                torch.tanh(decoder.attention.W(h) + decoder.attention.U(keys)) @ decoder.attention.v.weight[0]
            )
            context = (scores.softmax(0)[:, None] * keys).sum(0)
            expected[b, t] = decoder.head(torch.tanh(decoder.readout(torch.cat([context, h]))))
    torch.testing.assert_close(model(source, lengths, target_in), expected, rtol=1e-10, atol=1e-12)


def test_bahdanau_looks_before_it_reads():
    model = build("Bahdanau", GRU)
    source, lengths, target_in = example()
    other = target_in.clone()
    other[:, 2] = (other[:, 2] + 1) % TARGET_SYMBOLS
    with record_attention(model) as maps:
        model(source, lengths, target_in)
        before = maps["decoder.attention"]
        maps.clear()
        model(source, lengths, other)
        after = maps["decoder.attention"]
    assert torch.equal(before[:, :3], after[:, :3]) and (before[:, 3] != after[:, 3]).any()


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_bahdanau_s_step_by_hand(kind):
    """Section 3.1: the query is h of the step before, of the top layer where there are two."""
    model, (source, lengths, target_in) = build("Bahdanau", kind, num_layers=2), example()
    decoder, state = model.decoder, model.start(source, lengths)
    recurrent, logits = state.recurrent, []
    for x in decoder.embedding(target_in).split(1, dim=1):  # (batch, 1, d_embed)
        _, top = torch_tuple(recurrent)[0].unbind()  # of both layers, (batch, hidden_size)
        context = decoder.attention(top[:, None], state.memory, state.memory, state.mask)
        output, recurrent = decoder.recurrent(torch.cat([x, context], dim=2), recurrent)
        seen = torch.cat([output, context, x], dim=2)
        logits.append(decoder.head(torch.tanh(decoder.readout(seen))))
    torch.testing.assert_close(model(source, lengths, target_in), torch.cat(logits, dim=1))


# ---------------------------------------------------------------- the bridge


def test_like_states_are_handed_over_as_they_are():
    bridge = Bridge(LSTM(3, 4), LSTM(5, 4))
    state = (torch.randn(1, 2, 4), torch.randn(1, 2, 4))
    assert bridge(state) is state and not list(bridge.parameters())


@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_everything_goes_through_the_fixed_vector(kind):
    torch.manual_seed(0)
    encoder, decoder = kind(3, 4, 2, bidirectional=True), kind(5, 6, 2)
    bridge = Bridge(encoder, decoder, vector_size=3)
    _, state = encoder(torch.randn(2, 7, 3))
    assert bridge.vector(state).shape == (2, 3)
    start = bridge(state)
    parts = start if kind is LSTM else (start,)
    assert all(part.shape == (2, 2, 6) for part in parts)
    assert parts[0].abs().max() <= 1
    # Rank tells: more than three numbers cannot come out of three.
    many = [encoder(torch.randn(50, 7, 3))[1] for _ in range(1)][0]
    outputs = torch.cat(
        [part.transpose(0, 1).flatten(1) for part in torch_tuple(bridge(many))[1:]]
        or [torch.atanh(torch_tuple(bridge(many))[0]).transpose(0, 1).flatten(1)],
        dim=1,
    )
    assert torch.linalg.matrix_rank(outputs - outputs.mean(0), rtol=1e-4) <= 3


def torch_tuple(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Bridge(LSTM(3, 4), GRU(3, 4)), "1 layers of LSTM, the decoder 1 of GRU"),
        (lambda: Bridge(GRU(3, 4, 2), GRU(3, 4)), "2 layers of GRU"),
        (lambda: Bridge(GRU(3, 4), GRU(3, 4, bidirectional=True)), "both directions"),
        (lambda: Bridge(GRU(3, 4), GRU(3, 4), vector_size=0), "vector_size is 0"),
        (lambda: Encoder(9, 5, GRU(6, 4)), "input_size = 6; expected 5: d_embed"),
        (lambda: Decoder(9, 5, GRU(6, 4)), "expected 5"),
        (lambda: BahdanauDecoder(9, 5, GRU(5, 4), DotProductAttention(4)), "expected 9: d_embed \\+ 4"),
        (lambda: LuongDecoder(9, 5, GRU(5, 4), DotProductAttention(3)), "queries of 3 features"),
        (lambda: LuongDecoder(9, 5, GRU(5, 4), DotProductAttention(4), input_feeding=True), "expected 9"),
        (
            lambda: Seq2Seq(
                Encoder(9, 5, GRU(5, 4, bidirectional=True)),
                LuongDecoder(9, 5, GRU(5, 4), DotProductAttention(4)),
            ),
            "keys of 4 features, but the encoder's output_size is 8",
        ),
    ],
)
def test_parts_that_do_not_fit_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_inputs_that_do_not_fit_are_named():
    model, (source, lengths, target_in) = build("Luong"), example()
    with pytest.raises(ValueError, match=r"source has shape \(7,\)"):
        model.start(source[0], lengths)
    with pytest.raises(ValueError, match=r"target_in has shape \(2, 5\); expected \(3, target_len\)"):
        model(source, lengths, target_in[:2])
    with pytest.raises(ValueError, match="lengths go from 1 to 8"):
        model(source, lengths + torch.tensor([1, 0, 0]), target_in)


# ---------------------------------------------------------------- learning


def reversed_pairs(n):
    generator = torch.Generator().manual_seed(3)
    sources = [torch.randint(4, 9, (2 + i % 3,), generator=generator).tolist() for i in range(n)]
    return [(source, source[::-1]) for source in sources]


def test_padding_is_not_counted_in_the_loss():
    model = build("Luong").eval()
    batch = next(pair_batches(reversed_pairs(6), 6, bos_id=2, eos_id=3))
    loss = teacher_forced_loss(model, batch)
    logits = model(batch.source, batch.source_lengths, batch.target_in)
    losses = [
        -logits[row, t].log_softmax(-1)[symbol]
        for row, target in enumerate(batch.target_out.tolist())
        for t, symbol in enumerate(target)
        if symbol != 0
    ]
    torch.testing.assert_close(loss, torch.stack(losses).mean())


def test_overfits_one_batch(style):
    model = build(style, GRU).float()
    batch = next(pair_batches(reversed_pairs(8), 8, bos_id=2, eos_id=3))
    # At a constant rate the last steps jump about, and rounding decides where the last one lands.
    history = fit(model, iter([batch] * 600), teacher_forced_loss, steps=600, lr=3e-2, progress=False)
    assert history.losses[-1] < 0.1 < history.losses[0]


def test_dropout_acts_in_training_only(style):
    model, inputs = build(style, dropout=0.5), example()
    model.train()
    assert not torch.equal(model(*inputs), model(*inputs))
    model.eval()
    assert torch.equal(model(*inputs), model(*inputs))


@pytest.mark.parametrize("feeding", [False, True])
def test_luong_s_step_by_hand(feeding):
    """Section 3.3: with input feeding, h̃ of the step before is read beside the last symbol; the first one is 0."""
    model, (source, lengths, target_in) = build("Luong, input feeding" if feeding else "Luong"), example()
    decoder, state = model.decoder, model.start(source, lengths)
    recurrent, fed = state.recurrent, torch.zeros(len(source), 1, 4, dtype=torch.float64)
    logits = []
    for ids in target_in.split(1, dim=1):
        x = decoder.embedding(ids)
        output, recurrent = decoder.recurrent(torch.cat([x, fed], dim=2) if feeding else x, recurrent)
        context = decoder.attention(output, state.memory, state.memory, state.mask)
        fed = torch.tanh(decoder.readout(torch.cat([context, output], dim=2)))
        logits.append(decoder.head(fed))
    torch.testing.assert_close(model(source, lengths, target_in), torch.cat(logits, dim=1))
