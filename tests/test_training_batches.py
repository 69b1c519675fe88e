"""What `fit` takes batches from: lists and DataLoaders are read again and again, an iterator that ends is named."""

import itertools
from collections import UserDict, namedtuple

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader, TensorDataset

from course_lib.training import fit
from course_lib.training.feed import Feed, to_device
from small_training import batches, small_model, squared_error, weights

Pair = namedtuple("Pair", "x y")


def seen_by(feed, n):
    return [feed.next() for _ in range(n)]


def data(n=20, seed=0):
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    return TensorDataset(x, x.sum(dim=1, keepdim=True))


# ---------------------------------------------------------------- again and again


class Restarting:
    """An iterator of the old kind: iter() sets it back and returns the same object."""

    def __iter__(self):
        self.at = 0
        return self

    def __next__(self):
        self.at += 1
        if self.at > 3:
            raise StopIteration
        return self.at - 1


class ByNumber:
    """Readable by number only, as a torch Dataset is."""

    def __getitem__(self, number):
        if number >= 3:
            raise IndexError
        return number


@pytest.mark.parametrize(
    "again", [[0, 1, 2], (0, 1, 2), range(3), Restarting(), ByNumber()], ids=lambda x: type(x).__name__
)
def test_what_can_be_read_again_is_read_epoch_after_epoch(again):
    feed = Feed(again, steps=8)
    assert seen_by(feed, 8) == [0, 1, 2, 0, 1, 2, 0, 1] and feed.epoch == 2


def test_a_short_list_gives_all_steps_with_the_whole_schedule_and_the_last_look():
    model, seven = small_model(), list(itertools.islice(batches(), 7))
    rates = []

    def optimizer(model):
        made = torch.optim.SGD(model.parameters(), lr=0.1)
        made.register_step_pre_hook(lambda opt, *_: rates.append(opt.param_groups[0]["lr"]))
        return made

    options = {"validate": lambda m: 1.0, "make_optimizer": optimizer, "progress": False}
    history = fit(model, seven, squared_error, steps=30, **options)
    assert (history.steps, history.stopped) == (30, "finished")
    assert history.validation[-1] == (30, 1.0)
    assert len(rates) == 30 and rates[0] == 0.1 and rates[-1] < 0.003
    cycled = small_model()
    assert fit(cycled, itertools.cycle(seven), squared_error, steps=30, **options).losses == history.losses


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_data_loader_shuffles_anew_in_each_epoch(seed):
    torch.manual_seed(seed)
    numbers = TensorDataset(torch.arange(20))
    feed = Feed(DataLoader(numbers, batch_size=5, shuffle=True), steps=12)
    epochs = [torch.cat([feed.next()[0] for _ in range(4)]).tolist() for _ in range(3)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_batches_of_dicts_from_a_data_loader_reach_the_loss(any_device):
    rows = [{"x": x, "y": y, "name": "a"} for x, y in data()]
    model, seen = small_model().to(any_device), []

    def loss(model, batch):
        seen.append(batch["name"])
        return squared_error(model, (batch["x"], batch["y"]))

    history = fit(model, DataLoader(rows, batch_size=10), loss, steps=50, lr=0.02, progress=False)
    assert seen[0] == ["a"] * 10 and history.losses[-1] < 0.1 * history.losses[0]


# ---------------------------------------------------------------- batches that run out


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_iterator_that_ends_early_is_named_and_nothing_is_lost(seed, tmp_path):
    path, model = tmp_path / "run.safetensors", small_model(seed)
    seven = list(itertools.islice(batches(seed), 7))
    options = {"steps": 30, "progress": False}
    with pytest.raises(
        ValueError, match="(?s)this generator gave 7 .*there are to be 30 steps.*a list or a DataLoader"
    ) as caught:
        fit(model, (batch for batch in seven), squared_error, checkpoint=path, **options)
    history = caught.value.history
    assert (history.steps, history.stopped) == (7, "failed")
    assert any("7 steps are done" in note and ".history" in note for note in caught.value.__notes__)
    straight = small_model(seed)
    assert fit(straight, seven, squared_error, stop_after=7, **options).losses == history.losses
    assert torch.equal(weights(model), weights(straight))
    # And the file goes on with what can be read again.
    whole, resumed = small_model(seed), small_model(seed + 9)
    expected = fit(whole, seven, squared_error, **options)
    assert (
        fit(resumed, seven, squared_error, checkpoint=path, resume=True, **options).losses == expected.losses
    )
    assert torch.equal(weights(resumed), weights(whole))


@pytest.mark.parametrize(
    "empty", [[], (), iter([]), DataLoader([], batch_size=2)], ids=lambda x: type(x).__name__
)
def test_no_batch_at_all_is_an_error_that_changes_nothing(empty, tmp_path):
    model, path = small_model(), tmp_path / "run.safetensors"
    before = weights(model)
    with pytest.raises(ValueError, match=f"batches is empty: this {type(empty).__name__} gave not one batch"):
        fit(model, empty, squared_error, steps=5, checkpoint=path, progress=False)
    assert torch.equal(weights(model), before) and not path.exists()


def test_an_iterable_whose_iterator_is_used_up_is_named_too():
    class Once:
        def __init__(self):
            self.batches = itertools.islice(batches(), 4)

        def __iter__(self):
            return self.batches

    with pytest.raises(ValueError, match="this Once gave 4 and cannot be read again"):
        fit(small_model(), Once(), squared_error, steps=5, progress=False)


def test_an_iterator_may_have_exactly_as_many_batches_as_steps():
    assert (
        fit(small_model(), itertools.islice(batches(), 5), squared_error, steps=5, progress=False).steps == 5
    )


@pytest.mark.parametrize(
    "one",
    [{"x": torch.zeros(2)}, torch.zeros(4, 3), Pair(torch.zeros(2), torch.zeros(2)), "abc", 5],
    ids=lambda x: type(x).__name__,
)
def test_a_single_batch_is_not_taken_for_many(one):
    with pytest.raises(
        TypeError, match=rf"batches is a {type(one).__name__}; expected a list.*pass \[batch\]"
    ):
        fit(small_model(), one, squared_error, steps=5, progress=False)


# ---------------------------------------------------------------- going on in the middle of an epoch


class Shuffled:
    """Draws its order from torch's own random numbers each time that it is read."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __iter__(self):
        for rows in torch.randperm(len(self.dataset)).split(4):
            yield self.dataset[rows]


SOURCES = {
    "list": lambda seed: list(itertools.islice(batches(seed), 5)),
    "DataLoader": lambda seed: DataLoader(data(seed=seed), batch_size=4, shuffle=True),
    "DataLoader with a generator": lambda seed: DataLoader(
        data(seed=seed), batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(seed)
    ),
    "order drawn when read": lambda seed: Shuffled(data(seed=seed)),
    "endless generator": batches,
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("source", SOURCES)
def test_a_resumed_training_goes_on_where_it_was_across_epochs(source, seed, tmp_path):
    """Dropout draws from the same random numbers as the order of the batches."""
    options = {"steps": 17, "progress": False, "lr": 0.02}
    whole = small_model(seed, dropout=0.3)
    expected = fit(whole, SOURCES[source](seed), squared_error, **options)
    for stop in (3, 5, 12):  # in the first epoch of 5 batches, at its end, in the third
        path = tmp_path / f"{stop}.safetensors"
        model = small_model(seed, dropout=0.3)
        paused = fit(model, SOURCES[source](seed), squared_error, checkpoint=path, stop_after=stop, **options)
        assert (paused.steps, paused.stopped) == (stop, "paused") and paused.losses == expected.losses[:stop]
        other_source = SOURCES[source](seed)
        again = small_model(seed + 5, dropout=0.3)  # a new process: other weights, other random numbers
        resumed = fit(again, other_source, squared_error, checkpoint=path, resume=True, **options)
        assert resumed.losses == expected.losses, stop
        assert torch.equal(weights(again), weights(whole))


def test_what_cannot_be_skipped_is_named(tmp_path):
    path = tmp_path / "run.safetensors"
    fit(small_model(), batches(), squared_error, steps=30, stop_after=9, checkpoint=path, progress=False)
    with pytest.raises(ValueError, match="this islice gave 4"):
        fit(
            small_model(),
            itertools.islice(batches(), 4),
            squared_error,
            steps=30,
            checkpoint=path,
            resume=True,
            progress=False,
        )


# ---------------------------------------------------------------- to the model's device


def test_every_tensor_of_a_batch_is_moved():
    meta = torch.device("meta")
    x = torch.zeros(2, 3)
    moved = to_device({"a": [x, (x, "text")], "b": Pair(x, 3), "c": UserDict(d=x)}, meta)
    assert (
        moved["a"][0].device
        == moved["a"][1][0].device
        == moved["b"].x.device
        == moved["c"]["d"].device
        == meta
    )
    assert moved["a"][1][1] == "text" and moved["b"].y == 3
    assert type(moved["a"]) is list and type(moved["a"][1]) is tuple and type(moved["b"]) is Pair


def test_a_packed_sequence_keeps_its_lengths_on_the_cpu(any_device):
    packed = to_device(pack_sequence([torch.zeros(3, 2), torch.zeros(1, 2)]), any_device)
    assert packed.data.device.type == any_device.type and packed.batch_sizes.device.type == "cpu"
    nn.RNN(2, 2).to(any_device)(packed)
