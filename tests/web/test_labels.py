"""Labels of trained heads as colors, filters and part of a record."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from artsim.archive import LABELS
from tests.made import make_archive, named
from tests.web.conftest import client_of

_IDS = named(12)


@pytest.fixture(scope="module")
def labeled(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder: Path = tmp_path_factory.mktemp("labeled")
    archive = make_archive(folder / "museum", _IDS)
    for shard in range(archive.shards):
        ids = [one for one, number in zip(_IDS, archive.shard_of(_IDS), strict=True) if number == shard]
        rows = [
            {"id": one, "task": task, "label": label, "probability": 0.5, "abstained": _IDS.index(one) == 5}
            for one in ids
            for task, label in (("style", "Cubism" if _IDS.index(one) % 3 else "Realism"), ("date", "1900–1949"))
        ]
        archive.table("labels/heads", LABELS).write(shard, "p0", pa.Table.from_pylist(rows, LABELS))
    archive.write_json("labels/heads/_card.json", {"format": 1})
    return client_of(archive)


def test_labels_are_listed_and_sent_as_codes(labeled: TestClient) -> None:
    assert labeled.get("/api/archive").json()["labels"] == [{"name": "heads", "tasks": ["date", "style"]}]
    codes = np.frombuffer(labeled.get("/api/labels/heads/style").content, "<u2")
    values = labeled.get("/api/labels/heads/style/values").json()
    assert values == [{"value": "Cubism", "count": 7}, {"value": "Realism", "count": 4}]
    assert codes.tolist() == [0 if n == 5 else 1 if n % 3 else 2 for n in range(12)]  # 5 abstained


def test_labels_filter(labeled: TestClient) -> None:
    found = labeled.get("/api/search?filter=label/heads/style:Realism&ids=1").content
    assert np.frombuffer(found, "<u4").tolist() == [0, 3, 6, 9]


def test_a_record_has_its_labels(labeled: TestClient) -> None:
    labels = labeled.get("/api/artworks/3").json()["labels"]
    assert [(row["name"], row["task"], row["label"]) for row in labels] == [
        ("heads", "style", "Realism"),
        ("heads", "date", "1900–1949"),
    ]
