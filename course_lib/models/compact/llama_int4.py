"""A published Llama with the 4 bits of its file: its blocks go into `Int4Linear` as they are."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from course_lib.models.compact.int4_linear import Int4Linear
from course_lib.models.compact.quantised_linear import replace_linears
from course_lib.models.layout import columns_first
from course_lib.models.pretrained.files import LLAMA_FILES, PretrainedError, pretrained_folder
from course_lib.models.pretrained.gguf_blocks import Q4_1
from course_lib.models.pretrained.gguf_file import GGUFTensor, read_gguf
from course_lib.models.pretrained.llama import gguf_file_of, layer_by_layer
from course_lib.models.pretrained.llama_gguf import gguf_sizes, gguf_tokenizer, gguf_weights
from course_lib.models.transformer import Llama
from course_lib.text.bpe import BPE


def load_llama_int4(name_or_path: str | Path = "SmolLM2-135M-Instruct") -> tuple[Llama, BPE]:
    """As `load_llama`, with every matrix of the layers in an `Int4Linear`, straight from a GGUF file's Q4_1 blocks.

    The embedding, which is the last projection as well, and the norms are in float32: real numbers of the file's 8 bits
    and its own 32.

    Args:
        name_or_path: a model's name, a GGUF file or a folder with one.

    Returns:
        model: in evaluation mode. The same numbers as `load_llama` gives; what a prompt is read with is exact, and what
            tokens are written with has the digits of bfloat16 (see `Int4Linear`).
        tokenizer: as `load_llama`.

    Raises:
        PretrainedError: as `load_llama`, or no GGUF file, or one with matrices that are not in Q4_1.
    """
    path = gguf_file_of(name_or_path)
    if path is None:
        folder = pretrained_folder(name_or_path, LLAMA_FILES)
        if (path := gguf_file_of(folder)) is None:
            raise PretrainedError(
                f"{folder} has no GGUF file, so there are no 4 bits to keep. Quantise the model yourself: "
                "replace_linears(load_llama(…)[0], Int4Linear.from_linear)."
            )
    file = read_gguf(path)
    try:
        with torch.device("meta"):  # without memory and numbers: what is loaded takes their place
            model = Llama(**gguf_sizes(file))
            replace_linears(
                model,
                lambda linear: Int4Linear(linear.in_features, linear.out_features),
                lambda name: ".layers." in name,
            )
    except ValueError as error:
        raise PretrainedError(f"{path} describes no Llama that can be 4 bits wide: {error}") from None
    weights = gguf_weights(file, _rows)
    try:
        model.load_state_dict(dict(_placed(layer_by_layer(weights, lambda name: weights[name]()))), assign=True)
    except RuntimeError as error:
        raise PretrainedError(f"{path} does not fit its own configuration: {error}") from None
    return model.eval(), gguf_tokenizer(file)


def _rows(tensor: GGUFTensor) -> Tensor:
    """A layer's matrix as the bytes of its rows, (out, in / 32 * 20); anything else in float32."""
    if not tensor.name.startswith("blk.") or len(tensor.shape) == 1:
        return tensor.dequantised()
    if tensor.kind is not Q4_1:
        raise PretrainedError(
            f"The file stores {tensor.name} in {tensor.kind.name}, not in {Q4_1.name}; load_llama reads every kind."
        )
    return tensor.blocks.reshape(tensor.shape[0], -1)


def _placed(weights: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """Bytes of rows → the blocks of `Int4Linear`, (out, in / 32, 20), under its name for them."""
    for name, value in weights:
        if value.dtype == torch.uint8:
            place = name.replace("in_proj_weight", "in_proj.blocks").replace(".weight", ".blocks")
            yield place, value.unflatten(1, (-1, Q4_1.n_bytes)).clone()  # so that the file can be let go
        else:
            yield name, columns_first(value) if value.dim() == 2 else value
