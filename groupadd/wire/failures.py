"""What the HTTP client's errors mean, in words: which host, why, and whether anything was sent.

Their frames, causes and texts hold URLs and headers, so nothing of them goes on but these words and the cause's type.
"""

import socket
import ssl
from collections.abc import Iterator

import httpx

from groupadd.errors import ConfigError
from groupadd.wire.body import BodyError
from groupadd.wire.messages import NoAnswer

NOT_FOR_HTTP = "a credential or id holds characters that HTTP cannot carry, such as a line break at its end"

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    OverflowError,  # Python's, for a port that cannot be; and for a host
    UnicodeError,
)
# The first that a cause is an instance of names it. A failed connection has several causes, from httpx's error inwards.
_CLAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "there is no such host as {host}"),
    (ConnectionRefusedError, "{host} refuses connections"),
    (ssl.SSLCertVerificationError, "the certificate of {host} is not valid"),
    (ssl.SSLError, "{host} does not speak TLS as expected"),
    (httpx.ProxyError, "the proxy in front of {host} refuses the connection"),
    (httpx.ConnectTimeout, "{host} accepts no connection in time"),
    (httpx.PoolTimeout, "too many requests to {host} wait for a connection"),
    (httpx.UnsupportedProtocol, "the address of {host} is neither http:// nor https://"),
    (httpx.InvalidURL, "the address of {host} cannot be used"),
    (httpx.ConnectError, "{host} cannot be reached"),
    (httpx.TimeoutException, "{host} did not answer in time"),
    (ConnectionResetError, "{host} broke the connection"),
)
_OTHERWISE = "the connection to {host} broke"


def failure(error: BaseException, host: str, *, is_sent: bool) -> BaseException:
    """Return the error to raise in place of the HTTP client's.

    What is no `Exception`, such as a cancellation, and what a fault of the request raises before it is sent, is itself
    returned, without its frames and causes.

    Args:
        error: What was raised.
        host: The provider's host.
        is_sent: Whether sending had begun.
    """
    if isinstance(error, httpx.InvalidURL) or (is_sent and isinstance(error, Exception)):
        return NoAnswer(_why(error, host), maybe_sent=is_sent and not _is_never_sent(error))
    if isinstance(error, UnicodeError):
        return ConfigError(NOT_FOR_HTTP)
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _is_never_sent(error: BaseException) -> bool:
    """Return whether an error comes before sending. A group has an error for each of a host's addresses (anyio)."""
    if isinstance(error, ExceptionGroup):
        return all(map(_is_never_sent, error.exceptions))
    return isinstance(error, _NEVER_SENT)


def _why(error: BaseException, host: str) -> str:
    """Return why a request to a host failed, with the cause's type: `api.example refuses connections (…)`."""
    if isinstance(error, BodyError):
        return f"the answer of {host or 'the provider'} {error}"
    causes = list(_causes(error))
    known = ((clause, cause) for kind, clause in _CLAUSES for cause in causes if isinstance(cause, kind))
    clause, cause = next(known, (_OTHERWISE, error))
    details = getattr(cause, "verify_message", "")  # OpenSSL's words for a certificate name hosts and dates alone
    return f"{clause.format(host=host or 'the provider')} ({': '.join(filter(None, (type(cause).__name__, details)))})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its causes and, for a group of errors, its members, from the outside in, each once."""
    left, seen = [error], set[int]()
    while left:
        cause = left.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        left += [one for one in (cause.__cause__, cause.__context__, *inner) if one is not None]
