from collections import Counter

from artsim.failures import among_counts, failures_of, from_counts


def test_errors_of_one_kind_are_one_reason() -> None:
    errors = ["damaged JPEG: cut", None, "5000 x 20 pixels, the limit per side is 65,000", "damaged JPEG: no end"]
    errors += ["7 x 9 pixels, the limit per side is 65,000", "damaged JPEG", "no vector"]
    assert failures_of(errors) == {"damaged JPEG": 3, "N x N pixels, the limit per side is N": 2, "no vector": 1}
    assert failures_of([None]) == {}


def test_they_are_added_up_among_other_counts() -> None:
    sums = Counter[str]()
    for errors in (["a: 1", "b"], ["b"], []):
        sums.update({"rows": 3, **among_counts(failures_of(errors))})
    assert sums["rows"] == 9
    assert from_counts(sums) == {"b": 2, "a": 1}
