"""Nearest-neighbor queries for some artworks, image files or texts, answered as a report and a contact sheet."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from PIL import Image

from artsim.archive import Archive, UserError, duplicate_ids, is_public_domain
from artsim.archive.local_file import replacing
from artsim.explore.neighbors import all_neighbors
from artsim.explore.options import NeighborsOptions
from artsim.explore.rerank import DEPTH, Entry, Rerank
from artsim.extract.outside_images import Describer
from artsim.extract.outside_texts import TextDescriber
from artsim.matching.draw import matches_sheet
from artsim.matching.match import LocalMatches
from artsim.pictures.captioned_pictures import captioned_pictures, shrink
from artsim.pictures.contact_sheet import Cell, artwork_cell, contact_sheet, text_cell
from artsim.space.approximate import search_index
from artsim.space.features import Space
from artsim.space.index import load_or_update
from artsim.space.search import check_query, search
from artsim.vision.check import BadImage
from artsim.vision.patches import DEFAULT

_SHEET_ROWS, _SHEET_COLUMNS = 24, 20  # the most queries and answers that a picture shows
_SIDE = 240
_MATCHES_SHOWN = 24  # the most results that a picture of matches shows
_MATCH_SIDE = 320
_CANDIDATES = 10  # the most ids that an error message lists


def answer(archive: Archive, options: NeighborsOptions) -> dict[str, Any]:
    """Finds the neighbors of some artworks, files and texts, or writes the table of all; returns the report fields."""
    without = duplicate_ids(archive, options.without_duplicates, public_only=options.public_only)
    space = Space(archive, options.features, options.seed, without=without)
    how: dict[str, Any] = {
        "metric": options.metric,
        "farthest": options.farthest,
        "public_only": options.public_only,
        "indexed": options.index is not None,
    }
    if options.all:
        return all_neighbors(space, options.k, **how)
    if options.rerank:
        how["rerank"] = Rerank(options.rerank_depth or DEPTH, options.local_backbone or DEFAULT)
    return neighbors_of(
        space,
        ids=options.id or (),
        files=options.image or (),
        texts=options.text or (),
        k=options.k,
        picture=options.picture,
        **how,
    )


def neighbors_of(
    space: Space,
    *,
    ids: Sequence[str],
    files: Sequence[str],
    texts: Sequence[str] = (),
    k: int,
    metric: str,
    farthest: bool,
    public_only: bool,
    indexed: bool = False,
    rerank: Rerank | None = None,
    picture: str | None,
) -> dict[str, Any]:
    """Finds the k nearest (or farthest) artworks of each id, image file and text; returns the report fields.

    ``indexed`` searches approximately, by an index that is built or updated first (see artsim.space.index). ``rerank``
    orders the nearest by local matches; the picture of a single query then shows them. Raises ``UserError`` if there is
    no query, an id has no vector or is excluded by its rights, a file can't be read, or the features read no texts.
    """
    if not ids and not files and not texts:
        raise UserError("give `id`, `image`, `text` or `all`")
    check_query(k, metric)
    ids, files, texts = full_ids(space.archive, ids), list(dict.fromkeys(files)), list(dict.fromkeys(texts))
    if public_only:
        refuse_protected(space.archive, ids)
    queries = [space.find(ids)] if ids else []
    if files:
        queries.append(_describe_files(space, files))
    if texts:
        queries.append(_describe_texts(space, texts))
    outside = len(files) + len(texts)
    vectors, own = np.concatenate(queries), np.array([*ids, *([None] * outside)], dtype=object)
    report: dict[str, Any] = {}
    most = max(k, rerank.depth) if rerank else k
    if indexed:
        index, state = load_or_update(space, metric)
        results, effort = search_index(index, space, vectors, most, metric=metric, public_only=public_only, but_not=own)
        report["index"] = {**state, **effort}
    else:
        blocks = space.blocks(public_only=public_only)
        results = search(blocks, vectors, most, metric=metric, farthest=farthest, but_not=own)
    answers: list[list[Entry]] = [
        [
            {"id": str(identifier), "distance": round(float(distance), 6)}
            for identifier, distance in zip(*pair, strict=True)
            if np.isfinite(distance)  # the metric is undefined for the others
        ]
        for pair in zip(results.ids, results.distances, strict=True)
    ]
    title = f"{'farthest' if farthest else 'nearest'} by {space.title}, {metric} distance"
    matches: list[LocalMatches | None] = []  # of the last query
    if rerank:
        title += f", the first {rerank.depth} ordered by local matches"
        report["rerank"] = {"depth": rerank.depth, "backbone": rerank.backbone}
        for number, pairs in enumerate(rerank.order(space.archive, ids, files, answers)):
            answers[number], matches = [entry for entry, _ in pairs[:k]], [match for _, match in pairs[:k]]
    if picture:
        show_matches = rerank is not None and len(answers) == 1
        sheet = (
            _matches_sheet(space, [*ids, *files][0], answers[0], matches, title, is_file=not ids)
            if show_matches
            else _sheet(space, ids, files, texts, answers, title)
        )
        save_picture(sheet, picture)
    return {
        "rows_in": len(ids) + outside,
        "rows_out": sum(map(len, answers)),
        "rows_failed": 0,
        "metric": metric,
        **report,
        "picture": picture and str(Path(picture).resolve()),
        "queries": [
            {"query": query, "neighbors": nearest}
            for query, nearest in zip([*ids, *files, *texts], answers, strict=True)
        ],
    }


def full_ids(archive: Archive, ids: Sequence[str]) -> list[str]:
    """Adds the collection to ids that lack it, and removes duplicates.

    An id is completed if exactly one collection has it; an unknown id is returned unchanged. Raises ``UserError``,
    listing the candidates, if several collections have it.
    """
    return list(dict.fromkeys(_full(archive, identifier) for identifier in ids))


def _full(archive: Archive, identifier: str) -> str:
    catalog = archive.table("catalog")
    if catalog.find([identifier], ["id"]) is not None:
        return identifier
    matches = sorted(
        known
        for rows in catalog.scan(["id"])
        for known in rows.filter(pc.ends_with(rows["id"], f":{identifier}"))["id"].to_pylist()
        if known.partition(":")[2] == identifier
    )
    if len(matches) > 1:
        raise UserError(f"{identifier}: ambiguous; use one of {', '.join(matches[:_CANDIDATES])}")
    return matches[0] if matches else identifier


def refuse_protected(archive: Archive, ids: Sequence[str]) -> None:
    """Raises ``UserError`` if an artwork is not in the public domain or not in the catalog."""
    rows = archive.table("catalog").find(ids, ["id", "rights"])
    known = {row["id"]: row["rights"] for row in rows.to_pylist()} if rows else {}
    for identifier in ids:
        if identifier not in known:
            raise UserError(f"`rights` public: the catalog has no {identifier}")
        if not is_public_domain(known[identifier]):
            raise UserError(f"`rights` public: {identifier} is not public (rights: {known[identifier] or 'unknown'})")


def save_picture(image: Any, path: str) -> None:
    """Writes a picture and creates its folder; the file extension selects the format.

    Raises ``UserError`` if ``path`` is an address or can't be written.
    """
    if "://" in path:
        raise UserError(f"`picture` {path}: must be a local path, not an address")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with replacing(Path(path)) as draft:
            image.save(draft, _format_of(path))
    except (OSError, ValueError) as error:
        raise UserError(f"`picture` {path}: {error}") from error


def _format_of(path: str) -> str:
    """The name of Pillow's format for a file extension."""
    ending = Path(path).suffix.lower()
    known = Image.registered_extensions()
    if ending not in known:
        raise ValueError(f"unknown file extension: {ending}")
    return known[ending]


def _describe_files(space: Space, files: Sequence[str]) -> np.ndarray:
    try:
        images = {file: Path(file).read_bytes() for file in files}
    except OSError as error:
        raise UserError(f"`image` {error.filename}: {error.strerror}") from error
    try:
        return space.project(Describer(space.archive, [spec.name for spec in space.specs])(images))
    except BadImage as bad:
        raise UserError(f"`image` {bad.detail}") from bad


def _describe_texts(space: Space, texts: Sequence[str]) -> np.ndarray:
    if len(space.specs) > 1 or space.specs[0].pca is not None:
        raise UserError(f"`features` {space.title}: a text needs one feature, without a PCA")
    return TextDescriber(space.archive, space.specs[0].name)(texts)


def _matches_sheet(
    space: Space, query: str, entries: list[Entry], matches: list[LocalMatches | None], title: str, *, is_file: bool
) -> Any:
    shown = entries[:_MATCHES_SHOWN]
    asked = [] if is_file else [query]
    known = captioned_pictures(space.archive, [*asked, *(entry["id"] for entry in shown)], _MATCH_SIDE)
    image = shrink(Path(query).read_bytes(), _MATCH_SIDE) if is_file else known[query].image
    name = Path(query).name if is_file else known[query].title
    return matches_sheet(
        f"{name}: {title}",
        image,
        [
            (artwork_cell(known[entry["id"]], entry["distance"]), match)
            for entry, match in zip(shown, matches, strict=False)
        ],
    )


def _sheet(
    space: Space,
    ids: Sequence[str],
    files: Sequence[str],
    texts: Sequence[str],
    answers: list[list[dict[str, Any]]],
    title: str,
) -> Any:
    asked: list[str | Callable[[], Cell]] = [*ids]
    asked += [partial(_file_cell, file) for file in files]
    asked += [partial(text_cell, text) for text in texts]
    asked = asked[:_SHEET_ROWS]
    answers = [entries[:_SHEET_COLUMNS] for entries in answers[:_SHEET_ROWS]]
    shown = {entry["id"] for entries in answers for entry in entries} | set(ids[:_SHEET_ROWS])
    known = captioned_pictures(space.archive, sorted(shown), _SIDE)
    rows = []
    for query, entries in zip(asked, answers, strict=False):
        head = artwork_cell(known[query]) if isinstance(query, str) else query()
        rows.append((head, [artwork_cell(known[entry["id"]], entry["distance"]) for entry in entries]))
    return contact_sheet(title, rows)


def _file_cell(file: str) -> Cell:
    return Cell(shrink(Path(file).read_bytes(), _SIDE), [Path(file).name])
