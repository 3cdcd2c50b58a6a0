"""Which providers there are: our own, one file each, then those that other distributions bring by an entry point.

A type is named for our file, or by its entry point. Listing types imports none of them; a name of ours cannot be taken
over.
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
    """Where the class behind a type is found, known without importing it.

    Attributes:
        value: A module of ours, or the entry point's `module:name`.
        distributions: The distributions that bring it: none for our own, and one cannot be used that two bring.
    """

    value: str
    distributions: tuple[str, ...] = ()

    @property
    def built_in(self) -> bool:
        """Whether it is one of our own."""
        return not self.distributions


def installed() -> Mapping[str, Origin]:
    """Return every type that can be configured, importing none of them."""
    return {**_built_in(), **_brought()}


def load(name: str) -> type[GroupMembershipProvider]:
    """Import the class behind a type, and no other.

    Raises:
        UnknownProvider: No such type is installed.
        ConfigError: It is installed, and is not to be used.
    """
    if name in _built_in():
        module = import_module(_built_in()[name].value)
        found: type[GroupMembershipProvider] = getattr(module, module.__all__[0])
        return found
    origin = _brought().get(name)
    if origin is None:
        known = installed()
        raise UnknownProvider(f"no such type is installed{nearest(name, known)} (installed: {listed(known)})")
    if len(origin.distributions) > 1:
        raise ConfigError(f"{listed(origin.distributions)} all bring this type; uninstall all but one")
    return _load_plugin(EntryPoint(name=name, value=origin.value, group=GROUP), origin)


def is_built_in(name: str) -> bool:
    """Return whether a type is one of our own."""
    return name in _built_in()


def type_name(bare: GroupMembershipProvider) -> str:
    """Return the type of a provider made without a config; of a class that is not installed, the name in snake_case."""
    kind = type(bare)
    package, _, file = kind.__module__.rpartition(".")
    if package == providers.__name__:
        return file
    value = f"{kind.__module__}:{kind.__qualname__}"
    snake_case = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind.__name__).lower()
    return next((name for name, origin in _brought().items() if origin.value == value), snake_case)


def abilities(kind: type[GroupMembershipProvider]) -> tuple[str, ...]:
    """Return the names of the protocols in `groupadd.provider` that a class fulfils besides the one that all do."""
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
def _brought() -> Mapping[str, Origin]:
    """Scan what is installed, once: with many distributions it takes tens of milliseconds."""
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
