"""The course's models beside the libraries': `python -m benchmarks` (or `make bench`) times them on this machine.

Every benchmark is one file here with one function that `registry.benchmark` has registered. `RESULTS.md` keeps what was
measured once.
"""
