"""05.decoder_step, answered from the prompt alone."""

import math

import torch
from torch import nn

from answers import right, wrong

ID = "05.decoder_step"


def join(*parts):
    return torch.cat(parts, dim=-1)


def step(
    last,
    s,
    memory,
    mask,
    net,
    *,
    hidden=lambda query, keys: torch.tanh(query[:, None] + keys),
    weigh=lambda scores, mask: scores.masked_fill(~mask, -math.inf).softmax(-1),
    mean=lambda weights, memory: torch.bmm(weights.unsqueeze(1), memory).squeeze(1),
    cell_input=join,
    readout_input=lambda new, c, y, old: join(new, c, y),
    squash=torch.tanh,
    answer=lambda logits, new, weights, old: (logits, new, weights),
):
    """The step from its parts, each of which may be replaced."""
    y = net.embedding(last)
    scores = net.v(hidden(net.W(s), net.U(memory)))[..., 0]
    weights = weigh(scores, mask)
    c = mean(weights, memory)
    new = net.cell(cell_input(y, c), s)
    logits = net.head(squash(net.readout(readout_input(new, c, y, s))))
    return answer(logits, new, weights, s)


def variant(**parts):
    return lambda last, s, memory, mask, net: step(last, s, memory, mask, net, **parts)


@right(ID)
def formula_after_formula(last, s, memory, mask, net):
    y = net.embedding(last)
    query = net.W(s).unsqueeze(1).expand(-1, memory.shape[1], -1)
    e = net.v(torch.tanh(query + net.U(memory))).squeeze(2)
    e = torch.where(mask, e, torch.full_like(e, float("-inf")))
    alpha = nn.functional.softmax(e, dim=1)
    c = torch.einsum("bs,bsm->bm", alpha, memory)
    s = net.cell(torch.cat((y, c), 1), s)
    return net.head(net.readout(torch.cat((s, c, y), 1)).tanh()), s, alpha


@right(ID)
def one_sentence_after_the_other(last, s, memory, mask, net):
    rows = []
    for b in range(len(last)):
        real = mask[b]
        h = memory[b][real]
        some = net.v(torch.tanh(net.W(s[b]) + net.U(h)))[:, 0].softmax(0)
        weights = torch.zeros(len(real), dtype=some.dtype).masked_scatter(real, some)
        y, c = net.embedding(last[b : b + 1])[0], some @ h
        new = net.cell(torch.cat([y, c])[None], s[b][None])[0]
        rows.append((net.head(torch.tanh(net.readout(torch.cat([new, c, y])))), new, weights))
    logits, states, maps = zip(*rows, strict=True)
    return torch.stack(logits), torch.stack(states), torch.stack(maps)


@right(ID)
def one_position_after_the_other(last, s, memory, mask, net):
    query = net.W(s)
    scores = torch.stack([net.v(torch.tanh(query + net.U(h)))[:, 0] for h in memory.unbind(1)], dim=1)
    scores = scores.masked_fill(mask.logical_not(), -torch.inf)
    weights = (scores - scores.logsumexp(1, keepdim=True)).exp()
    c = sum(weights[:, i : i + 1] * memory[:, i] for i in range(memory.shape[1]))
    y = net.embedding(last)
    new = net.cell(torch.hstack([y, c]), s)
    return [net.head(torch.tanh(net.readout(torch.hstack([new, c, y])))), new, weights]


@right(ID)
def weights_of_the_layers_by_hand(last, s, memory, mask, net):
    y = net.embedding.weight[last]
    z = (s @ net.W.weight.T)[:, None] + memory @ net.U.weight.T
    scores = torch.tanh(z) @ net.v.weight[0] + torch.zeros_like(mask, dtype=z.dtype).masked_fill(
        ~mask, -torch.inf
    )
    weights = scores.softmax(1)
    c = (memory.transpose(1, 2) @ weights[:, :, None]).squeeze(2)
    new = net.cell(torch.cat([y, c], -1), s)
    return net.head(net.readout(torch.cat([new, c, y], -1)).tanh()), new, weights


class Step:
    def attend(self, query, memory, mask, net):
        scores = net.v(torch.tanh(net.W(query)[:, None, :] + net.U(memory))).squeeze(-1)
        scores = scores.clone()
        scores[~mask] = float("-inf")
        return torch.softmax(scores, dim=-1)

    def __call__(self, last, s, memory, mask, net):
        y = net.embedding(last)
        weights = self.attend(s, memory, mask, net)
        context = (weights.unsqueeze(-1) * memory).sum(1)
        state = net.cell(torch.cat([y, context], dim=1), s)
        seen = torch.cat([state, context, y], dim=1)
        return net.head(torch.tanh(net.readout(seen))), state, weights


right(ID, "an object that is called")(Step())
right(ID, "from exchangeable parts")(variant())
right(ID, "mean by matmul with a row")(
    variant(mean=lambda weights, memory: (weights[:, None] @ memory)[:, 0])
)
right(ID, "exponentials after the maximum, zeros put in")(
    variant(
        weigh=lambda scores, mask: (
            (
                e := (scores - scores.masked_fill(~mask, -math.inf).amax(1, keepdim=True))
                .exp()
                .masked_fill(~mask, 0.0)
            )
            / e.sum(1, keepdim=True)
        )
    )
)
right(ID, "logarithm of the mask added")(
    variant(weigh=lambda scores, mask: (scores + mask.float().log()).softmax(-1))
)
right(ID, "returned weights detached")(
    variant(answer=lambda logits, new, weights, old: (logits, new, weights.detach()))
)
right(ID, "the lowest number of the type")(
    variant(weigh=lambda scores, mask: scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1))
)


@wrong(ID, named="the new state as the query")
def new_state_as_the_query(last, s, memory, mask, net):
    y = net.embedding(last)

    def attend(query):
        scores = net.v(torch.tanh(net.W(query)[:, None] + net.U(memory))).squeeze(-1)
        weights = scores.masked_fill(~mask, -math.inf).softmax(-1)
        return weights, torch.bmm(weights[:, None], memory)[:, 0]

    new = net.cell(join(y, attend(s)[1]), s)
    weights, c = attend(new)
    return net.head(torch.tanh(net.readout(join(new, c, y)))), new, weights


wrong(ID, "context first into the cell", named="context first")(variant(cell_input=lambda y, c: join(c, y)))
wrong(ID, "symbol first into the readout", named="readout in the order of the cell")(
    variant(readout_input=lambda new, c, y, old: join(y, c, new))
)
wrong(ID, "context first into the readout", named="readout with context first")(
    variant(readout_input=lambda new, c, y, old: join(c, new, y))
)
wrong(ID, "old state into the readout", named="readout of the old state")(
    variant(readout_input=lambda new, c, y, old: join(old, c, y))
)
wrong(ID, "no tanh after the readout", named="no tanh before the head")(variant(squash=lambda z: z))
wrong(ID, "relu after the readout", named="ReLU before the head")(variant(squash=torch.relu))
wrong(ID, "no tanh in the scores", named="no tanh in the score")(
    variant(hidden=lambda query, keys: query[:, None] + keys)
)
wrong(ID, "sigmoid in the scores", named="sigmoid in the score")(
    variant(hidden=lambda query, keys: torch.sigmoid(query[:, None] + keys))
)
wrong(ID, "query left out of the scores", named="no query")(
    variant(hidden=lambda query, keys: torch.tanh(keys))
)
wrong(ID, "mask ignored", named="mask ignored")(variant(weigh=lambda scores, mask: scores.softmax(-1)))
wrong(ID, "real keys masked", named="mask inverted")(
    variant(weigh=lambda scores, mask: scores.masked_fill(mask, -math.inf).softmax(-1))
)
wrong(ID, "zeroed after the softmax", named="masked after the softmax")(
    variant(weigh=lambda scores, mask: scores.softmax(-1) * mask)
)
wrong(ID, "scores set to zero", named="scores of padding set to 0")(
    variant(weigh=lambda scores, mask: (scores * mask).softmax(-1))
)
wrong(ID, "minus one hundred", named="a finite score for padding")(
    variant(weigh=lambda scores, mask: scores.masked_fill(~mask, -100.0).softmax(-1))
)
wrong(ID, "minus ten thousand", named="a larger finite score for padding")(
    variant(weigh=lambda scores, mask: scores.masked_fill(~mask, -1e4).softmax(-1))
)
wrong(ID, "softmax over the batch", named="softmax over the batch")(
    variant(weigh=lambda scores, mask: scores.masked_fill(~mask, -1e30).softmax(0))
)
wrong(ID, "context detached", named="context detached")(
    variant(mean=lambda weights, memory: torch.bmm(weights[:, None], memory)[:, 0].detach())
)
wrong(ID, "weights detached", named="context detached")(
    variant(mean=lambda weights, memory: torch.bmm(weights[:, None].detach(), memory)[:, 0])
)
wrong(ID, "memory detached", named="memory detached")(
    variant(mean=lambda weights, memory: torch.bmm(weights[:, None], memory.detach())[:, 0])
)
wrong(ID, "plain mean of the memory", named="mean of all states")(
    variant(mean=lambda weights, memory: memory.mean(1))
)
wrong(ID, "value of the largest weight", named="best key only")(
    variant(mean=lambda weights, memory: memory[torch.arange(len(memory)), weights.argmax(1)])
)
wrong(ID, "state before weights exchanged", named="weights before the state")(
    variant(answer=lambda logits, new, weights, old: (logits, weights, new))
)
wrong(ID, "state first", named="state before the logits")(
    variant(answer=lambda logits, new, weights, old: (new, logits, weights))
)
wrong(ID, "old state returned", named="old state handed on")(
    variant(answer=lambda logits, new, weights, old: (logits, old, weights))
)
wrong(ID, "probabilities for logits", named="probabilities")(
    variant(answer=lambda logits, new, weights, old: (logits.softmax(-1), new, weights))
)
wrong(ID, "two results only", named="weights left out")(
    variant(answer=lambda logits, new, weights, old: (logits, new))
)
wrong(ID, "new state detached", named="new state detached")(
    variant(answer=lambda logits, new, weights, old: (logits, new.detach(), weights))
)


@wrong(ID, named="context detached")
def everything_without_gradients(last, s, memory, mask, net):
    with torch.no_grad():
        return step(last, s, memory, mask, net)


@wrong(ID, named="every 1 squeezed away")
def squeezed_in_every_dimension(last, s, memory, mask, net):
    y = net.embedding(last)
    scores = net.v(torch.tanh(net.W(s)[:, None] + net.U(memory))).squeeze()
    weights = scores.masked_fill(~mask, -math.inf).softmax(-1)
    c = (weights[:, :, None] * memory).sum(1)
    new = net.cell(join(y, c), s)
    return net.head(torch.tanh(net.readout(join(new, c, y)))), new, weights


@wrong(ID, named="cell without a state")
def the_cell_without_the_old_state(last, s, memory, mask, net):
    y = net.embedding(last)
    weights = (
        net.v(torch.tanh(net.W(s)[:, None] + net.U(memory)))
        .squeeze(-1)
        .masked_fill(~mask, -math.inf)
        .softmax(-1)
    )
    c = (weights[:, :, None] * memory).sum(1)
    new = net.cell(join(y, c))
    return net.head(torch.tanh(net.readout(join(new, c, y)))), new, weights


@wrong(ID, named="keys as values")
def projected_memory_as_values(last, s, memory, mask, net):
    y = net.embedding(last)
    keys = net.U(memory)
    weights = (
        net.v(torch.tanh(net.W(s)[:, None] + keys)).squeeze(-1).masked_fill(~mask, -math.inf).softmax(-1)
    )
    c = (weights[:, :, None] * keys).sum(1)
    new = net.cell(join(y, c), s)
    return net.head(torch.tanh(net.readout(join(new, c, y)))), new, weights


@wrong(ID, named="no dimension for the keys")
def no_dimension_for_the_keys(last, s, memory, mask, net):
    y = net.embedding(last)
    weights = (
        net.v(torch.tanh(net.W(s) + net.U(memory))).squeeze(-1).masked_fill(~mask, -math.inf).softmax(-1)
    )
    c = (weights[:, :, None] * memory).sum(1)
    new = net.cell(join(y, c), s)
    return net.head(torch.tanh(net.readout(join(new, c, y)))), new, weights


@wrong(ID, named="scaled")
def scores_divided_by_the_root_of_a(last, s, memory, mask, net):
    root = math.sqrt(net.U.out_features)
    return step(
        last, s, memory, mask, net, weigh=lambda e, mask: (e / root).masked_fill(~mask, -math.inf).softmax(-1)
    )


@wrong(ID, named="head of the state")
def readout_left_out(last, s, memory, mask, net):
    _, new, weights = step(last, s, memory, mask, net)
    return net.head(new), new, weights


@wrong(ID, named="tanh after the head")
def tanh_around_the_head_as_well(last, s, memory, mask, net):
    logits, new, weights = step(last, s, memory, mask, net)
    return logits.tanh(), new, weights


@wrong(ID, named="tanh after the head, none before it")
def tanh_around_the_head_alone(last, s, memory, mask, net):
    logits, new, weights = step(last, s, memory, mask, net, squash=lambda x: x)
    return torch.tanh(logits), new, weights


wrong(ID, "logarithms of the probabilities", named="logarithms of the probabilities")(
    variant(answer=lambda logits, new, weights, old: (logits.log_softmax(-1), new, weights))
)


@wrong(ID, named="arguments of the cell exchanged")
def state_first_into_the_cell(last, s, memory, mask, net):
    y = net.embedding(last)
    e = net.v(torch.tanh(net.W(s)[:, None] + net.U(memory))).squeeze(-1)
    weights = e.masked_fill(~mask, -math.inf).softmax(-1)
    c = torch.einsum("bs,bsm->bm", weights, memory)
    new = net.cell(s, join(y, c))
    return net.head(torch.tanh(net.readout(join(new, c, y)))), new, weights


@wrong(ID)
def memory_zeroed_at_padding_in_place(last, s, memory, mask, net):
    memory[~mask] = 0.0
    return step(last, s, memory, mask, net)
