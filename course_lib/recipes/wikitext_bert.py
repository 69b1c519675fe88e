"""A BERT of real text: masked pieces of WikiText-2, a few minutes of one CPU core.

`python -m benchmarks wikitext-bert` trains and stores it; `python -m benchmarks bert-recipes` goes from BERT's
recipe to this one. Next sentences are left out: Liu et al. 2019, "RoBERTa", section 4.2, found nothing lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from course_lib.data import load
from course_lib.device import seed_everything
from course_lib.models.modes import measures
from course_lib.models.transformer import Bert, BertForPreTraining, pretraining_loss
from course_lib.optimizers import Muon
from course_lib.text.masking import Masked, mask_tokens
from course_lib.text.wordpiece import SPECIALS, WordPiece
from course_lib.training import History, fit

NAME = "wikitext-bert"


@dataclass(frozen=True)
class Configuration:
    """Sizes and training; `post_norm`, `positions` and `optimizer` are what the recipes differ in."""

    d_model: int = 128
    n_heads: int = 4
    num_layers: int = 3
    time: int = 64
    init_std: float = 0.05
    embedding_std: float = 0.05
    positions: str = "rotary"
    post_norm: bool = False
    optimizer: str = "muon"
    vocab_size: int = 4000
    batch: int = 16
    steps: int = 1500
    lr: float = 2e-3
    muon_lr: float = 0.02
    warm_up: int = 100
    probability: float = 0.2


CONFIGURATION = Configuration()
# Devlin et al. 2019, then step by step to ours; the first step changes several things, the others one each.
RECIPES = {
    "BERT's: post-norm, learned positions, AdamW": Configuration(
        post_norm=True,
        positions="learned",
        optimizer="adamw",
        lr=1e-3,
        init_std=0.02,
        embedding_std=0.02,
        probability=0.15,
    ),
    "pre-norm, larger initialisation and rate, 20 % selected": Configuration(
        positions="learned", optimizer="adamw"
    ),
    "rotary positions": Configuration(optimizer="adamw"),
    "Muon for the matrices": CONFIGURATION,
}


class Corpus:
    """The articles as one line of word pieces.

    The last tenth of the course's validation part is held back, all else is trained on. `<unk>` is [UNK], and is never
    asked for.

    Attributes:
        tokenizer: a `WordPiece`, trained on the training part unless given.
        train, held_out: (n,) ids.
    """

    def __init__(self, symbols: list[str] | None = None, vocab_size: int = CONFIGURATION.vocab_size):
        text = load("wikitext-2")
        cut = text.validation.index("\n", len(text.validation) * 9 // 10)
        parts = [
            part.replace(" @-@ ", "-").replace(" @,@ ", ",").replace(" @.@ ", ".").split("\n")
            for part in (text.train + text.validation[:cut], text.validation[cut:])
        ]
        words = (line.replace("<unk>", " ") for line in parts[0])
        self.tokenizer = WordPiece.train(words, vocab_size) if symbols is None else WordPiece(symbols)
        self.train, self.held_out = (
            torch.tensor([piece for line in lines for piece in self._pieces(line)]) for lines in parts
        )

    def _pieces(self, line: str) -> list[int]:
        encoded = self.tokenizer.encode(line.replace("<unk>", "[UNK]"), specials_in_text=True)
        return encoded.ids[1:-1]  # without [CLS] and [SEP]


def build(vocab_size: int, configuration: Configuration = CONFIGURATION) -> BertForPreTraining:
    """An untrained model; `seed_everything` first."""
    c = configuration
    return BertForPreTraining(
        Bert(
            vocab_size,
            d_model=c.d_model,
            n_heads=c.n_heads,
            num_layers=c.num_layers,
            max_len=c.time,
            positions=c.positions,
            norm_first=not c.post_norm,
            init_std=c.init_std,
            embedding_std=c.embedding_std,
        )
    )


def corrupted(
    corpus: Corpus, ids: Tensor, probability: float, generator: torch.Generator
) -> tuple[Masked, Tensor]:
    """A window of text with some tokens masked or replaced, and the original."""
    tokenizer = corpus.tokenizer
    special = tuple(tokenizer.id_of(symbol) for symbol in SPECIALS)
    options = {"mask_id": tokenizer.mask_id, "vocab_size": len(tokenizer), "special_ids": special}
    return mask_tokens(ids, **options, probability=probability, generator=generator), ids


def batches(
    corpus: Corpus, configuration: Configuration, generator: torch.Generator
) -> Iterator[tuple[Masked, Tensor]]:
    """Endless batches of windows cut anywhere; each begins with [CLS]."""
    c, text = configuration, corpus.train
    while True:
        starts = torch.randint(len(text) - c.time + 1, (c.batch, 1), generator=generator)
        ids = text[starts + torch.arange(c.time)]  # (batch, time)
        ids[:, 0] = corpus.tokenizer.cls_id
        yield corrupted(corpus, ids, c.probability, generator)


def loss(model: BertForPreTraining, batch: tuple[Masked, Tensor]) -> Tensor:
    """Masked-language-model loss in nats."""
    (inputs, selected), ids = batch
    return pretraining_loss(model(inputs, selected=selected)[0], None, ids[selected])


@measures
def held_out_score(model: nn.Module, corpus: Corpus, time: int, seed: int = 0) -> tuple[float, float, float]:
    """Of 15 % of the held-back text, hidden by 80/10/10: loss in nats, accuracy, and that of the commonest piece."""
    device, generator = next(model.parameters()).device, torch.Generator().manual_seed(seed)
    windows = corpus.held_out[: len(corpus.held_out) // time * time].view(-1, time).clone()  # (n, time)
    windows[:, 0] = corpus.tokenizer.cls_id
    (inputs, selected), ids = corrupted(corpus, windows, 0.15, generator)
    total, right, count = 0.0, 0, int(selected.sum())
    for some in torch.arange(len(ids)).split(64):
        logits, _ = model(
            inputs[some].to(device), selected=selected[some].to(device)
        )  # (n_selected, vocab_size)
        targets = ids[some][selected[some]].to(device)
        total += nn.functional.cross_entropy(logits, targets, reduction="sum").item()
        right += int((logits.argmax(dim=1) == targets).sum())
    common = torch.bincount(corpus.train[corpus.train >= len(SPECIALS)]).argmax()
    return total / count, right / count, (ids[selected] == common).double().mean().item()


def train(
    corpus: Corpus,
    *,
    seed: int = 0,
    device="cpu",
    configuration: Configuration = CONFIGURATION,
    **options,
) -> tuple[BertForPreTraining, History]:
    """Build and pre-train; the same again for the same seed. `options` as in `village_bert.train`."""
    seed_everything(seed)
    c = configuration
    model = build(len(corpus.tokenizer), c).to(device)
    generator = torch.Generator().manual_seed(seed)
    if c.optimizer == "muon":
        options["make_optimizer"] = partial(Muon, lr=c.muon_lr, adamw_lr=c.lr)
    history = fit(
        model,
        batches(corpus, c, generator),
        loss,
        steps=c.steps,
        lr=c.lr,
        warm_up=c.warm_up,
        weight_decay=0.01,
        **options,
    )
    return model, history
