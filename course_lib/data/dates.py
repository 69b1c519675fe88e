"""Generated task: dates as people write them → "1991-04-26", with the true alignment of every target character.

    freitag, 26. april 1991  → 1991-04-26        apr 5, 2012           → 2012-04-05
    1991年4月26日星期五      → 1991-04-26        viernes, 26 de abril de 1991 → 1991-04-26

Twelve languages; month and weekday names and the long forms come from the Unicode CLDR through Babel. The years go
from 1000 to 2999, so that each of their four digits must be read: none can be guessed from the others. (The calendar
is today's, carried back and on.) Every source has exactly one right answer: forms like 04/05/1991, which readers of
different countries read differently, are left out, and years of two digits are written in one century only, from
1950 to 2049.

A date belongs to one split for ever, and a source names one date, so no source of one split occurs in
another.
"""

from dataclasses import dataclass
from datetime import date as Date
from functools import cache

import torch
from babel.dates import get_date_format, get_day_names, get_month_names, tokenize_pattern
from torch import Tensor

FIRST, LAST = Date(1000, 1, 1), Date(2999, 12, 31)
FIRST_SHORT, LAST_SHORT = (
    Date(1950, 1, 1),
    Date(2049, 12, 31),
)  # the dates whose year may be written in two digits
TARGET_CHARACTERS = "-0123456789"
TARGET_LEN = 10
SPLITS = ("train", "validation", "test")

# Unicode date patterns (UTS #35, part 4): y year, M month, d day, E weekday; MMMM and EEEE are whole names,
# MMM and EEE short ones, a doubled letter is a padded number. "full" and "long" stand for the language's own
# customs.
_EVERYWHERE = (
    "full",
    "long",
    "d MMMM y",
    "dd MMMM y",
    "d MMM y",
    "dd MMM y",
    "EEE d MMM y",
    "EEEE d MMMM y",
    "d MMM ''yy",
)
PATTERNS: dict[str, tuple[str, ...]] = {
    "en": (*_EVERYWHERE, "MMM d, y", "MMMM dd, y", "EEE, MMM d, y", "MMMM d, ''yy"),
    "de": (*_EVERYWHERE, "d. MMM y", "EEE, d. MMMM y"),
    "fr": (*_EVERYWHERE, "'le' d MMMM y"),
    "es": (*_EVERYWHERE, "d 'de' MMMM 'del' y"),
    "it": _EVERYWHERE,
    "nl": _EVERYWHERE,
    "pt": (*_EVERYWHERE, "d 'de' MMM 'de' y"),
    "sv": (*_EVERYWHERE, "'den' d MMMM y", "y-MM-dd"),
    "pl": _EVERYWHERE,
    "ru": _EVERYWHERE,
    "el": _EVERYWHERE,
    "zh": ("full", "long", "y年MM月dd日", "y年M月d日EEE", "y年M月d日 EEEE", "y/M/d", "y/MM/dd"),
}
LOCALES: tuple[str, ...] = tuple(PATTERNS)
_TARGET_FIELDS = {"year": range(0, 4), "month": range(5, 7), "day": range(8, 10)}  # in "1991-04-26"


@dataclass(frozen=True)
class DateExample:
    """A date as written, as ISO 8601 has it, and where each of the ten target characters comes from.

    ``alignment[t]`` are the source positions that tell target character t: for a digit of the year, the month
    or the day the same digit of the source; for both digits of a month that is written as a name, all letters
    of the name. A leading zero that the source does not write is told by the one digit there ("5" → "05":
    both point to the "5"). Nothing in the source tells a hyphen, or the century of a two-digit year: the
    empty tuple.
    """

    source: str
    target: str
    alignment: tuple[tuple[int, ...], ...]
    locale: str
    pattern: str

    @property
    def copied(self) -> tuple[int, ...]:
        """The target positions whose character stands in the source and has only to be copied from one place."""
        return tuple(
            t
            for t, positions in enumerate(self.alignment)
            if len(positions) == 1 and self.source[positions[0]] == self.target[t]
        )

    def span(self, field: str) -> tuple[int, int]:
        """Where the source writes the "year", "month" or "day": (start, stop), from its first to its last character."""
        if field not in _TARGET_FIELDS:
            raise ValueError(f"field must be one of {', '.join(_TARGET_FIELDS)}, not {field!r}.")
        positions = [position for t in _TARGET_FIELDS[field] for position in self.alignment[t]]
        return min(positions), max(positions) + 1

    def alignment_matrix(self) -> Tensor:
        """The alignment as a boolean matrix (target_len, source_len), True where a source position tells a target."""
        matrix = torch.zeros(TARGET_LEN, len(self.source), dtype=torch.bool)
        for t, positions in enumerate(self.alignment):
            matrix[t, list(positions)] = True
        return matrix


def sample(
    n: int,
    split: str = "train",
    seed: int | torch.Generator = 0,
    locales: tuple[str, ...] = LOCALES,
) -> list[DateExample]:
    """Return n examples of a split: language, pattern (of that language) and date are drawn uniformly.

    A date is one of those that the pattern can write (1950 to 2049 for years of two digits). Dates are split once
    and for all: 80 % "train", 10 % "validation", 10 % "test". Raises ValueError for a
    negative n, or a split or locale that there is not.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ValueError(f"n is the number of examples, an integer of at least 0, not {n!r}.")
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, not {split!r}.")
    if isinstance(locales, str) or not locales:
        raise ValueError(
            f"locales must be a sequence of one or more of {', '.join(LOCALES)}, not {locales!r}."
        )
    for locale in locales:
        _check_locale(locale)
    generator = _generator(seed)
    examples = []
    for draws in torch.rand(n, 3, dtype=torch.float64, generator=generator).tolist():
        locale = locales[int(draws[1] * len(locales))]
        pattern = PATTERNS[locale][int(draws[2] * len(PATTERNS[locale]))]
        days = _days(split, _has_short_year(locale, pattern))
        examples.append(write(Date.fromordinal(int(days[int(draws[0] * len(days))])), locale, pattern))
    return examples


def split_of(date: Date) -> str:
    """Return the split that a date belongs to."""
    share = _share(date.toordinal())
    return "train" if share < 0.8 else "validation" if share < 0.9 else "test"


def write(date: Date, locale: str, pattern: str) -> DateExample:
    """Write a date in a language by a pattern: "full", "long" or a Unicode date pattern of y, M, d and E.

    The result is lower-cased, and its special spaces are plain ones. Raises ValueError for a date outside
    1950 to 2049, for a locale or pattern field that this task does not have, and for a pattern without year,
    month or day.
    """
    if not FIRST <= date <= LAST:
        raise ValueError(f"date must lie between {FIRST} and {LAST}, not {date}.")
    _check_locale(locale)
    if _has_short_year(locale, pattern) and not FIRST_SHORT <= date <= LAST_SHORT:
        raise ValueError(
            f"date must lie between {FIRST_SHORT} and {LAST_SHORT} where two digits stand for the year, not {date}."
        )
    source, alignment = "", [()] * TARGET_LEN
    for letter, width, literal in _pieces(locale, pattern):
        text = _field(date, locale, letter, width) if letter else literal
        start = len(source)
        source += text
        if letter == "y":
            digits = range(start, len(source))
            alignment[4 - len(text) : 4] = [(position,) for position in digits]
        elif letter in ("M", "d"):
            first = 5 if letter == "M" else 8
            if text.isdigit():
                alignment[first : first + 2] = [(start,), (len(source) - 1,)]
            else:
                name = tuple(start + i for i, character in enumerate(text) if character.isalpha())
                alignment[first : first + 2] = [name, name]
    return DateExample(source, date.isoformat(), tuple(alignment), locale, pattern)


@cache
def source_characters() -> str:
    """Return every character that a source can have, sorted: the vocabulary of the encoder."""
    characters = set("0123456789")
    for locale, patterns in PATTERNS.items():
        for pattern in patterns:
            for letter, width, literal in _pieces(locale, pattern):
                for day in range(28):  # 28 steps of 13 days meet every month and every weekday
                    date = Date.fromordinal(FIRST.toordinal() + 13 * day)
                    characters.update(_field(date, locale, letter, width) if letter else literal)
    return "".join(sorted(characters))


@cache
def _days(split: str, short: bool) -> Tensor:
    """The ordinals of a split's days: all of them, or those that two digits of the year can name."""
    first, last = (FIRST_SHORT, LAST_SHORT) if short else (FIRST, LAST)
    days = torch.arange(first.toordinal(), last.toordinal() + 1)
    share = _share(days)
    bounds = {"train": (0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1)}[split]
    return days[(share >= bounds[0]) & (share < bounds[1])]


def _share(day):
    """A fixed scramble of day numbers (an int, or a tensor of them) to [0, 1): Fibonacci hashing."""
    return day * 2654435769 % 2**32 / 2**32


@cache
def _has_short_year(locale: str, pattern: str) -> bool:
    return any(letter == "y" and width == 2 for letter, width, _ in _pieces(locale, pattern))


@cache
def _pieces(locale: str, pattern: str) -> tuple[tuple[str, int, str], ...]:
    """Split a pattern into (field letter, width, "") and ("", 0, literal text)."""
    if pattern in ("full", "long"):
        pattern = get_date_format(pattern, locale).pattern
    pieces = []
    for kind, value in tokenize_pattern(pattern):
        if kind == "chars":
            pieces.append(("", 0, _plain(value)))
        elif value[0] in "yMdE":
            pieces.append((*value, ""))
        else:
            raise ValueError(
                f"The pattern {pattern!r} has the field {value[0] * value[1]!r}; only y, M, d and E are known."
            )
    missing = [letter for letter in "yMd" if letter not in [piece[0] for piece in pieces]]
    if missing:
        raise ValueError(
            f"The pattern {pattern!r} needs the field {missing[0]!r}: without it the date is unknown."
        )
    return tuple(pieces)


def _field(date: Date, locale: str, letter: str, width: int) -> str:
    if letter == "E" or (letter == "M" and width > 2):
        return _names(locale, letter, width)[date.weekday() if letter == "E" else date.month]
    if letter == "y":
        return f"{date.year % 100:02d}" if width == 2 else str(date.year)
    return f"{date.month if letter == 'M' else date.day:0{width}d}"


@cache
def _names(locale: str, letter: str, width: int) -> dict[int, str]:
    names = get_day_names if letter == "E" else get_month_names
    return {
        number: _plain(name)
        for number, name in names("wide" if width == 4 else "abbreviated", "format", locale).items()
    }


def _plain(text: str) -> str:
    """Lower-case, with every kind of space (CLDR has narrow and no-break ones) as a plain one."""
    return "".join(" " if character.isspace() else character for character in text.lower())


def _check_locale(locale: str) -> None:
    if locale not in PATTERNS:
        raise ValueError(f"locale must be one of {', '.join(LOCALES)}, not {locale!r}.")


def _generator(seed: int | torch.Generator) -> torch.Generator:
    if isinstance(seed, torch.Generator):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValueError(f"seed must be an integer or a torch.Generator, not {seed!r}.")
    return torch.Generator().manual_seed(seed)
