"""Recognizes the URLs of thumbnails: small copies of images that exist elsewhere in full size."""

import re
from urllib.parse import unquote, urlsplit

from artsim.sources.tables.value_kinds import first_of

_SMALLEST = 400  # pixels; an image with a smaller size in its URL is a thumbnail
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
    """Whether a URL says that its image is small: by a size in pixels, else by a word in its path or query."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if size := _pixels(unquote(parts.path), parts.query):
        return size < _SMALLEST
    path = unquote(parts.path)
    return bool(_FOLDER.search(path) or _ENDING.search(path) or _ASKED_WORD.search(parts.query))


def is_sized(address: str) -> bool:
    """Whether a URL gives a size in pixels larger than a thumbnail's; words in the URL do not count."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return _pixels(unquote(parts.path), parts.query) >= _SMALLEST


def largest_of(value: str) -> str:
    """Return the first of several URLs or image files in a value that is not a thumbnail.

    If all are thumbnails, returns the first; any other value is returned unchanged.
    """
    first = candidate = first_of(value)
    while is_thumbnail(candidate) and (value := value[len(candidate) :].strip(" ;|,\t")):
        candidate = first_of(value)
    return first if is_thumbnail(candidate) else candidate


def _pixels(path: str, query: str) -> int:
    """Return the longer side in pixels that a URL gives; 0 if it gives none."""
    sizes = [match.groups() for pattern in (_IIIF, _BOX, _PIXELS) if (match := pattern.search(path))]
    sizes += [(size,) for size in _ASKED.findall(query)]
    return max((int(side or 0) for size in sizes for side in size), default=0)
