"""Self-meanrank: the rank of a person's choice in their own second judgment of the same annotation."""

from pathlib import Path

import numpy as np

from artsim.annotations.annotations import IMAGES, Annotations, read_annotations
from artsim.annotations.artwork_names import find_names
from artsim.annotations.text_format import read_lines
from artsim.archive import Archive, UserError


def second_judgment(archive: Archive, again: str) -> np.ndarray:
    """Returns the second judgments, by an annotator's name or from a file in the text format: ids, object (n, 9).

    Skips lines of a file that are not an annotation of artworks in the archive. Raises a user error if ``again`` is
    neither an annotator nor a file.
    """
    if again in read_annotations(archive).annotator:
        return read_annotations(archive, [again]).images
    if not Path(again).is_file():
        raise UserError(f"`again` {again}: neither an annotator with annotations nor a file")
    name_rows = [line.fields for line in read_lines(again) if len(line.fields) == IMAGES]
    ids_of_name = find_names(archive, (name for names in name_rows for name in names))
    rows = [
        [ids_of_name[name][0] for name in names]
        for names in name_rows
        if all(len(ids_of_name[name]) == 1 for name in names)
    ]
    return np.array(rows, dtype=object).reshape(-1, IMAGES)


def judged_twice(annotations: Annotations) -> dict[str, np.ndarray]:
    """Returns, by annotator who judged annotations twice, the ranks of the first choices in the last judgment.

    Each is float64 (k,), one rank for each repeated annotation.
    """
    ranks_by_annotator = {}
    for annotator in sorted(set(annotations.annotator)):
        own_annotations = annotations.take(annotations.annotator == annotator)
        first_rows: dict[tuple[str, frozenset[str]], int] = {}
        rows = [
            first_rows.setdefault(query_key(image_ids), row) for row, image_ids in enumerate(own_annotations.images)
        ]
        first = np.array(rows) == np.arange(len(rows))
        ranks = self_ranks(own_annotations.take(first), own_annotations.images[~first])
        if not np.isnan(ranks).all():
            ranks_by_annotator[annotator] = ranks[~np.isnan(ranks)]
    return ranks_by_annotator


def self_ranks(annotations: Annotations, second: np.ndarray) -> np.ndarray:
    """Returns the rank of each annotation's positive in the second judgment; float64 (n,), NaN if there is none.

    A second judgment has the same anchor and the same eight candidates, in any order. Its choice ranks first and the
    others tie: the rank is 1 for the same choice and 5, the mean of 2 to 8, for another. If there are several second
    judgments, the last counts.
    """
    choice_of = {query_key(image_ids): image_ids[1] for image_ids in second}
    tied = (2 + IMAGES - 1) / 2
    rank = {True: 1.0, False: tied, None: np.nan}
    choices = [choice_of.get(query_key(image_ids)) for image_ids in annotations.images]
    agreement = [
        None if choice is None else choice == image_ids[1]
        for choice, image_ids in zip(choices, annotations.images, strict=True)
    ]
    return np.array([rank[agrees] for agrees in agreement], np.float64)


def query_key(image_ids: np.ndarray) -> tuple[str, frozenset[str]]:
    """Returns what an annotation asks: the anchor and the eight candidates, whichever was chosen."""
    return image_ids[0], frozenset(image_ids[1:])
