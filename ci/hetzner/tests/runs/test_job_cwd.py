"""Jobs that start in a directory of their own."""

from __future__ import annotations

import os
import shutil
import unittest
from pathlib import Path
from typing import Any

from dsl import Cache, Job, Outcome
from tests.support.run_case import RunTest


class DirectoryTest(RunTest):
    def setUp(self) -> None:
        super().setUp()
        self.sub = self.cwd / "packages" / "js"
        self.sub.mkdir(parents=True)

    def script(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def passes(self, *jobs: Job, **options: Any) -> None:
        code, outcomes = self.run_jobs(*jobs, **options)
        logs = {path.name: path.read_text() for path in self.logs.glob("*.log")}
        self.assertEqual(code, 0, f"{outcomes} {logs}")

    def reason(self, *jobs: Job) -> str:
        """Return the reason of the last job, which has to fail."""
        made = self.pipeline(*jobs)
        self.assertEqual(made.run(), 1)
        result = made.results[jobs[-1].name]
        self.assertIs(result.outcome, Outcome.FAILED)
        return result.reason


class Directory(DirectoryTest):
    def test_a_job_starts_there_and_its_pwd_says_so(self) -> None:
        tell = 'pwd; echo "$PWD"; /bin/pwd'
        for cwd in (
            "packages/js",
            Path("packages", "js"),
            str(self.sub),
            "packages/../packages/js",
        ):
            self.passes(Job("a", tell, cwd=cwd), Job("b", ["sh", "-c", tell], cwd=cwd))
            real = f"{self.sub}\n"
            self.assertTrue(self.log("a").endswith(real))
            self.assertTrue(self.log("b").endswith(real))
        self.passes(Job("a", tell, cwd="packages/js"), Job("c", tell))
        self.assertEqual(self.log("a"), f"{self.sub}\n" * 3)
        self.assertEqual(self.log("c"), f"{self.cwd}\n" * 3)

    def test_outputs_are_those_of_the_pipeline_and_have_absolute_paths(self) -> None:
        self.passes(
            Job("make", "echo x >dist", outputs={"dist": "packages/js/dist"}, cwd="packages/js"),
            Job("use", 'cat "$CI_OUT_MAKE_DIST"', ["make:dist"], cwd=self.sub.parent),
        )
        self.assertEqual(self.log("use"), "x\n")

    def test_an_output_that_was_meant_from_there_is_shown(self) -> None:
        why = self.reason(Job("make", "echo x >dist", outputs={"d": "dist"}, cwd="packages/js"))
        self.assertIn("packages/js/dist", why)

    def test_programs_are_looked_up_there(self) -> None:
        self.script(self.sub / "node_modules" / ".bin" / "mylint", "echo linted")
        self.script(self.sub / "run", "echo ran")
        path = f"node_modules/.bin:{os.environ['PATH']}"
        jobs = (
            Job("lint", "mylint", requires=["mylint"], cwd="packages/js"),
            Job("list", ["./run"], requires=["./run"], cwd="packages/js"),
        )
        self.passes(*jobs, env={**os.environ, "PATH": path})
        self.assertEqual(self.log("list"), "ran\n")
        why = self.reason(Job("list", ["./run"], requires=["./run"]))
        self.assertIn("requires ./run, not found", why)

    def test_a_program_that_cannot_run_is_explained_from_there(self) -> None:
        (self.sub / "tool").write_text("x")
        for cmd in (["./tool"], "./tool"):
            why = self.reason(Job("a", cmd, cwd="packages/js"))
            self.assertIn("chmod +x", why)

    def test_a_script_with_the_line_ends_of_windows_is_found_there(self) -> None:
        (self.sub / "a.sh").write_bytes(b"echo a\r\n")
        self.pipeline(Job("a", "bash a.sh", cwd="packages/js"), Job("b", "bash a.sh || true")).run()
        notes = [line for line in self.log("ci").splitlines() if "CRLF" in line]
        self.assertEqual(len(notes), 1)
        self.assertIn("packages/js/a.sh of a: ", notes[0])


class Missing(DirectoryTest):
    def test_nothing_starts_if_it_is_missing_and_no_job_makes_it(self) -> None:
        (self.cwd / "file").touch()
        for cwd, there in (("nowhere", "nothing"), ("file", "something else")):
            other = Job("other", "touch started", outputs={"o": "nowhere/x"})
            why = self.reason(other, Job("a", "true", cwd=cwd))
            self.assertRegex(why, f"cwd: expected a directory, found {there} at {self.cwd}/{cwd}: ")
            self.assertFalse((self.cwd / "started").exists())
        self.assertIn("CAUSE a: cwd: expected a directory", self.log("ci"))

    def test_a_hostile_name_is_refused_by_the_name_of_its_job(self) -> None:
        (self.cwd / "loop").symlink_to("loop")
        for cwd in ("x" * 300, "loop", "line\nfeed\x1b[31m", "-rf", "~"):
            why = self.reason(Job("a", "true", cwd=cwd))
            self.assertIn("cwd: expected a directory, found ", why)
            self.assertNotIn("\x1b", self.log("ci") + self.console.getvalue())

    def test_a_job_that_it_needs_may_make_it(self) -> None:
        for output in ("new", "new/deep/file", "new/deep"):
            self.passes(
                Job("make", "mkdir -p new/deep; touch new/deep/file", outputs={"o": output}),
                Job("middle", "true", ["make"]),
                Job("a", "pwd", ["middle"], cwd="new/deep"),
            )
            self.assertEqual(self.log("a"), f"{self.cwd}/new/deep\n")
            shutil.rmtree(self.cwd / "new")

    def test_a_program_there_may_come_with_it_and_others_are_missed_at_once(self) -> None:
        program = "mkdir new; echo 'echo x' >new/t; chmod +x new/t"
        make = Job("make", program, outputs={"o": "new"})
        path = f"bin:{os.environ['PATH']}"
        for needed, env in (("./t", os.environ), ("no-such", {**os.environ, "PATH": path})):
            self.passes(make, Job("a", "./t", ["make"], cwd="new", requires=[needed]), env=env)
            shutil.rmtree(self.cwd / "new")
        why = self.reason(make, Job("a", "true", ["make"], cwd="new", requires=["no-such"]))
        self.assertIn("requires no-such", why)

    def test_one_that_a_job_promised_and_did_not_leave_is_told_at_the_start(self) -> None:
        make = Job("make", "mkdir new; touch new/x", outputs={"o": "new/x"})
        remove = Job("remove", "rm -r new", ["make"])
        why = self.reason(make, remove, Job("a", "true", ["remove"], cwd="new"))
        self.assertIn(f"its working directory {self.cwd}/new cannot be entered: No such file", why)

    def test_wrong_kinds_are_refused(self) -> None:
        for wrong in ("", 3, None, "a\0b", ["x"]):
            with self.assertRaisesRegex(ValueError, "^job a: cwd: expected a path, found"):
                Job("a", "true", cwd=wrong)  # type: ignore[arg-type]


class Caches(DirectoryTest):
    def test_its_directory_is_part_of_the_key_and_paths_stay_those_of_the_pipeline(
        self,
    ) -> None:
        (self.cwd / "other").mkdir()

        def build(cwd: str) -> str:
            cache = Cache("pwd >>keyed; echo key", "out", "store")
            job = Job("b", f"pwd >{self.cwd}/out", cwd=cwd, cache=cache, ok_codes=(0,))
            made = self.pipeline(job)
            self.assertEqual(made.run(), 0)
            return str(made.results["b"].outcome)

        places = ["packages/js", "packages/js", "other", ".", "other"]
        self.assertEqual(
            [build(cwd) for cwd in places], ["passed", "restored", "passed", "passed", "restored"]
        )
        self.assertEqual((self.cwd / "out").read_text(), f"{self.cwd}/other\n")
        self.assertEqual(set((self.cwd / "keyed").read_text().split()), {str(self.cwd)})


if __name__ == "__main__":
    unittest.main()
