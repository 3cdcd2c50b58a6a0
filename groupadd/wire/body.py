"""The body of an answer, received piece by piece under a limit: one kilobyte of gzip can hold gigabytes."""

import zlib

LARGEST_BODY = 8 * 2**20  # bytes, as they are received and as they are unpacked; 1,024 members need 0.3 MiB
ACCEPTED_ENCODING = "gzip"
_GZIP = zlib.MAX_WBITS | 16


class BodyError(Exception):
    """A body is too large, cut off, or packed in another way than accepted. The text is a predicate: `is too large`."""


class Body:
    """The pieces of one body.

    Args:
        encoding: The answer's `Content-Encoding`: empty, `identity`, or `gzip` alone. Each further encoding could
            multiply the size by a thousand.
        limit: The largest size in bytes.

    Raises:
        BodyError: The encoding is another one.
    """

    def __init__(self, encoding: str, limit: int = LARGEST_BODY) -> None:
        encoding = encoding.strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise BodyError("is packed in another way than gzip")
        self._unpacker = None if encoding in {"", "identity"} else zlib.decompressobj(_GZIP)
        self._limit = limit
        self._received = self._size = 0
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Keep the next piece.

        Raises:
            BodyError: The body is larger than the limit, or it is not gzip.
        """
        self._received += len(piece)
        if self._unpacker is not None:
            piece = self._unpacked(self._unpacker, piece)
        self._size += len(piece)
        self._pieces.append(piece)
        if max(self._received, self._size) > self._limit:
            raise BodyError("is too large")

    def whole(self) -> bytes:
        """Return the pieces joined.

        Raises:
            BodyError: The packed body has no end.
        """
        if self._unpacker is not None and self._received and not self._unpacker.eof:
            raise BodyError("is cut off")
        return b"".join(self._pieces)

    def _unpacked(self, unpacker: "zlib._Decompress", piece: bytes) -> bytes:
        """Unpack no more than one byte over the limit. What follows the end of the packed body is ignored."""
        if unpacker.eof:
            return b""
        try:
            return unpacker.decompress(piece, self._limit - self._size + 1)
        except zlib.error:
            error = BodyError("is not gzip, though it says so")
        raise error
