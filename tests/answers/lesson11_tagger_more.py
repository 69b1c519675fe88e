"""11.tagger, answered from the prompt alone a second time."""

from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong
from answers.lesson11_tagger import first_pieces, pooled_f1, train_on
from course_lib.metrics import entities, entity_f1
from course_lib.text.padding import pad

ID = "11.tagger"


def gold_of(test, tags):
    return [[tags[tag] for tag in row] for *_, tag_ids in test for row in tag_ids]


def logits_of(encoder, head, test):
    """(logits (time, n_tags), words, tag ids) of each test sentence."""
    encoder.eval()
    with torch.no_grad():
        for inputs, lengths, words, tag_ids in test:
            yield from zip(head(encoder(inputs, lengths=lengths)), words, tag_ids, strict=True)


@right(ID)
def only_the_labelled_logits_in_the_loss(encoder, head, train, test, tags, lr):
    both = torch.nn.ModuleList([encoder, head]).train()
    adam = torch.optim.AdamW(both.parameters(), lr)
    losses = []
    for inputs, lengths, words, tag_ids in train:
        hidden = encoder(inputs, lengths=lengths)
        places = [
            (row, one.index(word), ids[word])
            for row, (one, ids) in enumerate(zip(words, tag_ids, strict=True))
            for word in sorted({*one} - {-1})
        ]
        rows, columns, targets = torch.tensor(places).T
        loss = F.cross_entropy(head(hidden[rows, columns]), targets)
        both.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss))
    both.eval()
    predicted = []
    for logits, words, ids in logits_of(encoder, head, test):
        best = {word: tags[int(logits[words.index(word)].argmax())] for word in words if word >= 0}
        predicted.append([best.get(word, "O") for word in range(len(ids))])
    return losses, predicted, pooled_f1(gold_of(test, tags), predicted)


@right(ID)
def numpy_answers_and_entities_numbered(encoder, head, train, test, tags, lr):
    losses = train_on(encoder, head, train, lr)
    predicted, found, there = [], set(), set()
    for number, (logits, words, ids) in enumerate(logits_of(encoder, head, test)):
        best = np.asarray(logits).argmax(-1)
        own = ["O"] * len(ids)
        for piece in range(len(words))[::-1]:
            if words[piece] >= 0:
                own[words[piece]] = tags[best[piece]]
        predicted.append(own)
        found |= {(number, *entity) for entity in entities(own)}
        there |= {(number, *entity) for entity in entities([tags[tag] for tag in ids])}
    total = len(found) + len(there)
    return tuple(losses), predicted, np.float64(2 * len(found & there) / total if total else 0)


def finished(encoder, head, test, tags, losses):
    """The predicting half, as it should be."""
    predicted = []
    for logits, words, ids in logits_of(encoder, head, test):
        own = ["O"] * len(ids)
        for tag, word in zip(logits.argmax(-1).tolist(), first_pieces(words, range(len(ids))), strict=False):
            if word != -100:
                own[word] = tags[tag]
        predicted.append(own)
    return losses, predicted, pooled_f1(gold_of(test, tags), predicted)


@wrong(ID, named="mean of the pieces")
def logits_averaged_over_a_words_pieces(encoder, head, train, test, tags, lr):
    losses = train_on(encoder, head, train, lr)
    predicted = []
    for logits, words, ids in logits_of(encoder, head, test):
        of_word = defaultdict(list)
        for row, word in zip(logits, words, strict=False):
            of_word[word].append(row)
        best = {word: tags[int(torch.stack(rows).mean(0).argmax())] for word, rows in of_word.items()}
        predicted.append([best.get(word, "O") for word in range(len(ids))])
    return losses, predicted, pooled_f1(gold_of(test, tags), predicted)


@wrong(ID, named="mean of sentences")
def a_mean_of_each_sentence_first(encoder, head, train, test, tags, lr):
    def loss_of(logits, labels):
        return torch.stack([F.cross_entropy(*row) for row in zip(logits, labels, strict=True)]).mean()

    return finished(encoder, head, test, tags, train_on(encoder, head, train, lr, loss_of=loss_of))


@wrong(ID, named="F1 of the last batch")
def f1_of_the_last_batch(encoder, head, train, test, tags, lr):
    losses, predicted, _ = finished(encoder, head, test, tags, train_on(encoder, head, train, lr))
    last = len(test[-1][2])
    return losses, predicted, pooled_f1(gold_of(test, tags)[-last:], predicted[-last:])


def trained_out_of_order(encoder, head, train, lr, *, step_first):
    """The losses, with what belongs around `backward` in another order."""
    adam = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=lr)
    losses = []
    encoder.train()
    for inputs, lengths, words, tag_ids in train:
        labels, _ = pad([first_pieces(*row) for row in zip(words, tag_ids, strict=True)], -100)
        loss = F.cross_entropy(head(encoder(inputs, lengths=lengths)).flatten(0, 1), labels.flatten())
        if step_first:
            adam.step()
            adam.zero_grad()
            loss.backward()
        else:
            loss.backward()
            adam.zero_grad()
            adam.step()
        losses.append(loss.item())
    return losses


@wrong(ID)
def the_step_before_the_gradient(encoder, head, train, test, tags, lr):
    losses = trained_out_of_order(encoder, head, train, lr, step_first=True)
    return finished(encoder, head, test, tags, losses)


@wrong(ID, named="gradients reset before the step")
def zero_grad_between_backward_and_step(encoder, head, train, test, tags, lr):
    losses = trained_out_of_order(encoder, head, train, lr, step_first=False)
    return finished(encoder, head, test, tags, losses)


@wrong(ID, named="precision for F1")
def the_precision_returned(encoder, head, train, test, tags, lr):
    losses, predicted, _ = finished(encoder, head, test, tags, train_on(encoder, head, train, lr))
    return losses, predicted, entity_f1(gold_of(test, tags), predicted).precision
