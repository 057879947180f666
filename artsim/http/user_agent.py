"""How artsim introduces itself to web servers."""

import getpass
import os
import socket
from importlib.metadata import PackageNotFoundError, version

AGENT = "artsim"  # our name in robots.txt and X-Robots-Tag


def user_agent(contact: str | None = None) -> str:
    """Returns the User-Agent. ``contact`` is a page or a mail address; by default, the account that runs this."""
    try:
        release = version(AGENT)
    except PackageNotFoundError:  # run from a checkout that is not installed
        release = "0"
    return f"{AGENT}/{release} (+{contact or f'{_account()}@{socket.getfqdn()}'})"


def _account() -> str:
    """Returns the name of the account that runs this, or its number if it has no name, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
