"""HTTP status → error: the statuses that refuse a whole request, and a vendor's own ways to refuse one."""

import re
from collections.abc import Iterable

from attrs import frozen

from groupadd.errors import GroupNotFound, NotAllowed, NotAuthenticated, ProviderError, RateLimited, RequestRefused
from groupadd.readers.address import missing_route, wrong_address
from groupadd.wire.messages import Response


@frozen
class Refusal:
    """One way in which a vendor refuses a whole request.

    Attributes:
        status: The HTTP status.
        error: The error to raise.
        because: The error's text; the status is appended.
        words: A pattern that the body must contain, for a status that means several things; see `matches`.
    """

    status: int
    error: type[ProviderError]
    because: str = "the provider's WhatsApp session is down: link it again or restart it"
    words: str = ""


_BY_STATUS = (
    Refusal(401, NotAuthenticated, "the provider does not accept our credentials"),
    Refusal(403, NotAllowed, "our account may not do this in the group; mostly because it is no admin there"),
    Refusal(404, GroupNotFound, "the provider knows no such group or session"),
)


TIMEOUTS = frozenset({408, 499})  # a server or proxy gave up waiting: the request may have been carried out


def matches(response: Response, status: int, words: str) -> bool:
    """Whether an answer has this status, and its body contains this pattern, in upper or lower case."""
    if response.status != status:
        return False
    return re.search(words, response.body.decode("utf-8", "replace"), re.IGNORECASE) is not None


def error_for_status(response: Response) -> ProviderError | None:
    """Return the error for a status that refuses the whole request, or None for any other status.

    2xx refuses nothing, nor does 3xx without a new address. 5xx, 408 and 499 leave open whether the request was
    carried out.
    """
    status = response.status
    if error := wrong_address(response) or missing_route(response):
        return error
    if status == 429:
        return RateLimited("the provider asks for patience (429)", retry_after_s=response.retry_after_s)
    if not 400 <= status < 500 or status in TIMEOUTS:
        return None
    return _error_among(_BY_STATUS, response) or RequestRefused(f"the provider refused the request ({status})")


def raise_for_refusals(response: Response, refusals: Iterable[Refusal] = ()) -> Response:
    """Raise the error for a refusal of the vendor's own; return any other answer unchanged.

    Args:
        response: The answer.
        refusals: The vendor's own refusals. The first that matches decides.

    Raises:
        WrongAddress: The answer is not the vendor's.
        ProviderError: The answer is one of these refusals.
    """
    if error := wrong_address(response) or _error_among(refusals, response):
        raise error
    return response


def _error_among(refusals: Iterable[Refusal], response: Response) -> ProviderError | None:
    for refusal in refusals:
        if matches(response, refusal.status, refusal.words):
            return refusal.error(f"{refusal.because} ({refusal.status})")
    return None
