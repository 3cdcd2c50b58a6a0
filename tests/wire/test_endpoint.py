"""Endpoints and the letters of their sources."""

import pytest

from groupadd.wire.endpoint import LETTERS, MEANINGS, Endpoint, Source
from groupadd.wire.messages import Request


def test_sources_are_given_by_letter_and_kept_strongest_first() -> None:
    assert Endpoint("POST /add", sources="?DL").sources == (Source.LIVE, Source.PAGE, Source.OPEN)
    assert Endpoint("POST /add", sources="SPL").sources == (Source.LIVE, Source.PROGRAM, Source.SOURCE)
    assert Endpoint("POST /add", sources="RS").sources == (Source.SOURCE,)
    assert Endpoint("POST /add").sources == ()


def test_every_source_has_a_letter_and_a_meaning() -> None:
    assert {*LETTERS.values()} == {*Source} == {*MEANINGS}


def test_an_unknown_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="'X'"):
        Endpoint("POST /add", sources="DX")


def test_a_request_goes_to_an_endpoint_as_to_its_route() -> None:
    endpoint = Endpoint("GET /groups/{group}", sources="D")
    assert (
        Request.to(endpoint) == Request.to("GET /groups/{group}") == Request("GET", "/groups/{group}", repeatable=True)
    )
