import tempfile
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from artsim.extract import pixel_cache
from artsim.extract.pixel_cache import pixels_of
from artsim.vision.backbones import Input
from artsim.vision.decode import decode
from tests.made import jpeg, make_archive, named

WANTED = Input(size=24, crop=0.9, squash=False, bicubic=True, mean=(0.5,) * 3, std=(0.5,) * 3)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def decoded(monkeypatch):
    """Collects the bytes of each decoded image."""
    seen = []

    def counting(data, inputs):
        seen.append(bytes(data))
        return decode(data, inputs)

    monkeypatch.setattr(pixel_cache, "decode", counting)
    return seen


def made(tmp_path, count=20, **pictures):
    ids = named(count)
    return make_archive(tmp_path / "archive", ids, pictures=pictures), ids


def bytes_of(archive, image_id):
    return archive.table("images").find([image_id], ["bytes"])["bytes"][0].as_py()


def test_each_image_is_what_a_network_sees_and_is_decoded_once(tmp_path, decoded, monkeypatch):
    monkeypatch.setattr(pixel_cache, "_AT_ONCE", 3)
    archive, ids = made(tmp_path)
    squares, slots = pixels_of(archive, ids[:12], WANTED)
    assert len(decoded) == 12
    for artwork_id, slot in zip(ids[:12], slots, strict=True):
        np.testing.assert_array_equal(squares[slot], decode(bytes_of(archive, artwork_id), [WANTED])[0])
    squares, slots = pixels_of(archive, ids[::-1], WANTED)  # all, in reverse order: only the other eight are decoded
    assert len(decoded) == 20 == len(set(decoded))
    for artwork_id, slot in zip(ids[::-1], slots, strict=True):
        np.testing.assert_array_equal(squares[slot], decode(bytes_of(archive, artwork_id), [WANTED])[0])
    other = pixels_of(archive, ids, replace(WANTED, size=16))[0]
    assert other.shape == (20, 16, 16, 3) and len(decoded) == 40


def test_the_same_bytes_are_one_square_and_what_cannot_be_read_is_none(tmp_path, decoded, caplog):
    torn = jpeg(seed=5)[:300]
    same = jpeg("red")
    archive, ids = made(tmp_path, 6, **{"made:0000": same, "made:0003": same, "made:0001": None, "made:0002": torn})
    squares, slots = pixels_of(archive, [*ids, "made:none"], WANTED)
    assert slots[0] == slots[3] >= 0 and (slots[[1, 2, 6]] == -1).all() and len(squares) == 3
    assert len(decoded) == 4 and "made:0002: its image can't be read" in caplog.text
    pixels_of(archive, ids, WANTED)
    assert len(decoded) == 4, "a torn image is not tried again"


def test_several_at_once_decode_each_image_once(tmp_path, decoded):
    archive, ids = made(tmp_path)
    by_thread = {}

    def work(name):
        by_thread[name] = pixels_of(archive, ids, WANTED)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(decoded) == 20 and len(by_thread) == 4
    for squares, slots in by_thread.values():
        np.testing.assert_array_equal(squares[slots], by_thread[0][0][by_thread[0][1]])


def test_a_kill_while_decoding_leaves_nothing_wrong(tmp_path, decoded, monkeypatch):
    archive, ids = made(tmp_path)
    pixels_of(archive, ids[:5], WANTED)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pixel_cache.Path, "replace", killed)  # squares are written, the index is not
        with pytest.raises(KeyboardInterrupt):
            pixels_of(archive, ids[5:15], WANTED)
    squares, slots = pixels_of(archive, ids[10:], WANTED)
    for artwork_id, slot in zip(ids[10:], slots, strict=True):
        np.testing.assert_array_equal(squares[slot], decode(bytes_of(archive, artwork_id), [WANTED])[0])


def test_squares_that_nobody_has_asked_for_in_days_are_removed(tmp_path, monkeypatch):
    archive, ids = made(tmp_path)
    pixels_of(archive, ids, WANTED)
    pixels_of(archive, ids, replace(WANTED, size=16))
    kinds = sorted(tmp_path.glob("artsim-pixels-*/*/squares.bin"))
    assert len(kinds) == 2
    now = time.time()
    monkeypatch.setattr(pixel_cache.time, "time", lambda: now + 4 * 24 * 3600)
    pixels_of(archive, ids, WANTED)
    assert [path.stat().st_size for path in tmp_path.glob("artsim-pixels-*/*/squares.bin")] == [20 * 24 * 24 * 3]
