"""The page on Ray Serve, where several replicas answer.

serve run deploy.page:page archive=s3://museum/archive token=a-long-password replicas=2

Each replica loads the whole archive. Stored selections are files on the machine of a replica: run all replicas on one
machine, or link to selections of up to 50 works only.
"""

from collections.abc import Mapping
from typing import Any

from ray import serve

from artsim.archive import Archive
from artsim.errors import UserError
from artsim.web.options import ServeOptions
from artsim.web.server import token_of

_NAMES = {"archive", "token", "rights", "hostnames", "replicas"}


def page(arguments: Mapping[str, str]) -> serve.Application:
    """Returns the application. ``archive`` is required; ``hostnames`` are separated by commas.

    A token is always required, because Ray's proxies may listen on every node. Raises ``UserError`` for arguments that
    are missing or unknown.
    """
    if unknown := set(arguments) - _NAMES:
        raise UserError(f"{', '.join(sorted(unknown))}: no such argument; choose from {', '.join(sorted(_NAMES))}")
    if "archive" not in arguments:
        raise UserError("archive: give its address, as in archive=s3://museum/archive")
    names = tuple(name for name in arguments.get("hostnames", "").split(",") if name)
    options = ServeOptions(
        host="0.0.0.0",  # noqa: S104 -- it only makes the token required; Ray chooses the address
        token=arguments.get("token"),
        rights=arguments.get("rights", "all"),
        hostnames=names,
    )
    uri, token = Archive.open(arguments["archive"]).uri, token_of(options)

    def application() -> Any:
        from artsim.vision.hub import stay_offline

        stay_offline()  # visitors must not make a replica download anything
        from artsim.web.app import build_app

        return build_app(Archive.open(uri), options, token=token)

    @serve.deployment(num_replicas=int(arguments.get("replicas", 1)), max_ongoing_requests=100)
    @serve.ingress(application)
    class Page:
        pass

    return Page.bind()  # type: ignore[attr-defined]
