"""The story of a drip: 40 people, two accounts, and one `kill -9` in the middle of it.

The runners are real processes that speak over loopback with a sandbox in this one. Only the pace is not to be copied.
"""

import csv
import io
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen
from rich.text import Text

import groupadd
from groupadd import drip
from groupadd.cli.drip import tables
from groupadd.cli.drip.progress import Progress
from groupadd.cli.exit_codes import Exit
from groupadd.cli.output import Output
from groupadd.config.load import load
from groupadd.model.outcome import Status
from groupadd.sandbox import Group, Privacy, Sandbox, SandboxPerson, World, config_toml, mount
from groupadd.sandbox.server import SandboxServer
from groupadd.wire.driver import SystemClock
from groupadd.wire.messages import log

PEOPLE, GROUP = 40, "120363000000000077@g.us"
KILL_AFTER = 17  # adds
_ACCOUNTS = ("wasend", "wawp")  # one that speaks of each person, one that only accepts
_TEMPERS: Mapping[int, Privacy] = {15: Privacy.CONTACTS_ONLY, 24: Privacy.NOT_ON_WHATSAPP, 38: Privacy.CONTACTS_ONLY}
_PACE = """
[add]
look_after_s = [0.3, 0.8]
late_after_s = 1

[drip]
adds_per_minute = 240
rest_s = 0
adds_per_day = 1000
"""
_PATIENCE_S = 60.0


@frozen
class Truth:
    """What the sandbox knows, held against what the ledger says.

    Attributes:
        lost: People of whom the ledger has no verdict.
        wrong: People of whom it says what is not so.
        twice: People who were added by two requests of ours.
    """

    lost: int
    wrong: int
    twice: int

    @property
    def holds(self) -> bool:
        """Whether nobody was lost, nobody misjudged, and nobody asked for twice."""
        return not (self.lost or self.wrong or self.twice)


def play(screen: Output) -> Exit:
    """Tell the story.

    Args:
        screen: Where it is told.
    """
    world = _town()
    accounts = zip(_ACCOUNTS, world.accounts.values(), strict=True)
    spoken = {name: Sandbox.for_vendor(name, world, account) for name, account in accounts}
    with _no_surroundings(), TemporaryDirectory() as folder, SandboxServer(mount(spoken)) as server:
        people, config = Path(folder, "people.csv"), Path(folder, "groupadd.toml")
        fields = {name: one.config(f"{server.url}/{name}") for name, one in spoken.items()}
        config.write_text(config_toml(fields) + _PACE)
        people.write_text("name,phone\n" + "".join(f"{one.name},+{one.phone}\n" for one in _strangers(world)))
        ledger, pace = f"sqlite:///{Path(folder, 'ledger.db').as_posix()}", load(str(config)).drip
        progress = Progress(screen, pace, ledger, str(config))

        _chapter(screen, 1, f"{PEOPLE} people, two accounts, one ledger", f"plan people.csv --group {GROUP} …")
        made = drip.plan(people, group=GROUP, providers=_ACCOUNTS, ledger=ledger, config=str(config))
        for (provider, _), count in sorted(made.places.items()):
            screen.print(f"  {count} people by {provider}")

        _chapter(screen, 2, f"A run, killed after {KILL_AFTER} adds", "run")
        with progress.shown():
            _run_until_killed(world, ledger, config)
        cut = drip.status(ledger=ledger, config=str(config))
        screen.print(tables.accounts(cut, pace, tables.present()), "", Text("  $ kill -9", "bold red"))

        _chapter(screen, 3, "The same command once more", "run")
        with progress.shown():
            on_line = progress.print if screen.is_live else None
            told = drip.run(ledger=ledger, config=str(config), on_line=on_line)
        screen.print(tables.status(told, pace, tables.present()))
        truth = _truth(world, ledger)

    _chapter(screen, 4, "Held against what the sandbox knows")
    screen.print(*_moral(truth))
    if screen.json:
        against = {"lost": truth.lost, "wrong": truth.wrong, "twice": truth.twice}
        screen.show({"people": PEOPLE, "left_when_killed": cut.left, "status": told.as_dict(), **against}, "")
    return Exit.EVERYONE_IN if truth.holds else Exit.UNKNOWN


def _town() -> World:
    world = World(SystemClock())
    ours = [
        world.open_account(SandboxPerson(f"1617555010{n}", f"17700555000010{n}", f"We, {n}")).person for n in range(2)
    ]
    world.create_group(Group(GROUP, "Neighbours"), admins=ours)
    world.add_people(
        *(
            SandboxPerson(f"120255501{n:02}", f"1770055500002{n:02}", f"Neighbour {n}", _TEMPERS.get(n, Privacy.OPEN))
            for n in range(10, 10 + PEOPLE)
        )
    )
    return world


def _strangers(world: World) -> Sequence[SandboxPerson]:
    return [human for human in world.people.values() if human.phone not in world.accounts]


def _run_until_killed(world: World, ledger: str, config: Path) -> None:
    """Run the plan in a process of its own, and kill it without a warning when it has asked for some."""
    command = [sys.executable, "-m", "groupadd", "drip", "run", "--ledger", ledger, "--config", str(config)]
    places = {**os.environ, "PYTHONPATH": str(Path(groupadd.__file__).parents[1])}
    runner = subprocess.Popen(  # noqa: S603  our own command line
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=places
    )
    gives_up_at = time.monotonic() + _PATIENCE_S
    try:
        while _adds(world).total() < KILL_AFTER and runner.poll() is None and time.monotonic() < gives_up_at:
            time.sleep(0.02)
    finally:
        runner.kill()
        runner.wait()


def _adds(world: World) -> Counter[str]:
    """Count the adds that have reached the sandbox, by person."""
    return Counter(entry.to for entry in list(world.journal) if entry.kind == "add")


def _truth(world: World, ledger: str) -> Truth:
    exported = io.StringIO()
    drip.export(exported, ledger=ledger)
    rows = csv.DictReader(io.StringIO(exported.getvalue()))
    said = {row["phone"].removeprefix("+"): row["groupadd_status"] for row in rows}
    wrong = [
        phone
        for phone, status in said.items()
        if status in {Status.ADDED, Status.NOT_ADDED} and (status == Status.ADDED) != world.is_member(GROUP, phone)
    ]
    again = Counter(line.participant for line in drip.audit(ledger=ledger) if line.event == "to_ask_again")
    twice = [phone for phone, adds in _adds(world).items() if adds > 1 + again[f"{phone}@s.whatsapp.net"]]
    return Truth(PEOPLE - sum(map(bool, said.values())), len(wrong), len(twice))


@contextmanager
def _no_surroundings() -> Iterator[None]:
    """Take the user's own settings out of the environment, and the warnings at a pace that is for show alone."""
    theirs = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("GROUPADD_")}
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
        os.environ.update(theirs)


def _chapter(screen: Output, number: int, title: str, command: str | None = None) -> None:
    screen.print(*[""] * (number > 1), Text.assemble((f"{number}  ", "cyan"), (title, "bold")), "")
    if command is not None:
        screen.print(Text.assemble(("  $ ", "dim"), f"groupadd drip {command}"), "")


def _moral(truth: Truth) -> Sequence[Text | str]:
    if not truth.holds:
        found = f"{truth.lost} lost, {truth.wrong} misjudged, {truth.twice} asked for twice without a look"
        return (Text(f"{found}. That is a bug in groupadd; please report it", "bold red"),)
    return (
        Text("Nobody lost, nobody misjudged, nobody asked for twice", "bold"),
        "Every intent is in the ledger before its request leaves. Whoever was in mid-call",
        "was looked up in the group first. The pace is for show: do not copy it",
        "",
        Text("What to try next", "bold"),
        "  groupadd drip plan --help     your own people",
        "  groupadd demo                 what is known of each, and how",
    )
