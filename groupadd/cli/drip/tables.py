"""The tables of `groupadd drip`: what was planned, and the status of each account."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from attrs import frozen
from rich.console import Group, RenderableType
from rich.text import Text

from groupadd.adding.preflight import Preflight
from groupadd.cli.tables import STYLES, bare_table, plain, yes_or_no
from groupadd.drip import AccountStatus, DripStatus, Plan
from groupadd.model.cleaning import one_line
from groupadd.model.masking import masked
from groupadd.model.outcome import Status
from groupadd.model.wording import counted, counted_people, duration, in_words
from groupadd.settings import PaceSettings

_STATES: Mapping[str, str] = {
    "ready": "cyan",
    "running": "green",
    "resting": "cyan",
    "stopped": "bold red",
    "done": "dim",
}
_MOST_FAULTS = 20  # that are shown; `export` and `--json` show all


@frozen
class Place:
    """The people of a plan that one account adds to one group.

    Attributes:
        provider: The account, by its configured name.
        group: The group's JID.
        people: How many people.
        preflight: What is known before the adds; None where the account could not be asked.
        error: Why it could not be asked, or None.
    """

    provider: str
    group: str
    people: int
    preflight: Preflight | None
    error: str | None


def plan(planned: Plan, places: Sequence[Place], now: datetime, *, is_shared: bool = False) -> RenderableType:
    """Return what a plan added to the ledger, what is known of each group, and the forecast."""
    parts: list[RenderableType] = [Text(f"{counted_people(planned.people)} planned", "bold")]
    if planned.planned_before and not planned.people:
        rows = counted(planned.planned_before, "row")
        parts = [Text(f"nothing new: all participants in {rows} are planned for the same group already")]
    elif planned.planned_before:
        parts.append(
            f"{planned.planned_before:,} more are planned for the same group already, and are not planned twice"
        )
    if planned.faults:
        parts += ["", Text(f"{counted(len(planned.faults), 'row')} cannot be used:", "yellow"), _faults(planned.faults)]
    if places:
        parts += ["", _places(places)]
        parts += [Text(one_line(f"{place.provider}: {place.error}"), "yellow") for place in places if place.error]
        parts += ["", *(plain(_end(name, at, now)) for name, at in sorted(planned.ends_at.items()))]
    parts += [Text(f"\nwarning: {warning}", "yellow") for warning in planned.warnings]
    if planned.ends_at:
        unless = ", unless workers run the account already" if is_shared else ""
        parts.append(f"\nNothing is sent yet: `groupadd drip run` begins{unless}")
    return Group(*parts)


def _faults(faults: Mapping[int, str]) -> RenderableType:
    table = bare_table("Line", "Why")
    for line, why in list(faults.items())[:_MOST_FAULTS]:
        table.add_row(str(line), plain(why))
    hidden = len(faults) - _MOST_FAULTS
    return Group(table, f"and {hidden:,} more: `groupadd drip export` shows all") if hidden > 0 else table


def _places(places: Sequence[Place]) -> RenderableType:
    table = bare_table("Account", "Group", "People", "May add", "Places left", "Provable")
    for one in places:
        known = one.preflight
        cells = (
            ("", "", "")
            if known is None
            else (yes_or_no(known.may_add), _places_left(known), yes_or_no(known.provable))
        )
        table.add_row(plain(one.provider), plain(one.group), f"{one.people:,}", *cells)
    return table


def _places_left(known: Preflight) -> str:
    return "unknown" if known.places_left is None else f"{known.places_left:,}"


def _end(name: str, at: datetime, now: datetime) -> str:
    when = at.astimezone().strftime("%a %d %b %H:%M")
    return f"{name} would end in {duration((at - now).total_seconds())}, {when}, if nothing goes wrong"


def status(drip_status: DripStatus, pace: PaceSettings, now: datetime) -> RenderableType:
    """Return the status of each account, why accounts have stopped, and the totals."""
    return Group(accounts(drip_status, pace, now), "", *stops(drip_status), _sum(drip_status))


def accounts(drip_status: DripStatus, pace: PaceSettings, now: datetime) -> RenderableType:
    """Return one line for each account: its progress, its pace and its next add."""
    table = bare_table("Account", "State", "Done", "To do", "Last minute", "Next add", "Time left")
    for one in drip_status.accounts:
        table.add_row(
            plain(one.provider),
            Text(one.state, _STATES[one.state]),
            f"{one.done:,}",
            f"{one.left:,}",
            f"{one.adds_in_last_minute} of {pace.adds_per_minute:g}",
            _next(one, now),
            _time_left(one),
        )
    return table


def _next(one: AccountStatus, now: datetime) -> str:
    if one.state in {"stopped", "done"} or one.next_at is None:
        return ""
    seconds = (one.next_at - now).total_seconds()
    return f"in {duration(seconds)}" if seconds >= 1 else "now"


def _time_left(one: AccountStatus) -> str:
    if one.state in {"stopped", "done"}:
        return ""
    return "looks only" if one.eta_s is None else duration(one.eta_s)


def stops(drip_status: DripStatus) -> Sequence[RenderableType]:
    """Return why accounts have stopped, each with how to go on."""
    return [
        Text.assemble(
            (one_line(one.provider), "bold"),
            f" has stopped: {one_line(one.why or '')}",
            (f"\n  → {one.how_to_go_on}", "dim"),
            "\n",
        )
        for one in drip_status.accounts
        if one.state == "stopped"
    ]


def _sum(drip_status: DripStatus) -> Text:
    parts = [
        Text(f"{drip_status.counts[status]:,} {in_words(status)}", STYLES[status])
        for status in Status
        if drip_status.counts.get(status, 0)
    ]
    to_do = [Text(f"{drip_status.left:,} to do")] if drip_status.left else []
    return Text(f"{counted_people(drip_status.people)}: ", "bold") + Text(", ").join([*parts, *to_do])


def account_line(one: AccountStatus, pace: PaceSettings, now: datetime) -> str:
    """Return the status of an account as one plain line, for logs."""
    fast = f"{one.adds_in_last_minute} of {pace.adds_per_minute:g} a minute"
    parts = [f"{one.done:,} done", f"{one.left:,} to do", fast]
    for name, value in (("next add", _next(one, now)), ("time left", _time_left(one))):
        if value:
            parts.append(f"{name} {value}")
    return one_line(f"{one.provider}: {one.state}; {', '.join(parts)}")


def masked_number(jid: str | None) -> str:
    """Return the masked number of a JID, empty where there is none."""
    return "" if jid is None else masked(jid.partition("@")[0])


def present() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)
