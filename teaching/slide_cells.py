"""What of a lesson goes on slides: headings, key sentences, formulas, lists, tables, figures, short code, output.

The full prose of each slide goes into its speaker notes. Solutions, hints and checks stay in the notebook.
"""

import ast
import base64
import re
import struct
from dataclasses import dataclass, field
from html import escape

from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

LINES = 14.5  # lines of text that fit below a heading
LINE_LENGTH = 84  # characters
SHORT, SHORT_TASK = 200, 450  # characters of a paragraph that is shown whole; of an exercise's
CODE_LINES, OUTPUT_LINES, CODE_WIDTH = 14, 15, 112  # CODE_WIDTH: characters; longer lines would be too small
WIDTH, HEIGHT = 1180, 540  # pixels for a figure
LEANS = re.compile(r"(?:It|They|This|That|These|Those|He|She|So|But|And|Then|Its|Their|There|Here|Both)\b")
LEFT_OUT = {"setup", "check", "hint", "solution"}
HEADING = re.compile(r"^(#{1,3}) (.+)$")
PROTECTED = re.compile(r"\$\$.*?\$\$|\$[^$]+\$|`[^`]+`", re.DOTALL)
SENTENCE_END = re.compile(r'(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!al\.)(?<!\d\.)\s+(?=["“(*\w\0])')


@dataclass
class Slide:
    """level: 1 title, 2 section, 3 below it. heading and blocks are HTML; notes is the prose as Markdown."""

    level: int
    heading: str
    blocks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    room: float = LINES
    first: bool = True  # the first one below its heading


class Deck:
    """Collects slides; a new one begins where a block no longer fits."""

    def __init__(self) -> None:
        self.slides: list[Slide] = []
        self.section = ""  # the last heading that is no exercise's

    def head(self, level: int, heading: str) -> None:
        if not heading.startswith("Exercise "):
            self.section = inline(heading)
        self.slides.append(Slide(level, inline(heading)))

    def go_on(self) -> None:
        """After an exercise: what comes now belongs to the section again."""
        if self.slides and self.slides[-1].heading != self.section:
            self.slides.append(Slide(3, self.section, first=False))

    def add(self, html: str, lines: float, alone: bool = False) -> Slide:
        """alone: nothing else goes on that slide, except what is there below a heading already and fits."""
        slide = self.slides[-1]
        if lines > slide.room and slide.blocks:
            self.slides.append(slide := Slide(3, slide.heading, first=False))
        slide.blocks.append(html)
        slide.room = -1.0 if alone else slide.room - lines
        return slide


def slides(notebook: NotebookNode) -> list[Slide]:
    """The slides of a built notebook, in the order of its cells."""
    deck = Deck()
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        if "check" in tags:
            deck.go_on()
        if tags & LEFT_OUT or not deck.slides and cell.cell_type == "code":
            continue
        if cell.cell_type == "markdown":
            _prose(deck, cell.source)
        elif "find_spec(" not in cell.source:  # the cell that installs the library
            _code(deck, cell, starter="exercise" in tags)
    return [slide for slide in deck.slides if slide.blocks or slide.first]


# --- prose


def blocks_of(markdown: str) -> list[str]:
    """The blocks of a cell: blank lines part them, except inside a fence or a formula."""
    found: list[str] = []
    inside = False
    for part in re.split(r"\n\s*\n", markdown.strip()):
        if inside:
            found[-1] += "\n\n" + part
        else:
            found.append(part)
        inside = found[-1].count("```") % 2 == 1 or found[-1].count("$$") % 2 == 1
    return found


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph; formulas and code stay whole."""
    kept = PROTECTED.findall(paragraph)
    hidden = PROTECTED.sub("\0", " ".join(paragraph.split()))
    if hidden.count("\0") != len(kept):  # a formula over several lines
        return [paragraph]
    pieces = iter(kept)
    return [re.sub("\0", lambda _: next(pieces), part) for part in SENTENCE_END.split(hidden)]


def key_sentences(paragraph: str, first: bool, short: int = SHORT) -> str:
    """A short paragraph as it is; of a long one the sentences that introduce a term, or its first one.

    A sentence that begins with "It" or the like brings the one before it along, "Both" the two before.
    """
    flat = " ".join(paragraph.split())
    if len(flat) <= short:
        return flat
    parts = sentences(paragraph)
    terms = [number for number, part in enumerate(parts) if "**" in part][:3]
    before = {
        number: 2 if parts[number].startswith("Both ") else 1
        for number in terms
        if LEANS.match(parts[number])
    }
    terms += [number - back for number, most in before.items() for back in range(1, min(number, most) + 1)]
    kept = " ".join(parts[number] for number in sorted(set(terms))) if terms else parts[0] if first else ""
    return flat if kept.count("*") % 2 else kept  # no emphasis is cut in two


def _prose(deck: Deck, markdown: str) -> None:
    for block in blocks_of(markdown):
        heading = HEADING.match(block)
        if heading:
            deck.head(len(heading[1]), heading[2])
            continue
        if not deck.slides:
            continue
        slide = _block(deck, block)
        slide.notes.append(block)


def _block(deck: Deck, block: str) -> Slide:
    """Shows a block, or what is short of it; the slide that its full text belongs to."""
    last = deck.slides[-1]
    if block.startswith("<details"):
        return last
    if block.startswith("You will be able to"):
        deck.slides.append(Slide(3, "You will be able to"))
        return deck.slides[-1]
    if block.startswith("> "):
        quoted = "\n".join(line.lstrip("> ") for line in block.splitlines())
        if "**Predict" not in quoted:
            return deck.add(html(block), 1.5 + _lines(quoted))
        if last.blocks:
            deck.slides.append(Slide(3, last.heading, first=False))
        return deck.add(f'<blockquote class="predict">{html(quoted)}</blockquote>', 6, alone=True)
    if block.startswith("```"):
        return deck.add(html(block), block.count("\n") * 0.8)
    if block.startswith("|"):
        rows = block.splitlines()
        longest = max(len(row) for row in rows)
        return deck.add(html(block), (len(rows) - 1) * (1.3 if longest < 110 else 2.2))
    if re.match(r"(\*|-|\d+\.) ", block):
        for item in re.split(r"\n(?=(?:\*|-|\d+\.) )", block):
            last = deck.add(html(_item(item)), 0.25 + _lines(_item(item)))
        return last
    if "$$" in block:
        formula = re.search(r"\$\$.*?\$\$", block, re.DOTALL)[0]
        before = key_sentences(block[: block.index("$$")], first=not last.blocks)
        shown = f"{before}\n\n{formula}" if before else formula
        return deck.add(html(shown), 2.4 + 1.6 * formula.count(r"\\") + _lines(before))
    task = last.heading.startswith("Exercise ")
    text = key_sentences(block, not last.blocks, SHORT_TASK if task else SHORT)
    if not text:
        return last
    return deck.add(html(text), 0.5 + _lines(text))


def _item(item: str) -> str:
    mark, text = re.match(r"(\*|-|\d+\.) (.*)", item, re.DOTALL).groups()
    flat = " ".join(text.split())
    return f"{mark} {flat if len(flat) <= SHORT else sentences(flat)[0]}"


def _lines(text: str) -> int:
    """About how many lines a text takes; a command of a formula is about one letter."""
    shown = re.sub(r"\\[a-zA-Z]+", "x", re.sub(r"\]\([^)]*\)", "]", text))
    return -(-len(re.sub(r"[$*`{}^_]", "", shown)) // LINE_LENGTH)


def html(markdown: str) -> str:
    """Formulas stay as they are until the page is whole; then they become MathML. A header without a text is none."""
    return re.sub(r"<th( [^>]*)?></th>", "<td></td>", markdown2html_mistune(markdown)).strip()


def inline(markdown: str) -> str:
    return re.sub(r"^<p>|</p>$", "", html(markdown).strip())


# --- code, its output, figures


def _code(deck: Deck, cell: NotebookNode, starter: bool) -> None:
    figures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
    printed = "".join(
        output.get("text", "") for output in cell.outputs if output.output_type == "stream"
    ).rstrip()
    lines = cell.source.rstrip().splitlines()
    readable = len(lines) <= CODE_LINES and max(map(len, lines), default=0) <= CODE_WIDTH
    if starter or readable and not figures and not _only_measures(cell.source):
        deck.add(code(cell.source), 0.6 + 0.7 * len(lines))
    if printed and not starter:
        shown = printed.splitlines()
        if len(shown) > OUTPUT_LINES:
            shown = [*shown[: OUTPUT_LINES - 1], "…"]
        size = _font_size(shown)
        rows = sum(-(-len(line) // CODE_WIDTH) or 1 for line in shown)  # longer lines are wrapped
        deck.add(
            f'<pre class="output" style="font-size:{size}px">{escape(chr(10).join(shown))}</pre>',
            0.6 + 0.7 * rows,
        )
    for output in figures:
        slide = deck.slides[-1]
        above = LINES - slide.room  # a line or two may introduce the figure
        if not 0 <= above <= 4:
            deck.slides.append(slide := Slide(3, slide.heading, first=False))
            above = 0
        deck.add(_figure(output, cell.source, slide.heading, HEIGHT - int(42 * above)), 0, alone=True)


def _only_measures(source: str) -> bool:
    """Whether a cell does nothing but print measurements, which its output shows."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    return all(
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Call)
        and getattr(line.value.func, "id", "") in ("measured", "print")
        for line in body
    )


def _font_size(lines: list[str]) -> int:
    """Pixels of a fixed-width letter, so that the longest line fits."""
    longest = max([1, *map(len, lines)])
    return max(16, min(20, int((WIDTH - 60) / (0.61 * longest))))


def code(source: str) -> str:
    marked = highlight(source.rstrip(), PythonLexer(), HtmlFormatter(nowrap=True))
    return f'<pre class="code" style="font-size:{_font_size(source.splitlines())}px">{marked.rstrip()}</pre>'


def _figure(output: NotebookNode, source: str, heading: str, room: int) -> str:
    """room: the pixels that are left for its height."""
    data = output.data["image/png"].replace("\n", "")
    words = output.metadata.get("image/png", {}).get("alt") or output.data.get("text/plain", "")
    if not words or words.startswith("<"):
        title = re.search(r'title=f?"([^"]+)"', source)
        words = title[1] if title else "Figure: " + re.sub(r"<[^>]+>", "", heading)
    width, height = struct.unpack(">II", base64.b64decode(data[:64])[16:24])
    scale = min(WIDTH / width, room / height, 1.7)
    picture = (
        f'<img src="data:image/png;base64,{data}" alt="{escape(words)}" '
        f'width="{int(width * scale)}" height="{int(height * scale)}">'
    )
    live = output.data.get("text/html", "")
    if "<script" in live:  # the attention explorer works without a kernel
        sized = f'style="height:{room}px" sandbox="allow-scripts"'
        inside = escape("<style>body { zoom: .8; }</style>" + live)
        return f'<iframe title="{escape(words)}" {sized} srcdoc="{inside}"></iframe>'
    return picture
