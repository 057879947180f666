"""Fixtures for all tests: the real data sets next to the project, if present, and an S3 server on loopback."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.s3 import S3Server


def pytest_configure(config: pytest.Config) -> None:
    """Gives each of several test processes a folder for Ray, else a job would join the cluster of another process."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = os.environ["RAY_TMPDIR"] = tempfile.mkdtemp(prefix="t-", dir="/tmp")  # short: sockets are in it
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real artworks and catalogs are not there: {folder}")
    return folder


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator["S3Server"]:
    from tests.s3 import S3Server  # takes a second, and most tests do not need it

    with S3Server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server
