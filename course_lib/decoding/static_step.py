"""The decoding step in tensors of one shape, for rows of unequal lengths, and for a CUDA graph to repeat."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from course_lib.decoding.page import Page
from course_lib.decoding.sampling import Chooser
from course_lib.models.attention import KeyValueCache, StaticCache
from course_lib.models.transformer import GPT, DecoderOnly, Llama

WARM_UP_STEPS = 2  # libraries load and tables are built in the first step; the second one finds all there


class StaticStep:
    """Read each row's newest symbol, and write the next one.

    Every call does the same with the same tensors: what differs (which column, which random number) is in the tensors,
    and nothing is asked of the device. Rows may be of different lengths; a key's column is its symbol's.

    Args:
        model: a GPT or Llama in eval mode.
        filled: its caches, which hold the prompts and have room for the rest.
        page: the text, which has one symbol more than the caches.
        choose: how the next symbols are chosen.
    """

    def __init__(self, model: DecoderOnly, filled: Sequence[KeyValueCache], page: Page, choose: Chooser):
        self.model, self.page, self.choose = model, page, choose
        self._newest = page.length - 1  # (batch,): the column that is read
        self._caches = [StaticCache(cache, self._newest) for cache in filled]
        self._columns = torch.arange(filled[0].max_len, device=page.ids.device)

    def __call__(self) -> None:
        newest = self._newest[:, None]  # (batch, 1)
        logits = self.model(
            self.page.newest(),
            self._caches,
            mask=self._columns <= newest,  # (batch, max_len)
            positions=newest,
            last_only=True,
        )
        self.page.write(self.choose(logits[:, -1]))
        self._newest += 1


def can_capture(model: nn.Module) -> bool:
    """Whether the model's steps can be recorded: on a CUDA device, and nobody wants to be called at each of them."""
    on_cuda = next(model.parameters()).device.type == "cuda"
    return on_cuda and not torch.is_autocast_enabled("cuda") and runs_unobserved(model)


def runs_unobserved(model: nn.Module) -> bool:
    """True for a GPT or Llama of the library, if nobody looks into its steps: no hooks, no `record_attention`."""
    return type(model) in (GPT, Llama) and not any(
        part._forward_hooks or part._forward_pre_hooks or getattr(part, "is_recording", False)
        for part in model.modules()
    )


class Captured:
    """A step that is recorded once and then replayed by the GPU alone, without a launch from Python for each kernel.

    The first calls are ordinary ones on a stream of their own, as capturing demands; then the step's kernels are
    recorded, which executes nothing, and every further call replays them on the same memory. The step must neither
    wait for the device nor take numbers from the CPU; see `StaticStep`.

    Args:
        step: does all its work on one CUDA device.

    Source: the documentation of `torch.cuda.graph`.
    """

    def __init__(self, step: Callable[[], None]):
        self._step, self._calls = step, 0
        self._stream, self._graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()

    def __call__(self) -> None:
        self._calls += 1
        if self._calls <= WARM_UP_STEPS:
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                self._step()
            torch.cuda.current_stream().wait_stream(self._stream)
            return
        if self._calls == WARM_UP_STEPS + 1:
            # thread_local: what another thread asks of CUDA meanwhile (pinning memory, say) does not disturb it.
            with torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"):
                self._step()
        self._graph.replay()
