"""Each reason in plain words, with the next step. The command line and the docs read them here."""

from collections.abc import Mapping

from attrs import frozen

from groupadd.model.outcome import Reason


@frozen
class Explanation:
    """A reason in plain words.

    Attributes:
        meaning: What the reason means, in one clause.
        next_step: What to do next, or None.
    """

    meaning: str
    next_step: str | None = None


_INVITE = "invite them: `--invite link`, or send the group's link yourself"
_CHECK_NUMBER = "check the number and its country code"
_LOOK = "look before adding again: `groupadd check`"
_LOOK_LATER = "look again later: `groupadd check`"

REASONS: Mapping[Reason, Explanation] = {
    Reason.PRIVACY: Explanation("their privacy setting lets only some people add them", _INVITE),
    Reason.NOT_ON_WHATSAPP: Explanation("the number is not on WhatsApp", _CHECK_NUMBER),
    Reason.RECENTLY_LEFT: Explanation("they left a short while ago and cannot be added back yet", _INVITE),
    Reason.GROUP_FULL: Explanation("the group is full", "remove members, or take another group"),
    Reason.BLOCKED: Explanation("they have blocked our account", "leave them be"),
    Reason.NOT_ALLOWED: Explanation("our account may not add them", "make our account an admin of the group"),
    Reason.COMMUNITY: Explanation("the community that the group belongs to does not let them in", _INVITE),
    Reason.LEGAL: Explanation("WhatsApp may not invite them, for legal reasons", "leave them be"),
    Reason.INCOMPATIBLE_DEVICE: Explanation("their WhatsApp cannot join this group", "ask them to update WhatsApp"),
    Reason.RATE_LIMITED: Explanation("too many people were added in too short a time", "wait, then add them again"),
    Reason.APPROVAL_REQUIRED: Explanation("an admin has to let them in", "approve their request in the group"),
    Reason.REFUSED: Explanation("the provider refused them and does not say why", _INVITE),
    Reason.INVALID_PARTICIPANT: Explanation("the provider cannot use this name", _CHECK_NUMBER),
    Reason.DUPLICATE: Explanation("the same person is earlier in the list"),
    Reason.SILENT_REFUSAL: Explanation("accepted, yet not in: mostly their privacy setting", _INVITE),
    Reason.UNRECOGNISED: Explanation("the provider used a word that we do not know", _LOOK),
    Reason.NO_ANSWER: Explanation("the provider's answer was lost", _LOOK),
    Reason.UNREADABLE_ANSWER: Explanation("the provider's answer cannot be read", _LOOK),
    Reason.NOT_MENTIONED: Explanation("the provider's answer does not mention them", _LOOK),
    Reason.CONTRADICTION: Explanation("the provider's answer and the rosters contradict each other", _LOOK_LATER),
    Reason.UNRESOLVED_IDENTITY: Explanation("the list may name them in another way", "ask a member of the group"),
    Reason.STALE_ROSTER: Explanation("the list is incomplete or old, or holds people who have left", _LOOK_LATER),
    Reason.ABSENCE_UNPROVEN: Explanation("not seen in the group, but two looks did not prove it", _LOOK_LATER),
    Reason.NOT_CHECKED: Explanation("accepted only, and no look was allowed", _LOOK),
}
