"""Where a config's tables come from: a file or a mapping, with the environment laid over it.

Every value is known by its path. A fault names the file or the variable that holds the value. Any text may be a secret
until its field is known, so that every text is hidden as soon as it is read.
"""

import errno
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from groupadd.config.suggestions import nearest
from groupadd.errors import ConfigError, ConfigNotFound
from groupadd.files import read_bytes, why
from groupadd.model.masking import Secret

ConfigSource: TypeAlias = str | os.PathLike[str] | Mapping[str, object] | None
Keys: TypeAlias = tuple[str, ...]
Value: TypeAlias = Any  # a file may hold any value

FILE = "groupadd.toml"
_LARGEST_CONFIG, _LARGEST_VALUE = 2**20, 2**16  # bytes
# A variable's name by habit; keys mix their letters and digits.
_VARIABLE = re.compile(
    r"[A-Z]{1,16}\d{0,3}(?:_{1,2}(?:[A-Z]{1,16}\d{0,3}|\d{1,3})){0,9}"
)  # keys mix letters and digits
UNRESOLVED = object()  # a value that is not looked up yet; every field accepts it


@frozen
class Text:
    """A text in a config or in the environment.

    Attributes:
        secret: The text itself.
        is_external: Whether it comes from the environment or a file. Where its field is not text, it is read as TOML.
    """

    secret: Secret
    is_external: bool = field(default=False, kw_only=True)


Environment: TypeAlias = Mapping[str, Text]


@frozen
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
    environ: Environment
    overridden_by: Mapping[Keys, str]

    def place(self, path: Keys) -> str:
        """Return the variable or the file that holds the value at a path."""
        variables = (self.overridden_by.get(path[:depth]) for depth in range(len(path), 0, -1))
        return next(filter(None, variables), self.source)

    def text(self, reference: str) -> Text:
        """Return the text that an `env:` or `file:` reference names.

        Raises:
            ConfigError: The variable is not set, or the file cannot be read. A name that may be a key is not shown.
        """
        scheme, _, name = reference.partition(":")
        if scheme == "file":
            return Text(Secret(_file(self.folder / name)), is_external=True)
        if name in self.environ:
            return self.environ[name]
        variable = f"the environment variable {name} is" if _VARIABLE.fullmatch(name) else "its environment variable is"
        raise ConfigError(f"{variable} not set{nearest(name, self.environ)}")


def _file(path: Path) -> str:
    """Return the text in a file that a config names, without its last line break.

    Raises:
        ConfigError: The file cannot be read. Only what exists of its path is shown: a key may stand in its place.
    """
    try:
        return read_bytes(path, most=_LARGEST_VALUE).decode().removesuffix("\n").removesuffix("\r")
    except (FileNotFoundError, NotADirectoryError):
        folder = next(filter(Path.is_dir, path.parents), Path())
        fault = f"there is no such file in {folder}{_nearest_file(path)}"
    except OSError as error:
        known = error.errno not in {errno.ENAMETOOLONG, errno.EINVAL}
        fault = f"the file {path if known else 'that it names'} cannot be read: {why(error)}"
    except UnicodeDecodeError:
        fault = f"the file {path} cannot be read: not text"
    except ValueError:
        fault = "no file can have such a name"
    raise ConfigError(fault)


def _nearest_file(path: Path) -> str:
    with suppress(OSError):
        return nearest(path.name, [file.name for file in path.parent.iterdir()])
    return ""


@frozen
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
            if isinstance(value, Text) and value.secret.reveal().startswith(("env:", "file:")):
                values[key] = UNRESOLVED
                try:
                    values[key] = self.document.text(value.secret.reveal()) if look_up else UNRESOLVED
                except ConfigError as error:
                    faults.append(self.fault(str(error), key))
        return evolve(self, values=values), faults


def hidden(config: ConfigSource) -> ConfigSource:
    """Return a config that is a mapping with every text in it hidden, and any other config as it is.

    Raises:
        ConfigError: Its tables are nested too deeply.
    """
    return hidden_tables(config, "config") if isinstance(config, Mapping) else config


def hidden_tables(tables: Mapping[str, object], source: str) -> dict[str, Value]:
    """Return tables with every text in them hidden; names stay.

    Raises:
        ConfigError: They are nested too deeply.
    """
    try:
        return {str(name): _hidden(value) for name, value in tables.items()}
    except RecursionError:
        fault = f"{source}: its tables are nested too deeply"
    del tables  # a traceback with local variables would show them
    raise ConfigError(fault)


def _hidden(value: Value) -> Value:
    match value:
        case str():
            return Text(Secret(value))
        case Mapping():
            return {str(name): _hidden(inner) for name, inner in value.items()}
        case list() | tuple():
            return list(map(_hidden, value))
    return value


def hidden_environment(environ: Mapping[str, str]) -> Environment:
    """Return the variables that are set, with their texts hidden; an empty variable counts as not set."""
    return {name: Text(Secret(text), is_external=True) for name, text in sorted(environ.items()) if text}


def revealed(value: Value) -> Value:
    """Return a value with every text in it, for a field whose type is known."""
    match value:
        case Text():
            return value.secret.reveal()
        case dict():
            return {key: revealed(inner) for key, inner in value.items()}
        case list():
            return list(map(revealed, value))
    return value


def find(config: ConfigSource, environ: Environment) -> Table:
    """Return the top table of the first config found: as given, as `GROUPADD_CONFIG` names it, or in a usual place.

    Args:
        config: A path, hidden tables, or None for the usual places.
        environ: The environment, hidden.

    Raises:
        ConfigNotFound: There is no config in the usual places.
        ConfigError: The config cannot be read.
    """
    if isinstance(config, Mapping):
        return _overlaid("config", Path(), config, environ)
    places = config_files(config, environ)
    for place in places:
        with suppress(FileNotFoundError, NotADirectoryError):
            return _overlaid(str(place), place.parent, _parsed(place), environ)
    if len(places) == 1:
        by = " (named by GROUPADD_CONFIG)" if config is None else ""
        raise ConfigError(f"{places[0]}: no such file{by}")
    table = _overlaid("environment", Path(), {}, environ)
    if "providers" not in table.values:
        nowhere = " and no ".join(map(str, places))
        raise ConfigNotFound(f"no config is found: GROUPADD_CONFIG is not set, and there is no {nowhere}")
    return table


def config_files(config: ConfigSource, environ: Environment | None = None) -> Sequence[Path]:
    """Return the files of which the first one that exists is the config; none for a mapping."""
    if isinstance(config, Mapping):
        return ()
    environ = hidden_environment(os.environ) if environ is None else environ
    named = revealed(environ.get("GROUPADD_CONFIG")) if config is None else config
    return [Path(FILE), _user_folder(environ) / FILE] if named is None else [Path(named)]


def _parsed(path: Path) -> Mapping[str, object]:
    try:
        return hidden_tables(tomllib.loads(read_bytes(path, most=_LARGEST_CONFIG).decode("utf-8-sig")), str(path))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        fault = f"cannot be read: {why(error)}"
    except UnicodeDecodeError:
        fault = "cannot be read: not UTF-8"
    except (ValueError, RecursionError) as error:
        fault = f"not TOML: {error}"
    raise ConfigError(f"{path}: {fault}")  # out here, since what was raised in there holds the file's text


def _user_folder(environ: Environment) -> Path:
    try:
        from platformdirs import user_config_path  # noqa: PLC0415  it may not be installed
    except ImportError:
        home = Path(revealed(environ.get("HOME")) or "~")
        usual = home / ("Library/Application Support" if sys.platform == "darwin" else ".config")
        named = environ.get("APPDATA") or environ.get("XDG_CONFIG_HOME")
        return Path(revealed(named) or usual, "groupadd")
    return user_config_path("groupadd", appauthor=False, roaming=True)


def _overlaid(source: str, folder: Path, tables: Mapping[str, Value], environ: Environment) -> Table:
    """Lay `GROUPADD_PROVIDER` and `GROUPADD_TABLE__…__KEY` over hidden tables."""
    merged = dict(tables)
    overridden_by: dict[Keys, str] = {}
    for variable, text in environ.items():
        path = _path(variable, merged)
        table: Value = merged
        for depth, key in enumerate(path, 1):
            if not isinstance(table, dict):
                break
            if depth == len(path):
                table[key] = text
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
