"""The conformance kit finds what is wrong: each adapter here breaks one rule, and the kit's test for it fails."""

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
WORDS = {"soaring": PRIVACY}  # a word that no answer here shows


def answers_little(_town: World) -> Handler:
    return lambda *_: ServerResponse(200, b'{"words": {}, "birds": []}')


@frozen
class OneRequest(Pigeon):
    """Sends one request to add, and reads nothing of its answer."""

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
    """Keeps state."""

    reports_each_person: ClassVar[bool] = True

    whistle: Secret
    base_url: str

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        return OneRequest("roof", self.whistle, self.base_url).add_participants(group, participants, notify=notify)


class Deaf(OneRequest):
    """Ignores `notify`."""

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        return evolve(super().request(group, people, notify), json={"group": group.jid})


class Repeatable(OneRequest):
    """Lets an add be repeated blindly."""

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        return evolve(super().request(group, people, notify), repeatable=True)


class Stumbles(OneRequest):
    """Expects every answer to be an object."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        response = yield self.request(group, participants, notify)
        answer: Any = response.json()
        return AddReply(says=str(answer["words"]))


class Trusts(OneRequest):
    """Takes any 200 for success."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        yield self.request(group, participants, notify)
        return AddReply(rest=ADDED)


class Insists(OneRequest):
    """Sends an add again that was answered by a 500."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        request = self.request(group, participants, notify)
        if (yield request).status == 500:
            yield request
        return AddReply()


class Quotes(OneRequest):
    """Tells the whole answer in its error."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        response = yield self.request(group, participants, notify)
        raise RequestRefused(response.body.decode("utf-8", "replace"))


class Shows(OneRequest):
    """Has a repr of its own."""

    def __repr__(self) -> str:
        return f"Shows({self.whistle.reveal()})"


class Logs(OneRequest):
    """Logs whom it is asked for."""

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        logging.getLogger("pigeon").debug("asked for %s", [person.phone for person in people])
        return super().request(group, people, notify)


class Colourful(OneRequest):
    """Asks for another thing where an event loop runs."""

    def request(self, group: GroupId, people: Sequence[Participant], notify: bool | None) -> Request:
        return super().request(group, people if asyncio._get_running_loop() is None else people[:1], notify)


class Clings(OneRequest):
    """Asks once more whatever is raised."""

    def add_participants(
        self, group: GroupId, participants: Sequence[Participant], *, notify: bool | None
    ) -> Flow[AddReply]:
        try:
            yield self.request(group, participants, notify)
        finally:
            yield self.request(group, participants, notify)
        return AddReply()


def candidate(kind: type[Pigeon]) -> AdapterUnderTest:
    return AdapterUnderTest(kind("roof", WHISTLE, "http://pigeon.invalid"), answers_little)


def adding(kind: type[Pigeon]) -> Operation:
    return next(candidate(kind).abilities())


@pytest.mark.parametrize(
    ("check", "subject", "found"),
    [
        (
            KIT.test_the_class_is_a_frozen_table_of_config_fields,
            *(AdapterUnderTest(Remembers(WHISTLE, "http://pigeon.invalid")), pytest.fail.Exception),
        ),
        (KIT.test_every_word_is_shown_or_listed_as_unproven, candidate(OneRequest), AssertionError),
        (KIT.test_notify_is_honoured_or_refused_before_anything_is_sent, candidate(Deaf), AssertionError),
        (KIT.test_a_hard_answer_gives_an_outcome_or_an_error_of_ours, adding(Stumbles), (TypeError, KeyError)),
        (KIT.test_a_hard_answer_gives_an_outcome_or_an_error_of_ours, adding(Trusts), AssertionError),
        (KIT.test_any_json_gives_an_outcome_or_an_error_of_ours, adding(Trusts), AssertionError),
        (KIT.test_a_hard_answer_gives_an_outcome_or_an_error_of_ours, adding(Insists), AssertionError),
        (KIT.test_what_changes_something_is_never_repeatable, adding(Repeatable), AssertionError),
        (KIT.test_nothing_leaks, adding(Quotes), AssertionError),
        (KIT.test_nothing_leaks, adding(Logs), AssertionError),
        (KIT.test_nothing_leaks, adding(Shows), AssertionError),
        (KIT.test_sync_equals_async, adding(Colourful), AssertionError),
        (lambda errand: KIT.test_an_abandoned_flow_closes(errand, MemoryError), adding(Clings), RuntimeError),
    ],
)
def test_the_kit_finds_what_is_wrong(check: Callable[[Any], None], subject: object, found: type[Exception]) -> None:
    with pytest.raises(found):
        check(subject)


def test_a_word_that_is_shown_may_not_be_listed_as_unproven() -> None:
    listed = AdapterUnderTest(candidate(OneRequest).provider, answers_little, unproven=WORDS)
    KIT.test_every_word_is_shown_or_listed_as_unproven(listed)
    shows = AdapterUnderTest(
        listed.provider, lambda _: lambda *_: ServerResponse(200, b'{"words": {"x": "soaring"}}'), unproven=WORDS
    )
    with pytest.raises(AssertionError):
        KIT.test_every_word_is_shown_or_listed_as_unproven(shows)


def test_without_a_service_a_candidate_is_followed_as_far_as_its_first_answers() -> None:
    silent = AdapterUnderTest(OneRequest("roof", WHISTLE, "http://pigeon.invalid"), unproven=WORDS)
    for errand in silent.errands():
        KIT.test_a_hard_answer_gives_an_outcome_or_an_error_of_ours(errand)
