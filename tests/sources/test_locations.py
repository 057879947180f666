"""Locations that are not supported, and folders nested deeper than Python's recursion limit."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from artsim.archive import UserError
from artsim.sources.folder import open_folder
from artsim.sources.locations import open_location
from artsim.sources.tables.source import open_table
from tests.sources.conftest import rows_of


@pytest.mark.parametrize("location", ["ftp://m.org/works.csv", "zip://works.csv::m.zip", "SFTP://m.org/x"])
def test_unsupported_locations_name_a_remedy(location: str) -> None:
    with pytest.raises(UserError, match=r"is not supported; download or unpack"):
        open_location(location)


@pytest.mark.parametrize("name", ["works.xlsx", "WORKS.XLS", "works.ods"])
def test_a_spreadsheet_is_a_user_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(UserError, match="save it as CSV"):
        open_table(str(tmp_path / name), {})


@pytest.fixture
def removed(tmp_path: Path) -> Iterator[Path]:
    """A folder whose content is removed with ``rm``, because pytest's cleanup would exceed the recursion limit."""
    yield tmp_path
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


def test_folders_deeper_than_a_recursion_goes(removed: Path) -> None:
    parent = os.open(removed, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=parent)
        child = os.open("d", os.O_RDONLY, dir_fd=parent)
        os.close(parent)
        parent = child
    os.close(os.open("a.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=parent))
    os.close(parent)
    assert [row["title"] for row in rows_of(list(open_folder(str(removed)).chunks([])))] == ["a"]
