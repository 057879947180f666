"""``jobs.catalog`` refuses options that it would ignore, before it reads anything."""

from pathlib import Path

import pytest

from artsim.errors import UserError
from jobs.catalog import job

FOREIGN = [
    (source, option, *values)
    for option, values, sources in (
        ("--size", ["512"], ("folder", "table", "wga", "smk")),
        ("--language", ["de"], ("folder", "table", "wga")),
        ("--contact", ["a@b.org"], ("folder", "table", "wga")),
        ("--allow-host", ["127.0.0.1"], ("folder", "table", "wga")),
        ("--columns", ["title=name"], ("folder", "wga", "smk", "iiif")),
        ("--image-template", ["https://m.org/{id}"], ("folder", "wga", "smk", "iiif")),
        ("--images", ["pics"], ("folder", "wga", "smk", "iiif")),
    )
    for source in sources
]


@pytest.mark.parametrize("given", FOREIGN, ids=" ".join)
def test_an_option_that_the_source_does_not_read_is_refused(tmp_path: Path, given: tuple[str, ...]) -> None:
    source, option, *values = given
    place = [] if source == "smk" else ["--location", str(tmp_path / "none")]
    with pytest.raises(UserError, match=rf"^{option}: --source {source} does not use it; only for --source "):
        job.run(["--source", source, *place, "--preview", option, *values])
    with pytest.raises(UserError, match=rf"^{option}: --source {source} "):
        job.run(["--source", source, *place, "--archive", str(tmp_path / "a"), option, *values])


def test_another_number_of_shards_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("id,image_url\n1,https://m.org/1.jpg\n")
    line = ["--source=table", "--location", str(tmp_path / "w.csv"), "--archive", str(tmp_path / "a")]
    assert job.run([*line, "--shards", "4"])["rows_out"] == 1
    with pytest.raises(UserError, match=r"^--shards 8: the archive has 4 shards, which can't be changed"):
        job.run([*line, "--shards", "8"])
    assert job.run([*line, "--shards", "4"])["rows_failed"] == 0
    assert job.run(line)["rows_failed"] == 0
