"""Plans the sample museum's artworks: originals, variants, copies, and a few with a flawed picture."""

import zlib
from dataclasses import dataclass, replace

from numpy.random import default_rng

from .motifs import MOTIFS
from .outlines import Rng
from .painters import PAINTERS, Painter
from .titles import Title, titles

_VARIANTS, _COPIES = 2, 3  # per painter, beside the originals
_SIDES = (560, 560, 560, 580, 600, 620, 660, 720, 840)  # long sides in pixels
_SMALLEST = 20  # the fewest artworks that include one of everything
_AGAIN = (" (second version)", " (seconde version)", " (zweite Fassung)")


@dataclass(frozen=True, slots=True)
class Work:
    """One row of the catalog, and how its picture is made.

    ``file`` is relative to the museum's folder; ``kind`` is original, variant or copy, ``of`` is the artwork that it is
    based on; ``flaw`` is "missing" or "truncated" for the two artworks without a complete picture. ``seeds`` are those
    of the composition and of the brushwork.
    """

    id: str
    file: str
    title: Title
    artist: str
    date: str
    year_from: int
    year_to: int
    style: str
    type: str
    technique: str
    location: str
    school: str
    rights: str
    palette: int
    size: tuple[int, int]
    seeds: tuple[int, int]
    kind: str = "original"
    of: str = ""
    flaw: str = ""

    @property
    def private(self) -> bool:
        """Whether robots.txt disallows the picture."""
        return self.file.startswith("private/")

    def metadata(self) -> dict[str, str]:
        """What the catalog adds to its columns: the inventory number, and the original of a copy or variant."""
        inventory = f"SM {self.year_to}.{zlib.crc32(self.id.encode()) % 900 + 100}"
        return {"inventory": inventory} | ({f"{self.kind}_of": self.of} if self.of else {})


def plan(seed: int = 0, works: int | None = None) -> tuple[Work, ...]:
    """Return the artworks of a museum, in hanging order.

    Args:
        seed: a different seed gives a different museum by the same painters.
        works: how many; None means all. Fewer are spread over painters and motifs, and include a variant, a copy,
            the two flawed pictures and one that robots.txt disallows.

    Raises:
        ValueError: there are not that many artworks, or they are too few to include one of everything.
    """
    groups = [_oeuvre(painter, index, seed) for index, painter in enumerate(PAINTERS)]
    originals = [group[k] for k in range(max(map(len, groups))) for group in groups if k < len(group)]
    originals[4] = replace(originals[4], flaw="missing")
    originals[9] = replace(originals[9], flaw="truncated")
    for k in (6, 13):
        originals[k] = replace(originals[k], file=f"private/{originals[k].id}.jpg")
    places = {work.id: place for place, work in enumerate(originals)}
    later: list[Work] = []
    for index, painter in enumerate(PAINTERS):
        own = [work for work in originals if work.artist == painter.name and not work.flaw]
        rng = default_rng([seed, 7, index])
        later += [_variant(work, painter, rng) for work in own[:_VARIANTS]]
        later += [_copy(work, rng) for work in own[:_COPIES]]
    later.sort(key=lambda work: places[work.of])
    # every fifth original is followed by a variant or a copy of an earlier one
    hung: list[Work] = []
    for place, work in enumerate(originals):
        hung.append(work)
        if place % 5 == 4 and places[later[0].of] <= place:
            hung.append(later.pop(0))
    hung += later
    if works is not None and not _SMALLEST <= works <= len(hung):
        raise ValueError(f"works: must be between {_SMALLEST} and {len(hung)}, not {works}")
    return tuple(hung[:works])


def _oeuvre(painter: Painter, index: int, seed: int) -> list[Work]:
    """A painter's originals, cycling through the motifs: two of each, three of favorites, four of the first two."""
    rng = default_rng([seed, 1, index])
    motifs = list(MOTIFS)
    rounds: list[list[Work]] = [[], [], [], []]
    for turn in range(len(motifs)):
        motif = motifs[(index * 3 + turn) % len(motifs)]
        count = 4 if motif in painter.favorites[:2] else 3 if motif in painter.favorites else 2
        for number, title in enumerate(titles(motif, count, rng)):
            rounds[number].append(_original(painter, motif, number, title, rng))
    return [work for part in rounds for work in part]


def _original(painter: Painter, motif: str, number: int, title: Title, rng: Rng) -> Work:
    aspect = float(rng.choice(painter.aspects))
    if motif == "portrait" and aspect > 0.95:
        aspect = 0.8
    long = int(rng.choice(_SIDES))
    date, year_from, year_to = _dated(painter, rng)
    name = f"{painter.key}-{motif.replace(' ', '-')}-{number + 1}"
    return Work(
        id=name,
        file=f"images/{name}.jpg",
        title=title,
        artist=painter.name,
        date=date,
        year_from=year_from,
        year_to=year_to,
        style=painter.style,
        type=motif,
        technique=painter.technique,
        location=f"Sample Museum, Room {1 + PAINTERS.index(painter) // 2}",
        school=painter.school,
        rights=painter.rights,
        palette=int(rng.integers(len(painter.palettes))),
        size=(long, round(long / aspect)) if aspect >= 1 else (round(long * aspect), long),
        seeds=(int(rng.integers(2**31)), int(rng.integers(2**31))),
    )


def _dated(painter: Painter, rng: Rng) -> tuple[str, int, int]:
    year = int(rng.integers(painter.born + 22, painter.died + 1))
    choice = rng.random()
    if choice < 0.55:
        return str(year), year, year
    if choice < 0.75:
        return f"c. {year}", year - 5, year + 5
    if choice < 0.9:
        return f"{year - 2}–{year}", year - 2, year
    return "undated", painter.born + 18, painter.died


def _variant(work: Work, painter: Painter, rng: Rng) -> Work:
    """Plan the painter's variant of an artwork: the same composition with another palette and other brushwork."""
    name = f"{work.id}-variant"
    year = min(work.year_to + int(rng.integers(1, 6)), painter.died)
    english, french, german = (words + again for words, again in zip(work.title, _AGAIN, strict=True))
    return replace(
        work,
        id=name,
        file=f"images/{name}.jpg",
        title=(english, french, german),
        date=str(year),
        year_from=year,
        year_to=year,
        palette=(work.palette + int(rng.integers(1, len(painter.palettes)))) % len(painter.palettes),
        seeds=(work.seeds[0], int(rng.integers(2**31))),
        kind="variant",
        of=work.id,
    )


def _copy(work: Work, rng: Rng) -> Work:
    """Plan a photograph of an artwork."""
    name = f"{work.id}-photo"
    seeds = (work.seeds[0], int(rng.integers(2**31)))
    return replace(work, id=name, file=f"images/{name}.jpg", seeds=seeds, kind="copy", of=work.id)
