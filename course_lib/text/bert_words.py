"""What BERT does to a text before it looks for pieces: clean it, and cut it into words and signs.

J. Devlin, M.-W. Chang, K. Lee and K. Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding", NAACL 2019, and the `BasicTokenizer` of the authors' code: spaces are made plain,
control characters dropped, every Chinese character and every sign of punctuation becomes a word of its own,
and the "uncased" models see small letters without accents.
"""

import unicodedata

# The blocks of Chinese characters as BERT's authors list them. Japanese kana and Korean are written in words,
# with or without spaces, and are none of them.
_CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def is_chinese(code: int) -> bool:
    """Whether a character number is that of a Chinese character."""
    return any(first <= code <= last for first, last in _CHINESE)


def is_punctuation(sign: str) -> bool:
    """Whether BERT cuts a word at this sign: Unicode's punctuation, and every ASCII sign but letters, digits."""
    return unicodedata.category(sign)[0] == "P" or (
        sign.isascii() and sign.isprintable() and not sign.isalnum() and sign != " "
    )


# Tables for str.translate, filled as characters are met: number → what stands in its place.
class _Clean(dict):
    def __missing__(self, code: int) -> str:
        sign = chr(code)
        category = unicodedata.category(sign)
        if sign in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
            result = " "
        elif code in (0, 0xFFFD) or category in ("Cc", "Cf", "Co", "Cs"):
            result = ""
        else:
            result = sign
        self[code] = result
        return result


class _ChineseApart(dict):
    def __missing__(self, code: int) -> str:
        self[code] = f" {chr(code)} " if is_chinese(code) else chr(code)
        return self[code]


class _WithoutMarks(dict):
    def __missing__(self, code: int) -> str:
        self[code] = "" if unicodedata.category(chr(code)) == "Mn" else chr(code)
        return self[code]


class _SignsApart(dict):
    def __missing__(self, code: int) -> str:
        self[code] = f" {chr(code)} " if is_punctuation(chr(code)) else chr(code)
        return self[code]


_CLEAN, _CHINESE_APART = _Clean(), _ChineseApart()
_WITHOUT_MARKS, _SIGNS_APART = _WithoutMarks(), _SignsApart()


def normalize(text: str, *, lower: bool = True, strip_accents: bool | None = None) -> str:
    """BERT's cleaned text: spaces plain, control characters gone, spaces around Chinese characters.

    Args:
        text: any text.
        lower: small letters, as the "uncased" models have it.
        strip_accents: é becomes e. The letters are taken apart for it (NFD), and stay so: a Korean syllable
            falls into its two or three letters. None: as `lower`.
    """
    text = text.translate(_CLEAN).translate(_CHINESE_APART)
    if lower if strip_accents is None else strip_accents:
        text = unicodedata.normalize("NFD", text).translate(_WITHOUT_MARKS)
    # Character by character: str.lower alone would write the last Σ of a word in another way.
    return text.replace("Σ", "σ").lower() if lower else text


def bert_words(text: str, *, lower: bool = True, strip_accents: bool | None = None) -> list[str]:
    """Words and signs of a text, cleaned as by `normalize`: "Don't!" gives don, ', t, !."""
    return normalize(text, lower=lower, strip_accents=strip_accents).translate(_SIGNS_APART).split()


def aligned_words(
    text: str, *, lower: bool = True, strip_accents: bool | None = None
) -> list[tuple[str, list[int]]]:
    """As `bert_words`, each with the place in `text` that every one of its characters comes from."""
    words: list[tuple[str, list[int]]] = []
    apart = True  # the next character begins a word
    for place, sign in enumerate(text):
        # What cleaning makes of one character does not depend on its neighbours.
        cleaned = normalize(sign, lower=lower, strip_accents=strip_accents)
        for part in cleaned.translate(_SIGNS_APART):
            if part.isspace():
                apart = True
                continue
            if apart:
                words.append(("", []))
                apart = False
            word, places = words[-1]
            words[-1] = word + part, [*places, place]
    return words
