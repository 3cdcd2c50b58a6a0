"""The docs say what the code does: tables that are written down, and names that must not be missing."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import attrs
import pytest
from cyclopts import App

import groupadd.drip
import groupadd.provider
import groupadd.sandbox
import groupadd.testing
from docs.generate import PAGES, PARTS, ROOT, calls, written
from docs.tables import AFTER, BEFORE, CLAIMS, described, verdicts
from groupadd.adding.verdict import Presence, presence
from groupadd.cli.commands import app
from groupadd.cli.exit_codes import Exit
from groupadd.model.codes import PARTICIPANT_CODES
from groupadd.model.outcome import Evidence, Reason, Status
from groupadd.settings import AddSettings

DOCS = ROOT / "docs"

in_the_source_tree = pytest.mark.skipif(not (ROOT / "groupadd").is_dir(), reason="pages name files of the source tree")
every_page = pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def anchors(file: Path) -> set[str]:
    """Return the anchors of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(of: App = app) -> Iterator[tuple[str, App]]:
    return ((name, of[name]) for name in of if not name.startswith("-"))


def deeds(of: App = app) -> Iterator[tuple[str, App]]:
    """Yield every command that does something, by all its words: `add`, `drip plan`."""
    for name, command in commands(of):
        if command.default_command is not None:
            yield name, command
        else:
            yield from ((f"{name} {more}", deed) for more, deed in deeds(command))


@every_page
def test_generated_parts_are_what_the_code_says(file: Path) -> None:
    text = file.read_text("utf-8")

    assert written(text) == text, "python -m docs.generate writes it anew"


@every_page
def test_a_page_reads_well_unbuilt(file: Path) -> None:
    text = file.read_text("utf-8")

    assert "```{" not in text, "a forge shows a directive of Sphinx as it is"


@in_the_source_tree
@every_page
def test_every_link_leads_to_a_file_and_a_heading(file: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", file.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        linked = (file.parent / path).resolve() if path else file
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@in_the_source_tree
@every_page
def test_every_file_and_module_that_is_named_exists(file: Path) -> None:
    text = file.read_text("utf-8")
    paths = set(re.findall(r"[`\s]((?:[\w.-]+/)+(?:[\w.-]+\.(?:py|yml|md|jinja))?)[`\s]", text))
    modules = {module.replace(".", "/") for module in re.findall(r"-m ((?:tests|docs)\.[\w.]+)", text)}

    assert {path for path in paths | {f"{module}.py" for module in modules} if not is_a_file(path)} == set()


def is_a_file(path: str) -> bool:
    """Whether a path exists, counted from the repository or from the package."""
    return any((folder / path).exists() for folder in (ROOT, ROOT / "groupadd", ROOT / "docs"))


@pytest.mark.parametrize("module", [groupadd, groupadd.provider, groupadd.drip, groupadd.sandbox, groupadd.testing])
def test_every_public_name_is_on_a_page(module: ModuleType) -> None:
    text = "".join(file.read_text("utf-8") for file in PAGES)

    assert [name for name in module.__all__ if not re.search(rf"`([\w.]+\.)?{name}(\[\w+\])?`", text)] == []


def test_the_table_of_verdicts_has_everything_that_can_be_claimed_and_seen() -> None:
    claimed = {meaning.status for meaning in CLAIMS.values()}

    assert claimed == {meaning.status for meaning in PARTICIPANT_CODES.values()} | {Status.INVITED, Status.UNKNOWN}
    assert {presence(looks) for looks in AFTER.values()} == {*Presence}
    assert {look and look.member for look in BEFORE.values()} == {None, False, True}
    assert verdicts().count("**") == 2 * len(AFTER)


@pytest.mark.parametrize("part", PARTS)
def test_a_generated_part_stands_on_a_page(part: str) -> None:
    assert part in {call.split()[0] for file in PAGES for call in calls(file.read_text("utf-8"))}


@pytest.mark.parametrize("words", [Status, Evidence])
def test_every_status_and_evidence_is_explained(words: type[Status] | type[Evidence]) -> None:
    assert [word for word in words if f"| `{word}` | " not in page("outcomes")] == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_in_the_generated_table(reason: Reason) -> None:
    assert f"| `{reason}` | " in PARTS["reasons"]()


def test_every_exit_code_is_explained() -> None:
    assert [code for code in Exit if f"| {code.value} | " not in page("outcomes")] == []


def test_every_setting_has_a_meaning_to_show() -> None:
    assert described(AddSettings).keys() == attrs.fields_dict(AddSettings).keys()


def test_every_command_has_its_place() -> None:
    assert [name for name, _ in commands() if f"\n## `groupadd {name}`\n" not in page("cli")] == []


def test_every_deed_is_named() -> None:
    assert [name for name, _ in deeds() if f"`{name}" not in page("cli")] == []


def test_every_option_is_named() -> None:
    names = {
        name
        for _, command in deeds()
        for argument in command.assemble_argument_collection()
        for name in argument.names
        if name.startswith("--")
    }

    assert {name for name in names if name not in page("cli")} == set()


def test_every_page_is_listed_in_the_index() -> None:
    listed = set(re.findall(r"\]\(([\w-]+)\.md\)", page("index")))

    assert {file.stem for file in DOCS.glob("*.md")} - {"index"} == listed
