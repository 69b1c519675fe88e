"""The Transformer encoder against torch.nn's and Hugging Face's BERT encoder: seconds of a training pass."""

import torch
from torch import nn

from benchmarks.recurrent import training_pass
from benchmarks.registry import benchmark
from benchmarks.timing import interleaved, table
from course_lib.models.transformer import TransformerEncoder

BATCH, TIME, LAYERS, HEADS = 32, 128, 2, 4
# d_model → rounds
SIZES = {128: 15, 256: 9}
# Whose seconds → which of ours has dropout in the same places (BERT has none inside the feed-forward), and the bound.
BOUNDS = {"torch.nn": ("ours", 1.0), "Hugging Face": ("ours, as BERT", 1.10)}


@benchmark(
    "encoder",
    "the Transformer encoder against torch.nn and Hugging Face's BERT, forward and backward",
    minutes=3,
)
def run() -> None:
    rows = []
    for d_model, rounds in SIZES.items():
        for dropout in (0.0, 0.1):
            passes = encoders(d_model, dropout)
            x = torch.randn(BATCH, TIME, d_model, requires_grad=True)
            weight = torch.randn(BATCH, TIME, d_model)
            seconds = interleaved(
                {name: training_pass(module, x, weight) for name, module in passes.items()}, rounds
            )
            for name, (mine, bound) in BOUNDS.items():
                rows.append(
                    (
                        f"d_model {d_model}, dropout {dropout}",
                        name,
                        f"{seconds[mine]:.4f}",
                        f"{seconds[name]:.4f}",
                        f"{seconds[mine] / seconds[name]:.2f}",
                        f"≤ {bound}",
                    )
                )
    print(
        f"{LAYERS} layers, {HEADS} heads, batch {BATCH}, {TIME} tokens; CPU-seconds of a forward and backward pass\n"
    )
    print(table(("", "against", "ours, s", "theirs, s", "ratio", "bound"), rows))


def encoders(
    d_model: int, dropout: float, layers: int = LAYERS, n_heads: int = HEADS
) -> dict[str, nn.Module]:
    """Encoders of the same size: post-norm, GELU, four times as wide inside."""
    from transformers import BertConfig
    from transformers.models.bert.modeling_bert import BertEncoder

    d_ff = 4 * d_model
    ours = TransformerEncoder(layers, d_model, n_heads, d_ff, dropout=dropout, activation="gelu")
    as_bert = TransformerEncoder(
        layers, d_model, n_heads, d_ff, dropout=dropout, activation_dropout=0.0, activation="gelu"
    )
    layer = nn.TransformerEncoderLayer(d_model, n_heads, d_ff, dropout, "gelu", batch_first=True)
    torchs = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
    torchs.load_state_dict(ours.state_dict())
    config = BertConfig(
        hidden_size=d_model,
        num_hidden_layers=layers,
        num_attention_heads=n_heads,
        intermediate_size=d_ff,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    config._attn_implementation = "sdpa"
    found = {"ours": ours, "ours, as BERT": as_bert, "torch.nn": torchs, "Hugging Face": BertEncoder(config)}
    return {name: FirstOutput(module) for name, module in found.items()}


class FirstOutput(nn.Module):
    """A module whose result is a tuple that begins with the hidden states."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        y = self.module(x)
        return (y if isinstance(y, torch.Tensor) else y[0],)
