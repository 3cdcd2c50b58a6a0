"""A sandbox behind a real HTTP/1.1 server on loopback: connections that really break, answers that really drip."""

import http.client
import socket
import struct
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from groupadd.sandbox.messages import Answer
from groupadd.sandbox.service import Handle

HOST = "127.0.0.1"
_LONGEST_BODY = 16 * 1024 * 1024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: closing breaks the connection


class SandboxServer:
    """Serves a sandbox from entering the context to leaving it.

    A listening server cannot refuse a single request: where an answer is lost as `refused`, the connection is reset.

    Args:
        handle: The sandbox's entry.
        port: Where to listen; 0 for any free port.
    """

    def __init__(self, handle: Handle, port: int = 0) -> None:
        self._server = _Server(handle, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:8042`."""
        return f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> "SandboxServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handle: Handle, port: int) -> None:
        self.carry_out = handle
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        super().__init__((HOST, port), _Handler)

    def server_close(self) -> None:
        """Stop listening, and hang up on everybody: connections that are kept alive would be served on otherwise."""
        self.closing.set()
        super().server_close()
        for connection in tuple(self.connections):
            with suppress(OSError):  # the other side may have been faster
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def _host(self) -> _Server:
        assert isinstance(self.server, _Server)
        return self.server

    def setup(self) -> None:
        super().setup()
        self._host.connections.add(self.connection)

    def handle(self) -> None:
        """Serve the connection until either side hangs up, which a client may do at any moment."""
        with suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        self._host.connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif not length.isdecimal() or int(length) > _LONGEST_BODY:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length))
            self._answer(self._host.carry_out(self.command, self.path, dict(self.headers.items()), body))

    def _answer(self, answer: Answer) -> None:
        if answer.lost is not None:
            self._wait(answer.delay_s)
            self._reset()
            return
        head = self._head(answer)
        if answer.drips is None:
            self._wait(answer.delay_s)
            self.wfile.write(head + answer.body)
            return
        at_once, dripped = (head, answer.body) if answer.drips == "body" else (b"", head + answer.body)
        self.wfile.write(at_once)
        for byte in dripped:
            self._wait(answer.delay_s / len(dripped))
            self.wfile.write(bytes((byte,)))

    def _head(self, answer: Answer) -> bytes:
        phrase = http.client.responses.get(answer.status, "")
        fields = {"Date": self.date_time_string(), **answer.headers, "Content-Length": str(len(answer.body))}
        lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _wait(self, seconds: float) -> None:
        """Let time pass, but not after the server has been told to stop."""
        self._host.closing.wait(seconds)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        socket.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
        """Say nothing: addresses hold what is not to be logged."""
