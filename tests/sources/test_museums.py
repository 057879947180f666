# ruff: noqa: E501  a record stays together, as in the answers that it stands for
"""Catalogues in the formats that museums publish; each has to be read without any options."""

import json
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import UserError
from artsim.sources.tables.source import open_table
from tests.sources.conftest import rows_of

WANTED = ("id", "title", "artist", "date_text", "image_url", "page_url", "rights")

# File name, content, and expected values of the first row in the order of WANTED.
PUBLISHED: dict[str, tuple[str, str | Any, tuple[str | None, ...]]] = {
    "moma, csv": (
        "works.csv",
        "Title,Artist,ConstituentID,Nationality,BeginDate,Date,Medium,ObjectID,URL,ImageURL\n"
        "Blue Gate,Ann Alder,9,(Dutch),(1901),1931,Oil,17,https://moma.example/works/17,https://moma.example/media/W1?s=x\n"
        "Red Gate,Ann Alder,9,(Dutch),(1901),1932,Oil,18,https://moma.example/works/18,https://moma.example/media/W2?s=x\n",
        ("17", "Blue Gate", "Ann Alder", "1931", "https://moma.example/media/W1?s=x", "https://moma.example/works/17", None),
    ),
    "moma, csv of 2016": (
        "works.csv",
        "Title,Artist,Date,ObjectID,URL,ThumbnailURL\n"
        "Red Gate,Ann Alder,1932,18,http://moma.example/works/18,\n"
        "Blue Gate,Ann Alder,1931,17,http://moma.example/works/17,http://moma.example/media/W1.jpg?sha=x\n",
        ("18", "Red Gate", "Ann Alder", "1932", None, "http://moma.example/works/18", None),
    ),
    "moma, json": (
        "works.json",
        [{"Title": "Blue Gate", "Artist": ["Ann Alder", "Bo Birch"], "ConstituentID": [9, 10], "Date": "1931", "ObjectID": 17,
          "URL": "https://moma.example/works/17", "ImageURL": "https://moma.example/media/W1?s=x"}],
        ("17", "Blue Gate", "Ann Alder; Bo Birch", "1931", "https://moma.example/media/W1?s=x", "https://moma.example/works/17", None),
    ),
    "cleveland": (
        "answer.json",
        {"info": {"total": 1}, "data": [{
            "id": 5, "accession_number": "1917.5", "title": "Mill", "creation_date": "c. 1650", "share_license_status": "CC0",
            "url": "https://cma.example/art/1917.5", "technique": "oil", "culture": ["Holland"],
            "creators": [{"description": "Jan Mole (Dutch, 1620-1680)", "role": "artist"}, {"description": "Piet Vos (Dutch)", "role": "artist"}],
            "images": {"web": {"url": "https://cdn.example/5_web.jpg", "filename": "5_web.jpg"}, "full": {"url": "https://cdn.example/5_full.tif"}},
            "provenance": [{"description": "A dealer in Ghent"}]}]},
        ("5", "Mill", "Jan Mole (Dutch, 1620-1680); Piet Vos (Dutch)", "c. 1650", "https://cdn.example/5_web.jpg", "https://cma.example/art/1917.5", "CC0"),
    ),
    "harvard": (
        "answer.json",
        {"info": {"totalrecords": 1}, "records": [{
            "id": 8, "objectid": 8, "objectnumber": "1950.8", "title": "Jar", "dated": "5th century BCE", "copyright": None,
            "url": "https://ham.example/object/8", "primaryimageurl": "https://nrs.example/urn-3:HUAM:8_dynmc",
            "images": [{"baseimageurl": "https://nrs.example/urn-3:HUAM:8_dynmc", "iiifbaseuri": "https://ids.example/iiif/8", "copyright": "College"}],
            "people": [{"role": "Former owner", "displayname": "Lady Ash"}, {"role": "Artist", "displayname": "Ko Ma"}]}]},
        ("8", "Jar", "Ko Ma", "5th century BCE", "https://nrs.example/urn-3:HUAM:8_dynmc", "https://ham.example/object/8", None),
    ),
    "chicago": (
        "answer.json",
        {"pagination": {"total": 1}, "config": {"iiif_url": "https://aic.example/iiif/2", "website_url": "https://aic.example"},
         "data": [{"id": 3, "title": "Shore", "date_display": "1888", "artist_display": "Al Fir\nFrench, 1850-1900", "artist_title": "Al Fir",
                   "image_id": "ab-12", "is_public_domain": True, "thumbnail": {"lqip": "data:image/gif;base64,R0", "alt_text": "A shore"}}]},
        ("3", "Shore", "Al Fir", "1888", "https://aic.example/iiif/2/ab-12/full/843,/0/default.jpg", None, "public domain"),
    ),
    "chicago, one work": (
        "answer.json",
        {"data": {"id": 3, "title": "Shore", "date_display": "1888", "artist_title": "Al Fir", "image_id": "ab-12", "is_public_domain": False},
         "info": {"license_text": "words"}, "config": {"iiif_url": "https://aic.example/iiif/2"}},
        ("3", "Shore", "Al Fir", "1888", "https://aic.example/iiif/2/ab-12/full/843,/0/default.jpg", None, "not in the public domain"),
    ),
    "v&a": (
        "answer.json",
        {"info": {"record_count": 1}, "records": [{
            "systemNumber": "O7", "objectType": "Tile", "_primaryTitle": "Bird", "_primaryDate": "1890", "_primaryImageId": "2020AB7",
            "_primaryMaker": {"name": "Tiler, Tom", "association": "maker"},
            "_images": {"_primary_thumbnail": "https://va.example/2020AB7/full/!100,100/0/default.jpg",
                        "_iiif_image_base_url": "https://va.example/2020AB7/", "_iiif_presentation_url": "https://va.example/O7/manifest.json"}}]},
        ("O7", "Bird", "Tiler, Tom", "1890", "https://va.example/2020AB7/full/max/0/default.jpg", None, None),
    ),
    "v&a, one work": (
        "answer.json",
        {"meta": {"version": "2", "images": {"_iiif_image": "https://va.example/2020AB7/", "_primary_thumbnail": "https://va.example/t.jpg"}},
         "record": {"systemNumber": "O7", "objectType": "Tile", "titles": [{"title": "Bird", "type": ""}],
                    "artistMakerPerson": [{"name": {"text": "Tiler, Tom", "id": "N1"}, "association": {"text": "maker"}}],
                    "productionDates": [{"date": {"text": "1890", "earliest": "1890-01-01"}}]}},
        ("O7", "Bird", "Tiler, Tom", "1890", "https://va.example/2020AB7/full/max/0/default.jpg", None, None),
    ),
    "rijksmuseum": (
        "answer.json",
        {"elapsedMilliseconds": 0, "count": 1, "artObjects": [{
            "id": "nl-SK-1", "objectNumber": "SK-1", "title": "Canal", "principalOrFirstMaker": "Jan Brug", "links": {"web": "https://rm.example/SK-1", "self": "https://api.example/SK-1"},
            "webImage": {"guid": "x", "width": 9, "url": "https://lh3.example/abc"}, "headerImage": {"url": "https://lh3.example/def"}}],
         "facets": [{"facets": [{"key": "Jan Brug", "value": 1}], "name": "principalMaker"}]},
        ("nl-SK-1", "Canal", "Jan Brug", None, "https://lh3.example/abc", "https://rm.example/SK-1", None),
    ),
    "rijksmuseum, one work": (
        "answer.json",
        {"elapsedMilliseconds": 0, "artObject": {
            "id": "nl-SK-1", "objectNumber": "SK-1", "title": "Canal", "principalMakers": [{"name": "Jan Brug", "roles": ["painter"]}],
            "webImage": {"url": "https://lh3.example/abc"}, "dating": {"presentingDate": "c. 1660", "sortingDate": 1660, "yearEarly": 1655, "yearLate": 1665}},
         "artObjectPage": {"id": "nl-SK-1", "notes": None}},
        ("nl-SK-1", "Canal", "Jan Brug", "c. 1660", "https://lh3.example/abc", None, None),
    ),
    "europeana": (
        "answer.json",
        {"apikey": "k", "success": True, "itemsCount": 1, "items": [{
            "id": "/1/a", "title": ["Cloister"], "dcCreator": ["http://data.example/agent/1"], "dcCreatorLangAware": {"def": ["Pau Roca"]}, "type": "IMAGE", "year": ["1899"],
            "edmIsShownAt": ["https://lib.example/page?id=1"], "edmIsShownBy": ["https://lib.example/get.cmd?id=1", "https://lib.example/get.cmd?id=2"],
            "edmPreview": ["https://api.example/thumb?uri=1"], "guid": "https://eu.example/item/1/a", "rights": ["http://creativecommons.org/publicdomain/mark/1.0/"]}]},
        ("/1/a", "Cloister", "Pau Roca", "1899", "https://lib.example/get.cmd?id=1", "https://lib.example/page?id=1", "http://creativecommons.org/publicdomain/mark/1.0/"),
    ),
    "europeana, preview alone": (
        "answer.json",
        {"success": True, "items": [{"id": "/1/b", "title": ["Gate"], "edmPreview": ["https://api.example/thumb?uri=2"], "guid": "https://eu.example/item/1/b"}]},
        ("/1/b", "Gate", None, None, "https://api.example/thumb?uri=2", "https://eu.example/item/1/b", None),
    ),
    "finna": (
        "answer.json",
        {"resultCount": 1, "status": "OK", "records": [{
            "id": "m.1", "title": "Birch", "year": "1923", "images": ["/Cover/Show?id=m.1&index=0&size=large"], "buildings": [{"value": "0/M/", "translated": "Museum"}],
            "nonPresenterAuthors": [{"name": "Aho, Eino", "role": "kuvaaja"}], "imageRights": {"copyright": "CC BY 4.0", "link": "https://cc.example/by/4.0"}}]},
        ("m.1", "Birch", "Aho, Eino", "1923", "https://api.finna.fi/Cover/Show?id=m.1&index=0&size=large", None, "CC BY 4.0"),
    ),
    "finna, authors by rank": (
        "answer.json",
        {"resultCount": 1, "records": [{
            "id": "m.2", "title": "Lake", "year": "1890", "images": ["/Cover/Show?id=m.2&index=0&size=large"], "imageRights": {"copyright": "CC0"},
            "authors": {"primary": {"Salo, Ida": {"role": ["artist"]}}, "secondary": [], "corporate": []}}]},
        ("m.2", "Lake", "Salo, Ida", "1890", "https://api.finna.fi/Cover/Show?id=m.2&index=0&size=large", None, "CC0"),
    ),
    "carnegie": (
        "work.json",
        {"id": "cmoa:things/1", "title": "Plan", "creation_date": "1882", "web_url": "http://cmoa.example/Detail.aspx?item=1", "credit_line": "Gift",
         "images": [{"image_url": "http://cmoa.example/Image.aspx?irn=1&size=Medium"}],
         "creator": [{"full_name": "Dee Hale", "cited_name": "Hale, Dee", "nationality": "American"}, {"full_name": "Office of Rich", "cited_name": "Rich"}]},
        ("cmoa:things/1", "Plan", "Dee Hale; Office of Rich", "1882", "http://cmoa.example/Image.aspx?irn=1&size=Medium", "http://cmoa.example/Detail.aspx?item=1", None),
    ),
    "met, one work": (
        "work.json",
        {"objectID": 44, "isPublicDomain": True, "primaryImage": "", "primaryImageSmall": "https://met.example/web-large/44.jpg", "additionalImages": [],
         "constituents": [{"constituentID": 1, "role": "Artist", "name": "Yuki O", "gender": "Female"}, {"role": "Sitter", "name": "A Queen"}],
         "objectName": "Scroll", "title": "Quail", "artistDisplayName": "", "objectDate": "1670s", "objectURL": "https://met.example/art/44", "rightsAndReproduction": ""},
        ("44", "Quail", "Yuki O", "1670s", "https://met.example/web-large/44.jpg", "https://met.example/art/44", "public domain"),
    ),
    "tate, csv": (
        "works.csv",
        "id,accession_number,artist,artistRole,title,dateText,medium,year,thumbnailCopyright,thumbnailUrl,url\n"
        '35,A35,"Blake, W",artist,Figure,date not known,Ink,1785,,http://tate.example/A35_8.jpg,http://tate.example/artworks/a35\n',
        ("35", "Figure", "Blake, W", "date not known", "http://tate.example/A35_8.jpg", "http://tate.example/artworks/a35", None),
    ),
    "tate, json": (
        "work.json",
        {"acno": "T1", "id": 1, "all_artists": "C Keen", "contributors": [{"fc": "C Keen", "mda": "Keen, C", "role": "artist"}], "dateText": "1860", "title": "Girl",
         "subjects": {"children": [{"name": "people", "id": 2}]}, "thumbnailUrl": "http://tate.example/T1_8.jpg", "url": "http://tate.example/artworks/t1"},
        ("1", "Girl", "C Keen", "1860", "http://tate.example/T1_8.jpg", "http://tate.example/artworks/t1", None),
    ),
    "smk": (
        "answer.json",
        {"offset": 0, "rows": 1, "found": 1, "items": [{
            "id": "1_object", "object_number": "KK1", "titles": [{"title": "Wood", "language": "engelsk"}], "production": [{"creator": "Alt, Bo", "creator_gender": "MALE"}],
            "production_date": [{"start": "1520-01-01T00:00:00.000Z", "end": "1522-12-31T00:00:00.000Z", "period": "1520-1522"}],
            "image_thumbnail": "https://iip.example/kk1.tif.jp2/full/!1024,/0/default.jpg", "image_iiif_id": "https://iip.example/kk1.tif.jp2", "iiif_manifest": "https://api.example/manifest/?id=kk1",
            "frontend_url": "https://open.example/artwork/image/KK1", "rights": "https://creativecommons.org/publicdomain/zero/1.0/", "techniques": ["etching"]}]},
        ("1_object", "Wood", "Alt, Bo", "1520-1522", "https://iip.example/kk1.tif.jp2/full/!1024,/0/default.jpg", "https://open.example/artwork/image/KK1", "https://creativecommons.org/publicdomain/zero/1.0/"),
    ),
    "wikidata, csv": (
        "query.csv",
        "item,itemLabel,image,creator,creatorLabel,inception\n"
        "http://www.wikidata.org/entity/Q9,Boat,http://commons.wikimedia.org/wiki/Special:FilePath/Boat%201.jpg,http://www.wikidata.org/entity/Q8,Eva Berg,1911-01-01T00:00:00Z\n",
        ("http://www.wikidata.org/entity/Q9", "Boat", "Eva Berg", "1911-01-01T00:00:00Z", "http://commons.wikimedia.org/wiki/Special:FilePath/Boat%201.jpg", "http://www.wikidata.org/entity/Q9", None),
    ),
    "wikidata, json": (
        "query.json",
        {"head": {"vars": ["item", "itemLabel", "image"]}, "results": {"bindings": [{
            "item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q9"}, "itemLabel": {"xml:lang": "en", "type": "literal", "value": "Boat"},
            "image": {"type": "uri", "value": "http://commons.wikimedia.org/wiki/Special:FilePath/Boat.jpg"}}]}},
        ("http://www.wikidata.org/entity/Q9", "Boat", None, None, "http://commons.wikimedia.org/wiki/Special:FilePath/Boat.jpg", "http://www.wikidata.org/entity/Q9", None),
    ),
    "smithsonian": (
        "answer.json",
        {"status": 200, "response": {"rowCount": 1, "rows": [{
            "id": "edan-1", "title": "Portrait", "unitCode": "SAAM", "type": "edanmdm", "url": "edanmdm:saam_1", "content": {
                "descriptiveNonRepeating": {"record_link": "https://si.example/ark:/1", "title": {"label": "Title", "content": "Portrait"}, "metadata_usage": {"access": "CC0"},
                    "online_media": {"mediaCount": 1, "media": [{"type": "Images", "thumbnail": "https://ids.example/deliveryService?id=S1&max=200", "content": "https://ids.example/deliveryService?id=S1"}]}},
                "freetext": {"name": [{"label": "Artist", "content": "Jo Sar"}, {"label": "Sitter", "content": "Mrs Elm"}], "date": [{"label": "Date", "content": "1890"}],
                    "objectType": [{"label": "Type", "content": "Painting"}]}}}]}},
        ("edan-1", "Portrait", "Jo Sar", "1890", "https://ids.example/deliveryService?id=S1", "https://si.example/ark:/1", "CC0"),
    ),
    "science museum": (
        "answer.json",
        {"data": [{"type": "objects", "id": "co1", "attributes": {
            "summary_title": "Engine", "title": [{"value": "Engine", "primary": True}], "legal": {"rights": [{"details": "Museum, CC BY-NC-SA"}]},
            "multimedia": [{"processed": {"medium": {"location": "https://img.example/1/medium_1.jpg"}, "large": {"location": "https://img.example/1/large_1.jpg"}}}],
            "lifecycle": {"creation": [{"maker": [{"summary_title": "Watt & Co"}], "date": [{"value": "1788"}]}]}}, "links": {"self": "https://smg.example/objects/co1"}}],
         "meta": {"total_pages": 1}},
        ("co1", "Engine", "Watt & Co", "1788", "https://img.example/1/large_1.jpg", "https://smg.example/objects/co1", "Museum, CC BY-NC-SA"),
    ),
    "wellcome": (
        "answer.json",
        {"type": "ResultList", "pageSize": 1, "totalResults": 1, "results": [{
            "id": "w1", "title": "Herb", "workType": {"id": "k", "label": "Pictures", "type": "Format"}, "contributors": [{"agent": {"label": "Fay Gray", "type": "Person"}, "roles": [], "primary": True}],
            "production": [{"label": "London", "agents": [{"label": "A printer"}], "dates": [{"label": "[1790]", "type": "Period"}]}],
            "thumbnail": {"url": "https://iiif.example/thumbs/w1/full/!200,200/0/default.jpg", "license": {"id": "pdm", "label": "Public Domain Mark"}}, "type": "Work"}]},
        ("w1", "Herb", "Fay Gray", "[1790]", "https://iiif.example/thumbs/w1/full/!200,200/0/default.jpg", None, "Public Domain Mark"),
    ),
    "wellcome, with the image behind the thumbnail": (
        "answer.json",
        {"results": [{"id": "w2", "title": "Root", "thumbnail": {"url": "https://iiif.example/thumbs/w2/full/!200,200/0/default.jpg"},
            "items": [{"id": "i", "locations": [{"locationType": {"id": "iiif-image"}, "url": "https://iiif.example/image/w2/info.json", "license": {"id": "pdm", "label": "Public Domain Mark"}}]}]}]},
        ("w2", "Root", None, None, "https://iiif.example/image/w2/full/max/0/default.jpg", None, "Public Domain Mark"),
    ),
    "science museum, newer": (
        "answer.json",
        {"data": [{"type": "objects", "id": "co2", "attributes": {
            "summary": {"title": "Pump"}, "title": [{"value": "Pump", "primary": True}], "creation": {"date": [{"value": "1801", "from": 1801}], "maker": [{"@admin": {"uid": "p"}, "summary": {"title": "Watt & Co"}}],
                "place": [{"summary": {"title": "Soho"}}]},
            "multimedia": [{"@processed": {"large": {"location": "https://img.example/2/large_2.jpg"}, "medium": {"location": "https://img.example/2/medium_2.jpg"}},
                "legal": {"rights": [{"copyright": "A board", "licence": "CC BY-NC-SA 4.0"}]}}]}, "links": {"self": "https://smg.example/objects/co2"}}]},
        ("co2", "Pump", "Watt & Co", "1801", "https://img.example/2/large_2.jpg", "https://smg.example/objects/co2", "CC BY-NC-SA 4.0"),
    ),
    "smk, with its api's address": (
        "answer.json",
        {"items": [{"id": "2_object", "object_url": "https://api.example/art/?object=KK2", "similar_images_url": "https://api.example/similar", "titles": [{"title": "Sea"}],
            "image_thumbnail": "https://iip.example/kk2.tif.jp2/full/!1024,/0/default.jpg", "frontend_url": "https://open.example/artwork/image/KK2"}]},
        ("2_object", "Sea", None, None, "https://iip.example/kk2.tif.jp2/full/!1024,/0/default.jpg", "https://open.example/artwork/image/KK2", None),
    ),
    "brooklyn": (
        "answer.json",
        {"data": [{"id": "47", "title": "Storm", "object_date": "1866", "primary_image": "76_SL1.jpg", "artists": [{"name": "Al Bier", "role": "Artist"}], "rights_type": {"name": "No known restrictions"},
            "images": [{"filename": "76_SL1.jpg", "thumbnail_url": "https://cdn.example/size0/76_SL1.jpg", "standard_image_url": "https://cdn.example/size2/76_SL1.jpg", "largest_derivative_url": "https://cdn.example/size4/76_SL1.jpg"}]}]},
        ("47", "Storm", "Al Bier", "1866", "https://cdn.example/size4/76_SL1.jpg", None, "No known restrictions"),
    ),
    "walters": (
        "answer.json",
        {"Items": [{"ObjectID": "2", "Title": "City", "DateText": "c. 1480", "Creator": "Fra C", "Images": "PS1_37.jpg",
            "PrimaryImage": {"Tiny": "https://st.example/PS1_37.jpg?width=100", "Large": "https://st.example/PS1_37.jpg?width=600", "Raw": "https://st.example/PS1_37.jpg"}}]},
        ("2", "City", "Fra C", "c. 1480", "https://st.example/PS1_37.jpg?width=600", None, None),
    ),
    "victoria": (
        "answer.json",
        [{"id": "items/2", "displayTitle": "Negative", "licence": {"name": "Public Domain Mark"}, "media": [{"id": "media/1", "type": "image", "caption": "x", "licence": {"uri": "https://cc.example/pdm"},
            "thumbnail": {"uri": "https://mv.example/1-thumbnail"}, "large": {"uri": "https://mv.example/1-large"}, "medium": {"uri": "https://mv.example/1-medium"}}]}],
        ("items/2", "Negative", None, None, "https://mv.example/1-large", None, "Public Domain Mark"),
    ),
    "te papa": (
        "answer.json",
        {"results": [{"id": 38, "type": "Object", "href": "https://data.example/object/38", "title": "Panels", "production": [{"contributor": {"title": "Col Mac", "href": "https://data.example/agent/7"}, "role": "artist", "createdDate": "1958"}],
            "hasRepresentation": [{"id": 6, "thumbnailUrl": "https://media.example/6/thumb", "previewUrl": "https://media.example/6/preview", "contentUrl": "https://media.example/6/full", "rights": {"title": "All Rights Reserved"}}]}]},
        ("38", "Panels", "Col Mac", "1958", "https://media.example/6/full", None, "All Rights Reserved"),
    ),
    "linked art": (
        "work.json",
        {"id": "https://art.example/obj/5.json", "type": "HumanMadeObject", "_label": "Café", "produced_by": {"carried_out_by": [{"id": "https://art.example/agt/1", "_label": "Vi Go"}], "timespan": {"identified_by": [{"content": "1888"}]}},
            "subject_of": [{"digitally_carried_by": [{"access_point": [{"id": "https://art.example/pages/5"}]}]}],
            "representation": [{"digitally_shown_by": [{"format": "image/jpeg", "access_point": [{"id": "https://media.example/obj/5"}]}]}]},
        ("https://art.example/obj/5.json", "Café", "Vi Go", "1888", "https://media.example/obj/5", None, None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("museum", PUBLISHED)
def test_published_museum_tables_are_read(tmp_path: Path, museum: str) -> None:
    name, text, wanted = PUBLISHED[museum]
    (tmp_path / name).write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    row = rows_of(open_table(str(tmp_path / name), {}).chunks([]))[0]
    assert {column: row[column] for column in WANTED} == dict(zip(WANTED, wanted, strict=True))


# Catalogues without usable image addresses: file name, content, and a text that the message has to contain.
WITHOUT = {
    "met, csv": (
        "MetObjects.csv",
        "Object Number,Object ID,Title,Artist Display Name,Object Date,Link Resource\n1.2,9,Cup,Al,1790,http://met.example/art/9\n",
        "Link Resource",
    ),
    "moma, csv of 2015": (
        "works.csv",
        "Title,Artist,Date,ObjectID,URL\nGate,Ann,1931,17,http://moma.example/collection/works/17\n",
        "URL (probably web pages",
    ),
    "minneapolis": (
        "1.json",
        {"id": "http://api.mia.example/objects/1", "title": "Urn", "artist": "Al", "dated": "1900", "image": "valid", "rights_type": "Public Domain"},
        "image (valid",
    ),
    "chicago, one file a work": ("11.json", {"id": 11, "title": "Shore", "image_id": "ab-12"}, "image_id (ab-12"),
    "science museum, without hosts": (
        "answer.json",
        {"data": [{"type": "objects", "id": "co1", "attributes": {"summary_title": "Engine", "multimedia": [{"@processed": {"large": {"location": "/1/large_1.jpg"}}}]}}]},
        "multimedia.@processed.large.location (addresses without a host",
    ),
    "files of the museum's own": ("w.json", {"id": 1, "title": "Gate", "images": {"full": {"filename": "1_full.tif"}}}, "images.full.filename (1_full.tif)"),
    "manifests": ("m.csv", "id,title,iiif_manifest\n1,Gate,https://m.example/iiif/1/manifest.json\n", "`source` iiif"),
    "pages under an image's name": ("w.csv", "id,image,title\n1,https://m.example/work1.html,x\n", "image (probably web pages"),
    "the page again": ("w.csv", "id,image,page_url\n1,https://m.example/1,https://m.example/1\n", "image (probably web pages"),
    "pages of files of Commons": ("w.csv", "id,image\n1,https://commons.example/wiki/File:A.jpg\n", "image (probably web pages"),
}  # fmt: skip


@pytest.mark.parametrize("case", WITHOUT)
def test_a_table_without_images_names_the_option_to_use(tmp_path: Path, case: str) -> None:
    name, text, expected = WITHOUT[case]
    (tmp_path / name).write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        list(open_table(str(tmp_path / name), {}).chunks([]))
    message = str(caught.value)
    assert name in message and expected in message and "\n" not in message
    assert "`columns` image_url=" in message and "`image_template`" in message and "`images` FOLDER" in message
