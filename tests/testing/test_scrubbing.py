"""The scrubber: known values in every spelling, unknown ones by their shape."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from html import escape
from typing import TypeAlias
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd.testing import Scrubber
from groupadd.testing.scrubbing import BEARER, INVITE
from groupadd.testing.targets import fictional_ids


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        ('{"to": "+4915550100123"}', '{"to": "+19025550100"}'),
        ("4915550100123 and 4915550100123:7@s.whatsapp.net", "19025550100 and 19025550100:7@s.whatsapp.net"),
        ('{"pushName": "Ada \\" Real", "name":"X"}', '{"pushName": "Scrubbed", "name":"Scrubbed"}'),
        ('"AbCdEfGhIjKlMnOpQr"', f'"{INVITE}"'),
        ("https://chat.whatsapp.com/AbCdEfGhIjKl", f"https://chat.whatsapp.com/{INVITE}"),
        ('{"AddRequest": {"Code": "AbCdEfGhIjKlMnOp"}}', f'{{"AddRequest": {{"Code": "{INVITE}"}}}}'),
        ('{"code": "wawp_upstream_error"}', '{"code": "wawp_upstream_error"}'),
        ('{"code": "AUTHENTICATION_ERROR"}', '{"code": "AUTHENTICATION_ERROR"}'),
        ('{"token": "$2b$10$a/b.c"}', f'{{"token": "{BEARER}"}}'),
        ("99990000111122@lid", "177009900000000@lid"),
        ("4915550100123-1612345678@g.us", "120363999999000000@g.us"),
        (
            '{"timestamp": "2026-01-05T09:00:00+00:00", "code": 200}',
            '{"timestamp": "2026-01-05T09:00:00+00:00", "code": 200}',
        ),
        ('{"id": "12025550143@c.us"}', '{"id": "12025550143@c.us"}'),
    ],
)
def test_unknown_private_values_are_scrubbed_by_their_shape(body: str, clean: str) -> None:
    assert Scrubber({}, fictional_ids()).scrub_response(body) == clean


def test_a_code_in_a_response_is_scrubbed_from_later_requests() -> None:
    scrubber = Scrubber({})
    scrubber.scrub_response('{"inviteCode": "AbCdEfGhIjKlMnOp"}')
    assert scrubber.scrub("Join: AbCdEfGhIjKlMnOp") == f"Join: {INVITE}"


def test_a_token_that_contains_the_key_is_scrubbed_whole_from_later_requests() -> None:
    scrubber = Scrubber({"the-key": "SCRUBBED_KEY"})
    scrubber.scrub_response('{"token": "$2b$of-the-key"}')
    assert scrubber.scrub("Bearer $2b$of-the-key") == f"Bearer {BEARER}"


def test_a_known_value_is_never_written() -> None:
    with pytest.raises(ValueError, match="nothing was"):
        Scrubber({"the-key": "X"}).require_clean("Bearer the-key")


Spell: TypeAlias = Callable[[str], str]
SECRET = "Kx7:q9%2FZw3@a/b+c d\"\\'=&<é🔑"
SPELLINGS: Sequence[Spell] = [
    str,
    quote,
    quote_plus,
    escape,
    lambda text: quote(text, safe=""),
    lambda text: re.sub(r"%..", lambda octet: octet[0].lower(), quote(text, safe="@:")),
    lambda text: quote(quote(text, safe="@:")),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    lambda text: "".join(f"\\u{unit:04X}" for unit in memoryview(text.encode("utf-16-le")).cast("H")),
    lambda text: "".join(f"%{octet:02x}" for octet in text.encode()),
    lambda text: "".join(f"&#{ord(char)};" for char in text),
    lambda text: b64encode(text.encode()).decode(),
    lambda text: b64encode(f"me:{text}".encode()).decode(),
    lambda text: urlsafe_b64encode(f"user:{text}".encode()).decode(),
    lambda text: quote(b64encode(f"a-user:{text}".encode()), safe=""),
    lambda text: json.dumps(b64encode(text.encode()).decode()).replace("/", "\\/"),
]


@pytest.mark.parametrize("spell", SPELLINGS)
def test_a_known_value_is_found_in_every_spelling(spell: Spell) -> None:
    scrubber = Scrubber({SECRET: "SCRUBBED_KEY"})
    text = f"before {spell(SECRET)} after"
    assert "SCRUBBED_KEY" in scrubber.scrub(text)
    with pytest.raises(ValueError, match="nothing was"):
        scrubber.require_clean(text)
    scrubber.require_clean(scrubber.scrub(text))


@given(st.data(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_each_character_may_be_spelled_in_its_own_way(data: st.DataObject, secret: str) -> None:
    ways: Sequence[Spell] = (str, escape, lambda char: quote(char, safe=""), lambda char: json.dumps(char)[1:-1])
    text = "".join(data.draw(st.sampled_from(ways))(char) for char in secret)
    assert Scrubber({secret: "•"}).without_known(f"<{text}>") == "<•>"


def test_a_value_is_not_found_where_it_is_not() -> None:
    scrubber = Scrubber({SECRET: "SCRUBBED_KEY", "main": "SCRUBBED_SESSION"})
    for text in ("Kx7:q9/Zw3", SECRET[:-1], SECRET.lower(), "bWFp bfA", b64encode(b"remaining").decode()):
        scrubber.require_clean(text)
