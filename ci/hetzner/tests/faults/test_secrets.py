"""No secret reaches a job: neither by environment nor command line, log, report or status."""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import threading
import unittest
from pathlib import Path

from lib.configuration import settings
from tests.support.fault_case import CommitCase, Ended
from tests.support.github_server import TOKEN

# of this process alone: the suite may run beside itself, and looks at all command lines
HOOK, OWN, LISTED = (f"{name}-{secrets.token_hex(6)}" for name in ("whsec", "own", "listed"))
SECRETS = (TOKEN, HOOK, OWN, LISTED)
VARIABLES = {
    "WEBHOOK_SECRET": HOOK,
    "CI_SECRET_DEPLOY": OWN,
    "CI_SECRETS": "ELSEWHERE",
    "ELSEWHERE": LISTED,
}
# a job that knows a secret, and prints it in every way that it has
TELLS = """
echo "{token} {hook} {own} {listed}"
printf %s "{token}{hook}" | base64
(exec -a "server --token={own}" {sleep}) &
until grep -qa "^server --token" /proc/$!/cmdline; do sleep 0.01; done
exit 3
"""


class Watcher:
    """Looks at all processes while a run goes on, and at the environment of the runner itself."""

    def __init__(self, mark: str) -> None:
        self.found: set[str] = set()
        self.looks = 0
        self._mark = mark.encode()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            for directory in Path("/proc").iterdir():
                if directory.name.isdigit() and int(directory.name) != os.getpid():
                    self._look(directory)
            self.looks += 1

    def _look(self, directory: Path) -> None:
        try:
            environ = (directory / "environ").read_bytes()
            line = (directory / "cmdline").read_bytes()
        except OSError:  # gone
            return
        if self._mark not in environ:
            return
        for secret in SECRETS:
            if secret.encode() in line:
                self.found.add(f"command line: {line!r}")
            # jobs carry a tag; what comes before them is git, which may need the token
            if secret.encode() in environ and (b"CI_JOB=" in environ or self.settled(environ)):
                self.found.add(f"environment of {line!r}: {secret}")

    @staticmethod
    def settled(environ: bytes) -> bool:
        return b"CI_RUN_ID=" in environ


class Secrets(CommitCase):
    def setUp(self) -> None:
        super().setUp()
        self.stage.variables |= VARIABLES

    def files(self, *roots: Path) -> list[Path]:
        return [path for root in roots for path in root.rglob("*") if path.is_file()]

    def assert_masked(self, *texts: str) -> None:
        for text in texts:
            for secret in (*SECRETS, TOKEN.replace("+", "%2B").replace("/", "%2F")):
                self.assertNotIn(secret, text)

    def test_jobs_and_command_lines_hold_none_while_it_runs(self) -> None:
        self.body("test_js", "env; cat /proc/$PPID/environ /proc/self/environ | tr '\\0' '\\n'")
        self.body("lint_python", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")
        with Watcher(self.mark) as watcher:
            ended = self.commit(CI_JOB_STATUSES="1", LOG_URL="https://box/logs")
        self.check(ended, 0, None, "PASS  test-js")
        self.assertGreater(watcher.looks, 3)
        self.assertEqual(watcher.found, set())
        seen = (ended.logs / "test-js.log").read_text(errors="replace")
        self.assert_masked(seen, (ended.logs / "lint-python.log").read_text(errors="replace"))
        self.assertIn("CI_JOB=test-js", seen)
        self.assertRegex(seen, r"(?m)^GITHUB_TOKEN=\*+$")  # the runner's own, overwritten
        self.next_run_is_unaffected()

    def test_all_texts_of_the_runner_are_masked(self) -> None:
        said = {"token": TOKEN, "hook": HOOK, "own": OWN, "listed": LISTED, "sleep": self.sleep}
        self.body("test_js", TELLS.format(**said))
        ended = self.commit(CI_JOB_STATUSES="1", LOG_URL="https://box/logs")
        self.check(ended, 1, None, "FAIL  test-js", r"LEAK  test-js left 1.*--token=\*\*\*")
        (tail,) = re.findall(r"(?m)^    \*\*\* \*\*\* \*\*\* \*\*\*$", ended.console)
        self.assertTrue(tail)
        self.assertNotIn(f"{TOKEN[:12]}", ended.console)
        self.assert_masked(ended.console, json.dumps(self.github.seen))
        # the jobs' own logs hold exactly their output
        own = [path for path in self.files(ended.logs) if path.name != "test-js.log"]
        self.assert_masked(*(path.read_text(errors="replace") for path in own))
        self.body("test_js", "exit 0")
        self.next_run_is_unaffected()

    def test_errors_are_masked(self) -> None:
        for words in (
            [f"no-{HOOK}"],
            ["HEAD", f"branch-{OWN}", "--only-jobs", "lint-python"],
            ["--only-jobs", f"job-{LISTED}"],
            ["--repo", f"/nonexistent/{OWN}"],
        ):
            with self.subTest(words):
                ran = self.stage.run(*words)
                self.assert_masked(ran.out, ran.errors)
        self.assert_masked(json.dumps(self.github.seen))
        logs = self.files(self.stage.state / "runs")
        self.assert_masked(*(path.read_text(errors="replace") for path in logs))
        self.next_run_is_unaffected()

    def test_token_that_cannot_be_used_is_not_shown(self) -> None:
        ran = self.stage.run(GITHUB_TOKEN=f"{OWN} two words")
        self.assertEqual(ran.code, 2)
        self.assertIn("GITHUB_TOKEN: expected printable ASCII", ran.errors)
        self.assert_masked(ran.out, ran.errors)

    def test_secret_at_the_cut_of_a_long_line_is_masked_whole(self) -> None:
        for before in (990, 64 * 1024 - 10, 64 * 1024 + 3):
            text = f"head -c {before} /dev/zero | tr '\\0' x; printf %s {HOOK}"
            self.body("test_js", f"{text}; head -c 65530 /dev/zero | tr '\\0' y; exit 3")
            ended = self.commit("--only-jobs", "test-js")
            self.check(ended, 1, None)
            self.assertRegex(ended.outcomes, "^node-modules=(passed|restored) test-js=failed$")
            for size in range(6, len(HOOK)):
                self.assertNotIn(HOOK[-size:], ended.console)
                self.assertNotIn(HOOK[:size], ended.console)
        self.body("test_js", "exit 0")
        self.next_run_is_unaffected()

    def test_no_file_between_runs_holds_one(self) -> None:
        self.check(self.commit(CI_JOB_STATUSES="1"), 0, None)
        for path in self.files(self.stage.state):
            content = path.read_bytes()
            for secret in SECRETS:
                if secret.encode() in content:
                    # a file with a secret is not readable by others
                    self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        self.assertNotIn(TOKEN, repr(settings.load_anywhere({}, {"GITHUB_TOKEN": TOKEN})))
        self.next_run_is_unaffected()

    def test_files_between_runs_are_for_the_runners_user_to_write_only(self) -> None:
        ended: Ended = self.commit()
        self.check(ended, 0, None)
        modes = {p: stat.S_IMODE(p.stat().st_mode) for p in self.files(self.stage.state)}
        writable = [path for path, mode in modes.items() if mode & 0o022]
        self.assertEqual(writable, [])


if __name__ == "__main__":
    unittest.main()
