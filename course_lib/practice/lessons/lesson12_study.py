"""Lesson 12: choose a head, judge it on held-out sentences and a control, ablate it."""

from collections.abc import Callable

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson12_study_cases import study, study_cases
from course_lib.practice.properties import has_shape, holds, matches_reference


def _correct(name: str) -> Callable[..., bool | str]:
    """A test of one entry only, so that the others can be wrong."""

    def test(result, *arguments):
        expected = study()(*arguments)
        if abs(result[name] - expected[name]) < 1e-4:
            return True
        return f'your "{name}" is {result[name]:.3f}, expected {expected[name]:.3f}.'

    return test


def _right_head(result, *arguments) -> bool | str:
    expected = study()(*arguments)["head"]
    if tuple(int(number) for number in result["head"]) == expected:
        return True
    return f"you chose (layer, head) = {tuple(result['head'])}, expected {expected}."


STUDY_HEAD = Exercise(
    id="12.study_head",
    title="Find a head, control it, ablate it",
    points=4,
    reference=study(),
    cases=study_cases,
    properties=[
        has_shape(
            'Is it a dictionary of "head" (layer, head), "score", "control", "kept" and "kept without another"?'
        ),
        holds(
            "With two layers of two heads, is the head with the largest score chosen?", _right_head, cases=0
        ),
        holds(
            "With more layers and heads, is the head chosen on `choosing` alone, and named (layer, head)?",
            _right_head,
            cases=(1, 2, 3, 4),
        ),
        holds("Is its score that of the same head on `judging`?", _correct("score")),
        holds("Is the control the score of the same head on the control's sentences?", _correct("control")),
        holds("How much of the movement is kept with this head ablated?", _correct("kept")),
        holds(
            "How much is kept with one other head of the layer ablated, on average?",
            _correct("kept without another"),
        ),
        matches_reference("Are all five entries right, for several numbers of layers and heads?"),
    ],
    hints=[
        "Which three sets of sentences are there, and which of them may decide on the head?",
        "A grid (layers, heads) for each set: the mean over a sentence's pairs of A[:, :, query, key], then the mean "
        "over sentences. Choose by the first grid; read the same place in the other two.",
        "`layer, head = divmod(int(grid.argmax()), grid.shape[1])`; `movement([(layer, head)]) / movement([])` is what "
        "is kept; average the same ratio over the other heads of that layer.",
    ],
    mistakes=[
        Mistake(
            "chosen on the judging sentences",
            study("chosen on judging"),
            "You chose the head on the sentences that judge it, so its score is too good. Choose on `choosing`.",
        ),
        Mistake(
            "query and key exchanged",
            study("exchanged"),
            "You exchanged query and key: a pair is (query, key), and rows are queries: A[:, :, query, key].",
        ),
        Mistake(
            "all pairs pooled",
            study("pooled"),
            "You averaged over all pairs at once, so sentences with many pairs count more. Average in each "
            "sentence first.",
        ),
        Mistake(
            "the control's best head",
            study("control's best"),
            "You took the best head of the control. The control asks what the *chosen* head does there.",
        ),
        Mistake(
            "divided by the layers",
            study("divided by layers"),
            "You divided the flat index by the number of layers. A row has n_heads entries: divmod(index, n_heads).",
        ),
        Mistake(
            "the smallest score",
            study("smallest"),
            "You chose the head with the smallest score.",
        ),
        Mistake(
            "others together",
            study("others together"),
            "You ablated all other heads of the layer together. Ablate one at a time and average.",
        ),
        Mistake(
            "itself among the others",
            study("itself too"),
            "The chosen head is among your others: leave it out of the comparison.",
        ),
        Mistake(
            "others of every layer",
            study("every layer"),
            "You compared with the heads of all layers. Compare with the other heads of the same layer.",
        ),
        Mistake(
            "not divided by the intact model",
            study("raw"),
            "You returned the movement itself. Divide by that of the intact model, `movement([])`.",
        ),
        Mistake(
            "a difference from the intact model",
            study("difference"),
            "You subtracted the intact movement. A share is a ratio: divide by `movement([])`.",
        ),
        Mistake(
            "what is lost",
            study("lost"),
            "You returned what is lost; asked for is the share that is kept.",
        ),
        Mistake(
            "judged on the choosing sentences",
            study("judged on choosing"),
            "Your score comes from the sentences that chose the head, so it is too good. Read it from `judging`.",
        ),
        Mistake(
            "head before layer", study("head first"), "You returned (head, layer); the layer comes first."
        ),
        Mistake(
            "the last layer's best head",
            study("last layer"),
            "You looked for the head in the last layer only. Choose among the heads of all layers.",
        ),
        Mistake(
            "sum over the pairs",
            study("summed"),
            "You summed over a sentence's pairs; take their mean, or sentences with many pairs count more.",
        ),
        Mistake(
            "the first pair only",
            study("first pair"),
            "You used the first pair of each sentence only; average over all its pairs.",
        ),
        Mistake(
            "queries crossed with keys",
            study("every combination"),
            "You combined every query with every key. A pair is one query and its key: A[:, :, queries, keys] picks "
            "the pairs, and indexing one after the other picks every combination.",
        ),
        Mistake(
            "both ablated",
            study("both"),
            "You ablated the chosen head together with each other one. For the comparison only the other is ablated.",
        ),
        Mistake(
            "the same number in other layers",
            study("same number"),
            "You compared with the head of the same number in other layers. Compare with the others of its layer.",
        ),
        Mistake(
            "one neighbour",
            study("neighbour"),
            "You compared with one other head. Ablate each other head of the layer in turn, and average.",
        ),
        Mistake(
            "intact divided by ablated",
            study("inverse"),
            "You divided the intact movement by the ablated one; it is the other way round.",
        ),
        Mistake(
            "relative to the chosen head",
            study("relative"),
            "You divided by the movement without the chosen head. Both shares are relative to `movement([])`.",
        ),
        Mistake(
            "the strongest pair",
            study("strongest pair"),
            "You took the strongest pair of each sentence. A head's score is its *mean* weight over the pairs.",
        ),
        Mistake(
            "chosen by the difference from the control",
            study("minus control"),
            "You chose the head whose score is furthest above its control. The control takes no part in the choice: "
            "take the largest score on `choosing`.",
        ),
        Mistake(
            "the best head of judging",
            study("judging's best"),
            "Your score is that of the best head on `judging`. Report the *chosen* head's.",
        ),
        Mistake(
            "the best head of each list",
            study("each list's best"),
            "Your score and your control are those of the best head of each list. Report the *chosen* head's.",
        ),
        Mistake(
            "the control subtracted",
            study("control subtracted"),
            "You subtracted the control from the score. Report both as they are, so that a reader can compare them.",
        ),
        Mistake(
            "the control as a share",
            study("control's share"),
            "You divided the control by the score. Report both as they are, so that a reader can compare them.",
        ),
        Mistake(
            "divided by all heads",
            study("divided by all"),
            "You divided by all heads of the layer, but the others are one fewer: n_heads - 1.",
        ),
        Mistake(
            "the flat index",
            study("flat"),
            "Your head is a flat index that counts through all layers; divmod(index, n_heads) gives (layer, head).",
        ),
        Mistake(
            "no list",
            study("no list"),
            "You passed one (layer, head). `movement` takes a list of them: movement([(layer, head)]).",
        ),
    ],
)
