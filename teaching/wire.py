"""Messages over a pair of pipes: eight bytes of length, then the bytes."""

import os
import select
import struct
import time

from teaching.crossing import MAX_BYTES

STEP = 0.02  # seconds: how often a waiting side looks up, so that it can be interrupted


class Closed(EOFError):
    """The other side has ended."""


class Wire:
    """One end. Raises Closed where the other is gone, ValueError for a message that is too large."""

    def __init__(self, reading: int, writing: int):
        self._reading, self._writing = reading, writing

    @property
    def handles(self) -> tuple[int, int]:
        """(reading, writing), to be handed to another process."""
        return self._reading, self._writing

    def send(self, message: bytes, seconds: float | None = None) -> None:
        """Sends a message. Raises TimeoutError where the other side has not taken it within `seconds`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        os.set_blocking(self._writing, False)  # a side that does not read must not hold this one
        rest = memoryview(struct.pack("<Q", len(message)) + message)
        while rest:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
            if not select.select([], [self._writing], [], STEP)[1]:
                continue
            try:
                rest = rest[os.write(self._writing, rest[:65536]) :]
            except BrokenPipeError:
                raise Closed("the other side has ended") from None

    def receive(self, seconds: float | None = None) -> bytes | None:
        """The next message; None where none has come within `seconds` (by default it waits for ever)."""
        deadline = None if seconds is None else time.monotonic() + seconds
        head = self._read(8, deadline)
        if head is None:
            return None
        (length,) = struct.unpack("<Q", head)
        if length > 2 * MAX_BYTES:
            raise ValueError(f"a message of {length} bytes is announced")
        return self._read(length, deadline)

    def close(self) -> None:
        os.close(self._reading)
        os.close(self._writing)

    def _read(self, n_bytes: int, deadline: float | None) -> bytes | None:
        parts, missing = [], n_bytes
        while missing:
            if deadline is not None and time.monotonic() > deadline:
                return None
            if not select.select([self._reading], [], [], STEP)[0]:
                continue
            part = os.read(self._reading, min(missing, 1 << 20))
            if not part:
                raise Closed("the other side has ended")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


def pair() -> tuple[Wire, Wire]:
    """Two ends that are connected."""
    from_first, to_second = os.pipe()[::-1], os.pipe()
    return Wire(to_second[0], from_first[0]), Wire(from_first[1], to_second[1])
