"""Puts each command to a store, within this process, so that no error of one is missed."""

from __future__ import annotations

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

from lib.commands import front_door
from lib.commands.site import Site

# with `{run}` for a run and `{out}` for a file to write
QUESTIONS = (
    "status",
    "status --json",
    "show",
    "show --json",
    "show {run}",
    "logs ci",
    "logs a",
    "logs -f a --run {run}",
    "export -o {out}",
    "export {run} -o {out}",
    "show {out}",
    "history",
    "history --json",
    "history --job a",
    "history --left",
    "history --html {out}",
    "explain a",
    "explain a {run} --json",
    "compare",
    "compare {run}:x --json",
    "compare --html {out}",
    "why-red a",
    "why-red a --json",
    "gc --dry-run",
    "gc --dry-run --json",
    "cancel",
    "cancel {run} --json",
)


def ask(store: Path | None, *words: str) -> tuple[int, str]:
    """Return the exit code of a command, and all that it printed."""
    site = Site(store, ["python3", "ci.py"], lambda: [], lambda _: 0)
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as errors:
            code = front_door.call(words, "ci.py", lambda _: site)
        out.seek(0)
        return code, out.read() + errors.getvalue()


def answers_all(case: unittest.TestCase, store: Path, run: str = "last") -> dict[str, str]:
    """Assert that each command answers, or says that there is nothing; return the answers."""
    with tempfile.TemporaryDirectory() as directory:
        texts = {}
        for question in QUESTIONS:
            words = question.format(run=run, out=f"{directory}/x.tar.gz").split()
            with case.subTest(question):
                code, texts[question] = ask(store, *words)
                allowed = (0,) if question.startswith("status") else (0, 1)
                case.assertIn(code, allowed, texts[question])
        return texts
