"""What a provider is: one flow that adds people, and the abilities it may have besides.

`GroupMembershipProvider` asks for one method. Everything else is an ability: a Protocol of its own, which a provider
has by having the method. All of it is sans-I/O: methods return flows, which yield `Request`s and get `Response`s.

A provider is an attrs class whose fields are its config keys (credentials of type `Secret`); a table of the vendor's
paths and words, each with its source; flows; and pure readers, lenient about envelopes and strict about meaning.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Protocol, runtime_checkable

from attrs import field, frozen

from groupadd.errors import (
    AnswerLost,
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    RateLimited,
    RequestRefused,
    SessionNotReady,
    Unsupported,
)
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
    UNREADABLE,
    UNRECOGNISED,
    Meaning,
    meaning_of,
)
from groupadd.model.identity import GroupId, Identity, Participant, identity
from groupadd.model.masking import Secret, repr_scrubbed
from groupadd.model.outcome import Evidence, Invite, Reason, Status
from groupadd.model.roster import Member, Roster
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
    "UNREADABLE",
    "UNRECOGNISED",
    "AddReply",
    "AnswerLost",
    "ChecksNumbers",
    "Claim",
    "Content",
    "DescribesGroup",
    "Evidence",
    "Flow",
    "GroupId",
    "GroupInfo",
    "GroupMembershipProvider",
    "GroupNotFound",
    "Identity",
    "Invite",
    "KnowsSession",
    "ListsJoinRequests",
    "ListsParticipants",
    "Meaning",
    "Member",
    "NoAnswer",
    "NotAllowed",
    "NotAuthenticated",
    "Participant",
    "ProviderError",
    "RateLimited",
    "Reason",
    "RefreshesRoster",
    "Request",
    "RequestRefused",
    "ResolvesLids",
    "Response",
    "Roster",
    "Secret",
    "SendsPersonalInvites",
    "SendsText",
    "Session",
    "SessionNotReady",
    "SharesInviteLink",
    "Status",
    "Unsupported",
    "Wire",
    "identity",
    "meaning_of",
    "refuse_notify",
]


@frozen
class Claim:
    """What the provider says of a person. One claim may be said of many.

    Attributes:
        meaning: What the provider's word makes of the person.
        says: The word or code itself.
        invite: The invitation that the provider sent or offers, or None.
        code: The code of a personal invitation that is offered, for providers that can send one.
    """

    meaning: Meaning
    says: str | None = field(default=None, repr=repr_scrubbed)
    invite: Invite | None = None
    code: Secret | None = None


@frozen
class AddReply:
    """What a provider answered to an add: claims for the people it speaks of, and one claim for all others.

    Attributes:
        claims: Whom it speaks of (a JID or number as the provider writes it, or an `Identity` where it gives several
            names), and what it says of them. People who were not asked for are passed over.
        rest: What the answer means for everyone else asked for: `ACCEPTED`, `NO_ANSWER`, `UNREADABLE` or
            `NOT_MENTIONED`.
        says: The provider's word for the rest.
    """

    claims: Sequence[tuple[str | Identity, Claim]] = field(default=(), repr=lambda claims: f"<{len(claims)} claims>")
    rest: Meaning = NOT_MENTIONED
    says: str | None = field(default=None, repr=repr_scrubbed)


@frozen
class Session:
    """The provider's WhatsApp session.

    Attributes:
        ready: Whether it is linked and working; None where the provider does not say.
        says: The provider's word for its state.
        me: Our own account, where it is told.
    """

    ready: bool | None
    says: str | None = field(default=None, repr=repr_scrubbed)
    me: Identity | None = None


@frozen
class GroupInfo:
    """A group's settings, each None where the provider does not tell it.

    Attributes:
        size: How many members there are.
        limit: How many there may be.
        members_may_add: Whether members who are no admins may add people.
        needs_approval: Whether people whom no admin adds wait for an admin's approval.
        is_community: Whether it is a community's parent group, to which nobody is added directly.
    """

    size: int | None = None
    limit: int | None = None
    members_may_add: bool | None = None
    needs_approval: bool | None = None
    is_community: bool | None = None


@runtime_checkable
class GroupMembershipProvider(Protocol):
    """A service that can add people to a group, and the class that speaks its wire format.

    Attributes:
        reports_each_person: Whether its answers report on each participant. False where the provider only accepts the
            request: groupadd then reads the roster before the add.
    """

    reports_each_person: ClassVar[bool]

    @property
    def base_url(self) -> str:
        """Where the provider is reached: scheme and host, perhaps a path prefix."""
        ...

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        """Ask once for these people to be added.

        Raises:
            Unsupported: `notify` is a value that the provider cannot honour.
            ProviderError: The provider refused the request as a whole.
        """
        ...


def refuse_notify(vendor: str, *, notify: bool | None) -> None:
    """Say that the vendor has no word for whether people are told of an add.

    Raises:
        Unsupported: It was asked to tell them, or not to.
    """
    if notify is not None:
        raise Unsupported(f"{vendor} cannot be told whether to notify; leave `notify` out")


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
class RefreshesRoster(Protocol):
    """Shows a cached roster, and can have it made fresh."""

    def refresh_roster(self, group: GroupId) -> Flow[None]:
        """Have the provider read the group from WhatsApp again. Costly: done at most once in a call."""
        ...


@runtime_checkable
class DescribesGroup(Protocol):
    """Can tell a group's settings."""

    def group_info(self, group: GroupId) -> Flow[GroupInfo]:
        """Read the group's settings once."""
        ...


@runtime_checkable
class ListsJoinRequests(Protocol):
    """Can tell who waits for an admin's approval."""

    def join_requests(self, group: GroupId) -> Flow[Sequence[Identity]]:
        """Read who waits; only admins may."""
        ...


@runtime_checkable
class SharesInviteLink(Protocol):
    """Can tell the group's invite link."""

    def invite_link(self, group: GroupId) -> Flow[Secret]:
        """Read the link, as a whole `https://chat.whatsapp.com/…` address."""
        ...


@runtime_checkable
class SendsText(Protocol):
    """Can send a text message to one person."""

    def send_text(self, person: Participant, text: Secret) -> Flow[str | None]:
        """Send once; the text may hold an invite link. Returns the message's id where it is told."""
        ...


@runtime_checkable
class SendsPersonalInvites(Protocol):
    """Can send WhatsApp's own invitation for one person, whose code came with a refused add."""

    def send_personal_invite(
        self, group: GroupId, person: Participant, *, code: Secret, expires_at: datetime | None
    ) -> Flow[str | None]:
        """Send once. Returns the message's id where it is told."""
        ...


@runtime_checkable
class ChecksNumbers(Protocol):
    """Can tell whether a number is on WhatsApp, and under which canonical name."""

    def check_number(self, phone: str) -> Flow[Identity | None]:
        """Return the canonical names of the account, or None for a number that is not on WhatsApp."""
        ...


@runtime_checkable
class ResolvesLids(Protocol):
    """Can tell the LIDs of phone numbers."""

    def resolve_lids(self, phones: Sequence[str]) -> Flow[Mapping[str, str]]:
        """Return LIDs by phone, both as digits; numbers whose LID is not known are left out."""
        ...


@runtime_checkable
class KnowsSession(Protocol):
    """Can tell the state of its WhatsApp session and our own account."""

    def session(self) -> Flow[Session]:
        """Read the session's state."""
        ...
