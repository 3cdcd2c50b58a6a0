"""What an answer says as a whole: refused, accepted, lost or unreadable; and what it wraps.

Statuses are the rule. Vendors do not agree on an envelope, nor even with their own documentation, so what is wrapped is
looked for leniently; what it means is the adapter's to say.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import evolve, frozen

from groupadd.errors import (
    AnswerLost,
    GroupNotFound,
    NotAllowed,
    NotAuthenticated,
    ProviderError,
    RateLimited,
    RequestRefused,
    SessionNotReady,
)
from groupadd.model.codes import ACCEPTED, ADDED, CONTRADICTION, NO_ANSWER, UNREADABLE
from groupadd.model.masking import Secret
from groupadd.provider import AddReply
from groupadd.wire.messages import Response


@frozen
class Refusal:
    """One way to refuse a request as a whole.

    Attributes:
        status: The status that it comes under.
        error: What it means.
        because: What to tell of it; the status is put behind.
        words: What stands in the body, as `says` reads it, where the status alone does not say it.
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
_NO_REFUSALS = frozenset({408, 499})  # somebody on the way gave up waiting
_WRAPPERS = ("data", "response", "results", "participants", "info", "applications", "result")
_LINKS = ("inviteCode", "invite_code", "inviteLink", "invite_link", "groupInviteLink", *_WRAPPERS, "code")
_SIZES = ("size", "total", "count", "participantcount", "participantscount")
_MORE = ("hasmore", "next", "nextcursor", "nextpage")
_INVITE = re.compile(r"(?:https?://)?(?:chat\.whatsapp\.com/)?(?:invite/)?([A-Za-z0-9_-]{14,40})(?:\?.*)?")


def matches(response: Response, status: int, words: str) -> bool:
    """Whether an answer has this status, and somewhere in its body these words: a pattern, in any case."""
    if response.status != status:
        return False
    return re.search(words, response.body.decode("utf-8", "replace"), re.IGNORECASE) is not None


def error_for_status(response: Response) -> ProviderError | None:
    """Return what the status says against the whole request; None for 2xx and for what says nothing.

    5xx, 408 and 499 are no refusals: a gateway that gave up waiting does not know what became of the request.
    """
    status = response.status
    if status == 429:
        return RateLimited("the provider asks for patience (429)", retry_after_s=response.retry_after_s)
    if not 400 <= status < 500 or status in _NO_REFUSALS:
        return None
    if _session_is_down(response):
        return session_down(response)
    return _told(response, _BY_STATUS) or RequestRefused(f"the provider refused the request ({status})")


def discount_early(response: Response, refusals: Iterable[Refusal]) -> Response:
    """Return an answer that means what its status says.

    Args:
        response: The answer.
        refusals: What the vendor tells in another way than by the rule.

    Raises:
        ProviderError: It is one of these.
    """
    if error := _told(response, refusals):
        raise error
    return response


def _told(response: Response, refusals: Iterable[Refusal]) -> ProviderError | None:
    for told in refusals:
        if matches(response, told.status, told.words):
            return told.error(f"{told.because} ({told.status})")
    return None


def session_down(response: Response) -> SessionNotReady:
    """Return the error for an answer that says so of the provider's WhatsApp session, in whatever way."""
    return SessionNotReady(f"the provider's WhatsApp session is down: link it again or restart it ({response.status})")


def _session_is_down(response: Response) -> bool:
    """Whether a refusal is about the session: WAHA's 422 names the states it expects, Wawp's 404 `invalid_session`."""
    match response.json():
        case {"expected": [*_], "status": str()} | {"code": "invalid_session"}:
            return True
    return False


def read_add(response: Response, claims: Callable[[object], AddReply | None]) -> AddReply:
    """Return what the answer to an add says; `claims` reads what it says of each person, None where it speaks of none.

    Raises:
        ProviderError: The whole request was refused, by status or in plain words under 2xx.
    """
    if error := error_for_status(response):
        raise error
    if not response.ok:
        lost = response.status >= 500 or response.status in _NO_REFUSALS
        return AddReply(rest=NO_ANSWER if lost else UNREADABLE, says=str(response.status))
    data = response.json()
    if (reply := claims(data)) is not None:
        return _doubted(reply) if isinstance(data, dict) and data.get("error") else reply
    match accepts(data):
        case True:
            return AddReply(rest=ACCEPTED)
        case None:
            return AddReply(rest=UNREADABLE)
        case False:
            raise RequestRefused(
                f"the provider refused the request, in its answer rather than by status ({response.status})",
                maybe_applied=True,
            )


def _doubted(reply: AddReply) -> AddReply:
    """Whoever is said to be added under an error stands for a contradiction."""
    return evolve(
        reply,
        claims=[
            (who, evolve(claim, meaning=CONTRADICTION) if claim.meaning == ADDED else claim)
            for who, claim in reply.claims
        ],
    )


def accepts(data: object) -> bool | None:
    """Return whether an answer that speaks of nobody accepts or refuses; None where it cannot be told."""
    match data:
        case None | True | []:
            return True
        case False:
            return False
        case dict():
            flags = [_flag(data[key]) for key in ("ok", "success", "result", "status") if key in data]
            if data.get("error") or False in flags:
                return False
            if True in flags or data.get("code") == "SUCCESS":
                return True
            return False if {"code", "message"} <= data.keys() else None
    return None


def _flag(value: object) -> bool | None:
    """Vendors write yes and no as booleans, as 0 and 1, and as words."""
    word = str(value).lower() if isinstance(value, str | int) else ""
    return (
        True if word in {"true", "1", "ok", "success"} else False if word in {"false", "0", "error", "fail"} else None
    )


def read(response: Response) -> object:
    """Return the JSON of the answer to a read.

    Raises:
        ProviderError: The read was refused, or its answer is none.
    """
    if error := error_for_status(response):
        raise error
    if not response.ok:
        raise AnswerLost(f"the provider answered {response.status}")
    data = response.json()
    if accepts(data) is False:
        raise RequestRefused("the provider refused the request, in its answer rather than by status")
    return data


def unreadable() -> AnswerLost:
    """Return the error for an answer to a read whose shape we do not know."""
    return AnswerLost("the provider's answer has a shape that groupadd does not know")


@frozen
class Listing:
    """A list that an answer wraps, and what the wrapping says of it.

    Attributes:
        rows: The items.
        size: How many there are in all, where that is told.
        whole: Whether nothing says that there are more.
        group: The JID of the group that it is about, where that is told.
    """

    rows: Sequence[object]
    size: int | None = None
    whole: bool = True
    group: str | None = None


def listing(data: object) -> Listing:
    """Return the list that an answer wraps, however it is wrapped.

    Raises:
        AnswerLost: It wraps none.
    """
    told: dict[str, object] = {}
    while isinstance(data, dict):
        told |= {key.lower().replace("_", ""): value for key, value in data.items()}
        data = next((inner for key in _WRAPPERS if isinstance(inner := data.get(key), dict | list)), None)
    if not isinstance(data, list):
        raise unreadable()
    size = next((told[key] for key in _SIZES if type(told.get(key)) is int), None)
    page, pages = told.get("page"), told.get("pages", told.get("totalpages"))
    more = any(told.get(key) for key in _MORE) or (isinstance(page, int) and isinstance(pages, int) and page < pages)
    names = (told.get(key) for key in ("id", "jid", "groupid"))
    group = next((name for name in names if isinstance(name, str) and name.endswith("@g.us")), None)
    return Listing(data, size if isinstance(size, int) else None, not more, group)


def record(data: object) -> Mapping[str, object]:
    """Return the one record that an answer is or wraps; an empty one where there is none, or several."""
    while True:
        match data:
            case (
                {"data": dict() | list() as inner}
                | {"response": dict() | list() as inner}
                | {"results": dict() | list() as inner}
                | [inner]
            ):
                data = inner
            case dict():
                return data
            case _:
                return {}


def read_invite(response: Response) -> Secret:
    """Return the group's invite link from an answer that holds a code or a link, bare, as text or wrapped.

    Raises:
        ProviderError: The read was refused, or holds none.
    """
    found = read(response)
    if not isinstance(found, dict | str):
        found = response.body.decode("utf-8", "replace").strip()
    while isinstance(found, dict):
        found = next((found[key] for key in _LINKS if found.get(key)), None)
    code = _INVITE.fullmatch(found) if isinstance(found, str) else None
    if code is None:
        raise unreadable()
    return Secret(f"https://chat.whatsapp.com/{code[1]}")
