"""Answers of a chat model: conversations in, texts out."""

from collections.abc import Sequence

import torch

from course_lib.decoding.generation import generate
from course_lib.models.transformer import DecoderOnly
from course_lib.text.bpe import BPE
from course_lib.text.chat import SYSTEM, Message, chat_ids, stop_id


def chat_answers(
    model: DecoderOnly,
    tokenizer: BPE,
    conversations: Sequence[str | Sequence[Message]],
    n_new: int = 100,
    *,
    system: str = SYSTEM,
    temperature: float = 0.0,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    batch_size: int = 16,
) -> list[str]:
    """What the assistant says next in each conversation.

    Several are written at once: a batch of prompts of unequal lengths reads every weight once for all of them.

    Args:
        conversations: each a list of messages, as in `course_lib.text.chat`, or the text of one question.
        n_new: tokens of an answer at most; the model may stop earlier.
        system: the system's message where a conversation has none of its own.
        temperature, top_p, generator: as in `generate`; temperature 0 takes the likeliest.
        batch_size: conversations at a time.

    Returns:
        One text each, without the symbol that ends it.

    Raises:
        ValueError: an empty conversation, a message of another form, or an option out of its range.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; expected at least 1.")
    end = stop_id(tokenizer)
    prompts = [
        chat_ids(
            tokenizer, [{"role": "user", "content": one}] if isinstance(one, str) else one, system=system
        )
        for one in conversations
    ]
    answers = []
    for first in range(0, len(prompts), batch_size):
        batch = prompts[first : first + batch_size]
        lengths = torch.tensor([len(ids) for ids in batch])
        padded = torch.full((len(batch), int(lengths.max())), end)  # (batch, time)
        for row, ids in enumerate(batch):
            padded[row, : len(ids)] = torch.tensor(ids)
        written = generate(
            model,
            padded,
            n_new,
            lengths=lengths,
            temperature=temperature,
            top_p=top_p,
            generator=generator,
            eos_id=end,
        )
        for row, ids in zip(written.tolist(), batch, strict=True):
            new = row[len(ids) : len(ids) + n_new]
            answers.append(tokenizer.decode(new[: new.index(end)] if end in new else new))
    return answers
