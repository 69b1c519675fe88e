"""`python -m benchmarks [name …]`: run the named benchmarks, or all but the long ones; `--list` names them."""

import argparse
import sys

from benchmarks.registry import find
from course_lib.device import best_device, setup


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
                f"{entry.name:20} about {entry.minutes:g} minutes{' (only when named)' * entry.long}: {entry.what}"
            )
        return
    chosen = [found[name] for name in options.names] or [entry for entry in found.values() if not entry.long]
    accelerator = best_device()
    if accelerator.type == "cpu" and (lacking := [entry.name for entry in chosen if entry.gpu]):
        sys.exit(
            f"{', '.join(lacking)} needs a GPU that torch can use (NVIDIA's or Apple's), and there is none here."
        )
    for entry in chosen:
        print(f"\n{entry.name}: {entry.what} (about {entry.minutes:g} minutes)\n", flush=True)
        device = setup(seed=0, device=accelerator if entry.gpu else "cpu", threads=1)
        entry.run(*[device] * entry.gpu)
    if not options.names and (left_out := [name for name, entry in found.items() if entry.long]):
        print(f"\nOnly when named, because they take longer: {', '.join(left_out)}")


if __name__ == "__main__":
    main()
