"""What a user would type first works: the short import paths, and faces that name what they hold."""

import importlib

import pytest

from course_lib import data, decoding, drawings, metrics, models, practice, text, training

FACES = [
    data,
    decoding,
    drawings,
    metrics,
    models,
    practice,
    text,
    training,
    *(
        importlib.import_module(f"course_lib.models.{family}")
        for family in ("attention", "pretrained", "recurrent", "seq2seq", "transformer", "words")
    ),
]


def test_the_names_that_everybody_tries():
    from course_lib.data import load
    from course_lib.metrics import accuracy
    from course_lib.models import GPT, LSTM, T5, Bert, Llama, load_bert, load_gpt2
    from course_lib.text import BPE, WordPiece
    from course_lib.training import fit

    for thing in (load, accuracy, GPT, LSTM, T5, Bert, Llama, load_bert, load_gpt2, BPE, WordPiece, fit):
        assert callable(thing)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_a_face_names_what_it_holds(face):
    assert len(set(face.__all__)) == len(face.__all__)
    for name in face.__all__:
        assert getattr(face, name) is not None


def test_every_model_is_on_the_face_of_its_family_and_of_all():
    from torch import nn

    for family in FACES[-6:]:
        for name in family.__all__:
            thing = getattr(family, name)
            if isinstance(thing, type) and issubclass(thing, nn.Module) and name != "RecordedModule":
                assert getattr(models, name) is thing
