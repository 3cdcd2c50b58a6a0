"""WhatsApp's refusal of a request as a whole: words that engines throw, and that servers show under any status.

Sources: whatsmeow's errors.go, as in `info query returned status 403: forbidden`; Baileys throws the same words, as in
`Error: forbidden`. WhatsApp's words for failures of its own (`internal-server-error`, `service-unavailable`) and the
engines' for theirs (`Timed Out`) are not among them: they leave open what happened.
"""

import re
from collections.abc import Mapping

from groupadd.errors import GroupNotFound, NotAllowed, ProviderError, RateLimited, RequestRefused
from groupadd.flow import Response

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


def thrown(response: Response) -> str:
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


def check(text: str) -> None:
    """Read what an engine threw, which may be no refusal at all.

    Raises:
        ProviderError: It tells of one.
    """
    if word := _WORD.search(text):
        raise WORDS[word[0]](f"WhatsApp refused the request ({word[0]})")
