"""The sample museum's HTML pages: the wall of thumbnails, and one page per artwork."""

from html import escape

from .museum import Museum
from .works import Work

_STYLE = """
body { margin: 0; background: #f6f3ec; color: #2a2622; font: 16px/1.5 Georgia, serif }
header, main { max-width: 76rem; margin: auto; padding: 1.5rem }
h1 { font-weight: normal; letter-spacing: .04em } a { color: inherit; text-decoration: none }
.wall { display: flex; flex-wrap: wrap; gap: 1rem }
.wall a { flex: auto; height: 11rem } .wall img { height: 100%; width: 100%; object-fit: cover;
  box-shadow: 0 1px 6px #0004 }
.work img { max-width: 100%; max-height: 80vh; box-shadow: 0 3px 18px #0005 }
dl { display: grid; grid-template-columns: 9rem auto } dt { color: #857b6c } dd { margin: 0 }
"""


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body>{body}</body></html>'


def _thumbnail(work: Work, side: int) -> str:
    if work.private:
        return f"/{work.file}"
    return f"/iiif/{work.id}/full/!{side},{side}/0/default.jpg"


def wall(museum: Museum) -> str:
    """The home page: a thumbnail of every artwork."""
    links = "\n".join(
        f'<a href="/works/{w.id}"><img loading="lazy" src="{_thumbnail(w, 300)}" alt="{escape(w.title[0])}"></a>'
        for w in museum.works
    )
    painters = len({w.artist for w in museum.works})
    note = f"{len(museum.works)} works by {painters} invented painters. <a href='/catalog.csv'>Catalog</a>"
    body = f"<header><h1>The Sample Museum</h1><p>{note}</p></header><main class='wall'>{links}</main>"
    return _page("The Sample Museum", body)


def page(work: Work) -> str:
    """The page of one artwork."""
    facts = {"Artist": work.artist, "Date": work.date, "Technique": work.technique, "Style": work.style,
             "Subject": work.type, "School": work.school, "Location": work.location, "Rights": work.rights,
             "Inventory": work.metadata()["inventory"]}  # fmt: skip
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    if work.of:
        rows += f"<dt>{work.kind.title()} of</dt><dd><a href='/works/{work.of}'>{work.of}</a></dd>"
    picture = f'<img src="/{work.file}" alt="{escape(work.title[0])}">'
    body = f"<header><p><a href='/'>The Sample Museum</a></p><h1>{escape(work.title[0])}</h1></header>"
    return _page(work.title[0], f"{body}<main class='work'>{picture}<dl>{rows}</dl></main>")
