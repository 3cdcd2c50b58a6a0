"""The tables of the commands. They are readable without colour, at 80 columns."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.json import JSON
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from groupadd.adding.observe import Membership
from groupadd.adding.preflight import Preflight
from groupadd.cli.dry_run import DryRun
from groupadd.cli.provider_info import ADDING, ProviderInfo
from groupadd.model.cleaning import one_line
from groupadd.model.outcome import AddOutcome, Evidence, ParticipantOutcome, Reason, Status
from groupadd.model.reasons import REASONS
from groupadd.model.roster import Member, Roster
from groupadd.model.wording import counted, counted_people, in_words
from groupadd.wire.endpoint import MEANINGS, Source

STYLES: Mapping[Status, str] = {
    Status.ADDED: "green",
    Status.ALREADY_MEMBER: "green",
    Status.INVITED: "cyan",
    Status.PENDING_APPROVAL: "cyan",
    Status.NOT_ADDED: "red",
    Status.UNKNOWN: "yellow",
}
_MEMBER: Mapping[bool | None, tuple[str, str]] = {
    True: ("yes", "green"),
    False: ("no", "red"),
    None: ("unknown", "yellow"),
}
_MAX_PROVIDER_TEXT = 32  # characters; a provider's text may be a whole page


def outcome(result: AddOutcome) -> RenderableType:
    """Return the table of an add: each person, then each reason with its next step, then the totals."""
    has_texts = any(person.provider_says for person in result)
    table = bare_table("Participant", "Status", "Why", "How known", "Provider said" if has_texts else "")
    for person in result:
        status = Text(in_words(person.status), STYLES[person.status])
        evidence = "" if person.evidence is Evidence.NONE else person.evidence.value
        table.add_row(plain(person.participant), status, why(person), evidence, _clipped(person.provider_says or ""))
    counts = {in_words(status): len(result.by_status(status)) for status in Status}
    needs_next_step = {person.reason: person.status is not Status.INVITED for person in result}
    return _page(table, needs_next_step, _totals(len(result), counts))


def why(person: ParticipantOutcome) -> str:
    """Return the reason in words, and the state of the invitation."""
    reason = in_words(person.reason or "")
    if person.invite is None:
        return reason
    return f"{reason}; {person.invite.kind} {person.invite.state or 'not sent'}".removeprefix("; ")


def memberships(people: Sequence[Membership]) -> RenderableType:
    """Return the table of a check."""
    table = bare_table("Participant", "In the group", "Why")
    counts = dict.fromkeys((word for word, _ in _MEMBER.values()), 0)
    for person in people:
        word, style = _MEMBER[person.member]
        counts[word] += 1
        table.add_row(plain(person.participant), Text(word, style), in_words(person.reason or ""))
    totals = {"in": counts["yes"], "not in": counts["no"], "unknown": counts["unknown"]}
    return _page(table, {person.reason: True for person in people}, _totals(len(people), totals))


def preflight(known: Preflight) -> RenderableType:
    """Return the tables of a preflight: the group, then the people."""
    group = bare_table("About the group", "")
    limit = f"{known.limit:,}" if known.limit_is_known else f"the usual {known.limit:,}"
    places = "unknown" if known.places_left is None else f"{known.places_left:,} of {limit}"
    proof = "yes" if known.provable else f"no: {in_words(known.why_not_provable or '')}"
    group.add_row("our account is in it", yes_or_no(known.in_group))
    group.add_row("our account may add people", yes_or_no(known.may_add))
    group.add_row("people wait for approval, unless an admin adds them", yes_or_no(known.needs_approval))
    group.add_row("free places", places)
    group.add_row("looks can prove who is in", proof)
    people = bare_table("Participant", "In the group", "On WhatsApp")
    for person in known.participants:
        on_whatsapp = Text("not checked", "dim") if person.member else yes_or_no(person.on_whatsapp)
        people.add_row(plain(person.participant), yes_or_no(person.member), on_whatsapp)
    return Group(group, Text(), people) if known.participants else group


def yes_or_no(answer: bool | None) -> Text:
    """Return `yes`, `no` or `unknown`."""
    return Text(*_MEMBER[answer])


def roster(members: Roster) -> RenderableType:
    """Return the table of a group's members."""
    table = bare_table("Phone", "LID", "Role")
    for member in members.members:
        table.add_row(_phone(member), member.lid or "", member.role or "")
    whole = "the list is complete" if members.complete else "the list is not complete: other people may be in too"
    return _page(table, {}, f"{counted(len(members.members), 'member')}; {whole}")


def dry_run(planned: DryRun) -> RenderableType:
    """Return the plan of an add: the provider's first request, and the participants that it leaves out."""
    intro = f"Nothing was sent. {planned.provider} would be asked to add {counted_people(len(planned.would_ask))}"
    parts: list[RenderableType] = [intro, ""]
    if planned.request is not None:
        parts = [f"{intro}. The first request:", "", Text(f"  {planned.request.method} {planned.request.path}", "bold")]
        parts += [indented(JSON.from_data(planned.request.json)), ""] if planned.request.json is not None else [""]
    if planned.would_skip:
        parts += [Text("Repeated, and asked for only once: ") + Text(", ").join(map(plain, planned.would_skip)), ""]
    if planned.looks_before:
        parts += [Text("A look before the add skips participants who are members already", "dim")]
    return Group(*parts)


def explained(reasons: Mapping[Reason | None, bool]) -> Table:
    """Return each reason with its meaning.

    Args:
        reasons: Whether to show the reason's next step too, by reason.
    """
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for reason, needs_next_step in reasons.items():
        if reason is None:
            continue
        explanation = REASONS[reason]
        table.add_row(Text(in_words(reason), "bold"), explanation.meaning)
        if needs_next_step and explanation.next_step is not None:
            table.add_row("", Text(f"→ {explanation.next_step}".replace("`", ""), "dim"))
    return table


def providers(installed: Iterable[ProviderInfo]) -> RenderableType:
    """Return the table of installed provider types."""
    table = bare_table("Type", "From", "Abilities besides adding people")
    for info in installed:
        abilities = info.abilities
        shown = f"see groupadd providers {info.name}" if abilities is None else ", ".join(map(_ability, abilities))
        table.add_row(info.name, info.origin, shown)
    return Group(table, "", Text("groupadd providers TYPE shows its config fields and its sources", "dim"))


def provider(info: ProviderInfo) -> RenderableType:
    """Return everything about one provider type: its answers, its abilities and their sources, its config fields."""
    rests_on = {name: ", ".join(sources) or "no source named" for name, sources in info.rests_on.items()}
    answers = "report each person" if info.reports_each_person else "omit people; looks at the group show the outcome"
    summary = _grid({"from": info.origin, "answers": answers, "proof": info.proven})
    abilities = bare_table("Ability", "", "Rests on")
    abilities.add_row("adds people", "", rests_on[ADDING])
    for name, meaning in (info.abilities or {}).items():
        abilities.add_row(_ability(name), Text(meaning, "dim"), rests_on[name])
    used = {source for sources in info.rests_on.values() for source in sources}
    legend = _grid({source: MEANINGS[source] for source in Source if source in used})
    return Group(Text(info.name, "bold"), "", summary, "", abilities, "", legend, "", _config_fields(info))


def _config_fields(info: ProviderInfo) -> Table:
    table = bare_table("Config field", "", "Default")
    for field in info.fields:
        need = "required" if field.required else "optional"
        default = "" if field.default is None else str(field.default)
        table.add_row(field.name, f"{need}, secret" if field.secret else need, default)
    return table


def _grid(rows: Mapping[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for name, text in rows.items():
        grid.add_row(Text(name, "dim"), text)
    return grid


def _ability(name: str) -> str:
    """Return the name of an ability's protocol in words: `ListsParticipants` is `lists participants`."""
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).strip()


def plain(text: str) -> Text:
    """Return a text from elsewhere in one line, without markup and control characters."""
    return Text(one_line(text))


def indented(view: RenderableType) -> Padding:
    """Return a view indented by two columns."""
    return Padding(view, (0, 0, 0, 2), expand=False)


def _clipped(text: str) -> Text:
    return plain(text if len(text) <= _MAX_PROVIDER_TEXT else f"{text[: _MAX_PROVIDER_TEXT - 1]}…")


def bare_table(*columns: str) -> Table:
    """Return a table with headings and without lines."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def _page(table: Table, reasons: Mapping[Reason | None, bool], totals: str) -> Group:
    notes = explained(reasons)
    if not notes.row_count:
        return Group(table, "", Text(totals, "bold"))
    return Group(table, "", notes, "", Text(totals, "bold"))


def _totals(total: int, counts: Mapping[str, int]) -> str:
    return f"{counted_people(total)}: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _phone(member: Member) -> str:
    return f"+{member.phone}" if member.phone else ""
