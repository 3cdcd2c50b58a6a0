"""The table of states against the code: each row is used, each change names its event, and no other code writes one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy import update

import groupadd.drip
from groupadd.drip.store import transition
from groupadd.drip.store.database import Ledger
from groupadd.drip.store.schema import people
from groupadd.drip.store.states import TRANSITIONS, Event, ImpossibleTransition, State, state_after, states_before
from groupadd.errors import LedgerError
from groupadd.sandbox import Privacy, faults
from tests.drip.test_planning import RITA, WITH_NINTH_DIGIT
from tests.support.trial import Trial, planned
from tests.support.virtual_time import GROUP, crowd, simulated

HOUSE = Path(groupadd.drip.__file__).parent
STORE = HOUSE / "store"
TABLE, WRITER, LEASE = STORE / "states.py", STORE / "transition.py", STORE / "lease.py"
CODE = {file: ast.parse(file.read_text("utf-8")) for file in HOUSE.rglob("*.py") if file.parent.name != "migrations"}
Row = tuple[State | None, Event]
ROWS: set[Row] = {(state, event) for state, events in TRANSITIONS.items() for event in events}
SHY = Privacy.CONTACTS_ONLY


def test_every_state_has_a_line_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == {None, *State}
    reached: set[State | None] = {None}
    while new := {after for state in reached for after in TRANSITIONS[state].values()} - reached:
        reached |= new
    assert reached == {None, *State}


def test_every_event_has_a_row_and_a_call() -> None:
    assert {event for _, event in ROWS} == set(Event)
    named = {event for file, tree in CODE.items() if file != TABLE for event in events_in(tree)}
    assert named == set(Event)


def events_in(node: ast.AST) -> Iterator[Event]:
    """Yield the events that code names: `Event.SETTLED`."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "Event":
            yield Event[one.attr]


@pytest.mark.parametrize("file", sorted(CODE.keys() - {WRITER, LEASE}), ids=lambda file: str(file.relative_to(HOUSE)))
def test_every_transition_names_its_event(file: Path) -> None:
    for function in ast.walk(CODE[file]):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for call in calls(function, "transition"):
                event = call.args[1]
                named = set(events_in(event)) or set(events_of_name(CODE[file], function, event))
                assert named, f"{file.name}:{call.lineno} names no event"
                assert all(states_before(one) for one in named)


def calls(node: ast.AST, name: str) -> Iterator[ast.Call]:
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and name in {getattr(one.func, "attr", None), getattr(one.func, "id", None)}:
            yield one


def events_of_name(module: ast.Module, function: ast.AST, name: ast.expr) -> Iterator[Event]:
    """Yield the events that a name may have: those in its assignment, and in the table that it is looked up in."""
    assert isinstance(name, ast.Name)
    values = [one.value for one in ast.walk(function) if isinstance(one, ast.Assign) and is_named(one, name.id)]
    tables = {one.value.id for one in values if isinstance(one, ast.Subscript) and isinstance(one.value, ast.Name)}
    values += [one.value for one in module.body if isinstance(one, ast.Assign) and is_named(one, *tables)]
    for value in values:
        yield from events_in(value)


def is_named(assignment: ast.Assign, *names: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id in names for target in assignment.targets)


def test_only_the_writer_writes_a_state() -> None:
    writing = {
        file.name
        for file, tree in CODE.items()
        if file.parent == STORE and ("insert(people" in ast.unparse(tree) or any(written_states(tree)))
    }
    assert writing == {WRITER.name}


def written_states(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what gives a `state` a value: a key of a mapping, or a keyword of a call other than `evolve`."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Dict) and any(
            isinstance(key, ast.Constant) and key.value == "state" for key in one.keys
        ):
            yield one
        if isinstance(one, ast.Call) and getattr(one.func, "id", "") != "evolve":
            yield from (keyword for keyword in one.keywords if keyword.arg == "state")


def test_only_the_store_knows_sql() -> None:
    knowing = {
        file.relative_to(HOUSE).as_posix()
        for file, tree in CODE.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and "sqlalchemy" in ast.unparse(node)
    }
    assert {name for name in knowing if not name.startswith("store/")} == set()


def test_an_event_in_the_wrong_state_is_a_fault_of_our_own() -> None:
    with pytest.raises(ImpossibleTransition):
        state_after(State.DONE, Event.ASKING)
    with pytest.raises(ImpossibleTransition):
        state_after(State.DONE, Event.FORGOTTEN)


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> set[Row]:
    """Return the rows of the table that the writer uses from now on."""
    rows: set[Row] = set()

    def recorded(state: State | None, event: Event) -> State:
        rows.add((state, event))
        return state_after(state, event)

    monkeypatch.setattr(transition, "state_after", recorded)
    return rows


def test_runs_use_every_row_of_the_table(used: set[Row], tmp_path: Path) -> None:
    for number, story in enumerate((accepted_only, reported, failing, one_person_twice)):
        (folder := tmp_path / str(number)).mkdir()
        story(folder)
    assert ROWS - used == {(state, Event.FORGOTTEN) for state in states_before(Event.FORGOTTEN)}


def accepted_only(folder: Path) -> None:
    """A provider that only accepts: looks decide."""
    people = crowd(4, lambda n: SHY if n == 1 else Privacy.OPEN)
    trial = planned(folder, people, vendor="wawp", add={"invite": "link"})
    trial.simulation.world.join(GROUP, people[3].phone)
    trial.run()
    trial = planned(folder / "..", crowd(1, lambda _: SHY), vendor="wawp", add={"look_after_s": [2]})
    trial.run()
    assert trial.retry("absence_unproven") == 1
    trial.run()


def reported(folder: Path) -> None:
    """A provider that reports each participant: its answer decides."""
    trial = planned(folder, crowd(3, lambda n: SHY if n else Privacy.OPEN), add={"invite": "link"})
    trial.run(until=lambda line: "privacy" in line.detail)
    trial.simulation.extra = {"add": {"invite": "never"}}
    trial.run()
    assert trial.retry("privacy") == 2
    trial.run()


def failing(folder: Path) -> None:
    """Adds and invitations that are lost, refused, or never sent."""
    trial = planned(folder, crowd(4, lambda n: SHY if n < 2 else Privacy.OPEN), add={"invite": "link"})
    plan = trial.simulation.sandboxes["main"].faults.plan
    plan(faults.REFUSED, on="add", times=1)
    plan(faults.LOST_BEFORE, on="add", times=1)
    plan(faults.LOST_AFTER, on="send", times=1)
    plan(faults.failing(400, applied=False), on="send", times=1)
    trial.run()


def one_person_twice(folder: Path) -> None:
    """Two forms of one number, a row that repeats another, and one that cannot be read."""
    trial = Trial(simulated([RITA]), folder)
    trial.plan([RITA, WITH_NINTH_DIGIT, RITA, evolve(RITA, phone="12 34")])
    trial.run()


@pytest.mark.parametrize("state", State)
def test_a_participant_in_mid_call_is_not_forgotten_and_any_other_is(state: State, tmp_path: Path) -> None:
    (person,) = crowd(1)
    trial = planned(tmp_path, [person])
    with Ledger.open(trial.ledger) as ledger, ledger.writing() as tx:
        tx.execute(update(people).values(state=state))
    with trial.open() as drip:
        if state in states_before(Event.FORGOTTEN):
            assert drip.forget(f"+{person.phone}") == 1
        else:
            with pytest.raises(LedgerError, match="under way"):
                drip.forget(f"+{person.phone}")
    assert len(trial.exported()) == (0 if state in states_before(Event.FORGOTTEN) else 1)
