"""The notebook builder: solutions go, outputs are settled, and nothing half-written is left."""

import base64
import io

import nbformat
import pytest
from PIL import Image

from tools import build_notebooks
from tools.execute import OutputError, execute
from tools.lesson_source import (
    SourceError,
    built_path,
    differences,
    learner_notebook,
    read_source,
    sources,
    strip_solutions,
)
from tools.solved_notebooks import solved

HEADER = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

"""
LESSON = """\
# %% [markdown]
# # A lesson

# %% tags=["setup"]
import matplotlib.pyplot as plt

# %% tags=["exercise"]
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% tags=["check"]
check = lambda exercise, answer: print("checked", exercise)
check("98.double", double)

# %%
_ = plt.plot([1, 2, 3])
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "98_made_up.py"
    path.write_text(HEADER + LESSON, encoding="utf-8")
    return path


def test_a_solution_becomes_a_stub_at_its_indentation():
    block = "    ### BEGIN SOLUTION\n    if x:\n        y = 2\n    ### END SOLUTION\n"
    solved = f"def f(x):\n    y = 1\n{block}    return y"
    assert strip_solutions(solved) == (
        "def f(x):\n    y = 1\n    # YOUR CODE HERE\n    raise NotImplementedError()\n    return y"
    )
    assert (
        strip_solutions("a = ...\n### BEGIN SOLUTION\na = 3\n### END SOLUTION") == "a = ...\n# YOUR CODE HERE"
    )


@pytest.mark.parametrize(
    "text",
    [
        "### BEGIN SOLUTION\nx",
        "x\n### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
    ],
)
def test_unbalanced_markers_are_refused(text):
    with pytest.raises(SourceError, match="SOLUTION"):
        strip_solutions(text)


def test_learners_get_stubs_an_install_cell_and_grading_metadata(source):
    notebook = learner_notebook(source)
    text = nbformat.writes(notebook)
    assert "2 * x" not in text and "raise NotImplementedError()" in text
    assert "%pip install" in notebook.cells[1].source
    exercise, check = notebook.cells[3], notebook.cells[4]
    assert (
        exercise.metadata["nbgrader"]["solution"] and exercise.metadata["nbgrader"]["grade_id"] == "98_double"
    )
    assert check.metadata["nbgrader"]["grade"] and check.metadata["nbgrader"]["points"] == 2
    nbformat.validate(notebook)
    assert [cell.id for cell in learner_notebook(source).cells] == [cell.id for cell in notebook.cells]
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_a_solution_is_folded_below_its_exercise_with_why(source):
    why = '# %% [markdown] tags=["solution"]\n# Twice x is x + x.\n'
    source.write_text(HEADER + LESSON + why, encoding="utf-8")
    folded = learner_notebook(source).cells[-1]
    assert folded.cell_type == "markdown" and folded.source == (
        "<details>\n<summary>Solution</summary>\n\n```python\ndef double(x):\n    return 2 * x\n```\n\n"
        "Twice x is x + x.\n\n</details>"
    )
    assert "2 * x" not in learner_notebook(source).cells[3].source
    source.write_text(HEADER + LESSON + why + why, encoding="utf-8")
    with pytest.raises(SourceError, match="no exercise before it"):
        learner_notebook(source)


def test_the_words_for_a_picture_stay_its_size_goes(tmp_path):
    notebook = cells(
        "from IPython.display import Image, display\nimport io, matplotlib\nmatplotlib.use('agg')\n"
        "import matplotlib.pyplot as plt\nfile = io.BytesIO()\nplt.figure().savefig(file)\n"
        "display(Image(file.getvalue(), alt='A box.', width=300))"
    )
    execute(notebook, str(tmp_path))
    assert notebook.cells[0].outputs[0].metadata == {"image/png": {"alt": "A box."}}


def test_every_kind_of_change_puts_a_notebook_out_of_step(source):
    built = learner_notebook(source)
    assert differences(built, learner_notebook(source)) == []
    for change in (
        lambda nb: nb.cells.pop(),
        lambda nb: nb.cells[2].update(source="import torch"),
        lambda nb: nb.cells[4].metadata.update(tags=["check", "nbval-skip"]),
        lambda nb: nb.cells[0].update(cell_type="raw"),
        lambda nb: nb.metadata.update(kernelspec={"name": "other"}),
    ):
        changed = learner_notebook(source)
        change(changed)
        assert differences(built, changed)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('tags=["check"]', "", "tagged check"),
        ('tags=["exercise"]', "", "tagged exercise"),
        (
            '# %% tags=["check"]\n'
            'check = lambda exercise, answer: print("checked", exercise)\ncheck("98.double", double)\n',
            "",
            "no check after",
        ),
        ("# %%\n_ = plt", '# %%\nhint("98.double")\n\n# %%\n_ = plt', "tagged hint"),
    ],
)
def test_a_source_that_breaks_a_rule_is_refused(source, old, new, rule):
    source.write_text((HEADER + LESSON).replace(old, new), encoding="utf-8")
    with pytest.raises(SourceError, match=rule):
        learner_notebook(source)


def test_a_source_without_its_header_is_refused(source):
    source.write_text(LESSON, encoding="utf-8")
    with pytest.raises(SourceError, match="jupytext header"):
        read_source(source)


def cells(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])


def test_outputs_are_settled_and_a_second_run_gives_the_same_bytes(tmp_path):
    text = "%matplotlib inline\nimport matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
    bar = "print('10 %\\r 50 %\\rdone')\nprint('next line')"
    slider = "from course_lib.explore import SliderFigure\nfrom course_lib import plots\n" + (
        "SliderFigure(lambda v: plots.memory_by_lag({'a': [1, v]}, 't'), [1, 2], 1, 'v', 'A line.')"
    )
    runs = []
    for _ in range(2):
        notebook = cells(text, bar, slider)
        execute(notebook, str(tmp_path))
        runs.append(notebook)
    assert [cell.outputs for cell in runs[0].cells] == [cell.outputs for cell in runs[1].cells]
    assert runs[0].cells[1].outputs[0].text == "done\nnext line\n"
    picture = base64.b64decode(runs[0].cells[0].outputs[0].data["image/png"])
    assert len(Image.open(io.BytesIO(picture)).getcolors()) <= 256
    assert set(runs[0].cells[2].outputs[0].data) == {"image/png", "text/plain"}
    assert "widgets" not in runs[0].metadata


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import sys\nprint('careful', file=sys.stderr)", "stderr.*careful"),
        ("print(object())", "memory address"),
    ],
)
def test_outputs_that_must_not_be_stored_are_refused(text, complaint, tmp_path):
    with pytest.raises(OutputError, match=complaint):
        execute(cells(text), str(tmp_path))


def test_build_writes_the_whole_notebook_or_nothing(source, monkeypatch, capsys):
    monkeypatch.setattr(build_notebooks, "NOTEBOOKS", source.parent)
    monkeypatch.setattr(build_notebooks, "built_path", lambda path: path.with_suffix(".ipynb"))
    monkeypatch.setattr(build_notebooks, "sources", lambda: [source])
    assert not build_notebooks.is_current(source)
    assert build_notebooks.main([]) == 0
    assert build_notebooks.is_current(source)
    built = source.with_suffix(".ipynb").read_bytes()
    assert build_notebooks.main([]) == 0
    assert "in step" in capsys.readouterr().out
    source.write_text((HEADER + LESSON).replace("[1, 2, 3]", "undefined"), encoding="utf-8")
    with pytest.raises(Exception, match="undefined"):
        build_notebooks.main([])
    assert source.with_suffix(".ipynb").read_bytes() == built
    assert sorted(path.name for path in source.parent.iterdir()) == ["98_made_up.ipynb", "98_made_up.py"]
    with pytest.raises(SystemExit):
        build_notebooks.main(["77"])


def test_a_solved_notebook_has_the_solutions_and_the_verdicts_of_right_answers():
    for source in sources()[:3]:
        before, after = nbformat.read(built_path(source), as_version=4), solved(source)
        changed = {
            tag
            for old, new in zip(before.cells, after.cells, strict=True)
            if (old.source, old.get("outputs")) != (new.source, new.get("outputs"))
            for tag in old.metadata.get("tags", ["untagged"])
        }
        assert changed == {"exercise", "check"}
        exercises = [cell.source for cell in after.cells if "exercise" in cell.metadata.get("tags", [])]
        assert not any("YOUR CODE" in code or "SOLUTION" in code for code in exercises)
        checks = [cell for cell in after.cells if "check" in cell.metadata.get("tags", [])]
        assert all(cell.outputs[0].text.startswith("✓") for cell in checks) and len(checks) == len(exercises)
