"""GPT: a stack of causal Transformer layers that predicts the next symbol."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.modes import evaluating
from course_lib.models.transformer.decoder_only import DecoderOnly


class GPT(DecoderOnly):
    """Embeddings → pre-norm layers whose tokens look back only → one logit for every next symbol.

    The last projection is the embedding's matrix. With the defaults it has the shape of GPT-2 and takes its weights:
    see `course_lib.models.pretrained`.

    Args:
        vocab_size: symbols.
        max_len: longest text it can read (of learned positions there are no more).
        d_model, n_heads, num_layers: sizes; d_ff is 4 · d_model unless given.
        dropout: on the embeddings and inside the layers.
        rotary: rotary positions in every layer instead of learned ones.
        activation, bias, query_key_norm: of the layers.

    Shapes:
        ids (batch, time) → logits (batch, time, vocab_size), where logits[:, t] speak of the symbol after ids[:, t];
        with caches, ids are the newest symbols only. Of padded rows only the logits at real symbols mean anything.

    Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training", section 3.1; Radford et
    al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3 (pre-norm, last norm, start).
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        max_len: int,
        d_model: int,
        n_heads: int,
        num_layers: int,
        d_ff: int | None = None,
        dropout: float = 0.0,
        rotary: bool = False,
        activation: str = "gelu_tanh",
        bias: bool = True,
        query_key_norm: bool = False,
    ):
        super().__init__(
            vocab_size,
            max_len=max_len,
            d_model=d_model,
            n_heads=n_heads,
            num_layers=num_layers,
            d_ff=d_ff or 4 * d_model,
            dropout=dropout,
            rotary=rotary,
            activation=activation,
            bias=bias,
            query_key_norm=query_key_norm,
        )
        self._start(num_layers)

    def _start(self, num_layers: int) -> None:
        """GPT-2's start: small weights, and smaller ones where 2 · num_layers sublayers add to the residual path."""
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" not in name:
                into_residual = name.endswith(("out_proj.weight", "linear2.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * num_layers) ** 0.5 if into_residual else 0.02)


def language_model_loss(model: DecoderOnly, ids: Tensor) -> Tensor:
    """Mean cross-entropy in nats of every symbol but the first, each predicted from those before it.

    Shapes: ids (batch, time + 1) → scalar. A loss for `course_lib.training.fit`.
    """
    logits = model(ids[:, :-1])  # (batch, time, vocab_size)
    return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


@torch.no_grad()
def windows_loss(model: DecoderOnly, ids: Tensor, time: int, batch: int = 64) -> float:
    """Mean loss in nats over a whole text, cut into windows of `time` symbols, each predicted from its own past only.

    Args:
        ids: (n,) the encoded text; symbols of a last, incomplete window are left out.
    """
    n_windows = (len(ids) - 1) // time
    if n_windows < 1:
        raise ValueError(
            f"The text has {len(ids)} symbols; expected at least one window of time + 1 = {time + 1}."
        )
    device = next(model.parameters()).device
    # Windows overlap by one symbol: the last target of one is the first input of the next.
    windows = ids[: n_windows * time + 1].unfold(0, time + 1, time)  # (n_windows, time + 1)
    with evaluating(model):
        total = sum(
            language_model_loss(model, some.to(device)).item() * len(some) for some in windows.split(batch)
        )
    return total / n_windows
