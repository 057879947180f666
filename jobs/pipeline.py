"""Run several jobs one after another from a TOML file: one section per job, in the order of the file.

python -m jobs.pipeline --archive archives/demo --config pipeline.toml
# pipeline.toml:  [catalog]  source = "folder"  location = "photographs"
#                 [scrape]
#                 [extract]  backbones = ["efficientnet_lite0"]
#                 [neighbors]  features = ["efficientnet_lite0"]  all = true
"""

import difflib
import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jobs
from artsim.arguments import as_arguments, parse_toml
from artsim.cli import Job
from artsim.errors import ServiceUnavailable, UserError
from artsim.options import REQUIRED, JobOptions, setting
from artsim.summary import all_failed, failed_line


@dataclass(frozen=True, kw_only=True)
class PipelineOptions(JobOptions):
    """The file, and the rights of its jobs."""

    config: str = setting(REQUIRED, "the jobs and their options; use [[name]] to run a job twice", metavar="TOML")
    rights: str = setting("all", "rights for the jobs that do not set them", choices=("all", "public"))


def _shards(options: PipelineOptions) -> int | None:
    """The number of shards that the first [catalog] sets for a new archive; None if it sets no valid number."""
    section = _sections(options).get("catalog")
    first = section[0] if isinstance(section, list) and section else section
    shards = first.get("shards") if isinstance(first, dict) else None
    return shards if type(shards) is int and shards > 0 else None


def _sections(options: PipelineOptions) -> dict[str, Any]:
    try:
        return parse_toml(Path(options.config).read_bytes(), options.config)
    except OSError as error:
        raise UserError(f"--config {options.config}: {error.strerror}") from error


job = Job("pipeline", __doc__, PipelineOptions, creates_archive=True, shards=_shards, reads_config=False)


@job.runs
def pipeline(archive: Any, options: PipelineOptions) -> dict[str, Any]:
    """Checks every section, then runs the jobs; returns their reports and totals.

    Raises ``ServiceUnavailable`` if all rows of a job failed.
    """
    steps = _steps(archive.uri, options)
    for step, arguments in steps:
        _named(step, step.check, arguments)
    reports = []
    for step, arguments in steps:
        reports.append(_named(step, step.run, arguments))
        if all_failed(reports[-1]):
            raise ServiceUnavailable(f"[{step.name}] {failed_line(reports[-1])}; the jobs after it were not run")
    totals = {key: sum(report[key] for report in reports) for key in ("rows_in", "rows_out", "rows_failed")}
    failures = sum((Counter(report.get("failures") or {}) for report in reports), Counter[str]())
    return {**totals, "failures": dict(failures.most_common()), "steps": reports}


def _named(step: Job, action: Callable[[list[str]], Any], arguments: list[str]) -> Any:
    """Calls ``action``; the message of a user error starts with the section."""
    try:
        return action(arguments)
    except UserError as mistake:
        raise UserError(f"[{step.name}] {mistake}") from mistake


def _steps(uri: str, options: PipelineOptions) -> list[tuple[Job, list[str]]]:
    known = {module.name for module in pkgutil.iter_modules(jobs.__path__)} - {"pipeline", "demo"}
    steps = []
    for name, settings in _sections(options).items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(sorted(known))}"
            raise UserError(f"--config {options.config}: [{name}] is not a job; {hint}")
        step = importlib.import_module(f"jobs.{name}").job
        for section in settings if isinstance(settings, list) else [settings]:
            if not isinstance(section, dict):
                raise UserError(f"--config {options.config}: {name} is a value; put options in a section [{name}]")
            common = {"archive": uri, "seed": options.seed}
            if not step.creates_archive and options.rights == "public":
                common["rights"] = "public"  # else each job's own default, which is public for jobs.export_site
            steps.append((step, as_arguments({**common, **section}, f"--config {options.config}")))
    if not steps:
        raise UserError(f"--config {options.config}: contains no job; add a section such as [scrape]")
    return steps


if __name__ == "__main__":
    job.main()
