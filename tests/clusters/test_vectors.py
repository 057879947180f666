"""The vectors that are clustered: scaling, PCA, and the same space for later artworks."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from artsim.archive import Archive, UserError
from artsim.clusters.vectors import load, read, restore, save
from artsim.space.features import Space
from tests.made import add_features, make_archive, named, vectors_of

_IDS = named(50)
_HOW = {"unit": True, "pca": None, "umap": None, "public_only": False, "only": None, "keep_raw": False}


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    made = make_archive(tmp_path_factory.mktemp("vectors"), _IDS, pictures=dict.fromkeys(_IDS, b"x"))
    rng = np.random.default_rng(0)
    add_features(made, "wide", {image_id: rng.normal(size=40) for image_id in _IDS} | {_IDS[3]: None})
    return made


def test_more_than_thirty_columns_are_reduced_and_named(archive: Archive) -> None:
    vectors = load(Space(archive, ["wide"]), **_HOW)
    raw = vectors_of(archive, "wide")
    matrix = np.stack([raw[identifier] / np.linalg.norm(raw[identifier]) for identifier in vectors.ids])
    assert len(vectors.ids) == 49 and vectors.values.shape == (49, 30)
    expected = PCA(30).fit_transform(matrix.astype(np.float64))
    assert np.abs(vectors.values) == pytest.approx(np.abs(expected), abs=1e-4)
    assert vectors.notes == [vectors.notes[0]] and vectors.notes[0].startswith("PCA from 40 to 30 columns keeps 9")
    assert sum(count for *_, count in vectors.parts) == 49


def test_no_reduction_and_raw_vectors(archive: Archive) -> None:
    vectors = load(Space(archive, ["wide"]), **{**_HOW, "pca": 0, "unit": False, "keep_raw": True})
    raw = vectors_of(archive, "wide")
    assert np.array_equal(vectors.values, np.stack([raw[identifier] for identifier in vectors.ids]))
    assert np.array_equal(vectors.raw, vectors.values) and vectors.notes == []


def test_a_stored_space_maps_artworks_to_the_same_vectors(archive: Archive) -> None:
    space = Space(archive, ["wide:20"])
    vectors = load(space, **{**_HOW, "pca": 5})
    save(archive, "clusters/one/_space.npz", space, vectors.reduction)
    again = restore(archive, "clusters/one/_space.npz", ["wide:20"], 0)
    rows = np.concatenate([rows for *_, rows in read(*again, public_only=False)])
    assert rows == pytest.approx(vectors.values, abs=1e-6)
    with pytest.raises(UserError, match=r"_space\.npz: missing or damaged; .*`again`"):
        restore(archive, "clusters/none/_space.npz", ["wide:20"], 0)


def test_only_some_artworks(archive: Archive) -> None:
    vectors = load(Space(archive, ["wide"]), **{**_HOW, "only": set(_IDS[10:20]), "pca": 3})
    assert set(vectors.ids) == set(_IDS[10:20]) and vectors.values.shape == (10, 3)
    with pytest.raises(UserError, match="1 vectors are too few to cluster"):
        load(Space(archive, ["wide"]), **{**_HOW, "only": {_IDS[0]}})
