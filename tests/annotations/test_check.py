from artsim.annotations.annotations import add_annotations
from artsim.annotations.check import check
from artsim.annotations.links import Link, add_links
from artsim.archive import Archive
from tests.learn.made_annotations import catalog_of, features_of
from tests.made import CLOSED, OPEN

IDS = [f"m:{number:02d}" for number in range(20)]


def test_problems_are_listed(tmp_path) -> None:
    archive = catalog_of(
        tmp_path, [{"id": artwork_id, "rights": CLOSED if artwork_id == IDS[12] else OPEN} for artwork_id in IDS]
    )
    features_of(archive, "made", {artwork_id: None if artwork_id == IDS[3] else [1.0, 2.0] for artwork_id in IDS[:12]})
    features_of(archive, "whole", {artwork_id: [1.0] for artwork_id in IDS})
    annotation = IDS[:9]
    swapped = [IDS[1], IDS[0], *IDS[8:1:-1]]  # the same pair, with anchor and positive swapped
    other = [IDS[0], IDS[2], IDS[1], *IDS[3:9]]
    add_annotations(archive, "anna", [annotation, annotation, [*IDS[5:13], "m:gone"]], "random")
    add_annotations(archive, "bert", [swapped], "near")
    add_annotations(archive, "carl", [other], "near")
    report = check(archive, annotators=None, public_only=False)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (5, 4, 1)
    assert report["failures"] == {"an image is not in the catalog": 1}
    assert report["annotators"] == {"anna": 3, "bert": 1, "carl": 1}
    assert report["modes"] == {"random": 3, "near": 2}
    assert report["images"] == 14
    assert report["gone"] == {"count": 1, "some": ["m:gone"]}
    assert report["without_vector"] == {
        "made": {"count": 3, "some": [IDS[3], IDS[12], "m:gone"]},
        "whole": {"count": 1, "some": ["m:gone"]},
    }
    assert report["repeats"]["count"] == 1
    assert report["repeats"]["some"][0].startswith(f"anna: {IDS[0]} with {IDS[1]} (")
    assert report["contradictions"] == {"count": 2, "same_nine": 2, "opposite_order": 0, "annotations": 3}
    assert report["contradicting"][0]["second"] == f"carl: {IDS[2]}"
    agreed = check(archive, annotators=["anna", "bert"], public_only=False)
    assert (agreed["rows_in"], agreed["contradictions"]["count"], agreed["repeats"]["count"]) == (4, 0, 1)
    assert check(archive, annotators=None, public_only=True)["rows_in"] == 4


def test_links(tmp_path) -> None:
    archive = catalog_of(tmp_path, [{"id": artwork_id} for artwork_id in IDS])
    links = [
        (IDS[0], IDS[1], "POSITIVE"),
        (IDS[1], IDS[2], "POSITIVE"),
        (IDS[2], IDS[1], "WRONG"),
        (IDS[4], "m:far", "POSITIVE"),
        (IDS[5], IDS[6], "NEGATIVE"),
    ]
    add_links(archive, [Link(*link, "anna", None, None) for link in links])
    assert check(archive, annotators=None, public_only=False)["links"] == {
        "count": 5,
        "verdicts": {"POSITIVE": 3, "WRONG": 1, "NEGATIVE": 1},
        "unknown": {"count": 1, "some": ["m:far"]},
        "contradictions": {"count": 1, "some": [[IDS[1], IDS[2]]]},
        "clusters": 2,
        "clustered": 5,
    }


def test_an_empty_archive_has_no_problems(tmp_path) -> None:
    report = check(Archive.create(str(tmp_path)), annotators=None, public_only=True)
    assert (report["rows_in"], report["images"], report["links"]["count"], report["without_vector"]) == (0, 0, 0, {})
