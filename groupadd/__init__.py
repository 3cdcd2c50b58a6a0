"""Add people to WhatsApp groups through any provider, and know what became of each."""

from groupadd.client import AsyncClient, Client, connect, connect_async
from groupadd.errors import (
    AnswerLost,
    ConfigError,
    GroupAddError,
    GroupNotFound,
    Interrupted,
    InvalidGroup,
    InvalidParticipant,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    ProviderUnreachable,
    RateLimited,
    RequestRefused,
    SessionNotReady,
    UnknownProvider,
    Unsupported,
)
from groupadd.looking import Membership
from groupadd.outcome import AddOutcome, Evidence, Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.preflight import Preflight, Prospect
from groupadd.provider import GroupMembershipProvider
from groupadd.roster import Member, Roster
from groupadd.secret import Secret

__all__ = [
    "AddOutcome",
    "AnswerLost",
    "AsyncClient",
    "Client",
    "ConfigError",
    "Evidence",
    "GroupAddError",
    "GroupMembershipProvider",
    "GroupNotFound",
    "Interrupted",
    "InvalidGroup",
    "InvalidParticipant",
    "Invite",
    "InviteState",
    "Member",
    "Membership",
    "NotAllowed",
    "NotAuthenticated",
    "ParticipantOutcome",
    "Preflight",
    "Prospect",
    "ProviderError",
    "ProviderUnreachable",
    "RateLimited",
    "Reason",
    "RequestRefused",
    "Roster",
    "Secret",
    "SessionNotReady",
    "Status",
    "UnknownProvider",
    "Unsupported",
    "connect",
    "connect_async",
]
