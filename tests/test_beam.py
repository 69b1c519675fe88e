"""Beam search: as good as trying everything, the same alone and in a batch, and greedy at width one."""

import itertools
import math

import pytest
import torch
from torch import nn

from course_lib.decoding import Hypothesis, beam_search, free_running_logits, greedy
from course_lib.decoding.search import length_penalty
from course_lib.models.attention import AdditiveAttention, record_attention
from course_lib.models.recurrent import GRU, LSTM
from course_lib.models.seq2seq import Decoder, Encoder, LuongDecoder, Seq2Seq

BOS, EOS, VOCAB, MAX_LEN = 0, 1, 4, 4
IDS = {"bos_id": BOS, "eos_id": EOS, "max_len": MAX_LEN}


def build(kind=GRU, seed=0, device="cpu"):
    """Untrained, but with weights large enough that what was written matters."""
    torch.manual_seed(seed)
    encoder = Encoder(9, 6, kind(6, 5, bidirectional=True))
    model = Seq2Seq(encoder, LuongDecoder(VOCAB, 6, kind(6, 7), AdditiveAttention(7, 10, 8))).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3.0)
    return model.to(device)


def example(device="cpu"):
    source = torch.randint(2, 9, (5, 6), generator=torch.Generator().manual_seed(1))
    return source.to(device), torch.tensor([6, 3, 1, 5, 2], device=device)


def every_sequence(model, source, lengths, alpha):
    """All sequences of one source that end within MAX_LEN symbols, the best first."""
    others = [symbol for symbol in range(VOCAB) if symbol != EOS]
    found = []
    for length in range(MAX_LEN):
        for ids in itertools.product(others, repeat=length):
            target = torch.tensor([[BOS, *ids]], device=source.device)
            log_probs = model(source, lengths, target).log_softmax(-1)[0]
            written = torch.tensor([*ids, EOS], device=source.device)
            log_prob = log_probs.gather(1, written[:, None]).sum().item()
            found.append((list(ids), log_prob, log_prob / ((5 + length + 1) / 6) ** alpha))
    return sorted(found, key=lambda sequence: -sequence[2])


@pytest.mark.parametrize("alpha", [0.0, 0.7])
@pytest.mark.parametrize("kind", [GRU, LSTM])
def test_a_wide_beam_equals_trying_everything(kind, alpha, device):
    model = build(kind, device=device)
    source, lengths = example(device)
    beam = VOCAB**MAX_LEN
    for row in range(5):
        one, length = source[row : row + 1], lengths[row : row + 1]
        expected = every_sequence(model, one, length, alpha)
        (found,) = beam_search(model, one, length, beam=beam, alpha=alpha, **IDS)
        finished = [hypothesis for hypothesis in found if hypothesis.finished]
        assert [hypothesis.ids for hypothesis in finished] == [ids for ids, _, _ in expected]
        for hypothesis, (_, log_prob, score) in zip(finished, expected, strict=True):
            assert hypothesis.log_prob == pytest.approx(log_prob, rel=1e-10)
            assert hypothesis.score == pytest.approx(score, rel=1e-10)
        # What never ended is there too, after all that did.
        assert len(found) == len(expected) + (VOCAB - 1) ** MAX_LEN


class Tables(nn.Module):
    """Reads one symbol a source, and has random tables: (source, step, last symbol) → the next symbol."""

    def __init__(self, seed, n_sources=3, max_len=9, vocab_size=6):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        shape = (n_sources, max_len, vocab_size, vocab_size)
        scores = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
        scores[..., EOS] += 2  # so that many sequences end, and rows are given up
        self.log_probs = nn.Parameter(scores.log_softmax(-1))
        self.rows_read = 0

    def start(self, source, lengths):
        return torch.stack([source[:, 0], torch.zeros_like(source[:, 0])], dim=1)  # (batch, 2): source, step

    def step(self, ids, state):
        self.rows_read += len(ids)
        return self.log_probs[state[:, 0], state[:, 1], ids], state + torch.tensor([0, 1])

    def select(self, state, rows):
        return state[rows]


def beam_search_to_the_end(log_probs, beam, alpha, max_len):
    """Plain beam search for one source, by sorting lists; it gives nothing up before max_len."""
    beginnings, endings = [([], 0.0)], []
    for length in range(1, max_len + 1):
        candidates = [
            ([*ids, symbol], total + log_prob)
            for ids, total in beginnings
            for symbol, log_prob in enumerate(log_probs[length - 1][(ids or [BOS])[-1]])
        ]
        candidates.sort(key=lambda candidate: -candidate[1])
        penalty = ((5 + length) / 6) ** alpha
        endings += [(ids[:-1], total / penalty) for ids, total in candidates[:beam] if ids[-1] == EOS]
        beginnings = [candidate for candidate in candidates if candidate[0][-1] != EOS][:beam]
    endings.sort(key=lambda ending: -ending[1])
    unfinished = [(ids, total / penalty) for ids, total in beginnings]
    return (endings[:beam] + unfinished)[:beam]


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("beam", [1, 2, 3, 5])
def test_a_row_is_given_up_only_when_nothing_better_can_come(alpha, beam):
    sources, n_models, rows_read = torch.tensor([[0], [1], [2]]), 40, 0
    options = {"bos_id": BOS, "eos_id": EOS, "max_len": 9, "beam": beam, "alpha": alpha}
    for seed in range(n_models):
        model = Tables(seed)
        for row, found in enumerate(beam_search(model, sources, torch.ones(3).long(), **options)):
            expected = beam_search_to_the_end(model.log_probs[row].tolist(), beam, alpha, max_len=9)
            assert [hypothesis.ids for hypothesis in found] == [ids for ids, _ in expected]
            assert [hypothesis.score for hypothesis in found] == pytest.approx(
                [score for _, score in expected]
            )
        rows_read += model.rows_read
    # Some rows were given up: else each of the three would have been read once, and then with all its beginnings.
    assert rows_read < 0.95 * n_models * 3 * (1 + 8 * beam)


@pytest.mark.parametrize("alpha", [0.0, 0.7])
@pytest.mark.parametrize("beam", [1, 2, 3, 5])
def test_a_batch_gives_what_each_source_gives_alone(beam, alpha):
    model, (source, lengths) = build(), example()
    together = beam_search(model, source, lengths, beam=beam, alpha=alpha, **IDS)
    for row, length in enumerate(lengths.tolist()):
        alone = beam_search(
            model, source[row : row + 1, :length], lengths[row : row + 1], beam=beam, alpha=alpha, **IDS
        )[0]
        assert [h.ids for h in alone] == [h.ids for h in together[row]]
        assert [h.score for h in alone] == pytest.approx([h.score for h in together[row]])


@pytest.mark.parametrize("seed", range(6))
def test_width_one_is_greedy(seed):
    model, (source, lengths) = build(seed=seed), example()
    chosen = greedy(model, source, lengths, **IDS)
    for one, (beam_of_one,) in zip(chosen, beam_search(model, source, lengths, beam=1, **IDS), strict=True):
        assert one.ids == beam_of_one.ids and one.finished == beam_of_one.finished
        assert one.log_prob == pytest.approx(beam_of_one.log_prob)


@pytest.mark.parametrize("seed", range(4))
def test_greedy_writes_the_likeliest_symbol_and_its_probability(seed):
    model, (source, lengths) = build(seed=seed), example()
    for row, hypothesis in enumerate(greedy(model, source, lengths, **IDS)):
        written = hypothesis.ids + [EOS] * hypothesis.finished
        assert EOS not in hypothesis.ids and len(written) <= MAX_LEN
        assert hypothesis.finished or len(written) == MAX_LEN
        target = torch.tensor([[BOS, *written[:-1]]])
        log_probs = model(source[row : row + 1], lengths[row : row + 1], target)[0].log_softmax(-1)
        assert log_probs.argmax(-1).tolist() == written
        assert hypothesis.log_prob == hypothesis.score == pytest.approx(log_probs.max(-1).values.sum().item())


class Table(nn.Module):
    """Reads nothing; the next symbol depends on the last one only. Probabilities by hand."""

    def __init__(self, rows):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(rows).log())

    def start(self, source, lengths):
        return torch.zeros(len(source), 1)

    def step(self, ids, state):
        return self.logits[ids], state

    def select(self, state, rows):
        return state[rows]


ONE_SOURCE = (torch.tensor([[5]]), torch.tensor([1]))
# <bos> 0, <eos> 1, a 2, b 3. Greedy takes a (0.6), after which nothing is likely; b then ends for sure.
TRAP = [[0.0, 0.0, 0.6, 0.4], [0.0, 1.0, 0.0, 0.0], [0.0, 0.35, 0.4, 0.25], [0.0, 1.0, 0.0, 0.0]]


def test_a_beam_finds_what_greedy_misses():
    model = Table(TRAP)
    (greedily,) = greedy(model, *ONE_SOURCE, **IDS)
    assert greedily.ids == [2, 2, 2, 2] and not greedily.finished
    (found,) = beam_search(model, *ONE_SOURCE, beam=2, **IDS)
    assert found[0].ids == [3] and found[0].finished
    # "a" and its end (0.21) is only the third of the second step's candidates; "a b" (0.15) ends among the best two.
    assert found[0].log_prob == pytest.approx(math.log(0.4)) and found[1].ids == [2, 3]
    # Impossible sequences are never returned, however wide the beam.
    (everything,) = beam_search(model, *ONE_SOURCE, beam=500, **IDS)
    assert all(math.isfinite(h.log_prob) and BOS not in h.ids for h in everything)
    assert len({tuple(h.ids) for h in everything if h.finished}) == sum(h.finished for h in everything)


def test_the_length_penalty_favours_longer_ones():
    # a goes on or ends; every symbol costs.
    model = Table([[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.2, 0.8, 0.0], [0.25] * 4])
    short = beam_search(model, *ONE_SOURCE, beam=4, alpha=0.0, **IDS)[0][0]
    long = beam_search(model, *ONE_SOURCE, beam=4, alpha=2.0, **IDS)[0][0]
    assert (short.ids, long.ids) == ([2], [2, 2, 2])
    assert length_penalty(1, 0.6) == 1 and length_penalty(7, 1.0) == 2 and length_penalty(9, 0.0) == 1


def test_forbidden_symbols_are_never_written():
    model, (source, lengths) = build(), example()
    for hypothesis in greedy(model, source, lengths, forbidden=[BOS, 3], **IDS):
        assert set(hypothesis.ids) <= {2}
    for found in beam_search(model, source, lengths, beam=6, forbidden=[BOS, 3], **IDS):
        assert found and all(set(hypothesis.ids) <= {2} for hypothesis in found)


def test_rows_that_end_early_do_not_disturb_the_others():
    model, (source, lengths) = build(seed=3), example()
    found = beam_search(model, source, lengths, beam=2, bos_id=BOS, eos_id=EOS, max_len=30)
    assert len({len(hypotheses[0].ids) for hypotheses in found}) > 1
    for hypotheses in found:
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)


def test_greedy_maps_are_those_of_reading_its_result():
    model, (source, lengths) = build(), example()
    with record_attention(model) as maps:
        found = greedy(model, source, lengths, **IDS)
    steps = maps["decoder.attention"].shape[1]
    target = torch.tensor([[BOS, *(h.ids + [EOS] * MAX_LEN)][:steps] for h in found])
    with record_attention(model) as reread:
        model(source, lengths, target)
    torch.testing.assert_close(maps["decoder.attention"], reread["decoder.attention"])


def test_the_model_stays_in_its_mode_and_without_dropout():
    torch.manual_seed(0)
    encoder = Encoder(9, 6, GRU(6, 5), dropout=0.5)
    model = Seq2Seq(encoder, Decoder(VOCAB, 6, GRU(6, 5), dropout=0.5)).train()
    first, second = (beam_search(model, *example(), **IDS) for _ in range(2))
    assert first == second and model.training


def test_free_running_reads_what_it_has_written():
    model, (source, lengths) = build(), example()
    logits = free_running_logits(model, source, lengths, bos_id=BOS, steps=5)
    assert logits.shape == (5, 5, VOCAB)
    written = torch.cat([torch.full((5, 1), BOS), logits.argmax(-1)[:, :-1]], dim=1)
    torch.testing.assert_close(model(source, lengths, written).detach(), logits)


def test_a_hypothesis_reads_well():
    assert Hypothesis([1], -0.5, -0.5, True)._fields == ("ids", "log_prob", "score", "finished")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"beam": 0}, "beam is 0"),
        ({"beam": True}, "beam is True"),
        ({"alpha": -0.1}, "alpha is -0.1"),
        ({"alpha": math.nan}, "alpha is nan"),
        ({"max_len": 0}, "length is 0"),
        ({"forbidden": [EOS]}, "eos_id = 1"),
    ],
)
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        beam_search(build(), *example(), **{**IDS, **options})


def test_nan_and_empty_sources_are_named():
    model = Table(TRAP)
    with pytest.raises(ValueError, match=r"source has shape \(0, 3\)"):
        greedy(model, torch.zeros(0, 3, dtype=torch.long), torch.zeros(0, dtype=torch.long), **IDS)
    with torch.no_grad():
        model.logits.fill_(math.nan)
    for search in (greedy, beam_search):
        with pytest.raises(ValueError, match="NaN"):
            search(model, *ONE_SOURCE, **IDS)
