"""Add people to WhatsApp groups through any provider, and know what became of each."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for type checkers; a test holds these imports against the mapping
    from groupadd.adding.observe import Membership as Membership
    from groupadd.adding.preflight import Preflight as Preflight
    from groupadd.adding.preflight import Prospect as Prospect
    from groupadd.client import AsyncClient as AsyncClient
    from groupadd.client import Client as Client
    from groupadd.client import connect as connect
    from groupadd.client import connect_async as connect_async
    from groupadd.errors import AnswerLost as AnswerLost
    from groupadd.errors import CannotRead as CannotRead
    from groupadd.errors import CannotWrite as CannotWrite
    from groupadd.errors import ConfigError as ConfigError
    from groupadd.errors import ConfigNotFound as ConfigNotFound
    from groupadd.errors import GroupAddError as GroupAddError
    from groupadd.errors import GroupNotFound as GroupNotFound
    from groupadd.errors import Interrupted as Interrupted
    from groupadd.errors import InvalidGroup as InvalidGroup
    from groupadd.errors import InvalidParticipant as InvalidParticipant
    from groupadd.errors import NotAllowed as NotAllowed
    from groupadd.errors import NotAuthenticated as NotAuthenticated
    from groupadd.errors import ProviderError as ProviderError
    from groupadd.errors import ProviderFailed as ProviderFailed
    from groupadd.errors import ProviderUnreachable as ProviderUnreachable
    from groupadd.errors import RateLimited as RateLimited
    from groupadd.errors import RequestRefused as RequestRefused
    from groupadd.errors import SessionNotReady as SessionNotReady
    from groupadd.errors import UnknownProvider as UnknownProvider
    from groupadd.errors import Unsupported as Unsupported
    from groupadd.errors import WrongAddress as WrongAddress
    from groupadd.model.masking import Secret as Secret
    from groupadd.model.outcome import AddOutcome as AddOutcome
    from groupadd.model.outcome import Evidence as Evidence
    from groupadd.model.outcome import Invite as Invite
    from groupadd.model.outcome import InviteState as InviteState
    from groupadd.model.outcome import ParticipantOutcome as ParticipantOutcome
    from groupadd.model.outcome import Reason as Reason
    from groupadd.model.outcome import Status as Status
    from groupadd.model.roster import Member as Member
    from groupadd.model.roster import Roster as Roster
    from groupadd.provider import GroupMembershipProvider as GroupMembershipProvider
    from groupadd.settings import AddSettings as AddSettings
    from groupadd.settings import PaceSettings as PaceSettings

_MODULE_OF = {
    "AddOutcome": "model.outcome",
    "AddSettings": "settings",
    "AnswerLost": "errors",
    "AsyncClient": "client",
    "CannotRead": "errors",
    "CannotWrite": "errors",
    "Client": "client",
    "ConfigError": "errors",
    "ConfigNotFound": "errors",
    "Evidence": "model.outcome",
    "GroupAddError": "errors",
    "GroupMembershipProvider": "provider",
    "GroupNotFound": "errors",
    "Interrupted": "errors",
    "InvalidGroup": "errors",
    "InvalidParticipant": "errors",
    "Invite": "model.outcome",
    "InviteState": "model.outcome",
    "Member": "model.roster",
    "Membership": "adding.observe",
    "NotAllowed": "errors",
    "NotAuthenticated": "errors",
    "PaceSettings": "settings",
    "ParticipantOutcome": "model.outcome",
    "Preflight": "adding.preflight",
    "Prospect": "adding.preflight",
    "ProviderError": "errors",
    "ProviderFailed": "errors",
    "ProviderUnreachable": "errors",
    "RateLimited": "errors",
    "Reason": "model.outcome",
    "RequestRefused": "errors",
    "Roster": "model.roster",
    "Secret": "model.masking",
    "SessionNotReady": "errors",
    "Status": "model.outcome",
    "UnknownProvider": "errors",
    "Unsupported": "errors",
    "WrongAddress": "errors",
    "connect": "client",
    "connect_async": "client",
}

__all__ = [*_MODULE_OF]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import groupadd` costs next to nothing."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
