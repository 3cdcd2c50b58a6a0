"""A provider that did not ask WhatsApp for a participant says nothing of them, and nothing of WhatsApp.

The participant may be a member all along: unknown, for the provider's reason, until rosters prove something.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import pytest
from attrs import field, frozen

from groupadd import Evidence, ParticipantOutcome, Reason, Status
from groupadd.adding.add import add
from groupadd.adding.observe import ProviderSession
from groupadd.model.identity import GroupId, parse_participants
from groupadd.provider import GroupMembershipProvider, Secret
from groupadd.providers.gowa import Gowa
from groupadd.providers.green_api import GreenApi
from groupadd.providers.wawp import Wawp
from groupadd.settings import AddSettings, Verify
from groupadd.wire.driver import drive
from groupadd.wire.messages import Request, Response
from tests.support.scripts import GROUP, ME, FakeClock, lost, says

ANN, BEN = "12025550101", "12025550102"
HIDDEN = "123456789012345"  # the LID of a member whose number the roster hides
URL = "http://server.invalid"
Rows: TypeAlias = list[dict[str, object]]


def rows(*jids: str) -> Rows:
    return [{"id": jid, "jid": jid, "role": "participant"} for jid in (f"{ME}@c.us", *jids)]


def wrapped(results: object, status: int = 200, code: str = "SUCCESS") -> Response:
    return says({"code": code, "message": "x", "results": results}, status)


@frozen
class Vendor:
    """A vendor that did not ask WhatsApp, and how it shows its roster."""

    provider: GroupMembershipProvider
    add: str
    answer: Response | BaseException
    people: Sequence[str]
    reason: Reason
    roster: str
    wrap: Callable[[Rows], object]
    more: Mapping[str, Response] = field(factory=dict[str, Response])


WEBJS_404 = says({f"{ANN}@c.us": {"code": 404, "message": "", "isInviteV4Sent": False}}, 201)
QUOTA = says({"invokeStatus": {"status": "QUOTE_EXCEEDED"}}, 466)
GREEN_ADD = "POST /waInstance{instance}/addGroupParticipant/{token}"
GREEN_MORE = {
    "GET /waInstance{instance}/getWaSettings/{token}": says({"stateInstance": "authorized", "phone": ME}),
    "POST /waInstance{instance}/checkWhatsapp/{token}": QUOTA,
}
GREEN = GreenApi("1", Secret("the-token"), URL)
GREEN_LIST = "POST /waInstance{instance}/getGroupData/{token}"


def green(refusal: Response | BaseException, reason: Reason) -> Vendor:
    return Vendor(
        *(GREEN, GREEN_ADD, refusal, [BEN, ANN], reason),
        *(GREEN_LIST, lambda people: {"groupId": GROUP, "participants": people}),
        GREEN_MORE,
    )


VENDORS: Mapping[str, Vendor] = {
    "gowa: its own check": Vendor(
        *(Gowa(URL), "POST /group/participants", wrapped(None, 400, "INVALID_JID"), [ANN], Reason.NOT_ON_WHATSAPP),
        *("GET /group/participants", lambda people: {"code": "SUCCESS", "results": {"participants": people}}),
        {
            "GET /app/status": wrapped({"is_connected": True, "is_logged_in": True, "jid": f"{ME}@s.whatsapp.net"}),
            "GET /user/check": wrapped({"is_on_whatsapp": True}),
            "GET /group/participant-requests": wrapped(None),
        },
    ),
    "wawp: whatsapp-web.js' own check": Vendor(
        *(Wawp("i1", Secret("the-token"), base_url=URL), "POST /v2/groups/{group}/participants/add", WEBJS_404, [ANN]),
        *(Reason.NOT_ON_WHATSAPP, "GET /v2/groups/{group}/participants", lambda people: people),
        {
            "POST /v2/session/info": says({"status": "WORKING", "me": {"id": f"{ME}@c.us"}}),
            "GET /v2/lids/pn/{number}": says({"lid": None}),
            "GET /v2/contacts/check-exists": says({"numberExists": True, "chatId": f"{ANN}@c.us"}),
        },
    ),
    "green_api: the plan's quota": green(QUOTA, Reason.RATE_LIMITED),
    "green_api: too many requests": green(Response(429), Reason.RATE_LIMITED),
    "green_api: no right any more": green(says({"message": "x"}, 401), Reason.NOT_ALLOWED),
    "green_api: a session that goes down": green(
        says({"message": "instance is starting or not authorized"}, 400), Reason.NO_ANSWER
    ),
    "green_api: a firewall": green(Response(403, b"<html>"), Reason.NO_ANSWER),
    "green_api: a broken line": green(lost(maybe_sent=False), Reason.NO_ANSWER),
}


def outcome(vendor: Vendor, looks: Sequence[Rows], verify: Verify = "auto") -> ParticipantOutcome:
    """Add, over a server that shows these rosters in order; returns the outcome of the participant not asked for."""
    clock, asked = FakeClock(), list[str]()

    def answer(request: Request) -> Response:
        asked.append(str(request))
        if str(request) == vendor.add:
            asked_for = asked.count(vendor.add)
            result = vendor.answer if asked_for == len(vendor.people) else says({"addParticipant": True})
        elif str(request) == vendor.roster:
            look = min(asked.count(vendor.roster), len(looks)) - 1
            result = says(vendor.wrap(looks[look]))
        else:
            result = vendor.more[str(request)]
        if isinstance(result, BaseException):
            raise result
        return result

    people = parse_participants(vendor.people)
    flow = add(ProviderSession(vendor.provider), GroupId(GROUP), people, AddSettings(verify=verify))
    outcomes = drive(flow, answer, clock)
    assert asked.count(vendor.add) == len(vendor.people)
    return outcomes[-1]


def verdict(person: ParticipantOutcome) -> tuple[Status, Reason | None, Evidence]:
    return person.status, person.reason, person.evidence


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    return VENDORS[request.param]


def test_without_looks_they_are_unknown_for_the_providers_reason(vendor: Vendor) -> None:
    assert verdict(outcome(vendor, [[]], "never")) == (Status.UNKNOWN, vendor.reason, Evidence.NONE)


HIDING: Rows = [*rows(), {"id": f"{HIDDEN}@lid", "jid": f"{HIDDEN}@lid", "phone_number": HIDDEN}]


def test_a_roster_that_hides_a_member_leaves_them_unknown(vendor: Vendor) -> None:
    assert verdict(outcome(vendor, [HIDING])) == (Status.UNKNOWN, vendor.reason, Evidence.NONE)


def test_rosters_prove_that_they_are_not_in(vendor: Vendor) -> None:
    assert verdict(outcome(vendor, [rows()])) == (Status.NOT_ADDED, vendor.reason, Evidence.OBSERVED)


def test_who_is_seen_afterwards_alone_was_a_member_before_for_all_that_is_known(vendor: Vendor) -> None:
    seen = outcome(vendor, [HIDING, HIDING, rows(f"{ANN}@c.us")])
    assert verdict(seen) == (Status.ALREADY_MEMBER, None, Evidence.INFERRED)
