"""`rerun --failed` of a library's pipeline: what runs again, what is restored, and what is said."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from lib.run_directories.run_store import RunStore
from tests.support.ten_lines import TenLines
from tests.support.waiting import wait_until

END = 'sys.exit(Pipeline(jobs, "1" * 40, "main", store="store", timeout=60, cwd=".").main())\n'
# each job leaves a mark where git does not look, so that a test sees which ones ran
JOBS = """[
    Job("build", "echo build >>marks; date +%N >out", outputs={"o": "out"}),
    Job("lint", "echo lint >>marks"),
    Job("test", "echo test >>marks; cat out; test ! -e ../broken", ["build"]),
    Job("deploy", "echo deploy >>marks", ["test"]),
]"""


class Rerun(TenLines):
    def setUp(self) -> None:
        super().setUp()
        self.root = self.root / "repo"
        self.root.mkdir()
        self.file = self.root / "ci.py"
        (self.root / ".gitignore").write_text("marks\nstore\n__pycache__\n")
        self.broken = self.root.parent / "broken"
        self.broken.touch()
        self.write(JOBS)
        self.git("init", "--quiet")

    def write(self, jobs: str, end: str = END) -> None:
        super().write(jobs, end)

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.root, check=True)

    def marks(self) -> str:
        """Return the jobs that have run since the last question, in the order of their names."""
        marks = self.root / "marks"
        found = sorted(marks.read_text().split()) if marks.exists() else []
        marks.unlink(missing_ok=True)
        return " ".join(found)

    def runs(self) -> list[Path]:
        return [run.path for run in RunStore(self.root / "store").runs()][::-1]

    def last(self) -> dict[str, Any]:
        """Return the jobs of the newest run, by name."""
        found = json.loads((self.runs()[-1] / "summary.json").read_text())
        return {job["name"]: job for job in found["jobs"]}

    def outcomes_of_last(self) -> str:
        return " ".join(f"{name}={job['outcome']}" for name, job in self.last().items())

    def begin(self) -> str:
        """Run everything while a test is broken; return the name of the run."""
        code, _, errors = self.ran()
        self.assertEqual((code, errors), (1, ""))
        self.assertEqual(self.marks(), "build lint test")
        return self.runs()[-1].name

    def again(self, *words: str, code: int = 0) -> str:
        """Run again what failed; return the output."""
        found, out, errors = self.ran("rerun", "--failed", *words)
        self.assertEqual((found, errors), (code, ""), out)
        return out

    def test_what_failed_runs_again_and_the_rest_is_restored_from_its_run(self) -> None:
        first = self.begin()
        self.assertIn(
            f"run again what failed: cd {self.root} && python3 {self.file} rerun --failed\n",
            self.ran("show")[1],
        )
        self.broken.unlink()
        out = self.again()
        self.assertNotIn("run again", self.ran("show", first)[1])  # a newer run has proven it
        self.assertEqual(self.marks(), "deploy test")
        self.assertIn(f"PASS  build  (restored: passed in {first})", out)
        self.assertIn(f"NOTE  test runs again: it failed in {first}", out)
        self.assertIn("NOTE  deploy runs again: it was skipped in", out)
        jobs = self.last()
        self.assertEqual(
            self.outcomes_of_last(), "build=restored lint=restored test=passed deploy=passed"
        )
        self.assertEqual(jobs["lint"]["restored_from"], first)
        self.assertEqual(Path(jobs["lint"]["log"]).parent.name, first)
        log = Path(jobs["lint"]["log"])
        told = f"--- lint was restored: this is its log of {first}\n"
        self.assertEqual(self.ran("logs", "lint"), (0, log.read_text(), told))
        log.unlink()
        code, _, errors = self.ran("logs", "lint")
        self.assertEqual(code, 1)
        self.assertIn(f"lint has no log in {self.runs()[-1].name}: passed in {first}", errors)

    def test_a_job_that_starts_outside_of_the_tree_is_never_restored(self) -> None:
        (self.root / "in").mkdir()
        (self.root / "in" / "file").touch()
        mark = f"echo $CI_JOB >>{self.root}/marks"
        self.write(f'[Job("near", "{mark}", cwd="in"), Job("far", "{mark}", cwd="..")]')
        self.assertEqual(self.ran()[0], 0)
        self.assertEqual(self.marks(), "far near")
        out = self.again()
        self.assertEqual(self.marks(), "far")
        self.assertIn("it starts outside of the tree", out)

    def test_a_rerun_of_a_rerun_names_the_run_in_which_a_job_really_ran(self) -> None:
        first = self.begin()
        self.again(code=1)
        second = self.runs()[-1].name
        self.assertEqual(self.marks(), "test")
        self.broken.unlink()
        out = self.again()
        self.assertEqual(self.marks(), "deploy test")
        self.assertIn(f"PASS  build  (restored: passed in {first})", out)
        self.assertIn(f"NOTE  test runs again: it failed in {second}", out)
        self.assertEqual(self.last()["build"]["restored_from"], first)

    def test_after_a_green_run_nothing_runs_again_and_it_is_said(self) -> None:
        self.broken.unlink()
        self.ran()
        self.marks()
        out = self.again()
        self.assertIn("NOTE  nothing to run again", out)
        self.assertEqual(self.marks(), "")

    def test_another_tree_runs_everything_and_says_why(self) -> None:
        self.begin()
        (self.root / "new.py").write_text("")
        out = self.again(code=1)
        self.assertIn("no earlier run was one of everything on this tree", out)
        self.assertEqual(self.marks(), "build lint test")

    def test_without_a_checkout_everything_runs_and_it_is_said(self) -> None:
        shutil.rmtree(self.root / ".git")
        self.begin()
        out = self.again(code=1)
        self.assertIn("nothing tells which tree this is", out)
        self.assertEqual(self.marks(), "build lint test")

    def test_a_changed_variable_runs_everything_and_is_named(self) -> None:
        self.begin()
        code, out, _ = self.ran("rerun", "--failed", LEVEL="2")
        self.assertIn("the variable LEVEL changed", out)
        self.assertEqual((code, self.marks()), (1, "build lint test"))

    def test_a_variable_of_the_terminal_changes_nothing(self) -> None:
        self.begin()
        self.broken.unlink()
        self.ran("rerun", "--failed", TERM="other", SHLVL="9")
        self.assertEqual(self.marks(), "deploy test")

    def test_an_output_that_is_gone_or_was_changed_is_made_again(self) -> None:
        for change in ("rm out", "echo other >out"):
            with self.subTest(change):
                self.broken.touch()
                self.begin()
                self.broken.unlink()
                subprocess.run(change, shell=True, cwd=self.root, check=True)
                out = self.again()
                told = "is gone" if change == "rm out" else "has changed"
                self.assertIn(f"NOTE  build runs again: its output o (out) {told}", out)
                self.assertEqual(self.marks(), "build deploy test")

    def test_a_dry_run_tells_what_would_run_and_starts_nothing(self) -> None:
        first = self.begin()
        out = self.again("--dry-run")
        self.assertIn(f"restored build: passed in {first}", out)
        self.assertIn(f"NOTE  test runs again: it failed in {first}", out)
        self.assertEqual((self.marks(), len(self.runs())), ("", 1))

    def test_a_damaged_record_or_summary_runs_everything_and_says_why(self) -> None:
        for name, damage, told in (
            ("jobs.json", b"{", "jobs.json is damaged"),
            ("jobs.json", None, "it has no jobs.json"),
            ("summary.json", b"\0", "its summary.json cannot be read"),
        ):
            with self.subTest(name=name, damage=damage):
                shutil.rmtree(self.root / "store", ignore_errors=True)
                self.begin()
                (self.runs()[-1] / name).unlink()
                if damage is not None:
                    (self.runs()[-1] / name).write_bytes(damage)
                out = self.again(code=1)
                self.assertIn("all jobs run", out)
                self.assertIn(told, out)
                self.assertEqual(self.marks(), "build lint test")

    def test_a_run_during_which_the_tree_changed_proves_nothing(self) -> None:
        edit = "cp ci.py ../kept; echo >>ci.py; echo edit >>marks"
        self.write(f"[Job('edit', '{edit}'), Job('test', 'test ! -e ../broken', ['edit'])]")
        code, _, _ = self.ran()
        self.assertEqual((code, self.marks()), (1, "edit"))
        shutil.copy(self.root.parent / "kept", self.file)  # the edit is taken back
        out = self.again(code=1)
        self.assertIn("files of its tree changed while it ran", out)
        self.assertEqual(self.marks(), "edit")

    def test_a_given_hash_of_the_tree_proves_nothing_either_if_files_changed(self) -> None:
        end = END.replace("timeout=60", 'timeout=60, tree="7ee"')
        edit = "cp ci.py ../kept; echo >>ci.py; echo edit >>marks"
        self.write(f"[Job('edit', '{edit}'), Job('test', 'test ! -e ../broken', ['edit'])]", end)
        self.assertEqual(self.ran()[0], 1)
        shutil.copy(self.root.parent / "kept", self.file)
        self.assertIn("files of its tree changed while it ran", self.again(code=1))

    def test_a_run_with_changes_does_not_stand_for_its_commit(self) -> None:
        link = self.root / "store" / "logs" / ("1" * 40)
        self.git("add", "--all")
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgSign=false")
        self.git(*who, "commit", "--quiet", "--message", "m")
        self.begin()
        red = self.runs()[-1]
        self.broken.unlink()
        (self.root / "new.py").touch()
        self.assertEqual(self.ran()[0], 0)
        self.assertEqual(link.resolve(), red)
        self.assertIs(json.loads((self.runs()[-1] / "summary.json").read_text())["dirty"], True)
        (self.root / "new.py").unlink()
        self.assertEqual(self.ran()[0], 0)
        self.assertEqual(link.resolve(), self.runs()[-1])

    def test_what_a_killed_run_left_of_the_hash_is_removed(self) -> None:
        work = self.root / "store" / "work"
        for name in ("tree-old", "tree-new"):
            (work / name / "git" / "objects").mkdir(parents=True)
        os.utime(work / "tree-old", (1, 1))
        self.ran()
        self.assertEqual([each.name for each in work.iterdir()], ["tree-new"])

    def test_an_edit_that_was_taken_back_before_the_end_is_noticed(self) -> None:
        edit = "cp ci.py ../kept; echo >>ci.py; cp ../kept ci.py; echo edit >>marks"
        self.write(f"[Job('edit', '{edit}')]")
        self.assertEqual((self.ran()[0], self.marks()), (0, "edit"))
        out = self.again()
        self.assertIn("files of its tree changed while it ran", out)
        self.assertEqual(self.marks(), "edit")

    def test_a_partial_run_is_not_what_is_taken_up(self) -> None:
        first = self.begin()
        self.ran("--only-jobs", "lint")
        self.marks()
        out = self.again(code=1)
        self.assertIn(f"lint  (restored: passed in {first})", out)

    def test_what_failed_in_a_newer_run_of_some_jobs_runs_again(self) -> None:
        test = "test $(ls .. | wc -l) = 1"  # of what no fingerprint tells
        self.write(f"[Job('lint', 'echo lint >>marks'), Job('test', '{test}')]")
        self.broken.unlink()
        self.ran()
        self.broken.touch()
        self.ran("--only-jobs", "test")
        partial = self.runs()[-1].name
        self.marks()
        out = self.again(code=1)
        self.assertIn(f"NOTE  test runs again: it failed in {partial}", out)
        self.assertEqual(self.marks(), "")

    def test_a_killed_run_proves_nothing_since_the_tree_may_have_changed_in_it(self) -> None:
        hang = "test ! -e ../broken || { echo $$ >../pid; exec sleep 100; }"
        self.write(JOBS.replace("cat out", hang))
        with self.start() as process:
            assert process.stdout
            pid = self.root.parent / "pid"
            wait_until(lambda: self.has_ended("lint"), "the end of lint")
            wait_until(lambda: pid.exists() and pid.read_text().endswith("\n"), "a pid")
            process.kill()
            os.kill(int(pid.read_text()), signal.SIGKILL)  # nobody else stops it now
            process.communicate()
        killed = self.runs()[-1].name
        self.broken.unlink()
        self.marks()
        out = self.again()
        self.assertIn(f"NOTE  all jobs run: {killed} proves nothing here: it was cut off", out)
        self.assertEqual(self.marks(), "build deploy lint test")

    def has_ended(self, job: str) -> bool:
        """Whether the newest run has recorded the end of a job."""
        records = (run / "jobs.json" for run in self.runs()[-1:])
        return any(f'"job": "{job}"' in path.read_text() for path in records if path.exists())

    def test_without_the_word_failed_or_a_store_it_is_refused(self) -> None:
        code, _, errors = self.ran("rerun")
        self.assertEqual(code, 2)
        self.assertIn("expected --failed", errors)
        self.write(JOBS, 'sys.exit(Pipeline(jobs, "", "", "logs", cwd=".").main())\n')
        code, _, errors = self.ran("rerun", "--failed")
        self.assertEqual(code, 2)
        self.assertIn("expected a pipeline with a store", errors)

    def test_a_selection_is_refused(self) -> None:
        code, _, errors = self.ran("rerun", "--failed", "--only-jobs", "lint")
        self.assertEqual(code, 2)
        self.assertIn("decides itself which jobs run", errors)

    def test_what_failed_goes_first_where_that_is_asked_for(self) -> None:
        self.begin()
        self.broken.unlink()
        code, out, _ = self.ran("--failed-first")
        self.assertEqual(code, 0)
        self.assertIn("NOTE  first what failed when it last ran: test", out)
        self.assertLess(out.index("PASS  test"), out.index("START lint"))
        _, out, _ = self.ran("--failed-first")
        self.assertIn("nothing failed when it last ran", out)
