"""Identification on Ray: the table does not depend on the number of workers, nor on a kill."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artsim.archive import Archive
from artsim.identify.candidates import CandidateSearch, read_hashes
from artsim.identify.decision import decide
from artsim.identify.evidence import Comparer, need_network
from artsim.space.features import Space
from jobs.identify import job
from tests.duplicates.made_pictures import encoded, painting
from tests.identify.in_process import without_ray
from tests.made import add_features, make_archive

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_MUSEUM = [f"museum:{number}" for number in range(6)]
_BACKBONE = "efficientnet_lite0@2+224"


@cache
def _picture(shown: int, kind: int) -> bytes:
    whole = painting(shown, (320, 240))
    return encoded([whole.resize((240, 180)), whole.crop((20, 15, 180, 135)), painting(90 + shown)][kind])


def _archives(folder: Path, count: int) -> tuple[Archive, Archive]:
    """Every third of the books' images is a painting of the museum, every third a detail of one, others unknown."""
    rng = np.random.default_rng(0)
    vectors = dict(zip(_MUSEUM, np.eye(8), strict=False))
    books, their_vectors = dict[str, bytes](), dict[str, np.ndarray]()
    for number in range(count):
        shown = number % len(_MUSEUM)
        books[f"books:{number}"] = _picture(shown, number % 3)
        their_vectors[f"books:{number}"] = vectors[_MUSEUM[shown]] + 0.1 * rng.normal(size=8)
    archive = make_archive(folder / "books", list(books), pictures=books, part_rows=4)
    pictures = {one: encoded(painting(number, (320, 240))) for number, one in enumerate(_MUSEUM)}
    reference = make_archive(folder / "museum", _MUSEUM, pictures=pictures, part_rows=1)
    add_features(archive, "dots", their_vectors, shuffled=3)
    add_features(reference, "dots", vectors)
    return archive, reference


def _command(archive: Archive, reference: Archive, *arguments: str) -> list[str]:
    command = ["--archive", archive.uri, "--reference", reference.uri, "--name", "p", "--features", "dots"]
    return [*command, "--candidates", "3", *arguments]


def _rows(archive: Archive) -> dict[str, list[dict[str, Any]]]:
    found = dict[str, list[dict[str, Any]]]()
    for part in archive.table("identifications/p").scan():
        for row in part.to_pylist():
            found.setdefault(row["id"], []).append(row)
    return found


def _copy(archive: Archive, name: str) -> Archive:
    return Archive.open(str(shutil.copytree(archive.uri, f"{archive.uri}-{name}")))


def _all_at_once(archive: Archive, reference: Archive) -> dict[str, tuple[str, list[str], list[float]]]:
    """Compares all artworks in one batch: status, candidates and scores of each."""
    ids, vectors = Space(archive, ["dots"]).matrix()
    reference_space = Space(reference, ["dots"])
    reference_ids, _ = reference_space.matrix()
    search = CandidateSearch(
        reference_ids, read_hashes(reference, reference_ids), reference_space.blocks, hash_distance=10
    )
    found = search(vectors, read_hashes(archive, ids), 3)
    with tempfile.TemporaryFile() as file:
        network = need_network(_BACKBONE)
        evidence = Comparer(archive, reference, reference_ids, file, enough=0.7, network=network)(ids, found.rows)
    expected = {}
    for identifier, rows, scores in zip(ids, found.rows, evidence.scores, strict=True):
        decision = decide(scores, least=0.7, review=0.4, most=3)
        expected[identifier] = (
            decision.status,
            [reference_ids[rows[place]] for place in decision.places],
            [float(scores[place]) for place in decision.places],
        )
    return expected


def test_one_worker_and_two_write_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, reference = _archives(tmp_path, 12)
    tables = []
    for workers in (1, 2):
        monkeypatch.setattr("artsim.runtime.room_for", lambda *_, count=workers, **__: count)
        copy = _copy(archive, str(workers))
        report = job.run(_command(copy, reference, "--local-backbone", _BACKBONE))
        assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (12, 12, 0)
        assert report["identified"] >= 6
        tables.append(_rows(copy))
    assert tables[0] == tables[1]
    assert list(tables[0]) == list(tables[1])
    expected = _all_at_once(archive, reference)
    assert tables[0].keys() == expected.keys()
    for identifier, rows in tables[0].items():
        status, reference_ids, scores = expected[identifier]
        assert {row["status"] for row in rows} == {status}
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        assert [row["reference_id"] for row in rows if row["reference_id"]] == reference_ids
        assert [row["score"] for row in rows if row["reference_id"]] == pytest.approx(scores, abs=1e-4)


def test_a_killed_run_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, reference = _archives(tmp_path, 200)
    alone = _copy(archive, "alone")
    with monkeypatch.context() as patch:
        without_ray(patch)
        assert job.run(_command(alone, reference, "--whole-images"))["rows_in"] == 200
    command = [sys.executable, "-m", "jobs.identify", *_command(archive, reference, "--whole-images")]
    table = archive.table("identifications/p")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None and sum(len(table.parts(shard)) for shard in range(archive.shards)) < 5:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it had ended before the kill"
    assert archive.read_json("identifications/p/_about.json") is None
    report = job.run(_command(archive, reference, "--whole-images"))
    assert 0 < report["rows_in"] <= 180
    assert _rows(archive) == _rows(alone)
    assert sum(report[status] for status in ("identified", "review", "none", "unreadable")) == 200
    assert job.run(_command(archive, reference, "--whole-images"))["rows_in"] == 0
