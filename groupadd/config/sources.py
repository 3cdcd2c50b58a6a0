"""Where a config's tables come from: a file or a mapping, with the environment laid over it.

Every value is known by its path. A fault names the file or the variable that holds the value.
"""

import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias, cast

from attrs import evolve, frozen

from groupadd.config.suggestions import nearest
from groupadd.errors import ConfigError, ConfigNotFound

ConfigSource: TypeAlias = str | os.PathLike[str] | Mapping[str, object] | None
Keys: TypeAlias = tuple[str, ...]
Value: TypeAlias = Any  # a file may hold any value

FILE = "groupadd.toml"
UNRESOLVED = object()  # a value that is not looked up yet; every field accepts it


class ExternalText(str):
    """Text from the environment or a file. Where its field is not text, it is read as TOML."""

    __slots__ = ()


@frozen(repr=False)
class Document:
    """A config as a whole: where it was found, and what its references mean.

    Attributes:
        source: The file, for people; `config` for a mapping, `environment` where there is neither.
        folder: The folder that `file:` references are relative to.
        environ: The variables that `env:` references name.
        overridden_by: The environment's variable, by the path that it set or made.
    """

    source: str
    folder: Path
    environ: Mapping[str, str]
    overridden_by: Mapping[Keys, str]

    def place(self, path: Keys) -> str:
        """Return the variable or the file that holds the value at a path."""
        variables = (self.overridden_by.get(path[:depth]) for depth in range(len(path), 0, -1))
        return next(filter(None, variables), self.source)

    def text(self, reference: str) -> ExternalText:
        """Return the text that an `env:` or `file:` reference names.

        Raises:
            ConfigError: The variable is not set, or the file cannot be read.
        """
        scheme, _, name = reference.partition(":")
        if scheme == "env":
            if not self.environ.get(name):
                near = nearest(name, filter(self.environ.get, self.environ))
                raise ConfigError(f"the environment variable {name} is not set{near}")
            return ExternalText(self.environ[name])
        path = self.folder / name
        try:
            return ExternalText(path.read_text("utf-8").removesuffix("\n"))
        except OSError as error:
            why = error.strerror
        except ValueError:
            why = "not text"
        raise ConfigError(f"the file {path} cannot be read: {why}")


@frozen(repr=False)
class Table:
    """One table of a config.

    Attributes:
        document: The config that holds the table.
        path: The table's path, key by key.
        values: The table's values, by key.
    """

    document: Document
    path: Keys
    values: Mapping[str, Value]

    def fault(self, what: str, *keys: str) -> str:
        """Return a fault of the table, or of a value in it, with its place and path."""
        path = (*self.path, *keys)
        return f"{self.document.place(path)}: {'.'.join(path)}: {what}"

    def table(self, key: str) -> "Table":
        """Return the table at a key; an empty one where there is none."""
        values = self.values.get(key)
        return Table(self.document, (*self.path, key), values if isinstance(values, dict) else {})

    def only(self, *keys: str) -> "Table":
        """Return the table with these keys alone."""
        return evolve(self, values={key: value for key, value in self.values.items() if key in keys})

    def without(self, *keys: str) -> "Table":
        """Return the table without these keys."""
        return evolve(self, values={key: value for key, value in self.values.items() if key not in keys})

    def resolved(self, *, look_up: bool) -> tuple["Table", list[str]]:
        """Resolve the `env:` and `file:` references among the values.

        Args:
            look_up: False leaves every reference `UNRESOLVED`, and finds no fault.

        Returns:
            The table, and the faults of references that lead nowhere.
        """
        values, faults = dict(self.values), list[str]()
        for key, value in self.values.items():
            if isinstance(value, str) and value.startswith(("env:", "file:")):
                values[key] = UNRESOLVED
                try:
                    values[key] = self.document.text(value) if look_up else UNRESOLVED
                except ConfigError as error:
                    faults.append(self.fault(str(error), key))
        return evolve(self, values=values), faults


def find(config: ConfigSource, environ: Mapping[str, str]) -> Table:
    """Return the top table of the first config found: as given, as `GROUPADD_CONFIG` names it, or in a usual place.

    Raises:
        ConfigNotFound: There is no config in the usual places.
        ConfigError: The config cannot be read.
    """
    if isinstance(config, Mapping):
        return _overlaid("config", Path(), config, environ)
    variable = environ.get("GROUPADD_CONFIG") if config is None else None
    named = variable or config
    looked_at: list[str] = []
    for place in _usual_places(environ) if named is None else [Path(named)]:
        with suppress(FileNotFoundError, NotADirectoryError):
            return _overlaid(str(place), place.parent, _parsed(place), environ)
        looked_at.append(str(place))
    if named is not None:
        raise ConfigError(f"{named}: no such file{' (named by GROUPADD_CONFIG)' if variable else ''}")
    table = _overlaid("environment", Path(), {}, environ)
    if "providers" not in table.values:
        nowhere = " and no ".join(looked_at)
        raise ConfigNotFound(f"no config is found: GROUPADD_CONFIG is not set, and there is no {nowhere}")
    return table


def _parsed(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        fault = "cannot be read: not UTF-8"
    except (ValueError, RecursionError) as error:
        fault = f"not TOML: {error}"
    raise ConfigError(f"{path}: {fault}")  # out here, since what was raised in there holds the file's text


def _usual_places(environ: Mapping[str, str]) -> Iterator[Path]:
    yield Path(FILE)
    yield _user_folder(environ) / FILE


def _user_folder(environ: Mapping[str, str]) -> Path:
    try:
        from platformdirs import user_config_path  # noqa: PLC0415  it may not be installed
    except ImportError:
        home = Path(environ.get("HOME", "~"))
        usual = home / ("Library/Application Support" if sys.platform == "darwin" else ".config")
        return Path(environ.get("APPDATA") or environ.get("XDG_CONFIG_HOME") or usual, "groupadd")
    return user_config_path("groupadd", appauthor=False, roaming=True)


def _overlaid(source: str, folder: Path, tables: Mapping[str, object], environ: Mapping[str, str]) -> Table:
    """Lay `GROUPADD_PROVIDER` and `GROUPADD_TABLE__…__KEY` over the tables; an empty variable counts as not set."""
    merged = _copied(tables)
    overridden_by: dict[Keys, str] = {}
    for variable, text in sorted(environ.items()):
        path = _path(variable, merged)
        table: Value = merged
        for depth, key in enumerate(path, 1):
            if not text or not isinstance(table, dict):
                break
            if depth == len(path):
                table[key] = ExternalText(text)
            if depth == len(path) or key not in table:
                overridden_by[path[:depth]] = variable
            table = table.setdefault(key, {})
    return Table(Document(source, folder, environ, overridden_by), (), merged)


def _path(variable: str, tables: Mapping[str, Value]) -> Keys:
    """Return the path that a variable sets, or an empty one; a provider's name is matched without case, `-` as `_`."""
    if variable == "GROUPADD_PROVIDER":
        return ("provider",)
    if not variable.startswith("GROUPADD_") or "__" not in variable:
        return ()
    table, *name, key = variable.removeprefix("GROUPADD_").lower().split("__")
    if not name:
        return (table, key)
    spelled = "__".join(name)
    known = tables.get(table)
    names: Iterable[str] = known if isinstance(known, dict) else ()
    return (table, next((one for one in names if one.lower().replace("-", "_") == spelled), spelled), key)


def _copied(tables: Mapping[str, Value]) -> dict[str, Value]:
    return {
        str(key): _copied(cast("Mapping[str, Value]", value)) if isinstance(value, Mapping) else value
        for key, value in tables.items()
    }
