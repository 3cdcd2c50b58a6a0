"""Who answers: the vendor, or a redirect, a firewall, a proxy or a bare web server in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd import errors
from groupadd.errors import ProviderError, WrongAddress
from groupadd.readers import status_errors
from groupadd.readers.address import missing_route, wrong_address
from groupadd.wire.messages import Response
from tests.support.scripts import says

HOST = "api.vendor.example:8443"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://api.vendor.example/v2?token=the-token", "https://api.vendor.example"),
        ("http://ann:the-token@10.0.0.7:8080/x", "http://10.0.0.7:8080"),
        ("https://[2001:db8::1]:443/x", "https://[2001:db8::1]:443"),
        ("//login.vendor.example/the-token", "login.vendor.example"),
        ("/login?next=the-token", "another path of its own"),
        ("https://the token\x1b[2J/", "another address"),
        ("https://[the-token", "another address"),
    ],
)
def test_a_redirect_is_named_by_its_host_alone(status: int, location: str, named: str) -> None:
    error = wrong_address(Response(status, headers={"location": location}, host=HOST))
    assert error is not None
    assert str(error).startswith(f"{HOST} redirects to {named} ({status})")
    assert "token" not in str(error)
    assert error.maybe_applied is (status == 303)


@pytest.mark.parametrize("response", [Response(302), Response(304, headers={"location": "https://x.example"})])
def test_a_redirect_without_an_address_is_none(response: Response) -> None:
    assert wrong_address(response) is None


PAGES = [
    b"<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>",
    b"\r\n<html>\r\n<head><title>403 Forbidden</title></head>\r\n<center>nginx</center></html>",
    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    b"\xef\xbb\xbf<html></html>",
    b"404 page not found",
    b"Cannot POST /group/participants",
    b"<pre>Cannot POST /api/x</pre>",
    b"error code: 1020",
    b"RBAC: access denied",
]


@pytest.mark.parametrize("status", [403, 404, 405])
@pytest.mark.parametrize("body", PAGES)
def test_a_page_that_is_no_json_is_not_the_vendors(status: int, body: bytes) -> None:
    error = wrong_address(Response(status, body, {"server": "cloudflare/1.2 (x)"}, host=HOST))
    assert error is not None
    assert str(error).startswith(f"{HOST} answered {status} with a page of cloudflare, not of the provider: ")
    assert not error.maybe_applied


def test_a_page_without_a_servers_name_is_still_named_by_its_host() -> None:
    error = wrong_address(Response(403, b"<html>", {"server": "15550100 \x1b"}))
    assert str(error).startswith("the address answered 403 with a page of something in front of the provider: ")


@pytest.mark.parametrize("status", [403, 404, 405])
@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"message": "not an a', b'"Forbidden"', b"[]", b"null", b"7"])
def test_the_vendors_own_refusal_is_json_or_empty(status: int, body: bytes) -> None:
    assert wrong_address(Response(status, body)) is None
    assert not isinstance(status_errors.error_for_status(Response(status, body)), WrongAddress)


@pytest.mark.parametrize("status", [200, 400, 401, 409, 429, 500, 502, 503])
def test_a_page_of_any_other_status_says_nothing_of_the_address(status: int) -> None:
    assert wrong_address(Response(status, PAGES[0])) is None


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Cannot POST /api/s1/groups", "error": "Not Found", "statusCode": 404},
        {"status": 404, "error": "Not Found", "response": {"message": ["Cannot GET /group/participants/i1"]}},
        {"code": "rest_no_route", "message": "No route was found", "data": {"status": 404}},
    ],
)
def test_a_frameworks_own_404_means_that_the_path_is_unknown(body: object) -> None:
    assert wrong_address(says(body, 404)) is None
    assert missing_route(says(body, 404)) is not None
    assert isinstance(status_errors.error_for_status(says(body, 404)), WrongAddress)


@pytest.mark.parametrize(
    "body",
    [{"message": "group not found"}, {"message": "you cannot GET /there from here"}, {"code": "invalid_session"}],
)
def test_the_vendors_own_404_means_what_the_vendor_says(body: object) -> None:
    assert missing_route(says(body, 404)) is None


def test_the_vendors_own_refusals_come_after_the_question_who_answers() -> None:
    refusals = (status_errors.Refusal(403, errors.NotAuthenticated, "no such instance"),)
    with pytest.raises(errors.NotAuthenticated):
        status_errors.raise_for_refusals(says({"message": "x"}, 403), refusals)
    with pytest.raises(WrongAddress):
        status_errors.raise_for_refusals(Response(403, PAGES[0]), refusals)


@given(st.integers(100, 599), st.binary(), st.text(), st.text())
def test_any_answer_is_the_vendors_or_is_named(status: int, body: bytes, location: str, server: str) -> None:
    response = Response(status, body, {"location": location, "server": server})
    for error in (wrong_address(response), missing_route(response)):
        assert error is None or (isinstance(error, ProviderError) and str(error).isprintable())
