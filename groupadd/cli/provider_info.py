"""The installed provider types, and what each can do, derived from its class."""

import inspect
from collections.abc import Mapping
from typing import get_args

import attrs
from attrs import frozen

from groupadd import provider
from groupadd.config import registry
from groupadd.config.registry import Origin
from groupadd.model.json_form import to_json
from groupadd.model.masking import Secret
from groupadd.provider import Endpoints, GroupMembershipProvider
from groupadd.wire.endpoint import Source

ADDING = GroupMembershipProvider.__name__


@frozen
class Field:
    """A config field of a provider.

    Attributes:
        name: The field's key in the config.
        required: Whether the config must give the field.
        secret: Whether groupadd hides the field's value.
        default: The default; None for a required field, and for a default that is not shown.
    """

    name: str
    required: bool
    secret: bool
    default: str | bool | float | None = None


@frozen
class ProviderInfo:
    """An installed provider type.

    Attributes:
        name: The `type` in the config.
        origin: `built in`, or the distributions that provide the type.
        loaded: The provider class; None for a plugin that is not imported.
    """

    name: str
    origin: str
    loaded: type[GroupMembershipProvider] | None

    @property
    def abilities(self) -> Mapping[str, str] | None:
        """The abilities besides adding, each with its meaning; None for a plugin that is not imported."""
        if self.loaded is None:
            return None
        return {name: _meaning(name) for name in registry.abilities(self.loaded)}

    @property
    def reports_each_person(self) -> bool:
        """Whether the provider's answers report each person; False for a plugin that is not imported."""
        return self.loaded is not None and self.loaded.reports_each_person

    @property
    def rests_on(self) -> Mapping[str, tuple[Source, ...]]:
        """The sources of adding and of each ability, strongest first; empty for a class without `endpoints`."""
        if self.loaded is None:
            return {}
        endpoints: Endpoints = getattr(self.loaded, "endpoints", {})
        abilities = (ADDING, *registry.abilities(self.loaded))
        return {ability: _sources(endpoints, _method(ability)) for ability in abilities}

    @property
    def proven(self) -> str:
        """Whether recordings of the live service, or of the vendor's own program, prove any of it, in words."""
        cited = {source for sources in self.rests_on.values() for source in sources}
        if Source.LIVE in cited:
            return "partly, by recordings of the live service"
        program = "; partly by recordings of the vendor's own program" if Source.PROGRAM in cited else ""
        return f"not proven against the live service{program}"

    @property
    def fields(self) -> tuple[Field, ...]:
        """The config fields; empty for a plugin that is not imported."""
        return () if self.loaded is None else _fields(self.loaded)

    def as_dict(self) -> dict[str, object]:
        """Return type, origin and abilities as JSON values."""
        abilities = self.abilities
        return {"type": self.name, "origin": self.origin, "abilities": None if abilities is None else list(abilities)}

    def as_dict_in_full(self) -> dict[str, object]:
        """Return all properties as JSON values."""
        return {
            **self.as_dict(),
            "reports_each_person": self.reports_each_person,
            "proven": self.proven,
            "rests_on": {name: list(sources) for name, sources in self.rests_on.items()},
            "fields": [to_json(field) for field in self.fields],
        }


def installed() -> tuple[ProviderInfo, ...]:
    """Return every installed type, sorted by name, without importing plugins."""
    return tuple(
        ProviderInfo(name, _origin(origin), registry.load(name) if origin.built_in else None)
        for name, origin in registry.installed().items()
    )


def provider_info(name: str) -> ProviderInfo:
    """Return one type; import its plugin.

    Raises:
        UnknownProvider: No such type is installed.
        ConfigError: The type is installed, but cannot be used.
    """
    loaded = registry.load(name)
    return ProviderInfo(name, _origin(registry.installed()[name]), loaded)


def _origin(origin: Origin) -> str:
    return "built in" if origin.built_in else ", ".join(origin.distributions)


def _meaning(ability: str) -> str:
    """Return the first line of an ability's docstring in `groupadd.provider`."""
    return (inspect.getdoc(getattr(provider, ability)) or "").partition("\n")[0].rstrip(".")


def _method(ability: str) -> str:
    """Return the name of an ability's only method."""
    protocol: type = getattr(provider, ability)
    return next(name for name, value in vars(protocol).items() if inspect.isfunction(value) and name[0] != "_")


def _sources(endpoints: Endpoints, method: str) -> tuple[Source, ...]:
    cited = {source for endpoint in endpoints.get(method, ()) for source in endpoint.sources}
    return tuple(source for source in Source if source in cited)


def _fields(provider_info: type) -> tuple[Field, ...]:
    return tuple(_field(one) for one in attrs.fields(attrs.resolve_types(provider_info)) if one.init)


def _field(one: "attrs.Attribute[object]") -> Field:
    secret = Secret in {one.type, *get_args(one.type)}
    shown = one.default if isinstance(one.default, str | bool | int | float) and not secret else None
    return Field(one.alias or one.name, one.default is attrs.NOTHING, secret, shown)
