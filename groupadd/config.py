"""groupadd.toml and the environment → the chosen provider, ready for use, and the settings of `[add]`.

All faults are told at once, each by its place and path. No value is ever told: any of them may be a secret.
"""

import math
import os
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard, Union, cast, get_args, get_origin
from urllib.parse import urlsplit

import attrs
from attrs import field, frozen

from groupadd import plugins
from groupadd.adding import Invitation, Verify
from groupadd.errors import ConfigError, UnknownProvider
from groupadd.plugins import attempt, listed, nearest
from groupadd.provider import GroupMembershipProvider
from groupadd.secret import Secret

if TYPE_CHECKING:  # cattrs is imported when the first config is read
    from cattrs import Converter

Keys: TypeAlias = tuple[str, ...]
Value: TypeAlias = Any  # whatever a file may hold
Table: TypeAlias = Mapping[str, Value]
Hint: TypeAlias = Any  # whatever an annotation may be

FILE = "groupadd.toml"
TOP = ("provider", "providers", "add")

_WORDS: Mapping[Hint, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text, and not empty",
    Secret: "text, and not empty",
}
_LISTS: frozenset[Hint] = frozenset({tuple, list, Sequence})


def _check(holds: Callable[[Value], bool], wanted: str) -> Callable[[object, "attrs.Attribute[Value]", Value], None]:
    def validator(_: object, attribute: "attrs.Attribute[Value]", value: Value) -> None:
        if not holds(value):
            raise ValueError(f"{attribute.name} must be {wanted}")

    return validator


def _is_ascending(seconds: Sequence[float]) -> bool:
    return all(0 <= s < math.inf for s in seconds) and all(a < b for a, b in pairwise(seconds))


def _has_one_link(text: str) -> bool:
    before, link, after = text.partition("{link}")
    return bool(link) and not {"{", "}"} & {*before, *after}


@frozen(kw_only=True)
class AddSettings:
    """How people are added: the table `[add]`.

    Attributes:
        verify: Which looks are taken: `auto` only those that the answer leaves open.
        look_after_s: Seconds after the answer at which the roster is read, ascending.
        late_after_s: Seconds after sending during which an unanswered add may still take effect.
        timeout_s: Seconds for one request as a whole, from connecting to the last byte.
        notify: Whether people are notified; None is the provider's own default.
        invite: Whether the group's link is sent where an invitation makes sense.
        invite_text: What is sent then, with `{link}` in the link's place.
    """

    verify: Verify = "auto"
    look_after_s: tuple[float, ...] = field(
        default=(2.0, 8.0, 30.0), validator=_check(_is_ascending, "ascending seconds, none below 0")
    )
    late_after_s: float = field(default=60.0, validator=_check(lambda s: 0 <= s < math.inf, "0 seconds or more"))
    timeout_s: float = field(default=30.0, validator=_check(lambda s: 0 < s < math.inf, "more than 0 seconds"))
    notify: bool | None = None
    invite: Invitation = "never"
    invite_text: str = field(
        default="Join our group: {link}", validator=_check(_has_one_link, "text with one {link} and no other braces")
    )

    def as_arguments(self) -> dict[str, Value]:
        """Return the settings as keyword arguments of a client."""
        return attrs.asdict(self, recurse=False)


@frozen
class Chosen:
    """A provider that is ready for use.

    Attributes:
        name: The name it is configured by.
        type: The type that the config gives it.
        provider: The provider itself.
    """

    name: str
    type: str
    provider: GroupMembershipProvider


@frozen
class Config:
    """A config whose shape is right.

    Attributes:
        source: The file it was read from; `config` for a mapping, `environment` where there is neither.
        provider: The name of the provider that is used when none is named, or None.
        providers: The type of each provider, by name.
        add: How people are added.
    """

    source: str
    provider: str | None
    providers: Mapping[str, str]
    add: AddSettings
    _document: "_Document" = field(repr=False)

    def choose(self, name: str | None = None) -> Chosen:
        """Build a provider. No other's plugin is imported, and no other's `env:` and `file:` references are looked up.

        Args:
            name: Its configured name; None for the default, which a config with one provider need not name.

        Raises:
            UnknownProvider: There is none of that name, or its type is not installed.
            ConfigError: None is named and there are several, or its fields are wrong.
        """
        name = self._name(name)
        document, path, type_ = self._document, ("providers", name), self.providers[name]
        try:
            kind = plugins.load(type_)
        except ConfigError as error:
            raise type(error)(document.fault((*path, "type"), str(error))) from None
        values, faults = _provider_fields(document, name, kind, resolve=True)
        if faults:
            raise ConfigError("\n".join(faults))
        try:
            provider = attempt(kind, **values)
        except ConfigError as error:
            raise ConfigError(document.fault(path, f"{type_} does not accept these fields ({error})")) from None
        return Chosen(name, type_, provider)

    def _name(self, name: str | None) -> str:
        wanted = self.provider if name is None else name
        if wanted is None and len(self.providers) == 1:
            return next(iter(self.providers))
        if wanted is None:
            fault = f"missing, and there are several: {listed(self.providers)}"
            raise ConfigError(self._document.fault(("provider",), fault))
        if wanted not in self.providers:
            fault = f"no such provider{nearest(wanted, self.providers)} (configured: {listed(self.providers)})"
            path = ("provider",) if name is None else ("providers",)
            raise UnknownProvider(self._document.fault(path, fault))
        return wanted


def load(
    config: str | os.PathLike[str] | Mapping[str, object] | None = None, *, environ: Mapping[str, str] = os.environ
) -> Config:
    """Read a config, lay the environment over it, and check the shape of all of it.

    Args:
        config: A file, a mapping of the same shape, or None for the usual places.
        environ: The environment.

    Raises:
        ConfigError: No config is found, it cannot be read, or something in it is wrong: all such faults at once.
    """
    document = _document(config, environ)
    tables = document.tables
    faults = [document.fault((key,), f"unknown key{nearest(key, TOP)}") for key in tables if key not in TOP]
    provider = tables.get("provider")
    if not isinstance(provider, str | None):
        faults.append(document.fault(("provider",), "must be text"))
    providers: dict[str, str] = {}
    for name in document.table(("providers",), faults):
        type_ = document.table(("providers", name), faults).get("type")
        if isinstance(type_, str):
            providers[name] = str(type_)
            if plugins.is_built_in(type_):
                faults += _provider_fields(document, name, plugins.load(type_), resolve=False)[1]
        elif _is_table(tables["providers"][name]):
            faults.append(document.fault(("providers", name, "type"), "missing" if type_ is None else "must be text"))
    if not faults and not providers:
        faults.append(document.fault(("providers",), "missing: no provider is configured"))
    add, add_faults = _fields(document, ("add",), document.table(("add",), faults), AddSettings)
    for key, value in add.items():
        try:
            AddSettings(**{key: value})
        except ValueError as error:
            add_faults.append(document.fault(("add", key), str(error).removeprefix(f"{key} ")))
    if faults or add_faults:
        raise ConfigError("\n".join([*faults, *add_faults]))
    return Config(document.source, provider and str(provider), providers, AddSettings(**add), document)


class _Outside(str):
    """Text from the environment or a file; where the field is not text, it is read as TOML."""

    __slots__ = ()


_LATER = object()  # stands for a reference that is not looked up


@frozen(repr=False)
class _Document:
    """The tables of a config under the environment, and where each part of them was said.

    Attributes:
        source: The file, for people.
        folder: What `file:` references are relative to.
        tables: The tables.
        environ: What `env:` references mean.
        said_by: The environment's variable, by the path that it set or made.
    """

    source: str
    folder: Path
    tables: dict[str, Value]
    environ: Mapping[str, str]
    said_by: Mapping[Keys, str]

    def fault(self, path: Keys, what: str) -> str:
        variables = (self.said_by.get(path[:depth]) for depth in range(len(path), 0, -1))
        return f"{next(filter(None, variables), self.source)}: {'.'.join(path)}: {what}"

    def table(self, path: Keys, faults: list[str]) -> Table:
        found: Value = self.tables
        for key in path:
            found = found.get(key, {})
        if _is_table(found):
            return found
        faults.append(self.fault(path, "must be a table"))
        return {}

    def resolved(self, reference: str) -> _Outside:
        """Look up an `env:` or `file:` reference.

        Raises:
            ConfigError: It leads nowhere.
        """
        scheme, _, name = reference.partition(":")
        if scheme == "env":
            if not self.environ.get(name):
                raise ConfigError(f"the environment variable {name} is not set")
            return _Outside(self.environ[name])
        path = self.folder / name
        try:
            return _Outside(path.read_text("utf-8").removesuffix("\n"))
        except OSError as error:
            why = error.strerror
        except ValueError:
            why = "not text"
        raise ConfigError(f"the file {path} cannot be read: {why}")


def _document(config: str | os.PathLike[str] | Mapping[str, object] | None, environ: Mapping[str, str]) -> _Document:
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


def _overlaid(source: str, folder: Path, tables: Mapping[str, object], environ: Mapping[str, str]) -> _Document:
    """Lay `GROUPADD_PROVIDER` and `GROUPADD_TABLE__…__KEY` over the tables; an empty variable counts as not set."""
    merged = _copied(tables)
    said_by: dict[Keys, str] = {}
    for variable, text in sorted(environ.items()):
        path = _path(variable, merged)
        table: Value = merged
        for depth, key in enumerate(path, 1):
            if not text or not _is_table(table):
                break
            if depth == len(path):
                table[key] = _Outside(text)
            if depth == len(path) or key not in table:
                said_by[path[:depth]] = variable
            table = table.setdefault(key, {})
    return _Document(source, folder, merged, environ, said_by)


def _path(variable: str, tables: Table) -> Keys:
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
    names: Iterable[str] = known if _is_table(known) else {}
    return (table, next((one for one in names if one.lower().replace("-", "_") == spelled), spelled), key)


def _copied(tables: Table) -> dict[str, Value]:
    return {
        str(key): _copied(cast("Table", value)) if isinstance(value, Mapping) else value
        for key, value in tables.items()
    }


def _is_table(value: Value) -> TypeGuard[dict[str, Value]]:
    return isinstance(value, dict)


def _provider_fields(
    document: _Document, name: str, kind: type[GroupMembershipProvider], *, resolve: bool
) -> tuple[dict[str, Value], list[str]]:
    """Read a provider's fields; what is wrong with them comes second."""
    path = ("providers", name)
    table = {key: value for key, value in document.tables["providers"][name].items() if key != "type"}
    unresolved: list[str] = []
    for key, value in table.items():
        if isinstance(value, str) and value.startswith(("env:", "file:")):
            table[key] = _LATER
            if resolve:
                try:
                    table[key] = document.resolved(value)
                except ConfigError as error:
                    unresolved.append(document.fault((*path, key), str(error)))
    values, faults = _fields(document, path, table, kind)
    url = values.get("base_url")
    if isinstance(url, str) and (wrong := _wrong_url(url)):
        faults.append(document.fault((*path, "base_url"), wrong))
    return values, unresolved + faults


def _fields(document: _Document, path: Keys, table: Table, kind: type) -> tuple[dict[str, Value], list[str]]:
    """Read the fields of an attrs class from a table; what is wrong with them comes second."""
    known = {one.alias: one for one in attrs.fields(attrs.resolve_types(kind)) if one.init}
    values: dict[str, Value] = {}
    faults = [document.fault((*path, key), f"unknown key{nearest(key, known)}") for key in table if key not in known]
    for key, one in known.items():
        if key in table:
            try:
                values[key] = _value(table[key], one.type)
            except ConfigError as error:
                faults.append(document.fault((*path, key), str(error)))
        elif one.default is attrs.NOTHING:
            faults.append(document.fault((*path, key), "missing"))
    return values, faults


def _value(value: Value, hint: Hint) -> Value:
    """Return a value as its field wants it.

    Raises:
        ConfigError: It is another thing; told is what it must be.
    """
    if value is _LATER:
        return value
    readings = [value]
    if isinstance(value, _Outside):
        with suppress(ValueError, RecursionError):
            readings.append(tomllib.loads(f"value = {value}")["value"])
    for reading in readings:
        with suppress(ConfigError):
            return attempt(_structured, reading, hint)
    raise ConfigError(f"must be {_wanted(hint)}")


def _structured(value: Value, hint: Hint) -> Value:
    origin: Hint = get_origin(hint)
    if origin in _LISTS and not isinstance(value, list | tuple):
        raise TypeError("cattrs would take a text for a list of its characters")
    return _converter().structure(value, hint)


@cache
def _converter() -> "Converter":
    """Make a converter that is strict: cattrs alone makes "false" true and 7 the text "7"."""
    from cattrs import Converter  # noqa: PLC0415  costs more to import than all of groupadd

    converter = Converter()
    for kind in (bool, int, float, str):
        converter.register_structure_hook(kind, _exact)
    converter.register_structure_hook(Secret, _secret)
    converter.register_structure_hook_func(_is_literal, _literal)
    return converter


def _exact(value: Value, kind: type[Value]) -> Value:
    if issubclass(kind, Enum):  # a StrEnum is a str, too
        return kind(value)
    given = kind if kind is not float else (int, float)
    if not isinstance(value, given) or (isinstance(value, bool) and kind is not bool) or value == "":
        raise TypeError
    return kind(value)


def _secret(value: Value, _: type) -> Secret:
    return value if isinstance(value, Secret) else Secret(_exact(value, str))  # a mapping may hold one


def _is_literal(hint: Hint) -> bool:
    origin: Hint = get_origin(hint)
    return origin is Literal


def _literal(value: Value, hint: Hint) -> Value:
    return get_args(hint)[get_args(hint).index(value)]


def _wanted(hint: Hint) -> str:
    if hint in _WORDS:
        return _WORDS[hint]
    origin: Hint = get_origin(hint)
    inner = [one for one in get_args(hint) if one not in {NoneType, Ellipsis}]
    if origin is Literal:
        return "one of " + ", ".join(map(str, inner))
    if origin in {Union, UnionType}:
        return " or ".join(map(_wanted, inner))
    if origin in _LISTS:
        return f"a list, each {_wanted(inner[0])}"
    return f"of the type {getattr(origin or hint, '__name__', 'that its class wants')}"


def _wrong_url(url: str) -> str | None:
    """Return what is wrong with a provider's address, or None."""
    fault = "must be http:// or https:// and a host"
    if not url.isprintable() or {" ", "\\"} & {*url}:
        return fault
    try:
        parts = urlsplit(url)
        port_is_read = parts.port is None or parts.port > 0
    except ValueError:
        return fault
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_read:
        return fault
    if "@" in parts.netloc:
        return "must not hold a user or password"
    return "must end before any ? or #" if {"?", "#"} & {*url} else None
