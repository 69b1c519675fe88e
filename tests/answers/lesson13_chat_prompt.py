"""13.chat_prompt, answered from the prompt alone."""

import functools
import io

from answers import right, wrong

ID = "13.chat_prompt"
START, END = "<|im_start|>", "<|im_end|>"
OPEN = "<|im_start|>assistant\n"


@right(ID)
def joined(messages):
    return "".join(f"{START}{m['role']}\n{m['content']}{END}\n" for m in messages) + OPEN


@right(ID)
def list_of_lines(messages):
    lines = []
    for message in messages:
        lines.append(START + message["role"])
        lines.append(message["content"] + END)
    lines.append(START + "assistant")
    lines.append("")
    return "\n".join(lines)


@right(ID)
def plus_by_plus(messages):
    text = ""
    for i in range(len(messages)):
        text = text + START
        text = text + messages[i]["role"] + "\n"
        text = text + messages[i]["content"]
        text = text + END + "\n"
    text = text + START + "assistant" + "\n"
    return text


@right(ID)
def format_with_names(messages):
    template = "<|im_start|>{role}\n{content}<|im_end|>\n"
    return "".join(template.format(**message) for message in messages) + OPEN


@right(ID)
def percent_signs(messages):
    parts = ["<|im_start|>%s\n%s<|im_end|>\n" % (m["role"], m["content"]) for m in messages]  # noqa: UP031
    return "".join([*parts, OPEN])


@right(ID)
def percent_signs_with_names(messages):
    return "".join("<|im_start|>%(role)s\n%(content)s<|im_end|>\n" % m for m in messages) + OPEN  # noqa: UP031


@right(ID)
def a_file_in_memory(messages):
    file = io.StringIO()
    for message in messages:
        print(f"{START}{message['role']}", file=file)
        print(f"{message['content']}{END}", file=file)
    print(f"{START}assistant", file=file)
    return file.getvalue()


@right(ID)
def reduced(messages):
    return functools.reduce(lambda t, m: f"{t}{START}{m['role']}\n{m['content']}{END}\n", messages, "") + OPEN


@right(ID)
def recursive(messages):
    if not messages:
        return OPEN
    first, *rest = messages
    return START + first["role"] + "\n" + first["content"] + END + "\n" + recursive(rest)


@right(ID)
def a_triple_quoted_string(messages):
    text = ""
    for message in messages:
        text += f"""<|im_start|>{message["role"]}
{message["content"]}<|im_end|>
"""
    return (
        text
        + """<|im_start|>assistant
"""
    )


@right(ID)
def the_open_message_cut_off(messages):
    turns = [*messages, {"role": "assistant", "content": ""}]
    text = "".join(f"{START}{m['role']}\n{m['content']}{END}\n" for m in turns)
    return text[: -len(END + "\n")]


@right(ID)
def get_and_star(messages):
    return "".join(
        "".join((START, m.get("role"), "\n", m.get("content"), END, "\n")) for m in messages
    ).__add__(OPEN)


@right(ID)
def joined_by_the_end_of_one_and_the_start_of_the_next(messages):
    turns = ["\n".join((m["role"], m["content"])) for m in messages] + ["assistant\n"]
    return START + f"{END}\n{START}".join(turns)


@right(ID)
def the_values_of_each_dictionary(messages):
    rows = [(m["role"], m["content"]) for m in messages]  # noqa: UP031
    return "".join(map("<|im_start|>{0[0]}\n{0[1]}<|im_end|>\n".format, rows)) + OPEN


def build(start=START, between="\n", end=END, after="\n", opening=OPEN, role=str, content=str):
    """The template with parts exchanged."""

    def chat_prompt(messages):
        turns = (f"{start}{role(m['role'])}{between}{content(m['content'])}{end}{after}" for m in messages)
        return "".join(turns) + opening

    return chat_prompt


FAULTS = {
    "assistant not opened": (build(opening=""), "not opened"),
    "assistant opened without a line break": (
        build(opening="<|im_start|>assistant"),
        "opened without a line break",
    ),
    "assistant opened and closed": (build(opening=OPEN + END + "\n"), "opened and closed"),
    "assistant with a colon": (build(opening="<|im_start|>assistant:\n"), "a colon after assistant"),
    "assistant closed at once without a line": (
        build(opening=f"{START}assistant{END}\n"),
        "opened and closed on one line",
    ),
    "user opened": (build(opening="<|im_start|>user\n"), "opened for the user"),
    "opened by the word alone": (build(opening="assistant\n"), "opened by the word alone"),
    "blank after the open line": (build(opening=OPEN + " "), "a blank at the end"),
    "two line breaks at the end": (build(opening=OPEN + "\n"), "an empty line at the end"),
    "no line break after a message": (build(after=""), "no line break after a message"),
    "empty line after a message": (build(after="\n\n"), "an empty line after a message"),
    "end on a line of its own": (build(end="\n" + END), "end on its own line"),
    "no end": (build(end=""), "no end"),
    "start for the end": (build(end=START), "start for end"),
    "end without bars": (build(end="<im_end>"), "end without bars"),
    "start without bars": (build(start="<im_start>"), "start without bars"),
    "neither with bars": (
        build(start="<im_start>", end="<im_end>", opening="<im_start>assistant\n"),
        "no bars",
    ),
    "no start": (build(start=""), "no start"),
    "role and content on one line": (build(between=" "), "role and content with a blank between"),
    "role with a colon": (build(between=": "), "role and content with a colon between"),
    "role with a colon and a line break": (
        build(between=":\n"),
        "role and content with a colon and a line break between",
    ),
    "nothing between role and content": (build(between=""), "nothing between role and content"),
    "line breaks as backslash n": (
        build(between=r"\n", after=r"\n", opening=r"<|im_start|>assistant\n"),
        "backslash n",
    ),
    "line breaks of windows": (
        build(between="\r\n", after="\r\n", opening="<|im_start|>assistant\r\n"),
        "Windows line breaks",
    ),
    "content stripped": (build(content=str.strip), "content stripped"),
    "role capitalised": (build(role=str.capitalize), "role capitalised"),
    "role always user": (build(role=lambda role: "user"), "always user"),
    "content in one line": (build(content=lambda content: content.replace("\n", " ")), "content on one line"),
    "content in quotation marks": (build(content=repr), "content in quotation marks"),
    "role left out": (build(between="", role=lambda role: ""), "no role"),
}
for words, (answer, named) in FAULTS.items():
    wrong(ID, words, named=named)(answer)


@wrong(ID, named="opened without a line break")
def stripped_at_the_end(messages):
    return joined(messages).strip()


@wrong(ID, named="last alone")
def the_last_message_alone(messages):
    return joined(messages[-1:])


@wrong(ID, named="user alone")
def user_messages_alone(messages):
    return joined([m for m in messages if m["role"] == "user"])


@wrong(ID, named="system left out")
def system_message_left_out(messages):
    return joined([m for m in messages if m["role"] != "system"])


@wrong(ID, named="system of its own")
def a_system_message_of_its_own(messages):
    system = {"role": "system", "content": "You are a helpful assistant."}
    return joined(messages if messages and messages[0]["role"] == "system" else [system, *messages])


@wrong(ID, named="opened after each")
def opened_after_each_message(messages):
    return "".join(f"{START}{m['role']}\n{m['content']}{END}\n{OPEN}" for m in messages)


@wrong(ID, named="opened only after a user")
def opened_only_after_a_user(messages):
    text = joined(messages)
    return text if messages and messages[-1]["role"] == "user" else text.removesuffix(OPEN)


@wrong(ID, named="last not closed")
def the_last_message_not_closed(messages):
    return joined(messages).replace(f"{END}\n{OPEN}", f"\n{OPEN}")


@wrong(ID, named="answer left open")
def an_answer_left_open(messages):
    if messages and messages[-1]["role"] == "assistant":
        return joined(messages).removesuffix(f"{END}\n{OPEN}")
    return joined(messages)


@wrong(ID, named="a list")
def list_of_pieces(messages):
    return [f"{START}{m['role']}\n{m['content']}{END}\n" for m in messages] + [OPEN]


@wrong(ID)
def printed_for_returned(messages):
    print(joined(messages))


@wrong(ID, named="first alone")
def return_inside_the_loop(messages):
    text = ""
    for message in messages:
        text += f"{START}{message['role']}\n{message['content']}{END}\n"
        return text + OPEN


@wrong(ID, named="last alone")
def overwritten_for_appended(messages):
    text = ""
    for message in messages:
        text = f"{START}{message['role']}\n{message['content']}{END}\n"
    return text + OPEN


@wrong(ID, named="opened without a line break")
def lines_joined_without_the_last_break(messages):
    return "\n".join([f"{START}{m['role']}\n{m['content']}{END}" for m in messages] + [f"{START}assistant"])


@wrong(ID, named="messages changed")
def assistant_appended_to_the_messages(messages):
    messages.append({"role": "assistant", "content": ""})
    return joined(messages[:-1])


@wrong(ID, named="newest first")
def newest_first(messages):
    return joined(messages[::-1])


@wrong(ID, named="one start for all")
def one_start_for_all(messages):
    return START + "".join(f"{m['role']}\n{m['content']}\n" for m in messages) + END + "\n" + OPEN


@wrong(ID)
def template_of_llama_two(messages):
    return "".join(
        f"[INST] {m['content']} [/INST]" if m["role"] == "user" else m["content"] for m in messages
    )


@wrong(ID, named="content stripped at its end")
def content_stripped_at_its_end(messages):
    return build(content=str.rstrip)(messages)


@wrong(ID, named="role and content exchanged")
def role_and_content_exchanged(messages):
    return "".join(f"{START}{m['content']}\n{m['role']}{END}\n" for m in messages) + OPEN


@wrong(ID)
def empty_messages_skipped(messages):
    return joined([m for m in messages if m["content"]])


@right(ID)
def joined_by_line_breaks(messages):
    return "\n".join([f"{START}{m['role']}\n{m['content']}{END}" for m in messages] + [OPEN])


@wrong(ID, named="blanks of the content joined")
def blanks_of_the_content_joined(messages):
    text = ""
    for m in messages:
        text += START + m["role"] + "\n" + " ".join(m["content"].split()) + END + "\n"
    return text + OPEN
