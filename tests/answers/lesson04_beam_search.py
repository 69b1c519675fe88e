"""04.beam_search, answered from the prompt alone."""

import heapq
import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import torch

from answers import right, wrong

ID = "04.beam_search"


def penalised(log_p, length, alpha):
    return log_p / ((5 + length) / 6) ** alpha


@right(ID)
def heap_and_separate_lists(step, state, bos, eos, beam, max_len, alpha):
    live, done, order = [(0.0, (), state)], [], itertools.count()
    for _ in range(max_len):
        pool = []
        for log_p, ids, state in live:
            scores, new = step(ids[-1] if ids else bos, state)
            for symbol, more in enumerate(scores):
                if not math.isinf(more):
                    pool.append((log_p + more, -next(order), (*ids, symbol), new))
        live = []
        for log_p, _, ids, new in heapq.nlargest(beam, pool):
            if ids[-1] == eos:
                done.append((penalised(log_p, len(ids), alpha), list(ids[:-1])))
            else:
                live.append((log_p, ids, new))
        if not live:
            break
    if not done:
        done = [(penalised(log_p, len(ids), alpha), list(ids)) for log_p, ids, _ in live]
    score, ids = max(done, key=lambda pair: pair[0])
    return ids, score


@dataclass
class Prefix:
    state: object
    ids: list = field(default_factory=list)
    log_p: float = 0.0

    def extended(self, symbol, more, state):
        return Prefix(state, [*self.ids, symbol], self.log_p + more)

    def score(self, alpha):
        return self.log_p * (6 / (5 + len(self.ids))) ** alpha


@right(ID)
def a_class_for_prefixes(step, state, bos, eos, beam, max_len, alpha):
    going, ended = [Prefix(state)], []
    rounds = 0
    while going and rounds < max_len:
        rounds += 1
        found = []
        for prefix in going:
            scores, after = step(prefix.ids[-1] if prefix.ids else bos, prefix.state)
            found += [prefix.extended(i, s, after) for i, s in enumerate(scores) if s != -math.inf]
        found.sort(key=lambda prefix: -prefix.log_p)
        going = []
        for prefix in found[:beam]:
            (ended if prefix.ids[-1] == eos else going).append(prefix)
    best = sorted(ended or going, key=lambda prefix: prefix.score(alpha))[-1]
    return [i for i in best.ids if i != eos], best.score(alpha)


@right(ID)
def matrix_and_topk(step, state, bos, eos, beam, max_len, alpha):
    live, done = [([], 0.0, state)], []
    for _ in range(max_len):
        if not live:
            break
        steps = [step(ids[-1] if ids else bos, s) for ids, _, s in live]
        before = torch.tensor([log_p for _, log_p, _ in live], dtype=torch.double)
        table = torch.tensor([scores for scores, _ in steps], dtype=torch.double) + before[:, None]
        values, places = table.flatten().topk(min(beam, table.numel()))
        following = []
        for value, place in zip(values.tolist(), places.tolist(), strict=True):
            row, symbol = divmod(place, table.shape[1])
            if value == -math.inf:
                continue
            one = ([*live[row][0], symbol], value, steps[row][1])
            (done if symbol == eos else following).append(one)
        live = following
    ids, log_p, _ = max(done or live, key=lambda one: penalised(one[1], len(one[0]), alpha))
    return [i for i in ids if i != eos], penalised(log_p, len(ids), alpha)


@right(ID)
def numpy_argsort(step, state, bos, eos, beam, max_len, alpha):
    live, finished = [{"ids": [], "log_p": 0.0, "state": state}], []
    for _ in range(max_len):
        rows, after = [], []
        for one in live:
            scores, new = step(one["ids"][-1] if one["ids"] else bos, one["state"])
            rows.append(one["log_p"] + np.array(scores))
            after.append(new)
        if not rows:
            break
        table = np.stack(rows)
        order = np.argsort(-table, axis=None, kind="stable")[:beam]
        following = []
        for row, symbol in zip(*np.unravel_index(order, table.shape), strict=True):
            if np.isneginf(table[row, symbol]):
                continue
            ids = live[row]["ids"] + [int(symbol)]
            one = {"ids": ids, "log_p": table[row, symbol], "state": after[row]}
            (finished if symbol == eos else following).append(one)
        live = following
    scores = [one["log_p"] / ((5 + len(one["ids"])) / 6) ** alpha for one in finished or live]
    best = (finished or live)[int(np.argmax(scores))]
    return [i for i in best["ids"] if i != eos], float(max(scores))


@right(ID)
def recursive(step, state, bos, eos, beam, max_len, alpha):
    def search(live, done, left):
        if not live or not left:
            return live, done
        pool = [
            (ids + [symbol], log_p + more, after)
            for ids, log_p, old in live
            for scores, after in [step((ids or [bos])[-1], old)]
            for symbol, more in enumerate(scores)
            if more > float("-inf")
        ]
        pool = sorted(pool, key=lambda one: one[1])[-beam:]
        ended = [one for one in pool if one[0][-1] == eos]
        return search([one for one in pool if one[0][-1] != eos], done + ended, left - 1)

    live, done = search([([], 0.0, state)], [], max_len)
    score, ids = max((penalised(p, len(ids), alpha), ids) for ids, p, _ in done or live)
    return (ids[:-1] if done else ids), score


@right(ID)
def best_finished_kept_on_the_way(step, state, bos, eos, beam, max_len, alpha):
    live, best = [([bos], 0.0, state)], None
    for length in range(1, max_len + 1):
        pool = []
        for ids, log_p, own in live:
            scores, after = step(ids[-1], own)
            pool.extend((ids + [i], log_p + s, after) for i, s in enumerate(scores) if s > -math.inf)
        pool.sort(key=lambda one: one[1], reverse=True)
        live = []
        for ids, log_p, after in pool[:beam]:
            if ids[-1] != eos:
                live.append((ids, log_p, after))
                continue
            score = log_p / math.exp(alpha * math.log((5 + length) / 6))
            if best is None or score > best[1]:
                best = ids[1:-1], score
        if not live:
            break
    if best is None:
        ids, log_p, _ = live[0]
        best = ids[1:], penalised(log_p, len(ids) - 1, alpha)
    return best


@right(ID)
def three_parallel_lists(step, state, bos, eos, beam, max_len, alpha):
    ids, log_ps, states = [[]], [0.0], [state]
    ended, ended_scores = [], []
    for _ in range(max_len):
        new_ids, new_log_ps, new_states = [], [], []
        for i in range(len(ids)):
            scores, after = step(ids[i][-1] if ids[i] else bos, states[i])
            for symbol in range(len(scores)):
                if scores[symbol] > -math.inf:
                    new_ids.append(ids[i] + [symbol])
                    new_log_ps.append(log_ps[i] + scores[symbol])
                    new_states.append(after)
        order = sorted(range(len(new_ids)), key=new_log_ps.__getitem__, reverse=True)[:beam]
        ids, log_ps, states = [], [], []
        for i in order:
            if new_ids[i][-1] == eos:
                ended.append(new_ids[i][:-1])
                ended_scores.append(penalised(new_log_ps[i], len(new_ids[i]), alpha))
            else:
                ids.append(new_ids[i])
                log_ps.append(new_log_ps[i])
                states.append(new_states[i])
        if not ids:
            break
    if ended:
        best = max(range(len(ended)), key=ended_scores.__getitem__)
        return ended[best], ended_scores[best]
    final = [penalised(p, len(i), alpha) for p, i in zip(log_ps, ids, strict=True)]
    return ids[final.index(max(final))], max(final)


def length_of(ids, eos):
    return len(ids)


def search(step, state, bos, eos, beam, max_len, alpha, **mistake):
    """A search with one of the mistakes named below."""
    live, done = [([], 0.0, state)], []
    for _ in range(max_len + mistake.get("rounds", 0)):
        pool = []
        for ids, log_p, own in live:
            if eos in ids:
                pool.append((ids, log_p, own))
                continue
            scores, after = step(ids[-1] if ids else bos, state if mistake.get("state_overwritten") else own)
            state = after
            before = 0.0 if mistake.get("newest_only") else log_p
            more = [([*ids, i], before + s, after) for i, s in enumerate(scores) if s > -math.inf]
            pool += sorted(more, key=lambda one: -one[1])[:beam] if mistake.get("cut_per_prefix") else more
        pool.sort(key=mistake.get("cut_by", lambda one: -one[1]))
        best = pool if mistake.get("cut_per_prefix") else pool[:beam]
        if mistake.get("finished_take_no_place"):
            best = [one for one in pool if one[0][-1] != eos][:beam] + [
                one for one in pool if one[0][-1] == eos
            ]
        live = [one for one in best if one[0][-1] != eos]
        ended = [one for one in best if one[0][-1] == eos]
        if mistake.get("finished_stay"):
            done, live = ended, best
            if len(ended) == len(best):
                break
            continue
        done += ended
        if mistake.get("shrinking"):
            beam -= len(ended)
        if not live or (mistake.get("stop_at_first") and done):
            break
        if mistake.get("stop_when_enough") and len(done) >= beam:
            break
    length, score = mistake.get("length", length_of), mistake.get("score", penalised)
    ends = done + live if mistake.get("unfinished_too") else done or live
    pick = mistake.get("pick", max)
    ids, log_p, _ = pick(ends, key=lambda one: score(one[1], length(one[0], eos), alpha))
    score = mistake.get("told", score)(log_p, length(ids, eos), alpha)
    return (ids if mistake.get("eos_kept") else [i for i in ids if i != eos]), score


def with_mistake(words, named=None, **mistake):
    def answer(step, state, bos, eos, beam, max_len, alpha):
        return search(step, state, bos, eos, beam, max_len, alpha, **mistake)

    wrong(ID, words, named=named)(answer)


right(ID, "the search with no mistake switched on")(search)
with_mistake("the state overwritten in the loop", "state of the prefix before", state_overwritten=True)
with_mistake("each prefix keeps its own best", "best of each prefix", cut_per_prefix=True)
with_mistake("stops at the first finished sentence", "stops at one finished", stop_at_first=True)
with_mistake(
    "stops when as many have finished as the beam is wide", "stops at enough finished", stop_when_enough=True
)
with_mistake(
    "finished sentences take no place in the beam",
    "every finished sentence kept",
    finished_take_no_place=True,
)
with_mistake("finished sentences stay in the beam", "finished ones stay in the beam", finished_stay=True)
with_mistake("the beam shrinks with every finished sentence", "the beam shrinks", shrinking=True)
with_mistake("unfinished prefixes compete with finished sentences", "prefixes compete", unfinished_too=True)
with_mistake("eos kept in the ids", "eos in the ids", eos_kept=True)
with_mistake(
    "eos not counted in the length",
    "length without eos",
    length=lambda ids, eos: len([i for i in ids if i != eos]),
)
with_mistake(
    "divided by the length to the power alpha", "power of the length", score=lambda p, n, a: p / n**a
)
with_mistake("alpha as a factor", "alpha as a factor", score=lambda p, n, a: p / (a * (5 + n) / 6))
with_mistake("brackets forgotten", "power of 6", score=lambda p, n, a: p / ((5 + n) / 6**a))
with_mistake("multiplied by the penalty", "penalty multiplied", score=lambda p, n, a: p * ((5 + n) / 6) ** a)
with_mistake("no penalty at all", "no penalty", score=lambda p, n, a: p)
with_mistake("log p returned for the score", "log p returned", told=lambda p, n, a: p)
with_mistake("the worst kept", "lowest kept", cut_by=lambda one: one[1])
with_mistake("one round too many", "one round too many", rounds=1)
with_mistake("the log-probability of the newest symbol only", "newest log-probability only", newest_only=True)
with_mistake("the lowest score returned", "lowest score chosen", pick=min)


@wrong(ID, named="greedy")
def greedy_whatever_the_beam(step, state, bos, eos, beam, max_len, alpha):
    return search(step, state, bos, eos, 1, max_len, alpha)


@wrong(ID, named="score first")
def ids_and_score_the_other_way_round(step, state, bos, eos, beam, max_len, alpha):
    return search(step, state, bos, eos, beam, max_len, alpha)[::-1]
