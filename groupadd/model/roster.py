"""Is this person in? What one reading of a group's roster proves: yes, no, or unknown and why."""

from functools import cached_property

from attrs import evolve, field, frozen

from groupadd.model.identity import Identity, Person
from groupadd.model.masking import repr_masked, repr_masked_lid
from groupadd.model.outcome import Reason


@frozen
class Member:
    """Someone who is in the group.

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
    """What one look shows of one person.

    Attributes:
        member: True, False, or None where the look proves neither.
        reason: Why it proves neither.
        complete: Whether the roster seen was complete.
    """

    member: bool | None
    reason: Reason | None = None
    complete: bool = True


@frozen
class Roster:
    """The group's list of members as a provider shows it at one moment.

    Attributes:
        members: The rows that could be read; people who have left are not among them.
        size: How many members the provider says there are, where it says so.
        unread_rows: How many rows could not be read.
        me: Our own account, where it is known.
        live: Whether it was read from WhatsApp itself; a cached copy proves presence, but no absence.
    """

    members: tuple[Member, ...] = field(repr=lambda members: f"<{len(members)} members>")
    size: int | None = None
    unread_rows: int = 0
    me: Identity | None = None
    live: bool = True

    @cached_property
    def complete(self) -> bool:
        """Whether every row was read, there are some, they match the size told, and our own account is among them."""
        return (
            bool(self.members)
            and not self.unread_rows
            and self.size in {None, len(set(self.members))}
            and (self.me is None or self._row(self.me) is not None)
            and all(name.isdecimal() for name in (*self._phones, *self._lids))  # another spelling hides who is meant
        )

    @property
    def misses_me_by_phone(self) -> bool:
        """Whether our own row may be one of those that show no phone, and our LID is not known."""
        return self.me is not None and self.me.lid is None and self._row(self.me) is None and self._hidden[0]

    def role(self, who: Identity | None) -> str | None:
        """Return the role of somebody who is in the roster, where it is told."""
        row = None if who is None else self._row(who)
        return None if row is None else row.role

    def _row(self, who: Identity) -> Member | None:
        return next((member for member in self.members if _is(member, who)), None)

    def seen_by(self, me: Identity | None) -> "Roster":
        """Return the roster as our own account sees it: our own row hides no name, and without us it proves nothing."""
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

    @cached_property
    def _hidden(self) -> tuple[bool, bool, bool]:
        """Whether somebody shows no phone, no LID, neither."""
        return (
            any(member.phone is None for member in self.members),
            any(member.lid is None for member in self.members),
            any(member.phone is None and member.lid is None for member in self.members),
        )

    def observation(self, person: Person) -> Observation:
        """Return whether this person is in.

        Absence is told only of a live and complete roster in which every row can be compared with a name of theirs.
        """
        if not person.phones.isdisjoint(self._phones) or not person.lids.isdisjoint(self._lids):
            return Observation(member=True, complete=self.complete)
        if not self._comparable(person) or not person.maybe_phones.isdisjoint(self._phones):
            return Observation(None, Reason.UNRESOLVED_IDENTITY, complete=self.complete)
        if not (self.complete and self.live):
            return Observation(None, Reason.STALE_ROSTER, complete=self.complete)
        return Observation(member=False)

    def _comparable(self, person: Person) -> bool:
        no_phone, no_lid, neither = self._hidden
        if person.phones and person.lids:
            return not neither
        return not no_phone if person.phones else not no_lid


def _is(member: Member, who: Identity) -> bool:
    """Whether a row is somebody's, by a name of one kind."""
    return (who.phone is not None and member.phone == who.phone) or (who.lid is not None and member.lid == who.lid)


def _named(member: Member, who: Identity) -> Member:
    return Member(member.phone or who.phone, member.lid or who.lid, member.role)
