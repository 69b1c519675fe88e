"""Lesson 13: the ways to get grouped-query attention wrong, and what to tell who does."""

from course_lib.practice.exercise import Mistake
from course_lib.practice.lessons.lesson13_grouped_sharing import SHARING_AND_ROTATION
from course_lib.practice.lessons.lesson13_grouped_versions import (
    batch_squeezed,
    changes_the_dictionary,
    grouped,
    inverted_for_pytorch,
    not_transposed,
)

MISTAKES = [
    *SHARING_AND_ROTATION,
    Mistake(
        "queries and keys exchanged",
        grouped(order="kqv"),
        "You exchanged queries and keys. Rows of the scores are queries: q @ k.transpose(-2, -1).",
    ),
    Mistake(
        "keys and values exchanged",
        grouped(order="qvk"),
        "You exchanged keys and values: the scores come from the keys, and the weights mix the values.",
    ),
    Mistake(
        "scores transposed",
        grouped(mask="scores transposed"),
        "Your scores have keys in the rows. Rows are queries: q @ k.transpose(-2, -1).",
    ),
    Mistake("not scaled", grouped(scale="none"), "You did not divide the scores by √d_head."),
    Mistake(
        "scale of the model",
        grouped(scale="model"),
        "You divided by √d_model. Each head multiplies queries and keys of d_head features: divide by √d_head.",
    ),
    Mistake(
        "divided by d_head", grouped(scale="square"), "You divided by d_head; the scale is its square root."
    ),
    Mistake(
        "scale of d_model / n_heads",
        grouped(scale="of model"),
        "You took d_model / n_heads for d_head. The heads together may be wider than d_model: d_head is the last "
        "dimension of the heads, q.shape[-1].",
    ),
    Mistake(
        "scale of all keys",
        grouped(scale="kv"),
        "You divided by the root of the keys' whole width, n_kv_heads · d_head. Divide by √d_head.",
    ),
    Mistake(
        "scale of all queries",
        grouped(scale="all"),
        "You divided by the root of the queries' whole width, n_heads · d_head. Divide by √d_head.",
    ),
    Mistake("multiplied", grouped(scale="times"), "You multiplied the scores by √d_head; divide."),
    Mistake(
        "not causal",
        grouped(mask="never"),
        "You did not mask the future, so a token attends to those that come after it.",
    ),
    Mistake(
        "past masked",
        grouped(mask="past"),
        "You masked the past: a token attends to itself and what comes after it. Mask the keys above the diagonal.",
    ),
    Mistake(
        "itself masked too",
        grouped(mask="self too"),
        "You masked the diagonal too, so a token cannot attend to itself, and the first one has no key left: NaN. "
        "Start one above it, triu(1).",
    ),
    Mistake(
        "one token of the future",
        grouped(mask="one late"),
        "Your mask begins one too late: a token attends to the next one. Start one above the diagonal, triu(1).",
    ),
    Mistake(
        "mask inverted",
        grouped(mask="kept"),
        "Your mask is inverted: the past and the token itself are masked, and the last token has no key left.",
    ),
    Mistake(
        "mask inverted for PyTorch",
        inverted_for_pytorch,
        "Your mask is inverted: in F.scaled_dot_product_attention True means that the key may be attended to. Use "
        "tril(), or is_causal=True.",
    ),
    Mistake(
        "a finite score",
        grouped(low=-1e4),
        "You gave later tokens a finite score, such as −100 or −10,000. Other scores can be lower still: use "
        "−math.inf.",
    ),
    Mistake(
        "a score of 0",
        grouped(mask="times"),
        "You gave later tokens a score of 0, which is no ban: exp(0) is 1, and other scores are below 0. Use "
        "−math.inf.",
    ),
    Mistake(
        "zero scores masked",
        grouped(mask="zeros"),
        "You masked every score that is 0 after tril(), also those of the past: nothing is left to a query of zeros. "
        "Make the mask of ones, not of the scores.",
    ),
    Mistake(
        "0 times infinity",
        grouped(mask="0 times infinity"),
        "You multiplied a mask by −∞, and 0 · ∞ is NaN. Use masked_fill with a boolean mask.",
    ),
    Mistake(
        "booleans added",
        grouped(mask="added"),
        "You added the mask to the scores: True counts as 1 there. Set the score of later tokens to −math.inf.",
    ),
    Mistake(
        "masked after the softmax",
        grouped(mask="after"),
        "You masked the weights after the softmax, so rows no longer sum to 1. Set scores to −∞ before it.",
    ),
    Mistake(
        "masked after the softmax, shared again",
        grouped(mask="after, shared again"),
        "You masked the weights after the softmax and divided by what was left. Where a later token has a far larger "
        "score nothing is left, and 0/0 is NaN. Set scores to −∞ before the softmax.",
    ),
    Mistake(
        "exponential by hand",
        grouped(by_hand=True),
        "The exponential of a large score is infinite, and ∞/∞ is NaN: use softmax, or subtract the row's largest "
        "score first.",
    ),
    Mistake(
        "softmax over the queries",
        grouped(dim=-2),
        "You took the softmax over the queries: each row, over the keys, has to sum to 1 (dim=-1).",
    ),
    Mistake(
        "softmax over the heads",
        grouped(dim=1),
        "You took the softmax over the heads: each row, over the keys, has to sum to 1 (dim=-1).",
    ),
    Mistake(
        "split by view",
        grouped(split="view"),
        "You split into heads by view or reshape alone, which mixes tokens: first (batch, time, heads, d_head), then "
        "transpose.",
    ),
    Mistake(
        "split and joined by view",
        grouped(split="view", join="view"),
        "You split into heads and join them by view or reshape alone, which mixes tokens: between (batch, time, heads, "
        "d_head) and (batch, heads, time, d_head) lies a transpose.",
    ),
    Mistake(
        "features in turn",
        grouped(split="in turn"),
        "You gave the features to the heads in turn. Head 0 takes the first d_head neighbours, head 1 the next.",
    ),
    Mistake(
        "joined without transposing",
        grouped(join="view"),
        "You joined the heads by reshape alone. First exchange heads and time again, then flatten the last two "
        "dimensions.",
    ),
    Mistake(
        "joined feature by feature",
        grouped(join="in turn"),
        "You joined the heads' features in turn: the first of each head, then the second of each. All features of head "
        "0 come first.",
    ),
    Mistake(
        "heads averaged",
        grouped(join="mean"),
        "You averaged the heads. Put their outputs next to one another, d_head features each: W_O mixes them.",
    ),
    Mistake(
        "heads as wide as x",
        grouped(join="like x"),
        "Your code works only where the heads together are as wide as x. They have n_heads · d_head features, which "
        'need not be d_model: d_head is weights["q"].shape[0] // n_heads, and the joined heads are flatten(2).',
    ),
    Mistake(
        "not transposed",
        not_transposed,
        "You multiplied by the matrices as they are. nn.Linear stores (out features, in features): x @ W.T.",
    ),
    Mistake(
        "output not transposed",
        grouped(out="not transposed"),
        'You multiplied by weights["o"] as it is. It is (d_model, n_heads · d_head), as nn.Linear stores it: use .T.',
    ),
    Mistake(
        "no output projection",
        grouped(out="none"),
        'You left out weights["o"], which mixes what the heads have found.',
    ),
    Mistake(
        "x added",
        grouped(out="x"),
        "You added x. The residual connection is the block's; return attention's own output.",
    ),
    Mistake(
        "attention weights as well",
        grouped(out="weights"),
        "You returned the attention weights as well. Return the output alone, (batch, time, d_model).",
    ),
    Mistake(
        "last token alone",
        grouped(out="last"),
        "You returned the last token alone. The next block needs every token: (batch, time, d_model).",
    ),
    Mistake(
        "first of the batch",
        grouped(x_first=True),
        "You computed the first row of the batch and gave it to all. Keep the batch dimension throughout.",
    ),
    Mistake(
        "batch squeezed",
        batch_squeezed,
        "Your code works for a batch of one only. Keep the batch dimension: no squeeze, no x[0].",
    ),
    Mistake(
        "weights changed",
        changes_the_dictionary,
        "You wrote new matrices into weights. The next call finds them there: keep them under names of your own.",
    ),
]
