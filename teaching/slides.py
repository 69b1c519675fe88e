"""Makes slides of a lesson from its own cells: python -m teaching.slides 06 DIR

DIR/06_self_attention.html opens in any browser, without a network; reveal.js lies beside it. Arrow keys move,
S opens the speaker view with the lesson's full text, O the overview. Add ?print-pdf to the address to print.
"""

import argparse
import importlib.resources
import importlib.util
import re
import shutil
import sys
from html import escape, unescape
from pathlib import Path

import latex2mathml.converter
import nbformat
from pygments.formatters import HtmlFormatter

from teaching.slide_cells import Slide, slides
from tools.lesson_source import built_path, sources

HERE = Path(__file__).parent
REVEAL = ("LICENSE", "dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js")
# Nothing is loaded but the files beside the page.
POLICY = (
    "default-src 'none'; script-src 'self' file: 'unsafe-inline'; style-src 'self' file: 'unsafe-inline'; "
    "img-src data:; frame-src 'self' about: file:"
)
_HIDE = {ord("<"): "\ue000", ord(">"): "\ue001"}
_SHOW = {0xE000: "&lt;", 0xE001: "&gt;"}
_FORMULAS = re.compile(
    r"(?P<kept><pre.*?</pre>|<code.*?</code>|<aside.*?</aside>|<iframe[^>]*>|<img[^>]*>)"
    r"|\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^$]+?)\$",
    re.DOTALL,
)
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<link rel="stylesheet" href="reveal/reset.css">
<link rel="stylesheet" href="reveal/reveal.css">
<style>
{style}
</style>
</head>
<body>
<div class="reveal">
<div class="slides">
{slides}
</div>
</div>
<script src="reveal/reveal.js"></script>
<script src="reveal/notes.js"></script>
<script>
// What is too large for its slide becomes smaller: wide formulas, then all of it, step by step.
function fit(slide) {{
  for (const formula of slide.querySelectorAll('math[display=block]')) {{
    const box = formula.getBoundingClientRect();
    const parts = [...formula.querySelectorAll('*')].map(part => part.getBoundingClientRect());
    const width = Math.max(...parts.map(part => part.right)) - Math.min(...parts.map(part => part.left));
    if (width > box.width) formula.style.fontSize = 98 * box.width / width + '%';
  }}
  const parts = [...slide.querySelectorAll(':scope > *:not(aside)')], top = slide.getBoundingClientRect().top;
  const bottom = () => Math.max(...parts.map(part => part.getBoundingClientRect().bottom)) - top;
  for (let size = 1; bottom() > 712 * Reveal.getScale() && size > 0.5; size -= 0.05)
    parts.forEach(part => {{ part.style.zoom = size; }});
}}
Reveal.on('ready', event => fit(event.currentSlide));
Reveal.on('slidechanged', event => fit(event.currentSlide));
Reveal.on('pdf-ready', () => Reveal.getSlides().forEach(fit));
Reveal.initialize({{
  width: 1280, height: 720, margin: 0, center: false, hash: true, slideNumber: 'c/t', transition: 'none',
  pdfSeparateFragments: false, plugins: [RevealNotes]
}});
</script>
</body>
</html>
"""


def page(title: str, deck: list[Slide]) -> str:
    """The slides as one page; a section's slides lie below its first one."""
    stacks: list[list[Slide]] = []
    for slide in deck:
        if slide.level < 3 and slide.first or not stacks:
            stacks.append([])
        stacks[-1].append(slide)
    body = "\n".join(
        "<section>\n" + "\n".join(map(_section, stack)) + "\n</section>"
        if len(stack) > 1
        else _section(stack[0])
        for stack in stacks
    )
    style = (HERE / "slides.css").read_text(encoding="utf-8") + HtmlFormatter().get_style_defs(
        ".reveal .code"
    )
    return PAGE.format(policy=POLICY, title=escape(title), style=style, slides=with_mathml(body))


def with_mathml(html: str) -> str:
    """The page with $formulas$ as MathML, which browsers show by themselves; code and speaker notes stay as they are.

    Raises ValueError for a formula that can not be read, and names it.
    """

    def convert(found: re.Match) -> str:
        if found["kept"]:
            return found["kept"]
        block = found["block"] is not None
        formula = unescape(found["block"] if block else found["inline"])
        # The library leaves < and > in a \text as they are, which would be markup.
        safe = re.sub(r"\\text\w*\{[^}]*\}", lambda text: text[0].translate(_HIDE), formula)
        try:
            shown = latex2mathml.converter.convert(safe, display="block" if block else "inline")
        except Exception as error:
            raise ValueError(f"this formula can not be shown: {formula} ({error})") from error
        return shown.translate(_SHOW)

    return _FORMULAS.sub(convert, html)


def _reveal() -> Path:
    """Where the installed copy of reveal.js lies. Raises ValueError where there is none."""
    if importlib.util.find_spec("sphinx_revealjs") is None:
        raise ValueError("reveal.js is missing: install the developers' tools with make install")
    return Path(str(importlib.resources.files("sphinx_revealjs"))) / "_static" / "revealjs"


def _section(slide: Slide) -> str:
    heading = {1: "<h1>{}</h1>", 2: "<h2>{}</h2>", 3: "<h3>{}</h3>"}[slide.level]
    if not slide.first:
        heading = '<h2 class="again">{}</h2>'
    notes = escape("\n\n".join(slide.notes)).replace("\n\n", "<br><br>")
    aside = f'\n<aside class="notes">{notes}</aside>' if notes else ""
    return (
        f"<section>\n{heading.format(slide.heading)}\n"
        + "\n".join(_joined(slide.blocks))
        + aside
        + "\n</section>"
    )


def _joined(blocks: list[str]) -> list[str]:
    """Neighbouring lists of one item each as one list."""
    text = "\n".join(blocks)
    return [re.sub(r"</(ul|ol)>\n<\1>", "", text)]


def make_slides(number: str, folder: Path) -> tuple[Path, int]:
    """Writes the slides of a lesson and the files that they need; the page, and how many slides it has.

    Raises ValueError where there is no such lesson.
    """
    known = {source.stem[:2]: source for source in sources()}
    if number not in known:
        raise ValueError(f"there is no lesson {number!r}; lessons: {', '.join(known)}")
    built = built_path(known[number])
    deck = slides(nbformat.read(built, as_version=4))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reveal").mkdir(exist_ok=True)
    for name in REVEAL:
        shutil.copyfile(_reveal() / name, folder / "reveal" / Path(name).name)
    target = folder / f"{built.stem}.html"
    title = re.sub(r"<[^>]+>", "", deck[0].heading)
    target.write_text(page(title, deck), encoding="utf-8")
    return target, len(deck)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m teaching.slides",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("lesson", help="its number, such as 06, or all")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the slides are written")
    options = parser.parse_args(arguments)
    numbers = [source.stem[:2] for source in sources()] if options.lesson == "all" else [options.lesson]
    try:
        for number in numbers:
            target, count = make_slides(number, options.folder)
            print(f"{target}: {count} slides")
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
