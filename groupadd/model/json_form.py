"""Values as JSON, and back: one converter for every `as_dict` and every JSON column."""

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # cattrs costs more to import than all of groupadd
    from cattrs import Converter

T = TypeVar("T")


def to_json(value: object) -> dict[str, object]:
    """Return an attrs instance as JSON values, keyed by field; times are ISO 8601, tuples are lists."""
    form: dict[str, object] = _converter().unstructure(value)
    return form


def from_json(form: object, kind: type[T]) -> T:
    """Return the attrs instance that `to_json` made a form of.

    Raises:
        ValueError: The form lacks a field, or holds another kind of value.
    """
    try:
        return _converter().structure(form, kind)
    except Exception as error:  # noqa: BLE001  cattrs raises groups of many kinds
        fault = type(error).__name__
    raise ValueError(f"this is no {kind.__name__} ({fault})")


@cache
def _converter() -> "Converter":
    from collections.abc import Sequence  # noqa: PLC0415

    from cattrs import Converter  # noqa: PLC0415

    converter = Converter(unstruct_collection_overrides={Sequence: list})
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    return converter
