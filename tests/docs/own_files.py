"""The files that the guides take for granted, made from the sample museum: catalogs, photographs, answers."""

import csv
import shutil
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

_FEW = 12  # artworks in each catalog


def make_own_files(folder: Path, museum: Path) -> None:
    """Makes the files under the names that the guides use. ``museum`` is the folder of the sample museum."""
    rows = _rows(museum)
    images = [museum / row["image_url"] for row in rows]
    shutil.copy(images[0], folder / "photo.jpg")
    _copy(images[:_FEW], folder / "photographs")
    _copy(images[:_FEW], folder / "scans")
    _copy(images[:_FEW], folder / "mcv-museum" / "images")
    _copy(images[:3], folder / "mcv-museum" / "queries" / "qsd1_w1")
    _copy(images, folder / "people-art" / "images")
    columns = {"artist": "artist", "title": "title"}
    _table(folder / "works.csv", rows[:_FEW], id="id", file="scans/{name}", name="title", artist="artist")
    _table(folder / "mcv-museum" / "labels.csv", rows[:_FEW], id="{number}", file="images/{name}", **columns)
    columns["style"] = "style"
    _table(folder / "people-art" / "labels.csv", rows, id="pa{number:05}", file="images/{name}", **columns)
    painters = dict.fromkeys(row["artist"] for row in rows)
    _lines(folder / "painters.csv", [("id", "name"), *((f"p{number}", name) for number, name in enumerate(painters))])
    keywords = [(row["id"], row["type"]) for row in rows[: 2 * len(rows) // 3]]
    _lines(folder / "keywords.csv", [("id", "keyword"), *keywords])
    ids = [row["id"] for row in rows]
    _answers(folder, ids)
    links = [(first, second, "POSITIVE") for first, second in pairwise(ids[:6])]
    _lines(folder / "links.csv", [("id_a", "id_b", "verdict"), *links])


def _answers(folder: Path, ids: list[str]) -> None:
    """Writes 25 annotations, each also with another positive, and a second file that repeats some of them."""
    random = Random(0)
    annotations = [random.sample(ids, 9) for _ in range(25)]
    contradicting = [[anchor, second, first, *more] for anchor, first, second, *more in annotations]
    _lines(folder / "anna.txt", [*annotations, *contradicting])
    _lines(folder / "anna-again.txt", [*annotations[:9], contradicting[9]])


def _rows(museum: Path) -> list[dict[str, str]]:
    """The rows of the museum's catalog whose picture can be shown."""
    with (museum / "catalog.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["image_url"].startswith("images/")]
    return [row for row in rows if _is_whole(museum / row["image_url"])]


def _is_whole(image: Path) -> bool:
    return image.exists() and image.read_bytes().endswith(b"\xff\xd9")


def _copy(images: list[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for image in images:
        shutil.copy(image, folder)


def _table(path: Path, rows: list[dict[str, str]], **columns: str) -> None:
    """Writes a table; each column is a column of the museum's catalog or a pattern."""
    lines = [tuple(columns)]
    for number, row in enumerate(rows, 20):
        name = Path(row["image_url"]).name
        lines.append(tuple(row.get(source) or source.format(name=name, number=number) for source in columns.values()))
    _lines(path, lines)


def _lines(path: Path, lines: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
