"""Invitations: the group's link, or WhatsApp's personal invitation, for participants who could not be added."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from attrs import evolve

from groupadd.adding.observe import RosterObserver
from groupadd.errors import AnswerLost, GroupAddError, Unsupported
from groupadd.model.identity import Identity
from groupadd.model.masking import Secret, masked
from groupadd.model.outcome import Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.provider import (
    GroupMembershipProvider,
    NumberCheck,
    SendsPersonalInvites,
    SendsText,
    SentMessage,
    SharesInviteLink,
)
from groupadd.settings import LINK, AddSettings, Invitation
from groupadd.wire.messages import Flow, NoAnswer, log
from groupadd.wire.retry import or_none

# Reasons for which an invitation makes sense. Others stay out: a person who blocked us, legal reasons, a full group, an
# admin's pending approval, and all unknowns.
INVITABLE = frozenset({Reason.PRIVACY, Reason.RECENTLY_LEFT, Reason.COMMUNITY, Reason.SILENT_REFUSAL, Reason.REFUSED})


class Invitee(NamedTuple):
    """A participant to invite.

    Attributes:
        jid: The participant's canonical JID.
        kind: The kind of invitation.
        content: The message with the group's link, or the code of the personal invitation.
    """

    jid: str
    kind: Invitation
    content: Secret


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
    observer: RosterObserver,
    outcomes: Mapping[str, ParticipantOutcome],
    *,
    settings: AddSettings,
    codes: Mapping[str, Secret],
) -> Flow[Mapping[str, ParticipantOutcome]]:
    """Send one invitation to each participant where it makes sense. All mappings are by canonical JID.

    Numbers are checked first where the provider can: no message goes to a number that is not on WhatsApp. A sent
    invitation makes the participant `invited`. A failed or unconfirmed one changes no status and is noted.

    Args:
        observer: The participants and their known names.
        outcomes: The outcomes of the add.
        settings: The kind of invitation, and the message.
        codes: The codes of the personal invitations that WhatsApp offers.

    Returns:
        The outcomes, with their invitations.
    """
    names, invited = observer.names, dict(outcomes)
    wanted = [jid for jid, outcome in outcomes.items() if is_invitable(outcome)]
    contents = yield from _contents(observer, wanted, settings, codes)
    if settings.invite == "link" and not contents:
        return invited | {jid: evolve(outcomes[jid], invite=Invite("link", InviteState.FAILED)) for jid in wanted}
    if not all(names.person(jid).phones for jid in contents):  # a LID's entry may be the account of a number's
        yield from names.resolve_lids(contents)
    first_of: dict[str, str] = {}  # the first entry of each account, by every JID of the account
    entries: list[str] = []
    for jid, content in contents.items():
        check = yield from names.check_recipient(jid)
        jids = names.person(jid).jids
        first = next((first_of[one] for one in jids if one in first_of), jid)
        first_of.update(dict.fromkeys(jids, first))
        if first != jid:
            invited[jid] = _duplicate(invited[first], outcomes[jid])
        elif names.may_be_one_of(jid, entries):
            log.warning("%s may be a person who was invited by another form of the number", masked(jid))
        else:
            entries.append(jid)
            invited[jid] = yield from _invited(observer, outcomes[jid], check, Invitee(jid, settings.invite, content))
    return invited


def _contents(
    observer: RosterObserver, wanted: Sequence[str], settings: AddSettings, codes: Mapping[str, Secret]
) -> Flow[Mapping[str, Secret]]:
    """Return what each participant is sent: the message with the group's link, or the code of a personal invitation.

    Participants without a code have none, and without a readable link no participant has one.
    """
    provider = observer.session.provider
    if settings.invite == "personal":
        return {jid: codes[jid] for jid in wanted if jid in codes}
    link = None
    if wanted and isinstance(provider, SharesInviteLink):
        link = yield from or_none(provider.invite_link, observer.group)
    return {} if link is None else dict.fromkeys(wanted, link.within(settings.invite_text.replace(LINK, "{}")))


def _duplicate(first: ParticipantOutcome, other: ParticipantOutcome) -> ParticipantOutcome:
    """Return the outcome of an entry whose account a number check has shown to be an earlier entry's."""
    reason = Reason.DUPLICATE
    return evolve(first, participant=other.participant, phone=other.phone, id=other.id, reason=reason)


def _invited(
    observer: RosterObserver, outcome: ParticipantOutcome, check: NumberCheck, invitee: Invitee
) -> Flow[ParticipantOutcome]:
    """Invite one participant by what the check of their number says; return the outcome with the invitation."""
    if check.exists is False:
        return evolve(outcome, reason=Reason.NOT_ON_WHATSAPP)
    offer = outcome.invite or Invite("personal") if invitee.kind == "personal" else Invite("link")
    if (yield from _reaches_another(observer, invitee.jid, check.reaches)):
        return evolve(outcome, invite=evolve(offer, state=InviteState.FAILED))
    sent = yield from _sent(observer, offer, invitee)
    return evolve(outcome, status=Status.INVITED if sent.state is InviteState.SENT else outcome.status, invite=sent)


def _reaches_another(observer: RosterObserver, jid: str, account: Identity | None) -> Flow[bool]:
    """Return whether a message reaches this account instead of the participant's; log it."""
    is_another = yield from observer.names.is_another_account(jid, account)
    if is_another:
        log.warning("a message to %s reaches another account", masked(jid))
    return is_another


def _sent(observer: RosterObserver, offer: Invite, invitee: Invitee) -> Flow[Invite]:
    """Send once. A message without an answer may have arrived; one to another account has. Neither is sent again."""
    state, message = InviteState.SENT, SentMessage()
    try:
        message = yield from _sending(observer, offer, invitee)
        if (yield from _reaches_another(observer, invitee.jid, message.recipient)):
            state = InviteState.UNKNOWN
    except NoAnswer as lost:
        state = InviteState.UNKNOWN if lost.maybe_sent else InviteState.FAILED
    except AnswerLost:
        state = InviteState.UNKNOWN
    except GroupAddError:
        state = InviteState.FAILED
    except Exception as error:
        log.error("the provider's class failed on an invitation: %s", type(error).__name__)
        state = InviteState.UNKNOWN
    return evolve(offer, state=state, at=datetime.now(UTC), message_id=message.id)


def _sending(observer: RosterObserver, offer: Invite, invitee: Invitee) -> Flow[SentMessage]:
    """Send the message with the link, or the personal invitation.

    Raises:
        Unsupported: The provider cannot send it.
        ProviderError: The provider refused it, or its answer cannot be read.
    """
    provider, recipient = observer.session.provider, observer.names.recipient(invitee.jid)
    if invitee.kind == "link" and isinstance(provider, SendsText):
        return (yield from provider.send_text(recipient, invitee.content))
    if invitee.kind == "personal" and isinstance(provider, SendsPersonalInvites):
        code, expires_at = invitee.content, offer.expires_at
        return (yield from provider.send_personal_invite(observer.group, recipient, code=code, expires_at=expires_at))
    raise Unsupported("this provider cannot send the invitation")


def is_invitable(outcome: ParticipantOutcome) -> bool:
    """Return whether an invitation makes sense, and none was sent yet."""
    sent_already = outcome.invite is not None and outcome.invite.state is not None
    return outcome.status is Status.NOT_ADDED and outcome.reason in INVITABLE and not sent_already
