"""A file is written whole or not at all."""

import pytest

from course_lib.whole_file import whole_file


def test_it_takes_its_name_at_the_end(tmp_path):
    path = tmp_path / "folder" / "a.txt"
    with whole_file(path) as new:
        new.write_text("new")
        assert not path.exists() and new.parent == path.parent
    assert path.read_text() == "new" and [p.name for p in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), ValueError()])
def test_what_was_there_stays_where_writing_fails(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), whole_file(path) as new:
        new.write_text("half of it")
        raise error
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "a").write_text("a file")
    with pytest.raises(OSError), whole_file(tmp_path / "a" / "b.txt"):
        pass
