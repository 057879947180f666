"""The motifs that every painter of the sample museum paints; each file composes one, as shapes without color."""

from collections.abc import Callable

from ..outlines import Rng
from ..scene import Scene
from .city import city
from .garden import garden
from .harbour import harbour
from .moonlight import moonlight
from .mountain import mountain
from .portrait import portrait
from .still_life import still_life
from .woodland import woodland

MOTIFS: dict[str, Callable[[Rng, float], Scene]] = {
    "mountain": mountain,
    "harbour": harbour,
    "garden": garden,
    "still life": still_life,
    "portrait": portrait,
    "moonlight": moonlight,
    "city": city,
    "woodland": woodland,
}
