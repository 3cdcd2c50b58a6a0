"""The conformance kit finds faults: each adapter here breaks one rule, and the kit's test for that rule fails."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from attrs import define, evolve, frozen
from groupadd_pigeon import Pigeon

from groupadd.errors import RequestRefused
from groupadd.provider import ADDED, PRIVACY, AddReply, GroupId, Participant, Request, Secret
from groupadd.sandbox import ServerResponse, World
from groupadd.sandbox.messages import Handler
from groupadd.testing import AdapterUnderTest, Conformance
from groupadd.testing.harness import Operation
from groupadd.wire.messages import Flow

KIT = Conformance()
WHISTLE = Secret("tweet-tweet-tweet")
WORDS = {"soaring": PRIVACY}  # a word that no response here shows


def empty_service(_world: World) -> Handler:
    return lambda *_: ServerResponse(200, b'{"words": {}, "birds": []}')


@frozen
class OneRequest(Pigeon):
    """Sends one request for an add, and ignores the response."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        yield self.request(group, participants, notify)
        return AddReply()

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        birds = [person.phone for person in people]
        return Request("PUT", "/flocks", json={"birds": birds, "group": group.jid, "loud": notify})


@define
class Remembers:
    """Is not frozen, so it can keep state."""

    reports_each_person: ClassVar[bool] = True

    whistle: Secret
    base_url: str

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        return OneRequest("roof", self.whistle, self.base_url).add_participants(group, participants, notify=notify)


@frozen
class ShowsItsAddress(OneRequest):
    """Keeps credentials in its address."""

    base_url: str = "http://pigeon.invalid"


class IgnoresNotify(OneRequest):
    """Ignores `notify`."""

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        return evolve(super().request(group, people, notify), json={"group": group.jid})


class MarksAddRepeatable(OneRequest):
    """Declares an add repeatable."""

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        return evolve(super().request(group, people, notify), repeatable=True)


class ExpectsAnObject(OneRequest):
    """Expects every response to be a JSON object."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        response = yield self.request(group, participants, notify)
        body: Any = response.json()
        return AddReply(says=str(body["words"]))


class TrustsAnyResponse(OneRequest):
    """Takes any response for success."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        yield self.request(group, participants, notify)
        return AddReply(rest=ADDED)


class SendsAgain(OneRequest):
    """Sends an add again after a 500."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        request = self.request(group, participants, notify)
        if (yield request).status == 500:
            yield request
        return AddReply()


class QuotesTheResponse(OneRequest):
    """Quotes the whole response in its error."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        response = yield self.request(group, participants, notify)
        raise RequestRefused(response.body.decode("utf-8", "replace"))


class ShowsSecretInRepr(OneRequest):
    """Shows its secret in its repr."""

    def __repr__(self) -> str:
        return f"ShowsSecretInRepr({self.whistle.reveal()})"


class LogsNumbers(OneRequest):
    """Logs the participants' numbers."""

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        logging.getLogger("pigeon").debug("adding %s", [person.phone for person in people])
        return super().request(group, people, notify)


class DiffersInAsync(OneRequest):
    """Sends another request if an event loop runs."""

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        return super().request(group, people if asyncio._get_running_loop() is None else people[:1], notify)


class SendsAfterAnError(OneRequest):
    """Sends another request after an exception."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        try:
            yield self.request(group, participants, notify)
        finally:
            yield self.request(group, participants, notify)
        return AddReply()


def adapter(provider: type[Pigeon]) -> AdapterUnderTest:
    return AdapterUnderTest(provider("roof", WHISTLE, "http://pigeon.invalid"), empty_service)


def adding(provider: type[Pigeon]) -> Operation:
    return next(adapter(provider).abilities())


@pytest.mark.parametrize(
    ("test", "argument", "failure"),
    [
        (
            KIT.test_the_class_is_a_frozen_table_of_config_fields,
            *(AdapterUnderTest(Remembers(WHISTLE, "http://pigeon.invalid")), pytest.fail.Exception),
        ),
        (
            KIT.test_credentials_in_the_address_are_masked,
            AdapterUnderTest(ShowsItsAddress("roof", WHISTLE)),
            AssertionError,
        ),
        (KIT.test_every_word_is_shown_or_listed_as_unproven, adapter(OneRequest), AssertionError),
        (KIT.test_notify_is_honoured_or_refused_before_anything_is_sent, adapter(IgnoresNotify), AssertionError),
        (
            KIT.test_a_malformed_response_gives_an_outcome_or_a_groupadd_error,
            adding(ExpectsAnObject),
            (TypeError, KeyError),
        ),
        (KIT.test_a_malformed_response_gives_an_outcome_or_a_groupadd_error, adding(TrustsAnyResponse), AssertionError),
        (KIT.test_random_json_gives_an_outcome_or_a_groupadd_error, adding(TrustsAnyResponse), AssertionError),
        (KIT.test_a_malformed_response_gives_an_outcome_or_a_groupadd_error, adding(SendsAgain), AssertionError),
        (KIT.test_what_changes_something_is_never_repeatable, adding(MarksAddRepeatable), AssertionError),
        (KIT.test_nothing_leaks, adding(QuotesTheResponse), AssertionError),
        (KIT.test_nothing_leaks, adding(LogsNumbers), AssertionError),
        (KIT.test_nothing_leaks, adding(ShowsSecretInRepr), AssertionError),
        (KIT.test_sync_equals_async, adding(DiffersInAsync), AssertionError),
        (
            lambda operation: KIT.test_an_abandoned_flow_closes(operation, SystemExit),
            adding(SendsAfterAnError),
            RuntimeError,
        ),
    ],
)
def test_the_kit_finds_the_fault(test: Callable[[Any], None], argument: object, failure: type[Exception]) -> None:
    with pytest.raises(failure):
        test(argument)


def test_a_word_that_is_shown_may_not_be_listed_as_unproven() -> None:
    listed = AdapterUnderTest(adapter(OneRequest).provider, empty_service, unproven=WORDS)
    KIT.test_every_word_is_shown_or_listed_as_unproven(listed)
    shows = AdapterUnderTest(
        listed.provider, lambda _: lambda *_: ServerResponse(200, b'{"words": {"x": "soaring"}}'), unproven=WORDS
    )
    with pytest.raises(AssertionError):
        KIT.test_every_word_is_shown_or_listed_as_unproven(shows)


def test_without_a_service_each_flow_runs_as_far_as_its_first_response() -> None:
    silent = AdapterUnderTest(OneRequest("roof", WHISTLE, "http://pigeon.invalid"), unproven=WORDS)
    for operation in silent.operations():
        KIT.test_a_malformed_response_gives_an_outcome_or_a_groupadd_error(operation)
