"""Training state on disk, as safetensors: weights, optimiser moments, random numbers, history. No pickle."""

import json
import os
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

FORMAT = "course-checkpoint-1"


class CheckpointError(RuntimeError):
    """A checkpoint that could not be written or read; the message says what to do."""


def save_checkpoint(
    path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer | None = None, **facts
) -> None:
    """Write model, optimiser and random-number state to `path`, whole or not at all.

    Args:
        path: the file; its folder is made where it is missing.
        model: its state dict is stored under "model.".
        optimizer: its tensors are stored under "optimizer.", by parameter number.
        facts: anything JSON can hold (step, history, …), stored in the file's header.

    Raises:
        CheckpointError: the file could not be written. A file that stood there before is untouched.
    """
    path = Path(path)
    tensors = {f"model.{name}": value.detach().cpu().clone() for name, value in model.state_dict().items()}
    if optimizer is not None:
        for number, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                tensors[f"optimizer.{number}.{name}"] = torch.as_tensor(value).detach().cpu().clone()
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        os.close(descriptor)
        save_file(tensors, temporary, metadata={"format": FORMAT, "facts": json.dumps(facts)})
        os.replace(temporary, path)
        temporary = None
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"The checkpoint {path} could not be written ({error}); free some space or choose another folder. "
            "What stood there before is untouched."
        ) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def load_checkpoint(
    path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer | None = None
) -> dict:
    """Put the state stored in `path` into model, optimiser and torch's random numbers; return the facts.

    Raises:
        CheckpointError: no such file, a file cut short, or one that belongs to another model.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint at {path}; train first, or check the path.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"The checkpoint {path} is damaged ({error}); delete it and train again."
        ) from None
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is no checkpoint of this course; its format is {metadata.get('format')!r}."
        )
    facts = json.loads(metadata["facts"])
    try:
        model.load_state_dict(_under(tensors, "model."))
    except RuntimeError as error:
        raise CheckpointError(f"The checkpoint {path} belongs to another model: {error}") from None
    if optimizer is not None:
        _load_optimizer(optimizer, _under(tensors, "optimizer."))
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return facts


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
