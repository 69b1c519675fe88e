"""Text to numbers and back: tokenizers and vocabularies, and the batches that models read."""

from course_lib.text.bpe import BPE
from course_lib.text.characters import CharVocabulary
from course_lib.text.chat import SYSTEM, chat_ids, chat_text, stop_id
from course_lib.text.padding import PairBatch, pad, pair_batches
from course_lib.text.saving import TokenizerFileError
from course_lib.text.streaming import text_pieces
from course_lib.text.wordpiece import WordPiece
from course_lib.text.words import WordVocabulary

__all__ = [
    "BPE",
    "CharVocabulary",
    "PairBatch",
    "SYSTEM",
    "TokenizerFileError",
    "WordPiece",
    "WordVocabulary",
    "chat_ids",
    "chat_text",
    "pad",
    "pair_batches",
    "stop_id",
    "text_pieces",
]
