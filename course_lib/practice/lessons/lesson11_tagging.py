"""Lesson 11: small tagging tasks, and taggers with one thing done wrong."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.metrics import accuracy, entities, entity_f1
from course_lib.practice.cases import generator as seeded
from course_lib.practice.lessons.lesson11_pieces import IGNORED, PIECE_LABELS
from course_lib.text.padding import pad

piece_labels = PIECE_LABELS.reference
Batch = tuple[Tensor, Tensor, list[list[int]], list[list[int]]]
PERSONS = ("O", "B-PER", "I-PER")
PLACES = ("O", "B-LOC", "I-LOC", "B-creative-work", "I-creative-work")


class _Encoder(nn.Module):
    """Embeddings mixed with the sentence's mean. With `drops`, training mode loses a feature, always the same one."""

    def __init__(self, d_model: int, generator: torch.Generator, drops: bool = False):
        super().__init__()
        self.embedding, self.mix = nn.Embedding(20, d_model), nn.Linear(d_model, d_model)
        self.drops = drops
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.6 * torch.randn(parameter.shape, generator=generator))

    def forward(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        x = self.embedding(ids)  # (batch, time, d_model)
        lengths = torch.full((len(ids),), ids.shape[1]) if lengths is None else lengths
        real = (torch.arange(ids.shape[1]) < lengths[:, None])[:, :, None]
        mean = (x * real).sum(dim=1, keepdim=True) / lengths[:, None, None]
        hidden = torch.tanh(self.mix(x + 0.5 * mean))
        if self.drops and self.training:
            hidden = torch.cat([hidden[..., 2:] * 2, torch.zeros_like(hidden[..., :2])], dim=-1)
        return hidden


def _batch(n: int, n_tags: int, pieces: int, generator: torch.Generator, cut: int = 0) -> Batch:
    """n sentences of words whose first piece says the tag; a word has 1 to `pieces` pieces; `cut` words are lost."""

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=generator))

    rows, words, tag_ids = [], [], []
    for number in range(n):
        ids, own, tags = [1], [-1], []
        for word in range(3 + number % 3):
            kind = draw(0, n_tags - 1)
            if kind and kind % 2 == 0 and (not tags or tags[-1] not in (kind - 1, kind)):
                kind -= 1  # an I- only after its own type
            tags.append(kind)
            length = draw(1, pieces)
            ids += [4 + 2 * kind + draw(0, 1), *(draw(14, 19) for _ in range(length - 1))]
            own += [word] * length
        rows.append([*ids, 2])
        words.append([*own, -1])
        tag_ids.append(tags + [1] * cut)
    ids, lengths = pad(rows)
    return ids, lengths, words, tag_ids


def tagging_cases() -> list[tuple]:
    # The first optimizer of a process imports much, which must not count as the answer's time, nor be cut off half-way.
    torch.optim.AdamW([nn.Parameter(torch.zeros(1))])
    generator = seeded(21)

    def case(sizes, test_sizes, tags, pieces=1, d_model=6, lr=0.02, drops=False, cut=0) -> tuple:
        encoder = _Encoder(d_model, generator, drops).eval()
        head = nn.Linear(d_model, len(tags))
        with torch.no_grad():
            for parameter in head.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
        train = [_batch(n, len(tags), pieces, generator) for n in sizes]
        test = [_batch(n, len(tags), pieces, generator, cut) for n in test_sizes]
        return encoder, head, train, test, tags, lr

    return [
        case([1], [1], PERSONS),  # one sentence, one piece per word
        case([5], [4, 3], PLACES, pieces=3, d_model=5),  # further pieces, padding
        case([4, 3, 4, 5], [2], PERSONS, pieces=2),  # several steps
        case([3, 3], [6], PLACES, pieces=2, d_model=8, drops=True),  # dropout
        case([2], [3], PERSONS, pieces=2, cut=2),  # words that were cut off
        case([5] * 9, [4, 7], PLACES, pieces=2, d_model=8, lr=0.05),  # some entities are found
        case([6] * 30, [6, 9], PLACES, pieces=2, d_model=12, lr=0.05),  # long enough to learn
        case([4, 4], [2], PERSONS, lr=1.0),  # one step so long that its weight decay shows
    ]


def tagger_with(
    *,
    labels: Callable = piece_labels,
    padding: int = IGNORED,
    reduce: str = "mean",
    zero: bool = True,
    wipes: bool = False,
    learns: tuple[str, ...] = ("encoder", "head"),
    hands_lengths: bool = True,
    trains: bool = True,
    evaluates: bool = True,
    optimizers: str = "one",
    rule: str = "adamw",
    reads: str = "first",
    score: str = "entities",
    keep: bool = False,
    one: bool = False,
    late: bool = False,
    softmax: bool = False,
    mean_loss: bool = False,
    drops_cut: bool = False,
    names: bool = True,
) -> Callable:
    """The tagger; the options are the ways to get it wrong."""

    def train_tagger(encoder, head, train, test, tags, lr):
        def new_optimizer():
            parameters = [p for name in learns for p in {"encoder": encoder, "head": head}[name].parameters()]
            if not parameters:
                return None
            rules = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
            return rules[rule](parameters, lr=lr)

        def logits_of(inputs, lengths):
            return head(encoder(inputs, lengths=lengths) if hands_lengths else encoder(inputs))

        def loss_of(inputs, lengths, words, tag_ids):
            rows = [labels(own, its) for own, its in zip(words, tag_ids, strict=True)]
            targets = pad(rows, padding)[0].to(inputs.device).flatten()
            logits = logits_of(inputs, lengths).flatten(0, 1)
            logits = logits.softmax(dim=-1) if softmax else logits
            if reduce == "all":
                return F.cross_entropy(logits, targets, reduction="none").mean()
            if reduce == "sentences":
                return torch.stack(
                    [
                        F.cross_entropy(own, wanted)
                        for own, wanted in zip(logits.chunk(len(rows)), targets.chunk(len(rows)), strict=True)
                    ]
                ).mean()
            return F.cross_entropy(logits, targets, reduction=reduce)

        losses, optimizer = [], new_optimizer()
        if trains:
            encoder.train()
        for batch in train:
            optimizer = new_optimizer() if optimizers == "each" else optimizer
            loss = loss_of(*batch)
            if zero:
                encoder.zero_grad()
                head.zero_grad()
            loss.backward()
            if wipes:
                optimizer.zero_grad()
            optimizer.step()
            loss = loss_of(*batch) if late else loss
            losses.append(loss if keep else loss.item())
            if one:
                break
        if evaluates:
            encoder.eval()
        predicted, gold = [], []
        with torch.no_grad():
            for inputs, lengths, words, tag_ids in test:
                for row, own, its in zip(logits_of(inputs, lengths), words, tag_ids, strict=True):
                    found = [tags[tag] for tag in _read(row, own, len(its), reads)]
                    kept = [word for word in range(len(its)) if word in own or not drops_cut]
                    predicted.append([found[word] for word in kept])
                    gold.append([tags[its[word]] for word in kept])
        last = len(test[-1][2]) if score == "last batch" else 0  # −0 is the beginning: all of them
        f1 = _score(gold[-last:], predicted[-last:], score)
        losses = [sum(losses) / len(losses)] if mean_loss else losses
        return losses, predicted if names else [[tags.index(tag) for tag in own] for own in predicted], f1

    return train_tagger


def _read(logits: Tensor, words: list[int], n_words: int, how: str) -> list[int]:
    """The tag ids of the words, from the logits of the pieces, (time, n_tags)."""
    if how == "mean":
        of_word = torch.tensor(words)
        pieces = [logits[: len(words)][of_word == word] for word in range(n_words)]
        return [int(own.mean(dim=0).argmax()) if len(own) else 0 for own in pieces]
    row = logits.argmax(dim=-1).tolist()
    if how == "position":
        return (row[1:] + [0] * n_words)[:n_words]
    found = [0] * n_words
    for place, word in enumerate(words):
        if word >= 0 and (how == "last" or words[place - 1] != word):
            found[word] = row[place]
    return found


def _score(gold: list[list[str]], predicted: list[list[str]], how: str) -> float:
    pairs = list(zip(gold, predicted, strict=True))
    if how in ("entities", "last batch"):
        return entity_f1(gold, predicted).f1
    if how == "precision":
        return entity_f1(gold, predicted).precision
    if how == "types":
        by_kind = entity_f1(gold, predicted).by_kind.values()
        return sum(scores.f1 for scores in by_kind) / max(1, len(by_kind))
    if how == "one set":
        there, found = ({one for row in rows for one in entities(row)} for rows in (gold, predicted))
        return 2 * len(there & found) / max(1, len(there) + len(found))
    if how == "mean":
        return sum(entity_f1([true], [own]).f1 for true, own in pairs) / len(pairs)
    flat = [(a, b) for true, own in pairs for a, b in zip(true, own, strict=True)]
    if how == "accuracy":
        return accuracy(
            torch.tensor([int(a == b) for a, b in flat]), torch.ones(len(flat), dtype=torch.int64)
        )
    right = sum(a == b != "O" for a, b in flat)
    return 2 * right / max(1, sum((a != "O") + (b != "O") for a, b in flat))
