"""How the columns of a table map to those of the catalog."""

import pytest

from artsim.archive import UserError
from artsim.sources.tables.columns import check_columns, parse_columns, resolved


def test_well_known_names_are_mapped() -> None:
    names = ["omni_id", "artist_full_name", "artwork_name", "creation_year", "source_url", "image_url", "l1_type", "x"]
    assert resolved({}, names, ["image_url"]) == {
        "id": ("omni_id",),
        "artist": ("artist_full_name",),
        "title": ("artwork_name",),
        "date_text": ("creation_year",),
        "page_url": ("source_url",),
        "image_url": ("image_url",),
        "type": ("l1_type",),
    }


def test_a_url_is_the_page_unless_it_is_the_image() -> None:
    assert resolved({}, ["url", "title"], ["url"]) == {"image_url": ("url",), "title": ("title",)}
    assert resolved({}, ["url", "thumbnailUrl"], ["thumbnailUrl"]) == {
        "image_url": ("thumbnailUrl",),
        "page_url": ("url",),
    }


def test_columns_set_by_the_caller_come_first() -> None:
    assert resolved({"title": "date"}, ["date", "title", "file"], ["file"]) == {
        "title": ("date",),
        "image_url": ("file",),
    }
    assert resolved({"image_url": "https://x/{file}"}, ["file", "url"])["page_url"] == ("url",)


def test_a_column_in_a_template_stays_free_for_others() -> None:
    assert resolved({"image_url": "https://x/{id}.jpg"}, ["id", "title"])["id"] == ("id",)


def test_the_names_of_one_column_in_their_order() -> None:
    assert resolved({}, ["name", "objectid", "title", "id"]) == {"id": ("id", "objectid"), "title": ("title", "name")}


def test_the_option_is_read() -> None:
    assert parse_columns(["image_url=url", "title=a=b"]) == {"image_url": "url", "title": "a=b"}


@pytest.mark.parametrize("text", ["title", "title=", "=x", "titel=x", "source=x", "metadata=x"])
def test_invalid_input_is_a_user_error(text: str) -> None:
    with pytest.raises(UserError, match="`columns`"):
        parse_columns([text])


def test_a_missing_column_is_named() -> None:
    check_columns({"title": "name", "image_url": "https://x/{id}/{file}"}, ["name", "id", "file"])
    with pytest.raises(UserError, match=r"'nme'.*name, id"):
        check_columns({"title": "nme"}, ["name", "id"])
    with pytest.raises(UserError, match="'fil'"):
        check_columns({"image_url": "https://x/{fil}"}, ["file"])


def test_names_that_museums_use() -> None:
    names = ["_primaryTitle", "_primaryDate", "artist_display", "medium_display", "primaryimageurl", "url", "datebegin"]
    resolved_columns = resolved({}, names, ["primaryimageurl"])
    assert resolved_columns["image_url"] == ("primaryimageurl",)
    assert resolved_columns["page_url"] == ("url",)
    assert resolved_columns["title"] == ("_primaryTitle",)
    assert resolved_columns["date_text"] == ("_primaryDate",)
    assert resolved_columns["artist"] == ("artist_display",)
    assert resolved_columns["technique"] == ("medium_display",)
    assert resolved_columns["year_from"] == ("datebegin",)


def test_a_column_set_twice_is_a_user_error():
    with pytest.raises(UserError, match="`columns` title=b: title is already set to a"):
        parse_columns(["title=a", "title=b"])
