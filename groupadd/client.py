"""The clients: `connect`, `Client` and `AsyncClient`. `ClientFlows` holds once what both do."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Generic, Self, TypeVar, Unpack, cast

from attrs import evolve, frozen

from groupadd.adding.add import add
from groupadd.adding.observe import Membership, ProviderSession, check
from groupadd.adding.preflight import Preflight, preflight
from groupadd.errors import ConfigError, Interrupted, ProviderUnreachable
from groupadd.model.identity import GroupId, parse_participants
from groupadd.model.outcome import AddOutcome
from groupadd.model.roster import Roster
from groupadd.provider import GroupMembershipProvider
from groupadd.settings import AddOverrides, AddSettings, Invitation, Verify
from groupadd.wire.address import NOT_AN_ADDRESS, is_address
from groupadd.wire.driver import Clock, SystemClock, drive, drive_async
from groupadd.wire.gaps import Gaps
from groupadd.wire.messages import Flow, log

if TYPE_CHECKING:  # httpx, configs and plugins are imported when the first client is made
    import httpx

    from groupadd.config.load import Config
    from groupadd.config.sources import ConfigSource
    from groupadd.wire.transport import AsyncHttpTransport, HttpTransport

T = TypeVar("T")
CallbackResultT = TypeVar("CallbackResultT")
HttpClientT = TypeVar("HttpClientT")
TransportT = TypeVar("TransportT", bound="HttpTransport | AsyncHttpTransport")


@frozen
class ClientFlows:
    """What a client does, as flows: one body for sync and async.

    Attributes:
        session: The provider and its WhatsApp account.
        name: The provider's configured name.
        type: The provider's type.
        settings: How adds are carried out unless a call says otherwise.
    """

    session: ProviderSession
    name: str
    type: str
    settings: AddSettings

    def add(self, group: str, participants: Iterable[str], **options: Unpack[AddOverrides]) -> Flow[AddOutcome]:
        """Parse the group and the participants, add, and return the outcome."""
        group_id, people = GroupId.parse(group), parse_participants(participants)
        settings = evolve(self.settings, **options) if options else self.settings
        outcomes = yield from add(self.session, group_id, people, settings)
        return AddOutcome(self.name, self.type, group_id.jid, outcomes)

    def preflight(self, group: str, participants: Iterable[str]) -> Flow[Preflight]:
        """Return what is known before an add."""
        people = tuple(participants)
        group_id = GroupId.parse(group)
        parsed = parse_participants(people) if people else ()
        return (yield from preflight(self.session, self.name, self.type, group_id, parsed))

    def members(self, group: str) -> Flow[Roster]:
        """Read the roster once."""
        return (yield from self.session.roster(GroupId.parse(group)))

    def check(self, group: str, participants: Iterable[str]) -> Flow[tuple[Membership, ...]]:
        """Look once, for each participant."""
        return (yield from check(self.session, GroupId.parse(group), parse_participants(participants)))


class _EitherClient(ABC, Generic[CallbackResultT, HttpClientT, TransportT]):
    """The part that `Client` and `AsyncClient` share."""

    def __init__(
        self,
        provider: GroupMembershipProvider,
        *,
        settings: AddSettings | None = None,
        on_outcome: Callable[[AddOutcome], CallbackResultT] | None = None,
        http: HttpClientT | None = None,
        name: str | None = None,
        clock: Clock | None = None,
        **options: Unpack[AddOverrides],
    ) -> None:
        from groupadd.config.registry import type_name

        settings = evolve(settings or AddSettings(), **options)
        kind = type_name(provider)
        self._flows = ClientFlows(ProviderSession(provider), name or kind, kind, settings)
        if not is_address(provider.base_url):
            raise ConfigError(f"base_url {NOT_AN_ADDRESS}")
        self._transport = self._opened(provider.base_url, settings.timeout_s, http)
        self._clock = clock or SystemClock()
        self._gaps = Gaps()
        self._on_outcome = on_outcome

    @abstractmethod
    def _opened(self, base_url: str, timeout_s: float, http: HttpClientT | None) -> TransportT:
        """Return the transport to the provider."""

    def _require_open(self) -> None:
        if self._transport.closed:
            raise ProviderUnreachable("this client is closed: nothing was sent")


class Client(_EitherClient[None, "httpx.Client", "HttpTransport"]):
    """A client that adds people to groups through one provider, and returns what became of each.

    Args:
        provider: The provider, as made from its class.
        settings: How adds are carried out; `AddSettings()` if left out.
        on_outcome: Called with the outcome of each add, for welcome messages, metrics and audit trails. An exception
            that it raises is logged, and the outcome is returned all the same.
        http: An `httpx.Client` of your own (proxies, TLS, instrumentation); you close it. Its time-outs count for one
            operation each, so a server that sends its headers slowly may exceed `timeout_s`. The same holds for a
            proxy that the environment names.
        name: The provider's name in outcomes; its type if left out.
        clock: The time, for tests.
        **options: Single `AddSettings`, such as `verify="always"`; they win over `settings`.

    Raises:
        ConfigError: The provider's `base_url` is no address or holds credentials, or the environment names a proxy or
            certificates that cannot be used.
        ValueError: A setting has a value that it may not have.
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
        """Add participants to a group, and return what became of each.

        Args:
            group: The group's JID, such as `1203630000@g.us`.
            participants: Phone numbers with country code in any usual spelling, JIDs or LIDs.
            notify: Whether participants are notified; None is the client's setting.
            verify: Which looks are taken; None is the client's setting.
            invite: Which invitation is sent to participants who could not be added; None is the client's setting.

        Returns:
            The outcome, with one entry for each participant, in the order given.

        Raises:
            InvalidGroup: The text does not name a group; nothing was sent.
            InvalidParticipant: A participant cannot be parsed, or none was given; nothing was sent.
            Unsupported: The provider cannot do what was asked; nothing was sent.
            ConfigError: A credential holds a character that HTTP cannot carry; nothing was sent.
            ProviderError: The provider refused the whole request, or cannot be reached.
            ValueError: `verify` or `invite` has a value that it may not have; nothing was sent.
            Interrupted: Ctrl-C came. Its `.outcome` holds what is known.
        """
        options = _given(notify=notify, verify=verify, invite=invite)
        flow = self._flows.add(group, participants, **options)
        try:
            outcome = self._run(flow)
        except Interrupted as stop:
            if isinstance(stop.outcome, AddOutcome):
                self._call_back(stop.outcome)
            raise
        self._call_back(outcome)
        return outcome

    def preflight(self, group: str, participants: Iterable[str] = ()) -> Preflight:
        """Return what is known before an add: whether we may add, how many places there are, and who is in already.

        Adds no participant. Costs one look, one read of the group's settings, and one number check for each
        participant who is not in the group.

        Args:
            group: The group's JID.
            participants: The participants to ask about; none if left out.

        Returns:
            What is known, with one entry for each participant, each person once.

        Raises:
            InvalidGroup: The text does not name a group.
            InvalidParticipant: A participant cannot be parsed.
            Unsupported: The provider has no roster.
            ConfigError: A credential holds a character that HTTP cannot carry.
            ProviderError: The roster could not be read.
        """
        return self._run(self._flows.preflight(group, participants))

    def members(self, group: str) -> Roster:
        """Read the group's roster once.

        Raises:
            InvalidGroup: The text does not name a group.
            Unsupported: The provider has no roster.
            ConfigError: A credential holds a character that HTTP cannot carry.
            ProviderError: The roster could not be read.
        """
        return self._run(self._flows.members(group))

    def check(self, group: str, participants: Iterable[str]) -> tuple[Membership, ...]:
        """Look once, and return for each participant whether they are in the group. Adds no participant.

        Returns:
            One membership for each participant, in the order given.

        Raises:
            InvalidGroup: The text does not name a group.
            InvalidParticipant: A participant cannot be parsed, or none was given.
            Unsupported: The provider has no roster.
            ConfigError: A credential holds a character that HTTP cannot carry.
            ProviderError: The roster could not be read.
        """
        return self._run(self._flows.check(group, participants))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _run(self, flow: Flow[T]) -> T:
        self._require_open()
        return drive(flow, self._transport, self._clock, self._gaps)

    def _call_back(self, outcome: AddOutcome) -> None:
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
        """Add participants to a group, and return what became of each; arguments and errors as for `Client.add`."""
        outcome = await self._run(
            self._flows.add(group, participants, **_given(notify=notify, verify=verify, invite=invite))
        )
        if self._on_outcome is not None:
            try:
                await self._on_outcome(outcome)
            except Exception as error:
                _log_failed_callback(error)
        return outcome

    async def preflight(self, group: str, participants: Iterable[str] = ()) -> Preflight:
        """Return what is known before an add; arguments and errors as for `Client.preflight`."""
        return await self._run(self._flows.preflight(group, participants))

    async def members(self, group: str) -> Roster:
        """Read the group's roster once; errors as for `Client.members`."""
        return await self._run(self._flows.members(group))

    async def check(self, group: str, participants: Iterable[str]) -> tuple[Membership, ...]:
        """Look once, and return for each participant whether they are in; errors as for `Client.check`."""
        return await self._run(self._flows.check(group, participants))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _run(self, flow: Flow[T]) -> T:
        self._require_open()
        return await drive_async(flow, self._transport, self._clock, self._gaps)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def connect(
    name: str | None = None,
    *,
    config: "ConfigSource" = None,
    on_outcome: Callable[[AddOutcome], None] | None = None,
    http: "httpx.Client | None" = None,
    **options: Unpack[AddOverrides],
) -> Client:
    """Return a client for a configured provider.

    Args:
        name: The provider's name in the config; None is the default provider.
        config: A path, a mapping of the same shape as the file, or None for the usual places.
        on_outcome: As for `Client`.
        http: As for `Client`.
        **options: Single `AddSettings`; they win over those of `[add]`.

    Raises:
        ConfigError: The configuration cannot be used. The text lists every fault with its place.
        ValueError: A setting has a value that it may not have.
    """
    config = _hidden(config)
    loaded = _load(config)
    configured = loaded.provider(name)
    settings = evolve(loaded.add, **options)
    return Client(configured.provider, name=configured.name, settings=settings, on_outcome=on_outcome, http=http)


def connect_async(
    name: str | None = None,
    *,
    config: "ConfigSource" = None,
    on_outcome: Callable[[AddOutcome], Awaitable[None]] | None = None,
    http: "httpx.AsyncClient | None" = None,
    **options: Unpack[AddOverrides],
) -> AsyncClient:
    """Return an async client for a configured provider; arguments and errors as for `connect`."""
    config = _hidden(config)
    loaded = _load(config)
    configured = loaded.provider(name)
    settings = evolve(loaded.add, **options)
    return AsyncClient(configured.provider, name=configured.name, settings=settings, on_outcome=on_outcome, http=http)


def _hidden(config: "ConfigSource") -> "ConfigSource":
    """Return a config without readable keys, for local variables: a traceback may show them."""
    from groupadd.config.sources import hidden

    return hidden(config)


def _load(config: "ConfigSource") -> "Config":
    from groupadd.config.load import load

    return load(config)


def _given(**options: object) -> AddOverrides:
    """Return the options of one call that the caller gave."""
    return cast("AddOverrides", {name: value for name, value in options.items() if value is not None})


def _log_failed_callback(error: Exception) -> None:
    """Log where a callback failed. Its exception may hold people's numbers, so the text stays out of the log."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else "an unknown place"
    log.error("on_outcome raised %s at %s", type(error).__name__, where)
