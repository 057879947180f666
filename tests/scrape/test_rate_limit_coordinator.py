"""The rate-limit coordinator, with a clock that the tests set."""

import itertools
import random

from artsim.scrape.rate_limit import RESTS, TIRED, HostReport, Rules
from artsim.scrape.rate_limit_coordinator import LOST, RateLimitCoordinator, Request
from artsim.scrape.robots import Robots
from artsim.scrape.status import FetchStatus

DOWN = FetchStatus("network", "connection refused")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def limits_of(**rules: float) -> tuple[RateLimitCoordinator, Clock]:
    clock = Clock()
    return RateLimitCoordinator(Rules(**rules), clock), clock  # type: ignore[arg-type]


def ask(limits: RateLimitCoordinator, worker: str = "a", host: str = "h", patience: float = 1e9, **need: object):
    return limits.exchange(Request(worker, patience, {host: HostReport(**need)})).turns[host]  # type: ignore[arg-type]


def test_one_worker_gets_all_slots() -> None:
    limits, _ = limits_of(per_host=4)
    assert ask(limits, waiting=10).slots == 4
    assert ask(limits, using=4, waiting=6).slots == 4
    assert ask(limits, using=0, waiting=2).slots == 2


def test_hosts_do_not_share() -> None:
    limits, _ = limits_of(per_host=2)
    assert ask(limits, host="h", waiting=5).slots == 2
    assert ask(limits, host="i", waiting=5).slots == 2


def test_a_second_worker_waits_for_what_the_first_gives_back() -> None:
    limits, _ = limits_of(per_host=4)
    assert ask(limits, "a", waiting=10).slots == 4
    assert ask(limits, "b", waiting=10).slots == 0
    assert ask(limits, "a", using=4, waiting=6).slots == 2  # its fair share, but four are still in use
    assert ask(limits, "b", waiting=10).slots == 0
    assert ask(limits, "a", using=2, waiting=6).slots == 2
    assert ask(limits, "b", waiting=10).slots == 2


def test_slots_of_a_lost_worker_come_back() -> None:
    limits, clock = limits_of(per_host=2)
    assert ask(limits, "a", waiting=10).slots == 2
    clock.now += LOST - 1
    assert ask(limits, "b", waiting=10).slots == 0
    clock.now += 2
    assert ask(limits, "b", waiting=10).slots == 2


def test_never_more_than_per_host_whatever_workers_do() -> None:
    random.seed(1)
    limits, clock = limits_of(per_host=5)
    held = dict.fromkeys("abcd", 0)  # the most requests that each may have running
    for _ in range(3000):
        worker = random.choice("abcd")
        using = random.randint(0, held[worker])
        waiting = random.randint(0, 8)
        held[worker] = using
        turn = ask(limits, worker, using=using, waiting=waiting)
        held[worker] = max(using, turn.slots)
        assert turn.slots <= using + waiting
        assert sum(held.values()) <= 5
        clock.now += random.random()


def test_a_worker_that_is_owed_its_share_gets_it_before_another_gets_more() -> None:
    """Recomputes the slots with plain sums: what the others use, or are owed of their fair share, is not free."""
    random.seed(2)
    limits, clock = limits_of(per_host=6)
    held: dict[str, tuple[int, int]] = {}  # using and waiting, as last reported or granted
    for step in range(3000):
        worker = random.choice("abcd" if step < 1500 else "abcdefghi")
        using, waiting = random.randint(0, held.get(worker, (0, 0))[0]), random.randint(0, 8)
        held[worker] = using, waiting
        others = [need for name, need in held.items() if name != worker]
        fair = 6 // len(held)
        owed = sum(
            max(min(other_using + other_waiting, fair) - other_using, 0) for other_using, other_waiting in others
        )
        expected = max(min(using + waiting, 6 - sum(other_using for other_using, _ in others) - owed), 0)
        assert ask(limits, worker, using=using, waiting=waiting).slots == expected
        held[worker] = max(using, expected), waiting
        clock.now += random.random()
        if step % 500 == 499:  # all other workers are lost
            clock.now += LOST + 1
            turn = ask(limits, worker, using=using, waiting=waiting)
            held = {worker: (max(using, turn.slots), waiting)}


def test_starts_are_spaced_over_all_workers() -> None:
    limits, clock = limits_of(per_host=3, delay=0.1)
    starts, running = [], {"a": 0, "b": 0}
    for step in range(200):
        worker = "ab"[step % 2]
        turn = ask(limits, worker, using=running[worker], waiting=5, finished=0)
        starts += [clock.now + start for start in turn.starts or ()]
        running[worker] = min(running[worker] + len(turn.starts or ()), 1) if step % 3 else 0
        clock.now += 0.03
    starts.sort()
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert len(starts) > 20
    assert min(gaps) >= 0.1 - 1e-9


def test_a_failing_host_rests_longer_each_time_and_is_given_up() -> None:
    limits, clock = limits_of(per_host=4, rest=10.0)
    assert ask(limits, waiting=9, failed=[DOWN] * (TIRED - 1)).slots == 4
    for cooldown in (10, 20, 40):
        assert ask(limits, waiting=9, failed=[DOWN]).slots == 0
        clock.now += cooldown - 0.1
        assert ask(limits, waiting=9).slots == 0
        clock.now += 0.2
        assert ask(limits, waiting=9).slots == 1  # one probe
    turn = ask(limits, waiting=9, failed=[DOWN])
    assert turn.over is not None
    assert turn.over.status == "network"
    assert "given up" in turn.over.detail


def test_one_of_several_workers_sends_the_probe() -> None:
    limits, clock = limits_of(per_host=4, rest=10.0)
    ask(limits, "b", waiting=9)
    ask(limits, "a", waiting=9, failed=[DOWN] * TIRED)
    ask(limits, "b", waiting=9)
    clock.now += 10.1
    assert [ask(limits, worker, waiting=9).slots for worker in "ab"] == [1, 0]


def test_failures_that_were_on_their_way_do_not_count_against_a_resting_host() -> None:
    limits, clock = limits_of(per_host=4, rest=10.0)
    for _ in range(50):
        ask(limits, waiting=9, failed=[DOWN])
    clock.now += 10.1
    assert ask(limits, waiting=9).slots == 1


def test_one_proper_answer_makes_a_host_well() -> None:
    limits, clock = limits_of(per_host=4, rest=10.0)
    ask(limits, waiting=9, failed=[DOWN] * TIRED)
    clock.now += 11
    assert ask(limits, waiting=9).slots == 1
    assert ask(limits, waiting=9, finished=1, seconds=0.1).slots == 4


def test_retry_after_holds_for_all() -> None:
    limits, clock = limits_of(per_host=4)
    ask(limits, "a", waiting=9, failed=[FetchStatus("http", "429", 429)], pause=30.0)
    assert ask(limits, "b", waiting=9).slots == 0
    clock.now += 29
    assert ask(limits, "b", waiting=9).slots == 0
    clock.now += 2
    assert ask(limits, "b", waiting=9).slots > 0


def test_rows_that_would_wait_too_long_are_not_kept() -> None:
    limits, _ = limits_of(per_host=2)
    ask(limits, finished=100, seconds=100.0)
    for _ in range(30):  # the estimate converges: one second per request, two at once
        turn = ask(limits, using=2, waiting=1000, finished=100, seconds=100.0, patience=30.0)
    assert 55 <= turn.keep <= 65
    slow, _ = limits_of(per_host=2, delay=10.0)
    assert ask(slow, waiting=1000, patience=30.0).keep == 3
    assert ask(slow, waiting=1000, patience=1.0).keep == 1  # at least one, so that the round makes progress


def test_rows_of_a_host_that_rests_longer_than_patience_are_not_kept() -> None:
    limits, clock = limits_of(rest=100.0)
    turn = ask(limits, waiting=10, failed=[DOWN] * TIRED, patience=30.0)
    assert turn.keep == 0
    assert 99 < limits.soonest() <= 100
    clock.now += 80
    assert ask(limits, waiting=10, patience=30.0).keep > 0


def robots_of(limits: RateLimitCoordinator, worker: str, found: Robots | None = None, site: str = "http://h"):
    return limits.exchange(
        Request(worker, 1e9, {"h": HostReport()}, {site: "h"}, {site: ("h", found)} if found else {}),
    )


def test_robots_are_read_by_one_and_known_to_all() -> None:
    limits, _ = limits_of()
    assert robots_of(limits, "a").fetch == {"http://h": "h"}
    assert robots_of(limits, "b").fetch == {}
    assert robots_of(limits, "a").fetch == {}
    robots = Robots.read("User-agent: *\nCrawl-delay: 3")
    assert robots_of(limits, "a", robots).robots == {"http://h": robots}
    assert robots_of(limits, "b").robots == {"http://h": robots}
    assert robots_of(limits, "b", site="https://h").fetch == {"https://h": "h"}


def test_robots_are_read_again_after_a_day() -> None:
    limits, clock = limits_of()
    robots_of(limits, "a", Robots())
    clock.now += 23 * 3600
    assert robots_of(limits, "b").robots
    clock.now += 2 * 3600
    assert robots_of(limits, "c").fetch


def test_the_reader_of_robots_may_be_lost() -> None:
    limits, clock = limits_of()
    assert robots_of(limits, "a").fetch
    clock.now += LOST + 1
    assert robots_of(limits, "b").fetch


def test_robots_that_fail_are_tried_again_after_rests_and_then_forbid() -> None:
    limits, clock = limits_of(rest=10.0)
    failed = Robots(failure=FetchStatus("robots", "503", 503), lasting=False)
    for attempt in range(RESTS):
        assert robots_of(limits, "a").fetch
        assert not robots_of(limits, "a", failed).fetch
        clock.now += 10 * 2**attempt + 0.1
    assert robots_of(limits, "a").fetch
    assert robots_of(limits, "a", failed).turns["h"].over is not None


def test_crawl_delay_spaces_from_robots_on() -> None:
    limits, clock = limits_of(per_host=4)
    robots_of(limits, "a", Robots.read("User-agent: *\nCrawl-delay: 5"))
    assert ask(limits, waiting=3).starts == []
    clock.now += 5
    assert ask(limits, waiting=3).starts == [0.0]


def test_robots_that_can_never_be_had_are_final() -> None:
    limits, _ = limits_of()
    failure = Robots(failure=FetchStatus("forbidden_address", "inside"))
    assert robots_of(limits, "a", failure).robots == {"http://h": failure}
    assert limits.soonest() == 0


REFUSED = FetchStatus("network", "no connection to h: connection refused", unreachable=True)


def test_a_host_that_never_accepted_a_connection_is_given_up_soon() -> None:
    limits, clock = limits_of(rest=10.0)
    for cooldown in (1, 2, 4):
        failed_robots = {"http://h": ("h", Robots(failure=REFUSED, lasting=False))}
        limits.exchange(Request("a", 1e9, {"h": HostReport(waiting=1)}, {"http://h": "h"}, failed_robots))
        assert limits.notices() == [f"h: {REFUSED.detail}; next try in {cooldown} s"]
        assert limits.notices() == []
        clock.now += cooldown + 0.1
    answer = limits.exchange(Request("a", 1e9, {"h": HostReport(waiting=1)}, {"http://h": "h"}, failed_robots))
    assert answer.turns["h"].over is not None
    assert limits.notices() == [f"h: {REFUSED.detail}; the host kept failing and was given up"]


def test_a_host_that_answered_once_rests_as_long_as_any_other() -> None:
    limits, _ = limits_of(rest=10.0)
    ask(limits, finished=1, seconds=0.1)
    ask(limits, failed=[REFUSED] * TIRED)
    assert limits.notices() == [f"h: {REFUSED.detail}; next try in 10 s"]
