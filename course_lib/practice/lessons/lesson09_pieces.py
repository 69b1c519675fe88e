"""Lesson 09: the longest piece first."""

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import matches_reference


def _longest(shortest=False, mark=True, unknown="word", shown=True, at_least=1, first_mark=""):
    """Greedy cutting; the options are the ways to get it wrong."""

    def cut(word, vocabulary):
        pieces, start = [], 0
        while start < len(word):
            ends = range(start + at_least, len(word) + 1)
            ends = ends if shortest else ends[::-1]
            prefix = "##" if start and mark else first_mark
            end = next((e for e in ends if prefix + word[start:e] in vocabulary), None)
            if end is not None:
                pieces.append((prefix if shown else "") + word[start:end])
                start = end
            elif unknown == "letter":
                pieces.append("[UNK]")
                start += 1
            elif unknown == "skipped":
                start += 1
            else:
                return {
                    "word": ["[UNK]"],
                    "text": "[UNK]",
                    "rest": [*pieces, "[UNK]"],
                    "begun": pieces,
                    "begun, if any": pieces or ["[UNK]"],
                }[unknown]
        return pieces

    return cut


def _either(word, vocabulary):
    """As it should be, but inside a word a piece without ## will do as well."""
    pieces, start = [], 0
    while start < len(word):
        found = (
            (prefix + word[start:end], end)
            for end in range(len(word), start, -1)
            for prefix in (("##", "") if start else ("",))
            if prefix + word[start:end] in vocabulary
        )
        piece, start = next(found, (None, start))
        if piece is None:
            return ["[UNK]"]
        pieces.append(piece)
    return pieces


def _with_backtracking(word, vocabulary):
    """Longest first, but a shorter piece where the rest could not be cut."""

    def cut(start):
        if start == len(word):
            return []
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            rest = cut(end) if piece in vocabulary else None
            if rest is not None:
                return [piece, *rest]
        return None

    pieces = cut(0)
    return ["[UNK]"] if pieces is None else pieces


def _in_the_vocabularys_order(word, vocabulary):
    pieces, rest = [], word
    while rest:
        text = ("##" if pieces else "") + rest
        piece = next((piece for piece in vocabulary if text.startswith(piece)), None)
        if piece is None:
            return ["[UNK]"]
        pieces.append(piece)
        rest = text[len(piece) :]
    return pieces


def _begins_a_piece(word, vocabulary):
    return _longest()(word, {piece[:end] for piece in vocabulary for end in range(1, len(piece) + 1)})


def _fewest(word, vocabulary):
    best: list = [[]]
    for end in range(1, len(word) + 1):
        found = [
            [*best[start], ("##" if start else "") + word[start:end]]
            for start in range(end)
            if best[start] is not None and ("##" if start else "") + word[start:end] in vocabulary
        ]
        best.append(min(found, key=len) if found else None)
    return best[-1] or ["[UNK]"]


def _from_the_end(word, vocabulary):
    pieces, end = [], len(word)
    while end:
        start = next((s for s in range(end) if ("##" if s else "") + word[s:end] in vocabulary), None)
        if start is None:
            return ["[UNK]"]
        pieces.insert(0, ("##" if start else "") + word[start:end])
        end = start
    return pieces


LONGEST_FIRST = Exercise(
    id="09.longest_first",
    title="The longest piece first",
    reference=_longest(),
    cases=lambda: [
        ("the", ["the", "t", "##he"]),
        ("ab", ["a", "ab", "b", "##b"]),
        ("unless", ["un", "less", "##less"]),
        ("redone", ["re", "red", "##done", "##one"]),
        ("unx", ["un", "##n", "##u"]),
        ("xs", ["s", "##s"]),
        ("abc", ["ab", "c", "##b"]),
        ("unaffable", ["un", "una", "##aff", "##able"]),
        ("unaffs", ["un", "una", "##f", "##ff", "##s"]),
        ("banana", ["b", "ban", "##a", "##an", "##n", "##na"]),
        ("do", ["dog", "d", "##or"]),
        ("USA", ["us", "usa", "US", "##A", "##a"]),
    ],
    properties=[
        matches_reference("Is a word in the vocabulary a single piece?", cases=[0, 1]),
        matches_reference("Does unless become un and ##less?", cases=2),
        matches_reference(
            "Is the longest piece taken first, from the left, even if others fit too?", cases=3
        ),
        matches_reference("If nothing fits, is the whole word one [UNK]?", cases=[4, 5]),
        matches_reference("Is only what is in the vocabulary a piece, and not the do of dog?", cases=10),
        matches_reference("Inside a word, do only pieces with ## count, so that abc has no c?", cases=6),
        matches_reference(
            "After the dead end una, is the word [UNK], without a second try with un?", cases=7
        ),
        matches_reference("Is it right for other words?", cases=[8, 9, 11]),
    ],
    hints=[
        "If a piece starts at `start`, in which order do you try its ends?",
        'At start > 0 look for "##" + word[start:end]. If no end gives a known piece, the answer is ["[UNK]"].',
        "Loop `while start < len(word)`, and inside `for end in range(len(word), start, -1)`; a for loop's `else` runs "
        "if it was never left by `break`.",
    ],
    mistakes=[
        Mistake(
            "shortest first",
            _longest(shortest=True),
            "You took the shortest piece that fits; try the longest first, range(len(word), start, -1).",
        ),
        Mistake(
            "no ##",
            _longest(mark=False),
            "You looked for pieces without ## inside the word; those begin words.",
        ),
        Mistake(
            "with or without ##",
            _either,
            "Inside the word you took pieces without ## as well; those only begin words.",
        ),
        Mistake(
            "another try",
            _with_backtracking,
            "You went back to a shorter piece when nothing fitted the rest; WordPiece never goes back.",
        ),
        Mistake(
            "only the rest unknown",
            _longest(unknown="rest"),
            "You kept the pieces before the gap; BERT makes the whole word [UNK].",
        ),
        Mistake(
            "only the letter unknown",
            _longest(unknown="letter"),
            "You made one letter [UNK] and went on; BERT makes the whole word [UNK].",
        ),
        Mistake(
            "from the end", _from_the_end, "You split from the end of the word; BERT starts on the left."
        ),
        Mistake(
            "## not returned",
            _longest(shown=False),
            "You found the right pieces but returned them without ##; inside a word the ## belongs to the piece.",
        ),
        Mistake(
            "## on the first piece",
            _longest(first_mark="##"),
            "You looked for ## at the beginning of the word too; the piece that begins a word has no mark.",
        ),
        Mistake(
            "letters skipped",
            _longest(unknown="skipped"),
            "You left out a letter where nothing fitted; then the pieces do not spell the word. BERT makes it [UNK].",
        ),
        Mistake(
            "the pieces so far",
            _longest(unknown="begun"),
            "You returned the pieces before the gap; if the rest does not fit, the whole word is [UNK].",
        ),
        Mistake(
            "the pieces so far, if any",
            _longest(unknown="begun, if any"),
            "You returned the pieces before the gap; if the rest does not fit, the whole word is [UNK].",
        ),
        Mistake(
            "[UNK] as a text",
            _longest(unknown="text"),
            'Return a list in every case: the unknown word is one piece, ["[UNK]"].',
        ),
        Mistake(
            "no single letters",
            _longest(at_least=2),
            "You never try a piece of a single letter: your ends stop too early, range(len(word), start, -1).",
        ),
        Mistake(
            "the beginning of a piece",
            _begins_a_piece,
            "You took a text that only begins a piece of the vocabulary; the piece itself has to be in it.",
        ),
        Mistake(
            "fewest pieces",
            _fewest,
            "You looked for the fewest pieces; WordPiece takes the longest one from the left, whatever that leaves.",
        ),
        Mistake(
            "lower-cased",
            lambda word, vocabulary: _longest()(word.lower(), vocabulary),
            "You changed capitals to small letters; normalization has come before, look the word up as it is.",
        ),
        Mistake(
            "in the vocabulary's order",
            _in_the_vocabularys_order,
            "You took the piece that comes first in the vocabulary; its order means nothing, the longest piece wins.",
        ),
    ],
)
