"""A vendor's simulated service: from an HTTP request to its response, over a world."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping

from attrs import define, field, frozen

from groupadd.sandbox import vendors
from groupadd.sandbox.answers import NO_TROUBLE, Refused, Trouble, Unanswered
from groupadd.sandbox.faults import FaultPlan
from groupadd.sandbox.messages import Handler, ServerRequest, ServerResponse, Vendor, json_response, match_route
from groupadd.sandbox.people import Account
from groupadd.sandbox.world import World


def vendor_names() -> tuple[str, ...]:
    """Return the provider types whose wire format the sandbox has, sorted."""
    return tuple(module.name for module in pkgutil.iter_modules(vendors.__path__))


@frozen
class ReceivedRequest:
    """A request that matched a route.

    Attributes:
        at: The moment, in seconds of the world's clock.
        route: The route's name, such as `add`.
    """

    at: float
    route: str


@define
class Sandbox:
    """A vendor's simulated service. Its requests read and change a world; it does no I/O.

    Attributes:
        vendor: The vendor's wire format.
        faults: The faults of the next requests.
        requests: The requests that matched a route, in order.
    """

    vendor: Vendor
    faults: FaultPlan = field(factory=FaultPlan)
    requests: list[ReceivedRequest] = field(factory=list[ReceivedRequest])

    @classmethod
    def for_vendor(cls, name: str, world: World, account: Account | None = None) -> "Sandbox":
        """Return a sandbox for a built-in vendor.

        Args:
            name: The provider's type, one of `vendor_names()`.
            world: The world that it serves.
            account: Our account behind the vendor's session; left out: the world's first account.
        """
        module = importlib.import_module(f"{vendors.__name__}.{name}")
        return cls(getattr(module, module.__all__[0])(world, account or next(iter(world.accounts.values()))))

    def config(self, base_url: str) -> Mapping[str, str]:
        """Return the provider's config fields for this sandbox at `base_url`, `type` included."""
        return {"type": self.vendor.name, **self.vendor.credentials(), "base_url": base_url}

    def handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        """Carry out one request and return its response. The caller waits for the response's delay.

        Args:
            method: `GET`, `POST`, …
            target: The raw path with its query string.
            headers: Header fields, names in any case.
            body: The body.
        """
        request = match_route(self.vendor.routes, method, target, headers, body)
        if isinstance(request, int):
            return self.vendor.error(request, f"Cannot {method} {target.partition('?')[0]}")
        with self.vendor.world.lock:
            return self._respond(request)

    def _respond(self, request: ServerRequest) -> ServerResponse:
        """Carry out a request with its planned fault."""
        world = self.vendor.world
        self.requests.append(ReceivedRequest(world.now, request.route))
        fault = self.faults.next_for(request.route)
        response = None
        if fault.takes_effect_after_s == 0 or fault.line is not None:
            response = self._carry_out(request, fault.trouble)
        elif fault.takes_effect_after_s is not None:
            world.schedule(fault.takes_effect_after_s, lambda: self._carry_out(request))
        if response is None or fault.status is not None:
            response = self.vendor.error(fault.status or 504, "something went wrong on the way")
        return fault.apply_to(response)

    def _carry_out(self, request: ServerRequest, trouble: Trouble = NO_TROUBLE) -> ServerResponse:
        if (refusal := self.vendor.guard(request)) is not None:
            return refusal
        respond: Callable[[ServerRequest], ServerResponse] = getattr(self.vendor, f"on_{request.route}")
        self.vendor.world.trouble = trouble
        try:
            return respond(request)
        except Refused as refused:
            return self.vendor.error(refused.code, str(refused))
        except Unanswered as unanswered:
            return self.vendor.error(504, str(unanswered))
        finally:
            self.vendor.world.trouble = NO_TROUBLE


def mount(sandboxes: Mapping[str, Sandbox]) -> Handler:
    """Return one service for several sandboxes, each under a path of its own: `/wasend/…`, `/wawp/…`."""

    def handle(method: str, target: str, headers: Mapping[str, str], body: bytes) -> ServerResponse:
        _, _, rest = target.partition("/")
        name, slash, rest = rest.partition("/")
        if name not in sandboxes:
            paths = ", ".join(f"/{one}" for one in sandboxes)
            return json_response({"error": f"there is nothing at this address; try {paths}"}, 404)
        return sandboxes[name].handle(method, slash + rest, headers, body)

    return handle
