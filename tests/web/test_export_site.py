"""``jobs.export_site``: every file of a site, rights, hostile texts, repeated and interrupted runs."""

import io
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from artsim.archive import Archive, UserError
from artsim.publish.draft import Draft
from artsim.publish.pages import page_path, shown
from artsim.publish.words import words_of
from jobs.export_site import job
from tests.made import add_features, jpeg, make_archive, named
from tests.web.conftest import COUNT, HOSTILE, IDS, PROTECTED, vectors_of

_K = 5


@pytest.fixture(scope="module", autouse=True)
def without_npm() -> Iterator[None]:
    with mock.patch("artsim.web.app.LIBRARIES", ()):
        yield


def _export(archive: Archive, out: Path, *options: str) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, "--out", str(out), "--neighbors", str(_K), *options])


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(shown: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "site"
    report = _export(shown, out, "--rights", "all", "--address", "https://museum.example/collection")
    assert report["rows_in"] == COUNT
    assert report["failures"] == {}  # a picture that was never fetched is no failure
    files = [path for path in out.rglob("*") if path.is_file() and path.name != "export.json"]
    about = _json(out / "export.json")
    assert report["file_count"] == len(files)
    assert report["bytes"] == sum(path.stat().st_size for path in files)
    assert (about["artworks"], about["file_count"], about["bytes"]) == (COUNT, report["file_count"], report["bytes"])
    return out


@pytest.fixture(scope="module")
def open_only(shown: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("open") / "site"
    assert _export(shown, out)["rows_in"] == COUNT - len(PROTECTED)
    return out


def test_arrays_are_those_of_the_server(whole: Path, client: TestClient) -> None:
    for path, name in {
        "columns/style": "columns/style.bin",
        "columns/year_from": "columns/year_from.bin",
        "layouts/grid": "layouts/0.bin",
        "layouts/flat": "layouts/1.bin",
        "clusters/three": "clusters/0.bin",
        "tiles": "tiles.bin",
        "atlas/0.jpg": "atlas/0.jpg",
    }.items():
        assert (whole / "api" / name).read_bytes() == client.get(f"/api/{path}").content, path
    for path, name in {
        "columns/style/values": "columns/style-values.json",
        "clusters/three/info": "clusters/0-info.json",
        "duplicates/copies": "duplicates/0.json",
    }.items():
        assert _json(whole / "api" / name) == client.get(f"/api/{path}").json(), path


def test_colors_are_the_means_of_the_pictures(whole: Path) -> None:
    colors = np.frombuffer((whole / "api/colors.bin").read_bytes(), np.uint8).reshape(-1, 3).astype(int)
    assert len(colors) == COUNT
    for path in whole.glob("api/thumbnails/0/*.jpg"):
        mean = np.asarray(Image.open(path)).mean(axis=(0, 1))
        assert np.abs(colors[int(path.stem)] - mean).max() < 4, path


def test_the_archive_is_described_as_by_the_server(whole: Path, client: TestClient) -> None:
    described, served = _json(whole / "api/archive.json"), client.get("/api/archive").json()
    for key in ("count", "rights", "columns", "layouts", "clusters", "labels", "duplicates", "features", "atlas"):
        assert described[key] == served[key], key
    assert (described["upload"], described["matching"]) == (False, False)


def test_records_are_those_of_the_server(whole: Path, client: TestClient) -> None:
    numbers = ",".join(map(str, range(COUNT)))
    assert _json(whole / "api/records/0.json") == client.get(f"/api/artworks?n={numbers}").json()
    assert _json(whole / "api/ids.json") == [IDS[0]]
    full = _json(whole / "api/artworks/0.json")
    for number in (0, 5, 6, COUNT - 1):  # 6 has no image
        assert full[number] == {**client.get(f"/api/artworks/{number}").json(), "page": page_path(IDS[number])}


def test_records_are_cut_into_files(tmp_path: Path) -> None:
    ids = named(23)
    archive = make_archive(tmp_path / "archive", ids)
    add_features(archive, "tiny", vectors_of(ids))
    with (
        mock.patch("artsim.publish.records.SHORT", 5),
        mock.patch("artsim.publish.site.FULL", 4),
        mock.patch("artsim.publish.records._PART", 8),
        mock.patch("artsim.publish.pages._LISTED", 6),
        mock.patch("artsim.publish.neighbors.CHUNK", 4),
        mock.patch("artsim.publish.neighbors._QUERIES", 8),
        mock.patch("artsim.publish.site.CHUNK", 4),
        mock.patch("artsim.publish.words.PER_FILE", 7),
    ):
        _export(archive, tmp_path / "site")
    api = tmp_path / "site" / "api"
    assert [row["id"] for k in range(5) for row in _json(api / f"records/{k}.json")] == ids
    assert [row["id"] for k in range(6) for row in _json(api / f"artworks/{k}.json")] == ids
    assert _json(api / "ids.json") == ids[::5]
    found = np.concatenate([_neighbors(api / f"neighbors/0/{k}.bin")[0] for k in range(6)])
    np.testing.assert_array_equal(found, _nearest(ids)[0])
    assert len(list((tmp_path / "site" / "works").glob("*.html"))) == 4
    _check_words(api, archive, ids)


def _neighbors(path: Path, k: int = _K) -> tuple[np.ndarray, np.ndarray]:
    numbers, distances = np.frombuffer(path.read_bytes(), np.uint32).reshape(2, -1, k)
    return numbers, distances.view(np.float32)


def _nearest(ids: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Compares all pairs, one by one."""
    vectors = vectors_of(ids)
    unit = [vectors[one].astype(float) / np.linalg.norm(vectors[one].astype(float)) for one in ids]
    found, distances = [], []
    for n, query in enumerate(unit):
        pairs = sorted((1 - float(query @ other), m) for m, other in enumerate(unit) if m != n)[:_K]
        found.append([m for _, m in pairs])
        distances.append([distance for distance, _ in pairs])
    return np.array(found), np.array(distances)


def test_neighbors_are_the_nearest(whole: Path) -> None:
    found, distances = _neighbors(whole / "api/neighbors/0/0.bin")
    expected, expected_distances = _nearest(IDS)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(distances, expected_distances, atol=1e-6)


def test_artworks_without_vectors_have_no_neighbors(tmp_path: Path) -> None:
    ids = named(6)
    archive = make_archive(tmp_path / "archive", ids)
    vectors: dict[str, Any] = {**vectors_of(ids), ids[2]: None}
    add_features(archive, "tiny", vectors)
    _export(archive, tmp_path / "site")
    found, distances = _neighbors(tmp_path / "site/api/neighbors/0/0.bin")
    assert set(found[2]) == {0xFFFFFFFF}
    assert np.isnan(distances[2]).all()
    assert sorted(found[0][:4]) == [1, 3, 4, 5]
    assert found[0][4] == 0xFFFFFFFF


def _check_words(api: Path, archive: Archive, ids: list[str]) -> None:
    """The index has for each word the artworks whose texts have it, found here by reading each text."""
    lines = [line.rsplit(" ", 1) for line in (api / "words/terms.txt").read_text().splitlines()]
    files = sorted((api / "words").glob("*.bin"), key=lambda path: int(path.stem))
    entries = np.concatenate([np.frombuffer(path.read_bytes(), np.uint32) for path in files])
    texts: dict[str, set[str]] = {}
    for rows in archive.table("catalog").scan(["id", "title", "artist"]):
        for row in rows.to_pylist():
            for word in words_of(" ".join(row[name] or "" for name in ("id", "title", "artist"))):
                texts.setdefault(word, set()).add(row["id"])
    start = 0
    for word, count in lines:
        found = {ids[entry >> 2] for entry in entries[start : start + int(count)].tolist()}
        assert found == texts[word], word
        start += int(count)
    assert start == len(entries)
    assert [word for word, _ in lines] == sorted(texts)


def test_words_have_no_case_or_accents() -> None:
    assert words_of("Été à Łódź: L'ŒUVRE no_7, Straße") == ["ete", "a", "lodz", "l", "oeuvre", "no", "7", "strasse"]


def test_pictures_are_bounded_and_carry_no_metadata(tmp_path: Path) -> None:
    ids = named(3)
    exif = Image.Exif()
    exif[270] = "SECRET-PLACE"
    pictures: dict[str, bytes | None] = {ids[0]: jpeg(seed=1, size=(2000, 1000), exif=exif), ids[1]: b"no picture"}
    archive = make_archive(tmp_path / "archive", ids, pictures=pictures)
    report = _export(archive, tmp_path / "site")
    assert (report["rows_out"], report["rows_failed"], report["failures"]) == (2, 1, {"not_image": 1})
    api = tmp_path / "site" / "api"
    for kind, side in (("images", 1024), ("thumbnails", 256)):
        data = (api / kind / "0" / "0.jpg").read_bytes()
        assert Image.open(io.BytesIO(data)).size == (side, side // 2)
        assert b"SECRET" not in data
        assert not (api / kind / "0" / "1.jpg").exists()
    page = (tmp_path / "site" / page_path(ids[1])).read_text()
    assert "<img" not in page.partition("<section>")[0]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]


def _parsed(path: Path) -> _Links:
    parser = _Links()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def test_every_link_works_from_any_folder(whole: Path) -> None:
    pages = [whole / "index.html", *sorted(whole.glob("works/**/*.html"))]
    assert len(pages) == COUNT + 2
    for page in pages:
        own = f"https://museum.example/a/b/{page.relative_to(whole).as_posix()}"
        for link in _parsed(page).links:
            assert not link.startswith("/"), (page, link)
            target = urlsplit(urljoin(own, link))
            if target.netloc == "museum.example" and not target.path.startswith("/collection/"):
                name = unquote(target.path).removeprefix("/a/b/")
                assert (whole / name).is_file() or "/vendor/" in name, (page, link)


def test_modules_name_only_relative_files(whole: Path) -> None:
    for path in (whole / "static").glob("*.js"):
        for name in re.findall(r'from "([^"]+)"', path.read_text(encoding="utf-8")):
            assert name.startswith("./"), path
            assert (path.parent / name).is_file() or name.startswith("./vendor/"), (path, name)


def test_hostile_titles_are_text(whole: Path) -> None:
    page = whole / page_path(IDS[0])
    parsed = _parsed(page)
    assert "script" not in parsed.tags
    assert not [link for link in parsed.links if link.startswith("javascript:")]
    text = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) < 20_000
    for path in whole.rglob("*.json"):
        assert b"<" not in path.read_bytes(), path
    assert "script" in _parsed(whole / "index.html").tags
    for html in (whole / "index.html", page, whole / "works" / "index.html"):
        assert 'http-equiv="Content-Security-Policy"' in html.read_text(encoding="utf-8")


def test_a_title_of_the_site_is_text(shown: Archive, tmp_path: Path) -> None:
    _export(shown, tmp_path / "site", "--title", "</title><script>alert(1)</script>")
    for path in (tmp_path / "site").rglob("*.html"):
        assert "<script>alert" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "identifier",
    [
        "../../../etc/passwd",
        "made:..",
        "made:a/b\\c",
        "made:\x00\n",
        "made:CON",
        "made:" + "a" * 5000,
        "made:É/é",
        "💥",
    ],
)
def test_page_names_are_safe(identifier: str) -> None:
    path = page_path(identifier)
    assert re.fullmatch(r"works/[0-9a-f]{2}/[a-z0-9-]{1,80}\.html", path)
    assert path != page_path(identifier + "x")
    assert page_path("made:A") != page_path("made:a")


def test_hostile_ids_become_files_below_the_folder(tmp_path: Path) -> None:
    ids = ["made:../../../../x", "made:<b>", "made:a?b#c&d=%2e", "made:ü/\u202e"]
    archive = make_archive(tmp_path / "archive", ids)
    before = {path for path in tmp_path.rglob("*") if "archive" not in path.parts}
    _export(archive, tmp_path / "site")
    outside = {path for path in tmp_path.rglob("*") if not {"archive", "site"} & set(path.parts)}
    assert outside == before
    for one in ids:
        page = tmp_path / "site" / page_path(one)
        link = next(link for link in _parsed(page).links if "?work=" in link)
        assert unquote(urlsplit(link).query.removeprefix("work=")) == one
        assert urlsplit(link).fragment == ""


def test_nothing_of_a_protected_work_is_in_any_file(shown: Archive, open_only: Path, client: TestClient) -> None:
    titles = [
        row["title"] for n, row in enumerate(client.get(f"/api/artworks?n={_all()}").json()) if IDS[n] in PROTECTED
    ]
    numbers = {one.removeprefix("made:") for one in PROTECTED}
    names = [*PROTECTED, *(page_path(one) for one in PROTECTED), *titles]
    for path in open_only.rglob("*"):
        assert page_path(path.name) not in names
        if path.is_file() and path.parent.name != "static":
            content = path.read_bytes()
            for name in names:
                assert name.encode() not in content, (path, name)
    terms = {line.split()[0] for line in (open_only / "api/words/terms.txt").read_text().splitlines()}
    assert not terms & numbers
    kept = [one for one in IDS if one not in PROTECTED]
    assert [row["id"] for row in _json(open_only / "api/records/0.json")] == kept
    assert not {page_path(one) for one in PROTECTED} & {
        path.relative_to(open_only).as_posix() for path in open_only.rglob("*.html")
    }
    _check_pixels(shown, open_only)


def _all() -> str:
    return ",".join(map(str, range(COUNT)))


def _check_pixels(archive: Archive, site: Path) -> None:
    """No picture or tile of the atlas looks like the picture of a protected work; those of others do."""
    originals: dict[str, np.ndarray] = {}
    for rows in archive.table("images").scan(["id", "status", "bytes"]):
        for row in rows.to_pylist():
            if row["status"] == "ok":
                image = Image.open(io.BytesIO(row["bytes"])).resize((16, 12))
                originals[row["id"]] = np.asarray(image, np.float64)
    pictures: list[Image.Image] = [Image.open(path) for path in site.glob("api/*/0/*.jpg")]
    atlas = Image.open(site / "api/atlas/0.jpg")
    about = _json(site / "api/archive.json")["atlas"]
    sizes = np.frombuffer((site / "api/tiles.bin").read_bytes(), np.uint8).reshape(-1, 2).tolist()
    for cell, (width, height) in enumerate(sizes):
        left, top = cell % about["columns"] * about["tile"], cell // about["columns"] * about["tile"]
        pictures.append(atlas.crop((left, top, left + width, top + height)))
    small = [np.asarray(picture.convert("RGB").resize((16, 12)), np.float64) for picture in pictures]
    for one, original in originals.items():
        nearest = min(float(np.abs(original - picture).mean()) for picture in small)
        assert (nearest > 15) == (one in PROTECTED), (one, nearest)


def test_the_sitemap_lists_every_page(whole: Path, shown: Archive, tmp_path: Path) -> None:
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    addresses = [loc.text or "" for loc in ElementTree.parse(whole / "sitemap.xml").iter(f"{space}loc")]
    expected = ["", *(page_path(one) for one in IDS)]
    assert addresses == [f"https://museum.example/collection/{path}" for path in expected]
    with mock.patch("artsim.publish.pages._SITEMAP", 30):
        _export(shown, tmp_path / "site", "--rights", "all", "--address", "https://museum.example/")
    index = [loc.text for loc in ElementTree.parse(tmp_path / "site/sitemap.xml").iter(f"{space}loc")]
    assert index == [f"https://museum.example/sitemap-{k}.xml" for k in (1, 2)]


def test_a_second_run_changes_nothing_until_something_changes(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", named(4))
    site = tmp_path / "site"
    first = _export(archive, site)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in site.rglob("*") if path.is_file()}
    second = _export(archive, site)
    assert (second["rows_out"], second["rows_there"]) == (0, 4)
    assert (second["file_count"], second["bytes"]) == (first["file_count"], first["bytes"])
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before
    again = _export(archive, site, "--again")
    assert again["rows_out"] == 4
    assert {path: path.read_bytes() for path in before} == {path: content for path, (_, content) in before.items()}
    assert _export(archive, site, "--title", "New")["rows_out"] == 4
    assert _json(site / "api/archive.json")["name"] == "New"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_interrupted_run_keeps_the_old_site_and_its_own_pictures(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", named(6))
    site, whole = tmp_path / "site", tmp_path / "whole"
    _export(archive, site, "--title", "Old")
    with mock.patch("artsim.publish.site.write_words", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        _export(archive, site, "--title", "New")
    assert _json(site / "api/archive.json")["name"] == "Old"
    (tmp_path / ".site.draft" / "stray.html").write_text("left over")
    with mock.patch("artsim.publish.pictures.renditions", side_effect=AssertionError("drawn again")):
        _export(archive, site, "--title", "New")
    _export(archive, whole, "--title", "New")
    assert _contents(site) == _contents(whole)


def _contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_other_folders_are_never_replaced(shown: Archive, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match=r"--out .*other: has files that are not an export; choose a new folder"):
        _export(shown, other)
    with pytest.raises(UserError, match="has files that are not an export"):
        job.run(["--archive", shown.uri, "--out", shown.uri])
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="not a folder"):
        _export(shown, tmp_path / "file")
    (tmp_path / "link").symlink_to(other)
    with pytest.raises(UserError, match="not a folder"):
        _export(shown, tmp_path / "link")
    with pytest.raises(UserError, match="must be a local folder"):
        job.run(["--archive", shown.uri, "--out", "s3://bucket/site"])
    assert (other / "thesis.txt").read_text() == "years of work"
    (tmp_path / "empty").mkdir()
    Draft(tmp_path / "empty", "x")


@pytest.mark.parametrize(
    "address", ["museum.example", "javascript:alert(1)", "https://museum.example/?a=b", "http://["]
)
def test_an_address_must_be_a_web_address(shown: Archive, tmp_path: Path, address: str) -> None:
    with pytest.raises(UserError, match=r"--address .*must be like"):
        _export(shown, tmp_path / "site", "--address", address)


def test_unknown_features_and_missing_files_are_user_errors(shown: Archive, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="features none: choose one of tiny"):
        _export(shown, tmp_path / "site", "--features", "none")
    with mock.patch("artsim.web.app.LIBRARIES", ("none.js",)), pytest.raises(UserError, match="make page"):
        _export(shown, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_without_features_and_images_a_site_still_has_records(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", named(3))
    shutil.rmtree(tmp_path / "archive" / "images")
    _export(archive, tmp_path / "site")
    assert _json(tmp_path / "site/api/archive.json")["features"] == []
    assert len(_json(tmp_path / "site/api/artworks/0.json")) == 3


def test_shown_text_is_short_and_on_one_line() -> None:
    assert shown("a\nb\tc\x00d", 20) == "a b cd"
    assert shown("x" * 50, 10) == "xxxxxxxx …"
    assert shown(None, 10) == ""
    assert len(shown(HOSTILE, 300)) == 300
