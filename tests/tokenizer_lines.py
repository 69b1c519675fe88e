"""Lines on which tokenizers are compared: real ones from the data folder, and strange ones."""

import gzip
import os
import random
import unicodedata
from pathlib import Path

import pytest


def real_lines() -> list[str]:
    """Lines of the data folder: captions, Wikipedia, English beside Chinese, text messages, tweets."""
    if not os.environ.get("COURSE_DATA"):
        pytest.skip("needs the real data: set COURSE_DATA to a folder with it")
    folder = Path(os.environ["COURSE_DATA"])

    def lines(name: str) -> list[str]:
        data = (folder / name).read_bytes()
        return (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8").splitlines()

    tweets = "\n".join(lines("wnut17-test.conll")).split("\n\n")
    return [
        *lines("multi30k-train.en.gz")[:2000],
        *lines("multi30k-train.de.gz")[:1000],
        *lines("wikitext2-valid.txt")[:2000],
        *lines("tatoeba-eng-cmn.txt")[:2500],
        *lines("sms-spam.tsv")[:2500],
        *(" ".join(row.split("\t")[0] for row in tweet.splitlines()) for tweet in tweets),
    ]


def strange_lines(n: int = 1000) -> list[str]:
    """Lines with emoji, joiners, control characters, combining accents and many scripts; the same every time."""
    drawn = random.Random(9)
    pools = [
        "abc XYZ 'S 's 're don't I'LL 12 3.5 ½ ² Ⅷ ",
        "\t\n\r\x00\x07\x0b\x0c\x1c\x1f\x7f\x85\xa0\u200b\u200d\u2028\u3000\ufeff\ufffd",
        "é e\u0301 n\u0303 a\u0327\u0323 İ ı ß Σ ΑΣ ς Å ﬁ ",
        "😀 👩‍👩‍👧 🏳️‍🌈 👍🏽 🇩🇪 ❤️ ☃ ",
        "她说：“我喝3杯coffee。” 〇々ー 𠀀 ",
        "これはペン カタカナ 한국어 각 Привет мир й שלום नमस्ते ไทย العربية٣ ",
        "!?.,;:-_()[]{}<>|~^`´¨$€£%&*+=/\\@#…—„“«»¿ ",
    ]
    return [
        "".join("".join(drawn.choices(drawn.choice(pools), k=drawn.randint(1, 6))) for _ in range(8))
        for _ in range(n)
    ]


def is_old(code: int) -> bool:
    """Whether Unicode 3.2 (2002) had this character and nothing has changed since.

    tokenizers' tables of marks and of punctuation are old, its other tables newer than Python's: for later
    characters the two may differ.
    """
    sign = chr(code)
    now = unicodedata.category(sign)
    return unicodedata.ucd_3_2_0.category(sign) == now and now not in ("Cn", "Cs")


def old_codes() -> list[int]:
    """Old characters: all small blocks, and samples of the large ones."""
    codes = [
        *range(0x3400),
        *range(0x3400, 0xE000, 37),
        *range(0xE000, 0x20000),
        *range(0x20000, 0x110000, 997),
    ]
    return list(filter(is_old, codes))
