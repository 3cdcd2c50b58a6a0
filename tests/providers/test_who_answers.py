"""Something in the provider's place: a redirect, a firewall's or proxy's page, a bare web server, or no server at all.

Nothing was carried out then. So every call is an error that names the host and the cause, and no outcome is unknown.
"""

from collections.abc import Mapping

import httpx
import pytest

from groupadd import Client, errors
from groupadd.cli.error_messages import error_message
from groupadd.cli.exit_codes import Exit
from groupadd.provider import GroupMembershipProvider
from groupadd.sandbox import vendor_names
from groupadd.testing.targets import build_provider, placeholder_credentials
from tests.support.scripts import GROUP
from tests.support.servers import refusing

PHONE = "+12025550143"
HOST = "api.vendor.example"
CLOUDFLARE = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
NGINX = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><center>nginx/1.24.0</center></body>\r\n</html>"
ANSWERS: Mapping[str, tuple[httpx.Response, str]] = {
    "moved to https": (
        httpx.Response(301, headers={"Location": f"https://{HOST}/x?token=the-token"}),
        f"redirects to https://{HOST} (301)",
    ),
    "moved for good": (
        httpx.Response(308, headers={"Location": "https://elsewhere.example:8443/"}),
        "redirects to https://elsewhere.example:8443 (308)",
    ),
    "a log-in page": (
        httpx.Response(302, headers={"Location": "/login"}),
        "redirects to another path of its own (302)",
    ),
    "a firewall": (
        httpx.Response(403, html=CLOUDFLARE, headers={"Server": "cloudflare", "CF-RAY": "0-FRA"}),
        "answered 403 with a page of cloudflare, not of the provider",
    ),
    "a proxy": (httpx.Response(405, html="<h1>405</h1>", headers={"Server": "squid/6.1"}), "a page of squid, not"),
    "a web server": (httpx.Response(404, html=NGINX), "answered 404 with a page of something in front of the provider"),
    "Express": (httpx.Response(404, html="<pre>Cannot POST /group</pre>"), "the provider's API is not at this address"),
    "Gin": (httpx.Response(404, text="404 page not found"), "the provider's API is not at this address"),
}

by_type = pytest.mark.parametrize("type_", vendor_names())


def provider(type_: str, base_url: str) -> GroupMembershipProvider:
    return build_provider(type_, {**placeholder_credentials(type_).fields, "base_url": base_url})


@pytest.fixture(params=ANSWERS)
def answer(request: pytest.FixtureRequest) -> tuple[httpx.Response, str]:
    return ANSWERS[request.param]


@by_type
@pytest.mark.parametrize("verify", ["auto", "never"])
def test_an_add_that_was_not_carried_out_names_the_host_and_the_cause(
    type_: str, verify: str, answer: tuple[httpx.Response, str]
) -> None:
    response, why = answer
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    http = httpx.Client(transport=httpx.MockTransport(handle))
    with Client(provider(type_, f"http://{HOST}"), http=http) as client, pytest.raises(errors.WrongAddress) as caught:
        client.add(GROUP, [PHONE], verify=verify)  # type: ignore[arg-type]
    assert str(caught.value).startswith(HOST)
    assert why in str(caught.value)
    assert "token" not in str(caught.value)
    assert not caught.value.maybe_applied
    assert len(asked) == 1, "the first answer says it all"


@by_type
def test_a_look_and_a_check_name_them_too(type_: str, answer: tuple[httpx.Response, str]) -> None:
    response, why = answer
    mock = httpx.MockTransport(
        lambda _: httpx.Response(response.status_code, headers=response.headers, content=response.content)
    )
    with Client(provider(type_, f"http://{HOST}"), http=httpx.Client(transport=mock)) as client:
        for call in (lambda: client.members(GROUP), lambda: client.check(GROUP, [PHONE])):
            with pytest.raises(errors.WrongAddress, match=HOST) as caught:
                call()
            assert why in str(caught.value)


@by_type
def test_a_server_that_is_not_there_is_named(type_: str) -> None:
    with (
        refusing() as url,
        Client(provider(type_, url)) as client,
        pytest.raises(errors.ProviderUnreachable) as caught,
    ):
        client.add(GROUP, [PHONE], verify="never")
    assert f"{url.removeprefix('http://')} refuses connections (ConnectionRefusedError)" in str(caught.value)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (errors.WrongAddress("x"), "`base_url`"),
        (errors.ProviderFailed("x"), "the provider's own log"),
        (errors.ProviderUnreachable("x"), "`base_url`"),
    ],
)
def test_the_command_line_says_what_to_do_next(error: errors.ProviderError, hint: str) -> None:
    message = error_message(error)
    assert message.exit is Exit.REFUSED
    assert message.hint is not None
    assert hint in message.hint
