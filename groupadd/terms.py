"""How an add is carried out: the settings of a client, and the table `[add]` of a config."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import attrs
from attrs import field, frozen
from attrs.validators import in_

Verify: TypeAlias = Literal["auto", "always", "never"]
Invitation: TypeAlias = Literal["never", "link", "personal"]

LINK = "{link}"


def _check(holds: Callable[[Any], bool], wanted: str) -> Callable[[object, "attrs.Attribute[Any]", Any], None]:
    def validator(_: object, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if not holds(value):
            raise ValueError(f"{attribute.name} must be {wanted}")

    return validator


def _as_tuple(seconds: Sequence[float]) -> tuple[float, ...]:
    return tuple(seconds)


def _is_ascending(seconds: Sequence[float]) -> bool:
    return all(0 <= s < math.inf for s in seconds) and all(a < b for a, b in zip(seconds, seconds[1:], strict=False))


def _has_one_link(text: str) -> bool:
    before, link, after = text.partition(LINK)
    return bool(link) and not {"{", "}"} & {*before, *after}


@frozen(kw_only=True)
class Terms:
    """How an add is carried out.

    Attributes:
        verify: Which looks at the roster are taken: `auto` only those that the answer leaves open, `always` before and
            after, `never` none.
        look_after_s: Seconds after the answer at which the roster is read, ascending.
        late_after_s: Seconds after sending during which an unanswered add may still take effect.
        timeout_s: Seconds for one request as a whole, from connecting to the last byte.
        notify: Whether people are notified; None is the provider's own default.
        invite: `link`: who could not be added gets the group's link in a direct message, where that makes sense;
            `personal`: gets WhatsApp's own invitation for one person, where it offers one.
        invite_text: That message, with `{link}` in the link's place.
    """

    verify: Verify = field(default="auto", validator=in_(get_args(Verify)))
    look_after_s: tuple[float, ...] = field(
        default=(2.0, 8.0, 30.0),
        converter=_as_tuple,
        validator=_check(_is_ascending, "ascending seconds, none below 0"),
    )
    late_after_s: float = field(default=60.0, validator=_check(lambda s: 0 <= s < math.inf, "0 seconds or more"))
    timeout_s: float = field(default=30.0, validator=_check(lambda s: 0 < s < math.inf, "more than 0 seconds"))
    notify: bool | None = None
    invite: Invitation = field(default="never", validator=in_(get_args(Invitation)))
    invite_text: str = field(
        default="Join our group: {link}", validator=_check(_has_one_link, "text with one {link} and no other braces")
    )

    def as_arguments(self) -> dict[str, Any]:
        """Return the settings as keyword arguments of a client."""
        return attrs.asdict(self, recurse=False)
