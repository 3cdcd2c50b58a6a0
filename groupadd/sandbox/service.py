"""The sandbox itself: one entry, from an HTTP request to its answer, over a world, in a vendor's wire format."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import define, field, frozen

from groupadd.sandbox import vendors
from groupadd.sandbox.faults import FaultPlan
from groupadd.sandbox.messages import Answer, Call, Vendor, route, say
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import Refused, World

Handle: TypeAlias = Callable[[str, str, Mapping[str, str], bytes], Answer]


def vendor_names() -> tuple[str, ...]:
    """Return the providers whose wire format the sandbox speaks, as named in the config."""
    return tuple(module.name for module in pkgutil.iter_modules(vendors.__path__))


@frozen
class Seen:
    """A request that the sandbox has seen.

    Attributes:
        at: When, in seconds of the world's clock.
        route: The name of its route, such as `add`.
    """

    at: float
    route: str


@define
class Sandbox:
    """A vendor's service over a world; pure apart from what it changes there.

    Attributes:
        dialect: How it speaks.
        faults: What goes wrong.
        seen: The requests that found a route, in order.
    """

    dialect: Vendor
    faults: FaultPlan = field(factory=FaultPlan)
    seen: list[Seen] = field(factory=list[Seen])

    @classmethod
    def speaking(cls, name: str, world: World, account: Account | None = None) -> "Sandbox":
        """Return a sandbox that speaks a built-in dialect; without an account, for the world's first one."""
        module = importlib.import_module(f"{vendors.__name__}.{name}")
        return cls(getattr(module, module.__all__[0])(world, account or next(iter(world.accounts.values()))))

    def config(self, base_url: str) -> Mapping[str, str]:
        """Return the provider's config fields that reach this sandbox at `base_url`."""
        return {"type": self.dialect.name, **self.dialect.credentials(), "base_url": base_url}

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Carry out one request and return its answer, without waiting for its delay.

        Args:
            method: `GET`, `POST`, …
            target: The raw path with its query string.
            headers: Header fields, names in any case.
            body: The body, in bytes.
        """
        call = route(self.dialect.routes, method, target, headers, body)
        if isinstance(call, int):
            return self.dialect.error(call, "there is nothing at this address")
        with self.dialect.world.one_at_a_time:
            return self._faulty(call)

    def _faulty(self, call: Call) -> Answer:
        world = self.dialect.world
        self.seen.append(Seen(world.now, call.route))
        fault = self.faults.take(call.route)
        answer = None
        if fault.takes_effect_after_s == 0:
            answer = self._carry_out(call)
        elif fault.takes_effect_after_s is not None:
            world.later(fault.takes_effect_after_s, lambda: self._carry_out(call))
        if answer is None or fault.status is not None:
            answer = self.dialect.error(fault.status or 504, "something went wrong on the way")
        return fault.distort(answer)

    def _carry_out(self, call: Call) -> Answer:
        if (no_entry := self.dialect.guard(call)) is not None:
            return no_entry
        handler: Callable[[Call], Answer] = getattr(self.dialect, f"on_{call.route}")
        try:
            return handler(call)
        except Refused as refused:
            return self.dialect.error(refused.code, str(refused))


def side_by_side(sandboxes: Mapping[str, Sandbox]) -> Handle:
    """Return one entry to several sandboxes, each under a path of its own: `/wasend/…`, `/wawp/…`."""

    def handle(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        _, _, rest = target.partition("/")
        name, slash, rest = rest.partition("/")
        if name not in sandboxes:
            return say({"error": f"there is nothing here; try {', '.join(f'/{one}' for one in sandboxes)}"}, 404)
        return sandboxes[name].handle(method, slash + rest, headers, body)

    return handle
