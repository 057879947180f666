"""The tables of docs/scale.md, from the model: ``python -m benchmarks.scale_tables``."""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.scale_model import DAY, HOUR, Archive, Cluster, Job, Prices, predict, requests, stored


@dataclass(frozen=True)
class Plan:
    """An archive with a cluster for scraping it and another for all that comes after."""

    archive: Archive
    scraping: Cluster
    computing: Cluster

    @property
    def jobs(self) -> dict[str, Job]:
        return {**predict(self.archive, self.computing), "scrape": predict(self.archive, self.scraping)["scrape"]}


PLANS = (
    Plan(Archive(1_000_000, 0.2, 32), Cluster(1, 0), Cluster(1, 1)),
    Plan(Archive(100_000_000, 0.1, 512), Cluster(1, 0), Cluster(32, 16)),
    Plan(Archive(1_000_000_000, 0.05, 4096), Cluster(2, 0), Cluster(128, 64)),
)


def tables() -> list[str]:
    """Markdown: what they run on, time, storage, money."""
    jobs = list(PLANS[0].jobs)
    return [
        _table(["largest host", "shards", "machines that scrape", "machines after", "GPUs"], map(_where, PLANS)),
        _table(jobs, ([f"{_long(j.seconds)}, {j.bound}" for j in plan.jobs.values()] for plan in PLANS)),
        _table(list(stored(PLANS[0].archive)), (map(_large, stored(plan.archive).values()) for plan in PLANS)),
        _table([*jobs, "a month's storage", "requests", "of 32 shards"], map(_costs, PLANS)),
    ]


def _where(plan: Plan) -> list[object]:
    archive, after = plan.archive, plan.computing
    return [f"{archive.largest_host:.0%}", archive.shards, plan.scraping.machines, after.machines, after.gpus]


def _costs(plan: Plan) -> list[str]:
    sizes, prices = stored(plan.archive), Prices()
    month = (sizes["originals"] + sizes["one feature"]) / 1e9 * prices.gigabyte
    asked = [requests(plan.archive, shards).dollars(prices) for shards in (plan.archive.shards, 32)]
    return [_dollars(amount) for amount in (*(job.dollars for job in plan.jobs.values()), month, *asked)]


def _table(head: list[str], rows: Iterable[Iterable[object]]) -> str:
    sizes = (f"{plan.archive.images:,}" for plan in PLANS)
    lines = [["images", *head], ["---"] * (len(head) + 1), *([s, *row] for s, row in zip(sizes, rows, strict=True))]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _long(seconds: float) -> str:
    for unit, size in (("years", 365 * DAY), ("days", DAY), ("h", HOUR), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s"


def _large(size: float) -> str:
    unit, name = next((u, n) for u, n in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB")) if size >= u)
    return f"{size / unit:.3g} {name}"


def _dollars(amount: float) -> str:
    return f"${float(f'{amount:.2g}'):,.0f}" if amount >= 1 else f"${amount:.2f}"


if __name__ == "__main__":
    print("\n\n".join(tables()))
