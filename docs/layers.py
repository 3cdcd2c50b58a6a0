"""The picture of the folders and of what each imports, as tests/test_imports.py allows it."""

from collections.abc import Iterator, Mapping

from tests.test_imports import HOUSE, MAY_IMPORT

Arrows = Mapping[str, set[str]]


def layers(folder: str = "") -> str:
    """Return a Mermaid flowchart of the package, or of one folder's own parts.

    An arrow means "imports". An arrow is left out where a longer way leads to the same part.
    """
    arrows = _inside(folder) if folder else _folders()
    lines = (f"    {_node(part)} --> {_node(used)}" for part, used in _without_shortcuts(arrows))
    return "\n".join(("```mermaid", "flowchart TD", *lines, "```"))


def _folders() -> Arrows:
    arrows: dict[str, set[str]] = {}
    for part, allowed in MAY_IMPORT.items():
        name = part.partition(".")[0]
        arrows.setdefault(name, set()).update({used.partition(".")[0] for used in allowed.split()} - {name})
    return arrows


def _inside(folder: str) -> Arrows:
    own = {part for part in MAY_IMPORT if part.startswith(f"{folder}.")}
    return {part: own & {*MAY_IMPORT[part].split()} for part in own}


def _without_shortcuts(arrows: Arrows) -> Iterator[tuple[str, str]]:
    for part in sorted(arrows):
        for used in sorted(arrows[part]):
            if not any(used in _reached(other, arrows) for other in arrows[part] - {used}):
                yield part, used


def _reached(part: str, arrows: Arrows) -> set[str]:
    return arrows[part].union(*(_reached(used, arrows) for used in arrows[part]))


def _node(part: str) -> str:
    path = part.replace(".", "/")
    is_folder = (HOUSE / path).is_dir()
    return f'{part.replace(".", "_")}["{path}{"/" if is_folder else ".py"}"]'
