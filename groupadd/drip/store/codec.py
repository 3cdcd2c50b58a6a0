"""How values become columns: words of an enum as text, everything else as JSON with a version in each value."""

from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from attrs import evolve
from sqlalchemy import JSON, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from groupadd.errors import LedgerError
from groupadd.model.json_form import from_json, to_json
from groupadd.provider import Claim

ValueT = TypeVar("ValueT")
WordT = TypeVar("WordT", bound=StrEnum)

# Raised when a stored value changes its shape. Since 2, looks say whether a row lists the person, and claims whether
# WhatsApp was asked; the fields' defaults say it of older values.
VALUE_VERSION: Final = 2


class AsJSON(TypeDecorator[ValueT], Generic[ValueT]):
    """A column that holds one value as `{"v": 2, "value": …}`, or nothing."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = JSON(none_as_null=True)
    cache_ok: bool | None = True

    def __init__(self, kind: type[ValueT]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: ValueT | None, dialect: Dialect) -> object:  # noqa: ARG002  SQLAlchemy's own
        """Return what the database stores. The code of a personal invitation is a secret, and stays out."""
        kept = evolve(value, code=None) if isinstance(value, Claim) else value
        return None if kept is None else {"v": VALUE_VERSION, "value": to_json(kept)}

    def process_result_value(self, value: Any, dialect: Dialect) -> ValueT | None:  # noqa: ANN401, ARG002
        """Return the value that the database stores.

        Raises:
            LedgerError: The value cannot be read.
        """
        if value is None:
            return None
        if value["v"] > VALUE_VERSION:
            raise LedgerError(f"a newer groupadd wrote the ledger (version {value['v']} of a value): update groupadd")
        try:
            return from_json(value["value"], self.kind)
        except ValueError as error:
            raise LedgerError(f"the ledger holds a value that cannot be read: {error}") from None


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

    def process_result_value(self, value: str | None, dialect: Dialect) -> WordT | None:  # noqa: ARG002
        """Return the word that the database stores."""
        return None if value is None else self.kind(value)
