"""Orders the results of a search by local matches with the query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artsim.archive import Archive
from artsim.matching.archive_matches import ArchiveMatcher
from artsim.matching.match import LocalMatches
from artsim.vision.patches import DEFAULT

DEPTH = 50  # results of each query that are compared

Entry = dict[str, Any]  # id and distance


@dataclass(frozen=True)
class Rerank:
    """How to order results: compare the first ``depth`` of each query by patches of a backbone."""

    depth: int = DEPTH
    backbone: str = DEFAULT

    def order(
        self, archive: Archive, ids: Sequence[str], files: Sequence[str], answers: Sequence[Sequence[Entry]]
    ) -> Iterator[list[tuple[Entry, LocalMatches | None]]]:
        """Yields the results of each query, artworks and then files, ordered by the score of their local matches.

        Equal scores keep the order of the distances, as do results beyond ``depth``, which come last. Adds ``matches``,
        the number of matching patches, and ``score`` to each entry that was compared. Raises ``UserError`` if a query
        has no readable image.
        """
        matcher = ArchiveMatcher(archive, self.backbone)
        for number, entries in enumerate(answers):
            if number < len(ids):
                query = matcher.of_artwork(ids[number])
            else:
                query = matcher.patches(Path(files[number - len(ids)]).read_bytes())
            compared, rest = entries[: self.depth], entries[self.depth :]
            matches = matcher.matches(query, [entry["id"] for entry in compared])
            pairs = [({**entry, **_scores(match)}, match) for entry, match in zip(compared, matches, strict=True)]
            pairs.sort(key=lambda pair: -pair[0]["score"])
            yield [*pairs, *((entry, None) for entry in rest)]


def _scores(match: LocalMatches | None) -> Entry:
    return {"matches": len(match.similarity) if match else 0, "score": round(match.score, 4) if match else 0.0}
