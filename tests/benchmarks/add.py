"""What an add costs beside the bare HTTP call it makes: CPU ratios, measured side by side in one run.

    python tests/benchmarks/add.py

Both sides talk to the same canned server on loopback, in turns; a ratio is the median of per-round ratios. Absolute
times move with the machine, ratios hardly do. Goals: 1.10 for 1 person, 1.5 for 100, 2.6 for 1,024; four times the
people at most 4.6 times the cost; `import groupadd` 0.7 of `import httpx`, in an environment without rich and click.
"""

import importlib.util
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection

import httpx

import groupadd
from groupadd.providers.wasend import Wasend

GROUP = "1203630000@g.us"
ROUNDS = 40
WORDS = {"SUCCESS": "added", "ALREADY_IN_GROUP": "already_member", "NOT_FOUND": "not_added"}


class _Canned(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["participants"]
        rows = [{"id": f"{phone[1:]}@s.whatsapp.net", "reason": "SUCCESS"} for phone in asked]
        body = json.dumps({"success": True, "data": {"added": rows, "failed": []}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's own name
        pass


def _serve(pipe: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Canned)
    pipe.send(server.server_address[1])
    server.serve_forever()


def people(count: int) -> list[str]:
    """Return numbers reserved for fiction: 555-01xx in as many area codes as it takes."""
    return [f"+1{200 + n // 100}55501{n % 100:02d}" for n in range(count)]


def bare(http: httpx.Client, url: str, asked: list[str]) -> Callable[[], None]:
    """What anybody would write: clean the numbers, post, read the JSON, and loop to say of each what came of it."""

    def call() -> None:
        phones = [re.sub(r"\D", "", given) for given in asked]
        body = {"participants": [f"+{phone}" for phone in phones]}
        answer = http.post(
            f"{url}/s1/groups/{GROUP}/participants/add", json=body, headers={"Authorization": "Bearer k"}
        )
        data = answer.json()["data"]
        reasons = {row["id"].partition("@")[0]: row["reason"] for row in data["added"] + data["failed"]}
        outcome = [{"phone": phone, "status": WORDS.get(reasons.get(phone, ""), "unknown")} for phone in phones]
        assert all(person["status"] == "added" for person in outcome)

    return call


def ours(client: groupadd.Client, asked: list[str]) -> Callable[[], None]:
    """The same through groupadd."""

    def call() -> None:
        assert client.add(GROUP, asked).everyone_in

    return call


def cpu_s(call: Callable[[], None], times: int) -> float:
    """Return the CPU seconds of this process for one call, averaged over `times`."""
    began = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - began) / times


def ratios(url: str) -> None:
    """Print the ratio for each number of people, and how the cost grows."""
    with httpx.Client() as http, groupadd.Client(Wasend("s1", groupadd.Secret("k"), url)) as client:
        growth: dict[int, float] = {}
        for count, times in ((1, 20), (100, 10), (256, 5), (1024, 3)):
            asked = people(count)
            plain, full = bare(http, url, asked), ours(client, asked)
            cpu_s(plain, times), cpu_s(full, times)
            pairs = [(cpu_s(full, times), cpu_s(plain, times)) for _ in range(ROUNDS)]
            ratio = statistics.median(full_s / plain_s for full_s, plain_s in pairs)
            whole = statistics.median(full_s for full_s, _ in pairs)
            print(f"add({count}): {ratio:.2f} of the bare call ({whole * 1e3:.2f} ms of CPU here)")
            growth[count] = whole
        print(f"1,024 people cost {growth[1024] / growth[256]:.2f} times what 256 cost")


def imports() -> None:
    """Print what `import groupadd` costs beside `import httpx`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def spawn(code: str) -> float:
        timed = f"import time; began = time.process_time(); {code}; print(time.process_time() - began)"
        run = subprocess.run([sys.executable, "-c", timed], capture_output=True, check=True, env=environment, text=True)
        return float(run.stdout)

    pairs = [(spawn("import groupadd"), spawn("import httpx")) for _ in range(11)][1:]
    print(f"import groupadd: {statistics.median(mine / theirs for mine, theirs in pairs):.2f} of import httpx")
    clutter = [name for name in ("rich", "click") if importlib.util.find_spec(name)]
    if clutter:
        print(f"(httpx imports {' and '.join(clutter)} here, which makes the ratio too good: use a venv without them)")


def main() -> None:
    """Start the server, measure, stop it."""
    parent, child = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(child,), daemon=True)
    server.start()
    try:
        ratios(f"http://127.0.0.1:{parent.recv()}")
    finally:
        server.terminate()
    imports()


if __name__ == "__main__":
    main()
