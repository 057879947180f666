"""A pool of actors that processes items while machines join and leave the cluster.

Ray restarts a lost actor wherever there is room, and its calls wait for it. On a cluster that has shrunk there is no
room, and they wait forever (as in Ray Data's actor pools). This pool restarts no actor: it gives the items of a lost
actor to others and creates as many new actors as there is room for.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from artsim.runtime.resources import Needs, Wait

_log = logging.getLogger(__name__)

_LOOK = 2.0  # seconds between two checks of the cluster's size
_DEATHS = 4  # actors that may die on one item, or in a row while they start


class Pool:
    """As many actors as there is room for, each with up to ``depth`` items at a time.

    ``make`` creates an actor with ``needs`` and no restarts. The pool calls its ``begin(*arguments)`` before the first
    item of a stream, then ``do(item, deaths)`` for each item. ``deaths`` is how many actors died on this item before,
    because of the item or of a machine. ``room`` returns how many actors there may be at the moment.
    """

    def __init__(self, make: Callable[[], Any], needs: Needs, room: Callable[[], int], depth: int = 1) -> None:
        self._make, self._needs, self._room, self._depth = make, needs, room, depth
        self._actors: set[Any] = set()
        self._born_dead = 0

    def stream(self, items: Sequence[Any], *arguments: Any) -> Iterator[Any]:
        """Yields the result of every item as it completes. Raises RuntimeError if too many actors die on one item."""
        import ray
        from ray.exceptions import RayActorError

        todo = deque((item, 0) for item in items)
        running: dict[Any, tuple[Any, Any, int]] = {}  # by pending result: actor, item, deaths
        beginning = {actor.begin.remote(*arguments): actor for actor in self._actors}
        at_work: Counter[Any] = Counter()  # items in progress, of each actor that has begun
        wait, look = Wait(self._needs), 0.0
        while todo or running:
            if time.monotonic() >= look:
                look = time.monotonic() + _LOOK
                self._fit(beginning, len(todo) + len(running), arguments)
            if not running:
                wait.tell()
            ready, _ = ray.wait([*beginning, *running], num_returns=1, timeout=_LOOK)
            for reference in ready:
                begun = beginning.pop(reference, None)
                actor, item, deaths = (begun, None, 0) if begun else running.pop(reference)
                try:
                    result = ray.get(reference)
                except RayActorError as error:
                    self._lose(actor)
                    at_work.pop(actor, None)
                    look = 0.0
                    if begun:
                        self._mourn(error)
                    else:
                        todo.appendleft((item, self._again(item, deaths, error)))
                    continue
                if begun:
                    self._born_dead = 0
                    at_work[actor] = 0
                else:
                    if actor in at_work:  # the actor may have died since
                        at_work[actor] -= 1
                    yield result
            for actor, item, deaths in self._handed_out(todo, at_work, len(running)):
                running[actor.do.remote(item, deaths)] = (actor, item, deaths)

    def _handed_out(
        self, todo: deque[tuple[Any, int]], at_work: Counter[Any], running: int
    ) -> Iterator[tuple[Any, Any, int]]:
        """Yields actors with items to hand out now: up to ``depth`` each, and equal shares if there are few items."""
        share = -(-(len(todo) + running) // max(len(self._actors), 1))
        for actor in list(at_work) if todo else []:
            while todo and at_work[actor] < min(self._depth, share):
                at_work[actor] += 1
                yield actor, *todo.popleft()

    def _fit(self, beginning: dict[Any, Any], open_items: int, arguments: Sequence[Any]) -> None:
        """Creates actors where there is room, and kills actors that wait to start if the room is gone."""
        import ray

        room = max(min(self._room(), open_items), 1)
        while len(self._actors) < room:
            actor = self._make()
            self._actors.add(actor)
            beginning[actor.begin.remote(*arguments)] = actor
        for reference, actor in list(beginning.items()):
            if len(self._actors) > max(self._room(), 1):
                ray.kill(actor)
                self._actors.discard(actor)
                del beginning[reference]

    def _lose(self, actor: Any) -> None:
        import ray

        if actor not in self._actors:
            return
        _log.info("a worker was lost; other workers take over its tasks")
        self._actors.discard(actor)
        ray.kill(actor)  # it may still run behind a broken connection; two would write one partition

    def _mourn(self, error: Any) -> None:
        """Counts an actor that died while it started. Raises ``error`` if its constructor failed or too many died."""
        self._born_dead += 1
        if error.actor_init_failed or self._born_dead > _DEATHS:
            raise error

    def _again(self, item: Any, deaths: int, error: Exception) -> int:
        if deaths == _DEATHS:
            raise RuntimeError(f"{deaths + 1} workers died while processing {item}, the last with {error}") from error
        return deaths + 1
