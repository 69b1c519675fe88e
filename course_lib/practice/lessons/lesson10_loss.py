"""Lesson 10: the masked loss, and how often the right word is likelier than the wrong one."""

import torch
import torch.nn.functional as F

from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference, unchanged_when


def _loss_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(10)

    def case(batch: int, time: int, vocab_size: int, share: float) -> tuple:
        logits = 2 * torch.randn(batch, time, vocab_size, generator=generator)
        ids = torch.randint(vocab_size, (batch, time), generator=generator)
        chosen = torch.rand(batch, time, generator=generator) < share
        chosen[0, 1] = True
        return logits, ids, chosen

    one = (torch.zeros(1, 3, 4), torch.tensor([[2, 0, 1]]), torch.tensor([[False, True, False]]))
    return [one, case(2, 6, 5, 0.3), case(4, 12, 11, 0.3)]


def _each(logits, ids):
    return F.cross_entropy(logits.transpose(1, 2), ids, reduction="none")  # (batch, time)


def _of_chosen_times(factor):
    return lambda logits, ids, chosen: factor(_each(logits, ids), chosen)


MLM_LOSS = Exercise(
    id="10.mlm_loss",
    title="The masked loss",
    reference=lambda logits, ids, chosen: F.cross_entropy(logits[chosen], ids[chosen]),
    cases=_loss_cases,
    properties=[
        has_shape("Is it one number, a tensor without dimensions?"),
        matches_reference("Equal logits for four words, one word asked for: is it ln 4?", cases=0),
        unchanged_when(
            "Do the logits of tokens that are not asked for make no difference?",
            lambda logits, ids, chosen: (torch.where(chosen[..., None], logits, 3 * logits), ids, chosen),
            cases=1,
        ),
        matches_reference("Some words of two rows: is it the mean over the chosen ones?", cases=1),
        matches_reference("And of four?", cases=2),
    ],
    hints=[
        "Only the chosen tokens count: take their logits and their true ids, and nothing else.",
        "logits[chosen] is (n, vocab_size), ids[chosen] is (n,): what F.cross_entropy asks for.",
        "return F.cross_entropy(logits[chosen], ids[chosen])",
    ],
    mistakes=[
        Mistake(
            "all tokens",
            lambda logits, ids, chosen: F.cross_entropy(logits.transpose(1, 2), ids),
            "You averaged over all tokens; the model sees most of them, so that is mostly a lesson in copying. (Mean "
            "first and the mask afterwards is the same mistake, as in d2l-ai/d2l-en#2582.)",
        ),
        Mistake(
            "divided by all",
            _of_chosen_times(lambda each, chosen: (each * chosen).mean()),
            "You divided by the number of all tokens; divide by that of the chosen ones, or the loss depends on how "
            "many were chosen.",
        ),
        Mistake(
            "no minus",
            _of_chosen_times(lambda each, chosen: -each[chosen].mean()),
            "Your loss is negative: it is *minus* the mean of the log probabilities.",
        ),
        Mistake(
            "softmax before",
            lambda logits, ids, chosen: F.cross_entropy(logits[chosen].softmax(-1), ids[chosen]),
            "You gave probabilities to F.cross_entropy, which takes logits: the softmax is in it.",
        ),
        Mistake(
            "sum",
            _of_chosen_times(lambda each, chosen: (each * chosen).sum()),
            "You summed over the chosen tokens; the loss is their mean.",
        ),
        Mistake(
            "the others",
            _of_chosen_times(lambda each, chosen: each[~chosen].mean()),
            "You took the tokens that were not chosen: the mask is the wrong way round.",
        ),
        Mistake(
            "mean of the rows' means",
            _of_chosen_times(
                lambda each, chosen: ((each * chosen).sum(1) / chosen.sum(1).clamp(min=1))[
                    chosen.any(1)
                ].mean()
            ),
            "You averaged each row first and then the rows: a chosen token of a row with few of them counts more.",
        ),
    ],
)


def _right(compare):
    def share_right(logits, good, bad):
        rows = torch.arange(len(logits))
        return compare(logits, rows, good, bad).double().mean().item()

    return share_right


def _pair_cases() -> list[tuple]:
    generator = torch.Generator().manual_seed(10)
    by_hand = (
        torch.tensor(
            [[0.0, 3.0, 1.0, 9.0], [5.0, 2.0, 1.0, 0.0], [1.0, 0.0, 4.0, 2.0], [-2.0, -5.0, -9.0, 8.0]]
        ),
        torch.tensor([1, 0, 1, 0]),
        torch.tensor([2, 3, 2, 1]),
    )
    n = 60
    good, offset = torch.randint(9, (2, n), generator=generator)
    return [by_hand, (torch.randn(n, 10, generator=generator), good, (good + 1 + offset % 8) % 10)]


SHARE_RIGHT = Exercise(
    id="10.share_right",
    title="Right more often",
    reference=_right(lambda logits, rows, good, bad: logits[rows, good] > logits[rows, bad]),
    cases=_pair_cases,
    properties=[
        has_shape("Is it a number?"),
        holds("Does it lie between 0 and 1?", lambda share, *_: 0 <= share <= 1),
        matches_reference("Four pairs by hand, three of them right?", cases=0),
        matches_reference("And sixty?", cases=1),
    ],
    hints=[
        "Each row asks one question: is the logit of its good word larger than that of its bad word?",
        "logits[torch.arange(n), good] takes one logit from each row.",
        "rows = torch.arange(len(logits)); return (logits[rows, good] > logits[rows, bad]).double().mean().item()",
    ],
    mistakes=[
        Mistake(
            "likeliest of all",
            _right(lambda logits, rows, good, bad: logits.argmax(dim=1) == good),
            "You asked whether the right word is the likeliest of all. It only has to beat the wrong one: many words "
            "may fit the place.",
        ),
        Mistake(
            "turned round",
            _right(lambda logits, rows, good, bad: logits[rows, good] < logits[rows, bad]),
            "You counted the rows in which the wrong word wins.",
        ),
        Mistake(
            "every row with every word",
            _right(lambda logits, rows, good, bad: logits[:, good] > logits[:, bad]),
            "logits[:, good] is (n, n): every row with every row's word. Take one from each: "
            "logits[torch.arange(n), good].",
        ),
        Mistake(
            "better than nothing",
            _right(lambda logits, rows, good, bad: logits[rows, good] > 0),
            "A logit above 0 means nothing by itself; compare it with the wrong word's.",
        ),
    ],
)
