"""Files that the guides take for granted, made from the sample museum: catalogues, photographs, answers of a curator."""

import csv
import shutil
from pathlib import Path
from random import Random

_FEW = 12  # artworks in each catalogue


def make_own_files(folder: Path, museum: Path) -> None:
    """Makes the files under the names that the guides use."""
    rows = [row for row in _rows(museum) if (museum / row["image_url"]).stem not in ("", None)]
    images = [museum / row["image_url"] for row in rows]
    shutil.copy(images[0], folder / "photo.jpg")
    for name in ("photographs", "scans", "people-art/images", "mcv-museum/images", "mcv-museum/queries/qsd1_w1"):
        (folder / name).mkdir(parents=True)
        for image in images[: 3 if "queries" in name else _FEW]:
            shutil.copy(image, folder / name)
    few = rows[:_FEW]
    _table(folder / "works.csv", few, id="id", file="scans/{name}", name="title", artist="artist", date="date")
    of_people_art = {"file": "images/{name}", "artist": "artist", "title": "title", "style": "style", "date": "date"}
    _table(folder / "people-art" / "labels.csv", few, id="pa{number:05}", first=50, **of_people_art)
    _table(folder / "mcv-museum" / "labels.csv", few, id="{number}", file="images/{name}", artist="artist", title="title")
    random = Random(0)
    nines = [random.sample([row["id"] for row in rows], 9) for _ in range(20)]
    _lines(folder / "anna.txt", nines)
    _lines(folder / "anna-again.txt", [[nine[0], nine[2], nine[1], *nine[3:]] if nine is nines[0] else nine for nine in nines])
    pairs = [(row["id"], other["id"]) for row, other in zip(rows, rows[1:], strict=False)]
    _lines(folder / "links.csv", [("id_a", "id_b", "verdict"), *((a, b, "POSITIVE") for a, b in pairs[:5])])


def _rows(museum: Path) -> list[dict[str, str]]:
    """The rows of the museum's catalogue whose picture can be shown."""
    with (museum / "catalog.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["image_url"].startswith("images/")]
    return [row for row in rows if _is_whole(museum / row["image_url"])]


def _is_whole(image: Path) -> bool:
    return image.exists() and image.read_bytes().endswith(b"\xff\xd9")


def _table(path: Path, rows: list[dict[str, str]], *, first: int = 0, **columns: str) -> None:
    """Writes a table; each column is a column of the museum's catalogue or a pattern."""
    lines = [tuple(columns)]
    for number, row in enumerate(rows, first):
        name = Path(row["image_url"]).name
        lines.append(tuple(row.get(source) or source.format(name=name, number=number) for source in columns.values()))
    _lines(path, lines)


def _lines(path: Path, lines: list) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
