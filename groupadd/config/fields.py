"""A table of a config → the fields of an attrs class, strictly: cattrs alone reads "false" as true and 7 as "7"."""

import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin

import attrs

from groupadd.config.sources import UNRESOLVED, Table, Text, Value, revealed
from groupadd.config.suggestions import call_untrusted, nearest
from groupadd.errors import ConfigError
from groupadd.model.masking import Secret

if TYPE_CHECKING:  # cattrs is imported when the first config is read
    from cattrs import Converter

T = TypeVar("T")
Hint: TypeAlias = Any  # an annotation may be anything

_WORDS: Mapping[Hint, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text, and not empty",
    Secret: "text in one line, not empty, without blanks at its ends",
}
TABLES: Hint = dict[str, Value]
_LISTS: frozenset[Hint] = frozenset({tuple, list, Sequence})


def read(table: Table, kind: type) -> tuple[dict[str, Value], list[str]]:
    """Read the fields of an attrs class from a table.

    Returns:
        The values that are right, by key, and the faults of the others. A fault names its place, and never a value.
    """
    known = {one.alias: one for one in attrs.fields(attrs.resolve_types(kind)) if one.init}
    values: dict[str, Value] = {}
    faults = [table.fault(f"unknown key{nearest(key, known)}", key) for key in table.values if key not in known]
    for key, one in known.items():
        if key in table.values:
            try:
                values[key] = _value(table.values[key], one.type)
            except ConfigError as error:
                faults.append(table.fault(str(error), key))
        elif one.default is attrs.NOTHING:
            faults.append(table.fault("missing", key))
    return values, faults


def read_settings(table: Table, kind: type[T]) -> tuple[T, list[str]]:
    """Build an attrs class whose fields all have a default from a table.

    Returns:
        The instance, with defaults in the place of wrong values, and the faults of those.
    """
    values, faults = read(table, kind)
    for key, value in [*values.items()]:
        try:
            kind(**{key: value})
        except ValueError as error:
            del values[key]
            faults.append(table.fault(str(error).removeprefix(f"{key} "), key))
    return kind(**values), faults


def _value(value: Value, hint: Hint) -> Value:
    """Return a value converted to its field's type.

    Raises:
        ConfigError: The value is of another kind. The text says what it must be.
    """
    if value is UNRESOLVED:
        return value
    if hint == TABLES:  # their fields are known later
        return _tables(value)
    readings = [plain := revealed(value)]
    if isinstance(value, Text) and value.is_external:
        with suppress(ValueError, RecursionError):
            readings.append(tomllib.loads(f"value = {plain}")["value"])
    for reading in readings:
        with suppress(ConfigError):
            return call_untrusted(_structured, reading, hint)
    near = nearest(plain, get_args(hint)) if _origin(hint) is Literal and isinstance(plain, str) else ""
    raise ConfigError(f"must be {_wanted(hint)}{near}")


def _tables(value: Value) -> Value:
    if not isinstance(value, dict):
        raise ConfigError(f"must be {_wanted(TABLES)}")
    return value


def _structured(value: Value, hint: Hint) -> Value:
    if _origin(hint) in _LISTS and not isinstance(value, list | tuple):
        raise TypeError("cattrs would take a text for a list of its characters")
    return _converter().structure(value, hint)


@cache
def _converter() -> "Converter":
    from cattrs import Converter  # noqa: PLC0415  costs more to import than all of groupadd

    converter = Converter()
    for kind in (bool, int, float, str):
        converter.register_structure_hook(kind, _exact)
    converter.register_structure_hook(Secret, _secret)
    return converter


def _exact(value: Value, kind: type[Value]) -> Value:
    if issubclass(kind, Enum):  # a StrEnum is a str, too
        return kind(value)
    given = kind if kind is not float else (int, float)
    if not isinstance(value, given) or (isinstance(value, bool) and kind is not bool) or value == "":
        raise TypeError
    return kind(value)


def _secret(value: Value, _: type) -> Secret:
    secret = value if isinstance(value, Secret) else Secret(_exact(value, str))  # a mapping may hold one
    if secret.reveal().strip().splitlines() != [secret.reveal()]:
        raise TypeError
    return secret


def _origin(hint: Hint) -> Hint:
    return get_origin(hint)


def _wanted(hint: Hint) -> str:
    """Return in words what a field accepts."""
    if hint in _WORDS:
        return _WORDS[hint]
    origin = _origin(hint)
    inner = [one for one in get_args(hint) if one not in {NoneType, Ellipsis}]
    if origin is Literal:
        return "one of " + ", ".join(map(str, inner))
    if origin in {Union, UnionType}:
        return " or ".join(map(_wanted, inner))
    if origin in _LISTS:
        return f"a list, each {_wanted(inner[0])}"
    if origin is dict:
        return "a table"
    return f"of the type {getattr(origin or hint, '__name__', 'that its class wants')}"
