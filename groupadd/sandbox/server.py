"""A sandbox behind a real HTTP/1.1 server on loopback, with real broken connections and real slow responses.

Browsers on this machine reach the server, too. A page of another origin must neither drive it nor read it. So the
server answers to its own names alone (against DNS rebinding), sends no CORS header, and refuses other origins.
"""

import http.client
import socket
import struct
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from groupadd.sandbox.messages import Handler, ServerResponse

HOST = "127.0.0.1"
_PHRASES = {**http.client.responses, 422: "Unprocessable Entity"}  # Python 3.13 renames 422; cassettes stay the same
_NAMES = (HOST, "localhost")
_OTHER_SITES = frozenset({"cross-site", "same-site"})  # Sec-Fetch-Site, of another origin (W3C Fetch Metadata)
_LONGEST_BODY = 16 * 1024 * 1024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with 0 s: closing the socket sends a reset


class SandboxServer:
    """A context manager that serves a sandbox while the context is open.

    A listening server cannot refuse a single connection. It resets the connection for `disconnect="refused"` too.

    Args:
        handle: The service, such as `Sandbox.handle`.
        port: The port to listen on; 0: any free port.

    Raises:
        OSError: The port cannot be opened.
    """

    def __init__(self, handle: Handler, port: int = 0) -> None:
        self._server = _Server(handle, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The server's address, such as `http://127.0.0.1:8042`."""
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

    def __init__(self, handle: Handler, port: int) -> None:
        self.service = handle
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        super().__init__((HOST, port), _Handler)

    def server_close(self) -> None:
        """Stop listening, and close all connections: kept-alive ones would be served on otherwise."""
        self.closing.set()
        super().server_close()
        for connection in tuple(self.connections):
            with suppress(OSError):  # the client may have closed it already
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
        """Serve the connection until either side closes it."""
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
        if not self._is_from_here():
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif not length.isdecimal() or int(length) > _LONGEST_BODY:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length))
            self._send(self._host.service(self.command, self.path, dict(self.headers.items()), body))

    def _is_from_here(self) -> bool:
        """Return whether a request names this server, and comes from no page of another origin."""
        port = self._host.server_port
        hosts = {name if port == http.client.HTTP_PORT else f"{name}:{port}" for name in _NAMES}
        origins = {f"http://{host}" for host in hosts}
        return (
            {host.lower() for host in self.headers.get_all("Host", [""])} <= hosts
            and {*self.headers.get_all("Origin", [])} <= origins
            and not {*self.headers.get_all("Sec-Fetch-Site", [])} & _OTHER_SITES
        )

    def _send(self, response: ServerResponse) -> None:
        if response.disconnect is not None:
            self._wait(response.delay_s)
            self._reset()
            return
        head = self._head(response)
        if response.trickle is None:
            self._wait(response.delay_s)
            self.wfile.write(head + response.body)
            return
        at_once, trickled = (head, response.body) if response.trickle == "body" else (b"", head + response.body)
        self.wfile.write(at_once)
        for byte in trickled:
            self._wait(response.delay_s / len(trickled))
            self.wfile.write(bytes((byte,)))

    def _head(self, response: ServerResponse) -> bytes:
        phrase = _PHRASES.get(response.status, "")
        fields = {"Date": self.date_time_string(), **response.headers, "Content-Length": str(len(response.body))}
        lines = [f"HTTP/1.1 {response.status} {phrase}", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _wait(self, seconds: float) -> None:
        """Wait, at most until the server stops."""
        self._host.closing.wait(seconds)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        socket.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
        """Log nothing: addresses may hold secrets and phone numbers."""
