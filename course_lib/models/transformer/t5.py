"""T5: an encoder and a decoder for every task whose input and output are texts."""

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.attention.multi_head import MultiHeadAttention
from course_lib.models.attention.relative import RelativePositionBias
from course_lib.models.transformer.encoder_decoder import (
    Caches,
    EncoderDecoder,
    TransformerDecoder,
    TransformerEncoder,
)


class T5(EncoderDecoder):
    """The Transformer of Raffel et al. 2020: pre-norm layers with RMSNorm, relative positions, and no bias anywhere.

    Source and target share one vocabulary and one embedding. Positions are a number for each head and distance, added
    to the scores of self-attention; each stack has one table for all its layers. Dot products are not divided by
    √d_head: the initialisation of the queries has that factor in it.

    Args:
        vocab_size: symbols.
        d_model, n_heads, d_ff, num_layers: sizes of the encoder, and of the decoder.
        num_decoder_layers: if they are to be others than `num_layers`.
        d_head: features of a head; None: d_model / n_heads.
        n_buckets, max_distance: of the relative positions, as in `relative_position_bucket`.
        gated: a feed-forward network with a gate through GELU, as in version 1.1; False: ReLU, as in the paper.
        tied: the last projection is the embedding's matrix, after a division by √d_model; False, as in version 1.1,
            gives it a matrix of its own and does not divide.
        dropout: on the embeddings, inside the layers, and on what each stack gives.
        eps: added to the mean square in the norms.
        embedding_std: standard deviation of the embedding's numbers at the start.
        layer_scale: what the layers' matrices are multiplied by at the start. The published start, 1.0 for both, fits
            the long training by Adafactor, whose steps are in proportion to the weights. Where steps have a size of
            their own (AdamW, Muon), smaller numbers are forgotten sooner: a short training gets much further.
        max_len: longest target when it is written step by step: room in the caches. Positions have no limit.

    Shapes and decoding: as `EncoderDecoder`. T5 begins its targets with the symbol for padding.

    Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer",
    section 2.1; gate: Shazeer 2020, "GLU Variants Improve Transformer".
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        d_model: int = 128,
        n_heads: int = 4,
        d_ff: int = 512,
        num_layers: int = 2,
        num_decoder_layers: int | None = None,
        d_head: int | None = None,
        n_buckets: int = 32,
        max_distance: int = 128,
        gated: bool = False,
        tied: bool = True,
        dropout: float = 0.0,
        eps: float = 1e-6,
        embedding_std: float = 1.0,
        layer_scale: float = 1.0,
        max_len: int = 512,
    ):
        super().__init__()
        self.vocab_size, self.d_model, self.max_len = vocab_size, d_model, max_len
        options = {"norm_first": True, "norm": "rms", "bias": False, "scale": 1.0, "d_head": d_head}
        options |= {"activation": "geglu" if gated else "relu", "dropout": dropout, "eps": eps}
        sizes = (d_model, n_heads, d_ff)
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.encoder = TransformerEncoder(num_layers, *sizes, **options)
        self.decoder = TransformerDecoder(num_decoder_layers or num_layers, *sizes, **options)
        positions = {"n_buckets": n_buckets, "max_distance": max_distance}
        self.encoder_positions = RelativePositionBias(n_heads, bidirectional=True, **positions)
        self.decoder_positions = RelativePositionBias(n_heads, bidirectional=False, **positions)
        self.head = None if tied else nn.Linear(d_model, vocab_size, bias=False)
        self.dropout = nn.Dropout(dropout)
        self._initialise(embedding_std, layer_scale)

    def _read(self, source: Tensor, mask: Tensor) -> Tensor:
        bias = self.encoder_positions(source.shape[1], source.shape[1])
        return self.dropout(self.encoder(self.dropout(self.embedding(source)), mask, position_bias=bias))

    def _write(self, ids: Tensor, memory: Tensor, mask: Tensor, caches: Caches | None = None) -> Tensor:
        written = caches[0][0].length if caches else 0
        bias = self.decoder_positions(ids.shape[1], written + ids.shape[1])
        x = self.dropout(self.embedding(ids))  # (batch, time, d_model)
        return self.dropout(self.decoder(x, memory, mask, caches=caches, position_bias=bias))

    def _logits(self, hidden: Tensor) -> Tensor:
        if self.head is not None:
            return self.head(hidden)  # (…, d_model) → (…, vocab_size)
        # The embedding's numbers have variance 1: without the division logits would be about √d_model large.
        return F.linear(hidden * self.d_model**-0.5, self.embedding.weight)  # (…, d_model) → (…, vocab_size)

    def _initialise(self, embedding_std: float, layer_scale: float) -> None:
        """As published: every product keeps variance 1, and queries are smaller by the √d_head that scores lack."""
        if not (embedding_std > 0 and layer_scale > 0):
            raise ValueError(
                f"embedding_std = {embedding_std}, layer_scale = {layer_scale}; both must be positive numbers."
            )
        nn.init.normal_(self.embedding.weight, std=embedding_std)
        for positions in (self.encoder_positions, self.decoder_positions):
            nn.init.normal_(positions.table.weight, std=self.d_model**-0.5)
        for name, matrix in self.named_parameters():
            if matrix.dim() == 2 and (name.startswith("head") or ".layers." in name):
                scale = layer_scale if ".layers." in name else 1.0
                nn.init.normal_(matrix, std=scale * matrix.shape[1] ** -0.5)  # (out, in)
        for module in self.modules():
            if isinstance(module, MultiHeadAttention):
                queries = module.in_proj_weight[: module.n_heads * module.d_head]
                nn.init.normal_(queries, std=layer_scale * (self.d_model * module.d_head) ** -0.5)
