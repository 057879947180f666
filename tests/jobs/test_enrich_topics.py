"""jobs.enrich topics: its table, repeated and interrupted runs, new artworks, clusters, the picture, mistakes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from artsim.archive import CATALOG, CLUSTERS, Archive
from artsim.enrich.topics import _Work
from jobs.enrich import job
from tests.jobs.inside import ended
from tests.made import make_archive, named

_IDS = named(60)
_GROUPS = (
    ("harbour", "boats", "sails", "quay", "the sea", "fishermen"),
    ("wood", "trees", "path", "leaves", "the clearing", "hunters"),
    ("König", "Krone", "Thron", "und der Hof", "Schloss", "Königin"),
)


def _titles() -> dict[str, str]:
    rng = np.random.default_rng(0)
    titles = {
        image_id: " ".join(rng.choice(_GROUPS[number % 3], 4, replace=False)) for number, image_id in enumerate(_IDS)
    }
    return titles | {_IDS[0]: "", _IDS[3]: "\x1b[31m 17"}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path / "archive", _IDS, titles=_titles(), part_rows=8)


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    return job.run(["topics", "--archive", archive.uri, "--text", "title", "--n", "3", *arguments])


def _rows(archive: Archive) -> dict[str, tuple[int, float]]:
    rows = [row for part in archive.table("topics/topics").scan() for row in part.to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: (row["topic"], row["share"]) for row in rows}


def _files(archive: Archive) -> dict[str, bytes]:
    return {path: Path(archive.uri, "topics", path).read_bytes() for path in archive.store.files("topics")}


def _add(archive: Archive, image_id: str, title: str) -> None:
    shard = int(archive.shard_of([image_id])[0])
    rows = [*archive.table("catalog").read(shard, "p0").to_pylist(), {"id": image_id, "title": title}]
    archive.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, CATALOG))


@pytest.mark.parametrize("method", ["nmf", "kmeans"])
def test_the_table_the_words_and_the_report(archive: Archive, method: str) -> None:
    report = _run(archive, "--method", method)
    assert (report["rows_in"], report["rows_out"], report["without_topic"]) == (60, 60, 2)
    rows = _rows(archive)
    assert set(rows) == set(_IDS)
    assert rows[_IDS[0]] == rows[_IDS[3]] == (-1, 0.0)
    topics = json.loads(Path(archive.uri, "topics/topics/_topics.json").read_text())["topics"]
    for group in range(3):
        numbers = {rows[image_id][0] for image_id in _IDS[group::3]} - {-1}
        assert len(numbers) == 1
        topic = topics[numbers.pop()]
        members = {image_id for image_id in _IDS if rows[image_id][0] == topic["topic"]}
        assert topic["artworks"] == len(members) and topic["share"] == round(len(members) / 60, 4)
        assert set(topic["typical"]) <= members
        own = {word.lower() for phrase in _GROUPS[group] for word in phrase.split()} - {"the", "und", "der"}
        assert topic["words"] and set(topic["words"]) <= own  # German stop words are left out where the text is German
    assert [row["topic"] for row in report["topics"]] == [0, 1, 2]


def test_the_same_command_again_changes_nothing(archive: Archive) -> None:
    _run(archive)
    files = _files(archive)
    report = _run(archive)
    assert (report["rows_in"], report["rows_there"]) == (0, 60)
    assert _files(archive) == files
    _run(archive, "--again")
    assert _rows(archive) and {path for path, content in _files(archive).items() if files[path] != content} == set()


@pytest.mark.parametrize("name", ["_topics.json", "_about.json"])
def test_a_lost_description_is_made_again(archive: Archive, name: str) -> None:
    first = _run(archive)
    lost = Path(archive.uri, "topics/topics", name)
    before = lost.read_bytes()
    lost.unlink()
    assert _run(archive)["topics"] == first["topics"]
    assert lost.read_bytes() == before


def test_new_artworks_get_topics_and_no_other_row_changes(archive: Archive) -> None:
    _run(archive)
    before = _rows(archive)
    _add(archive, "made:new", "boats before the quay")
    report = _run(archive)
    after = _rows(archive)
    assert report["rows_in"] < 60
    assert {image_id: after[image_id] for image_id in before} == before
    assert after["made:new"][0] == before[_IDS[6]][0]
    topics = json.loads(Path(archive.uri, "topics/topics/_topics.json").read_text())["topics"]
    assert sum(topic["artworks"] for topic in topics) == 59


@pytest.mark.parametrize("survived", [0, 1, 2])
def test_an_interrupted_run_is_finished_by_the_same_command(
    archive: Archive, survived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = _Work.write, []

    def killed(self: _Work, shard: int, part: str) -> dict[str, Any]:
        if len(calls) == survived:
            raise KeyboardInterrupt
        calls.append(part)
        return write(self, shard, part)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(_Work, "write", killed)
        _run(archive)
    assert not archive.store.exists("topics/topics/_about.json")
    _run(archive)
    files = _files(archive)
    archive.remove("topics/topics")
    _run(archive)
    assert _files(archive) == files


def test_other_options_fit_again(archive: Archive) -> None:
    _run(archive)
    assert _run(archive, "--n", "2")["rows_in"] == 60
    assert {topic for topic, _ in _rows(archive).values()} == {-1, 0, 1}


def test_what_sets_the_texts_of_clusters_apart(archive: Archive) -> None:
    table = archive.table("clusters/groups", CLUSTERS)
    for shard in range(archive.shards):
        ids = archive.table("catalog").ids(shard).to_pylist()
        rows = [{"id": image_id, "cluster": _IDS.index(image_id) % 3 - (image_id == _IDS[5]) * 9} for image_id in ids]
        rows = [{**row, "cluster": max(row["cluster"], -1)} for row in rows]
        table.write(shard, "p0", pa.Table.from_pylist(rows, CLUSTERS))
    report = _run(archive, "--clusters", "groups")
    for group, row in enumerate(report["clusters"]):
        own = {word.lower() for phrase in _GROUPS[group] for word in phrase.split()}
        assert row["words"] and set(row["words"].split(", ")) <= own
        assert row["artworks"] == 20 - (group == 2)


def test_the_picture_has_a_row_for_each_topic(archive: Archive, tmp_path: Path) -> None:
    report = _run(archive, "--picture", str(tmp_path / "topics.png"))
    with Image.open(report["picture"]) as picture:
        assert picture.width > 1000 and picture.height > 3 * 150


def test_hostile_texts_are_read(archive: Archive) -> None:
    hostile = (
        "x" * 1_000_000,
        "boats " * 200_000,
        "\x00\x1b[2J" * 1000,
        "葛飾北斎 Ренуар ß boats",
        "a" * 40_000 + " quay",
    )
    for number, text in enumerate([*hostile, *hostile]):
        _add(archive, f"made:odd-{number}", text)
    report = _run(archive)
    assert report["rows_in"] == 70
    rows = _rows(archive)
    boats = rows[_IDS[6]][0]
    assert [rows[f"made:odd-{number}"][0] for number in range(5)] == [-1, boats, -1, boats, boats]
    assert all(len(word) <= 40 for topic in report["topics"] for word in topic["words"].split(", "))


def test_status_and_deletion(archive: Archive) -> None:
    _run(archive)
    assert "topics/topics" in ended("status", "--archive", archive.uri).stdout
    assert ended("status", "--archive", archive.uri, "--delete", "topics/topics", "--yes").returncode == 0
    assert not archive.has_table("topics/topics")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--text", "needs it")),
        (("--text", "title", "--n", "500"), ("--n 500", "only 5")),
        (("--text", "title", "--n", "0"), ("--n 0",)),
        (("--text", "title", "--clusters", "none"), ("--clusters none", "none yet")),
        (("--text", "style"), ("--n 12", "only 0 different texts")),
        (("--text", "title", "--authority", "x.csv"), ("--authority", "topics does not use it, only names")),
        (("--text", "title", "--name", "a/b"), ("--name",)),
        (("--text", "title", "--language", "xx"), ("--language",)),
    ],
)
def test_a_mistake_is_one_line_that_names_the_option(
    archive: Archive, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = ended("enrich", "topics", "--archive", archive.uri, *arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr.strip().splitlines()[-1] for word in words), done.stderr


def test_a_damaged_model_names_its_file(archive: Archive) -> None:
    _run(archive)
    Path(archive.uri, "topics/topics/_model.npz").write_bytes(b"PK")
    done = ended("enrich", "topics", "--archive", archive.uri, "--text", "title", "--n", "3")
    assert done.returncode == 2 and "_model.npz" in done.stderr and "--again" in done.stderr
