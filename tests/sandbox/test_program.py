"""The sandbox answers as the vendors' own programs did: the recorded requests again, to a world with the same truth."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from attrs import evolve, frozen

from groupadd.sandbox import Fault, Privacy, Sandbox, SandboxPerson, VirtualClock, World, faults
from groupadd.sandbox.people import Group, RosterView
from groupadd.sandbox.vendors.evolution import Evolution
from groupadd.sandbox.vendors.waha import Waha
from groupadd.testing.targets import placeholder_credentials
from tests.providers.test_conformance import CASSETTES

GROUP = "120363000000000042@g.us"
US = SandboxPerson("15550100000", "99000000000001")
ONE, TWO, THREE, FIVE, SIX = (f"1202555010{digit}" for digit in "12356")
MX, MX_ONE, AR, AR_NINE = "525512345678", "5215512345678", "541123456789", "5491123456789"
BR11, BR31, BR31_NINE = "5511987654321", "553187654321", "5531987654321"
NAMES = {"evolution": ("SCRUBBED_INSTANCE", "probe"), "waha": ("SCRUBBED_SESSION", "default")}
# Values that differ from run to run, that were scrubbed, or that repeat the request, which the cassettes adapt.
VOLATILE = {"expiration", "code", "timestamp", "messageTimestamp", "subjectTime", "creation", "inviteUrl", "inviteCode"}
VOLATILE |= {"instanceName", "name", "pushName", "subject", "token", "number", "conversation", "text"}
VOLATILE |= {"disconnectionReasonCode", "body"}
# Records of which the sandbox has a part, known by one of their keys.
IN_PART = {"ownerJid", "subject", "pushName", "isBoom", "timestamp", "engine", "method", "disconnectionReasonCode"}

Change = Callable[[Sandbox], object]


@frozen
class Situation:
    """The truth at the fake WhatsApp, as a world of the sandbox.

    Attributes:
        files: The recordings of it.
        changes: How it differs from a group in which we are alone.
        most: How many exchanges of a recording are compared: the state of the line changes after them.
    """

    files: Sequence[str]
    changes: Sequence[Change] = ()
    most: int | None = None


def person(phone: str, privacy: Privacy = Privacy.OPEN, *variants: str) -> Change:
    def change(sandbox: Sandbox) -> None:
        people = SandboxPerson(phone, f"9000{phone}", "", privacy, frozenset(variants))
        sandbox.vendor.world.add_people(people)

    return change


def member(phone: str) -> Change:
    def change(sandbox: Sandbox) -> None:
        person(phone)(sandbox)
        group(sandbox).set_role(phone, "member")

    return change


def left(phone: str) -> Change:
    def change(sandbox: Sandbox) -> None:
        member(phone)(sandbox)
        sandbox.vendor.world.leave(GROUP, phone)

    return change


def fault(route: str, what: Fault) -> Change:
    return lambda sandbox: sandbox.faults.plan(what, on=route)


def by_lid(*, phones: bool) -> Change:
    def change(sandbox: Sandbox) -> None:
        group(sandbox).addressing, group(sandbox).roster_view = "lid", RosterView(both_names=phones)

    return change


def session(state: Literal["starting", "failed"]) -> Change:
    def change(sandbox: Sandbox) -> None:
        sandbox.vendor.account.session = state

    return change


def full(sandbox: Sandbox) -> None:
    group(sandbox).cap = 1


def as_a_member(sandbox: Sandbox) -> None:
    group(sandbox).set_role(US.phone, "member")
    group(sandbox).members_may_add = group(sandbox).approval = True


def no_group(sandbox: Sandbox) -> None:
    sandbox.vendor.world.groups.clear()


def seen(phone: str) -> Change:
    def change(sandbox: Sandbox) -> None:
        assert isinstance(sandbox.vendor, Evolution)
        sandbox.vendor.seen[f"{phone}@s.whatsapp.net"] = sandbox.vendor.world.now

    return change


def group(sandbox: Sandbox) -> Group:
    return sandbox.vendor.world.groups[GROUP]


def canonical(phone: str, *variants: str) -> Change:
    return person(phone, Privacy.OPEN, *variants)


NOT_APPLIED = evolve(faults.SILENCE, takes_effect_after_s=None)
EVOLUTION = [
    Situation(["01_added", "56_back", "73_instance_key_add", "62_near_duplicates_raw", "63g_c_us_raw"], [person(ONE)]),
    Situation(["02_already_member"], [member(ONE)]),
    Situation(["03_privacy_with_offer"], [person(ONE, Privacy.CONTACTS_ONLY)]),
    Situation(["05_not_on_whatsapp", "67_check_number_none", "83_cache_2", "83_cache_4", "69b_send_text_no_account"]),
    Situation(["07_blocked"], [person(ONE, Privacy.BLOCKED_US)]),
    Situation(["08_full"], [person(ONE), full]),
    Situation(["09_approval"], [person(ONE), as_a_member]),
    Situation(["14_rate"], [fault("add", faults.refused(429))]),
    Situation(["15_not_admin"], [fault("add", faults.refused(403))]),
    Situation(["16_not_authorized"], [fault("add", faults.refused(401))]),
    Situation(["17_bad_request"], [fault("add", faults.refused(400))]),
    Situation(["20b_not_acceptable"], [fault("add", faults.refused(406))]),
    Situation(["21_group_not_found", "68c_invite_link_no_group"], [no_group]),
    Situation(["32_lid_without_pn_one"], [person(ONE), by_lid(phones=False)]),
    Situation(["35_lid_with_pn_members"], [member(TWO), by_lid(phones=True)]),
    Situation(["35_lid_without_pn_members", "34_lid_without_pn_check"], [member(TWO), by_lid(phones=False)]),
    Situation(["36_lid_without_pn_by_lid"], [person(ONE), member(TWO), by_lid(phones=False)]),
    Situation(["38_pn_preflight", "39_preflight_approval"], [person(ONE), member(TWO)]),
    Situation(["3a_pn_in_lid_request"], [person(ONE), member(TWO)]),
    Situation(["50_silent_not_applied"], [person(ONE), fault("add", NOT_APPLIED)]),
    Situation(["50b_silent_applied"], [person(ONE), fault("add", faults.SILENCE)]),
    Situation(["53_roster_silent"], [fault("list", faults.SILENCE)]),
    Situation(["53b_info_silent"], [fault("info", faults.SILENCE)]),
    Situation(
        ["54_applied_then_closed", "54b_applied_then_closed_never"], [person(ONE), fault("add", faults.LINE_CLOSES)]
    ),
    Situation(["59_roster_dropped_0", "59_roster_dropped_5"], [fault("list", faults.LINE_CLOSES)], most=1),
    Situation(["55e_unreachable_invite", "59b_invite_dropped_0"], [fault("invite", faults.LINE_CLOSES)], most=1),
    Situation(["59d_invite_dropped_state_later"], [fault("invite", faults.LINE_CLOSES)]),
    Situation(
        ["55b_unreachable_add", "55c_unreachable_members", "55d_unreachable_check_number"], [session("starting")]
    ),
    Situation(["55_unreachable_session", "57b_logged_out_add", "57d_logged_out_check"], [session("failed")]),
    Situation(["57e_logged_out_invite", "57g_logged_out_instances"], [session("failed")]),
    Situation(
        ["61_duplicates_raw", "63_short_raw", "63c_action_raw", "63d_nogroup_raw", "90i_participants_bad_jid_raw"]
    ),
    Situation(["64_raw_bare_ar", "64_raw_bare_ar_nine", "65_groupadd_ar"], [person(AR)]),
    Situation(["64_raw_bare_br11_nine", "65_groupadd_br11_nine", "67_check_number_br11_nine"], [person(BR11)]),
    Situation(["64_raw_bare_br31_eight", "86_cache_br_1"], [person(BR31)]),
    Situation(["64_raw_bare_mx", "65_groupadd_mx"], [person(MX)]),
    Situation(["65_groupadd_ar_nine"], [person(AR_NINE)]),
    Situation(["65_groupadd_br31_nine"], [person(BR31_NINE)]),
    Situation(["66b_canonical_mx", "67_check_number_mx", "82c_bare_mx_canonical_reverse"], [canonical(MX_ONE, MX)]),
    Situation(["67_check_number_rate"], [fault("check", faults.refused(429))]),
    Situation(["67_check_number_us", "69_send_text", "83_cache_1", "84_suffix_1", "84_suffix_3"], [person(ONE)]),
    Situation(["68b_invite_link_refused"], [fault("invite", faults.refused(401))]),
    Situation(["70b_session_instance_key", "72_unknown_instance", "72b_unknown_instance_session"]),
    Situation(["74_roster_forbidden"], [fault("list", faults.refused(403))]),
    Situation(["74c_roster_rate"], [fault("list", faults.refused(429))]),
    Situation(["74d_info_forbidden"], [fault("info", faults.refused(403))]),
    Situation(["74e_info"], [member(TWO)]),
    Situation(
        ["80_send_mx_two_people", "80b_check_mx_two_people", "80f_raw_send_by_jid_mx"], [person(MX), person(MX_ONE)]
    ),
    Situation(["80e_preflight_mx_one_person", "81b_send_mx_other_form_off"], [person(MX_ONE)]),
    Situation(["81c_raw_jid_mx_other_form_off"], [person(MX_ONE)]),
    Situation(["80e_preflight_ar_one_person", "81_check_ar_other_form_off"], [person(AR_NINE)]),
    Situation(["81b_send_ar_other_form_off", "81c_raw_jid_ar_other_form_off"], [person(AR_NINE)]),
    Situation(["81_check_br31_other_form_off", "81c_raw_jid_br31_other_form_off"], [person(BR31_NINE)]),
    Situation(["82_raw_jid_ar_canonical", "82b_bare_ar_canonical"], [canonical(AR, AR_NINE)]),
    Situation(["82_raw_jid_br31_canonical"], [canonical(BR31, BR31_NINE)]),
    Situation(["82_raw_jid_mx_canonical", "82b_bare_mx_canonical"], [canonical(MX, MX_ONE)]),
    Situation(["82c_bare_br31_canonical_reverse"], [canonical(BR31_NINE, BR31)]),
    Situation(["83_cache_3_roster"], [member(SIX)]),
    Situation(["86_cache_br_2", "86_cache_br_3"], [seen(BR31)]),
    Situation(["86_cache_mx_5"], [seen(MX_ONE)]),
    Situation(["86_cache_mx_6_send"], [seen(MX_ONE), person(MX), person(MX_ONE)]),
    Situation(["90_send_no_text_raw", "90c_check_empty_raw", "90d_no_route_raw", "90e_wrong_key_unknown_instance_raw"]),
    Situation(["90f_no_key_raw", "90g_fetch_unknown_raw", "90j_updateParticipant_text_body"]),
]
WAHA = [
    Situation(["01_added", "60_duplicates"], [person(ONE)], most=1),
    Situation(["02_already_member"], [member(ONE)]),
    Situation(["03_privacy_with_offer"], [person(ONE, Privacy.CONTACTS_ONLY)]),
    Situation(["05_not_on_whatsapp", "67b_check_number_none", "69b_send_no_account", "70_session"]),
    Situation(["06_recently_left"], [left(ONE)]),
    Situation(["08_full"], [person(ONE), full]),
    Situation(["09_approval"], [person(ONE), as_a_member]),
    *(
        Situation([file], [fault("add", faults.refused(code))])
        for file, code in (
            *(("14_rate", 429), ("15_not_admin", 403), ("16_not_authorized", 401), ("17_bad_request", 400)),
            ("18_resource_limit", 419),
        )
    ),
    Situation(["34_check", "74_info"], [member(TWO)]),
    Situation(["35_lid_with_pn_members", "35_lid_without_pn_members"], [member(TWO), by_lid(phones=True)]),
    Situation(["50_silent"], [person(ONE), fault("add", faults.SILENCE)]),
    Situation(["54_applied_then_closed"], [person(ONE), fault("add", faults.LINE_CLOSES)]),
    Situation(["55_unreachable_session", "55b_unreachable_add", "55c_unreachable_members"], [session("starting")]),
    Situation(["55e_unreachable_invite", "55f_unreachable_send"], [session("starting")]),
    Situation(["57_logged_out_session", "57d_logged_out_check"], [session("failed")]),
    Situation(["67c_check_number_rate"], [fault("check", faults.refused(429))]),
    Situation(["68_invite_link", "72_unknown_session", "72b_unknown_session_state", "78_waiting", "7a_refresh"]),
    Situation(["68b_invite_refused"], [fault("invite", faults.refused(401))]),
    Situation(["74b_info_no_group"], [no_group]),
    Situation(["75_invite_by_link"], [person(THREE, Privacy.CONTACTS_ONLY), member(TWO), person(ONE)]),
]
ALL = [
    pytest.param(type_, file, situation, id=f"{type_}-{file}")
    for type_, situations in (("evolution", EVOLUTION), ("waha", WAHA))
    for situation in situations
    for file in situation.files
]


@pytest.mark.parametrize(("type_", "file", "situation"), ALL)
def test_the_sandbox_answers_as_the_program_did(type_: str, file: str, situation: Situation) -> None:
    sandbox = sandbox_of(type_)
    for change in situation.changes:
        change(sandbox)
    for request, response in [*exchanges(CASSETTES / type_ / "program" / f"{file}.yaml")][: situation.most]:
        url = urlsplit(request["uri"].replace(*NAMES[type_]))
        headers = {name: values[0] for name, values in request["headers"].items()}
        body = (request["body"] or "").replace(*NAMES[type_]).encode()
        ours = sandbox.handle(request["method"], f"{url.path}?{url.query}", headers, body)
        assert ours.status == response["status"]["code"]
        assert as_far(readable(ours.body.decode()), readable(response["body"]["string"]))


def sandbox_of(type_: str) -> Sandbox:
    world = World(VirtualClock(1000))
    account = world.open_account(US)
    world.create_group(Group(GROUP, "Scrubbed", invite_code="SCRUBBED_INVITE_CODE")).set_role(US.phone, "superadmin")
    key, name = placeholder_credentials(type_).fields["api_key"], NAMES[type_][1]
    if type_ == "evolution":
        return Sandbox(Evolution(world, account, name, key))
    return Sandbox(Waha(world, account, name, key, "NOWEB", "2024.10.8"))


def exchanges(path: Path) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    yaml: Any = import_module("yaml")
    for one in yaml.safe_load(path.read_text("utf-8"))["interactions"]:
        yield one["request"], one["response"]


def readable(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def as_far(ours: object, recorded: object, key: str = "") -> bool:
    """Require our value to equal the recorded one, or a record's part to equal its part, and return True."""
    if key in VOLATILE:
        return True
    if isinstance(ours, dict) and isinstance(recorded, dict):
        missing = recorded.keys() - ours.keys()
        assert not missing or recorded.keys() & IN_PART, (key, missing)
        assert ours.keys() <= recorded.keys(), (key, ours.keys() - recorded.keys())
        return all(as_far(ours[name], recorded[name], name) for name in ours)
    if isinstance(ours, list) and isinstance(recorded, list):
        assert len(ours) == len(recorded), (key, ours, recorded)
        return all(as_far(*pair, key) for pair in zip(ours, recorded, strict=True))
    assert ours == recorded or (key == "id" and str(ours).startswith("3EB0")), (key, ours, recorded)
    return True
