"""A drip without waiting: an event loop whose time passes at once when every task waits, and a world in it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import httpx
from attrs import define, field

from groupadd.sandbox import Group, Privacy, Sandbox, SandboxPerson, World, mount

T = TypeVar("T")
START = 1_767_603_600.0  # 2026-01-05 09:00 UTC
GROUP = "120363000000000042@g.us"


class _Instant(selectors.SelectSelector):
    """Waits for nothing: every wait is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout:
            self.passed_s += timeout
        return ready


class LoopClock:
    """The loop's time; moves on from run to run, in seconds since 1970."""

    def __init__(self) -> None:
        self.began = START
        self.selector = _Instant()

    def now(self) -> float:
        return self.began + self.selector.passed_s

    def sleep(self, seconds: float) -> None:
        self.selector.passed_s += seconds

    async def sleep_async(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in no time."""
        self.began, self.selector = self.now(), _Instant()
        loop = asyncio.SelectorEventLoop(self.selector)
        loop.time = lambda: self.selector.passed_s  # type: ignore[method-assign]  # the loop has no other seam for its time
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(coroutine)


@define
class Simulation:
    """A world with some people, our accounts, and groups of ours.

    Attributes:
        clock: The time of everybody.
        world: The truth.
        sandboxes: What our accounts speak to, by configured name.
    """

    clock: LoopClock
    world: World
    sandboxes: dict[str, Sandbox]
    extra: Mapping[str, object] = field(factory=dict)
    delay_s: float = 0.2

    @property
    def config(self) -> Mapping[str, object]:
        providers = {name: one.config(f"http://sandbox/{name}") for name, one in self.sandboxes.items()}
        return {"providers": providers, **self.extra}

    def http(self) -> httpx.AsyncClient:
        handle = mount(self.sandboxes)

        async def answer(request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(self.delay_s / 2)
            target = request.url.raw_path.decode()
            response = handle(request.method, target, dict(request.headers), request.content)
            await asyncio.sleep(response.delay_s + self.delay_s / 2)
            if response.disconnect is not None:
                raise httpx.ConnectError("refused") if response.disconnect == "refused" else httpx.ReadError("reset")
            return httpx.Response(response.status, headers=dict(response.headers), content=response.body)

        return httpx.AsyncClient(transport=httpx.MockTransport(answer))

    def adds(self, account: str | None = None) -> list[tuple[float, str]]:
        """Return when who was asked for, by one account or by all."""
        by = None if account is None else self.sandboxes[account].vendor.account.person.phone
        return [(one.at, one.to) for one in self.world.journal if one.kind == "add" and by in {None, one.by}]

    def invitations(self) -> list[str]:
        return [one.to for one in self.world.journal if one.kind == "invitation"]


def crowd(count: int, privacy: Callable[[int], Privacy] = lambda _: Privacy.OPEN) -> list[SandboxPerson]:
    """Return as many people, under numbers reserved for fiction."""
    return [
        SandboxPerson(f"1{200 + n // 100}55501{n % 100:02d}", f"1770{n:011d}", privacy=privacy(n)) for n in range(count)
    ]


def simulated(
    people: Sequence[SandboxPerson],
    accounts: Sequence[str] = ("main",),
    *,
    vendor: str = "wasend",
    groups: Sequence[str] = (GROUP,),
    **extra: object,
) -> Simulation:
    """Return a simulation; none of these people is in a group."""
    clock = LoopClock()
    world = World(clock)
    world.add_people(*people)
    ours = [
        world.open_account(SandboxPerson(f"1999555019{n}", f"17709999999999{n}", name))
        for n, name in enumerate(accounts)
    ]
    for jid in groups:
        world.create_group(Group(jid), admins=[account.person for account in ours])
    sandboxes = {name: Sandbox.for_vendor(vendor, world, account) for name, account in zip(accounts, ours, strict=True)}
    return Simulation(clock, world, sandboxes, extra)
