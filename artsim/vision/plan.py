"""Which networks a run needs, with which weights, and whether they fit what ``features/<name>`` already holds."""

from dataclasses import asdict, dataclass
from typing import Any

import ray

from artsim.archive import Archive, Mistake
from artsim.vision import weights
from artsim.vision.backbones import Feature, Input, network_name
from artsim.vision.network import Descriptor, dimensions


@dataclass(frozen=True)
class Plan:
    """One network of a run: what it is called, which features it gives, where its weights are in the object store."""

    network: str
    features: tuple[Feature, ...]
    dimensions: tuple[int, ...]
    input: Input
    state: ray.ObjectRef
    nbytes: int
    weights: str  # where they came from
    weights_hash: str


def make_plans(wanted: list[Feature], folder: str | None) -> list[Plan]:
    """Loads every network once, here, so that a mistake shows before any work; workers get the weights from Ray."""
    by_backbone: dict[str, list[Feature]] = {}
    for feature in wanted:
        by_backbone.setdefault(feature.backbone, []).append(feature)
    plans = []
    for backbone, group in by_backbone.items():
        network = network_name(backbone)
        state, origin = weights.load(backbone, folder)
        descriptor = Descriptor(network, group, state)
        plans.append(
            Plan(
                network=network,
                features=tuple(group),
                dimensions=tuple(dimensions(descriptor)),
                input=descriptor.input,
                state=ray.put(state),
                nbytes=sum(tensor.nbytes for tensor in state.values()),
                weights=origin,
                weights_hash=weights.fingerprint(state),
            )
        )
    return plans


def check_options(archive: Archive, wanted: list[Feature], folder: str | None, exact: bool) -> None:
    """Mistake if vectors of the same name were made with another ``--weights`` or ``--exact``."""
    for feature in wanted:
        before = read_about(archive, feature.name)
        for option, now in (("weights", folder), ("exact", exact)):
            if before and before[option] != now:
                raise Mistake(
                    f"--{option}: features/{feature.name} was made with {option}={before[option]}, not {now}; "
                    "say the same, or remove that folder to make it again"
                )


def write_about(archive: Archive, plans: list[Plan], folder: str | None, exact: bool) -> dict[str, Any]:
    """Keeps what every feature of a run is beside its vectors, and returns it by name. Mistake if weights changed."""
    about = {}
    for plan in plans:
        for feature, dimension in zip(plan.features, plan.dimensions, strict=True):
            before = read_about(archive, feature.name)
            if before and before["weights_hash"] != plan.weights_hash:
                raise Mistake(f"--weights: features/{feature.name} has other weights, from {before['weights_from']}")
            about[feature.name] = {
                **asdict(feature),
                "network": plan.network,
                "dimension": dimension,
                "input": asdict(plan.input),
                "weights": folder,
                "weights_from": plan.weights,
                "weights_hash": plan.weights_hash,
                "exact": exact,
            }
            archive.write_json(_path(feature.name), about[feature.name])
    return about


def read_about(archive: Archive, name: str) -> Any:
    """What ``features/<name>`` is, as write_about left it; None if it isn't there."""
    return archive.read_json(_path(name))


def _path(name: str) -> str:
    return f"features/{name}/_about.json"
