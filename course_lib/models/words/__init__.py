"""Models of words: skip-gram (Mikolov et al. 2013), GloVe (Pennington et al. 2014), and the counted n-gram."""

from course_lib.models.words.association import Weat, association, weat
from course_lib.models.words.glove import CountBatch, GloVe, count_batches, glove_weight
from course_lib.models.words.ngram import NGram
from course_lib.models.words.published import glove_6b
from course_lib.models.words.skipgram import SkipGram, negative_sampling_loss
from course_lib.models.words.vectors import WordVectors, principal_axes

__all__ = [
    "CountBatch",
    "GloVe",
    "NGram",
    "SkipGram",
    "Weat",
    "WordVectors",
    "association",
    "count_batches",
    "glove_6b",
    "glove_weight",
    "negative_sampling_loss",
    "principal_axes",
    "weat",
]
