"""LoRA: what it computes, what it trains, and that it equals PEFT's."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from course_lib.decoding import generate
from course_lib.models import GPT, Bert, Llama
from course_lib.models.compact import LowRank, add_lora, add_lora_to_attention, lora_parameters, merge_lora
from course_lib.models.pretrained.llama import llama_weights

SIZES = {"max_len": 32, "d_model": 24, "n_heads": 4, "num_layers": 2}


def small_llama(dtype=torch.float64):
    torch.manual_seed(0)
    return Llama(40, **SIZES, n_kv_heads=2, d_ff=32).to(dtype).eval()


def shaken(model):
    """The model with every B at random: an adapter that does something."""
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, LowRank):
            with torch.no_grad():
                module.B.copy_(torch.randn(module.B.shape, generator=generator, dtype=module.B.dtype) * 0.3)
    return model


def test_before_the_first_step_nothing_changes():
    model, ids = small_llama(), torch.arange(12).view(2, 6)
    before = model(ids)
    add_lora_to_attention(model, rank=3, alpha=6, parts=("query", "key", "value", "output"))
    assert_close(model(ids), before, rtol=0, atol=0)


def test_one_matrix_by_hand(device):
    linear = nn.Linear(5, 4).to(device)
    weight, bias, x = linear.weight.detach().clone(), linear.bias, torch.randn(3, 5, device=device)
    adapter = shaken_one(add_lora(linear, rank=2, alpha=8))
    expected = x @ weight.T + bias + x @ adapter.A.T @ adapter.B.T * (8 / 2)
    assert_close(linear(x), expected)
    assert not linear.parametrizations.weight.original.requires_grad


def shaken_one(adapter):
    with torch.no_grad():
        adapter.B.normal_()
    return adapter


def test_only_the_chosen_rows_change():
    linear = nn.Linear(5, 6, bias=False)
    before = linear.weight.detach().clone()
    shaken_one(add_lora(linear, rank=1, rows=(2, 4)))
    changed = (linear.weight != before).any(dim=1)
    assert changed.tolist() == [False, False, True, True, False, False]


def test_alpha_is_the_rank_by_default():
    adapter = LowRank((4, 4), rank=2)
    assert adapter.alpha == 2
    assert_close(shaken_one(adapter).update(), adapter.B @ adapter.A)


def test_merged_computes_the_same_and_is_the_old_model_again():
    model, ids = small_llama(), torch.arange(12).view(2, 6)
    names = list(model.state_dict())
    shaken_out = shaken_model(model)(ids)
    assert merge_lora(model) is model
    assert_close(model(ids), shaken_out, rtol=1e-12, atol=1e-12)
    assert sorted(model.state_dict()) == sorted(names)
    assert not any(isinstance(module, LowRank) for module in model.modules())


def shaken_model(model):
    add_lora_to_attention(model, rank=2, alpha=4)
    return shaken(model)


def test_writing_goes_through_the_adapters():
    model, prompt = small_llama(torch.float32), torch.arange(6)[None]
    plain = generate(model, prompt, 12, temperature=0.0)
    with torch.no_grad():
        for adapter in add_lora_to_attention(model, rank=4, parts=("query", "value", "output")):
            adapter.B.normal_()
    adapted = generate(model, prompt, 12, temperature=0.0)
    assert not torch.equal(adapted, plain)
    assert torch.equal(adapted, generate(model, prompt, 12, temperature=0.0, use_cache=False))
    assert torch.equal(adapted, generate(merge_lora(model), prompt, 12, temperature=0.0))


@pytest.mark.parametrize(
    "make",
    [
        lambda: GPT(30, **SIZES),
        lambda: Bert(30, **SIZES, d_ff=48),
        lambda: Llama(30, **SIZES, n_kv_heads=1, d_ff=32),
    ],
    ids=["GPT", "Bert", "Llama"],
)
def test_training_moves_the_adapters_alone(make, device):
    torch.manual_seed(0)
    model = make().to(device)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    adapters = add_lora_to_attention(model, rank=2)
    trained = list(lora_parameters(model))
    assert len(trained) == 2 * len(adapters) == 8
    assert {id(p) for p in model.parameters() if p.requires_grad} == {id(p) for p in trained}
    ids = torch.randint(30, (4, 9), device=device)
    optimizer = torch.optim.AdamW(trained, lr=0.05)
    losses = []
    for _ in range(25):
        output = model(ids)
        loss = (output if torch.is_tensor(output) else output[0])[..., 0].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    after = merge_lora(model).state_dict()
    moved = {name for name, value in before.items() if not torch.equal(after[name], value)}
    assert moved and all(name.endswith("in_proj_weight") for name in moved)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of the two libraries, about one another
def test_equals_peft():
    peft, transformers = pytest.importorskip("peft"), pytest.importorskip("transformers")
    torch.manual_seed(0)
    theirs = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=40,
            hidden_size=24,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=32,
            rms_norm_eps=1e-5,
            tie_word_embeddings=True,
        )  # fmt: skip
    ).eval()
    ours = small_llama(torch.float32)
    ours.load_state_dict(llama_weights(theirs.state_dict()))
    wrapped = peft.get_peft_model(
        theirs, peft.LoraConfig(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj"])
    )
    wrapped.eval()
    adapters = add_lora_to_attention(ours, rank=3, alpha=6)
    shaken(ours)
    layers = wrapped.get_submodule("base_model.model.model.layers")
    with torch.no_grad():
        for number, layer in enumerate(layers):
            for adapter, name in zip(adapters[2 * number :], ("q_proj", "v_proj"), strict=False):
                projection = layer.self_attn.get_submodule(name)
                projection.lora_A["default"].weight.copy_(adapter.A)
                projection.lora_B["default"].weight.copy_(adapter.B)
    ids = torch.randint(40, (2, 7), generator=torch.Generator().manual_seed(2))
    expected = wrapped(ids).logits
    assert_close(ours(ids), expected, rtol=1e-6, atol=1e-6)
    # Gradients of A and B too.
    weights = torch.cos(torch.arange(expected.numel(), dtype=torch.float32)).view_as(expected)
    (expected * weights).sum().backward()
    (ours(ids) * weights).sum().backward()
    for number, layer in enumerate(layers):
        for adapter, name in zip(adapters[2 * number :], ("q_proj", "v_proj"), strict=False):
            projection = layer.self_attn.get_submodule(name)
            assert_close(adapter.A.grad, projection.lora_A["default"].weight.grad, rtol=1e-4, atol=1e-5)
            assert_close(adapter.B.grad, projection.lora_B["default"].weight.grad, rtol=1e-4, atol=1e-5)
    assert_close(merge_lora(ours)(ids), wrapped.merge_and_unload()(ids).logits, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: LowRank((4, 6), rank=5), "rank is 5; expected a whole number from 1 to 4"),
        (lambda: LowRank((4, 6), rank=0), "rank is 0"),
        (lambda: LowRank((4, 6), rank=2, rows=(3, 7)), r"rows is \(3, 7\)"),
        (lambda: LowRank((4, 6), rank=2, rows=(3, 4)), "from 1 to 1"),
        (lambda: LowRank((4, 6), rank=1, alpha=-1), "alpha is -1"),
        (lambda: add_lora(nn.LayerNorm(3), rank=1), r"LayerNorm.weight has shape \(3,\); expected a matrix"),
        (lambda: add_lora(nn.Linear(3, 3), "wieght", rank=1), "Linear.wieght is missing"),
        (lambda: add_lora_to_attention(nn.Linear(3, 3), rank=1), "Linear has no MultiHeadAttention"),
        (lambda: add_lora_to_attention(small_llama(), rank=1, parts=["gate"]), r"parts is \['gate'\]"),
    ],
)
def test_what_cannot_be_adapted(call, words):
    with pytest.raises(ValueError, match=words):
        call()
