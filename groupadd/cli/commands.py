"""The commands. Each reads its words, asks the client, shows what came of it, and returns its exit code."""

import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

from attrs import evolve, frozen
from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from groupadd import people_file
from groupadd.cli import demo as story
from groupadd.cli import providers as provider_types
from groupadd.cli import sandbox as sandbox_server
from groupadd.cli import tables
from groupadd.cli.dry_run import dry_run
from groupadd.cli.error_messages import defect, error_message, interruption, missing_extra
from groupadd.cli.exit_codes import Exit, of_check, of_outcome, of_preflight
from groupadd.cli.output import Output
from groupadd.client import Client
from groupadd.config.load import Config, ConfiguredProvider, load
from groupadd.errors import GroupAddError, Interrupted
from groupadd.model.identity import GroupId
from groupadd.model.outcome import AddOutcome
from groupadd.people_file import STDIN, People
from groupadd.settings import Invitation, Verify
from groupadd.wire.interrupt import CTRL_C

app: App = App(
    name="groupadd",
    help="Add people to WhatsApp groups through any provider, and know what became of each.",
    version=lambda: version("groupadd"),
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
app.command("groupadd.cli.drip.commands:app", name="drip", help="Add many people over days, and lose nobody.")


def _is_no_option(_: object, source: str | None) -> None:
    """Hold that what follows `--from` is a file or `-`; cyclopts lets every hyphen pass, or none."""
    if source is not None and source != STDIN and source.startswith("-"):
        raise ValueError("--from wants a file, or - for standard input")


Json = Annotated[bool, Parameter(name="--json", negative=())]
FromFile = Annotated[str | None, Parameter(name="--from", allow_leading_hyphen=True, validator=_is_no_option)]


@Parameter(name="*")
@frozen(kw_only=True)
class Through:
    """Who is asked, and how the answer is shown.

    Attributes:
        provider: The provider's name in the config; left out: the default one.
        config: The config file; left out: the usual places.
        json: Print one JSON object.
    """

    provider: str | None = None
    config: str | None = None
    json: Json = False

    def settle(self) -> tuple[Config, ConfiguredProvider]:
        """Read the config and build the provider.

        Raises:
            ConfigError: The configuration cannot be used.
        """
        settings = load(self.config)
        return settings, settings.provider(self.provider)


@Parameter(name="*")
@frozen(kw_only=True)
class Manner:
    """How people are added.

    Attributes:
        verify: When the group is looked at; auto: only where the answer leaves someone open.
        invite: How whoever could not be added is invited, where that makes sense; link: by the group's link;
            personal: by WhatsApp's own invitation.
        dry_run: Show what would be asked, and send nothing.
    """

    verify: Verify | None = None
    invite: Invitation | None = None
    dry_run: Annotated[bool, Parameter(negative=())] = False


@app.command
def add(
    group: str,
    /,
    *participants: str,
    from_: FromFile = None,
    manner: Manner = Manner(),
    through: Through = Through(),
) -> Exit:
    """Add people to a group, and say of each what happened.

    Args:
        group: The group's JID, such as 1203630000@g.us.
        participants: Phone numbers with country code, in any usual spelling, or JIDs.
        from_: A file of people, one a line or a CSV with a phone column; - reads standard input.
        manner: How they are added.
        through: Who is asked.
    """
    screen = Output(json=through.json)
    settings, chosen = through.settle()
    people = _people(screen, participants, from_)
    if manner.dry_run:
        said = settings.add
        terms = evolve(said, verify=manner.verify or said.verify, invite=manner.invite or said.invite)
        would = dry_run(chosen, group, people.given, terms)
        screen.show({**would.as_dict()}, tables.dry_run(would))
        return Exit.EVERYONE_IN
    with CTRL_C, _client(settings, chosen) as client:  # a second Ctrl-C does not keep the outcome from being printed
        try:
            with screen.progress():
                outcome, cut_short = client.add(group, people.given, verify=manner.verify, invite=manner.invite), False
        except Interrupted as cut:
            if not isinstance(cut.outcome, AddOutcome):
                raise
            outcome, cut_short = cut.outcome, True
        if cut_short:
            screen.info("interrupted; this is what is known so far\n")
        screen.show({**outcome.as_dict()}, tables.outcome(outcome))
    return Exit.INTERRUPTED if cut_short else of_outcome(outcome)


@app.command
def check(group: str, /, *participants: str, from_: FromFile = None, through: Through = Through()) -> Exit:
    """Say of each person whether they are in a group, adding nobody.

    Args:
        group: The group's JID, such as 1203630000@g.us.
        participants: Phone numbers with country code, in any usual spelling, or JIDs.
        from_: A file of people, one a line or a CSV with a phone column; - reads standard input.
        through: Who is asked.
    """
    screen = Output(json=through.json)
    settings, chosen = through.settle()
    people = _people(screen, participants, from_)
    with _client(settings, chosen) as client, screen.progress():
        memberships = client.check(group, people.given)
    rows = [
        {"participant": one.participant, "phone": one.phone, "id": one.id, "member": one.member, "reason": one.reason}
        for one in memberships
    ]
    screen.show(_about(chosen, group, participants=rows), tables.memberships(memberships))
    return of_check(memberships)


@app.command
def preflight(group: str, /, *participants: str, from_: FromFile = None, through: Through = Through()) -> Exit:
    """Say what is known before an add: whether we may, what room there is, who is in already. Adds nobody.

    Args:
        group: The group's JID, such as 1203630000@g.us.
        participants: Whom to ask about, as for add; nobody if left out.
        from_: A file of people, one a line or a CSV with a phone column; - reads standard input.
        through: Who is asked.
    """
    screen = Output(json=through.json)
    settings, chosen = through.settle()
    people = _people(screen, participants, from_).given if participants or from_ else ()
    with _client(settings, chosen) as client, screen.progress():
        known = client.preflight(group, people)
    screen.show({**known.as_dict()}, tables.preflight(known))
    return of_preflight(known)


@app.command
def members(group: str, /, *, through: Through = Through()) -> Exit:
    """List the members of a group.

    Args:
        group: The group's JID, such as 1203630000@g.us.
        through: Who is asked.
    """
    screen = Output(json=through.json)
    settings, chosen = through.settle()
    with _client(settings, chosen) as client, screen.progress():
        roster = client.members(group)
    rows = [{"phone": member.phone, "lid": member.lid, "role": member.role} for member in roster.members]
    screen.show(_about(chosen, group, complete=roster.complete, members=rows), tables.roster(roster))
    return Exit.EVERYONE_IN


@app.command
def providers(name: str | None = None, /, *, json: Json = False) -> Exit:
    """List the installed types of provider and what each can do.

    Args:
        name: A type, to be told all that is known of it.
        json: Print one JSON object.
    """
    screen = Output(json=json)
    if name is None:
        installed = provider_types.installed()
        screen.show({"providers": [kind.as_dict() for kind in installed]}, tables.kinds(installed))
    else:
        kind = provider_types.provider_info(name)
        screen.show({**kind.as_dict_in_full()}, tables.kind_in_full(kind))
    return Exit.EVERYONE_IN


@app.command
def demo(*, drip: Annotated[bool, Parameter(negative=())] = False, json: Json = False) -> Exit:
    """See the whole story on a built-in sandbox: no account, no network, under 20 seconds.

    Args:
        drip: See 40 people added by two accounts instead, with a kill in the middle.
        json: Print one JSON object.
    """
    if drip:
        from groupadd.cli.drip.demo import play  # noqa: PLC0415  needs the extra `drip`

        return play(Output(json=json))
    return story.play(Output(json=json))


@app.command
def sandbox(
    *,
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 0,
    provider: str | None = None,
    json: Json = False,
) -> Exit:
    """Serve a small WhatsApp on this machine that speaks the providers' wire formats, until Ctrl-C.

    Args:
        port: Where it listens; 0: any free port.
        provider: Speak this provider's wire format only.
        json: Print one JSON object.
    """
    return sandbox_server.serve(Output(json=json), port=port, provider=provider)


def run(tokens: Sequence[str]) -> Exit:
    """Run a command line and return its exit code; every error becomes words and a code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign is no reason to fail
    screen = Output(json="--json" in tokens)
    try:
        return Exit(app(tokens, exit_on_error=False, print_error=False) or 0)
    except (GroupAddError, CycloptsError) as error:
        return screen.show_error(error_message(error))
    except KeyboardInterrupt:
        return screen.show_error(interruption())
    except Exception as error:  # noqa: BLE001  Python would end with 1, which says that someone is not in
        if isinstance(error, ImportError) and (missing := missing_extra(error)):
            return screen.show_error(missing)
        screen.info(traceback.format_exc())
        return screen.show_error(defect(error))


def _people(screen: Output, participants: Sequence[str], source: str | None) -> People:
    """Return everybody who is named, on the command line and in a file.

    Raises:
        InvalidParticipant: Somebody cannot be parsed, or nobody was named; each fault with its place.
    """
    people = people_file.named(participants)
    if source == STDIN and sys.stdin is not None and sys.stdin.isatty():
        screen.info("type one person a line; end with Ctrl-D")
    if source is not None:
        people += people_file.read(source)
    people.require_all()
    return people


def _client(settings: Config, chosen: ConfiguredProvider) -> Client:
    return Client(chosen.provider, name=chosen.name, settings=settings.add)


def _about(chosen: ConfiguredProvider, group: str, **told: object) -> dict[str, object]:
    return {"provider": chosen.name, "type": chosen.type, "group": GroupId.parse(group).jid, **told}
