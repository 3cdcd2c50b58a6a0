"""How adds are carried out: the settings of a client and of a drip, the tables `[add]` and `[drip]` of a config."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal, TypeAlias, get_args

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

    def as_arguments(self) -> dict[str, Any]:
        """Return the settings as keyword arguments of a client."""
        return attrs.asdict(self, recurse=False)


_ONE_A_DAY = 1 / 1440  # a minute
_HOUR = r"(?:[01]\d|2[0-3]):[0-5]\d"
_QUIET = re.compile(f"({_HOUR})-(?!\\1)({_HOUR})")


@frozen(kw_only=True)
class PaceSettings:
    """How fast one account may add, over all its groups and over restarts.

    The defaults are cautious. No pace keeps an account from being restricted.

    Attributes:
        adds_per_minute: How many adds any 60 seconds hold at most.
        rest_after: After how many adds the account rests.
        rest_s: How long it rests, in seconds.
        adds_per_day: How many adds any 24 hours hold at most.
        quiet: Local hours in which nobody is added or invited, such as `22:00-07:00`; None for none.
        jitter: By how much of itself a gap between two adds may be shorter or longer, at random.
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
        """Seconds that hold no more than `window_share` adds, wherever they begin: a minute, or longer."""
        return 60.0 / min(self.adds_per_minute, 1.0)

    @property
    def window_share(self) -> int:
        """How many adds a window holds at most; 7.5 a minute would let 8 into some of them."""
        return max(int(self.adds_per_minute), 1)

    @property
    def gap_s(self) -> float:
        """Seconds between two adds on average, at the limit."""
        return self.window_s / self.window_share

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is bolder here than by default, for people to read."""
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
