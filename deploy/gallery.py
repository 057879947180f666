"""Draws the pictures of docs/pictures.md by the commands of that page, from the archive of ``make demo``.

python -m deploy.gallery
python -m deploy.gallery --out /tmp/gallery --size 2400
"""

import argparse
import importlib
import re
import shlex
from pathlib import Path

_PAGE = Path(__file__).parents[1] / "docs" / "pictures.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def main() -> None:
    """Runs the commands of the page one after another, with other files and another size for the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", default="archives/demo", help="the archive to draw (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=_PAGE.parent / "gallery", help="folder (default: %(default)s)")
    parser.add_argument("--size", type=int, default=1200, help="width in pixels (default: %(default)s)")
    options = parser.parse_args()
    for name, arguments in commands(_PAGE.read_text(encoding="utf-8")):
        changes = ["--archive", options.archive]
        if name == "picture":
            picture = Path(arguments[arguments.index("--out") + 1]).with_suffix(".jpg")
            changes += ["--out", str(options.out / picture), "--size", str(options.size)]
        report = importlib.import_module(f"jobs.{name}").job.run([*arguments, *changes])
        print(report.get("picture") or report.get("table") or name, flush=True)


def commands(page: str) -> list[tuple[str, list[str]]]:
    """Name and arguments of each job in the shell blocks of a page, in order."""
    lines = "".join(_BLOCK.findall(page)).replace("\\\n", " ").splitlines()
    words = [shlex.split(line) for line in lines if line.startswith("python -m jobs.")]
    return [(line[2].removeprefix("jobs."), line[3:]) for line in words]


if __name__ == "__main__":
    main()
