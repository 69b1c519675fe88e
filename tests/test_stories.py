"""Village stories: the summary follows from the three sentences of the plot, and stands nowhere."""

import pytest
import torch

from course_lib.data import village
from course_lib.metrics import lead, rouge


def test_the_summary_follows_from_the_plot():
    for story in village.stories(300, seed=0):
        lost, found, ending = (story.sentences[place] for place in story.plot)
        owner, finder, it = lost[0], found[0], lost[2:4]
        assert lost[1] == "lost" and found[1:4] == ("found", *it) and owner != finder
        given = ending[1] == "gave"
        assert ending[-2] == (owner if given else ending[2])
        mood = "happy" if given else "sad"
        assert story.summary == (finder, "found", *it, "and", owner, "was", mood, ".")
        assert story.plot[2] == story.plot[1] + 1
        others = [words for place, words in enumerate(story.sentences) if place not in story.plot]
        assert len(others) == 2 and not {owner, finder, it[1]} & {word for words in others for word in words}
        assert all(village.SENTENCES.log_prob(words) > -float("inf") for words in others)


def test_words_are_the_village_s_and_a_seed_repeats_them():
    some = village.stories(50, seed=3)
    assert some == village.stories(50, torch.Generator().manual_seed(3)) != village.stories(50, seed=4)
    assert {word for story in some for word in (*story.words, *story.summary)} <= set(village.VOCABULARY)


def test_no_part_of_the_summary_can_be_guessed_from_its_place():
    some = village.stories(600, seed=1)
    happy = sum("happy" in story.summary for story in some) / 600
    assert happy == pytest.approx(0.5, abs=0.07)
    assert {story.plot[0] for story in some} == {0, 1, 2}


def test_the_beginning_of_a_story_is_a_poor_summary():
    some = village.stories(300, seed=2)
    beginnings = [lead([" ".join(words) for words in story.sentences]) for story in some]
    score = rouge(beginnings, [" ".join(story.summary) for story in some])
    assert 20 < score.rougeL < 50


@pytest.mark.parametrize(("options", "words"), [({"n": -1}, "n is -1"), ({"n": 2, "n_others": 0.5}, "n_others is 0.5")])
def test_what_does_not_fit_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        village.stories(**options)
