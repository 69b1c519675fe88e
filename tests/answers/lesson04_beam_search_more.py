"""04.beam_search, answered from the prompt alone: searches built otherwise, and six rarer mistakes."""

import heapq
import itertools
import math
from dataclasses import dataclass

import numpy as np

from answers import right, wrong

ID = "04.beam_search"


def penalised(log_p, length, alpha):
    return log_p / ((5 + length) / 6) ** alpha


@dataclass(frozen=True)
class Node:
    """A symbol that knows the node before it; the ids are read off at the end, from the last to the first."""

    symbol: int
    log_p: float
    state: object
    parent: "Node | None" = None
    depth: int = 0

    def ids(self):
        return [] if self.parent is None else [*self.parent.ids(), self.symbol]


@right(ID)
def linked_nodes(step, state, bos, eos, beam, max_len, alpha):
    def value(node):
        return penalised(node.log_p, node.depth, alpha)

    front, best = [Node(bos, 0.0, state)], None
    for depth in range(1, max_len + 1):
        children = []
        for node in front:
            scores, after = step(node.symbol, node.state)
            children += [
                Node(i, node.log_p + s, after, node, depth) for i, s in enumerate(scores) if math.isfinite(s)
            ]
        kept = heapq.nlargest(beam, children, key=lambda child: child.log_p)
        for node in kept:
            if node.symbol == eos and (best is None or value(node) > value(best)):
                best = node
        front = [node for node in kept if node.symbol != eos]
        if not front:
            break
    if best is not None:
        return best.ids()[:-1], value(best)
    best = max(front, key=value)
    return best.ids(), value(best)


@right(ID)
def ids_as_one_numpy_array(step, state, bos, eos, beam, max_len, alpha):
    ids, log_p, states, done = np.zeros((1, 0), dtype=int), np.zeros(1), [state], []
    for t in range(1, max_len + 1):
        stepped = [step(int(row[-1]) if t > 1 else bos, own) for row, own in zip(ids, states, strict=True)]
        table = log_p[:, None] + np.array([scores for scores, _ in stepped])  # (prefixes, vocab_size)
        order = np.argsort(-table, axis=None, kind="stable")[:beam]
        rows, symbols = np.unravel_index(order[np.isfinite(table.ravel()[order])], table.shape)
        ids, log_p = np.concatenate([ids[rows], symbols[:, None]], axis=1), table[rows, symbols]
        ended = symbols == eos
        done += [(ids[i, :-1].tolist(), float(penalised(log_p[i], t, alpha))) for i in np.flatnonzero(ended)]
        ids, log_p, states = ids[~ended], log_p[~ended], [stepped[row][1] for row in rows[~ended]]
        if not len(ids):
            break
    if done:
        return max(done, key=lambda one: one[1])
    return ids[log_p.argmax()].tolist(), float(penalised(log_p.max(), ids.shape[1], alpha))


@right(ID)
def sorted_lists_merged(step, state, bos, eos, beam, max_len, alpha):
    going, ended = [(0.0, (), state)], {}
    for _ in range(max_len):
        ranked = []
        for log_p, ids, own in going:
            scores, after = step(ids[-1] if ids else bos, own)
            possible = [(log_p + s, (*ids, i), after) for i, s in enumerate(scores) if s != -math.inf]
            ranked.append(sorted(possible, key=lambda one: -one[0])[:beam])
        best = list(itertools.islice(heapq.merge(*ranked, key=lambda one: -one[0]), beam))
        ended.update((ids[:-1], penalised(p, len(ids), alpha)) for p, ids, _ in best if ids[-1] == eos)
        going = [one for one in best if one[1][-1] != eos]
        if not going:
            break
    found = ended or {ids: penalised(p, len(ids), alpha) for p, ids, _ in going}
    winner = max(found, key=found.get)
    return list(winner), found[winner]


def search(step, state, bos, eos, beam, max_len, alpha, fault):
    prefixes, finished = [([], 0.0, state)], []
    for _ in range(max_len):
        found = []
        for ids, log_p, own in prefixes:
            scores, after = step(ids[-1] if ids else bos, own)
            more = [math.exp(s) if fault == "probabilities" else s for s in scores]
            found += [([*ids, i], log_p + more[i], after) for i, s in enumerate(scores) if s > -math.inf]
        found.sort(key=lambda one: -one[1])
        if fault == "one per symbol":
            first = {}
            for one in found:
                first.setdefault(one[0][-1], one)
            found = list(first.values())
        finished += [one for one in found[:beam] if one[0][-1] == eos]
        prefixes = [one for one in found[:beam] if one[0][-1] != eos]
        certain = (
            fault == "certain" and finished and prefixes and max(p for _, p, _ in finished) >= prefixes[0][1]
        )
        if not prefixes or certain:
            break
    if fault == "ended":
        for ids, log_p, own in prefixes:
            finished.append(([*ids, eos], log_p + step(ids[-1], own)[0][eos], own))
    missing = 1 if fault == "counts eos" and not finished else 0
    ids, log_p, _ = max(finished or prefixes, key=lambda one: penalised(one[1], len(one[0]), alpha))
    return [i for i in ids if i != eos], penalised(log_p, len(ids) + missing, alpha)


@wrong(ID, named="one prefix for each symbol")
def best_path_to_each_symbol_as_viterbi_has_it(step, state, bos, eos, beam, max_len, alpha):
    return search(step, state, bos, eos, beam, max_len, alpha, "one per symbol")


@wrong(ID, named="ended at max_len")
def eos_put_behind_what_max_len_cut_off(step, state, bos, eos, beam, max_len, alpha):
    return search(step, state, bos, eos, beam, max_len, alpha, "ended")


@wrong(ID, named="probabilities added")
def probabilities_added(step, state, bos, eos, beam, max_len, alpha):
    return search(step, state, bos, eos, beam, max_len, alpha, "probabilities")


@wrong(ID, named="stops where no prefix is more likely")
def stops_when_log_p_can_only_fall(step, state, bos, eos, beam, max_len, alpha):
    return search(step, state, bos, eos, beam, max_len, alpha, "certain")


@wrong(ID, named="an eos that is not there")
def eos_counted_whether_written_or_not(step, state, bos, eos, beam, max_len, alpha):
    return search(step, state, bos, eos, beam, max_len, alpha, "counts eos")


@wrong(ID, named="probability returned")
def score_as_a_probability(step, state, bos, eos, beam, max_len, alpha):
    ids, score = search(step, state, bos, eos, beam, max_len, alpha, None)
    return ids, math.exp(score)
