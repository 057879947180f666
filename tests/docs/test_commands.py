"""The commands of the guides run, page after page, on small archives and files of the names that it uses.

Commands of other tools (``ray``, ``make``, ``sbatch``) are left out, and those that a cluster runs.
"""

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, commands
from tests.jobs.inside import ended
from tests.made import jpeg

pytestmark = pytest.mark.slow

# concepts.md comes last: it shows the archive after the others
_GUIDES = ["catalogues.md", "scrape.md", "features.md", "explore.md", "learn.md", "sweep.md", "concepts.md"]
_PAGES = [ROOT / "README.md", *(ROOT / "docs" / name for name in _GUIDES)]
_SAMPLE = ["shen-mountain-1", "valcroix-moonlight-1", "lindqvist-harbour-1", *(f"work-{n}" for n in range(137))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The current directory: what a reader of the guides has at hand."""
    here = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        _write_catalogue("sample", _SAMPLE)
        _write_catalogue("people-art", [f"pa{number:05d}" for number in range(55, 115)], file="labels.csv")
        _write_catalogue("mcv-museum", ["mcv-1", "mcv-2"], file="labels.csv")
        _write_catalogue(".", [f"w{number}" for number in range(12)], images="scans")
        for path in (
            "photographs/a.jpg",
            "photographs/b.jpg",
            "photographs/c.jpg",
            "photo.jpg",
            "mcv-museum/queries/qsd1_w1/00001.jpg",
        ):
            _write_image(Path(path), seed=sum(path.encode()))
        catalogue = ["--source", "table", "--location", "sample/works.csv", "--as", "sample"]
        _job("catalog", "--archive", "archives/demo", *catalogue)
        _job("scrape", "--archive", "archives/demo", "--contact", "test@example.org")
        _job("extract", "--archive", "archives/demo", "--backbones", "efficientnet_lite0", "efficientnet_lite0@4+std")
        _write_annotations()
        Path("archives/demo/pipeline.toml").write_text('[neighbors]\nfeatures = ["efficientnet_lite0"]\nall = true\n')
        yield here


def _write_catalogue(folder: str, ids: list[str], file: str = "works.csv", images: str = "images") -> None:
    """A CSV file and its images; artist and type vary, in pools of their own."""
    Path(folder, images).mkdir(parents=True)
    with Path(folder, file).open("w", newline="") as sink:
        table = csv.writer(sink)
        table.writerow(["id", "file", "name", "artist", "type"])
        for number, name in enumerate(ids):
            table.writerow(
                [name, f"{images}/{name}.jpg", f"Work {number}", f"Artist {number % 12}", f"Type {number % 3}"]
            )
            _write_image(Path(folder, images, f"{name}.jpg"), seed=number + len(folder))


def _write_image(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(seed=seed))


def _write_annotations() -> None:
    """Files that curators send: annotations, the same again, links."""
    nines = [[f"sample:{name}" for name in _SAMPLE[start : start + 9]] for start in range(0, 45, 9)]
    Path("anna.txt").write_text("".join(",".join(nine) + "\n" for nine in nines))
    Path("morphograph.csv").write_text("id_a,id_b,verdict\nsample:work-1,sample:work-2,POSITIVE\n")


def _before(words: list[str]) -> None:
    """What a command needs that the guides leave to the reader."""
    if "--finetune" in words:
        how = ["--by", "type", "--n", "60", "--pool-by", "artist"]
        _job("annotations", "simulate", "--archive", "archives/people-art", "--annotator", "curator", *how)
    if "archives/other" in words:
        shutil.copytree("archives/demo", "archives/other", ignore=shutil.ignore_patterns("eye"))
    if "anna-again" in words:
        _job("annotations", "import", "--archive", "archives/demo", "--file", "anna.txt", "--annotator", "anna-again")


def _job(name: str, *arguments: str) -> None:
    done = ended(name, *arguments)
    assert done.returncode == 0, f"{name} {' '.join(arguments)}\n{done.stderr[-3000:]}"


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(folder: Path, page: Path) -> None:
    for words in commands(page):
        if words[:2] == ["python", "-m"] and words[2].startswith("jobs."):
            _before(words)
            _job(words[2].removeprefix("jobs."), *_expanded(words[3:]))


def _expanded(words: list[str]) -> list[str]:
    """As a shell does with names of files that have a star."""
    return [name for word in words for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]


def test_the_model_of_costs_runs() -> None:
    [words] = [words for words in commands(ROOT / "docs" / "scale.md") if words]
    subprocess.run([sys.executable, *words[1:]], cwd=ROOT, check=True, timeout=60)
