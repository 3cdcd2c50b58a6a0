"""The settings of a client and of a drip: the tables `[add]` and `[drip]` of a config."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal, TypeAlias, TypedDict, get_args

import attrs
from attrs import field, frozen
from attrs.validators import in_

Verify: TypeAlias = Literal["auto", "always", "never"]
Invitation: TypeAlias = Literal["never", "link", "personal"]

LINK = "{link}"
_DAY_S = 24 * 3600


def _check(holds: Callable[[Any], bool], wanted: str) -> Callable[[object, "attrs.Attribute[Any]", object], None]:
    def validator(_: object, attribute: "attrs.Attribute[Any]", value: object) -> None:
        if not holds(value):
            raise ValueError(f"{attribute.name} must be {wanted}")

    return validator


def _as_tuple(seconds: Sequence[float]) -> tuple[float, ...]:
    return tuple(seconds)


def _is_ascending(seconds: Sequence[float]) -> bool:
    return all(0 <= s <= _DAY_S for s in seconds) and all(a < b for a, b in pairwise(seconds))


def _is_yes_no_or_none(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _has_one_link(text: str) -> bool:
    before, link, after = text.partition(LINK)
    return bool(link) and not {"{", "}"} & {*before, *after}


@frozen(kw_only=True)
class AddSettings:
    """How an add is carried out.

    Attributes:
        verify: Which looks at the roster are taken. `auto`: only where the answer cannot settle every participant.
            `always`: before and after. `never`: none.
        look_after_s: Seconds after the answer at which the roster is read, ascending. With fewer than two, absence is
            never proven.
        late_after_s: Seconds after sending during which an unanswered add may still take effect.
        timeout_s: Seconds for one request as a whole, from connecting to the last byte.
        notify: Whether participants are notified; None is the provider's own default.
        invite: `link`: participants who could not be added get the group's link, where that makes sense. `personal`:
            they get WhatsApp's personal invitation, where WhatsApp offers one. `never`: no invitation.
        invite_text: The text of the invitation, with `{link}` in the link's place.
    """

    verify: Verify = field(default="auto", validator=in_(get_args(Verify)))
    look_after_s: tuple[float, ...] = field(
        default=(2.0, 8.0, 30.0),
        converter=_as_tuple,
        validator=_check(_is_ascending, f"ascending seconds, from 0 to {_DAY_S}"),
    )
    late_after_s: float = field(
        default=60.0, validator=_check(lambda s: 0 <= s <= _DAY_S, f"from 0 to {_DAY_S} seconds")
    )
    timeout_s: float = field(
        default=30.0, validator=_check(lambda s: 0 < s <= _DAY_S, f"more than 0 and at most {_DAY_S} seconds")
    )
    notify: bool | None = field(default=None, validator=_check(_is_yes_no_or_none, "True, False or None"))
    invite: Invitation = field(default="never", validator=in_(get_args(Invitation)))
    invite_text: str = field(
        default="Join our group: {link}", validator=_check(_has_one_link, "text with one {link} and no other braces")
    )

    @property
    def believes_claims(self) -> bool:
        """Whether a claim alone may put a participant in the group; `verify="always"` wants a look."""
        return self.verify != "always"


class AddOverrides(TypedDict, total=False):
    """Some of the `AddSettings`, as keyword arguments."""

    verify: Verify
    look_after_s: Sequence[float]
    late_after_s: float
    timeout_s: float
    notify: bool | None
    invite: Invitation
    invite_text: str


_ONE_A_DAY = 1 / 1440  # a minute
_HOUR = r"(?:[01]\d|2[0-3]):[0-5]\d"
_QUIET = re.compile(f"({_HOUR})-(?!\\1)({_HOUR})")


@frozen(kw_only=True)
class PaceSettings:
    """How fast one account may add, over all its groups and over restarts.

    The defaults are cautious. No pace guarantees that WhatsApp leaves an account alone.

    Attributes:
        adds_per_minute: The most adds in any 60 seconds.
        rest_after: The number of adds after which the account rests.
        rest_s: The length of a rest, in seconds.
        adds_per_day: The most adds in any 24 hours.
        quiet: Local hours without adds and invitations, such as `22:00-07:00`; None for no such hours.
        jitter: The share by which a gap between two adds varies at random, from 0 to 1.
    """

    adds_per_minute: float = field(
        default=5.0, validator=_check(lambda n: _ONE_A_DAY <= n <= 100_000, "from 1/1440 (one a day) to 100,000")
    )
    rest_after: int = field(default=10, validator=_check(lambda n: n >= 1, "1 add or more"))
    rest_s: float = field(
        default=300.0, validator=_check(lambda s: 0 <= s <= 7 * _DAY_S, f"from 0 to {7 * _DAY_S} seconds")
    )
    adds_per_day: int = field(default=50, validator=_check(lambda n: 1 <= n <= 1_000_000, "from 1 to 1,000,000 adds"))
    quiet: str | None = field(
        default=None,
        validator=_check(
            lambda text: text is None or _QUIET.fullmatch(text) is not None, "two times such as 22:00-07:00"
        ),
    )
    jitter: float = field(default=0.3, validator=_check(lambda part: 0 <= part <= 1, "from 0 to 1"))

    @property
    def window_s(self) -> float:
        """The length in seconds of the sliding window that holds at most `window_share` adds: a minute, or longer."""
        return 60.0 / min(self.adds_per_minute, 1.0)

    @property
    def window_share(self) -> int:
        """The most adds in one window. It is rounded down: 7.5 a minute would let 8 into some windows."""
        return max(int(self.adds_per_minute), 1)

    @property
    def gap_s(self) -> float:
        """The average number of seconds between two adds at the limit."""
        return self.window_s / self.window_share

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each setting that is bolder than its default."""
        usual = PaceSettings()
        bolder = {
            "adds_per_minute": self.adds_per_minute > usual.adds_per_minute,
            "rest_after": self.rest_after > usual.rest_after,
            "rest_s": self.rest_s < usual.rest_s,
            "adds_per_day": self.adds_per_day > usual.adds_per_day,
        }
        return tuple(
            f"{name} is {getattr(self, name):g}, and {getattr(usual, name):g} by default: "
            "accounts are restricted for less"
            for name, is_bolder in bolder.items()
            if is_bolder
        )
