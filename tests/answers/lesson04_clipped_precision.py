"""04.clipped_precision, answered from the prompt alone."""

from collections import Counter, defaultdict

import numpy as np

from answers import right, wrong

ID = "04.clipped_precision"


def ngrams(words, n):
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


@right(ID)
def matches_removed_from_a_list(hypothesis, reference, n):
    left, found = ngrams(reference, n), 0
    for gram in ngrams(hypothesis, n):
        if gram in left:
            left.remove(gram)
            found += 1
    total = len(hypothesis) - n + 1
    return found / total if total > 0 else 0.0


@right(ID)
def smaller_of_two_counts(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    if not written:
        return 0.0
    return sum(min(count, wanted[gram]) for gram, count in written.items()) / sum(written.values())


@right(ID)
def zip_of_shifted_lists(hypothesis, reference, n):
    written, wanted = (
        list(zip(*(words[i:] for i in range(n)), strict=False)) for words in (hypothesis, reference)
    )
    if len(written) == 0:
        return 0.0
    return sum(min(written.count(g), wanted.count(g)) for g in set(written)) / len(written)


@right(ID)
def budget_in_a_dictionary(hypothesis, reference, n):
    budget = defaultdict(int)
    for gram in ngrams(reference, n):
        budget[gram] += 1
    hits = 0
    for gram in ngrams(hypothesis, n):
        hits += budget[gram] > 0
        budget[gram] -= 1
    try:
        return hits / len(ngrams(hypothesis, n))
    except ZeroDivisionError:
        return 0.0


@right(ID)
def counters_subtracted(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    extra = sum((written - wanted).values())
    total = sum(written.values())
    return 1 - extra / total if total else 0.0


@right(ID)
def sorted_and_merged(hypothesis, reference, n):
    a, b = sorted(ngrams(hypothesis, n)), sorted(ngrams(reference, n))
    i = j = hits = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            hits, i, j = hits + 1, i + 1, j + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return hits / max(len(a), 1)


@right(ID)
def joined_with_a_character_no_word_has(hypothesis, reference, n):
    written, wanted = (Counter("\x00".join(g) for g in ngrams(w, n)) for w in (hypothesis, reference))
    return (written & wanted).total() / written.total() if written else 0.0


@right(ID)
def numpy_unique(hypothesis, reference, n):
    written, wanted = ngrams(hypothesis, n), ngrams(reference, n)
    if not written:
        return 0.0
    number = {gram: i for i, gram in enumerate(dict.fromkeys(written + wanted))}
    counts = [
        np.bincount([number[g] for g in grams], minlength=len(number)) for grams in (written, wanted) if grams
    ]
    return float(np.minimum(*counts).sum() / len(written)) if len(counts) == 2 else 0.0


@right(ID)
def nth_occurrence_looked_up(hypothesis, reference, n):
    def numbered(words):
        seen = Counter()
        for gram in ngrams(words, n):
            seen[gram] += 1
            yield gram, seen[gram]

    written = set(numbered(hypothesis))
    return len(written & set(numbered(reference))) / len(written) if written else 0.0


@right(ID)
def lists_of_lists(hypothesis, reference, n):
    total = len(hypothesis) - n + 1
    if total < 1:
        return 0.0
    used, found = set(), 0
    for i in range(total):
        for j in range(len(reference) - n + 1):
            if j not in used and hypothesis[i : i + n] == reference[j : j + n]:
                used.add(j)
                found += 1
                break
    return float(found) / total


@wrong(ID, named="not clipped")
def not_clipped(hypothesis, reference, n):
    written, wanted = ngrams(hypothesis, n), set(ngrams(reference, n))
    return sum(gram in wanted for gram in written) / len(written) if written else 0.0


@wrong(ID, named="each n-gram once")
def sets_of_ngrams(hypothesis, reference, n):
    written, wanted = set(ngrams(hypothesis, n)), set(ngrams(reference, n))
    return len(written & wanted) / len(written) if written else 0.0


@wrong(ID, named="divided by the reference's")
def recall(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    return (written & wanted).total() / max(1, wanted.total())


@wrong(ID, named="last n-gram missing")
def last_ngram_missing(hypothesis, reference, n):
    written, wanted = (
        Counter(tuple(w[i : i + n]) for i in range(len(w) - n)) for w in (hypothesis, reference)
    )
    return (written & wanted).total() / max(1, written.total())


@wrong(ID, named="shorter runs at the end")
def cut_off_ngrams_at_the_end(hypothesis, reference, n):
    written, wanted = (Counter(tuple(w[i : i + n]) for i in range(len(w))) for w in (hypothesis, reference))
    return (written & wanted).total() / max(1, written.total())


@wrong(ID, named="divided by words")
def divided_by_the_words(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    return (written & wanted).total() / len(hypothesis) if len(hypothesis) >= n else 0.0


@wrong(ID, named="joined to strings")
def joined_to_strings(hypothesis, reference, n):
    written, wanted = (Counter("".join(g) for g in ngrams(w, n)) for w in (hypothesis, reference))
    return (written & wanted).total() / max(1, written.total())


@wrong(ID, named="searched in the text")
def joined_with_spaces_and_searched(hypothesis, reference, n):
    written, text = Counter(ngrams(hypothesis, n)), " ".join(reference)
    return sum(min(c, text.count(" ".join(g))) for g, c in written.items()) / max(1, written.total())


@wrong(ID, named="division by zero")
def a_bare_division(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    return (written & wanted).total() / written.total()


@wrong(ID, named="single words, short ones apart")
def single_words_whatever_n(hypothesis, reference, n):
    written, wanted = Counter(hypothesis), Counter(reference)
    return (written & wanted).total() / written.total() if len(hypothesis) >= n else 0.0


@wrong(ID, named="the same place only")
def same_position_only(hypothesis, reference, n):
    written, wanted = ngrams(hypothesis, n), ngrams(reference, n)
    return sum(a == b for a, b in zip(written, wanted, strict=False)) / len(written) if written else 0.0


@wrong(ID, named="in percent")
def in_percent(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    return 100 * (written & wanted).total() / max(1, written.total())


@wrong(ID, named="the larger count")
def the_larger_count(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    hits = sum(max(written[g], wanted[g]) for g in written if g in wanted)
    return hits / max(1, written.total())


@wrong(ID, named="at most one match each")
def clipped_at_one(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    return sum(min(1, wanted[g]) for g in written) / max(1, written.total())


@wrong(ID, named="order ignored")
def order_of_the_words_lost(hypothesis, reference, n):
    written, wanted = (Counter(tuple(sorted(g)) for g in ngrams(w, n)) for w in (hypothesis, reference))
    return (written & wanted).total() / max(1, written.total())


@wrong(ID, named="blocks of n words")
def blocks_that_do_not_overlap(hypothesis, reference, n):
    written, wanted = (
        Counter(tuple(w[i : i + n]) for i in range(0, len(w) - n + 1, n)) for w in (hypothesis, reference)
    )
    return (written & wanted).total() / max(1, written.total())


@wrong(ID, named="not divided")
def a_number_of_matches(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    return float((written & wanted).total())


@wrong(ID, named="brevity penalty included")
def brevity_multiplied_on(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    brevity = min(1.0, float(np.exp(1 - len(reference) / max(1, len(hypothesis)))))
    return brevity * (written & wanted).total() / max(1, written.total())


@wrong(ID, named="case ignored")
def case_ignored(hypothesis, reference, n):
    written, wanted = (
        Counter(ngrams([word.casefold() for word in words], n)) for words in (hypothesis, reference)
    )
    return (written & wanted).total() / max(1, written.total())


@wrong(ID, named="mean of several precisions")
def geometric_mean_up_to_n(hypothesis, reference, n):
    product = 1.0
    for k in range(1, n + 1):
        written, wanted = Counter(ngrams(hypothesis, k)), Counter(ngrams(reference, k))
        product *= (written & wanted).total() / max(1, written.total())
    return product ** (1 / n)


@wrong(ID, named="divided by the union")
def overlap_over_union(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    return (written & wanted).total() / max(1, (written | wanted).total())


@wrong(ID, named="all lengths up to n")
def runs_of_one_to_n_together(hypothesis, reference, n):
    written, wanted = Counter(), Counter()
    for k in range(1, n + 1):
        written += Counter(ngrams(hypothesis, k))
        wanted += Counter(ngrams(reference, k))
    return (written & wanted).total() / max(1, written.total())


@wrong(ID, named="F1")
def precision_and_recall_as_one(hypothesis, reference, n):
    written, wanted = Counter(ngrams(hypothesis, n)), Counter(ngrams(reference, n))
    return 2 * (written & wanted).total() / max(1, written.total() + wanted.total())


@wrong(ID, named="1 for a short one")
def perfect_where_nothing_can_be_wrong(hypothesis, reference, n):
    written = Counter(ngrams(hypothesis, n))
    return (written & Counter(ngrams(reference, n))).total() / written.total() if written else 1.0
