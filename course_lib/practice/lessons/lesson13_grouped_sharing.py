"""Lesson 13: the ways to get the groups and the rotation of grouped-query attention wrong."""

from course_lib.practice.exercise import Mistake
from course_lib.practice.lessons.lesson13_grouped_versions import (
    all_split_into_n_heads,
    between_heads,
    by_n_kv_heads,
    grouped,
    rotation,
)

_OWN_ROTATION = (
    "You rotate by angles of your own. Their base and pairs of features belong to the model: call rotate(q), "
    "rotate(k)."
)

SHARING_AND_ROTATION = [
    Mistake(
        "heads shared in turn",
        grouped(k_share="in turn", v_share="in turn"),
        "You shared the key/value heads in turn, as repeat does: 0, 1, 2, 0, 1, 2, … Neighbouring query heads share "
        "one: 0, 0, 0, 1, 1, 1, … (repeat_interleave).",
    ),
    Mistake(
        "keys shared in turn",
        grouped(k_share="in turn"),
        "You shared the keys in turn, 0, 1, 2, 0, …, and the values in order. Neighbouring query heads share both: "
        "repeat_interleave.",
    ),
    Mistake(
        "values shared in turn",
        grouped(v_share="in turn"),
        "You shared the values in turn, 0, 1, 2, 0, …, and the keys in order. Neighbouring query heads share both: "
        "repeat_interleave.",
    ),
    Mistake(
        "queries in turn",
        grouped(queries="in turn"),
        "You changed the order of the query heads, so W_O finds them in other places. Split them as (n_kv_heads, "
        "group), in this order, and leave them in order.",
    ),
    Mistake(
        "groups joined in turn",
        grouped(join="groups in turn"),
        "You joined the heads group by group in turn. Flatten (n_kv_heads, group) in this order, so that heads 0, 1, 2 "
        "come first.",
    ),
    Mistake(
        "first key/value head for all",
        grouped(k_share="first", v_share="first"),
        "All your query heads use the first key/value head. Each group has its own.",
    ),
    Mistake(
        "key/value heads averaged",
        grouped(k_share="mean", v_share="mean"),
        "You averaged the key/value heads. Each group of query heads uses one of them as it is.",
    ),
    Mistake(
        "queries averaged",
        grouped(queries="mean"),
        "You averaged the queries of a group. Each query head attends by itself; only keys and values are shared.",
    ),
    Mistake(
        "first query of the group",
        grouped(queries="first"),
        "You used the first query of each group for all its heads. Each query head attends by itself.",
    ),
    Mistake(
        "not shared",
        grouped(k_share="not", v_share="not"),
        "Your code works only where n_kv_heads equals n_heads or is 1. Did you repeat each key/value head n_heads // "
        "n_kv_heads times, along dim=1?",
    ),
    Mistake(
        "repeated n_kv_heads times",
        grouped(k_share="by kv", v_share="by kv"),
        "You repeated each key/value head n_kv_heads times, which is right for 9 and 3 by chance. A group has "
        "n_heads // n_kv_heads query heads.",
    ),
    Mistake(
        "repeated n_heads times",
        grouped(k_share="by heads", v_share="by heads"),
        "Your code works only where n_kv_heads is 1. Did you repeat each key/value head n_heads times? n_heads // "
        "n_kv_heads times make n_heads of them.",
    ),
    Mistake(
        "h // n_kv_heads",
        by_n_kv_heads,
        "You gave query head h the key/value head h // n_kv_heads, which is right for 9 and 3 by chance. A group has "
        "n_heads // n_kv_heads query heads: divide h by that.",
    ),
    Mistake(
        "attention between heads",
        between_heads(rotated_over_time=False),
        "Your heads attend to one another within each token: the heads are still behind the time. Transpose to (batch, "
        "heads, time, d_head) before rotating and multiplying.",
    ),
    Mistake(
        "attention between heads, rotated over time",
        between_heads(rotated_over_time=True),
        "Your heads attend to one another within each token. Queries, keys and values have to be (batch, heads, time, "
        "d_head) where they are multiplied.",
    ),
    Mistake(
        "output rotated",
        grouped(rotated="y"),
        "You rotated what attention returns. Rotate queries and keys, before they are multiplied.",
    ),
    Mistake(
        "as many keys as queries",
        grouped(k_share="time", v_share="time"),
        "Your code works only where n_kv_heads equals n_heads. Are keys and values split into n_kv_heads heads of "
        "d_head features, and is each head repeated n_heads // n_kv_heads times along the heads, dim=1?",
    ),
    Mistake(
        "all split into n_heads",
        all_split_into_n_heads,
        "What you give to rotate has no d_head features where n_kv_heads is smaller than n_heads: the matrices of keys "
        "and values hold n_kv_heads heads. Split them so.",
    ),
    Mistake(
        "rotated with heads and time exchanged",
        grouped(where="time in front"),
        "You rotated (batch, time, heads, d_head), so each head was turned by its own number instead of its position. "
        "Transpose first: rotate takes (batch, heads, time, d_head).",
    ),
    Mistake(
        "rotated before the split",
        grouped(where="flat"),
        "What you give to rotate does not have d_head features: split into heads first. It takes (batch, heads, time, "
        "d_head).",
    ),
    Mistake(
        "not rotated",
        grouped(rotated=""),
        "You did not rotate queries and keys, or threw the result away: q = rotate(q). Without it attention knows no "
        "positions.",
    ),
    Mistake(
        "keys not rotated", grouped(rotated="q"), "You rotated the queries alone; keys are rotated as well."
    ),
    Mistake(
        "queries not rotated",
        grouped(rotated="k"),
        "You rotated the keys alone; queries are rotated as well.",
    ),
    Mistake(
        "values rotated too",
        grouped(rotated="qkv"),
        "You rotated the values too. Position decides how much a token attends, by queries and keys, not what it gets.",
    ),
    Mistake(
        "values alone rotated",
        grouped(rotated="v"),
        "You rotated the values alone. Queries and keys are rotated, values are not.",
    ),
    Mistake(
        "queries and values rotated",
        grouped(rotated="qv"),
        "You rotated queries and values. Queries and keys are rotated, values are not.",
    ),
    Mistake(
        "rotated twice",
        grouped(rotated="qkqk"),
        "You rotated queries and keys twice, so every angle is doubled.",
    ),
    Mistake(
        "x rotated",
        grouped(rotated="", rotate_x=True),
        "You rotated x. Project first, split into heads, then rotate queries and keys.",
    ),
    Mistake("rotation of its own", grouped(own_rotate=rotation(neighbours=False)), _OWN_ROTATION),
    Mistake(
        "rotation of its own, of neighbours", grouped(own_rotate=rotation(neighbours=True)), _OWN_ROTATION
    ),
]
