"""Takes turns at what is slow, so that a few visitors cannot stop the server: few wait, and none for too long."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from artsim.errors import ServiceUnavailable


class Turns:
    """A bounded number of places, whose holders take turns, one at a time."""

    def __init__(self, what: str, *, places: int, seconds: float) -> None:
        """``what``, a plural, is used in the message for those who are refused; one waits ``seconds`` for a turn."""
        self._refused = f"too many {what} at the moment; try again in a few seconds"
        self._places = BoundedSemaphore(places)
        self._lock = Lock()
        self._seconds = seconds

    @contextmanager
    def place(self) -> Iterator[None]:
        """Holds one of the places. Raises ``ServiceUnavailable`` at once if all are taken."""
        if not self._places.acquire(blocking=False):
            raise ServiceUnavailable(self._refused)
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until no other caller has the turn. Raises ``ServiceUnavailable`` if that takes too long."""
        if not self._lock.acquire(timeout=self._seconds):
            raise ServiceUnavailable(self._refused)
        try:
            yield
        finally:
            self._lock.release()
