import tempfile
from pathlib import Path

import numpy as np
import pytest
from ray import cloudpickle

from artsim.identify.evidence import Comparer, need_network
from tests.duplicates.made_pictures import encoded, painting
from tests.made import make_archive

_BACKBONE = "efficientnet_lite0@2+224"


@pytest.mark.slow
def test_a_detail_is_found_by_its_parts(tmp_path: Path) -> None:
    whole = painting(1, (640, 480))
    books = {
        "made:copy": whole.resize((320, 240)),
        "made:detail": whole.crop((40, 30, 360, 270)),
        "made:other": painting(3, (320, 240)),
    }
    museum = {"made:whole": encoded(whole), "made:another": encoded(painting(2, (640, 480))), "made:none": None}
    pictures = {one: encoded(image) for one, image in books.items()} | {"made:damaged": b"no"}
    archive = make_archive(tmp_path / "books", list(pictures), pictures=pictures)
    reference = make_archive(tmp_path / "museum", list(museum), pictures=museum)
    ids, candidates = np.array([*books, "made:damaged"], object), np.array([[0, 1, 2]] * 2 + [[1, 0, -1]] * 2)
    network = cloudpickle.loads(cloudpickle.dumps(need_network(_BACKBONE)))  # as workers receive it
    with tempfile.TemporaryFile() as file:
        compare = Comparer(archive, reference, np.array(list(museum), object), file, enough=0.7, network=network)
        found = compare(ids, candidates)
    assert found.readable.tolist() == [True, True, True, False]
    assert (found.scores.argmax(axis=1)[:2] == 0).all()
    assert (found.scores[:2, 0] > 0.8).all()
    others = np.delete(found.scores.ravel(), [0, 3])
    assert np.nanmax(others) < 0.4
    assert np.isnan(found.scores[2:, 2]).all(), "there is no candidate"
    assert found.by_parts[1, 0]
    assert found.patches[1, 0] >= 4
    assert found.patches[0].tolist() == [-1, -1, -1], "whole images agree: no parts are compared"
    assert found.patches[1, 2] == found.patches[2, 2] == -1


def test_no_candidate_has_no_score(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "books", ["made:a"], pictures={"made:a": encoded(painting(1))})
    reference = make_archive(tmp_path / "museum", ["made:b"], pictures={"made:b": encoded(painting(2))})
    with tempfile.TemporaryFile() as file:
        compare = Comparer(archive, reference, np.array(["made:b"], object), file, enough=0.7, network=None)
        found = compare(np.array(["made:a"], object), np.array([[0, -1]]))
    assert np.isfinite(found.scores[0, 0]) and np.isnan(found.scores[0, 1])
