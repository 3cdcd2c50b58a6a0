"""Add people to WhatsApp groups through any provider, and know what became of each."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groupadd.adding.observe import Membership
    from groupadd.adding.preflight import Preflight, Prospect
    from groupadd.client import AsyncClient, Client, connect, connect_async
    from groupadd.errors import (
        AnswerLost,
        CannotRead,
        CannotWrite,
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
    from groupadd.model.masking import Secret
    from groupadd.model.outcome import AddOutcome, Evidence, Invite, InviteState, ParticipantOutcome, Reason, Status
    from groupadd.model.roster import Member, Roster
    from groupadd.provider import GroupMembershipProvider

__all__ = [
    "AddOutcome",
    "AnswerLost",
    "AsyncClient",
    "CannotRead",
    "CannotWrite",
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

_HOMES = (
    "errors",
    "model.masking",
    "model.outcome",
    "model.roster",
    "provider",
    "adding.observe",
    "adding.preflight",
    "client",
)  # lightest first


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import groupadd` costs next to nothing."""
    if name in __all__:
        for home in _HOMES:
            module = import_module(f"{__name__}.{home}")
            if name in vars(module):
                globals()[name] = vars(module)[name]
                return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
