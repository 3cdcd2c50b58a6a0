"""groupadd.toml and the environment → the chosen provider, ready for use, and the settings of `[add]` and `[drip]`.

All faults are told at once, each by its place and path. No value is ever told: any of them may be a secret.
"""

import os
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from attrs import field, frozen

from groupadd.config import fields, registry
from groupadd.config.fields import UNRESOLVED, Value
from groupadd.config.sources import Document, Keys, Source, find, is_reference, is_table
from groupadd.config.suggestions import call_untrusted, listed, nearest
from groupadd.errors import ConfigError, UnknownProvider
from groupadd.provider import GroupMembershipProvider
from groupadd.settings import AddSettings, PaceSettings

T = TypeVar("T")


@frozen
class ConfiguredProvider:
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
        default_provider: The name of the provider that is used when none is named, or None.
        providers: The type of each provider, by name.
        add: How people are added.
        drip: How fast each account adds in a drip.
    """

    default_provider: str | None
    providers: Mapping[str, str]
    add: AddSettings
    drip: PaceSettings
    _document: Document = field(repr=False)

    def provider(self, name: str | None = None) -> ConfiguredProvider:
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
            kind = registry.load(type_)
        except ConfigError as error:
            raise type(error)(document.fault((*path, "type"), str(error))) from None
        values, faults = _provider(document, name, kind, look_up=True)
        if faults:
            raise ConfigError("\n".join(faults))
        try:
            provider = call_untrusted(kind, **values)
        except ConfigError as error:
            raise ConfigError(document.fault(path, f"{type_} does not accept these fields ({error})")) from None
        return ConfiguredProvider(name, type_, provider)

    def _name(self, name: str | None) -> str:
        wanted = self.default_provider if name is None else name
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


@frozen
class _Top:
    """What may stand at the top of a config."""

    provider: str | None = None
    providers: dict[str, Value] = field(factory=dict[str, Value])
    add: dict[str, Value] = field(factory=dict[str, Value])
    drip: dict[str, Value] = field(factory=dict[str, Value])


@frozen
class _Typed:
    """What every provider's table holds."""

    type: str


def load(config: Source = None, *, environ: Mapping[str, str] = os.environ) -> Config:
    """Read a config, lay the environment over it, and check the shape of all of it.

    Args:
        config: A file, a mapping of the same shape, or None for the usual places.
        environ: The environment.

    Raises:
        ConfigError: No config is found, it cannot be read, or something in it is wrong: all such faults at once.
    """
    document = find(config, environ)
    values, faults = _read(document, (), document.tables, _Top)
    top = _Top(**values)
    if not faults and not top.providers:
        faults.append(document.fault(("providers",), "missing: no provider is configured"))
    types: dict[str, str] = {}
    for name, table in top.providers.items():
        types[name], provider_faults = _type(document, name, table)
        faults += provider_faults
    terms, term_faults = _settings(document, "add", top.add, AddSettings)
    pace, pace_faults = _settings(document, "drip", top.drip, PaceSettings)
    if faults or term_faults or pace_faults:
        raise ConfigError("\n".join([*faults, *term_faults, *pace_faults]))
    return Config(top.provider, types, terms, pace, document)


def _type(document: Document, name: str, table: Value) -> tuple[str, list[str]]:
    """Return a provider's type, empty where it cannot be read; the fields of one of our own types are checked, too."""
    path = ("providers", name)
    if not is_table(table):
        return "", [document.fault(path, "must be a table")]
    values, faults = _read(document, path, {key: table[key] for key in table.keys() & {"type"}}, _Typed)
    type_: str = values.get("type", "")
    if registry.is_built_in(type_):
        faults += _provider(document, name, registry.load(type_), look_up=False)[1]
    return type_, faults


def _provider(
    document: Document, name: str, kind: type[GroupMembershipProvider], *, look_up: bool
) -> tuple[dict[str, Value], list[str]]:
    """Read a provider's fields; what is wrong with them comes second."""
    path = ("providers", name)
    table = {key: value for key, value in document.tables["providers"][name].items() if key != "type"}
    unresolved: list[str] = []
    for key, reference in [item for item in table.items() if is_reference(item[1])]:
        table[key] = UNRESOLVED
        if look_up:
            try:
                table[key] = document.resolved(reference)
            except ConfigError as error:
                unresolved.append(document.fault((*path, key), str(error)))
    values, faults = _read(document, path, table, kind)
    url = values.get("base_url")
    if isinstance(url, str) and not _is_address(url):
        faults.append(document.fault((*path, "base_url"), "must be http:// or https://, a host, and at most a path"))
    return values, unresolved + faults


def _settings(document: Document, name: str, table: Mapping[str, Value], kind: type[T]) -> tuple[T, list[str]]:
    """Read a table of settings, each of which has a default; what is wrong with them comes second."""
    values, faults = _read(document, (name,), table, kind)
    for key, value in [*values.items()]:
        try:
            kind(**{key: value})
        except ValueError as error:
            del values[key]
            faults.append(document.fault((name, key), str(error).removeprefix(f"{key} ")))
    return kind(**values), faults


def _read(document: Document, path: Keys, table: Mapping[str, Value], kind: type) -> tuple[dict[str, Value], list[str]]:
    values, faults = fields.read(table, kind)
    return values, [document.fault((*path, key), fault) for key, fault in faults.items()]


def _is_address(url: str) -> bool:
    """Return whether a text may be a provider's address: no credentials in it, and a path can be put behind it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_plain = url.isprintable() and not {*" \\?#"} & {*url} and "@" not in parts.netloc
    return is_plain and parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
