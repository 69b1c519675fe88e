"""Lesson 09: bits per character."""

import math

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference

BITS_PER_CHARACTER = Exercise(
    id="09.bits_per_character",
    title="Bits per character",
    reference=lambda nats_per_token, n_tokens, n_characters: (
        nats_per_token * n_tokens / n_characters / math.log(2)
    ),
    cases=lambda: [
        (math.log(2), 100, 100),
        (2 * math.log(2), 50, 100),
        (3.6, 15_000, 62_000),
        (1.0, 62_000, 62_000),
    ],
    properties=[
        matches_reference("With one token per character, each costing ln 2 nats: is it 1 bit?", cases=0),
        matches_reference(
            "With half as many tokens, each costing twice as much: is it still 1 bit?", cases=1
        ),
        matches_reference("Is it right for other texts?", cases=[2, 3]),
    ],
    hints=[
        "How many nats does the whole text cost?",
        "The whole text costs nats_per_token · n_tokens. A nat is 1 / ln 2 bits.",
        "Divide the cost of the whole text by its characters, and by `math.log(2)`.",
    ],
    mistakes=[
        Mistake(
            "in nats",
            lambda nats, tokens, characters: nats * tokens / characters,
            "That is in nats; divide by ln 2 for bits.",
        ),
        Mistake(
            "bits per token",
            lambda nats, tokens, characters: nats / math.log(2),
            "That is bits per token; a token is several characters.",
        ),
        Mistake(
            "upside down",
            lambda nats, tokens, characters: nats * characters / tokens / math.log(2),
            "Your fraction is upside down: a token is several characters, so a character costs less than a token.",
        ),
        Mistake(
            "times ln 2",
            lambda nats, tokens, characters: nats * tokens / characters * math.log(2),
            "You multiplied by ln 2; a nat is more than a bit, so divide.",
        ),
        Mistake(
            "of the perplexity",
            lambda nats, tokens, characters: math.exp(nats) * tokens / characters / math.log(2),
            "You took the perplexity; bits come from the loss itself.",
        ),
        Mistake(
            "of the perplexity, in nats",
            lambda nats, tokens, characters: math.exp(nats) * tokens / characters,
            "You took the perplexity, e to the loss; the bits come from the loss itself, divided by ln 2.",
        ),
        Mistake(
            "perplexity per character",
            lambda nats, tokens, characters: 2 ** (nats * tokens / characters / math.log(2)),
            "You raised 2 to the bits: that is a perplexity per character; return the bits.",
        ),
        Mistake(
            "log of the loss",
            lambda nats, tokens, characters: math.log2(nats) * tokens / characters,
            "You took the logarithm of the loss, which is a logarithm already; a nat is 1 / ln 2 bits.",
        ),
        Mistake(
            "log of the nats per character",
            lambda nats, tokens, characters: math.log2(nats * tokens / characters),
            "You took the logarithm of the nats per character; the loss is a logarithm already, divide by ln 2.",
        ),
        Mistake(
            "multiplied inside the logarithm",
            lambda nats, tokens, characters: math.log2(math.exp(nats) * tokens / characters),
            "You multiplied the perplexity by tokens / characters; the loss itself, in bits, is multiplied by that.",
        ),
        Mistake(
            "mean taken for the sum",
            lambda nats, tokens, characters: nats / characters / math.log(2),
            "The loss is a mean per token; the whole text costs n_tokens times that.",
        ),
        Mistake(
            "log10",
            lambda nats, tokens, characters: nats * tokens / characters / math.log10(2),
            "You divided by the decimal logarithm of 2; nats belong to the natural one, math.log(2).",
        ),
        Mistake(
            "one token less",
            lambda nats, tokens, characters: nats * (tokens - 1) / characters / math.log(2),
            "You counted one token less; n_tokens tokens cost nats_per_token each.",
        ),
        Mistake(
            "characters per bit",
            lambda nats, tokens, characters: characters * math.log(2) / (nats * tokens),
            "That is how many characters a bit pays for; you are asked for the bits of a character.",
        ),
        Mistake(
            "in bytes",
            lambda nats, tokens, characters: nats * tokens / characters / math.log(2) / 8,
            "You divided by 8, which gives bytes; the answer is in bits.",
        ),
        Mistake(
            "halved",
            lambda nats, tokens, characters: nats * tokens / characters / 2,
            "You divided by 2; a nat is 1 / ln 2 bits, so divide by ln 2, about 0.69.",
        ),
        Mistake(
            "whole characters per token",
            lambda nats, tokens, characters: nats / max(characters // tokens, 1) / math.log(2),
            "// drops the fraction of the characters per token; divide with /.",
        ),
        Mistake(
            "whole tokens per character",
            lambda nats, tokens, characters: nats * (tokens // characters) / math.log(2),
            "// drops the fraction, and a character has less than one token; divide with /.",
        ),
        Mistake(
            "whole text",
            lambda nats, tokens, characters: nats * tokens / math.log(2),
            "Those are the bits of the whole text; divide by its characters.",
        ),
    ],
)
