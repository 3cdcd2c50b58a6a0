"""Words for config errors: the nearest known name, a list of names, and the error of a plugin."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

from groupadd.errors import ConfigError

T = TypeVar("T")
P = ParamSpec("P")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the nearest known word, or an empty text where none is near."""
    return "".join(f"; did you mean {near}?" for near in get_close_matches(word, known, n=1))


def listed(names: Iterable[str]) -> str:
    """Return names in order, with commas, or `none`."""
    return ", ".join(sorted(names)) or "none"


def call_untrusted(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a plugin's code.

    Raises:
        ConfigError: The code raised an error, or would end the program. Only the error's type is shown, and it is not
            chained: it may hold secrets.
    """
    try:
        return call(*args, **kwargs)
    except (Exception, SystemExit) as error:  # noqa: BLE001  a plugin may raise anything
        kind = type(error).__name__
    raise ConfigError(kind)
