"""The settings of the services: their defaults, and the values that they refuse."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

from lib.common import redact
from lib.configuration import service_settings
from lib.configuration.service_settings import ServiceSettings, SettingsError

RUNNER = Path(service_settings.__file__).resolve().parents[2]
SECRET = "0123456789abcdef"


def load(**environ: str) -> ServiceSettings:
    return service_settings.load(environ={"HOME": "/home/x", **environ})


class Defaults(unittest.TestCase):
    def test_without_settings_the_queue_runs_this_pipeline(self) -> None:
        found = load()
        self.assertEqual(found.queue_command, (sys.executable, str(RUNNER / "pipeline.py")))
        self.assertEqual(found.protected, ("main", "master"))
        self.assertEqual((found.forks, found.tags, found.stale_seconds), ((), False, 7 * 86400.0))
        self.assertEqual((found.webhook_secret, found.read_token), ("", ""))

    def test_state_directory_of_the_command_line_comes_first(self) -> None:
        found = service_settings.load("/a", {"HOME": "/home/x", "CI_STATE_DIR": "/b"})
        self.assertEqual(found.base.state_dir, Path("/a"))


class Values(unittest.TestCase):
    def test_command_is_split_as_a_shell_does(self) -> None:
        command = load(CI_QUEUE_COMMAND="docker exec -i ci 'a b' {sha}").queue_command
        self.assertEqual(command, ("docker", "exec", "-i", "ci", "a b", "{sha}"))

    def test_branch_in_a_script_has_no_quotes_of_the_command_around_it(self) -> None:
        for command in ("sh -c 'ci \"{branch}\"'", """ssh box "ci --branch='{branch}'" """):
            with self.assertRaisesRegex(
                SettingsError, "CI_QUEUE_COMMAND: expected {branch} without"
            ):
                load(CI_QUEUE_COMMAND=command)
        for command in ('ci "{branch}" {sha}', "sh -c 'ci \"$HOME\"' {branch}"):
            load(CI_QUEUE_COMMAND=command)

    def test_lists_have_commas(self) -> None:
        found = load(CI_FORKS="a/b, c/d.e", CI_PROTECTED_BRANCHES="main,release/*")
        self.assertEqual(found.forks, ("a/b", "c/d.e"))
        self.assertEqual(found.protected, ("main", "release/*"))

    def test_all_wrong_values_are_listed_at_once_and_no_secret(self) -> None:
        wrong = {
            "WEBHOOK_SECRET": "short-secret",
            "CI_READ_TOKEN": "also\nnot-printable-at-all",
            "CI_QUEUE_COMMAND": "a 'b",
            "CI_FORKS": "a/b/c",
            "CI_TAGS": "yes",
            "CI_STALE_HOURS": "0",
            "CI_TIMEOUT": "never",
        }
        with self.assertRaises(SettingsError) as caught:
            load(**wrong)
        for name in wrong:
            self.assertIn(f"{name}: expected", str(caught.exception))
        self.assertNotIn("short-secret", str(caught.exception))
        self.assertNotIn("not-printable", str(caught.exception))


class Secrets(unittest.TestCase):
    def test_no_form_of_the_settings_shows_them(self) -> None:
        found = load(WEBHOOK_SECRET=SECRET, CI_READ_TOKEN=SECRET[::-1])
        self.assertEqual((found.webhook_secret, found.read_token), (SECRET, SECRET[::-1]))
        self.assertNotIn(SECRET, f"{found} {found!r}")

    def test_jobs_do_not_get_them(self) -> None:
        environ = {"WEBHOOK_SECRET": SECRET, "CI_READ_TOKEN": SECRET, "A": "b"}
        self.assertEqual(redact.without_secrets(environ), {"A": "b"})


if __name__ == "__main__":
    unittest.main()
