"""A simulated WhatsApp: people, groups and our accounts, and the outcome of each add.

The world holds the truth. `vendors/` holds how each vendor reports it, and `faults.py` what goes wrong on the way. All
times are seconds of the world's clock. Each group keeps its history, so a test can ask who was in at any moment, and a
lagging roster shows what was true earlier.
"""

import threading
from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Literal, TypeAlias

from attrs import define, evolve, field, frozen

from groupadd.model.identity import Identity
from groupadd.sandbox.answers import NO_TROUBLE, AddResult, Code, PersonalInvite, Refused, RosterRow, Trouble
from groupadd.sandbox.people import Account, Group, Privacy, Role, SandboxPerson
from groupadd.wire.driver import Clock

RECENTLY_S = 24 * 3600.0  # WhatsApp does not publish for how long it refuses people who left; the sandbox uses a day
INVITE_EXPIRES_S = 72 * 3600.0  # three samples in public issues agree
Kind: TypeAlias = Literal["add", "message", "invitation"]


_REFUSALS: Mapping[Privacy, Code] = {
    Privacy.CONTACTS_ONLY: Code.PRIVACY,
    Privacy.NOT_ON_WHATSAPP: Code.NOT_ON_WHATSAPP,
    Privacy.BLOCKED_US: Code.BLOCKED,
    Privacy.LEGAL: Code.LEGAL,
}


@frozen
class JournalEntry:
    """One line of the world's journal: an action of one of our accounts on one person.

    Attributes:
        at: The moment, in seconds.
        by: The phone of our account.
        kind: `add`, `message`, or `invitation`: a message that contains a group's invite link.
        to: The person's phone; the requested name if it has no owner.
        group: The group's id; None for a plain message.
        code: WhatsApp's code for an add; None for messages.
    """

    at: float
    by: str
    kind: Kind
    to: str
    group: str | None
    code: Code | None = None


_Event: TypeAlias = tuple[float, int, Callable[[], object]]


@define
class World:
    """Groups, people and our own accounts. A test may change everything at any moment.

    Attributes:
        clock: The world's clock.
        people: All people, by phone.
        groups: All groups, by id.
        accounts: Our own accounts, by phone.
        journal: The actions of our accounts, in order.
        trouble: What WhatsApp does instead of answering the requests of our accounts.
        start_date: The date at the clock's moment `start_at`.
        start_at: The clock's moment at which the world was made, in seconds.
        lock: The lock to hold while serving a request from one of several threads.
    """

    clock: Clock
    people: dict[str, SandboxPerson] = field(factory=dict[str, SandboxPerson])
    groups: dict[str, Group] = field(factory=dict[str, Group])
    accounts: dict[str, Account] = field(factory=dict[str, Account])
    journal: list[JournalEntry] = field(factory=list[JournalEntry])
    trouble: Trouble = NO_TROUBLE
    start_date: datetime = field(default=datetime(2026, 1, 5, 9, tzinfo=UTC), kw_only=True)
    start_at: float = field(init=False)
    lock: threading.RLock = field(factory=threading.RLock, init=False, repr=False, eq=False)
    _scheduled: list[_Event] = field(factory=list[_Event], init=False, repr=False)
    _scheduled_count: int = field(default=0, init=False)
    _event_at: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.start_at = self.clock.now()

    @property
    def now(self) -> float:
        """The current moment in seconds; during a scheduled event, the moment for which it was scheduled."""
        return self.clock.now() if self._event_at is None else self._event_at

    def date(self, at: float) -> datetime:
        """Return the date of a moment."""
        return self.start_date + timedelta(seconds=at - self.start_at)

    def add_people(self, *people: SandboxPerson) -> None:
        """Add people to the world, or replace people with the same phone."""
        self.people.update({person.phone: person for person in people})

    def create_group(
        self, group: Group, members: Iterable[SandboxPerson] = (), *, admins: Iterable[SandboxPerson] = ()
    ) -> Group:
        """Create a group with members and admins from the start, and return it."""
        self.groups[group.jid] = group
        founders: tuple[tuple[Role, Iterable[SandboxPerson]], ...] = (("admin", admins), ("member", members))
        for role, people in founders:
            for person in people:
                self.people.setdefault(person.phone, person)
                group.set_role(person.phone, role)
        return group

    def open_account(self, person: SandboxPerson) -> Account:
        """Make a person one of our own accounts."""
        self.add_people(person)
        account = self.accounts[person.phone] = Account(person)
        return account

    def schedule(self, delay_s: float, event: Callable[[], object]) -> None:
        """Call `event` after `delay_s` seconds, as of that moment."""
        self._scheduled_count += 1
        insort(self._scheduled, (self.now + delay_s, self._scheduled_count, event))

    def run_due(self) -> None:
        """Call every scheduled event that is due."""
        while self._scheduled and self._event_at is None and self._scheduled[0][0] <= self.clock.now():
            self._event_at, _, event = self._scheduled.pop(0)
            try:
                event()
            finally:
                self._event_at = None

    def find_person(self, names: Identity) -> SandboxPerson | None:
        """Return the person with a phone, in any form that reaches the person, or with a LID; None if there is none."""
        if names.phone in self.people:
            return self.people[names.phone]
        return next(
            (
                person
                for person in self.people.values()
                if (names.phone is not None and names.phone in person.number_variants)
                or (names.lid is not None and names.lid == person.lid)
            ),
            None,
        )

    def find_user(self, names: Identity) -> SandboxPerson | None:
        """Return the person with these names if the person is on WhatsApp; None otherwise.

        Raises:
            Refused: WhatsApp refuses the request.
            Unanswered: WhatsApp does not answer.
        """
        self.trouble.before()
        self.trouble.after()
        return self._user(names)

    def _user(self, names: Identity) -> SandboxPerson | None:
        person = self.find_person(names)
        return None if person is None or person.privacy is Privacy.NOT_ON_WHATSAPP else person

    def add_participants(
        self, group_jid: str, participants: Sequence[Identity], *, by: Account
    ) -> tuple[AddResult, ...]:
        """Add participants to a group.

        Returns:
            One result for each participant, in the order given, as the account's service reports it.

        Raises:
            Refused: The group does not exist, or our account may not add to it.
            Unanswered: WhatsApp does not answer.
        """
        group, role = self._own_group(group_jid, by)
        if role == "member" and not group.members_may_add:
            raise Refused(403, "only admins may add to this group")
        needs_approval = role == "member" and group.approval
        places = group.cap - len(group.members())
        results: list[AddResult] = []
        for names in participants:
            person = self.find_person(names)
            code = self._add_code(group, person, places=places, needs_approval=needs_approval)
            if person is not None and code is Code.ADDED:
                group.set_role(person.phone, "member", self.now)
                places -= 1
            if person is not None and code is Code.PENDING:
                group.pending.setdefault(person.phone, self.now)
            invite = PersonalInvite(f"{group.invite_code}-{len(self.journal)}", self.now + INVITE_EXPIRES_S)
            results.append(AddResult(names, person, code, invite if code is Code.PRIVACY else None))
            to = person.phone if person else names.phone or names.id or ""
            self.journal.append(JournalEntry(self.now, by.person.phone, "add", to, group.jid, code))
        self.trouble.after()
        if by.lies:
            return tuple(evolve(result, code=Code.ADDED, invite=None) for result in results)
        return tuple(results)

    def _add_code(self, group: Group, person: SandboxPerson | None, *, places: int, needs_approval: bool) -> Code:
        if person is None or person.privacy is Privacy.NOT_ON_WHATSAPP:
            return Code.NOT_ON_WHATSAPP
        if group.role(person.phone) is not None:
            return Code.ALREADY_IN
        if person.privacy in _REFUSALS:
            return _REFUSALS[person.privacy]
        left_at = group.left_at(person.phone)
        if left_at is not None and self.now - left_at < RECENTLY_S:
            return Code.RECENTLY_LEFT
        if places <= 0:
            return Code.GROUP_FULL
        return Code.PENDING if needs_approval else Code.ADDED

    def join(self, group_jid: str, phone: str) -> None:
        """Let a person join without our account: by link, by another admin's add, or by an approval."""
        self.set_role(group_jid, phone, "member")

    def leave(self, group_jid: str, phone: str) -> None:
        """Let a person leave, or let another admin remove the person."""
        self.set_role(group_jid, phone, None)

    def set_role(self, group_jid: str, phone: str, role: Role | None) -> None:
        """Change a person's role from now on; None: the person leaves."""
        self.run_due()
        group = self.groups[group_jid]
        if group.role(phone) != role:
            group.set_role(phone, role, self.now)

    def is_member(self, group_jid: str, phone: str, at: float = inf) -> bool:
        """Return whether a person is in a group, or was at a moment."""
        self.run_due()
        return self.groups[group_jid].role(phone, at) is not None

    def roster(self, group_jid: str, *, by: Account) -> tuple[RosterRow, ...]:
        """Return the group's roster as our account sees it now. It may be outdated or incomplete.

        Raises:
            Refused: The group does not exist, or our account is not in it.
            Unanswered: WhatsApp does not answer.
        """
        group, _ = self._own_group(group_jid, by)
        self.trouble.after()
        view = group.roster_view
        at = self.now - view.lag_s
        return tuple(
            self._row(group, phone, role, at) for phone, role in group.members(at).items() if phone not in view.missing
        )

    def _row(self, group: Group, phone: str, role: Role, at: float) -> RosterRow:
        person, view = self.people[phone], group.roster_view
        by_lid = group.addressing == "lid" or (group.addressing == "mixed" and int(phone) % 2 == 1)
        shows_phone = phone not in view.masked and (view.both_names or not by_lid)
        shows_lid = phone not in view.masked and (view.both_names or by_lid)
        return RosterRow(
            person.phone if shows_phone else None,
            person.lid if shows_lid else None,
            "lid" if by_lid else "phone",
            role,
            person.name,
            group.since(phone, at),
        )

    def invite_link(self, group_jid: str, *, by: Account) -> str:
        """Return the group's invite link.

        Raises:
            Refused: The group does not exist, or our account is no admin of it.
            Unanswered: WhatsApp does not answer.
        """
        group, role = self._own_group(group_jid, by)
        self.trouble.after()
        if role == "member":
            raise Refused(403, "only admins may see the invite link")
        return group.link()

    def send(self, to: Identity, text: str, *, by: Account) -> str | None:
        """Send a text to a person; return the message's id, or None if the person is not on WhatsApp.

        Raises:
            Refused: WhatsApp refuses the message.
            Unanswered: WhatsApp does not answer.
        """
        self.run_due()
        self.trouble.before()
        user = self._user(to)
        if user is None:
            return None
        invited_to = next((group.jid for group in self.groups.values() if group.invite_code in text), None)
        kind: Kind = "invitation" if invited_to else "message"
        self.journal.append(JournalEntry(self.now, by.person.phone, kind, user.phone, invited_to))
        self.trouble.after()
        return f"true_{user.phone}@c.us_{len(self.journal):020X}"

    def _own_group(self, group_jid: str, by: Account) -> tuple[Group, Role]:
        """Return a group that our account is in, and our role in it."""
        self.run_due()
        self.trouble.before()
        group = self.groups.get(group_jid)
        if group is None:
            raise Refused(404, "there is no such group")
        role = group.role(by.person.phone)
        if role is None:
            raise Refused(403, "this account is not in the group")
        return group, role
