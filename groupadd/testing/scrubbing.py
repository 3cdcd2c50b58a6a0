"""Scrubbing of recordings: credentials, tokens, numbers, names and invite codes become placeholders.

A known value is replaced wherever it stands. An unknown one is found by its shape: better a timestamp replaced than a
phone number kept.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from attrs import define, field

INVITE = "SCRUBBED_INVITE_CODE"
BEARER = "SCRUBBED_TOKEN"
NAME = "Scrubbed"

_CODES = (
    re.compile(r"chat\.whatsapp\.com/(?:invite/)?([\w-]{10,40})"),
    re.compile(r'"(?:\w*invite\w*|[Cc]ode)"\s*:\s*"(?!(?:[a-z_]+|[A-Z_]+)")([\w-]{16,40})"'),  # error words excepted
    re.compile(r'\A\s*"?([\w-]{16,40})"?\s*\Z'),  # the code is the whole body
)
_TOKEN = re.compile(r'"token"\s*:\s*"([^"]+)"')  # fetched before each request
_NAMES = re.compile(r'("(?:\w*name|subject|topic|description|picture\w*)"\s*:\s*)"(?:[^"\\]|\\.)+"', re.IGNORECASE)
_GROUP = re.compile(r"(?<!\w)[\d-]{10,40}(?=(?:@|%40)g\.us)")
_LID = re.compile(r"(?<!\w)\d{5,20}(?=(?::\d+)?(?:@|%40)lid)")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{8,15}(?![0-9A-Za-z])")

_PLACEHOLDERS: Mapping[re.Pattern[str], Callable[[int], str]] = {
    _GROUP: lambda n: f"120363999999{n:06}",
    _LID: lambda n: f"17700990{n:07}",
    _NUMBER: lambda n: f"1{902 + n // 100}55501{n % 100:02}",
}


@define
class Scrubber:
    """Replaces private values in texts. Equal values get equal placeholders.

    Attributes:
        placeholders: The placeholder of each known value.
        fictional: The numbers, LIDs and groups that may stay.
    """

    placeholders: dict[str, str] = field(repr=False)
    fictional: frozenset[str] = frozenset()
    _made: dict[str, str] = field(factory=dict[str, str], init=False, repr=False)

    def scrub(self, text: str) -> str:
        """Return a text with its private values replaced."""
        text = _NAMES.sub(rf'\1"{NAME}"', self._without_known(text))
        for pattern, placeholder in _PLACEHOLDERS.items():
            text = pattern.sub(self._numbered(placeholder), text)
        return text

    def scrub_response(self, body: str) -> str:
        """Return a response's body with its private values replaced; add its codes and tokens to the known values."""
        codes = {code: INVITE for pattern in _CODES for code in pattern.findall(body)}
        self.placeholders |= codes | dict.fromkeys(_TOKEN.findall(body), BEARER) | self.placeholders
        return self.scrub(body)

    def require_clean(self, text: str) -> None:
        """Check that a text contains no known value.

        Raises:
            ValueError: The text contains one. The message does not show it.
        """
        if self._without_known(text) != text:
            raise ValueError("the recording contains a secret, so nothing was written")

    def _without_known(self, text: str) -> str:
        for known in sorted(self.placeholders, key=len, reverse=True):
            for spelling in _spellings(known):
                text = text.replace(spelling, self.placeholders[known])
        return text

    def _numbered(self, placeholder: Callable[[int], str]) -> Callable[[re.Match[str]], str]:
        def replacement(match: re.Match[str]) -> str:
            number = match[0]
            if number not in self.fictional and number not in self._made.values():
                number = self._made.setdefault(number, placeholder(len(self._made)))
            return number

        return replacement


def _spellings(known: str) -> Iterator[str]:
    yield known
    yield quote(known, safe="")
    yield json.dumps(known)[1:-1]
