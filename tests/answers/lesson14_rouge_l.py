"""Lesson 14, exercise 5: ROUGE-L."""

import functools

import numpy as np

from answers import right, wrong

ID = "14.rouge_l"


def f1(n, a, b):
    return 2 * n / (a + b) if n else 0.0


@right(ID)
def recursive_with_a_cache(summary, reference):
    @functools.cache
    def lcs(i, j):
        if i == 0 or j == 0:
            return 0
        if summary[i - 1] == reference[j - 1]:
            return lcs(i - 1, j - 1) + 1
        return max(lcs(i - 1, j), lcs(i, j - 1))

    return f1(lcs(len(summary), len(reference)), len(summary), len(reference))


@right(ID)
def table_of_numpy(summary, reference):
    table = np.zeros((len(summary) + 1, len(reference) + 1))
    for i in range(len(summary)):
        for j in range(len(reference)):
            same = summary[i] == reference[j]
            table[i + 1, j + 1] = table[i, j] + 1 if same else max(table[i, j + 1], table[i + 1, j])
    return float(f1(table[-1, -1], len(summary), len(reference)))


@right(ID)
def from_the_back(summary, reference):
    m, n = len(summary), len(reference)
    table = [[0] * (n + 1) for _ in range(m + 1)]
    for i in reversed(range(m)):
        for j in reversed(range(n)):
            if summary[i] == reference[j]:
                table[i][j] = 1 + table[i + 1][j + 1]
            else:
                table[i][j] = max(table[i + 1][j], table[i][j + 1])
    return f1(table[0][0], m, n)


@right(ID)
def one_row(summary, reference):
    row = [0] * (len(reference) + 1)
    for word in summary:
        diagonal = 0
        for j, other in enumerate(reference, 1):
            diagonal, row[j] = row[j], diagonal + 1 if word == other else max(row[j], row[j - 1])
    return f1(row[-1], len(summary), len(reference))


@right(ID)
def exchanged_texts(summary, reference):
    return one_row(reference, summary)


@right(ID)
def three_way_maximum(summary, reference):
    table = {(i, j): 0 for i in range(len(summary) + 1) for j in range(len(reference) + 1)}
    for i in range(1, len(summary) + 1):
        for j in range(1, len(reference) + 1):
            match = int(summary[i - 1] == reference[j - 1])
            table[i, j] = max(table[i - 1, j], table[i, j - 1], table[i - 1, j - 1] + match)
    return f1(table[len(summary), len(reference)], len(summary), len(reference))


@right(ID)
def precision_and_recall(summary, reference):
    n = f1_length(summary, reference)
    if n == 0 or not summary or not reference:
        return 0.0
    p, r = n / len(summary), n / len(reference)
    return 2 * p * r / (p + r)


def f1_length(summary, reference):
    return one_row(summary, reference) * (len(summary) + len(reference)) / 2


@right(ID)
def harmonic_mean(summary, reference):
    n = f1_length(summary, reference)
    return 0.0 if not n else 2 / (len(summary) / n + len(reference) / n)


@right(ID)
def ends_for_each_length(summary, reference):
    ends = []  # ends[k]: the earliest place in reference where a common subsequence of k + 1 words ends
    for word in summary:
        places = [j for j, other in enumerate(reference) if other == word]
        for j in reversed(places):
            k = sum(end < j for end in ends)
            if k == len(ends):
                ends.append(j)
            else:
                ends[k] = min(ends[k], j)
    return f1(len(ends), len(summary), len(reference))


@right(ID)
def zero_as_a_whole_number(summary, reference):
    score = one_row(summary, reference)
    return score if score else 0


@wrong(ID, named="order ignored")
def rouge_one(summary, reference):
    left = list(reference)
    n = 0
    for word in summary:
        if word in left:
            left.remove(word)
            n += 1
    return f1(n, len(summary), len(reference))


@wrong(ID, named="run of words")
def longest_run(summary, reference):
    runs = [
        length
        for i in range(len(summary))
        for length in range(1, len(summary) - i + 1)
        for j in range(len(reference) - length + 1)
        if summary[i : i + length] == reference[j : j + length]
    ]
    return f1(max(runs, default=0), len(summary), len(reference))


@wrong(ID, named="recall")
def recall_alone(summary, reference):
    return f1_length(summary, reference) / len(reference)


@wrong(ID, named="nothing in common")
def divided_by_zero(summary, reference):
    n = f1_length(summary, reference)
    p, r = n / len(summary), n / len(reference)
    return 2 * p * r / (p + r)


@wrong(ID, named="first match")
def greedy(summary, reference):
    rest, n = list(reference), 0
    for word in summary:
        if word in rest:
            rest = rest[rest.index(word) + 1 :]
            n += 1
    return f1(n, len(summary), len(reference))


@wrong(ID, named="a number of words")
def the_length(summary, reference):
    return float(f1_length(summary, reference))
