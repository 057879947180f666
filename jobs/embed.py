"""Compute features/NAME of the whole archive with a trained model; other jobs use them like a backbone's features.

python -m jobs.embed --archive archives/demo --model eye
python -m jobs.embed --archive archives/other --model archives/demo/models/eye
"""

import argparse
from typing import Any

from artsim.cli import Job

job = Job("embed", __doc__)
job.option("--model", required=True, metavar="NAME", help="a model of the archive, or the path of a model folder")
job.option("--again", action="store_true", help="replace features of this name made by another model")
job.shows_statistics()


@job.runs
def embed(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Loads the model and embeds the archive; returns the report fields."""
    from artsim.encoders.embed import embed_archive
    from artsim.encoders.model import load_model

    model = load_model(archive, options.model)
    return embed_archive(archive, model, public_only=options.rights == "public", again=options.again)


if __name__ == "__main__":
    job.main()
