"""`groupadd providers`: what each type can do and needs."""

import pytest

from groupadd.cli import main
from groupadd.cli.exit_codes import Exit
from groupadd.config.registry import installed
from tests.support.cli import run_json


@pytest.mark.parametrize("name", sorted(installed()))
def test_providers_shows_abilities_fields_and_proof_of_each_type(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, printed = run_json(capsys, "providers", name)
    assert code == Exit.EVERYONE_IN
    assert printed["proven"] == "not proven against the live service"
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
