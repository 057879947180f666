"""The options of the web server."""

from dataclasses import dataclass

from artsim.errors import UserError
from artsim.options import ArchiveOptions, setting


@dataclass(frozen=True, kw_only=True)
class ServeOptions(ArchiveOptions):
    """Where the page is served, and who may open it."""

    host: str = setting("127.0.0.1", "IP address or name to listen on; with the default, only this machine can connect")
    port: int = setting(8000, "port to listen on; 0 takes a free one")
    token: str | None = setting(
        None,
        "password of the page, at least 12 characters; required with another `host`. Safer: set ARTSIM_TOKEN in the "
        "environment",
        is_secret=True,
    )
    hostnames: tuple[str, ...] = setting(
        (), "host names under which people reach the page, for example those of a proxy", metavar="NAME"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.port >= 65536:
            raise UserError(f"`port` {self.port}: must be 0 to 65535")
