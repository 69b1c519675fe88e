"""T5: equal to Hugging Face's with its weights, and true to what an encoder–decoder promises."""

import pytest
import torch
from torch import nn

from course_lib.decoding import beam_search, greedy
from course_lib.models.attention import record_attention
from course_lib.models.pretrained import t5_weights
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.models.transformer import T5
from course_lib.text.padding import PairBatch, pair_batches
from course_lib.training import fit
from in_double import InDouble

EXACT = {"rtol": 1e-10, "atol": 1e-12}
VOCAB, HEADS, EOS = 19, 3, 1
SIZES = {"d_model": 12, "n_heads": HEADS, "d_ff": 20, "num_layers": 2, "n_buckets": 8, "max_distance": 12}
# version 1.0: ReLU, tied and scaled head; version 1.1: gate, head of its own, heads wider than d_model / n_heads
KINDS = {"1.0": {}, "1.1": {"gated": True, "tied": False, "d_head": 6, "num_decoder_layers": 1}}
kinds = pytest.mark.parametrize("kind", KINDS)


def small(kind="1.0", device="cpu", seed=0, **options):
    torch.manual_seed(seed)
    model = T5(VOCAB, **{**SIZES, **KINDS[kind], "max_len": 40, **options}).to(device, torch.float64).eval()
    for name, parameter in model.named_parameters():
        if "norm" in name:  # at 1 they would do nothing
            nn.init.uniform_(parameter, 0.5, 1.5)
    return model


def some_batch(device="cpu"):
    """Sources of three lengths with noise for padding, and targets whose padding is 0."""
    generator = torch.Generator().manual_seed(0)
    source = torch.randint(2, VOCAB, (3, 16), generator=generator)
    target = torch.randint(2, VOCAB, (3, 9), generator=generator)
    target[1, 6:], target[2, 4:] = 0, 0
    begun = torch.cat([torch.zeros(3, 1, dtype=torch.long), target[:, :-1]], dim=1)  # (batch, target_len)
    batch = PairBatch(source, torch.tensor([11, 16, 1]), begun, target, torch.arange(3))
    return PairBatch(*(part.to(device) for part in batch))


# ---------------------------------------------------------------- against Hugging Face


@pytest.fixture
def pair(request, monkeypatch):
    """Theirs, with random weights, and ours with the same. Their norms in double precision, too."""
    from transformers import T5Config, T5ForConditionalGeneration
    from transformers.models.t5 import modeling_t5

    monkeypatch.setattr(modeling_t5, "torch", InDouble())
    kind = KINDS[getattr(request, "param", "1.0")]
    torch.manual_seed(5)
    config = T5Config(
        vocab_size=VOCAB,
        d_model=12,
        d_kv=kind.get("d_head", 4),
        d_ff=20,
        num_layers=2,
        num_decoder_layers=kind.get("num_decoder_layers"),
        num_heads=HEADS,
        relative_attention_num_buckets=8,
        relative_attention_max_distance=12,
        feed_forward_proj="gated-gelu" if kind else "relu",
        tie_word_embeddings=not kind,
        decoder_start_token_id=0,
        attn_implementation="eager",
    )
    theirs = T5ForConditionalGeneration(config).double().eval()
    if kind:  # the constructor ties it all the same; a file with a head of its own unties it
        theirs.lm_head.weight = nn.Parameter(torch.randn(VOCAB, 12, dtype=torch.float64))
    for name, parameter in theirs.named_parameters():
        if "norm" in name:
            nn.init.uniform_(parameter, 0.5, 1.5)
        elif ".layer." in name and "relative" not in name:  # as they start, a symbol would repeat itself for ever
            parameter.data *= 3
    theirs.lm_head.weight.data[EOS] *= 4  # and so that some of what is written ends
    ours = T5(VOCAB, **{**SIZES, **kind, "max_len": 40}).double().eval()
    ours.load_state_dict(t5_weights(theirs.state_dict()))
    return ours, theirs


all_pairs = pytest.mark.parametrize("pair", KINDS, indirect=True)


def their_arguments(batch):
    real = torch.arange(batch.source.shape[1]) < batch.source_lengths[:, None]  # (batch, source_len)
    return {"input_ids": batch.source, "attention_mask": real.long()}


@all_pairs
def test_logits_loss_and_gradients_are_those_of_t5(pair):
    ours, theirs = pair
    batch = some_batch()
    labels = batch.target_out.masked_fill(batch.target_out == 0, -100)
    answer = theirs(**their_arguments(batch), labels=labels)
    logits = ours(batch.source, batch.source_lengths, batch.target_in)
    torch.testing.assert_close(logits, answer.logits, **EXACT)
    loss = teacher_forced_loss(ours, batch)
    torch.testing.assert_close(loss, answer.loss, **EXACT)
    names = [name for name, _ in ours.named_parameters()]
    gradients = dict(zip(names, torch.autograd.grad(loss, list(ours.parameters())), strict=True))
    answer.loss.backward()
    expected = t5_weights({name: parameter.grad for name, parameter in theirs.named_parameters()})
    assert set(gradients) == set(expected)
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name], **EXACT, msg=name)


@all_pairs
def test_attention_is_that_of_t5(pair):
    ours, theirs = pair
    batch = some_batch()
    answer = theirs(**their_arguments(batch), decoder_input_ids=batch.target_in, output_attentions=True)
    with record_attention(ours) as maps:
        ours(batch.source, batch.source_lengths, batch.target_in)
    for stack, name, found in (
        ("encoder", "self_attn", answer.encoder_attentions),
        ("decoder", "self_attn", answer.decoder_attentions),
        ("decoder", "multihead_attn", answer.cross_attentions),
    ):
        for number, weights in enumerate(found):
            torch.testing.assert_close(maps[f"{stack}.layers.{number}.{name}"], weights.detach(), **EXACT)


@all_pairs
@pytest.mark.parametrize("beam", [1, 3])
def test_greedy_and_beam_search_write_what_t5_writes(pair, beam):
    ours, theirs = pair
    generator = torch.Generator().manual_seed(3)
    source = torch.randint(2, VOCAB, (40, 14), generator=generator)
    lengths = torch.randint(1, 15, (40,), generator=generator)
    batch = PairBatch(source, lengths, source, source, torch.arange(40))
    options = {"bos_id": 0, "eos_id": EOS, "max_len": 15}
    if beam == 1:
        found = greedy(ours, source, lengths, **options)
    else:
        found = [one[0] for one in beam_search(ours, source, lengths, beam=beam, **options)]
    written = theirs.generate(
        **their_arguments(batch),
        max_new_tokens=15,
        do_sample=False,
        num_beams=beam,
        early_stopping="never" if beam > 1 else False,
        length_penalty=0.0 if beam > 1 else None,
    )
    ended = compared = 0
    for one, row in zip(found, written[:, 1:].tolist(), strict=True):  # theirs begin with the start symbol
        if beam > 1 and one.finished and EOS not in row:
            continue  # theirs ranks what max_len has cut off among what has ended; here an ending always comes first
        expected, compared = row[: row.index(EOS)] if EOS in row else row, compared + 1
        assert one.ids == expected and one.finished == (EOS in row)
        ended += EOS in row
    assert compared > 25 and 0 < ended, (compared, ended)  # some of both kinds, or the test would show less


@kinds
def test_it_starts_as_t5_does(kind):
    from transformers import T5Config, T5ForConditionalGeneration

    sizes = {"d_model": 96, "d_ff": 200, "num_layers": 1}
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=200, d_kv=16, num_heads=6, feed_forward_proj="gated-gelu" if kind == "1.1" else "relu", **sizes
    )
    fresh = t5_weights(T5ForConditionalGeneration(config).state_dict())
    for name, value in T5(200, n_heads=6, gated=kind == "1.1", **sizes).state_dict().items():
        parts = value.split(96) if "in_proj" in name else [value]
        theirs = fresh[name].split(96) if "in_proj" in name else [fresh[name]]
        for one, other in zip(parts, theirs, strict=True):
            assert one.std().item() == pytest.approx(other.std().item(), rel=0.1, abs=1e-6), name


@kinds
def test_a_smaller_start_keeps_its_proportions(kind):
    sizes = {**SIZES, **KINDS[kind], "d_model": 64, "n_heads": 4}
    torch.manual_seed(0)
    plain = dict(T5(VOCAB, **sizes).named_parameters())
    torch.manual_seed(0)
    small_start = T5(VOCAB, embedding_std=0.15, layer_scale=0.25, **sizes)
    for name, value in small_start.named_parameters():
        in_layers = ".layers." in name and value.dim() == 2
        factor = 0.15 if name.startswith("embedding") else 0.25 if in_layers else 1.0
        torch.testing.assert_close(value, factor * plain[name], msg=name)


@pytest.mark.parametrize("options", [{"embedding_std": 0}, {"layer_scale": -1.0}])
def test_a_start_of_no_size_is_refused(options):
    with pytest.raises(ValueError, match="both must be positive numbers"):
        T5(VOCAB, **SIZES, **options)


# ---------------------------------------------------------------- what an encoder–decoder promises


@kinds
def test_step_by_step_is_all_at_once(device, kind):
    model, batch = small(kind, device), some_batch(device)
    whole = model(batch.source, batch.source_lengths, batch.target_in)
    state, parts = model.start(batch.source, batch.source_lengths), []
    for ids in batch.target_in.unbind(1):
        logits, state = model.step(ids, state)
        parts.append(logits)
    torch.testing.assert_close(torch.stack(parts, dim=1), whole, **EXACT)


@kinds
def test_rows_of_the_state(device, kind):
    model, batch = small(kind, device), some_batch(device)
    rows = torch.tensor([2, 0, 2, 1], device=device)
    _, state = model.step(batch.target_in[:, 0], model.start(batch.source, batch.source_lengths))
    logits, _ = model.step(batch.target_in[rows, 1], model.select(state, rows))
    whole = model(batch.source, batch.source_lengths, batch.target_in)
    torch.testing.assert_close(logits, whole[rows, 1], **EXACT)


@kinds
def test_padding_changes_nothing(device, kind):
    model, batch = small(kind, device), some_batch(device)
    whole = model(batch.source, batch.source_lengths, batch.target_in)
    for row, length in enumerate(batch.source_lengths.tolist()):
        one = slice(row, row + 1)
        alone = model(batch.source[one, :length], batch.source_lengths[one], batch.target_in[one])
        torch.testing.assert_close(alone[0], whole[row], **EXACT)


@kinds
def test_no_logit_knows_a_later_target_and_all_know_the_source(device, kind):
    model, batch = small(kind, device), some_batch(device)
    changed = batch.target_in.clone()
    changed[:, 3:] = 2 + (changed[:, 3:] + 1) % (VOCAB - 2)
    before, after = (model(batch.source, batch.source_lengths, ids) for ids in (batch.target_in, changed))
    torch.testing.assert_close(after[:, :3], before[:, :3], **EXACT)
    assert not torch.allclose(after[:, 3:], before[:, 3:])
    other = batch.source.clone()
    other[:, 0] = 2 + (other[:, 0] + 1) % (VOCAB - 2)
    moved = (model(other, batch.source_lengths, batch.target_in) - before).abs().amax(-1)
    assert (moved > 0).all()


@kinds
def test_order_matters_by_the_tables_alone(device, kind):
    """Without relative positions the encoder is blind to order: a permuted source gives a permuted memory."""
    model, batch = small(kind, device), some_batch(device)
    order, lengths = torch.randperm(16, generator=torch.Generator().manual_seed(1)), torch.full((3,), 16)
    memory, permuted = (model.encode(batch.source[:, rows], lengths)[0] for rows in (slice(None), order))
    assert not torch.allclose(permuted, memory[:, order])
    nn.init.zeros_(model.encoder_positions.table.weight)
    memory, permuted = (model.encode(batch.source[:, rows], lengths)[0] for rows in (slice(None), order))
    torch.testing.assert_close(permuted, memory[:, order], **EXACT)


def test_each_stack_has_one_table_and_nothing_has_a_bias():
    names = [name for name, _ in small().named_parameters()]
    assert [name for name in names if "positions" in name] == [
        "encoder_positions.table.weight",
        "decoder_positions.table.weight",
    ]
    assert not any("bias" in name for name in names)


def test_texts_longer_than_any_before_can_be_read_but_need_room_to_be_written():
    model = small(max_len=4)
    batch = some_batch()
    assert model(batch.source.repeat(1, 30), 30 * batch.source_lengths, batch.target_in).shape == (3, 9, VOCAB)
    with pytest.raises(ValueError, match="5 positions, but the cache has room for max_len = 4"):
        greedy(model, batch.source, batch.source_lengths, bos_id=0, eos_id=EOS, max_len=9, forbidden=())


@kinds
def test_it_overfits_one_batch_and_writes_it(any_device, kind):
    torch.manual_seed(0)
    options = {**KINDS[kind], "d_head": 8, "num_decoder_layers": 2}
    model = T5(12, d_model=32, n_heads=4, d_ff=64, **options).to(any_device)
    generator = torch.Generator().manual_seed(0)
    ids = [torch.randint(4, 12, (n,), generator=generator).tolist() for n in (2, 3, 4, 5, 6, 4, 5, 3)]
    pairs = [(row, row[::-1]) for row in ids]
    batch = next(pair_batches(pairs, 8, bos_id=0, eos_id=EOS))
    fit(model, iter([batch] * 150), teacher_forced_loss, steps=150, lr=5e-3, warm_up=10, progress=False)
    assert teacher_forced_loss(model, PairBatch(*(part.to(any_device) for part in batch))).item() < 0.1
    options = {"bos_id": 0, "eos_id": EOS, "max_len": 9}
    written = greedy(model, batch.source, batch.source_lengths, **options)
    assert [one.ids for one in written] == [pairs[row][1] for row in batch.rows.tolist()]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: small()(torch.zeros(3).long(), torch.tensor([3]), torch.zeros(3, 1).long()), "source has shape"),
        (lambda: t5_weights({"model.norm.weight": torch.zeros(1)}), "'model.norm.weight' is no weight of a T5"),
        (
            lambda: t5_weights({"encoder.block.0.layer.0.SelfAttention.q.weight": torch.zeros(1, 1)}),
            "but not .*k_weight",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
