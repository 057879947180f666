"""Paths that lead outside the given folder are refused, in any spelling."""

from pathlib import Path

import pytest

from artsim.archive import Store
from artsim.sources.base_folder import BaseFolder, OutsideFolder, parent_of


@pytest.fixture
def below(tmp_path: Path) -> BaseFolder:
    folder = tmp_path / "museum"
    (folder / "rooms" / "one").mkdir(parents=True)
    (folder / "a b#c%20é.jpg").write_bytes(b"x")
    (folder / "rooms" / "one" / "b.jpg").write_bytes(b"x")
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "in.jpg").symlink_to(folder / "rooms" / "one" / "b.jpg")
    (folder / "up").symlink_to(tmp_path)
    return BaseFolder(Store.open(str(folder)))


@pytest.mark.parametrize("name", ["a b#c%20é.jpg", "rooms/one/b.jpg", "in.jpg"])
def test_paths_and_addresses_convert_both_ways(below: BaseFolder, name: str) -> None:
    address = below.address(name)
    assert address.startswith(below.root) and address.isascii() and " " not in address and "#" not in address
    assert below.path(address) == f"{below.store.root}/{name}"
    assert Path(below.path(address)).is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../secret.jpg", "empty or leads outside the folder"),
        ("rooms/../../secret.jpg", "empty or leads outside the folder"),
        ("/etc/passwd", "absolute"),
        ("out.jpg", "a link leads outside"),
        ("up/secret.jpg", "a link leads outside"),
        ("none.jpg", "no such file"),
        ("rooms", "not a file"),
        ("", "the path is empty or"),
        ("a\0.jpg", "the path is empty or"),
        ("x" * 5000, "no such file"),
        ("rooms//one/b.jpg", "the path is empty or"),
    ],
)
def test_paths_outside_are_refused(below: BaseFolder, name: str, reason: str) -> None:
    with pytest.raises(OutsideFolder, match=reason):
        below.address(name)


@pytest.mark.parametrize("tail", ["../secret.jpg", "..%2fsecret.jpg", "%2e%2e/secret.jpg", "up/secret.jpg", "out.jpg"])
def test_links_in_addresses_are_resolved(below: BaseFolder, tail: str) -> None:
    with pytest.raises(OutsideFolder):
        below.path(below.root + tail)


def test_a_folder_with_the_same_prefix_is_outside(below: BaseFolder) -> None:
    with pytest.raises(OutsideFolder, match="not below"):
        below.path(below.root.rstrip("/") + "-2/a.jpg")
    with pytest.raises(OutsideFolder, match="not below"):
        below.path("file:///etc/passwd")


def test_the_folder_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("x")
    (tmp_path / "a.jpg").write_bytes(b"x")
    below = BaseFolder(parent_of(Store.open(str(tmp_path / "labels.csv"))))
    assert below.address("a.jpg") == (tmp_path / "a.jpg").as_uri()


def test_a_folder_opened_by_its_address_is_the_same_folder(tmp_path: Path) -> None:
    """Later readers of the files know the folder only by its recorded address."""
    folder = tmp_path / "q r#1%20é"
    folder.mkdir()
    (folder / "a b.jpg").write_bytes(b"x")
    below = BaseFolder(Store.open(str(folder)))
    again = BaseFolder(Store.open(below.root))
    assert again.root == below.root
    assert again.path(below.address("a b.jpg")) == str(folder / "a b.jpg")
