"""WhatsApp's refusal of a request as a whole: words that engines throw, and that servers show under any status.

Sources: whatsmeow's errors.go, as in `info query returned status 403: forbidden`; Baileys throws the same words, as in
`Error: forbidden`. WhatsApp's words for failures of its own (`internal-server-error`, `service-unavailable`) and the
engines' for theirs (`Timed Out`) are not among them: they leave open what happened.
"""

import re
from collections.abc import Mapping

from groupadd.errors import AnswerLost, GroupNotFound, NotAllowed, ProviderError, RateLimited, RequestRefused
from groupadd.wire.messages import Response

WORDS: Mapping[str, type[ProviderError]] = {
    "bad-request": RequestRefused,  # 400; one malformed name sinks the whole request (WAHA issue 266)
    "not-authorized": NotAllowed,  # 401
    "forbidden": NotAllowed,  # 403
    "item-not-found": GroupNotFound,  # 404
    "not-allowed": NotAllowed,  # 405
    "not-acceptable": NotAllowed,  # 406
    "gone": GroupNotFound,  # 410
    "resource-limit": RequestRefused,  # 419: the group or community is full
    "locked": RequestRefused,  # 423
    "rate-overlimit": RateLimited,  # 429; Baileys itself calls it a 500
    "you're not participating in that group": NotAllowed,
    "you don't have the permission to get the group's invite link": NotAllowed,
    "that group does not exist": GroupNotFound,
    "server returned error": RequestRefused,  # of a message, as in `server returned error 463`
}
_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(WORDS)})(?![\w-])")
# Evolution 2.3.6 shows exceptions as JavaScript writes them, and whatever was thrown at an add behind a headline.
_EXCEPTION = re.compile(r"(?<=Error updating participants\n).*|\w*Error: .*")
_NO_CLIENT = re.compile(r"of undefined \(reading '(?:group|onWhatsApp)")  # the same server, run without an account


def shown(response: Response) -> str:
    """Return the text that a server shows of what its engine threw, "" where it shows none."""
    match None if response.ok else response.json():
        case {"response": {"message": [[*texts]] | [*texts]}}:  # Evolution: a list, perhaps within a list
            return "\n".join(text for text in texts if isinstance(text, str))
        case (
            {"response": {"message": str() as text}}  # Evolution
            | {"exception": {"message": str() as text}}  # WAHA
            | {"error": str() as text}  # WAHA of 2024
            | {"code": "INTERNAL_SERVER_ERROR", "message": str() as text}  # GOWA
        ):
            return text
    return ""


def thrown(response: Response) -> str | None:
    """Return the exception that a server shows under any status, None where there is none, or WhatsApp was not asked.

    It may be a time-out as well as a refusal: what became of the request is then unknown.
    """
    exception = _EXCEPTION.search(shown(response))
    return None if exception is None or has_no_client(response) else exception[0]


def has_no_client(response: Response) -> bool:
    """Whether a server stumbled over a client that is not there, before anything reached WhatsApp."""
    return _NO_CLIENT.search(shown(response)) is not None


def answered(response: Response) -> Response:
    """Return the answer to a read of which nothing was thrown.

    Raises:
        AnswerLost: Something was.
    """
    if thrown(response):
        raise AnswerLost(f"the provider failed ({response.status})")
    return response


def raise_if_refused(response: Response) -> Response:
    """Return an answer of a server that shows what its engine threw under 500 only, where that was no refusal.

    Raises:
        ProviderError: It was one.
    """
    if response.status == 500:
        check(shown(response))
    return response


def check(text: str) -> None:
    """Read what an engine threw, which may be no refusal at all.

    Raises:
        ProviderError: It tells of one.
    """
    if word := _WORD.search(text):
        raise WORDS[word[0]](f"WhatsApp refused the request ({word[0]})")
