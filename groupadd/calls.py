"""What clients do, as flows: one body for both colours."""

from collections.abc import Iterable
from typing import Any

from attrs import evolve, frozen

from groupadd.adding import add
from groupadd.flow import Flow
from groupadd.identity import GroupId, Participant, parse_participants
from groupadd.looking import Account, Membership, check
from groupadd.outcome import AddOutcome
from groupadd.preflight import Preflight, preflight
from groupadd.roster import Roster
from groupadd.terms import Invitation, Terms, Verify


@frozen
class Calls:
    """What a client can do with its account.

    Attributes:
        account: The account behind the provider.
        name: The provider's configured name.
        type: The provider's type.
        terms: How adds are carried out unless a call says otherwise.
    """

    account: Account
    name: str
    type: str
    terms: Terms

    def add(
        self,
        group: str,
        participants: Iterable[str],
        *,
        notify: bool | None = None,
        verify: Verify | None = None,
        invite: Invitation | None = None,
    ) -> Flow[AddOutcome]:
        """Parse what the caller gave, add, and put the outcome together."""
        where, people = _parsed(group, participants)
        said = {"notify": notify, "verify": verify, "invite": invite}
        given: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
        terms = evolve(self.terms, **given) if given else self.terms
        outcomes = yield from add(self.account, where, people, terms)
        return AddOutcome(self.name, self.type, where.jid, outcomes)

    def preflight(self, group: str, participants: Iterable[str]) -> Flow[Preflight]:
        """Say what is known before an add, of nobody in particular or of these people."""
        people = tuple(participants)
        where = GroupId.parse(group)
        asked = parse_participants(people) if people else ()
        return (yield from preflight(self.account, self.name, self.type, where, asked))

    def members(self, group: str) -> Flow[Roster]:
        """Read the roster once."""
        return (yield from self.account.roster(GroupId.parse(group)))

    def check(self, group: str, participants: Iterable[str]) -> Flow[tuple[Membership, ...]]:
        """Look once for each person."""
        where, people = _parsed(group, participants)
        return (yield from check(self.account, where, people))


def _parsed(group: str, participants: Iterable[str]) -> tuple[GroupId, tuple[Participant, ...]]:
    return GroupId.parse(group), parse_participants(participants)
