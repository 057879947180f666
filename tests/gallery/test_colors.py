from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from artsim.archive import CATALOG, Archive
from artsim.gallery.colors import OTHER, PALETTE, colors_of

_STYLES = {f"made:{n:03d}": f"style {min(n % 17, n % 5 + 9)}" if n % 7 else None for n in range(120)}
_YEARS = {identifier: 1400 + 3 * n if n % 4 else None for n, identifier in enumerate(_STYLES)}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = Archive.create(str(tmp_path), 2)
    ids = list(_STYLES)
    for shard in range(2):
        rows = [
            {"id": image_id, "style": _STYLES[image_id], "year_from": _YEARS[image_id]}
            for image_id, number in zip(ids, archive.shard_of(ids), strict=True)
            if number == shard
        ]
        archive.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, CATALOG))
    return archive


def test_the_ten_commonest_values_have_a_color(archive: Archive) -> None:
    colors, legend = colors_of(archive, list(_STYLES), "style", None)
    counts = Counter(style for style in _STYLES.values() if style)
    common = sorted(counts, key=lambda style: (-counts[style], style))[:10]
    assert list(legend.names) == [*common, "other or unknown"]
    shown = dict(zip(legend.names, legend.colors, strict=True))
    for identifier, style in _STYLES.items():
        assert colors[identifier] == shown.get(style or "", OTHER)
    assert len(set(PALETTE) | {OTHER}) == 11


def test_years_have_spans_of_about_equal_counts(archive: Archive) -> None:
    colors, legend = colors_of(archive, list(_YEARS), "year", None)
    spans = dict(zip(legend.names, legend.colors, strict=True))
    assert spans.pop("unknown") == OTHER
    for name, color in spans.items():
        first, last = map(int, name.split("–"))
        inside = {image_id for image_id, year in _YEARS.items() if year is not None and first <= year <= last}
        assert {image_id for image_id in _YEARS if colors[image_id] == color} == inside
        assert len(inside) == pytest.approx(90 / 5, abs=1)


def test_clusters(archive: Archive) -> None:
    ids = list(_STYLES)
    colors, legend = colors_of(archive, ids, "cluster", {ids[0]: 3, ids[1]: -1, ids[2]: 3})
    assert list(legend.names) == ["3", "none"]
    assert [colors[image_id] for image_id in ids[:4]] == [PALETTE[0], OTHER, PALETTE[0], OTHER]
