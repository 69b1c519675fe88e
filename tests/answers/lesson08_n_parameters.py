"""08.n_parameters, answered from the prompt alone."""

import math
from collections import Counter

import numpy as np
import torch
from torch import nn

from answers import right, wrong
from course_lib.models import GPT
from course_lib.models.size import n_parameters

ID = "08.n_parameters"


@right(ID)
def closed_formula(vocab_size, max_len, d_model, num_layers):
    d = d_model
    return d * (vocab_size + max_len + 2 + num_layers * (12 * d + 13))


@right(ID)
def counted_layer_by_layer(vocab_size, max_len, d_model, num_layers):
    total = vocab_size * d_model
    total += max_len * d_model
    for _ in range(num_layers):
        total += 2 * d_model  # norm1
        for _ in "QKVO":
            total += d_model * d_model + d_model
        total += 2 * d_model  # norm2
        total += d_model * (4 * d_model) + 4 * d_model
        total += 4 * d_model * d_model + d_model
    return total + 2 * d_model


@right(ID)
def shapes_multiplied(vocab_size, max_len, d_model, num_layers):
    d = d_model
    layer = [
        (3 * d, d),
        (3 * d,),
        (d, d),
        (d,),
        (4 * d, d),
        (4 * d,),
        (d, 4 * d),
        (d,),
        (d,),
        (d,),
        (d,),
        (d,),
    ]
    return sum(map(math.prod, [(vocab_size, d), (max_len, d), (d,), (d,), *layer * num_layers]))


@right(ID)
def modules_on_the_meta_device(vocab_size, max_len, d_model, num_layers):
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(d_model, 1, 4 * d_model, activation="gelu", norm_first=True)
        outside = nn.Embedding(vocab_size, d_model), nn.Embedding(max_len, d_model), nn.LayerNorm(d_model)
    once = sum(p.numel() for p in nn.ModuleList(outside).parameters())
    return once + num_layers * sum(p.numel() for p in layer.parameters())


@right(ID)
def the_library_model_is_asked(vocab_size, max_len, d_model, num_layers):
    with torch.device("meta"):
        return n_parameters(
            GPT(vocab_size, max_len=max_len, d_model=d_model, n_heads=1, num_layers=num_layers)
        )


@right(ID)
def small_helpers(vocab_size, max_len, d_model, num_layers):
    def linear(n_in, n_out):
        return n_in * n_out + n_out

    def norm():
        return d_model + d_model

    attention = linear(d_model, 3 * d_model) + linear(d_model, d_model)
    feed_forward = linear(d_model, 4 * d_model) + linear(4 * d_model, d_model)
    return (vocab_size + max_len) * d_model + num_layers * (attention + feed_forward + 2 * norm()) + norm()


@right(ID)
def numpy_dot(vocab_size, max_len, d_model, num_layers):
    how_many = np.array([vocab_size + max_len, 12 * num_layers, 13 * num_layers + 2])
    return int(how_many @ np.array([d_model, d_model**2, d_model]))


@right(ID)
def a_numpy_integer(vocab_size, max_len, d_model, num_layers):
    d = np.int64(d_model)
    return (vocab_size + max_len) * d + num_layers * (12 * d**2 + 13 * d) + 2 * d


@right(ID)
def a_counter_of_names(vocab_size, max_len, d_model, num_layers):
    d, numbers = d_model, Counter()
    numbers["embedding"] += vocab_size * d
    numbers["positions"] += max_len * d
    numbers["last norm"] += 2 * d
    for name, size in {
        "in": 3 * d * (d + 1),
        "out": d * (d + 1),
        "ffn": 8 * d**2 + 5 * d,
        "norms": 4 * d,
    }.items():
        numbers[name] += num_layers * size
    return numbers.total()


@right(ID)
def recursion_over_layers(vocab_size, max_len, d_model, num_layers):
    if num_layers == 0:
        return (vocab_size + max_len + 2) * d_model
    return recursion_over_layers(vocab_size, max_len, d_model, num_layers - 1) + d_model * (12 * d_model + 13)


@right(ID)
def width_of_the_feed_forward_named(vocab_size, max_len, d_model, num_layers):
    d_ff = 4 * d_model
    per_layer = 4 * (d_model + 1) * d_model + (d_model + 1) * d_ff + (d_ff + 1) * d_model + 4 * d_model
    return per_layer * num_layers + d_model * sum((vocab_size, max_len, 1, 1))


def formula(
    *,
    matrices=12,
    biases=9,
    norms=2,
    norm_size=2,
    positions=1,
    last_norm=True,
    embeddings=1,
    output_bias=False,
    layers=None,
):
    def count(vocab_size, max_len, d_model, num_layers):
        n = num_layers if layers is None else layers
        d = d_model
        total = embeddings * vocab_size * d + positions * max_len * d
        total += n * (matrices * d * d + (biases + norms * norm_size) * d)
        return total + last_norm * norm_size * d + output_bias * vocab_size

    return count


wrong(ID, "the output layer has a matrix of its own", named="output layer counted too")(formula(embeddings=2))
wrong(ID, "no biases", named="no biases")(formula(biases=0))
wrong(ID, "no bias in the attention", named="4 d missing in a layer")(formula(biases=5))
wrong(ID, "no bias in the feed-forward network", named="no biases in the feed-forward network")(
    formula(biases=4)
)
wrong(ID, "both biases of the feed-forward network are d wide", named="both feed-forward biases d")(
    formula(biases=6)
)
wrong(ID, "both biases of the feed-forward network are 4 d wide", named="both feed-forward biases 4 d")(
    formula(biases=12)
)
wrong(ID, "last norm forgotten", named="no last norm")(formula(last_norm=False))
wrong(ID, "positions forgotten", named="no positions")(formula(positions=0))
wrong(ID, "one norm a layer", named="one norm a layer")(formula(norms=1))
wrong(ID, "no norms at all", named="no norms at all")(formula(norms=0, last_norm=False))
wrong(ID, "a norm has only a scale", named="norms without a shift")(formula(norm_size=1))
wrong(ID, "attention without its output matrix", named="no output projection")(formula(matrices=11, biases=8))
wrong(ID, "one matrix in the feed-forward network", named="one matrix in the feed-forward network")(
    formula(matrices=8, biases=8)
)
wrong(ID, "one layer only", named="one layer")(formula(layers=1))
wrong(ID, "the output layer has a bias", named="bias in the output layer")(formula(output_bias=True))
wrong(ID, "feed-forward as wide as the model", named="feed-forward as wide as the model")(
    formula(matrices=6, biases=6)
)


@wrong(ID, named="everything once a layer")
def everything_times_the_layers(vocab_size, max_len, d_model, num_layers):
    return num_layers * formula()(vocab_size, max_len, d_model, 1)


@wrong(ID, named="no layers, no last norm")
def embeddings_alone(vocab_size, max_len, d_model, num_layers):
    return (vocab_size + max_len) * d_model


@wrong(ID, named="feed-forward 2,048 wide")
def torch_encoder_layer_at_its_default_width(vocab_size, max_len, d_model, num_layers):
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(d_model, 1)  # dim_feedforward 2048
    return (vocab_size + max_len + 2) * d_model + num_layers * sum(p.numel() for p in layer.parameters())


@wrong(ID)
def in_millions(vocab_size, max_len, d_model, num_layers):
    return formula()(vocab_size, max_len, d_model, num_layers) / 1e6


@wrong(ID, named="mask counted")
def causal_mask_counted(vocab_size, max_len, d_model, num_layers):
    return formula()(vocab_size, max_len, d_model, num_layers) + max_len * max_len


@wrong(ID, named="positions in each layer")
def positions_in_every_layer(vocab_size, max_len, d_model, num_layers):
    layer = 12 * d_model**2 + 13 * d_model + max_len * d_model
    return vocab_size * d_model + num_layers * layer + 2 * d_model
