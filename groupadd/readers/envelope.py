"""An answer as a whole: refused, accepted, lost or unreadable, and what it wraps.

The HTTP status decides first. Vendors wrap their answers differently, and not always as they document. So a reader
tries the documented place first, then other known places, and logs where only one of these matches.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import evolve, frozen

from groupadd.errors import (
    AnswerLost,
    RequestRefused,
)
from groupadd.model.codes import ACCEPTED, ADDED, CONTRADICTION, NO_ANSWER, UNREADABLE
from groupadd.model.masking import Secret
from groupadd.provider import AddReply
from groupadd.readers.status_errors import TIMEOUTS, error_for_status
from groupadd.wire.messages import Response, log

# Keys under which a list or an invite code may be, each documented by a vendor: Wasend (`data`, `info`), WPPConnect
# (`response`), GOWA (`results`, `invite_link`), Evolution (`participants`, `inviteCode`), Whapi (`invite_code`),
# WasenderAPI (`inviteLink`) and GREEN-API (`groupInviteLink`).
_WRAPPERS = ("data", "response", "results", "participants", "info")
_CODES = ("inviteCode", "invite_code", "inviteLink", "invite_link", "groupInviteLink", *_WRAPPERS)
# These keys can only make a roster incomplete. So they need no source: a wrong guess proves no absence.
_SIZES = ("size", "total", "count", "participantcount", "participantscount")
_MORE = ("hasmore", "next", "nextcursor", "nextpage")
_INVITE = re.compile(r"(?:https?://)?(?:chat\.whatsapp\.com/)?(?:invite/)?([A-Za-z0-9_-]{14,40})(?:\?.*)?")


def read_add(response: Response, claims: Callable[[object], AddReply | None]) -> AddReply:
    """Return the reply in the answer to an add.

    Args:
        response: The answer.
        claims: Reads what the answer's JSON says of each participant; None where it names no participant.

    Returns:
        The reply that `claims` reads. Without one: `ACCEPTED`, `NO_ANSWER` or `UNREADABLE` for every participant.

    Raises:
        ProviderError: The provider refused the whole request, by status or in plain words under 2xx.
    """
    if error := error_for_status(response):
        raise error
    if not response.ok:
        lost = response.status >= 500 or response.status in TIMEOUTS
        return AddReply(rest=NO_ANSWER if lost else UNREADABLE, says=str(response.status))
    data = response.json()
    if (reply := claims(data)) is not None:
        return _without_added(reply) if isinstance(data, dict) and data.get("error") else reply
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


def _without_added(reply: AddReply) -> AddReply:
    """Turn every "added" claim into a contradiction, because the answer carries an error as well."""
    return evolve(
        reply,
        claims=[
            (identity, evolve(claim, meaning=CONTRADICTION) if claim.meaning == ADDED else claim)
            for identity, claim in reply.claims
        ],
    )


def accepts(data: object) -> bool | None:
    """Return whether an answer that names no participant accepts or refuses the request; None where it does neither."""
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
    """Read a yes or no, which vendors write as a boolean, as 1 or 0, or as a word."""
    word = str(value).lower() if isinstance(value, str | int) else ""
    return (
        True if word in {"true", "1", "ok", "success"} else False if word in {"false", "0", "error", "fail"} else None
    )


def read(response: Response) -> object:
    """Return the JSON of the answer to a read.

    Raises:
        ProviderError: The provider refused the read, or did not answer it.
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
    """Return the error for the answer to a read in an unknown shape."""
    return AnswerLost("the provider's answer has a shape that groupadd does not know")


@frozen
class Listing:
    """A list in an answer, with what the objects that wrap it say of it.

    Attributes:
        rows: The items.
        size: The number of items on all pages, or None where the answer does not say.
        whole: Whether the answer mentions no further pages.
        group: The JID of the list's group, or None where the answer does not say.
    """

    rows: Sequence[object]
    size: int | None = None
    whole: bool = True
    group: str | None = None


def listing(data: object, *, at: str) -> Listing:
    """Return the list that an answer is or wraps.

    Args:
        data: The answer's JSON.
        at: The documented place of the list, keys from the outside in: `results.participants`; empty for a bare list.

    Raises:
        AnswerLost: The answer wraps no list.
    """
    rows, wrappings = _unwrapped(data, at, _WRAPPERS, lambda inner: isinstance(inner, dict | list))
    if not isinstance(rows, list):
        raise unreadable()
    labels = {key.lower().replace("_", ""): value for wrapping in wrappings for key, value in wrapping.items()}
    size = next((labels[key] for key in _SIZES if type(labels.get(key)) is int), None)
    page, pages = labels.get("page"), labels.get("pages", labels.get("totalpages"))
    more = any(labels.get(key) for key in _MORE) or (isinstance(page, int) and isinstance(pages, int) and page < pages)
    jids = (labels.get(key) for key in ("id", "jid", "groupid"))
    group = next((jid for jid in jids if isinstance(jid, str) and jid.endswith("@g.us")), None)
    return Listing(rows, size if isinstance(size, int) else None, not more, group)


def _unwrapped(
    data: object, at: str, guesses: Iterable[str], fits: Callable[[object], bool]
) -> tuple[object, Sequence[Mapping[str, object]]]:
    """Return what an answer wraps, and the objects that wrap it, from the outside in.

    Each object is entered by its documented key, or else by the first guessed key, where the value fits.
    """
    documented = at.split(".") if at else []
    keys, wrappings = list[str](), list[Mapping[str, object]]()
    while isinstance(data, dict):
        candidates = (*documented[len(keys) : len(keys) + 1], *guesses)
        key = next((key for key in candidates if fits(data.get(key))), None)
        if key is None:
            return data, wrappings
        keys.append(key)
        wrappings.append(data)
        data = data[key]
    if keys != documented:
        log.debug("an answer's content is not at its documented place: at %r instead of %r", ".".join(keys[-3:]), at)
    return data, wrappings


def record(data: object) -> Mapping[str, object]:
    """Return the one record that an answer is or wraps; an empty record where there is none, or several."""
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


def read_invite(response: Response, *, at: str) -> Secret:
    """Return the group's invite link from an answer that holds a link or a code.

    Args:
        response: The answer.
        at: The documented place of the link or code, as for `listing`; empty for bare text or a bare JSON string.

    Raises:
        ProviderError: The provider refused the read, or its answer holds neither.
    """
    data = read(response)
    if not isinstance(data, dict | str):
        data = response.body.decode("utf-8", "replace").strip()
    text, _ = _unwrapped(data, at, _CODES, bool)
    code = _INVITE.fullmatch(text) if isinstance(text, str) else None
    if code is None:
        raise unreadable()
    return Secret(f"https://chat.whatsapp.com/{code[1]}")
