"""Fills catalog columns from IIIF documents: title, artist, date, rights, page and others."""

import json
import re
from typing import Any, NamedTuple

from artsim.sources.dates import years
from artsim.sources.iiif.resource import identifier, listed, objects_in
from artsim.sources.iiif.texts import names_of, normal, parts_of, text_of

# Museums' labels for each catalog column, in order of preference. Labels are compared in normalized form: case,
# brackets, plurals and punctuation do not count.
_LABELS = {
    column: [normal(label) for label in labels.split("|")]
    for column, labels in {
        "artist": "artist|artist / maker|creator|maker|painter|photographer|author|creator name|artist name|created by"
        "|künstler|künstlerin|künstler/in|kunstenaar|maler|auteur|artiste|autore|autor|autora|verfasser|urheber|kunstner"
        "|vervaardiger|source creator|contributor|作者|awdur|people|person",
        "date_text": "date|date created|creation date|created|dated|date of creation|date made|production date"
        "|object date|date of origin|origin date|date of production|date statement|date range|datierung|entstehungsjahr"
        "|entstehungszeit|entstehung|jahr|datum|date de création|data|fecha|år|datering|dyddiad|datación|date issued"
        "|issued|publish date|publication date|date of publication|publication|published|date published"
        "|created published|created or published|source created or published|creation|erscheinungsjahr|period"
        "|time period|cyfnod|periode|époque|start date|century|datetimeoriginal",
        "type": "type|object type|classification|work type|genre|objekttyp|original format|document type|category"
        "|objektkategorie|object category",
        "technique": "medium|technique|material|materials and techniques|material/technique|technik|técnica|tecnica"
        "|materiaal|materialien",
        "location": "repository|held by|holding institution|current location|institution|museum|location|owner"
        "|standort|aufbewahrungsort",
        "school": "culture|school|nationality|schule",
        "style": "style|movement|style/period|stil",
        "rights": "licenseshortname|rights|license|licence|lizenz|usage terms|rights statement|terms of use"
        "|terms and conditions|usage rights|copyright|copyright status|conditions of use|full conditions of use"
        "|attribution and usage|access rights|droits|rechte|nutzungsbedingungen|derechos|diritti|rechten|trwydded",
        "title": "title|titel|titre|titolo|título|object title",
    }.items()
}
_STATEMENT = re.compile(r"https?://(?:www\.)?(?:creativecommons|rightsstatements)\.org/[^\s\"'<>\\]+")


def described(
    manifest: dict[str, Any], canvas: dict[str, Any], image: dict[str, Any], languages: list[str], is_only_image: bool
) -> dict[str, Any]:
    """Return the catalog columns that a manifest, one of its canvases and the image on it fill.

    The canvas's own entries take precedence over the manifest's. ``is_only_image``: the manifest has no other image,
    so the canvas's label is not added to the title.
    """
    own, common = _entries(canvas, languages), _entries(manifest, languages)
    columns: dict[str, str | None] = {}
    used: list[_Entry] = []
    for column in sorted(_LABELS, key=lambda name: name != "date_text"):  # date first: its values are recognizable
        entries = _find(own, column, used) or _find(common, column, used)
        used += entries
        columns[column] = "; ".join(dict.fromkeys(map(_stated if column == "rights" else _text, entries))) or None
    whole = text_of(manifest.get("label"), languages) or columns["title"]
    part = text_of(canvas.get("label"), languages)
    date = columns["date_text"] or _day(canvas.get("navDate")) or _day(manifest.get("navDate"))
    first, last = years(date)
    about = {"manifest": identifier(manifest), "canvas": part, "summary": _summary(manifest, languages)}
    for entry in reversed([*own, *common]):
        about[entry.label] = entry.text
    return columns | {
        "page_url": _page(canvas) or _page(manifest),
        "title": _title(whole, None if is_only_image else part),
        "date_text": date,
        "year_from": first,
        "year_to": last,
        "rights": _rights(("license", "rights"), (image, canvas, manifest), languages)
        or columns["rights"]
        or _rights(("attribution", "requiredStatement"), (image, canvas, manifest), languages),
        "metadata": json.dumps({name: text for name, text in about.items() if text}, ensure_ascii=False),
    }


def _title(whole: str | None, part: str | None) -> str | None:
    """Return the artwork's title, with the part's label if that is a name and differs."""
    if part is None or part == whole or not re.search(r"\w", part):
        return whole
    return f"{whole}: {part}" if whole else part


class _Entry(NamedTuple):
    """A labeled text: normalized labels, their parts, label and text in the preferred language, and the raw value."""

    names: list[str]
    parts: list[str]
    label: str
    text: str
    raw: Any


def _entries(resource: dict[str, Any], languages: list[str]) -> list[_Entry]:
    entries = []
    provider = [
        {"label": "Institution", "value": _first_line(agent.get("label"))}
        for agent in objects_in(resource.get("provider"))
    ]
    attribution = [{"label": "Attribution", "value": resource.get("attribution")}]
    for entry in [
        *objects_in(resource.get("metadata")),
        *objects_in(resource.get("requiredStatement")),
        *provider,
        *attribution,
    ]:
        raw = entry.get("value")
        label, value = text_of(entry.get("label"), languages), text_of(raw, languages)
        if label and value:
            entries.append(_Entry(names_of(entry.get("label")), parts_of(entry.get("label")), label, value, raw))
    return entries


def _first_line(value: Any) -> Any:
    """Return the first line of a text in each language: a provider's name without its street address."""
    if isinstance(value, str):
        return re.split(r"[\r\n]|<br\s*/?>", value.strip(), maxsplit=1)[0]
    if isinstance(value, list):
        return (
            [_first_line(item) for item in value]
            if any(isinstance(item, dict) for item in value)
            else (_first_line(value[0]) if value else None)
        )
    if isinstance(value, dict):
        return {name: text if name == "@language" else _first_line(text) for name, text in value.items()}
    return value


def _find(entries: list[_Entry], column: str, used: list[_Entry]) -> list[_Entry]:
    """Return the unused entries with the first known label of a column, compared whole or else by parts."""
    fitting = [entry for entry in entries if entry not in used and (column != "date_text" or _is_date(entry.text))]
    for label in _LABELS[column]:
        if named := [entry for entry in fitting if label in entry.names]:
            return named
    for label in _LABELS[column]:
        if named := [entry for entry in fitting if label in entry.parts]:
            return named
    return []


def _is_date(text: str) -> bool:
    return bool(re.search(r"\d", text)) or years(text) != (None, None)


def _text(entry: _Entry) -> str:
    return entry.text


def _stated(entry: _Entry) -> str:
    return _with_statement(entry.text, entry.raw)


def _with_statement(text: str, value: Any) -> str:
    """Return a text, with the address of a license added if only its markup contains one."""
    hidden = _STATEMENT.search(json.dumps(value, ensure_ascii=False))
    return text if not hidden or hidden[0] in text else f"{text} ({hidden[0]})"


def _rights(names: tuple[str, ...], resources: tuple[dict[str, Any], ...], languages: list[str]) -> str | None:
    """Return the text under one of these names, from the first of ``resources`` that has one."""
    for resource in resources:
        for name in names:
            value = resource.get(name)
            if name == "requiredStatement" and isinstance(value, dict):
                known = {"attribution", "right", "credit", "copyright"} & {*names_of(value.get("label"))}
                value = value.get("value") if known else None
            text = text_of(identifier(value) or text_of(value, languages), languages)
            if text:
                return _with_statement(text, value)
    return None


def _page(resource: dict[str, Any]) -> str | None:
    """Return the address of the web page about an artwork, or None."""
    for link in [*listed(resource.get("homepage")), *listed(resource.get("related"))]:
        address = identifier(link)
        is_html = not isinstance(link, dict) or "html" in str(link.get("format", "html"))
        if address and is_html and address.startswith(("http://", "https://")):
            return address
    return None


def _summary(manifest: dict[str, Any], languages: list[str]) -> str | None:
    return text_of(manifest.get("summary", manifest.get("description")), languages)


def _day(value: Any) -> str | None:
    """Return the day of a navDate; only its year for 1 January, which stands for an unknown day of that year."""
    return value[:10].removesuffix("-01-01") if isinstance(value, str) and value else None
