"""Show what an archive holds: tables, failures, models, pending rows, last runs, disk use; delete what is not needed.

python -m jobs.status --archive archives/demo
python -m jobs.status --archive archives/demo --failed 20
python -m jobs.status --archive archives/demo --delete features/resnet50 --yes
"""

import logging
from dataclasses import dataclass
from typing import Any

from artsim.cli import Job
from artsim.options import ArchiveOptions, setting


@dataclass(frozen=True, kw_only=True)
class StatusOptions(ArchiveOptions):
    """What to show, or to delete."""

    failed: int | None = setting(None, "list N failed rows with their URLs (default: 100)", const=100, metavar="N")
    runs: int = setting(10, "number of latest runs to show")
    delete: tuple[str, ...] = setting(
        (),
        "TABLE/NAME (such as features/NAME or clusters/NAME), models/NAME, sweeps/NAME, annotator:NAME or "
        "collection:NAME, which also deletes all tables that mix collections; shows what would be deleted",
        metavar="NAME",
    )
    yes: bool = setting(False, "with `delete`: delete it")


job = Job("status", __doc__, StatusOptions)


@job.runs
def status(archive: Any, options: StatusOptions) -> dict[str, Any]:
    """Returns the inventory of the archive, or what ``--delete`` deletes or would delete."""
    from artsim.archive.deletion import delete
    from artsim.archive.inventory import failed_rows, inventory

    none = {"rows_in": 0, "rows_out": 0, "rows_failed": 0}
    if options.delete:
        names = list(dict.fromkeys(options.delete))
        done = [delete(archive, name, really=False) for name in names]  # check that all exist before any is deleted
        if options.yes:
            done = [delete(archive, name, really=True) for name in names]
        if not options.yes:
            logging.info("nothing was deleted; add `yes` to delete this")
        return {**none, "deleted": options.yes, "names": done}
    report = {**none, **inventory(archive, runs=options.runs)}
    if options.failed is not None:
        report["failed"] = failed_rows(archive, options.failed)
    return report


if __name__ == "__main__":
    job.main()
