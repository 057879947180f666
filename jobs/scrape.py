"""Fetch the images of the catalog with rate limits and address checks; each row gets its image or a failure status.

python -m jobs.scrape --archive archives/demo --contact curator@museum.org
python -m jobs.scrape --archive archives/demo --contact curator@museum.org --per-host 4 --retry timeout network
"""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from artsim.cli import Job
from artsim.scrape.status import FAILURES

if TYPE_CHECKING:
    from artsim.archive import Archive

job = Job("scrape", __doc__)
job.option(
    "--per-host", type=int, least=1, default=2, metavar="N", help="concurrent requests to a host, over all workers"
)
job.option("--delay", type=float, default=0.0, metavar="S", help="minimum seconds between two requests to a host")
job.option("--timeout", type=float, default=60.0, metavar="S", help="seconds for a whole request, including the body")
job.option("--retries", type=int, default=3, metavar="N", help="further attempts after a failure that may be temporary")
job.option("--rest", type=float, default=10.0, metavar="S", help="cooldown of a failing host, in seconds")
job.option(
    "--max-bytes", type=int, least=1, default=20_000_000, metavar="N", help="maximum bytes of an image, decompressed"
)
job.option(
    "--max-pixels",
    type=int,
    least=1,
    default=100_000_000,
    metavar="N",
    help="maximum pixels of an image, width times height",
)
job.option(
    "--resize",
    type=int,
    least=1,
    metavar="PIXELS",
    help="shrink larger images to this long side (default: store the original bytes)",
)
job.option(
    "--allow-host", nargs="+", default=[], metavar="HOST[:PORT]", help="allow hosts that are not on the internet"
)
job.option(
    "--retry",
    nargs="+",
    default=[],
    choices=FAILURES,
    metavar="STATUS",
    help="retry rows with this status: %(choices)s",
)
job.option(
    "--refresh",
    action="store_true",
    help="check whether stored images have changed; each is kept until its replacement is complete",
)
job.option(
    "--drop-removed",
    action="store_true",
    help="with --refresh or --retry: delete stored images that their site has removed or now forbids (404, 410, "
    "robots.txt, opt-out); by default such rows are marked and keep their images",
)
job.option("--limit", type=int, least=1, metavar="N", help="process at most N rows")
job.option(
    "--contact",
    metavar="MAIL|URL",
    help="your contact for the sites, sent in the User-Agent (default: the account that runs this)",
)
job.option("--workers", type=int, least=1, metavar="N", help="processes that fetch (default: one for every two CPUs)")
job.shows_statistics()


@job.runs
def scrape(archive: "Archive", options: Namespace) -> dict[str, Any]:
    """Fetches the images of all pending rows."""
    from artsim.http.user_agent import user_agent
    from artsim.scrape.options import Options
    from artsim.scrape.pipeline import scrape

    settings = Options(
        per_host=options.per_host,
        delay=options.delay,
        timeout=options.timeout,
        retries=options.retries,
        rest=options.rest,
        max_bytes=options.max_bytes,
        max_pixels=options.max_pixels,
        resize=options.resize,
        allow_hosts=tuple(options.allow_host),
        user_agent=user_agent(options.contact),
        public_only=options.rights == "public",
        retry=tuple(options.retry),
        refresh=options.refresh,
        drop_removed=options.drop_removed,
        limit=options.limit,
        workers=options.workers,
    )
    return scrape(archive, settings)


if __name__ == "__main__":
    job.main()
