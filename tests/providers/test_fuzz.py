"""Random answers in the place of a vendor's: an outcome or an error of ours comes of them, and nothing else.

CI draws a few, always the same. The nightly size is one command, which counts the answers of all providers together:

    GROUPADD_FUZZ=20000 python -m pytest tests/providers/test_fuzz.py -q -s
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random

import pytest
from attrs import define, evolve

from groupadd import AddOutcome, Client, Evidence, GroupAddError, Reason, Status
from groupadd.config.load import load
from groupadd.sandbox import Sandbox, ServerResponse, VirtualClock, example_world, faults, vendor_names
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.in_process import in_process
from tests.support.example import ADA, BEN, CLEO

NIGHTLY = int(os.environ.get("GROUPADD_FUZZ", "0"))
ANSWERS = (NIGHTLY or 1600) // len(vendor_names())
PEOPLE = [f"+{ADA}", BEN, f"{CLEO}@c.us", "177005550000134@lid", f"+{ADA}"]
STATUSES = [200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 408, 409, 422, 429, 466, 500, 502, 503, 504]
NUMBERS = [0, 1, -1, 200, 207, 304, 403, 404, 408, 409, 419, 421, 10**30, 0.5, float("inf")]
WORDS = ["", "null", "403", "SUCCESS", "forbidden", "rate-overlimit", "Connection Closed", "1011", "\ud800", "\u202e"]
NAMES = [
    ADA,
    f"{BEN}@s.whatsapp.net",
    "177005550000134@lid",
    f"{CLEO}:3@hosted",
    "a.username",
    "120363000000000042@g.us",
]


FAULTS = [faults.LOST_AFTER, faults.HTML, faults.TRUNCATED, faults.EMPTY, faults.GATEWAY_AFTER]


@define
class Noise:
    """A service in front of the sandbox that replaces some of its answers by random ones.

    Attributes:
        sandbox: The sandbox.
        random: The source of chance.
        words: Keys and texts of this vendor's own answers, to make others of.
        answers: How many answers were replaced.
    """

    sandbox: Sandbox
    random: Random
    words: list[str]
    answers: int = 0

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        """Carry out a request, and return the answer or a random one."""
        response = self.sandbox.handle(method, target, headers, body)
        try:
            data = json.loads(response.body)
        except ValueError:
            data = response.body.decode("utf-8", "replace")
        self.words += [word for word in texts(data) if word not in self.words]
        if self.random.random() < 0.3:
            return response
        self.answers += 1
        return self._random(response, data)

    def _random(self, response: ServerResponse, data: object) -> ServerResponse:
        chance = self.random
        if chance.random() < 0.1:
            fault = chance.choice(
                [faults.LOST_AFTER, faults.HTML, faults.TRUNCATED, faults.EMPTY, faults.GATEWAY_AFTER]
            )
            return fault.apply_to(response)
        status = chance.choice(STATUSES) if chance.random() < 0.4 else response.status
        more = {"Retry-After": chance.choice(["1", "-1", "9" * 30, "soon"])} if chance.random() < 0.1 else {}
        if chance.random() < 0.1:
            return evolve(response, status=status, body=chance.randbytes(chance.randrange(40)))
        value = self._changed(data) if chance.random() < 0.7 else self._value(3)
        body = json.dumps(value).encode()
        return evolve(response, status=status, body=body, headers={**response.headers, **more})

    def _changed(self, data: object) -> object:
        """Return an answer with a few of its values changed, wherever they stand."""
        for _ in range(self.random.randint(1, 4)):
            data = self._change(data)
        return data

    def _change(self, data: object) -> object:
        chance = self.random
        if not isinstance(data, dict | list) or not data or chance.random() < 0.2:
            return chance.choice([self._value(2), [data], {"data": data}, None])
        if isinstance(data, list):
            at = chance.randrange(len(data))
            kept = [*data[:at], *data[at + 1 :]]
            return chance.choice([kept, [*data, data[at]], [*kept, self._change(data[at])]])
        key = chance.choice(list(data))
        rest = {name: value for name, value in data.items() if name != key}
        return chance.choice([rest, {**rest, self._text(): data[key]}, {**rest, key: self._change(data[key])}])

    def _value(self, depth: int) -> object:
        chance = self.random
        if depth and chance.random() < 0.6:
            inner = [self._value(depth - 1) for _ in range(chance.randrange(4))]
            return inner if chance.random() < 0.5 else {self._text(): value for value in inner}
        return chance.choice([None, True, False, chance.choice(NUMBERS), self._text(), self._text()])

    def _text(self) -> str:
        return self.random.choice([*WORDS, *NAMES, *self.words])


def texts(data: object) -> Iterator[str]:
    """Yield every key and text in a JSON value."""
    match data:
        case str():
            yield data
        case dict():
            yield from data
            for value in data.values():
                yield from texts(value)
        case list():
            for value in data:
                yield from texts(value)


CALLS: Sequence[Callable[[Client], object]] = [
    lambda client: client.add(GROUP, PEOPLE),
    lambda client: client.add(GROUP, PEOPLE[:1], verify="always", invite="link"),
    lambda client: client.add(GROUP, PEOPLE, verify="never", invite="link"),
    lambda client: client.add(GROUP, PEOPLE[:3], invite="link"),
    lambda client: client.check(GROUP, PEOPLE),
    lambda client: client.preflight(GROUP, PEOPLE).as_dict(),
    lambda client: client.members(GROUP),
]


@pytest.mark.parametrize("provider", vendor_names())
def test_random_answers_give_an_outcome_or_an_error_of_ours(provider: str) -> None:
    words: list[str] = []
    came_of_it: Counter[str] = Counter()
    answers = calls = 0
    while answers < ANSWERS:
        clock = VirtualClock()
        noise = Noise(Sandbox.for_vendor(provider, example_world(clock)), Random(f"{provider} {calls}"), words)
        config = {"providers": {"p": noise.sandbox.config("http://sandbox.example")}}
        chosen = load(config, environ={}).provider().provider
        with Client(chosen, http=in_process(noise.handle, clock), clock=clock) as client:
            try:
                result = CALLS[calls % len(CALLS)](client)
            except GroupAddError as error:
                came_of_it[type(error).__name__] += 1
            else:
                came_of_it["outcome"] += 1
                if isinstance(result, AddOutcome):
                    judge(result)
        answers, calls = answers + noise.answers, calls + 1
    print(f"\n{provider}: {answers} answers, {calls} calls: {dict(came_of_it)}")


def judge(outcome: AddOutcome) -> None:
    """Hold an outcome against what is true of every outcome."""
    assert [person.participant for person in outcome] == PEOPLE[: len(outcome)]
    assert json.loads(json.dumps(outcome.as_dict()))
    for person in outcome:
        assert (person.status is Status.UNKNOWN) is (person.evidence is Evidence.NONE)
        assert (person.reason is None) is person.is_in or person.reason is Reason.DUPLICATE
