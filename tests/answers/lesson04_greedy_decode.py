"""04.greedy_decode, answered from the prompt alone."""

import heapq
import random

import numpy as np
import torch

from answers import right, wrong

ID = "04.greedy_decode"


@right(ID)
def numpy_argmax(step, state, bos, eos, max_len):
    written, symbol = [], bos
    while len(written) < max_len:
        scores, state = step(symbol, state)
        symbol = int(np.argmax(scores))
        if symbol == eos:
            return written
        written.append(symbol)
    return written


@right(ID)
def tensor_argmax(step, state, bos, eos, max_len):
    written = []
    for _ in range(max_len):
        scores, state = step(written[-1] if written else bos, state)
        best = torch.tensor(scores).argmax().item()
        if best == eos:
            break
        written += [best]
    return written


@right(ID)
def recursive(step, state, bos, eos, max_len):
    if max_len == 0:
        return []
    scores, after = step(bos, state)
    best = scores.index(max(scores))
    return [] if best == eos else [best, *recursive(step, after, best, eos, max_len - 1)]


@right(ID)
def bos_in_the_list_and_cut_off(step, state, bos, eos, max_len):
    ids = [bos]
    while len(ids) <= max_len:
        scores, state = step(ids[-1], state)
        best, _ = max(enumerate(scores), key=lambda pair: pair[1])
        if best == eos:
            break
        ids.append(best)
    return ids[1:]


@right(ID)
def a_generator(step, state, bos, eos, max_len):
    def symbols(state):
        symbol = bos
        for _ in range(max_len):
            scores, state = step(symbol, state)
            symbol = sorted(range(len(scores)), key=lambda i: scores[i])[-1]
            if symbol == eos:
                return
            yield symbol

    return list(symbols(state))


@right(ID)
def eos_appended_and_removed(step, state, bos, eos, max_len):
    ids = []
    while len(ids) < max_len and eos not in ids:
        scores, state = step(ids[-1] if ids else bos, state)
        ids.append(heapq.nlargest(1, range(len(scores)), key=scores.__getitem__)[0])
    return ids[:-1] if ids and ids[-1] == eos else ids


class Writer:
    def __init__(self, step, eos):
        self.step, self.eos, self.ids = step, eos, []

    def write(self, newest, state, max_len):
        for _ in range(max_len):
            scores, state = self.step(newest, state)
            best, highest = 0, scores[0]
            for number, value in enumerate(scores):
                if value > highest:
                    best, highest = number, value
            if best == self.eos:
                break
            self.ids.append(newest := best)
        return self.ids


@right(ID)
def with_a_class(step, state, bos, eos, max_len):
    return Writer(step, eos).write(bos, state, max_len)


@right(ID)
def numpy_ids(step, state, bos, eos, max_len):
    written, newest = np.zeros(max_len, dtype=np.int64), bos
    for t in range(max_len):
        scores, state = step(newest, state)
        newest = int(np.array(scores).argmax())
        if newest == eos:
            return list(written[:t])
        written[t] = newest
    return list(written)


@right(ID)
def an_iterator_with_a_sentinel(step, state, bos, eos, max_len):
    newest = bos

    def advance():
        nonlocal newest, state
        scores, state = step(newest, state)
        newest = max(zip(scores, range(len(scores)), strict=True))[1]
        return newest

    return [symbol for _, symbol in zip(range(max_len), iter(advance, eos), strict=False)]


@right(ID)
def topk_and_a_flag(step, state, bos, eos, max_len):
    newest, written, finished = bos, [], False
    for _ in range(max_len):
        if not finished:
            scores, state = step(newest, state)
            newest = int(torch.tensor(scores).topk(1).indices)
            finished = newest == eos
            if not finished:
                written.append(newest)
    return written


@wrong(ID, named="eos kept")
def eos_kept(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = scores.index(max(scores))
        written.append(newest)
        if newest == eos:
            break
    return written


@wrong(ID, named="bos kept")
def bos_kept(step, state, bos, eos, max_len):
    written = [bos]
    for _ in range(max_len):
        scores, state = step(written[-1], state)
        newest = scores.index(max(scores))
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID, named="nothing fed back")
def always_reads_bos(step, state, bos, eos, max_len):
    written = []
    for _ in range(max_len):
        scores, state = step(bos, state)
        newest = scores.index(max(scores))
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID, named="state thrown away")
def state_never_updated(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, _ = step(newest, state)
        newest = scores.index(max(scores))
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID, named="eos filtered afterwards")
def eos_filtered_afterwards(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = scores.index(max(scores))
        written.append(newest)
    return [symbol for symbol in written if symbol != eos]


@wrong(ID, named="one step too many")
def one_symbol_too_many(step, state, bos, eos, max_len):
    written, newest = [], bos
    while len(written) <= max_len:
        scores, state = step(newest, state)
        newest = scores.index(max(scores))
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID, named="one step too few")
def one_symbol_too_few(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(1, max_len):
        scores, state = step(newest, state)
        newest = scores.index(max(scores))
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID, named="smallest score")
def least_likely(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = scores.index(min(scores))
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID)
def sampled(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, state = step(newest, state)
        weights = torch.tensor(scores).softmax(0).tolist()
        newest = random.choices(range(len(scores)), weights)[0]
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID, named="bos and eos fixed")
def ids_of_the_special_symbols_fixed(step, state, bos, eos, max_len):
    written, newest = [], 2
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = scores.index(max(scores))
        if newest == 3:
            break
        written.append(newest)
    return written


@wrong(ID, named="eos kept at max_len")
def eos_kept_at_the_very_end(step, state, bos, eos, max_len):
    written, newest = [], bos
    while len(written) < max_len:
        scores, state = step(newest, state)
        newest = scores.index(max(scores))
        written.append(newest)
        if newest == eos and len(written) < max_len:
            return written[:-1]
    return written


@wrong(ID, named="never allowed to end")
def never_allowed_to_end(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, state = step(newest, state)
        allowed = [i for i in range(len(scores)) if i not in (bos, eos)]
        newest = max(allowed, key=lambda i: scores[i])
        written.append(newest)
    return written


@wrong(ID, named="reads one symbol late")
def reads_one_symbol_late(step, state, bos, eos, max_len):
    written, previous, newest = [], bos, bos
    for _ in range(max_len):
        scores, state = step(previous, state)
        previous, newest = newest, scores.index(max(scores))
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID, named="ends at a repetition")
def stops_at_a_repetition(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, state = step(newest, state)
        best = scores.index(max(scores))
        if best == eos or best == newest:
            break
        written.append(best)
        newest = best
    return written


@wrong(ID, named="scores returned")
def scores_returned(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = scores.index(max(scores))
        if newest == eos:
            break
        written.append(max(scores))
    return written
