"""Muon: its polynomial, torch.optim's Muon and AdamW, and a training that can be resumed."""

import itertools

import pytest
import torch
from torch import nn

from course_lib.models.transformer import GPT, language_model_loss
from course_lib.optimizers import ROUNDS, A, B, C, Muon, orthogonalized
from course_lib.training import fit


def small_gpt():
    torch.manual_seed(0)
    return GPT(11, max_len=8, d_model=16, n_heads=2, num_layers=2)


def ids_of(seed):
    return torch.randint(11, (4, 9), generator=torch.Generator().manual_seed(seed))


def gradients(model, seed):
    model.zero_grad()
    language_model_loss(model, ids_of(seed)).backward()


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (16, 64)])
def test_the_polynomial_acts_on_the_singular_values_alone(shape):
    x = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    s = s / s.norm(dim=1, keepdim=True)  # (n, rows)
    for _ in range(ROUNDS):
        s = A * s + B * s**3 + C * s**5
    torch.testing.assert_close(orthogonalized(x), u @ torch.diag_embed(s) @ vh, rtol=1e-9, atol=1e-9)


def test_singular_values_come_near_one():
    x = torch.randn(1, 32, 128, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalized(x))
    assert values.min() > 0.6 and values.max() < 1.3


def test_matrices_move_as_with_torch_optim_muon(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)  # theirs, without its rounding
    ours, theirs = small_gpt().double(), small_gpt().double()
    mine = Muon(ours, lr=0.02, weight_decay=0.1)
    matrices = [p for name, p in theirs.named_parameters() if p.dim() == 2 and "embedding" not in name]
    other = torch.optim.Muon(matrices, lr=0.02, weight_decay=0.1)
    moved = {name for name, p in theirs.named_parameters() if any(p is matrix for matrix in matrices)}
    assert len(moved) == 8
    for seed in range(3):
        gradients(ours, seed)
        gradients(theirs, seed)
        mine.step()
        other.step()
        with torch.no_grad():
            for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
                if name in moved:
                    torch.testing.assert_close(p, q, rtol=1e-9, atol=1e-9)
                else:
                    q.copy_(p)  # moved by AdamW


def test_everything_else_moves_as_with_torch_optim_adamw():
    ours, theirs = small_gpt().double(), small_gpt().double()
    mine = Muon(ours, adamw_lr=1e-2, betas=(0.9, 0.95))
    layers = {id(p) for p in theirs.blocks.layers.parameters() if p.dim() == 2}
    rest = [p for p in theirs.parameters() if id(p) not in layers]
    other = torch.optim.AdamW(rest, lr=1e-2, betas=(0.9, 0.95), weight_decay=0.0)
    for seed in range(3):
        gradients(ours, seed)
        gradients(theirs, seed)
        mine.step()
        other.step()
        with torch.no_grad():
            for p, q in zip(ours.blocks.layers.parameters(), theirs.blocks.layers.parameters(), strict=True):
                if p.dim() == 2:
                    q.copy_(p)  # moved by Muon
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-12)


def test_a_training_can_be_resumed(tmp_path):
    def batches():
        return map(ids_of, itertools.count())

    whole, halves = small_gpt(), small_gpt()
    options = {"steps": 12, "make_optimizer": Muon, "progress": False}
    expected = fit(whole, batches(), language_model_loss, **options)
    path = tmp_path / "half.safetensors"
    fit(halves, batches(), language_model_loss, checkpoint=path, stop_after=6, **options)
    again = small_gpt()
    history = fit(again, batches(), language_model_loss, checkpoint=path, resume=True, **options)
    assert history.losses == expected.losses
    for p, q in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(p, q)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="no Transformer layers"):
        Muon(nn.Linear(3, 3))
    with pytest.raises(ValueError, match="lr = -1"):
        Muon(small_gpt(), lr=-1)
    with pytest.raises(ValueError, match="closure"):
        Muon(small_gpt()).step(lambda: 0.0)
