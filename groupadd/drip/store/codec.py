"""How values become columns, and back: text, numbers and words of an enum as they are, everything else as JSON.

What goes in is cleaned, since a database may refuse what a provider says. What comes out is checked, since another
program may have written it.
"""

import json
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from attrs import evolve
from sqlalchemy import JSON, Dialect, Double, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from groupadd.errors import LedgerError
from groupadd.model.cleaning import clean_cell
from groupadd.model.json_form import from_json, to_json
from groupadd.provider import Claim

ValueT = TypeVar("ValueT")
WordT = TypeVar("WordT", bound=StrEnum)

# Raised when a stored value changes its shape. Since 2, looks say whether a row lists the person, and claims whether
# WhatsApp was asked; the fields' defaults say it of older values.
VALUE_VERSION: Final = 2
_FARTHEST_S: Final = 200_000_000_000.0  # in the year 8307; Python knows no date after 9999
_LARGEST_INTEGER: Final = 2**31 - 1  # PostgreSQL's
_UNREADABLE: Final = object()


class UnusableValue(LedgerError):
    """The ledger refuses a value, or holds one that cannot be read. It can be used all the same."""


class AsText(TypeDecorator[str]):
    """A column that holds text, or nothing."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Text
    cache_ok: bool | None = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's own
        """Return what the database stores."""
        return None if value is None else clean_cell(value)

    def process_result_value(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text that the database stores.

        Raises:
            UnusableValue: It is no text.
        """
        if value is None or isinstance(value, str):
            return value and clean_cell(value)
        raise UnusableValue("the ledger holds a value that is no text")


class AsInteger(TypeDecorator[int]):
    """A column that holds a count, an id or a version, or nothing."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Integer
    cache_ok: bool | None = True

    def process_result_value(self, value: object, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the number that the database stores.

        Raises:
            UnusableValue: It is no whole number, or out of range.
        """
        if value is None or (isinstance(value, int) and 0 <= value <= _LARGEST_INTEGER):
            return value
        raise UnusableValue("the ledger holds a value that is no count and no id")


class AsMoment(TypeDecorator[float]):
    """A column that holds a moment in seconds since 1970, or nothing."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Double
    cache_ok: bool | None = True

    def process_result_value(self, value: object, dialect: Dialect) -> float | None:  # noqa: ARG002
        """Return the moment that the database stores; one that no calendar has becomes one in the far future.

        Raises:
            UnusableValue: It is no number.
        """
        if value is None:
            return None
        if isinstance(value, int | float):
            return float(value) if abs(value) < _FARTHEST_S else _FARTHEST_S
        raise UnusableValue("the ledger holds a value that is no moment")


class AsJSON(TypeDecorator[ValueT], Generic[ValueT]):
    """A column that holds one value as `{"v": 2, "value": …}`, or nothing."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = JSON(none_as_null=True)
    cache_ok: bool | None = True

    def __init__(self, kind: type[ValueT]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: ValueT | None, dialect: Dialect) -> object:  # noqa: ARG002
        """Return what the database stores. The code of a personal invitation is a secret, and stays out."""
        kept = evolve(value, code=None) if isinstance(value, Claim) else value
        return None if kept is None else {"v": VALUE_VERSION, "value": to_json(kept)}

    def process_result_value(self, value: Any, dialect: Dialect) -> ValueT | None:  # noqa: ANN401, ARG002
        """Return the value that the database stores.

        Raises:
            LedgerError: A newer groupadd wrote the value.
            UnusableValue: The value cannot be read.
        """
        match value:
            case None:
                return None
            case {"v": int(version)} if version > VALUE_VERSION:
                raise LedgerError(f"a newer groupadd wrote the ledger (version {version} of a value): update groupadd")
            case {"v": int(), "value": form}:
                try:
                    return from_json(form, self.kind)
                except ValueError as error:
                    fault = str(error)
            case _:
                fault = "this is no value of groupadd's"
        raise UnusableValue(f"the ledger holds a value that cannot be read: {fault}")


def json_value(text: str | bytes) -> object:
    """Return what a JSON column holds; a column of `AsJSON` cannot read what is no JSON."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return _UNREADABLE


class AsWord(TypeDecorator[WordT], Generic[WordT]):
    """A column that holds one word of an enum, or nothing."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = Text
    cache_ok: bool | None = True

    def __init__(self, kind: type[WordT]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: WordT | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return what the database stores."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> WordT | None:  # noqa: ANN401, ARG002
        """Return the word that the database stores.

        Raises:
            UnusableValue: The enum has no such word.
        """
        try:
            return None if value is None else self.kind(value)
        except ValueError:
            pass
        raise UnusableValue(f"the ledger holds a word that is no {self.kind.__name__}")
