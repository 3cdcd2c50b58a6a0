"""Imports point downward: every file may import from those that stand before it, and from no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import groupadd

HOUSE = Path(groupadd.__file__).parent
TABLE = "plugins.py"
FILES = sorted(HOUSE.rglob("*.py"))

# From the ground up. Files of one line may not import each other, unless they are of one folder.
STOREYS = [
    ["errors", "secret", "swift", "terms", "wording"],
    ["flow", "outcome"],
    ["identity"],
    ["codes", "roster", "reasons", "people_file"],
    ["provider"],
    ["envelope"],
    ["engines"],
    ["providers", "inference", "pacing"],
    ["looking"],
    ["inviting", "preflight"],
    ["adding", "transport", "plugins"],
    ["calls", "fields"],
    ["document"],
    ["config"],
    ["client"],
    ["groupadd"],
    ["drip", "sandbox"],
    ["cli"],
    ["__main__", "testing"],
]
STOREY_OF = {name: storey for storey, names in enumerate(STOREYS) for name in names}


def part_of(file: Path) -> str:
    """Return the file's own name, or its folder's within the house."""
    first = file.relative_to(HOUSE).parts[0]
    return "groupadd" if first == "__init__.py" else first.removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """Yield what the file imports, wherever in it the import stands, in full: `groupadd.flow.Flow`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def parts_imported(file: Path) -> set[str]:
    inside = {name.partition(".")[2] for name in imported(file) if name.split(".")[0] == "groupadd"}
    parts = {part_of(file) for file in FILES}
    return {part if (part := name.split(".")[0]) in parts else "groupadd" for name in inside}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HOUSE)))
def test_imports_point_downward(file: Path) -> None:
    own = part_of(file)
    assert own in STOREY_OF, f"{own} has no storey yet"
    upward = {part for part in parts_imported(file) if part != own and STOREY_OF.get(part, 0) >= STOREY_OF[own]}
    assert upward == set()


def test_every_storey_stands() -> None:
    assert STOREY_OF.keys() == {part_of(file) for file in FILES}


def test_only_the_transport_knows_the_http_library() -> None:
    knowing = {
        file.relative_to(HOUSE).as_posix()
        for file in FILES
        for name in imported(file)
        if name.split(".")[0] in {"httpx", "httpcore"} and not _only_for_types(file, name)
    }
    assert knowing == {"transport.py"}


def _only_for_types(file: Path, name: str) -> bool:
    """Whether the import stands under `if TYPE_CHECKING` alone: users may hand over a client of their own."""
    guarded = {
        imported_.name
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for statement in node.body
        if isinstance(statement, ast.Import)
        for imported_ in statement.names
    }
    return name in guarded


def provider_names() -> set[str]:
    return {file.stem for file in (HOUSE / "providers").glob("[!_]*.py")}


def compared(file: Path) -> Iterator[str]:
    """Yield the texts that the file compares anything with: by `==`, `in`, or a `case`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Compare | ast.MatchValue):
            yield from (
                constant.value
                for constant in ast.walk(node)
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
            )


def test_nothing_outside_the_table_of_providers_compares_a_providers_name() -> None:
    comparing = {
        file.relative_to(HOUSE).as_posix()
        for file in FILES
        if provider_names() & set(compared(file)) and file.name != TABLE
    }
    assert comparing == set()
