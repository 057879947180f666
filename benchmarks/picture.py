"""How long a scatter of 10,000 thumbnails at 8,000 pixels takes, against matplotlib's image annotations.

The archive has made-up pictures of 320 pixels and clustered vectors. jobs.picture runs in a process of its own, with
the thumbnails in place, from its start to the written PNG. The peer draws the same thumbnails as notebooks do: an
``AnnotationBbox`` with an ``OffsetImage`` for each, at the same size and places, without moving overlaps apart.
"""

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from PIL import Image

from artsim.archive import CATALOG, IMAGES, LAYOUT, Archive
from artsim.pictures.thumbnails import thumbnail_jpegs
from benchmarks.claims import Claim, conclude

GOAL = 60.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 thumbnails at 3,000 pixels")
    options = parser.parse_args()
    count, size = (1000, 3000) if options.quick else (10_000, 8000)
    with tempfile.TemporaryDirectory() as folder:
        archive = made(f"{folder}/archive", count)
        ids = archive.table("layouts/map")
        places = {row["id"]: (row["x"], row["y"]) for rows in ids.scan() for row in rows.to_pylist()}
        for start in range(0, count, 500):
            thumbnail_jpegs(archive, list(places)[start : start + 500])
        print(f"{count:,} thumbnails at {size:,} pixels")
        seconds, memory = drawn(archive.uri, size, f"{folder}/picture.png")
        print(f"jobs.picture: {seconds:.1f} s, peak memory {memory:.0f} MB")
        with_matplotlib = peer(archive, places, size, f"{folder}/peer.png")
        print(f"matplotlib:   {with_matplotlib:.1f} s")
    import matplotlib

    against = f"matplotlib {matplotlib.__version__} AnnotationBbox, {with_matplotlib:.1f} s"
    conclude(
        "picture", [Claim(f"seconds for {count:,} thumbnails at {size:,} px", seconds, GOAL, against, at_least=False)]
    )


def made(uri: str, count: int) -> Archive:
    """An archive with ``count`` pictures of 320 x 240 pixels and a layout of 40 clusters."""
    archive, rng = Archive.create(uri), np.random.default_rng(0)
    ids = [f"made:{number:06d}" for number in range(count)]
    centers = rng.normal(size=(40, 2)) * 4
    places = centers[rng.integers(40, size=count)] + rng.normal(size=(count, 2))
    shards = archive.shard_of(ids)
    for shard in range(archive.shards):
        rows = np.flatnonzero(shards == shard).tolist()
        images = [
            {"id": ids[row], "status": "ok", "bytes": data, "sha256": f"{row:064x}"}
            for row, data in zip(rows, pictures(rng, len(rows)), strict=True)
        ]
        layout = [{"id": ids[row], "x": places[row, 0], "y": places[row, 1]} for row in rows]
        archive.table("catalog").write(shard, "p0", pa.Table.from_pylist([{"id": ids[row]} for row in rows], CATALOG))
        archive.table("images").write(shard, "p0-00000", pa.Table.from_pylist(images, IMAGES))
        archive.table("layouts/map").write(shard, "p0", pa.Table.from_pylist(layout, LAYOUT))
    return archive


def pictures(rng: np.random.Generator, count: int) -> Iterator[bytes]:
    """JPEGs of about 20 kB, as large as those of real thumbnails."""
    for _ in range(count):
        coarse = Image.fromarray(rng.integers(0, 255, (9, 12, 3), np.uint8)).resize(
            (320, 240), Image.Resampling.BICUBIC
        )
        noisy = np.asarray(coarse, np.int16) + rng.integers(-25, 25, (240, 320, 1), np.int16)
        sink = io.BytesIO()
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(sink, "JPEG", quality=85)
        yield sink.getvalue()


def drawn(uri: str, size: int, out: str) -> tuple[float, float]:
    """Seconds and peak memory (MB) of a run of jobs.picture."""
    command = ["--archive", uri, "--kind", "map", "--layout", "map", "--size", str(size), "--out", out]
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "jobs.picture", *command], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    with Image.open(out) as image:
        assert image.width == size
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def peer(archive: Archive, places: dict[str, tuple[float, float]], size: int, out: str) -> float:
    """Seconds that matplotlib takes for the same thumbnails, reading them included."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    started = time.monotonic()
    figure = pyplot.figure(figsize=(size / 100, size / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    points = np.array(list(places.values()))
    axes.set_xlim(points[:, 0].min(), points[:, 0].max())
    axes.set_ylim(points[:, 1].min(), points[:, 1].max())
    axes.set_axis_off()
    side = size / 110
    for rows in archive.table("thumbnails").scan(["id", "bytes"]):
        for row in rows.to_pylist():
            with Image.open(io.BytesIO(row["bytes"])) as image:
                pixels = np.asarray(image)
            picture = OffsetImage(pixels, zoom=side / 320 * 72 / 100)
            axes.add_artist(AnnotationBbox(picture, places[row["id"]], frameon=False, pad=0))
    figure.savefig(out)
    pyplot.close(figure)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
