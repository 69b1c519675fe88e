"""Lesson 04: the ways to get beam search wrong."""

import math
from collections.abc import Callable

from course_lib.practice.exercise import Mistake


def _wrong(
    *, width=None, per_prefix=False, lowest=False, newest_only=False, whose_state="its own", feed=True,
    stop="", set_aside=True, places="shared", keep_eos=False, length="all", penalty="divide", choose="highest score",
    cut_off="last resort", impossible=False, rounds=0, told="score", swapped=False, one_per_symbol=False, add=float,
) -> Callable:  # fmt: skip
    """Beam search; the options are the ways to get it wrong."""

    def search(step, state, bos, eos, beam, max_len, alpha):
        beam = width or beam
        prefixes, finished, newest_state = [([], 0.0, state)], [], state
        for _ in range(max_len + rounds):
            continuations = []
            for ids, log_p, own_state in prefixes:
                if places == "kept" and eos in ids:
                    continuations.append((ids, log_p, own_state))
                    continue
                before = newest_state if whose_state == "the one before" else own_state
                log_probs, newest_state = step(ids[-1] if ids and feed else bos, before)
                own = [
                    ([*ids, symbol], (0.0 if newest_only else log_p) + add(more),
                     before if whose_state == "before the step" else newest_state)
                    for symbol, more in enumerate(log_probs)
                    if more > -math.inf or impossible
                ]  # fmt: skip
                continuations += sorted(own, key=lambda one: -one[1])[:beam] if per_prefix else own
            continuations.sort(key=lambda one: one[1] if lowest else -one[1])
            if one_per_symbol:  # the first of each symbol is the best
                continuations = list({one[0][-1]: one for one in reversed(continuations)}.values())[::-1]
                continuations.sort(key=lambda one: -one[1])
            best = continuations if per_prefix else continuations[:beam]
            if places in ("apart", "all"):
                finished += [
                    one for one in (best if places == "apart" else continuations) if one[0][-1] == eos
                ]
                best = [one for one in continuations if one[0][-1] != eos][:beam]
            if whose_state == "one for all":
                best = [(ids, log_p, newest_state) for ids, log_p, _ in best]
            ends = [one for one in best if one[0][-1] == eos]
            finished = ends if places == "kept" else finished + ends
            prefixes = [one for one in best if one[0][-1] != eos or not set_aside]
            beam -= len(ends) if places == "fewer" else 0
            if (
                stop == "certain"
                and finished
                and prefixes
                and max(one[1] for one in finished) >= prefixes[0][1]
            ):
                break
            if not prefixes or (stop == "one" and finished) or (stop == "enough" and len(finished) >= beam):
                break
            prefixes = best if places == "kept" else prefixes
        if cut_off == "ended":
            prefixes = [([*ids, eos], p + step(ids[-1], own)[0][eos], own) for ids, p, own in prefixes]
        everything = finished + prefixes
        pool = {"last resort": finished or prefixes, "never": finished}.get(cut_off, everything)
        if not pool:
            return [], -math.inf

        def score(ids, log_p):
            n = {
                "all": len(ids),
                "ended": len(ids) + (ids[-1] != eos),
                "no eos": sum(symbol != eos for symbol in ids),
                "max": max_len,
            }[length]
            return _score(penalty, log_p, n, alpha)

        keys = {"highest score": lambda one: score(*one[:2]), "log p": lambda one: one[1]}
        keys["lowest score"] = lambda one: -score(*one[:2])
        ids, log_p, _ = max(pool, key=keys[choose])
        returned = log_p if told == "log p" else score(ids, log_p)
        returned = math.exp(returned) if told == "probability" else returned
        ids = [symbol for symbol in ids if symbol != eos or keep_eos]
        return (returned, ids) if swapped else (ids, returned)

    return search


def _score(penalty: str, log_p: float, n: int, alpha: float) -> float:
    if penalty == "none":
        return log_p
    if penalty == "factor":
        return log_p / (alpha * (5 + n) / 6)
    if penalty == "power of the length":
        return log_p / max(n, 1) ** alpha
    if penalty == "no brackets":
        return log_p / (5 + n) / 6**alpha
    if penalty == "power of 6":
        return log_p / ((5 + n) / 6**alpha)
    factor = ((5 + n) / 6) ** alpha
    return log_p * factor if penalty == "multiply" else log_p / factor


MISTAKES = [
    Mistake("greedy", _wrong(width=1), "You kept a single prefix; keep the `beam` best."),
    Mistake(
        "newest log-probability only",
        _wrong(newest_only=True),
        "You ranked by the newest symbol's log-probability; add it to the log p of the prefix.",
    ),
    Mistake(
        "one state for all",
        _wrong(whose_state="one for all"),
        "All your prefixes go on from the same state. Each must keep the state that its own step returned.",
    ),
    Mistake(
        "state before the step",
        _wrong(whose_state="before the step"),
        "You stored the state from before the step; the continuation needs the one that step returned.",
    ),
    Mistake(
        "bos at every step",
        _wrong(feed=False),
        "You gave step <bos> every time; it reads the newest symbol.",
    ),
    Mistake(
        "stops at one finished",
        _wrong(stop="one"),
        "You stopped as soon as one sentence had finished. A longer one may still be better.",
    ),
    Mistake(
        "stops at enough finished",
        _wrong(stop="enough"),
        "You stopped when `beam` sentences had finished. Go on until no prefix is left, or max_len is reached.",
    ),
    Mistake(
        "stops where no prefix is more likely",
        _wrong(stop="certain"),
        "You stopped when a finished sentence was more likely than every prefix. A longer one may still win by its "
        "length penalty.",
    ),
    Mistake(
        "goes on after eos",
        _wrong(set_aside=False),
        "You extended sentences that had finished. Set them aside when <eos> comes.",
    ),
    Mistake(
        "places for prefixes only",
        _wrong(places="apart"),
        "You kept `beam` prefixes besides the finished sentences. Both together are the `beam` best.",
    ),
    Mistake(
        "best of each prefix",
        _wrong(per_prefix=True),
        "You kept the best continuations of *each* prefix, so their number grows with every step. Cut once, "
        "over all prefixes.",
    ),
    Mistake(
        "lowest kept",
        _wrong(lowest=True),
        "You kept the least probable continuations: sort from high to low.",
    ),
    Mistake(
        "eos in the ids",
        _wrong(keep_eos=True),
        "You returned <eos>; it ends the answer and is no part of it.",
    ),
    Mistake(
        "impossible kept",
        _wrong(impossible=True),
        "You kept continuations with log p = −∞. They are impossible, and an impossible ending wins where nothing "
        "else has finished: drop them.",
    ),
    Mistake("no penalty", _wrong(penalty="none"), "You did not divide by the length penalty."),
    Mistake(
        "penalty multiplied",
        _wrong(penalty="multiply"),
        "You multiplied by the penalty. Log-probabilities are negative: dividing is what favours long sentences.",
    ),
    Mistake(
        "length without eos",
        _wrong(length="no eos"),
        "Your length leaves <eos> out; its log-probability is in the sum, so it counts as a symbol.",
    ),
    Mistake(
        "length of the search",
        _wrong(length="max"),
        "You used max_len as every sentence's length; use that of the sentence itself.",
    ),
    Mistake(
        "an eos that is not there",
        _wrong(length="ended"),
        "You counted an <eos> that was never written. The length of an unfinished prefix is its number of symbols.",
    ),
    Mistake(
        "chosen by log p",
        _wrong(choose="log p"),
        "You chose the winner by log p. Choose it by its score, after the penalty.",
    ),
    Mistake(
        "prefixes compete",
        _wrong(cut_off="equal"),
        "You let prefixes that max_len cut off compete with finished sentences. They count only if "
        "nothing has finished.",
    ),
    Mistake(
        "nothing where nothing finished",
        _wrong(cut_off="never"),
        "You return nothing where no sentence finished within max_len symbols. Return the best prefix then.",
    ),
    Mistake(
        "state of the prefix before",
        _wrong(whose_state="the one before"),
        "You overwrite the state inside the loop, so that a prefix goes on from the state of the prefix before it. "
        "Store with each prefix the state that its own step returned.",
    ),
    Mistake(
        "every finished sentence kept",
        _wrong(places="all"),
        "You set every finished sentence aside, however unlikely. Only those among the `beam` best of a round count.",
    ),
    Mistake(
        "finished ones stay in the beam",
        _wrong(places="kept"),
        "Your finished sentences stay in the beam, where they take places in later rounds. Set them aside.",
    ),
    Mistake(
        "the beam shrinks",
        _wrong(places="fewer"),
        "Your beam shrinks with every finished sentence. It has `beam` places in every round.",
    ),
    Mistake(
        "power of the length",
        _wrong(penalty="power of the length"),
        "You divided by |y|^α. The penalty here is ((5 + |y|) / 6)^α.",
    ),
    Mistake(
        "alpha as a factor",
        _wrong(penalty="factor"),
        "You multiplied by α. It is an exponent: at α = 0 the penalty is 1.",
    ),
    Mistake(
        "power of 6",
        _wrong(penalty="power of 6"),
        "Your exponent belongs to the 6 alone. Put brackets around the fraction: ((5 + |y|) / 6) ** alpha.",
    ),
    Mistake(
        "penalty without brackets",
        _wrong(penalty="no brackets"),
        "Without brackets around the penalty you divide by 5 + |y| and then by 6 ** alpha.",
    ),
    Mistake(
        "probability returned",
        _wrong(told="probability"),
        "You took the exponential at the end. Return the score itself, which is negative.",
    ),
    Mistake(
        "log p returned",
        _wrong(told="log p"),
        "You returned log p. Return the score by which you chose, after the penalty.",
    ),
    Mistake(
        "lowest score chosen",
        _wrong(choose="lowest score"),
        "You chose the lowest score. Scores are negative; the best is the one closest to 0.",
    ),
    Mistake(
        "one round too many",
        _wrong(rounds=1),
        "You ran max_len + 1 rounds; at most max_len are allowed.",
    ),
    Mistake(
        "score first",
        _wrong(swapped=True),
        "You returned the score first; return (ids, score).",
    ),
    Mistake(
        "one prefix for each symbol",
        _wrong(one_per_symbol=True),
        "Of the prefixes that end with the same symbol you kept only the best. Their states differ, so both may be "
        "needed: keep the `beam` best of all.",
    ),
    Mistake(
        "ended at max_len",
        _wrong(cut_off="ended"),
        "You put <eos> behind the prefixes that max_len cut off. They did not finish: they count as they are, and "
        "only if nothing has finished.",
    ),
    Mistake(
        "probabilities added",
        _wrong(add=math.exp),
        "You added probabilities. What step returns are log-probabilities: add these as they are.",
    ),
]
