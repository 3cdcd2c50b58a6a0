"""Pictures for a forge to draw: the folders with what each imports, and the states of a plan's participants."""

from collections.abc import Iterator, Mapping

from groupadd.drip.store.states import TRANSITIONS, Event
from tests.test_imports import HOUSE, MAY_IMPORT

Arrows = Mapping[str, set[str]]


def layers(folder: str = "") -> str:
    """Return a Mermaid flowchart of the package, or of one folder's own parts.

    An arrow means "imports". The picture omits an arrow where a longer way leads to the same part.
    """
    arrows = _inside(folder) if folder else _folders()
    lines = (f"    {_node(part)} --> {_node(used)}" for part, used in _without_shortcuts(arrows))
    return "\n".join(("```mermaid", "flowchart TD", *lines, "```"))


def states() -> str:
    """Return a Mermaid diagram of the states of a plan's participants, and of the events between them."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for before, events in TRANSITIONS.items():
        for event, after in events.items():
            if event is not Event.FORGOTTEN and before is not after:
                arrows.setdefault((before or "[*]", after or "[*]"), []).append(event.word)
    lines = (
        f"    {before} --> {after}: {', '.join(dict.fromkeys(words))}" for (before, after), words in arrows.items()
    )
    return "\n".join(("```mermaid", "stateDiagram-v2", *lines, "```"))


def _folders() -> Arrows:
    arrows: dict[str, set[str]] = {}
    for part, allowed in MAY_IMPORT.items():
        name = part.partition(".")[0]
        arrows.setdefault(name, set()).update({used.partition(".")[0] for used in allowed.split()} - {name})
    return arrows


def _inside(folder: str) -> Arrows:
    own = {part for part in MAY_IMPORT if f"{part}.".startswith(f"{folder}.")}
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
    return f'{path.replace("/", "_")}["{path}{"/" if is_folder else ".py"}"]'
