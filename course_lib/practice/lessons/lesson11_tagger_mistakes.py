"""Lesson 11: what goes wrong in a tagger, each told in the learner's words."""

from course_lib.practice.exercise import Mistake
from course_lib.practice.lessons.lesson11_pieces import labels_with
from course_lib.practice.lessons.lesson11_tagging import tagger_with

MISTAKES = [
    Mistake(
        "every piece labelled",
        tagger_with(labels=labels_with(every=True)),
        "You give every piece of a word its tag. Only the first piece has a target; the others get −100.",
    ),
    Mistake(
        "padding labelled O",
        tagger_with(padding=0),
        "You pad the labels with 0, which is the tag O: padding then counts in the loss. Pad with −100.",
    ),
    Mistake(
        "0 for none",
        tagger_with(labels=labels_with(other=0, special=0), padding=0),
        "You use 0 where there is no label, but 0 is the tag O. −100 is what F.cross_entropy leaves out.",
    ),
    Mistake(
        "index −1",
        tagger_with(labels=labels_with(special=None)),
        "[CLS] and [SEP] have word −1, and tag_ids[-1] is the last word's tag. They get −100.",
    ),
    Mistake(
        "mean over all positions",
        tagger_with(reduce="all"),
        "You divide by all positions, ignored ones included. The mean is over the words that have a label.",
    ),
    Mistake(
        "mean of sentences",
        tagger_with(reduce="sentences"),
        "You take each sentence's mean first, so a word of a short sentence counts more. Take one mean over all words.",
    ),
    Mistake(
        "sum",
        tagger_with(reduce="sum"),
        "You add the words' losses up. Take their mean, or long batches take longer steps.",
    ),
    Mistake(
        "no lengths",
        tagger_with(hands_lengths=False),
        "You did not pass lengths to the encoder, so real tokens attend to padding.",
    ),
    Mistake(
        "gradients accumulate",
        tagger_with(zero=False),
        "You never reset the gradients: every step repeats all earlier ones. Call optimizer.zero_grad().",
    ),
    Mistake(
        "gradients reset before the step",
        tagger_with(wipes=True),
        "You reset the gradients between loss.backward() and optimizer.step(), so the step has none and nothing is "
        "learned. Reset them before backward().",
    ),
    Mistake(
        "encoder frozen",
        tagger_with(learns=("head",)),
        "Only the head learns: that is feature extraction. Give the optimizer the encoder's parameters too.",
    ),
    Mistake(
        "head frozen",
        tagger_with(learns=("encoder",)),
        "The head never learns: give the optimizer its parameters too.",
    ),
    Mistake(
        "an optimizer for each batch",
        tagger_with(optimizers="each"),
        "You make an optimizer for each batch. It averages gradients over steps: make it once, before the loop.",
    ),
    Mistake("SGD", tagger_with(rule="sgd"), "You take steps of plain SGD; the exercise asks for AdamW."),
    Mistake(
        "Adam",
        tagger_with(rule="adam"),
        "You take Adam's steps. AdamW also shrinks each weight a little at every step (weight decay).",
    ),
    Mistake(
        "softmax twice",
        tagger_with(softmax=True),
        "You take the softmax yourself, and F.cross_entropy takes it again: give it the logits.",
    ),
    Mistake(
        "ids for names",
        tagger_with(names=False),
        "Your predicted tags are ids. The tags' names are asked for: tags[tag_id], such as 'O' or 'B-PER'.",
    ),
    Mistake(
        "cut-off words left out",
        tagger_with(drops_cut=True),
        'A word without a piece has no tag in your result, so the lists no longer fit the words. Give it "O".',
    ),
    Mistake(
        "spans of all sentences in one set",
        tagger_with(score="one set"),
        "You put the entities of all sentences into one set, where ('PER', 0, 2) of two sentences is one entity. "
        "Count them sentence by sentence, and add the counts.",
    ),
    Mistake(
        "one mean loss",
        tagger_with(mean_loss=True),
        "You return the mean loss of the whole training. Return a list with the loss of each batch.",
    ),
    Mistake(
        "dropout never on",
        tagger_with(trains=False),
        "You never call encoder.train(). A loaded model is in evaluation mode, without dropout.",
    ),
    Mistake(
        "dropout never off",
        tagger_with(evaluates=False),
        "You predict in training mode: call encoder.eval() first, or dropout changes the answers.",
    ),
    Mistake(
        "position for word",
        tagger_with(reads="position"),
        "You read word i's tag at position i + 1. Where a word has several pieces, all later ones are shifted.",
    ),
    Mistake(
        "last piece",
        tagger_with(reads="last"),
        "You read a word's tag at its last piece, which was never trained. Read it at the first.",
    ),
    Mistake(
        "mean of the pieces",
        tagger_with(reads="mean"),
        "You average a word's pieces. Only the first one was trained to give its tag: read that one alone.",
    ),
    Mistake(
        "F1 of the last batch",
        tagger_with(score="last batch"),
        "Your F1 is that of the last test batch: are the counts set to 0 inside the loop over batches?",
    ),
    Mistake(
        "accuracy for F1",
        tagger_with(score="accuracy"),
        "Your third result is the accuracy of the tags. Most tags are O: count whole entities.",
    ),
    Mistake(
        "F1 of tags",
        tagger_with(score="tags"),
        "You score single tags. An entity counts only if its whole span and its type are right.",
    ),
    Mistake(
        "precision for F1",
        tagger_with(score="precision"),
        "Your third result is the precision. F1 is 2 · right / (answered + real), counted in entities.",
    ),
    Mistake(
        "F1 per type",
        tagger_with(score="types"),
        "You average the F1 of the types. Count the entities of all types together, then divide once.",
    ),
    Mistake(
        "F1 per sentence",
        tagger_with(score="mean"),
        "You average the sentences' F1. Count entities over all sentences, then divide once.",
    ),
    Mistake(
        "loss after the step",
        tagger_with(late=True),
        "You record the loss after the step. Record the one that the gradient came from.",
    ),
    Mistake(
        "graphs kept",
        tagger_with(keep=True),
        "You store loss tensors, and with them the graph of every step.",
    ),
    Mistake(
        "one step",
        tagger_with(one=True),
        "Your training ends after its first batch: is a line indented too far?",
    ),
]
