"""Speculative decoding: whatever the draft is worth, the text is the large model's own."""

import pytest
import torch

from course_lib.decoding import generate, speculate
from course_lib.decoding.fused_step import FusedStep
from test_generation import MAX_LEN, VARIANTS, build, prompts


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("draft_len", [1, 3, 16])
@pytest.mark.parametrize("how", ["itself", "a stranger", "nearly itself"])
def test_the_text_is_the_large_model_s(device, variant, draft_len, how):
    model, prompt = build(variant, device), prompts(1)
    draft = build(variant, device, seed=1 if how == "a stranger" else 0)
    if how == "nearly itself":
        for parameter in draft.parameters():
            parameter.data *= 1 + 0.02 * torch.randn_like(parameter)
    found = speculate(model, draft, prompt, 25, draft_len=draft_len)
    assert torch.equal(found.ids, generate(model, prompt, 25, temperature=0))
    assert 0 <= found.accepted <= found.drafted <= 24 * draft_len
    if how == "itself":
        assert found.accepted == found.drafted and found.reads == -(-24 // (draft_len + 1))


def test_a_shallow_draft_and_one_that_nobody_may_fuse():
    model, draft, prompt = build(), build(num_layers=1, seed=3), prompts(1)
    expected = generate(model, prompt, 31, temperature=0)
    assert expected.shape[1] == MAX_LEN  # to the last place
    assert torch.equal(speculate(model, draft, prompt, 31, draft_len=4).ids, expected)
    draft.blocks.layers[0].linear1.register_forward_hook(lambda *_: None)
    assert not FusedStep.fits(draft)
    assert torch.equal(speculate(model, draft, prompt, 31, draft_len=4).ids, expected)


def test_it_ends_with_the_end_symbol():
    model, prompt = build(), prompts(1)
    written = generate(model, prompt, 25, temperature=0)[0, 9:].tolist()
    for eos_id in set(written):
        expected = generate(model, prompt, 25, temperature=0, eos_id=eos_id)
        for draft in (model, build(seed=1)):
            assert torch.equal(speculate(model, draft, prompt, 25, draft_len=5, eos_id=eos_id).ids, expected)
    assert speculate(model, model, prompt, 1).reads == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prompt": prompts(2)}, "prompt has 2 rows"),
        ({"draft_len": 0}, "draft_len is 0"),
        ({"n_new": 32}, "n_new is 32 after a prompt of 9 symbols; expected 1 to 31"),
        ({"n_new": 0}, "n_new is 0"),
    ],
)
def test_what_cannot_be_speculated(arguments, words):
    model = build()
    with pytest.raises(ValueError, match=words):
        speculate(model, model, **{"prompt": prompts(1), "n_new": 5, **arguments})
