import json
from datetime import UTC, datetime

import numpy as np
import pytest

from artsim.annotations.import_links import import_links
from artsim.annotations.links import POSITIVE, Link, add_links, components, read_links
from artsim.archive import Archive, UserError
from tests.learn.made_annotations import catalog_of

EPFL = """uid_connection,type,img1,img2,date,cluster_file,cluster
a_b,POSITIVE,a,b,14-06-2022_20:12:15,morphograph,1.0
a_c,positive,c,b,2022-06-14T20:12:15+02:00,morphograph,1.0
a_d,WRONG,a,d,,,
"""


def _import(archive: Archive, path, text: str, **how) -> dict:
    path.write_text(text)
    return import_links(archive, str(path), **{"annotator": "epfl", "collection": None, **how})


def test_importing_the_epfl_file_again_adds_nothing(tmp_path) -> None:
    archive = catalog_of(tmp_path / "a", [{"id": "m:a"}, {"id": "m:b"}])
    report = _import(archive, tmp_path / "links.csv", EPFL, collection="m")
    assert (report["rows_in"], report["rows_out"], report["rows_failed"], report["rows_unknown"]) == (3, 3, 0, 2)
    pairs, verdicts = read_links(archive)
    assert pairs.tolist() == [["m:a", "m:b"], ["m:c", "m:b"], ["m:a", "m:d"]]
    assert verdicts.tolist() == ["POSITIVE", "POSITIVE", "WRONG"]
    rows = [row for table in archive.table("links").scan() for row in table.to_pylist()]
    assert rows[0] == {
        "id_a": "m:a",
        "id_b": "m:b",
        "verdict": "POSITIVE",
        "annotator": "epfl",
        "source": "morphograph",
        "created_at": datetime(2022, 6, 14, 20, 12, 15, tzinfo=UTC),
    }
    assert rows[1]["created_at"] == datetime(2022, 6, 14, 18, 12, 15, tzinfo=UTC)
    assert (rows[2]["source"], rows[2]["created_at"]) == (None, None)
    again = _import(archive, tmp_path / "links.csv", EPFL, collection="m")
    assert (again["rows_out"], again["rows_there"]) == (0, 3)
    more = _import(archive, tmp_path / "links.csv", EPFL + "x,SIMILAR,e,f,,,\n", collection="m")
    assert (more["rows_out"], more["rows_there"]) == (1, 3)
    assert len(archive.table("links").parts(0)) == 2
    assert read_links(archive, POSITIVE)[0].tolist() == [["m:a", "m:b"], ["m:c", "m:b"]]


def test_the_link_table_s_own_columns_are_accepted(tmp_path) -> None:
    archive = catalog_of(tmp_path / "a", [{"id": "m:a"}, {"id": "n:b"}])
    report = _import(archive, tmp_path / "links.csv", "id_b,id_a,verdict\nn:b,m:a,DUPLICATE\n")
    assert (report["rows_out"], report["rows_unknown"]) == (1, 0)
    assert read_links(archive)[0].tolist() == [["m:a", "n:b"]]


def test_rejected_lines_have_a_reason(tmp_path) -> None:
    archive = catalog_of(tmp_path / "a", [])
    text = 'img1,img2,type,date\na,b,POSITIVE,\na,a,POSITIVE,\na,,POSITIVE,\na,b\n"a,b,POSITIVE,\nc,d,POSITIVE,soon\n'
    report = _import(archive, tmp_path / "links.csv", text)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (6, 1, 5)
    kept = (tmp_path / "a" / report["rejects"]).read_text().splitlines()
    assert [line.split(",")[0] for line in kept] == ["line", "3", "4", "5", "6", "7"]
    assert (
        json.dumps(report["rejected"]).count("1") == 3 and report["rejected"]["not as many fields as the header"] == 2
    )


def test_images_are_named_as_in_annotations(tmp_path, caplog) -> None:
    rows = [{"id": f"m:{name}", "image_url": f"https://m.example/n{name}.jpg"} for name in ("01", "02", "03", "04")]
    archive = catalog_of(tmp_path / "a", [*rows, {"id": "n:5"}])
    text = (
        "id_a,id_b,verdict\nm:01,02,POSITIVE\nn03.jpg,n04.jpg,POSITIVE\n01,n:5,SIMILAR\nm:99,n98.jpg,WRONG\n"
        "m:01,n01.jpg,POSITIVE\n"
    )
    report = _import(archive, tmp_path / "links.csv", text, collection="m")
    assert read_links(archive)[0].tolist() == [
        ["m:01", "m:02"], ["m:03", "m:04"], ["m:01", "n:5"], ["m:99", "m:n98.jpg"]
    ]  # fmt: skip
    assert report["rejected"] == {"an image linked to itself": 1}  # m:01 and its own file name
    assert (report["rows_in"], report["rows_out"], report["rows_unknown"]) == (5, 4, 1)
    assert "2 of 9 images are not in the catalog yet: m:99, n98.jpg" in caplog.text


def test_ambiguous_names_are_rejected(tmp_path) -> None:
    archive = catalog_of(tmp_path / "a", [{"id": "m:1"}, {"id": "n:1"}, {"id": "n:2"}])
    report = _import(archive, tmp_path / "links.csv", "img1,img2,type\n1,2,POSITIVE\nm:1,2,POSITIVE\n")
    assert report["rejected"] == {"ambiguous image": 1}
    assert read_links(archive)[0].tolist() == [["m:1", "n:2"]]


@pytest.mark.parametrize("text", ["", "img1,img2\n", "a,b,POSITIVE\n"])
def test_a_file_without_link_columns_is_a_user_error(tmp_path, text: str) -> None:
    with pytest.raises(UserError, match=r"`file` .*links\.csv: "):
        _import(Archive.create(str(tmp_path / "a")), tmp_path / "links.csv", text)


def test_concurrent_imports_create_no_duplicates(tmp_path) -> None:
    first, second = (Link(name, "b", "POSITIVE", "x", None, None) for name in ("a", "c"))
    archive, aside = Archive.create(str(tmp_path / "a")), Archive.create(str(tmp_path / "b"))
    assert add_links(archive, [first, first]) == 1
    assert add_links(aside, [first, second]) == 2
    (part,) = aside.table("links").parts(0)
    archive.table("links").append(0, part, aside.table("links").read(0, part))
    assert len(read_links(archive)[0]) == 2


def _naive(pairs: list[list[str]]) -> list[set[str]]:
    groups: list[set[str]] = []
    for pair in pairs:
        joined = set(pair)
        separate = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                separate.append(group)
        groups = [*separate, joined]
    return groups


@pytest.mark.parametrize("seed", range(20))
def test_components_match_a_naive_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = np.array(
        [[f"i{number}" for number in pair] for pair in rng.integers(0, 60, (rng.integers(1, 60), 2))], object
    )
    members: dict[int, set[str]] = {}
    for image, group in components(pairs).items():
        members.setdefault(group, set()).add(image)
    assert sorted(map(sorted, members.values())) == sorted(map(sorted, _naive(pairs.tolist())))
    assert set(members) == set(range(len(members)))


def test_no_pairs_have_no_components(tmp_path) -> None:
    pairs, verdicts = read_links(Archive.create(str(tmp_path)))
    assert pairs.shape == (0, 2) and verdicts.shape == (0,)
    assert components(pairs) == {}


def test_the_real_file(tmp_path, shared_data) -> None:
    archive = Archive.create(str(tmp_path))
    file = str(shared_data / "links" / "morphograph_clusters_new.csv")
    report = import_links(archive, file, annotator="epfl", collection="epfl")
    assert (report["rows_in"], report["rows_out"], report["rows_failed"], report["rows_unknown"]) == (
        2038,
        2038,
        0,
        2038,
    )
    _, verdicts = read_links(archive)
    counts = {verdict: int((verdicts == verdict).sum()) for verdict in set(verdicts)}
    assert counts == {"POSITIVE": 1488, "CORRECT": 367, "DUPLICATE": 75, "SIMILAR": 59, "WRONG": 49}
    positive = read_links(archive, POSITIVE)[0]
    assert len(set(components(positive).values())) == len(_naive(positive.tolist()))
