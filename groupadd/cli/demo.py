"""The whole story in under 20 seconds: the same six people, through two providers that do not speak alike.

It is the real client with the real adapters, over the sandbox, in this process. At a terminal its pauses are real;
elsewhere they take no time.
"""

import tomllib
from collections.abc import Sequence
from contextlib import nullcontext

import attrs
from attrs import frozen
from rich.table import Table
from rich.text import Text

from groupadd.cli import tables
from groupadd.cli.exit_codes import Exit
from groupadd.cli.output import Output
from groupadd.cli.sandbox import TELLS_MUCH, TELLS_NOTHING, sandboxes
from groupadd.client import Client
from groupadd.config.load import load
from groupadd.model.outcome import AddOutcome, ParticipantOutcome, Status
from groupadd.model.wording import in_words
from groupadd.sandbox import ExamplePerson, Sandbox, VirtualClock, config_toml, example_people, example_world
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process
from groupadd.wire.driver import Clock, SystemClock

LOOK_AFTER_S = (1.0, 3.0)
PAUSE_S = 1.2  # between two parts of the story, at a terminal
_COMMAND = (Text.assemble(("  $ ", "dim"), f"groupadd add {GROUP} --from people.txt"), "")


@frozen
class Run:
    """One half of the story: six people added through one provider, in a town where nothing has happened yet.

    Attributes:
        outcome: What became of them.
        truly_in: Who really is in the group afterwards, as the sandbox alone knows, in the same order.
        looks: How often the group was looked at.
    """

    outcome: AddOutcome
    truly_in: tuple[bool, ...]
    looks: int

    @property
    def true(self) -> bool:
        """Whether everything is known, and nothing said that is not so."""
        said = tuple(person.is_in for person in self.outcome)
        return said == self.truly_in and not self.outcome.by_status(Status.UNKNOWN)


def play(screen: Output, clock: Clock | None = None) -> Exit:
    """Tell the story.

    Args:
        screen: Where it is told.
        clock: By which its pauses pass; None: the machine's at a terminal, else one that does not keep anybody waiting.
    """
    clock = clock or (SystemClock() if screen.is_interactive else VirtualClock())
    town = example_world(clock)
    people = example_people(town)
    speaking = {name: Sandbox.for_vendor(name, town) for name in (TELLS_MUCH, TELLS_NOTHING)}
    config = config_toml({name: one.config("http://sandbox") for name, one in speaking.items()})
    swapped = config.replace(TELLS_MUCH, TELLS_NOTHING, 1)

    screen.print(Text("The same six people, through two providers that do not speak alike", "bold"), "")
    screen.print(tables.indented(sandboxes(people)), "")
    clock.sleep(PAUSE_S)

    much = TELLS_MUCH.capitalize()
    _chapter(screen, 1, f"Through {much}, which speaks of each person")
    screen.print(tables.indented(Text(config.rstrip())), "", *_COMMAND)
    clock.sleep(PAUSE_S)
    first = _run(screen, config, people, clock)
    screen.print(tables.outcome(first.outcome), "")
    screen.print(f"{much} spoke of each person. Looks at the group: {first.looks or 'none'}", "")
    clock.sleep(PAUSE_S)

    nothing = TELLS_NOTHING.capitalize()
    _chapter(screen, 2, f'Through {nothing}, which says {{"ok": true}} whatever happens')
    screen.print("  One word of groupadd.toml changes:", "")
    for sign, style, text in (("-", "red", config), ("+", "green", swapped)):
        screen.print(Text(f"  {sign} {text.partition(chr(10))[0]}", style))
    screen.print("", *_COMMAND)
    clock.sleep(PAUSE_S)
    second = _run(screen, swapped, people, clock)
    screen.print(tables.outcome(second.outcome), "")
    screen.print(f"{nothing} spoke of nobody. Looks at the group: {second.looks or 'none'}", "")
    clock.sleep(PAUSE_S)

    same = [person.status for person in first.outcome] == [person.status for person in second.outcome]
    agree = same and first.true and second.true
    _chapter(screen, 3, "The same truth")
    screen.print(_side_by_side(people, first, second), "", *_moral(agree=agree))
    if screen.json:
        outcomes = [first.outcome.as_dict(), second.outcome.as_dict()]
        screen.show({"people": [attrs.asdict(one) for one in people], "outcomes": outcomes, "agree": agree}, "")
    return Exit.EVERYONE_IN if agree else Exit.UNKNOWN


def _run(screen: Output, config: str, people: Sequence[ExamplePerson], clock: Clock) -> Run:
    chosen = load(tomllib.loads(config), environ={}).provider()
    world = example_world(clock)
    sandbox = Sandbox.for_vendor(chosen.type, world)
    with (
        in_process(sandbox.handle, clock) as http,
        Client(chosen.provider, name=chosen.name, look_after_s=LOOK_AFTER_S, http=http, clock=clock) as client,
        screen.progress() if screen.is_interactive else nullcontext(),
    ):
        outcome = client.add(GROUP, [one.phone for one in people])
    truly_in = tuple(world.is_member(GROUP, one.phone.removeprefix("+")) for one in people)
    return Run(outcome, truly_in, sum(request.route == "list" for request in sandbox.requests))


def _chapter(screen: Output, number: int, title: str) -> None:
    screen.print(Text.assemble((f"{number}  ", "cyan"), (title, "bold")), "")


def _side_by_side(people: Sequence[ExamplePerson], first: Run, second: Run) -> Table:
    table = tables.bare_table("", f"through {TELLS_MUCH}", f"through {TELLS_NOTHING}", "in truth")
    for one, told, seen, truly_in in zip(people, first.outcome, second.outcome, first.truly_in, strict=True):
        table.add_row(one.name, _verdict(told), _verdict(seen), "in" if truly_in else "not in")
    return table


def _verdict(person: ParticipantOutcome) -> Text:
    reason = in_words(person.reason or "")
    return Text.assemble(
        (in_words(person.status), tables.STYLES[person.status]), (f", {reason}" if reason else "", "dim")
    )


def _moral(*, agree: bool) -> Sequence[Text | str]:
    if not agree:
        return (Text("The two do not agree. That is a bug in groupadd; please report it", "bold red"),)
    much, nothing = TELLS_MUCH.capitalize(), TELLS_NOTHING.capitalize()
    return (
        Text("Status for status they agree, with each other and with what the sandbox knows", "bold"),
        f"Only the reasons differ: {much} says why. {nothing} does not; the group shows who is "
        "not in, and groupadd calls that a silent refusal rather than guess",
        "",
        Text("What to try next", "bold"),
        "  groupadd sandbox       these people on a local server, with a config to paste",
        "  groupadd providers     who can be asked, and what each can do",
        "  groupadd add --help    your own group",
    )
