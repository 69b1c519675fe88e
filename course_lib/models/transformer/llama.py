"""Llama: the decoder-only model of today, four changed parts away from GPT. SmolLM2 is of this kind."""

from torch import nn

from course_lib.models.transformer.decoder_only import DecoderOnly


class Llama(DecoderOnly):
    """A GPT with RMSNorm, gated feed-forward (SwiGLU), grouped-query attention and rotary positions, without biases.

    Args:
        vocab_size: symbols.
        max_len: longest text it was made for; rotary positions need no table, so that it costs nothing.
        d_model, n_heads, num_layers: sizes.
        n_kv_heads: heads of keys and values, each shared by n_heads / n_kv_heads query heads; None: as many as n_heads.
        d_ff: width behind the gate. The gated network has three matrices; 8/3 · d_model has the size of GPT's two.
        rotary_base: the slowest pair of features has a wavelength of nearly 2π · rotary_base positions.
        eps: added to the mean square in the norms.
        tied: the last projection is the embedding's matrix.
        dropout: on the embeddings and inside the layers.

    Shapes: as `DecoderOnly`.

    Source: Touvron et al. 2023, "LLaMA: Open and Efficient Foundation Language Models", section 2.2; grouped queries:
    Touvron et al. 2023, "Llama 2", section 2.2.
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        max_len: int,
        d_model: int,
        n_heads: int,
        num_layers: int,
        d_ff: int,
        n_kv_heads: int | None = None,
        rotary_base: float = 10_000.0,
        eps: float = 1e-5,
        tied: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__(
            vocab_size,
            max_len=max_len,
            d_model=d_model,
            n_heads=n_heads,
            num_layers=num_layers,
            d_ff=d_ff,
            dropout=dropout,
            rotary=True,
            tied=tied,
            n_kv_heads=n_kv_heads,
            rotary_base=rotary_base,
            activation="swiglu",
            norm="rms",
            bias=False,
            eps=eps,
        )
        for name, parameter in self.named_parameters():  # as published: every matrix alike
            if "norm" not in name:
                nn.init.normal_(parameter, std=0.02)
