"""What a perfect reader could know who sees only what the client sees: the answers that reached it.

It reads the world's own rows instead of the vendor's wire format, and shares no code with groupadd's inference.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise

from attrs import define, evolve, field, frozen

from groupadd.model.identity import Identity
from groupadd.sandbox.answers import RosterRow
from groupadd.sandbox.messages import ServerResponse
from groupadd.sandbox.people import Privacy, SandboxPerson
from groupadd.sandbox.service import Sandbox
from groupadd.sandbox.world import JournalEntry
from tests.model.worlds import HUMANS, JID, LATENESS_S, US

TIMEOUT_S = 30.0
LOOK_AFTER_S = (2.0, 8.0, 30.0)


@frozen
class Look:
    """One reading of the roster that reached the client.

    Attributes:
        at: The moment.
        rows: The rows as the vendor's format tells of them.
        only_members: Whether the list holds no people who have left.
        all_members: Whether the list holds everybody who is in.
    """

    at: float
    rows: tuple[RosterRow, ...]
    only_members: bool = True
    all_members: bool = True

    @property
    def whole(self) -> bool:
        """Whether our own row is there under the name that our account is known by."""
        return any(row.phone == US.phone for row in self.rows)

    def names(self) -> set[str]:
        """Return every name in the rows; no phone of these worlds is a LID."""
        return {name for row in self.rows for name in (row.phone, row.lid) if name is not None}


@define
class Witness:
    """A sandbox's entry that writes down what reaches the client."""

    sandbox: Sandbox
    added_at: list[float] = field(factory=list)
    bodies: list[tuple[str, bytes]] = field(factory=list)
    answered_at: float = 0.0
    lost: bool = False
    answer: str = ""
    sent: list[JournalEntry] = field(factory=list)
    refreshed: bool = False
    looks: list[Look | float] = field(factory=list)
    looks_before: int = 0

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        """Carry a request, and note what comes of it."""
        world, before = self.sandbox.vendor.world, len(self.sandbox.requests)
        journal = len(world.journal)
        now = world.clock.now()
        answer = self.sandbox.handle(method, target, headers, body)
        route = self.sandbox.requests[-1].route if len(self.sandbox.requests) > before else ""
        arrives = answer.disconnect is None and answer.delay_s <= TIMEOUT_S
        if route == "add" and answer.disconnect != "refused":
            self.looks_before = self.looks_before if self.added_at else len(self.looks)
            self.added_at.append(now)
            self.bodies.append((target, body))
            self.answered_at = now + min(answer.delay_s, TIMEOUT_S)
            self.lost |= not (arrives and answer.status < 500 and (not answer.body or _is_json(answer.body)))
        if route == "add" and arrives:
            self.answer += answer.body.decode(errors="replace")
        if route == "send":
            self.sent += world.journal[journal:]
        fine = arrives and answer.status < 300 and answer.body != b"" and _is_json(answer.body)
        self.refreshed |= route == "refresh" and fine
        if route == "list":
            self.looks.append(self._look(now, answer.body.decode()) if fine else now)
        return answer

    def _look(self, now: float, text: str) -> Look:
        """Return what a list shows, and what it can show: WAHA's engines keep a store, or people who have left."""
        vendor = self.sandbox.vendor
        engine = getattr(vendor, "engine", "WPP" if vendor.name == "wppconnect" else None)
        rows = list(vendor.world.roster(JID, by=vendor.account))
        if engine in {"WEBJS", "WPP"}:
            group = vendor.world.groups[JID]
            left = (human for phone, human in vendor.world.people.items() if group.left_at(phone) is not None)
            rows += [RosterRow(human.phone, human.lid, "phone", "member", human.name, None) for human in left]
        shown = tuple(_on_the_wire(row, text) for row in rows)
        if engine is None:
            return Look(now, shown)
        if vendor.name == "wppconnect":
            return Look(now, shown, only_members=False)
        return Look(now, shown, engine not in {"WEBJS", "WPP"}, self.refreshed and engine != "WPP")

    @property
    def before(self) -> Look | None:
        """The look before the add, if one reached us."""
        looks = [look for look in self.looks[: self.looks_before] if isinstance(look, Look)]
        return looks[-1] if looks else None

    def after(self) -> Sequence[Look | None]:
        """Each look that was due after the add: what it showed, None for one that failed."""
        if not self.added_at:
            return ()
        due = [self.answered_at + after_s for after_s in LOOK_AFTER_S]
        late = self.added_at[-1] + LATENESS_S
        if self.lost and due[-2] < late:
            gap = due[-1] - due[-2]
            due[-2:] = late, max(due[-1], late + gap)
        found: list[Look | None] = []
        for start, end in pairwise([*due, float("inf")]):
            tries = [look for look in self.looks if start <= (look.at if isinstance(look, Look) else look) < end]
            if tries:
                found.append(tries[-1] if isinstance(tries[-1], Look) else None)
        return found


def _on_the_wire(row: RosterRow, text: str) -> RosterRow:
    """Return a row with the names that the vendor's format tells of it."""
    shows = {name for name in (row.phone, row.lid) if name is not None and name in text}
    return evolve(row, phone=row.phone if row.phone in shows else None, lid=row.lid if row.lid in shows else None)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


@frozen
class Reader:
    """How a perfect reader of a provider's rosters would recognise a person.

    Attributes:
        resolves_lids: Whether the provider tells the LID of a number.
        accounts: The canonical number that the provider's number check names, by the number asked for.
    """

    resolves_lids: bool
    accounts: Mapping[str, str]

    def names(self, human: SandboxPerson, asked: Identity) -> Identity:
        """Return the names that can be known to be this person's."""
        phone, lid = asked.phone, asked.lid
        if phone is not None and self.is_checked(human, asked):
            phone = self.accounts[phone]
        if lid is None and phone is not None and self.resolves_lids:
            lid = human.lid
        return Identity(phone, lid)

    def is_checked(self, human: SandboxPerson, asked: Identity) -> bool:
        """Return whether the provider names the person's account."""
        return asked.phone in self.accounts and human.privacy is not Privacy.NOT_ON_WHATSAPP

    def listed(self, names: Identity, look: Look) -> bool:
        """Return whether the list has a row of the person's."""
        return any(
            (r.phone is not None and r.phone == names.phone) or (r.lid is not None and r.lid == names.lid)
            for r in look.rows
        )

    def lacks(self, human: SandboxPerson, asked: Identity, look: Look) -> bool:
        """Return whether every row of a whole list is recognisably another person's.

        A number with the same end may be the person's other form, unless the provider names the person's account.
        """
        names = self.names(human, asked)
        comparable = all(
            (names.phone is not None and row.phone is not None) or (names.lid is not None and row.lid is not None)
            for row in look.rows
        )
        alike = [row for row in look.rows if names.phone and row.phone and row.phone[-6:] == names.phone[-6:]]
        is_clear = self.is_checked(human, asked) or not [row for row in alike if row.phone != US.phone]
        return look.whole and comparable and not self.listed(names, look) and is_clear

    def is_explained(self, look: Look, witness: Witness, others: set[str]) -> bool:
        """Return whether every number in a list was there before, or is that of others who were asked for, or ours.

        The answer must name no other number either.
        """
        before = witness.before
        known = {*others, US.phone}
        numbers = {row.phone for row in look.rows if row.phone is not None}
        new = set() if before is None or not before.whole else numbers - before.names() - known
        claimed = {human.phone for human in HUMANS if human.phone in witness.answer} - known
        return not (new or claimed)


def knowable(reader: Reader, human: SandboxPerson, asked: Identity, witness: Witness, others: set[str]) -> bool:
    """Return whether rosters alone decide about a participant after an add.

    Args:
        reader: The provider's reader.
        human: The person.
        asked: The name by which the person was asked for.
        witness: What reached the client.
        others: The names of everybody who was asked for.
    """
    after, before = witness.after(), witness.before
    names = reader.names(human, asked)
    looks = [look for look in (before, *after) if look is not None]
    for at, look in enumerate(looks):
        lacked = any(reader.lacks(human, asked, earlier) for earlier in looks[:at])
        if look is not before and reader.listed(names, look) and (look.only_members or lacked):
            return True
    last = after[-2:]
    if len(after) < len(LOOK_AFTER_S) or any(look is None for look in last):
        return False
    has_one_form = names.phone is None or reader.is_checked(human, asked)
    late = witness.added_at[-1] + LATENESS_S if witness.lost else 0.0
    return all(
        look is not None
        and look.at >= late
        and look.all_members
        and reader.lacks(human, asked, look)
        and (has_one_form or reader.is_explained(look, witness, others))
        for look in last
    )
