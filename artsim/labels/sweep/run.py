"""A sweep over the settings of trained heads, scored by cross-validation as ``evaluate`` does: ``sweeps/<name>``."""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from artsim import runtime
from artsim.archive import Archive, Keys, UserError
from artsim.archive.damaged_files import intact
from artsim.archive.valid_name import check_name
from artsim.encoders.model import about_feature
from artsim.failures import failures_of
from artsim.labels import table
from artsim.labels.examples import digest, load_examples
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import options_of, settings_of
from artsim.labels.sweep.results import MEASURE, write_results
from artsim.labels.sweep.space import space_of
from artsim.space.features import Space
from artsim.sweep.options import TuneOptions
from artsim.sweep.search import search, stored_trials
from artsim.sweep.search_space import Space as SearchSpace
from artsim.sweep.sweep import start_or_resume

_REPORT: Keys = {"best": dict, "trials": int}  # what sweep.json holds

_log = logging.getLogger(__name__)


def tune_labels(archive: Archive, options: TuneOptions) -> dict[str, Any]:
    """Searches settings around those of ``labels/<options.labels>``; returns the report fields.

    A sweep of this name that was started resumes, also with more trials than before.
    """
    check_name(options.name)
    assert options.labels is not None
    card = table.need_card(archive, options.labels)
    if "finetune" in card["query"]:
        raise UserError(f"`labels` {options.labels}: is a fine-tuned backbone; only heads on features can be searched")
    base = _base(card, options)
    space = space_of(options.space, base)
    with archive.lock(f"sweeps/{options.name}"):
        features = Space(archive, card["features"], base.seed)
        settings = {
            "inputs": {"labels": options.labels, "features": card["features"], "rows": digest(archive, features, base)},
            "networks": {spec.name: about_feature(archive, spec.name) for spec in features.specs},
            "recipe": settings_of(base),
            "measure": MEASURE,
            "space": {name: vars(distribution) for name, distribution in space.items()},
        }
        folder = start_or_resume(archive, options.name, json.loads(json.dumps(settings)), again=options.again)
        stored = stored_trials(archive.store, folder, MEASURE)
        report = intact(archive.store, f"{folder}/sweep.json", of="sweep", remedy="`again` starts over", keys=_REPORT)
        if report and len(stored) >= options.trials:
            _log.info("sweep %s already has %d trials; more `trials` continue it", options.name, len(stored))
            return {"rows_in": 0, "rows_out": 0, "rows_failed": 0, "done_before": True, **report}
        return _search(archive, folder, options, base, features, space, len(stored))


def _base(card: Mapping[str, Any], options: TuneOptions) -> LabelsOptions:
    """Returns the options of the training that the card describes, with the seed of the sweep."""
    query = card["query"]
    rights = "public" if options.public_only else query["rights"]
    mine = LabelsOptions(action="evaluate", name=options.name, seed=options.seed, limit=query["limit"], rights=rights)
    return options_of(card, mine)


def _search(
    archive: Archive,
    folder: str,
    options: TuneOptions,
    base: LabelsOptions,
    features: Space,
    space: SearchSpace,
    before: int,
) -> dict[str, Any]:
    examples = load_examples(archive, features, base)
    started = time.monotonic()
    runtime.connect()
    runtime.wait_for({"CPU": 1})
    import ray
    from ray import tune

    from artsim.labels.sweep.trial import LabelTrial
    from artsim.sweep.trials import StartBarrier

    barrier: Any = ray.remote(StartBarrier)
    start = barrier.options(**runtime.beside_driver()).remote(min(runtime.cpus(), options.trials - before))
    trainable = tune.with_resources(
        tune.with_parameters(LabelTrial, examples=examples, base=base, start=start), {"cpu": 1}
    )
    results = search(
        trainable,
        space,
        trials=options.trials,
        epochs=1,
        seed=options.seed,
        store=archive.store,
        folder=folder,
        metric=MEASURE,
        mode="max",
    )
    succeeded = [trial for trial in results if "error" not in trial]
    failed = results[len(succeeded) :]
    if not succeeded:
        raise RuntimeError(f"every trial failed; the first error was {failed[0]['error']}")
    report = {
        **write_results(archive, options.name, base, features, space, succeeded),
        "trials": len(succeeded),
        "artworks": len(examples.ids),
    }
    archive.write_json(f"{folder}/sweep.json", report)
    return {
        "rows_in": len(results) - before,
        "rows_out": len(succeeded) - before,
        "rows_failed": len(failed),
        "failures": failures_of(trial["error"] for trial in failed),
        "done_before": False,
        **report,
        "seconds_search": round(time.monotonic() - started, 3),
    }
