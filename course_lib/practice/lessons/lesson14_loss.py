"""Lesson 14: the T5 loss, from padded sources and targets."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.practice.attempt import Attempt
from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake, Property
from course_lib.practice.properties import has_shape, matches_reference

N_SYMBOLS = 7


class _Writer(nn.Module):
    """A tiny encoder–decoder: logits depend on the real source and on what was written so far, newest first."""

    def __init__(self, seed: int):
        super().__init__()
        generator = seeded(seed)
        self.read, self.written = (
            nn.Parameter(1.5 * torch.randn(N_SYMBOLS, N_SYMBOLS, generator=generator)) for _ in range(2)
        )

    def forward(self, source: Tensor, source_lengths: Tensor, target_in: Tensor) -> Tensor:
        real = torch.arange(source.shape[1]) < source_lengths[:, None]  # (batch, source_len)
        memory = (self.read[source] * real[..., None]).sum(1) / source_lengths[:, None]  # (batch, vocab_size)
        logits, state = [], memory
        for ids in target_in.T:
            state = 0.5 * state + self.written[ids]
            logits.append(state + memory)
        return torch.stack(logits, dim=1)  # (batch, target_len, vocab_size)


def _t5_loss(model, source, source_lengths, targets, pad_id):
    start = torch.full_like(targets[:, :1], pad_id)
    target_in = torch.cat([start, targets[:, :-1]], dim=1)  # (batch, target_len)
    logits = model(source, source_lengths, target_in)  # (batch, target_len, vocab_size)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad_id)


def _rolled(targets, pad_id):
    return torch.cat([targets[:, -1:], targets[:, :-1]], dim=1)


def _started(first):
    """first(targets, pad_id) → the symbol that begins what the decoder reads."""

    def shifted(targets, pad_id):
        return torch.cat([torch.full_like(targets[:, :1], first(targets, pad_id)), targets[:, :-1]], dim=1)

    return shifted


_shifted = _started(lambda targets, pad_id: pad_id)


def _version(
    *,
    reads=_shifted,
    lengths=lambda source, source_lengths, targets, pad_id: source_lengths,
    ignored=lambda pad_id: pad_id,
    given=lambda source, targets: source,
    logits_to=lambda logits: logits,
    aims=lambda targets, target_in: targets,
    total="mean",
    end=lambda loss: loss,
    flatten=lambda logits: logits.flatten(0, 1),
    counted=slice(None),
):
    """The loss; the options are the ways to get it wrong."""

    def t5_loss(model, source, source_lengths, targets, pad_id):
        target_in = reads(targets, pad_id)
        own = lengths(source, source_lengths, targets, pad_id)
        logits = logits_to(model(given(source, targets), own, target_in))[:, counted]
        aimed = aims(targets, target_in)[:, counted]
        losses = F.cross_entropy(
            flatten(logits), aimed.flatten(), ignore_index=ignored(pad_id), reduction="none"
        ).view(aimed.shape)
        real = (aimed != pad_id).to(losses)  # (batch, target_len)
        return end(
            {
                "mean": lambda: losses.sum() / (aimed != ignored(pad_id)).sum(),
                "sum": losses.sum,
                "all": losses.mean,
                "rows": lambda: (losses.sum(1) / real.sum(1)).mean(),
                "batch": lambda: losses.sum() / len(targets),
                "each": lambda: losses,
                "last": lambda: losses[:, -1].mean(),
            }[total]()
        )

    return t5_loss


def _next_one(model, source, source_lengths, targets, pad_id):
    """As in a language model: reads all but the last, predicts all but the first."""
    logits = model(source, source_lengths, targets[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), targets[:, 1:].flatten(), ignore_index=pad_id)


def _accuracy(model, source, source_lengths, targets, pad_id):
    logits = model(source, source_lengths, _shifted(targets, pad_id))
    real = targets != pad_id
    return (logits.argmax(-1) == targets)[real].float().mean()


def _in_place(model, source, source_lengths, targets, pad_id):
    loss = _t5_loss(model, source, source_lengths, targets, pad_id)
    targets[targets == pad_id] = -100
    return loss


def _cases() -> list[tuple]:
    generator = seeded(143)

    def case(seed: int, source_lengths: list[int], target_lengths: list[int], pad_id: int = 0) -> tuple:
        others = torch.tensor([symbol for symbol in range(N_SYMBOLS) if symbol not in (1, pad_id)])

        def rows(lengths: list[int], last: list[int]) -> Tensor:
            ids = torch.full((len(lengths), max(lengths)), pad_id)
            for row, length in enumerate(lengths):
                words = others[torch.randint(len(others), (length,), generator=generator)]
                ids[row, :length] = torch.cat(
                    [words[: length - len(last)], torch.tensor(last, dtype=torch.long)]
                )
            return ids

        sources, targets = rows(source_lengths, []), rows(target_lengths, [1])
        return _Writer(seed), sources, torch.tensor(source_lengths), targets, pad_id

    return [
        case(1, [3], [1]),
        case(2, [4], [5]),
        case(3, [3, 3], [4, 4]),
        case(4, [3, 3, 3], [6, 2, 4]),
        case(5, [5, 2, 3], [3, 3, 3]),
        case(6, [4, 6, 2, 3], [2, 5, 7, 3]),
        case(7, [4, 6, 2], [2, 5, 3], pad_id=4),
    ]


def _has_gradient(attempt: Attempt) -> str | None:
    case = attempt.cases()[1]
    if getattr(attempt(*case), "requires_grad", False):
        return None
    return "It has no gradient, so nothing could be trained by it: return the tensor, without .item() or .detach()."


T5_LOSS = Exercise(
    id="14.t5_loss",
    title="The T5 loss",
    points=3,
    reference=_t5_loss,
    cases=_cases,
    properties=[
        has_shape("Is it one number, a tensor without dimensions?", cases=0),
        matches_reference(
            "With a target of one symbol: does the decoder read the start, and is that symbol predicted?",
            cases=0,
        ),
        matches_reference(
            "With one target of five, does the decoder read the symbols before each one?", cases=1
        ),
        matches_reference("With two targets of equal length, is it the mean over all symbols?", cases=2),
        matches_reference(
            "With targets of different lengths, does padding not count, and every real symbol the same?",
            cases=3,
        ),
        matches_reference(
            "With sources of different lengths, does the model know how long each is?", cases=4
        ),
        matches_reference("With both padded, is it right?", cases=5),
        matches_reference("With a different id for padding, is it still right?", cases=6),
        Property("Can it be trained by?", _has_gradient),
    ],
    hints=[
        "Write down one row: what is the decoder to predict at each position, and what must it have read by then?",
        "What it reads is the target moved one place to the right: pad_id first, and the last symbol "
        "dropped. The loss is the "
        "cross-entropy against the targets themselves, wherever these are not pad_id.",
        "`target_in = torch.cat([start, targets[:, :-1]], dim=1)` with start of shape (batch, 1). "
        "`F.cross_entropy` wants (n, vocab_size) and (n,), and has an argument `ignore_index`.",
    ],
    mistakes=[
        Mistake(
            "not shifted",
            _version(reads=lambda targets, pad_id: targets),
            "The decoder reads the targets as they are: at each position it sees the symbol that it is to predict.",
        ),
        Mistake(
            "shifted to the left",
            _version(
                reads=lambda targets, pad_id: torch.cat(
                    [targets[:, 1:], torch.full_like(targets[:, :1], pad_id)], 1
                )
            ),
            "You shifted to the left, so the decoder reads the symbol after the one that it is to predict. "
            "Shift right.",
        ),
        Mistake(
            "rolled",
            _version(reads=_rolled),
            "You rolled the targets: the last symbol became the first. The decoder starts with pad_id.",
        ),
        Mistake(
            "starts with 0",
            _version(reads=_started(lambda targets, pad_id: 0)),
            "You began with 0. It is only by custom the padding's id: use pad_id.",
        ),
        Mistake(
            "starts with the end",
            _version(reads=_started(lambda targets, pad_id: 1)),
            "You began with id 1, the end of the target. T5's decoder starts with pad_id.",
        ),
        Mistake(
            "as a language model",
            _next_one,
            "You dropped the first target: nothing predicts it. T5 predicts every symbol, the first one from pad_id.",
        ),
        Mistake(
            "padding counts",
            _version(ignored=lambda pad_id: -100),
            "You counted the padding. It is easy to predict, so the loss looks better than it is: ignore_index=pad_id.",
        ),
        Mistake(
            "ignores 0",
            _version(ignored=lambda pad_id: 0),
            "You ignore 0. Here padding has the id pad_id.",
        ),
        Mistake(
            "divided by all positions",
            _version(total="all"),
            "You divided by the number of all positions; divide by the number of real symbols.",
        ),
        Mistake(
            "mean of the rows' means",
            _version(total="rows"),
            "You took a mean for each row and then their mean. Symbols of short targets then weigh more: "
            "take one mean of all.",
        ),
        Mistake("sum", _version(total="sum"), "You added the losses up; take their mean."),
        Mistake(
            "divided by the batch",
            _version(total="batch"),
            "You divided by the number of rows; divide by the number of real symbols.",
        ),
        Mistake(
            "last position",
            _version(total="last"),
            "You took the last position's loss only; every symbol of the target counts.",
        ),
        Mistake(
            "one loss each",
            _version(total="each"),
            "You returned a loss for each position; take the mean of those that are not padding.",
        ),
        Mistake(
            "softmax first",
            _version(logits_to=lambda logits: logits.softmax(-1)),
            "You gave cross_entropy probabilities. It takes logits and applies the softmax itself.",
        ),
        Mistake(
            "predicts what it reads",
            _version(aims=lambda targets, target_in: target_in),
            "You compared with what the decoder reads; compare with the targets, one symbol ahead.",
        ),
        Mistake(
            "full lengths",
            _version(
                lengths=lambda source, lengths, targets, pad_id: torch.full_like(lengths, source.shape[1])
            ),
            "You told the model that all sources are equally long, so it attends to their padding. Pass "
            "source_lengths on.",
        ),
        Mistake(
            "lengths of the targets",
            _version(lengths=lambda source, lengths, targets, pad_id: (targets != pad_id).sum(1)),
            "You passed the targets' lengths; the encoder needs source_lengths.",
        ),
        Mistake(
            "reads the target",
            _version(
                given=lambda source, targets: targets,
                lengths=lambda source, lengths, targets, pad_id: torch.full_like(lengths, targets.shape[1]),
            ),
            "You gave the encoder the targets: it would read the answer. It reads the source.",
        ),
        Mistake(
            "flattened the wrong way",
            _version(flatten=lambda logits: logits.transpose(0, 1).reshape(-1, logits.shape[-1])),
            "You flattened logits and targets in different orders: row by row for both.",
        ),
        Mistake(
            "not the first",
            _version(counted=slice(1, None)),
            "You left the first position out. It is a prediction too, from pad_id alone.",
        ),
        Mistake(
            "not the last",
            _version(counted=slice(None, -1)),
            "You left the last position out: the longest targets would never learn where to end.",
        ),
        Mistake("negative", _version(end=lambda loss: -loss), "Your loss has the wrong sign: it is to fall."),
        Mistake(
            "perplexity",
            _version(end=lambda loss: loss.exp()),
            "You returned the perplexity; return the loss in nats.",
        ),
        Mistake("accuracy", _accuracy, "You returned the accuracy; return the cross-entropy."),
        Mistake(
            "detached",
            _version(end=lambda loss: loss.detach()),
            "Your number is right, but it was cut from the graph. Leave .detach() and .item() to who prints it.",
        ),
        Mistake(
            "targets changed",
            _in_place,
            "Your number is right, but you wrote into targets, which belongs to the caller: use a copy, or "
            "ignore_index.",
        ),
    ],
)
