"""What stands on a BERT: the two tasks of its pre-training, and classification, tagging and spans for fine-tuning."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.models.attention.masks import real_tokens
from course_lib.models.transformer.bert import Bert, start_small

IGNORED = -100  # the label of a position that has none, as in Hugging Face and in F.cross_entropy


class BertForPreTraining(nn.Module):
    """Guess the hidden tokens, and whether the second sentence follows the first.

    The last projection is the token embedding's matrix, with a bias of its own.

    Shapes:
        as `Bert`, and `selected` None or boolean (batch, time)
        → mlm_logits (batch, time, vocab_size), or (n, vocab_size) of the n selected positions only: all that the loss
        needs, and a seventh of the work; nsp_logits (batch, 2): 0 "follows", 1 "does not".

    Source: Devlin et al. 2019, section 3.1; the layer before the projection is in the authors' published code.
    """

    def __init__(self, bert: Bert):
        super().__init__()
        self.bert = bert
        self.transform = nn.Linear(bert.d_model, bert.d_model)
        self.norm = nn.LayerNorm(bert.d_model, eps=bert.embedding_norm.eps)
        self.decoder_bias = nn.Parameter(torch.zeros(bert.vocab_size))
        self.next_sentence = nn.Linear(bert.d_model, 2)
        for part in (self.transform, self.next_sentence):
            start_small(part, bert.init_std)

    def forward(
        self,
        ids: Tensor,
        *,
        segments: Tensor | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        selected: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        hidden = self.bert(ids, segments=segments, lengths=lengths, mask=mask)
        return self.guesses(hidden if selected is None else hidden[selected]), self.follows(hidden)

    def guesses(self, hidden: Tensor) -> Tensor:
        """The logits of every token: (…, d_model) → (…, vocab_size)."""
        x = self.norm(F.gelu(self.transform(hidden)))
        return F.linear(x, self.bert.token_embedding.weight, self.decoder_bias)

    def follows(self, hidden: Tensor) -> Tensor:
        """(batch, time, d_model) → (batch, 2)."""
        return self.next_sentence(self.bert.pooled(hidden))


def pretraining_loss(
    mlm_logits: Tensor, nsp_logits: Tensor | None, labels: Tensor, not_next: Tensor | None = None
) -> Tensor:
    """Masked-language-model loss plus next-sentence loss, in nats: their plain sum, as in BERT.

    Shapes:
        mlm_logits (…, vocab_size), labels (…) of whole numbers, −100 where nothing is asked,
        nsp_logits (batch, 2), not_next (batch,), 0 where the second sentence follows; None leaves that task out
        → scalar

    Source: Devlin et al. 2019, appendix A.2.
    """
    if labels.shape != mlm_logits.shape[:-1]:
        raise ValueError(
            f"labels has shape {tuple(labels.shape)}; mlm_logits, {tuple(mlm_logits.shape)}, "
            f"asks for {tuple(mlm_logits.shape[:-1])}."
        )
    total = F.cross_entropy(
        mlm_logits.flatten(0, -2), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    loss = total / (labels != IGNORED).sum().clamp(min=1)  # a batch that asks nothing costs 0, not NaN
    if not_next is not None:
        loss = loss + F.cross_entropy(nsp_logits, not_next)
    return loss


class BertForClassification(nn.Module):
    """A class for the whole sequence (one sentence or a pair), from the pooled [CLS].

    Args:
        n_classes: at least 1; with 1, the only logit is a number (a rating, a similarity).
        dropout: on the pooled vector.

    Shapes: as `Bert` → logits (batch, n_classes)

    Source: Devlin et al. 2019, section 4.1.
    """

    def __init__(self, bert: Bert, n_classes: int, dropout: float = 0.1):
        super().__init__()
        self.bert, self.dropout = bert, nn.Dropout(dropout)
        self.classifier = _head(bert, n_classes, "n_classes")

    def forward(
        self,
        ids: Tensor,
        *,
        segments: Tensor | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ):
        hidden = self.bert(ids, segments=segments, lengths=lengths, mask=mask)
        return self.classifier(self.dropout(self.bert.pooled(hidden)))


class BertForTagging(nn.Module):
    """A tag for every token, such as the kind of name that begins there.

    Args:
        n_tags: at least 1.
        dropout: on the hidden states.

    Shapes: as `Bert` → logits (batch, time, n_tags)

    Source: Devlin et al. 2019, section 5.3 and figure 4d.
    """

    def __init__(self, bert: Bert, n_tags: int, dropout: float = 0.1):
        super().__init__()
        self.bert, self.dropout = bert, nn.Dropout(dropout)
        self.classifier = _head(bert, n_tags, "n_tags")

    def forward(
        self,
        ids: Tensor,
        *,
        segments: Tensor | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ):
        return self.classifier(self.dropout(self.bert(ids, segments=segments, lengths=lengths, mask=mask)))


class BertForSpans(nn.Module):
    """Where an answer begins and where it ends (its last token).

    Padding gets the lowest finite logit: an answer never lies there, and it takes no probability from the rest.
    (Hugging Face leaves the padding's logits in the softmax; at real tokens they are the same.)

    Shapes: as `Bert` → start_logits (batch, time), end_logits (batch, time)

    Source: Devlin et al. 2019, section 4.2.
    """

    def __init__(self, bert: Bert):
        super().__init__()
        self.bert = bert
        self.spans = _head(bert, 2, "2")

    def forward(
        self,
        ids: Tensor,
        *,
        segments: Tensor | None = None,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
    ):
        logits = self.spans(self.bert(ids, segments=segments, lengths=lengths, mask=mask))  # (batch, time, 2)
        real = real_tokens(ids, lengths, mask)
        if real is not None:
            logits = logits.masked_fill(~real[..., None], torch.finfo(logits.dtype).min)
        return logits[..., 0], logits[..., 1]


def best_spans(start_logits: Tensor, end_logits: Tensor, max_len: int = 30) -> Tensor:
    """The most probable span of each row that does not end before it begins.

    Shapes: start_logits, end_logits (batch, time) → (batch, 2), first and last token

    Args:
        max_len: longest answer, in tokens.

    Source: Devlin et al. 2019, section 4.2: the largest S·T_i + E·T_j with j ≥ i.
    """
    if start_logits.shape != end_logits.shape or start_logits.dim() != 2:
        raise ValueError(
            f"start_logits {tuple(start_logits.shape)} and end_logits {tuple(end_logits.shape)}; "
            "expected (batch, time) both."
        )
    time = start_logits.shape[1]
    # Halved, so that two of the lowest numbers do not run over to −∞.
    scores = start_logits[:, :, None] / 2 + end_logits[:, None] / 2  # (batch, time, time): [begin, end]
    allowed = torch.ones(time, time, dtype=torch.bool, device=scores.device).triu().tril(max_len - 1)
    best = (
        scores.masked_fill(~allowed, -torch.inf).flatten(1).argmax(dim=1)
    )  # (batch, time * time) → (batch,)
    return torch.stack([best // time, best % time], dim=1)


def _head(bert: Bert, size: int, name: str) -> nn.Linear:
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{name} is {size!r}; it must be a whole number of at least 1.")
    head = nn.Linear(bert.d_model, size)
    start_small(head, bert.init_std)
    return head
