"""Which features the page uses by default."""

from pathlib import Path

import pytest

from artsim.archive import Archive, UserError
from artsim.web.options import ServeOptions
from artsim.web.site import Site
from artsim.web.uploads import Heads
from tests.made import add_features, make_archive, named
from tests.web.conftest import vectors_of

_IDS = named(6)


def _with_features(folder: Path, about: dict[str, dict[str, str]]) -> Site:
    archive = make_archive(folder / "museum", _IDS)
    for name, content in about.items():
        add_features(archive, name, vectors_of(_IDS))
        archive.write_json(f"features/{name}/_about.json", content)
    return Site(archive, ServeOptions())


_BACKBONE, _MODEL = {"backbone": "efficientnet_lite0"}, {"model": "head"}


@pytest.mark.parametrize(
    ("about", "similar", "uploads"),
    [
        ({"b": _BACKBONE, "a": _BACKBONE}, "a", "a"),
        ({"a": _BACKBONE, "efficientnet_lite0@4+448": _BACKBONE}, "efficientnet_lite0@4+448", "a"),
        ({"a": _BACKBONE, "efficientnet_lite0@4+448": _BACKBONE, "eye": _MODEL}, "eye", "a"),
        ({"eye": _MODEL}, "eye", "eye"),
    ],
)
def test_default_features(tmp_path: Path, about: dict[str, dict[str, str]], similar: str, uploads: str) -> None:
    site = _with_features(tmp_path, about)
    assert (site.features(None), site.features_of_uploads(None)) == (similar, uploads)
    assert site.described()["default"]["features"] == similar
    assert site.features_of_uploads("eye" if "eye" in about else "a") in about
    with pytest.raises(UserError, match="choose one of"):
        site.features("none")


def test_heads_on_features_that_cannot_describe_uploads_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Labeler:
        def __init__(self, archive: Archive, name: str) -> None:
            self.features = {"basics": ["a", "b"], "tuned": ["eye"]}[name]

    monkeypatch.setattr("artsim.labels.labeler.Labeler", Labeler)
    heads = Heads(None, ["basics", "tuned"], lambda name: name != "eye")  # type: ignore[arg-type]
    assert heads.features == ["a", "b"]
