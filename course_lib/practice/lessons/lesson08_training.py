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
    ],
)


def _count(tied=True, positions=True, biases=True, attention=4, norms=True, last_norm=True, layers=True):
    """Parameters of a GPT; the options are what people forget."""

    def count(vocab_size, max_len, d_model, num_layers):
        matrices = (attention + 8) * d_model**2
        small = (9 if biases else 0) * d_model + (4 if norms else 0) * d_model
        total = vocab_size * d_model * (1 if tied else 2) + (num_layers if layers else 1) * (matrices + small)
        return total + max_len * d_model * positions + 2 * d_model * last_norm

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
            "no positions", _count(positions=False), "You left out the learned positions, max_len · d_model."
        ),
        Mistake(
            "no biases",
            _count(biases=False),
            "You left out the biases of a layer: 3d + d in the attention, 4d + d in the feed-forward network.",
        ),
        Mistake(
            "no norms in the layers",
            _count(norms=False),
            "You left out a layer's two norms: each has a scale and a shift of d_model numbers.",
        ),
        Mistake(
            "no output projection",
            _count(attention=3),
            "You counted three matrices in the attention; W_O is the fourth.",
        ),
        Mistake(
            "no last norm",
            _count(last_norm=False),
            "You left out the norm after the last layer, 2 · d_model.",
        ),
        Mistake(
            "one layer", _count(layers=False), "You counted one layer only; there are num_layers of them."
        ),
    ],
)
