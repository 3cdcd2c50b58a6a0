"""The project's commands, each under one name: `.ci/run`, the hosted CI and the hooks call these.

Sessions make no environments of their own: the environment that runs nox is the one under test. A second install
of the same packages would take longer than the quick session. `.ci/run` and the hosted CI make a fresh environment.
"""

import sys

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "quick"]

QUICK = ("model", "wire", "config", "adding", "readers", "providers")
HANGING = ("-o", "faulthandler_timeout=180", "-o", "faulthandler_exit_on_timeout=true")


def run(session: nox.Session, module: str, *words: str) -> None:
    """Run a module with this environment's Python, whether the environment is activated or not."""
    session.run(sys.executable, "-m", module, *words)


@nox.session
def quick(session: nox.Session) -> None:
    """Test the core, the readers, the providers and the config: no processes, no packaging, under 20 seconds."""
    folders = [f"tests/{name}" for name in QUICK]
    run(session, "pytest", "-q", "-n", "auto", "-m", "not slow", *folders, *session.posargs)


@nox.session
def full(session: nox.Session) -> None:
    """Run every test and every example of the docs; a test that hangs ends the run and shows where it hung."""
    run(session, "pytest", "-q", "-n", "auto", *HANGING, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style."""
    run(session, "ruff", "check")
    run(session, "ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types: mypy on everything, basedpyright on what users import, of which every type must be known."""
    run(session, "mypy")
    run(session, "basedpyright")
    run(session, "basedpyright", "--verifytypes", "groupadd", "--ignoreexternal")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the docs; a warning is an error."""
    run(session, "sphinx", "-W", "-q", "-b", "html", "docs", "docs/_build/html")


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the files that decide what is true, mutant by mutant; the tests should notice each change."""
    run(session, "mutmut", "run", *session.posargs)
