"""Files are read only below the folder that the source was given."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive
from artsim.scrape.options import ScrapeOptions
from artsim.sources.folder import open_folder
from artsim.sources.ingestion.ingest import ingest
from tests.scrape.in_process import images_of, make_archive, scrape_in_process
from tests.scrape.pictures import jpeg


def scraped(archive: Archive, **settings: Any) -> dict[str, dict[str, Any]]:
    asyncio.run(scrape_in_process(archive, ScrapeOptions(**settings)))
    return images_of(archive)


def test_a_folder_from_catalog_to_images(tmp_path: Path) -> None:
    folder = tmp_path / "my wörks #1"
    (folder / "late").mkdir(parents=True)
    (folder / "a b.jpg").write_bytes(jpeg())
    (folder / "late" / "50%.jpg").write_bytes(jpeg(80, 60))
    (folder / "late" / "note.jpg").write_text("no picture")
    archive = Archive.create(str(tmp_path / "archive"), 2)
    ingest(archive, open_folder(str(folder)), "works", None)
    rows = scraped(archive)
    assert {name: row["status"] for name, row in rows.items()} == {
        "works:a b.jpg": "ok",
        "works:late/50%.jpg": "ok",
        "works:late/note.jpg": "not_image",
    }
    assert rows["works:late/50%.jpg"]["bytes"] == jpeg(80, 60)
    assert scraped(archive) == rows


@pytest.fixture
def museum(tmp_path: Path) -> Path:
    """The folder of a source, with everything in it that could lead outside."""
    folder = tmp_path / "works"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    (tmp_path / "works2").mkdir()
    (tmp_path / "works2" / "x.jpg").write_bytes(jpeg())
    (folder / "good.jpg").write_bytes(jpeg())
    (folder / "large.jpg").write_bytes(jpeg(640, 480))
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "inside.jpg").symlink_to(folder / "good.jpg")
    (folder / "folder").symlink_to(tmp_path / "works2")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    return folder


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("good.jpg", "ok"),
        ("inside.jpg", "ok"),
        ("large.jpg", "too_large"),
        ("missing.jpg", "network"),
        ("link.jpg", "forbidden_address"),
        ("folder/x.jpg", "forbidden_address"),
        ("../secret.jpg", "forbidden_address"),
        ("%2e%2e/secret.jpg", "forbidden_address"),
        ("sub/../../secret.jpg", "forbidden_address"),
        ("../works2/x.jpg", "forbidden_address"),
        ("pipe.jpg", "forbidden_address"),
        ("sub", "forbidden_address"),
        ("good.jpg%00.png", "forbidden_address"),
        ("", "forbidden_address"),
    ],
)
def test_only_files_below_the_folder_are_read(name: str, status: str, museum: Path, tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path / "archive"), 1)
    ingest(archive, open_folder(str(museum)), "works", 0)
    make_archive(tmp_path / "archive", {"id": ["works:x"], "image_url": [f"file://{museum}/{name}"]})
    (row,) = scraped(archive, max_bytes=20_000).values()
    assert row["status"] == status, row["detail"]
    assert (row["bytes"] is not None) == (status == "ok")


def test_a_collection_may_read_only_its_own_folder(museum: Path, tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path / "archive"), 1)
    ingest(archive, open_folder(str(museum)), "works", 0)
    make_archive(tmp_path / "archive", {"id": ["other:x"], "image_url": [f"file://{museum}/good.jpg"]})
    (row,) = scraped(archive).values()
    assert row["status"] == "forbidden_address"
