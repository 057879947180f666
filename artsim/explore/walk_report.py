"""Walks between two artworks of an archive, drawn as a strip, scatter or tube."""

from pathlib import Path
from typing import Any

import numpy as np

from artsim.archive import Archive, UserError
from artsim.explore.options import WalkOptions
from artsim.explore.queries import full_ids, refuse_protected, save_picture
from artsim.explore.walk import Walk, walk
from artsim.pictures import walks
from artsim.pictures.captioned_pictures import captioned_pictures
from artsim.pictures.thumbnails import SIDE
from artsim.space.features import Space

KINDS = ("strip", "scatter", "tube")
_CLOUD = 250  # artworks that a scatter shows around the walk


def walk_report(archive: Archive, options: WalkOptions) -> dict[str, Any]:
    """Finds a walk from one artwork to another and draws it if ``picture`` is a path; returns the report fields.

    See ``artsim.explore.walk``.
    """
    space = Space(archive, options.features, options.seed)
    start, end = (full_ids(archive, [identifier])[0] for identifier in (options.from_, options.to))
    if options.public_only:
        refuse_protected(archive, [start, end])
    way = walk(
        space,
        start,
        end,
        options.steps,
        jitter=options.jitter,
        metric=options.metric,
        seed=options.seed,
        public_only=options.public_only,
    )
    if options.picture:
        save_picture(_picture(space, way, options.kind, options.seed, options.public_only), options.picture)
    return {
        "rows_in": 2,
        "rows_out": len(way.ids),
        "rows_failed": 0,
        "walk": [
            {"id": identifier, "distance": round(distance, 6)}
            for identifier, distance in zip(way.ids, way.distances, strict=True)
        ],
        "picture": options.picture and str(Path(options.picture).resolve()),
    }


def _picture(space: Space, way: Walk, kind: str, seed: int, public_only: bool) -> Any:
    if kind not in KINDS:
        raise UserError(f"`kind` {kind}: choose one of {', '.join(KINDS)}")
    if kind == "scatter":
        return _scatter(space, way, seed, public_only)
    around = [identifier for names in way.around for identifier in names] if kind == "tube" else []
    known = captioned_pictures(space.archive, [*way.ids, *around], SIDE)
    steps = [known[identifier] for identifier in way.ids]
    if kind == "strip":
        return walks.strip(steps)
    return walks.tube(steps, [[known[identifier] for identifier in names] for names in way.around])


def _scatter(space: Space, way: Walk, seed: int, public_only: bool) -> Any:
    """Draws the walk among other artworks, on the plane of their first two principal components."""
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(seed)
    cloud_ids = list(dict.fromkeys(identifier for names in way.around for identifier in names))
    for ids, _ in space.blocks(public_only=public_only):
        if len(cloud_ids) >= _CLOUD:
            break
        cloud_ids += [str(identifier) for identifier in rng.permutation(ids)[:12]]
    cloud_ids = [identifier for identifier in dict.fromkeys(cloud_ids) if identifier not in set(way.ids)][:_CLOUD]
    vectors = space.find([*way.ids, *cloud_ids])
    if vectors.shape[1] == 1:
        vectors = np.pad(vectors, ((0, 0), (0, 1)))  # a one-dimensional space gets a second axis
    places = PCA(2, random_state=seed).fit(vectors).transform(vectors)
    known = captioned_pictures(space.archive, [*way.ids, *cloud_ids], SIDE)
    count = len(way.ids)
    return walks.scatter(
        [known[identifier] for identifier in way.ids],
        places[:count],
        [known[identifier] for identifier in cloud_ids],
        places[count:],
    )
