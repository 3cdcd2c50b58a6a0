"""What WhatsApp answers to our accounts: codes, results and rows, refusals, and what may come instead of an answer."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Literal, TypeAlias

from attrs import field, frozen

from groupadd.model.identity import Identity
from groupadd.sandbox.people import Role, SandboxPerson

LineFault: TypeAlias = Literal["closed", "silent"]


class Code(IntEnum):
    """WhatsApp's code for one participant of an add."""

    ADDED = 200
    BLOCKED = 401
    PRIVACY = 403
    NOT_ON_WHATSAPP = 404
    RECENTLY_LEFT = 408
    ALREADY_IN = 409
    GROUP_FULL = 419
    PENDING = 421
    LEGAL = 451


WORDS: Mapping[int, str] = {  # WhatsApp's words for its refusals of a whole request
    400: "bad-request",
    401: "not-authorized",
    403: "forbidden",
    404: "item-not-found",
    406: "not-acceptable",
    419: "resource-limit",
    429: "rate-overlimit",
    500: "internal-server-error",
}


class Refused(Exception):
    """WhatsApp refuses a whole request.

    Attributes:
        code: WhatsApp's request-level code: 403, 404 for an unknown group, or the code of a planned fault.
    """

    def __init__(self, code: int, why: str) -> None:
        self.code = code
        super().__init__(why)

    @property
    def word(self) -> str:
        """WhatsApp's word for the code."""
        return WORDS[self.code]


class Unanswered(Exception):
    """WhatsApp does not answer a request.

    Attributes:
        line: `closed`: the line to WhatsApp closes before the answer. `silent`: no answer comes.
    """

    def __init__(self, line: LineFault) -> None:
        self.line = line
        super().__init__(f"the line to WhatsApp is {line}")


@frozen
class Trouble:
    """What WhatsApp does instead of answering.

    Attributes:
        refusal: WhatsApp's code for the refusal of the whole request, or None.
        line: What the line to WhatsApp does before the answer, or None.
        applied: Whether an unanswered request takes effect.
    """

    refusal: int | None = None
    line: LineFault | None = None
    applied: bool = True

    def before(self) -> None:
        """Raise for a request that does not take effect.

        Raises:
            Refused: WhatsApp refuses it.
            Unanswered: WhatsApp does not answer it.
        """
        if self.refusal is not None:
            raise Refused(self.refusal, "WhatsApp refuses the request")
        if not self.applied:
            self.after()

    def after(self) -> None:
        """Raise for a request that took effect.

        Raises:
            Unanswered: WhatsApp does not answer it.
        """
        if self.line is not None:
            raise Unanswered(self.line)


NO_TROUBLE = Trouble()


@frozen
class PersonalInvite:
    """An invitation that WhatsApp offers to send to a person whose privacy setting forbids the add.

    Attributes:
        code: The invitation's secret code.
        expires_at: The moment of its expiry, in seconds.
    """

    code: str = field(repr=False)
    expires_at: float


@frozen
class AddResult:
    """The outcome of an add for one participant.

    Attributes:
        requested: The names in the request.
        person: The person with these names; None for a number without an owner.
        code: WhatsApp's code.
        invite: The invitation that may be sent instead.
    """

    requested: Identity
    person: SandboxPerson | None
    code: Code
    invite: PersonalInvite | None = None

    @property
    def account(self) -> SandboxPerson | None:
        """The person whose account has these names; None for a number that is not on WhatsApp, which has no others."""
        return None if self.code is Code.NOT_ON_WHATSAPP else self.person


@frozen
class RosterRow:
    """One row of a roster as our account sees it. The group decides which names the row shows.

    Attributes:
        phone: Digits; None if the row shows no phone.
        lid: Digits; None if the row shows no LID.
        keyed_by: The kind of name that identifies the row.
        role: The member's role.
        name: The member's display name.
        since: The moment of joining, in seconds; None for members from the start.
    """

    phone: str | None
    lid: str | None
    keyed_by: Literal["phone", "lid"]
    role: Role
    name: str
    since: float | None
