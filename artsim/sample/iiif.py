"""The sample museum's IIIF documents: Presentation 3 and 2 manifests, a collection, Image API 3 responses."""

import io
import re
from pathlib import Path
from typing import Any

from PIL import Image

from .museum import Museum
from .works import Work

Json = dict[str, Any]

_RIGHTS = {
    "CC0": "http://creativecommons.org/publicdomain/zero/1.0/",
    "Public Domain": "http://creativecommons.org/publicdomain/mark/1.0/",
}
_IN_COPYRIGHT = "http://rightsstatements.org/vocab/InC/1.0/"
_LABELS = (
    ("Artist", "Artiste", "Künstler"),
    ("Date", "Date", "Datierung"),
    ("Technique", "Technique", "Technik"),
    ("Style", "Style", "Stil"),
    ("Subject", "Sujet", "Motiv"),
    ("School", "École", "Schule"),
    ("Location", "Lieu", "Standort"),
    ("Inventory number", "Numéro d'inventaire", "Inventarnummer"),
)


def rights_uri(rights: str) -> str:
    """The URI of a rights statement in the catalog."""
    return _RIGHTS.get(rights, _IN_COPYRIGHT)


def label(work: Work) -> dict[str, list[str]]:
    """The title as a language map: in English, French and German for a third of the artworks, else in English."""
    languages = ("en", "fr", "de") if sum(work.id.encode()) % 3 == 0 else ("en",)
    return {language: [work.title[k]] for k, language in enumerate(languages)}


def _pairs(work: Work) -> list[tuple[tuple[str, str, str], str]]:
    values = (work.artist, work.date, work.technique, work.style, work.type, work.school, work.location,
              work.metadata()["inventory"])  # fmt: skip
    return list(zip(_LABELS, values, strict=True))


def collection(museum: Museum, base: str) -> Json:
    """A Presentation 3 collection of all manifests; ``base`` is the site's address."""
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"{base}/iiif/collection.json",
        "type": "Collection",
        "label": {"en": ["The Sample Museum"], "fr": ["Le Musée d'essai"], "de": ["Das Probemuseum"]},
        "items": [
            {"id": f"{base}/iiif/{work.id}/manifest.json", "type": "Manifest", "label": label(work)}
            for work in museum.works
        ],
    }


def manifest(work: Work, size: tuple[int, int], base: str) -> Json:
    """The Presentation 3 manifest of one artwork, whose picture is ``size`` (width, height) pixels."""
    here = f"{base}/iiif/{work.id}"
    width, height = size
    body: Json = {"type": "Image", "format": "image/jpeg", "width": width, "height": height}
    if work.private:  # an image service would bypass robots.txt
        body |= {"id": f"{base}/{work.file}"}
    else:
        service = [{"id": here, "type": "ImageService3", "profile": "level1"}]
        body |= {"id": f"{here}/full/max/0/default.jpg", "service": service}
    annotation = {
        "id": f"{here}/annotation/1",
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": f"{here}/canvas/1",
    }
    page = {"id": f"{here}/page/1", "type": "AnnotationPage", "items": [annotation]}
    canvas = {"id": f"{here}/canvas/1", "type": "Canvas", "width": width, "height": height, "items": [page]}
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"{here}/manifest.json",
        "type": "Manifest",
        "label": label(work),
        "metadata": [
            {
                "label": dict(zip(("en", "fr", "de"), ([name] for name in names), strict=True)),
                "value": {"none": [value]},
            }
            for names, value in _pairs(work)
        ],
        "rights": rights_uri(work.rights),
        "requiredStatement": {"label": {"en": ["Attribution"]}, "value": {"en": [f"{work.rights}. The Sample Museum"]}},
        "homepage": [{"id": f"{base}/works/{work.id}", "type": "Text", "label": label(work), "format": "text/html"}],
        "items": [canvas],
    }


def manifest_2(work: Work, size: tuple[int, int], base: str) -> Json:
    """The Presentation 2 manifest of the same artwork, as older museums publish it."""
    here = f"{base}/iiif2/{work.id}"
    width, height = size
    resource: Json = {"@type": "dctypes:Image", "format": "image/jpeg", "width": width, "height": height}
    if work.private:
        resource |= {"@id": f"{base}/{work.file}"}
    else:
        service = {"@context": "http://iiif.io/api/image/3/context.json", "@id": f"{base}/iiif/{work.id}",
                   "profile": "level1"}  # fmt: skip
        resource |= {"@id": f"{base}/iiif/{work.id}/full/max/0/default.jpg", "service": service}
    names = label(work)
    title: Any = [{"@value": values[0], "@language": language} for language, values in names.items()]
    canvas = {
        "@id": f"{here}/canvas/1",
        "@type": "sc:Canvas",
        "label": "1",
        "width": width,
        "height": height,
        "images": [
            {
                "@type": "oa:Annotation",
                "motivation": "sc:painting",
                "resource": resource,
                "on": f"{here}/canvas/1",
            }
        ],
    }
    return {
        "@context": "http://iiif.io/api/presentation/2/context.json",
        "@id": f"{here}/manifest.json",
        "@type": "sc:Manifest",
        "label": title if len(title) > 1 else title[0]["@value"],
        "metadata": [{"label": names[0], "value": value} for names, value in _pairs(work)],
        "license": rights_uri(work.rights),
        "attribution": f"{work.rights}. The Sample Museum",
        "related": f"{base}/works/{work.id}",
        "sequences": [{"@type": "sc:Sequence", "canvases": [canvas]}],
    }


def info(work: Work, size: tuple[int, int], base: str) -> Json:
    """The Image API 3 description (info.json) of an artwork's picture."""
    width, height = size
    return {
        "@context": "http://iiif.io/api/image/3/context.json",
        "id": f"{base}/iiif/{work.id}",
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level1",
        "width": width,
        "height": height,
        "sizes": [{"width": round(width / n), "height": round(height / n)} for n in (4, 2, 1)],
        "extraFeatures": ["sizeByConfinedWh", "sizeByPct"],
        "rights": rights_uri(work.rights),
    }


def image(path: Path, region: str, size: str) -> bytes:
    """Return a region of a picture at a size, as JPEG.

    Both are in Image API 3 syntax: ``full`` or ``x,y,w,h``...; ``max``, ``w,``, ``!w,h``, ``pct:n``...

    Raises:
        ValueError: the region or size is not supported, or the size is larger than the region.
        OSError: the picture is missing or damaged.
    """
    if region == "full" and size in ("max", "full"):
        return path.read_bytes()
    with Image.open(path) as opened:
        box = _box(region, opened.size)
        wide, high = box[2] - box[0], box[3] - box[1]
        target = _target(size, wide, high)
        if min(target) < 1 or target[0] > wide or target[1] > high:
            raise ValueError(f"size {size} is larger than the region or empty")
        resized = opened.convert("RGB").resize(target, Image.Resampling.LANCZOS, box=box, reducing_gap=3)
    out = io.BytesIO()
    resized.save(out, "JPEG", quality=88)
    return out.getvalue()


def _box(region: str, size: tuple[int, int]) -> tuple[int, int, int, int]:
    if region == "full":
        return (0, 0, *size)
    if region == "square":
        side = min(size)
        left, top = (size[0] - side) // 2, (size[1] - side) // 2
        return left, top, left + side, top + side
    match = re.fullmatch(r"(\d+),(\d+),(\d+),(\d+)", region)
    if not match:
        raise ValueError(f"region {region} is not one of full, square, x,y,w,h")
    x, y, w, h = map(int, match.groups())
    if x >= size[0] or y >= size[1] or not w or not h:
        raise ValueError(f"region {region} is outside the picture")
    return x, y, min(x + w, size[0]), min(y + h, size[1])


def _target(size: str, wide: int, high: int) -> tuple[int, int]:
    if size in ("max", "full"):
        return wide, high
    if match := re.fullmatch(r"pct:(\d+(?:\.\d+)?)", size):
        share = float(match[1]) / 100
        return round(wide * share), round(high * share)
    match = re.fullmatch(r"(!?)(\d*),(\d*)", size)
    if not match or not (match[2] or match[3]) or (match[1] and not (match[2] and match[3])):
        raise ValueError(f"size {size} is not one of max, w, ,h w,h !w,h pct:n")
    w, h = (int(part) if part else 0 for part in match.groups()[1:])
    if match[1]:  # fits into a frame, and is never enlarged
        share = min(w / wide, h / high, 1)
        return max(1, round(wide * share)), max(1, round(high * share))
    return w if match[2] else round(wide * h / high), h if match[3] else round(high * w / wide)
