"""The provider types: built-in ones, one file each, and those of other distributions, by entry point.

A type has the name of its file, or of its entry point. Listing types imports none of them. No plugin can take the name
of a built-in type.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import Protocol, TypeVar, cast

import attrs
from attrs import frozen

from groupadd import provider, providers
from groupadd.config.suggestions import call_untrusted, listed, nearest
from groupadd.errors import ConfigError, UnknownProvider
from groupadd.provider import GroupMembershipProvider

GROUP = "groupadd.providers"

T = TypeVar("T")


@frozen
class Origin:
    """Where the class of a type is found, without importing it.

    Attributes:
        value: The module of a built-in type, or the entry point's `module:name`.
        distributions: The distributions that have it: none for a built-in type. A type of two cannot be used.
    """

    value: str
    distributions: tuple[str, ...] = ()

    @property
    def built_in(self) -> bool:
        """Whether the type is built in."""
        return not self.distributions


def installed() -> Mapping[str, Origin]:
    """Return every type that can be configured, importing none of them."""
    return {**_built_in(), **_from_plugins()}


def load(name: str) -> type[GroupMembershipProvider]:
    """Import the class of a type, and no other.

    Raises:
        UnknownProvider: No such type is installed.
        ConfigError: The type is installed, but its class cannot be used.
    """
    if name in _built_in():
        module = import_module(_built_in()[name].value)
        found: type[GroupMembershipProvider] = getattr(module, module.__all__[0])
        return found
    origin = _from_plugins().get(name)
    if origin is None:
        known = installed()
        raise UnknownProvider(f"no such type is installed{nearest(name, known)} (installed: {listed(known)})")
    if len(origin.distributions) > 1:
        raise ConfigError(f"{listed(origin.distributions)} all bring this type; uninstall all but one")
    return _load_plugin(EntryPoint(name=name, value=origin.value, group=GROUP), origin)


def is_built_in(name: str) -> bool:
    """Return whether a type is built in."""
    return name in _built_in()


def type_name(bare: GroupMembershipProvider) -> str:
    """Return the type of a provider made without a config; for an uninstalled class, its name in snake_case."""
    kind = type(bare)
    package, _, file = kind.__module__.rpartition(".")
    if package == providers.__name__:
        return file
    value = f"{kind.__module__}:{kind.__qualname__}"
    snake_case = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind.__name__).lower()
    return next((name for name, origin in _from_plugins().items() if origin.value == value), snake_case)


def abilities(kind: type[GroupMembershipProvider]) -> tuple[str, ...]:
    """Return the names of a class's abilities: the protocols of `groupadd.provider` that it implements."""
    return tuple(
        name
        for name, ability in vars(provider).items()
        if isinstance(ability, type)
        and Protocol in ability.__bases__
        and ability is not GroupMembershipProvider
        and issubclass(kind, ability)
    )


@cache
def _built_in() -> Mapping[str, Origin]:
    return {one.name: Origin(f"{providers.__name__}.{one.name}") for one in iter_modules(providers.__path__)}


@cache
def _from_plugins() -> Mapping[str, Origin]:
    """Scan the installed distributions, once: with many of them it takes tens of milliseconds."""
    found: dict[str, Origin] = {}
    for point in entry_points(group=GROUP):
        if point.name not in _built_in():
            others = found[point.name].distributions if point.name in found else ()
            by = point.dist.name if point.dist else "an unnamed distribution"
            found[point.name] = Origin(point.value, (*others, by))
    return found


def _load_plugin(point: EntryPoint, origin: Origin) -> type[GroupMembershipProvider]:
    plugin = f"{point.value} (from {listed(origin.distributions)})"
    try:
        found: object = call_untrusted(point.load)
    except ConfigError as error:
        module = point.value.partition(":")[0]
        raise ConfigError(f"{plugin} cannot be imported: {error}; `python -c 'import {module}'` may show why") from None
    if not isinstance(found, type) or not attrs.has(found):
        raise ConfigError(f"{plugin} is no provider: not an attrs class")
    if lacks := {"add_participants", "base_url", "reports_each_person"} - {*dir(found), *attrs.fields_dict(found)}:
        raise ConfigError(f"{plugin} is no provider: it lacks {listed(lacks)}")
    return cast("type[GroupMembershipProvider]", found)
