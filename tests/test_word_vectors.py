"""Skip-gram, GloVe, and what is asked of word vectors: against formulas by hand, loops, and the counts themselves."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from course_lib.models.words import (
    CountBatch,
    GloVe,
    SkipGram,
    WordVectors,
    association,
    count_batches,
    glove_6b,
    glove_weight,
    negative_sampling_loss,
    principal_axes,
    weat,
)
from course_lib.models.words.published import write_subset
from course_lib.text.cooccurrence import cooccurrence, pmi
from course_lib.text.pairs import PairBatch, skipgram_batches
from course_lib.training import fit


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def exact(module):
    """The module in float64, its embeddings drawn anew, none of them zero."""
    module = module.double()
    with torch.no_grad():
        for number, parameter in enumerate(module.parameters()):
            parameter.copy_(draw(*parameter.shape, seed=number))
    return module


# --- skip-gram


def test_loss_is_binary_cross_entropy_with_true_1_and_noise_0():
    true, noise = draw(6).requires_grad_(), draw(6, 4, seed=1).requires_grad_()
    loss = negative_sampling_loss(true, noise)
    scores = torch.cat([true[:, None], noise], dim=1)  # (batch, 1 + k)
    labels = torch.zeros_like(scores)
    labels[:, 0] = 1
    expected = F.binary_cross_entropy_with_logits(scores, labels, reduction="none").sum(dim=1).mean()
    torch.testing.assert_close(loss, expected, rtol=1e-10, atol=0)
    by_true, by_noise = torch.autograd.grad(loss, (true, noise))
    torch.testing.assert_close(by_true, (torch.sigmoid(true) - 1) / 6, rtol=1e-10, atol=0)
    torch.testing.assert_close(by_noise, torch.sigmoid(noise) / 6, rtol=1e-10, atol=0)


def test_loss_does_not_overflow_and_wrong_shapes_are_refused():
    assert negative_sampling_loss(torch.tensor([-1e4]), torch.tensor([[1e4]])) == pytest.approx(2e4)
    with pytest.raises(ValueError, match=r"\(3,\), noise_scores \(2, 5\)"):
        negative_sampling_loss(torch.zeros(3), torch.zeros(2, 5))


def test_model_scores_are_dot_products_and_its_gradient_is_by_hand():
    model = exact(SkipGram(7, 3))
    batch = PairBatch(torch.tensor([1, 4]), torch.tensor([2, 2]), torch.tensor([[0, 5, 5], [6, 2, 1]]))
    W, C = model.word.weight, model.context.weight
    expected = torch.zeros((), dtype=torch.float64)
    for word, neighbour, noise in zip(*batch[:3], strict=True):
        expected = expected - F.logsigmoid(W[word] @ C[neighbour])
        for other in noise:
            expected = expected - F.logsigmoid(-(W[word] @ C[other]))
    torch.testing.assert_close(model.loss(batch), expected / 2, rtol=1e-10, atol=0)
    by_loop = torch.autograd.grad(expected / 2, [W, C])
    torch.testing.assert_close(
        torch.autograd.grad(model.loss(batch), [W, C]), by_loop, rtol=1e-10, atol=1e-14
    )


def test_shared_noise_is_the_same_loss_where_the_noise_is_the_same():
    model = exact(SkipGram(9, 4))
    words, neighbours, noise = torch.tensor([1, 4, 8]), torch.tensor([2, 2, 0]), torch.tensor([3, 7, 7, 1])
    own = model.loss(PairBatch(words, neighbours, noise.expand(3, 4), 0.5))
    shared = model.loss(PairBatch(words, neighbours, noise, 0.5))
    torch.testing.assert_close(shared, own, rtol=1e-12, atol=0)


def test_starts_as_word2vec_does():
    _ = torch.manual_seed(0)
    model = SkipGram(50, 10)
    assert model.word.weight.abs().max() <= 0.05 and model.word.weight.std() > 0.02
    assert (model.context.weight == 0).all()
    batch = next(skipgram_batches([[*range(50)]], 50, batch=20, n_noise=5, threshold=None))
    assert model.loss(batch).item() == pytest.approx(6 * math.log(2))


def test_learnt_scores_are_the_shifted_pmi_of_the_counts():
    """Levy & Goldberg 2014: with room enough, w · c = ln(P(c | w) / P_noise(c)) − ln k for every pair."""
    generator = torch.Generator().manual_seed(0)
    sentences = [
        torch.randint(group, group + 4, (6,), generator=generator).tolist() for group in (0, 2, 4)
    ] * 40
    counts = cooccurrence(sentences, 8, window=2).to_dense()
    _ = torch.manual_seed(0)
    model = SkipGram(8, 8)
    batches = skipgram_batches(
        sentences, 8, batch=512, window=2, draw_window=False, n_noise=3, threshold=None
    )
    fit(model, batches, SkipGram.loss, steps=250, lr=0.05, betas=(0.9, 0.999), progress=False)
    learnt = (model.word.weight @ model.context.weight.T).detach().double()
    expected = pmi(counts, context_power=0.75) - math.log(3)
    seen = counts > 0
    assert (learnt - expected)[seen].abs().mean() < 0.12
    assert torch.corrcoef(torch.stack([learnt[seen], expected[seen]]))[0, 1] > 0.97


# --- GloVe


def test_glove_weight_by_hand():
    counts = torch.tensor([100.0, 1000.0, 100 / 16])
    torch.testing.assert_close(glove_weight(counts), torch.tensor([1.0, 1.0, 1 / 8]))
    with pytest.raises(ValueError, match="x_max = 0"):
        glove_weight(counts, x_max=0)


def test_glove_loss_is_that_of_a_loop_gradient_too():
    model = exact(GloVe(6, 3))
    batch = CountBatch(
        torch.tensor([0, 3, 3]), torch.tensor([5, 1, 3]), torch.tensor([2.0, 40.0, 300.0]).double()
    )
    total = torch.zeros((), dtype=torch.float64)
    for i, j, x in zip(*batch, strict=True):
        score = model.word.weight[i] @ model.context.weight[j] + model.word_bias.weight[i, 0]
        error = score + model.context_bias.weight[j, 0] - math.log(x)
        total = total + min(1.0, (x.item() / 100) ** 0.75) * error**2
    torch.testing.assert_close(model.loss(batch), total / 3, rtol=1e-10, atol=0)
    parameters = list(model.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(model.loss(batch), parameters),
        torch.autograd.grad(total / 3, parameters),
        rtol=1e-10,
        atol=1e-14,
    )
    torch.testing.assert_close(model.vectors(), model.word.weight + model.context.weight)


def test_count_batches_give_every_entry_once_a_round():
    counts = torch.tensor([[0.0, 2.0, 0.0], [2.0, 1.0, 5.0], [0.0, 5.0, 0.0]]).to_sparse()
    batches = list(itertools.islice(count_batches(counts, batch=5), 2))
    for batch in batches:
        entries = sorted(zip(*(part.tolist() for part in batch), strict=True))
        assert entries == [(0, 1, 2), (1, 0, 2), (1, 1, 1), (1, 2, 5), (2, 1, 5)]
    with pytest.raises(ValueError, match="batch = 6; there are 5 entries"):
        next(count_batches(counts, batch=6))


def test_glove_overfits_a_few_counts():
    counts = torch.randint(1, 50, (5, 5), generator=torch.Generator().manual_seed(0)).double()
    _ = torch.manual_seed(0)
    model = GloVe(5, 5)
    batches = count_batches(counts.to_sparse(), batch=25)
    history = fit(model, batches, GloVe.loss, steps=300, lr=0.05, progress=False)
    assert history.losses[-1] < 1e-3 < 0.1 < history.losses[0]


# --- asking


@pytest.fixture
def vectors():
    return WordVectors([f"w{number}" for number in range(30)], draw(30, 5) * draw(30, 1, seed=9).exp())


def cosine(u, v):
    return float(sum(u * v) / math.sqrt(sum(u * u)) / math.sqrt(sum(v * v)))


def test_neighbours_are_those_of_a_loop_over_cosines(vectors):
    for word in ("w0", "w17"):
        others = [other for other in vectors.words if other != word]
        ranked = sorted(others, key=lambda other: -cosine(vectors[word], vectors[other]))
        found = vectors.neighbours(word, 7)
        assert [near for near, _ in found] == ranked[:7]
        assert [value for _, value in found] == pytest.approx(
            [cosine(vectors[word], vectors[o]) for o in ranked[:7]]
        )
        assert vectors.similarity(word, ranked[0]) == pytest.approx(found[0][1])
    table = vectors.similarities(["w1", "w2", "w3"])
    assert table[0, 2].item() == pytest.approx(cosine(vectors["w1"], vectors["w3"]))
    torch.testing.assert_close(table.diagonal(), torch.ones(3, dtype=torch.float64))


def test_analogies_are_those_of_a_loop(vectors):
    def unit(word):
        return vectors[word] / vectors[word].norm()

    for a, b, c in (("w0", "w1", "w2"), ("w9", "w4", "w20"), ("w3", "w3", "w8")):
        target = unit(b) - unit(a) + unit(c)
        ranked = sorted(vectors.words, key=lambda word: -cosine(vectors[word], target))
        assert [word for word, _ in vectors.analogy(a, b, c, 4, exclude_given=False)] == ranked[:4]
        assert [word for word, _ in vectors.analogy(a, b, c, 4)] == [w for w in ranked if w not in (a, b, c)][
            :4
        ]


def test_lengths_change_nothing(vectors):
    longer = WordVectors(vectors.words, vectors.matrix * torch.arange(1, 31).double()[:, None])
    assert [w for w, _ in longer.neighbours("w5", 29)] == [w for w, _ in vectors.neighbours("w5", 29)]
    assert longer.analogy("w1", "w2", "w3")[0][0] == vectors.analogy("w1", "w2", "w3")[0][0]


def test_unknown_words_and_bad_tables_are_refused_in_words(vectors):
    animals = WordVectors(["horse", "house", "cat"], torch.eye(3))
    assert "cat" in animals and "dog" not in animals and len(animals) == 3
    assert repr(animals) == "WordVectors(3 words, d_model=3)"
    with pytest.raises(KeyError, match="'hores' has no vector.*did you mean horse, house"):
        animals.neighbours("hores", 1)
    with pytest.raises(KeyError, match="'xyz' has no vector"):
        animals.similarity("cat", "xyz")
    with pytest.raises(ValueError, match="n = 3; there are 2 words"):
        animals.neighbours("cat", 3)
    with pytest.raises(ValueError, match=r"matrix has shape \(3, 3\).*expected \(2, d_model\)"):
        WordVectors(["a", "b"], torch.eye(3))
    with pytest.raises(ValueError, match="floating-point"):
        WordVectors(["a", "b"], torch.eye(2).long())
    with pytest.raises(ValueError, match="vector of 'b' is zero"):
        WordVectors(["a", "b"], torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
    with pytest.raises(ValueError, match="vector of 'a' is zero or not finite"):
        WordVectors(["a", "b"], torch.tensor([[float("nan"), 2.0], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="listed twice"):
        WordVectors(["a", "a"], torch.eye(2))


def test_principal_axes_against_the_covariance_and_their_signs():
    matrix = draw(40, 6) * torch.tensor([5.0, 3.0, 1.0, 1.0, 0.5, 0.1])
    axes, shares = principal_axes(matrix, 3)
    values, directions = torch.linalg.eigh(torch.cov(matrix.T))
    values, directions = values.flip(0), directions.flip(1)
    torch.testing.assert_close(shares, values[:3] / values.sum())
    torch.testing.assert_close(
        (axes * directions[:, :3]).sum(dim=0).abs(), torch.ones(3, dtype=torch.float64)
    )
    assert (axes.gather(0, axes.abs().argmax(dim=0, keepdim=True)) > 0).all()
    torch.testing.assert_close(principal_axes(-matrix, 3)[0], axes)
    with pytest.raises(ValueError, match="n = 7"):
        principal_axes(matrix, 7)


# --- association


def test_association_and_weat_are_those_of_loops(vectors):
    X, Y, A, B = (["w0", "w1", "w2"], ["w3", "w4", "w5"], ["w6", "w7"], ["w8", "w9", "w10"])

    def lean(word):
        to_A = [cosine(vectors[word], vectors[a]) for a in A]
        to_B = [cosine(vectors[word], vectors[b]) for b in B]
        return sum(to_A) / len(A) - sum(to_B) / len(B)

    scores = {word: lean(word) for word in X + Y}
    assert association(vectors, X + Y, A, B).tolist() == pytest.approx(list(scores.values()))

    def difference(first):
        second = [word for word in X + Y if word not in first]
        return sum(scores[w] for w in first) / 3 - sum(scores[w] for w in second) / 3

    mean = sum(scores.values()) / 6
    deviation = math.sqrt(sum((value - mean) ** 2 for value in scores.values()) / 5)
    splits = [difference(first) for first in itertools.combinations(X + Y, 3)]
    found = weat(vectors, X, Y, A, B)
    assert found.effect == pytest.approx(difference(X) / deviation)
    assert found.p_value == pytest.approx(sum(value >= difference(X) - 1e-12 for value in splits) / 20)
    assert found.n_splits == 20
    assert weat(vectors, Y, X, A, B).effect == pytest.approx(-found.effect)
    drawn = weat(vectors, X, Y, A, B, max_splits=19)
    assert drawn.n_splits == 19 and drawn == weat(vectors, X, Y, A, B, max_splits=19)


def test_weat_finds_what_was_planted():
    noise = 0.1 * draw(12, 4)
    noise[:4] += torch.tensor([1.0, 0, 0.3, 0])  # X leans to A
    noise[4:8] += torch.tensor([0, 1.0, 0.3, 0])  # Y leans to B
    noise[8:10] += torch.tensor([1.0, 0, 0, 0.3])
    noise[10:] += torch.tensor([0, 1.0, 0, 0.3])
    words = [*"abcdefghijkl"]
    found = weat(WordVectors(words, noise), words[:4], words[4:8], words[8:10], words[10:])
    assert found.effect > 1.7 and found.p_value == pytest.approx(1 / 70)


@pytest.mark.parametrize(("X", "Y"), [(["w0", "w1"], ["w2"]), (["w0"], ["w1"]), (["w0", "w1"], ["w1", "w2"])])
def test_weat_refuses_groups_that_cannot_be_split(vectors, X, Y):
    with pytest.raises(ValueError, match="as many in each, none in both"):
        weat(vectors, X, Y, ["w5"], ["w6"])
    with pytest.raises(ValueError, match="A has 0 words"):
        association(vectors, X, [], ["w6"])


# ---------------------------------------------------------------- published vectors


def test_the_published_vectors_are_there_without_a_network():
    vectors = glove_6b()
    assert len(vectors) == 20_000 and vectors.matrix.shape[1] == 50
    assert vectors.words[:3] == ("the", "of", "to")
    torch.testing.assert_close(
        vectors["the"][:3], torch.tensor([0.418, 0.24968, -0.41242]), rtol=1e-3, atol=0
    )
    assert vectors.analogy("man", "woman", "king")[0][0] == "queen"


def test_a_subset_keeps_words_of_letters_in_their_order(tmp_path, monkeypatch):
    lines = ["the 1 2\n", ", 3 4\n", "it's 5 6\n", "Of 7 8\n", "cat 0.1 -2\n", "dog 5 5\n"]
    path = tmp_path / "small.safetensors"
    write_subset(lines, path, n_words=2)
    monkeypatch.setattr("course_lib.models.words.published.FILE", path)
    vectors = glove_6b()
    assert vectors.words == ("the", "cat")
    torch.testing.assert_close(
        vectors.matrix, torch.tensor([[1.0, 2.0], [0.1, -2.0]]).half().float(), rtol=0, atol=0
    )
