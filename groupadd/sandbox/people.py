"""Who lives in a sandbox world: people, our own accounts, and groups with everything that was ever true of them."""

from bisect import bisect_right
from collections.abc import Mapping
from enum import StrEnum
from math import inf
from typing import Literal, TypeAlias

from attrs import define, field, frozen

Role: TypeAlias = Literal["member", "admin", "superadmin"]
Addressing: TypeAlias = Literal["phone", "lid", "mixed"]


class Privacy(StrEnum):
    """How somebody takes to being added by us."""

    OPEN = "can be added"
    CONTACTS_ONLY = "lets only contacts add"
    NOT_ON_WHATSAPP = "is not on WhatsApp"
    BLOCKED_US = "has blocked us"
    LEGAL = "may not be invited, by law"


@frozen
class Human:
    """Somebody with a telephone.

    Attributes:
        phone: The number under which WhatsApp knows them, digits only.
        lid: The digits of their LID.
        name: What they call themselves.
        temper: How they take to being added.
        also_dialled: Other forms of the number that reach the same line.
    """

    phone: str
    lid: str
    name: str = ""
    temper: Privacy = Privacy.OPEN
    also_dialled: frozenset[str] = frozenset()


@define
class Account:
    """One of our own accounts, behind one session of a vendor's.

    Attributes:
        human: Who we are on WhatsApp.
        session: The state of the vendor's session.
    """

    human: Human
    session: Literal["working", "starting", "unlinked", "failed"] = "working"


@frozen
class RosterView:
    """How a group's roster is shown to us.

    Attributes:
        lag_s: How far it lags behind the truth: 0 is live.
        both_names: Whether a row tells the person's other name beside the one that it is keyed by.
        missing: Phones of people whose rows are left out.
        masked: Phones of people whose rows tell no name at all.
    """

    lag_s: float = 0.0
    both_names: bool = True
    missing: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()


@define
class Group:
    """A group, and everything that was ever true of who is in it.

    Attributes:
        jid: Its id, ending in `@g.us`.
        name: Its subject.
        cap: How many people fit in.
        approval: Whether those whom a plain member adds wait for an admin's approval.
        members_may_add: Whether plain members may add at all.
        addressing: By which name its people are addressed; `mixed` is some by phone and some by LID.
        shown: How its roster is shown.
        invite_code: The secret of its invite link.
        pending: Who waits for approval, by phone, and since when.
    """

    jid: str
    name: str = "A group"
    cap: int = 1024
    approval: bool = False
    members_may_add: bool = False
    addressing: Addressing = "phone"
    shown: RosterView = RosterView()
    invite_code: str = field(default="SandboxInvite0123456789", repr=False)
    pending: dict[str, float] = field(factory=dict[str, float])
    _history: dict[str, list[tuple[float, Role | None]]] = field(
        factory=dict[str, list[tuple[float, Role | None]]], init=False, repr=False
    )

    def role(self, phone: str, at: float = inf) -> Role | None:
        """Return somebody's role at a moment, None for who was not in."""
        history = self._history.get(phone, ())
        latest = bisect_right(history, at, key=lambda entry: entry[0])
        return history[latest - 1][1] if latest else None

    def members(self, at: float = inf) -> Mapping[str, Role]:
        """Return the roles of all who were in at a moment, by phone."""
        return {phone: role for phone in self._history if (role := self.role(phone, at)) is not None}

    def since(self, phone: str, at: float = inf) -> float | None:
        """Return since when somebody who was in at a moment had been; None for always."""
        joined = None
        for moment, role in self._history.get(phone, ()):
            if moment > at:
                break
            joined = None if role is None else moment if joined is None else joined
        return None if joined == -inf else joined

    def left_at(self, phone: str) -> float | None:
        """Return when somebody left or was removed; None for who is in or never was."""
        history = self._history.get(phone)
        return history[-1][0] if history and history[-1][1] is None else None

    def put(self, phone: str, role: Role | None, at: float = -inf) -> None:
        """Note somebody's role from a moment on, None for out; without a moment it was always so."""
        self._history.setdefault(phone, []).append((at, role))
        self.pending.pop(phone, None)

    def link(self) -> str:
        """Return the group's invite link."""
        return f"https://chat.whatsapp.com/{self.invite_code}"
