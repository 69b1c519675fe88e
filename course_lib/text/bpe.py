"""Byte-pair encoding: text in pieces that a text has taught, from bytes (GPT-2) or from characters.

R. Sennrich, B. Haddow and A. Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016;
on bytes: A. Radford, J. Wu, R. Child, D. Luan, D. Amodei and I. Sutskever, "Language Models are Unsupervised
Multitask Learners" (GPT-2), 2019, section 2.2. Equal, token for token, to Hugging Face's `tokenizers`
(models.BPE with pre_tokenizers.ByteLevel).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from course_lib.text.merges import Pair, join_pair, learn_merges, merge_pair

UNK = "<unk>"
_MAX_CACHED_WORDS = 100_000

# GPT-2 writes each byte as one visible character, so that tokens can stand in a text file: printable bytes as
# themselves, the other 68 as the characters from number 256 on. The space, byte 32, is the 33rd of them: Ġ.
_VISIBLE = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
_HIDDEN = [byte for byte in range(256) if byte not in _VISIBLE]
BYTE_TO_SYMBOL = {byte: chr(byte) for byte in _VISIBLE} | {
    byte: chr(256 + n) for n, byte in enumerate(_HIDDEN)
}
SYMBOL_TO_BYTE = {symbol: byte for byte, symbol in BYTE_TO_SYMBOL.items()}


class _Kinds(dict):
    """Character number → an ASCII character of its kind: letter, number, space or sign. ASCII stays as it is."""

    def __missing__(self, code: int) -> str:
        kind = unicodedata.category(chr(code))
        if code in range(0x1C, 0x20):
            sign = "!"  # control characters that Python counts among the spaces, and Unicode does not
        elif code < 128:
            sign = chr(code)
        elif kind[0] == "L":
            sign = "x"
        elif kind[0] == "N":
            sign = "0"
        else:
            sign = "\t" if chr(code).isspace() else "!"
        self[code] = sign
        return sign


_KINDS = _Kinds()
_GPT2 = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII)


def gpt2_words(text: str) -> list[str]:
    """Cut a text as GPT-2 does before any merge; nothing is lost: the pieces joined are the text.

    A word takes the one space before it along; letters, numbers and signs are never in one piece; the endings
    's, 't, 're, 've, 'm, 'll and 'd (small letters only) are cut off. No token will reach across these cuts.
    """
    return [text[found.start() : found.end()] for found in _GPT2.finditer(text.translate(_KINDS))]


def to_byte_symbols(text: str) -> str:
    """The UTF-8 bytes of a text, each as GPT-2's visible character: "é a" is "Ã©Ġa"."""
    try:
        return "".join(map(BYTE_TO_SYMBOL.__getitem__, text.encode("utf-8")))
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The character {text[error.start]!r} is half of a pair (a surrogate) and no text; "
            f"read the file as UTF-8, or leave it out."
        ) from None


class BPE:
    """A byte-pair encoding: symbols and the merges that made them.

    Ids: the special symbols, <unk> (only without bytes), the alphabet, then one for each merge, in order.

    Args:
        merges: pairs of symbols in the order in which they were learnt; earlier ones are applied first.
        alphabet: the symbols to begin with. None: the 256 bytes.
        byte_level: the symbols are bytes in GPT-2's writing, so that no text is unknown; False: characters.
        specials: symbols such as "<|endoftext|>" that no text turns into; take their ids with `id_of`.
        split: cuts a text into the words that no merge crosses; its pieces joined must be the text. None: no
            cut.

    Raises:
        ValueError: a symbol twice, or a merge of symbols that are not there yet.
    """

    def __init__(
        self,
        merges: Iterable[Pair],
        alphabet: Iterable[str] | None = None,
        *,
        byte_level: bool = True,
        specials: Sequence[str] = (),
        split: Callable[[str], list[str]] | None = gpt2_words,
    ):
        if alphabet is None:
            if not byte_level:
                raise ValueError("Without bytes an alphabet is needed: the characters to begin with.")
            alphabet = sorted(SYMBOL_TO_BYTE)
        self.byte_level, self.split = byte_level, split
        self.specials = tuple(specials) + (() if byte_level else (UNK,))
        self.alphabet, self.merges = tuple(alphabet), [tuple(pair) for pair in merges]
        symbols = [*self.specials, *self.alphabet]
        twice = [symbol for symbol, count in Counter(symbols).items() if count > 1]
        if twice:
            raise ValueError(f"The symbol {twice[0]!r} is listed twice; each may stand once.")
        self._signs = frozenset(self.alphabet)
        known = set(self.alphabet)
        for left, right in self.merges:
            if left not in known or right not in known:
                raise ValueError(
                    f"The merge {left!r} + {right!r} uses a symbol that is not there at this point."
                )
            if left + right in self.specials:
                raise ValueError(f"The merge {left!r} + {right!r} makes a special symbol; rename the latter.")
            if left + right not in known:
                known.add(left + right)
                symbols.append(left + right)
        self.symbols = tuple(symbols)
        self._ids = {symbol: number for number, symbol in enumerate(symbols)}
        self._ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self._cache: dict[str, list[str]] = {}

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int,
        *,
        byte_level: bool = True,
        min_count: int = 2,
        specials: Sequence[str] = (),
        split: Callable[[str], list[str]] | None = gpt2_words,
    ) -> "BPE":
        """Learn merges from texts until there are `vocab_size` symbols, or no pair occurs `min_count` times.

        Equally frequent pairs: the one whose left symbol has the smaller id, then the one whose right symbol
        has. With `byte_level` the 256 bytes are the alphabet, otherwise every character that occurs, in the
        order of Unicode.

        Raises:
            TypeError: texts is one str instead of several.
            ValueError: vocab_size is too small for the alphabet; the message says how large it is.
        """
        if isinstance(texts, str):
            raise TypeError("texts is one str; pass a list of texts: [text].")
        counts = Counter(word for text in texts for word in (split(text) if split else [text]) if word)
        words: Counter[tuple[str, ...]] = Counter()
        for word, count in counts.items():
            words[tuple(to_byte_symbols(word) if byte_level else word)] += count
        alphabet = sorted(SYMBOL_TO_BYTE if byte_level else {symbol for word in words for symbol in word})
        n_more = len(specials) + (0 if byte_level else 1)
        if vocab_size < len(alphabet) + n_more:
            raise ValueError(
                f"vocab_size is {vocab_size}; special symbols and alphabet alone are {len(alphabet) + n_more}."
            )
        learnt = learn_merges(words, alphabet, vocab_size - n_more, min_count)
        return cls(learnt.merges, alphabet, byte_level=byte_level, specials=specials, split=split)

    def with_merges(self, n: int) -> "BPE":
        """The same encoding with its first `n` merges only: what a shorter training would have given."""
        if not 0 <= n <= len(self.merges):
            raise ValueError(f"n is {n}; this encoding has {len(self.merges)} merges.")
        specials = self.specials if self.byte_level else self.specials[:-1]
        return BPE(
            self.merges[:n], self.alphabet, byte_level=self.byte_level, specials=specials, split=self.split
        )

    def tokens(self, text: str) -> list[str]:
        """The symbols of a text, as they stand in the vocabulary (bytes in GPT-2's writing: Ġ is a space).

        Raises:
            TypeError: text is no str. ValueError: it cannot be written as UTF-8.
        """
        if not isinstance(text, str):
            raise TypeError(f"A text must be a str, not {type(text).__name__}.")
        words = self.split(text) if self.split else [text]
        return [symbol for word in words for symbol in self._word_tokens(word)]

    def readable(self, text: str) -> list[str]:
        """The tokens of a text for people; bytes that are no whole character appear as ⟨F0⟩. Errors: see `tokens`."""
        return [self._readable(symbol) for symbol in self.tokens(text)]

    def encode(self, text: str) -> list[int]:
        """The ids of a text; without bytes, <unk>'s for characters outside the alphabet. Errors: see `tokens`."""
        return [self._ids[symbol] for symbol in self.tokens(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids. Special symbols appear by name; bytes that are no whole character become �.

        Raises:
            ValueError: an id outside the vocabulary.
        """
        symbols = []
        for number in ids:
            if not 0 <= number < len(self):
                raise ValueError(f"Id {number} is outside this vocabulary: 0 … {len(self) - 1}.")
            symbols.append(self.symbols[number])
        if not self.byte_level:
            return "".join(symbols)
        parts = (
            symbol.encode() if symbol in self.specials else bytes(map(SYMBOL_TO_BYTE.__getitem__, symbol))
            for symbol in symbols
        )
        return b"".join(parts).decode("utf-8", errors="replace")

    def id_of(self, symbol: str) -> int:
        """The id of one symbol of the vocabulary. Raises KeyError, naming it, if it is none."""
        return self._ids[symbol]

    def _readable(self, symbol: str) -> str:
        if not self.byte_level:
            return symbol
        data = bytes(map(SYMBOL_TO_BYTE.__getitem__, symbol))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return "".join(chr(byte) if byte < 128 else f"⟨{byte:02X}⟩" for byte in data)

    def _word_tokens(self, word: str) -> list[str]:
        found = self._cache.get(word)
        if found is None:
            found = self._merged(to_byte_symbols(word) if self.byte_level else word)
            if len(self._cache) < _MAX_CACHED_WORDS:
                self._cache[word] = found
        return found

    def _merged(self, word: str) -> list[str]:
        """Applies merges, the earliest learnt first, until none fits any more."""
        symbols = list(word) if self.byte_level else [sign if sign in self._signs else UNK for sign in word]
        while len(symbols) > 1:
            pair = min(pairwise(symbols), key=lambda pair: self._ranks.get(pair, len(self._ranks)))
            if pair not in self._ranks:
                break
            symbols = merge_pair(symbols, pair, join_pair(*pair))
        return symbols

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def __len__(self) -> int:
        return len(self.symbols)

    def __repr__(self) -> str:
        kind = "bytes" if self.byte_level else f"{len(self.alphabet)} characters"
        return f"BPE({len(self):,} symbols: {kind} and {len(self.merges):,} merges)"
