"""A group's settings, in any engine's own words.

Baileys writes `memberAddMode` as a boolean, whatsmeow `MemberAddMode` and whatsapp-web.js `memberAddMode` as a word.
"""

from collections.abc import Mapping

from groupadd.provider import GroupInfo

_WHO_MAY_ADD: Mapping[object, bool] = {"all_member_add": True, "admin_add": False, True: True, False: False}


def read_info(data: object) -> GroupInfo:
    """Return what a group's record tells; whatsapp-web.js has the record within one of the chat."""
    match data:
        case {"groupMetadata": {**record}} | {**record}:
            told = {str(key).lower().replace("_", ""): value for key, value in record.items()}
        case _:
            return GroupInfo()
    who = told.get("memberaddmode")
    return GroupInfo(
        size=_size(told),
        members_may_add=_WHO_MAY_ADD.get(who) if isinstance(who, bool | str) else None,
        needs_approval=_flag(told, "joinapprovalmode", "isjoinapprovalrequired", "membershipapprovalmode"),
        is_community=_flag(told, "iscommunity", "isparent", "isparentgroup"),
    )


def _size(told: Mapping[str, object]) -> int | None:
    size = told.get("size", told.get("participantcount"))
    rows = told.get("participants")
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        return size
    return len(rows) if isinstance(rows, list) and rows else None


def _flag(told: Mapping[str, object], *names: str) -> bool | None:
    return next((value for name in names if isinstance(value := told.get(name), bool)), None)
