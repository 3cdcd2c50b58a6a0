"""The tables of the docs that are derived from the code; `docs.generate` writes them into the pages."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence

import attrs

from groupadd.adding.verdict import decide
from groupadd.cli import provider_info
from groupadd.cli.provider_info import ADDING
from groupadd.model import codes
from groupadd.model.codes import Meaning
from groupadd.model.outcome import Evidence, Reason
from groupadd.model.reasons import REASONS
from groupadd.model.roster import Observation
from groupadd.settings import AddSettings, PaceSettings
from groupadd.wire.endpoint import LETTERS, MEANINGS

BAR = r"\|"

_IN, _OUT = Observation(member=True), Observation(member=False)
_NO_PROOF = Observation(None, Reason.STALE_ROSTER, complete=False)
_LISTED = Observation(None, Reason.STALE_ROSTER, listed=True)

CLAIMS: Mapping[str, Meaning] = {
    "added": codes.ADDED,
    "a member already": codes.ALREADY_MEMBER,
    "not added, with a reason": codes.PRIVACY,
    "invited": codes.INVITED,
    "waits for approval": codes.PENDING_APPROVAL,
    "accepted, no more": codes.ACCEPTED,
    "nothing that can be used": codes.NO_ANSWER,
    "WhatsApp was not asked": codes.not_asked(Reason.NOT_ON_WHATSAPP),
}
BEFORE: Mapping[str, Observation | None] = {
    "no look before, or one that proves nothing": None,
    "not in before": _OUT,
    "in before": _IN,
}
AFTER: Mapping[str, tuple[Observation, ...]] = {
    "No look afterwards": (),
    "Looks that prove nothing": (_NO_PROOF, _NO_PROOF),
    "Seen in a complete list": (_IN,),
    "Seen in an incomplete list": (Observation(member=True, complete=False),),
    "A row in a list that may hold people who have left": (_LISTED, _LISTED),
    "Missing from one complete list": (_OUT,),
    "Missing from the last two complete lists": (_OUT, _OUT),
    "Seen, then missing from the last two": (_IN, _OUT, _OUT),
}


def verdicts() -> str:
    """Return a table for everything that looks may show afterwards: claim by look before, as `settle` decides."""
    return "\n\n".join(f"**{shown}**\n\n{_verdicts_after(looks)}" for shown, looks in AFTER.items())


def _verdicts_after(after: tuple[Observation, ...]) -> str:
    claims_by_verdicts: dict[tuple[str, ...], list[str]] = {}
    for claim, meaning in CLAIMS.items():
        row = tuple(_verdict(meaning, before, after) for before in BEFORE.values())
        claims_by_verdicts.setdefault(row, []).append(claim)
    everything = "whatever it says" if len(claims_by_verdicts) == 1 else None
    rows = [(everything or "; ".join(claims), *row) for row, claims in claims_by_verdicts.items()]
    return table(("the provider says", *BEFORE), rows)


def _verdict(claim: Meaning, before: Observation | None, after: tuple[Observation, ...]) -> str:
    status, reason, evidence = decide(claim, before, after)
    words = [f"`{status}`"]
    if reason is not None:
        words.append("the claim's reason" if reason is claim.reason else f"`{reason}`")
    if evidence is not Evidence.NONE:
        words.append(f"*{evidence}*")
    return ", ".join(words)


def reasons() -> str:
    """Return the table of every reason, what it means, and what to do next."""
    return table(
        ("reason", "meaning", "what to do next"),
        ((f"`{reason}`", words.meaning, words.next_step or "nothing") for reason, words in REASONS.items()),
    )


def matrix() -> str:
    """Return the table of what each built-in provider can do, and what that rests on, from its methods and sources."""
    built_in = _built_in()
    meanings = {name: meaning for kind in built_in for name, meaning in (kind.abilities or {}).items()}
    rows = [
        ("Reports on each person", *(_mark(holds=kind.reports_each_person) for kind in built_in)),
        ("Adds people", *(", ".join(kind.rests_on[ADDING]) for kind in built_in)),
        *(
            (_short(meaning), *(", ".join(kind.rests_on.get(name, ())) for kind in built_in))
            for name, meaning in meanings.items()
        ),
    ]
    proven = " ".join(f"`{kind.name}`: {kind.proven}." for kind in built_in)
    if len(all_alike := {kind.proven for kind in built_in}) == 1:
        proven = f"All of them: {all_alike.pop()}."
    legend = "; ".join(f"*{source}*: {meaning}" for source, meaning in MEANINGS.items())
    head = ("", *(f"`{kind.name}`" for kind in built_in))
    return f"{table(head, rows)}\n\nWhat each ability rests on: {legend}. {proven}"


def _built_in() -> Sequence[provider_info.ProviderInfo]:
    return [kind for kind in provider_info.installed() if kind.loaded is not None]


def _short(meaning: str) -> str:
    return re.split("[:,]", meaning)[0]


def _mark(*, holds: bool) -> str:
    return "✓" if holds else ""


def fields() -> str:
    """Return a table of config fields for every built-in provider."""
    return "\n\n".join(f'**`type = "{kind.name}"`**\n\n{_fields(kind)}' for kind in _built_in())


def _fields(kind: provider_info.ProviderInfo) -> str:
    assert kind.loaded is not None
    meanings = described(kind.loaded)
    rows = []
    for field in kind.fields:
        default = "required" if field.required else _default(field.default)
        secret = " A secret." if field.secret else ""
        rows.append((f"`{field.name}`", default, meanings[field.name] + secret))
    return table(("field", "default", "meaning"), rows)


def letters() -> str:
    """Return the table of the letters by which adapters cite their sources."""
    letters = {source: [f"`{letter}`" for letter, cited in LETTERS.items() if cited is source] for source in MEANINGS}
    rows = ((", ".join(letters[source]), source, meaning) for source, meaning in MEANINGS.items())
    return table(("letter", "in the matrix", "meaning"), rows)


def sources() -> str:
    """Return for every built-in provider the documents that its module names as its sources."""
    return "\n\n".join(f"**`{kind.name}`**: {_module_doc(kind)}" for kind in _built_in())


def _module_doc(kind: provider_info.ProviderInfo) -> str:
    return inspect.getdoc(inspect.getmodule(kind.loaded)) or ""


def add_settings() -> str:
    """Return the table of the keys of `[add]`."""
    return _settings(AddSettings)


def drip_settings() -> str:
    """Return the table of the keys of `[drip]`."""
    return _settings(PaceSettings)


def _settings(kind: type[attrs.AttrsInstance]) -> str:
    meanings = described(kind)
    rows = [(f"`{one.name}`", _default(one.default), meanings[one.name]) for one in attrs.fields(kind)]
    return table(("key", "default", "meaning"), rows)


def _default(value: object) -> str:
    match value:
        case None:
            return "none"
        case tuple():
            return f"`[{', '.join(f'{item:g}' for item in value)}]`"
        case str():
            return f'`"{value}"`'
        case _:
            return f"`{value:g}`"


def described(cls: type) -> Mapping[str, str]:
    """Return what a class's docstring says of its attributes, by the names that arguments and configs have for them."""
    names = {one.name: one.alias or one.name for one in attrs.fields(cls)}
    found = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", inspect.getdoc(cls) or "", re.MULTILINE)
    return {names[name]: " ".join(text.split()) for name, text in found if name in names}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a vertical bar in a cell is escaped, in code as well."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cell.replace('|', BAR) for cell in line)} |" for line in lines)
