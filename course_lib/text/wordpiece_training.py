"""How WordPiece's vocabulary is learnt here: byte-pair encoding by counts, with ## before what continues a word.

The papers merge the pair that raises the text's likelihood most, and BERT's authors did not publish their code for
it. What Hugging Face's `tokenizers` trains under this name is byte-pair encoding by counts, and so is this.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from course_lib.text.merges import learn_merges

CONTINUES = "##"


def learn_pieces(
    texts: Iterable[Sequence[str]],
    size: int,
    *,
    min_count: int,
    max_alphabet: int,
    alphabet: Sequence[str] | None,
) -> list[str]:
    """At most `size` pieces: the alphabet, then what merging frequent pairs made, in order.

    Args:
        texts: each as its words.
        min_count, max_alphabet, alphabet: as in `WordPiece.train`.

    Raises:
        ValueError: a size too small for the alphabet.
    """
    counts = Counter(word for words in texts for word in words)
    seen: Counter[str] = Counter()
    for word, count in counts.items():
        for sign in word:
            seen[sign] += count
    kept = set(sorted(seen, key=lambda sign: (-seen[sign], sign))[:max_alphabet])
    words: Counter[tuple[str, ...]] = Counter()
    for word, count in counts.items():
        signs = [sign for sign in word if sign in kept]
        if signs:
            words[(signs[0], *(CONTINUES + sign for sign in signs[1:]))] += count
    if alphabet is None:
        inside = {symbol for word in words for symbol in word[1:]}
        alphabet = sorted(kept) + sorted(inside)
    if size < len(alphabet):
        raise ValueError(
            f"There is room for {size} pieces beside the special symbols; the alphabet alone has {len(alphabet)}. "
            "Raise vocab_size, or lower max_alphabet."
        )
    return learn_merges(words, alphabet, size, min_count, CONTINUES).symbols
