"""The decoding step of a GPT or Llama written out flat, for a CPU, where the calls of small modules cost half its time.

It is `DecoderOnly.forward` with caches for one new symbol a row: the same products in the same order, from weights laid
out for few rows. tests/test_generation.py holds both equal.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.decoding.page import Page
from course_lib.decoding.sampling import Chooser
from course_lib.decoding.static_step import runs_unobserved
from course_lib.models.attention import KeyValueCache, MultiHeadAttention
from course_lib.models.compact import Int4Linear, Int8Linear, QuantisedLinear
from course_lib.models.transformer import DecoderOnly, EncoderLayer, TransformerEncoder
from course_lib.models.transformer.layers import ACTIVATIONS

WORTH_PACKING = 2**17  # numbers in a matrix
NORMS = (nn.LayerNorm, nn.RMSNorm)
LINEARS = (nn.Linear, Int4Linear, Int8Linear)
FEW = 4  # rows; fewer are filled up where weights are packed: oneDNN is slower with one row than with four


class FusedStep:
    """Read each row's newest symbol, and write the next one; all rows are of the same length.

    Args:
        model: in eval mode, and one that `fits`. Its weights are copied, unless they are laid out for this already
            (`columns_first`): a change would not be noticed.
        caches: its caches, which hold the prompts and have room for the rest. They are copied, too.
        page: the text, which has one symbol more than the caches.
        choose: how the next symbols are chosen.
    """

    def __init__(self, model: DecoderOnly, caches: Sequence[KeyValueCache], page: Page, choose: Chooser):
        self._page, self._choose, self._reader = page, choose, FusedReader(model, caches, len(page.ids))
        self._newest = page.newest()[:, 0]  # (batch,)

    @staticmethod
    def fits(model: DecoderOnly) -> bool:
        """Whether the model is made of what is written out here, on a CPU, and nothing else."""
        if model.token_embedding.weight.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
            return False
        if not runs_unobserved(model):
            return False
        parts: dict[nn.Module, tuple[type, ...]] = {
            model.token_embedding: (nn.Embedding,),
            model.blocks: (TransformerEncoder,),
            model.blocks.norm: NORMS,
        }
        linears = [] if model.head is None else [model.head]
        for layer in model.blocks.layers:
            parts |= {layer: (EncoderLayer,), layer.self_attn: (MultiHeadAttention,)}
            parts |= dict.fromkeys((layer.norm1, layer.norm2), NORMS)
            linears += [layer.self_attn.out_proj, layer.linear1, layer.linear2]
            if layer.self_attn.in_proj is not None:
                linears.append(layer.self_attn.in_proj)
        parts |= dict.fromkeys(linears, LINEARS)
        return all(type(part) in kinds for part, kinds in parts.items())

    def __call__(self) -> None:
        self._newest = self._page.write(self._choose(self._reader(self._newest)))


class FusedReader:
    """Reads one symbol of each row: ids (batch,) → logits (batch, vocab_size) of the next.

    Args:
        model, caches: as in `FusedStep`.
        rows: batch.

    Attributes:
        length: how many symbols were read, the caches' included; set it lower to go back.
    """

    def __init__(self, model: DecoderOnly, caches: Sequence[KeyValueCache], rows: int):
        self.length = caches[0].length
        self._tokens = model.token_embedding.weight
        self._positions = None if model.position_embedding is None else model.position_embedding.weight
        self._layers = [
            _layer(layer, cache, rows) for layer, cache in zip(model.blocks.layers, caches, strict=True)
        ]
        self._norm, self._head = _norm(model.blocks.norm), _linear(model.head or model.token_embedding, rows)

    def __call__(self, ids: Tensor) -> Tensor:
        x = self._tokens.index_select(0, ids)  # (batch, d_model)
        if self._positions is not None:
            x += self._positions[self.length]
        for layer in self._layers:
            x = layer(x, self.length)
        self.length += 1
        return self._head(self._norm(x))


def _layer(layer: EncoderLayer, cache: KeyValueCache, rows: int) -> Callable[[Tensor, int], Tensor]:
    """x (batch, d_model) and its position → the layer's output for it, (batch, d_model). Keys and values are kept."""
    attention = layer.self_attn
    norm1, norm2 = _norm(layer.norm1), _norm(layer.norm2)
    if attention.in_proj is not None:
        project = _linear(attention.in_proj, rows)
    else:
        project = _product(attention.in_proj_weight, attention.in_proj_bias, rows)
    join, widen, narrow = (
        _linear(linear, rows) for linear in (attention.out_proj, layer.linear1, layer.linear2)
    )
    n_heads, n_kv_heads = attention.n_heads, attention.n_kv_heads
    n_turned = n_heads + n_kv_heads  # heads of queries and keys
    heads = (rows, n_turned + n_kv_heads, 1, attention.d_head)
    activation, rotary = ACTIVATIONS[layer.activation], attention.rotary
    kept = torch.stack(cache.tensors())  # (2, batch, kv_heads, max_len, d_head): one write for key and value
    attend = _attention(kept, attention.group_size, attention.scale)

    def step(x: Tensor, length: int) -> Tensor:
        vectors = project(norm1(x)).view(heads)  # (batch, all heads * d_head) → (batch, all heads, 1, d_head)
        query = vectors.narrow(1, 0, n_heads)  # (batch, heads, 1, d_head)
        if attention.query_key_norm or rotary is not None:
            turned = vectors.narrow(1, 0, n_turned)  # queries and keys alike
            if attention.query_key_norm:
                turned = F.rms_norm(turned, (attention.d_head,))
            if rotary is not None:
                turned = rotary(turned, length)
            query = turned.narrow(1, 0, n_heads)
            kept[0].narrow(2, length, 1).copy_(turned.narrow(1, n_heads, n_kv_heads))
            kept[1].narrow(2, length, 1).copy_(vectors.narrow(1, n_turned, n_kv_heads))
        else:
            # (batch, 2 * kv_heads, 1, d_head) → (2, batch, kv_heads, 1, d_head)
            new = vectors.narrow(1, n_heads, 2 * n_kv_heads).unflatten(1, (2, n_kv_heads)).transpose(0, 1)
            kept.narrow(3, length, 1).copy_(new)
        # (batch, kv_heads, group_size, d_head) → (batch, heads * d_head) → (batch, d_model)
        x += join(attend(query, length + 1).reshape(rows, -1))
        x += narrow(activation(widen(norm2(x))))
        return x

    return step


def _attention(kept: Tensor, group_size: int, scale: float | None) -> Callable[[Tensor, int], Tensor]:
    """(query (batch, heads, 1, d_head), how many keys there are) → values (batch, kv_heads, group_size, d_head).

    The queries of a group meet the same keys: they are read as if they were several tokens of one head.
    """
    keys, values = kept  # (batch, kv_heads, max_len, d_head) each
    batch, n_kv_heads, _, d_head = keys.shape
    shape = (batch, n_kv_heads, group_size, d_head)
    if batch < FEW:
        return lambda query, n: F.scaled_dot_product_attention(
            query.reshape(shape), keys.narrow(2, 0, n), values.narrow(2, 0, n), scale=scale
        )
    # With one query a head there is nothing to fuse; with many heads two batched products are quicker.
    scale = d_head**-0.5 if scale is None else scale
    flat = (batch * n_kv_heads, group_size, d_head)
    keys = keys.flatten(0, 1).mT  # (batch * kv_heads, d_head, max_len)
    values = values.flatten(0, 1)  # (batch * kv_heads, max_len, d_head)

    def attend(query: Tensor, n: int) -> Tensor:
        scores = torch.bmm((query * scale).reshape(flat), keys.narrow(2, 0, n))  # (batch * kv_heads, group_size, n)
        # (batch * kv_heads, group_size, n) @ (batch * kv_heads, n, d_head)
        return torch.bmm(torch.softmax(scores, dim=-1), values.narrow(1, 0, n))

    return attend


def _norm(norm: nn.LayerNorm | nn.RMSNorm) -> Callable[[Tensor], Tensor]:
    if isinstance(norm, nn.RMSNorm):
        return lambda x: torch.rms_norm(x, norm.normalized_shape, norm.weight, norm.eps)
    options = (norm.normalized_shape, norm.weight, norm.bias, norm.eps)
    return lambda x: torch.layer_norm(x, *options)


def _linear(linear: nn.Linear | nn.Embedding | QuantisedLinear, rows: int) -> Callable[[Tensor], Tensor]:
    """x (rows, in) → its output (rows, out); a quantised layer knows best itself how few rows are multiplied."""
    if isinstance(linear, QuantisedLinear):
        return linear.for_rows(rows)
    return _product(linear.weight, getattr(linear, "bias", None), rows)


def _product(weight: Tensor, bias: Tensor | None, rows: int) -> Callable[[Tensor], Tensor]:
    """x (rows, in) → x Wᵀ + b (rows, out), from a copy of W in the layout that is fastest for so few rows."""
    laid_out = weight.T.is_contiguous() and not weight.is_contiguous()
    if weight.numel() >= WORTH_PACKING and weight.dtype == torch.float32 and not laid_out and _can_pack():
        # A general matrix product lays W out anew at every call; what oneDNN has packed, it takes as it is.
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, max(rows, FEW))
        product = torch.ops.mkldnn._linear_pointwise
        if rows >= FEW:
            return lambda x: product(x, packed, bias, "none", [], "")
        filled = weight.new_zeros(FEW, weight.shape[1])
        top = filled[:rows]

        def filled_up(x: Tensor) -> Tensor:
            top.copy_(x)
            return product(filled, packed, bias, "none", [], "")[:rows]

        return filled_up
    columns = weight.T.contiguous()  # (in, out): a product with one row then reads it from front to back
    return (lambda x: x @ columns) if bias is None else (lambda x: torch.addmm(bias, x, columns))


def _can_pack() -> bool:
    """Whether this build of PyTorch has the packed products that its own compiler uses."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
