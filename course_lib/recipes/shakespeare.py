"""Tiny Shakespeare, read three times: an LSTM and an RNN with about as many parameters.

`python -m benchmarks shakespeare-lstm` (or `-rnn`) trains one and stores it; lesson 02 compares the two on a play that
neither has read, and looks into the LSTM's gates.
"""

from dataclasses import dataclass

from torch import nn

from course_lib.data import load
from course_lib.device import seed_everything
from course_lib.losses import CarriedLoss, text_loss
from course_lib.models.recurrent import LSTM, RNN, RecurrentLM
from course_lib.text.batching import stream_windows
from course_lib.text.characters import CharVocabulary
from course_lib.training import History, fit

TEST_BEGINS = (
    "Master:\nBoatswain!"  # of the held-out text: there The Taming of the Shrew ends and The Tempest begins
)


@dataclass(frozen=True)
class Configuration:
    """Sizes and training: `steps` windows of `batch` × `time` characters are three times through the text."""

    layer: str
    hidden_size: int
    lr: float  # for the LSTM the lower of two that were tried: with 3e-3 its loss rose again halfway
    d_embed: int = 64
    batch: int = 16
    time: int = 32
    steps: int = 6000
    warm_up: int = 300


CONFIGURATIONS = {
    "shakespeare-lstm": Configuration("LSTM", hidden_size=400, lr=2e-3),
    "shakespeare-rnn": Configuration("RNN", hidden_size=820, lr=1e-3),
}


class Corpus:
    """The text as characters and as numbers.

    Attributes:
        texts: "train", "validation" (the end of The Taming of the Shrew) and "test" (the beginning of The Tempest) →
            strings.
        vocabulary: the characters of the training text.
    """

    def __init__(self):
        text = load("tiny-shakespeare")
        boundary = text.validation.index(TEST_BEGINS)
        held_out = {"validation": text.validation[:boundary], "test": text.validation[boundary:]}
        self.texts = {"train": text.train, **held_out}
        self.vocabulary = CharVocabulary.from_text(text.train)
        self.ids = {split: self.vocabulary.encode(string) for split, string in self.texts.items()}


def build(name: str, corpus: Corpus) -> RecurrentLM:
    """An untrained model: rotations in W_hh, and in the LSTM a forget bias of 1.

    Args:
        name: "shakespeare-lstm" or "shakespeare-rnn".

    Raises:
        ValueError: another name.
    """
    if name not in CONFIGURATIONS:
        raise ValueError(f"There is no recipe {name!r}: choose one of {', '.join(CONFIGURATIONS)}.")
    c = CONFIGURATIONS[name]
    layer = {"LSTM": LSTM, "RNN": RNN}[c.layer](c.d_embed, c.hidden_size).orthogonal_()
    if isinstance(layer, LSTM):
        layer.forget_bias_(1.0)
    return RecurrentLM(len(corpus.vocabulary), c.d_embed, layer)


def train(
    name: str, corpus: Corpus, *, seed: int = 0, device="cpu", **options
) -> tuple[RecurrentLM, History]:
    """Build and train one of the two models; the same again for the same seed.

    Args:
        options: handed to `course_lib.training.fit` (progress, validate_every, checkpoint, …); stop_after: the
            beginning of exactly the same training.
    """
    seed_everything(seed)
    model = build(name, corpus).to(device)
    c = CONFIGURATIONS[name]
    windows = stream_windows(corpus.ids["train"], batch=c.batch, time=c.time)
    loss = CarriedLoss()
    return model, fit(model, windows, loss, steps=c.steps, lr=c.lr, warm_up=c.warm_up, **options)


def losses(model: nn.Module, corpus: Corpus) -> dict[str, float]:
    """Nats per character on the validation and on the test text, the state carried all along."""
    return {split: text_loss(model, corpus.ids[split]) for split in ("validation", "test")}
