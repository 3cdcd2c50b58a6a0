"""What an ability rests on is read from the adapter's own comments; nothing is called live that was not recorded."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest

from groupadd.cli.proofs import ADDING, Proof, paths, proofs
from groupadd.config import registry

CASSETTES = Path(__file__).parents[2] / "cassettes"
BUILT_IN = sorted(name for name, origin in registry.installed().items() if origin.built_in)

ADAPTER = """
from attrs import frozen

METHOD = "/v1/%s"  # [I] no path, but it looks like one
ADD = "POST /add"  # [S][D]
LIST = OLD_LIST = "GET " + METHOD % "list"  # [L]; rows as [m]
LINK = "/link"  # says nothing
SEND = "send"  # [D] of something else

@frozen
class Adapter:
    base_url: str = ""
    reports_each_person = True

    def add_participants(self, group, participants, *, notify):
        return self._post(ADD)

    def list_participants(self, group):
        return self._rows()

    def _rows(self):
        return self._post(OLD_LIST)

    def invite_link(self, group):
        return LINK

    def session(self):
        return SEND

    def _post(self, path):
        return path
"""


@pytest.fixture
def adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "adapter_with_tags.py").write_text(ADAPTER)
    monkeypatch.syspath_prepend(tmp_path)
    spec = importlib.util.find_spec("adapter_with_tags")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_an_ability_rests_on_the_tags_of_the_paths_that_it_uses_or_else_of_those_that_its_calls_use(
    adapter: ModuleType,
) -> None:
    assert proofs(adapter.Adapter) == {
        ADDING: (Proof.PAGE, Proof.SOURCE),
        "ListsParticipants": (Proof.LIVE, Proof.OPEN),
        "SharesInviteLink": (),
        "KnowsSession": (),
    }


def test_where_the_source_was_not_shipped_no_proof_is_shown(adapter: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "adapter_with_tags.py").unlink()
    assert set(proofs(adapter.Adapter).values()) == {()}


@pytest.mark.parametrize("type_", BUILT_IN)
def test_every_ability_of_ours_rests_on_something(type_: str) -> None:
    assert [name for name, rests_on in proofs(registry.load(type_)).items() if not rests_on] == []


@pytest.mark.parametrize("type_", BUILT_IN)
def test_a_path_is_called_live_if_and_only_if_a_live_recording_asks_for_it(type_: str) -> None:
    module = importlib.import_module(f"groupadd.providers.{type_}")
    live = [text for path in (CASSETTES / type_).glob("*.yaml") if is_live(text := path.read_text("utf-8"))]
    asked = {
        unquote(urlsplit(uri).path) for text in live for uri in re.findall(r"^    uri: (\S+)$", text, re.MULTILINE)
    }
    templates = {name: re.sub(r"\{\w+\}", "[^/]+", getattr(module, name).split()[-1]) for name in paths(module)}
    recorded = {name for name, template in templates.items() if any(re.fullmatch(template, path) for path in asked)}
    assert {name for name, rests_on in paths(module).items() if Proof.LIVE in rests_on} == recorded


def is_live(text: str) -> bool:
    return "'s live service." in text.partition("\n")[0]
