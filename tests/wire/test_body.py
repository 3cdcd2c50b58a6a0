"""Bodies of answers: what they may cost, however they are packed."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupadd.wire.body import LARGEST_BODY, Body, BodyError

TINY = 1000


def received(raw: bytes, encoding: str = "", limit: int = LARGEST_BODY, piece: int = 100) -> bytes:
    body = Body(encoding, limit)
    for at in range(0, len(raw), piece):
        body.add(raw[at : at + piece])
    return body.whole()


@given(st.binary(max_size=TINY), st.integers(1, 50), st.sampled_from(["", "identity", "gzip", "X-GZIP "]))
def test_a_body_is_what_was_sent_however_it_is_cut_into_pieces(sent: bytes, piece: int, encoding: str) -> None:
    packed = gzip.compress(sent) if "gzip" in encoding.lower() else sent
    assert received(packed, encoding, piece=piece) == sent


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_body_may_be_as_large_as_the_limit_and_no_larger(encoding: str) -> None:
    def raw(size: int) -> bytes:
        return gzip.compress(b" " * size) if encoding else b" " * size

    assert len(received(raw(TINY), encoding, TINY)) == TINY
    with pytest.raises(BodyError, match="too large"):
        received(raw(TINY + 1), encoding, TINY)


def test_a_body_that_unpacks_to_nothing_is_received_no_further_than_the_limit() -> None:
    empty_blocks = b"\x00\x00\x00\xff\xff" * TINY  # RFC 1951 3.2.4: stored blocks without content
    with pytest.raises(BodyError, match="too large"):
        received(gzip.compress(b"")[:10] + empty_blocks, "gzip", TINY)


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "deflate", "identity, gzip", "gzip,", "compress"])
def test_a_body_is_packed_once_and_with_gzip_or_not_read(encoding: str) -> None:
    with pytest.raises(BodyError, match="another way"):
        Body(encoding)


@pytest.mark.parametrize(
    "raw",
    [b"{}", gzip.compress(b"{}")[:-3], zlib.compress(b"{}"), gzip.compress(b"x" * 99)[:20]],
    ids=["plain", "without its end", "deflate", "half"],
)
def test_a_body_that_is_no_whole_gzip_is_not_read(raw: bytes) -> None:
    with pytest.raises(BodyError):
        received(raw, "gzip")


def test_an_empty_body_is_empty_whatever_its_header_says() -> None:
    assert received(b"", "gzip") == b""


def test_what_follows_a_packed_body_is_ignored_and_not_kept() -> None:
    assert received(gzip.compress(b"{}") + b"\0" * TINY, "gzip", TINY * 2) == b"{}"


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([packer.compress(b"\0" * 2**20) for _ in range(64)] + [packer.flush()])  # 64 MiB in 65 kB
    tracemalloc.start()
    try:
        with pytest.raises(BodyError):
            received(bomb, "gzip", 2**20, len(bomb))
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()
