"""The story of a drip: 40 people, two accounts, and one `kill -9` in the middle of it.

The run that is killed is a real process; it speaks over loopback with a sandbox in this one. Do not copy the pace.
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
from groupadd.cli.drip import tables
from groupadd.cli.drip.progress import Progress
from groupadd.cli.exit_codes import Exit
from groupadd.cli.output import Output
from groupadd.drip import Drip, DripStatus
from groupadd.model.outcome import Status
from groupadd.sandbox import Group, Privacy, Sandbox, SandboxPerson, World, config_toml, mount
from groupadd.sandbox.server import SandboxServer
from groupadd.wire.driver import SystemClock
from groupadd.wire.messages import log

PEOPLE, GROUP = 40, "120363000000000077@g.us"
KILL_AFTER_ADDS = 17
_ACCOUNTS = ("wasend", "wawp")  # one that speaks of each person, one that only accepts
_PRIVACY: Mapping[int, Privacy] = {15: Privacy.CONTACTS_ONLY, 24: Privacy.NOT_ON_WHATSAPP, 38: Privacy.CONTACTS_ONLY}
_PACE = """
[add]
look_after_s = [0.3, 0.8]
late_after_s = 1

[drip]
adds_per_minute = 240
rest_s = 0
adds_per_day = 1000
"""
_TIMEOUT_S = 60.0


@frozen
class Truth:
    """How the ledger compares with what the sandbox knows.

    Attributes:
        lost: How many people have no verdict in the ledger.
        wrong: How many verdicts are not true.
        twice: How many people were asked for by two requests without looks in between.
    """

    lost: int
    wrong: int
    twice: int

    @property
    def holds(self) -> bool:
        """Whether the three counts are 0."""
        return not (self.lost or self.wrong or self.twice)


def play(output: Output) -> Exit:
    """Tell the story.

    Args:
        output: The streams of the command.
    """
    world = _world()
    accounts = zip(_ACCOUNTS, world.accounts.values(), strict=True)
    sandboxes = {name: Sandbox.for_vendor(name, world, account) for name, account in accounts}
    with _without_settings(), TemporaryDirectory() as folder, SandboxServer(mount(sandboxes)) as server:
        people, config = Path(folder, "people.csv"), Path(folder, "groupadd.toml")
        fields = {name: one.config(f"{server.url}/{name}") for name, one in sandboxes.items()}
        config.write_text(config_toml(fields) + _PACE)
        people.write_text("name,phone\n" + "".join(f"{one.name},+{one.phone}\n" for one in _people(world)))
        ledger = f"sqlite:///{Path(folder, 'ledger.db').as_posix()}"
        with Drip(ledger, str(config)) as drip:
            _plan(output, drip, people)
            at_kill = _run_and_kill(output, drip, world, ledger, config)
            status = _run_again(output, drip)
            truth = _truth(world, drip)

    _chapter(output, 4, "Compared with what the sandbox knows")
    output.print(*_conclusion(truth))
    if output.json:
        compared = {"lost": truth.lost, "wrong": truth.wrong, "twice": truth.twice}
        output.show({"people": PEOPLE, "left_when_killed": at_kill.left, "status": status.as_dict(), **compared}, "")
    return Exit.EVERYONE_IN if truth.holds else Exit.UNKNOWN


def _plan(output: Output, drip: Drip, people: Path) -> None:
    _chapter(output, 1, f"{PEOPLE} people, two accounts, one ledger", f"plan people.csv --group {GROUP} …")
    planned = drip.plan(people, group=GROUP, providers=_ACCOUNTS)
    for (provider, _), count in sorted(planned.places.items()):
        output.print(f"  {count} people by {provider}")


def _run_and_kill(output: Output, drip: Drip, world: World, ledger: str, config: Path) -> DripStatus:
    _chapter(output, 2, f"A run, killed after {KILL_AFTER_ADDS} adds", "run")
    with Progress(output, drip).shown():
        _run_until_killed(world, ledger, config)
    status = drip.status()
    accounts = tables.accounts(status, drip.settings.drip, tables.present())
    output.print(accounts, "", Text("  $ kill -9", "bold red"))
    return status


def _run_again(output: Output, drip: Drip) -> DripStatus:
    _chapter(output, 3, "The same command once more", "run")
    progress = Progress(output, drip)
    with progress.shown():
        status = drip.run(on_line=progress.on_line if output.is_live else None)
    output.print(tables.status(status, drip.settings.drip, tables.present()))
    return status


def _world() -> World:
    world = World(SystemClock())
    ours = [
        world.open_account(SandboxPerson(f"1617555010{n}", f"17700555000010{n}", f"We, {n}")).person for n in range(2)
    ]
    world.create_group(Group(GROUP, "Class 5b"), admins=ours)
    world.add_people(
        *(
            SandboxPerson(f"120255501{n:02}", f"1770055500002{n:02}", f"Person {n}", _PRIVACY.get(n, Privacy.OPEN))
            for n in range(10, 10 + PEOPLE)
        )
    )
    return world


def _people(world: World) -> Sequence[SandboxPerson]:
    return [person for person in world.people.values() if person.phone not in world.accounts]


def _run_until_killed(world: World, ledger: str, config: Path) -> None:
    """Run the plan in a process of its own, and kill the process without a warning after some adds."""
    command = [sys.executable, "-m", "groupadd", "drip", "run", "--ledger", ledger, "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(Path(groupadd.__file__).parents[1])}
    runner = subprocess.Popen(  # noqa: S603  our own command line
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    gives_up_at = time.monotonic() + _TIMEOUT_S
    try:
        while _adds(world).total() < KILL_AFTER_ADDS and runner.poll() is None and time.monotonic() < gives_up_at:
            time.sleep(0.02)
    finally:
        runner.kill()
        runner.wait()


def _adds(world: World) -> Counter[str]:
    """Count the adds that have reached the sandbox, by person."""
    return Counter(entry.to for entry in list(world.journal) if entry.kind == "add")


def _truth(world: World, drip: Drip) -> Truth:
    file = io.StringIO()
    drip.export(file)
    rows = csv.DictReader(io.StringIO(file.getvalue()))
    exported = {row["phone"].removeprefix("+"): row["groupadd_status"] for row in rows}
    wrong = [
        phone
        for phone, status in exported.items()
        if status in {Status.ADDED, Status.NOT_ADDED} and (status == Status.ADDED) != world.is_member(GROUP, phone)
    ]
    again = Counter(line.participant for line in drip.audit() if line.event == "to_ask_again")
    twice = [phone for phone, adds in _adds(world).items() if adds > 1 + again[f"{phone}@s.whatsapp.net"]]
    return Truth(PEOPLE - sum(map(bool, exported.values())), len(wrong), len(twice))


@contextmanager
def _without_settings() -> Iterator[None]:
    """Take the user's own settings out of the environment, and silence the warnings about the pace."""
    settings = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("GROUPADD_")}
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
        os.environ.update(settings)


def _chapter(output: Output, number: int, title: str, command: str | None = None) -> None:
    output.print(*[""] * (number > 1), Text.assemble((f"{number}  ", "cyan"), (title, "bold")), "")
    if command is not None:
        output.print(Text.assemble(("  $ ", "dim"), f"groupadd drip {command}"), "")


def _conclusion(truth: Truth) -> Sequence[Text | str]:
    if not truth.holds:
        found = f"{truth.lost} lost, {truth.wrong} misjudged, {truth.twice} asked for twice without a look"
        return (Text(f"{found}. That is a bug in groupadd; please report it", "bold red"),)
    return (
        Text(f"Of {PEOPLE} people none is lost, misjudged, or asked for twice without a look", "bold"),
        "The ledger holds every intent before its request is sent. The people who were in",
        "mid-call were looked up in the group first. The pace is for show: do not copy it",
        "",
        Text("What to try next", "bold"),
        "  groupadd drip plan --help     your own people",
        "  groupadd demo                 what each outcome rests on",
    )
