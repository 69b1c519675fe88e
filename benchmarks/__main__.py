"""`python -m benchmarks [name …]`: run the named benchmarks, or all but the long ones; `--list` names them."""

import argparse

from benchmarks.registry import find
from course_lib.device import setup


def main() -> None:
    found = find()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Time the course beside the libraries."
    )
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(found))
    parser.add_argument("--list", action="store_true", help="say which benchmarks there are, and run none")
    options = parser.parse_args()
    if unknown := set(options.names) - set(found):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {', '.join(found)}")
    if options.list:
        for entry in found.values():
            print(
                f"{entry.name:12} about {entry.minutes:g} minutes{' (only when named)' * entry.long}: {entry.what}"
            )
        return
    setup(seed=0, device="cpu", threads=1)
    for name in options.names or [name for name, entry in found.items() if not entry.long]:
        print(f"\n{name}: {found[name].what} (about {found[name].minutes:g} minutes)\n", flush=True)
        found[name].run()
    if not options.names and (left_out := [name for name, entry in found.items() if entry.long]):
        print(f"\nOnly when named, because they take longer: {', '.join(left_out)}")


if __name__ == "__main__":
    main()
