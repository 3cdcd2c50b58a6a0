"""A small WhatsApp of our own: who is where, and what becomes of an add. Pure truth.

How vendors speak of it is in `vendors/`, what goes wrong on the line in `faults.py`. All times are seconds of the
world's clock. Membership is kept as a timed history, so that a lagging roster shows what was once true, and so that
anybody can ask afterwards who was in at any moment.
"""

import threading
from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from math import inf
from typing import Literal, TypeAlias

from attrs import define, field, frozen

from groupadd.model.identity import Identity
from groupadd.sandbox.people import Account, Group, Human, Privacy, Role
from groupadd.wire.driver import Clock

RECENTLY_S = 24 * 3600.0  # how long WhatsApp remembers who left is not published; a day here
OFFER_LASTS_S = 72 * 3600.0  # three samples in public issues agree
Kind: TypeAlias = Literal["add", "message", "invitation"]


class Code(IntEnum):
    """WhatsApp's own word for one participant of an add."""

    ADDED = 200
    BLOCKED = 401
    PRIVACY = 403
    NOT_ON_WHATSAPP = 404
    RECENTLY_LEFT = 408
    ALREADY_IN = 409
    GROUP_FULL = 419
    PENDING = 421
    LEGAL = 451


_REFUSES: Mapping[Privacy, Code] = {
    Privacy.CONTACTS_ONLY: Code.PRIVACY,
    Privacy.NOT_ON_WHATSAPP: Code.NOT_ON_WHATSAPP,
    Privacy.BLOCKED_US: Code.BLOCKED,
    Privacy.LEGAL: Code.LEGAL,
}


class Refused(Exception):
    """WhatsApp refuses a request as a whole.

    Attributes:
        code: WhatsApp's request-level code: 403, or 404 for a group that is not there.
    """

    def __init__(self, code: int, why: str) -> None:
        self.code = code
        super().__init__(why)


@frozen
class Offer:
    """A personal invitation that may be sent to somebody whose privacy forbids the add.

    Attributes:
        code: Its secret code.
        expires_at: When it ends.
    """

    code: str = field(repr=False)
    expires_at: float


@frozen
class Result:
    """What became of one person of an add.

    Attributes:
        asked: The names that were asked for.
        human: Who that is; None for a number that nobody has.
        code: WhatsApp's word.
        offer: The invitation that may be sent instead.
    """

    asked: Identity
    human: Human | None
    code: Code
    offer: Offer | None = None


@frozen
class Row:
    """One row of a roster as it is shown; which names it tells is the group's doing.

    Attributes:
        phone: Digits, or None where it is not told.
        lid: Digits, or None where it is not told.
        keyed_by: Which of the two stands first.
        role: Their role.
        name: What they call themselves.
        since: Since when they are in; None where they always were.
    """

    phone: str | None
    lid: str | None
    keyed_by: Literal["phone", "lid"]
    role: Role
    name: str
    since: float | None


@frozen
class Entry:
    """One line of the world's journal: what reached one person from one of our accounts.

    Attributes:
        at: When.
        by: The phone of our account.
        kind: `add`; `message`; or `invitation`, a message that holds a group's invite link.
        to: The person's phone, or the name asked for where nobody has it.
        group: The group's id; None for a plain message.
        code: What became of an add.
    """

    at: float
    by: str
    kind: Kind
    to: str
    group: str | None
    code: Code | None = None


_Due: TypeAlias = tuple[float, int, Callable[[], object]]


@define
class World:
    """Groups, people, and our own accounts; everything may be changed at any time, by anyone.

    Attributes:
        clock: The world's time.
        people: Everybody who has a telephone, by phone.
        groups: All groups, by id.
        accounts: Our own accounts, by phone.
        journal: What our accounts did to people, in order.
        opened: The date on which the world's clock stood at `opened_at`.
        opened_at: The clock's moment when the world was made.
        one_at_a_time: Held by whoever serves requests from several threads.
    """

    clock: Clock
    people: dict[str, Human] = field(factory=dict[str, Human])
    groups: dict[str, Group] = field(factory=dict[str, Group])
    accounts: dict[str, Account] = field(factory=dict[str, Account])
    journal: list[Entry] = field(factory=list[Entry])
    opened: datetime = field(default=datetime(2026, 1, 5, 9, tzinfo=UTC), kw_only=True)
    opened_at: float = field(init=False)
    one_at_a_time: threading.RLock = field(factory=threading.RLock, init=False, repr=False, eq=False)
    _due: list[_Due] = field(factory=list[_Due], init=False, repr=False)
    _delayed: int = field(default=0, init=False)
    _moment: float | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.opened_at = self.clock.now()

    @property
    def now(self) -> float:
        """The moment, in seconds; while something delayed happens, the moment at which it was due."""
        return self.clock.now() if self._moment is None else self._moment

    def date(self, at: float) -> datetime:
        """Return the date of a moment."""
        return self.opened + timedelta(seconds=at - self.opened_at)

    def settle(self, *people: Human) -> None:
        """Give people a telephone, or change them."""
        self.people.update({human.phone: human for human in people})

    def found(self, group: Group, members: Iterable[Human] = (), *, admins: Iterable[Human] = ()) -> Group:
        """Start a group in which these people have always been."""
        self.groups[group.jid] = group
        founders: tuple[tuple[Role, Iterable[Human]], ...] = (("admin", admins), ("member", members))
        for role, people in founders:
            for human in people:
                self.people.setdefault(human.phone, human)
                group.put(human.phone, role)
        return group

    def open_account(self, human: Human) -> Account:
        """Make one of the people us."""
        self.settle(human)
        account = self.accounts[human.phone] = Account(human)
        return account

    def later(self, delay_s: float, happens: Callable[[], object]) -> None:
        """Let something happen in `delay_s` seconds, as of that moment."""
        self._delayed += 1
        insort(self._due, (self.now + delay_s, self._delayed, happens))

    def catch_up(self) -> None:
        """Let everything happen that is due by now."""
        while self._due and self._moment is None and self._due[0][0] <= self.clock.now():
            self._moment, _, happens = self._due.pop(0)
            try:
                happens()
            finally:
                self._moment = None

    def whois(self, who: Identity) -> Human | None:
        """Return who has this name: a number in any form that reaches them, or a LID."""
        if who.phone in self.people:
            return self.people[who.phone]
        return next(
            (
                human
                for human in self.people.values()
                if (who.phone is not None and who.phone in human.also_dialled)
                or (who.lid is not None and who.lid == human.lid)
            ),
            None,
        )

    def add(self, group_jid: str, names: Sequence[Identity], *, by: Account) -> tuple[Result, ...]:
        """Add people to a group, and say of each what became of them, in the order asked.

        Raises:
            Refused: There is no such group, or our account may not add to it.
        """
        group, role = self._entered(group_jid, by)
        if role == "member" and not group.members_may_add:
            raise Refused(403, "only admins may add to this group")
        queues = role == "member" and group.approval
        places = group.cap - len(group.members())
        results: list[Result] = []
        for who in names:
            human = self.whois(who)
            code = self._fate(group, human, places=places, queues=queues)
            if human is not None and code is Code.ADDED:
                group.put(human.phone, "member", self.now)
                places -= 1
            if human is not None and code is Code.PENDING:
                group.pending.setdefault(human.phone, self.now)
            offer = Offer(f"{group.invite_code}-{len(self.journal)}", self.now + OFFER_LASTS_S)
            results.append(Result(who, human, code, offer if code is Code.PRIVACY else None))
            self.journal.append(Entry(self.now, by.human.phone, "add", _named(human, who), group.jid, code))
        return tuple(results)

    def _fate(self, group: Group, human: Human | None, *, places: int, queues: bool) -> Code:
        if human is None or human.temper is Privacy.NOT_ON_WHATSAPP:
            return Code.NOT_ON_WHATSAPP
        if group.role(human.phone) is not None:
            return Code.ALREADY_IN
        if human.temper in _REFUSES:
            return _REFUSES[human.temper]
        left_at = group.left_at(human.phone)
        if left_at is not None and self.now - left_at < RECENTLY_S:
            return Code.RECENTLY_LEFT
        if places <= 0:
            return Code.GROUP_FULL
        return Code.PENDING if queues else Code.ADDED

    def join(self, group_jid: str, phone: str) -> None:
        """Let somebody in without us: by link, by another admin, or by approval."""
        self._pass(group_jid, phone, "member")

    def leave(self, group_jid: str, phone: str) -> None:
        """Let somebody leave, or be removed by another admin."""
        self._pass(group_jid, phone, None)

    def appoint(self, group_jid: str, phone: str, role: Role) -> None:
        """Let another admin change somebody's role."""
        self._pass(group_jid, phone, role)

    def _pass(self, group_jid: str, phone: str, role: Role | None) -> None:
        self.catch_up()
        group = self.groups[group_jid]
        if group.role(phone) != role:
            group.put(phone, role, self.now)

    def is_member(self, group_jid: str, phone: str, at: float = inf) -> bool:
        """Return whether somebody is, or was at a moment, in a group."""
        self.catch_up()
        return self.groups[group_jid].role(phone, at) is not None

    def roster(self, group_jid: str, *, by: Account) -> tuple[Row, ...]:
        """Return the group's roster as it is shown to our account now, which may be neither fresh nor whole.

        Raises:
            Refused: There is no such group, or our account is not in it.
        """
        group, _ = self._entered(group_jid, by)
        at = self.now - group.shown.lag_s
        members = group.members(at).items()
        return tuple(self._row(group, phone, role, at) for phone, role in members if phone not in group.shown.missing)

    def _row(self, group: Group, phone: str, role: Role, at: float) -> Row:
        human, shown = self.people[phone], group.shown
        by_lid = group.addressing == "lid" or (group.addressing == "mixed" and int(phone) % 2 == 1)
        tells_phone = phone not in shown.masked and (shown.both_names or not by_lid)
        tells_lid = phone not in shown.masked and (shown.both_names or by_lid)
        return Row(
            human.phone if tells_phone else None,
            human.lid if tells_lid else None,
            "lid" if by_lid else "phone",
            role,
            human.name,
            group.since(phone, at),
        )

    def invite_link(self, group_jid: str, *, by: Account) -> str:
        """Return the group's invite link.

        Raises:
            Refused: There is no such group, or our account is no admin of it.
        """
        group, role = self._entered(group_jid, by)
        if role == "member":
            raise Refused(403, "only admins may see the invite link")
        return group.link()

    def send(self, to: Identity, text: str, *, by: Account) -> str | None:
        """Send somebody a text; return its message id, or None where nobody on WhatsApp has this name."""
        self.catch_up()
        human = self.whois(to)
        if human is None or human.temper is Privacy.NOT_ON_WHATSAPP:
            return None
        invited_to = next((group.jid for group in self.groups.values() if group.invite_code in text), None)
        kind: Kind = "invitation" if invited_to else "message"
        self.journal.append(Entry(self.now, by.human.phone, kind, human.phone, invited_to))
        return f"true_{human.phone}@c.us_{len(self.journal):020X}"

    def _entered(self, group_jid: str, by: Account) -> tuple[Group, Role]:
        """Return a group that our account is in, and its role there."""
        self.catch_up()
        group = self.groups.get(group_jid)
        if group is None:
            raise Refused(404, "there is no such group")
        role = group.role(by.human.phone)
        if role is None:
            raise Refused(403, "this account is not in the group")
        return group, role


def _named(human: Human | None, asked: Identity) -> str:
    """Return the phone of whoever was asked for, or the bare name where nobody has it."""
    return human.phone if human else asked.phone or asked.id or ""
