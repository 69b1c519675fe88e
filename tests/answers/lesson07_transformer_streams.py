"""07.transformer, answered from the prompt alone: other layouts, and decoders whose parts are in a different order."""

import math

import torch

from answers import right, wrong
from answers.lesson07_transformer import attend, ffn, normed
from course_lib.models.attention import causal_mask

ID = "07.transformer"


@right(ID)
def time_first_with_einsum(source, source_mask, target_in, p):
    def embed(name, ids):  # (time, batch, d_model)
        return p[name][ids.T] * p[name].shape[1] ** 0.5 + p["positions"][: ids.shape[1], None]

    def attention(x, memory, name, hidden):
        W_Q, W_K, W_V = p[name]
        queries, keys = torch.einsum("tbd,dk->tbk", x, W_Q), torch.einsum("sbd,dk->sbk", memory, W_K)
        scores = torch.einsum("tbk,sbk->bts", queries, keys) / W_K.shape[1] ** 0.5
        weights = (scores + torch.where(hidden, -math.inf, 0.0)).softmax(dim=-1)
        return torch.einsum("bts,sbd,dv->tbv", weights, memory, W_V)

    def norm(x, name):
        variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
        gamma, beta = p[name]
        return (x - mean) * torch.rsqrt(variance + 1e-5) * gamma + beta

    x = embed("source_embedding", source)
    z = norm(x, "encoder_norm_1")
    x = x + attention(z, z, "encoder_attention", ~source_mask)
    x = x + ffn(norm(x, "encoder_norm_2"), *p["encoder_feed_forward"])
    memory = norm(x, "encoder_norm")
    y = embed("target_embedding", target_in)
    z = norm(y, "decoder_norm_1")
    y = y + attention(z, z, "decoder_self_attention", torch.ones(len(y), len(y), dtype=torch.bool).triu(1))
    y = y + attention(norm(y, "decoder_norm_2"), memory, "decoder_cross_attention", ~source_mask)
    y = y + ffn(norm(y, "decoder_norm_3"), *p["decoder_feed_forward"])
    return torch.einsum("tbd,vd->btv", norm(y, "decoder_norm"), p["target_embedding"])


class Stream:
    """One side's residual stream: each sublayer reads through the next norm and adds to x."""

    def __init__(self, side, table, ids, p):
        self.side, self.p, self.n_read = side, p, 0
        self.x = table[ids] * math.sqrt(table.size(1)) + p["positions"].narrow(0, 0, ids.size(1))

    def read(self):
        self.n_read += 1
        return normed(self.x, *self.p[f"{self.side}_norm_{self.n_read}"])

    def attention(self, name, mask, memory=None):
        z = self.read()
        self.x = self.x + attend(z, z if memory is None else memory, *self.p[name], mask)
        return self

    def network(self):
        self.x = self.x + ffn(self.read(), *self.p[f"{self.side}_feed_forward"])
        return self

    def top(self):
        return normed(self.x, *self.p[f"{self.side}_norm"])


@right(ID)
def a_class_for_the_residual_stream(source, source_mask, target_in, p):
    encoder = Stream("encoder", p["source_embedding"], source, p)
    memory = encoder.attention("encoder_attention", source_mask).network().top()
    decoder = Stream("decoder", p["target_embedding"], target_in, p)
    decoder.attention("decoder_self_attention", causal_mask(target_in.shape[1], target_in.device))
    decoder.attention("decoder_cross_attention", source_mask, memory).network()
    return decoder.top() @ p["target_embedding"].mT


@right(ID)
def padding_of_the_memory_zeroed_besides(source, source_mask, target_in, p):
    encoder = Stream("encoder", p["source_embedding"], source, p)
    memory = encoder.attention("encoder_attention", source_mask).network().top()
    memory = memory * source_mask.transpose(1, 2)  # changes nothing: the mask hides these rows
    decoder = Stream("decoder", p["target_embedding"], target_in, p)
    decoder.attention("decoder_self_attention", causal_mask(target_in.shape[1], target_in.device)[None])
    decoder.attention("decoder_cross_attention", source_mask, memory).network()
    return decoder.top() @ p["target_embedding"].T


def with_one_change(
    words, named=None, *, positions=None, mask=None, cross_last=False, last="decoder", power=0.0, out=None
):
    """A Transformer of streams with one thing done differently, handed in as a wrong answer."""

    def answer(source, source_mask, target_in, p):
        encoder = Stream("encoder", p["source_embedding"], source, p)
        decoder = Stream("decoder", p["target_embedding"], target_in, p)
        if positions is not None:
            for stream, ids in ((encoder, source), (decoder, target_in)):
                n = ids.shape[1]
                stream.x = stream.x - p["positions"][:n] + positions(p["positions"], n)
        memory = encoder.attention("encoder_attention", source_mask).network().top()
        causal = causal_mask(target_in.shape[1])
        decoder.attention("decoder_self_attention", mask(causal) if mask else causal)
        if cross_last:
            decoder.network().attention("decoder_cross_attention", source_mask, memory)
        else:
            decoder.attention("decoder_cross_attention", source_mask, memory).network()
        logits = normed(decoder.x, *p[f"{last}_norm"]) @ p["target_embedding"].T * decoder.x.shape[-1] ** -power
        return out(logits) if out else logits

    wrong(ID, words, named=named)(answer)


def without_the_diagonal(allowed):
    allowed = allowed.tril(-1)
    allowed[0, 0] = True  # else the first token has nothing to attend to
    return allowed


with_one_change("positions counted from the end", "positions backwards", positions=lambda table, n: table[:n].flip(0))
with_one_change("the last rows of the positions", positions=lambda table, n: table[-n:])
with_one_change("a token hidden from itself", "strictly causal", mask=without_the_diagonal)
with_one_change("a window of three tokens", mask=lambda allowed: allowed & ~allowed.tril(-3))
with_one_change("cross-attention last", "feed-forward network before cross-attention", cross_last=True)
with_one_change("encoder's last norm on both sides", "encoder_norm for both", last="encoder")
with_one_change("logits divided by the root of d_model", "logits divided", power=0.5)
with_one_change("ids for logits", out=lambda logits: logits.argmax(dim=-1))
