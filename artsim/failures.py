"""Counts why rows failed, for a report's ``failures``."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

_MARK = "failed: "  # prefix of a reason's key among other counts


def failures_of(errors: Iterable[str | None]) -> dict[str, int]:
    """Counts the errors of each reason, most frequent first; None is not an error.

    A reason is the text before an error's first colon, with ``N`` for numbers so that similar errors count together.
    """
    reasons = (re.sub(r"\d[\d,.]*", "N", error.partition(":")[0])[:80] for error in errors if error is not None)
    return dict(Counter(reasons).most_common())


def among_counts(failures: Mapping[str, int]) -> dict[str, int]:
    """Prefixes the keys of failures, so that they can be added up among other counts."""
    return {f"{_MARK}{reason}": count for reason, count in failures.items()}


def from_counts(counts: Mapping[str, float]) -> dict[str, int]:
    """Returns the failures among counts, most frequent first."""
    failures = {key.removeprefix(_MARK): int(count) for key, count in counts.items() if key.startswith(_MARK)}
    return dict(Counter(failures).most_common())
