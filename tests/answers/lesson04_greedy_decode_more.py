"""04.greedy_decode, answered from the prompt alone: searches that do more than greedy search does."""

from answers import right, wrong

ID = "04.greedy_decode"


@right(ID)
def prefix_read_again_from_the_first_state(step, state, bos, eos, max_len):
    written = []
    while len(written) < max_len:
        after = state
        for symbol in [bos, *written]:
            scores, after = step(symbol, after)
        best = scores.index(max(scores))
        if best == eos:
            return written
        written.append(best)
    return written


@wrong(ID, named="prefix read again")
def prefix_read_again_from_the_newest_state(step, state, bos, eos, max_len):
    written = []
    for _ in range(max_len):
        for symbol in [bos, *written]:
            scores, state = step(symbol, state)
        best = scores.index(max(scores))
        if best == eos:
            break
        written.append(best)
    return written


@wrong(ID, named="no symbol twice")
def never_the_same_symbol_twice(step, state, bos, eos, max_len):
    written, newest = [], bos
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = max((i for i in range(len(scores)) if i not in written), key=lambda i: scores[i])
        if newest == eos:
            break
        written.append(newest)
    return written


@wrong(ID, named="first symbol cut off")
def cut_off_as_if_bos_were_there(step, state, bos, eos, max_len):
    newest, written = bos, []
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = scores.index(max(scores))
        if newest == eos:
            break
        written.append(newest)
    return written[1:]


@wrong(ID, named="smallest score")
def largest_in_size(step, state, bos, eos, max_len):
    newest, written = bos, []
    for _ in range(max_len):
        scores, state = step(newest, state)
        newest = max(range(len(scores)), key=lambda number: abs(scores[number]))
        if newest == eos:
            break
        written.append(newest)
    return written
