"""A walk from one artwork to another, each step the nearest artwork to its point on the way."""

from typing import Any

from artsim.archive import UserError
from artsim.explore.walk import way
from artsim.web.vectors import Vectors


def walk(vectors: Vectors, start: int, end: int, steps: int) -> list[dict[str, Any]]:
    """Returns numbers and distances of a walk, with both ends; no artwork occurs twice.

    It is that of ``artsim.explore.walk`` without jitter: the way is a great circle, and distances are from the points
    on it. Raises ``UserError`` if there are too few artworks or an end has no vector.
    """
    if start == end:
        raise UserError("to: must differ from `from`")
    if steps + 2 > len(vectors.numbers):
        raise UserError(f"steps {steps}: needs {steps + 2} artworks, there are {len(vectors.numbers)}")
    points = way(vectors.of(start), vectors.of(end), steps, spherical=True)
    taken, between = {start, end}, list[dict[str, Any]]()
    for point in points:
        numbers, distances = vectors.nearest(point, len(taken) + 1)
        number, distance = next(
            (int(n), float(d)) for n, d in zip(numbers, distances, strict=True) if int(n) not in taken
        )
        taken.add(number)
        between.append({"n": number, "distance": round(distance, 6)})
    return [{"n": start, "distance": 0.0}, *between, {"n": end, "distance": 0.0}]
