"""Keys, invite codes and whole numbers leak nowhere: every path, captured at DEBUG level over a real socket."""

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import quote, quote_plus

import httpx
import pytest
from attrs import frozen

from groupadd import AddOutcome, AsyncClient, Client, GroupMembershipProvider, Membership, Roster, connect
from groupadd.cli import main
from groupadd.config.load import load
from groupadd.model.masking import Secret
from groupadd.providers.wasend import Wasend
from groupadd.providers.wawp import Wawp
from groupadd.sandbox import (
    Fault,
    FaultPlan,
    Group,
    Privacy,
    Sandbox,
    SandboxPerson,
    VirtualClock,
    World,
    config_toml,
    faults,
)
from groupadd.sandbox.server import SandboxServer
from groupadd.sandbox.vendors import wasend, wawp
from groupadd.settings import AddSettings, Verify
from groupadd.testing.leaks import LeakDetector, detect_leaks
from groupadd.wire.driver import Clock
from tests.support.servers import drips, refusing, says, server

KEY = "wz/Live+7QmVxLrTbNcKd="  # percent-encoding changes it
CODE = "HqJvZtYLmWxXRkBnUJcPqa"
ADA, BEN, CLEO, US = "12025550143", "14155550126", "13125550178", "16175550100"
GROUP = "13035550187-1500000000@g.us"  # old ids begin with their founder's number
PEOPLE = ("+1 (202) 555-0143", f"{BEN}@c.us", CLEO, "1-202-555-0143")
SECRETS = {"the key": KEY, "the invite code": CODE}
NUMBERS = (ADA, BEN, CLEO, US, GROUP.partition("-")[0])
ECHO = f"{PEOPLE[0]} and {CLEO}@c.us: key {KEY}, invite https://chat.whatsapp.com/{CODE}"


@pytest.fixture
def detector() -> Iterator[LeakDetector]:
    """Capture everything that is logged, by httpx and httpcore, too."""
    with detect_leaks(SECRETS, NUMBERS) as detector:
        yield detector


# A leak would be found


@pytest.mark.parametrize(
    "text",
    [
        f"key={KEY}!",
        quote(KEY, safe=""),
        quote_plus(f"?access_token={KEY}"),
        "Basic " + base64.b64encode(f"me:{KEY}".encode()).decode(),
        base64.urlsafe_b64encode(f"anybody:{KEY}".encode()).decode(),
        KEY[3:17],
        f"https://chat.whatsapp.com/{CODE}",
        *PEOPLE[:3],
        "+1.202.555.0143",
        "%2B12025550143%40c.us",
        "(202) 555 0143",
        "１２０２５５５０１４３",  # noqa: RUF001  digits of another script
        GROUP,
    ],
)
def test_what_leaks_is_found_in_any_spelling(text: str) -> None:
    assert LeakDetector(SECRETS, NUMBERS).leaks_in(f"an error: {text}; no more")


def test_what_is_masked_is_no_leak() -> None:
    assert not LeakDetector(SECRETS, NUMBERS).leaks_in(
        f"+1202•••43 {Secret(KEY)} 1303•••00@g.us POST /{{session}}/groups/{{group}} took 12 ms"
    )


def test_the_detector_sees_arguments_of_records_and_what_exceptions_hide(detector: LeakDetector) -> None:
    logging.getLogger("groupadd").debug("nothing to see%.0s", f"+{ADA}")
    assert detector.leaks == {ADA}
    hiding = ValueError("hidden")
    hiding.__context__, hiding.__suppress_context__ = LookupError(KEY), True
    detector.capture_error(hiding)
    assert detector.leaks == {ADA, "the key"}


def test_the_http_library_itself_would_leak(detector: LeakDetector, service: "Service") -> None:
    with suppress(httpx.HTTPError), httpx.Client(trust_env=False) as http:
        http.get(service.url, params={"access_token": KEY})
    assert detector.leaks == {"the key"}


# Over a real socket


@frozen
class Service:
    """A sandbox behind a real server, whose group and people have everything that may leak."""

    url: str
    provider: GroupMembershipProvider
    sandbox: Sandbox
    clock: VirtualClock

    def plan(self, fault: Fault, *, on: str | None) -> None:
        """From now on, let this happen to every request of a route, and nothing else."""
        self.sandbox.faults = FaultPlan()
        self.sandbox.faults.plan(fault, on=on, times=None)


Way: TypeAlias = Literal["wasend", "body", "query", "header"]
WAYS: tuple[Way, ...] = ("wasend", "body", "query", "header")  # Wasend, and each `credentials_in` of Wawp


@pytest.fixture(params=["wasend"])
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    clock = VirtualClock()
    world = World(clock)
    account = world.open_account(SandboxPerson(US, "177005550000100"))
    people = [
        SandboxPerson(ADA, "177005550000143"),
        SandboxPerson(BEN, "177005550000126"),
        SandboxPerson(CLEO, "177005550000178", privacy=Privacy.CONTACTS_ONLY),
    ]
    world.add_people(*people)
    world.create_group(Group(GROUP, invite_code=CODE), people[1:2], admins=[account.person])
    way: Way = request.param
    vendor = (
        wasend.Wasend(world, account, api_key=KEY) if way == "wasend" else wawp.Wawp(world, account, access_token=KEY)
    )
    sandbox = Sandbox(vendor)
    with SandboxServer(sandbox.handle) as served:
        yield Service(served.url, provider_of(way, served.url), sandbox, clock)


def provider_of(way: Way, url: str) -> GroupMembershipProvider:
    return Wasend("sandbox", Secret(KEY), url) if way == "wasend" else Wawp("sandbox", Secret(KEY), way, url)


@frozen
class Awaited:
    """An async client, called as the other one is."""

    client: AsyncClient
    runner: asyncio.Runner

    def add(self, group: str, people: Sequence[str], *, verify: Verify | None = None) -> AddOutcome:
        return self.runner.run(self.client.add(group, people, verify=verify))

    def members(self, group: str) -> Roster:
        return self.runner.run(self.client.members(group))

    def check(self, group: str, people: Sequence[str]) -> tuple[Membership, ...]:
        return self.runner.run(self.client.check(group, people))


Colour: TypeAlias = Literal["sync", "async"]
COLOURS: tuple[Colour, ...] = ("sync", "async")


@contextmanager
def opened(
    detector: LeakDetector, colour: Colour, provider: GroupMembershipProvider, clock: Clock, timeout_s: float = 10.0
) -> Iterator[Client | Awaited]:
    """Yield a client of either colour that does all it can: it always looks, and it invites."""
    settings = AddSettings(verify="always", invite="link", look_after_s=(0, 1), timeout_s=timeout_s)
    detector.capture(provider)
    if colour == "sync":
        with Client(provider, clock=clock, settings=settings) as client:
            detector.capture(client)
            yield client
    else:
        awaited = AsyncClient(provider, clock=clock, settings=settings)
        detector.capture(awaited)
        with asyncio.Runner() as runner:
            yield Awaited(awaited, runner)
            runner.run(awaited.close())


def _json(data: object) -> bytes:
    return json.dumps(data).encode()


FAILED = {"success": True, "data": {"added": [], "failed": [{"id": f"{CLEO}@s.whatsapp.net", "reason": ECHO}]}}
FAULTS: Mapping[str, Fault] = {
    "none": Fault(),
    **{str(status): faults.failing(status, applied=False) for status in (401, 403, 404, 422, 500)},
    "429": faults.rate_limited(7),
    "502 after all": faults.GATEWAY_AFTER,
    "HTML": faults.HTML,
    "nothing": faults.EMPTY,
    "half": faults.TRUNCATED,
    "reset": faults.LOST_BEFORE,
    "reset after all": faults.LOST_AFTER,
    "not HTTP": Fault(headers={"Content-Encoding": "gzip"}, body=ECHO.encode()),
    "redirect": Fault(status=302, headers={"Location": f"http://127.0.0.1:9/{KEY}?access_token={KEY}&to={ADA}"}),
    "echo in a refusal": Fault(status=400, body=_json({"message": ECHO, "error": ECHO})),
    "echo in a state": Fault(status=422, body=_json({"status": ECHO, "expected": [ECHO], "error": ECHO})),
    "echo in a 200": Fault(body=_json({"success": False, "message": ECHO, "error": ECHO})),
    "echo of a word": Fault(body=_json(FAILED)),
    "echo of a code": Fault(body=_json([{"status": KEY, "jid": f"{CLEO}@s.whatsapp.net"}])),
    "echo in an id": Fault(body=_json({"id": f"true_{CLEO}@c.us_3EB0", "status": ECHO, "numberExists": True})),
    "echo in headers": Fault(status=429, headers={"Retry-After": KEY, "X-Echo": CODE, "Date": ECHO}),
}


@pytest.mark.parametrize(
    ("service", "colour"),
    [*((way, "sync") for way in WAYS), ("query", "async")],  # the flows are the same; a URL with a key is the worst
    indirect=["service"],
)
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_leaks_whatever_becomes_of_a_request(
    fault: str, service: Service, colour: Colour, detector: LeakDetector
) -> None:
    with opened(detector, colour, service.provider, service.clock) as client:
        for route in ("add", "list", "invite", "send") if colour == "sync" else ("add",):
            service.plan(FAULTS[fault], on=route)
            detector.capture_call(lambda: client.add(GROUP, PEOPLE))
        service.plan(FAULTS[fault], on=None)
        detector.capture_call(lambda: client.check(GROUP, PEOPLE))
        detector.capture_call(lambda: client.members(GROUP))
    assert any("/participants/add took" in text for text in detector.captured)
    assert detector.leaks == set()
    assert "the key" not in detector.leaks_in_frames


BROKEN_SERVERS: Mapping[str, Callable[[], AbstractContextManager[str]]] = {
    "takes too long": lambda: server(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", times=2)),
    "speaks another language": lambda: server(says(f"{ECHO}\r\n\r\n".encode())),
    "repeats a header": lambda: server(says(f"HTTP/1.1 200 OK\r\n{ECHO}\r\nX {KEY}: {ADA}\r\n\r\n".encode())),
    "is not there": refusing,
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("broken", BROKEN_SERVERS)
def test_nothing_leaks_where_no_answer_comes(broken: str, way: Way, colour: Colour, detector: LeakDetector) -> None:
    with (
        BROKEN_SERVERS[broken]() as url,
        opened(detector, colour, provider_of(way, url), VirtualClock(), timeout_s=0.08) as client,
    ):
        detector.capture_call(lambda: client.add(GROUP, PEOPLE, verify="never"))
        detector.capture_call(lambda: client.members(GROUP))
    assert any(" took " in text for text in detector.captured)
    assert detector.leaks == detector.leaks_in_frames == set()


# What the caller gives


@pytest.mark.parametrize(
    ("group", "people"),
    [
        (f"https://chat.whatsapp.com/{CODE}", PEOPLE),
        (f"chat.whatsapp.com/invite/{CODE}?mode=x", PEOPLE),
        (CODE, PEOPLE),
        (f"{CODE}@g.us", PEOPLE),
        (ADA, PEOPLE),
        (f"{ADA}@c.us", PEOPLE),
        (f"+{ADA}@g.us.", PEOPLE),
        (GROUP.removesuffix("@g.us"), PEOPLE),
        (f"{GROUP} {KEY}", PEOPLE),
        (GROUP, [f"{one} or {other}" for one, other in pairwise(PEOPLE)]),
        (GROUP, [f"00{ADA}", f"0{ADA}", f"+{ADA} ext. 7", f"+1 (0)202 555-0143 {ADA}", f"{ADA}{BEN}"]),
        (GROUP, [f"{ADA}@s.whatsapp.ne", f"{ADA}@g.us", f"{ADA}@newsletter", f"me@{ADA}", f"@{ADA}", f"{ADA}@{KEY}"]),
        (GROUP, [f"https://chat.whatsapp.com/{CODE}", CODE, f"https://wa.me/{ADA}", f"tel:+{ADA}", KEY, ECHO]),
        (GROUP, ADA),
        (GROUP, []),
    ],
)
@pytest.mark.parametrize("colour", COLOURS)
def test_nothing_leaks_of_people_and_groups_that_cannot_be_parsed(
    group: str, people: Sequence[str], colour: Colour, detector: LeakDetector
) -> None:
    with opened(detector, colour, provider_of("wasend", "http://127.0.0.1:9"), VirtualClock()) as client:
        detector.capture_call(lambda: client.add(group, people))
        detector.capture_call(lambda: client.check(group, people))
    assert any("Invalid" in text for text in detector.captured)
    assert detector.leaks == set()


MAIN = {"type": "wasend", "session_id": "s1", "api_key": KEY}
BAD_TABLES: Sequence[Mapping[str, object]] = [
    {**MAIN, "api_key": [KEY]},
    {**MAIN, "api_keyy": KEY},
    {**MAIN, "api_key": f"file:{__file__}/none", "session_id": {"a": KEY}},
    {**MAIN, "base_url": f"https://me:{quote(KEY, safe='')}@x"},
    {**MAIN, "base_url": f"https://x/?key={KEY}"},
    {**MAIN, "type": KEY},
    {"type": "wawp", "instance_id": "i1", "access_token": KEY, "credentials_in": KEY},
    {"type": "wawp", "instance_id": "i1", "access_token": "env:WAWP_TOKEN", "credentials_in": "body"},
]


@frozen(repr=False)
class LoadConfig:
    """A call without the config in a local variable of its own."""

    table: Mapping[str, object]

    def __call__(self) -> object:
        return load({"providers": {"main": self.table}}, environ={"WAWP_TOKENS": KEY}).provider()


class ConnectTo(LoadConfig):
    def __call__(self) -> object:
        return connect(config={"providers": {"main": self.table}})


@pytest.mark.parametrize("table", BAD_TABLES)
def test_nothing_leaks_of_a_config_that_is_wrong(table: Mapping[str, object], detector: LeakDetector) -> None:
    for call in (LoadConfig(table), ConnectTo(table)):
        detector.capture_call(call)
    assert any("ConfigError" in text or "UnknownProvider" in text for text in detector.captured)
    assert detector.leaks == set()
    assert detector.leaks_in_frames == set() or table["type"] == KEY


@pytest.mark.parametrize(
    "text",
    [f'api_key = "{KEY}', f'api_key = "{KEY}"\napi_key = "{KEY}"', f"api_key = {KEY}", f"provider = '{KEY}'\n[a"],
)
def test_nothing_leaks_of_a_file_that_is_not_toml(text: str, tmp_path: Path, detector: LeakDetector) -> None:
    (tmp_path / "groupadd.toml").write_text(text)
    detector.capture_call(lambda: load(tmp_path / "groupadd.toml", environ={}))
    assert any("not TOML" in text for text in detector.captured)
    assert detector.leaks == detector.leaks_in_frames == set()


def test_nothing_leaks_of_a_config_that_is_right(detector: LeakDetector) -> None:
    environ = {"GROUPADD_PROVIDERS__MAIN__API_KEY": KEY, "GROUPADD_PROVIDER": "main"}
    settings = load({"providers": {"main": MAIN, "b": {**MAIN, "api_key": "env:K"}}}, environ={**environ, "K": KEY})
    for value in (settings, settings.provider("main"), settings.provider("b"), settings.provider("b").provider):
        detector.capture(value)
    assert detector.leaks == set()
    detector.capture_call(lambda: settings.provider(KEY))
    assert detector.leaks == set()


# The command line

BAD_LINES: Mapping[str, Sequence[str]] = {
    "an invite link for a group": ["add", f"https://chat.whatsapp.com/{CODE}", ADA],
    "a number for a group": ["check", f"+{ADA}", f"+{BEN}"],
    "no participants": ["add", GROUP],
    "not a number": ["add", GROUP, f"00{ADA}", f"{ADA} or {BEN}"],
    "a number for a word": ["add", GROUP, ADA, "--verify", f"+{BEN}"],
    "a number for an option": ["add", GROUP, ADA, f"--{BEN}", "--invite"],
    "a key for a provider": ["add", GROUP, ADA, "--provider", KEY],
    "a number for a file": ["add", GROUP, "--from", f"+{ADA}"],
    "a file with bad people": ["add", GROUP, "--from", "people.csv"],
    "a file that is no CSV": ["add", GROUP, "--from", "broken.csv"],
    "a number too many": ["members", GROUP, ADA],
}


@pytest.fixture
def at_home(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder with the server's config, and with files of people, the current one."""
    monkeypatch.chdir(tmp_path)
    add = '\n[add]\nlook_after_s = []\nlate_after_s = 0\nverify = "never"\n'
    Path("groupadd.toml").write_text(config_toml({"main": service.sandbox.config(service.provider.base_url)}) + add)
    Path("people.csv").write_text(f"name,phone\nAda,00{ADA}\nBen,{BEN} {ADA}\n")
    Path("broken.csv").write_text(f'name,phone\nAda,"{ADA}\n')


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("line", BAD_LINES)
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_nothing_leaks_of_a_command_that_is_wrong(
    line: str, flags: list[str], detector: LeakDetector, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*BAD_LINES[line], *flags]) == 2
    detector.captured += capsys.readouterr()
    assert detector.leaks == set()


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("service", ["wasend", "body"], indirect=True)
@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_but_what_was_asked_for_leaks_of_a_command(
    fault: str, service: Service, detector: LeakDetector, capsys: pytest.CaptureFixture[str]
) -> None:
    service.plan(FAULTS[fault], on="add")
    code = main(["add", GROUP, *PEOPLE, "--json"])
    out, err = capsys.readouterr()
    detector.captured += [err, out if "error" in json.loads(out) else ""]
    assert ("error" in json.loads(out)) is (code == 3)
    assert detector.leaks == set()
