"""Where a config's tables come from: a file or a mapping, with the environment laid over it; and what they refer to.

Every part is known by its path, and a fault is told by the file or the variable that said it.
"""

import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, TypeGuard, cast

from attrs import frozen

from groupadd.config.fields import ExternalText, Value
from groupadd.config.suggestions import nearest
from groupadd.errors import ConfigError

Source: TypeAlias = str | os.PathLike[str] | Mapping[str, object] | None
Keys: TypeAlias = tuple[str, ...]

FILE = "groupadd.toml"


@frozen(repr=False)
class Document:
    """The tables of a config under the environment, and where each part of them was said.

    Attributes:
        source: The file, for people; `config` for a mapping, `environment` where there is neither.
        folder: What `file:` references are relative to.
        tables: The tables.
        environ: What `env:` references mean.
        said_by: The environment's variable, by the path that it set or made.
    """

    source: str
    folder: Path
    tables: dict[str, Value]
    environ: Mapping[str, str]
    overridden_by: Mapping[Keys, str]

    def fault(self, path: Keys, what: str) -> str:
        """Return a fault with its place and path."""
        variables = (self.overridden_by.get(path[:depth]) for depth in range(len(path), 0, -1))
        return f"{next(filter(None, variables), self.source)}: {'.'.join(path)}: {what}"

    def resolved(self, reference: str) -> ExternalText:
        """Look up an `env:` or `file:` reference.

        Raises:
            ConfigError: It leads nowhere.
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


def is_reference(value: Value) -> bool:
    """Return whether a value is an `env:` or `file:` reference."""
    return isinstance(value, str) and value.startswith(("env:", "file:"))


def is_table(value: Value) -> TypeGuard[dict[str, Value]]:
    """Return whether a value is a table."""
    return isinstance(value, dict)


def find(config: Source, environ: Mapping[str, str]) -> Document:
    """Return the first config found: the one given, the one that `GROUPADD_CONFIG` names, or that of a usual place.

    Raises:
        ConfigError: None is found, or it cannot be read.
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
    document = _overlaid("environment", Path(), {}, environ)
    if "providers" not in document.tables:
        nowhere = " and no ".join(looked_at)
        raise ConfigError(f"no config is found: GROUPADD_CONFIG is not set, and there is no {nowhere}")
    return document


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


def _overlaid(source: str, folder: Path, tables: Mapping[str, object], environ: Mapping[str, str]) -> Document:
    """Lay `GROUPADD_PROVIDER` and `GROUPADD_TABLE__…__KEY` over the tables; an empty variable counts as not set."""
    merged = _copied(tables)
    overridden_by: dict[Keys, str] = {}
    for variable, text in sorted(environ.items()):
        path = _path(variable, merged)
        table: Value = merged
        for depth, key in enumerate(path, 1):
            if not text or not is_table(table):
                break
            if depth == len(path):
                table[key] = ExternalText(text)
            if depth == len(path) or key not in table:
                overridden_by[path[:depth]] = variable
            table = table.setdefault(key, {})
    return Document(source, folder, merged, environ, overridden_by)


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
    names: Iterable[str] = known if is_table(known) else ()
    return (table, next((one for one in names if one.lower().replace("-", "_") == spelled), spelled), key)


def _copied(tables: Mapping[str, Value]) -> dict[str, Value]:
    return {
        str(key): _copied(cast("Mapping[str, Value]", value)) if isinstance(value, Mapping) else value
        for key, value in tables.items()
    }
