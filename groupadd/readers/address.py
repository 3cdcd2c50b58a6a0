"""Whether the vendor answers at all, or a redirect, a firewall, a proxy or a bare web server in its place.

No vendor redirects, and every vendor's own 403, 404 and 405 is JSON or empty. So these are recognised by their form.
"""

import re
from urllib.parse import urlsplit

from groupadd.errors import WrongAddress
from groupadd.wire.messages import NOT_JSON, Response

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER = 303  # the answer to a request that may have been carried out is elsewhere (RFC 9110 15.4.4)
_PAGES = {
    403: "a firewall or proxy refuses us",
    404: "the provider's API is not at this address",
    405: "the provider's API is not at this address",
}
_JSON_BEGINS = (b"{", b"[", b'"')  # also of JSON that is cut short
# A web framework's own 404, in JSON: of NestJS, Express and Fiber; of WordPress.
_MISSING_ROUTE = re.compile(rb'"Cannot (?:GET|POST|PUT|PATCH|DELETE) /|"code":\s*"rest_no_route"')
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_SERVER = re.compile(r"[A-Za-z][A-Za-z0-9._-]{1,30}")


def wrong_address(response: Response) -> WrongAddress | None:
    """Return the error for an answer that is not the vendor's: a redirect, or a 403, 404 or 405 that is no JSON."""
    who, status = response.host or "the address", response.status
    if status in _REDIRECTS and (location := response.headers.get("location")):
        text = f"{who} redirects to {_destination(location)} ({status}) and did not carry out the request"
        return WrongAddress(text, maybe_applied=status == _SEE_OTHER)
    if status in _PAGES and _is_page(response):
        return WrongAddress(f"{who} answered {status} with a page of {_author(response)}: {_PAGES[status]}")
    return None


def missing_route(response: Response) -> WrongAddress | None:
    """Return the error for a web framework's own 404 in JSON: the server does not know the path of the request."""
    if response.status not in _PAGES or not _MISSING_ROUTE.search(response.body):
        return None
    who = response.host or "the address"
    return WrongAddress(f"{who} answered {response.status}: the server knows no such path")


def _is_page(response: Response) -> bool:
    begin = response.body.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(begin) and not begin.startswith(_JSON_BEGINS) and response.json() is NOT_JSON


def _destination(location: str) -> str:
    """Return the scheme and host of a redirect; its path and query may hold secrets."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return "another address"
    host = parts.netloc.rpartition("@")[2]
    if not host:
        return "another path of its own"
    if not _HOST.fullmatch(host):
        return "another address"
    return f"{parts.scheme}://{host}" if parts.scheme in {"http", "https"} else host


def _author(response: Response) -> str:
    """Return the web server that the answer names, such as `cloudflare`."""
    server = _SERVER.match(response.headers.get("server", ""))
    return f"{server[0]}, not of the provider" if server else "something in front of the provider"
