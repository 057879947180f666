"""``jobs.demo`` refuses invalid options before it does anything."""

import socket
from pathlib import Path

import pytest

from artsim.archive import UserError
from jobs.demo import job


@pytest.mark.parametrize("works", ["-1", "0", "3", "100000"])
def test_a_museum_of_so_many_works(works: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"--works {works}: .*between 20 and"):
        job.run(["--archive", str(tmp_path / "a"), "--works", works, "--port", "0"])


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"--port {port}: Address already in use"):
            job.run(["--archive", str(tmp_path / "a"), "--works", "20", "--port", str(port)])
