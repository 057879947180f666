from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from artsim.archive import Archive, UserError
from artsim.gallery.artworks import read_clustering
from artsim.gallery.options import KINDS
from artsim.pictures.lettering import ACCENT
from jobs.map import job as map_job
from jobs.picture import job
from tests.made import CLOSED, add_features, jpeg, make_archive, named

_IDS = named(90)
_PROTECTED = [artwork_id for index, artwork_id in enumerate(_IDS) if index % 3 == 2]
_MAGENTA, _GREEN = (255, 0, 255), (20, 120, 60)
_DISTINCT = [
    *((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255)),
    *((0, 255, 255), (255, 128, 0), (128, 0, 255), (0, 128, 128)),
]
_HOSTILE = "\x1b[31m\u202e終わり\n" * 90
_NEEDS = {
    "map": ["--layout", "flat"],
    "compare": ["--layout", "flat", "turned"],
    "clusters": ["--cluster", "made"],
    "matches": ["--id", _IDS[4], "--to", "0006"],
}
_MANY = [kind for kind in KINDS if kind != "matches"]  # kinds that show the whole archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Every third artwork is protected and magenta; some pictures are odd or missing; clusters 0 to 2 and noise."""
    archive = make_archive(
        tmp_path_factory.mktemp("pictures"),
        _IDS,
        rights=dict.fromkeys(_PROTECTED, CLOSED),
        titles={_IDS[0]: _HOSTILE},
        pictures={
            **{artwork_id: jpeg(_MAGENTA if artwork_id in _PROTECTED else _GREEN) for artwork_id in _IDS},
            _IDS[0]: jpeg(_GREEN, (1, 900)),
            _IDS[1]: jpeg(_GREEN, (900, 1)),
            _IDS[3]: None,
        },
    )
    rng = np.random.default_rng(2)
    add_features(archive, "dots", {artwork_id: rng.gamma(1.0, size=6) for artwork_id in _IDS if artwork_id != _IDS[3]})
    places = rng.normal(size=(90, 2))
    add_layout(archive, "flat", _IDS, places)
    add_layout(archive, "turned", _IDS, places[:, ::-1] * 9 + rng.normal(size=(90, 2)))
    add_layout(archive, "ordered", _IDS, np.array([[n % 10, n // 10] for n in range(90)]), "grid")
    add_clusters(archive, "made", _IDS, [n % 4 - 1 for n in range(90)])
    return archive


def add_layout(archive: Archive, name: str, ids: Sequence[str], places: np.ndarray, method: str = "umap") -> None:
    columns = [("id", pa.string()), ("x", pa.float32()), ("y", pa.float32())]
    _add(archive, f"layouts/{name}", pa.schema(columns), {"id": ids, "x": places[:, 0], "y": places[:, 1]})
    archive.write_json(f"layouts/{name}/_about.json", {"settings": {"method": method}})  # as jobs.map does


def add_clusters(
    archive: Archive, name: str, ids: Sequence[str], numbers: list[int], *, public_only: bool = False
) -> None:
    kinds = [pa.string(), pa.int32(), pa.float32(), pa.float32(), pa.bool_()]
    columns = ["id", "cluster", "probability", "distance", "exemplar"]
    count = len(ids)
    values = [ids, numbers, [None] * count, np.arange(count) / count, [n % 11 == 0 for n in range(count)]]
    schema = pa.schema(list(zip(columns, kinds, strict=True)))
    _add(archive, f"clusters/{name}", schema, dict(zip(columns, values, strict=True)))
    about = [
        {"cluster": number, "terms": ["harbour", _HOSTILE], "artists": [{"value": "Made Up", "count": 9}]}
        for number in set(numbers)
    ]
    archive.write_json(f"clusters/{name}/_clusters.json", about)
    archive.write_json(f"clusters/{name}/_about.json", {"query": {"public_only": public_only}})  # as jobs.cluster does


def _add(archive: Archive, name: str, schema: pa.Schema, columns: dict[str, Any]) -> None:
    shards = archive.shard_of(columns["id"])
    for shard in range(archive.shards):
        rows = np.flatnonzero(shards == shard)
        values = {column: [cells[row] for row in rows] for column, cells in columns.items()}
        archive.table(name, schema).write(shard, "p0", pa.table(values, schema=schema))


def _draw(archive: Archive, out: Path, *arguments: str) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, "--size", "900", "--out", str(out), *arguments])


@pytest.mark.parametrize("kind", _MANY)
def test_every_kind(archive: Archive, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "new" / f"{kind}.png"
    report = _draw(archive, out, "--kind", kind, *_NEEDS.get(kind, []))
    assert report["picture"] == str(out)
    assert 20 < report["rows_out"] <= report["rows_in"] <= 90
    assert report["rows_failed"] == 0
    with Image.open(out) as picture:
        assert picture.size == (900, report["height"])
        assert 300 < picture.height < 2500
        assert _magenta(picture)
    _draw(archive, tmp_path / "again.png", "--kind", kind, *_NEEDS.get(kind, []))
    assert (tmp_path / "again.png").read_bytes() == out.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_protected_artworks_are_not_shown(archive: Archive, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "public.png"
    report = _draw(archive, out, "--kind", kind, "--rights", "public", *_NEEDS.get(kind, []))
    assert report["rows_in"] <= 60
    with Image.open(out) as picture:
        assert not _magenta(picture)


@pytest.mark.parametrize(("rights", "hidden"), [("all", False), ("public", True)])
def test_descriptions_from_protected_titles_are_not_published(archive: Archive, rights: str, hidden: bool) -> None:
    assert (read_clustering(archive, "made", public_only=rights == "public").about == {}) == hidden


def test_descriptions_of_public_artworks_are_published(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, _IDS)
    add_clusters(archive, "open", _IDS, [n % 2 for n in range(90)], public_only=True)
    assert read_clustering(archive, "open", public_only=True).title_of(0).startswith("cluster 0 (harbour")


@pytest.mark.parametrize(
    ("table", "arguments"),
    [
        ("clusters/half", ["--kind", "clusters", "--cluster", "half"]),
        ("layouts/half", ["--kind", "map", "--layout", "half"]),
    ],
)
def test_an_unfinished_table_is_not_drawn(tmp_path: Path, table: str, arguments: list[str]) -> None:
    archive = make_archive(tmp_path / "archive", _IDS)
    add_clusters(archive, "half", _IDS, [0] * 90)
    add_layout(archive, "half", _IDS, np.zeros((90, 2)))
    archive.store.remove_file(f"{table}/_about.json")
    with pytest.raises(UserError, match=f"{table}: this table is not finished; run jobs"):
        _draw(archive, tmp_path / "no.png", *arguments)


@pytest.mark.parametrize("kind", ["grid", "pca_grid", "pca_scatter", "umap_scatter", "dendrogram", "map"])
@pytest.mark.parametrize("reduction", ["local", "global"])
def test_one_cluster(archive: Archive, tmp_path: Path, kind: str, reduction: str) -> None:
    needs = [*_NEEDS.get(kind, []), "--reduction", reduction]
    report = _draw(archive, tmp_path / "one.png", "--kind", kind, "--cluster", "made:1", *needs)
    assert report["rows_in"] == sum(n % 4 - 1 == 1 for n in range(90))


def test_noise_can_be_drawn(archive: Archive, tmp_path: Path) -> None:
    report = _draw(archive, tmp_path / "noise.png", "--kind", "grid", "--cluster", "made:-1")
    assert report["rows_in"] == sum(n % 4 == 0 for n in range(90))


@pytest.mark.parametrize("arguments", [[], ["--layout", "b-grid"]])
def test_the_first_row_of_a_grid_layout_is_at_the_top(tmp_path: Path, arguments: list[str]) -> None:
    ids = named(len(_DISTINCT))
    colors = dict(zip(ids, _DISTINCT, strict=True))
    archive = make_archive(tmp_path / "a", ids, pictures={identifier: jpeg(colors[identifier]) for identifier in ids})
    vectors = np.random.default_rng(5).normal(size=(len(ids), 4))
    add_features(archive, "dots", dict(zip(ids, vectors, strict=True)))
    for name, method in (("a-flat", "pca"), ("b-grid", "grid")):
        map_job.run(["--archive", archive.uri, "--features", "dots", "--method", method, "--name", name])
    cells = {
        row["id"]: (row["x"], row["y"]) for rows in archive.table("layouts/b-grid").scan() for row in rows.to_pylist()
    }
    assert sorted(cells.values()) == [(column, row) for column in range(3) for row in range(3)]
    _draw(archive, tmp_path / "grid.png", "--kind", "grid", *arguments)
    with Image.open(tmp_path / "grid.png") as picture:
        pixels = np.asarray(picture.convert("RGB"), int)
    centers = np.array(
        [np.argwhere(abs(pixels - colors[identifier]).max(axis=-1) < 30).mean(axis=0)[::-1] for identifier in ids]
    )
    drawn_cells = ((centers - centers.min(axis=0)) / np.ptp(centers, axis=0) * 2).round()
    assert drawn_cells.tolist() == [list(cells[identifier]) for identifier in ids]


@pytest.mark.parametrize("column", ["artist", "year", "rights", "cluster"])
def test_colors(archive: Archive, tmp_path: Path, column: str) -> None:
    arguments = ["--kind", "map", "--layout", "flat", "--cluster", "made", "--color", column]
    _draw(archive, tmp_path / "color.png", *arguments)
    _draw(archive, tmp_path / "plain.png", "--kind", "map", "--layout", "flat")
    assert (tmp_path / "color.png").read_bytes() != (tmp_path / "plain.png").read_bytes()


def test_a_region_of_a_map(archive: Archive, tmp_path: Path) -> None:
    report = _draw(archive, tmp_path / "zoom.png", "--kind", "map", "--layout", "flat", "--zoom", "0,0,50,100")
    assert 20 < report["rows_in"] < 60


@pytest.mark.parametrize("kind", ["grid", "pca_grid", "pca_scatter", "dendrogram"])
def test_limit(archive: Archive, tmp_path: Path, kind: str) -> None:
    assert _draw(archive, tmp_path / "few.png", "--kind", kind, "--limit", "5")["rows_out"] == 5
    assert _draw(archive, tmp_path / "one.png", "--kind", "grid", "--limit", "1")["rows_out"] == 1


def test_a_pdf(archive: Archive, tmp_path: Path) -> None:
    _draw(archive, tmp_path / "sheet.pdf", "--kind", "grid", "--title", _HOSTILE.replace("\0", ""))
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")


def test_large_pictures_are_drawn_from_the_originals(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (600, 800, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.jpg", quality=95)
    ids = named(2)
    archive = make_archive(tmp_path / "a", ids, pictures=dict.fromkeys(ids, (tmp_path / "noise.jpg").read_bytes()))
    report = job.run(
        ["--archive", archive.uri, "--kind", "grid", "--size", "4000", "--out", str(tmp_path / "large.png")]
    )
    assert report["rows_out"] == 2


def test_unreadable_images_are_counted(tmp_path: Path) -> None:
    ids = named(12)
    archive = make_archive(tmp_path / "a", ids, pictures={ids[2]: b"no image"})
    report = _draw(archive, tmp_path / "some.png", "--kind", "grid")
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (12, 11, 1)


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["--kind", "spiral"], "--kind"),
        (["--kind", "map"], "--layout: name one layout; the archive has flat, ordered, turned"),
        (["--kind", "map", "--layout", "none"], "--layout none: .* it has flat, ordered, turned"),
        (["--kind", "compare", "--layout", "flat"], "--layout: name two layouts"),
        (["--kind", "clusters"], "--cluster: name a clustering, without a number; the archive has made"),
        (["--kind", "clusters", "--cluster", "made:1"], "--cluster: name a clustering, without a number"),
        (["--kind", "grid", "--cluster", "none:1"], "--cluster none:1: .* it has made"),
        (["--kind", "grid", "--cluster", "../made"], r"--cluster ../made: .* it has made"),
        (["--kind", "grid", "--cluster", "made:9"], "--cluster made:9: made has no such cluster; it has -1, 0, 1, 2"),
        (["--kind", "grid", "--cluster", "made:x"], "--cluster made:x: made has no such cluster"),
        (["--kind", "pca_grid", "--features", "none"], "--features none: .* it has dots"),
        (["--kind", "map", "--layout", "flat", "--color", "frame"], "--color frame: choose one of artist, style"),
        (["--kind", "map", "--layout", "flat", "--color", "style"], "--color style: none of these artworks"),
        (["--kind", "map", "--layout", "flat", "--color", "cluster"], "--color cluster: name the clustering"),
        (["--kind", "map", "--layout", "flat", "--zoom", "0,0,0.1,0.1"], "--zoom: there is no artwork in this region"),
        (["--kind", "map", "--zoom", "9,9,1,1"], "--zoom 9,9,1,1: must be LEFT,TOP,RIGHT,BOTTOM"),
        (["--kind", "grid", "--size", "10"], "--size 10"),
    ],
)
def test_user_errors_are_one_line(archive: Archive, tmp_path: Path, arguments: list[str], expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text) as caught:
        job.run(["--archive", archive.uri, "--out", str(tmp_path / "none.png"), *arguments])
    assert "\n" not in str(caught.value)


def test_an_archive_without_images_says_what_to_run(tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path / "empty"))
    with pytest.raises(UserError, match=r"no images yet; run jobs.scrape"):
        _draw(archive, tmp_path / "none.png", "--kind", "grid")
    with pytest.raises(UserError, match=r"--features: the archive has none yet; create them with jobs.extract"):
        _draw(archive, tmp_path / "none.png", "--kind", "pca_grid")
    ids = named(4)
    broken = make_archive(tmp_path / "broken", ids, pictures=dict.fromkeys(ids, b"no image"))
    with pytest.raises(UserError, match=r"no artwork of the archive has a readable image"):
        _draw(broken, tmp_path / "none.png", "--kind", "grid")


def _magenta(picture: Image.Image) -> bool:
    """Whether any area is magenta: red and blue well above green and about equal."""
    red, green, blue = np.moveaxis(np.asarray(picture.convert("RGB"), int), -1, 0)
    return bool(((red - green > 150) & (blue - green > 150) & (abs(red - blue) < 25)).sum() > 100)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in _NEEDS])
def test_very_few_artworks_with_equal_vectors(tmp_path: Path, count: int, kind: str) -> None:
    ids = named(count)
    archive = make_archive(tmp_path / "a", ids)
    add_features(archive, "dots", dict.fromkeys(ids, np.ones(4)))
    if kind == "dendrogram" and count == 1:
        with pytest.raises(UserError, match="at least two artworks"):
            _draw(archive, tmp_path / "few.png", "--kind", kind)
        return
    assert _draw(archive, tmp_path / "few.png", "--kind", kind)["rows_out"] == count


def test_two_equal_layouts(tmp_path: Path) -> None:
    ids = named(4)
    archive = make_archive(tmp_path / "a", ids)
    for name in ("one", "two"):
        add_layout(archive, name, ids, np.zeros((4, 2)))
    assert _draw(archive, tmp_path / "same.png", "--kind", "compare", "--layout", "one", "two")["rows_out"] == 4


def test_local_matches_of_a_detail(tmp_path: Path) -> None:
    """Lines and boxes are drawn only where parts match: the picture of unrelated artworks has no box."""
    ids, rng = named(2), np.random.default_rng(0)
    blocks = Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
    for number, image in enumerate((blocks, blocks.crop((160, 80, 560, 380)))):
        image.save(tmp_path / f"{number}.jpg")
    pictures = {identifier: (tmp_path / f"{number}.jpg").read_bytes() for number, identifier in enumerate(ids)}
    archive = make_archive(tmp_path / "a", ids, pictures=pictures)
    arguments = ["--kind", "matches", "--id", ids[0], "--to", ids[1], "--local-backbone", "efficientnet_lite0@2+224"]
    report = _draw(archive, tmp_path / "two.png", *arguments)
    assert (report["rows_in"], report["rows_out"]) == (2, 2)
    with Image.open(tmp_path / "two.png") as picture:
        boxes = (np.abs(np.asarray(picture.convert("RGB"), int) - ACCENT).max(axis=2) == 0).sum()
    assert boxes > 500


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "matches", "--id", _IDS[4]], "--to: name an artwork; kind matches draws --id and --to"),
        (["--kind", "grid", "--to", _IDS[4]], "--to: applies only to kind matches"),
        (["--kind", "matches", "--id", _IDS[4], "--to", "0004"], "--to 0004: must differ from --id"),
        (["--kind", "matches", "--id", _IDS[4], "--to", _IDS[3]], f"{_IDS[3]}: no readable image"),
        (["--kind", "matches", "--id", _IDS[4], "--to", _IDS[2], "--rights", "public"], f"{_IDS[2]} is not public"),
    ],
)
def test_which_local_matches_cannot_be_drawn(
    archive: Archive, tmp_path: Path, arguments: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        _draw(archive, tmp_path / "none.png", *arguments)
