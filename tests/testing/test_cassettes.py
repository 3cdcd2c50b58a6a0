"""Cassettes can be recorded again and contain no real data. The conformance kit tests that each one replays."""

import os
import re
import socket
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote_plus

import attrs
import pytest

from groupadd.config import registry
from groupadd.sandbox import Privacy, Sandbox, SandboxPerson, VirtualClock, World, vendor_names
from groupadd.sandbox.people import Group
from groupadd.sandbox.server import SandboxServer
from groupadd.testing import Cassette, NotLive, live_target, sandbox_target
from groupadd.testing.cassettes import _texts, _yaml
from groupadd.testing.leaks import LeakDetector
from groupadd.testing.scrubbing import BEARER, INVITE, NAME
from groupadd.testing.targets import fictional_ids, placeholder_credentials

FOLDER = Path(__file__).parents[2] / "cassettes"
CASSETTES = sorted(FOLDER.glob("*/*.yaml"))

each_cassette = pytest.mark.parametrize("path", CASSETTES, ids=lambda path: f"{path.parent.name}/{path.stem}")
each_provider = pytest.mark.parametrize("type_", sorted({path.parent.name for path in CASSETTES}))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a replay used the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@each_cassette
def test_recording_it_again_changes_nothing(path: Path, tmp_path: Path) -> None:
    if "against the groupadd sandbox" not in first_line(path):
        pytest.skip("recorded live")
    again = copied(path, tmp_path)
    with sandbox_target(again.type, again.scenario.setup) as target:
        again.record(target, today=date(1970, 1, 1))
    assert again.path.read_text("utf-8") == path.read_text("utf-8")


@each_cassette
def test_it_names_its_date_its_target_and_the_sources_of_its_shapes(path: Path) -> None:
    first, about, *rest = path.read_text("utf-8").partition("\nscenario:")[0].splitlines()
    assert re.fullmatch(
        r"# Recorded on \d{4}-\d\d-\d\d against (the groupadd sandbox, not the vendor|\w+'s .*)\.", first
    )
    assert about.startswith("# ")
    assert any(line.startswith("# Shapes: ") for line in rest)


@each_cassette
def test_nothing_in_it_is_secret_or_real(path: Path) -> None:
    text = path.read_text("utf-8")
    credentials = {
        *placeholder_credentials(path.parent.name).fields.values(),
        *Cassette.read(path).scenario.fields.values(),
    }
    for name in ("api_key", "session_id", "access_token", "instance_id"):
        assert set(re.findall(rf"\b{name}[\"']?[=:]\s*[\"']?([\w-]+)", text)) <= credentials
    headers = re.findall(rf"(?:{'|'.join(CREDENTIAL_HEADERS)}):\s*-\s*(?:Bearer )?((?!Basic )\S+)", text)
    assert {*headers, *":".join(basic_users(text)).split(":")} <= {*credentials, BEARER, ""}
    assert set(re.findall(r"/waInstance([^/]+)/\w+/([\w-]+)", text)) <= {*product(credentials, credentials)}
    assert set(re.findall(r'"token":\s*"([^"]+)"', text)) <= {BEARER, *credentials}
    assert set(re.findall(r"chat\.whatsapp\.com/([\w-]+)", text)) <= {INVITE}
    assert set(re.findall(r'"(?:\w*[nN]ame|subject)":\s*"([^"]+)"', text)) <= {NAME}
    fiction = {*fictional_ids(), "120363000000000404"}
    numbers = set(re.findall(r"(?<![0-9A-Za-z])\d{8,}(?![0-9A-Za-z])", text)) - fiction
    assert {number for number in numbers if not RESERVED_FOR_FICTION.fullmatch(number)} <= message_numbers(text)
    assert not re.search(r"127\.0\.0\.1|localhost|set-cookie", text, re.IGNORECASE)


CREDENTIAL_HEADERS = ("authorization", "access-token", "apikey", "x-api-key", "x-device-id")
RESERVED_FOR_FICTION = re.compile(r"1\d{3}55501\d\d")


@each_provider
def test_each_provider_has_a_cassette_of_every_ability(type_: str) -> None:
    asked = {
        (c.scenario.call, c.scenario.options.get("invite")) for c in map(Cassette.read, CASSETTES) if c.type == type_
    }
    shown_by = {
        "ListsParticipants": ("members", None),
        "KnowsRosterProof": ("check", None),
        "RefreshesRoster": ("add", None),
        "DescribesGroup": ("group_info", None),
        "ListsJoinRequests": ("join_requests", None),
        "SharesInviteLink": ("add", "link"),
        "SendsText": ("add", "link"),
        "ChecksNumbers": ("check_number", None),
        "ResolvesLids": ("resolve_lids", None),
        "KnowsSession": ("members", None),
    }
    assert {shown_by[ability] for ability in registry.abilities(registry.load(type_))} <= asked


@pytest.mark.usefixtures("no_network")
def test_a_request_without_a_recording_fails_loudly(tmp_path: Path) -> None:
    cassette = copied(FOLDER / "wasend" / "everyone.yaml", tmp_path, ("+12025550143", "+12025550144"))
    with pytest.raises(AssertionError, match="does not answer"):
        cassette.replay()


@pytest.mark.usefixtures("no_network")
def test_an_unused_recording_fails_loudly(tmp_path: Path) -> None:
    cassette = copied(FOLDER / "wasend" / "members.yaml", tmp_path)
    head, key, recorded = cassette.path.read_text("utf-8").partition("\ninteractions:\n")
    exchanges, version, _ = recorded.partition("version: 1")
    cassette.path.write_text(head + key + 2 * exchanges + version, "utf-8")
    with pytest.raises(AssertionError, match="does not ask"):
        cassette.replay()


ME, ADA, BEN, CLEO, BYSTANDER = PEOPLE = (
    SandboxPerson("15550100", "88881000000001", "Xaver Real"),
    SandboxPerson("15550101", "88881000000002", "Yvonne Real"),
    SandboxPerson("15550102", "88881000000003", "Zeno Real"),
    SandboxPerson("15550103", "88881000000004", "Wanda Real", Privacy.CONTACTS_ONLY),
    SandboxPerson("15550104", "88881000000005", "Viktor Real"),
)
ACCOUNTS = {
    "wasend": {"session_id": "my-own-session", "api_key": "wk_live_9f8e+7d/6c="},
    "wawp": {"instance_id": "my-own-instance", "access_token": "wt_live_1a2b+3c/4d="},
    "evolution": {"instance": "my-own-instance", "api_key": "ev-live-9f8e+7d/6c="},
    "waha": {"session": "my-own-session", "api_key": "wa-live-9f8e+7d/6c="},
    "gowa": {"username": "my-own-user", "password": "go-live-9f8e+7d/6c=", "device_id": "my-own-device"},
    "green_api": {"id_instance": "7103000001", "api_token": "ga-live-9f8e7d6c5b4a"},
    "whapi": {"token": "wh-live-9f8e+7d/6c="},
    "wppconnect": {"session": "my-own-session", "secret_key": "wp-live-9f8e7d6c5b4a"},
}
# Secrets that percent-encoding, JSON, YAML and Base64 spell in other ways; in a header there may be ASCII alone.
HARD = """Kx7:q9%2FZw3@"x\'\\y+z=&;#~ <b>?k/"""
REAL_GROUP = "15550100-1612345678"
CODE = "RealInviteCode99aZ"


@contextmanager
def posing_as_live(type_: str, account: Mapping[str, str] | None = None) -> Iterator[Mapping[str, str]]:
    """Serve a sandbox with its own people as the live service; yield the environment that names them."""
    fields, world = account or ACCOUNTS[type_], World(VirtualClock())
    us = world.open_account(ME).person
    world.add_people(ADA, CLEO)
    group = Group(f"{REAL_GROUP}@g.us", invite_code=CODE, addressing="mixed")
    world.create_group(group, (BEN, BYSTANDER), admins=[us])
    vendor: Any = Sandbox.for_vendor(type_, world).vendor
    with SandboxServer(Sandbox(attrs.evolve(vendor, **fields)).handle) as server:
        named = {"group": f"{REAL_GROUP}@g.us", "base_url": server.url, **fields}
        people = {name: f"+{person.phone}" for name, person in (("ada", ADA), ("ben", BEN), ("cleo", CLEO))}
        yield {f"GROUPADD_LIVE_{type_}_{key}".upper(): value for key, value in {**named, **people}.items()}


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("wasend", "members"),
        ("wasend", "check"),
        ("wasend", "invitation"),
        ("wasend", "everyone_watched"),
        ("wawp", "check"),
        ("wawp", "invitation"),
        ("wawp", "credentials_in_query"),
        ("wawp", "credentials_in_header"),
        *((type_, "check") for type_ in ("evolution", "gowa", "green_api", "whapi", "wppconnect")),
        *((type_, "privacy") for type_ in ("evolution", "waha", "gowa", "wppconnect")),
        *((type_, "invitation") for type_ in ("evolution", "waha", "gowa", "wppconnect")),
    ],
)
def test_a_live_recording_is_scrubbed_and_replays(type_: str, name: str, tmp_path: Path) -> None:
    cassette = copied(
        FOLDER / type_ / f"{name}.yaml",
        tmp_path,
        ("[Ada, Ben, Cleo, Dan, Eve, Finn]", "[Ada, Ben, Cleo]"),
        ("[Cleo, Finn]", "[Cleo]"),
        ("[Ben, Eve]", "[Ben]"),
    )
    with posing_as_live(type_) as environ:
        outcome = cassette.record(live_target(type_, environ, cassette.scenario, VirtualClock()))
    declared = cassette.scenario.outcome
    assert isinstance(declared, Mapping)
    assert isinstance(outcome, Mapping)
    assert outcome.items() <= declared.items()
    text = "\n".join([cassette.path.read_text("utf-8"), *basic_users(cassette.path.read_text("utf-8"))])
    assert f"against {type_}'s live service" in first_line(cassette.path)
    real = {word for person in PEOPLE for word in (person.phone, person.lid, person.name)}
    real |= {CODE, REAL_GROUP, *environ.values(), *map(quote_plus, ACCOUNTS[type_].values())}
    assert not [word for word in real if word in text]
    assert cassette.replay() == outcome


def hard_account(type_: str) -> Mapping[str, str]:
    """Return the account's fields with a hard secret for each field that is one."""
    provider_class: Any = registry.load(type_)
    types = {one.alias: one.type for one in attrs.fields(attrs.resolve_types(provider_class))}
    return {name: HARD if "Secret" in str(types[name]) else value for name, value in ACCOUNTS[type_].items()}


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        *((type_, "check") for type_ in vendor_names()),
        ("wawp", "credentials_in_query"),
        ("wawp", "credentials_in_header"),
    ],
)
def test_no_spelling_of_a_hard_secret_is_in_a_recording(type_: str, name: str, tmp_path: Path) -> None:
    cassette = copied(
        FOLDER / type_ / f"{name}.yaml", tmp_path, ("[Ada, Ben, Cleo, Dan, Eve, Finn]", "[Ada, Ben, Cleo]")
    )
    account = hard_account(type_)
    with posing_as_live(type_, account) as environ:
        outcome = cassette.record(live_target(type_, environ, cassette.scenario, VirtualClock()))
    text = cassette.path.read_text("utf-8")
    texts = [text, *_texts(_yaml().safe_load(text))]
    readings = [*texts, *(one.replace("\\\\", "\\").replace('\\"', '"') for one in texts)]
    detector = LeakDetector({"the secret": HARD}, ())
    assert [reading for reading in readings if detector.leaks_in(reading)] == []
    assert "SCRUBBED_" in text
    assert cassette.replay() == outcome


NEW = "# A scenario without a recording.\n\nscenario: {call: add, people: [Ada, Ben], outcome: {}}\n"


@pytest.mark.parametrize("type_", vendor_names())
def test_a_new_scenario_is_recorded_without_credentials_for_every_vendor(type_: str, tmp_path: Path) -> None:
    path = tmp_path / type_ / "new.yaml"
    path.parent.mkdir()
    path.write_text(NEW, "utf-8")
    cassette = Cassette.read(path)
    with sandbox_target(type_, cassette.scenario.setup) as target:
        outcome = cassette.record(target)
    text = "\n".join([path.read_text("utf-8"), *basic_users(path.read_text("utf-8"))])
    assert "SCRUBBED_" in text
    assert not [value for value in target.credentials.fields.values() if value in text]
    assert cassette.replay() == outcome


def test_a_scenario_with_a_setup_is_not_recorded_live(tmp_path: Path) -> None:
    cassette = copied(FOLDER / "wasend" / "session_down.yaml", tmp_path)
    with posing_as_live("wasend") as environ, pytest.raises(NotLive, match="needs the sandbox"):
        live_target("wasend", environ, cassette.scenario)


def test_a_live_recording_names_what_is_missing(tmp_path: Path) -> None:
    cassette = copied(FOLDER / "wasend" / "everyone.yaml", tmp_path)
    with posing_as_live("wasend") as environ, pytest.raises(NotLive, match=r"not set: \S+_DAN, \S+_EVE, \S+_FINN$"):
        live_target("wasend", environ, cassette.scenario)


def test_vcrpy_is_imported_when_it_is_used() -> None:
    script = "import sys, groupadd.testing; sys.exit('vcr' in sys.modules or 'yaml' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": os.pathsep.join(sys.path)}, check=True)


def first_line(path: Path) -> str:
    return path.read_text("utf-8").partition("\n")[0]


def basic_users(text: str) -> list[str]:
    """Return user and password of each Basic authentication, decoded from Base64."""
    return [b64decode(hidden).decode() for hidden in re.findall(r"Basic (\S+)", text)]


def message_numbers(text: str) -> set[str]:
    """Return the long numbers in the sandbox's message ids."""
    return set(re.findall(r"@c\.us_(\d{20})", text))


def copied(path: Path, folder: Path, *changes: tuple[str, str]) -> Cassette:
    """Return a copy of a cassette, in a folder of its provider's name, with some words changed."""
    text = path.read_text("utf-8")
    for old, new in changes:
        text = text.replace(old, new)
    copy = folder / path.parent.name / path.name
    copy.parent.mkdir()
    copy.write_text(text, "utf-8")
    return Cassette.read(copy)
