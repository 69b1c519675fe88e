"""The losses over windows, over a whole text and over padded targets against the plain definition."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from course_lib.losses import CarriedLoss, next_symbol_loss, text_loss
from course_lib.models.recurrent import RNN, RecurrentLM
from course_lib.models.seq2seq import teacher_forced_loss
from course_lib.text.batching import stream_windows
from course_lib.text.padding import pair_batches


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


# ---------------------------------------------------------------- label smoothing


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_smoothing_spreads_over_the_symbols_of_real_targets_and_never_over_padding(smoothing, seed):
    generator = torch.Generator().manual_seed(seed)
    pairs = [(torch.randint(4, 9, (n,), generator=generator).tolist(),) * 2 for n in (1, 2, 5, 7)]
    batch = next(pair_batches(pairs, 4, bos_id=2, eos_id=3))
    real = batch.target_out != 0
    assert 0 < real.sum() < real.numel()
    logits = torch.randn(*real.shape, 9, generator=generator, dtype=torch.float64, requires_grad=True)
    loss = teacher_forced_loss(lambda *_: logits, batch, label_smoothing=smoothing)
    log_p = logits.log_softmax(dim=-1)
    by_hand = [
        -(1 - smoothing) * log_p[row, t, symbol] - smoothing * log_p[row, t].mean()
        for row, target in enumerate(batch.target_out.tolist())
        for t, symbol in enumerate(target)
        if symbol != 0
    ]
    torch.testing.assert_close(loss, torch.stack(by_hand).mean(), rtol=1e-12, atol=0)
    loss.backward()
    assert (logits.grad[~real] == 0).all() and (logits.grad[real].abs().sum(-1) > 0).all()


def test_smoothing_gives_the_loss_a_floor_that_certainty_exceeds():
    batch = next(pair_batches([([4, 5], [4, 5])], 1, bos_id=2, eos_id=3))
    one_hot = F.one_hot(batch.target_out, 9).double()
    smoothed = 0.9 * one_hot + 0.1 / 9  # what the smoothed targets ask for
    floor = -(smoothed * smoothed.log()).sum(-1).mean().item()
    best, sure = (
        teacher_forced_loss(lambda *_, x=x: x, batch, label_smoothing=0.1).item()
        for x in (smoothed.log(), 50 * one_hot)
    )
    assert best == pytest.approx(floor, rel=1e-12) and sure > floor + 1
