"""Lesson 08: a GPT that writes with a key/value cache and sampling of the learner's own."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.models.transformer import GPT
from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Property
from course_lib.practice.lessons.lesson08_sampling import NEXT_PROBABILITIES
from course_lib.practice.lessons.lesson08_writer import writer
from course_lib.practice.lessons.lesson08_writing_mistakes import MISTAKES

MANY = 1000  # rows from which frequencies are judged, not single symbols


def _count(module: nn.Module, inputs: tuple, output: Tensor) -> None:
    """A forward hook: how many tokens of each row a module has read so far, and in how many passes."""
    tokens = output[..., 0]  # (rows, time), or (rows,)
    module.n_read += tokens.numel() / module.n_rows
    module.n_passes += len(tokens) / module.n_rows if tokens.dim() == 2 else 1


def _mark(module: nn.Module, inputs: tuple) -> None:
    module.n_called += 1


def _model(vocab_size: int, d_model: int, n_heads: int, num_layers: int, n_rows: int) -> GPT:
    """A small GPT with large random weights, which counts the tokens that its layers read."""
    model = GPT(vocab_size, max_len=20, d_model=d_model, n_heads=n_heads, num_layers=num_layers)
    generator = seeded(vocab_size + d_model + n_heads + num_layers)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            size = (
                0.3
                if parameter.dim() == 1
                else 0.9
                if "embedding" in name
                else 1.2 * parameter.shape[1] ** -0.5
            )
            start = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            parameter.copy_(start + size * torch.randn(parameter.shape, generator=generator))
    for layer in model.blocks.layers:
        for module in (layer.norm1, layer.linear1):
            module.n_read, module.n_passes, module.n_rows = 0, 0, n_rows
            module.register_forward_hook(_count)
    model.n_called = 0
    model.register_forward_pre_hook(_mark)
    return model


def _cases() -> list[tuple]:
    generator = seeded(8)

    def case(sizes: tuple, batch: int, time: int, n_new: int, *knobs: Any) -> tuple:
        prompt = torch.randint(sizes[0], (batch, time), generator=generator)
        return _model(*sizes, n_rows=batch), prompt, n_new, *knobs

    def same_prompt(sizes: tuple, time: int, n_new: int, *knobs: Any) -> tuple:
        prompt = torch.randint(sizes[0], (1, time), generator=generator).expand(MANY, -1).clone()
        return _model(*sizes, n_rows=MANY), prompt, n_new, *knobs

    greedy = (0.0, None, None)
    return [
        case((7, 8, 1, 1), 2, 3, 0, *greedy),
        case((11, 8, 2, 2), 6, 1, 1, *greedy),
        case((9, 12, 3, 2), 6, 4, 1, *greedy),
        case((11, 8, 2, 1), 6, 1, 9, *greedy),
        case((13, 12, 3, 3), 8, 5, 11, *greedy),
        same_prompt((6, 8, 2, 2), 3, 1, 1.0, None, None),
        same_prompt((6, 8, 2, 2), 2, 1, 2.5, None, None),
        same_prompt((6, 8, 2, 2), 2, 1, 2.5, 3, None),
        same_prompt((6, 8, 2, 2), 2, 1, 4.0, None, 0.7),
        same_prompt((6, 8, 2, 2), 2, 1, 2.5, 4, 0.8),
        same_prompt((5, 8, 2, 2), 3, 3, 1.0, None, None),
    ]


@torch.no_grad()
def _probability(model: GPT, ids: Tensor, n_new: int, knobs: tuple) -> Tensor:
    """The probability of each row's newest symbol, given those before it, (rows, vocab_size)."""
    logits = model(ids[:, : ids.shape[1] - 1])[:, -1]
    return NEXT_PROBABILITIES.reference(logits, *knobs)


def _outcome(ids: Any, model: GPT, prompt: Tensor, n_new: int, *knobs: Any) -> dict[str, Any]:
    """What is judged: the symbols, or of many rows whether they are as frequent as they should be."""
    layers = model.blocks.layers
    counted = [module for layer in layers for module in (layer.norm1, layer.linear1)]
    called = model.n_called > 0  # then it does not matter what else was read
    n_read = 0 if called else round(max(module.n_read for module in counted))
    n_passes = 0 if called else round(max(module.n_passes for module in counted))
    seen = {"ids": ids, "read": n_read, "passes": n_passes, "called": called}
    fits = isinstance(ids, Tensor) and ids.shape == (len(prompt), prompt.shape[1] + n_new)
    if len(prompt) < MANY or not fits or ids.is_floating_point():
        return seen
    probabilities = _probability(model, ids, n_new, knobs)  # (rows, vocab_size)
    newest = torch.nn.functional.one_hot(ids[:, -1], model.vocab_size).float()
    impossible = bool((probabilities.gather(1, ids[:, -1:]) == 0).any())
    # Half the sum of differences; with as many rows as here, chance alone keeps it below 0.06.
    off = (newest.mean(dim=0) - probabilities.mean(dim=0)).abs().sum().item() / 2
    alike = bool((ids[1:] == ids[:1]).all() and probabilities.max() < 0.99)  # else chance could do it
    return {**seen, "ids": ids[:, :-1] if n_new == 1 else ids[:1, : prompt.shape[1]], "impossible": impossible,
            "off": off > 0.07, "alike": alike}  # fmt: skip


def _some(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _about(question: str, case: int, judge) -> Property:
    """judge(what the answer left, what the reference left, *arguments) → None or a sentence."""

    def test(attempt: Attempt) -> str | None:
        arguments = attempt.cases()[case]
        return judge(attempt(*arguments), attempt.expected(*arguments), *arguments)

    return Property(question, test)


def _shape(seen: dict, expected: dict, model: GPT, prompt: Tensor, n_new: int, *_: Any) -> str | None:
    ids, (batch, time) = seen["ids"], prompt.shape
    if ids.shape == (batch, time + n_new) and not ids.is_floating_point():
        return None
    return (
        f"With a prompt of shape {tuple(prompt.shape)} and n_new = {n_new} you return shape {tuple(ids.shape)} of "
        f"type {ids.dtype}; expected whole numbers of shape {(batch, time + n_new)}, the prompt included."
    )


def _greedy(seen: dict, expected: dict, model: GPT, prompt: Tensor, n_new: int, *knobs: Any) -> str | None:
    wrong = _shape(seen, expected, model, prompt, n_new)
    if wrong:
        return wrong
    different = (seen["ids"] != expected["ids"]).nonzero()
    if not len(different):
        return None
    row, place = min(different.tolist(), key=lambda where: where[1])
    number, time = place - prompt.shape[1] + 1, prompt.shape[1]
    if number < 1:
        return f"In row {row} the prompt itself has changed."
    return (
        f"After a prompt of {_some(time, 'token')}, in a model of {_some(len(model.blocks.layers), 'layer')}, "
        f"row {row} goes wrong at new token number {number}: you have {int(seen['ids'][row, place])}, expected "
        f"{int(expected['ids'][row, place])}."
    )


def _reads(seen: dict, expected: dict, model: GPT, prompt: Tensor, n_new: int, *_: Any) -> str | None:
    time = prompt.shape[1]
    if seen["called"]:
        return (
            "You called model(…), the library's own forward pass. Write the pass through the layers yourself."
        )
    if seen["read"] <= time + n_new:
        return None
    return (
        f"For a prompt of {time} tokens and {n_new} new ones, your layers read {seen['read']} tokens a row. With a "
        f"cache {time + n_new - 1} are enough."
    )


def _passes(seen: dict, expected: dict, model: GPT, prompt: Tensor, n_new: int, *_: Any) -> str | None:
    if seen["passes"] <= n_new + 1:
        return None
    return (
        f"For a prompt of {prompt.shape[1]} tokens and {n_new} new ones, your layers ran {seen['passes']} times; "
        f"{n_new} times are enough."
    )


def _samples(seen: dict, expected: dict, model: GPT, prompt: Tensor, n_new: int, *knobs: Any) -> str | None:
    if "off" not in seen:
        return _shape(seen, expected, model, prompt, n_new)
    how = (
        f"With temperature {knobs[0]:g}, top_k {knobs[1]} and top_p {knobs[2]}, {len(prompt):,} equal prompts"
    )
    if seen["alike"]:
        return f"{how} all go on alike: each row draws a symbol of its own."
    if seen["impossible"]:
        return f"{how} go on with symbols that top_k and top_p have cut off."
    if seen["off"]:
        return f"{how} go on with symbols whose frequencies are not their probabilities."
    return None


WRITE = Exercise(
    id="08.write",
    title="A GPT that writes",
    points=4,
    reference=writer(),
    cases=_cases,
    outcome=_outcome,
    properties=[
        _about("With n_new = 0, is the result the prompt?", 0, _shape),
        _about("After a prompt of one token, is the likeliest token written?", 1, _greedy),
        _about("After a prompt of four tokens, is the likeliest token written?", 2, _greedy),
        _about("With one layer, are nine tokens the same as without a cache?", 3, _greedy),
        _about("With three layers and heads, are eleven tokens the same as without a cache?", 4, _greedy),
        _about("Does every token pass through the layers only once, in your own code?", 4, _reads),
        _about("Is the prompt read in one pass?", 4, _passes),
        _about("Is the newest token drawn with its probability?", 5, _samples),
        _about("Does the temperature shape the draw?", 6, _samples),
        _about("Does top_k cut off the draw?", 7, _samples),
        _about("Does top_p cut off the draw?", 8, _samples),
        _about("Do temperature, top_k and top_p together shape the draw?", 9, _samples),
        _about("Is the third token drawn with its probability, too?", 10, _samples),
    ],
    hints=[
        "What does the newest token need of the earlier ones, in each layer? Where is the newest token in the text?",
        "Per layer, keep keys and values. In every round read only what is new: the whole prompt first, then one "
        "token. Position t belongs to the t-th token of the whole text, and a query may attend to all keys up to its "
        "own.",
        "Start with `caches = [None] * len(layers)` and `new = prompt`. In a round, the new tokens get the positions "
        "from `start` on; per layer, `torch.cat([old_keys, keys], dim=2)`, the same for values, then attention. The "
        "mask (new tokens, all tokens) is True where key position ≤ query position.",
    ],
    mistakes=MISTAKES,
    time_limit=20.0,
)
