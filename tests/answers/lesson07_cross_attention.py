"""07.cross_attention, answered from the prompt alone."""

import math

import torch
import torch.nn.functional as F

from answers import right, wrong

ID = "07.cross_attention"


@right(ID)
def einsum_throughout(x, memory, W_Q, W_K, W_V, mask):
    Q = torch.einsum("btd,dk->btk", x, W_Q)
    K, V = (torch.einsum("bsd,dk->bsk", memory, W) for W in (W_K, W_V))
    scores = torch.einsum("btk,bsk->bts", Q, K) / W_K.shape[1] ** 0.5
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    return torch.einsum("bts,bsv->btv", scores.softmax(-1), V)


@right(ID)
def scaled_dot_product_attention_of_torch(x, memory, W_Q, W_K, W_V, mask):
    if mask is not None:
        mask = mask.expand(x.shape[0], x.shape[1], memory.shape[1])
    return F.scaled_dot_product_attention(x @ W_Q, memory @ W_K, memory @ W_V, attn_mask=mask)


@right(ID)
def sentence_by_sentence(x, memory, W_Q, W_K, W_V, mask):
    rows = []
    for b in range(len(x)):
        scores = (x[b] @ W_Q) @ (memory[b] @ W_K).T / math.sqrt(W_Q.shape[1])
        if mask is not None:
            mine = mask.expand(len(x), x.shape[1], memory.shape[1])[b]
            scores = scores.masked_fill(mine.logical_not(), float("-inf"))
        rows.append(F.softmax(scores, dim=1) @ (memory[b] @ W_V))
    return torch.stack(rows)


@right(ID)
def queries_scaled_first(x, memory, W_Q, W_K, W_V, mask):
    scores = torch.bmm(x @ (W_Q / math.sqrt(W_Q.shape[-1])), (memory @ W_K).mT)
    scores = scores if mask is None else scores.masked_fill(mask == 0, -torch.inf)
    return torch.bmm(torch.softmax(scores, 2), memory @ W_V)


@right(ID)
def exponentials_by_hand(x, memory, W_Q, W_K, W_V, mask):
    scores = x @ W_Q @ (memory @ W_K).transpose(1, 2) / math.sqrt(W_K.shape[1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return weights @ (memory @ W_V) / weights.sum(dim=-1, keepdim=True)


@right(ID)
def mask_as_a_number_that_is_added(x, memory, W_Q, W_K, W_V, mask):
    scores = (x @ W_Q) @ (memory @ W_K).permute(0, 2, 1) / math.sqrt(W_K.shape[1])
    if mask is not None:
        scores = scores + torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(scores.dtype).min / 2)
    return scores.softmax(dim=-1) @ memory @ W_V


@right(ID)
def query_by_query(x, memory, W_Q, W_K, W_V, mask):
    mask = torch.tensor(True) if mask is None else mask
    mask = mask.expand(x.shape[0], x.shape[1], memory.shape[1])
    keys, values = memory @ W_K, memory @ W_V
    written = []
    for t in range(x.shape[1]):
        scores = (keys * (x[:, t] @ W_Q)[:, None]).sum(-1) / math.sqrt(keys.shape[-1])  # (batch, source_len)
        weights = scores.where(mask[:, t], torch.tensor(-math.inf)).softmax(dim=-1)
        written.append((weights[..., None] * values).sum(1))
    return torch.stack(written, dim=1)


@right(ID)
def one_matrix_for_queries_and_keys(x, memory, W_Q, W_K, W_V, mask):
    scores = x @ (W_Q @ W_K.T) @ memory.transpose(-2, -1) / W_K.size(1) ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.log_softmax(dim=-1).exp() @ memory @ W_V


@right(ID)
def keys_and_values_by_one_product(x, memory, W_Q, W_K, W_V, mask):
    K, V = (memory @ torch.cat([W_K, W_V], dim=1)).split([W_K.shape[1], W_V.shape[1]], dim=-1)
    scores = torch.matmul(x @ W_Q, K.mT) * W_K.shape[1] ** -0.5
    if isinstance(mask, torch.Tensor):
        scores = scores.masked_fill(torch.logical_not(mask), -math.inf)
    return torch.matmul(F.softmax(scores, dim=-1), V)


class Attention(torch.nn.Module):
    def forward(self, x, memory, W_Q, W_K, W_V, mask):
        hidden = torch.zeros((), dtype=torch.bool) if mask is None else mask.bitwise_not()
        scores = F.linear(x, W_Q.T) @ F.linear(memory, W_K.T).mT
        return (scores / math.sqrt(W_Q.shape[1])).masked_fill(hidden, -1e9).softmax(-1) @ F.linear(
            memory, W_V.T
        )


right(ID, "a module that is called")(Attention())


def attention(
    q="x",
    k="memory",
    v="memory",
    scale=lambda Q, V, d: math.sqrt(Q.shape[-1]),
    dim=-1,
    fill=-math.inf,
    mask="applied",
):
    """One-head attention with one thing done differently."""

    def answer(x, memory, W_Q, W_K, W_V, allowed):
        of = {"x": x, "memory": memory}
        Q, K, V = of[q] @ W_Q, of[k] @ W_K, of[v] @ W_V
        scores = Q @ K.transpose(-2, -1) / scale(Q, V, x.shape[-1])
        if allowed is not None and mask != "ignored":
            scores = scores.masked_fill(allowed if mask == "inverted" else ~allowed, fill)
        return scores.softmax(dim=dim) @ V

    return answer


wrong(ID, "queries from the memory", named="queries from the memory")(attention(q="memory", k="x", v="x"))
wrong(ID, "keys from x", named="keys from x")(attention(k="x"))
wrong(ID, "values from x", named="values from x")(attention(v="x"))
wrong(ID, "self-attention of x", named="self-attention")(attention(k="x", v="x"))
wrong(ID, "self-attention of the memory", named="only the queries from the memory")(attention(q="memory"))
wrong(ID, "scores not scaled", named="no scale")(attention(scale=lambda Q, V, d: 1.0))
wrong(ID, "scaled by d_k without its root", named="divided by d_k")(
    attention(scale=lambda Q, V, d: Q.shape[-1])
)
wrong(ID, "scaled by the root of d_v", named="scale by d_v")(
    attention(scale=lambda Q, V, d: math.sqrt(V.shape[-1]))
)
wrong(ID, "scaled by the root of d_model", named="scale by d_model")(
    attention(scale=lambda Q, V, d: math.sqrt(d))
)
wrong(ID, "scaled by the root of the source's length", named="scale by source_len")(
    attention(scale=lambda Q, V, d: math.sqrt(V.shape[-2]))
)
wrong(ID, "multiplied by the root of d_k", named="multiplied by √d_k")(
    attention(scale=lambda Q, V, d: Q.shape[-1] ** -0.5)
)
wrong(ID, "softmax over the queries", named="softmax over the queries")(attention(dim=-2))
wrong(ID, "softmax over the batch", named="softmax over the batch")(attention(dim=0))
wrong(ID, "mask inverted", named="mask inverted")(attention(mask="inverted"))
wrong(ID, "mask ignored", named="mask ignored")(attention(mask="ignored"))
wrong(ID, "masked scores set to zero", named="masked by 0")(attention(fill=0.0))
wrong(ID, "masked scores set to a small number")(attention(fill=-10.0))
wrong(ID, "masked scores set to a large number", named="masked by a large number")(attention(fill=1e9))
wrong(ID, "masked scores set to plus infinity", named="masked by +∞")(attention(fill=math.inf))


@wrong(ID, named="masked after the softmax")
def masked_after_the_softmax(x, memory, W_Q, W_K, W_V, mask):
    weights = ((x @ W_Q) @ (memory @ W_K).mT / math.sqrt(W_K.shape[1])).softmax(dim=-1)
    return (weights if mask is None else weights * mask) @ (memory @ W_V)


@wrong(ID, named="renormalised after the softmax")
def masked_weights_renormalised(x, memory, W_Q, W_K, W_V, mask):
    weights = ((x @ W_Q) @ (memory @ W_K).mT / math.sqrt(W_K.shape[1])).softmax(dim=-1)
    if mask is not None:
        weights = weights * mask
        weights = weights / weights.sum(dim=-1, keepdim=True)
    return weights @ (memory @ W_V)


@wrong(ID, named="causal")
def causal_mask_as_well(x, memory, W_Q, W_K, W_V, mask):
    scores = (x @ W_Q) @ (memory @ W_K).mT / math.sqrt(W_K.shape[1])
    allowed = torch.ones(scores.shape[1:], dtype=torch.bool).tril()
    scores = scores.masked_fill(~(allowed if mask is None else allowed & mask), -1e9)
    return scores.softmax(dim=-1) @ (memory @ W_V)


@wrong(ID, named="values not projected")
def values_not_projected(x, memory, W_Q, W_K, W_V, mask):
    scores = (x @ W_Q) @ (memory @ W_K).mT / math.sqrt(W_K.shape[1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1) @ memory


@wrong(ID, named="W_Q and W_K exchanged")
def query_and_key_matrices_exchanged(x, memory, W_Q, W_K, W_V, mask):
    return attention()(x, memory, W_K, W_Q, W_V, mask)


@wrong(ID, named="weights returned")
def weights_returned(x, memory, W_Q, W_K, W_V, mask):
    scores = (x @ W_Q) @ (memory @ W_K).mT / math.sqrt(W_K.shape[1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1)


@wrong(ID, named="no softmax")
def no_softmax(x, memory, W_Q, W_K, W_V, mask):
    scores = (x @ W_Q) @ (memory @ W_K).mT / math.sqrt(W_K.shape[1])
    if mask is not None:
        scores = scores.masked_fill(~mask, 0.0)
    return scores @ (memory @ W_V)


@wrong(ID, named="None not expected")
def none_never_expected(x, memory, W_Q, W_K, W_V, mask):
    scores = (x @ W_Q) @ (memory @ W_K).mT / math.sqrt(W_K.shape[1])
    return scores.masked_fill(~mask, -math.inf).softmax(dim=-1) @ (memory @ W_V)


@wrong(ID)
def root_of_a_fixed_width(x, memory, W_Q, W_K, W_V, mask):
    return attention(scale=lambda Q, V, d: 8.0)(x, memory, W_Q, W_K, W_V, mask)


@wrong(ID, named="memory detached")
def weights_are_constants_for_the_gradient(x, memory, W_Q, W_K, W_V, mask):
    return attention()(x.detach(), memory, W_Q, W_K, W_V, mask)


@wrong(ID, named="scaled after the softmax")
def scaled_after_the_softmax(x, memory, W_Q, W_K, W_V, mask):
    return attention(scale=lambda Q, V, d: 1.0)(x, memory, W_Q, W_K, W_V, mask) / math.sqrt(W_K.shape[1])


@wrong(ID, named="sigmoid")
def sigmoid_for_softmax(x, memory, W_Q, W_K, W_V, mask):
    scores = (x @ W_Q) @ (memory @ W_K).mT / W_K.shape[1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.sigmoid() @ (memory @ W_V)


@wrong(ID, named="cosine")
def cosines_for_scores(x, memory, W_Q, W_K, W_V, mask):
    queries, keys = x @ W_Q, memory @ W_K
    scores = torch.cosine_similarity(queries[:, :, None], keys[:, None], dim=-1)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return scores.softmax(dim=-1) @ (memory @ W_V)
