"""`groupadd demo`: the same six people through two providers, one that reports each person and one that only accepts.

The demo runs the real client and adapters over the sandbox, in this process. Pauses are real on a terminal only.
"""

import tomllib
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated

from attrs import frozen
from rich.table import Table
from rich.text import Text

from groupadd.cli import tables
from groupadd.cli.exit_codes import Exit
from groupadd.cli.options import Flag, Json
from groupadd.cli.output import Output
from groupadd.cli.sandbox import ACCEPTING, REPORTING, people_table
from groupadd.client import Client
from groupadd.config.load import load
from groupadd.model.json_form import to_json
from groupadd.model.outcome import AddOutcome, ParticipantOutcome, Status
from groupadd.model.wording import in_words
from groupadd.sandbox import ExamplePerson, Sandbox, VirtualClock, config_toml, example_people, example_world
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process
from groupadd.wire.driver import Clock, SystemClock

LOOK_AFTER_S = (1.0, 3.0)
PAUSE_S = 1.2  # between two parts of the demo, on a terminal
_COMMAND = (Text.assemble(("  $ ", "dim"), f"groupadd add {GROUP} --from people.txt"), "")


@frozen
class Run:
    """The result of one provider: six people added in a new example world.

    Attributes:
        outcome: The outcome of the add.
        truly_in: Whether each person is really in the group afterwards, in the order of the outcome.
        looks: The number of looks at the group.
    """

    outcome: AddOutcome
    truly_in: tuple[bool, ...]
    looks: int

    @property
    def true(self) -> bool:
        """Whether the outcome has no `unknown` and agrees with the truth."""
        reported = tuple(person.is_in for person in self.outcome)
        return reported == self.truly_in and not self.outcome.by_status(Status.UNKNOWN)


def play(output: Output, clock: Clock | None = None) -> Exit:
    """Play the demo.

    Args:
        output: The output.
        clock: The clock of the pauses; None: the machine's on a terminal, else a clock that does not wait.
    """
    clock = clock or (SystemClock() if output.is_interactive else VirtualClock())
    world = example_world(clock)
    people = example_people(world)
    sandboxes = {name: Sandbox.for_vendor(name, world) for name in (REPORTING, ACCEPTING)}
    config = config_toml({name: one.config("https://sandbox") for name, one in sandboxes.items()})
    swapped = config.replace(REPORTING, ACCEPTING, 1)

    output.print(Text("The same six people, through two providers whose answers differ", "bold"), "")
    output.print(tables.indented(people_table(people)), "")
    clock.sleep(PAUSE_S)

    reporting = REPORTING.capitalize()
    _chapter(output, 1, f"{reporting}, which reports each person")
    output.print(tables.indented(Text(config.rstrip())), "", *_COMMAND)
    clock.sleep(PAUSE_S)
    first = _run(output, config, people, clock)
    output.print(tables.outcome(first.outcome), "")
    output.print(f"{reporting} reported each person. Looks at the group: {first.looks or 'none'}", "")
    clock.sleep(PAUSE_S)

    accepting = ACCEPTING.capitalize()
    _chapter(output, 2, f'{accepting}, which answers {{"ok": true}} whatever happens')
    output.print("  One word of groupadd.toml changes:", "")
    for sign, style, text in (("-", "red", config), ("+", "green", swapped)):
        output.print(Text(f"  {sign} {text.partition(chr(10))[0]}", style))
    output.print("", *_COMMAND)
    clock.sleep(PAUSE_S)
    second = _run(output, swapped, people, clock)
    output.print(tables.outcome(second.outcome), "")
    output.print(f"{accepting} reported none of them. Looks at the group: {second.looks or 'none'}", "")
    clock.sleep(PAUSE_S)

    same = [person.status for person in first.outcome] == [person.status for person in second.outcome]
    agree = same and first.true and second.true
    _chapter(output, 3, "The same truth")
    output.print(_comparison(people, first, second), "", *_conclusion(agree=agree))
    if output.json:
        outcomes = [first.outcome.as_dict(), second.outcome.as_dict()]
        output.show({"people": [to_json(one) for one in people], "outcomes": outcomes, "agree": agree}, "")
    return Exit.EVERYONE_IN if agree else Exit.UNKNOWN


def _run(output: Output, config: str, people: Sequence[ExamplePerson], clock: Clock) -> Run:
    configured = load(tomllib.loads(config), environ={}).provider()
    world = example_world(clock)
    sandbox = Sandbox.for_vendor(configured.type, world)
    with (
        in_process(sandbox.handle, clock) as http,
        Client(configured.provider, name=configured.name, look_after_s=LOOK_AFTER_S, http=http, clock=clock) as client,
        output.progress() if output.is_interactive else nullcontext(),
    ):
        outcome = client.add(GROUP, [one.phone for one in people])
    truly_in = tuple(world.is_member(GROUP, one.phone.removeprefix("+")) for one in people)
    return Run(outcome, truly_in, sum(request.route == "list" for request in sandbox.requests))


def _chapter(output: Output, number: int, title: str) -> None:
    output.print(Text.assemble((f"{number}  ", "cyan"), (title, "bold")), "")


def _comparison(people: Sequence[ExamplePerson], first: Run, second: Run) -> Table:
    table = tables.bare_table("", f"through {REPORTING}", f"through {ACCEPTING}", "in truth")
    for one, by_first, by_second, truly_in in zip(people, first.outcome, second.outcome, first.truly_in, strict=True):
        table.add_row(one.name, _verdict(by_first), _verdict(by_second), "in" if truly_in else "not in")
    return table


def _verdict(person: ParticipantOutcome) -> Text:
    reason = in_words(person.reason or "")
    return Text.assemble(
        (in_words(person.status), tables.STYLES[person.status]), (f", {reason}" if reason else "", "dim")
    )


def _conclusion(*, agree: bool) -> Sequence[Text | str]:
    if not agree:
        return (Text("The two do not agree. That is a bug in groupadd; please report it", "bold red"),)
    reporting, accepting = REPORTING.capitalize(), ACCEPTING.capitalize()
    return (
        Text("Every status agrees with the other provider and with the truth", "bold"),
        f"Only the reasons differ: {reporting} says why a person is not in, {accepting} does not.",
        "groupadd saw that the person is not in, and reports a silent refusal.",
        "",
        Text("What to try next", "bold"),
        "  groupadd sandbox       these people on a local server, with a config to paste",
        "  groupadd providers     the providers, and what each can do",
        "  groupadd add --help    your own group",
    )


def demo(*, drip: Annotated[bool, Flag] = False, json: Json = False) -> Exit:
    """Watch groupadd add six people on a built-in sandbox: no account, no network, under 20 seconds.

    Args:
        drip: Watch two accounts add 40 people instead, with a kill in the middle.
        json: Print one JSON object.
    """
    if drip:
        from groupadd.cli.drip.demo import play as play_drip  # noqa: PLC0415  needs the extra `drip`

        return play_drip(Output(json=json))
    return play(Output(json=json))
