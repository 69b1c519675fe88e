"""Checkpoints: everything comes back, nothing is pickled, and what does not fit is named."""

import itertools
import json

import pytest
import torch
from safetensors import safe_open
from torch import nn

from course_lib.checkpoint import (
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
    stored_facts,
    stored_tensors,
)
from course_lib.device import random_state, set_random_state
from course_lib.models.transformer import GPT, language_model_loss
from course_lib.optimizers import Muon
from course_lib.training import fit
from small_training import batches, small_model, squared_error, weights


def train(model, optimizer, steps, seed=0):
    for batch in itertools.islice(batches(seed), steps):
        optimizer.zero_grad()
        squared_error(model, batch).backward()
        optimizer.step()


def two_groups(model, **options):
    return [{"params": model[0].parameters(), "lr": 0.1, **options}, {"params": model[3].parameters()}]


OPTIMIZERS = {
    "AdamW": lambda model: torch.optim.AdamW(
        two_groups(model, betas=(0.5, 0.7)), lr=0.02, weight_decay=0.3, amsgrad=True
    ),
    "fused AdamW": lambda model: torch.optim.AdamW(model.parameters(), lr=0.02, fused=True),
    "SGD": lambda model: torch.optim.SGD(two_groups(model, momentum=0.8, nesterov=True), lr=0.02),
    "rate in a tensor": lambda model: torch.optim.Adam(
        model.parameters(), lr=torch.tensor(0.02), foreach=False
    ),
    "with names": lambda model: torch.optim.AdamW(model.named_parameters(), lr=0.02),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimiser_comes_back_with_its_moments_and_the_options_of_its_groups(name, tmp_path):
    path, model = tmp_path / "run.safetensors", small_model()
    optimizer = OPTIMIZERS[name](model)
    train(model, optimizer, 3)
    for number, group in enumerate(optimizer.param_groups):  # as a schedule does it
        if not isinstance(group["lr"], torch.Tensor):
            group["lr"] *= 0.5 + number
    save_checkpoint(path, model, optimizer)
    other = small_model(5)
    kind = type(optimizer)
    fresh = kind(two_groups(other) if len(optimizer.param_groups) == 2 else other.parameters(), lr=7.0)
    if name == "with names":
        fresh = kind(other.named_parameters(), lr=7.0)
    load_checkpoint(path, other, fresh)
    expected, found = optimizer.state_dict(), fresh.state_dict()
    assert found["param_groups"] == expected["param_groups"]
    assert [list(map(type, group.values())) for group in found["param_groups"]] == [
        list(map(type, {key: expected_group[key] for key in group}.values()))
        for group, expected_group in zip(found["param_groups"], expected["param_groups"], strict=True)
    ]
    for number, state in expected["state"].items():
        torch.testing.assert_close(found["state"][number], state, rtol=0, atol=0)
    train(model, optimizer, 3, seed=1)
    train(other, fresh, 3, seed=1)
    assert torch.equal(weights(model), weights(other))


def test_muon_comes_back_too(tmp_path):
    def gpt(seed):
        torch.manual_seed(seed)
        return GPT(11, max_len=8, d_model=16, n_heads=2, num_layers=1)

    path, model = tmp_path / "run.safetensors", gpt(0)
    optimizer = Muon(model, lr=0.03, momentum=0.8, betas=(0.7, 0.9))

    def step(model, optimizer, seed):
        optimizer.zero_grad()
        language_model_loss(
            model, torch.randint(11, (4, 9), generator=torch.Generator().manual_seed(seed))
        ).backward()
        optimizer.step()

    step(model, optimizer, 0)
    save_checkpoint(path, model, optimizer)
    other = gpt(1)
    fresh = Muon(other)
    load_checkpoint(path, other, fresh)
    assert fresh.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    assert fresh.param_groups[0]["momentum"] == 0.8 and fresh.param_groups[1]["betas"] == (0.7, 0.9)
    step(model, optimizer, 1)
    step(other, fresh, 1)
    assert torch.equal(weights(model), weights(other))


def test_the_file_is_json_and_tensors(tmp_path):
    path, model = tmp_path / "run.safetensors", small_model()
    optimizer = OPTIMIZERS["AdamW"](model)
    train(model, optimizer, 1)
    save_checkpoint(path, model, optimizer, tensors={"more.x": torch.arange(3)}, step=3, note="größe")
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["optimizer"])
    assert header["class"] == "AdamW" and header["param_groups"][0]["betas"] == {"tuple": [0.5, 0.7]}
    assert stored_facts(path) == {"step": 3, "note": "größe"} == load_checkpoint(path, small_model(2))
    assert stored_tensors(path, "more.")["x"].tolist() == [0, 1, 2] and stored_tensors(path, "less.") == {}


def test_what_was_loaded_does_not_hang_on_the_file(tmp_path):
    path, model = tmp_path / "run.safetensors", small_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    train(model, optimizer, 2)
    save_checkpoint(path, model, optimizer, tensors={"more.x": torch.ones(1000)})
    other = small_model(1)
    fresh = torch.optim.AdamW(other.parameters())
    load_checkpoint(path, other, fresh)
    more = stored_tensors(path, "more.")["x"]
    with path.open("r+b") as file:  # the same file, other bytes
        file.write(b"\x7f" * path.stat().st_size)
    for number, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            torch.testing.assert_close(fresh.state_dict()["state"][number][name], value, rtol=0, atol=0)
    assert torch.equal(weights(other), weights(model)) and torch.equal(more, torch.ones(1000))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_random_numbers_go_on_from_where_they_were(any_device, seed, tmp_path):
    path, model = tmp_path / "run.safetensors", nn.Linear(2, 2).to(any_device)
    torch.manual_seed(seed)
    save_checkpoint(path, model)
    before = random_state(any_device)
    expected = torch.rand(5), torch.rand(5, device=any_device)
    torch.manual_seed(99)
    load_checkpoint(path, model)
    found = torch.rand(5), torch.rand(5, device=any_device)
    set_random_state(before, any_device)
    again = torch.rand(5), torch.rand(5, device=any_device)
    for one, two, three in zip(expected, found, again, strict=True):
        assert torch.equal(one, two) and torch.equal(one, three)


def test_errors_say_what_to_do(tmp_path):
    model, path = small_model(), tmp_path / "a.safetensors"
    for read in (
        lambda: load_checkpoint(path, model),
        lambda: stored_facts(path),
        lambda: stored_tensors(path, ""),
    ):
        with pytest.raises(CheckpointError, match="no checkpoint at"):
            read()
    save_checkpoint(path, model, step=3)
    assert load_checkpoint(path, small_model(5)) == {"step": 3}
    with pytest.raises(CheckpointError, match="another model"):
        load_checkpoint(path, nn.Linear(2, 2))
    with pytest.raises(CheckpointError, match="written without an optimiser"):
        load_checkpoint(path, model, torch.optim.SGD(model.parameters()))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="damaged.*train again"):
        load_checkpoint(path, model)


def test_another_optimiser_is_named(tmp_path):
    model, path = small_model(), tmp_path / "a.safetensors"
    optimizer = torch.optim.AdamW(model.parameters())
    train(model, optimizer, 1)
    save_checkpoint(path, model, optimizer)
    with pytest.raises(CheckpointError, match="written with AdamW, not with SGD"):
        load_checkpoint(path, model, torch.optim.SGD(model.parameters()))
    with pytest.raises(CheckpointError, match="belongs to another optimiser: .*parameter groups"):
        load_checkpoint(path, model, torch.optim.AdamW(two_groups(model)))
    optimizer.param_groups[0]["watch"] = print
    with pytest.raises(CheckpointError, match="option watch is a builtin_function_or_method"):
        save_checkpoint(path, model, optimizer)
    assert stored_facts(path) == {}


def test_full_disk_keeps_the_old_checkpoint_and_training_goes_on(small_disk):
    path = small_disk / "run.safetensors"
    small, large = nn.Linear(2, 2), nn.Linear(300, 300)
    save_checkpoint(path, small, step=1)
    with pytest.raises(CheckpointError, match="could not be written.*free some space"):
        save_checkpoint(path, large)
    assert [file.name for file in small_disk.iterdir()] == ["run.safetensors"]
    assert load_checkpoint(path, small) == {"step": 1}
    data = [torch.randn(4, 300)]
    with pytest.warns(UserWarning, match="Training goes on"):
        history = fit(
            large, data, lambda m, b: m(b).square().mean(), steps=4, checkpoint=path, progress=False
        )
    assert history.steps == 4
