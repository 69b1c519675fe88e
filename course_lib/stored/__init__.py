"""Models that were trained once and are kept in the repository: weights in half precision, each beside a card.

A card says what the weights are worth: data, configuration, seed, seconds and score, and how its losses went. Which
command made them, it says too. Measurements that take too long for a lesson are cards without weights.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

FOLDER = Path(__file__).parent
MAX_BYTES = 8_000_000  # of one file of weights
CARD_KEYS = ("command", "configuration", "data", "parameters", "seconds", "seed", "steps")
MEASUREMENT_KEYS = ("command", "configuration", "data", "scores", "seconds")


class StoredError(RuntimeError):
    """A stored model that is not there, is damaged, or belongs to another architecture; the message says what to do."""


def names() -> list[str]:
    """The models that are stored."""
    return sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def card(name: str) -> dict:
    """The card of a stored model. Raises StoredError for a name that there is not."""
    _check(name)
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def load_stored(name: str, model: nn.Module) -> dict:
    """Put the stored weights into `model` (on its own device, in its own precision); return their card.

    Raises:
        StoredError: no such model, a damaged file, or a model of another architecture.
    """
    facts = card(name)
    try:
        weights = load_file(FOLDER / f"{name}.safetensors")
    except (OSError, SafetensorError) as error:
        raise StoredError(
            f"The weights of {name!r} are damaged ({error}); check the repository out again."
        ) from None
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise StoredError(
            f"The stored weights of {name!r} do not fit this model: {error} "
            f"Its card says {facts['configuration']}; train it anew with: {facts['command']}"
        ) from None
    return facts


def store(name: str, model: nn.Module, facts: dict) -> None:
    """Write weights (half precision) and card, so that `load_stored(name, …)` finds them.

    Args:
        facts: the card: anything JSON can hold, at least the keys of CARD_KEYS.

    Raises:
        ValueError: a key of the card is missing, or the weights are larger than MAX_BYTES.
        StoredError: they could not be written.
    """
    _check_card(name, facts, CARD_KEYS)
    weights = {
        key: (value.half() if value.is_floating_point() else value).detach().cpu().contiguous()
        for key, value in model.state_dict().items()
    }
    size = sum(value.numel() * value.element_size() for value in weights.values())
    if size > MAX_BYTES:
        raise ValueError(f"The weights of {name!r} are {size:,} bytes; at most {MAX_BYTES:,} are stored.")
    # Both are written aside first: a full disk leaves what stood there before.
    parts = FOLDER / f"{name}.weights.part", FOLDER / f"{name}.card.part"
    try:
        save_file(weights, parts[0])
        parts[1].write_text(_text(facts), encoding="utf-8")
        parts[0].replace(FOLDER / f"{name}.safetensors")
        parts[1].replace(FOLDER / f"{name}.json")
    except (OSError, SafetensorError) as error:
        raise StoredError(f"{name!r} could not be stored ({error}); what stood there is untouched.") from None
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def measurement(name: str) -> dict:
    """The card of a stored measurement. Raises StoredError for a name that there is not."""
    found = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem not in names())
    if name not in found:
        raise StoredError(
            f"There is no stored measurement {name!r}; there is: {', '.join(found) or 'none yet'}."
        )
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def store_measurement(name: str, facts: dict) -> None:
    """Write what was measured, so that `measurement(name)` finds it.

    Args:
        facts: anything JSON can hold, at least the keys of MEASUREMENT_KEYS.

    Raises:
        ValueError: a key is missing, or a stored model has this name.
        StoredError: it could not be written.
    """
    _check_card(name, facts, MEASUREMENT_KEYS)
    if name in names():
        raise ValueError(f"{name!r} is a stored model; give the measurement another name.")
    part = FOLDER / f"{name}.card.part"
    try:
        part.write_text(_text(facts), encoding="utf-8")
        part.replace(FOLDER / f"{name}.json")
    except OSError as error:
        raise StoredError(f"{name!r} could not be stored ({error}); what stood there is untouched.") from None
    finally:
        part.unlink(missing_ok=True)


def round_trip_half(model: nn.Module) -> nn.Module:
    """Round the weights to half precision in place, as storing them does: what is measured then is what is stored."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half())
    return model


def _check_card(name: str, facts: dict, keys: tuple[str, ...]) -> None:
    if missing := [key for key in keys if key not in facts]:
        raise ValueError(f"The card of {name!r} does not say: {', '.join(missing)}.")


def _text(facts: dict) -> str:
    return json.dumps(facts, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _check(name: str) -> None:
    if name not in names():
        raise StoredError(f"There is no stored model {name!r}; there is: {', '.join(names()) or 'none yet'}.")
