"""Lesson 08: what a GPT predicts at each position, and how many numbers it learns."""

import torch

from course_lib.practice.cases import generator as seeded
from course_lib.practice.exercise import Exercise, Mistake
from course_lib.practice.properties import has_shape, holds, matches_reference


def _ids() -> list[tuple]:
    generator = seeded(8)
    return [
        (torch.tensor([[3, 1, 4, 2]]),),
        (torch.tensor([[5, 7]]),),
        (torch.randint(100, (3, 6), generator=generator),),
    ]


TARGETS = Exercise(
    id="08.targets",
    title="Inputs and targets",
    points=1,
    reference=lambda ids: (ids[:, :-1], ids[:, 1:]),
    cases=_ids,
    properties=[
        has_shape("Are there two tensors, each (batch, time), one shorter than ids?"),
        holds(
            "Are the inputs all tokens but the last?",
            lambda pair, ids: torch.equal(pair[0], ids[:, :-1]),
        ),
        matches_reference("Is each target the token right after its input?"),
    ],
    hints=[
        "Of n tokens, which one is never an input, and which one is never a target?",
        "Nothing follows the last token, so it is no input; nothing precedes the first, so it is no target.",
        "Both are slices of `ids` along dimension 1, one token shorter each: `ids[:, 1:]` is one of them.",
    ],
    mistakes=[
        Mistake(
            "not shifted",
            lambda ids: (ids[:, :-1], ids[:, :-1]),
            "Your targets are the inputs: the model is asked to repeat what it has just read. The loss goes to 0, and "
            "it learns to copy.",
        ),
        Mistake(
            "previous token",
            lambda ids: (ids[:, 1:], ids[:, :-1]),
            "You exchanged the two: the model is asked for the token before, which it has already read.",
        ),
        Mistake(
            "rolled round",
            lambda ids: (ids, ids.roll(-1, dims=1)),
            "You rolled the text round: the last target is the first token. The last token has no target, so leave it "
            "out of the inputs.",
        ),
        Mistake(
            "first tokens exchanged for the batch",
            lambda ids: (ids[:-1], ids[1:]),
            "You sliced the batch, dimension 0; time is dimension 1: ids[:, 1:].",
        ),
        Mistake(
            "shifted twice",
            lambda ids: (ids[:, :-1], torch.cat([ids[:, 2:], ids[:, -1:]], dim=1)),
            "Your targets are two positions ahead: they were shifted twice. It happens where both the data and the "
            "loss shift.",
        ),
        Mistake(
            "two ahead",
            lambda ids: (ids[:, :-2], ids[:, 2:]),
            "You cut off two tokens at each end: the model would predict the next token but one.",
        ),
        Mistake(
            "last token read",
            lambda ids: (ids, ids[:, 1:]),
            "Your inputs are all of ids, so the last token has no target. Leave it out: ids[:, :-1].",
        ),
        Mistake(
            "inputs rolled round",
            lambda ids: (ids[:, :-1], ids[:, :-1].roll(-1, dims=1)),
            "You rolled the inputs, so the last target is the first token again. The token that follows the inputs is "
            "the last one of ids.",
        ),
        Mistake(
            "last target only",
            lambda ids: (ids[:, :-1], ids[:, -1:]),
            "You keep one target for each row. Every position is an example: it has the token after it as a target.",
        ),
        Mistake(
            "last target only, without time",
            lambda ids: (ids[:, :-1], ids[:, -1]),
            "You keep one target for each row. Every position is an example: it has the token after it as a target.",
        ),
        Mistake(
            "inputs shifted too",
            lambda ids: (ids[:, 1:], ids[:, 1:]),
            "You shifted the inputs as well, so each target is the token that is read. Inputs begin with the first "
            "token.",
        ),
        Mistake(
            "first token left out",
            lambda ids: (ids[:, 1:-1], ids[:, 2:]),
            "Your inputs begin with the second token. The first token is read too: it predicts the second.",
        ),
        Mistake(
            "beginning put in front",
            lambda ids: (torch.nn.functional.pad(ids, (1, -1)), ids),
            "You put a start symbol in front and took all of ids as targets, as for a decoder in lesson 04. Here the "
            "first token is only read, so both are slices of ids.",
        ),
        Mistake(
            "flat targets",
            lambda ids: (ids[:, :-1], ids[:, 1:].flatten()),
            "You flattened the targets. The loss does that later; here both are (batch, time).",
        ),
    ],
)


def _count(
    matrices=12,
    biases=9,
    norms=4,
    last_norm=2,
    tied=True,
    positions=1,
    layers="all",
    d_ff=None,
    output_bias=0,
    mask=False,
):
    """Parameters of a GPT; the options are what people forget. biases and norms: how many times d_model in a layer."""

    def count(vocab_size, max_len, d_model, num_layers):
        layer = matrices * d_model**2 + (biases + norms) * d_model
        if d_ff:  # a width of its own instead of 4 d
            layer += 2 * d_model * (d_ff - 4 * d_model) + d_ff - 4 * d_model
        tables = num_layers if positions == "in each layer" else positions
        outside = vocab_size * (d_model * (1 if tied else 2) + output_bias) + max_len * d_model * tables
        outside += last_norm * d_model + mask * max_len**2
        if layers == "times everything":
            return num_layers * (outside + layer)
        return outside + {"all": num_layers, "one": 1, "none": 0}[layers] * layer

    return count


N_PARAMETERS = Exercise(
    id="08.n_parameters",
    title="The size of a GPT",
    reference=_count(),
    cases=lambda: [(0, 0, 2, 1), (10, 0, 2, 1), (10, 6, 4, 1), (10, 6, 4, 3), (50_257, 1024, 768, 12)],
    tolerance=1e-12,
    properties=[
        matches_reference(
            "With one layer of width 2, no symbols and no positions, are all matrices, biases and norms counted?",
            cases=0,
        ),
        matches_reference("With a vocabulary of ten symbols, is their matrix counted once?", cases=1),
        matches_reference("With six learned positions, are they counted?", cases=2),
        matches_reference("With three layers of width 4, is each of them counted?", cases=3),
        matches_reference("Is the number right for the sizes of GPT-2?", cases=4),
    ],
    hints=[
        "Go through the cell above line by line. Which weights exist once, and which num_layers times?",
        "Attention: four d × d matrices with a bias of d each. Feed-forward: d × 4d and 4d × d, with biases of 4d "
        "and d. Each norm: a scale and a shift of d.",
        "One layer has 12 d² + 13 d numbers. To num_layers of these add embedding, positions and the last norm.",
    ],
    mistakes=[
        Mistake(
            "output layer counted too",
            _count(tied=False),
            "You counted the output layer as well; it is the embedding's matrix (tied), which you have already.",
        ),
        Mistake(
            "bias in the output layer",
            _count(output_bias=1),
            "You gave the output layer a bias. It is the embedding matrix once more, and nothing else.",
        ),
        Mistake(
            "no positions", _count(positions=0), "You left out the learned positions, max_len · d_model."
        ),
        Mistake(
            "positions in each layer",
            _count(positions="in each layer"),
            "You gave each layer a table of positions. There is one: it is added to the embedding, before the first "
            "layer.",
        ),
        Mistake(
            "mask counted",
            _count(mask=True),
            "You counted the causal mask, max_len × max_len. Nothing in it is learned.",
        ),
        Mistake(
            "no biases",
            _count(biases=0),
            "You left out the biases of a layer: 3d + d in the attention, 4d + d in the feed-forward network.",
        ),
        Mistake(
            "4 d missing in a layer",
            _count(norms=0),
            "In each layer 4d numbers are missing: either the biases of W_Q, W_K, W_V and W_O, or the scale and shift "
            "of its two norms.",
        ),
        Mistake(
            "no biases in the feed-forward network",
            _count(biases=4),
            "You left out the two biases of the feed-forward network: 4d and d.",
        ),
        Mistake(
            "both feed-forward biases d",
            _count(biases=6),
            "You gave both biases of the feed-forward network d numbers. A bias is as long as its layer's output: 4d "
            "in the first.",
        ),
        Mistake(
            "both feed-forward biases 4 d",
            _count(biases=12),
            "You gave both biases of the feed-forward network 4d numbers. A bias is as long as its layer's output: d "
            "in the second.",
        ),
        Mistake(
            "one norm a layer",
            _count(norms=2),
            "You counted one norm a layer. There are two: before the attention and before the feed-forward network.",
        ),
        Mistake(
            "norms without a shift",
            _count(norms=2, last_norm=1),
            "You counted d numbers for a norm. It has a scale and a shift, 2d.",
        ),
        Mistake(
            "no norms at all",
            _count(norms=0, last_norm=0),
            "You left out the norms: two in each layer and one after the last, each with a scale and a shift.",
        ),
        Mistake(
            "no output projection",
            _count(matrices=11, biases=8),
            "You counted three matrices in the attention; W_O is the fourth, with a bias of its own.",
        ),
        Mistake(
            "no output projection's matrix",
            _count(matrices=11),
            "You counted three matrices in the attention; W_O is the fourth.",
        ),
        Mistake(
            "one matrix in the feed-forward network",
            _count(matrices=8, biases=8),
            "You counted one matrix in the feed-forward network. A second one leads from 4d back to d.",
        ),
        Mistake(
            "feed-forward as wide as the model",
            _count(matrices=6, biases=6),
            "You made the feed-forward network as wide as the model. Between its two matrices it is 4d wide.",
        ),
        Mistake(
            "feed-forward 2,048 wide",
            _count(d_ff=2048),
            "You made the feed-forward network 2,048 wide, PyTorch's default. Here it is four times as wide as the "
            "model.",
        ),
        Mistake(
            "no last norm",
            _count(last_norm=0),
            "You left out the norm after the last layer, 2 · d_model.",
        ),
        Mistake(
            "one layer", _count(layers="one"), "You counted one layer only; there are num_layers of them."
        ),
        Mistake(
            "no layers", _count(layers="none"), "You left out the layers: most numbers of a GPT are in them."
        ),
        Mistake(
            "no layers, no last norm",
            _count(layers="none", last_norm=0),
            "You counted the embeddings alone. Most numbers of a GPT are in its layers.",
        ),
        Mistake(
            "everything once a layer",
            _count(layers="times everything"),
            "You multiplied everything by num_layers. Embedding, positions and last norm exist once.",
        ),
    ],
    time_limit=20.0,  # an answer may build the model: what PyTorch imports for that takes seconds
)
