import json
from collections.abc import Mapping
from typing import TypeAlias, TypedDict, TypeVar, Unpack
from urllib.parse import urlencode

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from groupadd.model.codes import ACCEPTED, ADDED, ALREADY_MEMBER, BLOCKED, NOT_ON_WHATSAPP, PRIVACY, RECENTLY_LEFT
from groupadd.model.identity import GroupId, Identity, identity, parse_participants
from groupadd.model.masking import Secret
from groupadd.provider import AddReply, NumberCheck
from groupadd.providers.wasend import Wasend
from groupadd.providers.wawp import Wawp
from groupadd.sandbox import Sandbox, VirtualClock, World, example_world, vendor_names
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.messages import KEY
from groupadd.wire.driver import drive
from groupadd.wire.messages import Flow
from groupadd.wire.transport import HttpTransport

ADA, BEN, CLEO, DAN, EVE, FINN = PHONES = (
    "12025550143",
    "14155550126",
    "13125550178",
    "16465550199",
    "15035550134",
    "17135550115",
)
US = "16175550100"
BASE = "http://sandbox.invalid"
WASEND = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
WAWP = {"instance_id": "sandbox", "access_token": KEY}

T = TypeVar("T")
Said: TypeAlias = tuple[int, object]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000)


@pytest.fixture
def world(clock: VirtualClock) -> World:
    return example_world(clock)


class Sent(TypedDict, total=False):
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, object]


def ask(sandbox: Sandbox, method: str, path: str, **sent: Unpack[Sent]) -> Said:
    query = urlencode(sent.get("query", {}))
    raw = json.dumps(sent["body"]).encode() if "body" in sent else b""
    answer = sandbox.handle(method, f"{path}?{query}", sent.get("headers", {}), raw)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status, json.loads(answer.body)


def wasend(world: World, method: str, path: str, **sent: Unpack[Sent]) -> Said:
    sent.setdefault("headers", WASEND)
    return ask(Sandbox.for_vendor("wasend", world), method, path, **sent)


def wawp(world: World, method: str, path: str, **sent: Unpack[Sent]) -> Said:
    sandbox = Sandbox.for_vendor("wawp", world)
    if method == "GET":
        return ask(sandbox, method, path, query={**WAWP, **sent.get("query", {})})
    return ask(sandbox, method, path, body={**WAWP, **sent.get("body", {})})


def test_every_vendor_has_a_method_for_each_of_its_routes(world: World) -> None:
    assert {"wasend", "wawp"} <= set(vendor_names())
    for name in vendor_names():
        vendor = Sandbox.for_vendor(name, world).vendor
        methods = {attribute.removeprefix("on_") for attribute in dir(vendor) if attribute.startswith("on_")}
        assert methods == set(vendor.routes)
        assert vendor.name == name


def test_wasend_says_of_each_person_what_became_of_them(world: World) -> None:
    status, answer = wasend(
        world,
        "POST",
        f"/sandbox/groups/{GROUP}/participants/add",
        body={"participants": [f"+{phone}" for phone in PHONES], "notify": True},
    )
    assert (status, answer) == (
        200,
        {
            "success": True,
            "data": {
                "added": [{"id": f"{ADA}@s.whatsapp.net", "reason": "SUCCESS"}],
                "failed": [
                    {"id": f"{BEN}@s.whatsapp.net", "reason": "ALREADY_IN_GROUP"},
                    {"id": f"{CLEO}@s.whatsapp.net", "reason": "403"},
                    {"id": f"{DAN}@s.whatsapp.net", "reason": "NOT_FOUND"},
                    {"id": f"{EVE}@s.whatsapp.net", "reason": "408"},
                    {"id": f"{FINN}@s.whatsapp.net", "reason": "401"},
                ],
            },
        },
    )


def test_wasend_answers_by_lid_in_a_lid_group(world: World) -> None:
    world.groups[GROUP].addressing = "lid"
    _, answer = wasend(world, "POST", f"/sandbox/groups/{GROUP}/participants/add", body={"participants": [f"+{ADA}"]})
    assert answer == {
        "success": True,
        "data": {"added": [{"id": f"{world.people[ADA].lid}@lid", "reason": "SUCCESS"}], "failed": []},
    }


def test_wawp_says_ok_whatever_became_of_anybody(world: World) -> None:
    people = [{"id": f"{phone}@c.us"} for phone in PHONES]
    answer = wawp(world, "POST", f"/v2/groups/{GROUP}/participants/add", body={"id": GROUP, "participants": people})
    assert answer == (200, {"ok": True})
    assert [world.is_member(GROUP, phone) for phone in PHONES] == [True, True, False, False, False, False]


def test_wasend_lists_members(world: World) -> None:
    _, answer = wasend(world, "GET", f"/sandbox/groups/{GROUP}/participants")
    assert isinstance(answer, dict)
    assert answer["participants"][0] == {
        "jid": f"{US}@c.us",
        "phoneNumber": f"+{US}",
        "lid": "177005550000100@lid",
        "isAdmin": True,
        "isSuperAdmin": False,
        "joinedAt": None,
        "displayName": "You",
    }
    assert answer.keys() == {"success", "participants", "error"}


def test_wawp_lists_members(world: World) -> None:
    assert wawp(world, "GET", f"/v2/groups/{GROUP}/participants") == (
        200,
        [
            {"id": f"{US}@c.us", "pn": f"{US}@c.us", "role": "admin"},
            {"id": f"{BEN}@c.us", "pn": f"{BEN}@c.us", "role": "participant"},
        ],
    )


@pytest.mark.parametrize(("phone", "there"), [(ADA, True), (DAN, False), ("13125550100", False)])
def test_numbers_are_checked(world: World, phone: str, *, there: bool) -> None:
    query = {"session": "sandbox", "phone": phone}
    by_wasend = {"exists": there, "phone": phone, **({"jid": f"{phone}@s.whatsapp.net"} if there else {})}
    by_wawp = {"numberExists": True, "chatId": f"{phone}@c.us"} if there else {"numberExists": False}
    assert wasend(world, "GET", "/contacts/check-exists", query=query) == (200, by_wasend)
    assert wawp(world, "GET", "/v2/contacts/check-exists", query={"phone": phone}) == (200, by_wawp)


@pytest.mark.parametrize(
    ("headers", "query", "body", "status"),
    [
        ({}, {}, WAWP, 200),
        ({}, WAWP, {}, 200),
        ({"Access-Token": KEY}, {}, {"instance_id": "sandbox"}, 200),
        ({}, {}, {}, 401),
        ({}, {}, {**WAWP, "access_token": "another"}, 401),
        ({}, {}, {**WAWP, "instance_id": "another"}, 401),
        ({"Access-Token": "another"}, {}, {"instance_id": "sandbox"}, 401),
    ],
)
def test_wawp_takes_credentials_in_body_query_or_header(
    world: World, headers: Mapping[str, str], query: Mapping[str, str], body: Mapping[str, str], status: int
) -> None:
    sandbox = Sandbox.for_vendor("wawp", world)
    assert ask(sandbox, "POST", "/v2/session/info", headers=headers, query=query, body=body)[0] == status


def test_wawp_does_not_find_credentials_in_a_form(world: World) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = Sandbox.for_vendor("wawp", world).handle("POST", "/v2/session/info", headers, urlencode(WAWP).encode())
    assert answer.status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere/at/all", 404),
        ("GET", "/sandbox/groups/120363000000000099@g.us/participants", 404),
        ("GET", f"/another/groups/{GROUP}/participants", 404),
        ("GET", f"/sandbox/groups/{GROUP}/participants/add", 405),
        ("GET", f"/sandbox/groups/{GROUP.replace('@', '%40')}/participants", 200),
    ],
)
def test_wasend_knows_its_paths(world: World, method: str, path: str, status: int) -> None:
    assert wasend(world, method, path)[0] == status


def test_wasend_wants_its_key(world: World) -> None:
    path = f"/sandbox/groups/{GROUP}/participants"
    for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": KEY}):
        assert wasend(world, "GET", path, headers=headers)[0] == 401
    assert wasend(world, "GET", path, headers={"AUTHORIZATION": f"Bearer {KEY}"})[0] == 200


@pytest.mark.parametrize(
    "participants", [None, [], "12025550143", [f"{ADA}@c.us", "unknown"], [{"id": GROUP}], [{"id": "unknown"}], [7]]
)
def test_lists_without_participants_are_refused_and_change_nothing(world: World, participants: object) -> None:
    body = {"participants": participants}
    wasend_path = f"/sandbox/groups/{GROUP}/participants/add"
    assert wasend(world, "POST", wasend_path, body=body)[0] == 400
    assert wawp(world, "POST", f"/v2/groups/{GROUP}/participants/add", body=body)[0] == 400
    assert not world.journal


def test_who_is_no_admin_may_not_add(world: World) -> None:
    world.set_role(GROUP, US, "member")
    body = {"participants": [f"+{ADA}"]}
    assert wasend(world, "POST", f"/sandbox/groups/{GROUP}/participants/add", body=body)[0] == 403
    body_of_wawp = {"participants": [{"id": f"{ADA}@c.us"}]}
    assert wawp(world, "POST", f"/v2/groups/{GROUP}/participants/add", body=body_of_wawp)[0] == 403
    assert not world.is_member(GROUP, ADA)


def test_a_session_that_is_down_says_so(world: World) -> None:
    account = next(iter(world.accounts.values()))
    account.session = "unlinked"
    assert wawp(world, "GET", f"/v2/groups/{GROUP}/participants") == (
        404,
        {"code": "invalid_session", "message": "Scan the QR code again"},
    )
    account.session = "starting"
    for status, answer in (
        wawp(world, "GET", f"/v2/groups/{GROUP}/participants"),
        wasend(world, "GET", f"/sandbox/groups/{GROUP}/participants"),
    ):
        assert status == 422
        assert isinstance(answer, dict)
        assert (answer["status"], answer["expected"]) == ("STARTING", ["WORKING"])
    assert wasend(world, "GET", "/sessions/sandbox")[0] == 200


@frozen
class Pair:
    """A provider and its vendor, in one process."""

    provider: Wasend | Wawp
    sandbox: Sandbox
    clock: VirtualClock

    def run(self, flow: Flow[T]) -> T:
        with in_process(self.sandbox.handle, self.clock) as http:
            return drive(flow, HttpTransport(BASE, 30.0, http), self.clock)


PROVIDERS: Mapping[str, Wasend | Wawp] = {
    "wasend": Wasend(session_id="sandbox", api_key=Secret(KEY), base_url=BASE),
    "wawp": Wawp(instance_id="sandbox", access_token=Secret(KEY), base_url=BASE),
    "wawp by query": Wawp("sandbox", Secret(KEY), "query", BASE),
    "wawp by header": Wawp("sandbox", Secret(KEY), "header", BASE),
}


@pytest.fixture(params=PROVIDERS)
def pair(request: pytest.FixtureRequest, world: World, clock: VirtualClock) -> Pair:
    provider = PROVIDERS[request.param]
    return Pair(provider, Sandbox.for_vendor(type(provider).__name__.lower(), world), clock)


def test_adapters_read_the_responses_of_their_vendors(pair: Pair, world: World) -> None:
    group = GroupId.parse(GROUP)
    roster = pair.run(pair.provider.list_participants(group))
    assert {member.phone: member.role for member in roster.members} == {US: "admin", BEN: "member"}
    assert pair.run(pair.provider.invite_link(group)).reveal() == world.groups[GROUP].link()
    assert pair.run(pair.provider.check_number(ADA)) == NumberCheck(exists=True, account=Identity(ADA))
    assert pair.run(pair.provider.check_number(DAN)) == NumberCheck(exists=False)
    session = pair.run(pair.provider.session())
    assert session.ready
    assert session.me == Identity(US)


def test_adapters_send_texts(pair: Pair, world: World) -> None:
    (cleo,) = parse_participants([CLEO])
    assert pair.run(pair.provider.send_text(cleo, Secret(f"Join us: {world.groups[GROUP].link()}")))
    assert [(entry.kind, entry.to) for entry in world.journal] == [("invitation", CLEO)]


def test_adapters_add(pair: Pair, world: World) -> None:
    reply = pair.run(pair.provider.add_participants(GroupId.parse(GROUP), parse_participants(PHONES), notify=None))
    assert world.is_member(GROUP, ADA)
    if pair.provider.reports_each_person:
        meanings = [ADDED, ALREADY_MEMBER, PRIVACY, NOT_ON_WHATSAPP, RECENTLY_LEFT, BLOCKED]
        answer = [(identity(who) if isinstance(who, str) else who, claim.meaning) for who, claim in reply.claims]
        assert answer == [(Identity(phone), meaning) for phone, meaning in zip(PHONES, meanings, strict=True)]
    else:
        assert reply == AddReply(rest=ACCEPTED)


def test_wawp_returns_lids(world: World, clock: VirtualClock) -> None:
    provider = Wawp("sandbox", Secret(KEY), base_url=BASE)
    pair = Pair(provider, Sandbox.for_vendor("wawp", world), clock)
    assert pair.run(provider.resolve_lids([ADA, DAN])) == {ADA: world.people[ADA].lid}


@given(
    name=st.sampled_from(["wasend", "wawp"]),
    method=st.sampled_from(["GET", "POST", "DELETE", "BREW"]),
    target=st.text(max_size=40)
    | st.sampled_from(["//[", "/sendText", "/v2/send/text", "/v2/session/info?access_token", f"/s/groups/{GROUP}/x"]),
    headers=st.dictionaries(st.sampled_from(["Authorization", "access-token"]), st.text(max_size=5) | st.just(KEY)),
    body=st.binary(max_size=40) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode),
)
def test_whatever_is_asked_gets_an_answer(
    name: str, method: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    sandbox = Sandbox.for_vendor(name, example_world(VirtualClock()))
    assert sandbox.handle(method, target, headers, body).status in range(200, 500)
