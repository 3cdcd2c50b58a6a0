"""An example of each truth rule: a situation of the sandbox's example world, and the outcome that comes of it.

`docs.generate` carries the examples out and writes what comes of them into the pages.
"""

from collections.abc import Callable, Mapping, Sequence

from attrs import evolve, field, frozen

from groupadd import Client
from groupadd.config.load import load
from groupadd.model.outcome import AddOutcome, ParticipantOutcome
from groupadd.sandbox import Sandbox, SandboxPerson, VirtualClock, example_world, faults
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.faults import Fault
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.people import RosterView
from groupadd.sandbox.vendors.waha import Waha
from groupadd.settings import Verify

ADA, BEN, CLEO, DAN, EVE = "+1 202 555 0143", "+1 415 555 0126", "+1 312 555 0178", "+1 646 555 0199", "+1 503 555 0134"
KOSSI, KOSSI_DIGITS, KOSSI_OLD = "+229 01 97 00 01 01", "2290197000101", "22997000101"  # before Benin's 01 of 2024


@frozen
class Example:
    """One add, and what is special about it.

    Attributes:
        situation: What happens, in words.
        vendor: The provider's type.
        people: The participants.
        prepare: Prepares the sandbox for the situation.
        verify: Which looks are taken.
    """

    situation: str
    vendor: str
    people: Sequence[str]
    prepare: Callable[[Sandbox], object] = field(default=lambda sandbox: sandbox)
    verify: Verify = "auto"

    def outcome(self) -> AddOutcome:
        """Carry the add out, in virtual time."""
        clock = VirtualClock()
        sandbox = Sandbox.for_vendor(self.vendor, example_world(clock))
        self.prepare(sandbox)
        config = {"providers": {self.vendor: sandbox.config("https://sandbox")}}
        provider = load(config, environ={}).provider().provider
        with in_process(sandbox.handle, clock) as http, Client(provider, http=http, clock=clock) as client:
            return client.add(GROUP, self.people, verify=self.verify)


def _lies(sandbox: Sandbox) -> None:
    sandbox.vendor.account.lies = True


def _lists_people_who_left(sandbox: Sandbox) -> None:
    assert isinstance(sandbox.vendor, Waha)
    sandbox.vendor = evolve(sandbox.vendor, engine="WEBJS")
    sandbox.faults.plan(faults.LOST_BEFORE, on="add")


def _has_an_old_form(sandbox: Sandbox) -> None:
    person = SandboxPerson(KOSSI_OLD, "177005550000201", "Kossi", number_variants=frozenset({KOSSI_DIGITS}))
    sandbox.vendor.world.add_people(person)
    sandbox.vendor.world.join(GROUP, person.phone)


def _shows_lids_alone(sandbox: Sandbox) -> None:
    group = sandbox.vendor.world.groups[GROUP]
    group.addressing, group.roster_view = "lid", RosterView(both_names=False)


def _loses_the_answer(sandbox: Sandbox) -> None:
    sandbox.faults.plan(faults.LOST_AFTER, on="add")


def _refuses_half_way(sandbox: Sandbox) -> None:
    sandbox.faults.plan(Fault(), on="add")
    sandbox.faults.plan(faults.rate_limited(3600), on="add")


EXAMPLES: Mapping[str, Example] = {
    "believed": Example(
        'Wasend calls the add of Cleo a success. She is in no list afterwards: `verify="always"`',
        "wasend",
        [CLEO],
        _lies,
        "always",
    ),
    "accepted": Example(
        'Wawp answers `{"ok": true}` for Ada. No look is allowed: `verify="never"`', "wawp", [ADA], verify="never"
    ),
    "presence": Example(
        "WAHA's engine WEBJS still lists Eve, who has left the group. The answer to her add is lost",
        "waha",
        [EVE],
        _lists_people_who_left,
    ),
    "absence": Example("Wawp accepts the add of Cleo. The last two lists do not have her", "wawp", [CLEO]),
    "other_form": Example(
        "GOWA lists Kossi by his old number, and does not say whose it is", "gowa", [KOSSI, CLEO], _has_an_old_form
    ),
    "checked_form": Example(
        "Wawp lists Kossi in the same way. Its number check names his account", "wawp", [KOSSI, CLEO], _has_an_old_form
    ),
    "lid": Example(
        "GOWA lists everyone by LID alone. Nothing says which LID is Cleo's", "gowa", [CLEO, EVE], _shows_lids_alone
    ),
    "once": Example("The list names Ada twice", "wasend", [ADA, BEN, "12025550143@c.us"]),
    "lost": Example("Wasend adds Ada, and its answer is lost. One look finds her", "wasend", [ADA], _loses_the_answer),
    "never_asked": Example(
        'GREEN-API takes one person a request. It refuses the second request: `verify="never"`',
        "green_api",
        [ADA, EVE],
        _refuses_half_way,
        "never",
    ),
    "word": Example(
        "GOWA's own check says that Dan is not on WhatsApp. It does not ask WhatsApp to add him", "gowa", [DAN]
    ),
    "one_row": Example(
        "Evolution answers the add of Ada with one row, by a LID that groupadd has never seen",
        "evolution",
        [ADA],
        _shows_lids_alone,
    ),
}


def example(name: str) -> str:
    """Return an example as a quotation: the situation, and what comes of it."""
    one = EXAMPLES[name]
    return f"> {one.situation}.\n> {'; '.join(map(_verdict, one.outcome()))}."


def _verdict(person: ParticipantOutcome) -> str:
    reason = [f"`{person.reason}`"] if person.reason else []
    return ", ".join([f"`{person.participant}` is `{person.status}`", *reason, f"*{person.evidence}*"])
