"""Write every drawing as a PNG file: python -m course_lib.drawings FOLDER"""

import argparse
from pathlib import Path

from course_lib.drawings import ALL


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m course_lib.drawings", description=__doc__)
    parser.add_argument("folder", type=Path, help="made where it is missing")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawing in ALL.items():
        (folder / f"{name}.png").write_bytes(drawing.png())
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main()
