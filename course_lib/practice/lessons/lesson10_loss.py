"""Lesson 10: the loss of a masked language model."""

import math

import torch
import torch.nn.functional as F

from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import has_shape, holds, matches_reference


def _cases() -> list[tuple]:
    generator = seeded(10)

    def case(batch: int, time: int, vocab_size: int, share: float, scale: float = 2.0) -> tuple:
        logits = scale * torch.randn(batch, time, vocab_size, generator=generator)
        ids = torch.randint(vocab_size, (batch, time), generator=generator)
        selected = torch.rand(batch, time, generator=generator) < share
        selected[0, 1] = True
        return logits, ids, selected

    one = (torch.zeros(1, 3, 4), torch.tensor([[2, 0, 1]]), torch.tensor([[False, True, False]]))
    return [one, case(2, 6, 5, 0.3), case(4, 12, 11, 0.3), case(2, 5, 7, 0.5, scale=200.0)]


def _that_learns() -> list[tuple]:
    logits, ids, selected = _cases()[1]
    return [(logits.requires_grad_(), ids, selected)]


def _others_make_no_difference(attempt: Attempt) -> str | None:
    logits, ids, selected = attempt.cases()[1]
    before = attempt(logits, ids, selected)
    after = attempt(torch.where(selected[..., None], logits, 3 * logits), ids, selected)
    found = difference(after, before, attempt.exercise.tolerance)
    if found is None:
        return None
    return (
        f"{attempt.given((logits, ids, selected))}, you have {found.expected}, and {found.actual} when the logits of "
        "all tokens that are not selected are three times as large."
    )


def _of_each(factor):
    def mlm_loss(logits, ids, selected):
        return factor(F.cross_entropy(logits.transpose(1, 2), ids, reduction="none"), selected)

    return mlm_loss


def _with_targets(targets, **options):
    def mlm_loss(logits, ids, selected):
        return F.cross_entropy(logits.transpose(1, 2), targets(ids, selected), **options)

    return mlm_loss


def _shifted(logits, ids, selected):
    return F.cross_entropy(logits[:, :-1][selected[:, 1:]], ids[:, 1:][selected[:, 1:]])


def _in_place(logits, ids, selected):
    ids[~selected] = -100
    return F.cross_entropy(logits.transpose(1, 2), ids)


MLM_LOSS = Exercise(
    id="10.mlm_loss",
    title="The masked-language-model loss",
    reference=lambda logits, ids, selected: F.cross_entropy(logits[selected], ids[selected]),
    cases=_cases,
    properties=[
        has_shape("Is it one number, a tensor without dimensions?"),
        matches_reference("With equal logits for four words and one token selected, is it ln 4?", cases=0),
        Property(
            "Do the logits of tokens that are not selected make no difference?", _others_make_no_difference
        ),
        matches_reference("With two rows, is it the mean over the selected tokens of both?", cases=1),
        matches_reference("With four rows and eleven words, is it still that mean?", cases=2),
        matches_reference("Are logits of several hundred safe, whose exponential is infinite?", cases=3),
        holds(
            "Can the logits be trained through it?",
            lambda loss, *_: (
                loss.requires_grad
                or "no gradient reaches the logits (because of detach, .item() or a new tensor)."
            ),
            cases=_that_learns,
        ),
    ],
    hints=[
        "Which tokens may contribute, and which id is the target there: the one shown or the true one?",
        "A boolean tensor can be used as an index: it keeps the places where it is True and joins them in a row.",
        "`logits[selected]` has shape (n, vocab_size) and `ids[selected]` has shape (n,): what does F.cross_entropy "
        "ask for?",
    ],
    mistakes=[
        Mistake(
            "all tokens",
            _of_each(lambda each, selected: each.mean()),
            "You averaged over all tokens. Most of them are visible, so that mostly rewards copying. (To average "
            "first and mask afterwards is the same mistake: d2l-ai/d2l-en#2582.)",
        ),
        Mistake(
            "divided by all",
            _of_each(lambda each, selected: (each * selected).mean()),
            "You divided by the number of all tokens. Divide by that of the selected ones, or the loss depends on "
            "how many there are.",
        ),
        Mistake(
            "no minus",
            _of_each(lambda each, selected: -each[selected].mean()),
            "Your loss is negative: it is *minus* the mean of the log probabilities.",
        ),
        Mistake(
            "softmax before",
            lambda logits, ids, selected: F.cross_entropy(logits[selected].softmax(-1), ids[selected]),
            "You passed probabilities to F.cross_entropy, which takes logits: it applies the softmax itself.",
        ),
        Mistake(
            "softmax, then log",
            lambda logits, ids, selected: F.nll_loss(logits[selected].softmax(-1).log(), ids[selected]),
            "You took the logarithm of a softmax: large logits give log 0 = −∞. Use F.cross_entropy or log_softmax.",
        ),
        Mistake(
            "sum",
            _of_each(lambda each, selected: (each * selected).sum()),
            "You summed over the selected tokens; the loss is their mean.",
        ),
        Mistake(
            "divided by the rows",
            _of_each(lambda each, selected: (each * selected).sum() / len(each)),
            "You divided by the number of rows. Divide by the number of selected tokens.",
        ),
        Mistake(
            "logits as log probabilities",
            lambda logits, ids, selected: F.nll_loss(logits[selected], ids[selected]),
            "You used the logits as if they were log probabilities. Take log_softmax first, or F.cross_entropy.",
        ),
        Mistake(
            "perplexity",
            _of_each(lambda each, selected: each[selected].mean().exp()),
            "You returned the perplexity, the exponential of the loss. Leave out exp.",
        ),
        Mistake(
            "the others",
            _of_each(lambda each, selected: each[~selected].mean()),
            "You took the tokens that were not selected: the mask is inverted.",
        ),
        Mistake(
            "mean of the rows' means",
            _of_each(
                lambda each, selected: ((each * selected).sum(1) / selected.sum(1).clamp(min=1))[
                    selected.any(1)
                ].mean()
            ),
            "You averaged each row and then the rows, so a token of a row with few selected ones counts more.",
        ),
        Mistake(
            "target 0 where nothing is asked",
            _with_targets(lambda ids, selected: ids * selected),
            "You set the targets of all other tokens to 0, which is a class like any other to F.cross_entropy. Index "
            "with selected, or mark them with -100.",
        ),
        Mistake(
            "0 ignored",
            _with_targets(lambda ids, selected: ids * selected, ignore_index=0),
            "You ignored the target 0, and with it each selected token whose id is 0. Mark the others with -100, which "
            "is nobody's id.",
        ),
        Mistake(
            "shifted",
            _shifted,
            "You shifted the targets as for a GPT. BERT predicts the token at its own position: no shift.",
        ),
        Mistake(
            "in bits",
            _of_each(lambda each, selected: each[selected].mean() / math.log(2)),
            "Your loss is in bits (logarithm to base 2); nats need the natural logarithm.",
        ),
        Mistake(
            "softmax over the positions",
            lambda logits, ids, selected: F.nll_loss(logits.log_softmax(dim=1)[selected], ids[selected]),
            "Your softmax runs over the positions (dim=1). The words compete: dim=-1, or F.cross_entropy.",
        ),
        Mistake(
            "other logits set to 0",
            lambda logits, ids, selected: F.cross_entropy(
                (logits * selected[..., None]).transpose(1, 2), ids
            ),
            "You set the other tokens' logits to 0 and averaged over all. A row of zeros is a prediction too, and "
            "costs ln(vocab_size).",
        ),
        Mistake(
            "labels smoothed",
            lambda logits, ids, selected: F.cross_entropy(
                logits[selected], ids[selected], label_smoothing=0.1
            ),
            "You smoothed the labels. The formula gives the true word the whole probability: no label_smoothing.",
        ),
        Mistake(
            "mean before the logarithm",
            _of_each(lambda each, selected: -(-each[selected]).exp().mean().log()),
            "You averaged the probabilities and took the logarithm of that. Take each logarithm first, then the mean.",
        ),
        Mistake(
            "in place",
            _in_place,
            "You wrote -100 into ids itself. torch.where(selected, ids, -100) makes new labels.",
        ),
        Mistake(
            "detached",
            lambda logits, ids, selected: F.cross_entropy(logits.detach()[selected], ids[selected]),
            "You detached the logits. The number is right, and nothing can be learned from it.",
        ),
    ],
)
