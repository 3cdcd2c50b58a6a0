"""A group's settings, in any engine's own words.

Baileys writes `memberAddMode` as a boolean, whatsmeow `MemberAddMode` and whatsapp-web.js `memberAddMode` as a word.
"""

from collections.abc import Iterable, Mapping

from groupadd.provider import GroupInfo
from groupadd.readers import envelope
from groupadd.wire.messages import Response

_SIZE = ("size", "participantcount")
_WHO_MAY_ADD = ("memberaddmode", "allowparticipantsaddmembers")  # the second is GREEN-API's
_APPROVAL = ("joinapprovalmode", "isjoinapprovalrequired", "membershipapprovalmode")
_COMMUNITY = ("iscommunity", "isparent", "isparentgroup")
_KNOWN = frozenset({"participants", *_SIZE, *_WHO_MAY_ADD, *_APPROVAL, *_COMMUNITY})
_FLAGS: Mapping[object, bool] = {"all_member_add": True, "admin_add": False}


def read_info(response: Response) -> GroupInfo:
    """Return what a group's record tells; whatsapp-web.js has the record within one of the chat.

    Raises:
        ProviderError: The read was refused, or its answer tells nothing of a group.
    """
    record = envelope.record(envelope.read(response))
    inner = record.get("groupMetadata")
    told = {
        key.lower().replace("_", ""): value for key, value in (inner if isinstance(inner, dict) else record).items()
    }
    if not told.keys() & _KNOWN:
        raise envelope.unreadable()
    return GroupInfo(
        size=_size(told),
        members_may_add=_flag(told, _WHO_MAY_ADD),
        needs_approval=_flag(told, _APPROVAL),
        is_community=_flag(told, _COMMUNITY),
    )


def _size(told: Mapping[str, object]) -> int | None:
    size, rows = next((told[key] for key in _SIZE if key in told), None), told.get("participants")
    if type(size) is int and size > 0:
        return size
    return len(rows) if isinstance(rows, list) and rows else None


def _flag(told: Mapping[str, object], keys: Iterable[str]) -> bool | None:
    values = (_FLAGS.get(value, value) if isinstance(value := told.get(key), str) else value for key in keys)
    return next((value for value in values if isinstance(value, bool)), None)
