"""Turns dataclasses of options into command-line arguments and back, and TOML files and calls into arguments."""

import argparse
import contextlib
import difflib
import functools
import logging
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args, get_origin

from artsim.errors import ServiceUnavailable, UserError
from artsim.options import REQUIRED, Settings, settings_of, type_of

_OPTION_NAME = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)*)_?`")
_FLAG = re.compile(r"--[a-z][a-z0-9-]*")
_Options = TypeVar("_Options", bound=Settings)


def flag(name: str) -> str:
    """The command-line option of a field: ``--weight-decay`` for ``weight_decay``, ``--from`` for ``from_``."""
    return f"--{name.removesuffix('_').replace('_', '-')}"


def with_flags(message: str) -> str:
    """Returns a message of the library with the options that it names in backquotes as command-line options."""
    return _OPTION_NAME.sub(lambda match: flag(match[1]), message)


@contextlib.contextmanager
def flags_in_messages() -> Iterator[None]:
    """Within this context, the library's errors and log lines name options as on the command line."""
    factory = logging.getLogRecordFactory()

    def record_with_flags(*arguments: Any, **settings: Any) -> logging.LogRecord:
        record = factory(*arguments, **settings)
        if record.name.partition(".")[0] in ("root", "artsim"):
            record.msg, record.args = with_flags(record.getMessage()), ()
        return record

    logging.setLogRecordFactory(record_with_flags)
    try:
        yield
    except (UserError, ServiceUnavailable) as error:
        error.args = (with_flags(str(error)),)
        raise
    finally:
        logging.setLogRecordFactory(factory)


class Parser(argparse.ArgumentParser):
    """Parses a command line. What argparse would print before it exits is a ``UserError``."""

    def __init__(self, prog: str = "", doc: str | None = None, *, add_help: bool = True) -> None:
        what, _, example = (doc or "").strip().partition("\n\n")
        super().__init__(
            prog=prog,
            description=what,
            epilog=f"example:\n{example}" if example else None,
            formatter_class=_Help,
            add_help=add_help,
            allow_abbrev=False,  # path_of_config would not read an abbreviated --config
        )
        self._action_words: tuple[str, ...] = ()
        self._secrets = set[str]()

    def error(self, message: str) -> NoReturn:
        """Raises the message as a user error that names options like the library."""
        names = {option: action.dest for option, action in self._option_string_actions.items()}
        raise UserError(_FLAG.sub(lambda match: f"`{names[match[0]]}`" if match[0] in names else match[0], message))

    def add_options(self, options: type[Settings]) -> None:
        """Adds an option for each field of this dataclass."""
        for spec in fields(options):
            if "recipes" in spec.metadata:
                for name, definitions in settings_of(spec).items():
                    self._add_recipe_setting(name, definitions, spec.metadata["defaults"])
            elif "help" in spec.metadata:
                self._add_field(spec)

    def _add_field(self, spec: Field[Any]) -> None:
        if spec.metadata["is_action"]:
            self._action_words = spec.metadata["choices"]
            self.usage = f"{self.prog} {{{','.join(self._action_words)}}} --archive URI [option ...]"
        if spec.metadata["is_secret"]:
            self._secrets.add(spec.name)
        default = None if spec.default is REQUIRED else spec.default
        how = _how(spec)
        if spec.metadata["metavar"]:
            how["metavar"] = spec.metadata["metavar"]
        self.add_argument(
            flag(spec.name),
            dest=spec.name,
            required=spec.default is REQUIRED,
            default=list(default) if type(default) is tuple else default,
            help=with_flags(spec.metadata["help"]),
            **how,
        )

    def _add_recipe_setting(self, name: str, definitions: list[Field[Any]], defaults: dict[str, Any]) -> None:
        """An option left out is None, for the default of the recipe that is chosen."""
        values = [defaults[name]] if name in defaults else [spec.default for spec in definitions]
        texts = dict.fromkeys(str(value) for value in values if value not in (None, False))
        text = with_flags(definitions[0].metadata["help"]) + (f" (default: {', '.join(texts)})" if texts else "")
        how = _how(definitions[0])
        if "type" in how:
            how["metavar"] = "N"
        self.add_argument(flag(name), dest=name, default=defaults.get(name), help=text, **how)

    def checked(self, arguments: Sequence[str]) -> list[str]:
        """Returns the words of a command line, with an action as ``--action``. Raises ``UserError`` for odd ones."""
        words = list(arguments)
        for word in words:
            if "\0" in word or word.encode(errors="ignore").decode() != word:
                raise UserError(f"{word.encode(errors='replace').decode()}: not valid UTF-8 text")
        self._check_flags(words)
        return self._with_action(words) if self._action_words else words

    def has(self, name: str) -> bool:
        """Whether there is an option of this name."""
        return f"--{name.replace('_', '-')}" in self._option_string_actions

    def by_flag(self, values: argparse.Namespace) -> dict[str, Any]:
        """Returns the values that are not None by their names on the command line and in a TOML file, for a report."""
        flags = {action.dest: action.option_strings[-1].lstrip("-") for action in self._actions}
        return {
            flags[key]: "(secret)" if key in self._secrets else value
            for key, value in vars(values).items()
            if value is not None
        }

    def _check_flags(self, arguments: list[str]) -> None:
        """Raises ``UserError`` for an unknown option: argparse would first miss a required one that was mistyped."""
        known = list(self._option_string_actions)
        for argument in arguments:
            word = argument.partition("=")[0]
            if word.startswith("--") and len(word) > 2 and word not in known:
                near = difflib.get_close_matches(word, known, 1)
                raise UserError(f"{word}: no such option{f'; did you mean {near[0]}?' if near else '; see --help'}")

    def _with_action(self, arguments: list[str]) -> list[str]:
        """Moves the action word to the front, after ``--action``: the first word, or one that is no option's value."""
        if arguments and not arguments[0].startswith("-"):
            return ["--action", *arguments]
        if any(argument == "--action" or argument.startswith("--action=") for argument in arguments):
            return arguments
        for place, word in enumerate(arguments):
            before = self._option_string_actions.get(arguments[place - 1]) if place else None
            if word in self._action_words and (before is None or before.nargs == 0):
                return ["--action", word, *arguments[:place], *arguments[place + 1 :]]
        return arguments


def options_of(values: argparse.Namespace, options: type[_Options]) -> _Options:
    """Returns the dataclass with the parsed values of its options."""
    given: dict[str, Any] = {}
    for spec in fields(options):
        if "recipes" in spec.metadata:
            settings = {name: getattr(values, name) for name in settings_of(spec)}
            given[spec.name] = {name: value for name, value in settings.items() if value is not None}
        elif "help" in spec.metadata:
            given[spec.name] = _as_tuple(getattr(values, spec.name))
    return options(**given)


def path_of_config(arguments: Sequence[str]) -> str | None:
    """Returns the TOML file that these arguments name with ``--config``."""
    config = Parser(add_help=False)
    config.add_argument("--config")
    path: str | None = config.parse_known_args(arguments)[0].config
    return path


def parse_toml(content: bytes, path: str) -> dict[str, Any]:
    """Returns the tables of a TOML file. Raises ``UserError`` if it is not UTF-8, not TOML, or nested too deep."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError as error:
        raise UserError(f"--config {path}: nested too deeply") from error
    except ValueError as error:  # not UTF-8, not TOML, or a number with thousands of digits
        raise UserError(f"--config {path}: {error}") from error


def section_of(path: str, name: str) -> dict[str, Any]:
    """Returns the options in a TOML file: its section of this name if there is one, else the whole file."""
    try:
        if "://" in path:  # for example, a sweep's best setting in a bucket
            from artsim.archive import read_file

            text = read_file(path)
        else:
            text = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"--config {path}: {error.strerror or error}") from error
    settings = parse_toml(text, path)
    section = settings.get(name, settings)
    if not isinstance(section, dict):
        raise UserError(f"--config {path}: {name} is a value; put the options in one section [{name}]")
    return section


def as_arguments(settings: dict[str, Any], where: str) -> list[str]:
    """Converts options by name to command-line arguments: true is a flag, lists and tables become several arguments.

    ``where`` names the origin of the settings in errors.
    """
    arguments: list[str] = []
    for name, value in settings.items():
        option = f"--{name.replace('_', '-')}"
        if option in ("--help", "--list", "--config"):
            raise UserError(f"{where}: {name} is allowed only on the command line")
        if isinstance(value, bool):
            arguments += [option] if value else []
        elif isinstance(value, dict):
            arguments += [option, *(f"{key}={item}" for key, item in value.items())]
        elif isinstance(value, list | tuple):
            arguments += [option, *map(str, value)] if value else []
        elif isinstance(value, str | int | float | os.PathLike):
            arguments.append(f"{option}={value}")
        else:
            raise UserError(f"{where}: {name} has a value of unsupported type {type(value).__name__}")
    return arguments


def _how(spec: Field[Any]) -> dict[str, Any]:
    """The type of an option, as argparse takes it."""
    kind, about = type_of(spec), spec.metadata
    if kind is bool:
        return {"action": "store_true"}  # every boolean option is off by default
    how: dict[str, Any] = {}
    if get_origin(kind) is tuple:
        kind, how["nargs"] = get_args(kind)[0], "+"
    if get_origin(kind) is tuple:
        kind, how["action"] = get_args(kind)[0], "append"
    if about["const"] is not None:
        how |= {"nargs": "?", "const": about["const"]}
    if about["choices"]:
        how["choices"] = about["choices"]
    elif about["parse"] is not None:
        how["type"] = _parsing(about["parse"])
    elif kind is not str:
        how["type"] = kind
    return how


def _parsing(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Returns the function with its user errors as argparse expects them, to which it adds the option."""

    @functools.wraps(parse)
    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    def _get_help_string(self, action: argparse.Action) -> str | None:
        text, default = action.help or "", action.default
        if default is None or default is False or default == [] or "(default: " in text:
            return text
        if isinstance(default, list):
            return f"{text} (default: {' '.join(map(str, default))})".replace("%", "%%")
        return super()._get_help_string(action)
