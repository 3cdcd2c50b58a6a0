"""The clients: `connect`, `Client` and `AsyncClient`. `ClientFlows` says once what both do."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from attrs import evolve, frozen

from groupadd.adding.add import add
from groupadd.adding.observe import Membership, ProviderSession, check
from groupadd.adding.preflight import Preflight, preflight
from groupadd.errors import Interrupted, ProviderUnreachable
from groupadd.model.identity import GroupId, Participant, parse_participants
from groupadd.model.outcome import AddOutcome
from groupadd.model.roster import Roster
from groupadd.provider import GroupMembershipProvider
from groupadd.settings import AddSettings, Invitation, Verify
from groupadd.wire.driver import Clock, SystemClock, drive, drive_async
from groupadd.wire.messages import Flow, log

if TYPE_CHECKING:  # httpx, configs and plugins are imported when the first client is made
    import httpx

    from groupadd.config.sources import Source
    from groupadd.wire.transport import AsyncHttpTransport, HttpTransport

T = TypeVar("T")
Told = TypeVar("Told")
Http = TypeVar("Http")
Line = TypeVar("Line", bound="HttpTransport | AsyncHttpTransport")


@frozen
class ClientFlows:
    """What a client can do with its account, as flows: one body for both colours.

    Attributes:
        account: The account behind the provider.
        name: The provider's configured name.
        type: The provider's type.
        terms: How adds are carried out unless a call says otherwise.
    """

    account: ProviderSession
    name: str
    type: str
    terms: AddSettings

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


class _EitherClient(ABC, Generic[Told, Http, Line]):
    """What a client of either colour is made of; the colours differ in how they wait."""

    def __init__(
        self,
        provider: GroupMembershipProvider,
        *,
        verify: Verify = "auto",
        look_after_s: Sequence[float] = (2.0, 8.0, 30.0),
        late_after_s: float = 60.0,
        timeout_s: float = 30.0,
        notify: bool | None = None,
        invite: Invitation = "never",
        invite_text: str = "Join our group: {link}",
        on_outcome: Callable[[AddOutcome], Told] | None = None,
        http: Http | None = None,
        name: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        from groupadd.config.registry import type_name

        terms = AddSettings(
            verify=verify,
            look_after_s=look_after_s,
            late_after_s=late_after_s,
            timeout_s=timeout_s,
            notify=notify,
            invite=invite,
            invite_text=invite_text,
        )
        kind = type_name(provider)
        self._flows = ClientFlows(ProviderSession(provider), name or kind, kind, terms)
        self._transport = self._opened(provider.base_url, timeout_s, http)
        self._clock = clock or SystemClock()
        self._on_outcome = on_outcome

    @abstractmethod
    def _opened(self, base_url: str, timeout_s: float, http: Http | None) -> Line:
        """Open the line to the provider."""

    def _require_open(self) -> None:
        if self._transport.closed:
            raise ProviderUnreachable("this client is closed: nothing was sent")


class Client(_EitherClient[None, "httpx.Client", "HttpTransport"]):
    """Adds people to groups through one provider, and says of each what happened.

    Args:
        provider: The provider, as made from its class.
        verify: Which looks at the roster are taken: `auto` only where the answer cannot settle every person, `always`
            before and after, `never` none.
        look_after_s: Seconds after the answer at which the roster is read, ascending; with fewer than two, absence is
            never proven.
        late_after_s: Seconds after sending during which an unanswered add may still take effect.
        timeout_s: Seconds for one request as a whole, from connecting to the last byte.
        notify: Whether people are notified; None is the provider's own default.
        invite: `link`: people who could not be added get the group's link, where that makes sense; `personal`:
            WhatsApp's own invitation for one person, where it offers one.
        invite_text: The text of that message, with `{link}` in it.
        on_outcome: Called after every add with its outcome, for welcome messages, metrics and audit trails. What it
            raises is logged, and loses no outcome.
        http: An `httpx.Client` of your own (proxies, TLS, instrumentation); you close it. Its time-outs, and
            ours through a proxy that the environment names, count for one operation each, so that a server which drips
            its headers may outlive `timeout_s`.
        name: What the provider is called in outcomes; its type if left out.
        clock: Time itself, for tests.

    Raises:
        ValueError: A setting makes no sense.
    """

    def _opened(self, base_url: str, timeout_s: float, http: "httpx.Client | None") -> "HttpTransport":
        from groupadd.wire.transport import HttpTransport

        return HttpTransport(base_url, timeout_s, http)

    def add(
        self,
        group: str,
        participants: Iterable[str],
        *,
        notify: bool | None = None,
        verify: Verify | None = None,
        invite: Invitation | None = None,
    ) -> AddOutcome:
        """Add people to a group and say of each what happened.

        Args:
            group: The group's JID, such as `1203630000@g.us`.
            participants: Phone numbers with country code in any usual spelling, JIDs or LIDs.
            notify: Whether people are notified; None is the client's setting.
            verify: Which looks are taken; None is the client's setting.
            invite: Whether who could not be added gets the link; None is the client's setting.

        Raises:
            InvalidGroup: The text does not name a group; nothing was sent.
            InvalidParticipant: Somebody cannot be parsed, or nobody was named; nothing was sent.
            Unsupported: The provider cannot do what was asked; nothing was sent.
            ProviderError: The provider refused the request as a whole, or cannot be reached.
            Interrupted: Ctrl-C came; its `.outcome` holds what is known.
        """
        flow = self._flows.add(group, participants, notify=notify, verify=verify, invite=invite)
        try:
            outcome = self._run(flow)
        except Interrupted as stop:
            if isinstance(stop.outcome, AddOutcome):
                self._tell(stop.outcome)
            raise
        self._tell(outcome)
        return outcome

    def preflight(self, group: str, participants: Iterable[str] = ()) -> Preflight:
        """Say what is known before an add: whether we may, what room there is, who is in, whose number is no account.

        Adds nobody. Costs one look, the group's settings, and one number check for everyone who is not in.

        Args:
            group: The group's JID.
            participants: Whom to ask about; nobody if left out.

        Raises:
            InvalidGroup: The text does not name a group.
            InvalidParticipant: Somebody cannot be parsed.
            Unsupported: The provider has no roster.
            ProviderError: The roster could not be read.
        """
        return self._run(self._flows.preflight(group, participants))

    def members(self, group: str) -> Roster:
        """Read the group's roster once.

        Raises:
            InvalidGroup: The text does not name a group.
            Unsupported: The provider has no roster.
            ProviderError: The roster could not be read.
        """
        return self._run(self._flows.members(group))

    def check(self, group: str, participants: Iterable[str]) -> tuple[Membership, ...]:
        """Say of each person whether they are in the group, from one look, adding nobody.

        Raises:
            InvalidGroup: The text does not name a group.
            InvalidParticipant: Somebody cannot be parsed, or nobody was named.
            Unsupported: The provider has no roster.
            ProviderError: The roster could not be read.
        """
        return self._run(self._flows.check(group, participants))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _run(self, flow: Flow[T]) -> T:
        self._require_open()
        return drive(flow, self._transport, self._clock)

    def _tell(self, outcome: AddOutcome) -> None:
        if self._on_outcome is not None:
            try:
                self._on_outcome(outcome)
            except Exception as error:
                _log_failed_callback(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_EitherClient[Awaitable[None], "httpx.AsyncClient", "AsyncHttpTransport"]):
    """`Client` for asyncio: the same arguments, with an `httpx.AsyncClient`, and the same outcomes."""

    def _opened(self, base_url: str, timeout_s: float, http: "httpx.AsyncClient | None") -> "AsyncHttpTransport":
        from groupadd.wire.transport import AsyncHttpTransport

        return AsyncHttpTransport(base_url, timeout_s, http)

    async def add(
        self,
        group: str,
        participants: Iterable[str],
        *,
        notify: bool | None = None,
        verify: Verify | None = None,
        invite: Invitation | None = None,
    ) -> AddOutcome:
        """Add people to a group and say of each what happened; arguments and errors as for `Client.add`."""
        flow = self._flows.add(group, participants, notify=notify, verify=verify, invite=invite)
        outcome = await self._run(flow)
        if self._on_outcome is not None:
            try:
                await self._on_outcome(outcome)
            except Exception as error:
                _log_failed_callback(error)
        return outcome

    async def preflight(self, group: str, participants: Iterable[str] = ()) -> Preflight:
        """Say what is known before an add; arguments and errors as for `Client.preflight`."""
        return await self._run(self._flows.preflight(group, participants))

    async def members(self, group: str) -> Roster:
        """Read the group's roster once; errors as for `Client.members`."""
        return await self._run(self._flows.members(group))

    async def check(self, group: str, participants: Iterable[str]) -> tuple[Membership, ...]:
        """Say of each person whether they are in the group; errors as for `Client.check`."""
        return await self._run(self._flows.check(group, participants))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _run(self, flow: Flow[T]) -> T:
        self._require_open()
        return await drive_async(flow, self._transport, self._clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def connect(
    name: str | None = None,
    *,
    config: "Source" = None,
    on_outcome: Callable[[AddOutcome], None] | None = None,
) -> Client:
    """Return a client for a configured provider.

    Args:
        name: The provider's name in the config; None is the default one.
        config: A path, a mapping of the same shape as the file, or None for the usual places.
        on_outcome: As for `Client`.

    Raises:
        ConfigError: The configuration cannot be used; the text lists every fault with its place.
    """
    return Client(**_configured(name, config), on_outcome=on_outcome)


def connect_async(
    name: str | None = None,
    *,
    config: "Source" = None,
    on_outcome: Callable[[AddOutcome], Awaitable[None]] | None = None,
) -> AsyncClient:
    """Return an async client for a configured provider; arguments and errors as for `connect`."""
    return AsyncClient(**_configured(name, config), on_outcome=on_outcome)


def _configured(name: str | None, config: "Source") -> dict[str, Any]:
    """Return the keyword arguments of a client that a config describes."""
    from groupadd.config.load import load

    settings = load(config)
    chosen = settings.provider(name)
    return {"provider": chosen.provider, "name": chosen.name, **settings.add.as_arguments()}


def _log_failed_callback(error: Exception) -> None:
    """Tell where a callback failed; what it raised may hold people's numbers, and is not shown."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else "an unknown place"
    log.error("on_outcome raised %s at %s", type(error).__name__, where)
