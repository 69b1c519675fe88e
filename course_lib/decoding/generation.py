"""Let a language model go on writing, with the keys and values of what is written kept."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.decoding.fused_step import FusedStep
from course_lib.decoding.page import Page
from course_lib.decoding.prompts import read_prompts
from course_lib.decoding.sampling import Chooser, check_prompt
from course_lib.decoding.static_step import Captured, StaticStep, can_capture
from course_lib.models.attention import KeyValueCache
from course_lib.models.modes import evaluating
from course_lib.models.transformer import DecoderOnly

WORTH_CAPTURING = 24  # from so many steps on, recording a CUDA graph pays
WORTH_FUSING = 8  # … and on a CPU, laying the weights out for single tokens
LOOK_FOR_THE_END = 16  # a GPU is asked only every so many steps whether all rows have ended: it makes it wait


@torch.inference_mode()
def generate(
    model: DecoderOnly,
    prompt: Tensor,
    n_new: int,
    *,
    lengths: Tensor | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    eos_id: int | None = None,
    pad_id: int | None = None,
    slide: bool = False,
    use_cache: bool = True,
) -> Tensor:
    """Go on from `prompt`, one symbol at a time.

    Args:
        prompt: (batch, time) ids with at least one symbol a row.
        n_new: symbols to add at most; prompt and new ones must fit into the model's max_len, unless it may slide.
        lengths: (batch,) how many symbols of each prompt are real, where they are of unequal lengths and padded on the
            right. Each row goes on from its own end, and writes what it would write alone.
        temperature, top_k, top_p: as in `next_distribution`; temperature 0 takes the likeliest.
        generator: random numbers, on the CPU, so that every device draws the same. It moves on by n_new numbers a row.
        eos_id: the symbol that ends a text: a row that has written it goes on with padding, and when all rows have,
            writing stops.
        pad_id: what is behind the end of a row; None takes eos_id, and 0 where there is none.
        slide: past max_len, predict each symbol from the last max_len symbols before it. Every position changes then
            with every symbol, so no key and value can be kept, and it is slow.
        use_cache: False reads the whole text again for every symbol: the same result, and slow.

    Returns:
        (batch, time) ids on the CPU, the prompt included, padded on the right where rows are of unequal lengths.
        Without an end symbol, row i has lengths[i] + n_new symbols.

    Raises:
        ValueError: an empty prompt, a text longer than the model can read, an option out of its range, or logits that
            no symbol can be chosen from.
    """
    options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "generator": generator}
    ends = {"eos_id": eos_id, "pad_id": pad_id, "slide": slide}
    page, choose, steps = _start(model, prompt, n_new, lengths, options, use_cache=use_cache, **ends)
    device = page.ids.device
    with evaluating(model):
        for number, _ in enumerate(steps, start=1):
            look = eos_id is not None and (device.type == "cpu" or number % LOOK_FOR_THE_END == 0)
            if look and page.all_ended():
                break
        choose.check()
    return page.text()


@torch.inference_mode()
def stream(
    model: DecoderOnly,
    prompt: Tensor,
    n_new: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    eos_id: int | None = None,
    slide: bool = False,
) -> Iterator[int]:
    """The symbols that `generate` adds to one prompt, one by one as they are chosen; an end symbol comes last.

    Args:
        prompt: (time,) ids; the others as in `generate`.

    Raises:
        ValueError: as `generate`, when the first symbol is asked for.
    """
    if prompt.dim() != 1:
        raise ValueError(f"prompt has shape {tuple(prompt.shape)}; expected (time,): one text at a time.")
    options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "generator": generator}
    ends = {"eos_id": eos_id, "pad_id": None, "slide": slide}
    page, choose, steps = _start(model, prompt[None], n_new, None, options, use_cache=True, **ends)
    with evaluating(model):
        for _ in steps:
            choose.check()
            newest = int(page.newest())
            yield newest
            if newest == eos_id:
                return


def _start(
    model: DecoderOnly,
    prompt: Tensor,
    n_new: int,
    lengths: Tensor | None,
    options: dict,
    *,
    eos_id: int | None,
    pad_id: int | None,
    slide: bool,
    use_cache: bool,
) -> tuple[Page, Chooser, Iterator[None]]:
    """What writing needs, after all that is asked for was checked: the text, how to choose, and the steps."""
    check_prompt(prompt)
    lengths = _checked_lengths(prompt, lengths)
    longest = int(lengths.max())
    unequal = bool((lengths < longest).any())
    if n_new < 0 or (longest + n_new > model.max_len and not slide):
        raise ValueError(
            f"n_new is {n_new} after a prompt of {longest} symbols; expected at least 0, and together at most "
            f"max_len = {model.max_len}. Past it, slide=True predicts from the last {model.max_len} symbols."
        )
    pad_id = pad_id if pad_id is not None else eos_id if eos_id is not None else 0
    for name, number in (("eos_id", eos_id), ("pad_id", pad_id)):
        if number is not None and not 0 <= number < model.vocab_size:
            raise ValueError(
                f"{name} is {number}; it must be from 0 to vocab_size - 1 = {model.vocab_size - 1}."
            )
    device = next(model.parameters()).device
    choose = Chooser(n_new, len(prompt), device, **options)
    page = Page(prompt[:, :longest], lengths, n_new, eos_id=eos_id, pad_id=pad_id, device=device)
    return page, choose, _writing(model, page, choose, n_new, unequal, use_cache)


def _writing(
    model: DecoderOnly, page: Page, choose: Chooser, n_new: int, unequal: bool, use_cache: bool
) -> Iterator[None]:
    """Write one symbol into each row every time it is asked to go on, n_new times."""
    longest = page.longest
    # So many symbols have at most max_len before them: all keys and values of those can be kept.
    n_cached = max(0, min(n_new, model.max_len + 1 - longest)) if use_cache else 0
    if n_cached > 0:
        room = min(longest + n_cached, model.max_len)
        logits, caches = read_prompts(model, page.ids[:, :longest], room, page.length if unequal else None)
        page.write(choose(logits))
        yield
        step = _step(model, caches, page, choose, n_cached - 1, unequal)
        for _ in range(n_cached - 1):
            step()
            yield
    for written in range(n_cached, n_new):
        width = min(longest + written, model.max_len)
        if unequal:
            ids, real = page.window(width)
            logits = model(ids, mask=real, last_only=True)[:, -1]
        else:
            logits = model(page.ids[:, longest + written - width : longest + written], last_only=True)[:, -1]
        page.write(choose(logits))
        yield


def _step(
    model: DecoderOnly, caches: list[KeyValueCache], page: Page, choose: Chooser, n_steps: int, unequal: bool
) -> Callable[[], object]:
    """The quickest way to read the newest symbols with the caches and write the next ones, n_steps times."""
    captures = n_steps >= WORTH_CAPTURING and can_capture(model)
    if captures or unequal:
        step = StaticStep(model, caches, page, choose)
        return Captured(step) if captures else step
    if n_steps >= WORTH_FUSING and FusedStep.fits(model):
        return FusedStep(model, caches, page, choose)
    return lambda: page.write(choose(model(page.newest(), caches, last_only=True)[:, -1]))


def _checked_lengths(prompt: Tensor, lengths: Tensor | None) -> Tensor:
    """Lengths (batch,) on the CPU; without any, all rows are as long as the prompt is wide."""
    if lengths is None:
        return torch.full((len(prompt),), prompt.shape[1])
    if lengths.shape != prompt.shape[:1] or lengths.is_floating_point() or lengths.dtype == torch.bool:
        raise ValueError(
            f"lengths has shape {tuple(lengths.shape)} and type {lengths.dtype}; expected whole numbers, "
            f"({len(prompt)},), one for each row of the prompt."
        )
    lengths = lengths.cpu()
    if int(lengths.min()) < 1 or int(lengths.max()) > prompt.shape[1]:
        raise ValueError(
            f"lengths go from {int(lengths.min())} to {int(lengths.max())}; they must lie between 1 and the prompt's "
            f"width, {prompt.shape[1]}: each row needs a symbol to start from."
        )
    return lengths
