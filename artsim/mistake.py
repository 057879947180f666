"""The one exception for a caller's mistake: a job shows its text as one line and exits with 2."""


class Mistake(Exception):
    """What the caller got wrong, in one line that names the option, file, row or id."""
