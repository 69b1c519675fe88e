"""Pictures and measurements take a GPU's tensors: here a tensor that, like a GPU's, does not let NumPy read it."""

import numpy as np
import pytest
import torch

from course_lib import plots
from course_lib.explore import attention_explorer
from course_lib.metrics import reliability
from course_lib.practice.compare import difference


class OnGpu(torch.Tensor):
    """A CPU's tensor with a GPU's manners: NumPy may read it after `.cpu()` only."""

    def numpy(self, *args, **options):
        raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")

    def __array__(self, *args, **options):
        return self.numpy()

    def cpu(self, *args, **options):
        return self.as_subclass(torch.Tensor)


@pytest.fixture(params=["cuda's manners", pytest.param("cuda", marks=pytest.mark.gpu)])
def put(request):
    """A function that puts a tensor on a GPU, or on one that is pretended."""
    if request.param != "cuda":
        return lambda tensor: tensor.as_subclass(OnGpu)
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA GPU, and torch sees none here")
    return lambda tensor: tensor.to("cuda")


def test_the_double_refuses_what_a_gpu_refuses(put):
    for read in (np.asarray, lambda tensor: tensor.numpy(), lambda tensor: np.asarray(tensor + 1)):
        with pytest.raises(TypeError, match="cpu"):
            read(put(torch.ones(2)))


WORDS = ["a", "b", "c"]
WEIGHTS = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.2, 0.3, 0.5]])
CAUSAL, GOLD = torch.ones(3, 3).tril().bool(), torch.eye(3).bool()
PICTURES = {
    "attention_heatmap": lambda put: plots.attention_heatmap(
        put(WEIGHTS), WORDS, WORDS, title="t", mask=put(CAUSAL), gold=put(GOLD)
    ),
    "attention_grid": lambda put: plots.attention_grid(
        put(WEIGHTS.expand(2, 2, 3, 3)), title="t", mask=put(CAUSAL)
    ),
    "attention_bars": lambda put: plots.attention_bars(
        put(WEIGHTS[2]), WORDS, title="t", mask=put(CAUSAL[2])
    ),
    "confusion_matrix": lambda put: plots.confusion_matrix(put(torch.eye(2).long()), ["x", "y"], title="t"),
    "embedding_map": lambda put: plots.embedding_map(
        put(WEIGHTS), WORDS, title="t", axes=put(torch.eye(3)[:, :2])
    ),
    "hidden_states": lambda put: plots.hidden_states(put(WEIGHTS), WORDS, title="t"),
    "next_symbol_bars": lambda put: plots.next_symbol_bars(
        put(WEIGHTS[2]), WORDS, title="t", shown=put(torch.tensor([2, 0]))
    ),
    "one_against_other": lambda put: plots.one_against_other(
        put(WEIGHTS[0]), put(WEIGHTS[2]), "x", "y", title="t"
    ),
    "positional_encoding": lambda put: plots.positional_encoding(put(WEIGHTS), title="t"),
    "reliability": lambda put: plots.reliability(
        reliability(put(WEIGHTS), put(torch.tensor([0, 1, 2]))), title="t"
    ),
    "similarity_matrix": lambda put: plots.similarity_matrix(put(torch.eye(3)), WORDS, title="t"),
    "written_symbols": lambda put: plots.written_symbols(
        put(WEIGHTS), put(torch.tensor([0, 1, 2])), WORDS, title="t"
    ),
    "gradient_by_lag": lambda put: plots.gradient_by_lag({"LSTM": put(WEIGHTS[2])}, title="t"),
    "head_scores": lambda put: plots.head_scores(put(WEIGHTS), title="t", label="l"),
    "the explorer": lambda put: attention_explorer(put(WEIGHTS.expand(2, 2, 3, 3)), WORDS),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_takes_a_gpus_tensors(name, put):
    assert PICTURES[name](put) is not None


def test_an_exercise_takes_a_gpus_tensors(put):
    assert difference(put(torch.ones(2)), put(torch.ones(2))) is None
