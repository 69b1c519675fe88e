"""What GPT-2 does to a text before any merge: cut it into words, and write its bytes as visible characters.

A. Radford, J. Wu, R. Child, D. Luan, D. Amodei and I. Sutskever, "Language Models are Unsupervised Multitask
Learners" (GPT-2), 2019, section 2.2, and the authors' published code. Equal to Hugging Face's `tokenizers`
(pre_tokenizers.ByteLevel).
"""

import re
import unicodedata

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


_DIGIT_OR_REST = re.compile(r"[0-9]|[^0-9]+")


def digit_words(text: str) -> list[str]:
    """Cut a text as SmolLM2 does: as `gpt2_words`, and every digit is a word of its own, without the space before it.

    A number is then read digit by digit, however long it is. Equal to Hugging Face's `tokenizers`
    (pre_tokenizers.Digits(individual_digits=True), then ByteLevel).
    """
    kinds = text.translate(_KINDS)
    parts = [text[found.start() : found.end()] for found in _DIGIT_OR_REST.finditer(kinds)]
    return [word for part in parts for word in gpt2_words(part)]


def to_byte_symbols(text: str) -> str:
    """The UTF-8 bytes of a text, each as GPT-2's visible character: "é a" is "Ã©Ġa"."""
    try:
        return "".join(map(BYTE_TO_SYMBOL.__getitem__, text.encode("utf-8")))
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The character {text[error.start]!r} is half of a pair (a surrogate) and no text; "
            f"read the file as UTF-8, or leave it out."
        ) from None
