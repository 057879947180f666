"""Draw pages to annotate, import and export annotations, simulate a curator, or check for contradictions.

python -m jobs.annotations draw --archive archives/demo --n 100 --annotator anna --out anna.html
python -m jobs.annotations draw --archive archives/demo --mode uncertain --model eye --out more.html
python -m jobs.annotations import --archive archives/demo --file anna.txt --annotator anna
python -m jobs.annotations export --archive archives/demo --file anna.txt --annotator anna
python -m jobs.annotations simulate --archive archives/demo --annotator sim --by artist --n 3000 --noise 0.1
python -m jobs.annotations check --archive archives/demo
python -m jobs.annotations import --links --archive archives/demo --file morphograph.csv --annotator epfl
"""

import argparse
from typing import Any

from artsim.cli import Job
from artsim.errors import UserError

job = Job("annotations", __doc__)
job.actions("draw", "import", "export", "simulate", "check", help="what to do; the first word of the command line")
job.option(
    "--file",
    metavar="FILE",
    help="import, export: text file with lines anchor,positive,neg1,...,neg7 (names of image files)",
)
job.option("--annotator", metavar="NAME", help="annotator (export, check: only theirs; draw: who will annotate)")
job.option("--out", metavar="HTML", help="draw: the HTML page to write; it works offline and saves a file for import")
job.option(
    "--links", action="store_true", help="import: the file is a CSV of links in EPFL's format: img1,img2,type,..."
)
job.option("--as", dest="collection", metavar="NAME", help="import: collection that the names or ids belong to")
job.option(
    "--mode",
    choices=["random", "near", "uncertain"],
    help="how the artworks are drawn: from all, close to the anchor, or (draw only) where --model is unsure; "
    "import: the mode to record (default: the one in the file)",
)
job.option("--by", metavar="COLUMN", help="simulate: the positive shares the anchor's artist, style, ...")
job.option("--n", type=int, least=1, help="simulate, draw: number of annotations (default: 1000, 100)")
job.option("--repeats", type=int, default=0, metavar="N", help="draw: show N of them twice, for the self-meanrank")
job.option(
    "--noise", type=float, default=0.0, metavar="P", help="simulate: probability that the positive is a random artwork"
)
job.option(
    "--features",
    nargs="+",
    default=[],
    metavar="NAME[:PCA]",
    help="features that define the distance, with --mode near",
)
job.option("--model", metavar="NAME", help="draw: the model to use with --mode uncertain")
job.option(
    "--pools",
    type=int,
    least=1,
    help="simulate, draw: number of pools; the artworks of an annotation come from one pool (default: 5)",
)
job.option("--pool-by", metavar="COLUMN", help="simulate, draw: artworks of the same artist, ... are in the same pool")


@job.runs
def annotations(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Runs the action that the options name; returns its report fields."""
    from artsim.annotation_page.draw import draw
    from artsim.annotations.check import check
    from artsim.annotations.import_file import export_annotations, import_annotations
    from artsim.annotations.import_links import import_links
    from artsim.annotations.simulated_curator import simulate

    public_only = options.rights == "public"
    annotators = [options.annotator] if options.annotator else None
    needed = {"import": ["file", "annotator"], "export": ["file"], "simulate": ["annotator", "by"], "draw": ["out"]}
    for name in needed.get(options.action, []):
        if getattr(options, name) is None:
            raise UserError(f"--{name}: {options.action} needs it")
    if options.links and options.action != "import":
        raise UserError(f"--links: {options.action} does not use it; import does")
    for name in ("out", "model", "repeats"):
        if getattr(options, name) and options.action != "draw":
            raise UserError(f"--{name}: {options.action} does not use it; draw does")
    if options.action == "check":
        return check(archive, annotators=annotators, public_only=public_only)
    if options.action == "export":
        return export_annotations(archive, options.file, annotators=annotators, public_only=public_only)
    if options.action == "draw":
        return draw(
            archive,
            options.out,
            annotator=options.annotator,
            count=100 if options.n is None else options.n,
            mode=options.mode or "random",
            features=options.features,
            model=options.model,
            repeats=options.repeats,
            pools=options.pools,
            pool_by=options.pool_by,
            seed=options.seed,
            public_only=public_only,
        )
    if options.action == "simulate":
        return simulate(
            archive,
            annotator=options.annotator,
            by=options.by,
            count=1000 if options.n is None else options.n,
            noise=options.noise,
            mode=options.mode or "random",
            features=options.features,
            pools=5 if options.pools is None else options.pools,
            pool_by=options.pool_by,
            seed=options.seed,
            public_only=public_only,
        )
    if options.links:
        return import_links(archive, options.file, annotator=options.annotator, collection=options.collection)
    return import_annotations(
        archive,
        options.file,
        annotator=options.annotator,
        mode=options.mode,
        collection=options.collection,
        public_only=public_only,
    )


if __name__ == "__main__":
    job.main()
