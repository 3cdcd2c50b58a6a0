"""The meanings of a provider's words, and WhatsApp's own codes for one participant.

A participant's code is the `error` attribute of its node in WhatsApp's answer. One layer up, the same numbers mean
other things: a participant's 408 is "left recently", a client library's 408 is a time-out. This table is for codes
that were read from one participant's record.
"""

import re
from collections.abc import Mapping
from functools import partial

from attrs import frozen

from groupadd.model.outcome import Reason, Status


@frozen(cache_hash=True)
class Meaning:
    """The status and reason that a provider's word means, before any roster is read.

    Attributes:
        status: The status.
        reason: The reason, or None.
        asked: False where WhatsApp was surely not asked for the participant: a server's own check, a quota, a refusal
            half-way. The status is `unknown` then, until rosters prove something.
    """

    status: Status
    reason: Reason | None = None
    asked: bool = True

    @property
    def is_in(self) -> bool:
        """Whether the word says that the participant is in the group."""
        return self.status in {Status.ADDED, Status.ALREADY_MEMBER}


_not_added = partial(Meaning, Status.NOT_ADDED)

ADDED = Meaning(Status.ADDED)
ALREADY_MEMBER = Meaning(Status.ALREADY_MEMBER)
PENDING_APPROVAL = Meaning(Status.PENDING_APPROVAL, Reason.APPROVAL_REQUIRED)
INVITED = Meaning(Status.INVITED, Reason.PRIVACY)

PRIVACY = _not_added(Reason.PRIVACY)
NOT_ON_WHATSAPP = _not_added(Reason.NOT_ON_WHATSAPP)
RECENTLY_LEFT = _not_added(Reason.RECENTLY_LEFT)
GROUP_FULL = _not_added(Reason.GROUP_FULL)
BLOCKED = _not_added(Reason.BLOCKED)
NOT_ALLOWED = _not_added(Reason.NOT_ALLOWED)
COMMUNITY = _not_added(Reason.COMMUNITY)
LEGAL = _not_added(Reason.LEGAL)
INCOMPATIBLE_DEVICE = _not_added(Reason.INCOMPATIBLE_DEVICE)
RATE_LIMITED = _not_added(Reason.RATE_LIMITED)
INVALID_PARTICIPANT = _not_added(Reason.INVALID_PARTICIPANT)

# The provider's word leaves the status open; rosters may settle it.
ACCEPTED = Meaning(Status.UNKNOWN, Reason.NOT_CHECKED)
UNRECOGNISED = Meaning(Status.UNKNOWN, Reason.UNRECOGNISED)
NO_ANSWER = Meaning(Status.UNKNOWN, Reason.NO_ANSWER)
UNREADABLE = Meaning(Status.UNKNOWN, Reason.UNREADABLE_ANSWER)
NOT_MENTIONED = Meaning(Status.UNKNOWN, Reason.NOT_MENTIONED)
REFUSED = Meaning(Status.UNKNOWN, Reason.REFUSED)  # a plain no: not why, and not whether WhatsApp was asked
CONTRADICTION = Meaning(Status.UNKNOWN, Reason.CONTRADICTION)


def not_asked(reason: Reason) -> Meaning:
    """Return the meaning of a participant about which WhatsApp was surely not asked."""
    return Meaning(Status.UNKNOWN, reason, asked=False)


# Sources: WhatsApp Web's own parser of the add answer (names in comments), whatsapp-web.js and wa-js tables.
PARTICIPANT_CODES: Mapping[int, Meaning] = {
    0: ADDED,  # whatsmeow: no error attribute
    200: ADDED,  # Baileys, whatsapp-web.js, wa-js: no error attribute
    304: PENDING_APPROVAL,  # inside 421: already in the approval queue
    401: BLOCKED,  # NotAuthorized
    403: PRIVACY,  # RequestCodeCanBeSent
    404: NOT_ON_WHATSAPP,
    406: NOT_ALLOWED,  # NotAcceptable
    408: RECENTLY_LEFT,  # TemporarilyBlocked
    409: ALREADY_MEMBER,  # Conflict
    412: COMMUNITY,  # ParentLinkedGroupsResourceConstraint
    417: COMMUNITY,  # TemporarilyBlockedFromDefaultSubGroup
    419: GROUP_FULL,  # ResourceLimit
    421: PENDING_APPROVAL,  # GroupJoinRequest
    429: RATE_LIMITED,
    431: INCOMPATIBLE_DEVICE,
    451: LEGAL,  # RequestCodeCannotBeCreatedForLegalConcerns
}


def meaning_of(code: object) -> Meaning:
    """Return the meaning of a participant's code, given as a number or as text. Other values are unrecognised."""
    if isinstance(code, str) and re.fullmatch(r"[0-9]{1,3}", code, re.ASCII):
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool):
        return UNRECOGNISED
    return PARTICIPANT_CODES.get(code, UNRECOGNISED)
