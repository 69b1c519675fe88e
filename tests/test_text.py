"""Characters to ids and back, and the windows in which a recurrent network reads them."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.text.batching import evaluation_streams, stream_windows
from course_lib.text.characters import CharVocabulary

# --- characters ----------------------------------------------------------------------------------


def test_vocabulary_is_sorted_and_round_trips():
    vocabulary = CharVocabulary.from_text("to be, or not")
    assert vocabulary.symbols == tuple(" ,benort") and len(vocabulary) == 8
    ids = vocabulary.encode("bone")
    assert ids.tolist() == [2, 5, 4, 3] and ids.dtype == torch.int64
    assert vocabulary.decode(ids) == "bone" and vocabulary.decode([3, 2]) == "eb"
    assert vocabulary.encode("").shape == (0,) and vocabulary.decode([]) == ""


def test_order_of_given_symbols_is_kept():
    vocabulary = CharVocabulary("zax")
    assert vocabulary.encode("xaz").tolist() == [2, 1, 0] and vocabulary.decode([0, 1]) == "za"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(alphabet=st.characters(), min_size=1))
def test_any_unicode_round_trips(text):
    vocabulary = CharVocabulary.from_text(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text
    assert len(vocabulary) == len(set(text))


def test_unknown_character_is_named_with_its_place():
    vocabulary = CharVocabulary.from_text("abc")
    with pytest.raises(ValueError, match=r"'é' at position 2 .* 3 symbols"):
        vocabulary.encode("abéc")
    with pytest.raises(ValueError, match=r"'A' at position 0"):  # sorts before, not after, all symbols
        vocabulary.encode("A")


@pytest.mark.parametrize("ids", [[0, 3], [-1]])
def test_id_outside_the_vocabulary(ids):
    with pytest.raises(ValueError, match=rf"Id {ids[-1]} at position {len(ids) - 1} .* 0 … 2"):
        CharVocabulary("abc").decode(ids)


def test_other_bad_input():
    with pytest.raises(ValueError, match="empty"):
        CharVocabulary.from_text("")
    with pytest.raises(TypeError, match="list"):
        CharVocabulary.from_text(["a"])
    with pytest.raises(TypeError, match="bytes"):
        CharVocabulary("ab").encode(b"ab")
    with pytest.raises(ValueError, match="'a' is listed twice"):
        CharVocabulary("aba")
    with pytest.raises(ValueError, match="'ab' is not one character"):
        CharVocabulary(["ab"])
    with pytest.raises(ValueError, match=r"\(1, 2\)"):
        CharVocabulary("ab").decode(torch.tensor([[0, 1]]))
    with pytest.raises(ValueError, match="float32"):
        CharVocabulary("ab").decode(torch.tensor([0.0]))


# --- training windows ----------------------------------------------------------------------------


def test_windows_by_hand():
    windows = list(stream_windows(torch.arange(11), batch=2, time=3, epochs=1))
    assert [window.inputs.tolist() for window in windows] == [[[0, 1, 2], [5, 6, 7]], [[3, 4], [8, 9]]]
    assert [window.targets.tolist() for window in windows] == [[[1, 2, 3], [6, 7, 8]], [[4, 5], [9, 10]]]
    assert [window.is_start for window in windows] == [True, False]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(n=st.integers(2, 200), batch=st.integers(1, 9), time=st.integers(1, 40))
def test_every_target_once_and_rows_continue(n, batch, time):
    ids = torch.arange(n)
    if n < batch + 1:
        with pytest.raises(ValueError, match=f"{n} ids.*at least {batch + 1}"):
            stream_windows(ids, batch, time)
        return
    windows = list(stream_windows(ids, batch, time, epochs=1))
    seen = torch.cat([window.targets for window in windows], dim=1)
    assert sorted(seen.flatten().tolist()) == list(range(1, (n - 1) // batch * batch + 1))
    for window in windows:
        assert torch.equal(window.inputs + 1, window.targets)
    for before, after in itertools.pairwise(windows):
        assert torch.equal(before.targets[:, -1], after.inputs[:, 0]) and not after.is_start
    assert all(window.inputs.shape == (batch, time) for window in windows[:-1])


def test_epochs_repeat_and_none_is_endless():
    ids = torch.arange(9)
    two = list(stream_windows(ids, batch=2, time=2, epochs=2))
    assert [window.is_start for window in two] == [True, False, True, False]
    endless = list(itertools.islice(stream_windows(ids, batch=2, time=2), 7))
    assert torch.equal(endless[6].inputs, endless[0].inputs) and endless[6].is_start


def test_changing_a_window_leaves_the_text_alone():
    ids = torch.arange(9)
    for window in stream_windows(ids, batch=1, time=8, epochs=1):
        window.inputs.zero_()
        window.targets.zero_()
    assert torch.equal(ids, torch.arange(9))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("some text", 2, 3), TypeError, "encode"),
        ((torch.zeros(3, 4, dtype=torch.int64), 2, 3), ValueError, r"\(3, 4\)"),
        ((torch.zeros(30), 2, 3), ValueError, "float32"),
        ((torch.arange(9), 0, 3), ValueError, "batch is 0"),
        ((torch.arange(9), 2, 1.5), ValueError, "time is 1.5"),
        ((torch.arange(9), 2, 3, 0), ValueError, "epochs is 0"),
        ((torch.arange(0), 2, 3), ValueError, "0 ids"),
    ],
)
def test_bad_input_is_refused_before_the_first_window(arguments, error, words):
    with pytest.raises(error, match=words):
        stream_windows(*arguments)


# --- evaluation ----------------------------------------------------------------------------------


def test_evaluation_by_hand():
    streams = evaluation_streams(torch.arange(12), streams=3, warm_up=2)  # 11 targets = 2 + 3 * 3
    assert streams.inputs.tolist() == [[0, 1, 2, 3, 4], [3, 4, 5, 6, 7], [6, 7, 8, 9, 10]]
    assert streams.targets[streams.counted].tolist() == list(range(1, 12))
    assert streams.counted[1].tolist() == [False, False, True, True, True]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(n=st.integers(2, 120), streams=st.integers(1, 70), warm_up=st.integers(0, 150))
def test_each_target_counts_exactly_once_after_its_warm_up(n, streams, warm_up):
    inputs, targets, counted = evaluation_streams(torch.arange(n), streams, warm_up)
    assert inputs.shape == targets.shape == counted.shape and inputs.shape[0] == streams
    assert torch.equal(inputs + 1, targets)  # ids are places here: nothing is padded
    assert torch.equal(inputs[:, :-1] + 1, inputs[:, 1:])
    assert sorted(targets[counted].tolist()) == list(range(1, n))
    for row in range(streams):
        if counted[row].any() and inputs[row, 0] > 0:  # a stream from the true beginning needs no warm-up
            assert counted[row].int().argmax() >= warm_up


def test_evaluation_bad_input():
    with pytest.raises(ValueError, match="1 ids"):
        evaluation_streams(torch.arange(1))
    with pytest.raises(ValueError, match="streams is 0"):
        evaluation_streams(torch.arange(9), streams=0)
    with pytest.raises(ValueError, match="warm_up is -1"):
        evaluation_streams(torch.arange(9), warm_up=-1)
    with pytest.raises(TypeError, match="str"):
        evaluation_streams("text")
