"""Reads from a JPEG's markers the number of scans (passes over the picture) and the bit depth."""

import re
from dataclasses import dataclass

_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # in coded data a plain 0xff is followed by 0x00
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = b"\xff\xda"


@dataclass(frozen=True)
class Scans:
    """Scans of the first image in a file, counted as far as the limit requires, and bits per sample (0: unknown)."""

    count: int
    bits: int


def scans(data: bytes, limit: int) -> Scans:
    """Reads the markers. Costs almost nothing unless the file has more scans than the limit."""
    few = data.count(_SCAN) <= limit  # an upper bound: a thumbnail or a profile may hold the same two bytes
    count = bits = 0
    place = 2
    while marker := _MARKER.search(data, place):
        kind, place = marker[1][0], marker.end()
        if kind == 0xD9:
            break
        if kind in _FRAMES and not bits:
            bits = data[place + 2] if len(data) > place + 2 else 0
        if kind == 0xDA:
            count += 1
            if few or count > limit:
                break
        if kind not in (0x01, 0xD8):
            place += int.from_bytes(data[place : place + 2], "big")
    return Scans(count, bits)
