"""One small example of every model that the library has, with a batch and a loss: what test_bf16 trains."""

import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import course_lib.models
from course_lib.losses import CarriedLoss
from course_lib.models.attention import AdditiveAttention, DotProductAttention, GeneralAttention
from course_lib.models.compact import (
    Int4Linear,
    Int8Embedding,
    Int8Linear,
    add_lora_to_attention,
    prune_smallest,
    replace_linears,
)
from course_lib.models.recurrent import GRU, LSTM, RNN, GRUCell, LSTMCell, RecurrentLM, RNNCell
from course_lib.models.seq2seq import (
    BahdanauDecoder,
    Decoder,
    Encoder,
    LuongDecoder,
    Seq2Seq,
    teacher_forced_loss,
)
from course_lib.models.transformer import (
    GPT,
    T5,
    Bert,
    BertForClassification,
    BertForPreTraining,
    BertForSpans,
    BertForTagging,
    Llama,
    Transformer,
    language_model_loss,
    pretraining_loss,
)
from course_lib.models.words import CountBatch, GloVe, SkipGram
from course_lib.optimizers import Muon
from course_lib.text import pairs as word_pairs
from course_lib.text.batching import Window
from course_lib.text.padding import pair_batches

SYMBOLS, D_MODEL, BATCH, TIME = 13, 32, 6, 8


def ids(*shape: int, seed: int = 1) -> Tensor:
    """Random ids, none of them special."""
    return torch.randint(4, SYMBOLS, shape, generator=torch.Generator().manual_seed(seed))


def class_loss(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
    """Cross-entropy of model(ids, lengths) against the last part of the batch, averaged over all that is asked."""
    *inputs, lengths, targets = batch
    logits = model(*inputs, lengths=lengths)
    logits = torch.stack(logits, dim=1) if isinstance(logits, tuple) else logits
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())


class ReadByCell(nn.Module):
    """A cell, stepped by hand as in lessons 01 and 02, between an embedding and a linear layer."""

    def __init__(self, cell: nn.Module):
        super().__init__()
        self.embedding, self.cell = nn.Embedding(SYMBOLS, cell.input_size), cell
        self.head = nn.Linear(cell.hidden_size, SYMBOLS)

    def forward(self, ids: Tensor) -> Tensor:
        state, hs = None, []
        # Autocast rounds the first layer's output, so that the cell is handed bfloat16.
        for x in F.linear(self.embedding(ids), torch.eye(D_MODEL, device=ids.device)).unbind(1):
            state = self.cell(x, state)
            hs.append(state[0] if isinstance(state, tuple) else state)
        return self.head(torch.stack(hs, dim=1))


def carried(recurrent: nn.Module):
    window = Window(ids(BATCH, TIME), ids(BATCH, TIME, seed=2), is_start=False)
    return RecurrentLM(SYMBOLS, D_MODEL, recurrent), window, CarriedLoss()


def stepped(cell: nn.Module):
    return ReadByCell(cell), ids(BATCH, TIME + 1), language_model_loss


def translated(model: nn.Module):
    rows = [(ids(2 + i % 5, seed=i).tolist(), ids(3 + i % 3, seed=9 + i).tolist()) for i in range(BATCH)]
    return model, next(pair_batches(rows, BATCH, bos_id=2, eos_id=3)), teacher_forced_loss


def translator(kind: type, make_decoder: Callable, num_layers: int = 1, **bridge):
    encoder = Encoder(SYMBOLS, D_MODEL, kind(D_MODEL, 12, num_layers, bidirectional=True))
    return translated(Seq2Seq(encoder, make_decoder(kind, num_layers), **bridge))


def plain(kind: type, num_layers: int) -> Decoder:
    return Decoder(SYMBOLS, D_MODEL, kind(D_MODEL, 24, num_layers))


def bahdanau(attention: nn.Module) -> Callable:
    return lambda kind, n: BahdanauDecoder(SYMBOLS, D_MODEL, kind(D_MODEL + 24, 24, n), attention)


def luong(attention: nn.Module, input_feeding: bool = False) -> Callable:
    size = D_MODEL + 24 * input_feeding
    return lambda kind, n: LuongDecoder(
        SYMBOLS, D_MODEL, kind(size, 24, n), attention, input_feeding=input_feeding
    )


def gpt(**options):
    model = GPT(SYMBOLS, max_len=TIME, d_model=D_MODEL, n_heads=2, num_layers=2, **options)
    return model, ids(BATCH, TIME + 1), language_model_loss


def llama(**options):
    sizes = {"d_model": D_MODEL, "n_heads": 4, "n_kv_heads": 2, "num_layers": 2, "d_ff": 40}
    return Llama(SYMBOLS, max_len=TIME, **sizes, **options), ids(BATCH, TIME + 1), language_model_loss


def bert(make_head: Callable[[Bert], nn.Module], targets: Tensor, **options):
    model = make_head(Bert(SYMBOLS, d_model=D_MODEL, n_heads=2, num_layers=2, max_len=TIME, **options))
    lengths = torch.tensor([TIME, 3, 5, TIME, 4, 6])
    return model, (ids(BATCH, TIME), lengths, targets), class_loss


def pretrained_bert(**options):
    model = Bert(SYMBOLS, d_model=D_MODEL, n_heads=2, num_layers=2, max_len=TIME, **options)
    labels = torch.where(torch.arange(TIME) % 3 == 0, ids(BATCH, TIME, seed=2), -100)  # (batch, time)
    batch = ids(BATCH, TIME), torch.arange(TIME).expand(BATCH, TIME) // 4, labels, ids(BATCH) % 2

    def loss(model, batch):
        given, segments, labels, not_next = batch
        return pretraining_loss(*model(given, segments=segments), labels, not_next)

    return BertForPreTraining(model), batch, loss


def skipgram(shared_noise: bool):
    noise = ids(20, seed=3) if shared_noise else ids(BATCH, 5, seed=3)
    batch = word_pairs.PairBatch(ids(BATCH), ids(BATCH, seed=2), noise, 0.25 if shared_noise else 1.0)
    return SkipGram(SYMBOLS, D_MODEL), batch, SkipGram.loss


def glove():
    batch = CountBatch(ids(BATCH), ids(BATCH, seed=2), 1.0 + torch.arange(BATCH))
    return GloVe(SYMBOLS, D_MODEL), batch, GloVe.loss


def adapted(example, kind: type | None = None):
    """The example with its weights frozen, those of the attentions quantised, and adapters beside them."""
    if kind is not None:
        replace_linears(example[0], kind.from_linear, lambda name: "attn" in name)
    add_lora_to_attention(example[0], rank=8, alpha=64, parts=("query", "key", "value", "output"))
    return example


def pruned(example):
    """The example with half of its weights zero."""
    prune_smallest(example[0], 0.5)
    return example


def small_table(example):
    """The example with its token embeddings in 8 bits."""
    example[0].bert.token_embedding = Int8Embedding.from_embedding(example[0].bert.token_embedding)
    return example


# name → a function that makes (model, batch, loss)
MODELS = {
    "RecurrentLM, RNN": lambda: carried(RNN(D_MODEL, 24, 2)),
    "RecurrentLM, LSTM": lambda: carried(LSTM(D_MODEL, 24, 2)),
    "RecurrentLM, GRU": lambda: carried(GRU(D_MODEL, 24, 2)),
    "RNNCell": lambda: stepped(RNNCell(D_MODEL, 24)),
    "LSTMCell": lambda: stepped(LSTMCell(D_MODEL, 24)),
    "GRUCell": lambda: stepped(GRUCell(D_MODEL, 24)),
    "Seq2Seq, LSTM": lambda: translator(LSTM, plain),
    "Seq2Seq, RNN, vector": lambda: translator(RNN, plain, vector_size=8),
    "Seq2Seq, GRU, 2 layers": lambda: translator(GRU, plain, 2),
    "Seq2Seq, Bahdanau, LSTM": lambda: translator(LSTM, bahdanau(AdditiveAttention(24, 24, 16))),
    "Seq2Seq, Bahdanau, GRU": lambda: translator(GRU, bahdanau(DotProductAttention(24)), 2),
    "Seq2Seq, Luong": lambda: translator(LSTM, luong(AdditiveAttention(24, 24, 16))),
    "Seq2Seq, Luong, feeding": lambda: translator(LSTM, luong(DotProductAttention(24), True)),
    "Seq2Seq, Luong, general": lambda: translator(GRU, luong(GeneralAttention(24, 24)), 2),
    "T5": lambda: translated(T5(SYMBOLS, d_model=D_MODEL, n_heads=2, d_ff=64)),
    "T5, 1.1": lambda: translated(T5(SYMBOLS, d_model=D_MODEL, n_heads=2, d_ff=48, gated=True, tied=False)),
    "Transformer": lambda: translated(Transformer(SYMBOLS, SYMBOLS, d_model=D_MODEL, n_heads=2, d_ff=64)),
    "GPT": lambda: gpt(),
    "GPT, rotary": lambda: gpt(rotary=True, bias=False, query_key_norm=True),
    "Llama": lambda: llama(),
    "Llama, untied": lambda: llama(tied=False),
    "Llama, LoRA": lambda: adapted(llama()),
    "Llama, LoRA on 8 bits": lambda: adapted(llama(), Int8Linear),
    "Llama, LoRA on 4 bits": lambda: adapted(llama(), Int4Linear),
    "Llama, pruned": lambda: pruned(llama()),
    "BertForClassification, 8-bit table": lambda: small_table(
        bert(lambda b: BertForClassification(b, 3, dropout=0.0), ids(BATCH) % 3)
    ),
    "BertForPreTraining": lambda: pretrained_bert(),
    "BertForPreTraining, sinusoidal": lambda: pretrained_bert(positions="sinusoidal", norm_first=True),
    "BertForClassification": lambda: bert(lambda b: BertForClassification(b, 3, dropout=0.0), ids(BATCH) % 3),
    "BertForTagging": lambda: bert(
        lambda b: BertForTagging(b, 4, dropout=0.0), ids(BATCH, TIME) % 4, positions="rotary"
    ),
    "BertForSpans": lambda: bert(
        BertForSpans, torch.tensor([[0, 2], [1, 2], [0, 1], [3, 7], [2, 2], [0, 0]])
    ),
    "SkipGram": lambda: skipgram(shared_noise=False),
    "SkipGram, shared noise": lambda: skipgram(shared_noise=True),
    "GloVe": lambda: glove(),
}
# Dot products written as a sum of products: autocast leaves them in float32.
WITHOUT_MATRIX_PRODUCTS = {"SkipGram", "GloVe"}
WITH_MUON = {"GPT", "GPT, rotary", "Llama, untied", "T5", "Transformer", "BertForPreTraining"}


def make(name: str) -> tuple[nn.Module, object, Callable]:
    """(model, batch, loss), the same at every call."""
    torch.manual_seed(0)
    return MODELS[name]()


def muon(model: nn.Module) -> Muon:
    return Muon(model, lr=0.02, adamw_lr=3e-3)


def every_module_class() -> set[type[nn.Module]]:
    """Every nn.Module that course_lib.models defines, but those that others of them build on."""
    found = {
        member
        for entry in pkgutil.walk_packages(course_lib.models.__path__, "course_lib.models.")
        for _, member in inspect.getmembers(import_module(entry.name), inspect.isclass)
        if issubclass(member, nn.Module) and member.__module__.startswith("course_lib.models")
    }
    return {one for one in found if not any(issubclass(other, one) and other is not one for other in found)}
