"""Turns an IIIF manifest (Presentation API 2 or 3) into catalog rows, one per image painted on a canvas."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from artsim.archive.rejects import Reject
from artsim.sources.iiif.image_service import Body, sized_address
from artsim.sources.iiif.labels import described
from artsim.sources.iiif.resource import identifier, kind_of, listed, objects_in

Row = dict[str, Any]
GetPage = Callable[[str], Any]  # fetches an annotation page that is only referenced; may raise AnnotationPageError

_NO_IMAGE = re.compile(
    r"\.(?:mp[34]|m4[av]|webm|og[gv]|mov|avi|wav|flac|pdf|html?|json|xml|txt|vtt|srt)(?:$|[?#])", re.I
)
_PAGES = 100  # annotation pages read per canvas


class AnnotationPageError(Exception):
    """An annotation page could not be fetched; the text says why."""


def rows_of(
    document: dict[str, Any], where: str, languages: list[str], size: int, get_page: GetPage
) -> Iterator[Row | Reject]:
    """Yield the rows of a manifest, or of a canvas on its own.

    The local id is the manifest's, followed by the canvas if there are several images. A canvas without an image is
    rejected, as is anything that does not follow the specification.
    """
    try:
        manifest = {} if kind_of(document) == "canvas" else document
        canvases = [document] if not manifest else list(_canvases(document))
        images: list[tuple[dict[str, Any], list[Body]]] = []
        missing: dict[int, AnnotationPageError] = {}
        for number, canvas in enumerate(canvases, 1):
            try:
                images.append((canvas, _painted(canvas, get_page)))
            except AnnotationPageError as error:
                images.append((canvas, []))
                missing[number] = error
        is_only_image = sum(len(bodies) for _, bodies in images) + len(missing) == 1
        base = next((address for address in (identifier(document), where) if address and "://" in address), "")
        if not canvases:
            yield Reject.of(where, "a manifest without canvases", identifier(document))
        for number, (canvas, bodies) in enumerate(images, 1):
            place = f"{where} canvas {number}"
            if number in missing:
                yield Reject.of(place, "its page of annotations could not be fetched", missing[number])
            elif not bodies:
                yield Reject.of(place, "no image on the canvas", identifier(canvas))
            for index, body in enumerate(bodies):
                name = _id(manifest, canvas, where, number, index, is_only_image)
                row = described(manifest, canvas, body.resource, languages, is_only_image)
                yield row | {"id": name, "image_url": sized_address(body, size, base), "where": place}
    except (TypeError, AttributeError, KeyError, ValueError, IndexError, RecursionError) as error:
        yield Reject.of(where, "not valid IIIF", f"{type(error).__name__}: {error}")


def _id(
    manifest: dict[str, Any], canvas: dict[str, Any], where: str, number: int, index: int, is_only_image: bool
) -> str:
    """Return the manifest's URL, ``#`` and the canvas, because two volumes may number their canvases alike."""
    whole = identifier(manifest or canvas)
    whole = whole if whole and "://" in whole else where
    own = "" if is_only_image or not manifest else identifier(canvas) or f"canvas{number}"
    own = own.removeprefix(whole.rpartition("/")[0] + "/")
    parts = [whole, own, f"image{index + 1}" if index else ""]
    return "#".join(filter(None, parts))


def _canvases(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the canvases: ``items`` in version 3, the first sequence in version 2 (the others only reorder it)."""
    if "sequences" in manifest:
        sequences = objects_in(manifest["sequences"])
        yield from objects_in(sequences[0].get("canvases")) if sequences else []
    else:
        yield from (item for item in objects_in(manifest.get("items")) if kind_of(item) in ("canvas", ""))


def _painted(canvas: dict[str, Any], get_page: GetPage) -> list[Body]:
    """Return the images painted on a canvas; of several to choose from, the first."""
    annotations = [*objects_in(canvas.get("images"))]
    for page in objects_in(canvas.get("items")):
        annotations += _of_page(page, get_page)
    bodies = []
    for annotation in annotations:
        motivation = annotation.get("motivation", "painting")
        if "painting" in str(motivation) or motivation == "":
            body = _body(annotation.get("resource", annotation.get("body")), canvas)
            bodies += [body] if body else []
    return bodies


def _of_page(page: dict[str, Any], get_page: GetPage) -> list[dict[str, Any]]:
    """Return the annotations of a page and of the pages after it; pages that are only referenced are fetched."""
    annotations: list[dict[str, Any]] = []
    requested: set[str] = set()
    current: Any = page
    while isinstance(current, dict) and len(requested) < _PAGES:
        address = identifier(current)
        if "items" not in current and address and address not in requested:
            requested.add(address)
            current = get_page(address)
            continue
        annotations += objects_in(current.get("items"))
        address = identifier(current.get("next"))
        if address is None or address in requested:
            break
        requested.add(address)
        current = get_page(address)
    return annotations


def _body(value: Any, canvas: dict[str, Any]) -> Body | None:
    """Return the image in an annotation body, also inside choices and specific resources; None if there is none."""
    if isinstance(value, str):
        return Body({"id": value}, canvas=canvas) if _may_be_image(value) else None
    if isinstance(value, list):
        return next((body for item in value if (body := _body(item, canvas))), None)
    if not isinstance(value, dict):
        return None
    kind = kind_of(value)
    if kind == "choice":
        return _body([value.get("default"), *listed(value.get("items", value.get("item")))], canvas)
    if kind == "specificresource":
        inner = _body(value.get("source", value.get("full")), canvas)
        selector = next(iter(objects_in(value.get("selector"))), {})
        region, rotation = selector.get("region", "full"), str(selector.get("rotation", "0"))
        if inner is None or not isinstance(region, str):
            return inner
        return Body(inner.resource, region, rotation, canvas)
    form = str(value.get("format") or "")
    is_image = form.startswith("image/") or (not form and kind in ("image", "") and _may_be_image(value))
    is_image = is_image or (kind == "image" and "/" not in form)
    return Body(value, canvas=canvas) if is_image else None


def _may_be_image(value: Any) -> bool:
    """Whether a resource has a URL that does not end like that of a film, a sound, a text or a page."""
    address = identifier(value)
    return address is not None and not _NO_IMAGE.search(address)
