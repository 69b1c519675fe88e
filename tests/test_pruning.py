"""Pruning: which weights go, that they stay away, what a head is worth, and that a removed head is really gone."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from course_lib.models.attention import MultiHeadAttention, record_attention
from course_lib.models.compact import head_importance, make_permanent, prune_smallest, remove_heads
from course_lib.models.transformer import Bert


def bert():
    torch.manual_seed(0)
    return Bert(20, d_model=16, n_heads=4, num_layers=2, max_len=12, init_std=0.3).eval()


def zeros(model):
    return {name: (module.weight == 0).double().mean().item() for name, module in model.named_modules()
            if isinstance(module, nn.Linear)}  # fmt: skip


def test_the_smallest_go_and_only_they():
    linear = nn.Linear(3, 2)
    linear.weight.data = torch.tensor([[0.1, -0.5, 3.0], [-0.2, 1.0, -0.3]])
    assert prune_smallest(linear, 0.5) == 0.5
    assert linear.weight.tolist() == [[0, -0.5, 3.0], [0, 1.0, 0]]


@pytest.mark.parametrize("everywhere", [True, False])
def test_the_share_is_of_all_or_of_each(everywhere):
    model = bert()
    model.encoder.layers[0].linear1.weight.data *= 0.1
    share = prune_smallest(model, 0.4, everywhere=everywhere, wanted=lambda name: "linear" in name)
    assert share == pytest.approx(0.4, abs=1e-3)
    found = {name: part for name, part in zeros(model).items() if "linear" in name}
    assert (max(found.values()) - min(found.values()) < 0.01) != everywhere
    assert zeros(model)["encoder.layers.0.self_attn.out_proj"] == 0
    assert (model.token_embedding.weight[1:] != 0).all()


def test_what_is_pruned_stays_so_in_training_and_afterwards():
    model, ids = bert(), torch.arange(12).view(2, 6)
    prune_smallest(model, 0.5)
    gone = {name: module.weight == 0 for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    before = model.encoder.layers[0].linear1.weight.clone()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        model(ids).square().mean().backward()
        optimizer.step()
    hidden = model(ids)
    assert not torch.equal(model.encoder.layers[0].linear1.weight, before)
    make_permanent(model)
    assert_close(model(ids), hidden)
    assert model.state_dict().keys() == bert().state_dict().keys()
    for name, where in gone.items():
        assert (model.get_submodule(name).weight[where] == 0).all()


def test_a_removed_head_is_a_head_whose_output_is_zero(device):
    torch.manual_seed(0)
    for bias in (True, False):
        attention = MultiHeadAttention(16, 4, bias=bias).to(device).double()
        x = torch.randn(2, 5, 16, device=device, dtype=torch.float64)
        kept = torch.tensor([1.0, 0, 1, 0], device=device)[:, None]
        hook = attention.out_proj.register_forward_pre_hook(
            lambda _, inputs, kept=kept: (inputs[0].unflatten(-1, (4, 4)) * kept).flatten(2)
        )
        expected = attention(x)
        hook.remove()
        n_before = sum(p.numel() for p in attention.parameters())
        remove_heads(attention, [3, 1])
        assert_close(attention(x), expected, rtol=1e-12, atol=1e-12)
        assert attention.in_proj_weight.shape == (24, 16) and attention.out_proj.weight.shape == (16, 8)
        assert sum(p.numel() for p in attention.parameters()) < 0.6 * n_before
        with record_attention(attention) as maps:
            assert_close(attention(x), expected, rtol=1e-12, atol=1e-12)
        assert maps["MultiHeadAttention"].shape == (2, 2, 5, 5)


def test_importance_is_the_change_to_first_order():
    model, ids = bert().double(), torch.randint(1, 20, (1, 7), generator=torch.Generator().manual_seed(0))

    def loss(model, ids):
        return (model(ids) * torch.linspace(-1, 1, 16, dtype=torch.float64)).sum()

    scores = head_importance(model, [ids], loss)
    assert list(scores) == ["encoder.layers.0.self_attn", "encoder.layers.1.self_attn"]
    eps = 1e-6
    for name, found in scores.items():
        for head in range(4):
            factor = torch.ones(4, dtype=torch.float64)
            factor[head] -= eps
            hook = model.get_submodule(name).out_proj.register_forward_pre_hook(
                lambda _, inputs, factor=factor: (inputs[0].unflatten(-1, (4, 4)) * factor[:, None]).flatten(2)
            )
            with torch.no_grad():
                changed = loss(model, ids)
            hook.remove()
            with torch.no_grad():
                slope = ((loss(model, ids) - changed) / eps).abs().item()
            assert found[head].item() == pytest.approx(slope, rel=1e-4, abs=1e-5)


def test_a_head_that_nobody_hears_is_worth_nothing():
    model, ids = bert(), torch.randint(1, 20, (3, 7), generator=torch.Generator().manual_seed(0))
    model.encoder.layers[1].self_attn.out_proj.weight.data[:, 4:8] = 0
    scores = head_importance(model, [ids, ids], lambda m, batch: m(batch).square().mean() + m(batch)[..., 0].sum())
    assert scores["encoder.layers.1.self_attn"].argmin() == 1 and scores["encoder.layers.1.self_attn"][1] == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: prune_smallest(bert(), 1.0), "share is 1.0; expected a number from 0 to below 1"),
        (lambda: prune_smallest(nn.LayerNorm(3), 0.5), "LayerNorm has no matrix that is wanted"),
        (lambda: [prune_smallest(model, 0.5) for model in [bert()] * 2], "pruned or adapted already"),
        (lambda: remove_heads(MultiHeadAttention(8, 2), [0, 1]), r"heads is \[0, 1\]; expected some, not all"),
        (lambda: remove_heads(MultiHeadAttention(8, 2), [2]), r"heads is \[2\]"),
        (lambda: remove_heads(MultiHeadAttention(8, 4, n_kv_heads=2), [0]), "share keys and values"),
        (lambda: head_importance(nn.Linear(2, 2), [], None), "Linear has no MultiHeadAttention"),
        (lambda: head_importance(bert(), [], None), "batches is empty"),
    ],
)
def test_what_cannot_be_pruned(call, words):
    with pytest.raises(ValueError, match=words):
        call()
