"""A string is a strict script, whether a job, a service or a key command runs it."""

from __future__ import annotations

import contextlib
import io

from dsl import Cache, Job
from tests.support.run_case import RunTest

FAILING = {
    "a line": "cd nowhere\necho tested",
    "a part of a line": "no-such-linter; echo done",
    "a function": "lint() { no-such-linter; echo linted; }\nlint\necho done",
    "a substitution": "version=$(no-such-tool --version)\necho $version",
    "the head of a pipe": "no-such-linter | tee lint.txt",
    "the middle of a pipe": "echo x | no-such-filter | cat; echo done",
    "a subshell": "(cd nowhere; echo there); echo done",
    "a loop": "for f in a b; do cat no-such-$f; done; echo done",
}
PASSING = {
    "a condition": "if cd nowhere; then exit 1; fi; echo none",
    "what || answers": "cat no-such-file || echo none",
    "what ! denies": "! cat no-such-file",
    "a script that says so": "set +e; false; true",
}


class Scripts(RunTest):
    def test_the_first_failure_ends_a_script(self) -> None:
        for what, script in FAILING.items():
            with self.subTest(what):
                self.assertEqual(self.run_jobs(Job("a", script)), (1, "a=failed"))

    def test_a_failure_that_is_asked_about_is_none(self) -> None:
        for what, script in PASSING.items():
            with self.subTest(what):
                self.assertEqual(self.run_jobs(Job("a", script)), (0, "a=passed"))

    def test_a_list_is_run_as_it_is(self) -> None:
        lenient = Job("a", ["bash", "-c", "false; false | true"])
        self.assertEqual(self.run_jobs(lenient), (0, "a=passed"))

    def test_a_service_whose_script_fails_has_failed(self) -> None:
        server = Job("s", "cd nowhere; (sleep 60) & true", service=True)
        code, outcomes = self.run_jobs(server, Job("t", "true", ["s"]))
        self.assertEqual((code, outcomes), (1, "s=failed t=skipped"))

    def test_a_key_command_that_fails_in_its_middle_has_no_key(self) -> None:
        for script in ("cat nowhere; echo k", "cat nowhere | wc -c", "x=$(cat nowhere); echo k$x"):
            with self.subTest(script), contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(Cache(script, "art", "store", cwd=self.cwd).key(), "")
