import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

from artsim.annotations.agreement import agreement, contradictions
from artsim.annotations.annotations import Annotations, add_annotations, read_annotations
from artsim.archive import Archive
from tests.learn.made_annotations import annotations_of

IDS = [f"m:{number:02d}" for number in range(14)]


def test_annotations_contradict_if_each_positive_is_a_negative_of_the_other() -> None:
    annotation = IDS[:9]
    other_choice = [IDS[0], IDS[2], IDS[1], *IDS[8:2:-1]]
    other_candidates = [IDS[0], IDS[3], IDS[1], *IDS[8:14]]
    never_together = [IDS[0], IDS[9], IDS[2], *IDS[4:9], IDS[13]]
    other_anchor = [IDS[2], IDS[1], IDS[0], *IDS[3:9]]
    rows = [annotation, other_choice, other_candidates, never_together, other_anchor, annotation]
    pairs = [(pair.first, pair.second, pair.same_images) for pair in contradictions(annotations_of(rows))]
    assert sorted(pairs) == [(0, 1, True), (0, 2, False), (1, 5, True), (2, 5, False)]


def test_contradictions_match_a_naive_loop() -> None:
    rng = np.random.default_rng(0)
    rows = [[IDS[rng.integers(2)], *rng.choice(IDS[2:], 8, replace=False)] for _ in range(120)]
    naive = []
    for (i, first), (j, second) in itertools.combinations(enumerate(rows), 2):
        if first[0] == second[0] and first[1] != second[1] and first[1] in second[2:] and second[1] in first[2:]:
            naive.append((i, j, set(first) == set(second)))
    pairs = [(pair.first, pair.second, pair.same_images) for pair in contradictions(annotations_of(rows))]
    assert sorted(pairs) == naive and len(naive) > 100


def _by(people: str, rows: list[list[str]]) -> Annotations:
    annotations = annotations_of(rows)
    return Annotations(
        annotations.annotation_id, np.array(list(people), dtype=object), annotations.images, annotations.mode
    )


def test_agreement_compares_annotations_of_the_same_query(tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path))
    annotation, other = IDS[:9], [IDS[0], IDS[2], IDS[1], *IDS[3:9]]
    second, third = [IDS[1], IDS[0], *IDS[2:9]], IDS[5:14]
    report = agreement(
        archive, _by("aabbaabc", [annotation, other, annotation, second, second, third, third, third[::-1]])
    )
    assert [(row["annotator"], row["other"], row["shared"], row["same"]) for row in report["agreement"]] == [
        ("a", "b", 3, pytest.approx(2 / 3, abs=1e-4))  # a's second judgment of the first nine differs from b's
    ]
    (row,) = report["agreement"]
    assert row["contradictions"] == 1 and 0 <= row["same_low"] <= row["same"] <= row["same_high"] <= 1
    (own,) = report["self_agreement"]
    assert (own["annotator"], own["shared"], own["same"], own["self_meanrank"]) == ("a", 1, 0, 5)
    assert own["contradictions"] == 1
    assert report["contradictions"] == {"count": 2, "same_nine": 2, "opposite_order": 0, "annotations": 3}


def test_opposite_orders_count_without_shared_queries(tmp_path: Path) -> None:
    rows = [IDS[:9], [IDS[0], IDS[3], IDS[1], *IDS[8:14]]]
    report = agreement(Archive.create(str(tmp_path)), _by("ab", rows))
    (row,) = report["agreement"]
    assert (row["shared"], row["same"], row["same_low"], row["contradictions"]) == (0, None, None, 1)
    assert report["contradictions"]["opposite_order"] == 1 and report["self_agreement"] == []
    assert report["contradicting"] == [
        {
            "kind": "opposite order",
            "anchor": IDS[0],
            "first": f"a: {IDS[1]}",
            "first_id": "annotation 0",
            "second": f"b: {IDS[3]}",
            "second_id": "annotation 1",
        }
    ]


def test_long_contradiction_lists_are_written_to_a_file(tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path))
    rows = [
        [IDS[0], IDS[1 + choice], *(image for image in IDS[1:9] if image != IDS[1 + choice])] for choice in range(8)
    ]
    add_annotations(archive, "anna", rows, "random")
    report = agreement(archive, read_annotations(archive))
    assert report["contradictions"]["count"] == 28 and len(report["contradicting"]) == 20
    with Path(tmp_path, report["contradictions_file"]).open(newline="") as file:
        kept = list(csv.DictReader(file))
    assert len(kept) == 28 and {row["kind"] for row in kept} == {"same nine"}
    known = dict(zip(read_annotations(archive).annotation_id, read_annotations(archive).images[:, 1], strict=True))
    for row in kept:
        assert row["first"] == f"anna: {known[row['first_id']]}" != f"anna: {known[row['second_id']]}" == row["second"]


def test_without_contradictions_no_file_is_written(tmp_path: Path) -> None:
    archive = Archive.create(str(tmp_path))
    report = agreement(archive, annotations_of([IDS[:9], IDS[:9]]))
    assert report["contradictions"]["count"] == 0 and report["contradictions_file"] is None
    assert report["self_agreement"][0]["self_meanrank"] == 1
    assert agreement(archive, annotations_of([]))["agreement"] == []
    assert not (tmp_path / "reports").exists()
