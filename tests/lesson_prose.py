"""What a lesson's reader reads: its prose without formulas and code, its headings, its exercises."""

import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from tools.lesson_source import CHECK_CALL, sources

# Lessons whose text is still that of the first edition. This set may only shrink.
FIRST_EDITION: set[str] = set()

# Home-made terms and the field's own, as (pattern, what to write). Patterns are matched without regard to case.
HOME_MADE = [
    (r"\bborn\b|PyTorch['’]s( usual)? start|orthogonal starts?", "initialisation"),
    (r"(learnt|learned|knows?|knew) (it |them |[a-z]+ )?by heart", "memorised, overfits"),
    (r"shares? (recalled|right)\b", "accuracy"),
    (r"a thought at every place", "position-wise feed-forward network"),
    (r"where is everybody", "positional encodings"),
    (r"two looks", "masked self-attention and cross-attention"),
    (r"need not do again", "the key/value cache"),
    (r"a path that nothing blocks", "residual connections"),
    (
        r"\bmay look\b|who looks where|\ba look at the validation|\blooks?, (most|least) at",
        "attends to; mask",
    ),
    (r"\bthe forbidden\b|has no say", "masked positions contribute nothing"),
    (r"another (length|scale|size|shape|seed|number) than", "a different … than"),
    (r"\b(stands?|standing|stood) (beside|between)\b", "next to, compare, appear"),
    (r"\bmend(ed|s)?\b", "fixed"),
    (r"\baimed[- ]at\b", "target"),
    (r"writes? rightly|as plain as can be|much trying around", "correct; simple; after some tuning"),
    (r"gap[- ]?fill|guess(es|ing)? (the )?hidden words", "masked language model, predict masked tokens"),
    (r"drawn anew|trained anew|measured anew", "a fresh sample; retrained"),
    (r"\bdear labels?\b|\bcures? (of|for|against) overfitting", "expensive labels; regularisation"),
    (r"cut(s|ting)? out (a|the|this|that|one|each|every) heads?|without a voice", "ablate a head"),
    (r"what it thinks of", "social bias"),
    (r"Done when the check", "said once, in lesson 00"),
]
EXERCISE = re.compile(
    r"^### Exercise (\d+) · (.+) \((warm-up|core|build), (\d+) minutes(, experiment)?\)$", re.M
)
OBJECTIVE = re.compile(r"^\* (.+) \(exercises? (\d+)(?:(?:, | and )(\d+))*\)[,.;]?$")
MINUTES = {"warm-up": (2, 6), "core": (6, 18), "build": (15, 40)}


def lesson_number(source: Path) -> str:
    return source.stem[:2]


def second_edition() -> list[Path]:
    """The sources of the lessons that were rewritten."""
    return [source for source in sources() if lesson_number(source) not in FIRST_EDITION]


def markdown(notebook: NotebookNode) -> str:
    """All markdown cells but the folded solutions' reasons, one below the other."""
    return "\n\n".join(
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "markdown" and "solution" not in cell.metadata.get("tags", [])
    )


def prose(text: str) -> str:
    """Markdown without code, formulas, tables, links' addresses, headings and the list of references."""
    text = text.split("\n## References")[0]
    text = re.sub(r"```.*?```", " ", text, flags=re.S)
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.S)
    text = re.sub(r"\$[^$\n]+\$", "X", text)
    text = re.sub(r"`[^`\n]+`", "X", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("|", "#"))]
    items = re.sub(r"^\s*(?:\*|\d+\.) ", "\n", "\n".join(lines), flags=re.M)
    return re.sub(r"[*_>\[\]]", "", items)


def sentences(text: str) -> list[str]:
    """The sentences of some prose; an item of a list and a paragraph end one too."""
    pieces = re.split(r"(?<=[.!?:])[\"”’)]*\s+|\n\s*\n", text)
    return [piece for piece in (" ".join(piece.split()) for piece in pieces) if re.search(r"\w", piece)]


def words(text: str) -> int:
    return len(re.findall(r"[\w’'-]*\w[\w’'-]*", text))


@dataclass(frozen=True)
class ListedExercise:
    """An exercise as its heading announces it."""

    number: int
    title: str
    tier: str
    minutes: int
    is_experiment: bool


def listed_exercises(notebook: NotebookNode) -> list[ListedExercise]:
    return [
        ListedExercise(int(number), title, tier, int(minutes), bool(experiment))
        for number, title, tier, minutes, experiment in EXERCISE.findall(markdown(notebook))
    ]


def objectives(notebook: NotebookNode) -> dict[str, list[int]]:
    """Each line under "You will be able to" with the numbers of the exercises that it names."""
    first = notebook.cells[0].source
    listed = first.split("You will be able to", 1)[1].split("\n\n* ", 1)[1].split("\n\n", 1)[0]
    found = {}
    for item in ("* " + listed).split("\n* "):
        text = "* " + " ".join(item.removeprefix("* ").split())
        match = OBJECTIVE.match(text)
        found[text] = [int(number) for number in re.findall(r"\d+", text[match.end(1) :])] if match else []
    return found


def cells_after_exercises(notebook: NotebookNode) -> dict[str, list[str]]:
    """For each exercise's id, what follows its cell: "check", "hint", "solution", in the notebook's order."""
    found: dict[str, list[str]] = {}
    kinds = {"check", "hint", "solution"}
    current: list[str] = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        if "exercise" in tags:
            current = []
        for kind in sorted(tags & kinds):
            if kind == "check":
                found[CHECK_CALL.search(cell.source)[1]] = current
            current.append(kind)
    return found


def exercise_texts(exercise) -> list[str]:
    """Every sentence that an exercise can show to a learner, but for what its tests compute."""
    return [
        exercise.title,
        *exercise.hints,
        *(property.question for property in exercise.properties),
        *(mistake.diagnosis for mistake in exercise.mistakes),
    ]
