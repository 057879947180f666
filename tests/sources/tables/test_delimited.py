"""Delimited text: encodings, quotes and broken lines; line numbers are those of the file."""

import io
import random

import pytest

from artsim.archive import UserError
from artsim.archive.rejects import Reject
from artsim.sources.records import Records
from artsim.sources.tables.delimited import read_delimited


def read(content: bytes, **settings: int) -> tuple[list[dict[str, str]], list[str], list[Reject]]:
    batches = list(read_delimited(io.BytesIO(content), "x.csv", **settings))
    rows = [row for batch in batches for row in batch.table.to_pylist()]
    return (
        rows,
        [line for batch in batches for line in batch.where.to_pylist()],
        [r for b in batches for r in b.rejects],
    )


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nid;note\n1;a,b\n",
        "\ufeffsep=;\r\nid;note\r\n1;a,b\r\n",
        '"sep=;"\nid;note\n1;a,b\n',
        "SEP=\t\nid\tnote\n1\ta,b\n",
    ],
)
def test_a_first_line_may_name_the_delimiter(text: str) -> None:
    (records,) = read_delimited(io.BytesIO(text.encode()), "w.csv")
    assert records.table.to_pydict() == {"id": ["1"], "note": ["a,b"]}
    assert records.where.to_pylist() == ["3"]


def test_the_delimiter_is_the_one_that_the_header_has_most_of() -> None:
    for sign in ",;\t|":
        rows, lines, _ = read(f"a{sign}b\n1{sign}2\n".encode())
        assert rows == [{"a": "1", "b": "2"}] and lines == ["2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_encodings_are_detected(encoding: str) -> None:
    text = "name,place\nNiccolò dell'Abbate,Musée\nDürer,Nürnberg\n"
    bom = b"\xff\xfe" if encoding == "utf-16-le" else b""
    rows, _, rejects = read(bom + text.encode(encoding))
    assert rows == [{"name": "Niccolò dell'Abbate", "place": "Musée"}, {"name": "Dürer", "place": "Nürnberg"}]
    assert not rejects


def test_a_file_pasted_together_from_two_encodings_keeps_both() -> None:
    rows, _, _ = read("n\nDürer\n".encode() + "Cézanne – “x”\n".encode("cp1252"))
    assert [row["n"] for row in rows] == ["Dürer", "Cézanne – “x”"]


def test_quotes_hold_delimiters_lines_and_quotes() -> None:
    rows, lines, _ = read(b'a,b\n"x, ""y""\nz",1\n"",2\nc,3\n')
    assert [row["a"] for row in rows] == ['x, "y"\nz', "", "c"]
    assert lines == ["2", "4", "5"]


def test_lines_with_too_few_or_too_many_fields_are_rejected_by_number() -> None:
    rows, lines, rejects = read(b"a,b,c\n1,2,3\n1,2\n\n1,2,3,4\n1,2,3,,\n,,\n4,5,6")
    assert lines == ["2", "6", "8"]
    assert [row["c"] for row in rows] == ["3", "3", "6"]
    assert [(reject.line, reject.reason) for reject in rejects] == [
        ("3", "fewer fields than the header has"),
        ("5", "more fields than the header has"),
    ]
    assert rejects[1].text == "1,2,3,4"


def test_an_unclosed_quote_rejects_only_its_line() -> None:
    body = b'id,title\n1,fine\n2,"broken\n' + b"".join(b"%d,after\n" % n for n in range(3, 20_000))
    rows, lines, rejects = read(body)
    assert [reject.line for reject in rejects] == ["3"] and "quote" in rejects[0].reason
    assert len(rows) == 19_998 and lines[1] == "4" and lines[-1] == "20000"


def test_headers_are_trimmed_and_made_unique() -> None:
    rows, _, _ = read(b" a ,,a\n1,2,3\n")
    assert rows == [{"a": "1", "column 2": "2", "a (3)": "3"}]


@pytest.mark.parametrize("content", [b"", b"\n", b",,\n"])
def test_a_file_without_header_is_a_user_error(content: bytes) -> None:
    with pytest.raises(UserError, match="header"):
        read(content)


def test_an_empty_file_is_a_user_error() -> None:
    with pytest.raises(UserError, match="not a table"):
        read(b"a,b\n" + b"x" * (17 << 20))


def test_batches_have_at_most_the_given_size() -> None:
    batches: list[Records] = list(read_delimited(io.BytesIO(b"a,b\n" + b"1,2\n" * 250), "x", size=100))
    assert [len(batch.where) for batch in batches] == [100, 100, 50]


def test_random_tables_are_read_unchanged() -> None:
    import csv

    dice = random.Random(7)
    signs = ["a", "é", '"', ",", ";", "\n", "\r\n", " ", "'", "漢"]
    table = [["x", *("".join(dice.choices(signs, k=dice.randrange(6))) for _ in range(3))] for _ in range(300)]
    sink = io.StringIO(newline="")
    csv.writer(sink).writerows([["i", "a", "b", "c"], *table])
    rows, _, rejects = read(sink.getvalue().encode())
    assert [list(row.values()) for row in rows] == table and not rejects


ADDRESSED = "id,image_url,title\n"


@pytest.mark.parametrize(
    ("header", "lines", "bad"),
    [
        # two titles begin with a stray quote; the text between them is one field of a record of the right width
        (
            ADDRESSED,
            ['1,http://h/1.jpg,"Untitled', "2,http://h/2.jpg,Boat", '3,http://h/3.jpg,"Sea', "4,http://h/4.jpg,D"],
            {1, 3},
        ),
        # the closing quote is at the end of a title, as in valid CSV
        (ADDRESSED, ['1,http://h/1.jpg,"Untitled', "2,http://h/2.jpg,Boat", '3,http://h/3.jpg,Sea"'], {1}),
        (ADDRESSED, ["0,http://h/0.jpg,A", '1,http://h/1.jpg,"Untitled', '2,http://h/2.jpg,Boat"'], {1}),
        # never closed: the end of the file ends the field
        (ADDRESSED, ['1,http://h/1.jpg,"Untitled', "2,http://h/2.jpg,Boat"], {1}),
        # in the middle, at the beginning, with file names, with other delimiters
        (
            "id,title,image_url\n",
            ['1,"Untitled,http://h/1.jpg', "2,Boat,http://h/2.jpg", '3,"Sea,http://h/3.jpg'],
            {1, 3},
        ),
        ("title,id,file\n", ['"Untitled,1,a.jpg', "Boat,2,b.jpg", '"Sea,3,c.jpg'], {1, 3}),
        ("title;id;file\n", ['"Untitled;1;a.jpg', "Boat;2;b.jpg", 'Sea";3;c.jpg'], {1}),
        ("id\tfile\ttitle\n", ['1\ta.jpg\t"12"" canvas', '2\tb.jpg\t"', "3\tc.jpg\tD"], {1, 2}),
        ("number,title,place\n", ["A-1,X,Y", 'A-2,"Sea,Rome', "A-3,Boat,Oslo", 'A-4,D"or,Bonn'], {2}),
    ],
)
def test_a_stray_quote_loses_no_rows(header: str, lines: list[str], bad: set[int]) -> None:
    rows, _, rejects = read((header + "\n".join(lines) + "\n").encode())
    assert len(rows) + len(rejects) == len(lines)
    first = 1 - (lines[0][0] == "0")
    assert {int(reject.line) - 2 + first for reject in rejects} == bad
    assert "quote" in rejects[0].reason


def test_quoted_line_breaks_are_kept() -> None:
    text = 'id,image_url,notes\n1,http://h/1.jpg,"Oil, on canvas\nSigned, dated, 1907\n\nSee http://x.org, p. 3, fig. 4"\n2,http://h/2.jpg,-\n'
    rows, lines, rejects = read(text.encode())
    assert not rejects and lines == ["2", "6"] and rows[0]["notes"].count("\n") == 3


def test_an_overlong_field_rejects_only_its_row() -> None:
    body = f'id,image_url,title\n1,http://h/1.jpg,"{"x" * 200_000}"\n2,http://h/2.jpg,Boat\n'
    rows, _, rejects = read(body.encode())
    assert [row["id"] for row in rows] == ["2"] and [reject.line for reject in rejects] == ["2"]
    assert "too long" in rejects[0].reason


def test_an_open_quote_in_the_header_loses_no_rows() -> None:
    with pytest.raises(UserError, match="quote"):
        read(b'id,image_url,"title\n1,http://h/1.jpg,A\n2,http://h/2.jpg,"B\n')
    assert read(b'id,"date\n(year)"\n1,2\n')[0] == [{"id": "1", "date\n(year)": "2"}]


def test_mysql_null_markers_are_empty() -> None:
    text = b"id\timage_url\ttitle\n1\thttps://m.org/1.jpg\t\\N\n2\t\\N\tTwo \\N\n"
    (records,) = read_delimited(io.BytesIO(text), "works.tsv")
    assert records.table.to_pylist() == [
        {"id": "1", "image_url": "https://m.org/1.jpg", "title": None},
        {"id": "2", "image_url": None, "title": "Two \\N"},
    ]
