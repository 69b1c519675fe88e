"""Lesson 05: one step of a decoder with attention (Bahdanau et al. 2015), over any encoder."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_lib.practice import faults
from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.compare import difference
from course_lib.practice.exercise import Exercise, Property
from course_lib.practice.lessons.lesson05_step_mistakes import MISTAKES, step
from course_lib.practice.properties import has_shape, holds, leaf_gradient
from course_lib.practice.sameness import fresh_copy

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
        case(6, 3, 3, 4, 2, 5, 3, lengths=(1, 2, 1, 1, 3, 1), scale=40_000.0),
        case(3, 1, 4, 2, 3, 3, 4),
    ]


def _one_that_learns() -> list[tuple]:
    """Cases in which s, memory or a single parameter asks for its gradient."""
    base = _cases()[3]
    cases = [fresh_copy(base) for _ in range(2 + len(list(base[4].parameters())))]
    for number, (_, s, memory, _, net) in enumerate(cases):
        [s, memory, *net.parameters()][number].requires_grad_()
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


def _whole_gradient(number: int, question: str, parts: int) -> Property:
    """The gradient from one of the results is the reference's, at the first few parts that may ask for it: nothing on
    one of the ways to it was detached, while others are open."""

    def test(attempt: Attempt) -> str | None:
        for arguments in _one_that_learns()[:parts]:
            actual, expected = (
                leaf_gradient(call(*arguments)[number]) for call in (attempt, attempt.expected)
            )
            if difference(actual, expected):
                said = f"the gradient from the {PARTS[number]} to {_asking(*arguments)} is not."
                return faults.join(attempt.given(arguments), f"your numbers are right, but {said}")
        return None

    return Property(question, test)


def _asking(last, s, memory, mask, net) -> str:
    """The name of the one part that asks for its gradient."""
    named = {"s": s, "memory": memory, **{f"net.{name}": part for name, part in net.named_parameters()}}
    (name,) = (name for name, part in named.items() if part.requires_grad)
    return name


def _gradient_comes_back(result: tuple[Tensor, ...], last, s, memory, mask, net) -> bool | str:
    if result[0].requires_grad:
        return True
    asking = _asking(last, s, memory, mask, net)
    return f"no gradient comes back from the logits to {asking}: training would leave it as it is."


DECODER_STEP = Exercise(
    id="05.decoder_step",
    title="One decoder step with attention",
    points=4,
    reference=step(),
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
        _whole_gradient(0, "Does it come back on every way, through the weights and through the memory?", 3),
        _whole_gradient(1, "Does a gradient come back through the new state, to the steps before?", 2),
    ],
    hints=[
        "Follow the drawing from the query on. Which of the two states, old or new, is needed at each place?",
        "Embed the last symbol; score s against every row of memory; mask, softmax; weighted mean; one step of the "
        "cell; then the readout sees the new state, the context and the embedding.",
        "`net.W(s)` is (batch, a) and `net.U(memory)` is (batch, source_len, a): add them as "
        "`net.W(s)[:, None] + net.U(memory)`. `net.v` of the tanh is (batch, source_len, 1); `squeeze(-1)` drops "
        "the 1.",
    ],
    mistakes=MISTAKES,
    time_limit=10.0,
)
