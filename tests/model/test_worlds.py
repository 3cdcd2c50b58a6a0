"""Whole worlds through the real client, held against the truth and against a perfect reader.

CI runs a few hundred worlds, always the same. The nightly size is one command:

    GROUPADD_MODEL_WORLDS=20000 python -m pytest tests/model -q -s
"""

import os
from collections import Counter

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings

import groupadd
from groupadd import Evidence, GroupAddError, InviteState, Reason, Status
from groupadd.config.load import load
from groupadd.model.identity import Identity, identity
from groupadd.provider import ChecksNumbers, ResolvesLids
from groupadd.sandbox import Fault, Sandbox, SandboxPerson, VirtualClock, vendor_names
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.people import Privacy
from groupadd.sandbox.vendors.waha import Waha
from groupadd.sandbox.world import World
from groupadd.wire.driver import drive
from groupadd.wire.transport import HttpTransport
from tests.model.oracle import Reader, Witness, knowable
from tests.model.worlds import DIALLED, FAULTS, HUMANS, JID, PHONES, US, Scene, scenes

NIGHTLY = int(os.environ.get("GROUPADD_MODEL_WORLDS", "0"))
WORLDS = (NIGHTLY or 400) // len(vendor_names())
IN, OUT = {Status.ADDED, Status.ALREADY_MEMBER}, {Status.NOT_ADDED, Status.INVITED, Status.PENDING_APPROVAL}

tally: Counter[str] = Counter()  # of one provider


def play(scene: Scene) -> tuple[World, Witness, groupadd.AddOutcome | None]:
    """Run the add of a scene; None where the provider refused the whole request."""
    world = scene.world()
    sandbox = Sandbox.for_vendor(scene.provider, world)
    if isinstance(sandbox.vendor, Waha):
        sandbox.vendor = evolve(sandbox.vendor, engine=scene.engine)
    witness = Witness(sandbox)
    if scene.on_add:
        sandbox.faults.plan(FAULTS[scene.on_add], on="add")
    for route, planned in (("list", scene.on_list), ("check", scene.on_check)):
        for fault in planned:
            sandbox.faults.plan(FAULTS[fault] if fault else Fault(), on=route)
    config = {"providers": {"p": sandbox.config("http://sandbox.example")}}
    provider = load(config, environ={}).provider("p").provider
    http = in_process(witness.handle, world.clock)
    with groupadd.Client(provider, verify=scene.verify, invite=scene.invite, http=http, clock=world.clock) as client:
        try:
            return world, witness, client.add(JID, scene.asked)
        except GroupAddError:
            return world, witness, None


def was(world: World, phone: str, inside: bool, since: float, until: float) -> bool:
    """Return whether a person was in (or out) at any moment between two."""
    group = world.groups[JID]
    times = [since, until, *(at for at, _ in group._history.get(phone, ()) if since <= at <= until)]
    return any((group.role(phone, at) is not None) is inside for at in times)


def reader_of(provider: str) -> Reader:
    """Return what can be learned of people's names through a provider, tried on everybody, all on WhatsApp."""
    world = World(VirtualClock())
    world.open_account(US)
    world.add_people(*HUMANS)
    sandbox = Sandbox.for_vendor(provider, world)
    asked = load({"providers": {"p": sandbox.config("http://sandbox.example")}}, environ={}).provider().provider
    accounts: dict[str, str] = {}
    tells_lid = isinstance(asked, ResolvesLids)
    with in_process(sandbox.handle, world.clock) as http:
        transport = HttpTransport(asked.base_url, 30.0, http)
        assert isinstance(asked, ChecksNumbers)
        for phone in (*PHONES, *DIALLED):
            account = drive(asked.check_number(phone), transport, world.clock).account
            tells_lid |= account is not None and account.lid is not None
            if account is not None and account.phone is not None:
                accounts[phone] = account.phone
    return Reader(tells_lid, accounts)


@pytest.mark.parametrize("provider", vendor_names())
def test_verdicts_are_never_untrue_and_never_needlessly_unknown(provider: str) -> None:
    reader = reader_of(provider)

    @settings(
        max_examples=WORLDS,
        derandomize=not NIGHTLY,
        database=None,
        deadline=None,
        phases=(Phase.generate,),  # shrinking a whole world takes minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(scene=scenes(provider))
    def run(scene: Scene) -> None:
        world, witness, outcome = play(scene)
        tally["worlds"] += 1
        assert len(set(witness.bodies)) == len(witness.bodies), "an add was sent twice"
        if outcome is None:
            tally["refused as a whole"] += 1
            return
        judge_verdicts(scene, reader, world, witness, outcome)
        judge_messages(scene, world, witness, outcome)

    tally.clear()
    run()
    print(f"\n{provider}: {dict(tally)}")


def human_of(world: World, person: groupadd.ParticipantOutcome) -> SandboxPerson:
    human = world.find_person(names_of(person))
    assert human is not None
    return human


def names_of(person: groupadd.ParticipantOutcome) -> Identity:
    names = identity(person.id)
    assert names is not None
    return names


def judge_verdicts(scene: Scene, reader: Reader, world: World, witness: Witness, outcome: groupadd.AddOutcome) -> None:
    """Hold every verdict against the truth, and every unknown against what could be known."""
    ended, lag = world.clock.now(), scene.shown.lag_s
    if any(scene.on_check):
        reader = Reader(resolves_lids=False, accounts={})  # look-ups fail: nothing more is known for certain
    others = {
        name
        for person in outcome
        for names in (names_of(person), reader.names(human_of(world, person), names_of(person)))
        for name in (names.phone, names.lid)
        if name is not None
    }
    for person in outcome:
        names, human = names_of(person), human_of(world, person)
        tally[person.status] += 1
        lied_to = scene.lies and scene.verify != "always" and person.evidence is Evidence.REPORTED
        if person.status in IN and not lied_to:
            assert was(world, human.phone, True, -lag, ended), f"false in: {person}"
        if person.status in OUT:
            said_at = witness.added_at[0] if person.evidence is Evidence.REPORTED else witness.answered_at
            assert was(world, human.phone, False, said_at - lag, ended), f"false out: {person}"
        if person.status is Status.UNKNOWN and scene.verify != "never" and not scene.lies:
            excused = {Reason.CONTRADICTION, Reason.DUPLICATE}  # a duplicate is said what the first one is said
            needless = person.reason not in excused and knowable(reader, human, names, witness, others)
            assert not needless, f"needlessly unknown: {person}"


def judge_messages(scene: Scene, world: World, witness: Witness, outcome: groupadd.AddOutcome) -> None:
    """Hold every message against who was meant: one each, to people who were not in.

    A server may rewrite even a JID, and send to another account what was meant for one (Evolution, from its memory).
    The number check tells so before; where it fails, the answer tells so afterwards, and no invitation is called sent.
    """
    called_sent = {human_of(world, one).phone for one in outcome if one.invite and one.invite.state is InviteState.SENT}
    invited = {human_of(world, person).phone for person in outcome if person.invite and person.invite.state}
    asked = {human_of(world, person).phone for person in outcome}
    messages = [entry for entry in world.journal if entry.kind != "add"]  # WhatsApp Web sends some by itself
    others = {entry.to for entry in witness.sent} - invited
    assert not others or any(scene.on_check), "a message went to another account"
    reached = {entry.to for entry in messages}
    gone = {phone for phone in called_sent - reached if world.people[phone].privacy is not Privacy.NOT_ON_WHATSAPP}
    assert not gone, "a message that went to another account is called sent"
    assert {entry.to for entry in messages} <= asked | others, "a message went to a person who was not asked for"
    tally["messages to others, where the number check fails"] += len(others)
    assert len(witness.sent) == len({entry.to for entry in witness.sent}), "two messages went to one person"
    for entry in (entry for entry in witness.sent if entry.to in invited):
        tally["messages"] += 1
        assert was(world, entry.to, False, witness.added_at[0] - scene.shown.lag_s, entry.at), "a member was invited"
