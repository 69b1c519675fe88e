"""03.accuracies, answered from the prompt alone."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "03.accuracies"


def nearest(unit, target, excluded):
    scores = unit @ target
    scores[list(excluded)] = -math.inf
    return scores.argmax().item()


@right(ID)
def two_counters(E, questions):
    unit = F.normalize(E, dim=1)
    n_arithmetic = n_baseline = 0
    for a, b, c, answers in questions:
        if nearest(unit, unit[b] - unit[a] + unit[c], (a, b, c)) in answers:
            n_arithmetic += 1
        if nearest(unit, unit[c], (a, b, c)) in answers:
            n_baseline += 1
    return n_arithmetic / len(questions), n_baseline / len(questions)


@right(ID)
def lists_of_hits(E, questions):
    unit = E / E.norm(dim=1, keepdim=True)
    hits = [
        [nearest(unit, target, question[:3]) in question[3] for target in (unit[question[1]] - unit[question[0]]
         + unit[question[2]], unit[question[2]])]
        for question in questions
    ]  # fmt: skip
    return [sum(column) / len(column) for column in zip(*hits, strict=True)]


@right(ID)
def all_questions_at_once(E, questions):
    unit = F.normalize(E, dim=1)
    a, b, c = (torch.tensor([question[n] for question in questions]) for n in range(3))
    results = []
    for targets in (unit[b] - unit[a] + unit[c], unit[c]):
        scores = targets @ unit.T
        for rows in (a, b, c):
            scores[torch.arange(len(questions)), rows] = -math.inf
        best = scores.argmax(dim=1).tolist()
        results.append(np.mean([row in question[3] for row, question in zip(best, questions, strict=True)]))
    return tuple(results)


@right(ID)
def means_of_tensors(E, questions):
    unit = F.normalize(E, dim=1)
    hits = torch.zeros(len(questions), 2)
    for n, (a, b, c, answers) in enumerate(questions):
        hits[n, 0] = nearest(unit, unit[b] - unit[a] + unit[c], [a, b, c]) in answers
        hits[n, 1] = nearest(unit, unit[c], [a, b, c]) in answers
    return hits.mean(dim=0)[0], hits.mean(dim=0)[1]


@right(ID)
def numpy_throughout(E, questions):
    unit = E.numpy().astype(np.float64)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)

    def hit(target, question):
        scores = unit @ target
        scores[list(question[:3])] = -np.inf
        return np.argmax(scores) in question[3]

    arithmetic = [hit(unit[q[1]] - unit[q[0]] + unit[q[2]], q) for q in questions]
    return np.mean(arithmetic), np.mean([hit(unit[q[2]], q) for q in questions])


@right(ID)
def baseline_as_an_analogy_of_a_with_itself(E, questions):
    unit = F.normalize(E, dim=1)

    def share(weight):
        good = 0
        for a, b, c, answers in questions:
            good += nearest(unit, weight * (unit[b] - unit[a]) + unit[c], {a, b, c}) in answers
        return good / len(questions)

    return share(1.0), share(0.0)


@right(ID)
def candidates_compared_one_by_one(E, questions):
    arithmetic, baseline = [], []
    for a, b, c, answers in questions:
        candidates = [row for row in range(len(E)) if row not in (a, b, c)]
        target = E[b] / E[b].norm() - E[a] / E[a].norm() + E[c] / E[c].norm()
        for hits, goal in ((arithmetic, target), (baseline, E[c])):
            best = max(candidates, key=lambda row, goal=goal: F.cosine_similarity(E[row], goal, dim=0).item())
            hits.append(float(best in answers))
    return sum(arithmetic) / len(arithmetic), sum(baseline) / len(baseline)


@right(ID)
def sorted_rows_and_sets(E, questions):
    unit = F.normalize(E, dim=1)
    counts = [0, 0]
    for a, b, c, answers in questions:
        for n, target in enumerate([unit[b] - unit[a] + unit[c], unit[c]]):
            order = (unit @ target).argsort(descending=True).tolist()
            first = next(row for row in order if row not in {a, b, c})
            counts[n] += len({first} & set(answers))
    return counts[0] / len(questions), counts[1] / len(questions)


@right(ID)
def recursion_over_the_questions(E, questions):
    unit = F.normalize(E, dim=1)

    def count(rest):
        if not rest:
            return 0, 0
        (a, b, c, answers), (more, base) = rest[0], count(rest[1:])
        hit = nearest(unit, unit[b] - unit[a] + unit[c], (a, b, c)) in answers
        return more + hit, base + (nearest(unit, unit[c], (a, b, c)) in answers)

    return tuple(n / len(questions) for n in count(list(questions)))


@right(ID)
def running_means(E, questions):
    unit = F.normalize(E, dim=1)
    arithmetic = baseline = 0.0
    for n, (a, b, c, answers) in enumerate(questions, start=1):
        arithmetic += ((nearest(unit, unit[b] - unit[a] + unit[c], (a, b, c)) in answers) - arithmetic) / n
        baseline += ((nearest(unit, unit[c], (a, b, c)) in answers) - baseline) / n
    return arithmetic, baseline


def build(fault):
    """A right answer with one fault."""

    def accuracies(E, questions):
        unit = E if fault == "never normalised" else F.normalize(E, dim=1)
        hits = [[], []]
        for a, b, c, answers in questions:
            targets = [unit[b] - unit[a] + unit[c], unit[c]]
            if fault == "a − b":
                targets[0] = unit[a] - unit[b] + unit[c]
            if fault == "baseline nearest to b":
                targets[1] = unit[b]
            if fault == "baseline of b + c":
                targets[1] = unit[b] + unit[c]
            if fault == "baseline of b − a":
                targets[1] = unit[b] - unit[a]
            excluded = [(a, b, c), (a, b, c)]
            if fault == "baseline excludes c alone":
                excluded[1] = (c,)
            if fault == "baseline excludes nothing":
                excluded[1] = ()
            if fault == "nothing excluded":
                excluded = [(), ()]
            if fault == "baseline may answer b":
                excluded[1] = (a, c)
            if fault == "first answer only":
                answers = answers[:1]
            for n in (0, 1):
                best = nearest(unit, targets[n], excluded[n])
                hit = best == answers if fault == "compared with the whole list" else best in answers
                hits[n].append(hit)
        arithmetic, baseline = (sum(one) / len(one) for one in hits)
        if fault == "counts":
            return sum(hits[0]), sum(hits[1])
        if fault == "percent":
            return 100 * arithmetic, 100 * baseline
        if fault == "baseline first":
            return baseline, arithmetic
        if fault == "difference":
            return arithmetic - baseline
        if fault == "what is gained second":
            return arithmetic, arithmetic - baseline
        if fault == "divided by all right answers":
            n = sum(len(question[3]) for question in questions)
            return sum(hits[0]) / n, sum(hits[1]) / n
        if fault == "whole-number division":
            return sum(hits[0]) // len(questions), sum(hits[1]) // len(questions)
        if fault == "arithmetic alone":
            return arithmetic
        if fault == "only where the baseline fails":
            kept = [one for one, other in zip(*hits, strict=True) if not other]
            return sum(kept) / max(len(kept), 1), baseline
        return arithmetic, baseline

    return accuracies


FAULTS = {
    "never normalised": "not normalised",
    "a − b": "a − b + c",
    "baseline nearest to b": "nearest to b",
    "baseline of b − a": "baseline of b − a",
    "baseline of b + c": "baseline of b + c",
    "baseline excludes c alone": "only c excluded",
    "baseline excludes nothing": "nothing excluded",
    "nothing excluded": "nothing excluded in either",
    "baseline may answer b": "b not excluded",
    "first answer only": "first answer only",
    "compared with the whole list": "compared with the list",
    "counts": "counts",
    "percent": "per cent",
    "baseline first": "order",
    "difference": "the difference",
    "what is gained second": "what is gained",
    "divided by all right answers": "divided by the right answers",
    "whole-number division": "rounded down",
    "arithmetic alone": "the arithmetic alone",
    "only where the baseline fails": "only what the baseline misses",
}
for fault, mistake in FAULTS.items():
    wrong(ID, fault, named=mistake)(build(fault))


@wrong(ID, named="baseline not normalised")
def raw_rows_in_the_baseline(E, questions):
    unit = F.normalize(E, dim=1)
    arithmetic = [nearest(unit, unit[b] - unit[a] + unit[c], [a, b, c]) in good for a, b, c, good in questions]
    baseline = [nearest(E, E[c], [a, b, c]) in good for a, b, c, good in questions]
    return sum(arithmetic) / len(questions), sum(baseline) / len(questions)


@wrong(ID, named="several guesses")
def as_many_guesses_as_right_answers(E, questions):
    unit = F.normalize(E, dim=1)
    hits = torch.zeros(2)
    for a, b, c, good in questions:
        for n, target in enumerate((unit[b] - unit[a] + unit[c], unit[c])):
            scores = unit @ target
            scores[[a, b, c]] = -math.inf
            hits[n] += bool(set(scores.topk(len(good)).indices.tolist()) & set(good))
    return tuple((hits / len(questions)).tolist())


@wrong(ID, named="first five")
def right_if_among_the_first_five(E, questions):
    unit = F.normalize(E, dim=1)

    def hits(target, a, b, c, good):
        scores = unit @ target
        scores[[a, b, c]] = -math.inf
        return not set(scores.argsort(descending=True)[:5].tolist()).isdisjoint(good)

    arithmetic = [hits(unit[b] - unit[a] + unit[c], a, b, c, good) for a, b, c, good in questions]
    baseline = [hits(unit[c], a, b, c, good) for a, b, c, good in questions]
    return sum(arithmetic) / len(questions), sum(baseline) / len(questions)
