"""Many token vectors to one."""

from torch import Tensor

from course_lib.models.attention.masks import padding_mask


def mean_of_real(hidden: Tensor, lengths: Tensor) -> Tensor:
    """The mean of each sequence's vectors, its padding left out.

    Shapes: hidden (batch, time, d_model), lengths (batch,) of at least 1 and at most time → (batch, d_model)

    Raises:
        ValueError: lengths that do not fit hidden.
    """
    if lengths.shape != hidden.shape[:1] or bool((lengths < 1).any() or (lengths > hidden.shape[1]).any()):
        raise ValueError(
            f"lengths is {lengths.tolist()}; hidden, {tuple(hidden.shape)}, asks for {len(hidden)} from 1 to "
            f"{hidden.shape[1]}."
        )
    real = padding_mask(lengths, hidden.shape[1])  # (batch, time)
    # Not a product with 0: what stands in the padding may be NaN.
    return hidden.masked_fill(~real[:, :, None], 0).sum(dim=1) / lengths[:, None]  # (batch, d_model)
