"""Prompts with a common beginning: read once, and the same as if each had been read alone."""

import pytest
import torch
from torch import nn

from course_lib.decoding import generate, next_log_probs
from course_lib.decoding.prompts import WORTH_SHARING, read_prompts
from course_lib.models.transformer import GPT, Llama

EXACT = {"rtol": 1e-10, "atol": 1e-10}
VOCAB, MAX_LEN = 19, 40
KINDS = {
    "learned positions": (GPT, {}),
    "rotary": (GPT, {"rotary": True}),
    "Llama": (Llama, {"d_ff": 20, "n_kv_heads": 2, "tied": False}),
}
kinds = pytest.mark.parametrize("kind", KINDS)


def build(kind="Llama", dropout=0.0):
    torch.manual_seed(0)
    make, options = KINDS[kind]
    model = make(VOCAB, max_len=MAX_LEN, d_model=16, n_heads=4, num_layers=3, dropout=dropout, **options)
    for parameter in model.parameters():  # as drawn, all logits would be nearly equal
        nn.init.normal_(parameter, std=0.3)
    return model.eval().double()


def drawn(*shape, seed=0):
    return torch.randint(0, VOCAB, shape, generator=torch.Generator().manual_seed(seed))


def lists(n_shared, lengths, seed=0):
    """Prompts of these lengths whose first n_shared symbols are equal, and no more."""
    start = drawn(n_shared, seed=seed).tolist()
    return [
        start + [row % VOCAB, *drawn(MAX_LEN, seed=9 + row).tolist()][: length - n_shared]
        for row, length in enumerate(lengths)
    ]


def padded(prompts):
    lengths = torch.tensor([len(prompt) for prompt in prompts])
    ids = torch.zeros(len(prompts), int(lengths.max()), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.tensor(prompt)
    return ids, lengths


@pytest.fixture
def tokens_read(monkeypatch):
    """How many symbols each call of the model has read, padding included."""
    read, forward = [], GPT.__mro__[1].forward

    def count(self, ids, *arguments, **options):
        read.append(ids.numel())
        return forward(self, ids, *arguments, **options)

    monkeypatch.setattr(GPT.__mro__[1], "forward", count)
    return read


@kinds
@pytest.mark.parametrize("n_shared", [0, WORTH_SHARING - 1, WORTH_SHARING, 12])
@pytest.mark.parametrize("lengths", [(13, 13, 13), (17, 13, 20, 14)])
def test_each_prompt_is_read_as_if_it_were_alone(kind, n_shared, lengths, tokens_read):
    model, prompts = build(kind), lists(n_shared, lengths)
    ids, real = padded(prompts)
    with torch.no_grad():
        logits, caches = read_prompts(model, ids, 30, real if len(set(lengths)) > 1 else None)
    shared = n_shared if n_shared >= WORTH_SHARING else 0
    assert sum(tokens_read) == shared + len(ids) * (ids.shape[1] - shared)
    for row, prompt in enumerate(prompts):
        alone = model.start_caches(30)
        with torch.no_grad():
            expected = model(torch.tensor([prompt]), alone)[0, -1]
        torch.testing.assert_close(logits[row], expected, **EXACT)
        for cache, other in zip(caches, alone, strict=True):
            assert cache.length == ids.shape[1] and cache.max_len == 30
            for part, expected in zip(cache.tensors(), other.tensors(), strict=True):
                torch.testing.assert_close(
                    part[row, :, : len(prompt)], expected[0, :, : len(prompt)], **EXACT
                )


@kinds
@pytest.mark.parametrize("n_new", [1, 5, 20])
@pytest.mark.parametrize("lengths", [(15, 15), (11, 14, 20)])
def test_what_is_written_after_a_common_beginning_is_what_each_writes_alone(kind, n_new, lengths):
    model, prompts = build(kind), lists(10, lengths)
    ids, real = padded(prompts)
    together = generate(model, ids, n_new, lengths=real, temperature=0)
    for row, prompt in enumerate(prompts):
        alone = generate(model, torch.tensor([prompt]), n_new, temperature=0, use_cache=False)[0]
        assert together[row, : len(alone)].tolist() == alone.tolist()


def test_equal_prompts_keep_one_symbol_each_to_read(tokens_read):
    model, ids = build(), drawn(1, 12).expand(5, -1)
    text = generate(model, ids, 3, temperature=0)
    assert (text == text[0]).all() and tokens_read[:2] == [11, 5]


def test_a_prompt_alone_is_read_at_once(tokens_read):
    generate(build(), drawn(1, 12), 1, temperature=0)
    assert tokens_read == [12]


def test_who_listens_hears_whole_prompts():
    model, heard = build(), []
    ids = padded(lists(10, (14, 14)))[0]
    before = generate(model, ids, 4, temperature=0)
    handle = model.blocks.layers[0].norm1.register_forward_hook(lambda _, x, y: heard.append(tuple(y.shape[:2])))
    assert torch.equal(generate(model, ids, 4, temperature=0), before) and heard[0] == (2, 14)
    handle.remove()


@kinds
@pytest.mark.parametrize("batch_size", [1, 2, 8])
@pytest.mark.parametrize("n_shared", [0, 10])
def test_next_log_probs_are_the_models_own(kind, batch_size, n_shared):
    model, prompts = build(kind), lists(n_shared, (17, 13, 20, 14, 12))
    found = next_log_probs(model, prompts, batch_size=batch_size)
    assert found.shape == (5, VOCAB) and found.dtype == torch.float32 and not found.requires_grad
    for row, prompt in zip(found, prompts, strict=True):
        with torch.no_grad():
            expected = model(torch.tensor([prompt]))[0, -1].log_softmax(dim=-1)
        torch.testing.assert_close(row, expected.float(), rtol=1e-5, atol=1e-5)


def test_next_log_probs_read_the_common_beginning_once(tokens_read):
    next_log_probs(build(), lists(10, (14, 12, 13, 11)), batch_size=2)
    assert tokens_read == [10, 2 * 2, 2 * 4]


def test_next_log_probs_are_without_dropout_and_training_goes_on():
    model, prompts = build(dropout=0.5).train(), lists(10, (14, 12))
    assert torch.equal(next_log_probs(model, prompts), next_log_probs(model, prompts)) and model.training


@pytest.mark.parametrize("prompts", [[], [[1, 2], []]])
def test_next_log_probs_want_a_symbol_in_each_prompt(prompts):
    with pytest.raises(ValueError, match="at least one prompt, and none that is empty"):
        next_log_probs(build(), prompts)


def test_a_prompt_that_is_too_long_is_named():
    with pytest.raises(ValueError, match="41 symbols; this model was built for max_len = 40"):
        next_log_probs(build(), lists(0, (41, 3)))
