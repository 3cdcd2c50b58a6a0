"""The people, our accounts and the groups of a sandbox world. A group keeps the whole history of its members."""

from bisect import bisect_right
from collections.abc import Mapping
from enum import StrEnum
from math import inf
from typing import Literal, TypeAlias

from attrs import define, field, frozen

Role: TypeAlias = Literal["member", "admin", "superadmin"]
Addressing: TypeAlias = Literal["phone", "lid", "mixed"]


class Privacy(StrEnum):
    """Whether our account can add a person, and why not. The values are shown to users."""

    OPEN = "can be added"
    CONTACTS_ONLY = "lets only contacts add"
    NOT_ON_WHATSAPP = "is not on WhatsApp"
    BLOCKED_US = "has blocked us"
    LEGAL = "may not be invited, by law"


@frozen
class SandboxPerson:
    """A person with a phone number.

    Attributes:
        phone: The person's canonical WhatsApp number, digits only.
        lid: The person's LID, digits only.
        name: The person's display name.
        privacy: Whether our account can add the person.
        number_variants: Other forms of the number that reach the same phone.
    """

    phone: str
    lid: str
    name: str = ""
    privacy: Privacy = Privacy.OPEN
    number_variants: frozenset[str] = frozenset()


@define
class Account:
    """One of our own accounts, behind one session of a vendor.

    Attributes:
        person: The account's owner in the world.
        session: The state of the vendor's session.
        lies: Whether the vendor's service reports every add as a success, whatever WhatsApp said.
    """

    person: SandboxPerson
    session: Literal["working", "starting", "unlinked", "failed"] = "working"
    lies: bool = False


@frozen
class RosterView:
    """How the roster that our account sees differs from the true list of members.

    Attributes:
        lag_s: Age of the roster in seconds; 0 is live.
        both_names: Whether each row shows phone and LID, not only the one that the row is keyed by.
        missing: Phones of members without a row.
        masked: Phones of members whose rows show neither phone nor LID.
    """

    lag_s: float = 0.0
    both_names: bool = True
    missing: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()


@define
class Group:
    """A group and the history of its members.

    Attributes:
        jid: The group's id, ending in `@g.us`.
        name: The group's subject.
        cap: The largest number of members.
        approval: Whether people added by a plain member wait for an admin's approval.
        members_may_add: Whether plain members may add people.
        addressing: The kind of name that rows are keyed by; `mixed`: phone for some members, LID for others.
        roster_view: How our account sees the roster.
        invite_code: The secret part of the invite link.
        pending: People who wait for approval: phone to the moment of the request, in seconds.
    """

    jid: str
    name: str = "A group"
    cap: int = 1024
    approval: bool = False
    members_may_add: bool = False
    addressing: Addressing = "phone"
    roster_view: RosterView = RosterView()
    invite_code: str = field(default="SandboxInvite0123456789", repr=False)
    pending: dict[str, float] = field(factory=dict[str, float])
    _history: dict[str, list[tuple[float, Role | None]]] = field(
        factory=dict[str, list[tuple[float, Role | None]]], init=False, repr=False
    )

    def role(self, phone: str, at: float = inf) -> Role | None:
        """Return a person's role at a moment; None if the person was not in the group then."""
        history = self._history.get(phone, ())
        latest = bisect_right(history, at, key=lambda entry: entry[0])
        return history[latest - 1][1] if latest else None

    def members(self, at: float = inf) -> Mapping[str, Role]:
        """Return the role of each member at a moment, by phone."""
        return {phone: role for phone in self._history if (role := self.role(phone, at)) is not None}

    def since(self, phone: str, at: float = inf) -> float | None:
        """Return the moment at which a member of that moment joined; None if the member was in from the start."""
        joined = None
        for moment, role in self._history.get(phone, ()):
            if moment > at:
                break
            joined = None if role is None else moment if joined is None else joined
        return None if joined == -inf else joined

    def left_at(self, phone: str) -> float | None:
        """Return the moment at which a person left or was removed; None for members and for people never in."""
        history = self._history.get(phone)
        return history[-1][0] if history and history[-1][1] is None else None

    def set_role(self, phone: str, role: Role | None, at: float = -inf) -> None:
        """Record a person's role from a moment on; None as the role: out of the group.

        Args:
            phone: The person's phone, digits only.
            role: The new role.
            at: The moment, in seconds; left out: from the start.
        """
        self._history.setdefault(phone, []).append((at, role))
        self.pending.pop(phone, None)

    def link(self) -> str:
        """Return the group's invite link."""
        return f"https://chat.whatsapp.com/{self.invite_code}"
