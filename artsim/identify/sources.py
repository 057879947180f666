"""The vectors of the two archives of an identification in one space, and everything on which its table depends."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from artsim.archive import Archive, UserError, duplicate_ids
from artsim.encoders.model import about_feature
from artsim.identify.options import IdentifyOptions
from artsim.space.features import Space
from artsim.vision.recommended import recommended_features

_SETTINGS = (
    *("candidates", "hash_distance", "k", "agreement", "review", "whole_images", "local_backbone"),
    *("without_duplicates", "rights", "seed"),
)


@dataclass(frozen=True)
class Sources:
    """The spaces of both archives. ``inputs``, as JSON stores it, changes when the reference or an option does."""

    archive: Archive
    reference: Archive
    space: Space
    reference_space: Space
    inputs: dict[str, Any]

    @classmethod
    def open(cls, archive: Archive, options: IdentifyOptions) -> "Sources":
        """Raises ``UserError`` if the reference has no vectors, or if the features differ between the archives."""
        reference = _open_reference(archive, options)
        try:
            specs = list(options.features or recommended_features(reference))
            without = duplicate_ids(reference, options.without_duplicates, public_only=options.public_only)
            reference_space = Space(reference, specs, options.seed, without=without)
        except UserError as error:
            raise UserError(f"`reference` {options.reference}: {error}") from error
        space = Space(archive, specs, options.seed, pcas=reference_space.pcas)
        about = {spec.name: about_feature(reference, spec.name) for spec in space.specs}
        for name, expected in about.items():
            if about_feature(archive, name) != expected:
                raise UserError(
                    f"`features` {name}: the two archives have features of different networks or weights under this "
                    "name; run jobs.extract in both with the same weights"
                )
        if next(reference_space.blocks(public_only=options.public_only), None) is None:
            raise UserError(f"`reference` {options.reference}: it has no vectors of {reference_space.title}")
        settings = {name: getattr(options, name) for name in _SETTINGS}
        digest = _digest(reference, reference_space)
        inputs = {**settings, "features": reference_space.title, "networks": about, "reference": digest}
        return cls(archive, reference, space, reference_space, inputs)

    @property
    def digest(self) -> str:
        """A hash of the inputs."""
        return hashlib.sha256(json.dumps(self.inputs, sort_keys=True).encode()).hexdigest()

    def difference(self, before: dict[str, Any]) -> str:
        """Returns in words what has changed since a run had the inputs ``before``."""
        words = {"reference": "the reference has changed", "networks": "other networks or weights"}
        changed = [key for key in self.inputs if before.get(key) != self.inputs[key]]
        return (
            ", ".join(words.get(key, f"{key} {before.get(key)} is now {self.inputs[key]}") for key in changed)
            or "the archive has changed"
        )


def _open_reference(archive: Archive, options: IdentifyOptions) -> Archive:
    try:
        reference = Archive.open(options.reference)
    except UserError as error:
        raise UserError(str(error).replace("`archive`", "`reference`", 1)) from error
    if reference.uri == archive.uri:
        raise UserError("`reference`: this is the archive itself; jobs.dedupe finds several images of one artwork")
    return reference


def _digest(reference: Archive, space: Space) -> str:
    """Returns a hash of what results depend on: images with a vector, catalog rows, duplicates that are left out."""
    digest = hashlib.sha256()
    for table in space.tables:
        for rows in table.scan(["id", "sha256", "error"]):
            digest.update(_text(rows))
    for rows in reference.table("catalog").scan(["id", "title", "artist", "rights"]):
        digest.update(_text(rows))
    digest.update(json.dumps(sorted(space.without)).encode())
    return digest.hexdigest()


def _text(rows: pa.Table) -> bytes:
    return json.dumps(list(rows.to_pydict().values())).encode()
