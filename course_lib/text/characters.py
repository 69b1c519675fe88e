"""A vocabulary of single characters: the simplest way to turn text into ids."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor


class CharVocabulary:
    """Numbers the characters of a text: id 0 is the first of ``symbols``, and so on.

    ``symbols`` are single characters, each once. :meth:`from_text` collects them from a text, sorted by code
    point, so that the same text always gets the same ids.
    """

    def __init__(self, symbols: Iterable[str]):
        self.symbols: tuple[str, ...] = tuple(symbols)
        if not self.symbols:
            raise ValueError(
                "A vocabulary needs at least one character: the text or list of symbols is empty."
            )
        for symbol in self.symbols:
            if not isinstance(symbol, str) or len(symbol) != 1:
                raise ValueError(
                    f"Symbol {symbol!r} is not one character; pass single characters, each once."
                )
        # Looking up by binary search in the sorted code points encodes a million characters in milliseconds.
        code_points = _code_points("".join(self.symbols))
        self._id_of_sorted = np.argsort(code_points, kind="stable")
        self._sorted = code_points[self._id_of_sorted]
        twice = np.flatnonzero(self._sorted[1:] == self._sorted[:-1])
        if twice.size:
            raise ValueError(f"Symbol {chr(self._sorted[twice[0]])!r} is listed twice; each may stand once.")

    @classmethod
    def from_text(cls, text: str) -> "CharVocabulary":
        """The vocabulary of all characters that occur in ``text``. Raises ValueError if the text is empty."""
        if not isinstance(text, str):
            raise TypeError(
                f"from_text needs a str, not {type(text).__name__}; of a loaded text take .train."
            )
        return cls(sorted(set(text)))

    def encode(self, text: str) -> Tensor:
        """Return the ids of ``text``: (time,), int64, on the CPU. An empty text gives an empty tensor.

        Raises ValueError for a character outside the vocabulary; the message names it and its position.
        """
        if not isinstance(text, str):
            raise TypeError(f"encode needs a str, not {type(text).__name__}.")
        wanted = _code_points(text)
        place = np.minimum(np.searchsorted(self._sorted, wanted), len(self) - 1)
        unknown = np.flatnonzero(self._sorted[place] != wanted)
        if unknown.size:
            position = int(unknown[0])
            raise ValueError(
                f"The character {text[position]!r} at position {position} is not among the "
                f"{len(self)} symbols of this vocabulary: leave it out of the text, or build the vocabulary "
                f"from a text that contains it."
            )
        return torch.from_numpy(self._id_of_sorted[place].astype(np.int64))

    def decode(self, ids: Tensor | Sequence[int]) -> str:
        """Return the text of ``ids``, a (time,) tensor of whole numbers or a list; the inverse of
        :meth:`encode`.

        Raises ValueError for other shapes and for ids outside 0 … len(self) - 1.
        """
        ids = torch.as_tensor(ids)
        if ids.ndim != 1 or (ids.numel() and (ids.is_floating_point() or ids.is_complex())):
            raise ValueError(
                f"decode needs whole numbers of shape (time,), not {ids.dtype} of shape {tuple(ids.shape)}; "
                f"decode the rows of a batch one by one."
            )
        numbers = ids.tolist()
        for position, number in enumerate(numbers):
            if not 0 <= number < len(self):
                raise ValueError(
                    f"Id {number} at position {position} is outside this vocabulary: 0 … {len(self) - 1}."
                )
        return "".join(self.symbols[number] for number in numbers)

    def __len__(self) -> int:
        return len(self.symbols)

    def __repr__(self) -> str:
        shown = "".join(self.symbols[:40]) + ("…" if len(self) > 40 else "")
        return f"CharVocabulary({len(self)} symbols: {shown!r})"


def _code_points(text: str) -> np.ndarray:
    """The Unicode number of each character, (time,) uint32."""
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype="<u4")
