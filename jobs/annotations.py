"""Make a page on which a curator annotates; import, export and check annotations; simulate a curator.

python -m jobs.annotations draw --archive archives/demo --n 100 --annotator anna --out anna.html
python -m jobs.annotations draw --archive archives/demo --mode uncertain --model eye --out more.html
python -m jobs.annotations import --archive archives/demo --file anna.txt --annotator anna
python -m jobs.annotations export --archive archives/demo --file anna.txt --annotator anna
python -m jobs.annotations simulate --archive archives/demo --annotator sim --by artist --n 3000 --noise 0.1
python -m jobs.annotations check --archive archives/demo
python -m jobs.annotations import --links --archive archives/demo --file morphograph.csv --annotator epfl
"""

from typing import Any

from artsim.annotations.options import AnnotationsOptions
from artsim.cli import Job

job = Job("annotations", __doc__, AnnotationsOptions)


@job.runs
def annotations(archive: Any, options: AnnotationsOptions) -> dict[str, Any]:
    """Runs the action that the options name; returns its report fields."""
    from artsim.annotation_page.draw import draw
    from artsim.annotations.check import check
    from artsim.annotations.import_file import export_annotations, import_annotations
    from artsim.annotations.import_links import import_links
    from artsim.annotations.simulated_curator import simulate

    file, annotator = options.file or "", options.annotator or ""  # given if the action needs them
    if options.action == "check":
        return check(archive, annotators=options.annotators, public_only=options.public_only)
    if options.action == "export":
        return export_annotations(archive, file, annotators=options.annotators, public_only=options.public_only)
    if options.action == "draw":
        return draw(archive, options)
    if options.action == "simulate":
        return simulate(archive, options)
    if options.links:
        return import_links(archive, file, annotator=annotator, collection=options.as_)
    return import_annotations(
        archive,
        file,
        annotator=annotator,
        mode=options.mode,
        collection=options.as_,
        public_only=options.public_only,
    )


if __name__ == "__main__":
    job.main()
