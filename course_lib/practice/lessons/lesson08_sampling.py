"""Lesson 08: the distribution to sample from, under temperature, top-k and top-p."""

import torch
from torch import Tensor

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.lessons.lesson08_sampler import log_probabilities, sampler
from course_lib.practice.properties import has_shape, holds, matches_reference


def _cases() -> list[tuple]:
    generator = seeded(8)

    def logits(batch: int, vocab_size: int, scale: float = 2.0) -> Tensor:
        return scale * torch.randn(batch, vocab_size, generator=generator)

    unsorted = torch.tensor([[0.05, 0.45, 0.2, 0.3], [0.6, 0.3, 0.07, 0.03]]).log()
    return [
        (logits(1, 5), 1.0, None, None),
        (logits(2, 7), 0.5, None, None),
        (logits(3, 4), 0.0, None, None),
        (logits(2, 8), 1.0, 3, None),
        (torch.tensor([[0.6, 0.3, 0.1]]).log(), 1.0, None, 0.5),
        (unsorted, 1.0, None, 0.7),
        (logits(3, 12, 1.0), 1.0, None, 0.85),
        (logits(4, 9, 1.0), 0.7, 5, 0.6),
        (logits(2, 5, 300.0), 1.0, None, None),
        (logits(6, 9, 1.5), 1.8, 4, 0.7),
    ]


def _even() -> list[tuple]:
    """Equal probabilities: which of them stay is open, and how many is not."""
    return [(torch.zeros(1, 4), 1.0, None, 0.5)]


NEXT_PROBABILITIES = Exercise(
    id="08.next_probabilities",
    title="Temperature, top-k, top-p",
    reference=sampler(),
    cases=_cases,
    properties=[
        has_shape("Does each row have one probability per symbol, (batch, vocab_size)?"),
        matches_reference(
            "With temperature 1 and no cut-off, is it the softmax over the vocabulary?", cases=0
        ),
        matches_reference("Does temperature 0.5 make likely symbols likelier?", cases=1),
        matches_reference("With temperature 0, is all probability on the likeliest symbol?", cases=2),
        matches_reference("With top_k = 3, do exactly the three likeliest stay, and sum to 1?", cases=3),
        matches_reference("Where the likeliest symbol alone reaches top_p, does only it stay?", cases=4),
        matches_reference(
            "With unsorted rows, does each keep the symbol with which its sum reaches top_p?", cases=5
        ),
        matches_reference("With three rows of twelve symbols, is every nucleus right?", cases=6),
        holds(
            "Where four symbols are equally likely and top_p is 0.5, do exactly two stay?",
            lambda probabilities, *_: (
                bool(((probabilities - 0.5).abs() < 1e-4).sum() == 2)
                or f"{int((probabilities > 0).sum())} stay."
            ),
            cases=_even,
        ),
        matches_reference(
            "With all three, does the temperature come first, then top-k, then top-p on what top-k left?",
            cases=(7, 9),
        ),
        matches_reference(
            "Are logits of several hundred safe, although their exponential is infinite?", cases=8
        ),
    ],
    hints=[
        "In which order do the three act? Which one needs logits, and which one needs probabilities?",
        "Divide the logits by T; set those outside the k likeliest to −∞; softmax. For top-p, sort the probabilities: "
        "a symbol stays while the sum of those before it is below p.",
        "`sorted_p, places = p.sort(dim=-1, descending=True)`, then `kept = sorted_p * (sorted_p.cumsum(-1) - sorted_p "
        "< top_p)`. `torch.zeros_like(p).scatter(-1, places, kept)` puts them back. What is left to do?",
    ],
    mistakes=[
        Mistake(
            "multiplied by the temperature",
            sampler(heat="multiply"),
            "You multiplied by the temperature. Divide: a low temperature makes the likely symbols likelier.",
        ),
        Mistake(
            "temperature ignored",
            sampler(heat="no"),
            "Your temperature has no effect: it is not used, or it divides probabilities, and their sum takes it out "
            "again. Divide the logits.",
        ),
        Mistake(
            "temperature 0 as 1",
            sampler(greedy="ignored"),
            "At temperature 0 you return the softmax of the logits. It is the limit of low temperatures: all "
            "probability on the largest logit.",
        ),
        Mistake(
            "divided by 0",
            sampler(greedy=False),
            "Temperature 0 divides by 0. Treat it separately: all probability on the largest logit.",
        ),
        Mistake(
            "softmax over the batch",
            sampler(dim=0),
            "You took the softmax over the batch. Each row has to sum to 1: dim=-1.",
        ),
        Mistake(
            "everything over the batch",
            sampler(dim=0, batch=True),
            "You took softmax and top-p over the batch. Each row is a distribution of its own: dim=-1.",
        ),
        Mistake(
            "overflow",
            sampler(safe=False),
            "exp of a large logit is infinite. Use softmax, or subtract each row's maximum first.",
        ),
        Mistake(
            "zero for minus infinity",
            sampler(k_how="zero"),
            "You set the other logits to 0, and exp(0) = 1 is no small weight. Set them to −∞.",
        ),
        Mistake("the k smallest", sampler(k_how="smallest"), "You kept the k unlikeliest symbols."),
        Mistake("k + 1", sampler(k_how="one more"), "You kept k + 1 symbols."),
        Mistake(
            "k - 1",
            sampler(k_how="one fewer"),
            "You kept k − 1 symbols: the k-th itself stays, so drop what is below it (<, not ≤).",
        ),
        Mistake(
            "top-k not renormalised",
            sampler(k_how="not renormalised"),
            "After top-k you did not divide by what is left, so the rest does not sum to 1.",
        ),
        Mistake(
            "first row's threshold",
            sampler(k_how="first row"),
            "You cut all rows off at the first row's k-th logit. Each row has a k-th logit of its own.",
        ),
        Mistake("top-k ignored", sampler(k=False), "You did not use top_k."),
        Mistake(
            "one too few",
            sampler(rule="one too few"),
            "You dropped the symbol with which the sum passes p, so what is left falls short of p, and may be nothing "
            "at all. Look at the sum before each symbol, not after it.",
        ),
        Mistake(
            "one too few, the first kept",
            sampler(rule="first column"),
            "You dropped the symbol with which the sum passes p, and kept only the likeliest in any case. Look at the "
            "sum before each symbol: then the first one stays by itself.",
        ),
        Mistake(
            "first row kept",
            sampler(rule="first row"),
            "`keep[0] = True` keeps the whole first row of the batch, not the first symbol of each row. Look at the "
            "sum before each symbol: then the first one stays by itself.",
        ),
        Mistake(
            "one too many",
            sampler(rule="one too many"),
            "Where the likelier ones reach p exactly, you kept one symbol more: < p, not ≤ p.",
        ),
        Mistake(
            "all ties kept",
            sampler(rule="ties"),
            "You kept every symbol as likely as the last one that is needed. Count: the fewest that reach p stay.",
        ),
        Mistake(
            "threshold for each symbol",
            sampler(rule="threshold"),
            "You kept every symbol whose own probability passes a threshold. Top-p looks at the sum of the likeliest.",
        ),
        Mistake(
            "min-p",
            sampler(rule="min-p"),
            "You compared each probability with p times the largest one, which is min-p sampling. Top-p looks at the "
            "sum of the likeliest.",
        ),
        Mistake(
            "not sorted",
            sampler(order="vocabulary"),
            "You summed in the vocabulary's order. Sort first: the nucleus is made of the likeliest symbols.",
        ),
        Mistake(
            "the unlikeliest",
            sampler(order="ascending"),
            "You sorted upwards, and kept the least likely symbols.",
        ),
        Mistake(
            "left in sorted order",
            sampler(back=False),
            "You returned the probabilities in sorted order: symbol 0 now has the likeliest one's. Put them back with "
            "scatter and the places that sort gave.",
        ),
        Mistake(
            "gathered instead of scattered",
            sampler(back="gather"),
            "gather reads from the places that sort gave; scatter writes to them, and that is what undoes the sort.",
        ),
        Mistake(
            "top-p not renormalised",
            sampler(renormalise=False),
            "After top-p you did not divide by what is left, so the rest does not sum to 1.",
        ),
        Mistake(
            "softmax of probabilities",
            sampler(renormalise="softmax"),
            "After top-p you took a softmax of probabilities, which makes them nearly equal. Divide what is left by "
            "its sum.",
        ),
        Mistake(
            "one nucleus size for all rows",
            sampler(rule="largest nucleus"),
            "You kept as many symbols in every row as the row with the largest nucleus needs. Each row has a nucleus "
            "of its own.",
        ),
        Mistake(
            "nucleus of the whole distribution",
            sampler(first="top-p"),
            "Your top-p looks at the whole distribution. It comes after top-k: the rest sums to 1 again, and of that "
            "the fewest that reach p stay.",
        ),
        Mistake(
            "either top-k or top-p",
            sampler(first="either"),
            "Where top_k is given, you leave out top_p. Both may be given: first top-k, then top-p.",
        ),
        Mistake(
            "temperature last",
            sampler(first="unheated"),
            "Your temperature comes last. It comes first: top-p then looks at other probabilities.",
        ),
        Mistake(
            "log probabilities",
            log_probabilities,
            "You returned logarithms. The rows have to be probabilities that sum to 1.",
        ),
        Mistake(
            "nucleus before the temperature",
            sampler(first="temperature last"),
            "Your top-p looks at the probabilities without temperature and top-k. Both come first.",
        ),
    ],
)
