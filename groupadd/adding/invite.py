"""Invitation as fallback: who could not be added gets the group's link, or WhatsApp's own invitation for one person."""

from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import evolve

from groupadd.errors import AnswerLost, ProviderError, Unsupported
from groupadd.model.identity import GroupId, Participant
from groupadd.model.masking import Secret
from groupadd.model.outcome import Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.provider import GroupMembershipProvider, SendsPersonalInvites, SendsText, SharesInviteLink
from groupadd.settings import LINK, AddSettings, Invitation
from groupadd.wire.messages import Flow, NoAnswer
from groupadd.wire.retry import with_retries

# Where an invitation makes sense. Never for people who blocked us, for legal reasons, where the group is full, where an
# admin's approval is waited for, nor where nothing is known.
INVITABLE = frozenset({Reason.PRIVACY, Reason.RECENTLY_LEFT, Reason.COMMUNITY, Reason.SILENT_REFUSAL})


def require_invitations(provider: GroupMembershipProvider, how: Invitation) -> None:
    """Check that the provider can invite in this way.

    Raises:
        Unsupported: It cannot.
    """
    if how == "link" and not (isinstance(provider, SharesInviteLink) and isinstance(provider, SendsText)):
        raise Unsupported("this provider cannot send the group's link; leave `invite` at never")
    if how == "personal" and not isinstance(provider, SendsPersonalInvites):
        raise Unsupported("this provider cannot send personal invitations; `link` or never may do for `invite`")


def invite(
    provider: GroupMembershipProvider,
    group: GroupId,
    outcomes: Mapping[str, ParticipantOutcome],
    people: Mapping[str, Participant],
    *,
    terms: AddSettings,
    codes: Mapping[str, Secret],
) -> Flow[Mapping[str, ParticipantOutcome]]:
    """Send an invitation to everyone for whom that makes sense, each once; everything is by canonical JID.

    Who got one is `invited`; a failed or unconfirmed invitation leaves the person as they were and says so.

    Args:
        provider: Who sends.
        group: Where to.
        outcomes: What became of the add.
        people: Whom it was about.
        terms: How to invite, and the message.
        codes: The codes of the personal invitations that WhatsApp offers.
    """
    wanted = [name for name, outcome in outcomes.items() if is_invitable(outcome)]
    invited = dict(outcomes)
    if terms.invite == "personal" and isinstance(provider, SendsPersonalInvites):
        for name in (name for name in wanted if name in codes):
            offer = outcomes[name].invite or Invite("personal")
            sending = provider.send_personal_invite(group, people[name], code=codes[name], expires_at=offer.expires_at)
            invited[name] = _told(outcomes[name], (yield from _sent(offer, sending)))
    elif (
        terms.invite == "link" and wanted and isinstance(provider, SharesInviteLink) and isinstance(provider, SendsText)
    ):
        try:
            message = (yield from with_retries(provider.invite_link(group))).within(
                terms.invite_text.replace(LINK, "{}")
            )
        except ProviderError:
            return invited | {
                name: evolve(outcomes[name], invite=Invite("link", InviteState.FAILED)) for name in wanted
            }
        for name in wanted:
            invited[name] = _told(
                outcomes[name], (yield from _sent(Invite("link"), provider.send_text(people[name], message)))
            )
    return invited


def is_invitable(outcome: ParticipantOutcome) -> bool:
    """Return whether an invitation makes sense, and none was sent yet."""
    sent_already = outcome.invite is not None and outcome.invite.state is not None
    return outcome.status is Status.NOT_ADDED and outcome.reason in INVITABLE and not sent_already


def _told(outcome: ParticipantOutcome, sent: Invite) -> ParticipantOutcome:
    return evolve(outcome, status=Status.INVITED if sent.state is InviteState.SENT else outcome.status, invite=sent)


def _sent(offer: Invite, sending: Flow[str | None]) -> Flow[Invite]:
    """Send once. A message whose answer is lost may have arrived: it is not sent again."""
    state, message_id = InviteState.SENT, None
    try:
        message_id = yield from sending
    except NoAnswer as lost:
        state = InviteState.UNKNOWN if lost.maybe_sent else InviteState.FAILED
    except AnswerLost:
        state = InviteState.UNKNOWN
    except ProviderError:
        state = InviteState.FAILED
    return evolve(offer, state=state, at=datetime.now(UTC), message_id=message_id)
