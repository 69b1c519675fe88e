"""Text as it comes, symbol by symbol: a character whose bytes are still on their way is held back."""

from collections.abc import Callable, Iterable, Iterator, Sequence

CUT = "\ufffd"  # how a decoder writes bytes that are no whole character


def text_pieces(ids: Iterable[int], decode: Callable[[Sequence[int]], str]) -> Iterator[str]:
    """The text of ids in pieces, as the ids come; the pieces joined are `decode(ids)`.

    An emoji is four bytes, which may be as many symbols: until the last of them is there, the text ends in a � that
    would turn into the emoji later. Only a last � can be such a beginning, so it waits for the next symbol.
    """
    written: list[int] = []
    shown = 0
    for number in ids:
        written.append(number)
        text = decode(written)
        whole = len(text) - text.endswith(CUT)
        if whole > shown:
            yield text[shown:whole]
            shown = whole
    if rest := decode(written)[shown:]:
        yield rest
