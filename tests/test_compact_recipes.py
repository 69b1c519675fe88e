"""The recipes of smaller models: a student that begins as its teacher's extract, adapters that train alone."""

from dataclasses import replace

import torch

from course_lib.data import village
from course_lib.models.size import n_parameters
from course_lib.recipes import distil_village, lora_minilm, village_bert
from test_pretrained import minilm  # noqa: F401


def test_a_student_is_an_extract_and_comes_nearer_to_its_teacher():
    teacher = distil_village.teacher()
    student = distil_village.extract(teacher, (0,))
    assert len(student.bert.encoder.layers) == 1
    assert torch.equal(student.decoder_bias, teacher.decoder_bias)
    pairs = village.next_sentence_pairs(200, 1)
    batch = next(village_bert.batches(pairs, 64, 0.3, torch.Generator().manual_seed(0)))
    loss = distil_village.Loss(teacher)
    before = loss(student, batch).item()
    configuration = replace(distil_village.CONFIGURATION, steps=12, pairs=500, warm_up=2)
    trained, history = distil_village.train(seed=0, configuration=configuration, progress=False)
    assert loss(trained, batch).item() < before and history.steps == 12
    # The teacher as its own student: what is left is the hard loss.
    assert loss(distil_village.extract(teacher, (0, 1)), batch) < before / 2
    again, _ = distil_village.train(seed=0, configuration=configuration, progress=False)
    for one, other in zip(trained.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)
    for one, other in zip(teacher.parameters(), distil_village.teacher().parameters(), strict=True):
        assert torch.equal(one, other)


def test_minilm_learns_by_adapters(minilm):  # noqa: F811
    configuration = replace(lora_minilm.CONFIGURATION, n=24, batch=8)
    shares = {}
    for rank in (None, 4):
        model, wordpiece, history = lora_minilm.train(rank=rank, configuration=configuration, progress=False)
        assert history.steps == 3
        shares[rank] = n_parameters(model)
    assert shares[4] < 0.01 * shares[None]
    assert 0 <= lora_minilm.accuracy(model, wordpiece, [("a fine film", 1), ("dull", 0)]) <= 1
