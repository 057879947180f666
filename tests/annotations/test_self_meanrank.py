from pathlib import Path

import numpy as np
import pytest

from artsim.annotations.annotations import add_annotations, read_annotations
from artsim.annotations.self_meanrank import judged_twice, second_judgment, self_ranks
from artsim.archive import Archive, UserError
from tests.learn.made_annotations import annotations_of
from tests.made import make_archive, named

_IDS = named(40)
_FIRST = [_IDS[0:9], _IDS[9:18], _IDS[18:27], _IDS[27:36]]
_SECOND = [
    [_IDS[0], _IDS[1], *reversed(_IDS[2:9])],  # the same choice, with the others in another order
    [_IDS[9], _IDS[12], _IDS[10], _IDS[11], *_IDS[13:18]],  # another choice
    [_IDS[19], _IDS[18], *_IDS[20:27]],  # another anchor
    [*_IDS[27:35], _IDS[36]],  # another candidate
]


def test_self_rank_is_the_rank_of_the_first_choice() -> None:
    ranks = self_ranks(annotations_of(_FIRST), annotations_of(_SECOND).images)
    naive = []
    for annotation in _FIRST:
        rank = np.nan
        for other in _SECOND:
            if other[0] == annotation[0] and sorted(other[1:]) == sorted(annotation[1:]):
                order = [[other[1]], other[2:]]  # chosen first, the others tied
                places = {candidate: np.mean(range(2, 9)) if candidate in order[1] else 1 for candidate in other[1:]}
                rank = places[annotation[1]]
        naive.append(rank)
    np.testing.assert_array_equal(ranks, naive)
    np.testing.assert_array_equal(ranks, [1, 5, np.nan, np.nan])


def test_the_last_of_several_second_judgments_counts() -> None:
    second = annotations_of([_SECOND[1], _FIRST[1]]).images
    assert self_ranks(annotations_of(_FIRST[1:2]), second).tolist() == [1]
    assert self_ranks(annotations_of(_FIRST[1:2]), second[::-1]).tolist() == [5]


def test_without_second_judgments_ranks_are_nan() -> None:
    assert np.isnan(self_ranks(annotations_of(_FIRST), annotations_of([]).images)).all()
    assert len(self_ranks(annotations_of([]), annotations_of(_SECOND).images)) == 0


def test_annotators_who_repeated_an_annotation() -> None:
    """Compares each annotator's first judgment of nine images with their own last one."""
    images = [*_FIRST, *_SECOND, _FIRST[0], _FIRST[2], _FIRST[3]]
    annotations = annotations_of(images)
    annotations.annotator[9:] = "bert"  # the same images as anna's, but judged once
    ranks_by_annotator = judged_twice(annotations)
    assert {name: ranks.tolist() for name, ranks in ranks_by_annotator.items()} == {"anna": [1, 5]}
    annotations.annotator[9:] = "anna"
    assert judged_twice(annotations)["anna"].tolist() == [1, 5, 1, 1]
    assert judged_twice(annotations_of(_FIRST)) == {}
    assert judged_twice(annotations_of([])) == {}


def test_by_the_name_of_an_annotator_or_from_a_file(tmp_path: Path) -> None:
    archive: Archive = make_archive(tmp_path / "archive", _IDS)
    add_annotations(archive, "anna", _FIRST, "random")
    add_annotations(archive, "anna-again", _SECOND, "random")
    by_name = second_judgment(archive, "anna-again")
    assert by_name.tolist() == _SECOND
    lines = [",".join(annotation) for annotation in _SECOND]
    lines[2] = lines[2].replace(_IDS[18], "nobody.jpg")
    (tmp_path / "again.txt").write_text("\n".join([*lines, "too,few"]))
    from_file = second_judgment(archive, str(tmp_path / "again.txt"))
    assert from_file.tolist() == [_SECOND[0], _SECOND[1], _SECOND[3]]
    first = read_annotations(archive, ["anna"])
    np.testing.assert_array_equal(self_ranks(first, by_name), self_ranks(first, from_file))
    with pytest.raises(UserError, match="`again` nobody: neither an annotator"):
        second_judgment(archive, "nobody")
