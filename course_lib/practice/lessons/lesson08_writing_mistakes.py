"""Lesson 08: the ways in which writing with a cache goes wrong, and what to tell who made them."""

from course_lib.practice.exercise import Mistake
from course_lib.practice.lessons.lesson08_writer import writer

MISTAKES = [
    Mistake(
        "no cache",
        writer(cache="none"),
        "For every new token your layers compute the earlier ones again. The result is right, and the work grows "
        "with the square of the length: keep each layer's keys and values.",
    ),
    Mistake(
        "library's forward",
        writer(cache="library"),
        "You called model(…), the library's own forward pass. Write the pass through the layers yourself.",
    ),
    Mistake(
        "always position 0",
        writer(position="zero"),
        "Your new tokens all get position 0, because each round counts from its own beginning. The position of a "
        "token is the number of tokens before it in the whole text.",
    ),
    Mistake(
        "one position late",
        writer(position="late"),
        "Your new tokens are one position too far: the first token after a prompt of T tokens has position T.",
    ),
    Mistake(
        "cache overwritten",
        writer(cache="newest"),
        "Each round overwrites the cache, so a new token attends only to itself. Append: old keys first, then new.",
    ),
    Mistake(
        "not to itself",
        writer(cache="late"),
        "You attended before appending: a token has to attend to itself as well.",
    ),
    Mistake(
        "values not kept in order",
        writer(cache="values in front"),
        "You put the new values in front and the new keys behind: each weight meets a different token's value.",
    ),
    Mistake(
        "keys not kept in order",
        writer(cache="keys in front"),
        "You put the new keys in front and the new values behind: each weight meets a different token's value.",
    ),
    Mistake(
        "one cache for all layers",
        writer(cache="shared"),
        "Your layers share one cache. Each layer has keys and values of its own.",
    ),
    Mistake(
        "one cache for all layers, too long for the mask",
        writer(cache="shared", mask="of positions"),
        "It works with one layer only: your layers share one cache, so the second finds the first one's keys in "
        "it. Each layer has keys and values of its own.",
    ),
    Mistake(
        "prompt not kept",
        writer(cache="no prompt"),
        "You do not keep the prompt's keys and values: the second new token no longer finds them.",
    ),
    Mistake(
        "prompt kept, new tokens not",
        writer(cache="prompt only"),
        "You use a new token's key and value in its own round and do not keep them: the next round finds the "
        "prompt only.",
    ),
    Mistake(
        "not to itself, by the mask",
        writer(mask="strict"),
        "Your mask lets a token attend to earlier ones only, and the first to none at all. Its own key belongs to "
        "it: ≤, not <.",
    ),
    Mistake(
        "no mask on the prompt",
        writer(mask="none"),
        "While the prompt is read, its tokens attend to later ones. In training they never did: mask the future.",
    ),
    Mistake(
        "triangle from the wrong corner",
        writer(mask="corner"),
        "Your mask starts at key 0, so a single new token may attend to the first token only. Its query belongs to "
        "the last row of the triangle.",
    ),
    Mistake("no scale", writer(scale="none"), "You did not divide the scores by √d_head."),
    Mistake(
        "scaled by the whole width",
        writer(scale="d_model"),
        "You divided the scores by √d_model. A head's queries are d_head numbers long: d_model / n_heads.",
    ),
    Mistake(
        "softmax over the queries",
        writer(softmax_over=-2),
        "Your softmax is over the queries. The weights of one query, over its keys, sum to 1: the last dimension.",
    ),
    Mistake(
        "no last norm",
        writer(last_norm=False),
        "You left out the norm after the last layer, `model.blocks.norm`.",
    ),
    Mistake(
        "logits of the first token",
        writer(last="first"),
        "You took the logits at the first of the tokens just read. The next token is predicted at the last one.",
    ),
    Mistake(
        "last token read twice",
        writer(prompt_in="one pass, last token again at its place"),
        "You read the prompt and then its last token once more: it is in the cache twice. The second round reads "
        "the token that was just written.",
    ),
    Mistake(
        "last token read twice, one position on",
        writer(prompt_in="one pass, last token again"),
        "You read the prompt and then its last token once more, as if the text had it twice. The second round "
        "reads the token that was just written.",
    ),
    Mistake(
        "prompt in single tokens",
        writer(prompt_in="single tokens"),
        "You read the prompt token by token. The result is right, but one pass with a mask is enough, and much "
        "faster.",
    ),
    Mistake(
        "always greedy",
        writer(draw="greedy"),
        "You always take the likeliest token. Draw from the probabilities, for example with `torch.multinomial`.",
    ),
    Mistake(
        "settings ignored",
        writer(draw="softmax"),
        "You draw from the softmax of the logits: temperature, top_k and top_p are not used.",
    ),
    Mistake(
        "settings ignored, but greedy at 0",
        writer(draw="plain"),
        "You draw from the softmax of the logits: above 0 the temperature is not used, nor are top_k and top_p.",
    ),
    Mistake(
        "temperature ignored",
        writer(draw="no temperature"),
        "top_k and top_p reach your draw, the temperature does not, unless it is 0. Hand it on.",
    ),
    Mistake("top-k ignored", writer(draw="no top-k"), "top_k does not reach your draw: hand it on."),
    Mistake("top-p ignored", writer(draw="no top-p"), "top_p does not reach your draw: hand it on."),
    Mistake(
        "one draw for all rows",
        writer(draw="one"),
        "You draw once and give the symbol to all rows. Each row has its own distribution and its own draw.",
    ),
    Mistake(
        "new tokens only",
        writer(with_prompt=False),
        "You return the new tokens only. Return the prompt and what follows it.",
    ),
    Mistake("one token too many", writer(extra=1), "You write n_new + 1 tokens."),
    Mistake("one token too few", writer(extra=-1), "You write n_new − 1 tokens."),
]
