"""Imports point downward: a folder imports only what its line allows, and no files import each other in a circle."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import groupadd

HOUSE = Path(groupadd.__file__).parent
TABLE = "registry.py"
FILES = sorted(HOUSE.rglob("*.py"))

# Each folder, or module at the root, and what it may import besides its own files. `__init__` is the package itself.
MAY_IMPORT: Mapping[str, str] = {
    "errors": "",
    "settings": "",
    "model": "errors",
    "files": "errors model",
    "people_file": "errors files model",
    "wire": "errors model",
    "provider": "errors model wire",
    "readers": "errors model wire provider",
    "providers": "errors model wire provider readers",
    "adding": "errors model settings wire provider",
    "config": "errors files model settings wire provider providers",
    "client": "errors model settings wire provider adding config",
    "__init__": "errors model settings provider adding client",
    "drip.rate_limit": "settings",
    "drip.stop_rules": "model adding",
    "drip.store": "errors files settings model wire provider adding drip.rate_limit drip.stop_rules",
    "drip.worker": "errors settings model wire provider adding config drip.rate_limit drip.stop_rules drip.store",
    "drip.status": "settings model drip.rate_limit drip.stop_rules drip.store",
    "drip.report": "files settings model drip.store drip.status",
    "drip.fleet": "errors settings wire drip.stop_rules drip.store drip.worker drip.status",
    "drip": "errors files model people_file wire config drip.stop_rules drip.store drip.worker drip.status drip.report "
    "drip.fleet",
    "sandbox.people": "",
    "sandbox.answers": "model sandbox.people",
    "sandbox.world": "model wire sandbox.people sandbox.answers",
    "sandbox.messages": "model sandbox.people sandbox.world",
    "sandbox.vendors": "model sandbox.people sandbox.answers sandbox.world sandbox.messages",
    "sandbox": "wire sandbox.people sandbox.answers sandbox.world sandbox.messages sandbox.vendors",
    "cli": "__init__ errors files model settings people_file wire provider adding config client drip sandbox",
    "testing": "errors model settings wire provider adding config client sandbox.messages sandbox",
    "__main__": "cli",
}


def module_of(file: Path) -> str:
    """Return the file's dotted name within the package, such as `model.roster`; `__init__` for the package itself."""
    parts = file.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts if parts == ("__init__",) or parts[-1] != "__init__" else parts[:-1])


MODULES = {module_of(file): file for file in FILES}


def part_of(module: str) -> str:
    """Return the longest folder or module of the table that holds a module."""
    return max((part for part in MAY_IMPORT if f"{module}.".startswith(f"{part}.")), key=len, default=module)


def imported(file: Path) -> Iterator[str]:
    """Yield what the file imports, wherever in it the import stands, in full: `groupadd.wire.messages.Flow`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def modules_imported(file: Path) -> set[str]:
    """Return the modules of the package that the file imports: the longest known prefix of each name."""
    found = set()
    for name in imported(file):
        first, _, inside = name.partition(".")
        if first == "groupadd":
            while inside and inside not in MODULES:
                inside = inside.rpartition(".")[0]
            found.add(inside or "__init__")
    return found - {module_of(file)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HOUSE)))
def test_a_file_imports_only_what_its_folder_may(file: Path) -> None:
    own = part_of(module_of(file))
    assert own in MAY_IMPORT, f"{own} has no line yet"
    assert {part_of(module) for module in modules_imported(file)} - {own} <= set(MAY_IMPORT[own].split())


def test_every_line_names_a_part_that_exists_and_imports_what_it_may() -> None:
    used: dict[str, set[str]] = {part: set() for part in MAY_IMPORT}
    for file in FILES:
        own = part_of(module_of(file))
        used[own] |= {part_of(module) for module in modules_imported(file)} - {own}
    assert {part: set(allowed.split()) for part, allowed in MAY_IMPORT.items()} == used


def test_nothing_imports_in_a_circle() -> None:
    folders = TopologicalSorter({part: allowed.split() for part, allowed in MAY_IMPORT.items()})
    files = TopologicalSorter({module: modules_imported(file) for module, file in MODULES.items()})
    assert len([*folders.static_order()]) == len(MAY_IMPORT)
    assert len([*files.static_order()]) == len(MODULES)


def test_only_the_transport_knows_the_http_library() -> None:
    knowing = {
        file.relative_to(HOUSE).as_posix()
        for file in FILES
        for name in imported(file)
        if name.split(".")[0] in {"httpx", "httpcore"} and not _only_for_types(file, name)
    }
    assert knowing == {"wire/transport.py", "wire/connections.py", "wire/failures.py", "sandbox/in_process.py"}


def test_only_the_store_knows_the_database_library() -> None:
    knowing = {part_of(module_of(file)) for file in FILES for name in imported(file) if name.startswith("sqlalchemy")}
    assert knowing == {"drip.store"}


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


def test_type_checkers_see_the_public_names_that_the_package_gives() -> None:
    tree = ast.parse((HOUSE / "__init__.py").read_text("utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in guarded.body if isinstance(node, ast.ImportFrom)]
    seen = {name.asname: f"{node.module}" for node in imports for name in node.names}
    assert seen == {name: f"groupadd.{module}" for name, module in groupadd._MODULE_OF.items()}
    assert all(getattr(groupadd, name) is not None for name in groupadd.__all__)
