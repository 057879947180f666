"""Checks, before anything heavy starts, whether weights are cached or can be downloaded; can forbid downloads."""

import os
import socket
import threading
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

_TORCHVISION = "https://download.pytorch.org"
_TIMEOUT_SECONDS = 2.0  # seconds for the DNS lookup and the connection


def stay_offline() -> None:
    """Keeps the hub's libraries from the network, unless HF_HUB_OFFLINE says otherwise. Call it before their import."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def cached(repository: str, files: Iterable[str]) -> bool:
    """Whether the hub's cache has one of these files of a repository."""
    import huggingface_hub

    return any(isinstance(huggingface_hub.try_to_load_from_cache(repository, file), str) for file in files)


def missing(network: str, *, torchvision: bool) -> str | None:
    """Returns why the weights of a network are unavailable; None if they may be cached or their server answers."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    if any(_torch_cache().glob("*")) or (not torchvision and _may_hold(cache, network)):
        return None  # they may be cached; the library finds out
    if constants.HF_HUB_OFFLINE and not torchvision:
        return "HF_HUB_OFFLINE is set, and the weights are not in the cache"
    return _no_answer(_TORCHVISION if torchvision else constants.ENDPOINT)


def _may_hold(cache: Path, network: str) -> bool:
    """Whether timm's weights of a network may be in the hub's cache, where most are filed under timm's name."""
    kept = [folder.name for folder in cache.glob("models--*")]
    return any(not name.startswith("models--timm--") or network.partition(".")[0] in name for name in kept)


def _torch_cache() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"


def _no_answer(address: str) -> str | None:
    """Returns why a server can't be reached; None if it can, or if a proxy is in use."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if not urllib.request.proxy_bypass(host) and {"all", parts.scheme} & {*urllib.request.getproxies()}:
        return None
    failed: list[str | None] = [f"no answer within {_TIMEOUT_SECONDS:.0f} s"]

    def ask() -> None:
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            socket.create_connection((host, port), timeout=_TIMEOUT_SECONDS).close()
            failed[0] = None
        except OSError as error:
            failed[0] = error.strerror or str(error)

    asking = threading.Thread(target=ask, daemon=True)  # a DNS lookup has no timeout
    asking.start()
    asking.join(_TIMEOUT_SECONDS)
    return f"{host}: {failed[0]}" if failed[0] else None
