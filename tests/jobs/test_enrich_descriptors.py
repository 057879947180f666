"""jobs.enrich descriptors: its table, confirmed suggestions, repeated runs, new artworks, mistakes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artsim.archive import CATALOG, Archive
from jobs.enrich import job
from tests.jobs.inside import ended
from tests.made import add_features, make_archive, named

_IDS = named(60)
_WORDS = ("harbour", "wood", "king")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Three groups of artworks; keywords of two thirds of them, one of which is wrong."""
    made = make_archive(tmp_path / "archive", _IDS)
    rng = np.random.default_rng(1)
    add_features(made, "dots", {key: 3 * np.eye(3, 5)[n % 3] + rng.normal(0, 0.6, 5) for n, key in enumerate(_IDS)})
    lines = [f"{key},{_WORDS[number % 3]}" for number, key in enumerate(_IDS[:40])]
    lines[7] = f"0007,{_WORDS[2]}; \x1b[31m odd"
    (tmp_path / "keywords.csv").write_text("\n".join(["id,keyword", *lines, "nobody,wood"]))
    return made


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    keywords = str(Path(archive.uri).with_name("keywords.csv"))
    return job.run(
        ["descriptors", "--archive", archive.uri, "--keywords", keywords, "--features", "dots", "--k", "9", *arguments]
    )


def _rows(archive: Archive, name: str = "keywords") -> dict[tuple[str, str], dict[str, Any]]:
    rows = [row for part in archive.table(f"descriptors/{name}").scan() for row in part.to_pylist()]
    return {(row["id"], row["keyword"]): row for row in rows}


def _files(archive: Archive) -> dict[str, bytes]:
    return {path: Path(archive.uri, "descriptors", path).read_bytes() for path in archive.store.files("descriptors")}


def test_the_table_and_the_report(archive: Archive) -> None:
    report = _run(archive)
    assert (report["rows_in"], report["rows_out"], report["with_keywords"]) == (60, 60, 40)
    rows = _rows(archive)
    given = {key for key, row in rows.items() if row["source"] == "given"}
    assert len(given) == 41 and (_IDS[7], "\x1b[31m odd") in given
    assert all(rows[key]["confidence"] == 1 and rows[key]["evidence"] == [] for key in given)
    suggested = {key: row for key, row in rows.items() if key not in given}
    assert all(row["source"] == "suggested" and row["confidence"] >= 0.5 for row in suggested.values())
    for number, image_id in enumerate(_IDS[40:], 40):
        assert {keyword for key, keyword in suggested if key == image_id} == {_WORDS[number % 3]}
        evidence = suggested[image_id, _WORDS[number % 3]]["evidence"]
        assert all((key, _WORDS[number % 3]) in given for key in evidence) and 1 <= len(evidence) <= 5
    assert (_IDS[7], _WORDS[1]) in suggested  # what the wrong keyword should have been
    assert report["scores"]["precision"] > 0.8 and report["scores"]["recall"] > 0.8
    assert {row["keyword"] for row in report["keywords"]} == {*_WORDS, "\x1b[31m odd"}


def test_a_confirmed_suggestion_is_given_by_the_next_run(archive: Archive) -> None:
    _run(archive)
    file = Path(archive.uri).with_name("keywords.csv")
    file.write_text(f"{file.read_text()}\n{_IDS[45]},{_WORDS[0]}")
    assert _run(archive)["rows_in"] == 60  # the new voter may change every suggestion
    assert _rows(archive)[_IDS[45], _WORDS[0]]["source"] == "given"


def test_the_same_command_again_changes_nothing_and_new_artworks_alone_are_added(archive: Archive) -> None:
    _run(archive)
    files = _files(archive)
    again = _run(archive)
    assert (again["rows_in"], again["rows_there"]) == (0, 60)
    assert _files(archive) == files
    table = archive.table("features/dots")
    shard, part = next((shard, table.parts(shard)[0]) for shard in range(archive.shards) if table.parts(shard))
    rows = table.read(shard, part)
    new = pa.Table.from_pylist([{**rows.to_pylist()[0], "id": "made:new"}], rows.schema)
    archive.table("features/dots", rows.schema).merge(shard, part, new)
    report = _run(archive)
    assert report["rows_in"] == len(rows) + 1
    assert any(image_id == "made:new" for image_id, _ in _rows(archive))


def test_an_interrupted_run_is_finished_by_the_same_command(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    from artsim.enrich import descriptors

    rows_of, calls = descriptors._rows, []

    def killed(*arguments: Any) -> list[dict[str, Any]]:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        return rows_of(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(descriptors, "_rows", killed)
        _run(archive)
    assert not archive.store.exists("descriptors/keywords/_about.json")
    _run(archive)
    files = _files(archive)
    _run(archive, "--again")
    assert _files(archive) == files


def test_keywords_of_the_metadata(archive: Archive) -> None:
    for shard in range(archive.shards):
        rows = archive.table("catalog").read(shard, "p0").to_pylist()
        for row in rows:
            row["metadata"] = json.dumps({"tags": f"{_WORDS[_IDS.index(row['id']) % 3]} | old"})
        archive.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, CATALOG))
    job.run(["descriptors", "--archive", archive.uri, "--keywords", "tags", "--features", "dots", "--name", "tags"])
    assert {(key, "old") for key in _IDS} <= set(_rows(archive, "tags"))


def test_status_and_deletion(archive: Archive) -> None:
    _run(archive)
    assert "descriptors/keywords" in ended("status", "--archive", archive.uri).stdout
    assert ended("status", "--archive", archive.uri, "--delete", "descriptors/keywords", "--yes").returncode == 0
    assert not archive.has_table("descriptors/keywords")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--keywords", "needs it")),
        (("--keywords", "nonsense"), ("--keywords nonsense", "no artwork")),
        (("--keywords", "nowhere.csv"), ("--keywords nowhere.csv",)),
        (("--keywords", "{bare}"), ("--keywords", "needs the columns id and keyword")),
        (("--keywords", "{few}"), ("at least 10",)),
        (("--keywords", "artist", "--features", "none"), ("--features none",)),
        (("--keywords", "artist", "--min-confidence", "3"), ("--min-confidence 3",)),
        (("--keywords", "artist", "--text", "title"), ("--text", "descriptors does not use it")),
    ],
)
def test_a_mistake_is_one_line_that_names_the_option(
    archive: Archive, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (tmp_path / "bare.csv").write_text("a,b\n1,2\n")
    (tmp_path / "few.csv").write_text(f"id,keyword\n{_IDS[0]},x\n")
    files = {"{bare}": str(tmp_path / "bare.csv"), "{few}": str(tmp_path / "few.csv")}
    rest = [files.get(argument, argument) for argument in arguments]
    features = [] if "--features" in rest else ["--features", "dots"]
    done = ended("enrich", "descriptors", "--archive", archive.uri, *features, *rest)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr.strip().splitlines()[-1] for word in words), done.stderr
