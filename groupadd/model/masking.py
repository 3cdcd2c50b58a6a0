"""Masks: secrets are never shown, nor the middle of people's numbers."""

import re
from base64 import b64encode
from collections.abc import Callable
from typing import NoReturn, final

from groupadd.errors import ConfigError

MASK = "•••"
_HIDDEN = re.compile(r"chat\.whatsapp\.com/\S*|\+?[0-9][0-9 ().-]{5,}[0-9]")
_PLAIN = re.compile(r"(?:(?:[A-Z]?[a-z]+|[A-Z]+|[0-9]{1,4})(?:[ ,_.-]+|$))*")  # keys mix their letters and digits
_FEWEST_DIGITS = 5  # of a number, a JID or a LID
_SHORTEST_CODE = 20  # an invite code has 22 characters
_LONGEST_NAME = 64
_LONGEST_CODES = 6  # digits in all; the shortest numbers have 7


@final
class Secret:
    """A key, token or invite code. Every way of looking at it shows a mask or raises.

    The text is kept in a closure, so that a program that walks attributes or slots finds a function and no text. It is
    no attrs class, since those show their fields to converters and to rich. Only the transport calls `reveal()`.
    """

    __slots__ = ("_reveal",)

    def __init__(self, value: str) -> None:
        self._reveal: Callable[[], str] = lambda: value

    def reveal(self) -> str:
        """Return the secret itself. Only the transport may call this."""
        return self._reveal()

    def within(self, template: str, place: str = "{}") -> "Secret":
        """Return `template` as a secret, with this one in its `place`."""
        return Secret(template.replace(place, self._reveal()))

    def basic(self, username: str) -> "Secret":
        """Return the `Authorization` header of a user with this password (RFC 7617, in UTF-8).

        Raises:
            ConfigError: The username or the password is not Unicode text.
        """
        pair = _encoded(f"{username}:{self._reveal()}")
        if pair is None:
            raise ConfigError("a username or password holds characters that are not Unicode text")
        return Secret(f"Basic {b64encode(pair).decode()}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self._reveal())

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __getstate__(self) -> NoReturn:  # for copies and pickles of every protocol
        raise TypeError("a Secret is not copied or pickled: read it again where it is needed")


def _encoded(text: str) -> bytes | None:
    """Return a text in UTF-8, or None where that cannot be: Python's own error would hold the text.

    Bytes of an environment that is not UTF-8 stay as they are.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None


def masked(name: str) -> str:
    """Return a number, JID or spelling with its middle hidden: `+1555•••00`, `1203•••42@g.us`.

    Text with fewer than five digits is no number and stays, unless it may be an invite code or hold one, as links do.
    """
    local, at, domain = name.partition("@")
    digits = "".join(filter(str.isdigit, local))
    is_number = len(digits) >= _FEWEST_DIGITS
    may_be_code = not is_number and len(local) >= _SHORTEST_CODE
    if "/" in name or len(name) > _LONGEST_NAME or any(map(str.isdigit, domain)) or may_be_code:
        return "(not shown)"
    if not is_number:
        return name
    plus = "" if domain in {"lid", "g.us"} else "+"
    return f"{plus}{digits[: min(4, len(digits) - 4)]}{MASK}{digits[-2:]}{at}{domain}"


def repr_masked(name: str | None) -> str:
    """Return the repr of a name that may be missing, masked."""
    return repr(name and masked(name))


def repr_masked_lid(lid: str | None) -> str:
    """Return the repr of a LID's digits that may be missing, masked."""
    return repr_masked(lid and f"{lid}@lid")


def masked_url(url: str) -> str:
    """Return an address with the credentials in it masked: a user and password, and the query.

    A provider's address has neither: `base_url: str = field(converter=masked_url)`. A client refuses a masked one.
    """
    before, at, host = url.rpartition("@")
    scheme, slashes, _ = before.partition("//")
    address, mark, _ = (f"{scheme if slashes else ''}{slashes}{MASK}@{host}" if at else url).partition("?")
    return address + (mark and mark + MASK)


def scrubbed(text: str) -> str:
    """Return a text in which everything that looks like a number or an invite link is masked."""
    return _HIDDEN.sub(lambda found: masked(found[0]), text)


def repr_scrubbed(says: str | None) -> str:
    """Return the repr of a provider's code or plain words. Other text may echo what was sent, and is hidden."""
    plain = says is None or (_PLAIN.fullmatch(says) and sum(map(str.isdigit, says)) <= _LONGEST_CODES)
    return repr(says if plain else "(not shown)")
