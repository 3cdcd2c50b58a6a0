"""Invitations: the group's link, or WhatsApp's personal invitation, for participants who could not be added."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve

from groupadd.adding.observe import RosterObserver
from groupadd.errors import AnswerLost, GroupAddError, Unsupported
from groupadd.model.identity import Identity
from groupadd.model.masking import Secret, masked
from groupadd.model.outcome import Invite, InviteState, ParticipantOutcome, Reason, Status
from groupadd.provider import GroupMembershipProvider, SendsPersonalInvites, SendsText, SentMessage, SharesInviteLink
from groupadd.settings import LINK, AddSettings, Invitation
from groupadd.wire.messages import Flow, NoAnswer, log
from groupadd.wire.retry import or_none

# Reasons for which an invitation makes sense. Others stay out: a person who blocked us, legal reasons, a full group, an
# admin's pending approval, and all unknowns.
INVITABLE = frozenset({Reason.PRIVACY, Reason.RECENTLY_LEFT, Reason.COMMUNITY, Reason.SILENT_REFUSAL, Reason.REFUSED})


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
    wanted = [jid for jid, outcome in outcomes.items() if is_invitable(outcome)]
    contents = yield from _contents(observer, wanted, settings, codes)
    invited = dict(outcomes)
    names, first_of = observer.names, dict[str, str]()  # the first entry of each account, by every JID of the account
    for jid, content in contents.items():
        check = yield from names.check_recipient(jid)
        jids = names.person(jid).jids
        first = next((first_of[one] for one in jids if one in first_of), jid)
        other_form = next((first_of[one] for one in names.other_forms(jid) if one in first_of), jid)
        first_of.update(dict.fromkeys(jids, first))
        if first != jid:
            invited[jid] = _duplicate(invited[first], outcomes[jid])
        elif other_form != jid and not names.are_two(jid, other_form):
            log.warning("%s may be a person who was invited by another form of the number", masked(jid))
        elif check.exists is False:
            invited[jid] = evolve(outcomes[jid], reason=Reason.NOT_ON_WHATSAPP)
        elif (yield from _reaches_another(observer, jid, check.reaches)):
            invited[jid] = evolve(outcomes[jid], invite=Invite(settings.invite, InviteState.FAILED))
        else:
            invited[jid] = yield from _invited(observer, jid, outcomes[jid], settings.invite, content)
    failed = wanted if settings.invite == "link" and not contents else ()
    return invited | {jid: evolve(outcomes[jid], invite=Invite("link", InviteState.FAILED)) for jid in failed}


def _contents(
    observer: RosterObserver, wanted: Sequence[str], settings: AddSettings, codes: Mapping[str, Secret]
) -> Flow[Mapping[str, Secret]]:
    """Return what each participant is sent: the message with the group's link, or the code of a personal invitation.

    Participants without a code have none. Where the link cannot be read, nobody has one.
    """
    provider = observer.session.provider
    if settings.invite == "personal":
        return {jid: codes[jid] for jid in wanted if jid in codes}
    link = None
    if wanted and isinstance(provider, SharesInviteLink):
        link = yield from or_none(provider.invite_link, observer.group)
    return {} if link is None else dict.fromkeys(wanted, link.within(settings.invite_text.replace(LINK, "{}")))


def _reaches_another(observer: RosterObserver, jid: str, account: Identity | None) -> Flow[bool]:
    """Return whether a message reaches this account instead of the participant's; log it."""
    is_another = yield from observer.names.is_another_account(jid, account)
    if is_another:
        log.warning("a message to %s reaches another account", masked(jid))
    return is_another


def _duplicate(first: ParticipantOutcome, other: ParticipantOutcome) -> ParticipantOutcome:
    """Return the outcome of an entry whose account a number check has shown to be an earlier entry's."""
    reason = Reason.DUPLICATE
    return evolve(first, participant=other.participant, phone=other.phone, id=other.id, reason=reason)


def _invited(
    observer: RosterObserver, jid: str, outcome: ParticipantOutcome, kind: Invitation, content: Secret
) -> Flow[ParticipantOutcome]:
    """Invite one participant, and return the outcome with the invitation."""
    offer = outcome.invite or Invite("personal") if kind == "personal" else Invite("link")
    sent = yield from _sent(observer, jid, offer, content)
    return evolve(outcome, status=Status.INVITED if sent.state is InviteState.SENT else outcome.status, invite=sent)


def _sent(observer: RosterObserver, jid: str, offer: Invite, content: Secret) -> Flow[Invite]:
    """Send once. A message without an answer may have arrived; one to another account has. Neither is sent again."""
    state, message = InviteState.SENT, SentMessage()
    try:
        message = yield from _sending(observer, jid, offer, content)
        if (yield from _reaches_another(observer, jid, message.recipient)):
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


def _sending(observer: RosterObserver, jid: str, offer: Invite, content: Secret) -> Flow[SentMessage]:
    """Send the message with the link, or the personal invitation.

    Raises:
        Unsupported: The provider cannot send it.
        ProviderError: The provider refused it, or its answer cannot be read.
    """
    provider, recipient = observer.session.provider, observer.names.recipient(jid)
    if offer.kind == "link" and isinstance(provider, SendsText):
        return (yield from provider.send_text(recipient, content))
    if offer.kind == "personal" and isinstance(provider, SendsPersonalInvites):
        expires_at = offer.expires_at
        return (
            yield from provider.send_personal_invite(observer.group, recipient, code=content, expires_at=expires_at)
        )
    raise Unsupported("this provider cannot send the invitation")


def is_invitable(outcome: ParticipantOutcome) -> bool:
    """Return whether an invitation makes sense, and none was sent yet."""
    sent_already = outcome.invite is not None and outcome.invite.state is not None
    return outcome.status is Status.NOT_ADDED and outcome.reason in INVITABLE and not sent_already
