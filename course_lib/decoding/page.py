"""A batch of texts that grow: each row goes on from its own end, and stops at an end symbol."""

import torch
from torch import Tensor


class Page:
    """Prompts, and room for what is written after them.

    All that changes is held in tensors of one shape on the model's device and changed in place, and nothing asks the
    device for a value: a step that writes can be captured in a CUDA graph.

    Args:
        prompt: (batch, time) ids, padded on the right.
        lengths: (batch,) how many symbols of each row are real.
        n_new: symbols that each row has room for.
        eos_id: a row that has written it is at its end; None: no row ends.
        pad_id: stands behind the end of a row.
        device: where the model is.
    """

    def __init__(
        self,
        prompt: Tensor,
        lengths: Tensor,
        n_new: int,
        *,
        eos_id: int | None,
        pad_id: int,
        device: torch.device,
    ):
        batch, time = prompt.shape
        self.eos_id = eos_id
        self.longest = int(lengths.max())  # of the prompts
        self.length = lengths.to(device, torch.long, copy=True)  # (batch,): each row's next column
        self.ids = torch.full((batch, time + n_new), pad_id, dtype=torch.long, device=device)
        columns = torch.arange(time, device=device)
        self.ids[:, :time] = torch.where(columns < self.length[:, None], prompt.to(device), pad_id)
        self._real = self.length.clone()  # (batch,): how long each row is without what stands behind its end
        self._ended = torch.zeros(batch, dtype=torch.bool, device=device)
        self._pad = torch.full((batch,), pad_id, dtype=torch.long, device=device)

    def newest(self) -> Tensor:
        """The last symbol of each row, (batch, 1)."""
        return self.ids.gather(1, self.length[:, None] - 1)

    def write(self, ids: Tensor) -> Tensor:
        """Add one symbol (batch,) to each row; padding, where the row has ended. Returns what was added."""
        if self.eos_id is not None:
            ids = torch.where(self._ended, self._pad, ids)
            self._real += ~self._ended
            self._ended |= ids == self.eos_id
        self.ids.scatter_(1, self.length[:, None], ids[:, None])
        self.length += 1
        return ids

    def window(self, width: int) -> tuple[Tensor, Tensor]:
        """The last `width` symbols of each row, (batch, width), and which are real; shorter rows are padded."""
        start = (self.length - width).clamp(min=0)[:, None]  # (batch, 1)
        columns = start + torch.arange(width, device=start.device)  # (batch, width)
        return self.ids.gather(1, columns), columns < self.length[:, None]

    def all_ended(self) -> bool:
        """Whether every row has ended; waits for the device."""
        return bool(self._ended.all())

    def text(self) -> Tensor:
        """All that is written, prompts included, on the CPU: (batch, time), as wide as the longest row."""
        longest = self.length if self.eos_id is None else self._real
        return self.ids.cpu()[:, : int(longest.max())]
