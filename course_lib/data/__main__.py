"""``python -m course_lib.data [NAME …]``: download data sets now, to work without a network later.

Without names it fetches all that ``load`` knows, and says in which folder they lie: the folder to serve to a
class, or to copy to a machine without network and name in ``COURSE_DATA``.
"""

import sys

from course_lib.data import DataError, load, loadable
from course_lib.data.fetch import folder_in_use


def main(names: list[str]) -> int:
    """Load each data set once; return 0, or 1 after printing the sentence that says what to do."""
    try:
        for name in names or loadable():
            print(f"{name}: {load(name)!r}")
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The files lie in {folder_in_use()}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
