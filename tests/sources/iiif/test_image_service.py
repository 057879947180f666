"""Image addresses at a requested size, for each version and compliance level of the IIIF Image API."""

from typing import Any

import pytest

from artsim.sources.iiif.image_service import Body, sized_address

S = "https://i.org/iiif/x"
V3 = {"id": S, "type": "ImageService3"}
V2 = {"@id": f"{S}/", "@context": "http://iiif.io/api/image/2/context.json"}
V1 = {"@id": S}
LEVEL1_1 = "http://library.stanford.edu/iiif/image-api/1.1/compliance.html#level1"
BIG = {"width": 4000, "height": 3000}
SIZES = [{"width": w, "height": w // 2} for w in (200, 1000, 1600, 4000)]


def address(service: Any, size: int = 1000, region: str = "full", rotation: str = "0", **resource: Any) -> str | None:
    return sized_address(
        Body({"id": "https://i.org/plain.jpg", "service": service, **resource}, region, rotation), size
    )


@pytest.mark.parametrize(
    ("service", "resource", "expected"),
    [
        ([V3 | {"profile": "level2"} | BIG], {}, f"{S}/full/!1000,1000/0/default.jpg"),
        ([V3 | {"profile": "level2"}], {}, f"{S}/full/!1000,1000/0/default.jpg"),
        (V3 | {"profile": "level1"} | BIG, {}, f"{S}/full/1000,/0/default.jpg"),
        (V3 | {"profile": "level1"}, {"width": 3000, "height": 4000}, f"{S}/full/750,/0/default.jpg"),
        (V3 | {"profile": "level1", "width": 900, "height": 30}, {}, f"{S}/full/max/0/default.jpg"),
        (V3 | {"profile": "level1"}, {}, "https://i.org/plain.jpg"),
        (V3 | {"profile": "level0", "sizes": SIZES}, {}, f"{S}/full/1000,500/0/default.jpg"),
        (V3 | {"profile": "level0"}, {}, "https://i.org/plain.jpg"),
        (V2 | {"profile": "http://iiif.io/api/image/2/level2.json"} | BIG, {}, f"{S}/full/!1000,1000/0/default.jpg"),
        (
            V2 | {"profile": ["http://iiif.io/api/image/2/level1.json", {"maxWidth": 600}]} | BIG,
            {},
            f"{S}/full/600,/0/default.jpg",
        ),
        (V2 | {"profile": "level2", "width": 500, "height": 400}, {}, f"{S}/full/full/0/default.jpg"),
        (
            V2 | {"profile": ["http://iiif.io/api/image/2/level0.json"], "sizes": SIZES},
            {},
            f"{S}/full/1000,/0/default.jpg",
        ),
        (
            V2 | {"profile": ["level0", {"supports": ["sizeByWhListed"]}], "sizes": SIZES[:1]},
            {},
            f"{S}/full/200,100/0/default.jpg",
        ),
        (V1 | {"profile": LEVEL1_1} | BIG, {}, f"{S}/full/1000,/0/native.jpg"),
        (V1 | {"profile": LEVEL1_1.replace("level1", "level2")}, {}, f"{S}/full/!1000,1000/0/native.jpg"),
        ([{"@id": "https://a.org", "profile": "http://iiif.io/api/auth/0/login"}], {}, "https://i.org/plain.jpg"),
        (None, {}, "https://i.org/plain.jpg"),
        ("https://i.org/iiif/x", {}, "https://i.org/plain.jpg"),
        (V3 | {"id": "ftp://x", "profile": "level2"}, {}, "https://i.org/plain.jpg"),
        # the copy that the manifest links to is large enough, and the server has likely cached it
        (
            V2 | {"profile": "level2"},
            {"width": 843, "height": 600, "id": f"{S}/full/843,/0/default.jpg"},
            f"{S}/full/843,/0/default.jpg",
        ),
        # but not if it is the whole image with a wrong size, or not an image
        (
            V2 | {"profile": "level2"},
            {"width": 843, "height": 600, "id": f"{S}/full/full/0/default.jpg"},
            f"{S}/full/!1000,1000/0/default.jpg",
        ),
        (V2 | {"profile": "level1"}, {"width": 843, "height": 600, "id": f"{S}/x"}, f"{S}/full/full/0/default.jpg"),
    ],
)
def test_requested_sizes(service: Any, resource: dict[str, Any], expected: str) -> None:
    assert address(service, **resource) == expected


def test_regions_and_rotations_are_kept() -> None:
    service = V3 | {"profile": "level1"} | BIG
    assert address(service, region="0,0,500,2000") == f"{S}/0,0,500,2000/250,/0/default.jpg"
    assert address(service, region="0,0,500,200") == f"{S}/0,0,500,200/max/0/default.jpg"
    assert address(service, rotation="90") == f"{S}/full/1000,/90/default.jpg"
    assert (
        address(V3 | {"profile": "level2"}, region="pct:10,10,50,50") == f"{S}/pct:10,10,50,50/!1000,1000/0/default.jpg"
    )


def test_a_body_without_address_gives_none() -> None:
    assert sized_address(Body({}), 1000) is None
