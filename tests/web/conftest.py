"""A small archive with everything that the page shows, some of it protected, and a client of its server."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from starlette.testclient import TestClient

from artsim.archive import CATALOG, CLUSTERS, DUPLICATES, LAYOUT, Archive
from artsim.web.app import build_app
from artsim.web.options import ServeOptions
from tests.made import CLOSED, OPEN, add_features, make_archive, named
from tests.web.made_runs import add_runs

COUNT = 40
IDS = named(COUNT)
PROTECTED = IDS[1::4]
HOSTILE = "<script>alert(1)</script> \u202egnp.exe \x1b[31m" + "long " * 3000
_WORDS = ("Harbour", "Forest", "Portrait", "Bridge")
WHOLE, CROP = 30, 14  # numbers of two artworks: one is a part of the other
STYLES = ("Cubism", "Realism", "Cubism", None)


def vectors_of(ids: list[str] = IDS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {one: rng.normal(size=16).astype(np.float32) for one in ids}


def _whole_and_crop() -> list[bytes]:
    """JPEGs of a picture, 640 by 480 pixels, and of its part from (240, 120) to (640, 420)."""
    blocks = np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8)
    whole = Image.fromarray(blocks).resize((640, 480), Image.Resampling.BICUBIC)
    sinks = [io.BytesIO(), io.BytesIO()]
    for image, sink in zip((whole, whole.crop((240, 120, 640, 420))), sinks, strict=True):
        image.save(sink, "JPEG", quality=90)
    return [sink.getvalue() for sink in sinks]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("ARTSIM_TOKEN", raising=False)
        yield


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The archive; each file of tests has its own."""
    rights = {one: CLOSED if one in PROTECTED else OPEN for one in IDS}
    whole, crop = _whole_and_crop()
    pictures = {IDS[6]: None, IDS[WHOLE]: whole, IDS[CROP]: crop}
    archive = make_archive(tmp_path_factory.mktemp("shown") / "museum", IDS, rights=rights, pictures=pictures)
    for shard in range(archive.shards):
        rows = archive.table("catalog").read(shard, "p0").to_pylist()
        for row in rows:
            number = IDS.index(row["id"])
            row["title"] = HOSTILE if number == 0 else f"{_WORDS[number % 4]} number {number}"
            row["artist"] = f"Painter {'ABC'[number % 3]}"
            row["style"] = STYLES[number % 4]
            row["year_from"], row["year_to"] = 1800 + number, 1805 + number
            row["page_url"] = "javascript:alert(1)" if number == 0 else f"https://museum.org/{number // 2}"
            row["metadata"] = '{"inventory": "A1"}'
        archive.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, CATALOG))
    add_features(archive, "tiny", vectors_of())
    _write(
        archive, "layouts/flat", LAYOUT, [{"id": one, "x": 2.0 * n, "y": float(n)} for n, one in enumerate(IDS[:30])]
    )
    archive.write_json("layouts/flat/_about.json", {"settings": {"method": "umap"}})
    clusters = [{"id": one, "cluster": n % 3 - 1, "exemplar": n in (1, 2)} for n, one in enumerate(IDS[:30])]
    _write(archive, "clusters/three", CLUSTERS, clusters)
    info = [{"cluster": c, "size": 10, "exemplars": [IDS[c + 1]], "variances": {"year": 1.0}} for c in (0, 1)]
    archive.write_json("clusters/three/_clusters.json", info)
    archive.write_json("clusters/three/_about.json", {"query": {"method": "hdbscan"}})
    pairs = [(0, 0, 1.0, True), (1, 0, 0.9, False), (2, 1, 1.0, True), (3, 1, 0.95, False)]
    rows = [{"id": IDS[n], "group": g, "confidence": c, "representative": r} for n, g, c, r in pairs]
    _write(archive, "duplicates/copies", DUPLICATES, rows)
    archive.write_json("duplicates/copies/_about.json", {"inputs": {}})
    add_runs(archive)
    archive.write_json("reports/cluster/20260101T000000.000000Z.json", {"job": "cluster", "seconds": 1.0, "rows_in": 9})
    report = {"job": "annotations", "options": {"action": "simulate"}, "seconds": 2.0, "rows_in": 5, "rows_out": 5}
    archive.write_json("reports/annotations/20260102T000000.000000Z.json", report)
    return archive


def _write(archive: Archive, table: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
    shards = archive.shard_of([row["id"] for row in rows])
    for shard in range(archive.shards):
        chosen = [row for row, number in zip(rows, shards, strict=True) if number == shard]
        if chosen:
            archive.table(table, schema).write(shard, "p0", pa.Table.from_pylist(chosen, schema))


Client = Callable[..., TestClient]


def client_of(archive: Archive, token: str | None = None, **options: Any) -> TestClient:
    app = build_app(archive, ServeOptions(**options), token=token)
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client(shown: Archive) -> TestClient:
    return client_of(shown)


@pytest.fixture(scope="module")
def public(shown: Archive) -> TestClient:
    return client_of(shown, rights="public")
