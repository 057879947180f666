from collections import Counter

import pytest

from artsim.sample.motifs import MOTIFS
from artsim.sample.painters import PAINTERS
from artsim.sample.works import plan


def test_the_whole_museum_has_a_few_hundred_works_with_ids_and_files_of_their_own():
    works = plan()
    assert len(works) == 324
    assert len({work.id for work in works}) == len({work.file for work in works}) == len(works)
    assert Counter(work.kind for work in works) == {"original": 264, "copy": 36, "variant": 24}


def test_every_painter_treats_every_motif_at_least_twice():
    originals = Counter((work.artist, work.type) for work in plan() if work.kind == "original")
    for painter in PAINTERS:
        for motif in MOTIFS:
            assert originals[painter.name, motif] >= 2, (painter.name, motif)


def test_a_style_is_coarser_than_a_painter():
    works = plan()
    style_of = {work.artist: work.style for work in works}
    assert len({(work.artist, work.style) for work in works}) == len(style_of) == len(PAINTERS)
    assert max(Counter(style_of.values()).values()) >= 2
    assert len(set(style_of.values())) < len(PAINTERS)


def test_variants_and_copies_hang_after_the_sound_original_that_they_name():
    seen = {}
    for work in plan():
        if work.kind == "original":
            assert work.metadata().keys() == {"inventory"}
        else:
            origin = seen[work.metadata()[f"{work.kind}_of"]]
            assert origin.kind == "original" and not origin.flaw and not work.private
            assert (origin.artist, origin.type, origin.seeds[0]) == (work.artist, work.type, work.seeds[0])
            assert (origin.palette == work.palette) == (work.kind == "copy")
        seen[work.id] = work


def test_dates_lie_within_the_painters_lives():
    lives = {painter.name: painter for painter in PAINTERS}
    for work in plan():
        life = lives[work.artist]
        assert life.born < work.year_from <= work.year_to <= life.died + 5, work.id


@pytest.mark.parametrize("count", [20, 24, 100])
def test_a_small_museum_holds_one_of_everything(count: int):
    works = plan(works=count)
    assert len(works) == count
    assert {work.kind for work in works} == {"original", "variant", "copy"}
    assert sorted(work.flaw for work in works if work.flaw) == ["missing", "truncated"]
    assert any(work.private for work in works)
    assert {work.artist for work in works} == {painter.name for painter in PAINTERS}


@pytest.mark.parametrize("count", [0, 19, 325])
def test_an_impossible_number_of_works_is_refused(count: int):
    with pytest.raises(ValueError, match=f"must be between 20 and 324, not {count}"):
        plan(works=count)


def test_another_seed_is_another_museum_of_the_same_shape():
    first, second = plan(0), plan(1)
    assert [work.id for work in first if work.kind == "original"] == [w.id for w in second if w.kind == "original"]
    assert all(a.seeds != b.seeds for a, b in zip(first, second, strict=True))


def test_titles_of_one_painter_differ():
    titles = Counter((work.artist, work.title) for work in plan() if work.kind == "original")
    assert max(titles.values()) == 1
