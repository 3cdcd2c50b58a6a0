"""The outcome of an add: one status, reason and evidence for each participant."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen
from attrs.converters import optional

from groupadd.model.cleaning import clean_word
from groupadd.model.json_form import to_json
from groupadd.model.masking import repr_masked, repr_scrubbed


class Status(StrEnum):
    """What became of one participant."""

    ADDED = "added"  # in the group, and was not before this call as far as can be known
    ALREADY_MEMBER = "already_member"  # in the group before this call
    INVITED = "invited"  # not in; an invitation was sent or made by us or by the provider
    PENDING_APPROVAL = "pending_approval"  # not in; waits for an admin's approval
    NOT_ADDED = "not_added"  # not in, and that is known
    UNKNOWN = "unknown"  # neither the answer nor the rosters prove anything


class Evidence(StrEnum):
    """How the status of one participant is known."""

    REPORTED = "reported"  # the provider said so of this participant, in a form that may be believed
    OBSERVED = "observed"  # rosters showed it
    INFERRED = "inferred"  # one roster alone supports it: in it afterwards, with no look before
    NONE = "none"  # nothing supports it


class Reason(StrEnum):
    """Why a participant is not known to be in the group."""

    PRIVACY = "privacy"
    NOT_ON_WHATSAPP = "not_on_whatsapp"
    RECENTLY_LEFT = "recently_left"
    GROUP_FULL = "group_full"
    BLOCKED = "blocked"
    NOT_ALLOWED = "not_allowed"
    COMMUNITY = "community"
    LEGAL = "legal"
    INCOMPATIBLE_DEVICE = "incompatible_device"
    RATE_LIMITED = "rate_limited"
    APPROVAL_REQUIRED = "approval_required"  # an admin has to approve the request
    REFUSED = "refused"  # the provider says no of this participant, and not why
    INVALID_PARTICIPANT = "invalid_participant"  # the provider's word: groupadd sends no name that it cannot parse
    DUPLICATE = "duplicate"  # the same person stood earlier in the list
    SILENT_REFUSAL = "silent_refusal"  # accepted, and rosters prove absence
    UNRECOGNISED = "unrecognised"  # a word or code that is not in our table
    NO_ANSWER = "no_answer"  # timeout, broken connection, 5xx
    UNREADABLE_ANSWER = "unreadable_answer"  # HTML, broken JSON, a shape we do not know
    NOT_MENTIONED = "not_mentioned"  # the provider answered, but without this participant
    CONTRADICTION = "contradiction"  # two claims, or claim and rosters, exclude each other
    UNRESOLVED_IDENTITY = "unresolved_identity"  # the roster hides its members' names
    STALE_ROSTER = "stale_roster"  # incomplete, or without our own account, or without the group
    ABSENCE_UNPROVEN = "absence_unproven"  # absent, but not in the last two looks
    NOT_CHECKED = "not_checked"  # accepted only, and no look allowed


class InviteState(StrEnum):
    """What became of an invitation."""

    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@frozen
class Invite:
    """An invitation to the group. Its code is a secret and is not kept here.

    Attributes:
        kind: `link` (the group's link) or `personal` (made by WhatsApp for one person).
        state: What became of it, or None where the invitation exists and was not sent.
        at: The moment at which it was sent, in UTC.
        message_id: The provider's id of the message that carried it.
        expires_at: The moment at which it expires, in UTC, where the provider says so.
    """

    kind: str
    state: InviteState | None = None
    at: datetime | None = None
    message_id: str | None = field(default=None, converter=optional(clean_word), repr=repr_scrubbed)
    expires_at: datetime | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the invitation as JSON values, keyed by attribute; times are ISO 8601."""
        return to_json(self)


@frozen
class ParticipantOutcome:
    """What became of one participant.

    Attributes:
        participant: The caller's own spelling.
        phone: Digits without a plus, or None where only another kind of name is known.
        id: The canonical JID, or None.
        status: What became of the participant.
        reason: Why; None for a participant who is in the group.
        evidence: How the status is known.
        provider_says: The provider's own word or code, or None.
        invite: The invitation that was sent or exists, or None.
    """

    participant: str = field(repr=repr_masked)
    phone: str | None = field(repr=repr_masked)
    id: str | None = field(repr=repr_masked)
    status: Status
    reason: Reason | None = None
    evidence: Evidence = Evidence.NONE
    provider_says: str | None = field(default=None, repr=repr_scrubbed)
    invite: Invite | None = None

    @property
    def is_in(self) -> bool:
        """Whether the participant is known to be in the group."""
        return self.status in _IN

    def as_dict(self) -> dict[str, object]:
        """Return the participant's outcome as JSON values, keyed by attribute; times are ISO 8601."""
        return to_json(self)


_IN = frozenset({Status.ADDED, Status.ALREADY_MEMBER})


@frozen
class AddOutcome:
    """The outcome of one add: one entry for each participant, in the order asked.

    Attributes:
        provider: The provider's configured name, or its type for a bare client.
        type: The provider's type.
        group: The group's JID.
        participants: The outcomes of the participants.
    """

    provider: str
    type: str
    group: str = field(repr=repr_masked)
    participants: tuple[ParticipantOutcome, ...]

    def __iter__(self) -> Iterator[ParticipantOutcome]:
        return iter(self.participants)

    def __len__(self) -> int:
        return len(self.participants)

    @property
    def everyone_in(self) -> bool:
        """Whether every participant is known to be in the group."""
        return all(person.is_in for person in self.participants)

    def by_status(self, status: Status) -> tuple[ParticipantOutcome, ...]:
        """Return the participants of one status, in the order asked."""
        return tuple(person for person in self.participants if person.status is status)

    def as_dict(self) -> dict[str, object]:
        """Return the whole outcome as JSON values, in the shape of the command line's `--json`."""
        counts = Counter(person.status for person in self.participants)
        form = to_json(self)
        people = form.pop("participants")
        totals = {status.value: counts[status] for status in Status}
        return {**form, "everyone_in": self.everyone_in, "counts": totals, "participants": people}
