"""The files of the page itself: its modules, styles and browser libraries, the same ones that the server sends."""

import html
from pathlib import Path

from artsim.publish.draft import Draft
from artsim.web import app
from artsim.web.safety import POLICY

_KINDS = (".js", ".css", ".svg")
_POLICY = POLICY.replace("; frame-ancestors 'none'", "")  # which works only as an HTTP header


def missing_file() -> Path | None:
    """Returns a file of the page that is missing, since `make page` has not run; None if all are there."""
    paths = (app.STATIC / "vendor" / name for name in app.LIBRARIES)
    return next((path for path in paths if not path.exists()), None)


def front_files() -> dict[str, Path]:
    """Returns the files below ``static/`` by their names there."""
    paths = [path for path in sorted(app.STATIC.rglob("*")) if path.suffix in _KINDS]
    files = {path.relative_to(app.STATIC).as_posix(): path for path in paths}
    return {**files, "work.css": Path(__file__).parent / "templates" / "work.css"}


def write_front(draft: Draft, title: str) -> None:
    """Writes ``static/`` and ``index.html``, which makes the modules read files, not a server."""
    for name, path in front_files().items():
        draft.write(f"static/{name}", path.read_bytes())
    page = (app.STATIC / "index.html").read_text(encoding="utf-8")
    head = f"""<head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="{_POLICY}">
    <meta name="referrer" content="no-referrer">
    <meta name="artsim-source" content="static">"""
    plain = '<p>This page needs JavaScript. <a href="works/index.html">All artworks</a> have a page that does not.</p>'
    changes = {
        '<head>\n    <meta charset="utf-8">': head,
        "<title>artsim</title>": f"<title>{html.escape(title[:200])}</title>",
        "<noscript>This page needs JavaScript.</noscript>": f"<noscript>{plain}</noscript>",
    }
    for old, new in changes.items():
        if page.count(old) != 1:
            raise AssertionError(f"index.html must contain exactly one {old}")
        page = page.replace(old, new)
    draft.write("index.html", page.encode("utf-8", "replace"))
