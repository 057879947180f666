import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artsim.archive import Archive, UserError
from artsim.space import approximate
from artsim.space import index as module
from artsim.space.approximate import search_index
from artsim.space.features import Space
from artsim.space.search import search
from tests.made import CLOSED, add_features, make_archive, named, vectors_of
from tests.s3 import BUCKET

_IDS = named(600)


def _vectors(ids: list[str], seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {identifier: rng.normal(size=8).astype(np.float32) for identifier in ids}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 artworks, every third protected; features of the first 400."""
    folder = tmp_path_factory.mktemp("index")
    rights = {identifier: CLOSED for number, identifier in enumerate(_IDS) if number % 3 == 0}
    archive = make_archive(folder, _IDS, rights=rights, part_rows=100, pictures=dict.fromkeys(_IDS, b"picture"))
    add_features(archive, "dots", _vectors(_IDS[:400]))
    return folder


@pytest.fixture
def archive(made: Path, tmp_path: Path) -> Archive:
    return Archive.open(str(shutil.copytree(made, tmp_path / "archive")))


def _exact(space: Space, queries: np.ndarray, k: int, **how: Any) -> list[list[str]]:
    return search(space.blocks(public_only=how.pop("public_only", False)), queries, k, **how).ids.tolist()


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "sqeuclidean"])
def test_an_index_finds_what_the_exact_search_finds(archive: Archive, metric: str) -> None:
    space = Space(archive, ["dots"])
    index, report = module.load_or_update(space, metric)
    ids, vectors = space.matrix()
    found, effort = search_index(index, space, vectors, 7, metric=metric, but_not=ids)
    exact = search(space.blocks(), vectors, 7, metric=metric, but_not=ids)
    same = [len(set(one) & set(exact_ids)) for one, exact_ids in zip(found.ids, exact.ids, strict=True)]
    assert sum(same) >= 0.99 * 7 * len(ids)
    agree = found.ids == exact.ids
    assert found.distances[agree] == pytest.approx(exact.distances[agree], rel=1e-6, abs=1e-7)
    assert (np.diff(found.distances) >= 0).all()
    assert (report["rows"], report["added"], report["removed"]) == (400, 400, 0)
    assert effort == {"fetched": 18, "searched_exactly": 0}


def test_the_reported_recall_is_that_of_the_answers(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all rows in the sample and a narrow search, recall is computed naively from both answers."""
    monkeypatch.setattr(module, "_SAMPLE", 400)
    monkeypatch.setattr(module, "_EXPANSIONS", (4,))
    monkeypatch.setattr(module, "_EXPANSION_ADD", 4)
    monkeypatch.setattr(module, "_CONNECTIVITY", 3)
    space = Space(archive, ["dots"])
    index, report = module.load_or_update(space, "cosine")
    vectors = vectors_of(archive, "dots")
    names = sorted(vectors)
    unit = {name: vectors[name] / np.linalg.norm(vectors[name]) for name in names}
    hits = 0
    for own in names:
        nearest = sorted((name for name in names if name != own), key=lambda n: -float(unit[own] @ unit[n]))[:10]
        keys = index.nearest(vectors[own][None], 20)[0]
        answers = [name for name in index.ids[keys] if name != own][:10]
        hits += len(set(answers) & set(nearest))
    assert report["recall_at_10"] == pytest.approx(hits / (10 * len(names)), abs=1e-4)
    assert 0.2 < report["recall_at_10"] < module.TARGET_RECALL
    assert report["recall_queries"] == 400


def test_a_search_is_widened_until_recall_reaches_the_goal(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EXPANSIONS", (1, 2, 400))
    monkeypatch.setattr(module, "_CONNECTIVITY", 3)
    report = module.load_or_update(Space(archive, ["dots"]), "cosine")[1]
    assert report["expansion"] > 1
    assert report["recall_at_10"] >= module.TARGET_RECALL


def test_an_unchanged_archive_keeps_its_index(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space(archive, ["dots"])
    first = module.load_or_update(space, "cosine")[1]
    monkeypatch.setattr(module, "_update", None)
    second = module.load_or_update(space, "cosine")[1]
    assert second == {**first, "added": 0}


def test_new_changed_and_removed_rows(archive: Archive) -> None:
    """After an update, the index answers as one that was built of everything at once."""
    space = Space(archive, ["dots"])
    first, _ = module.load_or_update(space, "cosine")
    kept = {name: vector for name, vector in _vectors(_IDS[:400]).items() if name >= _IDS[20]}
    vectors = kept | _vectors(_IDS[400:], seed=1) | _vectors(_IDS[30:40], seed=2)
    add_features(archive, "dots", vectors)
    index, report = module.load_or_update(space, "cosine")
    assert (report["added"], report["removed"], report["rows"]) == (200 + 10, 20 + 10, 580)
    assert len(index.ids) == 610, "unchanged rows keep their keys"
    assert (index.ids[:400] == first.ids).sum() == 400 - 30
    ids, matrix = space.matrix()
    found, _ = search_index(index, space, matrix, 5, metric="cosine", but_not=ids)
    exact = _exact(space, matrix, 5, metric="cosine", but_not=ids)
    same = sum(len(set(one) & set(exact_ids)) for one, exact_ids in zip(found.ids, exact, strict=True))
    assert same >= 0.99 * 5 * len(ids)
    assert not set(found.ids.ravel()) & set(_IDS[:20])
    files = [file for file in archive.store.files("indexes/dots") if file.endswith(".usearch")]
    assert len(files) == 1


def test_an_index_of_many_removed_rows_is_built_anew(archive: Archive) -> None:
    space = Space(archive, ["dots"])
    module.load_or_update(space, "cosine")
    archive.store.remove("features/dots/00001")
    index, report = module.load_or_update(space, "cosine")
    assert len(index.ids) == report["rows"] == len(space.matrix()[0])


def test_other_settings_make_another_index(archive: Archive) -> None:
    space = Space(archive, ["dots:4"])
    module.load_or_update(space, "cosine")
    archive.write_json("features/dots/_about.json", {"precision": "other"})
    assert module.load_or_update(space, "cosine")[1]["added"] == 400


def test_protected_artworks_are_not_found(archive: Archive) -> None:
    space = Space(archive, ["dots"])
    index, _ = module.load_or_update(space, "cosine")
    ids, vectors = space.matrix()
    how: dict[str, Any] = {"metric": "cosine", "public_only": True, "but_not": ids}
    found, effort = search_index(index, space, vectors, 12, **how)
    public = {identifier for number, identifier in enumerate(_IDS) if number % 3}
    assert set(found.ids.ravel()) <= public
    exact = _exact(space, vectors, 12, **how)
    assert sum(len(set(a) & set(b)) for a, b in zip(found.ids, exact, strict=True)) >= 0.99 * 12 * len(ids)
    assert effort["fetched"] > 23, "too few were public among the first candidates"


def test_what_an_index_cannot_answer_is_searched_exactly(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """More results than candidates, and a query without a direction."""
    monkeypatch.setattr(approximate, "_MAX_CANDIDATES", 50)
    space = Space(archive, ["dots"])
    index, _ = module.load_or_update(space, "cosine")
    queries = np.concatenate([space.matrix()[1][:2], np.zeros((1, 8), np.float32)])
    found, effort = search_index(index, space, queries, 250, metric="cosine", public_only=True)
    assert effort["searched_exactly"] == 3
    exact = search(space.blocks(public_only=True), queries, 250, metric="cosine")
    assert found.ids.tolist() == exact.ids.tolist()


def test_artworks_without_a_direction_are_left_out(archive: Archive) -> None:
    add_features(archive, "dots", _vectors(_IDS[:400]) | {_IDS[3]: np.zeros(8)})
    index, report = module.load_or_update(Space(archive, ["dots"]), "cosine")
    assert report["rows"] == 399
    assert _IDS[3] not in index.ids


@pytest.mark.parametrize("ending", ["usearch", "parquet", "json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "missing"])
def test_a_damaged_file_is_one_line_that_says_what_to_do(archive: Archive, ending: str, damage: str) -> None:
    space = Space(archive, ["dots"])
    module.load_or_update(space, "cosine")
    (file,) = Path(archive.uri, "indexes/dots").glob(f"cosine*.{ending}")
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        content[len(content) // 2] ^= 0x80
        file.write_bytes(content)
    else:
        file.unlink()
    module._mapped.cache_clear()
    if (ending, damage) == ("json", "missing"):
        assert module.load_or_update(space, "cosine")[1]["added"] == 400
        return
    with pytest.raises(UserError, match=rf"indexes/dots/cosine.*{ending}.*; delete indexes/dots with jobs.status") as e:
        module.load_or_update(space, "cosine")
    assert "\n" not in str(e.value)


def test_an_interrupted_build_changes_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space(archive, ["dots"])
    module.load_or_update(space, "cosine")
    before = archive.read_json("indexes/dots/cosine.json")
    add_features(archive, "dots", _vectors(_IDS))
    with monkeypatch.context() as patch:
        patch.setattr(type(archive), "write_json", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            module.load_or_update(space, "cosine")
    assert archive.read_json("indexes/dots/cosine.json") == before
    assert len(module.load(archive, before).ids) == 400
    assert module.load_or_update(space, "cosine")[1]["rows"] == 600
    assert len(archive.store.files("indexes/dots")) == 3, "nothing is left of the interrupted build"


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


_BUILD = """
import json, logging, sys
from artsim.archive import Archive
from artsim.space import index
from artsim.space.features import Space
logging.basicConfig(level=logging.INFO, format="%(message)s")
print(json.dumps(index.load_or_update(Space(Archive.open(sys.argv[1]), ["dots"]), "cosine")[1]))
"""


def test_a_second_run_waits_for_the_first_and_uses_its_index(archive: Archive) -> None:
    """It says whom it waits for. Both succeed, and only one of them builds."""
    space = Space(archive, ["dots"])
    command = [sys.executable, "-c", _BUILD, archive.uri]
    with module.index_lock(space):
        second = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert second.stderr is not None
        line = next(line for line in second.stderr if line.startswith("waiting"))
        report = module.load_or_update(space, "cosine", locked=True)[1]
    assert re.fullmatch(rf"waiting for another run \(process {os.getpid()} on .+\) to finish indexes/dots\n", line)
    out, _ = second.communicate()
    assert second.returncode == 0
    assert (report["added"], json.loads(out)["added"]) == (400, 0)
    assert json.loads(out)["file"] == report["file"]


def test_an_index_that_is_replaced_while_it_is_loaded(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space(archive, ["dots"])
    module.load_or_update(space, "cosine")
    real, replaced = module.load, list[str]()

    def load(archive: Archive, about: dict[str, Any]) -> module.Index:
        if not replaced:
            module._update(space, "cosine", "indexes/dots/cosine", rebuild=True)
            replaced.append(about["file"])
        return real(archive, about)

    module._mapped.cache_clear()
    monkeypatch.setattr(module, "load", load)
    assert module.load_or_update(space, "cosine")[1]["file"] not in replaced


@pytest.mark.slow
def test_an_index_in_a_bucket(s3: Any) -> None:
    uri = f"s3://{BUCKET}/archive"
    remote = make_archive(uri, _IDS[:100], part_rows=50, pictures=dict.fromkeys(_IDS, b"picture"))
    add_features(remote, "dots", _vectors(_IDS[:100]))
    space = Space(remote, ["dots"])
    index, _ = module.load_or_update(space, "cosine")
    ids, vectors = space.matrix()
    found, _ = search_index(index, space, vectors, 5, metric="cosine", but_not=ids)
    assert found.ids.tolist() == _exact(space, vectors, 5, metric="cosine", but_not=ids)
    add_features(remote, "dots", _vectors(_IDS[:100]) | {_IDS[99]: np.ones(8)})
    assert module.load_or_update(space, "cosine")[1]["added"] == 1
