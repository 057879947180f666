"""Real paintings get the same vectors from a local server as from their folder."""

import csv
import functools
import http.server
import threading

import numpy as np
import pytest

from artsim.archive import Archive
from tests.jobs import inside

pytestmark = pytest.mark.slow
COUNT = 60


def run(job, archive, *arguments):
    done = inside.ended(job, "--archive", archive, *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    return inside.report_of(done)


def vectors(archive, name):
    rows = Archive.open(str(archive)).table(f"features/{name}").scan(["id", "vector"])
    return {row["id"]: np.array(row["vector"]) for part in rows for row in part.to_pylist()}


@pytest.fixture
def served(shared_data):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(shared_data / "people-art"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


def test_served_and_from_the_folder_the_vectors_are_the_same(tmp_path, shared_data, served):
    people_art = shared_data / "people-art"
    with (people_art / "labels.csv").open(encoding="utf-8") as file:
        files = {f"pa:{row['id']}": row["file"] for row, _ in zip(csv.DictReader(file), range(COUNT), strict=False)}
    first, second = tmp_path / "served", tmp_path / "file"
    source = ("--source", "table", "--as", "pa", "--location", people_art / "labels.csv", "--limit", COUNT)
    run("catalog", first, *source, "--columns", f"image_url=http://{served}/{{file}}")
    assert run("scrape", first, "--allow-host", served, "--contact", "test@museum.example")["statuses"] == {"ok": COUNT}
    run("catalog", second, *source)
    assert run("scrape", second, "--contact", "test@museum.example")["statuses"] == {"ok": COUNT}
    for archive in (first, second):
        assert run("extract", archive, "--backbones", "efficientnet_lite0")["rows_out"] == COUNT
    from_server, from_folder = (vectors(archive, "efficientnet_lite0") for archive in (first, second))
    assert set(from_server) == set(from_folder) == set(files)
    for name in files:
        assert np.allclose(from_server[name], from_folder[name], atol=2e-2, rtol=2e-2)
    nearest = run("neighbors", first, "--features", "efficientnet_lite0", "--id", "pa:pa00055", "--k", 3)["queries"][0]
    assert len(nearest["neighbors"]) == 3
    sheet = tmp_path / "near.png"
    run(
        "neighbors",
        first,
        "--features",
        "efficientnet_lite0",
        "--image",
        people_art / files["pa:pa00055"],
        "--picture",
        sheet,
    )
    assert sheet.stat().st_size > 10_000
