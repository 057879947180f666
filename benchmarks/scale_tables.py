"""Prints the tables of docs/scale.md from the cost model, or the same tables for your own archive and cluster.

python -m benchmarks.scale_tables
python -m benchmarks.scale_tables --images 2000000 --largest-host 0.05 --machines 4 --gpus 2
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.scale_model import DAY, HOUR, Archive, Cluster, Job, Prices, predict, requests, stored


@dataclass(frozen=True)
class Plan:
    """An archive, a cluster that scrapes it, and a cluster for all other jobs."""

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


def tables(plans: Sequence[Plan] = PLANS) -> list[str]:
    """Four Markdown tables: resources, time, storage and cost."""
    jobs = list(plans[0].jobs)
    where = ["largest host", "shards", "machines that scrape", "machines after", "GPUs"]
    time = ([f"{_long(j.seconds)}, {j.bound}" for j in plan.jobs.values()] for plan in plans)
    sizes = (map(_large, stored(plan.archive).values()) for plan in plans)
    return [
        _table(plans, where, map(_where, plans)),
        _table(plans, jobs, time),
        _table(plans, list(stored(plans[0].archive)), sizes),
        _table(plans, [*jobs, "a month's storage", "requests", "of 32 shards"], map(_costs, plans)),
    ]


def _where(plan: Plan) -> list[object]:
    archive, after = plan.archive, plan.computing
    return [f"{archive.largest_host:.0%}", archive.shards, plan.scraping.machines, after.machines, after.gpus]


def _costs(plan: Plan) -> list[str]:
    sizes, prices = stored(plan.archive), Prices()
    month = (sizes["originals"] + sizes["one feature"]) / 1e9 * prices.gigabyte
    asked = [requests(plan.archive, shards).dollars(prices) for shards in (plan.archive.shards, 32)]
    return [_dollars(amount) for amount in (*(job.dollars for job in plan.jobs.values()), month, *asked)]


def _table(plans: Sequence[Plan], head: list[str], rows: Iterable[Iterable[object]]) -> str:
    sizes = (f"{plan.archive.images:,}" for plan in plans)
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


def main() -> None:
    what, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=what, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, help="images in the archive (default: the plans of docs/scale.md)")
    parser.add_argument(
        "--largest-host", type=float, default=0.1, help="share of the images on the largest host (default: 0.1)"
    )
    parser.add_argument(
        "--delay", type=float, default=0.0, help="seconds between two requests to the largest host (default: 0)"
    )
    parser.add_argument(
        "--shards", type=int, help="shards of the archive (default: one per 256,000 images, at least 32)"
    )
    parser.add_argument("--scraping", type=int, default=1, help="machines while scraping (default: 1)")
    parser.add_argument("--machines", type=int, default=1, help="machines for the other jobs (default: 1)")
    parser.add_argument("--gpus", type=int, default=0, help="additional machines with one GPU each (default: 0)")
    o = parser.parse_args()
    if o.images is None:
        print("\n\n".join(tables()))
        return
    shards = o.shards or max(32, -(-o.images // 256_000))
    archive = Archive(o.images, o.largest_host, shards, delay=o.delay)
    print("\n\n".join(tables([Plan(archive, Cluster(o.scraping, 0), Cluster(o.machines, o.gpus))])))


if __name__ == "__main__":
    main()
