"""The frame of the kit's pages: one file, nothing loaded, light and dark, good on paper."""

import re
from html import escape
from pathlib import Path

_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def page(title: str, *parts: str) -> str:
    """A whole page. title is text; the parts are HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{text(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Whatever was handed in, as text on a page: no markup of its own, no control characters."""
    shown = "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in str(value))
    return escape(shown, quote=True)


def prose(value: object) -> str:
    """The same, with `code` between backticks set as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text(value))


def table(
    caption: str, head: list[str], rows: list[list[str]], numbers: tuple[int, ...] = (), sort: str = ""
) -> str:
    """A table; the cells are HTML. numbers: the columns that are set to the right; sort: its class in the style."""

    def cell(tag: str, column: int, content: str, more: str = "") -> str:
        right = ' class="number"' if column in numbers else ""
        return f"<{tag}{right}{more}>{content}</{tag}>"

    kind = f' class="{sort}"' if sort else ""
    lines = [f"<table{kind}>\n<caption>{text(caption)}</caption>"]
    lines.append(
        "<thead><tr>"
        + "".join(cell("th", n, text(c), ' scope="col"') for n, c in enumerate(head))
        + "</tr></thead>"
    )
    lines.append("<tbody>")
    for row in rows:
        first = cell("th", 0, row[0], ' scope="row"')
        lines.append("<tr>" + first + "".join(cell("td", n + 1, c) for n, c in enumerate(row[1:])) + "</tr>")
    return "\n".join([*lines, "</tbody>\n</table>"])
