"""Prepares the sample museum for the demo: makes it, serves it, and writes a pipeline.toml that runs artsim on it."""

import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import requests

from artsim.errors import UserError
from artsim.sample.museum import Museum, make
from artsim.sample.site import serve

_log = logging.getLogger(__name__)

_PIPELINE = """\
# From a museum's catalog to an archive that answers "what looks like this?"
# python -m jobs.pipeline --archive {archive} --config {archive}/pipeline.toml    (while the museum is online)

[catalog]
source = "table"
location = "{catalog}"
as = "sample"

[scrape]
allow-host = ["{host}"]
per-host = 8
contact = "curator@museum.example"

[[extract]]
backbones = ["efficientnet_lite0", "efficientnet_lite0@4+std"]

{learning}[[neighbors]]
features = ["efficientnet_lite0@4+std"]
all = true

[[neighbors]]
features = ["efficientnet_lite0@4+std"]
id = [{queries}]
k = 7
picture = "{archive}/neighbors.png"

{eye}[[walk]]
features = ["efficientnet_lite0@4+std"]
from = "{start}"
to = "{end}"
steps = 6
picture = "{archive}/walk.png"

[[walk]]
features = ["efficientnet_lite0@4+std"]
from = "{start}"
to = "{end}"
steps = 7
kind = "tube"
picture = "{archive}/tube.png"

{groups}# A map of the whole museum.
[map]
features = ["{features}"]
name = "museum"

# Topics of the titles, each with typical artworks.
[[enrich]]
action = "topics"
text = ["title"]
n = {topics}
picture = "{archive}/topics.png"

{groups_picture}[[picture]]
kind = "map"
layout = ["museum"]
title = "The sample museum"
out = "{archive}/map.png"

{site}"""

_LEARNING = """\
# The recommended features. The model "eye" is trained on them.
[[extract]]

# A simulated curator who matches artworks by motif: harbours with harbours, whatever the painter.
[[annotations]]
action = "simulate"
annotator = "curator"
by = "type"
n = 1000

[train]
name = "eye"
annotator = ["curator"]
embed = true

[evaluate]
features = ["efficientnet_lite0"]
models = ["eye"]
annotator = ["curator"]
out = "{archive}/evaluation"

[tune]
name = "margins"
annotator = ["curator"]
trials = 12
epochs = 10

"""

_EYE = """\
# The same six queries after training: motif now matters more than the painter.
[[neighbors]]
features = ["eye"]
id = [{queries}]
k = 7
picture = "{archive}/neighbors-eye.png"

"""
_GROUPS = """\
# Groups that the archive proposes by itself, each with its most typical artworks.
[cluster]
features = ["eye"]
name = "groups"
min-cluster-size = [5]

# Style, motif and period, learned from the catalog and predicted for each artwork.
[[labels]]
action = "train"
columns = ["style", "type", "date"]
min-count = 4
name = "basics"

[[labels]]
action = "predict"
name = "basics"

"""

_GROUPS_PICTURE = """\
[[picture]]
kind = "clusters"
cluster = "groups"
out = "{archive}/clusters.png"

"""
_SITE = """\
# The museum as a web site for any web server, with its public works: python -m http.server -d {archive}-site
[export_site]
features = ["{features}"]
title = "The sample museum"
out = "{archive}-site"

"""
_MIN_ARTWORKS = 200  # the fewest artworks that a training can learn from


@contextlib.contextmanager
def tour(archive: Path, *, works: int | None, seed: int, port: int, site: bool) -> Iterator[Path]:
    """Makes the museum next to an archive, serves it on 127.0.0.1, and yields the pipeline.toml for both.

    With ``site``, the pipeline ends with a static web site.
    Raises a user error if a museum can't have this number of artworks, or if the port is taken.
    """
    _check_port(port)
    try:
        museum = make(archive.parent / f"{archive.name}-museum", seed, works)
    except ValueError as error:
        raise UserError(f"`works` {works}: {error}") from error
    with serve(museum.folder, port=port) as address:
        _log.info(
            "the sample museum: %d works online at %s; a few of them fail on purpose",
            *(len(museum.works), address),
        )
        catalog = museum.folder / "online.csv"
        catalog.write_bytes(requests.get(f"{address}/catalog.csv", timeout=30).content)
        queries = _queries(museum)
        quoted = ", ".join(f'"{query}"' for query in queries)
        learns = len(museum.works) >= _MIN_ARTWORKS
        features = "eye" if learns else "efficientnet_lite0@4+std"
        toml = archive / "pipeline.toml"
        toml.write_text(
            _PIPELINE.format(
                archive=archive,
                catalog=catalog,
                host=address.removeprefix("http://"),
                queries=quoted,
                learning=_LEARNING.format(archive=archive) if learns else "",
                eye=_EYE.format(archive=archive, queries=quoted) if learns else "",
                start=queries[0],
                end=queries[-1],
                groups=_GROUPS if learns else "",
                groups_picture=_GROUPS_PICTURE.format(archive=archive) if learns else "",
                topics=8 if learns else 3,
                features=features,
                site=_SITE.format(archive=archive, features=features) if site else "",
            ),
            encoding="utf-8",
        )
        yield toml


def _check_port(port: int) -> None:
    """Raises a user error if the port can't be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(f"`port` {port}: {error.strerror}; choose another port, or 0 for any free port") from error


def _queries(museum: Museum) -> list[str]:
    """The ids of one artwork by each of six painters, each on a different motif."""
    chosen: dict[str, str] = {}
    motifs: set[str] = set()
    for work in museum.works:
        if (
            work.artist not in chosen
            and work.type not in motifs
            and work.kind == "original"
            and not work.flaw
            and not work.private
        ):
            chosen[work.artist] = f"sample:{work.id}"
            motifs.add(work.type)
    return list(chosen.values())[:6]
