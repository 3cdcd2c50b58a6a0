"""What types of provider are installed, and what can be known of each: derived from their classes."""

import inspect
from collections.abc import Mapping
from typing import TypedDict, get_args

import attrs
from attrs import frozen

from groupadd import provider
from groupadd.config import registry
from groupadd.config.registry import Origin
from groupadd.model.masking import Secret
from groupadd.provider import Endpoints, GroupMembershipProvider
from groupadd.wire.endpoint import Source

ADDING = GroupMembershipProvider.__name__


class ProviderJSON(TypedDict):
    """A type in the JSON list of what is installed."""

    type: str
    origin: str
    abilities: list[str] | None


class ProviderInFullJSON(ProviderJSON):
    """A type in the JSON of what is known of it."""

    reports_each_person: bool
    proven: str
    rests_on: dict[str, list[str]]
    fields: list[dict[str, object]]


@frozen
class Field:
    """A config field of a provider.

    Attributes:
        name: Its key in the config.
        required: Whether it must be given.
        secret: Whether its value is never shown.
        default: What stands in for it; None where nothing does, or nothing that is shown.
    """

    name: str
    required: bool
    secret: bool
    default: str | bool | float | None = None


@frozen
class ProviderInfo:
    """A type of provider, as far as it is known.

    Attributes:
        name: Its name in the config: the `type`.
        origin: `built in`, or the distributions that bring it.
        loaded: Its class, or None where that would import a plugin that nobody asked for.
    """

    name: str
    origin: str
    loaded: type[GroupMembershipProvider] | None

    @property
    def abilities(self) -> Mapping[str, str] | None:
        """What it can do besides adding, each with its meaning; None where it is not known."""
        if self.loaded is None:
            return None
        return {name: _meaning(name) for name in registry.abilities(self.loaded)}

    @property
    def reports_each_person(self) -> bool:
        """Whether its answers are known to speak of each person."""
        return self.loaded is not None and self.loaded.reports_each_person

    @property
    def rests_on(self) -> Mapping[str, tuple[Source, ...]]:
        """The sources of adding and of each ability, strongest first; none where the class declares no endpoints."""
        if self.loaded is None:
            return {}
        endpoints: Endpoints = getattr(self.loaded, "endpoints", {})
        abilities = (ADDING, *registry.abilities(self.loaded))
        return {ability: _sources(endpoints, _method(ability)) for ability in abilities}

    @property
    def proven(self) -> str:
        """Whether any of it was ever recorded live, in words."""
        live = any(Source.LIVE in sources for sources in self.rests_on.values())
        return "partly, by recordings of the live service" if live else "not proven against the live service"

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its config fields; none where they are not known."""
        return () if self.loaded is None else _fields(self.loaded)

    def as_dict(self) -> ProviderJSON:
        """Return the type as JSON values."""
        abilities = self.abilities
        return {"type": self.name, "origin": self.origin, "abilities": None if abilities is None else list(abilities)}

    def as_dict_in_full(self) -> ProviderInFullJSON:
        """Return all that is known of the type as JSON values."""
        fields = [attrs.asdict(field) for field in self.fields]
        return {
            **self.as_dict(),
            "reports_each_person": self.reports_each_person,
            "proven": self.proven,
            "rests_on": {name: list(map(str, rests_on)) for name, rests_on in self.rests_on.items()},
            "fields": fields,
        }


def installed() -> tuple[ProviderInfo, ...]:
    """Return every type that is installed; plugins are not imported."""
    return tuple(
        ProviderInfo(name, _origin(origin), registry.load(name) if origin.built_in else None)
        for name, origin in registry.installed().items()
    )


def provider_info(name: str) -> ProviderInfo:
    """Return one type, importing it.

    Raises:
        UnknownProvider: No such type is installed.
        ConfigError: It is installed, and is not to be used.
    """
    loaded = registry.load(name)
    return ProviderInfo(name, _origin(registry.installed()[name]), loaded)


def _origin(origin: Origin) -> str:
    return "built in" if origin.built_in else ", ".join(origin.distributions)


def _meaning(ability: str) -> str:
    """Return the first line of what `groupadd.provider` says of an ability."""
    return (inspect.getdoc(getattr(provider, ability)) or "").partition("\n")[0].rstrip(".")


def _method(ability: str) -> str:
    """Return the name of an ability's one method."""
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
