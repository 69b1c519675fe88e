"""Reading GGUF: every entry and every weight as the `gguf` package reads them; a sentence for what is damaged."""

import gguf
import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType as Q

from course_lib.models.pretrained import PretrainedError, pretrained_folder, read_gguf
from course_lib.models.pretrained.gguf_blocks import KINDS
from smollm2 import smollm2_file  # noqa: F401

KNOWN = [Q.F32, Q.F16, Q.BF16, Q.Q8_0, Q.Q4_0, Q.Q4_1]


def write(path, tensors, **entries):
    """A GGUF file: {name: (values, how they are stored)}, and entries."""
    writer = gguf.GGUFWriter(path, "llama")
    for name, value in entries.items():
        name = name.replace("__", ".")
        if isinstance(value, str):
            writer.add_string(name, value)
        elif isinstance(value, list):
            writer.add_array(name, value)
        elif isinstance(value, float):
            writer.add_float32(name, value)
        else:
            writer.add_uint32(name, value)
    for name, (values, kind) in tensors.items():
        stored = gguf.quantize(values, kind)
        writer.add_tensor(name, stored, raw_shape=stored.shape, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def some_values(rows=5, columns=64):
    values = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    values[1], values[2] = 0.0, values[2] * 1e-4
    return values


@pytest.mark.parametrize("kind", KNOWN, ids=lambda kind: kind.name)
def test_each_kind_of_block_is_unpacked_as_gguf_does(tmp_path, kind):
    path = write(tmp_path / "one.gguf", {"w": (some_values(), kind)})
    tensor = read_gguf(path).tensors["w"]
    (theirs,) = gguf.GGUFReader(path).tensors
    expected = torch.from_numpy(gguf.dequantize(theirs.data, kind).copy())
    assert torch.equal(tensor.dequantised(), expected)
    assert tensor.kind.name == kind.name and tensor.shape == (5, 64)
    assert gguf.GGML_QUANT_SIZES[kind] == (tensor.kind.weights, tensor.kind.n_bytes)


def test_blocks_with_every_byte_in_every_place():
    for number, kind in KINDS.items():
        if kind.weights == 1:
            continue
        blocks = torch.randint(0, 256, (4000, kind.n_bytes), generator=torch.Generator().manual_seed(0))
        blocks = blocks.to(torch.uint8)
        with np.errstate(all="ignore"):  # some scales are infinite or no numbers
            expected = torch.from_numpy(gguf.dequantize(blocks.numpy(), Q(number)).copy())
        torch.testing.assert_close(kind.unpack(blocks), expected, rtol=0, atol=0, equal_nan=True)


def test_entries_of_all_types(tmp_path):
    entries = {"a__text": "Ünïcode ☃", "a__list": ["x", "", "yy"], "a__numbers": [1, 2, 3], "a__real": 0.5, "n": 7}
    file = read_gguf(write(tmp_path / "entries.gguf", {"w": (some_values(), Q.F32)}, **entries))
    for name, value in entries.items():
        assert file.entries[name.replace("__", ".")] == value


def test_the_real_file_is_read_as_gguf_reads_it(smollm2_file):  # noqa: F811
    ours, theirs = read_gguf(smollm2_file), gguf.GGUFReader(smollm2_file)
    assert ours.entries == {n: f.contents() for n, f in theirs.fields.items() if not n.startswith("GGUF.")}
    assert list(ours.tensors) == [tensor.name for tensor in theirs.tensors] and len(ours.tensors) == 272
    for tensor in theirs.tensors:
        expected = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())
        assert torch.equal(ours.tensors[tensor.name].dequantised(), expected), tensor.name


def test_each_cut_is_noticed(tmp_path):
    path = write(tmp_path / "whole.gguf", {"w": (some_values(), Q.Q4_1)}, text="abc", numbers=[1, 2, 3])
    whole = path.read_bytes()
    end = len(whole) - len(whole) % 32 if len(whole) % 32 else len(whole) - 1
    for length in [*range(1, 200), *range(200, end, 37)]:
        path.write_bytes(whole[:length])
        with pytest.raises(PretrainedError, match="cut short or damaged|no GGUF file"):
            read_gguf(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"GGML" + data[4:], "is no GGUF file"),
        (lambda data: b"", "is no GGUF file"),
        (lambda data: data[:4] + b"\x09" + data[5:], "has version 9 of GGUF; versions 2 and 3"),
        (lambda data: data.replace(b"general.architecture", b"general.architectur\xff"), "no UTF-8"),
        (lambda data: data[:16] + b"\xff" * 8 + data[24:], "cut short or damaged"),
    ],
)
def test_what_is_no_gguf_is_refused_in_a_sentence(tmp_path, change, words):
    path = write(tmp_path / "one.gguf", {"w": (some_values(), Q.F32)})
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(PretrainedError, match=words):
        read_gguf(path)


def test_an_unknown_kind_is_named(tmp_path):
    path = tmp_path / "one.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("w", np.zeros((2, 144), np.uint8), raw_shape=(2, 144), raw_dtype=Q.Q4_K)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(PretrainedError, match="stores w in kind 12 of GGUF; known here: F32, F16, Q4_0, Q4_1"):
        read_gguf(path)


def test_no_file(tmp_path):
    with pytest.raises(PretrainedError, match="nothing.gguf could not be read"):
        read_gguf(tmp_path / "nothing.gguf")


def test_a_damaged_carrier_is_refused(monkeypatch, tmp_path):
    folder = tmp_path / "SmolLM2-135M-Instruct"
    folder.mkdir()
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(PretrainedError, match=r"\(4 bytes\) has the sha256 .*Delete it"):
        pretrained_folder("SmolLM2-135M-Instruct")
