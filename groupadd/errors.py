"""Every exception of groupadd.

What became of a participant is a value (`ParticipantOutcome`). What kept groupadd from asking is one of these:

* GroupAddError
    * ConfigError                 the config file or the environment is wrong
        * ConfigNotFound          there is no config in the usual places
        * UnknownProvider         no such provider is configured or installed
    * InvalidParticipant          also ValueError: people that cannot be parsed, all of them at once
    * InvalidGroup                also ValueError: not the JID of a group
    * CannotRead                  a file of people cannot be read, or is no list of people
    * CannotWrite                 a file or standard output cannot be written
    * CannotListen                the sandbox cannot listen on its port
    * Unsupported                 this provider cannot do what was asked
    * ProviderError               the provider was asked, or could not be
        * NotAuthenticated        401
        * NotAllowed              403
        * GroupNotFound           404
        * SessionNotReady         the provider's WhatsApp session is down
        * RateLimited             429
        * WrongAddress            what answered is not this provider: a redirect, or a firewall's or web server's page
        * RequestRefused          another 4xx, or a plain refusal of the whole request under 2xx
        * ProviderFailed          the provider failed before it asked WhatsApp
        * ProviderUnreachable     surely not sent
        * AnswerLost              a read whose answer was lost or unreadable
    * LedgerError                 the ledger of a drip cannot be used
        * LedgerBusy              another run works on the ledger
"""

from collections.abc import Mapping, Sequence


class GroupAddError(Exception):
    """The base of every error that groupadd raises on purpose. Never raised itself."""


class ConfigError(GroupAddError):
    """The configuration cannot be used; the text lists every fault with its place."""


class ConfigNotFound(ConfigError):
    """There is no config in the usual places, and the environment names no provider."""


class UnknownProvider(ConfigError):
    """No provider of that name is configured, or none of that type is installed."""


class InvalidParticipant(GroupAddError, ValueError):
    """One or more participants cannot be parsed; nothing was sent.

    Attributes:
        faults: The faults, by position in the given list (counted from 0).

    Args:
        faults: The same.
        places: The place of each entry of the list, such as `people.csv, line 4`; `participant 3` if left out.
    """

    def __init__(self, faults: Mapping[int, str], places: Sequence[str] = ()) -> None:
        self.faults: dict[int, str] = dict(faults)
        lines = (f"{places[at] if places else f'participant {at + 1}'}: {fault}" for at, fault in self.faults.items())
        super().__init__("\n".join(lines))


class InvalidGroup(GroupAddError, ValueError):
    """The text does not name a group; nothing was sent."""


class CannotRead(GroupAddError):
    """A file of people cannot be read: it is missing, not text, no CSV, empty, or has no phone column."""


class CannotWrite(GroupAddError):
    """A file or standard output cannot be written: the disk is full, the folder is missing, or a right is."""


class CannotListen(GroupAddError):
    """The sandbox cannot listen on its port: another program uses the port, or the right is missing."""


class Unsupported(GroupAddError):
    """The provider cannot do what was asked; nothing was sent."""


class ProviderError(GroupAddError):
    """The provider refused the whole request, or could not be reached.

    Attributes:
        maybe_applied: False where nothing can have happened in the group.
    """

    def __init__(self, message: str, *, maybe_applied: bool = False) -> None:
        self.maybe_applied = maybe_applied
        super().__init__(message)


class NotAuthenticated(ProviderError):
    """The provider does not accept our credentials (401)."""


class NotAllowed(ProviderError):
    """Our account may not do this, most often because it is no admin of the group (403)."""


class GroupNotFound(ProviderError):
    """The provider knows no such group, or our account is not in it (404)."""


class SessionNotReady(ProviderError):
    """The provider answers, but its WhatsApp session is down: link it again or restart it."""


class RateLimited(ProviderError):
    """The provider asks for fewer requests (429).

    Attributes:
        retry_after_s: The seconds to wait, or None where the provider does not say.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class WrongAddress(ProviderError):
    """What answered is not this provider: it redirects, or a firewall, proxy or web server shows a page of its own.

    The provider's API did not carry out the request. The text names the host and the cause.
    """


class RequestRefused(ProviderError):
    """The provider refused the whole request, for a reason of its own."""


class ProviderFailed(ProviderError):
    """The provider failed before it asked WhatsApp, as at a busy database: nothing was carried out or refused."""


class ProviderUnreachable(ProviderError):
    """No connection could be made: the request was surely not sent. The text names the host and the cause."""


class AnswerLost(ProviderError):
    """A read was sent, and its answer was lost or cannot be read."""


class LedgerError(GroupAddError):
    """The ledger cannot be used: it is missing, read-only, full, out of reach, or a newer groupadd's."""


class LedgerBusy(LedgerError):
    """Another run works on the ledger, or on every account in it."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came after something may have been sent.

    Attributes:
        outcome: What the interrupted call would have returned, as far as it is known.
    """

    def __init__(self, outcome: object) -> None:
        self.outcome = outcome
        super().__init__()
