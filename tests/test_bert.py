"""BERT: equal to Hugging Face's models with their weights, blind to padding, the same while recorded."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.models.attention import record_attention
from course_lib.models.pretrained import bert_weights
from course_lib.models.transformer import (
    Bert,
    BertForClassification,
    BertForPreTraining,
    BertForSpans,
    BertForTagging,
    best_spans,
    pretraining_loss,
)
from course_lib.training import fit

EXACT = {"rtol": 1e-10, "atol": 1e-12}
VOCAB, TIME = 19, 9
SIZES = {"max_len": 40, "d_model": 16, "n_heads": 4, "num_layers": 3, "d_ff": 24}
LENGTHS = torch.tensor([9, 5, 2])


def scattered(model: nn.Module, device="cpu") -> nn.Module:
    """Every weight drawn wide: as a model starts, all outputs would be nearly equal."""
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model.to(device, torch.float64).eval()


def small(device="cpu", **options) -> Bert:
    torch.manual_seed(0)
    return scattered(Bert(VOCAB, **{**SIZES, **options}), device)


def a_batch(device="cpu") -> dict[str, torch.Tensor]:
    """Three rows of 9, 5 and 2 tokens, padded with 0, the second half of each in segment 1."""
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(1, VOCAB, (3, TIME), generator=generator)
    places = torch.arange(TIME).expand(3, -1)
    ids[places >= LENGTHS[:, None]] = 0
    segments = (places >= LENGTHS[:, None] // 2).long()
    return {"ids": ids.to(device), "segments": segments.to(device), "lengths": LENGTHS.to(device)}


# ---------------------------------------------------------------- against Hugging Face


def their_batch() -> dict[str, torch.Tensor]:
    batch = a_batch()
    attention_mask = (torch.arange(TIME) < LENGTHS[:, None]).long()
    return {
        "input_ids": batch["ids"],
        "token_type_ids": batch["segments"],
        "attention_mask": attention_mask,
    }


def theirs(name: str, **options) -> nn.Module:
    import transformers

    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=VOCAB,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=24,
        max_position_embeddings=40,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **options,
    )
    config._attn_implementation = "eager"
    return scattered(getattr(transformers, name)(config))


def with_their_weights(model: nn.Module, other: nn.Module) -> nn.Module:
    found = model.double().eval().load_state_dict(bert_weights(other.state_dict()), strict=False)
    assert not found.unexpected_keys
    assert set(found.missing_keys) <= {
        "bert.pooler.weight",
        "bert.pooler.bias",
    }  # theirs has none where unused
    return model


def gradients_are_equal(ours: nn.Module, other: nn.Module, my_loss, their_loss) -> None:
    names = [name for name, _ in ours.named_parameters()]
    mine = torch.autograd.grad(my_loss, list(ours.parameters()), allow_unused=True)
    mine = {name: gradient for name, gradient in zip(names, mine, strict=True) if gradient is not None}
    other.zero_grad()
    their_loss.backward()
    expected = bert_weights({name: parameter.grad for name, parameter in other.named_parameters()})
    assert set(mine) == set(expected)
    for name, gradient in mine.items():
        torch.testing.assert_close(gradient, expected[name], **EXACT)


def test_hidden_states_pooled_vector_and_attention_are_those_of_bert():
    other = theirs("BertModel")
    ours = with_their_weights(Bert(VOCAB, **SIZES), other)
    expected = other(**their_batch(), output_attentions=True)
    real = their_batch()["attention_mask"].bool()
    with record_attention(ours) as maps:
        hidden = ours(**a_batch())
    torch.testing.assert_close(hidden[real], expected.last_hidden_state[real], **EXACT)
    torch.testing.assert_close(ours.pooled(hidden), expected.pooler_output, **EXACT)
    for number, weights in enumerate(expected.attentions):
        torch.testing.assert_close(maps[f"encoder.layers.{number}.self_attn"], weights.detach(), **EXACT)
    gradients_are_equal(
        ours, other, ours.pooled(hidden).square().sum(), expected.pooler_output.square().sum()
    )


def test_without_segments_and_lengths_all_is_real_and_in_the_first_sentence():
    other = theirs("BertModel")
    ours, ids = with_their_weights(Bert(VOCAB, **SIZES), other), a_batch()["ids"]
    torch.testing.assert_close(ours(ids), other(ids).last_hidden_state, **EXACT)


def test_pretraining_is_that_of_bert():
    other = theirs("BertForPreTraining")
    ours = with_their_weights(BertForPreTraining(Bert(VOCAB, **SIZES)), other)
    labels = torch.full((3, TIME), -100)
    labels[0, 2], labels[0, 7], labels[1, 3] = 5, 11, 4
    not_next = torch.tensor([0, 1, 1])
    expected = other(**their_batch(), labels=labels, next_sentence_label=not_next)
    mlm_logits, nsp_logits = ours(**a_batch())
    real = their_batch()["attention_mask"].bool()
    torch.testing.assert_close(mlm_logits[real], expected.prediction_logits[real], **EXACT)
    torch.testing.assert_close(nsp_logits, expected.seq_relationship_logits, **EXACT)
    loss = pretraining_loss(mlm_logits, nsp_logits, labels, not_next)
    torch.testing.assert_close(loss, expected.loss, **EXACT)
    gradients_are_equal(ours, other, loss, expected.loss)


def test_only_the_selected_positions_give_the_same_loss_and_gradients():
    model = scattered(BertForPreTraining(small()))
    labels = torch.full((3, TIME), -100)
    labels[0, 2], labels[1, 3] = 5, 4
    mlm_logits, nsp_logits = model(**a_batch(), selected=labels != -100)
    assert mlm_logits.shape == (2, VOCAB)
    parameters = [
        value for name, value in model.named_parameters() if "next" not in name and "pooler" not in name
    ]
    few = pretraining_loss(mlm_logits, None, labels[labels != -100])
    every = pretraining_loss(*model(**a_batch()), labels)
    torch.testing.assert_close(few, every, **EXACT)
    for one, other in zip(
        torch.autograd.grad(few, parameters), torch.autograd.grad(every, parameters), strict=True
    ):
        torch.testing.assert_close(one, other, **EXACT)


def test_a_batch_that_asks_nothing_costs_nothing():
    model = scattered(BertForPreTraining(small()))
    loss = pretraining_loss(*model(**a_batch()), torch.full((3, TIME), -100))
    assert loss.item() == 0 and torch.isfinite(torch.autograd.grad(loss, model.transform.weight)[0]).all()


def test_classification_is_that_of_bert():
    other = theirs("BertForSequenceClassification", num_labels=3)
    ours = with_their_weights(BertForClassification(Bert(VOCAB, **SIZES), 3), other)
    labels = torch.tensor([2, 0, 1])
    expected = other(**their_batch(), labels=labels)
    logits = ours(**a_batch())
    torch.testing.assert_close(logits, expected.logits, **EXACT)
    gradients_are_equal(ours, other, F.cross_entropy(logits, labels), expected.loss)


def test_tagging_is_that_of_bert():
    other = theirs("BertForTokenClassification", num_labels=5)
    ours = with_their_weights(BertForTagging(Bert(VOCAB, **SIZES), 5), other)
    real = their_batch()["attention_mask"].bool()
    tags = torch.randint(5, (3, TIME), generator=torch.Generator().manual_seed(2)).masked_fill(~real, -100)
    expected = other(**their_batch(), labels=tags)
    logits = ours(**a_batch())
    torch.testing.assert_close(logits[real], expected.logits[real], **EXACT)
    gradients_are_equal(ours, other, F.cross_entropy(logits.flatten(0, 1), tags.flatten()), expected.loss)


def test_spans_are_those_of_bert_where_nothing_is_padded():
    other = theirs("BertForQuestionAnswering")
    ours = with_their_weights(BertForSpans(Bert(VOCAB, **SIZES)), other)
    batch, full = a_batch(), their_batch()
    batch["lengths"], full["attention_mask"] = torch.tensor([TIME] * 3), torch.ones(3, TIME).long()
    begins, ends = torch.tensor([1, 4, 0]), torch.tensor([3, 4, 8])
    expected = other(**full, start_positions=begins, end_positions=ends)
    start_logits, end_logits = ours(**batch)
    torch.testing.assert_close(start_logits, expected.start_logits, **EXACT)
    torch.testing.assert_close(end_logits, expected.end_logits, **EXACT)
    loss = (F.cross_entropy(start_logits, begins) + F.cross_entropy(end_logits, ends)) / 2
    gradients_are_equal(ours, other, loss, expected.loss)


def test_spans_are_those_of_bert_at_real_tokens_and_impossible_in_padding():
    other = theirs("BertForQuestionAnswering")
    ours = with_their_weights(BertForSpans(Bert(VOCAB, **SIZES)), other)
    real = their_batch()["attention_mask"].bool()
    expected = other(**their_batch())
    for mine, their in zip(ours(**a_batch()), (expected.start_logits, expected.end_logits), strict=True):
        torch.testing.assert_close(mine[real], their[real], **EXACT)
        assert (mine.softmax(-1)[~real] == 0).all()


def test_older_names_of_norms_are_understood():
    state = theirs("BertModel").state_dict()
    older = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in state.items()
    }
    assert older.keys() != state.keys()
    assert bert_weights(older).keys() == bert_weights(state).keys()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"h.0.ln_1.weight": torch.zeros(1)}, "'h.0.ln_1.weight' is no weight of a BERT"),
        (
            {"bert.encoder.layer.0.attention.self.query.bias": torch.zeros(1)},
            "not bert.encoder.layers.0.self_attn.key_bias, .*value_bias",
        ),
    ],
)
def test_weights_of_another_model_are_refused(state, words):
    with pytest.raises(ValueError, match=words):
        bert_weights(state)


def test_it_starts_as_bert_does():
    import transformers

    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=VOCAB, hidden_size=64, num_hidden_layers=1, num_attention_heads=4, intermediate_size=96
    )
    fresh = bert_weights(transformers.BertForPreTraining(config).state_dict())
    model = BertForPreTraining(Bert(VOCAB, d_model=64, n_heads=4, num_layers=1, d_ff=96))
    for name, value in model.state_dict().items():
        assert value.std().item() == pytest.approx(fresh[name].std().item(), rel=0.2, abs=1e-6), name
    assert (model.bert.token_embedding.weight[0] == 0).all()


def test_embeddings_may_start_wider_than_the_rest():
    model = Bert(VOCAB, **SIZES, init_std=0.05, embedding_std=0.2)
    assert model.token_embedding.weight[1:].std().item() == pytest.approx(0.2, rel=0.2)
    assert model.segment_embedding.weight.std().item() == pytest.approx(0.2, rel=0.4)
    assert model.encoder.layers[0].linear1.weight.std().item() == pytest.approx(0.05, rel=0.2)


# ---------------------------------------------------------------- what a BERT promises


VARIANTS = pytest.mark.parametrize(
    "options",
    [{}, {"positions": "rotary", "norm_first": True}, {"positions": "sinusoidal", "query_key_norm": True}],
)
HEADS = {
    "pre-training": BertForPreTraining,
    "classification": lambda bert: BertForClassification(bert, 3),
    "tagging": lambda bert: BertForTagging(bert, 3),
    "spans": BertForSpans,
}


@VARIANTS
@pytest.mark.parametrize("head", HEADS)
def test_a_changed_padded_position_changes_nothing(device, head, options):
    model, batch = scattered(HEADS[head](small(device, **options)), device), a_batch(device)
    real = (torch.arange(TIME) < LENGTHS[:, None]).to(device)
    changed = {**batch, "ids": batch["ids"].masked_fill(~real, 7), "segments": batch["segments"] * real}
    assert not torch.equal(changed["ids"], batch["ids"])
    for before, after in zip(outputs(model(**batch)), outputs(model(**changed)), strict=True):
        same = real if before.dim() > 1 and before.shape[:2] == real.shape else slice(None)
        assert torch.equal(before[same], after[same])
    labels = torch.full((3, TIME), -100, device=device)
    labels[0, 3], labels[2, 1] = 1, 2
    assert torch.equal(its_loss(head, model(**batch), labels), its_loss(head, model(**changed), labels))


def outputs(result) -> tuple[torch.Tensor, ...]:
    return result if isinstance(result, tuple) else (result,)


def its_loss(head: str, result, labels: torch.Tensor) -> torch.Tensor:
    places = torch.tensor([1, 1, 0], device=labels.device)
    if head == "pre-training":
        return pretraining_loss(*result, labels, places)
    if head == "spans":
        return F.cross_entropy(result[0], places) + F.cross_entropy(result[1], places)
    if head == "tagging":
        return F.cross_entropy(result.flatten(0, 1), labels.flatten())
    return F.cross_entropy(result, places)


@VARIANTS
def test_a_row_is_the_same_alone_and_in_a_padded_batch(device, options):
    model, batch = small(device, **options), a_batch(device)
    hidden = model(**batch)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = model(batch["ids"][[row], :length], segments=batch["segments"][[row], :length])
        torch.testing.assert_close(hidden[[row], :length], alone, **EXACT)


@VARIANTS
def test_recording_its_attention_changes_nothing(device, options):
    model, batch = small(device, **options), a_batch(device)
    before = model(**batch)
    with record_attention(model) as maps:
        during = model(**batch)
    torch.testing.assert_close(during, before, **EXACT)
    assert len(maps) == 3
    real = (torch.arange(TIME) < LENGTHS[:, None]).to(device)
    for weights in maps.values():
        assert weights.shape == (3, 4, TIME, TIME)
        torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]), **EXACT)
        assert (weights.transpose(1, 3)[~real] == 0).all()  # (batch, source_len, target_len, heads)


def test_lengths_and_mask_say_the_same(device):
    model, batch = small(device), a_batch(device)
    mask = (torch.arange(TIME) < LENGTHS[:, None]).to(device)
    assert torch.equal(model(batch["ids"], mask=mask), model(batch["ids"], lengths=batch["lengths"]))


def test_every_token_looks_both_ways_and_knows_its_segment(device):
    model, batch = small(device), a_batch(device)
    ids, segments = batch["ids"][:1], batch["segments"][:1]
    before = model(ids, segments=segments)
    for place in (0, TIME - 1):
        changed = ids.clone()
        changed[0, place] = ids[0, place] % (VOCAB - 1) + 1
        assert ((model(changed, segments=segments) - before).abs().amax(-1) > 1e-6).all()
    assert ((model(ids, segments=1 - segments) - before).abs().amax(-1) > 1e-6).all()


@pytest.mark.parametrize("positions", ["learned", "rotary", "sinusoidal"])
def test_positions_are_the_only_thing_that_tells_the_order(positions):
    model = small(positions=positions)
    ids = a_batch()["ids"][:1]
    order = torch.randperm(TIME, generator=torch.Generator().manual_seed(1))
    assert not torch.allclose(model(ids)[:, order], model(ids[:, order]))
    if positions == "learned":
        nn.init.zeros_(model.position_embedding.weight)
        torch.testing.assert_close(model(ids)[:, order], model(ids[:, order]), **EXACT)


def test_best_spans_are_the_best_of_all_that_are_allowed():
    generator = torch.Generator().manual_seed(3)
    start_logits, end_logits = torch.randn(2, 20, TIME, generator=generator)
    start_logits[:, -1] = end_logits[:, -1] = torch.finfo(torch.float32).min
    for max_len in (1, 3, 30):
        found = best_spans(start_logits, end_logits, max_len)
        for row in range(20):
            allowed = [(i, j) for i in range(TIME) for j in range(i, min(i + max_len, TIME))]
            best = max(allowed, key=lambda span: float(start_logits[row, span[0]] + end_logits[row, span[1]]))
            assert tuple(found[row].tolist()) == best


def test_it_overfits_one_batch(any_device):
    torch.manual_seed(0)
    model = BertForPreTraining(Bert(VOCAB, d_model=32, n_heads=4, num_layers=2, embedding_std=0.2)).to(
        any_device
    )
    batch = a_batch(any_device)
    labels = torch.full((3, TIME), -100, device=any_device)
    labels[0, 2], labels[0, 7], labels[1, 3], labels[2, 1] = 5, 11, 4, 2
    not_next = torch.tensor([0, 1, 1], device=any_device)

    def loss(model, batch):
        return pretraining_loss(*model(**batch), labels, not_next)

    fit(model.eval(), iter([batch] * 100), loss, steps=100, lr=3e-3, progress=False)
    with torch.no_grad():
        assert loss(model, batch).item() < 0.05


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Bert(9, **SIZES, positions="none"), ValueError, "positions is 'none'"),
        (lambda: Bert(9, **SIZES, pad_id=9), ValueError, "pad_id is 9; .* vocab_size = 9"),
        (lambda: small()(torch.zeros(3).long()), ValueError, "ids has shape"),
        (lambda: small()(torch.zeros(1, 41).long()), ValueError, "41 tokens; .* max_len = 40"),
        (
            lambda: small()(torch.ones(2, 3).long(), segments=torch.zeros(2, 4).long()),
            ValueError,
            "segments has shape",
        ),
        (lambda: small()(torch.ones(2, 3).long(), mask=torch.ones(2, 3)), TypeError, "mask.bool()"),
        (
            lambda: small()(torch.ones(2, 3).long(), mask=torch.ones(2, 4).bool()),
            ValueError,
            "mask has shape",
        ),
        (
            lambda: small()(torch.ones(1, 3).long(), lengths=torch.tensor([3]), mask=torch.ones(1, 3).bool()),
            ValueError,
            "one of them",
        ),
        (lambda: BertForClassification(small(), 0), ValueError, "n_classes is 0"),
        (lambda: BertForTagging(small(), 2.0), ValueError, "n_tags is 2.0"),
        (
            lambda: pretraining_loss(torch.zeros(2, 3, 5), None, torch.zeros(2, 4).long()),
            ValueError,
            "labels has shape",
        ),
        (lambda: best_spans(torch.zeros(2, 3), torch.zeros(2, 4)), ValueError, "end_logits \\(2, 4\\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
