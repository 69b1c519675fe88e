"""How good is a model? Numbers that mean the same for every model."""

from course_lib.metrics.calibration import Reliability, expected_calibration_error, reliability
from course_lib.metrics.classification import (
    ClassScores,
    accuracy,
    confusion_matrix,
    precision_recall_f1,
)
from course_lib.metrics.entities import Entity, EntityScores, entities, entity_f1
from course_lib.metrics.language import bits_per_character, perplexity
from course_lib.metrics.summaries import Rouge, lead, rouge
from course_lib.metrics.translation import Bleu, bleu

__all__ = [
    "Bleu",
    "ClassScores",
    "Entity",
    "EntityScores",
    "Reliability",
    "Rouge",
    "accuracy",
    "bits_per_character",
    "bleu",
    "confusion_matrix",
    "entities",
    "entity_f1",
    "expected_calibration_error",
    "lead",
    "perplexity",
    "precision_recall_f1",
    "reliability",
    "rouge",
]
