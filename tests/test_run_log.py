"""The log of a run beside its report."""

import logging

import pytest

from artsim.archive import Archive
from artsim.run_log import run_log
from tests.s3 import BUCKET, S3Server


def _fail(archive: Archive, path: str) -> None:
    with run_log(archive.store, path):
        logging.getLogger("artsim.toy").debug("a detail")
        logging.getLogger("ray").warning("a warning of Ray\x1b[31m")
        raise KeyError("a bug")


@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_the_log_has_details_warnings_of_ray_and_the_traceback(where: str, tmp_path, s3: S3Server) -> None:
    archive = Archive.create(f"s3://{BUCKET}/archive" if where == "bucket" else str(tmp_path))
    with pytest.raises(KeyError):
        _fail(archive, "reports/toy/now.log")
    with archive.store.open_input("reports/toy/now.log") as log:
        text = log.read().decode()
    assert "DEBUG artsim.toy: a detail" in text and "WARNING ray: a warning of Ray" in text
    assert "\x1b" not in text
    assert "Traceback" in text and "a bug" in text
    logging.getLogger("artsim.toy").warning("after the run")
    with archive.store.open_input("reports/toy/now.log") as log:
        assert log.read().decode() == text


def test_without_lines_there_is_no_file(tmp_path) -> None:
    archive = Archive.create(str(tmp_path))
    with run_log(archive.store, "reports/toy/now.log"):
        pass
    assert not archive.store.exists("reports")


def test_a_log_that_cannot_be_written_fails_no_run(tmp_path, capfd) -> None:
    archive = Archive.create(str(tmp_path))
    (tmp_path / "reports").write_text("a file where a folder should be")
    with run_log(archive.store, "reports/toy/now.log"):
        logging.getLogger("artsim.toy").warning("a line")
    assert "Logging error" not in capfd.readouterr().err
