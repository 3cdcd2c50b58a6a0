import contextlib
import json
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from groupadd.sandbox import Code, Sandbox, SandboxPerson, World, example_world, faults, mount
from groupadd.sandbox.example import GROUP
from groupadd.sandbox.messages import KEY
from groupadd.sandbox.server import SandboxServer

ADA = "12025550143"
ADD = f"/sandbox/groups/{GROUP}/participants/add"
LIST = f"/sandbox/groups/{GROUP}/participants"


@pytest.fixture
def world() -> World:
    return example_world()


@pytest.fixture
def sandbox(world: World) -> Sandbox:
    return Sandbox.for_vendor("wasend", world)


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with SandboxServer(sandbox.handle) as server, client(server) as http:
        yield http


def client(server: SandboxServer, path: str = "") -> httpx.Client:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.Client(base_url=server.url + path, headers=headers, trust_env=False, timeout=10)


def add(http: httpx.Client) -> httpx.Response:
    return http.post(ADD, json={"participants": [f"+{ADA}"]})


def test_it_listens_on_loopback_only(sandbox: Sandbox) -> None:
    with SandboxServer(sandbox.handle) as server:
        assert urlsplit(server.url).hostname == "127.0.0.1"


def test_one_connection_serves_many_requests(http: httpx.Client, world: World) -> None:
    first, second = add(http), http.get(LIST)
    assert first.json()["data"]["added"] == [{"id": f"{ADA}@s.whatsapp.net", "reason": "SUCCESS"}]
    assert len(second.json()["participants"]) == 3
    assert world.is_member(GROUP, ADA)
    assert first.http_version == "HTTP/1.1"
    streams = {answer.extensions["network_stream"].get_extra_info("client_addr") for answer in (first, second)}
    assert len(streams) == 1


@pytest.mark.parametrize("fault", [faults.LOST_BEFORE, faults.LOST_AFTER, faults.REFUSED])
def test_a_lost_response_breaks_the_connection(
    http: httpx.Client, sandbox: Sandbox, world: World, fault: faults.Fault
) -> None:
    sandbox.faults.plan(fault)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        add(http)
    assert world.is_member(GROUP, ADA) is (fault is faults.LOST_AFTER)
    assert http.get(LIST).is_success


def test_a_slow_response_outlives_the_timeout_of_its_client(http: httpx.Client, sandbox: Sandbox, world: World) -> None:
    sandbox.faults.plan(faults.slow(600))
    with pytest.raises(httpx.ReadTimeout):
        http.post(ADD, json={"participants": [f"+{ADA}"]}, timeout=0.05)
    assert world.is_member(GROUP, ADA)


@pytest.mark.parametrize("what", ["body", "all"])
def test_a_trickling_response_arrives_whole(http: httpx.Client, sandbox: Sandbox, what: str) -> None:
    whole = http.get(LIST).content
    sandbox.faults.plan(faults.trickling(0.02, "body" if what == "body" else "all"))
    with http.stream("GET", LIST) as answer:
        chunks = list(answer.iter_raw())
    assert b"".join(chunks) == whole
    assert len(chunks) > 1


@pytest.mark.parametrize(
    "fault", [faults.EMPTY, faults.TRUNCATED, faults.HTML, faults.GATEWAY_AFTER, faults.rate_limited(7)]
)
def test_other_responses_arrive_as_planned(http: httpx.Client, sandbox: Sandbox, fault: faults.Fault) -> None:
    sandbox.faults.plan(fault)
    answer = add(http)
    assert answer.status_code == (fault.status or 200)
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert fault.body is None or answer.content == fault.body
    assert answer.headers.items() >= {name.lower(): value for name, value in fault.headers.items()}.items()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Transfer-Encoding: chunked", 411),
        ("Content-Length: many", 413),
        ("Content-Length: 99999999999", 413),
    ],
)
def test_bodies_without_a_sensible_length_are_refused(sandbox: Sandbox, head: str, status: int) -> None:
    with SandboxServer(sandbox.handle) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port), timeout=10) as line:
            line.sendall(f"POST {ADD} HTTP/1.1\r\nHost: {address.netloc}\r\n{head}\r\n\r\n".encode())
            assert line.recv(4096).startswith(f"HTTP/1.1 {status} ".encode())


def test_adds_at_the_same_time_add_each_person_once(world: World) -> None:
    people = [SandboxPerson(f"1202555{number:04}", f"17700666{number:07}") for number in range(100, 140)]
    world.add_people(*people)
    handle = mount({name: Sandbox.for_vendor("wasend", world) for name in ("one", "two")})

    def ask(server: SandboxServer, path: str) -> None:
        with client(server, path) as http:
            for person in people:
                assert http.post(ADD, json={"participants": [f"+{person.phone}"]}).is_success

    with SandboxServer(handle) as server, ThreadPoolExecutor(4) as pool:
        for asked in [pool.submit(ask, server, path) for path in ("/one", "/two", "/one", "/two")]:
            asked.result()
    assert Counter(entry.code for entry in world.journal) == {Code.ADDED: 40, Code.ALREADY_IN: 120}


def test_leaving_the_context_closes_all_connections(sandbox: Sandbox) -> None:
    with SandboxServer(sandbox.handle) as server:
        http = client(server)
        assert http.get(LIST).is_success
    with contextlib.closing(http), pytest.raises(httpx.TransportError):
        http.get(LIST)


def test_several_vendors_serve_one_world(world: World) -> None:
    names = ("wasend", "wawp")
    handle = mount({name: Sandbox.for_vendor(name, world) for name in names})
    with SandboxServer(handle) as server, client(server, "/wasend") as wasend, client(server, "/wawp") as wawp:
        assert add(wasend).is_success
        query = {"instance_id": "sandbox", "access_token": KEY}
        assert f"{ADA}@c.us" in wawp.get(f"/v2/groups/{GROUP}/participants", params=query).text
        lost = wawp.get(f"{server.url}/elsewhere")
        assert lost.status_code == 404
        assert "/wasend, /wawp" in json.loads(lost.content)["error"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_a_program_on_this_machine_is_served(http: httpx.Client, world: World, name: str) -> None:
    address = f"{name}:{http.base_url.port}"
    answer = http.post(
        ADD,
        json={"participants": [f"+{ADA}"]},
        headers={"Host": address, "Origin": f"http://{address.lower()}", "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 200
    assert world.is_member(GROUP, ADA)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # after DNS rebinding
        {"Host": "evil.example:PORT"},
        {"Host": "127.0.0.1.evil.example:PORT"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:1"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:PORT"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
def test_a_page_of_another_origin_neither_drives_nor_reads_it(
    http: httpx.Client, world: World, method: str, headers: dict[str, str]
) -> None:
    here = {name: value.replace("PORT", str(http.base_url.port)) for name, value in headers.items()}
    path = LIST if method == "GET" else ADD
    answer = http.request(method, path, headers=here, json=None if method == "GET" else {"participants": [f"+{ADA}"]})
    assert answer.status_code == 403
    assert "participants" not in answer.text
    assert not world.is_member(GROUP, ADA)


def test_no_answer_allows_another_origin_to_read_it(http: httpx.Client) -> None:
    asking = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for answer in (add(http), http.options(ADD, headers=asking), http.get(LIST, headers={"Origin": "null"})):
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_a_request_without_a_host_is_refused(sandbox: Sandbox) -> None:
    with SandboxServer(sandbox.handle) as server:
        address = urlsplit(server.url)
        with socket.create_connection((str(address.hostname), address.port or 0), timeout=10) as connection:
            connection.sendall(f"GET {LIST} HTTP/1.0\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
            assert b" 403 " in connection.recv(100)
