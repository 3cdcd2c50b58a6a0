"""One poisoned row ends no run: the account goes on, and so do all others, on either database."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from attrs import evolve
from sqlalchemy import text, update

from groupadd import Status
from groupadd.drip.stop_rules import HOW_TO_GO_ON
from groupadd.drip.store.database import Ledger
from groupadd.drip.store.schema import people
from groupadd.sandbox import Privacy, Sandbox
from groupadd.sandbox.messages import ServerResponse
from tests.support.ledgers import KINDS, new_ledger
from tests.support.trial import Trial
from tests.support.virtual_time import crowd, simulated

POISONS = ["Sorry \ud83d", "a\0b", "\x1b[2J\x9b", "\u202egnp", "x" * 100_000, "\n" * 50, "=1+1"]
NOT_THERE = {1, 4}  # the people about which the provider says so, with a poisoned word


class Poisoned(Sandbox):
    """A sandbox whose answers hold a poisoned word."""

    word = ""

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        response = super().handle(method, target, headers, body)
        return evolve(response, body=response.body.replace(b'"NOT_FOUND"', json.dumps(self.word).encode()))


@pytest.fixture(params=KINDS)
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trial]:
    people_ = crowd(8, lambda n: Privacy.NOT_ON_WHATSAPP if n in NOT_THERE else Privacy.OPEN)
    it = Trial(simulated(people_, ["main", "backup"], drip={"rest_s": 0.0}), tmp_path)
    it.simulation.sandboxes["main"] = Poisoned(it.simulation.sandboxes["main"].vendor)
    with new_ledger(request.param, tmp_path) as it.ledger:
        it.plan(people_)
        yield it


@pytest.mark.parametrize("word", POISONS, ids=ascii)
def test_a_poisoned_word_of_the_provider_is_kept_cleaned(
    word: str, trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poisoned, "word", word)
    status = trial.run()
    assert (status.left, status.counts[Status.ADDED], status.counts[Status.NOT_ADDED]) == (0, 6, 2)
    assert len(trial.simulation.adds()) == 8
    with trial.open() as drip:
        shown = " ".join(line.detail for line in drip.audit())
        drip.export(tmp_path / "done.csv")
        drip.report(tmp_path / "page.html")
    assert not {"\0", "\x1b", "\x9b", "\u202e", "\ud83d"} & {*shown}


def test_a_value_that_the_driver_refuses_costs_an_answer_and_no_run(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("groupadd.drip.store.codec.clean_cell", lambda text: text.replace("Sorry", "\ud83d"))
    monkeypatch.setattr(Poisoned, "word", "Sorry")
    status = trial.run()
    assert (status.left, status.counts[Status.ADDED], status.counts[Status.NOT_ADDED]) == (0, 6, 2)
    assert {account.state for account in status.accounts} == {"done"}
    assert "a value cannot be stored (UnicodeEncodeError)" in caplog.text
    asked = [phone for _, phone in trial.simulation.adds()]
    assert max(map(asked.count, asked)) == 2, "a lost answer is asked for again once, after looks"


@pytest.mark.parametrize("column", ["before", "claim", "cells"])
def test_a_row_that_cannot_be_read_stops_its_account_alone(column: str, trial: Trial) -> None:
    with Ledger.open(trial.ledger) as ledger, ledger.writing() as tx:
        first = tx.scalar(text("SELECT min(id) FROM drip_people WHERE provider = 'main'"))
        tx.exec_driver_sql(f"""UPDATE drip_people SET "{column}" = '{{"v": 1, "value": 7}}' WHERE id = {first}""")
    status = trial.run()
    by_name = {account.provider: account for account in status.accounts}
    assert by_name["backup"].state == "done"
    if column == "cells":  # the run does not need them
        assert by_name["main"].state == "done"
    else:
        assert (by_name["main"].state, by_name["main"].how_to_go_on) == ("stopped", HOW_TO_GO_ON["ledger"])
        assert "cannot be read" in str(by_name["main"].why)
        with Ledger.open(trial.ledger) as ledger, ledger.writing() as tx:
            tx.execute(update(people).where(people.c.id == first).values({column: None}))
        trial.resume()
        assert trial.run().left == 0
