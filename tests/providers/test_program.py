"""Recordings of vendors' own programs, with a fake WhatsApp behind them: no verdict contradicts the truth beside it.

The conformance kit replays each of them, and compares the outcome with the one in the file. Here the outcomes are
compared with who is in the group afterwards, and who is on WhatsApp.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from groupadd.testing import Cassette
from groupadd.testing.scrubbing import BEARER, INVITE, NAME
from groupadd.testing.targets import placeholder_credentials
from tests.providers.test_conformance import CASSETTES
from tests.support import program_recordings

PROGRAMS = [Cassette.read(path) for path in sorted(CASSETTES.glob("*/program/*.yaml"))]
IN, OUT = {"added", "already_member", "in", "member"}, {"not_added", "invited", "pending_approval", "out"}
ON_WHATSAPP: Mapping[str, bool] = {  # by the file's name, where its head tells it: the first person of the file
    "37_lid_without_pn_preflight": True,
    "38_pn_preflight": True,
    "67_check_number_us": True,
    "67_check_number_none": False,
    "67b_check_number_none": False,
    "80e_preflight_ar_one_person": True,
    "80e_preflight_mx_one_person": True,
    "81c_raw_jid_ar_other_form_off": True,
    "81c_raw_jid_br31_other_form_off": True,
    "81c_raw_jid_mx_other_form_off": True,
    "82_raw_jid_ar_canonical": True,
    "82_raw_jid_br31_canonical": True,
    "82_raw_jid_mx_canonical": True,
    "83_cache_1": True,
    "83_cache_2": False,
    "83_cache_4": False,
    "84_suffix_3": True,
}


def each(cassettes: Iterable[Cassette]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("cassette", [*cassettes], ids=lambda one: f"{one.type}-{one.path.stem}")


def verdicts(cassette: Cassette) -> Iterator[tuple[str, bool | None]]:
    """Yield each person of an outcome, and whether they are in the group by the verdict; None: unknown."""
    outcome = cassette.replay()
    if isinstance(outcome, str):
        return
    unlisted = "out" if outcome.get("roster") == "complete" else "unknown"
    for name in cassette.scenario.people:
        word = str(outcome.get(name, unlisted)).partition(",")[0]
        yield name, True if word in IN else False if word in OUT else None


@each(one for one in PROGRAMS if one.scenario.members is not None)
def test_no_verdict_contradicts_the_members_beside_it(cassette: Cassette) -> None:
    members = cassette.scenario.members or ()
    reached = dict(verdicts(cassette))
    assert {name: is_in for name, is_in in reached.items() if is_in is not None and is_in != (name in members)} == {}


def test_verdicts_are_reached_for_most_people() -> None:
    """The rest are named by LIDs alone, behind a line that is down, or in a list that cannot prove it."""
    reached = Counter[tuple[str, bool]]()
    for cassette in PROGRAMS:
        if cassette.scenario.members is not None and cassette.scenario.call in {"add", "check"}:
            reached.update((cassette.type, is_in is not None) for _, is_in in verdicts(cassette))
    print({f"{type_}, {'verdict' if known else 'unknown'}": count for (type_, known), count in reached.items()})
    known = {("evolution", True): 102, ("waha", True): 29}
    assert reached == {**known, ("evolution", False): 19, ("waha", False): 8}


@each(one for one in PROGRAMS if one.path.stem in ON_WHATSAPP)
def test_no_number_check_contradicts_who_is_on_whatsapp(cassette: Cassette) -> None:
    truth, outcome = ON_WHATSAPP[cassette.path.stem], cassette.scenario.outcome
    assert isinstance(outcome, Mapping)
    verdict = str(outcome[cassette.scenario.people[0]]).removeprefix("out, ").removeprefix("unknown, ")
    assert verdict != "not on WhatsApp" if truth else verdict not in {"on WhatsApp", "this number", "another name"}


@each(one for one in PROGRAMS if "two_people" in one.path.stem)
def test_no_invitation_is_called_sent_where_two_people_share_a_line(cassette: Cassette) -> None:
    assert "invite sent" not in str(cassette.scenario.outcome)


ROW = {"status": "200", "jid": "12025550101@s.whatsapp.net", "content": {"attrs": {}}}
SITUATION = {
    "scenario": "01-added",
    "what": "a person who can be added",
    "truth set at the fake WhatsApp": "participant error=None",
    "members afterwards": ["15550100000", "12025550101"],
    "note": None,
    "exchanges": [
        {
            "request": {
                "line": "POST /group/updateParticipant/probe?groupJid=120363000000000042%40g.us HTTP/1.1",
                "headers": {"apikey": "KEY", "Content-Type": "application/json"},
                "json": {"action": "add", "participants": ["12025550101@s.whatsapp.net"]},
            },
            "response": {"status": 201, "headers": {}, "json": {"updateParticipants": [ROW]}},
        }
    ],
}


def test_a_recording_becomes_a_cassette(tmp_path: Path) -> None:
    folder, file = tmp_path / "evolution" / "program", tmp_path / "recordings.jsonl"
    file.write_text(json.dumps(SITUATION), "utf-8")
    program_recordings.main(str(folder), str(file), "Evolution API 2.3.6")
    cassette = Cassette.read(folder / "01_added.yaml")
    assert cassette.scenario.members == ("12025550101",)
    assert cassette.replay() == cassette.scenario.outcome == {"12025550101": "added, reported"}
    text = cassette.path.read_text("utf-8")
    assert "# Truth at the fake WhatsApp: participant error=None." in text
    assert "KEY" not in text.replace("SCRUBBED_API_KEY", "")
    program_recordings.main(str(folder))
    assert cassette.path.read_text("utf-8") == text


def test_all_situations_are_there() -> None:
    assert Counter(cassette.type for cassette in PROGRAMS) == {"evolution": 150, "waha": 44}


@each(PROGRAMS)
def test_it_names_its_program_and_holds_no_secret(cassette: Cassette) -> None:
    text = cassette.path.read_text("utf-8")
    first, *_ = text.splitlines()
    assert re.fullmatch(
        r"# Recorded on \d{4}-\d\d-\d\d from .+, the vendor's own program; behind it a fake .*\.", first
    )
    credentials = {*placeholder_credentials(cassette.type).fields.values(), "''"}
    assert set(re.findall(r"(?:apikey|x-api-key):\s*- (\S+)", text)) <= credentials
    assert set(re.findall(r'"token":\s*"([^"]+)"', text)) <= {BEARER}
    assert set(re.findall(r"chat\.whatsapp\.com/([\w-]+)", text)) <= {INVITE}
    assert set(re.findall(r'"(?:\w*[nN]ame|subject)":\s*"([^"]+)"', text)) <= {NAME}
    assert not re.search(r"127\.0\.0\.1|localhost|set-cookie|\bKEY\b", text)
