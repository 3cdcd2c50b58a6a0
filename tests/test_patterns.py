"""Every regular expression of the package takes linear time, whatever text it meets.

The patterns are found by walking the modules, so that a new one is covered. Each meets texts that repeat its own parts.
A pattern that can begin to match in many places, and fails far behind each, takes quadratic time.
"""

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]  # the module has no public parser
from re import _parser as parser  # type: ignore[attr-defined]
from types import FrameType, ModuleType
from typing import Any

import pytest
from attrs import frozen

import groupadd
from groupadd.sandbox import Sandbox, example_world, vendor_names
from groupadd.sandbox.messages import _path_pattern
from groupadd.testing.scrubbing import spelled

HOUSE = Path(groupadd.__file__).parent
SHORT, LONG = 16_000, 64_000  # characters
SUSPECT_S, ALLOWED_S = 0.005, 0.3  # of CPU time, for the short and for the long text
LINEAR = 8  # how many times as long the long text may take: 4 is linear, 16 is quadratic
ALTERNATIVES = 3  # of each branch that are tried
ANCHORED = {"match", "fullmatch"}  # methods that begin at the beginning of a text alone
CHARACTERS = {op.CATEGORY_DIGIT: "1", op.CATEGORY_WORD: "a", op.CATEGORY_SPACE: " "}


@frozen
class Use:
    """A pattern, and whether it is searched for anywhere in a text."""

    pattern: re.Pattern[Any]
    is_searched: bool = True


@cache
def modules() -> Mapping[str, ModuleType]:
    names = (one.name for one in pkgutil.walk_packages(groupadd.__path__, "groupadd."))
    return {name: importlib.import_module(name) for name in names if name != "groupadd.__main__"}


def compiled(value: object, seen: set[int]) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns that a value holds, at any depth."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(compiled(one, seen) for one in (*value.keys(), *value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from chain.from_iterable(compiled(one, seen) for one in value)
    elif isinstance(value, type) and value.__module__.startswith("groupadd"):
        yield from chain.from_iterable(compiled(one, seen) for one in vars(value).values())
    elif not isinstance(value, type):
        fields = getattr(type(value), "__attrs_attrs__", ())
        yield from chain.from_iterable(compiled(getattr(value, one.name, None), seen) for one in fields)


def words(value: object) -> Iterator[str]:
    """Yield the patterns that tables of refusals hold as text."""
    if isinstance(value, list | tuple):
        yield from chain.from_iterable(map(words, value))
    elif not isinstance(value, type) and isinstance(getattr(value, "words", None), str):
        yield getattr(value, "words", "")


# A function that builds a pattern when it is called, and the patterns that it builds.
BUILT: Mapping[str, Callable[[], Iterator[re.Pattern[str] | str]]] = {
    "readers.status_errors.matches": lambda: (
        text for module in modules().values() for value in vars(module).values() for text in words(value)
    ),
    "sandbox.messages._path_pattern": lambda: (
        _path_pattern(route.partition(" ")[2])
        for name in vendor_names()
        for route in Sandbox.for_vendor(name, example_world()).vendor.routes.values()
    ),
    "testing.scrubbing.spelled": lambda: iter([spelled("Kx7:q9/Zw3 é")]),
}


@frozen
class Call:
    """A call of `re`: its function, its first argument, and the function around it, empty for a module."""

    function: str
    pattern: ast.expr
    where: str


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


@cache
def calls_of_re(file: Path) -> list[Call]:
    module = ".".join(file.relative_to(HOUSE).with_suffix("").parts)
    nodes = [*ast.walk(tree(file))]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = []
    for node in nodes:
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).startswith("re."):
            function = ast.unparse(node.func).removeprefix("re.")
            around = [f"{module}.{one.name}" for one in functions if node in ast.walk(one)]
            if function != "escape":
                found.append(Call(function, node.args[0], around[-1] if around else ""))
    return found


def written_in_calls() -> Iterator[Use]:
    for file in HOUSE.rglob("*.py"):
        for call in calls_of_re(file):
            if isinstance(call.pattern, ast.Constant) and isinstance(call.pattern.value, str):
                yield Use(re.compile(call.pattern.value), is_searched=call.function not in ANCHORED | {"compile"})


def handed_to_matches() -> Iterator[Use]:
    """Yield the patterns that are the last argument of `matches`, by the names of their constants."""
    for name, module in modules().items():
        for node in ast.walk(tree(Path(module.__file__ or ""))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("matches") and len(node.args) == 3:
                text = ast.unparse(node.args[2])
                if text.isupper():
                    yield Use(re.compile(getattr(module, text), re.IGNORECASE))
                else:
                    assert text == "refusal.words", f"{name} builds a pattern"


def constants() -> Iterator[Use]:
    """Yield the patterns that modules hold: by name, with what is called of them, or within a table."""
    called: dict[str, set[str]] = {}
    for file in HOUSE.rglob("*.py"):
        for found in re.finditer(r"\b(\w+)\.(\w+)\(", file.read_text("utf-8")):
            called.setdefault(found[1], set()).add(found[2])
    for module in modules().values():
        for name, value in vars(module).items():
            methods = called.get(name, set())
            is_searched = not (isinstance(value, re.Pattern) and methods and methods <= ANCHORED)
            yield from (Use(pattern, is_searched=is_searched) for pattern in compiled(value, set()))


def every_use() -> list[Use]:
    """Return every pattern once, as one that is searched for if it is searched for anywhere."""
    built = (re.compile(one) if isinstance(one, str) else one for build in BUILT.values() for one in build())
    found: dict[object, Use] = {}
    for use in chain(constants(), map(Use, built), written_in_calls(), handed_to_matches()):
        key = (use.pattern.pattern, use.pattern.flags)
        found[key] = Use(use.pattern, is_searched=use.is_searched or (key in found and found[key].is_searched))
    return sorted(found.values(), key=lambda use: str(use.pattern.pattern))


def test_a_pattern_that_is_built_when_a_function_is_called_is_known_here() -> None:
    building = {
        call.where
        for file in HOUSE.rglob("*.py")
        for call in calls_of_re(file)
        if call.where and not isinstance(call.pattern, ast.Constant)
    }
    assert building == {*BUILT}


def sample(parsed: Any, alternative: int) -> list[str]:  # noqa: ANN401  a parsed pattern
    """Return characters that a parsed pattern matches, one for each of its parts; of branches an alternative."""
    found: list[str] = []
    for kind, value in parsed:
        match kind:
            case op.LITERAL:
                found.append(chr(value))
            case op.NOT_LITERAL | op.ANY:
                found.append("-")
            case op.IN:
                found.append(one_of(value))
            case op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT:
                found += sample(value[2], alternative)
            case op.SUBPATTERN:
                found += sample(value[3], alternative)
            case op.ATOMIC_GROUP:
                found += sample(value, alternative)
            case op.BRANCH:
                found += sample(value[1][alternative % len(value[1])], alternative)
            case op.ASSERT:
                found += sample(value[1], alternative)
    return found


def one_of(items: Any) -> str:  # noqa: ANN401  a parsed set of characters
    kind, value = items[0]
    if kind is op.NEGATE:
        refused = re.compile("[" + "".join(re.escape(chr(one)) for k, one in items[1:] if k is op.LITERAL) + "]")
        return next(char for char in "a1 .x" if not refused.match(char))
    if kind is op.CATEGORY:
        return CHARACTERS.get(value, "x")
    return chr(value[0] if kind is op.RANGE else value)


def adversarial(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    """Yield texts that a pattern can begin to match in many places, and in the end does not."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
    pieces = {"a": "", "1": "", " ": "", "A1": "", "\n": ""}  # each with what the pattern matches before
    for alternative in range(ALTERNATIVES):
        whole = "".join(sample(parser.parse(text), alternative))
        for begin, end in combinations(
            sorted({0, len(whole), *(one.end() for one in re.finditer(r"\w+|\W", whole))}), 2
        ):
            pieces[whole[begin:end]] = whole[:begin]
    for piece, before in sorted(pieces.items()):
        for repeated in {piece, f"{piece} "}:
            for start in {"", before}:
                yield from (f"{start}{repeated * (length // len(repeated))}{end}" for end in ("", "!"))


@contextmanager
def aborted_after(seconds: float) -> Iterator[None]:
    def abort(_: int, __: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, abort)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def cpu_s(use: Use, text: str) -> float:
    subject: Any = text if isinstance(use.pattern.pattern, str) else text.encode()
    began = time.process_time()
    use.pattern.fullmatch(subject)
    if use.is_searched:
        use.pattern.sub(subject[:0], subject)
    return time.process_time() - began


def is_slow(use: Use, short: str, long: str) -> bool:
    try:
        with aborted_after(4 * ALLOWED_S):
            if (short_s := cpu_s(use, short)) <= SUSPECT_S:
                return False
            long_s = cpu_s(use, long)
    except TimeoutError:
        return True
    return long_s > ALLOWED_S or long_s > max(LINEAR * short_s, 10 * SUSPECT_S)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="only POSIX can end a pattern that does not end")
@pytest.mark.parametrize("use", every_use(), ids=lambda use: str(use.pattern.pattern)[:40])
def test_a_pattern_takes_linear_time(use: Use) -> None:
    for short, long in zip(adversarial(use.pattern, SHORT), adversarial(use.pattern, LONG), strict=True):
        slow = is_slow(use, short, long)
        assert not slow, f"{use.pattern.pattern!r} on {long[:40]!r}…"


@pytest.mark.parametrize("quadratic", [r"\w*Error: .*", r"instance (?:is|in)\b.*not authorized", r"(a|aa)+b"])
def test_a_pattern_that_is_not_linear_would_be_found(quadratic: str) -> None:
    with pytest.raises(AssertionError, match=" on "):
        test_a_pattern_takes_linear_time(Use(re.compile(quadratic)))
