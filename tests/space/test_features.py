import pickle

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from sklearn.decomposition import PCA

from artsim.archive import Archive, UserError
from artsim.space.features import Space, Spec, parse_spec
from tests.made import CLOSED, add_features, hash_of, make_archive, named, vectors_of

_IDS = named(60)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("resnet50", Spec("resnet50", None)),
        ("resnet50:128", Spec("resnet50", 128)),
        ("resnet50:1", Spec("resnet50", 1)),
        ("resnet50:0.9", Spec("resnet50", 0.9)),
        ("resnet50:.5", Spec("resnet50", 0.5)),
        ("efficientnet_lite0@4+std:64", Spec("efficientnet_lite0@4+std", 64)),
        ("name:with:8", Spec("name:with", 8)),
        ("name:letters", Spec("name:letters", None)),
    ],
)
def test_specs(text: str, spec: Spec) -> None:
    assert parse_spec(text) == spec
    assert type(parse_spec(text).pca) is type(spec.pca)


@pytest.mark.parametrize("text", ["x:0", "x:0.0", "x:1.0", "x:1.5", "x:7.", "x:.", "x:1.2.3", "", "two\nlines"])
def test_specs_that_say_nothing_sensible(text: str) -> None:
    with pytest.raises(UserError, match="`features`") as caught:
        parse_spec(text)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    """Two features with missing rows, failed rows and different row orders per partition. Every third is protected."""
    archive = make_archive(
        tmp_path_factory.mktemp("features"),
        _IDS,
        rights={one: CLOSED for index, one in enumerate(_IDS) if index % 3 == 0},
    )
    rng = np.random.default_rng(5)
    one = {name: rng.normal(size=6) * 40 + 7 for name in _IDS}
    two = {name: rng.normal(size=9) * [9, 7, 5, 3, 2, 1, 0.3, 0.1, 0.02] for name in _IDS}
    one |= dict.fromkeys(_IDS[10:14])
    two |= dict.fromkeys(_IDS[12:17])
    del one[_IDS[30]], two[_IDS[31]], two[_IDS[32]]
    add_features(archive, "one", one, shuffled=1)
    add_features(archive, "two", two, shuffled=2)
    return archive


def test_one_feature_is_taken_as_it_is(archive: Archive) -> None:
    vectors = _collected(Space(archive, ["one"]))
    expected = vectors_of(archive, "one")
    assert set(vectors) == set(expected) == set(_IDS) - set(_IDS[10:14]) - {_IDS[30]}
    for name, vector in expected.items():
        assert vectors[name].dtype == np.float32
        assert vectors[name].tolist() == vector.tolist()


def test_two_features_are_joined_by_id(archive: Archive) -> None:
    for specs in (["one", "two"], ["two", "one"]):
        vectors = _collected(Space(archive, specs))
        left, right = (vectors_of(archive, name) for name in specs)
        assert set(vectors) == set(left) & set(right) == set(_IDS) - set(_IDS[10:17]) - set(_IDS[30:33])
        for name, vector in vectors.items():
            expected = [x / np.sqrt(sum(left[name] ** 2)) for x in left[name]]
            expected += [x / np.sqrt(sum(right[name] ** 2)) for x in right[name]]
            np.testing.assert_allclose(vector, expected, rtol=1e-5)


def test_stacked_features_count_the_same(archive: Archive) -> None:
    space = Space(archive, ["one", "two"])
    ids = [name for name in _IDS if name in _collected(space)][:12]
    one, two = (np.array([vectors_of(archive, name)[i] for i in ids]) for name in ("one", "two"))
    stacked = space.find(ids)
    np.testing.assert_allclose(
        cdist(stacked, stacked, "cosine"), (cdist(one, one, "cosine") + cdist(two, two, "cosine")) / 2, atol=1e-6
    )


def test_a_vector_of_zeros_can_be_stacked(tmp_path) -> None:
    archive = make_archive(tmp_path, named(2))
    add_features(archive, "a", {"made:0000": [0.0, 0.0], "made:0001": [3.0, 4.0]})
    add_features(archive, "b", {"made:0000": [0.0, 2.0], "made:0001": [1.0, 0.0]})
    stacked = Space(archive, ["a", "b"]).find(named(2))
    np.testing.assert_allclose(stacked, [[0, 0, 0, 1], [0.6, 0.8, 1, 0]], atol=1e-6)


@pytest.mark.parametrize(("pca", "components"), [("4", 4), ("9", 9), ("0.9", None), ("0.5", None), ("0.9999", None)])
def test_pca_equals_that_of_the_whole(archive: Archive, pca: str, components: int | None) -> None:
    vectors = vectors_of(archive, "two")
    names = sorted(vectors)
    matrix = np.array([vectors[name] for name in names], np.float64)
    count = components or _components_for(matrix, float(pca))
    expected = PCA(count, svd_solver="full").fit_transform(matrix)
    reduced = Space(archive, [f"two:{pca}"]).find(names)
    assert reduced.shape == (len(names), count)
    np.testing.assert_allclose(np.abs(reduced), np.abs(expected), atol=1e-3)
    np.testing.assert_allclose(pdist(reduced), pdist(expected), rtol=1e-4, atol=1e-4)


def test_pca_and_stacking_together(archive: Archive) -> None:
    """Each feature is reduced on the rows that both have, scaled to length 1, then concatenated."""
    space = Space(archive, ["one:3", "two"])
    names = sorted(_collected(space))
    one, two = (np.array([vectors_of(archive, which)[name] for name in names]) for which in ("one", "two"))
    reduced = PCA(3, svd_solver="full").fit_transform(one.astype(np.float64))
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    expected = np.hstack([reduced, two / np.linalg.norm(two, axis=1, keepdims=True)])
    np.testing.assert_allclose(pdist(space.find(names)), pdist(expected), atol=1e-4)


def test_pca_of_the_same_seed_is_the_same(archive: Archive) -> None:
    names = _IDS[:5]
    once, again = (Space(archive, ["two:0.9"], seed=3).find(names) for _ in range(2))
    assert once.tolist() == again.tolist()


def test_more_components_than_there_can_be(archive: Archive) -> None:
    with pytest.raises(UserError, match=r"two:10: too many components for 5\d vectors of length 9"):
        Space(archive, ["two:10"])


def test_pca_of_nothing_is_a_mistake(tmp_path) -> None:
    archive = make_archive(tmp_path, named(3))
    archive.write_json("features/begun/_about.json", {})
    with pytest.raises(UserError, match="begun"):
        Space(archive, ["begun:2"])
    assert list(Space(archive, ["begun"]).blocks()) == []


def test_find_gives_the_order_asked(archive: Archive) -> None:
    expected = vectors_of(archive, "one")
    ids = sorted(expected, key=hash_of)
    vectors = Space(archive, ["one"]).find([*ids, ids[0]])
    assert vectors.tolist() == [expected[name].tolist() for name in [*ids, ids[0]]]


@pytest.mark.parametrize(
    ("specs", "name", "feature"),
    [
        (["one"], _IDS[12], "one"),
        (["one"], _IDS[30], "one"),
        (["one", "two"], _IDS[16], "two"),
    ],
)
def test_find_names_an_id_without_a_vector(archive: Archive, specs: list[str], name: str, feature: str) -> None:
    with pytest.raises(UserError, match=rf"{name}: features/{feature} has no vector"):
        Space(archive, specs).find([_IDS[0], name])


def test_public_blocks_leave_out_what_is_protected(archive: Archive) -> None:
    for specs in (["one"], ["one", "two:4"]):
        space = Space(archive, specs)
        all_vectors = _collected(space)
        public_vectors = _collected(space, public_only=True)
        assert set(public_vectors) == {name for name in all_vectors if _IDS.index(name) % 3}
        for name, vector in public_vectors.items():
            assert vector.tolist() == all_vectors[name].tolist()


def test_blocks_of_some_parts(archive: Archive) -> None:
    space = Space(archive, ["two"])
    partitions = space.parts()
    assert len(partitions) > 5
    assert partitions == sorted(partitions)
    names = [name for partition in partitions for ids, _ in space.blocks(parts=[partition]) for name in ids]
    assert names == [name for ids, _ in space.blocks() for name in ids]
    (ids, vectors), *more = space.blocks(parts=[partitions[3]])
    rows = archive.table("features/two").read(*partitions[3]).to_pylist()
    assert not more
    assert ids.tolist() == [row["id"] for row in rows if row["vector"] is not None]
    assert vectors.tolist() == [row["vector"] for row in rows if row["vector"] is not None]


def test_a_part_that_one_feature_lacks_is_left_out(tmp_path) -> None:
    archive = make_archive(tmp_path, named(40))
    vectors = {name: [1.0, float(number)] for number, name in enumerate(named(40))}
    add_features(archive, "whole", vectors)
    add_features(archive, "begun", {name: vectors[name] for name in named(40)[:3]})
    assert set(_collected(Space(archive, ["whole", "begun"]))) == set(named(40)[:3])


def test_a_space_pickles(archive: Archive) -> None:
    space = Space(archive, ["one:3", "two"])
    again = pickle.loads(pickle.dumps(space))
    assert again.find(_IDS[:9]).tolist() == space.find(_IDS[:9]).tolist()


def test_names_of_spaces_differ(archive: Archive) -> None:
    specs = [["one"], ["two"], ["one:2"], ["one:0.5"], ["one", "two"], ["two", "one"], ["one:2", "two"]]
    names = [Space(archive, combination).name for combination in specs]
    assert len(set(names)) == len(specs)
    assert not any("/" in name or ":" in name for name in names)


def test_features_that_are_not_there(archive: Archive, tmp_path) -> None:
    with pytest.raises(UserError, match=r"`features` three: .*it has one, two"):
        Space(archive, ["one", "three"])
    with pytest.raises(UserError, match=r"jobs\.extract"):
        Space(Archive.create(str(tmp_path)), ["one"])


def _collected(space: Space, **how: bool) -> dict[str, np.ndarray]:
    collected: dict[str, np.ndarray] = {}
    for ids, vectors in space.blocks(**how):
        assert len(ids) == len(vectors) > 0
        for name, vector in zip(ids, vectors, strict=True):
            assert name not in collected, "a row is doubled"
            collected[name] = vector
    return collected


def _components_for(matrix: np.ndarray, share: float) -> int:
    """Number of components that explain this share of the variance, from the eigenvalues of the covariance."""
    values = np.sort(np.linalg.eigvalsh(np.cov(matrix.T)))[::-1]
    explained = 0.0
    for count, value in enumerate(values, 1):
        explained += value
        if explained > share * values.sum():
            return count
    return len(values)


def test_find_says_that_an_id_is_not_in_the_catalog(archive: Archive) -> None:
    with pytest.raises(UserError, match="stranger: no such id in the catalog; ids look like made:"):
        Space(archive, ["one"]).find([_IDS[0], "stranger"])


@pytest.mark.parametrize("name", ["..", ".", "../images", "../features/one", "a" * 300, "f\0"])
def test_a_feature_is_a_name_and_never_a_path(archive: Archive, name: str) -> None:
    with pytest.raises(UserError, match="no such features"):
        Space(archive, [name])


def test_whitened_components_have_variance_1(archive: Archive) -> None:
    names = sorted(_collected(Space(archive, ["two"])))
    plain, white = (Space(archive, ["two:4"], whiten=whiten).find(names) for whiten in (False, True))
    np.testing.assert_allclose(white, plain / plain.std(0, ddof=1), rtol=1e-3, atol=1e-4)


def test_a_pca_goes_where_its_space_goes_not(archive: Archive, tmp_path) -> None:
    """Applied to another archive with other vectors, a PCA keeps the components of the archive it was fitted on."""
    fitted = Space(archive, ["two:3"])
    other = make_archive(tmp_path, _IDS[40:])
    add_features(other, "two", {name: vectors_of(archive, "two")[name] for name in _IDS[40:]})
    carried = Space(other, ["two:3"], pcas=fitted.pcas)
    np.testing.assert_allclose(carried.find(_IDS[40:]), fitted.find(_IDS[40:]), rtol=1e-6)
    assert np.abs(Space(other, ["two:3"]).find(_IDS[40:]) - fitted.find(_IDS[40:])).max() > 0.1


def test_vectors_that_are_no_numbers_are_left_out(tmp_path) -> None:
    archive = make_archive(tmp_path / "archive", _IDS)
    rng = np.random.default_rng(7)
    whole = {name: rng.normal(size=6) for name in _IDS}
    add_features(archive, "whole", whole)
    add_features(archive, "rest", {name: vector for name, vector in whole.items() if name not in _IDS[4:6]})
    odd = {name: vector.copy() for name, vector in whole.items()}
    odd[_IDS[4]][2], odd[_IDS[5]][0] = np.nan, -np.inf
    add_features(archive, "odd", odd)
    add_features(archive, "none", {name: vector * np.nan for name, vector in whole.items()})
    for specs in (["odd"], ["odd:2"], ["odd:0.9"], ["odd:3", "whole"]):
        space = Space(archive, specs)
        ids = np.concatenate([ids for ids, _ in space.blocks()])
        assert sorted(ids) == [name for name in _IDS if name not in _IDS[4:6]]
        assert all(np.isfinite(vectors).all() for _, vectors in space.blocks())
        with pytest.raises(UserError, match=f"{_IDS[4]}: its vector in features/odd contains NaN or infinity"):
            space.find([_IDS[3], _IDS[4]])
    np.testing.assert_allclose(
        Space(archive, ["odd:3"]).find(_IDS[:4]), Space(archive, ["rest:3"]).find(_IDS[:4]), rtol=1e-5, atol=1e-6
    )
    assert not list(Space(archive, ["none"]).blocks())
    with pytest.raises(UserError, match="`features` none: 0 vectors are too few for a PCA"):
        Space(archive, ["none:2"])


def test_left_out_ids_do_not_change_the_pca(archive: Archive) -> None:
    """Vectors of two spaces can be compared, whatever each leaves out; an index holds those of all rows."""
    everything, without = _IDS[::2], frozenset(_IDS[1::2])
    whole, part = Space(archive, ["one:4"]), Space(archive, ["one:4"], without=without)
    assert set(part.matrix()[0]) == set(whole.matrix()[0]) - without
    kept = [name for name in everything if name in set(whole.matrix()[0])]
    np.testing.assert_array_equal(part.find(kept), whole.find(kept))
    np.testing.assert_array_equal(part.including_all().matrix()[1], whole.matrix()[1])
