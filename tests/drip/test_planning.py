"""Planning: the ledger keeps the user's rows, bad ones too, plans no person twice, and exports all of them."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from groupadd import CannotRead, ConfigError, InvalidGroup, Status
from groupadd.drip import AuditLine, Drip, Plan
from groupadd.sandbox import Privacy, SandboxPerson, faults
from tests.support.ledgers import KINDS, new_ledger
from tests.support.trial import Trial, planned
from tests.support.virtual_time import GROUP, crowd, simulated

OTHER = "120363000000000043@g.us"
CONFIG: Mapping[str, object] = {
    "providers": {name: {"type": "wasend", "session_id": "s", "api_key": "k"} for name in ("main", "backup")},
    "provider": "main",
}


class Folder:
    """A folder with a ledger and a file of people."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> Drip:
        return Drip(f"sqlite:///{self.path / 'drip.db'}", CONFIG)

    def plan(self, text: str, *, group: str | None = GROUP, **options: Any) -> Plan:
        path = self.path / "people.csv"
        path.write_text(text)
        with self.open() as drip:
            return drip.plan(path, group=group, **options)

    def exported(self) -> str:
        rows = StringIO()
        with self.open() as drip:
            drip.export(rows)
        return rows.getvalue()

    def audit(self) -> list[AuditLine]:
        with self.open() as drip:
            return list(drip.audit())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_columns_order_and_spellings_come_back(folder: Folder) -> None:
    plan = folder.plan('Name;Phone;Note\nAnn;"+1 202 555 0100";"says ""hi""; or not"\nBen;12025550101\n')
    assert (plan.people, plan.faults) == (2, {})
    assert folder.exported().splitlines() == [
        "Name;Phone;Note;groupadd_status;groupadd_reason;groupadd_evidence;groupadd_at",
        'Ann;+1 202 555 0100;"says ""hi""; or not";;;;',
        "Ben;12025550101;;;;;",
    ]


def test_bad_rows_are_reported_by_line_and_all_exported(folder: Folder) -> None:
    plan = folder.plan("phone,group\n12025550100,\n020 555,\n\n12025550101,nonsense\n,\n12025550102,\n")
    assert plan.people == 2
    assert set(plan.faults) == {3, 5}
    assert "is not an international number" in plan.faults[3] or "digits" in plan.faults[3]
    rows = folder.exported().splitlines()[1:]
    assert len(rows) == 4, "only blank lines are passed over"
    assert plan.faults[5] in rows[2].replace('""', '"')


def test_a_plan_without_a_usable_row_writes_nothing(folder: Folder) -> None:
    assert set(folder.plan("phone\n020 555\nAnn\n").faults) == {2, 3}
    assert folder.exported().splitlines()[1:] == []


def test_the_same_file_planned_again_doubles_no_row(folder: Folder) -> None:
    rows = "phone\n12025550100\n+1 202 555 0100\nAnn\n"
    folder.plan(rows)
    once, lines = folder.exported(), folder.audit()
    again = folder.plan(rows)
    assert (again.people, again.planned_before, set(again.faults)) == (0, 2, {4})
    assert folder.exported() == once
    assert folder.audit() == lines
    folder.plan(f"{rows}12025550101\n")
    assert folder.exported() == f"{once}12025550101,,,,\n"


def test_no_person_is_planned_twice_for_a_group(folder: Folder) -> None:
    first = folder.plan("phone\n12025550100\n+1 202 555 0100\n12025550101\n")
    assert (first.people, first.planned_before) == (2, 1)
    again = folder.plan("phone\n+12025550101\n12025550102\n")
    assert (again.people, again.planned_before) == (1, 1)
    elsewhere = folder.plan("phone\n12025550100\n", group=OTHER)
    assert (elsewhere.people, elsewhere.planned_before) == (1, 0)


def test_columns_win_over_options_and_accounts_share_what_names_none(folder: Folder) -> None:
    plan = folder.plan(
        f"phone,group,provider\n12025550100,,\n12025550101,,\n12025550102,{OTHER},backup\n",
        providers=["main", "backup"],
    )
    assert plan.places == {("main", GROUP): 1, ("backup", GROUP): 1, ("backup", OTHER): 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [("name,group\nAnn,x\n", "a column named phone"), ("", "a column named"), ('phone\n"1\n', "not CSV")],
)
def test_a_file_without_people_is_refused_and_nothing_is_planned(folder: Folder, text: str, why: str) -> None:
    with pytest.raises(CannotRead, match=why):
        folder.plan(text)


def test_a_provider_that_is_not_configured_is_refused(folder: Folder) -> None:
    with pytest.raises(ConfigError, match="'mian'; did you mean main"):
        folder.plan("phone\n12025550100\n", providers=["mian"])
    assert set(folder.plan("phone,provider\n12025550100,mian\n").faults) == {2}
    with pytest.raises(InvalidGroup):
        folder.plan("phone\n12025550100\n", group="nonsense")


def test_any_column_may_hold_the_numbers(folder: Folder) -> None:
    assert folder.plan("Mobil\n12025550100\n", phone_column="mobil").people == 1


def test_utf_16_with_tabs_is_read_as_excel_writes_it(folder: Folder) -> None:
    (folder.path / "x.csv").write_text("phone\tName\n12025550100\tZoë\n", encoding="utf-16")
    with folder.open() as drip:
        assert drip.plan(folder.path / "x.csv", group=GROUP).people == 1
    assert "Zoë" in folder.exported()


def test_a_forecast_and_the_warnings_about_the_pace_are_returned(folder: Folder) -> None:
    plan = folder.plan("phone\n" + "".join(f"120255501{n:02d}\n" for n in range(60)))
    assert plan.warnings == ()
    with folder.open() as drip:
        (status,) = drip.status().accounts
    assert (status.state, status.left) == ("ready", 60)
    assert status.eta_s is not None
    assert 24 * 3600 < status.eta_s < 25 * 3600


def test_duplicates_share_the_verdict_of_the_first(tmp_path: Path) -> None:
    people = crowd(1)
    it = Trial(simulated(people), tmp_path)
    it.plan([*people, *people])
    it.run()
    assert it.statuses() == ["added,,reported", "added,duplicate,reported"]


def test_who_ended_for_a_reason_is_taken_up_again(tmp_path: Path) -> None:
    people = crowd(3, lambda n: Privacy.CONTACTS_ONLY if n == 1 else Privacy.OPEN)
    it = planned(tmp_path, people)
    it.run()
    it.simulation.world.add_people(people[1].__class__(people[1].phone, people[1].lid))
    assert it.retry("privacy") == 1
    assert it.run().left == 0
    assert it.statuses() == ["added,,reported"] * 3


def test_who_was_invited_is_not_taken_up_again(tmp_path: Path) -> None:
    people = crowd(1, lambda _: Privacy.CONTACTS_ONLY)
    it = planned(tmp_path, people, add={"invite": "link"})
    it.run()
    assert it.retry("privacy") == 0


def test_who_is_unknown_is_looked_up_before_being_asked_for_again(tmp_path: Path) -> None:
    it = planned(tmp_path, crowd(1, lambda _: Privacy.CONTACTS_ONLY), vendor="wawp", add={"look_after_s": [2]})
    it.run()
    assert it.statuses() == ["unknown,absence_unproven,none"]
    it.simulation.extra = {}
    assert it.retry("absence_unproven") == 1
    it.run()
    routes = [request.route for request in it.simulation.sandboxes["main"].requests if request.route in {"add", "list"}]
    first, second = (index for index, route in enumerate(routes) if route == "add")
    assert second - first >= 3
    assert it.statuses() == ["not_added,silent_refusal,observed"]


def test_only_reasons_that_there_are_can_be_retried(folder: Folder) -> None:
    folder.plan("phone\n12025550100\n")
    with folder.open() as drip, pytest.raises(ValueError, match="nonsense"):
        drip.retry("nonsense")


RITA = SandboxPerson("554199990000", "177005550000200", number_variants=frozenset({"5541999990000"}))
WITH_NINTH_DIGIT = SandboxPerson("5541999990000", "177005550000201")


def with_both_forms(folder: Path, *settled: SandboxPerson, ledger: str | None = None, **options: Any) -> Trial:
    """Return a trial for both forms of one Brazilian number, and for one person after them."""
    (other,) = crowd(1)
    it = Trial(simulated([*settled, other], **options), folder)
    it.ledger = ledger or it.ledger
    it.plan([RITA, WITH_NINTH_DIGIT, other])
    return it


def test_both_forms_of_one_number_are_one_person_where_the_provider_says_so(tmp_path: Path) -> None:
    it = with_both_forms(tmp_path, RITA)
    status = it.run()
    assert (status.people, status.counts) == (2, {Status.ADDED: 2})
    assert it.statuses() == ["added,,reported", "added,duplicate,reported", "added,,reported"]
    assert len(it.simulation.adds()) == 2
    it.plan([WITH_NINTH_DIGIT])
    assert it.run().left == 0
    assert it.statuses()[3:] == ["added,duplicate,reported"]
    assert len(it.simulation.adds()) == 2


def test_both_forms_are_two_people_where_the_provider_says_so(tmp_path: Path) -> None:
    alone = evolve(RITA, number_variants=frozenset(), privacy=Privacy.CONTACTS_ONLY)
    shy = evolve(WITH_NINTH_DIGIT, privacy=Privacy.CONTACTS_ONLY)
    it = with_both_forms(tmp_path, alone, shy, add={"invite": "link"})
    assert it.run().counts == {Status.INVITED: 2, Status.ADDED: 1}
    assert it.simulation.invitations() == [alone.phone, WITH_NINTH_DIGIT.phone]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("accounts", [["main"], ["main", "backup"]])
def test_who_may_be_the_same_person_gets_no_second_invitation(kind: str, accounts: list[str], tmp_path: Path) -> None:
    shy = evolve(RITA, privacy=Privacy.CONTACTS_ONLY)
    with new_ledger(kind, tmp_path) as ledger:
        it = with_both_forms(tmp_path, shy, ledger=ledger, accounts=accounts, vendor="wawp", add={"invite": "link"})
        for sandbox in it.simulation.sandboxes.values():
            sandbox.faults.plan(faults.failing(500, applied=False), on="check", times=None)
        it.run()
        refused = ["invited,silent_refusal,observed", "not_added,silent_refusal,observed"]
        assert sorted(it.statuses()) == ["added,,observed", *refused]
    assert it.simulation.invitations() == [shy.phone]


@pytest.mark.parametrize("named", [RITA, WITH_NINTH_DIGIT])
def test_who_is_forgotten_is_so_under_both_forms_of_the_number(named: SandboxPerson, tmp_path: Path) -> None:
    it = with_both_forms(tmp_path, RITA)
    it.run()
    with it.open() as drip:
        assert drip.forget(f"+{named.phone}") == 2
    assert "99990000" not in str([*it.exported(), *(line.as_dict() for line in it.audit())])
