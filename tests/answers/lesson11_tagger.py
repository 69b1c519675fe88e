"""11.tagger, answered from the prompt alone."""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import nn

from answers import right, wrong
from course_lib.metrics import entities, entity_f1
from course_lib.text.padding import pad

ID = "11.tagger"


def first_pieces(words, tag_ids):
    return [tag_ids[word] if word >= 0 and words[i - 1] != word else -100 for i, word in enumerate(words)]


def every_piece(words, tag_ids):
    return [tag_ids[word] if word >= 0 else -100 for word in words]


def mean_loss(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def pooled_f1(gold, predicted):
    return entity_f1(gold, predicted).f1


def train_on(
    encoder, head, train, lr, *, labels_of=first_pieces, fill=-100, loss_of=mean_loss, make=torch.optim.AdamW,
    learning=("encoder", "head"), mode=True, zero=True, with_lengths=True, clip=None, kept=torch.Tensor.item,
):  # fmt: skip
    """The training half, one part replaced at a time."""
    parts = {"encoder": encoder, "head": head}
    parameters = [p for name in learning for p in parts[name].parameters()]
    optimizer = make(parameters, lr=lr)
    encoder.train(mode)
    head.train(mode)
    losses = []
    for inputs, lengths, words, tag_ids in train:
        labels = pad([labels_of(w, t) for w, t in zip(words, tag_ids, strict=True)], fill)[0]
        hidden = encoder(inputs, lengths=lengths) if with_lengths else encoder(inputs)
        loss = loss_of(head(hidden), labels)
        if zero:
            optimizer.zero_grad()
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
        losses.append(kept(loss))
    return losses


def predict(encoder, head, test, tags, *, mode=False, reader=None, grad=False, name=None):
    """The predicting half."""
    encoder.train(mode)
    head.train(mode)
    reader, name = reader or read_first, name or (lambda tag: tags[tag])
    predicted = []
    with nullcontext() if grad else torch.no_grad():
        for inputs, lengths, words, tag_ids in test:
            best = head(encoder(inputs, lengths=lengths)).argmax(-1).tolist()
            for row, word, gold in zip(best, words, tag_ids, strict=True):
                predicted.append(
                    [tag if isinstance(tag, str) else name(tag) for tag in reader(row, word, len(gold))]
                )
    return predicted


def read_first(row, words, n):
    own = ["O"] * n
    for tag, word in reversed(list(zip(row, words, strict=False))):
        if word >= 0:
            own[word] = tag
    return own


def read_last(row, words, n):
    own = ["O"] * n
    for tag, word in zip(row, words, strict=False):
        if word >= 0:
            own[word] = tag
    return own


def gold_of(test, tags):
    return [[tags[tag] for tag in sentence] for *_, tag_ids in test for sentence in tag_ids]


def tagger(encoder, head, train, test, tags, lr, training=None, predicting=None, f1=pooled_f1):
    """A whole tagger with parts of it replaced."""
    losses = train_on(encoder, head, train, lr, **training or {})
    predicted = predict(encoder, head, test, tags, **predicting or {})
    return losses, predicted, f1(gold_of(test, tags), predicted)


@right(ID)
def written_with_the_librarys_f1(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr)


@right(ID)
def classes_in_dimension_1(encoder, head, train, test, tags, lr):
    criterion = nn.CrossEntropyLoss(ignore_index=-100)
    return tagger(
        encoder, head, train, test, tags, lr, {"loss_of": lambda a, b: criterion(a.transpose(1, 2), b)}
    )


@right(ID)
def log_softmax_gathered_by_hand(encoder, head, train, test, tags, lr):
    def loss_of(logits, labels):
        real = (labels >= 0).float()
        chosen = logits.log_softmax(-1).gather(-1, labels.clamp(min=0)[..., None])[..., 0]
        return -(chosen * real).sum() / real.sum()

    return tagger(encoder, head, train, test, tags, lr, {"loss_of": loss_of})


@right(ID)
def an_optimizer_for_each_part(encoder, head, train, test, tags, lr):
    class Both:
        def __init__(self, parameters, lr):
            self.all = [torch.optim.AdamW([p], lr=lr) for p in parameters]

        def zero_grad(self):
            for one in self.all:
                one.zero_grad(set_to_none=False)

        def step(self):
            for one in self.all:
                one.step()

    return tagger(encoder, head, train, test, tags, lr, {"make": Both})


@right(ID)
def gradients_left_on_while_predicting(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, predicting={"grad": True})


@right(ID)
def f1_from_precision_and_recall(encoder, head, train, test, tags, lr):
    def f1(gold, predicted):
        there = {(i, *one) for i, row in enumerate(gold) for one in entities(row)}
        found = {(i, *one) for i, row in enumerate(predicted) for one in entities(row)}
        precision, recall = len(there & found) / max(1, len(found)), len(there & found) / max(1, len(there))
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    return tagger(encoder, head, train, test, tags, lr, f1=f1)


@right(ID)
def gradients_clipped(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"clip": 1.0})


@right(ID)
def one_module_of_both_parts(encoder, head, train, test, tags, lr):
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.head = encoder, head

        def forward(self, inputs, lengths):
            return self.head(self.encoder(inputs, lengths=lengths))

    model = Tagger().train()
    optimizer, losses = torch.optim.AdamW(model.parameters(), lr), []
    for inputs, lengths, words, tag_ids in train:
        logits, total, n = model(inputs, lengths), 0.0, 0
        for b, (own, gold) in enumerate(zip(words, tag_ids, strict=True)):
            for word in sorted(set(own) - {-1}):
                total = total - logits[b, own.index(word)].log_softmax(-1)[gold[word]]
                n += 1
        (total / n).backward()
        losses.append(float(total) / n)
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    predicted = []
    for inputs, lengths, words, tag_ids in test:
        with torch.inference_mode():
            logits = model(inputs, lengths)
        for b, (own, gold) in enumerate(zip(words, tag_ids, strict=True)):
            predicted.append([
                tags[int(logits[b, own.index(word)].argmax())] if word in own else "O" for word in range(len(gold))
            ])  # fmt: skip
    return losses, predicted, entity_f1(gold_of(test, tags), predicted).f1


@wrong(ID, named="encoder frozen")
def only_the_head_learns(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"learning": ("head",)})


@wrong(ID, named="head frozen")
def only_the_encoder_learns(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"learning": ("encoder",)})


@wrong(ID, named="gradients accumulate")
def gradients_never_cleared(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"zero": False})


@wrong(ID, named="dropout never on")
def trained_in_evaluation_mode(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"mode": False})


@wrong(ID, named="dropout never off")
def predicted_in_training_mode(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, predicting={"mode": True})


@wrong(ID, named="every piece labelled")
def every_piece_trained(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"labels_of": every_piece})


@wrong(ID, named="padding labelled O")
def padding_labelled_with_0(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"fill": 0})


@wrong(ID, named="no lengths")
def lengths_not_handed_on(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"with_lengths": False})


@wrong(ID, named="softmax twice")
def softmax_before_the_cross_entropy(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"loss_of": lambda a, b: mean_loss(a.softmax(-1), b)})


@wrong(ID, named="sum")
def loss_summed(encoder, head, train, test, tags, lr):
    def loss_of(logits, labels):
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")

    return tagger(encoder, head, train, test, tags, lr, {"loss_of": loss_of})


@wrong(ID, named="SGD")
def plain_gradient_descent(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"make": torch.optim.SGD})


@wrong(ID, named="Adam")
def adam_without_weight_decay(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, {"make": torch.optim.Adam})


@wrong(ID, named="last piece")
def read_at_the_last_piece(encoder, head, train, test, tags, lr):
    return tagger(encoder, head, train, test, tags, lr, predicting={"reader": read_last})


@wrong(ID)
def a_tag_for_each_piece(encoder, head, train, test, tags, lr):
    return tagger(
        encoder, head, train, test, tags, lr, predicting={"reader": lambda row, words, n: row[: len(words)]},
        f1=lambda gold, predicted: 0.0,
    )  # fmt: skip


@wrong(ID, named="ids for names")
def ids_instead_of_names(encoder, head, train, test, tags, lr):
    losses = train_on(encoder, head, train, lr)
    ids = predict(encoder, head, test, tags, name=lambda tag: tag)
    names = [[tag if isinstance(tag, str) else tags[tag] for tag in row] for row in ids]
    ids = [[tags.index(tag) for tag in row] for row in names]
    return losses, ids, pooled_f1(gold_of(test, tags), names)


@wrong(ID, named="cut-off words left out")
def words_cut_off_left_out(encoder, head, train, test, tags, lr):
    def reader(row, words, n):
        return [tag for tag, word in zip(read_first(row, words, n), range(n), strict=True) if word in words]

    return tagger(
        encoder, head, train, test, tags, lr, predicting={"reader": reader},
        f1=lambda gold, own: pooled_f1([a[: len(b)] for a, b in zip(gold, own, strict=True)], own),
    )  # fmt: skip


@wrong(ID, named="F1 per sentence")
def f1_averaged_over_sentences(encoder, head, train, test, tags, lr):
    def f1(gold, predicted):
        return sum(pooled_f1([a], [b]) for a, b in zip(gold, predicted, strict=True)) / len(gold)

    return tagger(encoder, head, train, test, tags, lr, f1=f1)


@wrong(ID, named="F1 of tags")
def f1_of_tags(encoder, head, train, test, tags, lr):
    def f1(gold, predicted):
        pairs = [pair for a, b in zip(gold, predicted, strict=True) for pair in zip(a, b, strict=True)]
        right_ones = sum(a == b != "O" for a, b in pairs)
        return 2 * right_ones / max(1, sum((a != "O") + (b != "O") for a, b in pairs))

    return tagger(encoder, head, train, test, tags, lr, f1=f1)


@wrong(ID, named="accuracy for F1")
def accuracy_instead_of_f1(encoder, head, train, test, tags, lr):
    def f1(gold, predicted):
        pairs = [pair for a, b in zip(gold, predicted, strict=True) for pair in zip(a, b, strict=True)]
        return sum(a == b for a, b in pairs) / len(pairs)

    return tagger(encoder, head, train, test, tags, lr, f1=f1)


@wrong(ID, named="spans of all sentences in one set")
def spans_of_all_sentences_in_one_set(encoder, head, train, test, tags, lr):
    def f1(gold, predicted):
        there, found = ({one for row in rows for one in entities(row)} for rows in (gold, predicted))
        return 2 * len(there & found) / max(1, len(there) + len(found))

    return tagger(encoder, head, train, test, tags, lr, f1=f1)


@wrong(ID, named="one mean loss")
def one_mean_loss_for_the_whole_training(encoder, head, train, test, tags, lr):
    losses, predicted, f1 = tagger(encoder, head, train, test, tags, lr)
    return [sum(losses) / len(losses)], predicted, f1
