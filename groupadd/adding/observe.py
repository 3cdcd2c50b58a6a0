"""Looks: one reading of a roster, and what it shows of each participant."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from attrs import define, evolve, field, frozen

from groupadd.adding.names import KnownNames
from groupadd.errors import ProviderError, SessionNotReady, Unsupported
from groupadd.model.identity import GroupId, Identity, Lookalikes, Participant, same_first
from groupadd.model.masking import repr_masked, repr_scrubbed
from groupadd.model.outcome import Reason
from groupadd.model.roster import Observation, Proof, Roster, RosterProof
from groupadd.provider import (
    GroupMembershipProvider,
    KnowsRosterProof,
    KnowsSession,
    ListsJoinRequests,
    ListsParticipants,
    RefreshesRoster,
    ResolvesLids,
    Session,
)
from groupadd.wire.messages import Flow, log
from groupadd.wire.retry import delayed, or_none, with_retries

Names: TypeAlias = frozenset[tuple[str, str]]  # phones and LIDs, each with its kind


@frozen
class Membership:
    """Whether one participant is in the group, from one look.

    Attributes:
        participant: The caller's own spelling.
        phone: Digits without a plus, or None.
        id: The canonical JID.
        member: True, False, or None where the roster proves neither.
        reason: Why the roster proves neither; None where it proves one.
    """

    participant: str = field(repr=repr_masked)
    phone: str | None = field(repr=repr_masked)
    id: str = field(repr=repr_masked)
    member: bool | None
    reason: Reason | None


@define
class ProviderSession:
    """A provider, and what a client asks about its WhatsApp account once.

    Attributes:
        provider: The provider.
    """

    provider: GroupMembershipProvider
    _session: Session | None = None
    _lid_asked: bool = False
    _roster_proof: RosterProof | None = None

    def me(self) -> Flow[Identity | None]:
        """Return our own names, or None where the provider does not tell them.

        Raises:
            SessionNotReady: The provider's WhatsApp session is down.
        """
        if self._session is None and isinstance(self.provider, KnowsSession):
            session = yield from or_none(self.provider.session)
            if session is not None and session.ready is False:
                says = repr_scrubbed(session.says)
                raise SessionNotReady(f"the provider's WhatsApp session is {says}: link it again or restart it")
            self._session = session
        return None if self._session is None else self._session.me

    @property
    def known_me(self) -> Identity | None:
        """Our own names, as far as they were asked for already."""
        return None if self._session is None else self._session.me

    def roster(self, group: GroupId, *, not_before: float = 0.0, refreshed: bool = False) -> Flow[Roster]:
        """Read the group's roster once.

        Args:
            group: The group.
            not_before: The earliest moment of the request, in seconds of the driver's clock.
            refreshed: Whether the provider has refreshed its copy in this call.

        Raises:
            Unsupported: The provider has no roster.
            ProviderError: The roster could not be read.
        """
        if not isinstance(self.provider, ListsParticipants):
            raise Unsupported("this provider cannot list the members of a group")
        roster = yield from with_retries(delayed(self.provider.list_participants(group), not_before))
        if (proof := (yield from self.roster_proof())) is not None:
            roster = evolve(roster, proves=proof.of_copy(refreshed=refreshed))
        roster = roster.seen_by((yield from self.me()))
        if roster.misses_me_by_phone and (yield from self._learn_own_lid()):
            roster = roster.seen_by((yield from self.me()))
        return roster

    def roster_proof(self) -> Flow[RosterProof | None]:
        """Ask once what the provider's rosters prove. None where its adapter declares it for each roster."""
        if not isinstance(self.provider, KnowsRosterProof):
            return None
        if self._roster_proof is None:
            self._roster_proof = yield from or_none(self.provider.roster_proof)
        return self._roster_proof or RosterProof(Proof.NOTHING)

    def _learn_own_lid(self) -> Flow[bool]:
        """Ask for our own LID, once. Return whether the provider knows it."""
        me = yield from self.me()
        if self._lid_asked or me is None or me.phone is None or not isinstance(self.provider, ResolvesLids):
            return False
        self._lid_asked = True
        lid = ((yield from or_none(self.provider.resolve_lids, (me.phone,))) or {}).get(me.phone)
        if lid is not None and self._session is not None:
            self._session = evolve(self._session, me=Identity(me.phone, lid))
        return lid is not None


@define
class RosterObserver:
    """What the rosters of one group show of the participants of a call.

    Attributes:
        session: The provider and its account.
        group: The group.
        names: The participants and their known names.
        roster: The last roster that was read, or None.
    """

    session: ProviderSession
    group: GroupId
    names: KnownNames
    roster: Roster | None = None
    _names_before: dict[str, Names] = field(factory=dict[str, Names])  # of the rows before the participant's add
    _doubted: set[str] = field(factory=set[str])  # an unmatched claim may be theirs
    _unmatched: list[Identity] = field(factory=list[Identity])  # the names of those claims
    _refreshed: bool | None = None  # None: not tried in this call

    @classmethod
    def of(cls, session: ProviderSession, group: GroupId, people: Mapping[str, Participant]) -> "RosterObserver":
        """Return an observer of participants, who are known by the names that the caller gave."""
        return cls(session, group, KnownNames(session.provider, people))

    def for_call(self, people: Mapping[str, Participant]) -> "RosterObserver":
        """Return the observer for a further call, with all that is known so far."""
        return evolve(self, names=self.names.for_call(people), refreshed=None)

    def is_unknown(self, names: Identity) -> bool:
        """Return whether names are no participant's and not our own account's."""
        return any(self.names.without_owner([names], me=self._me))

    def doubt(self, jids: Iterable[str], unmatched: Sequence[Identity]) -> None:
        """Note participants without a claim, and the names of claims that match none: one may be a participant's."""
        if unmatched:
            self._doubted.update(jids)
            self._unmatched += unmatched

    def look_before(self, jids: Collection[str]) -> Flow[Mapping[str, Observation]]:
        """Read the roster once before an add; errors and result as for `look`."""
        observations = yield from self.look(jids)
        self.note_rows_before(jids)
        return observations

    def note_rows_before(self, jids: Iterable[str]) -> None:
        """Note the rows of the last roster as those before these participants' add: others are new."""
        if self.roster is not None and self.roster.complete:
            self._names_before.update(dict.fromkeys(jids, frozenset(chain.from_iterable(map(_names, self._rows)))))

    def forget_rows_before(self, jids: Iterable[str]) -> None:
        """Forget the rows before these participants' add: no look will need them."""
        for jid in jids:
            self._names_before.pop(jid, None)

    def look(
        self, jids: Collection[str], *, also: Collection[str] = (), not_before: float = 0.0
    ) -> Flow[Mapping[str, Observation]]:
        """Read the roster once. Where it leaves a participant open, the participant's other names are looked up.

        Args:
            jids: The participants to observe.
            also: Further participants to observe, whose other names are not looked up.
            not_before: The earliest moment of the request, in seconds of the driver's clock.

        Returns:
            What the roster shows, by canonical JID.

        Raises:
            ProviderError: The roster could not be read.
        """
        refreshed = bool(self._refreshed)
        self.roster = yield from self.session.roster(self.group, not_before=not_before, refreshed=refreshed)
        self._learn_from_rows()
        if self.roster.hides_phones:
            yield from self.names.resolve_lids(_unresolved(self._shown(jids)))
        if maybe_listed := list(self._maybe_listed(self._shown(jids))):
            yield from self.names.check_numbers(maybe_listed, self._phones)
        return self.observe((*jids, *also))

    def _learn_from_rows(self) -> None:
        """Learn the other names in the participants' rows: unmatched claims may be theirs."""
        if self._unmatched:
            by_phone, by_lid = self.names.index(self.names.people)
            for row in self._rows:
                for jid in {by_phone.get(row.phone), by_lid.get(row.lid)} - {None}:
                    self.names.learn(str(jid), row)
            self._unmatched = [names for names in self._unmatched if self.is_unknown(names)]

    def observe(self, jids: Iterable[str]) -> dict[str, Observation]:
        """Return what the last roster shows of participants, by canonical JID.

        An absence is not proven while an unexplained row or claim may be the participant's under another number.
        """
        shown = self._shown(jids)
        for jid in self._maybe_listed(shown):
            shown[jid] = Observation(None, Reason.UNRESOLVED_IDENTITY, shown[jid].complete)
        return shown

    def _shown(self, jids: Iterable[str]) -> dict[str, Observation]:
        """Return what the last roster shows of the participants' known names."""
        return {} if self.roster is None else {jid: self.roster.observation(self.names.person(jid)) for jid in jids}

    def _maybe_listed(self, shown: Mapping[str, Observation]) -> Sequence[str]:
        """Return the participants without a row who may have one under another form of their number.

        It may be any row whose number looks like another form. Where the roster would prove absence, it may also be any
        number without an owner that came since the look before. A participant whose account the provider has named, or
        who has no number, has no other form.
        """
        names = self.names
        jids = [jid for jid, one in shown.items() if not one.listed and names.person(jid).phones]
        if not jids:
            return ()
        phones, has_new = self._phones, self._has_new_rows(jids)
        return [
            jid
            for jid in jids
            if any(map(phones.hold_another_form_of, names.person(jid).phones))
            or (shown[jid].listed is False and (has_new[self._names_before.get(jid)] or self._may_be_claimed(jid)))
            if not names.is_canonical(jid)
        ]

    def _has_new_rows(self, jids: Iterable[str]) -> Mapping[Names | None, bool]:
        """Return whether the roster has a number without an owner that these participants' rows before lack."""
        before = {self._names_before.get(jid) for jid in jids}
        rows = self.names.without_owner(self._rows, me=self._me) if before - {None} else ()
        strangers = [frozenset(_names(row)) for row in rows if row.phone]
        return {names: any(names is not None and names.isdisjoint(row) for row in strangers) for names in before}

    def _may_be_claimed(self, jid: str) -> bool:
        return bool(self._unmatched) and jid in self._doubted

    @property
    def _me(self) -> Identity:
        return self.session.known_me or Identity()

    @property
    def _rows(self) -> Sequence[Identity]:
        """The names in the rows of the last roster, in order."""
        return () if self.roster is None else [Identity(row.phone, row.lid) for row in self.roster.members]

    @property
    def _phones(self) -> Lookalikes:
        """The numbers in the rows of the last roster, without our own."""
        return Lookalikes.among(row.phone for row in self._rows if row.phone != self._me.phone)

    def refresh(self, *, not_before: float = 0.0) -> Flow[None]:
        """Refresh a cached roster, at most once in a call. Where that fails, the roster stays cached."""
        provider = self.session.provider
        if self._refreshed is not None or not isinstance(provider, RefreshesRoster):
            return
        proof = yield from self.session.roster_proof()
        self._refreshed = False
        if proof is None or proof.refreshed is not None:
            try:
                yield from with_retries(delayed(provider.refresh_roster(self.group), not_before))
                self._refreshed = True
            except (ProviderError, Unsupported) as error:
                log.info("the roster could not be refreshed: %s", error)


def _names(row: Identity) -> Iterator[tuple[str, str]]:
    """Yield the names in a row, each with its kind."""
    if row.phone is not None:
        yield "phone", row.phone
    if row.lid is not None:
        yield "lid", row.lid


def _unresolved(shown: Mapping[str, Observation]) -> list[str]:
    return [jid for jid, one in shown.items() if one.reason is Reason.UNRESOLVED_IDENTITY]


def awaiting_approval(observer: RosterObserver, jids: Collection[str]) -> Flow[Collection[str]]:
    """Ask which participants wait for an admin's approval.

    Returns:
        Their canonical JIDs, in the order given; none where the provider cannot tell.
    """
    provider, names = observer.session.provider, observer.names
    requests = (
        (yield from or_none(provider.join_requests, observer.group))
        if isinstance(provider, ListsJoinRequests)
        else None
    )
    if not requests:
        return ()
    if any(request.phone is None for request in requests):
        yield from names.resolve_lids(jids)
    by_phone, by_lid = names.index(jids)
    found = {jid for request in requests for jid in (by_phone.get(request.phone), by_lid.get(request.lid))}
    return [jid for jid in jids if jid in found]


def check(
    session: ProviderSession, group: GroupId, participants: Sequence[Participant]
) -> Flow[tuple[Membership, ...]]:
    """Look once, and return for each participant whether they are in the group.

    Returns:
        One membership for each participant, in the order asked.

    Raises:
        Unsupported: The provider has no roster.
        ProviderError: The roster could not be read.
    """
    people = same_first(participants)
    observations = yield from RosterObserver.of(session, group, people).look(people)
    return tuple(
        Membership(
            person.given, person.phone, person.id, observations[person.id].member, observations[person.id].reason
        )
        for person in participants
    )
