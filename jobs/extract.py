"""Extract features of every image with one or several backbones, in one pass.

python -m jobs.extract --archive archives/demo
python -m jobs.extract --archive archives/demo --backbones efficientnet_lite0 efficientnet_lite0@4+std
python -m jobs.extract --list
"""

import argparse
from typing import Any

from artsim.cli import Job


class _List(argparse.Action):
    """Prints the backbones with short names and exits, as --help does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from artsim.vision.backbone_list import listing

        print(listing())
        parser.exit()


def _backbone(name: str) -> str:
    from artsim.vision.backbones import network_name, parse_feature  # not needed for --help

    network_name(parse_feature(name).backbone)
    return name


job = Job("extract", __doc__)
job.option(
    "--backbones",
    nargs="+",
    type=_backbone,
    metavar="NAME",
    help="NAME[@LEVEL][+POOLING][+SIZE] of timm or torchvision (default: the recommended features)",
)
job.option(
    "--pooling", choices=["avg", "max", "gem", "std", "cov"], default="avg", help="pooling for names without one"
)
job.option("--weights", metavar="FOLDER", help="folder with NAME.safetensors or .pth; the word random for smoke tests")
job.option(
    "--precision",
    choices=["auto", "float32", "bfloat16", "float16"],
    default="auto",
    help="precision of the forward pass",
)
job.option("--exact", action="store_true", help="decode in full and compute in float32")
job.option("--list", action=_List, nargs=0, help="list the backbones with short names, and which weights are available")
job.shows_statistics()


@job.runs
def extract(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Extracts features of all pending images, by default the recommended ones."""
    from artsim.extract.pipeline import extract
    from artsim.vision.recommended import RECOMMENDED

    return extract(
        archive,
        options.backbones or list(RECOMMENDED),
        pooling=options.pooling,
        folder=options.weights,
        precision=options.precision,
        exact=options.exact,
        rights=options.rights,
    )


if __name__ == "__main__":
    job.main()
