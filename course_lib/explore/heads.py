"""The attention weights of many heads over the same tokens, checked: what the attention explorer shows."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from course_lib.plots.attention import check_weights
from course_lib.plots.style import printable, to_array

MAX_TOKENS = 128
MAX_WEIGHTS = 1_500_000  # about 2 MB of notebook


class Heads:
    """Maps of the same tokens, one for each layer and head.

    Args:
        weights: (target_len, source_len), (heads, target_len, source_len) or (layers, heads, target_len, source_len),
            each row summing to 1; or what `record_attention` collected, a mapping from module names to (batch,
            [heads,] target_len, source_len), one kind of module, in the order of its layers; or a list of such
            tensors, as the `attentions` of a Hugging Face model.
        tokens: the tokens, where queries and keys are the same ones.
        query_tokens, key_tokens: both, where they are not (cross-attention).
        mask: boolean, (target_len, source_len), (1, source_len) or of the weights' shape, True = may attend.
        names: one for each map, layer by layer; None: "layer 0 head 3" as "L0 H3".
        row: which row of the batch, for recorded weights. Places after the row's last token are cut off if no token
            looks at them: padding.

    Raises:
        ValueError: sizes that do not fit, rows that do not sum to 1, weight where the mask forbids it, more than
            128 tokens, or several kinds of modules in one mapping.
    """

    def __init__(
        self,
        weights,
        tokens: Sequence[str] | None = None,
        *,
        query_tokens: Sequence[str] | None = None,
        key_tokens: Sequence[str] | None = None,
        mask=None,
        names: Sequence[str] | None = None,
        row: int = 0,
    ):
        queries, keys = _token_lists(tokens, query_tokens, key_tokens)
        if isinstance(weights, Mapping) or _is_list_of_tensors(weights):
            given = _without_padding(_stack(weights, row), len(queries), len(keys))
        else:
            given = weights if isinstance(weights, torch.Tensor | np.ndarray) else np.asarray(weights)
        if given.ndim not in (2, 3, 4):
            raise ValueError(
                f"weights has shape {tuple(given.shape)}; expected (target_len, source_len), (heads, target_len, "
                "source_len) or (layers, heads, target_len, source_len): choose one row of a batch, as weights[:, 0]."
            )
        values = to_array(given, "weights", given.ndim)
        self.n_dims = values.ndim
        shape = (1,) * (4 - values.ndim) + values.shape
        if shape[2:] != (len(queries), len(keys)):
            raise ValueError(
                f"weights has shape {values.shape}, but there are {len(queries)} query tokens and {len(keys)} key "
                "tokens; expected (…, query tokens, key tokens)."
            )
        self.allowed = check_weights(values, mask, "linear").reshape(shape)
        self.weights = values.reshape(shape)
        self.masked = mask is not None and not self.allowed.all()
        self.queries, self.keys = queries, keys
        self.layers, self.heads = shape[:2]
        self.names = _names(names, values.ndim, self.layers, self.heads)
        self._refuse_too_much()

    @property
    def row_sums(self) -> np.ndarray:
        """(layers, heads, target_len)."""
        return self.weights.sum(axis=-1)

    @property
    def entropies(self) -> np.ndarray:
        """(layers, heads, target_len), in bits: 0 where one key has all, log2(N) where N keys share evenly."""
        logs = np.log2(self.weights, where=self.weights > 0, out=np.zeros_like(self.weights))
        return np.abs((self.weights * logs).sum(axis=-1))  # abs: no -0.00

    def _refuse_too_much(self) -> None:
        tokens, shape = max(len(self.queries), len(self.keys)), self.weights.shape
        if tokens > MAX_TOKENS:
            start = self.weights[..., :MAX_TOKENS, :MAX_TOKENS]
            causal = np.allclose(start.sum(axis=-1), 1, atol=5e-3)
            indices = ", ".join("0" * (self.n_dims - 2))
            instead = (
                f"cut it to its beginning: attention_explorer(weights[..., :{MAX_TOKENS}, :{MAX_TOKENS}], "
                f"tokens[:{MAX_TOKENS}])"
                if causal
                else f"draw one head: plots.attention_heatmap(weights{f'[{indices}]' * bool(indices)}, query_tokens, "
                f"key_tokens, title, scale='sqrt'), or let the model read at most {MAX_TOKENS} tokens"
            )
            raise ValueError(
                f"weights has shape {shape}: {tokens} tokens, and the explorer shows at most {MAX_TOKENS}. Instead, "
                f"{instead}."
            )
        if self.weights.size > MAX_WEIGHTS:
            layers = max(1, shape[0] * MAX_WEIGHTS // self.weights.size)
            raise ValueError(
                f"weights has shape {shape}, {self.weights.size:,} numbers, which would make the notebook too large. "
                f"Pick layers: attention_explorer(weights[:{layers}], …)."
            )


def _token_lists(tokens, query_tokens, key_tokens) -> tuple[list[str], list[str]]:
    """Query and key tokens as they can be shown."""
    if (tokens is None) == (query_tokens is None and key_tokens is None):
        raise ValueError(
            "Pass either tokens (queries and keys are the same), or query_tokens= and key_tokens=."
        )
    if tokens is None and (query_tokens is None or key_tokens is None):
        raise ValueError("query_tokens= and key_tokens= belong together: one of them is missing.")
    lists = (tokens, tokens) if tokens is not None else (query_tokens, key_tokens)
    for given in lists:
        if isinstance(given, str):
            raise ValueError(
                f"tokens is the text {given!r}; expected a list of tokens, such as {given.split()[:4]!r}."
            )
        if wrong := [token for token in given if not isinstance(token, str)]:
            raise ValueError(f"tokens holds {wrong[0]!r}; expected words, not ids: decode them first.")
    return [_shown(token) for token in lists[0]], [_shown(token) for token in lists[1]]


def _shown(token: str) -> str:
    """A token as it can be read: spaces and line ends visible."""
    return without_controls(printable(token))


def without_controls(words: str) -> str:
    """Control characters, which an SVG file may not hold, as one sign each."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\N{REPLACEMENT CHARACTER}", words)


def _is_list_of_tensors(weights) -> bool:
    return isinstance(weights, list | tuple) and all(
        isinstance(w, torch.Tensor | np.ndarray) and w.ndim in (3, 4) for w in weights
    )


def _stack(weights, row: int) -> torch.Tensor:
    """One row of each layer's recorded weights: (layers, heads, target_len, source_len)."""
    named = dict(weights) if isinstance(weights, Mapping) else dict(enumerate(weights))
    if not named:
        raise ValueError(
            "weights holds nothing. Recorded: run the model inside `with record_attention(model)`. Hugging Face: load "
            'the model with attn_implementation="eager" and call it with output_attentions=True.'
        )
    layers = {name: torch.as_tensor(layer).detach() for name, layer in named.items()}
    kinds: dict[tuple, list] = {}
    for name, layer in layers.items():
        if layer.ndim not in (3, 4):
            raise ValueError(
                f"weights[{name!r}] has shape {tuple(layer.shape)}; expected (batch, [heads,] target_len, source_len)."
            )
        kinds.setdefault((re.sub(r"\d+", "*", str(name)), tuple(layer.shape)), []).append(name)
    if len(kinds) > 1:
        listed = ", ".join(f"{kind} {shape}" for kind, shape in kinds)
        one = str(next(iter(kinds.values()))[0])
        key = re.sub(r"[\d.]+$", "", re.split(r"\.\d+\.", one)[-1]) or one
        raise ValueError(
            f"weights holds several kinds of maps: {listed}. Show one kind at a time, such as "
            f"{{name: w for name, w in maps.items() if {key!r} in name}}, or several as {{title: Heads(…), …}}."
        )
    batch = len(next(iter(layers.values())))
    if not -batch <= row < batch:
        raise ValueError(f"row is {row}, but the batch has {batch} rows.")
    chosen = [layer[row] if layer.ndim == 4 else layer[row][None] for layer in layers.values()]
    return torch.stack([layer.float().cpu() for layer in chosen])  # (layers, heads, target_len, source_len)


def _without_padding(weights: torch.Tensor, target_len: int, source_len: int) -> torch.Tensor:
    """Cut a padded row to its tokens; left as it is, for an error later, where a token looks at what would be cut."""
    if weights.shape[-2] < target_len or weights.shape[-1] < source_len:
        return weights
    kept = weights[..., :target_len, :]
    return weights if (kept[..., source_len:] > 1e-6).any() else kept[..., :source_len]


def _names(names: Sequence[str] | None, n_dims: int, layers: int, heads: int) -> list[str]:
    if names is None:
        if n_dims == 2:
            return [""]
        return [(f"L{n // heads} " if n_dims == 4 else "") + f"H{n % heads}" for n in range(layers * heads)]
    if isinstance(names, str) or len(names) != layers * heads:
        raise ValueError(
            f"There are {layers} × {heads} maps, but names is {names!r}: expected {layers * heads} names."
        )
    return [without_controls(name) for name in names]
