"""An IIIF manifest (Presentation API 2 or 3) as catalog rows: one for each image that is painted on a canvas."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from artsim.sources.description import described
from artsim.sources.image_service import Body, sized_address
from artsim.sources.record import Reject
from artsim.sources.resource import identifier, kind_of, listed, objects_in

Row = dict[str, Any]
GetPage = Callable[[str], Any]  # fetches a page of annotations that a canvas only points to; NoPage if it cannot

_NO_IMAGE = re.compile(
    r"\.(?:mp[34]|m4[av]|webm|og[gv]|mov|avi|wav|flac|pdf|html?|json|xml|txt|vtt|srt)(?:$|[?#])", re.I
)
_PAGES = 100  # pages of annotations of one canvas


class NoPage(Exception):
    """A page of annotations that could not be had; the text says why."""


def rows_of(
    document: dict[str, Any], where: str, languages: list[str], size: int, get_page: GetPage
) -> Iterator[Row | Reject]:
    """The rows of a manifest, or of a canvas that stands alone.

    The local id is the manifest's, with the canvas behind it where there are several images. A canvas without an image
    is rejected, and whatever is not built as the specification says.
    """
    try:
        manifest = {} if kind_of(document) == "canvas" else document
        canvases = [document] if not manifest else list(_canvases(document))
        images: list[tuple[dict[str, Any], list[Body]]] = []
        missing: dict[int, NoPage] = {}
        for number, canvas in enumerate(canvases, 1):
            try:
                images.append((canvas, _painted(canvas, get_page)))
            except NoPage as error:
                images.append((canvas, []))
                missing[number] = error
        alone = sum(len(bodies) for _, bodies in images) + len(missing) == 1
        base = next((one for one in (identifier(document), where) if one and "://" in one), "")
        if not canvases:
            yield Reject.of(where, "a manifest without canvases", identifier(document))
        for number, (canvas, bodies) in enumerate(images, 1):
            place = f"{where} canvas {number}"
            if number in missing:
                yield Reject.of(place, "its page of annotations could not be fetched", missing[number])
            elif not bodies:
                yield Reject.of(place, "no image on the canvas", identifier(canvas))
            for index, body in enumerate(bodies):
                name = _id(manifest, canvas, where, number, index, alone)
                row = described(manifest, canvas, body.resource, languages, alone)
                yield row | {"id": name, "image_url": sized_address(body, size, base), "where": place}
    except (TypeError, AttributeError, KeyError, ValueError, IndexError, RecursionError) as error:
        yield Reject.of(where, "not built as IIIF says", f"{type(error).__name__}: {error}")


def _id(manifest: dict[str, Any], canvas: dict[str, Any], where: str, number: int, index: int, alone: bool) -> str:
    """The manifest's address, and behind # the canvas: two volumes may count their canvases alike."""
    whole = identifier(manifest or canvas)
    whole = whole if whole and "://" in whole else where
    own = "" if alone or not manifest else identifier(canvas) or f"canvas{number}"
    own = own.removeprefix(whole.rpartition("/")[0] + "/")
    parts = [whole, own, f"image{index + 1}" if index else ""]
    return "#".join(filter(None, parts))


def _canvases(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The canvases: of version 3 in items, of version 2 in the first sequence (others are other orders of the same)."""
    if "sequences" in manifest:
        sequences = objects_in(manifest["sequences"])
        yield from objects_in(sequences[0].get("canvases")) if sequences else []
    else:
        yield from (item for item in objects_in(manifest.get("items")) if kind_of(item) in ("canvas", ""))


def _painted(canvas: dict[str, Any], get_page: GetPage) -> list[Body]:
    """The images that are painted on a canvas; of several to choose from the first."""
    annotations = [*objects_in(canvas.get("images"))]
    for page in objects_in(canvas.get("items")):
        annotations += _of_page(page, get_page)
    found = []
    for annotation in annotations:
        motivation = annotation.get("motivation", "painting")
        if "painting" in str(motivation) or motivation == "":
            body = _body(annotation.get("resource", annotation.get("body")), canvas)
            found += [body] if body else []
    return found


def _of_page(page: dict[str, Any], get_page: GetPage) -> list[dict[str, Any]]:
    """The annotations of a page and of the pages after it; a page that is only pointed to is fetched."""
    found: list[dict[str, Any]] = []
    asked: set[str] = set()
    current: Any = page
    while isinstance(current, dict) and len(asked) < _PAGES:
        address = identifier(current)
        if "items" not in current and address and address not in asked:
            asked.add(address)
            current = get_page(address)
            continue
        found += objects_in(current.get("items"))
        address = identifier(current.get("next"))
        if address is None or address in asked:
            break
        asked.add(address)
        current = get_page(address)
    return found


def _body(value: Any, canvas: dict[str, Any]) -> Body | None:
    """The image in the body of an annotation, through choices and specific resources; None if it is something else."""
    if isinstance(value, str):
        return Body({"id": value}, canvas=canvas) if _may_be_image(value) else None
    if isinstance(value, list):
        return next((body for one in value if (body := _body(one, canvas))), None)
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
    """Whether a resource has an address that does not end like a film, a sound, a text or a page."""
    address = identifier(value)
    return address is not None and not _NO_IMAGE.search(address)
