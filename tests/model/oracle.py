"""What a perfect reader could know who sees only what the client sees: the answers that reached it.

It reads the world's own rows instead of the vendor's wire format, and shares no code with groupadd's inference.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise

from attrs import define, evolve, field, frozen

from groupadd.model.identity import Identity
from groupadd.sandbox.messages import ServerResponse
from groupadd.sandbox.people import SandboxPerson
from groupadd.sandbox.service import Sandbox
from groupadd.sandbox.world import RosterRow
from tests.model.worlds import JID, LATENESS_S, US

TIMEOUT_S = 30.0
LOOK_AFTER_S = (2.0, 8.0, 30.0)


@frozen
class Look:
    """One reading of the roster that reached the client."""

    at: float
    rows: tuple[RosterRow, ...]

    @property
    def whole(self) -> bool:
        """Whether our own row is there under the name that our account is known by."""
        return any(row.phone == US.phone for row in self.rows)


@define
class Witness:
    """A sandbox's entry that writes down what reaches the client."""

    sandbox: Sandbox
    added_at: list[float] = field(factory=list)
    bodies: list[tuple[str, bytes]] = field(factory=list)
    answered_at: float = 0.0
    lost: bool = False
    claimed: dict[str, object] = field(factory=dict)
    looks: list[Look | float] = field(factory=list)

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        """Carry a request, and note what comes of it."""
        world, before = self.sandbox.vendor.world, len(self.sandbox.requests)
        now = world.clock.now()
        answer = self.sandbox.handle(method, target, headers, body)
        route = self.sandbox.requests[-1].route if len(self.sandbox.requests) > before else ""
        arrives = answer.disconnect is None and answer.delay_s <= TIMEOUT_S
        if route == "add" and answer.disconnect != "refused":
            self.added_at.append(now)
            self.bodies.append((target, body))
            self.answered_at = now + min(answer.delay_s, TIMEOUT_S)
            self.lost |= not (arrives and answer.status < 500 and (not answer.body or _is_json(answer.body)))
        if route == "list":
            shown = arrives and answer.status == 200 and answer.body != b"" and _is_json(answer.body)
            rows = world.roster(JID, by=self.sandbox.vendor.account) if shown else ()
            self.looks.append(
                Look(now, tuple(_on_the_wire(row, answer.body.decode()) for row in rows)) if shown else now
            )
        return answer

    @property
    def before(self) -> Look | None:
        """The look before the add, if one reached us."""
        until = self.added_at[0] if self.added_at else float("inf")
        looks = [look for look in self.looks if isinstance(look, Look) and look.at < until]
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
        checks_numbers: Whether it tells the canonical form of a number.
    """

    resolves_lids: bool
    checks_numbers: bool

    def names(self, human: SandboxPerson, asked: Identity) -> Identity:
        """Return the names that can be known to be this person's."""
        phone = asked.phone
        if phone is not None and phone != human.phone and self.checks_numbers:
            phone = human.phone
        lid = asked.lid
        if lid is None and phone is not None and self.resolves_lids:
            lid = human.lid
        return Identity(phone, lid)

    def present(self, names: Identity, look: Look) -> bool:
        """Return whether the person can be recognised in a look."""
        return any(
            (r.phone is not None and r.phone == names.phone) or (r.lid is not None and r.lid == names.lid)
            for r in look.rows
        )

    def absent(self, human: SandboxPerson, names: Identity, look: Look) -> bool:
        """Return whether the look shows that the person is not there: every row is recognisably another person."""
        comparable = all(
            (names.phone is not None and row.phone is not None) or (names.lid is not None and row.lid is not None)
            for row in look.rows
        )
        forms = {human.phone, *human.number_variants} - {names.phone}
        return (
            look.whole and comparable and not self.present(names, look) and not any(r.phone in forms for r in look.rows)
        )


def knowable(reader: Reader, human: SandboxPerson, asked: Identity, witness: Witness) -> bool:
    """Return whether rosters alone decide about a participant after an add."""
    after = witness.after()
    names = reader.names(human, asked)
    if any(look is not None and reader.present(names, look) for look in after):
        return True
    last = after[-2:]
    if len(after) < len(LOOK_AFTER_S) or any(look is None for look in last):
        return False
    late = witness.added_at[-1] + LATENESS_S if witness.lost else 0.0
    return all(look is not None and look.at >= late and reader.absent(human, names, look) for look in last)
