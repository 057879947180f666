import shutil
from pathlib import Path

import numpy as np
import pytest

from artsim.archive import UserError
from jobs.embed import job
from tests.encoders.test_model import _model
from tests.made import add_features, make_archive, named, vectors_of

_IDS = named(60)


def test_an_unknown_model_is_a_user_error(tmp_path) -> None:
    archive = make_archive(tmp_path, _IDS[:3])
    with pytest.raises(UserError, match="eye: no model of this name"):
        job.run(["--archive", archive.uri, "--model", "eye"])


@pytest.mark.slow
def test_a_model_embeds_another_archive(tmp_path) -> None:
    home, other = (make_archive(tmp_path / name, _IDS) for name in ("home", "other"))
    vectors = np.random.default_rng(1).normal(size=(60, 6))
    for archive, scale in ((home, 1.0), (other, -3.0)):
        add_features(archive, "one", dict(zip(_IDS, vectors * scale, strict=True)))
    model = _model(home, ["one:4"])
    model.save(home)
    shutil.copytree(Path(home.uri, "models/eye"), tmp_path / "carried")
    report = job.run(["--archive", other.uri, "--model", str(tmp_path / "carried")])
    assert (report["table"], report["rows_in"], report["rows_out"]) == ("features/carried", 60, 60)
    stored = vectors_of(other, "carried")
    for image_id, vector in zip(_IDS, model.vectors(other, _IDS), strict=True):
        np.testing.assert_allclose(stored[image_id], vector, rtol=1e-4, atol=1e-5)
    assert job.run(["--archive", other.uri, "--model", str(tmp_path / "carried")])["rows_in"] == 0
