"""Scrubbing of recordings: credentials, tokens, numbers, names and invite codes become placeholders.

A known value is replaced wherever it stands, in every spelling. An unknown one is found by its shape: better a
timestamp replaced than a phone number kept.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from html import escape

from attrs import define, field

INVITE = "SCRUBBED_INVITE_CODE"
BEARER = "SCRUBBED_TOKEN"
NAME = "Scrubbed"

_CODES = (
    re.compile(r"chat\.whatsapp\.com/(?:invite/)?([\w-]{10,40})"),
    re.compile(
        r'"(?:\w{0,40}invite\w{0,40}|[Cc]ode)"\s*:\s*"(?!(?:[a-z_]+|[A-Z_]+)")([\w-]{16,40})"'
    ),  # error words excepted
    re.compile(r'\A\s*"?([\w-]{16,40})"?\s*\Z'),  # the code is the whole body
)
_TOKEN = re.compile(r'"token"\s*:\s*("(?:[^"\\]|\\.)+")')  # fetched before each request
_NAMES = re.compile(r'("(?:\w*name|subject|topic|description|picture\w*)"\s*:\s*)"(?:[^"\\]|\\.)+"', re.IGNORECASE)
_GROUP = re.compile(r"(?<!\w)[\d-]{10,40}(?=(?:@|%40)g\.us)")
_LID = re.compile(r"(?<!\w)\d{5,20}(?=(?::\d+)?(?:@|%40)lid)")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{8,15}(?![0-9A-Za-z])")

_SHORTEST_IN_BASE64 = 6  # octets; the characters of shorter values would be found by chance
_BASE64_CHARACTERS: Mapping[str, str] = {"+": r"(?:[+-]|(?i:%2b))", "/": r"(?:[/_]|\\+/|(?i:%2f))"}
_JSON_SHORT: Mapping[str, str] = {
    char: rf"\\+{re.escape(short)}|"
    for char, short in {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}.items()
}

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
        text = _NAMES.sub(rf'\1"{NAME}"', self.without_known(text))
        for pattern, placeholder in _PLACEHOLDERS.items():
            text = pattern.sub(self._numbered(placeholder), text)
        return text

    def scrub_response(self, body: str) -> str:
        """Return a response's body with its private values replaced; add its codes and tokens to the known values."""
        self.learn(body)
        return self.scrub(body)

    def learn(self, body: str) -> None:
        """Add the invite codes and tokens in a response's body to the known values."""
        codes = {code: INVITE for pattern in _CODES for code in pattern.findall(body)}
        self.placeholders |= codes | dict.fromkeys(map(json.loads, _TOKEN.findall(body)), BEARER) | self.placeholders

    def require_clean(self, text: str) -> None:
        """Check that a text contains no known value.

        Raises:
            ValueError: The text contains one. The message does not show it.
        """
        if self.without_known(text) != text:
            raise ValueError("the recording contains a secret, so nothing was written")

    def without_known(self, text: str) -> str:
        """Return a text with the known values replaced, in every spelling."""
        for known in sorted(filter(None, self.placeholders), key=len, reverse=True):
            text = spelled(known).sub(partial(_placeholder, self.placeholders[known]), text)
        return text

    def _numbered(self, placeholder: Callable[[int], str]) -> Callable[[re.Match[str]], str]:
        def replacement(match: re.Match[str]) -> str:
            number = match[0]
            if number not in self.fictional and number not in self._made.values():
                number = self._made.setdefault(number, placeholder(len(self._made)))
            return number

        return replacement


@cache
def spelled(known: str) -> re.Pattern[str]:
    """Return the pattern of a value in every spelling.

    Each character may be plain, percent-encoded (once or twice), escaped for JSON or HTML, whatever the others are. The
    value may also be a part of Base64, as a password in Basic authentication is.
    """
    return re.compile("|".join(["".join(map(_spelled_character, known)), *_in_base64(known)]))


def _placeholder(placeholder: str, _: re.Match[str]) -> str:
    return placeholder


def _spelled_character(char: str) -> str:
    octets = "".join(f"%{octet:02x}" for octet in _octets(char))
    units = char.encode("utf-16-be", "surrogatepass").hex()
    in_json = "".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4))
    ignoring_case = (octets, octets.replace("%", "%25"), in_json, f"&#x0*{ord(char):x};", f"&#0*{ord(char)};")
    plain = {char, escape(char), *({"+"} if char == " " else ())}
    return f"(?:{'|'.join(map(re.escape, sorted(plain)))}|{_JSON_SHORT.get(char, '')}(?i:{'|'.join(ignoring_case)}))"


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _in_base64(known: str) -> Iterator[str]:
    """Yield patterns of the Base64 characters that hold nothing but the value, for each place where it may begin."""
    octets = _octets(known)
    for before in range(3) if len(octets) >= _SHORTEST_IN_BASE64 else ():
        encoded = b64encode(bytes(before) + octets).decode()
        whole = encoded[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        yield "".join(_BASE64_CHARACTERS.get(char) or _spelled_character(char) for char in whole)
