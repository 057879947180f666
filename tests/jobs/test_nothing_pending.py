"""A job that has nothing to do says whether everything is there."""

import logging

import pytest

from artsim.errors import UserError
from jobs.extract import job as extract
from jobs.scrape import job as scrape
from tests.made import make_archive, named


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(**_: object) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.setattr("artsim.runtime.connect", connect)


def test_a_scrape_with_nothing_pending_lists_earlier_failures(tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    pictures = dict.fromkeys(named(3))
    archive = make_archive(tmp_path / "archive", named(5), pictures=pictures)
    with caplog.at_level(logging.WARNING):
        assert scrape.run(["--archive", archive.uri])["rows_in"] == 0
    assert "3 rows failed in earlier runs" in caplog.text and "--retry" in caplog.text


def test_a_scrape_without_failures_says_nothing(tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    archive = make_archive(tmp_path / "archive", named(5))
    with caplog.at_level(logging.WARNING):
        assert scrape.run(["--archive", archive.uri])["rows_in"] == 0
    assert "earlier runs" not in caplog.text


def test_an_extraction_without_images_fails(tmp_path) -> None:
    archive = make_archive(tmp_path / "archive", named(3), pictures=dict.fromkeys(named(3)))
    with pytest.raises(UserError, match=r"no image to compute features of; jobs.status --failed"):
        extract.run(["--archive", archive.uri, "--backbones", "efficientnet_lite0"])
