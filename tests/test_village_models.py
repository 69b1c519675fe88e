"""Language models on the village come down to its exact entropy, and none goes below."""

import pytest
import torch
import torch.nn.functional as F

from course_lib.data import village
from course_lib.models.recurrent import LSTM, RecurrentLM
from course_lib.text.padding import pad
from course_lib.training import fit

# <pad> is 0; a sentence's last word, its full stop, is the sign after which the next one begins.
IDS = {word: number for number, word in enumerate(village.VOCABULARY, start=1)}
STOP = IDS["."]


def batch_of(sentences):
    """(batch, time + 1): every sentence after the full stop of the one before."""
    return pad([[STOP, *(IDS[word] for word in sentence.words)] for sentence in sentences])[0]


def loss(model, ids):
    logits, _ = model(ids[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=0)


@pytest.mark.slow
def test_an_lstm_approaches_the_entropy_from_above():
    torch.manual_seed(0)
    model = RecurrentLM(len(IDS) + 1, 48, LSTM(48, 96))
    drawn = village.sample(64 * 400, seed=1)
    batches = (batch_of(drawn[start : start + 64]) for start in range(0, len(drawn), 64))
    fresh = batch_of(village.sample(4000, seed=2))
    # What the best possible model would pay for these very sentences, so that their luck does not count.
    floor = -sum(village.SENTENCES.log_prob(s.words) for s in village.sample(4000, seed=2)) / int(
        (fresh[:, 1:] > 0).sum()
    )
    assert floor == pytest.approx(village.SENTENCES.entropy().nats_per_token, abs=0.03)
    found = {}

    def look(model):
        found[len(found)] = loss(model, fresh).item()
        return found[len(found) - 1]

    fit(model, batches, loss, steps=400, lr=1e-2, validate=look, validate_every=100, progress=False)
    values = list(found.values())
    assert values == sorted(values, reverse=True)
    assert all(value > floor for value in values)
    assert values[-1] < floor + 0.15
