"""Apply a trained model to the whole archive and store its vectors as features, which all other jobs can use.

python -m jobs.embed --archive archives/demo --model eye
python -m jobs.embed --archive archives/other --model archives/demo/models/eye
"""

from typing import Any

from artsim.cli import Job
from artsim.encoders.options import EmbedOptions

job = Job("embed", __doc__, EmbedOptions)


@job.runs
def embed(archive: Any, options: EmbedOptions) -> dict[str, Any]:
    """Loads the model and embeds the archive; returns the report fields."""
    from artsim.encoders.embed import embed_archive
    from artsim.encoders.model import load_model

    model = load_model(archive, options.model)
    return embed_archive(archive, model, public_only=options.public_only, again=options.again)


if __name__ == "__main__":
    job.main()
