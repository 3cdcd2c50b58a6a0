"""A provider's address, its `base_url`: what it may be, its host, and whether a key may be read on the way."""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

NOT_AN_ADDRESS = "must be http:// or https://, a host, and at most a path"
LONGEST_LABEL = 63  # characters between two dots of a host (RFC 1035 2.3.4)


def is_address(url: str) -> bool:
    """Return whether a text may be a provider's address: no credentials in it, and a path can be put behind it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_plain = url.isprintable() and not {*" \\?#"} & {*url} and "@" not in parts.netloc
    labels = (parts.hostname or "").removesuffix(".").split(".")
    is_host = all(0 < len(label) <= LONGEST_LABEL for label in labels)
    return is_plain and parts.scheme in {"http", "https"} and is_host and port != 0


def host_of(url: str) -> str:
    """Return the host of an address, with its port where the address names one, without credentials."""
    return urlsplit(url).netloc.rpartition("@")[2]


@lru_cache(maxsize=256)
def is_unencrypted(url: str) -> bool:
    """Return whether other machines can read what is sent to an address: plain `http://` to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761 6.3
