"""The reference of the public API as Markdown: signatures and docstrings, as they stand in the code."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import chain
from textwrap import dedent
from typing import Any, TypeAlias

from docs.tables import table
from groupadd.model.codes import Meaning
from groupadd.model.outcome import Status

WIDTH = 100  # characters of a signature that stands on one line

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):\n", re.MULTILINE)
_ITEM = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.+(?:\n {8}.+)*)", re.MULTILINE)


def reference(*names: str) -> str:
    """Return an entry for each public name, such as `groupadd.Client`.

    Some classes have methods that users do not need: `groupadd.Roster:complete,role` shows only these two of them, and
    `groupadd.Roster:` shows none.
    """
    return "\n\n".join(chain.from_iterable(_entry(name) for name in names))


def errors(*names: str) -> str:
    """Return a table of exceptions: what each is, what it means, and what it carries."""
    return table(("error", "is a", "meaning", "carries"), (_error(_imported(name)) for name in names))


def members(name: str) -> str:
    """Return a table of the members of an enum."""
    return table((f"`{name}`", "value"), ((f"`{one.name}`", f"`{one.value}`") for one in _imported(name)))


def meanings(module: str) -> str:
    """Return a table of a module's constants for what a vendor's word means; those that looks may decide come last."""
    found = ((name, _imported(f"{module}.{name}")) for name in import_module(module).__all__)
    constants = [(name, meaning) for name, meaning in found if isinstance(meaning, Meaning)]
    constants.sort(key=lambda constant: constant[1].status is Status.UNKNOWN)
    rows = ((f"`{name}`", f"`{one.status}`", f"`{one.reason}`" if one.reason else "") for name, one in constants)
    return table(("name", "status", "reason"), rows)


def tests(name: str) -> str:
    """Return a table of the tests of a class that authors inherit."""
    functions = [
        one for one in vars(_imported(name)).values() if inspect.isfunction(one) and one.__name__[:5] == "test_"
    ]
    rows = ((one.__name__[5:].replace("_", " "), sections_of(inspect.getdoc(one))[0]) for one in functions)
    return table(("test", "what it holds"), rows)


def _error(error: type[BaseException]) -> tuple[str, str, str, str]:
    summary, sections = sections_of(inspect.getdoc(error))
    carried = "; ".join(f"`.{attribute}`: {text}" for attribute, text in items(sections.get("Attributes")))
    return f"`{error.__name__}`", ", ".join(f"`{base.__name__}`" for base in error.__bases__), summary, carried


def _entry(call: str) -> Iterator[str]:
    name, *shown = re.split("[:,]", call)
    node = _parsed(_imported(name))
    yield f"### `{name}`"
    if isinstance(node, ast.ClassDef):
        yield from _class(node, _imported(name), shown)
    else:
        yield from _function(node, node.name)


def _imported(name: str) -> Any:  # noqa: ANN401  whatever the name is of
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def _parsed(of: object) -> ast.stmt:
    return ast.parse(dedent(inspect.getsource(of))).body[0]  # type: ignore[arg-type]


def _class(node: ast.ClassDef, cls: type, shown: Sequence[str]) -> Iterator[str]:
    """Yield a class: how it is made, what it is, its attributes and properties, its methods; bases of ours count."""
    ours = [one for one in cls.__mro__ if one.__module__.startswith("groupadd.")]
    if inspect.isfunction(cls.__init__) and cls.__init__.__code__.co_filename in map(inspect.getsourcefile, ours):
        yield _signature(_parsed(cls.__init__), node.name)
    text, sections = sections_of(ast.get_docstring(node))
    yield text
    yield from _lists(sections)
    functions = [one for one in _functions(ours) if _is_shown(one.name, shown)]
    properties = [function for function in functions if _is_property(function)]
    yield from _attributes(node, items(sections.get("Attributes")), properties)
    for function in functions:
        if function not in properties:
            yield f"#### `{node.name}.{function.name}`"
            yield from _function(function, function.name)


def _functions(classes: Sequence[type]) -> Sequence[Function]:
    """Return the functions of classes, the first one of each name, in the order of the last class that has it."""
    nodes = [node for cls in reversed(classes) if isinstance(node := _parsed(cls), ast.ClassDef)]
    found = {one.name: one for node in nodes for one in node.body if isinstance(one, Function)}
    return list(found.values())


def _attributes(
    node: ast.ClassDef, described: Sequence[tuple[str, str]], properties: Sequence[Function]
) -> Iterator[str]:
    """Yield one table of a class's attributes and properties, if it has any."""
    types = {ast.unparse(one.target): _field(one) for one in node.body if isinstance(one, ast.AnnAssign)}
    types |= {one.name: _type(one.returns) for one in properties if one.returns}
    rows = [*described, *((one.name, sections_of(ast.get_docstring(one))[0]) for one in properties)]
    if rows:
        cells = ((f"`{name}`", f"`{types[name]}`" if name in types else "", meaning) for name, meaning in rows)
        yield table(("attribute", "type", "meaning"), cells)


def _field(node: ast.AnnAssign) -> str:
    """Return the type of a field, with the default where there is one that can be shown."""
    default = node.value
    if isinstance(default, ast.Call) and ast.unparse(default.func) == "field":
        default = next((one.value for one in default.keywords if one.arg == "default"), None)
    return _type(node.annotation) + (f" = {_quoted(default)}" if default else "")


def _is_shown(name: str, shown: Sequence[str]) -> bool:
    return name in shown if shown else name[0] != "_"


def _is_property(node: Function) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def _function(node: Function, name: str) -> Iterator[str]:
    yield _signature(node, name)
    text, sections = sections_of(ast.get_docstring(node))
    yield text
    yield from _lists(sections)


def _lists(sections: Mapping[str, str]) -> Iterator[str]:
    """Yield what a docstring says of arguments, of what is returned and of what is raised."""
    for title, text in sections.items():
        if title in {"Args", "Raises"}:
            yield "\n".join((f"{title}:\n", *(f"- `{name}`: {meaning}" for name, meaning in items(text))))
        elif title != "Attributes":
            yield f"{title}: {' '.join(text.split())}"


def _signature(node: Function, name: str) -> str:
    """Return how a function is called, as a code block."""
    parameters = [one for one in _parameters(node.args) if one not in {"self", "cls"}]
    before = f"{'await ' if isinstance(node, ast.AsyncFunctionDef) else ''}{name}("
    after = ")" if node.returns is None or name[0].isupper() else f") -> {_type(node.returns)}"
    line = f"{before}{', '.join(parameters)}{after}"
    if len(line) > WIDTH:
        line = "\n".join((before, *(f"    {one}," for one in parameters), after))
    return f"```python\n{line}\n```"


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: Sequence[ast.expr | None] = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    yield from map(_parameter, positional, defaults)
    if arguments.vararg:
        yield f"*{_parameter(arguments.vararg, None)}"
    elif arguments.kwonlyargs:
        yield "*"
    yield from map(_parameter, arguments.kwonlyargs, arguments.kw_defaults)
    if arguments.kwarg:
        yield f"**{_parameter(arguments.kwarg, None)}"


def _parameter(one: ast.arg, default: ast.expr | None) -> str:
    annotation = f": {_type(one.annotation)}" if one.annotation else ""
    return f"{one.arg}{annotation}" + (f" = {_quoted(default)}" if default else "")


def _type(annotation: ast.expr) -> str:
    """Return an annotation as it is written, without the quotes of a forward reference."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return _quoted(annotation)


def _quoted(node: ast.expr) -> str:
    return ast.unparse(node).replace("'", '"')


def sections_of(docstring: str | None) -> tuple[str, Mapping[str, str]]:
    """Return a docstring's text before its sections, and the sections by title."""
    text, *rest = _SECTION.split(docstring or "")
    return text.strip(), dict(zip(rest[::2], rest[1::2], strict=True))


def items(section: str | None) -> list[tuple[str, str]]:
    """Return the names of a section and what it says of each, on one line."""
    return [(item["name"], " ".join(item["text"].split())) for item in _ITEM.finditer(section or "")]
