"""Words for config errors: the nearest known name, a list of names, and what a plugin raised."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

from groupadd.errors import ConfigError

T = TypeVar("T")
P = ParamSpec("P")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the known word that comes nearest, or nothing where none is near."""
    return "".join(f"; did you mean {near}?" for near in get_close_matches(word, known, n=1))


def listed(names: Iterable[str]) -> str:
    """Return names for people, or `none`."""
    return ", ".join(sorted(names)) or "none"


def call_untrusted(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call code that is not ours.

    Raises:
        ConfigError: It raised. Only the type of what it raised is told, and nothing is chained: it may hold secrets.
    """
    try:
        return call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001  a plugin may raise anything
        kind = type(error).__name__
    raise ConfigError(kind)
