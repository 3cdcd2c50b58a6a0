"""Invitations: the group's link, or WhatsApp's personal invitation, for participants who could not be added."""

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

# Reasons for which an invitation makes sense. Others stay out: a person who blocked us, legal reasons, a full group, an
# admin's pending approval, and all unknowns.
INVITABLE = frozenset({Reason.PRIVACY, Reason.RECENTLY_LEFT, Reason.COMMUNITY, Reason.SILENT_REFUSAL})


def require_invitations(provider: GroupMembershipProvider, how: Invitation) -> None:
    """Check that the provider can invite in this way.

    Raises:
        Unsupported: The provider cannot.
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
    settings: AddSettings,
    codes: Mapping[str, Secret],
) -> Flow[Mapping[str, ParticipantOutcome]]:
    """Send one invitation to each participant where it makes sense. All mappings are by canonical JID.

    A sent invitation makes the participant `invited`. A failed or unconfirmed one changes no status and is noted.

    Args:
        provider: The provider that sends.
        group: The group.
        outcomes: The outcomes of the add.
        people: The participants.
        settings: The kind of invitation, and the message.
        codes: The codes of the personal invitations that WhatsApp offers.

    Returns:
        The outcomes, with their invitations.
    """
    wanted = [jid for jid, outcome in outcomes.items() if is_invitable(outcome)]
    invited = dict(outcomes)
    if settings.invite == "personal" and isinstance(provider, SendsPersonalInvites):
        for jid in (jid for jid in wanted if jid in codes):
            offer = outcomes[jid].invite or Invite("personal")
            sending = provider.send_personal_invite(group, people[jid], code=codes[jid], expires_at=offer.expires_at)
            invited[jid] = _with_invite(outcomes[jid], (yield from _sent(offer, sending)))
    elif (
        settings.invite == "link"
        and wanted
        and isinstance(provider, SharesInviteLink)
        and isinstance(provider, SendsText)
    ):
        try:
            message = (yield from with_retries(provider.invite_link(group))).within(
                settings.invite_text.replace(LINK, "{}")
            )
        except ProviderError:
            return invited | {jid: evolve(outcomes[jid], invite=Invite("link", InviteState.FAILED)) for jid in wanted}
        for jid in wanted:
            invited[jid] = _with_invite(
                outcomes[jid], (yield from _sent(Invite("link"), provider.send_text(people[jid], message)))
            )
    return invited


def is_invitable(outcome: ParticipantOutcome) -> bool:
    """Return whether an invitation makes sense, and none was sent yet."""
    sent_already = outcome.invite is not None and outcome.invite.state is not None
    return outcome.status is Status.NOT_ADDED and outcome.reason in INVITABLE and not sent_already


def _with_invite(outcome: ParticipantOutcome, sent: Invite) -> ParticipantOutcome:
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
