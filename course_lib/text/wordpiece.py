"""WordPiece as BERT uses it: clean words cut into the longest pieces that the vocabulary has.

M. Schuster and K. Nakajima, "Japanese and Korean Voice Search", ICASSP 2012; Y. Wu et al., "Google's Neural
Machine Translation System", 2016, section 4.1; J. Devlin et al. (BERT), NAACL 2019, section 3. Encoding is
equal, token for token, to Hugging Face's `tokenizers` (models.WordPiece with BertNormalizer and
BertPreTokenizer).

Training is in `wordpiece_training.py`; only the cutting is BERT's own.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from course_lib.text.bert_words import aligned_words, bert_words
from course_lib.text.padding import pad
from course_lib.text.saving import TokenizerFileError, in_order_of_ids, write_text
from course_lib.text.wordpiece_training import CONTINUES, learn_pieces

PAD, UNK, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIALS = (PAD, UNK, CLS, SEP, MASK)
_SPECIAL_IN_TEXT = re.compile("(" + "|".join(map(re.escape, SPECIALS)) + ")")
_MAX_CACHED_WORDS = 100_000


class Encoded(NamedTuple):
    """What BERT reads of a sentence, or of a pair.

    ids       [CLS] first [SEP], and for a pair: second [SEP]
    segments  0 for [CLS], the first sentence and its [SEP], 1 for the second and its [SEP]
    words     the number of the word, within its sentence, that a token is a piece of; -1 for [CLS] and [SEP]
    """

    ids: list[int]
    segments: list[int]
    words: list[int]


class Batch(NamedTuple):
    """Several texts or pairs in one tensor each, (batch, time): bert(**batch._asdict()).

    ids       filled up on the right with [PAD]
    segments  0 or 1 as in `Encoded`, 0 in padding
    mask      boolean, True for real tokens
    """

    ids: Tensor
    segments: Tensor
    mask: Tensor


class WordPiece:
    """BERT's tokenizer.

    Args:
        vocabulary: symbols in the order of their ids, [UNK], [CLS] and [SEP] among them; [PAD] and [MASK]
            where a model needs them. A list, such as the lines of BERT's vocab.txt, or a dict from symbol to id in
            any order.
        lower: for "uncased" models: small letters, no accents.
        strip_accents: é becomes e; None: as `lower`.
        max_characters: a longer word is [UNK] at once.

    Raises:
        ValueError: a symbol twice, ids that are not 0 … n − 1, or none of a special symbol that encoding needs.
    """

    def __init__(
        self,
        vocabulary: Sequence[str] | Mapping[str, int],
        *,
        lower: bool = True,
        strip_accents: bool | None = None,
        max_characters: int = 100,
    ):
        self.symbols = tuple(in_order_of_ids(vocabulary) if isinstance(vocabulary, Mapping) else vocabulary)
        self._ids = {symbol: number for number, symbol in enumerate(self.symbols)}
        if len(self._ids) < len(self.symbols):
            twice = next(symbol for symbol, count in Counter(self.symbols).items() if count > 1)
            raise ValueError(f"The symbol {twice!r} is listed twice; each may stand once.")
        missing = [special for special in (UNK, CLS, SEP) if special not in self._ids]
        if missing:
            raise ValueError(f"The vocabulary of {len(self.symbols)} symbols lacks {', '.join(missing)}.")
        self.lower, self.strip_accents, self.max_characters = lower, strip_accents, max_characters
        self.pad_id, self.unk_id, self.cls_id, self.sep_id, self.mask_id = map(self._ids.get, SPECIALS)
        self._longest = max(map(len, self.symbols))
        self._cache: dict[str, list[str]] = {}

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int,
        *,
        lower: bool = True,
        strip_accents: bool | None = None,
        min_count: int = 2,
        max_alphabet: int = 1000,
        alphabet: Sequence[str] | None = None,
    ) -> "WordPiece":
        """Learn a vocabulary by merging frequent pairs: special symbols, alphabet, merges in order.

        Equally frequent pairs: the one whose left symbol has the smaller id, then the one whose right symbol
        has.

        Args:
            texts: strings.
            vocab_size: at most so many symbols.
            lower, strip_accents: as in the class.
            min_count: pairs seen less often are not merged.
            max_alphabet: only so many different characters, the most frequent (equals in the order of
                Unicode); words with others will be [UNK].
            alphabet: symbols to begin with, in this order, instead: characters, and ## with a character.

        Raises:
            TypeError: texts is one str. ValueError: vocab_size too small for the alphabet.
        """
        if isinstance(texts, str):
            raise TypeError("texts is one str; pass a list of texts: [text].")
        symbols = learn_pieces(
            (bert_words(text, lower=lower, strip_accents=strip_accents) for text in texts),
            vocab_size - len(SPECIALS),
            min_count=min_count,
            max_alphabet=max_alphabet,
            alphabet=alphabet,
        )
        return cls([*SPECIALS, *symbols], lower=lower, strip_accents=strip_accents)

    @classmethod
    def load(cls, path: str | Path, **options) -> "WordPiece":
        """From a vocab.txt, one symbol a line; options as in the class. Raises TokenizerFileError without one."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TokenizerFileError(f"{path} could not be read: {error}") from None
        return cls(text.removesuffix("\n").split("\n"), **options)

    def save(self, path: str | Path) -> None:
        """Write the vocabulary as BERT's vocab.txt, one symbol a line. `lower` and its kin are not part of it."""
        write_text(path, "".join(f"{symbol}\n" for symbol in self.symbols))

    def words(self, text: str) -> list[str]:
        """The cleaned words and signs of a text, before they are cut into pieces."""
        if not isinstance(text, str):
            raise TypeError(f"A text must be a str, not {type(text).__name__}.")
        return bert_words(text, lower=self.lower, strip_accents=self.strip_accents)

    def tokens(self, text: str) -> list[str]:
        """The pieces of a text, without [CLS] and [SEP]. Text that looks like a special symbol is text."""
        return [piece for word in self.words(text) for piece in self.pieces(word)]

    def pieces(self, word: str) -> list[str]:
        """One clean word in pieces: the longest that the vocabulary has, then the longest of the rest, …

        One place where nothing fits makes the whole word [UNK].
        """
        found = self._cache.get(word)
        if found is None:
            found = self._longest_first(word)
            if len(self._cache) < _MAX_CACHED_WORDS:
                self._cache[word] = found
        return found

    def encode(
        self,
        text: str | Sequence[str],
        pair: str | Sequence[str] | None = None,
        *,
        max_len: int | None = None,
        specials_in_text: bool = False,
    ) -> Encoded:
        """What BERT reads: [CLS] text [SEP], or [CLS] text [SEP] pair [SEP].

        Args:
            text, pair: strings; or lists of words, and then `words` of the result counts these.
            max_len: longest result; the longer of two sentences loses its last token, again and again.
            specials_in_text: True reads "[MASK]" and its kin in the text as the special symbols. Leave it
                False for text from strangers.

        Raises:
            TypeError: something else than str or lists of str.
            ValueError: max_len leaves no room for the special symbols.
        """
        sides = [self._side(side, specials_in_text) for side in (text, pair) if side is not None]
        if max_len is not None:
            room = max_len - 1 - len(sides)
            if room < 0:
                raise ValueError(f"max_len is {max_len}; [CLS] and [SEP] alone take {1 + len(sides)}.")
            while sum(map(len, sides)) > room:
                # Of two equally long ones the second is cut, as in BERT's own code.
                sides[0 if len(sides) == 1 or len(sides[0]) > len(sides[1]) else 1].pop()
        ids, segments, words = [self.cls_id], [0], [-1]
        for segment, side in enumerate(sides):
            ids += [self._ids[piece] for piece, _ in side] + [self.sep_id]
            segments += [segment] * (len(side) + 1)
            words += [word for _, word in side] + [-1]
        return Encoded(ids, segments, words)

    def encode_batch(
        self,
        texts: Sequence[str | Sequence[str] | tuple[str, str]],
        *,
        max_len: int | None = None,
        specials_in_text: bool = False,
    ) -> Batch:
        """Texts, or pairs of texts as tuples, side by side. Args and errors: as `encode`.

        Raises:
            ValueError: nothing to encode, or a vocabulary without [PAD] for texts of unequal length.
        """
        options = {"max_len": max_len, "specials_in_text": specials_in_text}
        encoded = [
            self.encode(*text, **options) if isinstance(text, tuple) else self.encode(text, **options)
            for text in texts
        ]
        if self.pad_id is None and len({len(row.ids) for row in encoded}) > 1:
            raise ValueError(
                f"The texts are of unequal length, and this vocabulary has no {PAD} to fill up with."
            )
        ids, lengths = pad([row.ids for row in encoded], self.pad_id or 0)
        segments, _ = pad([row.segments for row in encoded], 0)
        return Batch(ids, segments, torch.arange(ids.shape[1]) < lengths[:, None])  # (batch, time)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Where each of `tokens(text)` comes from: text[start:end], before cleaning. A lone accent belongs to none."""
        found = []
        for word, places in aligned_words(text, lower=self.lower, strip_accents=self.strip_accents):
            start = 0
            for piece in self.pieces(word):
                end = (
                    len(word) if piece == UNK else start + len(piece.removeprefix(CONTINUES if start else ""))
                )
                found.append((places[start], places[end - 1] + 1))
                start = end
        return found

    def decode(self, ids: Iterable[int], *, special: bool = False) -> str:
        """Words of ids, with spaces between them; capitals, accents and the original spaces are gone.

        Args:
            ids: whole numbers.
            special: True keeps [CLS], [SEP], [PAD] and [MASK]; [UNK] always stays.

        Raises:
            ValueError: an id outside the vocabulary.
        """
        hidden = () if special else (PAD, CLS, SEP, MASK)
        text = ""
        for number in ids:
            if not 0 <= number < len(self):
                raise ValueError(f"Id {number} is outside this vocabulary: 0 … {len(self) - 1}.")
            symbol = self.symbols[number]
            if symbol in hidden:
                continue
            joined = symbol.startswith(CONTINUES) and text
            text += symbol.removeprefix(CONTINUES) if joined else f" {symbol}" if text else symbol
        return unicodedata.normalize("NFC", text)

    def id_of(self, symbol: str) -> int:
        """The id of one symbol of the vocabulary. Raises KeyError, naming it, if it is none."""
        return self._ids[symbol]

    def _side(self, text: str | Sequence[str], specials_in_text: bool) -> list[tuple[str, int]]:
        """(piece, number of its word) for each piece of a text or of a list of words."""
        if isinstance(text, str):
            return [
                (piece, number)
                for number, word in enumerate(self._clean_words(text, specials_in_text))
                for piece in self.pieces(word)
            ]
        if not isinstance(text, list | tuple):
            raise TypeError(f"A text must be a str or a list of words, not {type(text).__name__}.")
        return [
            (piece, number)
            for number, given in enumerate(text)
            for word in self._clean_words(given, specials_in_text)
            for piece in self.pieces(word)
        ]

    def _clean_words(self, text: str, specials_in_text: bool) -> list[str]:
        if not specials_in_text or not isinstance(text, str):
            return self.words(text)
        parts = _SPECIAL_IN_TEXT.split(text)  # special symbols are the parts with odd numbers
        return [word for n, part in enumerate(parts) for word in ([part] if n % 2 else self.words(part))]

    def _longest_first(self, word: str) -> list[str]:
        if len(word) > self.max_characters:
            return [UNK]
        pieces, start = [], 0
        while start < len(word):
            prefix = CONTINUES if start else ""
            # A piece longer than the longest symbol need not be looked up.
            for end in range(min(len(word), start + self._longest), start, -1):
                piece = prefix + word[start:end]
                if piece in self._ids:
                    break
            else:
                return [UNK]
            pieces.append(piece)
            start = end
        return pieces

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    def __len__(self) -> int:
        return len(self.symbols)

    def __repr__(self) -> str:
        return f"WordPiece({len(self):,} symbols, {'small letters' if self.lower else 'capitals kept'})"
