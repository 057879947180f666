"""Run the whole pipeline on the built-in sample museum, which serves its own web site on this machine.

python -m jobs.demo
python -m jobs.demo --archive archives/demo --works 120
"""

import logging
import math
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artsim.cli import Job
from artsim.errors import UserError
from artsim.options import JobOptions, setting

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DemoOptions(JobOptions):
    """The size and address of the museum."""

    works: int | None = setting(
        None,
        "number of artworks, for a smaller museum; with fewer than 200, nothing is trained (default: 324)",
        least=-math.inf,
    )
    port: int = setting(8437, "port of the museum's web site on 127.0.0.1")


job = Job("demo", __doc__, DemoOptions, creates_archive=True, reads_config=False, archive="archives/demo")


@job.runs
def demo(archive: Any, options: DemoOptions) -> dict[str, Any]:
    """Creates the museum, writes pipeline.toml beside the archive and runs it; returns how to see it."""
    if not 0 <= options.port < 65536:
        raise UserError(f"--port {options.port}: must be 0 to 65535")
    if not archive.store.is_local:
        raise UserError(
            f"--archive {archive.uri}: must be a local folder; use jobs.pipeline for an archive in a bucket"
        )
    from artsim.publish.front import missing_file
    from artsim.sample.tour import tour
    from jobs.pipeline import job as pipeline

    folder, missing = Path(archive.uri), missing_file()
    if missing is not None:
        _log.warning("no web site is written, because %s is missing; run `make page`", missing)
    has_site = missing is None
    with tour(folder, works=options.works, seed=options.seed, port=options.port, site=has_site) as toml:
        report = pipeline.run(["--archive", archive.uri, "--config", str(toml), "--seed", str(options.seed)])
    outputs = [path for step in report["steps"] for path in (step.get("picture"), *step.get("files", ()))]
    outputs += [path for step in report["steps"] for path in (step.get("table"), step.get("config"))]
    pictures = sorted((path for path in outputs if str(path).endswith(".png")), key=_is_not_of_neighbors)
    tables = [path for path in outputs if str(path).endswith((".md", ".toml"))]
    kept = ("rows_in", "rows_out", "rows_failed", "failures", "steps")
    page = f"python -m jobs.serve --archive {shlex.quote(archive.uri)}  # then open http://127.0.0.1:8000/"
    sites = [
        f"python -m http.server -d {shlex.quote(str(step['site']))}  # or copy this folder to a web server"
        for step in report["steps"]
        if step.get("site")
    ]
    shown = {"page": page, "site": sites[0] if sites else None, "pictures": pictures, "tables": tables}
    return {**{key: report[key] for key in kept}, **shown}


def _is_not_of_neighbors(path: str) -> bool:
    """Sort key: pictures of neighbors come before the others."""
    return not Path(path).name.startswith("neighbors")


if __name__ == "__main__":
    job.main()
