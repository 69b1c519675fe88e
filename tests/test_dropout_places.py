"""Dropout in each of its places: at its rate in training, with an effect on the output, and nowhere in evaluation.

Parity with other libraries is exact at dropout 0 only, so it sees none of this. Here every call of dropout during a
forward pass is caught: what it acts on, at which rate, and what the output would be if that place let nothing through.
"""

from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F

from course_lib.models import (
    GPT,
    GRU,
    T5,
    AdditiveAttention,
    BahdanauDecoder,
    Bert,
    BertForClassification,
    BertForTagging,
    Decoder,
    DecoderLayer,
    Encoder,
    EncoderLayer,
    Llama,
    LuongDecoder,
    MultiHeadAttention,
    Seq2Seq,
    Transformer,
)
from course_lib.models.attention import record_attention

P, Q = 0.25, 0.375  # of everything; inside the feed-forward network
D, FF, HEADS, BATCH, TIME, SOURCE = 8, 12, 2, 3, 5, 4

X, MEMORY = torch.randn(BATCH, TIME, D), torch.randn(BATCH, SOURCE, D)
IDS, SOURCE_IDS = torch.randint(4, 9, (BATCH, TIME)), torch.randint(4, 9, (BATCH, SOURCE))
LENGTHS = torch.tensor([4, 3, 1])

WEIGHTS, CROSS = (BATCH, HEADS, TIME, TIME), (BATCH, HEADS, TIME, SOURCE)
READ = (BATCH, HEADS, SOURCE, SOURCE)
ADDED, HIDDEN, EMBEDDED, POOLED = (BATCH, TIME, D), (BATCH, TIME, FF), (BATCH, TIME, D), (BATCH, D)


def encoder_places(n_layers: int, inside: float, time: int = TIME) -> list[tuple]:
    """(shape, rate) of every dropout of a stack of encoder layers."""
    weights, added, hidden = (BATCH, HEADS, time, time), (BATCH, time, D), (BATCH, time, FF)
    layer = [(weights, P), (added, P), (hidden, inside), (added, P)]
    return [place for place in layer if place[1] > 0] * n_layers


def decoder_places(n_layers: int, inside: float) -> list[tuple]:
    return [(WEIGHTS, P), (ADDED, P), (CROSS, P), (ADDED, P), (HIDDEN, inside), (ADDED, P)] * n_layers


def seq2seq(kind: str, p: float) -> Seq2Seq:
    encoder = Encoder(9, D, GRU(D, D), dropout=p)
    attention = AdditiveAttention(D, D, 6)
    if kind == "fixed vector":
        decoder = Decoder(9, D, GRU(D, D), dropout=p)
    elif kind == "Bahdanau":
        decoder = BahdanauDecoder(9, D, GRU(2 * D, D), attention, readout_size=FF, dropout=p)
    else:
        decoder = LuongDecoder(9, D, GRU(D, D), attention, readout_size=FF, dropout=p)
    return Seq2Seq(encoder, decoder)


def gpt(p):
    return GPT(9, max_len=TIME, d_model=D, n_heads=HEADS, num_layers=2, d_ff=FF, dropout=p)


def bert(p):
    return Bert(9, max_len=TIME, d_model=D, n_heads=HEADS, num_layers=2, d_ff=FF, dropout=p)


SOURCE_EMBEDDED = (BATCH, SOURCE, D)
LAYER = {"dropout": P, "activation_dropout": Q}
# name → (the model at its rates, what is read, every place with its rate, in the order of the forward pass)
MODELS = {
    "MultiHeadAttention": (lambda: MultiHeadAttention(D, HEADS, dropout=P), (X,), [(WEIGHTS, P)]),
    "cross-attention": (lambda: MultiHeadAttention(D, HEADS, dropout=P), (X, MEMORY), [(CROSS, P)]),
    "EncoderLayer": (lambda: EncoderLayer(D, HEADS, FF, **LAYER), (X,), encoder_places(1, Q)),
    "EncoderLayer, pre-norm": (
        lambda: EncoderLayer(D, HEADS, FF, norm_first=True, **LAYER),
        (X,),
        encoder_places(1, Q),
    ),
    "EncoderLayer, one rate": (lambda: EncoderLayer(D, HEADS, FF, dropout=P), (X,), encoder_places(1, P)),
    "DecoderLayer": (lambda: DecoderLayer(D, HEADS, FF, **LAYER), (X, MEMORY), decoder_places(1, Q)),
    "GPT": (lambda: gpt(P), (IDS,), [(EMBEDDED, P), *encoder_places(2, P)]),
    "Llama": (
        lambda: Llama(
            9, max_len=TIME, d_model=D, n_heads=HEADS, n_kv_heads=1, num_layers=2, d_ff=FF, dropout=P
        ),
        (IDS,),
        [(EMBEDDED, P), *encoder_places(2, P)],
    ),
    "Bert": (lambda: bert(P), (IDS,), [(EMBEDDED, P), *encoder_places(2, 0.0)]),
    "BertForClassification": (
        lambda: BertForClassification(bert(P), 3, dropout=Q),
        (IDS,),
        [(EMBEDDED, P), *encoder_places(2, 0.0), (POOLED, Q)],
    ),
    "BertForTagging": (
        lambda: BertForTagging(bert(P), 3, dropout=Q),
        (IDS,),
        [(EMBEDDED, P), *encoder_places(2, 0.0), (ADDED, Q)],
    ),
    "Transformer": (
        lambda: Transformer(9, 9, d_model=D, n_heads=HEADS, d_ff=FF, num_layers=2, dropout=P, max_len=8),
        (SOURCE_IDS, LENGTHS, IDS),
        [(SOURCE_EMBEDDED, P), *encoder_places(2, P, SOURCE), (EMBEDDED, P), *decoder_places(2, P)],
    ),
    "T5": (
        lambda: T5(9, d_model=D, n_heads=HEADS, d_ff=FF, num_layers=2, dropout=P, gated=True),
        (SOURCE_IDS, LENGTHS, IDS),
        [
            *[(SOURCE_EMBEDDED, P), *encoder_places(2, P, SOURCE), (SOURCE_EMBEDDED, P)],
            *[(EMBEDDED, P), *decoder_places(2, P), (EMBEDDED, P)],
        ],
    ),
    "Seq2Seq, fixed vector": (
        lambda: seq2seq("fixed vector", P),
        (SOURCE_IDS, LENGTHS, IDS),
        [(SOURCE_EMBEDDED, P), (EMBEDDED, P), (ADDED, P)],
    ),
    "Seq2Seq, Bahdanau": (
        lambda: seq2seq("Bahdanau", P),
        (SOURCE_IDS, LENGTHS, IDS),
        [(SOURCE_EMBEDDED, P), (EMBEDDED, P), (HIDDEN, P)],
    ),
    "Seq2Seq, Luong": (
        lambda: seq2seq("Luong", P),
        (SOURCE_IDS, LENGTHS, IDS),
        [(SOURCE_EMBEDDED, P), (EMBEDDED, P), (HIDDEN, P)],
    ),
}
EVERY = pytest.mark.parametrize("name", MODELS)


@dataclass
class Caught:
    """Every dropout of a forward pass: (shape, rate); `shut` is the number of one that lets nothing through."""

    places: list
    shut: int | None = None

    def let_through(self, x: torch.Tensor, p: float, shape) -> torch.Tensor:
        if p == 0:
            return x
        self.places.append((tuple(shape), p))
        return torch.zeros_like(x) if self.shut == len(self.places) - 1 else x


@pytest.fixture
def caught(monkeypatch) -> Caught:
    """Dropout that drops nothing, and says where it was asked for."""
    found, attend = Caught([]), F.scaled_dot_product_attention

    def dropout(x, p=0.5, training=True, inplace=False):
        return found.let_through(x, p if training else 0.0, x.shape)

    def attention(query, key, value, *, attn_mask=None, dropout_p=0.0, is_causal=False, **groups):
        y = attend(query, key, value, attn_mask=attn_mask, is_causal=is_causal, **groups)
        return found.let_through(y, dropout_p, (*query.shape[:-1], key.shape[-2]))

    monkeypatch.setattr(F, "dropout", dropout)
    monkeypatch.setattr(F, "scaled_dot_product_attention", attention)
    return found


def build(name: str):
    torch.manual_seed(0)
    make, inputs, places = MODELS[name]
    model = make()
    for parameter in model.parameters():  # nothing at 0, nothing at 1: every place has an effect
        torch.nn.init.normal_(parameter, std=0.5)
    return model, inputs, places


@EVERY
def test_dropout_acts_in_all_its_places_at_its_rate(name, caught):
    model, inputs, places = build(name)
    model.train()(*inputs)
    assert caught.places == places


@EVERY
def test_every_place_reaches_the_output(name, caught):
    model, inputs, places = build(name)
    whole = model.train()(*inputs)
    for number in range(len(places)):
        caught.places, caught.shut = [], number
        assert not torch.allclose(model(*inputs), whole), f"place {number}, {places[number]}, has no effect"


@EVERY
def test_nothing_is_dropped_in_evaluation(name, caught):
    model, inputs, _ = build(name)
    with torch.no_grad():
        model.eval()(*inputs)
    assert caught.places == []


@pytest.mark.parametrize("name", ["MultiHeadAttention", "DecoderLayer", "GPT", "Transformer", "T5"])
def test_recording_moves_no_dropout(name, caught):
    model, inputs, places = build(name)
    with record_attention(model.train()):
        model(*inputs)
    assert caught.places == places


def test_dropout_drops_its_share_and_scales_the_rest():
    torch.manual_seed(0)
    model, ids = gpt(0.2).train(), torch.zeros(200, TIME, dtype=torch.long)
    seen = []
    model.dropout.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0], output)))
    model(ids)
    before, after = seen[0]
    dropped = after == 0
    assert dropped.float().mean().item() == pytest.approx(0.2, abs=0.03)
    torch.testing.assert_close(after[~dropped], before[~dropped] / 0.8)
