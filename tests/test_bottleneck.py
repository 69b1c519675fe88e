"""The bottleneck experiment: the same numbers for everybody, and an accuracy that means what it says."""

import pytest
import torch

from course_lib.decoding import Hypothesis
from course_lib.models.attention import record_attention
from course_lib.recipes import bottleneck


def test_numbers_are_the_same_again_and_of_the_lengths_asked_for():
    drawn = bottleneck.numbers(300, seed=3)
    assert drawn == bottleneck.numbers(300, seed=3) != bottleneck.numbers(300, seed=4)
    assert {len(number) for number in drawn} == set(bottleneck.LENGTHS)
    assert set("".join(drawn)) == set("0123456789")
    assert {len(number) for number in bottleneck.numbers(50, [2, 7])} == {2, 7}
    assert bottleneck.numbers(0) == []
    for n, lengths in ((-1, [3]), (5, []), (5, [0, 2])):
        with pytest.raises(ValueError, match=rf"n is {n} and lengths"):
            bottleneck.numbers(n, lengths)


def test_models_differ_in_what_joins_reader_and_writer_only():
    fixed, narrow, looking = (
        bottleneck.build(),
        bottleneck.build(vector_size=8),
        bottleneck.build(attention=True),
    )
    assert fixed.bridge.vector(fixed.encoder(torch.tensor([[4, 5]]), torch.tensor([2]))[1]).shape == (1, 128)
    assert narrow.bridge.vector(narrow.encoder(torch.tensor([[4, 5]]), torch.tensor([2]))[1]).shape == (1, 8)
    with record_attention(looking) as maps:
        looking(torch.tensor([[4, 5, 6]]), torch.tensor([3]), torch.tensor([[2, 4]]))
    assert maps["decoder.attention"].shape == (1, 2, 3)
    for name, weight in fixed.encoder.state_dict().items():
        assert torch.equal(weight, looking.encoder.state_dict()[name]), name
        assert torch.equal(weight, narrow.encoder.state_dict()[name]), name


def test_building_leaves_the_random_numbers_of_others_alone():
    before = torch.get_rng_state()
    first, again, other = bottleneck.build(), bottleneck.build(), bottleneck.build(seed=1)
    assert torch.equal(before, torch.get_rng_state())
    same, differs = (
        torch.equal(first.decoder.head.weight, model.decoder.head.weight) for model in (again, other)
    )
    assert same and not differs


def test_training_starts_well_and_is_the_same_again():
    histories = []
    for _ in range(2):
        model = bottleneck.build(vector_size=8)
        histories.append(bottleneck.train(model, steps=12, progress=False))
    assert histories[0].losses == histories[1].losses
    assert histories[0].losses[-1] < histories[0].losses[0]


def test_accuracy_by_length_counts_whole_answers(monkeypatch):
    """A writer that is right up to five digits, and then forgets the last one or writes one too many."""

    def writes(model, source, lengths, **options):
        ids = [row[:length] for row, length in zip(source.tolist(), lengths.tolist(), strict=True)]
        assert options["max_len"] == max(lengths) + 2
        answers = [row if len(row) <= 5 else row[:-1] if len(row) == 6 else [*row, 4] for row in ids]
        return [Hypothesis(row, 0.0, 0.0, True) for row in answers]

    monkeypatch.setattr(bottleneck, "greedy", writes)
    assert bottleneck.accuracy_by_length(None, (1, 5, 6, 7), n=10) == {1: 1.0, 5: 1.0, 6: 0.0, 7: 0.0}
    with pytest.raises(ValueError, match="n is 0"):
        bottleneck.accuracy_by_length(None, n=0)


def test_an_untrained_model_writes_no_long_number_right():
    assert bottleneck.accuracy_by_length(bottleneck.build(), (8,), n=20) == {8: 0.0}
