"""Finds the columns of a table that hold images: names suggest them, values decide."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import UserError
from artsim.sources.tables.column_names import WEAK
from artsim.sources.tables.columns import IMAGE_NAMES, PAGE_NAMES, plain_name
from artsim.sources.tables.missing_values import without_no_value
from artsim.sources.tables.thumbnail_urls import is_sized, is_thumbnail, largest_of
from artsim.sources.tables.unlisted_columns import meaning, words_of
from artsim.sources.tables.value_kinds import Kind, kind_of

_SAMPLED_VALUES = 1000  # values of a column that are looked at
_MIN_SHARE = 0.9  # minimum share of matching values, where names do not decide
_CANDIDATES = 6  # maximum columns listed in a message
_WORDS = ("image", "img", "photo", "picture", "thumb", "media", "bild", "foto", "scan", "iiif", "edm")
_DEPICTED = ("represent", "rendition", "derivative", "reproduc", "shown")
_HOLDING = (*_DEPICTED, "digital", "file", "asset", "billed", "afbeeld", "visuel", "immagin")
_OTHER = (
    "right", "licen", "copyright", "credit", "manifest", "presentation", "description", "page", "website", "creator",
    "author", "artist", "agent", "person", "people", "video", "audio", "similar",
)  # fmt: skip
_LINKS = ("url", "uri", "href", "src", "location", "link", "value")
# Words for an image's size, in order of preference; () stands for names without such a word. Small ones come last.
_SIZES = (("large", "big"), ("full", "max", "high", "content"), (), ("orig", "raw", "master"))
_SMALL = ("tiny", "square", "thumb", "small", "preview", "icon", "logo", "portrait", "avatar", "flag", "vignette",
          "lowres", "low-res", "low res", "low_res")  # fmt: skip

_MIDDLE = _SIZES.index(())
_FIRST_SMALL = IMAGE_NAMES.index(plain_name("primary_image_small"))

_GOOD = (Kind.IMAGE, Kind.FILE)


class ImageColumns:
    """Chooses the image columns of a table and remembers the choice for its later rows."""

    def __init__(self) -> None:
        self._holds_images: dict[str, bool] = {}  # by column with values: whether it holds images
        self._small: dict[str, bool] = {}  # by image column: whether it holds thumbnails, by name or by address
        self._file_name_columns: set[str] = set()  # image columns that hold file names, not addresses

    def of(self, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
        """Return the columns that hold images, the best first; empty if there are none or the choice is unclear."""
        named = self._named(columns)
        chosen = [name for name in named if self._holds(name, columns)]
        if chosen:
            small = {name for name in chosen if self._are_small(name, columns)}
            if len(small) == len(chosen):
                chosen += _large_columns(chosen[0], columns)
            # full images first, then thumbnails, then bare file names
            return sorted(chosen, key=lambda name: (name in self._file_name_columns, name in small))
        empty = [name for name in named if name not in self._holds_images]  # later rows may have images
        return empty or self._by_values_alone(columns)

    def _named(self, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
        known: dict[str, float] = {
            name: IMAGE_NAMES.index(plain) for name in columns if (plain := plain_name(name)) in IMAGE_NAMES
        }
        known |= {name: _rank(name) for name in columns if name not in known and _is_worded(name)}
        other = {name: _rank(name) for name in columns if name not in known and names_an_image(name)}
        ranks = known | other
        return sorted(ranks, key=lambda name: (ranks[name], list(columns).index(name)))

    def _holds(self, name: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> bool:
        if name in self._holds_images:
            return self._holds_images[name]
        kinds = _kinds(columns[name])
        if not kinds:
            return False
        self._holds_images[name] = _are_images(name, kinds) and not _are_pages(name, kinds, columns)
        if 2 * (kinds[Kind.IMAGE] + kinds[Kind.ADDRESS]) < kinds.total():
            self._file_name_columns.add(name)
        return self._holds_images[name]

    def _are_small(self, name: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> bool:
        if name not in self._small and (values := _sample(columns[name])):
            small = is_thumbnail if not _is_small(name) else lambda value: not is_sized(value)
            self._small[name] = 2 * sum(small(largest_of(value)) for value in values) > len(values)
        return self._small.get(name, False)

    def _by_values_alone(self, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
        for name in columns:
            if self._holds_images.get(name):
                return [name]
        certain = _image_columns(columns)
        large = [name for name in certain if not self._are_small(name, columns)]
        for names in (large, certain):
            if names and len({_without_size(name) for name in names}) == 1:  # one image in several sizes
                best = min(names, key=_size_rank)
                self._holds_images[best] = True
                return [best]
        return []


def no_images(location: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> NoReturn:
    """Raise ``UserError`` with the columns that come closest and the options that give the images."""
    several = _image_columns(columns)
    if several:
        raise UserError(
            f"`location` {location}: several columns contain images ({', '.join(several[:_CANDIDATES])}); "
            f"choose one: `columns` image_url={several[0]}"
        )
    candidates = [(rank, text) for name, column in columns.items() for rank, text in _candidate(name, column)]
    closest = "; ".join(text for _, text in sorted(candidates, key=lambda item: item[0])[:_CANDIDATES])
    raise UserError(
        f"`location` {location}: no column contains images. "
        + (f"Closest: {closest}. " if closest else "")
        + "Use `columns` image_url=COLUMN for a column of addresses, `image_template` 'https://HOST/{COLUMN}' to build "
        f"addresses, or `images` FOLDER for files. Columns: {', '.join(columns)[:300]}"
    )


def _candidate(name: str, column: pa.ChunkedArray | pa.Array) -> list[tuple[int, str]]:
    """Return how a column may lead to images, with a rank (0 is likeliest); an empty list if it does not."""
    kinds = _kinds(column)
    if not kinds:
        return []
    kind = kinds.most_common(1)[0][0]
    example = _example(column)
    if kind in _GOOD:
        return [(0, f"{name} ({example})")]
    if kind is Kind.MANIFEST:
        return [(1, f"{name} (IIIF manifests, for `source` iiif: {example})")]
    has_image_word = any(word in plain_name(name) for word in _WORDS)
    if kind is Kind.RELATIVE and has_image_word:
        return [(0, f"{name} (addresses without a host, for `image_template` 'https://HOST{{{name}}}': {example})")]
    if kind in (Kind.ADDRESS, Kind.PAGE):
        return [(2 if has_image_word else 3, f"{name} (probably web pages: {example})")]
    return [(1, f"{name} ({example}, perhaps for `image_template`)")] if has_image_word else []


def _are_images(name: str, kinds: Counter[Kind]) -> bool:
    """Return whether values of these kinds are images; the test is stricter if the column's name does not say so."""
    good = sum(kinds[kind] for kind in _GOOD)
    if plain_name(name) in WEAK or not _is_known(name):
        only_texts = kinds[Kind.TEXT] == kinds.total() and plain_name(name) == "url"  # addresses that are all broken
        return only_texts or 2 * good >= kinds.total()
    good += kinds[Kind.ADDRESS]
    if plain_name(name) not in IMAGE_NAMES and not _is_worded(name):  # nested file names are internal to the museum
        good -= kinds[Kind.FILE]
    if plain_name(name).startswith("file"):  # needs no extension; each row checks that its file exists
        good += kinds[Kind.TEXT] + kinds[Kind.RELATIVE]
    return good > kinds[Kind.PAGE] + kinds[Kind.MANIFEST]


def _are_pages(name: str, kinds: Counter[Kind], columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> bool:
    """Return whether a column repeats the addresses of another column that by its name holds web pages."""
    if kinds[Kind.ADDRESS] < _MIN_SHARE * kinds.total():
        return False
    for other in columns:
        if other != name and plain_name(other) in PAGE_NAMES:
            same = pc.mean(pc.equal(columns[name], columns[other]).cast(pa.int8())).as_py()
            if same is not None and same >= _MIN_SHARE:
                return True
    return False


def _image_columns(columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
    full = []
    for name, column in columns.items():
        kinds = _kinds(column)
        if kinds and kinds[Kind.IMAGE] >= _MIN_SHARE * kinds.total():
            full.append(name)
    return full


def _large_columns(small: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
    """Return the columns of large images, those in the same nested value as the thumbnails first."""
    parents = small.split(".")[:-1]
    large = [
        name
        for name in _image_columns(columns)
        if not _is_small(name)
        and not any(word in plain_name(name).replace("representation", "") for word in _OTHER)
        and not all(map(is_thumbnail, _sample(columns[name])))
    ]
    return sorted(large, key=lambda name: name.split(".")[: len(parents)] != parents)


def _kinds(column: pa.ChunkedArray | pa.Array) -> Counter[Kind]:
    return Counter(map(kind_of, _sample(column)))


def _example(column: pa.ChunkedArray | pa.Array) -> str:
    return next(iter(_sample(column)), "")[:80]


def _sample(column: pa.ChunkedArray | pa.Array) -> list[str]:
    """Return the first values of a column that are not empty, at most ``_SAMPLED_VALUES``."""
    values = without_no_value(column).drop_null()
    return values.filter(pc.not_equal(pc.utf8_trim_whitespace(values), "")).slice(0, _SAMPLED_VALUES).to_pylist()


def names_an_image(name: str) -> bool:
    """Return whether the name of a nested value is that of an image address: ``media.0.image.url``, ``a.large.uri``."""
    *parents, last = words = [plain_name(part) for part in name.split(".")]
    if not parents or any(word in plain_name(name).replace("representation", "") for word in _OTHER):
        return False
    if last in IMAGE_NAMES:
        return True
    is_link = last.endswith(_LINKS) or _is_size(last) or parents[-1] == "accesspoint"
    return is_link and any(word in part for part in words for word in (*_WORDS, *_DEPICTED))


def _is_size(word: str) -> bool:
    return any(word.startswith(prefix) for prefixes in (*_SIZES, _SMALL, ("medium",)) for prefix in prefixes)


def _rank(name: str) -> float:
    """Return the rank of an image column with an unknown name among the known ones: before thumbnails, or last."""
    if _is_small(name) or not is_image_word(name):
        return len(IMAGE_NAMES) + _is_small(name)
    return _FIRST_SMALL - 1 + _size(name) / len(_SIZES) + 0.1


def _size(name: str) -> int:
    return next((at for at, words in enumerate(_SIZES) if any(word in name.lower() for word in words)), _MIDDLE)


def _size_rank(name: str) -> tuple[bool, int]:
    return "medium" in name.lower(), _size(name)


def _without_size(name: str) -> tuple[str, ...]:
    """Return the words and numbers of a name, without the words for a size."""
    return (*(word for word in words_of(name) if not _is_size(word)), *re.findall(r"\d+", name))


def is_image_word(key: str) -> bool:
    """Return whether a key is one under which records keep an artwork's images."""
    return any(word in plain_name(key) for word in (*_WORDS, *_HOLDING))


def _is_known(name: str) -> bool:
    return plain_name(name) in IMAGE_NAMES or _is_worded(name) or names_an_image(name)


def _is_worded(name: str) -> bool:
    """Return whether the words of a column's name mean an image, as in ``Full image URL``; false for nested names."""
    return "." not in name and meaning(name) == "image_url"


def _is_small(name: str) -> bool:
    return any(word in name.lower() for word in _SMALL)
