"""`groupadd.toml` and the environment, read one way down: tables, then fields, then providers and settings.

One error lists all faults, each with its place and path. No fault shows a value: any value may be a secret.
"""

import os
from collections.abc import Mapping

from attrs import field, frozen

from groupadd.config import registry
from groupadd.config.fields import read, read_settings
from groupadd.config.sources import ConfigSource, Table, Value, find, hidden, hidden_environment
from groupadd.config.suggestions import call_untrusted, listed, nearest
from groupadd.errors import ConfigError, UnknownProvider
from groupadd.provider import GroupMembershipProvider
from groupadd.settings import AddSettings, PaceSettings
from groupadd.wire.address import NOT_AN_ADDRESS, is_address


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
        add: The settings of `[add]`.
        drip: The settings of `[drip]`.
    """

    default_provider: str | None
    providers: Mapping[str, str]
    add: AddSettings
    drip: PaceSettings
    _root: Table = field(repr=False)

    def provider(self, name: str | None = None) -> ConfiguredProvider:
        """Build a provider. No other plugin is imported, and no other provider's references are looked up.

        Args:
            name: The provider's name in the config; None is the default. A config with one provider need not name it.

        Raises:
            UnknownProvider: No provider of that name is configured, or its type is not installed.
            ConfigError: No name is given and there are several, or the provider's fields are wrong.
        """
        name = self._name(name)
        table, type_ = self._root.table("providers").table(name), self.providers[name]
        try:
            kind = registry.load(type_)
        except ConfigError as error:
            raise type(error)(table.fault(str(error), "type")) from None
        values, faults = _provider_fields(table, kind, look_up=True)
        if faults:
            raise ConfigError("\n".join(faults))
        try:
            provider = call_untrusted(kind, **values)
        except ConfigError as error:
            raise ConfigError(table.fault(f"{type_} does not accept these fields ({error})")) from None
        return ConfiguredProvider(name, type_, provider)

    def _name(self, name: str | None) -> str:
        wanted = self.default_provider if name is None else name
        if wanted is None and len(self.providers) == 1:
            return next(iter(self.providers))
        if wanted is None:
            fault = f"missing, and there are several: {listed(self.providers)}"
            raise ConfigError(self._root.fault(fault, "provider"))
        if wanted not in self.providers:
            fault = f"no such provider{nearest(wanted, self.providers)} (configured: {listed(self.providers)})"
            raise UnknownProvider(self._root.fault(fault, "provider" if name is None else "providers"))
        return wanted


@frozen
class _Top:
    """The keys at the top of a config."""

    provider: str | None = None
    providers: dict[str, Value] = field(factory=dict[str, Value])
    add: dict[str, Value] = field(factory=dict[str, Value])
    drip: dict[str, Value] = field(factory=dict[str, Value])


@frozen
class _Typed:
    """The key that every provider's table has."""

    type: str


def load(config: ConfigSource = None, *, environ: Mapping[str, str] = os.environ) -> Config:
    """Read a config, lay the environment over it, and check the shape of all of it.

    Args:
        config: A file, a mapping of the same shape, or None for the usual places.
        environ: The environment.

    Raises:
        ConfigError: No config is found, it cannot be read, or its shape is wrong. The text lists every fault.
    """
    config, variables = hidden(config), hidden_environment(environ)
    del environ  # a traceback with local variables would show it
    root = find(config, variables)
    top, faults = read(root, _Top)
    if not faults and not top.get("providers"):
        faults.append(root.fault("missing: no provider is configured", "providers"))
    types, type_faults = _types(root.table("providers"))
    add, add_faults = read_settings(root.table("add"), AddSettings)
    drip, drip_faults = read_settings(root.table("drip"), PaceSettings)
    if faults := [*faults, *type_faults, *add_faults, *drip_faults]:
        raise ConfigError("\n".join(faults))
    return Config(top.get("provider"), types, add, drip, root)


def _types(providers: Table) -> tuple[dict[str, str], list[str]]:
    """Read the type of each provider, and check the fields of built-in types.

    Returns:
        The types by name, empty where one cannot be read, and the faults.
    """
    types: dict[str, str] = {}
    faults: list[str] = []
    for name, fields in providers.values.items():
        table = providers.table(name)
        if not isinstance(fields, dict):
            faults.append(table.fault("must be a table"))
            continue
        values, type_faults = read(table.only("type"), _Typed)
        types[name] = values.get("type", "")
        faults += type_faults
        if registry.is_built_in(types[name]):
            faults += _provider_fields(table, registry.load(types[name]), look_up=False)[1]
    return types, faults


def _provider_fields(
    table: Table, kind: type[GroupMembershipProvider], *, look_up: bool
) -> tuple[dict[str, Value], list[str]]:
    """Read a provider's fields.

    Returns:
        The values that are right, by key, and the faults of the others.
    """
    resolved, unresolved = table.without("type").resolved(look_up=look_up)
    values, faults = read(resolved, kind)
    url = values.get("base_url")
    if isinstance(url, str) and not is_address(url):
        faults.append(table.fault(NOT_AN_ADDRESS, "base_url"))
    return values, unresolved + faults
