"""Training state on disk, as safetensors: weights, optimiser, random numbers, history. No pickle."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from course_lib.device import random_state, set_random_state
from course_lib.whole_file import whole_file

FORMAT = "course-checkpoint-1"


class CheckpointError(RuntimeError):
    """A checkpoint that could not be written or read; the message says what to do."""


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    *,
    tensors: Mapping[str, Tensor] | None = None,
    **facts,
) -> None:
    """Write model, optimiser and random-number state to `path`, whole or not at all.

    Args:
        path: the file; its folder is made where it is missing.
        model: its state dict is stored under "model.".
        optimizer: its tensors are stored under "optimizer.", by parameter number; the options of its parameter groups
            (rate, betas, …) in the file's header.
        tensors: more of them, stored under their own names; `stored_tensors` gives them back.
        facts: anything JSON can hold (step, history, …), stored in the file's header.

    Raises:
        CheckpointError: the file could not be written. A file that stood there before is untouched.
    """
    path = Path(path)
    found = {**{f"model.{name}": value for name, value in model.state_dict().items()}, **(tensors or {})}
    metadata = {"format": FORMAT}
    if optimizer is not None:
        state = optimizer.state_dict()
        for number, moments in state["state"].items():
            found |= {f"optimizer.{number}.{name}": torch.as_tensor(x) for name, x in moments.items()}
        groups = [
            _plain(group, f"group.{number}.", found) for number, group in enumerate(state["param_groups"])
        ]
        metadata["optimizer"] = json.dumps({"class": type(optimizer).__name__, "param_groups": groups})
    metadata["facts"] = json.dumps(facts)
    found |= {f"random.{kind}": value for kind, value in random_state(_device(model)).items()}
    found = {name: value.detach().cpu().contiguous().clone() for name, value in found.items()}
    try:
        with whole_file(path) as new:
            save_file(found, new, metadata=metadata)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"The checkpoint {path} could not be written ({error}); free some space or choose another folder. "
            "What stood there before is untouched."
        ) from None


def load_checkpoint(
    path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer | None = None
) -> dict:
    """Put the state stored in `path` into model, optimiser and torch's random numbers; return the facts.

    The options of the optimiser's parameter groups become the stored ones, as with its `load_state_dict`.

    Raises:
        CheckpointError: no such file, a file cut short, or one that belongs to another model or optimiser.
    """
    with _opened(path) as file:
        metadata, names = file.metadata(), list(file.keys())
        weights = _under(file, "model.")
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            raise CheckpointError(f"The checkpoint {path} belongs to another model: {error}") from None
        if optimizer is not None:
            if "optimizer" not in metadata and not any(name.startswith("optimizer.") for name in names):
                raise CheckpointError(
                    f"The checkpoint {path} was written without an optimiser; load it without one as well."
                )
            _load_optimizer(optimizer, file, path)
        set_random_state(_under(file, "random."), _device(model))
    return json.loads(metadata["facts"])


def stored_facts(path: str | Path) -> dict:
    """The facts stored in `path`. Raises CheckpointError: no such file, or a damaged one."""
    with _opened(path) as file:
        return json.loads(file.metadata()["facts"])


def stored_tensors(path: str | Path, prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, by what comes after it; none is no error.

    Raises:
        CheckpointError: no such file, or a damaged one.
    """
    with _opened(path) as file:
        return _under(file, prefix)


@contextmanager
def _opened(path: str | Path) -> Iterator[safe_open]:
    if not Path(path).is_file():
        raise CheckpointError(f"There is no checkpoint at {path}; train first, or check the path.")
    try:
        with safe_open(path, framework="pt") as file:
            found = (file.metadata() or {}).get("format")
            if found != FORMAT:
                raise CheckpointError(f"{path} is no checkpoint of this course; its format is {found!r}.")
            yield file
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"The checkpoint {path} is damaged ({error}); delete it and train again."
        ) from None


def _under(file: safe_open, prefix: str) -> dict[str, Tensor]:
    # Clones: what the file gives is a window into it, and the file may be replaced while training goes on.
    names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (not a dict)
    return {name.removeprefix(prefix): file.get_tensor(name).clone() for name in names}


def _device(model: nn.Module) -> torch.device:
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


def _plain(group: dict, prefix: str, tensors: dict[str, Tensor]) -> dict:
    """A parameter group as JSON can hold it: tuples are marked, tensors go to `tensors`."""
    plain = {}
    for name, value in group.items():
        if isinstance(value, Tensor):
            tensors[prefix + name] = value
            continue
        plain[name] = {"tuple": list(value)} if isinstance(value, tuple) else value
        try:
            json.dumps(plain[name])
        except TypeError:
            raise CheckpointError(
                f"The optimiser's option {name} is a {type(value).__name__}, which a checkpoint cannot hold; expected "
                "numbers, text, truth values, tensors, and lists or tuples of them."
            ) from None
    return plain


def _from_plain(plain: dict, tensors: dict[str, Tensor]) -> dict:
    return {
        name: tuple(value["tuple"]) if isinstance(value, dict) and set(value) == {"tuple"} else value
        for name, value in plain.items()
    } | tensors


def _load_optimizer(optimizer: torch.optim.Optimizer, file: safe_open, path: str | Path) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(file, "optimizer.").items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = value
    groups, kind = optimizer.state_dict()["param_groups"], type(optimizer).__name__
    if "optimizer" in file.metadata():
        stored = json.loads(file.metadata()["optimizer"])
        groups = [
            _from_plain(plain, _under(file, f"group.{number}."))
            for number, plain in enumerate(stored["param_groups"])
        ]
        if stored["class"] != kind:
            raise CheckpointError(
                f"The checkpoint {path} was written with {stored['class']}, not with {kind}; use the same optimiser, "
                "or delete the file and train again."
            )
    try:
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    except ValueError as error:
        raise CheckpointError(f"The checkpoint {path} belongs to another optimiser: {error}") from None
