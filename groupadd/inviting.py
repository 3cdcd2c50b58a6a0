"""Invitation as fallback: who could not be added gets the group's link in a direct message."""

from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import evolve

from groupadd.errors import AnswerLost, ProviderError, Unsupported
from groupadd.flow import Flow, NoAnswer
from groupadd.identity import GroupId, Participant
from groupadd.outcome import Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.pacing import patient
from groupadd.provider import GroupMembershipProvider, SendsText, SharesInviteLink
from groupadd.secret import Secret

# Where an invitation makes sense. Never for people who blocked us, for legal reasons, where the group is full, where an
# admin's approval is waited for, nor where nothing is known.
INVITABLE = frozenset({Reason.PRIVACY, Reason.RECENTLY_LEFT, Reason.COMMUNITY, Reason.SILENT_REFUSAL})


def require_invitations(provider: GroupMembershipProvider) -> None:
    """Check that the provider can invite at all.

    Raises:
        Unsupported: It cannot share the group's link or cannot send texts.
    """
    if not (isinstance(provider, SharesInviteLink) and isinstance(provider, SendsText)):
        raise Unsupported("this provider cannot send the group's link; leave `invite` at never")


def invite(
    provider: GroupMembershipProvider,
    group: GroupId,
    outcomes: Mapping[str, ParticipantOutcome],
    people: Mapping[str, Participant],
    text: str,
) -> Flow[Mapping[str, ParticipantOutcome]]:
    """Send the link to everyone for whom that makes sense, each once; outcomes and people are by canonical JID.

    Who got it is `invited`; a failed or unconfirmed invitation leaves the person as they were and says so.
    """
    wanted = [name for name, outcome in outcomes.items() if _invitable(outcome)]
    if not wanted or not (isinstance(provider, SharesInviteLink) and isinstance(provider, SendsText)):
        return outcomes
    invited = dict(outcomes)
    try:
        message = (yield from patient(provider.invite_link(group))).within(text, "{link}")
    except ProviderError:
        return invited | {name: evolve(outcomes[name], invite=Invite("link", InviteState.FAILED)) for name in wanted}
    for name in wanted:
        sent = yield from _send(provider, people[name], message)
        status = Status.INVITED if sent.state is InviteState.SENT else outcomes[name].status
        invited[name] = evolve(outcomes[name], status=status, invite=sent)
    return invited


def _invitable(outcome: ParticipantOutcome) -> bool:
    sent_already = outcome.invite is not None and outcome.invite.state is not None
    return outcome.status is Status.NOT_ADDED and outcome.reason in INVITABLE and not sent_already


def _send(provider: SendsText, person: Participant, message: Secret) -> Flow[Invite]:
    """Send once. A message whose answer is lost may have arrived: it is not sent again."""
    state, message_id = InviteState.SENT, None
    try:
        message_id = yield from provider.send_text(person, message)
    except NoAnswer as lost:
        state = InviteState.UNKNOWN if lost.maybe_sent else InviteState.FAILED
    except AnswerLost:
        state = InviteState.UNKNOWN
    except ProviderError:
        state = InviteState.FAILED
    return Invite("link", state, datetime.now(UTC), message_id)
