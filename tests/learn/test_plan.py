from pathlib import Path

import numpy as np
import pytest

from artsim.annotations.annotations import add_annotations
from artsim.annotations.links import Link, add_links
from artsim.archive import Archive
from artsim.learn.plan import SPLIT, Plan, make_plan, pool_sample, related_groups, without_related
from tests.learn.annotated import IDS, annotated, kind_of, pool_of

_OPTIONS = {
    "annotators": None,
    "links": False,
    "kind": "image-disjoint",
    "column": None,
    "seed": 0,
    "public_only": False,
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return annotated(tmp_path_factory.mktemp("plan") / "archive")


def _plan(archive: Archive, **settings: object) -> Plan:
    return make_plan(archive, set, **{**_OPTIONS, **settings})


def test_a_fifth_is_the_test_set_and_a_fifth_of_the_rest_the_validation_set(archive: Archive) -> None:
    plan = _plan(archive)
    counts = [len(plan.images(role)) for role in SPLIT]
    assert counts == [plan.counts[role] for role in SPLIT]
    assert sum(counts) == plan.counts["annotations"] == 250
    assert 30 < counts[2] < 80
    assert 30 < counts[1] < 80


def test_the_split_depends_on_the_seed(archive: Archive) -> None:
    assert _plan(archive).rows.equals(_plan(archive).rows)
    assert any(not _plan(archive).rows.equals(_plan(archive, seed=seed).rows) for seed in (1, 2, 3))


def test_unusable_annotations_are_left_out_and_counted(archive: Archive) -> None:
    bad = {IDS[3], IDS[70]}
    plan = make_plan(archive, lambda ids: set(ids) - bad, **_OPTIONS)
    excluded = sum(not bad.isdisjoint(image_ids) for role in SPLIT for image_ids in _plan(archive).images(role))
    assert plan.counts["without_vector"] == excluded > 0
    assert all(bad.isdisjoint(image_ids) for role in SPLIT for image_ids in plan.images(role))


def test_excluded_annotations_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Annotations within one pool are kept; most of those drawn from all images are excluded."""
    archive = annotated(tmp_path / "archive", count=60)
    assert _plan(archive).counts["crossing"] == 0
    assert not caplog.records
    rng = np.random.default_rng(3)
    add_annotations(archive, "eve", [rng.choice(IDS, 9, replace=False).tolist() for _ in range(60)], "random")
    plan = _plan(archive, annotators=["eve"])
    assert plan.counts["crossing"] > 30
    (message,) = (record.getMessage() for record in caplog.records)
    assert message.startswith(f"{plan.counts['crossing']} of 60 annotations are excluded because")
    assert f"{plan.counts['training']} remain for training" in message


def test_related_images_are_linked_or_share_a_value(tmp_path: Path) -> None:
    archive = annotated(tmp_path / "archive", count=5)
    ids = IDS[:40]
    assert related_groups(archive, None, ids).tolist() == [-1] * 40
    source = ("anna", None, None)
    add_links(archive, [Link(ids[0], ids[1], "POSITIVE", *source), Link(ids[1], ids[39], "DUPLICATE", *source)])
    add_links(archive, [Link(ids[5], ids[6], "NEGATIVE", *source)])
    linked = related_groups(archive, None, ids)
    assert {place for place, group in enumerate(linked) if group == linked[0]} == {0, 1, 39}
    assert {place for place, group in enumerate(linked) if group == -1} == set(range(40)) - {0, 1, 39}
    both = related_groups(archive, "artist", ids)
    for first in range(40):
        for second in range(40):
            tied = {(pool_of(ids[first]), kind_of(ids[first])), (pool_of(ids[second]), kind_of(ids[second]))}
            chain = {(pool_of(ids[place]), kind_of(ids[place])) for place in (0, 1, 39)}
            assert (both[first] == both[second]) == (len(tied) == 1 or tied <= chain)


def test_the_pool_excludes_held_out_images(archive: Archive) -> None:
    plan = _plan(archive, kind="group-disjoint", column="artist")
    held_out = {image_id for role in ("validation", "verification") for image_id in plan.images(role).flat}
    everything = pool_sample(archive, set, seed=0)
    pool = without_related(archive, "artist", everything, plan.held_out())
    artists = {(pool_of(image_id), kind_of(image_id)) for image_id in held_out}
    assert set(pool) == {image_id for image_id in IDS if (pool_of(image_id), kind_of(image_id)) not in artists}
    assert set(without_related(archive, None, everything, plan.held_out())) == set(IDS) - held_out
    assert pool_sample(archive, lambda ids: set(ids) & set(IDS[:50]), 0) == sorted(IDS[:50])


def test_the_pool_is_bounded_and_seeded(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artsim.learn.plan._POOL_SIZE", 60)
    drawn = [pool_sample(archive, set, seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(20 < len(pool) <= 60 for pool in drawn)
    assert len(np.unique(drawn[0])) == len(drawn[0])
