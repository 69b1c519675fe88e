"""Lesson 14, exercise 4: correct, wrong and invalid answers."""

from collections import Counter

import numpy as np

from answers import right, wrong

ID = "14.answer_kinds"


def kind(one, true, allowed):
    return "correct" if one == true else "wrong" if one in allowed else "invalid"


@right(ID)
def a_counter(written, gold, allowed):
    counts = Counter(kind(one, true, allowed) for one, true in zip(written, gold, strict=True))
    return tuple(counts[name] / len(written) for name in ("correct", "wrong", "invalid"))


@right(ID)
def a_loop(written, gold, allowed):
    correct = wrong_ones = invalid = 0
    for i in range(len(written)):
        if written[i] == gold[i]:
            correct += 1
        elif written[i] in allowed:
            wrong_ones += 1
        else:
            invalid += 1
    n = len(written)
    return correct / n, wrong_ones / n, invalid / n


@right(ID)
def invalid_first(written, gold, allowed):
    shares = [0.0, 0.0, 0.0]
    for one, true in zip(written, gold, strict=True):
        if one not in allowed:
            shares[2] += 1 / len(gold)
        elif one == true:
            shares[0] += 1 / len(gold)
        else:
            shares[1] += 1 / len(gold)
    return tuple(shares)


@right(ID)
def in_numpy(written, gold, allowed):
    written, gold = np.array(written), np.array(gold)
    correct, valid = written == gold, np.isin(written, allowed)
    return float(correct.mean()), float((valid & ~correct).mean()), float((~valid).mean())


@right(ID)
def three_lists(written, gold, allowed):
    pairs = list(zip(written, gold, strict=True))
    correct = [p for p in pairs if p[0] == p[1]]
    others = [p for p in pairs if p[0] != p[1] and p[0] in set(allowed)]
    invalid = [p for p in pairs if p[0] not in set(allowed)]
    return tuple(len(part) / len(pairs) for part in (correct, others, invalid))


@right(ID)
def wrong_from_the_rest(written, gold, allowed):
    n = len(gold)
    correct = len([1 for i, one in enumerate(written) if one == gold[i]])
    invalid = n - sum(map(allowed.__contains__, written))
    return correct / n, (n - correct - invalid) / n, invalid / n


@right(ID)
def means_of_booleans(written, gold, allowed):
    kinds = [kind(one, true, allowed) for one, true in zip(written, gold, strict=True)]
    return tuple(float(np.mean([k == name for k in kinds])) for name in ("correct", "wrong", "invalid"))


@right(ID)
def any_equal(written, gold, allowed):
    n = len(written)
    invalid = sum(not any(one == label for label in allowed) for one in written) / n
    correct = sum(a == b for a, b in zip(written, gold, strict=True)) / n
    return correct, 1.0 - (correct + invalid), invalid


@right(ID)
def per_label(written, gold, allowed):
    n = len(written)
    right_ones = sum(
        (one, true) == (label, label) for label in allowed for one, true in zip(written, gold, strict=True)
    )
    labels = sum(written.count(label) for label in set(allowed))
    return right_ones / n, (labels - right_ones) / n, (n - labels) / n


@right(ID)
def a_list_returned(written, gold, allowed):
    return list(a_loop(written, gold, allowed))


@wrong(ID, named="numbers")
def counts(written, gold, allowed):
    return tuple(round(len(gold) * share) for share in a_loop(written, gold, allowed))


@wrong(ID, named="invalid ones wrong too")
def wrong_is_not_correct(written, gold, allowed):
    n = len(gold)
    correct = sum(a == b for a, b in zip(written, gold, strict=True)) / n
    return correct, 1 - correct, sum(one not in allowed for one in written) / n


@wrong(ID, named="wrong and invalid exchanged")
def another_order(written, gold, allowed):
    a, b, c = a_loop(written, gold, allowed)
    return a, c, b


@wrong(ID, named="contains a label")
def a_label_somewhere(written, gold, allowed):
    n = len(gold)
    correct = sum(a == b for a, b in zip(written, gold, strict=True)) / n
    invalid = sum(not set(one.split()) & set(allowed) for one in written) / n
    return correct, 1 - correct - invalid, invalid


@wrong(ID, named="of the valid ones")
def accuracy_of_valid_answers(written, gold, allowed):
    a, b, c = a_loop(written, gold, allowed)
    return (a / (a + b) if a + b else 0.0), (b / (a + b) if a + b else 0.0), c


@wrong(ID, named="percent")
def in_per_cent(written, gold, allowed):
    return tuple(100 * share for share in a_loop(written, gold, allowed))
