"""The tables that commands show. They can be read without colour, at 80 columns."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.json import JSON
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from groupadd.adding.observe import Membership
from groupadd.adding.preflight import Preflight
from groupadd.cli.dry_run import DryRun
from groupadd.cli.providers import ADDING, ProviderInfo
from groupadd.model.outcome import AddOutcome, Evidence, ParticipantOutcome, Reason, Status
from groupadd.model.reasons import REASONS
from groupadd.model.roster import Member, Roster
from groupadd.model.wording import counted, counted_people, in_words

STYLES: Mapping[Status, str] = {
    Status.ADDED: "green",
    Status.ALREADY_MEMBER: "green",
    Status.INVITED: "cyan",
    Status.PENDING_APPROVAL: "cyan",
    Status.NOT_ADDED: "red",
    Status.UNKNOWN: "yellow",
}
_YES_OR_NO: Mapping[bool | None, tuple[str, str]] = {
    True: ("yes", "green"),
    False: ("no", "red"),
    None: ("unknown", "yellow"),
}
_LONGEST_WORD = 32  # characters shown of a provider's own word, which may be a whole page


def outcome(result: AddOutcome) -> RenderableType:
    """Return the table of an add: every participant, then each reason once with the next step, then the totals."""
    own_word = "Provider said" if any(person.provider_says for person in result) else ""
    table = bare_table("Participant", "Status", "Why", "How known", own_word)
    for person in result:
        status = Text(in_words(person.status), STYLES[person.status])
        evidence = "" if person.evidence is Evidence.NONE else person.evidence.value
        table.add_row(plain(person.participant), status, why(person), evidence, _clipped(person.provider_says or ""))
    counts = {in_words(status): len(result.by_status(status)) for status in Status}
    to_do = {person.reason: person.status is not Status.INVITED for person in result}
    return _page(table, to_do, _sum(len(result), counts))


def why(person: ParticipantOutcome) -> str:
    """Return the reason in words, and the state of an invitation."""
    reason = in_words(person.reason or "")
    if person.invite is None:
        return reason
    return f"{reason}; {person.invite.kind} {person.invite.state or 'not sent'}".removeprefix("; ")


def memberships(people: Sequence[Membership]) -> RenderableType:
    """Return the table of a check."""
    table = bare_table("Participant", "In the group", "Why")
    counts = dict.fromkeys((word for word, _ in _YES_OR_NO.values()), 0)
    for person in people:
        word, style = _YES_OR_NO[person.member]
        counts[word] += 1
        table.add_row(plain(person.participant), Text(word, style), in_words(person.reason or ""))
    named = {"in": counts["yes"], "not in": counts["no"], "unknown": counts["unknown"]}
    return _page(table, {person.reason: True for person in people}, _sum(len(people), named))


def preflight(known: Preflight) -> RenderableType:
    """Return what is known before an add: the group first, then each participant."""
    group = bare_table("About the group", "")
    limit = f"{known.limit:,} fit in" if known.limit_is_told else f"{known.limit:,} usually fit in"
    places = "unknown" if known.places_left is None else f"{known.places_left:,} left; {limit}"
    proof = "yes" if known.provable else f"no: {in_words(known.why_not_provable or '')}"
    group.add_row("our account is in it", yes_or_no(known.in_group))
    group.add_row("our account may add people", yes_or_no(known.may_add))
    group.add_row("people wait for approval, unless an admin adds them", yes_or_no(known.needs_approval))
    group.add_row("places", places)
    group.add_row("looks can prove who is in", proof)
    people = bare_table("Participant", "In the group", "On WhatsApp")
    for person in known.participants:
        asked = Text("not asked", "dim") if person.member else yes_or_no(person.on_whatsapp)
        people.add_row(plain(person.participant), yes_or_no(person.member), asked)
    return Group(group, Text(), people) if known.participants else group


def yes_or_no(known: bool | None) -> Text:
    """Return yes, no or unknown."""
    return Text(*_YES_OR_NO[known])


def roster(read: Roster) -> RenderableType:
    """Return the table of a group's members."""
    table = bare_table("Phone", "LID", "Role")
    for member in read.members:
        table.add_row(_phone(member), member.lid or "", member.role or "")
    whole = "the list is complete" if read.complete else "the list is not complete: more people may be members"
    return _page(table, {}, f"{counted(len(read.members), 'member')}; {whole}")


def dry_run(rehearsed: DryRun) -> RenderableType:
    """Return the first request of an add, as the provider would receive it."""
    asked = f"Nothing was sent. {rehearsed.provider} would be asked for {counted_people(len(rehearsed.would_ask))}"
    parts: list[RenderableType] = [asked, ""]
    if rehearsed.request is not None:
        parts = [f"{asked}. The first request:", "", Text(f"  {rehearsed.request}", "bold")]
        parts += [indented(JSON.from_data(rehearsed.body)), ""] if rehearsed.body is not None else [""]
    if rehearsed.would_skip:
        parts += [
            Text("Listed twice, asked for once: ") + Text(", ").join(map(plain, rehearsed.would_skip)),
            "",
        ]
    if rehearsed.looks_before:
        parts += [Text("A look before the add skips participants who are members already", "dim")]
    return Group(*parts)


def explained(reasons: Mapping[Reason | None, bool]) -> Table:
    """Return each reason once, with its meaning and its next step.

    Args:
        reasons: The reasons; the value is whether to show the next step.
    """
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for reason, has_next in reasons.items():
        if reason is None:
            continue
        explanation = REASONS[reason]
        table.add_row(Text(in_words(reason), "bold"), explanation.meaning)
        if has_next and explanation.next_step is not None:
            table.add_row("", Text(f"→ {explanation.next_step}".replace("`", ""), "dim"))
    return table


def kinds(installed: Iterable[ProviderInfo]) -> RenderableType:
    """Return the table of installed types."""
    table = bare_table("Type", "From", "Besides adding, it")
    for kind in installed:
        can = kind.abilities
        abilities = f"(see `groupadd providers {kind.name}`)" if can is None else ", ".join(map(_ability, can))
        table.add_row(kind.name, kind.origin, abilities)
    return table


def kind_in_full(kind: ProviderInfo) -> RenderableType:
    """Return everything known about one type."""
    about = Table.grid(padding=(0, 2, 0, 0))
    answers = "report each person" if kind.reports_each_person else "only accept: looks at the group show the outcome"
    rests_on = {name: ", ".join(sources) or "no source" for name, sources in kind.rests_on.items()}
    rows = {"from": kind.origin, "answers": answers, "proven": kind.proven, "adding": f"rests on: {rests_on[ADDING]}"}
    for name, value in rows.items():
        about.add_row(Text(name, "dim"), value)
    can = bare_table("Besides adding, it", "", "Rests on")
    for name, meaning in (kind.abilities or {}).items():
        can.add_row(_ability(name), Text(meaning, "dim"), rests_on[name])
    keys = bare_table("Config field", "", "Default")
    for field in kind.fields:
        marks = [mark for mark, holds in (("required", field.required), ("secret", field.secret)) if holds]
        default = "" if field.default is None else str(field.default)
        keys.add_row(field.name, ", ".join(marks) or "optional", default)
    return Group(Text(kind.name, "bold"), "", about, "", can, "", keys)


def _ability(name: str) -> str:
    """Return the name of an ability's protocol in words: `ListsParticipants` is `lists participants`."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()


def plain(text: str) -> Text:
    """Return text from elsewhere as a terminal may show it: no markup, and each control character replaced."""
    return Text("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text))


def indented(view: RenderableType) -> Padding:
    """Return a view, indented by two columns."""
    return Padding(view, (0, 0, 0, 2), expand=False)


def _clipped(says: str) -> Text:
    return plain(says if len(says) <= _LONGEST_WORD else f"{says[: _LONGEST_WORD - 1]}…")


def bare_table(*columns: str) -> Table:
    """Return a table with these headings and no lines."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _page(table: Table, reasons: Mapping[Reason | None, bool], summary: str) -> Group:
    notes = explained(reasons)
    if not notes.row_count:
        return Group(table, "", Text(summary, "bold"))
    return Group(table, "", notes, "", Text(summary, "bold"))


def _sum(total: int, counts: Mapping[str, int]) -> str:
    return f"{counted_people(total)}: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _phone(member: Member) -> str:
    return f"+{member.phone}" if member.phone else ""
