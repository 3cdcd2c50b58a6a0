"""One vocabulary: the words that the project does not use, what to write instead, and where one may still stand.

The last column of the tables names folders. It gets shorter, and never longer.
"""

import re
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from attrs import frozen

import groupadd

HOUSE = Path(groupadd.__file__).parent
ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md", "cassettes/README.md")),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob(".github/**/*.md"),
    *HOUSE.rglob("*.jinja"),
]
CODE = [*HOUSE.rglob("*.py"), *ROOT.glob("docs/*.py"), *ROOT.glob("tests/**/*.py"), ROOT / "conftest.py"]

# Anywhere in code and on pages, in names too: an underscore ends a word.
WORDS = r"""
whoever|whomever | the participant, the account |
whom | the participant, the account |
somebody | a participant, an account |
nobody|no one | no participant |
(the )?one who | the participant who |
told | reported, returned, raised, logged |
stands? for | means, is |
be had | be opened, be read |
made? of | conclude from, built from |
hold that | require |
the contract|contract \d | a link to a page, or the rule itself |
terms | settings |
(small_)?town|neighbou?r(hood)?s?|residents? | example, world, person |
dialects? | vendor, wire format; SQLAlchemy has the word | groupadd/drip
temper | privacy |
errands? | operation |
twists? | mutation |
ears? | leak detector |
mishaps? | planned fault |
on_?stage|stages?|staging | target, setup |
(?<!help )desks? | account worker |
rooms? | group, roster poller |
shifts? | account run |
crew | shared state |
twins? | duplicate | groupadd/drip/store/migrations
State\.(WAITING|ASKING|WATCHED|TWIN|UNUSABLE) | QUEUED, SENDING, AWAITING_VERDICT, DUPLICATE, INVALID |
orders? to be worked|ordered to | queued |
left to do|are left|is left|people left | remaining, to do |
"""
# As a whole name in code.
NAMES = r"""
said|meant|heard | the thing's own noun |
book|Book | ledger, LedgerOptions |
Terms|Pace | AddSettings, PaceSettings |
boldness | warnings |
patient|_insist | with_retries, _retry |
Sight|sights?|Seen|Watch | Observation, Presence, RosterObserver |
settle | decide, add_people |
Case|Times|Course|SentBefore | Attempt, SentRequests, LookSchedule, DuplicateSend |
hear|moments|from_then|believed|_glance | record_claim, due_at, absence_counts_from, discount_early, _look_or_nothing |
Told|Line|Http | CallbackResultT, TransportT, HttpClientT |
Outside|LATER|said_by|brought_by|Chosen|choose | ExternalText, UNRESOLVED, overridden_by, distributions, ConfiguredProvider, provider |
speaks_of_each | reports_each_person |
Someone | FollowUpPerson |
Desk|Rooms?|Standing|Holding|Overtaken|Turn|_judge|let_go|held_until|lasts | steps, GroupState, AccountSnapshot, Lease, LeaseLost, DueAction |
close_order|steering|in_threads|facts | dequeue, control, report data |
Complaint|complain|Through|Manner|Screen|pouring | ErrorMessage, show_error, ProviderOptions, AddOptions, Output, stream |
small_town|Residents?|Temper|Shown|Dialect | example_world, ExamplePerson, Privacy, RosterView, Vendor | groupadd/drip/store/codec.py
Errand|Twist|turns|Ear|Cast|Stage|Mishap|Candidate | Operation, Mutation, request_kinds, LeakDetector, Credentials, Target, PlannedFault, AdapterUnderTest |
"""


@frozen
class Word:
    """A word that is refused, what to write instead, and the folders where it may still be."""

    refused: str
    instead: str
    still_in: tuple[str, ...]

    @classmethod
    def read(cls, table: str) -> "list[Word]":
        rows = [re.split(r" +\| *", line) for line in table.strip().splitlines()]
        return [cls(refused, instead, tuple(folders.split())) for refused, instead, folders in rows]

    def check(self, found: Iterable[tuple[str, int, str]]) -> None:
        """Require that the word is where it may still be, and nowhere else."""
        places = list(found)
        refused = [
            f"{at}:{line}: {it}; write {self.instead}" for at, line, it in places if not at.startswith(self.still_in)
        ]
        no_longer_in = [folder for folder in self.still_in if not any(at.startswith(folder) for at, *_ in places)]
        assert refused == []
        assert no_longer_in == [], "remove this folder from the table"


def files(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        if path != Path(__file__):
            yield path.relative_to(HOUSE.parent if path.is_relative_to(HOUSE) else ROOT).as_posix(), path


@cache
def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


@cache
def names(path: Path) -> list[tuple[int, str]]:
    with tokenize.open(path) as file:
        tokens = tokenize.generate_tokens(file.readline)
        return [(token.start[0], token.string) for token in tokens if token.type == tokenize.NAME]


@pytest.mark.parametrize("word", Word.read(WORDS), ids=lambda word: word.refused)
def test_a_refused_word_is_nowhere(word: Word) -> None:
    whole = re.compile(rf"(?<![A-Za-z])(?:{word.refused})(?![A-Za-z])", re.IGNORECASE)
    word.check(
        (at, number, match[0])
        for at, path in files([*CODE, *PAGES])
        for number, line in enumerate(lines(path), 1)
        for match in whole.finditer(line)
    )


@pytest.mark.parametrize("word", Word.read(NAMES), ids=lambda word: word.refused)
def test_a_refused_name_is_nowhere(word: Word) -> None:
    word.check(
        (at, number, name)
        for at, path in files(CODE)
        for number, name in names(path)
        if re.fullmatch(word.refused, name)
    )
