"""The loss over windows and over a whole text against the plain definition."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from course_lib.losses import CarriedLoss, next_symbol_loss, text_loss
from course_lib.models.recurrent import RNN, RecurrentLM
from course_lib.text.batching import stream_windows


def model():
    torch.manual_seed(0)
    return RecurrentLM(5, 4, RNN(4, 12).orthogonal_()).double()


def test_next_symbol_loss_is_the_mean_of_minus_log_p():
    logits, targets = torch.randn(2, 3, 5), torch.randint(5, (2, 3))
    by_hand = [-torch.log_softmax(logits[b, t], 0)[targets[b, t]] for b in range(2) for t in range(3)]
    torch.testing.assert_close(next_symbol_loss(logits, targets), torch.stack(by_hand).mean())


def test_carried_windows_give_the_loss_of_one_long_pass():
    lm, ids = model(), torch.randint(5, (2 * 12 + 1,))
    windows = list(stream_windows(ids, batch=2, time=4, epochs=1))
    loss = CarriedLoss()
    in_pieces = torch.stack([loss(lm, window) for window in windows]).mean()
    inputs = torch.cat([window.inputs for window in windows], dim=1)
    targets = torch.cat([window.targets for window in windows], dim=1)
    torch.testing.assert_close(in_pieces, next_symbol_loss(lm(inputs)[0], targets))


def test_gradients_stop_between_windows_and_the_state_restarts_with_the_text():
    lm, ids = model(), torch.randint(5, (2 * 8 + 1,))
    loss = CarriedLoss()
    epochs = list(itertools.islice(stream_windows(ids, batch=2, time=4), 4))
    values = [loss(lm, window) for window in epochs]
    assert not loss.state.requires_grad
    assert [window.is_start for window in epochs] == [True, False, True, False]
    torch.testing.assert_close(values[0], values[2], rtol=0, atol=0)
    assert values[1] != next_symbol_loss(lm(epochs[1].inputs)[0], epochs[1].targets)


def test_text_loss_of_one_stream_is_exact_and_of_many_nearly():
    lm = model()
    ids = torch.randint(5, (700,), generator=torch.Generator().manual_seed(0))
    exact = F.cross_entropy(lm(ids[None, :-1])[0][0], ids[1:]).item()
    assert text_loss(lm, ids, streams=1, warm_up=0) == pytest.approx(exact, rel=1e-12)
    assert text_loss(lm, ids, streams=7, warm_up=60) == pytest.approx(exact, rel=1e-3)
    assert text_loss(lm, ids, streams=7, warm_up=0) != pytest.approx(exact, rel=1e-6)


def test_text_loss_leaves_the_model_in_its_mode_and_runs_on_every_device(any_device):
    lm = model().float().to(any_device).train()
    assert text_loss(lm, torch.randint(5, (300,)), streams=4, warm_up=8) > 0
    assert lm.training
