"""Dates: one right answer for each source, an alignment that points to the right characters, splits that never meet."""

import datetime
from collections import Counter, defaultdict

import pytest
import torch
from babel.dates import format_date

from course_lib.data import dates

MONTH, DAY = (5, 6), (8, 9)


@pytest.fixture(scope="module")
def examples() -> list[dates.DateExample]:
    return dates.sample(4000, seed=1)


def test_enough_languages_and_formats(examples):
    assert len({example.locale for example in examples}) >= 8
    assert len({example.pattern for example in examples}) >= 15
    assert {(e.locale, e.pattern) for e in examples} == {
        (lo, p) for lo, ps in dates.PATTERNS.items() for p in ps
    }


def test_known_dates():
    day = datetime.date(1991, 4, 26)
    assert dates.write(day, "de", "full").source == "freitag, 26. april 1991"
    assert dates.write(day, "en", "MMM d, y").source == "apr 26, 1991"
    assert dates.write(day, "es", "long").source == "26 de abril de 1991"
    assert dates.write(day, "zh", "full").source == "1991年4月26日星期五"
    assert dates.write(day, "ru", "long").source == "26 апреля 1991 г."
    assert dates.write(day, "fr", "d MMM ''yy").source == "26 avr. '91"
    assert dates.write(day, "en", "long").target == "1991-04-26"


def test_target_is_the_date_and_both_have_the_announced_characters(examples):
    for example in examples:
        assert datetime.date.fromisoformat(example.target).isoformat() == example.target
        assert len(example.target) == dates.TARGET_LEN
        assert set(example.target) <= set(dates.TARGET_CHARACTERS)
        assert set(example.source) <= set(dates.source_characters())
        assert example.source == example.source.lower()
        assert not any(character.isspace() and character != " " for character in example.source)


def test_source_is_what_babel_writes(examples):
    for example in examples[:800]:
        date = datetime.date.fromisoformat(example.target)
        written = format_date(date, example.pattern, locale=example.locale).lower()
        assert example.source == written.replace("\u202f", " ").replace("\xa0", " ")


def test_every_character_of_the_vocabulary_occurs():
    written = set()
    for locale, patterns in dates.PATTERNS.items():
        for pattern in patterns:
            for month in range(1, 13):
                for day in range(1, 9):
                    written |= set(dates.write(datetime.date(2024, month, day), locale, pattern).source)
    assert set(dates.source_characters()) == written | set("0123456789")


def test_alignment_reads_the_right_characters(examples):
    months = defaultdict(set)
    for example in examples:
        read = ["".join(example.source[i] for i in positions) for positions in example.alignment]
        assert read[4] == read[7] == ""
        if read[0]:
            assert "".join(read[:4]) == example.target[:4]
        else:  # a two-digit year
            assert read[1] == "" and "".join(read[2:4]) == example.target[2:4]
        day = example.target[8:]
        assert (read[8], read[9]) in {(day[0], day[1]), (day[1], day[1])}
        assert (read[8] == day[0]) or day[0] == "0"
        if read[5].isdigit():
            assert read[6] == example.target[6] and read[5] in {example.target[5], read[6]}
        else:
            assert read[5] == read[6] and read[5].isalpha()
            months[read[5]].add(example.target[5:7])
    # The letters alone tell the month, in whatever language.
    assert len(months) > 100 and all(len(numbers) == 1 for numbers in months.values())


def test_alignment_of_digits_is_in_the_right_field():
    example = dates.write(datetime.date(2022, 2, 2), "sv", "y-MM-dd")
    assert example.alignment == ((0,), (1,), (2,), (3,), (), (5,), (6,), (), (8,), (9,))
    assert example.copied == (0, 1, 2, 3, 5, 6, 8, 9)
    example = dates.write(datetime.date(2022, 2, 2), "nl", "EEE d MMM y")  # "wo 2 feb 2022"
    assert example.alignment == ((9,), (10,), (11,), (12,), (), (5, 6, 7), (5, 6, 7), (), (3,), (3,))
    assert example.copied == (0, 1, 2, 3, 9)


def test_alignment_matrix(examples):
    for example in examples[:50]:
        matrix = example.alignment_matrix()
        assert matrix.shape == (10, len(example.source)) and matrix.dtype == torch.bool
        assert [tuple(row.nonzero().flatten().tolist()) for row in matrix] == list(example.alignment)


def test_spans_of_the_fields():
    example = dates.write(datetime.date(1991, 4, 5), "es", "full")  # "viernes, 5 de abril de 1991"
    read = {field: example.source[slice(*example.span(field))] for field in ("year", "month", "day")}
    assert read == {"year": "1991", "month": "abril", "day": "5"}
    assert dates.write(datetime.date(1991, 4, 5), "nl", "d MMM ''yy").span("year") == (7, 9)
    with pytest.raises(ValueError, match="field must be one of year, month, day"):
        example.span("week")


def test_a_source_has_one_answer():
    """All languages and patterns, over days that share their digits: no two dates are written alike."""
    answers = {}
    for year in (1950, 2012, 2020, 2049):
        for month in range(1, 13):
            for day in (1, 2, 11, 12, 20):
                for locale, patterns in dates.PATTERNS.items():
                    for pattern in patterns:
                        example = dates.write(datetime.date(year, month, day), locale, pattern)
                        assert answers.setdefault(example.source, example.target) == example.target


def test_splits_share_no_date_and_no_source(examples):
    splits = {split: dates.sample(3000, split, seed=0) for split in dates.SPLITS}
    for example in [e for split in splits.values() for e in split]:
        assert example in splits[dates.split_of(datetime.date.fromisoformat(example.target))]
        break
    for split, drawn in splits.items():
        assert {dates.split_of(datetime.date.fromisoformat(e.target)) for e in drawn} == {split}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not {e.source for e in splits[one]} & {e.source for e in splits[other]}
        assert not {e.target for e in splits[one]} & {e.target for e in splits[other]}


def test_split_sizes_and_spread():
    days = [dates.FIRST + datetime.timedelta(days=i) for i in range((dates.LAST - dates.FIRST).days + 1)]
    counts = Counter(dates.split_of(day) for day in days)
    assert counts["train"] / len(days) == pytest.approx(0.8, abs=0.01)
    assert counts["test"] / len(days) == pytest.approx(0.1, abs=0.01)
    test_days = [day for day in days if dates.split_of(day) == "test"]
    assert len({day.month for day in test_days}) == 12 and len({day.day for day in test_days}) == 31
    assert len({day.year for day in test_days}) == 2000


def test_samples_are_repeatable_and_a_generator_goes_on():
    assert dates.sample(20, seed=3) == dates.sample(20, seed=3) != dates.sample(20, seed=4)
    generator = torch.Generator().manual_seed(3)
    assert dates.sample(20, seed=generator) == dates.sample(20, seed=3) != dates.sample(20, seed=generator)
    assert dates.sample(0) == []


def test_no_digit_of_a_year_can_be_guessed_from_the_others(examples):
    years = {example.target[:4] for example in examples if "yy" not in example.pattern}
    for place in range(4):
        seen = defaultdict(set)
        for year in years:
            seen[year[:place] + year[place + 1 :]].add(year[place])
        assert any(len(digits) > 1 for digits in seen.values())
    assert {year[0] for year in years} == set("12") and {year[1] for year in years} == set("0123456789")


def test_two_digits_stand_for_one_century_only(examples):
    short = [example for example in examples if "yy" in example.pattern]
    assert short and all("1950" <= example.target[:4] <= "2049" for example in short)


def test_chosen_locales_only():
    assert {example.locale for example in dates.sample(100, locales=("de", "zh"))} == {"de", "zh"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dates.sample(-1), "n is the number of examples"),
        (lambda: dates.sample(True), "n is the number of examples"),
        (lambda: dates.sample(3, "dev"), "split must be one of train, validation, test, not 'dev'"),
        (lambda: dates.sample(3, seed=1.5), "seed must be"),
        (lambda: dates.sample(3, locales=("xx",)), "locale must be one of en, .* not 'xx'"),
        (lambda: dates.sample(3, locales="de"), "locales must be a sequence"),
        (lambda: dates.sample(3, locales=()), "locales must be a sequence"),
        (lambda: dates.write(datetime.date(999, 1, 1), "en", "long"), "between 1000-01-01 and 2999-12-31"),
        (
            lambda: dates.write(datetime.date(1900, 1, 1), "en", "d MMM ''yy"),
            "between 1950-.* where two digits",
        ),
        (lambda: dates.write(datetime.date(1990, 1, 1), "en", "d MMMM"), "needs the field 'y'"),
        (lambda: dates.write(datetime.date(1990, 1, 1), "en", "d MMMM y G"), "has the field 'G'"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
