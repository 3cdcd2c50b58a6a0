"""What an adapter's abilities rest on: the tags of sources that stand beside the paths which their methods use.

An adapter names the source of each path where the path stands, as in `ADD = "POST /groups/{group}"  # [D][S]`. Nothing
says it a second time: this reads those comments.
"""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import ModuleType

from groupadd import provider
from groupadd.config import registry
from groupadd.provider import GroupMembershipProvider


class Proof(StrEnum):
    """What proves a wire fact, the strongest first."""

    LIVE = "live"
    PAGE = "page"
    SOURCE = "source"
    ISSUE = "issue"
    OPEN = "open"


MEANINGS: Mapping[Proof, str] = {
    Proof.LIVE: "a recording of the vendor's live service",
    Proof.PAGE: "the vendor's page or specification",
    Proof.SOURCE: "the vendor's own program or SDK",
    Proof.ISSUE: "an answer shown in an issue",
    Proof.OPEN: "general knowledge or third-party clients; not confirmed",
}
_TAGS: Mapping[str, Proof] = {
    "L": Proof.LIVE,
    "D": Proof.PAGE,
    "O": Proof.PAGE,
    "S": Proof.SOURCE,
    "R": Proof.SOURCE,
    "V": Proof.SOURCE,
    "I": Proof.ISSUE,
}
ADDING = GroupMembershipProvider.__name__


def proofs(kind: type[GroupMembershipProvider]) -> Mapping[str, tuple[Proof, ...]]:
    """Return what adding and each ability of a class rest on; nothing for what no tag stands beside."""
    module = inspect.getmodule(kind)
    tags = paths(module) if module else {}
    uses = _uses(module) if tags and module else {}
    return {name: _sorted(tags, _rests_on(_method(name), uses, tags)) for name in (ADDING, *registry.abilities(kind))}


def paths(module: ModuleType) -> Mapping[str, frozenset[Proof]]:
    """Return what each path in a module's table rests on, by the name of the constant."""
    source = _source(module)
    tags_by_line = {
        token.start[0]: re.findall(r"\[(\w|\?)\]", token.string)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return {
        name: frozenset(_TAGS.get(tag, Proof.OPEN) for tag in tags_by_line.get(statement.lineno, ()))
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        for name in _names(statement)
        if re.match(r"([A-Z]+ )?/", str(getattr(module, name, "")))
    }


def _source(module: ModuleType) -> str:
    try:
        return inspect.getsource(module)
    except OSError:  # it was shipped without
        return ""


def _names(statement: ast.Assign) -> Iterator[str]:
    return (target.id for target in statement.targets if isinstance(target, ast.Name))


def _uses(module: ModuleType) -> Mapping[str, frozenset[str]]:
    """Return the names that each function or method of a module uses."""
    functions = (node for node in ast.walk(ast.parse(_source(module))) if isinstance(node, ast.FunctionDef))
    return {
        function.name: frozenset(
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(function)
            if isinstance(node, ast.Name | ast.Attribute)
        )
        for function in functions
    }


def _method(ability: str) -> str:
    protocol: type = getattr(provider, ability)
    return next(name for name, value in vars(protocol).items() if inspect.isfunction(value) and name[0] != "_")


def _rests_on(method: str, uses: Mapping[str, frozenset[str]], tags: Mapping[str, frozenset[Proof]]) -> frozenset[str]:
    """Return the paths that a method uses, or where it names none, those of whatever it calls."""
    seen: frozenset[str] = frozenset()
    level = frozenset({method})
    while level:
        used = frozenset[str]().union(*(uses.get(name, frozenset()) for name in level))
        if found := used & tags.keys():
            return found
        seen |= level
        level = (used & uses.keys()) - seen
    return frozenset()


def _sorted(tags: Mapping[str, frozenset[Proof]], names: frozenset[str]) -> tuple[Proof, ...]:
    found = frozenset[Proof]().union(*(tags[name] for name in names))
    return tuple(proof for proof in Proof if proof in found)
