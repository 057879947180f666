"""The rate-limit coordinator, with a clock that the tests set."""

import itertools
import random

from artsim.scrape.rate_limit import FAILURES_BEFORE_COOLDOWN, MAX_COOLDOWNS, HostReport, Rules
from artsim.scrape.rate_limit_coordinator import WORKER_TIMEOUT, RateLimitCoordinator, Request
from artsim.scrape.robots import Robots
from artsim.scrape.status import FetchStatus

DOWN = FetchStatus("network", "connection refused")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make_coordinator(**rules: float) -> tuple[RateLimitCoordinator, Clock]:
    clock = Clock()
    settings = {"per_host": 2, "delay": 0.0, "cooldown": 10.0, **rules}
    return RateLimitCoordinator(Rules(**settings), clock), clock  # type: ignore[arg-type]


def send_report(
    coordinator: RateLimitCoordinator, worker: str = "a", host: str = "h", max_wait: float = 1e9, **report: object
):
    return coordinator.exchange(Request(worker, max_wait, {host: HostReport(**report)})).grants[host]  # type: ignore[arg-type]


def test_one_worker_gets_all_slots() -> None:
    coordinator, _ = make_coordinator(per_host=4)
    assert send_report(coordinator, waiting=10).slots == 4
    assert send_report(coordinator, using=4, waiting=6).slots == 4
    assert send_report(coordinator, using=0, waiting=2).slots == 2


def test_hosts_have_separate_slots() -> None:
    coordinator, _ = make_coordinator(per_host=2)
    assert send_report(coordinator, host="h", waiting=5).slots == 2
    assert send_report(coordinator, host="i", waiting=5).slots == 2


def test_a_second_worker_waits_for_freed_slots() -> None:
    coordinator, _ = make_coordinator(per_host=4)
    assert send_report(coordinator, "a", waiting=10).slots == 4
    assert send_report(coordinator, "b", waiting=10).slots == 0
    assert send_report(coordinator, "a", using=4, waiting=6).slots == 2  # its fair share, but four are still in use
    assert send_report(coordinator, "b", waiting=10).slots == 0
    assert send_report(coordinator, "a", using=2, waiting=6).slots == 2
    assert send_report(coordinator, "b", waiting=10).slots == 2


def test_slots_of_a_lost_worker_are_freed() -> None:
    coordinator, clock = make_coordinator(per_host=2)
    assert send_report(coordinator, "a", waiting=10).slots == 2
    clock.now += WORKER_TIMEOUT - 1
    assert send_report(coordinator, "b", waiting=10).slots == 0
    clock.now += 2
    assert send_report(coordinator, "b", waiting=10).slots == 2


def test_per_host_is_never_exceeded() -> None:
    random.seed(1)
    coordinator, clock = make_coordinator(per_host=5)
    granted = dict.fromkeys("abcd", 0)  # the most requests that each may have running
    for _ in range(3000):
        worker = random.choice("abcd")
        using = random.randint(0, granted[worker])
        waiting = random.randint(0, 8)
        granted[worker] = using
        grant = send_report(coordinator, worker, using=using, waiting=waiting)
        granted[worker] = max(using, grant.slots)
        assert grant.slots <= using + waiting
        assert sum(granted.values()) <= 5
        clock.now += random.random()


def test_fair_shares_are_granted_before_extra_slots() -> None:
    """Recomputes the slots with plain sums: what the others use, or are owed of their fair share, is not free."""
    random.seed(2)
    coordinator, clock = make_coordinator(per_host=6)
    granted: dict[str, tuple[int, int]] = {}  # using and waiting, as last reported or granted
    for step in range(3000):
        worker = random.choice("abcd" if step < 1500 else "abcdefghi")
        using, waiting = random.randint(0, granted.get(worker, (0, 0))[0]), random.randint(0, 8)
        granted[worker] = using, waiting
        others = [report for name, report in granted.items() if name != worker]
        fair = 6 // len(granted)
        owed = sum(
            max(min(other_using + other_waiting, fair) - other_using, 0) for other_using, other_waiting in others
        )
        expected = max(min(using + waiting, 6 - sum(other_using for other_using, _ in others) - owed), 0)
        assert send_report(coordinator, worker, using=using, waiting=waiting).slots == expected
        granted[worker] = max(using, expected), waiting
        clock.now += random.random()
        if step % 500 == 499:  # all other workers are lost
            clock.now += WORKER_TIMEOUT + 1
            grant = send_report(coordinator, worker, using=using, waiting=waiting)
            granted = {worker: (max(using, grant.slots), waiting)}


def test_starts_are_spaced_over_all_workers() -> None:
    coordinator, clock = make_coordinator(per_host=3, delay=0.1)
    starts, running = [], {"a": 0, "b": 0}
    for step in range(200):
        worker = "ab"[step % 2]
        grant = send_report(coordinator, worker, using=running[worker], waiting=5, finished=0)
        starts += [clock.now + start for start in grant.starts or ()]
        running[worker] = min(running[worker] + len(grant.starts or ()), 1) if step % 3 else 0
        clock.now += 0.03
    starts.sort()
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert len(starts) > 20
    assert min(gaps) >= 0.1 - 1e-9


def test_cooldowns_double_until_the_host_is_given_up() -> None:
    coordinator, clock = make_coordinator(per_host=4, cooldown=10.0)
    assert send_report(coordinator, waiting=9, failed=[DOWN] * (FAILURES_BEFORE_COOLDOWN - 1)).slots == 4
    for cooldown in (10, 20, 40):
        assert send_report(coordinator, waiting=9, failed=[DOWN]).slots == 0
        clock.now += cooldown - 0.1
        assert send_report(coordinator, waiting=9).slots == 0
        clock.now += 0.2
        assert send_report(coordinator, waiting=9).slots == 1  # one probe
    grant = send_report(coordinator, waiting=9, failed=[DOWN])
    assert grant.given_up is not None
    assert grant.given_up.status == "network"
    assert "given up" in grant.given_up.detail


def test_one_of_several_workers_sends_the_probe() -> None:
    coordinator, clock = make_coordinator(per_host=4, cooldown=10.0)
    send_report(coordinator, "b", waiting=9)
    send_report(coordinator, "a", waiting=9, failed=[DOWN] * FAILURES_BEFORE_COOLDOWN)
    send_report(coordinator, "b", waiting=9)
    clock.now += 10.1
    assert [send_report(coordinator, worker, waiting=9).slots for worker in "ab"] == [1, 0]


def test_failures_during_a_cooldown_are_ignored() -> None:
    coordinator, clock = make_coordinator(per_host=4, cooldown=10.0)
    for _ in range(50):
        send_report(coordinator, waiting=9, failed=[DOWN])
    clock.now += 10.1
    assert send_report(coordinator, waiting=9).slots == 1


def test_one_success_ends_probing() -> None:
    coordinator, clock = make_coordinator(per_host=4, cooldown=10.0)
    send_report(coordinator, waiting=9, failed=[DOWN] * FAILURES_BEFORE_COOLDOWN)
    clock.now += 11
    assert send_report(coordinator, waiting=9).slots == 1
    assert send_report(coordinator, waiting=9, finished=1, seconds=0.1).slots == 4


def test_retry_after_applies_to_all_workers() -> None:
    coordinator, clock = make_coordinator(per_host=4)
    send_report(coordinator, "a", waiting=9, failed=[FetchStatus("http", "429", 429)], retry_after=30.0)
    assert send_report(coordinator, "b", waiting=9).slots == 0
    clock.now += 29
    assert send_report(coordinator, "b", waiting=9).slots == 0
    clock.now += 2
    assert send_report(coordinator, "b", waiting=9).slots > 0


def test_rows_that_would_exceed_max_wait_are_not_kept() -> None:
    coordinator, _ = make_coordinator(per_host=2)
    send_report(coordinator, finished=100, seconds=100.0)
    for _ in range(30):  # the estimate converges: one second per request, two at once
        grant = send_report(coordinator, using=2, waiting=1000, finished=100, seconds=100.0, max_wait=30.0)
    assert 55 <= grant.keep <= 65
    slow, _ = make_coordinator(per_host=2, delay=10.0)
    assert send_report(slow, waiting=1000, max_wait=30.0).keep == 3
    assert send_report(slow, waiting=1000, max_wait=1.0).keep == 1  # at least one, so that the round makes progress


def test_rows_are_not_kept_if_the_cooldown_exceeds_max_wait() -> None:
    coordinator, clock = make_coordinator(cooldown=100.0)
    grant = send_report(coordinator, waiting=10, failed=[DOWN] * FAILURES_BEFORE_COOLDOWN, max_wait=30.0)
    assert grant.keep == 0
    assert 99 < coordinator.seconds_to_next_cooldown_end() <= 100
    clock.now += 80
    assert send_report(coordinator, waiting=10, max_wait=30.0).keep > 0


def request_robots(
    coordinator: RateLimitCoordinator, worker: str, robots: Robots | None = None, site: str = "http://h"
):
    return coordinator.exchange(
        Request(worker, 1e9, {"h": HostReport()}, {site: "h"}, {site: ("h", robots)} if robots else {}),
    )


def test_one_worker_reads_robots_txt_for_all() -> None:
    coordinator, _ = make_coordinator()
    assert request_robots(coordinator, "a").robots_to_read == {"http://h": "h"}
    assert request_robots(coordinator, "b").robots_to_read == {}
    assert request_robots(coordinator, "a").robots_to_read == {}
    robots = Robots.read("User-agent: *\nCrawl-delay: 3")
    assert request_robots(coordinator, "a", robots).robots == {"http://h": robots}
    assert request_robots(coordinator, "b").robots == {"http://h": robots}
    assert request_robots(coordinator, "b", site="https://h").robots_to_read == {"https://h": "h"}


def test_robots_txt_expires_after_a_day() -> None:
    coordinator, clock = make_coordinator()
    request_robots(coordinator, "a", Robots())
    clock.now += 23 * 3600
    assert request_robots(coordinator, "b").robots
    clock.now += 2 * 3600
    assert request_robots(coordinator, "c").robots_to_read


def test_robots_txt_is_reassigned_if_its_reader_is_lost() -> None:
    coordinator, clock = make_coordinator()
    assert request_robots(coordinator, "a").robots_to_read
    clock.now += WORKER_TIMEOUT + 1
    assert request_robots(coordinator, "b").robots_to_read


def test_robots_txt_is_retried_after_cooldowns_and_then_forbids() -> None:
    coordinator, clock = make_coordinator(cooldown=10.0)
    failed = Robots(failure=FetchStatus("robots", "503", 503), permanent=False)
    for attempt in range(MAX_COOLDOWNS):
        assert request_robots(coordinator, "a").robots_to_read
        assert not request_robots(coordinator, "a", failed).robots_to_read
        clock.now += 10 * 2**attempt + 0.1
    assert request_robots(coordinator, "a").robots_to_read
    assert request_robots(coordinator, "a", failed).grants["h"].given_up is not None


def test_crawl_delay_applies_once_robots_txt_is_read() -> None:
    coordinator, clock = make_coordinator(per_host=4)
    request_robots(coordinator, "a", Robots.read("User-agent: *\nCrawl-delay: 5"))
    assert send_report(coordinator, waiting=3).starts == []
    clock.now += 5
    assert send_report(coordinator, waiting=3).starts == [0.0]


def test_a_permanent_robots_txt_failure_is_final() -> None:
    coordinator, _ = make_coordinator()
    failure = Robots(failure=FetchStatus("forbidden_address", "inside"))
    assert request_robots(coordinator, "a", failure).robots == {"http://h": failure}
    assert coordinator.seconds_to_next_cooldown_end() == 0


REFUSED = FetchStatus("network", "no connection to h: connection refused", unreachable=True)


def test_a_host_that_never_accepted_a_connection_is_given_up_soon() -> None:
    coordinator, clock = make_coordinator(cooldown=10.0)
    for cooldown in (1, 2, 4):
        failed_robots = {"http://h": ("h", Robots(failure=REFUSED, permanent=False))}
        coordinator.exchange(Request("a", 1e9, {"h": HostReport(waiting=1)}, {"http://h": "h"}, failed_robots))
        assert coordinator.notices() == [f"h: {REFUSED.detail}; next try in {cooldown} s"]
        assert coordinator.notices() == []
        clock.now += cooldown + 0.1
    reply = coordinator.exchange(Request("a", 1e9, {"h": HostReport(waiting=1)}, {"http://h": "h"}, failed_robots))
    assert reply.grants["h"].given_up is not None
    assert coordinator.notices() == [f"h: {REFUSED.detail}; the host kept failing and was given up"]


def test_a_host_that_answered_before_gets_the_full_cooldown() -> None:
    coordinator, _ = make_coordinator(cooldown=10.0)
    send_report(coordinator, finished=1, seconds=0.1)
    send_report(coordinator, failed=[REFUSED] * FAILURES_BEFORE_COOLDOWN)
    assert coordinator.notices() == [f"h: {REFUSED.detail}; next try in 10 s"]
