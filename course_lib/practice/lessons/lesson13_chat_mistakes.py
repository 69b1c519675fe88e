"""Lesson 13: the chat template, and the ways to get it wrong."""

from course_lib.practice.exercise import Mistake

START, END, ASSISTANT = "<|im_start|>", "<|im_end|>", "<|im_start|>assistant\n"


def chat_prompt(messages):
    """[{"role": …, "content": …}, …] → the text that the model continues."""
    text = ""
    for message in messages:
        text += f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n"
    return text + "<|im_start|>assistant\n"


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _written(
    *, start=START, between="\n", end=END, after="\n", opening=ASSISTANT, role=str, content=str, use=list
):
    """The template; the options are the ways to get it wrong. use(messages): those that are written."""

    def chat_prompt(messages):
        return (
            "".join(
                f"{start}{role(message['role'])}{between}{content(message['content'])}{end}{after}"
                for message in use(messages)
            )
            + opening
        )

    return chat_prompt


def _changed(change):
    """change(text, messages) → the wrong text, from the right one."""
    return lambda messages: change(chat_prompt(messages), messages)


def _system_of_its_own(messages):
    system = message("system", "You are a helpful assistant.")
    return messages if messages and messages[0]["role"] == "system" else [system, *messages]


def _system_of_smollm(messages):
    system = message("system", "You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    return messages if messages and messages[0]["role"] == "system" else [system, *messages]


def _opened_only_after_a_user(text, messages):
    return text if messages and messages[-1]["role"] == "user" else text.removesuffix(ASSISTANT)


def _answer_left_open(text, messages):
    is_answer = messages and messages[-1]["role"] == "assistant"
    return text.removesuffix(f"{END}\n{ASSISTANT}") if is_answer else text


def _first_alone(messages):
    for message in messages:
        return chat_prompt([message])


def _appended(messages):
    messages.append(message("assistant", ""))
    return chat_prompt(messages[:-1])


MISTAKES = [
    Mistake(
        "not opened",
        _written(opening=""),
        "You did not open the assistant's message, and without it the model may go on as the user.",
    ),
    Mistake(
        "opened without a line break",
        _written(opening="<|im_start|>assistant"),
        "The line break after <|im_start|>assistant is missing (strip() removes it too). The model was trained to "
        "answer after it.",
    ),
    Mistake(
        "opened and closed",
        _written(opening=ASSISTANT + END + "\n"),
        "You closed the assistant's message, so the model's answer is over before it began. Leave it open.",
    ),
    Mistake(
        "opened and closed on one line",
        _written(opening=f"{START}assistant{END}\n"),
        "You closed the assistant's message, and its line break is missing. Leave it open: "
        r"<|im_start|>assistant\n.",
    ),
    Mistake(
        "opened for the user",
        _written(opening="<|im_start|>user\n"),
        "You opened a message of the user. The model is to answer: open the assistant's.",
    ),
    Mistake(
        "opened by the word alone",
        _written(opening="assistant\n"),
        "The assistant's message begins with <|im_start|> as well.",
    ),
    Mistake(
        "a colon after assistant",
        _written(opening="<|im_start|>assistant:\n"),
        "There is no colon after assistant, only a line break.",
    ),
    Mistake(
        "a blank at the end",
        _written(opening=ASSISTANT + " "),
        "There is a blank after the last line break. The model's first token brings its own.",
    ),
    Mistake(
        "an empty line at the end",
        _written(opening=ASSISTANT + "\n"),
        "There is one line break too many at the end; print adds one by itself.",
    ),
    Mistake(
        "no line break after a message",
        _written(after=""),
        "A line break follows <|im_end|>, after every message.",
    ),
    Mistake(
        "an empty line after a message",
        _written(after="\n\n"),
        "There is an empty line after each message; <|im_end|> is followed by one line break.",
    ),
    Mistake(
        "end on its own line",
        _written(end="\n" + END),
        "You put a line break before <|im_end|>. It follows the content directly.",
    ),
    Mistake("no end", _written(end=""), "You left out <|im_end|>, which closes each message."),
    Mistake(
        "start for end",
        _written(end=START),
        "You closed messages with <|im_start|>; they end with <|im_end|>.",
    ),
    Mistake("no start", _written(start=""), "You left out <|im_start|>, which opens each message."),
    Mistake(
        "end without bars",
        _written(end="<im_end>"),
        "The bars of <|im_end|> are missing: without them it is no special token, and falls into pieces.",
    ),
    Mistake(
        "start without bars",
        _written(start="<im_start>"),
        "The bars of <|im_start|> are missing: without them it is no special token, and falls into pieces.",
    ),
    Mistake(
        "no bars",
        _written(start="<im_start>", end="<im_end>", opening="<im_start>assistant\n"),
        "The bars of <|im_start|> and <|im_end|> are missing: without them they are no special tokens.",
    ),
    *(
        Mistake(
            f"role and content with {name} between",
            _written(between=between),
            f"You put {name} between role and content; a line break alone belongs there.",
        )
        for name, between in (("a blank", " "), ("a colon", ": "), ("a colon and a line break", ":\n"))
    ),
    Mistake(
        "nothing between role and content",
        _written(between=""),
        "A line break is missing between role and content.",
    ),
    Mistake(
        "no role",
        _written(between="", role=lambda role: ""),
        "You left out the role and its line break: the model must see who speaks.",
    ),
    Mistake(
        "backslash n",
        _written(between=r"\n", after=r"\n", opening=r"<|im_start|>assistant\n"),
        r"Your text holds a backslash and an n. In a raw string (r'…') or with '\\n' it is no line break: '\n'.",
    ),
    Mistake(
        "Windows line breaks",
        _written(between="\r\n", after="\r\n", opening="<|im_start|>assistant\r\n"),
        r"You wrote '\r\n'. The model was trained on '\n' alone.",
    ),
    Mistake(
        "content stripped",
        _written(content=str.strip),
        "You stripped the content. Its blanks and line breaks belong to it: think of code.",
    ),
    Mistake(
        "content stripped at its end",
        _written(content=str.rstrip),
        "You stripped the end of the content. Its blanks and line breaks belong to it: think of code.",
    ),
    Mistake(
        "blanks of the content joined",
        _written(content=lambda content: " ".join(content.split())),
        "You wrote each run of blanks and line breaks as one blank. They belong to the content: think of code.",
    ),
    Mistake(
        "role and content exchanged",
        lambda messages: _written()([message(m["content"], m["role"]) for m in messages]),
        "You exchanged role and content: the role comes first, on a line of its own.",
    ),
    Mistake(
        "content on one line",
        _written(content=lambda content: content.replace("\n", " ")),
        "You replaced line breaks inside the content; keep it as it is.",
    ),
    Mistake(
        "content in quotation marks",
        _written(content=repr),
        "The content is in quotation marks, as repr or !r writes it; insert the text itself.",
    ),
    Mistake(
        "role capitalised",
        _written(role=str.capitalize),
        "You changed the role's spelling. The model was trained on system, user and assistant in small letters.",
    ),
    Mistake(
        "always user",
        _written(role=lambda role: "user"),
        "You wrote user for every message; use its own role, message['role'].",
    ),
    Mistake(
        "system of its own",
        _written(use=_system_of_its_own),
        "You added a system message of your own. Write the messages that are given, and no other.",
    ),
    Mistake(
        "system message of SmolLM2",
        _written(use=_system_of_smollm),
        "You added the system message that SmolLM2's own template adds. Here only the messages given are written.",
    ),
    Mistake(
        "system left out",
        _written(use=lambda messages: [m for m in messages if m["role"] != "system"]),
        "You left out the system message; it is a message like the others.",
    ),
    Mistake(
        "user alone",
        _written(use=lambda messages: [m for m in messages if m["role"] == "user"]),
        "You wrote the user's messages alone. The model remembers nothing: it needs its own answers too.",
    ),
    Mistake(
        "last alone",
        _written(use=lambda messages: messages[-1:]),
        "You wrote the last message alone. The model remembers nothing: it needs the whole conversation. Use +=, "
        "not =.",
    ),
    Mistake(
        "first alone",
        _first_alone,
        "You return inside the loop, after the first message. Return after the loop.",
    ),
    Mistake(
        "newest first",
        _written(use=lambda messages: messages[::-1]),
        "You wrote the newest message first.",
    ),
    Mistake(
        "opened after each",
        _changed(lambda text, messages: "".join(f"{chat_prompt([message])}" for message in messages)),
        "You opened the assistant's message after every message. It comes once, after the loop.",
    ),
    Mistake(
        "opened only after a user",
        _changed(_opened_only_after_a_user),
        "You opened the assistant's message only after one of the user. It is always opened at the end.",
    ),
    Mistake(
        "answer left open",
        _changed(_answer_left_open),
        "You left a last answer of the assistant open. Close it like every message, and open a new one.",
    ),
    Mistake(
        "last not closed",
        _changed(lambda text, messages: text.replace(f"{END}\n{ASSISTANT}", f"\n{ASSISTANT}")),
        "The last message is not closed: <|im_end|> comes before the assistant is opened.",
    ),
    Mistake(
        "one start for all",
        lambda messages: (
            START + "".join(f"{m['role']}\n{m['content']}\n" for m in messages) + f"{END}\n{ASSISTANT}"
        ),
        "You opened and closed the whole conversation once. Each message has its own <|im_start|> and <|im_end|>.",
    ),
    Mistake(
        "a list",
        lambda messages: [_written(opening="")([message]) for message in messages] + [ASSISTANT],
        'You returned a list of pieces; join them into one text, "".join(pieces).',
    ),
    Mistake(
        "messages changed",
        _appended,
        "Your text is right, but you appended to the caller's messages. Add the opening to your text instead.",
    ),
]
