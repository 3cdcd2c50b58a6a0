"""Planning: the user's rows are kept, bad ones are told by line, nobody is planned twice; and all of it comes back."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from groupadd import CannotRead, ConfigError, InvalidGroup, Status, drip
from groupadd.sandbox import Privacy, SandboxPerson, faults
from tests.drip.ledgers import KINDS, new_ledger
from tests.drip.test_running import Drip, made
from tests.drip.virtual import GROUP, crowd, town

OTHER = "120363000000000043@g.us"
CONFIG: Mapping[str, object] = {
    "providers": {name: {"type": "wasend", "session_id": "s", "api_key": "k"} for name in ("main", "backup")},
    "provider": "main",
}


class Book:
    """A ledger in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ledger = folder, f"sqlite:///{folder / 'drip.db'}"

    def plan(self, text: str, *, group: str | None = GROUP, **options: object) -> drip.Plan:
        path = self.folder / "people.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return drip.plan(path, group=group, ledger=self.ledger, config=CONFIG, **options)  # type: ignore[arg-type]

    def exported(self) -> str:
        rows = StringIO()
        drip.export(rows, ledger=self.ledger)
        return rows.getvalue()


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def test_columns_order_and_spellings_come_back(book: Book) -> None:
    made = book.plan('Name;Phone;Note\nAnn;"+1 202 555 0100";"says ""hi""; or not"\nBen;12025550101\n')
    assert (made.people, made.faults) == (2, {})
    assert book.exported().splitlines() == [
        "Name;Phone;Note;groupadd_status;groupadd_reason;groupadd_evidence;groupadd_at",
        'Ann;+1 202 555 0100;"says ""hi""; or not";;;;',
        "Ben;12025550101;;;;;",
    ]


def test_bad_rows_are_told_by_line_and_lost_from_nowhere(book: Book) -> None:
    made = book.plan("phone,group\n12025550100,\n020 555,\n\n12025550101,nonsense\n,\n12025550102,\n")
    assert made.people == 2
    assert set(made.faults) == {3, 5}
    assert "is not an international number" in made.faults[3] or "digits" in made.faults[3]
    rows = book.exported().splitlines()[1:]
    assert len(rows) == 4, "only blank lines are passed over"
    assert made.faults[5] in rows[2].replace('""', '"')


def test_a_plan_without_a_usable_row_writes_nothing(book: Book) -> None:
    assert set(book.plan("phone\n020 555\nnobody\n").faults) == {2, 3}
    assert book.exported().splitlines()[1:] == []


def test_the_same_file_planned_again_doubles_no_row(book: Book) -> None:
    rows = "phone\n12025550100\n+1 202 555 0100\nnobody\n"
    book.plan(rows)
    once, lines = book.exported(), list(drip.audit(ledger=book.ledger))
    again = book.plan(rows)
    assert (again.people, again.planned_before, set(again.faults)) == (0, 2, {4})
    assert book.exported() == once
    assert list(drip.audit(ledger=book.ledger)) == lines
    book.plan(f"{rows}12025550101\n")
    assert book.exported() == f"{once}12025550101,,,,\n"


def test_nobody_is_planned_twice_for_a_group(book: Book) -> None:
    first = book.plan("phone\n12025550100\n+1 202 555 0100\n12025550101\n")
    assert (first.people, first.planned_before) == (2, 1)
    again = book.plan("phone\n+12025550101\n12025550102\n")
    assert (again.people, again.planned_before) == (1, 1)
    elsewhere = book.plan("phone\n12025550100\n", group=OTHER)
    assert (elsewhere.people, elsewhere.planned_before) == (1, 0)


def test_columns_win_over_options_and_accounts_share_what_names_none(book: Book) -> None:
    made = book.plan(
        f"phone,group,provider\n12025550100,,\n12025550101,,\n12025550102,{OTHER},backup\n",
        providers=["main", "backup"],
    )
    assert made.places == {("main", GROUP): 1, ("backup", GROUP): 1, ("backup", OTHER): 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [("name,group\nAnn,x\n", "a column named phone"), ("", "a column named"), ('phone\n"1\n', "not CSV")],
)
def test_a_file_without_people_is_refused_and_nothing_is_planned(book: Book, text: str, why: str) -> None:
    with pytest.raises(CannotRead, match=why):
        book.plan(text)


def test_a_provider_that_is_not_configured_is_refused(book: Book) -> None:
    with pytest.raises(ConfigError, match="'mian'; did you mean main"):
        book.plan("phone\n12025550100\n", providers=["mian"])
    assert set(book.plan("phone,provider\n12025550100,mian\n").faults) == {2}
    with pytest.raises(InvalidGroup):
        book.plan("phone\n12025550100\n", group="nonsense")


def test_any_column_may_hold_the_numbers(book: Book) -> None:
    assert book.plan("Mobil\n12025550100\n", phone_column="mobil").people == 1


def test_utf_16_with_tabs_is_read_as_excel_writes_it(book: Book) -> None:
    (book.folder / "x.csv").write_text("phone\tName\n12025550100\tZoë\n", encoding="utf-16")
    assert drip.plan(book.folder / "x.csv", group=GROUP, ledger=book.ledger, config=CONFIG).people == 1
    assert "Zoë" in book.exported()


def test_a_forecast_and_the_boldness_of_the_pace_are_told(book: Book) -> None:
    made = book.plan("phone\n" + "".join(f"120255501{n:02d}\n" for n in range(60)))
    assert made.warnings == ()
    (status,) = drip.status(ledger=book.ledger, config=CONFIG).accounts
    assert (status.state, status.left) == ("ready", 60)
    assert status.eta_s is not None
    assert 24 * 3600 < status.eta_s < 25 * 3600


def test_duplicates_share_the_verdict_of_the_first(tmp_path: Path) -> None:
    people = crowd(1)
    it = Drip(town(people), tmp_path)
    it.plan([*people, *people])
    it.run()
    assert it.statuses() == ["added,,reported", "added,duplicate,reported"]


def test_who_ended_for_a_reason_is_taken_up_again(tmp_path: Path) -> None:
    people = crowd(3, lambda n: Privacy.CONTACTS_ONLY if n == 1 else Privacy.OPEN)
    it = made(tmp_path, people)
    it.run()
    it.town.world.add_people(people[1].__class__(people[1].phone, people[1].lid))
    assert drip.retry("privacy", ledger=it.ledger, clock=it.town.clock) == 1
    assert it.run().left == 0
    assert it.statuses() == ["added,,reported"] * 3


def test_who_was_invited_is_not_taken_up_again(tmp_path: Path) -> None:
    people = crowd(1, lambda _: Privacy.CONTACTS_ONLY)
    it = made(tmp_path, people, add={"invite": "link"})
    it.run()
    assert drip.retry("privacy", ledger=it.ledger, clock=it.town.clock) == 0


def test_who_is_unknown_is_looked_up_before_being_asked_for_again(tmp_path: Path) -> None:
    it = made(tmp_path, crowd(1, lambda _: Privacy.CONTACTS_ONLY), vendor="wawp", add={"look_after_s": [2]})
    it.run()
    assert it.statuses() == ["unknown,absence_unproven,none"]
    it.town.extra = {}
    assert drip.retry("absence_unproven", ledger=it.ledger, clock=it.town.clock) == 1
    it.run()
    routes = [request.route for request in it.town.sandboxes["main"].requests if request.route in {"add", "list"}]
    first, second = (index for index, route in enumerate(routes) if route == "add")
    assert second - first >= 3
    assert it.statuses() == ["not_added,silent_refusal,observed"]


def test_only_reasons_that_there_are_can_be_retried(book: Book) -> None:
    book.plan("phone\n12025550100\n")
    with pytest.raises(ValueError, match="nonsense"):
        drip.retry("nonsense", ledger=book.ledger)


RITA = SandboxPerson("554199990000", "177005550000200", number_variants=frozenset({"5541999990000"}))
WITH_NINTH_DIGIT = SandboxPerson("5541999990000", "177005550000201")


def with_both_forms(folder: Path, *settled: SandboxPerson, ledger: str | None = None, **options: Any) -> Drip:
    """Return a drip for both forms of one Brazilian number, and for somebody after them."""
    (other,) = crowd(1)
    it = Drip(town([*settled, other], **options), folder)
    it.ledger = ledger or it.ledger
    it.plan([RITA, WITH_NINTH_DIGIT, other])
    return it


def test_both_forms_of_one_number_are_one_person_where_the_provider_says_so(tmp_path: Path) -> None:
    it = with_both_forms(tmp_path, RITA)
    told = it.run()
    assert (told.people, told.counts) == (2, {Status.ADDED: 2})
    assert it.statuses() == ["added,,reported", "added,duplicate,reported", "added,,reported"]
    assert len(it.town.adds()) == 2
    it.plan([WITH_NINTH_DIGIT])
    assert it.run().left == 0
    assert it.statuses()[3:] == ["added,duplicate,reported"]
    assert len(it.town.adds()) == 2


def test_both_forms_are_two_people_where_the_provider_says_so(tmp_path: Path) -> None:
    alone = evolve(RITA, number_variants=frozenset(), privacy=Privacy.CONTACTS_ONLY)
    shy = evolve(WITH_NINTH_DIGIT, privacy=Privacy.CONTACTS_ONLY)
    it = with_both_forms(tmp_path, alone, shy, add={"invite": "link"})
    assert it.run().counts == {Status.INVITED: 2, Status.ADDED: 1}
    assert it.town.invitations() == [alone.phone, WITH_NINTH_DIGIT.phone]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("accounts", [["main"], ["main", "backup"]])
def test_who_may_be_the_same_person_gets_no_second_invitation(kind: str, accounts: list[str], tmp_path: Path) -> None:
    shy = evolve(RITA, privacy=Privacy.CONTACTS_ONLY)
    with new_ledger(kind, tmp_path) as ledger:
        it = with_both_forms(tmp_path, shy, ledger=ledger, accounts=accounts, vendor="wawp", add={"invite": "link"})
        for sandbox in it.town.sandboxes.values():
            sandbox.faults.plan(faults.failing(500, applied=False), on="check", times=None)
        it.run()
        refused = ["invited,silent_refusal,observed", "not_added,silent_refusal,observed"]
        assert sorted(it.statuses()) == ["added,,observed", *refused]
    assert it.town.invitations() == [shy.phone]


@pytest.mark.parametrize("named", [RITA, WITH_NINTH_DIGIT])
def test_who_is_forgotten_is_so_under_both_forms_of_the_number(named: SandboxPerson, tmp_path: Path) -> None:
    it = with_both_forms(tmp_path, RITA)
    it.run()
    assert drip.forget(f"+{named.phone}", ledger=it.ledger) == 2
    rows = StringIO()
    drip.export(rows, ledger=it.ledger)
    told = rows.getvalue() + "".join(str(line.as_dict()) for line in drip.audit(ledger=it.ledger))
    assert "99990000" not in told
