"""Data: generated tasks (:mod:`course_lib.data.memory`) and real data sets (:func:`load`)."""

from collections.abc import Callable
from difflib import get_close_matches

from course_lib.data.classification import Labelled, sms_spam, sst_2
from course_lib.data.fetch import DataError
from course_lib.data.language_modelling import Text, tiny_shakespeare, wikitext_2
from course_lib.data.manifest import Dataset, manifest
from course_lib.data.tagging import Tagged, wnut_17
from course_lib.data.translation import Pairs, multi30k_de_en, tatoeba_eng_cmn

__all__ = ["DataError", "Labelled", "Pairs", "Tagged", "Text", "load", "loadable"]

# One line for each data set: its name in the manifest, and the function that reads its files.
_LOADERS: dict[str, Callable[[Dataset], Text | Pairs | Labelled | Tagged]] = {
    "tiny-shakespeare": tiny_shakespeare,
    "wikitext-2": wikitext_2,
    "multi30k-de-en": multi30k_de_en,
    "tatoeba-eng-cmn": tatoeba_eng_cmn,
    "sst-2": sst_2,
    "sms-spam": sms_spam,
    "wnut-17": wnut_17,
}


def loadable() -> list[str]:
    """The names that :func:`load` knows."""
    return list(_LOADERS)


def load(name: str) -> Text | Pairs | Labelled | Tagged:
    """Return a real data set by name; downloads it once, then reads the cache.

    =================== ======== ==============================================================
    tiny-shakespeare    Text     1.1 million characters of plays
    wikitext-2          Text     455 thousand words of Wikipedia
    multi30k-de-en      Pairs    31,014 captions, German and English
    tatoeba-eng-cmn     Pairs    20,133 short sentences, English and Chinese
    sst-2               Labelled 9,613 sentences of film reviews: liked or not
    sms-spam            Labelled 5,574 text messages: spam or not
    wnut-17             Tagged   5,690 posts from the web with their named entities
    =================== ======== ==============================================================

    No network? Set the environment variable ``COURSE_DATA`` to a folder with the files, or ``COURSE_MIRROR``
    to the address of a machine that serves them; ``COURSE_CACHE`` moves the cache. Every file is compared
    with its pinned sha256, wherever it comes from. Raises :class:`DataError`, whose message says what to do.
    """
    if not isinstance(name, str) or name not in _LOADERS:
        close = get_close_matches(str(name).lower(), _LOADERS, n=1, cutoff=0.5)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        raise DataError(f"There is no data set {name!r}{hint}: choose one of {', '.join(_LOADERS)}.")
    return _LOADERS[name](manifest()[name])
