"""Small servers on loopback that misbehave on purpose, one connection at a time."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

Behaviour = Callable[[socket.socket], None]


@contextlib.contextmanager
def server(behaviour: Behaviour) -> Iterator[str]:
    """Serve `behaviour` for each connection, after its request was read; yields the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                behaviour(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """Yield the address of a port that is taken and refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def says(raw: bytes) -> Behaviour:
    """Answer with these bytes."""
    return lambda connection: connection.sendall(raw)


def drips(raw: bytes, *, times: int = 100) -> Behaviour:
    """Send `raw`, then one byte every 50 ms, `times` times at most."""

    def behaviour(connection: socket.socket) -> None:
        connection.sendall(raw)
        for _ in range(times):
            time.sleep(0.05)
            connection.sendall(b"x")

    return behaviour


def answer(body: bytes, *, status: str = "200 OK", headers: bytes = b"") -> bytes:
    """Return a whole HTTP answer that closes its connection."""
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s" % (
        status.encode(),
        len(body),
        headers,
        body,
    )


@contextlib.contextmanager
def forwarding(host: str, port: int) -> Iterator[int]:
    """Forward whatever comes to an address of this machine to a port on loopback; yields the port there."""
    listener = socket.create_server((host, 0))
    ends: list[socket.socket] = []

    def pour(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := one.recv(65536):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", port))
                ends.extend((near, far))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=pour, args=(one, other), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for end in ends:
            end.close()
