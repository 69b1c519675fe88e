"""Sentences to words, words to numbers, and back."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

PAD, UNK, BOS, EOS = "<pad>", "<unk>", "<bos>", "<eos>"

# The blocks of Chinese characters: CJK Unified Ideographs, extension A, compatibility ideographs, and 〇.
_HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# A number with separators, or letters and digits with hyphens and apostrophes between them, or one other sign.
_WORD = r"\d+(?:[.,:]\d+)+|[^\W_]+(?:[-'’][^\W_]+)*|[^\w\s]|_"
_TOKEN = re.compile(_WORD)
_TOKEN_BY_CHARACTER = re.compile(rf"[{_HAN}]|" + _WORD.replace(r"[^\W_]", rf"[^\W_{_HAN}]"))

_NO_SPACE_BEFORE = set(".,;:!?)]}%…”»、。，；：！？）》」")
_NO_SPACE_AFTER = set("([{#„“«$（《「")
_HAN_OR_ITS_SIGN = re.compile(rf"[{_HAN}、。，；：！？（）《》「」]")


def tokenize(text: str, *, lower: bool = False, chinese_by_character: bool = False) -> list[str]:
    """Cut a sentence into words and signs.

    A word is a run of letters and digits, with the hyphens and apostrophes inside it ("T-shirt", "don't"); a
    number keeps its separators ("3.5"); every other sign that is not a space is a token of its own.

    Args:
        text: one sentence.
        lower: turn capitals into small letters first. Do not report BLEU of such text beside BLEU of real text.
        chinese_by_character: every Chinese character is a token, because Chinese writes no spaces between words.
    """
    if not isinstance(text, str):
        raise TypeError(f"tokenize needs one str, not {type(text).__name__}.")
    pattern = _TOKEN_BY_CHARACTER if chinese_by_character else _TOKEN
    return pattern.findall(text.lower() if lower else text)


def detokenize(tokens: Sequence[str]) -> str:
    """Write tokens as a sentence again: spaces between words, none where a sign leans on its neighbour.

    It undoes `tokenize` for ordinary sentences (capitals apart); what a text did against the rules, such as a
    space before a full stop, is lost.
    """
    if isinstance(tokens, str):
        raise TypeError(f"detokenize needs a list of tokens, not the str {tokens!r}.")
    text, leans, inside_quotes = "", True, False
    for token in tokens:
        beside_han = bool(_HAN_OR_ITS_SIGN.match(text[-1:])) or bool(_HAN_OR_ITS_SIGN.match(token))
        glued = token in _NO_SPACE_BEFORE or beside_han
        if token == '"':
            glued, inside_quotes = inside_quotes, not inside_quotes
        # The German closing quote “ is the English opening one: after „ it closes.
        if token == "“" and text.count("„") > text.count("“"):
            glued, after = True, False
        else:
            after = token in _NO_SPACE_AFTER or (token == '"' and inside_quotes)
        text += token if leans or glued else f" {token}"
        leans = after
    return text


class WordVocabulary:
    """Numbers words: 0 <pad>, 1 <unk>, 2 <bos>, 3 <eos>, then the words in the order given.

    <pad> fills batches up, <unk> stands for every word outside the vocabulary, <bos> and <eos> begin and end a
    sequence. A token of a text that looks like one of these four is unknown, never control.

    Args:
        words: each once, none of the four.
    """

    pad_id, unk_id, bos_id, eos_id = range(4)

    def __init__(self, words: Iterable[str]):
        self.symbols: tuple[str, ...] = (PAD, UNK, BOS, EOS, *words)
        for word in self.symbols:
            if not isinstance(word, str) or not word:
                raise ValueError(f"Word {word!r} is not a non-empty str.")
        twice = [word for word, count in Counter(self.symbols).items() if count > 1]
        if twice:
            raise ValueError(f"{twice[0]!r} is listed twice, or is one of the four that are always there.")
        self._ids = {word: number for number, word in enumerate(self.symbols) if number > self.eos_id}

    @classmethod
    def from_tokens(
        cls, sequences: Iterable[Sequence[str]], min_count: int = 1, max_size: int | None = None
    ) -> "WordVocabulary":
        """The words of many tokenized sentences, the most frequent first (equals in alphabetical order).

        Args:
            sequences: lists of tokens. For a vocabulary of characters, the strings themselves.
            min_count: words seen less often are left out.
            max_size: at most this many symbols, the four special ones included.

        Raises:
            ValueError: an option out of its range, or no word left.
        """
        if min_count < 1 or (max_size is not None and max_size < 5):
            raise ValueError(
                f"min_count = {min_count}, max_size = {max_size}; expected at least 1, and at least 5."
            )
        counts = Counter(token for sequence in sequences for token in sequence)
        for special in (PAD, UNK, BOS, EOS):
            counts.pop(special, None)
        words = [word for word, count in counts.items() if count >= min_count]
        words.sort(key=lambda word: (-counts[word], word))
        if not words:
            raise ValueError(f"No word was seen at least min_count = {min_count} times; give more text.")
        return cls(words if max_size is None else words[: max_size - 4])

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """The id of each token, <unk>'s for words outside the vocabulary; adds no <bos> and no <eos>."""
        return [self._ids.get(token, self.unk_id) for token in tokens]

    def decode(self, ids: Tensor | Sequence[int], *, special: bool = False) -> list[str]:
        """The words of ids up to the first <eos>; <pad> and <bos> are left out, <unk> stays visible.

        Args:
            ids: (time,) whole numbers or a list.
            special: True keeps everything, <eos> and what follows it too.

        Raises:
            ValueError: another shape, or an id outside the vocabulary.
        """
        ids = torch.as_tensor(ids)
        if ids.dim() != 1 or (ids.numel() and ids.is_floating_point()):
            raise ValueError(
                f"decode needs whole numbers of shape (time,), not {ids.dtype} of shape {tuple(ids.shape)}."
            )
        numbers = ids.tolist()
        for number in numbers:
            if not 0 <= number < len(self):
                raise ValueError(f"Id {number} is outside this vocabulary: 0 … {len(self) - 1}.")
        if special:
            return [self.symbols[number] for number in numbers]
        end = numbers.index(self.eos_id) if self.eos_id in numbers else len(numbers)
        return [self.symbols[n] for n in numbers[:end] if n not in (self.pad_id, self.bos_id)]

    def coverage(self, sequences: Iterable[Sequence[str]]) -> float:
        """The share of tokens in tokenized sentences that the vocabulary knows, from 0 to 1."""
        known = [token in self for sequence in sequences for token in sequence]
        if not known:
            raise ValueError("There is no token in these sentences to be known or unknown.")
        return sum(known) / len(known)

    def __contains__(self, word: str) -> bool:
        return word in self._ids

    def __len__(self) -> int:
        return len(self.symbols)

    def __repr__(self) -> str:
        shown = " ".join(self.symbols[4:12]) + (" …" if len(self) > 12 else "")
        return f"WordVocabulary({len(self):,} symbols: {shown})"
