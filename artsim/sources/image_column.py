"""Which columns of a table hold images: their names propose, their values decide."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Mistake
from artsim.sources.columns import IMAGE_NAMES, PAGE_NAMES, plain_name
from artsim.sources.no_value import without_no_value
from artsim.sources.synonyms import WEAK
from artsim.sources.thumbnails import is_sized, is_thumbnail, largest_of
from artsim.sources.values import Kind, kind_of
from artsim.sources.wording import meaning, words_of

_TRIED = 1000  # values of a column that are looked at
_SURE = 0.9  # share of images in a column whose name says nothing
_CANDIDATES = 6  # named in a message
_WORDS = ("image", "img", "photo", "picture", "thumb", "media", "bild", "foto", "scan", "iiif", "edm")
_DEPICTED = ("represent", "rendition", "derivative", "reproduc", "shown")
_HOLDING = (*_DEPICTED, "digital", "file", "asset", "billed", "afbeeld", "visuel", "immagin")
_OTHER = (
    "right", "licen", "copyright", "credit", "manifest", "presentation", "description", "page", "website", "creator",
    "author", "artist", "agent", "person", "people", "video", "audio", "similar",
)  # fmt: skip
_LINKS = ("url", "uri", "href", "src", "location", "link", "value")
# What names say of an image's size, the better ones first; what says nothing comes between, the small ones last.
_SIZES = (("large", "big"), ("full", "max", "high", "content"), (), ("orig", "raw", "master"))
_SMALL = ("tiny", "square", "thumb", "small", "preview", "icon", "logo", "portrait", "avatar", "flag", "vignette",
          "lowres", "low-res", "low res", "low_res")  # fmt: skip

_MIDDLE = _SIZES.index(())
_FIRST_SMALL = IMAGE_NAMES.index(plain_name("primary_image_small"))

_GOOD = (Kind.IMAGE, Kind.FILE)


class ImageColumns:
    """Chooses the columns of images of one table and remembers the choice for its later rows."""

    def __init__(self) -> None:
        self._judged: dict[str, bool] = {}  # by column that had values: whether it holds images
        self._small: dict[str, bool] = {}  # by column of images: whether they are thumbnails, by name or by address
        self._bare: set[str] = set()  # columns of images that are names of files, no addresses

    def of(self, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
        """The columns that hold images, the best first; empty if there is none or nobody can tell which."""
        named = self._named(columns)
        chosen = [name for name in named if self._holds(name, columns)]
        if chosen:
            small = {name for name in chosen if self._are_small(name, columns)}
            if len(small) == len(chosen):
                chosen += _large_beside(chosen[0], columns)
            # names without an address last, before them thumbnails
            return sorted(chosen, key=lambda name: (name in self._bare, name in small))
        empty = [name for name in named if name not in self._judged]  # the rows to come may have images
        return empty or self._by_values_alone(columns)

    def _named(self, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
        known: dict[str, float] = {
            name: IMAGE_NAMES.index(plain) for name in columns if (plain := plain_name(name)) in IMAGE_NAMES
        }
        known |= {name: _rank(name) for name in columns if name not in known and _is_worded(name)}
        other = {name: _rank(name) for name in columns if name not in known and speaks_of_images(name)}
        ranks = known | other
        return sorted(ranks, key=lambda name: (ranks[name], list(columns).index(name)))

    def _holds(self, name: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> bool:
        if name in self._judged:
            return self._judged[name]
        kinds = _kinds(columns[name])
        if not kinds:
            return False
        self._judged[name] = _are_images(name, kinds) and not _are_pages(name, kinds, columns)
        if 2 * (kinds[Kind.IMAGE] + kinds[Kind.ADDRESS]) < kinds.total():
            self._bare.add(name)
        return self._judged[name]

    def _are_small(self, name: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> bool:
        if name not in self._small and (values := _sample(columns[name])):
            small = is_thumbnail if not _is_small(name) else lambda value: not is_sized(value)
            self._small[name] = 2 * sum(small(largest_of(value)) for value in values) > len(values)
        return self._small.get(name, False)

    def _by_values_alone(self, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
        for name in columns:
            if self._judged.get(name):
                return [name]
        sure = _full_of_images(columns)
        large = [name for name in sure if not self._are_small(name, columns)]
        for some in (large, sure):
            if some and len({_without_size(name) for name in some}) == 1:  # one image in several sizes
                best = min(some, key=_size_rank)
                self._judged[best] = True
                return [best]
        return []


def no_images(location: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> NoReturn:
    """Mistake that says which columns come closest, and which option gives the images."""
    several = _full_of_images(columns)
    if several:
        raise Mistake(
            f"--location {location}: several columns hold images ({', '.join(several[:_CANDIDATES])}); "
            f"say which: --columns image_url={several[0]}"
        )
    found = [(rank, said) for name, column in columns.items() for rank, said in _candidate(name, column)]
    closest = "; ".join(said for _, said in sorted(found, key=lambda one: one[0])[:_CANDIDATES])
    raise Mistake(
        f"--location {location}: no column holds images. "
        + (f"The closest: {closest}. " if closest else "")
        + "Say --columns image_url=COLUMN for a column of addresses, --image-template 'https://HOST/{COLUMN}' to build "
        f"addresses, or --images FOLDER for files. The columns: {', '.join(columns)[:300]}"
    )


def _candidate(name: str, column: pa.ChunkedArray | pa.Array) -> list[tuple[int, str]]:
    """How likely a column leads to images (0 is likeliest), and how; nothing if it does not."""
    kinds = _kinds(column)
    if not kinds:
        return []
    kind = kinds.most_common(1)[0][0]
    example = _example(column)
    if kind in _GOOD:
        return [(0, f"{name} ({example})")]
    if kind is Kind.MANIFEST:
        return [(1, f"{name} (IIIF manifests, for --source iiif: {example})")]
    speaks = any(word in plain_name(name) for word in _WORDS)
    if kind is Kind.RELATIVE and speaks:
        return [(0, f"{name} (addresses without a host, for --image-template 'https://HOST{{{name}}}': {example})")]
    if kind in (Kind.ADDRESS, Kind.PAGE):
        return [(2 if speaks else 3, f"{name} (web pages, by their looks: {example})")]
    return [(1, f"{name} ({example}, perhaps for --image-template)")] if speaks else []


def _are_images(name: str, kinds: Counter[Kind]) -> bool:
    """Whether values of these kinds are images, under a name that says so or under one that says nothing."""
    good = sum(kinds[kind] for kind in _GOOD)
    if plain_name(name) in WEAK or not _is_known(name):
        only_texts = kinds[Kind.TEXT] == kinds.total() and plain_name(name) == "url"  # addresses, all of them broken
        return only_texts or 2 * good >= kinds.total()
    good += kinds[Kind.ADDRESS]
    if plain_name(name) not in IMAGE_NAMES and not _is_worded(name):  # the file of a nested value is the museum's own
        good -= kinds[Kind.FILE]
    if plain_name(name).startswith("file"):  # a file needs no ending; whether it is there is asked for each row
        good += kinds[Kind.TEXT] + kinds[Kind.RELATIVE]
    return good > kinds[Kind.PAGE] + kinds[Kind.MANIFEST]


def _are_pages(name: str, kinds: Counter[Kind], columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> bool:
    """Whether a column repeats the addresses of another one that is known for web pages."""
    if kinds[Kind.ADDRESS] < _SURE * kinds.total():
        return False
    for other in columns:
        if other != name and plain_name(other) in PAGE_NAMES:
            same = pc.mean(pc.equal(columns[name], columns[other]).cast(pa.int8())).as_py()
            if same is not None and same >= _SURE:
                return True
    return False


def _full_of_images(columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
    full = []
    for name, column in columns.items():
        kinds = _kinds(column)
        if kinds and kinds[Kind.IMAGE] >= _SURE * kinds.total():
            full.append(name)
    return full


def _large_beside(small: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> list[str]:
    """The columns of large images beside thumbnails, the nearest first: those within the same nested value."""
    above = small.split(".")[:-1]
    large = [
        name
        for name in _full_of_images(columns)
        if not _is_small(name)
        and not any(word in plain_name(name).replace("representation", "") for word in _OTHER)
        and not all(map(is_thumbnail, _sample(columns[name])))
    ]
    return sorted(large, key=lambda name: name.split(".")[: len(above)] != above)


def _kinds(column: pa.ChunkedArray | pa.Array) -> Counter[Kind]:
    return Counter(map(kind_of, _sample(column)))


def _example(column: pa.ChunkedArray | pa.Array) -> str:
    return next(iter(_sample(column)), "")[:80]


def _sample(column: pa.ChunkedArray | pa.Array) -> list[str]:
    """The first values of a column that has any, a bounded number."""
    values = without_no_value(column).drop_null()
    return values.filter(pc.not_equal(pc.utf8_trim_whitespace(values), "")).slice(0, _TRIED).to_pylist()


def speaks_of_images(name: str) -> bool:
    """Whether the name of a nested value says that it is an image's address: ``media.0.image.url``, ``a.large.uri``."""
    *above, last = words = [plain_name(one) for one in name.split(".")]
    if not above or any(word in plain_name(name).replace("representation", "") for word in _OTHER):
        return False
    if last in IMAGE_NAMES:
        return True
    is_link = last.endswith(_LINKS) or _is_size(last) or above[-1] == "accesspoint"
    return is_link and any(word in one for one in words for word in (*_WORDS, *_DEPICTED))


def _is_size(word: str) -> bool:
    return any(word.startswith(one) for some in (*_SIZES, _SMALL, ("medium",)) for one in some)


def _rank(name: str) -> float:
    """Where an image's column whose name is not known stands among those that are: before thumbnails, or after all."""
    if _is_small(name) or not is_image_word(name):
        return len(IMAGE_NAMES) + _is_small(name)
    return _FIRST_SMALL - 1 + _size(name) / len(_SIZES) + 0.1


def _size(name: str) -> int:
    return next((at for at, words in enumerate(_SIZES) if any(one in name.lower() for one in words)), _MIDDLE)


def _size_rank(name: str) -> tuple[bool, int]:
    return "medium" in name.lower(), _size(name)


def _without_size(name: str) -> tuple[str, ...]:
    """The words and numbers of a name apart from those that give a size."""
    return (*(word for word in words_of(name) if not _is_size(word)), *re.findall(r"\d+", name))


def is_image_word(key: str) -> bool:
    """Whether a key is one under which a work's images stand."""
    return any(word in plain_name(key) for word in (*_WORDS, *_HOLDING))


def _is_known(name: str) -> bool:
    return plain_name(name) in IMAGE_NAMES or _is_worded(name) or speaks_of_images(name)


def _is_worded(name: str) -> bool:
    """Whether the words of a column's name are one for an image, as in ``Full image URL``. Nested names say more."""
    return "." not in name and meaning(name) == "image_url"


def _is_small(name: str) -> bool:
    return any(word in name.lower() for word in _SMALL)
