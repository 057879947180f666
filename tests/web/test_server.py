"""The job as a process: it prints its address, answers while it loads, ends with 0 on Ctrl-C, reports a bad archive."""

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from artsim.archive import Archive
from tests.web.conftest import COUNT

pytestmark = pytest.mark.slow
_ROOT = Path(__file__).parents[2]
_VENDOR = _ROOT / "artsim" / "web" / "static" / "vendor" / "preact.js"


@contextmanager
def _served(archive: Archive, *options: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    if not _VENDOR.exists():
        pytest.skip("the page's libraries are missing; run `make page`")
    command = [sys.executable, "-m", "jobs.serve", "--archive", archive.uri, "--port", "0", *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=_ROOT, text=True, **pipes) as process:
        assert process.stderr is not None
        port = next(
            int(found[1]) for line in process.stderr if (found := re.search(r"http://127\.0\.0\.1:(\d+)/", line))
        )
        try:
            yield process, port
        finally:
            process.kill()


def _raw(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, bytes]:
    """Asks for a path as it is; libraries would resolve ``..`` first."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_a_server_answers_until_it_is_interrupted(shown: Archive) -> None:
    with _served(shown) as (process, port):
        assert json.loads(_raw(port, "/api/archive")[1])["count"] == COUNT
        assert _raw(port, "/static/style.css")[0] == 200
        for path in (
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/static/..%2fapp.py",
            "/static/....//app.py",
            "/static//etc/passwd",
        ):
            assert _raw(port, path)[0] == 404, path
        assert _raw(port, "/api/archive", "evil.org")[0] == 403
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in err
    report = json.loads(out.splitlines()[-1])
    assert report["job"] == "serve" and report["rows_out"] == COUNT and report["rows_failed"] == 0


def test_an_archive_without_public_artworks_is_a_user_error(tmp_path: Path) -> None:
    from tests.made import CLOSED, make_archive, named

    archive = make_archive(tmp_path / "museum", named(3), rights=dict.fromkeys(named(3), CLOSED))
    with _served(archive, "--rights", "public") as (process, _):
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and err.strip().splitlines()[-1].endswith("--rights all shows every artwork")
