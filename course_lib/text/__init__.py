"""Text to numbers and back: vocabularies, and the batches that models read."""
