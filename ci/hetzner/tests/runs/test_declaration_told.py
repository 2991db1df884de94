"""Errors in a declaration: sentences with file and line, exit code 2, and no traceback."""

from __future__ import annotations

import subprocess
import sys
import unittest

from tests.support.ten_lines import HETZNER, TenLines

FIRST = 4  # the line on which the list of the jobs begins


class Told(TenLines):
    def told(self, jobs: str, *lines: str, end: str | None = None) -> None:
        self.write(jobs, *([] if end is None else [end]))
        code, out, errors = self.ran()
        self.assertEqual((code, out), (2, ""), errors)
        self.assertEqual(errors.splitlines(), [f"{self.file}:{line}" for line in lines])
        self.assertFalse((self.root / "logs").exists())

    def test_all_problems_of_a_job_with_the_line_of_its_declaration(self) -> None:
        self.told(
            '[\n    Job("ok", "true"),\n    Job("a", "true", timeout=-1,\n        retries=-2),\n]',
            f"{FIRST + 2}: job a: timeout: expected seconds of 0 or more, found -1",
            f"{FIRST + 2}: job a: retries: expected a count of 0 or more, found -2",
        )

    def test_a_mistyped_field(self) -> None:
        self.told(
            '[Job("a", "true", needs=["b"])]',
            f"{FIRST}: job a: needs=['b']: there is no 'needs'; did you mean 'depends_on'?",
        )

    def test_all_problems_of_a_pipeline_with_the_line_of_its_call(self) -> None:
        self.told(
            '[Job("a", "true", ["biuld"]), Job("build", "true", ["build"])]',
            f"{FIRST + 1}: job a: depends_on 'biuld' is not a job; did you mean 'build'?",
            f"{FIRST + 1}: job build: depends_on 'build' is the job itself: take it out",
        )

    def test_a_cache(self) -> None:
        self.told(
            '[Job("a", "true", cache=Cache("", "x", "store"))]',
            f"{FIRST}: Cache: key_cmd: expected a bash command or a list of arguments, found ''",
        )

    def test_a_job_that_a_function_of_the_file_declares_has_the_line_in_it(self) -> None:
        self.told(
            "[]\ndef job(name):\n    return Job(name, '')\njobs = [job('a')]",
            f"{FIRST + 2}: job a: cmd: expected a bash command or a list of arguments, found ''",
        )

    def test_a_program_that_runs_without_the_command_line_is_told_as_well(self) -> None:
        self.told(
            '[Job("a", "true", nice=99)]',
            f"{FIRST}: job a: nice: expected a number from -20 to 19, found 99",
            end='sys.exit(Pipeline(jobs, "s", "b", "logs", cwd=".").run())\n',
        )

    def test_a_declaration_within_the_program_proper(self) -> None:
        self.told(
            "[]",
            f"{FIRST + 2}: job a: cmd: expected a bash command or a list of arguments, found ''",
            end="from lib.commands import program\n"
            'sys.exit(program.run(lambda: Job("a", ""), "ci.py"))\n',
        )


class NotTold(TenLines):
    def test_other_errors_are_those_of_python(self) -> None:
        for jobs in ("[][0]", "int('x')", "[Job]\nraise TypeError('x')"):
            self.write(jobs)
            code, _, errors = self.ran()
            self.assertEqual(code, 1)
            self.assertIn("Traceback", errors)

    def test_a_hook_that_was_there_before_gets_other_errors(self) -> None:
        before = "sys.excepthook = lambda *_: print('mine')\n"
        text = f"import sys\n{before}sys.path.insert(0, {str(HETZNER)!r})\nimport dsl\n1 / 0\n"
        self.file.write_text(text)
        self.assertEqual(self.ran()[:2], (1, "mine\n"))

    def test_a_program_that_catches_the_error_goes_on(self) -> None:
        self.write("[]\ntry:\n    Job('a', '')\nexcept ValueError as e:\n    print(e)", "")
        code, out, _ = self.ran()
        self.assertEqual(code, 0)
        self.assertTrue(out.startswith("job a: cmd: expected"), out)

    def test_a_closed_stderr_changes_no_exit_code(self) -> None:
        self.write('[Job("a", "")]')
        for closed in ("2>&-", "2>/dev/full"):
            command = ["bash", "-c", f"{sys.executable} ci.py {closed}"]
            done = subprocess.run(command, cwd=self.root, stdout=subprocess.PIPE, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, b""))

    def test_a_secret_is_masked(self) -> None:
        self.write("[Job('a', 'true', when='hush-hush-hush')]")
        _, _, errors = self.ran(GITHUB_TOKEN="hush-hush-hush")
        self.assertNotIn("hush-hush", errors)
        self.assertIn("when: expected", errors)


if __name__ == "__main__":
    unittest.main()
