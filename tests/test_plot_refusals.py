"""What no picture can be made of is refused in words that name it, and leaves no empty figure behind."""

import warnings

import matplotlib.pyplot as plt
import pytest
import torch

from course_lib import plots
from course_lib.metrics import Reliability
from course_lib.training import History

NAN = float("nan")
NO_DATA = {"course_map", "use_style", "figure_png", "palette_png"}  # they take no numbers


def history(**changes):
    return History(
        **({"losses": [3.0, 2.0], "gradient_norms": [1.0, 1.0], "validation": [(2, 2.0)]} | changes)
    )


def bins(*numbers):
    return Reliability(*(torch.tensor([number]) for number in numbers))


REFUSED = [
    (lambda p: p.activation_by_position({}, [1], "t"), "activations is empty"),
    (lambda p: p.activation_by_position({"a": [NAN]}, [1], "t"), "NaN"),
    (lambda p: p.activation_by_position({"a": [0.1]}, [1, 2], "t"), r"shape \(1,\); expected one per position, \(2,\)"),
    (lambda p: p.activation_by_position({"a": [2.0]}, [1], "t"), "goes from 2 to 2; an activation"),
    (lambda p: p.accuracy_by_length({}, "t"), "curves is empty"),
    (lambda p: p.accuracy_by_length({"a": [0.1, 0.2]}, "t"), r"curves\['a'\] is a list; expected a dict"),
    (lambda p: p.accuracy_by_length({"a": {1: NAN}}, "t"), "NaN"),
    (lambda p: p.attention_bars([], [], "t"), r"shape \(0,\)"),
    (lambda p: p.attention_bars([NAN], ["a"], "t"), "NaN"),
    (lambda p: p.attention_bars([1.0, 0.0], ["a", "b"], "t", mask=torch.ones(3).bool()), r"mask has shape \(3,\)"),
    (lambda p: p.attention_grid(torch.zeros(0, 2, 3), "t"), r"shape \(0, 2, 3\)"),
    (lambda p: p.attention_grid(torch.full((1, 2, 2), NAN), "t"), "NaN"),
    (lambda p: p.attention_grid(torch.eye(2)[None], "t", n_columns=0), "n_columns is 0"),
    (lambda p: p.attention_heatmap([], [], [], "t"), r"shape \(0,\)"),
    (lambda p: p.attention_heatmap(torch.eye(2) * NAN, ["a", "b"], ["a", "b"], "t"), "NaN"),
    (lambda p: p.attention_heatmap(torch.eye(2), [1, 2], [1, 2], "t"), "1 is no text; tokens are drawn as str"),
    (lambda p: p.by_layer([1.0, 2.0], "t", "y"), "curves is a list"),
    (lambda p: p.by_layer({"a": [[1.0]]}, "t", "y"), r"curves\['a'\] has shape \(1, 1\)"),
    (lambda p: p.by_layer({"a": [1.0]}, "t", "y", ylim=(0, 1)), r"ylim is \(0, 1\)"),
    (lambda p: p.by_layer({"b": [1.0], "a": [NAN]}, "t", "y"), r"curves\['a'\] holds NaN"),
    (lambda p: p.by_size({"a": {}}, "t", "x", "y"), "curves.'a'. is empty"),
    (lambda p: p.by_size({"a": {1: NAN}}, "t", "x", "y"), "NaN"),
    (lambda p: p.by_size({"a": {0: 1.0}}, "t", "x", "y"), "goes from 0 to 0; a logarithmic axis"),
    (lambda p: p.by_size({"a": {1: -1.0}}, "t", "x", "y", log_y=True), "goes from -1 to -1; a logarithmic"),
    (lambda p: p.confusion_matrix([], [], "t"), r"shape \(0,\)"),
    (lambda p: p.confusion_matrix([[NAN]], ["a"], "t"), "NaN"),
    (lambda p: p.confusion_matrix([[1, 2]], ["a"], "t"), r"shape \(1, 2\) and there are 1 labels"),
    (lambda p: p.embedding_map([[NAN, 1], [1, 2]], ["a", "b"], "t"), "NaN"),
    (lambda p: p.embedding_map([], [], "t"), r"shape \(0,\)"),
    (lambda p: p.embedding_map(torch.eye(3), ["a", "b"], "t"), r"shape \(3, 3\) and there are 2 words"),
    (lambda p: p.functions({"a": torch.log}, "t"), r"curves\['a'\]\(x\) holds NaN"),
    (lambda p: p.functions({"a": torch.sum}, "t"), r"shape \(\)"),
    (lambda p: p.functions({"a": lambda x: x[:3]}, "t"), r"gives shape \(3,\) for an x of shape \(301,\)"),
    (lambda p: p.functions({}, "t"), "curves is empty"),
    (lambda p: p.gains({}, "a", "t", "x"), "scores has nothing"),
    (lambda p: p.gains({"a": [], "b": []}, "a", "t", "x"), r"the scores of 'a' has shape \(0,\)"),
    (lambda p: p.gains({"a": [NAN], "b": [1.0]}, "a", "t", "x"), "NaN"),
    (lambda p: p.gate_and_cell({}, "a", "t"), r"units is empty; give at least one name → \(forget gate, cell state\)"),
    (lambda p: p.gate_and_cell({"u": ([0.5], [NAN])}, "a", "t"), "NaN"),
    (lambda p: p.gate_and_cell({"u": ([1.5], [0.5])}, "a", "t"), "goes from 1.5 to 1.5; a gate lies between 0 and 1"),
    (lambda p: p.gate_and_cell({"u": ([0.5], [3.0])}, "ab", "t"), "has 1 values and there are 2 symbols"),
    (lambda p: p.gates_over_time({}, "a", "t"), r"gates is empty; give at least one name → \(time, n_units\)"),
    (lambda p: p.gates_over_time({"f": [[NAN]]}, "a", "t"), "NaN"),
    (lambda p: p.gates_over_time({"f": [0.5]}, "a", "t"), r"gates\['f'\] has shape \(1,\); expected 2 dim"),
    (lambda p: p.gates_over_time({"f": [[0.5]], "i": [[0.5, 0.1]]}, "a", "t"), r"gates\['i'\] has shape \(1, 2\)"),
    (lambda p: p.gates_over_time({"f": [[-0.1]]}, "a", "t"), "goes from -0.10 to -0.10; a gate lies between 0 and 1"),
    (lambda p: p.gates_over_time({"f": [[0.1]]}, "a", "t", signed=["c"]), "signed names 'c', but gates holds 'f'"),
    (lambda p: p.gates_over_time({"f": [[0.1]]}, "a", "t", units=[1, 2]), "units has 2 names, but there are 1 units"),
    (lambda p: p.gradient_by_lag({}, "t"), "norms is empty"),
    (lambda p: p.gradient_by_lag([1.0, 2.0], "t"), "norms is a list; expected a dict"),
    (lambda p: p.gradient_by_lag({"a": [1.0, -1.0]}, "t"), "goes from -1 to 1; a norm is not negative"),
    (lambda p: p.head_scores([[]], "t", "l"), r"shape \(1, 0\)"),
    (lambda p: p.head_scores([[NAN]], "t", "l"), "NaN"),
    (lambda p: p.head_scores([[0.1]], "t", "l", limits=(NAN, 1)), "limits are"),
    (lambda p: p.head_scores([[0.1]], "t", "l", marked=[(0, 1)]), "marked names layer 0, head 1"),
    (lambda p: p.hidden_states(torch.zeros(0, 3), [], "t"), r"shape \(0, 3\)"),
    (lambda p: p.hidden_states([[NAN]], "a", "t"), "NaN"),
    (lambda p: p.hidden_states([[3.0]], "a", "t"), "goes from 3.00 to 3.00; a hidden state lies between −1 and 1"),
    (lambda p: p.hidden_states([[0.3]], "a", "t", units=[1, 2]), "units has 2 names"),
    (lambda p: p.kept_without_attention({"a": {"x": NAN}}, "t", "x"), "a share is nan"),
    (lambda p: p.kept_without_attention({}, "t", "x"), "empty"),
    (lambda p: p.label_efficiency({}, "t"), "scores is empty"),
    (lambda p: p.label_efficiency({"a": {8: 0.5}}, "t"), r"'a' at 8 labels has shape \(\)"),
    (lambda p: p.label_efficiency({"a": {8: [3.0]}}, "t"), "goes from 3 to 3; without ylim, a score"),
    (lambda p: p.label_efficiency({"a": {8: [0.5]}}, "t", {"most": NAN}), r"baselines\['most'\] is nan"),
    (lambda p: p.layer_scores({}, "t", "y"), "curves is empty"),
    (lambda p: p.layer_scores({"a": [NAN]}, "t", "y"), "NaN"),
    (lambda p: p.layer_scores({"a": [0.1]}, "t", "y", baselines={"x": 3}), "is 3; expected a finite number from"),
    (lambda p: p.learning_curve({}), "histories is empty"),
    (lambda p: p.learning_curve([1.0, 2.0]), "histories is a list; expected a dict"),
    (lambda p: p.learning_curve({"a": [1.0]}), r"histories\['a'\] is no History"),
    (lambda p: p.learning_curve(history(losses=[1.0, NAN])), "losses holds NaN"),
    (lambda p: p.learning_curve(history(validation=[(1, NAN)])), "the validation loss at step 1 is nan"),
    (lambda p: p.learning_curve(history(), floor=NAN), "floor is nan"),
    (lambda p: p.learning_curve(history(), baselines={"a": NAN}), r"baselines\['a'\] is nan"),
    (lambda p: p.learning_curve(history(), smooth=0), "smooth is 0"),
    (lambda p: p.loss_by_order({}, {}, "t"), "is empty"),
    (lambda p: p.loss_by_order({1: NAN}, {1: 2.0}, "t"), "NaN"),
    (lambda p: p.masked_words(["a"], {}, symbols=["a"]), "0 words are masked"),
    (lambda p: p.masked_words(["a"], {0: [NAN, 1]}, symbols=["a", "b"]), "NaN"),
    (lambda p: p.masked_words(["a"], {0: [1.0]}, symbols=["a", "b"]), r"shape \(1,\), but there are 2 symbols"),
    (lambda p: p.masked_words(["a"], {0: [1.0]}, [[1.0]], symbols=["a"]), r"shape \(1, 1\); expected \(layers"),
    (lambda p: p.masked_words(["a"], {0: [1.0]}, [[[[NAN]]]], symbols=["a"]), "NaN"),
    (lambda p: p.memory_by_lag({}, "t"), "curves is empty"),
    (lambda p: p.memory_by_lag({"b": [1.0], "a": [1.0, NAN]}, "t"), r"curves\['a'\] holds NaN"),
    (lambda p: p.memory_by_lag({"a": [[1.0]]}, "t"), r"curves\['a'\] has shape \(1, 1\)"),
    (lambda p: p.neighbour_bars([], "t"), "no neighbours"),
    (lambda p: p.neighbour_bars([("a", NAN)], "t"), "NaN"),
    (lambda p: p.neighbour_bars([("a", 3.0)], "t"), "did you pass dot products"),
    (lambda p: p.neighbour_bars([("a", 0.3, 1)], "t"), "pairs only"),
    (lambda p: p.next_symbol_bars([], [], "t"), r"shape \(0,\)"),
    (lambda p: p.next_symbol_bars([NAN, 1], ["a", "b"], "t"), "NaN"),
    (lambda p: p.next_symbol_bars([[0.5, 0.5]], ["a", "b"], "t"), r"shape \(1, 2\); expected 1 dim"),
    (lambda p: p.next_symbol_bars([1.0], ["a"], "t", top=0), "top is 0"),
    (lambda p: p.next_symbol_bars([1.0], ["a"], "t", shown=[1]), r"shown is \[1\]"),
    (lambda p: p.one_against_other([], [], "x", "y", "t"), r"x has shape \(0,\)"),
    (lambda p: p.one_against_other([1.0], [NAN], "x", "y", "t"), "y holds NaN"),
    (lambda p: p.positional_encoding([[]], "t"), r"shape \(1, 0\)"),
    (lambda p: p.positional_encoding([[NAN]], "t"), "NaN"),
    (lambda p: p.printable(3), "3 is no text"),
    (lambda p: p.memory_by_lag({"a": [1.0]}, "t", dashed=["b"]), "dashed names 'b', but curves holds 'a'"),
    (lambda p: p.recall_bars({}, 0.1, "t"), "accuracy is empty"),
    (lambda p: p.recall_bars({"a": {1: 3}}, 0.1, "t"), "goes from 3 to 3; a share"),
    (lambda p: p.recall_by_lag({}, 0.1, "t"), "accuracy is empty"),
    (lambda p: p.recall_by_lag({"a": {}}, 0.1, "t"), "accuracy.'a'. is empty"),
    (lambda p: p.recall_by_lag({"a": {1: 3}}, 0.1, "t"), "goes from 3 to 3; a share"),
    (lambda p: p.recall_by_lag({"a": {1: 0.3}}, NAN, "t"), "chance is nan"),
    (lambda p: p.reference_line(None, NAN, "x"), "the value of the line 'x' is nan"),
    (lambda p: p.reliability({}, "t"), "bins is empty"),
    (lambda p: p.reliability([1, 2], "t"), "bins is a list"),
    (lambda p: p.reliability(bins(NAN, 0.5, 3), "t"), "NaN"),
    (lambda p: p.reliability(bins(0.5, 1.5, 3), "t"), "goes from 1.5 to 1.5; confidence and accuracy"),
    (lambda p: p.search_tree({}, [], "t"), "probabilities is empty"),
    (lambda p: p.search_tree({"a": 0.3}, [], "t"), "the key 'a'; expected tuples"),
    (lambda p: p.search_tree({(): 1.0}, [], "t"), r"the key \(\); expected tuples"),
    (lambda p: p.search_tree({("a",): NAN}, [], "t"), r"probabilities\[\('a',\)\] is nan"),
    (lambda p: p.search_tree({("a",): 3.0}, [], "t"), "is 3; expected a finite number from 0 to 1"),
    (lambda p: p.similarity_matrix([], [], "t"), r"shape \(0,\)"),
    (lambda p: p.similarity_matrix([[NAN]], ["a"], "t"), "NaN"),
    (lambda p: p.similarity_matrix([[1.0, 0.0]], ["a"], "t"), r"shape \(1, 2\) and there are 1 words"),
    (lambda p: p.stored_and_live([1.0], [], 10, "t"), r"live has shape \(0,\)"),
    (lambda p: p.stored_and_live([NAN], [1.0], 10, "t"), "stored holds NaN"),
    (lambda p: p.stored_and_live([1.0], [1.0], 0, "t"), "every is 0"),
    (lambda p: p.token_boxes([], "t"), "no tokens"),
    (lambda p: p.token_boxes(torch.tensor([1, 2]), "t"), "is no text; tokens are drawn as str"),
    (lambda p: p.written_symbols([], [], ["a"], "t"), r"shape \(0,\)"),
    (lambda p: p.written_symbols([[NAN, 1]], [0], ["a", "b"], "t"), "NaN"),
    (lambda p: p.written_symbols([[0.5, 0.5]], [2], ["a", "b"], "t"), "written goes from 2 to 2; ids lie between"),
]  # fmt: skip


@pytest.mark.parametrize(("draw", "words"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_refused_in_words_and_without_an_empty_figure(draw, words):
    plt.close("all")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=words):
            draw(plots)
    assert not plt.get_fignums(), "an error left a figure open: the notebook would show it, empty"


def test_every_public_picture_has_its_refusals():
    used = {name for draw, _ in REFUSED for name in draw.__code__.co_names}
    assert set(plots.__all__) - used <= NO_DATA
