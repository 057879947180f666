"""Validation of rows before they enter the catalog."""

import pytest

from artsim.sources.ingestion.validate import validated
from artsim.sources.records import chunk_of

ROOT = "file:///data/museum/"
BAD_ADDRESS = {
    "image address contains control characters",
    "image address contains a user name or password",
    "image is neither a web address nor a file below the given folder",
}


def check(image: str | None, local_id: str | None = "1", root: str | None = ROOT) -> str | None:
    """Validates a row; returns the reason for rejecting it, or None."""
    chunk = validated(chunk_of([{"id": local_id, "image_url": image, "title": "t", "where": "9"}], []), "c", root)
    if chunk.rejects:
        assert not len(chunk.rows) and chunk.rejects[0].line == "9"
        return chunk.rejects[0].reason
    (row,) = chunk.rows.to_pylist()
    assert (row["id"], row["source"], row["image_url"]) == (f"c:{local_id}", "c", image)
    return None


@pytest.mark.parametrize(
    "image",
    [
        "https://m.org/a.jpg",
        "HTTP://m.org:8080/a b.jpg?x=1#y",
        "http://[2001:db8::1]:80/a.jpg",
        "https://museum.example",
        "https://m.org/Châteauroux/ü.jpg",
        "file:///data/museum/a.jpg",
    ],
)
def test_good_addresses(image: str) -> None:
    assert check(image) is None


@pytest.mark.parametrize(
    "image",
    [
        "ftp://m.org/a.jpg",
        "file:///etc/passwd",
        "file:///data/museum-2/a.jpg",
        "s3://bucket/a.jpg",
        "//m.org/a.jpg",
        "a.jpg",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "gopher://m.org",
        "http://",
        "http:///a.jpg",
        "http://user:pass@m.org/a.jpg",
        "http://m.org\\@evil.org/a.jpg",
        "http://m.org:99999999/a.jpg",
        "http://m.org/a\r\nHost: x",
        "http://a b/",
        " http://m.org/",
    ],
)
def test_bad_addresses(image: str) -> None:
    assert check(image) in BAD_ADDRESS


def test_files_need_a_named_folder() -> None:
    assert check("file:///data/museum/a.jpg", root=None) is not None


@pytest.mark.parametrize(
    ("image", "local_id", "reason"),
    [
        (None, "1", "no image"),
        ("https://m.org/1", None, "no id"),
        ("https://m.org/1", "", "no id"),
        ("https://m.org/1", "a\nb", "id contains control characters"),
        ("https://m.org/" + "x" * 9000, "1", "id or image address longer than 8,192 characters"),
        (None, None, "no image"),
    ],
)
def test_required_fields_of_a_row(image: str | None, local_id: str | None, reason: str) -> None:
    assert check(image, local_id) == reason


def test_an_empty_chunk_is_valid() -> None:
    assert len(validated(chunk_of([], []), "c", None).rows) == 0
