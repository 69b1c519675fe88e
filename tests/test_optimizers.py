"""Muon: its polynomial, torch.optim's Muon and AdamW, and a training that can be resumed."""

import copy
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


@pytest.mark.parametrize("momentum", [0.95, 0.4])
def test_matrices_move_as_with_torch_optim_muon(momentum, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)  # theirs, without its rounding
    ours, theirs = small_gpt().double(), small_gpt().double()
    mine = Muon(ours, lr=0.02, momentum=momentum, weight_decay=0.1)
    matrices = [p for name, p in theirs.named_parameters() if p.dim() == 2 and "embedding" not in name]
    other = torch.optim.Muon(matrices, lr=0.02, momentum=momentum, weight_decay=0.1)
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


def run(model, optimizer, seeds):
    for seed in seeds:
        gradients(model, seed)
        optimizer.step()


def trained(n, **options):
    model = small_gpt()
    optimizer = Muon(model, **options)
    run(model, optimizer, range(n))
    return model, optimizer


def assert_same_weights(one, other):
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_its_state_dict_goes_on_in_another_one(steps):
    model, optimizer = trained(
        steps, lr=0.05, momentum=0.8, weight_decay=0.3, adamw_lr=0.01, betas=(0.7, 0.8)
    )
    other = copy.deepcopy(model)
    fresh = Muon(other)
    fresh.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert fresh.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    for one, two in ((model, optimizer), (other, fresh)):
        run(one, two, range(10, 13))
    assert_same_weights(model, other)


def test_a_scheduler_of_torch_moves_the_rates_of_both_groups():
    model, optimizer = trained(0, lr=0.04, adamw_lr=0.002)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    other, by_hand = trained(0, lr=0.04, adamw_lr=0.002)
    for step in range(3):
        assert [group["lr"] for group in optimizer.param_groups] == [0.04 * 0.5**step, 0.002 * 0.5**step]
        run(model, optimizer, [step])
        scheduler.step()
        for group, peak in zip(by_hand.param_groups, (0.04, 0.002), strict=True):
            group["lr"] = peak * 0.5**step
        run(other, by_hand, [step])
    assert_same_weights(model, other)


def test_a_closure_computes_the_gradients_and_its_loss_is_returned():
    model, optimizer = trained(2)
    other, plain = trained(2)

    def closure():
        assert torch.is_grad_enabled()
        optimizer.zero_grad()
        loss = language_model_loss(model, ids_of(7))
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    assert loss.item() == language_model_loss(other, ids_of(7)).item()
    run(other, plain, [7])
    assert_same_weights(model, other)
    assert plain.step() is None


def test_a_group_added_later_is_moved_by_adamw():
    model, more = small_gpt(), nn.Linear(3, 2)
    optimizer = Muon(model, adamw_lr=0.01)
    optimizer.add_param_group({"params": more.parameters()})
    twin = copy.deepcopy(more)
    other = torch.optim.AdamW(twin.parameters(), lr=0.01, betas=(0.9, 0.99), weight_decay=0.0)
    for layer, mover in ((more, optimizer), (twin, other)):
        layer(torch.ones(4, 3)).square().mean().backward()
        mover.step()
    torch.testing.assert_close(more.weight, twin.weight)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lr", 0.05),
        ("momentum", 0.5),
        ("weight_decay", 0.7),
        ("adamw_lr", 0.02),
        ("betas", (0.5, 0.99)),
        ("betas", (0.9, 0.5)),
        ("eps", 1e-2),
    ],
)
def test_each_option_acts_on_its_own_parameters_only(name, value):
    plain, _ = trained(4)
    changed, optimizer = trained(4, **{name: value})
    matrices, others = ([p for p in group["params"]] for group in optimizer.param_groups)
    expected = dict(zip(changed.parameters(), plain.parameters(), strict=True))
    first_moved = {"lr": matrices, "momentum": matrices, "weight_decay": matrices}.get(name, others)
    _, one_step = trained(1, **{name: value})
    _, one_plain = trained(1)
    # After one step gradients have not mixed yet: what is not meant is exactly where it was.
    meant = 0 if first_moved is matrices else 1
    assert all(
        torch.equal(p, q)
        for p, q in zip(
            one_step.param_groups[1 - meant]["params"],
            one_plain.param_groups[1 - meant]["params"],
            strict=True,
        )
    )
    assert max((p - expected[p]).abs().max().item() for p in first_moved) > 1e-4


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="no Transformer layers"):
        Muon(nn.Linear(3, 3))
    with pytest.raises(ValueError, match="lr = -1"):
        Muon(small_gpt(), lr=-1)
    for options in ({"momentum": 1.0}, {"betas": (0.9, 1.5)}, {"weight_decay": -1}, {"eps": 0}):
        (name,) = options
        with pytest.raises(ValueError, match=f"{name} = "):
            Muon(small_gpt(), **options)
