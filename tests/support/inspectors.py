"""Every way of looking at a value: found in the libraries that are installed, and not listed by hand.

A way is a function of one value. What it returns, prints or raises is looked at as text.
"""

import asyncio
import contextlib
import dataclasses
import importlib
import io
import json
import logging
import pickle
import pprint
import string
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import rich
from rich.console import Console
from rich.traceback import Traceback

Way: TypeAlias = Callable[[Any], object]

# Every public function and class of these that accepts one value is a way.
MODULES = (
    "attr",
    "attrs",
    "builtins",
    "cattrs",
    "copy",
    "dataclasses",
    "inspect",
    "json",
    "marshal",
    "operator",
    "pickle",
    "pprint",
    "reprlib",
    "rich",
    "rich.pretty",
    "rich.repr",
    "types",
    "typing",
    "weakref",
    "yaml",
    "_pytest._io.saferepr",
)
# They read the keyboard or end the program, and look at nothing.
LEFT_OUT = {"input", "breakpoint", "exit", "quit", "help", "copyright", "credits", "license"}
# What a secret is for: a call of these asks for the text.
ASKED_FOR = {"reveal", "_reveal", "secrets"}


def all_ways() -> dict[str, Way]:
    """Return every way by its name."""
    return {**dict(_found()), **_WRITTEN}


def _found() -> Iterator[tuple[str, Way]]:
    for module in map(importlib.import_module, MODULES):
        names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
        for name in names:
            way = getattr(module, name, None)
            if callable(way) and name not in LEFT_OUT:
                yield f"{module.__name__}.{name}", way


def looked_at(way: Way, value: object) -> str:
    """Return all text that a way of looking at a value gives: what it returns, prints, warns, logs and raises."""
    out, log = io.StringIO(), logging.StreamHandler(io.StringIO())
    logging.getLogger().addHandler(log)
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            try:
                result = _text(way(value))
            except BaseException as error:  # noqa: BLE001  an inspector may raise anything
                result = "".join(traceback.TracebackException.from_exception(error).format()) + repr(error.args)
    finally:
        logging.getLogger().removeHandler(log)
    return "\n".join([result, out.getvalue(), log.stream.getvalue(), *(str(one.message) for one in warned)])


def _text(result: object) -> str:
    if isinstance(result, bytes | bytearray):
        return result.decode("latin-1")
    if isinstance(result, types.GeneratorType | map | filter | zip):
        result = list(result)
    return f"{result!r}\n{result!s}"


def _rich(show: Callable[[Console, Any], object]) -> Way:
    def way(value: object) -> str:
        text = io.StringIO()
        show(Console(file=text, width=500), value)
        return text.getvalue()

    return way


def _every_attribute(value: object) -> object:
    found: dict[str, object] = {}
    for name in dir(value):
        with contextlib.suppress(Exception):
            found[name] = getattr(value, name)
    return found


def _every_slot(value: object) -> object:
    return [getattr(value, name, None) for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]


def _every_method(value: object) -> list[object]:
    """Call every method of a value that can be called with nothing, with a protocol's number, or with a text."""
    results: list[object] = []
    for name in set(dir(value)) - ASKED_FOR - {"__init_subclass__", "__subclasshook__", "__init__", "__call__"}:
        for arguments in ((), (2,), ("{}",)):
            with contextlib.suppress(Exception):
                results.append(getattr(value, name)(*arguments))
    for coroutine in filter(asyncio.iscoroutine, results):
        coroutine.close()
    return results


def _in_a_frame(value: object) -> BaseException:
    """Return an error whose frame has the value in a local variable."""
    try:
        "".index("not in it")
    except ValueError as error:
        return error
    return LookupError()


def _local_variables(value: object) -> str:
    """Return what error reporters such as Sentry keep of a frame."""
    frame = _in_a_frame(value).__traceback__
    return repr({name: repr(local) for name, local in frame.tb_frame.f_locals.items()}) if frame else ""


def _captured_locals(value: object) -> str:
    return "".join(traceback.TracebackException.from_exception(_in_a_frame(value), capture_locals=True).format())


def _rich_traceback(console: Console, value: object) -> None:
    error = _in_a_frame(value)
    shown = Traceback.from_exception(
        type(error), error, error.__traceback__, show_locals=True, locals_max_string=1000, locals_max_length=1000
    )
    console.print(shown)


def _assertion(value: object) -> None:
    assert value == "something else", f"{value} is not"  # pytest rewrites it where it imports this file


def _task(value: object) -> list[str]:
    async def waiting(argument: object) -> object:
        await asyncio.sleep(0)
        return argument

    async def run() -> list[str]:
        task = asyncio.get_running_loop().create_task(waiting(value), name=f"with {value}")
        before = repr(task)
        await task
        return [before, repr(task), str(task.get_coro())]

    return asyncio.run(run(), debug=True)


def _logged(value: object) -> None:
    logging.getLogger("an application").warning("%s %r", value, value, extra={"value": value})


def _unraisable(value: object) -> None:
    sys.excepthook(ValueError, ValueError(value), None)


def _as_dataclass(value: object) -> object:
    holder = dataclasses.make_dataclass("Holder", ["value"])(value)
    return [holder, dataclasses.asdict(holder), dataclasses.astuple(holder)]


_WRITTEN: dict[str, Way] = {
    "f-string": lambda value: f"{value} {value!r} {value!s} {value!a} {value:>50}",
    "%": lambda value: "%s %r %a" % (value, value, value),  # noqa: UP031
    "Template": lambda value: string.Template("$value").substitute(value=value),
    "pprint of a container": lambda value: pprint.pformat({"a": [value, (value, {"b": value})]}),
    "json of what vars finds": lambda value: json.dumps(value, default=vars),
    "json of what str makes": lambda value: json.dumps({"a": [value]}, default=str),
    "json of what attributes are": lambda value: json.dumps(value, default=_every_slot),
    **{
        f"pickle {protocol}": partial(pickle.dumps, protocol=protocol)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "every attribute": _every_attribute,
    "every slot": _every_slot,
    "every method": _every_method,
    "rich print": _rich(lambda console, value: console.print(value, [value], {"a": value})),
    "rich inspect": _rich(lambda console, value: _rich_inspect(value, console=console)),
    "rich inspect all": _rich(lambda console, value: _rich_inspect(value, console=console, all=True)),
    "rich inspect private": _rich(lambda console, value: _rich_inspect(value, console=console, private=True)),
    "rich log with locals": _rich(lambda console, value: console.log(value, log_locals=True)),
    "rich traceback": _rich(_rich_traceback),
    "traceback with locals": _captured_locals,
    "local variables": _local_variables,
    "assertion": _assertion,
    "task": _task,
    "log": _logged,
    "warning": lambda value: warnings.warn(f"{value} {value!r}", stacklevel=1),
    "exception": lambda value: [ValueError(value), LookupError(value), str(KeyError(value))],
    "excepthook": _unraisable,
    "dataclass": _as_dataclass,
    "namespace": lambda value: types.SimpleNamespace(value=value),
}


def _rich_inspect(value: object, **options: Any) -> None:
    rich.inspect(value, docs=False, **options)
