"""Writing on with a GPT: every way to take a step writes the same; unequal prompts, an end symbol, a sliding window."""

import copy

import pytest
import torch
from torch import nn

from course_lib.decoding import generate, generation, next_distribution
from course_lib.decoding.fused_step import FusedStep, _product
from course_lib.decoding.page import Page
from course_lib.decoding.sampling import Chooser
from course_lib.decoding.static_step import Captured, StaticStep, can_capture
from course_lib.models.attention import StaticCache, record_attention
from course_lib.models.transformer import GPT, Llama, language_model_loss

EXACT = {"rtol": 1e-10, "atol": 1e-10}
VOCAB, MAX_LEN = 19, 40
VARIANTS = {
    "learned": {},
    "rotary": {"rotary": True},
    "rotary, norms, no bias": {
        "rotary": True,
        "query_key_norm": True,
        "activation": "relu_squared",
        "bias": False,
    },
    "Llama": {"kind": Llama, "d_ff": 20, "n_kv_heads": 2, "tied": False},
}
HOW = {"greedy": {"temperature": 0}, "sampled": {}, "cut off": {"temperature": 0.8, "top_k": 9, "top_p": 0.9}}
LENGTHS = torch.tensor([5, 9, 1, 7])
variants = pytest.mark.parametrize("variant", VARIANTS)
ways = pytest.mark.parametrize("how", HOW)


def build(variant="learned", device="cpu", dtype=torch.float64, seed=0, **options):
    torch.manual_seed(seed)
    options = {
        "max_len": MAX_LEN,
        "d_model": 16,
        "n_heads": 4,
        "num_layers": 3,
        **VARIANTS[variant],
        **options,
    }
    model = options.pop("kind", GPT)(VOCAB, **options).eval()
    for parameter in model.parameters():  # as drawn, all logits would be nearly equal
        nn.init.normal_(parameter, std=0.3)
    return model.to(device, dtype)


def prompts(batch=4, time=9, seed=0):
    return torch.randint(0, VOCAB, (batch, time), generator=torch.Generator().manual_seed(seed))


def write(model, prompt, n_new=12, *, seed=4, **options):
    return generate(model, prompt, n_new, generator=torch.Generator().manual_seed(seed), **options)


def naively(model, prompt, n_new, max_len=MAX_LEN):
    """The likeliest symbol after the last max_len symbols, again and again; nothing is kept."""
    ids = prompt
    for _ in range(n_new):
        ids = torch.cat([ids, model(ids[:, -max_len:])[:, -1:].argmax(dim=-1)], dim=1)
    return ids


@pytest.fixture
def steps_taken(monkeypatch):
    """Which kinds of steps `generate` has chosen."""
    taken, choose_step = [], generation._step

    def remember(*arguments):
        step = choose_step(*arguments)
        taken.append(type(step).__name__)
        return step

    monkeypatch.setattr(generation, "_step", remember)
    return taken


# ---------------------------------------------------------------- every way to take a step writes the same


class Spy(Chooser):
    """A chooser that keeps the logits it was given."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.seen = []

    def __call__(self, logits):
        self.seen.append(logits.clone())
        return super().__call__(logits)


def take_steps(kind, model, ids, lengths, n_new, **options):
    """Text and logits when each symbol but the first is written by a step of one kind."""
    device = next(model.parameters()).device
    options = {"generator": torch.Generator().manual_seed(4), **options}
    with torch.inference_mode():
        choose = Spy(n_new, len(ids), device, **options)
        page = Page(ids, lengths, n_new, eos_id=None, pad_id=0, device=device)
        caches = model.start_caches(ids.shape[1] + n_new)
        unequal = {"lengths": page.length} if len(set(lengths.tolist())) > 1 else {}
        page.write(choose(model(page.ids[:, : ids.shape[1]], caches, last_only=True, **unequal)[:, -1]))
        step = {
            "plain": lambda: page.write(choose(model(page.newest(), caches, last_only=True)[:, -1])),
            "static": lambda: StaticStep(model, caches, page, choose),
            "fused": lambda: FusedStep(model, caches, page, choose),
        }[kind]
        step = step if kind == "plain" else step()
        for _ in range(n_new - 1):
            step()
        return page.text(), torch.stack(choose.seen)


@variants
@ways
@pytest.mark.parametrize("kind", ["static", "fused"])
@pytest.mark.parametrize("batch", [1, 4])
def test_a_static_and_a_fused_step_are_the_plain_one(device, kind, variant, how, batch):
    if kind == "fused" and device.type != "cpu":
        pytest.skip("the fused step is for a CPU")
    model, ids, lengths = build(variant, device), prompts(batch), torch.full((batch,), 9)
    text, logits = take_steps("plain", model, ids, lengths, 15, **HOW[how])
    other_text, other_logits = take_steps(kind, model, ids, lengths, 15, **HOW[how])
    torch.testing.assert_close(other_logits, logits, **EXACT)
    assert torch.equal(other_text, text)


@variants
def test_the_step_that_generate_chooses_writes_what_reading_again_writes(device, variant, steps_taken):
    model, ids = build(variant, device), prompts()
    for options in HOW.values():
        assert torch.equal(
            write(model, ids, 30, **options), write(model, ids, 30, use_cache=False, **options)
        )
        assert torch.equal(write(model, ids, 4, **options), write(model, ids, 30, **options)[:, :13])
    long, short = ("FusedStep", "function") if device.type == "cpu" else ("Captured", "function")
    assert steps_taken == [long, short, long] * 3


def test_products_from_packed_weights_are_products():
    torch.manual_seed(0)
    linear = nn.Linear(384, 512)
    x = torch.randn(8, 384)
    for rows in (1, 2, 4, 8):
        for bias in (linear.bias, None):
            got = _product(linear.weight, bias, rows)(x[:rows])
            torch.testing.assert_close(got, nn.functional.linear(x[:rows], linear.weight, bias))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_writes(dtype, steps_taken):
    model = build(dtype=dtype)
    for options in ({}, {"lengths": LENGTHS}):
        text = write(model, prompts(), 20, **options)
        assert len(set(text[:, 9:].flatten().tolist())) > 3
    assert steps_taken == ["FusedStep", "StaticStep"]


# ---------------------------------------------------------------- what a CUDA graph demands, shown on a CPU


@variants
@ways
@pytest.mark.parametrize("eos_id", [None, 3])
def test_a_static_step_never_waits_for_the_device(variant, how, eos_id):
    # On "meta" there are shapes only: to look at a number, or to mix in one from the CPU, raises an error.
    model = build(variant).to("meta")
    with torch.inference_mode():
        choose = Chooser(9, 4, torch.device("meta"), **HOW[how])
        page = Page(prompts(), LENGTHS, 9, eos_id=eos_id, pad_id=0, device=torch.device("meta"))
        caches = model.start_caches(18)
        page.write(choose(model(page.ids[:, :9], caches, last_only=True)[:, -1]))
        step = StaticStep(model, caches, page, choose)
        for _ in range(3):
            step()
        with pytest.raises(Exception, match="meta"):  # so it would have been noticed
            page.all_ended()


def test_a_static_step_works_on_the_same_memory_every_time():
    model = build("rotary")
    with torch.inference_mode():
        choose = Chooser(9, 4, torch.device("cpu"))
        page = Page(prompts(), LENGTHS, 9, eos_id=3, pad_id=0, device=torch.device("cpu"))
        caches = model.start_caches(18)
        page.write(choose(model(page.ids[:, :9], caches, lengths=page.length, last_only=True)[:, -1]))
        step = StaticStep(model, caches, page, choose)

        def memory():
            kept = [*vars(page).values(), *vars(choose).values(), step._newest, step._columns]
            kept += [part for cache in step._caches for part in (cache._keys, cache._values, cache.columns)]
            kept += [part for layer in model.blocks.layers for part in layer.self_attn.rotary._table]
            return [tensor.data_ptr() for tensor in kept if isinstance(tensor, torch.Tensor)]

        step()
        before = memory()
        step()
        assert memory() == before and len(before) > 20


def test_a_static_cache_says_what_it_cannot_do():
    caches = build().start_caches(8)
    with pytest.raises(ValueError, match="is empty"):
        StaticCache(caches[0], torch.zeros(1, dtype=torch.long))
    caches[0].append(torch.ones(2, 4, 3, 4), torch.ones(2, 4, 3, 4))
    cache = StaticCache(caches[0], torch.tensor([3, 5]))
    with pytest.raises(ValueError, match="2 new positions; .* one at a time"):
        cache.append(torch.ones(2, 4, 2, 4), torch.ones(2, 4, 2, 4))
    keys, _ = cache.append(torch.full((2, 4, 1, 4), 7.0), torch.full((2, 4, 1, 4), 7.0))
    assert keys[:, 0, :, 0].tolist() == [[1, 1, 1, 7, 0, 0, 0, 0], [1, 1, 1, 0, 0, 7, 0, 0]]
    assert cache.n_keys(1) == 8


def test_nothing_is_captured_without_a_gpu():
    assert not can_capture(build())


# ---------------------------------------------------------------- prompts of unequal length


@variants
@pytest.mark.parametrize("use_cache", [True, False])
def test_each_row_writes_what_it_writes_alone(device, variant, use_cache, steps_taken):
    model, ids = build(variant, device), prompts()
    text = write(model, ids, 12, lengths=LENGTHS, temperature=0, use_cache=use_cache)
    assert text.shape == (4, 21) and text.device.type == "cpu"
    for row, length in enumerate(LENGTHS.tolist()):
        alone = write(model, ids[row : row + 1, :length], 12, temperature=0, use_cache=use_cache)[0]
        assert torch.equal(text[row, : length + 12], alone)
        assert (text[row, length + 12 :] == 0).all()


@variants
@pytest.mark.parametrize("use_cache", [True, False])
def test_each_row_draws_what_it_draws_alone(monkeypatch, variant, use_cache):
    from course_lib.decoding import sampling

    model, ids = build(variant), prompts()
    numbers = torch.rand(12, 4, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(sampling, "uniform_numbers", lambda n_steps, batch, generator: numbers)
    text = write(model, ids, 12, lengths=LENGTHS, use_cache=use_cache)
    for row, length in enumerate(LENGTHS.tolist()):
        own = numbers[:, row : row + 1]
        monkeypatch.setattr(sampling, "uniform_numbers", lambda n_steps, batch, generator, own=own: own)
        alone = write(model, ids[row : row + 1, :length], 12, use_cache=use_cache)[0]
        assert torch.equal(text[row, : length + 12], alone)


@pytest.mark.parametrize("n_new", [0, 3, 12])
def test_what_stands_in_the_padding_does_not_matter_and_comes_out_as_pad_id(n_new):
    model, ids = build(), prompts()
    other = torch.where(torch.arange(9) < LENGTHS[:, None], ids, (ids + 1) % VOCAB)
    first, second = (write(model, some, n_new, lengths=LENGTHS, pad_id=7) for some in (ids, other))
    assert torch.equal(first, second) and first.shape == (4, 9 + n_new)
    for row, length in enumerate(LENGTHS.tolist()):
        assert torch.equal(first[row, :length], ids[row, :length])
        assert (first[row, length + n_new :] == 7).all()


def test_equal_lengths_are_no_lengths_and_a_margin_of_padding_is_cut_off(steps_taken):
    model, ids = build(), prompts()
    assert torch.equal(write(model, ids, lengths=torch.full((4,), 9)), write(model, ids))
    assert torch.equal(write(model, ids, lengths=torch.full((4,), 6)), write(model, ids[:, :6]))
    assert set(steps_taken) == {"FusedStep" if not can_capture(model) else "Captured"}


# ---------------------------------------------------------------- an end symbol


def cut_at(text, start, eos_id):
    """A list of ids up to the first eos_id from `start` on, with it."""
    return text[: text.index(eos_id, start) + 1] if eos_id in text[start:] else text


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("pad_id", [None, 0])
def test_rows_end_with_the_end_symbol_and_are_filled_behind_it(device, use_cache, unequal, pad_id):
    model, ids, eos_id = build(device=device), prompts(), 11
    ids[0, 2] = eos_id  # in the prompt it ends nothing
    options = {"lengths": LENGTHS} if unequal else {}
    lengths = LENGTHS.tolist() if unequal else [9] * 4
    without = write(model, ids, 30, use_cache=use_cache, **options).tolist()
    text = write(model, ids, 30, use_cache=use_cache, eos_id=eos_id, pad_id=pad_id, **options)
    expected = [
        cut_at(row[: length + 30], length, eos_id) for row, length in zip(without, lengths, strict=True)
    ]
    ended = [len(row) < length + 30 for row, length in zip(expected, lengths, strict=True)]
    assert any(ended) and text.shape[1] == max(map(len, expected))
    for row, some in zip(text.tolist(), expected, strict=True):
        assert row[: len(some)] == some
        assert set(row[len(some) :]) <= {eos_id if pad_id is None else pad_id}


@pytest.mark.parametrize("use_cache", [True, False])
def test_writing_stops_when_all_rows_have_ended(use_cache):
    model, ids = build(), prompts(batch=2)
    calls = []

    class Counted(GPT):  # no hook: the step would not be fused
        def forward(self, *arguments, **options):
            calls.append(1)
            return super().forward(*arguments, **options)

    model.__class__ = Counted
    without = write(model, ids, 30, temperature=0).tolist()
    eos_id = without[0][9 + 3]
    expected = [cut_at(row, 9, eos_id) for row in without]
    calls.clear()
    text = write(model, ids, 30, temperature=0, eos_id=eos_id, use_cache=use_cache)
    longest = max(map(len, expected))
    assert longest < 39, "one row never ends: choose another seed"
    assert text.shape[1] == longest and len(calls) == longest - 9


def test_an_end_symbol_at_once_ends_at_once():
    model, ids = build(), prompts(batch=1)
    eos_id = write(model, ids, 1, temperature=0)[0, -1].item()
    assert torch.equal(
        write(model, ids, 20, temperature=0, eos_id=eos_id), write(model, ids, 1, temperature=0)
    )


# ---------------------------------------------------------------- a sliding window


@variants
@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("time", [9, 39, 40, 41, 50])
def test_past_max_len_each_symbol_is_predicted_from_the_last_max_len(device, variant, use_cache, time):
    model, ids = build(variant, device), prompts(2, time)
    expected = naively(model, ids.to(device), 45 - min(time, 40) + 5).cpu()
    text = write(model, ids, expected.shape[1] - time, temperature=0, slide=True, use_cache=use_cache)
    assert torch.equal(text, expected)


@variants
@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("lengths", [[5, 38, 1, 20], [45, 38, 40, 41]])
def test_each_row_slides_from_where_it_is_full(device, variant, use_cache, lengths):
    model, ids, lengths = build(variant, device), prompts(4, 45), torch.tensor(lengths)
    options = {"temperature": 0, "slide": True, "use_cache": use_cache}
    text = write(model, ids, 8, lengths=lengths, **options)
    for row, length in enumerate(lengths.tolist()):
        alone = naively(model, ids[row : row + 1, :length].to(device), 8)[0].cpu()
        assert torch.equal(text[row, : length + 8], alone)


def test_without_slide_a_text_that_fits_fills_the_model_to_its_last_place():
    model, ids, widths = build(), prompts(2, 9), []
    assert torch.equal(write(model, ids, 31, temperature=0), naively(model, ids, 31))
    model.token_embedding.register_forward_hook(lambda _, arguments, __: widths.append(arguments[0].shape[1]))
    write(model, ids, 32, slide=True)
    assert widths == [9] + [1] * 31  # the 41st symbol still has all before it in the window
    with pytest.raises(
        ValueError, match=r"n_new is 32 after a prompt of 9 symbols; .*max_len = 40.* slide=True"
    ):
        write(model, ids, 32)
    # Only the longest row's length counts, not the padding behind it.
    assert write(model, prompts(2, 20), 31, lengths=torch.tensor([3, 9])).shape == (2, 40)


# ---------------------------------------------------------------- the model before, meanwhile and after


def test_who_listens_hears_every_step(device, steps_taken):
    model, ids = build("rotary", device), prompts()
    for options in ({}, {"lengths": LENGTHS}):
        alone = write(model, ids, 30, **options)
        with record_attention(model) as maps:
            text = write(model, ids, 30, **options)
        assert torch.equal(text, alone)
        weights = maps[
            "blocks.layers.1.self_attn"
        ]  # 9 rows of the prompt, then one a step; the last is not read
        assert weights.shape == (4, 4, 38, 38 if not options else 39)
        torch.testing.assert_close(weights[:, :, -1].sum(-1), torch.ones_like(weights[:, :, -1, 0]))
    assert steps_taken[1] == "function" and steps_taken[3] == "StaticStep"


def test_hooks_are_called_at_every_step(steps_taken):
    model, ids, calls = build(), prompts(), []
    before = write(model, ids, 20)
    handle = model.blocks.layers[0].linear1.register_forward_hook(lambda *_: calls.append(1))
    assert torch.equal(write(model, ids, 20), before) and len(calls) == 20
    handle.remove()
    write(model, ids, 20)
    assert len(calls) == 20 and steps_taken == ["FusedStep", "function", "FusedStep"]


def test_a_part_that_was_exchanged_is_used(steps_taken):
    class Louder(nn.Linear):
        def forward(self, x):
            return 3 * super().forward(x)

    model, ids = build(), prompts()
    plain, louder = write(model, ids, 20), Louder(64, 16).double()
    louder.load_state_dict(model.blocks.layers[0].linear2.state_dict())
    model.blocks.layers[0].linear2 = louder
    changed = write(model, ids, 20)
    assert not torch.equal(changed, plain)
    assert torch.equal(changed, write(model, ids, 20, use_cache=False))
    assert steps_taken == ["FusedStep", "function"]


def test_under_autocast_the_steps_run_as_the_model_does(steps_taken):
    model, ids = build(dtype=torch.float32), prompts()
    with torch.autocast("cpu", torch.bfloat16):
        write(model, ids, 20)
    assert steps_taken == ["function"]


@variants
def test_weights_may_change_between_calls_and_training_goes_on(device, variant):
    model, ids = build(variant, device), prompts()
    first = write(model, ids, 30)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    model.train()
    loss = language_model_loss(model, ids.to(device))
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.5 * parameter.grad
    fresh = copy.deepcopy(model)
    second = write(model, ids, 30)
    assert model.training and not torch.equal(first, second)
    assert torch.equal(second, write(fresh, ids, 30, use_cache=False))
    model.load_state_dict(before)
    assert torch.equal(write(model, ids, 30), first)
    assert all(p.is_contiguous() and not p.is_inference() for p in model.parameters())


def test_there_is_no_dropout_meanwhile(device):
    model, ids = build(device=device, dropout=0.5), prompts()
    expected = write(model, ids, 20)
    model.train()
    for options in ({}, {"use_cache": False}):
        assert torch.equal(write(model, ids, 20, **options), expected)


def test_one_seed_gives_one_text_and_the_generator_moves_on_alike(device):
    model, ids = build(device=device), prompts()
    assert torch.equal(write(model, ids, seed=1), write(model, ids, seed=1))
    assert not torch.equal(write(model, ids, seed=1), write(model, ids, seed=2))
    generators = [torch.Generator().manual_seed(0) for _ in range(2)]
    generate(model, ids, 20, generator=generators[0])
    generate(model, ids, 20, generator=generators[1], eos_id=11, use_cache=False)
    assert torch.equal(generators[0].get_state(), generators[1].get_state())
    texts = [generate(model, ids, 5, generator=generators[0]) for _ in range(2)]
    assert not torch.equal(*texts)


def test_symbols_of_a_nucleus_only(device):
    model, ids = build(device=device), prompts(1)
    drawn = write(model, ids.expand(500, -1), 1, top_p=0.5)[:, -1]
    possible = next_distribution(model(ids.to(device))[0, -1].detach(), top_p=0.5).cpu() > 0
    assert set(drawn.tolist()) == set(possible.nonzero()[:, 0].tolist()) and possible.sum() < VOCAB


def test_a_model_that_has_blown_up_is_named_at_the_end():
    model, ids = build(), prompts()
    with torch.no_grad():
        model.token_embedding.weight[3] = float("nan")
    for options in ({}, {"temperature": 0}, {"use_cache": False}):
        with pytest.raises(ValueError, match="NaN"):
            write(model, ids, 12, **options)
    assert not model.training


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lengths": torch.tensor([1, 2])}, r"lengths has shape \(2,\) .* \(4,\), one for each row"),
        ({"lengths": torch.ones(4)}, "type torch.float32; expected whole numbers"),
        ({"lengths": torch.tensor([1, 2, 0, 3])}, "from 0 to 3; .* between 1 and the prompt's width, 9"),
        ({"lengths": torch.tensor([1, 2, 10, 3])}, "from 1 to 10"),
        ({"eos_id": VOCAB}, r"eos_id is 19; .* vocab_size - 1 = 18"),
        ({"pad_id": -1}, "pad_id is -1"),
        ({"n_new": -1}, "n_new is -1"),
        ({"top_k": 20}, "top_k is 20; .* vocab_size = 19"),
        ({"temperature": -1, "n_new": 0}, "temperature is -1"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        generate(build(), prompts(), **{"n_new": 5, **options})


# ---------------------------------------------------------------- captured on a GPU


@pytest.mark.gpu
@variants
@ways
@pytest.mark.parametrize("batch", [1, 8])
def test_a_captured_step_writes_what_eager_steps_write(variant, how, batch, steps_taken, monkeypatch):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA GPU, and torch sees none here")
    model = build(variant, "cuda")
    for seed in (0, 1):  # twice in a row, other prompts
        ids = prompts(batch, seed=seed)
        captured = write(model, ids, 30, **HOW[how])
        with monkeypatch.context() as patch:
            patch.setattr(generation, "can_capture", lambda model: False)
            assert torch.equal(write(model, ids, 30, **HOW[how]), captured)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.data = 1.1 * parameter.data  # other memory, other values
    assert steps_taken == ["Captured", "function"] * 2


@pytest.mark.gpu
@variants
def test_a_captured_step_knows_unequal_lengths_and_ends(variant, steps_taken):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA GPU, and torch sees none here")
    model, ids = build(variant, "cuda"), prompts()
    options = {"lengths": LENGTHS, "temperature": 0.9, "eos_id": 11, "pad_id": 0}
    text = write(model, ids, 31, **options)
    assert torch.equal(text, write(model, ids, 31, use_cache=False, **options))
    here = write(copy.deepcopy(model).to("cpu"), ids, 31, **options)
    assert torch.equal(text, here)
    assert steps_taken == ["Captured", "StaticStep"]


@pytest.mark.gpu
def test_what_was_captured_is_given_back(steps_taken):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA GPU, and torch sees none here")
    model, ids = build("rotary", "cuda"), prompts()
    write(model, ids, 30)
    held = torch.cuda.memory_allocated()
    for _ in range(3):
        write(model, ids, 30)
    assert torch.cuda.memory_allocated() <= held
    model.train()
    language_model_loss(model, ids.to("cuda")).backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
    assert steps_taken == ["Captured"] * 4


def test_a_captured_step_warms_up_then_records_then_replays(monkeypatch):
    """The order of things, with CUDA's part played by stand-ins."""
    from contextlib import contextmanager

    told = []

    class Stream:
        def wait_stream(self, other):
            told.append("wait")

    class Graph:
        def replay(self):
            told.append("replay")

    @contextmanager
    def graph(recorded, *, stream, capture_error_mode):
        told.append("record")
        yield
        told.append("recorded")

    @contextmanager
    def on_stream(stream):
        yield

    for name, stand_in in {
        "Stream": Stream,
        "CUDAGraph": Graph,
        "graph": graph,
        "stream": on_stream,
        "current_stream": Stream,
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    step = Captured(lambda: told.append("step"))
    for _ in range(5):
        step()
    assert told == ["wait", "step", "wait"] * 2 + ["record", "step", "recorded"] + ["replay"] * 3
