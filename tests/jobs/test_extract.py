"""``jobs.extract`` by its command line on small archives; one test kills its process."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from artsim.archive import Archive
from artsim.vision import weights
from artsim.vision.backbones import network_name, parse_feature
from artsim.vision.decode import decode
from artsim.vision.inference import Engine
from tests.jobs import inside
from tests.vision.made import encoded, image_archive, picture

pytestmark = pytest.mark.slow


def run(archive, *backbones, more=()):
    done = inside.ended("extract", "--archive", archive, "--backbones", *backbones, *more)
    assert done.returncode == 0, done.stderr[-3000:]
    return inside.report_of(done)


def refused(archive, *backbones, more=()):
    done = inside.ended("extract", "--archive", archive, "--backbones", *backbones, *more)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr[-3000:]
    return done.stderr.strip().splitlines()[-1]


def vectors(archive, name):
    rows = [row for part in archive.table(f"features/{name}").scan() for row in part.to_pylist()]
    assert len(rows) == len({row["id"] for row in rows}), "a row is doubled"
    return {row["id"]: row for row in rows}


def expected(data, name):
    feature = parse_feature(name)
    engine = Engine(network_name(feature.backbone), [feature], weights.load(feature.backbone, "random")[0], "auto")
    return engine(np.stack(decode(data, [engine.descriptor.input])))[0][0]


def test_several_features_in_one_pass_then_only_what_is_new(tmp_path):
    images = {f"t:{i}": encoded(picture(300, 240, seed=i)) for i in range(40)}
    archive = image_archive(str(tmp_path), {**images, "t:broken": encoded(picture(300, 240))[:3000]})
    names = ("mobilenetv3_small_100", "mobilenetv3_small_100@2+std", "mobilenetv3_small_100@2+std+160", "resnet18")
    report = run(tmp_path, *names, more=("--weights", "random"))
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (41, 40, 1)
    assert report["failures"] == {"damaged JPEG": 1}
    assert report["features"]["resnet18"]["weights_from"] == "random"
    for name in names:
        rows = vectors(archive, name)
        assert set(rows) == {*images, "t:broken"}
        assert rows["t:broken"]["vector"] is None
        assert "damaged" in rows["t:broken"]["error"]
        ours, wanted = np.array(rows["t:3"]["vector"]), expected(images["t:3"], name)
        assert ours @ wanted / np.linalg.norm(ours) / np.linalg.norm(wanted) > 0.9999

    assert run(tmp_path, *names, more=("--weights", "random"))["rows_in"] == 0
    assert "other weights" in refused(tmp_path, "resnet18") or "weights=random" in refused(tmp_path, "resnet18")
    assert "exact" in refused(tmp_path, "resnet18", more=("--weights", "random", "--exact"))

    images_table = archive.table("images")  # only an image with new bytes is extracted again
    shard = int(archive.shard_of(["t:3"])[0])
    part = next(p for p in images_table.parts(shard) if "t:3" in images_table.read(shard, p, ["id"])["id"].to_pylist())
    rows = images_table.read(shard, part).to_pylist()
    next(row for row in rows if row["id"] == "t:3").update(bytes=images["t:4"], sha256="new")
    images_table.write(shard, part, images_table.read(shard, part).from_pylist(rows, images_table.schema))
    assert run(tmp_path, *names, more=("--weights", "random"))["rows_in"] == 1
    rows = vectors(archive, "resnet18")
    assert np.allclose(rows["t:3"]["vector"], rows["t:4"]["vector"], atol=1e-5)


def test_rights_public_excludes_protected_artworks(tmp_path):
    image_archive(str(tmp_path), {"t:1": encoded(picture(200, 200))}, rights="© the estate")
    assert run(tmp_path, "resnet18", more=("--weights", "random", "--rights", "public"))["rows_in"] == 0


def test_user_errors_are_one_line(tmp_path):
    assert "no archive" in refused(tmp_path / "nowhere", "resnet18")
    Archive.create(str(tmp_path / "empty"))
    assert "no images yet" in refused(tmp_path / "empty", "resnet18")
    image_archive(str(tmp_path / "full"), {"t:1": encoded(picture(200, 200))})
    assert "no network with this name" in refused(tmp_path / "full", "resnet5000")
    assert "resnet18.safetensors" in refused(tmp_path / "full", "resnet18", more=("--weights", str(tmp_path)))
    assert "no module" in refused(tmp_path / "full", "resnet18@attic", more=("--weights", "random"))


@pytest.mark.timeout(1200)  # five starts of Ray, up to a minute each
def test_killed_three_times_every_row_is_extracted_once(tmp_path):
    random.seed(7)
    base = {i: encoded(picture(640, 480, seed=i)) for i in range(20)}
    images = {f"t:{i}": base[i % 20] for i in range(900)}
    archive = image_archive(str(tmp_path), images)
    arguments = ["--archive", str(tmp_path), "--backbones", "resnet18", "--weights", "random"]
    command = [sys.executable, "-m", "jobs.extract", *arguments]
    done = archive.table("features/resnet18")
    productive_runs = 0
    for _ in range(3):
        before = sum(len(done.parts(shard)) for shard in range(archive.shards))
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:  # until it writes, then a random time longer
            if sum(len(done.parts(shard)) for shard in range(archive.shards)) > before:
                break
            time.sleep(0.05)
        time.sleep(random.uniform(0, 0.8))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        productive_runs += sum(len(done.parts(shard)) for shard in range(archive.shards)) > before
    assert productive_runs >= 2, "the kills came before any work"
    last = subprocess.run(command, capture_output=True, text=True, timeout=480)
    assert last.returncode == 0, last.stderr[-3000:]
    report = inside.report_of(last)
    rows = vectors(archive, "resnet18")
    assert set(rows) == set(images)
    assert report["rows_in"] < len(images)
    reference = {i: expected(data, "resnet18") for i, data in base.items()}
    for name, row in rows.items():
        wanted = reference[int(name[2:]) % 20]
        assert np.allclose(row["vector"], wanted, rtol=0.05, atol=0.05)
    assert run(tmp_path, "resnet18", more=("--weights", "random"))["rows_in"] == 0
