"""Values with a secret wherever they may hold one: built for every attrs class of the package, found by its types."""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from types import UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin

import attrs
import httpx

import groupadd
from groupadd import Secret
from groupadd.config import registry
from groupadd.provider import GroupMembershipProvider

Hint: TypeAlias = Any  # an annotation may be anything

KEY = "KEY-s3cr3t/PLAIN+0123"

_CARRIES: frozenset[Hint] = frozenset({Secret, GroupMembershipProvider, object, Any})
_PLAIN: Mapping[Hint, Callable[[], object]] = {
    Secret: lambda: Secret(KEY),
    object: lambda: Secret(KEY),
    Any: lambda: Secret(KEY),
    GroupMembershipProvider: lambda: build_provider("wasend"),
    str: lambda: "text",
    datetime: lambda: datetime(2026, 1, 1, tzinfo=UTC),
    **{kind: kind for kind in (int, float, bool, bytes)},
}


def build_provider(type_: str, **fields: object) -> GroupMembershipProvider:
    """Return a provider with a secret in each field that is one, and with credentials in its address."""
    provider_class: Any = registry.load(type_)
    provider: GroupMembershipProvider = attrs.evolve(build(provider_class), **fields)
    return provider


def carriers() -> Iterator[tuple[str, object]]:
    """Yield a value of every attrs class of the package that may hold a secret, by the class's name."""
    for module in pkgutil.walk_packages(groupadd.__path__, "groupadd."):
        if module.name.endswith("__main__"):
            continue
        for name, kind in vars(importlib.import_module(module.name)).items():
            if isinstance(kind, type) and kind.__module__ == module.name and attrs.has(kind) and mentions_secret(kind):
                yield f"{module.name}.{name}", build(kind)


def mentions_secret(hint: Hint) -> bool:
    """Return whether a value of a type may hold a secret."""
    if isinstance(hint, type) and attrs.has(hint):
        return any(mentions_secret(one.type) for one in _fields(hint))
    origin: Hint = get_origin(hint)
    if origin in {Callable, Literal}:
        return False
    return hint in _CARRIES or any(map(mentions_secret, get_args(hint)))


def build(hint: Hint) -> Hint:
    """Return a value of a type."""
    origin: Hint = get_origin(hint)
    arguments: tuple[Hint, ...] = get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]()
    if origin in {Union, UnionType, Literal}:
        chosen = next(filter(mentions_secret, arguments), arguments[0])
        return chosen if origin is Literal else build(chosen)
    if isinstance(origin, type):
        return _build_container(origin, arguments)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    return _build_attrs(hint) if isinstance(hint, type) and attrs.has(hint) else object()


def _build_container(origin: type, arguments: tuple[Hint, ...]) -> object:
    if issubclass(origin, Mapping):
        return {build(arguments[0]): build(arguments[1])}
    if issubclass(origin, Collection):
        kind: type[Any] = origin if origin in {list, set, frozenset} else tuple
        return kind([build(arguments[0])])
    return lambda *_: None  # a callable


def _fields(kind: type[Any]) -> Sequence["attrs.Attribute[Any]"]:
    fields: Sequence[attrs.Attribute[Any]] = attrs.fields(attrs.resolve_types(kind, localns={"httpx": httpx}))
    return fields


def _build_attrs(kind: type) -> object:
    fields = _fields(kind)
    wanted = [one for one in fields if one.init and (one.default is attrs.NOTHING or mentions_secret(one.type))]
    values = {str(one.alias): build(one.type) for one in wanted}
    if any(one.name == "base_url" for one in fields):
        values["base_url"] = f"https://me:{KEY}@api.example/?key={KEY}"
    return kind(**values)
