"""BERT against Hugging Face's BertModel with the same weights: seconds of reading, and of a training pass."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib.models.pretrained import bert_weights
from course_lib.models.transformer import Bert

BOUND = 1.05


@dataclass(frozen=True)
class Shape:
    """One size of model and batch; `rounds` so that all of them take about a minute."""

    name: str
    vocab_size: int
    d_model: int
    n_heads: int
    num_layers: int
    batch: int
    time: int
    rounds: int


SHAPES = (
    Shape("MiniLM", 30_522, 384, 12, 6, batch=8, time=128, rounds=9),
    Shape("village", 128, 128, 4, 3, batch=64, time=24, rounds=25),
)


@benchmark("bert", "BERT against Hugging Face's BertModel, forward only, and forward and backward", minutes=2)
def run() -> None:
    rows = []
    for shape in SHAPES:
        ours, theirs = pair(shape)
        ids = torch.randint(1, shape.vocab_size, (shape.batch, shape.time))
        segments = (torch.arange(shape.time) >= shape.time // 2).long().expand_as(ids).contiguous()
        # Every row of another length, as in a real batch.
        lengths = torch.linspace(shape.time // 2, shape.time, shape.batch).long()
        real = torch.arange(shape.time) < lengths[:, None]
        readers = {
            "ours": lambda m=ours, i=ids, s=segments, r=real: m(i, s, mask=r),
            "Hugging Face": lambda m=theirs, i=ids, s=segments, r=real: (
                m(input_ids=i, token_type_ids=s, attention_mask=r.long()).last_hidden_state
            ),
        }
        torch.testing.assert_close(
            readers["ours"]()[real], readers["Hugging Face"]()[real], atol=1e-4, rtol=1e-4
        )
        models = {"ours": ours, "Hugging Face": theirs}
        for what, make in (("forward", reading), ("forward and backward", training)):
            passes = {name: make(models[name], read) for name, read in readers.items()}
            seconds = interleaved(passes, shape.rounds)
            rows.append(
                (
                    f"{shape.name}, {shape.num_layers} × {shape.d_model}, batch {shape.batch} × {shape.time}, {what}",
                    f"{seconds['ours']:.4f}",
                    f"{seconds['Hugging Face']:.4f}",
                    f"{seconds['ours'] / seconds['Hugging Face']:.2f}",
                    f"≤ {BOUND}",
                )
            )
    print("Padded batches with segments, no dropout; CPU-seconds, median\n")
    print(table(("", "ours, s", "Hugging Face (sdpa), s", "ratio", "bound"), rows))


def pair(shape: Shape) -> tuple[Bert, nn.Module]:
    """Both models with the same weights, without the pooler, in training mode."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.d_model,
        num_hidden_layers=shape.num_layers,
        num_attention_heads=shape.n_heads,
        intermediate_size=4 * shape.d_model,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    config._attn_implementation = "sdpa"
    theirs = BertModel(config, add_pooling_layer=False)
    ours = Bert(shape.vocab_size, d_model=shape.d_model, n_heads=shape.n_heads, num_layers=shape.num_layers)
    ours.load_state_dict(bert_weights(theirs.state_dict()), strict=False)
    return ours, theirs


def reading(model: nn.Module, read: Callable[[], torch.Tensor]) -> Callable[[], None]:
    """One forward pass without gradients."""

    def forward() -> None:
        with torch.inference_mode():
            read()

    return forward


def training(model: nn.Module, read: Callable[[], torch.Tensor]) -> Callable[[], None]:
    """One forward and one backward pass, to the gradients of all parameters."""

    def forward_and_backward() -> None:
        model.zero_grad()
        read().square().mean().backward()

    return forward_and_backward
