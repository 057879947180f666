"""The pages of the documentation and the commands that they show."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[list[str]]:
    """The words of each command in the shell blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    lines = "".join(_SHELL.findall(text)).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines]


def job_commands(page: Path) -> list[tuple[str, list[str]]]:
    """Name and arguments of each ``python -m jobs.NAME`` of a page, also within other commands."""
    found = []
    for words in commands(page):
        for place in range(len(words) - 2):
            if words[place : place + 2] == ["python", "-m"] and words[place + 2].startswith("jobs."):
                found.append((words[place + 2].removeprefix("jobs."), words[place + 3 :]))
    return found
