"""Whoever measures a model, or lets it write, leaves every one of its modules in the mode it was in."""

import pytest
import torch
from torch import nn

from course_lib.data import village
from course_lib.decoding import beam_search, free_running_logits, generate, greedy, sample
from course_lib.explore import SamplingPanel
from course_lib.losses import text_loss
from course_lib.models import GPT, LSTM, T5, Llama, RecurrentLM
from course_lib.models.attention import AdditiveAttention, record_attention
from course_lib.models.modes import evaluating, measures
from course_lib.models.seq2seq import Encoder, LuongDecoder, Seq2Seq
from course_lib.models.transformer import BertForClassification, BertForPreTraining, windows_loss
from course_lib.recipes import village_bert, village_probes, village_tasks

IDS = torch.randint(0, 7, (400,), generator=torch.Generator().manual_seed(0))
SOURCE, LENGTHS = (
    torch.randint(2, 7, (3, 5), generator=torch.Generator().manual_seed(1)),
    torch.tensor([5, 3, 4]),
)
ENDS = {"bos_id": 0, "eos_id": 1, "max_len": 4}


def gpt() -> GPT:
    return GPT(7, max_len=16, d_model=8, n_heads=2, num_layers=1, dropout=0.5)


def llama() -> Llama:
    return Llama(7, max_len=16, d_model=8, n_heads=2, n_kv_heads=1, num_layers=1, d_ff=12, dropout=0.5)


def recurrent() -> RecurrentLM:
    return RecurrentLM(7, 6, LSTM(6, 8, 2, dropout=0.5))


def translator() -> Seq2Seq:
    encoder = Encoder(7, 6, LSTM(6, 5, bidirectional=True), dropout=0.5)
    return Seq2Seq(encoder, LuongDecoder(7, 6, LSTM(6, 7), AdditiveAttention(7, 10, 8)))


def t5() -> T5:
    return T5(7, d_model=8, n_heads=2, d_ff=12, num_layers=1, dropout=0.5, max_len=8)


def bert() -> BertForPreTraining:
    return village_bert.build(village_bert.Configuration(d_model=16, num_layers=1))


def pairs() -> list:
    return village.minimal_pairs("agreement", 4, torch.Generator().manual_seed(0))


def press_write(model: GPT) -> None:
    SamplingPanel(model, lambda text: torch.tensor([3, 4]), str, "ab", n_new=3)._go_on()


MEASURES = {
    "text_loss": (recurrent, lambda model: text_loss(model, IDS, streams=4, warm_up=8)),
    "sample": (recurrent, lambda model: sample(model, IDS[None, :4], 3)),
    "windows_loss": (gpt, lambda model: windows_loss(model, IDS, 16)),
    "generate": (gpt, lambda model: generate(model, IDS[None, :4], 10)),
    "generate, Llama": (llama, lambda model: generate(model, IDS[None, :4], 10)),
    "SamplingPanel": (gpt, press_write),
    "greedy": (translator, lambda model: greedy(model, SOURCE, LENGTHS, **ENDS)),
    "beam_search": (translator, lambda model: beam_search(model, SOURCE, LENGTHS, **ENDS, beam=2)),
    "greedy, T5": (t5, lambda model: greedy(model, SOURCE, LENGTHS, **ENDS)),
    "beam_search, T5": (t5, lambda model: beam_search(model, SOURCE, LENGTHS, **ENDS, beam=2)),
    "free_running_logits": (
        translator,
        lambda model: free_running_logits(model, SOURCE, LENGTHS, bos_id=0, steps=3),
    ),
    "accuracy": (bert, lambda model: village_probes.accuracy(model, pairs())),
    "logits_of": (
        lambda: BertForClassification(bert().bert, 2),
        lambda model: village_tasks.logits_of(model, [(["the", "dog", "sees", "the", "cat", "."], 0)]),
    ),
    "masked_score": (bert, lambda model: village_probes.masked_score(model, 3)),
}


def set_modes(model: nn.Module, modes: list[bool]) -> None:
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("outer", [True, False])
def test_every_module_keeps_its_own_mode(name, outer):
    build, measure = MEASURES[name]
    torch.manual_seed(0)
    model = build()
    modes = [outer, *(number % 3 != 0 for number, _ in enumerate(list(model.modules())[1:]))]
    seen = []
    handles = [
        module.register_forward_hook(lambda module, *_: seen.append(module.training))
        for module in model.modules()
    ]
    set_modes(model, modes)
    measure(model)
    assert seen != [] and not any(seen)  # while it ran, all were in evaluation mode
    assert [module.training for module in model.modules()] == modes
    for handle in handles:
        handle.remove()


@pytest.mark.parametrize("name", MEASURES)
def test_also_when_something_fails_half_way(name):
    build, measure = MEASURES[name]
    model = build()

    def fail(*_):
        raise RuntimeError("half way")

    modes = [number % 2 == 0 for number, _ in enumerate(model.modules())]
    set_modes(model, modes)
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="half way"):
        measure(model)
    assert [module.training for module in model.modules()] == modes


def test_recording_changes_no_mode():
    model = translator()
    modes = [number % 2 == 0 for number, _ in enumerate(model.modules())]
    set_modes(model, modes)
    with pytest.raises(RuntimeError, match="half way"), record_attention(model):
        raise RuntimeError("half way")
    assert [module.training for module in model.modules()] == modes


def test_a_measure_has_no_gradients_and_its_own_name():
    model = nn.Linear(2, 2).train()

    @measures
    def measured_once(model, x, *, scale=1):
        assert not model.training and not torch.is_grad_enabled()
        return model(x).sum() * scale

    assert not measured_once(model, torch.ones(1, 2), scale=2).requires_grad
    assert model.training and measured_once.__name__ == "measured_once"
    with evaluating(model):
        assert not model.training
    assert model.training
