"""A vendor's endpoints, each with the sources that it is known from.

An adapter cites its sources by letter: `sources="DS"` of an endpoint, and `# [D]` beside any other wire fact. `LETTERS`
says what each letter means; the adapter's own docstring names the documents.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from attrs import field, frozen


class Source(StrEnum):
    """What a wire fact rests on, the strongest first."""

    LIVE = "live"
    PROGRAM = "program"
    PAGE = "page"
    SOURCE = "source"
    ISSUE = "issue"
    OPEN = "open"


LETTERS: Mapping[str, Source] = {
    "L": Source.LIVE,
    "P": Source.PROGRAM,
    "D": Source.PAGE,
    "S": Source.SOURCE,
    "R": Source.SOURCE,  # an answer of the program, run without a WhatsApp account
    "I": Source.ISSUE,
    "?": Source.OPEN,
}
MEANINGS: Mapping[Source, str] = {
    Source.LIVE: "a recording of the vendor's live service",
    Source.PROGRAM: "a recording of the vendor's own program, with a fake WhatsApp behind it",
    Source.PAGE: "the vendor's page or specification",
    Source.SOURCE: "the vendor's own program or SDK, read or run",
    Source.ISSUE: "an answer shown in an issue",
    Source.OPEN: "general knowledge or third-party clients; not confirmed",
}


def _by_letter(letters: Iterable[str]) -> tuple[Source, ...]:
    if unknown := set(letters) - LETTERS.keys():
        raise ValueError(f"no source has the letter {min(unknown)!r}; the letters are {', '.join(LETTERS)}")
    cited = {LETTERS[letter] for letter in letters}
    return tuple(source for source in Source if source in cited)


@frozen
class Endpoint:
    """One method and path of a vendor's API.

    Attributes:
        route: The method and the path template, as the vendor's page has them: `POST /groups/{group}`.
        sources: What the endpoint is known from, the strongest source first; given as letters.
        gap_s: The least seconds between two requests to the endpoint, as the vendor limits them; the driver waits.
    """

    route: str
    sources: tuple[Source, ...] = field(default=(), converter=_by_letter, kw_only=True)
    gap_s: float = field(default=0.0, kw_only=True)

    def __str__(self) -> str:
        return self.route
