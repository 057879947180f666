"""Self-meanrank: where a person's choice stands in their own second judgement of the same nine artworks."""

from pathlib import Path

import numpy as np

from artsim.archive import Archive, Mistake
from artsim.learn.annotation_names import find_names
from artsim.learn.annotation_text import read_lines
from artsim.learn.annotations import IMAGES, Annotations, read_annotations


def second_judgement(archive: Archive, again: str) -> np.ndarray:
    """What was judged again, by the name of an annotator or from a file in the text format: ids, object (n, 9).

    Lines of a file that are no annotation of artworks of the archive are left out. Mistake if there is neither.
    """
    if again in read_annotations(archive).annotator:
        return read_annotations(archive, [again]).images
    if not Path(again).is_file():
        raise Mistake(f"--again {again}: neither an annotator with annotations nor a file")
    nine = [line.fields for line in read_lines(again) if len(line.fields) == IMAGES]
    meant = find_names(archive, (name for names in nine for name in names))
    rows = [[meant[name][0] for name in names] for names in nine if all(len(meant[name]) == 1 for name in names)]
    return np.array(rows, dtype=object).reshape(-1, IMAGES)


def judged_twice(annotations: Annotations) -> dict[str, np.ndarray]:
    """For each annotator who judged some of the same nine twice, the ranks of the first choices in the last judgement.

    By name; float64 (k,), one for each repeated question.
    """
    found = {}
    for annotator in sorted(set(annotations.annotator)):
        theirs = annotations.take(annotations.annotator == annotator)
        earliest: dict[tuple[str, frozenset[str]], int] = {}
        rows = [earliest.setdefault(question(nine), row) for row, nine in enumerate(theirs.images)]
        first = np.array(rows) == np.arange(len(rows))
        ranks = self_ranks(theirs.take(first), theirs.images[~first])
        if not np.isnan(ranks).all():
            found[annotator] = ranks[~np.isnan(ranks)]
    return found


def self_ranks(annotations: Annotations, second: np.ndarray) -> np.ndarray:
    """The rank of each annotation's positive in the second judgement; float64 (n,), NaN where there is none.

    A judgement is of the same anchor and the same eight candidates, in any order. What was chosen then is first, the
    others tie: for the same choice 1, for another 5, the mean of 2 to 8. Of several second judgements the last counts.
    """
    chosen = {question(nine): nine[1] for nine in second}
    tied = (2 + IMAGES - 1) / 2
    rank = {True: 1.0, False: tied, None: np.nan}
    found = [chosen.get(question(nine)) for nine in annotations.images]
    same = [None if one is None else one == nine[1] for one, nine in zip(found, annotations.images, strict=True)]
    return np.array([rank[one] for one in same], np.float64)


def question(nine: np.ndarray) -> tuple[str, frozenset[str]]:
    """What was asked: the anchor and the eight candidates, whichever was chosen."""
    return nine[0], frozenset(nine[1:])
