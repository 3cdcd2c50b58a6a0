"""A group's settings, in any engine's own words.

Baileys writes `memberAddMode` as a boolean. whatsmeow and whatsapp-web.js write it as a word, whatsmeow with a capital.
A server that has not read a group yet may show whatsmeow's record with nothing but zero values and the number of
members (WAHA issue 2027).
"""

from collections.abc import Iterable, Mapping

from groupadd.provider import GroupInfo
from groupadd.readers import envelope
from groupadd.wire.messages import Response

# A group's keys in lower case, without underscores.
_SIZE = ("size", "participantcount")
_WHO_MAY_ADD = ("memberaddmode", "allowparticipantsaddmembers")  # the second is GREEN-API's
_APPROVAL = ("joinapprovalmode", "isjoinapprovalrequired", "membershipapprovalmode")
_COMMUNITY = ("iscommunity", "isparent", "isparentgroup")
_KNOWN = frozenset({"participants", *_SIZE, *_WHO_MAY_ADD, *_APPROVAL, *_COMMUNITY})
_ZERO_TIME = "0001-01-01T00:00:00Z"  # Go's, as the moment of the group's creation
_FLAGS: Mapping[object, bool] = {"all_member_add": True, "admin_add": False}


def read_info(response: Response) -> GroupInfo:
    """Return the settings in a group's record, which whatsapp-web.js puts into the record of the chat.

    Raises:
        ProviderError: The provider refused the read, or its answer has no setting of a group.
    """
    record = envelope.record(envelope.read(response))
    inner = record.get("groupMetadata")
    settings = {
        key.lower().replace("_", ""): value for key, value in (inner if isinstance(inner, dict) else record).items()
    }
    if not settings.keys() & _KNOWN:
        raise envelope.unreadable()
    if settings.get("groupcreated") == _ZERO_TIME:
        return GroupInfo(size=_size(settings))
    return GroupInfo(
        size=_size(settings),
        members_may_add=_flag(settings, _WHO_MAY_ADD),
        needs_approval=_flag(settings, _APPROVAL),
        is_community=_flag(settings, _COMMUNITY),
    )


def _size(settings: Mapping[str, object]) -> int | None:
    size, rows = next((settings[key] for key in _SIZE if key in settings), None), settings.get("participants")
    if type(size) is int and size > 0:
        return size
    return len(rows) if isinstance(rows, list) and rows else None


def _flag(settings: Mapping[str, object], keys: Iterable[str]) -> bool | None:
    values = (_FLAGS.get(value, value) if isinstance(value := settings.get(key), str) else value for key in keys)
    return next((value for value in values if isinstance(value, bool)), None)
