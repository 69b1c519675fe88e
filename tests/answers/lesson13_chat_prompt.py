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
    parts = ["<|im_start|>%s\n%s<|im_end|>\n" % (m["role"], m["content"]) for m in messages]
    return "".join([*parts, OPEN])


@right(ID)
def percent_signs_with_names(messages):
    return "".join("<|im_start|>%(role)s\n%(content)s<|im_end|>\n" % m for m in messages) + OPEN


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
    rows = [(m["role"], m["content"]) for m in messages]
    return "".join(map("<|im_start|>{0[0]}\n{0[1]}<|im_end|>\n".format, rows)) + OPEN


def build(start=START, between="\n", end=END, after="\n", opening=OPEN, role=str, content=str):
    """The template with parts exchanged."""

    def chat_prompt(messages):
        turns = (f"{start}{role(m['role'])}{between}{content(m['content'])}{end}{after}" for m in messages)
        return "".join(turns) + opening

    return chat_prompt


FAULTS = {
    "assistant not opened": (build(opening=""), None),
    "assistant opened without a line break": (build(opening="<|im_start|>assistant"), None),
    "assistant opened and closed": (build(opening=OPEN + END + "\n"), None),
    "assistant with a colon": (build(opening="<|im_start|>assistant:\n"), None),
    "assistant closed at once without a line": (build(opening=f"{START}assistant{END}\n"), None),
    "user opened": (build(opening="<|im_start|>user\n"), None),
    "opened by the word alone": (build(opening="assistant\n"), None),
    "blank after the open line": (build(opening=OPEN + " "), None),
    "two line breaks at the end": (build(opening=OPEN + "\n"), None),
    "no line break after a message": (build(after=""), None),
    "empty line after a message": (build(after="\n\n"), None),
    "end on a line of its own": (build(end="\n" + END), None),
    "no end": (build(end=""), None),
    "start for the end": (build(end=START), None),
    "end without bars": (build(end="<im_end>"), None),
    "start without bars": (build(start="<im_start>"), None),
    "neither with bars": (build(start="<im_start>", end="<im_end>", opening="<im_start>assistant\n"), None),
    "no start": (build(start=""), None),
    "role and content on one line": (build(between=" "), None),
    "role with a colon": (build(between=": "), None),
    "role with a colon and a line break": (build(between=":\n"), None),
    "nothing between role and content": (build(between=""), None),
    "line breaks as backslash n": (
        build(between=r"\n", after=r"\n", opening=r"<|im_start|>assistant\n"),
        None,
    ),
    "line breaks of windows": (
        build(between="\r\n", after="\r\n", opening="<|im_start|>assistant\r\n"),
        None,
    ),
    "content stripped": (build(content=str.strip), None),
    "role capitalised": (build(role=str.capitalize), None),
    "role always user": (build(role=lambda role: "user"), None),
    "content in one line": (build(content=lambda content: content.replace("\n", " ")), None),
    "content in quotation marks": (build(content=repr), None),
    "role left out": (build(between="", role=lambda role: ""), None),
}
for words, (answer, named) in FAULTS.items():
    wrong(ID, words, named=named)(answer)


@wrong(ID)
def stripped_at_the_end(messages):
    return joined(messages).strip()


@wrong(ID)
def the_last_message_alone(messages):
    return joined(messages[-1:])


@wrong(ID)
def user_messages_alone(messages):
    return joined([m for m in messages if m["role"] == "user"])


@wrong(ID)
def system_message_left_out(messages):
    return joined([m for m in messages if m["role"] != "system"])


@wrong(ID)
def a_system_message_of_its_own(messages):
    system = {"role": "system", "content": "You are a helpful assistant."}
    return joined(messages if messages and messages[0]["role"] == "system" else [system, *messages])


@wrong(ID)
def opened_after_each_message(messages):
    return "".join(f"{START}{m['role']}\n{m['content']}{END}\n{OPEN}" for m in messages)


@wrong(ID)
def opened_only_after_a_user(messages):
    text = joined(messages)
    return text if messages and messages[-1]["role"] == "user" else text.removesuffix(OPEN)


@wrong(ID)
def the_last_message_not_closed(messages):
    return joined(messages).replace(f"{END}\n{OPEN}", f"\n{OPEN}")


@wrong(ID)
def an_answer_left_open(messages):
    if messages and messages[-1]["role"] == "assistant":
        return joined(messages).removesuffix(f"{END}\n{OPEN}")
    return joined(messages)


@wrong(ID)
def list_of_pieces(messages):
    return [f"{START}{m['role']}\n{m['content']}{END}\n" for m in messages] + [OPEN]


@wrong(ID)
def printed_for_returned(messages):
    print(joined(messages))


@wrong(ID)
def return_inside_the_loop(messages):
    text = ""
    for message in messages:
        text += f"{START}{message['role']}\n{message['content']}{END}\n"
        return text + OPEN


@wrong(ID)
def overwritten_for_appended(messages):
    text = ""
    for message in messages:
        text = f"{START}{message['role']}\n{message['content']}{END}\n"
    return text + OPEN


@wrong(ID)
def lines_joined_without_the_last_break(messages):
    return "\n".join([f"{START}{m['role']}\n{m['content']}{END}" for m in messages] + [f"{START}assistant"])


@wrong(ID)
def assistant_appended_to_the_messages(messages):
    messages.append({"role": "assistant", "content": ""})
    return joined(messages[:-1])


@wrong(ID)
def newest_first(messages):
    return joined(messages[::-1])


@wrong(ID)
def one_start_for_all(messages):
    return START + "".join(f"{m['role']}\n{m['content']}\n" for m in messages) + END + "\n" + OPEN


@wrong(ID)
def template_of_llama_two(messages):
    return "".join(
        f"[INST] {m['content']} [/INST]" if m["role"] == "user" else m["content"] for m in messages
    )
