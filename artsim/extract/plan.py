"""Which networks a run needs, and with which weights."""

from dataclasses import dataclass
from typing import Any

from artsim.vision import weights
from artsim.vision.backbones import Feature, Input, is_image_text, network_name
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
    text_weights_hash: str | None = None  # of an image-text network, all but its image tower


def make_plans(features: list[Feature], folder: str | None) -> list[Plan]:
    """Returns one plan per backbone and size. Runs on the driver, so that user errors show before any work starts."""
    by_pass: dict[tuple[str, int | None], list[Feature]] = {}
    for feature in features:
        by_pass.setdefault((feature.backbone, feature.size), []).append(feature)
    plans = []
    for (backbone, _), group in by_pass.items():
        network = network_name(backbone)
        text_hash = None
        if is_image_text(network):
            model, origin = weights.load_image_text(backbone, folder)
            state, text_hash = model.visual.state_dict(), weights.text_fingerprint(model)
        else:
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
                text_weights_hash=text_hash,
            )
        )
    return plans
