"""A refresh replaces a stored image only with a newer complete one, and deletes it only on request."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive, UserError
from artsim.pictures.thumbnails import thumbnail_jpegs
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pipeline import scrape
from artsim.scrape.stats import Stats
from artsim.sources.folder import open_folder
from artsim.sources.ingestion.ingest import ingest
from artsim.sources.tables.source import open_table
from tests.scrape.in_process import images_of, make_archive, scrape_in_process
from tests.scrape.pictures import jpeg, png_header
from tests.scrape.site import Page, Site, answer, in_turn, page

OLD, NEW = jpeg(), jpeg(80, 60)
GOOD = page(answer(200, OLD, 'ETag: "one"'))
HTML = page(answer(200, b"<html>Back soon</html>", "Content-Type: text/html"))
DISALLOW = page(answer(200, b"User-agent: *\nDisallow: /\n"))

# the server's new answer at the address of a stored image, and a part of the row's detail
KEPT: dict[str, tuple[Page, str]] = {
    "503": (page(answer(503)), "503 Service Unavailable"),
    "500": (page(answer(500)), "500"),
    "401": (page(answer(401)), "401"),
    "403": (page(answer(403)), "403"),
    "429 for an hour": (page(answer(429, b"", "Retry-After: 3600")), "a wait of 3,600 s"),
    "a page": (HTML, "image"),
    "nothing": (page(answer(200, b"")), "empty"),
    "no content": (page(answer(204)), "204"),
    "a part": (page(answer(206, OLD)), "206"),
    "a truncated image": (page(answer(200, NEW[:600])), "damaged"),
    "a pixel bomb": (page(answer(200, png_header(60_000, 60_000))), "60000 x 60000"),
    "too large": (page(answer(200, OLD, length=10**10)), "`max_bytes`"),
    "breaks off": (page(answer(200, OLD, length=len(OLD) + 9), close=True), "ended early"),
    "a login page": (page(answer(302, b"", "Location: /login")), "image"),
    "a login page that robots may not see": (page(answer(302, b"", "Location: /private")), "robots.txt"),
    "a redirect loop": (page(answer(302, b"", "Location: /loop")), "redirects lead back"),
    "a redirect to nowhere": (page(answer(302)), "without a Location"),
    "a redirect inwards": (page(answer(302, b"", "Location: http://10.0.0.1/")), "10.0.0.1"),
}
REMOVED: dict[str, tuple[Page, str]] = {
    "404": (page(answer(404)), "http"),
    "410": (page(answer(410)), "http"),
    "opt-out": (page(answer(200, OLD, "X-Robots-Tag: noai")), "opt_out"),
}


def run(archive: Archive, *sites: Site, **settings: Any) -> tuple[dict[str, dict[str, Any]], Stats]:
    hosts = tuple(site.netloc for site in sites)
    usual = {"allow_host": hosts, "per_host": 8, "retries": 0, "timeout": 5.0, "rest": 0.01}
    stats = asyncio.run(scrape_in_process(archive, ScrapeOptions(**{**usual, **settings})))
    return images_of(archive), stats


def archive_of(folder: Path, site: Site, pages: dict[str, tuple[Page, str]]) -> Archive:
    """Creates an archive whose addresses serve a good image once and then their page of ``pages``."""
    site.pages = {f"/{number}": in_turn(GOOD, then) for number, (then, _) in enumerate(pages.values())}
    site.pages["/robots.txt"] = page(answer(200, b"User-agent: *\nDisallow: /private\n"))
    site.pages["/login"], site.pages["/loop"] = HTML, page(answer(302, b"", "Location: /loop"))
    urls = [f"{site.url}/{number}" for number in range(len(pages))]
    return make_archive(folder, {"id": [f"m:{name}" for name in pages], "image_url": urls})


def test_only_a_complete_newer_image_replaces_the_stored_one(tmp_path: Path, site: Site) -> None:
    archive = archive_of(tmp_path, site, KEPT)
    before, _ = run(archive, site)
    after, stats = run(archive, site, refresh=True, drop_removed=True, max_bytes=100_000)
    for name, (_, expected_detail) in KEPT.items():
        old, new = before[f"m:{name}"], after[f"m:{name}"]
        changed = {key for key in old if old[key] != new[key]}
        assert changed <= {"detail", "fetched_at", "attempts"}, name
        assert new["bytes"] == OLD
        assert new["detail"].startswith("refresh failed: "), name
        assert expected_detail in new["detail"], name
    report = stats.report(1.0)
    assert report["refresh_failed"] == report["failures"]
    assert report["rows_failed"] == sum(report["refresh_failed"].values()) == len(KEPT)
    assert report["rows_out"] == 0
    assert report["statuses"] == {"ok": len(KEPT)}
    site.pages = dict.fromkeys(site.pages, page(answer(200, NEW)))
    again, _ = run(archive, site, refresh=True)
    assert {(row["bytes"], row["status"], row["detail"]) for row in again.values()} == {(NEW, "ok", None)}


def test_a_new_address_is_requested_by_every_run_until_it_answers(tmp_path: Path, site: Site) -> None:
    site.pages = {"/old": GOOD, "/new": in_turn(page(answer(503)), HTML, page(answer(200, NEW)))}
    source = tmp_path / "works.csv"
    archive = Archive.create(str(tmp_path / "archive"), 2)
    for path in ("old", "new"):
        source.write_text(f"id,image_url\na,{site.url}/{path}\n", encoding="utf-8")
        ingest(archive, open_table(str(source), {}), collection="m")
        rows, _ = run(archive, site)
    assert (rows["m:a"]["bytes"], rows["m:a"]["status"]) == (OLD, "ok")
    assert rows["m:a"]["detail"] == "the new address failed: 503 Service Unavailable"
    rows, stats = run(archive, site, refresh=True)
    assert rows["m:a"]["bytes"] == OLD
    assert stats.report(1.0)["rows_failed"] == 1
    rows, _ = run(archive, site)
    assert (rows["m:a"]["bytes"], rows["m:a"]["status"], rows["m:a"]["detail"]) == (NEW, "ok", None)
    run(archive, site)
    assert len(site.visits_to("/new")) == 3


def test_removed_images_are_marked_and_deleted_only_with_drop_removed(tmp_path: Path, site: Site) -> None:
    archive = archive_of(tmp_path, site, REMOVED)
    run(archive, site)
    marked, stats = run(archive, site, refresh=True)
    for name, (_, status) in REMOVED.items():
        row = marked[f"m:{name}"]
        assert (row["bytes"], row["status"]) == (OLD, status)
        assert row["detail"].startswith("removed: ")
        assert row["sha256"]
    assert stats.report(1.0)["removed"] == {"http": 2, "opt_out": 1}
    pages, site.pages = site.pages, {path: page(answer(503)) for path in site.pages if path != "/robots.txt"}
    still, _ = run(archive, site, retry=("http", "opt_out"))
    for name, row in still.items():
        assert (row["bytes"], row["status"]) == (OLD, marked[name]["status"])
        assert row["detail"] == f"{marked[name]['detail']}; refresh failed: 503 Service Unavailable"
    site.pages = pages
    dropped, stats = run(archive, site, refresh=True, drop_removed=True)
    assert {row["bytes"] for row in dropped.values()} == {None}
    assert {row["sha256"] for row in dropped.values()} == {None}
    assert stats.report(1.0)["removed"] == {"http": 2, "opt_out": 1}


def test_a_removed_image_that_returns_is_stored(tmp_path: Path, site: Site) -> None:
    archive = archive_of(tmp_path, site, REMOVED)
    run(archive, site)
    run(archive, site, refresh=True)
    unchanged = page(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    site.pages = {"/0": unchanged, "/1": GOOD, "/2": page(answer(200, NEW))}
    rows, _ = run(archive, site, refresh=True)
    assert [rows[f"m:{name}"]["bytes"] for name in REMOVED] == [OLD, OLD, NEW]
    assert {(row["status"], row["detail"]) for row in rows.values()} == {("ok", None)}


@pytest.mark.parametrize("robots", [answer(503), answer(200, b"User-agent: *\nCrawl-delay: 601\n"), None])
def test_images_are_kept_while_robots_txt_or_site_is_unavailable(robots: bytes | None, tmp_path: Path) -> None:
    with Site() as site:
        archive = archive_of(tmp_path, site, {"a": (GOOD, ""), "b": (GOOD, "")})
        run(archive, site)
        site.pages["/robots.txt"] = page(robots or b"")
        if robots:
            rows, _ = run(archive, site, refresh=True, drop_removed=True)
    if not robots:
        rows, _ = run(archive, site, refresh=True, drop_removed=True)
    for row in rows.values():
        assert (row["status"], row["bytes"]) == ("ok", OLD)
        assert row["detail"].startswith("refresh failed: robots.txt")


def test_a_new_robots_rule_counts_as_removal(tmp_path: Path, site: Site) -> None:
    archive = archive_of(tmp_path, site, {"a": (GOOD, "")})
    run(archive, site)
    site.pages["/robots.txt"] = DISALLOW
    rows, stats = run(archive, site, refresh=True)
    assert [(row["status"], row["bytes"]) for row in rows.values()] == [("robots", OLD)]
    assert stats.removed == {"robots": 1}


@pytest.mark.parametrize("smaller", [{"allow_host": ()}, {"max_bytes": 100}, {"max_pixels": 100}])
def test_stricter_options_keep_stored_images(smaller: dict[str, Any], tmp_path: Path, site: Site) -> None:
    archive = archive_of(tmp_path, site, {"a": (page(answer(200, OLD)), "")})
    run(archive, site)
    ((_, row),) = run(archive, site, refresh=True, drop_removed=True, **smaller)[0].items()
    assert (row["status"], row["bytes"]) == ("ok", OLD)
    assert row["detail"].startswith("refresh failed: ")


def test_images_of_a_missing_folder_are_kept(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / "a.jpg").write_bytes(OLD)
    (share / "b.jpg").write_bytes(OLD)
    archive = Archive.create(str(tmp_path / "archive"), 2)
    ingest(archive, open_folder(str(share)))
    run(archive)
    (share / "a.jpg").unlink()
    (share / "b.jpg").write_bytes(OLD[:500])
    assert [row["bytes"] for row in run(archive, refresh=True, drop_removed=True)[0].values()] == [OLD, OLD]
    share.rename(tmp_path / "elsewhere")
    rows, stats = run(archive, refresh=True, drop_removed=True)
    assert [(row["status"], row["bytes"]) for row in rows.values()] == [("ok", OLD)] * 2
    assert stats.unrefreshed.total() == 2


def test_drop_removed_requires_refresh_or_retry() -> None:
    with pytest.raises(UserError, match="`drop_removed`"):
        ScrapeOptions(drop_removed=True)


def test_a_refresh_applies_resize(tmp_path: Path, site: Site) -> None:
    async def honest(visit: Any, writer: Any) -> None:
        fresh = visit.headers.get("if-none-match") == '"one"'
        writer.write(b"HTTP/1.1 304 Not Modified\r\n\r\n" if fresh else answer(200, jpeg(640, 480), 'ETag: "one"'))

    site.default = honest
    archive = make_archive(tmp_path, {"image_url": [f"{site.url}/x"]})
    run(archive, site)
    for _ in range(2):
        ((_, row),) = run(archive, site, refresh=True, resize=100)[0].items()
        assert (row["width"], row["height"]) == (100, 75)
    assert "if-none-match" in site.visits_to("/x")[2].headers


@pytest.mark.parametrize("drop_removed", [False, True])
def test_the_thumbnail_of_a_dropped_image_is_dropped(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch, drop_removed: bool
) -> None:
    archive = archive_of(tmp_path, site, REMOVED)
    run(archive, site)
    assert len(thumbnail_jpegs(archive, [f"m:{name}" for name in REMOVED])) == len(REMOVED)
    monkeypatch.setattr("artsim.scrape.pipeline._warn", lambda *_: None)
    monkeypatch.setattr(
        "artsim.scrape.pipeline._scrape",
        lambda archive, options: {"rows": len(run(archive, site, refresh=True, drop_removed=drop_removed)[0])},
    )
    scrape(archive, ScrapeOptions(refresh=True, drop_removed=drop_removed))
    assert archive.table("thumbnails").count() == (0 if drop_removed else len(REMOVED))
