"""Lesson 05: one step of a decoder with attention (Bahdanau et al. 2015), over any encoder."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from course_lib.practice import faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import has_shape, holds

PARTS = ("logits", "new state", "weights")


class Net(nn.Module):
    """The layers that a decoder step uses."""

    def __init__(
        self, vocab_size: int, d_embed: int, hidden_size: int, memory_size: int, attention_size: int
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_embed)
        self.W = nn.Linear(hidden_size, attention_size, bias=False)
        self.U = nn.Linear(memory_size, attention_size, bias=False)
        self.v = nn.Linear(attention_size, 1, bias=False)
        self.cell = nn.GRUCell(d_embed + memory_size, hidden_size)
        self.readout = nn.Linear(hidden_size + memory_size + d_embed, hidden_size)
        self.head = nn.Linear(hidden_size, vocab_size)


def _step(
    *, squash=torch.tanh, swap=False, mask_as="right", dim=-1, order="yc", readout="new", seen="scy",
    before_head=torch.tanh, mix="weights", returned="new", third="weights", cut=False,
) -> Callable:  # fmt: skip
    """One decoder step; the options are the ways to get it wrong."""

    def step(last, s, memory, mask, net):
        y = net.embedding(last)  # (batch, d_embed)
        W, U = (net.U, net.W) if swap else (net.W, net.U)
        scores = net.v(squash(W(s)[:, None] + U(memory)))[..., 0]  # (batch, source_len)
        if mask_as in ("right", "inverted", "finite"):
            low = -100.0 if mask_as == "finite" else -math.inf
            scores = scores.masked_fill(mask if mask_as == "inverted" else ~mask, low)
        if mask_as == "unsafe":
            weights = scores.exp() * mask
            weights = weights / weights.sum(dim=1, keepdim=True)
        else:
            weights = scores.softmax(dim=dim)
        weights = weights * mask if mask_as == "late" else weights
        mixed = {
            "weights": weights,
            "mean": mask / mask.sum(dim=1, keepdim=True),
            "scores": scores.masked_fill(~mask, 0.0),
            "best": nn.functional.one_hot(weights.argmax(dim=1), mask.shape[1]).to(weights.dtype),
            "last": (torch.arange(mask.shape[1]) == mask.sum(dim=1, keepdim=True) - 1).to(weights.dtype),
        }[mix]
        c = (mixed[:, :, None] * memory).sum(dim=1)  # (batch, memory_size)
        c = c.detach() if cut else c
        parts = {"y": y, "c": c, "s": s}
        new = net.cell(torch.cat([parts[name] for name in order], dim=1), s)
        parts["s"] = new if readout == "new" else s
        logits = net.head(before_head(net.readout(torch.cat([parts[name] for name in seen], dim=1))))
        return logits, new if returned == "new" else s, weights if third == "weights" else scores

    return step


def _cases() -> list[tuple]:
    generator = seeded(9)

    def case(
        batch: int, source_len: int, *sizes: int, lengths: Sequence[int] = (), scale: float = 1.0
    ) -> tuple:
        net = Net(*sizes)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.copy_(0.8 * torch.randn(parameter.shape, generator=generator))
            net.v.weight.mul_(scale)
        last = torch.randint(sizes[0], (batch,), generator=generator)
        s = torch.randn(batch, sizes[2], generator=generator).tanh()
        memory = torch.randn(batch, source_len, sizes[3], generator=generator).tanh()
        mask = torch.arange(source_len) < torch.tensor(lengths or [source_len] * batch)[:, None]
        return last, s, memory, mask, net.requires_grad_(False)

    return [
        case(1, 1, 4, 2, 3, 3, 4),
        case(1, 4, 4, 2, 3, 3, 4),
        case(3, 5, 5, 3, 3, 3, 2, lengths=(5, 3, 1)),
        case(4, 4, 6, 2, 5, 3, 4, lengths=(2, 4, 3, 1)),
        case(2, 6, 3, 4, 2, 5, 3, lengths=(6, 4), scale=200.0),
        case(6, 3, 3, 4, 2, 5, 3, lengths=(1, 2, 1, 1, 3, 1), scale=400.0),
    ]


def _one_that_learns() -> list[tuple]:
    """Cases in which s, memory or a single parameter asks for its gradient."""
    cases = []
    for part in (1, 2):
        arguments = _cases()[3]
        arguments[part].requires_grad_()
        cases.append(arguments)
    for number in range(len(list(_cases()[3][4].parameters()))):
        arguments = _cases()[3]
        list(arguments[4].parameters())[number].requires_grad_()
        cases.append(arguments)
    return cases


def _part(number: int, question: str, cases: Sequence[int]) -> Property:
    """One of the three results equals the reference's."""

    def test(attempt: Attempt) -> str | None:
        for arguments in (attempt.cases()[case] for case in cases):
            found = difference(attempt(*arguments)[number], attempt.expected(*arguments)[number])
            if found:
                return faults.join(attempt.given(arguments), f"your {PARTS[number]}: {found.sentence()}")
        return None

    return Property(question, test)


def _gradient_comes_back(result: tuple[Tensor, ...], last, s, memory, mask, net) -> bool | str:
    if result[0].requires_grad:
        return True
    named = {"s": s, "memory": memory, **{f"net.{name}": part for name, part in net.named_parameters()}}
    (name,) = (name for name, part in named.items() if part.requires_grad)
    return f"no gradient comes back from the logits to {name}: training would leave it as it is."


DECODER_STEP = Exercise(
    id="05.decoder_step",
    title="One decoder step with attention",
    reference=_step(),
    cases=_cases,
    properties=[
        has_shape(
            "Are there logits (batch, vocab_size), a state (batch, hidden_size) and weights (batch, source_len)?"
        ),
        _part(2, "Without padding, are the weights the softmax of v · tanh(W s + U h), over the keys?", [1]),
        _part(2, "In a batch with padding, does each row use its own mask?", [2, 3]),
        _part(1, "With a single key, whose state is the context, is the new state cell([y; c], s)?", [0]),
        _part(1, "With several keys, is the context their mean with these weights?", [1, 2, 3]),
        _part(0, "Are the logits head(tanh(readout([s; c; y]))), with the new state?", [0, 1, 2, 3]),
        _part(2, "Are scores of a few hundred safe, although their exponential is infinite?", [4]),
        _part(2, "Is padding without weight even where the other scores are far below zero?", [5]),
        holds("Does a gradient reach s, memory and every parameter?", _gradient_comes_back, _one_that_learns),
    ],
    hints=[
        "Follow the drawing from the query on. Which of the two states, old or new, is needed at each place?",
        "Embed the last symbol; score s against every row of memory; mask, softmax; weighted mean; one step of the "
        "cell; then the readout sees the new state, the context and the embedding.",
        "`net.W(s)` is (batch, a) and `net.U(memory)` is (batch, source_len, a): add them as "
        "`net.W(s)[:, None] + net.U(memory)`. `net.v` of the tanh is (batch, source_len, 1); `squeeze(-1)` drops "
        "the 1.",
    ],
    mistakes=[
        Mistake("mask ignored", _step(mask_as="ignored"), "You did not use the mask: padding gets weight."),
        Mistake(
            "mask inverted",
            _step(mask_as="inverted"),
            "Your mask is inverted: True = may attend. Set the score to −∞ where it is False.",
        ),
        Mistake(
            "masked after the softmax",
            _step(mask_as="late"),
            "You masked the weights after the softmax, so that they no longer sum to 1. Set scores to −∞ before it.",
        ),
        Mistake(
            "a finite score for padding",
            _step(mask_as="finite"),
            "You gave padding a score of about −100. Other scores can be lower still; use −math.inf.",
        ),
        Mistake(
            "softmax over the batch",
            _step(dim=0),
            "You took the softmax over the batch (dim=0). It runs over the keys, the last dimension.",
        ),
        Mistake(
            "no tanh in the score",
            _step(squash=lambda x: x),
            "You left out the tanh of the score. Then W s adds the same to every key's score, and the softmax drops "
            "it: the query has no effect.",
        ),
        Mistake(
            "sigmoid in the score",
            _step(squash=torch.sigmoid),
            "You squashed with the sigmoid; the score's hidden layer has tanh.",
        ),
        Mistake(
            "W and U exchanged",
            _step(swap=True),
            "You exchanged W and U: W goes with the query s, U with the keys.",
        ),
        Mistake(
            "plain mean",
            _step(mix="mean"),
            "Your context is the plain mean of the memory. Weigh each key's state by its weight.",
        ),
        Mistake(
            "scores instead of weights",
            _step(mix="scores"),
            "You mixed the memory with the scores. Take the softmax of them first.",
        ),
        Mistake(
            "best key only",
            _step(mix="best"),
            "Your context is the state of the best key alone. Through an arg-max the scores get no gradient.",
        ),
        Mistake(
            "last state only",
            _step(mix="last"),
            "Your context is the last state of the source: that is the fixed vector of lesson 04.",
        ),
        Mistake(
            "context first",
            _step(order="cy"),
            "You gave the cell [c; y]. Its weights expect the embedding first, [y; c]; sizes do not show it.",
        ),
        Mistake(
            "readout of the old state",
            _step(readout="old"),
            "Your readout sees the old state. Use the new one, which has read the last symbol and the context.",
        ),
        Mistake(
            "old state handed on",
            _step(returned="old"),
            "You return the state that came in, so that every step begins from the start. Return the new one.",
        ),
        Mistake(
            "readout in the order of the cell",
            _step(seen="ycs"),
            "Your readout sees [y; c; s]; its weights expect [s; c; y].",
        ),
        Mistake(
            "readout with context first",
            _step(seen="csy"),
            "Your readout sees [c; s; y]; its weights expect [s; c; y].",
        ),
        Mistake(
            "no tanh before the head",
            _step(before_head=lambda x: x),
            "You left out the tanh between readout and head: two linear layers in a row are one.",
        ),
        Mistake(
            "scores returned",
            _step(third="scores"),
            "Your third result holds the scores. Return the weights, after the softmax.",
        ),
        Mistake(
            "exponential without its maximum",
            _step(mask_as="unsafe"),
            "Your exponential is infinite from scores of about 89 on, and infinity over infinity is NaN. Use softmax, "
            "which subtracts the largest score first.",
        ),
        Mistake(
            "context detached",
            _step(cut=True),
            "You cut the gradient (detach, no_grad or a new tensor). All numbers are right, and the attention never "
            "learns where to attend.",
        ),
    ],
    time_limit=10.0,
)
