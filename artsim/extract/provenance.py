"""Stores how each feature of an archive was made (network, weights, input), and checks that a run matches."""

from dataclasses import asdict
from typing import Any

from artsim.archive import Archive, Keys, UserError, check_record
from artsim.vision.backbones import Feature

_KEYS: Keys = {
    "backbone": str,
    "network": str,
    "dimension": int,
    "input": dict,
    "weights": (str, type(None)),
    "weights_from": str,
    "weights_hash": str,
    "exact": bool,
}


def check_options(archive: Archive, features: list[Feature], folder: str | None, exact: bool) -> None:
    """Raises ``UserError`` if vectors of the same name were made with another ``weights`` or ``exact``."""
    for feature in features:
        before = _of_backbone(archive, feature.name)
        for option, now in (("weights", folder), ("exact", exact)):
            if before and before[option] != now:
                raise UserError(
                    f"`{option}`: features/{feature.name} was made with {option}={before[option]}, not {now}; "
                    "use the same value, or delete that folder to extract again"
                )


def write_about(archive: Archive, plans: list[Any], folder: str | None, exact: bool) -> dict[str, Any]:
    """Stores how each feature of a run is made, and returns it by name. Raises ``UserError`` if weights changed."""
    about = {}
    for plan in plans:
        for feature, dimension in zip(plan.features, plan.dimensions, strict=True):
            before = _of_backbone(archive, feature.name)
            if before and before["weights_hash"] != plan.weights_hash:
                raise UserError(
                    f"`weights`: features/{feature.name} was made with other weights, from {before['weights_from']}; "
                    "use those, or delete that folder to extract again"
                )
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
            if plan.text_weights_hash:
                about[feature.name]["text_weights_hash"] = plan.text_weights_hash
            archive.write_json(_path(feature.name), about[feature.name])
    return about


def read_about(archive: Archive, name: str) -> Any:
    """Returns how ``features/<name>`` were made, as stored by ``write_about`` or a model; None if there are none.

    Raises ``UserError`` if the file is damaged.
    """
    about = archive.read_json(_path(name))
    if about is not None and "model_hash" not in about:
        check_record(about, _KEYS, archive.store.address(_path(name)))
    return about


def _of_backbone(archive: Archive, name: str) -> Any:
    """Returns ``read_about`` of features that a run is to fill. Raises ``UserError`` if a model wrote them."""
    about = read_about(archive, name)
    if about and "model_hash" in about:
        raise UserError(f"features/{name} was written by a model; choose another feature name")
    return about


def _path(name: str) -> str:
    return f"features/{name}/_about.json"
