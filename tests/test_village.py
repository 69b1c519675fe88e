"""The village: a grammar without ambiguity, exact probabilities, and labels that say what the words say."""

from collections import Counter
from math import exp, inf, log

import numpy as np
import pytest
import torch

from course_lib.data import village
from course_lib.data.village.automaton import END, compile_rules
from course_lib.data.village.language import Language
from course_lib.data.village.notation import GrammarError, read_grammar
from course_lib.data.village.world import RULES

LANGUAGES = (village.SENTENCES, village.TEXTS)


def small_language(text: str, variables: dict | None = None) -> Language:
    rules = read_grammar(text, variables or {})
    words = sorted(
        {item.name for rule in rules.values() for _, items in rule for item in items if not item.is_rule}
    )
    return Language("sentence", lambda: compile_rules(rules, "s"), tuple(words))


@pytest.fixture(scope="module")
def sentences() -> list[village.Sentence]:
    return village.sample(3000, seed=1)


@pytest.fixture(scope="module")
def texts() -> list[village.Text]:
    return village.texts(3000, seed=2)


# ------------------------------------------------------------------------------------------------------- the notation
def test_variables_agree_within_a_rule_and_are_drawn_between_rules():
    language = small_language(
        "s : <noun N> <is N> .\nnoun sg/pl : 3 cat/cats 1 dog/dogs\nis sg/pl : is/are",
        {"N": {"sg": 1, "pl": 1}},
    )
    assert language.log_prob("cats are .") == pytest.approx(log(0.5 * 0.75))
    assert language.log_prob("dog is .") == pytest.approx(log(0.5 * 0.25))
    assert language.log_prob("cats is .") == -inf
    # Two fair choices of number, and 3 : 1 of noun, by hand.
    by_hand = log(2) - 0.75 * log(0.75) - 0.25 * log(0.25)
    assert language.entropy().nats_per_sentence == pytest.approx(by_hand)
    assert language.entropy().tokens_per_sentence == pytest.approx(3)


def test_notation_weights_empty_alternatives_opposites_and_roles():
    rules = read_grammar("s : 3 | <x P> not <x ~P>@r@P\nx a/b : u/v", {"P": {"a": 1, "b": 3}})
    assert [round(p, 4) for p, _ in rules["s"]] == [0.75, 0.0625, 0.1875]
    assert rules["s"][0][1] == ()
    first, _, last = rules["s"][1][1]
    assert (first.name, last.name, last.roles) == ("x a", "x b", frozenset({"r", "a"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s : <cat>", "no rule describes"),
        ("s : a\ns : b", "written twice"),
        ("just words", "is no rule"),
        ("s sg/pl : cat", "needs 2 forms"),
    ],
)
def test_grammar_errors_name_the_rule(text, message):
    with pytest.raises(GrammarError, match=message):
        read_grammar(text, {})


def test_a_grammar_that_never_ends_or_has_no_closing_mark_is_refused():
    with pytest.raises(GrammarError, match="contains itself"):
        compile_rules(read_grammar("s : a <s>", {}), "s")
    with pytest.raises(GrammarError, match="no rule 'x'"):
        compile_rules(read_grammar("s : a", {}), "x")
    with pytest.raises(GrammarError, match="closing mark"):
        compile_rules(read_grammar("s : a | a b", {}), "s").deterministic()


def test_probabilities_of_every_rule_add_up_to_one():
    for name, alternatives in RULES.items():
        assert sum(p for p, _ in alternatives) == pytest.approx(1), name


# ----------------------------------------------------------------------------------------------------- no ambiguity
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_no_words_have_two_derivations(language):
    assert language.labelled.ambiguous_words() is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s : the <b> x | <c> x\nb : cat\nc : the cat", None),  # one path only: the same state is shared
        ("s : the cat@1 x | <c> x\nc : the cat@2", ("the", "cat", "x")),  # same words, other labels
        ("s : a b <x> | a <y> d\nx : c d\ny : b@r c", ("a", "b", "c", "d")),
    ],
)
def test_the_ambiguity_test_finds_what_it_should(text, words):
    assert compile_rules(read_grammar(text, {}), "s").ambiguous_words() == words


# ---------------------------------------------------------------------------------------------- exact probabilities
def test_vocabulary_is_small_and_all_of_it_is_used():
    assert 90 <= len(village.VOCABULARY) <= 200
    assert all(word == word.lower() for word in village.VOCABULARY)
    assert set(village.SENTENCES.word_frequencies()) | set(village.TEXTS.word_frequencies()) == set(
        village.VOCABULARY
    )


@pytest.mark.parametrize(
    ("language", "draw", "n"),
    [(village.SENTENCES, village.sample, 100_000), (village.TEXTS, village.texts, 30_000)],
    ids=["sentences", "texts"],
)
def test_entropy_is_confirmed_by_samples(language, draw, n):
    samples = draw(n, seed=11)
    known = {words: language.log_prob(words) for words in {sample.words for sample in samples}}
    surprise = -np.array([known[sample.words] for sample in samples])
    lengths = np.array([len(sample) for sample in samples])
    entropy = language.entropy()
    assert abs(surprise.mean() - entropy.nats_per_sentence) < 4 * surprise.std() / n**0.5
    assert abs(lengths.mean() - entropy.tokens_per_sentence) < 4 * lengths.std() / n**0.5
    # The ratio's standard error, by the delta method.
    error = (surprise - entropy.nats_per_token * lengths).std() / lengths.mean() / n**0.5
    assert abs(surprise.sum() / lengths.sum() - entropy.nats_per_token) < 4 * error


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_entropy_of_words_is_that_of_derivations(language):
    """An independent sum, over the choices of the grammar: equal because each sentence has one derivation."""
    labelled = language.labelled
    nats = sum(
        visits * -sum(arc.probability * log(arc.probability) for arc in arcs)
        for visits, arcs in zip(labelled.visits, labelled.arcs, strict=True)
    )
    assert language.entropy().nats_per_sentence == pytest.approx(nats, rel=1e-9)


def test_probabilities_of_all_sentences_of_a_length_and_of_all_lengths_add_up():
    for language in LANGUAGES:
        assert language.automaton.visits[END] == pytest.approx(1, abs=1e-9)
        assert sum(language.word_frequencies().values()) == pytest.approx(1)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_next_word_distributions_multiply_to_the_sentence_probability(language):
    for sample in (village.sample if language is village.SENTENCES else village.texts)(100, seed=3):
        total = 0.0
        for position, word in enumerate(sample.words):
            following = language.next_word_distribution(sample.words[:position])
            assert sum(following.values()) == pytest.approx(1)
            assert list(following.values()) == sorted(following.values(), reverse=True)
            total += log(following[word])
        assert total == pytest.approx(language.log_prob(sample.words))


def test_the_cat_sat_on_the():
    following = village.SENTENCES.next_word_distribution("the cat sat on the")
    assert list(following)[:3] == ["mat", "bed", "chair"]
    assert following["mat"] == pytest.approx(8 / 17)


def test_masked_distribution_is_the_ratio_of_sentence_probabilities():
    for language, words in (
        (village.SENTENCES, "the keys near the cabinet are old ."),
        (village.TEXTS, "anna gave tom the book . he thanked her ."),
    ):
        words = words.split()
        for position in range(len(words)):
            tried = {
                word: exp(language.log_prob([*words[:position], word, *words[position + 1 :]]))
                for word in village.VOCABULARY
            }
            total = sum(tried.values())
            expected = {word: p / total for word, p in tried.items() if p > 0}
            got = language.masked_distribution(words, position)
            assert got == pytest.approx(expected)


def test_masked_distribution_with_two_masks_sums_over_the_other():
    words = ["the", "[MASK]", "[MASK]", "old", "."]
    got = village.SENTENCES.masked_distribution(words, 2)
    tried = Counter()
    for noun in village.VOCABULARY:
        for verb in village.VOCABULARY:
            tried[verb] += exp(village.SENTENCES.log_prob(["the", noun, verb, "old", "."]))
    total = sum(tried.values())
    assert got == pytest.approx({word: p / total for word, p in tried.items() if p > 0})


def test_masked_verb_depends_on_the_head_and_not_on_the_distractor():
    probability = village.SENTENCES.masked_distribution("the keys near the cabinet [MASK] old .", 5)
    assert set(probability) == {"are", "were"}


def test_posterior_with_damaged_words_is_bayes_rule():
    language = small_language("s : 3 a b . | c d .")
    ids = {word: i for i, word in enumerate(language.vocabulary)}
    # Seen "a d .": one of the two words is damaged; a shown word is right with 0.8, else any of the other four.
    evidence = np.full((3, 5), 0.05)
    for t, word in enumerate("ad."):
        evidence[t, ids[word]] = 0.8
    posterior = language.posterior(evidence)
    ab, cd = 0.75 * 0.8 * 0.05, 0.25 * 0.05 * 0.8
    assert posterior[0, ids["a"]] == pytest.approx(ab / (ab + cd))
    assert posterior[1, ids["d"]] == pytest.approx(cd / (ab + cd))
    assert posterior.sum(1) == pytest.approx(np.ones(3))


def test_masked_floor_lies_between_zero_and_the_unigram_and_masks_cost_most():
    floor = village.masked_floor(50, seed=0)
    unigram = -sum(p * log(p) for p in village.TEXTS.word_frequencies().values())
    assert 0 < floor.loss < unigram / 3 and 0.5 < floor.accuracy < 1
    assert floor.loss_error < 0.25 and floor.n_predicted > 50
    only_masks = village.masked_floor(50, seed=0, replacement=(1.0, 0.0, 0.0))
    assert only_masks.loss > floor.loss  # a kept word gives its answer away
    assert village.masked_floor(20, seed=0, language=village.PAIRS).loss > 0


# ------------------------------------------------------------------------------------------------------------ samples
def test_samples_are_repeatable_and_a_generator_goes_on():
    assert village.sample(50, seed=5) == village.sample(50, seed=5) != village.sample(50, seed=6)
    generator = torch.Generator().manual_seed(5)
    assert village.sample(50, generator) == village.sample(50, seed=5) != village.sample(50, generator)
    assert village.sample(0) == []


def test_every_sample_is_in_its_language_and_frequencies_are_as_computed(sentences, texts):
    for language, samples in ((village.SENTENCES, sentences), (village.TEXTS, texts)):
        assert all(language.log_prob(sample.words) > -inf for sample in samples)
        counts = Counter(word for sample in samples for word in sample.words)
        n_tokens = sum(counts.values())
        for word, share in list(language.word_frequencies().items())[:20]:
            assert counts[word] / n_tokens == pytest.approx(share, abs=5 * (share / n_tokens) ** 0.5)


def test_agreement_labels(sentences):
    seen = Counter()
    for sentence in sentences:
        if (agreement := sentence.agreement) is None:
            continue
        words = sentence.words
        plural_verb = words[agreement.verb] in {"are", "were", "live", "sleep", "run", "play"}
        assert agreement.number == ("pl" if plural_verb else "sg")
        heads = [words[i] for i in agreement.heads]
        plural_head = len(heads) == 2 or heads[0].endswith("s") or heads[0] in {"men", "women"}
        assert plural_head == plural_verb, str(sentence)
        assert all(head < d < agreement.verb for d in agreement.distractors for head in agreement.heads)
        if agreement.distractors:
            nearest = words[agreement.distractors[-1]]
            other = (nearest.endswith("s") or nearest in {"men", "women"}) != plural_verb
            assert agreement.misleading == other
        seen[agreement.number, agreement.misleading] += 1
    assert len(seen) == 4 and min(seen.values()) > 50


def test_reference_labels_agree_in_gender_and_number(sentences, texts):
    female = {"anna", "maria", "lucy", "girl", "woman"}
    male = {"tom", "peter", "ben", "max", "boy", "man"}
    kinds = Counter()
    for sample in [*sentences, *texts]:
        for reference in sample.references:
            kinds[reference.kind] += 1
            word = sample.words[reference.position]
            antecedents = [sample.words[i] for i in reference.antecedents]
            assert antecedents, str(sample)
            if word in {"they", "them", "themselves"}:
                plural = {"men", "women"}
                assert len(antecedents) == 2 or antecedents[0].endswith("s") or antecedents[0] in plural
            elif word in {"she", "her", "herself"}:
                assert len(antecedents) == 1 and antecedents[0] not in male
            elif word in {"he", "him", "himself"}:
                assert len(antecedents) == 1 and antecedents[0] not in female
            else:
                assert word in {"it", "itself"} and not {*antecedents} & (female | male)
    assert kinds["pronoun"] > 1000 and kinds["reflexive"] > 200


def test_every_pronoun_is_labelled(sentences, texts):
    pronouns = {"she", "he", "they", "her", "him", "them", "herself", "himself", "itself", "themselves"}
    for sample in [*sentences, *texts]:
        marked = {reference.position for reference in sample.references}
        assert {i for i, word in enumerate(sample.words) if word in pronouns} <= marked, str(sample)


def test_verbs_agree_with_pronouns_and_determiners_with_nouns(sentences, texts):
    singular, plural = (
        {"is", "was", "lives", "sleeps", "runs", "plays"},
        {"are", "were", "live", "sleep", "run", "play"},
    )
    n_checked = 0
    for sample in [*sentences, *texts]:
        for word, following in zip(sample.words, sample.words[1:], strict=False):
            if word in {"she", "he", "it"}:
                assert following not in plural, str(sample)
            if word == "they":
                assert following not in singular, str(sample)
            if word == "a":
                assert not following.endswith("s") and following[0] not in "aeiou", str(sample)
            if word == "some":
                assert following.endswith("s"), str(sample)
            n_checked += following in singular | plural and word in {"she", "he", "it", "they"}
    assert n_checked > 500


def test_entity_labels_tell_rose_from_rose(sentences):
    seen = set()
    for sentence in sentences:
        tags = sentence.entities
        for i, (word, tag) in enumerate(zip(sentence.words, tags, strict=True)):
            if word in {"rose", "hill", "brown", "green"}:
                seen.add((word, tag))
            if tag.startswith("I-"):
                assert tags[i - 1] == "B-" + tag[2:]
        if "oslo" in sentence.words:
            assert tags[sentence.words.index("oslo")] == "B-LOC"
    assert {("rose", "B-PER"), ("rose", "B-LOC"), ("rose", "O"), ("hill", "I-PER"), ("hill", "I-LOC")} <= seen
    assert {("brown", "I-PER"), ("brown", "O"), ("green", "B-LOC"), ("green", "O")} <= seen


def test_sentiment_follows_the_judging_word_and_the_negation():
    verbs = {"like": 1, "liked": 1, "love": 1, "loved": 1, "hate": -1, "hated": -1}
    values = {**verbs, **{w: 1 if s == "positive" else -1 for w, s in village.JUDGING_WORDS.items()}}
    labels = Counter()
    for opinion in village.opinions(600, seed=4):
        (value,) = [values[word] for word in opinion.words if word in values]
        value *= -1 if "not" in opinion.words else 1
        assert opinion.sentiment == ("positive" if value > 0 else "negative"), str(opinion)
        labels[opinion.sentiment, "not" in opinion.words] += 1
    assert len(labels) == 4 and min(labels.values()) > 100


def test_texts_are_two_sentences(texts):
    for text in texts:
        assert text.first + text.second == text.words
        assert text.first[-1] in ".?" and text.second[-1] == "."
        assert not {".", "?"} & set(text.first[:-1] + text.second[:-1])


# -------------------------------------------------------------------------------------------------------------- tasks
@pytest.mark.parametrize("kind", ["agreement", "reflexive", "pronoun"])
@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_minimal_pairs_differ_in_one_word_and_only_one_is_possible(kind, language):
    pairs = village.minimal_pairs(kind, 60, seed=0, language=language)
    assert len(pairs) == 60
    for pair in pairs:
        assert [i for i, (a, b) in enumerate(zip(pair.good, pair.bad, strict=True)) if a != b] == [
            pair.position
        ]
        assert language.log_prob(pair.good) > -inf
        assert language.log_prob(pair.bad) == -inf
        assert pair.antecedents and pair.position not in pair.antecedents
        assert (pair.boundary is None) == (language is village.SENTENCES)


def test_misleading_pairs_have_a_distractor_of_the_other_number():
    for pair in village.minimal_pairs("agreement", 60, seed=0, misleading=True):
        nearest = pair.good[pair.distractors[-1]]
        plural_verb = pair.good[pair.position] in {"are", "were", "live", "sleep", "run", "play"}
        assert (nearest.endswith("s") or nearest in {"men", "women"}) != plural_verb
    assert not any(pair.misleading for pair in village.minimal_pairs("agreement", 60, misleading=False))


def test_acceptability_is_balanced_and_true():
    examples = village.acceptability(300, seed=0)
    assert all((village.SENTENCES.log_prob(words) > -inf) == good for words, good in examples)
    assert 110 < sum(good for _, good in examples) < 190


def test_questions_are_sentences_whose_answer_is_the_right_span():
    roles = Counter()
    for question in village.questions(400, seed=0):
        roles[question.role] += 1
        assert village.SENTENCES.log_prob(question.context) > -inf
        assert village.SENTENCES.log_prob(question.question) > -inf
        assert question.answer and not set(question.answer) & {"."}
        if (
            question.role == "agent"
        ):  # put in place of "who", the answer makes a statement; "gave" and "was" alike
            statement = (*question.answer, *question.question[1:-1], ".")
            assert village.SENTENCES.log_prob(statement) > -inf
    assert set(roles) == {"agent", "theme", "recipient", "place"} and min(roles.values()) > 20


def test_each_question_has_one_answer():
    for question in village.questions(300, seed=1):
        if question.role == "agent" and "and" in question.context:
            told = " ".join(question.context)
            assert told.count(" ".join(question.question[1:-1])) <= 1


def test_paraphrases_say_the_same_and_the_others_do_not():
    pairs = village.paraphrases(300, seed=0)
    assert 110 < sum(pair.same for pair in pairs) < 190
    bags = 0
    for pair in pairs:
        assert (
            village.SENTENCES.log_prob(pair.first) > -inf and village.SENTENCES.log_prob(pair.second) > -inf
        )
        assert pair.first != pair.second
        assert pair.same == (pair.likeness == 1.0)
        assert 0 <= pair.likeness <= 1
        content = [set(words) - {"was", "were", "by", "to"} for words in (pair.first, pair.second)]
        bags += not pair.same and content[0] == content[1]
    assert bags > 10  # the same words in other roles: a bag of words cannot tell


def test_wordings_of_an_event():
    gift = village.Event(("anna",), ("gave",), ("the", "key"), ("tom",))
    assert [" ".join(words) for words in gift.wordings()] == [
        "anna gave the key to tom .",
        "anna gave tom the key .",
    ]
    feeding = village.Event(("the", "boy"), ("fed",), ("the", "cats"), (), ("oslo",))
    assert [" ".join(words) for words in feeding.wordings()] == [
        "the boy fed the cats in oslo .",
        "the cats were fed by the boy in oslo .",
    ]
    assert gift.likeness(village.Event(("tom",), ("gave",), ("the", "key"), ("anna",))) == 0.5
    assert gift.likeness(gift) == 1


def test_next_sentence_pairs_and_the_best_possible_judge():
    pairs = village.next_sentence_pairs(600, seed=0)
    assert 240 < sum(pair.is_next for pair in pairs) < 360
    chances = np.array([village.next_sentence_probability(pair.first, pair.second) for pair in pairs])
    truth = np.array([pair.is_next for pair in pairs])
    assert chances[truth].min() > 0  # no true text is called impossible
    assert 0.85 < ((chances > 0.5) == truth).mean() < 1.0
    # Calibrated: where it says p, a share p are true.
    assert abs(chances.mean() - truth.mean()) < 0.06


def test_next_sentence_probability_is_bayes_rule():
    first, second = "the soup was good .", "anna liked it ."
    text = exp(village.TEXTS.log_prob(f"{first} {second}"))
    pair = exp(village.PAIRS.log_prob(f"{first} {second}"))
    assert village.next_sentence_probability(first, second) == pytest.approx(0.5 * text / pair)
    assert village.next_sentence_probability(first, "he liked her .") == 0.0
    with pytest.raises(ValueError, match="No text of the village"):
        village.next_sentence_probability("anna liked it .", "the soup was good .")


# ----------------------------------------------------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: village.sample(-1), "n is the number"),
        (lambda: village.sample(2.5), "n is the number"),
        (lambda: village.sample(3, seed="x"), "seed must be"),
        (lambda: village.SENTENCES.log_prob("the catt sat ."), "'catt' is not one of the village's .* cat"),
        (
            lambda: village.SENTENCES.next_word_distribution("the the"),
            "instead of 'the' .word 1. there may stand",
        ),
        (
            lambda: village.SENTENCES.next_word_distribution("the cat sat on the mat ."),
            "is a complete sentence",
        ),
        (lambda: village.SENTENCES.masked_distribution("the cat", 5), "position must be in"),
        (lambda: village.SENTENCES.masked_distribution("cat the [MASK] .", 2), "fits what is shown"),
        (lambda: village.SENTENCES.posterior(np.ones((3, 4))), r"evidence must be \(time, "),
        (lambda: village.minimal_pairs("gender", 3), "kind must be one of"),
        (lambda: village.minimal_pairs("pronoun", -3), "n is the number"),
        (lambda: village.minimal_pairs("pronoun", 3, language=village.PAIRS), "SENTENCES or TEXTS"),
        (lambda: village.acceptability(3, kinds=()), "at least one"),
        (lambda: village.questions(-1), "n is the number"),
        (lambda: village.paraphrases("many"), "n is the number"),
        (lambda: village.masked_floor(10, probability=1.5), "probability must be"),
        (lambda: village.masked_floor(10, replacement=(0.8, 0.1, 0.2)), "add up to 1"),
        (lambda: village.masked_floor(0), "raise n"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_masked_floor_scores_the_true_word_not_the_best_guess(monkeypatch):
    """A reader who gives one word 1/2 wherever it stands, and shares the rest evenly: its loss is known."""
    size = len(village.SENTENCES.vocabulary)
    answer = np.full(size, 0.5 / (size - 1))
    answer[0] = 0.5
    monkeypatch.setattr(
        type(village.SENTENCES), "posterior", lambda self, shown, own: np.tile(answer, (len(shown), 1))
    )
    floor = village.masked_floor(60, seed=0, language=village.SENTENCES)
    n_first = floor.accuracy * floor.n_predicted
    expected = (
        -(n_first * np.log(answer[0]) + (floor.n_predicted - n_first) * np.log(answer[1])) / floor.n_predicted
    )
    assert floor.loss == pytest.approx(expected) and floor.accuracy < 0.5
