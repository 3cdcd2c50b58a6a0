"""What is never shown: secrets, and the middle of people's numbers."""

from typing import NoReturn, final

from attrs import field, frozen

_MASK = "•••"


@final
@frozen(repr=False, str=False)
class Secret:
    """A key, token or invite code. Every way of printing it shows a mask; `reveal()` is the transport's."""

    _value: str = field()

    def reveal(self) -> str:
        """Return the secret itself, to be put on the wire and nowhere else."""
        return self._value

    def within(self, template: str) -> "Secret":
        """Return `template` as a secret, with this one in place of its `{}`."""
        return Secret(template.format(self._value))

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

    Text with fewer than five digits is not a number and stays; links are not shown at all, since they may hold a code.
    """
    if "/" in name or len(name) > 64:
        return "(not shown)"
    local, at, domain = name.partition("@")
    digits = "".join(filter(str.isdigit, local))
    if len(digits) < 5:
        return name
    plus = "" if domain in {"lid", "g.us"} else "+"
    return f"{plus}{digits[:4]}{_MASK}{digits[-2:]}{at}{domain}"


def masked_or_none(name: str | None) -> str:
    """Return the repr of a name that may be missing, masked."""
    return "None" if name is None else repr(masked(name))


def masked_lid(lid: str | None) -> str:
    """Return the repr of a LID's digits that may be missing, masked."""
    return "None" if lid is None else repr(masked(f"{lid}@lid"))
