"""The commands and options of the command line as tables, from their docstrings."""

from collections.abc import Iterator
from functools import reduce
from operator import getitem

from cyclopts import App

from docs.tables import table
from groupadd.cli.commands import app


def commands(*words: str) -> str:
    """Return a table of the commands below some words: of the whole command line, or of `drip`."""
    rows = ((f"`{_usage(words, name, command)}`", _summary(command)) for name, command in _own(_at(words)))
    return table(("command", "what it does"), rows)


def options(*words: str) -> str:
    """Return a table of the options of the commands below some words; one row for each meaning."""
    commands_by_row: dict[tuple[str, str], list[str]] = {}
    for name, command in _own(_at(words)):
        for option, meaning in _options(command):
            commands_by_row.setdefault((option, meaning), []).append(f"`{name}`")
    rows = ((f"`{option}`", ", ".join(names), meaning) for (option, meaning), names in commands_by_row.items())
    return table(("option", "commands", "meaning"), rows)


def _at(words: tuple[str, ...]) -> App:
    return reduce(getitem, words, app)


def _own(of: App) -> Iterator[tuple[str, App]]:
    """Yield the commands that do something themselves, by name."""
    return ((name, of[name]) for name in of if name[0] != "-" and of[name].default_command is not None)


def _usage(words: tuple[str, ...], name: str, command: App) -> str:
    arguments = command.assemble_argument_collection()
    positional = [one.name for one in arguments if one.name.isupper()]
    required = {one.name for one in arguments if one.required}
    return " ".join((*words, name, *(one if one in required else f"[{one}]" for one in positional)))


def _summary(command: App) -> str:
    return (command.help or "").partition("\n")[0].rstrip(".")


def _options(command: App) -> Iterator[tuple[str, str]]:
    for one in command.assemble_argument_collection(parse_docstring=True):
        if one.name.startswith("--"):
            yield one.name, " ".join((one.parameter.help or "").split())
