"""Why every account of a worker has an HTTP client of its own: what a call costs in one pool for all.

    python -m tests.benchmarks.pools

Prints the CPU time of a call where many accounts call at once over one `httpx.AsyncClient`, as a ratio to one each.
"""

import asyncio
import time
from contextlib import AsyncExitStack

import httpx

from groupadd.wire.messages import Request
from groupadd.wire.transport import AsyncHttpTransport

ACCOUNTS = (10, 50, 100, 250)
CALLS = 8
DELAY_S = 0.05
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request of a connection, some time after it came."""
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(DELAY_S)
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def cpu_s(url: str, accounts: int, *, one_pool: bool) -> float:
    """Return the CPU seconds of a call, where so many accounts call at once."""
    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(httpx.AsyncClient()) if one_pool else None
        transports = [AsyncHttpTransport(url, 30.0, shared) for _ in range(accounts)]
        for transport in transports:
            stack.push_async_callback(transport.close)

        async def calls(transport: AsyncHttpTransport) -> None:
            for _ in range(CALLS):
                await transport(Request("GET", "/"))

        began = time.process_time()
        await asyncio.gather(*map(calls, transports))
        return (time.process_time() - began) / (accounts * CALLS)


async def main() -> None:
    """Measure both."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await cpu_s(url, 10, one_pool=False)
    for accounts in ACCOUNTS:
        own, shared = [min([await cpu_s(url, accounts, one_pool=one) for _ in range(3)]) for one in (False, True)]
        print(f"{accounts:4} accounts: {own * 1000:.2f} ms of CPU a call, {shared / own:.1f} times that in one pool")
    server.close()
    await asyncio.sleep(0.1)  # till the connections have hung up


if __name__ == "__main__":
    asyncio.run(main())
