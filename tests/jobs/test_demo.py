"""``jobs.demo`` refuses invalid options before it does anything."""

import socket
from pathlib import Path

import pytest

from artsim.archive import UserError
from jobs.demo import job


@pytest.mark.parametrize("works", ["-1", "0", "3", "100000"])
def test_a_museum_with_a_given_number_of_artworks(works: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"--works {works}: .*between 20 and"):
        job.run(["--archive", str(tmp_path / "a"), "--works", works, "--port", "0"])


def test_a_port_in_use_is_a_user_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"--port {port}: Address already in use"):
            job.run(["--archive", str(tmp_path / "a"), "--works", "20", "--port", str(port)])
