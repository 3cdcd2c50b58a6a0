"""How values become columns: words of an enum as text, everything else as JSON with a version in each value."""

from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.json import make_converter
from sqlalchemy import JSON, Dialect, Text
from sqlalchemy.types import TypeDecorator

from groupadd.errors import LedgerError
from groupadd.provider import Claim

ValueT = TypeVar("ValueT")
WordT = TypeVar("WordT", bound=StrEnum)

VALUE_VERSION: Final = 1  # raised when a stored value changes its shape
_CONVERTER = make_converter(detailed_validation=False)
_KEPT_OUT = override(omit=True)  # the code of a personal invitation is a secret
_CONVERTER.register_unstructure_hook(Claim, make_dict_unstructure_fn(Claim, _CONVERTER, code=_KEPT_OUT))
_CONVERTER.register_structure_hook(Claim, make_dict_structure_fn(Claim, _CONVERTER, code=_KEPT_OUT))


class AsJSON(TypeDecorator[ValueT], Generic[ValueT]):
    """A column that holds one value as `{"v": 1, "value": …}`, or nothing."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, kind: Any) -> None:  # noqa: ANN401  a type, or an expression of types
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: ValueT | None, dialect: Dialect) -> object:  # noqa: ARG002  SQLAlchemy's own
        """Return what the database stores."""
        return None if value is None else {"v": VALUE_VERSION, "value": _CONVERTER.unstructure(value, self.kind)}

    def process_result_value(self, value: Any, dialect: Dialect) -> ValueT | None:  # noqa: ANN401, ARG002
        """Return the value that the database stores.

        Raises:
            LedgerError: A newer groupadd wrote the value.
        """
        if value is None:
            return None
        if value["v"] != VALUE_VERSION:
            raise LedgerError(f"a newer groupadd wrote the ledger (version {value['v']} of a value): update groupadd")
        structured: ValueT = _CONVERTER.structure(value["value"], self.kind)
        return structured


class AsWord(TypeDecorator[WordT], Generic[WordT]):
    """A column that holds one word of an enum, or nothing."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[WordT]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: WordT | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return what the database stores."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> WordT | None:  # noqa: ARG002
        """Return the word that the database stores."""
        return None if value is None else self.kind(value)
