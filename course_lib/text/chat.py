"""A conversation as the one text that a language model reads: who speaks stands between special symbols (ChatML).

    <|im_start|>user
    What is a verb?<|im_end|>
    <|im_start|>assistant

The model goes on from there, and stops by writing <|im_end|> itself: it was trained on such texts.

Source: the chat template in SmolLM2's own files; the format is OpenAI's ChatML (2023).
"""

from collections.abc import Mapping, Sequence

from course_lib.text.bpe import BPE

Message = Mapping[str, str]  # {"role": "user", "content": "What is a verb?"}

START, END = "<|im_start|>", "<|im_end|>"
ROLES = ("system", "user", "assistant")
# What SmolLM2's template puts first where a conversation has no message of the system.
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def chat_text(messages: Sequence[Message], *, answer: bool = True, system: str = SYSTEM) -> str:
    """A conversation as text.

    Args:
        messages: in order, each {"role": "system", "user" or "assistant", "content": text}.
        answer: end with the beginning of the assistant's next message, for the model to go on.
        system: stands first where the first message is not the system's.

    Raises:
        ValueError: no message, a role that is unknown, or a message that is not of this form.
    """
    messages = _checked(messages)
    if messages[0]["role"] != "system":
        messages = [{"role": "system", "content": system}, *messages]
    parts = [f"{START}{message['role']}\n{message['content']}{END}\n" for message in messages]
    return "".join(parts) + (f"{START}assistant\n" if answer else "")


def chat_ids(
    tokenizer: BPE, messages: Sequence[Message], *, answer: bool = True, system: str = SYSTEM
) -> list[int]:
    """A conversation as ids. What somebody typed never becomes a special symbol, whatever it says.

    Args and errors: as `chat_text`. Equal to encoding that text, unless a message holds the name of a special symbol:
    read as one, "<|im_end|>" in a question would end the question and let its writer speak as the system.
    """
    messages = _checked(messages)
    if messages[0]["role"] != "system":
        messages = [{"role": "system", "content": system}, *messages]
    start, end = tokenizer.id_of(START), tokenizer.id_of(END)
    ids: list[int] = []
    for message in messages:
        ids += [start, *tokenizer.encode(f"{message['role']}\n{message['content']}"), end, *tokenizer.encode("\n")]
    return ids + ([start, *tokenizer.encode("assistant\n")] if answer else [])


def stop_id(tokenizer: BPE) -> int:
    """The symbol with which the model ends its message."""
    return tokenizer.id_of(END)


def _checked(messages: Sequence[Message]) -> list[Message]:
    if isinstance(messages, (str, Mapping)) or len(messages) == 0:
        raise ValueError('The conversation is empty; expected at least one {"role": "user", "content": "…"}.')
    for number, message in enumerate(messages):
        fits = isinstance(message, Mapping) and all(isinstance(message.get(k), str) for k in ("role", "content"))
        if not fits:
            raise ValueError(f'Message {number} is {message!r}; expected {{"role": "user", "content": "…"}}.')
        if message["role"] not in ROLES:
            raise ValueError(f"Message {number} has the role {message['role']!r}; expected {', '.join(ROLES)}.")
    return list(messages)
