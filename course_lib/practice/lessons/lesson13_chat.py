"""Lesson 13: the chat template of SmolLM2 (ChatML)."""

import os

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise
from course_lib.practice.lessons.lesson13_chat_mistakes import (
    ASSISTANT,
    MISTAKES,
    START,
    chat_prompt,
    message,
)
from course_lib.practice.properties import holds


def _cases() -> list[tuple]:
    system, question = message("system", "Answer in one word."), message("user", "Capital of France?")
    answer = message("assistant", "Paris.")
    return [
        ([message("user", "Hello")],),
        ([system, question],),
        ([question, answer, message("user", "And of Italy?")],),
        ([message("user", "  def f(x):\n\n    return {x}  # 5 %\n")],),
        ([question, answer],),
        ([system, question, answer, message("user", "Thanks"), message("assistant", ""), question, *_drawn()],),
    ]


def _drawn() -> list[dict]:
    """A question and an answer made of numbers: they are different ones for a teacher who keeps a seed."""
    first, second = torch.randint(10, 1000, (2,), generator=seeded(13)).tolist()
    return [message("assistant", "Paris."), message("user", f"What is {first} + {second}?")]


def _text(value: str) -> str:
    """A piece of text as a learner would write it, cut at 40 characters."""
    return repr(value if len(value) <= 40 else value[:39] + "…")


def _as_expected(text: str, messages: list) -> bool | str:
    expected = chat_prompt(messages)
    if text == expected:
        return True
    same = len(os.path.commonprefix([text, expected]))
    before = expected[:same][-20:]
    place = f"after {before!r} " if before else "at the beginning "
    has = f"you have {_text(text[same:])}" if text[same:] else "your text ends"
    wanted = _text(expected[same:]) if expected[same:] else "the end of the text"
    return f"{place}{has}, expected {wanted}."


CHAT_PROMPT = Exercise(
    id="13.chat_prompt",
    title="The chat template",
    reference=chat_prompt,
    cases=_cases,
    properties=[
        holds(
            "Does a message begin with <|im_start|>, its role and a line break?",
            lambda text, messages: (
                text.startswith(f"{START}user\n") or f"your text begins with {_text(text[:24])}."
            ),
            cases=0,
        ),
        holds(
            "Does the text end with <|im_start|>assistant and a line break?",
            lambda text, messages: text.endswith(ASSISTANT) or f"your text ends with {text[-24:]!r}.",
            cases=0,
        ),
        holds("Is one message right, to the last line break?", _as_expected, cases=0),
        holds("Are two messages written one after the other?", _as_expected, cases=1),
        holds("With an earlier answer, is the assistant opened at the end only?", _as_expected, cases=2),
        holds(
            "Is the content kept as it is, with its blanks, braces and line breaks?", _as_expected, cases=3
        ),
        holds("Is a last message of the assistant closed, and a new one opened?", _as_expected, cases=4),
        holds("Is a longer conversation right?", _as_expected, cases=5),
    ],
    hints=[
        "How does the model see where a message ends, who speaks, and that it is its turn?",
        "Build the text message by message; what opens the assistant's message comes once, after the loop.",
        "Start with `text = \"\"`. In the loop, add an f-string with `{message['role']}` and `{message['content']}`; "
        r"a line break is `\n`.",
    ],
    mistakes=MISTAKES,
)
