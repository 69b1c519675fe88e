"""BERT: an encoder whose tokens look both ways. Its heads for the single tasks are in `bert_heads`."""

import torch
from torch import Tensor, nn

from course_lib.models.attention.masks import real_tokens
from course_lib.models.attention.positions import sinusoidal_positions
from course_lib.models.transformer.encoder_decoder import TransformerEncoder

POSITIONS = ("learned", "rotary", "sinusoidal")


class Bert(nn.Module):
    """Token + position + segment embeddings, then encoder layers: a vector for every token in its context.

    With the defaults it is Hugging Face's `BertModel` and takes its weights: see `course_lib.models.pretrained`.

    Args:
        vocab_size: symbols, the special ones included.
        d_model, n_heads, num_layers: sizes; d_ff is 4 · d_model unless given.
        max_len: longest sequence it can read.
        n_segments: how many sentences a sequence may hold.
        dropout: on the embeddings, the attention weights and what each sublayer adds, as BERT has it.
        positions: "learned" (BERT), "sinusoidal", or "rotary": queries and keys are turned, nothing is added.
        norm_first: pre-norm layers and a last norm; BERT's are post-norm.
        activation: of the feed-forward networks.
        eps: added to the variance in the norms.
        pad_id: its embedding starts as zeros and does not learn from being read.
        init_std: standard deviation of all matrices at the start; `embedding_std` that of the embeddings, if another.

    Shapes:
        ids (batch, time), segments None or (batch, time) from 0 to n_segments − 1, and what is real: `lengths`
        (batch,), or `mask` (batch, time) boolean, True for real tokens; with neither, all of them
        → hidden (batch, time, d_model)

    Source: Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers", section 3 and figure 2.
    """

    def __init__(
        self,
        vocab_size: int,
        *,
        d_model: int,
        n_heads: int,
        num_layers: int,
        d_ff: int | None = None,
        max_len: int = 512,
        n_segments: int = 2,
        dropout: float = 0.0,
        positions: str = "learned",
        norm_first: bool = False,
        activation: str = "gelu",
        eps: float = 1e-12,
        pad_id: int = 0,
        init_std: float = 0.02,
        embedding_std: float | None = None,
        **attention_options,
    ):
        super().__init__()
        if positions not in POSITIONS:
            raise ValueError(f"positions is {positions!r}; it must be one of {', '.join(POSITIONS)}.")
        if not isinstance(pad_id, int) or not 0 <= pad_id < vocab_size:
            raise ValueError(f"pad_id is {pad_id!r}; it must be an id below vocab_size = {vocab_size}.")
        self.vocab_size, self.d_model, self.max_len, self.n_segments = (
            vocab_size,
            d_model,
            max_len,
            n_segments,
        )
        self.init_std = init_std
        self.token_embedding = nn.Embedding(vocab_size, d_model, padding_idx=pad_id)
        self.position_embedding = nn.Embedding(max_len, d_model) if positions == "learned" else None
        self.segment_embedding = nn.Embedding(n_segments, d_model)
        self.embedding_norm = nn.LayerNorm(d_model, eps=eps)
        self.dropout = nn.Dropout(dropout)
        self.encoder = TransformerEncoder(
            num_layers,
            d_model,
            n_heads,
            d_ff or 4 * d_model,
            dropout=dropout,
            activation_dropout=0.0,
            activation=activation,
            norm_first=norm_first,
            eps=eps,
            rotary=positions == "rotary",
            **attention_options,
        )
        self.pooler = nn.Linear(d_model, d_model)
        if positions == "sinusoidal":
            self.register_buffer("sinusoids", sinusoidal_positions(max_len, d_model), persistent=False)
        else:
            self.sinusoids = None
        start_small(self, init_std, embedding_std)

    def forward(
        self,
        ids: Tensor,
        *,
        segments: Tensor | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        real = real_tokens(ids, lengths, mask)
        # The same keys for every query: (batch, time) → (batch, 1, time).
        return self.encoder(self.embed(ids, segments), None if real is None else real[:, None])

    def embed(self, ids: Tensor, segments: Tensor | None = None) -> Tensor:
        """What the first layer reads: the normalised sum of token, segment and position, (batch, time, d_model)."""
        if ids.dim() != 2 or ids.shape[1] == 0:
            raise ValueError(f"ids has shape {tuple(ids.shape)}; expected (batch, time), not empty.")
        time = ids.shape[1]
        if time > self.max_len:
            raise ValueError(
                f"The sequence has {time} tokens; this model was built for max_len = {self.max_len}."
            )
        if segments is not None and segments.shape != ids.shape:
            raise ValueError(
                f"segments has shape {tuple(segments.shape)}; expected that of ids, {tuple(ids.shape)}."
            )
        x = self.token_embedding(ids)  # (batch, time, d_model)
        # Without segments, all is the first sentence.
        x = x + (self.segment_embedding.weight[0] if segments is None else self.segment_embedding(segments))
        if self.position_embedding is not None:
            x = x + self.position_embedding.weight[:time]
        elif self.sinusoids is not None:
            x = x + self.sinusoids[:time]
        return self.dropout(self.embedding_norm(x))

    def pooled(self, hidden: Tensor) -> Tensor:
        """The sequence as one vector: tanh(W h₀ + b) of its first token, [CLS].

        Shapes: hidden (batch, time, d_model) → (batch, d_model)

        Source: the authors' published code; the paper calls it C.
        """
        return torch.tanh(self.pooler(hidden[:, 0]))


def start_small(module: nn.Module, std: float, embedding_std: float | None = None) -> None:
    """BERT's start: normal matrices, zero biases, norms that change nothing, a zero vector for padding."""
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            is_embedding = "embedding" in name and embedding_std is not None
            nn.init.normal_(parameter, std=embedding_std if is_embedding else std)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
    for part in module.modules():
        if isinstance(part, nn.Embedding) and part.padding_idx is not None:
            nn.init.zeros_(part.weight.data[part.padding_idx])
