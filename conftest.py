"""Runs what README.md and docs/ show, over a sandbox on loopback; looks follow at once, so that no page takes time.

Each page has an example world of its own, and a folder whose `groupadd.toml` leads there. Its blocks are run in order:

* `python`: run; `text`: what the Python block before it prints
* `console`: each `$ groupadd …` is run and must print what stands below it; `$ echo $?` is its exit code, `$ cat FILE`
  shows a file
* `csv`: becomes the file that the words before it name last
* `…` on a line of its own matches any lines
* `toml`: a config that can be read, or a part of one
* `groupadd-toml`, in a comment: becomes the folder's `groupadd.toml`
* `py`, `shell`: shown and not run, as are generated parts, which tests/test_docs.py compares
"""

import io
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from sybil import Document, Example, Region, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser
from sybil.typing import Evaluator, Parser

from groupadd.cli import main
from groupadd.config.load import load
from groupadd.config.sources import FILE
from groupadd.sandbox import Sandbox, config_toml, example_world, mount
from groupadd.sandbox.server import SandboxServer

REPOSITORY = Path(__file__).parent
PROVIDERS = ("wasend", "wawp")  # one that speaks of each person, one that only accepts
ADD = "\n[add]\nlook_after_s = [0.01, 0.02]\nlate_after_s = 0\n"
PORT = "8042"  # the pages show it in place of the free port
TERMINAL = {"COLUMNS": "88", "NO_COLOR": "1", "TERM": "dumb"}


def _move_in(namespace: dict[str, Any]) -> None:
    stack = ExitStack()
    folder = Path(stack.enter_context(TemporaryDirectory()))
    world = example_world()
    sandboxes = {name: Sandbox.for_vendor(name, world) for name in PROVIDERS}
    server = stack.enter_context(SandboxServer(mount(sandboxes)))
    config = config_toml({name: one.config(f"{server.url}/{name}") for name, one in sandboxes.items()})
    (folder / FILE).write_text(config + ADD)
    namespace.update(_stack=stack, _folder=folder, _repository=REPOSITORY, _printed="", _exit=0)


def _move_out(namespace: dict[str, Any]) -> None:
    namespace["_stack"].close()


@contextmanager
def _at_home(example: Example) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Run the block in the page's folder, without this machine's environment; yields what is printed."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GROUPADD_")}
    with (
        chdir(example.namespace["_folder"]),
        mock.patch.dict(os.environ, environ | TERMINAL, clear=True),
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
    ):
        yield out, err


def _python(example: Example) -> None:
    with _at_home(example) as (out, _):
        PythonEvaluator()(example)
    example.namespace["_printed"] = out.getvalue()


def _text(example: Example) -> None:
    _compare(example.namespace["_printed"], example.parsed)


def _console(example: Example) -> None:
    for command, expected in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n?)*)", example.parsed, re.MULTILINE):
        _compare(_printed_by(command, example), expected)


def _printed_by(command: str, example: Example) -> str:
    if command == "echo $?":
        return f"{example.namespace['_exit']}\n"
    program, *arguments = shlex.split(command)
    if program == "cat":
        return Path(example.namespace["_folder"], *arguments).read_text("utf-8")
    assert program == "groupadd", f"only groupadd is run here, not {program}"
    with _at_home(example) as (out, err):
        run = _until_it_waits if arguments[0] == "sandbox" else main
        example.namespace["_exit"] = int(run(arguments))
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", PORT, out.getvalue() or err.getvalue())


def _until_it_waits(arguments: list[str]) -> int:
    """Run `groupadd sandbox` on a free port, and press Ctrl-C after the last line."""
    command = [sys.executable, "-m", "groupadd", *("0" if word == PORT else word for word in arguments)]
    places = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(  # noqa: S603  our own command line
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=places
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="")
            if "groupadd check" in line:
                process.send_signal(signal.SIGINT)
        return process.wait()


def _toml(example: Example) -> None:
    with _at_home(example):
        whole = tomllib.loads(Path(FILE).read_text())
        part: Mapping[str, Any] = tomllib.loads(example.parsed)
        load({**whole, **part}, environ={})


def _groupadd_toml(example: Example) -> None:
    with _at_home(example):
        Path(FILE).write_text(example.parsed)


def _csv(example: Example) -> None:
    *_, name = re.findall(r"`([^`\n]+)`", example.document.text[: example.start])
    Path(example.namespace["_folder"], name).write_text(example.parsed, "utf-8")


def _compare(printed: str, expected: str) -> None:
    pattern = "\n".join(".*" if line == "…" else re.escape(line) for line in _lines(expected))
    assert re.fullmatch(pattern, "\n".join(_lines(printed)), re.DOTALL), f"it prints:\n{printed}"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def _parser(language: str, evaluate: Evaluator) -> Parser:
    """Return a parser of the blocks of a language that are written by hand."""
    blocks = CodeBlockParser(language, evaluate)

    def parse(document: Document) -> Iterator[Region]:
        return (region for region in blocks(document) if not _is_generated(document.text[: region.start]))

    return parse


def _is_generated(text_before: str) -> bool:
    return text_before.rfind("<!-- generated: ") > text_before.rfind("<!-- end -->")


pytest_collect_file = Sybil(
    parsers=[
        _parser("python", _python),
        _parser("text", _text),
        _parser("console", _console),
        _parser("csv", _csv),
        _parser("toml", _toml),
        _parser("groupadd-toml", _groupadd_toml),
    ],
    patterns=["README.md", "docs/*.md"],
    setup=_move_in,
    teardown=_move_out,
).pytest()
