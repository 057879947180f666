import csv

import numpy as np
import pytest

from artsim.annotations.text_format import Line, read_lines, write_lines
from artsim.archive import UserError

_LETTERS = list("aé天 ,\"';:.-_()#%\\/\u0301")


def test_written_names_are_read_back(tmp_path) -> None:
    """Names of every kind survive a round trip, and Python's ``csv`` module reads the same."""
    rng = np.random.default_rng(0)
    rows = [
        tuple("".join(rng.choice(_LETTERS, rng.integers(1, 12))).strip() or "x" for _ in range(9)) for _ in range(300)
    ]
    rows += [(" leads", "trails ", '"', '""', ",", "a\tb", "plain.jpg", "a, b.jpg", 'say "a"')]
    path = tmp_path / "deep" / "anna.txt"
    write_lines(str(path), rows)
    assert [line.fields for line in read_lines(str(path))] == rows
    with path.open(newline="", encoding="utf-8") as file:
        assert [tuple(fields) for fields in csv.reader(file)] == rows
    assert len(list(path.parent.iterdir())) == 1


def test_plain_names_are_not_quoted(tmp_path) -> None:
    write_lines(str(tmp_path / "f"), [("a.jpg", "b c.jpg", "d, e.jpg")])
    assert (tmp_path / "f").read_text() == 'a.jpg,b c.jpg,"d, e.jpg"\n'


def test_an_open_quote_affects_only_its_line(tmp_path) -> None:
    (tmp_path / "f").write_text('a,b\n"a,b\n\n  \nc"d,"e"f\ng, "h"\r\n"i"\n')
    assert list(read_lines(str(tmp_path / "f"))) == [
        Line(1, "a,b", ("a", "b")),
        Line(2, '"a,b', ()),
        Line(5, 'c"d,"e"f', ()),
        Line(6, 'g, "h"', ("g", "h")),
        Line(7, '"i"', ("i",)),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, encoding: str) -> None:
    (tmp_path / "f").write_bytes("Goya – Año.jpg,b\nDürer.jpg,d\n".encode(encoding))
    assert [line.fields for line in read_lines(str(tmp_path / "f"))] == [("Goya – Año.jpg", "b"), ("Dürer.jpg", "d")]


def test_an_unusable_path_is_a_user_error(tmp_path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match=f"`file` {path}: "):
            list(read_lines(str(path)))
        (tmp_path / "file").touch()
        with pytest.raises(UserError, match=r"`file` .*/file/below: "):
            write_lines(str(tmp_path / "file" / "below"), [("a",)])
    with pytest.raises(UserError, match=r"`file` .*: "):
        write_lines(str(tmp_path), [("a",)])


def test_files_are_replaced_atomically(tmp_path) -> None:
    (tmp_path / "f").write_text("before\n")

    def rows():
        yield ("a",)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_lines(str(tmp_path / "f"), rows())
    assert (tmp_path / "f").read_text() == "before\n"
    assert len(list(tmp_path.iterdir())) == 1
