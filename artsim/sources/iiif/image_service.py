"""Builds image addresses at a wanted size for IIIF Image API services (1.0 to 3.0)."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from artsim.sources.iiif.resource import identifier, listed, number_of, objects_in

_LEVEL = re.compile(r"level\s?([012])")
_WHOLE = re.compile(r"/(?:full|max)/[^/]*/[^/]*$")  # an Image API address of the largest size
_INFO = re.compile(r"(?:/info\.json)?/*(?:[?#].*)?$")  # the end that does not belong to a service's address
_IMAGE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|tiff?|jp2)$|/(?:native|default|color)$", re.IGNORECASE
)  # an image, not a service


@dataclass(frozen=True, slots=True)
class Body:
    """What an annotation paints: an image resource, or a region of it, rotated by so many degrees."""

    resource: dict[str, Any]
    region: str = "full"
    rotation: str = "0"
    canvas: dict[str, Any] = field(default_factory=dict)  # the canvas it is painted on, for its proportions


def sized_address(body: Body, size: int, document: str = "") -> str | None:
    """Return the address of an image with a long side of ``size`` pixels, or less if the image is smaller.

    The service's compliance level decides what can be requested (https://iiif.io/api/image/3.0/compliance/ and earlier
    versions): level 2 fits an image into a square, level 1 scales to a width, level 0 has only the sizes that it lists.
    Without a usable service, returns the resource's own address, resolved against that of the ``document``; None if it
    has none.
    """
    own_address = _absolute(identifier(body.resource), document)
    service = _image_service(body.resource.get("service"))
    base = _INFO.sub("", _absolute(identifier(service), document) or "") if service else ""
    if not service or not base.startswith(("http://", "https://")):
        return own_address
    version, level, limit = _version(service), _level(service), _limit(service, size)
    largest = "max" if version == 3 else "full"
    exact, width, height = _extent(body, service)
    long_side = max(width, height)
    requested: str | None = None
    if level and exact and long_side <= limit:
        requested = largest
    elif (
        own_address
        and not exact
        and limit // 2 <= long_side <= limit
        and not _WHOLE.search(own_address)
        and _IMAGE.search(own_address)
    ):
        return own_address  # the museum's own link, which its server has likely cached
    elif level == 2:
        requested = f"!{limit},{limit}"
    elif level == 1 and long_side > limit:
        requested = f"{max(1, width * limit // long_side)},"
    elif level == 0 and body.region == "full":
        requested = _listed(service, limit, version)
    if (
        requested is None
        and own_address
        and _IMAGE.search(own_address)
        and body.region == "full"
        and body.rotation == "0"
    ):
        return own_address
    return f"{base}/{body.region}/{requested or largest}/{body.rotation}/{'native' if version == 1 else 'default'}.jpg"


def _absolute(address: str | None, document: str) -> str | None:
    """Resolve an address that may be relative to the web document that contains it."""
    if address is None or not document.startswith(("http://", "https://")):
        return address
    try:
        return urljoin(document, address)
    except ValueError:
        return address


def _image_service(services: Any) -> dict[str, Any] | None:
    """Return the first service for images, not for login or search; None if there is none."""
    for service in listed(services):
        if isinstance(service, dict):
            words = _words(service) + str(service.get("protocol", ""))
            if "ImageService" in words or "api/image" in words or "image-api" in words or _LEVEL.search(words):
                return service
    return None


def _words(service: dict[str, Any]) -> str:
    return " ".join(str(service.get(key, "")) for key in ("type", "@type", "@context", "profile"))


def _version(service: dict[str, Any]) -> int:
    words = _words(service)
    if "ImageService3" in words or "api/image/3" in words:
        return 3
    if "ImageService2" in words or "api/image/2" in words:
        return 2
    return 1 if "ImageService1" in words or "image-api" in words or "api/image/1" in words else 2


def _level(service: dict[str, Any]) -> int | None:
    match = _LEVEL.search(str(service.get("profile", "")))
    return int(match[1]) if match else None


def _listed(service: dict[str, Any], limit: int, version: int) -> str | None:
    """Return the smallest listed size that is large enough, or else the largest; None if none is listed."""
    listed_sizes = [
        (width, height)
        for entry in objects_in(service.get("sizes"))
        if (width := number_of(entry.get("width"))) and (height := number_of(entry.get("height")))
    ]
    if not listed_sizes:
        return None
    large_enough = [pair for pair in listed_sizes if max(pair) >= limit]
    width, height = min(large_enough) if large_enough else max(listed_sizes)
    needs_height = version == 3 or "sizeByWhListed" in str(service.get("profile"))
    return f"{width},{height}" if needs_height else f"{width},"


def _extent(body: Body, service: dict[str, Any]) -> tuple[bool, int, int]:
    """Return whether the size of the requested region is exact, and its width and height in pixels (0 if unknown).

    Only the service knows the size of the whole image. A manifest gives the size of the copy that it links to; of a
    canvas, only the proportions are reliable.
    """
    region = re.fullmatch(r"\d+,\d+,(\d+),(\d+)", body.region)
    if region:
        return True, int(region[1]), int(region[2])
    for description in (service, body.resource, body.canvas) if body.region == "full" else ():
        width, height = number_of(description.get("width")), number_of(description.get("height"))
        if width and height:
            return description is service, width, height
    return False, 0, 0


def _limit(service: dict[str, Any], size: int) -> int:
    """Return the long side to request: ``size``, or the service's maximum if that is smaller."""
    descriptions = [service, *objects_in(service.get("profile"))]
    maximums = [
        number
        for description in descriptions
        for key in ("maxWidth", "maxHeight")
        if (number := number_of(description.get(key)))
    ]
    return min([size, *maximums])
