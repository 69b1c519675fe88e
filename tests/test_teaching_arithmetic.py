"""Every number that a teacher's quiz or exam problem gives as an answer, computed again.

A wrong answer on a teacher's page costs a class more than one in a notebook, where a checker would contradict it. Each
entry names the page, the text in which the answer appears there, and the value as Python or the course's code finds it.
"""

import math
import re
from itertools import combinations

import nbformat
import pytest
import torch
import torch.nn.functional as F

from course_lib.metrics import bits_per_character, perplexity
from course_lib.models.compact import LowRank
from course_lib.models.pretrained.gguf_blocks import Q4_1
from course_lib.practice import registry
from tools.lesson_source import ROOT


def solved(exercise_id: str):
    return registry.get(exercise_id).reference


def bits(*probabilities: float) -> float:
    """The mean surprise in bits of symbols that had these probabilities."""
    return -sum(map(math.log2, probabilities)) / len(probabilities)


def entropy(*probabilities: float) -> float:
    return -sum(p * math.log2(p) for p in probabilities)


def share_of_splits(first: list[int], second: list[int]) -> float:
    pooled = first + second
    sums = [sum(chosen) for chosen in combinations(pooled, len(first))]
    return sum(found >= sum(first) for found in sums) / len(sums)


def attended(weights: list[float], values: list[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, values, strict=True))


def softmax(*scores: float) -> list[float]:
    return torch.softmax(torch.tensor(scores, dtype=torch.float64), dim=0).tolist()


def corrupted(length: int) -> tuple[list[int], list[int]]:
    """Source and target of a text that loses 25 spans of 3."""
    spans = [(20 * n, 20 * n + 3) for n in range(25)]
    return solved("14.corrupt_spans")(list(range(length)), spans, list(range(1000, 1026)))


UN_WORDS = {tuple("sun"): 4, tuple("sung"): 2, tuple("fun"): 5, tuple("fund"): 3}
AB_WORDS = {tuple("ab"): 3, tuple("abc"): 2, tuple("bc"): 4}
PIECES = ["play", "p", "##lay", "##er", "##ers", "##s"]
KEYS = "tom lost the keys".split(), "tom found the old keys".split()
SLOPE = 0.75 * math.log(3)
WEIGHTS = softmax(math.log(2), 0.0, math.log(5))
BEAM_FACTOR = math.log(2.3 / 2) / math.log(9 / 8)

# (page, what it says, value, what the page's text claims it to be)
NUMBERS = [
    ("00", r"0.98^{100} \approx 0.133", 0.98**100, 0.133),
    ("00", r"\approx 34.3$", math.log(0.5) / math.log(0.98), 34.3),
    ("00", "so $n = 35$", solved("00.steps_to_half")(0.98), 35),
    ("00", "34 steps leave 0.503", 0.98**34, 0.503),
    ("00", "35 leave 0.493", 0.98**35, 0.493),
    ("00", r"\approx -0.0202", math.log(0.98), -0.0202),
    ("01", "8: the mean loss is", perplexity(bits(1 / 2, 1 / 32) * math.log(2)), 8),
    ("01", "the factor ½", 6.5 / math.hypot(3, 4, 12), 0.5),
    ("01", "1 : 3. The odds", 9**0.5, 3),
    ("01", r"\ln 3 \approx 1.099", math.atanh(0.5) / 0.5, 1.099),
    ("01", r"\approx 0.824$", SLOPE, 0.824),
    ("01", r"0.824^{20} \approx 0.021", SLOPE**20, 0.021),
    ("02", r"\approx 0.215", 0.6 * 0.95**20, 0.215),
    ("02", "= 1920$", solved("02.n_parameters")(10, 20, 3), 1920),
    ("02", r"0.5^{1/100} \approx 0.9931", 0.5**0.01, 0.9931),
    ("02", r"\approx 4.97$", solved("02.forget_bias")(100, 0.5), 4.97),
    ("02", r"$f^{100} \approx 0.37$", (100 / 101) ** 100, 0.37),
    ("02", "the cell reaches 1.8", 0.9 + 0.9, 1.8),
    ("03", "$24 / 25 = 0.96$", solved("03.cosine")(torch.tensor([3.0, 4]), torch.tensor([4.0, 3])), 0.96),
    ("03", r"\ln 4 \approx 1.39", math.log(0.02 / (0.1 * 0.05)), 1.39),
    ("03", r"$11 \ln 2 \approx 7.62$", solved("03.pair_loss")(*torch.zeros(2, 3), torch.zeros(10, 3)), 7.62),
    ("03", r"$\ln 1.6 \approx 0.470$", solved("03.pmi")(torch.tensor([[8.0, 2], [2, 8]]))[0, 0], 0.470),
    ("03", r"$\ln 0.4 \approx -0.916$", solved("03.pmi")(torch.tensor([[8.0, 2], [2, 8]]))[0, 1], -0.916),
    ("03", r"$\ln 0.8 \approx -0.223$", math.log(1.6) - math.log(2), -0.223),
    ("03", r"$\ln 0.2 \approx -1.609$", math.log(0.4) - math.log(2), -1.609),
    ("03", r"\approx -2.54$", math.log(0.8) ** 2 - math.log(0.2) ** 2, -2.54),
    ("04", r"$0.85^{11} \approx 0.17$", 0.85**11, 0.17),
    ("04", "$7/5 = 1.4$", (4 * 1 + 3) / 5, 1.4),
    ("04", r"$0.5 \cdot 0.4 = 0.20$", 0.5 * 0.4, 0.20),
    ("04", "B x with 0.27", 0.3 * 0.9, 0.27),
    ("04", "C x has 0.12", 0.2 * 0.6, 0.12),
    ("04", r"\approx 1.19$", BEAM_FACTOR, 1.19),
    ("05", "the context 7", attended(softmax(0.0, math.log(3)), [4, 8]), 7),
    ("05", "= 1552$", 16 * (32 + 64 + 1), 1552),
    ("05", "= 4.5$", attended(WEIGHTS, [9, 18, 0]), 4.5),
    ("05", "$6 + 6 = 12$", attended(softmax(math.log(2), 0.0), [9, 18]), 12),
    ("05", "½, ¼, ¼", softmax(math.log(2), 0.0, 0.0)[0], 0.5),
    ("06", "**Answer.** 16.", 256**0.5, 16),
    ("06", "= 15$", int(solved("06.causal_mask")(5).sum()), 15),
    ("06", "T = 2d = 1024", 2 * 512, 1024),
    ("06", r"$\cos(13\pi/6) \approx 0.866$", math.cos(13 * math.pi / 6), 0.866),
    ("06", r"$\cos(\pi/2) = 0$", math.cos(math.pi / 2), 0),
    ("07", "$(-1, -1, 1, 1)$", F.layer_norm(torch.tensor([1.0, 1, 5, 5]), (4,))[3], 1),
    ("07", "0.82$ for the true symbol", solved("07.smooth_targets")(torch.tensor([3]), 10, 0.2)[0, 3], 0.82),
    ("07", "about 2.14", 1.1**8, 2.14),
    ("07", "1 and 256", 2.0**8, 256),
    ("07", r"4 \cdot 128^2 = 65{,}536", 4 * 128**2, 65_536),
    ("07", r"= 131{,}072", 2 * 128 * 512, 131_072),
    ("08", r"$4/7 \approx 0.57$", 4 / 7, 0.57),
    ("08", r"$3/7 \approx 0.43$", 3 / 7, 0.43),
    ("08", r"= 198{,}272$", 12 * 128**2 + 13 * 128, 198_272),
    ("08", r"= 98{,}304$", 2 * 24 * 1024 * 2, 98_304),
    ("08", "= 1.75$ bits", entropy(1 / 2, 1 / 4, 1 / 8, 1 / 8), 1.75),
    ("08", "1.213 nats", entropy(1 / 2, 1 / 4, 1 / 8, 1 / 8) * math.log(2), 1.213),
    ("08", r"\approx 3.36$", 2**1.75, 3.36),
    ("08", r"$0.97^{10} \approx 0.74$", 0.97**10, 0.74),
    ("09", "it occurs 6 times", solved("09.count_pairs")(AB_WORDS)["b", "c"], 6),
    ("09", "*a + b* 5 times", solved("09.count_pairs")(AB_WORDS)["a", "b"], 5),
    ("09", r"$\log_2 16 / 4 = 1$", bits_per_character(math.log(16) / 4), 1),
    ("09", "= 14$ times", solved("09.count_pairs")(UN_WORDS)["u", "n"], 14),
    ("09", "1.25 per character", solved("09.bits_per_character")(math.log(32), 100, 400), 1.25),
    ("09", "1.5 per character", solved("09.bits_per_character")(math.log(8), 200, 400), 1.5),
    ("10", "120 and 15 of the 150", 1000 * 0.15 * 0.8, 120),
    ("10", "$(1 + 2 + 2 + 3)/4 = 2$ bits", bits(1 / 2, 1 / 4, 1 / 4, 1 / 8), 2),
    ("10", r"$2 \ln 2 \approx 1.386$", 2 * math.log(2), 1.386),
    ("10", "0.055 nats", 0.08 * math.log(2), 0.055),
    ("10", r"= \frac14$", 2 * 0.5**3, 0.25),
    ("11", r"$16/26 \approx 0.615$", 2 * 0.8 * 0.5 / (0.8 + 0.5), 0.615),
    ("11", "= 2307$", 769 * 3, 2307),
    ("11", "= 0.94$", (60 + 880) / 1000, 0.94),
    ("11", r"$= 120/180 \approx 0.667$", 2 * 0.75 * 0.6 / (0.75 + 0.6), 0.667),
    ("11", "= 0.11$", 0.6 * abs(0.9 - 0.75) + 0.4 * abs(0.6 - 0.55), 0.11),
    ("11", "$0.04 / 0.20 = 0.2$", (0.92 - 0.88) / (0.90 - 0.70), 0.2),
    ("12", "160 to 191", 5 * 384 // 12, 160),
    ("12", r"$0.06 / (0.06 + 0.4) \approx 0.13$", 0.06 / (0.06 + 0.4), 0.13),
    ("12", "⅝ on the diagonal", solved("12.rollout")(torch.full((2, 1, 2, 2), 0.5))[0, 0], 5 / 8),
    ("12", "$4/20 = 0.2$", share_of_splits([5, 4, 1], [3, 2, 0]), 0.2),
    ("12", "$1/20 = 0.05$", 1 / math.comb(6, 3), 0.05),
    ("14", "$16 + 5 = 21$", solved("14.bucket")(5, 32, 128), 21),
    ("14", "$500 - 75 + 25 = 450$", len(corrupted(500)[0]), 450),
    ("14", "$75 + 25 + 1 = 101$", len(corrupted(500)[1]), 101),
    ("14", r"$F_1 = 2 \cdot 3 / (4 + 5) \approx 0.67$", solved("14.rouge_l")(*KEYS), 0.67),
    ("14", "$100 + 10 + 40 = 150$", sum(solved("14.attended_pairs")(10, 4)[:3]), 150),
    ("14", r"$14 \cdot 15 / 2 = 105$", solved("14.attended_pairs")(10, 4)[3], 105),
    ("15", "$7 / 2 = 3.5$", solved("15.answer_cost")(7e9, 4, 1, 100, 1e9)[0] / 1e9, 3.5),
    ("15", r"$100 / 3.5 \approx 28.6$", 1 / solved("15.answer_cost")(7e9, 4, 1, 100, 1e9)[2], 28.6),
    ("15", "$s = 3 / 3 = 1$", solved("15.quantise_affine")(torch.tensor([-1.0, 2.0]), 2)[1], 1),
    ("15", "$4 + 32 / 32 = 5$", Q4_1.bits, 5),
    ("15", r"$8 \cdot (384 + 384) = 6144$", sum(p.numel() for p in LowRank((384, 384), 8).parameters()), 6144),
]


def page(number: str) -> str:
    """A page on one line, so that a text is found wherever its lines break."""
    return " ".join((ROOT / "teaching" / "lessons" / f"{number}.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("number, says, value, claimed", NUMBERS, ids=[f"{n}: {s}" for n, s, *_ in NUMBERS])
def test_number_on_a_page_is_right(number, says, value, claimed):
    assert says in page(number)
    digits = len(f"{claimed}".partition(".")[2])
    assert float(value) == pytest.approx(claimed, abs=0.5 * 10**-digits + 1e-6)


# What the pages quote from a lesson: (page, its text, a pattern for the stored output, the number quoted)
QUOTED = [
    ("03", "alone answers 51 %", r"GloVe +plurals +\d+ +\d+% +(\d+)%", 51),
    ("03", "answers 75 % of the plurals", r"GloVe +plurals +\d+ +(\d+)%", 75),
    ("04", "measured: 0.11", r"after 200 steps: exact match on 300 unseen dates ≈([\d.]+)", 0.11),
    (
        "07",
        "mean cosine was 1.00",
        r"norms, no residual connections: mean cosine between tokens ≈([\d.]+)",
        1,
    ),
    ("08", "needs 1.46 nats", r"on the test sentences, the floor: ([\d.]+)", 1.46),
    ("10", "a loss of 1.11 nats", r"best possible loss of a left-to-right model ≈([\d.]+)", 1.11),
    ("10", "a masked model 0.53", r"best possible loss on masked words, 15 % of them masked ≈([\d.]+)", 0.53),
    ("11", "a temperature of 3.75", r"temperature fitted on the 50 held-out labels ≈([\d.]+)", 3.75),
    ("11", "has 61 % on the test set", r"best of 200 untrained classifiers on coin flips ≈([\d.]+)", 0.61),
    ("12", "right in 83 % of 12 tosses", r"12 sentences: the best of 72 coins is right in ≈([\d.]+)", 0.83),
    ("12", "an F1 of 0.78", r"F1 after it ≈([\d.]+)", 0.78),
    ("12", "a cosine of 0.82 with its negation", r"mean cosine with the negation ≈([\d.]+)", 0.82),
    ("12", "0.54 with a paraphrase", r"mean cosine with the paraphrase ≈([\d.]+)", 0.54),
]


@pytest.mark.parametrize("number, says, printed, quoted", QUOTED, ids=[f"{n}: {s}" for n, s, *_ in QUOTED])
def test_number_quoted_from_a_lesson_is_what_it_prints(number, says, printed, quoted):
    """A rebuilt notebook may differ a little in the last digit; more than two per cent is another statement."""
    assert says in page(number)
    (built,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    cells = nbformat.read(built, as_version=4).cells
    outputs = "\n".join(
        output.get("text", "") for cell in cells if cell.cell_type == "code" for output in cell.outputs
    )
    assert float(re.search(printed, outputs)[1]) == pytest.approx(quoted, rel=0.02)


def test_splits_that_the_pages_print():
    merges = solved("09.train_bpe")(UN_WORDS, 3)
    assert merges == [("u", "n"), ("f", "un"), ("s", "un")]
    assert solved("09.cut_by_merges")("runs", merges) == ["r", "un", "s"]
    assert solved("09.cut_by_merges")("sunfun", merges) == ["sun", "fun"]
    assert solved("09.train_bpe")(AB_WORDS, 1) == [("b", "c")]
    assert solved("09.longest_first")("players", PIECES) == ["play", "##ers"]
    assert solved("09.longest_first")("replay", PIECES) == ["[UNK]"]
    tags = ["B-PER", "I-PER", "O", "I-LOC", "B-LOC"]
    assert solved("11.entities")(tags) == [("PER", 0, 2), ("LOC", 3, 4), ("LOC", 4, 5)]


def test_searches_that_the_pages_describe():
    assert solved("04.clipped_precision")(["the"] * 4, "the cat on the mat".split(), 1) == 2 / 4
    first, then = {2: 0.5, 3: 0.3, 4: 0.2}, {2: (0.4, 0.3, 0.3), 3: (0.9, 0.1, 0.0), 4: (0.6, 0.4, 0.0)}

    def step(symbol, state):
        """Symbols: 0 <bos>, 1 <eos>, 2 to 4 A, B, C, 5 to 7 x, y, z."""
        following = (
            first if symbol == 0 else dict(zip((5, 6, 7), then.get(symbol, ()), strict=False)) or {1: 1.0}
        )
        return [math.log(following[i]) if following.get(i) else -math.inf for i in range(8)], state

    for beam, ids, probability in ((1, [2, 5], 0.20), (2, [3, 5], 0.27), (12, [3, 5], 0.27)):
        found, score = solved("04.beam_search")(step, None, 0, 1, beam, 3, 0.0)
        assert found == ids
        assert math.exp(score) == pytest.approx(probability)
