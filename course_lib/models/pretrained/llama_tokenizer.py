"""The byte-pair encodings that Llamas are published with, as the course's own `BPE`."""

from collections.abc import Callable
from pathlib import Path

from course_lib.models.pretrained.files import PretrainedError
from course_lib.text.bpe import BPE
from course_lib.text.gpt2_words import SYMBOL_TO_BYTE, digit_words, gpt2_words
from course_lib.text.merges import Pair
from course_lib.text.saving import TokenizerFileError, read_json


def tokenizer_from_parts(
    path: Path, tokens: list[str], merges: list[Pair], split: Callable[[str], list[str]]
) -> BPE:
    """A byte-level encoding from its tokens in the order of their ids and its merges; the other tokens are special.

    Raises:
        PretrainedError: tokens and merges do not belong together; `path` names where they come from.
    """
    try:
        made = {left + right for left, right in merges}
        alphabet = [token for token in tokens if token in SYMBOL_TO_BYTE]
        specials = [token for token in tokens if token not in SYMBOL_TO_BYTE and token not in made]
        ids = {token: number for number, token in enumerate(tokens)}
        return BPE(merges, alphabet, specials=specials, split=split, ids=ids)
    except (ValueError, TypeError, TokenizerFileError) as error:
        raise PretrainedError(f"The tokenizer in {path} could not be read: {error}") from None


def tokenizer_from_json(path: Path) -> BPE:
    """The encoding in a tokenizer.json of Hugging Face's `tokenizers`, if it is on bytes.

    Raises:
        PretrainedError: the file could not be read, or holds another kind of tokenizer.
    """
    try:
        content = read_json(path)
        model, parts = content["model"], content["pre_tokenizer"]
        pairs = [tuple(pair.split(" ") if isinstance(pair, str) else pair) for pair in model["merges"]]
        parts = parts["pretokenizers"] if parts["type"] == "Sequence" else [parts]
        kinds = [part["type"] for part in parts]
        ids = model["vocab"] | {token["content"]: token["id"] for token in content["added_tokens"]}
        single = all(part["individual_digits"] for part in parts if part["type"] == "Digits")
        known = model["type"] == "BPE" and single and kinds in (["ByteLevel"], ["Digits", "ByteLevel"])
    except (TokenizerFileError, KeyError, TypeError, AttributeError) as error:
        raise PretrainedError(f"The tokenizer in {path} could not be read: {error}") from None
    if not known or sorted(ids.values()) != list(range(len(ids))):
        raise PretrainedError(
            f"{path} has a tokenizer of kind {model['type']}, {' and '.join(kinds)}; known here: BPE on bytes."
        )
    split = digit_words if "Digits" in kinds else gpt2_words
    return tokenizer_from_parts(path, sorted(ids, key=ids.get), pairs, split)
