"""``jobs.annotations draw``: chooses what to ask a curator and writes the page that asks it."""

import hashlib
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.annotation_page.choices import anchors_of, near_choices, random_choices, with_repeats
from artsim.annotation_page.eligible import anchors_before, drawable
from artsim.annotation_page.page import Page, check_out, write_page
from artsim.annotation_page.pools import pools_of
from artsim.annotations.annotations import IMAGES, check_annotator
from artsim.annotations.near_candidates import neighborhoods, with_vectors
from artsim.annotations.options import AnnotationsOptions
from artsim.archive import Archive, UserError
from artsim.pictures.page_jpegs import small_jpegs
from artsim.runtime import progress
from artsim.space.features import Space

_COUNT = 100  # annotations, by default
_MAX_ANNOTATIONS = 1000  # annotations on a page: about 100 MB, all pictures included
_ANCHOR_SIDE, _CANDIDATE_SIDE = 400, 200  # pixels


def draw(archive: Archive, options: AnnotationsOptions) -> dict[str, Any]:
    """Writes an HTML page with ``n`` annotations to make; returns the run's share of the report.

    The eight candidates come from all artworks (``random``), from the anchor's neighborhood in ``features``
    (``near``), or from those near the anchor where ``model`` is unsure which is nearest (``uncertain``). All nine
    images come from one pool (see ``pools_of``). Artworks that ``annotator`` (or, if None, anybody) has not judged as
    anchors come first. ``repeats`` of the annotations come twice. Artworks without an image are left out; of those with
    the same file, one is kept. Raises a user error if the archive has too few artworks.
    """
    assert options.out is not None
    count, mode = options.n or _COUNT, options.mode or "random"
    out, annotator, model, repeats, seed = options.out, options.annotator, options.model, options.repeats, options.seed
    _check(out, annotator, count, mode, options.features, model)
    fresh = count - repeats
    if repeats < 0 or repeats > fresh // 3:
        raise UserError(f"`repeats` {repeats}: must be between 0 and a quarter of `n` {count}")
    space = Space(archive, options.features, seed) if mode == "near" else None
    among = with_vectors(space) if space else None
    if model:
        from artsim.annotation_page.uncertain import seen_by, uncertain_choices  # needs torch

        among = seen_by(archive, model)
    ids, keys = drawable(archive, among, options.pool_by, options.public_only)
    pool = pools_of(keys, IMAGES, options.pools)
    rng = np.random.default_rng([seed, 2])
    anchors = anchors_of(pool, anchors_before(archive, ids, annotator), fresh, rng)
    if space:
        choices = _near(space, ids, pool, anchors[:fresh], rng)
    elif model:
        choices = uncertain_choices(archive, model, ids, pool, anchors, fresh, rng)
    else:
        choices = random_choices(pool, anchors[:fresh], rng)
    if repeats:
        choices = with_repeats(choices, min(repeats, len(choices) // 3), rng)
    images = np.array(ids.take(pa.array(choices.ravel())).to_pylist(), dtype=object).reshape(choices.shape)
    name = hashlib.sha256("\n".join([mode, annotator or "", *images.ravel()]).encode()).hexdigest()[:12]
    page = Page(name, mode, annotator or "", images, *_shown(archive, images))
    kept = write_page(out, page)
    if kept < count:
        logging.warning("%d annotations instead of %d: %s", kept, count, _why_fewer(len(choices), kept))
    return {
        "rows_in": count,
        "rows_out": kept,
        "rows_failed": len(choices) - kept,
        "failures": {"a picture can't be read": len(choices) - kept} if len(choices) > kept else {},
        "mode": mode,
        "images": len(set(images.flat)),
        "artworks": len(ids),
        "pools": np.bincount(pool[pool >= 0]).tolist(),
        "page": out,
        "then": page.command(archive.uri),
    }


def _check(out: str, annotator: str | None, count: int, mode: str, features: Sequence[str], model: str | None) -> None:
    check_out(out)
    if annotator is not None:
        check_annotator(annotator)
    if not 1 <= count <= _MAX_ANNOTATIONS:
        raise UserError(f"`n` {count}: must be between 1 and {_MAX_ANNOTATIONS}; draw several pages for more")
    for option, given, needs in (("`features`", bool(features), "near"), ("`model`", bool(model), "uncertain")):
        if given and mode != needs:
            raise UserError(f"{option}: `mode` {mode} does not use it; use `mode` {needs}")
        if mode == needs and not given:
            raise UserError(f"{option}: `mode` {needs} needs it")


def _near(space: Space, ids: pa.Array, pool: np.ndarray, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    neighbors = neighborhoods(space, ids, np.zeros(len(ids), np.int64), pool, anchors)
    return near_choices({anchor: near for anchor, (near, _) in neighbors.items()}, anchors, rng)


def _shown(archive: Archive, images: np.ndarray) -> tuple[dict[str, dict[str, Any]], dict[str, list[bytes]]]:
    """Returns what the page says about each artwork, and its pictures: small, and large if it is an anchor."""
    ids = sorted(set(images.flat))
    rows = archive.table("catalog").find(ids, ["id", "title", "artist", "date_text", "year_from"])
    about = {row["id"]: row for row in ([] if rows is None else rows.to_pylist())}
    anchors = set(images[:, 0])
    sides = {artwork_id: [_CANDIDATE_SIDE, *([_ANCHOR_SIDE] if artwork_id in anchors else [])] for artwork_id in ids}
    stream = ({"id": artwork_id, "jpegs": jpegs, "rows": 1} for artwork_id, jpegs in small_jpegs(archive, sides))
    return about, {item["id"]: item["jpegs"] for item in progress(stream, len(ids), "pictures")}


def _why_fewer(drawn: int, kept: int) -> str:
    if drawn > kept:
        return f"{drawn - kept} have a picture that can't be read; jobs.scrape `refresh` fetches them again"
    return "there are no more artworks that can be anchors"
