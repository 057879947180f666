"""The pages of the documentation and the commands that they show."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Command(NamedTuple):
    """A command in a shell block of a page: where it starts, and its text on one line."""

    page: Path
    line: int
    text: str

    @property
    def words(self) -> list[str]:
        """The words of the command, as a shell reads them."""
        return shlex.split(self.text, comments=True)

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.text}"


def shell_commands(page: Path) -> list[Command]:
    """The commands in the shell blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for block in _SHELL.finditer(text):
        line = text.count("\n", 0, block.start(1)) + 1
        for command in re.findall(r"(?:.*\\\n)*.+\n", block[1]):
            found.append(Command(page, line, " ".join(command.replace("\\\n", " ").split())))
            line += command.count("\n")
    return found


def commands(page: Path) -> list[list[str]]:
    """The words of each command in the shell blocks of a page, in order."""
    return [command.words for command in shell_commands(page)]


def job_commands(page: Path) -> list[tuple[str, list[str]]]:
    """Name and arguments of each ``python -m jobs.NAME`` of a page, also within other commands."""
    found = []
    for words in commands(page):
        for place in range(len(words) - 2):
            if words[place : place + 2] == ["python", "-m"] and words[place + 2].startswith("jobs."):
                found.append((words[place + 2].removeprefix("jobs."), words[place + 3 :]))
    return found
