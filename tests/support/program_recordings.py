"""Turns recordings of a vendor's own program into cassettes, and writes the outcomes of such cassettes anew.

    python -m tests.support.program_recordings cassettes/evolution/program RECORDINGS.jsonl "Evolution API 2.3.6"
    python -m tests.support.program_recordings cassettes/evolution/program

Each line of the file is one situation: its name, what happens, what was set at the fake WhatsApp behind the program,
who is in the group afterwards, and the HTTP exchanges of an earlier groupadd. The cassette gets all of it. Its outcome
is what today's groupadd makes of the exchanges; `tests/providers/test_program.py` compares it with the truth.

The recordings hold fictional numbers only. Keys are scrubbed already.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from attrs import evolve, frozen

from groupadd.testing import Cassette, Scrubber
from groupadd.testing.scrubbing import BEARER, INVITE
from groupadd.testing.targets import placeholder_credentials

yaml: Any = import_module("yaml")  # comes with vcrpy, without types

RECORDED_ON = "2026-11-25"
VERSION = "/api/version"
GROUP = "120363000000000042@g.us"
US = "15550100000"
LID_OF = "9000"  # the fake WhatsApp makes a LID from this and the number
LOOKS = {"look_after_s": [0.3, 1.0], "late_after_s": 3}  # the recording client's own
REWRITTEN = ("52", "54", "55")  # numbers that Evolution may turn into another JID
PLACES = {"instance": "probe", "session": "default"}  # the recorded names of the account
CALLS = (  # by the part of the path that tells the operation, the first that fits
    (r"updateParticipant|/participants/add", "add"),
    (r"findGroupInfos|/groups/[^/]+@g\.us$", "group_info"),
    (r"/group/participants|/participants(/v2)?$", "members"),
    (r"join-requests", "join_requests"),
    (r"inviteCode|invite-code", "invite_link"),
    (r"whatsappNumbers|check-exists", "check_number"),
    (r"sendText", "send_text"),
    (r"groups/refresh", "refresh_roster"),
    (r"connectionState|fetchInstances|/api/sessions/", "session"),
)
BY_HAND = ("raw", "text-body", "no-key", "instances")  # requests that no groupadd sends, or not alone
ASKED_BESIDES = {  # the people of a look at the group, where no request names them
    "34-lid-without-pn-check": ["12025550101", "12025550102"],
    "waha-34-check": ["12025550101", "12025550102"],
    "37-lid-without-pn-preflight": ["12025550101", "12025550102", "12025550105"],
    "38-pn-preflight": ["12025550101", "12025550102", "12025550105"],
}


@frozen
class Recording:
    """One situation.

    Attributes:
        name: Its name.
        about: What happens.
        truth: What was set at the fake WhatsApp, or None.
        members: Who is in the group afterwards, digits only, or None.
        note: A remark, or None.
        exchanges: The recorded requests and responses.
        type: The provider's type.
        borrowed: Whether the answer about the server's version is from another situation.
    """

    name: str
    about: str
    truth: str | None
    members: Sequence[str] | None
    note: str | None
    exchanges: Sequence[Mapping[str, Any]]
    type: str
    borrowed: bool = False

    @classmethod
    def of(cls, line: str, type_: str) -> "Recording":
        """Read one line of the file."""
        found = json.loads(line)
        truth, members = found["truth set at the fake WhatsApp"], found["members afterwards"]
        return cls(found["scenario"], found["what"], truth, members, found["note"], found["exchanges"], type_)

    @property
    def paths(self) -> Sequence[str]:
        """The recorded paths, without their query strings."""
        return [unquote(_target(one).partition("?")[0]) for one in self.exchanges]

    @property
    def call(self) -> str:
        """The operation that sent the requests; `nothing` where today's groupadd sends none of them."""
        found = [call for pattern, call in CALLS if any(re.search(pattern, path) for path in self.paths)]
        call = found[0] if found else "add"  # nothing was sent: an add that the provider cannot do
        if call == "members" and self.name.endswith("check"):
            call = "check"
        if "preflight" in self.name:
            call = "preflight"
        bare = [name for one in self.exchanges for name in _bare_numbers(one["request"]["json"])]
        rewritten = call in {"check_number", "send_text"} and any(name.startswith(REWRITTEN) for name in bare)
        by_hand = any(word in self.name for word in BY_HAND)
        return "nothing" if rewritten or (by_hand and not re.search("raw.*jid", self.name)) else call

    @property
    def people(self) -> Sequence[str]:
        """The participants of the operation: digits, or the JID of a LID."""
        if self.name in ASKED_BESIDES:
            return ASKED_BESIDES[self.name]
        if self.call in {"check", "preflight", "check_number", "send_text", "add"}:
            named = [_person(one) for exchange in self.exchanges for one in _named(exchange)]
            return list(dict.fromkeys(named)) or ["12025550103"]
        return [phone for phone in self.members or () if phone != US] if self.call == "members" else []

    @property
    def options(self) -> Mapping[str, object]:
        """The arguments of an add, as the requests tell them."""
        if self.call != "add":
            return {}
        at = [self._is(path, "add") for path in self.paths]
        looks = [self._is(path, "members") for path in self.paths]
        before = any(looks[: at.index(True)]) if any(at) else False
        invites = any(self._is(path, "invite_link") for path in self.paths)
        options: dict[str, object] = {"verify": "always"} if before else {}
        if "never" in self.name:
            options["verify"] = "never"
        if invites or "personal" in self.name:
            options["invite"] = "link" if invites else "personal"
        return {**options, **LOOKS}

    def _is(self, path: str, call: str) -> bool:
        return any(one == call and re.search(pattern, path) for pattern, one in CALLS)

    def scenario(self) -> dict[str, object]:
        """Return the scenario without its outcome."""
        groups = {jid for one in self.exchanges for jid in re.findall(r"[\d-]{15,}@g\.us", unquote(_target(one)))}
        account = next((name for one in self.paths if (name := "nosuch") in one), None)
        fields = {} if account is None else {next(iter(_places(self.type))): account}
        found: dict[str, object] = {"call": self.call, "people": list(self.people), "options": dict(self.options)}
        found |= {"group": next(iter(groups - {GROUP}), None), "fields": fields}
        if self.call in {"add", "check", "preflight", "members"} and self.members is not None:
            found["members"] = [one for one in self.people if _phone(one) in self.members]
        return {key: value for key, value in found.items() if value or key == "members"}

    def interactions(self) -> list[dict[str, object]]:
        """Return the exchanges in vcrpy's form, scrubbed. An exchange without a response does not appear."""
        fictional = frozenset(re.findall(r"[\d-]{5,40}", json.dumps(self.exchanges)))
        scrubber = Scrubber({"FAKECODE1234abcd": INVITE}, fictional)
        return [self._interaction(one, scrubber) for one in self.exchanges if one.get("response")]

    def _interaction(self, exchange: Mapping[str, Any], scrubber: Scrubber) -> dict[str, object]:
        request, response = exchange["request"], exchange["response"]
        public = placeholder_credentials(self.type).fields
        target = _target(exchange)
        body = request["json"] and _by_jid(request["json"])
        for name, recorded in _places(self.type).items():
            target = re.sub(rf"(?<=[/=]){recorded}(?=[/?&]|$)", public[name], target)
            body = body and {key: public[name] if value == recorded else value for key, value in body.items()}
        key = {
            name.lower(): public["api_key"] if value == "KEY" else value for name, value in request["headers"].items()
        }
        content = response["json"]
        unread = isinstance(content, dict) and content.keys() == {"not json"}
        text = content["not json"] if unread else json.dumps(content, ensure_ascii=False)
        return {
            "request": {
                "body": scrubber.scrub(json.dumps(body, separators=(",", ":"), ensure_ascii=False)) if body else "",
                "headers": {name: [value] for name, value in key.items()},
                "method": request["line"].split()[0],
                "uri": public["base_url"] + target,
            },
            "response": {
                "body": {"string": scrubber.scrub_response(text.replace('"token": "KEY"', f'"token": "{BEARER}"'))},
                "headers": {name.lower(): [value] for name, value in response["headers"].items()},
                "status": {"code": response["status"], "message": HTTPStatus(response["status"]).phrase},
            },
        }

    def head(self, program: str) -> Iterator[str]:
        """Yield the comment lines of the cassette."""
        yield (
            f"# Recorded on {RECORDED_ON} from {program}, the vendor's own program; behind it a fake WhatsApp, "
            "not WhatsApp."
        )
        yield f"# {self.name}: {self.about}."
        if self.truth:
            yield f"# Truth at the fake WhatsApp: {self.truth}."
        if self.note:
            yield f"# Note: {self.note}."
        if any(_by_jid(body := one["request"]["json"]) != body for one in self.exchanges):
            yield "# The recorded request has the bare number, which the program turns into the JID of this file."
        if self.borrowed:
            yield f"# The answer to GET {VERSION} is the one of another situation."
        yield "# Shapes: the program's own."


def _target(exchange: Mapping[str, Any]) -> str:
    target: str = exchange["request"]["line"].split()[1]
    return target


def _places(type_: str) -> Mapping[str, str]:
    """Return the recorded name of the account by the provider's field."""
    return {name: recorded for name, recorded in PLACES.items() if name in placeholder_credentials(type_).fields}


def _named(exchange: Mapping[str, Any]) -> Iterator[str]:
    """Yield the people that a request names."""
    match exchange["request"]["json"] or {}:
        case {"participants": [*people]}:
            yield from (one["id"] if isinstance(one, dict) else one for one in people)
        case {"numbers": [*numbers]}:
            yield from numbers
        case {"number": str() as number, "text": text} if "chat.whatsapp.com" not in text:
            yield number
        case {"chatId": str() as chat, "text": text} if "chat.whatsapp.com" not in text:
            yield chat
    yield from re.findall(r"(?<=phone=)\d+", _target(exchange))


def _person(name: str) -> str:
    return name if name.endswith("@lid") else name.partition("@")[0]


def _phone(person: str) -> str:
    return person.partition("@")[0].removeprefix(LID_OF) if person.endswith("@lid") else person


def _bare_numbers(body: object) -> Sequence[str]:
    """Return the bare numbers in the body of a check or a message, as Evolution's routes have them."""
    match body:
        case {"numbers": [*names]}:
            return [name for name in names if name.isdecimal()]
        case {"number": str() as name}:
            return [name] if name.isdecimal() else []
    return []


def _by_jid(body: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a request's body with JIDs, as today's groupadd writes them, for bare numbers that stay themselves."""
    jids = {name: f"{name}@s.whatsapp.net" for name in _bare_numbers(body) if not name.startswith(REWRITTEN)}
    if body is None or not jids:
        return body
    if "numbers" in body:
        return {**body, "numbers": [jids.get(name, name) for name in body["numbers"]]}
    return {**body, "number": jids[body["number"]]}


def write(recording: Recording, folder: Path, program: str) -> Path:
    """Write the cassette of a recording, without an outcome, and return its path."""
    plain = re.sub(r"\bnobod\w+", "no-account", recording.name.removeprefix("waha-"))
    name = re.sub(r"[-.]", "_", plain)
    path = folder / f"{name}.yaml"
    recorded = {"interactions": recording.interactions(), "version": 1}
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "\n".join(recording.head(program))
    _write(path, head, {**recording.scenario(), "outcome": ""}, yaml.safe_dump(recorded, width=110, allow_unicode=True))
    return path


def conclude(path: Path) -> Cassette:
    """Write what today's groupadd makes of a cassette into the cassette, and return it."""
    played = Cassette.read(path).play()
    head, _, rest = path.read_text("utf-8").partition("\n\nscenario:")
    text, _, recorded = rest.partition("\ninteractions:")
    scenario = yaml.safe_load(f"scenario:{text}")["scenario"]
    kept = {key: value for key, value in scenario.items() if key not in {"outcome", "unanswered", "unasked"}}
    differs = {"unanswered": list(played.unanswered), "unasked": list(played.unasked)}
    kept |= {"outcome": played.outcome, **{key: value for key, value in differs.items() if value}}
    _write(path, head, kept, f"interactions:{recorded}")
    return Cassette.read(path)


def _write(path: Path, head: str, scenario: Mapping[str, object], recorded: str) -> None:
    text = yaml.safe_dump({"scenario": scenario}, sort_keys=False, width=110, allow_unicode=True)
    path.write_text(f"{head}\n\n{text}\n{recorded}", "utf-8")


def with_versions(recordings: Sequence[Recording]) -> Iterator[Recording]:
    """Yield the recordings; those of a WAHA roster get the server's version from another one, where it is missing."""
    versions = [one for recording in recordings for one in recording.exchanges if VERSION in _target(one)]
    for recording in recordings:
        reads = any(path.endswith("/participants") for path in recording.paths)
        missing = not any(VERSION in path for path in recording.paths)
        more = versions[:1] if reads and missing else []
        yield evolve(recording, exchanges=[*recording.exchanges, *more], borrowed=bool(more))


def main(folder: str, file: str | None = None, program: str = "") -> None:
    """Write a cassette for each line of a file, if any, and then the outcomes of all cassettes of the folder."""
    target = Path(folder)
    if file is not None:
        lines = Path(file).read_text("utf-8").splitlines()
        for recording in with_versions([Recording.of(line, target.parent.name) for line in lines]):
            write(recording, target, program)
    for path in sorted(target.glob("*.yaml")):
        print(f"{path.name}: {conclude(path).scenario.outcome}")


if __name__ == "__main__":
    main(*sys.argv[1:])
