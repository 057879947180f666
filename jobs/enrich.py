"""Find topics and names in the texts about artworks, and suggest keywords for similar artworks.

python -m jobs.enrich topics --archive archives/mine --text title description --n 12 --picture topics.png
python -m jobs.enrich names --archive archives/mine --text artist title --authority ulan.csv
python -m jobs.enrich descriptors --archive archives/mine --keywords keywords.csv --features efficientnet_lite0
"""

from typing import Any

from artsim.cli import Job
from artsim.enrich.options import EnrichOptions

job = Job("enrich", __doc__, EnrichOptions)


@job.runs
def enrich(archive: Any, options: EnrichOptions) -> dict[str, Any]:
    """Runs the action that the options name; returns its report fields."""
    from artsim.enrich.descriptors import spread_keywords
    from artsim.enrich.names import find_names
    from artsim.enrich.topics import find_topics

    if options.action == "topics":
        return find_topics(archive, options)
    if options.action == "descriptors":
        return spread_keywords(archive, options)
    return find_names(archive, options)


if __name__ == "__main__":
    job.main()
