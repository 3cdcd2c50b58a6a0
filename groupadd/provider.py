"""What an adapter implements: the protocol of a provider, its abilities, and what its flows return.

`GroupMembershipProvider` requires one method. Every other ability is a protocol of its own, which a provider has by
having the method. Methods do no I/O: they return flows, which yield a `Request` and receive its `Response`.

A provider is an attrs class whose fields are its config keys (credentials of type `Secret`). Its file holds a table of
the vendor's endpoints and words, each with its source, then the flows, then pure readers of answers. Readers are
lenient about what wraps an answer and strict about its meaning.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Protocol, TypeAlias, runtime_checkable

from attrs import field, frozen
from attrs.converters import optional

from groupadd.errors import (
    AnswerLost,
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    ProviderFailed,
    RateLimited,
    RequestRefused,
    SessionNotReady,
    Unsupported,
    WrongAddress,
)
from groupadd.model.cleaning import clean_word
from groupadd.model.codes import (
    ACCEPTED,
    ADDED,
    ALREADY_MEMBER,
    CONTRADICTION,
    INVITED,
    NO_ANSWER,
    NOT_ALLOWED,
    NOT_MENTIONED,
    NOT_ON_WHATSAPP,
    PENDING_APPROVAL,
    PRIVACY,
    RATE_LIMITED,
    REFUSED,
    UNREADABLE,
    UNRECOGNISED,
    Meaning,
    meaning_of,
    not_asked,
)
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret, masked_url, repr_scrubbed
from groupadd.model.outcome import Evidence, Invite, Reason, Status
from groupadd.model.roster import Member, Proof, Roster, RosterProof
from groupadd.wire.endpoint import Endpoint
from groupadd.wire.messages import Content, Flow, NoAnswer, Request, Response, Wire

__all__ = [
    "ACCEPTED",
    "ADDED",
    "ALREADY_MEMBER",
    "CONTRADICTION",
    "INVITED",
    "NOT_ALLOWED",
    "NOT_MENTIONED",
    "NOT_ON_WHATSAPP",
    "NO_ANSWER",
    "PENDING_APPROVAL",
    "PRIVACY",
    "RATE_LIMITED",
    "REFUSED",
    "UNREADABLE",
    "UNRECOGNISED",
    "AddReply",
    "AnswerLost",
    "ChecksNumbers",
    "Claim",
    "Content",
    "DescribesGroup",
    "Endpoint",
    "Endpoints",
    "Evidence",
    "Flow",
    "GroupId",
    "GroupInfo",
    "GroupMembershipProvider",
    "GroupNotFound",
    "Identity",
    "Invite",
    "KnowsRosterProof",
    "KnowsSession",
    "ListsJoinRequests",
    "ListsParticipants",
    "Meaning",
    "Member",
    "NoAnswer",
    "NotAllowed",
    "NotAuthenticated",
    "NumberCheck",
    "Participant",
    "Proof",
    "ProviderError",
    "ProviderFailed",
    "RateLimited",
    "Reason",
    "RefreshesRoster",
    "Request",
    "RequestRefused",
    "ResolvesLids",
    "Response",
    "Roster",
    "RosterProof",
    "Secret",
    "SendsPersonalInvites",
    "SendsText",
    "SentMessage",
    "Session",
    "SessionNotReady",
    "SharesInviteLink",
    "Status",
    "Unsupported",
    "Wire",
    "WrongAddress",
    "identity",
    "masked_url",
    "meaning_of",
    "not_asked",
    "refuse_notify",
]


# A provider's endpoints by the name of the method that asks them: `{"list_participants": [LIST, OLD_LIST]}`.
Endpoints: TypeAlias = Mapping[str, Sequence[Endpoint]]


@frozen
class Claim:
    """What the provider says of one participant. Several participants may share a claim.

    Attributes:
        meaning: The meaning of the provider's word or code.
        says: The word or code itself.
        invite: The invitation that the provider sent or offers, or None.
        code: The code of an offered personal invitation, for providers that can send one.
    """

    meaning: Meaning
    says: str | None = field(default=None, converter=optional(clean_word), repr=repr_scrubbed)
    invite: Invite | None = None
    code: Secret | None = None


@frozen
class AddReply:
    """The provider's answer to an add: claims for the participants that it names, and one meaning for all others.

    Attributes:
        claims: Pairs of a participant and the claim. The participant is a JID or number as the provider writes it, or
            an `Identity` where the provider gives several names. Pairs for people not asked for are ignored.
        rest: The meaning for every participant without a claim: `ACCEPTED`, `NO_ANSWER`, `UNREADABLE` or
            `NOT_MENTIONED`.
        says: The provider's word for the rest.
    """

    claims: Sequence[tuple[str | Identity, Claim]] = field(default=(), repr=lambda claims: f"<{len(claims)} claims>")
    rest: Meaning = NOT_MENTIONED
    says: str | None = field(default=None, converter=optional(clean_word), repr=repr_scrubbed)


@frozen
class Session:
    """The provider's WhatsApp session.

    Attributes:
        ready: Whether the session is linked and working; None where the provider does not say.
        says: The provider's word for the session's state.
        me: Our own account, or None where the provider does not name it.
    """

    ready: bool | None
    says: str | None = field(default=None, converter=optional(clean_word), repr=repr_scrubbed)
    me: Identity | None = None


@frozen
class GroupInfo:
    """A group's settings, each None where the provider does not tell it.

    Attributes:
        size: The number of members.
        limit: The largest possible number of members.
        members_may_add: Whether members who are not admins may add people.
        needs_approval: Whether people wait for an admin's approval unless an admin adds them.
        is_community: Whether the group is a community's parent group, to which no participant can be added directly.
    """

    size: int | None = None
    limit: int | None = None
    members_may_add: bool | None = None
    needs_approval: bool | None = None
    is_community: bool | None = None


@frozen
class NumberCheck:
    """What a provider says of a number.

    Attributes:
        exists: Whether the number is on WhatsApp; None where the answer proves neither.
        account: The canonical names of its account; None where the provider does not name it, or may remember an old
            answer.
        reaches: The account that a message to the number would reach, where that may be another one; else None.
    """

    exists: bool | None
    account: Identity | None = None
    reaches: Identity | None = None


@frozen
class SentMessage:
    """A message that the provider has sent.

    Attributes:
        id: The message's id, or None without one.
        recipient: The account that the answer names as the recipient, or None where it names none.
    """

    id: str | None = field(default=None, repr=repr_scrubbed)
    recipient: Identity | None = None


@runtime_checkable
class GroupMembershipProvider(Protocol):
    """A service that can add people to a group, and the class that speaks its wire format.

    A class may also have `endpoints: ClassVar[Endpoints]`: `groupadd providers` then shows what each ability rests on.

    Attributes:
        reports_each_person: Whether the answers report on each participant. Where False, they may omit some or all, and
            groupadd reads the roster before the add.
    """

    reports_each_person: ClassVar[bool]

    @property
    def base_url(self) -> str:
        """The address of the provider's API: scheme and host, perhaps a path prefix."""
        ...

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Add these participants; send each of them to the provider at most once.

        Args:
            group: The group.
            participants: The participants; at least one, each of them once.
            notify: Whether WhatsApp notifies people of the add; None for the provider's default.

        Returns:
            The reply, with claims in any order.

        Raises:
            Unsupported: The provider cannot honour this value of `notify`.
            ProviderError: The provider refused the whole request.
            NoAnswer: The answer was lost, or the request could not be sent.
        """
        ...


def refuse_notify(vendor: str, *, notify: bool | None) -> None:
    """Refuse any value of `notify` but None, for a vendor without such a setting.

    Raises:
        Unsupported: `notify` is True or False.
    """
    if notify is not None:
        raise Unsupported(f"{vendor} has no setting for notifying people of an add; leave `notify` out")


@runtime_checkable
class ListsParticipants(Protocol):
    """Can read the group's roster: the membership check."""

    def list_participants(self, group: GroupId) -> Flow[Roster]:
        """Read the roster once.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
        """
        ...


@runtime_checkable
class KnowsRosterProof(Protocol):
    """Can tell what its rosters prove, where that depends on the server behind the provider."""

    def roster_proof(self) -> Flow[RosterProof]:
        """Ask what the server's rosters prove; groupadd asks once for each client.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read. Then its rosters prove nothing.
        """
        ...


@runtime_checkable
class RefreshesRoster(Protocol):
    """Shows a cached roster, and can have it made fresh."""

    def refresh_roster(self, group: GroupId) -> Flow[None]:
        """Let the provider read the group from WhatsApp again. This is costly: groupadd asks at most once a call.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
            Unsupported: The server behind the provider cannot refresh.
        """
        ...


@runtime_checkable
class DescribesGroup(Protocol):
    """Can tell a group's settings."""

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        """Read the group's settings once.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
        """
        ...


@runtime_checkable
class ListsJoinRequests(Protocol):
    """Can tell who waits for an admin's approval."""

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        """Return the people who wait for approval, in the provider's order. Only admins may read them.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
        """
        ...


@runtime_checkable
class SharesInviteLink(Protocol):
    """Can tell the group's invite link."""

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        """Return the link, as a whole `https://chat.whatsapp.com/…` address.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
        """
        ...


@runtime_checkable
class SendsText(Protocol):
    """Can send a text message to one person."""

    def send_text(self, person: Participant, text: Secret) -> Flow[SentMessage]:
        """Send the text once, to the person's own JID. The text may contain an invite link.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
            NoAnswer: The answer was lost, or the request could not be sent.
        """
        ...


@runtime_checkable
class SendsPersonalInvites(Protocol):
    """Can send WhatsApp's own invitation for one person, whose code came with a refused add."""

    def send_personal_invite(
        self, group: GroupId, person: Participant, *, code: Secret, expires_at: datetime | None
    ) -> Flow[SentMessage]:
        """Send the invitation once.

        Args:
            group: The group.
            person: The participant.
            code: The code that came with the refused add.
            expires_at: When the code expires, or None where it is unknown.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
            NoAnswer: The answer was lost, or the request could not be sent.
        """
        ...


@runtime_checkable
class ChecksNumbers(Protocol):
    """Can tell whether a number is on WhatsApp, and under which canonical name."""

    def check_number(self, phone: str) -> Flow[NumberCheck]:
        """Check whether a number is on WhatsApp, and under which canonical name.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
        """
        ...


@runtime_checkable
class ResolvesLids(Protocol):
    """Can tell the LIDs of phone numbers."""

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        """Return LIDs by phone, both as digits, without the numbers whose LID is unknown.

        Raises:
            ProviderError: The provider refused, or an answer cannot be read.
        """
        ...


@runtime_checkable
class KnowsSession(Protocol):
    """Can tell the state of its WhatsApp session and our own account."""

    def session(self) -> Flow[Session]:
        """Read the session's state.

        Raises:
            ProviderError: The provider refused, or its answer cannot be read.
        """
        ...
