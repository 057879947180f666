"""Which networks a run needs, and with which weights."""

from dataclasses import dataclass
from typing import Any

from artsim.vision import weights
from artsim.vision.backbones import Feature, Input, network_name
from artsim.vision.network import Descriptor, dimensions


@dataclass(frozen=True)
class Plan:
    """One network of a run: its name, its features, its weights or a Ray reference to them."""

    network: str
    features: tuple[Feature, ...]
    dimensions: tuple[int, ...]
    input: Input
    state: Any
    nbytes: int
    weights: str  # where they came from
    weights_hash: str


def make_plans(features: list[Feature], folder: str | None) -> list[Plan]:
    """Returns one plan per backbone and size. Runs on the driver, so that user errors show before any work starts."""
    by_pass: dict[tuple[str, int | None], list[Feature]] = {}
    for feature in features:
        by_pass.setdefault((feature.backbone, feature.size), []).append(feature)
    plans = []
    for (backbone, _), group in by_pass.items():
        network = network_name(backbone)
        state, origin = weights.load(backbone, folder)
        descriptor = Descriptor(network, group, state)
        plans.append(
            Plan(
                network=network,
                features=tuple(group),
                dimensions=tuple(dimensions(descriptor)),
                input=descriptor.input,
                state=state,
                nbytes=sum(tensor.nbytes for tensor in state.values()),
                weights=origin,
                weights_hash=weights.fingerprint(state),
            )
        )
    return plans
