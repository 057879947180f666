"""Errors name the partitions and folders of an archive that are broken links."""

from pathlib import Path

import pytest

from artsim.archive import Archive, UserError
from jobs.status import job
from tests.made import make_archive, named

LOOP, NOWHERE = "itself", "nowhere"


def broken(folder: Path, table: str, to: str) -> Path:
    """Makes an archive of two shards whose first partition of ``table`` is a broken link; returns the link's path."""
    make_archive(folder, named(20), shards=2, part_rows=5)
    part = sorted(Path(folder, table).rglob("*.parquet"))[0]
    part.unlink()
    part.symlink_to(part if to == LOOP else folder / "gone" / "part.parquet")
    return part


@pytest.mark.parametrize("to", [LOOP, NOWHERE])
@pytest.mark.parametrize("table", ["catalog", "images"])
def test_status_names_the_part(tmp_path: Path, table: str, to: str) -> None:
    part = broken(tmp_path, table, to)
    with pytest.raises(UserError, match=rf"{part.name}: this partition of {table} is damaged: broken link"):
        job.run(["--archive", str(tmp_path)])


@pytest.mark.parametrize("to", [LOOP, NOWHERE])
def test_so_does_whatever_reads_the_table(tmp_path: Path, to: str) -> None:
    part = broken(tmp_path, "images", to)
    table = Archive.open(str(tmp_path)).table("images")
    shard, name = int(part.parent.name), part.name.removesuffix(".parquet")
    assert name in table.parts(shard)
    assert name in table.listed().parts(shard)
    for read in (
        table.count,
        lambda: list(table.scan(["id"])),
        lambda: table.find(named(20)),
        lambda: table.ids(shard),
    ):
        with pytest.raises(UserError, match=part.name):
            read()


def test_a_shard_that_is_a_broken_link_is_named(tmp_path: Path) -> None:
    part = broken(tmp_path, "images", NOWHERE)
    for path in part.parent.iterdir():
        path.unlink()
    part.parent.rmdir()
    part.parent.symlink_to(tmp_path / "gone")
    with pytest.raises(UserError, match=rf"images/{part.parent.name}: broken link; restore its target"):
        Archive.open(str(tmp_path)).table("images").count()


def test_links_that_lead_somewhere_are_followed(tmp_path: Path) -> None:
    make_archive(tmp_path / "a", named(20), shards=2, part_rows=5)
    table = Archive.open(str(tmp_path / "a")).table("images")
    part = sorted(Path(tmp_path, "a", "images").rglob("*.parquet"))[0]
    part.rename(tmp_path / "moved.parquet")
    part.symlink_to(tmp_path / "moved.parquet")
    assert table.count() == 20
    assert part.name.removesuffix(".parquet") in table.listed().parts(int(part.parent.name))
