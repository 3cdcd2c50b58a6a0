"""What may not stay in a recording, and what is written in its place: credentials, tokens, numbers, names, codes.

What is known is replaced as it is; what nobody can know beforehand is found by its shape. It is better to replace a
timestamp than to keep a number.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from attrs import define, field

INVITE = "SCRUBBED_INVITE_CODE"
BEARER = "SCRUBBED_TOKEN"
SOMEBODY = "Somebody"

_CODES = (
    re.compile(r"chat\.whatsapp\.com/(?:invite/)?([\w-]{10,40})"),
    re.compile(r'"(?:\w*invite\w*|[Cc]ode)"\s*:\s*"(?!(?:[a-z_]+|[A-Z_]+)")([\w-]{16,40})"'),  # but for error words
    re.compile(r'\A\s*"?([\w-]{16,40})"?\s*\Z'),  # a code that is the whole body
)
_TOKEN = re.compile(r'"token"\s*:\s*"([^"]+)"')  # one that is asked for before each call
_CALLED = re.compile(r'("(?:\w*name|subject|topic|description|picture\w*)"\s*:\s*)"(?:[^"\\]|\\.)+"', re.IGNORECASE)
_GROUP = re.compile(r"(?<!\w)[\d-]{10,40}(?=(?:@|%40)g\.us)")
_LID = re.compile(r"(?<!\w)\d{5,20}(?=(?::\d+)?(?:@|%40)lid)")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{8,15}(?![0-9A-Za-z])")

_STAND_INS: Mapping[re.Pattern[str], Callable[[int], str]] = {
    _GROUP: lambda n: f"120363999999{n:06}",
    _LID: lambda n: f"17700990{n:07}",
    _NUMBER: lambda n: f"1{902 + n // 100}55501{n % 100:02}",
}


@define
class Scrubber:
    """Replaces what may not stay; the same thing always by the same stand-in.

    Attributes:
        stand_ins: What is known, and what stands in its place.
        fictional: The numbers, LIDs and groups that may stay.
    """

    stand_ins: dict[str, str] = field(repr=False)
    fictional: frozenset[str] = frozenset()
    _made: dict[str, str] = field(factory=dict[str, str], init=False, repr=False)

    def scrub(self, text: str) -> str:
        """Return a text without what may not stay in it."""
        text = _CALLED.sub(rf'\1"{SOMEBODY}"', self._without_known(text))
        for pattern, stand_in in _STAND_INS.items():
            text = pattern.sub(self._made_by(stand_in), text)
        return text

    def scrub_answer(self, body: str) -> str:
        """Return the body of an answer without what may not stay in it, and know its codes and tokens from now on."""
        codes = {code: INVITE for pattern in _CODES for code in pattern.findall(body)}
        self.stand_ins |= codes | dict.fromkeys(_TOKEN.findall(body), BEARER) | self.stand_ins
        return self.scrub(body)

    def require_clean(self, text: str) -> None:
        """Hold that nothing known is left in a text.

        Raises:
            ValueError: Something is; what it is, is not told.
        """
        if self._without_known(text) != text:
            raise ValueError("a secret would have been written, so nothing was")

    def _without_known(self, text: str) -> str:
        for known in sorted(self.stand_ins, key=len, reverse=True):
            for spelling in _spellings(known):
                text = text.replace(spelling, self.stand_ins[known])
        return text

    def _made_by(self, stand_in: Callable[[int], str]) -> Callable[[re.Match[str]], str]:
        def replacement(found: re.Match[str]) -> str:
            number = found[0]
            if number not in self.fictional and number not in self._made.values():
                number = self._made.setdefault(number, stand_in(len(self._made)))
            return number

        return replacement


def _spellings(known: str) -> Iterator[str]:
    yield known
    yield quote(known, safe="")
    yield json.dumps(known)[1:-1]
