"""Runs an evaluation: reads annotations, compares features and models, writes the result files."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from artsim.annotations.annotations import Annotations, read_annotations
from artsim.annotations.artworks import open_to_everyone
from artsim.annotations.self_meanrank import judged_twice, second_judgment, self_ranks
from artsim.annotations.splits import split
from artsim.archive import Archive, Store, UserError
from artsim.evaluate.comparison import Comparison, Row, compare, person
from artsim.evaluate.links import LinksRow, compare_links
from artsim.evaluate.options import EvaluateOptions
from artsim.evaluate.report import as_json, links_markdown, links_picture, markdown, meaning, picture
from artsim.evaluate.systems import System, comparable, systems
from artsim.learn.plan import groups_by
from artsim.metrics.distance import METRICS
from artsim.vision.recommended import recommended_features


def evaluate(archive: Archive, options: EvaluateOptions) -> dict[str, Any]:
    """Compares features and models on annotations, and on links if asked to; writes Markdown, pictures and JSON.

    The files go to the folder (or address) ``out``, by default ``evaluation/`` in the archive, which is then locked.
    ``again`` names a second judgment by a person and adds a row for it. Annotators who judged the same nine images
    twice get such a row anyway. ``split`` keeps only the test set of a split; it can't be combined with models. Returns
    the run's report fields.
    """
    in_archive = options.out in (None, archive.store.address("evaluation"))
    with archive.lock("evaluation") if in_archive else contextlib.nullcontext():
        return _evaluate(archive, options)


def _evaluate(archive: Archive, options: EvaluateOptions) -> dict[str, Any]:
    features: Sequence[Sequence[str]] = options.features or ()
    models, metric, seed = options.models, options.metric, options.seed
    if metric not in METRICS:
        raise UserError(f"`metric` {metric}: choose one of {', '.join(METRICS)}")
    if not features and not models:
        features = [recommended_features(archive)]
    entries = systems(archive, features, models, seed)
    if options.split and any(entry.models for entry in entries):
        raise UserError(f"`split` {options.split}: can't be combined with a model, which has its own split; omit it")
    store = Store.open(options.out or archive.store.address("evaluation"))
    annotations = _annotations(archive, options.annotator, options.again, options.public_only)
    if not len(annotations) and (options.again or not options.links):
        raise UserError("`archive`: no annotations yet; create them with jobs.annotations")
    sections = []
    if len(annotations):
        usable = comparable(archive, entries, annotations)
        if not len(usable):
            raise UserError(f"`features`: each of the {len(annotations)} annotations has an image without a vector")
        evaluated = _test_set(archive, usable, options.split, options.split_by, seed) if options.split else usable
        column = _group_column(entries) or options.split_by
        comparison = compare(archive, entries, evaluated, metric=metric, seed=seed, column=column)
        people = [person(f"{name}, again", ranks, seed) for name, ranks in judged_twice(annotations).items()]
        people += [_person(archive, annotations, options.again, seed)] if options.again else []
        without_vector = len(annotations) - len(usable)
        sections.append(_meanranks(comparison, people, entries, annotations, without_vector, metric))
    if options.links:
        sections.append(
            _links(*compare_links(archive, entries, metric=metric, seed=seed, public_only=options.public_only))
        )
    about: dict[str, Any] = {"metric": metric, "features": [list(specs) for specs in features], "models": list(models)}
    about["split"] = options.split
    for section in sections:
        about |= section.about
    report = {
        name: sum(section.rows[index] for section in sections)
        for index, name in enumerate(("rows_in", "rows_out", "rows_failed"))
    }
    failures = sum((Counter(section.failures) for section in sections), Counter[str]())
    return {**report, "failures": dict(failures.most_common()), **about, "files": _write(store, sections, about)}


def _group_column(entries: Sequence[System]) -> str | None:
    """Returns the catalog column by which models were trained with ``split_by``; the first of several."""
    columns = {model.card.get("split", {}).get("by") for entry in entries for model in entry.models}
    return min(columns - {None}, default=None)


@dataclass(frozen=True)
class _Section:
    """A section of an evaluation as text, picture and JSON fields.

    ``rows`` counts what came in, was measured and was left out; ``failures`` counts the reasons for leaving out.
    """

    text: str
    name: str
    picture: Image.Image
    about: dict[str, Any]
    rows: tuple[int, int, int]
    failures: dict[str, int]


def _meanranks(
    comparison: Comparison,
    people: list[Row],
    entries: Sequence[System],
    annotations: Annotations,
    without_vector: int,
    metric: str,
) -> _Section:
    """Builds the meanrank section.

    ``people`` are appended to the first table. ``without_vector`` counts annotations with an image without a vector.
    """
    annotators_text = ", ".join(sorted(set(annotations.annotator)))
    title = f"Meanrank on annotations by {annotators_text}"
    counts = {"annotations": len(annotations), "without_vector": without_vector, **comparison.counts}
    columns = {model.card.get("split", {}).get("by") for entry in entries for model in entry.models}
    column = ", ".join(sorted(columns - {None}))
    main, *others = comparison.tables
    subtitles = {kind: meaning(kind, counts[kind], column) for kind in comparison.tables}
    subtitles[main] += f" Measured by {metric} distance; 1 is perfect, 4.5 is chance."
    tables = comparison.tables | {main: [*comparison.tables[main], *people]}
    about = {
        "annotators": annotators_text,
        "annotations": counts,
        "kind": main,
        "table": as_json(tables[main]),
        "further_tables": {kind: as_json(tables[kind]) for kind in others},
        "remarks": comparison.remarks,
    }
    return _Section(
        markdown(tables, counts, title, subtitles, comparison.remarks),
        "meanrank.png",
        picture(tables, title, subtitles),
        about,
        (counts["annotations"], comparison.measured, without_vector),
        {"an image without a vector": without_vector} if without_vector else {},
    )


def _links(rows: list[LinksRow], counts: dict[str, int]) -> _Section:
    return _Section(
        links_markdown(rows, counts),
        "links.png",
        links_picture(rows, counts),
        {"links": {**counts, "table": as_json(rows)}},
        (counts["links"] + counts["left_out"], counts["links"], counts["left_out"]),
        {"an end of a link without a vector": without_vector} if (without_vector := counts["left_out"]) else {},
    )


def _annotations(
    archive: Archive, annotators: Sequence[str] | None, again: str | None, public_only: bool
) -> Annotations:
    """Returns the annotations of ``annotators``; by default all except those of the second judgment."""
    annotations = read_annotations(archive, annotators)
    if annotators is None and again:
        annotations = annotations.take(annotations.annotator != again)
    return open_to_everyone(archive, annotations) if public_only else annotations


def _test_set(archive: Archive, annotations: Annotations, kind: str, column: str | None, seed: int) -> Annotations:
    """Returns the test set: the annotations that jobs.train would hold out."""
    if kind == "group-disjoint" and column is None:
        raise UserError("`split` group-disjoint: `split_by` must name the catalog column that holds the groups")
    groups = groups_by(archive, column, annotations.ids().tolist()) if column else None
    return annotations.take(split(annotations, kind, seed=seed, groups=groups)[1])


def _person(archive: Archive, annotations: Annotations, again: str, seed: int) -> Row:
    ranks = self_ranks(annotations, second_judgment(archive, again))
    row = person(f"{Path(again).name}, again", ranks, seed)
    if row.after is None:
        raise UserError(f"`again` {again}: no judgment matches an evaluated annotation (same nine images)")
    return row


def _write(store: Store, sections: Sequence[_Section], about: dict[str, Any]) -> list[str]:
    """Writes the files and returns their addresses. Raises a user error if writing fails."""
    try:
        for section in sections:
            with store.replace(section.name) as draft:
                section.picture.save(draft, "PNG")
        with store.replace("evaluation.md") as draft:
            Path(draft).write_text("\n".join(section.text for section in sections), encoding="utf-8")
        store.write_json("evaluation.json", about)
    except OSError as error:
        raise UserError(f"`out` {store.uri}: {error}") from error
    return [
        store.address(name) for name in ("evaluation.md", "evaluation.json", *(section.name for section in sections))
    ]
