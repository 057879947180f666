from pathlib import Path

import pytest

from artsim.gallery.credits import credits_of, short_rights
from tests.made import make_archive, named


@pytest.mark.parametrize(
    ("rights", "short"),
    [
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/", "CC BY-SA 4.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "public domain"),
        ("Public Domain", "public domain"),
        ("http://rightsstatements.org/vocab/InC/1.0/", "in copyright"),
        ("© 2020  the artist's\nestate.", "© 2020 the artist's estate"),
        ("not public domain", "not public domain"),
        ("", "rights not stated"),
        (None, "rights not stated"),
    ],
)
def test_rights_in_few_words(rights: str | None, short: str) -> None:
    assert short_rights(rights) == short


def test_the_line_counts_every_artwork(tmp_path: Path) -> None:
    ids = named(10)
    rights = {image_id: f"© owner {min(n, 6)}" for n, image_id in enumerate(ids)} | {ids[9]: None}
    archive = make_archive(tmp_path, ids, rights=rights)
    line = credits_of(archive, [*ids, "lost:1"])
    assert line == (
        "Images: © owner 6 (3), rights not stated (2), © owner 0 (1), © owner 1 (1), 4 more (4). "
        "Collections: made (10), lost (1)."
    )
    assert credits_of(archive, ids[:5]).startswith(
        "Images: © owner 0 (1), © owner 1 (1), © owner 2 (1), © owner 3 (1), ©"
    )
