"""`groupadd providers`: what each type can do and needs."""

from typing import ClassVar

import pytest
from groupadd_pigeon import Pigeon

from groupadd.cli import main
from groupadd.cli.exit_codes import Exit
from groupadd.cli.provider_info import ProviderInfo
from groupadd.config.registry import installed
from groupadd.provider import Endpoint, Endpoints
from groupadd.wire.endpoint import Source
from tests.support.cli import run_json


@pytest.mark.parametrize("name", sorted(installed()))
def test_providers_shows_abilities_fields_and_proof_of_each_type(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, printed = run_json(capsys, "providers", name)
    assert code == Exit.EVERYONE_IN
    program = "; partly by recordings of the vendor's own program" if name in {"evolution", "waha"} else ""
    assert printed["proven"] == f"not proven against the live service{program}"
    assert set(printed["abilities"]) == set(printed["rests_on"]) - {"GroupMembershipProvider"}
    fields = {field["name"]: field for field in printed["fields"]}
    assert "base_url" in fields
    assert all(field["default"] is None for field in fields.values() if field["secret"] or field["required"])
    assert main(["providers", name]) == Exit.EVERYONE_IN
    assert set(fields) <= set(capsys.readouterr().out.split())


def test_providers_marks_what_is_secret_and_what_has_a_default(capsys: pytest.CaptureFixture[str]) -> None:
    _, printed = run_json(capsys, "providers", "wawp")
    assert printed["reports_each_person"] is False
    assert printed["fields"] == [
        {"name": "instance_id", "required": True, "secret": False, "default": None},
        {"name": "access_token", "required": True, "secret": True, "default": None},
        {"name": "credentials_in", "required": False, "secret": False, "default": "body"},
        {"name": "base_url", "required": False, "secret": False, "default": "https://api.wawp.net"},
    ]


def test_a_class_that_declares_no_endpoints_shows_no_sources() -> None:
    pigeon = ProviderInfo("pigeon", "groupadd-pigeon", Pigeon)
    assert pigeon.rests_on == {"GroupMembershipProvider": (), "ListsParticipants": ()}


def test_an_ability_rests_on_the_endpoints_of_its_method_and_a_live_one_proves_it_in_part() -> None:
    live = Endpoint("PUT /flocks/{group}", sources="SL")

    class Live(Pigeon):
        endpoints: ClassVar[Endpoints] = {"add_participants": [live, Endpoint("GET /loft", sources="?")]}

    info = ProviderInfo("pigeon", "groupadd-pigeon", Live)
    assert info.rests_on == {
        "GroupMembershipProvider": (Source.LIVE, Source.SOURCE, Source.OPEN),
        "ListsParticipants": (),
    }
    assert info.proven == "partly, by recordings of the live service"
