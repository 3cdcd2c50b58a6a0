"""Providers' addresses: which are none, and where a key could be read on the way."""

import pytest

from groupadd.wire.address import is_address, is_unencrypted


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example",
        "http://localhost:8080/",
        "https://api.example/v2",
        "http://[::1]:80",
        "http://10.0.0.1",
        "https://bücher.example",
        "https://a.example.",
        "http://under_score:21465",
    ],
)
def test_an_address_is_a_scheme_a_host_and_perhaps_a_path(url: str) -> None:
    assert is_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example",
        "ftp://api.example",
        "https://",
        "https:///x",
        "https://me:secret@api.example",
        "https://secret@api.example",
        "https://@api.example",
        "https://api.example?key=x",
        "https://api.example#x",
        "https://api.example/\n",
        "https://api example",
        "https://api.example\\x",
        "https://api.example:0",
        "https://api.example:65536",
        "https://api.example:x",
        "https://[::1",
        "http://a..b",
        "http://.a",
        f"http://{'a' * 64}.example",
    ],
)
def test_anything_else_is_no_address(url: str) -> None:
    assert not is_address(url)


@pytest.mark.parametrize(
    ("url", "unencrypted"),
    [
        ("https://api.example", False),
        ("http://api.example", True),
        ("http://192.168.1.7:8080", True),
        ("http://evolution:8080", True),
        ("http://localhost.example", True),
        ("http://localhost:3000/api", False),
        ("http://waha.localhost", False),
        ("http://127.0.0.1:3000", False),
        ("http://127.8.8.8", False),
        ("http://[::1]:3000", False),
    ],
)
def test_only_plain_http_to_another_machine_can_be_read_on_the_way(url: str, unencrypted: bool) -> None:
    assert is_unencrypted(url) is unencrypted
