"""The systems under evaluation: features, alone or stacked, and trained models; and which models each learned by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artsim.annotations.annotations import Annotations
from artsim.archive import Archive, Table, UserError
from artsim.encoders.backbone import BackboneEncoder
from artsim.encoders.model import Encoder, HeadEncoder, Model, about_feature, load_model
from artsim.extract.pixel_cache import pixels_of
from artsim.space.features import Space, parse_spec
from artsim.vision.recommended import are_recommended


@dataclass(frozen=True)
class System:
    """A system: one row of the table. ``before`` is a model's inputs; ``models`` are those that learned its vectors.

    ``tested`` is the model whose cross-validation applies to these vectors: the only one that learned them.
    """

    label: str
    note: str
    source: Encoder
    before: Space | None = None
    models: tuple[Model, ...] = ()
    tested: Model | None = None


def systems(archive: Archive, features: Sequence[Sequence[str]], models: Sequence[str], seed: int) -> list[System]:
    """Returns the systems: each feature alone, each set stacked, and each model by its name or path.

    Raises a user error if one does not exist. A feature that a model of the archive wrote counts as learned.
    """
    sets = [specs for spec_set in features for specs in ([[feature] for feature in spec_set] + [list(spec_set)])]
    unique = list(dict.fromkeys(map(tuple, sets)))
    return [_of_features(archive, specs, seed) for specs in unique] + [_of_model(archive, name) for name in models]


def comparable(archive: Archive, entries: Sequence[System], annotations: Annotations) -> Annotations:
    """The annotations for whose images all systems have a vector."""
    ids = annotations.ids().tolist()
    missing = set().union(*(without_vector(archive, entry, ids) for entry in entries))
    return annotations.take(np.array([missing.isdisjoint(image_ids) for image_ids in annotations.images], bool))


def without_vector(archive: Archive, system: System, ids: Sequence[str]) -> set[str]:
    """The ids for which a system, or the features that it started from, has no vector."""
    missing: set[str] = set()
    for source in (system.source, system.before):
        if isinstance(source, BackboneEncoder):
            slots = pixels_of(archive, ids, source.plan.input)[1]
            missing.update(image for image, slot in zip(ids, slots.tolist(), strict=True) if slot < 0)
        elif isinstance(source, HeadEncoder | Space):
            space = source.space if isinstance(source, HeadEncoder) else source
            missing.update(*(set(ids) - _ids_with_vector(table, ids) for table in space.tables))
    return missing


def _ids_with_vector(table: Table, ids: Sequence[str]) -> set[str]:
    rows = table.find(ids, ["id", "error"])
    return set() if rows is None else {row["id"] for row in rows.to_pylist() if row["error"] is None}


def _of_features(archive: Archive, specs: Sequence[str], seed: int) -> System:
    space = Space(archive, specs, seed)
    models = _writers(archive, specs)
    note = f"written by {', '.join(model.name for model in models)}" if models else "untrained"
    is_single_feature = len(models) == len(specs) == 1 and space.specs[0].pca is None
    label = "recommended features" if are_recommended(specs) else space.title
    return System(label, note, space, models=models, tested=models[0] if is_single_feature else None)


def _of_model(archive: Archive, name: str) -> System:
    model = load_model(archive, name)
    inputs = [entry["features"] for entry in model.card["inputs"]]
    source = model.encoder(archive)
    if isinstance(source, HeadEncoder):
        models = (model, *_writers(archive, inputs))
        tested = model if len(models) == 1 else None  # otherwise the folds also saw what the inputs' models saw
        inputs_text = "the recommended features" if are_recommended(inputs) else " + ".join(inputs)
        return System(model.name, f"a head on {inputs_text}", source, source.space, models, tested)
    (origin,) = model.card["inputs"]
    about = about_feature(archive, origin["features"]) or {}
    before = Space(archive, inputs) if about.get("weights_hash") == origin["about"]["weights_hash"] else None
    return System(model.name, f"fine-tuned {origin['features']}", source, before, (model,), model)


def _writers(archive: Archive, specs: Sequence[str]) -> tuple[Model, ...]:
    """The models that wrote these features or, recursively, their inputs: what they saw counts as seen.

    Raises a user error if such a model is not in the archive.
    """
    writers: list[Model] = []
    for name in (parse_spec(text).name for text in specs):
        about = about_feature(archive, name) or {}
        if "model_hash" not in about:
            continue  # a backbone wrote it
        model = load_model(archive, name) if name in archive.names("models") else None
        if model is None or model.hash != about["model_hash"]:
            raise UserError(
                f"`features` {name}: written by a model that is not models/{name}, so what it was trained on is "
                "unknown; pass the model by path with `models`"
            )
        writers += [model, *_writers(archive, [entry["features"] for entry in model.card["inputs"]])]
    return tuple(writers)
