"""Corrected catalogs: known ids get the new values, and images with a new address are fetched again."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from artsim.archive import IMAGES, Archive, UserError
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pending import find_tasks
from jobs.catalog import job
from tests.scrape.in_process import images_of, scrape_in_process
from tests.scrape.pictures import jpeg
from tests.scrape.site import Site, answer, page

HEADER = "id,image_url,title,artist\n"


def catalog(folder: Path, text: str, *more: str) -> dict[str, Any]:
    """Runs the job on a table with this text and returns the report."""
    (folder / "works.csv").write_text(text)
    location = str(folder / "works.csv")
    return job.run(["--archive", str(folder / "a"), "--source", "table", "--location", location, "--shards=2", *more])


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    archive = Archive.open(str(folder / "a"))
    return {row["id"]: row for table in archive.table("catalog").scan() for row in table.to_pylist()}


def store_images(archive: Archive) -> None:
    """Writes an image row for every artwork, as the scraper does."""
    for shard in range(archive.shards):
        for part in archive.table("catalog").parts(shard):
            images = [
                {
                    "id": name,
                    "status": "ok",
                    "bytes": b"old",
                    "etag": "old",
                    "fetched_at": datetime(2020, 1, 1, tzinfo=UTC),
                }
                for name in archive.table("catalog").read(shard, part, ["id"])["id"].to_pylist()
            ]
            for start in range(0, len(images), 256):
                table = pa.Table.from_pylist(images[start : start + 256], IMAGES)
                archive.table("images").write(shard, f"{part}-{start // 256:05d}", table)


def pending(archive: Archive) -> int:
    return sum(piece.take for piece in find_tasks(archive, ScrapeOptions()))


def test_changed_rows_are_updated_in_their_place_and_counted(tmp_path: Path) -> None:
    lines = [f"{n},http://m.org/{n}.jpg,Title {n},Painter" for n in range(600)]
    catalog(tmp_path, HEADER + "\n".join(lines))
    archive = Archive.open(str(tmp_path / "a"))
    store_images(archive)
    order = [row["id"] for table in archive.table("catalog").scan() for row in table.to_pylist()]

    lines[3] = "3,http://m.org/3.jpg,Corrected,Painter"
    lines[4] = "4,http://m.org/4.jpg,Title 4,"  # without an artist
    lines[5] = "5,http://m.org/new/5.jpg,Title 5,Painter"
    lines[599] = "599,http://m.org/new/599.jpg,Title 599,Painter"
    report = catalog(tmp_path, HEADER + "\n".join([*lines, "600,http://m.org/600.jpg,New,Painter"]))
    assert (report["rows_in"], report["rows_out"], report["rows_there"], report["rows_failed"]) == (601, 1, 600, 0)
    assert (report["rows_updated"], report["images_moved"]) == (4, 2)
    stored = rows(tmp_path)
    assert stored["works:3"]["title"] == "Corrected" and stored["works:4"]["artist"] is None
    assert stored["works:5"]["image_url"] == "http://m.org/new/5.jpg" and stored["works:6"]["title"] == "Title 6"
    assert [
        row["id"] for table in archive.table("catalog").scan() for row in table.to_pylist() if row["id"] != "works:600"
    ] == order

    images = {row["id"]: row for table in archive.table("images").scan() for row in table.to_pylist()}
    assert len(images) == 600 and all(row["bytes"] == b"old" for row in images.values())  # until fetched again
    pending_ids = {name for name, row in images.items() if row["fetched_at"] is None}
    assert pending_ids == {"works:5", "works:599"} and images["works:5"]["etag"] is None
    assert pending(archive) == 3  # the two that moved, and the new one

    report = catalog(tmp_path, HEADER + "\n".join([*lines, "600,http://m.org/600.jpg,New,Painter"]))
    assert (report["rows_out"], report["rows_there"], report["rows_updated"]) == (0, 601, 0)


def test_an_address_does_not_change_under_a_scrape(tmp_path: Path) -> None:
    catalog(tmp_path, HEADER + "1,http://m.org/1.jpg,One,Painter")
    archive = Archive.open(str(tmp_path / "a"))
    store_images(archive)
    with archive.lock("images"), pytest.raises(UserError, match="images is locked by another run"):
        catalog(tmp_path, HEADER + "1,http://m.org/2.jpg,One,Painter")
    assert catalog(tmp_path, HEADER + "1,http://m.org/2.jpg,One,Painter")["images_moved"] == 1


def test_a_second_catalog_run_names_the_running_one(tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path / "a"), shards=2)
    with archive.lock("catalog"), pytest.raises(UserError, match=r"catalog is locked by another run .*process \d+"):
        catalog(tmp_path, HEADER + "1,http://m.org/1.jpg,One,Painter")
    assert catalog(tmp_path, HEADER + "1,http://m.org/1.jpg,One,Painter")["rows_out"] == 1


def test_the_same_catalog_under_other_ids_is_refused_with_a_remedy(tmp_path: Path) -> None:
    text = HEADER + "\n".join(f"{n},http://m.org/{n}.jpg,Title {n},Painter" for n in range(50))
    catalog(tmp_path, text)
    for arguments in (["--columns", "id=title"], ["--as", "other"]):
        with pytest.raises(UserError, match=r"50 of 50 new images .* exists as works:\d+.*--twice"):
            catalog(tmp_path, text, *arguments)
    more = text + "\n" + "\n".join(f"{n},http://m.org/{n}.jpg,Title {n},Painter" for n in range(50, 150))
    with pytest.raises(UserError, match="50 of 150"):
        catalog(tmp_path, more, "--as", "other")
    assert len(rows(tmp_path)) == 50 and not (tmp_path / "a" / "catalog" / "_sources" / "other.json").exists()
    assert catalog(tmp_path, text, "--as", "other", "--twice")["rows_out"] == 50
    assert len(rows(tmp_path)) == 100


def test_artworks_may_share_an_image(tmp_path: Path) -> None:
    lines = [f"{n}{side},http://m.org/{n}.jpg,Coin,Mint" for side in "ab" for n in range(20)]
    catalog(tmp_path, HEADER + "\n".join(lines[:20]))
    assert catalog(tmp_path, HEADER + "\n".join(lines))["rows_out"] == 20  # as when a killed run is resumed


def test_an_empty_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"works\.csv: it has no rows and no images"):
        catalog(tmp_path, HEADER)
    with pytest.raises(UserError, match=r"empty: it has no rows and no images"):
        job.run(["--archive", str(tmp_path / "a"), "--source", "folder", "--location", str(tmp_path / "empty")])
    report = catalog(tmp_path, HEADER + "1,ftp://m.org/1.jpg,One,Painter\n2,,Two,Painter")
    assert (report["rows_out"], report["rows_there"], report["rows_failed"]) == (0, 0, 2)
    assert sorted(report["failures"].values()) == [1, 1] and "no image" in report["failures"]


def scrape(folder: Path, site: Site) -> dict[str, int]:
    """Fetches pending rows with the scraper's own workers; returns counts by status."""
    archive = Archive.open(str(folder / "a"))
    return dict(asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,)))).statuses)


def test_images_whose_addresses_changed_are_fetched_again(tmp_path: Path) -> None:
    """One image moved, a missing one is now found, one moved to an address without an image, and one stayed."""
    with Site() as site:
        pictures = {name: jpeg(60 + number) for number, name in enumerate(("same", "old", "new", "found", "kept"))}
        site.pages.update({f"/{name}.jpg": page(answer(200, data)) for name, data in pictures.items()})
        site.default = page(answer(404))

        def table(*names: str) -> str:
            return HEADER + "\n".join(f"{n},{site.url}/{name}.jpg,T,P" for n, name in enumerate(names))

        catalog(tmp_path, table("same", "old", "lost", "kept"))
        scans = tmp_path / "scans"
        scans.mkdir()
        (scans / "4.jpg").write_bytes(pictures["same"])
        catalog(tmp_path, "id,title\n4,T\n", "--images", str(scans), "--as", "works")
        assert scrape(tmp_path, site) == {"ok": 4, "http": 1}
        report = catalog(tmp_path, table("same", "new", "found", "nowhere"))
        assert (report["rows_updated"], report["images_moved"], report["rows_out"]) == (3, 3, 0)
        site.visits.clear()
        assert sum(scrape(tmp_path, site).values()) == 3
        assert {visit.path for visit in site.images()} == {"/new.jpg", "/found.jpg", "/nowhere.jpg"}
    images = images_of(Archive.open(str(tmp_path / "a")))
    assert {name.partition(":")[2]: image["bytes"] for name, image in images.items()} == {
        "0": pictures["same"],
        "1": pictures["new"],
        "2": pictures["found"],
        "3": pictures["kept"],
        "4": pictures["same"],
    }


def test_columns_missing_from_a_table_keep_their_stored_values(tmp_path: Path) -> None:
    catalog(
        tmp_path, "id,image_url,title,artist,date\n1,http://m.org/1.jpg,One,Anna,1900\n2,http://m.org/2.jpg,Two,Bea,\n"
    )
    report = catalog(tmp_path, "id,image_url,title\n1,http://m.org/1.jpg,First\n2,http://m.org/2.jpg,Two\n")
    assert report["rows_updated"] == 1
    stored = rows(tmp_path)["works:1"]
    assert (stored["title"], stored["artist"], stored["date_text"], stored["year_from"]) == (
        "First",
        "Anna",
        "1900",
        1900,
    )
    report = catalog(tmp_path, "id,image_url,artist\n1,http://m.org/1.jpg,\n2,http://m.org/2.jpg,Bea B.\n")
    assert report["rows_updated"] == 2
    assert (rows(tmp_path)["works:1"]["artist"], rows(tmp_path)["works:1"]["title"]) == (None, "First")


def test_addresses_are_judged_by_their_scheme_in_any_case(tmp_path: Path) -> None:
    urls = ["HTTP://m.org/1.jpg", "Https://m.org/2.jpg", "https://u:p@m.org/3.jpg", "ftp://m.org/4.jpg", "zip://5.jpg"]
    report = catalog(tmp_path, "id,image_url\n" + "".join(f"{n},{url}\n" for n, url in enumerate(urls)))
    assert {row["image_url"] for row in rows(tmp_path).values()} == set(urls[:2])
    assert report["rejected"] == {
        "only http and https addresses are fetched": 2,
        "image address contains a user name or password": 1,
    }


def test_metadata_missing_from_a_table_is_kept(tmp_path: Path) -> None:
    catalog(
        tmp_path, "id,image_url,provenance,note\n1,http://m.org/1.jpg,bought 1901,old\n2,http://m.org/2.jpg,gift,x\n"
    )
    for updated in (2, 0):
        report = catalog(tmp_path, "id,image_url,note,state\n1,http://m.org/1.jpg,new,good\n2,http://m.org/2.jpg,,\n")
        assert report["rows_updated"] == updated
    metadata = {name: json.loads(row["metadata"]) for name, row in rows(tmp_path).items()}
    assert metadata == {
        "works:1": {"note": "new", "state": "good", "provenance": "bought 1901"},
        "works:2": {"provenance": "gift"},
    }


def test_an_image_without_fetched_at_is_not_fetched_again(tmp_path: Path) -> None:
    catalog(tmp_path, HEADER + "1,http://m.org/1.jpg,One,Painter\n")
    archive = Archive.open(str(tmp_path / "a"))
    shard = int(archive.shard_of(["works:1"])[0])
    (part,) = archive.table("catalog").parts(shard)
    archive.table("images").write(
        shard, f"{part}-00000", pa.Table.from_pylist([{"id": "works:1", "status": "ok"}], IMAGES)
    )
    assert pending(archive) == 0
