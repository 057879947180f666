"""The page that a curator annotates on: one HTML file with pictures, style and script inside."""

import base64
import contextlib
import hashlib
import json
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from artsim.annotations.text_format import quoted
from artsim.archive import UserError

_MAX_CHARACTERS = 160  # characters of a title or an artist's name


@dataclass(frozen=True)
class Page:
    """A page: ``images``, object (n, 9), ids of an anchor and eight candidates; and what it shows of them.

    ``about`` has catalog rows by id. ``pictures`` has JPEGs by id: a small one, and a large one for an anchor; none if
    the image can't be read.
    """

    name: str
    mode: str
    annotator: str
    images: np.ndarray
    about: Mapping[str, Mapping[str, Any]]
    pictures: Mapping[str, list[bytes]]

    @property
    def download(self) -> str:
        """The name of the file that the page downloads."""
        annotator = re.sub(r"[^A-Za-z0-9_-]+", "-", self.annotator).strip("-")
        return f"annotations-{annotator}-{self.name}.txt" if annotator else f"annotations-{self.name}.txt"

    def command(self, archive: str) -> str:
        """The command that imports what the page downloads."""
        words = ["--archive", archive, "--annotator", self.annotator or "NAME", "--file", self.download]
        return f"python -m jobs.annotations import {shlex.join(words)}"


def page_data(page: Page) -> dict[str, Any]:
    """Returns the data for the page's script. Choices with a picture that can't be read are left out.

    ``works`` has, for each artwork, its name as written in the downloaded file, a caption and data: addresses of its
    pictures. ``choices`` has nine indices into it each: the anchor, then the candidates.
    """
    readable = [choice for choice in page.images.tolist() if all(page.pictures[artwork_id] for artwork_id in choice)]
    place: dict[str, int] = {}
    for choice in readable:
        for artwork_id in choice:
            place.setdefault(artwork_id, len(place))
    return {
        "page": page.name,
        "mode": page.mode,
        "annotator": page.annotator,
        "file": page.download,
        "first": f"# mode: {page.mode}",
        "command": page.command("ARCHIVE"),  # the page is sent to others: no paths of this machine
        "choices": [[place[artwork_id] for artwork_id in choice] for choice in readable],
        "works": [_work(artwork_id, page.about.get(artwork_id, {}), page.pictures[artwork_id]) for artwork_id in place],
    }


def page_html(data: Mapping[str, Any]) -> str:
    """Returns the page as text. Its content security policy allows only this style, this script and data: pictures."""
    style, script = _file("page.css"), _file("page.js")
    policy = "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    filled = {"policy": policy, "style": style, "script": script, "data": _as_json(data)}
    return re.sub(r"\{\{(policy|style|script|data)\}\}", lambda match: filled[match[1]], _file("page.html"))


def check_out(path: str) -> None:
    """Creates the folder of a page. Raises a user error if a page can't be written there."""
    if "://" in path:
        raise UserError(f"`out` {path}: must be a local path, not an address")
    if not path.lower().endswith((".html", ".htm")):
        raise UserError(f"`out` {path}: must end in .html")
    if Path(path).is_dir():
        raise UserError(f"`out` {path}: this is a folder; name a file in it")
    with _told(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def write_page(path: str, page: Page) -> int:
    """Writes the page atomically; returns how many annotations it has. Raises a user error if that is impossible."""
    data = page_data(page)
    if not data["choices"]:
        raise UserError(
            "`n`: every drawn annotation has a picture that can't be read; jobs.scrape `refresh` fetches them again"
        )
    with _told(path), tempfile.TemporaryDirectory(dir=Path(path).parent, prefix="_") as beside:
        draft = Path(beside) / "draft"
        draft.write_text(page_html(data), encoding="utf-8", newline="\n")
        draft.replace(path)
    return len(data["choices"])


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Turns errors of the disk into user errors."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise UserError(f"`out` {path}: {getattr(error, 'strerror', None) or error}") from error


def _work(image_id: str, about: Mapping[str, Any], jpegs: list[bytes]) -> dict[str, str]:
    date = about.get("date_text") or str(about.get("year_from") or "")
    texts = {"title": about.get("title") or image_id, "artist": about.get("artist") or "", "date": date}
    pictures = dict(zip(("small", "large"), map(_address, jpegs), strict=False))
    return {"name": quoted(image_id), **{key: text[:_MAX_CHARACTERS] for key, text in texts.items()}, **pictures}


def _address(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _as_json(data: Mapping[str, Any]) -> str:
    """Returns JSON that can't end the script element around it: ASCII only, without < > and &."""
    text = json.dumps(data, ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return resources.files("artsim.annotation_page").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")
