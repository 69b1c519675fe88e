"""Distillation: the three terms by hand, layers from a teacher, and DistilBERT's own model from its weights."""

import math

import pytest
import torch
from torch.testing import assert_close

from course_lib.models.compact import cosine_loss, distillation_loss, soft_loss, with_layers
from course_lib.models.pretrained import distilbert_weights
from course_lib.models.transformer import Bert

SIZES = {"d_model": 16, "n_heads": 4, "num_layers": 4, "max_len": 12}


def bert(**options):
    torch.manual_seed(0)
    return Bert(20, **{**SIZES, **options}).double().eval()


def test_the_soft_loss_by_hand():
    student, teacher = torch.tensor([[0.0, math.log(4)]]), torch.tensor([[math.log(9), 0.0]])
    # At T = 2 the teacher's odds are 3 : 1, the student's 1 : 2.
    expected = 4 * (0.75 * math.log(0.75 / (1 / 3)) + 0.25 * math.log(0.25 / (2 / 3)))
    assert soft_loss(student, teacher, 2.0).item() == pytest.approx(expected, rel=1e-6)
    assert soft_loss(teacher, teacher, 3.0).item() == pytest.approx(0, abs=1e-7)


def test_the_factor_keeps_the_gradients_size():
    teacher = torch.randn(64, 10, generator=torch.Generator().manual_seed(0)) * 0.1
    sizes = []
    for temperature in (1.0, 4.0, 16.0):
        student = torch.zeros(64, 10, requires_grad=True)
        soft_loss(student, teacher, temperature).backward()
        sizes.append(student.grad.norm().item())
    assert max(sizes) < 1.05 * min(sizes)


def test_hinton_s_limit_of_high_temperatures_is_the_squared_distance():
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(5, 7, generator=generator, dtype=torch.float64) for _ in range(2))
    student, teacher = (logits - logits.mean(-1, keepdim=True) for logits in (student, teacher))
    expected = (student - teacher).square().sum() / (2 * 7 * 5)
    assert_close(soft_loss(student, teacher, 1e4), expected, rtol=1e-3, atol=0)


def test_cosines_of_real_tokens():
    student = torch.tensor([[[1.0, 0.0], [0.0, 3.0], [5.0, 5.0]]])
    teacher = torch.tensor([[[2.0, 0.0], [4.0, 0.0], [-1.0, -1.0]]])
    assert cosine_loss(student, teacher).item() == pytest.approx((0 + 1 + 2) / 3)
    assert cosine_loss(student, teacher, torch.tensor([[True, True, False]])).item() == pytest.approx(0.5)


def test_the_terms_add_up_and_the_teacher_learns_nothing():
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(3, 6, generator=generator, requires_grad=True) for _ in range(2))
    ours, theirs = (torch.randn(3, 4, 8, generator=generator, requires_grad=True) for _ in range(2))
    labels = torch.tensor([0, 5, 2])
    loss = distillation_loss(student, teacher, labels, hidden=(ours, theirs), weights=(1.0, 10.0, 100.0))
    expected = soft_loss(student, teacher) + 10 * torch.nn.functional.cross_entropy(student, labels)
    assert_close(loss, expected + 100 * cosine_loss(ours, theirs))
    assert_close(distillation_loss(student, teacher), 5 * soft_loss(student, teacher))
    loss.backward()
    assert student.grad is not None and ours.grad is not None
    assert teacher.grad is None and theirs.grad is None


def test_a_student_begins_with_its_teacher_s_layers():
    teacher = bert()
    student = with_layers(teacher, (0, 2))
    expected, got = teacher.state_dict(), student.state_dict()
    assert len(student.encoder.layers) == 2 and len(teacher.encoder.layers) == 4
    for name, value in got.items():
        assert torch.equal(value, expected[name.replace("layers.1.", "layers.2.")]), name
    student.encoder.layers[0].linear1.weight.data.zero_()
    assert expected["encoder.layers.0.linear1.weight"].abs().sum() > 0  # a copy
    ids = torch.arange(8).view(2, 4)
    assert torch.equal(with_layers(teacher, range(4))(ids), teacher(ids))


def test_distilbert_s_own_weights_and_gradients():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.DistilBertConfig(
        vocab_size=20, dim=16, n_heads=4, n_layers=3, hidden_dim=24, max_position_embeddings=12
    )
    theirs = transformers.DistilBertModel(config).double().eval()
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    ours = bert(num_layers=3, d_ff=24, n_segments=1)
    ours.load_state_dict(distilbert_weights(theirs.state_dict()))
    ids = torch.randint(20, (3, 9), generator=torch.Generator().manual_seed(1))
    real = torch.arange(9) < torch.tensor([9, 4, 7])[:, None]
    expected = theirs(ids, attention_mask=real.long()).last_hidden_state
    got = ours(ids, mask=real)
    assert_close(got[real], expected[real], rtol=1e-10, atol=1e-10)
    for output in (got, expected):
        (output[real] * torch.cos(torch.arange(16.0))).sum().backward()
    gradients = distilbert_weights({name: p.grad for name, p in theirs.named_parameters()})
    for name, parameter in ours.named_parameters():
        if "segment" not in name and "pooler" not in name:
            assert_close(parameter.grad, gradients[name], rtol=1e-9, atol=1e-9, msg=name)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: soft_loss(torch.ones(2, 3), torch.ones(2, 4)), r"student has shape \(2, 3\), teacher \(2, 4\)"),
        (lambda: soft_loss(torch.ones(2, 3), torch.ones(2, 3), 0), "temperature is 0; it must be above 0"),
        (lambda: with_layers(bert(), ()), r"layers is \[\]; expected some of 0 to 3"),
        (lambda: with_layers(bert(), (1, 4)), r"layers is \[1, 4\]"),
        (lambda: distilbert_weights({"pre_classifier.weight": torch.ones(1)}), "no weight of a DistilBERT"),
        (lambda: distilbert_weights({"transformer.layer.0.attention.q_lin.weight": torch.ones(2, 2)}), "but not"),
        (lambda: distilbert_weights({}), "is the state dict complete"),
    ],
)
def test_what_does_not_fit_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
