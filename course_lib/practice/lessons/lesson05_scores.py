"""Lesson 05: additive scores, and how often a map's darkest cell lies on the true alignment."""

import torch

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, matches_reference


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
    generator = torch.Generator().manual_seed(2)

    def case(target_len: int, source_len: int, attention_size: int) -> tuple:
        shapes = (target_len, 3), (source_len, 3), (attention_size, 3), (attention_size, 3), (attention_size,)
        return tuple(torch.randn(*shape, generator=generator) for shape in shapes)

    return [case(1, 1, 1), case(1, 1, 4), case(1, 5, 4), case(2, 5, 4)]


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
    ],
    hints=[
        "from_queries = queries @ W.T is (target_len, a), from_keys = keys @ U.T is (source_len, a). Every row of "
        "the one must be added to every row of the other: give each a dimension of length 1 in the right place.",
        "from_queries[:, None] is (target_len, 1, a), from_keys[None] is (1, source_len, a); their sum is "
        "(target_len, source_len, a). Then tanh, then the product with v.",
        "torch.tanh((queries @ W.T)[:, None] + (keys @ U.T)[None]) @ v",
    ],
    mistakes=[
        Mistake(
            "no tanh",
            _additive(squash=lambda x: x),
            "You left out the tanh. Without it the score is v·Wq + v·Uk; the first part is the same for all keys and "
            "drops out of the softmax: every query would look at the same place.",
        ),
        Mistake(
            "W and U swapped",
            _additive(swap=True),
            "You gave W to the keys and U to the queries; it is W q + U k.",
        ),
        Mistake(
            "sum instead of v",
            _additive(weigh=False),
            "You summed up the hidden units; each of them counts with its own weight, v.",
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
            "You took the softmax as well; the scores before it are asked for.",
        ),
        Mistake(
            "v forgotten",
            lambda queries, keys, W, U, v: torch.tanh((queries @ W.T)[:, None] + (keys @ U.T)[None]),
            "You returned the hidden layer, (target_len, source_len, a); its product with v is the score.",
        ),
    ],
)


def _share(weights, gold):
    has_gold = gold.any(dim=1)
    found = gold[torch.arange(len(gold)), weights.argmax(dim=1)]
    return found[has_gold].double().mean().item()


def _share_of_all(weights, gold):
    return gold[torch.arange(len(gold)), weights.argmax(dim=1)].double().mean().item()


def _mass(weights, gold):
    return (weights * gold).sum(dim=1)[gold.any(dim=1)].mean().item()


def _over_columns(weights, gold):
    has_gold = gold.any(dim=0)
    return gold[weights.argmax(dim=0), torch.arange(gold.shape[1])][has_gold].double().mean().item()


def _first_gold_only(weights, gold):
    rows = gold.any(dim=1)
    return (weights.argmax(dim=1) == gold.int().argmax(dim=1))[rows].double().mean().item()


def _more_than_half(weights, gold):
    return ((weights * gold).sum(dim=1) > 0.5)[gold.any(dim=1)].double().mean().item()


def _count(weights, gold):
    return gold[torch.arange(len(gold)), weights.argmax(dim=1)][gold.any(dim=1)].sum().item()


def _gold_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(3)

    def case(scores: list[list[float]], gold: list[list[int]]) -> tuple:
        noise = 0.01 * torch.rand(len(scores), len(scores[0]), generator=generator)
        return torch.softmax(torch.tensor(scores) + noise, dim=1), torch.tensor(gold, dtype=torch.bool)

    return [
        case([[2.0, 0.0, 1.0], [0.0, 3.0, 2.5]], [[1, 0, 0], [0, 0, 1]]),
        case([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0], [0.0, 4.0, 1.0]], [[1, 0, 0], [0, 0, 0], [0, 0, 1]]),
        case(
            [[0.0, 1.0, 0.9, 0.3], [0.0, 0.2, 3.0, 0.1], [0.0, 0.0, 0.0, 0.1]],
            [[0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]],
        ),
    ]


SHARE_ON_GOLD = Exercise(
    id="05.share_on_gold",
    title="How often the darkest cell is the true one",
    reference=_share,
    cases=_gold_cases,
    properties=[
        matches_reference(
            "Two queries, one of which has its largest weight on its true key: is it 0.5?", cases=0
        ),
        matches_reference("Is a query without any true key left out, neither right nor wrong?", cases=1),
        matches_reference(
            "Where a query has two true keys: is it right to look most at either of them?", cases=2
        ),
    ],
    hints=[
        "For every row: where is its largest weight, and is gold True there? Then: which rows count at all?",
        "weights.argmax(dim=1) gives one column a row; gold[rows, columns] with rows = torch.arange(len(gold)) reads "
        "one cell a row. A row counts if gold.any(dim=1).",
        "found = gold[torch.arange(len(gold)), weights.argmax(dim=1)]; the mean of found[gold.any(dim=1)] as floats, "
        ".item().",
    ],
    mistakes=[
        Mistake(
            "rows without gold counted as wrong",
            _share_of_all,
            "You counted queries that have no true key: nobody could be right there. Take the mean over the rows where "
            "gold.any(dim=1).",
        ),
        Mistake(
            "mass",
            _mass,
            "That is how much weight lies on the true keys, on average: a good measure too, but another. Here a query "
            "is right or wrong: where is its largest weight?",
        ),
        Mistake(
            "over the keys",
            _over_columns,
            "You asked for each key which query looks at it most; ask for each query, along dim=1.",
        ),
        Mistake(
            "first true key only",
            _first_gold_only,
            "Where several keys are true, you accepted only the first of them.",
        ),
        Mistake(
            "more than half",
            _more_than_half,
            "You asked for more than half of the weight; the largest weight may be smaller than that.",
        ),
        Mistake(
            "a count",
            _count,
            "That is how many; divide by the number of queries that have a true key.",
        ),
        Mistake(
            "first true key only, among all rows",
            lambda weights, gold: (weights.argmax(dim=1) == gold.int().argmax(dim=1)).double().mean().item(),
            "Two things: where several keys are true you accepted only the first, and you counted queries that have "
            "none (there gold.int().argmax is 0, which is no answer).",
        ),
        Mistake(
            "divided by the true cells",
            lambda weights, gold: _count(weights, gold) / gold.sum().item(),
            "You divided by the number of true cells; a query may have several. Divide by the number of queries that "
            "have any.",
        ),
        Mistake(
            "per cent",
            lambda weights, gold: 100 * _share(weights, gold),
            "That is per cent; a share lies between 0 and 1.",
        ),
    ],
)
