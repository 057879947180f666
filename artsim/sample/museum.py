"""Makes the sample museum on disk: its painted pictures and its catalog. Uses no network."""

import csv
import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from numpy.random import default_rng
from PIL import Image

from .field import photo
from .motifs import MOTIFS
from .painters import PAINTERS
from .reproduction import reproduced
from .works import Work, plan

_log = logging.getLogger(__name__)

VERSION = 1  # raise it when a change makes the same seed give other pictures
_QUALITY = 88
_COLUMNS = ("id", "image_url", "page_url", "title", "artist", "date", "year_from", "year_to", "style", "type",
            "technique", "location", "school", "rights", "metadata")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Museum:
    """A museum on disk: its folder and its artworks."""

    folder: Path
    works: tuple[Work, ...]

    @property
    def catalog(self) -> Path:
        """The catalog as CSV; its image_url is a path relative to the folder."""
        return self.folder / "catalog.csv"


def draw(work: Work) -> Image.Image:
    """Paint an original or a variant, as an RGB picture of ``work.size``."""
    painter = next(p for p in PAINTERS if p.name == work.artist)
    composition, hand = (default_rng(seed) for seed in work.seeds)
    scene = MOTIFS[work.type](composition, work.size[0] / work.size[1])
    if composition.random() < 0.5:
        scene = scene.mirrored()
    palette = painter.palettes[work.palette].mixed(composition)
    return photo(painter.paint(scene, palette, work.size, hand))


def make(folder: str | Path, seed: int = 0, works: int | None = None) -> Museum:
    """Make a museum in a folder, or reuse it: pictures, ``catalog.csv`` and, at the end, ``museum.json``.

    The same seed makes the same bytes (with the same versions of NumPy and Pillow). A folder whose museum.json has the
    same version, seed and artworks is left as it is; otherwise the pictures listed there are replaced.

    Raises:
        ValueError: a museum can't have this number of ``works`` (see ``plan``).
    """
    museum = Museum(Path(folder), plan(seed, works))
    note = museum.folder / "museum.json"
    wanted = json.loads(json.dumps({"version": VERSION, "works": [asdict(work) for work in museum.works]}))
    before = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {"works": []}
    if before == wanted:
        return museum
    _log.info("the sample museum: painting %d works (first run only)", len(museum.works))
    note.unlink(missing_ok=True)
    for old in before["works"]:
        (museum.folder / old["file"]).unlink(missing_ok=True)
    for part in ("images", "private"):
        (museum.folder / part).mkdir(parents=True, exist_ok=True)
    files = {work.id: museum.folder / work.file for work in museum.works}
    for work in museum.works:
        _save(work, files)
    with museum.catalog.open("w", newline="", encoding="utf-8") as file:
        write_catalog(file, museum.works)
    note.write_text(json.dumps(wanted), encoding="utf-8")
    return museum


def load(folder: str | Path) -> Museum:
    """Load a museum that was made before; raises FileNotFoundError if there is none."""
    note = json.loads((Path(folder) / "museum.json").read_text(encoding="utf-8"))
    pairs = ("title", "size", "seeds")  # JSON has no tuples
    works = (Work(**fields | {name: tuple(fields[name]) for name in pairs}) for fields in note["works"])
    return Museum(Path(folder), tuple(works))


def _save(work: Work, files: dict[str, Path]) -> None:
    path = files[work.id]
    if work.flaw == "missing":
        return
    if work.kind == "copy":
        with Image.open(files[work.of]) as original:
            reproduced(original, path, default_rng(work.seeds[1]))
        return
    draw(work).save(path, quality=_QUALITY)
    if work.flaw == "truncated":
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 2 // 5])


def write_catalog(target: TextIO, works: Iterable[Work], base: str = "") -> None:
    """Write the catalog as CSV.

    With the ``base`` address of a site, addresses are absolute. Without it, image_url is the file relative to the
    museum's folder and page_url is empty.
    """
    rows = csv.writer(target)
    rows.writerow(_COLUMNS)
    for w in works:
        image, page = (f"{base}/{w.file}", f"{base}/works/{w.id}") if base else (w.file, "")
        details = (w.title[0], w.artist, w.date, w.year_from, w.year_to, w.style, w.type, w.technique)
        rows.writerow((w.id, image, page, *details, w.location, w.school, w.rights, json.dumps(w.metadata())))
