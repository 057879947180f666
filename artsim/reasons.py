"""Why rows failed, in few words and counted: what a report's ``failures`` holds."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

_MARK = "failed: "  # of a reason's count among other counts


def failures_of(errors: Iterable[str | None]) -> dict[str, int]:
    """How many of these errors there are of each reason, the most frequent first; None is no error.

    A reason is what stands before an error's first colon, numbers left out: those of one kind are one reason.
    """
    reasons = (re.sub(r"\d[\d,.]*", "N", error.partition(":")[0])[:80] for error in errors if error is not None)
    return dict(Counter(reasons).most_common())


def among_counts(failures: Mapping[str, int]) -> dict[str, int]:
    """The failures as keys of their own among other counts, which are added up by key."""
    return {f"{_MARK}{reason}": count for reason, count in failures.items()}


def from_counts(counts: Mapping[str, float]) -> dict[str, int]:
    """The failures among counts, the most frequent first."""
    found = {key.removeprefix(_MARK): int(count) for key, count in counts.items() if key.startswith(_MARK)}
    return dict(Counter(found).most_common())
