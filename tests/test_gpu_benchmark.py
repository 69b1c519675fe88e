"""The GPU's table, every part of it on the CPU with tiny sizes: only the device and the sizes differ."""

import subprocess
import sys
from functools import partial

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import gpu, multi30k, registry
from benchmarks.gpu import Row
from course_lib.device import best_device
from course_lib.recipes import multi30k as recipe
from course_lib.recipes import multi30k_transformer

registry.find()
CPU = torch.device("cpu")
needs_no_gpu = pytest.mark.skipif(best_device().type != "cpu", reason="there is an accelerator here")


@pytest.fixture
def eager_compiler(monkeypatch):
    """torch.compile as it is, but the graph is run as it was traced: no C++ compiler, no half minute."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))


def test_the_recurrent_layers_are_compared_at_every_size():
    rows = gpu.recurrent_rows(CPU, sizes=[(2, 3, 4, 1), (2, 3, 4, 2)], rounds=1)
    assert [row.what.partition(",")[0] for row in rows] == ["LSTM", "GRU", "RNN"] * 2
    assert {row.at_most for row in rows} == {1.2}
    assert "2 × 3 × 4, layers: 2" in rows[-1].what and "ms" in rows[0].ours and rows[0].value > 0


def test_the_encoder_is_compared_with_both_libraries_and_compiled(eager_compiler):
    rows = gpu.encoder_rows(CPU, layers=1, d_model=16, n_heads=2, batch=2, time=5, rounds=1)
    assert len(rows) == 5
    assert [row.at_most for row in rows] == [0.9, 0.9, None, 0.9, 0.9]
    assert "dropout 0.0, against torch.nn" in rows[0].what and "compiled" in rows[2].what


def test_generation_is_compared_at_both_batches_greedy_and_sampled(monkeypatch):
    calls = []

    def counted(model, prompt, n_new, **options):
        calls.append((len(prompt), n_new, options))
        return write(model, prompt, n_new, **options)

    write = gpu.generation.generate
    monkeypatch.setattr(gpu.generation, "generate", counted)
    rows = gpu.generation_rows(CPU, layers=1, heads=2, width=16, vocab_size=50, n_new=4, rounds=1)
    assert ["greedy, batch 1" in rows[0].what, "sampled, batch 8" in rows[3].what] == [True, True]
    assert all(
        row.at_least == 3.0 and "ms a token" in row.ours and "ms a token" in row.theirs for row in rows
    )
    assert {(batch, options["temperature"]) for batch, _, options in calls} == {
        (1, 0),
        (1, 1),
        (8, 0),
        (8, 1),
    }
    assert {n_new for _, n_new, _ in calls} == {4}


def test_texts_that_differ_from_the_first_symbol_on_are_not_timed():
    one = torch.zeros(1, 20, dtype=torch.long)
    gpu._same_work(one, torch.cat([one[:, :17], one[:, 17:] + 1], dim=1))
    with pytest.raises(RuntimeError, match="not the same work"):
        gpu._same_work(one, torch.cat([one[:, :16], one[:, 16:] + 1], dim=1))
    with pytest.raises(RuntimeError, match="not the same work"):
        gpu._same_work(one, one[:, :-1])


def test_tiny_shakespeare_is_trained_compiled_and_in_bf16(eager_compiler, monkeypatch):
    options = {}
    fit = gpu.fit
    monkeypatch.setattr(gpu, "fit", lambda *args, **more: options.update(more) or fit(*args, **more))
    rows = gpu.shakespeare_rows(CPU, layers=1, heads=2, width=16, time=8, batch=2, steps=2, characters=2_000)
    assert options["bf16"] and options["compiled"]
    assert "2 steps of 2 × 8" in rows[0].what
    assert rows[1].value == pytest.approx(
        4.17, abs=0.15
    )  # ln 65, as no model that has seen 32 characters differs
    assert rows[1].at_most == gpu.NANOGPT and rows[1].met is False


def test_multi30k_is_trained_and_scored(monkeypatch):
    class Small(recipe.Corpus):
        def __init__(self, configuration):
            super().__init__(configuration)
            self.sentences = {split: pairs[:3] for split, pairs in self.sentences.items()}

    monkeypatch.setattr(recipe, "Corpus", Small)
    configuration = multi30k_transformer.Configuration(
        d_model=8, n_heads=2, d_ff=8, num_layers=1, batch=2, steps=2
    )
    rows = multi30k.full_rows(CPU, configuration=configuration)
    assert [row.what.rpartition(", ")[2] for row in rows] == [
        "training",
        "validation loss",
        "greedy",
        "beam 5",
    ]
    assert float(rows[2].ours) < 5


def test_the_table_is_markdown_with_the_machine_above_it_even_when_a_part_fails(monkeypatch, capsys):
    def breaks(device):
        raise RuntimeError("out of memory")

    rows = [
        Row("a", "1 ms", "2 ms", 0.5, at_most=0.4),
        Row("b", "1 ms", "2 ms", 2.0, at_least=2.0),
        Row("c", "3 s"),
    ]
    monkeypatch.setattr(gpu, "PARTS", {"broken": breaks, "fine": lambda device: rows})
    with pytest.raises(SystemExit, match="failed: broken"):
        gpu.report(CPU)
    told = capsys.readouterr()
    assert "out of memory" in told.err
    *_, above, _, header, rule, first, second, third = told.out.splitlines()
    assert "torch 2." in above and "transformers" in above and "cpu" in above
    assert [cell.strip() for cell in first.split("|")] == ["", "a", "1 ms", "2 ms", "0.50", "≤ 0.4 ✗", ""]
    assert [cell.strip() for cell in second.split("|")][4:6] == ["2.00", "≥ 2.0 ✓"]
    assert [cell.strip() for cell in third.split("|")] == ["", "c", "3 s", "", "", "", ""]
    assert set(rule) == set("|: -") and header.count("|") == first.count("|")


def test_every_part_is_a_benchmark_of_its_own_that_needs_a_gpu():
    found = registry.find()
    assert {"gpu-recurrent", "gpu-encoder", "gpu-generation", "gpu-shakespeare", "multi30k-gpu"} == set(
        gpu.PARTS
    )
    for name in ("gpu", *gpu.PARTS):
        assert found[name].gpu and found[name].long
    assert not any(entry.gpu for entry in found.values() if not entry.long)


@needs_no_gpu
def test_without_a_gpu_one_sentence_says_so():
    ran = subprocess.run([sys.executable, "-m", "benchmarks", "gpu"], capture_output=True, text=True)
    assert ran.returncode != 0 and ran.stdout == ""
    assert ran.stderr == "gpu needs a GPU that torch can use (NVIDIA's or Apple's), and there is none here.\n"


def test_the_command_hands_the_accelerator_to_what_needs_one_and_the_cpu_to_the_rest(monkeypatch, capsys):
    ran = []
    entries = {
        "slow": registry.Benchmark("slow", "", 1, True, True, lambda device: ran.append(device)),
        "plain": registry.Benchmark("plain", "", 1, False, False, lambda: ran.append("plain")),
    }
    monkeypatch.setattr(command, "find", lambda: entries)
    monkeypatch.setattr(command, "best_device", lambda: torch.device("cuda"))
    monkeypatch.setattr(command, "setup", lambda device, **options: torch.device(device))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "slow", "plain"])
    command.main()
    assert ran == [torch.device("cuda"), "plain"]
