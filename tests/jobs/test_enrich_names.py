"""jobs.enrich names: its table, repeated and interrupted runs, new and removed artworks, files of texts, mistakes."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from artsim.archive import CATALOG, Archive, Table, UserError
from artsim.enrich.names import _Work
from jobs.enrich import job
from tests.jobs.inside import ended
from tests.made import CLOSED, make_archive, named

_IDS = named(24)
_LIST = """\
id;name;variants;born;died
u1;Rossi, Mario;Rossi, M.|ROSSI Mario;1900;1980
u2;Oliveira, Ana de;;1900;1980
u3;"Vinci, Leonardo da";Leonardo da Vinci;1452;1519
u4;Bellini, Giovanni;;1430;1516
u5;Bellini, Gentile;;1429;1507
"""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    titles = {
        _IDS[0]: "Workshop of Leonardo da Vinci",
        _IDS[1]: "G. Bellini, copied by Mario Rossi",
        _IDS[2]: "Rossi \x1b[31m",
        _IDS[3]: "",
    }
    (tmp_path / "list.csv").write_text(_LIST, encoding="utf-8")
    return make_archive(tmp_path / "archive", _IDS, titles=titles, rights={_IDS[0]: CLOSED}, part_rows=4)


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    authority = str(Path(archive.uri).with_name("list.csv"))
    return job.run(["names", "--archive", archive.uri, "--text", "title", "--authority", authority, *arguments])


def _rows(archive: Archive, name: str = "names/list") -> list[dict[str, Any]]:
    return sorted(
        (row for rows in archive.table(name).scan() for row in rows.to_pylist()),
        key=lambda row: (row["id"], row["start"]),
    )


def _files(archive: Archive) -> dict[str, bytes]:
    return {path: Path(archive.uri, "names", path).read_bytes() for path in archive.store.files("names")}


def _set_title(archive: Archive, image_id: str, title: str | None) -> None:
    """Changes the title of an artwork; None removes its row."""
    shard = int(archive.shard_of([image_id])[0])
    rows = [row for row in archive.table("catalog").read(shard, "p0").to_pylist() if title or row["id"] != image_id]
    rows = [{**row, "title": title} if row["id"] == image_id else row for row in rows]
    if title and image_id not in {row["id"] for row in rows}:
        rows.append({"id": image_id, "title": title})
    archive.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, CATALOG))


def test_the_table_and_the_report(archive: Archive) -> None:
    report = _run(archive)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (24, 24, 0)
    assert report["table"] == "names/list"
    rows = [{**row, "score": round(row["score"], 2)} for row in _rows(archive)]
    common = {"field": "title", "qualifier": None, "candidates": []}
    vinci = {"name": "Vinci, Leonardo da", "authority_id": "u3", "score": 1.0}
    rossi = {"name": "Rossi, Mario", "authority_id": "u1"}
    assert rows == [
        {**common, "id": _IDS[0], "text": "Leonardo da Vinci", "start": 12, "end": 29, **vinci,
         "qualifier": "workshop of"},
        {**common, "id": _IDS[1], "text": "G. Bellini", "start": 0, "end": 10, "name": None, "authority_id": None,
         "score": 0.92, "candidates": ["u4", "u5"]},
        {**common, "id": _IDS[1], "text": "Mario Rossi", "start": 22, "end": 33, **rossi, "score": 1.0},
        {**common, "id": _IDS[2], "text": "Rossi", "start": 0, "end": 5, **rossi, "score": 0.85},
    ]  # fmt: skip
    assert report["mentions"] == {"resolved": 3, "persons": 2, "unclear": 1}
    assert report["unclear"][0]["candidates"] == "Bellini, Giovanni; Bellini, Gentile"


def test_the_same_command_again_changes_nothing(archive: Archive) -> None:
    first = _run(archive)
    files = _files(archive)
    again = _run(archive)
    assert (again["rows_in"], again["rows_there"]) == (0, 24)
    assert again["mentions"] == first["mentions"]
    assert _files(archive) == files


def test_only_partitions_with_new_texts_are_searched_again(archive: Archive) -> None:
    _run(archive)
    files = _files(archive)
    _set_title(archive, "made:new", "Ana de Oliveira")
    report = _run(archive)
    shard = int(archive.shard_of(["made:new"])[0])
    assert report["rows_in"] == archive.table("catalog").rows_in(shard, "p0")
    assert "made:new" in {row["id"] for row in _rows(archive)}
    changed = {path for path, content in _files(archive).items() if files.get(path) != content}
    assert {path for path in changed if path.endswith(".parquet")} == {f"list/{shard:05d}/p0.parquet"}
    _set_title(archive, "made:new", None)
    _run(archive)
    assert "made:new" not in {row["id"] for row in _rows(archive)}


def test_other_options_or_another_list_search_everything_again(archive: Archive) -> None:
    _run(archive)
    assert _run(archive, "--min-score", "0.9")["rows_in"] == 24
    assert {row["text"] for row in _rows(archive)} == {"Leonardo da Vinci", "G. Bellini", "Mario Rossi"}
    Path(archive.uri).with_name("list.csv").write_text(_LIST + "u6;Made Up;;;\n", encoding="utf-8")
    assert _run(archive, "--min-score", "0.9")["rows_in"] == 24
    assert _run(archive, "--min-score", "0.9", "--again")["rows_in"] == 24


@pytest.mark.parametrize("method", ["survey", "write"])
@pytest.mark.parametrize("survived", [0, 1, 2])
def test_an_interrupted_run_is_finished_by_the_same_command(
    archive: Archive, method: str, survived: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = getattr(_Work, method)
    calls = []

    def killed(self: _Work, shard: int, part: str) -> dict[str, Any]:
        if len(calls) == survived:
            raise KeyboardInterrupt
        calls.append(part)
        return whole(self, shard, part)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(_Work, method, killed)
        _run(archive)
    assert not archive.store.exists("names/list/_about.json")
    _run(archive)
    interrupted = _files(archive)
    _run(archive, "--again")
    assert _files(archive) == interrupted


def test_texts_of_a_file_and_of_the_metadata(archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "essays.csv"
    file.write_text(f'id,text\n{_IDS[5]},"by Ana Oliveira"\n0006,Mario Rossi\nnobody,Mario Rossi\n')
    shard = int(archive.shard_of([_IDS[7]])[0])
    rows = archive.table("catalog").read(shard, "p0").to_pylist()
    for row in rows:
        row["metadata"] = json.dumps({"essay": "Gentile Bellini"}) if row["id"] == _IDS[7] else "[not an object"
    archive.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, CATALOG))
    _run(archive, "--name", "more", "--text", str(file), "essay")
    found = [(row["id"], row["field"], row["text"], row["authority_id"]) for row in _rows(archive, "names/more")]
    assert found == [
        (_IDS[5], "essays", "Ana Oliveira", "u2"),
        (_IDS[6], "essays", "Mario Rossi", "u1"),
        (_IDS[7], "essay", "Gentile Bellini", "u5"),
    ]


def test_hostile_texts_are_read(archive: Archive) -> None:
    hostile = ("x" * 300_000, "Rossi " * 20_000, "\x00\x1b[2J" * 1000, "葛飾北斎 Ренуар Mario Rossi", "(" * 100_000)
    for number, text in enumerate(hostile):
        _set_title(archive, f"made:odd-{number}", text)
    _run(archive)
    found = {row["id"] for row in _rows(archive)}
    assert "made:odd-3" in found and not {"made:odd-0", "made:odd-2", "made:odd-4"} & found


def test_protected_artworks_are_left_out(archive: Archive) -> None:
    _run(archive, "--rights", "public")
    assert _IDS[0] not in {row["id"] for row in _rows(archive)}


def test_more_artworks_are_searched_on_ray(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(archive)
    expected = _rows(archive)
    monkeypatch.setattr("artsim.enrich.partitions._IN_PROCESS", 0)
    _run(archive, "--again")
    assert _rows(archive) == expected


def test_status_and_deletion(archive: Archive) -> None:
    _run(archive)
    status = ended("status", "--archive", archive.uri)
    assert "names/list" in status.stdout
    assert ended("status", "--archive", archive.uri, "--delete", "names/list", "--yes").returncode == 0
    assert not archive.has_table("names/list")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("names", "--text", "title"), ("--authority", "needs it")),
        (("names", "--authority", "{list}"), ("--text", "needs it")),
        (("names", "--text", "title", "--authority", "nowhere.csv"), ("--authority nowhere.csv",)),
        (("names", "--text", "nonsense", "--authority", "{list}"), ("--text nonsense", "no artwork has it")),
        (("names", "--text", "id", "--authority", "{list}"), ("--text id",)),
        (("names", "--text", "nowhere.csv", "--authority", "{list}"), ("--text nowhere.csv",)),
        (("names", "--text", "title", "--authority", "{list}", "--columns", "x=y"), ("--columns x=y",)),
        (("names", "--text", "title", "--authority", "{list}", "--columns", "id=y"), ("--columns id=y", "it has id")),
        (("names", "--text", "title", "--authority", "{list}", "--name", "../x"), ("--name",)),
        (("names", "--text", "title", "--authority", "{list}", "--min-score", "2"), ("--min-score 2",)),
        (("names", "--text", "title", "--authority", "{bare}"), ("--authority", "no column for the")),
    ],
)
def test_a_mistake_is_one_line_that_names_the_option(
    archive: Archive, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "bare.csv").write_text("a,b\n1,2\n")
    files = {"{list}": str(tmp_path / "list.csv"), "{bare}": str(tmp_path / "bare.csv")}
    action, *rest = (files.get(argument, argument) for argument in arguments)
    done = ended("enrich", action, "--archive", archive.uri, *rest)
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]  # after a progress bar, if there is one
    assert "Traceback" not in done.stderr
    assert all(word in last for word in words), done.stderr


def test_another_run_holds_the_table(archive: Archive) -> None:
    with archive.lock("names/list"), pytest.raises(UserError, match="names/list"):
        _run(archive)


def test_a_damaged_partition_names_its_file(archive: Archive) -> None:
    _run(archive)
    table: Table = archive.table("names/list")
    path = Path(archive.uri, table.path(0, "p0"))
    path.write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"names/list/00000/p0\.parquet"):
        _run(archive)
