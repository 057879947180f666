from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from artsim.archive import IMAGES, Archive
from artsim.identify import candidates
from artsim.identify.candidates import CandidateSearch, read_hashes
from artsim.space.features import Space
from tests.made import add_features, jpeg, make_archive

_PICTURE = jpeg((9, 9, 9))
_K, _BITS, _BY_HASH = 3, 12, 5


def _made(
    folder: Path, ids: list[str], rng: np.random.Generator
) -> tuple[Archive, dict[str, np.ndarray], dict[str, int]]:
    """Hashes are near each other; every fifth artwork has none."""
    archive = make_archive(folder, ids, pictures=dict.fromkeys(ids, _PICTURE))
    vectors = {one: rng.normal(size=6) for one in ids}
    vectors[ids[-1]] = np.zeros(6)
    hashes = {one: int(rng.integers(1, 1 << 20)) for number, one in enumerate(ids) if number % 5}
    table = archive.table("images")
    for shard in range(archive.shards):
        for part in table.parts(shard):
            rows = table.read(shard, part).to_pylist()
            rows = [{**row, "phash": f"{hashes[row['id']]:016x}" if row["id"] in hashes else None} for row in rows]
            table.write(shard, part, pa.Table.from_pylist(rows, schema=IMAGES))
    add_features(archive, "dots", vectors)
    return archive, vectors, hashes


@pytest.mark.parametrize("cells", [7, 1 << 24])
def test_candidates_are_the_nearest_by_features_and_by_hash(
    tmp_path: Path, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_CELLS", cells)
    rng = np.random.default_rng(4)
    ids, others = [f"books:{number}" for number in range(20)], [f"museum:{number}" for number in range(30)]
    archive, vectors, hashes = _made(tmp_path / "books", ids, rng)
    reference, known, known_hashes = _made(tmp_path / "museum", others, rng)
    space, reference_space = (Space(each, ["dots"]) for each in (archive, reference))
    reference_ids, _ = reference_space.matrix()
    reference_hashes = read_hashes(reference, reference_ids)
    search = CandidateSearch(reference_ids, reference_hashes, reference_space.blocks, hash_distance=_BITS)
    seen, by_hash = [], 0
    for own, queries in space.blocks():
        found = search(queries, read_hashes(archive, own), _K)
        for one, rows, similarities in zip(own, found.rows, found.similarities, strict=True):
            seen.append(one)
            cosines = {
                other: vectors[one] @ vector / np.linalg.norm(vector) / np.linalg.norm(vectors[one])
                for other, vector in known.items()
                if vectors[one].any() and vector.any()
            }
            nearest = sorted(cosines, key=lambda other: -cosines[other])[:_K]
            bits = {other: (hashes[one] ^ value).bit_count() for other, value in known_hashes.items() if one in hashes}
            within = sorted(bits[other] for other in bits if bits[other] <= _BITS)[:_BY_HASH]
            places = rows[:_K] if len(rows) > _BY_HASH else rows[:0]
            assert [reference_ids[row] for row in places if row >= 0] == nearest
            for row, similarity in zip(rows, similarities, strict=True):
                if row >= 0 and np.isfinite(similarity):
                    assert abs(similarity - cosines[reference_ids[row]]) < 1e-6
            more = [reference_ids[row] for row in rows[_K:] if row >= 0]
            assert not {*more} & {*nearest}
            assert all(bits[other] <= _BITS for other in more)
            limit = sorted(bits.values())[:_BY_HASH][-1] if bits else 0
            five = [other for other in bits if bits[other] < min(limit, _BITS + 1)]  # without ties
            assert {*five} <= {*more, *nearest}
            by_both = [other for other in nearest if bits.get(other, 65) <= min(limit, _BITS)]
            assert len(within) - len(by_both) <= len(more) <= len(within)
            assert sorted(bits[other] for other in {*more, *by_both})[: len(within)] == within
            by_hash += len(more)
    assert sorted(seen) == sorted(ids)
    assert by_hash > 20
