"""One vector for a sequence: padding never counts."""

import pytest
import torch

from course_lib.models.transformer import mean_of_real


def test_the_mean_leaves_padding_out():
    hidden = torch.tensor([[[1.0, 2.0], [3.0, 6.0]], [[5.0, 5.0], [float("nan"), 9.0]]])
    mean = mean_of_real(hidden, torch.tensor([2, 1]))
    torch.testing.assert_close(mean, torch.tensor([[2.0, 4.0], [5.0, 5.0]]))
    for lengths in ([2], [0, 1], [3, 1]):
        with pytest.raises(ValueError, match=r"asks for 2 from 1 to 2"):
            mean_of_real(hidden, torch.tensor(lengths))
