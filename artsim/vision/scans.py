"""What a JPEG holds, told from its markers alone: how many passes over the picture, and of which precision."""

import re
from dataclasses import dataclass

_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # in coded data a plain 0xff is followed by 0x00
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = b"\xff\xda"


@dataclass(frozen=True)
class Scans:
    """Scans of the first image in a file, counted up to the limit; bits a sample, and whether that is all there is."""

    count: int
    bits: int


def scans(data: bytes, limit: int) -> Scans:
    """Reads the markers. Costs next to nothing but for a file with more scans than the limit."""
    few = data.count(_SCAN) <= limit  # an upper bound: a thumbnail or a profile may hold the same two bytes
    count = bits = 0
    place = 2
    while found := _MARKER.search(data, place):
        kind, place = found[1][0], found.end()
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
