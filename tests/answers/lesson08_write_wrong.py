"""08.write: what a learner may hand in by mistake, written from the prompt alone."""

import math

import torch
import torch.nn.functional as F

from answers import wrong
from answers.lesson08_write import Writer, next_probabilities, queries_keys_values, rest_of_layer

ID = "08.write"


def writing(
    *,
    position=lambda start, length: slice(start, length),
    mask=lambda keys, queries: keys <= queries,
    cached=True,
    slot=lambda number: number,
    joined=(True, True),
    keep_prompt=True,
    keep_new=True,
    last_norm=True,
    scale=lambda q: q.shape[-1] ** 0.5,
    softmax_dim=-1,
    read_from=-1,
    choose=lambda p: torch.multinomial(p, 1),
    settings=lambda temperature, top_k, top_p: (temperature, top_k, top_p),
    calls_model=False,
):
    """The base of the wrong answers: right as it stands, one switch makes one mistake."""

    @torch.no_grad()
    def write(model, prompt, n_new, temperature, top_k, top_p):
        ids = new = prompt
        caches = [None] * len(model.blocks.layers)
        for _ in range(n_new):
            length = ids.shape[1]
            start = length - new.shape[1]
            x = model.token_embedding(new) + model.position_embedding.weight[position(start, length)]
            places = torch.arange(length)
            for number, layer in enumerate(model.blocks.layers):
                q, k, v = queries_keys_values(layer, x)
                old = caches[slot(number)]
                if old is not None:
                    k, v = (
                        torch.cat([o, n], 2) if join else n
                        for o, n, join in zip(old, (k, v), joined, strict=True)
                    )
                if keep_prompt if start == 0 else keep_new:
                    caches[slot(number)] = k, v
                allowed = mask(places, places[start:, None])
                if not keep_prompt:
                    allowed = allowed[:, -k.shape[2] :]
                if not keep_new and start:
                    allowed = torch.ones(1, k.shape[2], dtype=torch.bool)
                scores = (q @ k.transpose(-2, -1) / scale(q)).masked_fill(~allowed, -math.inf)
                x = rest_of_layer(layer, x, scores.softmax(softmax_dim) @ v)
            x = model.blocks.norm(x) if last_norm else x
            logits = x[:, read_from] @ model.token_embedding.weight.T
            if calls_model:
                logits = model(ids)[:, -1]
            chosen = choose(next_probabilities(logits, *settings(temperature, top_k, top_p)))
            ids = torch.cat([ids, chosen], dim=1)
            if not cached:
                caches = [None] * len(caches)
            new = chosen if cached else ids
        return ids

    return write


base = writing()
wrong(ID, "position counts within the pass", named="always position 0")(
    writing(position=lambda start, length: slice(0, length - start))
)
wrong(ID, "position of the new token is one too late", named="one position late")(
    writing(position=lambda start, length: slice(start + (start > 0), length + (start > 0)))
)
wrong(ID, "no mask while the prompt is read", named="no mask on the prompt")(
    writing(mask=lambda keys, queries: keys >= 0 * queries)
)
wrong(ID, "no token attends to itself", named="not to itself, by the mask")(
    writing(mask=lambda keys, queries: keys < queries)
)
wrong(ID, "everything is read again", named="no cache")(writing(cached=False))
wrong(ID, "one cache for all layers", named="one cache for all layers, too long for the mask")(
    writing(slot=lambda number: 0)
)
wrong(ID, "only the keys are kept")(writing(joined=(True, False)))
wrong(ID, "the prompt is never put into the cache", named="prompt not kept")(writing(keep_prompt=False))
wrong(ID, "new keys and values are used and not kept", named="prompt kept, new tokens not")(
    writing(keep_new=False)
)
wrong(ID, "last norm left out", named="no last norm")(writing(last_norm=False))
wrong(ID, "scores not scaled", named="no scale")(writing(scale=lambda q: 1.0))
wrong(ID, "scaled by the whole width", named="scaled by the whole width")(
    writing(scale=lambda q: (q.shape[-1] * q.shape[1]) ** 0.5)
)
wrong(ID, "softmax over the queries", named="softmax over the queries")(writing(softmax_dim=-2))
wrong(ID, "predicts from the first position read", named="logits of the first token")(writing(read_from=0))
wrong(ID, "always the likeliest token", named="always greedy")(
    writing(choose=lambda p: p.argmax(dim=-1, keepdim=True))
)
wrong(ID, "the settings are not used", named="settings ignored")(
    writing(settings=lambda temperature, top_k, top_p: (1.0, None, None))
)
wrong(ID, "top-p is not handed on", named="top-p ignored")(
    writing(settings=lambda temperature, top_k, top_p: (temperature, top_k, None))
)
wrong(ID, "top-k is not handed on", named="top-k ignored")(
    writing(settings=lambda temperature, top_k, top_p: (temperature, None, top_p))
)
wrong(ID, "one draw for all rows", named="one draw for all rows")(
    writing(choose=lambda p: torch.multinomial(p[:1], 1).expand(len(p), 1))
)
wrong(ID, "the model is called", named="library's forward")(writing(calls_model=True))


@wrong(ID, named="new tokens only")
def returns_only_what_is_new(model, prompt, n_new, temperature, top_k, top_p):
    return base(model, prompt, n_new, temperature, top_k, top_p)[:, prompt.shape[1] :]


@wrong(ID, named="one token too many")
def one_token_too_many(model, prompt, n_new, temperature, top_k, top_p):
    return base(model, prompt, n_new + 1, temperature, top_k, top_p)


@wrong(ID, named="one token too few")
def one_token_too_few(model, prompt, n_new, temperature, top_k, top_p):
    return base(model, prompt, n_new - 1, temperature, top_k, top_p)


@wrong(ID, named="last token read twice, one position on")
def last_token_of_the_prompt_read_twice(model, prompt, n_new, temperature, top_k, top_p):
    writer, ids = Writer(model), prompt
    with torch.no_grad():
        writer.read(prompt)
        for _ in range(n_new):
            p = next_probabilities(writer.read(ids[:, -1:]), temperature, top_k, top_p)
            ids = torch.cat([ids, torch.multinomial(p, 1)], dim=1)
    return ids


@wrong(ID, named="prompt in single tokens")
def prompt_read_token_by_token(model, prompt, n_new, temperature, top_k, top_p):
    writer, ids = Writer(model), prompt
    with torch.no_grad():
        for t in range(prompt.shape[1] - 1):
            writer.read(prompt[:, t : t + 1])
        for _ in range(n_new):
            p = next_probabilities(writer.read(ids[:, -1:]), temperature, top_k, top_p)
            ids = torch.cat([ids, torch.multinomial(p, 1)], dim=1)
    return ids


@torch.no_grad()
def with_a_default(model, prompt, n_new, temperature, top_k, top_p, caches={}):  # noqa: B006
    ids = new = prompt
    for _ in range(n_new):
        first = ids.shape[1] - new.shape[1]
        x = model.token_embedding(new) + model.position_embedding.weight[first : ids.shape[1]]
        for number, layer in enumerate(model.blocks.layers):
            q, k, v = queries_keys_values(layer, x)
            if number in caches:
                k, v = torch.cat([caches[number][0], k], dim=2), torch.cat([caches[number][1], v], dim=2)
            caches[number] = k, v
            x = rest_of_layer(layer, x, F.scaled_dot_product_attention(q, k, v, is_causal=first == 0))
        logits = model.blocks.norm(x[:, -1]) @ model.token_embedding.weight.T
        new = torch.multinomial(next_probabilities(logits, temperature, top_k, top_p), 1)
        ids = torch.cat([ids, new], dim=1)
    return ids


wrong(ID, "the cache of the call before, as a default argument")(
    lambda model, prompt, n_new, temperature, top_k, top_p: with_a_default(
        model, prompt, n_new, temperature, top_k, top_p
    )
)
