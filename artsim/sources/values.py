"""What a value of a table looks like: an image's address, a web page's, a file, or something else."""

import re
from enum import StrEnum
from urllib.parse import unquote

from artsim.sources.endings import ENDINGS, UNREAD

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
_LONGEST = 4096  # characters of a value that are looked at


class Kind(StrEnum):
    """What a value looks like."""

    IMAGE = "image"  # an address that can hardly be anything else
    FILE = "file"  # the name of an image file, no address
    ADDRESS = "address"  # a web address that may be anything
    PAGE = "page"  # the address of a web page
    MANIFEST = "manifest"  # the address of a IIIF manifest
    RELATIVE = "relative"  # an address without its host, or an absolute path
    TEXT = "text"


def kind_of(value: str) -> Kind:
    """What a value looks like. Of several addresses in one value, the first counts."""
    value = first_of(" ".join(value[:_LONGEST].split()))
    value = re.sub(r"^//(?=[^/]+\.[^/]+/)", "https://", value)  # an address that leaves out how it is fetched
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
    """The first of several addresses or image files in one value; any other value as it is."""
    if len(value) > _LONGEST:
        return value
    several = _SEVERAL.fullmatch(value)
    if several is None:
        return value
    rest = value[len(several[1]) :].strip(" ;|,\t")
    is_same_kind = (
        rest.startswith(("http://", "https://")) if value.startswith("http") else ";" in value or "|" in value
    )
    return several[1].rstrip(",") if is_same_kind else value
