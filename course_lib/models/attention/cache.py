"""Keys and values that were computed once and are kept while a model writes symbol after symbol."""

from collections.abc import Callable

from torch import Tensor


class KeyValueCache:
    """The keys and values of one attention module.

    Room for `max_len` positions is taken at the first call, and every later call writes into it: nothing is copied as
    the sequence grows.

    Args:
        max_len: positions that will be needed at most.
    """

    def __init__(self, max_len: int):
        if not isinstance(max_len, int) or max_len < 1:
            raise ValueError(f"max_len is {max_len!r}; it must be a whole number of at least 1.")
        self.max_len, self.length = max_len, 0
        self._keys: Tensor | None = None
        self._values: Tensor | None = None

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add key and value (batch, heads, time, d_head); return all that there are, (batch, heads, length, d_head).

        Raises:
            ValueError: more positions than there is room for.
        """
        time = key.shape[2]
        end = self.length + time
        if end > self.max_len:
            raise ValueError(f"{end} positions, but the cache has room for max_len = {self.max_len}.")
        if self._keys is None:
            room = (*key.shape[:2], self.max_len, key.shape[3])
            self._keys, self._values = key.new_empty(room), value.new_empty(room)
        # narrow(2, …) is [:, :, …] at a third of its price, which counts here: it is done for every symbol.
        self._keys.narrow(2, self.length, time).copy_(key)
        self._values.narrow(2, self.length, time).copy_(value)
        self.length = end
        return self._keys.narrow(2, 0, end), self._values.narrow(2, 0, end)

    def tensors(self) -> tuple[Tensor, Tensor]:
        """The keys and the values, each (batch, heads, max_len, d_head); what is behind `length` means nothing.

        Raises:
            ValueError: nothing was appended yet, so that there are no tensors.
        """
        if self._keys is None:
            raise ValueError("The cache is empty; let the model read the prompt with it first.")
        return self._keys, self._values

    def n_keys(self, time: int) -> int:
        """How many keys the queries of `time` new tokens will meet, their own included."""
        return self.length + time

    def fixed(self, compute: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Keys and values of a memory that does not change: computed at the first call."""
        if self._keys is None:
            self._keys, self._values = compute()
        return self._keys, self._values

    def select(self, rows: Tensor) -> "KeyValueCache":
        """A cache with these rows of the batch, in this order; a row may come several times."""
        other = KeyValueCache(self.max_len)
        other.length = self.length
        if self._keys is not None:
            other._keys, other._values = self._keys.index_select(0, rows), self._values.index_select(0, rows)
        return other


class StaticCache:
    """Keys and values in tensors of one shape, written where another tensor says: what a CUDA graph can capture.

    Every query meets all `max_len` keys; which of them are there already, a mask must say. Rows of the batch may be of
    different lengths.

    Args:
        filled: a cache that holds the prompt. It hands over its tensors and is not to be used any more.
        columns: (batch,) whole numbers, the column of each row's next key. Not copied: who moves it on moves the cache
            on, and the caches of all layers can share one.
    """

    def __init__(self, filled: KeyValueCache, columns: Tensor):
        self._keys, self._values = filled.tensors()  # (batch, heads, max_len, d_head)
        self.max_len, self.columns = filled.max_len, columns
        for tensor in (self._keys, self._values):
            tensor[:, :, filled.length :] = 0  # a weight of 0 times what stood in new memory might be NaN

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write one key and value (batch, heads, 1, d_head) a row; return all, (batch, heads, max_len, d_head)."""
        if key.shape[2] != 1:
            raise ValueError(f"{key.shape[2]} new positions; a static cache takes one at a time.")
        columns = self.columns[:, None, None, None].expand_as(key)  # (batch, heads, 1, d_head)
        self._keys.scatter_(2, columns, key)
        self._values.scatter_(2, columns, value)
        return self._keys, self._values

    def n_keys(self, time: int) -> int:
        """How many keys a query meets: all, whether they are there already or not."""
        return self.max_len


Cache = KeyValueCache | StaticCache


def memory_bytes(
    n_layers: int, n_heads: int, d_head: int, length: int, batch: int = 1, bytes_each: int = 4
) -> int:
    """What the caches of a whole model take: two numbers for every feature of every position in every layer."""
    return 2 * n_layers * batch * n_heads * d_head * length * bytes_each
