"""Classifies the values of a table: image URLs, web pages, file names, or something else."""

import re
from enum import StrEnum
from urllib.parse import unquote

from artsim.sources.image_names import ENDINGS, UNREAD

_ENDING = rf"\.(?:{'|'.join(sorted(ENDINGS | UNREAD, reverse=True))})"
_IMAGE_FILE = re.compile(rf"[^\x00-\x1f]+{_ENDING}", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s]+", re.IGNORECASE)
_REQUEST = re.compile(
    r"/(?:full|square|pct:[\d.,]+|\d+,\d+,\d+,\d+)/[^/]+/!?\d+(?:\.\d+)?/\w+(?:\.\w+)?/?", re.IGNORECASE
)
_MANIFEST = re.compile(r"(?:manifest|collection)(?:\.json)?/?|.*/(?:manifest|presentation)/.*", re.IGNORECASE)
_PAGE = re.compile(r".*\.(?:html?|xhtml|json|xml|pdf|mp3|mp4)", re.IGNORECASE)
_WIKI_PAGE = re.compile(r"/wiki/(?:File|Image|Datei|Fichier|Bestand|Archivo):", re.IGNORECASE)
_SEVERAL = re.compile(rf"((?:https?://[^\s;|]+?)|(?:[^;|]+?{_ENDING}))(?:\s*[;|]\s*|,?\s+).*", re.IGNORECASE)
_MAX_CHARACTERS = 4096  # characters inspected per value


class Kind(StrEnum):
    """What a value looks like."""

    IMAGE = "image"  # a URL that is almost certainly an image
    FILE = "file"  # the name of an image file, not a URL
    ADDRESS = "address"  # a URL that may be anything
    PAGE = "page"  # the URL of a web page
    MANIFEST = "manifest"  # the URL of an IIIF manifest
    RELATIVE = "relative"  # a URL without its host, or an absolute path
    TEXT = "text"


def kind_of(value: str) -> Kind:
    """Classify a value. If it has several URLs, the first counts."""
    value = first_of(" ".join(value[:_MAX_CHARACTERS].split()))
    value = re.sub(r"^//(?=[^/]+\.[^/]+/)", "https://", value)  # a URL without its scheme
    if not _ADDRESS.fullmatch(value):
        if re.match(r"/[^\s/]", value):
            return Kind.RELATIVE
        return Kind.FILE if _IMAGE_FILE.fullmatch(value) else Kind.TEXT
    path = unquote(re.split(r"[?#]", value, maxsplit=1)[0].partition("://")[2].partition("/")[2])
    if _WIKI_PAGE.search(f"/{path}"):
        return Kind.PAGE
    if path.endswith("/info.json") or _REQUEST.search(f"/{path}") or "special:filepath/" in path.lower():
        return Kind.IMAGE
    if _IMAGE_FILE.fullmatch(path):
        return Kind.IMAGE
    if _MANIFEST.fullmatch(path.rstrip("/").rpartition("/")[2]) and ("iiif" in value.lower() or "manifest" in path):
        return Kind.MANIFEST
    return Kind.PAGE if _PAGE.fullmatch(path) else Kind.ADDRESS


def first_of(value: str) -> str:
    """Return the first of several URLs or image files in a value; any other value unchanged."""
    if len(value) > _MAX_CHARACTERS:
        return value
    several = _SEVERAL.fullmatch(value)
    if several is None:
        return value
    remainder = value[len(several[1]) :].strip(" ;|,\t")
    is_same_kind = (
        remainder.startswith(("http://", "https://")) if value.startswith("http") else ";" in value or "|" in value
    )
    return several[1].rstrip(",") if is_same_kind else value
