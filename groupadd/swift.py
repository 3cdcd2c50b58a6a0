"""Frozen values that are made by the thousand.

attrs writes every field of a frozen instance through `object.__setattr__`, a call each, which is most of what a list of
1,024 people costs us (tests/benchmarks/add.py). A swift class writes them while the instance is of a private subclass
that is not frozen, and then gives it its class: the same class, equality and immutability in half the time.
"""

from typing import Any, TypeVar

import attrs

T = TypeVar("T")


def swift(cls: type[T]) -> type[T]:
    """Give a frozen attrs class with slots, plain defaults and no validators an `__init__` that writes slots itself."""
    fields = {field.name: field.default for field in attrs.fields(cls)}  # type: ignore[arg-type]  # cls is an attrs class
    plain = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    scope: dict[str, Any] = {"cls": cls, "writable": type(cls.__name__, (cls,), plain), "become": object.__setattr__}
    scope |= {f"_{name}": default for name, default in fields.items()}
    arguments = [name if default is attrs.NOTHING else f"{name}=_{name}" for name, default in fields.items()]
    body = [
        f"def __init__(self, {', '.join(arguments)}):",
        "become(self, '__class__', writable)",
        *(f"self.{name} = {name}" for name in fields),
        "self.__class__ = cls",
    ]
    exec("\n    ".join(body), scope)  # noqa: S102  as attrs makes its own
    scope["__init__"].__annotations__ = vars(cls)["__init__"].__annotations__
    type.__setattr__(cls, "__init__", scope["__init__"])
    return cls
