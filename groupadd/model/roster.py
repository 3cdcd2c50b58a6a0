"""Rosters, and what one of them proves about a person: present, absent, or unknown and why."""

from enum import Flag, auto
from functools import cached_property

from attrs import Factory, evolve, field, frozen

from groupadd.model.identity import Identity, Person
from groupadd.model.masking import repr_masked, repr_masked_lid
from groupadd.model.outcome import Reason


class Proof(Flag):
    """What a provider's roster can prove about a person."""

    NOTHING = 0
    PRESENCE = auto()  # a row is a member's: the list holds no people who have left
    ABSENCE = auto()  # a person without a row is no member: the list holds everybody who is in
    BOTH = PRESENCE | ABSENCE


@frozen
class RosterProof:
    """What a provider's rosters prove, where that depends on the server behind them.

    Attributes:
        cached: What the provider's copy proves.
        refreshed: What the copy proves after a refresh; None where the server cannot refresh it.
    """

    cached: Proof
    refreshed: Proof | None = None

    def of_copy(self, *, refreshed: bool) -> Proof:
        """Return what the provider's copy proves, as it is or after a refresh."""
        return self.refreshed if refreshed and self.refreshed is not None else self.cached


@frozen
class Member:
    """One member of a group.

    Attributes:
        phone: Digits without a plus, or None where the roster hides it.
        lid: The digits of the LID, or None.
        role: `member`, `admin` or `superadmin`; None where the provider does not say.
    """

    phone: str | None = field(default=None, repr=repr_masked)
    lid: str | None = field(default=None, repr=repr_masked_lid)
    role: str | None = None


@frozen
class Observation:
    """What one look shows about one person.

    Attributes:
        member: True, False, or None where the look proves neither.
        reason: Why the look proves neither; None where it proves one.
        complete: Whether the roster was complete.
        listed: Whether the list has a row of the person's; None where it leaves that open. The list may hold people who
            have left, so a listed person is not always a member.
    """

    member: bool | None
    reason: Reason | None = None
    complete: bool = True
    listed: bool | None = Factory(lambda self: self.member, takes_self=True)


@frozen
class Roster:
    """The group's list of members as a provider shows it at one moment.

    Attributes:
        members: The rows that could be read, without people who have left.
        size: How many members the provider says there are, where it says so.
        unread_rows: How many rows could not be read.
        me: Our own account, where it is known.
        proves: What the list can prove, as its adapter declares it.
    """

    members: tuple[Member, ...] = field(repr=lambda members: f"<{len(members)} members>")
    size: int | None = None
    unread_rows: int = 0
    me: Identity | None = None
    proves: Proof = Proof.BOTH

    @cached_property
    def complete(self) -> bool:
        """Whether every row was read, there are rows, they match the size given, and our own account is among them."""
        return (
            bool(self.members)
            and not self.unread_rows
            and self.size in {None, len(set(self.members))}
            and (self.me is None or self._row(self.me) is not None)
            and all(name.isdecimal() for name in (*self._phones, *self._lids))  # another spelling hides the person
        )

    @property
    def misses_me_by_phone(self) -> bool:
        """Whether our own row may be one without a phone, while our LID is unknown."""
        return self.me is not None and self.me.lid is None and self._row(self.me) is None and self.hides_phones

    def role(self, who: Identity | None) -> str | None:
        """Return the role of a member, or None where the roster does not show it."""
        row = None if who is None else self._row(who)
        return None if row is None else row.role

    def _row(self, who: Identity) -> Member | None:
        return next((member for member in self.members if _is(member, who)), None)

    def seen_by(self, me: Identity | None) -> "Roster":
        """Return the roster with our own account in it. Our row hides no name; without it the roster is incomplete."""
        if me is None:
            return self
        return evolve(
            self, me=me, members=tuple(_named(member, me) if _is(member, me) else member for member in self.members)
        )

    @cached_property
    def _phones(self) -> frozenset[str]:
        return frozenset(member.phone for member in self.members if member.phone is not None)

    @cached_property
    def _lids(self) -> frozenset[str]:
        return frozenset(member.lid for member in self.members if member.lid is not None)

    @property
    def hides_phones(self) -> bool:
        """Whether any row shows no phone."""
        return self._hidden[0]

    @cached_property
    def _hidden(self) -> tuple[bool, bool, bool]:
        """Whether any row shows no phone, no LID, neither of both."""
        return (
            any(member.phone is None for member in self.members),
            any(member.lid is None for member in self.members),
            any(member.phone is None and member.lid is None for member in self.members),
        )

    def observation(self, person: Person) -> Observation:
        """Return what the roster shows about a person.

        A row shows presence where the roster can prove it. Absence needs more: a complete roster that can prove it, in
        which every row can be compared with a name of the person.
        """
        if not person.phones.isdisjoint(self._phones) or not person.lids.isdisjoint(self._lids):
            member, reason = (True, None) if Proof.PRESENCE in self.proves else (None, Reason.STALE_ROSTER)
            return Observation(member, reason, self.complete, listed=True)
        if not self._comparable(person):
            return Observation(None, Reason.UNRESOLVED_IDENTITY, self.complete)
        if not self.complete:
            return Observation(None, Reason.STALE_ROSTER, complete=False)
        member, reason = (False, None) if Proof.ABSENCE in self.proves else (None, Reason.STALE_ROSTER)
        return Observation(member, reason, listed=False)

    def _comparable(self, person: Person) -> bool:
        no_phone, no_lid, neither = self._hidden
        if person.phones and person.lids:
            return not neither
        return not no_phone if person.phones else not no_lid


def _is(member: Member, who: Identity) -> bool:
    """Whether a row is the person's, by a name of one kind."""
    return (who.phone is not None and member.phone == who.phone) or (who.lid is not None and member.lid == who.lid)


def _named(member: Member, who: Identity) -> Member:
    return Member(member.phone or who.phone, member.lid or who.lid, member.role)
