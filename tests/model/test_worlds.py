"""Whole worlds through the real client, held against the truth and against a perfect reader.

CI runs a few hundred worlds, always the same. The nightly size is one command:

    GROUPADD_MODEL_WORLDS=20000 python -m pytest tests/model -q -s
"""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import groupadd
from groupadd import GroupAddError, Reason, Status
from groupadd.config.load import load
from groupadd.model.identity import identity
from groupadd.provider import ChecksNumbers, ResolvesLids
from groupadd.sandbox import Sandbox, VirtualClock, vendor_names
from groupadd.sandbox.in_process import in_process
from groupadd.sandbox.world import World
from groupadd.wire.driver import drive
from groupadd.wire.transport import HttpTransport
from tests.model.oracle import Reader, Witness, knowable
from tests.model.worlds import BRAZIL, FAULTS, JID, US, Scene, scenes

NIGHTLY = int(os.environ.get("GROUPADD_MODEL_WORLDS", "0"))
WORLDS = (NIGHTLY or 400) // len(vendor_names())
IN, OUT = {Status.ADDED, Status.ALREADY_MEMBER}, {Status.NOT_ADDED, Status.INVITED, Status.PENDING_APPROVAL}

tally: Counter[str] = Counter()


def play(scene: Scene) -> tuple[World, Witness, groupadd.AddOutcome | None]:
    """Run the add of a scene; None where the provider refused the whole request."""
    world = scene.world()
    sandbox = Sandbox.for_vendor(scene.provider, world)
    witness = Witness(sandbox)
    if scene.on_add:
        sandbox.faults.plan(FAULTS[scene.on_add], on="add")
    for fault in scene.on_list:
        sandbox.faults.plan(FAULTS[fault] if fault else groupadd.sandbox.Fault(), on="list")
    config = {"providers": {"p": sandbox.config("http://sandbox.example")}}
    provider = load(config, environ={}).provider("p").provider
    http = in_process(witness.handle, world.clock)
    with groupadd.Client(provider, verify=scene.verify, http=http, clock=world.clock) as client:
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
    """Return what can be learned of people's names through a provider, tried on one whose number has two forms."""
    world = World(VirtualClock())
    world.open_account(US)
    world.add_people(BRAZIL)
    sandbox = Sandbox.for_vendor(provider, world)
    asked = load({"providers": {"p": sandbox.config("http://sandbox.example")}}, environ={}).provider().provider
    (dialled,) = BRAZIL.number_variants
    with in_process(sandbox.handle, world.clock) as http:
        transport = HttpTransport(asked.base_url, 30.0, http)
        checked = (
            drive(asked.check_number(dialled), transport, world.clock) if isinstance(asked, ChecksNumbers) else None
        )
    account = None if checked is None else checked.account
    tells_lid = isinstance(asked, ResolvesLids) or (account is not None and account.lid is not None)
    return Reader(tells_lid, account is not None and account.phone == BRAZIL.phone)


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
        began = 0.0
        world, witness, outcome = play(scene)
        tally["worlds"] += 1
        if outcome is None:
            tally["refused as a whole"] += 1
            return
        ended = world.clock.now()
        lag = scene.shown.lag_s
        assert len(set(witness.bodies)) == len(witness.bodies), "an add was sent twice"
        for person in outcome:
            who = identity(person.id)
            assert who is not None
            human = world.find_person(who)
            assert human is not None
            tally[person.status] += 1
            if person.status in IN:
                assert was(world, human.phone, True, began - lag, ended), f"false in: {person}"
            if person.status in OUT:
                assert was(world, human.phone, False, witness.answered_at - lag, ended), f"false out: {person}"
            if person.status is Status.UNKNOWN and scene.verify != "never":
                excused = {Reason.CONTRADICTION, Reason.DUPLICATE}  # a duplicate is said what the first one is said
                needless = person.reason not in excused and knowable(reader, human, who, witness)
                assert not needless, f"needlessly unknown: {person}"

    run()
    print(f"\n{provider}: {dict(tally)}")
    tally.clear()
