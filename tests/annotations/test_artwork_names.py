import json
import unicodedata

import numpy as np
import pytest

from artsim.annotations.artwork_names import file_names, find_names
from artsim.sources.folder import open_folder
from artsim.sources.ingestion.ingest import ingest
from artsim.sources.tables.source import open_table
from tests.learn.made_annotations import catalog_of
from tests.made import CLOSED, OPEN

ROWS = [
    {"id": "m:sub/Night Watch.jpg", "image_url": "file:///x/sub/Night%20Watch.jpg", "title": "Night Watch"},
    {"id": "m:7", "image_url": "https://m.org/a/b/seven.jpeg?size=max#top", "title": "Seven", "rights": CLOSED},
    {"id": "n:7", "image_url": "https://n.org/x/full/max/0/default.jpg", "title": "Seven", "rights": OPEN},
    {
        "id": "n:8",
        "image_url": "https://n.org/y/full/max/0/default.jpg",
        "metadata": '{"scan": "k/IMG 08.TIF", "n": 3}',
    },
    {"id": "n:seven.jpeg", "image_url": "https://n.org/9", "title": "D, E & F"},
    {"id": "o:Dürer: hare", "image_url": None, "title": "Dürer"},
    {"id": "o:a:b", "image_url": "https://o.org/st. jerome.png"},
]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("m:7", ["m:7"]),
        ("7", ["m:7", "n:7"]),
        ("8", ["n:8"]),
        ("sub/Night Watch.jpg", ["m:sub/Night Watch.jpg"]),
        ("Night Watch.jpg", ["m:sub/Night Watch.jpg"]),
        ("elsewhere/Night Watch.jpg", ["m:sub/Night Watch.jpg"]),
        ("C:\\photos\\Night Watch.jpg", ["m:sub/Night Watch.jpg"]),
        ("Night Watch.png", ["m:sub/Night Watch.jpg"]),
        ("Night Watch", ["m:sub/Night Watch.jpg"]),
        ("Night%20Watch.jpg", []),
        ("seven.jpeg", ["n:seven.jpeg"]),  # a local id takes precedence over a file name
        ("seven.JPG", ["m:7", "n:seven.jpeg"]),
        ("default.jpg", ["n:7", "n:8"]),
        ("IMG 08.TIF", ["n:8"]),
        ("IMG 08.jpg", ["n:8"]),
        ("Seven", ["m:7", "n:7"]),
        ("D, E & F.jpg", ["n:seven.jpeg"]),
        (unicodedata.normalize("NFD", "Dürer: hare"), ["o:Dürer: hare"]),
        (unicodedata.normalize("NFD", "Dürer.jpg"), ["o:Dürer: hare"]),
        ("a:b", ["o:a:b"]),
        ("b", []),
        ("st. jerome", ["o:a:b"]),
        ("3", []),
        ("", []),
        ("nothing.jpg", []),
    ],
)
def test_a_name_matches_ids_files_and_titles(tmp_path, name: str, meant: list[str]) -> None:
    archive = catalog_of(tmp_path, ROWS)
    assert sorted(find_names(archive, [name, "nothing"])[name]) == meant


def test_names_can_be_limited_to_a_collection_and_open_artworks(tmp_path) -> None:
    archive = catalog_of(tmp_path, ROWS)
    assert find_names(archive, ["7", "8"], collection="m") == {"7": ["m:7"], "8": []}
    assert find_names(archive, ["7", "m:7", "8"], public_only=True) == {"7": ["n:7"], "m:7": [], "8": []}


def test_file_names_match_back(tmp_path) -> None:
    archive = catalog_of(tmp_path, ROWS)
    ids = [row["id"] for row in ROWS] + ["gone:1"]
    names = file_names(archive, ids)
    assert names == {
        "m:sub/Night Watch.jpg": "Night Watch.jpg",
        "m:7": "m:7",  # seven.jpeg is the local id of another artwork
        "n:7": "n:7",
        "n:8": "n:8",
        "n:seven.jpeg": "seven.jpeg",
        "o:Dürer: hare": "Dürer: hare",
        "o:a:b": "st. jerome.png",
        "gone:1": "gone:1",
    }
    back = find_names(archive, names.values())
    assert [back[names[artwork_id]] for artwork_id in ids] == [[artwork_id] for artwork_id in ids[:-1]] + [[]]


@pytest.mark.parametrize("seed", range(5))
def test_random_catalogs_match_back(tmp_path, seed: int) -> None:
    """Even where names collide, the name written for an id resolves to that id."""
    rng = np.random.default_rng(seed)
    words = ["a", "b.jpg", "b.png", "c/b.jpg", "a:b", "x, y", "é"]

    def row(number: int) -> dict:
        local = "/".join(rng.choice(words, rng.integers(1, 3)))
        url = rng.choice([None, "https://m.org/" + rng.choice(words), "https://m.org/a%2Cb.jpg?x=b.jpg"])
        return {"id": f"{rng.choice(['m', 'n'])}:{local}", "image_url": url, "title": str(rng.choice(words))}

    rows = list({record["id"]: record for record in map(row, range(30))}.values())
    archive = catalog_of(tmp_path, rows)
    ids = [record["id"] for record in rows]
    names = file_names(archive, ids)
    back = find_names(archive, names.values())
    assert [back[names[artwork_id]] for artwork_id in ids] == [[artwork_id] for artwork_id in ids]


def test_names_of_folder_and_table_sources_match(tmp_path) -> None:
    """File names are found after ingestion from a folder and from a table, whose ids differ."""
    folder = tmp_path / "photos"
    (folder / "old").mkdir(parents=True)
    for name in ("a, b.jpg", "old/100% c#.png"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "photos" / "works.csv").write_text('id,file,name\n1,"a, b.jpg",One\n2,old/100% c#.png,Two\n')
    archive = catalog_of(tmp_path / "archive", [])
    ingest(archive, open_folder(str(folder)), "f")
    ingest(
        archive,
        open_table(str(folder / "works.csv"), {"image_url": "file", "title": "name", "id": "id"}),
        "t",
        twice=True,
    )
    for collection, ids in (("f", ["f:a, b.jpg", "f:old/100% c#.png"]), ("t", ["t:1", "t:2"])):
        names = ["a, b.jpg", "100% c#.png"]
        assert find_names(archive, names, collection) == {
            name: [artwork_id] for name, artwork_id in zip(names, ids, strict=True)
        }
    assert json.loads(archive.table("catalog").find(["f:old/100% c#.png"])["metadata"][0].as_py()) == {"folder": "old"}
