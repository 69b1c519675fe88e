"""Speculative decoding: a quick model drafts some symbols, the large one reads all of them and keeps what is right.

Reading k symbols costs a large model hardly more than reading one: while it writes, the time goes by the weights that
are fetched, and they are fetched once for all k. Its own likeliest symbol at each place says how far the draft is what
it would have written itself; from there on the draft is thrown away. The text is exactly the large model's.

Source: Leviathan, Kalman & Matias 2023, "Fast Inference from Transformers via Speculative Decoding", section 2, here
without sampling; Stern, Shazeer & Uszkoreit 2018, "Blockwise Parallel Decoding", section 3.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.decoding.fused_step import FusedReader, FusedStep
from course_lib.decoding.sampling import check_prompt
from course_lib.models.modes import evaluating
from course_lib.models.transformer import DecoderOnly


class Speculation(NamedTuple):
    """The text, (1, time) with its prompt; symbols drafted, those of them kept, and how often the large model read."""

    ids: Tensor
    drafted: int
    accepted: int
    reads: int


@torch.inference_mode()
def speculate(
    model: DecoderOnly,
    draft: DecoderOnly,
    prompt: Tensor,
    n_new: int,
    *,
    draft_len: int = 16,
    eos_id: int | None = None,
) -> Speculation:
    """What generate(model, prompt, n_new, temperature=0, eos_id=eos_id) writes, drafted by another model.

    Args:
        model, draft: with the same vocabulary. The draft may be the model itself with quantised layers.
        prompt: (1, time) ids.
        draft_len: symbols drafted at a time.

    Raises:
        ValueError: a prompt of several rows or too long, other vocabularies, or a draft_len below 1.
    """
    check_prompt(prompt)
    time = prompt.shape[1]
    room = min(time + n_new, model.max_len, draft.max_len)  # of symbols that are read: one more is written
    if len(prompt) != 1 or model.vocab_size != draft.vocab_size or not 1 <= draft_len:
        raise ValueError(
            f"prompt has {len(prompt)} rows, the vocabularies {model.vocab_size} and {draft.vocab_size} symbols, and "
            f"draft_len is {draft_len}; expected one row, one vocabulary and at least 1."
        )
    if n_new < 1 or time + n_new > room:
        raise ValueError(f"n_new is {n_new} after a prompt of {time} symbols; expected 1 to {room - time}.")
    with evaluating(model), evaluating(draft):
        drafting = _Drafting(draft, prompt, room)
        caches = model.start_caches(room)
        text = [int(model(drafting.ids, caches, last_only=True)[0, -1].argmax())]
        unread = text  # what the draft has not read yet
        drafted = accepted = reads = 0
        while len(text) < n_new and text[-1] != eos_id:
            known = caches[0].length  # symbols in the caches; the newest one is not among them
            guess = drafting.write(unread, min(draft_len, n_new - len(text)))
            read = torch.tensor([[text[-1], *guess]], device=drafting.ids.device)
            right = model(read[:, : room - known], caches)[0].argmax(dim=-1).tolist()  # what comes after each of them
            n_right = next((i for i, symbol in enumerate(guess) if symbol != right[i]), len(guess))
            new = right[: n_right + 1]
            unread = [*guess[-1:], *new[-1:]] if n_right == len(guess) else new[-1:]
            if eos_id in new:
                new = new[: new.index(eos_id) + 1]
            text += new[: n_new - len(text)]
            for cache in caches:
                cache.length = known + n_right + 1
            drafting.back_to(known + n_right + 1)  # if it has read so far
            drafted, accepted, reads = drafted + len(guess), accepted + n_right, reads + 1
    return Speculation(torch.cat([prompt.cpu(), torch.tensor([text])], dim=1), drafted, accepted, reads)


class _Drafting:
    """A model that writes on from any symbol, and can go back to where the text was right."""

    def __init__(self, model: DecoderOnly, prompt: Tensor, room: int):
        self._model, self._caches = model, model.start_caches(room)
        self.ids = prompt.to(next(model.parameters()).device)
        model(self.ids, self._caches, last_only=True)
        self._reader = FusedReader(model, self._caches, 1) if FusedStep.fits(model) else None

    def write(self, unread: list[int], n: int) -> list[int]:
        """Read symbols, and write n likely ones after them; the last of these is not read."""
        *before, newest = self.ids.new_tensor(unread)[:, None]  # (1,) each
        for symbol in before:
            self._read(symbol)
        written = []
        for _ in range(n):
            newest = self._read(newest).argmax(dim=-1)
            written.append(newest)
        return torch.cat(written).tolist()

    def back_to(self, length: int) -> None:
        """Forget what was read behind the first `length` symbols."""
        for reader in self._caches if self._reader is None else [self._reader]:
            reader.length = min(reader.length, length)

    def _read(self, ids: Tensor) -> Tensor:
        """(1,) → logits (1, vocab_size)."""
        if self._reader is not None:
            return self._reader(ids)
        return self._model(ids[None], self._caches, last_only=True)[0]
