"""Byte-pair encoding: text in pieces that a text has taught, from bytes (GPT-2) or from characters.

R. Sennrich, B. Haddow and A. Birch, "Neural Machine Translation of Rare Words with Subword Units", ACL 2016;
on bytes: A. Radford, J. Wu, R. Child, D. Luan, D. Amodei and I. Sutskever, "Language Models are Unsupervised
Multitask Learners" (GPT-2), 2019, section 2.2. Equal, token for token, to Hugging Face's `tokenizers`
(models.BPE with pre_tokenizers.ByteLevel).
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from torch import Tensor

from course_lib.text.gpt2_words import SYMBOL_TO_BYTE, digit_words, gpt2_words, to_byte_symbols
from course_lib.text.merges import Pair, join_pair, learn_merges, merge_pair
from course_lib.text.padding import pad
from course_lib.text.saving import TokenizerFileError, in_order_of_ids, read_json, write_text

UNK = "<unk>"
FORMAT = "course-bpe-1"
SPLITS = {None: None, "gpt2": gpt2_words, "digits": digit_words}  # their names in a file
_MAX_CACHED_WORDS = 100_000


class BPE:
    """A byte-pair encoding: symbols and the merges that made them.

    Ids: the special symbols, <unk> (only without bytes), the alphabet, then one for each merge, in order.

    Args:
        merges: pairs of symbols in the order in which they were learnt; earlier ones are applied first.
        alphabet: the symbols to begin with. None: the 256 bytes. Bytes that are missing in it are left out of a text.
        byte_level: the symbols are bytes in GPT-2's writing, so that no text is unknown; False: characters.
        specials: symbols such as "<|endoftext|>", which no text turns into unless `encode` is told so.
        split: cuts a text into the words that no merge crosses; its pieces joined must be the text. None: no
            cut.
        ids: the id of every symbol, where they do not come in the order above (GPT-2's vocab.json).

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
        ids: Mapping[str, int] | None = None,
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
        self.symbols = tuple(symbols if ids is None else in_order_of_ids(ids, symbols))
        self._ids = {symbol: number for number, symbol in enumerate(self.symbols)}
        self._numbered = ids is not None
        self._bytes = [
            symbol.encode()
            if symbol in self.specials or not byte_level
            else bytes(map(SYMBOL_TO_BYTE.__getitem__, symbol))
            for symbol in self.symbols
        ]
        # The longest first, so that of "<a>" and "<a><b>" the longer one is found.
        longest_first = sorted(filter(None, specials), key=len, reverse=True)
        self._special = (
            re.compile("(" + "|".join(map(re.escape, longest_first)) + ")") if longest_first else None
        )
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

    @classmethod
    def from_gpt2(cls, folder: str | Path) -> "BPE":
        """GPT-2's own encoding, from a folder with its published vocab.json and merges.txt.

        Raises:
            TokenizerFileError: a file is missing or is not what its name says.
        """
        vocabulary = read_json(Path(folder) / "vocab.json")
        path = Path(folder) / "merges.txt"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise TokenizerFileError(f"{path} could not be read: {error}") from None
        merges = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        if not isinstance(vocabulary, dict) or any(len(pair) != 2 for pair in merges):
            raise TokenizerFileError(
                f"{folder} holds no GPT-2 encoding: expected symbols with ids, and pairs."
            )
        made = {left + right for left, right in merges}
        specials = [symbol for symbol in vocabulary if symbol not in SYMBOL_TO_BYTE and symbol not in made]
        return cls(merges, specials=specials, ids=vocabulary)

    def save(self, path: str | Path) -> None:
        """Write the encoding to one JSON file, whole or not at all.

        Raises:
            TokenizerFileError: the file could not be written, or `split` is a function of one's own.
        """
        names = {function: name for name, function in SPLITS.items()}
        if self.split not in names:
            raise TokenizerFileError(
                "split is a function of your own, which no file can hold; save its merges."
            )
        content = {
            "format": FORMAT,
            "byte_level": self.byte_level,
            "split": names[self.split],
            "specials": [symbol for symbol in self.specials if symbol != UNK or self.byte_level],
            "alphabet": list(self.alphabet),
            "merges": [list(pair) for pair in self.merges],
            "ids": self._ids if self._numbered else None,
        }
        write_text(path, json.dumps(content, ensure_ascii=False))

    @classmethod
    def load(cls, path: str | Path) -> "BPE":
        """The encoding that `save` wrote. Raises TokenizerFileError for a file that is missing or another one."""
        content = read_json(path)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise TokenizerFileError(f"{path} is not an encoding that BPE.save wrote ({FORMAT}).")
        return cls(
            map(tuple, content["merges"]),
            content["alphabet"],
            byte_level=content["byte_level"],
            specials=content["specials"],
            split=SPLITS[content["split"]],
            ids=content["ids"],
        )

    def tokens(self, text: str, *, specials_in_text: bool = False) -> list[str]:
        """The symbols of a text, as they stand in the vocabulary (bytes in GPT-2's writing: Ġ is a space).

        Args:
            specials_in_text: True reads "<|endoftext|>" and its kin in the text as the special symbols. Leave it
                False for text from strangers.

        Raises:
            TypeError: text is no str. ValueError: it cannot be written as UTF-8.
        """
        if not isinstance(text, str):
            raise TypeError(f"A text must be a str, not {type(text).__name__}.")
        if specials_in_text and self._special is not None:
            parts = self._special.split(text)  # special symbols are the parts with odd numbers
            return [s for n, part in enumerate(parts) for s in ([part] if n % 2 else self.tokens(part))]
        words = self.split(text) if self.split else [text]
        return [symbol for word in words for symbol in self._word_tokens(word)]

    def readable(self, text: str) -> list[str]:
        """The tokens of a text for people; bytes that are no whole character appear as ⟨F0⟩. Errors: see `tokens`."""
        return [self._readable(symbol) for symbol in self.tokens(text)]

    def encode(self, text: str, *, specials_in_text: bool = False) -> list[int]:
        """The ids of a text; without bytes, <unk>'s for characters outside the alphabet. Args and errors: `tokens`."""
        return [self._ids[symbol] for symbol in self.tokens(text, specials_in_text=specials_in_text)]

    def encode_batch(
        self, texts: Sequence[str], *, pad_id: int = 0, specials_in_text: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Several texts in one tensor: ids (batch, time), filled up on the right, and lengths (batch,)."""
        return pad([self.encode(text, specials_in_text=specials_in_text) for text in texts], pad_id)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids. Special symbols appear by name; bytes that are no whole character become �.

        Raises:
            ValueError: an id outside the vocabulary.
        """
        numbers = list(ids)
        if numbers and not 0 <= min(numbers) <= max(numbers) < len(self):
            wrong = next(number for number in numbers if not 0 <= number < len(self))
            raise ValueError(f"Id {wrong} is outside this vocabulary: 0 … {len(self) - 1}.")
        return b"".join(map(self._bytes.__getitem__, numbers)).decode("utf-8", errors="replace")

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
        if self.byte_level:
            symbols = [sign for sign in word if sign in self._signs]
        else:
            symbols = [sign if sign in self._signs else UNK for sign in word]
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
