"""IIIF manifests of versions 2 and 3 as rows, and the reasons for rejecting some of them."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import is_public_domain
from artsim.archive.rejects import Reject
from artsim.sources.iiif.manifest import rows_of
from artsim.sources.iiif.resource import kind_of

M = "https://m.org/iiif/book/manifest.json"


def canvas3(number: int, *bodies: Any, **more: Any) -> dict[str, Any]:
    annotations = [{"type": "Annotation", "motivation": "painting", "body": body} for body in bodies]
    page = {"type": "AnnotationPage", "items": annotations}
    return {"id": f"https://m.org/iiif/book/canvas/{number}", "type": "Canvas", "items": [page], **more}


def image(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"https://m.org/{number}.jpg", "type": "Image", **more}


def manifest3(*canvases: Any, **more: Any) -> dict[str, Any]:
    return {"id": M, "type": "Manifest", "label": {"en": ["Book"], "de": ["Buch"]}, "items": list(canvases), **more}


def read(
    document: dict[str, Any], *languages: str, pages: dict[str, Any] | None = None
) -> tuple[list[dict[str, Any]], list[Reject]]:
    items = list(rows_of(document, "x.json", [*languages] or ["en"], 1000, (pages or {}).get))
    return [item for item in items if not isinstance(item, Reject)], [
        item for item in items if isinstance(item, Reject)
    ]


def images(document: dict[str, Any], **settings: Any) -> list[tuple[str, str]]:
    rows, rejects = read(document, **settings)
    assert not rejects
    return [(row["id"], row["image_url"]) for row in rows]


def test_several_images_are_named_by_canvas() -> None:
    assert images(manifest3(canvas3(1, image(1)))) == [(M, "https://m.org/1.jpg")]
    two = manifest3(canvas3(1, image(1)), canvas3(2, image(2), image(3), label={"none": ["f. 2"]}))
    assert images(two) == [
        (f"{M}#canvas/1", "https://m.org/1.jpg"),
        (f"{M}#canvas/2", "https://m.org/2.jpg"),
        (f"{M}#canvas/2#image2", "https://m.org/3.jpg"),
    ]
    assert [row["title"] for row in read(two, "de")[0]] == ["Buch", "Buch: f. 2", "Buch: f. 2"]


def test_the_first_choice_is_used_also_in_specific_resources() -> None:
    choice = {"type": "Choice", "items": [{"type": "Sound", "id": "https://m.org/x.mp3"}, image(1), image(2)]}
    old = {
        "@type": "oa:Choice",
        "default": {"@id": "https://m.org/3.jpg", "@type": "dctypes:Image"},
        "item": [image(4)],
    }
    region = {
        "type": "SpecificResource",
        "source": image(5),
        "selector": {"type": "ImageApiSelector", "region": "0,0,9,9"},
    }
    assert [
        url
        for _, url in images(
            manifest3(canvas3(1, choice), canvas3(2, old), canvas3(3, region), canvas3(4, "https://m.org/6.jpg"))
        )
    ] == [f"https://m.org/{number}.jpg" for number in (1, 3, 5, 6)]


def test_pages_of_annotations_are_followed_and_fetched() -> None:
    annotation = {"type": "Annotation", "motivation": "painting", "body": image(1)}
    pages = {
        "https://m.org/p1": {
            "id": "https://m.org/p1",
            "type": "AnnotationPage",
            "items": [annotation],
            "next": "https://m.org/p2",
        },
        "https://m.org/p2": {"id": "https://m.org/p2", "items": [annotation], "next": {"id": "https://m.org/p1"}},
    }
    canvas = canvas3(1) | {"items": [{"id": "https://m.org/p1", "type": "AnnotationPage"}]}
    rows, rejects = read(manifest3(canvas), pages=pages)
    assert len(rows) == 2 and not rejects
    assert [reject.reason for reject in read(manifest3(canvas))[1]] == ["no image on the canvas"]


def test_version_2() -> None:
    annotation = {
        "@type": "oa:Annotation",
        "motivation": "sc:painting",
        "resource": {"@id": "https://m.org/1.jpg", "@type": "dctypes:Image"},
    }
    canvas = {"@id": "https://m.org/c1", "@type": "sc:Canvas", "images": [annotation]}
    manifest = {
        "@id": M,
        "@type": "sc:Manifest",
        "label": [{"@value": "Bok", "@language": "sv"}, {"@value": "Book", "@language": "en"}],
        "attribution": "Museum",
        "license": "http://rightsstatements.org/vocab/NKC/1.0/",
        "related": {"@id": "https://m.org/page", "format": "text/html"},
        "metadata": [{"label": "Artist / Maker", "value": "<b>Ruysch</b>"}, {"label": "Date", "value": "c. 1700"}],
        "sequences": [{"canvases": [canvas]}, {"canvases": [canvas]}],
    }
    ((row,), rejects) = read(manifest)
    assert not rejects and (row["id"], row["image_url"], row["title"]) == (M, "https://m.org/1.jpg", "Book")
    assert (row["artist"], row["date_text"], row["year_from"]) == ("Ruysch", "c. 1700", 1700)
    assert row["rights"] == "http://rightsstatements.org/vocab/NKC/1.0/" and row["page_url"] == "https://m.org/page"
    assert json.loads(row["metadata"])["Attribution"] == "Museum"
    assert [row["id"] for row in read(canvas)[0]] == ["https://m.org/c1"]


def test_canvas_metadata_takes_precedence() -> None:
    about = [
        {"label": {"en": ["Artist"]}, "value": {"en": ["A"]}},
        {"label": {"en": ["Medium"]}, "value": {"none": ["Oil"]}},
    ]
    own = [{"label": {"de": ["Künstler"]}, "value": {"none": ["B"]}}]
    rows, _ = read(
        manifest3(
            canvas3(1, image(1), metadata=own, rights="http://r/1"),
            canvas3(2, image(2)),
            metadata=about,
            rights="http://r/2",
        )
    )
    assert [(row["artist"], row["technique"], row["rights"]) for row in rows] == [
        ("B", "Oil", "http://r/1"),
        ("A", "Oil", "http://r/2"),
    ]


@pytest.mark.parametrize(
    ("more", "rights"),
    [
        (
            {"rights": "http://creativecommons.org/publicdomain/mark/1.0/"},
            "http://creativecommons.org/publicdomain/mark/1.0/",
        ),
        ({"license": ["http://l/1", "http://l/2"]}, "http://l/1; http://l/2"),
        (
            {"license": '<a href="https://creativecommons.org/licenses/by/4.0/">here</a>'},
            "here (https://creativecommons.org/licenses/by/4.0/)",
        ),
        ({"requiredStatement": {"label": {"en": ["Attribution"]}, "value": {"en": ["© Museum"]}}}, "© Museum"),
        ({"requiredStatement": {"label": {"en": ["Held by"]}, "value": {"en": ["Museum"]}}}, None),
        ({"metadata": [{"label": "Rights", "value": "Public domain"}]}, "Public domain"),
        ({}, None),
    ],
)
def test_rights_are_found_in_all_places(more: dict[str, Any], rights: str | None) -> None:
    assert read(manifest3(canvas3(1, image(1)), **more))[0][0]["rights"] == rights


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (manifest3(), "a manifest without canvases"),
        (manifest3(canvas3(1)), "no image on the canvas"),
        (manifest3(canvas3(1, {"type": "Video", "id": "https://m.org/x.mp4"})), "no image on the canvas"),
        (manifest3(canvas3(1, None)), "no image on the canvas"),
        ({"type": "Manifest", "items": 7}, "a manifest without canvases"),
        ({"@type": "sc:Manifest", "sequences": []}, "a manifest without canvases"),
        (manifest3(canvas3(1, {"type": "SpecificResource", "source": [[[]]]})), "no image on the canvas"),
    ],
)
def test_invalid_manifests_are_rejected_with_a_reason(document: dict[str, Any], reason: str) -> None:
    rows, rejects = read(document)
    assert not rows and [reject.reason for reject in rejects] == [reason]


def test_bodies_nested_without_end_are_rejected() -> None:
    body: Any = image(1)
    for _ in range(5000):
        body = {"type": "Choice", "items": [body]}
    rows, rejects = read(manifest3(canvas3(1, body)))
    assert not rows and [reject.reason for reject in rejects] == ["not valid IIIF"]


def test_broken_manifests_raise_nothing(shared_data: Path) -> None:
    """Reads every recorded manifest with random values replaced by values of other types."""
    dice = random.Random(3)
    junk: list[Any] = [
        None,
        7,
        -1.5,
        True,
        "",
        "x",
        [],
        {},
        [None],
        {"id": 3},
        [[]],
        {"@value": []},
        "http://[",
        "\ud800",
    ]

    def spoil(value: Any) -> Any:
        if dice.random() < 0.04:
            return dice.choice(junk)
        if isinstance(value, dict):
            return {name: spoil(inner) for name, inner in value.items()}
        return [spoil(inner) for inner in value[:6]] if isinstance(value, list) else value

    count = 0
    for path in sorted((shared_data / "museum-apis" / "iiif").rglob("*.json")):
        document = json.loads(path.read_text())
        for _ in range(3):
            spoiled = spoil(document)
            if kind_of(spoiled) in ("manifest", "canvas"):
                count += len(read(spoiled)[0]) + len(read(spoiled)[1])
    assert count > 100


def test_the_recorded_manifests_say_who_made_what_and_when(shared_data: Path) -> None:
    folder = shared_data / "museum-apis" / "iiif"

    def first(name: str) -> dict[str, Any]:
        return read(json.loads((folder / name).read_text()))[0][0]

    homer = first("cookbook/0032-collection-manifest-01.json")
    assert (homer["title"], homer["artist"], homer["year_from"]) == (
        "The Gulf Stream",
        "Winslow Homer (1836–1910)",
        1899,
    )
    mother = first("cookbook/0006-text-language.json")
    assert (mother["title"], mother["location"]) == ("Whistler's Mother", "Musée d'Orsay, Paris, France")
    letter = first("presentation-2/villanova-manifest.json")
    assert letter["artist"].startswith("Thackara, A. M.") and letter["year_from"] == 1882
    bulletin = first("presentation-2/bl-manifest.json")
    assert (bulletin["year_from"], bulletin["year_to"]) == (1917, 1919) and is_public_domain(bulletin["rights"])
    region = first("cookbook/0299-region.json")
    assert "/1768,2423,1768,2080/" in region["image_url"]
    courbet = first("presentation-2/wikimedia-proxy.json")
    assert (courbet["artist"], courbet["year_from"], courbet["year_to"]) == ("Gustave Courbet", 1849, 1850)
    assert is_public_domain(courbet["rights"])


def described(*entries: tuple[str, Any], **more: Any) -> dict[str, Any]:
    metadata = [{"label": {"en": [label]}, "value": {"en": [value]}} for label, value in entries]
    return read(manifest3(canvas3(1, image(1)), metadata=metadata, **more))[0][0]


@pytest.mark.parametrize(
    ("label", "value", "column"),
    [
        ("Artist(s)", "Ann", "artist"),
        ("Creator (Register)", "Ann", "artist"),
        ("People", "Artist: Ann", "artist"),
        ("Date of Origin (German)", "1510", "date_text"),
        ("Publication/Creation", "1960", "date_text"),
        ("Culture & Date", "Dutch, 1650", "date_text"),
        ("Date statement", "1838", "date_text"),
        ("Period", "1897-1933", "date_text"),
        ("Start date", "1897", "date_text"),
        ("Century", "7th century", "date_text"),
        ("Techniques & Materials", "etching", "technique"),
        ("Type/technique", "etchings", "type"),
        ("Rights/Licence", "https://m.org/terms", "rights"),
        ("Terms of use", "Free to use", "rights"),
    ],
)
def test_labels_of_many_libraries(label: str, value: str, column: str) -> None:
    assert described((label, value))[column] == value


def test_a_date_label_needs_a_number() -> None:
    row = described(("Published", "Leipzig"), ("Date", "la"), ("Period", "02.03.1840"))
    assert (row["date_text"], row["year_from"]) == ("02.03.1840", 1840)
    assert described(("Published", "Leipzig"))["date_text"] is None
    assert described(("Date", "XVIe siècle"))["year_from"] == 1501


def test_date_labels_take_precedence_over_nav_date() -> None:
    row = described(("Entstehung", "2. Hälfte 14. Jh."), navDate="1351-01-01T00:00:00Z")
    assert (row["date_text"], row["year_from"], row["year_to"]) == ("2. Hälfte 14. Jh.", 1351, 1400)
    assert described(navDate="1351-01-01T00:00:00Z")["date_text"] == "1351"


def test_rights_take_precedence_over_attribution() -> None:
    named = {"label": {"en": ["Attribution"]}, "value": {"en": ["Courtesy of M"]}}
    assert described(("Rights Statement", "Public domain"), requiredStatement=named)["rights"] == "Public domain"
    assert described(("License", "For study alone"), attribution="M")["rights"] == "For study alone"
    assert described(attribution="M")["rights"] == "M"
    terms = {
        "label": {"en": ["Terms of Use"]},
        "value": {"en": ['<a href="https://creativecommons.org/licenses/by/4.0/">x</a>']},
    }
    assert described(requiredStatement=terms)["rights"] == "x (https://creativecommons.org/licenses/by/4.0/)"


def test_the_provider_is_a_name_without_address() -> None:
    provider = [{"label": {"en": ["Museum M", "1 Street", "City"]}}]
    assert described(provider=provider)["location"] == "Museum M"
    assert described(provider=[{"label": {"en": ["Museum M\n1 Street"]}}])["location"] == "Museum M"


def test_services_addresses_and_numbers_are_normalized() -> None:
    service = {
        "@id": "/images/1/info.json",
        "profile": "http://iiif.io/api/image/2/level1.json",
        "width": "3000",
        "height": "2000",
    }
    assert images(manifest3(canvas3(1, image(1, service=service)))) == [
        (M, "https://m.org/images/1/full/1000,/0/default.jpg")
    ]
    assert images(manifest3(canvas3(1, {"id": "../1.jpg", "type": "Image"}))) == [(M, "https://m.org/iiif/1.jpg")]


@pytest.mark.parametrize(
    "body", ["https://m.org/1.mp4", {"id": "https://m.org/1.pdf"}, {"id": M, "type": "Image", "format": "text/html"}]
)
def test_only_image_resources_give_rows(body: Any) -> None:
    rows, rejects = read(manifest3(canvas3(1, body)))
    assert not rows
    assert rejects[0].reason == "no image on the canvas"
