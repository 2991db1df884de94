"""Secrets are masked before anything is cut: no part of one is left in a line or a status."""

from __future__ import annotations

import ast
import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from dsl import Job
from lib import status
from lib.common import redact
from lib.configuration import settings
from lib.git import git_command
from lib.github.client import Response
from lib.processes import cache_protocol
from tests.support.github_case import WithGitHub
from tests.support.sources import nodes_of

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ"
LIB = Path(redact.__file__).parents[1]
# what these cut is no text that is shown, or is masked before: names of files, digests, lines
OTHERWISE = {
    "commit_queue/pushing",
    "queue_commands/entry_text",
    "report/growing_log",
    "terminal/job_lines",
    "commands/run_text",
    "commands/why_red_text",
    "commands/working_directory",
    "page/history_page",
    "commit/tested_commit",
    "buckaroo/demo",
    "report/failure_lines",
    "common/files",
    "run_directories/commit_links",
    "run_directories/run_name",
    "report/log_tail",
    "outputs/near_misses",
    "common/redact",
    "buckaroo/settings",
    "configuration/settings",
    "page/verdict_header",
    "commands/history_text",
    "commit/simulate_command",
    "corpus/overlay",
    "corpus/rounds",
    "corpus/runner_identity",
    "processes/not_executable",
    "sampling/job_processes",
    "sampling/machine_use",
}


class Cuts(unittest.TestCase):
    def no_part(self, text: str) -> None:
        for start in range(len(TOKEN) - 7):
            self.assertNotIn(TOKEN[start : start + 8], text)


class Shorten(Cuts):
    def test_secret_across_the_cut_is_masked_whole(self) -> None:
        mask = redact.Redactor([TOKEN])
        for before in range(60):
            text = f"{'x' * before}{TOKEN}{'y' * 60}"
            for cut in (redact.shorten, redact.shorten_start):
                short = cut(text, 50, mask)
                self.no_part(short)
                self.assertLessEqual(len(short), 50)

    def test_text_that_fits_stays(self) -> None:
        for cut in (redact.shorten, redact.shorten_start):
            self.assertEqual(cut("x" * 50, 50), "x" * 50)

    def test_end_that_is_kept_begins_with_a_whole_word(self) -> None:
        self.assertEqual(redact.shorten_start(f"{TOKEN} and more", 30), "…and more")

    def test_secrets_are_those_of_the_environment_unless_others_are_given(self) -> None:
        with mock.patch.dict(os.environ, {"CI_SECRET_A": TOKEN}):
            self.assertEqual(redact.shorten(TOKEN, 20), "***")
        self.assertEqual(redact.shorten(TOKEN, 5), "ghp_…")

    def test_nothing_else_in_the_project_cuts_text(self) -> None:
        found = {
            str(path.relative_to(LIB).with_suffix("")): self.cuts(path)
            for path in LIB.glob("*/*.py")
        }
        others = {name: lines for name, lines in found.items() if lines and name not in OTHERWISE}
        self.assertEqual(others, {}, "redact.shorten masks before it cuts")

    def cuts(self, path: Path) -> list[int]:
        """Return the lines of a module with a slice of a fixed size, other than of a few items."""
        return [
            node.lineno
            for node in nodes_of(path)
            if isinstance(node, ast.Slice)
            and any(self.is_size(bound) for bound in (node.lower, node.upper))
        ]

    def is_size(self, bound: ast.expr | None) -> bool:
        for part in ast.walk(bound) if bound is not None else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, int) and part.value > 9:
                return True
            if isinstance(part, ast.Name) and (part.id.isupper() or part.id == "longest"):
                return True
        return False


class Ends(Cuts):
    def test_rest_of_a_secret_that_a_text_begins_with_is_not_kept(self) -> None:
        mask = redact.Redactor([TOKEN])
        for others in (0, 300):  # masked, they make the text shorter
            for start in range(1, len(TOKEN)):
                rest = f"{TOKEN[start:]} {TOKEN * others}{'x' * redact.LONGEST_SECRET} the end"
                kept = redact.masked_end(rest, mask)
                self.no_part(kept)
                self.assertNotIn(TOKEN[-1], kept)
                self.assertTrue(kept.endswith(" the end"))

    def test_log_in_a_cache_begins_with_no_part_of_a_secret(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            log = Path(directory, "a.log")
            log.touch()
            begun = log.stat()
            for others in (0, 300):
                for start in (1, 8, 20, 33):
                    size = cache_protocol.MOST_SAID + redact.LONGEST_SECRET - len(TOKEN) + start
                    log.write_text(TOKEN + (TOKEN * others).ljust(size, "x"))
                    said = cache_protocol.said(str(log), begun, redact.Redactor([TOKEN]))
                    self.assertNotIn(TOKEN[-1], said[:100])
                    self.assertTrue(said.startswith("(its end only)\n"))
                    self.assertLessEqual(len(said), cache_protocol.MOST_SAID + 20)


class Others(Cuts):
    def setUp(self) -> None:
        self.enterContext(mock.patch.dict(os.environ, {"CI_SECRET_A": TOKEN}))

    def test_setting_that_is_wrong_is_shown_without(self) -> None:
        for pad in range(150, 201, 10):
            with self.assertRaises(settings.SettingsError) as caught:
                settings.load_anywhere({}, {"CI_TIMEOUT": f"{'x' * pad}{TOKEN}", "HOME": "/x"})
            self.no_part(str(caught.exception))

    def test_words_of_git_are_shown_without(self) -> None:
        for pad in range(60, 101, 10):
            self.no_part(git_command.shown(f"{'x' * pad}{TOKEN}{'y' * 100}", 100))

    def test_answer_that_repeats_the_request_is_shown_without(self) -> None:
        for pad in range(150, 201, 10):
            self.no_part(str(Response(500, f"{'x' * pad} {TOKEN} {'y' * 100}")))

    def test_declaration_that_is_wrong_is_told_without(self) -> None:
        for pad in range(0, 60, 5):
            with self.assertRaises((TypeError, ValueError)) as caught:
                Job("a", "true", retry=f"{'x' * pad}{TOKEN}")  # type: ignore[call-arg]
            self.no_part(str(caught.exception))


class Statuses(WithGitHub, Cuts):
    def test_status_is_posted_without(self) -> None:
        with mock.patch.dict(os.environ, self.environ(CI_SECRET_A=TOKEN)):
            for pad in range(100, 141, 10):
                self.assertTrue(status.status_failure("0" * 40, "ci", f"{'x' * pad}{TOKEN}"))
        self.assertEqual(len(self.github.seen), 5)
        self.no_part(json.dumps(self.github.seen))


if __name__ == "__main__":
    unittest.main()
