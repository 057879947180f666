"""Tells the address of a thumbnail: a small copy of an image that lies elsewhere in full size."""

import re
from urllib.parse import unquote, urlsplit

from artsim.sources.values import first_of

_SMALLEST = 400  # pixels; an image that is asked for or named with fewer is a thumbnail
_WORDS = r"thumbs?|thumbnails?|thumb_?nail|tn|small|tiny|preview|previews|vignettes?|icons?|square|mini|miniature"
_FOLDER = re.compile(rf"(?:^|/)(?:[^/]*[_-])?(?:{_WORDS})(?:[_-][^/]*)?/", re.IGNORECASE)
_ENDING = re.compile(rf"(?:[_.-](?:{_WORDS}|t|s)|/(?:{_WORDS}))(?:\.\w+)?/?$", re.IGNORECASE)
_IIIF = re.compile(r"/(?:full|square|pct:[\d.,]+|\d+,\d+,\d+,\d+)/!?(\d*),(\d*)/\w+/\w+(?:\.\w+)?/?$", re.IGNORECASE)
_BOX = re.compile(r"[-_/](\d{2,3})x(\d{2,3})(?:[_-]\w*)?(?:/|\.\w+$)", re.IGNORECASE)
_PIXELS = re.compile(r"/(?:[whs](\d{2,4})|(\d{2,4})px)(?=[-/_.])", re.IGNORECASE)
_ASKED = re.compile(
    r"(?:^|[&;])(?:w|h|width|height|max|maxwidth|maxheight|maxsize|wid|hei|size|s)=(\d+)(?=&|;|$)", re.IGNORECASE
)
_ASKED_WORD = re.compile(rf"(?:^|[=&])(?:{_WORDS})(?:&|$)", re.IGNORECASE)


def is_thumbnail(address: str) -> bool:
    """Whether an address says that its image is small: by a size in pixels, or else by a folder or its name's end."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if size := _pixels(unquote(parts.path), parts.query):
        return size < _SMALLEST
    path = unquote(parts.path)
    return bool(_FOLDER.search(path) or _ENDING.search(path) or _ASKED_WORD.search(parts.query))


def is_sized(address: str) -> bool:
    """Whether an address gives a size in pixels that is no thumbnail's, whatever the name under which it stands."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return _pixels(unquote(parts.path), parts.query) >= _SMALLEST


def largest_of(value: str) -> str:
    """Of several addresses or image files in one value the first that is no thumbnail; any other value as it is."""
    first = one = first_of(value)
    while is_thumbnail(one) and (value := value[len(one) :].strip(" ;|,\t")):
        one = first_of(value)
    return first if is_thumbnail(one) else one


def _pixels(path: str, query: str) -> int:
    """The size in pixels that an address gives, the longer side; 0 if it gives none."""
    found = [one.groups() for pattern in (_IIIF, _BOX, _PIXELS) if (one := pattern.search(path))]
    found += [(size,) for size in _ASKED.findall(query)]
    return max((int(one or 0) for size in found for one in size), default=0)
