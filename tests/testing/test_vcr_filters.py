"""Users' own cassettes: whatever a provider sends and receives, none of its credentials is recorded."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest
from groupadd_pigeon import Pigeon

from groupadd import AddSettings, Client, Secret, Status
from groupadd.config import registry
from groupadd.provider import GroupMembershipProvider, SendsText
from groupadd.sandbox import Sandbox, VirtualClock, example_world, vendor_names
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.server import SandboxServer
from groupadd.testing import vcr_filters
from groupadd.testing.cassettes import _texts, _yaml
from groupadd.testing.leaks import LeakDetector
from groupadd.testing.targets import build_provider
from tests.support.servers import answer, says, server

KEY = "wz:Live+7QmVx@LrTb/NcKd="
PEOPLE = ["+12025550143", "+14155550126", "+13125550178"]


# Every built-in provider, and the fields that choose where it sends its credentials.
VARIANTS: list[tuple[str, Mapping[str, str]]] = [
    *((type_, {}) for type_ in vendor_names()),
    *(("wawp", {"credentials_in": place}) for place in ("query", "header")),
]


def secret_fields(type_: str) -> list[str]:
    provider_class: Any = registry.load(type_)
    return [one.alias for one in attrs.fields(attrs.resolve_types(provider_class)) if "Secret" in str(one.type)]


def everything(provider: GroupMembershipProvider, cassette: Path, mode: str) -> list[Status]:
    """Send every kind of request through vcrpy."""
    settings = AddSettings(verify="always", invite="link" if isinstance(provider, SendsText) else "never")
    vcr: Any = import_module("vcr").VCR(**vcr_filters())
    with (
        vcr.use_cassette(str(cassette), record_mode=mode),
        Client(provider, settings=settings, clock=VirtualClock()) as client,
    ):
        client.preflight(GROUP, PEOPLE)
        return [person.status for person in client.add(GROUP, PEOPLE)]


@pytest.mark.parametrize(("type_", "fields"), VARIANTS)
def test_no_credential_of_any_provider_is_in_a_cassette(type_: str, fields: Mapping[str, str], tmp_path: Path) -> None:
    vendor: Any = Sandbox.for_vendor(type_, example_world(VirtualClock())).vendor
    sandbox = Sandbox(attrs.evolve(vendor, **dict.fromkeys(secret_fields(type_), KEY)))
    with SandboxServer(sandbox.handle) as running:
        config = {**sandbox.vendor.credentials(), **fields, "base_url": running.url}
        recorded = everything(build_provider(type_, config), tmp_path / "own.yaml", "all")
    code = sandbox.vendor.world.groups[GROUP].invite_code
    detector = LeakDetector({"a credential": KEY, "the invite code": code}, ())
    text = (tmp_path / "own.yaml").read_text("utf-8")
    assert [part for part in (text, *_texts(_yaml().safe_load(text))) if detector.leaks_in(part)] == []
    other = {**config, **dict.fromkeys(secret_fields(type_), "another-key")}
    assert everything(build_provider(type_, other), tmp_path / "own.yaml", "none") == recorded


def test_the_secrets_of_given_providers_are_replaced_wherever_they_are(tmp_path: Path) -> None:
    echo = answer(b'{"words": {"12025550143": "landed"}, "loft": "roof", "echo": "%s"}' % KEY.encode())
    with server(says(echo)) as url:
        pigeon = Pigeon("roof", Secret(KEY), url)
        vcr: Any = import_module("vcr").VCR(**vcr_filters(pigeon))
        with vcr.use_cassette(str(tmp_path / "own.yaml")), Client(pigeon, verify="never") as client:
            client.add(GROUP, PEOPLE[:1])
    text = (tmp_path / "own.yaml").read_text("utf-8")
    assert "landed" in text
    assert not LeakDetector({"the whistle": KEY}, ()).leaks_in(text)
