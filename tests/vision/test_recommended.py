"""The recommended features, which are used when no others are given."""

from pathlib import Path

import numpy as np
import pytest

from artsim.archive import Archive, UserError
from artsim.vision.backbones import network_name, parse_feature
from artsim.vision.recommended import RECOMMENDED, RECOMMENDED_SPECS, are_recommended, recommended_features
from jobs.evaluate import job as evaluate
from tests.learn.annotated import annotated
from tests.made import add_features, make_archive, named


def _with(archive: Archive, names: tuple[str, ...], ids: list[str]) -> Archive:
    rng = np.random.default_rng(0)
    for name in names:
        add_features(archive, name, {identifier: rng.normal(size=120) for identifier in ids})
    return archive


def test_every_one_is_a_feature_by_its_own_name() -> None:
    for name in RECOMMENDED:
        feature = parse_feature(name)
        assert feature.name == name
        assert network_name(feature.backbone)


@pytest.mark.parametrize(("works", "components"), [(20, 10), (250, 100)])
def test_a_small_archive_has_fewer_components(tmp_path: Path, works: int, components: int) -> None:
    ids = named(works)
    archive = _with(make_archive(tmp_path / "archive", ids), RECOMMENDED, ids)
    counts = [spec.rpartition(":")[2] for spec in recommended_features(archive)]
    assert counts == [str(min(components, 80 if "blocks.3" in name else 100)) for name in RECOMMENDED]
    assert [spec.partition(":")[0] for spec in RECOMMENDED_SPECS] == list(RECOMMENDED)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    archive = _with(annotated(tmp_path / "archive", count=5), RECOMMENDED[1:], named(150))
    with pytest.raises(UserError) as caught:
        evaluate.run(["--archive", archive.uri])
    assert f"lacks the recommended {RECOMMENDED[0]}; run jobs.extract without --backbones" in str(caught.value)
    assert "with --features from dots" in str(caught.value)


def test_they_are_known_by_their_names_whatever_their_components() -> None:
    assert are_recommended(RECOMMENDED_SPECS)
    assert are_recommended(RECOMMENDED)
    assert not are_recommended(RECOMMENDED[:-1])
    assert not are_recommended([*RECOMMENDED, "more"])
