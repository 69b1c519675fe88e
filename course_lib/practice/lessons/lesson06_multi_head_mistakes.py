"""Lesson 06: what the checker says to the ways to get multi-head attention wrong."""

from course_lib.practice.exercise import Mistake
from course_lib.practice.lessons.lesson06_multi_head_versions import (
    causal_whatever,
    multi_head,
    pytorch_function_inverted,
    time_in_front,
)

MISTAKES = [
    Mistake(
        "scale of the model",
        multi_head(size="model"),
        "You divided by √d_model. Each head multiplies queries and keys of d_head features: divide by √d_head.",
    ),
    Mistake("no scale", multi_head(size="none"), "You did not divide the scores by √d_head."),
    Mistake(
        "divided by d_head",
        multi_head(size="square"),
        "You divided by d_head; the scale is its square root.",
    ),
    Mistake(
        "root rounded down",
        multi_head(size="whole"),
        "You rounded √d_head down to a whole number. math.sqrt(d_head) keeps the fraction.",
    ),
    Mistake(
        "split by view",
        multi_head(split="view", join="view"),
        "You split into heads by view or reshape alone, which mixes tokens: first (batch, time, n_heads, d_head), "
        "then transpose.",
    ),
    Mistake(
        "split by view, joined with a transpose",
        multi_head(split="view"),
        "You join the heads correctly, but you split by view or reshape alone, which mixes tokens: first (batch, time, "
        "n_heads, d_head), then transpose.",
    ),
    Mistake(
        "joined without transpose",
        multi_head(join="view"),
        "You joined the heads by reshape alone. First exchange heads and time again, then flatten the last two "
        "dimensions.",
    ),
    Mistake(
        "joined feature by feature",
        multi_head(join="in turn"),
        "You joined the heads' features in turn: the first of each head, then the second of each. All features of "
        "head 0 come first, then those of head 1.",
    ),
    Mistake(
        "heads averaged",
        multi_head(join="mean"),
        "You averaged the heads. Put their outputs next to one another, d_head features each: W_O mixes them.",
    ),
    Mistake(
        "last head first",
        multi_head(join="last head first"),
        "You joined the heads in reverse order: the features of head 0 come first.",
    ),
    Mistake(
        "the first head for all",
        multi_head(split="first head"),
        "All your heads do what head 0 does. Head 1 takes the next d_head features of Q, K and V, and so on.",
    ),
    Mistake(
        "features in turn",
        multi_head(split="in turn"),
        "You gave the features to the heads in turn. Head 0 takes the first d_head neighbours, head 1 the next.",
    ),
    Mistake(
        "queries, keys and values within each head",
        multi_head(split="three in each"),
        "You split into heads before splitting into Q, K and V. in_proj_weight holds the queries of all heads first, "
        "then all keys, then all values: chunk into three, then split each into heads.",
    ),
    Mistake(
        "one head",
        multi_head(one_head=True),
        "You attend with a single head over all features. Split into n_heads first: each has weights of its own.",
    ),
    Mistake(
        "queries and keys exchanged",
        multi_head(order=(1, 0, 2)),
        "You exchanged queries and keys: in_proj_weight holds W_Q first, then W_K, then W_V.",
    ),
    Mistake(
        "values first",
        multi_head(order=(2, 0, 1)),
        "You took the last third for the queries, as if the order were K, V, Q: in_proj_weight holds W_Q first, then "
        "W_K, then W_V.",
    ),
    Mistake(
        "keys and values exchanged",
        multi_head(order=(0, 2, 1)),
        "You exchanged keys and values: in_proj_weight holds W_Q first, then W_K, then W_V.",
    ),
    Mistake(
        "not transposed",
        multi_head(transposed=False),
        "You multiplied x by W. PyTorch stores (out features, in features): use x @ W.T.",
    ),
    Mistake(
        "output projection not transposed",
        multi_head(out="not transposed"),
        "You multiplied by out_proj.weight as it is. It is stored as (out features, in features) too: use its .T.",
    ),
    Mistake(
        "no output projection",
        multi_head(out="none"),
        "You left out the output projection: W_O mixes what the heads have found.",
    ),
    Mistake(
        "no input projection",
        multi_head(project="none"),
        "You split x itself into heads. Project it first: Q, K and V are the three parts of x @ in_proj_weight.T + "
        "in_proj_bias.",
    ),
    Mistake(
        "output bias before the projection",
        multi_head(out="bias first"),
        "You added out_proj.bias before multiplying by W_O. As in nn.Linear, it comes after.",
    ),
    Mistake(
        "another bias",
        multi_head(out="bias of the queries"),
        "You added a part of in_proj_bias to the output. The output has a bias of its own, out_proj.bias.",
    ),
    Mistake(
        "two softmaxes",
        multi_head(more="a second softmax"),
        "You took the softmax twice. A softmax of weights makes them almost equal.",
    ),
    Mistake("no input bias", multi_head(in_bias=False), "You left out in_proj_bias."),
    Mistake("no output bias", multi_head(out_bias=False), "You left out out_proj.bias."),
    Mistake(
        "x added",
        multi_head(more="x"),
        "You added x to the result. Attention returns its own output; adding the input comes in lesson 07.",
    ),
    Mistake(
        "the weights as well",
        multi_head(more="weights"),
        "You returned the attention weights as well. Return the output alone, (batch, time, d_model).",
    ),
    Mistake(
        "time in front",
        time_in_front,
        "nn.MultiheadAttention takes the first dimension for the time. Tell it batch_first=True.",
    ),
    Mistake(
        "softmax over the queries",
        multi_head(dim=-2),
        "You took the softmax over the queries: each row, over the keys, has to sum to 1 (dim=-1).",
    ),
    Mistake("mask ignored", multi_head(use="never"), "You did not use the mask."),
    Mistake(
        "no mask not foreseen",
        multi_head(none=False),
        "You use the mask always, but it may be None, and then nothing is masked: if mask is not None.",
    ),
    Mistake(
        "mask inverted",
        multi_head(use="inverted"),
        "Your mask is inverted: True = may attend. Set the score to −∞ where it is False.",
    ),
    Mistake(
        "mask inverted for PyTorch's function",
        pytorch_function_inverted,
        "Your mask is inverted: in F.scaled_dot_product_attention, as in this course, True = may attend. Only "
        "nn.MultiheadAttention has it the other way round.",
    ),
    Mistake(
        "causal whatever the mask",
        causal_whatever,
        "You hide the future whenever there is a mask, whatever it says. It may be any mask, such as one for padding: "
        "use its own booleans.",
    ),
    Mistake(
        "allowed for one query, allowed for all",
        multi_head(use="any query"),
        "You let a key take part for all queries if one of them may attend to it. Each query has its own row of the "
        "mask.",
    ),
    Mistake(
        "the heads' axis in the wrong place",
        multi_head(use="axis behind the queries"),
        "You put the mask's axis for the heads behind the queries. In the scores, the heads are dimension 1: "
        "mask[:, None].",
    ),
    Mistake(
        "mask transposed",
        multi_head(use="transposed"),
        "You exchanged rows and columns of the mask: its rows are queries and its columns are keys, as in the scores.",
    ),
    Mistake(
        "one mask for the batch",
        multi_head(use="first row"),
        "You used the first mask for every row of the batch: keep the dimension of the batch, mask[:, None].",
    ),
    Mistake(
        "one head masked",
        multi_head(use="first head"),
        "You masked the first head only. The same mask counts for all heads.",
    ),
    Mistake(
        "masks in turn",
        multi_head(use="repeated"),
        "You repeated the masks for the heads in the wrong order, so that rows of the batch get one another's. "
        "repeat_interleave(n_heads, dim=0) keeps the heads of a row together; repeat does not.",
    ),
    Mistake(
        "booleans added",
        multi_head(use="added"),
        "You added the mask to the scores: True counts as 1 there, and nothing is forbidden. Set the score to −∞ where "
        "the mask is False.",
    ),
    Mistake(
        "a score of 0",
        multi_head(use="times"),
        "You gave masked keys a score of 0, which is no ban: exp(0) is 1, and other scores are below 0. Set it to −∞.",
    ),
    Mistake(
        "a small negative score",
        multi_head(low=-1.0),
        "You gave masked keys a score of −1. That is no ban: other scores may be lower still. Set it to −∞.",
    ),
    Mistake(
        "masked after the softmax",
        multi_head(after="masked"),
        "You masked the weights after the softmax, so rows no longer sum to 1. Set scores to −∞ before it.",
    ),
    Mistake(
        "shared out again",
        multi_head(after="shared again"),
        "You masked the weights after the softmax and divided by what was left. Where a masked key has a far larger "
        "score, nothing is left, and 0/0 is NaN. Set scores to −∞ before the softmax.",
    ),
    Mistake(
        "mask without an axis for the heads",
        multi_head(use="no axis"),
        "The mask is (batch, time, time) and the scores (batch, heads, time, time). Without a new axis, "
        "mask[:, None], rows of the batch are taken for heads.",
    ),
    Mistake(
        "a finite score for masked keys",
        multi_head(low=-1e4),
        "You gave masked keys a finite score, such as −100 or −10,000. Other scores can be lower still, and then a "
        "masked key gets weight: use −math.inf.",
    ),
    Mistake(
        "a number subtracted",
        multi_head(use="subtracted", low=-1e4),
        "You subtracted a number such as 10,000 from the scores of masked keys. A score can be larger than the others "
        "by more than that, and then a masked key gets weight: use −math.inf.",
    ),
    Mistake(
        "attention weights detached",
        multi_head(fixed=True),
        "You detached the attention weights. All numbers are right, but queries and keys cannot learn.",
    ),
    Mistake(
        "weights detached",
        multi_head(cut=True),
        "You detached the weights, or copied them into a module or a new tensor. All numbers are right, but the "
        "weights that you were given cannot learn. (torch.func.functional_call runs a module on weights from outside.)",
    ),
]
