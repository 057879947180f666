"""What IIIF documents say about a work, in the columns of the catalog: title, maker, date, rights, page."""

import json
import re
from typing import Any

from artsim.sources.labels import names_of, text_of
from artsim.sources.resource import identifier, listed, objects_in
from artsim.sources.years import years

# How museums label what the catalog has columns for, in the order in which they are believed.
_LABELS = {
    "artist": "artist|artist / maker|artist/maker|creator|creators|maker|painter|photographer|author|creator name"
    "|artists|künstler|künstlerin|kunstenaar|maler|auteur|artiste|autore|autor|verfasser|kunstner|vervaardiger"
    "|contributor|contributors|作者",
    "date_text": "date|date created|creation date|created|dated|date of creation|datierung|entstehungsjahr|jahr|datum"
    "|date de création|data|fecha|år|datering|date issued|publish date|publication date|publication|published"
    "|date published|created published|erscheinungsjahr|datetimeoriginal",
    "type": "type|object type|classification|work type|genre|objekttyp|original format",
    "technique": "medium|technique|techniques|materials|material|materials and techniques|technik|technique(s)",
    "location": "repository|held by|holding institution|current location|institution|museum|location|owner"
    "|standort|aufbewahrungsort",
    "school": "culture|school|nationality|schule",
    "style": "style|movement|style/period|stil",
    "rights": "licenseshortname|rights|license|licence|lizenz|usage terms|usageterms|rights statement|copyright"
    "|conditions of use|full conditions of use|droits|rechte",
    "title": "title|titel|titre|titolo|título",
}
_STATEMENT = re.compile(r"https?://(?:www\.)?(?:creativecommons|rightsstatements)\.org/[^\s\"'<>\\]+")


def described(
    manifest: dict[str, Any], canvas: dict[str, Any], image: dict[str, Any], languages: list[str], alone: bool
) -> dict[str, Any]:
    """The columns of the catalog that a manifest, one of its canvases and the image on it fill between them.

    What the canvas says of itself goes before what the manifest says of all. ``alone`` means that there is no other
    canvas, so that its label adds nothing to the title.
    """
    own, common = _entries(canvas, languages), _entries(manifest, languages)
    columns = {
        column: _find(own, labels.split("|")) or _find(common, labels.split("|")) for column, labels in _LABELS.items()
    }
    whole = text_of(manifest.get("label"), languages) or columns["title"]
    part = text_of(canvas.get("label"), languages)
    date = columns["date_text"] or _day(canvas.get("navDate")) or _day(manifest.get("navDate"))
    first, last = years(date)
    about = {"manifest": identifier(manifest), "canvas": part, "summary": _summary(manifest, languages)}
    for _, label, value in reversed([*own, *common]):
        about[label] = value
    return columns | {
        "page_url": _page(canvas) or _page(manifest),
        "title": _title(whole, None if alone else part),
        "date_text": date,
        "year_from": first,
        "year_to": last,
        "rights": _rights((image, canvas, manifest), languages) or columns["rights"],
        "metadata": json.dumps({name: text for name, text in about.items() if text}, ensure_ascii=False),
    }


def _title(whole: str | None, part: str | None) -> str | None:
    """The work's title and its part's, if the part has a name and not only a dash."""
    if part is None or part == whole or not re.search(r"\w", part):
        return whole
    return f"{whole}: {part}" if whole else part


def _entries(resource: dict[str, Any], languages: list[str]) -> list[tuple[list[str], str, str]]:
    """The labelled texts of a resource: each label in all its languages and in ours, and the text."""
    found = []
    provider = [{"label": "Institution", "value": one.get("label")} for one in objects_in(resource.get("provider"))]
    for entry in [*objects_in(resource.get("metadata")), *objects_in(resource.get("requiredStatement")), *provider]:
        label, value = text_of(entry.get("label"), languages), text_of(entry.get("value"), languages)
        if label and value:
            found.append((names_of(entry.get("label")), label, value))
    attribution = text_of(resource.get("attribution"), languages)
    return [*found, (["attribution"], "Attribution", attribution)] if attribution else found


def _find(entries: list[tuple[list[str], str, str]], labels: list[str]) -> str | None:
    for label in labels:
        values = [value for names, _, value in entries if label in names]
        if values:
            return "; ".join(dict.fromkeys(values))
    return None


def _rights(resources: tuple[dict[str, Any], ...], languages: list[str]) -> str | None:
    """The licence of the image, its canvas or its manifest, whichever states one first; else who asks to be named."""
    for names in (("rights", "license"), ("attribution", "requiredStatement")):
        for resource in resources:
            for name in names:
                value = resource.get(name)
                if name == "requiredStatement" and isinstance(value, dict):
                    named = names_of(value.get("label"))
                    value = value.get("value") if {"attribution", "rights", "credit", "copyright"} & {*named} else None
                text = identifier(value) or text_of(value, languages)
                text = text_of(text, languages)
                hidden = _STATEMENT.search(json.dumps(value, ensure_ascii=False)) if text else None
                if text:
                    return text if not hidden or hidden[0] in text else f"{text} ({hidden[0]})"
    return None


def _page(resource: dict[str, Any]) -> str | None:
    """The page for people about a work."""
    for one in [*listed(resource.get("homepage")), *listed(resource.get("related"))]:
        address = identifier(one)
        is_html = not isinstance(one, dict) or "html" in str(one.get("format", "html"))
        if address and is_html and address.startswith(("http://", "https://")):
            return address
    return None


def _summary(manifest: dict[str, Any], languages: list[str]) -> str | None:
    return text_of(manifest.get("summary", manifest.get("description")), languages)


def _day(value: Any) -> str | None:
    return value[:10] if isinstance(value, str) and value else None
