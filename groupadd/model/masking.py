"""Masks: secrets are never shown, nor the middle of people's numbers."""

import re
from base64 import b64encode
from typing import NoReturn, final

from attrs import field, frozen

_MASK = "•••"
_HIDDEN = re.compile(r"chat\.whatsapp\.com/\S*|\+?[0-9][0-9 ().-]{5,}[0-9]")
_PLAIN = re.compile(r"(?:(?:[A-Z]?[a-z]+|[A-Z]+|[0-9]{1,4})(?:[ ,_.-]+|$))*")  # keys mix their letters and digits
_FEWEST_DIGITS = 5  # of a number, a JID or a LID
_SHORTEST_CODE = 20  # an invite code has 22 characters
_LONGEST_NAME = 64
_LONGEST_CODES = 6  # digits in all; the shortest numbers have 7


@final
@frozen(repr=False, str=False)
class Secret:
    """A key, token or invite code. Every way of printing it shows a mask. Only the transport calls `reveal()`."""

    _value: str = field()

    def reveal(self) -> str:
        """Return the secret itself. Only the transport may call this."""
        return self._value

    def within(self, template: str, place: str = "{}") -> "Secret":
        """Return `template` as a secret, with this one in its `place`."""
        return Secret(template.replace(place, self._value))

    def basic(self, username: str) -> "Secret":
        """Return the `Authorization` header of a user with this password (RFC 7617, in UTF-8)."""
        pair = f"{username}:{self._value}".encode(errors="surrogateescape")
        return Secret(f"Basic {b64encode(pair).decode()}")

    def __repr__(self) -> str:
        return f"Secret('{_MASK}')"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return _MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: read it again where it is needed")


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
    return f"{plus}{digits[: min(4, len(digits) - 4)]}{_MASK}{digits[-2:]}{at}{domain}"


def repr_masked(name: str | None) -> str:
    """Return the repr of a name that may be missing, masked."""
    return repr(name and masked(name))


def repr_masked_lid(lid: str | None) -> str:
    """Return the repr of a LID's digits that may be missing, masked."""
    return repr_masked(lid and f"{lid}@lid")


def scrubbed(text: str) -> str:
    """Return a text in which everything that looks like a number or an invite link is masked."""
    return _HIDDEN.sub(lambda found: masked(found[0]), text)


def repr_scrubbed(says: str | None) -> str:
    """Return the repr of a provider's code or plain words. Other text may echo what was sent, and is hidden."""
    plain = says is None or (_PLAIN.fullmatch(says) and sum(map(str.isdigit, says)) <= _LONGEST_CODES)
    return repr(says if plain else "(not shown)")
