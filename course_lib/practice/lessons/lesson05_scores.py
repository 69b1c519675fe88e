"""Lesson 05: additive scores."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson05_weights import learns
from course_lib.practice.properties import has_shape, holds, matches_reference


def _additive(squash=torch.tanh, swap=False, weigh=True, outside=False, difference=False, transpose=False):
    """Additive scores; the options are the ways to get them wrong."""

    def scores(queries, keys, W, U, v):
        if swap:
            W, U = U, W
        from_keys = -(keys @ U.T) if difference else keys @ U.T
        met = (queries @ W.T)[:, None] + from_keys[None]  # (target_len, source_len, attention_size)
        hidden = met if outside else squash(met)
        result = hidden @ v if weigh else hidden.sum(dim=-1)
        result = squash(result) if outside else result
        return result.T.clone() if transpose else result

    return scores


def _additive_cases() -> list[tuple]:
    generator = seeded(2)

    def case(target_len: int, source_len: int, size: int, d_q: int = 3, d_k: int = 3) -> tuple:
        shapes = (target_len, d_q), (source_len, d_k), (size, d_q), (size, d_k), (size,)
        return tuple(torch.randn(*shape, generator=generator) for shape in shapes)

    return [case(1, 1, 1), case(1, 1, 4), case(1, 5, 4), case(2, 5, 4), case(4, 3, 6, 2, 5)]


def _one_that_learns() -> list[tuple]:
    """Cases in which a single one of the five arguments asks for its gradient."""
    return [
        tuple(part.requires_grad_() if n == chosen else part for n, part in enumerate(_additive_cases()[4]))
        for chosen in range(5)
    ]


ADDITIVE_SCORES = Exercise(
    id="05.additive_scores",
    title="Additive scores",
    reference=_additive(),
    cases=_additive_cases,
    properties=[
        has_shape("Is it one score for each query and key, (target_len, source_len)?"),
        matches_reference("One query, one key, one hidden unit: is it v · tanh(W q + U k)?", cases=0),
        matches_reference("With four hidden units: does v weigh them, and is their sum the score?", cases=1),
        matches_reference("With five keys?", cases=2),
        matches_reference("With two queries: does every query meet every key?", cases=3),
        matches_reference("Is it right where queries and keys differ in size?", cases=4),
        holds("Do queries, keys, W, U and v all get a gradient?", learns, cases=_one_that_learns),
    ],
    hints=[
        "How many hidden layers of a units are there, if every query meets every key?",
        "`queries @ W.T` is (target_len, a), `keys @ U.T` is (source_len, a). Every row of the one must be added to "
        "every row of the other: give each a dimension of length 1 in the right place.",
        "With `[:, None]` the queries are (target_len, 1, a), with `[None]` the keys are (1, source_len, a); their sum "
        "is (target_len, source_len, a). Now take its tanh and multiply by v.",
    ],
    mistakes=[
        Mistake(
            "no tanh",
            _additive(squash=lambda x: x),
            "You left out the tanh. Without it the score is v·Wq + v·Uk; the first part is the same for all keys and "
            "drops out of the softmax: every query would have the same weights.",
        ),
        Mistake(
            "sigmoid for tanh",
            _additive(squash=torch.sigmoid),
            "You squashed with the sigmoid. It is tanh, whose values lie on both sides of 0.",
        ),
        Mistake(
            "ReLU for tanh",
            _additive(squash=torch.relu),
            "You used the ReLU; this hidden layer has tanh.",
        ),
        Mistake(
            "W and U swapped",
            _additive(swap=True),
            "You gave W to the keys and U to the queries; it is W q + U k.",
        ),
        Mistake(
            "sum instead of v",
            _additive(weigh=False),
            "You added up the hidden units; each has its own weight in v.",
        ),
        Mistake(
            "tanh outside",
            _additive(outside=True),
            "You took the tanh of the finished score; it belongs around the sum W q + U k, unit by unit.",
        ),
        Mistake(
            "difference",
            _additive(difference=True),
            "You subtracted the key's share; both are added: W q + U k.",
        ),
        Mistake(
            "keys as rows",
            _additive(transpose=True),
            "Your rows are the keys. In the whole course a row is a query, a column a key: (target_len, source_len).",
        ),
        Mistake(
            "no pairs",
            lambda queries, keys, W, U, v: torch.tanh(queries @ W.T + keys @ U.T) @ v,
            "You added query t to key t; every query meets every key: give one a dimension for the keys, [:, None], "
            "and the other for the queries, [None].",
        ),
        Mistake(
            "no transpose",
            lambda queries, keys, W, U, v: torch.tanh((queries @ W)[:, None] + (keys @ U)[None]) @ v,
            "W is (a, d_q), and your queries are rows, (target_len, d_q): W q for every row is queries @ W.T.",
        ),
        Mistake(
            "as the formula stands",
            lambda queries, keys, W, U, v: torch.tanh((W @ queries)[:, None] + (U @ keys)[None]) @ v,
            "In the formula q is a column; here the queries are rows. W q for every row is queries @ W.T.",
        ),
        Mistake(
            "softmax taken",
            lambda queries, keys, W, U, v: torch.softmax(_additive()(queries, keys, W, U, v), dim=-1),
            "You took the softmax as well. Return the scores before it.",
        ),
        Mistake(
            "softmax over the queries taken",
            lambda queries, keys, W, U, v: torch.softmax(_additive()(queries, keys, W, U, v), dim=0),
            "You took a softmax, and over the queries. Return the scores before any softmax; where one is taken, it "
            "runs over the keys.",
        ),
        Mistake(
            "detached",
            lambda queries, keys, W, U, v: _additive()(queries, keys, W, U, v).detach(),
            "Your numbers are right, but no gradient comes back, so the score network cannot be learned. Stay with "
            "tensors: no detach, tolist, item or NumPy on the way.",
        ),
        Mistake(
            "v forgotten",
            lambda queries, keys, W, U, v: torch.tanh((queries @ W.T)[:, None] + (keys @ U.T)[None]),
            "You returned the hidden layer, (target_len, source_len, a); its product with v is the score.",
        ),
        Mistake(
            "hidden layer times v, not summed",
            lambda queries, keys, W, U, v: torch.tanh((queries @ W.T)[:, None] + (keys @ U.T)[None]) * v,
            "You multiplied each hidden unit by its weight in v; their sum over the units is the score: @ v does both.",
        ),
        Mistake(
            "tanh of each part",
            lambda queries, keys, W, U, v: (
                (torch.tanh(queries @ W.T)[:, None] + torch.tanh(keys @ U.T)[None]) @ v
            ),
            "You took the tanh of W q and of U k separately. Then the query adds the same number to every score of its "
            "row, and the softmax drops it. The tanh goes around the sum.",
        ),
        Mistake(
            "product of the parts",
            lambda queries, keys, W, U, v: torch.tanh((queries @ W.T)[:, None] * (keys @ U.T)[None]) @ v,
            "You multiplied W q and U k; they are added.",
        ),
        Mistake(
            "a dot product in the hidden layer",
            lambda queries, keys, W, U, v: torch.tanh((queries @ W.T) @ (keys @ U.T).T),
            "You took the dot product of W q and U k. They are added, unit by unit, and v turns the hidden units into "
            "a number.",
        ),
        Mistake(
            "scaled",
            lambda queries, keys, W, U, v: _additive()(queries, keys, W, U, v) / len(v) ** 0.5,
            "You divided by the square root of the number of hidden units. The additive score has no scale.",
        ),
        Mistake(
            "v inside the tanh",
            lambda queries, keys, W, U, v: torch.tanh(
                ((queries @ W.T)[:, None] + (keys @ U.T)[None]) * v
            ).sum(dim=-1),
            "You multiplied by v before the tanh; v weighs the hidden units after it.",
        ),
        Mistake(
            "mean over the hidden units",
            lambda queries, keys, W, U, v: _additive()(queries, keys, W, U, v) / len(v),
            "You took the mean over the hidden units; the product with v is their sum: @ v.",
        ),
        Mistake(
            "every 1 squeezed away",
            lambda queries, keys, W, U, v: _additive()(queries, keys, W, U, v).squeeze(),
            "squeeze() drops every dimension of length 1, a single query or key as well. squeeze(-1) drops the last "
            "alone, and after @ v there is none to drop.",
        ),
        Mistake(
            "v as a column",
            lambda queries, keys, W, U, v: _additive()(queries, keys, W, U, v)[..., None],
            "Your scores have a last dimension of length 1. @ v leaves none; after @ v[:, None] drop it with "
            "squeeze(-1).",
        ),
        Mistake(
            "no keys",
            lambda queries, keys, W, U, v: (torch.tanh(queries @ W.T) @ v)[:, None].repeat(1, len(keys)),
            "The key does not enter your score: U k is missing from the sum.",
        ),
    ],
)
